import Link from 'next/link';
import type { JSX } from 'react';
import type { LabBundle } from '../../engine/lab/bundle.ts';
import { Button } from '../_ui/button.tsx';
import type { WorkbenchState } from './state.ts';
import { isDone, type TaskLife } from './task-life.ts';

/** A lab to go on with. */
export type NextLab = { readonly slug: string; readonly number: string; readonly title: string };

function proofOf(life: TaskLife, state: WorkbenchState): string {
  if (life === 'verified') return 'The server has verified it by replaying your steps.';
  if (life === 'verifying') return 'The server is replaying your steps to verify it…';
  if (state.saved === 'offline') return 'The server verifies it when it is back.';
  if (state.saved === 'local' || state.saved === 'refused') return '';
  return 'Verification by the server follows.';
}

function linesOf(bundle: LabBundle, state: WorkbenchState): { open: number[]; isLast: boolean } {
  const open = state.lives.flatMap((life, index) => (isDone(life) ? [] : [index]));
  return { open, isLast: state.task === bundle.tasks.length - 1 };
}

/** Stands above the text once the task is solved: what that means, and the way on. It takes no focus away. */
export function DoneBanner({
  bundle,
  state,
  nextLab,
  onTask,
}: {
  bundle: LabBundle;
  state: WorkbenchState;
  nextLab: NextLab | undefined;
  onTask: (task: number) => void;
}): JSX.Element | null {
  const life = state.lives[state.task] ?? 'reading';
  if (!isDone(life)) return null;
  const { open, isLast } = linesOf(bundle, state);
  const left = open[0];
  const isLabDone = left === undefined;
  // The next one in order; at the end whichever was skipped.
  const next = isLast ? left : state.task + 1;
  return (
    <div
      data-solved="true"
      className="sticky top-0 z-10 border-b border-ok bg-ok-soft px-4 py-2.5 text-sm leading-5"
    >
      <p role="status">
        <span className="font-medium text-ok">
          <span aria-hidden="true">✓ </span>
          {isLabDone ? 'The lab is done: every task is solved.' : 'Solved.'}
        </span>{' '}
        {proofOf(life, state)}
      </p>
      <div className="mt-2 flex flex-wrap items-center gap-2 empty:hidden">
        {next !== undefined && (
          <Button
            look="main"
            onClick={() => onTask(next)}
            title={next === state.task + 1 ? 'Alt+N' : undefined}
          >
            {next === state.task + 1 ? 'Next' : 'Still open'}: {bundle.tasks[next]?.title}
          </Button>
        )}
        {(isLast || isLabDone) && nextLab !== undefined && (
          <Link
            prefetch={false}
            href={`/labs/${nextLab.slug}`}
            className={
              isLabDone
                ? 'rounded-md bg-accent px-2.5 py-1 text-[13px] leading-5 text-on-accent hover:opacity-90'
                : 'text-[13px] text-accent underline'
            }
          >
            Next lab: {nextLab.title}
          </Link>
        )}
        {isLabDone && nextLab === undefined && (
          <Link href="/labs" prefetch={false} className="text-[13px] text-accent underline">
            All labs
          </Link>
        )}
      </div>
    </div>
  );
}
