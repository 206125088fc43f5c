'use client';

import type { JSX } from 'react';
import type { LabBundle, TaskData } from '../../engine/lab/bundle.ts';
import type { CheckResult } from '../../engine/session/protocol.ts';
import { classes } from '../_ui/classes.ts';
import { AnswerForm } from './answer-form.tsx';
import { HintLadder } from './hint-ladder.tsx';
import { Markdown } from './markdown.tsx';
import { PredictForm } from './predict-form.tsx';
import type { Sandbox } from './sandbox.ts';
import type { WorkbenchState } from './state.ts';

const KINDS: Readonly<Record<string, string>> = {
  read: 'Look',
  predict: 'Predict',
  fix: 'Fix',
  fill: 'Fill in',
  write: 'Write',
  debug: 'Find the fault',
  review: 'Review',
  golf: 'Shorten',
  recall: 'Recall',
};

function Check({ check }: { check: CheckResult }): JSX.Element {
  return (
    <li className="flex gap-2.5 py-1.5" data-check={check.id} data-holds={check.holds}>
      <span
        aria-hidden="true"
        className={classes(
          'mt-0.5 flex size-4.5 shrink-0 items-center justify-center rounded-full text-[11px] leading-none',
          check.holds ? 'bg-ok-soft text-ok' : 'border border-strong-line',
        )}
      >
        {check.holds && '✓'}
      </span>
      <span className="min-w-0">
        <span className="sr-only">{check.holds ? 'Holds: ' : 'Does not hold yet: '}</span>
        <span className="[overflow-wrap:anywhere]">{check.text}</span>
        {!check.holds && check.reason !== '' && (
          <span className="block text-xs leading-4.5 text-muted [overflow-wrap:anywhere]">
            {check.reason}
          </span>
        )}
      </span>
    </li>
  );
}

/** The list of what must hold, with the reason beside what does not, and what is known of a wrong answer. */
export function Checklist({ state, sandbox }: { state: WorkbenchState; sandbox: Sandbox }): JSX.Element {
  const { feedback } = state;
  const isSolved = state.tasks[state.task]?.isSolved ?? false;
  const held = state.checks.filter((check) => check.holds).length;
  return (
    <section
      aria-label="Checks"
      data-region="checks"
      tabIndex={-1}
      className="p-4 text-sm leading-5 outline-none"
    >
      <h2 className="mb-1 flex items-baseline justify-between text-xs font-semibold text-muted">
        Checks
        {state.checks.length > 0 && (
          <span className="font-normal tabular-nums">
            {held} of {state.checks.length}
          </span>
        )}
      </h2>
      {feedback !== undefined && !isSolved && (
        <div
          role="status"
          data-feedback={feedback.id}
          className="my-2 rounded-md border-l-3 border-warn bg-warn-soft px-3 py-2"
        >
          {feedback.text}
          {feedback.file !== undefined && feedback.line !== undefined && (
            <button
              type="button"
              className="ml-1 cursor-pointer text-accent underline"
              onClick={() => sandbox.jump(feedback.file ?? '', feedback.line)}
            >
              Show line {feedback.line}
            </button>
          )}
        </div>
      )}
      {state.checks.length === 0 && state.life === 'booting' && (
        <p className="text-muted">The cluster starts…</p>
      )}
      <ul>
        {state.checks.map((check) => (
          <Check key={check.id} check={check} />
        ))}
      </ul>
    </section>
  );
}

/** What the task is and asks. */
export function TaskText({
  bundle,
  index,
  task,
  onRun,
}: {
  bundle: LabBundle;
  index: number;
  task: TaskData;
  onRun?: (code: string) => void;
}): JSX.Element {
  return (
    <>
      <p className="mb-1 text-xs text-muted">
        Task {index + 1} of {bundle.tasks.length} · {KINDS[task.kind] ?? task.kind}
      </p>
      <h1 className="mb-3 text-lg leading-6 font-semibold tracking-tight">{task.title}</h1>
      <Markdown source={task.text} onRun={onRun} />
    </>
  );
}

/** The task's text, its questions, and the ladder of hints. */
export function GoalPane({
  bundle,
  task,
  state,
  sandbox,
  onRun,
}: {
  bundle: LabBundle;
  task: TaskData;
  state: WorkbenchState;
  sandbox: Sandbox;
  onRun: (code: string) => void;
}): JSX.Element {
  return (
    <section
      aria-label="Task"
      data-region="text"
      tabIndex={-1}
      className="p-4 text-sm leading-5.5 outline-none"
    >
      <TaskText bundle={bundle} index={state.task} task={task} onRun={onRun} />
      {task.answers.length > 0 && (
        <AnswerForm
          key={state.task}
          questions={task.answers}
          task={state.task}
          sandbox={sandbox}
          checks={state.checks}
        />
      )}
      {task.predict.length > 0 && (
        <PredictForm
          key={`p${state.task}`}
          probes={task.predict}
          task={state.task}
          sandbox={sandbox}
          checks={state.checks}
        />
      )}
      <HintLadder key={`h${state.task}`} task={state.task} state={state} sandbox={sandbox} />
    </section>
  );
}
