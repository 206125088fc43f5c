/** What may not be used inside the engine's realm: clocks, chance, timers, the network, locale. */
const BANNED = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'requestAnimationFrame',
  'queueMicrotask',
  'fetch',
  'XMLHttpRequest',
  'WebSocket',
  'indexedDB',
] as const;

/** Methods of common values that ask the platform for its locale or time zone. */
const LOCAL_DATE = [
  'toLocaleString',
  'toLocaleDateString',
  'toLocaleTimeString',
  'toString',
  'toDateString',
  'toTimeString',
  'getTimezoneOffset',
  'getFullYear',
  'getMonth',
  'getDate',
  'getDay',
  'getHours',
  'getMinutes',
  'getSeconds',
];
const LOCAL_TEXT = ['localeCompare', 'toLocaleUpperCase', 'toLocaleLowerCase'];

/**
 * Replaces the clock, chance, timers and network of a realm by throwers, libraries in it included: a use of them in the
 * engine then fails at its own line. Call it after the edge has taken what it needs for itself. Not to be undone.
 */
export function poison(realm: Record<string, unknown>): void {
  for (const name of BANNED) if (name in realm) replace(realm, name, thrower(name));
  replace(Math as unknown as Record<string, unknown>, 'random', thrower('Math.random'));
  replace(Date as unknown as Record<string, unknown>, 'now', thrower('Date.now'));
  replaceMembers(realm['performance'], 'performance', ['now']);
  replaceMembers(realm['crypto'], 'crypto', ['getRandomValues', 'randomUUID']);
  replaceMembers(Date.prototype, 'Date', LOCAL_DATE);
  replaceMembers(String.prototype, 'String', LOCAL_TEXT);
  for (const prototype of [Number.prototype, BigInt.prototype, Array.prototype, Object.prototype])
    replaceMembers(prototype, 'a value', ['toLocaleString']);
  replace(realm, 'Intl', new Proxy({}, { get: thrower('Intl') }));
  replace(realm, 'Date', poisonedDate(Date));
}

function replaceMembers(owner: unknown, of: string, names: readonly string[]): void {
  if (typeof owner !== 'object' || owner === null) return;
  for (const name of names) replace(owner as Record<string, unknown>, name, thrower(`${of}.${name}`));
}

function replace(owner: Record<string, unknown>, name: string, value: unknown): void {
  try {
    Object.defineProperty(owner, name, { value, configurable: true, writable: true, enumerable: false });
  } catch {
    // A realm that protects a name keeps it; the engine's own code is checked by lint as well.
  }
}

function thrower(name: string): (...args: readonly unknown[]) => never {
  // A function and no arrow: `new` of it has to say the same.
  return function poisoned(): never {
    throw new Error(`${name} is not to be used in the engine: time and chance come from the simulation`);
  };
}

/** Date that works from given values and refuses to tell the present. */
function poisonedDate(real: DateConstructor): DateConstructor {
  return new Proxy(real, {
    construct: (target, args: readonly unknown[]) => {
      if (args.length === 0)
        throw new Error('new Date() is not to be used in the engine: time comes from the simulation');
      return new target(...(args as [number]));
    },
    apply: () => {
      throw new Error('Date() is not to be used in the engine: time comes from the simulation');
    },
  });
}
