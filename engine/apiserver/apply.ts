import type { FieldSet } from './field-sets.ts';
import type { JsonObject } from '../base/json.ts';
import type { KubeObject, KubeResponse } from '../objects/api.ts';
import type { ManagedFields } from './managed-fields.ts';
import type { ObjectRequest } from './request.ts';
import type { Server } from './server.ts';
import { StatusError, badRequest, invalid, required } from '../objects/status.ts';
import { answer, createdObject, inNamespace, updatedObject } from './write.ts';
import { applyMergePatch, thawed } from '../base/json.ts';
import { applyStrategicPatch } from '../objects/merge-patch.ts';
import {
  changedFields,
  commonLeaves,
  difference,
  namedFields,
  pathText,
  removeFields,
  schemaOf,
} from './field-sets.ts';
import { decodeObject, plainBody, settleUnknown } from './decode-body.ts';
import { isJsonObject } from '../base/json.ts';
import { managedFieldsOf, managerOf } from './managed-fields.ts';
import { served } from './shape.ts';
import { structOfKind } from '../objects/types.ts';
import { timestamp } from '../objects/time.ts';

/**
 * Server-side apply: creates the object, or merges the applied fields into it. A field that another manager owns with
 * another value is a conflict unless `force` is set; fields that this manager applied before and no longer names go.
 */
export function applyServerSide(server: Server, request: ObjectRequest): KubeResponse {
  if (request.query.text('fieldManager') === '') {
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      required('fieldManager', 'is required for apply patch'),
    ]);
  }
  const { kind, name = '', namespace } = request;
  const applied = appliedObject(server, request);
  const set = ownedBy(applied, kind);
  const previous = server.store.get(kind.resource, namespace, name);
  if (previous === undefined) {
    const claim = claimOf(server, request, set);
    return answer(
      server,
      { ...request, applyClaim: [claim] },
      201,
      createdObject(server, { ...request, applyClaim: [claim] }, applied),
    );
  }
  const next = merged(previous, applied, set, request);
  const others = othersAfter(previous, applied, set, request);
  const asked = { ...request, applyClaim: [...others, claimOf(server, request, set)] };
  return answer(server, asked, 200, updatedObject(server, asked, next));
}

function appliedObject(server: Server, request: ObjectRequest): KubeObject {
  const { kind, name = '' } = request;
  const body = plainBody(request);
  if (!isJsonObject(body))
    throw badRequest(
      'error decoding YAML: json: cannot unmarshal string into Go value of type map[string]interface {}',
    );
  const decoded = typedObject(body, request);
  settleUnknown(server, request, decoded.unknown, (why) =>
    badRequest(`${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${why}`),
  );
  const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {};
  if (metadata['managedFields'] !== undefined) throw badRequest('metadata.managedFields must be nil');
  const named = {
    ...body,
    kind: kind.kind,
    apiVersion: kind.apiVersion,
    metadata: { ...metadata, name: metadata['name'] ?? name },
  };
  return inNamespace(request, named as unknown as KubeObject);
}

/** Decodes what is applied; of a built-in kind, faults are told in the words of the typed merge (structured-merge-diff). */
function typedObject(body: JsonObject, request: ObjectRequest): ReturnType<typeof decodeObject> {
  const { kind, name = '', namespace } = request;
  const fault = (texts: readonly string[]): StatusError => {
    const list =
      texts.length === 1 ? (texts[0] ?? '') : ['errors:', ...texts.map((text) => `  ${text}`)].join('\n');
    const place = namespace === undefined ? `/${name}` : `${namespace}/${name}`;
    return new StatusError(
      500,
      '',
      `failed to create typed patch object (${place}; ${kind.apiVersion}, Kind=${kind.kind}): ${list}`,
    );
  };
  if (structOfKind(kind.apiVersion, kind.kind) === undefined) return decodeObject(body, kind);
  let decoded: ReturnType<typeof decodeObject>;
  try {
    decoded = decodeObject(body, kind);
  } catch (error) {
    const text = error instanceof StatusError ? typedText(error.message) : undefined;
    throw text === undefined ? error : fault([text]);
  }
  if (decoded.unknown.length > 0)
    throw fault(decoded.unknown.map((path) => `.${path}: field not declared in schema`));
  return decoded;
}

// Go's word for what was found, and the field behind the name of its struct.
function typedText(message: string): string | undefined {
  const [, found = '', path = '', type = ''] =
    /json: cannot unmarshal (\w+) into Go struct field \w+\.(\S+) of type (\S+)$/.exec(message) ?? [];
  if (path === '') return undefined;
  const kinds: Readonly<Record<string, string>> = {
    array: '[]interface {}',
    object: 'map[string]interface {}',
    number: 'int64',
  };
  const shown = Object.hasOwn(kinds, found) ? kinds[found] : found;
  if (/^(u?int\d*|float\d+)$/.test(type)) return `.${path}: expected numeric (int or float), got ${shown}`;
  if (type === 'bool') return `.${path}: expected boolean, got ${shown}`;
  if (type === 'string') return `.${path}: expected string, got ${shown}`;
  if (type.startsWith('[]')) return `.${path}: expected list, got ${shown}`;
  return `.${path}: expected map, got ${shown}`;
}

// The system's fields belong to nobody.
function ownedBy(applied: KubeObject, kind: ObjectRequest['kind']): FieldSet {
  const {
    name: _,
    namespace: __,
    creationTimestamp: ___,
    resourceVersion: ____,
    uid: _____,
    ...metadata
  } = applied.metadata;
  const { kind: ______, apiVersion: _______, status, ...rest } = applied;
  const plain = { ...rest, ...(kind.hasStatus ? {} : { status }), metadata };
  const set = namedFields(
    JSON.parse(JSON.stringify(plain)),
    schemaOf(structOfKind(applied.apiVersion, applied.kind)),
  );
  const meta = set['f:metadata'];
  if (meta === undefined || Object.keys(meta).length > 0) return set;
  const { 'f:metadata': ________, ...others } = set;
  return others;
}

function claimOf(server: Server, request: ObjectRequest, set: FieldSet): ManagedFields {
  return {
    manager: managerOf(request),
    operation: 'Apply',
    apiVersion: request.kind.apiVersion,
    time: timestamp(server.sim.clock.nowMs),
    fieldsType: 'FieldsV1',
    fieldsV1: set,
    ...(request.subresource === undefined ? {} : { subresource: request.subresource }),
  };
}

function isMine(entry: ManagedFields, request: ObjectRequest): boolean {
  return (
    entry.operation === 'Apply' &&
    entry.manager === managerOf(request) &&
    entry.subresource === request.subresource
  );
}

// The entries of the others; what they lose by force is gone from them. @throws StatusError Conflict
/**
 * True for a field that kubectl itself set by client-side apply and nobody changed since: `kubectl apply --server-side` takes
 * it over without a conflict (fieldmanager's lastappliedmanager.go).
 */
function isUpgrade(previous: KubeObject, request: ObjectRequest, path: readonly string[]): boolean {
  if (request.query.text('fieldManager') !== 'kubectl') return false;
  const text = previous.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'];
  if (text === undefined) return false;
  let last: unknown;
  try {
    last = JSON.parse(text);
  } catch {
    return false;
  }
  const [was, is] = [valueAt(last, path), valueAt(previous, path)];
  return was !== undefined && JSON.stringify(was) === JSON.stringify(is);
}

// Follows a path of a field set (`f:spec`, `k:{"name":"web"}`) into a plain value.
function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const part of path) {
    if (part.startsWith('f:')) {
      const name = part.slice(2);
      value = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    } else if (part.startsWith('k:') && Array.isArray(value)) {
      const keys = Object.entries(JSON.parse(part.slice(2)) as Record<string, unknown>);
      value = value.find((item) => isJsonObject(item) && keys.every(([key, wanted]) => item[key] === wanted));
    } else return undefined;
  }
  return value;
}

function othersAfter(
  previous: KubeObject,
  applied: KubeObject,
  set: FieldSet,
  request: ObjectRequest,
): readonly ManagedFields[] {
  const others = managedFieldsOf(previous).filter((entry) => !isMine(entry, request));
  const struct = structOfKind(applied.apiVersion, applied.kind);
  const changed =
    changedFields(
      served(request.kind, previous),
      mergedObject(previous, applied, request),
      schemaOf(struct),
    ) ?? {};
  const conflicts = others.flatMap((entry) =>
    commonLeaves(entry.fieldsV1, changed)
      .filter((path) => commonLeaves(set, nested(path)).length > 0)
      .filter((path) => !isUpgrade(previous, request, path))
      .map((path) => ({ entry, path })),
  );
  if (conflicts.length > 0 && !request.query.isTrue('force')) throw conflictError(conflicts);
  return others.flatMap((entry) => {
    const rest = conflicts.length === 0 ? entry.fieldsV1 : difference(entry.fieldsV1, changed);
    return rest === undefined ? [] : [{ ...entry, fieldsV1: rest }];
  });
}

function nested(path: readonly string[]): FieldSet {
  return path.reduceRight<FieldSet>((inner, step) => ({ [step]: inner }), {});
}

type Conflict = { readonly entry: ManagedFields; readonly path: readonly string[] };

function conflictError(conflicts: readonly Conflict[]): StatusError {
  const who = ({ entry }: Conflict) => {
    const sub =
      entry.subresource === undefined ? '' : ` with subresource ${JSON.stringify(entry.subresource)}`;
    return (
      JSON.stringify(entry.manager) + sub + (entry.operation === 'Update' ? ` using ${entry.apiVersion}` : '')
    );
  };
  const causes = conflicts.map((conflict) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${who(conflict)}`,
    field: pathText(conflict.path),
  }));
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    const message = `Apply failed with 1 conflict: conflict with ${who(first)}: ${pathText(first.path)}`;
    return new StatusError(409, 'Conflict', message, { causes });
  }
  const managers = [...new Set(conflicts.map(who))].sort();
  const lines = managers.flatMap((manager) => [
    `conflicts with ${manager}:`,
    ...conflicts
      .filter((conflict) => who(conflict) === manager)
      .map((conflict) => `- ${pathText(conflict.path)}`),
  ]);
  return new StatusError(
    409,
    'Conflict',
    `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`,
    { causes },
  );
}

function mergedObject(previous: KubeObject, applied: KubeObject, request: ObjectRequest): KubeObject {
  const base = served(request.kind, previous);
  const struct = structOfKind(applied.apiVersion, applied.kind);
  return (
    struct === undefined
      ? applyMergePatch(base, applied as JsonObject)
      : applyStrategicPatch(base, applied, struct)
  ) as KubeObject;
}

function merged(
  previous: KubeObject,
  applied: KubeObject,
  set: FieldSet,
  request: ObjectRequest,
): KubeObject {
  const mine = managedFieldsOf(previous).find((entry) => isMine(entry, request));
  const next = thawed(mergedObject(previous, applied, request));
  if (mine !== undefined) {
    let dropped = difference(mine.fieldsV1, set);
    for (const entry of managedFieldsOf(previous)) {
      if (entry !== mine && dropped !== undefined) dropped = difference(dropped, entry.fieldsV1);
    }
    if (dropped !== undefined) removeFields(next, dropped);
  }
  return decodeObject(next, request.kind).object;
}
