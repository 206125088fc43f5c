import { Stream } from '../base/stream.ts';
import { assignVariable } from './assignments.ts';
import type { Chain, Command, Compound, Pipeline, Script, WordPart } from './ast.ts';
import { BackgroundInput } from './background-input.ts';
import { builtinOf } from './builtins/table.ts';
import { ExpansionFailure, expandWords } from './expand.ts';
import { waitForeground } from './foreground.ts';
import type { Interpreter } from './interpreter.ts';
import { plainChain, printChain } from './print.ts';
import { spawnTracked, textStream } from './process.ts';
import type { Child, Descriptor, Descriptors } from './process.ts';

/** Runs a pipeline of several commands, each in a process of its own, and sets the status. */
export async function runPiped(shell: Interpreter, pipeline: Pipeline): Promise<void> {
  if (shell.state.shopts.has('lastpipe') && !shell.hasJobControl) return runLastPipe(shell, pipeline);
  const { children, closers } = await startStages(
    shell,
    pipeline.commands,
    shell.descriptors,
    shell.hasJobControl,
  );
  const text = (shell.state.dialect === 'bash' ? printChain : plainChain)({ first: pipeline, rest: [] });
  const statuses = await waitForeground(shell, children, text, closers);
  if (statuses !== undefined) pipeEnded(shell, statuses);
}

/** `( LIST )` where there is job control: a process of its own, so that it can be stopped as one. */
export async function runSubshellJob(
  shell: Interpreter,
  command: Extract<Compound, { kind: 'subshell' }>,
): Promise<void> {
  const { line } = shell.state;
  const body: Command = { kind: 'group', body: command.body, redirects: [], line };
  const { children, closers } = await startStages(shell, [body], shell.descriptors, true);
  const whole: Command = { ...command, redirects: [], line };
  const text = printChain({ first: { commands: [whole], isNegated: false, timing: 'none' }, rest: [] });
  const statuses = await waitForeground(shell, children, text, closers);
  if (statuses !== undefined) shell.state.status = statuses[0] ?? 0;
}

/** `shopt -s lastpipe`: the last command of a pipeline runs in this shell. */
async function runLastPipe(shell: Interpreter, pipeline: Pipeline): Promise<void> {
  const last = pipeline.commands.at(-1);
  if (last === undefined) return;
  const pipe = new Stream();
  const feeding = new Map(shell.descriptors);
  feeding.set(1, pipeEnd(pipe));
  const { children, closers } = await startStages(
    shell,
    pipeline.commands.slice(0, -1),
    feeding,
    false,
    pipe,
  );
  const saved = shell.descriptors;
  const reading = new Map(saved);
  reading.set(0, { stream: pipe });
  shell.descriptors = reading;
  try {
    await shell.runCommand(last);
  } finally {
    shell.descriptors = saved;
    pipe.close();
  }
  const { status } = shell.state;
  const statuses = await waitForeground(shell, children, '', closers);
  pipeEnded(shell, [...(statuses ?? []), status]);
}

function pipeEnded(shell: Interpreter, statuses: readonly number[]): void {
  shell.state.pipeStatus = [...statuses];
  const last = statuses.at(-1) ?? 0;
  const failed = shell.state.options.has('pipefail')
    ? [...statuses].reverse().find((status) => status !== 0)
    : undefined;
  shell.state.status = failed ?? last;
}

async function startStages(
  shell: Interpreter,
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
    children.push(await spawnCommand(shell, command, descriptors, group, close));
    closers.push(close);
    input = output;
  }
  return { children, closers };
}

/** Starts a process that runs one command in a copy of the shell; `close` is called at its end. */
export async function spawnCommand(
  shell: Interpreter,
  command: Command,
  descriptors: Descriptors,
  group: number | 'new' | undefined,
  close: () => void,
): Promise<Child> {
  const words = await preview(shell, command);
  const state = shell.state.clone();
  // The copy has no jobs of its own, but can tell of those that were there.
  if (command.kind === 'simple' && command.words[0]?.text === 'jobs') state.jobs = shell.state.jobs;
  return spawnTracked(shell.sys, words, shell.machine, group, async (sys) => {
    try {
      const child = shell.spawned(state, sys, descriptors);
      return await child.runToEnd(() => child.runCommand(command));
    } finally {
      close();
    }
  });
}

/** The words that `ps` shows for a command that is about to be started: expanded when that has no effects. */
async function preview(shell: Interpreter, command: Command): Promise<string[]> {
  if (
    command.kind === 'simple' &&
    command.words.length > 0 &&
    command.words.every((word) => word.parts.every(isHarmless))
  ) {
    try {
      return await expandWords(shell, command.words);
    } catch (error) {
      if (!(error instanceof ExpansionFailure)) throw error;
    }
  }
  return command.kind === 'simple' && command.words.length > 0
    ? command.words.map((word) => word.text)
    : [shell.state.name];
}

/** Starts what stands before `&`. */
export async function startJob(shell: Interpreter, chain: Chain): Promise<void> {
  const { jobs } = shell.state;
  const descriptors = new Map(shell.descriptors);
  descriptors.set(0, { stream: backgroundInput(shell) });
  const single =
    chain.rest.length === 0 && !chain.first.isNegated && chain.first.timing === 'none'
      ? chain.first
      : undefined;
  const script: Script = { items: [{ chain, isBackground: false }] };
  const commands: readonly Command[] = single?.commands ?? [
    { kind: 'group', body: script, redirects: [], line: shell.state.line },
  ];
  const { children } = await startStages(shell, commands, descriptors, shell.hasJobControl);
  // ash and dash keep no text of a script's jobs.
  const print = shell.state.dialect === 'bash' ? printChain : plainChain;
  const isKept = shell.state.isInteractive || shell.state.dialect === 'bash';
  const parts = commands.map((command) =>
    isKept ? print({ first: { commands: [command], isNegated: false, timing: 'none' }, rest: [] }) : '',
  );
  const job = jobs.add(children, isKept ? print(chain) : '', false, parts);
  shell.state.lastJobPid = children.at(-1)?.handle.pid;
  shell.state.status = 0;
  if (shell.state.isInteractive && shell.state.dialect === 'bash')
    shell.hasQuickJob = commands.some((command) => isOwn(shell, command));
  if (shell.state.isInteractive && shell.state.dialect === 'bash' && !shell.state.isSubshell)
    await shell.err(`[${job.id}] ${shell.state.lastJobPid ?? 0}\n`);
}

/** What a background job reads: nothing; of a terminal it may read once it is in front, and is stopped until then. */
function backgroundInput(shell: Interpreter): Stream {
  const input = shell.descriptors.get(0);
  if (!shell.hasJobControl || input?.terminal === undefined || input.stream === undefined)
    return textStream('');
  return new BackgroundInput(input.stream, (sys) => {
    const own = sys.processes(shell.machine.id).find((one) => one.pid === sys.pid);
    return own?.group === shell.state.foreground.group ? undefined : own;
  });
}

/** True for a simple command that needs no program. */
function isOwn(shell: Interpreter, command: Command): boolean {
  const name = command.kind === 'simple' ? command.words[0]?.text : undefined;
  if (name === undefined) return false;
  return builtinOf(name, shell.state.dialect) !== undefined || shell.programNamed(name) === undefined;
}

/** `coproc`: a background command with a pipe in each direction; its ends are in the array NAME. */
export async function startCoprocess(
  shell: Interpreter,
  command: Extract<Compound, { kind: 'coproc' }>,
): Promise<void> {
  const input = new Stream();
  const output = new Stream();
  const descriptors = new Map(shell.descriptors);
  descriptors.set(0, { stream: input });
  descriptors.set(1, pipeEnd(output));
  const close = (): void => {
    output.end();
    input.close();
  };
  const child = await spawnCommand(
    shell,
    command.body,
    descriptors,
    shell.hasJobControl ? 'new' : undefined,
    close,
  );
  const own = new Map(shell.descriptors);
  own.set(63, { stream: output, close: () => output.close() });
  own.set(60, { write: (sys, text) => input.write(sys, text), close: () => input.end() });
  shell.descriptors = own;
  shell.state.variables.put(command.name, {
    value: undefined,
    list: new Map([
      ['0', '63'],
      ['1', '60'],
    ]),
  });
  await assignVariable(shell, `${command.name}_PID`, String(child.handle.pid));
  const job = shell.state.jobs.add([child], `coproc ${command.name} ${command.text}`, false);
  if (shell.state.isInteractive) await shell.err(`[${job.id}] ${child.handle.pid}\n`);
  shell.state.lastJobPid = child.handle.pid;
  shell.state.status = 0;
}

/** The writing end of a pipe. */
export function pipeEnd(stream: Stream): Descriptor {
  return { write: (sys, text) => stream.write(sys, text) };
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
