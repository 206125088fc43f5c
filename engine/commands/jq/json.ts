import { byText } from '../../base/order.ts';
import { isArray, isObject } from './value.ts';
import type { Value } from './value.ts';

/** A text that is no JSON: the message as jq words it, without `parse error: `. */
export class JsonFailure extends Error {
  override readonly name = 'JsonFailure';
}

const DEPTH_MAX = 1000;

/** Reads the JSON values of a text one after another, with jq's messages. `line` is the number of the line the last one ended on. */
export class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** How many whole lines were read when the last value ended. */
  get line(): number {
    const end = this.#text.indexOf('\n', Math.max(0, this.#at - 1));
    return this.#text.slice(0, end < 0 ? this.#at : end + 1).split('\n').length - 1;
  }

  /** The next value; undefined at the end. @throws JsonFailure */
  next(): Value | undefined {
    this.#blanks();
    return this.#at >= this.#text.length ? undefined : this.#value(0);
  }

  #fail(message: string, at: number): never {
    const isEnd = at > this.#text.length;
    const read = this.#text.slice(0, at);
    const lines = read.split('\n');
    throw new JsonFailure(
      `${message} at ${isEnd ? 'EOF at ' : ''}line ${lines.length}, column ${lines.at(-1)?.length ?? 0}`,
    );
  }

  #blanks(): void {
    while (' \t\r\n\ufeff'.includes(this.#text[this.#at] ?? '-')) this.#at++;
  }

  #value(depth: number): Value {
    this.#blanks();
    const char = this.#text[this.#at];
    if (depth > DEPTH_MAX) this.#fail('Exceeds depth limit for parsing', this.#at + 1);
    if (char === undefined) this.#fail('Unfinished JSON term', this.#text.length + 1);
    if (char === '{') return this.#object(depth);
    if (char === '[') return this.#array(depth);
    if (char === '"') return this.#string();
    if (char === ',' || char === ':' || char === ']' || char === '}')
      this.#fail(
        char === ':'
          ? "':' not as part of an object"
          : char === ','
            ? "Expected value before ','"
            : `Unmatched '${char}'`,
        this.#at + 1,
      );
    return this.#literal();
  }

  #literal(): Value {
    const start = this.#at;
    while (this.#at < this.#text.length && !' \t\r\n,:[]{}"'.includes(this.#text[this.#at] ?? '')) this.#at++;
    const word = this.#text.slice(start, this.#at);
    if (word === 'true') return true;
    if (word === 'false') return false;
    if (word === 'null') return null;
    if (word === 'nan' || word === 'NaN') return null;
    if (/^-?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(word)) return Number(word);
    return this.#fail(/^[nft]/.test(word) ? 'Invalid literal' : 'Invalid numeric literal', this.#at + 1);
  }

  #string(): string {
    const start = this.#at++;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined) this.#fail('Unfinished string', this.#text.length + 1);
      this.#at++;
      if (char === '\\') this.#at++;
      else if (char === '"') break;
    }
    const raw = this.#text.slice(start, this.#at);
    if (/[\x00-\x1f]/.test(raw))
      this.#fail('Invalid string: control characters from U+0000 through U+001F must be escaped', this.#at);
    if (!raw.includes('\\')) return raw.slice(1, -1);
    try {
      return JSON.parse(raw) as string;
    } catch {
      return this.#fail('Invalid escape', this.#at);
    }
  }

  #array(depth: number): Value[] {
    this.#at++;
    const items: Value[] = [];
    this.#blanks();
    if (this.#text[this.#at] === ']') {
      this.#at++;
      return items;
    }
    for (;;) {
      if (this.#peekIs(']')) this.#fail('Expected another array element', this.#at + 1);
      items.push(this.#value(depth + 1));
      if (this.#separator(']')) return items;
    }
  }

  #object(depth: number): Map<string, Value> {
    this.#at++;
    const members = new Map<string, Value>();
    this.#blanks();
    if (this.#text[this.#at] === '}') {
      this.#at++;
      return members;
    }
    for (;;) {
      if (this.#peekIs('}') && members.size > 0) this.#fail('Expected another key-value pair', this.#at + 1);
      const key = this.#value(depth + 1);
      this.#blanks();
      if (typeof key !== 'string') this.#fail('Object keys must be strings', this.#at + 1);
      if (this.#text[this.#at] === undefined) this.#fail('Unfinished JSON term', this.#text.length + 1);
      if (this.#text[this.#at] !== ':') this.#unseparated('Objects must consist of key:value pairs');
      this.#at++;
      members.set(key, this.#value(depth + 1));
      if (this.#separator('}')) return members;
    }
  }

  #peekIs(char: string): boolean {
    this.#blanks();
    return this.#text[this.#at] === char;
  }

  /** Complains where the value ends that stands where a separator should: a number is read up to what follows it. */
  #unseparated(other: string): never {
    const char = this.#text[this.#at] ?? '';
    if ('[{'.includes(char) || ',:]}'.includes(char)) this.#fail(other, this.#at + 1);
    this.#value(0);
    this.#fail('Expected separator between values', char === '"' ? this.#at : this.#at + 1);
  }

  #separator(close: string): boolean {
    this.#blanks();
    const char = this.#text[this.#at];
    if (char === undefined) this.#fail('Unfinished JSON term', this.#text.length + 1);
    if (char !== close && char !== ',') this.#unseparated('Expected separator between values');
    this.#at++;
    return char === close;
  }
}

/** Reads a text that is one JSON value. @throws JsonFailure */
export function parseJson(text: string): Value {
  const reader = new JsonReader(text);
  const value = reader.next();
  if (value === undefined) return null;
  if (reader.next() !== undefined) throw new JsonFailure('Unexpected extra JSON values');
  return value;
}

/** How values are printed. `indent` is one step's text, '' for one line. */
export type PrintStyle = {
  readonly indent: string;
  readonly sortsKeys: boolean;
  readonly isColored: boolean;
  readonly isAscii: boolean;
};

/** One line, no colours: `tojson` and string interpolation. */
export const PLAIN: PrintStyle = { indent: '', sortsKeys: false, isColored: false, isAscii: false };

const COLORS = {
  null: '1;30',
  boolean: '0;39',
  number: '0;39',
  string: '0;32',
  array: '1;39',
  object: '1;39',
  key: '34;1',
};

/** A value as JSON text, laid out and coloured as jq 1.7.1 does. */
export function printJson(value: Value, style: PrintStyle = PLAIN, level = 0): string {
  const paint = (color: string, text: string): string =>
    style.isColored ? `\x1b[${color}m${text}\x1b[0m` : text;
  if (isArray(value) || isObject(value)) return printNested(value, style, level);
  if (value === null) return paint(COLORS.null, 'null');
  if (typeof value === 'string') return paint(COLORS.string, printString(value, style.isAscii));
  return paint(
    typeof value === 'number' ? COLORS.number : COLORS.boolean,
    typeof value === 'number' ? printNumber(value) : String(value),
  );
}

function printNested(
  value: readonly Value[] | ReadonlyMap<string, Value>,
  style: PrintStyle,
  level: number,
): string {
  const isList = isArray(value);
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  const start = style.isColored ? `\x1b[${COLORS.array}m` : '';
  const end = style.isColored ? '\x1b[0m' : '';
  const size = isList ? value.length : value.size;
  if (size === 0) return style.isColored ? `${start}${open}${close}${end}` : `${open}${close}`;
  const gap = style.indent === '' ? '' : `\n${style.indent.repeat(level + 1)}`;
  const last = style.indent === '' ? '' : `\n${style.indent.repeat(level)}`;
  if (isList) {
    const items = value.map((item) => printJson(item, style, level + 1));
    return `${start}${open}${gap}${items.join(`${start},${gap}`)}${start}${last}${start}${close}${end}`;
  }
  const keys = style.sortsKeys ? [...value.keys()].sort(byText) : [...value.keys()];
  const colon = style.indent === '' ? ':' : ': ';
  const members = keys.map((key) => {
    const name = printString(key, style.isAscii);
    const shown = style.isColored
      ? `${end}\x1b[${COLORS.key}m${name}${end}${start}${colon}${end}`
      : `${name}${colon}`;
    return shown + printJson(value.get(key) ?? null, style, level + 1);
  });
  return `${start}${open}${gap}${members.join(`${start},${gap}`)}${start}${last}${start}${close}${end}`;
}

function printString(text: string, isAscii: boolean): string {
  const quoted = JSON.stringify(text).replaceAll('\x7f', '\\u007f');
  return isAscii
    ? quoted.replace(/[^\x00-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : quoted;
}

function printNumber(value: number): string {
  if (Number.isNaN(value)) return 'null';
  if (!Number.isFinite(value)) return value > 0 ? '1.7976931348623157e+308' : '-1.7976931348623157e+308';
  if (Object.is(value, -0)) return '-0';
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}
