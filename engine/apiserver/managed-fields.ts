import type { FieldSet } from './field-sets.ts';
import type { KubeObject } from '../objects/api.ts';
import type { ObjectRequest } from './request.ts';
import type { Server } from './server.ts';
import { changedFields, difference, schemaOf, union } from './field-sets.ts';
import { encodeStruct } from '../objects/decode.ts';
import { sameValue } from '../objects/equal.ts';
import { structOfKind } from '../objects/types.ts';
import { timestamp } from '../objects/time.ts';

/** Who owns which fields of an object, as `metadata.managedFields` lists it. */
export type ManagedFields = {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly time?: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: FieldSet;
  readonly subresource?: string;
};

// Fields of the system, which nobody owns.
const UNOWNED: FieldSet = {
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': {
    ...Object.fromEntries(
      [
        'name',
        'namespace',
        'creationTimestamp',
        'selfLink',
        'uid',
        'clusterName',
        'generation',
        'managedFields',
        'resourceVersion',
      ].map((name) => [`f:${name}`, {}]),
    ),
    'f:deletionTimestamp': {},
    'f:deletionGracePeriodSeconds': {},
  },
};

/** The entries of an object. */
export function managedFieldsOf(object: KubeObject | undefined): readonly ManagedFields[] {
  const entries = (object?.metadata as { managedFields?: readonly ManagedFields[] } | undefined)
    ?.managedFields;
  return Array.isArray(entries) ? entries.filter((entry) => entry.fieldsV1 !== undefined) : [];
}

/** The object with these entries, or with none at all. */
export function withManagedFields(object: KubeObject, entries: readonly ManagedFields[]): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata as KubeObject['metadata'] & {
    managedFields?: unknown;
  };
  const next = entries.length === 0 ? metadata : { ...metadata, managedFields: sorted(entries) };
  return { ...object, metadata: next };
}

/** The name under which a request changes fields: its `fieldManager`, else the client's program. */
export function managerOf(request: ObjectRequest): string {
  return request.query.text('fieldManager') || (request.userAgent.split('/')[0] ?? '') || 'unknown';
}

/** The object with `metadata.managedFields` brought up to date for a write: who changes a field owns it. */
export function tracked(
  server: Server,
  request: ObjectRequest,
  previous: KubeObject | undefined,
  next: KubeObject,
): KubeObject {
  if (request.applyClaim !== undefined)
    return withManagedFields(next, settledTimes(request.applyClaim, previous));
  const base = previous ?? emptyObject(next);
  const struct = structOfKind(next.apiVersion, next.kind);
  const schema = schemaOf(struct);
  const [before, after] = [ownable(base, request), ownable(next, request)];
  const changed = changedFields(before, after, schema);
  const gone = previous === undefined ? undefined : changedFields(after, before, schema);
  const owned = changed === undefined ? undefined : difference(changed, UNOWNED);
  if (owned === undefined && gone === undefined) return withManagedFields(next, managedFieldsOf(previous));
  const mine = {
    manager: managerOf(request),
    operation: 'Update' as const,
    apiVersion: next.apiVersion,
    subresource: request.subresource,
  };
  const entries = managedFieldsOf(previous).flatMap((entry): ManagedFields[] => {
    const lost = gone === undefined ? entry.fieldsV1 : difference(entry.fieldsV1, gone);
    const rest =
      owned === undefined || lost === undefined || isSame(entry, mine) ? lost : difference(lost, owned);
    return rest === undefined ? [] : [{ ...entry, fieldsV1: rest }];
  });
  if (owned === undefined) return withManagedFields(next, entries);
  const known = entries.find((entry) => isSame(entry, mine));
  const fresh: ManagedFields = {
    manager: mine.manager,
    operation: 'Update',
    apiVersion: mine.apiVersion,
    time: timestamp(server.sim.clock.nowMs),
    fieldsType: 'FieldsV1',
    fieldsV1: known === undefined ? owned : union(known.fieldsV1, owned),
    ...(mine.subresource === undefined ? {} : { subresource: mine.subresource }),
  };
  return withManagedFields(next, [...entries.filter((entry) => entry !== known), fresh]);
}

// What an object of this kind is before anybody wrote to it: the zero value in Go's encoding.
function emptyObject(object: KubeObject): unknown {
  const { kind, apiVersion } = object;
  const struct = structOfKind(apiVersion, kind);
  return struct === undefined
    ? { kind, apiVersion, metadata: { creationTimestamp: null } }
    : encodeStruct<unknown>({ kind, apiVersion }, struct);
}

// Status belongs to its subresource, everything else does not.
function ownable(object: unknown, request: ObjectRequest): unknown {
  const { status, ...rest } = object as Record<string, unknown>;
  if (!request.kind.hasStatus) return object;
  // A namespace's spec holds nothing but the system's finalizers.
  if (request.kind.resource === 'namespaces') return { metadata: rest['metadata'] };
  return request.subresource === 'status' ? { status } : rest;
}

function isSame(
  entry: ManagedFields,
  mine: { manager: string; operation: string; apiVersion: string; subresource: string | undefined },
): boolean {
  return (
    entry.manager === mine.manager &&
    entry.operation === mine.operation &&
    entry.apiVersion === mine.apiVersion &&
    entry.subresource === mine.subresource
  );
}

function sorted(entries: readonly ManagedFields[]): readonly ManagedFields[] {
  const key = (entry: ManagedFields) =>
    `${entry.operation}\n${entry.time ?? ''}\n${entry.manager}\n${entry.subresource ?? ''}`;
  return [...entries].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

// An apply that owns what it owned before keeps its time, so that it changes nothing.
function settledTimes(
  claim: readonly ManagedFields[],
  previous: KubeObject | undefined,
): readonly ManagedFields[] {
  return claim.map((entry) => {
    const known = managedFieldsOf(previous).find(
      (one) => one.manager === entry.manager && one.operation === entry.operation,
    );
    return known !== undefined && sameValue(known.fieldsV1, entry.fieldsV1) ? known : entry;
  });
}
