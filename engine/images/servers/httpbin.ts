import { fromBase64, fromUtf8 } from '../../base/bytes.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import {
  type HttpHeader,
  type HttpRequest,
  type HttpResponse,
  headerOf,
  httpDate,
  parseForm,
  splitTarget,
} from '../http.ts';
import { type Server, type ServerContext, httpServer } from '../server.ts';

/** kennethreitz/httpbin behind gunicorn: answers that repeat the request. */
export const httpbin: Server = httpServer({
  handle: (context, request) => route(context, request, splitTarget(request.target).path),
  bad: (context) => ({ ...plain(context, 400, 'Bad Request'), close: true }),
});

function route(context: ServerContext, request: HttpRequest, path: string): HttpResponse {
  const echo = /^\/(get|post|put|patch|delete|anything)(\/.*)?$/.exec(path);
  if (echo && (echo[2] === undefined || echo[1] === 'anything')) {
    const verb = (echo[1] ?? '').toUpperCase();
    const allowed =
      verb === 'ANYTHING' || request.method === verb || (verb === 'GET' && request.method === 'HEAD');
    if (!allowed) return methodNotAllowed(context, verb);
    return answer(context, 200, echoOf(context, request, verb));
  }
  const status = /^\/status\/([^/]+)$/.exec(path);
  if (status) return statusOf(context, decodeURIComponentSafely(status[1] ?? ''));
  const delay = /^\/delay\/([0-9.]+)$/.exec(path);
  if (delay)
    return {
      ...answer(context, 200, echoOf(context, request, 'DELAY')),
      delayMs: Math.min(10, Number(delay[1])) * 1000,
    };
  return small(context, request, path);
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** One code, or one of several by chance, as `/status/200,503` asks. */
function statusOf(context: ServerContext, codes: string): HttpResponse {
  const list = codes.split(',').map((code) => Number(code.split(':')[0]));
  if (list.some((code) => !Number.isInteger(code) || code < 100 || code > 599))
    return html(context, 400, 'Invalid status code');
  const index = list.length > 1 ? Number.parseInt(context.uuid().slice(0, 6), 16) % list.length : 0;
  return statusOnly(context, list[index] ?? 200);
}

function small(context: ServerContext, request: HttpRequest, path: string): HttpResponse {
  const isRead = ['GET', 'HEAD'].includes(request.method);
  const fixed = isRead ? fixedPage(context, request, path) : undefined;
  if (fixed) return fixed;
  const parts = path.split('/').slice(1).map(decodeURIComponentSafely);
  return withArguments(context, request, parts) ?? notFound(context);
}

function fixedPage(context: ServerContext, request: HttpRequest, path: string): HttpResponse | undefined {
  switch (path) {
    case '/':
      return html(
        context,
        200,
        '<!DOCTYPE html>\n<html lang="en">\n\n<head>\n    <meta charset="UTF-8">\n    <title>httpbin.org</title>\n</head>\n\n<body>\n    <h2 class="title">httpbin.org</h2>\n    <p>A simple HTTP Request &amp; Response Service.</p>\n</body>\n\n</html>\n',
      );
    case '/headers':
      return answer(context, 200, { headers: headersOf(request) });
    case '/ip':
      return answer(context, 200, { origin: context.remote.address });
    case '/user-agent':
      return answer(context, 200, { 'user-agent': headerOf(request.headers, 'user-agent') ?? null });
    case '/uuid':
      return answer(context, 200, { uuid: context.uuid() });
    case '/json':
      return answer(context, 200, SLIDES);
    case '/html':
      return html(
        context,
        200,
        '<!DOCTYPE html>\n<html>\n  <head>\n  </head>\n  <body>\n      <h1>Herman Melville - Moby-Dick</h1>\n  </body>\n</html>',
      );
    case '/xml':
      return page(context, {
        status: 200,
        type: 'application/xml',
        body: '<?xml version=\'1.0\' encoding=\'us-ascii\'?>\n\n<!--  A SAMPLE set of slides  -->\n\n<slideshow \n    title="Sample Slide Show"\n    date="Date of publication"\n    author="Yours Truly"\n    >\n    <slide type="all">\n      <title>Wake up to WonderWidgets!</title>\n    </slide>\n</slideshow>',
      });
    case '/robots.txt':
      return plain(context, 200, 'User-agent: *\nDisallow: /deny\n');
    case '/deny':
      return plain(context, 200, "\n  (o_o)\n\nYOU SHOULDN'T BE HERE\n");
    case '/encoding/utf8':
      return html(context, 200, '<h1>Unicode Demo</h1>\n\n<p>∮ E⋅da = Q,  n → ∞, ∑ f(i) = ∏ g(i)</p>\n');
    case '/cookies':
      return answer(context, 200, { cookies: cookiesOf(request) });
    case '/cache': {
      const isKnown =
        headerOf(request.headers, 'if-none-match') ?? headerOf(request.headers, 'if-modified-since');
      const extra: HttpHeader[] = [
        ['Last-Modified', httpDate(context.nowMs)],
        ['ETag', context.uuid().replaceAll('-', '')],
      ];
      const body = isKnown === undefined ? echoOf(context, request, 'GET') : undefined;
      return page(context, {
        status: body === undefined ? 304 : 200,
        type: 'application/json',
        body: body === undefined ? '' : `${JSON.stringify(sorted(body), null, 2)}\n`,
        extra: body === undefined ? [] : extra,
      });
    }
    case '/bearer':
      return bearer(context, request);
    case '/gzip':
    case '/deflate':
    case '/brotli':
      return answer(context, 200, {
        [path === '/gzip' ? 'gzipped' : path === '/brotli' ? 'brotli' : 'deflated']: true,
        headers: headersOf(request),
        method: request.method,
        origin: context.remote.address,
      });
    default:
      return undefined;
  }
}

const SLIDES: JsonObject = {
  slideshow: {
    author: 'Yours Truly',
    date: 'date of publication',
    slides: [
      { title: 'Wake up to WonderWidgets!', type: 'all' },
      {
        items: ['Why <em>WonderWidgets</em> are great', 'Who <em>buys</em> WonderWidgets'],
        title: 'Overview',
        type: 'all',
      },
    ],
    title: 'Sample Slide Show',
  },
};

function bearer(context: ServerContext, request: HttpRequest): HttpResponse {
  const sent = headerOf(request.headers, 'authorization') ?? '';
  if (sent.startsWith('Bearer ')) return answer(context, 200, { authenticated: true, token: sent.slice(7) });
  return page(context, {
    status: 401,
    type: 'text/html; charset=utf-8',
    body: '',
    extra: [['WWW-Authenticate', 'Bearer']],
  });
}

/** Paths that carry an argument. */
function withArguments(
  context: ServerContext,
  request: HttpRequest,
  parts: readonly string[],
): HttpResponse | undefined {
  const [name = '', first = '', second = ''] = parts;
  const { query } = splitTarget(request.target);
  const option = (key: string): string | undefined => query.find(([one]) => one === key)?.[1];
  const number = Number(first);
  switch (name) {
    case 'base64':
      return html(context, 200, textOfBase64(first) ?? 'Incorrect Base64 data try: SFRUUEJJTiBpcyBhd2Vzb21l');
    case 'basic-auth':
    case 'hidden-basic-auth':
      return basicAuth(context, request, {
        user: first,
        password: second,
        isHidden: name.startsWith('hidden'),
      });
    case 'redirect':
    case 'relative-redirect':
    case 'absolute-redirect': {
      if (!(number > 0)) return undefined;
      const next =
        number === 1 ? '/get' : `/${name === 'redirect' ? 'relative-redirect' : name}/${number - 1}`;
      const host = name === 'absolute-redirect' ? `http://${headerOf(request.headers, 'host') ?? ''}` : '';
      return redirect(context, 302, `${host}${next}`);
    }
    case 'redirect-to': {
      const code = Number(option('status_code') ?? 302);
      return redirect(context, code >= 300 && code < 400 ? code : 302, option('url') ?? '');
    }
    case 'response-headers': {
      const extra = query.filter(([key, value]) => /^[A-Za-z0-9-]+$/.test(key) && isLine(value));
      const body = { 'Content-Type': 'application/json', ...members(query) };
      const text = `${JSON.stringify(sorted(body), null, 2)}\n`;
      return page(context, { status: 200, type: 'application/json', body: text, extra });
    }
    case 'stream': {
      const count = Math.min(Math.max(1, number || 1), 100);
      const base = echoOf(context, request, 'GET');
      const lines = Array.from({ length: count }, (_, id) => `${JSON.stringify(sorted({ ...base, id }))}\n`);
      return page(context, { status: 200, type: 'application/json', body: lines.join('') });
    }
    case 'bytes':
      return page(context, {
        status: 200,
        type: 'application/octet-stream',
        body: 'x'.repeat(Math.min(Math.max(0, number || 0), 100 * 1024)),
      });
    case 'cookies': {
      const isDelete = first === 'delete';
      if (first !== 'set' && !isDelete) return undefined;
      const pairs = parts.length === 4 ? ([[second, parts[3] ?? '']] as const) : query;
      const extra: HttpHeader[] = pairs
        .filter((pair) => pair.every(isLine))
        .map(([key, value]) => [
          'Set-Cookie',
          isDelete
            ? `${key}=; Expires=Thu, 01-Jan-1970 00:00:00 GMT; Max-Age=0; Path=/`
            : `${key}=${value}; Path=/`,
        ]);
      return redirect(context, 302, '/cookies', extra);
    }
    case 'cache':
      return answer(context, 200, echoOf(context, request, 'GET'), [
        ['Cache-Control', `public, max-age=${Number.isNaN(number) ? 0 : number}`],
      ]);
    case 'drip': {
      const count = Math.min(Number(option('numbytes') ?? 10) || 10, 10_240);
      const waitMs = Math.min(60, Number(option('duration') ?? 2) + Number(option('delay') ?? 0)) * 1000;
      return {
        ...page(context, { status: 200, type: 'application/octet-stream', body: '*'.repeat(count) }),
        delayMs: Math.max(0, waitMs),
      };
    }
    default:
      return undefined;
  }
}

/** What may stand in a header's line. */
function isLine(text: string): boolean {
  return !/[\r\n\0]/.test(text);
}

function redirect(
  context: ServerContext,
  status: number,
  to: string,
  extra: readonly HttpHeader[] = [],
): HttpResponse {
  const body = `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n<p>You should be redirected automatically to target URL: <a href="${to}">${to}</a>.  If not click the link.`;
  return page(context, {
    status,
    type: 'text/html; charset=utf-8',
    body,
    extra: [['Location', to.replaceAll(/[\r\n]/g, '')], ...extra],
  });
}

function basicAuth(
  context: ServerContext,
  request: HttpRequest,
  wanted: { readonly user: string; readonly password: string; readonly isHidden: boolean },
): HttpResponse {
  const sent = /^Basic (\S+)$/i.exec(headerOf(request.headers, 'authorization') ?? '')?.[1];
  const isRight = sent !== undefined && textOfBase64(sent) === `${wanted.user}:${wanted.password}`;
  if (isRight) return answer(context, 200, { authenticated: true, user: wanted.user });
  if (wanted.isHidden) return notFound(context);
  const extra: HttpHeader[] = [['WWW-Authenticate', 'Basic realm="Fake Realm"']];
  return page(context, { status: 401, type: 'text/html; charset=utf-8', body: '', extra });
}

/** The UTF-8 text behind base64 (both alphabets); undefined when it is none. */
function textOfBase64(text: string): string | undefined {
  const digits = text.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/');
  return /[^A-Za-z0-9+/]/.test(digits) ? undefined : fromUtf8(fromBase64(digits));
}

function cookiesOf(request: HttpRequest): JsonObject {
  const pairs = (headerOf(request.headers, 'cookie') ?? '')
    .split(/;\s*/)
    .filter((part) => part.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

function echoOf(context: ServerContext, request: HttpRequest, verb: string): JsonObject {
  const { query } = splitTarget(request.target);
  const url = `http://${headerOf(request.headers, 'host') ?? ''}${request.target}`;
  const base: JsonObject = {
    args: members(query),
    headers: headersOf(request),
    origin: context.remote.address,
    url,
  };
  if (verb === 'GET') return base;
  const isForm = (headerOf(request.headers, 'content-type') ?? '').startsWith(
    'application/x-www-form-urlencoded',
  );
  const body: JsonObject = {
    data: isForm ? '' : request.body,
    files: {},
    form: isForm ? members(parseForm(request.body)) : {},
    json: isForm ? null : parsed(request.body),
  };
  return verb === 'ANYTHING' ? { ...base, ...body, method: request.method } : { ...base, ...body };
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

function members(list: readonly HttpHeader[]): JsonObject {
  const found = new Map<string, Json>();
  for (const [name, value] of list) {
    const old = found.get(name);
    found.set(name, old === undefined ? value : [...(Array.isArray(old) ? (old as string[]) : [old]), value]);
  }
  return Object.fromEntries(found);
}

function headersOf(request: HttpRequest): JsonObject {
  const title = (name: string): string =>
    name.toLowerCase().replace(/(^|-)[a-z]/g, (text) => text.toUpperCase());
  return Object.fromEntries(request.headers.map(([name, value]) => [title(name), value]));
}

/** Prints JSON as httpbin's Flask does: keys sorted, two spaces, a final newline. */
function answer(
  context: ServerContext,
  status: number,
  value: JsonObject,
  extra: readonly HttpHeader[] = [],
): HttpResponse {
  const body = `${JSON.stringify(sorted(value), null, 2)}\n`;
  return page(context, { status, type: 'application/json', body, extra });
}

function sorted(value: Json | undefined): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(sorted);
  if (typeof value !== 'object' || value === null) return value ?? null;
  const entries = Object.entries(value as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member)]));
}

function page(
  context: ServerContext,
  what: {
    readonly status: number;
    readonly type: string;
    readonly body: string;
    readonly extra?: readonly HttpHeader[];
  },
): HttpResponse {
  return {
    status: what.status,
    headers: [
      ['Server', 'gunicorn/19.9.0'],
      ['Date', httpDate(context.nowMs)],
      ['Connection', 'keep-alive'],
      ['Content-Type', what.type],
      ...(what.extra ?? []),
      ['Access-Control-Allow-Origin', '*'],
      ['Access-Control-Allow-Credentials', 'true'],
    ],
    body: what.body,
  };
}

function html(context: ServerContext, status: number, body: string): HttpResponse {
  return page(context, { status, type: 'text/html; charset=utf-8', body });
}

function plain(context: ServerContext, status: number, body: string): HttpResponse {
  return page(context, { status, type: 'text/plain', body });
}

const TEAPOT = `
    -=[ teapot ]=-

       _...._
     .'  _ _ \`.
    | ."\` ^ \`". _,
    \\_;\`"---"\`|//
      |       ;/
      \\_     _/
        \`"""\`
`;

function statusOnly(context: ServerContext, status: number): HttpResponse {
  const type = 'text/html; charset=utf-8';
  const extra: HttpHeader[] = [];
  if ([301, 302, 303, 305, 307].includes(status)) extra.push(['Location', '/redirect/1']);
  if (status === 401) extra.push(['WWW-Authenticate', 'Basic realm="Fake Realm"']);
  if (status === 407) extra.push(['Proxy-Authenticate', 'Basic realm="Fake Realm"']);
  if (status === 418) extra.push(['x-more-info', 'http://tools.ietf.org/html/rfc2324']);
  if (status === 406) {
    const accept = ['image/webp', 'image/svg+xml', 'image/jpeg', 'image/png', 'image/*'];
    const message = 'Client did not request a supported media type.';
    return page(context, { status, type: 'application/json', body: JSON.stringify({ message, accept }) });
  }
  return page(context, { status, type, body: status === 418 ? TEAPOT : '', extra });
}

function notFound(context: ServerContext): HttpResponse {
  const text =
    'The requested URL was not found on the server.  If you entered the URL manually please check your spelling and try again.';
  const head =
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n';
  return page(context, { status: 404, type: 'text/html', body: `${head}<p>${text}</p>\n` });
}

function methodNotAllowed(context: ServerContext, allowed: string): HttpResponse {
  const head =
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<title>405 Method Not Allowed</title>\n<h1>Method Not Allowed</h1>\n';
  const body = `${head}<p>The method is not allowed for the requested URL.</p>\n`;
  const allow = allowed === 'GET' ? 'HEAD, OPTIONS, GET' : `OPTIONS, ${allowed}`;
  return page(context, { status: 405, type: 'text/html', body, extra: [['Allow', allow]] });
}
