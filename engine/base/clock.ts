import type { Json } from './json.ts';
import { invariant } from './assert.ts';

/** A timer as plain data: what is due, when, and for whom. `id` counts from 1 and breaks ties of `dueMs`. */
export type Timer = {
  readonly id: number;
  readonly dueMs: number;
  readonly topic: string;
  readonly data: Json;
};

/**
 * Virtual time and everything that waits for it. Times are milliseconds since the Unix epoch.
 *
 * Timers are data, never closures, so that a sandbox can be kept as a keyframe: whoever sets one registers a handler
 * for its topic once, with `on`. Time moves only by `fireNext` and `advanceTo`, which the session calls.
 */
export class Clock {
  #nowMs: number;
  #nextId = 1;
  #heap: Timer[] = [];
  #cancelled = new Set<number>();
  #handlers = new Map<string, (data: Json) => void>();

  constructor(epochMs: number) {
    this.#nowMs = epochMs;
  }

  /** The present virtual time, ms since the epoch. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Registers the one handler of a topic. */
  on(topic: string, handler: (data: Json) => void): void {
    invariant(!this.#handlers.has(topic), `topic ${topic} has one handler`);
    this.#handlers.set(topic, handler);
  }

  /** Sets a timer `delayMs` (≥ 0) from now; returns its id for `cancel`. */
  after(delayMs: number, topic: string, data: Json = null): number {
    const timer = { id: this.#nextId++, dueMs: this.#nowMs + Math.max(0, delayMs), topic, data };
    this.#push(timer);
    return timer.id;
  }

  /** Forgets a timer; one that fired or is unknown is ignored. */
  cancel(id: number): void {
    this.#cancelled.add(id);
  }

  /** When the next timer is due, or undefined when nothing waits. */
  nextDueMs(): number | undefined {
    while (this.#heap[0] !== undefined && this.#cancelled.has(this.#heap[0].id)) {
      this.#cancelled.delete(this.#heap[0].id);
      this.#pop();
    }
    return this.#heap[0]?.dueMs;
  }

  /** Moves time to the next timer and runs its handler. Returns false when there is none due by `untilMs`. */
  fireNext(untilMs: number): boolean {
    const dueMs = this.nextDueMs();
    if (dueMs === undefined || dueMs > untilMs) return false;
    const timer = this.#pop();
    this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
    const handler = this.#handlers.get(timer.topic);
    invariant(handler !== undefined, `topic ${timer.topic} has a handler`);
    handler(timer.data);
    return true;
  }

  /** Moves time forward to `toMs`, before which no timer may be due. */
  advanceTo(toMs: number): void {
    const dueMs = this.nextDueMs();
    invariant(dueMs === undefined || dueMs >= toMs, 'no timer is skipped');
    this.#nowMs = Math.max(this.#nowMs, toMs);
  }

  /** Sets the time of a world that is about to be built, also backward; nothing may wait yet. */
  beginAt(ms: number): void {
    invariant(this.nextDueMs() === undefined, 'nothing waits when a world begins');
    this.#nowMs = ms;
  }

  /** The topics that have a handler. */
  topics(): readonly string[] {
    return [...this.#handlers.keys()];
  }

  /** Cancels the timers of some topics. */
  cancelTopics(topics: readonly string[]): void {
    for (const timer of this.#heap) if (topics.includes(timer.topic)) this.cancel(timer.id);
  }

  /** Forgets topics with their handlers and timers, for a world that is taken down while others go on. */
  forget(topics: readonly string[]): void {
    this.cancelTopics(topics);
    for (const topic of topics) this.#handlers.delete(topic);
  }

  /** All pending timers by due time, for keyframes. */
  pending(): readonly Timer[] {
    return this.#heap
      .filter((timer) => !this.#cancelled.has(timer.id))
      .sort((a, b) => a.dueMs - b.dueMs || a.id - b.id);
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    heap.push(timer);
    let at = heap.length - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!earlier(heap[at], heap[up])) break;
      swap(heap, at, up);
      at = up;
    }
  }

  #pop(): Timer {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    invariant(first !== undefined && last !== undefined, 'the heap holds a timer');
    if (heap.length > 0) {
      heap[0] = last;
      let at = 0;
      for (;;) {
        const left = 2 * at + 1;
        const right = left + 1;
        let least = at;
        if (left < heap.length && earlier(heap[left], heap[least])) least = left;
        if (right < heap.length && earlier(heap[right], heap[least])) least = right;
        if (least === at) break;
        swap(heap, at, least);
        at = least;
      }
    }
    return first;
  }
}

function earlier(a: Timer | undefined, b: Timer | undefined): boolean {
  invariant(a !== undefined && b !== undefined, 'both timers are in the heap');
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.id < b.id);
}

function swap(heap: Timer[], a: number, b: number): void {
  const kept = heap[a];
  const other = heap[b];
  invariant(kept !== undefined && other !== undefined, 'both timers are in the heap');
  heap[a] = other;
  heap[b] = kept;
}
