import { isJsonObject } from '../../../base/json.ts';
import { byText } from '../../../base/order.ts';
import { CommandError } from '../errors.ts';
import { goJson } from './json.ts';

/** A step of a JSONPath. */
type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'wild' | 'deep' }
  | {
      readonly kind: 'slice';
      readonly from: number | undefined;
      readonly to: number | undefined;
      readonly by: number;
      readonly isIndex: boolean;
    }
  | { readonly kind: 'union'; readonly parts: readonly (readonly Step[])[] }
  | {
      readonly kind: 'filter';
      readonly left: Operand;
      readonly operator: string;
      readonly right: Operand | undefined;
    };

type Operand = { readonly path: readonly Step[] } | { readonly value: string | number | boolean };

/** A piece of a template: plain text, a path to print, or a loop. */
type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'path';
      readonly steps: readonly Step[];
      readonly isRoot: boolean;
      readonly literal?: string;
    }
  | {
      readonly kind: 'range';
      readonly steps: readonly Step[];
      readonly isRoot: boolean;
      readonly body: readonly Piece[];
    };

/** A parsed template of `-o jsonpath`. */
export type JsonPath = { readonly text: string; readonly pieces: readonly Piece[] };

/** Accepts `.a.b` and `a.b` for `{.a.b}` (cmdutil RelaxedJSONPathExpression). @throws CommandError */
export function relaxedJsonPath(text: string): string {
  if (text === '') return text;
  const match = /^\{\.?([^{}]+)\}$|^\.?([^{}]+)$/.exec(text);
  if (match === null)
    throw new CommandError(
      `unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'`,
    );
  return `{.${match[1] ?? match[2] ?? ''}}`;
}

/** Parses a template. @throws CommandError with client-go's words */
export function parseJsonPath(text: string): JsonPath {
  const parser = new Parser(text);
  try {
    return { text, pieces: parser.pieces(false) };
  } catch (error) {
    if (error instanceof CommandError)
      throw new CommandError(`error parsing jsonpath ${text}, ${error.message}`);
    throw error;
  }
}

/** Prints a template over a value; missing keys print nothing. @throws CommandError */
export function printJsonPath(path: JsonPath, value: unknown): string {
  return render(path.pieces, value, value);
}

/** The values that the first path of a template finds. @throws CommandError */
export function findJsonPath(path: JsonPath, value: unknown): readonly unknown[] {
  const first = path.pieces.find((piece) => piece.kind === 'path');
  return first === undefined || first.kind !== 'path' ? [] : walk([value], first.steps, value);
}

function render(pieces: readonly Piece[], root: unknown, here: unknown): string {
  return pieces
    .map((piece) => {
      if (piece.kind === 'text') return piece.text;
      if (piece.kind === 'path') {
        if (piece.literal !== undefined) return piece.literal;
        return walk([piece.isRoot ? root : here], piece.steps, here)
          .map(show)
          .join(' ');
      }
      return walk([piece.isRoot ? root : here], piece.steps, here)
        .map((item) => render(piece.body, root, item))
        .join('');
    })
    .join('');
}

function show(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? goJson(value) : String(value);
}

function walk(values: readonly unknown[], steps: readonly Step[], here: unknown): readonly unknown[] {
  let now = values;
  for (const step of steps) now = now.flatMap((value) => follow(value, step, here));
  return now;
}

function follow(value: unknown, step: Step, here: unknown): readonly unknown[] {
  switch (step.kind) {
    case 'field':
      return isJsonObject(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case 'wild':
      return children(value);
    case 'deep':
      return deep(value);
    case 'slice':
      return slice(value, step);
    case 'union':
      return step.parts.flatMap((part) => walk([value], part, here));
    case 'filter':
      return (Array.isArray(value) ? value : []).filter((item) => holds(item, step));
  }
}

function children(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isJsonObject(value)
    ? Object.entries(value)
        .sort(([a], [b]) => byText(a, b))
        .map(([, member]) => member)
    : [];
}

function deep(value: unknown): readonly unknown[] {
  return [value, ...children(value).flatMap(deep)];
}

function slice(value: unknown, step: Extract<Step, { kind: 'slice' }>): readonly unknown[] {
  if (!Array.isArray(value)) {
    if (value === null || value === undefined) return [];
    throw new CommandError('is not array or slice');
  }
  const from = step.from === undefined ? 0 : step.from < 0 ? step.from + value.length : step.from;
  if (step.isIndex) {
    if (from < 0 || from >= value.length)
      throw new CommandError(`array index out of bounds: index ${step.from}, length ${value.length}`);
    return [value[from]];
  }
  const to =
    step.to === undefined
      ? value.length
      : step.to < 0
        ? step.to + value.length
        : Math.min(step.to, value.length);
  if (from > to) throw new CommandError(`starting index ${from} is greater than ending index ${to}`);
  return value.slice(from, to).filter((_, at) => at % step.by === 0);
}

function holds(item: unknown, step: Extract<Step, { kind: 'filter' }>): boolean {
  const left = operand(step.left, item);
  if (step.right === undefined) return left !== undefined;
  const right = operand(step.right, item);
  if (left === undefined || right === undefined) return false;
  switch (step.operator) {
    case '==':
      return left === right || String(left) === String(right);
    case '!=':
      return String(left) !== String(right);
    case '<':
      return Number(left) < Number(right);
    case '<=':
      return Number(left) <= Number(right);
    case '>':
      return Number(left) > Number(right);
    default:
      return Number(left) >= Number(right);
  }
}

function operand(of: Operand, item: unknown): unknown {
  return 'value' in of ? of.value : walk([item], of.path, item)[0];
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  pieces(isInRange: boolean): Piece[] {
    const out: Piece[] = [];
    while (this.#at < this.#text.length) {
      if (this.#text[this.#at] !== '{') {
        const end = this.#text.indexOf('{', this.#at);
        const stop = end < 0 ? this.#text.length : end;
        out.push({ kind: 'text', text: this.#text.slice(this.#at, stop) });
        this.#at = stop;
        continue;
      }
      this.#at++;
      const action = this.#action();
      if (action === 'end') {
        if (!isInRange) throw new CommandError('not in range, nothing to end');
        return out;
      }
      out.push(action);
    }
    if (isInRange) throw new CommandError('unexpected end of template: missing {end}');
    return out;
  }

  #action(): Piece | 'end' {
    this.#spaces();
    if (/^end\s*\}/.test(this.#rest())) {
      this.#at += this.#rest().indexOf('}') + 1;
      return 'end';
    }
    const isRange = /^range\s/.test(this.#rest());
    if (isRange) {
      this.#at += 5;
      this.#spaces();
    }
    const literal = isRange ? undefined : this.#literal();
    const isRoot = this.#rest().startsWith('$');
    const steps = literal === undefined ? this.#steps() : [];
    this.#spaces();
    if (this.#text[this.#at] !== '}')
      throw new CommandError(
        this.#at >= this.#text.length
          ? 'unclosed action'
          : `unrecognized character in action: U+${this.#text.charCodeAt(this.#at).toString(16).toUpperCase().padStart(4, '0')} '${this.#text[this.#at]}'`,
      );
    this.#at++;
    if (isRange) return { kind: 'range', steps, isRoot, body: this.pieces(true) };
    return literal === undefined
      ? { kind: 'path', steps, isRoot }
      : { kind: 'path', steps: [], isRoot: false, literal };
  }

  #rest(): string {
    return this.#text.slice(this.#at);
  }

  #spaces(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #literal(): string | undefined {
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") return undefined;
    let end = this.#at + 1;
    while (end < this.#text.length && this.#text[end] !== quote) end += this.#text[end] === '\\' ? 2 : 1;
    if (end >= this.#text.length) throw new CommandError('unterminated quoted string');
    const raw = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return unescapeGo(raw);
  }

  #steps(): Step[] {
    const steps: Step[] = [];
    if (this.#text[this.#at] === '$' || this.#text[this.#at] === '@') this.#at++;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) return steps;
      if (character === '.') {
        this.#at++;
        if (this.#text[this.#at] === '.') {
          this.#at++;
          steps.push({ kind: 'deep' });
        }
        if (this.#text[this.#at] === '[' || this.#text[this.#at] === '}') continue;
        steps.push(...this.#field());
        continue;
      }
      if (character === '[') {
        steps.push(this.#bracket());
        continue;
      }
      if (steps.length === 0 && /[\w]/.test(character)) {
        const [first] = this.#field();
        const name = first?.kind === 'field' ? first.name : '';
        throw new CommandError(`unrecognized identifier ${name}`);
      }
      return steps;
    }
  }

  #field(): Step[] {
    let name = '';
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at] ?? '';
      if (character === '\\') {
        name += this.#text[this.#at + 1] ?? '';
        this.#at += 2;
        continue;
      }
      if (/[\s{}[\],.()<>=!&|'"@$]/.test(character)) break;
      name += character;
      this.#at++;
    }
    if (name === '*') return [{ kind: 'wild' }];
    return name === '' ? [] : [{ kind: 'field', name }];
  }

  #bracket(): Step {
    const start = this.#at;
    let depth = 0;
    let quote = '';
    let end = start;
    for (; end < this.#text.length; end++) {
      const character = this.#text[end] ?? '';
      if (quote !== '') {
        if (character === quote) quote = '';
      } else if (character === '"' || character === "'") quote = character;
      else if (character === '[') depth++;
      else if (character === ']' && --depth === 0) break;
    }
    if (end >= this.#text.length) throw new CommandError('unterminated array');
    const inner = this.#text.slice(start + 1, end).trim();
    this.#at = end + 1;
    if (inner.startsWith('?(')) return filterOf(inner);
    if (inner === '*') return { kind: 'slice', from: undefined, to: undefined, by: 1, isIndex: false };
    const quoted = /^(['"])((?:[^'"\\]|\\.)*)\1$/.exec(inner);
    if (quoted !== null) return { kind: 'field', name: (quoted[2] ?? '').replace(/\\(.)/g, '$1') };
    if (inner.includes(','))
      return { kind: 'union', parts: inner.split(',').map((part) => [sliceOf(part.trim())]) };
    return sliceOf(inner);
  }
}

function sliceOf(text: string): Step {
  const match = /^(-?\d*)(:(-?\d*))?(:(-?\d*))?$/.exec(text);
  if (match === null || text === '') throw new CommandError(`invalid array index ${text}`);
  const number = (part: string | undefined): number | undefined =>
    part === undefined || part === '' ? undefined : Number(part);
  return {
    kind: 'slice',
    from: number(match[1]),
    to: number(match[3]),
    by: number(match[5]) ?? 1,
    isIndex: match[2] === undefined,
  };
}

function filterOf(text: string): Step {
  const inner = text.slice(2).replace(/\)$/, '').trim();
  const match = /^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$/.exec(inner);
  if (match === null) return { kind: 'filter', left: operandOf(inner), operator: 'exists', right: undefined };
  return {
    kind: 'filter',
    left: operandOf(match[1] ?? ''),
    operator: match[2] ?? '',
    right: operandOf(match[3] ?? ''),
  };
}

function operandOf(text: string): Operand {
  const quoted = /^(['"])(.*)\1$/.exec(text);
  if (quoted !== null) return { value: quoted[2] ?? '' };
  if (/^-?\d+(\.\d+)?$/.test(text)) return { value: Number(text) };
  if (text === 'true' || text === 'false') return { value: text === 'true' };
  const path = parseJsonPath(`{${text.startsWith('@') || text.startsWith('.') ? text : `.${text}`}}`)
    .pieces[0];
  return { path: path?.kind === 'path' ? path.steps : [] };
}

/** Undoes Go's escapes in a quoted string. */
export function unescapeGo(text: string): string {
  return text.replace(
    /\\(.)/g,
    (_, character: string) => ({ n: '\n', t: '\t', r: '\r' })[character] ?? character,
  );
}
