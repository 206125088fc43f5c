import type { Controller, ControllerContext } from './context.ts';
import type { Pod, ReplicaSet } from '../objects/views.ts';
import type { StoreEvent } from '../store/store.ts';
import { isPodReady, keyOf } from '../objects/views.ts';
import { updateStatus } from '../store/registry.ts';
import { WorkQueue, controllerUid, splitKey } from './context.ts';
import { byDispensability, claimPods, createPod, deletePod, isActive } from './workloads.ts';
import { matchesSelector } from './selector.ts';

const RESOURCE = 'replicasets.apps';
const COMPONENT = 'replicaset-controller';

/** The ReplicaSet controller: as many pods as asked for, matching pods adopted, others let go. */
export class ReplicaSets implements Controller {
  readonly name = COMPONENT;
  readonly #context: ControllerContext;
  readonly #queue = new WorkQueue();

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  observe(event: StoreEvent): void {
    if (event.resource === RESOURCE && event.type === 'put') this.#queue.add(keyOf(event.object));
    if (event.resource === 'pods') this.#noteOwners(event.object as Pod, event.previous as Pod | undefined);
  }

  reconcile(): boolean {
    return this.#queue.drain((key) => this.#sync(key));
  }

  #noteOwners(pod: Pod, previous: Pod | undefined): void {
    const owner = pod.metadata.ownerReferences?.find(
      (one) => one.controller === true && one.kind === 'ReplicaSet',
    );
    if (owner !== undefined) this.#queue.add(`${pod.metadata.namespace}/${owner.name}`);
    // An orphan may match some ReplicaSet; only new labels or lost owners make that worth a look.
    const isSame =
      previous !== undefined &&
      previous.metadata.labels === pod.metadata.labels &&
      controllerUid(previous) === controllerUid(pod);
    if (controllerUid(pod) !== undefined || isSame) return;
    for (const set of this.#context.store.list(RESOURCE, pod.metadata.namespace) as ReplicaSet[]) {
      if (matchesSelector(set.spec.selector, pod.metadata.labels)) this.#queue.add(keyOf(set));
    }
  }

  #sync(key: string): boolean {
    const { store } = this.#context;
    const [namespace, name] = splitKey(key);
    const set = store.get(RESOURCE, namespace, name) as ReplicaSet | undefined;
    if (set === undefined) return false;
    const before = store.revision;
    const pods = claimPods(this.#context, set, set.spec.selector).filter(isActive);
    if (set.metadata.deletionTimestamp === undefined) this.#scale(set, pods);
    this.#report(set, pods);
    return store.revision !== before;
  }

  #scale(set: ReplicaSet, pods: readonly Pod[]): void {
    const missing = (set.spec.replicas ?? 1) - pods.length;
    for (let i = 0; i < missing; i++) {
      createPod(this.#context, set, {
        template: set.spec.template,
        component: COMPONENT,
        message: (pod) => `Created pod: ${pod}`,
      });
    }
    if (missing >= 0) return;
    for (const pod of [...pods].sort(byDispensability).slice(0, -missing)) {
      deletePod(this.#context, set, pod, COMPONENT, `Deleted pod: ${pod.metadata.name}`);
    }
  }

  #report(set: ReplicaSet, pods: readonly Pod[]): void {
    const ready = pods.filter(isPodReady).length;
    const labels = set.spec.template.metadata?.labels ?? {};
    const labeled = pods.filter((pod) =>
      matchesSelector({ matchLabels: labels }, pod.metadata.labels),
    ).length;
    const status = {
      ...(ready > 0 ? { availableReplicas: ready, readyReplicas: ready } : {}),
      ...(labeled > 0 ? { fullyLabeledReplicas: labeled } : {}),
      observedGeneration: set.metadata.generation ?? 1,
      replicas: pods.length,
    };
    const { resourceVersion: _, ...metadata } = set.metadata;
    updateStatus(this.#context.store, RESOURCE, { ...set, metadata, status });
  }
}
