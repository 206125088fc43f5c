import { parseCidrOrAddress } from '../net/cidr.ts';
import { SCTP, TCP, UDP } from '../net/protocol.ts';
import type {
  RawClusterPeer,
  RawClusterPolicy,
  RawClusterPort,
  RawClusterProtocol,
  RawClusterRule,
  RawNamespacedPod,
  RawSelector,
} from '../objects/cilium/types.ts';
import { bareRule, requirementsOf } from './convert-cilium.ts';
import { clusterPods, namespaceRequirements } from './convert-network.ts';
import { CLUSTER_KEY } from './labels.ts';
import { type PolicyRule, type PortRule, type PortSpec, type RuleRef, TIER } from './model.ts';
import { dnsPattern } from './name-pattern.ts';
import { ALL_PEERS, cidrSelector, labelSelector, nameSelector, type Selector } from './selector.ts';

/** A ClusterNetworkPolicy that the agent refuses (a feature that is off). */
export type ClusterPolicyRefusal = { readonly error: string };

/**
 * Turns a ClusterNetworkPolicy into rules (Cilium: pkg/k8s/cluster_network_policy.go). Its rules never turn on default
 * deny; the order of the list is part of the priority.
 */
export function convertClusterPolicy(
  policy: RawClusterPolicy,
  options: { readonly cluster: string; readonly nodeSelectorLabels: boolean },
): PolicyRule[] | ClusterPolicyRefusal {
  const spec = policy.spec;
  const subject = spec.subject.namespaces
    ? labelSelector(namespaceRequirements(spec.subject.namespaces))
    : labelSelector(podRequirements(spec.subject.pods ?? {}, ''));
  const rules: PolicyRule[] = [];
  for (const direction of ['ingress', 'egress'] as const) {
    for (const [i, raw] of (spec[direction] ?? []).entries()) {
      const ref: RuleRef = {
        policyKind: 'ClusterNetworkPolicy',
        namespace: '',
        name: policy.metadata.name,
        path: ['spec', direction, i],
      };
      const made = convertRule(raw, direction === 'ingress', ref, options);
      if ('error' in made) return made;
      for (const part of made) {
        rules.push({
          tier: spec.tier === 'Baseline' ? TIER.baseline : TIER.admin,
          priority: spec.priority + i / 100,
          isIngress: direction === 'ingress',
          isNode: false,
          subject,
          services: [],
          hasDefaultDeny: false,
          log: '',
          ...part,
        });
      }
    }
  }
  return rules;
}

type Part = Pick<PolicyRule, 'verdict' | 'peers' | 'ports' | 'ref'>;
type Options = { readonly cluster: string; readonly nodeSelectorLabels: boolean };

function convertRule(
  raw: RawClusterRule,
  isIngress: boolean,
  ref: RuleRef,
  options: Options,
): Part[] | ClusterPolicyRefusal {
  const verdict = raw.action === 'Deny' ? 'deny' : raw.action === 'Pass' ? 'pass' : 'allow';
  const ports = (raw.protocols ?? []).map((item, j) =>
    bareRule(portSpecs(item), { ...ref, path: [...ref.path, 'protocols', j] }),
  );
  const peers = (isIngress ? raw.from : raw.to) ?? [];
  if (peers.length === 0) return [{ verdict, peers: [ALL_PEERS], ports, ref }];
  const parts: Part[] = [];
  for (const [j, peer] of peers.entries()) {
    const at: RuleRef = { ...ref, path: [...ref.path, isIngress ? 'from' : 'to', j] };
    if (!isIngress && peer.domainNames) {
      if (verdict !== 'allow')
        return { error: 'egress.to.domainNames is only supported for egress.action=Accept' };
      const names = peer.domainNames.map(cilumPattern);
      parts.push({
        verdict,
        peers: [labelSelector(requirementsOf({ matchLabels: { 'k8s-app': 'kube-dns' } }))],
        ports: [dnsAccess(names, at)],
        ref: at,
      });
      parts.push({ verdict, peers: names.map(nameSelector), ports, ref: at });
      continue;
    }
    if (!isIngress && peer.nodes && !options.nodeSelectorLabels) {
      return { error: 'egress.to.nodes is not supported since node selector labels are disabled' };
    }
    const selectors = peerSelectors(peer, isIngress, options.cluster);
    if (selectors) parts.push({ verdict, peers: selectors.length > 0 ? selectors : null, ports, ref: at });
    // An unknown kind of peer fails closed: nothing accepted, everything denied.
    else if (verdict !== 'allow') parts.push({ verdict: 'deny', peers: [ALL_PEERS], ports, ref: at });
  }
  return parts;
}

function peerSelectors(peer: RawClusterPeer, isIngress: boolean, cluster: string): Selector[] | undefined {
  if (peer.pods) return [labelSelector(podRequirements(peer.pods, cluster))];
  if (peer.namespaces) return [labelSelector(namespaceRequirements(peer.namespaces))];
  if (isIngress) return undefined;
  if (peer.nodes) return nodeSelectors(peer.nodes, cluster);
  if (peer.networks) {
    return peer.networks.flatMap((text) => {
      const block = parseCidrOrAddress(text);
      return block ? [cidrSelector(block)] : [];
    });
  }
  return undefined;
}

function podRequirements(pods: RawNamespacedPod, cluster: string) {
  const requirements =
    cluster === ''
      ? requirementsOf(pods.podSelector ?? {}, 'k8s')
      : clusterPods(pods.podSelector ?? {}, cluster);
  return [...namespaceRequirements(pods.namespaceSelector ?? {}), ...requirements];
}

function nodeSelectors(selector: RawSelector, cluster: string): Selector[] {
  const requirements = requirementsOf(selector, 'node');
  return ['host', 'remote-node'].map((name) =>
    labelSelector([
      ...requirements,
      { source: 'reserved', key: name, operator: 'Exists', values: [] },
      ...(requirements.some((item) => item.key === CLUSTER_KEY)
        ? []
        : [{ source: 'k8s', key: CLUSTER_KEY, operator: 'In' as const, values: [cluster] }]),
    ]),
  );
}

/** A leading `*.` of Kubernetes takes in deeper names too, which Cilium writes `**.`. */
function cilumPattern(name: string): string {
  return name.startsWith('*') && !name.startsWith('**') ? `*${name}` : name;
}

function dnsAccess(names: readonly string[], ref: RuleRef): PortRule {
  const ports = ['dns', 'dns-tcp'].flatMap((portName) =>
    [TCP, UDP, SCTP].map((protocol): PortSpec => ({ port: 0, endPort: 0, portName, protocol })),
  );
  return { ...bareRule(ports, ref), dns: names.map((text) => ({ text, pattern: dnsPattern(text) })) };
}

function portSpecs(raw: RawClusterProtocol): PortSpec[] {
  if (raw.destinationNamedPort) {
    const portName = raw.destinationNamedPort;
    return [TCP, UDP, SCTP].map((protocol) => ({ port: 0, endPort: 0, portName, protocol }));
  }
  const [protocol, port]: [number, RawClusterPort | undefined] = raw.tcp
    ? [TCP, raw.tcp.destinationPort]
    : raw.udp
      ? [UDP, raw.udp.destinationPort]
      : [SCTP, raw.sctp?.destinationPort];
  return [{ port: port?.range?.start ?? port?.number ?? 0, endPort: port?.range?.end ?? 0, protocol }];
}
