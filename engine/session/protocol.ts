import type { WebAnswer } from '../commands/net/browse.ts';
import type { CellAdvice, MatrixValue } from '../lab/matrix-value.ts';
import type { LabBundle } from '../lab/bundle.ts';

/** Raised only when the committed corpus of golden journals changes its hashes; a journal names the version it was made with. */
export const REPLAY_VERSION = 1;

/** One thing a learner did that changes the sandbox. Echo, completion and half-typed text are no inputs. */
export type Input =
  /** A line submitted at a prompt, or to a program that reads lines; without its newline. May hold several lines (a paste, a heredoc). */
  | { readonly kind: 'line'; readonly terminal: number; readonly text: string }
  /** Bytes for the terminal's foreground: `\x03` is Ctrl-C, `\x04` Ctrl-D, `\x1a` Ctrl-Z; anything for a program that reads raw. */
  | { readonly kind: 'bytes'; readonly terminal: number; readonly data: string }
  /** A terminal tab was opened or closed, or changed its size. Terminal 1 is open from the start. */
  | { readonly kind: 'terminal'; readonly terminal: number; readonly change: 'open' | 'close' }
  | { readonly kind: 'size'; readonly terminal: number; readonly columns: number; readonly rows: number }
  /** A file saved in the editor; the path is absolute. */
  | { readonly kind: 'save'; readonly path: string; readonly content: string }
  /** The learner went on to (or back to) a task; `solutions` begins it on the solutions of those before, `here` in the cluster as it is. */
  | { readonly kind: 'task'; readonly task: number; readonly from: 'here' | 'solutions' }
  | { readonly kind: 'hint'; readonly task: number; readonly rung: 1 | 2 | 3 | 4 }
  | { readonly kind: 'answer'; readonly task: number; readonly question: number; readonly choice: string }
  /** The outcomes that the learner expects for the task's `predict` cells, in their order. */
  | { readonly kind: 'predict'; readonly task: number; readonly cells: readonly string[] }
  /** An address opened in the browser pane; an empty one stops what is under way. */
  | { readonly kind: 'browse'; readonly url: string }
  /**
   * Undo, redo, reset: back to the moment `atMs`/`step` of the timeline that ended with entry `sequence`.
   * History is never rewritten: this is an entry like any other.
   */
  | { readonly kind: 'goto'; readonly sequence: number; readonly atMs: number; readonly step: number };

/** An input with the moment at which it took effect: virtual time (ms since the epoch) and scheduler step. Sequences count from 1. */
export type JournalEntry = {
  readonly sequence: number;
  readonly atMs: number;
  readonly step: number;
  readonly input: Input;
};

/** What a journal is of; with the entries it determines the sandbox wholly. */
export type JournalHeader = {
  readonly replayVersion: number;
  readonly lab: string;
  readonly labVersion: string;
  readonly seed: number;
  /** Virtual time zero of the sandbox, ms since the Unix epoch. */
  readonly epochMs: number;
  /** Terminals without colours, for scripts; absent: `xterm-256color`. */
  readonly term?: 'dumb';
};

/** What the page asks of the worker. Fire and forget: every effect comes back as an event. */
export type PageCommand =
  /** Starts (or starts over) a sandbox and replays `entries`; answered by `opened`. `solved` marks the tasks already verified. */
  | {
      readonly kind: 'open';
      readonly bundle: LabBundle;
      readonly header: JournalHeader;
      readonly entries: readonly JournalEntry[];
      readonly solved: readonly number[];
      readonly task: number;
      readonly isReadOnly: boolean;
    }
  /** Key strokes as xterm's onData gives them; line editing, history and completion happen in the worker. */
  | { readonly kind: 'keys'; readonly terminal: number; readonly data: string }
  | { readonly kind: 'resize'; readonly terminal: number; readonly columns: number; readonly rows: number }
  | { readonly kind: 'open-terminal' }
  | { readonly kind: 'close-terminal'; readonly terminal: number }
  /** Types `text` and Enter visibly at the terminal's prompt (editor's Apply, command chips). Refused with a notice while a command runs. */
  | { readonly kind: 'type-line'; readonly terminal: number; readonly text: string }
  /** Saves a file of the home folder. `path` absolute. */
  | { readonly kind: 'save'; readonly path: string; readonly content: string }
  /** Unsaved editor text, for the live matrix; undefined content: no draft of that file any more. Never journalled. */
  | { readonly kind: 'draft'; readonly path: string; readonly content: string | undefined }
  /** Asks why a cell of the matrix is as it is and what would turn it; the answer is an `advice` event. */
  | { readonly kind: 'advise'; readonly row: number; readonly column: number }
  | { readonly kind: 'undo' | 'redo' | 'reset-task' | 'reset-lab' | 'skip-wait' }
  | { readonly kind: 'go-task'; readonly task: number }
  /** Solutions by index of task, loaded when they were asked for: to begin a later task, or for the last rung of the hints. */
  | { readonly kind: 'solutions'; readonly solutions: Readonly<Record<number, string>> }
  /** Takes the next rung of the hint ladder; the answer is a `hint` event. */
  | { readonly kind: 'hint'; readonly task: number }
  | { readonly kind: 'answer'; readonly task: number; readonly question: number; readonly choice: string }
  | { readonly kind: 'predict'; readonly task: number; readonly cells: readonly string[] }
  /** Opens an address in the browser pane, from the workstation; the answer is a `web` event. Empty: stops. */
  | { readonly kind: 'browse'; readonly url: string }
  /** Time stops while the page is hidden. */
  | { readonly kind: 'visible'; readonly isVisible: boolean }
  | { readonly kind: 'read-only'; readonly isReadOnly: boolean }
  | { readonly kind: 'ping'; readonly id: number };

/** One line of a task's check list. */
export type CheckResult = {
  readonly id: string;
  /** `backend → database: GET /PING` in the task's own terms. */
  readonly text: string;
  readonly holds: boolean;
  /** Why it does (not) hold, one sentence; names policy, rule and line where a policy decided. */
  readonly reason: string;
  /** What the learner answered or predicted, once they have. */
  readonly given?: string;
  readonly kind: 'goal' | 'hidden' | 'did' | 'guard' | 'predict' | 'answer';
};

/** What the page shows of one task. */
export type TaskState = {
  readonly index: number;
  readonly isSolved: boolean;
  readonly hintsTaken: number;
  readonly attempts: number;
};

/** A flow as the plain table shows it. */
export type FlowRow = {
  readonly id: string;
  /** `09:31:04.120` in virtual time. */
  readonly time: string;
  readonly source: string;
  readonly destination: string;
  readonly type: string;
  readonly verdict: string;
  readonly summary: string;
};

/** A file that the editor offers. `content` is undefined when it is no text or too large for the editor. */
export type HomeFile = { readonly path: string; readonly content: string | undefined; readonly size: number };

export type { WebAnswer };

/** What the browser pane is about: the address that was asked for, and its answer once it has come. */
export type WebVisit = { readonly url: string; readonly answer?: WebAnswer };

/** What the worker tells the page. */
export type WorkerEvent =
  /** The sandbox is ready. `wentBack` when a damaged or foreign journal could be taken only in part: what to tell the learner. */
  | {
      readonly kind: 'opened';
      readonly task: number;
      readonly tasks: readonly TaskState[];
      readonly home: string;
      readonly notice?: string;
      readonly bootMs: number;
    }
  /** `echoColumn`: printed keys would now merely be echoed, from this column on, up to the row's end. */
  | {
      readonly kind: 'output';
      readonly terminal: number;
      readonly data: string;
      readonly echoColumn: number | undefined;
    }
  /** Redraws a terminal from nothing (after undo or resume): its whole kept text. */
  | {
      readonly kind: 'screen';
      readonly terminal: number;
      readonly data: string;
      readonly echoColumn: number | undefined;
    }
  | { readonly kind: 'terminals'; readonly open: readonly number[] }
  /** `command` is what runs in the foreground, undefined at the prompt; `waitsMs` of virtual time until something happens, when it waits longer than a second. */
  | {
      readonly kind: 'busy';
      readonly terminal: number;
      readonly command: string | undefined;
      readonly waitsMs: number | undefined;
    }
  /** `visit` undefined: nothing was opened yet. `waitsMs` as in `busy`. `ports` of the workstation answer: a port-forward, a listener. */
  | {
      readonly kind: 'web';
      readonly visit: WebVisit | undefined;
      readonly waitsMs: number | undefined;
      readonly ports: readonly number[];
    }
  | { readonly kind: 'clock'; readonly nowMs: number; readonly isRunning: boolean }
  /** The home folder's files, and others that were opened. `awaited`: paths that a program waits for to be saved. */
  | { readonly kind: 'files'; readonly files: readonly HomeFile[]; readonly awaited: readonly string[] }
  /** Entries to keep (IndexedDB) and to send, in order. */
  | { readonly kind: 'journal'; readonly entries: readonly JournalEntry[] }
  | {
      readonly kind: 'task';
      readonly current: number;
      readonly tasks: readonly TaskState[];
      readonly checks: readonly CheckResult[];
      readonly feedback?: {
        readonly id: string;
        readonly text: string;
        readonly file?: string;
        readonly line?: number;
      };
    }
  | { readonly kind: 'matrix'; readonly matrix: MatrixValue }
  /** Of the cell that was asked about last, for the matrix that was shown last. */
  | { readonly kind: 'advice'; readonly advice: CellAdvice }
  /** The latest flows, newest last; replaces the former list. */
  | { readonly kind: 'flows'; readonly rows: readonly FlowRow[] }
  | {
      readonly kind: 'hint';
      readonly task: number;
      readonly rung: 1 | 2 | 3 | 4;
      readonly text: string;
      readonly file?: string;
      readonly line?: number;
    }
  | { readonly kind: 'timeline'; readonly canUndo: boolean; readonly canRedo: boolean }
  /** Something the learner should read now. A newer one of the same topic takes its place; `travel` goes with the next input. */
  | {
      readonly kind: 'notice';
      readonly level: 'info' | 'warning' | 'error';
      readonly text: string;
      readonly topic?: string;
    }
  /** Ask the page to open a file in the editor (`vi FILE`), or to jump to a line of it. */
  | { readonly kind: 'open-file'; readonly path: string; readonly line?: number }
  | { readonly kind: 'pong'; readonly id: number }
  /** A bug of ours ended the sandbox; the journal is safe. */
  | { readonly kind: 'crashed'; readonly message: string };
