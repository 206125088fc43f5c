'use client';

import { useRouter } from 'next/navigation';
import { type JSX, useEffect } from 'react';
import { readProgress } from './progress.ts';

/** Sends the learner on to the first task that is not solved yet. */
export function ResumeLab({ slug, tasks }: { slug: string; tasks: readonly string[] }): JSX.Element {
  const router = useRouter();
  useEffect(() => {
    const solved = readProgress()[slug]?.solved ?? [];
    const next = tasks.find((_, index) => !solved.includes(index)) ?? tasks[0];
    router.replace(`/labs/${slug}/${next}`);
  }, [router, slug, tasks]);
  return (
    <p className="p-8 text-muted" role="status">
      Opening the lab…
    </p>
  );
}
