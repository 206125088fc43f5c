import { LIMITS } from '../base/limits.ts';
import type { Sys } from '../base/process.ts';
import { Stream } from '../base/stream.ts';
import type { Command, Redirect, Script } from './ast.ts';
import { SystemFailure } from './control.ts';
import type { Interpreter } from './interpreter.ts';
import { pipeEnd, spawnCommand } from './pipelines.ts';
import { textStream } from './process.ts';
import type { Descriptor, Descriptors } from './process.ts';
import { RedirectFailure } from './redirect.ts';

/** What `$(…)` gives: the output without its last newlines. Sets the status. */
export async function commandOutput(shell: Interpreter, body: Script): Promise<string> {
  const { parts, descriptor } = collector();
  const descriptors = new Map<number, Descriptor>(shell.descriptors);
  descriptors.set(1, descriptor);
  const input = onlyRedirect(body);
  if (input !== undefined) {
    let open: Descriptors;
    try {
      open = await shell.open([input]);
    } catch (error) {
      if (!(error instanceof RedirectFailure)) throw error;
      await shell.complain(error.message);
      shell.outputStatus = 1;
      return '';
    }
    shell.outputStatus = 0;
    return ((await open.get(0)?.stream?.readAll(shell.sys)) ?? '').replace(/\n+$/, '');
  }
  shell.outputStatus = await shell.subshell((shell) => {
    if (
      shell.state.dialect === 'bash' &&
      !shell.state.shopts.has('inherit_errexit') &&
      !shell.state.options.has('posix')
    )
      shell.state.options.delete('errexit');
    return shell.nested(() => shell.runScript(body));
  }, descriptors);
  shell.state.status = shell.outputStatus;
  const text = parts.join('');
  if (text.includes('\0')) await shell.complain('warning: command substitution: ignored null byte in input');
  return text.replace(/\0/g, '').replace(/\n+$/, '');
}

/** `< <(…)`: the command runs beside this one, its output comes through a pipe. */
export async function processStream(shell: Interpreter, body: Script): Promise<Stream> {
  const output = new Stream();
  const descriptors = new Map(shell.descriptors);
  descriptors.set(1, pipeEnd(output));
  const group: Command = { kind: 'group', body, redirects: [], line: shell.state.line };
  const child = await spawnCommand(shell, group, descriptors, undefined, () => output.end());
  shell.state.lastJobPid = child.handle.pid;
  return output;
}

/** Opens `/dev/tcp/HOST/PORT`. @throws RedirectFailure */
export async function openSocket(
  shell: Interpreter,
  protocol: 'tcp' | 'udp',
  host: string,
  port: string,
  target: string,
): Promise<Descriptor> {
  const opened = await shell.machine.openSocket?.(shell.sys, protocol, host, port);
  if (opened === undefined) throw new RedirectFailure(`${target}: Network is unreachable`);
  if (!('error' in opened)) return opened;
  if (opened.isUnknown) await shell.complain(`${host}: ${opened.error}`);
  else await shell.err(`${shell.state.name}: connect: ${opened.error}\n`);
  throw new RedirectFailure(`${target}: ${opened.isUnknown ? 'Invalid argument' : opened.error}`);
}

/** `<(…)` and `>(…)`: the path of a file that holds the output, or takes the input. */
export async function processPath(shell: Interpreter, body: Script, direction: '<' | '>'): Promise<string> {
  const path = `/dev/fd/${63 - (shell.processFiles++ % 32)}`;
  const { parts, descriptor } = collector(LIMITS.fileCharactersMax - 1);
  const { status } = shell.state;
  if (direction === '<') {
    const descriptors = new Map<number, Descriptor>(shell.descriptors);
    descriptors.set(1, descriptor);
    await shell.subshell((shell) => shell.runScript(body), descriptors);
  } else shell.sinks.push({ path, body });
  shell.state.status = status;
  shell.files.makeFolder('/dev/fd', shell.nowMs(), { parents: true });
  shell.files.write(path, parts.join(''), shell.nowMs());
  return path;
}

/** Removes the files of `<(…)` that came after the first `from`. */
export function dropProcessFiles(shell: Interpreter, from: number): void {
  while (shell.processFiles > from) shell.files.remove(`/dev/fd/${63 - (--shell.processFiles % 32)}`);
  if (shell.processFiles === 0) shell.files.remove('/dev/fd');
}

/** Gives what was written to `>(…)` to its commands. */
export async function runSinks(shell: Interpreter, from: number): Promise<void> {
  const { status } = shell.state;
  for (const { path, body } of shell.sinks.splice(from)) {
    const content = shell.files.read(path);
    const descriptors = new Map(shell.descriptors);
    descriptors.set(0, { stream: textStream('content' in content ? content.content : '') });
    await shell.subshell((shell) => shell.runScript(body), descriptors);
  }
  shell.state.status = status;
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
