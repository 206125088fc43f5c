import { Clock } from './clock.ts';
import { Random } from './random.ts';

/** The two things a deterministic world takes its time and its chance from; everything in the engine is given one. */
export type Simulation = { readonly clock: Clock; readonly random: Random };

/** A new simulation that begins at `epochMs` (ms since the Unix epoch) with chance from `seed` (an integer). */
export function createSimulation(seed: number, epochMs: number): Simulation {
  return { clock: new Clock(epochMs), random: new Random(seed) };
}
