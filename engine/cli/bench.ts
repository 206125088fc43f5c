import { availableParallelism, loadavg } from 'node:os';
import { type BenchResult, type Figure, isWithin, printFigures } from './bench-figures.ts';
import type { CommandIo } from './ringfence.ts';

// One benchmark a file; each is loaded only when asked for.
const BENCHES: Readonly<Record<string, () => Promise<BenchResult>>> = {
  boot: async () => (await import('./bench-boot.ts')).benchBoot(),
  keys: async () => (await import('./bench-desk.ts')).benchKeys(),
  matrix: async () => (await import('./bench-desk.ts')).benchMatrix(),
  replay: async () => (await import('./bench-replay.ts')).benchReplay(),
  shell: async () => (await import('./bench-shell.ts')).benchShell(),
  sizes: async () => (await import('./bench-sizes.ts')).benchSizes(),
  page: async () => (await import('./bench-page.ts')).benchPage(),
};

const USAGE = `usage: ringfence bench [NAME] [--json]
       ringfence bench verdicts --file WORLD [--json]
benchmarks: ${Object.keys(BENCHES).join(', ')}, verdicts
`;

/** `ringfence bench [NAME] [--json]`: runs one benchmark or all of them. Exit 1 when a budget is missed, 2 for bad usage. */
export async function benchCommand(argv: string[], io: CommandIo): Promise<number> {
  const names = argv.filter((word) => !word.startsWith('--'));
  if (names[0] === 'verdicts') return (await import('./bench-verdicts.ts')).benchVerdicts(argv.slice(1), io);
  const isKnown = names.length <= 1 && names.every((name) => Object.hasOwn(BENCHES, name));
  if (!isKnown || argv.some((word) => word.startsWith('--') && word !== '--json')) {
    io.error(USAGE);
    return 2;
  }
  const figures: Figure[] = [];
  const notes: string[] = [];
  for (const [name, run] of Object.entries(BENCHES)) {
    if (names.length > 0 && names[0] !== name) continue;
    const result = await run();
    figures.push(...result.figures);
    if (result.note !== undefined) notes.push(result.note);
  }
  const [load = 0] = loadavg();
  if (load > availableParallelism())
    notes.push(
      `the machine is busy (load ${load.toFixed(1)} on ${availableParallelism()} cores): times of the wall are longer than they would be alone`,
    );
  if (argv.includes('--json'))
    io.write(
      `${JSON.stringify({ figures: figures.map((figure) => ({ ...figure, ok: isWithin(figure) })), notes })}\n`,
    );
  else {
    if (figures.length > 0) printFigures(io, figures);
    for (const note of notes) io.write(`${note}\n`);
  }
  return figures.every((figure) => isWithin(figure)) ? 0 : 1;
}
