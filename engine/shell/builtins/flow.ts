import { jobState } from '../jobs.ts';
import { signalOf } from '../jobs.ts';
import { FunctionReturn, LoopJump, ShellExit } from '../control.ts';
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
  if (!Number.isInteger(levels)) return shell.complain(`${kind}: ${argv[1]}: numeric argument required`, 128);
  if (levels < 1) return shell.complain(`${kind}: ${argv[1]}: loop count out of range`);
  if (!shell.isInLoop) {
    return shell.state.dialect === 'bash'
      ? shell.complain(`${kind}: only meaningful in a \`for', \`while', or \`until' loop`, 0)
      : 0;
  }
  throw new LoopJump(kind, levels);
}

async function exit(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  const isTop = state.isInteractive && !state.isSubshell;
  const word = argv[1];
  if (isTop && state.dialect === 'bash') await shell.err('exit\n');
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
  if (isTop && (await hasBlockingJobs(shell))) return 1;
  throw new ShellExit(word === undefined ? state.status : Number(word));
}

/** With stopped jobs the first `exit` only warns. */
async function hasBlockingJobs(shell: Interpreter): Promise<boolean> {
  const { state } = shell;
  if (state.flags.includes('!') || !state.jobs.all().some((job) => jobState(job) === 'stopped')) return false;
  state.flags += '!';
  await shell.err(state.dialect === 'bash' ? 'There are stopped jobs.\n' : 'You have stopped jobs.\n');
  return true;
}

async function returnFrom(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const word = argv[1];
  if (word !== undefined && !/^-?[0-9]+$/.test(word))
    await shell.complain(`return: ${word}: numeric argument required`);
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
  const text = argv.slice(1).join(' ');
  return text.trim() === '' ? 0 : shell.runText(text, shell.state.line, 'eval');
}

async function source(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const name = argv[1];
  if (name === undefined) {
    await shell.complain(`${argv[0] ?? ''}: filename argument required`);
    await shell.err(`${argv[0] ?? ''}: usage: ${argv[0] ?? ''} filename [arguments]\n`);
    return 2;
  }
  const { state } = shell;
  const content = shell.files.read(resolvePath(state.cwd, name));
  if ('error' in content) {
    const isFolder = content.error === 'EISDIR';
    if (state.dialect === 'bash')
      return shell.complain(
        isFolder ? `${argv[0] ?? ''}: ${name}: is a directory` : `${name}: No such file or directory`,
      );
    return shell.complain(
      state.dialect === 'ash'
        ? `.: can't open '${name}': No such file or directory`
        : `.: cannot open ${name}: No such file`,
      2,
    );
  }
  const saved = state.positional;
  const flags = state.flags;
  state.flags += '.';
  if (argv.length > 2) state.positional = argv.slice(2);
  try {
    return await shell.runText(content.content, 1);
  } catch (error) {
    if (error instanceof FunctionReturn) return error.status;
    throw error;
  } finally {
    state.positional = saved;
    state.flags = flags;
  }
}

async function execute(shell: Interpreter, argv: readonly string[]): Promise<number> {
  if (argv.length === 1) return 0;
  await shell.runExternal(argv.slice(1), shell.state.variables.exported(), 'here', () =>
    argv.slice(1).join(' '),
  );
  const { status } = shell.state;
  if (status === 127 && shell.state.isInteractive) return 127;
  throw new ShellExit(status);
}

async function set(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  if (argv.length === 1) {
    const lines = state.variables
      .names()
      .map((name) => `${name}=${quote(state.variables.get(name) ?? '')}\n`);
    await shell.out(lines.join(''));
    return 0;
  }
  for (let at = 1; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (word === '--' || word === '-') {
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
    if (letter === 'o') return shell.complain(`set: ${name ?? ''}: invalid option name`);
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
  const on = (name: string): boolean => shell.state.options.has(name);
  const line = (name: string): string =>
    isTable ? `${name.padEnd(15)}\t${on(name) ? 'on' : 'off'}\n` : `set ${on(name) ? '-' : '+'}o ${name}\n`;
  await shell.out(BASH_OPTIONS.map(line).join(''));
  return 0;
}

function quote(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

async function shift(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const count = argv[1] === undefined ? 1 : Number(argv[1]);
  if (!Number.isInteger(count)) return shell.complain(`shift: ${argv[1]}: numeric argument required`);
  if (count < 0) return shell.complain(`shift: ${argv[1]}: shift count out of range`);
  if (count > shell.state.positional.length) {
    if (shell.state.dialect === 'dash') return shell.complain("shift: can't shift that many", 2);
    return 1;
  }
  shell.state.positional = shell.state.positional.slice(count);
  return 0;
}

async function trap(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { traps } = shell.state;
  const words = argv.slice(argv[1] === '--' || argv[1] === '-p' ? 2 : 1);
  if (words.length === 0 || argv[1] === '-p') {
    const lines = [...traps].map(
      ([name, text]) =>
        `trap -- '${text.replaceAll("'", "'\\''")}' ${TRAP_NAMES.has(name) ? name : `${shell.state.dialect === 'bash' ? 'SIG' : ''}${name}`}\n`,
    );
    await shell.out(lines.join(''));
    return 0;
  }
  if (words[0] === '-l') {
    await shell.out(' 1) SIGHUP\t 2) SIGINT\t 3) SIGQUIT\t 9) SIGKILL\t15) SIGTERM\n');
    return 0;
  }
  const [action = '', ...names] = words.length === 1 ? ['-', ...words] : words;
  let status = 0;
  for (const word of names) {
    const upper = word.toUpperCase().replace(/^SIG/, '');
    const name = word === '0' ? 'EXIT' : TRAP_NAMES.has(upper) ? upper : signalOf(word);
    if (name === undefined)
      status = await shell.complain(
        shell.state.dialect === 'bash'
          ? `trap: ${word}: invalid signal specification`
          : `trap: ${word}: bad trap`,
      );
    else if (action === '-') traps.delete(name);
    else traps.set(name, action);
  }
  return status;
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
