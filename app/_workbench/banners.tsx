'use client';

import type { JSX } from 'react';
import { Button } from '../_ui/button.tsx';
import { classes } from '../_ui/classes.ts';
import type { Sandbox } from './sandbox.ts';
import type { WorkbenchState } from './state.ts';

const COLOURS = {
  info: 'bg-accent-soft',
  warning: 'bg-warn-soft',
  error: 'bg-bad-soft',
} as const;

/** What the learner must know now: the engine's health, who writes, and notices. */
export function Banners({ state, sandbox }: { state: WorkbenchState; sandbox: Sandbox }): JSX.Element {
  return (
    <div className="shrink-0 text-sm">
      {state.life === 'wedged' && (
        <div role="alert" className="flex items-center gap-3 border-b border-line bg-bad-soft px-4 py-2">
          <span>
            {state.crash === undefined
              ? 'The engine does not answer. Restarting it goes on from your journal; nothing is lost.'
              : `The engine stopped on a mistake of ours (${state.crash}). Restarting goes on from your journal; nothing is lost.`}
          </span>
          <Button look="main" onClick={() => void sandbox.restart()}>
            Restart engine
          </Button>
        </div>
      )}
      {(state.life === 'restarting' || state.life === 'resuming') && (
        <p role="status" className="border-b border-line bg-accent-soft px-4 py-2">
          The engine goes on from your journal…
        </p>
      )}
      {state.isReadOnly && (
        <div role="alert" className="flex items-center gap-3 border-b border-line bg-warn-soft px-4 py-2">
          <span>This lab is open in another tab or on another device. Here you can look, but not type.</span>
          <Button look="main" onClick={() => void sandbox.takeOver()}>
            Take over
          </Button>
        </div>
      )}
      {state.notices.map((notice) => (
        <div
          key={notice.id}
          role={notice.level === 'error' ? 'alert' : 'status'}
          className={classes('flex items-start gap-3 border-b border-line px-4 py-2', COLOURS[notice.level])}
        >
          <span className="min-w-0 flex-1 whitespace-pre-line [overflow-wrap:anywhere]">{notice.text}</span>
          <button
            type="button"
            aria-label="Dismiss"
            className="cursor-pointer px-1 text-muted hover:text-ink"
            onClick={() => sandbox.dismiss(notice.id)}
          >
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
