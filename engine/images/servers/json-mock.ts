import type { Json, JsonObject } from '../../base/json.ts';
import { hashText } from '../../base/hash.ts';
import {
  type HttpHeader,
  type HttpRequest,
  type HttpResponse,
  httpDate,
  splitTarget,
  utf8Length,
} from '../http.ts';
import { type Server, type ServerContext, httpServer } from '../server.ts';

/** The records that the mock starts with: collections are lists, others single objects (as json-server keeps them). */
const START: JsonObject = {
  posts: [{ id: 1, title: 'json-server', author: 'typicode' }],
  comments: [{ id: 1, body: 'some comment', postId: 1 }],
  public: [{ id: 1, body: 'public information' }],
  private: [{ id: 1, body: 'secret information' }],
  profile: { name: 'typicode' },
};

/** Cilium's json-mock (json-server on Express): a start page, `/docs`, and collections that can be read and written. */
export const jsonMock: Server = httpServer({
  handle: (context, request) => {
    const { path } = splitTarget(request.target);
    if (['GET', 'HEAD'].includes(request.method) && (path === '/' || path === '/index.html'))
      return startPage(context);
    if (['GET', 'HEAD'].includes(request.method) && /^\/docs\/?$/.test(path)) return docsPage(context);
    if (path.startsWith('/auth-header-required')) return guarded(context, request);
    return records(context, request, path);
  },
  bad: () => ({ status: 400, headers: [['Connection', 'close']], body: '', close: true }),
});

function records(context: ServerContext, request: HttpRequest, path: string): HttpResponse {
  const db = (context.state['db'] ?? START) as JsonObject;
  const [name = '', id] = path.split('/').filter((part) => part !== '');
  const found = Object.hasOwn(db, name) ? db[name] : undefined;
  if (request.method === 'GET' || request.method === 'HEAD') {
    if (name === 'db') return json(context, 200, db);
    const value = id === undefined ? found : listOf(found).find((item) => String(idOf(item)) === id);
    return value === undefined ? json(context, 404, {}) : json(context, 200, value);
  }
  if (found === undefined) return json(context, 404, {});
  return change(context, request, { db, name, id });
}

function change(
  context: ServerContext,
  request: HttpRequest,
  where: { readonly db: JsonObject; readonly name: string; readonly id: string | undefined },
): HttpResponse {
  const { db, name, id } = where;
  const list = listOf(db[name]);
  const sent = bodyOf(request);
  if (request.method === 'POST') {
    const added = {
      ...sent,
      id: list.reduce<number>((max, item) => Math.max(max, Number(idOf(item)) || 0), 0) + 1,
    };
    context.state['db'] = { ...db, [name]: [...list, added].slice(-100) };
    return json(context, 201, added);
  }
  const old = list.find((item) => String(idOf(item)) === id);
  if (old === undefined) return json(context, 404, {});
  const rest = list.filter((item) => item !== old);
  const changed =
    request.method === 'PATCH' ? { ...(old as JsonObject), ...sent } : { ...sent, id: idOf(old) ?? null };
  const isDelete = request.method === 'DELETE';
  context.state['db'] = { ...db, [name]: isDelete ? rest : [...rest, changed] };
  return json(context, 200, isDelete ? {} : changed);
}

function guarded(context: ServerContext, request: HttpRequest): HttpResponse {
  const has = request.headers.some(([name]) => name.toLowerCase() === 'x-auth-header');
  return has
    ? json(context, 200, [{ id: 1, body: 'auth-header-required' }])
    : json(context, 403, { error: 'forbidden' });
}

function bodyOf(request: HttpRequest): JsonObject {
  try {
    const value: unknown = JSON.parse(request.body === '' ? '{}' : request.body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
  } catch {
    return {};
  }
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function idOf(item: Json): Json | undefined {
  return typeof item === 'object' && item !== null && !Array.isArray(item)
    ? (item as JsonObject)['id']
    : undefined;
}

function json(context: ServerContext, status: number, value: Json): HttpResponse {
  const body = JSON.stringify(value, null, 2);
  return {
    status,
    headers: [
      ...COMMON,
      ['Cache-Control', 'no-cache'],
      ['Pragma', 'no-cache'],
      ['Expires', '-1'],
      ['X-Content-Type-Options', 'nosniff'],
      ['Content-Type', 'application/json; charset=utf-8'],
      ['Content-Length', String(utf8Length(body))],
      ['ETag', `W/"${utf8Length(body).toString(16)}-${hashText(body)}"`],
      ...tail(context),
    ],
    body,
  };
}

const COMMON: readonly HttpHeader[] = [
  ['X-Powered-By', 'Express'],
  ['Vary', 'Origin, Accept-Encoding'],
  ['Access-Control-Allow-Credentials', 'true'],
];

function tail(context: ServerContext): HttpHeader[] {
  return [
    ['Date', httpDate(context.nowMs)],
    ['Connection', 'keep-alive'],
  ];
}

function page(context: ServerContext, body: string, etag: string): HttpResponse {
  return {
    status: 200,
    headers: [
      ...COMMON,
      ['Accept-Ranges', 'bytes'],
      ['Cache-Control', 'public, max-age=0'],
      ['Last-Modified', 'Sat, 26 Oct 1985 08:15:00 GMT'],
      ['ETag', etag],
      ['Content-Type', 'text/html; charset=UTF-8'],
      ['Content-Length', String(utf8Length(body))],
      ...tail(context),
    ],
    body,
  };
}

/** The start page's size is a fact that its headers show: 2109 bytes. */
const START_PAGE_BYTES = 2109;

function startPage(context: ServerContext): HttpResponse {
  const links = Object.keys(START).map((name) => `      <li><a href="/${name}">/${name}</a></li>`);
  const head = [
    '<!DOCTYPE html>',
    '<html lang="en">',
    '  <head>',
    '    <meta charset="utf-8">',
    '    <title>JSON Server</title>',
  ];
  const body = [
    '  </head>',
    '  <body>',
    '    <h1>JSON Server</h1>',
    '    <p>Resources:</p>',
    '    <ul>',
    ...links,
    '    </ul>',
  ];
  const end = ['  </body>', '</html>', ''];
  const bare = [...head, ...body, ...end].join('\n');
  const filler = `    <!-- ${'-'.repeat(START_PAGE_BYTES - bare.length - 13)} -->`;
  return page(
    context,
    [...head, ...body, filler, ...end].join('\n').slice(0, START_PAGE_BYTES),
    'W/"83d-7438674ba0"',
  );
}

function docsPage(context: ServerContext): HttpResponse {
  const paths = Object.keys(START).map((name) => `      <li>GET /${name}</li>`);
  const lines = [
    '<!DOCTYPE html>',
    '<html lang="en">',
    '  <head><title>API documentation</title></head>',
    '  <body>',
  ];
  const rest = [
    '    <h1>API documentation</h1>',
    '    <ul>',
    ...paths,
    '    </ul>',
    '  </body>',
    '</html>',
    '',
  ];
  const body = [...lines, ...rest].join('\n');
  return page(context, body, `W/"${utf8Length(body).toString(16)}-7438674ba0"`);
}
