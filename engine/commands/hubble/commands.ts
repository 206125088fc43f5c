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
  let found: FoundCommand = { path: '', rest: words };
  for (;;) {
    const { path, rest } = found;
    const at = nameAt(rest, path);
    const name = `${path} ${rest[at ?? -1] ?? ''}`.trim();
    const child = ALIASES.get(name) ?? name;
    if (at === undefined || !hasPage(child)) return found;
    found = { path: child, rest: rest.filter((_word, i) => i !== at) };
  }
}

/** Where the first word stands that is no flag nor a flag's value; the help flag is not yet known here, as in cobra. */
export function nameAt(words: readonly string[], path: string): number | undefined {
  const specs = flagsOf(path).filter((spec) => spec.name !== 'help' && spec.name !== 'version');
  return wordAt(words, (word) => takesNext(word, specs));
}

/** Where the first word stands that is no flag nor the value of one that `takesNext`. */
export function wordAt(words: readonly string[], takesNext: (word: string) => boolean): number | undefined {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') return undefined;
    if (word !== '' && !word.startsWith('-')) return at;
    if (!takesNext(word)) continue;
    if (words.length - at - 1 <= 1) return undefined;
    at++;
  }
  return undefined;
}

function takesNext(word: string, specs: readonly FlagSpec[]): boolean {
  if (word.includes('=') || !/^(--.*|-.)$/.test(word)) return false;
  const spec = specs.find((item) =>
    word.startsWith('--') ? item.name === word.slice(2) : item.short === word.slice(1),
  );
  return spec === undefined || (spec.kind !== 'bool' && spec.implied === undefined);
}
