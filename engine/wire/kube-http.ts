import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Json } from '../base/json.ts';
import type { KubeHandler, KubeRequest, KubeResponse, WatchCursor } from '../objects/api.ts';
import type { Duplex } from 'node:stream';
import type { Stream } from '../base/stream.ts';
import { EXEC_PROTOCOL, ExecSocket } from './exec-socket.ts';
import { decodeObject } from './protobuf.ts';

/** What the mount needs of a virtual cluster. */
export type KubeHttpOptions = {
  readonly handle: KubeHandler;
  /** Called after every request: the place to let controllers react. */
  readonly changed: () => void;
};

/** Bytes of a request's body that are read before it is refused. */
const BODY_BYTES_MAX = 4_194_304;

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

const AGGREGATED_TYPE = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

type Open = {
  readonly response: ServerResponse;
  readonly watch?: WatchCursor;
  readonly logs?: Stream;
};

/**
 * The API server's handler on HTTP, for real clients. Answers are JSON, also for a client that would rather have protobuf;
 * of protobuf bodies it reads the kinds of protobuf.ts, others get the API server's 415. Watches and followed logs are
 * chunked streams, exec and attach are WebSockets, and `pump` writes them all; port-forward, which needs SPDY, gets 501.
 */
export class KubeHttp {
  readonly server: Server;
  readonly #options: KubeHttpOptions;
  readonly #open = new Set<Open>();
  readonly #sockets = new Set<ExecSocket>();

  constructor(options: KubeHttpOptions) {
    this.#options = options;
    this.server = createServer((request, response) => void this.#serve(request, response));
    this.server.on('upgrade', (request: IncomingMessage, socket: Duplex) => this.#upgrade(request, socket));
  }

  /** How many watches, followed logs and sessions clients hold open. */
  get openStreams(): number {
    return this.#open.size + this.#sockets.size;
  }

  /** True when a stream has something to write or has ended. */
  get isPending(): boolean {
    for (const { watch, logs } of this.#open) {
      if (watch !== undefined && (watch.pending() || watch.ended())) return true;
      if (logs !== undefined && (logs.length > 0 || logs.ended)) return true;
    }
    return false;
  }

  /** Starts to listen on loopback; resolves to the port. 0: any free one. */
  listen(port = 0): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => {
        const address = this.server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  /** Ends all streams and stops listening. */
  close(): Promise<void> {
    for (const open of this.#open) this.#end(open);
    for (const socket of this.#sockets) socket.end();
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  /** Writes what watches and logs have; call it whenever the cluster may have changed. */
  pump(): void {
    for (const socket of this.#sockets) {
      socket.pump();
      if (socket.isDone) this.#sockets.delete(socket);
    }
    for (const open of this.#open) {
      const { response, watch, logs } = open;
      if (watch !== undefined) {
        for (const event of watch.take()) response.write(`${JSON.stringify(event)}\n`);
        if (watch.ended()) this.#end(open);
      }
      if (logs !== undefined) {
        const text = logs.take();
        if (text !== '') response.write(text);
        if (logs.ended && logs.length === 0) this.#end(open);
      }
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex): void {
    const asked = (request.headers['sec-websocket-protocol'] ?? '').split(/, */);
    const answer = this.#options.handle(kubeRequest(request, undefined));
    this.#options.changed();
    if (answer.kind === 'exec' && asked.includes(EXEC_PROTOCOL)) {
      this.#sockets.add(new ExecSocket(request, socket, answer.exec));
      return;
    }
    // A refusal is an ordinary answer; a session in another protocol is none of ours.
    const body = answer.kind === 'json' ? JSON.stringify(answer.body) : 'not served on this mount\n';
    const status = answer.kind === 'json' ? answer.status : 501;
    const type = answer.kind === 'json' ? 'application/json' : 'text/plain';
    socket.end(
      `HTTP/1.1 ${status} Refused\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }

  #end(open: Open): void {
    if (!this.#open.delete(open)) return;
    open.watch?.stop();
    open.logs?.close();
    open.response.end();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await bodyOf(request);
    if (bytes === undefined || !METHODS.has(request.method ?? '')) {
      response.writeHead(bytes === undefined ? 413 : 405).end();
      return;
    }
    const body = isProtobuf(request) ? decodeObject(bytes) : jsonOrText(bytes.toString('utf8'));
    const isUnread = isProtobuf(request) && body === undefined;
    const answer = isUnread ? PROTOBUF_REFUSED : this.#options.handle(kubeRequest(request, body));
    this.#options.changed();
    this.#answer(answer, response);
    this.pump();
  }

  #answer(answer: KubeResponse, response: ServerResponse): void {
    switch (answer.kind) {
      case 'json': {
        const isAggregated = answer.body['kind'] === 'APIGroupDiscoveryList';
        const warnings = (answer.warnings ?? []).map((text) => `299 - ${JSON.stringify(text)}`);
        response.setHeader('content-type', isAggregated ? AGGREGATED_TYPE : 'application/json');
        if (warnings.length > 0) response.setHeader('warning', warnings);
        // As the real server writes them: `/version` indented and without an end of line.
        const isDocument = answer.body['kind'] === undefined && answer.body['paths'] === undefined;
        response
          .writeHead(answer.status)
          .end(isDocument ? JSON.stringify(answer.body, null, 2) : `${JSON.stringify(answer.body)}\n`);
        return;
      }
      case 'text':
        response.writeHead(answer.status, { 'content-type': 'text/plain; charset=utf-8' }).end(answer.text);
        return;
      case 'watch':
        this.#stream(response, 'application/json', { response, watch: answer.watch });
        return;
      case 'logs':
        this.#stream(response, 'text/plain', { response, logs: answer.logs });
        return;
      default:
        response.writeHead(501, { 'content-type': 'text/plain' }).end('not served on this mount\n');
    }
  }

  #stream(response: ServerResponse, type: string, open: Open): void {
    response.writeHead(200, { 'content-type': type });
    response.flushHeaders();
    this.#open.add(open);
    response.on('close', () => this.#end(open));
  }
}

/** Typed clients of Go send protobuf: kubectl's generators and `autoscale`. There is no fallback on their side. */
const PROTOBUF_REFUSED: KubeResponse = {
  kind: 'json',
  status: 415,
  body: {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message:
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
    reason: 'UnsupportedMediaType',
    code: 415,
  },
};

function isProtobuf(request: IncomingMessage): boolean {
  return (request.headers['content-type'] ?? '').includes('application/vnd.kubernetes.protobuf');
}

function kubeRequest(request: IncomingMessage, body: Json | undefined): KubeRequest {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const query: Record<string, string | readonly string[]> = Object.create(null) as Record<string, string>;
  for (const name of new Set(url.searchParams.keys())) query[name] = url.searchParams.getAll(name);
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(request.headers))
    headers[name] = Array.isArray(value) ? value.join(',') : (value ?? '');
  // What was read is told as JSON, whatever form it came in.
  if (isProtobuf(request)) headers['content-type'] = 'application/json';
  return {
    method: (request.method ?? 'GET') as KubeRequest['method'],
    path: url.pathname,
    query,
    headers,
    ...(body === undefined ? {} : { body }),
  };
}

/** JSON as a value; anything else stays text, and the API server says what is wrong with it. Undefined without a body. */
function jsonOrText(text: string): Json | undefined {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** The body; undefined when it is too long. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
