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
  const status = /^\/status\/([1-5][0-9]{2})$/.exec(path);
  if (status) return statusOnly(context, Number(status[1]));
  const delay = /^\/delay\/([0-9.]+)$/.exec(path);
  if (delay)
    return {
      ...answer(context, 200, echoOf(context, request, 'DELAY')),
      delayMs: Math.min(10, Number(delay[1])) * 1000,
    };
  return small(context, request, path);
}

function small(context: ServerContext, request: HttpRequest, path: string): HttpResponse {
  switch (path) {
    case '/':
      return html(
        context,
        200,
        '<!DOCTYPE html>\n<html lang="en">\n<head><title>httpbin.org</title></head>\n<body><h2>httpbin.org</h2></body>\n</html>\n',
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
      return answer(context, 200, {
        slideshow: { author: 'Yours Truly', date: 'date of publication', title: 'Sample Slide Show' },
      });
    case '/html':
      return html(
        context,
        200,
        '<!DOCTYPE html>\n<html>\n  <body>\n    <h1>Herman Melville - Moby-Dick</h1>\n  </body>\n</html>',
      );
    case '/robots.txt':
      return plain(context, 200, 'User-agent: *\nDisallow: /deny\n');
    default:
      return notFound(context);
  }
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
function answer(context: ServerContext, status: number, value: JsonObject): HttpResponse {
  return page(context, {
    status,
    type: 'application/json',
    body: `${JSON.stringify(sorted(value), null, 2)}\n`,
  });
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

function statusOnly(context: ServerContext, status: number): HttpResponse {
  const isRedirect = [301, 302, 303, 305, 307].includes(status);
  const extra: HttpHeader[] = isRedirect ? [['Location', '/redirect/1']] : [];
  const body = status === 418 ? '\n    -=[ teapot ]=-\n' : '';
  return page(context, { status, type: 'text/html; charset=utf-8', body, extra });
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
