import type { Json } from '../base/json.ts';
import type { Sys } from '../base/process.ts';
import type { Stream } from '../base/stream.ts';
import type { Flow, FlowFilter } from '../hubble/flow.ts';
import type { Network } from '../net/socket.ts';
import type { KubeHandler } from '../objects/api.ts';
import type { Machine } from '../shell/program.ts';

/**
 * The real doors of the virtual world, as the programs see them (DESIGN.md idea 2). There are no others: a program that
 * wants to know something of the cluster asks the Kubernetes API as the real one does.
 */
export interface Ports {
  /** The API server behind the kubeconfig's current context, or undefined when there is no cluster. */
  readonly kube: KubeHandler | undefined;
  /** The API server at `https://host:port` as the workstation reaches it; undefined: connection refused. Absent: `kube` is the only one. */
  kubeAt?(server: string): KubeHandler | undefined;
  /** The container host of `kind`; absent where there is none. */
  readonly containers?: ContainerHost;
  /** The network namespace of a machine. */
  network(machine: Machine): Network;
  /** The agent's socket of the node on which an agent's container runs (`cilium-dbg`); undefined on other machines. */
  agent(machine: Machine): AgentSocket | undefined;
  /** Hubble's Observer as reachable at an address; undefined when nothing answers there (connection refused). */
  observer(machine: Machine, server: string): HubbleObserver | undefined;
  /** Outside hosts that `ssh` reaches from a machine, by name. */
  host(name: string): Machine | undefined;
}

/** A port of a node's container that the workstation publishes. Host port 0 or -1 asks for any free one. */
export type PublishedPort = {
  readonly address: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
};

/** A node of a kind cluster, as a container. */
export type NodePlan = {
  readonly name: string;
  readonly role: 'control-plane' | 'worker' | 'external-load-balancer';
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly PublishedPort[];
};

/** The containers of kind's nodes: what `kind` does with docker, and with kubeadm inside of them. Everything happens at once. */
export interface ContainerHost {
  /** Clusters that have containers, by name. */
  names(): readonly string[];
  /** The containers of a cluster, none for an unknown one. */
  nodes(cluster: string): readonly (NodePlan & { readonly id: string; readonly address: string })[];
  /** Where a cluster's API server is published, `127.0.0.1:34567`; undefined for an unknown one. */
  endpoint(cluster: string): string | undefined;
  /** True once `kubeadm init` was through: the kubeconfig is there. */
  isInitialized(cluster: string): boolean;
  /** True when all control plane nodes are Ready. */
  isReady(cluster: string): boolean;
  hasImage(image: string): boolean;
  /** Fetches an image; false: no registry has it. */
  pull(image: string): boolean;
  /** Starts the containers; returns the published port that was taken already, if one was. */
  provision(plan: {
    readonly name: string;
    readonly nodes: readonly NodePlan[];
    readonly podSubnet: string;
    readonly serviceSubnet: string;
    readonly kubeProxyMode: string;
  }): { readonly node: string; readonly port: PublishedPort } | undefined;
  initControlPlane(cluster: string): void;
  installCni(cluster: string): void;
  installStorage(cluster: string): void;
  join(cluster: string, role: 'control-plane' | 'worker'): void;
  remove(cluster: string): void;
}

/** What `cilium-dbg` reads from the agent of one node (cilium's api/v1 models as plain JSON). */
export interface AgentSocket {
  readonly node: string;
  /** GET on the agent's REST API: `/endpoint`, `/identity`, `/policy`, `/healthz`, … undefined: 404. */
  get(path: string): Json | undefined;
  /**
   * PATCH on `/config` or `/endpoint/ID/config`: what is wrong with it, or undefined. On `/fqdn/cache` it is the DELETE of
   * the names that match the pattern in the body.
   */
  patch(path: string, body: Json): string | undefined;
}

/** Hubble's Observer service (observer.proto), as plain values. */
export interface HubbleObserver {
  /** The health service's answer; absent: `SERVING`. */
  health?(): string;
  /** True for a server that sends only the fields that were asked for; ours sends whole flows, so names are shown. */
  readonly honoursMasks?: boolean;
  /** True when the Peer service answers here too. */
  readonly hasPeers?: boolean;
  status(): {
    readonly numFlows: number;
    readonly maxFlows: number;
    readonly seenFlows: number;
    readonly uptimeNs: number;
    readonly connectedNodes: number;
    readonly unavailableNodes: readonly string[];
    readonly version: string;
    readonly flowsRate: number;
  };
  nodes(): readonly {
    readonly name: string;
    readonly version: string;
    readonly address: string;
    readonly state: string;
    readonly uptimeNs: number;
    readonly numFlows: number;
    readonly maxFlows: number;
    readonly seenFlows: number;
    /** How the relay reaches the node; absent: unknown. */
    readonly tls?: { readonly enabled: boolean; readonly serverName: string };
  }[];
  namespaces(): readonly { readonly namespace: string; readonly cluster: string }[];
  /** Flows now in the rings that match, oldest first (GetFlows without follow). Times are ms since the epoch. */
  flows(request: {
    readonly number?: number;
    readonly first?: boolean;
    readonly sinceMs?: number;
    readonly untilMs?: number;
    readonly whitelist: readonly FlowFilter[];
    readonly blacklist: readonly FlowFilter[];
  }): readonly Flow[];
  /** A cursor of flows from now on (GetFlows with follow). */
  follow(request: { readonly whitelist: readonly FlowFilter[]; readonly blacklist: readonly FlowFilter[] }): {
    pending(): boolean;
    take(): readonly Flow[];
    /** Flows that the rings dropped before they were taken, since the last call, by node. */
    lost?(): readonly { readonly node: string; readonly count: number }[];
    ended(): boolean;
    stop(): void;
  };
}

/** Starts a login shell or a command on a machine, for `ssh` and `exec`; resolves to its exit code. */
export type StartOn = (
  sys: Sys,
  machine: Machine,
  argv: readonly string[],
  streams: {
    readonly stdin: Stream;
    readonly stdout: Stream;
    readonly stderr: Stream;
    readonly tty: boolean;
  },
) => Promise<number>;
