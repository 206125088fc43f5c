import { invariant } from '../../base/assert.ts';
import type { LabBundle } from '../../lab/bundle.ts';
import { DEFAULT_EPOCH_MS } from '../headless.ts';
import { isUndoable, pathTo } from '../journal.ts';
import type { Input, JournalEntry, JournalHeader } from '../protocol.ts';
import { REPLAY_VERSION } from '../protocol.ts';
import { Sandbox } from '../sandbox.ts';
import { resume } from '../timeline.ts';
import type { History, Moment } from './replayed.ts';

/** How long `finish` lets a command run, in virtual ms. */
const FINISH_MAX_MS = 600_000;

/** Someone at a sandbox who keeps its journal, as the page does: inputs at any moment, undo, redo, other tasks. */
export class Typist {
  readonly bundle: LabBundle;
  readonly header: JournalHeader;
  readonly entries: JournalEntry[] = [];
  readonly solved = new Set<number>();
  sandbox: Sandbox;
  #redo: (Moment & { readonly sequence: number })[] = [];
  #seen: { nowMs: number; steps: number; revision: number; store?: unknown } = { nowMs: 0, steps: 0, revision: 0 };

  private constructor(bundle: LabBundle, header: JournalHeader, sandbox: Sandbox) {
    this.bundle = bundle;
    this.header = header;
    this.sandbox = sandbox;
    this.#adopt(sandbox);
  }

  static async open(bundle: LabBundle, seed: number, term?: 'dumb'): Promise<Typist> {
    const header: JournalHeader = {
      replayVersion: REPLAY_VERSION,
      lab: bundle.slug,
      labVersion: bundle.version,
      seed,
      epochMs: DEFAULT_EPOCH_MS + seed * 86_399_000,
      ...(term === undefined ? {} : { term }),
    };
    return new Typist(bundle, header, await Sandbox.create(bundle, header));
  }

  get nowMs(): number {
    return this.sandbox.nowMs;
  }

  /** Writes an input into the journal and applies it now. */
  input(input: Input): void {
    this.#journal(input);
    if (isUndoable(input)) this.#redo = [];
    this.sandbox.apply(input);
    this.inspect();
  }

  line(text: string, terminal = 1): void {
    this.input({ kind: 'line', terminal, text });
  }

  bytes(data: string, terminal = 1): void {
    this.input({ kind: 'bytes', terminal, data });
  }

  save(name: string, content: string): void {
    const { home } = this.sandbox.workplace.workstation;
    this.input({ kind: 'save', path: name.startsWith('/') ? name : `${home}/${name}`, content });
  }

  /** Lets `durationMs` of virtual time pass, in at most `stepsMax` steps: less passes when they are used up. */
  async run(durationMs: number, stepsMax = 100_000): Promise<boolean> {
    const isDone = await this.sandbox.runUntil(this.nowMs + durationMs, stepsMax);
    this.inspect();
    return isDone;
  }

  /** Submits a line and runs, time jumping, until it has ended or waits to be typed at. */
  async type(text: string, terminal = 1): Promise<void> {
    this.line(text, terminal);
    await this.finish(terminal);
  }

  async finish(terminal = 1): Promise<void> {
    const { sandbox } = this;
    const isBusy = () => sandbox.terminals.has(terminal) && !sandbox.isWaitingForInput(terminal);
    await sandbox.runWhile(isBusy, this.nowMs + FINISH_MAX_MS);
    this.inspect();
  }

  /** Takes back the last input that can be taken back. False when there is none. */
  async undo(): Promise<boolean> {
    const path = pathTo(this.entries, this.entries.length);
    const index = path.findLastIndex((entry) => isUndoable(entry.input));
    const entry = path[index];
    if (entry === undefined) return false;
    const redo = [...this.#redo, { sequence: this.entries.length, ...this.#moment() }];
    await this.goto(entry.sequence - 1, entry);
    this.#redo = redo;
    return true;
  }

  async redo(): Promise<boolean> {
    const target = this.#redo.pop();
    if (target === undefined) return false;
    await this.goto(target.sequence, target);
    return true;
  }

  /** Back to the beginning of the lab. */
  async reset(): Promise<void> {
    const first = await Sandbox.create(this.bundle, this.header);
    this.#journal({ kind: 'goto', sequence: 0, atMs: first.nowMs, step: first.scheduler.steps });
    this.#adopt(first);
  }

  async goto(sequence: number, { atMs, step }: Moment): Promise<void> {
    this.#journal({ kind: 'goto', sequence, atMs, step });
    const { sandbox, faithful } = await resume(this.bundle, this.header, this.entries);
    invariant(faithful, `time travel to step ${step} after entry ${sequence} meets the same history`);
    this.#adopt(sandbox);
  }

  /** Begins a task in the cluster as it is, or on the solutions of the tasks before it. */
  async task(task: number, from: 'here' | 'solutions'): Promise<void> {
    this.input({ kind: 'task', task, from });
    if (from === 'solutions') this.#adopt(await Sandbox.createAt(this.bundle, this.header, task));
  }

  /** The history so far, looked at now. */
  history(): History {
    return { header: this.header, entries: this.entries, end: this.#moment() };
  }

  /** Things that hold at every moment. @throws InvariantError */
  inspect(): void {
    const { sandbox } = this;
    const { store } = sandbox.cluster;
    const now = { nowMs: sandbox.nowMs, steps: sandbox.scheduler.steps, revision: store.revision, store };
    invariant(Number.isFinite(now.nowMs) && now.nowMs >= this.#seen.nowMs, 'the clock goes forward');
    invariant(now.steps >= this.#seen.steps, 'steps are counted upward');
    invariant(store !== this.#seen.store || now.revision >= this.#seen.revision, 'the store goes forward');
    this.#seen = now;
    for (const [id, terminal] of sandbox.terminals) {
      invariant(terminal.id === id && !terminal.isClosed, `terminal ${id} is open`);
      invariant(!terminal.isAtPrompt || terminal.running === undefined, `terminal ${id} is at its prompt or runs something`);
      invariant(terminal.shell === undefined || terminal.prompt !== '', `terminal ${id} has a prompt`);
    }
    const living = sandbox.scheduler.living();
    invariant(new Set(living.map((process) => process.pid)).size === living.length, 'pids are unique');
    invariant(living.every((process) => process.exitCode() === undefined), 'living processes have not ended');
  }

  #moment(): Moment {
    return { atMs: this.sandbox.nowMs, step: this.sandbox.scheduler.steps };
  }

  #journal(input: Input): void {
    this.entries.push({ sequence: this.entries.length + 1, ...this.#moment(), input });
  }

  #adopt(sandbox: Sandbox): void {
    this.sandbox = sandbox;
    this.#seen = { nowMs: 0, steps: 0, revision: 0 };
    for (const task of sandbox.solved) this.solved.add(task);
    sandbox.onSolved = (task) => this.solved.add(task);
    this.inspect();
  }
}
