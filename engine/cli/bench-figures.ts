import { join } from 'node:path';
import type { LabBundle } from '../lab/bundle.ts';
import { decodeLab } from '../lab/decode.ts';
import { readLabFiles } from '../session/replay.ts';
import type { CommandIo } from './ringfence.ts';

/** One measured figure. `budget` is the largest value that is allowed (DESIGN.md, Budgets); absent where none is set. */
export type Figure = {
  readonly name: string;
  readonly value: number;
  readonly unit: 'ms' | 'kB' | 'MB';
  readonly budget?: number;
};

/** What a benchmark found; `note` says why something could not be measured. */
export type BenchResult = { readonly figures: readonly Figure[]; readonly note?: string };

/** The repository's root. */
export const ROOT = join(import.meta.dirname, '../..');

/** The lab that the benchmarks open. */
export const BENCH_LAB = 'lock-down-the-database';

/** Reads a lab from the repository. @throws when there is none */
export function benchLab(slug: string = BENCH_LAB): LabBundle {
  const bundle = decodeLab(readLabFiles(join(ROOT, 'labs')), slug);
  if (bundle === undefined) throw new Error(`there is no lab ${slug}`);
  return bundle;
}

/** Whether a figure keeps its budget, times `tolerance`. */
export function isWithin(figure: Figure, tolerance = 1): boolean {
  return figure.budget === undefined || figure.value <= figure.budget * tolerance;
}

/** The value that `share` of the samples do not exceed (0.95: p95); 0 of no samples. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Prints figures as a table: figure, value, budget, ok. */
export function printFigures(io: CommandIo, figures: readonly Figure[]): void {
  const width = Math.max(...figures.map((figure) => figure.name.length));
  for (const figure of figures) {
    const { name, value, unit, budget } = figure;
    const limit = budget === undefined ? '' : `budget ${budget} ${unit}`;
    const verdict = budget === undefined ? '' : isWithin(figure) ? 'ok' : 'MISSED';
    io.write(
      `${name.padEnd(width)}  ${`${round(value)} ${unit}`.padStart(10)}  ${limit.padEnd(16)} ${verdict}`
        .trimEnd()
        .concat('\n'),
    );
  }
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
