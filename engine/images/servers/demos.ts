import type { Json } from '../../base/json.ts';
import { type HttpRequest, type HttpResponse, headerOf, httpDate, splitTarget } from '../http.ts';
import { type Server, type ServerContext, httpServer } from '../server.ts';

function text(context: ServerContext, status: number, body: string, type = 'text/plain'): HttpResponse {
  return {
    status,
    headers: [
      ['Content-Type', type],
      ['Date', httpDate(context.nowMs)],
    ],
    body,
  };
}

const DEATH_STAR: Json = {
  name: 'Death Star',
  hostname: '',
  model: 'DS-1 Orbital Battle Station',
  manufacturer: 'Imperial Department of Military Research, Sienar Fleet Systems',
  cost_in_credits: '1000000000000',
  length: '120000',
  crew: '342953',
  passengers: '843342',
  cargo_capacity: '1000000000000',
  hyperdrive_rating: '4.0',
  starship_class: 'Deep Space Mobile Battlestation',
  api: [
    'GET   /v1',
    'GET   /v1/healthz',
    'POST  /v1/request-landing',
    'PUT   /v1/cargobay',
    'GET   /v1/hyper-matter-reactor/status',
    'PUT   /v1/exhaust-port',
  ],
};

const PANIC = [
  'Panic: deathstar exploded',
  '',
  'goroutine 1 [running]:',
  'main.HandleGarbage(0x2080c3f50, 0x2, 0x4, 0x425c0, 0x5, 0xa)',
  '        /code/src/github.com/empire/deathstar/',
  '        temp/main.go:9 +0x64',
  'main.main()',
  '        /code/src/github.com/empire/deathstar/',
  '        temp/main.go:5 +0x85',
  '',
  '',
].join('\n');

/** The battle station of Cilium's getting started guide. */
export const deathstar: Server = httpServer({
  handle: (context, request) => {
    const path = splitTarget(request.target).path.replace(/(.)\/$/, '$1');
    const key = `${request.method === 'HEAD' ? 'GET' : request.method} ${path}`;
    switch (key) {
      case 'GET /':
      case 'GET /v1': {
        const station = { ...(DEATH_STAR as Record<string, Json>), hostname: context.hostname };
        return text(context, 200, `${JSON.stringify(station, null, '\t')}\n`, 'text/plain; charset=utf-8');
      }
      case 'GET /v1/healthz':
        return text(context, 200, '');
      case 'POST /v1/request-landing':
        return text(context, 200, 'Ship landed\n');
      case 'PUT /v1/cargobay':
      case 'GET /v1/hyper-matter-reactor/status':
        return text(context, 200, 'OK\n');
      case 'PUT /v1/exhaust-port':
        return text(context, 503, PANIC);
      default:
        return text(context, 404, '404 page not found\n');
    }
  },
  bad: (context) => ({ ...text(context, 400, '400 Bad Request'), close: true }),
});

/** Prometheus metrics on `/metrics`, nothing else: the cluster's own by option `family`, what the container counted, and the process's. */
export const metrics: Server = httpServer({
  handle: (context, request) =>
    splitTarget(request.target).path === '/metrics'
      ? text(context, 200, metricsText(context), 'text/plain; version=0.0.4; charset=utf-8')
      : text(context, 404, '404 page not found\n'),
  bad: (context) => ({ ...text(context, 400, '400 Bad Request'), close: true }),
});

function metricsText(context: ServerContext): string {
  const family = String(context.options['family'] ?? '');
  const own = context.metrics?.(family);
  const counted = Object.entries((context.state['metrics'] ?? {}) as Readonly<Record<string, number>>);
  const names = [...new Set(counted.map(([key]) => key.replace(/\{.*/, '')))];
  const counters = names.map((name) => {
    const rows = counted.filter(([key]) => key.replace(/\{.*/, '') === name);
    return `# TYPE ${name} counter\n${rows.map(([key, value]) => `${key} ${value}\n`).join('')}`;
  });
  const info =
    family === 'coredns'
      ? '# TYPE coredns_build_info gauge\ncoredns_build_info{goversion="go1.21.11",revision="a6338e9",version="1.11.3"} 1\n'
      : '';
  const process =
    '# HELP go_goroutines Number of goroutines that currently exist.\n# TYPE go_goroutines gauge\ngo_goroutines 12\n# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.\n# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 0.31\n';
  return `${info}${own ?? ''}${counters.join('')}${process}`;
}

/** Counts one under a series of the container's own metrics. */
function count(context: ServerContext, series: string): void {
  const old = (context.state['metrics'] ?? {}) as Readonly<Record<string, number>>;
  if (!Object.hasOwn(old, series) && Object.keys(old).length >= 200) return;
  context.state['metrics'] = { ...old, [series]: (old[series] ?? 0) + 1 };
}

/** A page with a title and a path that answers 200; options `title`, `paths`, `others` (status elsewhere). */
export const page: Server = httpServer({
  handle: (context, request) => {
    const { path } = splitTarget(request.target);
    const paths = (context.options['paths'] ?? ['/']) as readonly string[];
    const title = String(context.options['title'] ?? context.hostname);
    const others = Number(context.options['others'] ?? 404);
    if (!paths.includes(path))
      return text(context, others, `${others === 404 ? '404 page not found' : title}\n`);
    const doc = `<!doctype html>\n<html>\n<head>\n    <title>${title}</title>\n</head>\n<body>\n<div>\n    <h1>${title}</h1>\n</div>\n</body>\n</html>\n`;
    return text(context, 200, doc, 'text/html; charset=UTF-8');
  },
  bad: (context) => ({ ...text(context, 400, '400 Bad Request'), close: true }),
});

const EMOJI: ReadonlyMap<string, string> = new Map([
  [':doughnut:', '🍩'],
  [':ghost:', '👻'],
  [':tada:', '🎉'],
  [':joy:', '😂'],
  [':clap:', '👏'],
  [':pizza:', '🍕'],
  [':rocket:', '🚀'],
  [':beer:', '🍺'],
]);

/** emojivoto's web: a page, `/api/list` and `/api/vote`, which ask the emoji and voting services by gRPC. */
export const emojivotoWeb: Server = httpServer({
  handle: (context, request) => {
    const { path, query } = splitTarget(request.target);
    if (path === '/')
      return text(
        context,
        200,
        '<!DOCTYPE html>\n<html><head><title>Emoji Vote</title></head><body><div id="main"></div></body></html>\n',
        'text/html; charset=utf-8',
      );
    if (path === '/api/list')
      return after(context, grpc(context, 'EMOJISVC_HOST', 'EmojiService/ListAll'), () =>
        json(
          context,
          200,
          [...EMOJI].map(([shortcode, unicode]) => ({ shortcode, unicode })),
        ),
      );
    if (path === '/api/vote') return vote(context, query.find(([name]) => name === 'choice')?.[1] ?? '');
    if (path === '/api/leaderboard')
      return after(context, grpc(context, 'VOTINGSVC_HOST', 'VotingService/Results'), (results) => {
        const votes = JSON.parse(results) as readonly (readonly [string, number])[];
        const rows = votes.map(([shortcode, count]) => {
          grpc(context, 'EMOJISVC_HOST', 'EmojiService/FindByShortcode');
          return { shortcode, unicode: EMOJI.get(shortcode) ?? '', votes: String(count) };
        });
        return json(context, 200, rows);
      });
    return text(context, 404, '404 page not found\n');
  },
  bad: (context) => ({ ...text(context, 400, '400 Bad Request'), close: true }),
});

function vote(context: ServerContext, choice: string): HttpResponse {
  if (choice === '') return json(context, 400, { error: 'Emoji choice [] is mandatory' });
  const method = choice
    .replaceAll(':', '')
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
  return after(context, grpc(context, 'EMOJISVC_HOST', 'EmojiService/FindByShortcode'), () =>
    EMOJI.has(choice)
      ? after(context, grpc(context, 'VOTINGSVC_HOST', `VotingService/Vote${method}`), () =>
          text(context, 200, '', 'application/json'),
        )
      : json(context, 400, { error: `Choosen emoji shortcode [${choice}] doesnt exist` }),
  );
}

type Called = { readonly body: string } | { readonly error: string };

/** Goes on with the body of an answer; a call that failed is logged and told. */
function after(context: ServerContext, called: Called, next: (body: string) => HttpResponse): HttpResponse {
  if ('body' in called) return next(called.body);
  const error = `rpc error: ${called.error}`;
  context.log(`Error serving request: ${error}`);
  return json(context, 500, { error });
}

/** One gRPC call; its errors in grpc-go's words. */
function grpc(context: ServerContext, variable: string, method: string): Called {
  const target = /^(.*):(\d+)$/.exec(context.env[variable] ?? '');
  if (!target) return { error: 'code = Unavailable desc = name resolver error: produced zero addresses' };
  const host = target[1] ?? '';
  const request: HttpRequest = {
    method: 'POST',
    target: `/emojivoto.v1.${method}`,
    version: 'HTTP/1.1',
    headers: [
      ['Host', `${host}:${target[2]}`],
      ['content-type', 'application/grpc'],
      ['user-agent', 'grpc-go/1.34.0'],
      ['Content-Length', '0'],
    ],
    body: '',
  };
  const result = context.call({ host, port: Number(target[2]), request, protocol: 'HTTP/2' });
  if ('error' in result) {
    const why = result.error === 'refused' ? 'connect: connection refused' : 'i/o timeout';
    const at = `dial tcp ${host}:${target[2]}: ${why}`;
    return {
      error: `code = Unavailable desc = connection error: desc = "transport: Error while dialing ${at}"`,
    };
  }
  const { status, body } = result.response;
  if (status === 200) return { body };
  return {
    error: `code = ${status === 403 ? 'PermissionDenied' : 'Unknown'} desc = unexpected HTTP status code received from server: ${status}`,
  };
}

function json(context: ServerContext, status: number, value: Json): HttpResponse {
  return text(context, status, `${JSON.stringify(value)}\n`, 'application/json; charset=UTF-8');
}

/** A gRPC service whose every method of the packages in option `services` answers. */
export const grpcService: Server = {
  speaksHttp2: true,
  ...httpServer({
    handle: (context, request) => {
      const services = (context.options['services'] ?? []) as readonly string[];
      const isGrpc = headerOf(request.headers, 'content-type') === 'application/grpc';
      const known = services.some((name) => request.target.startsWith(`/${name}/`));
      const [, service = '', method = ''] = /^\/([\w.]+)\/(\w+)$/.exec(request.target) ?? [];
      if (isGrpc && known) {
        count(
          context,
          `grpc_server_handled_total{grpc_code="OK",grpc_method="${method}",grpc_service="${service}",grpc_type="unary"}`,
        );
        const vote = /^Vote(\w+)$/.exec(method)?.[1];
        const emoji = vote?.replace(/(.)([A-Z])/g, '$1_$2').toLowerCase();
        if (emoji !== undefined) count(context, `emojivoto_votes_total{emoji=":${emoji}:"}`);
      }
      const results = method === 'Results' ? JSON.stringify(votesOf(context)) : '';
      return isGrpc && known ? text(context, 200, results, 'application/grpc') : text(context, 415, '');
    },
  }),
};

/** What emojivoto's voting service counted, most votes first. */
function votesOf(context: ServerContext): readonly (readonly [string, number])[] {
  const counted = Object.entries((context.state['metrics'] ?? {}) as Readonly<Record<string, number>>);
  const votes = counted.flatMap(([series, count]) => {
    const emoji = /^emojivoto_votes_total\{emoji="(.*)"\}$/.exec(series)?.[1];
    return emoji === undefined ? [] : [[emoji, count] as const];
  });
  return votes.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
}

function versionText(gitVersion: string): string {
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  return JSON.stringify({ major, minor, gitVersion }, null, 2);
}

/** The API server as a pod meets it: nobody is signed in. */
export const kubeApiserver: Server = httpServer({
  handle: (context, request) => {
    const { path } = splitTarget(request.target);
    if (['/healthz', '/livez', '/readyz'].includes(path)) return text(context, 200, 'ok');
    if (path === '/version')
      return text(
        context,
        200,
        versionText(String(context.options['version'] ?? 'v1.32.0')),
        'application/json',
      );
    const message = `forbidden: User "system:anonymous" cannot get path "${path}"`;
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason: 'Forbidden',
      details: {},
      code: 403,
    };
    return text(context, 403, JSON.stringify(status, null, 2), 'application/json');
  },
  bad: (context) => ({
    ...text(context, 400, 'Client sent an HTTP request to an HTTPS server.\n'),
    close: true,
  }),
});
