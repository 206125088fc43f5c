import type { Sys } from '../base/process.ts';
import type {
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

/** Where a shared network finds its ways. */
export type Ways = {
  /** The network as the cluster of the moment has it. */
  readonly base: () => Network;
  /** The network of the cluster that owns an address as a node's; undefined for all other addresses. */
  readonly towards: (address: string) => Network | undefined;
  /** Where a port of the machine that is published for a node leads; undefined: nowhere. */
  readonly published: (port: number) => SocketAddress | undefined;
};

/**
 * The network of a machine outside of several clusters: a packet goes by the data plane of the cluster whose node it is for,
 * everything else by the one of the moment. Sockets that listen are the same in all of them.
 */
export class SharedNetwork implements Network {
  readonly #ways: Ways;

  constructor(ways: Ways) {
    this.#ways = ways;
  }

  get addresses(): readonly string[] {
    return this.#ways.base().addresses;
  }

  get resolver(): ResolverConfig {
    return this.#ways.base().resolver;
  }

  get hosts(): ReadonlyMap<string, string> {
    return this.#ways.base().hosts;
  }

  get gateway(): string | undefined {
    return this.#ways.base().gateway;
  }

  connect(sys: Sys, to: SocketAddress, timeoutMs?: number): Promise<ConnectResult> {
    const isLocal = to.address.startsWith('127.') || to.address === '::1';
    const target = (isLocal ? this.#ways.published(to.port) : undefined) ?? to;
    return this.#towards(target.address).connect(sys, target, timeoutMs);
  }

  ping(
    sys: Sys,
    options: { readonly address: string; readonly sequence: number; readonly timeoutMs: number },
  ): Promise<EchoResult> {
    return this.#towards(options.address).ping(sys, options);
  }

  udp(): DatagramSocket {
    return new SharedDatagram(this.#ways.towards, this.#ways.base());
  }

  listen(port: number, address?: string): Listener | undefined {
    return this.#ways.base().listen(port, address);
  }

  listening(): readonly ListeningPort[] {
    return this.#ways.base().listening?.() ?? [];
  }

  #towards(address: string): Network {
    return this.#ways.towards(address) ?? this.#ways.base();
  }
}

/** A UDP socket that listens where it sent to last. */
class SharedDatagram implements DatagramSocket {
  readonly #towards: (address: string) => Network | undefined;
  readonly #base: DatagramSocket;
  readonly #sockets = new Map<string, DatagramSocket>();
  #last: DatagramSocket;

  constructor(towards: (address: string) => Network | undefined, base: Network) {
    this.#towards = towards;
    this.#base = base.udp();
    this.#last = this.#base;
  }

  get local(): SocketAddress {
    return this.#base.local;
  }

  send(to: SocketAddress, payload: DatagramPayload): void {
    const network = this.#towards(to.address);
    const socket = network === undefined ? this.#base : (this.#sockets.get(to.address) ?? network.udp());
    if (network !== undefined) this.#sockets.set(to.address, socket);
    this.#last = socket;
    socket.send(to, payload);
  }

  receive(sys: Sys, timeoutMs?: number): Promise<DatagramResult> {
    return this.#last.receive(sys, timeoutMs);
  }

  close(): void {
    this.#base.close();
    for (const socket of this.#sockets.values()) socket.close();
  }
}
