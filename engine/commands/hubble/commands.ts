import { EVENT_FLAGS, type FlagSpec, OBSERVE_FLAGS, SERVER_FLAGS } from './flags.ts';
import { hasPage } from './help.ts';

/** Other names of commands. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['w', 'watch'],
  ['watch peer', 'watch peers'],
  ['list node', 'list nodes'],
]);

/** Names of the commands that the tool offers when one was mistyped. */
export const OFFERED: readonly string[] = ['completion', 'config', 'list', 'observe', 'status', 'version'];

const OUTPUT: FlagSpec = { name: 'output', short: 'o', kind: 'value', type: 'string' };
const VERSION: FlagSpec = { name: 'version', short: 'v', kind: 'bool' };
const NO_DESCRIPTIONS: FlagSpec = { name: 'no-descriptions', kind: 'bool' };

/** The flags of a command: those of the root belong to every one. */
export function flagsOf(path: string): readonly FlagSpec[] {
  if (path === '') return [...SERVER_FLAGS, VERSION];
  if (path === 'observe' || path === 'observe flows') return OBSERVE_FLAGS;
  if (path.startsWith('observe ')) return EVENT_FLAGS;
  if (path === 'status' || path.startsWith('list ')) return [...SERVER_FLAGS, OUTPUT];
  return path.startsWith('completion ') ? [...SERVER_FLAGS, NO_DESCRIPTIONS] : SERVER_FLAGS;
}

/** The command that words name and what is left of them, flags in their order. */
export type FoundCommand = { readonly path: string; readonly rest: readonly string[] };

/** Finds the command of a line as cobra does: words that may be values of flags are stepped over. */
export function findCommand(words: readonly string[]): FoundCommand {
  return descend(words, nameAt, (name) => {
    const child = ALIASES.get(name) ?? name;
    return hasPage(child) ? child : undefined;
  });
}

/** Follows names of commands down a tree: `nameAt` finds the next one, `childOf` tells what a path names. */
export function descend(
  words: readonly string[],
  nameAt: (words: readonly string[], path: string) => number | undefined,
  childOf: (name: string) => string | undefined,
): FoundCommand {
  let found: FoundCommand = { path: '', rest: words };
  for (;;) {
    const { path, rest } = found;
    const at = nameAt(rest, path);
    const child = at === undefined ? undefined : childOf(`${path} ${rest[at]}`.trim());
    if (child === undefined) return found;
    found = { path: child, rest: rest.filter((_word, i) => i !== at) };
  }
}

/** Where the first word stands that is no flag nor a flag's value; the help flag is not yet known here, as in cobra. */
export function nameAt(words: readonly string[], path: string): number | undefined {
  const specs = flagsOf(path).filter((spec) => spec.name !== 'version');
  return wordAt(words, specs, (spec) => spec.kind === 'bool' || spec.implied !== undefined);
}

/** Where the first word stands that is no flag nor the value of one; `isBare`: the flag stands without a value. */
export function wordAt<Spec extends { readonly name: string; readonly short?: string }>(
  words: readonly string[],
  specs: readonly Spec[],
  isBare: (spec: Spec) => boolean,
): number | undefined {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') return undefined;
    if (word !== '' && !word.startsWith('-')) return at;
    if (word.includes('=') || !/^(--.*|-.)$/.test(word)) continue;
    const key = word.replace(/^--?/, '');
    const spec = specs.find((one) => key === (word.startsWith('--') ? one.name : one.short));
    if (spec !== undefined && spec.name !== 'help' && isBare(spec)) continue;
    if (words.length - at - 1 <= 1) return undefined;
    at++;
  }
  return undefined;
}
