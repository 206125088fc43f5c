import { hashNumber } from './hash.ts';
import { invariant } from './assert.ts';

/** The state of a `Random`, plain data for keyframes: stream name → position. */
export type RandomState = Readonly<Record<string, number>>;

/**
 * Seeded chance, in named streams. Each stream is a counter hashed with the seed, so what one part of the engine
 * draws never shifts what another part gets, and the state is one number a stream.
 */
export class Random {
  readonly seed: number;
  #positions = new Map<string, number>();

  constructor(seed: number) {
    invariant(Number.isSafeInteger(seed), 'a seed is an integer');
    this.seed = seed;
  }

  /** The next number of `stream`, 0 ≤ n < 1, with 32 bits. */
  next(stream: string): number {
    const position = this.#positions.get(stream) ?? 0;
    this.#positions.set(stream, position + 1);
    return hashNumber(`${this.seed}/${stream}/${position}`) / 0x100000000;
  }

  /** An integer with `min` ≤ n ≤ `max`. */
  integer(stream: string, min: number, max: number): number {
    invariant(min <= max, 'a range is not empty');
    return min + Math.floor(this.next(stream) * (max - min + 1));
  }

  /** One of `items`, which is not empty. */
  pick<T>(stream: string, items: readonly T[]): T {
    const item = items[this.integer(stream, 0, items.length - 1)];
    invariant(items.length > 0, 'something to pick from');
    return item as T;
  }

  /** `length` characters of `alphabet`. */
  text(stream: string, alphabet: string, length: number): string {
    let text = '';
    for (let i = 0; i < length; i++) text += alphabet[this.integer(stream, 0, alphabet.length - 1)] ?? '';
    return text;
  }

  /** A version 4 UUID of `stream`. */
  uuid(stream: string): string {
    const digits = this.text(stream, '0123456789abcdef', 30);
    const variant = this.text(stream, '89ab', 1);
    return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(12, 15)}-${variant}${digits.slice(15, 18)}-${digits.slice(18)}`;
  }

  /** The positions of all streams used so far. */
  state(): RandomState {
    return Object.fromEntries([...this.#positions].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Continues from a state that `state()` gave. */
  restore(state: RandomState): void {
    this.#positions = new Map(Object.entries(state));
  }
}

/** The suffix alphabet of Kubernetes' generated names (k8s.io/apimachinery/pkg/util/rand: no vowels, no 0, 1, 3). */
export const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
