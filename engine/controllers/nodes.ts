import type { Condition, Node, Pod, Taint } from '../objects/views.ts';
import type { Controller, ControllerContext } from './context.ts';
import type { StoreEvent } from '../store/store.ts';
import { conditionOf } from '../objects/views.ts';
import { deleteObject, updateObject, updateStatus } from '../store/registry.ts';
import { timestamp } from '../objects/time.ts';
import { recordEvent } from './events.ts';
import { tolerates } from './scheduler.ts';
import { withCondition } from './conditions.ts';

const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREADY = {
  reason: 'KubeletNotReady',
  message:
    'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized',
};
const READY = { reason: 'KubeletReady', message: 'kubelet is posting ready status' };

/** What the kubelets and the node lifecycle controller say of the nodes: Ready once a network plugin ran, taints that follow from it. */
export class Nodes implements Controller {
  readonly name = 'node-controller';
  readonly #context: ControllerContext;
  #isStale = true;

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  observe(event: StoreEvent): void {
    // An agent that came up on a node writes its CiliumNode.
    if (event.resource === 'nodes' || event.resource === 'ciliumnodes.cilium.io') this.#isStale = true;
    const pod = event.object as Pod;
    if (event.resource === 'pods' && pod.spec.hostNetwork === true) this.#isStale = true;
  }

  reconcile(): boolean {
    if (!this.#isStale) return false;
    this.#isStale = false;
    const before = this.#context.store.revision;
    for (const node of this.#context.store.list('nodes') as Node[]) this.#sync(node);
    return this.#context.store.revision !== before;
  }

  #sync(node: Node): void {
    const { hasNetwork, sim, store } = this.#context;
    const known = conditionOf(node.status?.conditions, 'Ready');
    const isReady = known?.status === 'True' || hasNetwork(node.metadata.name);
    if ((known?.status === 'True') !== isReady || known === undefined) {
      const now = timestamp(sim.clock.nowMs);
      const condition = { type: 'Ready', status: isReady ? 'True' : 'False', ...(isReady ? READY : UNREADY) };
      const conditions = withHeartbeat(withCondition(node.status?.conditions ?? [], condition, now), now);
      const { resourceVersion: _, ...metadata } = node.metadata;
      updateStatus(store, 'nodes', { ...node, metadata, status: { ...node.status, conditions } });
      if (isReady && known !== undefined) {
        const message = `Node ${node.metadata.name} status is now: NodeReady`;
        recordEvent(sim, store, {
          about: node,
          type: 'Normal',
          reason: 'NodeReady',
          message,
          component: 'kubelet',
          host: node.metadata.name,
        });
      }
    }
    this.#taint(node.metadata.name, isReady);
  }

  #taint(name: string, isReady: boolean): void {
    const { sim, store } = this.#context;
    const node = store.get('nodes', undefined, name) as Node | undefined;
    if (node === undefined) return;
    const others = (node.spec.taints ?? []).filter(
      (taint) => taint.key !== NOT_READY && taint.key !== CORDON,
    );
    const taints: Taint[] = [
      ...others,
      ...(isReady ? [] : [{ effect: 'NoSchedule', key: NOT_READY }]),
      ...(node.spec.unschedulable === true ? [{ effect: 'NoSchedule', key: CORDON }] : []),
    ];
    const { taints: _, ...spec } = node.spec;
    updateObject(store, 'nodes', { ...node, spec: taints.length > 0 ? { ...spec, taints } : spec });
    const evicting = others.filter((taint) => taint.effect === 'NoExecute');
    if (evicting.length === 0) return;
    for (const pod of store.list('pods') as Pod[]) {
      if (pod.spec.nodeName !== name || pod.metadata.deletionTimestamp !== undefined) continue;
      if (evicting.every((taint) => tolerates(pod.spec.tolerations ?? [], taint))) continue;
      recordEvent(sim, store, {
        about: pod,
        type: 'Normal',
        reason: 'TaintManagerEviction',
        message: `Marking for deletion Pod ${pod.metadata.namespace}/${pod.metadata.name}`,
        component: 'taint-eviction-controller',
      });
      deleteObject(sim, store, 'pods', pod.metadata.namespace, pod.metadata.name);
    }
  }
}

const CORDON = 'node.kubernetes.io/unschedulable';

function withHeartbeat(conditions: readonly Condition[], now: string): readonly Condition[] {
  return conditions.map((one) => ({ ...one, lastHeartbeatTime: now }) as Condition);
}
