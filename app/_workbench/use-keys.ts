'use client';

import { useEffect, useRef } from 'react';

/** The regions of the workbench, in the order in which F6 visits them. */
export const REGIONS = ['text', 'checks', 'yaml', 'terminal', 'matrix'] as const;

/** One of them. */
export type Region = (typeof REGIONS)[number];

type Actions = {
  onRegion: (region: Region | 'browser') => void;
  onUndo: () => void;
  onRedo: () => void;
  onNext: () => void;
  onHint: () => void;
  onReset: () => void;
  onHelp: () => void;
  onApply: () => void;
  onSave: () => void;
};

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  );
}

function regionOf(target: EventTarget | null): Region | undefined {
  const name =
    target instanceof Element ? target.closest('[data-region]')?.getAttribute('data-region') : undefined;
  return REGIONS.find((region) => region === (name === 'browser' ? 'yaml' : name));
}

/** The action of a key with Alt, or undefined. Keys by position (`code`), because Alt changes the letter on some layouts. */
function altAction(event: KeyboardEvent, actions: Actions): (() => void) | undefined {
  const digit = /^Digit([1-5])$/.exec(event.code)?.[1];
  const direct = (['text', 'yaml', 'terminal', 'matrix', 'browser'] as const)[Number(digit) - 1];
  if (direct !== undefined) return () => actions.onRegion(direct);
  const letters: Record<string, () => void> = {
    KeyN: actions.onNext,
    KeyH: actions.onHint,
    KeyR: actions.onReset,
  };
  const arrows: Record<string, () => void> = { ArrowLeft: actions.onUndo, ArrowRight: actions.onRedo };
  return letters[event.code] ?? arrows[event.code];
}

/** The keys of the whole page (the terminal lets them through). */
export function useKeys(actions: Actions): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const now = latest.current;
      const isCommand = event.ctrlKey || event.metaKey;
      let action: (() => void) | undefined;
      if (event.key === 'F6') {
        const at = REGIONS.indexOf(regionOf(event.target) ?? 'matrix');
        const next = REGIONS[(at + (event.shiftKey ? REGIONS.length - 1 : 1)) % REGIONS.length] ?? 'text';
        action = () => now.onRegion(next);
      } else if (event.altKey && !isCommand) action = altAction(event, now);
      else if (isCommand && event.key === 'Enter' && !event.defaultPrevented) action = now.onApply;
      else if (isCommand && event.key.toLowerCase() === 's' && regionOf(event.target) !== 'terminal')
        action = event.defaultPrevented ? undefined : now.onSave;
      else if (event.key === '?' && !isCommand && !isTyping(event.target)) action = now.onHelp;
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
}
