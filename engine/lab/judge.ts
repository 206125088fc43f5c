import type { Outcome } from '../net/outcome.ts';
import { fulfils } from '../net/outcome.ts';
import type { Deed, Guard, Probe, TaskData } from './bundle.ts';
import type { Reason } from './matrix-value.ts';
import { wordsOf } from './outcome-words.ts';
import { peerLabel, podsOf, targetLabel, tryProbe } from './peers.ts';
import { outcomeWords } from './reasons.ts';
import type { ClusterView } from './view.ts';

/** A flow as deeds ask about it; ends are pods (`ns/name`) or addresses. */
export type SeenFlow = {
  readonly source: { readonly pod?: string; readonly address: string };
  readonly destination: { readonly pod?: string; readonly address: string };
  readonly port: number | undefined;
  readonly verdict: string;
};

/** A command that ended, as typed, with its exit status. */
export type SeenCommand = { readonly line: string; readonly exit: number };

/** What the learner did since the task began; the session keeps it. */
export type Deeds = {
  readonly flows: readonly SeenFlow[];
  readonly commands: readonly SeenCommand[];
  /** Latest choice of each question, by its index. */
  readonly answers: ReadonlyMap<number, string>;
  /** The latest prediction, one outcome a cell. */
  readonly prediction: readonly string[] | undefined;
};

/** One line of the check list. */
export type Check = {
  readonly id: string;
  readonly kind: 'goal' | 'hidden' | 'did' | 'guard' | 'predict' | 'answer';
  readonly text: string;
  readonly holds: boolean;
  readonly reason: string;
  /** What the learner answered or predicted, once they have. */
  readonly given?: string;
};

/** Gives the reasons of a probe's outcome, for the text of a check. */
export type Explainer = (probe: Probe) => readonly Reason[];

/** Judges a task on a frozen view; it is solved when every check holds. Nothing is changed. */
export function judge(view: ClusterView, task: TaskData, deeds: Deeds, explain: Explainer): readonly Check[] {
  return [
    ...task.goal.map((probe, index) => probeCheck(view, probe, `goal-${index}`, explain)),
    ...hiddenCheck(view, task, explain),
    ...deedChecks(view, task, deeds),
  ];
}

/** The checks that look at what was done, not at the network. */
function deedChecks(view: ClusterView, task: TaskData, deeds: Deeds): readonly Check[] {
  return [
    ...task.did.map((deed, index) => deedCheck(view, deed, index, deeds)),
    ...task.guards.map((guard, index) => guardCheck(view, guard, index)),
    ...predictCheck(task, deeds),
    ...task.answers.map((question, index) => answerCheck(question, index, deeds)),
  ];
}

function answerCheck(question: TaskData['answers'][number], index: number, deeds: Deeds): Check {
  const given = deeds.answers.get(index);
  const holds = given === question.right;
  return {
    id: `answer-${index}`,
    kind: 'answer',
    text: question.ask,
    holds,
    reason:
      given === undefined
        ? 'Not answered yet.'
        : holds
          ? (question.because ?? 'Yes.')
          : `“${given}” is not what was meant.`,
    ...(given !== undefined && { given }),
  };
}

/** Whether every check of `judge` holds, at less cost: connections are tried only when all else holds, up to the first that fails. */
export function isSolvedNow(view: ClusterView, task: TaskData, deeds: Deeds): boolean {
  const others = deedChecks(view, task, deeds);
  const probes = [...task.goal, ...task.hidden];
  return (
    others.length + probes.length > 0 &&
    others.every((check) => check.holds) &&
    probes.every((probe) => fulfils(probe.expect, tryProbe(view, probe).outcome))
  );
}

function probeCheck(view: ClusterView, probe: Probe, id: string, explain: Explainer): Check {
  const { outcome } = tryProbe(view, probe);
  const holds = fulfils(probe.expect, outcome);
  return {
    id,
    kind: 'goal',
    text: probeText(probe),
    holds,
    reason: holds ? `It ${outcomeWords(outcome)}.` : mismatch(probe, outcome, explain),
  };
}

/** `backend → database, GET /PING`. */
function connectionText(probe: Probe): string {
  const asks = probe.http === undefined ? '' : `, ${probe.http.method} ${probe.http.path}`;
  return `${peerLabel(probe.from)} → ${targetLabel(probe)}${asks}`;
}

/** A connection with what is asked of it, as a check says it that may hold. */
export function probeText(probe: Probe): string {
  return `${connectionText(probe)}: ${wantedWords(probe.expect)}`;
}

/** The same, said of a connection that does not behave so: `backend → database should be dropped`. */
export function wishText(probe: Probe): string {
  const { expect } = probe;
  const wish = expect.startsWith('ok')
    ? 'should get through'
    : expect.startsWith('timeout')
      ? 'should be dropped'
      : `should end otherwise (${wordsOf(expect)})`;
  return `${connectionText(probe)} ${wish}`;
}

/** What a connection does just now, as a sentence. */
export function stateText(view: ClusterView, probe: Probe): string {
  return `It ${outcomeWords(tryProbe(view, probe).outcome)}.`;
}

function wantedWords(expect: string): string {
  return expect.startsWith('ok')
    ? 'gets through'
    : expect.startsWith('timeout')
      ? 'is dropped'
      : outcomeWords(expect);
}

function mismatch(probe: Probe, outcome: Outcome, explain: Explainer): string {
  const [reason] = explain(probe);
  const where =
    reason?.line === undefined
      ? ''
      : ` (Line ${reason.line} of ${reason.file?.split('/').at(-1) ?? 'the text'}.)`;
  return `It ${outcomeWords(outcome)}. ${reason?.text ?? ''}${where}`.trim();
}

/** All hidden probes make one line: which they are shows only where one fails, and only the first. */
function hiddenCheck(view: ClusterView, task: TaskData, explain: Explainer): readonly Check[] {
  if (task.hidden.length === 0) return [];
  const failing = task.hidden.find((probe) => !fulfils(probe.expect, tryProbe(view, probe).outcome));
  return [
    {
      id: 'hidden',
      kind: 'hidden',
      text: 'Nothing more and nothing less than that',
      holds: failing === undefined,
      reason:
        failing === undefined
          ? `${task.hidden.length} further connections behave as they should.`
          : `${wishText(failing)}. ${mismatch(failing, tryProbe(view, failing).outcome, explain)}`,
    },
  ];
}

function deedCheck(view: ClusterView, deed: Deed, index: number, deeds: Deeds): Check {
  const base = { id: `did-${index}`, kind: 'did' as const };
  if ('command' in deed) {
    const holds = deeds.commands.some((command) => commandMatches(deed.command, command.line));
    return {
      ...base,
      text: deed.say ?? `You ran ${deed.command}.`,
      holds,
      reason: holds ? 'Done.' : `Run ${deed.command}.`,
    };
  }
  const { from, to, verdict, port } = deed.flow;
  const holds = deeds.flows.some(
    (flow) =>
      (verdict === undefined || flow.verdict === verdict) &&
      (port === undefined || flow.port === port) &&
      isPeer(view, from, flow.source) &&
      isPeer(view, to, flow.destination),
  );
  return {
    ...base,
    text: deed.say ?? `A flow ${peerLabel(from)} → ${peerLabel(to)} was seen.`,
    holds,
    reason: holds
      ? 'Seen.'
      : `No such flow since this task began: ${peerLabel(from)} → ${peerLabel(to)}${verdict === undefined ? '' : `, ${verdict}`}.`,
  };
}

function isPeer(view: ClusterView, peer: string, end: SeenFlow['source']): boolean {
  if (peer.startsWith('host/')) return view.hostAddresses(peer.slice(5)).includes(end.address);
  if (peer.startsWith('ip:')) return peer.slice(3) === end.address;
  if (peer.startsWith('name:')) return view.nameAddresses(peer.slice(5)).includes(end.address);
  return podsOf(view, peer).some((pod) => pod.key === end.pod || pod.address === end.address);
}

function guardCheck(view: ClusterView, guard: Guard, index: number): Check {
  const wanted = guard.exists ?? guard.absent ?? '';
  const [kind = '', name = ''] = wanted.split('/');
  const exists = wanted !== '' && view.exists(kind, name);
  const forbidden =
    guard.forbids !== undefined &&
    view
      .policies()
      .some((policy) => JSON.stringify(policy.object['spec'] ?? null).includes(guard.forbids ?? ''));
  const holds = guard.forbids !== undefined ? !forbidden : guard.exists !== undefined ? exists : !exists;
  return {
    id: `guard-${index}`,
    kind: 'guard',
    text:
      guard.say ??
      (guard.exists !== undefined
        ? `${wanted} exists.`
        : guard.absent !== undefined
          ? `${wanted} is gone.`
          : `No policy says ${guard.forbids}.`),
    holds,
    reason: holds
      ? 'As it should be.'
      : guard.exists !== undefined
        ? `There is no ${wanted}.`
        : guard.absent !== undefined
          ? `${wanted} is still there.`
          : `A policy says ${guard.forbids}.`,
  };
}

function predictCheck(task: TaskData, deeds: Deeds): readonly Check[] {
  return task.predict.map((probe, index) => {
    const given = deeds.prediction?.[index];
    const holds = given !== undefined && fulfils(given, probe.expect as Outcome);
    return {
      id: `predict-${index}`,
      kind: 'predict' as const,
      text: `${peerLabel(probe.from)} → ${targetLabel(probe)}`,
      holds,
      reason:
        given === undefined
          ? 'Not predicted yet.'
          : holds
            ? `Yes: it ${outcomeWords(probe.expect)}.`
            : `You said it ${outcomeWords(given)}.`,
      ...(given !== undefined && { given }),
    };
  });
}

/**
 * True when the words of `pattern` occur in `line` in order, from its first word on; `*` stands for any words, and a
 * pattern word may itself hold `*`. More words may follow.
 */
export function commandMatches(pattern: string, line: string): boolean {
  const words = line.trim().split(/\s+/);
  const parts = pattern.trim().split(/\s+/);
  const match = (part: number, word: number): boolean => {
    const wanted = parts[part];
    if (wanted === undefined) return true;
    if (wanted === '*')
      return Array.from({ length: words.length - word + 1 }, (_, skip) => skip).some((skip) =>
        match(part + 1, word + skip),
      );
    const actual = words[word];
    return actual !== undefined && wordMatches(wanted, actual) && match(part + 1, word + 1);
  };
  return (
    match(0, 0) ||
    (parts[0] !== '*' &&
      words.some((_, start) => start > 0 && /[;&|]$/.test(words[start - 1] ?? '') && match(0, start)))
  );
}

function wordMatches(pattern: string, word: string): boolean {
  const pieces = pattern.split('*');
  if (pieces.length === 1) return pattern === word;
  let at = 0;
  for (const [index, piece] of pieces.entries()) {
    const found = index === 0 ? (word.startsWith(piece) ? 0 : -1) : word.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return pieces.at(-1) === '' || at === word.length;
}
