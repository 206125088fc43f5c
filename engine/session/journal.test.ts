import { describe, expect, test } from 'vitest';
import { decodeEntries, decodeHeader, isFault, pathTo } from './journal.ts';
import type { Input, JournalEntry } from './protocol.ts';

const line = (text: string): Input => ({ kind: 'line', terminal: 1, text });
const entry = (sequence: number, input: Input): JournalEntry => ({
  sequence,
  atMs: 1000 * sequence,
  step: 10 * sequence,
  input,
});

describe('entries from outside', () => {
  const good = [
    entry(1, line('kubectl get pods')),
    entry(2, { kind: 'save', path: '/home/learner/a.yaml', content: 'a: 1' }),
  ];

  test('a good journal is taken as it is', () => {
    expect(decodeEntries(JSON.parse(JSON.stringify(good)))).toEqual({ entries: good });
    expect(decodeEntries([entry(3, line('x'))], 3)).toEqual({ entries: [entry(3, line('x'))] });
  });

  test.each([
    ['reordered', [good[1], good[0]]],
    ['with a gap', [good[0], { ...good[1], sequence: 3 }]],
    ['of unknown kind', [{ ...good[0], input: { kind: 'solve' } }]],
    ['of a kind that every object has', [{ ...good[0], input: { kind: 'constructor' } }]],
    [
      'with a prototype',
      [{ ...good[0], input: JSON.parse('{"kind":"line","terminal":1,"text":"x","__proto__":{}}') }],
    ],
    ['with a foreign member', [{ ...good[0], input: { ...line('x'), solved: true } }]],
    ['with a line too long', [entry(1, line('x'.repeat(70_000)))]],
    ['with a file too large', [entry(1, { kind: 'save', path: '/a', content: 'x'.repeat(1_100_000) })]],
    ['with a moment that is none', [{ ...good[0], atMs: Number.NaN }]],
    ['with a relative path', [entry(1, { kind: 'save', path: 'a', content: '' })]],
    ['that goes to its own future', [entry(1, { kind: 'goto', sequence: 1, atMs: 0, step: 0 })]],
    ['that is no list', { length: 1 }],
  ])('a journal %s is refused', (_, raw) => {
    expect(isFault(decodeEntries(raw))).toBe(true);
  });

  test('too many entries are refused', () => {
    expect(isFault(decodeEntries([entry(20_001, line('x'))], 20_001))).toBe(true);
  });

  test('a header of another version says to reload', () => {
    expect(
      decodeHeader({ replayVersion: 999, lab: 'a', labVersion: 'b', seed: 1, epochMs: 0 }),
    ).toHaveProperty('error', expect.stringContaining('reload'));
    expect(
      isFault(decodeHeader({ replayVersion: 1, lab: 'a', labVersion: 'b', seed: 1.5, epochMs: 0 })),
    ).toBe(true);
  });
});

describe('the way to a state', () => {
  test('undo and redo are paths through history', () => {
    const go = (sequence: number): Input => ({ kind: 'goto', sequence, atMs: 0, step: 0 });
    const entries = [line('a'), line('b'), go(1), line('c'), go(2), line('d')].map((input, index) =>
      entry(index + 1, input),
    );
    const texts = (sequence: number) =>
      pathTo(entries, sequence).map(({ input }) => (input.kind === 'line' ? input.text : input.kind));
    expect(texts(0)).toEqual([]);
    expect(texts(3)).toEqual(['a']);
    expect(texts(4)).toEqual(['a', 'c']);
    expect(texts(6)).toEqual(['a', 'b', 'd']);
  });
});
