import { utf8 } from '../../base/bytes.ts';
import { Expression } from '../../base/expression.ts';
import { formatDate } from '../../base/strftime.ts';
import { parseDate } from '../coreutils/dates.ts';
import {
  brief,
  deletePaths,
  evaluate,
  fail,
  getPath,
  JqFailure,
  JqHalt,
  operate,
  pathsOf,
  setPath,
} from './evaluate.ts';
import type { Item, Run, Scope } from './evaluate.ts';
import { stringOf } from './formats.ts';
import { JsonFailure, parseJson, printJson } from './json.ts';
import type { Node } from './parser.ts';
import { compare, isArray, isObject, isTrue, typeOf } from './value.ts';
import type { Value } from './value.ts';
import { byText } from '../../base/order.ts';

type Call = {
  readonly args: readonly Node[];
  readonly scope: Scope;
  readonly input: Item;
  readonly run: Run;
};
type Native = (call: Call) => Generator<Item>;

const plain = (value: Value): Item => ({ value, path: undefined });

/** A function of the input alone. */
function simple(compute: (value: Value, run: Run) => Value): Native {
  return function* ({ input, run }) {
    yield plain(compute(input.value, run));
  };
}

/** A function of the input and each result of its first argument. */
function withValue(compute: (value: Value, arg: Value) => Value): Native {
  return function* ({ args, scope, input, run }) {
    const [arg] = args;
    if (arg !== undefined)
      for (const item of evaluate(arg, scope, plain(input.value), run))
        yield plain(compute(input.value, item.value));
  };
}

function iterated(value: Value): readonly Value[] {
  return isArray(value) ? value : fail(`Cannot iterate over ${typeOf(value)} (${brief(value)})`);
}

function keyed(call: Call): { value: Value; key: Value }[] {
  const [arg] = call.args;
  const { value: input } = call.input;
  const list = arg === undefined || isObject(input) ? listOf(input, 'sorted') : iterated(input);
  if (arg === undefined) return list.map((value) => ({ value, key: value }));
  return list.map((value) => ({
    value,
    key: [...evaluate(arg, call.scope, plain(value), call.run)].map((item) => item.value),
  }));
}

function listOf(value: Value, what: string): readonly Value[] {
  return isArray(value)
    ? value
    : fail(`${typeOf(value)} (${brief(value)}) cannot be ${what}, as it is not an array`);
}

function groups(call: Call): { key: Value; values: Value[] }[] {
  const found: { key: Value; values: Value[] }[] = [];
  for (const { value, key } of keyed(call).sort((a, b) => compare(a.key, b.key))) {
    const last = found.at(-1);
    if (last !== undefined && compare(last.key, key) === 0) last.values.push(value);
    else found.push({ key, values: [value] });
  }
  return found;
}

function computed(compute: (call: Call) => Value): Native {
  return function* (call) {
    yield plain(compute(call));
  };
}

function textOnly(value: Value, what: string): string {
  return typeof value === 'string' ? value : fail(`${typeOf(value)} (${brief(value)}) ${what}`);
}

function numberOf(value: Value): number {
  return typeof value === 'number' ? value : fail(`${typeOf(value)} (${brief(value)}) number required`);
}

const math = (compute: (value: number) => number): Native => simple((value) => compute(numberOf(value)));

function lengthOf(value: Value): Value {
  if (value === null) return 0;
  if (typeof value === 'boolean') return fail(`boolean (${value}) has no length`);
  if (typeof value === 'number') return Math.abs(value);
  return typeof value === 'string' ? [...value].length : isArray(value) ? value.length : value.size;
}

function keysOf(value: Value, isSorted: boolean): Value {
  if (isArray(value)) return value.map((_, index) => index);
  if (!isObject(value)) return fail(`${typeOf(value)} (${brief(value)}) has no keys`);
  return isSorted ? [...value.keys()].sort(byText) : [...value.keys()];
}

function has(value: Value, key: Value): Value {
  if (isObject(value) && typeof key === 'string') return value.has(key);
  if (isArray(value) && typeof key === 'number') return key >= 0 && key < value.length;
  return fail(
    `Cannot check whether ${typeOf(value)} has a ${typeof key === 'string' ? 'string' : typeOf(key)} key`,
  );
}

function contains(a: Value, b: Value): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a.includes(b);
  if (isArray(a) && isArray(b))
    return b.every((item) => a.some((other) => typeOf(other) === typeOf(item) && contains(other, item)));
  if (isObject(a) && isObject(b))
    return [...b].every(
      ([key, item]) =>
        a.has(key) && typeOf(a.get(key) ?? null) === typeOf(item) && contains(a.get(key) ?? null, item),
    );
  if (typeOf(a) === typeOf(b)) return compare(a, b) === 0;
  return fail(
    `${typeOf(a)} (${brief(a)}) and ${typeOf(b)} (${brief(b)}) cannot have their containment checked`,
  );
}

function flatten(value: Value, depth: number): Value[] {
  return listOf(value, 'flattened').flatMap((item) =>
    isArray(item) && depth > 0 ? flatten(item, depth - 1) : [item],
  );
}

function splitText(value: Value, separator: Value): Value {
  if (typeof value !== 'string' || typeof separator !== 'string')
    return fail('split input and separator must be strings');
  return value === '' ? [] : separator === '' ? [...value] : value.split(separator);
}

function toNumber(value: Value): Value {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && /^\s*-?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$/.test(value))
    return Number(value);
  return fail(
    typeof value === 'string'
      ? `Cannot use ${typeOf(value)} (${brief(value)}) as number`.replace(
          /^Cannot use .*$/,
          `Invalid numeric literal at EOF at line 1, column ${value.length} (while parsing '${value}')`,
        )
      : `${typeOf(value)} (${brief(value)}) cannot be parsed as a number`,
  );
}

function fromJson(value: Value): Value {
  const text = textOnly(value, 'only strings can be parsed');
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonFailure) return fail(`${error.message} (while parsing '${text}')`);
    throw error;
  }
}

function indices(value: Value, wanted: Value): Value {
  if (value === null) return null;
  if (typeof value === 'string' && typeof wanted === 'string') {
    const found: number[] = [];
    for (let at = value.indexOf(wanted); at >= 0 && wanted !== ''; at = value.indexOf(wanted, at + 1))
      found.push([...value.slice(0, at)].length);
    return found;
  }
  const list = listOf(value, 'searched');
  return isArray(wanted)
    ? list.flatMap((_, at) =>
        wanted.length > 0 &&
        wanted.every((one, offset) => compare(one, list[at + offset] ?? Number.NaN) === 0)
          ? [at]
          : [],
      )
    : list.flatMap((item, at) => (compare(item, wanted) === 0 ? [at] : []));
}

/** The matches of a regular expression as `match` gives them. RE2 takes linear time; Oniguruma's look-arounds are refused. */
function matches(value: Value, pattern: Value, flags: string): Value[] {
  const text = textOnly(value, 'cannot be matched, as it is not a string');
  const source = textOnly(pattern, 'cannot be matched, as it is not a string');
  const compiled = compileRegex(source, flags);
  const nameOf = new Map([...compiled.names].map(([name, group]) => [group, name]));
  const found: Value[] = [];
  const part = (match: Int32Array, group: number): [string, Value][] => {
    const start = match[2 * group] ?? -1;
    const string = start < 0 ? null : text.slice(start, match[2 * group + 1]);
    return [
      ['offset', start < 0 ? -1 : [...text.slice(0, start)].length],
      ['length', string === null ? 0 : [...string].length],
      ['string', string],
    ];
  };
  for (let from = 0; from <= text.length; ) {
    const match = compiled.search(text, from);
    if (match === undefined) break;
    const captures = Array.from(
      { length: compiled.groupCount },
      (_, at): Value => new Map([...part(match, at + 1), ['name', nameOf.get(at + 1) ?? null]]),
    );
    found.push(new Map<string, Value>([...part(match, 0), ['captures', captures]]));
    if (!flags.includes('g')) break;
    const [start = 0, end = 0] = match;
    // After a match of nothing the search goes on behind the next character.
    from = end > start ? end : end + ((text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1);
  }
  return found;
}

function compileRegex(source: string, flags: string): Expression {
  try {
    const shown = flags.includes('x') ? source.replace(/\s+|#.*$/gm, '') : source;
    return new Expression(shown, { ignoreCase: flags.includes('i'), dotAll: flags.includes('s') });
  } catch {
    return fail(`${source} (at offset 0) is not a valid regex`);
  }
}

function* argument(call: Call, at: number): Generator<Value> {
  const arg = call.args[at];
  if (arg !== undefined)
    for (const item of evaluate(arg, call.scope, plain(call.input.value), call.run)) yield item.value;
}

function told(run: Run, text: Value, value: Value): Value {
  run.messages.push(`${printJson(['DEBUG:', text])}\n`);
  return value;
}

function halt(run: Run, value: Value, exit: number): never {
  run.messages.push(typeof value === 'string' ? value : `${printJson(value)}\n`);
  throw new JqHalt(exit);
}

function isoDate(value: Value): Value {
  return `${formatDate(Math.floor(numberOf(value)) * 1000, '%Y-%m-%dT%H:%M:%S')}Z`;
}

function fromIso(value: Value): Value {
  const text = textOnly(value, 'cannot be parsed as a date');
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? parseDate(text, 0) : undefined;
  return time === undefined ? fail(`date "${text}" does not match format "%Y-%m-%dT%H:%M:%SZ"`) : time / 1000;
}

function* firstOf(call: Call): Generator<Item> {
  const [arg] = call.args;
  if (arg === undefined) return;
  for (const item of evaluate(arg, call.scope, call.input, call.run)) {
    yield item;
    return;
  }
}

function* limited(call: Call): Generator<Item> {
  for (const count of argument(call, 0)) {
    let left = numberOf(count);
    const body = call.args[1];
    if (body === undefined || left <= 0) continue;
    for (const item of evaluate(body, call.scope, call.input, call.run)) {
      yield item;
      if (--left <= 0) break;
    }
  }
}

function* ranges(call: Call): Generator<Item> {
  const isSingle = call.args.length === 1;
  for (const a of isSingle ? [0] : argument(call, 0)) {
    for (const b of argument(call, isSingle ? 0 : 1)) {
      for (const by of call.args.length === 3 ? argument(call, 2) : [1]) {
        const [from, to, stride] = [numberOf(a), numberOf(b), numberOf(by)];
        if (stride === 0) continue;
        for (let value = from; stride > 0 ? value < to : value > to; value += stride) {
          if (--call.run.fuel < 0) fail('the filter takes too long');
          yield plain(value);
        }
      }
    }
  }
}

function extreme(sign: 1 | -1): Native {
  return computed((call) => {
    let best: { value: Value; key: Value } | undefined;
    for (const one of keyed(call))
      if (
        best === undefined ||
        compare(one.key, best.key) * sign > 0 ||
        (sign > 0 && compare(one.key, best.key) === 0)
      )
        best = one;
    return best?.value ?? null;
  });
}

/** The functions that are not written in jq itself, by name and number of arguments. */
export const NATIVES: Readonly<Record<string, Native>> = {
  'empty/0': function* () {},
  'not/0': simple((value) => !isTrue(value)),
  'length/0': simple(lengthOf),
  'utf8bytelength/0': simple((value) => utf8(textOnly(value, 'only strings have UTF-8 byte length')).length),
  'keys/0': simple((value) => keysOf(value, true)),
  'keys_unsorted/0': simple((value) => keysOf(value, false)),
  'has/1': withValue(has),
  'contains/1': withValue((value, arg) => contains(value, arg)),
  'inside/1': withValue((value, arg) => contains(arg, value)),
  'add/0': simple((value) =>
    (isObject(value) ? [...value.values()] : iterated(value)).reduce<Value>(
      (sum, item) => operate('+', sum, item),
      null,
    ),
  ),
  'add/1': function* ({ args, scope, input, run }) {
    let sum: Value = null;
    if (args[0] !== undefined)
      for (const item of evaluate(args[0], scope, plain(input.value), run))
        sum = operate('+', sum, item.value);
    yield plain(sum);
  },
  'type/0': simple(typeOf),
  'sort/0': computed((call) =>
    keyed(call)
      .sort((a, b) => compare(a.key, b.key))
      .map(({ value }) => value),
  ),
  'sort_by/1': computed((call) =>
    keyed(call)
      .sort((a, b) => compare(a.key, b.key))
      .map(({ value }) => value),
  ),
  'group_by/1': computed((call) => groups(call).map(({ values }) => values)),
  'unique/0': computed((call) => groups(call).map(({ values }) => values[0] ?? null)),
  'unique_by/1': computed((call) => groups(call).map(({ values }) => values[0] ?? null)),
  'min/0': extreme(-1),
  'max/0': extreme(1),
  'min_by/1': extreme(-1),
  'max_by/1': extreme(1),
  'reverse/0': simple((value) =>
    typeof value === 'string'
      ? [...value].reverse().join('')
      : value === null
        ? []
        : [...listOf(value, 'reversed')].reverse(),
  ),
  'flatten/0': simple((value) => flatten(value, 1000)),
  'flatten/1': withValue((value, depth) =>
    numberOf(depth) < 0 ? fail('flatten depth must not be negative') : flatten(value, numberOf(depth)),
  ),
  'tostring/0': simple(stringOf),
  'tonumber/0': simple(toNumber),
  'tojson/0': simple((value) => printJson(value)),
  'fromjson/0': simple(fromJson),
  'ascii_downcase/0': simple((value) =>
    (typeof value === 'string' ? value : fail('explode input must be a string')).replace(/[A-Z]/g, (char) =>
      char.toLowerCase(),
    ),
  ),
  'ascii_upcase/0': simple((value) =>
    (typeof value === 'string' ? value : fail('explode input must be a string')).replace(/[a-z]/g, (char) =>
      char.toUpperCase(),
    ),
  ),
  'explode/0': simple((value) =>
    [...(typeof value === 'string' ? value : fail('explode input must be a string'))].map(
      (char) => char.codePointAt(0) ?? 0,
    ),
  ),
  'implode/0': simple((value) =>
    (isArray(value) ? value : fail('implode input must be an array'))
      .map((code) =>
        typeof code === 'number'
          ? String.fromCodePoint(Math.max(0, Math.min(0x10ffff, code)))
          : fail(`${typeOf(code)} (${brief(code)}) can't be imploded, unicode codepoint needs to be numeric`),
      )
      .join(''),
  ),
  'startswith/1': withValue((value, arg) =>
    typeof value === 'string' && typeof arg === 'string'
      ? value.startsWith(arg)
      : fail('startswith() requires string inputs'),
  ),
  'endswith/1': withValue((value, arg) =>
    typeof value === 'string' && typeof arg === 'string'
      ? value.endsWith(arg)
      : fail('endswith() requires string inputs'),
  ),
  'ltrimstr/1': withValue((value, arg) =>
    typeof value === 'string' && typeof arg === 'string' && value.startsWith(arg)
      ? value.slice(arg.length)
      : value,
  ),
  'rtrimstr/1': withValue((value, arg) =>
    typeof value === 'string' && typeof arg === 'string' && arg !== '' && value.endsWith(arg)
      ? value.slice(0, -arg.length)
      : value,
  ),
  'trim/0': simple((value) => textOnly(value, 'cannot be trimmed').trim()),
  'ltrim/0': simple((value) => textOnly(value, 'cannot be trimmed').trimStart()),
  'rtrim/0': simple((value) => textOnly(value, 'cannot be trimmed').trimEnd()),
  'split/1': withValue(splitText),
  'join/1': withValue((value, joint) =>
    iterated(value).reduce<string>((sum, item, at) => {
      const text = sum + (at === 0 ? '' : stringOf(joint));
      return isArray(item) || isObject(item)
        ? fail(`string (${brief(text)}) and ${typeOf(item)} (${brief(item)}) cannot be added`)
        : text + (item === null ? '' : stringOf(item));
    }, ''),
  ),
  'indices/1': withValue(indices),
  '_matches/2': function* (call) {
    for (const pattern of argument(call, 0))
      for (const flags of argument(call, 1))
        for (const one of matches(call.input.value, pattern, flags === null ? '' : stringOf(flags)))
          yield plain(one);
  },
  'error/0': simple((value) => {
    throw new JqFailure(value);
  }),
  'error/1': withValue((_value, arg) => {
    throw new JqFailure(arg);
  }),
  'path/1': function* ({ args, scope, input, run }) {
    if (args[0] !== undefined)
      for (const path of pathsOf(args[0], scope, input.value, run)) yield plain(path);
  },
  'getpath/1': function* (call) {
    for (const path of argument(call, 0)) {
      if (!isArray(path)) fail('Path must be specified as an array');
      else
        yield {
          value: getPath(call.input.value, path),
          path: call.input.path === undefined ? undefined : [...call.input.path, ...path],
        };
    }
  },
  'setpath/2': function* (call) {
    for (const path of argument(call, 0))
      for (const value of argument(call, 1))
        yield plain(
          isArray(path) ? setPath(call.input.value, path, value) : fail('Path must be specified as an array'),
        );
  },
  'delpaths/1': withValue((value, paths) =>
    isArray(paths)
      ? deletePaths(
          value,
          paths.map((path) => (isArray(path) ? path : fail('Path must be specified as an array'))),
        )
      : fail('Paths must be specified as an array'),
  ),
  'del/1': function* ({ args, scope, input, run }) {
    if (args[0] !== undefined)
      yield plain(deletePaths(input.value, pathsOf(args[0], scope, input.value, run)));
  },
  'first/1': firstOf,
  'limit/2': limited,
  'range/1': ranges,
  'range/2': ranges,
  'range/3': ranges,
  'input/0': computed(({ run }) => run.nextInput() ?? fail('No more inputs')),
  'inputs/0': function* ({ run }) {
    for (let value = run.nextInput(); value !== undefined; value = run.nextInput()) yield plain(value);
  },
  'debug/0': simple((value, run) => told(run, value, value)),
  'debug/1': computed((call) => {
    for (const text of argument(call, 0)) told(call.run, text, null);
    return call.input.value;
  }),
  'stderr/0': simple((value, run) => {
    run.messages.push(typeof value === 'string' ? value : printJson(value));
    return value;
  }),
  'env/0': simple((_value, run) => new Map(run.env)),
  'now/0': simple((_value, run) => run.nowMs / 1000),
  'todate/0': simple(isoDate),
  'todateiso8601/0': simple(isoDate),
  'fromdate/0': simple(fromIso),
  'fromdateiso8601/0': simple(fromIso),
  'strftime/1': withValue((value, format) => formatDate(numberOf(value) * 1000, stringOf(format))),
  'floor/0': math(Math.floor),
  'ceil/0': math(Math.ceil),
  'round/0': math((value) => Math.sign(value) * Math.round(Math.abs(value))),
  'sqrt/0': math(Math.sqrt),
  'abs/0': math(Math.abs),
  'fabs/0': math(Math.abs),
  'log/0': math(Math.log),
  'log2/0': math(Math.log2),
  'log10/0': math(Math.log10),
  'exp/0': math(Math.exp),
  'pow/2': function* (call) {
    for (const exponent of argument(call, 1))
      for (const base of argument(call, 0)) yield plain(numberOf(base) ** numberOf(exponent));
  },
  'infinite/0': simple(() => Number.POSITIVE_INFINITY),
  'nan/0': simple(() => Number.NaN),
  'isinfinite/0': simple((value) => !Number.isFinite(numberOf(value)) && !Number.isNaN(value)),
  'isnan/0': simple((value) => Number.isNaN(numberOf(value))),
  'halt/0': simple(() => {
    throw new JqHalt(0);
  }),
  'halt_error/0': simple((value, run) => halt(run, value, 5)),
  'halt_error/1': computed((call) => {
    const [exit = 5] = argument(call, 0);
    return halt(call.run, call.input.value, numberOf(exit));
  }),
  'builtins/0': simple(() => Object.keys(NATIVES)),
};
