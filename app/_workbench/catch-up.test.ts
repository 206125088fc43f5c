import { describe, expect, test } from 'vitest';
import type { Input, JournalEntry } from '../../engine/session/protocol.ts';
import { commandOf, newsOf } from './catch-up.ts';
import type { ServerAttempt } from './sync.ts';

const line = (text: string): Input => ({ kind: 'line', terminal: 1, text });

/** Entries one after the other; a text at the same place makes the same moment. */
function entries(...inputs: readonly Input[]): JournalEntry[] {
  return inputs.map((input, index) => ({
    sequence: index + 1,
    step: index * 10 + (input.kind === 'line' ? input.text.length : 0),
    atMs: 1000 + index,
    input,
  }));
}

function remote(id: string, ...inputs: readonly Input[]): ServerAttempt {
  return {
    id,
    header: { replayVersion: 1, lab: 'a', labVersion: '1', seed: 1, epochMs: 0 },
    entries: entries(...inputs),
    task: 0,
    solved: [],
    verified: [],
    isWrittenElsewhere: false,
    isOutdated: false,
  };
}

const [one, two, three, four] = [
  line('one'),
  line('second'),
  line('the third'),
  line('number four'),
] as const;

describe('the server’s copy, after ours was opened', () => {
  test('that has no more than ours is known, also where its word was not heard', () => {
    expect(newsOf({ id: 'a', sentTo: 1, entries: entries(one) }, remote('a', one), 1)).toEqual({
      kind: 'known',
      upTo: 1,
    });
    expect(newsOf({ id: 'a', sentTo: 1, entries: entries(one, two) }, remote('a', one, two), 2)).toEqual({
      kind: 'known',
      upTo: 2,
    });
    expect(newsOf({ id: 'a', sentTo: 1, entries: entries(one, two) }, remote('a', one), 1)).toEqual({
      kind: 'known',
      upTo: 1,
    });
  });

  test('that went on is gone on from, with what was done here meanwhile', () => {
    const own = { id: 'a', sentTo: 1, entries: entries(one, four) };
    expect(newsOf(own, remote('a', one, two, three), 1)).toEqual({ kind: 'ahead', again: [four] });
    // As many entries as ours are not the same entries.
    expect(newsOf(own, remote('a', one, two), 1)).toEqual({ kind: 'ahead', again: [four] });
    expect(newsOf({ ...own, entries: entries(one) }, remote('b', two), 1)).toEqual({
      kind: 'ahead',
      again: [],
    });
    expect(newsOf(own, remote('b', two), 1)).toEqual({ kind: 'ahead', again: [four] });
  });

  test('stays apart from work that was done without it, or taken back', () => {
    const offline = { id: 'a', sentTo: 1, entries: entries(one, two) };
    expect(newsOf(offline, remote('a', one, three), 2)).toEqual({ kind: 'apart' });
    expect(newsOf(offline, remote('b', three), 2)).toEqual({ kind: 'apart' });
    const undone = {
      id: 'a',
      sentTo: 1,
      entries: entries(one, four, { kind: 'goto', sequence: 1, atMs: 0, step: 0 }),
    };
    expect(newsOf(undone, remote('a', one, two), 1)).toEqual({ kind: 'apart' });
    expect(newsOf(offline, { ...remote('a'), isOutdated: true }, 1)).toEqual({ kind: 'apart' });
  });
});

test('an input is done again by the command that made it', () => {
  expect(commandOf(line('cat <<E\nx\nE'))).toEqual({
    kind: 'keys',
    terminal: 1,
    data: '\x1b[200~cat <<E\nx\nE\x1b[201~\r',
  });
  expect(commandOf({ kind: 'save', path: '/a', content: 'x' })).toEqual({
    kind: 'save',
    path: '/a',
    content: 'x',
  });
  expect(commandOf({ kind: 'size', terminal: 1, columns: 80, rows: 24 })).toBeUndefined();
});
