import { Signalled } from '../../base/process.ts';
import type { ProcessHandle, Signal, SpawnOptions, Sys } from '../../base/process.ts';

type Task = {
  readonly pid: number;
  readonly parentPid: number;
  readonly group: number;
  readonly command: readonly string[];
  readonly machine: string;
  readonly startedMs: number;
  exit: number | undefined;
  isStopped: boolean;
  signal: Signal | undefined;
  /** What it waits for; undefined while it runs or has ended. */
  wait:
    | {
        readonly ready: () => boolean;
        readonly dueMs: number | undefined;
        readonly resume: (isReady: boolean) => void;
        readonly fail: (error: Error) => void;
      }
    | undefined;
};

/** A small scheduler of the baton for tests of the shell and its commands; time jumps whenever nothing is ready. */
export class TestScheduler {
  nowMs: number;
  #tasks: Task[] = [];
  #nextPid = 100;
  #release: () => void = () => {};
  #burned = 0;
  #failure: unknown;

  constructor(nowMs = Date.UTC(2026, 10, 21, 9, 0, 0)) {
    this.nowMs = nowMs;
  }

  /** Starts a process and runs everything until it has ended; returns its exit code. */
  async run(
    machine: string,
    main: (sys: Sys) => Promise<number>,
    untilMs = Number.POSITIVE_INFINITY,
  ): Promise<number | undefined> {
    const handle = this.spawn({ command: ['test'], machine, group: 'new' }, main, 1, 1);
    await this.advance(() => handle.exitCode() !== undefined, untilMs);
    return handle.exitCode();
  }

  /** Runs processes until `isDone`, or until nothing can happen by `untilMs`. */
  async advance(isDone: () => boolean, untilMs = Number.POSITIVE_INFINITY): Promise<void> {
    for (let steps = 0; !isDone(); steps++) {
      if (steps > 200_000) throw new Error('too many steps');
      const next = this.#tasks.find((task) => task.wait !== undefined && this.#canRun(task));
      if (next === undefined) {
        const due = this.#tasks.filter((task) => !task.isStopped).flatMap((task) => task.wait?.dueMs ?? []);
        const dueMs = Math.min(...due);
        if (due.length === 0 || dueMs > untilMs) return;
        this.nowMs = Math.max(this.nowMs, dueMs);
        continue;
      }
      this.#tasks = [...this.#tasks.filter((task) => task !== next), next];
      await this.#resume(next);
      if (this.#failure !== undefined) throw this.#failure;
    }
  }

  /** Sends a signal to every process of a group. */
  signalGroup(group: number, signal: Signal): void {
    for (const task of this.#tasks) if (task.group === group) this.#kill(task, signal);
  }

  spawn(
    options: SpawnOptions,
    main: (sys: Sys) => Promise<number>,
    parentPid: number,
    parentGroup: number,
    parentMachine = '',
  ): ProcessHandle {
    const pid = this.#nextPid++;
    const group = options.group === 'new' ? pid : (options.group ?? parentGroup);
    const task: Task = {
      pid,
      parentPid,
      group,
      command: options.command,
      machine: options.machine ?? parentMachine,
      startedMs: this.nowMs,
      exit: undefined,
      isStopped: false,
      signal: undefined,
      wait: undefined,
    };
    this.#tasks.push(task);
    task.wait = {
      ready: () => true,
      dueMs: undefined,
      resume: () => void this.#main(task, main),
      fail: (error) => this.#end(task, error instanceof Signalled ? error.exitCode : 1),
    };
    return this.#handle(task);
  }

  async #main(task: Task, main: (sys: Sys) => Promise<number>): Promise<void> {
    let exit: number;
    try {
      exit = await main(this.#sys(task));
    } catch (error) {
      if (!(error instanceof Signalled)) {
        this.#failure = error;
        exit = 99;
      } else exit = error.exitCode;
    }
    this.#end(task, exit);
  }

  #end(task: Task, exit: number): void {
    task.exit = exit;
    task.wait = undefined;
    this.#tasks = this.#tasks.filter((one) => one !== task);
    this.#release();
  }

  #canRun(task: Task): boolean {
    if (task.signal !== undefined) return true;
    if (task.isStopped) return false;
    return (
      task.wait !== undefined &&
      (task.wait.ready() || (task.wait.dueMs !== undefined && task.wait.dueMs <= this.nowMs))
    );
  }

  async #resume(task: Task): Promise<void> {
    const { wait } = task;
    if (wait === undefined) return;
    task.wait = undefined;
    const back = new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    if (task.signal !== undefined) {
      const { signal } = task;
      task.signal = undefined;
      wait.fail(new Signalled(signal));
    } else wait.resume(wait.ready());
    await back;
  }

  #kill(task: Task, signal: Signal): void {
    if (task.exit !== undefined) return;
    if (signal === 'TSTP' || signal === 'STOP') task.isStopped = true;
    else if (signal === 'CONT') task.isStopped = false;
    else task.signal ??= signal;
  }

  #handle(task: Task): ProcessHandle {
    const { pid, parentPid, group, command, machine, startedMs } = task;
    return {
      pid,
      parentPid,
      group,
      command,
      machine,
      startedMs,
      exitCode: () => task.exit,
      kill: (signal) => this.#kill(task, signal),
      isStopped: () => task.isStopped,
    };
  }

  #sys(task: Task): Sys {
    const park = (ready: () => boolean, dueMs: number | undefined): Promise<boolean> =>
      new Promise((resume, fail) => {
        task.wait = { ready, dueMs, resume, fail };
        this.#release();
      });
    return {
      pid: task.pid,
      nowMs: () => this.nowMs,
      sleep: async (durationMs) => void (await park(() => false, this.nowMs + durationMs)),
      until: async (ready, timeoutMs) => {
        if (task.signal === undefined && ready()) return true;
        return park(ready, timeoutMs === undefined ? undefined : this.nowMs + timeoutMs);
      },
      burn: async (units) => {
        this.#burned += units;
        if (this.#burned < 1000) return;
        this.#burned = 0;
        await park(() => false, this.nowMs + 1);
      },
      spawn: (options, main) => this.spawn(options, main, task.pid, task.group, task.machine),
      processes: (machine) =>
        this.#tasks
          .filter((one) => one.machine === machine)
          .sort((a, b) => a.pid - b.pid)
          .map((one) => this.#handle(one)),
    };
  }
}
