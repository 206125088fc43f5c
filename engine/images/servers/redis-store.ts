import type { Json } from '../../base/json.ts';
import type { ServerContext } from '../server.ts';

/** A value as redis answers it. `status` is a simple string, `error` an error line. */
export type RedisReply =
  | null
  | number
  | string
  | readonly RedisReply[]
  | { readonly status: string }
  | { readonly error: string };

/** The value of a key: one of redis' types as plain data. Hashes and sorted sets keep their members in pairs. */
export type RedisValue =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'list'; readonly value: readonly string[] }
  | { readonly type: 'set'; readonly value: readonly string[] }
  | { readonly type: 'hash'; readonly value: readonly (readonly [string, string])[] }
  | { readonly type: 'zset'; readonly value: readonly (readonly [string, number])[] };

type Entry = RedisValue & { readonly expiresMs?: number };

/** Most keys of one redis, and most bytes (roughly) of one value; more are refused as out of memory. */
const KEYS_MAX = 1000;
const VALUE_MAX = 65_536;

/** The words of an error that ends a command. */
export class RedisError extends Error {}

/** The keys of one database of a container's redis, kept as plain data in the container's state. */
export class RedisStore {
  readonly #context: ServerContext;
  readonly #slot: string;
  readonly #keys: Map<string, Entry>;

  constructor(context: ServerContext, database = 0) {
    this.#context = context;
    this.#slot = `redis${database}`;
    this.#keys = new Map(
      Object.entries((context.state[this.#slot] ?? {}) as unknown as Readonly<Record<string, Entry>>),
    );
    for (const [key, entry] of this.#keys)
      if (entry.expiresMs !== undefined && entry.expiresMs <= context.nowMs) this.#keys.delete(key);
  }

  /** The clock of the machine, ms. */
  get nowMs(): number {
    return this.#context.nowMs;
  }

  /** A seeded number from 0 up to, not including, `count`. */
  index(count: number): number {
    return Number.parseInt(this.#context.uuid().slice(0, 7), 16) % Math.max(1, count);
  }

  /** All keys, sorted. */
  keys(): readonly string[] {
    return [...this.#keys.keys()].sort();
  }

  /** The value of a key, or undefined. */
  get(key: string): RedisValue | undefined {
    return this.#keys.get(key);
  }

  /** The value of a key that must be of that type; throws WRONGTYPE. */
  typed<T extends RedisValue['type']>(
    key: string,
    type: T,
  ): Extract<RedisValue, { type: T }>['value'] | undefined {
    const entry = this.#keys.get(key);
    if (entry === undefined) return undefined;
    if (entry.type !== type)
      throw new RedisError('WRONGTYPE Operation against a key holding the wrong kind of value');
    return entry.value as never;
  }

  /** Sets a key; an empty collection removes it. The expiry stays unless `isFresh`. */
  set(key: string, value: RedisValue, isFresh = false): void {
    if (value.type !== 'string' && value.value.length === 0) {
      this.remove(key);
      return;
    }
    const old = this.#keys.get(key);
    const isFull = (old === undefined && this.#keys.size >= KEYS_MAX) || sizeOf(value) > VALUE_MAX;
    if (isFull) throw new RedisError("OOM command not allowed when used memory > 'maxmemory'.");
    const expiresMs = isFresh ? undefined : old?.expiresMs;
    this.#keys.set(key, expiresMs === undefined ? value : { ...value, expiresMs });
    this.#save();
  }

  /** Removes a key; true when it was there. */
  remove(key: string): boolean {
    const isGone = this.#keys.delete(key);
    if (isGone) this.#save();
    return isGone;
  }

  /** Removes all keys. */
  clear(): void {
    this.#keys.clear();
    this.#save();
  }

  /** When a key expires; undefined for never (or no key). */
  expiryMs(key: string): number | undefined {
    return this.#keys.get(key)?.expiresMs;
  }

  /** Sets (or with undefined takes away) the time at which a key goes. */
  expire(key: string, expiresMs: number | undefined): void {
    const entry = this.#keys.get(key);
    if (entry === undefined) return;
    const { expiresMs: _, ...value } = entry;
    if (expiresMs !== undefined && expiresMs <= this.nowMs) this.#keys.delete(key);
    else this.#keys.set(key, expiresMs === undefined ? value : { ...value, expiresMs });
    this.#save();
  }

  #save(): void {
    this.#context.state[this.#slot] = Object.fromEntries(this.#keys) as unknown as Json;
  }
}

function sizeOf(value: RedisValue): number {
  if (value.type === 'string') return value.value.length;
  if (value.type === 'list' || value.type === 'set')
    return value.value.reduce((sum, item) => sum + item.length + 8, 0);
  return value.value.reduce((sum, [name, item]) => sum + name.length + String(item).length + 8, 0);
}
