import { Signalled } from '../../base/process.ts';
import type { Flow, FlowFilter, FlowsResponse } from '../../hubble/flow.ts';
import { buildFilters } from '../../hubble/filter.ts';
import { FilterError } from '../../hubble/filter-error.ts';
import '../../hubble/cel/cel.ts';
import '../../hubble/re2.ts';
import { FlowPrinter, type PrinterOptions } from '../../hubble/printer.ts';
import { timeFormatOf } from '../../hubble/time.ts';
import type { Process } from '../../shell/program.ts';
import type { HubbleObserver, Ports } from '../ports.ts';
import { type FlagUse, invalidArgument, OBSERVE_FLAGS, parseFlags } from './flags.ts';
import { FILTER_MEMBERS, type FilterLists, filtersOf, rawFilters } from './observe-filters.ts';
import { reachObserver } from './server.ts';
import { parseSince } from './since.ts';

/** Flows that `hubble observe` shows when nothing else was asked for. */
const LAST_DEFAULT = 20;

const OUTPUTS = new Map<string, PrinterOptions['output']>([
  ['', 'compact'],
  ['compact', 'compact'],
  ['dict', 'dict'],
  ['json', 'json'],
  ['JSON', 'json'],
  ['jsonpb', 'jsonpb'],
  ['tab', 'table'],
  ['table', 'table'],
]);

/** What an `observe` line asks for. */
export type ObserveRequest = {
  readonly lists: FilterLists;
  readonly number: number | undefined;
  readonly isFirst: boolean;
  readonly sinceMs: number | undefined;
  readonly untilMs: number | undefined;
  readonly isFollow: boolean;
  readonly printer: PrinterOptions;
  readonly inputFile: string | undefined;
  readonly isRaw: boolean;
  readonly uses: ReadonlyMap<string, string>;
};

/** Reads the words after `observe`. `nowMs` resolves durations. */
export function observeRequest(
  words: readonly string[],
  options: { readonly nowMs: number; readonly hasTty: boolean; readonly isLegacy: boolean },
): ObserveRequest | { readonly error: string } | { readonly help: true } {
  const parsed = parseFlags(words, OBSERVE_FLAGS);
  if ('error' in parsed) return parsed;
  const filterNames = new Set(
    OBSERVE_FLAGS.filter((spec) => spec.kind === 'filter').map((spec) => spec.name),
  );
  const filters = filtersOf(parsed.uses.filter((use) => filterNames.has(use.name)));
  const uses = new Map(parsed.uses.map((use) => [use.name, use.value]));
  if (uses.get('help') === 'true') return { help: true };
  const bad = parsed.uses.map(badNumber).find((text) => text !== undefined);
  if (bad !== undefined) return { error: bad };
  if ('error' in filters) return filters;
  const lists = rawLists(filters, parsed.uses);
  if ('error' in lists) return lists;
  const output = OUTPUTS.get(uses.get('output') ?? '');
  if (!output) return { error: `invalid output format: ${uses.get('output') ?? ''}` };
  const selection = selectionOf(uses, options.nowMs);
  if ('error' in selection) return selection;
  if (output === 'table' && selection.isFollow)
    return { error: 'table output format is not compatible with follow mode' };
  const color = uses.get('color') ?? 'auto';
  const isOn = (name: string): boolean => uses.get(name) === 'true';
  return {
    lists,
    ...selection,
    printer: {
      output: output === 'json' && options.isLegacy ? 'json-legacy' : output,
      timeFormat: timeFormatOf(uses.get('time-format') ?? 'StampMilli'),
      withNodeName: isOn('print-node-name'),
      withPolicyNames: isOn('print-policy-names'),
      withNames: !isOn('numeric') && uses.get('ip-translation') !== 'false',
      withColor: color === 'always' || (color === 'auto' && options.hasTty),
      isDebug: isOn('debug'),
    },
    inputFile: uses.get('input-file'),
    isRaw: isOn('print-raw-filters'),
    uses,
  };
}

function badNumber(use: FlagUse): string | undefined {
  if (!['first', 'last', 'port-forward-port'].includes(use.name) || /^\d+$/.test(use.value)) return undefined;
  return invalidArgument(use, `strconv.ParseUint: parsing ${JSON.stringify(use.value)}: invalid syntax`);
}

function rawLists(lists: FilterLists, uses: readonly FlagUse[]): FilterLists | { readonly error: string } {
  const result = { allowlist: [...lists.whitelist], denylist: [...lists.blacklist] };
  for (const use of uses) {
    if (use.name !== 'allowlist' && use.name !== 'denylist') continue;
    try {
      const filter = JSON.parse(use.value) as Record<string, unknown>;
      const unknown = Object.keys(filter).find((key) => !FILTER_MEMBERS.has(key));
      if (unknown !== undefined)
        return {
          error: `invalid --${use.name} flag: failed to decode '${use.value}': proto:\u00a0(line 1:${use.value.indexOf(`"${unknown}"`) + 1}): unknown field ${JSON.stringify(unknown)}`,
        };
      result[use.name].push(filter as FlowFilter);
    } catch {
      const at = /[^\s{]/.exec(use.value)?.[0] ?? '';
      return {
        error: `invalid --${use.name} flag: failed to decode '${use.value}': invalid character '${at}' looking for beginning of object key string`,
      };
    }
  }
  return { whitelist: result.allowlist, blacklist: result.denylist };
}

type Selection = Pick<ObserveRequest, 'number' | 'isFirst' | 'sinceMs' | 'untilMs' | 'isFollow'>;

function selectionOf(
  uses: ReadonlyMap<string, string>,
  nowMs: number,
): Selection | { readonly error: string } {
  const [first, last] = [Number(uses.get('first') ?? 0), Number(uses.get('last') ?? 0)];
  const isAll = uses.get('all') === 'true';
  const isFollow = uses.get('follow') === 'true';
  if (first > 0 && last > 0) return { error: 'cannot set both --first and --last' };
  if (first > 0 && isAll) return { error: 'cannot set both --first and --all' };
  if (first > 0 && isFollow) return { error: 'cannot set both --first and --follow' };
  if (last > 0 && isAll) return { error: 'cannot set both --last and --all' };
  const times: Record<string, number | undefined> = {};
  for (const name of ['since', 'until']) {
    const text = uses.get(name);
    if (text === undefined) continue;
    times[name] = parseSince(text, nowMs);
    if (times[name] === undefined)
      return { error: `failed to parse the ${name} time: failed to convert ${text} to time` };
  }
  const hasTime = times['since'] !== undefined || times['until'] !== undefined;
  const isDefault = first === 0 && last === 0 && !isAll && !isFollow && !hasTime && !uses.has('input-file');
  const number = first > 0 ? first : last > 0 ? last : isDefault ? LAST_DEFAULT : undefined;
  return {
    number,
    isFirst: first > 0,
    sinceMs: times['since'],
    untilMs: isFollow ? undefined : times['until'],
    isFollow,
  };
}

/** `hubble observe`: exit 0, or 1 with one line. Ctrl-C while following is 0. */
export async function observe(process: Process, ports: Ports, words: readonly string[]): Promise<number> {
  const request = observeRequest(words, {
    nowMs: process.sys.nowMs(),
    // fatih/color: neither NO_COLOR nor a dumb terminal gets colours.
    hasTty:
      process.tty('stdout') !== undefined &&
      !process.env.has('NO_COLOR') &&
      process.env.get('TERM') !== 'dumb',
    isLegacy: process.env.get('HUBBLE_COMPAT') === 'legacy-json-output',
  });
  if ('help' in request) {
    await process.out(observeHelp());
    return 0;
  }
  if ('error' in request) return fail(process, request.error);
  if (request.isRaw) {
    await process.out(rawFilters(request.lists));
    return 0;
  }
  try {
    if (request.inputFile !== undefined) return await fromFile(process, request, request.inputFile);
    return await fromServer(process, ports, request);
  } catch (error) {
    if (error instanceof FilterError) return fail(process, error.message);
    throw error;
  }
}

async function fail(process: Process, text: string): Promise<number> {
  await process.err(`${text}\n`);
  return 1;
}

async function fromFile(process: Process, request: ObserveRequest, path: string): Promise<number> {
  const test = buildFilters(request.lists);
  const text = path === '-' ? await process.stdin.readAll(process.sys) : contentOf(process, path);
  if (text === undefined) return fail(process, `open ${path}: no such file or directory`);
  const responses: FlowsResponse[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    try {
      responses.push(JSON.parse(line) as FlowsResponse);
    } catch {
      return fail(process, `failed to decode: ${line}`);
    }
  }
  await printAll(process, request, select(responses, request, test));
  return 0;
}

/** The responses of a file that a request wants, in the file's order. */
export function select(
  responses: readonly FlowsResponse[],
  request: ObserveRequest,
  test: (flow: Flow) => boolean,
): readonly FlowsResponse[] {
  const matching = responses.filter((response) => {
    if (!response.flow) return true;
    const atMs = timeMs(response.flow.time);
    const isInTime =
      (request.sinceMs === undefined || atMs >= request.sinceMs) &&
      (request.untilMs === undefined || atMs <= request.untilMs);
    return isInTime && test(response.flow);
  });
  if (request.number === undefined) return matching;
  return request.isFirst ? matching.slice(0, request.number) : matching.slice(-request.number);
}

function timeMs(time: string | undefined): number {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z$/.exec(time ?? '');
  return match ? Date.parse(`${match[1]}Z`) + Number(`0.${match[2] ?? '0'}`) * 1000 : 0;
}

function contentOf(process: Process, path: string): string | undefined {
  const absolute = path.startsWith('/') ? path : `${process.cwd.replace(/\/$/, '')}/${path}`;
  const read = process.machine.files.read(absolute);
  return 'content' in read ? read.content : undefined;
}

async function fromServer(process: Process, ports: Ports, request: ObserveRequest): Promise<number> {
  const reached = await reachObserver(process, ports, request.uses);
  if ('error' in reached) return fail(process, reached.error);
  try {
    if (!request.isFollow) {
      const flows = reached.observer.flows({
        ...(request.number === undefined ? {} : { number: request.number }),
        first: request.isFirst,
        ...(request.sinceMs === undefined ? {} : { sinceMs: request.sinceMs }),
        ...(request.untilMs === undefined ? {} : { untilMs: request.untilMs }),
        ...request.lists,
      });
      await process.sys.sleep(4);
      await printAll(process, request, flows.map(responseOf));
      return 0;
    }
    return await follow(process, request, { observer: reached.observer, isAlive: reached.isAlive });
  } finally {
    reached.close();
  }
}

function responseOf(flow: Flow): FlowsResponse {
  return {
    flow,
    ...(flow.node_name === undefined ? {} : { node_name: flow.node_name }),
    ...(flow.time === undefined ? {} : { time: flow.time }),
  };
}

async function printAll(
  process: Process,
  request: ObserveRequest,
  responses: readonly FlowsResponse[],
): Promise<void> {
  const printer = new FlowPrinter(request.printer);
  for (const response of responses) {
    const printed = printer.print(response);
    if (printed.err !== '') await process.err(printed.err);
    if (printed.out !== '') await process.out(printed.out);
  }
  await process.out(printer.close());
}

async function follow(
  process: Process,
  request: ObserveRequest,
  server: { readonly observer: HubbleObserver; readonly isAlive: () => boolean },
): Promise<number> {
  const printer = new FlowPrinter(request.printer);
  const cursor = server.observer.follow(request.lists);
  const print = async (flows: readonly Flow[]): Promise<void> => {
    for (const flow of flows) await process.out(printer.print(responseOf(flow)).out);
  };
  try {
    if (request.number !== undefined || request.sinceMs !== undefined) {
      await print(
        server.observer.flows({
          ...(request.number === undefined ? {} : { number: request.number }),
          ...(request.sinceMs === undefined ? {} : { sinceMs: request.sinceMs }),
          ...request.lists,
        }),
      );
    }
    for (;;) {
      await process.sys.until(() => cursor.pending() || cursor.ended() || !server.isAlive());
      await print(cursor.take());
      if (cursor.ended() || !server.isAlive())
        return await fail(process, 'rpc error: code = Unavailable desc = error reading from server: EOF');
    }
  } catch (error) {
    if (error instanceof Signalled && error.signal === 'INT') return 0;
    throw error;
  } finally {
    cursor.stop();
  }
}

/** The help of `observe`: every flag, grouped as the real one groups them, in our own words. */
export function observeHelp(): string {
  const flags = OBSERVE_FLAGS.map(
    (spec) =>
      `  ${spec.short === undefined ? '    ' : `-${spec.short}, `}--${spec.name}${spec.kind === 'bool' ? '' : ' value'}\n`,
  );
  return `Shows the flows that Hubble kept, newest last.\n\nUsage:\n  hubble observe [flags]\n  hubble observe [command]\n\nFlags:\n${flags.join('')}`;
}
