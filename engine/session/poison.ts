/** What may not be used inside the engine's realm: clocks, chance, timers, the network, locale. */
const BANNED = ['setTimeout', 'setInterval', 'setImmediate', 'requestAnimationFrame', 'queueMicrotask', 'fetch', 'XMLHttpRequest', 'WebSocket', 'indexedDB', 'Intl'] as const;

/**
 * Replaces the clock, chance, timers and network of a realm by throwers, libraries in it included: a use of them in the
 * engine then fails at its own line. Call it after the edge has taken what it needs for itself. Not to be undone.
 */
export function poison(realm: Record<string, unknown>): void {
  for (const name of BANNED) if (name in realm) replace(realm, name, thrower(name));
  replace(Math as unknown as Record<string, unknown>, 'random', thrower('Math.random'));
  replace(Date as unknown as Record<string, unknown>, 'now', thrower('Date.now'));
  const performance = realm['performance'] as Record<string, unknown> | undefined;
  if (performance !== undefined) replace(performance, 'now', thrower('performance.now'));
  replace(realm, 'Date', poisonedDate(Date));
}

function replace(owner: Record<string, unknown>, name: string, value: unknown): void {
  try {
    Object.defineProperty(owner, name, { value, configurable: true, writable: true });
  } catch {
    // A realm that protects a name keeps it; the engine's own code is checked by lint as well.
  }
}

function thrower(name: string): (...args: readonly unknown[]) => never {
  return () => {
    throw new Error(`${name} is not to be used in the engine: time and chance come from the simulation`);
  };
}

/** Date that works from given values and refuses to tell the present. */
function poisonedDate(real: DateConstructor): DateConstructor {
  return new Proxy(real, {
    construct: (target, args: readonly unknown[]) => {
      if (args.length === 0) throw new Error('new Date() is not to be used in the engine: time comes from the simulation');
      return new target(...(args as [number]));
    },
    apply: () => {
      throw new Error('Date() is not to be used in the engine: time comes from the simulation');
    },
  });
}
