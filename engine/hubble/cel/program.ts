import { Expression } from '../../base/expression.ts';
import type { CelConstant, CelNode, CelProblem } from './syntax.ts';
import { type CelType, enumNumber, fieldNumber, fieldType, isSame, simple, typeText } from './types.ts';

/** A message at run time: its type and its JSON (undefined: not set, so every field has its zero value). */
export type CelMessage = {
  readonly message: string;
  readonly json: Readonly<Record<string, unknown>> | undefined;
};
/** A moment or a span, in nanoseconds. */
type Nanos = { readonly nanos: bigint };
/** A value at run time. */
export type CelValue =
  | bigint
  | number
  | string
  | boolean
  | null
  | readonly CelValue[]
  | ReadonlyMap<CelValue, CelValue>
  | CelMessage
  | Nanos;

/** Steps that one evaluation may take (the cost limit of Hubble's filter). */
const COST_MAX = 100_000;
/** Steps of one evaluation once an expression has used up `COST_TOTAL` over all flows: a costly one then fails early. */
const COST_LATER = 300;
const COST_TOTAL = 1_000_000;
/** Characters or items that cost as much as one step. */
const PIECE = 64;

/** What an evaluation knows: the flow and the variables of macros; `cost` counts down. */
export type CelScope = {
  readonly flow: CelMessage;
  readonly variables: ReadonlyMap<string, CelValue>;
  readonly budget: { left: number };
};

/** A checked expression. `run` throws when it goes wrong, as an evaluation's error. */
export type CelProgram = { readonly type: CelType; readonly run: (scope: CelScope) => CelValue };

/** The variable of filters. */
export const FLOW_VARIABLE = '_flow';

type Types = ReadonlyMap<string, CelType>;

/** Something failed while an expression ran: the filter does not match. */
export class CelFailure extends Error {}

/** Evaluates an expression over one flow after another. What it may cost shrinks with what it has cost already. */
export class CelRunner {
  readonly #program: CelProgram;
  #spent = 0;

  constructor(program: CelProgram) {
    this.#program = program;
  }

  /** The value for a flow. @throws CelFailure */
  run(flow: Readonly<Record<string, unknown>>): CelValue {
    const limit = this.#spent < COST_TOTAL ? COST_MAX : COST_LATER;
    const budget = { left: limit };
    try {
      return this.#program.run({ flow: { message: 'flow.Flow', json: flow }, variables: new Map(), budget });
    } finally {
      this.#spent += limit - budget.left;
    }
  }
}

/** Takes the cost of a long text or list from the budget. */
function charge(scope: CelScope, length: number): void {
  scope.budget.left -= Math.floor(length / PIECE);
  if (scope.budget.left < 0) throw new CelFailure('cost limit exceeded');
}

/** Checks an expression and makes it runnable; what is wrong goes to `problems`, in cel-go's words. */
export function checkCel(node: CelNode, problems: CelProblem[]): CelProgram {
  return new Checker(problems).check(
    node,
    new Map([[FLOW_VARIABLE, { kind: 'message', name: 'flow.Flow' }]]),
  );
}

class Checker {
  readonly #problems: CelProblem[];

  constructor(problems: CelProblem[]) {
    this.#problems = problems;
  }

  check(node: CelNode, types: Types): CelProgram {
    const program = this.#of(node, types);
    return {
      type: program.type,
      run: (scope) => {
        if (--scope.budget.left < 0) throw new CelFailure('cost limit exceeded');
        return program.run(scope);
      },
    };
  }

  #fail(at: number, message: string): CelProgram {
    this.#problems.push({ at, message });
    return { type: simple('dyn'), run: () => null };
  }

  #of(node: CelNode, types: Types): CelProgram {
    switch (node.kind) {
      case 'constant':
        return { type: simple(node.value.type), run: always(node.value) };
      case 'name':
        return this.#name(node.name, node.at, types);
      case 'select':
        return this.#select(node, types);
      case 'list':
        return this.#list(node.items, types);
      case 'map':
        return this.#map(node.entries, types);
      case 'each':
        return this.#each(node, types);
      case 'call':
        return this.#call(node, types);
    }
  }

  #name(name: string, at: number, types: Types): CelProgram {
    const type = types.get(name);
    if (type === undefined) return this.#fail(at, `undeclared reference to '${name}' (in container 'flow')`);
    if (name === FLOW_VARIABLE) return { type, run: (scope) => scope.variables.get(name) ?? scope.flow };
    return { type, run: (scope) => scope.variables.get(name) ?? null };
  }

  #select(node: CelNode & { kind: 'select' }, types: Types): CelProgram {
    const qualified = nameOf(node);
    const number = qualified === undefined ? undefined : enumNumber(qualified);
    if (number !== undefined && !types.has((qualified ?? '').split('.')[0] ?? '')) {
      const value = BigInt(number);
      return { type: simple('int'), run: () => value };
    }
    const of = this.check(node.of, types);
    const { field } = node;
    if (of.type.kind === 'map') {
      const map = (scope: CelScope): ReadonlyMap<CelValue, CelValue> =>
        of.run(scope) as ReadonlyMap<CelValue, CelValue>;
      if (node.isTest) return { type: simple('bool'), run: (scope) => map(scope).has(field) };
      return { type: of.type.value, run: (scope) => found(map(scope).get(field), field) };
    }
    if (of.type.kind !== 'message') {
      if (of.type.kind === 'simple' && of.type.name === 'dyn') return of;
      return this.#fail(node.at, `type '${typeText(of.type)}' does not support field selection`);
    }
    const type = fieldType(of.type.name, field);
    if (type === undefined) return this.#fail(node.at, `undefined field '${field}'`);
    const raw = (scope: CelScope): unknown => {
      const { json } = of.run(scope) as CelMessage;
      return json !== undefined && Object.hasOwn(json, field) ? json[field] : undefined;
    };
    if (node.isTest) return { type: simple('bool'), run: (scope) => isSet(raw(scope)) };
    return { type, run: (scope) => jsonValue(raw(scope), type, field) };
  }

  #list(items: readonly CelNode[], types: Types): CelProgram {
    const parts = items.map((item) => this.check(item, types));
    const first = parts[0]?.type ?? simple('any');
    const isOne = parts.every((part) => isSame(part.type, first));
    return {
      type: { kind: 'list', item: isOne ? first : simple('dyn') },
      run: (scope) => parts.map((part) => part.run(scope)),
    };
  }

  #map(entries: readonly (readonly [CelNode, CelNode])[], types: Types): CelProgram {
    const parts = entries.map(([key, value]) => [this.check(key, types), this.check(value, types)] as const);
    const [first] = parts;
    const value = first?.[1].type ?? simple('any');
    const isOne = parts.every((part) => isSame(part[1].type, value));
    return {
      type: { kind: 'map', key: first?.[0].type ?? simple('any'), value: isOne ? value : simple('dyn') },
      run: (scope) => new Map(parts.map(([key, item]) => [key.run(scope), item.run(scope)])),
    };
  }

  #each(node: CelNode & { kind: 'each' }, types: Types): CelProgram {
    const over = this.check(node.over, types);
    const item =
      over.type.kind === 'list' ? over.type.item : over.type.kind === 'map' ? over.type.key : undefined;
    if (item === undefined)
      return this.#fail(
        node.over.at,
        `expression of type '${typeText(over.type)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
      );
    const inner = new Map([...types, [node.variable, item]]);
    const guard = node.guard && this.check(node.guard, inner);
    const body = this.check(node.body, inner);
    const test = node.macro === 'map' ? guard : body;
    if (test && !isSame(test.type, simple('bool')))
      return this.#fail(
        node.body.at,
        `found no matching overload for '_?_:_' applied to '(${typeText(test.type)}, list(${typeText(item)}), list(${typeText(item)}))'`,
      );
    const itemsOf = (scope: CelScope): readonly (readonly [CelValue, CelScope])[] => {
      const range = over.run(scope);
      const list = range instanceof Map ? [...range.keys()] : (range as readonly CelValue[]);
      return list.map((value): readonly [CelValue, CelScope] => [
        value,
        { ...scope, variables: new Map([...scope.variables, [node.variable, value]]) },
      ]);
    };
    return eachProgram(node.macro, { item, body, guard, itemsOf });
  }

  #call(node: CelNode & { kind: 'call' }, types: Types): CelProgram {
    const target = node.target && this.check(node.target, types);
    const args = node.args.map((arg) => this.check(arg, types));
    const make = node.target === undefined ? FUNCTIONS.get(node.name) : METHODS.get(node.name);
    if (!make) return this.#fail(node.at, `undeclared reference to '${node.name}' (in container 'flow')`);
    const all = target ? [target, ...args] : args;
    const program = make(all);
    if (program) return program;
    if (all.some((part) => part.type.kind === 'simple' && part.type.name === 'dyn'))
      return { type: simple('dyn'), run: () => null };
    const shown = args.map((arg) => typeText(arg.type)).join(', ');
    const applied = target ? `${typeText(target.type)}.(${shown})` : `(${shown})`;
    return this.#fail(node.at, `found no matching overload for '${node.name}' applied to '${applied}'`);
  }
}

function always(constant: CelConstant): () => CelValue {
  const { value } = constant;
  return () => value;
}

function nameOf(node: CelNode): string | undefined {
  if (node.kind === 'name') return node.name;
  if (node.kind !== 'select' || node.isTest) return undefined;
  const before = nameOf(node.of);
  return before === undefined ? undefined : `${before}.${node.field}`;
}

function found(value: CelValue | undefined, key: string): CelValue {
  if (value === undefined) throw new CelFailure(`no such key: ${key}`);
  return value;
}

/** What `has()` says of a field's JSON: zero values are absent there already. */
function isSet(json: unknown): boolean {
  return json !== undefined && !(Array.isArray(json) && json.length === 0);
}

function jsonValue(json: unknown, type: CelType, field: string): CelValue {
  switch (type.kind) {
    case 'list':
      return Array.isArray(json) ? json.map((item) => jsonValue(item, type.item, field)) : [];
    case 'message':
      return {
        message: type.name,
        json:
          typeof json === 'object' && json !== null ? (json as Readonly<Record<string, unknown>>) : undefined,
      };
    case 'wrapper':
      return typeof json === 'boolean' ? json : null;
    case 'map':
      return new Map();
    case 'simple':
      return simpleValue(json, type.name, field);
  }
}

function simpleValue(json: unknown, name: string, field: string): CelValue {
  switch (name) {
    case 'string':
      return typeof json === 'string' ? json : '';
    case 'bool':
      return json === true;
    case 'timestamp':
      return { nanos: momentOf(typeof json === 'string' ? json : '') ?? 0n };
    default:
      if (typeof json === 'number' && Number.isSafeInteger(json)) return BigInt(json);
      if (typeof json !== 'string') return 0n;
      return /^-?\d{1,20}$/.test(json) ? BigInt(json) : BigInt(fieldNumber(field, json));
  }
}

/** An RFC 3339 time in nanoseconds since the epoch. */
function momentOf(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  const ms = match ? Date.parse(`${match[1]}${match[3]}`) : Number.NaN;
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt((match?.[2] ?? '').padEnd(9, '0'));
}

function spanOf(text: string): bigint | undefined {
  if (!/^-?(?:\d+(?:\.\d+)?(?:h|ms|m|s|us|ns))+$/.test(text)) return undefined;
  const units = new Map([
    ['h', 3600e9],
    ['m', 60e9],
    ['s', 1e9],
    ['ms', 1e6],
    ['us', 1e3],
    ['ns', 1],
  ]);
  let sum = 0;
  for (const part of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)/g))
    sum += Number(part[1]) * (units.get(part[2] ?? '') ?? 0);
  return BigInt(Math.round(text.startsWith('-') ? -sum : sum));
}

function eachProgram(
  macro: (CelNode & { kind: 'each' })['macro'],
  parts: {
    readonly item: CelType;
    readonly body: CelProgram;
    readonly guard: CelProgram | undefined;
    readonly itemsOf: (scope: CelScope) => readonly (readonly [CelValue, CelScope])[];
  },
): CelProgram {
  const { item, body, guard, itemsOf } = parts;
  const bool = simple('bool');
  switch (macro) {
    case 'all':
      return { type: bool, run: (scope) => itemsOf(scope).every(([, inner]) => body.run(inner) === true) };
    case 'exists':
      return { type: bool, run: (scope) => itemsOf(scope).some(([, inner]) => body.run(inner) === true) };
    case 'exists_one':
      return {
        type: bool,
        run: (scope) => itemsOf(scope).filter(([, inner]) => body.run(inner) === true).length === 1,
      };
    case 'filter':
      return {
        type: { kind: 'list', item },
        run: (scope) =>
          itemsOf(scope)
            .filter(([, inner]) => body.run(inner) === true)
            .map(([value]) => value),
      };
    case 'map':
      return {
        type: { kind: 'list', item: body.type },
        run: (scope) =>
          itemsOf(scope)
            .filter(([, inner]) => !guard || guard.run(inner) === true)
            .map(([, inner]) => body.run(inner)),
      };
  }
}

type Make = (args: readonly CelProgram[]) => CelProgram | undefined;

function isType(program: CelProgram | undefined, ...names: readonly string[]): boolean {
  return (
    program !== undefined &&
    ((program.type.kind === 'simple' && names.includes(program.type.name)) ||
      (program.type.kind === 'wrapper' && names.includes(program.type.name)))
  );
}

function sameValue(a: CelValue, b: CelValue): boolean {
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return a === b;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => sameValue(item as CelValue, b[i] as CelValue));
  if ('nanos' in a && 'nanos' in b) return a.nanos === b.nanos;
  if ('message' in a && 'message' in b) return JSON.stringify(a.json ?? {}) === JSON.stringify(b.json ?? {});
  return false;
}

function equality(isEqual: boolean): Make {
  return ([a, b]) =>
    a && b && isSame(a.type, b.type)
      ? { type: simple('bool'), run: (scope) => sameValue(a.run(scope), b.run(scope)) === isEqual }
      : undefined;
}

const ORDERED = ['int', 'uint', 'double', 'string', 'bytes', 'bool', 'timestamp', 'duration'];

function comparison(test: (order: number) => boolean): Make {
  return ([a, b]) => {
    if (!a || !b || !isType(a, ...ORDERED) || !isSame(a.type, b.type)) return undefined;
    return {
      type: simple('bool'),
      run: (scope) => {
        const [left, right] = [ordinal(a.run(scope)), ordinal(b.run(scope))];
        return test(left < right ? -1 : left > right ? 1 : 0);
      },
    };
  };
}

function ordinal(value: CelValue): bigint | number | string | boolean {
  if (value === null) throw new CelFailure('no such overload');
  if (typeof value !== 'object') return value;
  if ('nanos' in value) return value.nanos;
  throw new CelFailure('no such overload');
}

function logic(name: '&&' | '||'): Make {
  return ([a, b]) => {
    if (!a || !b || !isType(a, 'bool', 'dyn') || !isType(b, 'bool', 'dyn')) return undefined;
    const decides = name === '||';
    return {
      type: simple('bool'),
      // Either side may decide although the other one fails.
      run: (scope) => {
        let failure: unknown;
        for (const part of [a, b]) {
          try {
            if (part.run(scope) === decides) return decides;
          } catch (error) {
            failure = error;
          }
        }
        if (failure !== undefined) throw failure;
        return !decides;
      },
    };
  };
}

const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int: [-(2n ** 63n), 2n ** 63n - 1n],
  uint: [0n, 2n ** 64n - 1n],
};

function inRange(value: bigint, type: CelType): bigint {
  const [least, most] = RANGES[type.kind === 'simple' ? type.name : 'int'] ?? [value, value];
  if (value < least || value > most) throw new CelFailure('integer overflow');
  return value;
}

function arithmetic(sign: '+' | '-' | '*' | '/' | '%'): Make {
  return ([a, b]) => {
    if (!a || !b) return undefined;
    if (sign === '+' && a.type.kind === 'list' && isSame(a.type, b.type))
      return {
        type: a.type,
        run: (scope) => {
          const joined = [...(a.run(scope) as CelValue[]), ...(b.run(scope) as CelValue[])];
          charge(scope, joined.length);
          return joined;
        },
      };
    if (sign === '+' && isType(a, 'string') && isType(b, 'string'))
      return { type: a.type, run: (scope) => joined(scope, String(a.run(scope)), String(b.run(scope))) };
    if (['+', '-'].includes(sign) && isType(a, 'timestamp', 'duration') && isType(b, 'timestamp', 'duration'))
      return timeArithmetic(sign as '+' | '-', a, b);
    if (!isType(a, 'int', 'uint', 'double') || !isSame(a.type, b.type)) return undefined;
    if (isType(a, 'double'))
      return sign === '%'
        ? undefined
        : { type: a.type, run: (scope) => floating(sign, Number(a.run(scope)), Number(b.run(scope))) };
    return {
      type: a.type,
      run: (scope) => inRange(whole(sign, a.run(scope) as bigint, b.run(scope) as bigint), a.type),
    };
  };
}

/** Texts stay bounded however an expression glues them together. */
function joined(scope: CelScope, a: string, b: string): string {
  if (a.length + b.length > COST_MAX) throw new CelFailure('cost limit exceeded');
  charge(scope, a.length + b.length);
  return a + b;
}

function timeArithmetic(sign: '+' | '-', a: CelProgram, b: CelProgram): CelProgram | undefined {
  const isTimes = [isType(a, 'timestamp'), isType(b, 'timestamp')];
  if (isTimes[0] && isTimes[1] && sign === '+') return undefined;
  if (!isTimes[0] && isTimes[1] && sign === '-') return undefined;
  const type = simple((isTimes[0] ?? false) !== (isTimes[1] ?? false) ? 'timestamp' : 'duration');
  return {
    type,
    run: (scope) => {
      const [left, right] = [(a.run(scope) as Nanos).nanos, (b.run(scope) as Nanos).nanos];
      return { nanos: sign === '+' ? left + right : left - right };
    },
  };
}

function floating(sign: string, a: number, b: number): number {
  return sign === '+' ? a + b : sign === '-' ? a - b : sign === '*' ? a * b : a / b;
}

function whole(sign: string, a: bigint, b: bigint): bigint {
  if ((sign === '/' || sign === '%') && b === 0n)
    throw new CelFailure(sign === '/' ? 'division by zero' : 'modulus by zero');
  return sign === '+' ? a + b : sign === '-' ? a - b : sign === '*' ? a * b : sign === '/' ? a / b : a % b;
}

function sizeOf([a]: readonly CelProgram[]): CelProgram | undefined {
  if (!a || !(isType(a, 'string', 'bytes') || a.type.kind === 'list' || a.type.kind === 'map'))
    return undefined;
  return {
    type: simple('int'),
    run: (scope) => {
      const value = a.run(scope);
      if (typeof value === 'string') return BigInt([...value].length);
      return BigInt(value instanceof Map ? value.size : (value as readonly CelValue[]).length);
    },
  };
}

function membership([item, of]: readonly CelProgram[]): CelProgram | undefined {
  if (!item || !of) return undefined;
  const wanted = of.type.kind === 'list' ? of.type.item : of.type.kind === 'map' ? of.type.key : undefined;
  if (wanted === undefined || !isSame(wanted, item.type)) return undefined;
  return {
    type: simple('bool'),
    run: (scope) => {
      const value = item.run(scope);
      const range = of.run(scope);
      const list = range instanceof Map ? [...range.keys()] : (range as readonly CelValue[]);
      scope.budget.left -= list.length;
      return list.some((one) => sameValue(one, value));
    },
  };
}

function index([of, at]: readonly CelProgram[]): CelProgram | undefined {
  if (!of || !at) return undefined;
  if (of.type.kind === 'list' && isType(at, 'int')) {
    return {
      type: of.type.item,
      run: (scope) => {
        const list = of.run(scope) as readonly CelValue[];
        const place = at.run(scope) as bigint;
        const value = list[Number(place)];
        if (place < 0n || value === undefined) throw new CelFailure(`index out of bounds: ${place}`);
        return value;
      },
    };
  }
  if (of.type.kind !== 'map' || !isSame(of.type.key, at.type)) return undefined;
  return {
    type: of.type.value,
    run: (scope) => {
      const key = at.run(scope);
      return found((of.run(scope) as ReadonlyMap<CelValue, CelValue>).get(key), String(key));
    },
  };
}

function textTest(test: (text: string, other: string) => boolean): Make {
  return ([text, other, ...more]) => {
    if (!text || !other || more.length > 0 || !isType(text, 'string') || !isType(other, 'string'))
      return undefined;
    return {
      type: simple('bool'),
      run: (scope) => {
        const [left, right] = [String(text.run(scope)), String(other.run(scope))];
        charge(scope, left.length + right.length);
        return test(left, right);
      },
    };
  };
}

/** Expressions mostly stand in the text as they are, so the last one is kept. */
let lastPattern: { readonly text: string; readonly finds: (text: string) => boolean } | undefined;

function matches(text: string, pattern: string): boolean {
  try {
    if (lastPattern?.text !== pattern) {
      const compiled = new Expression(pattern);
      lastPattern = { text: pattern, finds: (candidate) => compiled.finds(candidate) };
    }
  } catch {
    throw new CelFailure('error parsing regexp');
  }
  return lastPattern?.finds(text) === true;
}

function conversion(name: 'int' | 'uint' | 'double' | 'string' | 'bool', from: readonly string[]): Make {
  return ([value, ...more]) =>
    value && more.length === 0 && isType(value, name, ...from)
      ? { type: simple(name), run: (scope) => converted(value.run(scope), name) }
      : undefined;
}

function converted(value: CelValue, name: string): CelValue {
  if (name === 'string') return textOf(value);
  if (name === 'bool') {
    if (value === true || value === false) return value;
    if (/^(1|t|true|TRUE|True|T)$/.test(String(value))) return true;
    if (/^(0|f|false|FALSE|False|F)$/.test(String(value))) return false;
    throw new CelFailure('type conversion error');
  }
  if (name === 'double') return Number(value);
  const text = typeof value === 'number' ? String(Math.trunc(value)) : String(value);
  if (value !== null && typeof value === 'object' && 'nanos' in value) return value.nanos / 1_000_000_000n;
  if (!/^-?\d{1,20}$/.test(text)) throw new CelFailure('type conversion error');
  return inRange(BigInt(text), simple(name as 'int'));
}

function textOf(value: CelValue): string {
  if (value !== null && typeof value === 'object' && 'nanos' in value) {
    const fraction = String(value.nanos % 1_000_000_000n)
      .padStart(9, '0')
      .replace(/0+$/, '');
    const whole = new Date(Number(value.nanos / 1_000_000n)).toISOString().slice(0, 19);
    return `${whole}${fraction === '' ? '' : `.${fraction}`}Z`;
  }
  return String(value);
}

function timeFunction(name: 'timestamp' | 'duration'): Make {
  return ([value, ...more]) => {
    if (!value || more.length > 0 || !isType(value, 'string', name)) return undefined;
    return {
      type: simple(name),
      run: (scope) => {
        const found = value.run(scope);
        if (typeof found !== 'string') return found;
        const nanos = name === 'timestamp' ? momentOf(found) : spanOf(found);
        if (nanos === undefined) throw new CelFailure('type conversion error');
        return { nanos };
      },
    };
  };
}

const SCALARS = ['int', 'uint', 'double', 'string', 'bool', 'bytes'];

const FUNCTIONS: ReadonlyMap<string, Make> = new Map<string, Make>([
  ['_==_', equality(true)],
  ['_!=_', equality(false)],
  ['_<_', comparison((order) => order < 0)],
  ['_<=_', comparison((order) => order <= 0)],
  ['_>_', comparison((order) => order > 0)],
  ['_>=_', comparison((order) => order >= 0)],
  ['_&&_', logic('&&')],
  ['_||_', logic('||')],
  ['_+_', arithmetic('+')],
  ['_-_', arithmetic('-')],
  ['_*_', arithmetic('*')],
  ['_/_', arithmetic('/')],
  ['_%_', arithmetic('%')],
  ['@in', membership],
  ['_[_]', index],
  [
    '!_',
    ([a]) =>
      a && isType(a, 'bool', 'dyn')
        ? { type: simple('bool'), run: (scope) => a.run(scope) !== true }
        : undefined,
  ],
  [
    '-_',
    ([a]) => {
      if (!a || !isType(a, 'int', 'double')) return undefined;
      return {
        type: a.type,
        run: (scope) => {
          const value = a.run(scope);
          return typeof value === 'bigint' ? inRange(-value, a.type) : -Number(value);
        },
      };
    },
  ],
  [
    '_?_:_',
    ([test, yes, no]) =>
      test && yes && no && isType(test, 'bool', 'dyn') && isSame(yes.type, no.type)
        ? { type: yes.type, run: (scope) => (test.run(scope) === true ? yes.run(scope) : no.run(scope)) }
        : undefined,
  ],
  ['size', sizeOf],
  ['matches', textTest(matches)],
  ['int', conversion('int', ['uint', 'double', 'string', 'timestamp'])],
  ['uint', conversion('uint', ['int', 'double', 'string'])],
  ['double', conversion('double', ['int', 'uint', 'string'])],
  ['string', conversion('string', [...SCALARS, 'timestamp'])],
  ['bool', conversion('bool', ['string'])],
  ['timestamp', timeFunction('timestamp')],
  ['duration', timeFunction('duration')],
  ['dyn', ([a]) => a],
]);

const METHODS: ReadonlyMap<string, Make> = new Map<string, Make>([
  ['size', sizeOf],
  ['startsWith', textTest((text, other) => text.startsWith(other))],
  ['endsWith', textTest((text, other) => text.endsWith(other))],
  ['contains', textTest((text, other) => text.includes(other))],
  ['matches', textTest(matches)],
]);
