import { type Json, isJsonObject } from '../base/json.ts';
import type { ReachabilityView } from '../cluster/view.ts';
import type { Probe, TaskData } from '../lab/bundle.ts';
import { matrixOf, probeAt } from '../lab/matrix.ts';
import type { AdvisedEdit, CellAdvice, MatrixCell, Suggested } from '../lab/matrix-value.ts';
import { type ProbeResult, tryProbe } from '../lab/peers.ts';
import type { ClusterView } from '../lab/view.ts';
import { fulfils, type Outcome } from '../net/outcome.ts';
import type { KubeObject } from '../objects/api.ts';
import type { FlowSpec, FlowVerdict } from '../policy/model.ts';
import type { PolicyRepository } from '../policy/repository.ts';
import {
  changeOfEdit,
  type EditablePolicy,
  finished,
  placeOfEdit,
  type Suggestion,
  suggestStepwise,
} from '../policy/suggestions.ts';
import type { Sandbox } from './sandbox.ts';
import { clusterView } from './view.ts';

/** Edits that policy says are right and that are then tried in the cluster; more would cost a keystroke's time. */
const TRIED_MAX = 4;
/** Edits that a cell's advice names; more nobody reads. */
const ADVISED_MAX = 3;

/** What an edit is for. */
type Aim = {
  readonly aim: CellAdvice['aim'];
  readonly verdict: FlowVerdict['verdict'];
  readonly holds: (outcome: Outcome) => boolean;
};

/** A connection in question, in a copy of the cluster with the drafts applied. */
type Question = {
  readonly sandbox: Sandbox;
  readonly task: TaskData;
  readonly drafts: readonly KubeObject[];
  readonly reach: ReachabilityView;
  readonly view: ClusterView;
  readonly probe: Probe;
};

/** An edit that was tried and does what is aimed at. */
type Found = {
  readonly suggestion: Suggestion;
  readonly outcome: Outcome;
  readonly changes: AdvisedEdit['changes'];
};

/**
 * The smallest edit of one policy with which a connection would end as wanted, tried on a fork of the cluster; undefined
 * when no single edit does it. Of those that do, the one that changes the fewest other cells of the task's matrix.
 * @param drafts Objects of the editor that stand in front of what is applied.
 */
export function counterfactual(
  sandbox: Sandbox,
  probe: Probe,
  drafts: readonly KubeObject[] = [],
): Suggested | undefined {
  const question = questionOf(sandbox, probe, drafts);
  if (question === undefined) return undefined;
  const verdict = wantedVerdict(probe.expect);
  const aim = verdict && {
    aim: 'wanted' as const,
    verdict,
    holds: (end: Outcome) => fulfils(probe.expect, end),
  };
  if (aim === undefined) return undefined;
  const [best] = finished(searchEdits(question, tryProbe(question.view, probe), aim));
  return best && inWords(question, best, aim.verdict);
}

/**
 * Why a cell of the task's matrix is as it is, and the smallest edits that would turn it: as the task wants it, or, where it
 * already is so or nothing is wanted, to the contrary. Each step is one thing tried and takes a few milliseconds at most,
 * and there are at most some hundreds of them; whoever asks may stop at any step. Nothing in the sandbox changes.
 * @param drafts Objects of the editor that stand in front of what is applied.
 * @returns Undefined outside of the matrix, and when the sandbox has moved on since the first step: ask again then.
 */
export function* adviseStepwise(
  sandbox: Sandbox,
  row: number,
  column: number,
  drafts: readonly KubeObject[] = [],
): Generator<void, CellAdvice | undefined> {
  const stamp = sandbox.judgedVersion();
  const probe = sandbox.taskData && probeAt(sandbox.taskData, row, column);
  const question = probe && questionOf(sandbox, probe, drafts);
  if (question === undefined) return undefined;
  const { reach, view } = question;
  const result = tryProbe(view, question.probe);
  const reasons = sandbox.explanations.explain(view, reach.repository, question.probe);
  const aim = aimOf(question.probe, result.outcome);
  const search = searchEdits(question, result, aim);
  for (;;) {
    yield;
    if (sandbox.judgedVersion() !== stamp) return undefined;
    const step = search.next();
    if (step.done !== true) continue;
    const edits: AdvisedEdit[] = [];
    for (const found of step.value.slice(0, ADVISED_MAX)) {
      edits.push(advised(question, found));
      yield;
    }
    return { row, column, actual: result.outcome, aim: aim.aim, reasons, edits };
  }
}

function questionOf(sandbox: Sandbox, probe: Probe, drafts: readonly KubeObject[]): Question | undefined {
  const { cluster, world, taskData: task } = sandbox;
  if (task === undefined) return undefined;
  // A copy, although there may be no drafts: what is asked in steps must not move in between.
  const reach = cluster.fork(drafts);
  return { sandbox, task, drafts, reach, view: clusterView(cluster, reach, world), probe };
}

function wantedVerdict(expect: string): FlowVerdict['verdict'] | undefined {
  if (expect.startsWith('ok') || expect === 'icmp-ok') return 'FORWARDED';
  if (expect.startsWith('timeout') || expect === 'dns-timeout') return 'DROPPED';
  return ['403', 'dns-refused', 'tls-reset'].includes(expect) ? 'L7-DENIED' : undefined;
}

/** True when policy let the connection pass, whatever the program at its end answered. */
function isPassed(outcome: Outcome): boolean {
  return outcome.startsWith('ok') || ['icmp-ok', 'refused', 'empty-reply'].includes(outcome);
}

function aimOf(probe: Probe, outcome: Outcome): Aim {
  const verdict = fulfils(probe.expect, outcome) ? undefined : wantedVerdict(probe.expect);
  if (verdict !== undefined) return { aim: 'wanted', verdict, holds: (end) => fulfils(probe.expect, end) };
  return isPassed(outcome)
    ? { aim: 'drop', verdict: 'DROPPED', holds: (end) => /^timeout|^dns-timeout/.test(end) }
    : { aim: 'pass', verdict: 'FORWARDED', holds: isPassed };
}

/** Edits that policy says are right, then tried in the cluster: those that change the fewest other cells come first. */
function* searchEdits(question: Question, result: ProbeResult, aim: Aim): Generator<void, readonly Found[]> {
  const { sandbox, view, reach, drafts, probe, task } = question;
  const flow = result.details.find((detail) => detail.flow !== undefined && !aim.holds(detail.outcome))?.flow;
  if (flow === undefined) return [];
  const { repository } = reach;
  const options = { config: repository.config, defaultNamespace: 'default' };
  const extras = { limit: TRIED_MAX, others: otherFlows(view, task, probe) };
  const policies = editables(view, repository);
  const right = yield* suggestStepwise(repository, flow, aim.verdict, policies, options, extras);
  const found: Found[] = [];
  for (const suggestion of right) {
    yield;
    const { object } = suggestion;
    if (!isObject(object)) continue;
    const after = clusterView(sandbox.cluster, sandbox.cluster.fork([...drafts, object]), sandbox.world);
    const { outcome } = tryProbe(after, probe);
    if (!aim.holds(outcome)) continue;
    yield;
    found.push({ suggestion, outcome, changes: changedCells(question, after) });
  }
  return found.sort((a, b) => a.changes.length - b.changes.length);
}

/** An edit stays within a policy's spec, so what was an object of the cluster still is one. */
function isObject(value: unknown): value is KubeObject {
  return isJsonObject(value as Json) && isJsonObject((value as { metadata?: Json }).metadata ?? null);
}

/** The flows of all other connections that the task asks about. */
function otherFlows(view: ClusterView, task: TaskData, probe: Probe): readonly FlowSpec[] {
  return [...task.goal, ...task.hidden]
    .filter((other) => other !== probe)
    .flatMap((other) => tryProbe(view, other).details[0]?.flow ?? []);
}

/** The policies of a view as the repository knows them. */
function editables(view: ClusterView, repository: PolicyRepository): readonly EditablePolicy[] {
  const keys = new Map(
    repository.policyKeys().map((key) => {
      const policy = repository.policy(key);
      return [`${policy?.kind}/${policy?.namespace}/${policy?.name}`, key];
    }),
  );
  return view.policies().flatMap(({ kind, namespace, name, object }) => {
    const key = keys.get(`${kind}/${namespace}/${name}`);
    return key === undefined ? [] : [{ key, object }];
  });
}

/** The other cells of the matrix that end in another way. */
function changedCells({ task, view, probe }: Question, after: ClusterView): AdvisedEdit['changes'] {
  const value = matrixOf(task, { applied: view, drafted: after, rejected: [], explain: () => [] });
  const isOwn = ({ row, column }: MatrixCell): boolean => {
    const own = probeAt(task, row, column);
    return (
      own?.from === probe.from &&
      own.to === probe.to &&
      own.port === probe.port &&
      own.protocol === probe.protocol
    );
  };
  return value.cells
    .filter((cell) => cell.actual !== cell.applied && !isOwn(cell))
    .map(({ row, column, applied, actual }) => ({ row, column, from: applied, to: actual }));
}

function advised(question: Question, { suggestion, outcome, changes }: Found): AdvisedEdit {
  const { repository } = question.reach;
  const sources = question.sandbox.explanations.sources();
  const policy = repository.policy(suggestion.key);
  const place = placeOfEdit(repository, suggestion, sources);
  const change = changeOfEdit(repository, suggestion, sources);
  const scope = policy === undefined || policy.namespace === '' ? '' : `${policy.namespace}/`;
  return {
    text: suggestion.text,
    policy: `${policy?.kind} ${scope}${policy?.name}`,
    outcome,
    changes,
    ...(place === undefined ? {} : { file: place.file, line: place.line, column: place.column }),
    ...(change === undefined ? {} : { change }),
  };
}

function inWords(
  { reach, sandbox }: Question,
  { suggestion, changes: { length: changes } }: Found,
  wanted: FlowVerdict['verdict'],
): Suggested {
  const place = placeOfEdit(reach.repository, suggestion, sandbox.explanations.sources());
  const file = place?.file.slice(place.file.lastIndexOf('/') + 1);
  const where = place === undefined ? '' : `line ${place.line} of ${file}: `;
  const then =
    wanted === 'FORWARDED'
      ? 'it would get through'
      : wanted === 'DROPPED'
        ? 'it would be dropped'
        : 'the proxy would refuse it';
  const cost = changes === 0 ? 'no other cell' : changes === 1 ? '1 other cell' : `${changes} other cells`;
  return {
    text: `${where}${suggestion.phrase} ${then}; that changes ${cost}`,
    ...(place === undefined ? {} : { file: place.file, line: place.line }),
  };
}
