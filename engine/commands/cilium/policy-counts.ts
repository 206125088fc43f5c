import type { Flow } from '../../hubble/flow.ts';
import { PROTOCOL_NUMBERS } from '../../net/protocol.ts';
import type { HubbleObserver } from '../ports.ts';

/** One entry of an endpoint's policy map. */
export type MapEntry = {
  readonly policy: string;
  readonly direction: string;
  readonly identity: number;
  readonly labels?: readonly string[];
  readonly port: string;
  readonly proxyPort?: number;
  readonly auth?: string;
  readonly bytes?: number;
  readonly packets?: number;
  readonly prefix?: number;
  readonly precedence?: number;
  readonly cookie?: number;
};

const VERDICT = 5;
const TRACE = 4;

/** The low and high port and the protocol's number that an entry's port text means. */
export function portsOf(text: string): readonly [low: number, high: number, protocol: number] {
  const [, low, high, name = text] = /^(\d+)(?:-(\d+))?\/(.*)$/.exec(text) ?? [];
  const protocol = PROTOCOL_NUMBERS.get(name) ?? Number(name);
  return low === undefined ? [0, 65_535, protocol] : [Number(low), Number(high ?? low), protocol];
}

/** Protocol, port (an ICMP type in its place) and, for TCP and UDP, the client's port of a packet. */
function transport(flow: Flow): readonly [protocol: number, port: number, client: number] {
  const { TCP, UDP, SCTP, ICMPv4 } = flow.l4 ?? {};
  const one = TCP ?? UDP ?? SCTP;
  if (one === undefined) return [1, ICMPv4?.type ?? 0, 0];
  return [TCP ? 6 : UDP ? 17 : 132, one.destination_port ?? 0, one.source_port ?? 0];
}

/**
 * The entries with the packets that they let pass or stopped, as far as the node's flows tell: each refused packet
 * has its verdict, the others their traces. An entry that no packet met has no numbers.
 */
export function withCounts(
  entries: readonly MapEntry[],
  endpoint: number,
  observer: HubbleObserver | undefined,
): readonly MapEntry[] {
  const counts = new Map<MapEntry, { packets: number; bytes: number }>();
  const flows = observer?.flows({ whitelist: [], blacklist: [] }) ?? [];
  const judged = new Set<string>();
  for (const flow of flows) {
    const type = flow.event_type?.type;
    if ((type !== VERDICT && type !== TRACE) || flow.is_reply) continue;
    const [protocol, port, client] = transport(flow);
    for (const direction of ['Ingress', 'Egress']) {
      const [own, peer] =
        direction === 'Ingress' ? [flow.destination, flow.source] : [flow.source, flow.destination];
      if (own?.ID !== endpoint) continue;
      const connection = `${direction} ${protocol} ${client} ${port}`;
      if (type === VERDICT && flow.traffic_direction === direction.toUpperCase()) judged.add(connection);
      if (
        type === VERDICT &&
        (flow.verdict !== 'DROPPED' || flow.traffic_direction !== direction.toUpperCase())
      )
        continue;
      const entry = best(
        entries.filter((one) => {
          const [low, high, number] = portsOf(one.port);
          const isPeer = one.identity === 0 || one.identity === peer?.identity;
          const isPort = number === 0 || (number === protocol && port >= low && port <= high);
          // What passed before there were rules is not what the rules' entries met.
          const isJudged = one.precedence === 0 || judged.has(connection);
          return one.direction === direction && isPeer && isPort && isJudged;
        }),
      );
      if (entry === undefined) continue;
      const { packets, bytes } = counts.get(entry) ?? { packets: 0, bytes: 0 };
      counts.set(entry, { packets: packets + 1, bytes: bytes + sizeOf(flow, protocol) });
    }
  }
  return entries.map((entry) => ({ ...entry, ...counts.get(entry) }));
}

/** The entry that a packet meets: precedence, then the longer prefix, then the one that names the peer. */
function best(entries: readonly MapEntry[]): MapEntry | undefined {
  const rank = (one: MapEntry): readonly number[] => [
    one.precedence ?? 0,
    one.prefix ?? 0,
    Math.sign(one.identity),
  ];
  return [...entries].sort((a, b) => {
    const left = rank(a);
    return (
      rank(b)
        .map((value, i) => value - (left[i] ?? 0))
        .find((step) => step !== 0) ?? 0
    );
  })[0];
}

/** Bytes of a frame: that of a bare TCP segment, of a query, or of an echo. */
function sizeOf(flow: Flow, protocol: number): number {
  const { SYN, PSH } = flow.l4?.TCP?.flags ?? {};
  if (protocol !== 6) return protocol === 17 ? 92 : 98;
  return SYN ? 74 : PSH ? 146 : 66;
}
