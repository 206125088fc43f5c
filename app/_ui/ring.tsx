import type { JSX } from 'react';

/** Progress as a ring: `done` of `total`, with the same in words beside it for those who do not see it. */
export function Ring({
  done,
  total,
  size = 22,
}: {
  done: number;
  total: number;
  size?: number;
}): JSX.Element {
  const length = 2 * Math.PI * 8;
  const share = total === 0 ? 0 : Math.min(1, done / total);
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 20 20"
      role="img"
      aria-label={`${done} of ${total} tasks solved`}
    >
      <circle cx="10" cy="10" r="8" fill="none" stroke="var(--line)" strokeWidth="3" />
      {share > 0 && (
        <circle
          cx="10"
          cy="10"
          r="8"
          fill="none"
          stroke="var(--ok)"
          strokeWidth="3"
          strokeLinecap="round"
          strokeDasharray={`${length * share} ${length}`}
          transform="rotate(-90 10 10)"
        />
      )}
      {share === 1 && (
        <path
          d="M6.4 10.2 L9 12.8 L13.8 7.6"
          fill="none"
          stroke="var(--ok)"
          strokeWidth="2"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      )}
    </svg>
  );
}
