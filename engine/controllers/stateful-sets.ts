import type { Controller, ControllerContext } from './context.ts';
import type { Pod, StatefulSet } from '../objects/views.ts';
import type { StoreEvent } from '../store/store.ts';
import { deleteObject, updateStatus } from '../store/registry.ts';
import { isPodReady, keyOf } from '../objects/views.ts';
import { WorkQueue, splitKey } from './context.ts';
import { createPod, deletePod, isActive, podsOf } from './workloads.ts';
import { keepRevision } from './revisions.ts';

const RESOURCE = 'statefulsets.apps';
const COMPONENT = 'statefulset-controller';

/** The StatefulSet controller: numbered pods, made in order and taken away from the end, one at a time. */
export class StatefulSets implements Controller {
  readonly name = COMPONENT;
  readonly #context: ControllerContext;
  readonly #queue = new WorkQueue();

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  observe(event: StoreEvent): void {
    if (event.resource === RESOURCE && event.type === 'put') this.#queue.add(keyOf(event.object));
    if (event.resource !== 'pods') return;
    const owner = event.object.metadata.ownerReferences?.find(
      (one) => one.controller === true && one.kind === 'StatefulSet',
    );
    if (owner !== undefined) this.#queue.add(`${event.object.metadata.namespace}/${owner.name}`);
  }

  reconcile(): boolean {
    return this.#queue.drain((key) => this.#sync(key));
  }

  #sync(key: string): boolean {
    const { store } = this.#context;
    const [namespace, name] = splitKey(key);
    const set = store.get(RESOURCE, namespace, name) as StatefulSet | undefined;
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return false;
    const before = store.revision;
    const revision = `${set.metadata.name}-${keepRevision(this.#context, set)}`;
    this.#step(set, revision);
    this.#report(set, revision, podsOf(this.#context, set));
    return store.revision !== before;
  }

  #step(set: StatefulSet, revision: string): void {
    const pods = podsOf(this.#context, set);
    const count = set.spec.replicas ?? 1;
    const isParallel = set.spec.podManagementPolicy === 'Parallel';
    for (let ordinal = 0; ordinal < count; ordinal++) {
      const pod = pods.find((one) => ordinalOf(one) === ordinal);
      if (pod === undefined) this.#make(set, revision, ordinal);
      else if (isActive(pod) && isPodReady(pod)) continue;
      else if (pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') this.#again(pod);
      if (!isParallel) return;
    }
    const excess = pods.filter((pod) => ordinalOf(pod) >= count).sort((a, b) => ordinalOf(b) - ordinalOf(a));
    for (const pod of excess) {
      if (pod.metadata.deletionTimestamp === undefined) this.#delete(set, pod);
      if (!isParallel) return;
    }
    if (excess.length > 0 || set.spec.updateStrategy?.type === 'OnDelete') return;
    const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
    const stale = pods.filter(
      (pod) => ordinalOf(pod) >= partition && pod.metadata.labels?.['controller-revision-hash'] !== revision,
    );
    const last = stale.sort((a, b) => ordinalOf(b) - ordinalOf(a))[0];
    if (last !== undefined && pods.every(isPodReady) && isActive(last)) this.#delete(set, last);
  }

  #make(set: StatefulSet, revision: string, ordinal: number): void {
    const name = `${set.metadata.name}-${ordinal}`;
    createPod(this.#context, set, {
      template: set.spec.template,
      name,
      labels: {
        'apps.kubernetes.io/pod-index': String(ordinal),
        'controller-revision-hash': revision,
        'statefulset.kubernetes.io/pod-name': name,
      },
      spec: { hostname: name, ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}) },
      component: COMPONENT,
      message: () => `create Pod ${name} in StatefulSet ${set.metadata.name} successful`,
    });
  }

  #again(pod: Pod): void {
    const { sim, store } = this.#context;
    if (pod.metadata.deletionTimestamp === undefined)
      deleteObject(sim, store, 'pods', pod.metadata.namespace, pod.metadata.name);
  }

  #delete(set: StatefulSet, pod: Pod): void {
    const message = `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`;
    deletePod(this.#context, set, pod, COMPONENT, message);
  }

  #report(set: StatefulSet, revision: string, pods: readonly Pod[]): void {
    const active = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
    const ready = active.filter(isPodReady).length;
    const updated = active.filter(
      (pod) => pod.metadata.labels?.['controller-revision-hash'] === revision,
    ).length;
    const isRolled = updated === active.length && ready === (set.spec.replicas ?? 1);
    const current = isRolled ? revision : (set.status?.currentRevision ?? revision);
    const atCurrent = active.filter(
      (pod) => pod.metadata.labels?.['controller-revision-hash'] === current,
    ).length;
    const status = {
      availableReplicas: ready,
      collisionCount: 0,
      ...(atCurrent > 0 ? { currentReplicas: atCurrent } : {}),
      currentRevision: current,
      observedGeneration: set.metadata.generation ?? 1,
      ...(ready > 0 ? { readyReplicas: ready } : {}),
      replicas: active.length,
      updateRevision: revision,
      ...(updated > 0 ? { updatedReplicas: updated } : {}),
    };
    const { resourceVersion: _, ...metadata } = set.metadata;
    updateStatus(this.#context.store, RESOURCE, { ...set, metadata, status });
  }
}

function ordinalOf(pod: Pod): number {
  return Number(/-(\d+)$/.exec(pod.metadata.name)?.[1] ?? -1);
}
