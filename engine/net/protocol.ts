/** IP protocol numbers by the names that Cilium uses (pkg/u8proto). `ANY` is 0. */
export const PROTOCOL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['ANY', 0],
  ['ICMP', 1],
  ['IGMP', 2],
  ['IPIP', 4],
  ['TCP', 6],
  ['UDP', 17],
  ['IPV6', 41],
  ['GRE', 47],
  ['ESP', 50],
  ['AH', 51],
  ['ICMPV6', 58],
  ['VRRP', 112],
  ['SCTP', 132],
]);

/** Names of protocols by number. */
export const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map(
  [...PROTOCOL_NUMBERS].map(([name, number]) => [number, name]),
);

/** ICMP for IPv4; the type stands in place of a port. */
export const ICMP = 1;
/** TCP. */
export const TCP = 6;
/** UDP. */
export const UDP = 17;
/** ICMP for IPv6; the type stands in place of a port. */
export const ICMPV6 = 58;
/** SCTP. */
export const SCTP = 132;

/** The number of a protocol's name, in any case; undefined for an unknown one. */
export function protocolNumber(name: string): number | undefined {
  return PROTOCOL_NUMBERS.get(name.toUpperCase());
}

/** True when the protocol has ports. */
export function hasPorts(protocol: number): boolean {
  return protocol === TCP || protocol === UDP || protocol === SCTP;
}
