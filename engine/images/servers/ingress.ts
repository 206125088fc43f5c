import { type HttpRequest, type HttpResponse, headerOf, httpDate, splitTarget } from '../http.ts';
import { httpServer, type Server, type ServerContext } from '../server.ts';

/** One path of an Ingress with the ready backends of its Service. An empty host is any. */
export type IngressPath = {
  readonly host: string;
  readonly path: string;
  readonly isExact: boolean;
  /** Plain HTTP is sent to HTTPS (enforce-ingress-https). */
  readonly isRedirected: boolean;
  readonly backends: readonly { readonly address: string; readonly port: number }[];
};

/** The Envoy of a node as Cilium's ingress: option `paths`; calls the backend that host and path lead to. */
export const ingressProxy: Server = httpServer({
  handle: (context, request) => {
    const found = choose((context.options['paths'] ?? []) as unknown as readonly IngressPath[], request);
    if (!found) return local(context, 404, '');
    if (found.isRedirected) {
      const host = (headerOf(request.headers, 'host') ?? '').replace(/:\d+$/, '');
      const moved = local(context, 308, '');
      return { ...moved, headers: [['location', `https://${host}${request.target}`], ...moved.headers] };
    }
    if (found.backends.length === 0) return local(context, 503, 'no healthy upstream');
    const index = Number.parseInt(context.uuid().slice(0, 6), 16) % found.backends.length;
    const backend = found.backends[index];
    if (!backend) return local(context, 503, 'no healthy upstream');
    const from = context.remote.address;
    const headers = request.headers.filter(([name]) => !/^(x-forwarded-(for|proto)|connection)$/i.test(name));
    const result = context.call({
      host: backend.address,
      port: backend.port,
      ingressFor: from,
      request: {
        ...request,
        headers: [
          ...headers,
          ['x-forwarded-for', from],
          ['x-forwarded-proto', context.serverName === undefined ? 'http' : 'https'],
          ['x-envoy-internal', 'true'],
          ['x-request-id', context.uuid()],
        ],
      },
    });
    if ('error' in result && result.error === 'denied') return local(context, 403, 'Access denied\r\n');
    if ('error' in result)
      return local(
        context,
        503,
        'upstream connect error or disconnect/reset before headers. reset reason: connection timeout',
      );
    const { response } = result;
    const kept = response.headers.filter(([name]) => !/^(server|connection)$/i.test(name));
    const more = [
      ['x-envoy-upstream-service-time', '1'],
      ['server', 'envoy'],
    ] as const;
    return {
      ...response,
      headers: [...kept.map(([name, value]) => [name.toLowerCase(), value] as const), ...more],
    };
  },
  bad: (context) => ({ ...local(context, 400, ''), close: true }),
});

/** Envoy's own answer. */
function local(context: ServerContext, status: number, body: string): HttpResponse {
  return {
    status,
    headers: [
      ...(body === ''
        ? []
        : ([
            ['content-length', String(body.length)],
            ['content-type', 'text/plain'],
          ] as const)),
      ['date', httpDate(context.nowMs)],
      ['server', 'envoy'],
      ...(body === '' ? ([['content-length', '0']] as const) : []),
    ],
    body,
  };
}

/** The path that fits best: a named host before any host, exact before prefix, long before short. */
function choose(paths: readonly IngressPath[], request: HttpRequest): IngressPath | undefined {
  const host = (headerOf(request.headers, 'host') ?? '').replace(/:\d+$/, '').toLowerCase();
  const { path } = splitTarget(request.target);
  const fits = paths.filter((one) => isHost(one.host, host) && isPath(one, path));
  const rank = (one: IngressPath): number =>
    (one.host === '' ? 0 : one.host.startsWith('*') ? 1e6 : 2e6) + (one.isExact ? 1e5 : 0) + one.path.length;
  return fits.sort((a, b) => rank(b) - rank(a))[0];
}

function isHost(wanted: string, host: string): boolean {
  if (wanted === '' || wanted === host) return true;
  return (
    wanted.startsWith('*.') &&
    host.endsWith(wanted.slice(1)) &&
    !host.slice(0, -wanted.length + 1).includes('.')
  );
}

function isPath({ path, isExact }: IngressPath, asked: string): boolean {
  if (isExact) return asked === path;
  const prefix = path.replace(/\/$/, '');
  return asked === prefix || asked.startsWith(`${prefix}/`);
}
