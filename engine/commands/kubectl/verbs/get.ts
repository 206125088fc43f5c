import type { Json, JsonObject } from '../../../base/json.ts';
import { isJsonObject } from '../../../base/json.ts';
import { byText } from '../../../base/order.ts';
import type { Want, WantOptions } from '../builder.ts';
import { fetchWant, listObjects, readWants } from '../builder.ts';
import { TABLE, at, listAt, nameIn, namespaceIn, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { kindName, pathOf } from '../discovery.ts';
import type { KubectlError } from '../errors.ts';
import { ApiError, CommandError, kubectlErrorOf, ManyErrors, PlainError, throwAll } from '../errors.ts';
import { flagTable } from '../flags.ts';
import type { Info } from '../manifests.ts';
import type { JsonPath } from '../print/jsonpath.ts';
import { findJsonPath, parseJsonPath, relaxedJsonPath } from '../print/jsonpath.ts';
import { columnsPrinter, printerFor } from '../print/output.ts';
import { alignColumns } from '../print/table.ts';
import { age, formatLabels } from '../text.ts';
import { printRaw } from './raw.ts';
import { watchTables } from './watch.ts';

/** `kubectl get`. */
export const getCommand: Command = {
  name: 'get',
  about: 'Display one or many resources',
  usage: '(TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags] [options]',
  flags:
    flagTable(`all-namespaces,A allow-missing-template-keys=true chunk-size:int=500 field-selector:string filename,f:strings
    ignore-not-found kustomize,k:string label-columns,L:strings no-headers output,o:string output-watch-events raw:string recursive,R
    selector,l:string server-print=true show-kind show-labels show-managed-fields sort-by:string subresource:string template:string
    watch,w watch-only`),
  run: get,
};

/** What a table of one answer holds. */
export type TableRows = {
  readonly want: Want;
  readonly headers: readonly Header[];
  readonly rows: readonly { readonly cells: readonly string[]; readonly object: JsonObject }[];
};

/** A column of a Table. */
export type Header = { readonly name: string; readonly priority: number };

async function get(context: Context): Promise<void> {
  const { flags } = context;
  if (flags.text('raw') !== '') return printRaw(context, 'GET', flags.text('raw'));
  if (context.args.length === 0 && flags.list('filename').length === 0 && flags.text('kustomize') === '')
    throw nothingToGet();
  const output = flags.text('output');
  if (flags.bool('show-labels') && output !== '' && output !== 'wide')
    throw new CommandError(`--show-labels option cannot be used with ${output} printer`);
  if (flags.bool('output-watch-events') && !flags.bool('watch') && !flags.bool('watch-only'))
    throw new CommandError('--output-watch-events option can only be used with --watch or --watch-only');
  const columns = columnsPrinter(context);
  const printer = columns === undefined ? printerFor(context, { isGet: true }) : undefined;
  const options: WantOptions = {
    allNamespaces: flags.bool('all-namespaces'),
    selector: flags.text('selector').trim(),
    fieldSelector: flags.text('field-selector'),
    isEmptySelectorFine: true,
    isSingleType: flags.bool('watch') || flags.bool('watch-only'),
  };
  const { wants, errors, isSingle } = await readWants(context, context.args, options);
  if (flags.text('subresource') !== '' && wants.some((want) => want.name === undefined))
    throw new CommandError('subresource cannot be used when bulk resources are specified');
  if (flags.bool('watch') || flags.bool('watch-only')) {
    throwAll(errors);
    return watchTables(context, wants, options, { printer, columns });
  }
  if (printer !== undefined || columns !== undefined)
    return printObjects(context, wants, errors, options, isSingle, { printer, columns });
  await printTables(context, wants, errors, options);
}

function nothingToGet(): PlainError {
  return new PlainError(
    'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.\n\nerror: Required resource not specified.\nUse "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).\nSee \'kubectl get -h\' for help and examples',
  );
}

type Printers = {
  readonly printer: ReturnType<typeof printerFor>;
  readonly columns: ReturnType<typeof columnsPrinter>;
};

async function printObjects(
  context: Context,
  wants: readonly Want[],
  faults: readonly KubectlError[],
  options: WantOptions,
  isSingle: boolean,
  printers: Printers,
): Promise<void> {
  const errors = [...faults];
  const infos: Info[] = [];
  for (const want of wants) {
    try {
      if (want.name !== undefined && context.flags.text('subresource') !== '') {
        const object = context.client.get(
          pathOf(want.resource, want.namespace, want.name, context.flags.text('subresource')),
        );
        infos.push({
          resource: want.resource,
          namespace: want.namespace,
          name: want.name,
          source: '',
          object,
        });
      } else infos.push(...fetchWant(context, want, options));
    } catch (error) {
      const fault = kubectlErrorOf(error);
      if (!(context.flags.bool('ignore-not-found') && fault instanceof ApiError && fault.isNotFound))
        errors.push(fault);
    }
  }
  // What a subresource answers may be of another kind.
  const isPart = context.flags.text('subresource') !== '';
  const isWorthPrinting = errors.length === 0 || infos.length > 0;
  const sorted = sortInfos(context, infos);
  const { printer, columns } = printers;
  if (isSingle && infos.length === 0) {
    throwAll(errors);
    return;
  }
  if (isWorthPrinting && columns !== undefined) await context.out(columns(sorted.map((info) => info.object)));
  else if (isWorthPrinting && printer !== undefined) {
    if (printer.isPerObject)
      await context.out(
        sorted.map(({ object, resource }) => printer.print(object, isPart ? undefined : resource)).join(''),
      );
    else if (isSingle && sorted[0] !== undefined)
      await context.out(printer.print(sorted[0].object, sorted[0].resource));
    else {
      const list = {
        apiVersion: 'v1',
        items: sorted.map((info) => info.object),
        kind: 'List',
        metadata: { resourceVersion: '' },
      };
      await context.out(printer.print(list, undefined));
    }
  }
  throwAll(errors);
}

function sortInfos(context: Context, infos: readonly Info[]): readonly Info[] {
  const sortBy = context.flags.text('sort-by');
  if (sortBy === '' || infos.length === 0) return infos;
  const path = parseJsonPath(relaxedJsonPath(sortBy));
  checkSortable(
    path,
    infos.map((info) => info.object),
  );
  return [...infos].sort((a, b) => compareBy(path, a.object, b.object));
}

/** Says when no object has the field to sort by. @throws CommandError */
function checkSortable(path: JsonPath, objects: readonly unknown[]): void {
  if (objects.some((object) => findJsonPath(path, object).length > 0)) return;
  throw new CommandError(
    `couldn't find any field with path ${JSON.stringify(path.text)} in the list of objects`,
  );
}

/** Order of two objects by a field: absent and null first, numbers by value, texts by their bytes (get.go's RuntimeSort). */
function compareBy(path: JsonPath, a: unknown, b: unknown): number {
  const [x] = findJsonPath(path, a);
  const [y] = findJsonPath(path, b);
  const [isBare, isOtherBare] = [x === undefined || x === null, y === undefined || y === null];
  if (isBare || isOtherBare) return isBare === isOtherBare ? 0 : isBare ? -1 : 1;
  if (typeof x === 'number' && typeof y === 'number') return x - y;
  return byText(String(x), String(y));
}

async function printTables(
  context: Context,
  wants: readonly Want[],
  faults: readonly KubectlError[],
  options: WantOptions,
): Promise<void> {
  const { flags } = context;
  const errors = [...faults];
  const tables: TableRows[] = [];
  for (const want of wants) {
    try {
      tables.push(fetchTable(context, want, options));
    } catch (error) {
      const fault = kubectlErrorOf(error);
      if (!(flags.bool('ignore-not-found') && fault instanceof ApiError && fault.isNotFound))
        errors.push(fault);
    }
  }
  const isMixed = new Set(tables.map((table) => kindName(table.want.resource))).size > 1;
  const hasKind =
    flags.bool('show-kind') ||
    isMixed ||
    context.args.some(
      (arg) =>
        context.discovery.find(arg.split(',')[0] ?? '') === undefined &&
        !arg.includes('/') &&
        context.discovery.category(arg).length > 0,
    );
  // Several tables are looked at as if they were the objects (get.go's RuntimeSorter).
  if (flags.text('sort-by') !== '' && tables.length > 1 && flags.bool('server-print'))
    checkSortable(parseJsonPath(relaxedJsonPath(flags.text('sort-by'))), [
      { apiVersion: 'meta.k8s.io/v1', kind: 'Table', metadata: { resourceVersion: '' } },
    ]);
  const groups = mergeTables(tables).filter((table) => table.rows.length > 0);
  let text = '';
  for (const [index, table] of groups.entries()) {
    const rows = sortRows(context, table);
    // Tables that cannot be sorted are not printed, and nothing is said of it (get.go swallows the sorter's fault).
    if (rows === undefined) continue;
    if (index > 0 && !flags.bool('no-headers')) text += '\n';
    text += alignColumns(
      tableLines(context, { ...table, rows }, { hasKind, hasHeader: !flags.bool('no-headers') }),
      3,
      6,
    );
  }
  if (text !== '') await context.out(text);
  else if (!flags.bool('ignore-not-found') && errors.length === 0)
    await context.err(nothingFound(context, wants, options));
  throwAggregate(errors);
}

/** The faults of a table are always told as an Aggregate, so without `error: ` in front (get.go). */
function throwAggregate(errors: readonly KubectlError[]): void {
  if (errors.length > 0 && errors.every((error) => !(error instanceof ManyErrors)))
    throw new ManyErrors(errors);
  throwAll(errors);
}

/** The sentence for an empty answer; it names the namespace when all kinds live in one. */
export function nothingFound(context: Context, wants: readonly Want[], options: WantOptions): string {
  const isOneNamespace =
    options.allNamespaces !== true && wants.every((want) => want.resource.isNamespaced) && wants.length > 0;
  return isOneNamespace ? `No resources found in ${context.namespace} namespace.\n` : 'No resources found\n';
}

/** Consecutive answers of one kind become one table. */
function mergeTables(tables: readonly TableRows[]): readonly TableRows[] {
  const out: TableRows[] = [];
  for (const table of tables) {
    const last = out.at(-1);
    if (last !== undefined && last.want.resource === table.want.resource)
      out[out.length - 1] = { ...last, rows: [...last.rows, ...table.rows] };
    else out.push(table);
  }
  return out;
}

function sortRows(context: Context, table: TableRows): TableRows['rows'] | undefined {
  const sortBy = context.flags.text('sort-by');
  if (sortBy === '') return table.rows;
  try {
    const path = parseJsonPath(relaxedJsonPath(sortBy));
    checkSortable(
      path,
      table.rows.map((row) => row.object),
    );
    return [...table.rows].sort((a, b) => compareBy(path, a.object, b.object));
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

/** Asks for one table. @throws ApiError */
export function fetchTable(context: Context, want: Want, options: WantOptions): TableRows {
  const { flags } = context;
  const query = {
    fieldSelector: want.name === undefined ? options.fieldSelector || undefined : undefined,
    labelSelector: want.name === undefined ? options.selector || undefined : undefined,
    limit: want.name === undefined ? '500' : undefined,
    includeObject: flags.text('sort-by') === '' ? undefined : 'Object',
  };
  const path = pathOf(want.resource, want.namespace, want.name, flags.text('subresource'));
  const accept = flags.bool('server-print') ? TABLE : 'application/json';
  const body =
    want.name === undefined
      ? listObjects(context, want, query, accept)
      : context.client.get(path, query, accept);
  return tableOf(want, body);
}

/** Reads a Table; a server that answers a plain object or list gets columns NAME and AGE. */
export function tableOf(want: Want, body: JsonObject): TableRows {
  if (textAt(body, 'kind') !== 'Table') return plainTable(want, body);
  return {
    want,
    headers: listAt(body, 'columnDefinitions').map((column) => ({
      name: textAt(column, 'name'),
      priority: Number(at(column, 'priority') ?? 0),
    })),
    rows: listAt(body, 'rows').map((row) => ({
      cells: listAt(row, 'cells').map(cellText),
      object: isJsonObject(at(row, 'object')) ? (at(row, 'object') as JsonObject) : {},
    })),
  };
}

function plainTable(want: Want, body: JsonObject): TableRows {
  const objects = Array.isArray(body.items) ? listAt(body, 'items').filter(isJsonObject) : [body];
  return {
    want,
    headers: [
      { name: 'Name', priority: 0 },
      { name: 'Age', priority: 0 },
    ],
    rows: objects.map((object) => ({
      cells: [nameIn(object), textAt(object, 'metadata', 'creationTimestamp')],
      object,
    })),
  };
}

function cellText(cell: Json): string {
  if (cell === null) return '';
  const text =
    typeof cell === 'string'
      ? cell
      : Array.isArray(cell) || typeof cell === 'object'
        ? JSON.stringify(cell)
        : String(cell);
  const stop = text.search(/[\f\n\r]/);
  return stop < 0 ? text : `${text.slice(0, stop)}...`;
}

/** The lines of a table as cells: headers in capitals, namespace in front for `-A`, label columns behind. */
export function tableLines(
  context: Context,
  table: TableRows,
  options: { readonly hasKind: boolean; readonly hasHeader: boolean; readonly event?: string },
): string[][] {
  const { flags } = context;
  const isWide = flags.text('output') === 'wide';
  const shown = table.headers
    .map((header, index) => ({ header, index }))
    .filter(({ header }) => isWide || header.priority === 0);
  const labelColumns = flags.list('label-columns');
  const isAll = flags.bool('all-namespaces') && table.want.resource.isNamespaced;
  const lines: string[][] = [];
  if (options.hasHeader) {
    lines.push([
      ...(options.event === undefined ? [] : ['EVENT']),
      ...(isAll ? ['NAMESPACE'] : []),
      ...shown.map(({ header }) => header.name.toUpperCase()),
      ...labelColumns.map((label) => (label.split('/').pop() ?? label).toUpperCase()),
      ...(flags.bool('show-labels') ? ['LABELS'] : []),
    ]);
  }
  for (const row of table.rows) {
    const labels = (at(row.object, 'metadata', 'labels') ?? {}) as Readonly<Record<string, string>>;
    const cells = shown.map(({ index, header }) => {
      const text =
        header.name === 'Age' && flags.bool('server-print') === false
          ? ageCell(context, row.cells[index] ?? '')
          : (row.cells[index] ?? '');
      return options.hasKind && header.name.toLowerCase() === 'name' && index === 0
        ? `${kindName(table.want.resource)}/${text}`
        : text;
    });
    lines.push([
      ...(options.event === undefined ? [] : [options.event]),
      ...(isAll ? [namespaceIn(row.object)] : []),
      ...cells,
      ...labelColumns.map((label) => (Object.hasOwn(labels, label) ? String(labels[label]) : '')),
      ...(flags.bool('show-labels') ? [formatLabels(labels)] : []),
    ]);
  }
  return lines;
}

function ageCell(context: Context, text: string): string {
  return age(text, context.nowMs);
}
