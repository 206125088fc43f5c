import type { Controller, ControllerContext } from './context.ts';
import type { Node, Pod, Taint, Toleration } from '../objects/views.ts';
import type { StoreEvent } from '../store/store.ts';
import { byText } from '../base/order.ts';
import { conditionOf, isPodFinished } from '../objects/views.ts';
import { timestamp } from '../objects/time.ts';
import { updateObject, updateStatus } from '../store/registry.ts';
import { controllerUid } from './context.ts';
import { recordAction } from './events.ts';
import { matchesLabels, matchesRequirement } from './selector.ts';
import { quantityNumber } from '../objects/quantity.ts';
import { withCondition } from './conditions.ts';

const COMPONENT = 'default-scheduler';

/**
 * kube-scheduler: binds each waiting pod to the fitting node that has the fewest pods of the same owner, then the fewest
 * pods. Filters: node name, unschedulable, taints, node selector and affinity, cpu and memory requests.
 */
export class Scheduler implements Controller {
  readonly name = 'scheduler';
  readonly #context: ControllerContext;
  #isStale = true;

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  observe(event: StoreEvent): void {
    if (event.resource === 'nodes') this.#isStale = true;
    if (event.resource !== 'pods') return;
    const isBinding = event.type === 'put' && (event.object as Pod).spec.nodeName !== undefined;
    // A pod that goes may make room for another.
    if (!isBinding) this.#isStale = true;
  }

  reconcile(): boolean {
    if (!this.#isStale) return false;
    this.#isStale = false;
    const { store } = this.#context;
    const pods = store.list('pods') as Pod[];
    const waiting = pods.filter(isWaiting);
    if (waiting.length === 0) return false;
    waiting.sort(
      (a, b) =>
        byText(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') ||
        revision(a) - revision(b),
    );
    const nodes = store.list('nodes') as Node[];
    const placed = pods.filter((pod) => pod.spec.nodeName !== undefined && !isPodFinished(pod));
    let isBusy = false;
    for (const pod of waiting) isBusy = this.#place(pod, nodes, placed) || isBusy;
    return isBusy;
  }

  #place(pod: Pod, nodes: readonly Node[], placed: Pod[]): boolean {
    const reasons = new Map<string, number>();
    const fitting: Node[] = [];
    for (const node of nodes) {
      const why = misfit(pod, node, placed);
      if (why.length === 0) fitting.push(node);
      for (const reason of why) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    const best = bestOf(fitting, pod, placed);
    if (best === undefined) return this.#refuse(pod, nodes.length, reasons);
    placed.push(this.#bind(pod, best.metadata.name));
    return true;
  }

  #bind(pod: Pod, nodeName: string): Pod {
    const { sim, store } = this.#context;
    const bound = updateObject(store, 'pods', { ...pod, spec: { ...pod.spec, nodeName } }) as Pod;
    const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null };
    const conditions = withCondition(bound.status?.conditions ?? [], scheduled, timestamp(sim.clock.nowMs));
    const stored = updateStatus(store, 'pods', { ...bound, status: { ...bound.status, conditions } }) as Pod;
    const message = `Successfully assigned ${pod.metadata.namespace}/${pod.metadata.name} to ${nodeName}`;
    this.#note(pod, 'Normal', 'Scheduled', message, 'Binding');
    return stored;
  }

  #refuse(pod: Pod, nodeCount: number, reasons: ReadonlyMap<string, number>): boolean {
    const { sim, store } = this.#context;
    const message = refusal(nodeCount, reasons);
    const known = conditionOf(pod.status?.conditions, 'PodScheduled');
    if (known?.status === 'False' && known.message === message) return false;
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      lastProbeTime: null,
      reason: 'Unschedulable',
      message,
    };
    const conditions = withCondition(pod.status?.conditions ?? [], condition, timestamp(sim.clock.nowMs));
    updateStatus(store, 'pods', { ...pod, status: { ...pod.status, conditions } });
    this.#note(pod, 'Warning', 'FailedScheduling', message, 'Scheduling');
    return true;
  }

  #note(about: Pod, type: 'Normal' | 'Warning', reason: string, message: string, action: string): void {
    const { sim, store } = this.#context;
    recordAction(sim, store, {
      about,
      type,
      reason,
      message,
      action,
      component: COMPONENT,
      host: `${COMPONENT}-${this.#context.schedulerHost ?? 'kind-control-plane'}`,
    });
  }
}

function isWaiting(pod: Pod): boolean {
  return (
    pod.spec.nodeName === undefined &&
    pod.metadata.deletionTimestamp === undefined &&
    (pod.spec.schedulerName ?? COMPONENT) === COMPONENT
  );
}

function revision(pod: Pod): number {
  return Number(pod.metadata.resourceVersion ?? 0);
}

function bestOf(nodes: readonly Node[], pod: Pod, placed: readonly Pod[]): Node | undefined {
  const owner = controllerUid(pod);
  let best: Node | undefined;
  let bestScore = Number.POSITIVE_INFINITY;
  for (const node of nodes) {
    const here = placed.filter((other) => other.spec.nodeName === node.metadata.name);
    const kin = owner === undefined ? 0 : here.filter((other) => controllerUid(other) === owner).length;
    const score = kin * 1000 + here.length;
    if (score >= bestScore) continue;
    best = node;
    bestScore = score;
  }
  return best;
}

// In the order of the scheduler's filter plugins; the first that refuses a node names the reason.
function misfit(pod: Pod, node: Node, placed: readonly Pod[]): string[] {
  const tolerations = pod.spec.tolerations ?? [];
  if (node.spec.unschedulable === true && !tolerates(tolerations, UNSCHEDULABLE)) {
    return ['node(s) were unschedulable'];
  }
  const taint = (node.spec.taints ?? []).find(
    (one) => one.effect !== 'PreferNoSchedule' && !tolerates(tolerations, one),
  );
  if (taint !== undefined) return [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`];
  if (!matchesNode(pod, node)) return ["node(s) didn't match Pod's node affinity/selector"];
  return lacking(pod, node, placed);
}

const UNSCHEDULABLE: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** True when a pod may run on a node as far as its node selector and required node affinity go. */
export function matchesNode(pod: Pod, node: Node): boolean {
  if (!matchesLabels(pod.spec.nodeSelector ?? {}, node.metadata.labels)) return false;
  const terms =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (terms === undefined) return true;
  const fields = { 'metadata.name': node.metadata.name };
  return terms.some(
    (term) =>
      (term.matchExpressions ?? []).every((one) => matchesRequirement(one, node.metadata.labels)) &&
      (term.matchFields ?? []).every((one) => matchesRequirement(one, fields)),
  );
}

/** True when one of the tolerations covers a taint (api/core/v1, Toleration.ToleratesTaint). */
export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some((one) => {
    if (one.effect !== undefined && one.effect !== '' && one.effect !== taint.effect) return false;
    if (one.key !== undefined && one.key !== '' && one.key !== taint.key) return false;
    return one.operator === 'Exists' || (one.value ?? '') === (taint.value ?? '');
  });
}

function lacking(pod: Pod, node: Node, placed: readonly Pod[]): string[] {
  const why: string[] = [];
  for (const resource of ['cpu', 'memory']) {
    const wanted = requested(pod, resource);
    if (wanted === 0) continue;
    const free = placed
      .filter((other) => other.spec.nodeName === node.metadata.name)
      .reduce(
        (left, other) => left - requested(other, resource),
        quantityNumber(node.status?.allocatable?.[resource] ?? '0'),
      );
    if (wanted > free) why.push(`Insufficient ${resource}`);
  }
  return why;
}

function requested(pod: Pod, resource: string): number {
  return pod.spec.containers.reduce(
    (sum, container) => sum + quantityNumber(container.resources?.requests?.[resource] ?? '0'),
    0,
  );
}

/** The scheduler's words (framework.FitError), with the preemption's verdict after it. */
function refusal(nodeCount: number, reasons: ReadonlyMap<string, number>): string {
  if (nodeCount === 0) return 'no nodes available to schedule pods';
  const parts = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort(byText);
  const hopeless = [...reasons]
    .filter(([reason]) => !reason.startsWith('Insufficient'))
    .reduce((sum, [, count]) => sum + count, 0);
  const victims = nodeCount - hopeless;
  const outlook = [
    ...(victims > 0 ? [`${victims} No preemption victims found for incoming pod`] : []),
    ...(hopeless > 0 ? [`${hopeless} Preemption is not helpful for scheduling`] : []),
  ];
  return `0/${nodeCount} nodes are available: ${parts.join(', ')}. preemption: 0/${nodeCount} nodes are available: ${outlook.join(', ')}.`;
}
