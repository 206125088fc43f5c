import { fulfils } from '../net/outcome.ts';
import type { Probe, TaskData } from '../lab/bundle.ts';
import { stateText, wishText } from '../lab/judge.ts';
import { wordsOf } from '../lab/outcome-words.ts';
import { tryProbe } from '../lab/peers.ts';
import { counterfactual } from './counterfactuals.ts';
import type { Sandbox } from './sandbox.ts';
import { parseTranscript } from './transcript.ts';

/** What one rung of the ladder says; the third points at a line of the learner's own text. */
export type Hint = { readonly text: string; readonly file?: string; readonly line?: number };

/** The hint of a rung (CURRICULUM.md §0.2): which flow, the rule in words, the line that decided, a solution. */
export function hintFor(sandbox: Sandbox, task: number, rung: 1 | 2 | 3 | 4): Hint {
  const data = sandbox.bundle.tasks[task];
  if (data === undefined) return { text: 'There is no such task.' };
  if (rung === 4) return { text: solutionText(data) };
  const failing = task === sandbox.task ? failingProbe(sandbox) : undefined;
  if (rung === 3) return lineHint(sandbox, failing);
  const written = data.hints[rung - 1];
  if (rung === 1 && failing !== undefined)
    return {
      text: `${written ?? ''} Not so yet: ${wishText(failing)}.`.trim(),
    };
  return { text: written ?? 'Compare what is wanted with what is, cell by cell.' };
}

/** The first connection of the task that does not behave as wanted. */
function failingProbe(sandbox: Sandbox): Probe | undefined {
  const view = sandbox.view();
  const data = sandbox.taskData;
  return [...(data?.goal ?? []), ...(data?.hidden ?? [])].find(
    (probe) => !fulfils(probe.expect, tryProbe(view, probe).outcome),
  );
}

function lineHint(sandbox: Sandbox, failing: Probe | undefined): Hint {
  if (failing === undefined) {
    const asksForAnswers = sandbox.taskData?.goal.length === 0;
    return {
      text: `${asksForAnswers ? 'No policy has to change in this task.' : 'Every connection already behaves as the task asks.'} Look at the list of checks: what is open there is something to do or to answer.`,
    };
  }
  const [reason] = sandbox.explain(failing);
  const state = `${wishText(failing)}. ${stateText(sandbox.view(), failing)}`;
  if (reason === undefined) return { text: state };
  const place =
    reason.line === undefined
      ? ''
      : ` It stands in line ${reason.line}${reason.file === undefined ? '' : ` of ${reason.file.slice(reason.file.lastIndexOf('/') + 1)}`}.`;
  const edit = counterfactual(sandbox, failing);
  const turn = edit === undefined ? '' : ` ${edit.line === undefined ? 'A' : 'In'} ${edit.text}.`;
  const { file, line } = edit?.line === undefined ? reason : edit;
  return {
    text: `${state} ${reason.text}${place}${turn}`,
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
  };
}

function solutionText({ solution, predict }: TaskData): string {
  if (solution === undefined) return 'The solution could not be loaded. Check the connection, and ask again.';
  const steps = parseTranscript(solution).steps.map((step) => {
    if (step.kind === 'command') return `$ ${step.input}`;
    return step.kind === 'answer'
      ? `Answer ${step.question + 1}: ${step.choice}`
      : step.cells.map((cell, at) => predictionText(predict[at], cell)).join('\n');
  });
  return steps.join('\n');
}

/** A prediction in the words of the form that it is put into. */
function predictionText(probe: Probe | undefined, cell: string): string {
  const port = probe?.port === undefined ? '' : `, port ${probe.port}`;
  return `${probe?.from ?? ''} → ${probe?.to ?? ''}${port}: ${wordsOf(cell)}`;
}
