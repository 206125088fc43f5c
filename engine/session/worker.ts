// The browser edge of a session: a dedicated worker that gives the desk messages and the wall clock. Everything else in
// this realm is poisoned, so that a clock or chance of the platform in the engine fails at once and not in a replay.
import { Desk } from './desk.ts';
import { poison } from './poison.ts';
import { loadAhead } from './programs.ts';
import type { PageCommand, WorkerEvent } from './protocol.ts';

type WorkerScope = {
  postMessage(event: WorkerEvent): void;
  onmessage: ((message: { readonly data: PageCommand }) => void) | null;
};

const scope = globalThis as unknown as WorkerScope;
const nowMs = performance.now.bind(performance);
const setTimer = setTimeout.bind(globalThis);
const clearTimer = clearTimeout.bind(globalThis);
const channel = new MessageChannel();

poison(globalThis as unknown as Record<string, unknown>);

const desk = new Desk((event) => {
  scope.postMessage(event);
  // The prompt is there: now the rest of the code, before it is asked for.
  if (event.kind === 'opened') void loadAhead();
});
let timer: ReturnType<typeof setTimeout> | undefined;
let isPumping = false;
let isDead = false;

/** Runs the desk until it has nothing to do at once. Between slices the platform delivers messages, such as Ctrl-C. */
async function pump(): Promise<void> {
  if (isPumping || isDead) return;
  isPumping = true;
  if (timer !== undefined) clearTimer(timer);
  timer = undefined;
  try {
    const waitMs = await desk.pump(nowMs());
    isPumping = false;
    if (waitMs === 0) channel.port2.postMessage(0);
    else if (waitMs !== Number.POSITIVE_INFINITY) timer = setTimer(() => void pump(), waitMs);
  } catch (error) {
    isDead = true;
    isPumping = false;
    scope.postMessage({
      kind: 'crashed',
      message: error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error),
    });
  }
}

channel.port1.onmessage = () => void pump();
scope.onmessage = ({ data }) => {
  desk.take(data);
  void pump();
};
