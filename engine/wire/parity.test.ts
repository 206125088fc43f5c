import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodeLab } from '../lab/decode.ts';
import { readLabFiles } from '../session/replay.ts';
import { findKubectl, type Outcome, parseChapters, runChapter } from './parity.ts';

const DATA = join(import.meta.dirname, 'testdata/parity');
const CHAPTERS = parseChapters(readFileSync(join(DATA, 'lines.txt'), 'utf8'));
const LINES = CHAPTERS.flatMap((chapter) => chapter.lines.filter((line) => !line.isSetup));
/** Two worlds, each with its real client, keep two cores busy. */
const POOL = 2;

/** The real one walks Go maps here and there, and now and then in another order: only what differs each time is a difference. */
const TRIES = 3;

async function settled(run: () => Promise<readonly Outcome[]>): Promise<readonly Outcome[]> {
  let outcomes = await run();
  for (let tries = 1; tries < TRIES; tries++) {
    if (outcomes.every((one) => one.isEqual || one.line.reason !== undefined)) break;
    const again = await run();
    outcomes = outcomes.map((one, index) => (one.isEqual ? one : (again[index] ?? one)));
  }
  return outcomes;
}

const found = findKubectl();

test('the list is long enough, and every line of it counts once', () => {
  expect(LINES.length).toBeGreaterThanOrEqual(1000);
  expect(LINES.every((line) => line.reason === undefined || line.reason.length > 10)).toBe(true);
});

test('a kubectl that is not upstream 1.32 is told apart', () => {
  expect(findKubectl('/nonexistent')).toEqual({ missing: 'there is no kubectl on the path' });
});

const missing = 'missing' in found ? found.missing : undefined;
const title = `our kubectl is the real one${missing === undefined ? '' : `: ${LINES.length} lines skipped, ${missing}`}`;

test.skipIf(missing !== undefined)(title, { timeout: 900_000 }, async () => {
  const bundle = decodeLab(readLabFiles(join(import.meta.dirname, '../../labs')), 'playground');
  if (bundle === undefined || 'missing' in found) throw new Error('the playground and kubectl are there');
  const waiting = [...CHAPTERS];
  const outcomes: Outcome[] = [];
  const work = async (): Promise<void> => {
    for (let chapter = waiting.shift(); chapter !== undefined; chapter = waiting.shift())
      outcomes.push(
        ...(await settled(() =>
          runChapter(chapter, { bundle, files: join(DATA, 'files'), kubectl: found.file, seed: 7 }),
        )),
      );
  };
  await Promise.all(Array.from({ length: POOL }, work));
  const differing = outcomes.filter((one) => !one.isEqual && one.line.reason === undefined);
  const deliberate = outcomes.filter((one) => one.line.reason !== undefined);
  const equal = outcomes.filter((one) => one.isEqual).length;
  console.log(
    `parity: ${outcomes.length} lines, ${equal} equal, ${deliberate.length} differ on purpose, ${differing.length} differ`,
  );
  expect(outcomes.length).toBe(LINES.length);
  // A deliberate difference that is none any more has lost its reason.
  expect(deliberate.filter((one) => one.isEqual).map((one) => one.line.run)).toEqual([]);
  expect(differing.map(({ line, ours, real }) => ({ run: line.run, ours, real }))).toEqual([]);
});
