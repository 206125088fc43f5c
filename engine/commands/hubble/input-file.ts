import type { FlowsResponse } from '../../hubble/flow.ts';
import { decodeProto, flowField, type ProtoField, ProtoFailure } from './proto-json.ts';

const RESPONSE = 'observer.GetFlowsResponse';

/** observer.proto's answer and what may stand in it beside a flow. */
const FIELDS: ReadonlyMap<string, ReadonlyMap<string, ProtoField>> = new Map([
  [
    RESPONSE,
    new Map<string, ProtoField>([
      ['flow', { kind: 'message', message: 'flow.Flow' }],
      ['node_status', { kind: 'message', message: 'relay.NodeStatusEvent' }],
      ['lost_events', { kind: 'message', message: 'flow.LostEvent' }],
      ['node_name', { kind: 'string' }],
      ['time', { kind: 'time' }],
    ]),
  ],
  [
    'relay.NodeStatusEvent',
    new Map<string, ProtoField>([
      ['state_change', { kind: 'enum' }],
      ['node_names', { kind: 'string', isList: true }],
      ['message', { kind: 'string' }],
    ]),
  ],
  [
    'flow.LostEvent',
    new Map<string, ProtoField>([
      ['source', { kind: 'enum' }],
      ['num_events_lost', { kind: 'uint64' }],
      ['cpu', { kind: 'int32', isWrapped: true }],
      ['first', { kind: 'time' }],
      ['last', { kind: 'time' }],
    ]),
  ],
]);

function field(message: string, name: string): ProtoField | undefined {
  const own = FIELDS.get(message);
  return own ? own.get(name) : flowField(message, name);
}

/** What a file says, and what there is to tell about lines that are no answers or know more than this version. */
export type ResponseFile = { readonly responses: readonly FlowsResponse[]; readonly news: readonly string[] };

/** Reads answers of GetFlows line by line, as `hubble observe --input-file` does (io_reader_observer.go). */
export function readResponses(text: string): ResponseFile {
  const responses: FlowsResponse[] = [];
  const news: string[] = [];
  let ignoresUnknown = false;
  const decoded = (line: string): FlowsResponse => {
    const found = decodeProto(line, RESPONSE, { schema: field, ignoresUnknown });
    const names = [...(FIELDS.get(RESPONSE)?.keys() ?? [])].filter((name) => Object.hasOwn(found, name));
    return Object.fromEntries(names.map((name) => [name, found[name]]));
  };
  for (const line of linesOf(text)) {
    try {
      responses.push(decoded(line));
    } catch (error) {
      if (!(error instanceof ProtoFailure)) throw error;
      const wasIgnoring: boolean = ignoresUnknown;
      ignoresUnknown = true;
      try {
        if (wasIgnoring) throw error;
        responses.push(decoded(line));
        news.push(
          `msg="unknown field detected, upgrade the Hubble CLI to get rid of this warning" error=${logValue(error.message)}`,
        );
      } catch (again) {
        if (!(again instanceof ProtoFailure)) throw again;
        ignoresUnknown = wasIgnoring;
        news.push(
          `msg="Failed to unmarshal json to flow" error=${logValue(again.message)} line=${logValue(line)}`,
        );
      }
    }
  }
  // Nothing is printed of answers that are none of the three.
  return {
    responses: responses.filter((one) => one.flow ?? one.node_status ?? one.lost_events),
    news,
  };
}

/** Lines as bufio.Scanner has them: without the carriage return, and none behind the last line break. */
function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => line.replace(/\r$/, ''));
}

/** A value as Go's slog writes it: in quotes when it has to be. */
export function logValue(text: string): string {
  return text === '' || /[\s"=\\]|[^\x20-\x7e]/.test(text) ? JSON.stringify(text) : text;
}
