import { utf8Length } from '../../base/bytes.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { hashText } from '../../base/hash.ts';
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
    const response = respond(context, request);
    const length = headerOf(response.headers, 'content-length') ?? '-';
    context.log(`${request.method} ${request.target} ${response.status} 3.142 ms - ${length}`);
    return response;
  },
  bad: () => ({ status: 400, headers: [['Connection', 'close']], body: '', close: true }),
});

function respond(context: ServerContext, request: HttpRequest): HttpResponse {
  const { path } = splitTarget(request.target);
  const isRead = ['GET', 'HEAD'].includes(request.method);
  if (request.method === 'OPTIONS') return preflight(context);
  if (isRead && (path === '/' || path === '/index.html')) return startPage(context);
  if (isRead && /^\/docs\/?$/.test(path)) return docsPage(context);
  if (path.startsWith('/auth-header-required')) return guarded(context, request);
  return records(context, request, path);
}

/** What cors answers to a preflight request. */
function preflight(context: ServerContext): HttpResponse {
  return {
    status: 204,
    headers: [
      ['X-Powered-By', 'Express'],
      ['Vary', 'Origin, Access-Control-Request-Headers'],
      ['Access-Control-Allow-Credentials', 'true'],
      ['Access-Control-Allow-Methods', 'GET,HEAD,PUT,PATCH,POST,DELETE'],
      ['Content-Length', '0'],
      ...tail(context),
    ],
    body: '',
  };
}

function records(context: ServerContext, request: HttpRequest, path: string): HttpResponse {
  const db = (context.state['db'] ?? START) as JsonObject;
  const [name = '', id, child] = path.split('/').filter((part) => part !== '');
  const found = Object.hasOwn(db, name) ? db[name] : undefined;
  if (request.method === 'GET' || request.method === 'HEAD') {
    if (name === 'db' && id === undefined) return json(context, 200, db);
    if (found === undefined) return json(context, 404, {});
    if (id === undefined)
      return Array.isArray(found) ? listing(context, request, found) : json(context, 200, found);
    if (child !== undefined) return listing(context, request, childrenOf(db, { name, id, child }));
    const value = listOf(found).find((item) => String(idOf(item)) === id);
    return value === undefined ? json(context, 404, {}) : json(context, 200, value);
  }
  if (found === undefined) return json(context, 404, {});
  if (!Array.isArray(found)) return changeObject(context, request, { db, name, id });
  return change(context, request, { db, name, id });
}

/** The records of a collection that name one of another as their parent: `/posts/1/comments`. */
function childrenOf(
  db: JsonObject,
  where: { readonly name: string; readonly id: string; readonly child: string },
): readonly Json[] {
  const key = `${where.name.replace(/s$/, '')}Id`;
  const all = Object.hasOwn(db, where.child) ? listOf(db[where.child]) : [];
  return all.filter((item) => String(memberOf(item, key)) === where.id);
}

/** A collection by the query: filters, full text, sorting and pages, as json-server names them. */
function listing(context: ServerContext, request: HttpRequest, all: readonly Json[]): HttpResponse {
  const { query } = splitTarget(request.target);
  const asked = new Map(query);
  const filters = query.filter(([name]) => !name.startsWith('_') && name !== 'q');
  let found = all.filter((item) => filters.every(([name, value]) => passes(item, name, value, filters)));
  const text = asked.get('q')?.toLowerCase();
  if (text !== undefined) found = found.filter((item) => JSON.stringify(item).toLowerCase().includes(text));
  const key = asked.get('_sort');
  if (key !== undefined) {
    const sign = asked.get('_order')?.toLowerCase() === 'desc' ? -1 : 1;
    found = [...found].sort((a, b) => sign * compare(memberOf(a, key), memberOf(b, key)));
  }
  const total = found.length;
  const size = Number(asked.get('_limit') ?? (asked.has('_page') ? 10 : Number.NaN));
  const isCut = asked.has('_page') || asked.has('_limit') || asked.has('_end');
  if (!isCut) return json(context, 200, found);
  const page = Math.max(1, Number(asked.get('_page') ?? 1) || 1);
  const start = asked.has('_page') ? (page - 1) * size : Number(asked.get('_start') ?? 0) || 0;
  const end = Number.isNaN(size) ? Number(asked.get('_end')) || total : start + size;
  const extra: HttpHeader[] = [['X-Total-Count', String(total)]];
  return json(context, 200, found.slice(start, end), [
    ...extra,
    ['Access-Control-Expose-Headers', asked.has('_page') ? 'X-Total-Count, Link' : 'X-Total-Count'],
  ]);
}

function passes(item: Json, name: string, value: string, filters: readonly HttpHeader[]): boolean {
  const suffix = /^(.+)_(gte|lte|ne|like)$/.exec(name);
  const member = memberOf(item, suffix?.[1] ?? name);
  if (member === undefined) return false;
  if (!suffix)
    // The same name twice means either of the values.
    return filters.some(([other, wanted]) => other === name && String(member) === wanted);
  if (suffix[2] === 'ne') return String(member) !== value;
  if (suffix[2] === 'like') return String(member).toLowerCase().includes(value.toLowerCase());
  return suffix[2] === 'gte' ? compare(member, Number(value)) >= 0 : compare(member, Number(value)) <= 0;
}

function compare(a: Json | undefined, b: Json | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function change(
  context: ServerContext,
  request: HttpRequest,
  where: { readonly db: JsonObject; readonly name: string; readonly id: string | undefined },
): HttpResponse {
  const { db, name, id } = where;
  const list = listOf(db[name]);
  const sent = bodyOf(request);
  const save = (value: readonly Json[]): void => {
    context.state['db'] = { ...db, [name]: value.slice(-100) };
  };
  if (request.method === 'POST' && id === undefined) {
    const wanted = sent['id'];
    if (wanted !== undefined && list.some((item) => String(idOf(item)) === String(wanted)))
      return plain(context, 500, 'Error: Insert failed, duplicate id');
    const next = list.reduce<number>((max, item) => Math.max(max, Number(idOf(item)) || 0), 0) + 1;
    const added = { ...sent, id: wanted ?? next };
    save([...list, added]);
    const host = headerOf(request.headers, 'host') ?? context.hostname;
    return json(context, 201, added, [
      ['Access-Control-Expose-Headers', 'Location'],
      ['Location', `http://${host}/${name}/${String(added.id)}`],
    ]);
  }
  const at = list.findIndex((item) => String(idOf(item)) === id);
  const old = list[at];
  if (old === undefined || !['PUT', 'PATCH', 'DELETE'].includes(request.method))
    return json(context, 404, {});
  if (request.method === 'DELETE') {
    save(list.filter((item) => item !== old));
    return json(context, 200, {});
  }
  const kept = { id: idOf(old) ?? null };
  const changed =
    request.method === 'PATCH' ? { ...(old as JsonObject), ...sent, ...kept } : { ...sent, ...kept };
  save(list.map((item, i) => (i === at ? changed : item)));
  return json(context, 200, changed);
}

/** A single object (not a collection) can be replaced and patched. */
function changeObject(
  context: ServerContext,
  request: HttpRequest,
  where: { readonly db: JsonObject; readonly name: string; readonly id: string | undefined },
): HttpResponse {
  const { db, name, id } = where;
  if (id !== undefined || !['POST', 'PUT', 'PATCH'].includes(request.method)) return json(context, 404, {});
  const sent = bodyOf(request);
  const value = request.method === 'PATCH' ? { ...(db[name] as JsonObject), ...sent } : sent;
  context.state['db'] = { ...db, [name]: value };
  return json(context, request.method === 'POST' ? 201 : 200, value);
}

function guarded(context: ServerContext, request: HttpRequest): HttpResponse {
  const has = request.headers.some(([name]) => name.toLowerCase() === 'x-auth-header');
  return has
    ? json(context, 200, [{ id: 1, body: 'auth-header-required' }])
    : json(context, 403, { error: 'forbidden' });
}

/** The members that a body sends: JSON or a form; nothing else is read. */
function bodyOf(request: HttpRequest): JsonObject {
  const type = headerOf(request.headers, 'content-type') ?? '';
  if (type.startsWith('application/x-www-form-urlencoded'))
    return Object.fromEntries(parseForm(request.body));
  if (!type.includes('json')) return {};
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
  return memberOf(item, 'id');
}

function memberOf(item: Json, name: string): Json | undefined {
  const isObject = typeof item === 'object' && item !== null && !Array.isArray(item);
  return isObject && Object.hasOwn(item, name) ? (item as JsonObject)[name] : undefined;
}

function plain(context: ServerContext, status: number, text: string): HttpResponse {
  return {
    status,
    headers: [...COMMON, ['Content-Type', 'text/html; charset=utf-8'], ...tail(context)],
    body: text,
  };
}

function json(
  context: ServerContext,
  status: number,
  value: Json,
  extra: readonly HttpHeader[] = [],
): HttpResponse {
  const body = JSON.stringify(value, null, 2);
  return {
    status,
    headers: [
      ...COMMON,
      ['Cache-Control', 'no-cache'],
      ['Pragma', 'no-cache'],
      ['Expires', '-1'],
      ...extra,
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
