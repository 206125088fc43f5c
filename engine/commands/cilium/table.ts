/** Rows as Go's tabwriter writes them when every cell, the last one too, ends in a tab: columns padded to their widest cell. */
export function tabbed(
  rows: readonly (readonly string[])[],
  options: { readonly minWidth: number; readonly padding: number; readonly isLastPadded?: boolean },
): string {
  const widths: number[] = [];
  for (const row of rows) {
    const cells = options.isLastPadded === true ? row : row.slice(0, -1);
    for (const [i, cell] of cells.entries())
      widths[i] = Math.max(widths[i] ?? 0, [...cell].length + options.padding, options.minWidth);
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) =>
        i === row.length - 1 && options.isLastPadded !== true
          ? cell
          : cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - [...cell].length)),
      )
      .join('');
  return rows.map((row) => `${line(row)}\n`).join('');
}
