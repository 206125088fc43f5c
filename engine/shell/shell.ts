import { Signalled } from '../base/process.ts';
import type { Signal, Sys } from '../base/process.ts';
import { FunctionReturn, LineAbort, LoopJump, ShellExit } from './control.ts';
import { hashText } from '../base/hash.ts';
import { expandHistory } from './history.ts';
import { Interpreter } from './interpreter.ts';
import { jobLine, jobState } from './jobs.ts';
import type { Dialect } from './lexer.ts';
import { parseScript } from './parser.ts';
import { asSystemFailure } from './process.ts';
import type { Descriptors } from './process.ts';
import type { Machine } from './program.ts';
import { expandPrompt } from './prompt.ts';
import { ShellState } from './state.ts';
import { SyntaxFailure } from './syntax-error.ts';
import { syntaxMessage } from './syntax-message.ts';

/** What bash and ash search when the environment has no PATH. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What a shell is started with. */
export type ShellOptions = {
  readonly dialect: Dialect;
  /** `$0`: `bash`, `sh`, a script's path. */
  readonly name: string;
  readonly machine: Machine;
  readonly sys: Sys;
  readonly descriptors: Descriptors;
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly isInteractive: boolean;
  readonly positional?: readonly string[];
};

/** What became of a submitted line. `more`: it is not complete, the next line continues it (prompt PS2). */
export type Submitted =
  | { readonly kind: 'more' }
  | { readonly kind: 'done'; readonly exit: number; readonly isExited: boolean };

/**
 * One shell session: variables, files' folder, jobs and history last over the lines it is given. Whoever owns the terminal
 * shows `prompt()`, reads a line and calls `submit`, all within the shell's own process.
 */
export class Shell {
  readonly state: ShellState;
  readonly interpreter: Interpreter;
  /** Why the pending text is not complete yet. */
  #unfinished: SyntaxFailure | undefined;
  #pending = '';
  /** True when the last line was no command. */
  #isFaulty = false;
  #isExited = false;
  #line = 1;

  constructor(options: ShellOptions) {
    const state = new ShellState(options.dialect, options.name);
    this.state = state;
    state.cwd = options.cwd;
    state.isInteractive = options.isInteractive;
    state.positional = [...(options.positional ?? [])];
    state.pid = options.sys.pid;
    state.startedMs = options.sys.nowMs();
    for (const [name, value] of options.env) state.variables.put(name, { value, isExported: true });
    state.variables.put('PWD', { value: options.cwd, isExported: true });
    if (state.variables.get('PATH') === undefined) state.variables.set('PATH', DEFAULT_PATH);
    state.variables.set('IFS', ' \t\n');
    state.variables.set('OPTIND', '1');
    state.randomSeed = Number.parseInt(
      hashText(`${options.machine.id}/${state.pid}/${state.startedMs}`).slice(0, 7),
      16,
    );
    if (state.dialect === 'bash') setBashVariables(state);
    if (options.isInteractive || state.dialect !== 'bash') setPrompts(state);
    else state.variables.set('PS4', '+ ');
    this.interpreter = new Interpreter(
      state,
      options.machine,
      options.sys,
      options.descriptors,
      options.isInteractive,
    );
  }

  /** Reads the files that a shell begins with: a login shell its profile, another interactive bash ~/.bashrc. */
  async start(skips: readonly string[] = []): Promise<void> {
    const { state, interpreter } = this;
    const home = state.variables.get('HOME') ?? '';
    const names = state.isLogin
      ? (state.dialect === 'bash' ? ['.bash_profile', '.bash_login', '.profile'] : ['.profile']).slice(
          0,
          skips.includes('profile') ? 0 : 3,
        )
      : state.dialect === 'bash' && state.isInteractive && !skips.includes('rc')
        ? ['.bashrc']
        : [];
    const found = names.find((name) => interpreter.files.stat(`${home}/${name}`)?.kind === 'file');
    const content = found === undefined ? undefined : interpreter.files.read(`${home}/${found}`);
    if (content !== undefined && 'content' in content) await this.#run(content.content);
    state.status = 0;
  }

  /** The prompt to show now: PS1, or PS2 while a command is incomplete. */
  prompt(): string {
    const { variables } = this.state;
    const asks = this.#pending !== '' && !this.#isInBraces;
    if (this.#isInBraces && this.state.dialect === 'dash') return '';
    return expandPrompt(
      asks ? (variables.get('PS2') ?? '> ') : (variables.get('PS1') ?? ''),
      this.state,
      this.interpreter.machine,
      this.interpreter.nowMs(),
    );
  }

  /** True where ash and dash read on without asking: in `${`. */
  get #isInBraces(): boolean {
    const problem = this.#unfinished?.problem;
    return (
      this.#pending !== '' &&
      this.state.dialect !== 'bash' &&
      problem?.kind === 'quote' &&
      problem.quote === '}'
    );
  }

  /** True while a command waits for its continuation. */
  get isContinuing(): boolean {
    return this.#pending !== '';
  }

  /** Drops an incomplete command (Ctrl-C at the prompt). */
  abandon(): void {
    if (this.#pending !== '' && !this.#isInBraces) this.#line += this.#pending.split('\n').length;
    this.#pending = '';
    this.state.status = 130;
  }

  /** Runs one submitted line (or several, as pasted), then tells of jobs that ended. @throws Signalled when the shell itself is killed */
  async submit(line: string): Promise<Submitted> {
    const given = await this.#withHistory(line);
    if (given === undefined) return { kind: 'done', exit: (this.state.status = 1), isExited: false };
    const text = this.#pending === '' ? given : `${this.#pending}\n${given}`;
    // A long here-document is not parsed again for each of its lines.
    if ((this.#pending !== '' && this.#unfinished?.mayEndWith(given) === false) || this.#isIncomplete(text)) {
      this.#pending = text === '' ? '\n' : text;
      return { kind: 'more' };
    }
    this.#pending = '';
    this.#remember(text);
    await this.#run(text);
    // dash reads a faulty line's number again.
    if (!this.#isFaulty || this.state.dialect !== 'dash') this.#line += text.split('\n').length;
    if (!this.#isExited) {
      await this.tellJobs();
      await this.#letJobsBegin();
    }
    return { kind: 'done', exit: this.state.status, isExited: this.#isExited };
  }

  /** What bash itself does in the background at once (`not found`, a builtin) comes before the next prompt. */
  async #letJobsBegin(): Promise<void> {
    if (!this.interpreter.hasQuickJob) return;
    this.interpreter.hasQuickJob = false;
    await this.interpreter.interruptible(() => this.interpreter.sys.sleep(1));
  }

  /** The end of input at the prompt (Ctrl-D): ends the shell, or the incomplete command. */
  async endOfInput(): Promise<Submitted> {
    if (this.#pending !== '') {
      const text = this.#pending;
      this.#pending = '';
      await this.#run(text);
      return { kind: 'done', exit: this.state.status, isExited: this.#isExited };
    }
    const { status } = this.state;
    const done = await this.submit('exit');
    this.state.status = status;
    return done.kind === 'done' && done.isExited ? { ...done, exit: status } : done;
  }

  /** Prints what became of background jobs since it was last told: before each prompt, as bash does. */
  async tellJobs(): Promise<void> {
    const { jobs, dialect } = this.state;
    const ended = jobs
      .all()
      .filter((job) => jobState(job) === 'done' || (jobState(job) === 'stopped' && job.told === 'running'));
    const lines =
      dialect === 'bash'
        ? ended.map((job) => `${jobState(job) === 'stopped' ? '\n' : ''}${jobLine(jobs, job, dialect)}`)
        : [];
    for (const job of jobs.all()) if (job.told === 'stopping') job.told = 'running';
    // ash and dash tell of the newest first and forget each as they go.
    for (const job of dialect === 'bash' ? ended : ended.reverse()) {
      if (dialect !== 'bash') lines.push(jobLine(jobs, job, dialect));
      if (jobState(job) === 'done') {
        for (const { handle } of job.children) this.state.endedPids.set(handle.pid, handle.exitCode() ?? 0);
        jobs.remove(job);
      } else job.told = 'stopped';
    }
    if (this.state.isInteractive) await this.interpreter.err(lines.map((line) => `${line}\n`).join(''));
  }

  /** Passes a signal of the terminal (Ctrl-C, Ctrl-Z, Ctrl-\) to the foreground job, or to the shell when it runs itself. */
  signal(signal: Signal): void {
    const { group } = this.state.foreground;
    const all = this.interpreter.sys.processes(this.interpreter.machine.id);
    const targets =
      group === undefined
        ? all.filter((one) => one.pid === this.interpreter.sys.pid && signal === 'INT')
        : all.filter((one) => one.group === group);
    for (const target of targets) target.kill(signal);
  }

  async #withHistory(line: string): Promise<string | undefined> {
    if (
      !this.state.isInteractive ||
      this.state.dialect !== 'bash' ||
      this.state.options.has('-histexpand') ||
      !this.state.options.has('histexpand')
    )
      return line;
    const expanded = expandHistory(line, this.state.history, this.state.historyBase);
    if ('error' in expanded) {
      await this.interpreter.err(`${this.state.name}: ${expanded.error}\n`);
      return undefined;
    }
    if (expanded.text !== line) await this.interpreter.err(`${expanded.text}\n`);
    return expanded.text;
  }

  #isIncomplete(text: string): boolean {
    this.#unfinished = undefined;
    this.#isFaulty = false;
    try {
      parseScript(`${text}\n`, {
        dialect: this.state.dialect,
        isFinal: false,
        alias: (name) => this.interpreter.aliasOf(name),
        hasExtendedPatterns: () => this.state.shopts.has('extglob'),
      });
    } catch (error) {
      if (!(error instanceof SyntaxFailure)) throw error;
      if (error.isIncomplete) this.#unfinished = error;
      else this.#isFaulty = true;
      return error.isIncomplete;
    }
    return /(^|[^\\])(\\\\)*\\$/.test(text) && !/^\s*#/.test(text.split('\n').at(-1) ?? '');
  }

  #remember(text: string): void {
    const { history } = this.state;
    if (text.trim() === '' || !this.state.isInteractive) return;
    const flat = text.includes('<<')
      ? text
      : text
          .replace(/\\\n/g, '')
          .split('\n')
          .map((one) => one.trim())
          .join('; ')
          .replace(/(do|then|else|\{|\(|&&|\|\||\||;); /g, '$1 ');
    const kept = text.includes('\n') ? flat : text;
    const isIgnored =
      (this.state.variables.get('HISTCONTROL') ?? '').includes('ignore') &&
      (kept.startsWith(' ') || kept === history.at(-1));
    if (!isIgnored) history.push(kept);
  }

  async #run(text: string): Promise<void> {
    const { state } = this;
    try {
      await this.interpreter.runText(text, this.#line);
    } catch (error) {
      if (error instanceof ShellExit) await this.#exit(error.status, text);
      else if (asSystemFailure(error) !== undefined)
        state.status = await this.interpreter.complain(asSystemFailure(error)?.message ?? '', 254);
      else if (error instanceof FunctionReturn && state.dialect !== 'bash')
        await this.#exit(error.status, text);
      else if (error instanceof LineAbort || error instanceof FunctionReturn) state.status = error.status;
      else if (error instanceof Signalled && error.signal === 'INT' && state.isInteractive) {
        await this.interpreter.err('\n');
        state.status = 130;
      } else if (error instanceof SyntaxFailure) {
        await this.interpreter.err(syntaxMessage(state, error, text));
        state.status = 2;
      } else if (!(error instanceof LoopJump)) throw error;
    }
  }

  async #exit(status: number, _text: string): Promise<void> {
    this.state.status = status;
    this.#isExited = true;
    try {
      await this.interpreter.runExitTrap();
    } catch (error) {
      // Ctrl-C ends the trap, and the shell all the same.
      if (!(error instanceof Signalled)) throw error;
      this.state.status = error.exitCode;
    }
  }
}

/** What bash itself sets, and the functions that a parent shell exported. */
function setBashVariables(state: ShellState): void {
  const { variables, shopts } = state;
  for (const name of [
    'checkwinsize',
    'cmdhist',
    'complete_fullquote',
    'extquote',
    'force_fignore',
    'globasciiranges',
    'globskipdots',
    'hostcomplete',
    'interactive_comments',
    'patsub_replacement',
    'progcomp',
    'promptvars',
    'sourcepath',
  ])
    shopts.add(name);
  variables.set('BASH_VERSION', '5.2.15(1)-release');
  const info = ['5', '2', '15', '1', 'release', 'x86_64-pc-linux-gnu'];
  variables.put('BASH_VERSINFO', {
    value: undefined,
    list: new Map(info.map((one, at) => [String(at), one])),
    isReadonly: true,
  });
  variables.set('BASH', '/bin/bash');
  variables.set('OSTYPE', 'linux-gnu');
  variables.set('MACHTYPE', 'x86_64-pc-linux-gnu');
  variables.set('HOSTTYPE', 'x86_64');
  if (variables.get('SHELL') === undefined) variables.set('SHELL', '/bin/bash');
  if (variables.get('TERM') === undefined) variables.set('TERM', 'dumb');
  const level = Number(variables.get('SHLVL') ?? '0');
  variables.put('SHLVL', {
    value: String(Number.isInteger(level) && level >= 0 && level < 1000 ? level + 1 : 1),
    isExported: true,
  });
  variables.declare('OLDPWD').isExported = true;
  for (const name of variables.names()) {
    const body = /^BASH_FUNC_(.+)%%$/.exec(name)?.[1];
    const text = variables.get(name) ?? '';
    if (body === undefined || !text.startsWith('() ')) continue;
    variables.unset(name);
    importFunction(state, body, text);
  }
}

function importFunction(state: ShellState, name: string, text: string): void {
  try {
    const script = parseScript(`${name} ${text}`, { dialect: state.dialect, isFinal: true });
    const command = script.items[0]?.chain.first.commands[0];
    if (script.items.length !== 1 || command?.kind !== 'function') return;
    state.functions.set(name, command.body);
    state.functionSources.set(name, 'environment');
    state.exportedFunctions.add(name);
  } catch (error) {
    if (!(error instanceof SyntaxFailure)) throw error;
  }
}

function setPrompts(state: ShellState): void {
  const defaults = state.dialect === 'bash' ? '\\s-\\v\\$ ' : state.dialect === 'ash' ? '\\w \\$ ' : '# ';
  if (state.variables.get('PS1') === undefined) state.variables.set('PS1', defaults);
  state.variables.set('PS2', '> ');
  state.variables.set('PS4', '+ ');
  if (state.dialect !== 'bash') return;
  state.options.add('histexpand');
  state.shopts.add('expand_aliases');
}
