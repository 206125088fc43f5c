import Link from 'next/link';
import type { JSX } from 'react';
import { Logo } from './logo.tsx';
import { ThemeToggle } from './theme-toggle.tsx';

/** The bar above every page but the workbench. */
export function TopBar(): JSX.Element {
  return (
    <header className="border-b border-line bg-panel">
      <div className="mx-auto flex h-14 max-w-6xl items-center gap-4 px-5">
        <Link href="/labs" className="flex h-10 items-center gap-2 text-[17px] font-semibold tracking-tight">
          <Logo /> Ringfence
        </Link>
        <nav aria-label="Main" className="ml-4 text-sm text-muted">
          <Link href="/labs" className="inline-flex h-10 items-center rounded px-2 hover:text-ink">
            Labs
          </Link>
        </nav>
        <div className="ml-auto">
          <ThemeToggle />
        </div>
      </div>
    </header>
  );
}
