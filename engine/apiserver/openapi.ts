import type { FieldType, TypeRef } from '../objects/types.ts';
import type { JsonObject } from '../base/json.ts';
import type { KindInfo } from '../objects/kinds.ts';
import type { Served } from './discovery.ts';
import { KINDS } from '../objects/kinds.ts';
import { hashText } from '../base/hash.ts';
import { policyJsonSchema } from '../objects/cilium/policy-check.ts';
import { structNamed, structOfKind } from '../objects/types.ts';

/** `/openapi/v3`: where the schema of each group and version is. */
export function openApiIndex(isServed: Served): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const path of groupPaths(isServed))
    paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hashText(path)}` };
  return { paths };
}

/**
 * The document of one group and version, or undefined: the parameters of its paths and the schemas of its kinds, without
 * Kubernetes' descriptions.
 */
export function openApiDocument(parts: readonly string[], isServed: Served): JsonObject | undefined {
  const path = parts.join('/');
  if (!groupPaths(isServed).includes(path)) return undefined;
  const paths: Record<string, JsonObject> = {};
  const schemas: Record<string, JsonObject> = {};
  for (const kind of KINDS.filter(isServed)) {
    const prefix = kind.group === '' ? `api/${kind.version}` : `apis/${kind.group}/${kind.version}`;
    if (prefix !== path) continue;
    Object.assign(paths, pathsOf(kind, prefix));
    addKind(kind, schemas);
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.32.13' },
    paths,
    components: { schemas },
  };
}

function groupPaths(isServed: Served): readonly string[] {
  return [
    ...new Set(
      KINDS.filter(isServed).map((kind) =>
        kind.group === '' ? `api/${kind.version}` : `apis/${kind.group}/${kind.version}`,
      ),
    ),
  ];
}

function pathsOf(kind: KindInfo, prefix: string): Record<string, JsonObject> {
  const collection = `/${prefix}/${kind.isNamespaced ? 'namespaces/{namespace}/' : ''}${kind.plural}`;
  const about = { 'x-kubernetes-group-version-kind': identity(kind) };
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
    name,
    in: 'query',
    schema: { type: 'string', uniqueItems: true },
  }));
  const operation = (action: string) => ({ ...about, 'x-kubernetes-action': action, parameters });
  return {
    [collection]: { get: { ...about, 'x-kubernetes-action': 'list' }, post: operation('post') },
    [`${collection}/{name}`]: {
      get: { ...about, 'x-kubernetes-action': 'get' },
      put: operation('put'),
      patch: operation('patch'),
    },
  };
}

function identity(kind: KindInfo): JsonObject {
  return { group: kind.group, version: kind.version, kind: kind.kind };
}

function addKind(kind: KindInfo, schemas: Record<string, JsonObject>): void {
  const struct = structOfKind(kind.apiVersion, kind.kind);
  const roots = { 'x-kubernetes-group-version-kind': [identity(kind)] };
  if (struct !== undefined) {
    addStruct(struct.name, schemas);
    schemas[schemaName(struct.name)] = { ...schemas[schemaName(struct.name)], ...roots };
    return;
  }
  addStruct('meta.ObjectMeta', schemas);
  // OpenAPI has no lists of types: what may be a number or a text has none.
  const own = JSON.parse(JSON.stringify(policyJsonSchema(kind.kind) ?? {}), (key, value: unknown) =>
    key === 'type' && Array.isArray(value) ? undefined : value,
  ) as JsonObject;
  const metadata = { allOf: [reference('meta.ObjectMeta')] };
  const common = { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata };
  const properties = {
    ...((own['properties'] ?? { spec: { type: 'object' }, status: { type: 'object' } }) as JsonObject),
    ...common,
  };
  const name = `${kind.group.split('.').reverse().join('.')}.${kind.version}.${kind.kind}`;
  schemas[name] = { type: 'object', ...own, properties, ...roots };
}

const PACKAGES: Readonly<Record<string, string>> = {
  meta: 'io.k8s.apimachinery.pkg.apis.meta.v1',
  autoscaling2: 'io.k8s.api.autoscaling.v2',
  types: 'io.k8s.apimachinery.pkg.types',
};

function schemaName(struct: string): string {
  const at = struct.indexOf('.');
  const prefix = at < 0 ? 'core' : struct.slice(0, at);
  return `${Object.hasOwn(PACKAGES, prefix) ? PACKAGES[prefix] : `io.k8s.api.${prefix}.v1`}.${struct.slice(at + 1)}`;
}

function reference(struct: string): JsonObject {
  return { $ref: `#/components/schemas/${schemaName(struct)}` };
}

function addStruct(name: string, schemas: Record<string, JsonObject>): void {
  const key = schemaName(name);
  if (Object.hasOwn(schemas, key)) return;
  schemas[key] = {};
  const struct = structNamed(name);
  const properties: Record<string, JsonObject> = {};
  for (const [json, field] of struct.byJson) properties[json] = fieldSchema(field, schemas);
  schemas[key] = { type: 'object', properties };
}

function fieldSchema(field: FieldType, schemas: Record<string, JsonObject>): JsonObject {
  const list =
    field.listType === undefined || field.type.kind !== 'list'
      ? {}
      : { 'x-kubernetes-list-type': field.listType };
  const keys = field.listKeys.length === 0 ? {} : { 'x-kubernetes-list-map-keys': field.listKeys };
  const strategies = [
    ...(field.mergeKey === undefined ? [] : ['merge']),
    ...(field.isRetainKeys ? ['retainKeys'] : []),
  ];
  return {
    ...typeSchema(field.type, schemas),
    ...list,
    ...keys,
    ...(field.mergeKey ? { 'x-kubernetes-patch-merge-key': field.mergeKey } : {}),
    ...(strategies.length === 0 ? {} : { 'x-kubernetes-patch-strategy': strategies.join(',') }),
  };
}

function typeSchema(type: TypeRef, schemas: Record<string, JsonObject>): JsonObject {
  switch (type.kind) {
    case 'pointer':
      return typeSchema(type.to, schemas);
    case 'list':
      if (type.of.kind === 'scalar' && type.of.of === 'byte') return { type: 'string', format: 'byte' };
      return { type: 'array', items: typeSchema(type.of, schemas) };
    case 'map':
      return { type: 'object', additionalProperties: typeSchema(type.of, schemas) };
    case 'struct':
      addStruct(type.name, schemas);
      return { allOf: [reference(type.name)] };
    default:
      return SCALARS[type.of] ?? { type: 'object' };
  }
}

const SCALARS: Readonly<Record<string, JsonObject>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int: { type: 'integer', format: 'int32' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  byte: { type: 'integer', format: 'byte' },
  float64: { type: 'number', format: 'double' },
  Quantity: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  IntOrString: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  Time: { type: 'string', format: 'date-time' },
  MicroTime: { type: 'string', format: 'date-time' },
  Duration: { type: 'string' },
};
