import { byText } from '../base/order.ts';
import { commandOf, type ImageFacts, type ListenerSpec, lookup } from '../images/catalog.ts';
import type { BotSpec } from '../images/bot.ts';
import { type ContainerSpec, keyOf, type Pod, type Service, type ServicePort } from '../objects/views.ts';
import type { KubeObject } from '../objects/api.ts';
import { parseTimestamp } from '../objects/time.ts';
import { environmentOf } from './environment.ts';
import type { Party, StoreView } from './view.ts';

/** A container that runs now, and what it does on the network. */
export type RunningContainer = {
  /** Unique over restarts: `uid/name/restarts`. */
  readonly id: string;
  readonly name: string;
  readonly podKey: string;
  readonly image: ImageFacts;
  readonly env: Readonly<Record<string, string>>;
  readonly listeners: readonly ListenerSpec[];
  readonly bot: BotSpec | undefined;
  readonly spec: ContainerSpec;
  readonly startedMs: number;
};

/** A pod that has an address, with its running containers. */
export type PodPlace = {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
  readonly node: string;
  readonly isHostNetwork: boolean;
  readonly hostname: string;
  readonly containers: readonly RunningContainer[];
  readonly pod: Pod;
};

/** One place behind a Service's port. */
export type Backend = { readonly address: string; readonly port: number; readonly node: string | undefined };

/** A Service's port with its backends, in a stable order. */
export type Frontend = {
  readonly service: { readonly namespace: string; readonly name: string };
  readonly portName: string;
  readonly port: number;
  readonly protocol: string;
  readonly nodePort: number | undefined;
  readonly backends: readonly Backend[];
  readonly externalLocal: boolean;
  readonly internalLocal: boolean;
  readonly sticky: boolean;
};

/** A Service as names and addresses see it. */
export type ServicePlace = {
  readonly namespace: string;
  readonly name: string;
  /** '' for a headless or ExternalName Service. */
  readonly clusterIp: string;
  /** Addresses at which it is reached from outside as well. */
  readonly externalAddresses: readonly string[];
  /** Who may come to the addresses of the load balancer (loadBalancerSourceRanges); empty: everybody. */
  readonly sourceRanges: readonly string[];
  readonly balancerAddresses: readonly string[];
  readonly externalName: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly frontends: readonly Frontend[];
  /** Ready endpoint addresses with the hostnames of StatefulSet pods, for headless names. */
  readonly endpoints: readonly { readonly address: string; readonly hostname: string | undefined }[];
};

/** Where everything is, derived from the store; made again when pods, Services, slices or nodes changed. */
export type Topology = {
  readonly pods: ReadonlyMap<string, PodPlace>;
  readonly podByAddress: ReadonlyMap<string, PodPlace>;
  readonly hostPods: ReadonlyMap<string, readonly PodPlace[]>;
  readonly nodes: ReadonlyMap<string, { readonly name: string; readonly address: string }>;
  readonly nodeByAddress: ReadonlyMap<string, string>;
  readonly services: ReadonlyMap<string, ServicePlace>;
  /** By `address|port|protocol`. */
  readonly frontends: ReadonlyMap<string, Frontend>;
  /** By `port|protocol`. */
  readonly nodePorts: ReadonlyMap<string, Frontend>;
  readonly serviceAddresses: ReadonlyMap<string, ServicePlace>;
};

const made = new WeakMap<object, { readonly stamp: string; readonly topology: Topology }>();
const RESOURCES = ['pods', 'services', 'endpointslices.discovery.k8s.io', 'nodes', 'configmaps', 'secrets'];

/** The topology of a store as it is now; cached per store. */
export function topologyOf(store: StoreView): Topology {
  const stamp = RESOURCES.map((resource) => store.revisionOf(resource)).join('/');
  const cached = made.get(store);
  if (cached?.stamp === stamp) return cached.topology;
  const topology = build(store);
  made.set(store, { stamp, topology });
  return topology;
}

/** Lets a fork of a store begin with what is known of the store; it is made anew when the fork changes what it shows. */
export function shareTopology(store: StoreView, fork: StoreView): void {
  const cached = made.get(store);
  if (cached !== undefined) made.set(fork, cached);
}

/** Who owns an address. An address in no table is outside. */
export function partyAt(topology: Topology, address: string): Party {
  const pod = topology.podByAddress.get(address);
  if (pod) return podParty(pod);
  const node = topology.nodeByAddress.get(address);
  return node === undefined ? { kind: 'outside', address } : { kind: 'node', name: node, address };
}

/** A pod as a party; one on its host's network is the node. */
export function podParty(pod: PodPlace): Party {
  if (pod.isHostNetwork) return { kind: 'node', name: pod.node, address: pod.address };
  return { kind: 'pod', key: pod.key, node: pod.node, address: pod.address };
}

function build(store: StoreView): Topology {
  const pods = new Map<string, PodPlace>();
  const podByAddress = new Map<string, PodPlace>();
  const hostPods = new Map<string, PodPlace[]>();
  for (const object of store.list('pods')) {
    const place = podPlace(store, object as Pod);
    if (!place) continue;
    pods.set(place.key, place);
    if (place.isHostNetwork) hostPods.set(place.node, [...(hostPods.get(place.node) ?? []), place]);
    else podByAddress.set(place.address, place);
  }
  const nodes = new Map<string, { readonly name: string; readonly address: string }>();
  const nodeByAddress = new Map<string, string>();
  for (const object of store.list('nodes')) {
    const list =
      (
        object['status'] as
          | { readonly addresses?: readonly { readonly type: string; readonly address: string }[] }
          | undefined
      )?.addresses ?? [];
    const address = list.find((entry) => entry.type === 'InternalIP')?.address;
    if (address === undefined) continue;
    nodes.set(object.metadata.name, { name: object.metadata.name, address });
    nodeByAddress.set(address, object.metadata.name);
  }
  return { pods, podByAddress, hostPods, nodes, nodeByAddress, ...servicesOf(store) };
}

function podPlace(store: StoreView, pod: Pod): PodPlace | undefined {
  const address = pod.status?.podIP;
  const phase = pod.status?.phase;
  if (address === undefined || phase === 'Succeeded' || phase === 'Failed' || pod.spec.nodeName === undefined)
    return undefined;
  const spec = pod.spec as {
    readonly hostNetwork?: boolean;
    readonly hostname?: string;
    readonly initContainers?: readonly ContainerSpec[];
  };
  const containers = [...pod.spec.containers, ...(spec.initContainers ?? [])];
  return {
    key: keyOf(pod),
    namespace: pod.metadata.namespace ?? 'default',
    name: pod.metadata.name,
    address,
    node: pod.spec.nodeName,
    isHostNetwork: spec.hostNetwork === true,
    hostname: spec.hostNetwork === true ? pod.spec.nodeName : (spec.hostname ?? pod.metadata.name),
    containers: containers.flatMap((container) => runningContainer(store, pod, container)),
    pod,
  };
}

type StatusView = {
  readonly name: string;
  readonly restartCount?: number;
  readonly state?: { readonly running?: { readonly startedAt?: string } };
};

function runningContainer(store: StoreView, pod: Pod, container: ContainerSpec): RunningContainer[] {
  const status = pod.status as
    | {
        readonly containerStatuses?: readonly StatusView[];
        readonly initContainerStatuses?: readonly StatusView[];
      }
    | undefined;
  const mine = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find(
    (item) => item.name === container.name,
  );
  const image = mine?.state?.running === undefined ? undefined : lookup(container.image);
  if (!image) return [];
  const env = environmentOf(store, pod, container, image);
  const command = commandOf(image, container).map((word) => expand(word, env));
  return [
    {
      id: `${pod.metadata.uid ?? keyOf(pod)}/${container.name}/${mine?.restartCount ?? 0}`,
      name: container.name,
      podKey: keyOf(pod),
      image,
      env,
      listeners: image.listeners(env, command).filter((item) => isOn(store, item)),
      bot: image.bot(env, command),
      spec: container,
      startedMs: parseTimestamp(mine?.state?.running?.startedAt) ?? 0,
    },
  ];
}

/** Some ports open only when Cilium's configuration names them (option `needs`). */
function isOn(store: StoreView, item: ListenerSpec): boolean {
  const key = item.options['needs'];
  if (typeof key !== 'string') return true;
  const data = store.get('configmaps', 'kube-system', 'cilium-config')?.['data'];
  return Object.hasOwn((data ?? {}) as object, key);
}

function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\(([A-Za-z_][A-Za-z0-9_]*)\)/g, (whole, name: string) =>
    Object.hasOwn(env, name) ? (env[name] ?? whole) : whole,
  );
}

type Slice = KubeObject & {
  readonly ports?: readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[];
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean };
    readonly nodeName?: string;
    readonly hostname?: string;
  }[];
};

function servicesOf(
  store: StoreView,
): Pick<Topology, 'services' | 'frontends' | 'nodePorts' | 'serviceAddresses'> {
  const slices = new Map<string, Slice[]>();
  for (const object of store.list('endpointslices.discovery.k8s.io')) {
    const owner = object.metadata.labels?.['kubernetes.io/service-name'];
    if (owner === undefined) continue;
    const key = `${object.metadata.namespace}/${owner}`;
    slices.set(key, [...(slices.get(key) ?? []), object as Slice]);
  }
  const services = new Map<string, ServicePlace>();
  const frontends = new Map<string, Frontend>();
  const nodePorts = new Map<string, Frontend>();
  const serviceAddresses = new Map<string, ServicePlace>();
  for (const object of store.list('services')) {
    const place = servicePlace(object as Service, slices.get(keyOf(object)) ?? []);
    services.set(keyOf(object), place);
    const addresses = [place.clusterIp, ...place.externalAddresses].filter((address) => address !== '');
    for (const address of addresses) serviceAddresses.set(address, place);
    for (const frontend of place.frontends) {
      for (const address of addresses)
        frontends.set(`${address}|${frontend.port}|${frontend.protocol}`, frontend);
      if (frontend.nodePort !== undefined)
        nodePorts.set(`${frontend.nodePort}|${frontend.protocol}`, frontend);
    }
  }
  return { services, frontends, nodePorts, serviceAddresses };
}

type ServiceFields = {
  readonly type?: string;
  readonly clusterIP?: string;
  readonly externalIPs?: readonly string[];
  readonly externalName?: string;
  readonly loadBalancerSourceRanges?: readonly string[];
  readonly externalTrafficPolicy?: string;
  readonly internalTrafficPolicy?: string;
  readonly sessionAffinity?: string;
  readonly ports?: readonly (ServicePort & { readonly nodePort?: number })[];
};

function servicePlace(service: Service, slices: readonly Slice[]): ServicePlace {
  const spec = service.spec as ServiceFields;
  const status = service['status'] as
    | { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } }
    | undefined;
  const balancer = (status?.loadBalancer?.ingress ?? []).flatMap((item) =>
    item.ip === undefined ? [] : [item.ip],
  );
  const names = { namespace: service.metadata.namespace ?? 'default', name: service.metadata.name };
  const ready = slices.flatMap((slice) =>
    (slice.endpoints ?? []).filter((item) => item.conditions?.ready !== false),
  );
  return {
    ...names,
    clusterIp: spec.clusterIP === undefined || spec.clusterIP === 'None' ? '' : spec.clusterIP,
    externalAddresses: [...(spec.externalIPs ?? []), ...balancer],
    sourceRanges: spec.loadBalancerSourceRanges ?? [],
    balancerAddresses: balancer,
    annotations: service.metadata.annotations,
    externalName: spec.type === 'ExternalName' ? spec.externalName : undefined,
    frontends: (spec.ports ?? []).map((port) => ({
      service: names,
      portName: port.name ?? '',
      port: port.port,
      protocol: port.protocol ?? 'TCP',
      nodePort: port.nodePort,
      backends: backendsOf(slices, port),
      externalLocal: spec.externalTrafficPolicy === 'Local',
      internalLocal: spec.internalTrafficPolicy === 'Local',
      sticky: spec.sessionAffinity === 'ClientIP',
    })),
    endpoints: ready.flatMap((item) =>
      item.addresses.map((address) => ({ address, hostname: item.hostname })),
    ),
  };
}

function backendsOf(slices: readonly Slice[], port: ServicePort): Backend[] {
  const found = slices.flatMap((slice) => {
    const mine = (slice.ports ?? []).find(
      (item) =>
        (item.name ?? '') === (port.name ?? '') && (item.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    );
    if (mine?.port === undefined) return [];
    const number = mine.port;
    return (slice.endpoints ?? [])
      .filter((item) => item.conditions?.ready !== false)
      .flatMap((item) => item.addresses.map((address) => ({ address, port: number, node: item.nodeName })));
  });
  return found.sort((a, b) => byText(a.address, b.address));
}
