'use client';

import Link from 'next/link';
import type { JSX } from 'react';
import type { LabBundle } from '../../engine/lab/bundle.ts';
import { Button } from '../_ui/button.tsx';
import { classes } from '../_ui/classes.ts';
import { Logo } from '../_ui/logo.tsx';
import { ThemeToggle } from '../_ui/theme-toggle.tsx';
import { ResetMenu } from './reset-menu.tsx';
import type { Sandbox } from './sandbox.ts';
import type { SavedState, WorkbenchState } from './state.ts';
import { isDone, wordsOfLife } from './task-life.ts';

const SAVED: Record<SavedState, readonly [string, string]> = {
  saved: ['Saved', 'Every step is kept in this browser and on the server.'],
  saving: ['Saving…', 'Kept in this browser; on its way to the server.'],
  offline: [
    'Offline',
    'The server is away. Everything is kept in this browser and will be sent when it is back.',
  ],
  local: ['On this device', 'Every step is kept in this browser.'],
  refused: ['Not accepted', 'The server refused this journal. Your work stays in this browser, unverified.'],
};

function Arrow({ isBack }: { isBack: boolean }): JSX.Element {
  return (
    <svg
      aria-hidden="true"
      width="15"
      height="15"
      viewBox="0 0 16 16"
      className={isBack ? '' : '-scale-x-100'}
    >
      <path
        d="M6 3 L2.5 6.5 L6 10 M3 6.5 H9.5 A3.7 3.7 0 0 1 9.5 13.5 H7"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}

/** Solved is a bare tick; verified is the same tick in a seal, so that the two differ in shape. */
function Tick({ isVerified }: { isVerified: boolean }): JSX.Element {
  return (
    <svg aria-hidden="true" width="14" height="14" viewBox="0 0 16 16" className="text-ok">
      {isVerified && (
        <path
          d="M8 .8 L10 2.5 12.6 2.2 13.3 4.7 15.5 6.2 14.4 8.6 15 11.1 12.5 11.9 11 14 8.6 13.2 6.2 14.5 4.6 12.4 2 11.9 2.1 9.3 .6 7.1 2.5 5.2 3 2.6 5.6 2.6Z"
          fill="currentColor"
        />
      )}
      <path
        d="M4.8 8 L7.2 10.4 L11.3 5.6"
        fill="none"
        stroke={isVerified ? 'var(--panel)' : 'currentColor'}
        strokeWidth="1.8"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}

/** The tasks as numbers: solved, verified, current. */
function TaskTicks({
  bundle,
  state,
  onTask,
}: {
  bundle: LabBundle;
  state: WorkbenchState;
  onTask: (task: number) => void;
}): JSX.Element {
  return (
    <nav aria-label="Tasks" className="flex min-w-0 items-center gap-1 overflow-x-auto max-md:gap-0">
      {bundle.tasks.map((task, index) => {
        const life = state.lives[index] ?? 'reading';
        const isVerified = life === 'verified';
        const isSolved = isDone(life);
        const isCurrent = index === state.task;
        const said = wordsOfLife(life);
        const words = `Task ${index + 1}: ${task.title}${said === '' ? '' : `, ${said}`}`;
        return (
          <button
            key={task.id}
            type="button"
            title={words}
            aria-label={words}
            aria-current={isCurrent ? 'step' : undefined}
            data-task={index}
            data-solved={isSolved}
            data-verified={isVerified}
            data-task-life={life}
            onClick={() => onTask(index)}
            className={classes(
              'flex h-7 min-w-7 shrink-0 cursor-pointer items-center justify-center gap-0.5 rounded-full border px-1.5 text-xs tabular-nums',
              isCurrent ? 'border-accent bg-accent-soft text-ink' : 'border-line text-muted hover:text-ink',
            )}
          >
            {index + 1}
            {isSolved && <Tick isVerified={isVerified} />}
            {!isSolved && isCurrent && <span className="text-[9px] text-accent">●</span>}
          </button>
        );
      })}
    </nav>
  );
}

/** The bar of the workbench: where the learner is, the steps back and forth, theme and help. */
export function Header({
  bundle,
  state,
  sandbox,
  onTask,
  onHelp,
}: {
  bundle: LabBundle;
  state: WorkbenchState;
  sandbox: Sandbox;
  onTask: (task: number) => void;
  onHelp: () => void;
}): JSX.Element {
  const [saved, why] = SAVED[state.saved];
  const isStill = state.isReadOnly || state.life === 'booting';
  return (
    <header className="flex h-12 shrink-0 items-center gap-3 border-b border-line bg-panel px-3 max-md:gap-0.5 max-md:px-1 max-md:[&_button]:px-1.5">
      <Link
        href="/labs"
        prefetch={false}
        aria-label="All labs"
        title="All labs"
        className="flex shrink-0 items-center justify-center rounded p-1 hover:bg-sunken max-md:size-10"
      >
        <Logo size={20} />
      </Link>
      <p className="hidden min-w-0 truncate text-sm font-medium lg:block">
        <span className="mr-2 font-mono text-xs font-normal text-muted">{bundle.number}</span>
        {bundle.title}
      </p>
      <TaskTicks bundle={bundle} state={state} onTask={onTask} />
      <div className="ml-auto flex shrink-0 items-center gap-0.5">
        <span
          title={why}
          role="status"
          className={classes(
            'mr-2 hidden text-xs md:inline',
            state.saved === 'refused' || state.saved === 'offline' ? 'text-warn' : 'text-muted',
          )}
        >
          {saved}
        </span>
        <Button
          look="quiet"
          disabled={!state.canUndo || isStill}
          onClick={() => sandbox.send({ kind: 'undo' })}
          aria-label="Undo"
          title="Undo one step of the cluster (Alt+←)"
        >
          <Arrow isBack /> <span className="hidden lg:inline">Undo</span>
        </Button>
        <Button
          look="quiet"
          disabled={!state.canRedo || isStill}
          onClick={() => sandbox.send({ kind: 'redo' })}
          aria-label="Redo"
          title="Redo (Alt+→)"
        >
          <Arrow isBack={false} /> <span className="hidden lg:inline">Redo</span>
        </Button>
        <ResetMenu sandbox={sandbox} isDisabled={isStill} />
        <ThemeToggle className="max-md:hidden" />
        <Button
          look="quiet"
          className="max-md:hidden"
          onClick={onHelp}
          aria-label="Keyboard shortcuts"
          title="Keys (?)"
        >
          ?
        </Button>
      </div>
    </header>
  );
}
