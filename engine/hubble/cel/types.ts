/** A type of an expression. */
export type CelType =
  | { readonly kind: 'simple'; readonly name: SimpleName }
  | { readonly kind: 'wrapper'; readonly name: SimpleName }
  | { readonly kind: 'message'; readonly name: string }
  | { readonly kind: 'list'; readonly item: CelType }
  | { readonly kind: 'map'; readonly key: CelType; readonly value: CelType };

/** Types without parts. `any` is what an empty list holds until something is known. */
export type SimpleName =
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'null'
  | 'timestamp'
  | 'duration'
  | 'dyn'
  | 'any';

/** A type without parts. */
export function simple(name: SimpleName): CelType {
  return { kind: 'simple', name };
}

/** A type as cel-go's errors name it. */
export function typeText(type: CelType): string {
  switch (type.kind) {
    case 'simple':
      return type.name === 'any' ? 'dyn' : type.name;
    case 'wrapper':
      return `wrapper(${type.name})`;
    case 'message':
      return type.name;
    case 'list':
      return `list(${typeText(type.item)})`;
    case 'map':
      return `map(${typeText(type.key)}, ${typeText(type.value)})`;
  }
}

/** True when a value of the one type may stand where the other is wanted, or the other way round. */
export function isSame(a: CelType, b: CelType): boolean {
  if (isOpen(a) || isOpen(b)) return true;
  if (a.kind === 'wrapper' || b.kind === 'wrapper') {
    const [wrapper, other] = a.kind === 'wrapper' ? [a, b] : [b, a];
    if (other.kind === 'wrapper' || other.kind === 'simple')
      return (
        wrapper.kind === 'wrapper' &&
        (other.name === wrapper.name || (other.kind === 'simple' && other.name === 'null'))
      );
    return false;
  }
  if (a.kind === 'simple' && b.kind === 'simple') return a.name === b.name;
  if (a.kind === 'message' || b.kind === 'message') {
    const [message, other] = a.kind === 'message' ? [a, b] : [b, a];
    if (other.kind === 'simple') return other.name === 'null';
    return other.kind === 'message' && message.kind === 'message' && other.name === message.name;
  }
  if (a.kind === 'list' && b.kind === 'list') return isSame(a.item, b.item);
  return a.kind === 'map' && b.kind === 'map' && isSame(a.key, b.key) && isSame(a.value, b.value);
}

function isOpen(type: CelType): boolean {
  return type.kind === 'simple' && (type.name === 'any' || type.name === 'dyn');
}

/**
 * The messages of flow.proto (Cilium 1.20) field by field: `name:type`, `*` for a repeated one. Types: s string, b bool,
 * i int (enums too), u uint, t timestamp, B a nullable bool, else another message.
 */
const MESSAGES: Readonly<Record<string, string>> = {
  Flow: 'time:t uuid:s emitter:Emitter verdict:i drop_reason:u auth_type:i ethernet:Ethernet IP:IP l4:Layer4 tunnel:Tunnel source:Endpoint destination:Endpoint Type:i node_name:s node_labels:*s source_names:*s destination_names:*s l7:Layer7 reply:b event_type:CiliumEventType source_service:Service destination_service:Service traffic_direction:i policy_match_type:u trace_observation_point:i trace_reason:i file:FileInfo ip_trace_id:IPTraceID drop_reason_desc:i is_reply:B debug_capture_point:i interface:NetworkInterface proxy_port:u trace_context:TraceContext sock_xlate_point:i socket_cookie:u cgroup_id:u Summary:s egress_allowed_by:*Policy ingress_allowed_by:*Policy egress_denied_by:*Policy ingress_denied_by:*Policy policy_log:*s',
  Emitter: 'name:s version:s',
  Ethernet: 'source:s destination:s',
  IP: 'source:s source_xlated:s destination:s ipVersion:i encrypted:b',
  Layer4: 'TCP:TCP UDP:UDP ICMPv4:ICMPv4 ICMPv6:ICMPv6 SCTP:SCTP',
  TCP: 'source_port:u destination_port:u flags:TCPFlags',
  TCPFlags: 'FIN:b SYN:b RST:b PSH:b ACK:b URG:b ECE:b CWR:b NS:b',
  UDP: 'source_port:u destination_port:u',
  SCTP: 'source_port:u destination_port:u chunk_type:i',
  ICMPv4: 'type:u code:u',
  ICMPv6: 'type:u code:u',
  Tunnel: 'protocol:i IP:IP l4:Layer4 vni:u',
  Endpoint: 'ID:u identity:u cluster_name:s namespace:s labels:*s pod_name:s workloads:*Workload',
  Workload: 'name:s kind:s',
  Layer7: 'type:i latency_ns:u dns:DNS http:HTTP',
  DNS: 'query:s ips:*s ttl:u cnames:*s observation_source:s rcode:u qtypes:*s rrtypes:*s',
  HTTP: 'code:u method:s url:s protocol:s headers:*HTTPHeader',
  HTTPHeader: 'key:s value:s',
  CiliumEventType: 'type:i sub_type:i',
  Service: 'name:s namespace:s',
  Policy: 'name:s namespace:s labels:*s revision:u kind:s',
  FileInfo: 'name:s line:u',
  IPTraceID: 'trace_id:u ip_option_type:u',
  NetworkInterface: 'index:u name:s',
  TraceContext: 'parent:TraceParent',
  TraceParent: 'trace_id:s',
};

const LETTERS = new Map<string, CelType>([
  ['s', simple('string')],
  ['b', simple('bool')],
  ['i', simple('int')],
  ['u', simple('uint')],
  ['t', simple('timestamp')],
  ['B', { kind: 'wrapper', name: 'bool' }],
]);

const FIELDS = new Map(
  Object.entries(MESSAGES).map(([message, text]) => [
    `flow.${message}`,
    new Map(
      text.split(' ').map((item): [string, CelType] => {
        const [name = '', code = ''] = item.split(':');
        const bare = code.replace('*', '');
        const type = LETTERS.get(bare) ?? { kind: 'message', name: `flow.${bare}` };
        return [name, code.startsWith('*') ? { kind: 'list', item: type } : type];
      }),
    ),
  ]),
);

/** The type of a message's field; undefined when it has none of that name. */
export function fieldType(message: string, field: string): CelType | undefined {
  return FIELDS.get(message)?.get(field);
}

/** The names of a message's fields in the order of their declaration; undefined for an unknown message. */
export function fieldNames(message: string): readonly string[] | undefined {
  const fields = FIELDS.get(message);
  return fields && [...fields.keys()];
}

/** Enums of flow.proto with their numbers; those of fields that the printer shows by name. */
const ENUM_LISTS: Readonly<Record<string, string>> = {
  Verdict: 'VERDICT_UNKNOWN FORWARDED DROPPED ERROR AUDIT REDIRECTED TRACED TRANSLATED',
  TrafficDirection: 'TRAFFIC_DIRECTION_UNKNOWN INGRESS EGRESS',
  FlowType: 'UNKNOWN_TYPE L3_L4 L7 SOCK',
  L7FlowType: 'UNKNOWN_L7_TYPE REQUEST RESPONSE SAMPLE',
  IPVersion: 'IP_NOT_USED IPv4 IPv6',
  AuthType: 'DISABLED SPIRE TEST_ALWAYS_FAIL',
  SocketTranslationPoint:
    'SOCK_XLATE_POINT_UNKNOWN SOCK_XLATE_POINT_PRE_DIRECTION_FWD SOCK_XLATE_POINT_POST_DIRECTION_FWD SOCK_XLATE_POINT_PRE_DIRECTION_REV SOCK_XLATE_POINT_POST_DIRECTION_REV',
  TraceObservationPoint:
    'UNKNOWN_POINT TO_PROXY TO_HOST TO_STACK TO_OVERLAY FROM_ENDPOINT FROM_PROXY FROM_HOST FROM_STACK FROM_OVERLAY FROM_NETWORK TO_NETWORK FROM_CRYPTO TO_CRYPTO',
  TraceReason:
    'TRACE_REASON_UNKNOWN NEW ESTABLISHED REPLY RELATED REOPENED SRV6_ENCAP SRV6_DECAP ENCRYPT_OVERLAY',
};

const NUMBERS = new Map(
  Object.entries(ENUM_LISTS).map(([name, list]) => [
    name,
    new Map(
      [...list.split(' '), ...(name === 'TraceObservationPoint' ? ['TO_ENDPOINT'] : [])].map(
        (value, number): [string, number] => [value, value === 'TO_ENDPOINT' ? 101 : number],
      ),
    ),
  ]),
);

/** Which enum the values of a field belong to. */
const FIELD_ENUMS = new Map([
  ['verdict', 'Verdict'],
  ['traffic_direction', 'TrafficDirection'],
  ['Type', 'FlowType'],
  ['type', 'L7FlowType'],
  ['ipVersion', 'IPVersion'],
  ['auth_type', 'AuthType'],
  ['sock_xlate_point', 'SocketTranslationPoint'],
  ['trace_observation_point', 'TraceObservationPoint'],
  ['trace_reason', 'TraceReason'],
  ['drop_reason_desc', 'DropReason'],
]);

/** Adds an enum whose names live elsewhere. */
export function addEnum(name: string, values: ReadonlyMap<string, number>): void {
  NUMBERS.set(name, new Map(values));
}

/** The number of `Enum.VALUE`, with or without the package's name; undefined for anything else. */
export function enumNumber(name: string): number | undefined {
  const match = /^(?:flow\.)?(\w+)\.(\w+)$/.exec(name);
  if (!match) return undefined;
  return NUMBERS.get(match[1] ?? '')?.get(match[2] ?? '');
}

/** The values of an enum field by name; undefined where this table lacks them. */
export function enumOf(field: string): ReadonlyMap<string, number> | undefined {
  return NUMBERS.get(FIELD_ENUMS.get(field) ?? '');
}

/** The number behind an enum field's name in a flow's JSON; 0 for an unknown one. */
export function fieldNumber(field: string, value: string): number {
  return enumNumber(`${FIELD_ENUMS.get(field) ?? ''}.${value}`) ?? 0;
}
