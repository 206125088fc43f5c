import { createActor } from 'xstate';
import type { LabBundle } from '../../engine/lab/bundle.ts';
import {
  type HomeFile,
  type Input,
  type JournalEntry,
  type PageCommand,
  REPLAY_VERSION,
  type WorkerEvent,
} from '../../engine/session/protocol.ts';
import { firstScreen } from '../../engine/session/first-screen.ts';
import { SandboxClient } from './client.ts';
import { type Attempt, type JournalStore, takeStore } from './journal-store.ts';
import { lifeMachine } from './life.ts';
import { readProgress, writeProgress } from './progress.ts';
import { initialState, type PageEvent, reduce, type WorkbenchState } from './state.ts';
import { commandOf, newsOf } from './catch-up.ts';
import { beginAnew, isOutdated, pieceOf } from './pieces.ts';
import { HttpSync, type JournalSync, type ServerAttempt, type Solutions } from './sync.ts';
import { TabLease } from './tab-lease.ts';
import { TaskLives } from './task-lives.ts';

/** Entries are sent together when none has come for this long. */
const SEND_MS = 700;

/** Waiting times after the server was away, each next one longer. */
const RETRY_MS = [2_000, 5_000, 15_000, 30_000] as const;

/** The lease is renewed well before it ends (30 s on the server); more often while a verification is awaited. */
const RENEW_MS = 10_000;
const VERIFYING_MS = 1_000;

/** How long a guest without a copy in this browser waits for the server's; and one who takes over. A server that is away says so at once. */
const REMOTE_PATIENCE_MS = 6_000;
const TAKE_OVER_PATIENCE_MS = 15_000;

/** How long what is typed waits to be sent until the server's copy has come to be compared. */
const COMPARE_PATIENCE_MS = 30_000;

/** Two sends are at least so far apart: a guest has 60 a minute. */
const SEND_GAP_MS = 1_100;

/** Components are told of a change after this long at the latest. */
const TELL_MAX_MS = 100;

/** A terminal on the page: takes output, or its whole text again. `echoColumn` as in WorkerEvent. */
export type ScreenSink = {
  write(data: string, echoColumn: number | undefined): void;
  redraw(data: string, echoColumn: number | undefined): void;
  /** Keys that are on their way will not be answered. */
  lost(): void;
};

/** What a promise brings in time, or undefined. */
function within<T>(promise: Promise<T>, patienceMs: number): Promise<T | undefined> {
  return Promise.race([
    promise,
    new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), patienceMs)),
  ]);
}

function randomHex(bytes: number): string {
  return [...crypto.getRandomValues(new Uint8Array(bytes))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

/** Names this browser for the server's lease. All its tabs share it, also after a reload; among themselves they have TabLease. */
function browserId(): string {
  try {
    const kept = localStorage.getItem('ringfence.writer');
    if (kept !== null && /^[0-9a-f]{16}$/.test(kept)) return kept;
    const made = randomHex(8);
    localStorage.setItem('ringfence.writer', made);
    return made;
  } catch {
    return randomHex(8);
  }
}

/**
 * One learner's sandbox on the page: the worker, its journal (kept in IndexedDB before it is sent), the lease, and the
 * state that the components read. It holds no DOM; React reads it by `subscribe` and `state`.
 */
export class Sandbox {
  readonly #bundle: LabBundle;
  readonly #isGuest: boolean;
  /** The task that the address named, until the journal has been opened. */
  #wantedTask: number | undefined;
  readonly #tab = randomHex(8);
  readonly #sync: JournalSync = new HttpSync(browserId());
  readonly #life = createActor(lifeMachine);
  readonly #listeners = new Set<() => void>();
  readonly #sinks = new Map<number, ScreenSink>();
  readonly #waiting = new Map<number, { readonly data: string; readonly echoColumn: number | undefined }>();
  readonly #lease: TabLease;
  readonly #lives: TaskLives;
  #state: WorkbenchState;
  #client: SandboxClient | undefined;
  #store: JournalStore | undefined;
  #attempt: Attempt | undefined;
  #lastKept = 0;
  #sendTimer: ReturnType<typeof setTimeout> | undefined;
  #renewTimer: ReturnType<typeof setTimeout> | undefined;
  #isSending = false;
  #retries = 0;
  #takeOver = false;
  #isStopped = false;
  #isTelling = false;
  /** Commands that came before the other tabs had answered whether this one writes. */
  #held: PageCommand[] | undefined = [];
  #lastSentMs = 0;
  /** The server's copy is on its way: nothing is sent before it was compared, and loose keys are remembered. */
  #isComparing = false;
  /** Entries when the page was opened. */
  #openedAt = 0;
  /** Keys since the last entry: half a line, which the journal does not know. */
  #loose: PageCommand[] = [];
  /** Files of an attempt that the lab has outgrown, to be laid into the new one. */
  #leftFiles: Readonly<Record<string, string>> = {};
  #solutions: Solutions = {};
  readonly #onPageHide = () => this.#leave();
  #keeping: Promise<void> = Promise.resolve();

  /** `isGuest`: the server may know this browser, by its cookie. */
  constructor(bundle: LabBundle, task: number, isGuest: boolean) {
    this.#bundle = bundle;
    this.#isGuest = isGuest;
    this.#state = initialState(bundle, task);
    this.#lease = new TabLease(bundle.slug, this.#tab, () => this.#becomeReadOnly());
    this.#lives = new TaskLives(bundle, (lives) => this.#dispatch({ kind: 'lives', lives }));
    this.#life.subscribe((snapshot) => this.#dispatch({ kind: 'life', life: snapshot.value }));
    this.#life.start();
  }

  get state(): WorkbenchState {
    return this.#state;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Opens the journal and starts the worker on it. */
  async start(): Promise<void> {
    if (this.#isStopped) return;
    // The worker loads its code while the journal is being looked for.
    this.#client = this.#newClient();
    const remote = this.#isGuest ? this.#sync.load(this.#bundle.slug) : Promise.resolve(undefined);
    // The worker need not wait for the other tabs' word; what would write does.
    const lease = this.#lease.acquire();
    const store = await takeStore();
    this.#store = store;
    const kept = await store.attempt(this.#bundle.slug);
    // What this browser holds is shown at once; the server's word on it comes later.
    const isKept = kept !== undefined && !isOutdated(kept, this.#bundle);
    const entries = await this.#openAttempt(isKept ? undefined : await within(remote, REMOTE_PATIENCE_MS));
    await this.#loadSolutions(entries);
    // A journal that begins at a later task gets its first entry from opening it.
    if (entries.length === 0 && this.#state.task > 0 && !(await lease))
      this.#dispatch({ kind: 'writer', isReadOnly: true });
    if (this.#isStopped) return;
    addEventListener('pagehide', this.#onPageHide);
    if (entries.length > 0) this.#wantedTask = this.#state.task;
    this.#openedAt = entries.length;
    this.#isComparing = this.#isGuest;
    this.#startWorker(entries);
    if (!(await lease)) this.#becomeReadOnly();
    if (this.#isStopped) return;
    this.#release();
    await this.#catchUp(await within(remote, COMPARE_PATIENCE_MS));
    this.#isComparing = false;
    this.#loose = [];
    // What an earlier visit could not send, or this one could not yet, goes now.
    if (this.#lastKept > (this.#attempt?.sentTo ?? 0)) this.#scheduleSend(0);
    else if (entries.length > 0) this.#scheduleRenew(0);
  }

  /** Passes on what was held back, and what comes from now on at once. */
  #release(): void {
    for (const command of this.#held?.splice(0) ?? []) this.#pass(command);
    this.#held = undefined;
  }

  /** The server's copy came after ours was opened: where it went on elsewhere we go on from there, with what was typed here meanwhile. */
  async #catchUp(remote: ServerAttempt | undefined): Promise<void> {
    if (remote === undefined || this.#attempt === undefined || this.#isStopped) return;
    if (remote.isWrittenElsewhere) this.#becomeReadOnly();
    this.#noteVerified(remote.verified);
    for (let tries = 0; tries < 10; tries++) {
      await this.#keeping.catch(() => undefined);
      const own = this.#attempt;
      const entries = (await this.#store?.entries(own.id)) ?? [];
      // Something was typed while we looked.
      if (entries.length < this.#lastKept) continue;
      const news = newsOf({ ...own, entries }, remote, this.#openedAt);
      if (news.kind === 'known' && news.upTo > own.sentTo) await this.#patchAttempt({ sentTo: news.upTo });
      if (news.kind === 'ahead') await this.#goOnFrom(remote, news.again);
      return;
    }
  }

  /** Takes the server's entries in place of ours, and does again what was done here. Keys that come meanwhile wait. */
  async #goOnFrom(remote: ServerAttempt, again: readonly Input[]): Promise<void> {
    const commands = [...again.flatMap((input) => commandOf(input) ?? []), ...this.#loose];
    this.#held = [];
    this.#stopClient();
    this.#life.send({ type: 'RESTART' });
    const entries = await this.#adoptRemote(remote);
    await this.#loadSolutions(entries);
    this.#life.send({ type: 'STARTED' });
    this.#startWorker(entries);
    const typed = again.flatMap((input) => (input.kind === 'line' ? [input.text] : []));
    if (this.#state.isReadOnly && typed.length > 0)
      this.warn(`This lab is open elsewhere, and goes on from there. Not run again: ${typed.join('; ')}`);
    else if (again.length > 0)
      this.#dispatch({
        kind: 'notice',
        level: 'info',
        text: 'This lab was also worked on elsewhere, and goes on from there. What you did here meanwhile is done again.',
      });
    for (const command of commands) this.#pass(command);
    this.#release();
  }

  /** Ends everything; what is not sent yet stays in IndexedDB. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#sendTimer);
    clearTimeout(this.#renewTimer);
    removeEventListener('pagehide', this.#onPageHide);
    this.#leave();
    this.#lease.close();
    this.#client?.stop();
    this.#life.stop();
  }

  /** Sends a command to the worker. A read-only page sends only what changes nothing. */
  send(command: PageCommand): void {
    if (this.#held !== undefined) this.#held.push(command);
    else this.#pass(command);
  }

  #pass(command: PageCommand): void {
    if (this.#isComparing && command.kind === 'keys') this.#loose.push(command);
    const harmless = ['resize', 'draft', 'advise', 'visible', 'read-only', 'ping', 'open'];
    if (this.#state.isReadOnly && !harmless.includes(command.kind)) return;
    if (command.kind === 'go-task' || command.kind === 'hint') void this.#sendWithSolutions(command);
    else this.#client?.post(command);
  }

  /** Attaches a terminal; it gets at once what was written before it came. */
  attach(terminal: number, sink: ScreenSink): () => void {
    this.#sinks.set(terminal, sink);
    const missed = this.#waiting.get(terminal);
    this.#waiting.delete(terminal);
    if (missed !== undefined) sink.redraw(missed.data, missed.echoColumn);
    return () => {
      if (this.#sinks.get(terminal) === sink) this.#sinks.delete(terminal);
    };
  }

  /** Stops the worker, whatever it does, and goes on from the journal in a new one. */
  async restart(): Promise<void> {
    this.#life.send({ type: 'RESTART' });
    this.#stopClient();
    await this.#keeping.catch(() => undefined);
    const entries = (await this.#store?.entries(this.#attempt?.id ?? '')) ?? [];
    this.#life.send({ type: 'STARTED' });
    this.#startWorker(entries);
  }

  /** Makes this tab the one that writes; the other becomes read-only. */
  async takeOver(): Promise<void> {
    this.#lease.take();
    this.#takeOver = true;
    const remote = await this.#loadRemote();
    // The other browser has to stop before the journal is read for good.
    if (remote !== undefined) await this.#sync.renew(remote.id, [], true);
    const entries = await this.#openAttempt(await this.#loadRemote());
    await this.#loadSolutions(entries);
    this.#dispatch({ kind: 'writer', isReadOnly: false });
    this.#life.send({ type: 'RESTART' });
    this.#stopClient();
    this.#life.send({ type: 'STARTED' });
    this.#startWorker(entries);
    this.#scheduleSend(0);
  }

  dismiss(id: number): void {
    this.#dispatch({ kind: 'dismiss', id });
  }

  /** Tells the learner something that the page itself found out. */
  warn(text: string): void {
    this.#dispatch({ kind: 'notice', level: 'warning', text });
  }

  jump(path: string, line?: number): void {
    this.#dispatch({ kind: 'jump', path, ...(line !== undefined && { line }) });
  }

  /** Unsaved editor text that an earlier visit left. */
  async drafts(): Promise<Readonly<Record<string, string>>> {
    return (await this.#store?.drafts(this.#bundle.slug)) ?? {};
  }

  /** Keeps unsaved editor text; undefined when the file was saved. */
  keepDraft(path: string, text: string | undefined): void {
    void this.#store?.putDraft(this.#bundle.slug, path, text).catch(() => undefined);
  }

  /** Solutions are not in the page: they come when a task is begun on them, or when the last rung asks for one. */
  async #sendWithSolutions(command: Extract<PageCommand, { kind: 'go-task' | 'hint' }>): Promise<void> {
    const { task } = command;
    const { tasks } = this.#state;
    const isNext = task === this.#state.task + 1 && tasks[this.#state.task]?.isSolved === true;
    if (command.kind === 'go-task' && !isNext) await this.#getSolutions({ before: task });
    if (command.kind === 'hint' && (tasks[task]?.hintsTaken ?? 0) >= 3) await this.#getSolutions({ task });
    this.#client?.post({ kind: 'solutions', solutions: this.#solutions });
    this.#client?.post(command);
  }

  async #getSolutions(which: { before: number } | { task: number }): Promise<void> {
    const wanted = 'task' in which ? [which.task] : Array.from({ length: which.before }, (_, index) => index);
    // One that the learner wants to see is asked for in any case: the server writes it down.
    if ('before' in which && wanted.every((index) => this.#solutions[index] !== undefined)) return;
    const found = await this.#sync.solutions(this.#bundle.slug, which);
    this.#solutions = { ...this.#solutions, ...found };
  }

  /** A journal that began a task on the solutions of those before replays with them only. */
  async #loadSolutions(entries: readonly JournalEntry[]): Promise<void> {
    const begun = entries.map(({ input }) =>
      input.kind === 'task' && input.from === 'solutions' ? input.task : 0,
    );
    const before = begun.reduce((a, b) => Math.max(a, b), entries.length === 0 ? this.#state.task : 0);
    for (const pauseMs of [500, 2_000, 0]) {
      await this.#getSolutions({ before });
      if (Object.keys(this.#solutions).length >= before || this.#isStopped) return;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  #dispatch(event: WorkerEvent | PageEvent): void {
    const next = reduce(this.#state, event);
    if (next === this.#state) return;
    this.#state = next;
    this.#tellSoon();
  }

  /** The components are told once a frame, however many events came: an echo does not wait for a picture of each. */
  #tellSoon(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    const tell = () => {
      if (!this.#isTelling) return;
      this.#isTelling = false;
      for (const listener of this.#listeners) listener();
    };
    requestAnimationFrame(tell);
    // A hidden page gets no frames.
    setTimeout(tell, TELL_MAX_MS);
  }

  /** Finds the attempt to go on with: this browser's, or the server's where it has more. Gives its entries. */
  async #openAttempt(remote: ServerAttempt | undefined): Promise<readonly JournalEntry[]> {
    const store = this.#store;
    if (store === undefined) return [];
    const slug = this.#bundle.slug;
    const local = await store.attempt(slug);
    const localEntries = local === undefined ? [] : await store.entries(local.id);
    const hasUnsent = local !== undefined && localEntries.length > local.sentTo;
    const isLocalOutdated = local !== undefined && isOutdated(local, this.#bundle);
    const isRemoteAhead =
      remote !== undefined &&
      !remote.isOutdated &&
      (!hasUnsent || isLocalOutdated) &&
      (remote.id !== local?.id || remote.entries.length > localEntries.length);
    if (remote?.isWrittenElsewhere === true && !this.#takeOver)
      this.#dispatch({ kind: 'writer', isReadOnly: true });
    if (!isRemoteAhead && (isLocalOutdated || (local === undefined && remote?.isOutdated === true))) {
      const { attempt, files } = beginAnew(this.#newAttempt(), local, localEntries, remote);
      this.#attempt = attempt;
      this.#leftFiles = files;
      this.#lastKept = 0;
      this.#dispatch({
        kind: 'notice',
        level: 'info',
        text: 'This lab has changed since you were here. It begins anew, with your files; what was solved stays solved.',
      });
      await store.putAttempt(attempt).catch(() => undefined);
      return [];
    }
    if (isRemoteAhead) return this.#adoptRemote(remote);
    this.#attempt = local ?? this.#newAttempt();
    // Not waited for: what is kept later is kept after it.
    if (local === undefined) void store.putAttempt(this.#attempt).catch(() => undefined);
    if (remote !== undefined && remote.id === this.#attempt.id) this.#noteVerified(remote.verified);
    this.#lastKept = localEntries.length;
    return localEntries;
  }

  /** Keeps the server's attempt in place of this browser's. */
  async #adoptRemote(remote: ServerAttempt): Promise<readonly JournalEntry[]> {
    const { id, header, task, solved, verified, entries } = remote;
    this.#attempt = { id, lab: this.#bundle.slug, header, task, solved, verified, sentTo: entries.length };
    this.#lastKept = entries.length;
    await this.#store?.putAttempt(this.#attempt);
    await this.#store?.replace(id, entries);
    return entries;
  }

  /** What the server has; a server that is slow to answer is not waited for. */
  #loadRemote(): Promise<ServerAttempt | undefined> {
    return within(this.#sync.load(this.#bundle.slug), TAKE_OVER_PATIENCE_MS);
  }

  #newClient(): SandboxClient {
    return new SandboxClient({
      event: (event) => this.#take(event),
      silent: (isSilent) => this.#life.send({ type: isSilent ? 'SILENT' : 'ANSWERED' }),
      failed: (message) => this.#take({ kind: 'crashed', message }),
    });
  }

  #stopClient(): void {
    this.#client?.stop();
    this.#client = undefined;
    for (const sink of this.#sinks.values()) sink.lost();
  }

  #newAttempt(): Attempt {
    const [seed = 1] = crypto.getRandomValues(new Uint32Array(1));
    const header = {
      replayVersion: REPLAY_VERSION,
      lab: this.#bundle.slug,
      labVersion: this.#bundle.version,
      seed: seed >>> 1,
      epochMs: Math.floor(Date.now() / 1000) * 1000,
    };
    return {
      id: randomHex(16),
      lab: this.#bundle.slug,
      header,
      task: 0,
      solved: [],
      verified: [],
      sentTo: 0,
    };
  }

  #startWorker(entries: readonly JournalEntry[]): void {
    if (this.#attempt === undefined || this.#isStopped) return;
    const attempt = this.#attempt;
    this.#lives.solved(attempt.solved);
    this.#noteVerified(attempt.verified);
    this.#client ??= this.#newClient();
    const open = {
      kind: 'open' as const,
      bundle: {
        ...this.#bundle,
        tasks: this.#bundle.tasks.map((task, index) => {
          const solution = this.#solutions[index];
          return solution === undefined ? task : { ...task, solution };
        }),
      },
      header: attempt.header,
      entries,
      solved: [...new Set([...attempt.solved, ...attempt.verified])],
      task: this.#state.task,
      isReadOnly: this.#state.isReadOnly,
    };
    // Keys that are typed at this prompt wait in the worker until the cluster has booted.
    const screen = firstScreen(open);
    if (screen !== undefined) this.#take(screen);
    this.#client.post(open);
  }

  #take(event: WorkerEvent): void {
    if (event.kind === 'output' || event.kind === 'screen') this.#show(event);
    if (event.kind === 'journal') {
      for (const { input } of event.entries) if (input.kind === 'line') this.#dropTyped();
      this.#keep(event.entries);
      this.#lives.tried(
        this.#state.task,
        event.entries.map((entry) => entry.input),
      );
    }
    if (event.kind === 'opened') {
      this.#life.send({ type: 'OPENED' });
      for (const [path, content] of Object.entries(this.#leftFiles))
        this.send({ kind: 'save', path, content });
      this.#leftFiles = {};
      // The journal may stand at another task than the one that the learner came for.
      const wanted = this.#wantedTask;
      this.#wantedTask = undefined;
      if (wanted !== undefined && wanted !== event.task) this.send({ kind: 'go-task', task: wanted });
    }
    if (event.kind === 'files') this.#noteFiles(event.files);
    if (event.kind === 'crashed') this.#life.send({ type: 'CRASHED' });
    this.#dispatch(event);
    if (event.kind === 'busy')
      this.#life.send({ type: Object.keys(this.#state.busy).length > 0 ? 'WORKING' : 'IDLE' });
    if (event.kind === 'task' || event.kind === 'opened') {
      this.#lives.solved(this.#solved());
      this.#noteProgress();
    }
  }

  /** A line has become an entry: the keys up to its end are no longer loose. */
  #dropTyped(): void {
    const end = this.#loose.findIndex((command) => command.kind === 'keys' && command.data.includes('\r'));
    this.#loose = end < 0 ? [] : this.#loose.slice(end + 1);
  }

  #show({ kind, terminal, data, echoColumn }: Extract<WorkerEvent, { kind: 'output' | 'screen' }>): void {
    const sink = this.#sinks.get(terminal);
    if (sink === undefined) {
      const before = kind === 'screen' ? '' : (this.#waiting.get(terminal)?.data ?? '');
      this.#waiting.set(terminal, { data: before + data, echoColumn });
    } else if (kind === 'screen') sink.redraw(data, echoColumn);
    else sink.write(data, echoColumn);
  }

  /** Keeps new entries in IndexedDB at once, and has them sent soon. */
  #keep(entries: readonly JournalEntry[]): void {
    if (this.#state.isReadOnly || this.#attempt === undefined || entries.length === 0) return;
    const { id } = this.#attempt;
    this.#lastKept = Math.max(this.#lastKept, entries.at(-1)?.sequence ?? 0);
    this.#dispatch({ kind: 'saved', saved: this.#state.saved === 'saved' ? 'saving' : this.#state.saved });
    this.#keeping = this.#keeping
      .then(() => this.#store?.append(id, entries))
      .catch(() =>
        this.#dispatch({
          kind: 'notice',
          level: 'warning',
          text: 'This browser refuses to keep your work (its storage is full or switched off). It lasts while this page is open.',
        }),
      );
    this.#scheduleSend(SEND_MS);
  }

  #scheduleSend(afterMs: number): void {
    clearTimeout(this.#sendTimer);
    const gapMs = this.#lastSentMs + SEND_GAP_MS - Date.now();
    this.#sendTimer = setTimeout(
      () => void this.#sendPiece(),
      Math.max(afterMs, Math.min(gapMs, SEND_GAP_MS)),
    );
  }

  async #sendPiece(): Promise<void> {
    const attempt = this.#attempt;
    if (
      this.#isSending ||
      this.#isComparing ||
      this.#isStopped ||
      attempt === undefined ||
      this.#state.isReadOnly ||
      this.#state.saved === 'refused'
    )
      return;
    this.#isSending = true;
    try {
      await this.#keeping.catch(() => undefined);
      const entries = (await this.#store?.entries(attempt.id, attempt.sentTo + 1)) ?? [];
      if (entries.length === 0) return;
      const piece = pieceOf(entries);
      const from = attempt.sentTo + 1;
      this.#lastSentMs = Date.now();
      const result = await this.#sync.append({
        attempt: attempt.id,
        header: attempt.header,
        from,
        entries: piece,
        takeOver: this.#takeOver,
        task: this.#state.task,
        solved: this.#solved(),
      });
      await this.#afterSend(result);
    } finally {
      this.#isSending = false;
      if ((this.#attempt?.sentTo ?? 0) < this.#lastKept && this.#state.saved === 'saved')
        this.#scheduleSend(0);
    }
  }

  async #afterSend(result: Awaited<ReturnType<JournalSync['append']>>): Promise<void> {
    switch (result.kind) {
      case 'saved':
        this.#takeOver = false;
        this.#retries = 0;
        await this.#patchAttempt({ sentTo: result.upTo });
        this.#afterKept(result);
        this.#dispatch({ kind: 'saved', saved: 'saved' });
        return;
      case 'conflict':
        // Where the server has less than it once had it gets the rest again; where it has something else, we part ways.
        if (result.upTo < (this.#attempt?.sentTo ?? 0)) {
          await this.#patchAttempt({ sentTo: result.upTo });
          this.#scheduleSend(0);
        } else await this.#fork();
        return;
      case 'elsewhere':
        this.#lease.drop();
        this.#becomeReadOnly();
        return;
      case 'refused':
        this.#dispatch({ kind: 'saved', saved: 'refused' });
        this.#dispatch({
          kind: 'notice',
          level: 'error',
          text: `${result.message} Your work stays in this browser, but it cannot be verified.`,
        });
        return;
      case 'away':
        if (result.isBusy) {
          this.#scheduleSend(RETRY_MS[1]);
          return;
        }
        if (this.#state.saved !== 'offline')
          this.#dispatch({
            kind: 'notice',
            level: 'warning',
            topic: 'server',
            text:
              result.message ??
              'The server is away. Everything you do is kept in this browser and will be sent when it is back.',
          });
        this.#dispatch({ kind: 'saved', saved: 'offline' });
        this.#scheduleSend(RETRY_MS[Math.min(this.#retries++, RETRY_MS.length - 1)] ?? 30_000);
        return;
      case 'local':
        this.#dispatch({ kind: 'saved', saved: 'local' });
    }
  }

  #solved(): readonly number[] {
    return this.#state.tasks.filter((task) => task.isSolved).map((task) => task.index);
  }

  #afterKept({
    verified,
    isVerifying,
    isOutdated,
  }: {
    verified: readonly number[];
    isVerifying: boolean;
    isOutdated: boolean;
  }): void {
    this.#noteVerified(verified);
    this.#lives.checking(isVerifying);
    if (isOutdated)
      this.warn(
        'This lab has been changed since you began it. Reload the page to go on with the new version; your files stay.',
      );
    this.#scheduleRenew(isVerifying ? VERIFYING_MS : RENEW_MS);
  }

  #scheduleRenew(afterMs: number): void {
    clearTimeout(this.#renewTimer);
    this.#renewTimer = setTimeout(() => void this.#renew(), afterMs);
  }

  /** Holds the lease while the page is open, and asks how the verification goes. */
  async #renew(): Promise<void> {
    const attempt = this.#attempt;
    if (
      this.#isStopped ||
      attempt === undefined ||
      attempt.sentTo === 0 ||
      this.#state.isReadOnly ||
      this.#state.saved === 'refused'
    )
      return;
    const result = await this.#sync.renew(attempt.id, this.#solved());
    if (this.#isStopped) return;
    if (result.kind === 'saved') this.#afterKept(result);
    else if (result.kind === 'elsewhere') {
      this.#lease.drop();
      this.#becomeReadOnly();
    } else if (result.kind === 'away') this.#scheduleRenew(RENEW_MS);
  }

  #leave(): void {
    if (this.#attempt !== undefined && this.#attempt.sentTo > 0 && !this.#state.isReadOnly)
      this.#sync.leave(this.#attempt.id);
  }

  /** The server holds another history under this name: ours goes on as an attempt of its own, from its first entry. */
  async #fork(): Promise<void> {
    const store = this.#store;
    const attempt = this.#attempt;
    if (store === undefined || attempt === undefined) return;
    const entries = await store.entries(attempt.id);
    this.#attempt = { ...attempt, id: randomHex(16), sentTo: 0 };
    await store.replace(this.#attempt.id, entries);
    await store.putAttempt(this.#attempt);
    this.#dispatch({
      kind: 'notice',
      level: 'info',
      text: 'This lab was also worked on elsewhere. Your work here goes on as an attempt of its own.',
    });
    this.#scheduleSend(0);
  }

  #becomeReadOnly(): void {
    this.#dispatch({ kind: 'writer', isReadOnly: true });
    this.#client?.post({ kind: 'read-only', isReadOnly: true });
    for (const sink of this.#sinks.values()) sink.lost();
  }

  #noteVerified(tasks: readonly number[]): void {
    if (tasks.length === 0) return;
    this.#lives.verified(tasks);
    this.#dispatch({ kind: 'verified', tasks });
    void this.#patchAttempt({ verified: [...new Set([...(this.#attempt?.verified ?? []), ...tasks])] });
  }

  async #patchAttempt(patch: Partial<Attempt>): Promise<void> {
    if (this.#attempt === undefined) return;
    this.#attempt = { ...this.#attempt, ...patch };
    await this.#store?.putAttempt(this.#attempt).catch(() => undefined);
  }

  /** Keeps the home folder as it is, once something has been done in it. */
  #noteFiles(files: readonly HomeFile[]): void {
    if (this.#state.isReadOnly || this.#lastKept === 0) return;
    const texts = files.flatMap(({ path, content }) => (content === undefined ? [] : [[path, content]]));
    void this.#patchAttempt({ files: Object.fromEntries(texts) });
  }

  /** Writes down where the learner is; the catalogue reads it. */
  #noteProgress(): void {
    if (this.#state.isReadOnly) return;
    const solved = this.#solved();
    const before = readProgress()[this.#bundle.slug];
    // What has just been solved wants to be verified, also when every entry is sent already.
    if (
      solved.some((task) => !this.#state.verified.includes(task)) &&
      solved.length !== before?.solved.length
    )
      this.#scheduleRenew(SEND_MS * 2);
    const isSame = before?.task === this.#state.task && before.solved.length === solved.length;
    if (isSame || (before === undefined && this.#lastKept === 0)) return;
    writeProgress(this.#bundle.slug, { solved, task: this.#state.task, atMs: Date.now() });
    void this.#patchAttempt({ task: this.#state.task, solved });
  }
}
