import type { Attempt, AttemptResult, ClusterView, PodView, PolicyView, ServiceView } from '../lab/view.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ReachabilityView } from '../cluster/view.ts';
import { KINDS } from '../objects/kinds.ts';
import type { FlowSpec } from '../policy/model.ts';
import type { Store } from '../store/store.ts';
import type { KubeObject } from '../objects/api.ts';
import type { WorldSpec } from '../cluster/world.ts';

const POLICY_RESOURCES = [
  'ciliumnetworkpolicies.cilium.io',
  'ciliumclusterwidenetworkpolicies.cilium.io',
  'networkpolicies.networking.k8s.io',
] as const;

/** A cluster, or a fork of it with drafts, as the lab's judge sees it; lists are made when first asked for. */
export function clusterView(cluster: Cluster, reach: ReachabilityView, world: WorldSpec): ClusterView {
  let pods: readonly PodView[] | undefined;
  let services: readonly ServiceView[] | undefined;
  return {
    pods: () => (pods ??= podsOf(cluster, reach)),
    services: () => (services ??= servicesOf(reach.store)),
    policies: () => POLICY_RESOURCES.flatMap((resource) => reach.store.list(resource).map(policyOf)),
    hostAddresses: (name) =>
      name === 'workstation'
        ? [world.workstation.address]
        : (world.outside.find((host) => host.name === name)?.addresses ?? []),
    nameAddresses: (name) => world.outside.find((host) => host.names.includes(name))?.addresses ?? [],
    exists: (name, object) => {
      const kind = KINDS.find((candidate) =>
        [candidate.plural, candidate.singular, ...candidate.shortNames].includes(name),
      );
      return (
        kind !== undefined &&
        reach.store.get(kind.resource, kind.isNamespaced ? 'default' : undefined, object) !== undefined
      );
    },
    attempt: (attempt) => tryAttempt(cluster, reach, attempt),
  };
}

function tryAttempt(cluster: Cluster, reach: ReachabilityView, attempt: Attempt): AttemptResult {
  const { name, http, dns, port, from, to } = attempt;
  const protocol = attempt.protocol as 'TCP' | 'UDP' | 'ICMP';
  const result = cluster.probe(reach, {
    from,
    to: name === undefined ? to : { name },
    port,
    protocol,
    ...(http === undefined ? {} : { http }),
    ...(dns === undefined ? {} : { dns: { query: dns } }),
  });
  if (result.verdict === undefined) return { outcome: result.outcome };
  const source = 'pod' in from ? { endpoint: from.pod } : from;
  const query = dns ?? name;
  if (result.isLookup === true || dns !== undefined) {
    // What policy refused is the question to DNS; an answer that there is no such name is no matter of policy.
    const { address, port: asked = 53 } = result;
    if (result.outcome === 'unknown-host' || address === undefined || query === undefined)
      return { outcome: result.outcome };
    const flow = { from: source, to: { address }, port: asked, protocol: 'UDP', dns: { query } };
    return { outcome: result.outcome, flow };
  }
  const flow: FlowSpec = {
    from: source,
    to: 'pod' in to ? { endpoint: to.pod } : to,
    ...(protocol === 'ICMP' ? { icmpType: 8 } : { port: result.port ?? port }),
    protocol,
    ...(http === undefined ? {} : { http }),
  };
  return { outcome: result.outcome, flow };
}

function podsOf(cluster: Cluster, reach: ReachabilityView): readonly PodView[] {
  const pods: PodView[] = [];
  const known = new Map<string, string>();
  const short = (text: string): string => {
    const id = known.get(text) ?? `#${known.size}`;
    known.set(text, id);
    return id;
  };
  for (const pod of reach.store.list('pods')) {
    const status = pod['status'] as { readonly podIP?: string; readonly phase?: string } | undefined;
    const spec = pod['spec'] as {
      readonly hostNetwork?: boolean;
      readonly containers: readonly { readonly ports?: readonly { readonly containerPort: number }[] }[];
    };
    if (
      status?.podIP === undefined ||
      status.phase !== 'Running' ||
      pod.metadata.deletionTimestamp !== undefined ||
      spec.hostNetwork === true
    )
      continue;
    const namespace = pod.metadata.namespace ?? 'default';
    pods.push({
      key: `${namespace}/${pod.metadata.name}`,
      namespace,
      name: pod.metadata.name,
      labels: pod.metadata.labels ?? {},
      address: status.podIP,
      ports: spec.containers.flatMap((container) =>
        (container.ports ?? []).map((port) => port.containerPort),
      ),
      likeness: short(cluster.likeness(reach, pod)),
    });
  }
  return pods;
}

type EndpointsSubset = {
  readonly addresses?: readonly {
    readonly ip: string;
    readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly namespace?: string };
  }[];
  readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[];
};

function servicesOf(store: Store): readonly ServiceView[] {
  return store.list('services').map((service) => {
    const namespace = service.metadata.namespace ?? 'default';
    const { name } = service.metadata;
    const ports =
      (
        service['spec'] as {
          readonly ports?: readonly {
            readonly name?: string;
            readonly port: number;
            readonly protocol?: string;
          }[];
        }
      ).ports ?? [];
    const subsets =
      (store.get('endpoints', namespace, name)?.['subsets'] as readonly EndpointsSubset[] | undefined) ?? [];
    return {
      namespace,
      name,
      ports: ports.map((port) => ({
        port: port.port,
        protocol: port.protocol ?? 'TCP',
        backends: subsets.flatMap((subset) => {
          const target = subset.ports?.find((candidate) => (candidate.name ?? '') === (port.name ?? ''));
          if (target === undefined) return [];
          return (subset.addresses ?? []).map((address) => ({
            pod:
              address.targetRef?.kind === 'Pod'
                ? `${address.targetRef.namespace ?? namespace}/${address.targetRef.name ?? ''}`
                : undefined,
            address: address.ip,
            port: target.port,
          }));
        }),
      })),
    };
  });
}

function policyOf(object: KubeObject): PolicyView {
  return {
    kind: object.kind,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    object,
  };
}
