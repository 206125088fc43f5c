import type { Controller, ControllerContext } from './context.ts';
import type { KubeObject } from '../objects/api.ts';
import type { StoreEvent } from '../store/store.ts';
import { deleteObject, updateObject } from '../store/registry.ts';

type Place = { readonly resource: string; readonly namespace: string | undefined; readonly name: string };

/**
 * The garbage collector: what is owned goes when its last owner is gone (background), before its owner is gone
 * (foreground), or is let go (orphan). Owners are followed by uid, in an index kept from the store's events.
 */
export class Garbage implements Controller {
  readonly name = 'garbage-collector';
  readonly #context: ControllerContext;
  /** uid of an owner → key → where its dependent is. */
  #dependents = new Map<string, Map<string, Place>>();
  #gone: string[] = [];
  #held = new Map<string, Place>();

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  observe(event: StoreEvent): void {
    if (event.resource === 'events') return;
    const place = placeOf(event);
    const key = `${place.resource}|${place.namespace ?? ''}|${place.name}`;
    for (const owner of event.previous?.metadata.ownerReferences ?? []) this.#unlink(owner.uid, key);
    if (event.type === 'remove') {
      for (const owner of event.object.metadata.ownerReferences ?? []) this.#unlink(owner.uid, key);
      if (event.object.metadata.uid !== undefined) this.#gone.push(event.object.metadata.uid);
      this.#held.delete(key);
      return;
    }
    for (const owner of event.object.metadata.ownerReferences ?? []) {
      const known = this.#dependents.get(owner.uid) ?? new Map<string, Place>();
      known.set(key, place);
      this.#dependents.set(owner.uid, known);
    }
    if (isHeld(event.object)) this.#held.set(key, place);
  }

  reconcile(): boolean {
    const gone = this.#gone;
    this.#gone = [];
    const before = this.#context.store.revision;
    for (const uid of gone) this.#collect(uid);
    for (const place of [...this.#held.values()]) this.#release(place);
    return this.#context.store.revision !== before;
  }

  #unlink(uid: string, key: string): void {
    const known = this.#dependents.get(uid);
    known?.delete(key);
    if (known?.size === 0) this.#dependents.delete(uid);
  }

  #collect(uid: string): void {
    const { sim, store } = this.#context;
    for (const place of [...(this.#dependents.get(uid)?.values() ?? [])]) {
      const object = store.get(place.resource, place.namespace, place.name);
      if (object === undefined || object.metadata.deletionTimestamp !== undefined) continue;
      const owners = object.metadata.ownerReferences ?? [];
      const living = owners.filter((one) => one.uid !== uid && this.#lives(one.uid, one, object));
      if (living.length === 0)
        deleteObject(sim, store, place.resource, place.namespace, place.name, { propagation: 'Background' });
      else updateObject(store, place.resource, withOwners(object, living));
    }
  }

  #lives(uid: string, owner: { readonly kind: string; readonly name: string }, object: KubeObject): boolean {
    const { store } = this.#context;
    return store.resources().some((resource) =>
      [object.metadata.namespace, undefined].some((namespace) => {
        const found = store.get(resource, namespace, owner.name);
        return found !== undefined && found.metadata.uid === uid;
      }),
    );
  }

  #release(place: Place): void {
    const { sim, store } = this.#context;
    const key = `${place.resource}|${place.namespace ?? ''}|${place.name}`;
    const object = store.get(place.resource, place.namespace, place.name);
    if (object === undefined || !isHeld(object)) return void this.#held.delete(key);
    const dependents = [...(this.#dependents.get(object.metadata.uid ?? '')?.values() ?? [])];
    const finalizers = object.metadata.finalizers ?? [];
    if (finalizers.includes('orphan')) {
      for (const one of dependents) this.#letGo(one, object.metadata.uid ?? '');
      this.#unfinalize(place, object, 'orphan');
      return;
    }
    let isWaiting = false;
    for (const one of dependents) {
      const dependent = store.get(one.resource, one.namespace, one.name);
      if (dependent === undefined) continue;
      const reference = dependent.metadata.ownerReferences?.find(
        (owner) => owner.uid === object.metadata.uid,
      );
      if (reference?.blockOwnerDeletion === true) isWaiting = true;
      if (dependent.metadata.deletionTimestamp !== undefined) continue;
      deleteObject(sim, store, one.resource, one.namespace, one.name, { propagation: 'Foreground' });
    }
    if (!isWaiting) this.#unfinalize(place, object, 'foregroundDeletion');
  }

  #letGo(place: Place, uid: string): void {
    const object = this.#context.store.get(place.resource, place.namespace, place.name);
    if (object === undefined) return;
    const left = (object.metadata.ownerReferences ?? []).filter((one) => one.uid !== uid);
    updateObject(this.#context.store, place.resource, withOwners(object, left));
  }

  #unfinalize(place: Place, object: KubeObject, finalizer: string): void {
    const finalizers = (object.metadata.finalizers ?? []).filter((one) => one !== finalizer);
    const { finalizers: _, resourceVersion: __, ...rest } = object.metadata;
    const metadata = finalizers.length > 0 ? { ...rest, finalizers } : rest;
    updateObject(this.#context.store, place.resource, { ...object, metadata });
  }
}

function isHeld(object: KubeObject): boolean {
  const finalizers = object.metadata.finalizers ?? [];
  return (
    object.metadata.deletionTimestamp !== undefined &&
    (finalizers.includes('foregroundDeletion') || finalizers.includes('orphan'))
  );
}

function placeOf(event: StoreEvent): Place {
  return {
    resource: event.resource,
    namespace: event.object.metadata.namespace,
    name: event.object.metadata.name,
  };
}

function withOwners(
  object: KubeObject,
  owners: readonly NonNullable<KubeObject['metadata']['ownerReferences']>[number][],
): KubeObject {
  const { ownerReferences: _, resourceVersion: __, ...rest } = object.metadata;
  return { ...object, metadata: owners.length > 0 ? { ...rest, ownerReferences: owners } : rest };
}
