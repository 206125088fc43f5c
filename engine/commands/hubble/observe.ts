import { Signalled } from '../../base/process.ts';
import type { Flow, FlowsResponse } from '../../hubble/flow.ts';
import { buildFilters } from '../../hubble/filter.ts';
import { FilterError } from '../../hubble/filter-error.ts';
import '../../hubble/cel/cel.ts';
import { FlowPrinter, type PrinterOptions } from '../../hubble/printer.ts';
import { DEFAULT_MASK, fieldMask, type FieldMask } from '../../hubble/field-mask.ts';
import { timeFormatOf } from '../../hubble/time.ts';
import type { Process } from '../../shell/program.ts';
import type { HubbleObserver, Ports } from '../ports.ts';
import {
  FILTER_FLAGS,
  type FlagUse,
  isTrue,
  OBSERVE_FLAGS,
  parseFlags,
  parseList,
  parseUint,
} from './flags.ts';
import { helpPage } from './help.ts';
import { type FilterLists, FilterReader, rawFilters } from './observe-filters.ts';
import { logValue, readResponses } from './input-file.ts';
import { decodeFilters } from './raw-filters.ts';
import { absolutePath, reachObserver, settingsProblem } from './server.ts';
import { debugNote, logLine, settingsOf } from './settings.ts';
import { parseSince } from './since.ts';

/** As a number of flows: every one. */
const ALL = 2n ** 64n - 1n;

/** Flows that `hubble observe` shows when nothing else was asked for. */
const LAST_DEFAULT = 20;

const OUTPUTS = new Map<string, PrinterOptions['output']>([
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
  readonly isSilent: boolean;
  readonly mask: FieldMask | undefined;
  /** True when only what is printed is asked for. */
  readonly isThin: boolean;
  /** What we have to say about the line on standard error. */
  readonly note: string | undefined;
  readonly uses: ReadonlyMap<string, string>;
};

const FILTER_NAMES = new Set(FILTER_FLAGS.map((spec) => spec.name));

/** Reads the words after `observe`. `nowMs` resolves durations. Errors come in the order in which the real CLI finds them. */
export function observeRequest(
  words: readonly string[],
  options: { readonly nowMs: number; readonly hasTty: boolean; readonly isLegacy: boolean },
): ObserveRequest | { readonly error: string } | { readonly help: true } {
  // Only against a server: recorded flows are filtered exactly as the real CLI does it.
  const isLenient = !words.some((word) => /^--input-file(=|$)/.test(word));
  const reader = new FilterReader({ isLenient });
  const parsed = parseFlags(words, OBSERVE_FLAGS, (use) =>
    FILTER_NAMES.has(use.name) ? reader.accept(use) : undefined,
  );
  if ('error' in parsed) return parsed;
  const uses = new Map(parsed.uses.map((use) => [use.name, use.value]));
  const isOn = (name: string): boolean => isTrue(uses.get(name));
  if (isOn('help')) return { help: true };
  const filters = reader.lists();
  if ('error' in filters) return filters;
  const output = OUTPUTS.get(uses.get('output') ?? 'compact');
  if (!output) return { error: `invalid output format: ${uses.get('output') ?? ''}` };
  if (output === 'table' && isOn('follow'))
    return { error: 'table output format is not compatible with follow mode' };
  const paths = parsed.uses.flatMap((use) => (use.name === 'field-mask' ? listOf(use.value) : []));
  if (paths.length > 0 && !['json', 'jsonpb'].includes(output))
    return {
      error: `${uses.get('output') ?? 'compact'} output format is not compatible with custom field mask`,
    };
  const selection = selectionOf(uses, options.nowMs);
  if ('error' in selection) return selection;
  const lists = rawLists(filters, parsed.uses);
  if ('error' in lists) return lists;
  const mask = paths.length > 0 ? fieldMask(paths) : undefined;
  if (mask && 'error' in mask) return { error: `failed to construct field mask: ${mask.error}` };
  const isThin = !uses.has('use-default-field-masks') || isOn('use-default-field-masks');
  const color = uses.get('color') ?? 'auto';
  return {
    lists,
    ...selection,
    printer: {
      output: output === 'json' && options.isLegacy ? 'json-legacy' : output,
      timeFormat: timeFormatOf(uses.get('time-format') ?? 'StampMilli'),
      withNodeName: isOn('print-node-name'),
      withPolicyNames: isOn('print-policy-names'),
      withNames: !isOn('numeric') && (!uses.has('ip-translation') || isOn('ip-translation')),
      withColor: color === 'always' || (color === 'auto' && options.hasTty),
      isDebug: isOn('debug'),
    },
    inputFile: uses.get('input-file') || undefined,
    isRaw: isOn('print-raw-filters'),
    isSilent: isOn('silent-errors'),
    mask,
    isThin: isThin && !['json', 'jsonpb'].includes(output),
    note: reader.note,
    uses,
  };
}

function listOf(text: string): readonly string[] {
  const list = parseList(text);
  return 'items' in list ? list.items : [];
}

function rawLists(lists: FilterLists, uses: readonly FlagUse[]): FilterLists | { readonly error: string } {
  const result = { allowlist: [...lists.whitelist], denylist: [...lists.blacklist] };
  for (const name of ['allowlist', 'denylist'] as const) {
    for (const use of uses.filter((item) => item.name === name)) {
      const filters = decodeFilters(use.value);
      if ('error' in filters)
        return { error: `invalid --${name} flag: failed to decode '${use.value}': ${filters.error}` };
      result[name].push(...filters);
    }
  }
  return { whitelist: result.allowlist, blacklist: result.denylist };
}

type Selection = Pick<ObserveRequest, 'number' | 'isFirst' | 'sinceMs' | 'untilMs' | 'isFollow'>;

/** Which events a line selects, or what is wrong with it. */
export function selectionOf(
  uses: ReadonlyMap<string, string>,
  nowMs: number,
): Selection | { readonly error: string } {
  const count = (name: string): number => {
    const number = parseUint(uses.get(name) ?? '0', 64);
    return number === ALL ? Number.POSITIVE_INFINITY : Number(number);
  };
  const [first, last] = [count('first'), count('last')];
  const isAll = isTrue(uses.get('all'));
  const isFollow = isTrue(uses.get('follow'));
  if (first > 0 && last > 0) return { error: 'cannot set both --first and --last' };
  if (first > 0 && isAll) return { error: 'cannot set both --first and --all' };
  if (first > 0 && isFollow) return { error: 'cannot set both --first and --follow' };
  if (last > 0 && isAll) return { error: 'cannot set both --last and --all' };
  const times: Record<string, number | undefined> = {};
  for (const name of ['since', 'until']) {
    const text = uses.get(name);
    if (text === undefined || text === '' || (name === 'until' && isFollow)) continue;
    times[name] = parseSince(text, nowMs);
    if (times[name] === undefined)
      return { error: `failed to parse the ${name} time: failed to convert ${text} to time` };
  }
  const hasTime = times['since'] !== undefined || times['until'] !== undefined;
  const isDefault = first === 0 && last === 0 && !isAll && !isFollow && !hasTime && !uses.get('input-file');
  const number = first > 0 ? first : last > 0 ? last : isDefault ? LAST_DEFAULT : undefined;
  return {
    number,
    isFirst: first > 0,
    sinceMs: times['since'],
    untilMs: isFollow ? undefined : times['until'],
    isFollow,
  };
}

/** `hubble observe`: exit 0, or 1 with one line. Ctrl-C while following is 0. `path` is how it was called. */
export async function observe(
  process: Process,
  ports: Ports,
  line: { readonly path: string; readonly words: readonly string[] },
): Promise<number> {
  const request = observeRequest(line.words, {
    nowMs: process.sys.nowMs(),
    // fatih/color: neither NO_COLOR nor a dumb terminal gets colours.
    hasTty:
      process.tty('stdout') !== undefined &&
      !process.env.has('NO_COLOR') &&
      process.env.get('TERM') !== 'dumb',
    isLegacy: process.env.get('HUBBLE_COMPAT') === 'legacy-json-output',
  });
  if ('help' in request) {
    await process.out(helpPage(line.path, process.machine.home));
    return 0;
  }
  if ('error' in request) return fail(process, request.error);
  await process.err(debugNote(process, request.uses));
  const problem = settingsProblem(process, settingsOf(process, request.uses));
  if (problem !== undefined) return fail(process, problem);
  if (request.note !== undefined) await process.err(`${request.note}\n`);
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
  if (isTrue(request.uses.get('port-forward')))
    return fail(process, 'cannot use --input-file and --auto-port-forward together');
  const text = path === '-' ? await process.stdin.readAll(process.sys) : contentOf(process, path);
  if (text === undefined) {
    const isFolder = process.machine.files.stat(absolutePath(process, path))?.kind === 'folder';
    return fail(
      process,
      isFolder ? `read ${path}: is a directory` : `open ${path}: no such file or directory`,
    );
  }
  const faults: string[] = [];
  const test = buildFilters(request.lists, (fault) => faults.push(fault));
  const { number } = request;
  if (!request.isFirst && number !== undefined && number > INPUT_LAST_MAX && Number.isFinite(number))
    return fail(process, `--last must be <= 1_000_000, got ${number}`);
  const { responses, news } = readResponses(text);
  for (const line of news) await process.err(logLine(process, `level=WARN ${line}`));
  const selected = select(responses, request, test);
  for (const fault of faults)
    await process.err(
      logLine(process, `level=ERROR msg="error running CEL program" error=${logValue(fault)}`),
    );
  await printAll(process, request, selected);
  return 0;
}

/** Flows that `--last` takes from a file. */
const INPUT_LAST_MAX = 1_000_000;

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
  if (!Number.isFinite(request.number)) return matching;
  return request.isFirst ? matching.slice(0, request.number) : matching.slice(-request.number);
}

function timeMs(time: string | undefined): number {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z$/.exec(time ?? '');
  return match ? Date.parse(`${match[1]}Z`) + Number(`0.${match[2] ?? '0'}`) * 1000 : 0;
}

function contentOf(process: Process, path: string): string | undefined {
  const read = process.machine.files.read(absolutePath(process, path));
  return 'content' in read ? read.content : undefined;
}

async function fromServer(process: Process, ports: Ports, request: ObserveRequest): Promise<number> {
  const reached = await reachObserver(process, ports, settingsOf(process, request.uses));
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
      const mask = maskFor(reached.observer, request);
      await printAll(
        process,
        request,
        flows.map((flow) => responseOf(flow, mask)),
      );
      return 0;
    }
    return await follow(process, request, { observer: reached.observer, isAlive: reached.isAlive });
  } finally {
    reached.close();
  }
}

/** What the server leaves of each flow: a mask of the line's own always counts, the default one only where the server heeds it. */
function maskFor(observer: HubbleObserver, request: ObserveRequest): FieldMask | undefined {
  if (request.mask || !request.isThin || observer.honoursMasks !== true) return request.mask;
  const mask = fieldMask(DEFAULT_MASK);
  return 'error' in mask ? undefined : mask;
}

/** What the server sends of a flow: a mask thins the flow itself, not what stands beside it. */
function responseOf(flow: Flow, mask: FieldMask | undefined): FlowsResponse {
  return {
    flow: mask ? mask.apply(flow) : flow,
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
    if (printed.err !== '' && !request.isSilent) await process.err(printed.err);
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
  const mask = maskFor(server.observer, request);
  const print = async (flows: readonly Flow[]): Promise<void> => {
    for (const flow of flows) await process.out(printer.print(responseOf(flow, mask)).out);
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
      const flows = cursor.take();
      for (const { node, count } of cursor.lost?.() ?? []) {
        const time = new Date(Math.floor(process.sys.nowMs())).toISOString();
        const lost = { source: 'HUBBLE_RING_BUFFER', num_events_lost: String(count) };
        await process.out(printer.print({ lost_events: lost, node_name: node, time }).out);
      }
      await print(flows);
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
