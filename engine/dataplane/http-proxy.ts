import { byText } from '../base/order.ts';
import {
  type HttpHeader,
  type HttpRequest,
  type HttpResponse,
  headerOf,
  httpDate,
  parseRequest,
  parseResponse,
  writeRequest,
  writeResponse,
} from '../images/http.ts';
import type { ConnectionState, Reply, ServerStep } from '../images/server.ts';
import type { HttpFacts } from '../policy/model.ts';
import type { Fabric } from './fabric.ts';
import type { Route } from './route.ts';

/** Which proxies a connection goes through. */
export type ProxySides = { readonly egress: boolean; readonly ingress: boolean };

/** How the proxy reaches the program behind it; `error` when it cannot. */
export type Upstream = (text: string) => ServerStep | { readonly error: 'refused' | 'timeout' };

/** One connection through Envoy. */
export type HttpProxyConnection = {
  readonly fabric: Fabric;
  readonly route: Route;
  readonly sides: ProxySides;
  /** HTTP/2 for gRPC clients. */
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  readonly state: ConnectionState;
  readonly upstream: Upstream;
};

/** How long Envoy waits for a connection to the program (proxy-connect-timeout), ms. */
const CONNECT_TIMEOUT_MS = 2000;

/**
 * Bytes of the client reach Envoy: each request is judged by the HTTP rules, then answered 403 or passed on.
 * Records go into the ring of the node whose proxy it is.
 */
export function proxyHttp(connection: HttpProxyConnection, text: string): ServerStep {
  const { state } = connection;
  state.buffer += text;
  const replies: Reply[] = [];
  for (;;) {
    if (state.buffer === '') return { replies };
    const parsed = parseRequest(state.buffer);
    if (parsed.kind === 'more') return { replies };
    if (parsed.kind === 'bad') {
      state.buffer = '';
      replies.push({
        text: writeResponse(local(connection, { status: 400, body: 'Bad Request', close: true }), 'GET'),
      });
      return { replies, end: 'close' };
    }
    state.buffer = parsed.rest;
    const { response, end } = handle(connection, parsed.request);
    replies.push({ text: writeResponse(response, parsed.request.method), delayMs: response.delayMs ?? 0 });
    if (end) return { replies, end: 'close' };
  }
}

function handle(
  connection: HttpProxyConnection,
  request: HttpRequest,
): { readonly response: HttpResponse; readonly end: boolean } {
  const { fabric, route, sides } = connection;
  const verdict = fabric.judge(route, { http: factsOf(request) });
  const id = fabric.sim.random.uuid('request-id');
  const wantsClose = headerOf(request.headers, 'connection')?.toLowerCase() === 'close';
  const order = (['egress', 'ingress'] as const).filter((side) => sides[side]);
  for (const side of order) {
    const isDenied = verdict?.[side].l7verdict === 'denied';
    record(connection, { side, request, id, isDenied });
    if (!isDenied) continue;
    const response = local(connection, { status: 403, body: 'Access denied\r\n', close: wantsClose });
    respond(connection, { side, request, id, response, latencyMs: 0 });
    return { response, end: wantsClose };
  }
  const latencyMs = 1 + Math.floor(fabric.sim.random.next('proxy') * 4);
  const response = forward(connection, request, { id, latencyMs });
  for (const side of order.toReversed())
    respond(connection, { side, request, id, response, latencyMs: latencyMs + (response.delayMs ?? 0) });
  return { response, end: wantsClose };
}

/** A response with the headers that its record shows: those before Envoy adds its own. */
type Answer = HttpResponse & { readonly logged: readonly HttpHeader[] };

function forward(
  connection: HttpProxyConnection,
  request: HttpRequest,
  what: { readonly id: string; readonly latencyMs: number },
): Answer {
  const headers: HttpHeader[] = request.headers.map(([name, value]) => [name.toLowerCase(), value]);
  const added: HttpHeader[] = [
    ['x-forwarded-proto', 'http'],
    ['x-envoy-internal', 'true'],
    ['x-request-id', what.id],
    ['x-envoy-expected-rq-timeout-ms', '3600000'],
  ];
  const sent = writeRequest({ ...request, headers: [...headers, ...added] });
  const step = connection.upstream(sent);
  if ('error' in step) {
    const reason =
      step.error === 'timeout'
        ? 'connection timeout'
        : 'remote connection failure, transport failure reason: delayed connect error: Connection refused';
    const body = `upstream connect error or disconnect/reset before headers. ${step.error === 'timeout' ? '' : 'retried and the latest '}reset reason: ${reason}`;
    return {
      ...local(connection, { status: 503, body, close: false }),
      ...(step.error === 'timeout' ? { delayMs: CONNECT_TIMEOUT_MS } : {}),
    };
  }
  const whole = step.replies.map((reply) => reply.text).join('');
  const delayMs = step.replies.reduce((sum, reply) => sum + (reply.delayMs ?? 0), 0);
  const parsed = parseResponse(whole, { method: request.method, ended: true });
  if (!parsed)
    return local(connection, {
      status: 503,
      body: 'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
      close: false,
    });
  return { ...rewritten(parsed.response, what.latencyMs + delayMs), delayMs };
}

/** Envoy writes header names in lower case, its own `server`, and the time the program took. */
function rewritten(response: HttpResponse, latencyMs: number): Answer {
  const drop = new Set(['server', 'connection', 'keep-alive', 'transfer-encoding']);
  const kept: HttpHeader[] = response.headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !drop.has(name));
  const took: HttpHeader = ['x-envoy-upstream-service-time', String(latencyMs)];
  return {
    ...response,
    headers: [...kept, took, ['server', 'envoy']],
    logged: [...response.headers, took],
  };
}

/** An answer that Envoy gives itself. */
function local(
  connection: HttpProxyConnection,
  what: { readonly status: number; readonly body: string; readonly close: boolean },
): Answer {
  const own: readonly HttpHeader[] = [
    ['content-length', String(what.body.length)],
    ['content-type', 'text/plain'],
  ];
  return {
    status: what.status,
    logged: own,
    headers: [
      ...own,
      ['date', httpDate(connection.fabric.sim.clock.nowMs)],
      ['server', 'envoy'],
      ...(what.close ? ([['connection', 'close']] as const) : []),
    ],
    body: what.body,
  };
}

/** A request as HTTP rules see it. */
export function factsOf(request: HttpRequest): HttpFacts {
  const host = headerOf(request.headers, 'host');
  return {
    method: request.method,
    path: request.target,
    ...(host === undefined ? {} : { host }),
    headers: Object.fromEntries(request.headers),
  };
}

type Record = { readonly side: 'egress' | 'ingress'; readonly request: HttpRequest; readonly id: string };

function record(connection: HttpProxyConnection, what: Record & { readonly isDenied: boolean }): void {
  const url = urlOf(what.request);
  connection.fabric.flows.record(connection.route, {
    side: what.side,
    type: 'REQUEST',
    isDenied: what.isDenied,
    http: { method: what.request.method, url, protocol: connection.protocol, headers: requestHeaders(what) },
    summary: `${connection.protocol} ${what.request.method} ${url}`,
  });
}

function respond(
  connection: HttpProxyConnection,
  what: Record & { readonly response: Answer; readonly latencyMs: number },
): void {
  const url = urlOf(what.request);
  const { status } = what.response;
  connection.fabric.flows.record(connection.route, {
    side: what.side,
    type: 'RESPONSE',
    isDenied: false,
    latencyNs: Math.max(1, Math.round(what.latencyMs * 1e6)),
    http: {
      code: status,
      method: what.request.method,
      url,
      protocol: connection.protocol,
      headers: recorded(what.response.logged, what.id),
    },
    summary: `${connection.protocol} ${status} ${Math.trunc(what.latencyMs)}ms (${what.request.method} ${url})`,
  });
}

function urlOf(request: HttpRequest): string {
  if (/^https?:\/\//.test(request.target)) return request.target;
  return `http://${headerOf(request.headers, 'host') ?? ''}${request.target}`;
}

/** Headers as a record has them: Go's spelling, sorted; what Envoy knows by other means is left out (cilium/accesslog.cc). */
function recorded(headers: readonly HttpHeader[], id: string): readonly { key: string; value: string }[] {
  return [...headers, ['x-request-id', id] as const]
    .map(([name, value]) => ({
      key: name.toLowerCase().replace(/(^|-)[a-z]/g, (text) => text.toUpperCase()),
      value,
    }))
    .sort((a, b) => byText(a.key, b.key));
}

const NOT_RECORDED = new Set(['host', 'connection', 'keep-alive', 'x-forwarded-proto', 'x-request-id']);

function requestHeaders(what: Record): ReturnType<typeof recorded> {
  const own = what.request.headers.filter(([name]) => !NOT_RECORDED.has(name.toLowerCase()));
  return recorded([[':scheme', 'http'], ['x-envoy-internal', 'true'], ...own], what.id);
}
