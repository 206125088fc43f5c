'use client';

import { type JSX, useEffect, useState } from 'react';
import { Button } from '../_ui/button.tsx';
import { Markdown } from './markdown.tsx';
import type { Sandbox } from './sandbox.ts';
import type { WorkbenchState } from './state.ts';

/** Seconds between two rungs, so that each one is read and tried. */
const PAUSE_SECONDS = 20;
const RUNGS = ['Which flow', 'The rule in words', 'The line', 'A solution'] as const;

/** Four rungs: which flow, the rule in words, the line, a solution. Free, recorded, with a pause between them. */
export function HintLadder({
  task,
  state,
  sandbox,
}: {
  task: number;
  state: WorkbenchState;
  sandbox: Sandbox;
}): JSX.Element {
  const hints = state.hints.filter((hint) => hint.task === task).sort((a, b) => a.rung - b.rung);
  const [pause, setPause] = useState(0);
  useEffect(() => {
    if (hints.length > 0) setPause(PAUSE_SECONDS);
  }, [hints.length]);
  useEffect(() => {
    if (pause === 0) return;
    const timer = setTimeout(() => setPause(pause - 1), 1_000);
    return () => clearTimeout(timer);
  }, [pause]);
  const next = hints.length;
  return (
    <div className="mt-5" data-hints={hints.length}>
      <ol aria-live="polite" className="space-y-2">
        {hints.map((hint) => (
          <li key={hint.rung} className="rounded-md bg-sunken px-3 py-2">
            <p className="mb-0.5 text-xs text-muted">
              Hint {hint.rung}: {RUNGS[hint.rung - 1]}
            </p>
            {hint.rung === 4 ? (
              <pre className="overflow-x-auto font-mono text-xs leading-5 whitespace-pre-wrap">
                {hint.text}
              </pre>
            ) : (
              <Markdown source={hint.text} />
            )}
            {hint.file !== undefined && hint.line !== undefined && (
              <button
                type="button"
                className="mt-1 cursor-pointer text-xs text-accent underline"
                onClick={() => sandbox.jump(hint.file ?? '', hint.line)}
              >
                Show line {hint.line}
              </button>
            )}
          </li>
        ))}
      </ol>
      {next < RUNGS.length && (
        <Button
          className="mt-2"
          disabled={(pause > 0 && hints.length > 0) || state.isReadOnly}
          onClick={() => sandbox.send({ kind: 'hint', task })}
        >
          Hint {next + 1} of {RUNGS.length}: {RUNGS[next]}
          {pause > 0 && hints.length > 0 ? ` (in ${pause} s)` : ''}
        </Button>
      )}
    </div>
  );
}
