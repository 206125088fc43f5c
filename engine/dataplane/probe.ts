import type { Json } from '../base/json.ts';
import { type HttpRequest, parseResponse, writeRequest } from '../images/http.ts';
import type { ServerContext } from '../images/server.ts';
import { parseAddress } from '../net/address.ts';
import type { Outcome } from '../net/outcome.ts';
import type { FlowVerdict, HttpFacts } from '../policy/model.ts';
import { answerClusterDns, answerWorldDns } from './cluster-dns.ts';
import { type Extra, fileOf, flowSpec, type FoundServer, outsideName, serverIn } from './fabric.ts';
import { type Route, routeOf } from './route.ts';
import { type Backend, partyAt, podParty, type Topology, topologyOf } from './topology.ts';
import type { Party, PolicyView, ProgramStates, StoreView, WorldView } from './view.ts';

/** What a probe looks at; store and policy may be forks. Nothing is written. */
export type ProbeView = {
  readonly store: StoreView;
  /** Absent: no Cilium, everything is open. */
  readonly repository: PolicyView | undefined;
  readonly world: WorldView;
  /** State of image programs (copied before use), so that stored keys count. */
  readonly states?: ProgramStates;
  readonly nowMs: number;
};

/** Who tries. `host` is `workstation`, an outside host or a node by name. */
export type PeerRef = { readonly pod: string } | { readonly host: string } | { readonly address: string };

/** What is tried. A `service` is reached through its ClusterIP; `backend` fixes one of its endpoints' addresses. */
export type TargetRef =
  | { readonly pod: string }
  | { readonly service: string; readonly backend?: string }
  | { readonly address: string }
  | { readonly name: string }
  | { readonly host: string };

/** One attempt. Default protocol TCP; default port the service's or the only listening one. */
export type ProbeRequest = {
  readonly from: PeerRef;
  readonly to: TargetRef;
  readonly port?: number;
  readonly protocol?: 'TCP' | 'UDP' | 'ICMP';
  readonly http?: {
    readonly method: string;
    readonly path: string;
    readonly host?: string;
    readonly headers?: Readonly<Record<string, string>>;
  };
  readonly dns?: { readonly query: string };
  readonly sni?: string;
  /** Also tries the name lookup that a client makes first (a query to the cluster's DNS). */
  readonly withLookup?: boolean;
};

/** How it would end, and why. `address` and `port` after Service translation. */
export type ProbeResult = {
  readonly outcome: Outcome;
  readonly verdict?: FlowVerdict;
  readonly address?: string;
  readonly port?: number;
  /** True when the outcome was decided by the name lookup. */
  readonly isLookup?: boolean;
};

type World = { readonly view: ProbeView; readonly topology: Topology };

/** Tries a connection without a trace: no flows, no chance, no state. */
export function probe(view: ProbeView, request: ProbeRequest): ProbeResult {
  const world = { view, topology: topologyOf(view.store) };
  const from = partyOf(world, request.from);
  if (!from) return { outcome: 'unknown-host' };
  if (request.dns) return lookup(world, from, request.dns.query);
  const needsLookup = request.withLookup === true || 'name' in request.to;
  const name = nameOf(request.to);
  if (needsLookup && name !== undefined && from.kind === 'pod') {
    const found = lookup(world, from, name);
    if (found.outcome !== 'ok') return { ...found, isLookup: true };
  }
  const target = targetOf(world, request);
  if (target === undefined) return { outcome: 'unknown-host' };
  if (target === 'no-backend') return { outcome: 'no-backend' };
  return attempt(world, from, { ...target, request });
}

/** The addresses behind a Service's port, so that a caller can try each; the only port when none is given. */
export function backendsOf(view: ProbeView, service: string, port?: number): readonly Backend[] {
  const place = topologyOf(view.store).services.get(service);
  const frontend =
    port === undefined ? place?.frontends[0] : place?.frontends.find((item) => item.port === port);
  return frontend?.backends ?? [];
}

function partyOf(world: World, ref: PeerRef): Party | undefined {
  if ('pod' in ref) {
    const pod = world.topology.pods.get(ref.pod);
    return pod && podParty(pod);
  }
  if ('address' in ref) return partyAt(world.topology, ref.address);
  const outside =
    ref.host === 'workstation'
      ? world.view.world.workstation.address
      : world.view.world.outside.find((host) => host.name === ref.host)?.addresses[0];
  if (outside !== undefined) return { kind: 'outside', address: outside };
  const node = world.topology.nodes.get(ref.host);
  return node && { kind: 'node', ...node };
}

function nameOf(target: TargetRef): string | undefined {
  if ('name' in target) return parseAddress(target.name) ? undefined : target.name;
  if (!('service' in target)) return undefined;
  const [namespace = '', name = ''] = target.service.split('/');
  return `${name}.${namespace}.svc.cluster.local`;
}

type Target = { readonly address: string; readonly port: number; readonly backend?: string };

function targetOf(world: World, request: ProbeRequest): Target | 'no-backend' | undefined {
  const { to } = request;
  const { topology } = world;
  if ('service' in to)
    return serviceTarget(world, {
      service: to.service,
      ...(to.backend === undefined ? {} : { backend: to.backend }),
      ...(request.port === undefined ? {} : { port: request.port }),
    });
  if ('pod' in to) {
    const pod = topology.pods.get(to.pod);
    if (!pod) return undefined;
    const declared = pod.pod.spec.containers.flatMap((container) => container.ports ?? [])[0]?.containerPort;
    const listening = pod.containers.flatMap((container) => container.listeners)[0]?.port;
    return { address: pod.address, port: request.port ?? declared ?? listening ?? 80 };
  }
  const port = request.port ?? (request.sni === undefined ? 80 : 443);
  if ('address' in to) return { address: to.address, port };
  if ('host' in to) {
    const party = partyOf(world, to);
    return party && { address: party.address, port };
  }
  if (parseAddress(to.name)) return { address: to.name, port };
  const answer = resolve(world, to.name);
  const address = answer?.answers?.find((record) => record.type === 'A')?.data;
  const service = address === undefined ? undefined : topology.serviceAddresses.get(address);
  if (service)
    return serviceTarget(world, {
      service: `${service.namespace}/${service.name}`,
      ...(request.port === undefined ? {} : { port: request.port }),
    });
  return address === undefined ? undefined : { address, port };
}

function serviceTarget(
  world: World,
  want: { readonly service: string; readonly port?: number; readonly backend?: string },
): Target | 'no-backend' | undefined {
  const place = world.topology.services.get(want.service);
  const frontend =
    want.port === undefined ? place?.frontends[0] : place?.frontends.find((item) => item.port === want.port);
  if (!place) return undefined;
  if (place.clusterIp === '') {
    const [first] = place.endpoints;
    const address = want.backend ?? first?.address;
    return address === undefined
      ? 'no-backend'
      : { address, port: want.port ?? frontend?.backends[0]?.port ?? 80 };
  }
  if (!frontend) return { address: place.clusterIp, port: want.port ?? 80 };
  if (frontend.backends.length === 0) return 'no-backend';
  return {
    address: place.clusterIp,
    port: frontend.port,
    ...(want.backend === undefined ? {} : { backend: want.backend }),
  };
}

function resolve(world: World, name: string): ReturnType<typeof answerClusterDns> | undefined {
  const { view } = world;
  const dns = {
    topology: world.topology,
    world: view.world,
    hasNamespace: (namespace: string) => view.store.get('namespaces', undefined, namespace) !== undefined,
    nowMs: view.nowMs,
    forward: (message: Parameters<typeof answerWorldDns>[1]) => answerWorldDns(view.world, message),
  };
  const full = name.endsWith('.') ? name : `${name}.`;
  return answerClusterDns(dns, { id: 0, question: { name: full, type: 'A' } });
}

/** A query to the pod's name server: `ok` when it is answered with an address. */
function lookup(world: World, from: Party, name: string): ProbeResult {
  const server = world.topology.services.get('kube-system/kube-dns')?.clusterIp ?? '10.96.0.10';
  const routed = routed53(world, from, server);
  if (typeof routed === 'string') return { outcome: 'dns-timeout' };
  const query = name.endsWith('.') ? name : `${name}.`;
  const verdict = judge(world, routed, { dns: { query } });
  const where = { ...(verdict ? { verdict } : {}), address: routed.target.address, port: 53 };
  if (verdict?.verdict === 'DROPPED' || verdict?.verdict === 'AUTH-REQUIRED')
    return { outcome: 'dns-timeout', ...where };
  if (verdict?.verdict === 'L7-DENIED') return { outcome: 'dns-refused', ...where };
  if (
    !serverIn({ topology: world.topology, world: world.view.world }, routed.to, {
      port: routed.target.port,
      protocol: 'UDP',
      isLocal: false,
    })
  )
    return { outcome: 'dns-timeout', ...where };
  const answer = resolve(world, query);
  const isFound = answer?.answers?.some((record) => record.type === 'A') === true;
  return { outcome: isFound ? 'ok' : 'unknown-host', ...where };
}

function routed53(world: World, from: Party, server: string): Route | string {
  return routeOf(
    world.topology,
    {
      from,
      protocol: 'UDP',
      client: { address: from.address, port: 40_000 },
      dialled: { address: server, port: 53 },
    },
    (_frontend, backends) => backends[0],
  );
}

function judge(world: World, route: Route, extra: Extra): FlowVerdict | undefined {
  return route.isSelf ? undefined : world.view.repository?.judge(flowSpec(route, extra));
}

function attempt(
  world: World,
  from: Party,
  target: Target & { readonly request: ProbeRequest },
): ProbeResult {
  const { request } = target;
  const protocol = request.protocol ?? 'TCP';
  const choose = (_frontend: unknown, backends: readonly Backend[]): Backend | undefined =>
    backends.find((item) => item.address === target.backend) ?? backends[0];
  const routed = routeOf(
    world.topology,
    {
      from,
      protocol,
      client: { address: from.address, port: 40_000 },
      dialled: { address: target.address, port: protocol === 'ICMP' ? 0 : target.port },
    },
    choose,
  );
  if (routed === 'no-backend') return { outcome: 'no-backend' };
  if (routed === 'unroutable')
    return { outcome: 'timeout@egress', address: target.address, port: target.port };
  const http = request.http ? httpFacts(request, target) : undefined;
  const verdict = judge(world, routed, {
    ...(http ? { http } : {}),
    ...(request.sni === undefined ? {} : { sni: request.sni }),
  });
  const where = { ...(verdict ? { verdict } : {}), address: routed.target.address, port: routed.target.port };
  const stopped = verdict && policyOutcome(verdict);
  if (stopped) return { outcome: stopped, ...where };
  return { outcome: answerOf(world, routed, { request, http }), ...where };
}

function httpFacts(request: ProbeRequest, target: Target): HttpFacts {
  const { http, to } = request;
  const name = 'service' in to ? (to.service.split('/')[1] ?? '') : 'name' in to ? to.name : target.address;
  return {
    method: http?.method ?? 'GET',
    path: http?.path ?? '/',
    host: http?.host ?? name,
    headers: http?.headers ?? {},
  };
}

function policyOutcome(verdict: FlowVerdict): Outcome | undefined {
  switch (verdict.verdict) {
    case 'FORWARDED':
      return undefined;
    case 'DROPPED':
      return verdict.droppedAt === 'egress' ? 'timeout@egress' : 'timeout@ingress';
    case 'AUTH-REQUIRED':
      return 'auth-required';
    case 'L7-DENIED': {
      const side = verdict.egress.l7verdict === 'denied' ? verdict.egress : verdict.ingress;
      return side.l7 === 'tls' ? 'tls-reset' : side.l7 === 'dns' ? 'dns-refused' : '403';
    }
  }
}

function answerOf(
  world: World,
  route: Route,
  what: { readonly request: ProbeRequest; readonly http: HttpFacts | undefined },
): Outcome {
  const { to } = route;
  if (to.kind === 'outside' && outsideName(world.view.world, to.address) === undefined)
    return 'timeout@egress';
  if (route.protocol === 'ICMP') return 'icmp-ok';
  const found = serverIn({ topology: world.topology, world: world.view.world }, to, {
    port: route.target.port,
    protocol: route.protocol,
    isLocal: route.isSelf,
  });
  if (!found) return 'refused';
  if (route.protocol === 'UDP' || !what.http) return 'ok';
  const facts = what.http;
  const request: HttpRequest = {
    method: facts.method,
    target: facts.path,
    version: 'HTTP/1.1',
    headers: [['Host', facts.host ?? ''], ...Object.entries(facts.headers ?? {}), ['Connection', 'close']],
    body: '',
  };
  const step = found.server.receive?.(
    contextOf(world, route, { found, serverName: what.request.sni }),
    { buffer: '', data: {} },
    writeRequest(request),
  );
  const text = (step?.replies ?? []).map((reply) => reply.text).join('');
  const parsed = parseResponse(text, { method: facts.method, ended: true });
  return parsed ? `ok:${parsed.response.status}` : 'empty-reply';
}

/** A server's surroundings for a look: a copy of its state, calls that succeed, no chance and no log. */
function contextOf(
  world: World,
  route: Route,
  what: { readonly found: FoundServer; readonly serverName: string | undefined },
): ServerContext {
  const { found } = what;
  const key = found.container?.id ?? `host/${found.hostname}`;
  const state = JSON.parse(JSON.stringify(world.view.states?.get(key) ?? {})) as Record<string, Json>;
  const { internet } = world.view.world;
  return {
    options: found.spec.options,
    env: found.container?.env ?? {},
    hostname: found.hostname,
    nowMs: world.view.nowMs,
    state,
    local: route.target,
    remote: route.seenFrom,
    serverName: what.serverName,
    readFile: (path) => {
      const { container } = found;
      const pod = container && world.topology.pods.get(container.podKey)?.pod;
      if (!container || !pod) return undefined;
      return fileOf(world.view.store, world.view.states ?? new Map(), { pod, container }, path);
    },
    internetFile: (url) => (Object.hasOwn(internet, url) ? internet[url] : undefined),
    uuid: () => '00000000-0000-4000-8000-000000000000',
    call: () => ({ response: { status: 200, headers: [], body: '' } }),
    answerDns: (question) => ({ ...question, code: 'SERVFAIL' }),
    log: () => {},
  };
}
