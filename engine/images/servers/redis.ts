import type { Json } from '../../base/json.ts';
import { hashText } from '../../base/hash.ts';
import { type HttpHeader, type HttpResponse, splitTarget, utf8Length } from '../http.ts';
import { type Server, type ServerContext, SILENCE, httpServer } from '../server.ts';

/** A value as redis answers it. `status` is a simple string, `error` an error line. */
type RedisReply =
  | null
  | number
  | string
  | readonly RedisReply[]
  | { readonly status: string }
  | { readonly error: string };

/** Most keys of one redis; more are refused as out of memory. */
const KEYS_MAX = 1000;

/** Runs one redis command on the container's keys. */
export function runRedis(context: ServerContext, words: readonly string[]): RedisReply {
  const [name = '', key = '', value = ''] = words;
  const keys = new Map(Object.entries((context.state['redis'] ?? {}) as Record<string, string>));
  const save = (): void => {
    context.state['redis'] = Object.fromEntries(keys) as Json;
  };
  switch (name.toUpperCase()) {
    case 'PING':
      return words.length > 1 ? key : { status: 'PONG' };
    case 'ECHO':
      return key;
    case 'GET':
      return keys.get(key) ?? null;
    case 'SET':
      if (words.length < 3) return wrongArguments(name);
      if (keys.size >= KEYS_MAX && !keys.has(key))
        return { error: "OOM command not allowed when used memory > 'maxmemory'." };
      keys.set(key, value);
      save();
      return { status: 'OK' };
    case 'DEL':
    case 'UNLINK': {
      const gone = words.slice(1).filter((word) => keys.delete(word)).length;
      save();
      return gone;
    }
    case 'EXISTS':
      return words.slice(1).filter((word) => keys.has(word)).length;
    case 'INCR':
    case 'DECR': {
      const number = Number(keys.get(key) ?? '0');
      if (!Number.isSafeInteger(number)) return { error: 'ERR value is not an integer or out of range' };
      const next = number + (name.toUpperCase() === 'INCR' ? 1 : -1);
      keys.set(key, String(next));
      save();
      return next;
    }
    case 'KEYS':
      return [...keys.keys()].filter((text) => matches(key, text)).sort();
    case 'DBSIZE':
      return keys.size;
    case 'FLUSHALL':
    case 'FLUSHDB':
      keys.clear();
      save();
      return { status: 'OK' };
    case 'INFO':
      return '# Server\r\nredis_version:6.2.6\r\nredis_mode:standalone\r\nos:Linux\r\ntcp_port:6379\r\n';
    case 'COMMAND':
      return [];
    default:
      return {
        error: `ERR unknown command '${name}', with args beginning with: ${words
          .slice(1)
          .map((word) => `'${word}' `)
          .join('')}`,
      };
  }
}

function wrongArguments(name: string): RedisReply {
  return { error: `ERR wrong number of arguments for '${name.toLowerCase()}' command` };
}

function matches(pattern: string, text: string): boolean {
  if (pattern === '*' || pattern === '') return true;
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === text;
  return (
    text.startsWith(pattern.slice(0, star)) && text.endsWith(pattern.slice(pattern.lastIndexOf('*') + 1))
  );
}

/** Redis' own protocol on a connection: RESP arrays and inline commands. */
export const redis: Server = {
  receive: (context, connection, text) => {
    connection.buffer += text;
    let out = '';
    for (;;) {
      const taken = takeCommand(connection.buffer);
      if (!taken) break;
      connection.buffer = taken.rest;
      if (taken.words.length === 0) continue;
      if (taken.words[0]?.toUpperCase() === 'QUIT')
        return { replies: [{ text: `${out}+OK\r\n` }], end: 'close' };
      if (/^(post|host:)$/i.test(taken.words[0] ?? '')) return { replies: [], end: 'close' };
      out += resp(runRedis(context, taken.words));
    }
    return out === '' ? SILENCE : { replies: [{ text: out }] };
  },
};

function takeCommand(
  buffer: string,
): { readonly words: readonly string[]; readonly rest: string } | undefined {
  const line = /^([^\r\n]*)\r?\n/.exec(buffer);
  if (!line) return undefined;
  let rest = buffer.slice(line[0].length);
  const count = /^\*(\d{1,4})$/.exec(line[1] ?? '');
  if (!count) return { words: (line[1] ?? '').split(/\s+/).filter((word) => word !== ''), rest };
  const words: string[] = [];
  for (let i = 0; i < Number(count[1]); i++) {
    const bulk = /^\$(\d{1,7})\r\n/.exec(rest);
    if (!bulk) return undefined;
    const size = Number(bulk[1]);
    const body = rest.slice(bulk[0].length);
    if (utf8Length(body) < size + 2) return undefined;
    words.push(body.slice(0, size));
    rest = body.slice(size + 2);
  }
  return { words, rest };
}

function resp(reply: RedisReply): string {
  if (reply === null) return '$-1\r\n';
  if (typeof reply === 'number') return `:${reply}\r\n`;
  if (typeof reply === 'string') return `$${utf8Length(reply)}\r\n${reply}\r\n`;
  if (Array.isArray(reply))
    return `*${reply.length}\r\n${(reply as readonly RedisReply[]).map(resp).join('')}`;
  const line = reply as { readonly status?: string; readonly error?: string };
  return line.error === undefined ? `+${line.status ?? ''}\r\n` : `-${line.error}\r\n`;
}

/** webdis: redis over HTTP. `/COMMAND/arg/arg` answers `{"COMMAND":reply}`; status replies are `[true,"OK"]`. */
export const webdis: Server = httpServer({
  handle: (context, request) => {
    const { path } = splitTarget(request.target);
    if (request.method === 'OPTIONS') return answer({ status: 200, body: '' });
    const source =
      request.method === 'POST' ? request.body : (path === '/' ? '/GET/index.html' : path).slice(1);
    const words = source.split('/').map(decode);
    const last = words.at(-1) ?? '';
    const isText = /\.(txt|html)$/.test(last) && path !== '/';
    if (/\.(json|txt|raw|html)$/.test(last) && path !== '/')
      words[words.length - 1] = last.replace(/\.[a-z]+$/, '');
    const reply = runRedis(context, words);
    if (isText)
      return answer({ status: 200, body: typeof reply === 'string' ? reply : '', type: 'text/plain' });
    return answer({ status: 200, body: JSON.stringify({ [words[0] ?? '']: webForm(reply) }) });
  },
  bad: () => ({ ...answer({ status: 400, body: '' }), close: true }),
});

function decode(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

function webForm(reply: RedisReply): Json {
  if (reply === null || typeof reply === 'number' || typeof reply === 'string') return reply;
  if (Array.isArray(reply)) return (reply as readonly RedisReply[]).map(webForm);
  const line = reply as { readonly status?: string; readonly error?: string };
  return line.error === undefined ? [true, line.status ?? ''] : [false, line.error];
}

function answer(what: {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}): HttpResponse {
  const digest = hashText(what.body) + hashText(`${what.body}#`);
  const etag: HttpHeader[] = what.status === 200 ? [['ETag', `"${digest}"`]] : [];
  return {
    status: what.status,
    headers: [
      ['Server', 'Webdis'],
      ['Allow', 'GET,POST,PUT,OPTIONS'],
      ['Access-Control-Allow-Methods', 'GET,POST,PUT,OPTIONS'],
      ['Access-Control-Allow-Origin', '*'],
      ['Access-Control-Allow-Headers', 'X-Requested-With, Content-Type, Authorization'],
      ['Content-Type', what.type ?? 'application/json'],
      ...etag,
      ['Connection', 'Keep-Alive'],
      ['Content-Length', String(utf8Length(what.body))],
    ],
    body: what.body,
  };
}
