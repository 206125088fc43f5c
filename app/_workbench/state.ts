import type { LabBundle } from '../../engine/lab/bundle.ts';
import type { CellAdvice, MatrixValue } from '../../engine/lab/matrix-value.ts';
import type {
  CheckResult,
  FlowRow,
  HomeFile,
  TaskState,
  WebVisit,
  WorkerEvent,
} from '../../engine/session/protocol.ts';
import type { Life } from './life.ts';
import type { TaskLife } from './task-life.ts';

/** Where the journal is: kept by the server, kept here until the server is back, or refused by it. */
export type SavedState = 'saved' | 'saving' | 'offline' | 'local' | 'refused';

/** A message the learner should read; `id` tells two equal ones apart. */
export type Notice = {
  readonly id: number;
  readonly level: 'info' | 'warning' | 'error';
  readonly text: string;
  /** What it is about: a newer one on the same topic takes its place. */
  readonly topic?: string;
};

/** One hint that was taken. */
export type Hint = {
  readonly task: number;
  readonly rung: number;
  readonly text: string;
  readonly file?: string;
  readonly line?: number;
};

/** A place in a file that the page should show. `id` makes the same place worth a second jump. */
export type Jump = { readonly id: number; readonly path: string; readonly line?: number };

/** The browser pane: what it is about, how long nothing will happen, and which ports of the workstation answer. */
export type Web = {
  readonly visit: WebVisit | undefined;
  readonly waitsMs: number | undefined;
  readonly ports: readonly number[];
};

/** Everything the workbench shows, apart from the terminals' text. */
export type WorkbenchState = {
  readonly life: Life;
  readonly task: number;
  readonly tasks: readonly TaskState[];
  readonly verified: readonly number[];
  /** The life of each task, by index. */
  readonly lives: readonly TaskLife[];
  readonly home: string;
  readonly checks: readonly CheckResult[];
  readonly feedback:
    | { readonly id: string; readonly text: string; readonly file?: string; readonly line?: number }
    | undefined;
  readonly matrix: MatrixValue | undefined;
  /** What would turn the cell that was asked about; gone with the matrix it is about. */
  readonly advice: CellAdvice | undefined;
  readonly flows: readonly FlowRow[];
  readonly files: readonly HomeFile[];
  /** Files that a program waits for to be saved (`kubectl edit`). */
  readonly awaited: readonly string[];
  readonly web: Web;
  readonly terminals: readonly number[];
  readonly busy: Readonly<Record<number, { readonly command: string; readonly waitsMs: number | undefined }>>;
  readonly hints: readonly Hint[];
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  readonly isClockRunning: boolean;
  readonly notices: readonly Notice[];
  readonly jump: Jump | undefined;
  readonly saved: SavedState;
  readonly isReadOnly: boolean;
  /** Why the sandbox stopped, when it crashed. */
  readonly crash: string | undefined;
};

/** What happens on the page's own side. */
export type PageEvent =
  | { readonly kind: 'life'; readonly life: Life }
  | { readonly kind: 'saved'; readonly saved: SavedState }
  | { readonly kind: 'writer'; readonly isReadOnly: boolean }
  | { readonly kind: 'verified'; readonly tasks: readonly number[] }
  | { readonly kind: 'lives'; readonly lives: readonly TaskLife[] }
  | { readonly kind: 'dismiss'; readonly id: number }
  | { readonly kind: 'jump'; readonly path: string; readonly line?: number };

/** The state before the worker has said anything. */
export function initialState(bundle: LabBundle, task: number): WorkbenchState {
  return {
    life: 'booting',
    task,
    tasks: bundle.tasks.map((_, index) => ({ index, isSolved: false, hintsTaken: 0, attempts: 0 })),
    verified: [],
    lives: bundle.tasks.map((task) => (task.kind === 'predict' ? 'predicting' : 'reading')),
    home: '/root',
    checks: [],
    feedback: undefined,
    matrix: undefined,
    advice: undefined,
    flows: [],
    files: [],
    awaited: [],
    web: { visit: undefined, waitsMs: undefined, ports: [] },
    terminals: [1],
    busy: {},
    hints: [],
    canUndo: false,
    canRedo: false,
    isClockRunning: true,
    notices: [],
    jump: undefined,
    saved: 'local',
    isReadOnly: false,
    crash: undefined,
  };
}

let counter = 0;

function withNotice(state: WorkbenchState, { level, text, topic }: Omit<Notice, 'id'>): WorkbenchState {
  if (state.notices.some((notice) => notice.text === text)) return state;
  const others = state.notices.filter((notice) => topic === undefined || notice.topic !== topic);
  const made: Notice = { id: ++counter, level, text, ...(topic !== undefined && { topic }) };
  return { ...state, notices: [...others, made].slice(-4) };
}

function withoutTopic(state: WorkbenchState, topic: string): WorkbenchState {
  const notices = state.notices.filter((notice) => notice.topic !== topic);
  return notices.length === state.notices.length ? state : { ...state, notices };
}

function jumpTo(event: { readonly path: string; readonly line?: number }): Jump {
  return { id: ++counter, path: event.path, ...(event.line !== undefined && { line: event.line }) };
}

function reducePage(state: WorkbenchState, event: PageEvent): WorkbenchState {
  switch (event.kind) {
    case 'life':
      return { ...state, life: event.life };
    case 'saved':
      return withoutTopic({ ...state, saved: event.saved }, event.saved === 'saved' ? 'server' : '');
    case 'writer':
      return { ...state, isReadOnly: event.isReadOnly };
    case 'verified':
      return { ...state, verified: [...new Set([...state.verified, ...event.tasks])] };
    case 'lives':
      return { ...state, lives: event.lives };
    case 'dismiss':
      return { ...state, notices: state.notices.filter((notice) => notice.id !== event.id) };
    case 'jump':
      return { ...state, jump: jumpTo(event) };
  }
}

/** The next state after one event. Pure, apart from the counter that numbers notices and jumps. */
export function reduce(state: WorkbenchState, event: WorkerEvent | PageEvent): WorkbenchState {
  switch (event.kind) {
    case 'opened': {
      const opened = {
        ...state,
        task: event.task,
        tasks: event.tasks,
        home: event.home,
        crash: undefined,
        busy: {},
      };
      return event.notice === undefined
        ? opened
        : withNotice(opened, { level: 'warning', text: event.notice });
    }
    case 'terminals':
      return { ...state, terminals: event.open };
    case 'busy': {
      const { [event.terminal]: _, ...others } = state.busy;
      if (event.command === undefined) return { ...state, busy: others };
      return {
        ...state,
        busy: { ...others, [event.terminal]: { command: event.command, waitsMs: event.waitsMs } },
      };
    }
    case 'clock':
      return event.isRunning === state.isClockRunning ? state : { ...state, isClockRunning: event.isRunning };
    case 'web':
      return { ...state, web: event };
    case 'files':
      return { ...state, files: event.files, awaited: event.awaited };
    case 'task':
      return {
        ...state,
        task: event.current,
        tasks: event.tasks,
        checks: event.checks,
        feedback: event.feedback,
      };
    case 'matrix':
      return { ...state, matrix: event.matrix, advice: undefined };
    case 'advice':
      return { ...state, advice: event.advice };
    case 'flows':
      return { ...state, flows: event.rows };
    case 'hint': {
      const { kind: _, ...hint } = event;
      const others = state.hints.filter((old) => old.task !== hint.task || old.rung !== hint.rung);
      return { ...state, hints: [...others, hint] };
    }
    case 'timeline':
      return { ...state, canUndo: event.canUndo, canRedo: event.canRedo };
    case 'notice':
      return withNotice(state, event);
    case 'open-file':
      return { ...state, jump: jumpTo(event) };
    case 'crashed':
      return { ...state, crash: event.message };
    case 'journal':
      return event.entries.every(({ input }) => input.kind === 'goto' || input.kind === 'size')
        ? state
        : withoutTopic(state, 'travel');
    case 'output':
    case 'screen':
    case 'pong':
      return state;
    default:
      return reducePage(state, event);
  }
}
