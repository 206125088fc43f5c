import type { Process, Program } from '../../shell/program.ts';
import { errorText, isKubectlError } from '../kubectl/errors.ts';
import { childrenOf, layOutUsage } from '../hubble/usage.ts';
import { flagTable, parseLine } from '../kubectl/flags.ts';
import { optionsText } from '../kubectl/help.ts';
import { didYouMean } from '../kubectl/text.ts';
import type { Ports } from '../ports.ts';
import { CHART_COMMANDS } from './charts.ts';
import { HELM_GLOBALS, type HelmCommand, HelmContext } from './command.ts';
import { HelmFailure } from './failure.ts';
import { RELEASE_COMMANDS } from './releases.ts';

const COMMANDS: readonly HelmCommand[] = [...RELEASE_COMMANDS, ...CHART_COMMANDS];

/** Words that only hold other commands, with what they are about. */
const GROUPS: ReadonlyMap<string, string> = new Map([
  ['get', 'look into a release'],
  ['repo', 'keep places of charts'],
  ['search', 'find charts'],
  ['show', 'look into a chart'],
  ['plugin', 'keep plugins'],
]);

/** helm's commands in the order in which its suggestions come. */
const NAMES =
  'create dependency pull show lint package repo search verify get history install list test rollback status template uninstall upgrade completion env plugin version help'.split(
    ' ',
  );

const GROUP_ALIASES: ReadonlyMap<string, string> = new Map([['inspect', 'show']]);

/** helm, version 3, for the charts of the virtual internet. */
export function helmProgram(ports: Ports): Program {
  return async (process) => {
    try {
      return await run(process, ports, process.argv.slice(1));
    } catch (error) {
      if (error instanceof HelmFailure) return fail(process, error.message);
      if (isKubectlError(error))
        return fail(
          process,
          errorText(error)
            .replace(/^error: /, '')
            .trimEnd(),
        );
      throw error;
    }
  };
}

async function fail(process: Process, message: string): Promise<number> {
  await process.err(`Error: ${message}\n`);
  return 1;
}

async function run(process: Process, ports: Ports, words: readonly string[]): Promise<number> {
  const { name, group, rest } = commandWords(words);
  if (name === '') return unnamed(process, words);
  if (name === 'help') return help(process, rest);
  if (
    group !== undefined &&
    find(`${group} ${rest.find((word) => !word.startsWith('-')) ?? ''}`) === undefined
  ) {
    parseLine(rest, GLOBALS);
    await process.out(groupHelp(group));
    return 0;
  }
  const sub = group === undefined ? '' : (rest.find((word) => !word.startsWith('-')) ?? '');
  const command = find(group === undefined ? name : `${group} ${sub}`);
  if (command === undefined) {
    await process.err(
      `Error: unknown command ${JSON.stringify(name)} for "helm"${didYouMean(
        name,
        NAMES.filter((one) => one !== name),
      )}\nRun 'helm --help' for usage.\n`,
    );
    return 1;
  }
  const own = group === undefined ? rest : without(rest, sub);
  const line = parseLine(own, flagTable(`${command.flags} ${HELM_GLOBALS}`));
  if (line.flags.bool('help')) {
    await process.out(helpOf(command));
    return 0;
  }
  const problem = countProblem(command, line.args.length);
  if (problem !== undefined) return fail(process, problem);
  const format = line.flags.text('output');
  if (!['', 'table', 'json', 'yaml'].includes(format))
    return fail(
      process,
      `invalid argument ${JSON.stringify(format)} for "-o, --output" flag: invalid format type`,
    );
  await command.run(new HelmContext(process, ports, line));
  return 0;
}

const GLOBALS = flagTable(HELM_GLOBALS);

/** Flags of every command that take a value, so that the command is found behind them. */
const TAKES_VALUE = new Set(
  GLOBALS.flatMap((flag) =>
    flag.kind === 'bool' ? [] : [`--${flag.name}`, ...(flag.short === '' ? [] : [`-${flag.short}`])],
  ),
);

/** The command's first word, its group if it is one, and all other words in their order. */
function commandWords(words: readonly string[]): {
  readonly name: string;
  readonly group: string | undefined;
  readonly rest: readonly string[];
} {
  let at = 0;
  while (at < words.length && (words[at] ?? '').startsWith('-'))
    at += TAKES_VALUE.has(words[at] ?? '') ? 2 : 1;
  const name = words[at] ?? '';
  const rest = [...words.slice(at + 1), ...words.slice(0, at)];
  const group = GROUP_ALIASES.get(name) ?? (GROUPS.has(name) ? name : undefined);
  return { name, group, rest };
}

function without(words: readonly string[], word: string): readonly string[] {
  const at = words.indexOf(word);
  return words.filter((_, i) => i !== at);
}

function find(path: string): HelmCommand | undefined {
  return COMMANDS.find((command) => {
    if (command.path === path) return true;
    const [head, tail] = command.path.split(' ');
    return command.aliases?.some((alias) => (tail === undefined ? alias : `${head} ${alias}`) === path);
  });
}

async function unnamed(process: Process, words: readonly string[]): Promise<number> {
  const flag = words.find((word) => word.startsWith('-') && !['-h', '--help'].includes(word));
  if (flag !== undefined) parseLine(words, GLOBALS);
  await process.out(overview());
  return 0;
}

async function help(process: Process, words: readonly string[]): Promise<number> {
  const path = parseLine(words, GLOBALS).args.join(' ');
  const command = find(path);
  if (command !== undefined) await process.out(helpOf(command));
  else await process.out(GROUPS.has(path) ? groupHelp(path) : overview());
  return 0;
}

/** Why the number of arguments is wrong, in helm's words. */
function countProblem(command: HelmCommand, count: number): string | undefined {
  const [least, most] = command.args;
  if (count >= least && count <= most) return undefined;
  const many = (n: number): string => `${n} argument${n === 1 ? '' : 's'}`;
  const want =
    most === 0
      ? 'accepts no arguments'
      : least === most
        ? `requires ${many(least)}`
        : count < least
          ? `requires at least ${many(least)}`
          : `accepts at most ${many(most)}`;
  return `"helm ${command.path}" ${want}\n\nUsage:  helm ${command.path} ${command.usage}`;
}

function overview(): string {
  const children = [
    ...[...GROUPS].map(([name, about]) => [name, about] as const),
    ...COMMANDS.filter((one) => !one.path.includes(' ')).map((one) => [one.path, one.about] as const),
    ['help', 'Help for any command'] as const,
  ].sort(([a], [b]) => (a < b ? -1 : 1));
  return `Installs charts into a cluster.\n\n${layOutUsage({ name: 'helm', children }, '')}`;
}

function groupHelp(group: string): string {
  const children = childrenOf(
    COMMANDS.map((one) => [one.path, one.about]),
    group,
  );
  return `\nHelm's commands to ${GROUPS.get(group)}.\n\n${layOutUsage({ name: `helm ${group}`, children }, '')}`;
}

function helpOf(command: HelmCommand): string {
  const own = flagTable(command.flags);
  const flags = own.length === 0 ? '' : `\nFlags:\n${optionsText(own)}`;
  return `\nhelm ${command.path}: ${command.about}.

Usage:
  helm ${command.path} ${command.usage}
${flags}`;
}
