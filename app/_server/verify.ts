import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { VerifyRequest, VerifyResult } from '../../engine/session/replay.ts';
import { database, isAway } from './db.ts';
import { entriesOf } from './journal.ts';
import { readLab } from './labs.ts';
import { mark } from './marks.ts';

/** Bounds of the verifier (DESIGN.md, Security): wall time of one replay, heap of the thread, learners waiting. */
export type VerifierLimits = { readonly wallMs: number; readonly heapMb: number; readonly queueMax: number };

const LIMITS: VerifierLimits = { wallMs: 20_000, heapMb: 256, queueMax: 500 };

/** Added to the wall time before a thread that does not answer is ended; it looks at the clock between entries only. */
const GRACE_MS = 2_000;

/** A replay as the verifier asks for it. */
export type Replay = (request: VerifyRequest) => Promise<VerifyResult>;

/**
 * A thread that replays journals. It is started by the file's path and not through the bundle, is used again and again,
 * and is ended when it is stuck or out of memory; the next replay starts another.
 */
export class ReplayThread {
  readonly #limits: VerifierLimits;
  #worker: Worker | undefined;
  #lastId = 0;

  constructor(limits: VerifierLimits = LIMITS) {
    this.#limits = limits;
  }

  /** Replays one journal; the next one only after this one's result. Never rejects. */
  replay(request: VerifyRequest): Promise<VerifyResult> {
    const worker = (this.#worker ??= this.#start());
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const end = (result: VerifyResult, isBroken: boolean) => {
        clearTimeout(timer);
        worker.removeAllListeners('message').removeAllListeners('error').removeAllListeners('exit');
        if (isBroken) this.stop();
        resolve(result);
      };
      const fail = (error: string) => end({ ok: false, error }, true);
      const timer = setTimeout(() => fail('the replay took too long'), this.#limits.wallMs + GRACE_MS);
      worker.on('message', (message: { readonly id: number; readonly result: VerifyResult }) => {
        if (message.id === id) end(message.result, false);
      });
      worker.on('error', (error: Error) => fail(`the replay broke down: ${error.message}`));
      worker.on('exit', () => fail('the replay ended early'));
      worker.postMessage({ id, request });
    });
  }

  /** Ends the thread, whatever it does. */
  stop(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker === undefined) return;
    worker.on('error', () => undefined);
    void worker.terminate();
  }

  #start(): Worker {
    const worker = new Worker(/* turbopackIgnore: true */ replayFile(), {
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.heapMb },
      // Flags of the server process (a debugger, a test runner's loader) are not for this thread.
      execArgv: [],
      // Compiled code is kept, so that a thread begins in half the time.
      env: { ...process.env, NODE_COMPILE_CACHE: path.join(os.tmpdir(), 'ringfence-compile-cache') },
    });
    worker.unref();
    return worker;
  }
}

/** The engine's replay: bundled where the pages are built, else its source. */
function replayFile(): string {
  const dist = process.env['NEXT_DIST_DIR'] ?? '.next';
  const bundled = path.join(process.cwd(), dist, 'verifier', 'replay.mjs');
  const isBuilt = process.env.NODE_ENV === 'production' && existsSync(bundled);
  return isBuilt ? bundled : path.join(process.cwd(), 'engine/session', 'replay.ts');
}

type Waiting = { readonly attempt: string; readonly learner: string };

/** Replays journals one after another and writes down what they prove. */
export class Verifier {
  readonly #replay: Replay;
  readonly #limits: VerifierLimits;
  readonly #waiting = new Map<string, Waiting>();
  #running: Waiting | undefined;
  #idle: Promise<void> = Promise.resolve();

  constructor(replay?: Replay, limits: VerifierLimits = LIMITS) {
    const thread = new ReplayThread(limits);
    this.#replay = replay ?? ((request) => thread.replay(request));
    this.#limits = limits;
  }

  /**
   * Has an attempt replayed. A learner waits with one attempt at a time, the latest.
   * @returns True when it waits now; `busy` when too many do.
   */
  ask(attempt: string, learner: string): true | 'busy' {
    if (!this.#waiting.has(learner) && this.#waiting.size >= this.#limits.queueMax) return 'busy';
    this.#waiting.set(learner, { attempt, learner });
    if (this.#running === undefined) this.#idle = this.#work();
    return true;
  }

  /** True while a replay of the attempt is due or under way. */
  isWaiting(attempt: string): boolean {
    return (
      this.#running?.attempt === attempt ||
      [...this.#waiting.values()].some((item) => item.attempt === attempt)
    );
  }

  /** Resolves when nothing waits any more. */
  idle(): Promise<void> {
    return this.#idle;
  }

  async #work(): Promise<void> {
    for (;;) {
      const next = this.#waiting.values().next().value;
      if (next === undefined) break;
      this.#waiting.delete(next.learner);
      this.#running = next;
      try {
        await this.#check(next);
      } catch (error) {
        // The page asks again while its task is not verified.
        console.error(isAway(error) ? 'A replay could not be written down: the database is away.' : error);
      }
    }
    this.#running = undefined;
  }

  async #check({ attempt: id, learner }: Waiting): Promise<void> {
    const db = await database();
    const attempt = await db.attempt.findUnique({ where: { id } });
    const lab = attempt === null ? undefined : await readLab(attempt.lab);
    // Asked again while it was replayed: nothing has come since.
    if (attempt === null || lab === undefined || attempt.checkedUpTo >= attempt.upTo) return;
    const entries = await entriesOf(db, id, 1, attempt.upTo);
    const result = await this.#replay({
      labsFolder: path.join(process.cwd(), 'labs'),
      header: JSON.parse(attempt.header),
      entries,
      wallMsMax: this.#limits.wallMs,
    });
    if (!result.ok) console.warn(`Attempt ${id} was not verified: ${result.error.slice(0, 300)}`);
    await db.$transaction(async (tx) => {
      await tx.attempt.update({ where: { id }, data: { checkedUpTo: attempt.upTo } });
      if (!result.ok) return;
      await mark(tx, learner, lab, result.solved, true);
      const frame = {
        upTo: attempt.upTo,
        files: JSON.stringify(result.files),
        solved: JSON.stringify(result.solved),
        createdAt: new Date(),
      };
      await tx.keyframe.upsert({
        where: { attemptId: id },
        create: { attemptId: id, ...frame },
        update: frame,
      });
    });
  }
}

type Home = { ringfenceVerifier?: Verifier };

/** The process's verifier; route handlers are bundled apart and share it. */
export function verifier(): Verifier {
  return ((globalThis as Home).ringfenceVerifier ??= new Verifier());
}

/** Puts another verifier in place; for tests. */
export function useVerifier(other: Verifier): void {
  (globalThis as Home).ringfenceVerifier = other;
}
