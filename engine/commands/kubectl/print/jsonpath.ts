import { isJsonObject } from '../../../base/json.ts';
import { byText } from '../../../base/order.ts';
import { CommandError } from '../errors.ts';
import { goJson } from './json.ts';
import { compare, plainValue } from './go-value.ts';

/** A bound of a slice; `isDerived` where `[2]` stands for `[2:3]`. */
type Bound = { readonly value: number; readonly isDerived?: boolean } | undefined;

/** One step within `{…}`; each takes the values so far and gives others. */
type Step =
  | { readonly kind: 'value'; readonly value: string | number | boolean }
  | { readonly kind: 'text' | 'field' | 'word'; readonly text: string }
  | { readonly kind: 'wild' | 'deep' }
  | { readonly kind: 'slice'; readonly from: Bound; readonly to: Bound; readonly by: Bound }
  | { readonly kind: 'union'; readonly parts: readonly Steps[] }
  | { readonly kind: 'filter'; readonly left: Steps; readonly operator: string; readonly right: Steps };

type Steps = readonly Step[];

/** A parsed template of `-o jsonpath`: plain text is an action of one step. */
export type JsonPath = { readonly text: string; readonly actions: readonly Steps[] };

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

/** Parses a template; faults are told in client-go's words alone. @throws CommandError */
export function bareJsonPath(text: string): JsonPath {
  return { text, actions: new Parser(text).actions() };
}

/** Parses a template. @throws CommandError with the template and client-go's words */
export function parseJsonPath(text: string): JsonPath {
  try {
    return bareJsonPath(text);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(`error parsing jsonpath ${text}, ${error.message}`);
  }
}

/** Prints a template over a value; missing keys print nothing unless `isStrict`. @throws CommandError */
export function printJsonPath(path: JsonPath, value: unknown, isStrict = false): string {
  return jsonPathResults(path, value, isStrict)
    .map((results) => results.map(show).join(' '))
    .join('');
}

/** All values that the actions of a template find. @throws CommandError */
export function findJsonPath(path: JsonPath, value: unknown): readonly unknown[] {
  return jsonPathResults(path, value).flat();
}

/** The values that each action of a template finds, in the order of printing. @throws CommandError */
export function jsonPathResults(path: JsonPath, value: unknown, isStrict = false): readonly unknown[][] {
  return new Evaluation(path.actions, isStrict).run(0, value);
}

function show(value: unknown): string {
  return typeof value === 'object' || value === undefined ? goJson(value ?? null) : String(value);
}

function typeName(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean'
    ? 'bool'
    : typeof value === 'string'
      ? 'string'
      : 'map[string]interface {}';
}

/** Bounds of a run: loops without an end begin what follows anew, and `..` behind `..` finds things again and again. */
const STEPS_MAX = 100_000;
const DEPTH_MAX = 100;
const FOUND_MAX = 500_000;

/** One run of a template (client-go's jsonpath.go): `range` and `end` are words that change what comes next. */
class Evaluation {
  readonly #actions: readonly Steps[];
  readonly #isStrict: boolean;
  #depth = 0;
  #steps = 0;
  #begins = 0;
  #ends = 0;
  #lastEnd = -1;

  constructor(actions: readonly Steps[], isStrict: boolean) {
    this.#actions = actions;
    this.#isStrict = isStrict;
  }

  run(from: number, value: unknown): unknown[][] {
    const out: unknown[][] = [];
    for (let at = from; at < this.#actions.length; at++) {
      if (++this.#steps > STEPS_MAX || this.#depth > DEPTH_MAX)
        throw new CommandError('the template takes too long');
      const results = this.#walk([value], this.#actions[at] ?? []);
      if (this.#ends > 0 && this.#ends <= this.#depth) {
        this.#ends--;
        this.#lastEnd = at;
        break;
      }
      if (this.#begins === 0) {
        out.push([...results]);
        continue;
      }
      this.#begins--;
      this.#depth++;
      for (const one of results) out.push(...this.run(at + 1, one));
      // Without a value the body is still gone through, to find its end.
      if (results.length === 0) this.run(at + 1, null);
      this.#depth--;
      at = Math.max(at, this.#lastEnd);
    }
    return out;
  }

  #walk(values: readonly unknown[], steps: Steps): readonly unknown[] {
    let now = values;
    for (const step of steps) {
      now = this.#follow(now, step);
      if (now.length > FOUND_MAX) throw new CommandError('the template takes too long');
    }
    return now;
  }

  #follow(values: readonly unknown[], step: Step): readonly unknown[] {
    switch (step.kind) {
      case 'value':
        return values.map(() => step.value);
      case 'text':
        return [step.text];
      case 'word':
        return this.#word(values, step.text);
      case 'field':
        return this.#field(values, step.text);
      case 'wild':
        return values.flatMap(children);
      case 'deep':
        return values.flatMap(deep);
      case 'slice':
        return values.flatMap((value) => slice(value, step));
      case 'union':
        return step.parts.flatMap((part) => this.#walk(values, part));
      case 'filter':
        return values.flatMap((value) => this.#filter(value, step));
    }
  }

  #word(values: readonly unknown[], word: string): readonly unknown[] {
    if (word === 'range') {
      this.#begins++;
      return values;
    }
    if (word !== 'end') throw new CommandError(`unrecognized identifier ${word}`);
    if (this.#depth === 0) throw new CommandError('not in range, nothing to end');
    this.#ends++;
    return [];
  }

  #field(values: readonly unknown[], name: string): readonly unknown[] {
    const found = values.flatMap((value) =>
      isJsonObject(value) && Object.hasOwn(value, name) ? [value[name]] : [],
    );
    if (this.#isStrict && found.length === 0 && values.length > 0)
      throw new CommandError(`${name} is not found`);
    return found;
  }

  #filter(value: unknown, step: Extract<Step, { kind: 'filter' }>): readonly unknown[] {
    if (!Array.isArray(value))
      throw new CommandError(`${plainValue(value)} is not array or slice and cannot be filtered`);
    return value.filter((item: unknown) => {
      if (step.operator === 'exists') return this.#found(item, step.left).length > 0;
      const [left, right] = [this.#walk([item], step.left), this.#walk([item], step.right)];
      if (left.length > 1 || (left.length > 0 && right.length > 1))
        throw new CommandError('can only compare one element at a time');
      if (left.length === 0 || right.length === 0) return false;
      const verdict = compare(step.operator, left[0], right[0]);
      if (typeof verdict === 'string') throw new CommandError(verdict);
      return verdict;
    });
  }

  // A fault while looking whether there is something is no fault: what was found till then counts.
  #found(item: unknown, steps: Steps): readonly unknown[] {
    try {
      return this.#walk([item], steps);
    } catch (error) {
      if (error instanceof CommandError) return this.#isStrict ? [] : [item];
      throw error;
    }
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
  if (typeof value === 'string') return value === '' ? [] : [value];
  const below = children(value);
  return below.length === 0 ? [] : [value, ...below.flatMap(deep)];
}

function slice(value: unknown, step: Extract<Step, { kind: 'slice' }>): readonly unknown[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new CommandError(`${typeName(value)} is not array or slice`);
  const { length } = value;
  let from = step.from?.value ?? 0;
  if (from < 0) from += length;
  let to = step.to?.value ?? length;
  if (to < 0 || (to === 0 && step.to?.isDerived === true)) to += length;
  if (from === to) return [];
  const outside = from >= length || from < 0 ? from : to > length || to < 0 ? to - 1 : undefined;
  if (outside !== undefined)
    throw new CommandError(`array index out of bounds: index ${outside}, length ${length}`);
  if (from > to) throw new CommandError(`starting index ${from} is greater than ending index ${to}`);
  const by = step.by?.value ?? 1;
  if (by <= 0) throw new CommandError('step must be > 0');
  return value.slice(from, to).filter((_, at) => at % by === 0);
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  actions(): Steps[] {
    const out: Steps[] = [];
    while (this.#at < this.#text.length) {
      const open = this.#text.indexOf('{', this.#at);
      const text = this.#text.slice(this.#at, open < 0 ? undefined : open);
      if (text !== '') out.push([{ kind: 'text', text }]);
      if (open < 0) break;
      this.#at = open + 1;
      out.push(this.#inside());
    }
    return out;
  }

  #inside(): Steps {
    const steps: Step[] = [];
    for (;;) {
      if (this.#takes('}')) return steps;
      if (this.#takes('[?(')) steps.push(this.#filter());
      else if (this.#takes('..')) {
        if (steps.at(-1)?.kind === 'deep') throw new CommandError('invalid multiple recursive descent');
        steps.push({ kind: 'deep' });
        if (/^[\p{L}\p{Nd}_]/u.test(this.#rest())) steps.push(this.#field());
      } else {
        const [character] = this.#rest();
        if (character === undefined || /[\r\n]/.test(character)) throw new CommandError('unclosed action');
        if (' @$'.includes(character)) this.#at++;
        else if (this.#takes('[')) steps.push(...this.#bracket());
        else if (this.#takes('"') || this.#takes("'")) steps.push(this.#quoted(character));
        else if (this.#takes('.')) steps.push(this.#field());
        else if (/[+\-\p{Nd}]/u.test(character)) steps.push(this.#number());
        else if (/[\p{L}_]/u.test(character)) steps.push(this.#word());
        else
          throw new CommandError(
            `unrecognized character in action: U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')} '${character}'`,
          );
      }
    }
  }

  #rest(): string {
    return this.#text.slice(this.#at);
  }

  #takes(prefix: string): boolean {
    const does = this.#text.startsWith(prefix, this.#at);
    if (does) this.#at += prefix.length;
    return does;
  }

  #match(pattern: RegExp): string {
    const [found = ''] = pattern.exec(this.#rest()) ?? [];
    this.#at += found.length;
    return found;
  }

  #field(): Step {
    const text = this.#match(/^(?:\\[\s\S]?|[^ \t\r\n.,[\]$@{}\\])*/).replaceAll('\\', '');
    return text === '*' ? { kind: 'wild' } : { kind: 'field', text };
  }

  #word(): Step {
    const text = this.#match(/^[^ \t\r\n.,[\]$@{}]*/);
    return ['true', 'false'].includes(text)
      ? { kind: 'value', value: text === 'true' }
      : { kind: 'word', text };
  }

  #number(): Step {
    const text = this.#match(/^[+-]?[.\p{Nd}]*/u);
    if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text)) throw new CommandError(`cannot parse number ${text}`);
    return { kind: 'value', value: Number(text) };
  }

  #quoted(quote: string): Step {
    const raw = this.#match(quote === '"' ? /^(?:[^"\n]|(?<=\\)")*/ : /^(?:[^'\n]|(?<=\\)')*/);
    if (!this.#takes(quote)) throw new CommandError('unterminated quoted string');
    const text = unquoteGo(raw, quote);
    if (text === undefined)
      throw new CommandError(`unquote string ${quote}${raw}${quote} error invalid syntax`);
    return { kind: 'text', text };
  }

  #bracket(): Steps {
    const text = this.#match(/^[^\]\n]*/);
    if (!this.#takes(']')) throw new CommandError('unterminated array');
    const parts = text.split(',');
    if (parts.length > 1)
      return [{ kind: 'union', parts: parts.map((part) => inner(`[${part.replace(/^ +| +$/g, '')}]`)) }];
    const key = /^'([^']*)'$/.exec(text);
    return key === null ? [sliceOf(text === '*' ? ':' : text)] : inner(`.${key[1] ?? ''}`);
  }

  #filter(): Step {
    const start = this.#at;
    let pair = '';
    let isClosed = false;
    for (; ; this.#at++) {
      const character = this.#text[this.#at];
      if (character === undefined || character === '\n') throw new CommandError('unterminated filter');
      if (character === ')' && (pair !== '') === isClosed) break;
      if (character !== '"' && character !== "'") continue;
      if (pair === '') pair = character;
      else if (character === pair && this.#text[this.#at - 1] !== '\\') isClosed = true;
    }
    const text = this.#text.slice(start, this.#at++);
    if (!this.#takes(']')) throw new CommandError('unclosed array expect ]');
    const [, left, operator = 'exists', right] = /^([^!<>=]+)([!<>=]+)(.+?)$/.exec(text) ?? [];
    return {
      kind: 'filter',
      left: inner(left ?? text),
      operator,
      right: right === undefined ? [] : inner(right),
    };
  }
}

function inner(text: string): Steps {
  return new Parser(`{${text}}`).actions()[0] ?? [];
}

function sliceOf(text: string): Step {
  const match = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(text);
  if (match === null) throw new CommandError(`invalid array index ${text}`);
  const [from, to, by] = [match[1] ?? '', match[2], match[3]].map((part): Bound => {
    const digits = part?.replace(':', '') ?? '';
    if (digits === '-') throw new CommandError(`array index ${digits} is not a number`);
    return digits === '' ? undefined : { value: Number(digits) };
  });
  return {
    kind: 'slice',
    from,
    to: match[2] === undefined ? { value: (from?.value ?? 0) + 1, isDerived: true } : to,
    by,
  };
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** Undoes Go's escapes in what stands between quotes; undefined where there is none of the name. */
export function unquoteGo(raw: string, quote: string): string | undefined {
  let isValid = true;
  const text = raw.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|([0-7]{3})|([\s\S]?))/g,
    (_, hex?: string, unicode?: string, octal?: string, character = '') => {
      const code = hex ?? unicode;
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      const known = character === quote ? quote : ESCAPES[character];
      isValid &&= known !== undefined;
      return known ?? '';
    },
  );
  return isValid ? text : undefined;
}
