import type { JSX } from 'react';
import { listLabs } from '../_server/labs.ts';
import { TopBar } from '../_ui/top-bar.tsx';
import { Catalogue } from '../_workbench/catalogue.tsx';

export const metadata = { title: 'Labs' };

/** The catalogue. */
export default async function LabsPage(): Promise<JSX.Element> {
  const labs = await listLabs();
  return (
    <>
      <TopBar />
      <main className="mx-auto max-w-6xl px-5 py-12">
        <h1 className="mb-2 text-3xl font-semibold tracking-tight">Learn network policy by doing</h1>
        <p className="mb-10 max-w-2xl text-muted">
          Each lab is a virtual Kubernetes cluster with Cilium, at a prompt at once. Write a policy, send a
          packet, and see which rule decided it. Nothing to install, no timer.
        </p>
        <Catalogue labs={labs} />
      </main>
    </>
  );
}
