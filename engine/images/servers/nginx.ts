import { formatDate } from '../../base/strftime.ts';
import { utf8Length } from '../../base/bytes.ts';
import { type HttpRequest, type HttpResponse, REASONS, httpDate, splitTarget } from '../http.ts';
import { type Server, type ServerContext, httpServer } from '../server.ts';

const ROOT = '/usr/share/nginx/html';

/** nginx serving files below /usr/share/nginx/html; option `version`. Errors in nginx's own words. */
export const nginx: Server = httpServer({
  handle: (context, request) => {
    const response = answer(context, request);
    const agent = request.headers.find(([name]) => name.toLowerCase() === 'user-agent')?.[1] ?? '-';
    const line = `"${request.method} ${request.target} ${request.version}" ${response.status} ${utf8Length(response.body)}`;
    context.log(`${context.remote.address} - - [${logTime(context.nowMs)}] ${line} "-" "${agent}" "-"`);
    return response;
  },
  bad: (context) => ({ ...errorPage(context, 400), close: true }),
});

function answer(context: ServerContext, request: HttpRequest): HttpResponse {
  const { path } = splitTarget(request.target);
  if (!['GET', 'HEAD'].includes(request.method)) return errorPage(context, 405);
  const file = path.endsWith('/') ? `${path}index.html` : path;
  const content = context.readFile(ROOT + file);
  // A folder without its index may not be listed.
  if (content === undefined) return errorPage(context, path === '/' ? 403 : 404);
  return {
    status: 200,
    headers: [
      ['Server', serverName(context)],
      ['Date', httpDate(context.nowMs)],
      ['Content-Type', file.endsWith('.html') ? 'text/html' : 'text/plain'],
      ['Content-Length', String(utf8Length(content))],
      ['Last-Modified', 'Tue, 15 Apr 2025 12:14:23 GMT'],
      ['Connection', 'keep-alive'],
      ['ETag', `"67fe4fbf-${utf8Length(content).toString(16)}"`],
      ['Accept-Ranges', 'bytes'],
    ],
    body: content,
  };
}

function errorPage(context: ServerContext, status: number): HttpResponse {
  const title = status === 405 ? '405 Not Allowed' : `${status} ${REASONS.get(status) ?? ''}`;
  const head = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n`;
  const body = `${head}<hr><center>${serverName(context)}</center>\r\n</body>\r\n</html>\r\n`;
  return {
    status,
    ...(status === 405 ? { reason: 'Not Allowed' } : {}),
    headers: [
      ['Server', serverName(context)],
      ['Date', httpDate(context.nowMs)],
      ['Content-Type', 'text/html'],
      ['Content-Length', String(utf8Length(body))],
      ['Connection', status === 400 ? 'close' : 'keep-alive'],
    ],
    body,
  };
}

function serverName(context: ServerContext): string {
  return `nginx/${String(context.options['version'])}`;
}

function logTime(nowMs: number): string {
  return formatDate(nowMs, '%d/%b/%Y:%T %z');
}
