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
          {['Time', 'From → to', 'What', 'Verdict'].map((title) => (
            <th key={title} scope="col" className="border-b border-line px-2 py-1 font-normal">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.toReversed().map((row) => (
          <tr key={row.id} className="border-b border-line/60 align-top">
            <td className="px-2 py-1 whitespace-nowrap text-muted">{row.time}</td>
            <td className="px-2 py-1 [overflow-wrap:anywhere]">
              {row.source} → {row.destination}
            </td>
            <td className="px-2 py-1 [overflow-wrap:anywhere] text-muted">
              {row.type} {row.summary}
            </td>
            <td className={classes('px-2 py-1 whitespace-nowrap', colourOf(row.verdict))}>{row.verdict}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
