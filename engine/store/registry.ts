import type { KubeObject, ObjectMeta } from '../objects/api.ts';
import type { KindInfo } from '../objects/kinds.ts';
import type { Simulation } from '../base/simulation.ts';
import type { Store } from './store.ts';
import { NAME_ALPHABET } from '../base/random.ts';
import { alreadyExists, conflict, notFound } from '../objects/status.ts';
import { sameValue } from '../objects/equal.ts';
import { knownKind } from '../objects/kinds.ts';
import { timestamp } from '../objects/time.ts';
import { withAdmission } from './admission.ts';
import { withDefaults } from '../objects/defaults.ts';

/** What becomes of the objects that an object owns. */
export type Propagation = 'Background' | 'Foreground' | 'Orphan';

/** How to delete. Without `graceSeconds` a pod's own period applies; 0 removes it at once, as the kubelet does in the end. */
export type DeleteOptions = { readonly graceSeconds?: number; readonly propagation?: Propagation };

/** The longest name that generateName may give (apiserver's names.simpleNameGenerator). */
const GENERATED_BASE_MAX = 63 - 5;

/**
 * Completes an object as the API server does before it stores a new one: defaults, admission, metadata. Draws chance, but
 * stores nothing, so it is also what `dryRun` shows.
 */
export function prepareObject(
  sim: Simulation,
  store: Store,
  resource: string,
  object: KubeObject,
): KubeObject {
  const kind = knownKind(resource);
  const named = withDefaults(resource, {
    ...object,
    metadata: namedMeta(sim, withoutSystem(object.metadata)),
  });
  const metadata = {
    ...named.metadata,
    uid: sim.random.uuid('uid'),
    ...(kind.hasGeneration ? { generation: 1 } : {}),
    creationTimestamp: timestamp(sim.clock.nowMs),
  };
  return withAdmission(sim, store, resource, { ...named, metadata });
}

// What a client may not set on a new object.
function withoutSystem(metadata: ObjectMeta): ObjectMeta {
  const { deletionTimestamp: _, resourceVersion: __, uid: ___, generation: ____, ...rest } = metadata;
  const {
    selfLink: _____,
    deletionGracePeriodSeconds: ______,
    ...asked
  } = rest as ObjectMeta & Record<string, unknown>;
  return asked as ObjectMeta;
}

/**
 * Stores a new object with uid, creationTimestamp, generation and, where `generateName` asks for it, a suffix.
 * @throws StatusError AlreadyExists
 */
export function createObject(
  sim: Simulation,
  store: Store,
  resource: string,
  object: KubeObject,
): KubeObject {
  const complete = prepareObject(sim, store, resource, object);
  const { namespace, name } = complete.metadata;
  if (store.get(resource, namespace, name) !== undefined) throw alreadyExists(knownKind(resource), name);
  return store.put(resource, complete);
}

/**
 * What an update would store: system metadata kept, status untouched where it has its own subresource, generation raised
 * when the spec changed. @throws StatusError NotFound or Conflict
 */
export function preparedUpdate(store: Store, resource: string, object: KubeObject): KubeObject {
  const kind = knownKind(resource);
  const previous = currentOf(store, kind, object);
  const next: Record<string, unknown> = { ...object, metadata: keptMeta(previous.metadata, object.metadata) };
  if (kind.hasStatus) {
    if (previous['status'] === undefined) delete next['status'];
    else next['status'] = previous['status'];
  }
  return withGeneration(kind, previous, next as KubeObject);
}

/**
 * Stores a changed object. Nothing is committed when nothing changed. An object that waits for its deletion goes when
 * its last finalizer does.
 * @throws StatusError NotFound; Conflict when `object` carries another resourceVersion than the stored one
 */
export function updateObject(store: Store, resource: string, object: KubeObject): KubeObject {
  return commitUpdate(store, resource, preparedUpdate(store, resource, object));
}

/** What a write of the status subresource would store: all but the status stays. @throws StatusError NotFound or Conflict */
export function preparedStatus(store: Store, resource: string, object: KubeObject): KubeObject {
  const previous = currentOf(store, knownKind(resource), object);
  const { status: _, ...rest } = previous;
  return (object['status'] === undefined ? rest : { ...rest, status: object['status'] }) as KubeObject;
}

/** Stores the status of an object; the rest of `object` is ignored. @throws StatusError NotFound or Conflict */
export function updateStatus(store: Store, resource: string, object: KubeObject): KubeObject {
  return commitUpdate(store, resource, preparedStatus(store, resource, object));
}

/** Stores a prepared update unless it changes nothing; removes the object when nothing holds it back any more. */
export function commitUpdate(store: Store, resource: string, next: KubeObject): KubeObject {
  const { namespace, name } = next.metadata;
  const previous = store.get(resource, namespace, name);
  if (previous !== undefined && sameObject(previous, next)) return previous;
  const stored = store.put(resource, next);
  if (isReleased(resource, stored)) store.remove(resource, namespace, name);
  return stored;
}

/**
 * Deletes an object, or begins to: a running pod gets its grace period, an object with finalizers or a namespace a
 * deletionTimestamp. Returns the last state and whether the object is gone.
 * @throws StatusError NotFound
 */
export function deleteObject(
  sim: Simulation,
  store: Store,
  resource: string,
  namespace: string | undefined,
  name: string,
  options: DeleteOptions = {},
): { readonly object: KubeObject; readonly isGone: boolean } {
  const object = store.get(resource, namespace, name);
  if (object === undefined) throw notFound(knownKind(resource), name);
  const graceSeconds = resource === 'pods' ? podGrace(object, options.graceSeconds) : 0;
  const finalizers = finalizersFor(object, options.propagation);
  const isHeld = graceSeconds > 0 || finalizers.length > 0 || isUnfinishedNamespace(resource, object);
  if (!isHeld) return { object: store.remove(resource, namespace, name) ?? object, isGone: true };
  const marked = markDeleted(sim.clock.nowMs, resource, object, graceSeconds, finalizers);
  return { object: sameObject(object, marked) ? object : store.put(resource, marked), isGone: false };
}

function markDeleted(
  nowMs: number,
  resource: string,
  object: KubeObject,
  graceSeconds: number,
  finalizers: readonly string[],
): KubeObject {
  const { metadata } = object;
  const kept = Number(metadata['deletionGracePeriodSeconds' as keyof ObjectMeta] ?? Number.POSITIVE_INFINITY);
  const isShortened = graceSeconds < kept;
  const next = {
    ...metadata,
    ...(metadata.deletionTimestamp === undefined && metadata.generation !== undefined
      ? { generation: metadata.generation + 1 }
      : {}),
    ...(metadata.deletionTimestamp === undefined || isShortened
      ? { deletionTimestamp: timestamp(nowMs + graceSeconds * 1000) }
      : {}),
    ...(resource !== 'namespaces' && isShortened ? { deletionGracePeriodSeconds: graceSeconds } : {}),
    ...(finalizers.length > 0 ? { finalizers } : {}),
  };
  if (resource !== 'namespaces') return { ...object, metadata: next };
  return {
    ...object,
    metadata: next,
    status: { ...(object['status'] as object | undefined), phase: 'Terminating' },
  };
}

// pkg/registry/core/pod/strategy.go, CheckGracefulDelete.
function podGrace(pod: KubeObject, asked: number | undefined): number {
  const spec = pod['spec'] as { nodeName?: string; terminationGracePeriodSeconds?: number } | undefined;
  const phase = (pod['status'] as { phase?: string } | undefined)?.phase;
  if (!spec?.nodeName || phase === 'Failed' || phase === 'Succeeded') return 0;
  const grace = asked ?? spec.terminationGracePeriodSeconds ?? 30;
  return grace < 0 ? 1 : grace;
}

function finalizersFor(object: KubeObject, propagation: Propagation | undefined): readonly string[] {
  const present = object.metadata.finalizers ?? [];
  if (propagation === undefined) return present;
  const others = present.filter((finalizer) => finalizer !== 'foregroundDeletion' && finalizer !== 'orphan');
  if (propagation === 'Foreground') return [...others, 'foregroundDeletion'];
  return propagation === 'Orphan' ? [...others, 'orphan'] : others;
}

function isUnfinishedNamespace(resource: string, object: KubeObject): boolean {
  if (resource !== 'namespaces') return false;
  return ((object['spec'] as { finalizers?: readonly string[] } | undefined)?.finalizers ?? []).length > 0;
}

function isReleased(resource: string, object: KubeObject): boolean {
  if (object.metadata.deletionTimestamp === undefined || (object.metadata.finalizers ?? []).length > 0)
    return false;
  // A terminating pod waits for its kubelet, a namespace for its controller.
  return resource === 'namespaces' ? !isUnfinishedNamespace(resource, object) : !isInGrace(object);
}

function isInGrace(object: KubeObject): boolean {
  return (
    Number((object.metadata as { deletionGracePeriodSeconds?: number }).deletionGracePeriodSeconds ?? 0) > 0
  );
}

function currentOf(store: Store, kind: KindInfo, object: KubeObject): KubeObject {
  const { namespace, name, resourceVersion, uid } = object.metadata;
  const previous = store.get(kind.resource, namespace, name);
  if (previous === undefined) throw notFound(kind, name);
  const before = previous.metadata;
  if (uid !== undefined && uid !== '' && uid !== before.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.uid}`;
    throw conflict(kind, name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== before.resourceVersion) {
    throw conflict(kind, name);
  }
  return previous;
}

function keptMeta(before: ObjectMeta, after: ObjectMeta): ObjectMeta {
  const {
    resourceVersion: _,
    deletionTimestamp: __,
    generation: ___,
    ...asked
  } = after as ObjectMeta & Record<string, unknown>;
  delete (asked as Record<string, unknown>)['deletionGracePeriodSeconds'];
  const kept: Record<string, unknown> = { ...asked };
  const system = [
    'uid',
    'resourceVersion',
    'generation',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ];
  const source = before as unknown as Record<string, unknown>;
  for (const field of [...system, 'generateName'])
    if (source[field] !== undefined) kept[field] = source[field];
  return kept as ObjectMeta;
}

function withGeneration(kind: KindInfo, previous: KubeObject, next: KubeObject): KubeObject {
  if (!kind.hasGeneration || previous.metadata.generation === undefined) return next;
  if (sameValue(specOf(kind, previous), specOf(kind, next))) return next;
  return { ...next, metadata: { ...next.metadata, generation: previous.metadata.generation + 1 } };
}

// A custom resource without a status subresource counts its status as spec, a Deployment its annotations
// (registry/apps/deployment/strategy.go, PrepareForUpdate).
function specOf(kind: KindInfo, object: KubeObject): unknown {
  const { metadata, status, ...rest } = object;
  if (kind.kind === 'Deployment') return { ...rest, of: metadata.annotations ?? {} };
  return kind.isCustom && !kind.hasStatus ? { ...rest, status } : rest;
}

/** True when two states of an object differ in nothing but their resourceVersion. */
export function sameObject(a: KubeObject, b: KubeObject): boolean {
  const { resourceVersion: _, ...left } = a.metadata;
  const { resourceVersion: __, ...right } = b.metadata;
  return sameValue({ ...a, metadata: left }, { ...b, metadata: right });
}

function namedMeta(sim: Simulation, metadata: ObjectMeta): ObjectMeta {
  if (metadata.name || !metadata.generateName) return metadata;
  const suffix = sim.random.text('name', NAME_ALPHABET, 5);
  return { ...metadata, name: metadata.generateName.slice(0, GENERATED_BASE_MAX) + suffix };
}
