import type { Clock } from '../base/clock.ts';
import type { KubeObject } from '../objects/api.ts';
import { invariant } from '../base/assert.ts';
import { deepFreeze } from '../base/json.ts';

/** One change that the store committed. For `remove`, `object` is the last state with the revision of its removal. */
export type StoreEvent = {
  readonly revision: number;
  readonly atMs: number;
  readonly type: 'put' | 'remove';
  readonly resource: string;
  readonly object: KubeObject;
  /** What was stored before; absent for a new object. */
  readonly previous?: KubeObject;
};

/** Everything a store holds, as plain data (objects are frozen and shared, not copied). */
export type StoreSnapshot = {
  readonly revision: number;
  readonly objects: readonly (readonly [resource: string, object: KubeObject])[];
};

/** Events kept for watchers; a watch from before the oldest one is answered `410 Expired`. */
export const EVENTS_MAX = 10_000;

type Shelf = { readonly objects: Map<string, KubeObject>; readonly keys: string[]; lastRevision: number };

/**
 * The cluster's etcd: objects by resource, namespace and name, and the log of their changes. Revisions count from 1;
 * an object's `resourceVersion` is the revision of its last change. Objects are deep-frozen, so they may be shared.
 *
 * Keys are `namespace/name` in code unit order, which is the order in which etcd lists them.
 */
export class Store {
  readonly #clock: Pick<Clock, 'nowMs'>;
  #revision = 0;
  #shelves = new Map<string, Shelf>();
  #events: StoreEvent[] = [];
  /** Revision of the newest event that is no longer kept. */
  #compacted = 0;

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
  }

  /** The revision of the last change; 0 for an empty store. */
  get revision(): number {
    return this.#revision;
  }

  /** Events up to this revision are gone from the log. */
  get compactedRevision(): number {
    return this.#compacted;
  }

  /** The revision of the last change of one resource, 0 when there was none: a cheap sign for caches. */
  revisionOf(resource: string): number {
    return this.#shelves.get(resource)?.lastRevision ?? 0;
  }

  /** The object, or undefined. `namespace` is undefined for cluster-scoped resources. */
  get(resource: string, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#shelves.get(resource)?.objects.get(keyOf(namespace, name));
  }

  /**
   * All objects of a resource, or of one namespace of it, or those there whose names begin with `prefix`, in order of their
   * keys. A fresh list; the objects are shared.
   */
  list(resource: string, namespace?: string, prefix = ''): KubeObject[] {
    const shelf = this.#shelves.get(resource);
    if (shelf === undefined) return [];
    const { keys, objects } = shelf;
    // '0' follows '/' in code units, so the keys of a namespace are those from `ns/` up to `ns0`.
    const from = namespace === undefined ? 0 : lowerBound(keys, `${namespace}/${prefix}`);
    const to = namespace === undefined ? keys.length : lowerBound(keys, `${namespace}0`);
    const found: KubeObject[] = [];
    for (let i = from; i < to; i++) {
      if (prefix !== '' && keys[i]?.startsWith(`${namespace}/${prefix}`) !== true) break;
      const object = objects.get(keys[i] ?? '');
      invariant(object !== undefined, 'every key has its object');
      found.push(object);
    }
    return found;
  }

  /** The resources that have objects, in code unit order. */
  resources(): string[] {
    return [...this.#shelves]
      .filter(([, shelf]) => shelf.keys.length > 0)
      .map(([resource]) => resource)
      .sort();
  }

  /** Commits an object as it is, but for its resourceVersion; returns what was stored. */
  put(resource: string, object: KubeObject): KubeObject {
    const revision = ++this.#revision;
    const stored = deepFreeze({
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(revision) },
    });
    const key = keyOf(stored.metadata.namespace, stored.metadata.name);
    const shelf = this.#shelf(resource);
    const previous = shelf.objects.get(key);
    if (previous === undefined) shelf.keys.splice(lowerBound(shelf.keys, key), 0, key);
    shelf.objects.set(key, stored);
    shelf.lastRevision = revision;
    this.#log({
      revision,
      atMs: this.#clock.nowMs,
      type: 'put',
      resource,
      object: stored,
      ...(previous === undefined ? {} : { previous }),
    });
    return stored;
  }

  /** Removes an object; returns its last state, stamped with the revision of the removal, or undefined when there is none. */
  remove(resource: string, namespace: string | undefined, name: string): KubeObject | undefined {
    const shelf = this.#shelves.get(resource);
    const key = keyOf(namespace, name);
    const previous = shelf?.objects.get(key);
    if (shelf === undefined || previous === undefined) return undefined;
    const revision = ++this.#revision;
    shelf.objects.delete(key);
    shelf.keys.splice(lowerBound(shelf.keys, key), 1);
    shelf.lastRevision = revision;
    const object = deepFreeze({
      ...previous,
      metadata: { ...previous.metadata, resourceVersion: String(revision) },
    });
    this.#log({ revision, atMs: this.#clock.nowMs, type: 'remove', resource, object, previous });
    return object;
  }

  /** Events after `revision`, oldest first. `revision` must not be older than `compactedRevision`. */
  eventsSince(revision: number): readonly StoreEvent[] {
    invariant(revision >= this.#compacted, 'events since this revision are kept');
    // Every revision is one event, so the place of the first one is known.
    const from = Math.max(0, revision - this.#compacted);
    return from >= this.#events.length ? [] : this.#events.slice(from);
  }

  /** The present objects, for keyframes. The log is not part of it. */
  snapshot(): StoreSnapshot {
    const objects = [...this.#shelves]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([resource, shelf]) =>
        shelf.keys.map((key) => {
          const object = shelf.objects.get(key);
          invariant(object !== undefined, 'every key has its object');
          return [resource, object] as const;
        }),
      );
    return { revision: this.#revision, objects };
  }

  /** Replaces everything by a snapshot. Watches from before it are expired. */
  restore(snapshot: StoreSnapshot): void {
    this.#shelves = new Map();
    this.#events = [];
    this.#revision = snapshot.revision;
    this.#compacted = snapshot.revision;
    for (const [resource, object] of snapshot.objects) {
      const shelf = this.#shelf(resource);
      const key = keyOf(object.metadata.namespace, object.metadata.name);
      shelf.objects.set(key, deepFreeze(object));
      shelf.keys.push(key);
      shelf.lastRevision = Math.max(shelf.lastRevision, Number(object.metadata.resourceVersion ?? 0));
    }
    for (const shelf of this.#shelves.values()) shelf.keys.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  /** An independent copy that shares the frozen objects: for views that try changes out. Its log begins empty. */
  fork(): Store {
    const copy = new Store(this.#clock);
    copy.#revision = this.#revision;
    copy.#compacted = this.#revision;
    for (const [resource, shelf] of this.#shelves) {
      copy.#shelves.set(resource, {
        objects: new Map(shelf.objects),
        keys: [...shelf.keys],
        lastRevision: shelf.lastRevision,
      });
    }
    return copy;
  }

  #shelf(resource: string): Shelf {
    const known = this.#shelves.get(resource);
    if (known !== undefined) return known;
    const shelf: Shelf = { objects: new Map(), keys: [], lastRevision: 0 };
    this.#shelves.set(resource, shelf);
    return shelf;
  }

  #log(event: StoreEvent): void {
    this.#events.push(event);
    if (this.#events.length < 2 * EVENTS_MAX) return;
    this.#events = this.#events.slice(EVENTS_MAX);
    this.#compacted += EVENTS_MAX;
  }
}

function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
