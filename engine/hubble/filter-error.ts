/** A filter that cannot be built: the server's message, which the CLI prints as it is. */
export class FilterError extends Error {
  override readonly name = 'FilterError';
}
