import { SystemFailure } from './control.ts';

/**
 * A regular expression matcher that goes back, for what linear matching cannot do: back-references, and the look-arounds of
 * `grep -P`. Every step is counted: an expression that would take exponential time ends in a message instead.
 */
export type Backtracker = {
  find(
    text: string,
    from?: number,
  ):
    | { readonly start: number; readonly end: number; readonly groups: readonly (string | undefined)[] }
    | undefined;
};

/** Steps of one search; the platform needs well under a second for them. */
const STEPS_MAX = 1_500_000;
/** Nested repetitions of a group: each is a call of ours. */
const DEPTH_MAX = 1_500;

type Node =
  | { readonly kind: 'char'; readonly test: (char: string) => boolean }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly options: readonly Node[] }
  | { readonly kind: 'group'; readonly index: number | undefined; readonly inner: Node }
  | {
      readonly kind: 'repeat';
      readonly inner: Node;
      readonly least: number;
      readonly most: number;
      readonly isLazy: boolean;
      readonly isPossessive: boolean;
    }
  | { readonly kind: 'reference'; readonly index: number }
  | { readonly kind: 'look'; readonly inner: Node; readonly isBehind: boolean; readonly isNegated: boolean }
  | { readonly kind: 'atomic'; readonly inner: Node }
  | { readonly kind: 'assert'; readonly holds: (text: string, at: number) => boolean }
  | { readonly kind: 'keep' };

/** Why a pattern is none. */
export class PatternFault extends Error {
  override readonly name = 'PatternFault';
}

const WORD = /[A-Za-z0-9_]/;
const ESCAPES: Readonly<Record<string, (char: string) => boolean>> = {
  d: (char) => char >= '0' && char <= '9',
  D: (char) => !(char >= '0' && char <= '9'),
  w: (char) => WORD.test(char),
  W: (char) => !WORD.test(char),
  s: (char) => /\s/.test(char),
  S: (char) => !/\s/.test(char),
  h: (char) => char === ' ' || char === '\t',
  R: (char) => char === '\n',
};
const LITERALS: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  f: '\f',
  v: '\v',
  a: '\x07',
  e: '\x1b',
  0: '\0',
};
const CLASSES: Readonly<Record<string, RegExp>> = {
  alpha: /[A-Za-z]/,
  digit: /[0-9]/,
  alnum: /[A-Za-z0-9]/,
  upper: /[A-Z]/,
  lower: /[a-z]/,
  space: /\s/,
  blank: /[ \t]/,
  punct: /[!-/:-@[-`{-~]/,
  xdigit: /[0-9A-Fa-f]/,
  word: WORD,
};

/** Reads the syntax of Perl (as far as `grep -P` is commonly given it). */
class Reader {
  readonly #source: string;
  #at = 0;
  groups = 0;
  #ignoresCase: boolean;
  #dotsAll = false;
  #depth = 0;

  constructor(source: string, ignoresCase: boolean) {
    this.#source = source;
    this.#ignoresCase = ignoresCase;
  }

  read(): Node {
    const node = this.#choice();
    if (this.#at < this.#source.length) throw new PatternFault('unmatched closing parenthesis');
    return node;
  }

  #choice(): Node {
    if (++this.#depth > 200) throw new PatternFault('parentheses are too deeply nested');
    const options = [this.#sequence()];
    while (this.#source[this.#at] === '|') {
      this.#at++;
      options.push(this.#sequence());
    }
    this.#depth--;
    return options.length === 1
      ? (options[0] ?? { kind: 'sequence', parts: [] })
      : { kind: 'choice', options };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#at < this.#source.length && this.#source[this.#at] !== '|' && this.#source[this.#at] !== ')')
      parts.push(this.#repeated(this.#atom()));
    return { kind: 'sequence', parts };
  }

  #repeated(inner: Node): Node {
    let node = inner;
    for (;;) {
      const match = /^(?:([*+?])|\{(\d+)?(,)?(\d+)?\})([?+])?/.exec(
        this.#source.slice(this.#at, this.#at + 24),
      );
      if (match === null || (match[1] === undefined && match[2] === undefined)) return node;
      this.#at += match[0].length;
      const [, sign, low, comma, high, mode] = match;
      const least = sign === '+' ? 1 : sign !== undefined ? 0 : Number(low);
      const most =
        sign === '?'
          ? 1
          : sign !== undefined
            ? Number.POSITIVE_INFINITY
            : comma === undefined
              ? least
              : high === undefined
                ? Number.POSITIVE_INFINITY
                : Number(high);
      if (most < least) throw new PatternFault('numbers out of order in {} quantifier');
      node = { kind: 'repeat', inner: node, least, most, isLazy: mode === '?', isPossessive: mode === '+' };
    }
  }

  #atom(): Node {
    const char = this.#source[this.#at++] ?? '';
    switch (char) {
      case '(':
        return this.#group();
      case '[':
        return { kind: 'char', test: this.#set() };
      case '.': {
        const all = this.#dotsAll;
        return { kind: 'char', test: (one) => all || one !== '\n' };
      }
      case '^':
        return { kind: 'assert', holds: (_text, at) => at === 0 };
      case '$':
        return {
          kind: 'assert',
          holds: (text, at) => at === text.length || (at === text.length - 1 && text[at] === '\n'),
        };
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        throw new PatternFault('quantifier does not follow a repeatable item');
      default:
        return this.#literal(char);
    }
  }

  #literal(char: string): Node {
    const lower = char.toLowerCase();
    return this.#ignoresCase
      ? { kind: 'char', test: (one) => one.toLowerCase() === lower }
      : { kind: 'char', test: (one) => one === char };
  }

  #group(): Node {
    const head = /^\?(?:[:=!>]|<[=!]|P?<[A-Za-z_]\w*>|'[A-Za-z_]\w*'|[ims]*(?:-[ims]*)?[:)]|#[^)]*)/.exec(
      this.#source.slice(this.#at),
    )?.[0];
    if (this.#source[this.#at] === '?' && head === undefined)
      throw new PatternFault('unrecognized character after (? or (?-');
    this.#at += head?.length ?? 0;
    const outer = { ignoresCase: this.#ignoresCase, dotsAll: this.#dotsAll };
    if (head?.startsWith('?#') === true) return this.#close({ kind: 'sequence', parts: [] });
    const flags = head === undefined ? null : /^\?([ims]*)(?:-([ims]*))?([:)])$/.exec(head);
    if (flags !== null && (head ?? '') !== '?:') {
      if (flags[1]?.includes('i') === true) this.#ignoresCase = true;
      if (flags[2]?.includes('i') === true) this.#ignoresCase = false;
      if (flags[1]?.includes('s') === true) this.#dotsAll = true;
      if (flags[3] === ')') return { kind: 'sequence', parts: [] };
    }
    const isCapture = head === undefined || /^\?(P?<[A-Za-z_]|')/.test(head);
    const index = isCapture ? ++this.groups : undefined;
    const inner = this.#choice();
    this.#ignoresCase = outer.ignoresCase;
    this.#dotsAll = outer.dotsAll;
    if (head === '?=' || head === '?!')
      return this.#close({ kind: 'look', inner, isBehind: false, isNegated: head === '?!' });
    if (head === '?<=' || head === '?<!')
      return this.#close({ kind: 'look', inner, isBehind: true, isNegated: head === '?<!' });
    if (head === '?>') return this.#close({ kind: 'atomic', inner });
    return this.#close({ kind: 'group', index, inner });
  }

  #close(node: Node): Node {
    if (this.#source[this.#at] !== ')') throw new PatternFault('missing closing parenthesis');
    this.#at++;
    return node;
  }

  #escape(): Node {
    const char = this.#source[this.#at++];
    if (char === undefined) throw new PatternFault('\\ at end of pattern');
    if (/[1-9]/.test(char)) return { kind: 'reference', index: Number(char) };
    const isEdge = (text: string, at: number): boolean =>
      WORD.test(text[at - 1] ?? '') !== WORD.test(text[at] ?? '');
    if (char === 'b') return { kind: 'assert', holds: isEdge };
    if (char === 'B') return { kind: 'assert', holds: (text, at) => !isEdge(text, at) };
    if (char === 'A') return { kind: 'assert', holds: (_text, at) => at === 0 };
    if (char === 'z' || char === 'Z') return { kind: 'assert', holds: (text, at) => at === text.length };
    if (char === 'K') return { kind: 'keep' };
    if (char === 'Q') {
      const end = this.#source.indexOf('\\E', this.#at);
      const text = this.#source.slice(this.#at, end < 0 ? undefined : end);
      this.#at = end < 0 ? this.#source.length : end + 2;
      return { kind: 'sequence', parts: [...text].map((one) => this.#literal(one)) };
    }
    const test = Object.hasOwn(ESCAPES, char) ? ESCAPES[char] : undefined;
    if (test !== undefined) return { kind: 'char', test };
    return this.#literal(this.#escapedChar(char));
  }

  #escapedChar(char: string): string {
    const hex =
      char === 'x'
        ? /^(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{1,2}))/.exec(this.#source.slice(this.#at))
        : null;
    if (hex !== null) {
      this.#at += hex[0].length;
      const code = Number.parseInt(hex[1] ?? hex[2] ?? '0', 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
    }
    return Object.hasOwn(LITERALS, char) ? (LITERALS[char] ?? char) : char;
  }

  #set(): (char: string) => boolean {
    const isNegated = this.#source[this.#at] === '^';
    if (isNegated) this.#at++;
    const tests: ((char: string) => boolean)[] = [];
    for (let isFirst = true; ; isFirst = false) {
      const char = this.#source[this.#at++];
      if (char === undefined) throw new PatternFault('missing terminating ] for character class');
      if (char === ']' && !isFirst) break;
      const named = char === '[' ? /^:(\^?)([a-z]+):\]/.exec(this.#source.slice(this.#at)) : null;
      const known =
        named !== null && Object.hasOwn(CLASSES, named[2] ?? '') ? CLASSES[named[2] ?? ''] : undefined;
      if (named !== null && known !== undefined) {
        this.#at += named[0].length;
        tests.push((one) => known.test(one) !== (named[1] === '^'));
        continue;
      }
      if (char === '\\') {
        const code = this.#source[this.#at] ?? '';
        const isOne = Object.hasOwn(ESCAPES, code) ? ESCAPES[code] : undefined;
        if (isOne !== undefined) {
          this.#at++;
          tests.push(isOne);
          continue;
        }
      }
      const from = this.#member(char);
      let to = from;
      if (
        this.#source[this.#at] === '-' &&
        this.#source[this.#at + 1] !== ']' &&
        this.#at + 1 < this.#source.length
      ) {
        this.#at++;
        to = this.#member(this.#source[this.#at++] ?? '');
      }
      tests.push((one) => one >= from && one <= to);
    }
    const ignoresCase = this.#ignoresCase;
    return (one) =>
      tests.some(
        (test) => test(one) || (ignoresCase && (test(one.toLowerCase()) || test(one.toUpperCase()))),
      ) !== isNegated;
  }

  #member(char: string): string {
    if (char !== '\\') return char;
    const code = this.#source[this.#at++] ?? '\\';
    return code === 'b' ? '\b' : this.#escapedChar(code);
  }
}

type Continue = (at: number) => boolean;

class Search {
  readonly #text: string;
  #steps = 0;
  #depth = 0;
  groups: ([number, number] | undefined)[] = [];
  keep: number | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  reset(count: number): void {
    this.groups = Array.from({ length: count + 1 });
    this.keep = undefined;
  }

  run(node: Node, at: number, next: Continue): boolean {
    if (++this.#steps > STEPS_MAX || this.#depth > DEPTH_MAX)
      throw new SystemFailure("exceeded PCRE's backtracking limit");
    this.#depth++;
    try {
      return this.#step(node, at, next);
    } finally {
      this.#depth--;
    }
  }

  #step(node: Node, at: number, next: Continue): boolean {
    switch (node.kind) {
      case 'char':
        return at < this.#text.length && node.test(this.#text[at] ?? '') && next(at + 1);
      case 'assert':
        return node.holds(this.#text, at) && next(at);
      case 'sequence':
        return this.#sequence(node.parts, 0, at, next);
      case 'choice':
        return node.options.some((option) => this.run(option, at, next));
      case 'group':
        return this.#group(node, at, next);
      case 'repeat':
        return node.isPossessive
          ? this.#atomic({ ...node, isPossessive: false }, at, next)
          : this.#repeat(node, at, next);
      case 'atomic':
        return this.#atomic(node.inner, at, next);
      case 'reference': {
        const group = this.groups[node.index];
        if (group === undefined) return false;
        const text = this.#text.slice(group[0], group[1]);
        return this.#text.startsWith(text, at) && next(at + text.length);
      }
      case 'look':
        return this.#look(node, at) !== node.isNegated && next(at);
      case 'keep': {
        const before = this.keep;
        this.keep = at;
        if (next(at)) return true;
        this.keep = before;
        return false;
      }
    }
  }

  #sequence(parts: readonly Node[], index: number, at: number, next: Continue): boolean {
    const part = parts[index];
    if (part === undefined) return next(at);
    return this.run(part, at, (end) => this.#sequence(parts, index + 1, end, next));
  }

  #group(node: Extract<Node, { kind: 'group' }>, at: number, next: Continue): boolean {
    const { index } = node;
    if (index === undefined) return this.run(node.inner, at, next);
    const before = this.groups[index];
    const found = this.run(node.inner, at, (end) => {
      const inside = this.groups[index];
      this.groups[index] = [at, end];
      if (next(end)) return true;
      this.groups[index] = inside;
      return false;
    });
    if (!found) this.groups[index] = before;
    return found;
  }

  #atomic(inner: Node, at: number, next: Continue): boolean {
    let end: number | undefined;
    const found = this.run(inner, at, (place) => {
      end = place;
      return true;
    });
    return found && end !== undefined && next(end);
  }

  #look(node: Extract<Node, { kind: 'look' }>, at: number): boolean {
    if (!node.isBehind) return this.run(node.inner, at, () => true);
    for (let start = at; start >= 0; start--)
      if (this.run(node.inner, start, (end) => end === at)) return true;
    return false;
  }

  /** A repetition; of single characters without nesting, so that long runs need no deep calls. */
  #repeat(node: Extract<Node, { kind: 'repeat' }>, at: number, next: Continue): boolean {
    const { inner, least, most, isLazy } = node;
    if (inner.kind !== 'char') return this.#repeatGroup(node, 0, at, -1, next);
    let end = at;
    const reach = Math.min(this.#text.length, at + most);
    if (isLazy) {
      for (;;) {
        if (end - at >= least && next(end)) return true;
        if (end >= reach || !inner.test(this.#text[end] ?? '')) return false;
        end++;
      }
    }
    while (end < reach && inner.test(this.#text[end] ?? '')) end++;
    this.#steps += end - at;
    for (; end - at >= least; end--) if (next(end)) return true;
    return false;
  }

  #repeatGroup(
    node: Extract<Node, { kind: 'repeat' }>,
    count: number,
    at: number,
    before: number,
    next: Continue,
  ): boolean {
    const more = (): boolean =>
      count < node.most &&
      (at !== before || count < node.least) &&
      this.run(node.inner, at, (end) => this.#repeatGroup(node, count + 1, end, at, next));
    if (count < node.least) return more();
    return node.isLazy ? next(at) || more() : more() || next(at);
  }
}

/** Compiles a pattern in Perl's syntax. @throws PatternFault; searching throws SystemFailure when it takes too long */
export function compileBacktracker(
  source: string,
  options: { readonly ignoreCase?: boolean } = {},
): Backtracker & { readonly groupCount: number } {
  const reader = new Reader(source, options.ignoreCase === true);
  const node = reader.read();
  return {
    groupCount: reader.groups,
    find: (text, from = 0) => {
      const search = new Search(text);
      for (let start = from; start <= text.length; start++) {
        search.reset(reader.groups);
        let end = -1;
        const found = search.run(node, start, (place) => {
          end = place;
          return true;
        });
        if (!found) continue;
        const begin = Math.min(search.keep ?? start, end);
        const groups = search.groups.map((group) =>
          group === undefined ? undefined : text.slice(group[0], group[1]),
        );
        groups[0] = text.slice(begin, end);
        return { start: begin, end, groups };
      }
      return undefined;
    },
  };
}
