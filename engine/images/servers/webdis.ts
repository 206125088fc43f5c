import { utf8Length } from '../../base/bytes.ts';
import { hashText } from '../../base/hash.ts';
import type { Json } from '../../base/json.ts';
import { type HttpHeader, type HttpRequest, type HttpResponse, headerOf, splitTarget } from '../http.ts';
import { httpServer, type Server, type ServerContext } from '../server.ts';
import { resp, runRedis } from './redis.ts';
import type { RedisReply } from './redis-store.ts';

type Format = 'json' | 'raw' | 'custom';

/** What an extension of the last word asks for (webdis, cmd.c cmd_select_format). */
const FORMATS: ReadonlyMap<string, readonly [Format, string]> = new Map([
  ['json', ['json', 'application/json']],
  ['js', ['json', 'application/javascript']],
  ['raw', ['raw', 'binary/octet-stream']],
  ['bin', ['custom', 'binary/octet-stream']],
  ['txt', ['custom', 'text/plain']],
  ['html', ['custom', 'text/html']],
  ['xhtml', ['custom', 'application/xhtml+xml']],
  ['xml', ['custom', 'text/xml']],
  ['png', ['custom', 'image/png']],
  ['jpg', ['custom', 'image/jpeg']],
  ['jpeg', ['custom', 'image/jpeg']],
  ['css', ['custom', 'text/css']],
]);

/**
 * webdis: redis over HTTP. `/COMMAND/arg/arg` answers `{"COMMAND":reply}`; status replies are `[true,"OK"]`. An extension
 * or `?type=` picks another form, `?jsonp=` wraps it, a number in front picks a database, PUT gives the last argument.
 */
export const webdis: Server = httpServer({
  handle: (context, request) => {
    if (request.method === 'OPTIONS') return options();
    if (!['GET', 'POST', 'PUT', 'HEAD'].includes(request.method)) return failure(405);
    return run(context, request);
  },
  bad: () => ({ ...failure(400), close: true }),
});

function run(context: ServerContext, request: HttpRequest): HttpResponse {
  const { path, query } = splitTarget(request.target);
  const asked = request.method === 'POST' ? request.body.trim() : path.slice(1);
  const option = (name: string): string | undefined => query.find(([key]) => key === name)?.[1];
  // Without a default page an empty path is GET of the page it would be.
  const source = asked === '' ? 'GET/index.html' : asked;
  const dot = source.lastIndexOf('.');
  const isExtension = asked !== '' && dot > source.lastIndexOf('/') && dot > 0;
  const chosen = isExtension ? FORMATS.get(source.slice(dot + 1)) : undefined;
  const bare = chosen === undefined ? source : source.slice(0, dot);
  const parts = bare.split('/');
  const hasDatabase = parts.length > 1 && /^\d{1,2}$/.test(parts[0] ?? '');
  const words = parts.slice(hasDatabase ? 1 : 0).map(decode);
  if (request.method === 'PUT' && request.body !== '') words.push(request.body);
  const name = words[0] ?? '';
  if (name.toUpperCase() === 'DEBUG') return failure(403);
  const reply = runRedis(context, words, hasDatabase ? Number(parts[0]) : 0);
  const type = option('type');
  const format =
    type === undefined ? (chosen ?? (['json', 'application/json'] as const)) : (['custom', type] as const);
  const separator = option('sep') ?? '';
  return written(request, { reply, name, format, separator, jsonp: option('jsonp') ?? option('callback') });
}

function written(
  request: HttpRequest,
  what: {
    readonly reply: RedisReply;
    readonly name: string;
    readonly format: readonly [Format, string];
    readonly separator: string;
    readonly jsonp: string | undefined;
  },
): HttpResponse {
  const [format, type] = what.format;
  if (format === 'raw') return answer(request, resp(what.reply), type);
  if (format === 'json') {
    const body = JSON.stringify({ [what.name]: webForm(what.name, what.reply) });
    return answer(request, what.jsonp === undefined ? body : `${what.jsonp}(${body});\n`, type);
  }
  if (what.reply === null) return failure(404);
  return answer(request, customForm(what.reply, what.separator), type);
}

function decode(word: string): string {
  try {
    return decodeURIComponent(word.replaceAll('+', ' '));
  } catch {
    return word;
  }
}

/** A reply as webdis' JSON has it: INFO and HGETALL become objects. */
function webForm(name: string, reply: RedisReply): Json {
  if (typeof reply === 'string' && name.toUpperCase() === 'INFO')
    return Object.fromEntries(
      reply.split('\r\n').flatMap((line) => {
        const colon = line.indexOf(':');
        return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)]] : [];
      }),
    );
  if (reply === null || typeof reply === 'number' || typeof reply === 'string') return reply;
  if (Array.isArray(reply)) {
    const list = reply as readonly RedisReply[];
    if (name.toUpperCase() === 'HGETALL')
      return Object.fromEntries(
        list.flatMap((key, i) => (i % 2 === 0 ? [[String(key), String(list[i + 1] ?? '')]] : [])),
      );
    return list.map((item) => webForm('', item));
  }
  const line = reply as { readonly status?: string; readonly error?: string };
  return line.error === undefined ? [true, line.status ?? ''] : [false, line.error];
}

function customForm(reply: RedisReply, separator: string): string {
  if (reply === null) return '';
  if (typeof reply === 'number' || typeof reply === 'string') return String(reply);
  if (Array.isArray(reply))
    return (reply as readonly RedisReply[]).filter((item) => typeof item === 'string').join(separator);
  const line = reply as { readonly status?: string; readonly error?: string };
  return line.error === undefined ? `+${line.status ?? ''}` : `-${line.error}`;
}

const COMMON: readonly HttpHeader[] = [
  ['Server', 'Webdis'],
  ['Allow', 'GET,POST,PUT,OPTIONS'],
  ['Access-Control-Allow-Methods', 'GET,POST,PUT,OPTIONS'],
  ['Access-Control-Allow-Origin', '*'],
  ['Access-Control-Allow-Headers', 'X-Requested-With, Content-Type, Authorization'],
];

function answer(request: HttpRequest, body: string, type: string): HttpResponse {
  const etag = `"${hashText(body) + hashText(`${body}#`)}"`;
  const isKnown = headerOf(request.headers, 'if-none-match') === etag;
  return {
    status: isKnown ? 304 : 200,
    headers: [
      ...COMMON,
      ...(isKnown ? [] : ([['Content-Type', type]] as const)),
      ['ETag', etag],
      ['Connection', 'Keep-Alive'],
      ['Content-Length', isKnown ? '0' : String(utf8Length(body))],
    ],
    body: isKnown ? '' : body,
  };
}

function failure(status: number): HttpResponse {
  return {
    status,
    headers: [
      ['Server', 'Webdis'],
      ['Content-Length', '0'],
    ],
    body: '',
  };
}

function options(): HttpResponse {
  return {
    status: 200,
    headers: [
      ...COMMON,
      ['Content-Type', 'text/html'],
      ['Connection', 'Keep-Alive'],
      ['Content-Length', '0'],
    ],
    body: '',
  };
}
