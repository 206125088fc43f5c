import { isJsonObject, type JsonObject } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import type { Input, JournalEntry, JournalHeader } from './protocol.ts';
import { REPLAY_VERSION } from './protocol.ts';

/** A journal that cannot be taken, with the reason in words for the person who sees it. */
export type JournalFault = { readonly error: string; readonly sequence?: number };

/** True for the value that names what is wrong. */
export function isFault(value: object): value is JournalFault {
  return 'error' in value;
}

/**
 * Takes entries that came from outside (a browser, a file) and proves their form: sequences without a gap from `from`,
 * known inputs of bounded size. Whether they describe something that can have happened, only a replay tells.
 */
export function decodeEntries(
  raw: unknown,
  from = 1,
): { readonly entries: readonly JournalEntry[] } | JournalFault {
  if (!Array.isArray(raw)) return { error: 'the journal is not a list' };
  if (from - 1 + raw.length > LIMITS.journalEntriesMax)
    return { error: `a journal has at most ${LIMITS.journalEntriesMax} entries` };
  const entries: JournalEntry[] = [];
  for (const [index, item] of raw.entries()) {
    const sequence = from + index;
    if (!isJsonObject(item)) return { error: 'an entry is not an object', sequence };
    if (item['sequence'] !== sequence)
      return { error: `entry ${String(item['sequence'])} stands where ${sequence} belongs`, sequence };
    if (!isCount(item['step']) || !isMoment(item['atMs']))
      return { error: 'an entry has no valid moment', sequence };
    const input = decodeInput(item['input'], sequence);
    if ('error' in input) return { error: input.error, sequence };
    entries.push({ sequence, atMs: item['atMs'], step: item['step'], input: input.input });
  }
  return { entries };
}

/** Takes a journal's header from outside. */
export function decodeHeader(raw: unknown): { readonly header: JournalHeader } | JournalFault {
  if (!isJsonObject(raw)) return { error: 'the journal has no header' };
  const { replayVersion, lab, labVersion, seed, epochMs, term } = raw;
  if (replayVersion !== REPLAY_VERSION)
    return {
      error: `this journal is of version ${String(replayVersion)}, and this program replays version ${REPLAY_VERSION}: reload the page`,
    };
  if (
    typeof lab !== 'string' ||
    typeof labVersion !== 'string' ||
    lab.length > 100 ||
    labVersion.length > 100
  )
    return { error: 'the header names no lab' };
  if (!isCount(seed) || !isMoment(epochMs)) return { error: 'the header has no valid seed and epoch' };
  if (term !== undefined && term !== 'dumb') return { error: 'the header names an unknown terminal' };
  return {
    header: { replayVersion, lab, labVersion, seed, epochMs, ...(term === undefined ? {} : { term }) },
  };
}

function decodeInput(raw: unknown, sequence: number): { readonly input: Input } | { readonly error: string } {
  if (!isJsonObject(raw)) return { error: 'an entry has no input' };
  const kind = String(raw['kind']);
  const shape = Object.hasOwn(SHAPES, kind) ? SHAPES[kind] : undefined;
  if (shape === undefined)
    return { error: `the input ${JSON.stringify(raw['kind']) ?? 'undefined'} is unknown` };
  for (const key of Object.keys(raw))
    if (key !== 'kind' && !Object.hasOwn(shape, key))
      return { error: `the input has an unknown member ${key.slice(0, 40)}` };
  for (const [key, isValid] of Object.entries(shape))
    if (!isValid(raw[key])) return { error: `the input's ${key} is not valid or too large` };
  if (raw['kind'] === 'goto' && Number(raw['sequence']) >= sequence)
    return { error: 'an entry goes to its own future' };
  return { input: raw as JsonObject as unknown as Input };
}

type Shape = Readonly<Record<string, (value: unknown) => boolean>>;

const isText = (max: number) => (value: unknown) => typeof value === 'string' && value.length <= max;
const isOneOf =
  (...values: readonly unknown[]) =>
  (value: unknown) =>
    values.includes(value);
const isTerminal = (value: unknown) => isCount(value) && value >= 1 && value <= 99;
const isPath = (value: unknown) =>
  typeof value === 'string' && value.startsWith('/') && value.length <= 4096 && !value.includes('\0');
const isSize = (value: unknown) => isCount(value) && value >= 1 && value <= 1000;

const SHAPES: Readonly<Record<string, Shape>> = {
  line: { terminal: isTerminal, text: isText(LIMITS.inputCharactersMax) },
  bytes: { terminal: isTerminal, data: isText(LIMITS.inputCharactersMax) },
  terminal: { terminal: isTerminal, change: isOneOf('open', 'close') },
  size: { terminal: isTerminal, columns: isSize, rows: isSize },
  save: { path: isPath, content: isText(LIMITS.fileCharactersMax) },
  task: { task: isCount, from: isOneOf('here', 'solutions') },
  hint: { task: isCount, rung: isOneOf(1, 2, 3, 4) },
  answer: { task: isCount, question: isCount, choice: isText(1000) },
  predict: {
    task: isCount,
    cells: (value) => Array.isArray(value) && value.length <= 100 && value.every(isText(40)),
  },
  browse: { url: isText(8192) },
  goto: { sequence: isCount, atMs: isMoment, step: isCount },
};

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** A virtual time: a finite number of milliseconds, not before 1970 nor after 9999. */
function isMoment(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 253_402_300_799_000;
}

/**
 * The inputs that lead to the state right after entry `sequence` (0: the beginning), in order, gotos resolved: undo and
 * redo are entries, so the way to a state is a path through history and not a prefix of it.
 */
export function pathTo(entries: readonly JournalEntry[], sequence: number): readonly JournalEntry[] {
  const path: JournalEntry[] = [];
  let at = sequence;
  while (at > 0) {
    const entry = entries[at - 1];
    if (entry === undefined) break;
    if (entry.input.kind === 'goto') {
      at = entry.input.sequence;
      continue;
    }
    path.push(entry);
    // Beginning a task on the solutions makes a new sandbox: nothing before it matters.
    at = entry.input.kind === 'task' && entry.input.from === 'solutions' ? 0 : at - 1;
  }
  return path.reverse();
}

/** Inputs that undo takes back one at a time; the others (hints, sizes, tabs) stay. */
export function isUndoable(input: Input): boolean {
  return input.kind === 'line' || input.kind === 'save' || input.kind === 'task' || input.kind === 'bytes';
}
