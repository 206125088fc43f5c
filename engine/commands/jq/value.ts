import { byText } from '../../base/order.ts';

/** A JSON value inside jq. Objects are maps, so that no key of a learner's data is special and order is kept. */
export type Value = null | boolean | number | string | readonly Value[] | ReadonlyMap<string, Value>;

/** True for an object. */
export function isObject(value: Value): value is ReadonlyMap<string, Value> {
  return value instanceof Map;
}

/** True for an array. */
export function isArray(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** The name of a value's type, as `type` gives it. */
export function typeOf(value: Value): string {
  if (value === null) return 'null';
  if (isArray(value)) return 'array';
  return isObject(value) ? 'object' : typeof value;
}

const ORDER = ['null', 'false', 'true', 'number', 'string', 'array', 'object'];

function rank(value: Value): number {
  return ORDER.indexOf(typeof value === 'boolean' ? String(value) : typeOf(value));
}

/** jq's order of all values: null, false, true, numbers, strings, arrays, objects. */
export function compare(a: Value, b: Value): number {
  const difference = rank(a) - rank(b);
  if (difference !== 0) return difference;
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === 'string' && typeof b === 'string') return byText(a, b);
  if (isArray(a) && isArray(b)) return compareLists(a, b);
  if (isObject(a) && isObject(b)) {
    const [left, right] = [[...a.keys()].sort(byText), [...b.keys()].sort(byText)];
    return (
      compareLists(left, right) ||
      compareLists(
        left.map((key) => a.get(key) ?? null),
        right.map((key) => b.get(key) ?? null),
      )
    );
  }
  return 0;
}

function compareLists(a: readonly Value[], b: readonly Value[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const difference = compare(a[index] ?? null, b[index] ?? null);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** What counts as true: everything but null and false. */
export function isTrue(value: Value): boolean {
  return value !== null && value !== false;
}

/** A plain JSON value as jq's. */
export function fromPlain(value: unknown): Value {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return value;
  if (Array.isArray(value)) return value.map(fromPlain);
  if (typeof value === 'object')
    return new Map(Object.entries(value).map(([key, member]) => [key, fromPlain(member)]));
  return null;
}

/** jq's value as a plain one; keys like `__proto__` become own properties. */
export function toPlain(value: Value): unknown {
  if (isArray(value)) return value.map(toPlain);
  if (!isObject(value)) return value;
  return Object.fromEntries([...value].map(([key, member]) => [key, toPlain(member)]));
}
