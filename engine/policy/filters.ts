import type {
  Authentication,
  DnsRule,
  HttpRule,
  L7Parser,
  PolicyRule,
  PortRule,
  PortSpec,
  RuleRef,
} from './model.ts';
import { dnsPattern } from './name-pattern.ts';
import { ALL_PEERS, reservedSelector, type Selector } from './selector.ts';

/**
 * What one filter says about one selector of peers (Cilium's PerSelectorPolicy): the verdict of the rules that name
 * the same peers, protocol and port, merged.
 */
export type PeerPolicy = {
  /** Rank of tier and priority over all rules of the subject and direction: lower goes first. */
  readonly level: number;
  readonly tier: number;
  readonly verdict: 'allow' | 'deny' | 'pass';
  readonly parser: L7Parser | null;
  readonly listener: string;
  readonly listenerPriority: number;
  readonly http: readonly HttpRule[];
  readonly dns: readonly DnsRule[];
  readonly serverNames: readonly string[];
  readonly endsTls: boolean;
  readonly authentication?: Authentication;
  readonly log: string;
  readonly refs: readonly RuleRef[];
};

/** All that is said about one protocol and port (or range, or named port) in one tier. */
export type Filter = {
  readonly tier: number;
  readonly spec: PortSpec;
  readonly peers: Map<string, { readonly selector: Selector; policy: PeerPolicy }>;
};

/** Filters of one direction, and why they could not all be merged (Cilium then fails to compute the endpoint's policy). */
export type Filters = { readonly filters: readonly Filter[]; readonly conflict: string | null };

/** The entity `none`: rules about it are never merged, so they cannot be in conflict. */
const NOBODY = reservedSelector('none').id;

const EVERY_PORT: PortSpec = { port: 0, endPort: 0, protocol: 0 };

/** Default listener priorities of the parsers (Cilium's policy/l4.go): a lower number takes precedence. */
const LISTENER_PRIORITY: Readonly<Record<L7Parser, number>> = { http: 101, tls: 116, dns: 121, crd: 126 };

/**
 * Merges the rules that select a subject in one direction into filters.
 * @param rules In order of tier and priority.
 * @param hasDefaultDeny False: rules at layer 7 must not refuse anything, so each gets a match-all.
 */
export function buildFilters(rules: readonly PolicyRule[], hasDefaultDeny: boolean): Filters {
  const filters = new Map<string, Filter>();
  let conflict: string | null = null;
  let level = -1;
  let last: PolicyRule | undefined;
  for (const rule of rules) {
    if (!last || last.tier !== rule.tier || last.priority !== rule.priority) level++;
    last = rule;
    if (rule.peers === null) continue;
    if (rule.ports.length === 0) {
      if (rule.peers.length > 0)
        conflict = addFilter(filters, rule, undefined, EVERY_PORT, level, hasDefaultDeny) ?? conflict;
      continue;
    }
    for (const portRule of rule.ports) {
      for (const spec of portRule.ports) {
        conflict = addFilter(filters, rule, portRule, spec, level, hasDefaultDeny) ?? conflict;
      }
    }
  }
  return { filters: [...filters.values()], conflict };
}

function addFilter(
  filters: Map<string, Filter>,
  rule: PolicyRule,
  portRule: PortRule | undefined,
  spec: PortSpec,
  level: number,
  hasDefaultDeny: boolean,
): string | undefined {
  const key = `${rule.tier} ${spec.protocol} ${spec.portName ?? `${spec.port}-${spec.endPort}`}`;
  let filter = filters.get(key);
  if (!filter) {
    filter = { tier: rule.tier, spec, peers: new Map() };
    filters.set(key, filter);
  }
  const policy = peerPolicy(rule, portRule, spec, level, hasDefaultDeny);
  // Two entities of one rule may share a selector, which is asked once.
  const peers = rule.peers?.length ? rule.peers : [ALL_PEERS];
  const distinct = peers.length > 1 ? new Map(peers.map((each) => [each.id, each])).values() : peers;
  let conflict: string | undefined;
  for (const selector of distinct) {
    const existing = filter.peers.get(selector.id);
    if (!existing) {
      filter.peers.set(selector.id, { selector, policy });
      continue;
    }
    if (selector.id === NOBODY) continue;
    const merged = mergePolicies(existing.policy, policy);
    if (typeof merged === 'string') conflict = merged;
    else existing.policy = merged;
  }
  return conflict;
}

function peerPolicy(
  rule: PolicyRule,
  portRule: PortRule | undefined,
  spec: PortSpec,
  level: number,
  hasDefaultDeny: boolean,
): PeerPolicy {
  const parser = rule.verdict === 'allow' && portRule ? parserOf(portRule, spec) : null;
  const opensL7 = !hasDefaultDeny && rule.verdict === 'allow';
  const http = portRule?.http ?? [];
  const dns = portRule?.dns ?? [];
  return {
    level,
    tier: rule.tier,
    verdict: rule.verdict,
    parser,
    listener: portRule?.listener?.name ?? '',
    listenerPriority: parser === null ? 0 : portRule?.listener?.priority || LISTENER_PRIORITY[parser],
    http: opensL7 && parser === 'http' ? openHttp(http) : http,
    dns: opensL7 && parser === 'dns' ? openDns(dns) : dns,
    serverNames: portRule?.serverNames ?? [],
    endsTls: portRule?.endsTls ?? false,
    ...(rule.authentication && { authentication: rule.authentication }),
    log: rule.log,
    refs: [portRule?.ref ?? rule.ref],
  };
}

function parserOf(portRule: PortRule, spec: PortSpec): L7Parser | null {
  if (portRule.listener) return 'crd';
  if (portRule.dns.length > 0) return 'dns';
  if (portRule.http.length > 0 && spec.protocol === 6) return 'http';
  return portRule.serverNames.length > 0 || portRule.hasTls ? 'tls' : null;
}

const ANY_REQUEST: HttpRule = { path: '', method: '', host: '', headers: [], headerMatches: [] };
const ANY_NAME: DnsRule = { text: '*', pattern: dnsPattern('*') };

/** True for a rule that every request meets. */
export function isAnyRequest(rule: HttpRule): boolean {
  return (
    rule.path === '' &&
    rule.method === '' &&
    rule.host === '' &&
    rule.headers.length === 0 &&
    rule.headerMatches.length === 0
  );
}

function openHttp(rules: readonly HttpRule[]): readonly HttpRule[] {
  return rules.length === 0 || rules.some(isAnyRequest) ? rules : [...rules, ANY_REQUEST];
}

function openDns(rules: readonly DnsRule[]): readonly DnsRule[] {
  return rules.length === 0 || rules.some((rule) => rule.text === '*') ? rules : [...rules, ANY_NAME];
}

/** Merges what two rules say about the same peers and port; a text tells why they cannot stand together. */
function mergePolicies(a: PeerPolicy, b: PeerPolicy): PeerPolicy | string {
  if (a.level !== b.level) return a.level < b.level ? a : b;
  if (a.verdict !== b.verdict) return RANK[a.verdict] > RANK[b.verdict] ? a : b;
  const refs = [...a.refs, ...b.refs];
  if (a.verdict !== 'allow') return { ...a, refs };
  const parser = mergeParsers(a.parser, b.parser);
  if (parser === undefined) return `cannot merge conflicting L7 parsers (${a.parser}/${b.parser})`;
  if (a.authentication && b.authentication && a.authentication !== b.authentication) {
    return `cannot merge conflicting authentication types (${a.authentication}/${b.authentication})`;
  }
  const lead = parser === a.parser ? a : b;
  const serverNames = [...new Set([...a.serverNames, ...b.serverNames])];
  const authentication = a.authentication ?? b.authentication;
  const hasL7 = (item: PeerPolicy) => item.http.length + item.dns.length > 0;
  const opens = hasL7(a) !== hasL7(b);
  const http = [...a.http, ...b.http];
  const dns = [...a.dns, ...b.dns];
  // Only what stood before is asked for rules at layer 7 (policy/rule.go mergePortProto): names first, requests later pass.
  const endsTls = a.endsTls || b.endsTls;
  if (serverNames.length > 0 && hasL7(a) && !endsTls) {
    return 'cannot merge L7 rules with SNI filtering without TLS termination';
  }
  return {
    level: a.level,
    tier: a.tier,
    verdict: 'allow',
    parser,
    listener: lead.listener,
    listenerPriority: lead.listenerPriority,
    http: opens ? openHttp(http) : http,
    dns: opens ? openDns(dns) : dns,
    serverNames,
    endsTls,
    ...(authentication && { authentication }),
    log: a.log === b.log ? a.log : `${a.log}\n${b.log}`,
    refs,
  };
}

const RANK = { deny: 2, allow: 1, pass: 0 } as const;

function mergeParsers(a: L7Parser | null, b: L7Parser | null): L7Parser | null | undefined {
  if (a === b || b === null) return a;
  if (a === null) return b;
  if (a === 'tls' && b === 'http') return b;
  return a === 'http' && b === 'tls' ? a : undefined;
}
