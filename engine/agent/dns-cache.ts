import type { Json } from '../base/json.ts';
import type { Simulation } from '../base/simulation.ts';
import { byText } from '../base/order.ts';

const TOPIC = 'cilium/dns-gc';
/** The agents look for expired names once a minute (pkg/fqdn, DNSGCJobInterval). */
const GC_MS = 60_000;

/** One name that a DNS proxy saw resolved: by address, until when it holds. */
type Lookups = Map<
  string,
  { readonly expiresMs: number; readonly pods: readonly string[]; readonly ttlSeconds?: number }
>;

/**
 * What the agents' DNS proxies learned: names in lower case with a final dot, their addresses, and the pods that asked.
 * An entry outlives its TTL until the next collection, as in the agent.
 */
export class DnsCache {
  readonly #sim: Simulation;
  readonly #changed: () => void;
  #names = new Map<string, Lookups>();
  #isWaiting = false;

  constructor(sim: Simulation, changed: () => void) {
    this.#sim = sim;
    this.#changed = changed;
    sim.clock.on(TOPIC, () => this.#collect());
  }

  /** Takes an answer in. */
  learn(lesson: {
    readonly pod: string;
    readonly name: string;
    readonly addresses: readonly string[];
    readonly ttlSeconds: number;
  }): void {
    const name = absolute(lesson.name);
    const lookups = this.#names.get(name) ?? new Map();
    let isNew = false;
    for (const address of lesson.addresses) {
      const known = lookups.get(address);
      if (known === undefined) isNew = true;
      const expiresMs = Math.max(known?.expiresMs ?? 0, this.#sim.clock.nowMs + lesson.ttlSeconds * 1000);
      const pods = [...new Set([...(known?.pods ?? []), lesson.pod])].sort(byText);
      lookups.set(address, { expiresMs, pods, ttlSeconds: lesson.ttlSeconds });
    }
    if (lesson.addresses.length > 0) this.#names.set(name, lookups);
    this.#wait();
    if (isNew) this.#changed();
  }

  /** Name → addresses, all that is known. */
  table(): ReadonlyMap<string, readonly string[]> {
    return new Map(
      [...this.#names]
        .sort(([a], [b]) => byText(a, b))
        .map(([name, lookups]) => [name, [...lookups.keys()].sort(byText)]),
    );
  }

  /** Names by which a pod knows an address, without the final dot; sorted. */
  namesOf(pod: string, address: string): readonly string[] {
    const found = [...this.#names].filter(([, lookups]) => lookups.get(address)?.pods.includes(pod) === true);
    return found.map(([name]) => name.slice(0, -1)).sort(byText);
  }

  /** All entries, for `cilium-dbg fqdn cache list` and keyframes. */
  state(): readonly {
    readonly name: string;
    readonly address: string;
    readonly expiresMs: number;
    readonly pods: readonly string[];
    readonly ttlSeconds?: number;
  }[] {
    return [...this.#names]
      .sort(([a], [b]) => byText(a, b))
      .flatMap(([name, lookups]) => [...lookups].map(([address, entry]) => ({ name, address, ...entry })));
  }

  /** Forgets what these pods asked for, names by names; an address that nobody else asked for goes. */
  forget(pods: ReadonlySet<string>, isMeant: (name: string) => boolean): void {
    for (const [name, lookups] of this.#names) {
      if (!isMeant(name)) continue;
      for (const [address, entry] of lookups) {
        const left = entry.pods.filter((pod) => !pods.has(pod));
        if (left.length === 0) lookups.delete(address);
        else lookups.set(address, { ...entry, pods: left });
      }
      if (lookups.size === 0) this.#names.delete(name);
    }
    this.#changed();
  }

  /** Continues from what `state()` gave. */
  restore(state: Json): void {
    this.#names = new Map();
    for (const entry of (state ?? []) as unknown as ReturnType<DnsCache['state']>) {
      const lookups: Lookups = this.#names.get(entry.name) ?? new Map();
      lookups.set(entry.address, {
        expiresMs: entry.expiresMs,
        pods: entry.pods,
        ...(entry.ttlSeconds === undefined ? {} : { ttlSeconds: entry.ttlSeconds }),
      });
      this.#names.set(entry.name, lookups);
    }
    this.#changed();
  }

  #wait(): void {
    if (this.#isWaiting || this.#names.size === 0) return;
    this.#isWaiting = true;
    this.#sim.clock.after(GC_MS, TOPIC);
  }

  #collect(): void {
    this.#isWaiting = false;
    let isChanged = false;
    for (const [name, lookups] of this.#names) {
      for (const [address, entry] of lookups) {
        if (entry.expiresMs > this.#sim.clock.nowMs) continue;
        lookups.delete(address);
        isChanged = true;
      }
      if (lookups.size === 0) this.#names.delete(name);
    }
    this.#wait();
    if (isChanged) this.#changed();
  }
}

function absolute(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower : `${lower}.`;
}
