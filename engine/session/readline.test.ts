import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Terminal } from '@xterm/headless';
import { expect, test } from 'vitest';
import { Desk } from './desk.ts';
import { headerOf } from './headless.ts';
import { labNow } from './testdata/labs.ts';

/** The size of the terminal that bash was recorded on, and the files of its home folder. */
const COLUMNS = 60;
const ROWS = 20;
const FILES = [
  ['alpha.txt', 'one\ntwo\n'],
  ['alphabet.txt', 'abc\n'],
  ['beta.yaml', 'k: v\n'],
  ['folder/inner.txt', 'x\n'],
] as const;

/** Keys, and the screen that bash 5.2 had drawn in the end, with the cursor's place. Runs of letters were typed one by one. */
type Recorded = { readonly keys: readonly string[]; readonly screen: string };

const RECORDED: readonly Recorded[] = ['screens', 'jobs'].flatMap((name) =>
  readFileSync(join(import.meta.dirname, `testdata/readline/${name}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line)),
);

/** Wall time for what follows a key; commands need more. */
const KEY_MS = 100;
const COMMAND_MS = 800;

async function type(keys: readonly string[]): Promise<string> {
  const bundle = labNow('playground');
  const terminal = new Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  let written = Promise.resolve();
  const desk = new Desk((event) => {
    if (event.kind === 'screen') terminal.reset();
    if (event.kind === 'screen' || event.kind === 'output')
      written = new Promise((resolve) => terminal.write(event.data, resolve));
  });
  let wallMs = 0;
  const pass = async (ms: number) => {
    for (const endMs = wallMs + ms; wallMs < endMs; ) await desk.pump((wallMs += KEY_MS));
  };
  const opening = {
    bundle,
    header: headerOf(bundle, 7),
    entries: [],
    solved: [],
    task: 0,
    isReadOnly: false,
  };
  desk.take({ kind: 'open', ...opening });
  await pass(KEY_MS);
  desk.take({ kind: 'resize', terminal: 1, columns: COLUMNS, rows: ROWS });
  for (const [path, content] of FILES) desk.take({ kind: 'save', path: `/home/learner/${path}`, content });
  await pass(KEY_MS);
  for (const key of keys.flatMap((run) => (/^[^\x00-\x1f\x7f]/.test(run) ? [...run] : [run]))) {
    desk.take({ kind: 'keys', terminal: 1, data: key });
    await pass(key.endsWith('\r') ? COMMAND_MS : KEY_MS);
  }
  await pass(COMMAND_MS);
  await written;
  const { active } = terminal.buffer;
  const lines = Array.from({ length: active.length }, (_, at) => active.getLine(at)?.translateToString(true));
  return `${lines.join('\n').trimEnd()}\n(${active.cursorX},${active.baseY + active.cursorY})`.replace(
    /^\[(\d)\] \d+$/gm,
    '[$1] PID',
  );
}

test(`${RECORDED.length} recorded screens: the prompt edits, recalls, searches and completes, and jobs come and go, as in bash`, {
  timeout: 120_000,
}, async () => {
  const differing: (Recorded & { readonly ours: string })[] = [];
  for (const { keys, screen } of RECORDED) {
    const ours = await type(keys);
    if (ours !== screen) differing.push({ keys, screen, ours });
  }
  expect(RECORDED.length).toBeGreaterThanOrEqual(150);
  expect(differing).toEqual([]);
});
