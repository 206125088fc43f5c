import type { JSX } from 'react';

/** The mark: a ring with one gap, the allowed way through the fence. */
export function Logo({ size = 22 }: { size?: number }): JSX.Element {
  return (
    <svg aria-hidden="true" width={size} height={size} viewBox="0 0 24 24">
      <path
        d="M20.2 8.4 A9 9 0 1 0 20.2 15.6"
        fill="none"
        stroke="var(--accent)"
        strokeWidth="3"
        strokeLinecap="round"
      />
      <circle cx="12" cy="12" r="3" fill="var(--accent)" />
      <path d="M15.5 12 H22" stroke="var(--ok)" strokeWidth="2.4" strokeLinecap="round" />
    </svg>
  );
}
