import type { Random } from '../base/random.ts';
import { hashText } from '../base/hash.ts';
import { parseAddress } from '../net/address.ts';
import { cidrContains, parseCidrOrAddress } from '../net/cidr.ts';
import type { SocketAddress } from '../net/socket.ts';
import { type Backend, type Frontend, partyAt, type Topology } from './topology.ts';
import { ingressPort } from './ingress.ts';
import { INGRESS_ADDRESS, nodeOf, type Party } from './view.ts';

/** The way of a connection, fixed when it begins. */
export type Route = {
  readonly from: Party;
  readonly to: Party;
  readonly protocol: 'TCP' | 'UDP' | 'ICMP';
  /** The client's own address and port. */
  readonly client: SocketAddress;
  /** What the client dialled. */
  readonly dialled: SocketAddress;
  /** Where it goes, after Service translation. */
  readonly target: SocketAddress;
  /** The address that the destination sees. */
  readonly seenFrom: SocketAddress;
  readonly service: { readonly namespace: string; readonly name: string } | undefined;
  /** A machine that talks to itself: no policy, no flows. */
  readonly isSelf: boolean;
};

/** A route, or why there is none. `no-backend`: a Service without ready endpoints. */
export type Routed = Route | 'no-backend' | 'unroutable';

/** Chooses one of several backends (never called for one). */
export type ChooseBackend = (frontend: Frontend, backends: readonly Backend[]) => Backend | undefined;

/** What a route starts from. */
export type RouteRequest = {
  readonly from: Party;
  readonly protocol: 'TCP' | 'UDP' | 'ICMP';
  readonly client: SocketAddress;
  readonly dialled: SocketAddress;
};

/**
 * Finds the way of a new connection. Inside of the cluster Services are translated at connect() (socket LB); from
 * outside only node ports, load balancer and external addresses are, by the node that gets the packet.
 */
export function routeOf(topology: Topology, request: RouteRequest, choose: ChooseBackend): Routed {
  const { from, dialled } = request;
  const service = frontendFor(topology, request);
  if (service === 'none') return plainRoute(topology, request);
  if (service === 'no-port') return 'unroutable';
  const backends = eligible(service.frontend, { from, entry: service.entryNode });
  // Only backends elsewhere, where the traffic policy says Local: packets are dropped, not rejected.
  if (backends.length === 0) return service.frontend.backends.length > 0 ? 'unroutable' : 'no-backend';
  const backend = backends.length === 1 ? backends[0] : choose(service.frontend, backends);
  if (!backend) return 'no-backend';
  const isIngress = backend.address === INGRESS_ADDRESS;
  const envoyNode = service.entryNode ?? nodeOf(from) ?? '';
  const envoy = topology.nodes.get(envoyNode);
  if (isIngress && !envoy) return 'no-backend';
  const to: Party =
    isIngress && envoy
      ? { kind: 'node', name: envoy.name, address: envoy.address }
      : partyAt(topology, backend.address);
  const node = service.entryNode === undefined ? undefined : topology.nodes.get(service.entryNode);
  // A node hides the client's address when it passes a packet on to a backend of another node (SNAT mode).
  const isMasked = from.kind === 'outside' && node !== undefined && nodeOf(to) !== node.name;
  return {
    ...request,
    from: isMasked ? { kind: 'node', name: node.name, address: node.address } : from,
    to,
    dialled,
    target: isIngress
      ? {
          address: to.address,
          port: ingressPort(service.frontend.service, service.frontend.port),
        }
      : { address: backend.address, port: backend.port },
    seenFrom: isMasked ? { address: node.address, port: request.client.port } : request.client,
    service: service.frontend.service,
    isSelf: isSameParty(from, to),
  };
}

function plainRoute(topology: Topology, request: RouteRequest): Route {
  const to = partyAt(topology, request.dialled.address);
  return {
    ...request,
    to,
    target: request.dialled,
    seenFrom: request.client,
    service: undefined,
    isSelf: isSameParty(request.from, to),
  };
}

type Found = { readonly frontend: Frontend; readonly entryNode: string | undefined } | 'none' | 'no-port';

function frontendFor(topology: Topology, request: RouteRequest): Found {
  const { address, port } = request.dialled;
  const isInside = request.from.kind !== 'outside';
  const place = topology.serviceAddresses.get(address);
  if (place) {
    if (!isInside && !place.externalAddresses.includes(address)) return 'no-port';
    const frontend = topology.frontends.get(`${address}|${port}|${request.protocol}`);
    if (frontend && !isInside && !isAdmitted(topology, frontend, request)) return 'no-port';
    if (frontend)
      return { frontend, entryNode: isInside ? undefined : entryFor(topology, frontend, address) };
    // A node's own address may be an external one of a Service as well.
    if (!topology.nodeByAddress.has(address)) return 'no-port';
  }
  const node = topology.nodeByAddress.get(address);
  const frontend = node === undefined ? undefined : topology.nodePorts.get(`${port}|${request.protocol}`);
  if (!frontend) return 'none';
  return { frontend, entryNode: node };
}

/** Where a packet for an outside address enters: at the node of that address, else, where only local backends count, at one that has some. */
function entryFor(topology: Topology, frontend: Frontend, address: string): string | undefined {
  const own = topology.nodeByAddress.get(address);
  const names = [...topology.nodes.keys()].sort();
  const hasBackend = (name: string): boolean => frontend.backends.some((one) => one.node === name);
  return own ?? (frontend.externalLocal ? (names.find(hasBackend) ?? names[0]) : names[0]);
}

/** Whether a load balancer lets a client in. */
function isAdmitted(topology: Topology, frontend: Frontend, request: RouteRequest): boolean {
  const place = topology.services.get(`${frontend.service.namespace}/${frontend.service.name}`);
  const client = parseAddress(request.from.address);
  if (!place?.balancerAddresses.includes(request.dialled.address) || place.sourceRanges.length === 0)
    return true;
  return place.sourceRanges.some((range) => {
    const block = parseCidrOrAddress(range.trim());
    return client !== undefined && block !== undefined && cidrContains(block, client);
  });
}

function eligible(
  frontend: Frontend,
  where: { readonly from: Party; readonly entry: string | undefined },
): readonly Backend[] {
  if (where.from.kind === 'outside' && frontend.externalLocal)
    return frontend.backends.filter((item) => item.node === where.entry);
  if (where.from.kind !== 'outside' && frontend.internalLocal)
    return frontend.backends.filter((item) => item.node === nodeOf(where.from));
  return frontend.backends;
}

function isSameParty(a: Party, b: Party): boolean {
  if (a.kind === 'pod') return b.kind === 'pod' && a.key === b.key;
  if (a.kind === 'node') return b.kind === 'node' && a.name === b.name;
  return b.kind === 'outside' && a.address === b.address;
}

/** Seeded choice among backends; a Service with ClientIP affinity always gives a client the same one. */
export function seededChoice(random: Random, client: string): ChooseBackend {
  return (frontend, backends) =>
    frontend.sticky
      ? backends[Number.parseInt(hashText(client).slice(0, 8), 16) % backends.length]
      : random.pick('backend', backends);
}
