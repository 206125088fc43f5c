import Link from 'next/link';
import type { JSX, ReactNode } from 'react';
import { TopBar } from './top-bar.tsx';

/** A page that has only something to say: what happened, and where to go on. */
export function MessagePage({
  title,
  children,
  actions,
}: {
  title: string;
  children: ReactNode;
  actions?: ReactNode;
}): JSX.Element {
  return (
    <>
      <TopBar />
      <main className="mx-auto max-w-xl px-5 py-24">
        <h1 className="mb-3 text-2xl font-semibold tracking-tight">{title}</h1>
        <div className="mb-8 text-muted">{children}</div>
        <div className="flex gap-3">
          {actions}
          <Link href="/labs" className="rounded-md bg-accent px-4 py-2 text-sm text-on-accent">
            All labs
          </Link>
        </div>
      </main>
    </>
  );
}
