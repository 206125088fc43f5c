import type { LabBundle } from '../../engine/lab/bundle.ts';
import type { Input, JournalEntry } from '../../engine/session/protocol.ts';
import type { Database } from './db.ts';

/** A database, or a transaction in it. */
export type Queries = Pick<
  Database,
  'attempt' | 'journalPiece' | 'keyframe' | 'learner' | 'taskProgress' | '$queryRaw' | '$executeRaw'
>;

/** What a learner has of a lab's tasks, as indices into it. */
export type Marks = { readonly solved: readonly number[]; readonly verified: readonly number[] };

/** One task of a learner's record. Times are ISO 8601. */
export type TaskRecord = {
  readonly lab: string;
  readonly task: string;
  readonly startedAt: string;
  readonly attempts: number;
  readonly hintsTaken: number;
  readonly solvedAt: string | null;
  readonly verifiedAt: string | null;
};

/** The marks of a learner in a lab as it is now; marks of tasks that it has no more are kept but not shown. */
export async function marksOf(queries: Queries, learner: string, lab: LabBundle): Promise<Marks> {
  const rows = await queries.taskProgress.findMany({ where: { learnerId: learner, lab: lab.slug } });
  const indices = (isMarked: (row: (typeof rows)[number]) => boolean) =>
    lab.tasks.flatMap((task, index) =>
      rows.some((row) => row.task === task.id && isMarked(row)) ? [index] : [],
    );
  return {
    solved: indices((row) => row.solvedAt !== null || row.verifiedAt !== null),
    verified: indices((row) => row.verifiedAt !== null),
  };
}

/** A learner's whole record. */
export async function recordOf(queries: Queries, learner: string): Promise<readonly TaskRecord[]> {
  const rows = await queries.taskProgress.findMany({
    where: { learnerId: learner },
    orderBy: [{ lab: 'asc' }, { task: 'asc' }],
  });
  return rows.map(({ lab, task, startedAt, attempts, hintsTaken, solvedAt, verifiedAt }) => ({
    lab,
    task,
    startedAt: startedAt.toISOString(),
    attempts,
    hintsTaken,
    solvedAt: solvedAt?.toISOString() ?? null,
    verifiedAt: verifiedAt?.toISOString() ?? null,
  }));
}

/** Inputs that count as a try at a task, as the page counts them. */
function isTry(input: Input): boolean {
  if (input.kind === 'line')
    return /^\s*kubectl\s+(apply|create|replace|edit|patch|delete)\b/.test(input.text);
  return input.kind === 'answer' || input.kind === 'predict';
}

type Change = { attempts: number; hintsTaken: number };

/**
 * Writes down what new entries say about tasks: begun, tried, hints taken. They are the learner's own account; only
 * `verified` is worth anything to others.
 * @param task The task at hand before the entries; undefined for a new attempt.
 * @returns The task at hand after the entries.
 */
export async function noteEntries(
  queries: Queries,
  learner: string,
  lab: LabBundle,
  task: number | undefined,
  entries: readonly JournalEntry[],
): Promise<number> {
  const changes = new Map<number, Change>();
  const of = (index: number): Change => {
    const change = changes.get(index) ?? { attempts: 0, hintsTaken: 0 };
    changes.set(index, change);
    return change;
  };
  let current = task ?? 0;
  for (const { input } of entries) {
    if (input.kind === 'task') current = input.task;
    const change = of(input.kind === 'hint' ? input.task : current);
    if (input.kind === 'hint') change.hintsTaken = Math.max(change.hintsTaken, input.rung);
    if (isTry(input)) change.attempts++;
  }
  for (const [index, { attempts, hintsTaken }] of changes) {
    const id = lab.tasks[index]?.id;
    // Nothing to add to a task that was at hand already.
    const isNew = index !== task || attempts > 0 || hintsTaken > 0;
    if (id !== undefined && isNew) await note(queries, learner, lab.slug, id, { attempts, hintsTaken });
  }
  return current;
}

/** Adds to a learner's record of one task. */
async function note(
  queries: Queries,
  learner: string,
  lab: string,
  task: string,
  change: Change,
): Promise<void> {
  const now = new Date();
  await queries.$executeRaw`
    INSERT INTO task_progress (learner_id, lab, task, started_at, attempts, hints_taken)
    VALUES (${learner}, ${lab}, ${task}, ${now}, ${change.attempts}, ${change.hintsTaken})
    ON CONFLICT (learner_id, lab, task) DO UPDATE SET
      attempts = task_progress.attempts + EXCLUDED.attempts,
      hints_taken = GREATEST(task_progress.hints_taken, EXCLUDED.hints_taken)`;
}

/** Remembers that a learner was shown a solution. Nothing happens for a learner who is not known yet. */
export async function noteSolutionShown(
  queries: Queries,
  learner: string,
  lab: string,
  task: string,
): Promise<void> {
  if ((await queries.learner.findUnique({ where: { id: learner } })) === null) return;
  await note(queries, learner, lab, task, { attempts: 0, hintsTaken: 4 });
}

/** Marks tasks as solved, or as verified (which they stay, whatever comes later). Unknown indices are passed over. */
export async function mark(
  queries: Queries,
  learner: string,
  lab: LabBundle,
  tasks: readonly number[],
  isVerified: boolean,
): Promise<void> {
  const now = new Date();
  const verifiedAt = isVerified ? now : null;
  for (const index of tasks) {
    const id = lab.tasks[index]?.id;
    if (id === undefined) continue;
    await queries.$executeRaw`
      INSERT INTO task_progress (learner_id, lab, task, started_at, solved_at, verified_at)
      VALUES (${learner}, ${lab.slug}, ${id}, ${now}, ${now}, ${verifiedAt})
      ON CONFLICT (learner_id, lab, task) DO UPDATE SET
        solved_at = COALESCE(task_progress.solved_at, EXCLUDED.solved_at),
        verified_at = COALESCE(task_progress.verified_at, EXCLUDED.verified_at)`;
  }
}
