'use client';

import { type JSX, useEffect, useRef } from 'react';
import { Button } from '../_ui/button.tsx';

const KEYS: readonly (readonly [string, string])[] = [
  ['Ctrl/⌘ + Enter', 'Apply the file: types kubectl apply into the terminal'],
  ['Ctrl/⌘ + S', 'Save the file'],
  ['Alt + 1 … 5', 'Go to text, YAML, terminal, matrix, browser'],
  ['F6', 'Go to the next region (Shift + F6: the one before)'],
  ['Esc', 'Leave the terminal'],
  ['Alt + ← / →', 'Undo and redo one step of the cluster'],
  ['Alt + N', 'Next task'],
  ['Alt + H', 'Next hint'],
  ['Alt + R', 'Start this task over'],
  ['Ctrl + Z / Y', 'Undo and redo in the editor'],
  ['Ctrl + M', 'Editor: Tab moves on, or indents again'],
  ['Ctrl + C', 'Terminal: interrupt; copies while text is selected'],
  ['Ctrl + R, ↑, Tab', 'Terminal: search history, former lines, complete'],
  ['?', 'This list'],
];

/** The list of keys, as a dialog. */
export function Shortcuts({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen && dialog.current?.open === false) dialog.current.showModal();
    if (!isOpen) dialog.current?.close();
  }, [isOpen]);
  return (
    <dialog
      ref={dialog}
      onClose={onClose}
      aria-label="Keyboard shortcuts"
      className="m-auto w-full max-w-lg rounded-xl border border-line bg-panel p-6 text-ink shadow-xl backdrop:bg-black/40"
    >
      <div className="mb-4 flex items-center justify-between">
        <h2 className="text-lg font-semibold">Keys</h2>
        <Button look="quiet" onClick={onClose}>
          Close
        </Button>
      </div>
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2 text-sm">
        {KEYS.map(([key, what]) => (
          <div key={key} className="contents">
            <dt className="font-mono text-xs leading-5 whitespace-nowrap">{key}</dt>
            <dd className="leading-5 text-muted">{what}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
