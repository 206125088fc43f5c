'use client';

import type { JSX } from 'react';
import type { AdvisedEdit, CellAdvice, MatrixValue } from '../../engine/lab/matrix-value.ts';
import { wordsOf } from '../../engine/lab/outcome-words.ts';
import { Button } from '../_ui/button.tsx';

/** `text` with an edit's change made in it; lines and columns count from 1. */
export function withChange(text: string, change: NonNullable<AdvisedEdit['change']>): string {
  const lines = text.split('\n');
  const offset = (line: number, column: number) =>
    lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
  return (
    text.slice(0, offset(change.line, change.column)) +
    change.text +
    text.slice(offset(change.endLine, change.endColumn))
  );
}

const AIMS: Record<CellAdvice['aim'], string> = {
  wanted: 'What would make it as wanted',
  pass: 'What would open it',
  drop: 'What would close it',
};

/** The other cells that an edit changes, in half a sentence. */
function sideEffects(matrix: MatrixValue, edit: AdvisedEdit): string {
  if (edit.changes.length === 0) return 'No other cell changes.';
  const names = edit.changes
    .slice(0, 3)
    .map(
      ({ row, column, to }) =>
        `${matrix.rows[row]?.label ?? ''} → ${matrix.columns[column]?.label ?? ''} (${wordsOf(to)})`,
    );
  const more = edit.changes.length - names.length;
  return `Also changes ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
}

/** The smallest edits that would turn a cell, once they were asked for: they are half of a solution. */
export function Advice({
  matrix,
  advice,
  isOpen,
  onOpen,
  onJump,
  onTry,
}: {
  matrix: MatrixValue;
  /** Undefined while it is being found. */
  advice: CellAdvice | undefined;
  isOpen: boolean;
  onOpen: () => void;
  onJump: (path: string, line?: number) => void;
  onTry: (edit: AdvisedEdit) => void;
}): JSX.Element {
  if (!isOpen) {
    return (
      <Button look="quiet" className="-ml-2 text-accent" onClick={onOpen}>
        What would turn this?
      </Button>
    );
  }
  if (advice === undefined) return <p className="text-muted">Trying edits…</p>;
  return (
    <div data-testid="advice" ref={(element) => element?.scrollIntoView({ block: 'nearest' })}>
      <p className="mb-1 font-medium">{AIMS[advice.aim]}</p>
      {advice.edits.length === 0 && (
        <p className="text-muted">No single edit of the policies that are there does it.</p>
      )}
      <ul className="space-y-2">
        {advice.edits.map((edit) => (
          <li key={`${edit.policy}${edit.text}`} className="leading-5">
            <span className="[overflow-wrap:anywhere]">{edit.text}</span>
            <span className="block text-xs text-muted">{sideEffects(matrix, edit)}</span>
            {edit.change !== undefined && (
              <pre className="mt-1 overflow-x-auto rounded bg-sunken px-2 py-1 font-mono text-[11px] leading-4">
                {edit.change.removed.map((line) => `- ${line}\n`).join('')}
                {edit.change.added.map((line) => `+ ${line}\n`).join('')}
              </pre>
            )}
            <span className="flex flex-wrap gap-2 pt-0.5">
              {edit.file !== undefined && edit.line !== undefined && (
                <button
                  type="button"
                  onClick={() => onJump(edit.file ?? '', edit.line)}
                  className="cursor-pointer text-xs text-accent underline"
                >
                  Go to line {edit.line} of {edit.file.split('/').at(-1)}
                </button>
              )}
              {edit.change !== undefined && (
                <button
                  type="button"
                  onClick={() => onTry(edit)}
                  className="cursor-pointer text-xs text-accent underline"
                >
                  Try it in the editor
                </button>
              )}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
