/** Counts what each key did within a window; in memory, for this process: it protects a server and decides nothing. */
export class RateLimit {
  readonly #max: number;
  readonly #windowMs: number;
  readonly #seen = new Map<string, { count: number; untilMs: number }>();

  constructor(max: number, windowMs: number) {
    this.#max = max;
    this.#windowMs = windowMs;
  }

  /** Counts one; false when that is one too many. */
  take(key: string, nowMs = Date.now()): boolean {
    const seen = this.#seen.get(key);
    if (seen !== undefined && seen.untilMs > nowMs) return ++seen.count <= this.#max;
    if (this.#seen.size > 10_000)
      for (const [old, { untilMs }] of this.#seen) if (untilMs <= nowMs) this.#seen.delete(old);
    this.#seen.set(key, { count: 1, untilMs: nowMs + this.#windowMs });
    return true;
  }

  /** Forgets everything; for tests. */
  clear(): void {
    this.#seen.clear();
  }
}
