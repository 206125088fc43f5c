import type { Json } from './json.ts';
import type { Simulation } from './simulation.ts';
import type { Timer } from './clock.ts';
import { Clock } from './clock.ts';
import { Random } from './random.ts';

/**
 * A part of a simulation for something that may come and go, such as one cluster of several: the same time, but topics and
 * streams of its own. `close` takes its timers and handlers out; what is set afterwards is ignored.
 */
export class Scope implements Simulation {
  readonly clock: ScopedClock;
  readonly random: Random;

  /** `name` keeps its topics and streams apart: no two scopes of one simulation ever have the same. */
  constructor(parent: Simulation, name: string) {
    this.clock = new ScopedClock(parent.clock, `${name}/`);
    this.random = new ScopedRandom(parent.random, `${name}/`);
  }

  /** Ends the scope. */
  close(): void {
    this.clock.close();
  }
}

/** A clock that shows its parent's time and keeps its own topics apart by a prefix. */
class ScopedClock extends Clock {
  readonly #parent: Clock;
  readonly #prefix: string;
  #topics: string[] = [];
  #isClosed = false;

  constructor(parent: Clock, prefix: string) {
    super(0);
    this.#parent = parent;
    this.#prefix = prefix;
  }

  override get nowMs(): number {
    return this.#parent.nowMs;
  }

  override on(topic: string, handler: (data: Json) => void): void {
    this.#parent.on(this.#prefix + topic, handler);
    this.#topics.push(topic);
  }

  override after(delayMs: number, topic: string, data: Json = null): number {
    return this.#isClosed ? 0 : this.#parent.after(delayMs, this.#prefix + topic, data);
  }

  override cancel(id: number): void {
    if (!this.#isClosed) this.#parent.cancel(id);
  }

  override nextDueMs(): number | undefined {
    return this.#parent.nextDueMs();
  }

  override topics(): readonly string[] {
    return this.#topics;
  }

  override cancelTopics(topics: readonly string[]): void {
    this.#parent.cancelTopics(topics.map((topic) => this.#prefix + topic));
  }

  override forget(topics: readonly string[]): void {
    this.#parent.forget(topics.map((topic) => this.#prefix + topic));
    this.#topics = this.#topics.filter((topic) => !topics.includes(topic));
  }

  override pending(): readonly Timer[] {
    return this.#parent.pending().filter((timer) => timer.topic.startsWith(this.#prefix));
  }

  /** Takes its topics out of the parent. */
  close(): void {
    this.forget(this.#topics);
    this.#isClosed = true;
  }
}

/** Chance in streams of its own. */
class ScopedRandom extends Random {
  readonly #parent: Random;
  readonly #prefix: string;

  constructor(parent: Random, prefix: string) {
    super(parent.seed);
    this.#parent = parent;
    this.#prefix = prefix;
  }

  override next(stream: string): number {
    return this.#parent.next(this.#prefix + stream);
  }
}
