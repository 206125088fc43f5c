import { isLabPage } from './address.ts';
import type { PageCommand, WorkerEvent } from '../../engine/session/protocol.ts';

/** Milliseconds between two questions whether the worker still answers. */
const PING_MS = 2_000;

/** Unanswered for so long the worker counts as wedged. Replaying a long journal takes longer, so booting has its own limit. */
const SILENCE_MS = 8_000;
const BOOT_SILENCE_MS = 45_000;

/** The file that `engine/cli/bundle-worker.ts` made; in development the pages' bundler makes the worker. */
const ENGINE = process.env.NEXT_PUBLIC_ENGINE;

function newWorker(): Worker {
  if (ENGINE !== undefined) return new Worker(`/_next/static/engine/${ENGINE}`, { type: 'module' });
  // Written out in full: bundlers recognise a worker only in this form.
  return new Worker(new URL('../../engine/session/worker.ts', import.meta.url), { type: 'module' });
}

/** A lab's page starts its worker before React has come to life; whoever needs one first takes it. */
let early: Worker | undefined;
if (typeof window !== 'undefined' && isLabPage(location.pathname)) {
  early = newWorker();
  early.addEventListener('error', () => {
    early = undefined;
  });
}

function takeWorker(): Worker {
  const worker = early ?? newWorker();
  early = undefined;
  return worker;
}

/** What the owner of a client is told. */
export type ClientListener = {
  event(event: WorkerEvent): void;
  /** The worker stopped answering, or answers again. */
  silent(isSilent: boolean): void;
  /** The worker itself failed, outside of the sandbox: it could not be loaded, or threw. */
  failed(message: string): void;
};

/** The page's end of one worker: typed messages and a watchdog. The only place that knows how the worker is made. */
export class SandboxClient {
  readonly #worker: Worker;
  readonly #listener: ClientListener;
  readonly #timer: ReturnType<typeof setInterval>;
  #heardMs = Date.now();
  #isOpen = false;
  #isSilent = false;
  #pings = 0;

  constructor(listener: ClientListener) {
    this.#listener = listener;
    this.#worker = takeWorker();
    this.#worker.addEventListener('message', (message: MessageEvent<WorkerEvent>) =>
      this.#take(message.data),
    );
    this.#worker.addEventListener('error', (error) =>
      listener.failed(error.message || 'The worker could not be loaded.'),
    );
    this.#timer = setInterval(() => this.#watch(), PING_MS);
  }

  /** Sends one command; every effect comes back as an event. */
  post(command: PageCommand): void {
    if (command.kind === 'open') {
      this.#isOpen = false;
      this.#heardMs = Date.now();
    }
    this.#worker.postMessage(command);
  }

  /** Ends the worker at once, whatever it does. */
  stop(): void {
    clearInterval(this.#timer);
    this.#worker.terminate();
  }

  #take(event: WorkerEvent): void {
    if (event.kind === 'opened') this.#isOpen = true;
    // Only an answered ping shows that commands are taken: a worker may talk on and hear nothing.
    if (event.kind !== 'pong' && event.kind !== 'opened') {
      this.#listener.event(event);
      return;
    }
    this.#heardMs = Date.now();
    if (this.#isSilent) {
      this.#isSilent = false;
      this.#listener.silent(false);
    }
    if (event.kind === 'opened') this.#listener.event(event);
  }

  #watch(): void {
    // A hidden tab's timers are slowed down by the browser: silence then says nothing.
    if (document.visibilityState === 'hidden') {
      this.#heardMs = Date.now();
      return;
    }
    this.#worker.postMessage({ kind: 'ping', id: ++this.#pings } satisfies PageCommand);
    const limitMs = this.#isOpen ? SILENCE_MS : BOOT_SILENCE_MS;
    if (!this.#isSilent && Date.now() - this.#heardMs > limitMs) {
      this.#isSilent = true;
      this.#listener.silent(true);
    }
  }
}
