import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { differences } from './testdata/comparison.ts';
import { leftOut } from './testdata/left-out.ts';
import { type RecordedRun, replay } from './testdata/replay.ts';

// Every recorded run whose situation the world `netlab` has is played there and compared. The list of what counts and what
// is left out, and why, is testdata/replayed.txt; `REPLAYED=write` writes it anew, `TOOLS_RECORDED=FILE` plays another
// recording, `ONLY=TOOL` shows the differences of one tool, `MATCH=TEXT` those of one command.

const OWN = new URL('./testdata/recorded.jsonl', import.meta.url);
const LIST = new URL('./testdata/replayed.txt', import.meta.url);
const other = process.env['TOOLS_RECORDED'];

/** Recorded tools whose runs are not kept in the project: no place of the world has these versions. */
const NOT_KEPT: Readonly<Record<string, number>> = {
  'curl 7.74.0': 351,
  'curl 8.23.0': 367,
  'libcurl 8.23.0 (via pycurl)': 8,
};

const COUNTED_LEAST = 1000;
const SHARE_LEAST = 0.9;

type Outcome = {
  readonly run: RecordedRun;
  readonly cause: string | undefined;
  readonly found: readonly string[];
};

async function playAll(): Promise<readonly Outcome[]> {
  const only = process.env['ONLY'];
  const match = process.env['MATCH'];
  const lines = readFileSync(other ?? OWN, 'utf8')
    .split('\n')
    .filter(Boolean);
  const outcomes: Outcome[] = [];
  for (const line of lines) {
    const run = JSON.parse(line) as RecordedRun;
    if (only !== undefined && !run.tool.includes(only)) continue;
    if (match !== undefined && !run.run.includes(match)) continue;
    const cause = leftOut(run);
    const found = cause === undefined ? await played(run) : [];
    outcomes.push({ run, cause, found });
    if (only !== undefined && found.length > 0)
      console.log(
        `--- ${run.tool} $ ${run.run} [${run.situation}]${run.tty ? ' tty' : ''}\n${found.join('\n')}`,
      );
  }
  return outcomes;
}

async function played(run: RecordedRun): Promise<readonly string[]> {
  try {
    return differences(run, await replay(run));
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message).slice(0, 400) : String(error)];
  }
}

/** One line for a run: what became of it, and which it is. */
function entry(outcome: Outcome): string {
  const { run, cause, found } = outcome;
  const state = cause !== undefined ? `left out (${cause})` : found.length === 0 ? 'equal' : 'differs';
  return `${state}: ${JSON.stringify(run.run)} [${run.situation}${run.tty ? ', tty' : ''}]`;
}

function listOf(outcomes: readonly Outcome[]): string {
  const tools = [...new Set(outcomes.map(({ run }) => run.tool))];
  const counted = outcomes.filter(({ cause }) => cause === undefined);
  const equal = counted.filter(({ found }) => found.length === 0);
  const kept = Object.entries(NOT_KEPT).map(
    ([name, count]) =>
      `${name}: 0 of ${count} counted, 0 equal\n  left out (no place of the virtual world has this version): all\n`,
  );
  const sections = tools.map((name) => {
    const own = outcomes.filter(({ run }) => run.tool === name);
    const mine = own.filter(({ cause }) => cause === undefined);
    const same = mine.filter(({ found }) => found.length === 0);
    return `${name}: ${mine.length} of ${own.length} counted, ${same.length} equal\n${own.map((one) => `  ${entry(one)}\n`).join('')}`;
  });
  const total = outcomes.length + Object.values(NOT_KEPT).reduce((sum, count) => sum + count, 0);
  return `${total} recorded, ${counted.length} counted, ${equal.length} equal\n\n${[...sections, ...kept].join('\n')}`;
}

test('the recorded tools print, end and take their time in the world netlab as they did', {
  timeout: 600_000,
}, async () => {
  const outcomes = await playAll();
  const list = listOf(outcomes);
  const counted = outcomes.filter(({ cause }) => cause === undefined);
  const equal = counted.filter(({ found }) => found.length === 0);
  const summary = list.split('\n').filter((line) => /^\S.*counted/.test(line));
  if (process.env['ONLY'] !== undefined || other !== undefined) console.log(summary.join('\n'));
  if (process.env['ONLY'] !== undefined) return;
  expect(equal.length / counted.length).toBeGreaterThanOrEqual(SHARE_LEAST);
  if (other !== undefined) return;
  if (process.env['REPLAYED'] === 'write') writeFileSync(LIST, list);
  expect(counted.length).toBeGreaterThanOrEqual(COUNTED_LEAST);
  expect(existsSync(LIST)).toBe(true);
  const before = readFileSync(LIST, 'utf8').split('\n');
  const state = (lines: readonly string[], word: string): string[] =>
    lines.filter((line) => line.startsWith(`  ${word}`)).sort();
  // What is listed as left out is left out for that cause, and nothing else; what was equal still is.
  expect(state(list.split('\n'), 'left out')).toEqual(state(before, 'left out'));
  const now = new Map<string, number>();
  for (const line of state(list.split('\n'), 'equal')) now.set(line, (now.get(line) ?? 0) + 1);
  const lost = state(before, 'equal').filter((line) => {
    const left = now.get(line) ?? 0;
    now.set(line, left - 1);
    return left <= 0;
  });
  expect(lost).toEqual([]);
});
