import type { Connection, Network } from '../net/socket.ts';
import type { Process } from '../shell/program.ts';
import { nameCovers } from '../net/certificate.ts';
import { type HttpHead, HttpReader, headerOf } from './net/http-reader.ts';
import { resolveHost } from './net/resolver.ts';
import { followLocation, formatWebUrl, hostAndPort, parseWebUrl, type WebUrl } from './net/web-url.ts';
import { hostPort } from './net/words.ts';
import type { Ports } from './ports.ts';

/** What a fetch gave. `error` has the words of Go's http client, `Get "URL": …` included; header names are lower case. */
export type HttpFetched =
  | {
      readonly ok: true;
      readonly status: number;
      readonly reason: string;
      readonly text: string;
      readonly headers: ReadonlyMap<string, string>;
    }
  | { readonly ok: false; readonly error: string };

/** `timeoutMs`: http.Client.Timeout, none by default. */
export type HttpFetchOptions = {
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
};

/** Go's net.Dialer of the default transport. */
const DIAL_MS = 30_000;
const HANDSHAKE_MS = 10_000;
const REDIRECTS_MAX = 10;

class FetchFailure extends Error {
  override readonly name = 'FetchFailure';
}

/** Fetches an http(s) URL over the machine's own resolver and sockets, following redirects: for programs written in Go (kubectl, helm). */
export async function httpFetch(
  process: Process,
  ports: Ports,
  text: string,
  options: HttpFetchOptions = {},
): Promise<HttpFetched> {
  const method = options.method ?? 'GET';
  const verb = method.slice(0, 1) + method.slice(1).toLowerCase();
  let url = parseWebUrl(text);
  if (url === undefined) return { ok: false, error: `${verb} "${text}": http: no Host in request URL` };
  if ('otherScheme' in url)
    return { ok: false, error: `${verb} "${text}": unsupported protocol scheme "${url.otherScheme}"` };
  const deadlineMs =
    options.timeoutMs === undefined ? Number.POSITIVE_INFINITY : process.sys.nowMs() + options.timeoutMs;
  const job: Job = {
    process,
    network: ports.network(process.machine),
    deadlineMs,
    method,
    headers: options.headers ?? {},
  };
  for (let hops = 0; hops <= REDIRECTS_MAX; hops++) {
    try {
      const { head, body } = await fetchOnce(job, url);
      const location = headerOf(head, 'location');
      const next: WebUrl | undefined =
        [301, 302, 303, 307, 308].includes(head.status) && location !== undefined
          ? followLocation(url, location)
          : undefined;
      if (next === undefined)
        return {
          ok: true,
          status: head.status,
          reason: head.reason,
          text: body,
          headers: new Map(head.headers),
        };
      url = next;
    } catch (error) {
      if (!(error instanceof FetchFailure)) throw error;
      return { ok: false, error: `${verb} "${hops === 0 ? text : formatWebUrl(url)}": ${error.message}` };
    }
  }
  return { ok: false, error: `${verb} "${text}": stopped after ${REDIRECTS_MAX} redirects` };
}

type Job = {
  readonly process: Process;
  readonly network: Network;
  readonly deadlineMs: number;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
};

async function fetchOnce(job: Job, url: WebUrl): Promise<{ head: HttpHead; body: string }> {
  const { sys } = job.process;
  const addresses = await lookUp(job, url.host);
  const connection = await dial(job, addresses, url.port);
  try {
    if (url.scheme === 'https') await secure(job, connection, url.host);
    const own = Object.entries(job.headers).map(([name, value]) => `${name}: ${value}`);
    const lines = [
      `${job.method} ${url.target} HTTP/1.1`,
      `Host: ${hostAndPort(url)}`,
      'User-Agent: Go-http-client/1.1',
      ...own,
      'Accept-Encoding: identity',
      'Connection: close',
    ];
    await connection.send(sys, `${lines.join('\r\n')}\r\n\r\n`);
    const reader = new HttpReader(connection);
    const result = await reader.readHead(sys, job.method, job.deadlineMs);
    if (result.kind === 'timeout')
      throw new FetchFailure('context deadline exceeded (Client.Timeout exceeded while awaiting headers)');
    if (result.kind === 'end') throw new FetchFailure('EOF');
    if (result.kind === 'reset') throw new FetchFailure(resetWords(connection));
    if (result.kind === 'junk')
      throw new FetchFailure(
        `net/http: HTTP/1.x transport connection broken: malformed HTTP response ${JSON.stringify(reader.takeAll().split('\n')[0])}`,
      );
    let body = '';
    for (;;) {
      const piece = await reader.readBody(sys, job.deadlineMs);
      if (piece.kind === 'done') return { head: result.head, body };
      if (piece.kind === 'timeout')
        throw new FetchFailure(
          'context deadline exceeded (Client.Timeout or context cancellation while reading body)',
        );
      if (piece.kind !== 'data')
        throw new FetchFailure(piece.kind === 'reset' ? resetWords(connection) : 'unexpected EOF');
      body += piece.text;
    }
  } finally {
    connection.close();
  }
}

function resetWords(connection: Connection): string {
  const { local, remote } = connection;
  return `read tcp ${hostPort(local.address, local.port)}->${hostPort(remote.address, remote.port)}: read: connection reset by peer`;
}

async function lookUp(job: Job, host: string): Promise<readonly string[]> {
  const { process, network } = job;
  const result = await resolveHost({ sys: process.sys, network, libc: 'glibc' }, host, {
    deadlineMs: job.deadlineMs,
  });
  if (result.kind === 'found') return result.addresses;
  const server = `${network.resolver.nameservers[0] ?? '127.0.0.1'}:53`;
  const why =
    result.kind === 'failed' && result.why !== 'again'
      ? 'no such host'
      : `read udp ${network.addresses[0] ?? '127.0.0.1'}:45291->${server}: i/o timeout`;
  throw new FetchFailure(`dial tcp: lookup ${host} on ${server}: ${why}`);
}

async function dial(job: Job, addresses: readonly string[], port: number): Promise<Connection> {
  const { sys } = job.process;
  let words = '';
  for (const address of addresses) {
    const leftMs = job.deadlineMs - sys.nowMs();
    const result = await job.network.connect(sys, { address, port }, Math.min(DIAL_MS, Math.max(0, leftMs)));
    if (result.kind === 'connected') return result.connection;
    const why =
      result.kind === 'timeout'
        ? 'i/o timeout'
        : `connect: ${result.kind === 'refused' ? 'connection refused' : result.why === 'host' ? 'no route to host' : 'network is unreachable'}`;
    words = words === '' ? `dial tcp ${hostPort(address, port)}: ${why}` : words;
  }
  throw new FetchFailure(words);
}

async function secure(job: Job, connection: Connection, host: string): Promise<void> {
  const result = await connection.startTls(job.process.sys, { serverName: host, timeoutMs: HANDSHAKE_MS });
  if (result.kind === 'timeout') throw new FetchFailure('net/http: TLS handshake timeout');
  if (result.kind === 'reset') throw new FetchFailure(resetWords(connection));
  if (result.kind === 'plain') throw new FetchFailure('http: server gave HTTP response to HTTPS client');
  if (result.kind !== 'ok') return;
  if (!result.trusted)
    throw new FetchFailure(
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    );
  if (!result.names.some((name) => nameCovers(name, host))) {
    throw new FetchFailure(
      `tls: failed to verify certificate: x509: certificate is valid for ${result.names.join(', ')}, not ${host}`,
    );
  }
}
