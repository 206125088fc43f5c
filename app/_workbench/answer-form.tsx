'use client';

import { type JSX, useState } from 'react';
import type { Question } from '../../engine/lab/bundle.ts';
import type { CheckResult } from '../../engine/session/protocol.ts';
import { classes } from '../_ui/classes.ts';
import type { Sandbox } from './sandbox.ts';

/** The questions of a task; each pick is an answer at once. */
export function AnswerForm({
  questions,
  task,
  sandbox,
  checks,
}: {
  questions: readonly Question[];
  task: number;
  sandbox: Sandbox;
  checks: readonly CheckResult[];
}): JSX.Element {
  const [picked, setPicked] = useState<Readonly<Record<number, string>>>({});
  const results = checks.filter((check) => check.kind === 'answer');
  return (
    <div className="mt-4 space-y-4">
      {questions.map((question, index) => {
        const isRight = results[index]?.holds ?? false;
        // What was answered on an earlier visit, or elsewhere, is in the journal.
        const answer = picked[index] ?? results[index]?.given;
        return (
          <fieldset key={question.ask} className="rounded-md border border-line p-3">
            <legend className="px-1 text-xs text-muted">
              Question {index + 1}
              {isRight ? ' ✓' : ''}
            </legend>
            <p className="mb-2">{question.ask}</p>
            {question.choose.map((choice) => (
              <label
                key={choice}
                className={classes(
                  'flex cursor-pointer items-center gap-2 rounded px-2 py-1 hover:bg-sunken',
                  answer === choice && 'bg-sunken',
                )}
              >
                <input
                  type="radio"
                  name={`question-${task}-${index}`}
                  checked={answer === choice}
                  onChange={() => {
                    setPicked({ ...picked, [index]: choice });
                    sandbox.send({ kind: 'answer', task, question: index, choice });
                  }}
                />
                <span className="font-mono text-[13px]">{choice}</span>
              </label>
            ))}
            {isRight && question.because !== undefined && (
              <p className="mt-2 text-xs leading-4.5 text-muted">{question.because}</p>
            )}
          </fieldset>
        );
      })}
    </div>
  );
}
