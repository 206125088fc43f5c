import { join } from 'node:path';
import type { LabBundle } from '../lab/bundle.ts';
import { decodeLab } from '../lab/decode.ts';
import { readLabFiles } from '../session/replay.ts';
import type { CommandIo } from './ringfence.ts';

/**
 * One measured figure. `budget` is the largest value that is allowed (DESIGN.md, Budgets); absent where none is set.
 * `cpuMs` is what the measuring thread itself computed, which other programs on the machine do not lengthen.
 */
export type Figure = {
  readonly name: string;
  readonly value: number;
  readonly unit: 'ms' | 'kB' | 'MB';
  readonly budget?: number;
  readonly cpuMs?: number;
};

/** A span of time by the wall and by what this thread computed, ms. */
export type Span = { readonly wallMs: number; readonly cpuMs: number };

/** Starts measuring; the returned function tells the span so far. `process` counts what all threads computed, compilers and collectors too. */
export function stopwatch(of: 'thread' | 'process' = 'thread'): () => Span {
  const usage = () => (of === 'thread' ? process.threadCpuUsage() : process.cpuUsage());
  const startMs = performance.now();
  const before = usage();
  return () => {
    const { user, system } = usage();
    return {
      wallMs: performance.now() - startMs,
      cpuMs: (user + system - before.user - before.system) / 1000,
    };
  };
}

/** A figure of the quantile `share` of spans. */
export function figureOf(name: string, spans: readonly Span[], share: number, budget?: number): Figure {
  const of = (pick: (span: Span) => number): number => quantile(spans.map(pick), share);
  return {
    name,
    value: of((span) => span.wallMs),
    unit: 'ms',
    cpuMs: of((span) => span.cpuMs),
    ...(budget === undefined ? {} : { budget }),
  };
}

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

/** Whether a figure keeps its budget. */
export function isWithin(figure: Figure): boolean {
  return figure.budget === undefined || figure.value <= figure.budget;
}

/** The value that `share` of the samples do not exceed (0.95: p95); 0 of no samples. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Prints figures as a table: figure, value, budget, ok; and the thread's own time where it was measured. */
export function printFigures(io: CommandIo, figures: readonly Figure[]): void {
  const width = Math.max(...figures.map((figure) => figure.name.length));
  for (const figure of figures) {
    const { name, value, unit, budget, cpuMs } = figure;
    const columns = [
      name.padEnd(width),
      `${round(value)} ${unit}`.padStart(10),
      (budget === undefined ? '' : `budget ${budget} ${unit}`).padEnd(15),
      (budget === undefined ? '' : isWithin(figure) ? 'ok' : 'MISSED').padEnd(6),
      cpuMs === undefined ? '' : `computed ${round(cpuMs)} ms`,
    ];
    io.write(`${columns.join('  ').trimEnd()}\n`);
  }
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
