import type { Condition, LabelSelector, Pod } from '../objects/views.ts';
import type { Controller, ControllerContext } from './context.ts';
import type { KubeObject } from '../objects/api.ts';
import type { StoreEvent } from '../store/store.ts';
import { isPodReady, keyOf } from '../objects/views.ts';
import { timestamp } from '../objects/time.ts';
import { updateStatus } from '../store/registry.ts';
import { splitKey, WorkQueue } from './context.ts';
import { withCondition } from './conditions.ts';
import { recordEvent } from './events.ts';
import { matchesSelector } from './selector.ts';
import { countOf, isActive } from './workloads.ts';

const RESOURCE = 'poddisruptionbudgets.policy';

type Budget = KubeObject & {
  readonly spec: {
    readonly selector?: LabelSelector;
    readonly minAvailable?: number | string;
    readonly maxUnavailable?: number | string;
  };
  readonly status?: { readonly conditions?: readonly Condition[] };
};

/** The disruption controller: how many pods of each budget may be evicted now. */
export class Disruptions implements Controller {
  readonly name = 'controllermanager';
  readonly #context: ControllerContext;
  readonly #queue = new WorkQueue();

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  observe(event: StoreEvent): void {
    if (event.resource === RESOURCE && event.type === 'put') this.#queue.add(keyOf(event.object));
    if (event.resource !== 'pods') return;
    for (const budget of this.#context.store.list(RESOURCE, event.object.metadata.namespace) as Budget[]) {
      if (matchesSelector(budget.spec.selector, event.object.metadata.labels)) this.#queue.add(keyOf(budget));
    }
  }

  reconcile(): boolean {
    return this.#queue.drain((key) => this.#sync(key));
  }

  #sync(key: string): boolean {
    const { sim, store } = this.#context;
    const [namespace, name] = splitKey(key);
    const budget = store.get(RESOURCE, namespace, name) as Budget | undefined;
    if (budget === undefined || budget.metadata.deletionTimestamp !== undefined) return false;
    const before = store.revision;
    const pods = (store.list('pods', namespace) as Pod[]).filter(
      (pod) => isActive(pod) && matchesSelector(budget.spec.selector, pod.metadata.labels),
    );
    if (pods.length === 0) {
      recordEvent(sim, store, {
        about: budget,
        type: 'Normal',
        reason: 'NoPods',
        message: 'No matching pods found',
        component: 'controllermanager',
      });
    }
    const expectedPods = pods.length;
    const { minAvailable, maxUnavailable } = budget.spec;
    const desiredHealthy =
      maxUnavailable === undefined
        ? countOf(minAvailable ?? 1, expectedPods, 'up')
        : Math.max(0, expectedPods - countOf(maxUnavailable, expectedPods, 'up'));
    const currentHealthy = pods.filter(isPodReady).length;
    const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0;
    const isAllowed = disruptionsAllowed > 0;
    const condition = {
      type: 'DisruptionAllowed',
      status: isAllowed ? 'True' : 'False',
      reason: isAllowed ? 'SufficientPods' : 'InsufficientPods',
      message: '',
      observedGeneration: budget.metadata.generation ?? 1,
    };
    const conditions = withCondition(budget.status?.conditions ?? [], condition, timestamp(sim.clock.nowMs));
    const status = {
      conditions,
      currentHealthy,
      desiredHealthy,
      disruptionsAllowed,
      expectedPods,
      observedGeneration: budget.metadata.generation ?? 1,
    };
    const { resourceVersion: _, ...metadata } = budget.metadata;
    updateStatus(store, RESOURCE, { ...budget, metadata, status });
    return store.revision !== before;
  }
}
