/**
 * Rows as Go's text/tabwriter writes them with spaces. A row is its cells between tabs; a column's width holds over
 * neighbouring rows that have a cell there, so a row with fewer cells ends a block. `isLastPadded`: rows end in a tab.
 */
export function tabbed(
  rows: readonly (readonly string[])[],
  options: { readonly minWidth: number; readonly padding: number; readonly isLastPadded?: boolean },
): string {
  const columnsOf = (row: readonly string[]): number =>
    options.isLastPadded === true ? row.length : row.length - 1;
  const widths = rows.map((row) => row.map(() => 0));
  const most = Math.max(0, ...rows.map(columnsOf));
  for (let column = 0; column < most; column++) {
    for (let start = 0; start < rows.length; start++) {
      let end = start;
      let width = options.minWidth;
      while (end < rows.length && columnsOf(rows[end] ?? []) > column) {
        width = Math.max(width, [...(rows[end]?.[column] ?? '')].length + options.padding);
        end++;
      }
      for (let row = start; row < end; row++) (widths[row] ?? [])[column] = width;
      if (end > start) start = end;
    }
  }
  return rows
    .map(
      (row, i) =>
        `${row.map((cell, j) => cell + ' '.repeat(Math.max(0, (widths[i]?.[j] ?? 0) - [...cell].length))).join('')}\n`,
    )
    .join('');
}
