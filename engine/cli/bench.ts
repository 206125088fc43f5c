import type { CommandIo } from './ringfence.ts';

type Bench = (argv: string[], io: CommandIo) => Promise<number>;

// One benchmark a file; each is loaded only when asked for.
const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  verdicts: async () => (await import('./bench-verdicts.ts')).benchVerdicts,
};

/** `ringfence bench [NAME] [--json]`: runs one benchmark, or lists them. */
export async function benchCommand(argv: string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = argv;
  const load = name !== undefined && Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
  if (load) return (await load())(rest, io);
  io.error(`usage: ringfence bench NAME [--json]\nbenchmarks: ${Object.keys(BENCHES).join(', ')}\n`);
  return name === undefined ? 0 : 2;
}
