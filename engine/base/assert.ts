/** A truth the engine relies on did not hold: a bug of ours, never a learner's mistake. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/**
 * States a truth the code after it relies on.
 * @throws InvariantError with `truth` when `condition` is falsy.
 */
export function invariant(condition: unknown, truth: string): asserts condition {
  if (!condition) throw new InvariantError(truth);
}

/** Returns `value`, which is known to be present; throws an InvariantError that names `what` otherwise. */
export function present<T>(value: T | null | undefined, what: string): T {
  invariant(value !== undefined && value !== null, `${what} is present`);
  return value;
}

/** Marks a branch that a closed union makes impossible; adding a member becomes a compile error here. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`);
}
