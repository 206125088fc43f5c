import { builtinNames } from './builtins/table.ts';
import type { Dialect } from './lexer.ts';
import { baseName, joinPath, resolvePath, statThrough } from './path.ts';
import type { FileSystem, Machine } from './program.ts';

/** What a command's own completer may look at. */
export type CompletionContext = {
  readonly machine: Machine;
  readonly cwd: string;
  readonly variables: ReadonlyMap<string, string>;
};

/**
 * Completes the words of one command: `words[0]` is its name, `words[index]` the word under the cursor, up to the cursor.
 * Returns whole words; those that do not begin with it are dropped. An empty answer leaves the word to file names.
 */
export type CommandCompleter = (words: string[], index: number, context: CompletionContext) => string[];

/** What completion chooses from. */
export type CompletionSources = {
  readonly machine: Machine;
  readonly dialect: Dialect;
  readonly cwd: string;
  readonly variables: ReadonlyMap<string, string>;
  /** Names the learner defined: functions and aliases. */
  readonly names: readonly string[];
  readonly completers: ReadonlyMap<string, CommandCompleter>;
};

/** One way to complete: `insert` takes the word's place, `suffix` follows when it is the only one, `label` stands in lists. */
export type Candidate = { readonly insert: string; readonly suffix: string; readonly label: string };

/** The word at `start` can become one of `candidates` (sorted); `prefix` is what all of them share. */
export type Completion = {
  readonly start: number;
  readonly candidates: readonly Candidate[];
  readonly prefix: string;
};

const STARTERS = new Set([
  '|',
  '||',
  '&&',
  ';',
  '&',
  '(',
  '{',
  'then',
  'do',
  'else',
  'if',
  'while',
  'until',
  '!',
  'time',
  'exec',
  'sudo',
  'xargs',
  'watch',
  'nohup',
]);

type Word = { readonly text: string; readonly raw: string; readonly start: number };

/** Completes the word before the cursor. Pure: it reads the machine's files and changes nothing. */
export function complete(line: string, cursor: number, sources: CompletionSources): Completion {
  const words = splitWords(line.slice(0, cursor));
  const last = words.at(-1) ?? { text: '', raw: '', start: cursor };
  const command = commandWords(words);
  const variable = /\$\{?([A-Za-z_][A-Za-z0-9_]*)?$/.exec(last.raw);
  if (variable !== null && !last.raw.startsWith("'"))
    return finish(last, variableNames(last.raw, variable, sources));
  const before = words.at(-2)?.text ?? '';
  const isRedirect = /^[0-9&]*(>>?|<)$/.test(before);
  if (command.length <= 1 && !last.text.includes('/') && !isRedirect)
    return finish(last, commandNames(last.text, sources));
  const own = isRedirect
    ? []
    : ownCandidates(
        command.map((word) => word.text),
        last,
        sources,
      );
  if (own.length > 0) return finish(last, own);
  return finish(last, fileNames(last, sources, command[0]?.text));
}

function finish(word: Word, candidates: readonly Candidate[]): Completion {
  const sorted = [...new Map(candidates.map((one) => [one.insert, one])).values()].sort((a, b) =>
    a.insert < b.insert ? -1 : 1,
  );
  let prefix = sorted[0]?.insert ?? '';
  for (const { insert } of sorted) while (!insert.startsWith(prefix)) prefix = prefix.slice(0, -1);
  return { start: word.start, candidates: sorted, prefix };
}

/** The words up to the cursor; the last one may be empty. Quotes are undone in `text`. */
function splitWords(line: string): Word[] {
  const words: Word[] = [];
  const pattern = /\s*(\|\||&&|;;|[|&;()<>]+|(?:\\.|"(?:\\.|[^"\\])*"?|'[^']*'?|[^\s|&;()<>"'\\])+)/gy;
  let end = 0;
  for (let match = pattern.exec(line); match !== null; match = pattern.exec(line)) {
    const raw = match[1] ?? '';
    end = pattern.lastIndex;
    words.push({ raw, text: raw.replace(/\\(.)|["']/g, '$1'), start: end - raw.length });
  }
  if (end < line.length || line === '' || /[|&;()<>]$/.test(words.at(-1)?.raw ?? ''))
    words.push({ raw: '', text: '', start: line.length });
  return words;
}

function commandWords(words: readonly Word[]): Word[] {
  let from = 0;
  words.forEach((word, index) => {
    const isLast = index === words.length - 1;
    if (
      !isLast &&
      (STARTERS.has(word.text) || /^[A-Za-z_][A-Za-z0-9_]*=/.test(word.text)) &&
      // A word such as `exec` begins a command only where a command may stand: in `kubectl exec` it is an argument.
      (index === from || /^[|&;(]+$/.test(word.raw))
    )
      from = index + 1;
  });
  return words.slice(from);
}

function plainCandidate(insert: string, suffix = ' '): Candidate {
  return { insert, suffix, label: insert };
}

function variableNames(raw: string, match: RegExpExecArray, sources: CompletionSources): Candidate[] {
  const head = raw.slice(0, match.index);
  const isBraced = match[0].startsWith('${');
  const names = [...sources.variables.keys()].filter((name) => name.startsWith(match[1] ?? ''));
  return names.map((name) => ({
    insert: `${head}$${isBraced ? '{' : ''}${name}${isBraced ? '}' : ''}`,
    suffix: ' ',
    label: `$${name}`,
  }));
}

function commandNames(prefix: string, sources: CompletionSources): Candidate[] {
  const names = [...sources.machine.programNames(), ...builtinNames(sources.dialect), ...sources.names];
  return names
    .filter((name) => name.startsWith(prefix) && (prefix !== '' || /^[a-z]/.test(name)))
    .map((name) => plainCandidate(name));
}

function ownCandidates(words: string[], last: Word, sources: CompletionSources): Candidate[] {
  const completer = sources.completers.get(words[0] ?? '');
  if (completer === undefined) return [];
  const context = { machine: sources.machine, cwd: sources.cwd, variables: sources.variables };
  const found = completer(words, words.length - 1, context).filter((word) => word.startsWith(last.text));
  return found.map((word) => plainCandidate(word, /[=/:]$/.test(word) ? '' : ' '));
}

function fileNames(word: Word, sources: CompletionSources, command: string | undefined): Candidate[] {
  const { files } = sources.machine;
  // In `--file=na` the part after the sign is completed.
  const sign = /^-{1,2}[A-Za-z-]+=/.exec(word.text)?.[0] ?? '';
  const typed = word.text.slice(sign.length);
  const at = typed.lastIndexOf('/');
  const folder = at < 0 ? '' : typed.slice(0, at + 1);
  const home = sources.variables.get('HOME') ?? '/';
  const path = resolvePath(
    sources.cwd,
    folder.startsWith('~/') ? home + folder.slice(1) : folder === '' ? '.' : folder,
  );
  const names = files.list(path);
  if ('error' in names) return [];
  const prefix = typed.slice(at + 1);
  const candidates = names.filter(
    (name) => name.startsWith(prefix) && (prefix.startsWith('.') || !name.startsWith('.')),
  );
  return candidates.flatMap((name) =>
    fileCandidate(files, path, sign + folder, name, command === 'cd' || command === 'rmdir'),
  );
}

function fileCandidate(
  files: FileSystem,
  path: string,
  folder: string,
  name: string,
  onlyFolders: boolean,
): Candidate[] {
  const isFolder = statThrough(files, joinPath(path, name))?.kind === 'folder';
  if (onlyFolders && !isFolder) return [];
  const quoted = (folder + name).replace(/[ \t"'\\$`&|;()<>*?![\]{}#]/g, '\\$&').replace(/^\\~/, '~');
  return [
    {
      insert: isFolder ? `${quoted}/` : quoted,
      suffix: isFolder ? '' : ' ',
      label: isFolder ? `${baseName(name)}/` : name,
    },
  ];
}
