import type { Condition } from '../objects/views.ts';

/**
 * Conditions with one put in its place (by type; a new one goes to the end). Its lastTransitionTime is `now` when the
 * status changed and stays otherwise.
 */
export function withCondition(
  conditions: readonly Condition[],
  condition: Condition,
  now: string,
): readonly Condition[] {
  const known = conditions.find((one) => one.type === condition.type);
  const lastTransitionTime =
    known !== undefined && known.status === condition.status ? known.lastTransitionTime : now;
  const next: Condition = {
    ...condition,
    ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }),
  };
  return known === undefined ? [...conditions, next] : conditions.map((one) => (one === known ? next : one));
}
