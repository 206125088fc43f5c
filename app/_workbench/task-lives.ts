import { type Actor, createActor } from 'xstate';
import type { LabBundle } from '../../engine/lab/bundle.ts';
import type { Input } from '../../engine/session/protocol.ts';
import { type TaskLife, taskMachine } from './task-life.ts';

/** Inputs that are an attempt at a task; the size of a terminal or a hint is none. */
const TRIES: ReadonlySet<Input['kind']> = new Set(['line', 'save', 'answer', 'predict']);

/** The lives of a lab's tasks. Tells its owner when one of them has changed. */
export class TaskLives {
  readonly #actors: readonly Actor<typeof taskMachine>[];

  constructor(bundle: LabBundle, onChange: (lives: readonly TaskLife[]) => void) {
    this.#actors = bundle.tasks.map((task) => {
      const actor = createActor(taskMachine);
      actor.start();
      if (task.kind === 'predict') actor.send({ type: 'ASKED' });
      return actor;
    });
    for (const actor of this.#actors) actor.subscribe(() => onChange(this.now()));
  }

  /** The states by index of task. */
  now(): readonly TaskLife[] {
    return this.#actors.map((actor) => actor.getSnapshot().value);
  }

  /** The learner did something while a task was the current one. */
  tried(task: number, inputs: readonly Input[]): void {
    if (inputs.some((input) => TRIES.has(input.kind))) this.#actors[task]?.send({ type: 'TRIED' });
  }

  solved(tasks: readonly number[]): void {
    for (const task of tasks) this.#actors[task]?.send({ type: 'SOLVED' });
  }

  verified(tasks: readonly number[]): void {
    for (const task of tasks) this.#actors[task]?.send({ type: 'VERIFIED' });
  }

  /** A replay on the server is under way for whatever is solved (or none is). */
  checking(isUnderWay: boolean): void {
    for (const actor of this.#actors) actor.send({ type: isUnderWay ? 'CHECKING' : 'UNCHECKED' });
  }
}
