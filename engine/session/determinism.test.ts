import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { chromiumRealm, NO_BROWSER, nodeRealm, type Plant, type Realm } from '../../e2e/runtime/realms.ts';
import { Matrix } from './live-matrix.ts';
import { REPLAY_VERSION } from './protocol.ts';
import { type Golden, goldenBundle, goldens } from './testdata/labs.ts';
import { RandomSession } from './testdata/random-session.ts';
import { replayed } from './testdata/replayed.ts';
import { STORIES } from './testdata/stories.ts';
import { resume } from './timeline.ts';

const GOLDENS = goldens();
const BUNDLES = Object.fromEntries(
  [...new Set(GOLDENS.map(({ header }) => header.lab))].map((lab) => [lab, goldenBundle(lab)]),
);
const bundleOf = (golden: Golden) => BUNDLES[golden.header.lab] ?? goldenBundle(golden.header.lab);

const expected = ({ name, hash, solved }: Golden) => ({ name, hash, solved, faithful: true });
const CHANGED =
  'Journals of learners no longer come to the same state. If that is meant: raise REPLAY_VERSION (engine/session/protocol.ts), then run node engine/session/testdata/record.ts';

const realms: { node?: Realm; chromium?: Realm | undefined } = {};

beforeAll(async () => {
  const [node, chromium] = await Promise.all([nodeRealm(), chromiumRealm()]);
  Object.assign(realms, { node, chromium });
}, 120_000);

afterAll(async () => {
  for (const realm of Object.values(realms)) await realm?.close();
});

/** The realm of that name; the browser's may be missing. */
const realmOf = (name: string, skip: (note: string) => never): Realm =>
  realms[name as 'node' | 'chromium'] ?? skip(NO_BROWSER);

// A loaded machine takes its time; none of this waits for anything.
vi.setConfig({ testTimeout: 180_000 });

describe('golden journals', () => {
  test('there are twenty, each of a story, all of this replay version', () => {
    expect(GOLDENS.map(({ name }) => name)).toEqual(STORIES.map(({ name }) => name).sort());
    expect(GOLDENS.length).toBeGreaterThanOrEqual(20);
    expect(
      GOLDENS.filter(({ header }) => header.replayVersion !== REPLAY_VERSION).map(({ name }) => name),
    ).toEqual([]);
    expect(
      GOLDENS.filter((golden) => golden.header.labVersion !== bundleOf(golden).version).map(
        ({ name }) => name,
      ),
    ).toEqual([]);
  });

  test('lead to the recorded state here', async () => {
    const outcomes = [];
    for (const golden of GOLDENS)
      outcomes.push({ name: golden.name, ...(await replayed(bundleOf(golden), golden)) });
    expect(outcomes, CHANGED).toEqual(GOLDENS.map(expected));
  });

  test.for(['node', 'chromium'])(
    'lead to the recorded state in a poisoned realm of %s',
    async (name, { skip }) => {
      const realm = realmOf(name, skip);
      const given = await realm.replay(
        BUNDLES,
        GOLDENS.map((golden) => ({ ...golden, lab: golden.header.lab })),
      );
      expect(
        given.map((answer, index) => ({ name: GOLDENS[index]?.name, ...answer })),
        CHANGED,
      ).toEqual(GOLDENS.map(expected));
    },
  );

  test('lead there by the shortest way too, without the branches that were undone', async () => {
    for (const golden of GOLDENS) {
      const { sandbox, faithful } = await resume(bundleOf(golden), golden.header, golden.entries);
      expect({
        name: golden.name,
        isThere: await sandbox.runTo(golden.end.atMs, golden.end.step),
        faithful,
        hash: sandbox.hash(),
      }).toEqual({ name: golden.name, isThere: true, faithful: true, hash: golden.hash });
    }
  });

  test('another seed, another epoch or a changed word lead elsewhere', async () => {
    const golden = GOLDENS.find(({ name }) => name === 'exec-it');
    if (golden === undefined) throw new Error('the story is recorded');
    const bundle = bundleOf(golden);
    const hashes = [golden.hash];
    hashes.push(
      (await replayed(bundle, { ...golden, header: { ...golden.header, seed: golden.header.seed + 1 } }))
        .hash,
    );
    hashes.push(
      (
        await replayed(bundle, {
          ...golden,
          entries: golden.entries.map((entry) => ({
            ...entry,
            input: JSON.parse(JSON.stringify(entry.input).replace('set a 1', 'set a 2')),
          })),
          header: { ...golden.header, epochMs: golden.header.epochMs + 1 },
        })
      ).hash,
    );
    expect(new Set(hashes).size).toBe(3);
  });
});

describe('the poison', () => {
  // What every realm of the engine refuses, also to a library. Locale methods of strings and dates are left to lint.
  const DEADLY = [
    'Math.random',
    'Date.now',
    'new Date()',
    'Date()',
    'setTimeout',
    'setInterval',
    'queueMicrotask',
    'fetch',
    'Intl.NumberFormat',
    'performance.now',
    'crypto.randomUUID',
    'crypto.getRandomValues',
    'localeCompare',
    'toLocaleString',
    'Date.toLocaleString',
    'getHours',
  ];

  test.for(['node', 'chromium'])(
    'clock, chance, timers, network and locale throw in the realm of %s',
    async (name, { skip }) => {
      const tastes = await realmOf(name, skip).taste();
      expect(DEADLY.filter((use) => !/not to be used in the engine/.test(tastes[use] ?? ''))).toEqual([]);
    },
  );
});

describe('a planted clock or chance', () => {
  const [golden] = GOLDENS.filter(({ name }) => name === 'simple-policies');
  const RANDOM: Plant = {
    file: /engine\/base\/random\.ts$/,
    find: 'set(stream, position + 1)',
    put: 'set(stream, position + 1 + Math.random())',
  };
  const SAFE: Plant = {
    file: /engine\/session\/poison\.ts$/,
    find: 'export function poison(realm: Record<string, unknown>): void {',
    put: 'export function poison(realm: Record<string, unknown>): void { return;',
  };

  async function outcomeWith(plants: readonly Plant[]) {
    const realm = await nodeRealm(plants);
    try {
      if (golden === undefined) throw new Error('the story is recorded');
      return (
        (await realm.replay(BUNDLES, [{ ...golden, lab: golden.header.lab }]))[0] ?? { error: 'no answer' }
      );
    } finally {
      await realm.close();
    }
  }

  test.each<[string, Plant, string]>([
    ['Math.random in the engine', RANDOM, 'Math.random'],
    [
      'Date.now in the engine',
      {
        file: /engine\/store\/store\.ts$/,
        find: 'put(',
        put: 'put(...planted: never[]): never { throw Date.now(); } unplanted(',
      },
      'Date.now',
    ],
    [
      'setTimeout in the engine',
      {
        file: /engine\/base\/clock\.ts$/,
        find: 'return timer.id;',
        put: 'setTimeout(() => {}, 0); return timer.id;',
      },
      'setTimeout',
    ],
    [
      'Date.now in a library',
      { file: /yaml\/.*compose\/composer\.js$/, find: '*next(token) {', put: '*next(token) { Date.now();' },
      'Date.now',
    ],
  ])('%s is caught where it runs', async (_, plant, name) => {
    expect(await outcomeWith([plant])).toEqual({
      error: expect.stringContaining(`${name} is not to be used in the engine`),
    });
  });

  test('without the poison, chance shows as another state', async () => {
    const outcome = await outcomeWith([RANDOM, SAFE]);
    expect(outcome).not.toHaveProperty('error');
    expect(outcome).not.toHaveProperty('hash', golden?.hash);
  });
});

describe('the live matrix', () => {
  const DRAFTS = ['database-policy.yaml', 'p.yaml', 'q.yaml'];

  test.each([1001, 1004, 1006, 1010, 1013, 1017])('leaves no trace in the state (seed %i)', async (seed) => {
    const plain = await RandomSession.open(seed);
    await plain.play(25);
    const watched = await RandomSession.open(seed);
    const drafts = await RandomSession.open(seed + 5_000);
    let cells = 0;
    let rejected = 0;
    await watched.play(25, () => {
      const matrix = new Matrix(watched.typist.sandbox);
      for (const name of DRAFTS) matrix.setDraft(`/home/learner/${name}`, drafts.text());
      const value = matrix.value();
      cells += value === undefined ? 0 : JSON.stringify(value).length;
      rejected += value?.rejected.length ?? 0;
      if (watched.typist.entries.length % 2 === 0) watched.typist.sandbox.checks();
    });
    expect(watched.typist.history()).toEqual(plain.typist.history());
    expect(watched.typist.sandbox.hash()).toBe(plain.typist.sandbox.hash());
    if (watched.typist.bundle.tasks.length > 0)
      expect({ hasCells: cells > 0, hasRejected: rejected > 0 }).toEqual({
        hasCells: true,
        hasRejected: true,
      });
  });
});
