import type { JSX } from 'react';
import { classes } from './classes.ts';

/** The three things a connection can come to, each with a shape of its own (colour is never the only sign). */
export type Shape = 'open' | 'shut' | 'other';

const COLOURS: Record<Shape, string> = { open: 'text-ok', shut: 'text-bad', other: 'text-warn' };

/** The shape of an outcome: ● an answer, ✕ silence (a drop), ▲ any other refusal. */
export function shapeOf(outcome: string): Shape {
  if (outcome === 'ok' || outcome.startsWith('ok:') || outcome === 'icmp-ok') return 'open';
  return outcome.startsWith('timeout') || outcome.startsWith('dns-') ? 'shut' : 'other';
}

/** ● ✕ ▲ as a drawing; `isHollow` for what is wanted, filled for what is. */
export function Glyph({
  shape,
  isHollow = false,
  size = 14,
  isPlain = false,
  className,
}: {
  shape: Shape;
  isHollow?: boolean;
  size?: number;
  /** Without its colour: where the shape stands for all of its kind. */
  isPlain?: boolean;
  className?: string;
}): JSX.Element {
  const paint = {
    fill: isHollow ? 'none' : 'currentColor',
    stroke: 'currentColor',
    strokeWidth: isHollow ? 1.6 : 1,
  };
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      className={classes(isPlain ? 'text-muted' : COLOURS[shape], 'shrink-0', className)}
    >
      {shape === 'open' && <circle cx="8" cy="8" r="5.5" {...paint} />}
      {shape === 'shut' && (
        <path
          d="M3.5 3.5 L12.5 12.5 M12.5 3.5 L3.5 12.5"
          fill="none"
          stroke="currentColor"
          strokeLinecap="round"
          strokeWidth={isHollow ? 1.6 : 3}
        />
      )}
      {shape === 'other' && <path d="M8 2.5 L14 13 L2 13 Z" strokeLinejoin="round" {...paint} />}
    </svg>
  );
}
