import { Signalled } from '../../base/process.ts';
import type { Flow } from '../../hubble/flow.ts';
import type { Process } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
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

const LISTS = new Map([
  ['--from', 'from'],
  ['--to', 'to'],
  ['--related-to', 'related'],
]);

const SWITCHES = new Map([
  ['-n', 'numeric'],
  ['--numeric', 'numeric'],
  ['-j', 'json'],
  ['--json', 'json'],
  ['--hex', 'hex'],
  ['-v', 'verbose'],
  ['--verbose', 'verbose'],
]);

/** Reads the words after `monitor`; `error` is its line. */
export function monitorRequest(words: readonly string[]): MonitorRequest | { readonly error: string } {
  const lists = {
    types: new Set<number>(),
    from: new Set<number>(),
    to: new Set<number>(),
    related: new Set<number>(),
  };
  const counts = new Map<string, number>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    const name = equals < 0 ? word : word.slice(0, equals);
    const glued = /^-t(.+)$/.exec(word)?.[1];
    const takes = (): string =>
      glued?.replace(/^=/, '') ?? (equals >= 0 ? word.slice(equals + 1) : (words[++i] ?? ''));
    const count = /^-(v+)$/.exec(word)?.[1]?.length;
    const list = LISTS.get(name);
    const isValued = list !== undefined || ['--type', '-t', '--monitor-socket'].includes(name);
    if (isValued && equals < 0 && i === words.length - 1)
      return {
        error: `Error: flag needs an argument: ${name === '-t' ? "'t' in -t" : name}`,
      };
    if (count !== undefined) counts.set('verbose', (counts.get('verbose') ?? 0) + count);
    else if (SWITCHES.has(name)) {
      const key = SWITCHES.get(name) ?? '';
      counts.set(key, (counts.get(key) ?? 0) + (word.endsWith('=false') ? 0 : 1));
    } else if (name === '--type' || name === '-t' || glued !== undefined) {
      const problem = addTypes(lists.types, takes());
      if (problem !== undefined) return { error: problem };
    } else if (list !== undefined) {
      const problem = addNumbers(lists[list as 'from'], name, takes());
      if (problem !== undefined) return { error: problem };
    } else if (name === '--monitor-socket') takes();
    else if (word.startsWith('-')) return { error: `Error: unknown flag: ${name}` };
  }
  const verbosity = counts.get('verbose') ?? 0;
  const form: MonitorForm =
    (counts.get('json') ?? 0) > 0 ? 'json' : verbosity === 0 ? 'info' : verbosity === 1 ? 'debug' : 'verbose';
  const isOn = (key: string): boolean => (counts.get(key) ?? 0) > 0;
  return { ...lists, form, isNumeric: isOn('numeric'), isHex: isOn('hex') };
}

function addTypes(types: Set<number>, value: string): string | undefined {
  const type = TYPES.get(value);
  // The names stand as Go prints a map.
  if (type === undefined)
    return `Error: invalid argument ${JSON.stringify(value)} for "-t, --type" flag: Unknown type (${value}). Please use one of the following ones map[${[...TYPES].map(([name, number]) => `${name}:${number}`).join(' ')}]`;
  types.add(type);
  return undefined;
}

function addNumbers(numbers: Set<number>, flag: string, value: string): string | undefined {
  if (!/^\d+$/.test(value) || Number(value) > 65_535)
    return `Error: invalid argument ${JSON.stringify(value)} for "${flag}" flag: strconv.ParseUint: parsing ${JSON.stringify(value)}: ${/^\d+$/.test(value) ? 'value out of range' : 'invalid syntax'}`;
  numbers.add(Number(value));
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
