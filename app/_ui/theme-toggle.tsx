'use client';

import type { JSX } from 'react';
import { Button } from './button.tsx';

/** Switches between light and dark; kept in a cookie, so that the server renders the right one at once. */
export function toggleTheme(): void {
  const root = document.documentElement;
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  const next = (root.dataset['theme'] ?? system) === 'dark' ? 'light' : 'dark';
  root.dataset['theme'] = next;
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is absent on plain http
  document.cookie = `theme=${next}; path=/; max-age=31536000; samesite=lax`;
  window.dispatchEvent(new Event('themechange'));
}

/** The button that does so. */
export function ThemeToggle({ className }: { className?: string }): JSX.Element {
  return (
    <Button
      look="quiet"
      className={className}
      onClick={toggleTheme}
      aria-label="Switch between light and dark"
      title="Light or dark"
    >
      <svg aria-hidden="true" width="16" height="16" viewBox="0 0 16 16">
        <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="1.5" />
        <path d="M8 2 A6 6 0 0 1 8 14 Z" fill="currentColor" />
      </svg>
    </Button>
  );
}
