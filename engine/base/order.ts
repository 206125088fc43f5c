/** Compares two strings by UTF-16 code units: the same on every platform, unlike a locale's order. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A comparator by the string that `key` gives for an item; make the key unique where order reaches output. */
export function byKey<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => byText(key(a), key(b));
}
