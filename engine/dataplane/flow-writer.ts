import type { Simulation } from '../base/simulation.ts';
import { hashText } from '../base/hash.ts';
import type { Flow, FlowDns, FlowEndpoint, FlowHttp, FlowPolicy, Layer4, TcpFlags } from '../hubble/flow.ts';
import { FlowRing } from '../hubble/ring.ts';
import { redacted } from '../agent/redact.ts';
import type { SideVerdict } from '../policy/model.ts';
import { proxyPort } from '../agent/proxy-port.ts';
import type { Route } from './route.ts';
import { type PodPlace, topologyOf } from './topology.ts';
import { type AgentsView, INGRESS_ADDRESS, nodeOf, type Party, type StoreView } from './view.ts';

/** Version that flows and the Observer name. */
export const CILIUM_VERSION = '1.20.2';

const MATCH_TYPES = ['none', 'L3-Only', 'L3-L4', 'L4-Only', 'all', 'L3-Proto', 'Proto-Only'];
const TRACE_POINTS = new Map([
  [0, 'TO_ENDPOINT'],
  [1, 'TO_PROXY'],
  [2, 'TO_HOST'],
  [3, 'TO_STACK'],
  [4, 'TO_OVERLAY'],
]);
/** The resources of the policies that rules come from, by kind. */
const POLICY_RESOURCE = new Map([
  ['CiliumNetworkPolicy', 'ciliumnetworkpolicies.cilium.io'],
  ['CiliumClusterwideNetworkPolicy', 'ciliumclusterwidenetworkpolicies.cilium.io'],
  ['NetworkPolicy', 'networkpolicies.networking.k8s.io'],
]);
const TO_ENDPOINT = 0;
const TO_PROXY = 1;
const TO_HOST = 2;
const TO_STACK = 3;
const TO_OVERLAY = 4;

const FLAG_ORDER = ['SYN', 'ACK', 'RST', 'FIN', 'PSH', 'URG', 'ECE', 'CWR', 'NS'] as const;

/** One packet as flows describe it. `isReply`: it goes from the destination back. */
export type Packet = {
  readonly route: Route;
  readonly isReply: boolean;
  readonly flags?: TcpFlags;
  readonly icmpType?: number;
  /** True for the first packet of a connection: only then do allowed verdicts make events. */
  readonly isNew: boolean;
  /** False when no trace is due (monitor aggregation: no new TCP flag in this direction). */
  readonly isTraced: boolean;
};

/** What policy said about a packet of the client. */
export type PacketVerdict = { readonly egress: SideVerdict; readonly ingress: SideVerdict };

/** A flow's point of view. */
type Place = { readonly node: string; readonly direction: 'INGRESS' | 'EGRESS' | undefined };

/**
 * Writes what the datapath would report into the rings (hubble/FACTS.md §4): policy verdicts where policy is enforced,
 * drops, and traces at the points that a packet passes. Nothing is written for unmanaged machines.
 */
export class FlowWriter {
  readonly #sim: Simulation;
  readonly #store: StoreView;
  readonly #agents: AgentsView | undefined;
  readonly #rings = new Map<string, FlowRing>();
  #count = 0;
  #lastMs = 0;

  constructor(options: {
    readonly sim: Simulation;
    readonly store: StoreView;
    readonly agents: AgentsView | undefined;
  }) {
    this.#sim = options.sim;
    this.#store = options.store;
    this.#agents = options.agents;
  }

  /** The rings by node name. */
  get rings(): ReadonlyMap<string, FlowRing> {
    return this.#rings;
  }

  /** Flows written since the beginning: a cheap sign of news. */
  get count(): number {
    return this.#count;
  }

  /** The cluster's name, which stands before each node's. */
  get clusterName(): string {
    return this.#agents?.repository.config?.cluster ?? 'default';
  }

  /** Plain data for a keyframe. */
  snapshot(): {
    readonly count: number;
    readonly lastMs: number;
    readonly rings: readonly (readonly [string, ReturnType<FlowRing['snapshot']>])[];
  } {
    return {
      count: this.#count,
      lastMs: this.#lastMs,
      rings: [...this.#rings].map(([node, ring]) => [node, ring.snapshot()]),
    };
  }

  /** Continues from a snapshot. */
  restore(snapshot: ReturnType<FlowWriter['snapshot']>): void {
    this.#count = snapshot.count;
    this.#lastMs = snapshot.lastMs;
    this.#rings.clear();
    for (const [node, ring] of snapshot.rings) this.ringOf(node).restore(ring);
  }

  /** The ring of a node, made when first asked for. */
  ringOf(node: string): FlowRing {
    const old = this.#rings.get(node);
    if (old) return old;
    const ring = new FlowRing();
    this.#rings.set(node, ring);
    return ring;
  }

  /** Socket load balancing at connect(): the two trace-sock events of a Service's client. */
  socketTranslation(route: Route): void {
    if (route.from.kind === 'outside' || route.service === undefined || !this.#isManaged(route.from)) return;
    // A node that passes an outsider's packet on has no socket of its own in it.
    if (route.from.kind === 'node' && route.client.address !== route.from.address) return;
    const cookie = String(4096 + (this.#count % 60_000));
    const node = route.from.kind === 'pod' ? route.from.node : route.from.name;
    const source = this.#endpoint(route.from, node);
    const event = (point: 1 | 2): void => {
      const at = point === 1 ? route.dialled : route.target;
      const isPre = point === 1;
      const transport = { destination_port: at.port };
      this.#write(node, {
        verdict: isPre ? 'TRACED' : 'TRANSLATED',
        IP: { source: route.client.address, destination: at.address, ipVersion: 'IPv4' },
        l4: route.protocol === 'UDP' ? { UDP: transport } : { TCP: transport },
        source,
        destination: isPre ? { identity: 2, labels: ['reserved:world'] } : this.#endpoint(route.to, node),
        Type: 'SOCK',
        event_type: { type: 7, sub_type: point },
        ...(isPre
          ? {
              destination_service: {
                name: route.service?.name ?? '',
                namespace: route.service?.namespace ?? '',
              },
            }
          : {}),
        sock_xlate_point: isPre
          ? 'SOCK_XLATE_POINT_PRE_DIRECTION_FWD'
          : 'SOCK_XLATE_POINT_POST_DIRECTION_FWD',
        socket_cookie: cookie,
        cgroup_id: '7001',
        Summary: route.protocol,
      });
    };
    event(1);
    event(2);
  }

  /** A packet of the client on its whole way, with what policy says about it. */
  request(packet: Packet, verdict: PacketVerdict): void {
    const { route } = packet;
    if (route.isSelf) return;
    const from = this.#isManaged(route.from) && route.from.kind === 'pod' ? route.from : undefined;
    if (from) {
      if (!this.#policySide(packet, verdict.egress, { node: from.node, direction: 'EGRESS' })) return;
      if (verdict.egress.verdict === 'redirected') {
        // What the proxy sends on is a connection of its own (`upstream`).
        this.#trace(packet, TO_PROXY, { node: from.node, direction: 'EGRESS' }, verdict.egress.l7);
        return;
      }
    }
    if (isStopped(verdict.egress)) return;
    this.upstream(packet, verdict);
  }

  /** A packet on its way from the source, or from the proxy there, to the destination. */
  upstream(packet: Packet, verdict: PacketVerdict): void {
    const { route } = packet;
    if (route.isSelf) return;
    const from = this.#isManaged(route.from) && route.from.kind === 'pod' ? route.from : undefined;
    const to = this.#isManaged(route.to) && route.to.kind === 'pod' ? route.to : undefined;
    if (from) {
      if (nodeOf(route.to) !== from.node) {
        this.#trace(packet, route.to.kind === 'pod' ? TO_OVERLAY : TO_STACK, {
          node: from.node,
          direction: 'EGRESS',
        });
      } else if (route.to.kind === 'node')
        this.#trace(packet, TO_STACK, { node: from.node, direction: 'EGRESS' });
    }
    if (!to) return;
    if (!this.#policySide(packet, verdict.ingress, { node: to.node, direction: 'INGRESS' })) return;
    const point = verdict.ingress.verdict === 'redirected' ? TO_PROXY : TO_ENDPOINT;
    this.#trace(packet, point, { node: to.node, direction: 'INGRESS' }, verdict.ingress.l7);
  }

  /** What the proxy at the destination passes on to the pod. */
  fromProxy(packet: Packet): void {
    const { to } = packet.route;
    if (to.kind === 'pod' && this.#isManaged(to))
      this.#trace(packet, TO_ENDPOINT, { node: to.node, direction: 'INGRESS' });
  }

  /**
   * A packet back to the client; conntrack lets replies pass without policy. With a proxy at the source there are two:
   * the server's to the proxy (`server`) and the proxy's to the client (`client`).
   */
  reply(packet: Packet, leg: 'both' | 'server' | 'client' = 'both'): void {
    const { route } = packet;
    if (route.isSelf) return;
    const back = { ...packet, isReply: true };
    if (leg !== 'client') this.#serverReply(back);
    const from = this.#isManaged(route.from) && route.from.kind === 'pod' ? route.from : undefined;
    if (from && leg !== 'server') this.#trace(back, TO_ENDPOINT, { node: from.node, direction: 'EGRESS' });
  }

  #serverReply(back: Packet): void {
    const { route } = back;
    const to = this.#isManaged(route.to) && route.to.kind === 'pod' ? route.to : undefined;
    if (to && nodeOf(route.from) !== to.node)
      this.#trace(back, route.from.kind === 'pod' ? TO_OVERLAY : TO_STACK, {
        node: to.node,
        direction: 'INGRESS',
      });
    else if (to && route.from.kind === 'node')
      this.#trace(back, TO_HOST, { node: to.node, direction: 'INGRESS' });
  }

  /** A record of the HTTP or DNS proxy. */
  record(
    route: Route,
    what: {
      readonly side: 'egress' | 'ingress';
      readonly type: 'REQUEST' | 'RESPONSE';
      readonly isDenied: boolean;
      readonly http?: FlowHttp;
      readonly dns?: FlowDns;
      readonly latencyNs?: number;
      readonly summary: string;
    },
  ): void {
    const owner = what.side === 'egress' ? route.from : route.to;
    const node = nodeOf(owner);
    if (node === undefined || !this.#isManaged(owner)) return;
    const isReply = what.type === 'RESPONSE';
    const redaction = this.#agents?.redaction;
    const http = what.http && redaction ? redacted(what.http, redaction) : what.http;
    const summary = what.summary.replace(what.http?.url ?? '', () => http?.url ?? '');
    const source = this.#endpoint(isReply ? route.to : route.from, node);
    const destination = this.#endpoint(isReply ? route.from : route.to, node);
    const ports = isReply
      ? { source_port: route.target.port, destination_port: route.seenFrom.port }
      : { source_port: route.seenFrom.port, destination_port: route.target.port };
    this.#write(node, {
      verdict: what.isDenied ? 'DROPPED' : 'FORWARDED',
      IP: isReply
        ? { source: route.target.address, destination: route.seenFrom.address, ipVersion: 'IPv4' }
        : { source: route.seenFrom.address, destination: route.target.address, ipVersion: 'IPv4' },
      l4: route.protocol === 'UDP' ? { UDP: ports } : { TCP: ports },
      source,
      destination,
      Type: 'L7',
      ...this.#names(route, isReply),
      l7: {
        type: what.type,
        ...(what.latencyNs === undefined ? {} : { latency_ns: String(what.latencyNs) }),
        ...(what.dns ? { dns: what.dns } : {}),
        ...(http ? { http } : {}),
      },
      ...(isReply ? { reply: true } : {}),
      event_type: { type: 129 },
      traffic_direction: what.side === 'egress' ? 'EGRESS' : 'INGRESS',
      is_reply: isReply,
      Summary: summary,
    });
  }

  /** Writes the verdict and drop events of one side; false when the packet ends here. */
  #policySide(packet: Packet, side: SideVerdict, place: Place): boolean {
    const stopped = isStopped(side);
    const isEgress = place.direction === 'EGRESS';
    if (side.enforced && (stopped || packet.isNew)) {
      const base = this.#packet(packet, place);
      const match = MATCH_TYPES.indexOf(side.matchType);
      const policies = this.#policiesOf(side);
      const isDenied = side.isAudited === true || (stopped && side.auth === null);
      const list = `${isEgress ? 'egress' : 'ingress'}_${isDenied ? 'denied' : 'allowed'}_by`;
      this.#write(place.node, {
        ...base,
        verdict: stopped
          ? 'DROPPED'
          : side.isAudited
            ? 'AUDIT'
            : side.verdict === 'redirected'
              ? 'REDIRECTED'
              : 'FORWARDED',
        ...(stopped ? dropOf(side) : { is_reply: false }),
        ...(side.auth === null ? {} : { auth_type: side.auth === 'required' ? 'SPIRE' : 'TEST_ALWAYS_FAIL' }),
        event_type: { type: 5 },
        ...(match > 0 ? { policy_match_type: match } : {}),
        ...(policies.length > 0 ? { [list]: policies } : {}),
        ...(side.log === undefined ? {} : { policy_log: side.log }),
      });
    }
    if (!stopped) return true;
    const reason = dropOf(side);
    this.#write(place.node, {
      ...this.#packet(packet, place),
      verdict: 'DROPPED',
      ...reason,
      event_type: { type: 1, sub_type: reason.drop_reason },
      file: { name: 'bpf_lxc.c', line: 1443 },
    });
    return false;
  }

  /** The policies behind a verdict with the labels of their rules (pkg/policy/correlation). */
  #policiesOf(side: SideVerdict): FlowPolicy[] {
    const revision = String(this.#agents?.policyRevision ?? 1);
    const seen = new Map<string, FlowPolicy>();
    for (const { policyKind: kind, name, namespace } of side.rules) {
      const resource = POLICY_RESOURCE.get(kind) ?? '';
      const uid = this.#store.get(resource, namespace || undefined, name)?.metadata.uid;
      const parts = { 'derived-from': kind, name, namespace, uid: uid ?? '' };
      seen.set(`${kind}/${namespace}/${name}`, {
        name,
        ...(namespace === '' ? {} : { namespace }),
        labels: Object.entries(parts)
          .filter(([, value]) => value !== '')
          .map(([key, value]) => `k8s:io.cilium.k8s.policy.${key}=${value}`),
        revision,
        kind,
      });
    }
    return [...seen.values()];
  }

  #trace(packet: Packet, point: number, place: Place, l7: SideVerdict['l7'] = null): void {
    if (!packet.isTraced) return;
    const reason = packet.isReply ? 'REPLY' : packet.isNew ? 'NEW' : 'ESTABLISHED';
    this.#write(place.node, {
      ...this.#packet(packet, place),
      verdict: 'FORWARDED',
      event_type: { type: 4, ...(point === 0 ? {} : { sub_type: point }) },
      trace_observation_point: TRACE_POINTS.get(point) ?? '',
      trace_reason: reason,
      is_reply: packet.isReply,
      ...(point === TO_PROXY ? { proxy_port: this.#proxyPort(place, l7) } : {}),
    });
  }

  #proxyPort(place: Place, l7: SideVerdict['l7']): number {
    return proxyPort(place.node, l7 ?? 'http', place.direction === 'EGRESS' ? 'egress' : 'ingress');
  }

  /** The members that every packet event has. */
  #packet(packet: Packet, place: Place): Partial<Flow> {
    const { route, isReply } = packet;
    const near = isReply ? route.target : route.seenFrom;
    const far = isReply ? route.seenFrom : route.target;
    const names = this.#names(route, isReply);
    return {
      ethernet: { source: macOf(near.address), destination: macOf(place.node) },
      IP: { source: near.address, destination: far.address, ipVersion: 'IPv4' },
      l4: layer4(packet, near.port, far.port),
      source: this.#endpoint(isReply ? route.to : route.from, place.node),
      destination: this.#endpoint(isReply ? route.from : route.to, place.node),
      Type: 'L3_L4',
      ...names,
      ...(isReply ? { reply: true } : {}),
      ...(place.direction ? { traffic_direction: place.direction } : {}),
      Summary: summaryOf(packet),
    };
  }

  /** Names that the pod's agent learnt for the outside address, on the outside address's side. */
  #names(route: Route, isReply: boolean): Partial<Flow> {
    if (route.from.kind !== 'pod' || route.to.kind !== 'outside') return {};
    const names = this.#agents?.namesOf?.(route.from.key, route.target.address) ?? [];
    if (names.length === 0) return {};
    return isReply ? { source_names: names } : { destination_names: names };
  }

  #isManaged(party: Party): boolean {
    if (this.#agents === undefined || party.kind === 'outside') return false;
    if (this.#agents.observes?.(party.kind === 'pod' ? party.node : party.name) === false) return false;
    return party.kind === 'node' || this.#agents.endpointOf(party.key) !== undefined;
  }

  #endpoint(party: Party, observer: string): FlowEndpoint {
    if (party.kind === 'node' && party.name === observer) return { identity: 1, labels: ['reserved:host'] };
    if (party.address === INGRESS_ADDRESS) return { identity: 8, labels: ['reserved:ingress'] };
    if (party.kind !== 'pod') {
      const identity = this.#agents?.identityOf({ address: party.address });
      return {
        identity: identity?.id ?? 2,
        ...(identity && identity.labels.length > 0 ? { labels: identity.labels } : {}),
      };
    }
    const place = topologyOf(this.#store).pods.get(party.key);
    const identity = this.#agents?.identityOf({ pod: party.key });
    const endpoint = this.#agents?.endpointOf(party.key);
    const isLocal = party.node === observer;
    const workloads = isLocal && place ? workloadsOf(place) : [];
    const slash = party.key.indexOf('/');
    return {
      ...(isLocal && endpoint ? { ID: endpoint.id } : {}),
      identity: identity?.id ?? 3,
      cluster_name: this.clusterName,
      namespace: party.key.slice(0, slash),
      labels: identity?.labels ?? ['reserved:unmanaged'],
      pod_name: party.key.slice(slash + 1),
      ...(workloads.length > 0 ? { workloads } : {}),
    };
  }

  #write(node: string, flow: Partial<Flow>): void {
    this.#count++;
    // Two events of one moment keep their order: each is a few microseconds after the one before.
    const nowMs = Math.max(this.#sim.clock.nowMs, this.#lastMs + 0.003 + (this.#count % 7) / 1000);
    this.#lastMs = nowMs;
    const digits = hashText(`${this.#sim.random.seed}/flow/${this.#count}`);
    const more = hashText(`${digits}/${this.#count}`);
    const whole: Flow = {
      time: timeText(nowMs, this.#count),
      uuid: `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${more.slice(1, 4)}-${more.slice(4, 16)}`,
      emitter: { name: 'Hubble', version: CILIUM_VERSION },
      ...flow,
      node_name: `${this.clusterName}/${node}`,
    };
    this.ringOf(node).push(whole);
  }
}

/** True when a side lets nothing pass at L3/L4. */
export function isStopped(side: SideVerdict): boolean {
  return side.verdict === 'denied' || side.auth !== null;
}

function dropOf(side: SideVerdict): { readonly drop_reason: number; readonly drop_reason_desc: string } {
  if (side.verdict !== 'denied') return { drop_reason: 189, drop_reason_desc: 'AUTH_REQUIRED' };
  return side.deniedBy === 'explicit'
    ? { drop_reason: 181, drop_reason_desc: 'POLICY_DENY' }
    : { drop_reason: 133, drop_reason_desc: 'POLICY_DENIED' };
}

function layer4(packet: Packet, near: number, far: number): Layer4 {
  switch (packet.route.protocol) {
    case 'TCP':
      return { TCP: { source_port: near, destination_port: far, flags: packet.flags ?? {} } };
    case 'UDP':
      return { UDP: { source_port: near, destination_port: far } };
    case 'ICMP': {
      const type = packet.icmpType ?? 8;
      return { ICMPv4: type === 0 ? {} : { type } };
    }
  }
}

function summaryOf(packet: Packet): string {
  if (packet.route.protocol === 'UDP') return 'UDP';
  if (packet.route.protocol === 'ICMP')
    return packet.icmpType === 0 ? 'ICMPv4 EchoReply' : 'ICMPv4 EchoRequest';
  return `TCP Flags: ${FLAG_ORDER.filter((flag) => packet.flags?.[flag] === true).join(', ')}`;
}

function macOf(text: string): string {
  const digits = hashText(text);
  return ['0a', '58', digits.slice(0, 2), digits.slice(2, 4), digits.slice(4, 6), digits.slice(6, 8)].join(
    ':',
  );
}

/** RFC 3339 with nanoseconds; the last digits are the flow's number, so that texts differ. */
function timeText(nowMs: number, count: number): string {
  const whole = Math.floor(nowMs);
  const nanos = Math.min(999_999, Math.floor((nowMs - whole) * 1e6));
  const exact = Math.floor(nanos / 1000) * 1000 + (count % 1000);
  return `${new Date(whole).toISOString().slice(0, 23)}${String(exact).padStart(6, '0')}Z`;
}

/** The workload that made a pod, for pods with a generated name and a controller. */
function workloadsOf(place: PodPlace): readonly { readonly name: string; readonly kind: string }[] {
  const { generateName, ownerReferences, labels } = place.pod.metadata;
  const owner = ownerReferences?.find((item) => item.controller === true);
  if (generateName === undefined || !owner) return [];
  const hash = labels?.['pod-template-hash'];
  if (owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)) {
    return [{ name: owner.name.slice(0, -hash.length - 1), kind: 'Deployment' }];
  }
  return [{ name: owner.name, kind: owner.kind }];
}
