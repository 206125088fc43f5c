import type { Cell, TableShape } from './table-shapes.ts';
import type { KindInfo } from './kinds.ts';
import type { KubeObject } from './api.ts';
import { CUSTOM_TABLES } from './custom-tables.ts';
import { TABLES } from './table-shapes.ts';
import { ageOf } from './time.ts';

/** A column of a Table; columns of `priority` 1 are shown by `-o wide`. */
export type ColumnDefinition = {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
};

/** The columns of a kind's Table. */
export function tableColumns(kind: KindInfo): readonly ColumnDefinition[] {
  return shapeOf(kind).columns;
}

/** The cells of an object's row at `nowMs`. */
export function tableRow(kind: KindInfo, object: KubeObject, nowMs: number): readonly Cell[] {
  return shapeOf(kind).row(object, nowMs);
}

// Kinds without columns of their own show their moment of creation; custom resources their age.
const CREATED: TableShape = {
  columns: [named(), { name: 'Created At', type: 'date', format: '', description: '', priority: 0 }],
  row: (object) => [object.metadata.name, object.metadata.creationTimestamp ?? '<unknown>'],
};
const AGED: TableShape = {
  columns: [named(), { name: 'Age', type: 'date', format: '', description: '', priority: 0 }],
  row: (object, nowMs) => [object.metadata.name, ageOf(object.metadata.creationTimestamp, nowMs)],
};

function shapeOf(kind: KindInfo): TableShape {
  return TABLES.get(kind.resource) ?? CUSTOM_TABLES.get(kind.resource) ?? (kind.isCustom ? AGED : CREATED);
}

function named(): ColumnDefinition {
  return { name: 'Name', type: 'string', format: 'name', description: '', priority: 0 };
}
