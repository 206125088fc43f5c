import type { DnsMessage } from '../../net/dns.ts';
import { type HttpHeader, headerOf, httpDate, splitTarget } from '../http.ts';
import { type Server, type ServerContext, SILENCE, httpServer } from '../server.ts';

/** Takes connections and says nothing: a server whose protocol no tool of the world speaks; ends on the first bytes. */
export const opaque: Server = { receive: () => ({ replies: [], end: 'close' }) };

/** Sends back what it gets, over TCP and UDP. */
export const echo: Server = {
  receive: (_context, _connection, text) => ({ replies: [{ text }] }),
  datagram: (_context, payload) => ('text' in payload ? payload : undefined),
};

/** A daemon that greets, e.g. sshd: option `banner`. */
export const banner: Server = {
  open: (context) => ({ replies: [{ text: `${String(context.options['banner'])}\r\n` }] }),
  receive: () => SILENCE,
};

/** DNS over UDP and TCP: by the cluster in CoreDNS' pods, by the world elsewhere. */
export const dns: Server = {
  datagram: (context, payload) => {
    if (!('dns' in payload)) return undefined;
    const answer = context.answerDns(payload.dns);
    if (context.options['cluster'] === true) countQuestion(context, payload.dns.question.type, answer.code);
    return { dns: answer };
  },
  receive: (context, _connection, text) => {
    const question = dnsQuestion(text);
    if (question === undefined) return { replies: [], end: 'close' };
    return { replies: [{ text: `${JSON.stringify(context.answerDns(question))}\n` }] };
  },
};

/** A question as it goes over TCP here: one line of JSON; undefined for anything else. */
export function dnsQuestion(text: string): DnsMessage | undefined {
  try {
    const value = JSON.parse(text) as {
      readonly question?: { readonly name?: unknown; readonly type?: unknown };
    };
    const { name, type } = value?.question ?? {};
    const isQuestion = typeof name === 'string' && name.length <= 255 && typeof type === 'string';
    return isQuestion ? (value as DnsMessage) : undefined;
  } catch {
    return undefined;
  }
}

/** What CoreDNS' prometheus plugin counts. */
function countQuestion(context: ServerContext, type: string, code: string | undefined): void {
  const old = (context.state['metrics'] ?? {}) as Readonly<Record<string, number>>;
  const next: Record<string, number> = { ...old };
  const common = 'server="dns://:53",view="",zone="."';
  const request = `coredns_dns_requests_total{family="1",proto="udp",type="${type}",${common}}`;
  const response = `coredns_dns_responses_total{plugin="",rcode="${code ?? 'NOERROR'}",${common}}`;
  for (const key of [request, response]) next[key] = (next[key] ?? 0) + 1;
  context.state['metrics'] = next;
}

/** A branch or release in the path of a raw file: repositories are kept in one version, which stands for all of them. */
const GIT_VERSION =
  /^(\/[\w.-]+\/[\w.-]+\/)(?:(?:refs\/heads\/)?(?:main|master|stable|v\d+\.\d+)|(?:refs\/tags\/)?v?\d+\.\d+\.\d+(?:-[\w.]+)?)\//;

/**
 * The public web: serves the virtual internet's files by Host and path; a host without files of its own has a start
 * page that names it. Redirects nothing; unknown paths are 404. Works the same behind TLS.
 */
export const website: Server = httpServer({
  handle: (context, request) => {
    const host = (headerOf(request.headers, 'host') ?? context.hostname).replace(/:\d+$/, '');
    const { path } = splitTarget(request.target);
    const scheme = context.serverName === undefined ? 'http' : 'https';
    const query = request.target.includes('?') ? request.target.slice(request.target.indexOf('?')) : '';
    const urls = [
      `${scheme}://${host}${path}${query}`,
      `https://${host}${path}`,
      `http://${host}${path}`,
      `https://${host}${path.replace(GIT_VERSION, '$1HEAD/')}`,
    ];
    const file = urls.map((url) => context.internetFile(url)).find((content) => content !== undefined);
    const head: HttpHeader[] = [
      ['Date', httpDate(context.nowMs)],
      ['Server', 'web'],
    ];
    if (!['GET', 'HEAD'].includes(request.method)) {
      return {
        status: 405,
        headers: [...head, ['Allow', 'GET, HEAD'], ['Content-Type', 'text/plain']],
        body: 'Method Not Allowed\n',
      };
    }
    if (file !== undefined) {
      const isPage = /\.html?$|\/$/.test(path);
      return {
        status: 200,
        headers: [...head, ['Content-Type', isPage ? 'text/html' : 'text/plain; charset=utf-8']],
        body: file,
      };
    }
    if (path !== '/')
      return {
        status: 404,
        headers: [...head, ['Content-Type', 'text/plain; charset=utf-8']],
        body: '404: Not Found',
      };
    return {
      status: 200,
      headers: [...head, ['Content-Type', 'text/html; charset=UTF-8']],
      body: startPage(host),
    };
  },
  bad: (context) => ({
    status: 400,
    headers: [
      ['Date', httpDate(context.nowMs)],
      ['Content-Type', 'text/plain'],
    ],
    body: 'Bad Request\n',
    close: true,
  }),
});

/** A start page titled after the host: `example.com` → `Example Domain` in the reserved example domains, else the host. */
function startPage(host: string): string {
  const title = /(^|\.)example\.(com|net|org)$/.test(host) ? 'Example Domain' : host;
  return `<!doctype html>\n<html>\n<head>\n    <title>${title}</title>\n</head>\n<body>\n<div>\n    <h1>${title}</h1>\n</div>\n</body>\n</html>\n`;
}
