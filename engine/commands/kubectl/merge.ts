import type { Json, JsonObject } from '../../base/json.ts';
import { applyMergePatch, canonicalJson, isJsonObject } from '../../base/json.ts';
import { byText } from '../../base/order.ts';
import { goMap } from '../../objects/go-syntax.ts';
import { applyJsonPatch, PatchError } from '../../objects/json-patch.ts';
import { applyStrategicPatch } from '../../objects/merge-patch.ts';
import { StatusError } from '../../objects/status.ts';
import type { FieldType, StructType, TypeRef } from '../../objects/types.ts';
import { structNamed } from '../../objects/types.ts';
import { CommandError } from './errors.ts';

/** The annotation that holds what was last applied. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

type Members = Record<string, Json | undefined>;

function same(a: Json | undefined, b: Json | undefined): boolean {
  return canonicalJson(a ?? null) === canonicalJson(b ?? null);
}

function membersOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

/**
 * The JSON merge patch of an apply on a custom resource: what `modified` changes in `current`, and nulls for what was
 * in `original` and is no longer wanted (jsonmergepatch.CreateThreeWayJSONMergePatch).
 */
export function jsonThreeWayPatch(
  original: JsonObject,
  modified: JsonObject,
  current: JsonObject,
): JsonObject {
  return mergeObjects(jsonDeletions(original, modified), jsonChanges(current, modified));
}

function jsonChanges(current: JsonObject, modified: JsonObject): JsonObject {
  const out: Members = {};
  for (const [key, wanted] of Object.entries(modified)) {
    const now = current[key];
    if (isJsonObject(wanted) && isJsonObject(now)) {
      const inner = jsonChanges(now, wanted);
      if (Object.keys(inner).length > 0) out[key] = inner;
    } else if (!same(now, wanted)) out[key] = wanted;
  }
  return out;
}

function jsonDeletions(original: JsonObject, modified: JsonObject): JsonObject {
  const out: Members = {};
  for (const [key, was] of Object.entries(original)) {
    const wanted = modified[key];
    if (wanted === undefined) out[key] = null;
    else if (isJsonObject(was) && isJsonObject(wanted)) {
      const inner = jsonDeletions(was, wanted);
      if (Object.keys(inner).length > 0) out[key] = inner;
    }
  }
  return out;
}

function mergeObjects(a: JsonObject, b: JsonObject): JsonObject {
  const out: Members = { ...a };
  for (const [key, member] of Object.entries(b)) {
    const own = out[key];
    out[key] = isJsonObject(own) && isJsonObject(member) ? mergeObjects(own, member) : member;
  }
  return out;
}

/** The JSON merge patch from one object to another (jsonpatch.CreateMergePatch). */
export function jsonMergePatch(from: JsonObject, to: JsonObject): JsonObject {
  const out: Members = {};
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [was, wanted] = [from[key], to[key]];
    if (wanted === undefined) out[key] = null;
    else if (isJsonObject(was) && isJsonObject(wanted)) {
      const inner = jsonMergePatch(was, wanted);
      if (Object.keys(inner).length > 0) out[key] = inner;
    } else if (!same(was, wanted)) out[key] = wanted;
  }
  return out;
}

/** A patch that cannot be made from what the file holds. */
export class PatchFault extends Error {
  override readonly name = 'PatchFault';
}

/** Which halves of a difference a strategic patch holds. */
type Halves = { readonly hasChanges: boolean; readonly hasDeletions: boolean };

/** The strategic merge patch of an apply on a built-in kind (strategicpatch.CreateThreeWayMergePatch). */
export function strategicThreeWayPatch(
  original: JsonObject,
  modified: JsonObject,
  current: JsonObject,
  struct: StructType,
): JsonObject {
  const changes = diffObjects(current, modified, struct, { hasChanges: true, hasDeletions: false });
  const deletions = diffObjects(original, modified, struct, { hasChanges: false, hasDeletions: true });
  return joinPatches(deletions, changes, struct);
}

/** The strategic merge patch from one object to another. */
export function strategicPatch(from: JsonObject, to: JsonObject, struct: StructType): JsonObject {
  return diffObjects(from, to, struct, { hasChanges: true, hasDeletions: true });
}

function fieldOf(struct: StructType | undefined, key: string): FieldType | undefined {
  return struct?.byJson.get(key);
}

function structOf(type: TypeRef | undefined): StructType | undefined {
  if (type === undefined) return undefined;
  if (type.kind === 'struct') return structNamed(type.name);
  return type.kind === 'pointer' ? structOf(type.to) : undefined;
}

function itemType(type: TypeRef | undefined): TypeRef | undefined {
  if (type === undefined) return undefined;
  if (type.kind === 'pointer') return itemType(type.to);
  return type.kind === 'list' || type.kind === 'map' ? type.of : undefined;
}

function diffObjects(
  from: JsonObject,
  to: JsonObject,
  struct: StructType | undefined,
  halves: Halves,
  mapItem?: TypeRef,
): JsonObject {
  const out: Members = {};
  for (const [key, wanted] of Object.entries(to)) {
    if (wanted === undefined) continue;
    const was = from[key];
    const field = fieldOf(struct, key);
    const type = field?.type ?? mapItem;
    if (was === undefined) {
      if (halves.hasChanges) out[key] = wanted;
      continue;
    }
    if (isJsonObject(was) && isJsonObject(wanted)) {
      const inner: Members = { ...diffObjects(was, wanted, structOf(type), halves, itemType(type)) };
      if (Object.keys(inner).length > 0) {
        if (field?.isRetainKeys === true && halves.hasChanges) inner.$retainKeys = Object.keys(wanted).sort();
        out[key] = inner;
      }
      continue;
    }
    if (Array.isArray(was) && Array.isArray(wanted) && field?.mergeKey !== undefined) {
      diffList(out, key, was as readonly Json[], wanted as readonly Json[], field, halves);
      continue;
    }
    if (halves.hasChanges && !same(was, wanted)) out[key] = wanted;
  }
  if (halves.hasDeletions)
    for (const key of Object.keys(from))
      if (to[key] === undefined && from[key] !== undefined) out[key] = null;
  return out;
}

function diffList(
  out: Members,
  key: string,
  was: readonly Json[],
  wanted: readonly Json[],
  field: FieldType,
  halves: Halves,
): void {
  const mergeKey = field.mergeKey ?? '';
  if (was.length === 0) {
    if (wanted.length > 0 && halves.hasChanges) out[key] = wanted;
    return;
  }
  if (mergeKey === '') {
    const added = wanted.filter((item) => !was.some((one) => same(one, item)));
    const removed = was.filter((item) => !wanted.some((one) => same(one, item)));
    if (halves.hasDeletions && removed.length > 0) out[`$deleteFromPrimitiveList/${key}`] = removed;
    if (halves.hasChanges && added.length > 0) out[key] = added;
    if (halves.hasChanges && ((halves.hasDeletions && removed.length > 0) || !same(was, wanted)))
      out[`$setElementOrder/${key}`] = wanted;
    return;
  }
  const struct = structOf(itemType(field.type));
  const bare = [...was, ...wanted].find((item) => isJsonObject(item) && item[mergeKey] === undefined);
  if (bare !== undefined)
    throw new PatchFault(`map: ${goMap(bare)} does not contain declared merge key: ${mergeKey}`);
  const keyOf = (item: Json): Json | undefined => (isJsonObject(item) ? item[mergeKey] : undefined);
  const patches = diffItems(was, wanted, mergeKey, struct, halves);
  const order = (items: readonly Json[]): Json[] => items.map((item) => ({ [mergeKey]: keyOf(item) }));
  // The order is told whenever there is any difference, also one that only the live list has: a Pod with mounts of its own,
  // to which the server added one, is `configured` at each apply (strategicpatch.diffLists).
  if (halves.hasChanges && wanted.length > 0 && (patches.length > 0 || !same(order(was), order(wanted))))
    out[`$setElementOrder/${key}`] = order(wanted);
  if (patches.length > 0) out[key] = patches;
}

// Both lists are walked by key, item by item: a second item of one key has no partner, and is added or deleted. Go's sort
// turns items of one key round, as its comparison calls equal keys less (strategicpatch.diffListsOfMaps).
function diffItems(
  was: readonly Json[],
  wanted: readonly Json[],
  mergeKey: string,
  struct: StructType | undefined,
  halves: Halves,
): Json[] {
  const keyOf = (item: Json | undefined) => String(membersOf(item)[mergeKey]);
  const sorted = (items: readonly Json[]) => [...items].reverse().sort((a, b) => byText(keyOf(a), keyOf(b)));
  const [left, right] = [sorted(was), sorted(wanted)];
  const patches: Json[] = [];
  const deletions: Json[] = [];
  for (let i = 0, j = 0; i < left.length || j < right.length; ) {
    const [own, item] = [left[i], right[j]];
    const turn = own === undefined ? 1 : item === undefined ? -1 : byText(keyOf(own), keyOf(item));
    if (turn <= 0) i++;
    if (turn >= 0) j++;
    if (turn < 0 && halves.hasDeletions)
      deletions.push({ $patch: 'delete', [mergeKey]: membersOf(own)[mergeKey] });
    if (turn > 0 && halves.hasChanges) patches.push(item ?? null);
    if (turn !== 0) continue;
    const inner = diffObjects(membersOf(own), membersOf(item), struct, halves);
    if (Object.keys(inner).length > 0) patches.push({ ...inner, [mergeKey]: membersOf(item)[mergeKey] });
  }
  const places = wanted.map(keyOf);
  patches.sort((a, b) => places.indexOf(keyOf(a)) - places.indexOf(keyOf(b)));
  return [...patches, ...deletions];
}

/** Joins the deletions of a patch with its changes; lists of structs are joined by their key. */
function joinPatches(deletions: JsonObject, changes: JsonObject, struct: StructType | undefined): JsonObject {
  const out: Members = { ...deletions };
  for (const [key, change] of Object.entries(changes)) {
    const own = out[key];
    const field = fieldOf(struct, key);
    if (isJsonObject(own) && isJsonObject(change)) out[key] = joinPatches(own, change, structOf(field?.type));
    else if (Array.isArray(own) && Array.isArray(change) && field?.mergeKey)
      out[key] = joinLists(
        own as readonly Json[],
        change as readonly Json[],
        field.mergeKey,
        structOf(itemType(field.type)),
      );
    else out[key] = change;
  }
  return out;
}

function joinLists(
  deletions: readonly Json[],
  changes: readonly Json[],
  mergeKey: string,
  struct: StructType | undefined,
): Json {
  const keyOf = (item: Json): Json | undefined => (isJsonObject(item) ? item[mergeKey] : undefined);
  const rest = [...deletions];
  const out = new Map<string, Json>();
  for (const change of changes) {
    const key = String(keyOf(change));
    const at = out.has(key) ? -1 : rest.findIndex((one) => String(keyOf(one)) === key);
    const own = out.get(key) ?? (at < 0 ? undefined : rest.splice(at, 1)[0]);
    out.set(key, isJsonObject(own) && isJsonObject(change) ? joinPatches(own, change, struct) : change);
  }
  return [...out.values(), ...rest];
}

/**
 * What a patch makes of an object without a server; a strategic one of a kind without a struct is merged as JSON.
 * @throws CommandError
 */
export function patchedHere(
  object: JsonObject,
  type: string,
  body: Json,
  struct: StructType | undefined,
): JsonObject {
  try {
    const patched =
      type === 'json'
        ? applyJsonPatch(object, Array.isArray(body) ? body : [])
        : type === 'strategic' && struct !== undefined
          ? applyStrategicPatch(object, body, struct)
          : applyMergePatch(object, body);
    return patched as JsonObject;
  } catch (error) {
    if (error instanceof PatchError || error instanceof StatusError) throw new CommandError(error.message);
    throw error;
  }
}
