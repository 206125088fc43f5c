/** What this browser remembers of a lab: enough for the catalogue; the journal itself lies in IndexedDB. */
export type LabProgress = {
  readonly solved: readonly number[];
  readonly task: number;
  readonly atMs: number;
};

const KEY = 'ringfence.progress';

/** Every lab's progress by slug; empty where the browser keeps nothing. */
export function readProgress(): Readonly<Record<string, LabProgress>> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Record<string, LabProgress>) : {};
  } catch {
    return {};
  }
}

/** Remembers where the learner is. A browser that refuses storage loses only the strip in the catalogue. */
export function writeProgress(slug: string, progress: LabProgress): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...readProgress(), [slug]: progress }));
  } catch {
    // Private windows may refuse.
  }
}
