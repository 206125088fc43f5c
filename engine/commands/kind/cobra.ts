import { parseFlags } from '../hubble/flags.ts';
import { layOutFlags, layOutUsage } from '../hubble/usage.ts';
import { didYouMean, quoteGo } from '../kubectl/text.ts';

/** A flag of a command, in pflag's terms. */
export type Flag = {
  readonly name: string;
  readonly short?: string;
  readonly kind: 'bool' | 'string' | 'strings' | 'int32' | 'duration';
  readonly about: string;
  readonly initial?: string;
};

/** What a command line gave: values by flag name, and the other words. */
export type Line = {
  readonly values: ReadonlyMap<string, string>;
  readonly args: readonly string[];
  /** True when the flag was written. */
  readonly has: (name: string) => boolean;
};

/** A command of a cobra tree. */
export type Command<Run> = {
  readonly name: string;
  /** What follows the name on its usage line. */
  readonly usage?: string;
  readonly short: string;
  readonly flags?: readonly Flag[];
  readonly children?: readonly Command<Run>[];
  /** Refuses the words that follow; undefined: they are fine. */
  readonly args?: (path: string, args: readonly string[]) => string | undefined;
  /** Absent on the root, which only prints its help. */
  readonly run?: Run;
};

/** What to do with a command line: run something, show a help, or say what is wrong with it. */
export type Parsed<Run> =
  | { readonly kind: 'run'; readonly command: Command<Run>; readonly path: string; readonly line: Line }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'error'; readonly text: string };

/** Reads a command line as cobra does: subcommands first, flags anywhere. */
export function parseLine<Run>(
  root: Command<Run>,
  globals: readonly Flag[],
  words: readonly string[],
): Parsed<Run> {
  const { chain, rest } = descend(root, globals, words);
  const command = chain.at(-1) ?? root;
  const path = chain.map((one) => one.name).join(' ');
  if (command === root && rest[0] === 'help') return helpOf(root, globals, rest.slice(1));
  const flags = [...globals, ...(command.flags ?? []), HELP, ...(command === root ? [VERSION] : [])];
  const isRootGuess = command === root && rest.find((word) => !word.startsWith('-'));
  if (typeof isRootGuess === 'string' && isRootGuess !== '')
    return { kind: 'error', text: unknownCommand(root, path, isRootGuess) };
  const read = readFlags(flags, rest);
  if ('error' in read) return { kind: 'error', text: read.error };
  if (read.values.get('help') === 'true') return { kind: 'help', text: help(chain, globals) };
  if (read.values.get('version') === 'true') return { kind: 'version' };
  if (command.run === undefined) return { kind: 'help', text: help(chain, globals) };
  const refused = command.args?.(path, read.args);
  if (refused !== undefined) return { kind: 'error', text: refused };
  const values = new Map(
    flags.map((flag) => [flag.name, flag.initial ?? (flag.kind === 'bool' ? 'false' : '')]),
  );
  for (const [name, value] of read.values) values.set(name, value);
  const line: Line = { values, args: read.args, has: (name) => read.values.has(name) };
  return { kind: 'run', command, path, line };
}

/** cobra.NoArgs. */
export function noArgs(path: string, args: readonly string[]): string | undefined {
  return args.length === 0 ? undefined : `unknown command ${quoteGo(args[0] ?? '')} for ${quoteGo(path)}`;
}

/** cobra.MaximumNArgs(1). */
export function atMostOne(_path: string, args: readonly string[]): string | undefined {
  return args.length <= 1 ? undefined : `accepts at most 1 arg(s), received ${args.length}`;
}

const HELP: Flag = { name: 'help', short: 'h', kind: 'bool', about: '' };
const VERSION: Flag = { name: 'version', kind: 'bool', about: '' };

/** Follows subcommands; flags on the way stay for the command that is found. */
function descend<Run>(
  root: Command<Run>,
  globals: readonly Flag[],
  words: readonly string[],
): { readonly chain: readonly Command<Run>[]; readonly rest: readonly string[] } {
  const chain = [root];
  const rest: string[] = [];
  let at = 0;
  while (at < words.length) {
    const word = words[at] ?? '';
    if (word === '--') break;
    const command = chain.at(-1) ?? root;
    if (word.startsWith('-') && word !== '-') {
      rest.push(word);
      at++;
      // The value of a flag is no command.
      if (wantsNext(word, [...globals, ...(command.flags ?? [])]) && at < words.length)
        rest.push(words[at++] ?? '');
      continue;
    }
    const child = command.children?.find((one) => one.name === word);
    if (child === undefined) break;
    chain.push(child);
    at++;
  }
  return { chain, rest: [...rest, ...words.slice(at)] };
}

function wantsNext(word: string, flags: readonly Flag[]): boolean {
  if (word.includes('=')) return false;
  const flag = word.startsWith('--')
    ? flags.find((one) => one.name === word.slice(2))
    : word.length === 2
      ? flags.find((one) => one.short === word[1])
      : undefined;
  return flag !== undefined && flag.kind !== 'bool';
}

type Read =
  | { readonly values: ReadonlyMap<string, string>; readonly args: readonly string[] }
  | { readonly error: string };

function readFlags(flags: readonly Flag[], words: readonly string[]): Read {
  const specs = flags.map((flag) => ({
    ...flag,
    kind: flag.kind === 'bool' ? ('bool' as const) : ('value' as const),
    type: flag.kind,
  }));
  const parsed = parseFlags(words, specs);
  if ('error' in parsed) return parsed;
  const values = new Map<string, string>();
  for (const { name, value } of parsed.uses) {
    const before = values.get(name);
    const isList =
      before !== undefined && flags.some((flag) => flag.name === name && flag.kind === 'strings');
    values.set(name, isList ? `${before},${value}` : value);
  }
  return { values, args: parsed.rest };
}

function helpOf<Run>(root: Command<Run>, globals: readonly Flag[], rest: readonly string[]): Parsed<Run> {
  const own: Command<Run> = { ...HELP_COMMAND, usage: '[command]' };
  const read = readFlags([...globals, HELP], rest);
  if ('error' in read) return { kind: 'error', text: read.error };
  const words = read.args;
  if (read.values.get('help') === 'true' || words[0] === HELP_COMMAND.name)
    return { kind: 'help', text: help([root, own], globals) };
  const chain = [root];
  for (const word of words) {
    const child = chain.at(-1)?.children?.find((one) => one.name === word);
    if (child === undefined) {
      const text =
        chain.length === 1
          ? `Unknown help topic [\`${words.join('` `')}\`]\n${usage(chain, globals).replace(/^ +(-h, --help|--version) .*\n/gm, '')}`
          : help(chain, globals);
      return { kind: 'help', text };
    }
    chain.push(child);
  }
  return { kind: 'help', text: help(chain, globals) };
}

function unknownCommand<Run>(root: Command<Run>, path: string, word: string): string {
  const names = (root.children ?? []).map((one) => one.name);
  return `unknown command ${quoteGo(word)} for ${quoteGo(path)}${didYouMean(word, names)}`;
}

/** The help of a command (cobra's default template). */
export function help<Run>(chain: readonly Command<Run>[], globals: readonly Flag[]): string {
  const command = chain.at(-1);
  return `${command?.short ?? ''}\n\n${usage(chain, globals)}`;
}

function usage<Run>(chain: readonly Command<Run>[], globals: readonly Flag[]): string {
  const command = chain.at(-1);
  if (command === undefined) return '';
  const isRoot = chain.length === 1;
  const children = [...(command.children ?? []), ...(isRoot ? [HELP_COMMAND] : [])];
  const runs = command.run !== undefined || command.name === HELP_COMMAND.name;
  const own = { ...HELP, about: `help for ${command.name}` };
  const version = { ...VERSION, about: `version for ${command.name}` };
  const flags = [...(command.flags ?? []), own, ...(isRoot ? [version, ...globals] : [])];
  return layOutUsage(
    {
      name: chain.map((one) => one.name).join(' '),
      usage: runs ? `${command.usage ?? ''} [flags]`.trimStart() : undefined,
      children: children.map((one) => [one.name, one.short] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
    },
    `Flags:\n${flagLines(flags)}${isRoot ? '' : `\nGlobal Flags:\n${flagLines(globals)}`}`,
  );
}

const HELP_COMMAND = { name: 'help', short: 'Help for any command' };

function flagLines(flags: readonly Flag[]): string {
  return layOutFlags(
    flags.map(({ name, short, kind, about, initial = '0' }) => ({
      name,
      short,
      type: kind === 'bool' ? '' : kind,
      about: initial === '0' ? about : `${about} (default ${quoteGo(initial)})`,
    })),
  );
}
