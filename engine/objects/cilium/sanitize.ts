import { type Cidr, cidrCovers, parseCidr } from '../../net/cidr.ts';
import { parseAddress } from '../../net/address.ts';
import { Expression } from '../../base/expression.ts';
import { icmpTypeNumber } from './icmp-types.ts';
import { selectorRefusal } from './label-check.ts';
import { readPortText } from './port-text.ts';
import type {
  RawCidrRule,
  RawCiliumPolicy,
  RawDirectionRule,
  RawHttp,
  RawName,
  RawPort,
  RawPortRule,
  RawSelector,
  RawSpec,
} from './types.ts';

/** Options of the agent that its checks depend on. */
export type SanitizeOptions = {
  readonly nodeSelectorLabels: boolean;
  /** enable-l7-proxy; absent: on. */
  readonly hasL7Proxy?: boolean;
};

/** The agent's refusal; `variants` are the texts it may give in other runs (it goes through Go maps). */
export type Refusal = { readonly error: string; readonly variants?: readonly string[] };

/** What Go's decoder in the agent refuses: names of ICMP types that the family does not have. */
export function decodeRefusal(policy: RawCiliumPolicy): string | undefined {
  for (const spec of specsOf(policy)) {
    for (const rule of [
      ...(spec.ingress ?? []),
      ...(spec.ingressDeny ?? []),
      ...(spec.egress ?? []),
      ...(spec.egressDeny ?? []),
    ]) {
      for (const field of (rule.icmps ?? []).flatMap((icmp) => icmp.fields ?? [])) {
        if (icmpTypeNumber(field.family, field.type) === undefined) {
          return `ICMP type ${field.type} not found in ${field.family ?? 'IPv4'}`;
        }
      }
    }
  }
  return undefined;
}

function specsOf(policy: RawCiliumPolicy): RawSpec[] {
  return [...(policy.spec ? [policy.spec] : []), ...(policy.specs ?? [])];
}

/**
 * The agent's own checks of a policy that passed the schema (Cilium: policy/api/rule_validation.go, in its order).
 * Undefined when the policy is accepted.
 */
export function sanitizePolicy(policy: RawCiliumPolicy, options: SanitizeOptions): Refusal | undefined {
  const isClusterwide = policy.kind === 'CiliumClusterwideNetworkPolicy';
  const check = (spec: RawSpec, part: 'spec' | 'specs'): Refusal | undefined => {
    const prefix = `Invalid ${policy.kind} ${part}: `;
    const refusal = specRefusal(spec, options);
    if (refusal) return prefixed(refusal, prefix);
    if (!isClusterwide && spec.nodeSelector)
      return { error: 'Invalid CiliumNetworkPolicy spec: rule cannot have NodeSelector' };
    return undefined;
  };
  if (policy.spec) {
    const refusal = check(policy.spec, 'spec');
    if (refusal) return refusal;
  }
  for (const spec of policy.specs ?? []) {
    const refusal = check(spec, 'specs');
    if (refusal) return refusal;
  }
  return undefined;
}

function prefixed(refusal: Refusal, prefix: string): Refusal {
  return {
    error: prefix + refusal.error,
    ...(refusal.variants && { variants: refusal.variants.map((text) => prefix + text) }),
  };
}

function specRefusal(spec: RawSpec, options: SanitizeOptions): Refusal | undefined {
  const lists = [spec.ingress, spec.ingressDeny, spec.egress, spec.egressDeny];
  if (lists.every((list) => (list?.length ?? 0) === 0)) {
    return { error: 'rule must have at least one of Ingress, IngressDeny, Egress, EgressDeny' };
  }
  if (!spec.endpointSelector && !spec.nodeSelector)
    return { error: 'rule must have one of EndpointSelector or NodeSelector' };
  if (spec.endpointSelector && spec.nodeSelector)
    return { error: 'rule cannot have both EndpointSelector and NodeSelector' };
  const subject = selectorRefusal(spec.endpointSelector ?? spec.nodeSelector ?? {});
  if (subject !== undefined) return { error: subject };
  const isHost = spec.nodeSelector !== undefined;
  const checks: [readonly RawDirectionRule[] | undefined, (rule: RawDirectionRule) => Refusal | undefined][] =
    [
      [spec.ingress, (rule) => ingressRefusal(rule, isHost, options)],
      [spec.ingressDeny, (rule) => fromRefusal(rule, options) ?? portsRefusal(rule, true, true)],
      [spec.egress, (rule) => egressRefusal(rule, isHost, options)],
      [spec.egressDeny, (rule) => toRefusal(rule, options) ?? portsRefusal(rule, false, true)],
    ];
  for (const [list, check] of checks) {
    for (const rule of list ?? []) {
      const refusal = check(rule);
      if (refusal) return refusal;
    }
  }
  return undefined;
}

function ingressRefusal(
  rule: RawDirectionRule,
  isHost: boolean,
  options: SanitizeOptions,
): Refusal | undefined {
  const peers = fromRefusal(rule, options);
  if (peers) return peers;
  const l7 = (rule.toPorts ?? []).filter(hasL7);
  if (isHost && l7.length > 0) return { error: 'L7 policy is not supported on host ingress yet' };
  if (l7.length > 0 && options.hasL7Proxy === false) return { error: PROXY_OFF };
  if (l7.some((item) => (item.rules?.dns?.length ?? 0) > 0))
    return { error: 'L7 protocol DNS is not supported on ingress yet' };
  return portsRefusal(rule, true, false);
}

function egressRefusal(
  rule: RawDirectionRule,
  isHost: boolean,
  options: SanitizeOptions,
): Refusal | undefined {
  const peers = toRefusal(rule, options);
  if (peers) return peers;
  if ((rule.toPorts ?? []).some(hasL7) && options.hasL7Proxy === false) return { error: PROXY_OFF };
  if (isHost && (rule.toPorts ?? []).some((item) => (item.rules?.http?.length ?? 0) > 0)) {
    return { error: 'L7 protocol HTTP is not supported on host egress yet' };
  }
  return portsRefusal(rule, false, false) ?? firstRefusal(rule.toFQDNs ?? [], nameRefusal);
}

function firstRefusal<T>(items: readonly T[], check: (item: T) => string | undefined): Refusal | undefined {
  for (const item of items) {
    const error = check(item);
    if (error !== undefined) return { error };
  }
  return undefined;
}

function hasL7(rule: RawPortRule): boolean {
  return (rule.rules?.http?.length ?? 0) + (rule.rules?.dns?.length ?? 0) > 0;
}

const PROXY_OFF = 'L7 policy is not supported since L7 proxy is not enabled';
const NODES_OFF =
  'FromNodes/ToNodes rules can only be applied when the "enable-node-selector-labels" flag is set';

function fromRefusal(rule: RawDirectionRule, options: SanitizeOptions): Refusal | undefined {
  const combined = combinationRefusal([
    ['FromEndpoints', rule.fromEndpoints],
    ['FromCIDR', rule.fromCIDR],
    ['FromCIDRSet', rule.fromCIDRSet],
    ['FromEntities', rule.fromEntities],
    ['FromNodes', rule.fromNodes],
    ['FromGroups', rule.fromGroups],
  ]);
  return (
    combined ?? peersRefusal(rule.fromEndpoints, rule.fromNodes, rule.fromCIDR, rule.fromCIDRSet, options)
  );
}

function toRefusal(rule: RawDirectionRule, options: SanitizeOptions): Refusal | undefined {
  const combined = combinationRefusal([
    ['ToCIDR', rule.toCIDR],
    ['ToCIDRSet', rule.toCIDRSet],
    ['ToEndpoints', rule.toEndpoints],
    ['ToEntities', rule.toEntities],
    ['ToServices', rule.toServices],
    ['ToGroups', rule.toGroups],
    ['ToNodes', rule.toNodes],
    ['ToFQDNs', rule.toFQDNs],
  ]);
  return combined ?? peersRefusal(rule.toEndpoints, rule.toNodes, rule.toCIDR, rule.toCIDRSet, options);
}

/** The agent names the first two kinds that it meets in a Go map: any ordered pair of those present. */
function combinationRefusal(
  kinds: readonly (readonly [string, readonly unknown[] | undefined])[],
): Refusal | undefined {
  const present = kinds.filter(([, list]) => (list?.length ?? 0) > 0).map(([name]) => name);
  if (present.length < 2) return undefined;
  const texts = present
    .flatMap((a) => present.filter((b) => b !== a).map((b) => `combining ${a} and ${b} is not supported yet`))
    .sort();
  return { error: texts[0] ?? '', variants: texts };
}

function peersRefusal(
  endpoints: readonly RawSelector[] | undefined,
  nodes: readonly RawSelector[] | undefined,
  cidrs: readonly string[] | undefined,
  cidrSets: readonly RawCidrRule[] | undefined,
  options: SanitizeOptions,
): Refusal | undefined {
  const isOff = (nodes?.length ?? 0) > 0 && !options.nodeSelectorLabels;
  const refusal =
    firstRefusal(endpoints ?? [], selectorRefusal) ??
    firstRefusal(nodes ?? [], selectorRefusal) ??
    firstRefusal(cidrs ?? [], cidrRefusal) ??
    firstRefusal(cidrSets ?? [], cidrRuleRefusal);
  if (!isOff) return refusal;
  return { error: refusal ? `${refusal.error}\n${NODES_OFF}` : NODES_OFF };
}

function cidrRefusal(text: string): string | undefined {
  if (text === '') return 'IP must be specified';
  if (parseCidr(text) || parseAddress(text)) return undefined;
  return `unable to parse CIDR: ParseAddr(${JSON.stringify(text)}): unable to parse IP`;
}

/** A selector of CiliumCIDRGroups with the source of their labels at each key, as the agent holds and quotes it. */
function ofGroups({ matchLabels, matchExpressions }: RawSelector): RawSelector {
  const keyed = (key: string) => (key.includes(':') ? key : `cidrgroup:${key}`);
  const labels = Object.entries(matchLabels ?? {}).map(([key, value]) => [keyed(key), value]);
  return {
    ...(matchLabels && { matchLabels: Object.fromEntries(labels) }),
    ...(matchExpressions && {
      matchExpressions: matchExpressions.map((item) => ({ ...item, key: keyed(item.key) })),
    }),
  };
}

function cidrRuleRefusal(rule: RawCidrRule): string | undefined {
  const kinds = [rule.cidrGroupRef, rule.cidr, rule.cidrGroupSelector].filter(
    (item) => item !== undefined && item !== '',
  );
  if (rule.cidrGroupSelector) {
    const selector = ofGroups(rule.cidrGroupSelector);
    const refusal = selectorRefusal(selector);
    if (refusal !== undefined)
      return `failed to sanitize cidrGroupSelector ${JSON.stringify(selector)}: ${refusal}`;
  }
  if (kinds.length === 0) return 'one of cidr, cidrGroupRef, or cidrGroupSelector is required';
  if (kinds.length > 1) return 'more than one of cidr, cidrGroupRef, or cidrGroupSelector may not be set';
  if (rule.cidr === undefined || rule.cidr === '') return undefined;
  const block = parseCidr(rule.cidr);
  if (!block)
    return `unable to parse CIDRRule ${JSON.stringify(rule.cidr)}: netip.ParsePrefix(${JSON.stringify(rule.cidr)}): no '/'`;
  for (const text of rule.except ?? []) {
    const hole: Cidr | undefined = parseCidr(text);
    if (!hole) return `netip.ParsePrefix(${JSON.stringify(text)}): no '/'`;
    if (!cidrCovers(block, hole))
      return `allow CIDR prefix ${rule.cidr} does not contain exclude CIDR prefix ${text}`;
  }
  return undefined;
}

function nameRefusal(name: RawName): string | undefined {
  if (name.matchName && name.matchPattern)
    return 'only one of MatchName or MatchPattern is allowed in an FQDNSelector';
  return undefined;
}

function portsRefusal(rule: RawDirectionRule, isIngress: boolean, isDeny: boolean): Refusal | undefined {
  if ((rule.icmps?.length ?? 0) > 0 && (rule.toPorts?.length ?? 0) > 0) {
    return {
      error: 'the ICMPs block may only be present without ToPorts. Define a separate rule to use ToPorts',
    };
  }
  return firstRefusal(rule.toPorts ?? [], (item) =>
    isDeny ? plainPortsRefusal(item) : portRuleRefusal(item, isIngress),
  );
}

function plainPortsRefusal(rule: RawPortRule): string | undefined {
  if ((rule.ports?.length ?? 0) > 40) return 'too many ports, the max is 40';
  return firstRefusal(rule.ports ?? [], (port) => portRefusal(port, false))?.error;
}

function portRuleRefusal(rule: RawPortRule, isIngress: boolean): string | undefined {
  const hasDns = (rule.rules?.dns?.length ?? 0) > 0;
  if ((rule.serverNames?.length ?? 0) > 0 && hasL7(rule) && !rule.terminatingTLS) {
    return 'ServerNames are not allowed with L7 rules without TLS termination';
  }
  if (rule.serverNames?.includes('')) return 'empty server name is not allowed';
  for (const port of rule.ports ?? []) {
    const refusal = portRefusal(port, hasDns);
    if (refusal !== undefined) return refusal;
    const protocol = port.protocol === undefined || port.protocol === '' ? 'ANY' : port.protocol;
    if (hasL7(rule) && !hasDns && protocol !== 'TCP') {
      return `L7 rules can only apply to TCP (not ${protocol}) except for DNS rules`;
    }
  }
  if (rule.listener && isIngress) return `Listener is not allowed on ingress (${rule.listener.name})`;
  if (rule.listener && hasL7(rule)) return `Listener is not allowed with L7 rules (${rule.listener.name})`;
  return hasL7(rule) ? l7Refusal(rule) : undefined;
}

function portRefusal(port: RawPort, hasDns: boolean): string | undefined {
  const text = port.port ?? '';
  if (text === '') return 'port must be specified';
  const read = readPortText(text);
  if (read.kind === 'name') return undefined;
  if (text !== '0' && EXTENDED.includes(port.protocol ?? '')) return 'port must be empty or 0';
  if (read.kind === 'bad')
    return `unable to parse port: strconv.ParseUint: parsing ${JSON.stringify(text)}: ${read.reason}`;
  if (hasDns && (port.endPort ?? 0) > read.number) return 'DNS rules do not support port ranges';
  return undefined;
}

const EXTENDED: readonly string[] = ['VRRP', 'IGMP', 'GRE', 'IPIP', 'IPV6', 'ESP', 'AH'];

function l7Refusal(rule: RawPortRule): string | undefined {
  const isZero = (port: RawPort) => {
    const read = readPortText(port.port ?? '');
    return read.kind === 'number' && read.number === 0;
  };
  if (rule.ports?.some(isZero)) return 'L7 rules can not be used when a port is 0';
  const http = firstRefusal(rule.rules?.http ?? [], httpRefusal);
  if (http) return http.error;
  if (rule.rules?.dns && (rule.ports?.length ?? 0) === 0) return 'port 53 must be specified for DNS rules';
  return undefined;
}

function httpRefusal(rule: RawHttp): string | undefined {
  return expressionRefusal(rule.path) ?? expressionRefusal(rule.method);
}

function expressionRefusal(source: string | undefined): string | undefined {
  if (source === undefined || source === '') return undefined;
  try {
    new Expression(source);
    return undefined;
  } catch (failure) {
    return failure instanceof Error ? failure.message : String(failure);
  }
}
