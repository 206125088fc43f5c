import type { FlowFilter } from '../../hubble/flow.ts';
import { enumOf } from '../../hubble/cel/types.ts';
import { FILTER_MEMBERS } from './observe-filters.ts';
import { decodeProto, flowField, type ProtoField, ProtoFailure } from './proto-json.ts';

/** What the items of a member are; strings where nothing else is said (flow.proto, FlowFilter). */
const MEMBERS: ReadonlyMap<string, ProtoField> = new Map<string, ProtoField>([
  ['source_identity', { kind: 'uint32' }],
  ['destination_identity', { kind: 'uint32' }],
  ['ip_trace_id', { kind: 'uint64' }],
  ['reply', { kind: 'bool' }],
  ['encrypted', { kind: 'bool' }],
  ['verdict', { kind: 'enum', names: enumOf('verdict') }],
  ['ip_version', { kind: 'enum', names: enumOf('ipVersion') }],
  ['traffic_direction', { kind: 'enum', names: enumOf('traffic_direction') }],
  ['source_workload', { kind: 'message', message: 'flow.Workload' }],
  ['destination_workload', { kind: 'message', message: 'flow.Workload' }],
  ['interface', { kind: 'message', message: 'flow.NetworkInterface' }],
  ['event_type', { kind: 'message', message: 'flow.EventTypeFilter' }],
  ['http_header', { kind: 'message', message: 'flow.HTTPHeader' }],
  ['tcp_flags', { kind: 'message', message: 'flow.TCPFlags' }],
  ['experimental', { kind: 'message', message: 'flow.FlowFilter.Experimental', isList: false }],
]);

const EVENT_TYPE: ReadonlyMap<string, ProtoField> = new Map<string, ProtoField>([
  ['type', { kind: 'int32' }],
  ['match_sub_type', { kind: 'bool' }],
  ['sub_type', { kind: 'int32' }],
]);

function filterField(message: string, name: string): ProtoField | undefined {
  if (message === 'flow.EventTypeFilter') return EVENT_TYPE.get(name);
  if (message === 'flow.FlowFilter.Experimental')
    return name === 'cel_expression' ? { kind: 'string', isList: true } : undefined;
  if (message !== 'flow.FlowFilter') return flowField(message, name);
  if (name === 'drop_reason_desc') return { kind: 'enum', names: enumOf(name), isList: true };
  if (!FILTER_MEMBERS.has(name)) return undefined;
  return { isList: true, ...(MEMBERS.get(name) ?? { kind: 'string' }) };
}

/** Reads `--allowlist` and `--denylist`: filters in JSON one after the other, as protobuf takes them. */
export function decodeFilters(text: string): readonly FlowFilter[] | { readonly error: string } {
  const filters: FlowFilter[] = [];
  let rest = text.trimStart();
  while (rest !== '') {
    const end = endOfValue(rest);
    const piece = rest.slice(0, end);
    const problem = jsonProblem(piece);
    if (problem !== undefined) return { error: problem };
    rest = rest.slice(end).trimStart();
    try {
      const options = { schema: filterField, ignoresUnknown: false };
      filters.push(decodeProto(piece, 'flow.FlowFilter', options) as FlowFilter);
    } catch (error) {
      if (error instanceof ProtoFailure) return { error: error.message };
      throw error;
    }
  }
  return filters;
}

/** Where the JSON value at the beginning of a text ends. */
function endOfValue(text: string): number {
  let depth = 0;
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]|[^\s{}[\]"]+/g)) {
    if (/^[{[]/.test(match[0])) depth++;
    if (/^[}\]]/.test(match[0])) depth--;
    if (depth <= 0) return match.index + match[0].length;
  }
  return text.length;
}

/** What encoding/json says of a text that is no JSON. */
function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    const first = /^\{\s*([^\s"}])/.exec(text)?.[1];
    if (first !== undefined) return `invalid character '${first}' looking for beginning of object key string`;
    const start = text[0];
    return start === '{' || start === '['
      ? 'unexpected EOF'
      : `invalid character '${start ?? ''}' looking for beginning of value`;
  }
}
