import { type SnapshotFrom, setup } from 'xstate';

/**
 * The life of one task as the learner sees it. *Solved* is what this browser's sandbox found; *verified* is what the server
 * found by replaying the journal, and it stays, whatever happens to the cluster afterwards.
 */
export const taskMachine = setup({
  types: {
    events: {} as
      | { type: 'ASKED' }
      | { type: 'TRIED' }
      | { type: 'SOLVED' }
      | { type: 'CHECKING' }
      | { type: 'UNCHECKED' }
      | { type: 'VERIFIED' },
  },
}).createMachine({
  id: 'task',
  initial: 'reading',
  states: {
    reading: { on: { ASKED: 'predicting', TRIED: 'trying', SOLVED: 'solved', VERIFIED: 'verified' } },
    predicting: { on: { TRIED: 'trying', SOLVED: 'solved', VERIFIED: 'verified' } },
    trying: { on: { SOLVED: 'solved', VERIFIED: 'verified' } },
    solved: { on: { CHECKING: 'verifying', VERIFIED: 'verified' } },
    verifying: { on: { UNCHECKED: 'solved', VERIFIED: 'verified' } },
    verified: {},
  },
});

/** One of reading, predicting, trying, solved, verifying, verified. */
export type TaskLife = SnapshotFrom<typeof taskMachine>['value'];

const WORDS: Readonly<Record<TaskLife, string>> = {
  reading: '',
  predicting: '',
  trying: 'begun',
  solved: 'solved',
  verifying: 'solved, being verified',
  verified: 'solved and verified by the server',
};

/** What is said of a task in that state; empty for one that was not begun. */
export function wordsOfLife(life: TaskLife): string {
  return WORDS[life];
}

/** True from the moment on in which its checks held. */
export function isDone(life: TaskLife): boolean {
  return life === 'solved' || life === 'verifying' || life === 'verified';
}
