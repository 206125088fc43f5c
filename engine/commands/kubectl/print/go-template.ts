import { utf8Length } from '../../../base/bytes.ts';
import { isJsonObject } from '../../../base/json.ts';
import { byText } from '../../../base/order.ts';
import { PrintedFault } from '../errors.ts';
import { fromBase64, quoteGo } from '../text.ts';
import type { Call, Node, Operand, Pipe, Template } from './go-template-parser.ts';
import { compare, formatted, plainValue, spaced, typeName } from './go-value.ts';
import { goJson } from './json.ts';

/** Steps after which a template is given up: nested loops over an object's own lists have no other end. */
const STEPS_MAX = 500_000;
const DEPTH_MAX = 200;

/** Fills a template in with a value; a missing key is a fault if `isStrict`. @throws PrintedFault */
export function runGoTemplate(template: Template, value: unknown, isStrict = false): string {
  const run = new Run(template, value, isStrict);
  try {
    run.walk(template.parts.get('') ?? [], value);
    return run.out;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { text } = template;
    const why = `template: output:${run.place()}: ${error.message}`;
    throw new PrintedFault(
      `error executing template ${quoteGo(text)}: ${why}`,
      `${run.out}Error executing template: ${why}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t${text}\n\traw data was:\n\t\t${goJson(value)}\n\tobject given to template engine was:\n\t\t${plainValue(value)}\n\n`,
    );
  }
}

/** What cannot be evaluated. */
class Fault extends Error {}
/** `{{break}}` and `{{continue}}` on their way to the loop. */
class Leap extends Error {}

/** One execution (text/template's exec.go): undefined is no value at all, null is nil. */
class Run {
  out = '';
  readonly #template: Template;
  readonly #isStrict: boolean;
  #variables: { readonly name: string; value: unknown }[];
  #node: { readonly at: number; readonly source: string } = { at: 0, source: '' };
  #part = 'output';
  #steps = 0;
  #depth = 0;

  constructor(template: Template, value: unknown, isStrict: boolean) {
    this.#template = template;
    this.#isStrict = isStrict;
    this.#variables = [{ name: '$', value }];
  }

  place(): string {
    const before = this.#template.text.slice(0, this.#node.at);
    const lines = before.split('\n');
    return `${lines.length}:${lines.at(-1)?.length ?? 0}: executing ${quoteGo(this.#part)} at <${this.#node.source}>`;
  }

  walk(nodes: readonly Node[], dot: unknown): void {
    for (const node of nodes) {
      if (++this.#steps > STEPS_MAX) throw new Fault('exceeded maximum template depth (100000)');
      this.#visit(node, dot);
    }
  }

  #visit(node: Node, dot: unknown): void {
    switch (node.kind) {
      case 'text':
        this.out += node.text;
        break;
      case 'print': {
        const value = this.#pipe(node.pipe, dot);
        if (node.pipe.names.length === 0)
          this.out += value === undefined || value === null ? '<no value>' : plainValue(value);
        break;
      }
      case 'break':
      case 'continue':
        throw new Leap(node.kind);
      case 'template':
        this.#call(node, dot);
        break;
      default: {
        const count = this.#variables.length;
        this.#block(node, dot);
        this.#variables.length = count;
      }
    }
  }

  #call(node: Extract<Node, { kind: 'template' }>, dot: unknown): void {
    this.#node = {
      at: node.at,
      source: `{{template ${quoteGo(node.name)}${node.pipe === undefined ? '' : ` ${node.pipe.source}`}}}`,
    };
    const nodes = this.#template.parts.get(node.name);
    if (nodes === undefined) throw new Fault(`template ${quoteGo(node.name)} not defined`);
    if (this.#depth > DEPTH_MAX) throw new Fault('exceeded maximum template depth (100000)');
    const value = node.pipe === undefined ? undefined : this.#pipe(node.pipe, dot);
    const [variables, part] = [this.#variables, this.#part];
    this.#variables = [{ name: '$', value }];
    this.#part = node.name;
    this.#depth++;
    this.walk(nodes, value);
    this.#depth--;
    this.#part = part;
    this.#variables = variables;
  }

  #block(node: Extract<Node, { kind: 'if' | 'range' | 'with' }>, dot: unknown): void {
    const value = this.#pipe(node.pipe, dot);
    if (node.kind !== 'range') {
      const isTrue = truthy(value);
      this.walk(isTrue ? node.body : node.other, isTrue && node.kind === 'with' ? value : dot);
      return;
    }
    if (typeof value !== 'object' && value !== undefined)
      throw new Fault(`range can't iterate over ${plainValue(value)}`);
    const entries: readonly (readonly [unknown, unknown])[] = Array.isArray(value)
      ? value.map((item, at) => [at, item] as const)
      : Object.entries(value ?? {}).sort(([a], [b]) => byText(a, b));
    if (entries.length === 0) this.walk(node.other, dot);
    const count = this.#variables.length;
    for (const [key, item] of entries) {
      const names = node.pipe.names;
      for (const [at, name] of names.entries())
        this.#set(name, names.length > 1 && at === 0 ? key : item, node.pipe.isAssign);
      try {
        this.walk(node.body, item);
      } catch (error) {
        if (!(error instanceof Leap)) throw error;
        if (error.message === 'break') break;
      } finally {
        this.#variables.length = Math.min(this.#variables.length, count);
      }
    }
  }

  #set(name: string, value: unknown, isAssign: boolean): void {
    const known = isAssign ? this.#variables.findLast((one) => one.name === name) : undefined;
    if (known === undefined) this.#variables.push({ name, value });
    else known.value = value;
  }

  #pipe(pipe: Pipe, dot: unknown): unknown {
    this.#node = pipe;
    let piped: readonly unknown[] = [];
    for (const call of pipe.calls) piped = [this.#command(call, dot, piped)];
    const [value] = piped;
    // A loop sets its own.
    const isLoop = pipe.names.length > 1;
    if (!isLoop) for (const name of pipe.names) this.#set(name, value, pipe.isAssign);
    return value;
  }

  #command(call: Call, dot: unknown, piped: readonly unknown[]): unknown {
    const [head, ...rest] = call.words;
    if (head === undefined) return undefined;
    if (head.kind !== 'function') {
      if (head.kind === 'value' && head.isNil === true) {
        this.#node = head;
        throw new Fault('nil is not a command');
      }
      const value = this.#evaluate(head, dot);
      if (rest.length + piped.length > 0 && head.kind !== 'pipe')
        throw new Fault(
          head.kind === 'value' || head.kind === 'dot'
            ? `can't give argument to non-function ${head.source}`
            : `${head.kind === 'field' ? head.names.at(-1) : head.source} is not a method but has arguments`,
        );
      return value;
    }
    this.#node = head;
    const count = rest.length + piped.length;
    const { text: name, least, most } = arity(head.source);
    if (count < least || count > most)
      throw new Fault(
        `wrong number of args for ${name}: want ${most > least ? 'at least ' : ''}${least} got ${count}`,
      );
    // `and` and `or` stop at the first that decides.
    const args: unknown[] = [];
    for (const word of rest) {
      const value = this.#evaluate(word, dot);
      if (((name === 'and' && !truthy(value)) || (name === 'or' && truthy(value))) && rest.length > 1)
        return value;
      args.push(value);
    }
    const result = FUNCTIONS[name]?.([...args, ...piped]);
    if (!(result instanceof Fault)) return result;
    this.#node = call;
    throw new Fault(`error calling ${name}: ${result.message}`);
  }

  #evaluate(word: Operand, dot: unknown): unknown {
    if (word.kind === 'pipe') return this.#pipe(word.pipe, dot);
    this.#node = word;
    switch (word.kind) {
      case 'value':
        return word.value;
      case 'dot':
        return dot;
      case 'field':
        return this.#fields(dot, word.names);
      case 'variable':
        return this.#fields(this.#variables.findLast((one) => one.name === word.name)?.value, word.names);
      case 'chain': {
        const value = this.#evaluate(word.of, dot);
        this.#node = word;
        return this.#fields(value, word.names);
      }
      case 'function':
        return this.#command({ ...word, words: [word] }, dot, []);
    }
  }

  #fields(value: unknown, names: readonly string[]): unknown {
    let here = value;
    for (const name of names) {
      if (here === null) throw new Fault(`nil pointer evaluating interface {}.${name}`);
      if (here !== undefined && !isJsonObject(here))
        throw new Fault(`can't evaluate field ${name} in type interface {}`);
      here = here !== undefined && Object.hasOwn(here, name) ? here[name] : undefined;
      if (here === undefined && this.#isStrict) throw new Fault(`map has no entry for key ${quoteGo(name)}`);
    }
    return here;
  }
}

function truthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** How many arguments a function takes. */
function arity(text: string): { readonly text: string; readonly least: number; readonly most: number } {
  const fixed = { not: 1, len: 1, base64decode: 1, ne: 2, lt: 2, le: 2, gt: 2, ge: 2 }[text];
  if (fixed !== undefined) return { text, least: fixed, most: fixed };
  const least = ['and', 'or', 'eq', 'index', 'slice', 'printf', 'call', 'exists'].includes(text) ? 1 : 0;
  return { text, least, most: Number.POSITIVE_INFINITY };
}

type Func = (args: readonly unknown[]) => unknown;

const comparison =
  (operator: string): Func =>
  ([a, b]) => {
    const isNil = [a, b].some((one) => one === undefined || one === null);
    if (operator === '!=' && isNil) return (a ?? undefined) !== (b ?? undefined);
    const verdict = compare(operator, a, b);
    return typeof verdict === 'string' ? new Fault(verdict) : verdict;
  };

/** One step of `index`. */
function at(value: unknown, key: unknown): unknown {
  if (value === undefined || value === null) return new Fault('index of untyped nil');
  if (isJsonObject(value)) {
    if (typeof key !== 'string') return new Fault(`value has type ${typeName(key)}; should be string`);
    return Object.hasOwn(value, key) ? value[key] : undefined;
  }
  if (!Array.isArray(value) && typeof value !== 'string')
    return new Fault(`can't index item of type ${typeName(value)}`);
  if (typeof key !== 'number')
    return new Fault(
      `cannot index slice/array with ${key === undefined || key === null ? 'nil' : `type ${typeName(key)}`}`,
    );
  if (key < 0 || key >= value.length) return new Fault(`index out of range: ${key}`);
  return typeof value === 'string' ? value.charCodeAt(key) : value[key];
}

function sizeOf(value: unknown): unknown {
  if (value === undefined || value === null) return new Fault('len of nil pointer');
  if (typeof value === 'string') return utf8Length(value);
  if (Array.isArray(value)) return value.length;
  return typeof value === 'object' ? Object.keys(value).length : new Fault(`len of type ${typeName(value)}`);
}

const FUNCTIONS: Readonly<Record<string, Func>> = {
  and: (args) => args.find((one) => !truthy(one)) ?? args.at(-1),
  or: (args) => args.find(truthy) ?? args.at(-1),
  not: ([value]) => !truthy(value),
  base64decode: ([value]) => {
    const text = String(value ?? '');
    const wrong = text.search(/[^A-Za-z0-9+/=\r\n]/);
    const isWhole = wrong < 0 && text.replace(/[\r\n]/g, '').length % 4 === 0;
    return isWhole
      ? fromBase64(text)
      : new Fault(
          `base64 decode failed: illegal base64 data at input byte ${wrong < 0 ? text.length : wrong}`,
        );
  },
  eq: ([first, ...rest]) => {
    if (rest.length === 0) return new Fault('missing argument for comparison');
    for (const one of rest) {
      if ([first, one].some((value) => value === undefined || value === null)) {
        if ((first ?? undefined) === (one ?? undefined)) return true;
        continue;
      }
      if (typeof first === 'object')
        return new Fault(`non-comparable type ${typeName(first)}: ${plainValue(first)}`);
      const verdict = compare('==', first, one);
      if (typeof verdict === 'string') return new Fault(verdict);
      if (verdict) return true;
    }
    return false;
  },
  ne: comparison('!='),
  lt: comparison('<'),
  le: comparison('<='),
  gt: comparison('>'),
  ge: comparison('>='),
  exists: ([value, ...keys]) => {
    const found = keys.reduce((here, key) => at(here, key), value);
    return !(found instanceof Fault) && found !== undefined && found !== null;
  },
  index: ([value, ...keys]) =>
    keys.reduce((here, key) => (here instanceof Fault ? here : at(here, key)), value),
  len: ([value]) => sizeOf(value),
  slice: ([value, ...bounds]) => {
    if (typeof value !== 'string' && !Array.isArray(value))
      return new Fault(
        value === undefined || value === null
          ? 'slice of untyped nil'
          : `can't slice item of type ${typeName(value)}`,
      );
    const [from = 0, to = value.length] = bounds.map(Number);
    if (from < 0 || from > value.length || to > value.length || to < 0)
      return new Fault(`index out of range: ${from < 0 || from > value.length ? from : to}`);
    return from > to ? new Fault(`invalid slice index: ${from} > ${to}`) : value.slice(from, to);
  },
  print: spaced,
  println: (args) => `${args.map(plainValue).join(' ')}\n`,
  printf: ([format, ...args]) => formatted(String(format), args),
};
