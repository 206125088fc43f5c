import { ICMP, ICMPV6, protocolNumber, SCTP, TCP, UDP } from '../net/protocol.ts';
import { parseCidr, parseCidrOrAddress } from '../net/cidr.ts';
import { present } from '../base/assert.ts';
import { icmpTypeNumber } from '../objects/cilium/icmp-types.ts';
import { readPortText } from '../objects/cilium/port-text.ts';
import type {
  RawCidrRule,
  RawCiliumPolicy,
  RawDirectionRule,
  RawHttp,
  RawName,
  RawPort,
  RawPortRule,
  RawSelector,
  RawService,
  RawSpec,
} from '../objects/cilium/types.ts';
import { CLUSTER_KEY, NAMESPACE_KEY, NAMESPACE_LABELS_KEY, withSource } from './labels.ts';
import {
  type DnsRule,
  type HttpRule,
  type PolicyRule,
  type PortRule,
  type PortSpec,
  type RuleRef,
  type ServiceReference,
  TIER,
} from './model.ts';
import { dnsPattern } from './name-pattern.ts';
import {
  ALL_PEERS,
  cidrSelector,
  groupLabelSelector,
  groupSelector,
  labelSelector,
  nameSelector,
  type Requirement,
  requirement,
  reservedSelector,
  type Selector,
} from './selector.ts';

type Scope = { readonly policy: RawCiliumPolicy; readonly namespace: string; readonly cluster: string };

/**
 * Turns a CiliumNetworkPolicy or CiliumClusterwideNetworkPolicy that passed all validation into rules
 * (Cilium: k8s/apis/cilium.io/utils ParseToCiliumRule and policy/utils RulesToPolicyEntries).
 * @param namespace Empty for a cluster-wide policy.
 */
export function convertCiliumPolicy(
  policy: RawCiliumPolicy,
  namespace: string,
  cluster: string,
): PolicyRule[] {
  const scope: Scope = { policy, namespace, cluster };
  const rules: PolicyRule[] = [];
  if (policy.spec) rules.push(...convertSpec(scope, policy.spec, ['spec']));
  for (const [i, spec] of (policy.specs ?? []).entries())
    rules.push(...convertSpec(scope, spec, ['specs', i]));
  return rules;
}

const LISTS = [
  ['ingress', true, 'allow'],
  ['ingressDeny', true, 'deny'],
  ['egress', false, 'allow'],
  ['egressDeny', false, 'deny'],
] as const;

function convertSpec(scope: Scope, spec: RawSpec, path: readonly (string | number)[]): PolicyRule[] {
  const isNode = spec.nodeSelector !== undefined;
  const subject = subjectSelector(scope, spec.nodeSelector ?? spec.endpointSelector ?? {}, isNode);
  const matchesInit = requirementsOf(spec.endpointSelector ?? {}).some(
    (item) => item.source === 'reserved' && item.key === 'init',
  );
  const rules: PolicyRule[] = [];
  for (const [list, isIngress, verdict] of LISTS) {
    for (const [i, raw] of (spec[list] ?? []).entries()) {
      const ref = refTo(scope, [...path, list, i]);
      const enabled = isIngress ? spec.enableDefaultDeny?.ingress : spec.enableDefaultDeny?.egress;
      rules.push({
        tier: TIER.normal,
        priority: 0,
        verdict,
        isIngress,
        isNode,
        subject,
        peers: peersOf(scope, raw, matchesInit),
        services: verdict === 'allow' ? (raw.toServices ?? []).map(serviceReference) : [],
        ports: portRulesOf(raw, ref),
        hasDefaultDeny: enabled ?? true,
        ...(raw.authentication && { authentication: raw.authentication.mode }),
        log: spec.log?.value ?? '',
        ref,
      });
    }
  }
  return rules;
}

function refTo(scope: Scope, path: readonly (string | number)[]): RuleRef {
  return {
    policyKind: scope.policy.kind,
    namespace: scope.namespace,
    name: scope.policy.metadata.name,
    path,
  };
}

/** A namespaced policy's subject is bound to its namespace: a foreign `k8s:io.kubernetes.pod.namespace` is replaced. */
function subjectSelector(scope: Scope, raw: RawSelector, isNode: boolean): Selector {
  const requirements = requirementsOf(raw);
  if (isNode || scope.namespace === '') return labelSelector(requirements);
  const kept = requirements.filter(
    (item) => !(item.source === 'k8s' && item.key === NAMESPACE_KEY && isFromLabels(raw, NAMESPACE_KEY)),
  );
  return labelSelector([...kept, equals('k8s', NAMESPACE_KEY, scope.namespace)]);
}

function isFromLabels(raw: RawSelector, key: string): boolean {
  return raw.matchLabels !== undefined && Object.hasOwn(raw.matchLabels, `k8s:${key}`);
}

/** The requirements of a selector; keys without a source match any source. */
export function requirementsOf(raw: RawSelector, source = 'any'): Requirement[] {
  return [
    ...Object.entries(raw.matchLabels ?? {}).map(([key, value]) =>
      requirement(withSource(source, key), 'In', [value]),
    ),
    ...(raw.matchExpressions ?? []).map((item) =>
      requirement(withSource(source, item.key), item.operator, item.values ?? []),
    ),
  ];
}

function equals(source: string, key: string, value: string): Requirement {
  return { source, key, operator: 'In', values: [value] };
}

/**
 * A peer selector is kept to the policy's namespace (any pod, for a cluster-wide one) and to the cluster, unless it
 * names a namespace, a namespace's labels or a cluster itself; a reserved label leaves it as it is.
 */
function peerSelector(scope: Scope, raw: RawSelector, matchesInit: boolean): Selector {
  const requirements = requirementsOf(raw);
  if (requirements.some((item) => item.source === 'reserved')) return labelSelector(requirements);
  const names = (key: string) => requirements.some((item) => isPlain(item) && item.key === key);
  if (!names(NAMESPACE_KEY)) {
    const namesLabels = requirements.some(
      (item) => isPlain(item) && item.key.startsWith(NAMESPACE_LABELS_KEY),
    );
    if (scope.namespace === '') {
      if (!matchesInit)
        requirements.push({ source: 'k8s', key: NAMESPACE_KEY, operator: 'Exists', values: [] });
    } else if (!namesLabels) requirements.push(equals('k8s', NAMESPACE_KEY, scope.namespace));
  }
  if (!names(CLUSTER_KEY)) requirements.push(equals('k8s', CLUSTER_KEY, scope.cluster));
  return labelSelector(requirements);
}

function isPlain(item: Requirement): boolean {
  return item.source === 'k8s' || item.source === 'any';
}

function nodeSelector(scope: Scope, raw: RawSelector): Selector {
  const requirements = requirementsOf(raw);
  const namesCluster = requirements.some((item) => isPlain(item) && item.key === CLUSTER_KEY);
  requirements.push({ source: 'reserved', key: 'remote-node', operator: 'Exists', values: [] });
  if (!namesCluster) requirements.push(equals('k8s', CLUSTER_KEY, scope.cluster));
  return labelSelector(requirements);
}

/** Null where a list of peers is present but empty: it selects nobody. */
function peersOf(scope: Scope, raw: RawDirectionRule, matchesInit: boolean): Selector[] | null {
  const endpoints = raw.fromEndpoints ?? raw.toEndpoints;
  const nodes = raw.fromNodes ?? raw.toNodes;
  const entities = raw.fromEntities ?? raw.toEntities;
  const cidrs = raw.fromCIDR ?? raw.toCIDR;
  const cidrSets = raw.fromCIDRSet ?? raw.toCIDRSet;
  if ([endpoints, nodes, entities, cidrs, cidrSets].some((list) => list?.length === 0)) return null;
  return [
    ...(endpoints ?? []).map((item) => peerSelector(scope, item, matchesInit)),
    ...(nodes ?? []).map((item) => nodeSelector(scope, item)),
    ...(entities ?? []).flatMap((name) => entitySelectors(name, scope.cluster)),
    ...(cidrs ?? []).map((text) => cidrSelector(present(parseCidrOrAddress(text), 'a validated CIDR'))),
    ...(cidrSets ?? []).map(cidrRuleSelector),
    ...(raw.toFQDNs ?? []).map((item) => nameSelector(nameText(item))),
    // Groups of a cloud stand for nobody: an operator would write a policy of their addresses beside this one.
    ...(raw.fromGroups ?? raw.toGroups ?? []).map(() => reservedSelector('none')),
  ];
}

const WITHIN_CLUSTER = [
  'host',
  'remote-node',
  'init',
  'ingress',
  'health',
  'unmanaged',
  'kube-apiserver',
  'aggregate-cluster',
];

/** The selectors that an entity stands for (Cilium's api/entity.go); an unknown one stands for none. */
export function entitySelectors(name: string, cluster: string): Selector[] {
  switch (name) {
    case 'all':
      return [ALL_PEERS];
    case 'world':
      return ['world', 'world-ipv4', 'world-ipv6', 'aggregate-world'].map(reservedSelector);
    case 'cluster':
      return [...WITHIN_CLUSTER.map(reservedSelector), labelSelector([equals('k8s', CLUSTER_KEY, cluster)])];
    case 'cluster-mesh':
      return [
        ...[...WITHIN_CLUSTER, 'aggregate-cluster-mesh'].map(reservedSelector),
        labelSelector([{ source: 'any', key: CLUSTER_KEY, operator: 'Exists', values: [] }]),
      ];
    case 'remote-node':
      return ['remote-node', 'aggregate-remote-node'].map(reservedSelector);
    case 'host':
    case 'init':
    case 'ingress':
    case 'health':
    case 'unmanaged':
    case 'none':
    case 'kube-apiserver':
      return [reservedSelector(name)];
    default:
      return [];
  }
}

function cidrRuleSelector(raw: RawCidrRule): Selector {
  const except = (raw.except ?? []).flatMap((text) => parseCidr(text) ?? []);
  if (raw.cidrGroupRef !== undefined) return groupSelector(raw.cidrGroupRef, except);
  if (raw.cidrGroupSelector) {
    const requirements = requirementsOf(raw.cidrGroupSelector, 'cidrgroup');
    // In the agent's selector cache an empty one has the key of the selector of everything, so it is that one.
    if (requirements.length === 0 && except.length === 0) return ALL_PEERS;
    return groupLabelSelector(requirements, except);
  }
  return cidrSelector(present(parseCidr(raw.cidr ?? ''), 'a validated CIDR'), except);
}

function nameText(raw: RawName): string {
  return raw.matchName ?? raw.matchPattern ?? '';
}

function serviceReference(raw: RawService): ServiceReference {
  const bySelector = raw.k8sServiceSelector;
  if (bySelector) {
    return {
      selector: labelSelector(requirementsOf(bySelector.selector)),
      namespace: bySelector.namespace ?? '',
    };
  }
  return { name: raw.k8sService?.serviceName ?? '', namespace: raw.k8sService?.namespace ?? '' };
}

function portRulesOf(raw: RawDirectionRule, ref: RuleRef): PortRule[] {
  const ports = (raw.toPorts ?? []).map((item, i) =>
    portRule(item, { ...ref, path: [...ref.path, 'toPorts', i] }),
  );
  const icmps = (raw.icmps ?? []).map((item, i) =>
    bareRule((item.fields ?? []).map(icmpSpec), { ...ref, path: [...ref.path, 'icmps', i] }),
  );
  return [...ports, ...icmps];
}

function icmpSpec(field: { readonly family?: string; readonly type: string | number }): PortSpec {
  const port = icmpTypeNumber(field.family, field.type) ?? 0;
  return { port, endPort: 0, protocol: field.family === 'IPv6' ? ICMPV6 : ICMP };
}

/** A port rule without anything at layer 7. */
export function bareRule(ports: readonly PortSpec[], ref: RuleRef): PortRule {
  return { ports, http: [], dns: [], serverNames: [], hasTls: false, endsTls: false, ref };
}

function portRule(raw: RawPortRule, ref: RuleRef): PortRule {
  return {
    ports: (raw.ports ?? []).flatMap(portSpecs),
    http: (raw.rules?.http ?? []).map(httpRule),
    dns: (raw.rules?.dns ?? []).map(dnsRule),
    serverNames: raw.serverNames ?? [],
    ...(raw.listener && { listener: { name: raw.listener.name, priority: raw.listener.priority ?? 0 } }),
    hasTls: raw.terminatingTLS !== undefined || raw.originatingTLS !== undefined,
    endsTls: raw.terminatingTLS !== undefined,
    ref,
  };
}

function portSpecs(raw: RawPort): PortSpec[] {
  const read = readPortText(raw.port ?? '0');
  const protocol =
    protocolNumber(raw.protocol === undefined || raw.protocol === '' ? 'ANY' : raw.protocol) ?? 0;
  const protocols = protocol === 0 ? [TCP, UDP, SCTP] : [protocol];
  const endPort = raw.endPort ?? 0;
  return protocols.map((each) =>
    read.kind === 'name'
      ? { port: 0, endPort, portName: read.name, protocol: each }
      : { port: read.kind === 'number' ? read.number : 0, endPort, protocol: each },
  );
}

function httpRule(raw: RawHttp): HttpRule {
  return {
    path: raw.path ?? '',
    method: raw.method ?? '',
    host: raw.host ?? '',
    headers: raw.headers ?? [],
    headerMatches: (raw.headerMatches ?? []).map((item) => ({
      name: item.name,
      value: item.value ?? '',
      hasSecret: item.secret !== undefined,
      action: item.mismatch ?? 'FAIL',
    })),
  };
}

function dnsRule(raw: RawName): DnsRule {
  const text = nameText(raw);
  return { text, pattern: dnsPattern(text) };
}
