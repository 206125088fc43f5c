import { type Candidate, candidatesFor, contextOf, LAST_RESORT } from './candidates.ts';
import { applyEdit, type Edit } from './edits.ts';
import { type ImportOptions, importPolicy } from './import.ts';
import type { FlowSpec, FlowVerdict } from './model.ts';
import { changeIn, type Place, placeIn, type PolicySource, type TextChange } from './positions.ts';
import type { PolicyRepository } from './repository.ts';

/** A policy object that may be edited; `key` is the one it has in the repository. */
export type EditablePolicy = { readonly key: string; readonly object: unknown };

/** One change that turns the verdict. `object` is the policy after it. */
export type Suggestion = {
  readonly key: string;
  readonly edit: Edit;
  readonly object: unknown;
  /** One sentence for people, as an order: `Set spec.…port: "7379" (it is "80").` */
  readonly text: string;
  /** The same inside of a sentence: `with port 7379 in place of 80`. */
  readonly phrase: string;
  /** Lower is smaller. */
  readonly cost: number;
  /** Those of the other flows that were given whose verdict the change turns too. */
  readonly changes: readonly FlowSpec[];
};

/** What else `suggest` may be told. */
export type SuggestExtras = {
  /** How many to give at most; 3 unless told. */
  readonly limit?: number;
  /** Flows that should stay as they are: the fewer of them a change turns, the earlier it is given. */
  readonly others?: readonly FlowSpec[];
};

/** A candidate and the policy it is for. */
type Proposal = EditablePolicy & { readonly candidate: Candidate };

const CANDIDATES_MAX = 400;
/** Working edits that are compared on all other flows; the costlier rest is not worth the time. */
const COMPARED_MAX = 24;

/**
 * The smallest one-step changes of the policies that give the flow the wanted verdict: a port, a protocol, a label, a
 * namespace, a field dropped or added, two list items joined. Each was tried on a fork of the repository. Those that change
 * the fewest other flows come first, then the smallest.
 */
export function suggest(
  repository: PolicyRepository,
  flow: FlowSpec,
  wanted: FlowVerdict['verdict'],
  policies: readonly EditablePolicy[],
  options: ImportOptions,
  extras: SuggestExtras = {},
): Suggestion[] {
  return finished(suggestStepwise(repository, flow, wanted, policies, options, extras));
}

/** Runs a stepwise search to its end. */
export function finished<T>(search: Generator<void, T>): T {
  for (;;) {
    const step = search.next();
    if (step.done === true) return step.value;
  }
}

/** `suggest`, one edit tried a step: whoever asks may go on later, or not at all. */
export function* suggestStepwise(
  repository: PolicyRepository,
  flow: FlowSpec,
  wanted: FlowVerdict['verdict'],
  policies: readonly EditablePolicy[],
  options: ImportOptions,
  extras: SuggestExtras = {},
): Generator<void, Suggestion[]> {
  const { limit = 3, others = [] } = extras;
  const before = others.map((other) => repository.judge(other).verdict);
  const found: Suggestion[] = [];
  const tried = new Set<string>();
  for (const { key, object, candidate } of proposalsFor(repository, flow, policies)) {
    if (found.length >= COMPARED_MAX || (found.length > 0 && candidate.cost >= LAST_RESORT)) break;
    // Several changes may leave the same object: the smallest of them stands for all.
    const edited = applyEdit(object, candidate.edit);
    const mark = `${key} ${JSON.stringify(edited)}`;
    if (edited === undefined || tried.has(mark)) continue;
    tried.add(mark);
    yield;
    const trial = trialOf(repository, key, edited, options);
    if (trial === undefined || !isTurned(trial, flow, wanted, key, candidate.edit)) continue;
    const changes = others.filter((other, i) => trial.judge(other).verdict !== before[i]);
    found.push({ key, object: edited, ...candidate, changes });
  }
  return found.sort((a, b) => a.changes.length - b.changes.length || a.cost - b.cost).slice(0, limit);
}

/** Everything worth a try, the smallest first. */
function proposalsFor(
  repository: PolicyRepository,
  flow: FlowSpec,
  policies: readonly EditablePolicy[],
): readonly Proposal[] {
  const context = contextOf(repository, flow);
  return policies
    .flatMap(({ key, object }) =>
      candidatesFor(object, context).map((candidate): Proposal => ({ key, object, candidate })),
    )
    .sort((a, b) => a.candidate.cost - b.candidate.cost)
    .slice(0, CANDIDATES_MAX);
}

/** A fork with the edited policy in force; undefined when Cilium would refuse it or it would become another object. */
function trialOf(
  repository: PolicyRepository,
  key: string,
  edited: unknown,
  options: ImportOptions,
): PolicyRepository | undefined {
  const result = importPolicy(edited, options);
  if (!result.valid) return undefined;
  const trial = repository.fork();
  trial.upsertPolicy(key, result.policy);
  return trial;
}

function isTurned(
  trial: PolicyRepository,
  flow: FlowSpec,
  wanted: FlowVerdict['verdict'],
  key: string,
  edit: Edit,
): boolean {
  const verdict = trial.judge(flow);
  if (verdict.verdict !== wanted) return false;
  for (const direction of ['egress', 'ingress'] as const) {
    const side = trial.sideOf(flow, direction);
    if (side && trial.conflictAt(side) !== null) return false;
  }
  if (wanted !== 'FORWARDED' || !isAboutSubject(edit)) return true;
  // A policy that merely stops applying to the pod is no way to allow something.
  const policy = trial.policy(key);
  const name = policy && (policy.namespace === '' ? policy.name : `${policy.namespace}/${policy.name}`);
  return [...verdict.egress.rulesMatched, ...verdict.ingress.rulesMatched].some((each) => each === name);
}

/**
 * Where in a text an edit has to be made: the place of the field, or of the dash that goes; undefined when no source holds
 * the policy.
 */
export function placeOfEdit(
  repository: PolicyRepository,
  suggestion: Pick<Suggestion, 'key' | 'edit'>,
  sources: readonly PolicySource[],
): Place | undefined {
  const policy = repository.policy(suggestion.key);
  if (!policy) return undefined;
  const { edit } = suggestion;
  const path = edit.kind === 'join' ? [...edit.path.slice(0, -1), Number(edit.path.at(-1)) + 1] : edit.path;
  return placeIn(sources, { policyKind: policy.kind, namespace: policy.namespace, name: policy.name, path });
}

/**
 * The change of the text that makes an edit; undefined when no source holds the policy, or its text cannot be changed in one
 * place, or says something else than the policy that was tried.
 */
export function changeOfEdit(
  repository: PolicyRepository,
  { key, edit, object }: Pick<Suggestion, 'key' | 'edit' | 'object'>,
  sources: readonly PolicySource[],
): TextChange | undefined {
  const policy = repository.policy(key);
  if (!policy) return undefined;
  const { kind, namespace, name } = policy;
  const changed = changeIn(sources, { policyKind: kind, namespace, name }, edit);
  if (!changed) return undefined;
  const options = { config: repository.config, defaultNamespace: namespace === '' ? 'default' : namespace };
  // The server adds defaults and the learner types on: what counts is that both mean the same rules.
  const rulesOf = (value: unknown) => {
    const result = importPolicy(value, options);
    return result.valid ? JSON.stringify(result.policy.rules) : undefined;
  };
  const written = rulesOf(changed.value);
  return written !== undefined && written === rulesOf(object) ? changed.change : undefined;
}

const SUBJECTS: readonly unknown[] = ['endpointSelector', 'podSelector', 'nodeSelector'];

/** True for a change of whom the policy applies to. */
function isAboutSubject({ path }: Edit): boolean {
  return SUBJECTS.includes(path[1]) || (path[0] === 'specs' && SUBJECTS.includes(path[2]));
}
