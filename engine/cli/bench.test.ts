import { expect, test } from 'vitest';
import { benchCommand } from './bench.ts';
import { benchKeys, benchMatrix } from './bench-desk.ts';
import { type BenchResult, figureOf, isWithin, printFigures, quantile } from './bench-figures.ts';
import { benchSizes } from './bench-sizes.ts';
import type { CommandIo } from './ringfence.ts';

/** Other programs run beside the tests: times count as what the thread itself computed, and may be twice the budget. `ringfence bench` gives the real ones. */
const TOLERANCE = 2;

function expectWithin({ figures }: BenchResult): void {
  const late = figures.filter(
    ({ value, cpuMs, budget }) =>
      budget !== undefined && (cpuMs ?? value) > budget * (cpuMs === undefined ? 1 : TOLERANCE),
  );
  expect(late).toEqual([]);
}

const ioOf = (): { readonly io: CommandIo; text(): string } => {
  let text = '';
  const add = (piece: string): void => void (text += piece);
  return {
    io: { write: add, error: add, readFile: () => '', stdin: (async function* () {})() },
    text: () => text,
  };
};

test('a draft is judged and a key is echoed within their budgets', async () => {
  expectWithin(await benchMatrix(60));
  expectWithin(await benchKeys(60));
}, 60_000);

test('the worker and the policy engine are as small as they should be', async () => {
  expectWithin(await benchSizes());
}, 60_000);

test('a figure over its budget is told', () => {
  const { io, text } = ioOf();
  const figures = [
    figureOf('one', [{ wallMs: 20, cpuMs: 3 }], 0.5, 16),
    figureOf('two', [{ wallMs: 2, cpuMs: 1 }], 0.5, 16),
  ];
  expect(figures.map((figure) => isWithin(figure))).toEqual([false, true]);
  printFigures(io, figures);
  expect(text()).toMatch(
    /^one +20\.0 ms +budget 16 ms +MISSED +computed 3\.0 ms\ntwo +2\.0 ms +budget 16 ms +ok +computed 1\.0 ms\n$/,
  );
  expect([quantile([], 0.95), quantile([3, 1, 2], 0.5), quantile([1, 2], 0.95)]).toEqual([0, 2, 2]);
});

test('an unknown benchmark gets the usage', async () => {
  const { io, text } = ioOf();
  expect(await benchCommand(['nothing'], io)).toBe(2);
  expect(text()).toContain('usage: ringfence bench [NAME]');
});
