import type { AgentReport } from './socket.ts';
import type { NodeFacts } from '../policy/model.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { KubeObject } from '../objects/api.ts';
import type { Redaction } from './redact.ts';
import type { Node, Pod } from '../objects/views.ts';
import type { Simulation } from '../base/simulation.ts';
import type { Store, StoreEvent } from '../store/store.ts';
import { byText } from '../base/order.ts';
import { createObject, deleteObject, updateObject } from '../store/registry.ts';
import { hashText } from '../base/hash.ts';
import { isPodFinished, isPodReady, keyOf, nodeAddress } from '../objects/views.ts';
import { addressIn, podBlock } from './pools.ts';
import { PolicyRepository } from '../policy/repository.ts';
import { sameValue } from '../objects/equal.ts';
import { addressesOf, agentReport } from './report.ts';
import { answerOf } from './socket.ts';
import { configOf, INGRESS_ENDPOINT, isHubbleEnabled, redactionOf } from './config.ts';
import { AgentOptions, changeOptions } from './options.ts';
import { DnsCache } from './dns-cache.ts';
import { namePattern } from '../net/name-pattern.ts';
import { endpointFacts } from './endpoint-facts.ts';
import { endpointObject } from './endpoint-object.ts';
import { Identities, RESERVED_IDENTITIES } from './identities.ts';
import { POLICY_RESOURCES, followPolicy, importInto, reportValidity } from './policy-import.ts';

const ENDPOINTS = 'ciliumendpoints.cilium.io';
const NODES = 'ciliumnodes.cilium.io';
const GROUPS = 'ciliumcidrgroups.cilium.io';

/** A managed pod: its endpoint's number, node and identity. */
type Managed = {
  readonly id: number;
  readonly node: string;
  readonly identity: number;
  readonly uid: string;
  readonly labels: readonly string[];
};

/** GET on an agent's REST API, as `commands/ports.ts` has it. */
export type AgentSocketView = {
  readonly node: string;
  get(path: string): Json | undefined;
  patch(path: string, body: Json): string | undefined;
};

/**
 * The Cilium agents of all nodes and the operator: they follow the store as their counterparts follow the API server, give
 * pods endpoints and identities, and put policies into force. A pod is managed when it got its address while an agent ran
 * on its node.
 */
export class CiliumAgents {
  readonly #sim: Simulation;
  readonly #store: Store;
  readonly #identities: Identities;
  readonly #dns: DnsCache;
  #repository: PolicyRepository;
  #managed = new Map<string, Managed>();
  #unmanaged = new Set<string>();
  #podByAddress = new Map<string, string>();
  /** Nodes on which an agent runs → uid of its pod. */
  #running = new Map<string, string>();
  /** Nodes on which some agent ran, so that they have a CiliumNode. */
  #seen: number;
  #stale = new Set<string>();
  #hasHubble = true;
  #redaction: Redaction | undefined;
  #revision = 1;
  readonly #options = new AgentOptions();
  /** An agent started on a node. */
  onStart: (node: string) => void = () => {};

  constructor(sim: Simulation, store: Store) {
    this.#sim = sim;
    this.#store = store;
    this.#identities = new Identities(sim, store, (id) =>
      [...this.#managed.values()].some((one) => one.identity === id),
    );
    this.#dns = new DnsCache(sim, () => this.#repository.setDns(this.#dns.table()));
    this.#repository = new PolicyRepository(configOf(store));
    this.#followAudit();
    this.#seen = store.revision;
    this.#learnAll();
  }

  /** Policies in force and who they are about. */
  get repository(): PolicyRepository {
    return this.#repository;
  }

  /** True when an agent runs on a node and is ready. */
  isRunning(node: string): boolean {
    return this.#running.has(node);
  }

  /** True when an agent on a node sees what passes: it runs, and Hubble was enabled when it started. */
  observes(node: string): boolean {
    return this.#running.has(node) && this.#hasHubble;
  }

  /** What Hubble hides, as it was set when an agent last started; undefined: nothing. */
  get redaction(): Redaction | undefined {
    return this.#redaction;
  }

  /** The revision of the policies in force. */
  get policyRevision(): number {
    return this.#revision;
  }

  /** Takes in what changed in the store; true when that changed the store again. */
  sync(): boolean {
    if (this.#store.revision === this.#seen) return false;
    const before = this.#store.revision;
    while (this.#seen !== this.#store.revision) {
      const events = this.#store.eventsSince(this.#seen);
      this.#seen = this.#store.revision;
      for (const event of events) this.#follow(event);
      this.#refresh();
    }
    return this.#store.revision !== before;
  }

  /** Identity and security labels of a pod (`namespace/name`) or of an address. */
  identityOf(peer: { readonly pod?: string; readonly address?: string }): {
    readonly id: number;
    readonly labels: readonly string[];
  } {
    const key = peer.pod ?? this.#podByAddress.get(peer.address ?? '');
    if (key !== undefined) return this.#identityOfPod(key);
    const labels = this.#repository.identityLabels({ address: peer.address ?? '' });
    return { id: this.#identities.local(labels), labels };
  }

  /** The endpoint of a managed pod; undefined for one that Cilium does not manage. */
  endpointOf(
    pod: string,
  ): { readonly id: number; readonly node: string; readonly identity: number } | undefined {
    const managed = this.#managed.get(pod);
    return managed && { id: managed.id, node: managed.node, identity: managed.identity };
  }

  /** The pod with an address, `namespace/name`; pods on their host's network have none of their own. */
  podByAddress(address: string): string | undefined {
    return this.#podByAddress.get(address);
  }

  /** The DNS proxy saw an answer for a pod. */
  learnDns(lesson: {
    readonly pod: string;
    readonly name: string;
    readonly addresses: readonly string[];
    readonly ttlSeconds: number;
  }): void {
    this.#dns.learn(lesson);
  }

  /** Names under which a pod's agent knows an address, without the final dot; sorted. */
  namesOf(pod: string, address: string): readonly string[] {
    return this.#dns.namesOf(pod, address);
  }

  /** The socket of the agent on a node; undefined when none runs there. */
  socket(node: string): AgentSocketView | undefined {
    if (!this.#running.has(node)) return undefined;
    return {
      node,
      get: (path) => answerOf(path, this.#report(node)),
      patch: (path, body) =>
        path === '/fqdn/cache'
          ? this.#forgetNames(node, String(body ?? '*'))
          : changeOptions(this.#options, { node, path, body, report: this.#report(node) }),
    };
  }

  #forgetNames(node: string, pattern: string): undefined {
    const pods = this.#report(node).endpoints.flatMap(({ pod }) => (pod === undefined ? [] : [keyOf(pod)]));
    this.#dns.forget(new Set(pods), namePattern(pattern));
  }

  /** What is not in the store, for keyframes. */
  state(): Json {
    return {
      local: this.#identities.state(),
      dns: this.#dns.state() as unknown as Json,
      unmanaged: [...this.#unmanaged].sort(byText),
      revision: this.#revision,
      options: this.#options.state(),
    };
  }

  /** Continues from a state, after the store was restored. */
  restore(state: Json): void {
    const kept = (state ?? {}) as {
      local?: Json;
      dns?: Json;
      unmanaged?: string[];
      revision?: number;
      options?: Json;
    };
    this.#identities.restore(kept.local ?? null);
    this.#unmanaged = new Set(kept.unmanaged ?? []);
    this.#managed = new Map();
    this.#running = new Map();
    this.#podByAddress = new Map();
    this.#seen = this.#store.revision;
    this.#learnAll();
    this.#dns.restore(kept.dns ?? null);
    this.#revision = kept.revision ?? 1;
    this.#options.restore(kept.options ?? null);
  }

  /** Begins with what the store holds: agents, endpoints, then everything else. */
  #learnAll(): void {
    for (const object of this.#store.list(ENDPOINTS)) this.#readEndpoint(object);
    for (const pod of this.#store.list('pods') as Pod[]) this.#noteAgent(pod, false);
    this.#rebuild();
    for (const pod of this.#store.list('pods') as Pod[]) this.#followPod(pod);
    this.#refresh();
  }

  #readEndpoint(object: KubeObject): void {
    const status = object['status'] as
      | { id?: number; identity?: { id?: number; labels?: readonly string[] } }
      | undefined;
    const pod = this.#store.get('pods', object.metadata.namespace, object.metadata.name) as Pod | undefined;
    if (status?.id === undefined || status.identity?.id === undefined || pod?.metadata.uid === undefined)
      return;
    if (object.metadata.ownerReferences?.some((one) => one.uid === pod.metadata.uid) !== true) return;
    const identity = status.identity.id;
    this.#managed.set(keyOf(pod), {
      id: status.id,
      node: pod.spec.nodeName ?? '',
      identity,
      uid: pod.metadata.uid,
      labels: status.identity.labels ?? [],
    });
  }

  /** A new repository with the configuration of now: what an agent does when it starts. */
  #rebuild(): void {
    const repository = new PolicyRepository(configOf(this.#store));
    this.#repository = repository;
    this.#followAudit();
    for (const topic of ['nodes', 'namespaces', 'services', GROUPS]) this.#stale.add(topic);
    this.#refresh();
    repository.setDns(this.#dns.table());
    for (const [key, managed] of this.#managed) this.#teach(key, managed);
    if (repository.config.hasIngress) repository.upsertEndpoint(INGRESS_ENDPOINT);
    if (this.#running.size === 0) return;
    for (const resource of POLICY_RESOURCES.keys()) {
      for (const object of this.#store.list(resource)) this.#importPolicy(resource, object);
    }
  }

  /** Tells the repository who is in audit mode by an option of the agent or of the endpoint. */
  #followAudit(): void {
    this.#repository.setAudit((key) => {
      const node = key.startsWith('node:') ? key.slice('node:'.length) : undefined;
      if (node !== undefined) return this.#options.isAudited(node, this.#ownIds(node).host);
      const managed = this.#managed.get(key);
      return managed !== undefined && this.#options.isAudited(managed.node, managed.id);
    });
  }

  #follow(event: StoreEvent): void {
    const { resource } = event;
    if (POLICY_RESOURCES.has(resource)) {
      this.#followPolicy(event);
      return;
    }
    switch (resource) {
      case 'pods':
        if (event.type === 'remove') this.#losePod(event.object as Pod);
        else this.#followPod(event.object as Pod);
        this.#noteAgent(event.object as Pod, event.type === 'remove');
        return;
      case 'nodes':
      case 'namespaces':
      case GROUPS:
        return void this.#stale.add(resource);
      case 'services':
      case 'endpoints':
        return void this.#stale.add('services');
      case ENDPOINTS:
        this.#followEndpoint(event);
        return;
      case 'ciliumidentities.cilium.io':
        this.#followIdentity(event);
        return;
    }
  }

  #followPolicy(event: StoreEvent): void {
    if (this.#running.size === 0) return;
    const isSpecSame =
      event.previous !== undefined && event.type === 'put' && sameRules(event.previous, event.object);
    if (isSpecSame) return;
    this.#revision += 1;
    if (event.type === 'remove') {
      followPolicy(this.#repository, event);
      return;
    }
    this.#importPolicy(event.resource, event.object);
  }

  #importPolicy(resource: string, object: KubeObject): void {
    const error = importInto(this.#repository, resource, object);
    const current = this.#store.get(resource, object.metadata.namespace, object.metadata.name);
    if (current !== undefined && sameRules(current, object))
      reportValidity(this.#store, resource, current, error, this.#sim.clock.nowMs);
  }

  /** An agent's pod became ready or went. */
  #noteAgent(pod: Pod, isGone: boolean): void {
    if (
      pod.metadata.labels?.['k8s-app'] !== 'cilium' ||
      pod.metadata.namespace !== 'kube-system' ||
      pod.spec.hostNetwork !== true
    )
      return;
    const node = pod.spec.nodeName;
    const uid = pod.metadata.uid ?? '';
    if (node === undefined) return;
    if (!isGone && isPodReady(pod)) {
      if (this.#running.get(node) === uid) return;
      const isFirst = this.#running.size === 0;
      this.#hasHubble = isHubbleEnabled(this.#store);
      this.#redaction = redactionOf(this.#store);
      this.#running.set(node, uid);
      // What was set at run time is lost with the agent, and the flows that it saw.
      this.#options.forgetNode(node);
      this.onStart(node);
      this.#stale.add(NODES);
      const isChanged = !sameValue(configOf(this.#store), this.#repository.config);
      if (isFirst || isChanged) this.#rebuild();
      for (const other of this.#store.list('pods') as Pod[]) this.#followPod(other);
    } else if (this.#running.get(node) === uid && (isGone || pod.metadata.deletionTimestamp !== undefined)) {
      // The data path stays as it was while an agent restarts; only when the last one is gone for good does enforcement end.
      this.#running.delete(node);
    }
  }

  #followPod(pod: Pod): void {
    const key = keyOf(pod);
    const { podIP } = pod.status ?? {};
    const isOver = isPodFinished(pod);
    if (pod.spec.hostNetwork === true || podIP === undefined || isOver) {
      if (isOver) this.#losePod(pod);
      return;
    }
    this.#podByAddress.set(podIP, key);
    const known = this.#managed.get(key);
    if (known !== undefined && known.uid === pod.metadata.uid) {
      this.#relabel(pod, known);
      return;
    }
    if (this.#unmanaged.has(pod.metadata.uid ?? '')) return;
    if (!this.#running.has(pod.spec.nodeName ?? '')) return void this.#unmanaged.add(pod.metadata.uid ?? '');
    this.#adopt(pod);
  }

  #adopt(pod: Pod): void {
    const key = keyOf(pod);
    const node = pod.spec.nodeName ?? '';
    // The labels of its namespace are part of its identity.
    this.#refresh();
    this.#repository.upsertEndpoint(endpointFacts(pod));
    const labels = this.#repository.identityLabels({ endpoint: key });
    const managed: Managed = {
      id: this.#newId(node),
      node,
      identity: this.#identities.obtain(labels),
      uid: pod.metadata.uid ?? '',
      labels,
    };
    this.#managed.set(key, managed);
    this.#writeEndpoint(pod, managed);
  }

  #relabel(pod: Pod, known: Managed): void {
    const key = keyOf(pod);
    const facts = endpointFacts(pod);
    const before = this.#repository.endpoint(key);
    if (before !== undefined && sameValue(before, facts)) return;
    this.#repository.upsertEndpoint(facts);
    this.#renew(pod, known);
  }

  /** Gives an endpoint the identity of its labels of now. */
  #renew(pod: Pod, known: Managed): void {
    const key = keyOf(pod);
    const labels = this.#repository.identityLabels({ endpoint: key });
    if (sameValue(labels, known.labels)) return;
    const managed = { ...known, labels, identity: this.#identities.obtain(labels) };
    this.#managed.set(key, managed);
    this.#identities.release(known.identity);
    this.#writeEndpoint(pod, managed);
  }

  #losePod(pod: Pod): void {
    const key = keyOf(pod);
    const managed = this.#managed.get(key);
    const { podIP } = pod.status ?? {};
    if (podIP !== undefined && this.#podByAddress.get(podIP) === key) this.#podByAddress.delete(podIP);
    this.#unmanaged.delete(pod.metadata.uid ?? '');
    if (managed === undefined || managed.uid !== pod.metadata.uid) return;
    this.#managed.delete(key);
    this.#options.forgetEndpoint(managed.node, managed.id);
    this.#repository.removeEndpoint(key);
    this.#identities.release(managed.identity);
    const { namespace, name } = pod.metadata;
    if (this.#store.get(ENDPOINTS, namespace, name) !== undefined)
      deleteObject(this.#sim, this.#store, ENDPOINTS, namespace, name);
  }

  /** Someone deleted a CiliumEndpoint of a living pod: the agent writes it again. */
  #followEndpoint(event: StoreEvent): void {
    if (event.type !== 'remove') return;
    const { namespace, name } = event.object.metadata;
    const pod = this.#store.get('pods', namespace, name) as Pod | undefined;
    const managed = this.#managed.get(`${namespace}/${name}`);
    if (pod !== undefined && managed !== undefined && managed.uid === pod.metadata.uid)
      this.#writeEndpoint(pod, managed);
  }

  #followIdentity(event: StoreEvent): void {
    if (event.type !== 'remove') return;
    this.#identities.forget(event.object);
    for (const [key, managed] of this.#managed) {
      if (String(managed.identity) !== event.object.metadata.name) continue;
      const identity = this.#identities.obtain(managed.labels);
      const pod = this.#podOf(key);
      this.#managed.set(key, { ...managed, identity });
      if (pod !== undefined) this.#writeEndpoint(pod, { ...managed, identity });
    }
  }

  /** Brings the repository's lists up to date after a round of events. */
  #refresh(): void {
    const stale = [...this.#stale];
    this.#stale.clear();
    if (stale.includes('nodes') || stale.includes(NODES)) this.#refreshNodes();
    if (stale.includes('services')) this.#refreshServices();
    if (stale.includes(GROUPS)) this.#refreshGroups();
    if (stale.includes('namespaces')) this.#refreshNamespaces();
  }

  #refreshNodes(): void {
    const nodes = this.#store.list('nodes') as Node[];
    const facts = nodes.map(
      (node): NodeFacts => ({
        name: node.metadata.name,
        addresses: [
          nodeAddress(node),
          ...(this.#store.get(NODES, undefined, node.metadata.name) === undefined
            ? []
            : [addressIn(podBlock(this.#store, node), 1)]),
        ].filter((one) => one !== ''),
        labels: node.metadata.labels ?? {},
      }),
    );
    this.#repository.setNodes(facts);
    for (const node of nodes) if (this.#running.has(node.metadata.name)) this.#writeNode(node);
  }

  #writeNode(node: Node): void {
    const { name } = node.metadata;
    const wanted = nodeObject(node, podBlock(this.#store, node));
    const known = this.#store.get(NODES, undefined, name);
    if (known === undefined) {
      createObject(this.#sim, this.#store, NODES, wanted);
      this.#stale.add('nodes');
    } else if (
      !sameValue(known['spec'], wanted['spec']) ||
      !sameValue(known.metadata.labels ?? {}, wanted.metadata.labels ?? {})
    ) {
      const { resourceVersion: _, ...metadata } = known.metadata;
      updateObject(this.#store, NODES, {
        ...wanted,
        metadata: { ...metadata, labels: wanted.metadata.labels ?? {} },
      });
    }
  }

  #refreshServices(): void {
    const services = this.#store.list('services').map((service) => {
      const spec = (service['spec'] ?? {}) as { selector?: Readonly<Record<string, string>> };
      return {
        namespace: service.metadata.namespace ?? '',
        name: service.metadata.name,
        labels: service.metadata.labels ?? {},
        selector: spec.selector ?? {},
        endpoints: addressesOf(
          this.#store.get('endpoints', service.metadata.namespace, service.metadata.name),
        ),
      };
    });
    this.#repository.setServices(services);
    this.#repository.setApiServers(addressesOf(this.#store.get('endpoints', 'default', 'kubernetes')));
  }

  #refreshGroups(): void {
    const groups = this.#store.list(GROUPS).map((group) => ({
      name: group.metadata.name,
      labels: group.metadata.labels ?? {},
      cidrs: ((group['spec'] ?? {}) as { externalCIDRs?: readonly string[] }).externalCIDRs ?? [],
    }));
    this.#repository.setCidrGroups(groups);
  }

  #refreshNamespaces(): void {
    const namespaces = this.#store
      .list('namespaces')
      .map((one) => ({ name: one.metadata.name, labels: one.metadata.labels ?? {} }));
    this.#repository.setNamespaces(namespaces);
    for (const [key, managed] of this.#managed) {
      const pod = this.#podOf(key);
      if (pod !== undefined && this.#repository.endpoint(key) !== undefined) this.#renew(pod, managed);
    }
  }

  #teach(key: string, managed: Managed): void {
    const pod = this.#podOf(key);
    if (pod === undefined || pod.metadata.uid !== managed.uid) return;
    this.#repository.upsertEndpoint(endpointFacts(pod));
    this.#renew(pod, managed);
  }

  #writeEndpoint(pod: Pod, managed: Managed): void {
    const { namespace, name } = pod.metadata;
    const node = this.#store.get('nodes', undefined, managed.node) as Node | undefined;
    const wanted = endpointObject(pod, {
      ...managed,
      nodeAddress: node === undefined ? '' : nodeAddress(node),
    });
    const known = this.#store.get(ENDPOINTS, namespace, name);
    if (known === undefined) createObject(this.#sim, this.#store, ENDPOINTS, wanted);
    else {
      const { resourceVersion: _, ...metadata } = known.metadata;
      const next = { ...metadata, ...wanted.metadata };
      updateObject(this.#store, ENDPOINTS, { ...wanted, metadata: next });
    }
  }

  #newId(node: string): number {
    const used = new Set([...this.#managed.values()].filter((one) => one.node === node).map((one) => one.id));
    const own = this.#ownIds(node);
    for (;;) {
      const id = this.#sim.random.integer('endpoint', 1, 4095);
      if (!used.has(id) && id !== own.host && id !== own.health) return id;
    }
  }

  /** The endpoints of the node itself and of its health checker: numbers that follow from the seed. */
  #ownIds(node: string): { readonly host: number; readonly health: number } {
    const number = (what: string): number =>
      (Number.parseInt(hashText(`${this.#sim.random.seed}/${node}/${what}`).slice(0, 8), 16) % 4095) + 1;
    const host = number('host');
    const health = number('health');
    return { host, health: health === host ? (host % 4095) + 1 : health };
  }

  #identityOfPod(key: string): { readonly id: number; readonly labels: readonly string[] } {
    const managed = this.#managed.get(key);
    if (managed !== undefined) return { id: managed.identity, labels: managed.labels };
    const pod = this.#podOf(key);
    if (pod?.spec.hostNetwork === true)
      return { id: RESERVED_IDENTITIES['host'] ?? 1, labels: ['reserved:host'] };
    return { id: RESERVED_IDENTITIES['unmanaged'] ?? 3, labels: ['reserved:unmanaged'] };
  }

  #podOf(key: string): Pod | undefined {
    const slash = key.indexOf('/');
    return this.#store.get('pods', key.slice(0, slash), key.slice(slash + 1)) as Pod | undefined;
  }

  #report(node: string): AgentReport {
    return agentReport(
      {
        store: this.#store,
        repository: this.#repository,
        managed: this.#managed,
        podByAddress: this.#podByAddress,
        identities: this.#identities.all(),
        dns: this.#dns,
        options: this.#options,
        ownIds: this.#ownIds(node),
        policyRevision: this.#revision,
        nowMs: this.#sim.clock.nowMs,
        podOf: (key) => this.#podOf(key),
        identityOf: (peer) => this.identityOf(peer),
      },
      node,
    );
  }
}

function sameRules(a: KubeObject, b: KubeObject): boolean {
  return (
    sameValue(a['spec'], b['spec']) &&
    sameValue(a['specs'], b['specs']) &&
    sameValue(a.metadata.labels, b.metadata.labels)
  );
}

/** The CiliumNode of a node whose pods get addresses of a block. */
function nodeObject(node: Node, block: string): KubeObject {
  const { name, uid } = node.metadata;
  const addresses = [
    { ip: nodeAddress(node), type: 'InternalIP' },
    { ip: addressIn(block, 1), type: 'CiliumInternalIP' },
  ];
  const spec: JsonObject = {
    addresses,
    alibabacloud: {},
    azure: {},
    encryption: {},
    eni: {},
    health: { ipv4: addressIn(block, 2) },
    ingress: {},
    ipam: { podCIDRs: [block], pools: {} },
  };
  return {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNode',
    metadata: {
      name,
      labels: node.metadata.labels ?? {},
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid: uid ?? '' }],
    },
    spec,
    status: { alibabacloud: {}, azure: {}, eni: {}, ipam: { 'operator-status': {} } },
  };
}
