// The engine in a realm of its own (a browser's worker, a fresh Node process), its platform poisoned from the first line.
import './poisoned.ts';
import { type History, type Outcome, replayed } from '../../engine/session/testdata/replayed.ts';
import type { LabBundle } from '../../engine/lab/bundle.ts';

/** One history to replay; `lab` names one of the bundles. */
export type RealmJob = History & { readonly lab: string };

/** What a job came to, or the error that ended it. */
export type RealmAnswer = Outcome | { readonly error: string };

/** Replays one job after the other. */
export async function answers(
  bundles: Readonly<Record<string, LabBundle>>,
  jobs: readonly RealmJob[],
): Promise<readonly RealmAnswer[]> {
  const all: RealmAnswer[] = [];
  for (const job of jobs) all.push(await answer(bundles[job.lab], job));
  return all;
}

async function answer(bundle: LabBundle | undefined, job: RealmJob): Promise<RealmAnswer> {
  try {
    if (bundle === undefined) return { error: `there is no lab ${job.lab}` };
    return await replayed(bundle, job);
  } catch (error) {
    return { error: error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error) };
  }
}

/** Uses what is poisoned, one name after the other; what each use came to. For the test that proves the poison. */
export function tasteOfPoison(): Readonly<Record<string, string>> {
  const uses: Readonly<Record<string, () => unknown>> = {
    'Math.random': () => Math.random(),
    'Date.now': () => Date.now(),
    'new Date()': () => new Date(),
    'Date()': () => Date(),
    setTimeout: () => setTimeout(() => {}, 0),
    setInterval: () => setInterval(() => {}, 1000),
    queueMicrotask: () => queueMicrotask(() => {}),
    fetch: () => fetch('data:,'),
    'Intl.NumberFormat': () => new Intl.NumberFormat(),
    'performance.now': () => performance.now(),
    'crypto.randomUUID': () => crypto.randomUUID(),
    'crypto.getRandomValues': () => crypto.getRandomValues(new Uint8Array(1)),
    localeCompare: () => 'a'.localeCompare('b'),
    toLocaleString: () => (1000).toLocaleString(),
    'Date.toLocaleString': () => new Date(0).toLocaleString(),
    getHours: () => new Date(0).getHours(),
  };
  const tastes: Record<string, string> = {};
  for (const [name, use] of Object.entries(uses)) {
    try {
      tastes[name] = `came to ${typeof use()}`;
    } catch (error) {
      tastes[name] = error instanceof Error ? error.message : String(error);
    }
  }
  return tastes;
}
