import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { differences } from './testdata/comparison.ts';
import { type RecordedRun, replay } from './testdata/replay.ts';

// Further recordings of real tools: options, mistakes and situations that the first recording did not try.
const LINES = readFileSync(new URL('./testdata/more.jsonl', import.meta.url), 'utf8');

test('further recorded lines print and end as the real tools did', { timeout: 120_000 }, async () => {
  const wrong: string[] = [];
  for (const line of LINES.split('\n').filter(Boolean)) {
    const run = JSON.parse(line) as RecordedRun;
    const found = differences(run, await replay(run));
    if (found.length > 0) wrong.push(`${run.tool}: ${run.run}\n${found.join('\n')}`);
  }
  expect(wrong).toEqual([]);
});
