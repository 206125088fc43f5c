import type { JSX } from 'react';
import { Glyph, shapeOf } from './glyph.tsx';

type Cell = { readonly from: string; readonly to: string; readonly expect: string };

/** `tier=backend` → `backend`, `svc/database` → `database`: what fits beside a small picture. */
function shortName(peer: string): string {
  return peer.replace(/^.*[=/:]/, '').split('.')[0] ?? peer;
}

/** A lab's goal as a small picture: who (rows) may reach whom (columns). */
export function MiniMatrix({ cells }: { cells: readonly Cell[] }): JSX.Element {
  const rows = [...new Set(cells.map((cell) => shortName(cell.from)))].slice(0, 4);
  const columns = [...new Set(cells.map((cell) => shortName(cell.to)))].slice(0, 4);
  const at = (row: string, column: string) =>
    cells.find((cell) => shortName(cell.from) === row && shortName(cell.to) === column);
  return (
    <table
      aria-hidden="true"
      className="w-fit border-separate border-spacing-1 font-mono text-[10px] leading-3 text-muted"
    >
      <thead>
        <tr>
          <td />
          {columns.map((column) => (
            <th key={column} className="max-w-16 truncate px-0.5 font-normal">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row}>
            <th className="max-w-20 truncate pr-1 text-right font-normal">{row}</th>
            {columns.map((column) => {
              const cell = at(row, column);
              return (
                <td key={column} title={column} className="h-6 min-w-8 rounded bg-sunken p-0">
                  {cell !== undefined && <Glyph shape={shapeOf(cell.expect)} size={12} className="mx-auto" />}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
