import type { Controller, ControllerContext } from './context.ts';
import type { Deployment, ReplicaSet } from '../objects/views.ts';
import type { StoreEvent } from '../store/store.ts';
import { commitUpdate, createObject, deleteObject, updateObject } from '../store/registry.ts';
import { keyOf } from '../objects/views.ts';

import { WorkQueue, controllerUid, splitKey } from './context.ts';
import { hashOfTemplate } from './template-cache.ts';
import { controllerReference, isActive, podsOf } from './workloads.ts';
import { recordEvent } from './events.ts';
import { maxSurgeOf, maxUnavailableOf } from './deployment-limits.ts';
import { reportDeployment } from './deployment-status.ts';

const RESOURCE = 'deployments.apps';
const SETS = 'replicasets.apps';
const COMPONENT = 'deployment-controller';
const DEADLINE = 'deployment/deadline';

/** The annotation that counts a deployment's revisions. */
export const REVISION = 'deployment.kubernetes.io/revision';
const DESIRED = 'deployment.kubernetes.io/desired-replicas';
const MAX = 'deployment.kubernetes.io/max-replicas';
const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  'deployment.kubernetes.io/revision-history',
  DESIRED,
  MAX,
  'deprecated.deployment.rollback.to',
]);

/** The Deployment controller: one ReplicaSet a template, rolled over within maxSurge and maxUnavailable. */
export class Deployments implements Controller {
  readonly name = COMPONENT;
  readonly #context: ControllerContext;
  readonly #queue = new WorkQueue();

  constructor(context: ControllerContext) {
    this.#context = context;
    context.sim.clock.on(DEADLINE, (data) => this.#queue.add(String(data)));
  }

  observe(event: StoreEvent): void {
    if (event.resource === RESOURCE && event.type === 'put') this.#queue.add(keyOf(event.object));
    if (event.resource === SETS) this.#noteOwner(event.object as ReplicaSet);
    // `Recreate` waits for the old pods to be gone.
    if (event.resource === 'pods' && event.type === 'remove') this.#noteRecreate(event);
  }

  reconcile(): boolean {
    return this.#queue.drain((key) => this.#sync(key));
  }

  #noteOwner(set: ReplicaSet): void {
    const owner = set.metadata.ownerReferences?.find(
      (one) => one.controller === true && one.kind === 'Deployment',
    );
    if (owner !== undefined) this.#queue.add(`${set.metadata.namespace}/${owner.name}`);
  }

  #noteRecreate(event: StoreEvent): void {
    const { namespace, ownerReferences } = event.object.metadata;
    const set = ownerReferences?.find((one) => one.kind === 'ReplicaSet');
    const owner =
      set === undefined
        ? undefined
        : (this.#context.store.get(SETS, namespace, set.name) as ReplicaSet | undefined);
    if (owner !== undefined) this.#noteOwner(owner);
  }

  #sync(key: string): boolean {
    const { store } = this.#context;
    const [namespace, name] = splitKey(key);
    const deployment = store.get(RESOURCE, namespace, name) as Deployment | undefined;
    if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return false;
    const before = store.revision;
    this.#roll(deployment);
    const now = store.get(RESOURCE, namespace, name) as Deployment;
    const current = currentOf(now, this.#setsOf(now));
    reportDeployment(this.#context, now, current, this.#setsOf(now));
    return store.revision !== before;
  }

  #setsOf(deployment: Deployment): ReplicaSet[] {
    const sets = this.#context.store.list(SETS, deployment.metadata.namespace) as ReplicaSet[];
    return sets.filter((set) => controllerUid(set) === deployment.metadata.uid);
  }

  #roll(deployment: Deployment): void {
    const sets = this.#setsOf(deployment);
    const known = currentOf(deployment, sets);
    if (deployment.spec.paused === true) {
      this.#scalePaused(deployment, known, sets);
      return;
    }
    const old = sets.filter((set) => set !== known);
    if (deployment.spec.strategy?.type === 'Recreate') {
      this.#recreate(deployment, known, old);
      return;
    }
    const current = this.#current(deployment, known, old);
    const count = deployment.spec.replicas ?? 1;
    const total = sum([current, ...old]);
    const surge = maxSurgeOf(deployment);
    if (wantOf(current) > count) return void this.#scale(deployment, current, count);
    const room = count + surge - total;
    if (wantOf(current) < count && room > 0) {
      return void this.#scale(deployment, current, Math.min(count, wantOf(current) + room));
    }
    this.#annotate(deployment, current);
    this.#shrinkOld(deployment, current, old);
    if (isComplete(deployment, current, old)) this.#cleanUp(deployment, old);
  }

  #recreate(deployment: Deployment, known: ReplicaSet | undefined, old: readonly ReplicaSet[]): void {
    for (const set of old) if (wantOf(set) > 0) this.#scale(deployment, set, 0);
    const isLeft = old.some((set) =>
      podsOf(this.#context, set).some((pod) => isActive(pod) || pod.metadata.deletionTimestamp !== undefined),
    );
    if (isLeft) return;
    const current = this.#current(deployment, known, old);
    if (wantOf(current) !== (deployment.spec.replicas ?? 1))
      this.#scale(deployment, current, deployment.spec.replicas ?? 1);
    this.#annotate(deployment, current);
  }

  #scalePaused(deployment: Deployment, known: ReplicaSet | undefined, sets: readonly ReplicaSet[]): void {
    const active = sets.filter((set) => wantOf(set) > 0);
    const only = active.length === 1 ? active[0] : active.length === 0 ? (known ?? sets[0]) : undefined;
    const count = deployment.spec.replicas ?? 1;
    if (only !== undefined && wantOf(only) !== count) this.#scale(deployment, only, count);
  }

  /** The ReplicaSet of the present template: found and given the newest revision, or made. */
  #current(deployment: Deployment, known: ReplicaSet | undefined, old: readonly ReplicaSet[]): ReplicaSet {
    const newest = Math.max(0, ...old.map(revisionOf));
    const revision = known === undefined || revisionOf(known) <= newest ? newest + 1 : revisionOf(known);
    const set = known ?? this.#make(deployment, revision, old);
    const marked = this.#mark(deployment, set, revision);
    const annotations = { ...deployment.metadata.annotations, [REVISION]: String(revision) };
    // The real controller writes it with the status, so the generation stays.
    const metadata = { ...deployment.metadata, annotations };
    commitUpdate(this.#context.store, RESOURCE, { ...deployment, metadata });
    return marked;
  }

  #make(deployment: Deployment, revision: number, old: readonly ReplicaSet[]): ReplicaSet {
    const { sim, store } = this.#context;
    const hash = hashOfTemplate(deployment.spec.template);
    const labels = { ...deployment.spec.template.metadata?.labels, 'pod-template-hash': hash };
    const { selector, template } = deployment.spec;
    const count = deployment.spec.replicas ?? 1;
    const isRecreate = deployment.spec.strategy?.type === 'Recreate';
    const room = isRecreate ? count : Math.max(0, count + maxSurgeOf(deployment) - sum(old));
    const replicas = Math.min(count, room);
    const set = createObject(sim, store, SETS, {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${deployment.metadata.name}-${hash}`,
        namespace: deployment.metadata.namespace ?? '',
        labels,
        annotations: { ...copied(deployment), ...countAnnotations(deployment), [REVISION]: String(revision) },
        ownerReferences: [controllerReference(deployment)],
      },
      spec: {
        replicas,
        ...(deployment.spec.minReadySeconds ? { minReadySeconds: deployment.spec.minReadySeconds } : {}),
        selector: { ...selector, matchLabels: { ...selector.matchLabels, 'pod-template-hash': hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    }) as ReplicaSet;
    sim.clock.after(
      (deployment.spec.progressDeadlineSeconds ?? 600) * 1000 + 1000,
      DEADLINE,
      keyOf(deployment),
    );
    if (replicas > 0) this.#note(deployment, set.metadata.name, 0, replicas);
    return set;
  }

  #mark(deployment: Deployment, set: ReplicaSet, revision: number): ReplicaSet {
    const known = set.metadata.annotations ?? {};
    const former = known[REVISION];
    const history = former === undefined || former === String(revision) ? {} : historyOf(known, former);
    const annotations = { ...known, ...copied(deployment), ...history, [REVISION]: String(revision) };
    return this.#put({ ...set, metadata: { ...set.metadata, annotations } });
  }

  #annotate(deployment: Deployment, set: ReplicaSet): void {
    const annotations = { ...set.metadata.annotations, ...countAnnotations(deployment) };
    this.#put({ ...set, metadata: { ...set.metadata, annotations } });
  }

  #put(set: ReplicaSet): ReplicaSet {
    const { resourceVersion: _, ...metadata } = set.metadata;
    return updateObject(this.#context.store, SETS, { ...set, metadata }) as ReplicaSet;
  }

  /** Takes old pods away, unhealthy ones first, as far as minimum availability allows (deployment/rolling.go). */
  #shrinkOld(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): void {
    const count = deployment.spec.replicas ?? 1;
    const unavailable = wantOf(current) - (current.status?.availableReplicas ?? 0);
    let spare = sum([current, ...old]) - (count - maxUnavailableOf(deployment)) - unavailable;
    if (spare <= 0) return;
    const sets = [...old].sort((a, b) => revisionOf(a) - revisionOf(b));
    const want = new Map(sets.map((set) => [set, wantOf(set)]));
    for (const set of sets) {
      const sick = Math.min(spare, Math.max(0, wantOf(set) - (set.status?.availableReplicas ?? 0)));
      want.set(set, wantOf(set) - sick);
      spare -= sick;
    }
    const available = [current, ...old].reduce(
      (total, set) => total + (set.status?.availableReplicas ?? 0),
      0,
    );
    let healthy = Math.max(0, available - (count - maxUnavailableOf(deployment)));
    for (const set of sets) {
      const left = want.get(set) ?? 0;
      const cut = Math.min(healthy, left);
      want.set(set, left - cut);
      healthy -= cut;
    }
    for (const set of sets) {
      const next = want.get(set) ?? 0;
      if (next !== wantOf(set)) this.#scale(deployment, set, next);
    }
  }

  #scale(deployment: Deployment, set: ReplicaSet, replicas: number): void {
    const annotations = { ...set.metadata.annotations, ...countAnnotations(deployment) };
    const from = wantOf(set);
    this.#put({ ...set, metadata: { ...set.metadata, annotations }, spec: { ...set.spec, replicas } });
    this.#note(deployment, set.metadata.name, from, replicas);
  }

  #note(about: Deployment, set: string, from: number, to: number): void {
    const { sim, store } = this.#context;
    const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${set} from ${from} to ${to}`;
    recordEvent(sim, store, {
      about,
      type: 'Normal',
      reason: 'ScalingReplicaSet',
      message,
      component: COMPONENT,
    });
  }

  #cleanUp(deployment: Deployment, old: readonly ReplicaSet[]): void {
    const { sim, store } = this.#context;
    const empty = old.filter(
      (set) =>
        wantOf(set) === 0 &&
        (set.status?.replicas ?? 0) === 0 &&
        set.metadata.deletionTimestamp === undefined,
    );
    const excess = empty.length - (deployment.spec.revisionHistoryLimit ?? 10);
    const oldest = empty.sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, Math.max(0, excess));
    for (const set of oldest) deleteObject(sim, store, SETS, set.metadata.namespace, set.metadata.name);
  }
}

function currentOf(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  const hash = hashOfTemplate(deployment.spec.template);
  return sets.find((set) => set.metadata.labels?.['pod-template-hash'] === hash);
}

function isComplete(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): boolean {
  return (
    old.every((set) => wantOf(set) === 0) &&
    (current.status?.availableReplicas ?? 0) === (deployment.spec.replicas ?? 1)
  );
}

function copied(deployment: Deployment): Record<string, string> {
  const pairs = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.has(key));
  return Object.fromEntries(pairs);
}

function countAnnotations(deployment: Deployment): Record<string, string> {
  const count = deployment.spec.replicas ?? 1;
  return { [DESIRED]: String(count), [MAX]: String(count + maxSurgeOf(deployment)) };
}

function historyOf(annotations: Readonly<Record<string, string>>, former: string): Record<string, string> {
  const key = 'deployment.kubernetes.io/revision-history';
  const known = annotations[key];
  return { [key]: known === undefined || known === '' ? former : `${known},${former}` };
}

/** The revision of a ReplicaSet, 0 when it has none. */
export function revisionOf(set: ReplicaSet): number {
  return Number(set.metadata.annotations?.[REVISION] ?? 0);
}

function wantOf(set: ReplicaSet): number {
  return set.spec.replicas ?? 0;
}

function sum(sets: readonly ReplicaSet[]): number {
  return sets.reduce((total, set) => total + wantOf(set), 0);
}
