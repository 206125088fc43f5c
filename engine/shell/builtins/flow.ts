import { runExternal } from '../external.ts';
import { LIMITS } from '../../base/limits.ts';
import { SIGNALS } from '../../base/process.ts';
import { jobLine, jobState, signalOf } from '../jobs.ts';
import { declareWord, quoteWord } from '../print.ts';
import { listEntries } from '../variables.ts';
import { signalTable } from './jobs.ts';
import { FunctionReturn, LineAbort, LoopJump, ShellExit } from '../control.ts';
import type { Interpreter } from '../interpreter.ts';
import { resolvePath } from '../path.ts';
import type { Builtin } from './table.ts';

const SET_LETTERS: Readonly<Record<string, string>> = {
  e: 'errexit',
  u: 'nounset',
  x: 'xtrace',
  f: 'noglob',
  C: 'noclobber',
  n: 'noexec',
  a: 'allexport',
  b: 'notify',
  v: 'verbose',
  m: 'monitor',
  H: 'histexpand',
  h: 'hashall',
  B: 'braceexpand',
  E: 'errtrace',
  T: 'functrace',
  P: 'physical',
  I: 'ignoreeof',
};
const BASH_OPTIONS = [
  'allexport',
  'braceexpand',
  'emacs',
  'errexit',
  'errtrace',
  'functrace',
  'hashall',
  'histexpand',
  'history',
  'ignoreeof',
  'interactive-comments',
  'keyword',
  'monitor',
  'noclobber',
  'noexec',
  'noglob',
  'nolog',
  'notify',
  'nounset',
  'onecmd',
  'physical',
  'pipefail',
  'posix',
  'privileged',
  'verbose',
  'vi',
  'xtrace',
];
const TRAP_NAMES = new Set(['EXIT', 'ERR', 'DEBUG', 'RETURN']);

async function loopJump(
  shell: Interpreter,
  argv: readonly string[],
  kind: 'break' | 'continue',
): Promise<number> {
  const levels = argv[1] === undefined ? 1 : Number(argv[1]);
  if (!Number.isInteger(levels) && shell.state.dialect !== 'bash')
    return shell.raise(`${kind}: Illegal number: ${argv[1]}`);
  if (!Number.isInteger(levels)) {
    await shell.complain(`${kind}: ${argv[1]}: numeric argument required`);
    throw shell.state.isInteractive ? new LineAbort(128) : new ShellExit(128);
  }
  if (levels < 1) return shell.complain(`${kind}: ${argv[1]}: loop count out of range`);
  if (!shell.isInLoop) {
    return shell.state.dialect === 'bash'
      ? shell.complain(`${kind}: only meaningful in a \`for', \`while', or \`until' loop`, 0)
      : 0;
  }
  throw new LoopJump(kind, Math.min(levels, shell.loops));
}

async function exit(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  const isTop = state.isInteractive && !state.isSubshell;
  const word = argv[1];
  if (isTop && state.dialect === 'bash') await shell.err(state.isLogin ? 'logout\n' : 'exit\n');
  if (state.dialect === 'bash' && argv.length > 2 && /^-?[0-9]+$/.test(word ?? '')) {
    await shell.complain('exit: too many arguments');
    throw state.isInteractive ? new LineAbort(1) : new ShellExit(1);
  }
  if (state.dialect !== 'bash' && /^-/.test(word ?? '')) {
    await shell.complain(`exit: Illegal number: ${word}`);
    throw new ShellExit(2);
  }
  if (word !== undefined && !/^-?[0-9]+$/.test(word)) {
    await shell.complain(
      state.dialect === 'bash'
        ? `exit: ${word}: numeric argument required`
        : state.dialect === 'ash'
          ? `exit: Illegal number: ${word}`
          : `exit: Illegal number: ${word}`,
    );
    throw new ShellExit(2);
  }
  if (isTop && (await hasBlockingJobs(shell))) return state.dialect === 'bash' ? 1 : 0;
  throw new ShellExit(word === undefined ? state.status : Number(word));
}

/** With stopped jobs the first `exit` only warns. */
async function hasBlockingJobs(shell: Interpreter): Promise<boolean> {
  const { state } = shell;
  if (state.flags.includes('!')) return false;
  const all = state.jobs.all();
  const isStopped = all.some((job) => jobState(job) === 'stopped');
  const isChecked = state.shopts.has('checkjobs') && all.some((job) => jobState(job) === 'running');
  if (!isStopped && !isChecked) return false;
  state.flags += '!';
  const begin = state.dialect === 'bash' ? 'There are' : 'You have';
  await shell.err(`${begin} ${isStopped ? 'stopped' : 'running'} jobs.\n`);
  if (state.shopts.has('checkjobs'))
    await shell.err(all.map((job) => `${jobLine(state.jobs, job, state.dialect)}\n`).join(''));
  return true;
}

async function returnFrom(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const word = argv[1];
  if (word !== undefined && !/^-?[0-9]+$/.test(word)) {
    if (shell.state.dialect !== 'bash') return shell.raise(`return: Illegal number: ${word}`);
    await shell.complain(`return: ${word}: numeric argument required`);
    throw new FunctionReturn(2);
  }
  if (
    shell.state.depth === 0 &&
    shell.state.dialect === 'bash' &&
    !shell.state.variables.isLocal &&
    !shell.state.flags.includes('.')
  ) {
    return shell.complain("return: can only `return' from a function or sourced script", 2);
  }
  throw new FunctionReturn(word === undefined ? shell.state.status : Number(word) & 255);
}

async function evaluate(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const words = argv.slice(argv[1] === '--' ? 2 : 1);
  if (shell.state.dialect === 'bash' && /^-./.test(argv[1] ?? '') && argv[1] !== '--')
    return badOption(shell, argv, 'eval [arg ...]');
  const text = words.join(' ');
  if (text.trim() === '') return 0;
  if (shell.state.depth >= LIMITS.shellDepthMax)
    return shell.complain('eval: maximum eval nesting level exceeded');
  shell.state.depth++;
  try {
    return await shell.nested(() => shell.runText(text, shell.state.line, 'eval'));
  } finally {
    shell.state.depth--;
  }
}

async function source(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const name = argv[1];
  if (name === undefined && shell.state.dialect !== 'bash') return shell.state.dialect === 'ash' ? 2 : 0;
  if (name === undefined) {
    await shell.complain(`${argv[0] ?? ''}: filename argument required`);
    await shell.err(`${argv[0] ?? ''}: usage: ${argv[0] ?? ''} filename [arguments]\n`);
    return 2;
  }
  const { state } = shell;
  const content = shell.files.read(sourcePath(shell, name));
  if ('error' in content) {
    const isFolder = content.error === 'EISDIR';
    if (state.dialect === 'bash')
      return shell.complain(
        isFolder ? `${argv[0] ?? ''}: ${name}: is a directory` : `${name}: No such file or directory`,
      );
    const called = argv[0] ?? '.';
    await shell.complain(
      !name.includes('/')
        ? `${called}: ${name}: not found`
        : state.dialect === 'ash'
          ? `${called}: can't open '${name}': No such file or directory`
          : `${called}: cannot open ${name}: No such file`,
    );
    if (!state.isInteractive) throw new ShellExit(2);
    return 2;
  }
  if (state.depth >= LIMITS.shellDepthMax)
    return shell.complain(`${name}: maximum source nesting level exceeded`);
  const { positional, flags, source: outer, line } = state;
  state.flags += '.';
  state.depth++;
  state.source = state.dialect === 'bash' ? name : outer;
  if (argv.length > 2) state.positional = argv.slice(2);
  try {
    return await shell.nested(() => shell.runText(content.content, 1));
  } catch (error) {
    if (error instanceof FunctionReturn) return error.status;
    throw error;
  } finally {
    if (argv.length > 2) state.positional = positional;
    state.flags = flags;
    state.source = outer;
    state.line = line;
    state.depth--;
  }
}

/** A bare name is looked for along PATH first, as POSIX has it. */
function sourcePath(shell: Interpreter, name: string): string {
  const { state } = shell;
  if (!name.includes('/')) {
    for (const folder of (state.variables.get('PATH') ?? '').split(':')) {
      const path = resolvePath(state.cwd, `${folder}/${name}`);
      if (folder !== '' && shell.files.stat(path)?.kind === 'file') return path;
    }
  }
  return resolvePath(state.cwd, name);
}

/** An option that a builtin of bash does not have: its usage, status 2. */
export async function badOption(
  shell: Interpreter,
  argv: readonly string[],
  usage: string,
  option = argv[1] ?? '',
): Promise<number> {
  await shell.complain(`${argv[0] ?? ''}: ${option.slice(0, 2)}: invalid option`);
  await shell.err(`${argv[0] ?? ''}: usage: ${usage}\n`);
  return 2;
}

async function execute(shell: Interpreter, argv: readonly string[]): Promise<number> {
  if (argv.length === 1) return 0;
  let words = argv.slice(1);
  let name: string | undefined;
  let isEmpty = false;
  if (/^-[^acl-]/.test(words[0] ?? '') && shell.state.dialect === 'bash')
    return badOption(shell, argv, 'exec [-cl] [-a name] [command [argument ...]] [redirection ...]');
  while (/^-[acl-]+$/.test(words[0] ?? '')) {
    const flag = words.shift() ?? '';
    if (flag === '--') break;
    if (flag.includes('c')) isEmpty = true;
    if (flag.includes('a')) name = words.shift();
    if (flag.includes('l')) name = `-${name ?? words[0] ?? ''}`;
  }
  if (words.length === 0) return 0;
  if (name !== undefined) words = [words[0] ?? '', ...words.slice(1)];
  await runExternal(
    shell,
    words,
    isEmpty ? new Map() : shell.exported(),
    'here',
    () => words.join(' '),
    true,
  );
  const { status } = shell.state;
  if (status === 127 && shell.state.isInteractive) return 127;
  throw new ShellExit(status);
}

async function set(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  if (argv.length === 1) {
    const lines = state.variables.names().flatMap((name) => {
      const variable = state.variables.own(name);
      if (variable === undefined || (variable.value === undefined && variable.list === undefined)) return [];
      if (variable.list !== undefined)
        return [
          `${name}=(${listEntries(variable)
            .map(([key, text]) => `[${key}]=${declareWord(text)}`)
            .join(' ')})\n`,
        ];
      return [
        `${name}=${state.dialect === 'bash' ? quote(variable.value ?? '') : `'${(variable.value ?? '').replaceAll("'", "'\"'\"'")}'`}\n`,
      ];
    });
    await shell.out(lines.join(''));
    return 0;
  }
  for (let at = 1; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (word === '--' || word === '-') {
      if (word === '-') {
        state.options.delete('xtrace');
        state.options.delete('verbose');
      }
      if (word === '--' || at + 1 < argv.length) state.positional = argv.slice(at + 1);
      return 0;
    }
    if (!/^[-+]./.test(word)) {
      state.positional = argv.slice(at);
      return 0;
    }
    const isOn = word.startsWith('-');
    for (const letter of word.slice(1)) {
      const name =
        letter === 'o' ? argv[++at] : Object.hasOwn(SET_LETTERS, letter) ? SET_LETTERS[letter] : undefined;
      if (letter === 'o' && name === undefined) return listOptions(shell, isOn);
      const isKnown =
        name !== undefined &&
        (letter !== 'o' ||
          (BASH_OPTIONS.includes(name) && !(state.dialect === 'dash' && name === 'pipefail')));
      if (!isKnown) return unknownOption(shell, isOn, letter, name);
      if (isOn) state.options.add(name);
      else state.options.delete(name);
    }
  }
  return 0;
}

async function unknownOption(
  shell: Interpreter,
  isOn: boolean,
  letter: string,
  name: string | undefined,
): Promise<number> {
  const sign = isOn ? '-' : '+';
  const { dialect, isInteractive } = shell.state;
  if (dialect === 'bash') {
    if (letter === 'o') return shell.complain(`set: ${name ?? ''}: invalid option name`, 2);
    await shell.complain(`set: ${sign}${letter}: invalid option`);
    await shell.err('set: usage: set [-abefhkmnptuvxBCEHPT] [-o option-name] [--] [-] [arg ...]\n');
    return 2;
  }
  await shell.complain(
    letter === 'o'
      ? `set: ${dialect === 'ash' ? 'illegal' : 'Illegal'} option ${sign}o ${name ?? ''}`
      : `set: ${dialect === 'ash' ? 'illegal' : 'Illegal'} option ${sign}${letter}`,
  );
  if (!isInteractive) throw new ShellExit(2);
  return 2;
}

async function listOptions(shell: Interpreter, isTable: boolean): Promise<number> {
  const { options, isInteractive } = shell.state;
  const on = (name: string): boolean =>
    options.has(name) ||
    ['braceexpand', 'hashall', 'interactive-comments'].includes(name) ||
    (isInteractive && ['emacs', 'history', 'monitor'].includes(name));
  const line = (name: string): string =>
    isTable ? `${name.padEnd(15)}\t${on(name) ? 'on' : 'off'}\n` : `set ${on(name) ? '-' : '+'}o ${name}\n`;
  await shell.out(BASH_OPTIONS.map(line).join(''));
  return 0;
}

function quote(text: string): string {
  if (/[\x00-\x1f\x7f]/.test(text)) return quoteWord(text);
  return /^[A-Za-z0-9_@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

async function shift(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const count = argv[1] === undefined ? 1 : Number(argv[1]);
  if (!Number.isInteger(count) && shell.state.dialect !== 'bash')
    return shell.raise(`shift: Illegal number: ${argv[1]}`);
  if (!Number.isInteger(count)) return shell.complain(`shift: ${argv[1]}: numeric argument required`);
  if (count < 0) return shell.complain(`shift: ${argv[1]}: shift count out of range`);
  if (count > shell.state.positional.length) {
    if (shell.state.dialect === 'dash') {
      await shell.complain("shift: can't shift that many");
      if (!shell.state.isInteractive) throw new ShellExit(2);
      return 2;
    }
    return 1;
  }
  // Moving a long list costs what it costs: a loop of shifts stays interruptible.
  if (shell.state.positional.length > 256)
    await shell.interruptible(() => shell.sys.burn(shell.state.positional.length >> 6));
  shell.state.positional = shell.state.positional.slice(count);
  return 0;
}

async function trap(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { traps, dialect } = shell.state;
  if (dialect !== 'bash' && /^-[a-z]/.test(argv[1] ?? ''))
    return shell.raise(`trap: ${dialect === 'ash' ? 'i' : 'I'}llegal option ${argv[1]}`);
  const isPrint = argv[1] === '-p';
  const words = argv.slice(argv[1] === '--' || isPrint ? 2 : 1);
  if (words[0] === '-l') {
    await shell.out(signalTable());
    return 0;
  }
  if (words.length === 0 || isPrint) {
    const wanted = words.map(trapName);
    const order = [...traps].sort(([a], [b]) => trapOrder(a) - trapOrder(b));
    const shown = (name: string): string =>
      TRAP_NAMES.has(name) || dialect !== 'bash' ? name : `SIG${name}`;
    const lines = order
      .filter(([name]) => words.length === 0 || wanted.includes(name))
      .map(([name, text]) => `trap -- '${text.replaceAll("'", "'\\''")}' ${shown(name)}\n`);
    await shell.out(lines.join(''));
    return 0;
  }
  const isReset = words.length === 1 || (dialect !== 'bash' && /^[0-9]+$/.test(words[0] ?? ''));
  const [action = '', ...names] = isReset ? ['-', ...words] : words;
  let status = 0;
  for (const word of names) {
    const name = trapName(word);
    const isBashs = /^(DEBUG|RETURN)$/.test(name ?? '') || (name === 'ERR' && dialect === 'dash');
    if (name === undefined || (dialect !== 'bash' && isBashs)) {
      status = 1;
      if (dialect === 'dash') await shell.err(`trap: ${word}: bad trap\n`);
      else await shell.complain(`trap: ${word}: invalid signal specification`);
    } else if (action === '-') traps.delete(name);
    else traps.set(name, action);
  }
  return status;
}

function trapName(word: string): string | undefined {
  const upper = word.toUpperCase().replace(/^SIG/, '');
  return word === '0' ? 'EXIT' : TRAP_NAMES.has(upper) ? upper : signalOf(word);
}

/** EXIT first, then the signals by number, then DEBUG, ERR, RETURN: the order in which `trap` prints. */
function trapOrder(name: string): number {
  if (name === 'EXIT') return 0;
  const signals: Readonly<Record<string, number>> = SIGNALS;
  return Object.hasOwn(signals, name) ? (signals[name] ?? 0) : 100 + ['DEBUG', 'ERR', 'RETURN'].indexOf(name);
}

/** Builtins that change what runs next. */
export const FLOW_BUILTINS: Readonly<Record<string, Builtin>> = {
  ':': { run: async () => 0, isSpecial: true },
  true: { run: async () => 0 },
  false: { run: async () => 1 },
  break: { run: (shell, argv) => loopJump(shell, argv, 'break'), isSpecial: true },
  continue: { run: (shell, argv) => loopJump(shell, argv, 'continue'), isSpecial: true },
  exit: { run: exit, isSpecial: true },
  logout: {
    isBash: true,
    run: async (shell, argv) => {
      if (!shell.state.isLogin) return shell.complain("logout: not login shell: use `exit'");
      throw new ShellExit(argv[1] === undefined ? shell.state.status : Number(argv[1]));
    },
  },
  return: { run: returnFrom, isSpecial: true },
  eval: { run: evaluate, isSpecial: true },
  '.': { run: source, isSpecial: true },
  source: { run: source },
  exec: { run: execute, isSpecial: true },
  set: { run: set, isSpecial: true },
  shift: { run: shift, isSpecial: true },
  trap: { run: trap, isSpecial: true },
};
