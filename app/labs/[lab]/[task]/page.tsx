import type { Metadata } from 'next';
import { cookies } from 'next/headers';
import { notFound } from 'next/navigation';
import type { JSX } from 'react';
import { listLabs, readLab, readLabForPage } from '../../../_server/labs.ts';
import { Workbench } from '../../../_workbench/workbench.tsx';

type Props = { params: Promise<{ lab: string; task: string }> };

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const lab = await readLab((await params).lab);
  return { title: lab === undefined ? 'No such lab' : lab.title };
}

/** The workbench of one lab, at one task. */
export default async function TaskPage({ params }: Props): Promise<JSX.Element> {
  const { lab: slug, task } = await params;
  const lab = await readLabForPage(slug);
  const index = lab?.tasks.findIndex((candidate) => candidate.id === task) ?? -1;
  if (lab === undefined || index === -1) notFound();
  const labs = await listLabs();
  const next = labs[labs.findIndex((other) => other.slug === slug) + 1];
  const nextLab = next && { slug: next.slug, number: next.number, title: next.title };
  const isGuest = (await cookies()).has('ringfence_guest');
  return <Workbench bundle={lab} task={index} nextLab={nextLab} isGuest={isGuest} />;
}
