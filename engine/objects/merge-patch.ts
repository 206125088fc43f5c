import type { FieldType, StructType } from './types.ts';
import { badRequest } from './status.ts';
import { isJsonObject } from '../base/json.ts';
import { structNamed } from './types.ts';
import { goMap } from './go-syntax.ts';

type Plain = Record<string, unknown>;

/**
 * Applies a strategic merge patch to an object of a built-in kind: lists with a merge key merge by it, and the directives
 * `$patch`, `$deleteFromPrimitiveList/…`, `$setElementOrder/…` and `$retainKeys` are honoured.
 * @throws StatusError BadRequest for an item without its merge key
 */
export function applyStrategicPatch(target: unknown, patch: unknown, struct: StructType): unknown {
  return mergeStruct(
    isJsonObject(target) ? (target as Plain) : {},
    isJsonObject(patch) ? (patch as Plain) : {},
    struct,
  );
}

function mergeStruct(target: Plain, patch: Plain, struct: StructType | undefined): unknown {
  if (patch['$patch'] === 'replace') return withoutDirectives(patch);
  if (patch['$patch'] === 'delete') return {};
  const merged: Plain = { ...target };
  const retained = patch['$retainKeys'];
  if (Array.isArray(retained)) {
    for (const key of Object.keys(merged)) if (!retained.includes(key)) delete merged[key];
  }
  for (const key of Object.keys(patch)) {
    if (
      key === '__proto__' ||
      key === '$patch' ||
      key === '$retainKeys' ||
      key.startsWith('$setElementOrder/')
    )
      continue;
    if (key.startsWith('$deleteFromPrimitiveList/')) {
      removePrimitives(merged, key.slice('$deleteFromPrimitiveList/'.length), patch[key]);
      continue;
    }
    const value = patch[key];
    if (value === null) delete merged[key];
    else
      merged[key] = mergeMember(
        Object.hasOwn(merged, key) ? merged[key] : undefined,
        value,
        struct?.byJson.get(key),
      );
  }
  for (const key of Object.keys(patch)) {
    const name = key.startsWith('$setElementOrder/') ? key.slice('$setElementOrder/'.length) : key;
    if (name === key && patch[`$setElementOrder/${key}`] !== undefined) continue;
    orderList(merged, name, target[name], patch[key], struct);
  }
  return merged;
}

function mergeMember(before: unknown, value: unknown, field: FieldType | undefined): unknown {
  if (Array.isArray(value)) {
    if (field?.mergeKey === undefined || hasReplace(value)) return replaced(value, field);
    const list = Array.isArray(before) ? before : [];
    if (field.mergeKey === '') return mergePrimitives(list, value);
    return mergeList(list, value, field.mergeKey, itemStruct(field));
  }
  if (!isJsonObject(value)) return value;
  return mergeStruct(isJsonObject(before) ? (before as Plain) : {}, value as Plain, memberStruct(field));
}

function replaced(value: readonly unknown[], field: FieldType | undefined): unknown {
  const struct = field === undefined ? undefined : itemStruct(field);
  return value
    .filter((item) => !(isJsonObject(item) && Object.keys(item).length === 1 && item['$patch'] !== undefined))
    .map((item) => (isJsonObject(item) ? mergeStruct({}, item as Plain, struct) : item));
}

function hasReplace(value: readonly unknown[]): boolean {
  return value.some((item) => isJsonObject(item) && item['$patch'] === 'replace');
}

function mergeList(
  before: readonly unknown[],
  patch: readonly unknown[],
  mergeKey: string,
  struct: StructType | undefined,
): unknown[] {
  const merged = [...before];
  const isDelete = (item: unknown) => isJsonObject(item) && item['$patch'] === 'delete';
  // Deletions come first, whatever their place (strategicpatch mergeSliceWithSpecialElements).
  for (const item of [...patch.filter(isDelete), ...patch.filter((one) => !isDelete(one))]) {
    if (!isJsonObject(item)) continue;
    const key = item[mergeKey];
    if (key === undefined) {
      throw badRequest(`map: ${goMap(item)} does not contain declared merge key: ${mergeKey}`);
    }
    const at = merged.findIndex((old) => isJsonObject(old) && old[mergeKey] === key);
    if (isDelete(item)) {
      if (at >= 0) merged.splice(at, 1);
    } else if (at >= 0) merged[at] = mergeStruct(merged[at] as Plain, item as Plain, struct);
    else merged.push(mergeStruct({}, item as Plain, struct));
  }
  return merged;
}

function mergePrimitives(before: readonly unknown[], patch: readonly unknown[]): unknown[] {
  return [...before, ...patch.filter((item) => !before.includes(item))];
}

function removePrimitives(merged: Plain, name: string, items: unknown): void {
  const list = Object.hasOwn(merged, name) ? merged[name] : undefined;
  if (Array.isArray(list) && Array.isArray(items))
    merged[name] = list.filter((item) => !items.includes(item));
}

/**
 * Puts a merged list in order: the items that the patch names (or its `$setElementOrder`) in that order, the others between
 * them as the live list had them (strategicpatch normalizeElementOrder, mergeSortedSlice).
 */
function orderList(
  merged: Plain,
  name: string,
  live: unknown,
  order: unknown,
  struct: StructType | undefined,
): void {
  const list = Object.hasOwn(merged, name) ? merged[name] : undefined;
  const mergeKey = struct?.byJson.get(name)?.mergeKey;
  if (mergeKey === undefined || !Array.isArray(list) || !Array.isArray(order)) return;
  const keyOf = (item: unknown) => (mergeKey !== '' && isJsonObject(item) ? item[mergeKey] : item);
  const places = order.map(keyOf);
  const before = (Array.isArray(live) ? live : []).map(keyOf);
  const named = list.filter((item) => places.includes(keyOf(item)));
  named.sort((a, b) => places.indexOf(keyOf(a)) - places.indexOf(keyOf(b)));
  const others = list.filter((item) => !places.includes(keyOf(item)));
  const out: unknown[] = [];
  let next = 0;
  for (const item of named) {
    const at = before.indexOf(keyOf(item));
    while (next < others.length && at >= 0 && before.indexOf(keyOf(others[next])) < at)
      out.push(others[next++]);
    out.push(item);
  }
  merged[name] = [...out, ...others.slice(next)];
}

function itemStruct(field: FieldType): StructType | undefined {
  const { type } = field;
  return type.kind === 'list' && type.of.kind === 'struct' ? structNamed(type.of.name) : undefined;
}

function memberStruct(field: FieldType | undefined): StructType | undefined {
  if (field === undefined) return undefined;
  const type = field.type.kind === 'pointer' ? field.type.to : field.type;
  return type.kind === 'struct' ? structNamed(type.name) : undefined;
}

function withoutDirectives(patch: Plain): Plain {
  return Object.fromEntries(
    Object.entries(patch).filter(([key]) => !key.startsWith('$') && key !== '__proto__'),
  );
}
