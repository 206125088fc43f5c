import { invariant } from '../base/assert.ts';
import type { Flow, FlowEndpoint, FlowPolicy, FlowService, FlowsResponse } from './flow.ts';
import { inProtoOrder } from './proto-order.ts';
import { DROP_REASONS, RESERVED, TRACE_POINTS } from './tables.ts';
import { formatTime, type TimeFormat } from './time.ts';

/** How flows are printed (`hubble observe -o …` and its formatting flags). */
export type PrinterOptions = {
  readonly output: 'compact' | 'dict' | 'table' | 'json' | 'jsonpb' | 'json-legacy';
  readonly timeFormat: TimeFormat;
  readonly withNodeName: boolean;
  readonly withPolicyNames: boolean;
  /** False for `--numeric` and `--ip-translation=false`. */
  readonly withNames: boolean;
  readonly withColor: boolean;
  /** Also prints connected and removed nodes (`-D`). */
  readonly isDebug: boolean;
};

/** What one response adds to the streams. */
export type Printed = { readonly out: string; readonly err: string };

const DIVIDER = '------------';
const POLICY_VERDICT = 5;
const MATCH_TYPES = ['none', 'L3-Only', 'L3-L4', 'L4-Only', 'all', 'L3-Proto', 'Proto-Only'];

/** Prints responses one by one, as hubble/pkg/printer of Cilium 1.20.2 does. Tables come at `close`. */
export class FlowPrinter {
  readonly #options: PrinterOptions;
  #rows: string[][] = [];
  #lines = 0;

  constructor(options: PrinterOptions) {
    this.#options = options;
  }

  /** The text of one response. */
  print(response: FlowsResponse): Printed {
    const { output } = this.#options;
    if (output === 'json' || output === 'jsonpb') {
      if (response.node_status)
        return { out: '', err: this.#isNews(response) ? `${protoJson(response)}\n` : '' };
      const whole = response.flow ? { ...response, flow: inProtoOrder(response.flow) } : response;
      return { out: `${protoJson(whole)}\n`, err: '' };
    }
    if (output === 'json-legacy')
      return response.flow ? { out: `${protoJson(inProtoOrder(response.flow))}\n`, err: '' } : NOTHING;
    if (response.node_status) return { out: '', err: this.#nodeStatus(response) };
    if (response.lost_events) return { out: this.#lostEvents(response), err: '' };
    return response.flow
      ? { out: this.#flow(response.flow, response.node_name ?? response.flow.node_name ?? ''), err: '' }
      : NOTHING;
  }

  /** What is left to print at the end. */
  close(): string {
    if (this.#options.output !== 'table' || this.#rows.length === 0) return '';
    const header = [
      'TIMESTAMP',
      ...(this.#options.withNodeName ? ['NODE'] : []),
      'SOURCE',
      'DESTINATION',
      'TYPE',
      'VERDICT',
      'SUMMARY',
    ];
    const text = tabulate([header, ...this.#rows], 3);
    this.#rows = [];
    return text;
  }

  #flow(flow: Flow, node: string): string {
    const { withNodeName, output } = this.#options;
    const time = formatTime(flow.time, this.#options.timeFormat);
    const [source, destination] = [this.#host(flow, 'source'), this.#host(flow, 'destination')];
    const verdict = this.#verdict(flow);
    const summary = this.#summary(flow);
    if (output === 'table') {
      this.#rows.push(
        [time, ...(withNodeName ? [node] : []), source, destination, typeOf(flow), verdict, summary].map(
          visible,
        ),
      );
      return '';
    }
    if (output === 'dict') {
      const rows = [
        ['TIMESTAMP', time],
        ...(withNodeName ? [['NODE', node]] : []),
        ['SOURCE', source],
        ['DESTINATION', destination],
        ['TYPE', typeOf(flow)],
        ['VERDICT', verdict],
        ['SUMMARY', summary],
      ];
      return this.#record(rows, this.#lines++ > 0);
    }
    const sourceId = this.#paint('35', identityText(flow.source));
    const destinationId = this.#paint('35', identityText(flow.destination));
    const isReply = flow.is_reply === true;
    const arrow = flow.is_reply === undefined ? '<>' : isReply ? '<-' : '->';
    const [left, leftId, right, rightId] = isReply
      ? [destination, destinationId, source, sourceId]
      : [source, sourceId, destination, destinationId];
    const place = withNodeName ? ` [${node}]` : '';
    return `${visible(`${time}${place}: ${left} ${leftId} ${arrow} ${right} ${rightId} ${typeOf(flow)} ${verdict} (${summary})`)}\n`;
  }

  #record(rows: readonly (readonly string[])[], isLater: boolean): string {
    const text = rows.map(([key = '', value = '']) => `${key.padStart(11)}: ${visible(value)}\n`).join('');
    return isLater ? `${DIVIDER}\n${text}` : text;
  }

  /** Colours are escapes of ours, which `visible` must leave alone: it works on what stands between them. */
  #paint(code: string, text: string): string {
    return this.#options.withColor && this.#options.output !== 'table'
      ? `\u0000[${code}m${text}\u0000[0m`
      : text;
  }

  #host(flow: Flow, side: 'source' | 'destination'): string {
    const ip = flow.IP;
    if (!ip) return this.#paintHost(flow.ethernet?.[side] ?? '', '');
    const port = portOf(flow, side);
    const name = this.#options.withNames ? nameOf(flow, side) : '';
    return this.#paintHost(name === '' ? (ip[side] ?? '') : name, port);
  }

  #paintHost(host: string, port: string): string {
    if (port === '' || port === '0') return host === '' ? '' : this.#paint('36', host);
    const shown = host.includes(':') ? `[${host}]` : host;
    return this.#paint('36', `${shown}:${this.#paint('33', port)}`);
  }

  #verdict(flow: Flow): string {
    const name = flow.verdict ?? 'VERDICT_UNKNOWN';
    const isPolicy = flow.event_type?.type === POLICY_VERDICT && !flow.l7;
    const word = isPolicy ? policyWord(name) : name;
    const code = ['FORWARDED', 'ALLOWED', 'REDIRECTED'].includes(word)
      ? '32'
      : ['DROPPED', 'DENIED', 'ERROR'].includes(word)
        ? '31'
        : '33';
    const text = word === 'VERDICT_UNKNOWN' ? word : this.#paint(code, word);
    if (!isPolicy || !this.#options.withPolicyNames) return text;
    const names = policyNames(flow, word);
    return names === '' ? text : `${text} BY ${names}`;
  }

  #summary(flow: Flow): string {
    const trace =
      flow.ip_trace_id?.trace_id === undefined ? '' : `IP Trace ID: ${flow.ip_trace_id.trace_id}; `;
    const hasAuth = flow.auth_type !== undefined && flow.auth_type !== 'DISABLED';
    return `${trace}${(flow.Summary ?? '').replaceAll('\u0000', '')}${hasAuth ? `; Auth: ${this.#paint('32', flow.auth_type ?? '')}` : ''}`;
  }

  #nodeStatus(response: FlowsResponse): string {
    const status = response.node_status ?? {};
    const state = status.state_change ?? '';
    if (!this.#isNews(response)) return '';
    const time = formatTime(response.time, this.#options.timeFormat);
    const names = status.node_names ?? [];
    const shown = shorten(names);
    if (this.#options.output === 'dict') {
      const message = status.message === undefined ? 'N/A' : JSON.stringify(status.message);
      return this.#record(
        [
          ['TIMESTAMP', time],
          ['STATE', state],
          ['NODES', shown],
          ['MESSAGE', message],
        ],
        this.#lines++ > 0,
      );
    }
    const count = names.length;
    const words: Readonly<Record<string, string>> = {
      NODE_CONNECTED: `Receiving flows from ${count} nodes: ${shown}`,
      NODE_UNAVAILABLE: `${count} nodes are unavailable: ${shown}`,
      NODE_GONE: `${count} nodes removed from cluster: ${shown}`,
      NODE_ERROR: `Error ${JSON.stringify(status.message ?? '')} on ${count} nodes: ${shown}`,
    };
    return `${time} [${response.node_name ?? ''}]: ${words[state] ?? `unknown node state change for ${count} nodes: ${shown}`}\n`;
  }

  #isNews(response: FlowsResponse): boolean {
    const state = response.node_status?.state_change;
    return this.#options.isDebug || state === 'NODE_UNAVAILABLE' || state === 'NODE_ERROR';
  }

  #lostEvents(response: FlowsResponse): string {
    const { output, timeFormat, withNodeName } = this.#options;
    const lost = response.lost_events ?? {};
    const time = formatTime(response.time, timeFormat);
    const span = [
      lost.first === undefined ? '' : `first: ${formatTime(lost.first, timeFormat)}`,
      lost.last === undefined ? '' : `last: ${formatTime(lost.last, timeFormat)}`,
    ]
      .filter((text) => text !== '')
      .join(', ');
    const tail = `${lost.num_events_lost ?? '0'}${span === '' ? '' : ` (${span})`}`;
    const source = lost.source ?? 'UNKNOWN_LOST_EVENT_SOURCE';
    const cpu = `CPU(${lost.cpu ?? 0})`;
    const node = response.node_name ?? '';
    if (output === 'table') {
      this.#rows.push([
        time,
        ...(withNodeName ? [node === '' ? '-' : node] : []),
        source,
        '-',
        'EVENTS LOST',
        '-',
        `${cpu} - ${tail}`,
      ]);
      return '';
    }
    if (output === 'dict') {
      const rows = [
        ['TIMESTAMP', time],
        ...(withNodeName ? [['NODE', node === '' ? '-' : node]] : []),
        ['SOURCE', source],
        ['TYPE', 'EVENTS LOST'],
        ['VERDICT', '-'],
        ['SUMMARY', `${cpu} - ${tail}`],
      ];
      return this.#record(rows, this.#lines++ > 0);
    }
    return `${time} EVENTS LOST: ${source} ${cpu} ${tail}\n`;
  }
}

const NOTHING: Printed = { out: '', err: '' };

/** Proto JSON as Go prints it: no spaces, `<`, `>` and `&` escaped. */
export function protoJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e')
    .replaceAll('&', '\\u0026')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

/** Text in columns as Go's tabwriter aligns it: left, the last column as it is. */
export function tabulate(rows: readonly (readonly string[])[], padding: number, minWidth = 2): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries())
      if (i < row.length - 1) widths[i] = Math.max(widths[i] ?? 0, [...cell].length + padding, minWidth);
  return rows
    .map(
      (row) =>
        `${row.map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat((widths[i] ?? 0) - [...cell].length))).join('')}\n`,
    )
    .join('');
}

/** Control characters that could play tricks with a terminal become visible; our own colours pass. */
function visible(text: string): string {
  return text.replaceAll('\u001b', '^[').replaceAll('\r', '\\r').replaceAll('\u0000', '\u001b');
}

function nameOf(flow: Flow, side: 'source' | 'destination'): string {
  const endpoint = flow[side];
  const service: FlowService | undefined = side === 'source' ? flow.source_service : flow.destination_service;
  const names = side === 'source' ? flow.source_names : flow.destination_names;
  if (endpoint?.pod_name)
    return join(service?.namespace ? service.namespace : (endpoint.namespace ?? ''), endpoint.pod_name);
  if (service?.name) return join(service.namespace ?? endpoint?.namespace ?? '', service.name);
  return (names ?? []).join(',');
}

function join(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

function portOf(flow: Flow, side: 'source' | 'destination'): string {
  const transport = flow.l4?.TCP ?? flow.l4?.UDP ?? flow.l4?.SCTP;
  const port = side === 'source' ? transport?.source_port : transport?.destination_port;
  return port === undefined ? '' : String(port);
}

function identityText(endpoint: FlowEndpoint | undefined): string {
  const id = endpoint?.identity ?? 0;
  const name = RESERVED[id];
  return name === undefined ? `(ID:${id})` : `(${name})`;
}

/** The TYPE column. */
export function typeOf(flow: Flow): string {
  if (flow.l7) {
    const type = (flow.l7.type ?? 'UNKNOWN_L7_TYPE').toLowerCase();
    if (flow.l7.http) return `http-${type}`;
    return flow.l7.dns ? `dns-${type} ${flow.l7.dns.observation_source ?? ''}` : `l7-${type}`;
  }
  const sub = flow.event_type?.sub_type ?? 0;
  switch (flow.event_type?.type) {
    case 1:
      return DROP_REASONS.get(sub) ?? `${sub}, 0`;
    case 3:
      return flow.debug_capture_point ?? 'DBG_CAPTURE_POINT_UNKNOWN';
    case 4:
      return TRACE_POINTS[sub] ?? String(sub);
    case POLICY_VERDICT:
      return `policy-verdict:${MATCH_TYPES[flow.policy_match_type ?? 0] ?? 'unknown'} ${flow.traffic_direction ?? 'TRAFFIC_DIRECTION_UNKNOWN'}`;
    case 7:
      return (
        ['', 'pre-xlate-fwd', 'post-xlate-fwd', 'pre-xlate-rev', 'post-xlate-rev'][sub || 9] ??
        'SOCK_XLATE_POINT_UNKNOWN'
      );
    default:
      return 'UNKNOWN';
  }
}

function policyWord(verdict: string): string {
  if (verdict === 'FORWARDED' || verdict === 'REDIRECTED') return 'ALLOWED';
  if (verdict === 'DROPPED' || verdict === 'ERROR') return 'DENIED';
  return verdict === 'AUDIT' ? 'AUDITED' : verdict;
}

function policyNames(flow: Flow, word: string): string {
  const isAllowed = word === 'ALLOWED';
  let list: readonly FlowPolicy[] = [];
  if (flow.traffic_direction === 'EGRESS')
    list = (isAllowed ? flow.egress_allowed_by : flow.egress_denied_by) ?? [];
  if (flow.traffic_direction === 'INGRESS')
    list = (isAllowed ? flow.ingress_allowed_by : flow.ingress_denied_by) ?? [];
  return list
    .filter((policy) => policy.name && policy.kind)
    .map((policy) => `${policy.name} (${policy.kind})`)
    .join(', ');
}

/** Names up to about 50 characters, then how many more there are. */
function shorten(names: readonly string[]): string {
  let length = 0;
  for (const [i, name] of names.entries()) {
    length += name.length + (i > 0 ? 2 : 0);
    invariant(i < names.length, 'a name is in its list');
    if (i > 0 && length > 50) return `${names.slice(0, i).join(', ')} (and ${names.length - i} more)`;
  }
  return names.join(', ');
}
