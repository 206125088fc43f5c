/** A refusal of helm's: printed as `Error: message`. */
export class HelmFailure extends Error {
  override readonly name = 'HelmFailure';
}
