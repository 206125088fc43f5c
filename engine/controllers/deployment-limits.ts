import type { Deployment } from '../objects/views.ts';
import { countOf } from './workloads.ts';

/** How many pods a deployment may have beyond its replicas while it rolls. */
export function maxSurgeOf(deployment: Deployment): number {
  if (deployment.spec.strategy?.type === 'Recreate') return 0;
  return countOf(
    deployment.spec.strategy?.rollingUpdate?.maxSurge ?? '25%',
    deployment.spec.replicas ?? 1,
    'up',
  );
}

/** How many of a deployment's pods may be missing while it rolls; at least one when nothing may be added either. */
export function maxUnavailableOf(deployment: Deployment): number {
  if (deployment.spec.strategy?.type === 'Recreate') return 0;
  const count = deployment.spec.replicas ?? 1;
  const limit = countOf(deployment.spec.strategy?.rollingUpdate?.maxUnavailable ?? '25%', count, 'down');
  return Math.min(count, limit === 0 && maxSurgeOf(deployment) === 0 ? 1 : limit);
}
