import { LIMITS } from '../base/limits.ts';
import type { Flow, FlowFilter } from '../hubble/flow.ts';
import { buildFilters, type FlowTest } from '../hubble/filter.ts';
import { CILIUM_VERSION, type FlowWriter } from './flow-writer.ts';

/** A filter list of a request. */
type Lists = { readonly whitelist: readonly FlowFilter[]; readonly blacklist: readonly FlowFilter[] };

/** What GetFlows is asked without follow. */
type FlowsRequest = Lists & {
  readonly number?: number;
  readonly first?: boolean;
  readonly sinceMs?: number;
  readonly untilMs?: number;
};

/** Where the Observer gets its nodes and its clock from. */
export type ObserverView = {
  readonly nowMs: () => number;
  /** Nodes that run an agent, with their addresses and since when. */
  readonly nodes: () => readonly {
    readonly name: string;
    readonly address: string;
    readonly startedMs: number;
  }[];
  readonly flows: FlowWriter;
};

/** hubble-relay over the rings of all nodes: the values behind `ports.observer`. */
export class RelayObserver {
  readonly #view: ObserverView;

  readonly #only: string | undefined;

  /** `only` names a node: then it is that agent's own Observer, not the relay's. */
  constructor(view: ObserverView, only?: string) {
    this.#view = view;
    this.#only = only;
  }

  /** The Observer of one node's agent. */
  ofNode(node: string): RelayObserver {
    return new RelayObserver(this.#view, node);
  }

  /** ServerStatus, summed over nodes. */
  status(): {
    readonly numFlows: number;
    readonly maxFlows: number;
    readonly seenFlows: number;
    readonly uptimeNs: number;
    readonly connectedNodes: number;
    readonly unavailableNodes: readonly string[];
    readonly version: string;
    readonly flowsRate: number;
  } {
    const nodes = this.nodes();
    const sum = (pick: (node: (typeof nodes)[number]) => number): number =>
      nodes.reduce((total, node) => total + pick(node), 0);
    const uptimeNs = nodes.reduce((least, node) => Math.max(least, node.uptimeNs), 0);
    const seenFlows = sum((node) => node.seenFlows);
    return {
      numFlows: sum((node) => node.numFlows),
      maxFlows: sum((node) => node.maxFlows),
      seenFlows,
      uptimeNs,
      connectedNodes: this.#only === undefined ? nodes.length : 0,
      unavailableNodes: [],
      version: `${this.#only === undefined ? 'hubble-relay' : 'cilium'} v${CILIUM_VERSION}`,
      flowsRate: uptimeNs > 0 ? seenFlows / (uptimeNs / 1e9) : 0,
    };
  }

  /** GetNodes, by name. */
  nodes(): readonly {
    readonly name: string;
    readonly version: string;
    readonly address: string;
    readonly state: string;
    readonly uptimeNs: number;
    readonly numFlows: number;
    readonly maxFlows: number;
    readonly seenFlows: number;
    readonly tls: { readonly enabled: boolean; readonly serverName: string };
  }[] {
    return this.#nodes().map((node) => {
      const ring = this.#view.flows.rings.get(node.name);
      return {
        name: `${this.#view.flows.clusterName}/${node.name}`,
        version: CILIUM_VERSION,
        address: `${node.address}:4244`,
        state: 'NODE_CONNECTED',
        uptimeNs: Math.max(0, this.#view.nowMs() - node.startedMs) * 1e6,
        numFlows: ring?.length ?? 0,
        maxFlows: LIMITS.hubbleFlowsMax,
        seenFlows: ring?.seen ?? 0,
        tls: {
          enabled: true,
          serverName: `${node.name}.${this.#view.flows.clusterName}.hubble-grpc.cilium.io`,
        },
      };
    });
  }

  /** GetNamespaces: namespaces of the flows that are kept, by name. */
  namespaces(): readonly { readonly namespace: string; readonly cluster: string }[] {
    const found = new Set<string>();
    for (const flow of this.#all())
      for (const side of [flow.source, flow.destination]) if (side?.namespace) found.add(side.namespace);
    return [...found].sort().map((namespace) => ({ namespace, cluster: this.#view.flows.clusterName }));
  }

  /** GetFlows without follow: oldest first. @throws FilterError */
  flows(request: FlowsRequest): readonly Flow[] {
    const test = buildFilters(request);
    const from = request.sinceMs === undefined ? undefined : stamp(request.sinceMs);
    const to = request.untilMs === undefined ? undefined : stamp(request.untilMs);
    const found = this.#all().filter((flow) => {
      const time = flow.time ?? '';
      return (
        (from === undefined || time >= from) &&
        (to === undefined || time <= `${to.slice(0, -1)}999999Z`) &&
        test(flow)
      );
    });
    if (request.number === undefined) return found;
    if (request.first === true) return found.slice(0, request.number);
    return request.number === 0 ? [] : found.slice(-request.number);
  }

  /** GetFlows with follow: what comes from now on. @throws FilterError */
  follow(request: Lists): {
    pending(): boolean;
    take(): readonly Flow[];
    lost(): readonly { readonly node: string; readonly count: number }[];
    ended(): boolean;
    stop(): void;
  } {
    const test: FlowTest = buildFilters(request);
    const { flows } = this.#view;
    const seen = new Map(this.#rings().map(([node, ring]) => [node, ring.seen]));
    let count = flows.count;
    let isStopped = false;
    let lost: { readonly node: string; readonly count: number }[] = [];
    const take = (): readonly Flow[] => {
      count = flows.count;
      const fresh = this.#rings().flatMap(([node, ring]) => {
        const entries = ring.after(seen.get(node) ?? 0);
        const missed = ring.seen - (seen.get(node) ?? 0) - entries.length;
        if (missed > 0) lost.push({ node: `${flows.clusterName}/${node}`, count: missed });
        seen.set(node, ring.seen);
        return entries.map((entry) => entry.flow);
      });
      return inOrder(fresh).filter(test);
    };
    return {
      pending: () => !isStopped && flows.count !== count,
      take,
      lost: () => {
        const found = lost;
        lost = [];
        return found;
      },
      ended: () => isStopped,
      stop: () => void (isStopped = true),
    };
  }

  #nodes(): ReturnType<ObserverView['nodes']> {
    return this.#view.nodes().filter((node) => this.#only === undefined || node.name === this.#only);
  }

  #rings() {
    return [...this.#view.flows.rings].filter(([node]) => this.#only === undefined || node === this.#only);
  }

  #all(): readonly Flow[] {
    return inOrder(this.#rings().flatMap(([, ring]) => ring.after(0).map((entry) => entry.flow)));
  }
}

/** Flows of several nodes by time; the uuid breaks ties. */
function inOrder(flows: readonly Flow[]): readonly Flow[] {
  const key = (flow: Flow): string => `${flow.time ?? ''}${flow.uuid ?? ''}`;
  return flows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

function stamp(ms: number): string {
  return new Date(Math.floor(ms)).toISOString();
}
