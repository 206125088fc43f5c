'use client';

import { type JSX, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type {
  AdvisedEdit,
  CellAdvice,
  MatrixCell,
  MatrixValue,
  Reason,
} from '../../engine/lab/matrix-value.ts';
import { wordsOf } from '../../engine/lab/outcome-words.ts';
import { classes } from '../_ui/classes.ts';
import { Glyph, shapeOf } from '../_ui/glyph.tsx';
import { Advice } from './advice.tsx';

/** A pointer that only crosses a cell on its way to the explanation does not change it. */
const HOVER_MS = 110;

/** Advice is asked for when the matrix has not changed for this long: not at every letter that is typed. */
const ADVISE_MS = 250;

type Selected = { readonly row: number; readonly column: number };
type Props = {
  matrix: MatrixValue | undefined;
  onJump: (path: string, line?: number) => void;
  /** The cell the learner looks at, so that the editor can mark the line that decided it. */
  onLook: (cell: MatrixCell | undefined) => void;
  advice: CellAdvice | undefined;
  /** The learner wants to know what would turn a cell. */
  onAdvise: (row: number, column: number) => void;
  onTry: (edit: AdvisedEdit) => void;
};

function labelOf(matrix: MatrixValue, cell: MatrixCell): string {
  return `${matrix.rows[cell.row]?.label ?? ''} → ${matrix.columns[cell.column]?.label ?? ''}`;
}

/** All of a cell in one sentence, for screen readers. */
function sentenceOf(matrix: MatrixValue, cell: MatrixCell): string {
  const wanted = cell.wanted === undefined ? 'nothing is asked of it' : `wanted ${wordsOf(cell.wanted)}`;
  const differs = cell.isFulfilled ? '' : ', differs from what is wanted';
  const ghost = cell.actual === cell.applied ? '' : `, once applied; now ${wordsOf(cell.applied)}`;
  return `${labelOf(matrix, cell)}: ${wanted}, is ${wordsOf(cell.actual)}${ghost}${differs}`;
}

function Cell({
  matrix,
  cell,
  isSelected,
  isTabStop,
  onLook,
  onHover,
}: {
  matrix: MatrixValue;
  cell: MatrixCell;
  isSelected: boolean;
  isTabStop: boolean;
  onLook: () => void;
  /** The pointer came (true) or left (false). */
  onHover: (isOver: boolean) => void;
}): JSX.Element {
  const isGhost = cell.actual !== cell.applied;
  const isAsked = cell.wanted !== undefined;
  return (
    <button
      type="button"
      data-cell={`${cell.row}:${cell.column}`}
      data-fulfilled={cell.isFulfilled}
      data-outcome={cell.actual}
      data-ghost={isGhost}
      tabIndex={isTabStop ? 0 : -1}
      aria-label={sentenceOf(matrix, cell)}
      onMouseEnter={() => onHover(true)}
      onMouseLeave={() => onHover(false)}
      onFocus={onLook}
      onClick={onLook}
      className={classes(
        'flex h-9 w-full min-w-13 cursor-pointer items-center justify-center gap-1.5 rounded-md',
        isAsked ? 'bg-sunken' : 'bg-transparent',
        isGhost && 'ghost border border-dashed border-accent',
        !cell.isFulfilled && 'ring-2 ring-bad',
        isSelected && cell.isFulfilled && 'ring-1 ring-strong-line',
      )}
    >
      {cell.wanted !== undefined && (
        <Glyph shape={shapeOf(cell.wanted)} isHollow size={13} className="opacity-80" />
      )}
      <Glyph shape={shapeOf(cell.actual)} size={15} className={isAsked ? '' : 'opacity-45'} />
    </button>
  );
}

function ReasonLine({ reason, onJump }: { reason: Reason; onJump: Props['onJump'] }): JSX.Element {
  const { file, line } = reason;
  return (
    <li className="leading-5">
      <span className="text-muted">
        {reason.side === 'egress' ? 'Leaving the source' : 'At the destination'}:{' '}
      </span>
      {reason.text}
      {reason.policy !== undefined && (
        <span className="block font-mono text-[11px] text-muted [overflow-wrap:anywhere]">
          {reason.policy}
          {reason.rule === undefined ? '' : ` · ${reason.rule}`}
        </span>
      )}
      {file !== undefined && line !== undefined && (
        <button
          type="button"
          onClick={() => onJump(file, line)}
          className="cursor-pointer text-xs text-accent underline"
        >
          Go to line {line} of {file.split('/').at(-1)}
        </button>
      )}
    </li>
  );
}

function Explanation({
  matrix,
  cell,
  onJump,
  children,
}: {
  matrix: MatrixValue;
  cell: MatrixCell | undefined;
  onJump: Props['onJump'];
  children: JSX.Element;
}): JSX.Element {
  if (cell === undefined) {
    return <p className="text-muted">Pick a cell to see which rule decides it.</p>;
  }
  const isGhost = cell.actual !== cell.applied;
  return (
    <div>
      <p className="mb-1 font-medium">{labelOf(matrix, cell)}</p>
      <p className="mb-1.5 flex flex-wrap gap-x-3 gap-y-0.5">
        {cell.wanted !== undefined && (
          <span className="inline-flex items-center gap-1">
            <Glyph shape={shapeOf(cell.wanted)} isHollow size={12} /> wanted: {wordsOf(cell.wanted)}
          </span>
        )}
        <span className="inline-flex items-center gap-1">
          <Glyph shape={shapeOf(cell.actual)} size={12} /> {isGhost ? 'once applied' : 'is'}:{' '}
          {wordsOf(cell.actual)}
        </span>
        {isGhost && <span className="text-muted">now: {wordsOf(cell.applied)}</span>}
      </p>
      <ul className="space-y-1.5">
        {cell.reasons.map((reason) => (
          <ReasonLine
            key={`${reason.side}${reason.text}${reason.rule ?? ''}`}
            reason={reason}
            onJump={onJump}
          />
        ))}
      </ul>
      <div className="mt-2">{children}</div>
    </div>
  );
}

function Legend({ hasDrafts }: { hasDrafts: boolean }): JSX.Element {
  return (
    <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-[11px] text-muted">
      <span className="inline-flex items-center gap-1">
        <Glyph shape="open" isHollow isPlain size={11} />
        wanted
      </span>
      <span className="inline-flex items-center gap-1">
        <Glyph shape="open" isPlain size={11} />
        is
      </span>
      <span className="inline-flex items-center gap-1">
        <Glyph shape="open" size={11} /> open
      </span>
      <span className="inline-flex items-center gap-1">
        <Glyph shape="shut" size={11} /> dropped
      </span>
      <span className="inline-flex items-center gap-1">
        <Glyph shape="other" size={11} /> other
      </span>
      {hasDrafts && (
        <span className="inline-flex items-center gap-1">
          <span className="ghost inline-block h-3 w-4 rounded-sm border border-dashed border-accent" /> not
          applied yet
        </span>
      )}
    </p>
  );
}

/** The goal and what is, side by side in every cell; live while the YAML is typed. */
export function MatrixPane({ matrix, onJump, onLook, advice, onAdvise, onTry }: Props): JSX.Element {
  const [selected, setSelected] = useState<Selected | undefined>();
  const [wantsAdvice, setWantsAdvice] = useState(false);
  const ask = useRef(onAdvise);
  ask.current = onAdvise;
  useEffect(() => {
    if (!wantsAdvice || selected === undefined || matrix === undefined) return;
    const wait = setTimeout(() => ask.current(selected.row, selected.column), ADVISE_MS);
    return () => clearTimeout(wait);
  }, [wantsAdvice, selected, matrix]);
  const table = useRef<HTMLTableElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  if (matrix === undefined || matrix.rows.length === 0) {
    return (
      <p className="p-4 text-sm text-muted">
        {matrix === undefined
          ? 'The matrix appears with the cluster.'
          : 'This task asks questions; there is no goal to compare with.'}
      </p>
    );
  }
  const find = (at: Selected | undefined) =>
    matrix.cells.find((cell) => cell.row === at?.row && cell.column === at.column);
  const first = matrix.cells.find((cell) => !cell.isFulfilled) ?? matrix.cells[0];
  const shown = find(selected);
  const tabStop = shown ?? first;
  const look = (cell: MatrixCell) => {
    setSelected({ row: cell.row, column: cell.column });
    onLook(cell);
  };
  const hover = (cell: MatrixCell, isOver: boolean) => {
    clearTimeout(timer.current);
    if (isOver) timer.current = setTimeout(() => look(cell), HOVER_MS);
  };
  const move = (event: KeyboardEvent) => {
    const steps: Record<string, readonly [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    const step = event.altKey ? undefined : steps[event.key];
    if (step === undefined || tabStop === undefined) return;
    event.preventDefault();
    const target = { row: tabStop.row + step[0], column: tabStop.column + step[1] };
    table.current?.querySelector<HTMLButtonElement>(`[data-cell="${target.row}:${target.column}"]`)?.focus();
  };
  return (
    <div className="flex flex-col gap-3 p-3 text-[13px]">
      <div className="overflow-x-auto p-0.5">
        <table
          ref={table}
          onKeyDown={move}
          className="w-full border-separate border-spacing-1"
          data-testid="matrix"
        >
          <caption className="sr-only">
            Who may reach whom: rows are sources, columns are destinations
          </caption>
          <thead>
            <tr>
              <th scope="col" className="text-left text-[11px] font-normal text-muted">
                from ↓ to →
              </th>
              {matrix.columns.map((column) => (
                <th
                  key={column.id}
                  scope="col"
                  title={column.label}
                  className="max-w-24 truncate px-0.5 text-center font-mono text-[11px] leading-4 font-normal"
                >
                  {column.label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {matrix.rows.map((row, rowIndex) => (
              <tr key={row.id}>
                <th
                  scope="row"
                  title={row.label}
                  className="max-w-24 truncate pr-1 text-left font-mono text-[11px] font-normal"
                >
                  {row.label}
                </th>
                {matrix.columns.map((column, columnIndex) => {
                  const cell = find({ row: rowIndex, column: columnIndex });
                  return (
                    <td key={column.id} className="p-0 text-center text-muted">
                      {cell === undefined ? (
                        '·'
                      ) : (
                        <Cell
                          matrix={matrix}
                          cell={cell}
                          isSelected={cell === shown}
                          isTabStop={cell === tabStop}
                          onLook={() => look(cell)}
                          onHover={(isOver) => hover(cell, isOver)}
                        />
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Legend hasDrafts={matrix.hasDrafts} />
      {matrix.rejected.map((problem) => (
        <p
          key={`${problem.file}${problem.message}`}
          role="alert"
          className="rounded-md bg-bad-soft px-3 py-2 leading-5"
        >
          <span className="font-medium text-bad">{problem.file.split('/').at(-1)} would be refused.</span>{' '}
          {problem.message}{' '}
          {problem.line !== undefined && (
            <button
              type="button"
              className="cursor-pointer text-accent underline"
              onClick={() => onJump(problem.file, problem.line)}
            >
              Go to line {problem.line}
            </button>
          )}
        </p>
      ))}
      <div aria-live="polite" className="min-h-20 border-t border-line pt-2.5">
        <Explanation matrix={matrix} cell={shown} onJump={onJump}>
          <Advice
            matrix={matrix}
            advice={
              advice !== undefined && advice.row === shown?.row && advice.column === shown.column
                ? advice
                : undefined
            }
            isOpen={wantsAdvice}
            onOpen={() => setWantsAdvice(true)}
            onJump={onJump}
            onTry={onTry}
          />
        </Explanation>
      </div>
    </div>
  );
}
