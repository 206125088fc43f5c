import { Signalled } from '../../base/process.ts';
import type { Flow } from '../../hubble/flow.ts';
import type { Process } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import {
  type FlagSpec,
  type FlagUse,
  invalidArgument,
  isTrue,
  parseFlags,
  parseUint,
} from '../hubble/flags.ts';
import { specsOf } from './dbg-command.ts';
import { endpointsOf, type MonitorForm, type MonitorOptions, monitorText } from './monitor-format.ts';

/** Names of `--type` and the event types behind them (pkg/monitor/api). */
const TYPES = new Map([
  ['agent', 130],
  ['capture', 3],
  ['debug', 2],
  ['drop', 1],
  ['l7', 129],
  ['policy-verdict', 5],
  ['trace', 4],
  ['trace-sock', 7],
]);

/** What `cilium monitor` was asked for. */
export type MonitorRequest = MonitorOptions & {
  readonly types: ReadonlySet<number>;
  readonly from: ReadonlySet<number>;
  readonly to: ReadonlySet<number>;
  readonly related: ReadonlySet<number>;
};

/** The flags of `monitor`. */
export const MONITOR_FLAGS =
  'from=[]uint16 hex json:j monitor-socket= numeric:n related-to=[]uint16 to=[]uint16 type:t=[]string verbose:v';

/** Reads the words after `monitor`; `error` is what is wrong with them. */
export function monitorRequest(
  words: readonly string[],
  specs: readonly FlagSpec[] = specsOf(MONITOR_FLAGS),
): MonitorRequest | { readonly error: string } {
  const types = new Set<number>();
  const [from, to, related] = [new Set<number>(), new Set<number>(), new Set<number>()];
  const lists = new Map([
    ['from', from],
    ['to', to],
    ['related-to', related],
  ]);
  const parsed = parseFlags(words, specs, (use) => {
    if (use.name === 'type') return addType(types, use);
    const list = lists.get(use.name);
    return list && addNumber(list, use);
  });
  if ('error' in parsed) return parsed;
  const count = (name: string): number =>
    parsed.uses.filter((use) => use.name === name && isTrue(use.value)).length;
  const verbosity = count('verbose');
  const form: MonitorForm =
    count('json') > 0 ? 'json' : verbosity === 0 ? 'info' : verbosity === 1 ? 'debug' : 'verbose';
  return { types, from, to, related, form, isNumeric: count('numeric') > 0, isHex: count('hex') > 0 };
}

function addType(types: Set<number>, use: FlagUse): string | undefined {
  const type = TYPES.get(use.value);
  if (type !== undefined) {
    types.add(type);
    return undefined;
  }
  // The names stand as Go prints a map.
  const names = [...TYPES].map(([name, number]) => `${name}:${number}`).join(' ');
  return invalidArgument(
    use,
    `Unknown type (${use.value}). Please use one of the following ones map[${names}]`,
  );
}

function addNumber(numbers: Set<number>, use: FlagUse): string | undefined {
  const number = parseUint(use.value, 16);
  if (typeof number === 'string')
    return invalidArgument(use, `strconv.ParseUint: parsing ${JSON.stringify(use.value)}: ${number}`);
  numbers.add(Number(number));
  return undefined;
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
      const text = cursor
        .take()
        .map((flow) => eventText(flow, request))
        .join('');
      if (text !== '') await process.out(text);
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

/** One event as asked for; empty for one that was not asked for. */
export function eventText(flow: Flow, request: MonitorRequest): string {
  if (request.types.size > 0 && !request.types.has(flow.event_type?.type ?? 0)) return '';
  return isMeant(flow, request) ? monitorText(flow, request) : '';
}

/** `--from`, `--to` and `--related-to` name endpoints; without them all events are meant. */
function isMeant(flow: Flow, request: MonitorRequest): boolean {
  const { from, to, related } = request;
  if (from.size + to.size + related.size === 0) return true;
  const { source, destination } = endpointsOf(flow);
  return from.has(source) || to.has(destination) || related.has(source) || related.has(destination);
}
