import { Expression } from '../base/expression.ts';
import { compileBacktracker, PatternFault } from './backtrack.ts';

/** Where a regular expression matched: places in UTF-16 units; a group that took no part is undefined. */
export type RegexMatch = {
  readonly start: number;
  readonly end: number;
  readonly groups: readonly (string | undefined)[];
};

/** A compiled POSIX regular expression. */
export type PosixRegex = {
  /** The leftmost match at or after `from`, undefined when there is none. */
  find(text: string, from?: number): RegexMatch | undefined;
  readonly groupCount: number;
};

/** Why a regular expression is none, in the words of GNU regcomp. */
export class RegexFailure extends Error {
  override readonly name = 'RegexFailure';
}

const CLASS = /^\[:(alpha|digit|alnum|upper|lower|space|blank|punct|print|graph|cntrl|xdigit):\]/;

/** Compiles a basic (BRE, with GNU's `\+ \? \|`) or extended expression. Linear time, except with back-references. @throws RegexFailure */
export function compileRegex(
  source: string,
  kind: 'basic' | 'extended',
  options: { readonly ignoreCase?: boolean; readonly isStrict?: boolean } = {},
): PosixRegex {
  const { pattern, hasBackReference, groupCount } = translate(
    source,
    kind === 'extended',
    options.isStrict === true,
  );
  return hasBackReference
    ? backtracking(pattern, groupCount, options.ignoreCase === true)
    : linear(pattern, groupCount, options.ignoreCase === true);
}

/** Quotes a text so that it stands for itself in an extended expression. */
export function quoteRegex(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}

function linear(pattern: string, groupCount: number, ignoreCase: boolean): PosixRegex {
  let compiled: Expression;
  try {
    compiled = new Expression(pattern, { ignoreCase, isLongest: true });
  } catch {
    throw new RegexFailure('Invalid regular expression');
  }
  return {
    groupCount,
    find: (text, from = 0) => {
      const found = compiled.search(text, from);
      if (found === undefined) return undefined;
      const groups = Array.from({ length: groupCount + 1 }, (_, index) =>
        (found[2 * index] ?? -1) < 0 ? undefined : text.slice(found[2 * index], found[2 * index + 1]),
      );
      return { start: found[0] ?? 0, end: found[1] ?? 0, groups };
    },
  };
}

function backtracking(pattern: string, groupCount: number, ignoreCase: boolean): PosixRegex {
  try {
    return { groupCount, find: compileBacktracker(pattern, { ignoreCase }).find };
  } catch (error) {
    if (error instanceof PatternFault) throw new RegexFailure('Invalid regular expression');
    throw error;
  }
}

/** Compiles an expression of Perl's kind, as `grep -P` takes it: with look-arounds, lazy repetition, `\\K`. @throws RegexFailure */
export function compilePerl(source: string, options: { readonly ignoreCase?: boolean } = {}): PosixRegex {
  try {
    return compileBacktracker(source, options);
  } catch (error) {
    if (error instanceof PatternFault) throw new RegexFailure(error.message);
    throw error;
  }
}

type Translation = { pattern: string; hasBackReference: boolean; groupCount: number };

/** Rewrites a POSIX expression in the syntax of RE2. `isStrict` is sed's way: nothing to repeat is a mistake, as is a lone `)`. */
function translate(source: string, isExtended: boolean, isStrict: boolean): Translation {
  let out = '';
  let depth = 0;
  let groupCount = 0;
  let hasBackReference = false;
  let atStart = true;
  /** Where the last thing that can be repeated begins, and whether it is repeated already; where open groups begin. */
  let atom = 0;
  let isRepeated = false;
  let wraps = 0;
  const groups: number[] = [];
  const repeat = (token: string): void => {
    if (isRepeated && isStrict) throw new RegexFailure('Invalid preceding regular expression');
    if (isRepeated && ++wraps > 50) throw new RegexFailure('Regular expression too big');
    // RE2 takes no repetition of a repetition.
    if (isRepeated) out = `${out.slice(0, atom)}(?:${out.slice(atom)})`;
    out += token;
    isRepeated = true;
  };
  for (let at = 0; at < source.length; at++) {
    const char = source[at] ?? '';
    const next = source[at + 1];
    const isEscaped = char === '\\' && next !== undefined;
    if (char === '\\' && next === undefined) throw new RegexFailure('Trailing backslash');
    if (char === '[') {
      const bracket = readBracket(source, at);
      atom = out.length;
      isRepeated = false;
      out += bracket.text;
      at = bracket.end;
      atStart = false;
      continue;
    }
    const token = isEscaped ? next : char;
    const isSpecial = isEscaped !== isExtended;
    if (isEscaped) at++;
    const repeats = token === '*' ? !isEscaped : isSpecial && '{+?'.includes(token);
    if (repeats && atStart && isExtended && isStrict)
      throw new RegexFailure('Invalid preceding regular expression');
    if (!repeats && token !== ')') {
      atom = out.length;
      isRepeated = false;
    }
    if (isSpecial && '(){}|+?'.includes(token)) {
      if (token === '(') {
        depth++;
        groupCount++;
        groups.push(out.length);
        out += '(';
        atStart = true;
        continue;
      }
      if (token === ')' && depth === 0) {
        if (!isExtended || isStrict) throw new RegexFailure('Unmatched ) or \\)');
        out += '\\)';
      } else if (token === ')') {
        depth--;
        atom = groups.pop() ?? 0;
        isRepeated = false;
        out += ')';
      } else if (token === '{') {
        const interval = readInterval(source, at + 1, isExtended, isStrict);
        if (interval === undefined) out += '\\{';
        else {
          if (!atStart) repeat(interval.text);
          at = interval.end;
        }
      } else if (token === '}') out += '\\}';
      else if (token === '|') {
        out += '|';
        atStart = true;
        continue;
      } else if (!atStart) repeat(token);
      else if (!isExtended) out += `\\${token}`;
    } else if (isEscaped) {
      if (/[1-9]/.test(token)) {
        if (Number(token) > groupCount) throw new RegexFailure('Invalid back reference');
        hasBackReference = true;
      }
      out += escaped(token);
    } else if (token === '*' && !atStart) repeat('*');
    else if (token === '*') out += isExtended ? '' : '\\*';
    else if (token === '^') out += isExtended || atStart ? '^' : '\\^';
    else if (token === '$') out += isExtended || atEnd(source, at + 1) ? '$' : '\\$';
    else if (token === '.') out += '(?s:.)';
    else out += /[\\^$.|?*+()[\]{}]/.test(token) ? `\\${token}` : token;
    if (!(token === '^' && !isEscaped)) atStart = false;
  }
  if (depth > 0) throw new RegexFailure('Unmatched ( or \\(');
  return {
    pattern: hasBackReference ? out.replaceAll('(?s:.)', '[\\s\\S]') : out,
    hasBackReference,
    groupCount,
  };
}

function atEnd(source: string, at: number): boolean {
  return at >= source.length || source.startsWith('\\)', at) || source.startsWith('\\|', at);
}

function escaped(token: string): string {
  if (/[1-9]/.test(token)) return `\\${token}`;
  if ('wWsSbB'.includes(token)) return `\\${token}`;
  if (token === '<' || token === '>') return '\\b';
  if (token === '`') return '\\A';
  if (token === "'") return '\\z';
  if (token === 'n' || token === 't') return `\\${token}`;
  return /[\\^$.|?*+()[\]{}/]/.test(token) ? `\\${token}` : token;
}

function readInterval(
  source: string,
  from: number,
  isExtended: boolean,
  isStrict: boolean,
): { text: string; end: number } | undefined {
  const closing = isExtended ? '}' : '\\}';
  const end = source.indexOf(closing, from);
  const body = end < 0 ? '' : source.slice(from, end);
  const match = /^(\d*)(,?)(\d*)$/.exec(body);
  if (end < 0 || match === null || body === '' || body === ',') {
    if (isExtended && !isStrict && !(end >= 0 && /^\d+,/.test(body))) return undefined;
    throw new RegexFailure(end < 0 ? 'Unmatched \\{' : 'Invalid content of \\{\\}');
  }
  const [, low = '', comma = '', high = ''] = match;
  const most = Number(high === '' ? low : high);
  if (high !== '' && Number(low) > most) throw new RegexFailure('Invalid content of \\{\\}');
  if (most > 1000) throw new RegexFailure('Regular expression too big');
  return { text: `{${low === '' ? '0' : low}${comma}${high}}`, end: end + closing.length - 1 };
}

function readBracket(source: string, start: number): { text: string; end: number } {
  let at = start + 1;
  let out = '[';
  if (source[at] === '^') {
    out += '^';
    at++;
  }
  for (let isFirst = true; ; isFirst = false) {
    const char = source[at];
    if (char === undefined) throw new RegexFailure('Unmatched [, [^, [:, [., or [=');
    if (char === ']' && !isFirst) break;
    const known = CLASS.exec(source.slice(at));
    if (known !== null) {
      out += known[0];
      at += known[0].length;
    } else if (source.startsWith('[:', at) && source.includes(':]', at))
      throw new RegexFailure('Invalid character class name');
    else if (/^\[([.=])([^\]])\1\]/.test(source.slice(at, at + 5))) {
      out += `\\${source[at + 2] ?? ''}`.replace(/\\(?=\w)/, '');
      at += 5;
    } else {
      if (
        source[at + 1] === '-' &&
        source[at + 2] !== undefined &&
        source[at + 2] !== ']' &&
        (source[at + 2] ?? '') < char
      )
        throw new RegexFailure('Invalid range end');
      out += /[\\\]^[]/.test(char) ? `\\${char}` : char;
      if (source[at + 1] === '-' && source[at + 2] === ']') {
        out += '\\-';
        at++;
      } else if (char === '-' && isFirst) out = `${out.slice(0, -1)}\\-`;
      at++;
    }
  }
  if (/^\[:[^\]]*:$/.test(source.slice(start, at)))
    throw new RegexFailure('character class syntax is [[:space:]], not [:space:]');
  return { text: `${out}]`, end: at };
}
