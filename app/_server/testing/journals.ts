import path from 'node:path';
import type { LabBundle } from '../../../engine/lab/bundle.ts';
import { decodeLab } from '../../../engine/lab/decode.ts';
import { Headless, headerOf } from '../../../engine/session/headless.ts';
import type { Input, JournalEntry, JournalHeader } from '../../../engine/session/protocol.ts';
import { readLabFiles } from '../../../engine/session/replay.ts';
import { parseTranscript } from '../../../engine/session/transcript.ts';

/** A journal as a page has it. */
export type TestJournal = { readonly header: JournalHeader; readonly entries: readonly JournalEntry[] };

/** The lab that the tests play. */
export const SLUG = 'lock-down-the-database';

/** The tests' lab as it is now. */
export function testLab(): LabBundle {
  const lab = decodeLab(readLabFiles(path.resolve('labs')), SLUG);
  if (lab === undefined) throw new Error(`there is no lab ${SLUG}`);
  return lab;
}

/** The journal of a learner who types the solutions of the first `tasks` tasks, one after another. */
export async function honestJournal(lab: LabBundle, tasks: number): Promise<TestJournal> {
  const headless = await Headless.open(lab, { seed: 5 });
  for (const [index, task] of lab.tasks.slice(0, tasks).entries()) {
    if (index > 0) headless.input({ kind: 'task', task: index, from: 'here' });
    for (const step of parseTranscript(task.solution ?? '').steps) {
      if (step.kind === 'command') await headless.submit(step.input);
      if (step.kind === 'answer')
        headless.input({ kind: 'answer', task: index, question: step.question, choice: step.choice });
      if (step.kind === 'predict') headless.input({ kind: 'predict', task: index, cells: step.cells });
    }
  }
  return { header: headless.header, entries: headless.entries };
}

/** A journal of plain lines; whether they can have happened does not matter to whoever only keeps them. */
export function lines(lab: LabBundle, count: number, word = 'echo'): TestJournal {
  const header = headerOf(lab, 1);
  const input = (n: number): Input => ({ kind: 'line', terminal: 1, text: `${word} ${n}` });
  const entries = Array.from({ length: count }, (_, n) => ({
    sequence: n + 1,
    atMs: header.epochMs + n * 1_000,
    step: n * 10 + 50,
    input: input(n + 1),
  }));
  return { header, entries };
}
