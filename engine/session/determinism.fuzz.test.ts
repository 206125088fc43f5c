import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumRealm, NO_BROWSER, type Realm } from '../../e2e/runtime/realms.ts';
import type { RealmJob } from '../../e2e/runtime/realm.ts';
import type { LabBundle } from '../lab/bundle.ts';
import { RandomSession } from './testdata/random-session.ts';
import { type Outcome, replayed } from './testdata/replayed.ts';

/** Sessions of a run. `FUZZ_SEED` begins elsewhere, `FUZZ_SESSIONS` makes more of them. */
const FIRST = Number(process.env['FUZZ_SEED'] ?? 1);
const SESSIONS = Number(process.env['FUZZ_SESSIONS'] ?? 100);

/** Seeds that once diverged, each with what was wrong; they stay. */
const PINNED: readonly number[] = [
  // Time travel to a moment after a task that was begun on solutions did not meet its history.
  9,
];

const SEEDS = [...new Set([...PINNED, ...Array.from({ length: SESSIONS }, (_, index) => FIRST + index)])];
const ACTIONS = 30;

let browser: Realm | undefined;
const bundles: Record<string, LabBundle> = {};
const jobs: RealmJob[] = [];
const lived: (Outcome & { readonly seed: number })[] = [];

beforeAll(async () => {
  browser = await chromiumRealm();
}, 120_000);

afterAll(async () => {
  await browser?.close();
});

test(`${SEEDS.length} random sessions replay to the state that was lived`, { timeout: 600_000 }, async () => {
  for (const seed of SEEDS) {
    const session = await RandomSession.open(seed);
    try {
      await session.play(ACTIONS);
      const { typist } = session;
      const outcome = {
        hash: typist.sandbox.hash(),
        solved: [...typist.solved].sort((a, b) => a - b),
        faithful: true,
      };
      // A journal goes over a wire before it is replayed.
      const history = JSON.parse(JSON.stringify(typist.history()));
      bundles[typist.bundle.slug] = typist.bundle;
      jobs.push({ ...history, lab: typist.bundle.slug });
      lived.push({ seed, ...outcome });
      expect({ seed, ...(await replayed(typist.bundle, history)) }).toEqual({ seed, ...outcome });
    } catch (error) {
      console.error(
        `seed ${seed} (FUZZ_SEED=${seed} FUZZ_SESSIONS=1 repeats it), in ${session.typist.bundle.slug}:\n${session.done.join('\n')}`,
      );
      throw error;
    }
  }
});

test('and to the same in a worker of Chromium', { timeout: 600_000 }, async ({ skip }) => {
  if (browser === undefined) return skip(NO_BROWSER);
  expect(jobs.length).toBe(SEEDS.length);
  const given = await browser.replay(bundles, jobs);
  expect(given.map((answer, index) => ({ seed: lived[index]?.seed, ...answer }))).toEqual(lived);
});
