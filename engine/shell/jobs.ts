import { SIGNALS } from '../base/process.ts';
import type { Signal } from '../base/process.ts';
import type { Dialect } from './lexer.ts';
import type { Child } from './process.ts';

/** One job of a shell: the processes of a pipeline and the text it was started with. */
export type Job = {
  readonly id: number;
  readonly children: readonly Child[];
  readonly text: string;
  /** The text of each of its processes. */
  readonly parts: readonly string[];
  /** When it last became the current job: higher is more recent. */
  recency: number;
  /** What was last told of it, so that each change is told once. */
  told: 'running' | 'stopping' | 'stopped';
  isForeground: boolean;
};

/** What a job does. */
export type JobState = 'running' | 'stopped' | 'done';

const SIGNAL_WORDS: Readonly<Record<Signal, string>> = {
  HUP: 'Hangup',
  INT: 'Interrupt',
  QUIT: 'Quit',
  KILL: 'Killed',
  PIPE: 'Broken pipe',
  USR1: 'User defined signal 1',
  USR2: 'User defined signal 2',
  ALRM: 'Alarm clock',
  CHLD: 'Child exited',
  WINCH: 'Window changed',
  TERM: 'Terminated',
  CONT: 'Continued',
  STOP: 'Stopped (signal)',
  TSTP: 'Stopped',
};

/** The jobs of one shell, numbered as bash does: one more than the highest living number. */
export class JobTable {
  #jobs: Job[] = [];
  #recency = 0;

  /** Adds a job; it becomes the current one. */
  add(children: readonly Child[], text: string, isForeground: boolean, parts = [text]): Job {
    const id = (this.#jobs.at(-1)?.id ?? 0) + 1;
    const job: Job = { id, children, text, parts, recency: ++this.#recency, told: 'running', isForeground };
    this.#jobs.push(job);
    return job;
  }

  /** All jobs by number. */
  all(): readonly Job[] {
    return this.#jobs;
  }

  /** Forgets a job. */
  remove(job: Job): void {
    this.#jobs = this.#jobs.filter((one) => one !== job);
  }

  /** Makes a job the current one. */
  touch(job: Job): void {
    job.recency = ++this.#recency;
  }

  /** The current job (`%+`) and the one before it (`%-`): stopped ones come first. */
  current(): readonly [Job | undefined, Job | undefined] {
    const rank = (job: Job): number => (jobState(job) === 'stopped' ? 1e9 : 0) + job.recency;
    const ordered = [...this.#jobs].sort((a, b) => rank(b) - rank(a));
    return [ordered[0], ordered[1]];
  }

  /** The mark of a job in lists: `+`, `-` or a blank. */
  mark(job: Job): string {
    const [current, previous] = this.current();
    return job === current ? '+' : job === previous ? '-' : ' ';
  }

  /** The job a word names (`%1`, `%+`, `%-`, `%text`, `%?text`); undefined when there is none. */
  find(word: string): Job | undefined {
    const spec = word.startsWith('%') ? word.slice(1) : word;
    const [current, previous] = this.current();
    if (spec === '' || spec === '+' || spec === '%') return current;
    if (spec === '-') return previous ?? current;
    if (/^[0-9]+$/.test(spec)) return this.#jobs.find((job) => job.id === Number(spec));
    if (spec.startsWith('?')) return this.#jobs.find((job) => job.text.includes(spec.slice(1)));
    return this.#jobs.find((job) => job.text.startsWith(spec));
  }

  /** The job that a process belongs to. */
  byPid(pid: number): Job | undefined {
    return this.#jobs.find((job) => job.children.some((child) => child.handle.pid === pid));
  }
}

/** Whether a job runs, is stopped, or has ended. */
export function jobState(job: Job): JobState {
  const living = job.children.filter((child) => child.handle.exitCode() === undefined);
  if (living.length === 0) return 'done';
  return living.every((child) => child.handle.isStopped()) ? 'stopped' : 'running';
}

/** The exit code of an ended job: that of its last process. */
export function jobStatus(job: Job): number {
  return job.children.at(-1)?.handle.exitCode() ?? 0;
}

/** The word of a job's state as `jobs` shows it (bash: `Exit 3`; ash and dash: `Done(3)`). */
export function jobWord(job: Job, dialect: Dialect): string {
  const state = jobState(job);
  if (state === 'running') return 'Running';
  if (state === 'stopped') return 'Stopped';
  const signal = job.children.at(-1)?.signal();
  if (signal !== undefined) return SIGNAL_WORDS[signal];
  const status = jobStatus(job);
  if (status === 0) return 'Done';
  return dialect === 'bash' ? `Exit ${status}` : `Done(${status})`;
}

/** The words for a process ended by a signal, as a shell prints them. */
export function signalWords(signal: Signal): string {
  return SIGNAL_WORDS[signal];
}

/** One job as `jobs` prints it, without a newline at the end (tools/FACTS: bash pads to 24 columns, ash to 27). */
export function jobLine(table: JobTable, job: Job, dialect: Dialect, withPids = false): string {
  const word = jobWord(job, dialect);
  const state = jobState(job);
  const pid = withPids ? `${job.children[0]?.handle.pid ?? 0} ` : '';
  if (dialect === 'bash') {
    const text = state === 'running' ? `${job.text} &` : job.text;
    return `[${job.id}]${table.mark(job)} ${withPids ? pid : ' '}${word.padEnd(23)} ${text}`;
  }
  const gap = dialect === 'dash' ? ' ' : '';
  const head = `[${job.id}]${gap}${table.mark(job)} ${dialect === 'ash' ? ' ' : ''}${pid}${word}`;
  if (!withPids) return `${head.padEnd(32)} ${job.text}`;
  const others = job.parts
    .slice(1)
    .map((part, at) => `\n${`      ${job.children[at + 1]?.handle.pid ?? 0}`.padEnd(32)} | ${part}`);
  return `${head.padEnd(32)} ${job.parts[0] ?? ''}${others.join('')}`;
}

/** The signal of a name (`TERM`, `SIGTERM`, `15`), undefined when it is none we know. */
export function signalOf(word: string): Signal | undefined {
  const name = word.toUpperCase().replace(/^SIG/, '');
  const entries = Object.entries(SIGNALS) as [Signal, number][];
  return entries.find(([key, number]) => key === name || String(number) === word)?.[0];
}
