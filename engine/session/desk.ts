import { recognise } from '../lab/feedback.ts';
import type { LabBundle } from '../lab/bundle.ts';
import type { CellAdvice } from '../lab/matrix-value.ts';
import { isUndoable, pathTo } from './journal.ts';
import type { adviseStepwise } from './counterfactuals.ts';
import { EditedTerminal } from './edited-terminal.ts';
import { Matrix } from './live-matrix.ts';
import { flowRows } from './flow-rows.ts';
import type {
  CheckResult,
  HomeFile,
  Input,
  JournalEntry,
  JournalHeader,
  PageCommand,
  TaskState,
  WebVisit,
  WorkerEvent,
} from './protocol.ts';
import { loadCompleter } from './programs.ts';
import { Sandbox } from './sandbox.ts';
import type { SandboxTerminal } from './terminal.ts';
import { resume } from './timeline.ts';
import { LIMITS } from '../base/limits.ts';

/** Scheduler steps between two looks at the page's messages: Ctrl-C must get a word in. */
const STEPS_A_SLICE = 500;

/** Without input for this long, time stands still: nobody is looking. */
const IDLE_STOP_MS = 120_000;

/** A command that is silent for this long, or waits this long, is worth a button that skips the wait. */
const SKIPPABLE_MS = 1_000;

/** A skip goes on until something is shown; this is longer than the kernel tries to connect (tools/FACTS.md §2). */
const SKIP_MAX_MS = 140_000;

/** A wait that is being skipped: until when, and what the terminals had shown when it began. */
type Skip = { readonly stamp: string; readonly untilMs: number };

/** Flows that the plain table shows. */
const FLOW_ROWS = 60;

/** Commands that act on the sandbox; the others are about the page. */
type Action = Exclude<
  PageCommand,
  | { readonly kind: 'open' }
  | { readonly kind: 'visible' }
  | { readonly kind: 'read-only' }
  | { readonly kind: 'draft' }
  | { readonly kind: 'advise' }
  | { readonly kind: 'solutions' }
  | { readonly kind: 'ping' }
>;

/** What the page was told last. */
type Seen = {
  files: string;
  flows: number;
  task: string;
  web: string;
  visit?: WebVisit | undefined;
  visitedMs?: number;
};

type Undone = { readonly sequence: number; readonly atMs: number; readonly step: number };

/**
 * One learner's page seen from the engine: turns the page's commands into journalled inputs, runs the sandbox along with
 * the wall clock, and tells the page what changed. It knows no platform: the edge gives it the wall clock and calls `pump`.
 */
export class Desk {
  readonly #post: (event: WorkerEvent) => void;
  #sandbox: Sandbox | undefined;
  #bundle: LabBundle | undefined;
  #header: JournalHeader | undefined;
  #entries: JournalEntry[] = [];
  #queue: PageCommand[] = [];
  #terminals = new Map<number, EditedTerminal>();
  /** What the page last told of each terminal's size. A terminal that comes back (undo, `exit`) is as large as the page's. */
  readonly #sizes = new Map<number, { readonly columns: number; readonly rows: number }>();
  #matrix: Matrix | undefined;
  #redo: Undone[] = [];
  /** The moment that a reset left: undo goes back to it as long as nothing was done since. */
  #left: Undone | undefined;
  #solved = new Set<number>();
  #hints = new Map<number, number>();
  #attempts = new Map<number, number>();
  #isReadOnly = false;
  #isVisible = true;
  /** Virtual minus wall time while time runs; undefined while it stands. */
  #offsetMs: number | undefined;
  #wallMs = 0;
  #activeWallMs = 0;
  #skip: Skip | undefined;
  /** Since when each terminal has shown nothing new, and what it had shown then. */
  #quiet = new Map<number, { readonly stamp: string; readonly sinceMs: number }>();
  #told = new Map<string, string>();
  #seen: Seen = { files: '', flows: -1, task: '', web: '' };
  #drafts = new Map<string, string>();
  /** Files that were opened by name, wherever they are. */
  readonly #opened = new Set<string>();
  /** The cell that the page wants to know about, until it is told. */
  #asked: { readonly row: number; readonly column: number } | undefined;
  #adviser: typeof adviseStepwise | undefined;
  /** What is being found out about that cell. */
  #advice: Generator<void, CellAdvice | undefined> | undefined;

  constructor(post: (event: WorkerEvent) => void) {
    this.#post = post;
  }

  /** Takes a command; it has its effect at the next `pump`. So has a ping: who answers it takes commands too. */
  take(command: PageCommand): void {
    this.#queue.push(command);
  }

  /**
   * Handles what was taken and runs the sandbox up to the wall clock's now, a slice at a time.
   * @returns Wall milliseconds until it should be called again at the latest; 0: at once, after the platform's messages.
   */
  async pump(wallMs: number): Promise<number> {
    this.#wallMs = wallMs;
    while (this.#queue.length > 0) {
      const command = this.#queue.shift();
      if (command !== undefined) await this.#handle(command);
    }
    const sandbox = this.#sandbox;
    if (sandbox === undefined) return Number.POSITIVE_INFINITY;
    const isDone = await this.#run(sandbox);
    this.#tell(sandbox, isDone);
    if (!isDone || this.#queue.length > 0 || this.#stepAdvice()) return 0;
    return this.#nextWakeMs(sandbox);
  }

  async #run(sandbox: Sandbox): Promise<boolean> {
    if (this.#skip !== undefined) {
      if (!(await this.#runSkip(sandbox, this.#skip))) return false;
      this.#skip = undefined;
      this.#startTime(sandbox);
      return true;
    }
    const isRunning = this.#isVisible && this.#wallMs - this.#activeWallMs < IDLE_STOP_MS;
    if (!isRunning) this.#offsetMs = undefined;
    else if (this.#offsetMs === undefined) this.#startTime(sandbox);
    const untilMs =
      this.#offsetMs === undefined
        ? sandbox.nowMs
        : Math.max(sandbox.nowMs, Math.floor(this.#wallMs + this.#offsetMs));
    return sandbox.runUntil(untilMs, STEPS_A_SLICE);
  }

  /** Runs a slice of a skipped wait. True when it is over: something was shown, a command ended, or the time is up. */
  async #runSkip(sandbox: Sandbox, skip: Skip): Promise<boolean> {
    for (let step = 0; step < STEPS_A_SLICE; step++) {
      if (foregroundStamp(sandbox) !== skip.stamp) return true;
      if (await sandbox.runUntil(Math.max(skip.untilMs, sandbox.nowMs), 1)) return true;
    }
    return false;
  }

  #startTime(sandbox: Sandbox): void {
    this.#offsetMs = sandbox.nowMs - this.#wallMs;
  }

  #nextWakeMs(sandbox: Sandbox): number {
    if (this.#offsetMs === undefined) return Number.POSITIVE_INFINITY;
    const dueMs = sandbox.sim.clock.nextDueMs();
    const untilDue = dueMs === undefined ? 1_000 : dueMs - sandbox.nowMs;
    return Math.min(Math.max(untilDue, 4), 1_000);
  }

  async #handle(command: PageCommand): Promise<void> {
    if (command.kind === 'ping') {
      this.#post({ kind: 'pong', id: command.id });
      return;
    }
    if (command.kind === 'open') {
      await this.#open(command);
      return;
    }
    if (command.kind === 'resize')
      this.#sizes.set(command.terminal, { columns: command.columns, rows: command.rows });
    const sandbox = this.#sandbox;
    if (sandbox === undefined) return;
    if (command.kind === 'visible') {
      this.#isVisible = command.isVisible;
      this.#activeWallMs = this.#wallMs;
      return;
    }
    if (command.kind === 'read-only') {
      this.#isReadOnly = command.isReadOnly;
      return;
    }
    if (command.kind === 'draft') {
      this.#setDraft(command.path, command.content);
      return;
    }
    if (command.kind === 'advise') {
      this.#adviser ??= (await import('./counterfactuals.ts')).adviseStepwise;
      this.#asked = command;
      this.#advice = undefined;
      return;
    }
    if (command.kind === 'solutions') {
      // The bundle is this worker's own copy, and the sandbox has the same one.
      for (const [index, solution] of Object.entries(command.solutions))
        Object.assign(sandbox.bundle.tasks[Number(index)] ?? {}, { solution });
      return;
    }
    this.#activeWallMs = this.#wallMs;
    if (this.#isReadOnly) {
      if (command.kind !== 'resize')
        this.#notice('warning', 'This lab is open for writing somewhere else. Take it over to go on here.');
      return;
    }
    await this.#act(sandbox, command);
  }

  async #act(sandbox: Sandbox, command: Action): Promise<void> {
    switch (command.kind) {
      case 'keys':
        // Bytes that were typed ahead of a running slice are handled in order, each at a quiet moment.
        if (command.data.includes('\t')) await loadCompleter();
        this.#terminals.get(command.terminal)?.keys(command.data);
        break;
      case 'resize':
        this.#resize(sandbox, command.terminal);
        break;
      case 'open-terminal': {
        const next = Math.max(0, ...sandbox.terminals.keys()) + 1;
        if (sandbox.terminals.size >= 6)
          this.#notice('warning', 'Six terminals are enough; close one first.');
        else this.#input({ kind: 'terminal', terminal: next, change: 'open' });
        break;
      }
      case 'close-terminal':
        if (sandbox.terminals.size > 1)
          this.#input({ kind: 'terminal', terminal: command.terminal, change: 'close' });
        break;
      case 'type-line':
        await this.#typeLine(sandbox, command.terminal, command.text);
        break;
      case 'save':
        if (command.content.length > LIMITS.fileCharactersMax)
          this.#notice(
            'error',
            `This file is larger than ${LIMITS.fileCharactersMax / 1_048_576} MB and was not saved. Your text is still in the editor.`,
          );
        else this.#input({ kind: 'save', path: command.path, content: command.content });
        break;
      case 'skip-wait':
        this.#skip = {
          stamp: foregroundStamp(sandbox),
          untilMs: Math.max(sandbox.nowMs + SKIP_MAX_MS, sandbox.scheduler.nextWakeMs() ?? 0),
        };
        break;
      case 'hint':
        await this.#hint(sandbox, command.task);
        break;
      case 'answer':
        this.#countAttempt(sandbox.task);
        this.#input({
          kind: 'answer',
          task: command.task,
          question: command.question,
          choice: command.choice,
        });
        break;
      case 'predict':
        this.#countAttempt(sandbox.task);
        this.#input({ kind: 'predict', task: command.task, cells: command.cells });
        break;
      case 'browse':
        this.#input({ kind: 'browse', url: command.url });
        break;
      case 'go-task':
        await this.#goTask(sandbox, command.task);
        break;
      case 'undo':
      case 'redo':
      case 'reset-task':
      case 'reset-lab':
        await this.#travel(command.kind);
        break;
    }
  }

  // --- opening -------------------------------------------------------------------------------------------------

  async #open(command: Extract<PageCommand, { kind: 'open' }>): Promise<void> {
    const { bundle, header } = command;
    this.#bundle = bundle;
    this.#header = header;
    this.#entries = [...command.entries];
    this.#solved = new Set(command.solved);
    this.#isReadOnly = command.isReadOnly;
    this.#forgetTravels();
    this.#hints.clear();
    for (const { input } of command.entries)
      if (input.kind === 'hint')
        this.#hints.set(input.task, Math.max(this.#hints.get(input.task) ?? 0, input.rung));
    const startedMs = this.#wallMs;
    const { sandbox, solved, faithful } = await resume(bundle, header, this.#entries);
    for (const task of solved) this.#solved.add(task);
    if (this.#entries.length === 0 && command.task > 0 && this.#mayBegin(bundle, command.task)) {
      this.#record(sandbox, { kind: 'task', task: command.task, from: 'solutions' });
      await sandbox.leadTo(command.task);
    }
    this.#adopt(sandbox);
    const notice = faithful
      ? undefined
      : 'Your history was replayed, though not every moment of it met the same state as before. Look your files over; nothing of them is lost.';
    this.#post({
      kind: 'opened',
      task: this.#sandbox?.task ?? 0,
      tasks: this.#taskStates(),
      home: sandbox.workplace.workstation.home,
      bootMs: this.#wallMs - startedMs,
      ...(notice === undefined ? {} : { notice }),
    });
  }

  /** Makes a sandbox the one that the page sees: terminals are redrawn, everything is told anew. */
  #adopt(sandbox: Sandbox): void {
    this.#sandbox = sandbox;
    this.#told.clear();
    this.#seen = { files: '', flows: -1, task: '', web: '' };
    this.#skip = undefined;
    this.#quiet.clear();
    this.#startTime(sandbox);
    this.#activeWallMs = this.#wallMs;
    for (const task of this.#solved) sandbox.solved.add(task);
    sandbox.onSolved = (task) => this.#solved.add(task);
    sandbox.onOpenFile = (path, line) => {
      if (!sandbox.edits().includes(path)) this.#opened.add(path);
      this.#seen.files = '';
      // The page can show a file only when it knows it.
      this.#tellFiles(sandbox);
      this.#post({ kind: 'open-file', path, ...(line === undefined ? {} : { line }) });
    };
    this.#matrix = new Matrix(sandbox);
    this.#advice = undefined;
    this.#asked = undefined;
    for (const [path, content] of this.#drafts) this.#matrix.setDraft(path, content);
    this.#terminals.clear();
    this.#followTerminals(sandbox, true);
  }

  #followTerminals(sandbox: Sandbox, isRedrawn: boolean): void {
    const open = [...sandbox.terminals.keys()];
    for (const id of this.#terminals.keys()) if (!sandbox.terminals.has(id)) this.#terminals.delete(id);
    if (open.length === 0) {
      this.#input({ kind: 'terminal', terminal: 1, change: 'open' });
      return;
    }
    for (const id of open) {
      if (this.#terminals.has(id)) continue;
      const terminal = sandbox.terminalOf(id);
      const edited = new EditedTerminal(terminal, sandbox.workplace, {
        show: (data, echoColumn) => this.#post({ kind: 'output', terminal: id, data, echoColumn }),
        submit: (text) => this.#submit(id, text),
        bytes: (data) => this.#input({ kind: 'bytes', terminal: id, data }),
      });
      this.#terminals.set(id, edited);
      this.#resize(sandbox, id);
      if (isRedrawn) this.#post({ kind: 'screen', terminal: id, ...edited.screen() });
    }
    this.#tellOnce({ kind: 'terminals', open });
  }

  // --- inputs --------------------------------------------------------------------------------------------------

  #input(input: Input): void {
    const sandbox = this.#sandbox;
    if (sandbox === undefined) return;
    if (this.#entries.length >= LIMITS.journalEntriesMax) {
      this.#notice(
        'error',
        'This attempt has reached the length that can be kept. Reset the lab to go on; what is solved stays solved.',
      );
      return;
    }
    if (this.#entries.length === 0)
      for (const [terminal, { columns, rows }] of sandbox.terminals)
        if (this.#sizes.has(terminal)) this.#record(sandbox, { kind: 'size', terminal, columns, rows });
    this.#record(sandbox, input);
    if (isUndoable(input)) this.#forgetTravels();
    sandbox.apply(input);
  }

  /** Writes an input into the journal, at the sandbox's moment. */
  #record(sandbox: Sandbox, input: Input): void {
    const entry: JournalEntry = {
      sequence: this.#entries.length + 1,
      atMs: sandbox.nowMs,
      step: sandbox.scheduler.steps,
      input,
    };
    this.#entries.push(entry);
    this.#post({ kind: 'journal', entries: [entry] });
  }

  #submit(terminal: number, text: string): void {
    if (text.length > LIMITS.inputCharactersMax) {
      this.#notice(
        'error',
        'That is more than one line may hold (64 kB). Save it as a file in the editor instead.',
      );
      return;
    }
    if (/^\s*kubectl\s+(apply|create|replace|edit|patch|delete)\b/.test(text) && this.#sandbox !== undefined)
      this.#countAttempt(this.#sandbox.task);
    this.#input({ kind: 'line', terminal, text });
  }

  #resize(sandbox: Sandbox, id: number): void {
    const terminal = sandbox.terminals.get(id);
    const { columns, rows } = this.#sizes.get(id) ?? { columns: 0, rows: 0 };
    if (terminal === undefined || columns < 2 || rows < 2 || columns > 1000 || rows > 1000) return;
    this.#terminals.get(id)?.resize(columns);
    if (this.#isReadOnly || (terminal.columns === columns && terminal.rows === rows)) return;
    // Only what the learner did begins a journal; the sizes known by then come before it.
    if (this.#entries.length === 0) Object.assign(terminal, { columns, rows });
    else this.#input({ kind: 'size', terminal: id, columns, rows });
  }

  async #typeLine(sandbox: Sandbox, id: number, text: string): Promise<void> {
    const terminal = sandbox.terminals.get(id);
    if (terminal === undefined || !terminal.isAtPrompt) {
      this.#notice(
        'info',
        'A command still runs in this terminal. Stop it with Ctrl-C first, or open another tab.',
      );
      return;
    }
    this.#terminals.get(id)?.keys(`\x15${text}\r`);
  }

  #countAttempt(task: number): void {
    this.#attempts.set(task, (this.#attempts.get(task) ?? 0) + 1);
  }

  async #hint(sandbox: Sandbox, task: number): Promise<void> {
    const taken = this.#hints.get(task) ?? 0;
    const rung = Math.min(taken + 1, 4) as 1 | 2 | 3 | 4;
    const { hintFor } = await import('./hints.ts');
    const hint = hintFor(sandbox, task, rung);
    this.#hints.set(task, rung);
    this.#input({ kind: 'hint', task, rung });
    this.#post({ kind: 'hint', task, rung, ...hint });
    this.#seen.task = '';
  }

  async #goTask(sandbox: Sandbox, task: number): Promise<void> {
    const { bundle, header } = this;
    if (bundle === undefined || header === undefined || task < 0 || task >= bundle.tasks.length) return;
    const isNext = task === sandbox.task + 1 && sandbox.solved.has(sandbox.task);
    if (isNext || task === 0) {
      if (task === 0 && sandbox.task !== 0) await this.#goto(0, header.epochMs, 0);
      else this.#input({ kind: 'task', task, from: 'here' });
      return;
    }
    if (!this.#mayBegin(bundle, task)) return;
    this.#record(sandbox, { kind: 'task', task, from: 'solutions' });
    this.#forgetTravels();
    this.#adopt(await Sandbox.createAt(bundle, header, task));
  }

  /** True when the solutions are there that a task begins on; else says so. */
  #mayBegin(bundle: LabBundle, task: number): boolean {
    if (task >= bundle.tasks.length) return false;
    if (bundle.tasks.slice(0, task).every((before) => before.solution !== undefined)) return true;
    this.#notice(
      'error',
      'The tasks before this one could not be loaded. Check the connection and try again.',
    );
    return false;
  }

  get bundle(): LabBundle | undefined {
    return this.#bundle;
  }

  get header(): JournalHeader | undefined {
    return this.#header;
  }

  // --- time travel ---------------------------------------------------------------------------------------------

  async #travel(kind: 'undo' | 'redo' | 'reset-task' | 'reset-lab'): Promise<void> {
    const sandbox = this.#sandbox;
    if (sandbox === undefined || this.#header === undefined) return;
    const here: Undone = {
      sequence: this.#entries.length,
      atMs: sandbox.nowMs,
      step: sandbox.scheduler.steps,
    };
    const back = kind === 'redo' ? this.#redo.pop() : kind === 'undo' ? this.#left : undefined;
    if (back !== undefined) {
      const words = kind === 'redo' ? 'Done again.' : 'Taken back: the reset.';
      await this.#goto(back.sequence, back.atMs, back.step, words);
      if (kind === 'undo') this.#redo = [here];
    }
    if (back !== undefined || kind === 'redo') return;
    const path = pathTo(this.#entries, this.#entries.length);
    const target =
      kind === 'undo' ? lastUndoable(path) : kind === 'reset-task' ? taskStart(path) : { index: 0 };
    if (target === undefined) {
      this.#notice('info', 'There is nothing to take back.', 'travel');
      return;
    }
    const redo = kind === 'undo' ? [...this.#redo, here] : [];
    const entry = path[target.index];
    // The moment before an entry is on the timeline that it was typed in, also where the path begins anew with it.
    const before = (entry?.sequence ?? 1) - 1;
    if (entry === undefined || kind === 'reset-lab')
      await this.#goto(0, this.#header.epochMs, 0, 'Back at the beginning of the lab.');
    else
      await this.#goto(
        before,
        entry.atMs,
        entry.step,
        kind === 'undo' ? `Taken back: ${inputWords(entry.input)}.` : 'Back at the beginning of this task.',
      );
    this.#redo = redo;
    this.#left = kind === 'undo' ? undefined : here;
  }

  #forgetTravels(): void {
    this.#redo = [];
    this.#left = undefined;
  }

  /** Goes to a moment of history: an entry like any other, and a sandbox replayed to that moment. */
  async #goto(sequence: number, atMs: number, step: number, words?: string): Promise<void> {
    const { bundle, header } = this;
    if (bundle === undefined || header === undefined) return;
    const sandbox = this.#sandbox;
    if (sandbox === undefined) return;
    this.#left = undefined;
    const isStart = sequence === 0 && step === 0;
    const first = isStart ? await Sandbox.create(bundle, header) : undefined;
    const moment = first === undefined ? { atMs, step } : { atMs: first.nowMs, step: first.scheduler.steps };
    this.#record(sandbox, { kind: 'goto', sequence, ...moment });
    const replayed = first ?? (await resume(bundle, header, this.#entries)).sandbox;
    this.#adopt(replayed);
    if (words !== undefined)
      this.#notice(
        'info',
        `${words} The cluster, its clock and your saved files went along; unsaved text in the editor stays.`,
        'travel',
      );
  }

  // --- telling -------------------------------------------------------------------------------------------------

  #setDraft(path: string, content: string | undefined): void {
    if (content === undefined) this.#drafts.delete(path);
    else this.#drafts.set(path, content);
    this.#matrix?.setDraft(path, content);
  }

  #tell(sandbox: Sandbox, isQuiet: boolean): void {
    this.#followTerminals(sandbox, true);
    for (const terminal of this.#terminals.values()) terminal.flush();
    if (!isQuiet) return;
    for (const [id, terminal] of sandbox.terminals) {
      const isBusy = !terminal.isAtPrompt && terminal.running !== undefined;
      const waitsMs = isBusy ? this.#waitOf(sandbox, terminal) : undefined;
      this.#tellOnce(
        { kind: 'busy', terminal: id, command: isBusy ? terminal.running : undefined, waitsMs },
        `busy ${id}`,
      );
    }
    this.#tellOnce({
      kind: 'clock',
      nowMs: Math.floor(sandbox.nowMs / 1000) * 1000,
      isRunning: this.#offsetMs !== undefined,
    });
    this.#tellWeb(sandbox);
    this.#tellFiles(sandbox);
    this.#tellTask(sandbox);
    this.#tellFlows(sandbox);
    const canUndo =
      this.#left !== undefined || lastUndoable(pathTo(this.#entries, this.#entries.length)) !== undefined;
    this.#tellOnce({ kind: 'timeline', canUndo, canRedo: this.#redo.length > 0 });
    const matrix = this.#matrix?.fresh();
    if (matrix === undefined) return;
    this.#advice = undefined;
    this.#tellOnce({ kind: 'matrix', matrix });
  }

  /** One step more for the cell that was asked about: keys come between two of them. True while there is more to do. */
  #stepAdvice(): boolean {
    if (this.#asked === undefined) return false;
    if (this.#adviser !== undefined)
      this.#advice ??= this.#matrix?.advise(this.#adviser, this.#asked.row, this.#asked.column);
    const step = this.#advice?.next();
    if (step?.done !== true) return step !== undefined;
    this.#advice = undefined;
    this.#asked = undefined;
    if (step.value !== undefined) this.#post({ kind: 'advice', advice: step.value });
    return false;
  }

  /** Virtual ms until something can happen, while a command has been silent for a while and does not wait for the learner. */
  #waitOf(sandbox: Sandbox, terminal: SandboxTerminal): number | undefined {
    const stamp = terminalStamp(terminal);
    const quiet = this.#quiet.get(terminal.id);
    if (quiet?.stamp !== stamp) {
      this.#quiet.set(terminal.id, { stamp, sinceMs: sandbox.nowMs });
      if (quiet !== undefined) return undefined;
    }
    // An editor waits for a person too.
    if (sandbox.isWaitingForInput(terminal.id) || sandbox.edits().length > 0) return undefined;
    const aheadMs = (sandbox.scheduler.nextWakeMs() ?? sandbox.nowMs) - sandbox.nowMs;
    const isSilent = sandbox.nowMs - (quiet?.sinceMs ?? sandbox.nowMs) >= SKIPPABLE_MS;
    return isSilent || aheadMs >= SKIPPABLE_MS
      ? Math.max(1_000, Math.ceil(aheadMs / 1000) * 1000)
      : undefined;
  }

  /** The browser pane. An answer may be large: it is told once, and not compared as text. */
  #tellWeb({ web, scheduler, nowMs }: Sandbox): void {
    const { visit } = web;
    if (visit !== this.#seen.visit) this.#seen.visitedMs = nowMs;
    const isLong = nowMs - (this.#seen.visitedMs ?? nowMs) >= SKIPPABLE_MS;
    const aheadMs = (scheduler.nextWakeMs() ?? nowMs) - nowMs;
    const waitsMs =
      web.isLoading && (isLong || aheadMs >= SKIPPABLE_MS)
        ? Math.max(1_000, Math.ceil(aheadMs / 1000) * 1000)
        : undefined;
    const ports = web.ports();
    const stamp = JSON.stringify([visit?.url, waitsMs, ports]);
    if (visit === this.#seen.visit && stamp === this.#seen.web) return;
    this.#seen.visit = visit;
    this.#seen.web = stamp;
    this.#post({ kind: 'web', visit, waitsMs, ports });
  }

  #tellFiles(sandbox: Sandbox): void {
    const { files, home } = sandbox.workplace.workstation;
    const awaited = sandbox.edits();
    const stamp = `${files.revision} ${awaited.join(' ')}`;
    if (stamp === this.#seen.files) return;
    this.#seen.files = stamp;
    const list: HomeFile[] = [];
    for (const [path, entry] of files.entries()) {
      if (entry.kind !== 'file') continue;
      const isAtHome = path.startsWith(`${home}/`) && !path.includes('/.');
      if (!isAtHome && !awaited.includes(path) && !this.#opened.has(path)) continue;
      const isText =
        !entry.content.includes('\0') &&
        !entry.content.includes('\uFFFD') &&
        entry.content.length <= LIMITS.fileCharactersMax;
      list.push({ path, content: isText ? entry.content : undefined, size: entry.content.length });
    }
    this.#post({ kind: 'files', files: list, awaited });
  }

  #tellTask(sandbox: Sandbox): void {
    const data = sandbox.taskData;
    const stamp = sandbox.judgedVersion();
    if (data === undefined || stamp === this.#seen.task) return;
    this.#seen.task = stamp;
    const checks: readonly CheckResult[] = sandbox.checks();
    const view = sandbox.view();
    const feedback = sandbox.solved.has(sandbox.task)
      ? undefined
      : recognise(view, data, sandbox.deeds(), (probe) => sandbox.explain(probe));
    this.#tellOnce({
      kind: 'task',
      current: sandbox.task,
      tasks: this.#taskStates(),
      checks,
      ...(feedback === undefined ? {} : { feedback }),
    });
  }

  #taskStates(): readonly TaskState[] {
    return (this.#bundle?.tasks ?? []).map((_, index) => ({
      index,
      isSolved: this.#solved.has(index),
      hintsTaken: this.#hints.get(index) ?? 0,
      attempts: this.#attempts.get(index) ?? 0,
    }));
  }

  #tellFlows(sandbox: Sandbox): void {
    const { seenFlows } = sandbox.cluster.observer.status();
    if (seenFlows === this.#seen.flows) return;
    this.#seen.flows = seenFlows;
    const flows = sandbox.cluster.observer.flows({ number: FLOW_ROWS, whitelist: [], blacklist: [] });
    this.#post({ kind: 'flows', rows: flowRows(flows) });
  }

  /** Posts an event unless the last one of its kind (or `key`) said the same. */
  #tellOnce(event: WorkerEvent, key: string = event.kind): void {
    const text = JSON.stringify(event);
    if (this.#told.get(key) === text) return;
    this.#told.set(key, text);
    this.#post(event);
  }

  #notice(level: 'info' | 'warning' | 'error', text: string, topic?: 'travel'): void {
    this.#post({ kind: 'notice', level, text, ...(topic === undefined ? {} : { topic }) });
  }
}

function terminalStamp(terminal: SandboxTerminal): string {
  return `${terminal.id}/${terminal.shown}/${terminal.ended}/${terminal.running ?? ''}`;
}

/** Changes when any terminal shows something, a command ends, or the browser has its answer. */
function foregroundStamp(sandbox: Sandbox): string {
  return [...[...sandbox.terminals.values()].map(terminalStamp), sandbox.web.isLoading].join(' ');
}

function lastUndoable(path: readonly JournalEntry[]): { readonly index: number } | undefined {
  const index = path.findLastIndex((entry) => isUndoable(entry.input));
  return index < 0 ? undefined : { index };
}

/** The first input after the task at hand began. */
function taskStart(path: readonly JournalEntry[]): { readonly index: number } | undefined {
  const begun = path.findLastIndex((entry) => entry.input.kind === 'task');
  return begun + 1 < path.length ? { index: begun + 1 } : undefined;
}

function inputWords(input: Input): string {
  if (input.kind === 'line') return input.text.split('\n')[0]?.slice(0, 60) ?? '';
  if (input.kind === 'save') return `saving ${input.path.slice(input.path.lastIndexOf('/') + 1)}`;
  return input.kind === 'task' ? 'the step to the next task' : 'the last keys';
}
