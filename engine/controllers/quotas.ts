import type { Controller, ControllerContext } from './context.ts';
import type { KubeObject } from '../objects/api.ts';
import type { Pod } from '../objects/views.ts';
import type { StoreEvent } from '../store/store.ts';
import { isPodFinished, keyOf } from '../objects/views.ts';
import { quantityNumber } from '../objects/quantity.ts';
import { updateStatus } from '../store/registry.ts';
import { splitKey, WorkQueue } from './context.ts';

const RESOURCE = 'resourcequotas';
/** Names of counted resources → the store's. */
const COUNTED: ReadonlyMap<string, string> = new Map([
  ['configmaps', 'configmaps'],
  ['persistentvolumeclaims', 'persistentvolumeclaims'],
  ['secrets', 'secrets'],
  ['services', 'services'],
]);

/** The quota controller: what each ResourceQuota limits and what of it is used. */
export class Quotas implements Controller {
  readonly name = 'resourcequota-controller';
  readonly #context: ControllerContext;
  readonly #queue = new WorkQueue();

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  observe(event: StoreEvent): void {
    if (event.resource === RESOURCE && event.type === 'put') this.#queue.add(keyOf(event.object));
    if (event.resource !== 'pods' && !COUNTED.has(event.resource)) return;
    for (const quota of this.#context.store.list(RESOURCE, event.object.metadata.namespace))
      this.#queue.add(keyOf(quota));
  }

  reconcile(): boolean {
    return this.#queue.drain((key) => this.#sync(key));
  }

  #sync(key: string): boolean {
    const { store } = this.#context;
    const [namespace, name] = splitKey(key);
    const quota = store.get(RESOURCE, namespace, name);
    if (quota === undefined) return false;
    const before = store.revision;
    const hard =
      (quota['spec'] as { readonly hard?: Readonly<Record<string, string>> } | undefined)?.hard ?? {};
    const used = Object.fromEntries(Object.keys(hard).map((what) => [what, this.#used(quota, what)]));
    const { resourceVersion: _, ...metadata } = quota.metadata;
    updateStatus(store, RESOURCE, { ...quota, metadata, status: { hard, used } });
    return store.revision !== before;
  }

  #used(quota: KubeObject, what: string): string {
    const { store } = this.#context;
    const { namespace } = quota.metadata;
    const counted = COUNTED.get(what.replace(/^count\//, ''));
    if (counted !== undefined) return String(store.list(counted, namespace).length);
    const pods = (store.list('pods', namespace) as Pod[]).filter((pod) => !isPodFinished(pod));
    if (what === 'pods' || what === 'count/pods') return String(pods.length);
    const [kind, name] = what.includes('.') ? what.split('.') : ['requests', what];
    const total = pods
      .flatMap((pod) => pod.spec.containers)
      .reduce(
        (sum, one) =>
          sum + (quantityNumber(one.resources?.[kind as 'requests' | 'limits']?.[name ?? ''] ?? '0') || 0),
        0,
      );
    return name === 'cpu' && !Number.isInteger(total) ? `${Math.round(total * 1000)}m` : String(total);
  }
}
