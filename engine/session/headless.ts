import type { LabBundle } from '../lab/bundle.ts';
import { type Feedback, recognise } from '../lab/feedback.ts';
import type { Input, JournalEntry, JournalHeader } from './protocol.ts';
import { REPLAY_VERSION } from './protocol.ts';
import { Sandbox } from './sandbox.ts';

/** Virtual time zero where nothing else is said: 2026-01-15 09:30 UTC. */
export const DEFAULT_EPOCH_MS = Date.UTC(2026, 0, 15, 9, 30);

/** What one submitted line came to. `exit` is null while the line left a program that reads the terminal. */
export type Reply = {
  readonly input: string;
  /** Both streams in the order in which they were shown. */
  readonly output: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number | null;
  readonly virtualMs: number;
};

/** The journal header of a headless sandbox: its terminals have no colours, since scripts read them. */
export function headerOf(bundle: LabBundle, seed: number, epochMs = DEFAULT_EPOCH_MS): JournalHeader {
  return {
    replayVersion: REPLAY_VERSION,
    lab: bundle.slug,
    labVersion: bundle.version,
    seed,
    epochMs,
    term: 'dumb',
  };
}

/** A sandbox without a page: lines go in, replies come out, virtual time jumps. It keeps the journal of all that was typed. */
export class Headless {
  readonly sandbox: Sandbox;
  readonly header: JournalHeader;
  readonly entries: JournalEntry[] = [];
  #pieces: { readonly stream: 'stdout' | 'stderr'; readonly text: string }[] = [];
  #terminal = 1;

  private constructor(sandbox: Sandbox, header: JournalHeader) {
    this.sandbox = sandbox;
    this.header = header;
    this.#listen();
  }

  /** Opens a lab at `task`, on the solutions of the tasks before it. */
  static async open(
    bundle: LabBundle,
    options: { readonly seed: number; readonly epochMs?: number; readonly task?: number },
  ): Promise<Headless> {
    const header = headerOf(bundle, options.seed, options.epochMs);
    const headless = new Headless(await Sandbox.createAt(bundle, header, options.task ?? 0), header);
    headless.#drain();
    return headless;
  }

  /** Types a line (or several) and runs until it has ended or waits for input; presses Ctrl-C after `interruptAfterMs` if it still runs. */
  async submit(line: string, interruptAfterMs?: number): Promise<Reply> {
    const { sandbox } = this;
    this.#reopen();
    const startMs = sandbox.nowMs;
    this.input({ kind: 'line', terminal: this.#terminal, text: line });
    const isRunning = () =>
      sandbox.terminals.has(this.#terminal) && !sandbox.isWaitingForInput(this.#terminal);
    const isBusy = () =>
      isRunning() ||
      (interruptAfterMs !== undefined && sandbox.terminals.get(this.#terminal)?.isAtPrompt === false);
    if (interruptAfterMs === undefined) await sandbox.runWhile(isRunning);
    else {
      await sandbox.runWhile(isBusy, startMs + interruptAfterMs);
      if (isBusy()) {
        this.input({ kind: 'bytes', terminal: this.#terminal, data: '\x03' });
        await sandbox.runWhile(isRunning);
      }
    }
    const terminal = sandbox.terminals.get(this.#terminal);
    const pieces = this.#drain();
    const text = (stream?: 'stdout' | 'stderr') =>
      pieces
        .filter((piece) => stream === undefined || piece.stream === stream)
        .map((piece) => piece.text)
        .join('');
    return {
      input: line,
      output: text(),
      stdout: text('stdout'),
      stderr: text('stderr'),
      exit: terminal === undefined || terminal.isAtPrompt ? (terminal?.lastExit ?? 0) : null,
      virtualMs: sandbox.nowMs - startMs,
    };
  }

  /** Runs on, time jumping, until the cluster has come to rest: for scripts that look at what a change led to. */
  async settle(): Promise<void> {
    const { sandbox } = this;
    const endMs = sandbox.nowMs + SETTLE_MAX_MS;
    for (;;) {
      const { revision } = sandbox.cluster.store;
      await sandbox.runWhile(() => true, Math.min(endMs, sandbox.nowMs + SETTLE_STEP_MS));
      if (sandbox.cluster.store.revision === revision || sandbox.nowMs >= endMs) return;
    }
  }

  /** Applies an input now and writes it into the journal. */
  input(input: Input): void {
    const { sandbox } = this;
    this.entries.push({
      sequence: this.entries.length + 1,
      atMs: sandbox.nowMs,
      step: sandbox.scheduler.steps,
      input,
    });
    sandbox.apply(input);
  }

  /** The known mistake that shows now, if any. */
  feedback(): Feedback | undefined {
    const { sandbox } = this;
    const task = sandbox.taskData;
    if (task === undefined) return undefined;
    return recognise(sandbox.view(), task, sandbox.deeds(), (probe) => sandbox.explain(probe));
  }

  /** `exit` ends a terminal; the next line opens another one, as a person would. */
  #reopen(): void {
    if (this.sandbox.terminals.has(this.#terminal)) return;
    this.#terminal++;
    this.input({ kind: 'terminal', terminal: this.#terminal, change: 'open' });
    this.#listen();
  }

  #listen(): void {
    this.sandbox.terminalOf(this.#terminal).onOutput = (piece) => this.#pieces.push(piece);
  }

  #drain(): readonly { readonly stream: 'stdout' | 'stderr'; readonly text: string }[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }
}

const SETTLE_STEP_MS = 12_000;
const SETTLE_MAX_MS = 120_000;
