import type { Ports } from '../ports.ts';
import type { Process, Program } from '../../shell/program.ts';
import type { Command } from './context.ts';
import { Context } from './context.ts';
import { CommandError, errorText, exitCodeOf, isKubectlError, PrintedFault, usageError } from './errors.ts';
import type { FlagSpec } from './flags.ts';
import { GLOBAL_FLAGS, parseLine } from './flags.ts';
import { helpText, inHelpOrder, overview } from './help.ts';
import { didYouMean, quoteGo } from './text.ts';
import { COMMANDS } from './verbs/all.ts';
import { complete } from './completion.ts';

/** The program `kubectl`, as upstream's v1.32: it speaks to `ports.kube` and to nothing else of the cluster. */
export function kubectlProgram(ports: Ports): Program {
  return async (process) => {
    try {
      return await main(process, ports);
    } catch (error) {
      if (!isKubectlError(error)) throw error;
      if (error instanceof PrintedFault) await process.out(error.printed);
      await process.err(errorText(error));
      return exitCodeOf(error);
    }
  };
}

async function main(process: Process, ports: Ports): Promise<number> {
  const words = process.argv.slice(1);
  if (words[0] === '__complete' || words[0] === '__completeNoDesc')
    return complete(process, ports, words.slice(1), words[0] === '__complete');
  const found = findCommand(words);
  if ('unknown' in found) throw unknownCommand(found.unknown);
  const { command, path, rest } = found;
  const own = new Set((command?.flags ?? []).map((spec) => spec.name));
  const specs: readonly FlagSpec[] = [
    ...(command?.flags ?? []),
    ...GLOBAL_FLAGS.filter((spec) => !own.has(spec.name)),
  ];
  if (command === undefined) return runRoot(process, rest);
  const line = parse(rest, specs, path);
  if (line.flags.bool('help')) {
    await process.out(helpText(command, path));
    return 0;
  }
  if (command.run === undefined) {
    if (line.args.length > 0 && command.children !== undefined && path !== 'kubectl certificate')
      throw unknownChild(path, line.args[0] ?? '', line.args);
    // Which of the two streams is a matter of how each command was wired up (cmdutil.DefaultSubCommandRun).
    const help = helpText(command, path);
    // It was wired up as a command that does nothing but show its help.
    if (path === 'kubectl certificate') {
      await process.out(help);
      return 0;
    }
    await (HELP_ON_STDERR.has(path) ? process.err(help) : process.out(help));
    return 1;
  }
  const missing = (command.required ?? []).filter((name) => !line.flags.changed(name));
  if (missing.length > 0)
    throw new CommandError(`required flag(s) ${missing.map(quoteGo).join(', ')} not set`);
  const context = new Context(process, ports, { path, ...line });
  if (line.flags.changed('record'))
    await process.err('Flag --record has been deprecated, --record will be removed in the future\n');
  try {
    return (await command.run(context)) ?? 0;
  } finally {
    await context.flush();
  }
}

const HELP_ON_STDERR: ReadonlySet<string> = new Set([
  'kubectl create secret',
  'kubectl create service',
  'kubectl set',
  'kubectl top',
  'kubectl auth',
  'kubectl plugin',
  'kubectl config',
]);

function parse(
  words: readonly string[],
  specs: readonly FlagSpec[],
  path: string,
): ReturnType<typeof parseLine> {
  try {
    return parseLine(words, specs);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(`${error.message}\nSee '${path} --help' for usage.`);
  }
}

type FoundCommand =
  | { readonly command: Command | undefined; readonly path: string; readonly rest: readonly string[] }
  | { readonly unknown: string };

/** Walks down the tree of commands; flags may stand before a command's name. */
export function findCommand(words: readonly string[]): FoundCommand {
  let commands: readonly Command[] = COMMANDS;
  let command: Command | undefined;
  let path = 'kubectl';
  const rest: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') {
      rest.push(...words.slice(at));
      break;
    }
    if (word.startsWith('-') && word !== '-') {
      rest.push(word);
      if (takesValue(word, command) && at + 1 < words.length) rest.push(words[++at] ?? '');
      continue;
    }
    const next = commands.find((one) => one.name === word || (one.aliases ?? []).includes(word));
    if (next === undefined) {
      if (command === undefined) return { unknown: word };
      rest.push(...words.slice(at));
      break;
    }
    command = next;
    path = `${path} ${next.name}`;
    commands = next.children ?? [];
    if (commands.length === 0) {
      rest.push(...words.slice(at + 1));
      break;
    }
  }
  return { command, path, rest };
}

function takesValue(word: string, command: Command | undefined): boolean {
  if (word.includes('=')) return false;
  const specs = [...(command?.flags ?? []), ...GLOBAL_FLAGS];
  const spec = word.startsWith('--')
    ? specs.find((one) => one.name === word.slice(2))
    : word.length === 2
      ? specs.find((one) => one.short === word.slice(1))
      : undefined;
  return spec !== undefined && spec.bare === undefined;
}

async function runRoot(process: Process, rest: readonly string[]): Promise<number> {
  parse(rest, GLOBAL_FLAGS, 'kubectl');
  await process.out(overview(COMMANDS));
  return 0;
}

function unknownCommand(word: string): CommandError {
  // In the order in which they were put together.
  const names = COMMANDS.filter((one) => one.isHidden !== true).map((one) => one.name);
  return new CommandError(
    `unknown command ${quoteGo(word)} for "kubectl"${didYouMean(word, inHelpOrder(names))}`,
  );
}

function unknownChild(path: string, word: string, args: readonly string[]): CommandError {
  if (path === 'kubectl create') return usageError(path, `Unexpected args: [${args.join(' ')}]`);
  return usageError(path, `unknown command ${quoteGo(args.length > 1 ? args.join(' ') : word)}`);
}
