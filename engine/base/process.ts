/** The signals that the virtual machines know; the numbers are Linux'. */
export const SIGNALS = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  KILL: 9,
  USR1: 10,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  WINCH: 28,
} as const;

/** The name of a signal, without SIG. */
export type Signal = keyof typeof SIGNALS;

/**
 * Thrown into a process at `sleep`, `until` or `burn` when a signal ends it. A program that wants to end in its own way
 * (`hubble observe -f` exits 0) catches it; otherwise the process ends with 128 + the signal's number.
 */
export class Signalled extends Error {
  override readonly name = 'Signalled';
  readonly signal: Signal;

  constructor(signal: Signal) {
    super(`ended by SIG${signal}`);
    this.signal = signal;
  }

  /** The status a shell reports: 128 + the signal's number. */
  get exitCode(): number {
    return 128 + SIGNALS[this.signal];
  }
}

/** What the scheduler tells about a process. `exitCode` is undefined while it lives. */
export type ProcessHandle = {
  readonly pid: number;
  readonly parentPid: number;
  /** Signals of the terminal go to a whole group; a pipeline is one group. */
  readonly group: number;
  /** What `ps` shows: the words of the command. */
  readonly command: readonly string[];
  /** Names the machine whose `ps` shows it. */
  readonly machine: string;
  readonly startedMs: number;
  exitCode(): number | undefined;
  /** Marks the process for ending; it takes effect when it next sleeps or waits. Stopped processes are continued by CONT. */
  kill(signal: Signal): void;
  isStopped(): boolean;
};

/** How a process is started. Absent values are inherited from the parent. */
export type SpawnOptions = {
  readonly command: readonly string[];
  readonly machine?: string;
  /** `new` puts it at the head of a group of its own. */
  readonly group?: number | 'new';
};

/**
 * What a process may ask of the scheduler. **One process holds the baton**: between these calls nothing else in the
 * sandbox runs, however long the platform takes over a promise; only `sleep`, `until`, `burn` (now and then) and the
 * process's end pass the baton on. That is what makes Node and a browser's worker agree on every order.
 */
export interface Sys {
  readonly pid: number;
  /** Virtual time, ms since the epoch. */
  nowMs(): number;
  /** Waits for virtual time to pass. @throws Signalled */
  sleep(durationMs: number): Promise<void>;
  /**
   * Waits until `ready()` is true; it is asked again after everything that happens in the sandbox, so it must be cheap
   * and change nothing. Resolves true, or false when `timeoutMs` of virtual time passed first. @throws Signalled
   */
  until(ready: () => boolean, timeoutMs?: number): Promise<boolean>;
  /**
   * Pays for `units` of work (one interpreter step, one line of text ≈ 1). Now and then it sleeps a virtual millisecond,
   * so that a busy loop costs time and can be interrupted. @throws Signalled
   */
  burn(units: number): Promise<void>;
  /** Starts a child process, which first runs when this one gives the baton back. */
  spawn(options: SpawnOptions, main: (sys: Sys) => Promise<number>): ProcessHandle;
  /** All living processes of a machine, by pid. */
  processes(machine: string): readonly ProcessHandle[];
}
