import type { Sys } from '../../../base/process.ts';
import { publicCertificate } from '../../../net/certificate.ts';
import type { DnsMessage, DnsRecord, DnsType } from '../../../net/dns.ts';
import type {
  Connection,
  ConnectResult,
  DatagramResult,
  DatagramSocket,
  EchoResult,
  Listener,
  Network,
  ReceiveResult,
  SocketAddress,
  TlsResult,
} from '../../../net/socket.ts';

/** How a DNS server of the recording behaved. */
export type DnsBehaviour = 'normal' | 'silent' | 'refused' | 'servfail' | 'icmp' | 'aaaa-silent' | 'cluster-only' | 'slow3' | 'core';

/** The recording's network, rebuilt: the hosts of tools/README.md with their servers and DNS. */
export type Laboratory = {
  readonly network: Network;
  /** What the DNS servers received: milliseconds since the first, server's address, type and name. */
  readonly queries: { t: number; server: string; type: string; name: string }[];
};

type Event = { readonly dueMs: number; readonly result: ReceiveResult };

/** Answers what was sent so far: events with delays in ms. `take` says how much was understood. */
type Server = (text: string, isTls: boolean) => { readonly events: readonly (readonly [number, ReceiveResult])[]; readonly rest: string };

const LATENCY_MS = 0.4;

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'web.default.svc.cluster.local.': ['10.0.2.20'],
  'database.default.svc.cluster.local.': ['10.0.2.20'],
  'db.default.svc.cluster.local.': ['10.0.2.30'],
  'blk.default.svc.cluster.local.': ['10.0.2.40'],
  'noarp.default.svc.cluster.local.': ['10.0.2.50'],
  'noroute.default.svc.cluster.local.': ['10.99.0.1'],
  'cloud.google.com.': ['142.250.74.110', '2a00:1450:4001:82b::200e'],
  'dual.example.com.': ['10.0.2.20', 'fd00::20'],
  'v6only.example.com.': ['fd00::20'],
  'trunc.example.com.': ['10.0.2.20'],
  'slow.example.com.': ['10.0.2.20'],
  'other.example.com.': ['10.0.2.20'],
  'reject.example.com.': ['10.0.2.20'],
  'a-ok-aaaa-drop.example.com.': ['10.0.2.20'],
  'example.com.': [],
};

/** Builds the network of the recording with the given DNS servers. */
export function laboratory(resolver: Network['resolver'], behaviours: ReadonlyMap<string, DnsBehaviour>): Laboratory {
  const queries: Laboratory['queries'] = [];
  const listeners = new Map<number, FakeListener>();
  let port = 40_000;
  let firstMs: number | undefined;
  const network: Network = {
    addresses: ['10.0.1.10'],
    resolver,
    hosts: new Map([
      ['localhost', '127.0.0.1'],
      ['client', '10.0.1.10'],
    ]),
    connect: async (sys, to, timeoutMs) => dial(sys, { to, timeoutMs, localPort: port++, listeners }),
    udp: () => new FakeUdp(port++, behaviours, (sys, server, message) => {
      const beganMs = (firstMs ??= sys.nowMs());
      queries.push({ t: sys.nowMs() - beganMs, server, type: message.question.type, name: message.question.name });
    }),
    ping: async (sys, options) => echo(sys, options.address, options.timeoutMs),
    listen: (wanted) => {
      const at = wanted === 0 ? port++ : wanted;
      if (listeners.has(at)) return undefined;
      const listener = new FakeListener(at, () => listeners.delete(at));
      listeners.set(at, listener);
      return listener;
    },
  };
  return { network, queries };
}

class FakeListener implements Listener {
  readonly port: number;
  readonly waiting: Connection[] = [];
  isClosed = false;
  readonly #free: () => void;

  constructor(port: number, free: () => void) {
    this.port = port;
    this.#free = free;
  }

  async accept(sys: Sys, timeoutMs?: number): Promise<Connection | undefined> {
    await sys.until(() => this.waiting.length > 0 || this.isClosed, timeoutMs);
    return this.waiting.shift();
  }

  close(): void {
    this.isClosed = true;
    this.#free();
  }
}

async function echo(sys: Sys, address: string, timeoutMs: number): Promise<EchoResult> {
  const reply = async (ttl: number): Promise<EchoResult> => {
    await sys.sleep(0.05);
    return { kind: 'reply', elapsedMs: 0.05, ttl };
  };
  if (address === '127.0.0.1' || address === '::1') return reply(64);
  if (address === '10.0.2.20' || address === '10.0.2.30') return reply(63);
  if (address.startsWith('10.99.') || address.startsWith('142.')) return { kind: 'unreachable', from: '10.0.1.1' };
  await sys.sleep(timeoutMs);
  return { kind: 'timeout' };
}

type Dial = { to: SocketAddress; timeoutMs: number | undefined; localPort: number; listeners: ReadonlyMap<number, FakeListener> };

async function dial(sys: Sys, { to, timeoutMs, localPort, listeners }: Dial): Promise<ConnectResult> {
  const local = { address: '10.0.1.10', port: localPort };
  if (to.address.includes(':') && to.address !== '::1') return { kind: 'unreachable', why: 'network' };
  if (to.address === '127.0.0.1' || to.address === '::1') {
    const listener = to.address === '::1' ? undefined : listeners.get(to.port);
    if (!listener) return { kind: 'refused' };
    const [near, far] = pair({ address: '127.0.0.1', port: localPort }, to);
    listener.waiting.push(far);
    return { kind: 'connected', connection: near };
  }
  if (/^(10\.99\.|142\.)/.test(to.address)) return { kind: 'unreachable', why: 'network' };
  if (/^10\.(98|95)\./.test(to.address) || to.port === 9002) return { kind: 'unreachable', why: 'host' };
  const isDropped = to.address === '10.0.2.40' || to.address === '10.0.2.41' || to.address.startsWith('10.97.') || to.port === 9000;
  const limitMs = isDropped ? 134_900 : to.address === '10.0.2.50' ? 3_050 : LATENCY_MS;
  await sys.sleep(Math.min(limitMs, timeoutMs ?? limitMs));
  if (limitMs > (timeoutMs ?? limitMs) || isDropped) return { kind: 'timeout' };
  if (to.address === '10.0.2.50') return { kind: 'unreachable', why: 'host' };
  const server = to.address === '10.0.2.20' ? serverOf(to.port) : undefined;
  if (to.address === '1.2.0.3') return { kind: 'unreachable', why: 'network' };
  return server ? { kind: 'connected', connection: new FakeConnection(sys, local, to, server) } : { kind: 'refused' };
}

class FakeConnection implements Connection {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly #server: Server;
  #events: Event[] = [];
  #sent = '';
  #isTls = false;

  constructor(sys: Sys, local: SocketAddress, remote: SocketAddress, server: Server) {
    this.local = local;
    this.remote = remote;
    this.#server = server;
    this.#feed(sys, '');
  }

  async send(sys: Sys, text: string): Promise<boolean> {
    this.#feed(sys, text);
    return true;
  }

  #feed(sys: Sys, text: string): void {
    const { events, rest } = this.#server(this.#sent + text, this.#isTls);
    this.#sent = rest;
    for (const [delayMs, result] of events) this.#events.push({ dueMs: sys.nowMs() + LATENCY_MS + delayMs, result });
  }

  async receive(sys: Sys, timeoutMs?: number): Promise<ReceiveResult> {
    const endMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : sys.nowMs() + timeoutMs;
    for (;;) {
      const event = this.#events[0];
      if (event && event.dueMs <= sys.nowMs()) {
        if (event.result.kind === 'data') this.#events.shift();
        return event.result;
      }
      if (sys.nowMs() >= endMs) return { kind: 'timeout' };
      const wakeMs = Math.min(endMs, event?.dueMs ?? Number.POSITIVE_INFINITY);
      const known = this.#events.length;
      await sys.until(() => this.#events.length !== known, wakeMs === Number.POSITIVE_INFINITY ? undefined : wakeMs - sys.nowMs());
    }
  }

  async startTls(sys: Sys, options: { readonly serverName: string; readonly timeoutMs?: number }): Promise<TlsResult> {
    const { port } = this.remote;
    if (port === 5000) {
      await sys.sleep(options.timeoutMs ?? 1e9);
      return { kind: 'timeout' };
    }
    await sys.sleep(4);
    if (port === 5001 || port === 5002) return { kind: 'reset' };
    if (port !== 443 && port !== 8445) return { kind: 'plain' };
    this.#isTls = true;
    this.#events = [];
    const names = port === 8445 ? ['other.example.com'] : options.serverName === 'web' ? ['web'] : ['web', 'web.default.svc.cluster.local', 'other.example.com', 'cloud.google.com'];
    const certificate = { ...publicCertificate(names, sys.nowMs()), issuer: 'CN=lab-ca' };
    return { kind: 'ok', names, trusted: false, certificate };
  }

  finish(): void {
    if (this.remote.port === 7) this.#events.push({ dueMs: this.#events.at(-1)?.dueMs ?? 0, result: { kind: 'end' } });
  }

  close(): void {
    this.#events = [];
  }
}

/** Two ends of a connection within the machine. */
function pair(a: SocketAddress, b: SocketAddress): [Connection, Connection] {
  const queues: ReceiveResult[][] = [[], []];
  const end = (mine: number, local: SocketAddress, remote: SocketAddress): Connection => ({
    local,
    remote,
    send: async (_sys, text) => {
      queues[1 - mine]?.push({ kind: 'data', text });
      return true;
    },
    receive: async (sys, timeoutMs) => {
      const queue = queues[mine] ?? [];
      const isReady = await sys.until(() => queue.length > 0, timeoutMs);
      if (!isReady) return { kind: 'timeout' };
      const first = queue[0] ?? { kind: 'end' };
      if (first.kind === 'data') queue.shift();
      return first;
    },
    startTls: async () => ({ kind: 'plain' }),
    finish: () => void queues[1 - mine]?.push({ kind: 'end' }),
    close: () => void queues[1 - mine]?.push({ kind: 'end' }),
  });
  return [end(0, a, b), end(1, b, a)];
}

const DATE = 'Sat, 21 Nov 2026 09:00:00 GMT';
const SILENT: Server = () => ({ events: [], rest: '' });

function serverOf(port: number): Server | undefined {
  if ([80, 8080, 443, 8443, 8445, 8446, 8447, 444].includes(port)) return (text, isTls) => http(text, port, isTls);
  if (port === 7) return (text) => ({ events: text === '' ? [] : [[0, { kind: 'data', text }]], rest: '' });
  if (port === 5000) return SILENT;
  if (port === 5001) return (text) => ({ events: text === '' ? [[0.01, { kind: 'end' }]] : [[0, { kind: 'reset' }]], rest: '' });
  if (port === 5002) return () => ({ events: [[0, { kind: 'reset' }]], rest: '' });
  if (port === 25) return (text) => ({ events: text === '' ? [[0, { kind: 'data', text: '220 lab ESMTP\r\n' }]] : [], rest: '' });
  return undefined;
}

type Events = readonly (readonly [number, ReceiveResult])[];

function http(text: string, port: number, isTls: boolean): { events: Events; rest: string } {
  const nothing = { events: [], rest: text };
  if (text === '') return nothing;
  if (port === 443 && !isTls) return { events: [[0, { kind: 'reset' }]], rest: '' };
  if (text.startsWith('SSH-')) return { events: [[0, { kind: 'end' }]], rest: '' };
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return nothing;
  const head = text.slice(0, end);
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  const body = text.slice(end + 4);
  if (body.length < length) return nothing;
  const [first = '', ...headers] = head.split('\r\n');
  const [method = '', target = '', protocol = ''] = first.split(' ');
  const events = answer({ protocol, method, target, headers, body: body.slice(0, length) });
  const isHanging = /never|partialhang/.test(target);
  const isOld = !isHanging && (protocol === 'HTTP/1.0' || headers.some((line) => /^connection: close/i.test(line)));
  const cut = method === 'HEAD' ? events.map(headOnly) : events;
  return { events: isOld ? [...cut, [(cut.at(-1)?.[0] ?? 0) + 0.01, { kind: 'end' } as ReceiveResult] as const] : cut, rest: body.slice(length) };
}

function headOnly(event: readonly [number, ReceiveResult]): readonly [number, ReceiveResult] {
  const [delay, result] = event;
  if (result.kind !== 'data') return event;
  const end = result.text.indexOf('\r\n\r\n');
  return [delay, { kind: 'data', text: end < 0 ? '' : result.text.slice(0, end + 4) }];
}

type Asked = { readonly protocol: string; readonly method: string; readonly target: string; readonly headers: readonly string[]; readonly body: string };

const at = (delayMs: number, text: string): readonly [number, ReceiveResult] => [delayMs, { kind: 'data', text }];
const end = (delayMs = 0.01): readonly [number, ReceiveResult] => [delayMs, { kind: 'end' }];

function nginx(body: string, status = '200 OK', type = 'text/plain', more = ''): Events {
  const bytes = new TextEncoder().encode(body).length;
  return [at(0, `HTTP/1.1 ${status}\r\nServer: nginx/1.25.3\r\nDate: ${DATE}\r\nContent-Type: ${type}\r\nContent-Length: ${bytes}\r\nConnection: keep-alive\r\n${more}\r\n${body}`)];
}

function envoy(body: string, status: string): Events {
  return [at(0, `HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\ncontent-type: text/plain\r\ndate: ${DATE}\r\nserver: envoy\r\n\r\n${body}`)];
}

const HTML =
  '<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n<body><h1>Welcome to nginx!</h1></body>\n</html>\n';
const NOT_FOUND =
  '<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n<hr><center>nginx/1.25.3</center>\r\n</body>\r\n</html>\r\n';
const LENGTH_100 = 'HTTP/1.1 200 OK\r\nServer: nginx/1.25.3\r\nContent-Length: 100\r\n\r\n';
const CHUNKED = 'HTTP/1.1 200 OK\r\nServer: nginx/1.25.3\r\nTransfer-Encoding: chunked\r\n\r\n';

function answer(asked: Asked): Events {
  const path = asked.target.replace(/^http:\/\/[^/]*/, '').replace(/\?.*$/, '');
  const shown = asked.headers.filter((line) => line !== '');
  const cookie = /^cookie: (.*)$/i.exec(asked.headers.find((line) => /^cookie:/i.test(line)) ?? '')?.[1];
  const fixed = ANSWERS[path];
  if (fixed) return fixed;
  if (path === '/echo') return nginx(`${asked.method} ${asked.target} ${asked.body.length} bytes\n${shown.join('\n')}\n\n${asked.body}\n`);
  if (path === '/headers') return nginx(`${asked.method} ${asked.target} ${asked.protocol}\n${shown.join('\n')}\n`);
  if (path === '/cookie') return nginx(`cookie: ${cookie ?? '-'}\n`, '200 OK', 'text/plain', 'Set-Cookie: sid=abc123; Path=/\r\n');
  return nginx('not found\n', '404 Not Found');
}

const ANSWERS: Readonly<Record<string, Events>> = {
  '/': nginx('hello from web\n'),
  '/json': nginx('{"status":"ok","items":[1,2,3]}\n', '200 OK', 'application/json'),
  '/html': nginx(HTML, '200 OK', 'text/html', 'Last-Modified: Tue, 24 Oct 2023 13:46:47 GMT\r\nETag: "6537cac7-267"\r\nAccept-Ranges: bytes\r\n'),
  '/nonl': nginx('no newline at end'),
  '/204': [at(0, `HTTP/1.1 204 No Content\r\nServer: nginx/1.25.3\r\nDate: ${DATE}\r\n\r\n`)],
  '/403': envoy('Access denied\r\n', '403 Forbidden'),
  '/404': nginx(NOT_FOUND, '404 Not Found', 'text/html'),
  '/401': nginx('need auth\n', '401 Unauthorized', 'text/plain', 'WWW-Authenticate: Basic realm="lab"\r\n'),
  '/500': nginx('boom\n', '500 Internal Server Error'),
  '/503': envoy('upstream connect error or disconnect/reset before headers. reset reason: connection failure', '503 Service Unavailable'),
  '/redir': nginx('moved\n', '302 Found', 'text/plain', 'Location: /\r\n'),
  '/redirhost': nginx('moved\n', '302 Found', 'text/plain', 'Location: http://db/\r\n'),
  '/midreset': [at(0, `${LENGTH_100}only this\n`), [0.01, { kind: 'reset' }]],
  '/loop': nginx('moved\n', '302 Found', 'text/plain', 'Location: /loop\r\n'),
  '/close': [at(0, 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nclosed body\n'), end()],
  '/chunked': [at(0, `${CHUNKED}6\r\nhello \r\n6\r\nchunk\n\r\n0\r\n\r\n`)],
  '/badchunk': [at(0, `${CHUNKED}zz\r\nhello\r\n`), end()],
  '/chunkcut': [at(0, `${CHUNKED}6\r\nhello \r\n`), end()],
  '/partial': [at(0, `${LENGTH_100}only this\n`), end()],
  '/partialhang': [at(0, `${LENGTH_100}only this\n`)],
  '/empty': [end()],
  '/reset': [[0, { kind: 'reset' }]],
  '/never': [],
  '/slow': nginx('slow\n').map(([, result]) => [3_000, result] as const),
  '/http09': [at(0, 'plain junk, no status line\n'), end()],
  '/trickle': [at(0, LENGTH_100), ...Array.from({ length: 10 }, (_, i) => at(500 * i, '0123456789'))],
  '/big': nginx('x'.repeat(1_000_000)),
};

type Datagram = { readonly dueMs: number; readonly result: Exclude<DatagramResult, { kind: 'timeout' }> };

type NoteQuery = (sys: Sys, server: string, message: DnsMessage) => void;

class FakeUdp implements DatagramSocket {
  readonly local: SocketAddress;
  readonly #behaviours: ReadonlyMap<string, DnsBehaviour>;
  readonly #note: NoteQuery;
  #waiting: { to: SocketAddress; payload: { dns: DnsMessage } | { text: string } }[] = [];
  #inbox: Datagram[] = [];

  constructor(port: number, behaviours: ReadonlyMap<string, DnsBehaviour>, note: NoteQuery) {
    this.local = { address: '10.0.1.10', port };
    this.#behaviours = behaviours;
    this.#note = note;
  }

  send(to: SocketAddress, payload: { dns: DnsMessage } | { text: string }): void {
    this.#waiting.push({ to, payload });
  }

  async receive(sys: Sys, timeoutMs?: number): Promise<DatagramResult> {
    for (const { to, payload } of this.#waiting.splice(0)) this.#deliver(sys, to, payload);
    this.#inbox.sort((a, b) => a.dueMs - b.dueMs);
    const first = this.#inbox[0];
    const endMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : sys.nowMs() + timeoutMs;
    if (!first || first.dueMs > endMs) {
      if (endMs === Number.POSITIVE_INFINITY) await sys.until(() => false);
      else await sys.until(() => this.#waiting.length > 0, endMs - sys.nowMs());
      return this.#waiting.length > 0 ? this.receive(sys, endMs - sys.nowMs()) : { kind: 'timeout' };
    }
    await sys.until(() => false, Math.max(0, first.dueMs - sys.nowMs()));
    this.#inbox.shift();
    return first.result;
  }

  #deliver(sys: Sys, to: SocketAddress, payload: { dns: DnsMessage } | { text: string }): void {
    const dueMs = sys.nowMs() + LATENCY_MS;
    if ('text' in payload) {
      if (to.address === '10.0.2.20' && to.port === 7) this.#inbox.push({ dueMs, result: { kind: 'datagram', from: to, payload } });
      else if (to.address === '10.0.2.30') this.#inbox.push({ dueMs, result: { kind: 'refused' } });
      return;
    }
    const behaviour = this.#behaviours.get(to.address) ?? 'silent';
    this.#note(sys, to.address, payload.dns);
    const answer = dnsAnswer(payload.dns, behaviour);
    if (answer === 'icmp') this.#inbox.push({ dueMs, result: { kind: 'refused' } });
    else if (answer) this.#inbox.push({ dueMs: dueMs + answer.delayMs, result: { kind: 'datagram', from: to, payload: { dns: answer.message } } });
  }

  close(): void {
    this.#inbox = [];
  }
}

const ROOT_SOA: DnsRecord = { name: '.', ttl: 5, type: 'SOA', data: 'a.root-servers.net. nstld.verisign-grs.com. 1700000000 7200 1800 86400 5' };
const CLUSTER_SOA: DnsRecord = { name: 'cluster.local.', ttl: 5, type: 'SOA', data: 'ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 5' };

function dnsAnswer(asked: DnsMessage, behaviour: DnsBehaviour): { message: DnsMessage; delayMs: number } | 'icmp' | undefined {
  const { name, type } = asked.question;
  const key = name.toLowerCase();
  const isCluster = key.endsWith('.cluster.local.') || key === 'cluster.local.';
  const reply = (part: Partial<DnsMessage>, delayMs = 0): { message: DnsMessage; delayMs: number } => ({
    message: { id: asked.id, question: asked.question, code: 'NOERROR', answers: [], authority: [], isRecursionAvailable: !(behaviour === 'core' && isCluster), isAuthoritative: behaviour !== 'core' || isCluster, ...part },
    delayMs,
  });
  if (behaviour === 'icmp') return 'icmp';
  if (behaviour === 'silent' || (behaviour === 'aaaa-silent' && type === 'AAAA') || (behaviour === 'cluster-only' && !isCluster)) return undefined;
  if (behaviour === 'refused' || key.startsWith('refused.')) return reply({ code: 'REFUSED', isAuthoritative: false });
  if (behaviour === 'servfail' || key.startsWith('servfail.')) return reply({ code: 'SERVFAIL', isAuthoritative: false });
  if (key.startsWith('dropped.')) return undefined;
  if (key.startsWith('a-ok-aaaa-drop.example.com.') && type === 'AAAA' && key === 'a-ok-aaaa-drop.example.com.') return undefined;
  const delayMs = behaviour === 'slow3' ? 3_000 : key.startsWith('slow.') ? 2_000 : 0;
  return reply(lookUp(name, key, type), delayMs);
}

function lookUp(name: string, key: string, type: DnsType): Partial<DnsMessage> {
  if (key === 'www.example.com.') {
    const target = 'web.default.svc.cluster.local.';
    const cname: DnsRecord = { name, ttl: 30, type: 'CNAME', data: target };
    const record: DnsRecord = { name: target, ttl: 30, type: 'A', data: '10.0.2.20' };
    return { answers: type === 'A' ? [cname, record] : [cname] };
  }
  const reverse = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa\.$/.exec(key);
  if (reverse && type === 'PTR') {
    const address = `${reverse[4]}.${reverse[3]}.${reverse[2]}.${reverse[1]}`;
    const host = Object.entries(NAMES).find(([, list]) => list.includes(address))?.[0];
    return host ? { answers: [{ name, ttl: 30, type: 'PTR', data: host }] } : { code: 'NXDOMAIN', authority: [ROOT_SOA] };
  }
  const addresses = Object.hasOwn(NAMES, key) ? NAMES[key] : undefined;
  const soa = key.endsWith('cluster.local.') ? CLUSTER_SOA : ROOT_SOA;
  if (!addresses) return { code: 'NXDOMAIN', authority: [soa] };
  const fitting = addresses.filter((address) => (type === 'AAAA' ? address.includes(':') : type === 'A' && !address.includes(':')));
  if (fitting.length === 0) return { authority: [soa] };
  return { answers: fitting.map((data) => ({ name, ttl: 30, type, data })) };
}
