import { Signalled } from '../../base/process.ts';
import type { ProcessHandle } from '../../base/process.ts';
import type { Process, Program, RunOptions } from '../../shell/program.ts';
import { signalOf } from '../../shell/jobs.ts';
import { findProgram, startChild, waitFor } from '../../shell/process.ts';
import { formatDate } from '../../base/strftime.ts';
import { isInteractive, keyStream } from './pager.ts';
import { complain, complainUsage, isBusybox, nameOf, pathOf, tool, tryHelp } from './tool.ts';
import type { Options } from './tool.ts';

const DURATION = /^(\d+\.?\d*|\.\d+)([smhd]?)$/;
const UNIT_SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86400 };

/** A duration as `sleep` and `timeout` take it, in ms; undefined when it is none. */
export function durationMs(text: string): number | undefined {
  if (text === 'infinity' || text === 'inf') return 1e12;
  const match = DURATION.exec(text);
  return match === null ? undefined : Number(match[1]) * (UNIT_SECONDS[match[2] ?? ''] ?? 1) * 1000;
}

async function sleep(process: Process, options: Options): Promise<number> {
  if (options.operands.length === 0)
    return isBusybox(process)
      ? complain(process, 'missing operand')
      : complainUsage(process, 'missing operand');
  let total = 0;
  for (const operand of options.operands) {
    const duration = durationMs(operand);
    if (duration === undefined) return complainUsage(process, `invalid time interval '${operand}'`);
    total += duration;
  }
  await process.sys.sleep(total);
  return 0;
}

/** The exit code and message of a command that cannot be started, as env, nohup, timeout and xargs print it. */
async function cannotRun(process: Process, name: string, words: string): Promise<number> {
  const found = findProgram(process.machine, process.cwd, process.env.get('PATH'), name);
  const isDenied = found.kind === 'denied' || found.kind === 'folder';
  await complain(process, `${words}: ${isDenied ? 'Permission denied' : 'No such file or directory'}`);
  return isDenied ? 126 : 127;
}

async function runOr(
  process: Process,
  argv: readonly string[],
  words: string,
  options?: RunOptions,
): Promise<number> {
  const child = startChild(process, argv, options);
  return child === undefined ? cannotRun(process, argv[0] ?? '', words) : waitFor(process.sys, child);
}

async function timeout(process: Process, options: Options): Promise<number> {
  const [limit, ...argv] = options.operands;
  if (limit === undefined || argv.length === 0) {
    await process.err(
      isBusybox(process)
        ? 'BusyBox multi-call binary.\n\nUsage: timeout [-s SIG] [-k KILL_SECS] SECS PROG ARGS\n'
        : tryHelp('timeout'),
    );
    return isBusybox(process) ? 1 : 125;
  }
  const limitMs = durationMs(limit);
  if (limitMs === undefined) return complainUsage(process, `invalid time interval '${limit}'`, 125);
  const signal = signalOf(options.get('s', 'signal') ?? 'TERM');
  if (signal === undefined)
    return complainUsage(process, `${options.get('s', 'signal') ?? ''}: invalid signal`, 125);
  const child = startChild(process, argv);
  if (child === undefined)
    return cannotRun(process, argv[0] ?? '', `failed to run command '${argv[0] ?? ''}'`);
  const isEnded = (): boolean => child.handle.exitCode() !== undefined;
  if (await process.sys.until(isEnded, limitMs === 0 ? undefined : limitMs))
    return child.handle.exitCode() ?? 0;
  child.handle.kill(signal);
  const grace = durationMs(options.get('k', 'kill-after') ?? '');
  if (!(await process.sys.until(isEnded, grace))) {
    child.handle.kill('KILL');
    await process.sys.until(isEnded);
  }
  if (signal === 'KILL') throw new Signalled('KILL');
  if (isBusybox(process)) {
    // Its parent sees the command itself die of the signal.
    if (signal === 'TERM') await process.err('Terminated\n');
    return 143;
  }
  return options.has('preserve-status') ? (child.handle.exitCode() ?? 124) : 124;
}

async function env(process: Process, options: Options): Promise<number> {
  const values = new Map(options.has('i', 'ignore-environment') ? [] : process.env);
  for (const [name, value] of options.all) if (name === 'u' || name === 'unset') values.delete(value);
  const split = options.get('S', 'split-string');
  const words = [...(split?.split(/\s+/).filter(Boolean) ?? []), ...options.operands];
  while (words[0]?.includes('=') === true) {
    const word = words.shift() ?? '';
    values.set(word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1));
  }
  const folder = options.get('C', 'chdir');
  if (words.length > 0)
    return runOr(
      process,
      words,
      isBusybox(process) ? `can't execute '${words[0] ?? ''}'` : `'${words[0] ?? ''}'`,
      { env: values, ...(folder === undefined ? {} : { cwd: pathOf(process, folder) }) },
    );
  const end = options.has('0', 'null') ? '\0' : '\n';
  await process.out([...values].map(([name, value]) => `${name}=${value}${end}`).join(''));
  return 0;
}

async function nohup(process: Process): Promise<number> {
  const argv = process.argv.slice(1);
  if (argv.length === 0) return complainUsage(process, 'missing operand', 125);
  if (process.tty('stdout') === undefined)
    return runOr(process, argv, `failed to run command '${argv[0] ?? ''}'`);
  await process.err("nohup: ignoring input and appending output to 'nohup.out'\n");
  const path = pathOf(process, 'nohup.out');
  const write = async (text: string): Promise<void> => {
    process.machine.files.write(path, text, process.sys.nowMs(), { append: true });
  };
  await write('');
  return runOr(process, argv, `failed to run command '${argv[0] ?? ''}'`, { out: write, err: write });
}

/** Splits what xargs reads: blanks and newlines separate, quotes and backslashes protect. */
function xargsWords(text: string): string[] {
  const words: string[] = [];
  for (const match of text.matchAll(/(?:"([^"\n]*)"|'([^'\n]*)'|\\([\s\S])|[^\s"'\\])+/g)) {
    words.push(
      match[0].replace(
        /"([^"\n]*)"|'([^'\n]*)'|\\([\s\S])/g,
        (_all, double?: string, single?: string, char?: string) => double ?? single ?? char ?? '',
      ),
    );
  }
  return words;
}

/** The words of each line for `-L`; a blank at a line's end carries on in the next line. */
function xargsLines(text: string): string[][] {
  return text
    .replace(/[ \t]\n/g, ' ')
    .split('\n')
    .map(xargsWords)
    .filter((words) => words.length > 0);
}

/** `single` or `double` when a line ends inside of a quote. */
function unmatchedQuote(text: string): 'single' | 'double' | undefined {
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === '\n' && quote !== '') break;
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '\\') at++;
    else if (char === '"' || char === "'") quote = char;
  }
  return quote === '' ? undefined : quote === "'" ? 'single' : 'double';
}

async function xargs(process: Process, options: Options): Promise<number> {
  const command = options.operands.length > 0 ? options.operands : ['echo'];
  const count = options.get('n', 'max-args') ?? options.get('L', 'max-lines');
  for (const letter of ['n', 'L', 'P', 's']) {
    const value = options.get(letter);
    if (value === undefined || /^0*[1-9]\d*$/.test(value) || (letter === 'P' && value === '0')) continue;
    return complainUsage(
      process,
      /^-?\d+$/.test(value)
        ? `value ${value} for -${letter} option should be >= 1`
        : `invalid number "${value}" for -${letter} option`,
    );
  }
  const text = await process.stdin.readAll(process.sys);
  const marker = options.get('I', 'replace') ?? (options.has('i') ? '{}' : undefined);
  const delimiter = options.has('0', 'null') ? '\0' : options.get('d', 'delimiter');
  const lines = (
    delimiter === undefined ? text.split('\n') : text.split(delimiter.replace('\\n', '\n'))
  ).filter((line) => line !== '');
  const items =
    marker !== undefined
      ? lines.map((line) => line.trim())
      : delimiter !== undefined
        ? lines
        : xargsWords(text);
  const open = delimiter === undefined ? unmatchedQuote(text) : undefined;
  if (open !== undefined)
    return complain(
      process,
      `unmatched ${open} quote; by default quotes are special to xargs unless you use the -0 option`,
    );
  const batches: string[][] = [];
  if (marker !== undefined)
    for (const item of items)
      batches.push(command.map((word, index) => (index === 0 ? word : word.replaceAll(marker, item))));
  else if (items.length > 0 || !options.has('r', 'no-run-if-empty')) {
    const isByLine = options.get('n', 'max-args') === undefined && count !== undefined;
    const units = isByLine && delimiter === undefined ? xargsLines(text) : items.map((item) => [item]);
    const size = Math.max(1, count === undefined ? units.length : Number(count));
    for (let at = 0; at < Math.max(1, units.length); at += size)
      batches.push([...command, ...units.slice(at, at + size).flat()]);
  }
  let exit = 0;
  for (const argv of batches) {
    if (options.has('t', 'verbose')) await process.err(`${argv.join(' ')}\n`);
    const child = startChild(process, argv);
    if (child === undefined) return cannotRun(process, argv[0] ?? '', argv[0] ?? '');
    const status = await waitFor(process.sys, child);
    if (status === 255) {
      await process.err(`xargs: ${argv[0] ?? ''}: exited with status 255; aborting\n`);
      return 124;
    }
    if (status !== 0) exit = 123;
  }
  return exit;
}

async function time(process: Process): Promise<number> {
  const argv = process.argv.slice(1).filter((word, index) => !(index === 0 && word === '-p'));
  const startedMs = process.sys.nowMs();
  const status = await runOr(process, argv, argv[0] ?? '');
  const seconds = (process.sys.nowMs() - startedMs) / 1000;
  if (isBusybox(process))
    await process.err(
      `real\t${Math.floor(seconds / 60)}m ${(seconds % 60).toFixed(2)}s\nuser\t0m 0.00s\nsys\t0m 0.00s\n`,
    );
  else if (process.argv[1] === '-p') await process.err(`real ${seconds.toFixed(2)}\nuser 0.00\nsys 0.00\n`);
  else
    await process.err(
      `0.00user 0.00system ${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(2).padStart(5, '0')}elapsed 0%CPU (0avgtext+0avgdata 1524maxresident)k\n0inputs+0outputs (0major+84minor)pagefaults 0swaps\n`,
    );
  return status;
}

async function watch(process: Process, options: Options): Promise<number> {
  if (options.operands.length === 0) {
    await process.err('\nUsage:\n watch [options] command\n');
    return 1;
  }
  const given = options.get('n', 'interval') ?? '2';
  if (!/^\d+(\.\d+)?$/.test(given))
    return complain(process, `failed to parse argument: '${given}': Invalid argument`);
  const interval = Math.max(0.1, Number(given));
  const text = options.operands.join(' ');
  const terminal = process.tty('stdout');
  const width = terminal?.columns ?? 80;
  let before: string | undefined;
  if (terminal !== undefined) await process.out('\x1b[?1049h');
  try {
    for (;;) {
      let shown = '';
      const add = async (part: string): Promise<void> => void (shown += part);
      const status = await process.run(options.has('x', 'exec') ? options.operands : ['sh', '-c', text], {
        out: add,
        err: add,
      });
      const head = `Every ${interval.toFixed(1)}s: ${text}`;
      const right = `${process.machine.hostname}: ${formatDate(process.sys.nowMs(), '%a %b %e %H:%M:%S %Y')}`;
      const lines = shown
        .split('\n')
        .slice(0, Math.max(1, (terminal?.rows ?? 24) - 2))
        .map((line) => line.slice(0, width));
      const title = options.has('t', 'no-title')
        ? ''
        : `${head}${' '.repeat(Math.max(1, width - head.length - right.length))}${right}\n\n`;
      await process.out(
        terminal === undefined ? `${title}${shown}` : `\x1b[H\x1b[2J${title}${lines.join('\n')}`,
      );
      if (options.has('e', 'errexit') && status !== 0) return 8;
      if (options.has('g', 'chgexit') && before !== undefined && before !== shown) return 0;
      before = shown;
      await process.sys.sleep(interval * 1000);
    }
  } finally {
    if (terminal !== undefined) await process.out('\x1b[?1049l');
  }
}

function commandText(handle: ProcessHandle): string {
  return handle.command.join(' ');
}

/** The processes of the machine, oldest first; in a container the image's own program is PID 1. */
function withMain(process: Process): readonly ProcessHandle[] {
  const all = process.sys.processes(process.machine.id);
  const { main } = process.machine;
  const first = all[0];
  if (
    main === undefined ||
    first === undefined ||
    all.some((one) => one.command.join(' ') === main.join(' '))
  )
    return all;
  const never = (): undefined => undefined;
  return [
    { ...first, pid: 1, parentPid: 0, command: main, isStopped: () => false, exitCode: never, kill: never },
    ...all,
  ];
}

async function ps(process: Process): Promise<number> {
  const words = process.argv.slice(1).join(' ').replace(/-/g, '');
  const all = withMain(process);
  const { user } = process.machine;
  const started = (handle: ProcessHandle): string => formatDate(handle.startedMs, '%H:%M');
  const isRunning = (handle: ProcessHandle): boolean => handle.pid === process.sys.pid;
  if (isBusybox(process)) {
    await process.out(
      `PID   USER     TIME  COMMAND\n${all.map((one) => `${String(one.pid).padStart(5)} ${user.slice(0, 8).padEnd(8)}  0:00 ${commandText(one)}\n`).join('')}`,
    );
    return 0;
  }
  if (/^e/.test(words) && words.includes('f')) {
    await process.out('UID          PID    PPID  C STIME TTY          TIME CMD\n');
    for (const one of all)
      await process.out(
        `${user.padEnd(8)} ${String(one.pid).padStart(7)} ${String(one.parentPid).padStart(7)}  0 ${started(one)} ?        00:00:00 ${commandText(one)}\n`,
      );
    return 0;
  }
  if (/a.*x|x.*a|u/.test(words)) {
    await process.out('USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n');
    for (const one of all) {
      const memory = one.command.length === 0 ? 0 : 3940 + 100 * (one.command[0]?.length ?? 0);
      await process.out(
        `${user.padEnd(8)} ${String(one.pid).padStart(7)}  0.0  0.0 ${String(memory).padStart(6)} ${String(Math.floor(memory * 0.6)).padStart(5)} pts/0    ${(one.isStopped() ? 'T' : isRunning(one) ? 'R+' : 'S').padEnd(4)} ${started(one)}   0:00 ${commandText(one)}\n`,
      );
    }
    return 0;
  }
  await process.out('    PID TTY          TIME CMD\n');
  for (const one of all)
    await process.out(
      `${String(one.pid).padStart(7)} pts/0    00:00:00 ${(one.command[0] ?? '').split('/').at(-1) ?? ''}\n`,
    );
  return 0;
}

async function top(process: Process, options: Options): Promise<number> {
  const terminal = process.tty('stdout');
  const keys = keyStream(process);
  const once = options.has('b') || terminal === undefined || keys === undefined || !isInteractive(process);
  const wasRaw = terminal?.isRaw ?? false;
  for (;;) {
    const all = process.sys.processes(process.machine.id);
    const rows = all.map(
      (one) =>
        `${String(one.pid).padStart(7)} ${process.machine.user.slice(0, 8).padEnd(9)}  20   0    4000   2400   2000 ${one.pid === process.sys.pid ? 'R' : 'S'}   0.0   0.1   0:00.00 ${(one.command[0] ?? '').split('/').at(-1) ?? ''}\n`,
    );
    await process.out(
      `${once ? '' : '\x1b[H\x1b[2J'}top - ${formatDate(process.sys.nowMs(), '%H:%M:%S')} up 1 day,  1 user,  load average: 0.00, 0.00, 0.00\nTasks: ${String(all.length).padStart(3)} total,   1 running, ${String(all.length - 1).padStart(3)} sleeping,   0 stopped,   0 zombie\n\n    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n${rows.join('')}`,
    );
    if (once) return 0;
    terminal.isRaw = true;
    try {
      const key = await keys.read(process.sys, 3000);
      if (/[q\x03]/.test(key ?? '') || keys.ended) return 0;
    } finally {
      terminal.isRaw = wasRaw;
    }
  }
}

async function pgrep(process: Process, options: Options): Promise<number> {
  const isKill = nameOf(process) === 'pkill' || nameOf(process) === 'killall';
  const given = process.argv.slice(1).find((word) => /^-([A-Z]+|\d+)$/.test(word));
  const signal = given === undefined ? 'TERM' : signalOf(given.slice(1));
  const [pattern] = options.operands;
  if (pattern === undefined) return complainUsage(process, 'no matching criteria specified', 2);
  const matches = process.sys.processes(process.machine.id).filter((one) => {
    if (one.pid === process.sys.pid) return false;
    const name = (one.command[0] ?? '').split('/').at(-1) ?? '';
    const text = options.has('f', 'full') ? commandText(one) : name;
    return options.has('x', 'exact') || nameOf(process) === 'killall'
      ? text === pattern
      : text.includes(pattern);
  });
  if (matches.length === 0) {
    if (nameOf(process) === 'killall')
      await process.err(
        isBusybox(process) ? `killall: ${pattern}: no process killed\n` : `${pattern}: no process found\n`,
      );
    return 1;
  }
  if (isKill) for (const one of matches) one.kill(signal ?? 'TERM');
  else
    await process.out(
      options.has('c', 'count')
        ? `${matches.length}\n`
        : matches.map((one) => `${one.pid}${options.has('l', 'a') ? ` ${commandText(one)}` : ''}\n`).join(''),
    );
  return 0;
}

const kill: Program = async (process) => {
  const words = process.argv.slice(1);
  const given = words[0]?.startsWith('-') === true ? words.shift() : undefined;
  const signal =
    given === undefined ? 'TERM' : given === '-s' ? signalOf(words.shift() ?? '') : signalOf(given.slice(1));
  let exit = 0;
  if (words.length === 0 && isBusybox(process)) return complain(process, 'you need to specify whom to kill');
  for (const word of words) {
    if (!/^-?\d+$/.test(word) && isBusybox(process)) {
      exit = await complain(process, `invalid number '${word}'`);
      continue;
    }
    const target = process.sys.processes(process.machine.id).find((one) => String(one.pid) === word);
    if (target === undefined)
      exit = await complain(
        process,
        isBusybox(process) ? `can't kill pid ${word}: No such process` : `(${word}): No such process`,
      );
    else target.kill(signal ?? 'TERM');
  }
  return exit;
};

async function yes(process: Process): Promise<number> {
  const text = `${process.argv.length > 1 ? process.argv.slice(1).join(' ') : 'y'}\n`.repeat(64);
  for (;;) {
    await process.sys.burn(64);
    await process.out(text);
  }
}

/** Tools that start, watch and end processes. */
export const PROCESS_TOOLS: readonly (readonly [string, Program])[] = [
  ['sleep', tool({ short: '' }, sleep)],
  [
    'timeout',
    tool(
      {
        short: 's:k:v',
        long: ['signal=', 'kill-after=', 'preserve-status', 'foreground'],
        stopsAtOperand: true,
        usageExit: 125,
      },
      timeout,
    ),
  ],
  [
    'env',
    tool(
      {
        short: 'iu:0C:S:',
        long: ['ignore-environment', 'unset=', 'null', 'chdir=', 'split-string='],
        stopsAtOperand: true,
        usageExit: 125,
      },
      env,
    ),
  ],
  ['nohup', nohup],
  [
    'nice',
    (process) =>
      runOr(
        process,
        process.argv.slice(1).filter((word, index, all) => !/^-/.test(word) && all[index - 1] !== '-n'),
        '',
      ),
  ],
  ['setsid', (process) => runOr(process, process.argv.slice(1), '')],
  [
    'xargs',
    tool(
      {
        short: 'n:L:I:i::d:0rtpP:s:x',
        long: [
          'max-args=',
          'max-lines=',
          'replace?',
          'delimiter=',
          'null',
          'no-run-if-empty',
          'verbose',
          'max-procs=',
        ],
        stopsAtOperand: true,
      },
      xargs,
    ),
  ],
  ['time', time],
  [
    'watch',
    tool(
      {
        short: 'n:dtexgcb',
        long: ['interval=', 'differences?', 'no-title', 'errexit', 'exec', 'chgexit', 'color'],
        stopsAtOperand: true,
      },
      watch,
    ),
  ],
  ['ps', ps],
  ['top', tool({ short: 'bn:d:c' }, top)],
  ['pgrep', tool({ short: 'flaxcu:', long: ['full', 'exact', 'count'] }, pgrep)],
  [
    'pkill',
    tool({ short: 'fxeABCDEFGHIJKLMNOPQRSTUVWYZ0123456789', long: ['full', 'exact', 'signal='] }, pgrep),
  ],
  ['killall', tool({ short: 'qABCDEFGHIJKLMNOPQRSTUVWYZ0123456789' }, pgrep)],
  ['kill', kill],
  ['yes', yes],
];
