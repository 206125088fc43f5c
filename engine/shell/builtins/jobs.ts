import { tellDeath, waitForeground } from '../foreground.ts';
import { Signalled } from '../../base/process.ts';
import type { ProcessHandle, Signal } from '../../base/process.ts';
import type { Interpreter } from '../interpreter.ts';
import { jobLine, jobState, jobStatus, signalOf, signalWords } from '../jobs.ts';
import type { Job } from '../jobs.ts';
import type { Builtin } from './table.ts';

async function noSuchJob(shell: Interpreter, name: string, spec: string): Promise<number> {
  const status = name === 'wait' ? 127 : 1;
  if (shell.state.dialect === 'bash') return shell.complain(`${name}: ${spec}: no such job`, status);
  if (spec === 'current') return shell.complain(`${name}: No current job`, 2);
  return shell.complain(
    shell.state.dialect === 'dash' ? `${name}: No such job: ${spec}` : `${name}: ${spec}: no such job`,
    2,
  );
}

/** The lines of `jobs`; jobs that ended are shown once and forgotten. */
async function jobs(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  const flags = argv
    .slice(1)
    .filter((word) => word.startsWith('-'))
    .join('');
  const specs = argv.slice(1).filter((word) => !word.startsWith('-'));
  const wanted: Job[] = [];
  for (const spec of specs) {
    const job = state.jobs.find(spec);
    if (job === undefined) return noSuchJob(shell, 'jobs', spec);
    wanted.push(job);
  }
  const all = specs.length > 0 ? wanted : [...state.jobs.all()];
  if (state.dialect !== 'bash') all.reverse();
  const lines: string[] = [];
  for (const job of all) {
    const now = jobState(job);
    if (flags.includes('r') && now !== 'running') continue;
    if (flags.includes('s') && now !== 'stopped') continue;
    if (flags.includes('p')) lines.push(`${job.children[0]?.handle.pid ?? 0}\n`);
    else lines.push(`${jobLine(state.jobs, job, state.dialect, flags.includes('l'))}\n`);
    if (now === 'stopped') job.told = 'stopped';
    // ash and dash forget each as they go, so that the next may become the current one.
    if (now === 'done' && state.dialect !== 'bash') state.jobs.remove(job);
  }
  await shell.out(lines.join(''));
  for (const job of all) if (jobState(job) === 'done') state.jobs.remove(job);
  return 0;
}

async function foreground(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  if (!shell.hasJobControl && state.dialect === 'bash') return shell.complain('fg: no job control');
  const spec = argv[1];
  const job = spec === undefined ? state.jobs.current()[0] : state.jobs.find(spec);
  if (job === undefined) return noSuchJob(shell, 'fg', spec ?? 'current');
  if (!shell.hasJobControl)
    return shell.complain(`fg: job ${spec ?? '(null)'} not created under job control`, 2);
  await shell.out(`${job.text}\n`);
  if (jobState(job) === 'done') {
    state.jobs.remove(job);
    return shell.state.dialect === 'bash' ? shell.complain('fg: job has terminated') : jobStatus(job);
  }
  job.told = 'running';
  state.jobs.touch(job);
  for (const child of job.children) child.handle.kill('CONT');
  const statuses = await waitForeground(shell, job.children, job.text, [], job);
  return statuses === undefined ? state.status : (statuses.at(-1) ?? 0);
}

async function background(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  if (!shell.hasJobControl && state.dialect === 'bash') return shell.complain('bg: no job control');
  const specs = argv.length > 1 ? argv.slice(1) : [undefined];
  for (const spec of specs) {
    const job = spec === undefined ? state.jobs.current()[0] : state.jobs.find(spec);
    if (job === undefined) return noSuchJob(shell, 'bg', spec ?? 'current');
    if (!shell.hasJobControl)
      return shell.complain(`bg: job ${spec ?? '(null)'} not created under job control`, 2);
    if (state.dialect === 'bash' && jobState(job) === 'running') {
      await shell.complain(`bg: job ${job.id} already in background`);
      continue;
    }
    job.told = 'running';
    state.jobs.touch(job);
    for (const child of job.children) child.handle.kill('CONT');
    await shell.out(
      state.dialect === 'bash'
        ? `[${job.id}]${state.jobs.mark(job)} ${job.text} &\n`
        : `[${job.id}] ${job.text}\n`,
    );
  }
  return 0;
}

async function wait(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  let at = 1;
  let isAny = false;
  let name: string | undefined;
  for (; /^-[nfp]/.test(argv[at] ?? '') && state.dialect === 'bash'; at++) {
    if (argv[at]?.includes('n') === true) isAny = true;
    if (argv[at]?.includes('p') === true) name = argv[++at];
  }
  const specs = argv.slice(at);
  if (name !== undefined) state.variables.unset(name);
  if (isAny) return waitAny(shell, specs, name);
  if (specs.length === 0) {
    // bash tells nothing of jobs that had ended before.
    if (state.isInteractive && state.dialect === 'bash')
      for (const job of [...state.jobs.all()]) if (jobState(job) === 'done') await forget(shell, job, false);
    const all = state.jobs.all();
    const status = await waitUntil(shell, () => all.every((job) => jobState(job) !== 'running'));
    if (status !== undefined) return status;
    if (!state.isInteractive)
      for (const job of [...all]) if (jobState(job) === 'done') await forget(shell, job, true);
    return 0;
  }
  let status = 0;
  for (const spec of specs) {
    const job = spec.startsWith('%') ? state.jobs.find(spec) : state.jobs.byPid(Number(spec));
    if (job === undefined) {
      if (spec.startsWith('%')) status = await noSuchJob(shell, 'wait', spec);
      else if (!/^[0-9]+$/.test(spec))
        status = await shell.complain(`wait: \`${spec}': not a pid or valid job spec`);
      else
        status =
          state.endedPids.get(Number(spec)) ??
          (state.dialect === 'bash'
            ? await shell.complain(`wait: pid ${spec} is not a child of this shell`, 127)
            : 127);
      continue;
    }
    const interrupted = await waitUntil(shell, () => jobState(job) !== 'running');
    if (interrupted !== undefined) return interrupted;
    const child = spec.startsWith('%')
      ? undefined
      : job.children.find((one) => one.handle.pid === Number(spec));
    status = child?.handle.exitCode() ?? jobStatus(job);
    if (name !== undefined) await shell.assign(name, String(job.children.at(-1)?.handle.pid ?? 0));
    if (!state.isInteractive && state.dialect === 'bash') await forget(shell, job, true);
    const signal = job.children.at(-1)?.signal();
    if (state.dialect !== 'bash' && signal !== undefined && signal !== 'INT' && signal !== 'PIPE')
      await shell.err(`${signalWords(signal)}\n`);
  }
  return status;
}

/** Waits; a trapped signal ends the wait at once with 128 + its number, after its trap. */
async function waitUntil(shell: Interpreter, ready: () => boolean): Promise<number | undefined> {
  try {
    await shell.sys.until(ready);
    return undefined;
  } catch (error) {
    if (!(error instanceof Signalled)) throw error;
    const trap = shell.state.traps.get(error.signal);
    if (trap === undefined) throw error;
    if (trap === '') return waitUntil(shell, ready);
    await shell.runTrap(trap);
    return error.exitCode;
  }
}

/** Takes an ended job off the table, keeps its exit code for `wait PID`, and tells of a death that a script would show. */
async function forget(shell: Interpreter, job: Job, tells: boolean): Promise<void> {
  const { state } = shell;
  state.jobs.remove(job);
  for (const child of job.children) state.endedPids.set(child.handle.pid, child.handle.exitCode() ?? 0);
  const signal = job.children.at(-1)?.signal();
  if (tells && signal !== undefined && !['INT', 'PIPE', 'TERM'].includes(signal) && state.dialect === 'bash')
    await tellDeath(shell, job.children, signalWords(signal), job.text);
}

async function waitAny(
  shell: Interpreter,
  specs: readonly string[],
  name: string | undefined,
): Promise<number> {
  const { state } = shell;
  const all = state.jobs.all();
  const wanted =
    specs.length === 0
      ? all
      : all.filter((job) =>
          specs.some(
            (spec) => (spec.startsWith('%') ? state.jobs.find(spec) : state.jobs.byPid(Number(spec))) === job,
          ),
        );
  if (wanted.length === 0) return 127;
  const interrupted = await waitUntil(shell, () => wanted.some((job) => jobState(job) === 'done'));
  if (interrupted !== undefined) return interrupted;
  const job = wanted.find((one) => jobState(one) === 'done');
  if (job === undefined) return 127;
  const status = jobStatus(job);
  if (name !== undefined) await shell.assign(name, String(job.children.at(-1)?.handle.pid ?? 0));
  await forget(shell, job, false);
  return status;
}

const LIST = [
  'HUP',
  'INT',
  'QUIT',
  'ILL',
  'TRAP',
  'ABRT',
  'BUS',
  'FPE',
  'KILL',
  'USR1',
  'SEGV',
  'USR2',
  'PIPE',
  'ALRM',
  'TERM',
  'STKFLT',
  'CHLD',
  'CONT',
  'STOP',
  'TSTP',
  'TTIN',
  'TTOU',
  'URG',
  'XCPU',
  'XFSZ',
  'VTALRM',
  'PROF',
  'WINCH',
  'IO',
  'PWR',
  'SYS',
  '',
  '',
  'RTMIN',
  ...Array.from({ length: 15 }, (_, index) => `RTMIN+${index + 1}`),
  ...Array.from({ length: 14 }, (_, index) => `RTMAX-${14 - index}`),
  'RTMAX',
];

async function kill(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  let words = argv.slice(1);
  let signal: Signal | 0 = 'TERM';
  const first = words[0] ?? '';
  if (first === '-l' || first === '-L') return listSignals(shell, words.slice(1));
  if ((first === '-s' || first === '-n') && state.dialect === 'bash' && words.length === 1)
    return shell.complain(`kill: ${first}: option requires an argument`);
  const named =
    first === '-s' || first === '-n' ? words[1] : /^-[A-Za-z0-9]/.test(first) ? first.slice(1) : undefined;
  if (named !== undefined) {
    words = words.slice(first === '-s' || first === '-n' ? 2 : 1);
    const found = named === '0' ? 0 : signalOf(named);
    if (found === undefined && state.dialect === 'dash' && first !== '-s')
      return shell.complain(`kill: Illegal option -${named.slice(0, 1)}`, 2);
    if (found === undefined)
      return shell.complain(
        state.dialect === 'bash'
          ? `kill: ${named}: invalid signal specification`
          : state.dialect === 'dash'
            ? `kill: invalid signal number or name: ${named}`
            : `bad signal name '${named}'`,
        state.dialect === 'dash' ? 2 : 1,
      );
    signal = found;
  }
  if (words[0] === '--') words = words.slice(1);
  if (words.length === 0) return killUsage(shell);
  let status = 0;
  for (const word of words) status = Math.max(status, await killOne(shell, word, signal));
  return status;
}

async function killUsage(shell: Interpreter): Promise<number> {
  if (shell.state.dialect === 'ash') return shell.complain('you need to specify whom to kill');
  if (shell.state.dialect === 'dash') {
    await shell.complain(
      'kill: Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or\nkill -l [exitstatus]',
    );
    return 2;
  }
  await shell.err(
    'kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]\n',
  );
  return 2;
}

async function killOne(shell: Interpreter, word: string, signal: Signal | 0): Promise<number> {
  const { state } = shell;
  if (word.startsWith('%')) {
    const job = state.jobs.find(word);
    if (job === undefined) return noSuchJob(shell, 'kill', word);
    await signalJob(shell, job, signal);
    return 0;
  }
  if (!/^-?[0-9]+$/.test(word)) {
    return shell.complain(
      state.dialect === 'bash'
        ? `kill: ${word}: arguments must be process or job IDs`
        : state.dialect === 'ash'
          ? `invalid number '${word}'`
          : `kill: Illegal number: ${word}`,
      state.dialect === 'dash' ? 2 : 1,
    );
  }
  const pid = Number(word);
  const job = pid > 0 ? state.jobs.byPid(pid) : undefined;
  if (job !== undefined && job.children.length === 1 && jobState(job) !== 'done') {
    await signalJob(shell, job, signal);
    return 0;
  }
  const all = shell.sys.processes(shell.machine.id);
  const targets: readonly ProcessHandle[] =
    pid < 0
      ? all.filter((one) => one.group === -pid)
      : all.filter((one) => one.pid === pid || (pid === state.pid && one.pid === shell.sys.pid));
  if (targets.length === 0) {
    return shell.complain(
      state.dialect === 'bash'
        ? `kill: (${word}) - No such process`
        : state.dialect === 'ash'
          ? `can't kill pid ${word}: No such process`
          : 'kill: No such process\n',
    );
  }
  for (const target of targets) await signalOne(shell, target, signal);
  return 0;
}

/** Signals that do nothing to a process that has no trap for them. */
const HARMLESS = new Set<Signal>(['CHLD', 'WINCH', 'CONT']);

/** A shell that signals itself runs its trap before the next command, as it would in life. */
async function signalOne(shell: Interpreter, target: ProcessHandle, signal: Signal | 0): Promise<void> {
  if (signal === 0) return;
  const isOwn = target.pid === shell.sys.pid;
  const trap = isOwn ? shell.state.traps.get(signal) : undefined;
  if (trap !== undefined && signal !== 'KILL' && signal !== 'STOP') {
    if (trap !== '') await shell.runTrap(trap);
    return;
  }
  if (HARMLESS.has(signal) && signal !== 'CONT') return;
  if (isOwn && signal === 'TERM' && shell.state.isInteractive) return;
  target.kill(signal);
  if (isOwn) await shell.sys.sleep(0);
}

async function signalJob(shell: Interpreter, job: Job, signal: Signal | 0): Promise<void> {
  if (signal === 0) return;
  const isStopped = jobState(job) === 'stopped';
  if (
    isStopped &&
    shell.state.dialect === 'bash' &&
    signal !== 'CONT' &&
    signal !== 'KILL' &&
    shell.state.isInteractive
  ) {
    await shell.err(`\n${jobLine(shell.state.jobs, job, 'bash')}\n`);
  }
  for (const child of job.children) child.handle.kill(signal);
  if (signal === 'STOP' || signal === 'TSTP') job.told = 'stopping';
  if (isStopped && (signal === 'TERM' || signal === 'HUP'))
    for (const child of job.children) child.handle.kill('CONT');
}

async function listSignals(shell: Interpreter, words: readonly string[]): Promise<number> {
  let status = 0;
  const { dialect } = shell.state;
  for (const word of words) {
    if (dialect === 'dash' && !/^[0-9]+$/.test(word))
      return shell.complain(`kill: Illegal number: ${word}`, 2);
    const isNumber = /^[0-9]+$/.test(word);
    const number = Number(word) > 128 ? Number(word) - 128 : Number(word);
    const at = LIST.indexOf(word.toUpperCase().replace(/^SIG/, ''));
    const text = isNumber ? (number === 0 ? 'EXIT' : LIST[number - 1]) : at < 0 ? undefined : String(at + 1);
    if (text === undefined || text === '')
      status = await shell.complain(`kill: ${word}: invalid signal specification`);
    else await shell.out(`${text}\n`);
  }
  if (words.length === 0)
    await shell.out(
      dialect === 'bash'
        ? signalTable()
        : dialect === 'dash'
          ? `0\n${LIST.map((name, at) => `${name === '' ? at + 1 : name}\n`).join('')}`
          : LIST.slice(0, 31)
              .map((name, at) => `${String(at + 1).padStart(2)}) ${name === 'IO' ? 'POLL' : name}\n`)
              .join(''),
    );
  return status;
}

/** All signals in five columns, as `kill -l` and `trap -l` of bash print them. */
export function signalTable(): string {
  const cells = LIST.map((name, index) =>
    name === '' ? '' : `${String(index + 1).padStart(2)}) SIG${name}`,
  ).filter((cell) => cell !== '');
  const rows: string[] = [];
  for (let at = 0; at < cells.length; at += 5) {
    const row = cells.slice(at, at + 5);
    rows.push(row.length === 5 ? row.join('\t') : `${row.join('\t')}\t`);
  }
  return `${rows.join('\n')}\n`;
}

async function disown(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  if (argv.includes('-a')) {
    for (const job of [...state.jobs.all()]) state.jobs.remove(job);
    return 0;
  }
  const specs = argv.slice(1).filter((word) => !word.startsWith('-'));
  for (const spec of specs.length > 0 ? specs : ['%+']) {
    const job = spec.startsWith('%') ? state.jobs.find(spec) : state.jobs.byPid(Number(spec));
    if (job === undefined) return noSuchJob(shell, 'disown', specs.length > 0 ? spec : 'current');
    state.jobs.remove(job);
  }
  return 0;
}

/** Builtins of job control. */
export const JOB_BUILTINS: Readonly<Record<string, Builtin>> = {
  jobs: { run: jobs },
  fg: { run: foreground },
  bg: { run: background },
  wait: { run: wait },
  kill: { run: kill },
  disown: { run: disown, isBash: true },
  suspend: { run: (shell) => shell.complain('suspend: cannot suspend: no job control'), isBash: true },
};
