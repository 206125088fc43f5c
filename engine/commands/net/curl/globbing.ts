import { literalAddress } from '../resolver.ts';

/** One URL of a glob with what its patterns stood for (`#1` in -o). */
export type Globbed = { readonly url: string; readonly parts: readonly string[] };

/** A mistake in a glob: curl's text and the column (1-based) it points to. */
export type GlobFault = { readonly fault: string };

/** How many URLs one glob may give before it is refused: keeps a `[1-999999999]` from filling the sandbox. */
const GLOB_MAX = 2_000;

/** Expands `{a,b}` and `[1-3]` of a URL in order; IPv6 literals in brackets stay. */
export function expandGlob(url: string, isNew = true): readonly Globbed[] | GlobFault {
  let made: Globbed[] = [{ url: '', parts: [] }];
  let at = 0;
  while (at < url.length) {
    const char = url[at] ?? '';
    if (char === '\\' && at + 1 < url.length && '{}[]'.includes(url[at + 1] ?? ' ')) {
      made = made.map((one) => ({ ...one, url: one.url + (url[at + 1] ?? '') }));
      at += 2;
      continue;
    }
    const isRange = char === '[' && !isAddress(url, at);
    if (char !== '{' && !isRange) {
      if (char === '}' || (char === ']' && !made.some((one) => one.url.includes('['))))
        return fault('unmatched close brace/bracket', url, at + 1);
      made = made.map((one) => ({ ...one, url: one.url + char }));
      at += 1;
      continue;
    }
    const found = char === '{' ? setOf(url, at) : range(url, at, isNew);
    if ('fault' in found) return found;
    made = made.flatMap((one) =>
      found.values.map((choice) => ({ url: one.url + choice, parts: [...one.parts, choice] })),
    );
    if (made.length > GLOB_MAX) return fault('too many globs', url, at + 1);
    at += found.length + 1;
  }
  return made;
}

function isAddress(url: string, at: number): boolean {
  const end = url.indexOf(']', at);
  if (end < 0) return false;
  const inside = url.slice(at + 1, end);
  return (
    inside.includes(':') &&
    (literalAddress(inside) !== undefined || /^[0-9a-fA-F:.]*$/.test(inside)) &&
    !inside.includes('-')
  );
}

/** A range behind its bracket; `length` is that of what stands between, with the closing bracket (tool_urlglob.c). */
function range(
  url: string,
  at: number,
  isNew: boolean,
): { readonly values: readonly string[]; readonly length: number } | GlobFault {
  const inside = url.slice(at + 1);
  const letters = /^([A-Za-z])-(.)(?:\]|:(\d+)\])/s.exec(inside);
  const digits = /^(\d+)-[ \t]*(\d+)(?:\]|:(\d+)\])/.exec(inside);
  const isNumber = /^\d/.test(inside);
  const match = isNumber ? digits : letters;
  // How far the reader had come when it saw the mistake.
  const part = isNew ? /^\d+-[ \t]*\d*:?/ : /^\d+-[ \t]*(?:\d+:)?/;
  const seen = match?.[0].length ?? (isNumber ? (part.exec(inside)?.[0].length ?? 0) : 0);
  const bad = fault('bad range', url, at + 2 + seen);
  if (!isNumber && !/^[A-Za-z]/.test(inside)) return fault('bad range specification', url, at + 2);
  if (!match) return bad;
  const [whole, from = '', to = '', stepText] = match;
  const first = isNumber ? Number(from) : from.charCodeAt(0);
  const last = isNumber ? Number(to) : to.charCodeAt(0);
  const step = stepText === undefined ? 1 : Number(stepText);
  const isWrong = first === last ? step !== 1 : first > last || step > last - first;
  if (step < 1 || isWrong || (!isNumber && last - first > 25) || last - first > GLOB_MAX * step) return bad;
  const width = isNumber && from.startsWith('0') ? from.length : 0;
  const values: string[] = [];
  for (let value = first; value <= last; value += step) {
    values.push(isNumber ? String(value).padStart(width, '0') : String.fromCharCode(value));
  }
  return { values, length: whole.length };
}

/** The words of a set behind its brace. */
function setOf(
  url: string,
  at: number,
): { readonly values: readonly string[]; readonly length: number } | GlobFault {
  const values: string[] = [];
  let word = '';
  for (let i = at + 1; ; i++) {
    const char = url[i];
    if (char === undefined) return fault('unmatched brace', url, at + 1);
    if (char === '{' || char === '[') return fault('nested brace', url, i + 1);
    if (char === ']') return fault('unexpected close bracket', url, i + 1);
    if (char === '}' && i === at + 1) return fault('empty string within braces', url, i + 1);
    if (char === ',' || char === '}') {
      values.push(word);
      if (char === '}') return { values, length: i - at };
      word = '';
    } else if (char === '\\' && i + 1 < url.length) word += url[++i] ?? '';
    else word += char;
  }
}

function fault(what: string, url: string, column: number): GlobFault {
  return { fault: `${what} in URL position ${column}:\n${url}\n${' '.repeat(column - 1)}^` };
}
