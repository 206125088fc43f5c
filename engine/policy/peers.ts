import { byText } from '../base/order.ts';
import { type Address, canonicalAddress, parseAddress } from '../net/address.ts';
import { type Cidr, cidrContains, parseCidr } from '../net/cidr.ts';
import type { GroupMembership, Identity, IdentityFacts, IdentityRegistry } from './identity.ts';
import {
  CLUSTER_KEY,
  isIdentityLabel,
  type Label,
  labelMap,
  NAMESPACE_KEY,
  NAMESPACE_LABELS_KEY,
  reserved,
  SERVICE_ACCOUNT_KEY,
} from './labels.ts';
import type { CidrGroupFacts, EndpointFacts, NodeFacts, PolicyConfig } from './model.ts';
import { absoluteName, matchesName } from './name-pattern.ts';
import { cidrSelector, type Selector } from './selector.ts';

/** A label of Kubernetes. */
export function k8s(key: string, value: string): Label {
  return { source: 'k8s', key, value };
}

/** What names and groups say of an address. */
type KnownOfAddress = Required<Pick<IdentityFacts, 'names' | 'groups'>>;

function keyOf({ names, groups }: KnownOfAddress) {
  return [names, groups.map((group) => [group.name, ...group.labels])];
}

function blockText(selector: Selector): string {
  return selector.kind === 'cidr' ? (selector.id.slice('cidr:'.length).split('-')[0] ?? '') : '';
}

/**
 * Who is who: nodes, outside addresses with their groups and names, and the identity that each peer has.
 * `selectorsInUse` gives the peers' selectors of all policies; call `forgetSelectors` when they changed.
 */
export class PeerBook {
  readonly config: PolicyConfig;
  readonly #registry: IdentityRegistry;
  readonly #selectorsInUse: () => Iterable<Selector>;
  #nodes = new Map<string, NodeFacts>();
  #nodeByAddress = new Map<string, string>();
  #groups: readonly { readonly blocks: readonly Cidr[]; readonly membership: GroupMembership }[] = [];
  #namesByAddress = new Map<string, readonly string[]>();
  #apiServers = new Set<string>();
  #outside = new Map<string, Identity>();
  #outsideSelectors: readonly Selector[] | undefined;

  constructor(config: PolicyConfig, registry: IdentityRegistry, selectorsInUse: () => Iterable<Selector>) {
    this.config = config;
    this.#registry = registry;
    this.#selectorsInUse = selectorsInUse;
  }

  /** A copy that changes on its own. */
  fork(selectorsInUse: () => Iterable<Selector>): PeerBook {
    const copy = new PeerBook(this.config, this.#registry, selectorsInUse);
    copy.#nodes = this.#nodes;
    copy.#nodeByAddress = this.#nodeByAddress;
    copy.#groups = this.#groups;
    copy.#namesByAddress = this.#namesByAddress;
    copy.#apiServers = this.#apiServers;
    copy.#outside = new Map(this.#outside);
    copy.#outsideSelectors = this.#outsideSelectors;
    return copy;
  }

  /** Replaces all nodes. */
  setNodes(nodes: readonly NodeFacts[]): void {
    this.#nodes = new Map(nodes.map((node) => [node.name, node]));
    this.#nodeByAddress = new Map(
      nodes.flatMap((node) =>
        node.addresses.map((address) => [canonicalAddress(address), node.name] as const),
      ),
    );
    this.#forgetOutside();
  }

  /** Replaces all CiliumCIDRGroups. */
  setCidrGroups(groups: readonly CidrGroupFacts[]): void {
    this.#groups = groups.map((group) => ({
      blocks: group.cidrs.flatMap((text) => parseCidr(text) ?? []),
      membership: { name: group.name, labels: new Map(Object.entries(group.labels)) },
    }));
    this.#forgetOutside();
  }

  /** Replaces what the DNS proxies have seen: name → addresses. */
  setDns(names: ReadonlyMap<string, readonly string[]>): void {
    const byAddress = new Map<string, string[]>();
    for (const [name, addresses] of names) {
      for (const address of addresses) {
        const key = canonicalAddress(address);
        const list = byAddress.get(key);
        if (list) list.push(absoluteName(name));
        else byAddress.set(key, [absoluteName(name)]);
      }
    }
    for (const list of byAddress.values()) list.sort(byText);
    this.#namesByAddress = byAddress;
    this.#forgetOutside();
  }

  /** Replaces the addresses of the kube-apiserver. */
  setApiServers(addresses: readonly string[]): void {
    this.#apiServers = new Set(addresses.map(canonicalAddress));
    this.#forgetOutside();
  }

  /** Selectors of outside peers came or went. */
  forgetSelectors(): void {
    this.#outsideSelectors = undefined;
    this.#forgetOutside();
  }

  /** A node by its name. */
  node(name: string): NodeFacts | undefined {
    return this.#nodes.get(name);
  }

  /** The node that has an address. */
  nodeAtAddress(address: string): NodeFacts | undefined {
    const name = this.#nodeByAddress.get(canonicalAddress(address));
    return name === undefined ? undefined : this.#nodes.get(name);
  }

  /** A node as the subject of host policies: reserved:host with the labels of the Kubernetes node. */
  subjectIdentity(node: NodeFacts): Identity {
    const texts = Object.entries(node.labels).filter(([key]) => isIdentityLabel(key));
    return this.#registry.obtain(`subject ${node.name} ${JSON.stringify(texts)}`, () => ({
      labels: labelMap([...texts.map(([label, value]) => k8s(label, value)), reserved('host')]),
      isNode: true,
    }));
  }

  /** A node as a peer, seen from `localNode`: the host itself, or a remote node. */
  nodeIdentity(node: NodeFacts, localNode: string | undefined): Identity {
    return node.name === localNode ? this.#hostIdentity(node) : this.#remoteNodeIdentity(node);
  }

  /** A reserved identity by its name; `host` is the local node. */
  entityIdentity(name: string, localNode: string | undefined): Identity {
    const node = localNode === undefined ? undefined : this.#nodes.get(localNode);
    if (name === 'host' && node) return this.#hostIdentity(node);
    if (name === 'world' || name === 'world-ipv4' || name === 'world-ipv6') {
      const family = name === 'world-ipv6' ? 6 : 4;
      return this.#registry.obtain(`entity ${name} ${this.config.ipv6}`, () => ({
        labels: labelMap([name === 'world' ? this.#worldLabel(family) : reserved(name)]),
        isWorld: true,
        worldFamilies: name === 'world' || this.config.ipv6 ? [family] : [],
      }));
    }
    const labels = name === 'kube-apiserver' ? [reserved(name), reserved('remote-node')] : [reserved(name)];
    const isNode = name === 'host' || name === 'remote-node' || name === 'kube-apiserver';
    return this.#registry.obtain(`entity ${name}`, () => ({ labels: labelMap(labels), isNode }));
  }

  /** The identity of an outside address in canonical form. */
  outsideIdentity(text: string): Identity {
    const known = this.#outside.get(text);
    if (known) return known;
    const made = this.#makeOutside(text);
    this.#outside.set(text, made);
    return made;
  }

  /** The identity of a pod; `namespaceLabels` are those of its namespace. */
  podIdentity(facts: EndpointFacts, namespaceLabels: Readonly<Record<string, string>>): Identity {
    if (facts.isInit) return this.entityIdentity('init', undefined);
    if (facts.isIngress) return this.entityIdentity('ingress', undefined);
    const labels: Label[] = [];
    for (const [key, value] of Object.entries(facts.labels))
      if (isIdentityLabel(key)) labels.push(k8s(key, value));
    labels.push(k8s(NAMESPACE_KEY, facts.namespace));
    labels.push(k8s(CLUSTER_KEY, this.config.cluster));
    labels.push(k8s(SERVICE_ACCOUNT_KEY, facts.serviceAccount));
    for (const [key, value] of Object.entries(namespaceLabels)) {
      const label = `${NAMESPACE_LABELS_KEY}.${key}`;
      if (isIdentityLabel(label)) labels.push(k8s(label, value));
    }
    // The API server gives each namespace the label of its name, whatever it was given.
    labels.push(k8s(`${NAMESPACE_LABELS_KEY}.kubernetes.io/metadata.name`, facts.namespace));
    const map = labelMap(labels);
    // Pods that differ in named ports are told apart: Cilium 1.20 makes a generated label of them.
    const ports = facts.namedPorts.map(({ name, port, protocol }) => `${name}.${protocol}.${port}`);
    const texts = [...map.values()].map((label) => `${label.key}=${label.value}`);
    const key = `pod ${[...texts, ...ports].sort(byText).join(';')}`;
    return this.#registry.obtain(key, () => ({ labels: map, aggregate: 'cluster', isPod: true }));
  }

  #isApiServer(node: NodeFacts): boolean {
    return node.addresses.some((address) => this.#apiServers.has(canonicalAddress(address)));
  }

  #nodeLabels(node: NodeFacts): Label[] {
    const labels = this.#isApiServer(node) ? [reserved('kube-apiserver')] : [];
    if (!this.config.nodeSelectorLabels) return labels;
    const own = Object.entries(node.labels).map(([key, value]): Label => ({ source: 'node', key, value }));
    return [...labels, ...own, k8s(CLUSTER_KEY, this.config.cluster)];
  }

  #hostIdentity(node: NodeFacts): Identity {
    const labels = [...this.#nodeLabels(node), reserved('host')];
    const known = this.#knownOf(node);
    return this.#registry.obtain(
      `host ${node.name} ${node.addresses.join(',')} ${JSON.stringify([labels, keyOf(known)])}`,
      () => ({
        ...known,
        labels: labelMap(labels),
        isNode: true,
        addresses: node.addresses.flatMap((address) => parseAddress(address) ?? []),
      }),
    );
  }

  /** What is known of a node's addresses as of outside ones, where policy-cidr-match-mode takes nodes for such. */
  #knownOf(node: NodeFacts): KnownOfAddress {
    if (!this.config.cidrMatchMode.includes('nodes')) return { names: [], groups: [] };
    const addresses = node.addresses.map(canonicalAddress);
    return {
      names: addresses.flatMap((text) => this.#namesByAddress.get(text) ?? []),
      groups: this.#groupsOf(addresses.flatMap((text) => parseAddress(text) ?? [])),
    };
  }

  #groupsOf(addresses: readonly Address[]): readonly GroupMembership[] {
    return this.#groups
      .filter(({ blocks }) => blocks.some((block) => addresses.some((each) => cidrContains(block, each))))
      .map((group) => group.membership);
  }

  #remoteNodeIdentity(node: NodeFacts): Identity {
    const labels = [...this.#nodeLabels(node), reserved('remote-node')];
    const isOwn = this.config.nodeSelectorLabels || this.config.cidrMatchMode.includes('nodes');
    const addresses = isOwn ? node.addresses : [];
    const known = this.#knownOf(node);
    const key = `remote ${addresses.join(',')} ${JSON.stringify([labels, keyOf(known)])}`;
    return this.#registry.obtain(key, () => ({
      ...known,
      labels: labelMap(labels),
      isNode: true,
      aggregate: isOwn ? 'remote-node' : 'any',
      addresses: addresses.flatMap((address) => parseAddress(address) ?? []),
    }));
  }

  #worldLabel(family: 4 | 6): Label {
    return reserved(
      this.config.ipv6 ? (family === 4 ? 'world-ipv4' : 'world-ipv6') : family === 4 ? 'world' : 'world-ipv6',
    );
  }

  #makeOutside(text: string): Identity {
    const address = parseAddress(text);
    if (!address) return this.entityIdentity('world', undefined);
    const isApiServer = this.#apiServers.has(text);
    const names = this.#namesByAddress.get(text) ?? [];
    const groups = this.#groupsOf([address]);
    const selectors = this.#selectorsOfOutside();
    const blocks = selectors.filter(
      (item) => item.kind === 'cidr' && item.block.bits > 0 && cidrContains(item.block, address),
    );
    const named = selectors.filter(
      (item) => item.kind === 'name' && names.some((name) => matchesName(item.pattern, name)),
    );
    const isKnown = isApiServer || groups.length > 0 || blocks.length > 0 || named.length > 0;
    const labels = [
      ...blocks.slice(0, 1).map((item): Label => ({ source: 'cidr', key: blockText(item), value: '' })),
      ...named.map((item): Label => ({ source: 'fqdn', key: item.id.slice('fqdn:'.length), value: '' })),
      ...(isApiServer ? [reserved('kube-apiserver')] : []),
      this.#worldLabel(address.family),
    ];
    const facts = [text, isKnown, keyOf({ names, groups }), labels, this.config.ipv6];
    return this.#registry.obtain(`outside ${JSON.stringify(facts)}`, () => ({
      labels: labelMap(labels),
      aggregate: isKnown ? 'world' : 'any',
      isWorld: true,
      worldFamilies: [address.family],
      addresses: [address],
      names,
      groups,
    }));
  }

  /** CIDR and name selectors in use: the longest blocks first. */
  #selectorsOfOutside(): readonly Selector[] {
    if (this.#outsideSelectors) return this.#outsideSelectors;
    const found = new Map<string, Selector>();
    const add = (selector: Selector) => {
      if (selector.kind === 'name') found.set(selector.id, selector);
      if (selector.kind === 'cidr') found.set(selector.id, selector);
      if (selector.kind === 'cidr' || selector.kind === 'group') {
        for (const hole of selector.except) add(cidrSelector(hole));
      }
    };
    for (const selector of this.#selectorsInUse()) add(selector);
    const bits = (selector: Selector) => (selector.kind === 'cidr' ? selector.block.bits : -1);
    this.#outsideSelectors = [...found.values()].sort((a, b) => bits(b) - bits(a) || byText(a.id, b.id));
    return this.#outsideSelectors;
  }

  #forgetOutside(): void {
    this.#outside = new Map();
  }
}
