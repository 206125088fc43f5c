import { expect, test } from 'vitest';
import type { LabBundle } from '../../engine/lab/bundle.ts';
import { type JournalEntry, REPLAY_VERSION } from '../../engine/session/protocol.ts';
import type { Attempt } from './journal-store.ts';
import { beginAnew, isOutdated, pieceOf } from './pieces.ts';

const save = (sequence: number, path: string, content: string): JournalEntry => ({
  sequence,
  atMs: 0,
  step: 0,
  input: { kind: 'save', path, content },
});
const header = { replayVersion: REPLAY_VERSION, lab: 'a', labVersion: '1', seed: 1, epochMs: 0 };
const attempt = (solved: number[]): Attempt => ({
  id: 'x',
  lab: 'a',
  header,
  task: 0,
  solved,
  verified: [],
  sentTo: 0,
});

test('a piece holds what one request may hold, and never nothing', () => {
  const entry = (n: number, size: number) => save(n, '/f', 'x'.repeat(size));
  expect(pieceOf(Array.from({ length: 300 }, (_, n) => entry(n, 1)))).toHaveLength(200);
  expect(pieceOf([entry(1, 600_000), entry(2, 600_000)])).toHaveLength(1);
  expect(pieceOf([entry(1, 1_040_000), entry(2, 1)])).toHaveLength(1);
  expect(pieceOf([])).toEqual([]);
});

test('an attempt is outdated by a change of the lab or of the engine', () => {
  const bundle = { version: '1' } as LabBundle;
  expect(isOutdated({ header }, bundle)).toBe(false);
  expect(isOutdated({ header: { ...header, labVersion: '0' } }, bundle)).toBe(true);
  expect(isOutdated({ header: { ...header, replayVersion: REPLAY_VERSION - 1 } }, bundle)).toBe(true);
});

test('an attempt that begins anew keeps marks and the latest files', () => {
  const remote = {
    id: 'y',
    header,
    entries: [],
    task: 1,
    solved: [1],
    verified: [1],
    isWrittenElsewhere: false,
    isOutdated: true,
    files: { '/h/a': 'server', '/h/b': 'server' },
  };
  const entries = [save(1, '/h/a', 'old'), save(2, '/h/a', 'here')];
  const anew = beginAnew(attempt([]), attempt([0]), entries, remote);
  expect(anew.files).toEqual({ '/h/a': 'here', '/h/b': 'server' });
  const seen = { ...attempt([0]), files: { '/h/a': 'made in the terminal' } };
  expect(beginAnew(attempt([]), seen, entries, remote).files['/h/a']).toBe('made in the terminal');
  expect(anew.attempt).toMatchObject({ solved: [0, 1], verified: [1], sentTo: 0 });
});
