/** Columns padded to their widest cell with `gap` spaces between; no space after the last column (kubectl's tab writer). */
export function alignColumns(rows: readonly (readonly string[])[], gap = 3, minWidth = 0): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => {
      if (at < row.length - 1) widths[at] = Math.max(widths[at] ?? minWidth, [...cell].length + gap);
    });
  }
  return rows
    .map(
      (row) =>
        `${row.map((cell, at) => (at < row.length - 1 ? pad(cell, widths[at] ?? 0) : cell)).join('')}\n`,
    )
    .join('');
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - [...cell].length));
}

/**
 * Go's text/tabwriter for `describe`: cells end with a tab, columns are blocks of consecutive lines, padded with `gap`
 * spaces; a cell that is the last of its line belongs to no column.
 */
export function tabWrite(text: string, gap = 2): string {
  const endsWithNewline = text.endsWith('\n');
  const lines = (endsWithNewline ? text.slice(0, -1) : text).split('\n').map((line) => line.split('\t'));
  const widths: number[][] = lines.map(() => []);
  layOut(lines, widths, 0, lines.length, 0, gap);
  const out = lines.map((cells, row) =>
    cells.map((cell, at) => (at < cells.length - 1 ? pad(cell, widths[row]?.[at] ?? 0) : cell)).join(''),
  );
  return out.join('\n') + (endsWithNewline ? '\n' : '');
}

function layOut(
  lines: readonly string[][],
  widths: number[][],
  from: number,
  to: number,
  column: number,
  gap: number,
): void {
  let row = from;
  while (row < to) {
    if ((lines[row]?.length ?? 0) - 1 <= column) {
      row++;
      continue;
    }
    let end = row;
    let width = 0;
    let discardable = true;
    while (end < to && (lines[end]?.length ?? 0) - 1 > column) {
      const length = [...(lines[end]?.[column] ?? '')].length;
      width = Math.max(width, length + gap);
      if (length > 0) discardable = false;
      end++;
    }
    if (discardable) width = 0;
    for (let at = row; at < end; at++) {
      const own = widths[at];
      if (own !== undefined) own[column] = width;
    }
    layOut(lines, widths, row, end, column + 1, gap);
    row = end;
  }
}
