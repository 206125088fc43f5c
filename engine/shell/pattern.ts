import type { FileSystem } from './program.ts';
import { LIMITS } from '../base/limits.ts';
import { SystemFailure } from './control.ts';
import { joinPath, resolvePath, statThrough } from './path.ts';

/** A shell pattern, compiled: matches whole texts in time linear in pattern × text (no regular expressions). */
export type Pattern = readonly Atom[];

type Atom =
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'many' }
  | { readonly kind: 'set'; readonly isNegated: boolean; readonly test: (char: string) => boolean }
  | { readonly kind: 'group'; readonly operator: string; readonly choices: readonly Pattern[] };

/** How a pattern is read. `isExtended`: `@(a|b)` and its kin are known. */
export type PatternOptions = { readonly isExtended?: boolean; readonly ignoreCase?: boolean };

/** The options that a shell's `shopt` says. */
export function patternOptions(state: { readonly shopts: ReadonlySet<string> }): PatternOptions {
  return { isExtended: state.shopts.has('extglob'), ignoreCase: state.shopts.has('nocasematch') };
}

/** What one matching may cost, in steps: patterns are a learner's, texts may be long. */
const STEPS_MAX = 20_000_000;
type Budget = { left: number };

function spend(budget: Budget, steps: number): void {
  budget.left -= steps;
  if (budget.left < 0) throw new SystemFailure('pattern matching takes too long');
}

const CLASSES: Readonly<Record<string, RegExp>> = {
  alpha: /[A-Za-z]/,
  digit: /[0-9]/,
  alnum: /[A-Za-z0-9]/,
  upper: /[A-Z]/,
  lower: /[a-z]/,
  space: /[ \t\n\r\f\v]/,
  blank: /[ \t]/,
  punct: /[!-/:-@[-`{-~]/,
  print: /[ -~]/,
  graph: /[!-~]/,
  cntrl: /[\x00-\x1f\x7f]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** Compiles a pattern in which a backslash quotes the next character. */
export function compilePattern(source: string, options: PatternOptions = {}): Pattern {
  return compileChars([...source], options);
}

function compileChars(chars: readonly string[], options: PatternOptions): Pattern {
  const atoms: Atom[] = [];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? '';
    const group =
      options.isExtended === true && chars[at + 1] === '(' && '?*+@!'.includes(char)
        ? readGroup(chars, at + 2)
        : undefined;
    if (group !== undefined) {
      atoms.push({
        kind: 'group',
        operator: char,
        choices: group.choices.map((choice) => compileChars(choice, options)),
      });
      at = group.end;
    } else if (char === '\\' && at + 1 < chars.length) atoms.push(literal(chars[++at] ?? '', options));
    else if (char === '?') atoms.push({ kind: 'any' });
    else if (char === '*') {
      if (atoms.at(-1)?.kind !== 'many') atoms.push({ kind: 'many' });
    } else if (char === '[') {
      const set = readSet(chars, at);
      if (set === undefined) atoms.push({ kind: 'char', char });
      else {
        atoms.push(options.ignoreCase === true ? withoutCase(set.atom) : set.atom);
        at = set.end;
      }
    } else atoms.push(literal(char, options));
  }
  return atoms;
}

function literal(char: string, options: PatternOptions): Atom {
  const lower = char.toLowerCase();
  return options.ignoreCase === true && lower !== char.toUpperCase()
    ? { kind: 'set', isNegated: false, test: (one) => one.toLowerCase() === lower }
    : { kind: 'char', char };
}

function withoutCase(atom: Atom): Atom {
  return atom.kind === 'set'
    ? { ...atom, test: (char) => atom.test(char.toLowerCase()) || atom.test(char.toUpperCase()) }
    : atom;
}

/** The alternatives of a group whose bracket was opened before `from`; undefined when it is not closed. */
function readGroup(chars: readonly string[], from: number): { choices: string[][]; end: number } | undefined {
  const choices: string[][] = [[]];
  let depth = 0;
  for (let at = from; at < chars.length; at++) {
    const char = chars[at] ?? '';
    if (char === ')' && depth === 0) return { choices, end: at };
    if (char === '|' && depth === 0) {
      choices.push([]);
      continue;
    }
    if (char === '\\') choices.at(-1)?.push(char, chars[++at] ?? '');
    else {
      if (char === '(') depth++;
      else if (char === ')') depth--;
      choices.at(-1)?.push(char);
    }
  }
  return undefined;
}

function readSet(chars: readonly string[], start: number): { atom: Atom; end: number } | undefined {
  let at = start + 1;
  const isNegated = chars[at] === '!' || chars[at] === '^';
  if (isNegated) at++;
  const tests: ((char: string) => boolean)[] = [];
  for (let isFirst = true; ; isFirst = false) {
    let from = chars[at];
    if (from === undefined) return undefined;
    if (from === ']' && !isFirst) break;
    if (from === '[' && chars[at + 1] === ':') {
      const end = chars.indexOf(']', at);
      const name = chars.slice(at + 2, end - 1).join('');
      const known = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
      if (known !== undefined && chars[end - 1] === ':') {
        tests.push((char) => known.test(char));
        at = end + 1;
        continue;
      }
    }
    if (from === '\\' && chars[at + 1] !== undefined) from = chars[++at] ?? '';
    let to = from;
    if (chars[at + 1] === '-' && chars[at + 2] !== undefined && chars[at + 2] !== ']') {
      to = chars[at + 2] ?? from;
      at += 2;
      if (to === '\\' && chars[at + 1] !== undefined) to = chars[++at] ?? to;
    }
    const first = from;
    const last = to;
    tests.push((char) => char >= first && char <= last);
    at++;
  }
  return { atom: { kind: 'set', isNegated, test: (char) => tests.some((test) => test(char)) }, end: at };
}

/** True when the pattern matches all of `text`. @throws SystemFailure when that takes too long */
export function matchesPattern(pattern: Pattern, text: string): boolean {
  const chars = [...text];
  return matchChars(pattern, chars, 0, chars.length, { left: STEPS_MAX });
}

function matchChars(
  pattern: Pattern,
  chars: readonly string[],
  from: number,
  to: number,
  budget: Budget,
): boolean {
  if (pattern.some((atom) => atom.kind === 'group'))
    return ends(pattern, chars, [from], to, budget).includes(to);
  let at = from;
  let atom = 0;
  let starAtom = -1;
  let starAt = 0;
  let steps = 0;
  while (at < to) {
    if ((++steps & 1023) === 0) spend(budget, 1024);
    const one = pattern[atom];
    if (one?.kind === 'many') {
      starAtom = atom++;
      starAt = at;
    } else if (one !== undefined && matchOne(one, chars[at] ?? '')) {
      atom++;
      at++;
    } else if (starAtom >= 0) {
      atom = starAtom + 1;
      at = ++starAt;
    } else break;
  }
  spend(budget, (steps & 1023) + 1);
  if (at < to) return false;
  while (pattern[atom]?.kind === 'many') atom++;
  return atom === pattern.length;
}

/** All places up to `to` where a match that begins at one of `starts` can end, in ascending order. */
function ends(
  pattern: Pattern,
  chars: readonly string[],
  starts: readonly number[],
  to: number,
  budget: Budget,
): readonly number[] {
  let places = starts;
  for (const atom of pattern) {
    if (places.length === 0) return places;
    spend(budget, places.length + 1);
    if (atom.kind === 'many') {
      const from = places[0] ?? to;
      places = Array.from({ length: to - from + 1 }, (_, index) => from + index);
      spend(budget, places.length);
    } else if (atom.kind === 'group') places = groupEnds(atom, chars, places, to, budget);
    else places = places.filter((at) => at < to && matchOne(atom, chars[at] ?? '')).map((at) => at + 1);
  }
  return places;
}

function groupEnds(
  atom: Extract<Atom, { kind: 'group' }>,
  chars: readonly string[],
  starts: readonly number[],
  to: number,
  budget: Budget,
): number[] {
  const once = (from: readonly number[]): number[] => [
    ...new Set(atom.choices.flatMap((choice) => ends(choice, chars, from, to, budget))),
  ];
  const found = new Set<number>('?*'.includes(atom.operator) ? starts : []);
  if (atom.operator === '!') {
    for (const start of starts) {
      const taken = new Set(once([start]));
      for (let end = start; end <= to; end++) if (!taken.has(end)) found.add(end);
      spend(budget, to - start + 1);
    }
  } else {
    let fresh = once(starts);
    while (fresh.length > 0) {
      for (const end of fresh) found.add(end);
      if (!'*+'.includes(atom.operator)) break;
      fresh = once(fresh).filter((end) => !found.has(end));
    }
  }
  return [...found].sort((a, b) => a - b);
}

function matchOne(atom: Atom, char: string): boolean {
  if (atom.kind === 'char') return atom.char === char;
  if (atom.kind === 'set') return atom.test(char) !== atom.isNegated;
  return true;
}

/** The end of the longest match that begins at `from`; undefined when there is none. */
function longest(
  pattern: Pattern,
  chars: readonly string[],
  from: number,
  budget: Budget,
): number | undefined {
  return ends(pattern, chars, [from], chars.length, budget).at(-1);
}

/** Removes the shortest (or longest) start of `text` that matches: `${x#p}`, `${x##p}`. */
export function removePrefix(text: string, pattern: Pattern, isLongest: boolean): string {
  const chars = [...text];
  const found = ends(pattern, chars, [0], chars.length, { left: STEPS_MAX });
  const end = isLongest ? found.at(-1) : found[0];
  return end === undefined ? text : chars.slice(end).join('');
}

/** Removes the shortest (or longest) end of `text` that matches: `${x%p}`, `${x%%p}`. */
export function removeSuffix(text: string, pattern: Pattern, isLongest: boolean): string {
  const chars = [...text];
  const budget = { left: STEPS_MAX };
  for (let step = 0; step <= chars.length; step++) {
    const start = isLongest ? step : chars.length - step;
    if (matchChars(pattern, chars, start, chars.length, budget)) return chars.slice(0, start).join('');
  }
  return text;
}

/** Replaces the longest match (or every one) by what `replacement` makes of it: `${x/p/r}`; `#` and `%` anchor it. */
export function replacePattern(
  text: string,
  pattern: Pattern,
  replacement: (match: string) => string,
  mode: '/' | '//' | '/#' | '/%',
): string {
  const chars = [...text];
  const budget = { left: STEPS_MAX };
  if (pattern.length === 0)
    return mode === '/#' ? replacement('') + text : mode === '/%' ? text + replacement('') : text;
  if (mode === '/%') {
    for (let start = 0; start <= chars.length; start++) {
      if (matchChars(pattern, chars, start, chars.length, budget))
        return chars.slice(0, start).join('') + replacement(chars.slice(start).join(''));
    }
    return text;
  }
  const out: string[] = [];
  let size = 0;
  let at = 0;
  while (at < chars.length) {
    const end = longest(pattern, chars, at, budget);
    if (end !== undefined && end > at) {
      const put = replacement(chars.slice(at, end).join(''));
      size += put.length;
      if (size > LIMITS.outputCharactersMax)
        throw new SystemFailure(`xrealloc: cannot allocate ${size} bytes`);
      out.push(put);
      at = end;
      if (mode !== '//') break;
    } else {
      if (mode === '/#') break;
      out.push(chars[at++] ?? '');
    }
  }
  return out.join('') + chars.slice(at).join('');
}

/** True when a pattern holds an unquoted `*`, `?` or `[…]`, or an extended pattern. */
export function isGlob(source: string, options: PatternOptions = {}): boolean {
  return (
    compilePattern(source, options).some((atom) => atom.kind !== 'char' && atom.kind !== 'set') ||
    hasSet(source)
  );
}

function hasSet(source: string): boolean {
  return compilePattern(source).some((atom) => atom.kind === 'set');
}

/** The text a pattern stands for when it is taken literally. */
export function unquotePattern(source: string): string {
  return source.replace(/\\([\s\S])/g, '$1');
}

/** What `shopt` says about globbing. */
export type GlobOptions = PatternOptions & {
  /** Names that begin with a dot match too. */
  readonly hasHidden?: boolean;
  /** `**` stands for any number of folders. */
  readonly hasStars?: boolean;
};

/** A glob finds at most so many paths. */
const PATHS_MAX = 20_000;

/**
 * The paths that match a pattern, sorted; empty when none does. Names that begin with a dot need a dot in the pattern.
 * Relative patterns give relative paths, as seen from `cwd`.
 */
export function expandGlob(
  files: FileSystem,
  cwd: string,
  source: string,
  options: GlobOptions = {},
): string[] {
  const segments = source.split('/');
  const isAbsolute = source.startsWith('/');
  let found: string[] = [isAbsolute ? '/' : ''];
  const parts = isAbsolute ? segments.slice(1) : segments;
  for (const [index, segment] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const isDeep = segment === '**' && options.hasStars === true;
    found = found.flatMap((base) =>
      isDeep ? deep(files, cwd, base, isLast, options) : step(files, cwd, base, segment, isLast, options),
    );
    if (found.length > PATHS_MAX) throw new SystemFailure('too many paths match');
  }
  return [...new Set(found)].sort();
}

/** `**`: every folder below (and the base itself); at the end of a pattern also the files. */
function deep(files: FileSystem, cwd: string, base: string, isLast: boolean, options: GlobOptions): string[] {
  const found = base === '' && isLast ? [] : [base];
  const walk = (at: string): void => {
    const names = files.list(resolvePath(cwd, at === '' ? '.' : at));
    if ('error' in names) return;
    for (const name of names) {
      if (name.startsWith('.') && options.hasHidden !== true) continue;
      const path = at === '' ? name : joinPath(at, name);
      const isFolder = files.stat(resolvePath(cwd, path))?.kind === 'folder';
      if (isFolder || isLast) found.push(path);
      if (isFolder && found.length <= PATHS_MAX) walk(path);
    }
  };
  walk(base);
  return found;
}

function step(
  files: FileSystem,
  cwd: string,
  base: string,
  segment: string,
  isLast: boolean,
  options: GlobOptions,
): string[] {
  const join = (name: string): string => (base === '' ? name : joinPath(base, name));
  if (segment === '') return isLast && base !== '' ? [base.endsWith('/') ? base : `${base}/`] : [base];
  if (!isGlob(segment, options)) {
    const path = join(unquotePattern(segment));
    return files.stat(resolvePath(cwd, path)) === undefined ? [] : [path];
  }
  const names = files.list(resolvePath(cwd, base === '' ? '.' : base));
  if ('error' in names) return [];
  const pattern = compilePattern(segment, options);
  const showsHidden = options.hasHidden === true || segment.startsWith('.') || segment.startsWith('\\.');
  return names
    .filter((name) => (showsHidden || !name.startsWith('.')) && matchesPattern(pattern, name))
    .map(join)
    .filter((path) => isLast || statThrough(files, resolvePath(cwd, path))?.kind === 'folder');
}
