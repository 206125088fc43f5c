import type { ControllerContext } from './context.ts';
import type { KubeObject, OwnerReference } from '../objects/api.ts';
import type { Pod, PodTemplate } from '../objects/views.ts';
import { byText } from '../base/order.ts';
import { isPodFinished, isPodReady } from '../objects/views.ts';
import { createObject, deleteObject, updateObject } from '../store/registry.ts';
import { controllerUid } from './context.ts';
import { recordEvent } from './events.ts';
import { matchesSelector } from './selector.ts';
import type { LabelSelector } from '../objects/views.ts';

/** The reference by which `owner` controls what it makes. */
export function controllerReference(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The pods that `owner` controls, terminating ones included, in order of name. */
export function podsOf(context: ControllerContext, owner: KubeObject): Pod[] {
  const pods = context.store.list('pods', owner.metadata.namespace) as Pod[];
  return pods.filter((pod) => controllerUid(pod) === owner.metadata.uid);
}

/** Takes over pods that match and have no controller; lets go of those that no longer match (controller_ref_manager.go). */
export function claimPods(context: ControllerContext, owner: KubeObject, selector: LabelSelector): Pod[] {
  const claimed: Pod[] = [];
  for (const pod of context.store.list('pods', owner.metadata.namespace) as Pod[]) {
    const uid = controllerUid(pod);
    const isMatch = matchesSelector(selector, pod.metadata.labels);
    const isGoing = pod.metadata.deletionTimestamp !== undefined;
    if (uid === owner.metadata.uid) {
      if (isMatch || isGoing) claimed.push(pod);
      else release(context, pod, owner);
    } else if (uid === undefined && isMatch && !isGoing && !isPodFinished(pod)) {
      const ownerReferences = [...(pod.metadata.ownerReferences ?? []), controllerReference(owner)];
      claimed.push(
        updateObject(context.store, 'pods', {
          ...pod,
          metadata: { ...pod.metadata, ownerReferences },
        }) as Pod,
      );
    }
  }
  return claimed;
}

function release(context: ControllerContext, pod: Pod, owner: KubeObject): void {
  const left = (pod.metadata.ownerReferences ?? []).filter((one) => one.uid !== owner.metadata.uid);
  const { ownerReferences: _, ...rest } = pod.metadata;
  const metadata = left.length > 0 ? { ...rest, ownerReferences: left } : rest;
  updateObject(context.store, 'pods', { ...pod, metadata });
}

/** How to make a pod for a workload. */
export type PodPlan = {
  readonly template: PodTemplate;
  /** Absent: `OWNER-` and a random suffix. */
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: object;
  readonly component: string;
  /** The event's words; `pod` is the new pod's name. */
  readonly message: (pod: string) => string;
};

/** Creates a pod of `owner` and says so in an event. */
export function createPod(context: ControllerContext, owner: KubeObject, plan: PodPlan): Pod {
  const { sim, store } = context;
  const { template } = plan;
  const labels = { ...template.metadata?.labels, ...plan.labels };
  const annotations = { ...template.metadata?.annotations, ...plan.annotations };
  const namespace = owner.metadata.namespace ?? '';
  const generateName = `${owner.metadata.name}-`;
  const metadata = {
    name: plan.name ?? '',
    generateName,
    namespace,
    labels,
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    ownerReferences: [controllerReference(owner)],
  };
  const spec = { ...template.spec, ...plan.spec };
  const pod = createObject(sim, store, 'pods', { apiVersion: 'v1', kind: 'Pod', metadata, spec }) as Pod;
  const { component } = plan;
  recordEvent(sim, store, {
    about: owner,
    type: 'Normal',
    reason: 'SuccessfulCreate',
    message: plan.message(pod.metadata.name),
    component,
  });
  return pod;
}

/** Deletes a pod of `owner` and says so in an event. */
export function deletePod(
  context: ControllerContext,
  owner: KubeObject,
  pod: Pod,
  component: string,
  message: string,
): void {
  const { sim, store } = context;
  deleteObject(sim, store, 'pods', pod.metadata.namespace, pod.metadata.name);
  recordEvent(sim, store, { about: owner, type: 'Normal', reason: 'SuccessfulDelete', message, component });
}

/** True when a pod counts as running: not ended and not about to. */
export function isActive(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp === undefined && !isPodFinished(pod);
}

/** Orders pods by how soon they go when there are too many (controller_utils.go, ActivePodsWithRanks): unbound, pending, unready, newer. */
export function byDispensability(a: Pod, b: Pod): number {
  const rank = (pod: Pod): string => {
    const bound = pod.spec.nodeName === undefined ? 0 : 1;
    const phase = pod.status?.phase === 'Running' ? 1 : 0;
    return `${bound}${phase}${isPodReady(pod) ? 1 : 0}`;
  };
  const newer = byText(b.metadata.creationTimestamp ?? '', a.metadata.creationTimestamp ?? '');
  return byText(rank(a), rank(b)) || newer || byText(a.metadata.name, b.metadata.name);
}

/** A count or percentage of `total`, rounded up or down as asked (util/intstr). */
export function countOf(value: number | string | undefined, total: number, round: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value ?? '0%');
  const exact = (Number(percent?.[1] ?? 0) * total) / 100;
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
}
