import type { Json } from '../base/json.ts';
import type { Simulation } from '../base/simulation.ts';
import { type ListenerSpec, lookup } from '../images/catalog.ts';
import { tcp } from '../images/recipe.ts';
import { serverOf } from '../images/registry.ts';
import type { OutboundCall, OutboundResult, Server, ServerContext } from '../images/server.ts';
import { parseAddress } from '../net/address.ts';
import { type Certificate, type TlsOffer, VIRTUAL_CA } from '../net/certificate.ts';
import { cidrContains, parseCidrOrAddress } from '../net/cidr.ts';
import type { DnsMessage } from '../net/dns.ts';
import type { SocketAddress } from '../net/socket.ts';
import type { Pod } from '../objects/views.ts';
import type { FlowSpec, FlowVerdict } from '../policy/model.ts';
import { baseFiles, type MachineFiles, writeFile, writtenFile } from './container-files.ts';
import type { FlowWriter } from './flow-writer.ts';
import { ingressListener } from './ingress.ts';
import { clusterMetrics } from './metrics.ts';
import type { Route } from './route.ts';
import { type RunningContainer, type Topology, topologyOf } from './topology.ts';
import {
  type AgentsView,
  type NetworkFault,
  nodeOf,
  type OutsideHostView,
  type Party,
  peerOf,
  type ProgramStates,
  type StoreView,
  type TlsSpecView,
  type WorldView,
} from './view.ts';

/** A program that listens, found at an address and port. */
export type FoundServer = {
  readonly spec: ListenerSpec;
  readonly server: Server;
  readonly container: RunningContainer | undefined;
  readonly hostname: string;
};

/** What else of a request policy is asked about. */
export type Extra = Pick<FlowSpec, 'http' | 'dns' | 'sni' | 'icmpType'>;

/** Where nodes ask for names, as a kind node's /etc/resolv.conf has it. */
export const NODE_RESOLVER = '172.18.0.1';

const RESOLVER_HOST: OutsideHostView = {
  name: 'node-resolver',
  addresses: [NODE_RESOLVER],
  names: [],
  servers: [{ port: 53, protocol: 'UDP', image: 'dns-resolver' }],
};

/** Log lines kept of one container. */
const LOG_LINES_MAX = 1000;

/** One line of a container's log. */
export type LogLine = { readonly atMs: number; readonly text: string; readonly isPartial?: true };

/** What everything of the data plane shares: who is where, what policy says, how long a packet takes. */
export class Fabric {
  readonly sim: Simulation;
  readonly store: StoreView;
  readonly agents: AgentsView | undefined;
  readonly world: WorldView;
  readonly flows: FlowWriter;
  readonly states: ProgramStates = new Map();
  readonly logs = new Map<string, LogLine[]>();
  /** Files of containers in which somebody works, by the run of the container. */
  readonly machines = new Map<string, MachineFiles>();
  /** Set by the data plane: calls and questions of image programs. */
  callOut: (from: Party, call: OutboundCall) => OutboundResult = () => ({ error: 'refused' });
  answerDns: (at: Party, question: DnsMessage) => DnsMessage = (_at, question) => ({
    ...question,
    code: 'SERVFAIL',
  });

  constructor(options: {
    readonly sim: Simulation;
    readonly store: StoreView;
    readonly agents: AgentsView | undefined;
    readonly world: WorldView;
    readonly flows: FlowWriter;
  }) {
    this.sim = options.sim;
    this.store = options.store;
    this.agents = options.agents;
    this.world = options.world;
    this.flows = options.flows;
  }

  /** Where everything is now. */
  topology(): Topology {
    return topologyOf(this.store);
  }

  /** What policy says now about a packet of that route; undefined where none is asked (no Cilium, a machine itself). */
  judge(route: Route, extra: Extra = {}): FlowVerdict | undefined {
    if (this.agents === undefined || route.isSelf) return undefined;
    return this.agents.repository.judge(flowSpec(route, extra));
  }

  /** A seeded one-way delay, ms. */
  latencyMs(route: Route): number {
    const stretch = this.sim.random.next('latency');
    if (route.isSelf) return 0.02 + stretch * 0.03;
    // A world with a router of its own is one room: everything is a hop away.
    if (this.world.workstation.gateway !== undefined) return 0.08 + stretch * 0.1;
    const isOutside = route.from.kind === 'outside' || route.to.kind === 'outside';
    if (isOutside) return isNearby(this.world, route) ? 0.3 + stretch : 5 + stretch * 15;
    return nodeOf(route.from) === nodeOf(route.to) ? 0.1 + stretch * 0.2 : 0.25 + stretch * 0.75;
  }

  /** True when something is at the address at all. */
  exists(party: Party): boolean {
    if (party.kind !== 'outside') return true;
    return outsideName(this.world, party.address) !== undefined;
  }

  /** The image program that listens there. `isLocal`: the packet never left the machine. */
  serverAt(
    party: Party,
    want: { readonly port: number; readonly protocol: 'TCP' | 'UDP'; readonly isLocal: boolean },
  ): FoundServer | undefined {
    const found = serverIn({ topology: this.topology(), world: this.world }, party, want);
    if (found || party.kind !== 'node' || want.protocol !== 'TCP') return found;
    const spec = ingressListener(this.store, this.topology(), want.port);
    const server = spec && serverOf(spec.server);
    return spec && server && { spec, server, container: undefined, hostname: party.name };
  }

  /** What listens on a party's machine. */
  listenersAt(party: Party): ReturnType<typeof listenersAt> {
    return listenersAt({ topology: this.topology(), world: this.world }, party);
  }

  /** The plain data that a container's programs keep. */
  stateOf(found: FoundServer): Record<string, Json> {
    const key = found.container?.id ?? `host/${found.hostname}`;
    const old = this.states.get(key);
    if (old) return old;
    const state: Record<string, Json> = {};
    this.states.set(key, state);
    return state;
  }

  /** What a server sees while it handles a packet. */
  contextOf(
    found: FoundServer,
    where: {
      readonly party: Party;
      readonly local: SocketAddress;
      readonly remote: SocketAddress;
      readonly serverName: string | undefined;
    },
  ): ServerContext {
    const { container } = found;
    return {
      options: found.spec.options,
      env: container?.env ?? {},
      hostname: found.hostname,
      nowMs: this.sim.clock.nowMs,
      state: this.stateOf(found),
      local: where.local,
      remote: where.remote,
      serverName: where.serverName,
      readFile: (path) => (container ? this.readFile(container, path) : undefined),
      internetFile: (url) => (Object.hasOwn(this.world.internet, url) ? this.world.internet[url] : undefined),
      uuid: () => this.sim.random.uuid('image'),
      metrics: (family) => {
        const node = container ? this.topology().pods.get(container.podKey)?.node : undefined;
        return node === undefined
          ? undefined
          : clusterMetrics({ ...this, nowMs: this.sim.clock.nowMs }, family, node);
      },
      call: (call) => this.callOut(where.party, call),
      answerDns: (question) => this.answerDns(where.party, question),
      log: (line) => {
        if (container) this.log(container, line);
      },
    };
  }

  /** A file of a running container as it is now; undefined when there is none. */
  readFile(container: RunningContainer, path: string): string | undefined {
    const machine = this.machines.get(container.id);
    if (machine) return machine.read(path);
    const pod = this.topology().pods.get(container.podKey)?.pod;
    if (!pod) return undefined;
    return fileOf(this.store, this.states, { pod, container }, path);
  }

  /** Writes a file of a running container, or removes it. */
  writeFile(container: RunningContainer, path: string, text: string | undefined): void {
    const machine = this.machines.get(container.id);
    if (machine && text === undefined) machine.remove(path);
    else if (machine && text !== undefined) machine.write(path, text);
    const pod = this.topology().pods.get(container.podKey)?.pod;
    if (pod)
      writeFile(this.states, { pod, container: container.spec, run: container.id }, path, text ?? null);
  }

  /** Adds a line to a container's log; `isPartial`: the next one goes on in it. */
  log(container: RunningContainer, text: string, isPartial = false): void {
    const key = `${container.podKey}/${container.name}`;
    const lines = this.logs.get(key) ?? [];
    if (lines.length >= LOG_LINES_MAX) lines.shift();
    lines.push({ atMs: this.sim.clock.nowMs, text, ...(isPartial ? { isPartial } : {}) });
    this.logs.set(key, lines);
  }
}

/** A file of a container without a machine: what its programs wrote, else what it started with. */
export function fileOf(
  store: StoreView,
  states: ProgramStates,
  where: { readonly pod: Pod; readonly container: RunningContainer },
  path: string,
): string | undefined {
  const { pod, container } = where;
  const written = writtenFile(states, { pod, container: container.spec, run: container.id }, path);
  if (written !== undefined) return written ?? undefined;
  const files = baseFiles(store, pod, container.spec, container.image);
  return Object.hasOwn(files, path) ? files[path] : undefined;
}

/** The flow that policy is asked about: after Service translation. */
export function flowSpec(route: Route, extra: Extra): FlowSpec {
  return {
    from: peerOf(route.from),
    to: peerOf(route.to),
    protocol: route.protocol,
    ...(route.protocol === 'ICMP' ? { icmpType: extra.icmpType ?? 8 } : { port: route.target.port }),
    ...(extra.http ? { http: extra.http } : {}),
    ...(extra.dns ? { dns: extra.dns } : {}),
    ...(extra.sni === undefined ? {} : { sni: extra.sni }),
  };
}

/** Finds the listening program of a party; pure. */
export function serverIn(
  where: { readonly topology: Topology; readonly world: WorldView },
  party: Party,
  want: { readonly port: number; readonly protocol: 'TCP' | 'UDP'; readonly isLocal: boolean },
): FoundServer | undefined {
  if (party.kind === 'outside') return outsideServer(where.world, party.address, want);
  const pod = party.kind === 'pod' ? where.topology.pods.get(party.key) : undefined;
  const pods = party.kind === 'pod' ? (pod ? [pod] : []) : (where.topology.hostPods.get(party.name) ?? []);
  for (const place of pods) {
    for (const container of place.containers) {
      const spec = container.listeners.find(
        (item) =>
          item.port === want.port &&
          item.protocol === want.protocol &&
          (want.isLocal || item.isLocal !== true),
      );
      const server = spec && serverOf(spec.server);
      if (spec && server) return { spec, server, container, hostname: place.hostname };
    }
  }
  return party.kind === 'node' ? hostServer(party.name, want) : undefined;
}

const SSHD = tcp(22, 'banner', { banner: 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u6' });

/** What runs on every node beside its pods: sshd, the kubelet's API, and its health for the node itself. */
const HOST_PROCESSES: readonly ListenerSpec[] = [
  SSHD,
  {
    ...tcp(10_250, 'page', { title: 'Unauthorized', paths: [], others: 401 }),
    tls: { names: ['*'], trusted: false },
  },
  { ...tcp(10_248, 'page', { title: 'ok', paths: ['/healthz'] }), isLocal: true },
];

function hostServer(
  hostname: string,
  want: { readonly port: number; readonly protocol: string; readonly isLocal: boolean },
  processes = HOST_PROCESSES,
): FoundServer | undefined {
  const spec = processes.find(
    (one) =>
      one.port === want.port && one.protocol === want.protocol && (want.isLocal || one.isLocal !== true),
  );
  const server = spec && serverOf(spec.server);
  return spec && server && { spec, server, container: undefined, hostname };
}

/** The listeners of a party's machine, those in front of nobody else included. */
export function listenersAt(
  where: { readonly topology: Topology; readonly world: WorldView },
  party: Party,
): readonly Pick<ListenerSpec, 'port' | 'protocol' | 'isLocal'>[] {
  if (party.kind === 'outside')
    return where.world.outside.find((host) => host.addresses.includes(party.address))?.servers ?? [];
  const pod = party.kind === 'pod' ? where.topology.pods.get(party.key) : undefined;
  const pods = party.kind === 'pod' ? (pod ? [pod] : []) : (where.topology.hostPods.get(party.name) ?? []);
  const found = pods.flatMap((place) => place.containers.flatMap((container) => container.listeners));
  return party.kind === 'node' ? [...found, ...HOST_PROCESSES] : found;
}

function outsideServer(
  world: WorldView,
  address: string,
  want: { readonly port: number; readonly protocol: string },
): FoundServer | undefined {
  const host =
    address === NODE_RESOLVER
      ? RESOLVER_HOST
      : world.outside.find((item) => item.addresses.includes(address));
  const entry = host?.servers.find(
    (item) => item.port === want.port && (item.protocol ?? 'TCP') === want.protocol,
  );
  if (host?.hasSsh === true && !entry) return hostServer(host.name, { ...want, isLocal: false }, [SSHD]);
  if (!host || !entry) return undefined;
  const direct = serverOf(entry.image);
  const image = direct ? undefined : lookup(entry.image);
  const made = image?.listeners({}, image.defaultCommand)[0];
  const server = direct ?? (made && serverOf(made.server));
  if (!server) return undefined;
  const base = made ?? tcp(entry.port, entry.image);
  const isTls = entry.tls !== undefined || (entry.protocol !== 'UDP' && [443, 8443].includes(entry.port));
  const spec = {
    ...base,
    port: entry.port,
    ...(entry.options === undefined ? {} : { options: entry.options }),
    ...(isTls ? { tls: tlsOf(entry.tls, host.names) } : {}),
  };
  return { spec, server, container: undefined, hostname: host.names[0] ?? host.name };
}

const PUBLIC_ALPN: readonly string[] = ['h2', 'http/1.1'];

function tlsOf(spec: TlsSpecView | undefined, names: readonly string[]): TlsOffer {
  const made = (view: NonNullable<TlsSpecView['certificate']>): Certificate => ({
    subject: view.subject,
    issuer: view.issuer,
    names: view.names,
    notBeforeMs: Date.parse(view.notBefore),
    notAfterMs: Date.parse(view.notAfter),
  });
  const byName = Object.entries(spec?.byName ?? {}).map(
    ([name, view]) => [name, view === 'reject' ? view : made(view)] as const,
  );
  // A host of the public web of which nothing is said speaks HTTP/2 as well.
  const { certificate, alpn, version, wantsClientCertificate }: TlsSpecView = spec ?? { alpn: PUBLIC_ALPN };
  return {
    names: [...names],
    trusted: certificate === undefined || certificate.issuer === VIRTUAL_CA,
    ...(certificate === undefined ? {} : { certificate: made(certificate) }),
    ...(byName.length === 0 ? {} : { byName: Object.fromEntries(byName) }),
    ...(alpn === undefined ? {} : { alpn }),
    ...(version === undefined ? {} : { version }),
    ...(wantsClientCertificate === true ? { wantsClientCertificate } : {}),
  };
}

/** What becomes of a packet to an outside address and port (0 for ICMP); undefined: it arrives where a host is. */
export function faultAt(world: WorldView, address: string, port: number): NetworkFault | undefined {
  const host = world.outside.find((item) => item.addresses.includes(address));
  if (host) return host.faults?.find((fault) => fault.port === undefined || fault.port === port)?.how;
  if (outsideName(world, address) !== undefined || world.routes === undefined) return undefined;
  const parsed = parseAddress(address);
  return world.routes.find((route) => {
    const block = parseCidrOrAddress(route.to);
    return parsed !== undefined && block !== undefined && cidrContains(block, parsed);
  })?.how;
}

/** The name of the outside machine with that address; undefined when there is none. */
export function outsideName(world: WorldView, address: string): string | undefined {
  if (world.workstation.address === address) return 'workstation';
  if (address === NODE_RESOLVER) return RESOLVER_HOST.name;
  return world.outside.find((host) => host.addresses.includes(address))?.name;
}

/** Hosts without servers are learners' machines beside the cluster, not the far internet. */
function isNearby(world: WorldView, route: Route): boolean {
  const address = route.from.kind === 'outside' ? route.from.address : route.to.address;
  const other = route.from.kind === 'outside' && route.to.kind === 'outside' ? route.to.address : address;
  return !(world.outside.find((host) => host.addresses.includes(other))?.servers ?? []).length;
}
