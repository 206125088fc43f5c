import type { JsonObject } from '../../../base/json.ts';
import type { Want, WantOptions } from '../builder.ts';
import { at, listAt, TABLE, textAt } from '../client.ts';
import type { Context } from '../context.ts';
import { groupVersion, pathOf } from '../discovery.ts';
import { CommandError } from '../errors.ts';
import type { columnsPrinter, printerFor } from '../print/output.ts';
import { tableLines, tableOf } from './get.ts';

type Printers = {
  readonly printer: ReturnType<typeof printerFor>;
  readonly columns: ReturnType<typeof columnsPrinter>;
};

/** Columns whose widths are remembered from one write to the next, as kubectl's table writer does while it watches. */
class WatchTable {
  readonly #widths: number[] = [];

  lines(rows: readonly (readonly string[])[]): string {
    for (const row of rows) {
      row.forEach((cell, column) => {
        if (column < row.length - 1)
          this.#widths[column] = Math.max(this.#widths[column] ?? 6, [...cell].length + 3);
      });
    }
    const pad = (cell: string, column: number): string =>
      cell + ' '.repeat(Math.max(0, (this.#widths[column] ?? 0) - [...cell].length));
    return rows
      .map(
        (row) =>
          `${row.map((cell, column) => (column < row.length - 1 ? pad(cell, column) : cell)).join('')}\n`,
      )
      .join('');
  }
}

/** `get -w` and `--watch-only`: what is there, then every change until the watch ends. @throws CommandError */
export async function watchTables(
  context: Context,
  wants: readonly Want[],
  options: WantOptions,
  printers: Printers,
): Promise<void> {
  const { flags, client } = context;
  const [want] = wants;
  if (want === undefined || wants.length > 1)
    throw new CommandError(
      'watch is only supported on individual resources and resource collections - more than 1 resource was found',
    );
  const isTable = printers.printer === undefined && printers.columns === undefined;
  const accept = isTable ? TABLE : 'application/json';
  const fieldSelector =
    want.name === undefined ? options.fieldSelector || undefined : `metadata.name=${want.name}`;
  const query = { fieldSelector, labelSelector: options.selector || undefined };
  const path = pathOf(want.resource, want.namespace);
  const writer = new WatchTable();
  let hasHeader = !flags.bool('no-headers');
  const show = async (type: string, body: JsonObject): Promise<void> => {
    const event = flags.bool('output-watch-events') ? type : undefined;
    if (isTable) {
      const table = tableOf(want, body);
      if (table.rows.length === 0) return;
      const lines = tableLines(context, table, {
        hasKind: flags.bool('show-kind'),
        hasHeader,
        ...(event === undefined ? {} : { event }),
      });
      hasHeader = false;
      await context.out(writer.lines(lines));
      return;
    }
    await showObject(context, want, body, printers, event);
  };
  const first = client.get(
    want.name === undefined ? path : pathOf(want.resource, want.namespace, want.name),
    want.name === undefined ? { ...query, limit: '500' } : {},
    accept,
  );
  let headers: unknown = at(first, 'columnDefinitions');
  const resourceVersion = textAt(first, 'metadata', 'resourceVersion') || undefined;
  if (!flags.bool('watch-only')) {
    if (isTable) await show('ADDED', first);
    else if (Array.isArray(first.items))
      for (const item of first.items)
        await show('ADDED', {
          ...(item as JsonObject),
          apiVersion: groupVersion(want.resource),
          kind: want.resource.kind,
        });
    else await show('ADDED', first);
  }
  const cursor = client.watch(path, { ...query, resourceVersion }, accept);
  const { sys } = context.process;
  try {
    for (;;) {
      await sys.until(() => cursor.pending() || cursor.ended());
      for (const event of cursor.take()) {
        if (event.type === 'BOOKMARK') continue;
        if (event.type === 'ERROR') throw new CommandError(textAt(event.object, 'message'));
        const isBare = listAt(event.object, 'columnDefinitions').length === 0;
        if (!isBare) headers = at(event.object, 'columnDefinitions');
        const body =
          isTable && isBare ? { ...event.object, columnDefinitions: headers as never } : event.object;
        await show(event.type, body);
      }
      if (cursor.ended() && !cursor.pending()) return;
    }
  } finally {
    cursor.stop();
  }
}

async function showObject(
  context: Context,
  want: Want,
  body: JsonObject,
  printers: Printers,
  event: string | undefined,
): Promise<void> {
  const wrapped = event === undefined ? body : { object: body, type: event };
  if (printers.printer !== undefined)
    await context.out(
      printers.printer.print(
        event === undefined ? body : wrapped,
        event === undefined ? want.resource : undefined,
      ),
    );
  else if (printers.columns !== undefined) await context.out(printers.columns([body]));
}
