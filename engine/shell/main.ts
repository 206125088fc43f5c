import { Signalled } from '../base/process.ts';
import { Parser } from './parser.ts';
import { resolvePath } from './path.ts';
import { descriptorsOf } from './process.ts';
import type { Process, Program } from './program.ts';
import { Shell } from './shell.ts';
import type { Dialect } from './lexer.ts';
import { SyntaxFailure } from './syntax-error.ts';
import { syntaxMessage } from './syntax-message.ts';
import { ShellExit } from './control.ts';

type Arguments = {
  command: string | undefined;
  readsInput: boolean;
  isInteractive: boolean;
  isLogin: boolean;
  options: string[];
  rest: string[];
  bad: string | undefined;
  /** Start files that are not read: `rc`, `profile`. */
  skips: string[];
};

const LETTERS = 'exuvfnaCETBbmhkptH';

/** The program `bash`, `ash` or `dash` (also as `sh`): scripts, `-c`, commands on stdin, and a prompt on a terminal. */
export function shellProgram(dialect: Dialect): Program {
  return (process) => runShell(process, dialect);
}

function readArguments(argv: readonly string[]): Arguments {
  const found: Arguments = {
    command: undefined,
    readsInput: false,
    isInteractive: false,
    isLogin: false,
    options: [],
    rest: [],
    bad: undefined,
    skips: [],
  };
  let wantsCommand = false;
  let at = 1;
  for (; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (word === '--') {
      at++;
      break;
    }
    if (word.startsWith('--')) {
      if (word === '--login') found.isLogin = true;
      else if (word === '--rcfile' || word === '--init-file') at++;
      else if (word === '--norc') found.skips.push('rc');
      else if (word === '--noprofile') found.skips.push('profile');
      else if (word !== '--posix') found.bad = word;
      continue;
    }
    if (!/^[-+]./.test(word)) break;
    for (const letter of word.slice(1)) {
      if (letter === 'c') wantsCommand = true;
      else if (letter === 's') found.readsInput = true;
      else if (letter === 'i') found.isInteractive = true;
      else if (letter === 'l') found.isLogin = true;
      else if (letter === 'o') found.options.push(word.startsWith('-') ? '-o' : '+o', argv[++at] ?? '');
      else if (LETTERS.includes(letter)) found.options.push(`-${letter}`);
      else found.bad = `-${letter}`;
    }
  }
  found.rest = argv.slice(at);
  if (wantsCommand) {
    found.command = found.rest.shift();
    if (found.command === undefined) found.bad = '-c: option requires an argument';
  }
  return found;
}

async function runShell(process: Process, dialect: Dialect): Promise<number> {
  const args = readArguments(process.argv);
  const own = process.argv[0]?.replace(/^-/, '') ?? dialect;
  if (dialect === 'bash' && process.argv[1] === '--version') {
    await process.out('GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)\n');
    return 0;
  }
  if (args.bad !== undefined) {
    const isBare = !args.bad.includes(' ');
    const words = isBare ? `0: Illegal option ${args.bad}` : args.bad.replace('-c: option', '0: -c');
    await process.err(
      `${own}: ${dialect === 'bash' ? `${args.bad}${isBare ? ': invalid option' : ''}` : words}\n`,
    );
    return 2;
  }
  const usesScript = args.command === undefined && !args.readsInput && args.rest.length > 0;
  const isInteractive =
    args.isInteractive || (args.command === undefined && !usesScript && process.tty('stdin') !== undefined);
  const script = usesScript ? (args.rest[0] ?? '') : undefined;
  const name = script ?? (args.command !== undefined ? (args.rest[0] ?? own) : own);
  const shell = new Shell({
    dialect,
    name,
    machine: process.machine,
    sys: process.sys,
    descriptors: descriptorsOf(process),
    env: process.env,
    cwd: process.cwd,
    isInteractive,
    positional: usesScript || args.command !== undefined ? args.rest.slice(1) : args.rest,
  });
  shell.state.isLogin = args.isLogin || process.argv[0]?.startsWith('-') === true;
  if (isInteractive || shell.state.isLogin) await shell.start(args.skips);
  await applyOptions(shell, args.options);
  shell.state.isCommandText = args.command !== undefined;
  if (args.command !== undefined) return runCommandText(shell, args.command, '-c', `${args.command}`);
  if (script !== undefined) return runScript(process, shell, script, own);
  return isInteractive ? converse(process, shell) : runInput(process, shell);
}

async function applyOptions(shell: Shell, options: readonly string[]): Promise<void> {
  if (options.length > 0) await shell.interpreter.runText(`set ${options.join(' ')}`);
}

async function runCommandText(shell: Shell, text: string, label: string, _source: string): Promise<number> {
  // busybox counts the lines of `-c` from 0.
  const first = shell.state.dialect === 'ash' && label === '-c' ? 0 : 1;
  return shell.interpreter.runToEnd(() => shell.interpreter.runText(text, first, label));
}

async function runScript(process: Process, shell: Shell, script: string, own: string): Promise<number> {
  const content = process.machine.files.read(resolvePath(process.cwd, script));
  shell.state.source = shell.state.dialect === 'bash' ? script : '';
  if ('content' in content) return runCommandText(shell, content.content, '', content.content);
  const { dialect } = shell.state;
  if (dialect === 'bash')
    await process.err(
      content.error === 'EISDIR'
        ? `${script}: ${script}: Is a directory\n`
        : `${own}: ${script}: No such file or directory\n`,
    );
  else if (dialect === 'ash')
    await process.err(`${own}: can't open '${script}': No such file or directory\n`);
  else await process.err(`${own}: 0: cannot open ${script}: No such file\n`);
  return content.error === 'EISDIR' ? 126 : dialect === 'bash' ? 127 : 2;
}

/** Commands on a stdin that is no terminal: read line by line, so that commands can read the rest themselves. */
async function runInput(process: Process, shell: Shell): Promise<number> {
  const { state, interpreter } = shell;
  let pending = '';
  let number = 1;
  let unfinished: SyntaxFailure | undefined;
  return interpreter.runToEnd(async () => {
    for (;;) {
      const line = await process.stdin.readLine(process.sys);
      if (line === undefined && pending === '') return;
      pending += line === undefined ? '' : `${line}\n`;
      if (line !== undefined && unfinished?.mayEndWith(line) === false) continue;
      unfinished = undefined;
      try {
        new Parser(pending, { dialect: state.dialect, isFinal: line === undefined }).nextLine();
      } catch (error) {
        if (!(error instanceof SyntaxFailure)) throw error;
        if (error.isIncomplete && line !== undefined) {
          unfinished = error;
          continue;
        }
        await interpreter.err(syntaxMessage(state, error, pending));
        throw new ShellExit(2);
      }
      const text = pending;
      pending = '';
      await interpreter.runText(text, number);
      number += text.split('\n').length - 1;
    }
  });
}

/** A prompt on a terminal whose edge edits lines: the shell prints its prompt, reads a line, runs it. */
async function converse(process: Process, shell: Shell): Promise<number> {
  const terminal = process.tty('stdin');
  const outer = terminal?.onSignal;
  if (terminal !== undefined) terminal.onSignal = (signal) => shell.signal(signal);
  try {
    for (;;) {
      await process.err(shell.prompt());
      let line: string | undefined;
      try {
        line = await process.stdin.readLine(process.sys);
      } catch (error) {
        if (!(error instanceof Signalled) || error.signal !== 'INT') throw error;
        shell.abandon();
        await process.err('\n');
        continue;
      }
      if (line === undefined) await process.err('\n');
      const done = line === undefined ? await shell.endOfInput() : await shell.submit(line);
      if (done.kind === 'done' && done.isExited) return done.exit;
      if (line === undefined && process.stdin.ended) return shell.state.status;
    }
  } finally {
    if (terminal !== undefined) terminal.onSignal = outer;
  }
}
