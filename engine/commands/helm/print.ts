import { formatDate } from '../../base/strftime.ts';

/** Rows the way helm's tables are: every cell, the last one too, as wide as its column, tabs between. */
export function tabled(rows: readonly (readonly string[])[], maxWidth = Number.POSITIVE_INFINITY): string {
  const cut = (cell: string): string => (cell.length > maxWidth ? `${cell.slice(0, maxWidth - 3)}...` : cell);
  const shown = rows.map((row) => row.map(cut));
  const widths: number[] = [];
  for (const row of shown)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return shown.map((row) => `${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('\t')}\n`).join('');
}

/** Go's time.ANSIC of an RFC 3339 time: `Mon Jan _2 15:04:05 2006`. */
export function ansicTime(text: string): string {
  return formatDate(Date.parse(text.replace(/\.\d+Z$/, 'Z')), '%a %b %e %T %Y');
}

/** Go's time.String of an RFC 3339 time in UTC: `2006-01-02 15:04:05.999999999 +0000 UTC`. */
export function goTimeText(text: string): string {
  return `${text.replace('T', ' ').replace(/Z$/, '')} +0000 UTC`;
}
