/** ICMP type numbers by the names that policies accept, IPv4 (Cilium's api/icmp.go; RFC 792 and successors). */
export const ICMP_V4_TYPES: ReadonlyMap<string, number> = new Map([
  ['EchoReply', 0],
  ['DestinationUnreachable', 3],
  ['Redirect', 5],
  ['Echo', 8],
  ['EchoRequest', 8],
  ['RouterAdvertisement', 9],
  ['RouterSelection', 10],
  ['TimeExceeded', 11],
  ['ParameterProblem', 12],
  ['Timestamp', 13],
  ['TimestampReply', 14],
  ['Photuris', 40],
  ['ExtendedEchoRequest', 42],
  ['ExtendedEchoReply', 43],
]);

/** The same for ICMPv6. */
export const ICMP_V6_TYPES: ReadonlyMap<string, number> = new Map([
  ['DestinationUnreachable', 1],
  ['PacketTooBig', 2],
  ['TimeExceeded', 3],
  ['ParameterProblem', 4],
  ['EchoRequest', 128],
  ['EchoReply', 129],
  ['MulticastListenerQuery', 130],
  ['MulticastListenerReport', 131],
  ['MulticastListenerDone', 132],
  ['RouterSolicitation', 133],
  ['RouterAdvertisement', 134],
  ['NeighborSolicitation', 135],
  ['NeighborAdvertisement', 136],
  ['RedirectMessage', 137],
  ['RouterRenumbering', 138],
  ['ICMPNodeInformationQuery', 139],
  ['ICMPNodeInformationResponse', 140],
  ['InverseNeighborDiscoverySolicitation', 141],
  ['InverseNeighborDiscoveryAdvertisement', 142],
  ['HomeAgentAddressDiscoveryRequest', 144],
  ['HomeAgentAddressDiscoveryReply', 145],
  ['MobilePrefixSolicitation', 146],
  ['MobilePrefixAdvertisement', 147],
  ['DuplicateAddressRequestCodeSuffix', 157],
  ['DuplicateAddressConfirmationCodeSuffix', 158],
  ['ExtendedEchoRequest', 160],
  ['ExtendedEchoReply', 161],
]);

/** The number of an ICMP type given as number or name; undefined for a name the family does not have. */
export function icmpTypeNumber(family: string | undefined, type: string | number): number | undefined {
  if (typeof type === 'number') return type;
  if (/^[0-9]+$/.test(type)) return Number(type);
  return (family === 'IPv6' ? ICMP_V6_TYPES : ICMP_V4_TYPES).get(type);
}
