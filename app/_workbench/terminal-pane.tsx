'use client';

import { type JSX, type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import { Button } from '../_ui/button.tsx';
import { classes } from '../_ui/classes.ts';
import type { Sandbox } from './sandbox.ts';
import type { WorkbenchState } from './state.ts';
import { keep, kept } from './storage.ts';
import type { TerminalScreen } from './terminal-screen.ts';

/** What other parts of the page may do with the terminals. */
export type TerminalHandle = { focus(): void; current(): number; show(terminal: number): void };

type Props = {
  sandbox: Sandbox;
  state: WorkbenchState;
  handle: RefObject<TerminalHandle | null>;
  onLeave: () => void;
  onLink: (url: string) => void;
  onTooLong: () => void;
};

/** Terminals that tests may read; the text is the learner's own. */
type Exposed = { __terminals?: Map<number, TerminalScreen> };

function Screen({
  sandbox,
  terminal,
  isShown,
  isScreenReader,
  screens,
  onLeave,
  onLink,
  onTooLong,
  onReady,
}: {
  sandbox: Sandbox;
  terminal: number;
  isShown: boolean;
  isScreenReader: boolean;
  screens: RefObject<Map<number, TerminalScreen>>;
  onLeave: () => void;
  onLink: (url: string) => void;
  onTooLong: () => void;
  onReady: (terminal: number) => void;
}): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const listeners = useRef({ onLeave, onLink, onTooLong, onReady, isScreenReader });
  listeners.current = { onLeave, onLink, onTooLong, onReady, isScreenReader };
  useEffect(() => {
    let screen: TerminalScreen | undefined;
    let detach = () => {};
    let isGone = false;
    void import('./terminal-screen.ts').then((module) => {
      if (isGone || host.current === null) return;
      const made = new module.TerminalScreen(
        host.current,
        {
          keys: (data) => {
            sandbox.send({ kind: 'keys', terminal, data });
            return !sandbox.state.isReadOnly;
          },
          size: (columns, rows) => sandbox.send({ kind: 'resize', terminal, columns, rows }),
          leave: () => listeners.current.onLeave(),
          link: (url) => listeners.current.onLink(url),
          tooLong: () => listeners.current.onTooLong(),
        },
        { isScreenReader: listeners.current.isScreenReader },
      );
      screen = made;
      screens.current.set(terminal, made);
      detach = sandbox.attach(terminal, made);
      listeners.current.onReady(terminal);
    });
    return () => {
      isGone = true;
      detach();
      screens.current.delete(terminal);
      screen?.dispose();
    };
  }, [sandbox, terminal, screens]);
  useEffect(
    () => screens.current.get(terminal)?.setScreenReader(isScreenReader),
    [isScreenReader, screens, terminal],
  );
  return (
    <div
      ref={host}
      data-testid={`terminal-${terminal}`}
      className={classes('absolute inset-0 overflow-hidden', !isShown && 'invisible')}
    />
  );
}

function waitWords(waitsMs: number): string {
  const seconds = Math.ceil(waitsMs / 1000);
  return seconds >= 120 ? `${Math.round(seconds / 60)} min` : `${seconds} s`;
}

const PHONE_KEYS: readonly (readonly [string, string])[] = [
  ['Tab', '\t'],
  ['↑', '\x1b[A'],
  ['↓', '\x1b[B'],
  ['Ctrl-C', '\x03'],
  ['|', '|'],
  ['-', '-'],
  ['/', '/'],
  [':', ':'],
  ['$', '$'],
];

/** The terminals in tabs, with the button that skips a wait. */
export function TerminalPane({ sandbox, state, handle, onLeave, onLink, onTooLong }: Props): JSX.Element {
  const [shown, setShown] = useState(1);
  const [isScreenReader, setScreenReader] = useState(false);
  const screens = useRef<Map<number, TerminalScreen>>(new Map());
  const current = state.terminals.includes(shown) ? shown : (state.terminals[0] ?? 1);
  const known = useRef<readonly number[]>(state.terminals);
  const focus = useCallback(() => screens.current.get(current)?.focus(), [current]);
  useEffect(() => {
    handle.current = { focus, current: () => current, show: setShown };
    (window as unknown as Exposed).__terminals = screens.current;
  }, [handle, focus, current]);
  useEffect(() => {
    // A tab that has just been opened comes to the front.
    const added = state.terminals.find((terminal) => !known.current.includes(terminal));
    if (added !== undefined && known.current.length > 0) setShown(added);
    known.current = state.terminals;
  }, [state.terminals]);
  // A button that opens or closes a terminal hands the keys to the one that is shown then.
  const wantsFocus = useRef(false);
  const currentNow = useRef(current);
  currentNow.current = current;
  const takeFocus = useCallback((terminal: number) => {
    const screen = screens.current.get(terminal);
    if (!wantsFocus.current || screen === undefined) return;
    wantsFocus.current = false;
    screen.focus();
  }, []);
  useEffect(() => takeFocus(current), [current, takeFocus]);
  useEffect(() => setScreenReader(kept('ringfence.screenReader') === 'on'), []);
  const toggleReader = () => {
    keep('ringfence.screenReader', isScreenReader ? 'off' : 'on');
    setScreenReader(!isScreenReader);
  };
  const busy = state.busy[current];
  return (
    <section
      aria-label="Terminal"
      data-region="terminal"
      className="flex h-full min-h-0 flex-col bg-terminal"
    >
      <div className="flex h-9 shrink-0 items-center gap-1 border-b border-line bg-panel px-2 max-md:h-11">
        <div
          className="flex min-w-0 items-center gap-1 overflow-x-auto"
          role="tablist"
          aria-label="Terminals"
        >
          {state.terminals.map((terminal) => (
            <button
              key={terminal}
              type="button"
              role="tab"
              aria-selected={terminal === current}
              onClick={() => {
                setShown(terminal);
                requestAnimationFrame(() => screens.current.get(terminal)?.focus());
              }}
              className={classes(
                'cursor-pointer rounded px-2 py-0.5 text-[13px] whitespace-nowrap',
                terminal === current ? 'bg-sunken text-ink' : 'text-muted hover:text-ink',
              )}
            >
              Terminal {terminal}
              {state.busy[terminal] !== undefined && terminal !== current && (
                <span className="ml-1 text-accent">●</span>
              )}
            </button>
          ))}
        </div>
        {current !== 1 && (
          <Button
            look="quiet"
            aria-label={`Close terminal ${current}`}
            title={`Close terminal ${current}`}
            onClick={() => {
              wantsFocus.current = true;
              sandbox.send({ kind: 'close-terminal', terminal: current });
            }}
          >
            ×
          </Button>
        )}
        <Button
          look="quiet"
          aria-label="New terminal"
          title="New terminal"
          onClick={() => {
            wantsFocus.current = true;
            sandbox.send({ kind: 'open-terminal' });
          }}
        >
          +
        </Button>
        <div className="ml-auto flex min-w-0 items-center gap-2">
          {busy?.waitsMs !== undefined && (
            <Button look="main" className="py-0.5" onClick={() => sandbox.send({ kind: 'skip-wait' })}>
              Skip the wait ({waitWords(busy.waitsMs)})
            </Button>
          )}
          {!state.isClockRunning && state.life !== 'booting' && (
            <span
              className="text-xs text-muted"
              title="Virtual time stands still while nothing is typed; it goes on with the next key."
            >
              time is paused
            </span>
          )}
          <Button
            look="quiet"
            aria-pressed={isScreenReader}
            onClick={toggleReader}
            title="Lets a screen reader read the terminal's output"
            className="shrink-0 text-xs max-sm:hidden"
          >
            Screen reader {isScreenReader ? 'on' : 'off'}
          </Button>
        </div>
      </div>
      <div className="relative min-h-0 flex-1">
        {state.terminals.map((terminal) => (
          <Screen
            key={terminal}
            sandbox={sandbox}
            terminal={terminal}
            isShown={terminal === current}
            isScreenReader={isScreenReader}
            screens={screens}
            onLeave={onLeave}
            onLink={onLink}
            onTooLong={onTooLong}
            onReady={(ready) => ready === currentNow.current && takeFocus(ready)}
          />
        ))}
      </div>
      <div
        className="flex shrink-0 gap-1 overflow-x-auto border-t border-line bg-panel p-1.5 md:hidden"
        role="toolbar"
        aria-label="Terminal keys"
      >
        {PHONE_KEYS.map(([label, data]) => (
          <Button
            key={label}
            className="min-w-10 shrink-0 px-2 py-1.5 font-mono"
            onClick={() => {
              sandbox.send({ kind: 'keys', terminal: current, data });
              focus();
            }}
          >
            {label}
          </Button>
        ))}
      </div>
    </section>
  );
}
