import type { Json } from '../../base/json.ts';
import { type HttpHeader, type HttpResponse, httpDate, parseForm, splitTarget } from '../http.ts';
import { httpServer, type Server, type ServerContext } from '../server.ts';
import type { ScrapeState, ScrapeTarget } from '../scrape.ts';
import { evaluate, QueryError, type Series } from './promql.ts';

function scrapes(context: ServerContext): readonly ScrapeState[] {
  return (context.state['metrics'] ?? []) as unknown as readonly ScrapeState[];
}

function instanceOf(target: ScrapeTarget): string {
  return `${target.host}:${target.port}`;
}

/** All series of the last scrapes, with `up` for each target. */
function allSeries(context: ServerContext): readonly Series[] {
  return scrapes(context).flatMap(({ target, samples, before, error, seconds }) => {
    const own = { ...target.labels, instance: instanceOf(target), job: target.job };
    const up: Series = { labels: { __name__: 'up', ...own }, value: error === '' ? 1 : 0 };
    const rest = Object.entries(samples).map(([key, value]): Series => {
      const [, name = '', text = ''] = /^([^{]*)(?:\{(.*)\})?$/.exec(key) ?? [];
      const labels = Object.fromEntries(
        [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((one) => [one[1] ?? '', one[2] ?? '']),
      );
      const old = Object.hasOwn(before, key) ? before[key] : undefined;
      return {
        labels: { __name__: name, ...labels, ...own },
        value,
        seconds,
        ...(old === undefined ? {} : { before: old }),
      };
    });
    return [up, ...rest];
  });
}

/** Prometheus: its pages, its health, and the API over what its bot scraped. */
export const prometheus: Server = httpServer({
  handle: (context, request) => {
    const { path, query } = splitTarget(request.target);
    const form = new Map([...query, ...(request.method === 'POST' ? parseForm(request.body) : [])]);
    const version = String(context.options['version'] ?? '');
    switch (path) {
      case '/':
        return redirect(context, version.startsWith('3') ? '/query' : '/graph');
      case '/graph':
      case '/query':
      case '/targets':
      case '/alerts':
      case '/config':
      case '/status':
        return html(context, path);
      case '/-/healthy':
        return text(context, 200, 'Prometheus Server is Healthy.\n');
      case '/-/ready':
        return text(context, 200, 'Prometheus Server is Ready.\n');
      case '/metrics':
        return text(context, 200, ownMetrics(context, version), 'text/plain; version=0.0.4; charset=utf-8');
      default:
        return path.startsWith('/api/v1/')
          ? api(context, path.slice(8), form)
          : text(context, 404, '404 page not found\n');
    }
  },
  bad: (context) => ({ ...text(context, 400, '400 Bad Request'), close: true }),
});

function api(context: ServerContext, path: string, form: ReadonlyMap<string, string>): HttpResponse {
  const label = /^label\/([^/]+)\/values$/.exec(path)?.[1];
  const values = (name: string): readonly string[] =>
    [
      ...new Set(
        allSeries(context).flatMap(({ labels }) => (Object.hasOwn(labels, name) ? [labels[name] ?? ''] : [])),
      ),
    ].sort();
  if (label !== undefined) return success(context, [...values(label)]);
  switch (path) {
    case 'query':
    case 'query_range':
      return queryAnswer(context, form, path === 'query_range');
    case 'targets':
      return success(context, {
        activeTargets: scrapes(context).map(targetStatus),
        droppedTargets: [],
        droppedTargetCounts: {},
      });
    case 'labels':
      return success(
        context,
        [...new Set(allSeries(context).flatMap(({ labels }) => Object.keys(labels)))].sort(),
      );
    case 'series':
      return selected(context, form.get('match[]') ?? '');
    case 'alerts':
      return success(context, { alerts: [] });
    case 'rules':
      return success(context, { groups: [] });
    case 'status/buildinfo':
      return success(context, {
        version: String(context.options['version'] ?? ''),
        revision: '',
        branch: 'HEAD',
        buildUser: '',
        buildDate: '',
        goVersion: 'go1.24.4',
      });
    default:
      return text(context, 404, '404 page not found\n');
  }
}

function selected(context: ServerContext, query: string): HttpResponse {
  try {
    const found = evaluate(query, allSeries(context));
    return success(context, typeof found === 'number' ? [] : found.map(({ labels }) => ({ ...labels })));
  } catch (error) {
    return failure(context, error);
  }
}

function queryAnswer(
  context: ServerContext,
  form: ReadonlyMap<string, string>,
  isRange: boolean,
): HttpResponse {
  const query = form.get('query') ?? '';
  const at = Number((context.nowMs / 1000).toFixed(3));
  try {
    const found = evaluate(query, allSeries(context));
    if (typeof found === 'number') {
      const pair = [at, numberText(found)];
      const result: Json = isRange ? [{ metric: {}, values: [pair] }] : pair;
      return success(context, { resultType: isRange ? 'matrix' : 'scalar', result });
    }
    const result = found.map(({ labels, value }) => {
      const pair = [at, numberText(value)];
      return isRange ? { metric: { ...labels }, values: [pair] } : { metric: { ...labels }, value: pair };
    });
    return success(context, { resultType: isRange ? 'matrix' : 'vector', result: result as Json });
  } catch (error) {
    return failure(context, error);
  }
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}

function targetStatus(state: ScrapeState): Json {
  const { target, error, atMs } = state;
  const labels = { ...target.labels, instance: instanceOf(target), job: target.job };
  return {
    discoveredLabels: {
      __address__: instanceOf(target),
      __metrics_path__: target.path,
      __scheme__: 'http',
      job: target.job,
    },
    labels,
    scrapePool: target.job,
    scrapeUrl: `http://${instanceOf(target)}${target.path}`,
    globalUrl: `http://${instanceOf(target)}${target.path}`,
    lastError: error,
    lastScrape: new Date(atMs).toISOString(),
    lastScrapeDuration: 0.004,
    health: error === '' ? 'up' : 'down',
    scrapeInterval: '15s',
    scrapeTimeout: '10s',
  };
}

function ownMetrics(context: ServerContext, version: string): string {
  const targets = scrapes(context);
  const series = targets.reduce((sum, one) => sum + Object.keys(one.samples).length, 0);
  return [
    '# TYPE prometheus_build_info gauge',
    `prometheus_build_info{branch="HEAD",goversion="go1.24.4",version="${version}"} 1`,
    '# TYPE prometheus_tsdb_head_series gauge',
    `prometheus_tsdb_head_series ${series}`,
    '# TYPE prometheus_target_scrape_pools_total counter',
    `prometheus_target_scrape_pools_total ${new Set(targets.map(({ target }) => target.job)).size}`,
    '# TYPE go_goroutines gauge',
    'go_goroutines 32',
    '',
  ].join('\n');
}

function head(context: ServerContext, type: string): HttpHeader[] {
  return [
    ['Content-Type', type],
    ['Date', httpDate(context.nowMs)],
  ];
}

function text(
  context: ServerContext,
  status: number,
  body: string,
  type = 'text/plain; charset=utf-8',
): HttpResponse {
  return { status, headers: head(context, type), body };
}

function redirect(context: ServerContext, to: string): HttpResponse {
  const headers: HttpHeader[] = [...head(context, 'text/html; charset=utf-8'), ['Location', to]];
  return { status: 302, headers, body: `<a href="${to}">Found</a>.\n\n` };
}

function html(context: ServerContext, path: string): HttpResponse {
  const title = 'Prometheus Time Series Collection and Processing Server';
  const rows = scrapes(context).map(({ target, error }) => {
    const state = error === '' ? 'UP' : 'DOWN';
    return `<tr><td>http://${escaped(instanceOf(target))}${escaped(target.path)}</td><td>${state}</td><td>${escaped(error)}</td></tr>\n`;
  });
  const table = path === '/targets' ? `<table>\n${rows.join('')}</table>\n` : '';
  const body = `<!doctype html>\n<html lang="en">\n<head>\n<title>${title}</title>\n</head>\n<body>\n<div id="root"></div>\n${table}</body>\n</html>\n`;
  return text(context, 200, body, 'text/html; charset=utf-8');
}

function escaped(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function success(context: ServerContext, data: Json): HttpResponse {
  return text(context, 200, JSON.stringify({ status: 'success', data }), 'application/json');
}

function failure(context: ServerContext, error: unknown): HttpResponse {
  if (!(error instanceof QueryError)) throw error;
  const body = {
    status: 'error',
    errorType: 'bad_data',
    error: `invalid parameter "query": ${error.message}`,
  };
  return text(context, 400, JSON.stringify(body), 'application/json');
}

const DASHBOARDS: readonly (readonly [string, string])[] = [
  ['cilium-metrics', 'Cilium Metrics'],
  ['cilium-operator', 'Cilium Operator'],
  ['hubble', 'Hubble Metrics'],
];

/** Grafana: its login page, health, search of dashboards and the way through to its data source. */
export const grafana: Server = httpServer({
  handle: (context, request) => {
    const { path } = splitTarget(request.target);
    const version = String(context.options['version'] ?? '');
    const json = (status: number, value: Json, indent?: number): HttpResponse =>
      text(context, status, JSON.stringify(value, null, indent), 'application/json; charset=UTF-8');
    const isOpen = context.env['GF_AUTH_ANONYMOUS_ENABLED'] === 'true';
    const isKnown = request.headers.some(
      ([name, value]) => name.toLowerCase() === 'authorization' && value === 'Basic YWRtaW46YWRtaW4=',
    );
    if (path === '/api/health')
      return json(200, { database: 'ok', version, commit: '83b9528bce85cf9371320f6d6e450916156da3f6' }, 2);
    if (path === '/login' && request.method === 'POST') {
      const isRight = /"user":\s*"admin"/.test(request.body) && /"password":\s*"admin"/.test(request.body);
      return isRight
        ? json(200, { message: 'Logged in', redirectUrl: '/' })
        : json(401, { message: 'Invalid username or password', messageId: 'password-auth.failed' });
    }
    if (path === '/login' || (isOpen && !/^\/(api\/|metrics$)/.test(path))) return grafanaPage(context);
    if (path === '/metrics')
      return text(
        context,
        200,
        `# TYPE grafana_build_info gauge\ngrafana_build_info{version="${version}"} 1\n`,
      );
    if (!path.startsWith('/api/'))
      return { ...redirect(context, '/login'), body: '<a href="/login">Found</a>.\n\n' };
    if (!isOpen && !isKnown)
      return json(401, {
        extra: null,
        message: 'Unauthorized',
        messageId: 'auth.unauthorized',
        statusCode: 401,
        traceID: '',
      });
    const boards = context.env['GF_PATHS_PROVISIONING'] === undefined ? [] : DASHBOARDS;
    if (path === '/api/search')
      return json(
        200,
        boards.map(([uid, title], i) => ({
          id: i + 1,
          uid,
          title,
          uri: `db/${uid}`,
          url: `/d/${uid}/${uid}`,
          type: 'dash-db',
          tags: [],
          isStarred: false,
        })),
      );
    const board = /^\/api\/dashboards\/uid\/([^/]+)$/.exec(path)?.[1];
    const found = boards.find(([uid]) => uid === board);
    if (board !== undefined)
      return found
        ? json(200, {
            meta: { type: 'db', slug: found[0] },
            dashboard: { uid: found[0], title: found[1], panels: [] },
          })
        : json(404, { message: 'Dashboard not found', status: 'not-found' });
    const url = context.env['PROMETHEUS_URL'] ?? 'http://prometheus:9090';
    if (path === '/api/datasources')
      return json(200, [
        {
          id: 1,
          uid: 'prometheus',
          name: 'prometheus',
          type: 'prometheus',
          url,
          access: 'proxy',
          isDefault: true,
        },
      ]);
    if (path === '/api/org') return json(200, { id: 1, name: 'Main Org.' });
    const proxied = /^\/api\/datasources\/proxy\/(?:1|uid\/prometheus)(\/.*)$/.exec(path)?.[1];
    const target = /^http:\/\/([^:/]+):(\d+)/.exec(url);
    if (proxied === undefined || !target) return json(404, { message: 'Not found', traceID: '' });
    const host = target[1] ?? '';
    const mark = request.target.indexOf('?');
    const wanted = proxied + (mark < 0 ? '' : request.target.slice(mark));
    const result = context.call({
      host,
      port: Number(target[2]),
      request: {
        method: 'GET',
        target: wanted,
        version: 'HTTP/1.1',
        headers: [
          ['Host', `${host}:${target[2]}`],
          ['User-Agent', `Grafana/${version}`],
        ],
        body: '',
      },
    });
    return 'response' in result
      ? text(context, result.response.status, result.response.body, 'application/json')
      : json(502, { message: 'Bad Gateway', traceID: '' });
  },
  bad: (context) => ({ ...text(context, 400, '400 Bad Request'), close: true }),
});

function grafanaPage(context: ServerContext): HttpResponse {
  const body =
    '<!DOCTYPE html>\n<html lang="en-US">\n  <head>\n    <meta charset="utf-8" />\n    <title>Grafana</title>\n  </head>\n  <body>\n    <div id="reactRoot"></div>\n  </body>\n</html>\n';
  return text(context, 200, body, 'text/html; charset=UTF-8');
}
