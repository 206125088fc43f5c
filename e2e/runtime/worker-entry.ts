// The worker's side: answers every message by a message with the same id.
import { answers, type RealmJob, tasteOfPoison } from './realm.ts';
import type { LabBundle } from '../../engine/lab/bundle.ts';

type Ask = {
  readonly id: number;
  readonly bundles: Readonly<Record<string, LabBundle>>;
  readonly jobs: readonly RealmJob[];
};

const scope = globalThis as unknown as {
  postMessage(answer: unknown): void;
  onmessage: ((message: { readonly data: Ask }) => void) | null;
};

scope.onmessage = ({ data }) => {
  if (data.jobs.length === 0) scope.postMessage({ id: data.id, tastes: tasteOfPoison() });
  else void answers(data.bundles, data.jobs).then((given) => scope.postMessage({ id: data.id, given }));
};
