'use client';

import Link from 'next/link';
import { type JSX, useEffect, useState } from 'react';
import { MiniMatrix } from '../_ui/mini-matrix.tsx';
import { Ring } from '../_ui/ring.tsx';
import { type LabProgress, readProgress } from './progress.ts';

/** What a card needs to know of its lab. */
export type CatalogueLab = {
  readonly slug: string;
  readonly number: string;
  readonly title: string;
  readonly track: string;
  readonly minutes: number;
  readonly teaches: string;
  readonly tasks: readonly { readonly id: string; readonly title: string }[];
  readonly goal: readonly { readonly from: string; readonly to: string; readonly expect: string }[];
};

type Progress = Readonly<Record<string, LabProgress>>;

function Card({ lab, progress }: { lab: CatalogueLab; progress: LabProgress | undefined }): JSX.Element {
  const done = progress?.solved.length ?? 0;
  return (
    <li>
      <Link
        href={`/labs/${lab.slug}`}
        className="group flex h-full flex-col rounded-xl border border-line bg-panel p-5 transition-colors hover:border-accent"
      >
        <div className="flex items-baseline gap-2">
          <span className="font-mono text-xs text-muted">{lab.number}</span>
          <h3 className="text-[17px] leading-6 font-semibold tracking-tight group-hover:text-accent">
            {lab.title}
          </h3>
        </div>
        <p className="mt-1.5 mb-4 text-sm leading-5.5 text-muted">{lab.teaches}.</p>
        <MiniMatrix cells={lab.goal} />
        <div className="mt-auto pt-4">
          <div className="flex items-center justify-end gap-2 text-xs whitespace-nowrap text-muted">
            <span className="mr-auto">{lab.minutes} min</span>
            <Ring done={done} total={lab.tasks.length} />
            <span className="tabular-nums">
              {done}/{lab.tasks.length}
            </span>
          </div>
        </div>
      </Link>
    </li>
  );
}

function Continue({
  labs,
  progress,
}: {
  labs: readonly CatalogueLab[];
  progress: Progress;
}): JSX.Element | null {
  const open = labs
    .flatMap((lab) =>
      progress[lab.slug] === undefined ? [] : [{ lab, at: progress[lab.slug] as LabProgress }],
    )
    .filter(({ lab, at }) => at.solved.length < lab.tasks.length)
    .sort((a, b) => b.at.atMs - a.at.atMs)[0];
  if (open === undefined) return null;
  const task = open.lab.tasks[open.at.task];
  return (
    <Link
      href={`/labs/${open.lab.slug}/${task?.id ?? ''}`}
      className="mb-10 flex items-center gap-4 rounded-xl border border-line bg-accent-soft px-5 py-3.5 hover:border-accent"
    >
      <Ring done={open.at.solved.length} total={open.lab.tasks.length} size={30} />
      <span>
        <span className="block text-xs text-muted">Continue</span>
        <span className="font-medium">{open.lab.title}</span>
        <span className="text-muted">
          {' '}
          · task {open.at.task + 1} of {open.lab.tasks.length}
          {task === undefined ? '' : `: ${task.title}`}
        </span>
      </span>
      <span className="ml-auto rounded-md bg-accent px-4 py-1.5 text-sm text-on-accent">Resume</span>
    </Link>
  );
}

/** The labs by track, with what this browser knows of the learner's way through them. */
export function Catalogue({ labs }: { labs: readonly CatalogueLab[] }): JSX.Element {
  const [progress, setProgress] = useState<Progress>({});
  useEffect(() => setProgress(readProgress()), []);
  const tracks = [...new Set(labs.map((lab) => lab.track))];
  return (
    <>
      <Continue labs={labs} progress={progress} />
      {tracks.map((track) => {
        const inTrack = labs.filter((lab) => lab.track === track);
        const solved = inTrack.filter((lab) => progress[lab.slug]?.solved.length === lab.tasks.length).length;
        return (
          <section key={track} className="mb-12" aria-label={track}>
            <h2 className="mb-4 flex items-baseline gap-3 text-sm font-semibold text-muted">
              {track}
              <span className="font-normal">
                {solved} of {inTrack.length} labs
              </span>
            </h2>
            <ul className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
              {inTrack.map((lab) => (
                <Card key={lab.slug} lab={lab} progress={progress[lab.slug]} />
              ))}
            </ul>
          </section>
        );
      })}
    </>
  );
}
