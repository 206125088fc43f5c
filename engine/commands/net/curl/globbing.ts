import { literalAddress } from '../resolver.ts';

/** One URL of a glob with what its patterns stood for (`#1` in -o). */
export type Globbed = { readonly url: string; readonly parts: readonly string[] };

/** A mistake in a glob: curl's text and the column (1-based) it points to. */
export type GlobFault = { readonly fault: string };

/** How many URLs one glob may give before it is refused: keeps a `[1-999999999]` from filling the sandbox. */
const GLOB_MAX = 2_000;

/** Expands `{a,b}` and `[1-3]` of a URL in order; IPv6 literals in brackets stay. */
export function expandGlob(url: string): readonly Globbed[] | GlobFault {
  let made: Globbed[] = [{ url: '', parts: [] }];
  let at = 0;
  while (at < url.length) {
    const char = url[at] ?? '';
    let choices: readonly string[] | GlobFault;
    let length = 1;
    if (char === '\\' && at + 1 < url.length && '{}[]'.includes(url[at + 1] ?? ' ')) {
      made = made.map((one) => ({ ...one, url: one.url + (url[at + 1] ?? '') }));
      at += 2;
      continue;
    }
    if (char === '{') {
      const end = url.indexOf('}', at);
      if (end < 0) return fault('unmatched brace', url, at + 1);
      choices = url.slice(at + 1, end).split(',');
      length = end - at + 1;
    } else if (char === '[' && !isAddress(url, at)) {
      const end = url.indexOf(']', at);
      choices = end < 0 ? badRange(url, at) : range(url, at, end);
      length = end - at + 1;
    } else {
      made = made.map((one) => ({ ...one, url: one.url + char }));
      at += 1;
      continue;
    }
    if ('fault' in choices) return choices;
    const list = choices;
    made = made.flatMap((one) =>
      list.map((choice) => ({ url: one.url + choice, parts: [...one.parts, choice] })),
    );
    if (made.length > GLOB_MAX) return fault('too many globs', url, at + 1);
    at += length;
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

function badRange(url: string, at: number): GlobFault {
  const inside = url.slice(at + 1);
  if (/^(\d+-|[A-Za-z]-)/.test(inside)) return fault('bad range', url, at + inside.length + 2);
  return fault('bad range specification', url, at + 2);
}

function range(url: string, at: number, end: number): readonly string[] | GlobFault {
  const inside = url.slice(at + 1, end);
  const match = /^(\d+)-(\d+)(?::(\d+))?$/.exec(inside) ?? /^([A-Za-z])-([A-Za-z])(?::(\d+))?$/.exec(inside);
  if (!match) return fault('bad range specification', url, at + 2);
  const [, from = '', to = '', stepText] = match;
  const isNumber = /^\d/.test(from);
  const first = isNumber ? Number(from) : from.charCodeAt(0);
  const last = isNumber ? Number(to) : to.charCodeAt(0);
  const step = stepText === undefined ? 1 : Number(stepText);
  if (last < first || step < 1 || last - first > GLOB_MAX * step) return fault('bad range', url, end + 1);
  const width = isNumber && from.startsWith('0') ? from.length : 0;
  const values: string[] = [];
  for (let value = first; value <= last; value += step) {
    values.push(isNumber ? String(value).padStart(width, '0') : String.fromCharCode(value));
  }
  return values;
}

function fault(what: string, url: string, column: number): GlobFault {
  return { fault: `${what} in URL position ${column}:\n${url}\n${' '.repeat(column - 1)}^` };
}
