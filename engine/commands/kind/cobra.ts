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
  const values = new Map<string, string>();
  const args: string[] = [];
  const set = (flag: Flag, value: string): string | undefined => {
    const fault = faultOf(flag, value);
    if (fault !== undefined) {
      const shown = flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`;
      return `invalid argument ${quoteGo(value)} for ${quoteGo(shown)} flag: ${fault}`;
    }
    const before = values.get(flag.name);
    values.set(flag.name, flag.kind === 'strings' && before !== undefined ? `${before},${value}` : value);
    return undefined;
  };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') {
      args.push(...words.slice(at + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      args.push(word);
      continue;
    }
    const error = word.startsWith('--') ? long(word) : shorts(word);
    if (error !== undefined) return { error };

    function long(text: string): string | undefined {
      const equals = text.indexOf('=');
      const name = text.slice(2, equals < 0 ? undefined : equals);
      if (name === '' || name.startsWith('-')) return `bad flag syntax: ${text}`;
      const flag = flags.find((one) => one.name === name);
      if (flag === undefined) return `unknown flag: --${name}`;
      if (equals >= 0) return set(flag, text.slice(equals + 1));
      if (flag.kind === 'bool') return set(flag, 'true');
      const next = words[at + 1];
      if (next === undefined) return `flag needs an argument: --${name}`;
      at++;
      return set(flag, next);
    }

    function shorts(text: string): string | undefined {
      for (let i = 1; i < text.length; i++) {
        const flag = flags.find((one) => one.short === text[i]);
        if (flag === undefined)
          return `unknown shorthand flag: ${quoteGo(text[i] ?? '').replace(/^"|"$/g, "'")} in ${text.startsWith('--') ? text : `-${text.slice(i)}`}`;
        if (text[i + 1] === '=') return set(flag, text.slice(i + 2));
        if (flag.kind === 'bool') {
          const fault = set(flag, 'true');
          if (fault !== undefined) return fault;
          continue;
        }
        if (i + 1 < text.length) return set(flag, text.slice(i + 1));
        const next = words[at + 1];
        if (next === undefined) return `flag needs an argument: '${text[i]}' in -${text.slice(i)}`;
        at++;
        return set(flag, next);
      }
      return undefined;
    }
  }
  return { values, args };
}

function faultOf(flag: Flag, value: string): string | undefined {
  switch (flag.kind) {
    case 'bool':
      return /^(1|0|t|f|T|F|true|false|TRUE|FALSE|True|False)$/.test(value)
        ? undefined
        : `strconv.ParseBool: parsing ${quoteGo(value)}: invalid syntax`;
    case 'int32':
      if (!/^[+-]?\d+$/.test(value)) return `strconv.ParseInt: parsing ${quoteGo(value)}: invalid syntax`;
      return Math.abs(Number(value)) > 2 ** 31 - 1
        ? `strconv.ParseInt: parsing ${quoteGo(value)}: value out of range`
        : undefined;
    case 'duration':
      return durationFault(value);
    default:
      return undefined;
  }
}

function durationFault(value: string): string | undefined {
  if (/^[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+)$/.test(value)) return undefined;
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(value)) return `time: missing unit in duration ${quoteGo(value)}`;
  const unit = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))*(?:\d+(?:\.\d*)?|\.\d+)([^\d.]+)/.exec(
    value,
  );
  return unit === null
    ? `time: invalid duration ${quoteGo(value)}`
    : `time: unknown unit ${quoteGo(unit[1] ?? '')} in duration ${quoteGo(value)}`;
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
  const path = chain.map((one) => one.name).join(' ');
  const isRoot = chain.length === 1;
  const lines = ['Usage:'];
  if (command.run !== undefined || command.name === HELP_COMMAND.name)
    lines.push(`  ${path}${command.usage === undefined ? '' : ` ${command.usage}`} [flags]`);
  const children = [...(command.children ?? []), ...(isRoot ? [HELP_COMMAND] : [])];
  if (children.length > 0) {
    lines.push(`  ${path} [command]`, '', 'Available Commands:');
    const width = Math.max(11, ...children.map((one) => one.name.length));
    const sorted = [...children].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const one of sorted) lines.push(`  ${one.name.padEnd(width)} ${one.short}`);
  }
  const own: Flag = { name: 'help', short: 'h', kind: 'bool', about: `help for ${command.name}` };
  const version: Flag = { name: 'version', kind: 'bool', about: `version for ${command.name}` };
  const flags = [...(command.flags ?? []), own, ...(isRoot ? [version, ...globals] : [])];
  lines.push('', 'Flags:', ...flagLines(flags));
  if (!isRoot) lines.push('', 'Global Flags:', ...flagLines(globals));
  if (children.length > 0)
    lines.push('', `Use "${path} [command] --help" for more information about a command.`);
  return `${lines.join('\n')}\n`;
}

const HELP_COMMAND = { name: 'help', short: 'Help for any command' };

function flagLines(flags: readonly Flag[]): string[] {
  const rows = [...flags]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((flag) => {
      const short = flag.short === undefined ? '      ' : `  -${flag.short}, `;
      const kind = flag.kind === 'bool' ? '' : ` ${flag.kind}`;
      const initial =
        flag.initial === undefined || flag.initial === '0' ? '' : ` (default ${quoteGo(flag.initial)})`;
      return { head: `${short}--${flag.name}${kind}`, about: `${flag.about}${initial}` };
    });
  const width = Math.max(...rows.map((row) => row.head.length));
  return rows.map((row) => `${row.head.padEnd(width)}   ${row.about}`);
}
