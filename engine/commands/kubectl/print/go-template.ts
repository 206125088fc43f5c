import { utf8Length } from '../../../base/bytes.ts';
import { isJsonObject } from '../../../base/json.ts';
import { byText } from '../../../base/order.ts';
import { CommandError, PrintedFault } from '../errors.ts';
import { fromBase64, quoteGo } from '../text.ts';
import { compare, formatted, plainValue, spaced, typeName } from './go-value.ts';
import { goJson } from './json.ts';
import { unquoteGo } from './jsonpath.ts';

/** One execution: what is printed, the variables in sight, and the part of the template that a fault names. */
type Run = {
  readonly isStrict: boolean;
  out: string;
  steps: number;
  variables: { readonly name: string; value: unknown }[];
  at: number;
  source: string;
};

/** A part of a template, ready to run; undefined is no value at all, null is nil. */
type Part = (run: Run, dot: unknown) => unknown;
type Operand = { readonly at: number; readonly source: string; readonly kind: string; readonly run: Part };
type Pipe = { readonly names: readonly string[]; readonly isAssign: boolean; readonly run: Part };

/** A parsed template. */
export type Template = { readonly text: string; readonly part: Part };

/** How deep blocks and parentheses may stand in each other. */
const DEPTH_MAX = 200;
/** Steps after which a template is given up: nested loops over an object's own lists have no other end. */
const STEPS_MAX = 500_000;
const TOO_DEEP = 'exceeded maximum template depth (100000)';

const STRING = /"(?:[^"\\\n]|\\[^\n])*"|`[^`]*`/y;
const NUMBER = /[+-]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)/y;
const NAME = /(?:\$\w*(?:\.\w+)*|(?:\.\w+)+|\.|[A-Za-z_]\w*)/y;
const FIELDS = /(?:\.\w+)+/y;
const DECLARATION = /\s*(\$\w*)(?:\s*,\s*(\$\w*))?\s*(:?=)/y;
const CLOSE = /\s*(?:-\}\}\s*|\}\})/y;
const COMMENT = /\/\*[\s\S]*?\*\/(?:\}\}|\s-\}\}\s*)/y;
const SPACE = /\s*/y;

/** What cannot be evaluated. */
class Fault extends Error {}

/** Parses a Go template, as far as people write them on a command line. @throws CommandError with text/template's words */
export function parseGoTemplate(text: string): Template {
  const parser = new Parser(text);
  try {
    return { text, part: parser.block(false).part };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(
      `error parsing template ${text}, template: output:${parser.line()}: ${error.message}`,
    );
  }
}

/** Fills a template in with a value; a missing key is a fault if `isStrict`. @throws PrintedFault */
export function runGoTemplate({ text, part }: Template, value: unknown, isStrict = false): string {
  const run: Run = { isStrict, out: '', steps: 0, variables: [{ name: '$', value }], at: 0, source: '' };
  try {
    part(run, value);
    return run.out;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const lines = text.slice(0, run.at).split('\n');
    const why = `template: output:${lines.length}:${lines.at(-1)?.length ?? 0}: executing "output" at <${run.source}>: ${error.message}`;
    throw new PrintedFault(
      `error executing template ${quoteGo(text)}: ${why}`,
      `${run.out}Error executing template: ${why}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t${text}\n\traw data was:\n\t\t${goJson(value)}\n\tobject given to template engine was:\n\t\t${plainValue(value)}\n\n`,
    );
  }
}

/** Reads a template from left to right into parts that run. */
class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #variables = ['$'];

  constructor(text: string) {
    this.#text = text;
  }

  line(): number {
    return this.#text.slice(0, this.#at).split('\n').length;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#at = pattern.lastIndex;
    return found;
  }

  /** What stands up to the end, or up to `{{end}}` or `{{else`: of that `stop` tells which. */
  block(isInner: boolean): { readonly part: Part; readonly stop: string } {
    const parts: Part[] = [];
    const part: Part = (run, dot) => {
      for (const one of parts) {
        if (++run.steps > STEPS_MAX) throw new Fault(TOO_DEEP);
        one(run, dot);
      }
    };
    if (++this.#depth > DEPTH_MAX) throw new CommandError(TOO_DEEP);
    for (;;) {
      const open = this.#text.indexOf('{{', this.#at);
      const isTrimmed = open >= 0 && /^-\s/.test(this.#text.slice(open + 2, open + 4));
      const rest = this.#text.slice(this.#at, open < 0 ? undefined : open);
      const plain = isTrimmed ? rest.trimEnd() : rest;
      if (plain !== '')
        parts.push((run) => {
          run.out += plain;
        });
      this.#at = open < 0 ? this.#text.length : open + (isTrimmed ? 4 : 2);
      if (open < 0 && isInner) throw new CommandError('unexpected EOF');
      if (open < 0) return { part, stop: '' };
      if (this.#text.startsWith('/*', this.#at)) {
        if (this.#match(COMMENT) === null) throw new CommandError('unclosed comment');
        continue;
      }
      const [, stop] = this.#match(/\s*(end|else)\b/y) ?? [];
      if (stop === undefined) parts.push(this.#action());
      else {
        if (!isInner) throw new CommandError(`unexpected {{${stop}}}`);
        this.#depth--;
        return { part, stop };
      }
    }
  }

  #close(context: string): void {
    if (this.#match(CLOSE) === null) throw this.#unexpected(context);
  }

  #unexpected(context: string): CommandError {
    this.#match(SPACE);
    const rest = this.#text.slice(this.#at);
    const [word = ''] = /^(?:[\w.$]+|:=|[\s\S]?)/u.exec(rest) ?? [];
    if (rest === '') return new CommandError('unclosed action');
    if (word === '"') return new CommandError('unterminated quoted string');
    if (word === ')') return new CommandError('unexpected right paren');
    return new CommandError(`unexpected ${quoteGo(word)} in ${context}`);
  }

  #action(): Part {
    const [, word] = this.#match(/\s*(if|range|with)\b/y) ?? [];
    if (word !== undefined) return this.#branch(word);
    const { names, run: pipe } = this.#pipe('command');
    this.#close('command');
    return (run, dot) => {
      const value = pipe(run, dot);
      if (names.length === 0)
        run.out += value === undefined || value === null ? '<no value>' : plainValue(value);
    };
  }

  #branch(kind: string): Part {
    const count = this.#variables.length;
    const pipe = this.#pipe(kind);
    this.#close(kind);
    const { part: body, stop } = this.block(true);
    let other: Part = () => undefined;
    const [, chained] = (stop === 'else' && this.#match(/\s*(if|with)\b/y)) || [];
    if (chained !== undefined) other = this.#branch(chained);
    else {
      this.#close(stop);
      if (stop === 'else') {
        const rest = this.block(true);
        if (rest.stop !== 'end') throw new CommandError(`expected end; found {{${rest.stop}}}`);
        this.#close('end');
        other = rest.part;
      }
    }
    this.#variables.length = count;
    const taken = kind === 'range' ? loop(pipe, body, other) : condition(pipe, body, other, kind === 'with');
    return (run, dot) => {
      const known = run.variables.length;
      taken(run, dot);
      run.variables.length = known;
    };
  }

  /** Commands with `|` between; a loop sets its variables itself. */
  #pipe(context: string): Pipe {
    if (++this.#depth > DEPTH_MAX) throw new CommandError(TOO_DEEP);
    const [, first, second, sign] = this.#match(DECLARATION) ?? [];
    const names = [first, second].filter((name) => name !== undefined);
    if (names.length > 1 && context !== 'range')
      throw new CommandError(`too many declarations in ${context}`);
    this.#variables.push(...names);
    const calls = [this.#call(context)];
    while (
      this.#match(/\s*\|/y) !== null &&
      !/^\s*(?:-?\}\}|\))/.test(this.#text.slice(this.#at, this.#at + 99))
    )
      calls.push(this.#call(context));
    this.#depth--;
    const isAssign = sign === '=';
    return {
      names,
      isAssign,
      run: (run, dot) => {
        const [value] = calls.reduce<readonly unknown[]>((piped, call) => [call(run, dot, piped)], []);
        if (context !== 'range') for (const name of names) setVariable(run, name, value, isAssign);
        return value;
      },
    };
  }

  #call(context: string): (run: Run, dot: unknown, piped: readonly unknown[]) => unknown {
    const words: Operand[] = [];
    for (let word = this.#operand(context); word !== undefined; word = this.#operand('operand'))
      words.push(word);
    const [head, ...rest] = words;
    if (head === undefined) {
      if (/^\s*(?:-?\}\}|\))/.test(this.#text.slice(this.#at)))
        throw new CommandError(`missing value for ${context}`);
      throw this.#unexpected(context);
    }
    const source = this.#text.slice(head.at, this.#at).trim();
    return (run, dot, piped) => {
      if (head.kind === 'function')
        return callFunction({ ...head, source }, head.source, rest, { run, dot, piped });
      const value = head.run(run, dot);
      if (rest.length + piped.length === 0 || head.kind === 'pipe') return value;
      throw new Fault(
        head.kind === 'value'
          ? `can't give argument to non-function ${head.source}`
          : `${head.source.split('.').at(-1)} is not a method but has arguments`,
      );
    };
  }

  /** One word of a command; undefined where the command ends. */
  #operand(context: string): Operand | undefined {
    this.#match(SPACE);
    const at = this.#at;
    const value = (one: unknown): Operand => {
      const place = { at, source: this.#text.slice(at, this.#at) };
      const run: Part = (state) => {
        mark(state, place);
        return one;
      };
      return { ...place, kind: 'value', run };
    };
    if (this.#match(/\(/y) !== null) return this.#parentheses(at);
    const [text] = this.#match(STRING) ?? [];
    if (text?.startsWith('`')) return value(text.slice(1, -1));
    if (text !== undefined) {
      const plain = unquoteGo(text.slice(1, -1), '"');
      if (plain === undefined) throw new CommandError('invalid syntax');
      return value(plain);
    }
    const [number] = this.#match(NUMBER) ?? [];
    if (number !== undefined) return value(Number(number.replaceAll('_', '')));
    const [name] = this.#match(NAME) ?? [];
    if (name === undefined) {
      if (/^(?:\}\}|-\}\}|\||\))/.test(this.#text.slice(at, at + 3))) return undefined;
      throw this.#unexpected(context);
    }
    const [next = ''] = this.#text.slice(this.#at);
    if (!/^[\s.,|:()]?$/.test(next) && !this.#text.startsWith('}}', this.#at))
      throw new CommandError(
        `bad character U+${(next.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')} '${next}'`,
      );
    if (name === 'true' || name === 'false') return value(name === 'true');
    if (name === 'nil') return value(null);
    if (/^\w/.test(name)) {
      if (!Object.hasOwn(FUNCTIONS, name)) throw new CommandError(`function ${quoteGo(name)} not defined`);
      const place = { at, source: name };
      return {
        ...place,
        kind: 'function',
        run: (run, dot) => callFunction(place, name, [], { run, dot, piped: [] }),
      };
    }
    return this.#path(at, name);
  }

  /** `.a.b`, `$x.a` or the dot. */
  #path(at: number, text: string): Operand {
    const [root = '', ...names] = text === '.' ? [''] : text.split('.');
    if (root !== '' && !this.#variables.includes(root))
      throw new CommandError(`undefined variable ${quoteGo(root)}`);
    // A fault stands at the second of several fields.
    const from = root !== '' ? root.length : names.length > 1 ? (names[0]?.length ?? 0) + 1 : 0;
    const place = { at: at + from, source: text };
    return {
      ...place,
      kind: 'field',
      run: (run, dot) =>
        fieldsOf(
          root === '' ? dot : run.variables.findLast((one) => one.name === root)?.value,
          names,
          place,
          run,
        ),
    };
  }

  #parentheses(at: number): Operand {
    const pipe = this.#pipe('parenthesized pipeline');
    if (this.#match(/\s*\)/y) === null)
      throw /^\s*-?\}\}/.test(this.#text.slice(this.#at))
        ? new CommandError('unclosed left paren')
        : this.#unexpected('operand');
    const end = this.#at;
    const names = this.#match(FIELDS)?.[0].slice(1).split('.') ?? [];
    const place = { at: end, source: this.#text.slice(at, this.#at) };
    return { ...place, at, kind: 'pipe', run: (run, dot) => fieldsOf(pipe.run(run, dot), names, place, run) };
  }
}

type Place = { readonly at: number; readonly source: string };

function mark(run: Run, { at, source }: Place): void {
  run.at = at;
  run.source = source;
}

function condition(pipe: Pipe, body: Part, other: Part, isWith: boolean): Part {
  return (run, dot) => {
    const value = pipe.run(run, dot);
    if (truthy(value)) body(run, isWith ? value : dot);
    else other(run, dot);
  };
}

function loop({ names, isAssign, run: listed }: Pipe, body: Part, other: Part): Part {
  return (run, dot) => {
    const value = listed(run, dot);
    if (typeof value !== 'object' && value !== undefined)
      throw new Fault(`range can't iterate over ${plainValue(value)}`);
    const entries: readonly (readonly [unknown, unknown])[] = Array.isArray(value)
      ? [...value.entries()]
      : Object.entries(value ?? {}).sort(([a], [b]) => byText(a, b));
    if (entries.length === 0) other(run, dot);
    const count = run.variables.length;
    for (const [key, item] of entries) {
      for (const [at, name] of names.entries())
        setVariable(run, name, names.length > 1 && at === 0 ? key : item, isAssign);
      body(run, item);
      run.variables.length = count;
    }
  };
}

function setVariable(run: Run, name: string, value: unknown, isAssign: boolean): void {
  const known = isAssign ? run.variables.findLast((one) => one.name === name) : undefined;
  if (known === undefined) run.variables.push({ name, value });
  else known.value = value;
}

function fieldsOf(value: unknown, names: readonly string[], place: Place, run: Run): unknown {
  mark(run, place);
  let here = value;
  for (const name of names) {
    if (here === null) throw new Fault(`nil pointer evaluating interface {}.${name}`);
    if (here !== undefined && !isJsonObject(here))
      throw new Fault(`can't evaluate field ${name} in type interface {}`);
    here = here !== undefined && Object.hasOwn(here, name) ? here[name] : undefined;
    if (here === undefined && run.isStrict) throw new Fault(`map has no entry for key ${quoteGo(name)}`);
  }
  return here;
}

function callFunction(
  place: Place,
  name: string,
  words: readonly Operand[],
  { run, dot, piped }: { readonly run: Run; readonly dot: unknown; readonly piped: readonly unknown[] },
): unknown {
  const count = words.length + piped.length;
  const fixed = FIXED[name];
  const least = fixed ?? (name.startsWith('print') && name !== 'printf' ? 0 : 1);
  if (count < least || count > (fixed ?? count)) {
    mark(run, { ...place, source: name });
    throw new Fault(
      `wrong number of args for ${name}: want ${fixed === undefined ? 'at least ' : ''}${least} got ${count}`,
    );
  }
  // `and` and `or` stop at the first that decides.
  const args: unknown[] = [];
  for (const word of words) {
    const value = word.run(run, dot);
    if ((name === 'and' && !truthy(value)) || (name === 'or' && truthy(value))) return value;
    args.push(value);
  }
  const result = FUNCTIONS[name]?.([...args, ...piped]);
  mark(run, place);
  if (result instanceof Fault) throw new Fault(`error calling ${name}: ${result.message}`);
  return result;
}

function truthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** One step of `index`. */
function at(value: unknown, key: unknown): unknown {
  if (value instanceof Fault) return value;
  if (value === undefined || value === null) return new Fault('index of untyped nil');
  if (isJsonObject(value)) {
    if (typeof key !== 'string') return new Fault(`value has type ${typeName(key)}; should be string`);
    return Object.hasOwn(value, key) ? value[key] : undefined;
  }
  if (!Array.isArray(value) && typeof value !== 'string')
    return new Fault(`can't index item of type ${typeName(value)}`);
  if (typeof key !== 'number') return new Fault(`cannot index slice/array with type ${typeName(key)}`);
  if (key < 0 || key >= value.length) return new Fault(`index out of range: ${key}`);
  return typeof value === 'string' ? value.charCodeAt(key) : value[key];
}

function sizeOf(value: unknown): unknown {
  if (value === undefined || value === null) return new Fault('len of nil pointer');
  if (typeof value === 'string') return utf8Length(value);
  if (Array.isArray(value)) return value.length;
  return typeof value === 'object' ? Object.keys(value).length : new Fault(`len of type ${typeName(value)}`);
}

/** Whether `first OPERATOR one` holds; what is nil equals nil alone. */
function verdict(operator: string, first: unknown, one: unknown): unknown {
  if (/[!=]=/.test(operator) && ((first ?? null) === null || (one ?? null) === null))
    return ((first ?? null) === (one ?? null)) === (operator === '==');
  const held = compare(operator, first, one);
  return typeof held === 'string' ? new Fault(held) : held;
}

type Func = (args: readonly unknown[]) => unknown;

const comparison =
  (operator: string): Func =>
  ([first, one]) =>
    verdict(operator, first, one);

/** How many arguments those take that take no others. */
const FIXED: Readonly<Record<string, number>> = {
  not: 1,
  len: 1,
  base64decode: 1,
  ne: 2,
  lt: 2,
  le: 2,
  gt: 2,
  ge: 2,
};

const FUNCTIONS: Readonly<Record<string, Func>> = {
  and: (args) => args.at(-1),
  or: (args) => args.at(-1),
  not: ([value]) => !truthy(value),
  base64decode: ([value]) => {
    const text = String(value ?? '');
    const wrong = text.search(/[^A-Za-z0-9+/=\r\n]/);
    return wrong < 0 && text.replace(/[\r\n]/g, '').length % 4 === 0
      ? fromBase64(text)
      : new Fault(
          `base64 decode failed: illegal base64 data at input byte ${wrong < 0 ? text.length : wrong}`,
        );
  },
  eq: ([first, ...rest]) => {
    if (rest.length === 0) return new Fault('missing argument for comparison');
    return rest.map((one) => verdict('==', first, one)).find((one) => one !== false) ?? false;
  },
  ne: comparison('!='),
  lt: comparison('<'),
  le: comparison('<='),
  gt: comparison('>'),
  ge: comparison('>='),
  index: ([value, ...keys]) => keys.reduce(at, value),
  len: ([value]) => sizeOf(value),
  slice: ([value, ...bounds]) =>
    typeof value === 'string' || Array.isArray(value)
      ? value.slice(...bounds.map(Number))
      : new Fault(`can't slice item of type ${typeName(value)}`),
  print: spaced,
  println: (args) => `${args.map(plainValue).join(' ')}\n`,
  printf: ([format, ...args]) => formatted(String(format), args),
};
