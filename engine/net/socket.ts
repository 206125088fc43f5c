import type { Sys } from '../base/process.ts';
import type { Certificate } from './certificate.ts';
import type { DnsMessage } from './dns.ts';

/** A transport address. */
export type SocketAddress = { readonly address: string; readonly port: number };

/** How `connect` ended. `timeout`: no answer to any SYN within `timeoutMs`, or (without one) until the kernel gave up. */
export type ConnectResult =
  | { readonly kind: 'connected'; readonly connection: Connection }
  | { readonly kind: 'refused' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'unreachable'; readonly why: 'host' | 'network' };

/** What came next on a connection. `end`: the peer closed in order. `timeout`: nothing came in time. */
export type ReceiveResult =
  | { readonly kind: 'data'; readonly text: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'timeout' };

/**
 * How a TLS handshake ended. `plain`: the peer does not speak TLS. `closed`: it closed the connection. `alert`: it refused.
 * `names` are the certificate's DNS names; `trusted` by the virtual CA.
 */
export type TlsResult =
  | {
      readonly kind: 'ok';
      readonly names: readonly string[];
      readonly trusted: boolean;
      readonly certificate?: Certificate;
      readonly version?: 'TLSv1.2' | 'TLSv1.3';
      /** The application protocol that was agreed on by ALPN. */
      readonly alpn?: string;
      /** The server demands a client's certificate: reading fails. */
      readonly wantsClientCertificate?: boolean;
    }
  | { readonly kind: 'alert'; readonly alert: 'unrecognized name' | 'protocol version' }
  | { readonly kind: 'reset' | 'plain' | 'timeout' | 'closed' };

/** What a client says when it starts TLS: the name it asks for (SNI), and what it offers. */
export type TlsOptions = {
  readonly serverName: string;
  readonly timeoutMs?: number;
  readonly alpn?: readonly string[];
};

/** One end of a TCP connection. Text stands for the bytes of its UTF-8 form. */
export interface Connection {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  /** Sends; false when the connection was reset. A denied packet is lost silently, as in life: the sender learns nothing. */
  send(sys: Sys, text: string): Promise<boolean>;
  receive(sys: Sys, timeoutMs?: number): Promise<ReceiveResult>;
  /** Speaks TLS from here on, with `serverName` as SNI. */
  startTls(sys: Sys, options: TlsOptions): Promise<TlsResult>;
  /** Half-close: tells the peer that no more will be sent; what it still sends can be received. */
  finish(): void;
  /** Closes both ways. */
  close(): void;
}

/** A waiting server socket of a foreground program (`nc -l`, `kubectl port-forward`). */
export interface Listener {
  readonly port: number;
  /** Waits for the next connection; undefined when `timeoutMs` passed or the listener was closed. */
  accept(sys: Sys, timeoutMs?: number): Promise<Connection | undefined>;
  close(): void;
}

/** What a datagram carries. */
export type DatagramPayload = { readonly dns: DnsMessage } | { readonly text: string };

/** What a UDP socket received. `refused`: an ICMP port unreachable came back. */
export type DatagramResult =
  | { readonly kind: 'datagram'; readonly from: SocketAddress; readonly payload: DatagramPayload }
  | { readonly kind: 'refused' }
  | { readonly kind: 'timeout' };

/** A UDP socket with a local port of its own. */
export interface DatagramSocket {
  readonly local: SocketAddress;
  /** Sends at once; whether it arrives shows only in what comes back. */
  send(to: SocketAddress, payload: DatagramPayload): void;
  receive(sys: Sys, timeoutMs?: number): Promise<DatagramResult>;
  close(): void;
}

/** How an ICMP echo ended; `elapsedMs` with three decimals. */
export type EchoResult =
  | { readonly kind: 'reply'; readonly elapsedMs: number; readonly ttl: number }
  | { readonly kind: 'timeout' }
  | {
      readonly kind: 'unreachable';
      readonly from: string;
      readonly why?: 'net' | 'host' | 'filtered' | 'port';
    };

/** What the resolver library of a machine reads from /etc/resolv.conf. */
export type ResolverConfig = {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly ndots: number;
  /** `options timeout:` and `attempts:`, seconds and count; absent: 5 and 2. */
  readonly timeoutS?: number;
  readonly attempts?: number;
};

/** A port on which a machine waits; `isLocal`: on its loopback address only. */
export type ListeningPort = {
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly isLocal: boolean;
};

/** One network namespace as the programs in it see it: a pod's, the workstation's, an outside host's. */
export interface Network {
  /** Own addresses, the main one first; without loopback. */
  readonly addresses: readonly string[];
  readonly resolver: ResolverConfig;
  /** /etc/hosts: name → address; `localhost` included. */
  readonly hosts: ReadonlyMap<string, string>;
  /** Dials by address (never by name). SYN retransmits follow tools/FACTS.md §2; without `timeoutMs` the kernel gives up after 134.9 s. */
  connect(sys: Sys, to: SocketAddress, timeoutMs?: number): Promise<ConnectResult>;
  /** The router that its packets leave by, where the world says; undefined elsewhere. */
  readonly gateway?: string | undefined;
  udp(): DatagramSocket;
  ping(
    sys: Sys,
    options: { readonly address: string; readonly sequence: number; readonly timeoutMs: number },
  ): Promise<EchoResult>;
  /** Listens on TCP `port` (0 = any free) of `address` (default all); undefined when it is taken. */
  listen(port: number, address?: string): Listener | undefined;
  /** Where the machine waits, by protocol and port; absent where nobody keeps that list. */
  listening?(): readonly ListeningPort[];
}
