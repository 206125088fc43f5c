// The browser edge of a session: a dedicated worker that gives the desk messages and the wall clock. Everything else in
// this realm is poisoned, so that a clock or chance of the platform in the engine fails at once and not in a replay.
import type { Desk } from './desk.ts';
import { firstScreen } from './first-screen.ts';
import { poison } from './poison.ts';
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

/** What came before the engine was there. */
const early: PageCommand[] = [];
let desk: Desk | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let isPumping = false;
let isDead = false;

function die(error: unknown): void {
  isDead = true;
  scope.postMessage({
    kind: 'crashed',
    message: error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error),
  });
}

/** Runs the desk until it has nothing to do at once. Between slices the platform delivers messages, such as Ctrl-C. */
async function pump(): Promise<void> {
  if (isPumping || isDead || desk === undefined) return;
  isPumping = true;
  if (timer !== undefined) clearTimer(timer);
  timer = undefined;
  try {
    const waitMs = await desk.pump(nowMs());
    isPumping = false;
    if (waitMs === 0) channel.port2.postMessage(0);
    else if (waitMs !== Number.POSITIVE_INFINITY) timer = setTimer(() => void pump(), waitMs);
  } catch (error) {
    isPumping = false;
    die(error);
  }
}

/** Loads the engine, which is far larger than this file: the page's prompt does not wait for it. */
async function load(): Promise<void> {
  const [{ Desk }, { loadAhead }] = await Promise.all([import('./desk.ts'), import('./programs.ts')]);
  desk = new Desk((event) => {
    scope.postMessage(event);
    // The sandbox is there: now the rest of the code, before it is asked for.
    if (event.kind === 'opened') void loadAhead();
  });
  for (const command of early.splice(0)) desk.take(command);
  void pump();
}

channel.port1.onmessage = () => void pump();
scope.onmessage = ({ data }) => {
  if (data.kind === 'open') {
    const screen = firstScreen(data);
    if (screen !== undefined) scope.postMessage(screen);
  }
  if (desk === undefined) early.push(data);
  else desk.take(data);
  void pump();
};
load().catch(die);
