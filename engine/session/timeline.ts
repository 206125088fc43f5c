import type { LabBundle } from '../lab/bundle.ts';
import { pathTo } from './journal.ts';
import type { JournalEntry, JournalHeader } from './protocol.ts';
import { Sandbox } from './sandbox.ts';

/** How a replay ended. `faithful` is false when some input did not meet the moment its entry names: history differs, and the rest was applied as it came. */
export type Replayed = {
  readonly sandbox: Sandbox;
  readonly solved: ReadonlySet<number>;
  readonly faithful: boolean;
};

/** Bounds of a replay; `mayGoOn` is asked before every entry. */
export type ReplayLimits = { readonly stepsMax: number; readonly mayGoOn: () => boolean };

/** Thrown when a replay needs more than its limits allow. */
export class ReplayLimitError extends Error {
  override readonly name = 'ReplayLimitError';
}

const NO_LIMITS: ReplayLimits = { stepsMax: Number.POSITIVE_INFINITY, mayGoOn: () => true };

/** The sandbox right after the last entry, by the shortest way: undone branches are not run. For resuming and undo. */
export async function resume(
  bundle: LabBundle,
  header: JournalHeader,
  entries: readonly JournalEntry[],
  limits: ReplayLimits = NO_LIMITS,
): Promise<Replayed> {
  const last = entries.at(-1);
  const run = new Run(bundle, header, limits);
  const path = pathTo(entries, entries.length);
  const [first] = path;
  // A path that begins with a task on its solutions makes its own sandbox.
  if (!(first?.input.kind === 'task' && first.input.from === 'solutions')) await run.start();
  await run.follow(path);
  if (last?.input.kind === 'goto') await run.moveTo(last.input.atMs, last.input.step);
  return run.result();
}

/** Runs the whole history, undone branches too, and gathers every task that was solved on the way: what the server believes. */
export async function verify(
  bundle: LabBundle,
  header: JournalHeader,
  entries: readonly JournalEntry[],
  limits: ReplayLimits = NO_LIMITS,
): Promise<Replayed> {
  const run = new Run(bundle, header, limits);
  await run.start();
  for (const entry of entries) {
    if (entry.input.kind !== 'goto') {
      await run.take(entry);
      continue;
    }
    await run.moveTo(entry.atMs, entry.step);
    await run.start();
    await run.follow(pathTo(entries, entry.input.sequence));
    await run.moveTo(entry.input.atMs, entry.input.step);
  }
  return run.result();
}

class Run {
  readonly #bundle: LabBundle;
  readonly #header: JournalHeader;
  readonly #limits: ReplayLimits;
  #sandbox: Sandbox | undefined;
  #solved = new Set<number>();
  #faithful = true;
  #steps = 0;

  constructor(bundle: LabBundle, header: JournalHeader, limits: ReplayLimits) {
    this.#bundle = bundle;
    this.#header = header;
    this.#limits = limits;
  }

  async start(task?: number): Promise<void> {
    this.#gather();
    this.#sandbox =
      task === undefined
        ? await Sandbox.create(this.#bundle, this.#header)
        : await Sandbox.createAt(this.#bundle, this.#header, task);
  }

  /** Takes the entries of a path through history, on a sandbox at its beginning. */
  async follow(path: readonly JournalEntry[]): Promise<void> {
    for (const entry of path) {
      // What led to this moment is no part of the path, so the moment cannot be met: a new sandbox begins here anyhow.
      if (entry.input.kind === 'task' && entry.input.from === 'solutions')
        await this.#startTask(entry.input.task);
      else await this.take(entry);
    }
  }

  /** Moves to the entry's moment and applies its input. */
  async take(entry: JournalEntry): Promise<void> {
    await this.moveTo(entry.atMs, entry.step);
    const { input } = entry;
    if (input.kind === 'task' && input.from === 'solutions') await this.#startTask(input.task);
    else this.#sandbox?.apply(input);
    this.#gather();
  }

  async #startTask(task: number): Promise<void> {
    await this.start(Math.min(task, this.#bundle.tasks.length - 1));
  }

  async moveTo(atMs: number, step: number): Promise<void> {
    const sandbox = this.#sandbox;
    if (sandbox === undefined) return;
    const before = sandbox.scheduler.steps;
    if (!this.#limits.mayGoOn() || this.#steps + (step - before) > this.#limits.stepsMax)
      throw new ReplayLimitError('the journal needs more than a replay may use');
    if (!(await sandbox.runTo(atMs, step))) {
      this.#faithful = false;
      await sandbox.runUntil(Math.max(atMs, sandbox.nowMs), Math.min(this.#limits.stepsMax, 200_000));
    }
    this.#steps += sandbox.scheduler.steps - before;
    this.#gather();
  }

  result(): Replayed {
    this.#gather();
    if (this.#sandbox === undefined) throw new Error('the run was started');
    return { sandbox: this.#sandbox, solved: this.#solved, faithful: this.#faithful };
  }

  #gather(): void {
    for (const task of this.#sandbox?.solved ?? []) this.#solved.add(task);
  }
}
