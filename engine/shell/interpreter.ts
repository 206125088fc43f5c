import type { Stream } from '../base/stream.ts';
import type { Descriptor } from './process.ts';
import { commandOutput, openSocket, processPath, processStream } from './substitution.ts';
import { specialVariable, specialList } from './special-variables.ts';
import { assignVariable } from './assignments.ts';
import { LIMITS } from '../base/limits.ts';
import { Signalled } from '../base/process.ts';
import type { Sys } from '../base/process.ts';
import { assignAll, assignOne, withAssignments } from './assignments.ts';
import type { Chain, Command, Pipeline, Redirect, Script } from './ast.ts';
import { builtinOf } from './builtins/table.ts';
import type { Builtin } from './builtins/table.ts';
import { define, runCompound } from './compounds.ts';
import { FunctionReturn, LineAbort, LoopJump, ShellExit, SystemFailure } from './control.ts';
import { ExpansionFailure, expandText, expandWords } from './expand.ts';
import type { ExpansionHost } from './expand.ts';
import { invokeProgram } from './external.ts';
import { Parser } from './parser.ts';
import { runPiped, startCoprocess, startJob } from './pipelines.ts';
import { printFunction } from './print.ts';
import { asSystemFailure, findProgram } from './process.ts';
import type { Descriptors } from './process.ts';
import type { Machine, Program } from './program.ts';
import { RedirectFailure, applyRedirects } from './redirect.ts';
import type { ShellState } from './state.ts';
import { dropProcessFiles, runSinks } from './substitution.ts';
import { SyntaxFailure } from './syntax-error.ts';
import { syntaxMessage } from './syntax-message.ts';
import { traceCommand } from './trace.ts';

/** Steps that are paid for together, so that most steps need not wait. */
const STEPS_PER_BURN = 16;
/** A trap that raises its own signal ends here. */
const TRAPS_MAX = 40;
/**
 * Runs a shell's commands under the baton. One interpreter is one (sub)shell: it has a state, open files and the
 * process (`sys`) it runs in. External commands are child processes; a pipeline is a process group of its own when the
 * shell controls jobs.
 */
export class Interpreter implements ExpansionHost {
  readonly state: ShellState;
  readonly machine: Machine;
  readonly sys: Sys;
  descriptors: Descriptors;
  /** True in an interactive shell's own process: jobs get groups, Ctrl-Z stops them. */
  readonly hasJobControl: boolean;
  /** Above zero where a failure is tested (`if`, `&&`, `!`): `set -e` does not apply. */
  #tested = 0;
  #steps = 0;
  loops = 0;
  #isLeaf = false;
  processFiles = 0;
  /** Bodies of `>(…)` that run once their command has ended. */
  sinks: { readonly path: string; readonly body: Script }[] = [];
  /** Above zero while a trap runs. */
  #trapped = 0;
  /** The simple command that runs, for `$BASH_COMMAND`. */
  current: Command | undefined;
  /** How deep `set -x` shows commands: one more in `$( )`, `eval` and sourced files. */
  indirection = 0;
  #nextFd = 10;
  /** Set when a background job began that is the shell's own work. */
  hasQuickJob = false;
  /** Status of the last command substitution of a command without words. */
  outputStatus = 0;

  constructor(
    state: ShellState,
    machine: Machine,
    sys: Sys,
    descriptors: Descriptors,
    hasJobControl = false,
  ) {
    this.state = state;
    this.machine = machine;
    this.sys = sys;
    this.descriptors = descriptors;
    this.hasJobControl = hasJobControl;
  }

  get files(): Machine['files'] {
    return this.machine.files;
  }

  nowMs(): number {
    return this.sys.nowMs();
  }

  /** Writes to the shell's stdout. */
  async out(text: string): Promise<void> {
    if (text !== '') await this.descriptors.get(1)?.write?.(this.sys, text);
  }

  /** Writes to the shell's stderr. */
  async err(text: string): Promise<void> {
    if (text !== '') await this.descriptors.get(2)?.write?.(this.sys, text);
  }

  /** Prints one of the shell's own messages, with its prefix, and returns `status`. */
  async complain(message: string, status = 1): Promise<number> {
    const { state } = this;
    // busybox puts the line between a builtin's name and the rest.
    const shown =
      state.dialect === 'ash' && !state.isInteractive
        ? message.replace(
            /^(?:cd|unset|export|readonly|local|trap|\.|source|exec|set|getopts|exit|return|shift|wait|kill|break|continue|hash|umask|let|[fb]g): /,
            (name) => `${name}line ${state.line}: `,
          )
        : message;
    await this.err(`${state.prefix}${shown}\n`);
    return status;
  }

  /** An error that ends the command line, and a shell that is not interactive. @throws ShellExit, LineAbort */
  async raise(message: string, status = 2): Promise<never> {
    await this.complain(message);
    throw this.state.isInteractive ? new LineAbort(status) : new ShellExit(status);
  }

  /** True inside a loop, where `break` means something. */
  get isInLoop(): boolean {
    return this.loops > 0;
  }

  /** Pays for one step; runs traps of signals that have come. @throws Signalled */
  async step(): Promise<void> {
    if (++this.#steps < STEPS_PER_BURN) return;
    this.#steps = 0;
    await this.interruptible(() => this.sys.burn(STEPS_PER_BURN));
  }

  /** Waits for something, running the trap of a signal that ends the wait and waiting on. @throws Signalled */
  async interruptible<T>(wait: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await wait();
      } catch (error) {
        if (!(error instanceof Signalled)) throw error;
        const trap = this.state.traps.get(error.signal);
        if (trap === undefined) throw error;
        if (trap !== '') await this.runTrap(trap);
      }
    }
  }

  /** Runs the text of a trap; the status of before stays. */
  async runTrap(text: string): Promise<void> {
    const { status, pipeStatus, line } = this.state;
    if (this.#trapped >= TRAPS_MAX) throw new SystemFailure('traps nest too deeply');
    this.#trapped++;
    try {
      await this.nested(() => this.runText(text, line));
    } finally {
      this.#trapped--;
    }
    Object.assign(this.state, { status, pipeStatus, line });
  }

  /** Runs something one level of `set -x` deeper. */
  async nested<T>(run: () => Promise<T>): Promise<T> {
    this.indirection++;
    try {
      return await run();
    } finally {
      this.indirection--;
    }
  }

  /** Runs the DEBUG trap, before a command. */
  async debug(command: Command | undefined): Promise<void> {
    if (command !== undefined && this.#trapped === 0) this.current = command;
    const trap = this.state.traps.get('DEBUG');
    if (trap !== undefined && trap !== '' && this.#trapped === 0) await this.runTrap(trap);
  }

  /** Parses and runs a text line by line: `eval`, `source`, scripts, traps. @throws ShellExit and the like */
  async runText(text: string, line = this.state.line, label = ''): Promise<number> {
    const parser = new Parser(text, {
      dialect: this.state.dialect,
      isFinal: true,
      alias: (name) => this.aliasOf(name),
      hasExtendedPatterns: () => this.state.shopts.has('extglob'),
    });
    parser.line = line;
    let status = 0;
    for (;;) {
      let script: Script | undefined;
      const from = parser.offset;
      try {
        script = parser.nextLine();
      } catch (error) {
        if (!(error instanceof SyntaxFailure)) throw error;
        await this.err(syntaxMessage(this.state, error, text, label));
        return this.#syntaxStatus(error, label);
      }
      if (
        this.state.options.has('verbose') &&
        script !== undefined &&
        label !== 'eval' &&
        this.#trapped === 0
      )
        await this.err(`${text.slice(from, parser.offset).replace(/\n?$/, '\n')}`);
      if (script === undefined) return status;
      for (const warning of parser.warnings())
        await this.err(
          `${this.state.prefix.replace(/line \d+: $/, `line ${warning.end}: `)}${warning.text}\n`,
        );
      if (this.state.options.has('noexec') && !this.state.isInteractive) continue;
      status = await this.runScript(script);
    }
  }

  /** What a syntax error makes of the shell: a script ends; `eval` in bash only fails. @throws ShellExit */
  #syntaxStatus(error: SyntaxFailure, label: string): number {
    // bash 5.2 ends a script at a faulty `[[ ]]` with the status of the command before.
    const isSilent = error.problem.kind === 'condition';
    if (isSilent && this.state.isInteractive) return this.state.status;
    if (isSilent) throw new ShellExit(this.state.status);
    this.state.status = error.status;
    if (this.state.isInteractive || (this.state.dialect === 'bash' && label === 'eval')) return error.status;
    throw new ShellExit(error.status);
  }

  /** The text of an alias; aliases live in interactive shells (and with `shopt -s expand_aliases`). */
  aliasOf(name: string): string | undefined {
    const isOn =
      this.state.isInteractive || this.state.dialect !== 'bash' || this.state.shopts.has('expand_aliases');
    return isOn ? this.state.aliases.get(name) : undefined;
  }

  /** Runs a list of commands; returns the last status. */
  async runScript(script: Script): Promise<number> {
    for (const item of script.items) {
      if (item.isBackground) await startJob(this, item.chain);
      else await this.#runChain(item.chain);
    }
    return this.state.status;
  }

  async #runChain(chain: Chain): Promise<void> {
    const { rest } = chain;
    let isLast = rest.length === 0;
    await this.inTest(!isLast, () => this.#runPipeline(chain.first, isLast));
    for (const [index, { operator, pipeline }] of rest.entries()) {
      if ((this.state.status === 0) !== (operator === '&&')) continue;
      isLast = index === rest.length - 1;
      await this.inTest(!isLast, () => this.#runPipeline(pipeline, isLast));
    }
  }

  async inTest(isTested: boolean, run: () => Promise<void>): Promise<void> {
    if (!isTested) return run();
    this.#tested++;
    try {
      await run();
    } finally {
      this.#tested--;
    }
  }

  async #runPipeline(pipeline: Pipeline, _isLast: boolean): Promise<void> {
    const startedMs = this.sys.nowMs();
    await this.inTest(pipeline.isNegated, async () => {
      const [only] = pipeline.commands;
      if (only === undefined) this.state.status = 0;
      else if (pipeline.commands.length > 1) await runPiped(this, pipeline);
      else {
        await this.runCommand(only);
        if (only.kind === 'simple' || only.kind === 'subshell') this.state.pipeStatus = [this.state.status];
      }
    });
    if (pipeline.timing !== 'none')
      await this.err(
        timesText(this.sys.nowMs() - startedMs, pipeline.timing, this.state.variables.get('TIMEFORMAT')),
      );
    if (pipeline.isNegated) this.state.status = this.state.status === 0 ? 1 : 0;
    else await this.#checkErrexit(pipeline);
  }

  async #checkErrexit(pipeline: Pipeline): Promise<void> {
    if (this.state.status === 0 || this.#tested > 0) return;
    const last = pipeline.commands.at(-1);
    const counts =
      pipeline.commands.length > 1 ||
      last?.kind === 'simple' ||
      last?.kind === 'subshell' ||
      last?.kind === 'condition' ||
      last?.kind === 'arithmetic';
    if (!counts) return;
    const trap = this.state.traps.get('ERR');
    if (trap !== undefined && trap !== '' && this.#trapped === 0) await this.runTrap(trap);
    if (this.state.options.has('errexit')) throw new ShellExit(this.state.status);
  }

  /** Runs the body of a subshell to its end, with its EXIT trap, and returns its status. @throws Signalled */
  async runToEnd(body: () => Promise<unknown>): Promise<number> {
    try {
      await body();
    } catch (error) {
      if (error instanceof ShellExit || error instanceof FunctionReturn || error instanceof LineAbort)
        this.state.status = error.status;
      else if (asSystemFailure(error) !== undefined)
        this.state.status = await this.complain(asSystemFailure(error)?.message ?? '', 254);
      else if (!(error instanceof LoopJump)) throw error;
    }
    await this.runExitTrap();
    return this.state.status & 255;
  }

  /** Runs the EXIT trap once. */
  async runExitTrap(): Promise<void> {
    const trap = this.state.traps.get('EXIT');
    this.state.traps.delete('EXIT');
    if (trap === undefined || trap === '') return;
    const { status } = this.state;
    try {
      await this.runText(trap, 1);
      this.state.status = status;
    } catch (error) {
      if (!(error instanceof ShellExit)) throw error;
      this.state.status = error.status;
    }
  }

  async runCommand(command: Command): Promise<void> {
    await this.step();
    if (this.#trapped === 0 || this.state.calls.length > 0) this.state.line = command.line;
    if (this.state.options.has('noexec') && !this.state.isInteractive) return;
    if (command.kind !== 'simple') this.#isLeaf = false;
    if (command.kind === 'coproc') return startCoprocess(this, command);
    if (command.kind === 'simple') await this.#runSimple(command);
    else if (command.kind === 'function') define(this, command);
    else if (command.redirects.length === 0) await runCompound(this, command);
    else await this.#withRedirects(command.redirects, () => runCompound(this, command));
  }

  async #withRedirects(redirects: readonly Redirect[], run: () => Promise<void>): Promise<void> {
    const saved = this.descriptors;
    try {
      this.descriptors = await this.open(redirects);
    } catch (error) {
      await this.expansionFailed(error);
      return;
    }
    const opened = this.descriptors;
    try {
      await run();
    } finally {
      this.descriptors = saved;
      await this.#closeSockets(opened, saved);
    }
  }

  open(redirects: readonly Redirect[]): Promise<Descriptors> {
    return applyRedirects(this, this.descriptors, redirects);
  }

  /** Ends the connections that a command's redirections opened. */
  async #closeSockets(opened: Descriptors, kept: Descriptors): Promise<void> {
    const stay = new Set([...kept.values(), ...this.descriptors.values()]);
    for (const one of opened.values()) if (!stay.has(one)) one.close?.();
  }

  /** A free descriptor for `{name}>file`, from 10 on. */
  freeFd(open: Descriptors): number {
    let fd = this.#nextFd;
    while (open.has(fd) || this.descriptors.has(fd)) fd++;
    return fd;
  }

  /** Reports a failed expansion or redirection: the command fails, and where the shell says so, the shell ends. */
  async expansionFailed(error: unknown, isSpecial = false): Promise<void> {
    if (error instanceof RedirectFailure) {
      this.state.status = await this.complain(error.message, this.state.dialect === 'dash' ? 2 : 1);
      if (isSpecial && !this.state.isInteractive && this.state.dialect !== 'bash')
        throw new ShellExit(this.state.status);
      return;
    }
    if (!(error instanceof ExpansionFailure)) throw error;
    const status =
      this.state.isInteractive || (this.state.dialect === 'bash' && this.state.options.has('errexit'))
        ? 1
        : error.status;
    await this.complain(error.message);
    this.state.status = status;
    if (this.state.isInteractive) throw new LineAbort(this.state.dialect === 'bash' ? 1 : 2);
    throw new ShellExit(status);
  }

  /** A copy of this shell for one command that runs in a process of its own. */
  spawned(state: ShellState, sys: Sys, descriptors: Descriptors): Interpreter {
    const shell = new Interpreter(state, this.machine, sys, descriptors);
    shell.indirection = this.indirection;
    shell.loops = this.loops;
    shell.#isLeaf = true;
    return shell;
  }

  /** Sets a variable. @throws ExpansionFailure when it is read-only. */
  assign(name: string, value: string): Promise<void> {
    return assignVariable(this, name, value);
  }

  special(name: string): string | undefined {
    return specialVariable(this, name);
  }

  specialList(name: string): readonly string[] | undefined {
    return specialList(this, name);
  }

  output(body: Script): Promise<string> {
    return commandOutput(this, body);
  }

  processStream(body: Script): Promise<Stream> {
    return processStream(this, body);
  }

  processPath(body: Script, direction: '<' | '>'): Promise<string> {
    return processPath(this, body, direction);
  }

  openSocket(protocol: 'tcp' | 'udp', host: string, port: string, target: string): Promise<Descriptor> {
    return openSocket(this, protocol, host, port, target);
  }

  /** Runs something in a copy of this shell, in the same process; returns its status. */
  async subshell(run: (shell: Interpreter) => Promise<unknown>, descriptors: Descriptors): Promise<number> {
    if (this.state.depth >= LIMITS.shellDepthMax)
      return this.complain(`maximum nesting of ${LIMITS.shellDepthMax} exceeded`);
    const state = this.state.clone();
    state.depth++;
    const shell = new Interpreter(state, this.machine, this.sys, descriptors, this.hasJobControl);
    shell.#tested = this.#tested;
    shell.loops = this.loops;
    shell.indirection = this.indirection;
    return shell.runToEnd(() => run(shell));
  }

  async #runSimple(command: Extract<Command, { kind: 'simple' }>): Promise<void> {
    const isLeaf = this.#isLeaf;
    this.#isLeaf = false;
    await this.debug(command);
    let argv: string[];
    const files = this.processFiles;
    const sinks = this.sinks.length;
    try {
      try {
        this.outputStatus = 0;
        argv = await this.#argv(command);
        if (argv.length > 256) await this.interruptible(() => this.sys.burn(argv.length >> 4));
        if (argv.length === 0) {
          await assignAll(this, command.assignments);
          this.state.lastWord = '';
          this.state.status = this.outputStatus;
          if (command.redirects.length > 0) await this.open(command.redirects);
          return;
        }
      } catch (error) {
        await this.expansionFailed(error);
        return;
      }
      await this.#invoke(command, argv, isLeaf && this.state.traps.size === 0);
      this.state.lastWord = argv.at(-1);
    } finally {
      if (this.sinks.length > sinks) await runSinks(this, sinks);
      if (this.processFiles > files) dropProcessFiles(this, files);
    }
  }

  async #argv(command: Extract<Command, { kind: 'simple' }>): Promise<string[]> {
    if (!['declare', 'local', 'export', 'readonly', 'typeset'].includes(command.words[0]?.text ?? ''))
      return expandWords(this, command.words);
    const argv: string[] = [];
    for (const [index, word] of command.words.entries()) {
      const list = command.lists?.get(index);
      if (list !== undefined) {
        const flags = argv.filter((one) => /^-[A-Za-z]+$/.test(one)).join('');
        const isLocal =
          this.state.variables.isLocal && !flags.includes('g') && !/^(export|readonly)$/.test(argv[0] ?? '');
        if (isLocal) this.state.variables.makeLocal(list.name);
        await assignOne(this, list, flags.includes('A'), flags.includes('i'));
        argv.push(list.name);
      } else if (/^[A-Za-z_][A-Za-z0-9_]*\+?=/.test(word.text)) argv.push(await expandText(this, word, true));
      else argv.push(...(await expandWords(this, [word])));
    }
    return argv;
  }

  async #invoke(
    command: Extract<Command, { kind: 'simple' }>,
    argv: string[],
    isLeaf: boolean,
  ): Promise<void> {
    const name = argv[0] ?? '';
    const builtin =
      this.state.functions.has(name) || this.state.disabled.has(name)
        ? undefined
        : builtinOf(name, this.state.dialect);
    const saved = this.descriptors;
    try {
      if (this.state.options.has('xtrace')) await traceCommand(this, command, argv);
      this.descriptors = command.redirects.length > 0 ? await this.open(command.redirects) : saved;
    } catch (error) {
      await this.expansionFailed(error, builtin?.isSpecial === true);
      return;
    }
    const redirected = this.descriptors;
    try {
      const body = this.state.functions.get(name);
      if (body !== undefined)
        await withAssignments(this, command.assignments, () => this.callFunction(body, argv));
      else if (builtin !== undefined)
        await withAssignments(this, command.assignments, () => this.runBuiltin(builtin, argv));
      else await invokeProgram(this, command, argv, isLeaf);
    } finally {
      const keeps = name === 'exec' && argv.length === 1;
      if (!keeps || this.descriptors !== redirected) {
        const isOwn = this.descriptors !== redirected;
        const changed = this.descriptors;
        this.descriptors = isOwn && command.redirects.length === 0 ? changed : saved;
        if (redirected !== saved) await this.#closeSockets(redirected, saved);
      }
    }
  }

  /** Runs a builtin with the present open files. */
  async runBuiltin(builtin: Builtin, argv: readonly string[]): Promise<void> {
    this.state.status = await builtin.run(this, argv);
  }

  /** Calls a function with its words as `$1`…; `return` ends it. */
  async callFunction(body: Command, argv: readonly string[]): Promise<void> {
    if (this.state.depth >= LIMITS.shellDepthMax) {
      await this.complain(
        `${argv[0] ?? ''}: maximum function nesting level exceeded (${LIMITS.shellDepthMax})`,
      );
      throw this.state.isInteractive ? new LineAbort(1) : new ShellExit(1);
    }
    const { state } = this;
    const saved = state.positional;
    const loops = this.loops;
    const { line } = state;
    const hidden = this.#hideTraps();
    state.positional = argv.slice(1);
    state.variables.pushScope();
    state.depth++;
    state.calls.push({ name: argv[0] ?? '', source: state.functionSources.get(argv[0] ?? '') ?? '', line });
    this.loops = 0;
    let returned: string | undefined;
    try {
      await this.runCommand(body);
    } catch (error) {
      if (!(error instanceof FunctionReturn)) throw error;
      state.status = error.status;
    } finally {
      returned = state.traps.get('RETURN');
      for (const [name, text] of hidden) if (!state.traps.has(name)) state.traps.set(name, text);
      this.loops = loops;
      state.depth--;
      state.variables.popScope();
      state.positional = saved;
    }
    if (returned !== undefined && returned !== '') await this.runTrap(returned);
    state.calls.pop();
    state.line = line;
  }

  /** Takes away the traps that functions do not inherit (ERR without `-E`; DEBUG and RETURN without `-T`). */
  #hideTraps(): [string, string][] {
    const { traps, options } = this.state;
    const names = [
      ...(options.has('errtrace') ? [] : ['ERR']),
      ...(options.has('functrace') ? [] : ['DEBUG', 'RETURN']),
    ];
    const hidden: [string, string][] = [];
    for (const name of names) {
      const text = traps.get(name);
      if (text === undefined) continue;
      hidden.push([name, text]);
      traps.delete(name);
    }
    return hidden;
  }

  /** What children get: the exported variables and functions. */
  exported(): Map<string, string> {
    const env = this.state.variables.exported();
    for (const name of this.state.exportedFunctions) {
      const body = this.state.functions.get(name);
      if (body !== undefined) env.set(`BASH_FUNC_${name}%%`, printFunction(name, body).replace(/^[^(]*/, ''));
    }
    return env;
  }

  /** A program of the machine by its bare name along PATH. */
  programNamed(name: string): Program | undefined {
    const found = findProgram(this.machine, this.state.cwd, this.state.variables.get('PATH'), name);
    return found.kind === 'program' ? found.program : undefined;
  }
}

/** What the `time` keyword prints; virtual programs use no processor. */
function timesText(durationMs: number, form: 'bash' | 'posix', format: string | undefined): string {
  const seconds = durationMs / 1000;
  if (form === 'posix') return `real ${seconds.toFixed(2)}\nuser 0.00\nsys 0.00\n`;
  if (format !== undefined)
    return format === ''
      ? ''
      : `${format.replace(/%(\d?)l?([RUS%])/g, (_all, digits: string, what: string) => (what === '%' ? '%' : (what === 'R' ? seconds : 0).toFixed(digits === '' ? 3 : Number(digits))))}\n`;
  return `\nreal\t${Math.floor(seconds / 60)}m${(seconds % 60).toFixed(3)}s\nuser\t0m0.000s\nsys\t0m0.000s\n`;
}
