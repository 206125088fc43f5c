import { present } from '../base/assert.ts';
import { byKey, byText } from '../base/order.ts';
import { canonicalAddress } from '../net/address.ts';
import { hasPorts, protocolNumber } from '../net/protocol.ts';
import { buildFilters } from './filters.ts';
import { type Identity, IdentityRegistry, identityLabelTexts } from './identity.ts';
import { allowsHttp, allowsQuery, allowsServerName } from './l7.ts';
import { labelMap, NAMESPACE_KEY } from './labels.ts';
import {
  type CidrGroupFacts,
  type EndpointFacts,
  type FlowSpec,
  type FlowVerdict,
  type NamespaceFacts,
  type NodeFacts,
  type ParsedPolicy,
  type Peer,
  type PolicyConfig,
  type PolicyRule,
  type ServiceFacts,
  type SideVerdict,
  TIER,
} from './model.ts';
import { flowVerdict, sideVerdict, UNMANAGED } from './outcome.ts';
import {
  ALL_PEERS,
  meets,
  reservedSelector,
  type Selector,
  type SelectorContext,
  selects,
} from './selector.ts';
import { PeerBook } from './peers.ts';
import { serviceSelectors } from './services.ts';
import { DirectionTable, type Entry, type PortsByName, type Row } from './table.ts';

/** A pod as the repository holds it. */
type Endpoint = { readonly facts: EndpointFacts; readonly identity: Identity; readonly subject: Subject };

/** Something that policy is enforced on: pods that share labels and named ports, or a node. */
export type Subject = {
  readonly key: string;
  readonly identity: Identity;
  readonly isNode: boolean;
  readonly ownPorts: PortsByName;
};

/** The pods of one identity. `ports` is what a named port means there. */
type PodGroup = {
  readonly identity: Identity;
  readonly members: ReadonlySet<string>;
  readonly ports: PortsByName;
};

/** A rule in force, in the order that evaluation needs. */
type ActiveRule = { readonly rule: PolicyRule; readonly namespace: string; readonly order: string };

/** The two tables of a subject. */
export type Tables = {
  readonly subject: Subject;
  readonly ingress: DirectionTable;
  readonly egress: DirectionTable;
};

/** One side of a flow: who it is there, and who the peer is as that side's node sees it. */
export type Side = { readonly subject: Subject; readonly peer: Identity; readonly peerPorts: PortsByName };

const NO_PORTS: PortsByName = new Map();

/**
 * Policies, the peers they speak about, and verdicts: the model of Cilium's policy engine.
 *
 * Labels make identities; selectors choose identities; the rules that select a subject are merged into filters and
 * compiled into one table a direction (`table.ts`); a verdict is a lookup at the source's egress and one at the
 * destination's ingress. Changes drop only the tables that they touch; tables are made again when asked for.
 */
export class PolicyRepository {
  readonly config: PolicyConfig;
  readonly context: SelectorContext;
  #registry: IdentityRegistry;
  #namespaces = new Map<string, Readonly<Record<string, string>>>();
  #services: readonly ServiceFacts[] = [];
  #peers: PeerBook;
  #endpoints = new Map<string, Endpoint>();
  #endpointByAddress = new Map<string, string>();
  #pods = new Map<number, PodGroup>();
  #policies = new Map<string, { readonly parsed: ParsedPolicy; readonly active: readonly ActiveRule[] }>();
  #rulesOf = new Map<number, readonly ActiveRule[]>();
  #nodeRules: readonly ActiveRule[] = [];
  #tables = new Map<string, Tables>();
  /** Pods' subjects whose tables are yet to be made. */
  #stale = new Map<string, Subject>();
  /** Keys of tables that look named ports up at the peer. */
  #portTables = new Set<string>();
  /** Keys of tables by identity, so that a change finds them. */
  #tableKeys = new Map<number, readonly string[]>();
  #postings: Map<string, Identity[]> | undefined;
  #chosen = new Map<string, readonly Identity[]>();
  #isAudited: (endpointKey: string) => boolean = () => false;

  constructor(config: PolicyConfig, registry = new IdentityRegistry()) {
    this.config = config;
    this.context = { cidrMatchesNodes: config.cidrMatchMode.includes('nodes') };
    this.#registry = registry;
    this.#peers = new PeerBook(config, registry, () => this.#selectorsInUse());
  }

  /** A copy that changes on its own: the live matrix tries drafts on one. Tables are shared until one side changes. */
  fork(): PolicyRepository {
    const copy = new PolicyRepository(this.config, this.#registry);
    copy.#peers = this.#peers.fork(() => copy.#selectorsInUse());
    copy.#namespaces = new Map(this.#namespaces);
    copy.#services = this.#services;
    copy.#endpoints = new Map(this.#endpoints);
    copy.#endpointByAddress = new Map(this.#endpointByAddress);
    copy.#pods = new Map(this.#pods);
    copy.#policies = new Map(this.#policies);
    copy.#rulesOf = new Map(this.#rulesOf);
    copy.#nodeRules = this.#nodeRules;
    copy.#tables = new Map(this.#tables);
    copy.#stale = new Map(this.#stale);
    copy.#portTables = new Set(this.#portTables);
    copy.#tableKeys = new Map(this.#tableKeys);
    copy.#chosen = new Map(this.#chosen);
    copy.#isAudited = this.#isAudited;
    return copy;
  }

  /** Replaces all nodes. */
  setNodes(nodes: readonly NodeFacts[]): void {
    this.#peers.setNodes(nodes);
    this.#dropNodeTables();
  }

  /** Replaces all namespaces; pods of those whose labels changed get new identities. */
  setNamespaces(namespaces: readonly NamespaceFacts[]): void {
    const before = this.#namespaces;
    this.#namespaces = new Map(namespaces.map((item) => [item.name, item.labels]));
    const same = (name: string) =>
      JSON.stringify(before.get(name) ?? {}) === JSON.stringify(this.#namespaces.get(name) ?? {});
    for (const { facts } of [...this.#endpoints.values()])
      if (!same(facts.namespace)) this.upsertEndpoint(facts);
  }

  /** Replaces all Services; only policies with `toServices` look at them. */
  setServices(services: readonly ServiceFacts[]): void {
    this.#services = services;
    for (const [key, { parsed }] of [...this.#policies]) {
      if (parsed.rules.some((rule) => rule.services.length > 0)) this.upsertPolicy(key, parsed);
    }
  }

  /** Replaces the addresses of the kube-apiserver (endpoints of default/kubernetes). */
  setApiServers(addresses: readonly string[]): void {
    this.#peers.setApiServers(addresses);
    this.#dropNodeTables();
  }

  /** Replaces all CiliumCIDRGroups. */
  setCidrGroups(groups: readonly CidrGroupFacts[]): void {
    this.#peers.setCidrGroups(groups);
  }

  /** Replaces what the DNS proxies have seen: name → addresses. */
  setDns(names: ReadonlyMap<string, readonly string[]>): void {
    this.#peers.setDns(names);
  }

  /** Says which pods and nodes (`node:NAME`) are in audit mode beside those that the configuration puts there (PolicyAuditMode of an endpoint). */
  setAudit(isAudited: (endpointKey: string) => boolean): void {
    this.#isAudited = isAudited;
  }

  /** True when what L3 and L4 rules deny a pod passes all the same. */
  isAudited(endpointKey: string): boolean {
    return this.config.isAudit === true || this.#isAudited(endpointKey);
  }

  /** Adds a pod or changes it. */
  upsertEndpoint(facts: EndpointFacts): void {
    const before = this.#endpoints.get(facts.key);
    const identity = this.#peers.podIdentity(facts, this.#namespaces.get(facts.namespace) ?? {});
    const ownPorts = portsByName([facts]);
    const subject: Subject = {
      key: `${identity.number}|${portsText(ownPorts)}`,
      identity,
      isNode: false,
      ownPorts,
    };
    if (before) this.#detach(before);
    this.#endpoints.set(facts.key, { facts, identity, subject });
    for (const address of facts.addresses) this.#endpointByAddress.set(canonicalAddress(address), facts.key);
    if (!this.#tables.has(subject.key)) this.#stale.set(subject.key, subject);
    this.#regroup(identity, facts.key, true);
  }

  /** Removes a pod; does nothing when it is unknown. */
  removeEndpoint(key: string): void {
    const before = this.#endpoints.get(key);
    if (!before) return;
    this.#endpoints.delete(key);
    this.#detach(before);
  }

  /** Adds a policy or replaces the one under `key` (make it unique over kinds, e.g. `cnp/default/web`). */
  upsertPolicy(key: string, policy: ParsedPolicy): void {
    this.removePolicy(key);
    const active = policy.rules.map((rule, i): ActiveRule => {
      const generated =
        rule.services.length > 0 ? serviceSelectors(rule.services, this.#services, this.config.cluster) : [];
      return {
        rule: generated.length > 0 ? { ...rule, peers: [...(rule.peers ?? []), ...generated] } : rule,
        namespace: policy.namespace,
        order: `${key}\u0000${String(i).padStart(6, '0')}`,
      };
    });
    this.#policies.set(key, { parsed: policy, active });
    for (const item of active) {
      if (item.rule.isNode) {
        this.#nodeRules = [...this.#nodeRules, item];
        continue;
      }
      for (const identity of this.#subjectsOf(item)) {
        this.#rulesOf.set(identity.number, [...(this.#rulesOf.get(identity.number) ?? []), item]);
        this.#dropTables(identity.number);
      }
    }
    this.#policiesChanged(active);
  }

  /** Removes a policy; does nothing when it is unknown. */
  removePolicy(key: string): void {
    const before = this.#policies.get(key);
    if (!before) return;
    this.#policies.delete(key);
    const gone = new Set(before.active);
    for (const item of before.active) {
      if (item.rule.isNode) continue;
      for (const identity of this.#subjectsOf(item)) {
        const rules = this.#rulesOf.get(identity.number);
        if (rules)
          this.#rulesOf.set(
            identity.number,
            rules.filter((rule) => !gone.has(rule)),
          );
        this.#dropTables(identity.number);
      }
    }
    this.#nodeRules = this.#nodeRules.filter((item) => !gone.has(item));
    this.#policiesChanged(before.active);
  }

  /** Decides about a flow. */
  judge(flow: FlowSpec): FlowVerdict {
    return flowVerdict(this.egressVerdict(flow), this.ingressVerdict(flow));
  }

  /** The decision at the source. */
  egressVerdict(flow: FlowSpec): SideVerdict {
    const side = this.sideOf(flow, 'egress');
    return side ? this.#judgeSide(side, flow, false) : UNMANAGED;
  }

  /** The decision at the destination. */
  ingressVerdict(flow: FlowSpec): SideVerdict {
    const side = this.sideOf(flow, 'ingress');
    return side ? this.#judgeSide(side, flow, true) : UNMANAGED;
  }

  /** One end of a flow with policy; undefined when that end is not managed. */
  sideOf(flow: FlowSpec, direction: 'egress' | 'ingress'): Side | undefined {
    const [own, other] = direction === 'egress' ? [flow.from, flow.to] : [flow.to, flow.from];
    const at = this.#subjectAt(own);
    if (!at) return undefined;
    const peer = this.#peerSeenFrom(other, at.node);
    return { subject: at.subject, peer, peerPorts: this.#pods.get(peer.number)?.ports ?? NO_PORTS };
  }

  /** Whether policy is enforced on a pod, or on a node (`node:NAME`), by direction; all false for an unknown one. */
  enforcement(key: string): { readonly ingress: boolean; readonly egress: boolean } {
    const at = this.#subjectAt(key.startsWith('node:') ? { node: key.slice(5) } : { endpoint: key });
    if (!at) return { ingress: false, egress: false };
    const tables = this.tablesOf(at.subject);
    return { ingress: tables.ingress.isEnforced, egress: tables.egress.isEnforced };
  }

  /** The rows of a pod's map in one direction, those for every peer last; undefined when policy is not enforced there. */
  mapRows(endpointKey: string, isIngress: boolean): readonly Row[] | undefined {
    const endpoint = this.#endpoints.get(endpointKey);
    const tables = endpoint && this.tablesOf(endpoint.subject);
    const table = isIngress ? tables?.ingress : tables?.egress;
    return table?.isEnforced ? [...table.rows, ...table.everyone] : undefined;
  }

  /** True when a selector picks a peer as the node sees it. */
  picks(selector: Selector, peer: Peer, node: string | undefined): boolean {
    return selects(selector, this.#peerSeenFrom(peer, node), this.context);
  }

  /** The labels by which policy knows a peer, sorted (`k8s:app=web`, `reserved:world`). A node is shown as a remote one. */
  identityLabels(peer: Peer): string[] {
    return identityLabelTexts(this.#peerSeenFrom(peer, undefined));
  }

  /** A text that is equal for peers that no policy can tell apart. */
  identityKey(peer: Peer): string {
    return this.#peerSeenFrom(peer, undefined).key;
  }

  /** Pods known, by key. */
  endpointKeys(): string[] {
    return [...this.#endpoints.keys()];
  }

  /** The facts of a pod. */
  endpoint(key: string): EndpointFacts | undefined {
    return this.#endpoints.get(key)?.facts;
  }

  /** Policies in force, by their keys. */
  policyKeys(): string[] {
    return [...this.#policies.keys()];
  }

  /** The parsed policy under a key. */
  policy(key: string): ParsedPolicy | undefined {
    return this.#policies.get(key)?.parsed;
  }

  /** Why the policy of a side cannot be computed (rules of different L7 protocols on one port); null when it can. */
  conflictAt(side: Side): string | null {
    const tables = this.tablesOf(side.subject);
    return tables.ingress.conflict ?? tables.egress.conflict;
  }

  /** True when both ends are the same pod or the same node: such traffic never meets policy. */
  isSelf(flow: FlowSpec): boolean {
    const name = (peer: Peer) => this.#endpointAt(peer)?.facts.key ?? this.#nodeAt(peer)?.name;
    const own = name(flow.from);
    return own !== undefined && own === name(flow.to);
  }

  /** The rules that select a subject in a direction, in order of evaluation; the explanation goes through them. */
  rulesFor(subject: Subject, isIngress: boolean): PolicyRule[] {
    const own = subject.isNode
      ? this.#nodeRules.filter(({ rule }) => selects(rule.subject, subject.identity, this.context))
      : (this.#rulesOf.get(subject.identity.number) ?? []);
    return own
      .filter(({ rule }) => rule.isIngress === isIngress)
      .sort(
        (a, b) => a.rule.tier - b.rule.tier || a.rule.priority - b.rule.priority || byText(a.order, b.order),
      )
      .map(({ rule }) => rule);
  }

  /** The tables of a subject, made when first asked for. */
  tablesOf(subject: Subject): Tables {
    const known = this.#tables.get(subject.key);
    if (known) return known;
    const made = {
      subject,
      ingress: this.#compile(subject, true),
      egress: this.#compile(subject, false),
    };
    this.#tables.set(subject.key, made);
    if (made.egress.usesPeerPorts || made.ingress.usesPeerPorts) this.#portTables.add(subject.key);
    this.#stale.delete(subject.key);
    const number = subject.identity.number;
    const keys = this.#tableKeys.get(number) ?? [];
    if (!keys.includes(subject.key)) this.#tableKeys.set(number, [...keys, subject.key]);
    return made;
  }

  /** Makes all tables of all pods now, down to the decisions for each peer that some rule names. */
  compileAll(): void {
    const chosen = (selector: Selector) => this.#choose(selector);
    const ports = (peer: Identity) => this.#pods.get(peer.number)?.ports ?? NO_PORTS;
    for (const subject of [...this.#stale.values()]) {
      this.#stale.delete(subject.key);
      if (!subject.isNode && !this.#pods.has(subject.identity.number)) continue;
      const tables = this.tablesOf(subject);
      tables.ingress.warm(chosen, ports, this.#registry.size);
      tables.egress.warm(chosen, ports, this.#registry.size);
    }
  }

  /** A pod for quick lookups: resolve once, then ask `lookup` many times. Undefined for an unknown pod. */
  handle(
    endpointKey: string,
  ): { readonly tables: Tables; readonly identity: Identity; readonly ports: PortsByName } | undefined {
    const endpoint = this.#endpoints.get(endpointKey);
    if (!endpoint) return undefined;
    const { identity, subject } = endpoint;
    return {
      tables: this.tablesOf(subject),
      identity,
      ports: this.#pods.get(identity.number)?.ports ?? NO_PORTS,
    };
  }

  /** The entry of the table that decides one side of a flow. */
  entryFor(
    side: Side,
    flow: FlowSpec,
    isIngress: boolean,
  ): { readonly entry: Entry; readonly table: DirectionTable } {
    const tables = this.tablesOf(side.subject);
    const table = isIngress ? tables.ingress : tables.egress;
    const { protocol, port } = portOf(flow);
    return { entry: table.lookup(side.peer, protocol, port, side.peerPorts), table };
  }

  #judgeSide(side: Side, flow: FlowSpec, isIngress: boolean): SideVerdict {
    const { entry, table } = this.entryFor(side, flow, isIngress);
    const verdict = sideVerdict(entry, table.isEnforced, () => this.#judgeL7(entry, table, side, flow));
    if (verdict.verdict !== 'denied') return verdict;
    if (this.config.isAudit !== true) {
      const { isNode, key } = side.subject;
      const own = isNode ? key : this.#endpointAt(isIngress ? flow.to : flow.from)?.facts.key;
      if (own === undefined || !this.#isAudited(own)) return verdict;
    }
    return { ...verdict, verdict: 'allowed', isAudited: true };
  }

  #judgeL7(entry: Entry, table: DirectionTable, side: Side, flow: FlowSpec): 'allowed' | 'denied' | null {
    const { protocol, port } = portOf(flow);
    const rows = () => table.rowsAt(side.peer, protocol, port, side.peerPorts);
    let allowed: boolean | null = null;
    const parser = entry.policy?.parser;
    if (parser === 'http' && flow.http) allowed = allowsHttp(rows(), flow.http);
    else if ((parser === 'tls' || entry.policy?.serverNames.length) && flow.sni !== undefined)
      allowed = allowsServerName(rows(), flow.sni);
    else if (parser === 'dns' && flow.dns)
      allowed = allowsQuery(entry, side.peer, flow.dns.query, this.context);
    return allowed === null ? null : allowed ? 'allowed' : 'denied';
  }

  #compile(subject: Subject, isIngress: boolean): DirectionTable {
    const off = (isEnforced: boolean) =>
      new DirectionTable(isEnforced, { filters: [], conflict: null }, NO_PORTS, this.context);
    if (this.config.enforcement === 'never') return off(false);
    const rules = this.rulesFor(subject, isIngress);
    const isForced = this.config.enforcement === 'always' || subject.identity.labels.has('init');
    if (rules.length === 0) return off(isForced);
    const hasDefaultDeny = isForced || rules.some((rule) => rule.hasDefaultDeny);
    if (!hasDefaultDeny) rules.push(fallbackRule(isIngress, ALL_PEERS, 'allow', 0));
    else {
      if (isIngress && !subject.isNode) rules.push(fallbackRule(true, HOST, 'allow', 0));
      if (rules.some((rule) => rule.verdict === 'pass'))
        rules.push(fallbackRule(isIngress, ALL_PEERS, 'deny', 1));
    }
    return new DirectionTable(
      true,
      buildFilters(rules, hasDefaultDeny),
      isIngress ? subject.ownPorts : null,
      this.context,
    );
  }

  #subjectAt(peer: Peer): { readonly subject: Subject; readonly node: string | undefined } | undefined {
    const endpoint = this.#endpointAt(peer);
    if (endpoint) return { subject: endpoint.subject, node: endpoint.facts.node };
    const node = this.#nodeAt(peer);
    if (!node || !this.config.hostFirewall) return undefined;
    return { subject: this.#nodeSubject(node), node: node.name };
  }

  #endpointAt(peer: Peer): Endpoint | undefined {
    if ('endpoint' in peer) return this.#endpoints.get(peer.endpoint);
    if (!('address' in peer)) return undefined;
    const key = this.#endpointByAddress.get(canonicalAddress(peer.address));
    return key === undefined ? undefined : this.#endpoints.get(key);
  }

  #nodeAt(peer: Peer): NodeFacts | undefined {
    if ('node' in peer) return this.#peers.node(peer.node);
    return 'address' in peer ? this.#peers.nodeAtAddress(peer.address) : undefined;
  }

  #nodeSubject(node: NodeFacts): Subject {
    return {
      key: `node:${node.name}`,
      identity: this.#peers.subjectIdentity(node),
      isNode: true,
      ownPorts: NO_PORTS,
    };
  }

  #peerSeenFrom(peer: Peer, localNode: string | undefined): Identity {
    const endpoint = this.#endpointAt(peer);
    if (endpoint) return endpoint.identity;
    const node = this.#nodeAt(peer);
    if (node) return this.#peers.nodeIdentity(node, localNode);
    if ('address' in peer) return this.#peers.outsideIdentity(canonicalAddress(peer.address));
    if ('entity' in peer) return this.#peers.entityIdentity(peer.entity, localNode);
    return this.#registry.obtain('unknown', () => ({ labels: labelMap([]) }));
  }

  *#selectorsInUse(): Iterable<Selector> {
    for (const { active } of this.#policies.values()) for (const { rule } of active) yield* rule.peers ?? [];
  }

  #policiesChanged(active: readonly ActiveRule[]): void {
    if (active.some(({ rule }) => rule.isNode)) this.#dropNodeTables();
    const isOutside = (selector: Selector) => selector.kind !== 'all' && selector.kind !== 'labels';
    if (active.some(({ rule }) => rule.peers?.some(isOutside))) {
      this.#peers.forgetSelectors();
    }
  }

  #detach(endpoint: Endpoint): void {
    for (const address of endpoint.facts.addresses) {
      const key = canonicalAddress(address);
      if (this.#endpointByAddress.get(key) === endpoint.facts.key) this.#endpointByAddress.delete(key);
    }
    this.#regroup(endpoint.identity, endpoint.facts.key, false);
  }

  /** Moves a pod into or out of the pods of an identity. */
  #regroup(identity: Identity, key: string, isMember: boolean): void {
    const before = this.#pods.get(identity.number);
    const members = new Set(before?.members);
    if (isMember) members.add(key);
    else members.delete(key);
    if (members.size === 0) {
      if (before && before.ports.size > 0) this.#dropPortTables();
      this.#pods.delete(identity.number);
      this.#rulesOf.delete(identity.number);
      this.#dropTables(identity.number);
      this.#forgetChoices(identity, false);
      return;
    }
    const facts = [...members].flatMap((member) => this.#endpoints.get(member)?.facts ?? []);
    const ports = portsByName(facts);
    this.#pods.set(identity.number, { identity, members, ports });
    if (portsText(before?.ports ?? NO_PORTS) !== portsText(ports)) this.#dropPortTables();
    if (before) return;
    this.#forgetChoices(identity, true);
    const rules = [...this.#policies.values()].flatMap(({ active }) =>
      active.filter((item) => this.#isSubject(item, identity)),
    );
    if (rules.length > 0) this.#rulesOf.set(identity.number, rules);
  }

  #isSubject(item: ActiveRule, identity: Identity): boolean {
    if (item.rule.isNode) return false;
    if (item.namespace !== '' && identity.labels.get(NAMESPACE_KEY)?.value !== item.namespace) return false;
    return selects(item.rule.subject, identity, this.context);
  }

  #subjectsOf(item: ActiveRule): readonly Identity[] {
    const chosen = this.#choose(item.rule.subject);
    if (item.namespace === '') return chosen;
    return chosen.filter((identity) => identity.labels.get(NAMESPACE_KEY)?.value === item.namespace);
  }

  #dropTables(identityNumber: number): void {
    const keys = this.#tableKeys.get(identityNumber);
    if (!keys) return;
    for (const key of keys) this.#drop(key);
    this.#tableKeys.delete(identityNumber);
  }

  #drop(key: string): void {
    const tables = this.#tables.get(key);
    if (!tables) return;
    this.#tables.delete(key);
    this.#portTables.delete(key);
    if (!tables.subject.isNode) this.#stale.set(key, tables.subject);
  }

  /** Nodes changed, or rules about them. */
  #dropNodeTables(): void {
    for (const [key, tables] of [...this.#tables]) if (tables.subject.isNode) this.#drop(key);
  }

  /** Named ports changed somewhere: tables that look them up at the peer are made anew. */
  #dropPortTables(): void {
    for (const key of [...this.#portTables]) this.#drop(key);
  }

  /** An identity came or went: what selectors picked is asked anew, and the lists by label follow. */
  #forgetChoices(identity: Identity, isKnown: boolean): void {
    this.#chosen = new Map();
    const postings = this.#postings;
    if (!postings) return;
    if (isKnown) {
      addTo(postings, identity);
      return;
    }
    for (const text of postingTexts(identity)) {
      const rest = (postings.get(text) ?? []).filter((other) => other !== identity);
      if (rest.length > 0) postings.set(text, rest);
      else postings.delete(text);
    }
  }

  /** Identities of pods that a selector picks. */
  #choose(selector: Selector): readonly Identity[] {
    const known = this.#chosen.get(selector.id);
    if (known) return known;
    const made = this.#candidates(selector).filter((identity) => selects(selector, identity, this.context));
    this.#chosen.set(selector.id, made);
    return made;
  }

  /** A list that holds all that the selector may pick: the shortest that one of its labels gives. */
  #candidates(selector: Selector): readonly Identity[] {
    if (selector.kind === 'cidr' || selector.kind === 'group' || selector.kind === 'name') return [];
    const everyone = () => [...this.#pods.values()].map((group) => group.identity);
    if (selector.kind === 'all') return everyone();
    let best: readonly Identity[] | undefined;
    for (const item of selector.requirements) {
      const value = item.values[0];
      if (item.operator !== 'In' || item.values.length !== 1 || value === undefined) continue;
      const list = this.#posting(item.key, value);
      if (!best || list.length < best.length) best = list;
    }
    return (
      best ?? everyone().filter((identity) => selector.requirements.every((item) => meets(item, identity)))
    );
  }

  #posting(key: string, value: string): readonly Identity[] {
    if (!this.#postings) {
      const postings = new Map<string, Identity[]>();
      for (const { identity } of this.#pods.values()) addTo(postings, identity);
      this.#postings = postings;
    }
    return this.#postings.get(`${key}=${value}`) ?? [];
  }
}

/** The labels of an identity as keys of the lists by label. */
function postingTexts(identity: Identity): string[] {
  return [...identity.labels.values()].map((label) => `${label.key}=${label.value}`);
}

function addTo(postings: Map<string, Identity[]>, identity: Identity): void {
  for (const text of postingTexts(identity)) {
    const list = postings.get(text);
    if (list) list.push(identity);
    else postings.set(text, [identity]);
  }
}

const HOST = reservedSelector('host');

/** A rule that the engine adds itself, after all others (Repository.computePolicyEnforcementAndRules). */
function fallbackRule(
  isIngress: boolean,
  peers: Selector,
  verdict: 'allow' | 'deny',
  priority: number,
): PolicyRule {
  return {
    tier: TIER.fallback,
    priority,
    verdict,
    isIngress,
    isNode: false,
    subject: ALL_PEERS,
    peers: [peers],
    services: [],
    ports: [],
    hasDefaultDeny: false,
    log: '',
    ref: { policyKind: '', namespace: '', name: '', path: [] },
  };
}

function portsByName(facts: readonly EndpointFacts[]): PortsByName {
  const ports = new Map<string, number[]>();
  for (const { namedPorts } of facts) {
    // Of two ports of one pod with the same name the last counts, whatever their protocols (types/portmap.go AddPort).
    for (const port of new Map(namedPorts.map((each) => [each.name.toLowerCase(), each])).values()) {
      const protocol = protocolNumber(port.protocol) ?? 6;
      if (!hasPorts(protocol)) continue;
      const key = `${port.name.toLowerCase()}/${protocol}`;
      const list = ports.get(key) ?? [];
      if (!list.includes(port.port))
        ports.set(
          key,
          [...list, port.port].sort((a, b) => a - b),
        );
    }
  }
  return ports;
}

function portsText(ports: PortsByName): string {
  return [...ports]
    .sort(byKey(([name]) => name))
    .map(([name, list]) => `${name}=${list.join(',')}`)
    .join(';');
}

function portOf(flow: FlowSpec): { readonly protocol: number; readonly port: number } {
  const protocol = present(protocolNumber(flow.protocol), `protocol ${flow.protocol}`);
  return { protocol, port: hasPorts(protocol) ? (flow.port ?? 0) : (flow.icmpType ?? 0) };
}
