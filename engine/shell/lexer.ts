import type { Parameter, Redirect, Script, Word, WordPart } from './ast.ts';
import { SyntaxFailure } from './syntax-error.ts';

/** Whose grammar applies. */
export type Dialect = 'bash' | 'ash' | 'dash';

/** A token of the shell's grammar. `start` is its place in the source. */
export type Token =
  | {
      readonly kind: 'word';
      readonly word: Word;
      readonly start: number;
      readonly end: number;
      readonly line: number;
    }
  | {
      readonly kind: 'operator';
      readonly text: string;
      readonly start: number;
      readonly end: number;
      readonly line: number;
      readonly fd?: number;
      /** The name in `{name}>file`. */
      readonly variable?: string;
    }
  | { readonly kind: 'end'; readonly start: number; readonly end: number; readonly line: number };

type Heredoc = NonNullable<Redirect['heredoc']>;

const OPERATORS = [
  '&>>',
  '<<<',
  '<<-',
  ';;&',
  '&&',
  '||',
  ';;',
  ';&',
  '<<',
  '>>',
  '<&',
  '>&',
  '<>',
  '>|',
  '|&',
  '&>',
  '(',
  ')',
  '<',
  '>',
  '|',
  '&',
  ';',
  '\n',
];
/** What only bash reads as one operator; ash knows `&>` too. */
const ONLY_BASH = new Set(['&>>', '<<<', ';;&', ';&', '|&', '&>']);
const META = ' \t\n;&|<>()';
const NAME_START = /[A-Za-z_]/;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /[0-9]+/y;
const NESTING_MAX = 150;
const FD_VARIABLE = /\{([A-Za-z_][A-Za-z0-9_]*)\}(?=[<>])(?![<>]\()/y;
const ELEMENT = /[A-Za-z_][A-Za-z0-9_]*\[/y;

/** Splits shell source into tokens and words. Command substitutions are read by the parser, which is handed in. */
export class Lexer {
  src: string;
  pos = 0;
  line = 1;
  readonly dialect: Dialect;
  /** Heredocs whose bodies begin after the next newline. */
  pending: { readonly heredoc: Heredoc; readonly isQuoted: boolean }[] = [];
  /** While true, the end of the source also ends a here-document (scripts, not prompts). */
  isFinal: boolean;
  /** How deep commands, substitutions and braces nest here. */
  nesting = 0;
  /** While true, `@(a|b)` and its kin are patterns (`shopt -s extglob`, the inside of `[[ ]]`). */
  isExtended = false;
  /** Here-documents that the end of the text ended: bash warns of them. */
  warnings: { readonly text: string; readonly end: number }[] = [];
  readonly #nested: (lexer: Lexer) => Script;

  constructor(src: string, dialect: Dialect, isFinal: boolean, nested: (lexer: Lexer) => Script) {
    this.src = src;
    this.dialect = dialect;
    this.isFinal = isFinal;
    this.#nested = nested;
  }

  /** Raises a syntax error at the present line. */
  fail(problem: SyntaxFailure['problem']): never {
    throw new SyntaxFailure(problem, this.line);
  }

  /** Skips blanks, line continuations and comments. */
  skipBlanks(): void {
    for (;;) {
      const char = this.src[this.pos];
      if (char === ' ' || char === '\t' || char === '\r') this.pos++;
      else if (char === '\\' && this.src[this.pos + 1] === '\n') {
        this.pos += 2;
        this.line++;
      } else if (char === '#') {
        while (this.pos < this.src.length && this.src[this.pos] !== '\n') this.pos++;
      } else return;
    }
  }

  /** Reads the next token. A newline also reads the bodies of the here-documents announced on its line. */
  next(): Token {
    this.skipBlanks();
    const start = this.pos;
    const line = this.line;
    if (start >= this.src.length) return { kind: 'end', start, end: start, line };
    const fd = this.#fdNumber();
    const variable = this.#fdVariable();
    const text = this.#operator();
    if (text !== undefined) {
      this.pos += text.length;
      if (text === '\n') this.#newline();
      return {
        kind: 'operator',
        text,
        start,
        end: this.pos,
        line,
        ...(fd !== undefined ? { fd } : {}),
        ...(variable !== undefined ? { variable } : {}),
      };
    }
    const word = this.readWord();
    return { kind: 'word', word, start, end: this.pos, line };
  }

  #fdNumber(): number | undefined {
    NUMBER.lastIndex = this.pos;
    const digits = NUMBER.exec(this.src)?.[0];
    if (digits === undefined || digits.length > 4) return undefined;
    const after = this.src[this.pos + digits.length];
    if (after !== '<' && after !== '>') return undefined;
    this.pos += digits.length;
    return Number(digits);
  }

  #fdVariable(): string | undefined {
    if (this.dialect !== 'bash' || this.src[this.pos] !== '{') return undefined;
    FD_VARIABLE.lastIndex = this.pos;
    const match = FD_VARIABLE.exec(this.src);
    if (match === null) return undefined;
    this.pos += match[0].length;
    return match[1];
  }

  #operator(): string | undefined {
    if (
      this.dialect !== 'dash' &&
      (this.src.startsWith('<(', this.pos) || this.src.startsWith('>(', this.pos))
    )
      return undefined;
    for (const operator of OPERATORS) {
      if (!this.src.startsWith(operator, this.pos)) continue;
      if (
        this.dialect !== 'bash' &&
        ONLY_BASH.has(operator) &&
        !(operator === '&>' && this.dialect === 'ash')
      )
        continue;
      return operator;
    }
    return undefined;
  }

  #newline(): void {
    this.line++;
    const pending = this.pending;
    this.pending = [];
    for (const { heredoc, isQuoted } of pending) this.#readHeredoc(heredoc, isQuoted);
  }

  #readHeredoc(heredoc: Heredoc, isQuoted: boolean): void {
    const lines: string[] = [];
    const from = this.line - 1;
    for (;;) {
      if (this.pos >= this.src.length) {
        if (this.isFinal) {
          const end = Math.max(from, this.src.endsWith('\n') ? this.line - 1 : this.line);
          this.#warnOfEnd(
            heredoc.delimiter,
            from,
            lines.length > 0 ? end - (this.src.endsWith('\n') ? 0 : 1) : from,
          );
          break;
        }
        const { delimiter, stripsTabs } = heredoc;
        this.fail({ kind: 'end', heredoc: { delimiter, stripsTabs } });
      }
      let end = this.src.indexOf('\n', this.pos);
      if (end < 0) end = this.src.length;
      let text = this.src.slice(this.pos, end);
      this.pos = Math.min(end + 1, this.src.length);
      this.line++;
      if (heredoc.stripsTabs) text = text.replace(/^\t+/, '');
      if (text === heredoc.delimiter) break;
      lines.push(text);
    }
    const text = lines.map((line) => `${line}\n`).join('');
    heredoc.text = text;
    heredoc.body = isQuoted
      ? [{ kind: 'text', text, isQuoted: true }]
      : this.#inner(text, (inner) => inner.readDouble('', true));
  }

  #warnOfEnd(delimiter: string, from: number, end: number): void {
    if (this.dialect === 'bash')
      this.warnings.push({
        text: `warning: here-document at line ${from} delimited by end-of-file (wanted \`${delimiter}')`,
        end,
      });
  }

  /** Tells of a here-document that was announced but has no lines at all. */
  endPending(): void {
    for (const { heredoc } of this.pending) this.#warnOfEnd(heredoc.delimiter, this.line, this.line);
    this.pending = [];
  }

  #inner<T>(text: string, read: (lexer: Lexer) => T): T {
    const inner = new Lexer(text, this.dialect, true, this.#nested);
    inner.line = this.line;
    inner.isExtended = this.isExtended;
    inner.nesting = this.nesting;
    return read(inner);
  }

  /** Reads one word at the present place. */
  readWord(): Word {
    const start = this.pos;
    const element = this.#elementStart();
    const parts = this.readParts(META, false);
    if (element !== undefined) parts.unshift({ kind: 'text', text: element, isQuoted: false });
    return { parts, text: this.src.slice(start, this.pos) };
  }

  /** `name[subscript` of an assignment to an element: the subscript may hold blanks. */
  #elementStart(): string | undefined {
    if (this.dialect !== 'bash') return undefined;
    ELEMENT.lastIndex = this.pos;
    const head = ELEMENT.exec(this.src)?.[0];
    if (head === undefined) return undefined;
    const end = subscriptEnd(this.src, this.pos + head.length);
    if (end === undefined || !/^\+?=/.test(this.src.slice(end + 1, end + 3))) return undefined;
    const text = this.src.slice(this.pos, end + 1);
    if (text.includes('\n')) return undefined;
    this.pos = end + 1;
    return text;
  }

  /** Reads `@(…|…)` from its first character on. */
  #extended(parts: WordPart[]): void {
    const line = this.line;
    parts.push({ kind: 'text', text: this.src.slice(this.pos, this.pos + 2), isQuoted: false });
    this.pos += 2;
    for (let depth = 1; depth > 0; this.pos++) {
      parts.push(...this.readParts('()', false));
      const char = this.src[this.pos];
      if (char === undefined) throw new SyntaxFailure({ kind: 'quote', quote: ')' }, line);
      depth += char === '(' ? 1 : -1;
      parts.push({ kind: 'text', text: char, isQuoted: false });
    }
  }

  /** Reads parts until an unquoted character of `stops` (not consumed) or the end of the source. */
  readParts(stops: string, inDouble: boolean): WordPart[] {
    const parts: WordPart[] = [];
    let text = '';
    const flush = (): void => {
      if (text !== '') parts.push({ kind: 'text', text, isQuoted: inDouble });
      text = '';
    };
    while (this.pos < this.src.length) {
      const char = this.src[this.pos] ?? '';
      if (stops.includes(char) && !this.#isProcess(char, inDouble)) break;
      if (this.isExtended && !inDouble && '?*+@!'.includes(char) && this.src[this.pos + 1] === '(') {
        flush();
        this.#extended(parts);
        continue;
      }
      const special = this.#part(char, inDouble);
      if (special === undefined) {
        text += char;
        if (char === '\n') this.line++;
        this.pos++;
      } else if (special !== 'nothing') {
        flush();
        parts.push(special);
      }
    }
    flush();
    return parts;
  }

  #isProcess(char: string, inDouble: boolean): boolean {
    return (
      !inDouble && this.dialect !== 'dash' && (char === '<' || char === '>') && this.src[this.pos + 1] === '('
    );
  }

  /** Reads a quoted or expanded part; undefined when the character stands for itself. */
  #part(char: string, inDouble: boolean): WordPart | 'nothing' | undefined {
    if (char === '\\') return this.#backslash(inDouble);
    if (char === "'" && !inDouble) return this.#singleQuoted();
    if (char === '"') return this.#doubleQuoted();
    if (char === '`') return this.#backquoted(inDouble);
    if (char === '$') return this.#dollar(inDouble);
    if (this.#isProcess(char, inDouble)) {
      this.pos += 2;
      const body = this.#nested(this);
      return { kind: 'process', direction: char === '<' ? '<' : '>', body };
    }
    return undefined;
  }

  #backslash(inDouble: boolean): WordPart | 'nothing' {
    const next = this.src[this.pos + 1];
    if (next === undefined) {
      if (!this.isFinal) this.fail({ kind: 'end' });
      this.pos++;
      return { kind: 'text', text: '\\', isQuoted: true };
    }
    this.pos += 2;
    if (next === '\n') {
      this.line++;
      return 'nothing';
    }
    if (inDouble && !'$`"\\}'.includes(next)) return { kind: 'text', text: `\\${next}`, isQuoted: true };
    return { kind: 'text', text: next, isQuoted: true };
  }

  #singleQuoted(): WordPart {
    const line = this.line;
    const end = this.src.indexOf("'", this.pos + 1);
    if (end < 0) throw new SyntaxFailure({ kind: 'quote', quote: "'" }, line);
    const text = this.src.slice(this.pos + 1, end);
    this.line += text.split('\n').length - 1;
    this.pos = end + 1;
    return { kind: 'text', text, isQuoted: true };
  }

  #doubleQuoted(): WordPart {
    const line = this.line;
    this.pos++;
    const parts = this.readDouble('"', false);
    if (this.src[this.pos] !== '"') throw new SyntaxFailure({ kind: 'quote', quote: '"' }, line);
    this.pos++;
    return { kind: 'double', parts };
  }

  /** Reads text in which only `$`, backquotes and some backslashes are special, until `stop` (not consumed). */
  readDouble(stop: string, isHeredoc: boolean): WordPart[] {
    const parts: WordPart[] = [];
    let text = '';
    while (this.pos < this.src.length) {
      const char = this.src[this.pos] ?? '';
      if (char === stop) break;
      let part: WordPart | 'nothing' | undefined;
      if (char === '\\') {
        const next = this.src[this.pos + 1] ?? '';
        if (next === '\n') {
          this.pos += 2;
          this.line++;
          continue;
        }
        if (next !== '' && (isHeredoc ? '$`\\' : '$`"\\').includes(next)) {
          text += next;
          this.pos += 2;
        } else {
          text += char;
          this.pos++;
        }
        continue;
      }
      if (char === '`') part = this.#backquoted(true);
      else if (char === '$') part = this.#dollar(true);
      if (part === undefined) {
        text += char;
        if (char === '\n') this.line++;
        this.pos++;
      } else if (part !== 'nothing') {
        if (text !== '') parts.push({ kind: 'text', text, isQuoted: true });
        text = '';
        parts.push(part);
      }
    }
    if (text !== '') parts.push({ kind: 'text', text, isQuoted: true });
    return parts;
  }

  #backquoted(inDouble: boolean): WordPart {
    const line = this.line;
    let text = '';
    this.pos++;
    for (;;) {
      const char = this.src[this.pos];
      if (char === undefined) throw new SyntaxFailure({ kind: 'quote', quote: '`' }, line);
      this.pos++;
      if (char === '`') break;
      if (char === '\n') this.line++;
      const next = this.src[this.pos] ?? '';
      if (char === '\\' && (next === '`' || next === '\\' || next === '$' || (inDouble && next === '"'))) {
        text += next;
        this.pos++;
      } else text += char;
    }
    return { kind: 'command', body: this.#inner(`${text})`, (inner) => this.#nested(inner)) };
  }

  #dollar(inDouble: boolean): WordPart | undefined {
    const next = this.src[this.pos + 1] ?? '';
    if (next === '{') return this.#braced(inDouble);
    if (next === '(') return this.src[this.pos + 2] === '(' ? this.#arithmeticOrCommand() : this.#command();
    if (next === "'" && !inDouble && this.dialect !== 'dash') return this.#ansiQuoted();
    if (next === '"' && !inDouble && this.dialect === 'bash') {
      this.pos++;
      return this.#doubleQuoted();
    }
    if ('@*#?-$!0123456789'.includes(next) && next !== '') {
      this.pos += 2;
      return { kind: 'parameter', parameter: { name: next } };
    }
    if (!NAME_START.test(next)) return undefined;
    NAME.lastIndex = this.pos + 1;
    const name = NAME.exec(this.src)?.[0] ?? '';
    this.pos += 1 + name.length;
    return { kind: 'parameter', parameter: { name, isBare: true } };
  }

  #command(): WordPart {
    this.pos += 2;
    return { kind: 'command', body: this.#nested(this) };
  }

  #arithmeticOrCommand(): WordPart {
    const end = arithmeticEnd(this.src, this.pos + 3);
    if (end === undefined && this.dialect !== 'bash' && !this.src.includes('))', this.pos))
      throw new SyntaxFailure({ kind: 'quote', quote: '))' }, this.line);
    if (end === undefined) return this.#command();
    const text = this.src.slice(this.pos + 3, end);
    this.pos = end + 2;
    return { kind: 'arithmetic', parts: this.arithmeticParts(text) };
  }

  /** The parts of an arithmetic expression's text: expansions are still to be made in it. */
  arithmeticParts(text: string): WordPart[] {
    return this.#inner(text, (inner) => inner.readDouble('', true));
  }

  /** Reads a text that is known to be one word, as the value of an assignment. */
  reread(text: string): Word {
    return { parts: this.#inner(text, (inner) => inner.readParts('', false)), text };
  }

  #ansiQuoted(): WordPart {
    const line = this.line;
    this.pos += 2;
    let raw = '';
    for (;;) {
      const char = this.src[this.pos];
      if (char === undefined) throw new SyntaxFailure({ kind: 'quote', quote: "'" }, line);
      this.pos++;
      if (char === "'") break;
      raw += char;
      if (char === '\\') raw += this.src[this.pos++] ?? '';
    }
    return { kind: 'text', text: unescapeAnsi(raw), isQuoted: true };
  }

  /** Goes one level deeper. @throws SyntaxFailure where no script of a person goes */
  deeper<T>(read: () => T): T {
    if (++this.nesting > NESTING_MAX)
      throw new SyntaxFailure(
        { kind: 'unexpected', token: this.src.slice(this.pos, this.pos + 1) },
        this.line,
      );
    try {
      return read();
    } finally {
      this.nesting--;
    }
  }

  #braced(inDouble: boolean): WordPart {
    return this.deeper(() => this.#bracedParameter(inDouble));
  }

  #bracedParameter(inDouble: boolean): WordPart {
    const start = this.pos;
    const line = this.line;
    this.pos += 2;
    const parameter = this.#parameter(start, inDouble);
    if (this.pos >= this.src.length && this.src[this.pos] !== '}')
      throw new SyntaxFailure({ kind: 'quote', quote: '}' }, line);
    if (this.src[this.pos] !== '}') {
      const end = this.src.indexOf('}', this.pos);
      if (end < 0) throw new SyntaxFailure({ kind: 'quote', quote: '}' }, line);
      this.pos = end + 1;
      return { kind: 'parameter', parameter: { name: '', bad: this.src.slice(start, this.pos) } };
    }
    this.pos++;
    return { kind: 'parameter', parameter: parameter ?? { name: '', bad: this.src.slice(start, this.pos) } };
  }

  #parameter(start: number, inDouble: boolean): Parameter | undefined {
    const isLength = this.src[this.pos] === '#' && !/[}:\-+=?]/.test(this.src[this.pos + 1] ?? '}');
    if (isLength) this.pos++;
    const isIndirect =
      this.dialect === 'bash' &&
      this.src[this.pos] === '!' &&
      /^([A-Za-z_0-9@*]|#\})/.test(this.src.slice(this.pos + 1, this.pos + 3));
    if (isIndirect) this.pos++;
    const name = this.#parameterName();
    if (name === '') return undefined;
    let index: WordPart[] | undefined;
    if (this.src[this.pos] === '[' && this.dialect === 'bash') {
      this.pos++;
      index = this.readParts(']', false);
      if (this.src[this.pos] !== ']') return undefined;
      this.pos++;
    }
    const base = {
      name,
      ...(index ? { index } : {}),
      ...(isLength ? { isLength } : {}),
      ...(isIndirect ? { isIndirect } : {}),
    };
    if (this.src[this.pos] === '}') return base;
    if (isIndirect && /^[*@]\}/.test(this.src.slice(this.pos, this.pos + 2))) {
      this.pos++;
      return { name, isNames: true };
    }
    return this.#operated(base, start, inDouble);
  }

  #parameterName(): string {
    const char = this.src[this.pos] ?? '';
    const pattern = NAME_START.test(char) ? NAME : NUMBER;
    pattern.lastIndex = this.pos;
    const name = pattern.exec(this.src)?.[0] ?? ('@*#?-$!'.includes(char) ? char : '');
    this.pos += name.length;
    return name;
  }

  #operated(base: Parameter, start: number, inDouble: boolean): Parameter | undefined {
    const rest = this.src.slice(this.pos, this.pos + 2);
    const found =
      /^(:[-=?+]|##|%%|\/\/|\/#|\/%|\^\^|,,|~~|[-=?+#%])/.exec(rest)?.[0] ?? /^[/^,:@~]/.exec(rest)?.[0];
    // ash has no anchors in replacements: the signs belong to the pattern.
    const operator = this.dialect === 'ash' && /^\/[#%]$/.test(found ?? '') ? '/' : found;
    if (operator === undefined) return undefined;
    if (operator === ':' && rest === ':}') return { name: '', bad: this.#skipBraced(start) };
    if (operator === '@') {
      const end = this.src.indexOf('}', this.pos);
      const text = end < 0 ? '' : this.src.slice(start, end + 1);
      this.pos++;
      return { ...base, operator, word: this.readParts('}', false), text };
    }
    const isOld = /^:?[-=?+]$|^[#%]+$/.test(operator);
    if (!isOld && (this.dialect === 'dash' || (this.dialect === 'ash' && !/^[/:]/.test(operator)))) {
      return { name: '', bad: this.#skipBraced(start) };
    }
    this.pos += operator.length;
    if (operator === ':' || operator.startsWith('/')) {
      // In `${x////-}` the pattern is a slash.
      const slash: WordPart[] =
        operator === '//' && this.src[this.pos] === '/' ? [{ kind: 'text', text: '/', isQuoted: true }] : [];
      this.pos += slash.length;
      const word = [...slash, ...this.readParts(operator === ':' ? ':}' : '/}', operator === ':')];
      if (this.src[this.pos] === '}') return { ...base, operator, word };
      this.pos++;
      return { ...base, operator, word, word2: this.readParts('}', operator === ':') };
    }
    const isPattern = /^[#%^,~]/.test(operator);
    return { ...base, operator, word: this.readParts('}', inDouble && !isPattern) };
  }

  #skipBraced(start: number): string {
    this.readParts('}', false);
    return this.src.slice(start, this.pos + 1);
  }
}

/** The place of the `]` that ends a subscript begun at `from`; undefined when there is none. */
export function subscriptEnd(text: string, from: number): number | undefined {
  let depth = 0;
  let quote = '';
  for (let at = from; at < text.length; at++) {
    const char = text[at] ?? '';
    if (quote !== '') {
      if (char === quote) quote = '';
      else if (char === '\\' && quote === '"') at++;
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '\\') at++;
    else if (char === '[') depth++;
    else if (char === ']') {
      if (depth === 0) return at;
      depth--;
    } else if (char === '\n' || char === ';') return undefined;
  }
  return undefined;
}

/** The place of the `))` that closes an arithmetic text begun at `from`; undefined when it is no arithmetic. */
export function arithmeticEnd(src: string, from: number): number | undefined {
  let depth = 0;
  for (let at = from; at < src.length; at++) {
    const char = src[at];
    if (char === '(') depth++;
    else if (char === ')') {
      if (depth > 0) depth--;
      else return src[at + 1] === ')' ? at : undefined;
    } else if (char === '\\') at++;
  }
  return undefined;
}

const ANSI: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '?': '?',
};

/** Undoes the backslash escapes of `$'…'` (also those of `echo -e` and `printf`, which are a subset). */
export function unescapeAnsi(raw: string): string {
  return raw.replace(
    /\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|[0-7]{1,3}|c.|[\s\S])/g,
    (whole, code: string) => {
      const simple = Object.hasOwn(ANSI, code) ? ANSI[code] : undefined;
      if (simple !== undefined) return simple;
      if (/^[xuU]./.test(code)) return codePoint(Number.parseInt(code.slice(1), 16));
      if (/^[0-7]/.test(code)) return codePoint(Number.parseInt(code, 8) & 0xff);
      if (/^c./.test(code)) return String.fromCharCode(code.charCodeAt(1) & 0x1f);
      return whole;
    },
  );
}

/** The character of a code point, or the replacement character when there is none. */
function codePoint(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
}
