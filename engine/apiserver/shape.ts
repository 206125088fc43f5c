import type { Json, JsonObject } from '../base/json.ts';
import type { KubeObject } from '../objects/api.ts';
import type { KindInfo } from '../objects/kinds.ts';
import type { QueryReader } from './request.ts';
import { convertedAutoscaler } from './autoscalers.ts';
import { notAcceptable } from '../objects/status.ts';
import { tableColumns, tableRow } from '../objects/tables.ts';

/** The form that an answer takes by the Accept header. */
export type Shape = 'object' | 'table' | 'metadata';

/** Chooses the form of an answer. @throws StatusError NotAcceptable */
export function shapeOf(accept: string): Shape {
  if (accept === '') return 'object';
  for (const part of accept.split(',')) {
    const [media = '', ...parameters] = part.split(';').map((text) => text.trim());
    if (
      ![
        'application/json',
        'application/yaml',
        'application/vnd.kubernetes.protobuf',
        '*/*',
        'application/*',
      ].includes(media)
    )
      continue;
    if (parameters.includes('as=Table')) return 'table';
    if (
      parameters.some((one) => one === 'as=PartialObjectMetadata' || one === 'as=PartialObjectMetadataList')
    )
      return 'metadata';
    if (!parameters.some((one) => one.startsWith('as='))) return 'object';
  }
  throw notAcceptable();
}

/** An object as one version of its kind serves it. */
export function served(kind: KindInfo, object: KubeObject): KubeObject {
  if (object.apiVersion === kind.apiVersion) return object;
  return { ...convertedAutoscaler(object, kind.apiVersion), apiVersion: kind.apiVersion };
}

/** One object in the form that was asked for. */
export function shapedObject(
  kind: KindInfo,
  object: KubeObject,
  shape: Shape,
  query: QueryReader,
  nowMs: number,
): JsonObject {
  if (shape === 'table') {
    return table(kind, [object], query, nowMs, { resourceVersion: object.metadata.resourceVersion ?? '' });
  }
  return shape === 'metadata' ? partialMetadata(object) : (served(kind, object) as JsonObject);
}

/** A list in the form that was asked for. Items of built-in kinds carry no kind and apiVersion, as in life. */
export function shapedList(
  kind: KindInfo,
  objects: readonly KubeObject[],
  metadata: JsonObject,
  shape: Shape,
  query: QueryReader,
  nowMs: number,
): JsonObject {
  if (shape === 'table') return table(kind, objects, query, nowMs, metadata);
  if (shape === 'metadata') {
    const items = objects.map((object) => ({ metadata: object.metadata as JsonObject }));
    return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items };
  }
  const items = objects.map((object) => {
    if (kind.isCustom) return served(kind, object) as JsonObject;
    const { kind: _, apiVersion: __, ...rest } = object;
    return rest as JsonObject;
  });
  return kind.isCustom
    ? { apiVersion: kind.apiVersion, items, kind: kind.listKind, metadata }
    : { kind: kind.listKind, apiVersion: kind.apiVersion, metadata, items };
}

/** A Table of objects; `isBare` leaves the columns out, as in later events of a watch. */
export function table(
  kind: KindInfo,
  objects: readonly KubeObject[],
  query: QueryReader,
  nowMs: number,
  metadata: JsonObject,
  isBare = false,
): JsonObject {
  const include = query.text('includeObject');
  const rows = objects.map((object) => {
    const cells = tableRow(kind, object, nowMs) as Json[];
    if (include === 'None') return { cells, object: null };
    return {
      cells,
      object: include === 'Object' ? (served(kind, object) as JsonObject) : partialMetadata(object),
    };
  });
  const columnDefinitions = isBare ? null : (tableColumns(kind) as readonly JsonObject[]);
  return { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata, columnDefinitions, rows };
}

function partialMetadata(object: KubeObject): JsonObject {
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: object.metadata as JsonObject,
  };
}
