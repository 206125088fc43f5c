import { present } from '../base/assert.ts';
import { parseCidr } from '../net/cidr.ts';
import { protocolNumber, TCP } from '../net/protocol.ts';
import type {
  RawNetworkPeer,
  RawNetworkPolicy,
  RawNetworkPort,
  RawSelector,
} from '../objects/cilium/types.ts';
import { bareRule, requirementsOf } from './convert-cilium.ts';
import { CLUSTER_KEY, NAMESPACE_KEY, NAMESPACE_LABELS_KEY } from './labels.ts';
import { type PolicyRule, type PortRule, type PortSpec, type RuleRef, TIER } from './model.ts';
import { ALL_PEERS, cidrSelector, labelSelector, type Requirement, type Selector } from './selector.ts';

/**
 * Turns a validated Kubernetes NetworkPolicy into rules (Cilium: pkg/k8s/network_policy.go ParseNetworkPolicy).
 * Rules of a direction that `policyTypes` leaves out are enforced all the same, as Cilium does.
 */
export function convertNetworkPolicy(
  policy: RawNetworkPolicy,
  namespace: string,
  cluster: string,
): PolicyRule[] {
  const types = policy.spec?.policyTypes ?? [];
  const ref = (path: readonly (string | number)[]): RuleRef => ({
    policyKind: 'NetworkPolicy',
    namespace,
    name: policy.metadata.name,
    path,
  });
  const podSelector = policy.spec?.podSelector ?? {};
  const subject = labelSelector([
    ...requirementsOf(podSelector, 'k8s').filter(
      (item) => item.key !== NAMESPACE_KEY || item.operator !== 'In',
    ),
    namespaceIs(namespace),
  ]);
  const make = (
    isIngress: boolean,
    peers: Selector[] | null,
    ports: PortRule[],
    at: RuleRef,
  ): PolicyRule => ({
    tier: TIER.normal,
    priority: 0,
    verdict: 'allow',
    isIngress,
    isNode: false,
    subject,
    peers,
    services: [],
    ports,
    hasDefaultDeny: true,
    log: '',
    ref: at,
  });
  const rules: PolicyRule[] = [];
  for (const direction of ['ingress', 'egress'] as const) {
    const isIngress = direction === 'ingress';
    for (const [i, raw] of (policy.spec?.[direction] ?? []).entries()) {
      const at = ref(['spec', direction, i]);
      const ports = (raw.ports ?? []).map((port, j) =>
        bareRule(portSpecs(port), { ...at, path: [...at.path, 'ports', j] }),
      );
      const list = isIngress ? 'from' : 'to';
      const peers = ('from' in raw ? raw.from : 'to' in raw ? raw.to : undefined) ?? [];
      if (peers.length === 0) rules.push(make(isIngress, [ALL_PEERS], ports, at));
      for (const [j, peer] of peers.entries()) {
        rules.push(
          make(isIngress, [peerSelector(peer, namespace, cluster)], ports, ref([...at.path, list, j])),
        );
      }
    }
  }
  const hasIngress = rules.some((rule) => rule.isIngress);
  const hasEgress = rules.some((rule) => !rule.isIngress);
  if (!hasIngress && (types.includes('Ingress') || !types.includes('Egress'))) {
    rules.push(make(true, null, [], ref(['spec', types.length ? 'policyTypes' : 'podSelector'])));
  }
  if (!hasEgress && types.includes('Egress')) rules.push(make(false, null, [], ref(['spec', 'policyTypes'])));
  return rules;
}

function namespaceIs(namespace: string): Requirement {
  return { source: 'k8s', key: NAMESPACE_KEY, operator: 'In', values: [namespace] };
}

function peerSelector(peer: RawNetworkPeer, namespace: string, cluster: string): Selector {
  if (peer.ipBlock) {
    const except = (peer.ipBlock.except ?? []).flatMap((text) => parseCidr(text) ?? []);
    return cidrSelector(present(parseCidr(peer.ipBlock.cidr), 'a validated CIDR'), except);
  }
  const pods = clusterPods(peer.podSelector ?? {}, cluster);
  if (peer.namespaceSelector)
    return labelSelector([...namespaceRequirements(peer.namespaceSelector), ...pods]);
  return labelSelector([
    ...pods.filter((item) => item.key !== NAMESPACE_KEY || item.operator !== 'In'),
    namespaceIs(namespace),
  ]);
}

/** A pod selector of Kubernetes, kept to the cluster unless it names one. */
export function clusterPods(selector: RawSelector, cluster: string): Requirement[] {
  const requirements = requirementsOf(selector, 'k8s');
  if (requirements.some((item) => item.key === CLUSTER_KEY)) return requirements;
  return [...requirements, { source: 'k8s', key: CLUSTER_KEY, operator: 'In', values: [cluster] }];
}

/** A selector of namespaces as requirements on the pods in them; an empty one is every pod of every namespace. */
export function namespaceRequirements(selector: RawSelector): Requirement[] {
  const requirements: Requirement[] = [
    ...Object.entries(selector.matchLabels ?? {}).map(
      ([key, value]): Requirement => ({
        source: 'k8s',
        key: namespaceKey(key),
        operator: 'In',
        values: [value],
      }),
    ),
    ...(selector.matchExpressions ?? []).map(
      (item): Requirement => ({
        source: 'k8s',
        key: namespaceKey(item.key),
        operator: item.operator,
        values: item.values ?? [],
      }),
    ),
  ];
  return requirements.length > 0
    ? requirements
    : [{ source: 'k8s', key: NAMESPACE_KEY, operator: 'Exists', values: [] }];
}

function namespaceKey(key: string): string {
  return `${NAMESPACE_LABELS_KEY}.${key}`;
}

/** A port without protocol is TCP; a protocol without port is all its ports. */
function portSpecs(raw: RawNetworkPort): PortSpec[] {
  const protocol = raw.protocol === undefined ? TCP : (protocolNumber(raw.protocol) ?? TCP);
  if (typeof raw.port === 'string') {
    return [{ port: 0, endPort: raw.endPort ?? 0, portName: raw.port.toLowerCase(), protocol }];
  }
  return [{ port: raw.port ?? 0, endPort: raw.endPort ?? 0, protocol }];
}
