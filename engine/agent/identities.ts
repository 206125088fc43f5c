import type { Json } from '../base/json.ts';
import type { KubeObject } from '../objects/api.ts';
import type { Simulation } from '../base/simulation.ts';
import type { Store } from '../store/store.ts';
import { byText } from '../base/order.ts';
import { createObject, deleteObject } from '../store/registry.ts';
import { isJsonObject } from '../base/json.ts';

const RESOURCE = 'ciliumidentities.cilium.io';
const GC_TOPIC = 'cilium/identity-gc';
/** How long the operator leaves an identity that nobody uses (identity-gc-interval and heartbeat timeout), ms. */
const GC_MS = 30 * 60_000;
/** The first number of identities that only one node knows: outside addresses (pkg/identity, LocalIdentityFlag). */
const LOCAL_FIRST = 16_777_217;

/** Numbers of the reserved identities (pkg/identity/numericidentity.go). */
export const RESERVED_IDENTITIES: Readonly<Record<string, number>> = {
  host: 1,
  world: 2,
  unmanaged: 3,
  health: 4,
  init: 5,
  'remote-node': 6,
  'kube-apiserver': 7,
  ingress: 8,
  'world-ipv4': 9,
  'world-ipv6': 10,
};

/** The security identities of a cluster: one number for each set of labels, kept as CiliumIdentity objects. */
export class Identities {
  readonly #sim: Simulation;
  readonly #store: Store;
  #byLabels = new Map<string, number>();
  #local = new Map<string, number>();
  #isUsed: (id: number) => boolean;

  constructor(sim: Simulation, store: Store, isUsed: (id: number) => boolean) {
    this.#sim = sim;
    this.#store = store;
    this.#isUsed = isUsed;
    sim.clock.on(GC_TOPIC, (data) => this.#collect(Number(data)));
    this.#learnAll();
  }

  /** The number of a set of labels (`k8s:app=web`, sorted); makes the CiliumIdentity when there is none. */
  obtain(labels: readonly string[]): number {
    const key = labels.join('\n');
    const known = this.#byLabels.get(key);
    if (known !== undefined) return known;
    let id = this.#sim.random.integer('identity', 256, 65_535);
    while (this.#store.get(RESOURCE, undefined, String(id)) !== undefined)
      id = this.#sim.random.integer('identity', 256, 65_535);
    this.#byLabels.set(key, id);
    createObject(this.#sim, this.#store, RESOURCE, identityObject(id, labels));
    return id;
  }

  /** The number of an outside peer by its labels: reserved, or one from 16777217 up. */
  local(labels: readonly string[]): number {
    const reserved = labels.length === 1 ? reservedNumber(labels[0] ?? '') : undefined;
    if (reserved !== undefined) return reserved;
    if (labels.includes('reserved:kube-apiserver')) return RESERVED_IDENTITIES['kube-apiserver'] ?? 7;
    const key = labels.join('\n');
    const id = this.#local.get(key) ?? LOCAL_FIRST + this.#local.size;
    this.#local.set(key, id);
    return id;
  }

  /** Says that an endpoint no longer has an identity: unused ones go after a while. */
  release(id: number): void {
    if (id >= 256 && id < LOCAL_FIRST && !this.#isUsed(id)) this.#sim.clock.after(GC_MS, GC_TOPIC, id);
  }

  /** Someone deleted the object of an identity: it is no longer handed out. */
  forget(object: KubeObject): void {
    for (const [key, id] of this.#byLabels)
      if (String(id) === object.metadata.name) this.#byLabels.delete(key);
  }

  /** Identities with their labels, by number: the cluster's and the local ones. */
  all(): readonly { readonly id: number; readonly labels: readonly string[] }[] {
    const both = [...this.#byLabels, ...this.#local].map(([key, id]) => ({ id, labels: key.split('\n') }));
    return both.sort((a, b) => a.id - b.id);
  }

  /** What is not in the store, for keyframes. */
  state(): Json {
    return Object.fromEntries(this.#local);
  }

  /** Continues from a state, after the store was restored. */
  restore(state: Json): void {
    this.#local = new Map();
    if (isJsonObject(state)) for (const [key, id] of Object.entries(state)) this.#local.set(key, Number(id));
    this.#learnAll();
  }

  #learnAll(): void {
    this.#byLabels = new Map();
    for (const object of this.#store.list(RESOURCE)) {
      const labels = Object.entries((object['security-labels'] ?? {}) as Readonly<Record<string, string>>);
      const texts = labels.map(([key, value]) => (value === '' ? key : `${key}=${value}`)).sort(byText);
      this.#byLabels.set(texts.join('\n'), Number(object.metadata.name));
    }
  }

  #collect(id: number): void {
    const object = this.#store.get(RESOURCE, undefined, String(id));
    if (object === undefined || this.#isUsed(id)) return;
    this.forget(object);
    deleteObject(this.#sim, this.#store, RESOURCE, undefined, String(id));
  }
}

function reservedNumber(label: string): number | undefined {
  const name = label.startsWith('reserved:') ? label.slice('reserved:'.length) : '';
  return Object.hasOwn(RESERVED_IDENTITIES, name) ? RESERVED_IDENTITIES[name] : undefined;
}

function identityObject(id: number, texts: readonly string[]): KubeObject {
  const pairs = texts.map((text): [string, string] => {
    const equals = text.indexOf('=');
    return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
  });
  const own = pairs
    .filter(([key]) => key.startsWith('k8s:') && !key.startsWith('k8s:io.cilium.k8s.namespace.labels.'))
    .map(([key, value]): [string, string] => [key.slice('k8s:'.length), value]);
  return {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumIdentity',
    metadata: { name: String(id), labels: Object.fromEntries(own) },
    'security-labels': Object.fromEntries(pairs),
  };
}
