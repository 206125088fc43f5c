import type { Controller, ControllerContext } from './context.ts';
import type { DaemonSet, Node, Pod, Toleration } from '../objects/views.ts';
import type { StoreEvent } from '../store/store.ts';
import { isPodReady, keyOf } from '../objects/views.ts';
import { updateStatus } from '../store/registry.ts';
import { WorkQueue, splitKey } from './context.ts';
import { claimPods, countOf, createPod, deletePod, isActive } from './workloads.ts';
import { keepRevision } from './revisions.ts';
import { matchesNode, tolerates } from './scheduler.ts';

const RESOURCE = 'daemonsets.apps';
const COMPONENT = 'daemonset-controller';
const GENERATION = 'deprecated.daemonset.template.generation';

// What the controller tolerates for its pods (daemon/util/daemonset_util.go).
const TOLERATIONS: readonly Toleration[] = [
  { effect: 'NoExecute', key: 'node.kubernetes.io/not-ready', operator: 'Exists' },
  { effect: 'NoExecute', key: 'node.kubernetes.io/unreachable', operator: 'Exists' },
  { effect: 'NoSchedule', key: 'node.kubernetes.io/disk-pressure', operator: 'Exists' },
  { effect: 'NoSchedule', key: 'node.kubernetes.io/memory-pressure', operator: 'Exists' },
  { effect: 'NoSchedule', key: 'node.kubernetes.io/pid-pressure', operator: 'Exists' },
  { effect: 'NoSchedule', key: 'node.kubernetes.io/unschedulable', operator: 'Exists' },
];
const HOST_TOLERATION: Toleration = {
  effect: 'NoSchedule',
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
};

/** The DaemonSet controller: one pod on every node that its template fits, replaced one after the other on a change. */
export class DaemonSets implements Controller {
  readonly name = COMPONENT;
  readonly #context: ControllerContext;
  readonly #queue = new WorkQueue();

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  observe(event: StoreEvent): void {
    if (event.resource === RESOURCE && event.type === 'put') this.#queue.add(keyOf(event.object));
    if (event.resource === 'nodes')
      for (const set of this.#context.store.list(RESOURCE)) this.#queue.add(keyOf(set));
    if (event.resource !== 'pods') return;
    const owner = event.object.metadata.ownerReferences?.find(
      (one) => one.controller === true && one.kind === 'DaemonSet',
    );
    if (owner !== undefined) this.#queue.add(`${event.object.metadata.namespace}/${owner.name}`);
  }

  reconcile(): boolean {
    return this.#queue.drain((key) => this.#sync(key));
  }

  #sync(key: string): boolean {
    const { store } = this.#context;
    const [namespace, name] = splitKey(key);
    const set = store.get(RESOURCE, namespace, name) as DaemonSet | undefined;
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return false;
    const before = store.revision;
    const hash = keepRevision(this.#context, set);
    const pods = claimPods(this.#context, set, set.spec.selector);
    const wanted = (store.list('nodes') as Node[]).filter((node) => isFor(set, node));
    this.#place(set, hash, wanted, pods);
    this.#roll(set, hash, wanted.length, pods.filter(isActive));
    this.#report(set, hash, wanted, claimPods(this.#context, set, set.spec.selector).filter(isActive));
    return store.revision !== before;
  }

  #place(set: DaemonSet, hash: string, wanted: readonly Node[], pods: readonly Pod[]): void {
    for (const node of wanted) {
      const here = pods.filter((pod) => nodeOf(pod) === node.metadata.name);
      if (here.length > 0) continue;
      const { template } = set.spec;
      const tolerations = [
        ...(template.spec.tolerations ?? []),
        ...TOLERATIONS,
        ...(template.spec.hostNetwork === true ? [HOST_TOLERATION] : []),
      ];
      createPod(this.#context, set, {
        template,
        labels: {
          'controller-revision-hash': hash,
          'pod-template-generation': set.metadata.annotations?.[GENERATION] ?? '1',
        },
        spec: {
          affinity: { ...template.spec.affinity, nodeAffinity: pinnedTo(node.metadata.name) },
          tolerations,
        },
        component: COMPONENT,
        message: (pod) => `Created pod: ${pod}`,
      });
    }
    const names = new Set(wanted.map((node) => node.metadata.name));
    for (const pod of pods) {
      if (isActive(pod) && !names.has(nodeOf(pod) ?? '')) this.#delete(set, pod);
    }
  }

  #roll(set: DaemonSet, hash: string, count: number, pods: readonly Pod[]): void {
    if (set.spec.updateStrategy?.type === 'OnDelete') return;
    const limit = Math.max(
      1,
      countOf(set.spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, count, 'up'),
    );
    let spare = limit - (count - pods.filter(isPodReady).length);
    for (const pod of pods) {
      if (pod.metadata.labels?.['controller-revision-hash'] === hash) continue;
      if (isPodReady(pod) && spare <= 0) continue;
      if (isPodReady(pod)) spare -= 1;
      this.#delete(set, pod);
    }
  }

  #delete(set: DaemonSet, pod: Pod): void {
    deletePod(this.#context, set, pod, COMPONENT, `Deleted pod: ${pod.metadata.name}`);
  }

  #report(set: DaemonSet, hash: string, wanted: readonly Node[], pods: readonly Pod[]): void {
    const ready = pods.filter(isPodReady).length;
    const updated = pods.filter((pod) => pod.metadata.labels?.['controller-revision-hash'] === hash).length;
    const unavailable = wanted.length - ready;
    const status = {
      currentNumberScheduled: Math.min(pods.length, wanted.length),
      desiredNumberScheduled: wanted.length,
      ...(ready > 0 ? { numberAvailable: ready } : {}),
      numberMisscheduled: 0,
      numberReady: ready,
      ...(unavailable > 0 ? { numberUnavailable: unavailable } : {}),
      observedGeneration: set.metadata.generation ?? 1,
      ...(updated > 0 ? { updatedNumberScheduled: updated } : {}),
    };
    const { resourceVersion: _, ...metadata } = set.metadata;
    updateStatus(this.#context.store, RESOURCE, { ...set, metadata, status });
  }
}

function isFor(set: DaemonSet, node: Node): boolean {
  const { spec } = set.spec.template;
  if (!matchesNode({ ...set, spec } as unknown as Pod, node)) return false;
  const tolerations = [
    ...(spec.tolerations ?? []),
    ...TOLERATIONS,
    { operator: 'Exists', key: 'node.kubernetes.io/not-ready' },
  ];
  return (node.spec.taints ?? []).every(
    (taint) => taint.effect === 'PreferNoSchedule' || tolerates(tolerations, taint),
  );
}

function nodeOf(pod: Pod): string | undefined {
  const terms =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return pod.spec.nodeName ?? terms?.[0]?.matchFields?.[0]?.values?.[0];
}

function pinnedTo(node: string): object {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [node] }];
  return { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] } };
}
