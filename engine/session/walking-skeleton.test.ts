import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumRealm, NO_BROWSER, nodeRealm, type Realm } from '../../e2e/runtime/realms.ts';
import { labNow } from './testdata/labs.ts';
import { replayed } from './testdata/replayed.ts';
import { Typist } from './testdata/typist.ts';

// The whole house in one line of sight: a line goes through terminal, shell, baton, program, kubelet port, data plane,
// store and journal, and the journal leads to the same state wherever it is replayed.
describe('one echo and one curl', () => {
  const bundle = labNow('tiers');
  let typist: Typist;
  let hash: string;
  let realms: Readonly<Record<string, Realm | undefined>> = {};

  beforeAll(async () => {
    typist = await Typist.open(bundle, 1);
    await typist.type('echo hello > greeting');
    await typist.type('kubectl exec deploy/backend -- curl -s database/PING > reply');
    hash = typist.sandbox.hash();
    const [node, chromium] = await Promise.all([nodeRealm(), chromiumRealm()]);
    realms = { node, chromium };
  }, 120_000);

  afterAll(async () => {
    for (const realm of Object.values(realms)) await realm?.close();
  });

  test('come to what they say', () => {
    const { files, home } = typist.sandbox.workplace.workstation;
    expect(files.read(`${home}/greeting`)).toEqual({ content: 'hello\n' });
    expect(files.read(`${home}/reply`)).toEqual({ content: expect.stringContaining('PONG') });
    const flows = typist.sandbox.cluster.observer.flows({ number: 50, whitelist: [], blacklist: [] });
    expect(
      flows.some((flow) => flow.l4?.TCP?.destination_port === 7379 && flow.verdict === 'FORWARDED'),
    ).toBe(true);
    expect(typist.entries.map(({ input }) => input.kind)).toEqual(['line', 'line']);
  });

  test('replay to the same hash here', async () => {
    expect(await replayed(bundle, typist.history())).toEqual({ hash, solved: [], faithful: true });
  });

  test('a command that was left out is noticed', async () => {
    const history = typist.history();
    const entries = history.entries.slice(1).map((entry) => ({ ...entry, sequence: entry.sequence - 1 }));
    const outcome = await replayed(bundle, { ...history, entries });
    expect(outcome.hash).not.toBe(hash);
    expect(outcome.faithful).toBe(false);
  });

  test.for(['node', 'chromium'])(
    'replay to the same hash in %s, its clock and chance poisoned',
    async (name, { skip }) => {
      const realm = realms[name];
      if (realm === undefined) return skip(NO_BROWSER);
      expect(await realm.replay({ tiers: bundle }, [{ ...typist.history(), lab: 'tiers' }])).toEqual([
        { hash, solved: [], faithful: true },
      ]);
    },
  );
});
