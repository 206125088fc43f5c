/** Why an expression is none, in the words of Go's regexp/syntax. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
}

/** Characters by ranges of code points, and by Unicode classes (patterns that test one character). */
export type CharacterSet = {
  readonly ranges: readonly (readonly [number, number])[];
  readonly classes: readonly RegExp[];
  readonly isNegated: boolean;
};
/** What an expression can say of a place between two characters. */
export type Assertion = 'begin' | 'end' | 'line-begin' | 'line-end' | 'word' | 'no-word';

/** A part of an expression. A `repeat` without an upper bound has `max` infinite; `isLazy` prefers fewer. */
export type ExpressionNode =
  | { readonly kind: 'empty' }
  | { readonly kind: 'set'; readonly set: CharacterSet; readonly isFolded: boolean }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly ExpressionNode[] }
  | { readonly kind: 'group'; readonly index: number; readonly part: ExpressionNode }
  | {
      readonly kind: 'repeat';
      readonly part: ExpressionNode;
      readonly min: number;
      readonly max: number;
      readonly isLazy: boolean;
    };

/** How an expression is read unless it says otherwise: `i` ignores case, `m` lets ^ and $ match at lines, `s` lets . match a newline, `U` turns laziness round. */
export type ExpressionFlags = { i: boolean; m: boolean; s: boolean; U: boolean };

/** An expression, read. `names` are the groups that have one. */
export type ExpressionSyntax = {
  readonly node: ExpressionNode;
  readonly groupCount: number;
  readonly names: ReadonlyMap<string, number>;
};

const REPEAT_MAX = 1000;
const DEPTH_MAX = 1000;
/** The upper bound of a repetition that has none. */
export const UNBOUNDED = Number.POSITIVE_INFINITY;
const DIGIT: readonly (readonly [number, number])[] = [[0x30, 0x39]];
const SPACE: readonly (readonly [number, number])[] = [
  [0x09, 0x0a],
  [0x0c, 0x0d],
  [0x20, 0x20],
];
/** What `\\w` matches, as ranges of code points. */
export const WORD: readonly (readonly [number, number])[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const POSIX: ReadonlyMap<string, readonly (readonly [number, number])[]> = new Map([
  [
    'alnum',
    [
      [0x30, 0x39],
      [0x41, 0x5a],
      [0x61, 0x7a],
    ],
  ],
  [
    'alpha',
    [
      [0x41, 0x5a],
      [0x61, 0x7a],
    ],
  ],
  ['ascii', [[0, 0x7f]]],
  [
    'blank',
    [
      [0x09, 0x09],
      [0x20, 0x20],
    ],
  ],
  [
    'cntrl',
    [
      [0, 0x1f],
      [0x7f, 0x7f],
    ],
  ],
  ['digit', DIGIT],
  ['graph', [[0x21, 0x7e]]],
  ['lower', [[0x61, 0x7a]]],
  ['print', [[0x20, 0x7e]]],
  [
    'punct',
    [
      [0x21, 0x2f],
      [0x3a, 0x40],
      [0x5b, 0x60],
      [0x7b, 0x7e],
    ],
  ],
  [
    'space',
    [
      [0x09, 0x0d],
      [0x20, 0x20],
    ],
  ],
  ['upper', [[0x41, 0x5a]]],
  ['word', WORD],
  [
    'xdigit',
    [
      [0x30, 0x39],
      [0x41, 0x46],
      [0x61, 0x66],
    ],
  ],
]);

function fail(reason: string, part: string): never {
  throw new ExpressionError(`error parsing regexp: ${reason}: \`${part}\``);
}

/**
 * Reads an expression in the syntax of Go and RE2. `flags` are those that hold from its start.
 * @throws ExpressionError with Go's text
 */
export function readExpression(source: string, flags: Partial<ExpressionFlags> = {}): ExpressionSyntax {
  return new Reader(source, flags).readAll();
}

/** Reads an expression from left to right. */
class Reader {
  readonly #source: string;
  readonly #chars: readonly string[];
  #at = 0;
  #depth = 0;
  #flags: ExpressionFlags;
  #groupCount = 0;
  readonly #names = new Map<string, number>();

  constructor(source: string, flags: Partial<ExpressionFlags>) {
    this.#source = source;
    this.#chars = [...source];
    this.#flags = { i: false, m: false, s: false, U: false, ...flags };
  }

  readAll(): ExpressionSyntax {
    const node = this.#choice();
    if (this.#at < this.#chars.length) fail('unexpected )', this.#source);
    return { node, groupCount: this.#groupCount, names: this.#names };
  }

  #peek(ahead = 0): string {
    return this.#chars[this.#at + ahead] ?? '';
  }

  #from(start: number): string {
    return this.#chars.slice(start, this.#at).join('');
  }

  #rest(start: number): string {
    return this.#chars.slice(start).join('');
  }

  #choice(): ExpressionNode {
    if (++this.#depth > DEPTH_MAX)
      throw new ExpressionError('error parsing regexp: expression nests too deeply');
    const parts = [this.#sequence()];
    while (this.#peek() === '|') {
      this.#at++;
      parts.push(this.#sequence());
    }
    this.#depth--;
    return parts.length === 1 ? (parts[0] ?? EMPTY) : { kind: 'choice', parts };
  }

  #sequence(): ExpressionNode {
    const parts: ExpressionNode[] = [];
    while (this.#at < this.#chars.length && this.#peek() !== '|' && this.#peek() !== ')') {
      const start = this.#at;
      if (this.#source.startsWith('\\Q', this.#chars.slice(0, start).join('').length)) {
        parts.push(...this.#quoted());
        continue;
      }
      const last = parts.pop();
      if (last !== undefined && /[*+?{]/.test(this.#peek())) {
        // After flags or quoted text a repetition is about the last part before it.
        const again = this.#repeated(last);
        parts.push(again);
        if (again !== last) continue;
      } else if (last !== undefined) parts.push(last);
      const node = this.#atom();
      if (node !== undefined) parts.push(this.#repeated(node));
    }
    return { kind: 'sequence', parts };
  }

  #quoted(): ExpressionNode[] {
    this.#at += 2;
    const nodes: ExpressionNode[] = [];
    while (this.#at < this.#chars.length) {
      if (this.#peek() === '\\' && this.#peek(1) === 'E') {
        this.#at += 2;
        break;
      }
      nodes.push(this.#literal(this.#take()));
    }
    return nodes;
  }

  #take(): string {
    const char = this.#peek();
    this.#at++;
    return char;
  }

  #literal(char: string): ExpressionNode {
    return this.#setNode([[codeOf(char), codeOf(char)]]);
  }

  #setNode(
    ranges: readonly (readonly [number, number])[],
    isNegated = false,
    classes: readonly RegExp[] = [],
  ): ExpressionNode {
    return { kind: 'set', set: { ranges, classes, isNegated }, isFolded: this.#flags.i };
  }

  #atom(): ExpressionNode | undefined {
    const start = this.#at;
    const char = this.#take();
    switch (char) {
      case '(':
        return this.#group(start);
      case '[':
        return this.#bracket(start);
      case '.':
        return this.#flags.s ? this.#setNode([], true) : this.#setNode([[0x0a, 0x0a]], true);
      case '^':
        return { kind: 'assert', what: this.#flags.m ? 'line-begin' : 'begin' };
      case '$':
        return { kind: 'assert', what: this.#flags.m ? 'line-end' : 'end' };
      case '*':
      case '+':
      case '?':
        this.#lazy();
        return fail('missing argument to repetition operator', this.#from(start));
      case '{': {
        this.#at = start;
        const count = this.#count();
        if (count) {
          this.#lazy();
          return fail('missing argument to repetition operator', this.#from(start));
        }
        this.#at = start + 1;
        return this.#literal('{');
      }
      case '\\':
        return this.#escape(start);
      default:
        return this.#literal(char);
    }
  }

  /** Takes the mark of a lazy repetition. */
  #lazy(): boolean {
    if (this.#peek() !== '?') return false;
    this.#at++;
    return true;
  }

  #group(start: number): ExpressionNode | undefined {
    const outer = { ...this.#flags };
    const head = this.#peek() === '?' ? this.#groupHead(start) : 'capture';
    if (head === 'flags') return undefined;
    const index = head === 'capture' ? ++this.#groupCount : 0;
    const part = this.#choice();
    if (this.#peek() !== ')') fail('missing closing )', this.#source);
    this.#at++;
    this.#flags = outer;
    return index === 0 ? part : { kind: 'group', index, part };
  }

  /** What stands after `(?`: a name, flags for a group, or flags alone. */
  #groupHead(start: number): 'capture' | 'plain' | 'flags' {
    const named = /^\(\?P?<([^>]*)(>?)/.exec(this.#rest(start));
    if (named) {
      if (named[2] === '') fail('invalid named capture', this.#rest(start));
      const name = named[1] ?? '';
      if (!/^\w+$/.test(name)) fail('invalid named capture', named[0]);
      // Go lets two groups bear one name; the name is the first one's.
      if (!this.#names.has(name)) this.#names.set(name, this.#groupCount + 1);
      this.#at = start + [...named[0]].length;
      return 'capture';
    }
    this.#at++;
    let isOn = true;
    let hasFlag = false;
    const flags = { ...this.#flags };
    for (;;) {
      const char = this.#take();
      if (char === 'i' || char === 'm' || char === 's' || char === 'U') {
        flags[char] = isOn;
        hasFlag = true;
      } else if (char === '-' && isOn) {
        isOn = false;
        hasFlag = false;
      } else if ((char === ':' || char === ')') && (isOn || hasFlag)) {
        this.#flags = flags;
        return char === ')' ? 'flags' : 'plain';
      } else fail('invalid or unsupported Perl syntax', this.#from(start));
    }
  }

  /** `{n}`, `{n,}` or `{n,m}` at the current place; undefined where the brace is a plain character. */
  #count(): { readonly min: number; readonly max: number } | undefined {
    const found = /^\{(\d+)(?:(,)(\d*))?\}/.exec(this.#chars.slice(this.#at, this.#at + 40).join(''));
    if (!found || /^0\d/.test(found[1] ?? '') || /^0\d/.test(found[3] ?? '')) return undefined;
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] === '' ? UNBOUNDED : Number(found[3]);
    if (min > REPEAT_MAX || (max !== UNBOUNDED && max > REPEAT_MAX) || max < min)
      fail('invalid repeat count', found[0]);
    this.#at += found[0].length;
    return { min, max };
  }

  #repeated(node: ExpressionNode): ExpressionNode {
    let made = node;
    let operator = -1;
    for (;;) {
      const char = this.#peek();
      const at = this.#at;
      const bounds =
        char === '*'
          ? { min: 0, max: UNBOUNDED }
          : char === '+'
            ? { min: 1, max: UNBOUNDED }
            : char === '?'
              ? { min: 0, max: 1 }
              : undefined;
      if (bounds) this.#at++;
      const count = bounds ?? (char === '{' ? this.#count() : undefined);
      if (!count) return made;
      const isLazy = this.#lazy() !== this.#flags.U;
      if (operator >= 0) fail('invalid nested repetition operator', this.#from(operator));
      operator = at;
      made = { kind: 'repeat', part: made, isLazy, ...count };
      if (repeats(made) > REPEAT_MAX) fail('invalid repeat count', this.#from(at));
    }
  }

  #escape(start: number): ExpressionNode {
    const char = this.#take();
    switch (char) {
      case 'A':
        return { kind: 'assert', what: 'begin' };
      case 'z':
        return { kind: 'assert', what: 'end' };
      case 'b':
        return { kind: 'assert', what: 'word' };
      case 'B':
        return { kind: 'assert', what: 'no-word' };
      case 'p':
      case 'P': {
        const { regexp, isNegated } = this.#unicode(start, char);
        return this.#setNode([], isNegated, [regexp]);
      }
      default: {
        const known = perlClass(char);
        if (known) return this.#setNode(known.ranges, known.isNegated);
        this.#at = start + 1;
        const code = this.#escapedCode(start);
        return this.#setNode([[code, code]]);
      }
    }
  }

  /** The character that an escape stands for; the place is after the backslash. */
  #escapedCode(start: number): number {
    if (this.#at >= this.#chars.length) {
      throw new ExpressionError('error parsing regexp: trailing backslash at end of expression: ``');
    }
    const char = this.#take();
    if (/[1-7]/.test(char) && !/[0-7]/.test(this.#peek()))
      return fail('invalid escape sequence', this.#from(start));
    if (/[0-7]/.test(char)) {
      let digits = char;
      while (digits.length < 3 && /[0-7]/.test(this.#peek())) digits += this.#take();
      return Number.parseInt(digits, 8);
    }
    if (char === 'x') return this.#hexCode(start);
    const simple = SIMPLE_ESCAPES.get(char);
    if (simple !== undefined) return simple;
    if (codeOf(char) < 0x80 && !/[0-9A-Za-z]/.test(char)) return codeOf(char);
    return fail('invalid escape sequence', this.#from(start));
  }

  #hexCode(start: number): number {
    const bad = () => fail('invalid escape sequence', this.#from(start));
    let char = this.#take();
    if (char !== '{') {
      const digits = char + this.#take();
      return /^[0-9a-fA-F]{2}$/.test(digits) ? Number.parseInt(digits, 16) : bad();
    }
    let code = -1;
    for (char = this.#take(); char !== '}'; char = this.#take()) {
      if (!/^[0-9a-fA-F]$/.test(char)) return bad();
      code = Math.max(0, code) * 16 + Number.parseInt(char, 16);
      if (code > 0x10ffff) return bad();
    }
    return code < 0 ? bad() : code;
  }

  #unicode(start: number, letter: string): { readonly regexp: RegExp; readonly isNegated: boolean } {
    let name = this.#take();
    if (name === '{') {
      const close = this.#chars.indexOf('}', this.#at);
      if (close < 0) return fail('invalid character class range', this.#rest(start));
      name = this.#chars.slice(this.#at, close).join('');
      this.#at = close + 1;
    }
    const isNegated = (letter === 'P') !== name.startsWith('^');
    const bare = name.replace(/^\^/, '');
    const regexp = unicodeClass(bare);
    return regexp ? { regexp, isNegated } : fail('invalid character class range', this.#from(start));
  }

  #bracket(start: number): ExpressionNode {
    const ranges: (readonly [number, number])[] = [];
    const classes: RegExp[] = [];
    const isNegated = this.#peek() === '^';
    if (isNegated) this.#at++;
    for (let isFirst = true; this.#peek() !== ']' || isFirst; isFirst = false) {
      if (this.#at >= this.#chars.length) fail('missing closing ]', this.#rest(start));
      if (this.#bracketClass(ranges, classes)) continue;
      const from = this.#at;
      const low = this.#bracketCode(start);
      let high = low;
      if (this.#peek() === '-' && this.#peek(1) !== ']' && this.#peek(1) !== '') {
        this.#at++;
        high = this.#bracketCode(start);
        if (high < low) fail('invalid character class range', this.#from(from));
      }
      ranges.push([low, high]);
    }
    this.#at++;
    return this.#setNode(ranges, isNegated, classes);
  }

  #bracketCode(start: number): number {
    if (this.#at >= this.#chars.length) return fail('missing closing ]', this.#rest(start));
    const at = this.#at;
    const char = this.#take();
    return char === '\\' ? this.#escapedCode(at) : codeOf(char);
  }

  /** A class inside of brackets: `[:alpha:]`, `\d`, `\pL`. */
  #bracketClass(ranges: (readonly [number, number])[], classes: RegExp[]): boolean {
    const start = this.#at;
    if (this.#peek() === '[' && this.#peek(1) === ':') {
      const close = this.#rest(start).indexOf(':]');
      if (close < 0) return false;
      const text = this.#rest(start).slice(0, close + 2);
      const name = text.slice(2, -2).replace(/^\^/, '');
      const known = POSIX.get(name);
      if (!known) return fail('invalid character class range', text);
      ranges.push(...(text.startsWith('[:^') ? complement(known) : known));
      this.#at += [...text].length;
      return true;
    }
    if (this.#peek() !== '\\') return false;
    const letter = this.#peek(1);
    if (letter === 'p' || letter === 'P') {
      this.#at += 2;
      const { regexp, isNegated } = this.#unicode(start, letter);
      classes.push(isNegated ? new RegExp(`[^${regexp.source}]`, 'u') : regexp);
      return true;
    }
    const known = perlClass(letter);
    if (!known) return false;
    this.#at += 2;
    ranges.push(...(known.isNegated ? complement(known.ranges) : known.ranges));
    return true;
  }
}

const EMPTY: ExpressionNode = { kind: 'empty' };

const SIMPLE_ESCAPES: ReadonlyMap<string, number> = new Map([
  ['a', 7],
  ['f', 12],
  ['t', 9],
  ['n', 10],
  ['r', 13],
  ['v', 11],
]);

/** The code point of a character. */
export function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0;
}

function perlClass(letter: string) {
  const ranges =
    letter === 'd' || letter === 'D'
      ? DIGIT
      : letter === 's' || letter === 'S'
        ? SPACE
        : letter === 'w' || letter === 'W'
          ? WORD
          : undefined;
  return ranges && { ranges, isNegated: letter === letter.toUpperCase() };
}

function complement(ranges: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const result: (readonly [number, number])[] = [];
  let next = 0;
  for (const [low, high] of ranges) {
    if (low > next) result.push([next, low - 1]);
    next = high + 1;
  }
  result.push([next, 0x10ffff]);
  return result;
}

/** A Unicode category or script, by the names that Go knows; these patterns test one character. */
function unicodeClass(name: string): RegExp | undefined {
  if (name === 'Any') return /[\s\S]/u;
  if (!/^[A-Z][A-Za-z_]*$/.test(name)) return undefined;
  for (const source of name.length <= 2 ? [`\\p{gc=${name}}`] : [`\\p{sc=${name}}`]) {
    try {
      return new RegExp(source, 'u');
    } catch {
      // Not a name that Unicode knows.
    }
  }
  return undefined;
}

/** How often the most repeated part is repeated, nested counts multiplied. */
function repeats(node: ExpressionNode): number {
  if (node.kind === 'repeat') {
    const own = node.max === UNBOUNDED ? Math.max(1, node.min) : Math.max(1, node.max);
    return (node.min <= 1 && (node.max <= 1 || node.max === UNBOUNDED) ? 1 : own) * repeats(node.part);
  }
  if (node.kind === 'group') return repeats(node.part);
  return node.kind === 'sequence' || node.kind === 'choice' ? Math.max(1, ...node.parts.map(repeats)) : 1;
}
