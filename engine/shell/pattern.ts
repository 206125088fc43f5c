import type { FileSystem } from './program.ts';
import { joinPath, resolvePath, statThrough } from './path.ts';

/** A shell pattern, compiled: matches whole texts in time linear in pattern × text (no regular expressions). */
export type Pattern = readonly Atom[];

type Atom =
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'many' }
  | { readonly kind: 'set'; readonly isNegated: boolean; readonly test: (char: string) => boolean };

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
export function compilePattern(source: string): Pattern {
  const atoms: Atom[] = [];
  const chars = [...source];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? '';
    if (char === '\\' && at + 1 < chars.length) atoms.push({ kind: 'char', char: chars[++at] ?? '' });
    else if (char === '?') atoms.push({ kind: 'any' });
    else if (char === '*') {
      if (atoms.at(-1)?.kind !== 'many') atoms.push({ kind: 'many' });
    } else if (char === '[') {
      const set = readSet(chars, at);
      if (set === undefined) atoms.push({ kind: 'char', char });
      else {
        atoms.push(set.atom);
        at = set.end;
      }
    } else atoms.push({ kind: 'char', char });
  }
  return atoms;
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

/** True when the pattern matches all of `text`. */
export function matchesPattern(pattern: Pattern, text: string): boolean {
  const chars = [...text];
  return matchChars(pattern, chars, 0, chars.length);
}

function matchChars(pattern: Pattern, chars: readonly string[], from: number, to: number): boolean {
  let at = from;
  let atom = 0;
  let starAtom = -1;
  let starAt = 0;
  while (at < to) {
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
    } else return false;
  }
  while (pattern[atom]?.kind === 'many') atom++;
  return atom === pattern.length;
}

function matchOne(atom: Atom, char: string): boolean {
  if (atom.kind === 'char') return atom.char === char;
  if (atom.kind === 'set') return atom.test(char) !== atom.isNegated;
  return true;
}

/** Removes the shortest (or longest) start of `text` that matches: `${x#p}`, `${x##p}`. */
export function removePrefix(text: string, pattern: Pattern, longest: boolean): string {
  const chars = [...text];
  for (let step = 0; step <= chars.length; step++) {
    const end = longest ? chars.length - step : step;
    if (matchChars(pattern, chars, 0, end)) return chars.slice(end).join('');
  }
  return text;
}

/** Removes the shortest (or longest) end of `text` that matches: `${x%p}`, `${x%%p}`. */
export function removeSuffix(text: string, pattern: Pattern, longest: boolean): string {
  const chars = [...text];
  for (let step = 0; step <= chars.length; step++) {
    const start = longest ? step : chars.length - step;
    if (matchChars(pattern, chars, start, chars.length)) return chars.slice(0, start).join('');
  }
  return text;
}

/** Replaces the longest match (or every one) by `replacement`: `${x/p/r}`; `#` and `%` anchor it. */
export function replacePattern(
  text: string,
  pattern: Pattern,
  replacement: string,
  mode: '/' | '//' | '/#' | '/%',
): string {
  const chars = [...text];
  if (pattern.length === 0)
    return mode === '/#' ? replacement + text : mode === '/%' ? text + replacement : text;
  if (mode === '/%') {
    for (let start = 0; start <= chars.length; start++) {
      if (matchChars(pattern, chars, start, chars.length))
        return chars.slice(0, start).join('') + replacement;
    }
    return text;
  }
  let out = '';
  let at = 0;
  while (at < chars.length) {
    let end = chars.length;
    while (end > at && !matchChars(pattern, chars, at, end)) end--;
    if (end > at) {
      out += replacement;
      at = end;
      if (mode !== '//') break;
    } else {
      if (mode === '/#') break;
      out += chars[at++] ?? '';
    }
  }
  return out + chars.slice(at).join('');
}

/** True when a pattern holds an unquoted `*`, `?` or `[…]`. */
export function isGlob(source: string): boolean {
  return compilePattern(source).some((atom) => atom.kind !== 'char');
}

/** The text a pattern stands for when it is taken literally. */
export function unquotePattern(source: string): string {
  return source.replace(/\\([\s\S])/g, '$1');
}

/**
 * The paths that match a pattern, sorted; empty when none does. Names that begin with a dot need a dot in the pattern.
 * Relative patterns give relative paths, as seen from `cwd`.
 */
export function expandGlob(files: FileSystem, cwd: string, source: string): string[] {
  const segments = source.split('/');
  const isAbsolute = source.startsWith('/');
  let found: string[] = [isAbsolute ? '/' : ''];
  const parts = isAbsolute ? segments.slice(1) : segments;
  parts.forEach((segment, index) => {
    const isLast = index === parts.length - 1;
    found = found.flatMap((base) => step(files, cwd, base, segment, isLast));
  });
  return found;
}

function step(files: FileSystem, cwd: string, base: string, segment: string, isLast: boolean): string[] {
  const join = (name: string): string => (base === '' ? name : joinPath(base, name));
  if (segment === '') return isLast && base !== '' ? [base.endsWith('/') ? base : `${base}/`] : [base];
  if (!isGlob(segment)) {
    const path = join(unquotePattern(segment));
    return files.stat(resolvePath(cwd, path)) === undefined ? [] : [path];
  }
  const names = files.list(resolvePath(cwd, base === '' ? '.' : base));
  if ('error' in names) return [];
  const pattern = compilePattern(segment);
  const showsHidden = segment.startsWith('.') || segment.startsWith('\\.');
  return names
    .filter((name) => (showsHidden || !name.startsWith('.')) && matchesPattern(pattern, name))
    .map(join)
    .filter((path) => isLast || statThrough(files, resolvePath(cwd, path))?.kind === 'folder');
}
