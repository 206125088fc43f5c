import type { ContainerFacts } from './containers.ts';
import type { Drafts, ReachabilityView } from './view.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { KubeHandler, KubeObject } from '../objects/api.ts';
import type { Simulation } from '../base/simulation.ts';
import type { StartContainer } from './pod-access.ts';
import type { ClusterWorld } from './networking.ts';
import type { WorldSpec } from './world.ts';
import { CiliumAgents } from '../agent/agents.ts';
import type { AgentSocketView } from '../agent/agents.ts';
import { Controllers } from '../controllers/controllers.ts';
import { deleteObject } from '../store/registry.ts';
import { createHandler } from '../apiserver/handler.ts';
import { DataPlane } from '../dataplane/dataplane.ts';
import { environmentOf } from '../dataplane/environment.ts';
import { lookup } from '../images/catalog.ts';
import type { Space } from '../dataplane/network.ts';
import type { AgentsView, PolicyView } from '../dataplane/view.ts';
import { KindnetPolicies } from '../agent/network-policies.ts';
import { EVENT_TTL_MS, expireEvents, muteEvents } from '../controllers/events.ts';
import { Store } from '../store/store.ts';
import type { StoreSnapshot } from '../store/store.ts';
import { bootCluster } from './boot.ts';
import { createCustomResources } from './boot-crds.ts';
import { containerFacts } from './containers.ts';
import { networkingOf } from './networking.ts';
import { NODE_VERSION } from './boot-nodes.ts';
import { setServiceRange } from '../store/service-addresses.ts';
import { likenessOf } from './likeness.ts';
import { conditionOf, isPodReady, keyOf, nodeAddress } from '../objects/views.ts';
import type { Node, Pod } from '../objects/views.ts';
import { RelayObserver } from '../dataplane/observer.ts';
import { parseTimestamp } from '../objects/time.ts';
import { PodAccess } from './pod-access.ts';
import { podBlock } from '../agent/pools.ts';
import { probe, type ProbeRequest, type ProbeResult } from '../dataplane/probe.ts';
import { projectionOf } from './projection.ts';
import { RECORDED_WORLD, RecordedRuntime } from './boot-recorded.ts';
import { reachabilityView } from './view.ts';
import { Runtime } from './runtime.ts';

export type { ContainerFacts } from './containers.ts';

const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';

/** What the session gives a cluster: a way to run programs in containers. */
export type ClusterOptions = {
  readonly startContainer: StartContainer;
  /** Sockets of machines outside of clusters, which several clusters share. */
  readonly spaces?: Map<string, Space>;
};

/** A keyframe of a cluster. Timers and chance are the simulation's. */
export type ClusterSnapshot = {
  readonly store: StoreSnapshot;
  readonly controllers: Json;
  readonly agents: Json;
  readonly dataplane: Json;
};

/** One virtual cluster: the API server with everything behind it. */
export class Cluster {
  readonly store: Store;
  /** The API server. */
  readonly handle: KubeHandler;
  readonly agents: CiliumAgents;
  readonly dataplane: DataPlane;
  /** Hubble's Observer over the rings of all nodes that run an agent, as hubble-relay serves it. */
  readonly observer: RelayObserver;
  readonly #sim: Simulation;
  readonly #world: ClusterWorld;
  /** The world of kubectl's recordings: no agents, nothing really runs. */
  readonly #isRecorded: boolean;
  readonly #controllers: Controllers;
  readonly #access: PodAccess;
  readonly #topics: readonly string[];
  #settled = -1;
  #expiryMs = 0;
  #podsSeen = -1;
  #definitionsSeen = 0;
  /** The operator's next look at unmanaged pods is set. */
  #isWatching = false;
  /** Uid of the operator's pod that defined Cilium's resources last. */
  #operator = '';

  constructor(sim: Simulation, world: ClusterWorld, options: ClusterOptions) {
    const before = new Set(sim.clock.topics());
    this.#sim = sim;
    this.#world = world;
    this.#isRecorded = world.name === RECORDED_WORLD;
    this.store = new Store(sim.clock);
    const store = this.store;
    this.agents = new CiliumAgents(sim, store);
    const kindnet = new KindnetPolicies(store, (pod) => this.agents.endpointOf(pod) !== undefined);
    const agents = withKindnet(this.agents, kindnet);
    this.dataplane = new DataPlane({ sim, store, agents, world, spaces: options.spaces });
    this.agents.onStart = (name) => this.dataplane.flows.ringOf(name).clear();
    const dataplane = (): DataPlane => this.dataplane;
    const node = world.nodes.find((one) => one.isControlPlane) ?? world.nodes[0];
    this.#controllers = new Controllers({
      sim,
      store,
      images: this.#isRecorded
        ? new RecordedRuntime()
        : new Runtime(
            dataplane,
            (pod) => !isAgent(pod) || hasCustomResources(store),
            (pod, container) => {
              const image = lookup(container.image);
              return image === undefined ? {} : environmentOf(store, pod, container, image);
            },
          ),
      hasNetwork: (name) => this.#hasNetwork(name),
      podBlock: (one) =>
        this.#hasCilium(one.metadata.name) ? podBlock(store, one) : (one.spec.podCIDR ?? ''),
      networkError: (name) => (this.#hasCilium(name) ? NO_AGENT : undefined),
      schedulerHost: this.#isRecorded ? 'vm' : (node?.name ?? 'kind-control-plane'),
    });
    this.dataplane.onExit = (key, container, exitCode) => {
      const slash = key.indexOf('/');
      const pod = store.get('pods', key.slice(0, slash), key.slice(slash + 1)) as Pod | undefined;
      if (pod !== undefined) this.#controllers.endContainer(pod, container, exitCode);
    };
    sim.clock.on(UNMANAGED_TOPIC, () => this.#restartUnmanaged());
    this.observer = new RelayObserver({
      nowMs: () => sim.clock.nowMs,
      nodes: () => this.#agentNodes(),
      flows: this.dataplane.flows,
    });
    this.#access = new PodAccess({
      sim,
      store,
      dataplane,
      start: options.startContainer,
      isRecorded: this.#isRecorded,
    });
    const { serviceSubnet, version } = networkingOf(world);
    setServiceRange(store, serviceSubnet);
    this.handle = createHandler({
      sim,
      store,
      kubelet: this.#access,
      worldFacts: {
        address: `${node?.address ?? '127.0.0.1'}:6443`,
        isServed: (kind) => !kind.isCustom || store.get(DEFINITIONS, undefined, kind.resource) !== undefined,
        ...(version === NODE_VERSION ? {} : { version }),
      },
    });
    this.#topics = sim.clock.topics().filter((topic) => !before.has(topic));
  }

  /**
   * Runs controllers and agents until nothing moves at this instant. Call it after every step in which something may have
   * changed; costs next to nothing when nothing did. `isPast`: a world's past is being made up, traffic bots do not run yet.
   */
  settle(isPast = false): void {
    this.#access.pump((pod, container, exitCode) => this.#controllers.endContainer(pod, container, exitCode));
    if (this.#sim.clock.nowMs >= this.#expiryMs) this.#expire();
    for (;;) {
      const before = this.store.revision;
      const isBusy = this.#controllers.run();
      if (!this.#isRecorded) this.agents.sync();
      this.#defineResources();
      this.#dropUndefined();
      if (!isBusy && this.store.revision === before) break;
    }
    if (!isPast) this.dataplane.sync();
    if (this.#settled === this.store.revision) return;
    this.#settled = this.store.revision;
    this.#access.pump(() => undefined);
  }

  /** The socket of the Cilium agent on a node; undefined when none runs there. */
  agentSocket(node: string): AgentSocketView | undefined {
    return this.agents.socket(node);
  }

  /** Tries a connection in a view without a trace: no flow, no chance, no state. */
  probe(view: ReachabilityView, request: ProbeRequest): ProbeResult {
    const hasAgents = this.store.list('nodes').some((node) => this.agents.isRunning(node.metadata.name));
    return probe(
      {
        store: view.store,
        repository: hasAgents ? view.repository : undefined,
        world: this.#world,
        states: this.dataplane.programStates,
        nowMs: this.#sim.clock.nowMs,
      },
      request,
    );
  }

  /** A text that is equal for pods of a view that behave alike in every connection. */
  likeness(view: ReachabilityView, pod: KubeObject): string {
    return likenessOf(pod, view.repository, this.dataplane.programStates);
  }

  /** Boots a cluster of `world` in this place, which is empty: `kind create cluster`. Pods start as time passes. */
  boot(world: WorldSpec): void {
    bootCluster(this.#sim, this, world);
  }

  /** Takes everything away: `kind delete cluster`. Another one may be booted in its place. */
  clear(): void {
    this.#sim.clock.cancelTopics(this.#topics);
    for (const resource of this.store.resources()) {
      for (const { metadata } of this.store.list(resource))
        this.store.remove(resource, metadata.namespace, metadata.name);
    }
    this.agents.restore(null);
    this.#controllers.restore(null);
    this.#settled = -1;
    this.#podsSeen = -1;
    this.#isWatching = false;
    this.#operator = '';
  }

  /** A running container of a pod (`namespace/name`), the default one without a name; undefined when it does not run. */
  container(podKey: string, container?: string): ContainerFacts | undefined {
    return containerFacts(this.store, podKey, container);
  }

  /** The cluster as it would be with drafts; changes nothing here. */
  fork(drafts: readonly KubeObject[], removed: readonly KubeObject[] = []): ReachabilityView {
    const wanted: Drafts = { apply: drafts, remove: removed };
    return reachabilityView(this.store, this.agents, wanted);
  }

  /** The cluster as it is, for checks: nothing is copied, so look at it at once. */
  live(): ReachabilityView {
    return { store: this.store, repository: this.agents.repository, agents: this.agents, refused: [] };
  }

  /** What a learner can see of the objects, for hashes. */
  projection(): JsonObject {
    return projectionOf(this.store);
  }

  /** A keyframe. */
  snapshot(): ClusterSnapshot {
    return {
      store: this.store.snapshot(),
      controllers: this.#controllers.state(),
      agents: this.agents.state(),
      dataplane: this.dataplane.snapshot(),
    };
  }

  /** Continues from a keyframe. */
  restore(snapshot: ClusterSnapshot): void {
    this.store.restore(snapshot.store);
    this.agents.restore(snapshot.agents);
    this.#controllers.restore(snapshot.controllers);
    this.dataplane.restore(snapshot.dataplane);
    this.#settled = -1;
    this.#podsSeen = -1;
    // The operator that runs has done its work.
    this.#operator = this.#operatorPod()?.metadata.uid ?? '';
    this.#isWatching = this.#sim.clock.pending().some((timer) => timer.topic.endsWith(UNMANAGED_TOPIC));
  }

  /** Takes the cluster down (`kind delete cluster`): its timers and handlers leave the clock. */
  dispose(): void {
    this.#sim.clock.forget(this.#topics);
  }

  /** Until `ms`, events of the past that nobody could see any more are not recorded. */
  muteEventsUntil(ms: number): void {
    muteEvents(this.store, ms);
  }

  /**
   * A network plugin's configuration stays on its node, whoever wrote it: Cilium's calls the agent, kindnet's works by itself
   * once it was written (the node became ready).
   */
  #hasNetwork(node: string): boolean {
    if (this.#isRecorded || this.agents.isRunning(node)) return true;
    if (this.#hasCilium(node)) return false;
    const object = this.store.get('nodes', undefined, node) as Node | undefined;
    if (conditionOf(object?.status?.conditions, 'Ready')?.status === 'True') return true;
    return (this.store.list('pods', 'kube-system') as Pod[]).some(
      (pod) =>
        pod.metadata.labels?.['k8s-app'] === 'kindnet' &&
        pod.spec.nodeName === node &&
        pod.status?.phase === 'Running',
    );
  }

  /** True when an agent has been on a node: its CiliumNode stays, and so does the plugin's configuration. */
  #hasCilium(node: string): boolean {
    return !this.#isRecorded && this.store.get('ciliumnodes.cilium.io', undefined, node) !== undefined;
  }

  /** Nodes on which an agent runs, by name. */
  #agentNodes(): readonly { readonly name: string; readonly address: string; readonly startedMs: number }[] {
    const running = (this.store.list('nodes') as Node[]).filter((node) =>
      this.agents.observes(node.metadata.name),
    );
    if (running.length === 0) return [];
    const pods = (this.store.list('pods', 'kube-system') as Pod[]).filter(
      (pod) => pod.metadata.labels?.['k8s-app'] === 'cilium' && isPodReady(pod),
    );
    return running.map((node) => {
      const pod = pods.find((one) => one.spec.nodeName === node.metadata.name);
      return {
        name: node.metadata.name,
        address: nodeAddress(node),
        startedMs: parseTimestamp(pod?.status?.startTime) ?? this.#sim.clock.nowMs,
      };
    });
  }

  /** Cilium's operator defines its resources when it starts; agents wait for that. */
  #defineResources(): void {
    const stamp = this.store.revisionOf('pods');
    if (this.#isRecorded || stamp === this.#podsSeen) return;
    this.#podsSeen = stamp;
    const uid = this.#operatorPod()?.metadata.uid;
    if (uid === undefined) return;
    this.#watchUnmanaged();
    if (uid === this.#operator) return;
    this.#operator = uid;
    createCustomResources(this.#sim, this.store, true);
  }

  /** With a definition go the objects of its kind; what agents write for themselves, they would only write again. */
  #dropUndefined(): void {
    const stamp = this.store.revisionOf(DEFINITIONS);
    if (stamp === this.#definitionsSeen) return;
    this.#definitionsSeen = stamp;
    for (const resource of [
      'ciliumnetworkpolicies',
      'ciliumclusterwidenetworkpolicies',
      'ciliumcidrgroups',
    ]) {
      const name = `${resource}.cilium.io`;
      if (this.store.get(DEFINITIONS, undefined, name) !== undefined) continue;
      for (const { metadata } of this.store.list(name))
        this.store.remove(name, metadata.namespace, metadata.name);
    }
  }

  /** True while a relay of Hubble runs. */
  hasRelay(): boolean {
    const pods = this.store.list('pods', 'kube-system') as Pod[];
    return pods.some((pod) => pod.metadata.labels?.['k8s-app'] === 'hubble-relay' && isPodReady(pod));
  }

  #operatorPod(): Pod | undefined {
    const pods = this.store.list('pods', 'kube-system') as Pod[];
    return pods.find((pod) => isOperator(pod) && isPodReady(pod));
  }

  /** The cluster's DNS pods that started before their node's agent. */
  #unmanagedDns(): Pod[] {
    return (this.store.list('pods', 'kube-system') as Pod[]).filter(
      (pod) =>
        pod.metadata.labels?.['k8s-app'] === 'kube-dns' &&
        pod.status?.podIP !== undefined &&
        pod.metadata.deletionTimestamp === undefined &&
        this.agents.isRunning(pod.spec.nodeName ?? '') &&
        this.agents.endpointOf(keyOf(pod)) === undefined,
    );
  }

  /** The operator looks for unmanaged DNS pods now and then (operator/watchers, unmanaged-pod-watcher-interval). */
  #watchUnmanaged(): void {
    if (this.#isWatching || this.#unmanagedDns().length === 0) return;
    this.#isWatching = true;
    this.#sim.clock.after(UNMANAGED_MS, UNMANAGED_TOPIC);
  }

  /** It restarts one of them each time, so that not all are away at once, and none that is younger than half a minute. */
  #restartUnmanaged(): void {
    this.#isWatching = false;
    if (this.#operatorPod() === undefined) return;
    const limitMs = this.#sim.clock.nowMs - UNMANAGED_AGE_MS;
    const [pod] = this.#unmanagedDns().filter(
      (one) => (parseTimestamp(one.status?.startTime) ?? 0) <= limitMs,
    );
    if (pod !== undefined)
      deleteObject(this.#sim, this.store, 'pods', pod.metadata.namespace, pod.metadata.name);
    this.#watchUnmanaged();
  }

  #expire(): void {
    // Its lines take hours of virtual time, which were minutes when it was recorded.
    if (this.#isRecorded) return;
    expireEvents(this.#sim, this.store);
    this.#expiryMs = this.#sim.clock.nowMs + EVENT_TTL_MS / 12;
  }
}

const UNMANAGED_TOPIC = 'cilium/unmanaged';
const UNMANAGED_MS = 15_000;
const UNMANAGED_AGE_MS = 30_000;

const NO_AGENT =
  'unable to connect to Cilium agent: failed to create cilium agent client after 30.000000 seconds timeout: Get "http://localhost/v1/config": dial unix /var/run/cilium/cilium.sock: connect: no such file or directory\nIs the agent running?';

function isAgent(pod: Pod): boolean {
  return pod.metadata.namespace === 'kube-system' && pod.metadata.labels?.['k8s-app'] === 'cilium';
}

function isOperator(pod: Pod): boolean {
  const labels = pod.metadata.labels ?? {};
  return labels['io.cilium/app'] === 'operator' || labels['name'] === 'cilium-operator';
}

function hasCustomResources(store: Store): boolean {
  return store.get(DEFINITIONS, undefined, 'ciliumnetworkpolicies.cilium.io') !== undefined;
}

/** The agents' view for the data plane, with kindnet's policies for the pods that no agent manages. */
function withKindnet(agents: CiliumAgents, kindnet: KindnetPolicies): AgentsView {
  const repository: PolicyView = {
    judge: (flow) => {
      const other = kindnet.judge(flow);
      return other?.verdict === 'DROPPED' ? other : agents.repository.judge(flow);
    },
    get config() {
      return agents.repository.config;
    },
  };
  return {
    repository,
    get redaction() {
      return agents.redaction;
    },
    get policyRevision() {
      return agents.policyRevision;
    },
    identityOf: (peer) => agents.identityOf(peer),
    endpointOf: (pod) => agents.endpointOf(pod),
    learnDns: (lesson) => agents.learnDns(lesson),
    namesOf: (pod, address) => agents.namesOf(pod, address),
    observes: (node) => agents.observes(node),
  };
}

/**
 * Builds a cluster as it is when the learner comes: booted `uptimeSeconds` ago, the world's objects applied, settled. The
 * clock stands where it stood; when something else waits on it already, the cluster is as young as its boot takes none of it.
 */
export function createCluster(sim: Simulation, world: WorldSpec, options: ClusterOptions): Cluster {
  const cluster = new Cluster(sim, world, options);
  if (world.hasCluster) bootCluster(sim, cluster, world);
  return cluster;
}
