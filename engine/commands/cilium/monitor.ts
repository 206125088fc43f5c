import { fnv32a } from '../../base/hash.ts';
import { Signalled } from '../../base/process.ts';
import type { Flow } from '../../hubble/flow.ts';
import { DROP_REASONS, RESERVED } from '../../hubble/tables.ts';
import type { Process } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';

/** Names of `--type` and the event types behind them (pkg/monitor/api). */
const TYPES = new Map([
  ['agent', 130],
  ['capture', 3],
  ['debug', 2],
  ['drop', 1],
  ['l7', 129],
  ['policy-verdict', 5],
  ['recorder', 6],
  ['trace', 4],
  ['trace-sock', 7],
]);

const MATCHES = ['none', 'L3-Only', 'L3-L4', 'L4-Only', 'all', 'L3-Proto', 'Proto-Only'];
const TO_POINTS = new Map([
  [1, 'proxy'],
  [2, 'host from'],
  [3, 'stack'],
  [4, 'overlay'],
  [11, 'network'],
]);

/** What `cilium monitor` was asked for. */
export type MonitorRequest = { readonly types: ReadonlySet<number>; readonly isNumeric: boolean };

/** Reads the words after `monitor`; `error` is its line. */
export function monitorRequest(words: readonly string[]): MonitorRequest | { readonly error: string } {
  const types = new Set<number>();
  let isNumeric = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const equal = /^(--type|-t)=(.*)$/.exec(word);
    if (word === '-n' || word === '--numeric') isNumeric = true;
    if (word !== '-t' && word !== '--type' && !equal) continue;
    const name = equal ? (equal[2] ?? '') : (words[++i] ?? '');
    const type = TYPES.get(name);
    if (type === undefined) {
      return {
        error: `Error: invalid argument "${name}" for "-t, --type" flag: Unknown type (${name}). Please use one of the following ones [${[...TYPES.keys()].join(' ')}]`,
      };
    }
    types.add(type);
  }
  return { types, isNumeric };
}

/** Follows the events of the agent's node until it is interrupted. */
export async function monitor(process: Process, ports: Ports, request: MonitorRequest): Promise<number> {
  const observer = ports.observer(process.machine, 'unix:///var/run/cilium/hubble.sock');
  if (!observer) {
    await process.err(
      'level=error msg="Error while dialing" error="dial unix /var/run/cilium/monitor1_2.sock: connect: no such file or directory"\n',
    );
    return 1;
  }
  await process.err('Listening for events on 4 CPUs with 64x4096 of shared memory\nPress Ctrl-C to quit\n');
  const cursor = observer.follow({ whitelist: [], blacklist: [] });
  try {
    for (;;) {
      await process.sys.until(() => cursor.pending() || cursor.ended());
      for (const flow of cursor.take()) {
        const line = monitorLine(flow, request);
        if (line !== undefined) await process.out(`${line}\n`);
      }
      if (cursor.ended()) return 0;
    }
  } catch (error) {
    if (error instanceof Signalled && error.signal === 'INT') {
      await process.err('\nReceived an interrupt, disconnecting from monitor...\n\n');
      return 0;
    }
    throw error;
  } finally {
    cursor.stop();
  }
}

/** One event as the monitor writes it; undefined for an event that was not asked for. */
export function monitorLine(flow: Flow, request: MonitorRequest): string | undefined {
  const type = flow.event_type?.type ?? 0;
  if (request.types.size > 0 ? !request.types.has(type) : type === 7) return undefined;
  const identity = (side: 'source' | 'destination'): string => {
    const id = flow[side]?.identity ?? 0;
    return request.isNumeric ? String(id) : (RESERVED[id] ?? String(id));
  };
  if (type === 129) return recordLine(flow, identity);
  const hash = `0x${fnv32a(new TextBytes(tuple(flow)).bytes).toString(16)}`;
  if (type === 5) {
    const isEgress = flow.traffic_direction === 'EGRESS';
    const local = (isEgress ? flow.source : flow.destination)?.ID ?? 0;
    const action =
      flow.verdict === 'DROPPED'
        ? 'deny'
        : flow.verdict === 'REDIRECTED'
          ? 'redirect'
          : flow.verdict === 'AUDIT'
            ? 'audit'
            : 'allow';
    return `Policy verdict log: flow ${hash} local EP ID ${local}, remote ID ${identity(isEgress ? 'destination' : 'source')}, proto ${protocolOf(flow)}, ${isEgress ? 'egress' : 'ingress'}, action ${action}, auth: disabled, match ${MATCHES[flow.policy_match_type ?? 0] ?? 'none'}, ${tuple(flow)}`;
  }
  const pair = `identity ${identity('source')}->${identity('destination')}`;
  if (type === 1) {
    const reason = DROP_REASONS.get(flow.event_type?.sub_type ?? 0) ?? String(flow.event_type?.sub_type ?? 0);
    const endpoint = flow.traffic_direction === 'INGRESS' ? (flow.destination?.ID ?? 0) : 0;
    return `xx drop (${reason}) flow ${hash} to endpoint ${endpoint}, ifindex 12, file ${flow.file?.name ?? ''}:${flow.file?.line ?? 0}, , ${pair}: ${tuple(flow)}`;
  }
  const point = flow.event_type?.sub_type ?? 0;
  const words =
    point === 0
      ? `endpoint ${flow.destination?.ID ?? 0}`
      : point === 1
        ? `proxy port ${flow.proxy_port ?? 0}`
        : (TO_POINTS.get(point) ?? 'stack');
  return `-> ${words} flow ${hash} , ${pair} state ${(flow.trace_reason ?? 'unknown').toLowerCase()} ifindex lo orig-ip 0.0.0.0: ${tuple(flow)}`;
}

function protocolOf(flow: Flow): number {
  return flow.l4?.UDP ? 17 : flow.l4?.ICMPv4 ? 1 : flow.l4?.SCTP ? 132 : 6;
}

/** `a:p -> b:p tcp SYN`: of the TCP flags only SYN, ACK, RST and FIN are shown. */
function tuple(flow: Flow): string {
  const transport = flow.l4?.TCP ?? flow.l4?.UDP ?? flow.l4?.SCTP;
  const at = (address: string | undefined, port: number | undefined): string =>
    transport ? `${address ?? ''}:${port ?? 0}` : (address ?? '');
  const ends = `${at(flow.IP?.source, transport?.source_port)} -> ${at(flow.IP?.destination, transport?.destination_port)}`;
  if (flow.l4?.UDP) return `${ends} udp`;
  if (flow.l4?.ICMPv4) return `${ends} icmp ${(flow.Summary ?? '').replace('ICMPv4 ', '')}`;
  if (flow.l4?.SCTP) return `${ends} sctp`;
  const flags = (['SYN', 'ACK', 'RST', 'FIN'] as const).filter(
    (name) => flow.l4?.TCP?.flags?.[name] === true,
  );
  return `${ends} tcp ${flags.join(', ')}`;
}

function recordLine(flow: Flow, identity: (side: 'source' | 'destination') => string): string {
  const { l7 } = flow;
  const side = (end: 'source' | 'destination'): string =>
    `${flow[end]?.ID ?? 0} ([${(flow[end]?.labels ?? []).join(' ')}])`;
  const isReply = l7?.type === 'RESPONSE';
  const arrow = flow.traffic_direction === 'INGRESS' ? '<-' : '->';
  const kind = l7?.dns ? 'dns' : 'http';
  const ends = isReply
    ? `to ${side('destination')} from ${side('source')}`
    : `from ${side('source')} to ${side('destination')}`;
  const verdict = flow.verdict === 'DROPPED' ? 'Denied' : 'Forwarded';
  const head = `${arrow} ${isReply ? 'Response' : 'Request'} ${kind} ${ends}, identity ${identity('source')}->${identity('destination')}, verdict ${verdict}`;
  if (l7?.http) return `${head} ${l7.http.method ?? ''} ${l7.http.url ?? ''} => ${l7.http.code ?? 0}`;
  const answer = isReply ? ` TTL: ${l7?.dns?.ttl ?? 0} Answer: '${(l7?.dns?.ips ?? []).join(',')}'` : '';
  return `${head} DNS proxy: ${l7?.dns?.query ?? ''} ${(l7?.dns?.qtypes ?? []).join(',')}${answer}`;
}

/** The ASCII bytes of a text. */
class TextBytes {
  readonly bytes: Uint8Array;

  constructor(text: string) {
    this.bytes = Uint8Array.from(text, (character) => character.charCodeAt(0) & 255);
  }
}
