import { SIGNALS, Signalled } from '../base/process.ts';
import type { Signal, Sys } from '../base/process.ts';
import { LIMITS } from '../base/limits.ts';
import { Stream } from '../base/stream.ts';
import type {
  Assignment,
  Chain,
  Command,
  Compound,
  Pipeline,
  Redirect,
  Script,
  Word,
  WordPart,
} from './ast.ts';
import { builtinOf } from './builtins/table.ts';
import type { Builtin } from './builtins/table.ts';
import { evaluateCondition } from './condition.ts';
import { FunctionReturn, LineAbort, LoopJump, ShellExit, SystemFailure } from './control.ts';
import {
  arithmetic,
  arithmeticScope,
  ExpansionFailure,
  expandParts,
  expandPattern,
  expandText,
  expandWords,
} from './expand.ts';
import type { ExpansionHost } from './expand.ts';
import { ArithmeticFailure, evaluateArithmetic } from './arithmetic.ts';
import { jobLine, signalWords } from './jobs.ts';
import type { Job } from './jobs.ts';
import { BackgroundInput } from './background-input.ts';
import { Lexer } from './lexer.ts';
import { Parser } from './parser.ts';
import { compilePattern, matchesPattern, patternOptions } from './pattern.ts';
import { plainChain, plainTraceWord, printChain, printFunction, traceWord } from './print.ts';
import {
  asSystemFailure,
  createProcess,
  findProgram,
  spawnProgram,
  spawnTracked,
  textStream,
} from './process.ts';
import type { Child, Descriptor, Descriptors } from './process.ts';
import type { Machine, Program } from './program.ts';
import { applyRedirects, RedirectFailure } from './redirect.ts';
import type { ShellState } from './state.ts';
import { SyntaxFailure } from './syntax-error.ts';
import { syntaxMessage } from './syntax-message.ts';
import { cased } from './variables.ts';

/** Steps that are paid for together, so that most steps need not wait. */
const STEPS_PER_BURN = 16;
/** Elements of one array. */
const LIST_MAX = 300_000;
/** A trap that raises its own signal ends here. */
const TRAPS_MAX = 40;
const SILENT_SIGNALS = new Set<Signal>(['INT', 'PIPE']);

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
  #loops = 0;
  #isLeaf = false;
  #processFiles = 0;
  /** Bodies of `>(…)` that run once their command has ended. */
  #sinks: { readonly path: string; readonly body: Script }[] = [];
  /** Above zero while a trap runs. */
  #trapped = 0;
  /** The simple command that runs, for `$BASH_COMMAND`. */
  #current: Command | undefined;
  /** How deep `set -x` shows commands: one more in `$( )`, `eval` and sourced files. */
  indirection = 0;
  #nextFd = 10;
  /** Set when a background job began that is the shell's own work. */
  hasQuickJob = false;
  /** Status of the last command substitution of a command without words. */
  #outputStatus = 0;

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
            /^(?:cd|unset|export|readonly|local|\.|exec|set|getopts|exit|return|shift|wait|[fb]g): /,
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
    return this.#loops > 0;
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
  async #debug(command: Command | undefined): Promise<void> {
    if (command !== undefined && this.#trapped === 0) this.#current = command;
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
    const isSilent = error.problem.kind === 'condition' && error.problem.reason !== undefined;
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
      if (item.isBackground) await this.#startJob(item.chain);
      else await this.#runChain(item.chain);
    }
    return this.state.status;
  }

  async #runChain(chain: Chain): Promise<void> {
    const { rest } = chain;
    let isLast = rest.length === 0;
    await this.#inTest(!isLast, () => this.#runPipeline(chain.first, isLast));
    for (const [index, { operator, pipeline }] of rest.entries()) {
      if ((this.state.status === 0) !== (operator === '&&')) continue;
      isLast = index === rest.length - 1;
      await this.#inTest(!isLast, () => this.#runPipeline(pipeline, isLast));
    }
  }

  async #inTest(isTested: boolean, run: () => Promise<void>): Promise<void> {
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
    await this.#inTest(pipeline.isNegated, async () => {
      const [only] = pipeline.commands;
      if (only === undefined) this.state.status = 0;
      else if (pipeline.commands.length > 1) await this.#runPiped(pipeline);
      else {
        await this.#runCommand(only);
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

  async #runPiped(pipeline: Pipeline): Promise<void> {
    if (this.state.shopts.has('lastpipe') && !this.hasJobControl) return this.#runLastPipe(pipeline);
    const { children, closers } = await this.#startStages(
      pipeline.commands,
      this.descriptors,
      this.hasJobControl,
    );
    const text = (this.state.dialect === 'bash' ? printChain : plainChain)({ first: pipeline, rest: [] });
    const statuses = await this.waitForeground(children, text, closers);
    if (statuses !== undefined) this.#pipeEnded(statuses);
  }

  /** `shopt -s lastpipe`: the last command of a pipeline runs in this shell. */
  async #runLastPipe(pipeline: Pipeline): Promise<void> {
    const last = pipeline.commands.at(-1);
    if (last === undefined) return;
    const pipe = new Stream();
    const feeding = new Map(this.descriptors);
    feeding.set(1, pipeEnd(pipe));
    const { children, closers } = await this.#startStages(
      pipeline.commands.slice(0, -1),
      feeding,
      false,
      pipe,
    );
    const saved = this.descriptors;
    const reading = new Map(saved);
    reading.set(0, { stream: pipe });
    this.descriptors = reading;
    try {
      await this.#runCommand(last);
    } finally {
      this.descriptors = saved;
      pipe.close();
    }
    const { status } = this.state;
    const statuses = await this.waitForeground(children, '', closers);
    this.#pipeEnded([...(statuses ?? []), status]);
  }

  #pipeEnded(statuses: readonly number[]): void {
    this.state.pipeStatus = [...statuses];
    const last = statuses.at(-1) ?? 0;
    const failed = this.state.options.has('pipefail')
      ? [...statuses].reverse().find((status) => status !== 0)
      : undefined;
    this.state.status = failed ?? last;
  }

  async #startStages(
    commands: readonly Command[],
    base: Descriptors,
    ownGroup: boolean,
    into?: Stream,
  ): Promise<{ children: Child[]; closers: (() => void)[] }> {
    const children: Child[] = [];
    const closers: (() => void)[] = [];
    let input: Stream | undefined;
    for (const [index, command] of commands.entries()) {
      const output = index < commands.length - 1 ? new Stream() : into;
      const descriptors = new Map(base);
      if (input !== undefined) descriptors.set(0, { stream: input });
      if (output !== undefined) descriptors.set(1, pipeEnd(output));
      const reads = input;
      const close = (): void => {
        output?.end();
        reads?.close();
      };
      const group = ownGroup ? (children[0]?.handle.group ?? 'new') : undefined;
      children.push(await this.#spawnCommand(command, descriptors, group, close));
      closers.push(close);
      input = output;
    }
    return { children, closers };
  }

  async #spawnCommand(
    command: Command,
    descriptors: Descriptors,
    group: number | 'new' | undefined,
    close: () => void,
  ): Promise<Child> {
    const words = await this.#preview(command);
    const state = this.state.clone();
    return spawnTracked(this.sys, words, this.machine, group, async (sys) => {
      try {
        const shell = new Interpreter(state, this.machine, sys, descriptors);
        shell.indirection = this.indirection;
        shell.#loops = this.#loops;
        shell.#isLeaf = true;
        return await shell.runToEnd(() => shell.#runCommand(command));
      } finally {
        close();
      }
    });
  }

  /** The words that `ps` shows for a command that is about to be started: expanded when that has no effects. */
  async #preview(command: Command): Promise<string[]> {
    if (
      command.kind === 'simple' &&
      command.words.length > 0 &&
      command.words.every((word) => word.parts.every(isHarmless))
    ) {
      try {
        return await expandWords(this, command.words);
      } catch (error) {
        if (!(error instanceof ExpansionFailure)) throw error;
      }
    }
    return command.kind === 'simple' && command.words.length > 0
      ? command.words.map((word) => word.text)
      : [this.state.name];
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

  /**
   * Waits for foreground processes. Returns their exit codes, or undefined when they were stopped and became a job.
   * In an interactive shell a death by Ctrl-C ends the whole line. @throws LineAbort, Signalled
   */
  async waitForeground(
    children: readonly Child[],
    text: string,
    closers: readonly (() => void)[] = [],
    job?: Job,
  ): Promise<number[] | undefined> {
    const ended = children.map(() => false);
    const { foreground } = this.state;
    const outer = foreground.group;
    if (this.hasJobControl) foreground.group = children[0]?.handle.group;
    try {
      while (ended.includes(false)) {
        await this.interruptible(() =>
          this.sys.until(
            () =>
              children.some((child, index) => !ended[index] && child.handle.exitCode() !== undefined) ||
              this.#isStopped(children),
          ),
        );
        children.forEach((child, index) => {
          if (ended[index] || child.handle.exitCode() === undefined) return;
          ended[index] = true;
          closers[index]?.();
        });
        if (ended.includes(false) && this.#isStopped(children))
          return await this.#stopped(children, text, job);
      }
    } finally {
      foreground.group = outer;
    }
    if (job !== undefined) this.state.jobs.remove(job);
    await this.#tellSignal(children, text);
    return children.map((child) => child.handle.exitCode() ?? 0);
  }

  #isStopped(children: readonly Child[]): boolean {
    if (!this.hasJobControl) return false;
    const living = children.filter((child) => child.handle.exitCode() === undefined);
    return living.length > 0 && living.every((child) => child.handle.isStopped());
  }

  async #stopped(children: readonly Child[], text: string, known: Job | undefined): Promise<undefined> {
    const job = known ?? this.state.jobs.add(children, text, false);
    job.isForeground = false;
    job.told = 'stopped';
    this.state.jobs.touch(job);
    await this.err(
      `${this.state.dialect === 'bash' ? '\n' : ''}${jobLine(this.state.jobs, job, this.state.dialect)}\n`,
    );
    this.state.status = 128 + SIGNALS.TSTP;
    return undefined;
  }

  async #tellSignal(children: readonly Child[], text: string): Promise<void> {
    const signal = children.at(-1)?.signal();
    if (signal === undefined) return;
    this.state.status = 128 + SIGNALS[signal];
    if (signal === 'INT' && this.hasJobControl) {
      await this.err('\n');
      throw new LineAbort(this.state.status);
    }
    if (SILENT_SIGNALS.has(signal)) return;
    const words = signalWords(signal);
    if (this.state.isInteractive || this.state.dialect !== 'bash' || signal === 'TERM')
      await this.err(`${words}\n`);
    else await this.tellDeath(children, words, text);
  }

  /** A script's bash tells which of its processes was killed. */
  async tellDeath(children: readonly Child[], words: string, text: string): Promise<void> {
    await this.err(
      `${this.state.prefix}${String(children.at(-1)?.handle.pid ?? 0).padStart(5)} ${words.padEnd(23)} ${text}\n`,
    );
  }

  async #startJob(chain: Chain): Promise<void> {
    const { jobs } = this.state;
    const descriptors = new Map(this.descriptors);
    descriptors.set(0, { stream: this.#backgroundInput() });
    const single =
      chain.rest.length === 0 && !chain.first.isNegated && chain.first.timing === 'none'
        ? chain.first
        : undefined;
    const script: Script = { items: [{ chain, isBackground: false }] };
    const commands: readonly Command[] = single?.commands ?? [
      { kind: 'group', body: script, redirects: [], line: this.state.line },
    ];
    const { children } = await this.#startStages(commands, descriptors, this.hasJobControl);
    // ash and dash keep no text of a script's jobs.
    const print = this.state.dialect === 'bash' ? printChain : plainChain;
    const isKept = this.state.isInteractive || this.state.dialect === 'bash';
    const parts = commands.map((command) =>
      isKept ? print({ first: { commands: [command], isNegated: false, timing: 'none' }, rest: [] }) : '',
    );
    const job = jobs.add(children, isKept ? print(chain) : '', false, parts);
    this.state.lastJobPid = children.at(-1)?.handle.pid;
    this.state.status = 0;
    if (this.state.isInteractive && this.state.dialect === 'bash')
      this.hasQuickJob = commands.some((command) => this.#isOwn(command));
    if (this.state.isInteractive && this.state.dialect === 'bash' && !this.state.isSubshell)
      await this.err(`[${job.id}] ${this.state.lastJobPid ?? 0}\n`);
  }

  /** What a background job reads: nothing; of a terminal it may read once it is in front, and is stopped until then. */
  #backgroundInput(): Stream {
    const input = this.descriptors.get(0);
    if (!this.hasJobControl || input?.terminal === undefined || input.stream === undefined)
      return textStream('');
    return new BackgroundInput(input.stream, (sys) => {
      const own = sys.processes(this.machine.id).find((one) => one.pid === sys.pid);
      return own?.group === this.state.foreground.group ? undefined : own;
    });
  }

  /** True for a simple command that needs no program. */
  #isOwn(command: Command): boolean {
    const name = command.kind === 'simple' ? command.words[0]?.text : undefined;
    if (name === undefined) return false;
    return builtinOf(name, this.state.dialect) !== undefined || this.programNamed(name) === undefined;
  }

  async #runCommand(command: Command): Promise<void> {
    await this.step();
    if (this.#trapped === 0 || this.state.calls.length > 0) this.state.line = command.line;
    if (this.state.options.has('noexec') && !this.state.isInteractive) return;
    if (command.kind !== 'simple') this.#isLeaf = false;
    if (command.kind === 'coproc') return this.#startCoprocess(command);
    if (command.kind === 'simple') await this.#runSimple(command);
    else if (command.kind === 'function') this.#define(command);
    else if (command.redirects.length === 0) await this.#runCompound(command);
    else await this.#withRedirects(command.redirects, () => this.#runCompound(command));
  }

  #define(command: Extract<Compound, { kind: 'function' }>): void {
    this.state.functions.set(command.name, command.body);
    this.state.functionSources.set(
      command.name,
      this.state.source === ''
        ? this.state.isInteractive
          ? 'main'
          : this.state.isCommandText
            ? 'environment'
            : ''
        : this.state.source,
    );
    this.state.status = 0;
  }

  async #withRedirects(redirects: readonly Redirect[], run: () => Promise<void>): Promise<void> {
    const saved = this.descriptors;
    try {
      this.descriptors = await this.#open(redirects);
    } catch (error) {
      await this.#expansionFailed(error);
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

  #open(redirects: readonly Redirect[]): Promise<Descriptors> {
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

  /** `coproc`: a background command with a pipe in each direction; its ends are in the array NAME. */
  async #startCoprocess(command: Extract<Compound, { kind: 'coproc' }>): Promise<void> {
    const input = new Stream();
    const output = new Stream();
    const descriptors = new Map(this.descriptors);
    descriptors.set(0, { stream: input });
    descriptors.set(1, pipeEnd(output));
    const close = (): void => {
      output.end();
      input.close();
    };
    const child = await this.#spawnCommand(
      command.body,
      descriptors,
      this.hasJobControl ? 'new' : undefined,
      close,
    );
    const own = new Map(this.descriptors);
    own.set(63, { stream: output, close: () => output.close() });
    own.set(60, { write: (sys, text) => input.write(sys, text), close: () => input.end() });
    this.descriptors = own;
    this.state.variables.put(command.name, {
      value: undefined,
      list: new Map([
        ['0', '63'],
        ['1', '60'],
      ]),
    });
    await this.assign(`${command.name}_PID`, String(child.handle.pid));
    this.state.jobs.add([child], `coproc ${command.name} ${command.text}`, false);
    this.state.lastJobPid = child.handle.pid;
    this.state.status = 0;
  }

  /** Reports a failed expansion or redirection: the command fails, and where the shell says so, the shell ends. */
  async #expansionFailed(error: unknown, isSpecial = false): Promise<void> {
    if (error instanceof RedirectFailure) {
      this.state.status = await this.complain(error.message, this.state.dialect === 'dash' ? 2 : 1);
      if (isSpecial && !this.state.isInteractive && this.state.dialect !== 'bash')
        throw new ShellExit(this.state.status);
      return;
    }
    if (!(error instanceof ExpansionFailure)) throw error;
    const status = this.state.isInteractive ? 1 : error.status;
    await this.complain(error.message);
    this.state.status = status;
    if (this.state.isInteractive) throw new LineAbort(this.state.dialect === 'bash' ? 1 : 2);
    throw new ShellExit(status);
  }

  async #runCompound(command: Compound): Promise<void> {
    switch (command.kind) {
      case 'subshell':
        this.state.status = await this.subshell((shell) => shell.runScript(command.body), this.descriptors);
        return;
      case 'group':
        await this.runScript(command.body);
        return;
      case 'if':
        return this.#runIf(command);
      case 'while':
        return this.#runWhile(command);
      case 'for':
        return this.#runFor(command);
      case 'select':
        return this.#runSelect(command);
      case 'count':
        return this.#runCount(command);
      case 'case':
        return this.#runCase(command);
      case 'condition':
        await this.#debug(command);
        return this.#guard(async () => {
          if (this.state.options.has('xtrace')) await this.#trace(`[[ ${command.text} ]]`);
          this.state.status = (await evaluateCondition(this, command.test)) ? 0 : 1;
        });
      case 'arithmetic':
        await this.#debug(command);
        return this.#guard(async () => {
          if (this.state.options.has('xtrace'))
            await this.#trace(`((${command.text}))`.replace(/^\(\((\S.*\S|\S)\)\)$/s, '(( $1 ))'));
          this.state.status = (await arithmetic(this, command.parts)) !== 0n ? 0 : 1;
        }, '((: ');
      case 'coproc':
        return;
      case 'function':
        this.#define(command);
    }
  }

  async #guard(run: () => Promise<void>, label = ''): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (error instanceof ArithmeticFailure) {
        await this.complain(`${label}${error.text}: ${error.reason} (error token is "${error.token}")`);
        this.state.status = 1;
        return;
      }
      if (!(error instanceof ExpansionFailure)) throw error;
      if (error.isFatal) return this.#expansionFailed(error);
      await this.complain(`${label}${error.message}`);
      this.state.status = label === '' && error.status === 2 ? 2 : 1;
    }
  }

  /** Runs something in a copy of this shell, in the same process; returns its status. */
  async subshell(run: (shell: Interpreter) => Promise<unknown>, descriptors: Descriptors): Promise<number> {
    if (this.state.depth >= LIMITS.shellDepthMax)
      return this.complain(`maximum nesting of ${LIMITS.shellDepthMax} exceeded`);
    const state = this.state.clone();
    state.depth++;
    const shell = new Interpreter(state, this.machine, this.sys, descriptors, this.hasJobControl);
    shell.#tested = this.#tested;
    shell.#loops = this.#loops;
    shell.indirection = this.indirection;
    return shell.runToEnd(() => run(shell));
  }

  async #runIf(command: Extract<Compound, { kind: 'if' }>): Promise<void> {
    for (const { condition, body } of command.branches) {
      if (await this.#holds(condition)) {
        await this.runScript(body);
        return;
      }
    }
    this.state.status = 0;
    if (command.otherwise !== undefined) await this.runScript(command.otherwise);
  }

  async #holds(condition: Script): Promise<boolean> {
    await this.#inTest(true, async () => {
      await this.runScript(condition);
    });
    return this.state.status === 0;
  }

  /** Runs a loop's body once; false when a `break` ended the loop. */
  async #turn(body: Script): Promise<boolean> {
    await this.step();
    this.#loops++;
    try {
      await this.runScript(body);
      return true;
    } catch (error) {
      if (!(error instanceof LoopJump)) throw error;
      this.state.status = 0;
      if (--error.levels > 0) throw error;
      return error.kind === 'continue';
    } finally {
      this.#loops--;
    }
  }

  async #runWhile(command: Extract<Compound, { kind: 'while' }>): Promise<void> {
    let status = 0;
    while ((await this.#holds(command.condition)) !== command.isUntil) {
      if (!(await this.#turn(command.body))) {
        status = this.state.status;
        break;
      }
      status = this.state.status;
    }
    this.state.status = status;
  }

  async #loopWords(words: readonly Word[] | undefined): Promise<readonly string[]> {
    if (words === undefined) return [...this.state.positional];
    try {
      return await expandWords(this, words);
    } catch (error) {
      await this.#expansionFailed(error);
      return [];
    }
  }

  async #runFor(command: Extract<Compound, { kind: 'for' }>): Promise<void> {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(command.name)) {
      this.state.status = await this.complain(`\`${command.name}': not a valid identifier`);
      return;
    }
    const values = await this.#loopWords(command.words);
    this.state.status = 0;
    for (const value of values) {
      if (this.state.options.has('xtrace') && this.state.dialect === 'bash') {
        await this.#trace(
          `for ${command.name} in ${command.words === undefined ? '"$@"' : command.words.map((word) => word.text).join(' ')}`,
        );
      }
      await this.#debug(command);
      await this.assign(command.name, value);
      if (!(await this.#turn(command.body))) return;
    }
  }

  async #runSelect(command: Extract<Compound, { kind: 'select' }>): Promise<void> {
    const values = await this.#loopWords(command.words);
    if (values.length === 0) return;
    const menu = selectMenu(values, Number(this.state.variables.get('COLUMNS') ?? '80'));
    await this.err(menu);
    for (;;) {
      await this.err(this.state.variables.get('PS3') ?? '#? ');
      const line = await this.descriptors.get(0)?.stream?.readLine(this.sys);
      if (line === undefined) {
        await this.out('\n');
        this.state.status = 1;
        return;
      }
      if (line.trim() === '') {
        await this.err(menu);
        continue;
      }
      await this.assign('REPLY', line);
      await this.assign(command.name, values[Number(line) - 1] ?? '');
      if (!(await this.#turn(command.body))) return;
    }
  }

  async #runCount(command: Extract<Compound, { kind: 'count' }>): Promise<void> {
    await this.#guard(async () => {
      await arithmetic(this, command.first);
      while (command.test.length === 0 || (await arithmetic(this, command.test)) !== 0n) {
        if (!(await this.#turn(command.body))) return;
        await arithmetic(this, command.step);
      }
    });
  }

  async #runCase(command: Extract<Compound, { kind: 'case' }>): Promise<void> {
    await this.#debug(command);
    const text = await expandText(this, command.word);
    if (this.state.options.has('xtrace') && this.state.dialect === 'bash')
      await this.#trace(`case ${command.word.text} in`);
    this.state.status = 0;
    let falls = false;
    for (const item of command.items) {
      if (!falls && !(await this.#matches(item.patterns, text))) continue;
      await this.runScript(item.body);
      if (item.end === ';;') return;
      falls = item.end === ';&';
    }
  }

  async #matches(patterns: readonly Word[], text: string): Promise<boolean> {
    for (const pattern of patterns) {
      const source = await expandPattern(this, pattern.parts);
      if (matchesPattern(compilePattern(source, patternOptions(this.state)), text)) return true;
    }
    return false;
  }

  async #runSimple(command: Extract<Command, { kind: 'simple' }>): Promise<void> {
    const isLeaf = this.#isLeaf;
    this.#isLeaf = false;
    await this.#debug(command);
    let argv: string[];
    const files = this.#processFiles;
    const sinks = this.#sinks.length;
    try {
      try {
        this.#outputStatus = 0;
        argv = await this.#argv(command);
        if (argv.length > 256) await this.interruptible(() => this.sys.burn(argv.length >> 4));
        if (argv.length === 0) {
          await this.#assignAll(command.assignments);
          this.state.lastWord = '';
          this.state.status = this.#outputStatus;
          if (command.redirects.length > 0) await this.#open(command.redirects);
          return;
        }
      } catch (error) {
        await this.#expansionFailed(error);
        return;
      }
      await this.#invoke(command, argv, isLeaf && this.state.traps.size === 0);
      this.state.lastWord = argv.at(-1);
    } finally {
      if (this.#sinks.length > sinks) await this.#runSinks(sinks);
      if (this.#processFiles > files) this.#dropProcessFiles(files);
    }
  }

  /** Gives what was written to `>(…)` to its commands. */
  async #runSinks(from: number): Promise<void> {
    const { status } = this.state;
    for (const { path, body } of this.#sinks.splice(from)) {
      const content = this.files.read(path);
      const descriptors = new Map(this.descriptors);
      descriptors.set(0, { stream: textStream('content' in content ? content.content : '') });
      await this.subshell((shell) => shell.runScript(body), descriptors);
    }
    this.state.status = status;
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
        await this.#assignOne(list, flags.includes('A'), flags.includes('i'));
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
      if (this.state.options.has('xtrace')) await this.#traceCommand(command, argv);
      this.descriptors = command.redirects.length > 0 ? await this.#open(command.redirects) : saved;
    } catch (error) {
      await this.#expansionFailed(error, builtin?.isSpecial === true);
      return;
    }
    const redirected = this.descriptors;
    try {
      const body = this.state.functions.get(name);
      if (body !== undefined)
        await this.#withAssignments(command.assignments, () => this.callFunction(body, argv));
      else if (builtin !== undefined)
        await this.#withAssignments(command.assignments, () => this.runBuiltin(builtin, argv));
      else await this.#external(command, argv, isLeaf);
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

  async #traceCommand(command: Extract<Command, { kind: 'simple' }>, argv: readonly string[]): Promise<void> {
    const quote = this.#traceQuote();
    for (const one of command.assignments)
      await this.#trace(`${one.name}=${quote(await expandText(this, one.value, true))}`);
    await this.#trace(argv.map(quote).join(' '));
  }

  #traceQuote(): (word: string) => string {
    const { dialect } = this.state;
    return dialect === 'bash' ? traceWord : dialect === 'ash' ? plainTraceWord : (word) => word;
  }

  async #trace(text: string): Promise<void> {
    const source = this.state.variables.get('PS4') ?? '+ ';
    let prefix = source;
    if (/[$`]/.test(source)) {
      this.state.options.delete('xtrace');
      try {
        prefix = await expandParts(
          this,
          new Lexer(source, this.state.dialect, true, () => ({ items: [] })).arithmeticParts(source),
        );
      } finally {
        this.state.options.add('xtrace');
      }
    }
    const depth = this.state.dialect === 'bash' ? this.indirection : 0;
    await this.err(`${prefix.slice(0, 1).repeat(depth)}${prefix}${text}\n`);
  }

  async #assignAll(assignments: readonly Assignment[]): Promise<void> {
    for (const one of assignments) {
      await this.#assignOne(one);
      if (!this.state.options.has('xtrace')) continue;
      if (one.list !== undefined)
        await this.#trace(`${one.name}=(${one.list.map((element) => element.value.text).join(' ')})`);
      else await this.#trace(`${one.name}=${traceWord(this.state.variables.get(one.name) ?? '')}`);
    }
  }

  async #assignOne(one: Assignment, isKeyed = false, isInteger = false): Promise<void> {
    const { variables } = this.state;
    if (variables.find(one.name)?.isReadonly === true)
      throw new ExpansionFailure(
        this.state.dialect === 'bash' ? `${one.name}: readonly variable` : `${one.name}: is read only`,
        this.state.dialect === 'bash' ? 1 : 2,
      );
    if (one.list !== undefined) return this.#assignList(one, isKeyed, isInteger);
    const value = await expandText(this, one.value, true);
    const known = variables.find(one.name);
    const counts = isInteger || known?.isInteger === true;
    if (one.index === undefined) {
      const before = one.isAppend ? (variables.get(one.name) ?? '') : '';
      await this.assign(one.name, counts ? this.#sum(one.isAppend ? before : '', value) : before + value);
      return;
    }
    const variable = variables.declare(one.name);
    const key = await this.#key(one.name, one.index);
    variable.list ??= new Map(variable.value === undefined ? [] : [['0', variable.value]]);
    const before = one.isAppend ? (variable.list.get(key) ?? '') : '';
    variable.list.set(
      key,
      cased(variable, this.#bounded(counts ? this.#sum(before, value) : before + value)),
    );
  }

  /** An integer variable's new value: the expression, added to what was there before. */
  #sum(before: string, value: string): string {
    try {
      return evaluateArithmetic(
        before === '' ? value : `${before}+(${value})`,
        arithmeticScope(this),
      ).toString();
    } catch (error) {
      if (!(error instanceof ArithmeticFailure)) throw error;
      throw new ExpansionFailure(`${value}: ${error.reason} (error token is "${error.token}")`);
    }
  }

  #bounded(value: string): string {
    if (value.length > LIMITS.outputCharactersMax)
      throw new SystemFailure(`xrealloc: cannot allocate ${value.length} bytes`);
    return value;
  }

  async #key(name: string, index: readonly WordPart[]): Promise<string> {
    const text = await expandParts(this, index);
    const variable = this.state.variables.find(name);
    if (variable?.isKeyed === true) return text;
    const at = Number(evaluateArithmetic(text, arithmeticScope(this)));
    if (at < 0 && -at > Math.max(-1, ...[...(variable?.list?.keys() ?? [])].map(Number)) + 1)
      throw new ExpansionFailure(`${name}[${text}]: bad array subscript`);
    return String(at < 0 ? at + Math.max(-1, ...[...(variable?.list?.keys() ?? [])].map(Number)) + 1 : at);
  }

  async #assignList(one: Assignment, isKeyed: boolean, isInteger: boolean): Promise<void> {
    const variable = this.state.variables.declare(one.name);
    if (isKeyed) variable.isKeyed = true;
    const list = one.isAppend ? (variable.list ?? new Map<string, string>()) : new Map<string, string>();
    let next = 0;
    if (variable.isKeyed !== true) for (const key of list.keys()) next = Math.max(next, Number(key) + 1);
    if (variable.isKeyed === true && one.list?.[0] !== undefined && one.list[0].index === undefined) {
      const words: string[] = [];
      for (const element of one.list) words.push(...(await expandWords(this, [element.value])));
      for (let at = 0; at < words.length; at += 2) list.set(words[at] ?? '', words[at + 1] ?? '');
      variable.list = list;
      return;
    }
    for (const element of one.list ?? []) {
      if (element.index !== undefined) {
        const key = await this.#key(one.name, element.index);
        list.set(key, await expandText(this, element.value));
        next = Number(key) + 1;
      } else for (const value of await expandWords(this, [element.value])) list.set(String(next++), value);
    }
    if (list.size > LIST_MAX) throw new SystemFailure(`xrealloc: cannot allocate ${list.size} elements`);
    if (list.size > 256) await this.interruptible(() => this.sys.burn(list.size >> 4));
    if (isInteger || variable.isInteger === true)
      for (const [key, value] of list) list.set(key, this.#sum('', value));
    if (variable.letterCase !== undefined)
      for (const [key, value] of list) list.set(key, cased(variable, value));
    variable.list = list;
  }

  /** Sets a variable. @throws ExpansionFailure when it is read-only. */
  async assign(name: string, value: string): Promise<void> {
    const element = /^([A-Za-z_][A-Za-z0-9_]*)\[(.*)\]$/s.exec(name);
    if (element !== null) return this.#assignElement(element[1] ?? '', element[2] ?? '', value);
    if (this.state.assignDynamic(name, value, this.nowMs())) return;
    const text =
      this.state.variables.find(name)?.isInteger === true && !/^-?[0-9]+$/.test(value)
        ? this.#sum('', value)
        : value;
    if (!this.state.variables.set(name, this.#bounded(text)))
      throw new ExpansionFailure(`${name}: readonly variable`, this.state.dialect === 'bash' ? 1 : 2);
    if (this.state.options.has('allexport')) this.state.variables.declare(name).isExported = true;
  }

  async #assignElement(name: string, subscript: string, value: string): Promise<void> {
    const variable = this.state.variables.declare(name);
    if (variable.isReadonly === true) throw new ExpansionFailure(`${name}: readonly variable`);
    const key = await this.#key(name, [{ kind: 'text', text: subscript, isQuoted: true }]);
    variable.list ??= new Map(variable.value === undefined ? [] : [['0', variable.value]]);
    variable.list.set(key, cased(variable, this.#bounded(value)));
  }

  async #withAssignments(assignments: readonly Assignment[], run: () => Promise<void>): Promise<void> {
    if (assignments.length === 0) return run();
    const { variables } = this.state;
    const saved = assignments.map((one) => [one.name, variables.find(one.name)] as const);
    try {
      for (const one of assignments) {
        variables.put(one.name, { value: variables.get(one.name), isExported: true });
        await this.#assignOne(one);
      }
      await run();
    } catch (error) {
      if (error instanceof ExpansionFailure) await this.#expansionFailed(error);
      else throw error;
    } finally {
      for (const [name, variable] of saved) {
        if (variable === undefined) variables.unset(name);
        else variables.put(name, variable);
      }
    }
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
    const loops = this.#loops;
    const { line } = state;
    const hidden = this.#hideTraps();
    state.positional = argv.slice(1);
    state.variables.pushScope();
    state.depth++;
    state.calls.push({ name: argv[0] ?? '', source: state.functionSources.get(argv[0] ?? '') ?? '', line });
    this.#loops = 0;
    try {
      await this.#runCommand(body);
    } catch (error) {
      if (!(error instanceof FunctionReturn)) throw error;
      state.status = error.status;
    } finally {
      for (const [name, text] of hidden) if (!state.traps.has(name)) state.traps.set(name, text);
      this.#loops = loops;
      state.depth--;
      state.variables.popScope();
      state.positional = saved;
    }
    const trap = state.options.has('functrace') ? state.traps.get('RETURN') : undefined;
    if (trap !== undefined && trap !== '') await this.runTrap(trap);
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

  async #external(
    command: Extract<Command, { kind: 'simple' }>,
    argv: string[],
    isLeaf: boolean,
  ): Promise<void> {
    const env = this.exported();
    for (const one of command.assignments) env.set(one.name, await expandText(this, one.value, true));
    await this.runExternal(argv, env, isLeaf ? 'here' : 'child', () =>
      (this.state.dialect === 'bash' ? printChain : plainChain)({
        first: { commands: [command], isNegated: false, timing: 'none' },
        rest: [],
      }),
    );
  }

  /** Runs a program: as a child, or in this very process (`exec`, the last command of a subshell process). Sets the status. */
  async runExternal(
    argv: readonly string[],
    env: Map<string, string>,
    where: 'here' | 'child',
    text: () => string,
    isExec = false,
  ): Promise<void> {
    const name = argv[0] ?? '';
    const found = findProgram(
      this.machine,
      this.state.cwd,
      env.get('PATH') ?? this.state.variables.get('PATH') ?? '',
      name,
    );
    const own = found.isPlain === true ? this.machine.program(this.state.dialect) : undefined;
    if (found.kind !== 'program') {
      this.state.status = await this.#notFound(
        name,
        found.kind,
        env.get('PATH') ?? this.state.variables.get('PATH') ?? '',
        isExec,
      );
      return;
    }
    env.set('_', found.path);
    const words =
      found.prefix.length > 0 ? [...found.prefix, found.shown ?? found.path, ...argv.slice(1)] : argv;
    this.#countHash(name, found.path);
    const parts = {
      argv: words,
      env,
      cwd: this.state.cwd,
      machine: this.machine,
      descriptors: this.descriptors,
    };
    const program = own ?? found.program;
    if (where === 'here') {
      this.state.status = await program(createProcess({ ...parts, sys: this.sys }));
      return;
    }
    const child = spawnProgram(this.sys, program, parts, this.hasJobControl ? 'new' : undefined);
    const statuses = await this.waitForeground([child], text());
    if (statuses !== undefined) this.state.status = statuses[0] ?? 0;
  }

  #countHash(name: string, path: string): void {
    if (name.includes('/') || this.state.dialect !== 'bash') return;
    const known = this.state.hashed.get(name);
    if (known !== undefined) known.count++;
    else if (this.state.hashed.size < 500) this.state.hashed.set(name, { path, count: 1 });
  }

  async #notFound(
    name: string,
    kind: 'missing' | 'denied' | 'folder' | 'interpreter',
    path: string,
    isExec: boolean,
  ): Promise<number> {
    const isBash = this.state.dialect === 'bash';
    if (kind === 'interpreter')
      return isBash
        ? this.complain(`${name}: cannot execute: required file not found`, 127)
        : this.complain(`${name}: not found`, 127);
    if (isExec && kind === 'missing')
      return this.complain(
        `exec: ${name}: ${isBash && name.includes('/') ? 'cannot execute: No such file or directory' : 'not found'}`,
        127,
      );
    if (kind === 'folder')
      return this.complain(`${name}: ${isBash ? 'Is a directory' : 'Permission denied'}`, 126);
    if (kind === 'denied') return this.complain(`${name}: Permission denied`, 126);
    if (isBash && (name.includes('/') || path === ''))
      return this.complain(`${name}: No such file or directory`, 127);
    return this.complain(isBash ? `${name}: command not found` : `${name}: not found`, 127);
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

  async output(body: Script): Promise<string> {
    const { parts, descriptor } = collector();
    const descriptors = new Map<number, Descriptor>(this.descriptors);
    descriptors.set(1, descriptor);
    const input = onlyRedirect(body);
    if (input !== undefined) {
      let open: Descriptors;
      try {
        open = await this.#open([input]);
      } catch (error) {
        if (!(error instanceof RedirectFailure)) throw error;
        await this.complain(error.message);
        this.#outputStatus = 1;
        return '';
      }
      this.#outputStatus = 0;
      return ((await open.get(0)?.stream?.readAll(this.sys)) ?? '').replace(/\n+$/, '');
    }
    this.#outputStatus = await this.subshell((shell) => {
      if (
        this.state.dialect === 'bash' &&
        !this.state.shopts.has('inherit_errexit') &&
        !this.state.options.has('posix')
      )
        shell.state.options.delete('errexit');
      return shell.nested(() => shell.runScript(body));
    }, descriptors);
    this.state.status = this.#outputStatus;
    const text = parts.join('');
    if (text.includes('\0')) await this.complain('warning: command substitution: ignored null byte in input');
    return text.replace(/\0/g, '').replace(/\n+$/, '');
  }

  /** `< <(…)`: the command runs beside this one, its output comes through a pipe. */
  async processStream(body: Script): Promise<Stream> {
    const output = new Stream();
    const descriptors = new Map(this.descriptors);
    descriptors.set(1, pipeEnd(output));
    const group: Command = { kind: 'group', body, redirects: [], line: this.state.line };
    const child = await this.#spawnCommand(group, descriptors, undefined, () => output.end());
    this.state.lastJobPid = child.handle.pid;
    return output;
  }

  /** Opens `/dev/tcp/HOST/PORT`. @throws RedirectFailure */
  async openSocket(protocol: 'tcp' | 'udp', host: string, port: string, target: string): Promise<Descriptor> {
    const opened = await this.machine.openSocket?.(this.sys, protocol, host, port);
    if (opened === undefined) throw new RedirectFailure(`${target}: Network is unreachable`);
    if (!('error' in opened)) return opened;
    if (opened.isUnknown) await this.complain(`${host}: ${opened.error}`);
    else await this.err(`${this.state.name}: connect: ${opened.error}\n`);
    throw new RedirectFailure(`${target}: ${opened.isUnknown ? 'Invalid argument' : opened.error}`);
  }

  async processPath(body: Script, direction: '<' | '>'): Promise<string> {
    const path = `/dev/fd/${63 - (this.#processFiles++ % 32)}`;
    const { parts, descriptor } = collector(LIMITS.fileCharactersMax - 1);
    const { status } = this.state;
    if (direction === '<') {
      const descriptors = new Map<number, Descriptor>(this.descriptors);
      descriptors.set(1, descriptor);
      await this.subshell((shell) => shell.runScript(body), descriptors);
    } else this.#sinks.push({ path, body });
    this.state.status = status;
    this.files.makeFolder('/dev/fd', this.nowMs(), { parents: true });
    this.files.write(path, parts.join(''), this.nowMs());
    return path;
  }

  #dropProcessFiles(from: number): void {
    while (this.#processFiles > from) this.files.remove(`/dev/fd/${63 - (--this.#processFiles % 32)}`);
    if (this.#processFiles === 0) this.files.remove('/dev/fd');
  }

  special(name: string): string | undefined {
    const { state } = this;
    switch (name) {
      case '?':
        return String(state.status);
      case '$':
        return String(state.pid);
      case '!':
        return state.lastJobPid === undefined ? undefined : String(state.lastJobPid);
      case '#':
        return String(state.positional.length);
      case '-':
        return optionLetters(state);
      default:
        return state.dialect === 'dash' && name !== 'PPID' ? undefined : this.#dynamic(name);
    }
  }

  #dynamic(name: string): string | undefined {
    const { state } = this;
    switch (name) {
      case 'RANDOM':
        return state.dialect === 'bash' || state.dialect === 'ash' ? String(state.nextRandom()) : undefined;
      case 'SRANDOM':
        return String(state.nextRandom() * 65_536 + state.nextRandom() * 2);
      case 'EPOCHREALTIME':
        return `${Math.floor(this.nowMs() / 1000)}.${String(this.nowMs() % 1000).padStart(3, '0')}000`;
      case 'BASH_SUBSHELL':
        return String(state.subshells);
      case 'BASH_COMMAND':
        return this.#current === undefined
          ? undefined
          : printChain({ first: { commands: [this.#current], isNegated: false, timing: 'none' }, rest: [] });
      case 'FUNCNAME':
      case 'BASH_SOURCE':
      case 'BASH_LINENO':
      case 'DIRSTACK':
        return this.specialList(name)?.[0];
      case 'PPID':
        return String(
          this.sys.processes(this.machine.id).find((one) => one.pid === state.pid)?.parentPid ?? 1,
        );
      case 'UID':
      case 'EUID':
        return this.machine.user === 'root' ? '0' : '1000';
      case 'GROUPS':
        return this.machine.user === 'root' ? '0' : '1000';
      case 'BASHOPTS':
        return [...state.shopts].sort().join(':');
      case 'SHELLOPTS':
        return [...new Set([...ALWAYS_ON, ...state.options])].sort().join(':');
      case '_':
        return state.lastWord ?? state.variables.get('_');
      case 'HISTCMD':
        return String(state.historyBase + state.history.length);
      case 'SECONDS':
        return String(Math.floor((this.nowMs() - state.startedMs) / 1000));
      case 'LINENO':
        return String(state.line);
      case 'EPOCHSECONDS':
        return String(Math.floor(this.nowMs() / 1000));
      case 'BASHPID':
        return String(this.sys.pid);
      case 'PIPESTATUS':
        return String(state.pipeStatus[0] ?? 0);
      case 'HOSTNAME':
        return this.machine.hostname;
      case 'COLUMNS':
        return this.#terminal()?.columns.toString();
      case 'LINES':
        return this.#terminal()?.rows.toString();
      default:
        return undefined;
    }
  }

  /** The elements of an array that is no variable; undefined when `name` is none of these. */
  specialList(name: string): readonly string[] | undefined {
    const { state } = this;
    if (state.dialect !== 'bash') return undefined;
    const calls = [...state.calls].reverse();
    const bottom = state.source === '' ? [] : [state.source];
    switch (name) {
      case 'PIPESTATUS':
        return state.pipeStatus.map(String);
      case 'FUNCNAME':
        return calls.length === 0
          ? []
          : [...calls.map((call) => call.name), ...(state.source === '' ? [] : ['main'])];
      case 'BASH_SOURCE':
        return [...calls.map((call) => call.source), ...bottom];
      case 'BASH_LINENO':
        return [...calls.map((call) => String(call.line)), ...bottom.map(() => '0')];
      case 'DIRSTACK':
        return [state.cwd, ...state.folders];
      case 'GROUPS':
        return [this.machine.user === 'root' ? '0' : '1000'];
      default:
        return undefined;
    }
  }

  #terminal(): { readonly columns: number; readonly rows: number } | undefined {
    return this.state.isInteractive
      ? [...this.descriptors.values()].find((one) => one.terminal !== undefined)?.terminal
      : undefined;
  }
}

/** The writing end of a pipe. */
export function pipeEnd(stream: Stream): Descriptor {
  return { write: (sys, text) => stream.write(sys, text) };
}

/** Collects what is written, up to a bound that a real machine's memory would set. */
function collector(most: number = LIMITS.outputCharactersMax): { parts: string[]; descriptor: Descriptor } {
  const parts: string[] = [];
  let length = 0;
  const write = async (_sys: Sys, text: string): Promise<void> => {
    length += text.length;
    if (length > most) throw new SystemFailure(`xrealloc: cannot allocate ${length} bytes`);
    parts.push(text);
  };
  return { parts, descriptor: { write } };
}

const ALWAYS_ON = ['braceexpand', 'hashall', 'interactive-comments'];
const SHOWN_LETTERS: readonly (readonly [string, string])[] = [
  ['allexport', 'a'],
  ['errexit', 'e'],
  ['noglob', 'f'],
  ['noexec', 'n'],
  ['nounset', 'u'],
  ['verbose', 'v'],
  ['xtrace', 'x'],
  ['noclobber', 'C'],
  ['errtrace', 'E'],
  ['functrace', 'T'],
];

/** `$-`: the letters of the options that are on, as each shell orders them. */
function optionLetters(state: ShellState): string {
  const on = SHOWN_LETTERS.filter(([name]) => state.options.has(name)).map(([, letter]) => letter);
  const small = on.filter((letter) => letter >= 'a');
  const large = on.filter((letter) => letter < 'a');
  if (state.dialect !== 'bash') return `${[...small, ...large].join('')}${state.isInteractive ? 'im' : ''}`;
  const lower = [...small, 'h', ...(state.isInteractive ? ['i', 'm'] : [])].sort().join('');
  const upper = ['B', ...large, ...(state.isInteractive ? ['H'] : [])].sort().join('');
  return `${lower}${upper}${state.isCommandText ? 'c' : state.isInteractive ? 's' : ''}`;
}

/** The menu of `select`: in columns when the screen is wide enough for two. */
function selectMenu(values: readonly string[], columns: number): string {
  const digits = String(values.length).length;
  const widest = Math.max(...values.map((value) => value.length)) + digits + 2;
  const perRow = Math.max(1, Math.floor(columns / (widest + 2)));
  const rows = Math.ceil(values.length / perRow);
  const lines: string[] = [];
  const isOneColumn = values.length <= 1 || rows === values.length || rows === 1;
  const count = isOneColumn ? values.length : rows;
  for (let row = 0; row < count; row++) {
    let line = '';
    for (let at = row; at < values.length; at += count) {
      const cell = `${String(at + 1).padStart(digits)}) ${values[at] ?? ''}`;
      line += at + count < values.length ? cell.padEnd(widest + 2) : cell;
    }
    lines.push(`${line}\n`);
  }
  return lines.join('');
}

/** `$(<file)`: a script that is nothing but one input redirection. */
function onlyRedirect(body: Script): Redirect | undefined {
  const [item] = body.items;
  const [command] = item?.chain.first.commands ?? [];
  if (
    body.items.length !== 1 ||
    command?.kind !== 'simple' ||
    command.words.length > 0 ||
    command.assignments.length > 0
  )
    return undefined;
  return command.redirects.length === 1 && command.redirects[0]?.operator === '<'
    ? command.redirects[0]
    : undefined;
}

function isHarmless(part: WordPart): boolean {
  if (part.kind === 'text') return true;
  if (part.kind === 'double') return part.parts.every(isHarmless);
  return (
    part.kind === 'parameter' &&
    part.parameter.operator === undefined &&
    part.parameter.bad === undefined &&
    part.parameter.index === undefined
  );
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
