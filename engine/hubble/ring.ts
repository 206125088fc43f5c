import { LIMITS } from '../base/limits.ts';
import type { Flow } from './flow.ts';

/** A flow with its place in the order of one node: `sequence` counts from 1 over the ring's life. */
export type RingEntry = { readonly sequence: number; readonly flow: Flow };

/** The ring of one node's flows: the newest 4,095, oldest first. */
export class FlowRing {
  #entries: RingEntry[] = [];
  #start = 0;
  #seen = 0;

  /** Flows seen since the beginning, lost ones included. */
  get seen(): number {
    return this.#seen;
  }

  /** Flows that are still kept. */
  get length(): number {
    return this.#entries.length - this.#start;
  }

  /** Adds a flow; the oldest one falls out of a full ring. */
  push(flow: Flow): void {
    this.#seen++;
    this.#entries.push({ sequence: this.#seen, flow });
    if (this.length > LIMITS.hubbleFlowsMax) this.#start++;
    if (this.#start > LIMITS.hubbleFlowsMax) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
  }

  /** Forgets what is kept, as a new agent does; the count goes on, so that followers miss nothing. */
  clear(): void {
    this.#entries = [];
    this.#start = 0;
  }

  /** What is kept after `sequence` (0: all), oldest first. */
  after(sequence: number): readonly RingEntry[] {
    const first = this.#seen - this.length + 1;
    return this.#entries.slice(this.#start + Math.max(0, sequence + 1 - first));
  }

  /** Plain data for a keyframe. */
  snapshot(): { readonly seen: number; readonly flows: readonly Flow[] } {
    return { seen: this.#seen, flows: this.after(0).map((entry) => entry.flow) };
  }

  /** Continues from a snapshot. */
  restore(snapshot: { readonly seen: number; readonly flows: readonly Flow[] }): void {
    this.#seen = snapshot.seen;
    this.#start = 0;
    this.#entries = snapshot.flows.map((flow, i) => ({
      sequence: snapshot.seen - snapshot.flows.length + i + 1,
      flow,
    }));
  }
}
