import type { AgentEndpoint, AgentReport } from './socket.ts';
import type { AgentOptions } from './options.ts';
import type { DnsCache } from './dns-cache.ts';
import type { KubeObject } from '../objects/api.ts';
import type { Node, Pod } from '../objects/views.ts';
import { isIdentityLabel } from '../policy/labels.ts';
import type { Peer } from '../policy/model.ts';
import type { PolicyRepository } from '../policy/repository.ts';
import type { Store } from '../store/store.ts';
import { byText } from '../base/order.ts';
import { nodeAddress } from '../objects/views.ts';
import { addressIn, podBlock } from './pools.ts';
import { RESERVED_IDENTITIES } from './identities.ts';
import { type KnownPeer, outsideAddresses } from './policy-map.ts';
import { POLICY_RESOURCES, policyKey } from './policy-import.ts';
import { INGRESS_ENDPOINT } from './config.ts';
import { serviceModels } from './service-model.ts';

/** What the agents know that a report is made of. `ownIds`: the endpoints of the node itself and of its health checker. */
export type ReportView = {
  readonly store: Store;
  readonly repository: PolicyRepository;
  readonly managed: ReadonlyMap<
    string,
    {
      readonly id: number;
      readonly node: string;
      readonly identity: number;
      readonly labels: readonly string[];
    }
  >;
  readonly podByAddress: ReadonlyMap<string, string>;
  readonly identities: AgentReport['identities'];
  readonly dns: DnsCache;
  readonly options: AgentOptions;
  readonly ownIds: { readonly host: number; readonly health: number };
  readonly policyRevision: number;
  readonly nowMs: number;
  readonly podOf: (key: string) => Pod | undefined;
  readonly identityOf: (peer: { readonly pod?: string; readonly address?: string }) => {
    readonly id: number;
    readonly labels: readonly string[];
  };
};

/** Gathers what the agent of a node answers from. */
export function agentReport(view: ReportView, node: string): AgentReport {
  const object = view.store.get('nodes', undefined, node) as Node | undefined;
  const own = view.ownIds;
  const endpoints: AgentEndpoint[] = [...view.managed]
    .filter(([, managed]) => managed.node === node)
    .map(([key, managed]) => ({
      id: managed.id,
      identity: managed.identity,
      labels: managed.labels,
      pod: view.podOf(key),
      address: view.podOf(key)?.status?.podIP ?? '',
      enforcement: view.repository.enforcement(key),
      options: optionsOf(view, node, managed.id, key),
    }));
  const none = { ingress: false, egress: false };
  const hostLabels = [
    'reserved:host',
    ...Object.entries(object?.metadata.labels ?? {})
      .filter(([key]) => isIdentityLabel(key))
      .map(([key, value]) => (value === '' ? `k8s:${key}` : `k8s:${key}=${value}`)),
  ];
  const kubeApi = addressesOf(view.store.get('endpoints', 'default', 'kubernetes')).includes(
    object === undefined ? '' : nodeAddress(object),
  );
  endpoints.push({
    id: own.host,
    identity: 1,
    labels: [...hostLabels, ...(kubeApi ? ['reserved:kube-apiserver'] : [])].sort(byText),
    pod: undefined,
    address: '',
    enforcement: view.repository.enforcement(`node:${node}`),
    options: optionsOf(view, node, own.host, `node:${node}`),
  });
  endpoints.push({
    id: own.health,
    identity: 4,
    labels: ['reserved:health'],
    pod: undefined,
    address: object === undefined ? '' : addressIn(podBlock(view.store, object), 2),
    enforcement: none,
    options: optionsOf(view, node, own.health, ''),
  });
  if (view.repository.config.hasIngress) {
    let id = (own.health % 4095) + 1;
    while (endpoints.some((one) => one.id === id)) id = (id % 4095) + 1;
    endpoints.push({
      id,
      identity: 8,
      labels: ['reserved:ingress'],
      pod: undefined,
      address: object === undefined ? '' : addressIn(podBlock(view.store, object), 3),
      enforcement: view.repository.enforcement(INGRESS_ENDPOINT.key),
      options: optionsOf(view, node, id, ''),
    });
  }
  const policies = [...POLICY_RESOURCES.keys()].flatMap((resource) =>
    // What the agent refused is no policy of its own.
    view.store.list(resource).filter((one) => view.repository.policy(policyKey(resource, one)) !== undefined),
  );
  return {
    node,
    nodeAddress: object === undefined ? '' : nodeAddress(object),
    podCidr: object === undefined ? '' : podBlock(view.store, object),
    endpoints: endpoints.sort((a, b) => a.id - b.id),
    identities: view.identities,
    policies,
    policyRevision: view.policyRevision,
    config: view.repository.config,
    nowMs: view.nowMs,
    dns: view.dns.state().map((entry) => ({
      ...entry,
      endpoints: entry.pods.flatMap((pod) => {
        const managed = view.managed.get(pod);
        return managed?.node === node ? [managed.id] : [];
      }),
    })),
    options: view.options.ofNode(node, view.repository.config.isAudit === true),
    nodes: nodeFacts(view.store),
    apiNodes: nodeFacts(view.store).flatMap(({ name }) => (isApiServer(view, name) ? [name] : [])),
    ciliumConfig: (view.store.get('configmaps', 'kube-system', 'cilium-config')?.['data'] ?? {}) as Readonly<
      Record<string, string>
    >,
    services: () => serviceModels(view.store, node, object === undefined ? [] : [nodeAddress(object)]),
    policyView: () => ({ repository: view.repository, node, peers: knownPeers(view, node) }),
    pods: () => podPlaces(view),
  };
}

function optionsOf(
  view: ReportView,
  node: string,
  id: number,
  key: string,
): Readonly<Record<string, string>> {
  return view.options.ofEndpoint(node, id, key !== '' && view.repository.isAudited(key));
}

/** Nodes with their addresses and pod CIDRs, by name. */
function nodeFacts(store: Store): readonly {
  readonly name: string;
  readonly address: string;
  readonly podCidr: string;
  readonly router: string;
  readonly health: string;
}[] {
  return (store.list('nodes') as Node[]).map((node) => {
    const podCidr = podBlock(store, node);
    return {
      name: node.metadata.name,
      address: nodeAddress(node),
      podCidr,
      router: addressIn(podCidr, 1),
      health: addressIn(podCidr, 2),
    };
  });
}

/** Every pod with an address of its own: where it is and who it is. */
function podPlaces(view: ReportView): readonly {
  readonly address: string;
  readonly node: string;
  readonly identity: number;
  readonly labels: readonly string[];
}[] {
  return [...view.podByAddress].map(([address, key]) => {
    const { id, labels } = view.identityOf({ pod: key });
    return { address, node: view.podOf(key)?.spec.nodeName ?? '', identity: id, labels };
  });
}

/** Everybody whom this node's agent knows by a number: reserved, pods, and outside addresses of policies and names. */
function knownPeers(view: ReportView, node: string): readonly KnownPeer[] {
  const found = new Map<number, KnownPeer>();
  const add = (id: number, labels: readonly string[], peer: Peer): void => {
    if (!found.has(id)) found.set(id, { id, labels: [...labels].sort(byText), peer });
  };
  const isApi = isApiServer(view, node);
  for (const [name, id] of Object.entries(RESERVED_IDENTITIES))
    if (id < 9) add(id, reservedLabels(name, isApi), { entity: name });
  for (const [key, managed] of view.managed) add(managed.identity, managed.labels, { endpoint: key });
  const addresses = [...view.dns.table().values()].flat();
  for (const address of [...outsideAddresses(view.repository), ...addresses]) {
    const { id, labels } = view.identityOf({ address });
    add(id, labels, { address });
  }
  return [...found.values()].sort((a, b) => a.id - b.id);
}

/** The labels of a reserved identity; a node with the API server has that label too. */
export function reservedLabels(name: string, isApiHost: boolean): readonly string[] {
  const label = `reserved:${name}`;
  if (name === 'kube-apiserver') return [label, 'reserved:remote-node'];
  return name === 'host' && isApiHost ? [label, 'reserved:kube-apiserver'] : [label];
}

/** True when the API server runs on a node. */
function isApiServer(view: ReportView, node: string): boolean {
  return view.repository.identityLabels({ node }).includes('reserved:kube-apiserver');
}

/** The addresses of an Endpoints object. */
export function addressesOf(endpoints: KubeObject | undefined): string[] {
  const subsets = (endpoints?.['subsets'] ?? []) as readonly { addresses?: readonly { ip: string }[] }[];
  return subsets.flatMap((subset) => (subset.addresses ?? []).map((one) => one.ip));
}
