import type { Condition, Deployment, ReplicaSet } from '../objects/views.ts';
import type { ControllerContext } from './context.ts';
import { conditionOf } from '../objects/views.ts';
import { parseTimestamp, timestamp } from '../objects/time.ts';
import { updateStatus } from '../store/registry.ts';
import { maxUnavailableOf } from './deployment-limits.ts';

type Counts = {
  readonly replicas: number;
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
};

/** Writes a deployment's counts and its conditions Available and Progressing (deployment/progress.go, sync.go). */
export function reportDeployment(
  context: ControllerContext,
  deployment: Deployment,
  current: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
): void {
  const total = (field: 'replicas' | 'readyReplicas' | 'availableReplicas'): number =>
    sets.reduce((count, set) => count + (set.status?.[field] ?? 0), 0);
  const counts: Counts = {
    replicas: total('replicas'),
    updated: current?.status?.replicas ?? 0,
    ready: total('readyReplicas'),
    available: total('availableReplicas'),
  };
  const wanted = sets.reduce((count, set) => count + (set.spec.replicas ?? 0), 0);
  const unavailable = Math.max(0, wanted - counts.available);
  const now = timestamp(context.sim.clock.nowMs);
  const status = {
    ...(counts.available > 0 ? { availableReplicas: counts.available } : {}),
    conditions: conditionsOf(deployment, current, counts, now),
    observedGeneration: deployment.metadata.generation ?? 1,
    ...(counts.ready > 0 ? { readyReplicas: counts.ready } : {}),
    ...(counts.replicas > 0 ? { replicas: counts.replicas } : {}),
    ...(unavailable > 0 ? { unavailableReplicas: unavailable } : {}),
    ...(counts.updated > 0 ? { updatedReplicas: counts.updated } : {}),
  };
  updateStatus(context.store, 'deployments.apps', { ...deployment, status });
}

function conditionsOf(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  counts: Counts,
  now: string,
): readonly Condition[] {
  let conditions = deployment.status?.conditions ?? [];
  const count = deployment.spec.replicas ?? 1;
  const isAvailable = counts.available >= count - maxUnavailableOf(deployment);
  const available = isAvailable
    ? { status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
    : {
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
  const progressing = progressOf(deployment, current, counts, now);
  if (progressing !== undefined && conditionOf(conditions, 'Progressing') === undefined)
    conditions = put(conditions, progressing, now);
  conditions = put(conditions, { type: 'Available', ...available }, now);
  return progressing === undefined ? conditions : put(conditions, progressing, now);
}

function progressOf(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  counts: Counts,
  now: string,
): Condition | undefined {
  const known = conditionOf(deployment.status?.conditions, 'Progressing');
  const named = (status: string, reason: string, message: string): Condition => ({
    type: 'Progressing',
    status,
    reason,
    message,
  });
  if (deployment.spec.paused === true) return named('Unknown', 'DeploymentPaused', 'Deployment is paused');
  if (current === undefined) return known;
  const set = `ReplicaSet "${current.metadata.name}"`;
  const count = deployment.spec.replicas ?? 1;
  const isComplete = counts.updated === count && counts.replicas === count && counts.available === count;
  const isSettled = known?.reason === 'NewReplicaSetAvailable' && known.message?.startsWith(set);
  if (isComplete || isSettled)
    return named('True', 'NewReplicaSetAvailable', `${set} has successfully progressed.`);
  if (known === undefined)
    return named('True', 'NewReplicaSetCreated', `Created new replica set "${current.metadata.name}"`);
  if (
    known.reason === 'ProgressDeadlineExceeded' &&
    known.message?.startsWith(set) &&
    !hasMoved(deployment, counts)
  )
    return known;
  const limitMs = (deployment.spec.progressDeadlineSeconds ?? 600) * 1000;
  const sinceMs = parseTimestamp(known.lastUpdateTime) ?? 0;
  const isLate = !hasMoved(deployment, counts) && (parseTimestamp(now) ?? 0) - sinceMs > limitMs;
  if (isLate) return named('False', 'ProgressDeadlineExceeded', `${set} has timed out progressing.`);
  if (known.reason === 'NewReplicaSetCreated' && !hasMoved(deployment, counts)) return known;
  return named('True', 'ReplicaSetUpdated', `${set} is progressing.`);
}

function hasMoved(deployment: Deployment, counts: Counts): boolean {
  const before = deployment.status ?? {};
  return (
    counts.updated !== (before.updatedReplicas ?? 0) ||
    counts.ready > (before.readyReplicas ?? 0) ||
    counts.available > (before.availableReplicas ?? 0) ||
    counts.replicas - counts.updated < (before.replicas ?? 0) - (before.updatedReplicas ?? 0)
  );
}

/** Puts a condition as the deployment controller does: unchanged stays, changed goes to the end with a new lastUpdateTime. */
function put(conditions: readonly Condition[], condition: Condition, now: string): readonly Condition[] {
  const known = conditionOf(conditions, condition.type);
  if (known !== undefined && known.status === condition.status && known.reason === condition.reason)
    return conditions;
  const lastTransitionTime =
    known !== undefined && known.status === condition.status ? (known.lastTransitionTime ?? now) : now;
  const next = { ...condition, lastTransitionTime, lastUpdateTime: now };
  return [...conditions.filter((one) => one.type !== condition.type), next];
}
