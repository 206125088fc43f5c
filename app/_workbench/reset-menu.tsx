'use client';

import { type JSX, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { Button } from '../_ui/button.tsx';
import { classes } from '../_ui/classes.ts';
import { toggleTheme } from '../_ui/theme-toggle.tsx';
import type { Sandbox } from './sandbox.ts';

/** Closes the menu as soon as a pointer goes down elsewhere. */
function useOutside(isOpen: boolean, close: () => void) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    const press = (event: PointerEvent) => {
      if (event.target instanceof Node && box.current?.contains(event.target) === false) close();
    };
    document.addEventListener('pointerdown', press, true);
    return () => document.removeEventListener('pointerdown', press, true);
  }, [isOpen, close]);
  return box;
}

/** The menu of resets: each moves the whole cluster, so none is a single press. On a phone it also holds what the bar has no room for. */
export function ResetMenu({ sandbox, isDisabled }: { sandbox: Sandbox; isDisabled: boolean }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const close = useRef(() => setOpen(false)).current;
  const box = useOutside(isOpen, close);
  useEffect(() => {
    if (isOpen) box.current?.querySelector<HTMLElement>('[role=menuitem]:not(:disabled)')?.focus();
  }, [isOpen, box]);
  const choose = (act: () => void) => {
    setOpen(false);
    opener.current?.focus();
    act();
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Tab') return setOpen(false);
    if (event.key === 'Escape') return choose(() => {});
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || event.altKey) return;
    event.preventDefault();
    const items = [
      ...(box.current?.querySelectorAll<HTMLElement>('[role=menuitem]:not(:disabled)') ?? []),
    ].filter((item) => item.offsetParent !== null);
    const at = items.indexOf(document.activeElement as HTMLElement);
    items[(at + step + items.length) % items.length]?.focus();
  };
  const items: readonly (readonly [string, () => void, string?])[] = [
    ['Start this task over', () => sandbox.send({ kind: 'reset-task' })],
    ['Start the lab over', () => sandbox.send({ kind: 'reset-lab' })],
    ['Light or dark', toggleTheme, 'md:hidden'],
  ];
  return (
    <div className="relative" ref={box}>
      <Button
        look="quiet"
        ref={opener}
        aria-label="Reset"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <span className="max-md:hidden">Reset</span>
        <span aria-hidden="true" className="md:hidden">
          ⋯
        </span>
      </Button>
      {isOpen && (
        <div
          className="absolute right-0 z-30 mt-1 w-64 rounded-lg border border-line bg-panel p-2 shadow-lg"
          role="menu"
          tabIndex={-1}
          aria-label="Reset"
          onKeyDown={press}
        >
          {items.map(([words, act, more]) => (
            <button
              key={words}
              type="button"
              role="menuitem"
              disabled={isDisabled && act !== toggleTheme}
              className={classes(
                'w-full cursor-pointer rounded px-2 py-1.5 text-left text-sm hover:bg-sunken disabled:cursor-default disabled:opacity-40',
                more,
              )}
              onClick={() => choose(act)}
            >
              {words}
            </button>
          ))}
          <p className="px-2 pt-1 text-xs leading-4.5 text-muted">Undo takes a reset back.</p>
        </div>
      )}
    </div>
  );
}
