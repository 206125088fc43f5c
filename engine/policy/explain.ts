import { formatCidr } from '../net/cidr.ts';
import { hasPorts, PROTOCOL_NUMBERS, protocolNumber } from '../net/protocol.ts';
import { isAnyRequest } from './filters.ts';
import type { Identity } from './identity.ts';
import { meetsHttp } from './l7.ts';
import { CLUSTER_KEY, labelText, NAMESPACE_KEY, NAMESPACE_LABELS_KEY } from './labels.ts';
import type { FlowSpec, FlowVerdict, PolicyRule, PortRule, PortSpec, RuleRef, SideVerdict } from './model.ts';
import { absoluteName, matchesName, serverNamePattern } from './name-pattern.ts';
import { flowVerdict, policyName, UNMANAGED } from './outcome.ts';
import { type Place, placeIn, type PolicySource } from './positions.ts';
import type { PolicyRepository, Side } from './repository.ts';
import { meets, type Requirement, type Selector, selects } from './selector.ts';
import type { PortsByName } from './table.ts';

/** One rule that was weighed. `why` is one short sentence; `isDeciding` marks the rules that gave the verdict. */
export type ConsideredRule = {
  readonly ref: RuleRef;
  /** `namespace/name`, or `name` when cluster-wide. */
  readonly policy: string;
  readonly verdict: 'allow' | 'deny' | 'pass';
  readonly matches: boolean;
  readonly isDeciding: boolean;
  readonly why: string;
  /** Where the rule stands, when a source of its policy is known. */
  readonly place?: Place;
};

/** The explanation of one end. */
export type SideExplanation = {
  readonly direction: 'egress' | 'ingress';
  readonly side: SideVerdict;
  /** The decision and its reason in one sentence. */
  readonly summary: string;
  /** Every rule that selects this end in this direction, in order of evaluation. */
  readonly considered: readonly ConsideredRule[];
};

/** The explanation of a verdict. */
export type FlowExplanation = {
  readonly verdict: FlowVerdict;
  readonly egress: SideExplanation;
  readonly ingress: SideExplanation;
};

/**
 * Says why a flow is forwarded or not: for each end every rule that was weighed, and why it did or did not match.
 * @param sources Texts of the policies, for lines and columns; the first that holds a policy is taken.
 */
export function explain(
  repository: PolicyRepository,
  flow: FlowSpec,
  sources: readonly PolicySource[] = [],
): FlowExplanation {
  const egress = explainSide(repository, flow, 'egress', sources);
  const ingress = explainSide(repository, flow, 'ingress', sources);
  return { verdict: flowVerdict(egress.side, ingress.side), egress, ingress };
}

function explainSide(
  repository: PolicyRepository,
  flow: FlowSpec,
  direction: 'egress' | 'ingress',
  sources: readonly PolicySource[],
): SideExplanation {
  const isIngress = direction === 'ingress';
  const where = repository.sideOf(flow, direction);
  if (!where) {
    const end = isIngress ? 'destination' : 'source';
    return {
      direction,
      side: UNMANAGED,
      summary: `No policy applies at the ${end}: it is no pod of the cluster.`,
      considered: [],
    };
  }
  const side = isIngress ? repository.ingressVerdict(flow) : repository.egressVerdict(flow);
  const ownPorts = isIngress ? where.subject.ownPorts : where.peerPorts;
  const rules = repository.rulesFor(where.subject, isIngress);
  const isForced = repository.config.enforcement === 'always' || where.subject.identity.labels.has('init');
  const hasDefaultDeny = isForced || rules.some((rule) => rule.hasDefaultDeny);
  const considered = rules.map((rule): ConsideredRule => {
    const weighed = weigh(repository, rule, { where, flow, ports: ownPorts, isIngress, hasDefaultDeny });
    // Server names of one rule bind the others on the same peers and port; plain rules do not lift them.
    const isBound = weighed.matches && side.l7 === 'tls' && side.l7verdict === 'denied';
    const matches = weighed.matches && !isBound;
    const why = isBound
      ? `${weighed.why.slice(0, -1)}, but the server names of another rule bind here too.`
      : weighed.why;
    const ref = weighed.ref;
    const isDeciding = side.rules.some(
      (other) => isWithin(other, rule.ref) || (weighed.matches && isWithin(other, entryRef(rule.ref))),
    );
    const place = placeIn(sources, ref);
    const base = { ref, policy: policyName(ref), verdict: rule.verdict, matches, isDeciding, why };
    return place ? { ...base, place } : base;
  });
  return { direction, side, summary: summaryOf(side, considered, isIngress), considered };
}

/** The rule that a peer of a NetworkPolicy or ClusterNetworkPolicy stands in: its ports belong to all of its peers. */
function entryRef(ref: RuleRef): RuleRef {
  return { ...ref, path: ref.path.slice(0, 3) };
}

/** True when `inner` is the rule `outer` or a port rule in it. */
function isWithin(inner: RuleRef, outer: RuleRef): boolean {
  return (
    inner.policyKind === outer.policyKind &&
    inner.namespace === outer.namespace &&
    inner.name === outer.name &&
    outer.path.every((step, i) => inner.path[i] === step)
  );
}

function summaryOf(side: SideVerdict, considered: readonly ConsideredRule[], isIngress: boolean): string {
  const way = isIngress ? 'Ingress' : 'Egress';
  if (!side.enforced) return `${way} is open: no policy selects this pod in this direction.`;
  if (side.isAudited) {
    const { isAudited: _, ...real } = side;
    return `${summaryOf({ ...real, verdict: 'denied' }, considered, isIngress)} Audit mode lets it pass.`;
  }
  const names = side.rulesMatched.join(', ');
  if (side.verdict === 'denied') {
    if (side.deniedBy === 'explicit') return `${way} is denied by a deny rule of ${names}.`;
    const policies = [...new Set(considered.map((rule) => rule.policy))];
    if (policies.length === 0)
      return `${way} is denied: enforcement is always on and no rule allows anything.`;
    return `${way} is denied by default: ${policies.join(', ')} ${policies.length > 1 ? 'select' : 'selects'} this pod, and no rule allows this.`;
  }
  if (side.auth) return `${way} is allowed by ${names}, which demands authentication.`;
  if (side.l7verdict === 'denied')
    return `${way} goes through the ${side.l7} proxy, and no rule of ${names} lets this pass.`;
  if (side.l7) return `${way} is allowed by ${names}, through the ${side.l7} proxy.`;
  if (names === '')
    return `${way} is allowed: ${isIngress ? 'the local host may always reach its pods, or nothing here denies' : 'nothing here denies'} by default.`;
  return `${way} is allowed by ${names}.`;
}

type Weighed = { readonly matches: boolean; readonly why: string; readonly ref: RuleRef };

type WeighContext = {
  readonly where: Side;
  readonly flow: FlowSpec;
  readonly ports: PortsByName;
  readonly isIngress: boolean;
  readonly hasDefaultDeny: boolean;
};

function weigh(repository: PolicyRepository, rule: PolicyRule, context: WeighContext): Weighed {
  const { where, flow, ports, isIngress, hasDefaultDeny } = context;
  const does = rule.verdict === 'deny' ? 'denies' : rule.verdict === 'pass' ? 'passes on' : 'allows';
  const other = isIngress ? 'source' : 'destination';
  const miss = (why: string, ref = rule.ref): Weighed => ({ matches: false, why, ref });
  if (rule.peers === null) return miss('Its list of peers is empty, which means nobody.');
  if (rule.peers.length === 0 && rule.ports.length === 0) {
    return miss(`An empty rule ${does} nothing; it only turns on default deny.`);
  }
  const chosen = rule.peers.find((selector) => selects(selector, where.peer, repository.context));
  if (rule.peers.length > 0 && !chosen) return miss(peerMiss(rule.peers, where.peer, repository, other));
  const who = chosen && chosen.kind !== 'all' ? `the ${other}` : 'any peer';
  if (rule.ports.length === 0)
    return { matches: true, why: `It ${does} ${who} on all ports.`, ref: rule.ref };
  let last: Weighed = miss('It names no port.');
  for (const portRule of rule.ports) {
    const port = portRule.ports.find((spec) => coversPort(spec, flow, ports));
    if (!port) {
      last = miss(portMiss(portRule, flow), portRule.ref);
      continue;
    }
    // Without default deny a rule at layer 7 refuses nothing.
    const l7 = hasDefaultDeny ? l7Miss(portRule, flow) : undefined;
    if (l7 !== undefined) last = miss(l7, portRule.ref);
    else return { matches: true, why: `It ${does} ${who} on ${specText(port)}.`, ref: portRule.ref };
  }
  return last;
}

function flowPort(flow: FlowSpec): { readonly protocol: number; readonly port: number } {
  const protocol = protocolNumber(flow.protocol) ?? 0;
  return { protocol, port: hasPorts(protocol) ? (flow.port ?? 0) : (flow.icmpType ?? 0) };
}

function coversPort(spec: PortSpec, flow: FlowSpec, ports: PortsByName): boolean {
  const { protocol, port } = flowPort(flow);
  if (spec.protocol !== 0 && spec.protocol !== protocol) return false;
  if (spec.portName !== undefined)
    return ports.get(`${spec.portName}/${spec.protocol}`)?.includes(port) ?? false;
  if (spec.port === 0) return true;
  return spec.endPort > spec.port ? spec.port <= port && port <= spec.endPort : spec.port === port;
}

function protocolText(protocol: number): string {
  for (const [name, number] of PROTOCOL_NUMBERS) if (number === protocol) return name;
  return String(protocol);
}

function specText(spec: PortSpec): string {
  const protocol = protocolText(spec.protocol);
  if (!hasPorts(spec.protocol)) return spec.port === 0 ? `all ${protocol}` : `${protocol} type ${spec.port}`;
  if (spec.portName !== undefined) return `port ${spec.portName}/${protocol}`;
  if (spec.port === 0) return `all ports/${protocol}`;
  return spec.endPort > spec.port
    ? `ports ${spec.port}-${spec.endPort}/${protocol}`
    : `port ${spec.port}/${protocol}`;
}

function portMiss(rule: PortRule, flow: FlowSpec): string {
  const { protocol, port } = flowPort(flow);
  if (rule.ports.length === 0) return 'Its port rule lists no port, so it is about nothing.';
  const same = rule.ports.filter((spec) => spec.protocol === protocol);
  const flowText = hasPorts(protocol)
    ? `port ${port}/${protocolText(protocol)}`
    : `${protocolText(protocol)} type ${port}`;
  const listed = [...new Set((same.length > 0 ? same : rule.ports).map(specText))].join(', ');
  const named = same.some((spec) => spec.portName !== undefined) ? ' (no such port by that name there)' : '';
  return `It is about ${listed}${named}; the flow goes to ${flowText}.`;
}

function l7Miss(rule: PortRule, flow: FlowSpec): string | undefined {
  const { http, dns, sni } = flow;
  if (
    http &&
    rule.http.length > 0 &&
    !rule.http.some((item) => isAnyRequest(item) || meetsHttp(item, http))
  ) {
    const wanted = rule.http.map(
      (item) => [item.method, item.host, item.path].filter(Boolean).join(' ') || 'certain headers',
    );
    return `Its HTTP rules let ${wanted.join(' or ')} pass, not ${http.method} ${http.path}.`;
  }
  if (
    dns &&
    rule.dns.length > 0 &&
    !rule.dns.some((item) => matchesName(item.pattern, absoluteName(dns.query)))
  ) {
    return `Its DNS rules let ${rule.dns.map((item) => item.text).join(' or ')} pass, not ${dns.query}.`;
  }
  const names = rule.serverNames;
  if (
    sni !== undefined &&
    names.length > 0 &&
    !names.some((name) => matchesName(serverNamePattern(name), sni.toLowerCase()))
  ) {
    return `It lets the server names ${names.join(', ')} pass, not ${sni}.`;
  }
  return undefined;
}

/** The nearest miss among the selectors: the one with the fewest unmet requirements. */
function peerMiss(
  selectors: readonly Selector[],
  peer: Identity,
  repository: PolicyRepository,
  other: string,
): string {
  let best: { readonly unmet: readonly Requirement[] } | undefined;
  for (const selector of selectors) {
    if (selector.kind !== 'labels') continue;
    const unmet = selector.requirements.filter((item) => item.key !== CLUSTER_KEY && !meets(item, peer));
    if (unmet.length > 0 && (!best || unmet.length < best.unmet.length)) best = { unmet };
  }
  const first = best?.unmet[0];
  if (first) return `It asks for ${requirementText(first)}; the ${other} ${labelsText(first, peer)}.`;
  const outside = selectors.filter((selector) => selector.kind !== 'labels').map(outsideText);
  if (!peer.isWorld) {
    const what = peer.isPod ? 'a pod' : 'a node or another reserved peer';
    return `It is about outside addresses (${outside.join(', ')}); the ${other} is ${what}, which these never match.`;
  }
  void repository;
  return `It is about ${outside.join(', ') || 'other peers'}; the ${other} is not among them.`;
}

function outsideText(selector: Selector): string {
  if (selector.kind === 'cidr') {
    const except = selector.except.map(formatCidr).join(', ');
    return `${formatCidr(selector.block)}${except && ` except ${except}`}`;
  }
  if (selector.kind === 'group')
    return selector.name === undefined ? 'CIDR groups by labels' : `CIDR group ${selector.name}`;
  if (selector.kind === 'name') return selector.id.replace('fqdn:', '');
  return selector.kind === 'all' ? 'any peer' : 'pods by labels';
}

function keyText(key: string): string {
  if (key === NAMESPACE_KEY) return 'namespace';
  return key.startsWith(`${NAMESPACE_LABELS_KEY}.`)
    ? `namespace label ${key.slice(NAMESPACE_LABELS_KEY.length + 1)}`
    : key;
}

function requirementText(item: Requirement): string {
  const key = keyText(item.key);
  if (item.source === 'reserved')
    return `the entity ${item.key.replace(/^aggregate-/, '').replace(/-ipv[46]$/, '')}`;
  switch (item.operator) {
    case 'In':
      return item.values.length === 1 ? `${key}=${item.values[0]}` : `${key} in (${item.values.join(', ')})`;
    case 'NotIn':
      return `${key} not in (${item.values.join(', ')})`;
    case 'Exists':
      return item.key === NAMESPACE_KEY ? 'a pod' : `a label ${key}`;
    case 'DoesNotExist':
      return `no label ${key}`;
  }
}

function labelsText(item: Requirement, peer: Identity): string {
  const label = peer.labels.get(item.key);
  if (item.source === 'reserved' && peer.isPod) return 'is a pod';
  if (label) return `has ${keyText(item.key)}=${label.value}`;
  const reserved = [...peer.labels.values()].filter((each) => each.source === 'reserved');
  if (reserved.length > 0) return `is ${reserved.map(labelText).join(', ')}`;
  return `has no ${keyText(item.key)}`;
}
