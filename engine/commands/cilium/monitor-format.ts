import { fnv32a } from '../../base/hash.ts';
import type { Flow, FlowEndpoint } from '../../hubble/flow.ts';
import { DROP_REASONS, RESERVED, TRACE_POINTS } from '../../hubble/tables.ts';
import { protoJson } from '../../hubble/printer.ts';
import { hexDump, packetOf } from './monitor-packet.ts';

/** How much the monitor says of an event: `-v` is debug, `-vv` verbose. */
export type MonitorForm = 'info' | 'debug' | 'verbose' | 'json';

/** How events are written. */
export type MonitorOptions = {
  readonly form: MonitorForm;
  readonly isNumeric: boolean;
  readonly isHex: boolean;
  /** The hash that the datapath would have put on a packet; only recorded events have another one than ours. */
  readonly hashOf?: (flow: Flow) => string;
};

const DIVIDER = `${'-'.repeat(78)}\n`;
const MATCHES = ['none', 'L3-Only', 'L3-L4', 'L4-Only', 'all', 'L3-Proto', 'Proto-Only'];
const ACTIONS = new Map([
  ['DROPPED', 'deny'],
  ['REDIRECTED', 'redirect'],
  ['AUDIT', 'audit'],
]);
/** Files of the datapath by number (bpf/lib/common.h, source file ids). */
const FILES = ['', 'bpf_host.c', 'bpf_lxc.c', 'bpf_overlay.c', 'bpf_xdp.c', 'bpf_sock.c', 'bpf_network.c'];
const SOCKET_POINTS = ['', 'pre-xlate-fwd', 'post-xlate-fwd', 'pre-xlate-rev', 'post-xlate-rev'];

/** One event as the monitor writes it, with its line ends; empty when this form does not show it (pkg/monitor of Cilium 1.20). */
export function monitorText(flow: Flow, options: MonitorOptions): string {
  switch (flow.event_type?.type) {
    case 1:
      return dropText(flow, options);
    case 4:
      return traceText(flow, options);
    case 5:
      return `${policyLine(flow, options)}\n`;
    case 7:
      return options.form === 'info' ? '' : socketText(flow, options);
    case 129:
      return recordText(flow, options);
    default:
      return '';
  }
}

/** The endpoint whose program reported an event, and the one that it goes to; 0: none of this node. */
export function endpointsOf(flow: Flow): { readonly source: number; readonly destination: number } {
  const [from, to] = [flow.source?.ID ?? 0, flow.destination?.ID ?? 0];
  if (flow.event_type?.type === 4) {
    const point = TRACE_POINTS[flow.event_type.sub_type ?? 0] ?? '';
    const owner =
      point === 'to-endpoint'
        ? to
        : ['to-host', 'to-stack', 'to-overlay', 'from-endpoint', 'to-crypto'].includes(point)
          ? from
          : point === 'to-proxy'
            ? ownerOf(flow)
            : 0;
    return { source: owner, destination: point === 'to-proxy' ? (flow.proxy_port ?? 0) : to };
  }
  return { source: ownerOf(flow), destination: to };
}

function ownerOf(flow: Flow): number {
  if (flow.traffic_direction === undefined) return 0;
  const isSource = (flow.traffic_direction === 'EGRESS') !== (flow.is_reply === true);
  return (isSource ? flow.source?.ID : flow.destination?.ID) ?? 0;
}

function hashText(flow: Flow, options: MonitorOptions): string {
  if (options.hashOf) return options.hashOf(flow);
  const bytes = Uint8Array.from(tuple(flow), (character) => character.charCodeAt(0) & 255);
  return `0x${fnv32a(bytes).toString(16)}`;
}

function identity(endpoint: FlowEndpoint | undefined, options: MonitorOptions): string {
  const id = endpoint?.identity ?? 0;
  return options.isNumeric ? String(id) : (RESERVED[id] ?? String(id));
}

function pairText(flow: Flow, options: MonitorOptions): string {
  return `identity ${identity(flow.source, options)}->${identity(flow.destination, options)}`;
}

function policyLine(flow: Flow, options: MonitorOptions): string {
  const isEgress = flow.traffic_direction === 'EGRESS';
  const [local, remote] = isEgress ? [flow.source, flow.destination] : [flow.destination, flow.source];
  const action = ACTIONS.get(flow.verdict ?? '') ?? 'allow';
  const match = MATCHES[flow.policy_match_type ?? 0] ?? 'unknown';
  return `Policy verdict log: flow ${hashText(flow, options)} local EP ID ${local?.ID ?? 0}, remote ID ${identity(remote, options)}, proto ${protocolOf(flow)}, ${isEgress ? 'egress' : 'ingress'}, action ${action}, auth: disabled, match ${match}, ${tuple(flow)}`;
}

function reasonOf(flow: Flow): string {
  const number = flow.event_type?.sub_type ?? 0;
  return DROP_REASONS.get(number) ?? `${number}, 0`;
}

function dropText(flow: Flow, options: MonitorOptions): string {
  const { source, destination } = endpointsOf(flow);
  const hash = hashText(flow, options);
  const { name = '', line = 0 } = flow.file ?? {};
  if (options.form === 'info' || options.form === 'debug')
    return `xx drop (${reasonOf(flow)}) flow ${hash} to endpoint ${destination}, ifindex 12, file ${name}:${line}, , ${pairText(flow, options)}: ${tuple(flow)}\n`;
  const packet = packetOf(flow);
  if (options.form === 'json')
    return `${protoJson({
      cpu: 'CPU 00:',
      type: 'drop',
      mark: hash,
      reason: reasonOf(flow),
      source,
      bytes: packet.bytes.length,
      srcLabel: flow.source?.identity ?? 0,
      dstLabel: flow.destination?.identity ?? 0,
      dstID: destination,
      Line: line,
      File: Math.max(0, FILES.indexOf(name)),
      ExtError: 0,
      Ifindex: 12,
      summary: summaryOf(flow),
    })}\n`;
  const to = destination > 0 ? `, to endpoint ${destination}` : '';
  return `${DIVIDER}CPU 00: MARK ${hash} FROM ${source} DROP: ${packet.bytes.length} bytes, reason ${reasonOf(flow)}, ${pairText(flow, options)}${to}\n${hexDump(packet.bytes)}`;
}

/** Where a trace goes to or comes from, in the short form's words. */
function wayOf(flow: Flow): string {
  const point = TRACE_POINTS[flow.event_type?.sub_type ?? 0] ?? '';
  const { source, destination } = endpointsOf(flow);
  const names = new Map([
    ['to-endpoint', `-> endpoint ${destination}`],
    ['to-proxy', `-> proxy port ${destination}`],
    ['to-host', '-> host from'],
    ['from-endpoint', `<- endpoint ${source}`],
  ]);
  return names.get(point) ?? point.replace('to-', '-> ').replace('from-', '<- ');
}

function traceText(flow: Flow, options: MonitorOptions): string {
  const { source, destination } = endpointsOf(flow);
  const hash = hashText(flow, options);
  const state = (flow.trace_reason ?? 'unknown').toLowerCase().replace('trace_reason_', '');
  const point = TRACE_POINTS[flow.event_type?.sub_type ?? 0] ?? '';
  const original =
    flow.IP?.source_xlated !== undefined
      ? (flow.IP.source ?? '')
      : flow.IP?.ipVersion === 'IPv6'
        ? '::'
        : '0.0.0.0';
  const trace = flow.ip_trace_id?.trace_id;
  const isEncrypted = flow.IP?.encrypted === true;
  const way = wayOf(flow);
  if (options.form === 'info' || options.form === 'debug')
    return `${way}${isEncrypted ? ' encrypted ' : ''} flow ${hash} , ${pairText(flow, options)}${trace === undefined ? '' : ` [ ip-trace-id = ${trace} ]`} state ${state} ifindex lo orig-ip ${original}: ${tuple(flow)}\n`;
  const packet = packetOf(translated(flow));
  if (options.form === 'json')
    return `${protoJson({
      cpu: 'CPU 00:',
      type: 'trace',
      mark: hash,
      ifindex: 'lo',
      state,
      observationPoint: point,
      traceSummary: way,
      source,
      bytes: packet.bytes.length,
      srcLabel: flow.source?.identity ?? 0,
      dstLabel: flow.destination?.identity ?? 0,
      dstID: destination,
      IpTraceID: trace === undefined ? 0 : Number(trace),
      summary: summaryOf(translated(flow)),
    })}\n`;
  const to =
    destination === 0
      ? ''
      : point === 'to-proxy'
        ? `, to proxy-port ${destination}`
        : `, to endpoint ${destination}`;
  const size = packet.bytes.length;
  const head = `CPU 00: MARK ${hash}${trace === undefined ? '' : ` [ IP-TRACE-ID = ${trace} ]`} FROM ${source} ${point}: ${size} bytes (${size} captured), state ${state}, , ${pairText(flow, options)}, orig-ip ${original}${to}\n`;
  const body = options.isHex ? hexDump(packet.bytes) : packet.layers.map(([, text]) => `${text}\n`).join('');
  return `${DIVIDER}${head}${body}`;
}

/** The packet as it stands on the wire after its source was translated. */
function translated(flow: Flow): Flow {
  const source = flow.IP?.source_xlated;
  return source === undefined ? flow : { ...flow, IP: { ...flow.IP, source } };
}

function summaryOf(flow: Flow): Record<string, unknown> {
  const transport = flow.l4?.TCP ?? flow.l4?.UDP ?? flow.l4?.SCTP;
  return {
    ...Object.fromEntries(packetOf(flow).layers),
    l2: { src: flow.ethernet?.source ?? '', dst: flow.ethernet?.destination ?? '' },
    ...(flow.IP ? { l3: { src: flow.IP.source ?? '', dst: flow.IP.destination ?? '' } } : {}),
    ...(transport
      ? { l4: { src: String(transport.source_port ?? 0), dst: String(transport.destination_port ?? 0) } }
      : {}),
  };
}

function socketText(flow: Flow, options: MonitorOptions): string {
  const point = SOCKET_POINTS[flow.event_type?.sub_type ?? 0] ?? 'unknown';
  const isForward = point.endsWith('fwd');
  const transport = flow.l4?.UDP ?? flow.l4?.TCP;
  const address = (isForward ? flow.IP?.destination : flow.IP?.source) ?? '';
  const port = (isForward ? transport?.destination_port : transport?.source_port) ?? 0;
  const protocol = flow.l4?.UDP ? 'udp' : 'tcp';
  const cookie = Number(flow.socket_cookie ?? 0);
  const cgroup = Number(flow.cgroup_id ?? 0);
  if (options.form === 'json')
    return `${protoJson({ type: 'trace_sock', xlatePoint: point, dstIP: address, dstPort: port, sockCookie: cookie, cgroupId: cgroup, l4Proto: protocol })}\n`;
  return `CPU 00: [${point}] cgroup_id: ${cgroup} sock_cookie: ${cookie}, dst [${address}]:${port} ${protocol}\n`;
}

function protocolOf(flow: Flow): number {
  const { l4 } = flow;
  return l4?.UDP ? 17 : l4?.ICMPv4 ? 1 : l4?.ICMPv6 ? 58 : l4?.SCTP ? 132 : 6;
}

/** `a:p -> b:p tcp SYN`: of the TCP flags only SYN, ACK, RST and FIN are shown. */
function tuple(flow: Flow): string {
  const wire = translated(flow);
  const transport = flow.l4?.TCP ?? flow.l4?.UDP ?? flow.l4?.SCTP;
  const at = (address: string | undefined, port: number | undefined): string => {
    const host = address ?? '';
    return transport ? `${host.includes(':') ? `[${host}]` : host}:${port ?? 0}` : host;
  };
  if (!flow.IP) return `${flow.ethernet?.source ?? ''} -> ${flow.ethernet?.destination ?? ''}`;
  const ends = `${at(wire.IP?.source, transport?.source_port)} -> ${at(wire.IP?.destination, transport?.destination_port)}`;
  if (flow.l4?.UDP) return `${ends} udp`;
  if (flow.l4?.SCTP) return `${ends} sctp`;
  if (flow.l4?.ICMPv4 || flow.l4?.ICMPv6)
    return `${ends} icmp ${(flow.Summary ?? '').replace(/^ICMPv[46] /, '')}`;
  if (!flow.l4?.TCP) return ends;
  const flags = (['SYN', 'ACK', 'RST', 'FIN'] as const).filter(
    (name) => flow.l4?.TCP?.flags?.[name] === true,
  );
  return `${ends} tcp ${flags.join(', ')}`;
}

const RECORD_VERDICTS = new Map([
  ['DROPPED', 'Denied'],
  ['ERROR', 'Error'],
]);

function recordText(flow: Flow, options: MonitorOptions): string {
  const { l7 } = flow;
  const side = (end: 'source' | 'destination'): string =>
    `${flow[end]?.ID ?? 0} ([${(flow[end]?.labels ?? []).join(' ')}])`;
  const isReply = l7?.type === 'RESPONSE';
  const verdict = RECORD_VERDICTS.get(flow.verdict ?? '') ?? 'Forwarded';
  const kind = l7?.dns ? 'dns' : 'http';
  if (options.form === 'json') return `${recordJson(flow, kind, verdict)}\n`;
  const ends = isReply
    ? `to ${side('destination')} from ${side('source')}`
    : `from ${side('source')} to ${side('destination')}`;
  const head = `${flow.traffic_direction === 'INGRESS' ? '<-' : '->'} ${isReply ? 'Response' : 'Request'} ${kind} ${ends}, ${pairText(flow, { ...options, isNumeric: true })}, verdict ${verdict}`;
  if (l7?.http) return `${head} ${l7.http.method ?? ''} ${l7.http.url ?? ''} => ${l7.http.code ?? 0}\n`;
  const { query = '', qtypes = [], ttl = 0, ips = [], cnames = [] } = l7?.dns ?? {};
  const names = cnames.length > 0 ? ` CNAMEs: ${cnames.join(',')}` : '';
  const answer = isReply ? ` TTL: ${ttl} Answer: '${ips.join(',')}'${names}` : '';
  return `${head} DNS ${l7?.dns?.observation_source ?? 'proxy'}: ${query} ${qtypes.join(',')}${answer}\n`;
}

function recordJson(flow: Flow, kind: string, verdict: string): string {
  const { l7 } = flow;
  return protoJson({
    type: 'logRecord',
    observationPoint: flow.traffic_direction === 'INGRESS' ? 'Ingress' : 'Egress',
    flowType: l7?.type === 'RESPONSE' ? 'Response' : 'Request',
    l7Proto: kind,
    srcEpID: flow.source?.ID ?? 0,
    srcEpLabels: flow.source?.labels ?? [],
    srcIdentity: flow.source?.identity ?? 0,
    dstEpID: flow.destination?.ID ?? 0,
    dstEpLabels: flow.destination?.labels ?? [],
    dstIdentity: flow.destination?.identity ?? 0,
    Verdict: verdict,
    ...(l7?.http
      ? {
          http: {
            Code: l7.http.code ?? 0,
            Method: l7.http.method ?? '',
            URL: l7.http.url ?? '',
            Protocol: l7.http.protocol ?? '',
            Headers: null,
          },
        }
      : {}),
    ...(l7?.dns ? { dns: l7.dns } : {}),
  });
}
