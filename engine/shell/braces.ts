import type { Word, WordPart } from './ast.ts';

/** More words than this are refused: no command line takes them. */
const RESULTS_MAX = 200_000;

/** Thrown inside when an expansion would have too many results. */
class TooMany extends Error {
  override readonly name = 'TooMany';
  readonly count: number;

  constructor(count: number) {
    super('too many');
    this.count = count;
  }
}

type Atom = string | WordPart;

/** Brace expansion of a word (bash): `a{b,c}d`, `{1..5}`, `{a..e}`, `{01..10..2}`. A word without braces is returned as it is; `count` tells of too many results. */
export function expandBraces(word: Word): readonly Word[] | { readonly count: number } {
  if (!word.parts.some((part) => part.kind === 'text' && !part.isQuoted && part.text.includes('{')))
    return [word];
  const atoms: Atom[] = word.parts.flatMap((part): Atom[] =>
    part.kind === 'text' && !part.isQuoted ? [...part.text] : [part],
  );
  let results: Atom[][];
  try {
    results = expandAtoms(atoms);
  } catch (error) {
    if (!(error instanceof TooMany)) throw error;
    return { count: error.count };
  }
  if (results.length === 1) return [word];
  return results.map((result) => ({ parts: joinAtoms(result), text: word.text }));
}

function joinAtoms(atoms: readonly Atom[]): WordPart[] {
  const parts: WordPart[] = [];
  let text = '';
  for (const atom of [...atoms, undefined]) {
    const last = parts.at(-1);
    if (typeof atom === 'string') {
      if (text !== '' || last?.kind !== 'parameter' || last.parameter.isBare !== true || !/\w/.test(atom))
        text += atom;
      else
        parts.splice(-1, 1, {
          kind: 'parameter',
          parameter: { name: last.parameter.name + atom, isBare: true },
        });
    } else {
      if (text !== '') parts.push({ kind: 'text', text, isQuoted: false });
      text = '';
      if (atom !== undefined) parts.push(atom);
    }
  }
  return parts;
}

function expandAtoms(atoms: readonly Atom[]): Atom[][] {
  for (let start = 0; start < atoms.length; start++) {
    if (atoms[start] !== '{') continue;
    const group = readGroup(atoms, start);
    if (group === undefined) continue;
    const head = atoms.slice(0, start);
    const tails = expandAtoms(atoms.slice(group.end + 1));
    const middles = group.choices.flatMap((choice) => expandAtoms(choice));
    const count = middles.length * tails.length;
    if (count > RESULTS_MAX || count * (head.length + 8) > 20 * RESULTS_MAX) throw new TooMany(count);
    return middles.flatMap((middle) => tails.map((tail) => [...head, ...middle, ...tail]));
  }
  return [[...atoms]];
}

function readGroup(atoms: readonly Atom[], start: number): { choices: Atom[][]; end: number } | undefined {
  const choices: Atom[][] = [[]];
  let depth = 0;
  for (let at = start + 1; at < atoms.length; at++) {
    const atom = atoms[at] ?? '';
    if (atom === '}' && depth === 0) {
      if (choices.length > 1) return { choices, end: at };
      const range = readRange(choices[0] ?? []);
      return range === undefined ? undefined : { choices: range, end: at };
    }
    if (atom === ',' && depth === 0) {
      choices.push([]);
      continue;
    }
    if (atom === '{') depth++;
    if (atom === '}') depth--;
    choices.at(-1)?.push(atom);
  }
  return undefined;
}

function readRange(atoms: readonly Atom[]): Atom[][] | undefined {
  if (atoms.some((atom) => typeof atom !== 'string')) return undefined;
  const match = /^(-?\d+|[A-Za-z])\.\.(-?\d+|[A-Za-z])(?:\.\.(-?\d+))?$/.exec(atoms.join(''));
  if (match === null) return undefined;
  const [, from = '', to = '', by] = match;
  const isNumber = /\d/.test(from);
  if (isNumber !== /\d/.test(to)) return undefined;
  const first = isNumber ? Number(from) : from.charCodeAt(0);
  const last = isNumber ? Number(to) : to.charCodeAt(0);
  const stride = Math.max(1, Math.abs(Number(by ?? 1)));
  const width = isNumber && (/^-?0\d/.test(from) || /^-?0\d/.test(to)) ? Math.max(from.length, to.length) : 0;
  const count = Math.floor(Math.abs(last - first) / stride) + 1;
  if (!(count <= RESULTS_MAX)) throw new TooMany(count);
  return Array.from({ length: count }, (_, index) => {
    const value = first + (last >= first ? index : -index) * stride;
    const text = isNumber ? padded(value, width) : String.fromCharCode(value);
    // bash reads the result of a letters' range once more: its backslash quotes nothing and goes.
    return text === '\\' ? [] : [...text];
  });
}

function padded(value: number, width: number): string {
  return value < 0 ? `-${String(-value).padStart(width - 1, '0')}` : String(value).padStart(width, '0');
}
