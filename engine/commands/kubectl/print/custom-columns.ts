import { CommandError, PrintedFault } from '../errors.ts';
import type { Process } from '../../../shell/program.ts';
import { absolutePath } from '../paths.ts';
import { bareJsonPath, jsonPathResults, relaxedJsonPath } from './jsonpath.ts';
import { plainValue } from './go-value.ts';
import { alignColumns } from './table.ts';

/** A column of `-o custom-columns`. */
export type CustomColumn = { readonly header: string; readonly path: string };

/** Reads `NAME:.metadata.name,…`. @throws CommandError */
export function parseColumns(spec: string): readonly CustomColumn[] {
  if (spec === '') throw new CommandError('custom-columns format specified but no custom columns given');
  return spec.split(',').map((part) => {
    const colon = part.indexOf(':');
    if (colon < 0)
      throw new CommandError(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`);
    return { header: part.slice(0, colon), path: relaxedJsonPath(part.slice(colon + 1)) };
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
  return names.map((header, at) => ({ header, path: relaxedJsonPath(specs[at] ?? '') }));
}

/** The table of custom columns over objects. @throws PrintedFault when a path does not parse: the headers are out by then */
export function printColumns(
  columns: readonly CustomColumn[],
  objects: readonly unknown[],
  hasHeaders: boolean,
): string {
  const lines = hasHeaders ? [columns.map((column) => column.header)] : [];
  try {
    const paths = columns.map((column) => bareJsonPath(column.path));
    for (const object of objects) lines.push(paths.map((path) => cell(jsonPathResults(path, object))));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new PrintedFault(error.message, alignColumns(lines, 3, 6));
  }
  return alignColumns(lines, 3, 6);
}

function cell(results: readonly unknown[][]): string {
  const none = (results[0] ?? []).length === 0 ? ['<none>'] : [];
  return [...none, ...results.flat().map(plainValue)].join(',');
}
