import { z } from 'zod';
import { database } from './db.ts';
import { Refusal } from './http.ts';
import { readLab } from './labs.ts';
import { noteSolutionShown } from './marks.ts';

const shape = z.union([z.strictObject({ before: z.int().min(0) }), z.strictObject({ task: z.int().min(0) })]);

/**
 * The solutions that were asked for, by index of task: `before` a task, or of `task` itself. The latter is the last rung of
 * the hints and goes into the learner's record; without a database it is shown all the same.
 */
export async function solutionsFor(
  slug: string,
  raw: unknown,
  learner: string | undefined,
): Promise<Readonly<Record<number, string>>> {
  const wanted = shape.safeParse(raw);
  if (!wanted.success) throw new Refusal(400, 'Say which solutions: {"before": 2} or {"task": 2}.');
  const lab = await readLab(slug);
  if (lab === undefined) throw new Refusal(404, 'There is no such lab.');
  const { data } = wanted;
  const isWanted = (index: number) => ('before' in data ? index < data.before : index === data.task);
  const task = 'task' in data ? lab.tasks[data.task] : undefined;
  if (task !== undefined && learner !== undefined) {
    await database()
      .then((db) => noteSolutionShown(db, learner, slug, task.id))
      .catch((error: unknown) => console.error('A shown solution was not recorded:', error));
  }
  return Object.fromEntries(
    lab.tasks.flatMap(({ solution }, index) =>
      isWanted(index) && solution !== undefined ? [[index, solution]] : [],
    ),
  );
}
