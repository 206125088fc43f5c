import type { Json } from '../base/json.ts';
import type { DnsMessage } from '../net/dns.ts';
import type { SocketAddress } from '../net/socket.ts';
import { type HttpRequest, type HttpResponse, parseRequest, writeResponse } from './http.ts';

/** Something a server sends, `delayMs` after what caused it (default at once). */
export type Reply = { readonly text: string; readonly delayMs?: number };

/** What a server does next on one connection. */
export type ServerStep = { readonly replies: readonly Reply[]; readonly end?: 'close' | 'reset' };

/** What one connection keeps between packets: plain data, changed in place by its server only. */
export type ConnectionState = { buffer: string; data: Record<string, Json> };

/** A call that a server or a bot makes to another one over the network of its machine. */
export type OutboundCall = {
  readonly host: string;
  readonly port: number;
  /** What to ask; absent: only connects. */
  readonly request?: HttpRequest;
  /** Speaks TLS, whatever the certificate. */
  readonly isTls?: boolean;
  /** The call of a node's Envoy for the client at this address: policy sees the identity `ingress`, and is asked before. */
  readonly ingressFor?: string;
  /** HTTP/2 for gRPC: shows in the proxy's records. */
  readonly protocol?: 'HTTP/1.1' | 'HTTP/2';
};

/** How such a call ended: an answer, or the word for what went wrong. */
export type OutboundResult =
  | { readonly response: HttpResponse }
  | { readonly error: 'dns' | 'timeout' | 'refused' | 'reset' | 'closed' | 'denied' };

/** What a server sees of its machine while it handles one packet. */
export type ServerContext = {
  /** The listener's own settings. */
  readonly options: Readonly<Record<string, Json>>;
  readonly env: Readonly<Record<string, string>>;
  readonly hostname: string;
  readonly nowMs: number;
  /** What the server's container keeps: plain data, changed in place. */
  readonly state: Record<string, Json>;
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  /** The name asked for in the TLS handshake; undefined on a plain connection. */
  readonly serverName: string | undefined;
  /** A file of the container, for servers that serve files (what a learner wrote counts); undefined when absent. */
  readonly readFile: (path: string) => string | undefined;
  /** A file of the virtual internet by URL, or undefined. */
  readonly internetFile: (url: string) => string | undefined;
  /** A seeded UUID. */
  readonly uuid: () => string;
  /** The text of a family of the cluster's metrics (`hubble`, `agent`, `operator`); undefined for others. */
  readonly metrics?: (family: string) => string | undefined;
  /** Calls another server, at once. */
  readonly call: (call: OutboundCall) => OutboundResult;
  /** Answers a DNS question: by the cluster for CoreDNS, else by the world. */
  readonly answerDns: (question: DnsMessage) => DnsMessage;
  /** Writes a line to the container's log. */
  readonly log: (line: string) => void;
};

/** The behaviour of a listening program: functions over data, so that nothing but data lives on. */
export type Server = {
  /** Understands HTTP/2 without TLS from a client that starts with it. */
  readonly speaksHttp2?: boolean;
  /** A client has connected. */
  readonly open?: (context: ServerContext, connection: ConnectionState) => ServerStep;
  /** Bytes came in. */
  readonly receive?: (context: ServerContext, connection: ConnectionState, text: string) => ServerStep;
  /** The client will send no more; default: close. */
  readonly finish?: (context: ServerContext, connection: ConnectionState) => ServerStep;
  /** A datagram came in; undefined: no answer. */
  readonly datagram?: (context: ServerContext, payload: DatagramText) => DatagramText | undefined;
};

/** What a datagram server is given and gives back. */
export type DatagramText = ({ readonly dns: DnsMessage } | { readonly text: string }) & {
  /** How long the server takes, ms. */
  readonly delayMs?: number;
};

/** Nothing to send. */
export const SILENCE: ServerStep = { replies: [] };

/** How an HTTP server differs from others in what is no request for it. */
export type HttpServerOptions = {
  readonly handle: (context: ServerContext, request: HttpRequest) => HttpResponse;
  /** The answer to something that is not HTTP; undefined: closes without a word. */
  readonly bad?: (context: ServerContext) => HttpResponse;
};

/** A server that reads HTTP/1.x requests one after the other and keeps the connection as the client wishes. */
export function httpServer(options: HttpServerOptions): Server {
  return {
    receive: (context, connection, text) => {
      connection.buffer += text;
      const replies: Reply[] = [];
      for (;;) {
        if (connection.buffer === '') return { replies };
        const parsed = parseRequest(connection.buffer);
        if (parsed.kind === 'more') return { replies };
        if (parsed.kind === 'bad') {
          connection.buffer = '';
          if (options.bad) replies.push({ text: writeResponse(options.bad(context), 'GET') });
          return { replies, end: 'close' };
        }
        connection.buffer = parsed.rest;
        const response = options.handle(context, parsed.request);
        replies.push({
          text: writeResponse(response, parsed.request.method),
          delayMs: response.delayMs ?? 0,
        });
        if (response.close === true || wantsClose(parsed.request)) return { replies, end: 'close' };
      }
    },
    finish: (context, connection) => {
      const isHalf = connection.buffer !== '' && options.bad;
      return {
        replies: isHalf ? [{ text: writeResponse(options.bad?.(context) ?? EMPTY, 'GET') }] : [],
        end: 'close',
      };
    },
  };
}

const EMPTY: HttpResponse = { status: 400, headers: [], body: '' };

function wantsClose(request: HttpRequest): boolean {
  const wish = request.headers.find(([name]) => name.toLowerCase() === 'connection')?.[1]?.toLowerCase();
  return wish === 'close' || (request.version === 'HTTP/1.0' && wish !== 'keep-alive');
}
