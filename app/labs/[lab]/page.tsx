import { notFound } from 'next/navigation';
import type { JSX } from 'react';
import { readLab } from '../../_server/labs.ts';
import { ResumeLab } from '../../_workbench/resume-lab.tsx';

type Props = { params: Promise<{ lab: string }> };

/** Goes on to the first task that is not solved; only the learner's browser knows a guest's. */
export default async function LabPage({ params }: Props): Promise<JSX.Element> {
  const lab = await readLab((await params).lab);
  if (lab === undefined) notFound();
  return <ResumeLab slug={lab.slug} tasks={lab.tasks.map((task) => task.id)} />;
}
