import { utf8Length } from '../../base/bytes.ts';
import type { DnsMessage, DnsRecord, DnsType } from '../../net/dns.ts';
import { type HttpHeader, type HttpRequest, httpDate, headerOf, splitTarget } from '../http.ts';
import { parseRequest } from '../http.ts';
import { dnsQuestion } from './plain.ts';
import { type Reply, type Server, type ServerContext, type ServerStep, SILENCE } from '../server.ts';

// Servers whose behaviour is data of a world: for laboratories that show what clients say in every situation.

/** One answer of a scripted HTTP server. Without `status` the body is sent as it is, head and all. */
type Answer = {
  readonly status?: string;
  readonly style?: 'nginx' | 'envoy' | 'bare';
  readonly type?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  /** The body is this many times `body`. */
  readonly repeat?: number;
  /** Sends the body in so many parts, each `everyMs` after the one before. */
  readonly parts?: number;
  readonly everyMs?: number;
  readonly delayMs?: number;
  /** No length: the connection's end is the body's. */
  readonly noLength?: boolean;
  readonly end?: 'close' | 'reset' | 'hang';
  /** Answers with what was asked: the whole request, its head, its cookie. */
  readonly reflect?: 'request' | 'head' | 'cookie';
  /** The compressed form for a client that accepts it. */
  readonly gzip?: boolean;
};

/** HTTP by option `answers` (path → answer); unknown paths are 404; option `server` is the name it gives itself. */
export const scriptedHttp: Server = {
  receive: (context, connection, text) => {
    connection.buffer += text;
    const replies: Reply[] = [];
    for (;;) {
      if (connection.buffer === '') return { replies };
      const parsed = parseRequest(connection.buffer);
      if (parsed.kind === 'more') return { replies };
      if (parsed.kind === 'bad')
        return { replies: [...replies, { text: badRequest(context) }], end: 'close' };
      connection.buffer = parsed.rest;
      const step = answerOf(context, parsed.request);
      replies.push(...step.replies);
      if (step.end !== undefined) return { replies, end: step.end };
    }
  },
};

function badRequest(context: ServerContext): string {
  return `HTTP/1.1 400 Bad Request\r\nServer: ${String(context.options['server'] ?? 'web')}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}

function answerOf(context: ServerContext, request: HttpRequest): ServerStep {
  const { path } = splitTarget(request.target);
  const answers = (context.options['answers'] ?? {}) as Readonly<Record<string, Answer>>;
  const answer: Answer = Object.hasOwn(answers, path)
    ? (answers[path] ?? {})
    : { status: '404 Not Found', body: 'not found\n' };
  const whole = answer.status === undefined ? (answer.body ?? '') : written(context, request, answer);
  const isHanging = answer.end === 'hang';
  const wish = headerOf(request.headers, 'connection')?.toLowerCase();
  const isOld = request.version === 'HTTP/1.0' ? wish !== 'keep-alive' : wish === 'close';
  const end = answer.end === 'close' || answer.end === 'reset' ? answer.end : undefined;
  const over = end ?? (isOld && !isHanging ? 'close' : undefined);
  return { replies: inParts(whole, answer), ...(over === undefined ? {} : { end: over }) };
}

function inParts(whole: string, answer: Answer): Reply[] {
  if (whole === '') return [];
  const delay = answer.delayMs === undefined ? {} : { delayMs: answer.delayMs };
  const count = answer.parts ?? 1;
  if (count === 1) return [{ text: whole, ...delay }];
  const start = answer.status === undefined ? whole.indexOf('\r\n\r\n') + 4 : whole.indexOf('\r\n\r\n') + 4;
  const body = whole.slice(start);
  const size = Math.ceil(body.length / count);
  const parts: Reply[] = [{ text: whole.slice(0, start), ...delay }];
  for (let i = 0; i < count; i++)
    parts.push({ text: body.slice(i * size, (i + 1) * size), delayMs: i === 0 ? 0 : (answer.everyMs ?? 0) });
  return parts;
}

function written(context: ServerContext, request: HttpRequest, answer: Answer): string {
  const isZipped = answer.gzip === true && /gzip/.test(headerOf(request.headers, 'accept-encoding') ?? '');
  const body = answer.reflect
    ? reflected(request, answer.reflect)
    : (answer.body ?? '').repeat(answer.repeat ?? 1);
  const date = httpDate(context.nowMs);
  const type = answer.type ?? 'text/plain';
  const length = String(utf8Length(body));
  const server = String(context.options['server'] ?? 'web');
  const base: readonly HttpHeader[] =
    answer.style === 'envoy'
      ? [
          ['content-length', length],
          ['content-type', type],
          ['date', date],
          ['server', 'envoy'],
        ]
      : answer.style === 'bare'
        ? []
        : [
            ['Server', server],
            ['Date', date],
            ...(answer.status?.startsWith('204')
              ? []
              : ([
                  ['Content-Type', type],
                  ...(answer.noLength === true ? [] : [['Content-Length', length] as const]),
                  ...(answer.noLength === true ? [] : [['Connection', 'keep-alive'] as const]),
                ] as const)),
          ];
  const head = base.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const more = [...(answer.headers ?? []), ...(isZipped ? ['Content-Encoding: gzip'] : [])];
  const extra = more.map((line) => `${line}\r\n`).join('');
  const start = `HTTP/1.1 ${answer.status}\r\n${head}${extra}\r\n`;
  return request.method === 'HEAD' ? start : start + body;
}

function reflected(request: HttpRequest, what: 'request' | 'head' | 'cookie'): string {
  const lines = request.headers.map(([name, value]) => `${name}: ${value}`).join('\n');
  if (what === 'cookie') return `cookie: ${headerOf(request.headers, 'cookie') ?? '-'}\n`;
  if (what === 'head') return `${request.method} ${request.target} ${request.version}\n${lines}\n`;
  return `${request.method} ${request.target} ${utf8Length(request.body)} bytes\n${lines}\n\n${request.body}\n`;
}

/** The same for clients that speak HTTP/2 from the start; others are answered by what they cannot read. */
export const h2cOnly: Server = {
  speaksHttp2: true,
  receive: (context, connection, text) => {
    if (connection.data['isOpen'] !== true && !text.includes(' HTTP/2\r\n'))
      return { replies: [{ text: '\0\0\x12\x04\0\0\0\0\0settings' }], end: 'close' };
    connection.data['isOpen'] = true;
    return scriptedHttp.receive?.(context, connection, text) ?? SILENCE;
  },
};

/** Takes what comes and never answers. */
export const silent: Server = { receive: () => SILENCE, finish: () => SILENCE };

/** Closes as soon as somebody has connected; what still comes is answered by a reset. */
export const closer: Server = {
  open: () => ({ replies: [], end: 'close' }),
  receive: () => ({ replies: [], end: 'reset' }),
  finish: () => SILENCE,
};

/** Resets every connection. */
export const resetter: Server = {
  open: () => ({ replies: [], end: 'reset' }),
  receive: () => ({ replies: [], end: 'reset' }),
};

/** A sequence of answers of a DNS server that differs from the others. */
type ZoneOptions = {
  readonly records?: Readonly<Record<string, readonly string[]>>;
  /** What it does with everything: a code, or no answer to some. */
  readonly mode?: 'normal' | 'refused' | 'servfail' | 'aaaa-silent' | 'cluster-only' | 'coredns';
  readonly delayMs?: number;
  /** What it does with names whose first label is this: a code, `silent`, `truncated`, `aaaa-silent`, or a delay in ms. */
  readonly labels?: Readonly<Record<string, string | number>>;
};

const CLUSTER_SOA: DnsRecord = {
  name: 'cluster.local.',
  ttl: 5,
  type: 'SOA',
  data: 'ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 5',
};
const ROOT_SOA: DnsRecord = {
  name: '.',
  ttl: 5,
  type: 'SOA',
  data: 'a.root-servers.net. nstld.verisign-grs.com. 1700000000 7200 1800 86400 5',
};

/** DNS by option `records`: a name without its final dot → addresses, or `CNAME name.`; also over TCP, as JSON text. */
export const zone: Server = {
  datagram: (context, payload) => {
    if (!('dns' in payload)) return undefined;
    const answer = zoneAnswer(context.options as ZoneOptions, payload.dns, false);
    return answer && { dns: answer.message, delayMs: answer.delayMs };
  },
  receive: (context, _connection, text) => {
    const question = dnsQuestion(text);
    const answer = question && zoneAnswer(context.options as ZoneOptions, question, true);
    if (!answer) return { replies: [], end: 'close' };
    return { replies: [{ text: `${JSON.stringify(answer.message)}\n`, delayMs: answer.delayMs }] };
  },
};

function zoneAnswer(
  options: ZoneOptions,
  asked: DnsMessage,
  isTcp: boolean,
): { readonly message: DnsMessage; readonly delayMs: number } | undefined {
  const { name, type } = asked.question;
  const key = name.toLowerCase();
  const mode = options.mode ?? 'normal';
  const isCluster = /(^|\.)cluster\.local\.$/.test(key);
  const label = key.slice(0, key.indexOf('.'));
  const special =
    options.labels !== undefined && Object.hasOwn(options.labels, label) ? options.labels[label] : undefined;
  const isCore = mode === 'coredns';
  const reply = (part: Partial<DnsMessage>): { message: DnsMessage; delayMs: number } => ({
    message: {
      id: asked.id,
      question: asked.question,
      code: 'NOERROR',
      answers: [],
      authority: [],
      isRecursionAvailable: !(isCore && isCluster),
      isAuthoritative: !isCore || isCluster,
      hasEdns: isCore,
      ...part,
    },
    delayMs: (options.delayMs ?? 0) + (typeof special === 'number' ? special : 0),
  });
  const isMute = mode === 'aaaa-silent' || (special === 'aaaa-silent' && !isCluster);
  if (isMute && type === 'AAAA') return undefined;
  if (mode === 'cluster-only' && !isCluster) return undefined;
  if (mode === 'refused' || special === 'refused') return reply({ code: 'REFUSED', isAuthoritative: false });
  if (mode === 'servfail' || special === 'servfail')
    return reply({ code: 'SERVFAIL', isAuthoritative: false });
  if (special === 'silent') return undefined;
  const found = lookUp(options.records ?? {}, { name, key, type });
  const isCut = special === 'truncated' && !isCluster && !isTcp && (found.answers ?? []).length > 0;
  return reply(isCut ? { isTruncated: true } : found);
}

function lookUp(
  records: Readonly<Record<string, readonly string[]>>,
  asked: { readonly name: string; readonly key: string; readonly type: DnsType },
): Partial<DnsMessage> {
  const { name, key, type } = asked;
  const of = (known: string): readonly string[] | undefined =>
    Object.hasOwn(records, known) ? records[known] : undefined;
  const reverse = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa\.$/.exec(key);
  if (reverse && type === 'PTR') {
    const address = `${reverse[4]}.${reverse[3]}.${reverse[2]}.${reverse[1]}`;
    const host = Object.entries(records).find(([, list]) => list.includes(address))?.[0];
    if (host === undefined) return { code: 'NXDOMAIN', authority: [ROOT_SOA] };
    return { answers: [{ name, ttl: 30, type: 'PTR', data: `${host}.` }] };
  }
  const list = of(key.slice(0, -1));
  const soa = key.endsWith('cluster.local.') ? CLUSTER_SOA : ROOT_SOA;
  if (!list) return { code: 'NXDOMAIN', authority: [soa] };
  const alias = list[0]?.startsWith('CNAME ') ? list[0].slice(6) : undefined;
  const found = alias === undefined ? list : (of(alias.toLowerCase().slice(0, -1)) ?? []);
  const answers = found
    .filter((address) => (address.includes(':') ? type === 'AAAA' : type === 'A'))
    .map((data): DnsRecord => ({ name: alias ?? name, ttl: 30, type, data }));
  if (alias !== undefined) return { answers: [{ name, ttl: 30, type: 'CNAME', data: alias }, ...answers] };
  return answers.length === 0 ? { authority: [soa] } : { answers };
}
