import type { JSX } from 'react';
import type { FlowRow } from '../../engine/session/protocol.ts';
import { classes } from '../_ui/classes.ts';

function colourOf(verdict: string): string {
  if (/DROPPED|DENIED|ERROR/.test(verdict)) return 'text-bad';
  return /FORWARDED|TRANSLATED/.test(verdict) ? 'text-ok' : 'text-warn';
}

/** The latest flows, newest first, as Hubble saw them. */
export function FlowsPane({ rows }: { rows: readonly FlowRow[] }): JSX.Element {
  if (rows.length === 0) {
    return (
      <p className="p-4 text-[13px] text-muted">
        No packet has been sent yet. Run a curl, and its flows appear here.
      </p>
    );
  }
  return (
    <table className="w-full text-left font-mono text-[11px] leading-4" data-testid="flows">
      <caption className="sr-only">Latest flows, newest first</caption>
      <thead className="sticky top-0 bg-panel text-muted">
        <tr>
          {['Time', 'From → to', 'Verdict'].map((title) => (
            <th key={title} scope="col" className="border-b border-line px-2 py-1 font-normal first:pl-3">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.toReversed().map((row) => (
          <tr key={row.id} className="border-b border-line/60 align-top">
            <td className="py-1 pr-2 pl-3 whitespace-nowrap text-muted" title={row.time}>
              {row.time.slice(0, 8)}
            </td>
            <td className="w-full max-w-0 px-2 py-1">
              <span className="block truncate" title={row.source}>
                {row.source}
              </span>
              <span className="block truncate" title={row.destination}>
                <span className="text-muted">→</span> {row.destination}
              </span>
            </td>
            <td className="py-1 pr-3 pl-2 whitespace-nowrap">
              <span className={classes('block', colourOf(row.verdict))}>{row.verdict}</span>
              <span className="block max-w-28 truncate text-muted" title={`${row.type} ${row.summary}`}>
                {row.summary === '' ? row.type : row.summary}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
