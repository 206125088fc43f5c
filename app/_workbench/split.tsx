'use client';

import {
  type CSSProperties,
  type JSX,
  type KeyboardEvent,
  type PointerEvent,
  type RefObject,
  useEffect,
  useState,
} from 'react';
import { classes } from '../_ui/classes.ts';
import { keep, kept } from './storage.ts';

/** A share that the learner may change: a percentage of the whole, remembered by this browser. */
export function useShare(
  name: string,
  initial: number,
  [least, most]: readonly [number, number],
): readonly [number, (share: number) => void] {
  const [share, setShare] = useState(initial);
  useEffect(() => {
    const share = Number(kept(`ringfence.share.${name}`));
    if (share >= least && share <= most) setShare(share);
  }, [name, least, most]);
  const change = (next: number) => {
    const bounded = Math.min(most, Math.max(least, next));
    setShare(bounded);
    keep(`ringfence.share.${name}`, String(Math.round(bounded * 10) / 10));
  };
  return [share, change];
}

/**
 * The line between two panes: dragged by pointer, or moved by the arrow keys. `sign` is -1 where the share belongs to
 * the pane after the line.
 */
export function Divider({
  label,
  axis,
  share,
  onChange,
  whole,
  sign = 1,
  style,
  bounds,
}: {
  label: string;
  axis: 'x' | 'y';
  share: number;
  onChange: (share: number) => void;
  /** The element whose size is 100 per cent. */
  whole: RefObject<HTMLElement | null>;
  sign?: 1 | -1;
  style?: CSSProperties;
  bounds: readonly [number, number];
}): JSX.Element {
  const change = (next: number) => onChange(Math.min(bounds[1], Math.max(bounds[0], next)));
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (
      event.buttons !== 1 ||
      whole.current === null ||
      !event.currentTarget.hasPointerCapture(event.pointerId)
    )
      return;
    const box = whole.current.getBoundingClientRect();
    const at = axis === 'x' ? (event.clientX - box.left) / box.width : (event.clientY - box.top) / box.height;
    change((sign === 1 ? at : 1 - at) * 100);
  };
  const press = (event: KeyboardEvent) => {
    const steps: Record<string, number> =
      axis === 'x' ? { ArrowLeft: -2, ArrowRight: 2 } : { ArrowUp: -2, ArrowDown: 2 };
    const step = event.altKey ? undefined : steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    change(share + step * sign);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: an <hr> cannot be moved; this is the separator widget of ARIA
    <div
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={axis === 'x' ? 'vertical' : 'horizontal'}
      aria-valuenow={Math.round(share)}
      aria-valuemin={bounds[0]}
      aria-valuemax={bounds[1]}
      style={style}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      onKeyDown={press}
      className={classes(
        // What can be grabbed is wider than what is seen.
        "relative hidden touch-none bg-line transition-colors before:absolute before:z-10 before:content-[''] hover:bg-accent focus-visible:bg-accent md:block",
        axis === 'x'
          ? 'cursor-col-resize before:-inset-x-1 before:inset-y-0'
          : 'cursor-row-resize before:inset-x-0 before:-inset-y-1',
      )}
    />
  );
}
