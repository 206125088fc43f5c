import { globMatches } from '../glob.ts';
import { RedisError, type RedisReply, type RedisStore } from './redis-store.ts';

/** One command: how many words it takes (its name included; negative: at least so many), and what it does. */
export type RedisCommand = {
  readonly arity: number;
  readonly run: (store: RedisStore, args: readonly string[]) => RedisReply;
};

const OK: RedisReply = { status: 'OK' };

function integer(text: string | undefined): number {
  const value = /^[+-]?\d{1,19}$/.test(text ?? '') ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new RedisError('ERR value is not an integer or out of range');
  return value;
}

function float(text: string | undefined): number {
  const plain = (text ?? '').trim();
  const value = /^[+-]?inf$/i.test(plain) ? (plain.startsWith('-') ? -Infinity : Infinity) : Number(plain);
  if (plain === '' || Number.isNaN(value)) throw new RedisError('ERR value is not a valid float');
  return value;
}

function syntax(): RedisError {
  return new RedisError('ERR syntax error');
}

function isWord(text: string | undefined, word: string): boolean {
  return text?.toUpperCase() === word;
}

/** A range of indices as redis counts them: negative ones from the end; [from, to) of a list of `size`. */
function range(size: number, first: string | undefined, last: string | undefined): readonly [number, number] {
  const place = (text: string | undefined): number => {
    const value = integer(text);
    return value < 0 ? size + value : value;
  };
  const from = Math.max(0, place(first));
  const to = Math.min(size - 1, place(last)) + 1;
  return from < to ? [from, to] : [0, 0];
}

function increment(store: RedisStore, key: string, by: number): RedisReply {
  const next = integer(store.typed(key, 'string') ?? '0') + by;
  if (!Number.isSafeInteger(next)) throw new RedisError('ERR increment or decrement would overflow');
  store.set(key, { type: 'string', value: String(next) });
  return next;
}

/** SET with all its options. */
function setCommand(store: RedisStore, args: readonly string[]): RedisReply {
  const [key = '', value = '', ...rest] = args;
  let expiresMs: number | undefined;
  let isKept = false;
  let wanted: 'NX' | 'XX' | undefined;
  let isGet = false;
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i]?.toUpperCase() ?? '';
    if (word === 'NX' || word === 'XX') wanted = word;
    else if (word === 'GET') isGet = true;
    else if (word === 'KEEPTTL') isKept = true;
    else if (['EX', 'PX', 'EXAT', 'PXAT'].includes(word) && i + 1 < rest.length) {
      const amount = integer(rest[++i]);
      if (amount <= 0) throw new RedisError("ERR invalid expire time in 'set' command");
      const ms = word.startsWith('E') ? amount * 1000 : amount;
      expiresMs = word.endsWith('AT') ? ms : store.nowMs + ms;
    } else throw syntax();
  }
  const old = isGet ? (store.typed(key, 'string') ?? null) : null;
  const isThere = store.get(key) !== undefined;
  if ((wanted === 'NX' && isThere) || (wanted === 'XX' && !isThere)) return isGet ? old : null;
  store.set(key, { type: 'string', value }, !isKept);
  if (expiresMs !== undefined) store.expire(key, expiresMs);
  return isGet ? old : OK;
}

function setExpiring(store: RedisStore, args: readonly string[], unitMs: number, name: string): RedisReply {
  const [key = '', time, value = ''] = args;
  const amount = integer(time);
  if (amount <= 0) throw new RedisError(`ERR invalid expire time in '${name}' command`);
  store.set(key, { type: 'string', value }, true);
  store.expire(key, store.nowMs + amount * unitMs);
  return OK;
}

function pairsOf(args: readonly string[], name: string): (readonly [string, string])[] {
  if (args.length % 2 !== 0) throw new RedisError(`ERR wrong number of arguments for '${name}' command`);
  return args.flatMap((word, i) => (i % 2 === 0 ? [[word, args[i + 1] ?? ''] as const] : []));
}

const STRINGS: Readonly<Record<string, RedisCommand>> = {
  get: { arity: 2, run: (store, [key = '']) => store.typed(key, 'string') ?? null },
  set: { arity: -3, run: setCommand },
  setnx: {
    arity: 3,
    run: (store, [key = '', value = '']) => {
      if (store.get(key) !== undefined) return 0;
      store.set(key, { type: 'string', value });
      return 1;
    },
  },
  setex: { arity: 4, run: (store, args) => setExpiring(store, args, 1000, 'setex') },
  psetex: { arity: 4, run: (store, args) => setExpiring(store, args, 1, 'psetex') },
  getset: {
    arity: 3,
    run: (store, [key = '', value = '']) => {
      const old = store.typed(key, 'string') ?? null;
      store.set(key, { type: 'string', value }, true);
      return old;
    },
  },
  getdel: {
    arity: 2,
    run: (store, [key = '']) => {
      const old = store.typed(key, 'string') ?? null;
      store.remove(key);
      return old;
    },
  },
  append: {
    arity: 3,
    run: (store, [key = '', text = '']) => {
      const value = (store.typed(key, 'string') ?? '') + text;
      store.set(key, { type: 'string', value });
      return value.length;
    },
  },
  strlen: { arity: 2, run: (store, [key = '']) => (store.typed(key, 'string') ?? '').length },
  getrange: {
    arity: 4,
    run: (store, [key = '', first, last]) => {
      const value = store.typed(key, 'string') ?? '';
      return value.slice(...range(value.length, first, last));
    },
  },
  mget: {
    arity: -2,
    run: (store, keys) =>
      keys.map((key) => {
        const entry = store.get(key);
        return entry?.type === 'string' ? entry.value : null;
      }),
  },
  mset: {
    arity: -3,
    run: (store, args) => {
      for (const [key, value] of pairsOf(args, 'mset')) store.set(key, { type: 'string', value }, true);
      return OK;
    },
  },
  incr: { arity: 2, run: (store, [key = '']) => increment(store, key, 1) },
  decr: { arity: 2, run: (store, [key = '']) => increment(store, key, -1) },
  incrby: { arity: 3, run: (store, [key = '', by]) => increment(store, key, integer(by)) },
  decrby: { arity: 3, run: (store, [key = '', by]) => increment(store, key, -integer(by)) },
  incrbyfloat: {
    arity: 3,
    run: (store, [key = '', by]) => {
      const value = String(Number((float(store.typed(key, 'string') ?? '0') + float(by)).toPrecision(15)));
      store.set(key, { type: 'string', value });
      return value;
    },
  },
};

function removeAll(store: RedisStore, keys: readonly string[]): RedisReply {
  return keys.filter((key) => store.remove(key)).length;
}

function ttl(store: RedisStore, key: string, unitMs: number): RedisReply {
  if (store.get(key) === undefined) return -2;
  const expiresMs = store.expiryMs(key);
  return expiresMs === undefined ? -1 : Math.round((expiresMs - store.nowMs) / unitMs);
}

function expireIn(store: RedisStore, key: string, atMs: number): RedisReply {
  if (store.get(key) === undefined) return 0;
  store.expire(key, atMs);
  return 1;
}

function scan(store: RedisStore, args: readonly string[]): RedisReply {
  const cursor = args[0] ?? '';
  if (!/^\d+$/.test(cursor)) throw new RedisError('ERR invalid cursor');
  let pattern = '*';
  for (let i = 1; i < args.length; i += 2) {
    if (isWord(args[i], 'MATCH')) pattern = args[i + 1] ?? '*';
    else if (!isWord(args[i], 'COUNT') && !isWord(args[i], 'TYPE')) throw syntax();
  }
  return ['0', cursor === '0' ? store.keys().filter((key) => globMatches(pattern, key)) : []];
}

const KEYS: Readonly<Record<string, RedisCommand>> = {
  del: { arity: -2, run: removeAll },
  unlink: { arity: -2, run: removeAll },
  exists: { arity: -2, run: (store, keys) => keys.filter((key) => store.get(key) !== undefined).length },
  type: { arity: 2, run: (store, [key = '']) => ({ status: store.get(key)?.type ?? 'none' }) },
  keys: {
    arity: 2,
    run: (store, [pattern = '*']) => store.keys().filter((key) => globMatches(pattern, key)),
  },
  scan: { arity: -2, run: scan },
  randomkey: {
    arity: 1,
    run: (store) => store.keys()[store.index(store.keys().length)] ?? null,
  },
  rename: {
    arity: 3,
    run: (store, [from = '', to = '']) => {
      const value = store.get(from);
      if (value === undefined) throw new RedisError('ERR no such key');
      const expiresMs = store.expiryMs(from);
      store.remove(from);
      store.set(to, value, true);
      if (expiresMs !== undefined) store.expire(to, expiresMs);
      return OK;
    },
  },
  expire: {
    arity: -3,
    run: (store, [key = '', time]) => expireIn(store, key, store.nowMs + integer(time) * 1000),
  },
  pexpire: { arity: -3, run: (store, [key = '', time]) => expireIn(store, key, store.nowMs + integer(time)) },
  expireat: { arity: -3, run: (store, [key = '', time]) => expireIn(store, key, integer(time) * 1000) },
  ttl: { arity: 2, run: (store, [key = '']) => ttl(store, key, 1000) },
  pttl: { arity: 2, run: (store, [key = '']) => ttl(store, key, 1) },
  persist: {
    arity: 2,
    run: (store, [key = '']) => {
      if (store.expiryMs(key) === undefined) return 0;
      store.expire(key, undefined);
      return 1;
    },
  },
  dbsize: { arity: 1, run: (store) => store.keys().length },
  flushall: {
    arity: -1,
    run: (store) => {
      store.clear();
      return OK;
    },
  },
  flushdb: {
    arity: -1,
    run: (store) => {
      store.clear();
      return OK;
    },
  },
};

function push(store: RedisStore, args: readonly string[], isLeft: boolean): RedisReply {
  const [key = '', ...items] = args;
  const old = store.typed(key, 'list') ?? [];
  const value = isLeft ? [...[...items].reverse(), ...old] : [...old, ...items];
  store.set(key, { type: 'list', value });
  return value.length;
}

function pop(store: RedisStore, args: readonly string[], isLeft: boolean): RedisReply {
  const [key = '', many] = args;
  const old = store.typed(key, 'list');
  if (old === undefined) return null;
  const count = many === undefined ? 1 : integer(many);
  const taken = isLeft ? old.slice(0, count) : [...old].reverse().slice(0, count);
  store.set(key, {
    type: 'list',
    value: isLeft ? old.slice(count) : old.slice(0, Math.max(0, old.length - count)),
  });
  return many === undefined ? (taken[0] ?? null) : taken;
}

const LISTS: Readonly<Record<string, RedisCommand>> = {
  lpush: { arity: -3, run: (store, args) => push(store, args, true) },
  rpush: { arity: -3, run: (store, args) => push(store, args, false) },
  lpop: { arity: -2, run: (store, args) => pop(store, args, true) },
  rpop: { arity: -2, run: (store, args) => pop(store, args, false) },
  llen: { arity: 2, run: (store, [key = '']) => (store.typed(key, 'list') ?? []).length },
  lrange: {
    arity: 4,
    run: (store, [key = '', first, last]) => {
      const list = store.typed(key, 'list') ?? [];
      return list.slice(...range(list.length, first, last));
    },
  },
  lindex: {
    arity: 3,
    run: (store, [key = '', at]) => (store.typed(key, 'list') ?? []).at(integer(at)) ?? null,
  },
  ltrim: {
    arity: 4,
    run: (store, [key = '', first, last]) => {
      const list = store.typed(key, 'list') ?? [];
      store.set(key, { type: 'list', value: list.slice(...range(list.length, first, last)) });
      return OK;
    },
  },
  lrem: {
    arity: 4,
    run: (store, [key = '', , item = '']) => {
      const list = store.typed(key, 'list') ?? [];
      const value = list.filter((one) => one !== item);
      store.set(key, { type: 'list', value });
      return list.length - value.length;
    },
  },
};

function combine(
  store: RedisStore,
  keys: readonly string[],
  join: (a: readonly string[], b: readonly string[]) => readonly string[],
): RedisReply {
  const sets = keys.map((key) => store.typed(key, 'set') ?? []);
  return [...sets.slice(1).reduce(join, sets[0] ?? [])].sort();
}

const SETS: Readonly<Record<string, RedisCommand>> = {
  sadd: {
    arity: -3,
    run: (store, [key = '', ...items]) => {
      const old = store.typed(key, 'set') ?? [];
      const value = [...new Set([...old, ...items])];
      store.set(key, { type: 'set', value });
      return value.length - old.length;
    },
  },
  srem: {
    arity: -3,
    run: (store, [key = '', ...items]) => {
      const old = store.typed(key, 'set') ?? [];
      const value = old.filter((one) => !items.includes(one));
      store.set(key, { type: 'set', value });
      return old.length - value.length;
    },
  },
  smembers: { arity: 2, run: (store, [key = '']) => [...(store.typed(key, 'set') ?? [])].sort() },
  sismember: {
    arity: 3,
    run: (store, [key = '', item = '']) => ((store.typed(key, 'set') ?? []).includes(item) ? 1 : 0),
  },
  scard: { arity: 2, run: (store, [key = '']) => (store.typed(key, 'set') ?? []).length },
  sinter: {
    arity: -2,
    run: (store, keys) => combine(store, keys, (a, b) => a.filter((one) => b.includes(one))),
  },
  sunion: { arity: -2, run: (store, keys) => combine(store, keys, (a, b) => [...new Set([...a, ...b])]) },
  sdiff: {
    arity: -2,
    run: (store, keys) => combine(store, keys, (a, b) => a.filter((one) => !b.includes(one))),
  },
};

function setFields(store: RedisStore, key: string, pairs: readonly (readonly [string, string])[]): number {
  const old = new Map(store.typed(key, 'hash') ?? []);
  const before = old.size;
  for (const [name, value] of pairs) old.set(name, value);
  store.set(key, { type: 'hash', value: [...old] });
  return old.size - before;
}

function fields(store: RedisStore, key: string): ReadonlyMap<string, string> {
  return new Map(store.typed(key, 'hash') ?? []);
}

const HASHES: Readonly<Record<string, RedisCommand>> = {
  hset: { arity: -4, run: (store, [key = '', ...rest]) => setFields(store, key, pairsOf(rest, 'hset')) },
  hmset: {
    arity: -4,
    run: (store, [key = '', ...rest]) => {
      setFields(store, key, pairsOf(rest, 'hmset'));
      return OK;
    },
  },
  hget: { arity: 3, run: (store, [key = '', name = '']) => fields(store, key).get(name) ?? null },
  hmget: {
    arity: -3,
    run: (store, [key = '', ...names]) => names.map((name) => fields(store, key).get(name) ?? null),
  },
  hgetall: { arity: 2, run: (store, [key = '']) => [...fields(store, key)].flat() },
  hkeys: { arity: 2, run: (store, [key = '']) => [...fields(store, key).keys()] },
  hvals: { arity: 2, run: (store, [key = '']) => [...fields(store, key).values()] },
  hlen: { arity: 2, run: (store, [key = '']) => fields(store, key).size },
  hexists: { arity: 3, run: (store, [key = '', name = '']) => (fields(store, key).has(name) ? 1 : 0) },
  hdel: {
    arity: -3,
    run: (store, [key = '', ...names]) => {
      const left = new Map(fields(store, key));
      const gone = names.filter((name) => left.delete(name)).length;
      store.set(key, { type: 'hash', value: [...left] });
      return gone;
    },
  },
  hincrby: {
    arity: 4,
    run: (store, [key = '', name = '', by]) => {
      const next = integer(fields(store, key).get(name) ?? '0') + integer(by);
      setFields(store, key, [[name, String(next)]]);
      return next;
    },
  },
};

type Scored = readonly (readonly [string, number])[];

function scored(store: RedisStore, key: string): Scored {
  const list = [...(store.typed(key, 'zset') ?? [])];
  return list.sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1));
}

function shown(list: Scored, options: readonly string[]): RedisReply {
  const hasScores = options.some((word) => isWord(word, 'WITHSCORES'));
  return list.flatMap(([name, score]) => (hasScores ? [name, String(score)] : [name]));
}

function bound(text: string | undefined): { readonly value: number; readonly isOpen: boolean } {
  const isOpen = text?.startsWith('(') === true;
  return { value: float(isOpen ? text?.slice(1) : text), isOpen };
}

const SORTED: Readonly<Record<string, RedisCommand>> = {
  zadd: {
    arity: -4,
    run: (store, [key = '', ...rest]) => {
      const old = new Map(store.typed(key, 'zset') ?? []);
      const before = old.size;
      for (const [score, name] of pairsOf(rest, 'zadd')) old.set(name, float(score));
      store.set(key, { type: 'zset', value: [...old] });
      return old.size - before;
    },
  },
  zincrby: {
    arity: 4,
    run: (store, [key = '', by, name = '']) => {
      const old = new Map(store.typed(key, 'zset') ?? []);
      const next = (old.get(name) ?? 0) + float(by);
      store.set(key, { type: 'zset', value: [...old.set(name, next)] });
      return String(next);
    },
  },
  zscore: {
    arity: 3,
    run: (store, [key = '', name]) => {
      const found = scored(store, key).find(([one]) => one === name);
      return found === undefined ? null : String(found[1]);
    },
  },
  zcard: { arity: 2, run: (store, [key = '']) => scored(store, key).length },
  zrank: {
    arity: 3,
    run: (store, [key = '', name]) => {
      const at = scored(store, key).findIndex(([one]) => one === name);
      return at < 0 ? null : at;
    },
  },
  zrem: {
    arity: -3,
    run: (store, [key = '', ...names]) => {
      const old = scored(store, key);
      const value = old.filter(([name]) => !names.includes(name));
      store.set(key, { type: 'zset', value });
      return old.length - value.length;
    },
  },
  zrange: {
    arity: -4,
    run: (store, [key = '', first, last, ...options]) => {
      const list = scored(store, key);
      return shown(list.slice(...range(list.length, first, last)), options);
    },
  },
  zrevrange: {
    arity: -4,
    run: (store, [key = '', first, last, ...options]) => {
      const list = [...scored(store, key)].reverse();
      return shown(list.slice(...range(list.length, first, last)), options);
    },
  },
  zrangebyscore: {
    arity: -4,
    run: (store, [key = '', low, high, ...options]) => {
      const [min, max] = [bound(low), bound(high)];
      const isIn = ([, score]: readonly [string, number]): boolean =>
        (min.isOpen ? score > min.value : score >= min.value) &&
        (max.isOpen ? score < max.value : score <= max.value);
      return shown(scored(store, key).filter(isIn), options);
    },
  },
};

/** Commands on keys by name. */
export const KEY_COMMANDS: ReadonlyMap<string, RedisCommand> = new Map(
  [STRINGS, KEYS, LISTS, SETS, HASHES, SORTED].flatMap((group) => Object.entries(group)),
);
