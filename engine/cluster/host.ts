import type { ClusterSnapshot } from './cluster.ts';
import type { ClusterWorld } from './networking.ts';
import type { JsonObject } from '../base/json.ts';
import type { KubeHandler, WatchCursor } from '../objects/api.ts';
import type { NodeSpec, WorldSpec } from './world.ts';
import type { Simulation } from '../base/simulation.ts';
import type { Space } from '../dataplane/network.ts';
import type { StartContainer } from './pod-access.ts';
import { byText } from '../base/order.ts';
import { Cluster, createCluster } from './cluster.ts';
import { conditionOf } from '../objects/views.ts';
import type { Node } from '../objects/views.ts';
import { formatAddress } from '../net/address.ts';
import { initControlPlane, installDefaultCni, installStorage, joinNode } from './boot-kind.ts';
import { invariant } from '../base/assert.ts';
import { NODE_VERSION } from './boot-nodes.ts';
import { parseCidr } from '../net/cidr.ts';
import { Scope } from '../base/scope.ts';

/** A port of a node's container that the workstation publishes. */
export type PublishedPort = {
  readonly address: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
};

/** A node of a cluster that is to be made. Port 0 or -1: any free one. */
export type NodePlan = {
  readonly name: string;
  readonly role: 'control-plane' | 'worker' | 'external-load-balancer';
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly PublishedPort[];
};

/** A cluster that is to be made, as its configuration says with all defaults. */
export type ClusterPlan = {
  readonly name: string;
  readonly nodes: readonly NodePlan[];
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  readonly kubeProxyMode: string;
};

/** A node's container. */
export type NodeContainer = NodePlan & { readonly id: string; readonly address: string };

type Member = {
  readonly name: string;
  readonly containers: readonly NodeContainer[];
  /** Where the API server is published, `127.0.0.1:34567`. */
  readonly endpoint: string;
  readonly world: ClusterWorld;
  /** The name of its part of the simulation; undefined for the world's own cluster. */
  readonly scopeName: string | undefined;
  scope?: Scope;
  /** Absent until its control plane was started. */
  cluster?: Cluster;
  handle?: KubeHandler;
  isDown: boolean;
};

type MemberSnapshot = Pick<Member, 'name' | 'containers' | 'endpoint' | 'scopeName'> & {
  readonly networking: ClusterWorld['networking'];
  readonly nodes: readonly NodeSpec[];
  readonly cluster?: ClusterSnapshot;
};

/** A keyframe of all clusters. */
export type HostSnapshot = {
  readonly home: ClusterSnapshot;
  readonly members: readonly MemberSnapshot[];
  readonly images: readonly string[];
  readonly made: number;
};

/** Where the API server listens inside its node. */
const API_PORT = 6443;
/** The world's own cluster: its name, and where its kubeconfig finds it. */
const OWN = { name: 'kind', endpoint: '127.0.0.1:6443' };
/** Docker's network `kind`; the first address is the gateway's. */
const NETWORK = '172.18.0.';

/**
 * The container host at the workstation: the nodes of all kind clusters as containers, and behind each cluster its own API
 * server, controllers, agents and data plane on a part of the simulation of its own. The world's own cluster is one of them.
 */
export class ClusterHost {
  /** The world's own cluster; an empty one that nobody reaches where the world has none or it was deleted. */
  readonly home: Cluster;
  /** Told of a cluster that is being taken down: what runs in it ends. */
  onDown: (cluster: Cluster) => void = () => {};
  readonly #sim: Simulation;
  readonly #world: WorldSpec;
  readonly #start: (cluster: () => Cluster) => StartContainer;
  readonly #spaces = new Map<string, Space>();
  #members = new Map<string, Member>();
  #images = new Set<string>();
  #made = 0;

  constructor(
    sim: Simulation,
    world: WorldSpec,
    startContainer: (cluster: Cluster, ...args: Parameters<StartContainer>) => ReturnType<StartContainer>,
  ) {
    this.#sim = sim;
    this.#world = world;
    this.#start = (cluster) => (container, request) => startContainer(cluster(), container, request);
    this.home = createCluster(sim, world, {
      startContainer: this.#start(() => this.home),
      spaces: this.#spaces,
    });
    if (!world.hasCluster) return;
    this.#members.set(OWN.name, this.#ownMember());
    this.#images.add(nodeImage());
  }

  /** Every cluster that runs, by name; the world's own first. */
  clusters(): readonly Cluster[] {
    const others = [...this.#members.values()].map((member) => member.cluster);
    return [this.home, ...others.filter((one) => one !== undefined && one !== this.home)] as Cluster[];
  }

  /** Runs all clusters to rest at this instant. */
  settle(): void {
    this.home.settle();
    for (const { cluster } of this.#members.values()) if (cluster !== this.home) cluster?.settle();
  }

  /** Names of the clusters that have a container, sorted. */
  names(): readonly string[] {
    return [...this.#members.keys()].sort(byText);
  }

  /** The containers of a cluster; empty for an unknown one. */
  nodes(name: string): readonly NodeContainer[] {
    return this.#members.get(name)?.containers ?? [];
  }

  /** The cluster of that name, once its control plane runs. */
  cluster(name: string): Cluster | undefined {
    return this.#members.get(name)?.cluster;
  }

  /** The cluster whose API server answers at `https://host:port`, as the workstation sees it. */
  clusterAt(server: string): Cluster | undefined {
    return this.#memberAt(server)?.cluster;
  }

  /** The API server at `https://host:port`; undefined: nothing listens there. */
  kubeAt(server: string): KubeHandler | undefined {
    return this.#memberAt(server)?.handle;
  }

  /** The cluster that has an address as a node's, and behind a published port of the workstation the node's own address and port. */
  ownerOf(address: string): Cluster | undefined {
    for (const { containers, cluster } of this.#members.values())
      if (containers.some((one) => one.address === address)) return cluster;
    return undefined;
  }

  /** Where a published port of the workstation leads; undefined: it is not published. */
  publishedAt(port: number): { readonly address: string; readonly port: number } | undefined {
    for (const { containers } of this.#members.values())
      for (const { address, ports } of containers)
        for (const one of ports)
          if (one.hostPort === port && one.protocol === 'TCP') return { address, port: one.containerPort };
    return undefined;
  }

  /** Where the API server of a cluster is published, `127.0.0.1:34567`; undefined for an unknown one. */
  endpoint(name: string): string | undefined {
    return this.#members.get(name)?.endpoint;
  }

  /** True when a node image is there. */
  hasImage(image: string): boolean {
    return this.#images.has(tagOf(image));
  }

  /** Fetches a node image; false when no registry has it. */
  pull(image: string): boolean {
    if (!NODE_IMAGE.test(image)) return false;
    this.#images.add(tagOf(image));
    return true;
  }

  /** Starts the containers of a cluster. Returns the port that is taken when one is; then the containers are there all the same. */
  provision(plan: ClusterPlan): { readonly node: string; readonly port: PublishedPort } | undefined {
    invariant(!this.#members.has(plan.name), 'a cluster is made once');
    const taken = this.#takenPorts();
    let conflict: { readonly node: string; readonly port: PublishedPort } | undefined;
    const containers: NodeContainer[] = [];
    for (const node of plan.nodes) {
      const ports = node.ports.map((port) => ({
        ...port,
        hostPort: port.hostPort > 0 ? port.hostPort : this.#freePort(taken),
      }));
      for (const port of ports) {
        const key = `${port.hostPort}/${port.protocol}`;
        if (taken.has(key)) conflict ??= { node: node.name, port };
        taken.add(key);
      }
      containers.push({
        ...node,
        ports,
        id: this.#sim.random.text('docker', '0123456789abcdef', 64),
        address: this.#freeAddress(containers),
      });
    }
    this.#members.set(plan.name, this.#member(plan, containers));
    return conflict;
  }

  /** `kubeadm init` on the first control plane: from now on the API server answers. */
  initControlPlane(name: string): void {
    const member = this.#known(name);
    const cluster = this.#build(member);
    initControlPlane(member.scope ?? this.#sim, cluster, member.world);
  }

  /** kind's own network plugin. */
  installCni(name: string): void {
    const member = this.#known(name);
    if (member.cluster !== undefined)
      installDefaultCni(member.scope ?? this.#sim, member.cluster, member.world);
  }

  /** kind's StorageClass. */
  installStorage(name: string): void {
    const member = this.#known(name);
    if (member.cluster !== undefined) installStorage(member.scope ?? this.#sim, member.cluster);
  }

  /** `kubeadm join` on the nodes of a role that have not joined yet. */
  join(name: string, role: 'control-plane' | 'worker'): void {
    const { cluster, scope, world } = this.#known(name);
    if (cluster === undefined) return;
    for (const node of world.nodes) {
      if (node.isControlPlane !== (role === 'control-plane')) continue;
      if (cluster.store.get('nodes', undefined, node.name) === undefined)
        joinNode(scope ?? this.#sim, cluster, world, node);
    }
  }

  /** True once the API server of a cluster answers. */
  isInitialized(name: string): boolean {
    return this.#members.get(name)?.cluster !== undefined;
  }

  /** True when every control plane node of a cluster is ready. */
  isReady(name: string): boolean {
    const member = this.#members.get(name);
    const nodes = (member?.world.nodes ?? []).filter((node) => node.isControlPlane);
    return nodes.every((node) => {
      const object = member?.cluster?.store.get('nodes', undefined, node.name) as Node | undefined;
      return conditionOf(object?.status?.conditions, 'Ready')?.status === 'True';
    });
  }

  /** Removes the containers of a cluster, and the cluster with them. */
  remove(name: string): void {
    const member = this.#members.get(name);
    if (member === undefined) return;
    this.#members.delete(name);
    member.isDown = true;
    const { cluster } = member;
    if (cluster === undefined) return;
    this.onDown(cluster);
    cluster.clear();
    // Who still follows a log or a forwarded port hears that it is over.
    cluster.settle();
    member.scope?.close();
  }

  /** What a learner can see of the objects of all clusters, for hashes. */
  projection(): JsonObject {
    const [first, ...rest] = [...this.#members.values()];
    if (this.#members.size === 0) return this.home.projection();
    if (first?.cluster === this.home && rest.length === 0) return this.home.projection();
    const seen: Record<string, JsonObject> = Object.create(null) as Record<string, JsonObject>;
    for (const { name, containers, endpoint, cluster } of this.#members.values())
      seen[name] = {
        containers: containers.map((one) => `${one.name} ${one.address} ${one.image}`),
        endpoint,
        objects: cluster?.projection() ?? {},
      };
    return seen;
  }

  /** A keyframe. */
  snapshot(): HostSnapshot {
    return {
      home: this.home.snapshot(),
      members: [...this.#members.values()].map(
        ({ name, containers, endpoint, scopeName, world, cluster }) => ({
          name,
          containers,
          endpoint,
          scopeName,
          networking: world.networking,
          nodes: world.nodes,
          ...(cluster === undefined || cluster === this.home ? {} : { cluster: cluster.snapshot() }),
        }),
      ),
      images: [...this.#images],
      made: this.#made,
    };
  }

  /** Continues from a keyframe. */
  restore(snapshot: HostSnapshot): void {
    for (const { scope } of this.#members.values()) scope?.close();
    this.home.restore(snapshot.home);
    this.#images = new Set(snapshot.images);
    this.#made = snapshot.made;
    this.#members = new Map();
    for (const kept of snapshot.members) {
      if (kept.scopeName === undefined) {
        this.#members.set(kept.name, this.#ownMember());
        continue;
      }
      const world = { ...this.#worldOf(kept.nodes), ...(kept.networking && { networking: kept.networking }) };
      const member: Member = { ...kept, cluster: undefined as never, world, isDown: false };
      delete member.cluster;
      this.#members.set(kept.name, member);
      if (kept.cluster !== undefined) this.#build(member).restore(kept.cluster);
    }
  }

  #known(name: string): Member {
    const member = this.#members.get(name);
    invariant(member !== undefined, 'the cluster has containers');
    return member;
  }

  #ownMember(): Member {
    const { nodes } = this.#world;
    const member: Member = {
      ...OWN,
      containers: nodes.map((node) => ({
        name: node.name,
        role: node.isControlPlane ? 'control-plane' : 'worker',
        image: nodeImage(),
        labels: {},
        ports: node.isControlPlane
          ? [{ address: '127.0.0.1', hostPort: API_PORT, containerPort: API_PORT, protocol: 'TCP' }]
          : [],
        id: node.name,
        address: node.address,
      })),
      world: this.#world,
      scopeName: undefined,
      cluster: this.home,
      isDown: false,
    };
    member.handle = handleOf(member, this.home);
    return member;
  }

  #member(plan: ClusterPlan, containers: readonly NodeContainer[]): Member {
    const machines = containers.filter((one) => one.role !== 'external-load-balancer');
    const front =
      containers.find((one) => one.role === 'external-load-balancer') ??
      containers.find((one) => one.role === 'control-plane');
    const port = front?.ports.find((one) => one.containerPort === API_PORT);
    const { podSubnet, serviceSubnet, kubeProxyMode, name } = plan;
    const version = /:(v\d+\.\d+\.\d+)/.exec(machines[0]?.image ?? '')?.[1] ?? NODE_VERSION;
    const nodes = machines.map((one, i) => ({
      name: one.name,
      address: one.address,
      isControlPlane: one.role === 'control-plane',
      podCidr: podCidr(podSubnet, i),
      labels: one.labels,
    }));
    return {
      name,
      containers,
      endpoint: `${port?.address ?? '127.0.0.1'}:${port?.hostPort ?? API_PORT}`,
      world: {
        ...this.#worldOf(nodes),
        networking: { clusterName: name, podSubnet, serviceSubnet, kubeProxyMode, version },
      },
      scopeName: `kind-${++this.#made}`,
      isDown: false,
    };
  }

  #worldOf(nodes: readonly NodeSpec[]): WorldSpec {
    return { ...this.#world, hasCluster: true, hasCilium: false, nodes, objects: [], uptimeSeconds: 0 };
  }

  #build(member: Member): Cluster {
    const scope = new Scope(this.#sim, member.scopeName ?? member.name);
    const cluster: Cluster = new Cluster(scope, member.world, {
      startContainer: this.#start(() => cluster),
      spaces: this.#spaces,
    });
    member.scope = scope;
    member.cluster = cluster;
    member.handle = handleOf(member, cluster);
    return cluster;
  }

  #memberAt(server: string): Member | undefined {
    const [, host = '', port = '443'] = /^https:\/\/([^/:]+)(?::(\d+))?\/?$/.exec(server) ?? [];
    const address = host === 'localhost' ? '127.0.0.1' : host;
    return [...this.#members.values()].find(
      ({ endpoint, containers }) =>
        endpoint === `${address}:${port}` ||
        (endpoint === `0.0.0.0:${port}` && address === '127.0.0.1') ||
        (Number(port) === API_PORT &&
          containers.some((one) => one.role !== 'worker' && one.address === address)),
    );
  }

  #takenPorts(): Set<string> {
    const taken = new Set<string>();
    for (const { containers } of this.#members.values())
      for (const { ports } of containers)
        for (const one of ports) taken.add(`${one.hostPort}/${one.protocol}`);
    for (const port of this.#spaces.get('outside/workstation')?.listeners.keys() ?? [])
      taken.add(`${port}/TCP`);
    return taken;
  }

  #freePort(taken: ReadonlySet<string>): number {
    for (;;) {
      const port = this.#sim.random.integer('docker', 32_768, 60_999);
      if (!taken.has(`${port}/TCP`)) return port;
    }
  }

  #freeAddress(own: readonly NodeContainer[]): string {
    const all = [...this.#members.values()].flatMap(({ containers }) => containers);
    const taken = new Set([...all, ...own].map((one) => one.address));
    let last = 2;
    while (taken.has(NETWORK + last)) last++;
    return NETWORK + last;
  }
}

const NODE_IMAGE =
  /^(docker\.io\/)?kindest\/node:v1\.(32\.(0|2|3|4|5|8|11)|31\.(0|1|2|4|6|9|12|14)|30\.(0|2|3|4|6|8|10|13)|29\.(2|4|7|8|10|12|14))(@sha256:[0-9a-f]{64})?$/;

/** The node image of this world's kind. */
export function nodeImage(): string {
  return `kindest/node:${NODE_VERSION}`;
}

function tagOf(image: string): string {
  return image.replace(/^docker\.io\//, '').replace(/@sha256:.*$/, '');
}

/** The /24 of a node; a smaller pod subnet is one block that all share. */
function podCidr(subnet: string, index: number): string {
  const block = parseCidr(subnet);
  if (block === undefined || block.bits > 24) return subnet;
  const base = (block.address.words[0] ?? 0) >>> 0;
  return `${formatAddress({ family: 4, words: [(base + index * 256) >>> 0] })}/24`;
}

/** The API server as a client reaches it: gone when its cluster is. */
function handleOf(member: Member, cluster: Cluster): KubeHandler {
  return (request) => {
    if (member.isDown) return { kind: 'text', status: 503, text: '' };
    const response = cluster.handle(request);
    if (response.kind !== 'watch') return response;
    const { watch } = response;
    const cut: WatchCursor = {
      pending: () => !member.isDown && watch.pending(),
      take: () => (member.isDown ? [] : watch.take()),
      ended: () => member.isDown || watch.ended(),
      stop: () => watch.stop(),
    };
    return { ...response, watch: cut };
  };
}
