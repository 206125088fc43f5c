import type { FieldType, StructType, TypeRef } from '../objects/types.ts';
import { isJsonObject } from '../base/json.ts';
import { sameValue } from '../objects/equal.ts';
import { structNamed } from '../objects/types.ts';

/**
 * A set of fields as `fieldsV1` writes it: `f:name` for members, `k:{…}` for items of keyed lists, `v:…` for items of sets,
 * `.` where the holder itself belongs to the set. An empty node is a leaf of the set.
 */
export type FieldSet = { readonly [path: string]: FieldSet };

type Schema = {
  readonly type?: TypeRef | undefined;
  readonly field?: FieldType | undefined;
  readonly isCustom?: boolean;
};

const LEAF: FieldSet = {};

// Structs that are owned whole (+structType=atomic in k8s.io/api).
const ATOMIC_STRUCTS = new Set([
  ...[
    'meta.LabelSelector',
    'meta.OwnerReference',
    'ObjectReference',
    'LocalObjectReference',
    'TypedLocalObjectReference',
  ],
  ...[
    'NodeSelector',
    'NodeSelectorTerm',
    'TopologySelectorTerm',
    'ResourceFieldSelector',
    'ObjectFieldSelector',
    'ConfigMapKeySelector',
  ],
  ...[
    'SecretKeySelector',
    'SecretReference',
    'EndpointAddress',
    'EndpointPort',
    'ScopeSelector',
    'rbac.RoleRef',
    'rbac.Subject',
  ],
  ...['discovery.EndpointPort', 'networking.ServiceBackendPort', 'networking.IngressServiceBackend'],
]);
// The atomic members of custom resources that matter here: label selectors.
const ATOMIC_MEMBERS = new Set(['endpointSelector', 'nodeSelector', 'namespaceSelector', 'selector']);

/** The schema of a whole object: its struct, or what is known of custom resources. */
export function schemaOf(struct: StructType | undefined): Schema {
  return struct === undefined
    ? { isCustom: true }
    : { type: { kind: 'struct', name: struct.name, go: struct.short } };
}

/** The fields of `next` that `previous` lacks or holds with another value; undefined when there are none. */
export function changedFields(previous: unknown, next: unknown, schema: Schema): FieldSet | undefined {
  return diff(previous, next, previous !== undefined, schema, '');
}

/** The fields that an applied configuration names: its leaves, without the holders. */
export function namedFields(value: unknown, schema: Schema): FieldSet {
  const whole = changedFields(undefined, value, schema) ?? LEAF;
  return withoutHolders(whole);
}

function withoutHolders(set: FieldSet, isItem = false): FieldSet {
  const kept: Record<string, FieldSet> = {};
  for (const [key, inner] of Object.entries(set)) {
    if (key === '.') {
      if (isItem) kept[key] = inner;
    } else kept[key] = withoutHolders(inner, key.startsWith('k:'));
  }
  return kept;
}

function diff(
  before: unknown,
  after: unknown,
  isPresent: boolean,
  schema: Schema,
  name: string,
): FieldSet | undefined {
  const type = schema.type?.kind === 'pointer' ? schema.type.to : schema.type;
  if (Array.isArray(after)) {
    const listType = schema.field?.listType ?? (schema.field?.mergeKey ? 'map' : undefined);
    if (listType === 'map' || listType === 'set')
      return diffItems(before, after, isPresent, schema, type, listType);
    return isPresent && sameValue(before, after) ? undefined : LEAF;
  }
  if (!isJsonObject(after) || isAtomic(type, schema, name))
    return isPresent && sameValue(before, after) ? undefined : LEAF;
  const known = isJsonObject(before) ? before : {};
  const node: Record<string, FieldSet> = {};
  let count = 0;
  for (const [key, member] of Object.entries(after)) {
    if (member === undefined || key === '__proto__') continue;
    count++;
    const isKnown = Object.hasOwn(known, key) && known[key] !== undefined;
    const inner = diff(known[key], member, isKnown, memberSchema(type, schema, key), key);
    if (inner !== undefined) node[`f:${key}`] = inner;
  }
  if (!isPresent) return count === 0 ? LEAF : { '.': LEAF, ...node };
  return Object.keys(node).length === 0 ? undefined : node;
}

function isAtomic(type: TypeRef | undefined, schema: Schema, name: string): boolean {
  if (schema.isCustom === true) return ATOMIC_MEMBERS.has(name);
  if (type === undefined || type.kind === 'scalar') return true;
  return schema.field?.listType === 'atomic' || (type.kind === 'struct' && ATOMIC_STRUCTS.has(type.name));
}

function memberSchema(type: TypeRef | undefined, schema: Schema, key: string): Schema {
  if (schema.isCustom === true) {
    if (key === 'metadata') return { type: { kind: 'struct', name: 'meta.ObjectMeta', go: 'v1.ObjectMeta' } };
    return { isCustom: true };
  }
  if (type?.kind === 'map') return { type: type.of };
  if (type?.kind !== 'struct') return {};
  const field = structNamed(type.name).byJson.get(key);
  return field === undefined ? {} : { type: field.type, field };
}

function diffItems(
  before: unknown,
  after: readonly unknown[],
  isPresent: boolean,
  schema: Schema,
  type: TypeRef | undefined,
  listType: 'map' | 'set',
): FieldSet | undefined {
  const known = Array.isArray(before) ? (before as readonly unknown[]) : [];
  const node: Record<string, FieldSet> = {};
  const of = type?.kind === 'list' ? type.of : undefined;
  for (const item of after) {
    if (listType === 'set') {
      if (!known.includes(item)) node[`v:${JSON.stringify(item)}`] = LEAF;
      continue;
    }
    const key = itemKey(item, schema.field);
    const old = known.find((one) => itemKey(one, schema.field) === key);
    const inner = diff(old, item, old !== undefined, { type: of }, '');
    if (inner !== undefined) node[key] = inner;
  }
  if (!isPresent) return after.length === 0 ? LEAF : { '.': LEAF, ...node };
  return Object.keys(node).length === 0 ? undefined : node;
}

function itemKey(item: unknown, field: FieldType | undefined): string {
  const names =
    field === undefined || field.listKeys.length === 0 ? [field?.mergeKey ?? 'name'] : field.listKeys;
  const entries = [...names].sort().flatMap((name): [string, unknown][] => {
    const value = isJsonObject(item) && Object.hasOwn(item, name) ? item[name] : undefined;
    if (value !== undefined) return [[name, value]];
    return name === 'protocol' ? [[name, 'TCP']] : [];
  });
  return `k:${JSON.stringify(Object.fromEntries(entries))}`;
}

/** Both sets together. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  const merged: Record<string, FieldSet> = { ...a };
  // A leaf that gains members stays in the set itself.
  if (isLeaf(a) !== isLeaf(b)) merged['.'] = LEAF;
  for (const [key, inner] of Object.entries(b)) {
    const known = merged[key];
    merged[key] = known === undefined ? inner : isLeaf(known) && isLeaf(inner) ? LEAF : union(known, inner);
  }
  return merged;
}

/** The fields of `a` that are not in `b`; undefined when none is left. */
export function difference(a: FieldSet, b: FieldSet): FieldSet | undefined {
  const kept: Record<string, FieldSet> = {};
  for (const [key, inner] of Object.entries(a)) {
    const other = b[key];
    if (other === undefined) kept[key] = inner;
    else if (isLeaf(inner)) {
      if (!isMember(other)) kept[key] = inner;
    } else {
      const rest = difference(inner, other);
      if (rest !== undefined) kept[key] = rest;
    }
  }
  return Object.keys(kept).length === 0 ? undefined : kept;
}

/** The leaves that both sets hold, as paths of steps. */
export function commonLeaves(
  a: FieldSet,
  b: FieldSet,
  path: readonly string[] = [],
): readonly (readonly string[])[] {
  return Object.entries(a).flatMap(([key, inner]) => {
    const other = b[key];
    if (other === undefined || key === '.') return [];
    const here = [...path, key];
    if (isLeaf(inner)) return isLeaf(other) ? [here] : [];
    return commonLeaves(inner, other, here);
  });
}

function isLeaf(set: FieldSet): boolean {
  return Object.keys(set).length === 0;
}

function isMember(set: FieldSet): boolean {
  return isLeaf(set) || Object.hasOwn(set, '.');
}

/** A path of a set as messages print it: `.spec.containers[name="web"].image`. */
export function pathText(path: readonly string[]): string {
  return path
    .map((step) => {
      if (step.startsWith('f:')) return `.${step.slice(2)}`;
      if (step.startsWith('v:')) return `[=${step.slice(2)}]`;
      const keys = Object.entries(JSON.parse(step.slice(2)) as Record<string, unknown>);
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
    })
    .join('');
}

/** Removes the leaves of a set from a mutable object. */
export function removeFields(object: unknown, set: FieldSet): void {
  for (const [step, inner] of Object.entries(set)) {
    if (step === '.') continue;
    if (step.startsWith('f:') && isJsonObject(object)) {
      const key = step.slice(2);
      if (!Object.hasOwn(object, key)) continue;
      if (isLeaf(inner)) delete (object as Record<string, unknown>)[key];
      else removeFields(object[key], inner);
    } else if (Array.isArray(object)) removeItem(object, step, inner);
  }
}

function removeItem(list: unknown[], step: string, inner: FieldSet): void {
  const isThis = (item: unknown) => {
    if (step.startsWith('v:')) return JSON.stringify(item) === step.slice(2);
    const keys = Object.entries(JSON.parse(step.slice(2)) as Record<string, unknown>);
    return (
      isJsonObject(item) &&
      keys.every(([key, value]) => item[key] === value || (key === 'protocol' && item[key] === undefined))
    );
  };
  const at = list.findIndex(isThis);
  if (at < 0) return;
  if (isMember(inner)) list.splice(at, 1);
  else removeFields(list[at], inner);
}
