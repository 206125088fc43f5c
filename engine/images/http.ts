import { formatDate } from '../base/strftime.ts';
import { utf8Length } from '../base/bytes.ts';
/** A name and its value, in the order and spelling of the wire. */
export type HttpHeader = readonly [name: string, value: string];

/** A request as a server reads it. `target` is the path with its query. */
export type HttpRequest = {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly headers: readonly HttpHeader[];
  readonly body: string;
};

/** A response before it is written. Content-Length is added by `writeResponse` where it is missing. */
export type HttpResponse = {
  readonly status: number;
  readonly reason?: string;
  readonly headers: readonly HttpHeader[];
  readonly body: string;
  /** How long the server thinks before it answers, ms. */
  readonly delayMs?: number;
  /** Closes the connection after this answer. */
  readonly close?: boolean;
};

/** What a buffer begins with: a whole request and what follows it, part of one, or no HTTP at all. */
export type ParsedRequest =
  | { readonly kind: 'request'; readonly request: HttpRequest; readonly rest: string }
  | { readonly kind: 'more' }
  | { readonly kind: 'bad' };

/** The reason phrases of RFC 9110, as servers print them. */
export const REASONS: ReadonlyMap<number, string> = new Map([
  [100, 'Continue'],
  [101, 'Switching Protocols'],
  [200, 'OK'],
  [201, 'Created'],
  [202, 'Accepted'],
  [204, 'No Content'],
  [206, 'Partial Content'],
  [301, 'Moved Permanently'],
  [302, 'Found'],
  [303, 'See Other'],
  [304, 'Not Modified'],
  [307, 'Temporary Redirect'],
  [308, 'Permanent Redirect'],
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [408, 'Request Timeout'],
  [409, 'Conflict'],
  [418, "I'm a teapot"],
  [429, 'Too Many Requests'],
  [500, 'Internal Server Error'],
  [501, 'Not Implemented'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'],
]);

/** The first `bytes` UTF-8 bytes of a text and the rest; undefined when the text is shorter. */
export function splitBytes(text: string, bytes: number): readonly [head: string, rest: string] | undefined {
  let seen = 0;
  let at = 0;
  while (seen < bytes) {
    if (at >= text.length) return undefined;
    const step = text.charCodeAt(at) >= 0xd800 && text.charCodeAt(at) <= 0xdbff ? 2 : 1;
    seen += utf8Length(text.slice(at, at + step));
    at += step;
  }
  return [text.slice(0, at), text.slice(at)];
}

/** The value of the first header of that name (any case), or undefined. */
export function headerOf(headers: readonly HttpHeader[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  return headers.find(([key]) => key.toLowerCase() === wanted)?.[1];
}

/** Reads the first request of a buffer. Bodies by Content-Length or chunked. */
export function parseRequest(buffer: string): ParsedRequest {
  const line = /^(?:\r?\n)*([^\r\n]*)(\r?\n)?/.exec(buffer);
  const first = line?.[1] ?? '';
  const start = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) (HTTP\/[0-9.]+)$/.exec(first);
  if (!start) return line?.[2] === undefined && buffer.length < 8192 ? { kind: 'more' } : { kind: 'bad' };
  const end = /\r?\n\r?\n/.exec(buffer);
  if (!end) return buffer.length > 65_536 ? { kind: 'bad' } : { kind: 'more' };
  const headers = parseHeaders(buffer.slice(line?.[0].length ?? 0, end.index));
  if (!headers) return { kind: 'bad' };
  const body = takeBody(headers, buffer.slice(end.index + end[0].length));
  if (body === undefined) return { kind: 'more' };
  const [, method = '', target = '', version = ''] = start;
  return { kind: 'request', request: { method, target, version, headers, body: body[0] }, rest: body[1] };
}

function parseHeaders(text: string): HttpHeader[] | undefined {
  const headers: HttpHeader[] = [];
  for (const row of text.split(/\r?\n/)) {
    if (row === '') continue;
    const colon = row.indexOf(':');
    if (colon <= 0) return undefined;
    headers.push([row.slice(0, colon), row.slice(colon + 1).trim()]);
  }
  return headers;
}

/** The body at the start of `text` and what follows it; undefined while it is not all there. */
function takeBody(headers: readonly HttpHeader[], text: string): readonly [string, string] | undefined {
  if (headerOf(headers, 'transfer-encoding')?.toLowerCase() === 'chunked') return takeChunks(text);
  const length = Number(headerOf(headers, 'content-length') ?? '0');
  return length > 0 ? splitBytes(text, length) : ['', text];
}

function takeChunks(text: string): readonly [string, string] | undefined {
  let body = '';
  let rest = text;
  for (;;) {
    const head = /^([0-9a-fA-F]+)[^\r\n]*\r\n/.exec(rest);
    if (!head) return undefined;
    const size = Number.parseInt(head[1] ?? '0', 16);
    const split = splitBytes(rest.slice(head[0].length), size);
    if (!split?.[1].startsWith('\r\n')) return undefined;
    body += split[0];
    rest = split[1].slice(2);
    if (size === 0) return [body, rest];
  }
}

/** The text of a request, with Host and Content-Length as given in its headers. */
export function writeRequest(request: HttpRequest): string {
  const head = request.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `${request.method} ${request.target} ${request.version}\r\n${head}\r\n${request.body}`;
}

/** The text of a response; a HEAD request gets the headers only. */
export function writeResponse(response: HttpResponse, method: string): string {
  const reason = response.reason ?? REASONS.get(response.status) ?? 'UNKNOWN';
  const hasLength = response.headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  const hasBody = response.status >= 200 && response.status !== 204 && response.status !== 304;
  const length: HttpHeader[] =
    hasBody && !hasLength ? [['Content-Length', String(utf8Length(response.body))]] : [];
  const head = [...response.headers, ...length].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const body = method === 'HEAD' || !hasBody ? '' : response.body;
  return `HTTP/1.1 ${response.status} ${reason}\r\n${head}\r\n${body}`;
}

/** Reads one whole response; undefined while it is not all there. A response without a length ends with the connection. */
export function parseResponse(
  text: string,
  options: { readonly method: string; readonly ended: boolean },
): { readonly response: HttpResponse; readonly rest: string } | undefined {
  const start = /^HTTP\/[0-9.]+ ([0-9]{3}) ?([^\r\n]*)\r\n/.exec(text);
  const end = /\r\n\r\n/.exec(text);
  if (!start || !end) return undefined;
  const headers = parseHeaders(text.slice(start[0].length, end.index)) ?? [];
  const status = Number(start[1]);
  const after = text.slice(end.index + 4);
  const bodyless = options.method === 'HEAD' || status < 200 || status === 204 || status === 304;
  const isSized = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  let body: readonly [string, string] | undefined = ['', after];
  if (!bodyless && isSized) body = takeBody(headers, after);
  else if (!bodyless) body = options.ended ? [after, ''] : undefined;
  return body && { response: { status, reason: start[2] ?? '', headers, body: body[0] }, rest: body[1] };
}

/** A Date header's value (RFC 9110), e.g. `Tue, 23 Nov 2021 12:50:44 GMT`. */
export function httpDate(nowMs: number): string {
  return formatDate(nowMs, '%a, %d %b %Y %T GMT');
}

/** The path of a request target without its query, and the query's decoded members in order. */
export function splitTarget(target: string): {
  readonly path: string;
  readonly query: readonly HttpHeader[];
} {
  const absolute = /^https?:\/\/[^/]*(\/.*)?$/.exec(target);
  const local = absolute ? (absolute[1] ?? '/') : target;
  const mark = local.indexOf('?');
  const path = mark < 0 ? local : local.slice(0, mark);
  return { path, query: mark < 0 ? [] : parseForm(local.slice(mark + 1)) };
}

/** The members of an urlencoded form or query, in order. */
export function parseForm(text: string): readonly HttpHeader[] {
  return text
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      const name = equals < 0 ? part : part.slice(0, equals);
      return [decodeForm(name), equals < 0 ? '' : decodeForm(part.slice(equals + 1))] as const;
    });
}

function decodeForm(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
