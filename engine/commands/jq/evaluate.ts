import { compare, isArray, isObject, isTrue, typeOf } from './value.ts';
import type { Value } from './value.ts';
import { printJson } from './json.ts';
import { FilterFailure } from './parser.ts';
import type { Node, Pattern } from './parser.ts';
import { NATIVES } from './natives.ts';
import { formatText, stringOf } from './formats.ts';

/** A value on its way through a filter; `path` is kept only while a path is wanted. */
export type Item = { readonly value: Value; readonly path: readonly Value[] | undefined };

/** `error(value)`: caught by `try`. */
export class JqFailure extends Error {
  override readonly name = 'JqFailure';
  readonly value: Value;

  constructor(value: Value) {
    super(typeof value === 'string' ? value : printJson(value));
    this.value = value;
  }
}

/** `halt` and `halt_error`: ends jq with this exit code. */
export class JqHalt extends Error {
  override readonly name = 'JqHalt';
  readonly exit: number;

  constructor(exit: number) {
    super('halt');
    this.exit = exit;
  }
}

/** `break $label`. */
class Break extends Error {
  override readonly name = 'Break';
  readonly label: object;

  constructor(label: object) {
    super('break');
    this.label = label;
  }
}

/** What all of one run share. */
export type Run = {
  readonly env: ReadonlyMap<string, string>;
  readonly nowMs: number;
  /** The next input of `input`, undefined when there is none. */
  nextInput(): Value | undefined;
  /** Steps left before the filter is stopped. */
  fuel: number;
  /** What `debug` and the like write to standard error. */
  readonly messages: string[];
};

type Closure = { readonly parameters: readonly string[]; readonly body: Node; scope: Scope };

/** Names visible at a place: a chain, innermost first. */
export type Scope =
  | { readonly kind: 'variable'; readonly name: string; readonly value: Value; readonly outer: Scope }
  | { readonly kind: 'function'; readonly name: string; readonly closure: Closure; readonly outer: Scope }
  | { readonly kind: 'label'; readonly name: string; readonly label: object; readonly outer: Scope }
  | undefined;

/** Binds a variable in front of a scope. */
export function bind(outer: Scope, name: string, value: Value): Scope {
  return { kind: 'variable', name, value, outer };
}

/** Puts the definitions at the head of a filter (the prelude) in front of a scope. */
export function define(outer: Scope, node: Node): Scope {
  let scope = outer;
  for (let at = node; at.kind === 'define'; at = at.rest) scope = addFunction(scope, at);
  return scope;
}

function addFunction(outer: Scope, node: Extract<Node, { kind: 'define' }>): Scope {
  const closure: Closure = { parameters: node.parameters, body: node.body, scope: outer };
  const scope: Scope = { kind: 'function', name: `${node.name}/${node.parameters.length}`, closure, outer };
  closure.scope = scope;
  return scope;
}

/** Checks that every name of a filter is defined. @throws FilterFailure */
export function checkNames(node: Node, scope: Scope): void {
  const names = new Set<string>();
  for (let at = scope; at !== undefined; at = at.outer)
    names.add(at.kind === 'variable' ? `$${at.name}` : at.name);
  check(node, names);
}

function check(node: Node | undefined, names: ReadonlySet<string>): void {
  if (node === undefined) return;
  switch (node.kind) {
    case 'call': {
      const name = `${node.name}/${node.args.length}`;
      if (!names.has(name) && !Object.hasOwn(NATIVES, name))
        throw new FilterFailure(`${name} is not defined`, node.at);
      for (const arg of node.args) check(arg, names);
      return;
    }
    case 'variable':
      if (!names.has(`$${node.name}`) && node.name !== 'ENV' && node.name !== '__loc__')
        throw new FilterFailure(`$${node.name} is not defined`, node.at);
      return;
    case 'define': {
      const own = `${node.name}/${node.parameters.length}`;
      const inner = new Set([...names, own]);
      for (const parameter of node.parameters) {
        inner.add(`${parameter.replace('$', '')}/0`);
        if (parameter.startsWith('$')) inner.add(parameter);
      }
      check(node.body, inner);
      check(node.rest, new Set([...names, own]));
      return;
    }
    case 'bind':
    case 'reduce':
    case 'foreach': {
      check(node.source, names);
      const inner = new Set([...names, ...node.patterns.flatMap(patternNames).map((name) => `$${name}`)]);
      if (node.kind === 'bind') check(node.body, inner);
      else {
        check(node.start, names);
        check(node.update, inner);
        if (node.kind === 'foreach') check(node.extract, inner);
      }
      return;
    }
    case 'object':
      for (const [key, value] of node.members) {
        check(key, names);
        check(value, names);
      }
      return;
    case 'label':
      check(node.body, new Set([...names, `*label-${node.name}`]));
      return;
    case 'break':
      if (!names.has(`*label-${node.name}`))
        throw new FilterFailure(`$*label-${node.name} is not defined`, 0);
      return;
    case 'string':
      for (const part of node.parts) if (typeof part !== 'string') check(part, names);
      return;
    default:
      for (const child of Object.values(node))
        if (typeof child === 'object' && child !== null && 'kind' in child) check(child as Node, names);
  }
}

function patternNames(pattern: Pattern): string[] {
  if (pattern.kind === 'variable') return [pattern.name];
  if (pattern.kind === 'array') return pattern.items.flatMap(patternNames);
  return pattern.members.flatMap((member) => [
    ...(member.name === undefined ? [] : [member.name]),
    ...(member.pattern === undefined ? [] : patternNames(member.pattern)),
  ]);
}

/** A value in an error's text: jq shows at most 11 bytes of it. */
export function brief(value: Value): string {
  const text = printJson(value);
  return text.length > 11 ? `${text.slice(0, 10)}...` : text;
}

/** Raises a jq error with a text. */
export function fail(message: string): never {
  throw new JqFailure(message);
}

const plain = (value: Value): Item => ({ value, path: undefined });

/** All results of a filter for an item. @throws JqFailure */
export function* evaluate(node: Node, scope: Scope, input: Item, run: Run): Generator<Item> {
  if (--run.fuel < 0) fail('the filter takes too long');
  switch (node.kind) {
    case 'identity':
      yield input;
      return;
    case 'recurse':
      yield* recurse(input, run);
      return;
    case 'literal':
      yield plain(node.value);
      return;
    case 'string':
      yield* interpolate(node, 0, '', scope, input, run);
      return;
    case 'format':
      yield plain(formatText(node.name, input.value));
      return;
    case 'index':
      for (const target of evaluate(node.target, scope, input, run))
        for (const key of evaluate(node.key, scope, plain(input.value), run)) yield step(target, key.value);
      return;
    case 'slice':
      yield* sliceOf(node, scope, input, run);
      return;
    case 'iterate':
      for (const target of evaluate(node.target, scope, input, run)) yield* iterate(target);
      return;
    case 'try':
      yield* attempt(node, scope, input, run);
      return;
    case 'array':
      yield plain(
        node.body === undefined
          ? []
          : [...evaluate(node.body, scope, plain(input.value), run)].map((item) => item.value),
      );
      return;
    case 'object':
      yield* construct(node.members, 0, new Map(), scope, input, run);
      return;
    case 'negate':
      for (const { value } of evaluate(node.body, scope, plain(input.value), run))
        yield plain(
          typeof value === 'number' ? -value : fail(`${typeOf(value)} (${brief(value)}) cannot be negated`),
        );
      return;
    case 'pipe':
      for (const item of evaluate(node.left, scope, input, run))
        yield* evaluate(node.right, scope, item, run);
      return;
    case 'comma':
      yield* evaluate(node.left, scope, input, run);
      yield* evaluate(node.right, scope, input, run);
      return;
    case 'binary':
      yield* binary(node, scope, input, run);
      return;
    case 'if':
      for (const { value } of evaluate(node.condition, scope, plain(input.value), run)) {
        if (isTrue(value)) yield* evaluate(node.then, scope, input, run);
        else if (node.otherwise === undefined) yield input;
        else yield* evaluate(node.otherwise, scope, input, run);
      }
      return;
    case 'reduce':
    case 'foreach':
      yield* fold(node, scope, input, run);
      return;
    case 'bind':
      for (const { value } of evaluate(node.source, scope, plain(input.value), run))
        yield* destructure(node, value, scope, input, run);
      return;
    case 'define':
      yield* evaluate(node.rest, addFunction(scope, node), input, run);
      return;
    case 'call':
      yield* call(node, scope, input, run);
      return;
    case 'variable':
      yield plain(variable(node.name, scope, run));
      return;
    case 'label': {
      const label = {};
      try {
        yield* evaluate(node.body, { kind: 'label', name: node.name, label, outer: scope }, input, run);
      } catch (error) {
        if (!(error instanceof Break) || error.label !== label) throw error;
      }
      return;
    }
    case 'break':
      for (let at = scope; at !== undefined; at = at.outer)
        if (at.kind === 'label' && at.name === node.name) throw new Break(at.label);
      fail(`$*label-${node.name} is not defined`);
  }
}

function variable(name: string, scope: Scope, run: Run): Value {
  for (let at = scope; at !== undefined; at = at.outer)
    if (at.kind === 'variable' && at.name === name) return at.value;
  if (name === 'ENV') return new Map(run.env);
  if (name === '__loc__')
    return new Map<string, Value>([
      ['file', '<top-level>'],
      ['line', 1],
    ]);
  return fail(`$${name} is not defined`);
}

function* recurse(item: Item, run: Run): Generator<Item> {
  if (--run.fuel < 0) fail('the filter takes too long');
  yield item;
  if (isArray(item.value) || isObject(item.value))
    for (const inner of iterate(item)) yield* recurse(inner, run);
}

function extend(item: Item, key: Value): readonly Value[] | undefined {
  return item.path === undefined ? undefined : [...item.path, key];
}

/** `target[key]`. */
function step(target: Item, key: Value): Item {
  return { value: indexOf(target.value, key), path: extend(target, key) };
}

/** The member of a value at a key. @throws JqFailure */
export function indexOf(value: Value, key: Value): Value {
  if (value === null && (typeof key === 'string' || typeof key === 'number' || key === null || isObject(key)))
    return null;
  if (isObject(value) && typeof key === 'string') return value.get(key) ?? null;
  if (isArray(value) && typeof key === 'number')
    return value[Math.floor(key) < 0 ? value.length + Math.floor(key) : Math.floor(key)] ?? null;
  if (isArray(value) && isObject(key)) return cut(value, key.get('start') ?? null, key.get('end') ?? null);
  if (isArray(value) && isArray(key))
    return value.flatMap((_, index) =>
      key.length > 0 && key.every((one, offset) => compare(one, value[index + offset] ?? null) === 0)
        ? [index]
        : [],
    );
  return fail(
    typeof key === 'string'
      ? `Cannot index ${typeOf(value)} with string "${key}"`
      : typeof key === 'number'
        ? `Cannot index ${typeOf(value)} with number`
        : `Cannot index ${typeOf(value)} with ${typeOf(key)}`,
  );
}

function* iterate(target: Item): Generator<Item> {
  const { value } = target;
  if (isArray(value))
    for (const [index, item] of value.entries()) yield { value: item, path: extend(target, index) };
  else if (isObject(value)) for (const [key, item] of value) yield { value: item, path: extend(target, key) };
  else fail(`Cannot iterate over ${typeOf(value)}${value === null ? ' (null)' : ` (${brief(value)})`}`);
}

function* sliceOf(
  node: Extract<Node, { kind: 'slice' }>,
  scope: Scope,
  input: Item,
  run: Run,
): Generator<Item> {
  for (const target of evaluate(node.target, scope, input, run)) {
    const bounds = function* (bound: Node | undefined): Generator<Value> {
      if (bound === undefined) yield null;
      else for (const { value } of evaluate(bound, scope, plain(input.value), run)) yield value;
    };
    for (const to of bounds(node.to)) {
      for (const from of bounds(node.from)) {
        yield {
          value: cut(target.value, from, to),
          path: extend(
            target,
            new Map<string, Value>([
              ['start', from],
              ['end', to],
            ]),
          ),
        };
      }
    }
  }
}

function cut(value: Value, from: Value, to: Value): Value {
  if (value === null) return null;
  if ((from !== null && typeof from !== 'number') || (to !== null && typeof to !== 'number'))
    return fail('Start and end indices of an array slice must be numbers');
  const [start, end] = [from === null ? 0 : Math.floor(from), to === null ? undefined : Math.ceil(to)];
  if (typeof value === 'string') return [...value].slice(start, end).join('');
  return isArray(value) ? value.slice(start, end) : fail(`Cannot index ${typeOf(value)} with object`);
}

function* interpolate(
  node: Extract<Node, { kind: 'string' }>,
  at: number,
  text: string,
  scope: Scope,
  input: Item,
  run: Run,
): Generator<Item> {
  const part = node.parts[at];
  if (part === undefined) yield plain(text);
  else if (typeof part === 'string') yield* interpolate(node, at + 1, text + part, scope, input, run);
  else
    for (const { value } of evaluate(part, scope, plain(input.value), run))
      yield* interpolate(
        node,
        at + 1,
        text + (node.format === undefined ? stringOf(value) : formatText(node.format, value)),
        scope,
        input,
        run,
      );
}

function* attempt(
  node: Extract<Node, { kind: 'try' }>,
  scope: Scope,
  input: Item,
  run: Run,
): Generator<Item> {
  try {
    yield* evaluate(node.body, scope, input, run);
  } catch (error) {
    if (!(error instanceof JqFailure) || run.fuel < 0) throw error;
    if (isObject(error.value) && error.value.has('__jq')) return;
    if (node.handler !== undefined) yield* evaluate(node.handler, scope, plain(error.value), run);
  }
}

function* construct(
  members: readonly (readonly [Node, Node])[],
  at: number,
  built: ReadonlyMap<string, Value>,
  scope: Scope,
  input: Item,
  run: Run,
): Generator<Item> {
  const member = members[at];
  if (member === undefined) {
    yield plain(built);
    return;
  }
  for (const { value: key } of evaluate(member[0], scope, plain(input.value), run)) {
    if (typeof key !== 'string') fail(`Object keys must be strings`);
    for (const { value } of evaluate(member[1], scope, plain(input.value), run))
      yield* construct(members, at + 1, new Map(built).set(String(key), value), scope, input, run);
  }
}

function* binary(
  node: Extract<Node, { kind: 'binary' }>,
  scope: Scope,
  input: Item,
  run: Run,
): Generator<Item> {
  const { operator } = node;
  if (operator === '//') {
    yield* alternative(node, scope, input, run);
    return;
  }
  if (operator === 'and' || operator === 'or') {
    for (const { value: left } of evaluate(node.left, scope, plain(input.value), run)) {
      if (isTrue(left) === (operator === 'or')) yield plain(operator === 'or');
      else
        for (const { value: right } of evaluate(node.right, scope, plain(input.value), run))
          yield plain(isTrue(right));
    }
    return;
  }
  if (operator.endsWith('=') && !['==', '!=', '<=', '>='].includes(operator)) {
    yield* assign(node, scope, input, run);
    return;
  }
  for (const { value: right } of evaluate(node.right, scope, plain(input.value), run)) {
    for (const { value: left } of evaluate(node.left, scope, plain(input.value), run))
      yield plain(operate(operator, left, right));
  }
}

function* alternative(
  node: Extract<Node, { kind: 'binary' }>,
  scope: Scope,
  input: Item,
  run: Run,
): Generator<Item> {
  let found = false;
  try {
    for (const item of evaluate(node.left, scope, input, run)) {
      if (!isTrue(item.value)) continue;
      found = true;
      yield item;
    }
  } catch (error) {
    if (!(error instanceof JqFailure) || run.fuel < 0) throw error;
  }
  if (!found) yield* evaluate(node.right, scope, input, run);
}

/** The paths that a filter leads to. @throws JqFailure when it is no path expression */
export function pathsOf(node: Node, scope: Scope, value: Value, run: Run): (readonly Value[])[] {
  return [...evaluate(node, scope, { value, path: [] }, run)].map(
    ({ path, value: result }) => path ?? fail(`Invalid path expression with result ${brief(result)}`),
  );
}

function* assign(
  node: Extract<Node, { kind: 'binary' }>,
  scope: Scope,
  input: Item,
  run: Run,
): Generator<Item> {
  const { operator, left, right } = node;
  const paths = pathsOf(left, scope, input.value, run);
  if (operator === '|=') {
    let value = input.value;
    const gone: (readonly Value[])[] = [];
    for (const path of paths) {
      const [first] = evaluate(right, scope, plain(getPath(value, path)), run);
      if (first === undefined) gone.push(path);
      else value = setPath(value, path, first.value);
    }
    yield plain(deletePaths(value, gone));
    return;
  }
  for (const { value: given } of evaluate(right, scope, plain(input.value), run)) {
    let value = input.value;
    for (const path of paths) {
      const old = getPath(value, path);
      const fresh =
        operator === '='
          ? given
          : operator === '//='
            ? isTrue(old)
              ? old
              : given
            : operate(operator.slice(0, -1), old, given);
      value = setPath(value, path, fresh);
    }
    yield plain(value);
  }
}

/** The value at a path; null where nothing is. */
export function getPath(value: Value, path: readonly Value[]): Value {
  let at = value;
  for (const key of path) {
    if (at === null) return null;
    at = indexOf(at, key);
  }
  return at;
}

/** A copy of a value with another one at a path. */
export function setPath(value: Value, path: readonly Value[], fresh: Value): Value {
  const [key, ...rest] = path;
  if (key === undefined) return fresh;
  if (typeof key === 'string') {
    if (value !== null && !isObject(value)) return fail(`Cannot index ${typeOf(value)} with "${key}"`);
    const old = value ?? new Map<string, Value>();
    return new Map(old).set(key, setPath(old.get(key) ?? null, rest, fresh));
  }
  if (value !== null && !isArray(value))
    return fail(
      `Cannot update field at ${typeOf(key) === 'number' ? 'array' : 'object'} index of ${typeOf(value)}`,
    );
  const items = [...(value ?? [])];
  if (typeof key === 'number') {
    const index = key < 0 ? items.length + key : Math.floor(key);
    if (index < 0) return fail('Out of bounds negative array index');
    if (index > 10_000_000) return fail('Array index too large');
    while (items.length < index) items.push(null);
    items[index] = setPath(items[index] ?? null, rest, fresh);
    return items;
  }
  if (!isObject(key)) return fail(`Invalid path component`);
  const [from, to] = [key.get('start') ?? null, key.get('end') ?? null];
  const middle = setPath(cut(items, from, to), rest, fresh);
  if (!isArray(middle)) return fail('A slice of an array can only be assigned another array');
  const start = typeof from === 'number' ? (from < 0 ? Math.max(0, items.length + from) : from) : 0;
  const end = typeof to === 'number' ? (to < 0 ? items.length + to : to) : items.length;
  return [...items.slice(0, start), ...middle, ...items.slice(Math.max(start, end))];
}

/** A copy of a value without what stands at paths. */
export function deletePaths(value: Value, paths: readonly (readonly Value[])[]): Value {
  return [...paths]
    .sort((a, b) => compare(b, a))
    .reduce<Value>((rest, path) => deletePath(rest, path), value);
}

function deletePath(value: Value, path: readonly Value[]): Value {
  const [key, ...rest] = path;
  if (key === undefined || value === null) return null;
  if (rest.length > 0) {
    const inner = indexOf(value, key);
    return inner === null ? value : setPath(value, [key], deletePath(inner, rest));
  }
  if (isObject(value) && typeof key === 'string') return new Map([...value].filter(([name]) => name !== key));
  if (isArray(value) && typeof key === 'number')
    return value.filter((_, index) => index !== (key < 0 ? value.length + key : key));
  if (isArray(value) && isObject(key)) return setPath(value, [key], []);
  return fail(`Cannot delete field at ${isArray(value) ? 'object' : 'array'} index of ${typeOf(value)}`);
}

/** Arithmetic and comparison. @throws JqFailure */
export function operate(operator: string, a: Value, b: Value): Value {
  switch (operator) {
    case '==':
      return compare(a, b) === 0;
    case '!=':
      return compare(a, b) !== 0;
    case '<':
      return compare(a, b) < 0;
    case '<=':
      return compare(a, b) <= 0;
    case '>':
      return compare(a, b) > 0;
    case '>=':
      return compare(a, b) >= 0;
    case '+':
      return add(a, b);
    case '-':
      if (typeof a === 'number' && typeof b === 'number') return a - b;
      if (isArray(a) && isArray(b)) return a.filter((item) => !b.some((other) => compare(item, other) === 0));
      return cannot(a, b, 'subtracted');
    case '*':
      return multiply(a, b);
    case '/':
      if (typeof a === 'number' && typeof b === 'number')
        return b === 0 ? cannot(a, b, 'divided because the divisor is zero') : a / b;
      if (typeof a === 'string' && typeof b === 'string') return a === '' ? [] : a.split(b);
      return cannot(a, b, 'divided');
    default:
      if (typeof a === 'number' && typeof b === 'number')
        return Math.trunc(b) === 0
          ? cannot(a, b, 'divided (remainder) because the divisor is zero')
          : Math.trunc(a) % Math.trunc(b);
      return cannot(a, b, 'divided (remainder)');
  }
}

function cannot(a: Value, b: Value, what: string): never {
  return fail(`${typeOf(a)} (${brief(a)}) and ${typeOf(b)} (${brief(b)}) cannot be ${what}`);
}

function add(a: Value, b: Value): Value {
  if (a === null) return b;
  if (b === null) return a;
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  if (isArray(a) && isArray(b)) return [...a, ...b];
  if (isObject(a) && isObject(b)) return new Map([...a, ...b]);
  return cannot(a, b, 'added');
}

function multiply(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  if (typeof a === 'string' && typeof b === 'number')
    return b <= 0 ? null : a.repeat(Math.min(1_000_000, Math.max(1, Math.ceil(b))));
  if (typeof a === 'number' && typeof b === 'string') return multiply(b, a);
  if (isObject(a) && isObject(b)) return merge(a, b);
  return cannot(a, b, 'multiplied');
}

function merge(a: ReadonlyMap<string, Value>, b: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
  const merged = new Map(a);
  for (const [key, value] of b) {
    const old = merged.get(key) ?? null;
    merged.set(key, isObject(old) && isObject(value) ? merge(old, value) : value);
  }
  return merged;
}

function* bindPattern(pattern: Pattern, value: Value, scope: Scope, run: Run): Generator<Scope> {
  if (pattern.kind === 'variable') {
    yield bind(scope, pattern.name, value);
    return;
  }
  if (pattern.kind === 'array') {
    if (value !== null && !isArray(value)) fail(`Cannot index ${typeOf(value)} with number`);
    let scopes: Scope[] = [scope];
    for (const [index, item] of pattern.items.entries())
      scopes = scopes.flatMap((one) => [...bindPattern(item, indexOf(value, index), one, run)]);
    yield* scopes;
    return;
  }
  let scopes: Scope[] = [scope];
  for (const member of pattern.members) {
    scopes = scopes.flatMap((one) =>
      [...evaluate(member.key, one, plain(value), run)].flatMap(({ value: key }) => {
        const found = indexOf(value, key);
        const named = member.name === undefined ? one : bind(one, member.name, found);
        return member.pattern === undefined ? [named] : [...bindPattern(member.pattern, found, named, run)];
      }),
    );
  }
  yield* scopes;
}

function* destructure(
  node: Extract<Node, { kind: 'bind' }>,
  value: Value,
  scope: Scope,
  input: Item,
  run: Run,
): Generator<Item> {
  const all = node.patterns.flatMap(patternNames);
  for (const [index, pattern] of node.patterns.entries()) {
    let base = scope;
    if (node.patterns.length > 1) for (const name of all) base = bind(base, name, null);
    try {
      for (const inner of bindPattern(pattern, value, base, run))
        yield* evaluate(node.body, inner, input, run);
      return;
    } catch (error) {
      if (!(error instanceof JqFailure) || index === node.patterns.length - 1) throw error;
    }
  }
}

function* fold(
  node: Extract<Node, { kind: 'reduce' | 'foreach' }>,
  scope: Scope,
  input: Item,
  run: Run,
): Generator<Item> {
  const pattern = node.patterns[0];
  if (pattern === undefined) return;
  for (const start of evaluate(node.start, scope, input, run)) {
    let state: Item | undefined = start;
    for (const { value } of evaluate(node.source, scope, plain(input.value), run)) {
      for (const inner of bindPattern(pattern, value, scope, run)) {
        const results: Item[] = [];
        for (const item of evaluate(node.update, inner, state ?? plain(null), run)) {
          results.push(item);
          if (node.kind === 'foreach') {
            if (node.extract === undefined) yield item;
            else yield* evaluate(node.extract, inner, item, run);
          }
        }
        state = results.at(-1) ?? (node.kind === 'reduce' ? plain(null) : state);
      }
    }
    if (node.kind === 'reduce') yield state ?? plain(null);
  }
}

function* call(node: Extract<Node, { kind: 'call' }>, scope: Scope, input: Item, run: Run): Generator<Item> {
  const name = `${node.name}/${node.args.length}`;
  for (let at = scope; at !== undefined; at = at.outer) {
    if (at.kind !== 'function' || at.name !== name) continue;
    yield* apply(at.closure, node.args, scope, input, run, 0, at.closure.scope);
    return;
  }
  const native = Object.hasOwn(NATIVES, name) ? NATIVES[name] : undefined;
  if (native === undefined) fail(`${name} is not defined`);
  else yield* native({ args: node.args, scope, input, run });
}

function* apply(
  closure: Closure,
  args: readonly Node[],
  caller: Scope,
  input: Item,
  run: Run,
  at: number,
  scope: Scope,
): Generator<Item> {
  const parameter = closure.parameters[at];
  const arg = args[at];
  if (parameter === undefined || arg === undefined) {
    yield* evaluate(closure.body, scope, input, run);
    return;
  }
  const bare = parameter.replace('$', '');
  if (parameter === bare) {
    const inner: Scope = {
      kind: 'function',
      name: `${bare}/0`,
      closure: { parameters: [], body: arg, scope: caller },
      outer: scope,
    };
    yield* apply(closure, args, caller, input, run, at + 1, inner);
    return;
  }
  for (const { value } of evaluate(arg, caller, plain(input.value), run)) {
    const literal: Node = { kind: 'variable', name: bare, at: 0 };
    const bound = bind(scope, bare, value);
    yield* apply(closure, args, caller, input, run, at + 1, {
      kind: 'function',
      name: `${bare}/0`,
      closure: { parameters: [], body: literal, scope: bound },
      outer: bound,
    });
  }
}
