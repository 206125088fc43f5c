import { invariant } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { ProcessHandle, Signal, SpawnOptions, Sys } from '../base/process.ts';
import { Signalled } from '../base/process.ts';

/**
 * Work units that cost one virtual millisecond. A unit takes the platform one to two microseconds, so a busy loop that was
 * left running for a minute costs a replay some ten seconds and not more than the minute.
 */
const UNITS_PER_MS = 100;

const PROCESS_TOPIC = 'process';

type Task = {
  readonly pid: number;
  readonly parentPid: number;
  readonly group: number;
  readonly command: readonly string[];
  readonly machine: string;
  readonly startedMs: number;
  exitCode: number | undefined;
  isStopped: boolean;
  signal: Signal | undefined;
  burnt: number;
  /** Asked after every step while the process waits in `until`. */
  ready: (() => boolean) | undefined;
  timer: number | undefined;
  /** When its timer is due. */
  dueMs: number | undefined;
  /** Continues the process; `arrived` is false when a timeout ended the wait. */
  resume: ((arrived: boolean) => void) | undefined;
  arrived: boolean;
  isQueued: boolean;
};

/**
 * Runs processes one at a time: the running one holds the baton until it sleeps, waits or ends, however long the platform
 * takes over its promises in between. Node settles some promises within microtasks where a browser needs a task, so
 * letting processes overlap would order their writes differently in each (STYLE.md §6).
 */
export class Scheduler {
  readonly #clock: Clock;
  readonly #afterStep: () => void;
  #tasks = new Map<number, Task>();
  #queue: Task[] = [];
  #running: Task | undefined;
  #giveBack: () => void = () => {};
  #nextPid: number;
  #failure: unknown;

  /** How many processes were continued and timers fired since the beginning: the journal's unit of order. */
  steps = 0;

  /** @param afterStep Called after every step, before waiting processes are asked again: the controllers run here. */
  constructor(clock: Clock, options: { readonly firstPid: number; readonly afterStep: () => void }) {
    this.#clock = clock;
    this.#nextPid = options.firstPid;
    this.#afterStep = options.afterStep;
    clock.on(PROCESS_TOPIC, (pid) => this.#timerFired(Number(pid)));
  }

  /** True while some process could run at once. */
  get hasReady(): boolean {
    return this.#queue.some((task) => !task.isStopped);
  }

  /** When the next process wakes by itself, ms since the epoch; undefined when none sleeps. */
  nextWakeMs(): number | undefined {
    let first: number | undefined;
    for (const { dueMs } of this.#tasks.values())
      if (dueMs !== undefined && (first === undefined || dueMs < first)) first = dueMs;
    return first;
  }

  /** The first ancestor (or itself) of the process that holds the baton: the terminal's own process, mostly. */
  runningRoot(): number | undefined {
    let task = this.#running;
    while (task !== undefined) {
      const parent = this.#tasks.get(task.parentPid);
      if (parent === undefined) return task.pid;
      task = parent;
    }
    return undefined;
  }

  /** All living processes, by pid. */
  living(): readonly ProcessHandle[] {
    return [...this.#tasks.values()].map((task) => this.#handle(task));
  }

  /** Starts a process without a parent. It first runs when a step reaches it. */
  start(
    options: SpawnOptions & { readonly machine: string },
    main: (sys: Sys) => Promise<number>,
  ): ProcessHandle {
    return this.#spawn(undefined, options, main);
  }

  /** Continues the first ready process until it gives back the baton. False when none was ready. @throws what a process threw, other than Signalled */
  async runNext(): Promise<boolean> {
    const at = this.#queue.findIndex((task) => !task.isStopped);
    if (at < 0) return false;
    const [task] = this.#queue.splice(at, 1);
    invariant(task?.resume !== undefined, 'a queued process can be continued');
    invariant(this.#running === undefined, 'one process runs at a time');
    task.isQueued = false;
    this.#running = task;
    const back = new Promise<void>((resolve) => {
      this.#giveBack = resolve;
    });
    const resume = task.resume;
    task.resume = undefined;
    resume(task.arrived);
    await back;
    this.#stepDone();
    return true;
  }

  /** Fires the next timer due by `untilMs`; false when there is none. */
  fireTimer(untilMs: number): boolean {
    if (!this.#clock.fireNext(untilMs)) return false;
    this.#stepDone();
    return true;
  }

  /** Asks the waiting processes again after something changed from outside (an input). */
  wake(): void {
    for (const task of this.#tasks.values()) {
      if (task.ready !== undefined && !task.isQueued && task.ready()) this.#enqueue(task, true);
    }
  }

  #stepDone(): void {
    this.steps++;
    if (this.#failure !== undefined) throw this.#failure;
    this.#afterStep();
    this.wake();
  }

  #timerFired(pid: number): void {
    const task = this.#tasks.get(pid);
    if (task === undefined || task.timer === undefined || task.isQueued) return;
    task.timer = undefined;
    this.#enqueue(task, task.ready === undefined);
  }

  #enqueue(task: Task, arrived: boolean): void {
    invariant(!task.isQueued, 'a process is queued once');
    if (task.timer !== undefined) this.#clock.cancel(task.timer);
    task.timer = undefined;
    task.dueMs = undefined;
    task.ready = undefined;
    task.arrived = arrived;
    task.isQueued = true;
    this.#queue.push(task);
  }

  #spawn(
    parent: Task | undefined,
    options: SpawnOptions,
    main: (sys: Sys) => Promise<number>,
  ): ProcessHandle {
    const pid = this.#nextPid++;
    const task: Task = {
      pid,
      parentPid: parent?.pid ?? 1,
      group:
        options.group === 'new' || (options.group === undefined && parent === undefined)
          ? pid
          : (options.group ?? parent?.group ?? pid),
      command: options.command,
      machine: options.machine ?? parent?.machine ?? '',
      startedMs: this.#clock.nowMs,
      exitCode: undefined,
      isStopped: false,
      signal: undefined,
      burnt: 0,
      ready: undefined,
      timer: undefined,
      dueMs: undefined,
      resume: undefined,
      arrived: true,
      isQueued: false,
    };
    this.#tasks.set(pid, task);
    const sys = this.#sysOf(task);
    void new Promise<boolean>((resolve) => {
      task.resume = resolve;
    })
      .then(() => {
        this.#raiseSignal(task);
        return main(sys);
      })
      .then(
        (code) => this.#ended(task, code),
        (error: unknown) => this.#ended(task, error instanceof Signalled ? error.exitCode : 255, error),
      );
    this.#enqueue(task, true);
    return this.#handle(task);
  }

  #ended(task: Task, code: number, error?: unknown): void {
    task.exitCode = code;
    this.#tasks.delete(task.pid);
    if (error !== undefined && !(error instanceof Signalled)) this.#failure = error;
    this.#running = undefined;
    this.#giveBack();
  }

  #raiseSignal(task: Task): void {
    const signal = task.signal;
    if (signal === undefined) return;
    task.signal = undefined;
    throw new Signalled(signal);
  }

  #park(task: Task): Promise<boolean> {
    invariant(
      this.#running === task,
      `process ${task.pid} (${task.command.join(' ')}) holds the baton when it waits`,
    );
    const parked = new Promise<boolean>((resolve) => {
      task.resume = resolve;
    });
    this.#running = undefined;
    this.#giveBack();
    return parked;
  }

  #sysOf(task: Task): Sys {
    const clock = this.#clock;
    const sleep = async (durationMs: number): Promise<void> => {
      this.#raiseSignal(task);
      task.timer = clock.after(durationMs, PROCESS_TOPIC, task.pid);
      task.dueMs = clock.nowMs + durationMs;
      await this.#park(task);
      this.#raiseSignal(task);
    };
    return {
      pid: task.pid,
      nowMs: () => clock.nowMs,
      sleep,
      until: async (ready, timeoutMs) => {
        this.#raiseSignal(task);
        if (ready()) return true;
        if (timeoutMs !== undefined) {
          task.timer = clock.after(timeoutMs, PROCESS_TOPIC, task.pid);
          task.dueMs = clock.nowMs + timeoutMs;
        }
        task.ready = ready;
        const arrived = await this.#park(task);
        this.#raiseSignal(task);
        return arrived || ready();
      },
      burn: async (units) => {
        task.burnt += units;
        if (task.burnt < UNITS_PER_MS && task.signal === undefined) return;
        const costMs = Math.floor(task.burnt / UNITS_PER_MS);
        task.burnt %= UNITS_PER_MS;
        await sleep(Math.max(1, costMs));
      },
      spawn: (options, main) => this.#spawn(task, options, main),
      processes: (machine) => this.living().filter((process) => process.machine === machine),
    };
  }

  #handle(task: Task): ProcessHandle {
    return {
      pid: task.pid,
      parentPid: task.parentPid,
      group: task.group,
      command: task.command,
      machine: task.machine,
      startedMs: task.startedMs,
      exitCode: () => task.exitCode,
      isStopped: () => task.isStopped,
      kill: (signal) => this.#kill(task, signal),
    };
  }

  #kill(task: Task, signal: Signal): void {
    if (task.exitCode !== undefined) return;
    if (signal === 'CONT') {
      task.isStopped = false;
      return;
    }
    if (signal === 'STOP' || signal === 'TSTP') {
      task.isStopped = true;
      return;
    }
    if (signal === 'KILL') task.isStopped = false;
    task.signal = signal;
    const isWaiting = !task.isQueued && task !== this.#running && task.resume !== undefined;
    if (isWaiting) this.#enqueue(task, false);
  }
}
