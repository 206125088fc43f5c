import type { Sys } from '../base/process.ts';
import type {
  Connection,
  ConnectResult,
  DatagramPayload,
  DatagramResult,
  DatagramSocket,
  EchoResult,
  Listener,
  ListeningPort,
  Network,
  ResolverConfig,
  SocketAddress,
} from '../net/socket.ts';
import { type Fabric, faultAt } from './fabric.ts';
import { isStopped } from './flow-writer.ts';
import { type Route, type Routed, routeOf, seededChoice } from './route.ts';
import { TcpConnection } from './tcp.ts';
import type { NetworkFault, Party } from './view.ts';
import { sendDatagram } from './udp.ts';

/** When a Linux kernel (since 6.5) sends SYNs, ms after connect(); then it gives up (tools/FACTS.md §2). */
export const SYN_TIMES_MS: readonly number[] = [
  0, 1030, 2060, 3080, 4100, 5130, 7140, 11_280, 19_470, 35_590, 69_380,
];
/** When connect() fails with ETIMEDOUT, ms. */
export const CONNECT_GIVE_UP_MS = 134_900;

/** Connections that a listener keeps for accept(). */
const BACKLOG_MAX = 128;

/** The sockets of one network namespace. */
export class Space {
  readonly id: string;
  readonly listeners = new Map<number, SpaceListener>();

  constructor(id: string) {
    this.id = id;
  }
}

/** A foreground program's listening socket. */
export class SpaceListener implements Listener {
  readonly port: number;
  readonly #address: string | undefined;
  readonly #space: Space;
  #queue: Connection[] = [];
  #isClosed = false;

  constructor(space: Space, port: number, address: string | undefined) {
    this.#space = space;
    this.port = port;
    this.#address = address;
  }

  /** True when a packet to that address reaches the socket. */
  takes(address: string, isLoopback: boolean): boolean {
    if (this.#queue.length >= BACKLOG_MAX) return false;
    const own = this.#address;
    if (own === undefined || own === '0.0.0.0' || own === '::') return true;
    return isLoopback ? isLoopbackAddress(own) : own === address;
  }

  /** A new connection for `accept`. */
  push(connection: Connection): void {
    this.#queue.push(connection);
  }

  async accept(sys: Sys, timeoutMs?: number): Promise<Connection | undefined> {
    if (this.#queue.length === 0 && !this.#isClosed)
      await sys.until(() => this.#queue.length > 0 || this.#isClosed, timeoutMs);
    return this.#queue.shift();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#space.listeners.get(this.port) === this) this.#space.listeners.delete(this.port);
    for (const connection of this.#queue.splice(0)) connection.close();
  }
}

/** True for an address of the machine itself. */
export function isLoopbackAddress(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address === 'localhost';
}

/** Who uses a network: looked up anew each time, because pods come and go. */
export type NetworkOwner = {
  readonly party: () => Party | undefined;
  readonly addresses: () => readonly string[];
  readonly resolver: () => ResolverConfig;
  readonly hosts: () => ReadonlyMap<string, string>;
  /** The router of the machine, where the world names one. */
  readonly gateway?: () => string | undefined;
};

/** Finds the foreground sockets of a party. */
export type SpaceOf = (party: Party) => Space;

/** How one SYN ended. */
export type SynResult =
  | { readonly connection: TcpConnection; readonly accept: (() => void) | undefined }
  | 'refused'
  | 'dropped';

/** Sends one SYN: judged now, answered by whoever listens now. */
export function sendSyn(
  fabric: Fabric,
  route: Route,
  options: { readonly isFirst: boolean; readonly isTraced: boolean; readonly spaceOf: SpaceOf },
): SynResult {
  const verdict = fabric.judge(route);
  const isDropped = verdict !== undefined && (isStopped(verdict.egress) || isStopped(verdict.ingress));
  const packet = { route, isReply: false, flags: { SYN: true }, isTraced: options.isTraced };
  if (verdict) fabric.flows.request({ ...packet, isNew: options.isFirst || !isDropped }, verdict);
  const isProxied = verdict?.egress.verdict === 'redirected' || verdict?.ingress.verdict === 'redirected';
  // Behind a proxy at the source the client connects to the proxy; what happens further on shows in the answer.
  const isHidden = isDropped && verdict?.egress.verdict === 'redirected' && !isStopped(verdict.egress);
  if (isDropped && !isHidden) return 'dropped';
  if (!fabric.exists(route.to)) return 'dropped';
  const isLoopback = route.isSelf && isLoopbackAddress(route.dialled.address);
  const waiting = options.spaceOf(route.to).listeners.get(route.target.port);
  const foreground = waiting?.takes(route.target.address, isLoopback) ? waiting : undefined;
  const found = foreground
    ? undefined
    : fabric.serverAt(route.to, { port: route.target.port, protocol: 'TCP', isLocal: route.isSelf });
  if (!foreground && !found && !isProxied) {
    if (verdict)
      fabric.flows.reply({
        ...packet,
        isReply: true,
        flags: { ACK: true, RST: true },
        isNew: false,
        isTraced: true,
      });
    return 'refused';
  }
  const upstreamError = isHidden ? 'timeout' : !foreground && !found ? 'refused' : undefined;
  const proxiedFound = found ?? (isProxied ? NOBODY : undefined);
  const connection = new TcpConnection(fabric, route, { found: proxiedFound, verdict, upstreamError });
  return { connection, accept: foreground ? () => foreground.push(connection.server) : undefined };
}

/** Stands behind a proxy where nothing listens. */
const NOBODY = {
  spec: { port: 0, protocol: 'TCP', server: 'opaque', options: {} },
  server: {},
  container: undefined,
  hostname: '',
} as const;

/** How long a router asks for a neighbour that is not there, ms. */
const ABSENT_MS = 3050;

const PING_ERRORS: Readonly<Record<NetworkFault, 'net' | 'host' | 'filtered' | 'port' | undefined>> = {
  drop: undefined,
  refuse: undefined,
  'port-unreachable': 'port',
  'host-unreachable': 'host',
  'net-unreachable': 'net',
  prohibited: 'filtered',
  absent: 'host',
};

/** How a connection attempt ends where packets are not delivered. */
async function failedConnect(sys: Sys, fault: NetworkFault, deadlineMs: number): Promise<ConnectResult> {
  const leftMs = deadlineMs - sys.nowMs();
  const waitMs = fault === 'drop' ? leftMs : fault === 'absent' ? ABSENT_MS : 0.4;
  await sys.sleep(Math.max(0, Math.min(waitMs, leftMs)));
  if (waitMs > leftMs || fault === 'drop') return { kind: 'timeout' };
  if (fault === 'refuse' || fault === 'port-unreachable') return { kind: 'refused' };
  return { kind: 'unreachable', why: fault === 'net-unreachable' ? 'network' : 'host' };
}

/** One network namespace as programs see it. */
export class SpaceNetwork implements Network {
  readonly #fabric: Fabric;
  readonly #owner: NetworkOwner;
  readonly #space: Space;
  readonly #spaceOf: SpaceOf;

  constructor(options: {
    readonly fabric: Fabric;
    readonly owner: NetworkOwner;
    readonly space: Space;
    readonly spaceOf: SpaceOf;
  }) {
    this.#fabric = options.fabric;
    this.#owner = options.owner;
    this.#space = options.space;
    this.#spaceOf = options.spaceOf;
  }

  get addresses(): readonly string[] {
    return this.#owner.addresses();
  }

  get resolver(): ResolverConfig {
    return this.#owner.resolver();
  }

  get hosts(): ReadonlyMap<string, string> {
    return this.#owner.hosts();
  }

  get gateway(): string | undefined {
    return this.#owner.gateway?.();
  }

  async connect(sys: Sys, to: SocketAddress, timeoutMs?: number): Promise<ConnectResult> {
    const startMs = sys.nowMs();
    const deadlineMs = startMs + Math.min(timeoutMs ?? CONNECT_GIVE_UP_MS, CONNECT_GIVE_UP_MS);
    // The virtual networks are IPv4 only: there is no route for any other IPv6 address.
    if (to.address.includes(':') && !isLoopbackAddress(to.address))
      return { kind: 'unreachable', why: 'network' };
    const routed = this.route({ protocol: 'TCP', dialled: to });
    if (routed === 'no-backend') return { kind: 'unreachable', why: 'host' };
    if (routed === 'no-network') return { kind: 'unreachable', why: 'network' };
    if (routed === 'unroutable') {
      await sys.sleep(deadlineMs - startMs);
      return { kind: 'timeout' };
    }
    const fault = this.#faultOf(routed);
    if (fault !== undefined) return failedConnect(sys, fault, deadlineMs);
    this.#fabric.flows.socketTranslation(routed);
    let tracedMs = Number.NEGATIVE_INFINITY;
    for (const [i, atMs] of SYN_TIMES_MS.entries()) {
      const waitMs = startMs + atMs - sys.nowMs();
      if (startMs + atMs > deadlineMs) break;
      if (waitMs > 0) await sys.sleep(waitMs);
      const isTraced = sys.nowMs() - tracedMs >= 5000;
      if (isTraced) tracedMs = sys.nowMs();
      const result = sendSyn(this.#fabric, routed, { isFirst: i === 0, isTraced, spaceOf: this.#spaceOf });
      if (result === 'dropped') continue;
      const ended = await this.#answered(sys, result, { route: routed, deadlineMs });
      return ended;
    }
    await sys.sleep(Math.max(0, deadlineMs - sys.nowMs()));
    return { kind: 'timeout' };
  }

  /** What the network does with packets of that route instead of delivering them. */
  #faultOf(route: Route): NetworkFault | undefined {
    if (route.to.kind !== 'outside' || route.isSelf) return undefined;
    return faultAt(this.#fabric.world, route.to.address, route.target.port);
  }

  async #answered(
    sys: Sys,
    result: Exclude<SynResult, 'dropped'>,
    where: { readonly route: Route; readonly deadlineMs: number },
  ): Promise<ConnectResult> {
    const latencyMs =
      result === 'refused' ? this.#fabric.latencyMs(where.route) : result.connection.latencyMs;
    const leftMs = where.deadlineMs - sys.nowMs();
    if (latencyMs * 2 > leftMs) {
      await sys.sleep(Math.max(0, leftMs));
      return { kind: 'timeout' };
    }
    await sys.sleep(latencyMs * 2);
    if (result === 'refused') return { kind: 'refused' };
    result.connection.established();
    result.accept?.();
    return { kind: 'connected', connection: result.connection.client };
  }

  /** The way to an address; `no-network` when the machine is gone. */
  route(want: {
    readonly protocol: 'TCP' | 'UDP' | 'ICMP';
    readonly dialled: SocketAddress;
    readonly port?: number;
  }): Routed | 'no-network' {
    const from = this.#owner.party();
    if (!from) return 'no-network';
    const { random } = this.#fabric.sim;
    const port = want.port ?? random.integer('port', 32_768, 60_999);
    const client = { address: from.address, port };
    if (isLoopbackAddress(want.dialled.address)) {
      const local = { address: '127.0.0.1', port };
      return {
        from,
        to: from,
        protocol: want.protocol,
        client: local,
        dialled: want.dialled,
        target: { ...want.dialled },
        seenFrom: local,
        service: undefined,
        isSelf: true,
      };
    }
    return routeOf(
      this.#fabric.topology(),
      { from, protocol: want.protocol, client, dialled: want.dialled },
      seededChoice(random, from.address),
    );
  }

  udp(): DatagramSocket {
    return new SpaceDatagram(this.#fabric, this);
  }

  async ping(
    sys: Sys,
    options: { readonly address: string; readonly sequence: number; readonly timeoutMs: number },
  ): Promise<EchoResult> {
    const routed = this.route({ protocol: 'ICMP', dialled: { address: options.address, port: 0 }, port: 0 });
    const fail = async (): Promise<EchoResult> => {
      await sys.sleep(options.timeoutMs);
      return { kind: 'timeout' };
    };
    if (typeof routed === 'string') return fail();
    const fault = this.#faultOf(routed);
    if (fault === 'drop') return fail();
    if (fault !== undefined) return this.#unreachable(sys, fault, options);
    const verdict = this.#fabric.judge(routed, { icmpType: 8 });
    const packet = {
      route: routed,
      isReply: false,
      icmpType: 8,
      isNew: options.sequence <= 1,
      isTraced: options.sequence <= 1 || options.sequence % 5 === 1,
    };
    if (verdict) this.#fabric.flows.request(packet, verdict);
    const isDropped = verdict !== undefined && (isStopped(verdict.egress) || isStopped(verdict.ingress));
    if (isDropped || !this.#fabric.exists(routed.to)) return fail();
    const elapsedMs = Math.round(this.#fabric.latencyMs(routed) * 2000) / 1000;
    if (elapsedMs > options.timeoutMs) return fail();
    await sys.sleep(elapsedMs);
    if (verdict) this.#fabric.flows.reply({ ...packet, isReply: true, icmpType: 0 });
    const isFar =
      this.#fabric.world.workstation.gateway === undefined &&
      (routed.to.kind === 'outside' || routed.from.kind === 'outside');
    return { kind: 'reply', elapsedMs, ttl: routed.isSelf ? 64 : isFar ? 56 : 63 };
  }

  async #unreachable(
    sys: Sys,
    fault: NetworkFault,
    options: { readonly sequence: number; readonly timeoutMs: number },
  ): Promise<EchoResult> {
    const from = this.gateway ?? this.addresses[0] ?? '127.0.0.1';
    const why = PING_ERRORS[fault];
    if (why === undefined) return { kind: 'timeout' };
    // A router asks three times, a second apart, who has the address; what came meanwhile is answered with it.
    const waitMs = fault === 'absent' ? Math.max(0, ABSENT_MS - (options.sequence - 1) * 1000) : 0;
    if (waitMs > options.timeoutMs) {
      await sys.sleep(options.timeoutMs);
      return { kind: 'timeout' };
    }
    await sys.sleep(waitMs);
    return { kind: 'unreachable', from, why };
  }

  listen(port: number, address?: string): Listener | undefined {
    const party = this.#owner.party();
    const wanted = port === 0 ? this.#freePort() : port;
    const isTaken =
      this.#space.listeners.has(wanted) ||
      (party !== undefined &&
        this.#fabric.serverAt(party, { port: wanted, protocol: 'TCP', isLocal: true }) !== undefined);
    if (isTaken) return undefined;
    const listener = new SpaceListener(this.#space, wanted, address);
    this.#space.listeners.set(wanted, listener);
    return listener;
  }

  listening(): readonly ListeningPort[] {
    const party = this.#owner.party();
    const found = [...(party === undefined ? [] : this.#fabric.listenersAt(party))].map(
      ({ port, protocol, isLocal }): ListeningPort => ({ port, protocol, isLocal: isLocal === true }),
    );
    for (const port of this.#space.listeners.keys()) found.push({ port, protocol: 'TCP', isLocal: false });
    return found.sort((a, b) =>
      a.protocol === b.protocol ? a.port - b.port : a.protocol < b.protocol ? -1 : 1,
    );
  }

  #freePort(): number {
    for (;;) {
      const port = this.#fabric.sim.random.integer('port', 32_768, 60_999);
      if (!this.#space.listeners.has(port)) return port;
    }
  }
}

/** A UDP socket: what comes back waits in it. */
class SpaceDatagram implements DatagramSocket {
  readonly local: SocketAddress;
  readonly #fabric: Fabric;
  readonly #network: SpaceNetwork;
  readonly #routes = new Map<string, Routed | 'no-network'>();
  #inbox: { readonly atMs: number; readonly result: DatagramResult }[] = [];
  readonly #tracedMs = new Map<string, number>();

  constructor(fabric: Fabric, network: SpaceNetwork) {
    this.#fabric = fabric;
    this.#network = network;
    this.local = {
      address: network.addresses[0] ?? '0.0.0.0',
      port: fabric.sim.random.integer('port', 32_768, 60_999),
    };
  }

  send(to: SocketAddress, payload: DatagramPayload): void {
    const key = `${to.address}|${to.port}`;
    const old = this.#routes.get(key);
    const routed = old ?? this.#network.route({ protocol: 'UDP', dialled: to, port: this.local.port });
    this.#routes.set(key, routed);
    const nowMs = this.#fabric.sim.clock.nowMs;
    if (routed === 'no-backend') {
      this.#inbox.push({ atMs: nowMs, result: { kind: 'refused' } });
      return;
    }
    if (typeof routed === 'string') return;
    const fault =
      routed.to.kind === 'outside' && !routed.isSelf
        ? faultAt(this.#fabric.world, routed.to.address, to.port)
        : undefined;
    if (fault !== undefined) {
      const isKnown = fault !== 'drop' && fault !== 'prohibited';
      if (isKnown) this.#inbox.push({ atMs: nowMs + 0.4, result: { kind: 'refused' } });
      return;
    }
    if (old === undefined) this.#fabric.flows.socketTranslation(routed);
    const isTraced = nowMs - (this.#tracedMs.get(key) ?? Number.NEGATIVE_INFINITY) >= 5000;
    if (isTraced) this.#tracedMs.set(key, nowMs);
    const answer = sendDatagram(this.#fabric, routed, { payload, isNew: old === undefined, isTraced });
    if (!answer) return;
    const result: DatagramResult =
      'refused' in answer ? { kind: 'refused' } : { kind: 'datagram', from: to, payload: answer.payload };
    this.#inbox.push({ atMs: nowMs + answer.delayMs, result });
    this.#inbox.sort((a, b) => a.atMs - b.atMs);
  }

  async receive(sys: Sys, timeoutMs?: number): Promise<DatagramResult> {
    const deadlineMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : sys.nowMs() + timeoutMs;
    for (;;) {
      const head = this.#inbox[0];
      const leftMs = deadlineMs - sys.nowMs();
      if (!head) {
        const came = await sys.until(
          () => this.#inbox.length > 0,
          Number.isFinite(leftMs) ? Math.max(0, leftMs) : undefined,
        );
        if (!came) return { kind: 'timeout' };
        continue;
      }
      const waitMs = head.atMs - sys.nowMs();
      if (waitMs > leftMs) {
        await sys.sleep(Math.max(0, leftMs));
        return { kind: 'timeout' };
      }
      if (waitMs > 0) await sys.sleep(waitMs);
      this.#inbox.shift();
      return head.result;
    }
  }

  close(): void {
    this.#inbox = [];
  }
}
