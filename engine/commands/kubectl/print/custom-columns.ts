import { CommandError } from '../errors.ts';
import type { Process } from '../../../shell/program.ts';
import { absolutePath } from '../paths.ts';
import type { JsonPath } from './jsonpath.ts';
import { findJsonPath, parseJsonPath, relaxedJsonPath } from './jsonpath.ts';
import { alignColumns } from './table.ts';

/** A column of `-o custom-columns`. */
export type CustomColumn = { readonly header: string; readonly path: JsonPath };

/** Reads `NAME:.metadata.name,…`. @throws CommandError */
export function parseColumns(spec: string): readonly CustomColumn[] {
  if (spec === '') throw new CommandError('custom-columns format specified but no custom columns given');
  return spec.split(',').map((part) => {
    const colon = part.indexOf(':');
    if (colon < 0)
      throw new CommandError(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`);
    return { header: part.slice(0, colon), path: parseJsonPath(relaxedJsonPath(part.slice(colon + 1))) };
  });
}

/** Reads a template file: headers on the first line, paths on the second. @throws CommandError */
export function parseColumnsFile(process: Process, name: string): readonly CustomColumn[] {
  const file = process.machine.files.read(absolutePath(process.cwd, name));
  if ('error' in file)
    throw new CommandError(`error reading template ${name}, open ${name}: no such file or directory\n`);
  const [headers = '', paths = ''] = file.content.split('\n');
  const names = headers.split(/\s+/).filter((word) => word !== '');
  const specs = paths.split(/\s+/).filter((word) => word !== '');
  if (names.length !== specs.length)
    throw new CommandError(
      `number of headers (${names.length}) and field specifications (${specs.length}) don't match`,
    );
  return names.map((header, at) => ({ header, path: parseJsonPath(relaxedJsonPath(specs[at] ?? '')) }));
}

/** The table of custom columns over objects. */
export function printColumns(
  columns: readonly CustomColumn[],
  objects: readonly unknown[],
  hasHeaders: boolean,
): string {
  const rows = objects.map((object) => columns.map((column) => cell(column, object)));
  return alignColumns(hasHeaders ? [columns.map((column) => column.header), ...rows] : rows, 3, 6);
}

function cell(column: CustomColumn, object: unknown): string {
  const values = findJsonPath(column.path, object);
  return values.length === 0 ? '<none>' : values.map(goValue).join(',');
}

/** A value as Go's %v prints it. */
export function goValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, member]) => `${key}:${goValue(member)}`).join(' ')}]`;
  }
  return String(value);
}
