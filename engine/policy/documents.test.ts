import { describe, expect, test } from 'vitest';
import { plainValue } from '../commands/kubectl/yaml-input.ts';
import { readDocument } from './documents.ts';

const read = (text: string) => readDocument(`a: ${text}`, 'refuse');

describe('plain words mean what they mean to the API server', () => {
  test.each<[string, unknown]>([
    ['y', true],
    ['Off', false],
    ['017', 15],
    ['0o17', 15],
    ['09', 9],
    ['0b11', 3],
    ['-0x1f', -31],
    ['1_000', 1000],
    ['8__0', 80],
    ['685_230.15', 685_230.15],
    ['1e3', 1000],
    ['-.5', -0.5],
    ['2001-01-01', '2001-01-01'],
    ['190:20:30', '190:20:30'],
    ['_1', '_1'],
    ['0x', '0x'],
    ['1.2.3', '1.2.3'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['"1_000"', '1_000'],
    ['~', null],
  ])('%s', (text, value) => expect(read(text)).toEqual({ value: { a: value } }));

  test('and both readers of YAML agree', () => {
    const parts = ['0', '1', '7', '9', '_', '.', 'e', 'x', 'b', 'o', '-', '+', 'f', 'n', 'y', '~'];
    let state = 7;
    const roll = (sides: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * sides);
    };
    for (let run = 0; run < 3_000; run++) {
      const text = Array.from({ length: 1 + roll(6) }, () => parts[roll(parts.length)]).join('');
      if (text === '-') continue;
      // By their JSON: that knows no zero with a sign.
      expect(JSON.stringify({ text, ...read(text) })).toBe(
        JSON.stringify({ text, value: { a: plainValue(text) } }),
      );
    }
  });

  test('however long the word is', () => {
    const runs = ['0', '1', '_', '0_', '1_', 'e', '_0', '.'].map((part) => part.repeat(200_000));
    const startMs = performance.now();
    for (const run of runs)
      for (const head of ['', '0', '1', '0o', '0x', '1e', '-', '.']) read(`${head}${run}z`);
    expect(performance.now() - startMs).toBeLessThan(8_000);
  });
});
