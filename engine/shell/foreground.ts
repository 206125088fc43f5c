import { SIGNALS } from '../base/process.ts';
import type { Signal } from '../base/process.ts';
import { LineAbort, LoopJump } from './control.ts';
import type { Interpreter } from './interpreter.ts';
import { jobLine, signalWords } from './jobs.ts';
import type { Job } from './jobs.ts';
import type { Child } from './process.ts';

const SILENT_SIGNALS = new Set<Signal>(['INT', 'PIPE']);

/**
 * Waits for foreground processes. Returns their exit codes, or undefined when they were stopped and became a job.
 * In an interactive shell a death by Ctrl-C ends the whole line. @throws LineAbort, Signalled
 */
export async function waitForeground(
  shell: Interpreter,
  children: readonly Child[],
  text: string,
  closers: readonly (() => void)[] = [],
  job?: Job,
): Promise<number[] | undefined> {
  const ended = children.map(() => false);
  const { foreground } = shell.state;
  const outer = foreground.group;
  if (shell.hasJobControl) foreground.group = children[0]?.handle.group;
  try {
    while (ended.includes(false)) {
      await shell.interruptible(() =>
        shell.sys.until(
          () =>
            children.some((child, index) => !ended[index] && child.handle.exitCode() !== undefined) ||
            isStopped(shell, children),
        ),
      );
      children.forEach((child, index) => {
        if (ended[index] || child.handle.exitCode() === undefined) return;
        ended[index] = true;
        closers[index]?.();
      });
      if (ended.includes(false) && isStopped(shell, children))
        return await stopped(shell, children, text, job);
    }
  } finally {
    foreground.group = outer;
  }
  if (job !== undefined) shell.state.jobs.remove(job);
  await tellSignal(shell, children, text);
  return children.map((child) => child.handle.exitCode() ?? 0);
}

function isStopped(shell: Interpreter, children: readonly Child[]): boolean {
  if (!shell.hasJobControl) return false;
  const living = children.filter((child) => child.handle.exitCode() === undefined);
  return living.length > 0 && living.every((child) => child.handle.isStopped());
}

async function stopped(
  shell: Interpreter,
  children: readonly Child[],
  text: string,
  known: Job | undefined,
): Promise<undefined> {
  const job = known ?? shell.state.jobs.add(children, text, false);
  job.isForeground = false;
  job.told = 'stopped';
  shell.state.jobs.touch(job);
  await shell.err(
    `${shell.state.dialect === 'bash' ? '\n' : ''}${jobLine(shell.state.jobs, job, shell.state.dialect)}\n`,
  );
  shell.state.status = 128 + SIGNALS.TSTP;
  // bash leaves the loops that a stopped command stands in.
  if (shell.loops > 0 && shell.state.dialect === 'bash') throw new LoopJump('break', shell.loops);
  return undefined;
}

async function tellSignal(shell: Interpreter, children: readonly Child[], text: string): Promise<void> {
  const signal = children.at(-1)?.signal();
  if (signal === undefined) return;
  shell.state.status = 128 + SIGNALS[signal];
  if (signal === 'INT' && shell.hasJobControl) {
    await shell.err('\n');
    throw new LineAbort(shell.state.status);
  }
  if (SILENT_SIGNALS.has(signal)) return;
  const words = signalWords(signal);
  if (shell.state.isInteractive || shell.state.dialect !== 'bash' || signal === 'TERM')
    await shell.err(`${words}\n`);
  else await tellDeath(shell, children, words, text);
}

/** A script's bash tells which of its processes was killed. */
export async function tellDeath(
  shell: Interpreter,
  children: readonly Child[],
  words: string,
  text: string,
): Promise<void> {
  await shell.err(
    `${shell.state.prefix}${String(children.at(-1)?.handle.pid ?? 0).padStart(5)} ${words.padEnd(23)} ${text}\n`,
  );
}
