import { formatDate } from '../../base/strftime.ts';
import { utf8Length } from '../../base/bytes.ts';
import {
  type HttpHeader,
  type HttpRequest,
  type HttpResponse,
  headerOf,
  httpDate,
  splitTarget,
} from '../http.ts';
import { httpServer, type Server, type ServerContext, SILENCE } from '../server.ts';

function answer(
  context: ServerContext,
  status: number,
  body: string,
  options: { readonly type?: string; readonly headers?: readonly HttpHeader[] } = {},
): HttpResponse {
  return {
    status,
    headers: [
      ...(options.headers ?? []),
      ['Date', httpDate(context.nowMs)],
      ['Content-Length', String(utf8Length(body))],
      ['Content-Type', options.type ?? 'text/plain; charset=utf-8'],
    ],
    body,
  };
}

const bad = (context: ServerContext): HttpResponse => ({
  ...answer(context, 400, '400 Bad Request'),
  close: true,
});

function typeOf(path: string): string {
  if (/\.html?$/.test(path)) return 'text/html';
  if (path.endsWith('.json')) return 'application/json';
  return /\.(txt|md|ya?ml|log)$/.test(path) ? 'text/plain' : 'application/octet-stream';
}

/**
 * A server of files: options `root`, `server` (its name), `style` of what it says about a page that is not there
 * (`python`, `busybox`, `apache`). A folder without an index is listed by Python only.
 */
export const files: Server = httpServer({
  handle: (context, request) => {
    const root = String(context.options['root'] ?? '').replace(/\/$/, '');
    const style = String(context.options['style'] ?? 'python');
    const name = String(context.options['server'] ?? 'SimpleHTTP/0.6 Python/3.12.3');
    const head: HttpHeader[] = [['Server', name]];
    const { path } = splitTarget(request.target);
    const file = path.endsWith('/') ? `${path}index.html` : path;
    const isRead = ['GET', 'HEAD'].includes(request.method);
    const content = isRead ? context.readFile(root + file) : undefined;
    const logged = (status: number): void => context.log(logLine(context, request, status, style));
    if (content !== undefined) {
      logged(200);
      return answer(context, 200, content, { type: typeOf(file), headers: head });
    }
    const status = !isRead ? 501 : path === '/' && style === 'python' ? 200 : 404;
    logged(status);
    return answer(context, status, missing(style, status, path, request.method), {
      type: style === 'apache' ? 'text/html; charset=iso-8859-1' : 'text/html;charset=utf-8',
      headers: head,
    });
  },
  bad,
});

function missing(style: string, status: number, path: string, method: string): string {
  if (style === 'apache')
    return '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>404 Not Found</title>\n</head><body>\n<h1>Not Found</h1>\n<p>The requested URL was not found on this server.</p>\n</body></html>\n';
  if (style === 'busybox')
    return '<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD>\n<BODY><H1>404 Not Found</H1>\nThe requested URL was not found\n</BODY></HTML>\n';
  if (status === 200)
    return `<!DOCTYPE HTML>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Directory listing for ${path}</title>\n</head>\n<body>\n<h1>Directory listing for ${path}</h1>\n<hr>\n<ul>\n</ul>\n<hr>\n</body>\n</html>\n`;
  const words =
    status === 501 ? `Unsupported method ('${/^[A-Z]+$/.test(method) ? method : ''}').` : 'File not found.';
  return `<!DOCTYPE HTML>\n<html lang="en">\n    <head>\n        <meta charset="utf-8">\n        <title>Error response</title>\n    </head>\n    <body>\n        <h1>Error response</h1>\n        <p>Error code: ${status}</p>\n        <p>Message: ${words}</p>\n    </body>\n</html>\n`;
}

function logLine(context: ServerContext, request: HttpRequest, status: number, style: string): string {
  const time = formatDate(context.nowMs, style === 'apache' ? '%d/%b/%Y:%T %z' : '%d/%b/%Y %T');
  return `${context.remote.address} - - [${time}] "${request.method} ${request.target} ${request.version}" ${status} -`;
}

/** hashicorp/http-echo: one text on every path; option `text`. */
export const textEcho: Server = httpServer({
  handle: (context) =>
    answer(context, 200, `${String(context.options['text'] ?? 'hello-world')}\n`, {
      headers: [
        ['X-App-Name', 'http-echo'],
        ['X-App-Version', '1.0.0'],
      ],
    }),
  bad,
});

/** A header's name as Go's servers spell it. */
function canonical(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (text) => text.toUpperCase());
}

function requestText(request: HttpRequest): string {
  const rest = request.headers.filter(([name]) => name.toLowerCase() !== 'host');
  const host = headerOf(request.headers, 'host') ?? '';
  const lines = [...rest]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${canonical(name)}: ${value}\n`);
  return `${request.method} ${request.target} ${request.version}\nHost: ${host}\n${lines.join('')}`;
}

/** traefik/whoami: who answers, who asks, and what was asked. */
export const whoami: Server = httpServer({
  handle: (context, request) => {
    const { path } = splitTarget(request.target);
    if (path === '/health') return answer(context, 200, '');
    if (path === '/api') {
      const headers = Object.fromEntries(request.headers.map(([name, value]) => [canonical(name), [value]]));
      const body = {
        hostname: context.hostname,
        ip: ['127.0.0.1', context.local.address],
        headers,
        url: request.target,
        host: headerOf(request.headers, 'host') ?? '',
        method: request.method,
        remoteAddr: `${context.remote.address}:${context.remote.port}`,
      };
      return answer(context, 200, `${JSON.stringify(body)}\n`, { type: 'application/json' });
    }
    const lines = [
      `Hostname: ${context.hostname}`,
      'IP: 127.0.0.1',
      `IP: ${context.local.address}`,
      `RemoteAddr: ${context.remote.address}:${context.remote.port}`,
    ];
    return answer(context, 200, `${lines.join('\n')}\n${requestText(request)}\n`);
  },
  bad,
});

/** Servers that answer with the request: option `style` is `json` (ealen/echo-server), `google` (echoserver) or `hello` (hello-app). */
export const reflector: Server = httpServer({
  handle: (context, request) => {
    const style = String(context.options['style'] ?? 'json');
    const { path, query } = splitTarget(request.target);
    if (style === 'hello') {
      context.log(`Serving request: ${path}`);
      const version = String(context.options['version'] ?? '1.0.0');
      return answer(context, 200, `Hello, world!\nVersion: ${version}\nHostname: ${context.hostname}\n`);
    }
    const headers = request.headers.map(([name, value]) => [name.toLowerCase(), value] as const);
    if (style === 'google') {
      const lines = [
        '',
        '',
        `Hostname: ${context.hostname}`,
        '',
        'Pod Information:',
        '\t-no pod information available-',
        '',
        'Server values:',
        '\tserver_version=nginx: 1.13.3 - lua: 10008',
        '',
        'Request Information:',
        `\tclient_address=${context.remote.address}`,
        `\tmethod=${request.method}`,
        `\treal path=${request.target}`,
        `\tquery=${request.target.includes('?') ? request.target.slice(request.target.indexOf('?') + 1) : ''}`,
        '\trequest_version=1.1',
        '\trequest_scheme=http',
        `\trequest_uri=http://${headerOf(request.headers, 'host') ?? ''}:${context.local.port}${request.target}`,
        '',
        'Request Headers:',
        ...headers.map(([name, value]) => `\t${name}=${value}`),
        '',
        'Request Body:',
        `\t${request.body === '' ? '-no body in request-' : request.body}`,
        '',
      ];
      return answer(context, 200, `${lines.join('\n')}\n`, { headers: [['Server', 'echoserver']] });
    }
    const host = headerOf(request.headers, 'host') ?? '';
    const body = {
      host: { hostname: host.replace(/:\d+$/, ''), ip: context.remote.address, ips: [] },
      http: { method: request.method, baseUrl: '', originalUrl: request.target, protocol: 'http' },
      request: {
        params: { 0: path },
        query: Object.fromEntries(query),
        cookies: {},
        body: request.body === '' ? {} : request.body,
        headers: Object.fromEntries(headers),
      },
      environment: context.env as Record<string, string>,
    };
    return answer(context, 200, JSON.stringify(body), { type: 'application/json; charset=utf-8' });
  },
  bad,
});

/** agnhost: netexec's pages, serve-hostname, and liveness, which is well for ten seconds (option `mode`). */
export const agnhost: Server = httpServer({
  handle: (context, request) => {
    const mode = String(context.options['mode'] ?? 'netexec');
    const { path, query } = splitTarget(request.target);
    const option = (name: string): string => query.find(([key]) => key === name)?.[1] ?? '';
    if (mode === 'serve-hostname') return answer(context, 200, context.hostname);
    if (mode === 'porter') return answer(context, 200, String(context.options['text'] ?? ''));
    if (mode === 'liveness') {
      const sinceMs = context.nowMs - Number(context.state['startedMs'] ?? context.nowMs);
      context.state['startedMs'] ??= context.nowMs;
      if (path !== '/healthz') return answer(context, 200, '');
      return sinceMs > 10_000 ? answer(context, 500, `error: ${sinceMs / 1000}`) : answer(context, 200, 'ok');
    }
    switch (path) {
      case '/':
        return answer(
          context,
          200,
          `NOW: ${new Date(context.nowMs).toISOString().replace('T', ' ').replace('Z', '')} +0000 UTC m=+1.0`,
        );
      case '/hostname':
      case '/hostName':
        return answer(context, 200, context.hostname);
      case '/clientip':
        return answer(context, 200, `${context.remote.address}:${context.remote.port}`);
      case '/healthz':
        return answer(context, 200, '');
      case '/header':
        return answer(context, 200, headerOf(request.headers, option('key')) ?? '');
      case '/echo': {
        const code = Number(option('code') || 200);
        return answer(context, code >= 200 && code < 600 ? code : 200, option('msg'));
      }
      case '/dial': {
        const target = { host: option('host'), port: Number(option('port')) };
        const wanted = `/${option('request') || 'hostname'}`;
        const result = context.call({
          ...target,
          request: {
            method: 'GET',
            target: wanted,
            version: 'HTTP/1.1',
            headers: [['Host', `${target.host}:${target.port}`]],
            body: '',
          },
        });
        return answer(
          context,
          200,
          JSON.stringify(
            'response' in result ? { responses: [result.response.body] } : { errors: [result.error] },
          ),
        );
      }
      default:
        return answer(context, 404, '404 page not found\n');
    }
  },
  bad,
});

/** A daemon that speaks first and then listens: MySQL's greeting and the like (option `greeting`). */
export const greeter: Server = {
  open: (context) => ({ replies: [{ text: String(context.options['greeting'] ?? '') }] }),
  receive: () => ({ replies: [], end: 'close' }),
};

/** MongoDB: its own protocol is not spoken here; HTTP gets the answer that real servers give. */
export const mongo: Server = httpServer({
  handle: (context) => ({
    ...answer(
      context,
      200,
      'It looks like you are trying to access MongoDB over HTTP on the native driver port.\r\n',
      { type: 'text/plain' },
    ),
    close: true,
  }),
});

/** memcached: the text protocol's commonest commands. */
export const memcached: Server = {
  receive: (context, connection, text) => {
    connection.buffer = (connection.buffer + text).slice(-65_536);
    let out = '';
    for (;;) {
      const line = /^([^\r\n]*)\r?\n/.exec(connection.buffer);
      if (!line) return out === '' ? SILENCE : { replies: [{ text: out }] };
      const [verb = '', key = '', , , size = ''] = (line[1] ?? '').split(' ');
      const items = new Map(Object.entries((context.state['items'] ?? {}) as Record<string, string>));
      const rest = connection.buffer.slice(line[0].length);
      if (verb === 'set') {
        const data = /^([^\r\n]*)\r?\n/.exec(rest);
        if (!data) return out === '' ? SILENCE : { replies: [{ text: out }] };
        connection.buffer = rest.slice(data[0].length);
        if (items.size < 200 && Number(size) <= 8192) items.set(key, data[1] ?? '');
        context.state['items'] = Object.fromEntries(items);
        out += 'STORED\r\n';
        continue;
      }
      connection.buffer = rest;
      const value = items.get(key);
      if (verb === 'quit') return { replies: out === '' ? [] : [{ text: out }], end: 'close' };
      if (verb === 'get')
        out += `${value === undefined ? '' : `VALUE ${key} 0 ${utf8Length(value)}\r\n${value}\r\n`}END\r\n`;
      else if (verb === 'version') out += 'VERSION 1.6.38\r\n';
      else if (verb === 'stats')
        out += `STAT pid 1\r\nSTAT version 1.6.38\r\nSTAT curr_items ${items.size}\r\nEND\r\n`;
      else if (verb === 'delete') {
        out += items.delete(key) ? 'DELETED\r\n' : 'NOT_FOUND\r\n';
        context.state['items'] = Object.fromEntries(items);
      } else out += 'ERROR\r\n';
    }
  },
};

/** Answers every connection with one text and ends it: `echo … | nc -l` in a loop (option `text`). */
export const oneText: Server = {
  open: (context) => ({ replies: [{ text: String(context.options['text'] ?? '') }] }),
  receive: () => ({ replies: [], end: 'close' }),
};
