import { type Edit, applyEdit, isRecord, type Path, pathText, valueAt } from './edits.ts';
import { type ImportOptions, importPolicy } from './import.ts';
import { NAMESPACE_KEY } from './labels.ts';
import type { FlowSpec, FlowVerdict } from './model.ts';
import { changeIn, type Place, placeIn, type PolicySource, type TextChange } from './positions.ts';
import type { PolicyRepository } from './repository.ts';
import type { Identity } from './identity.ts';

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

type Candidate = {
  readonly edit: Edit;
  readonly cost: number;
  readonly text: string;
  readonly phrase: string;
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
  for (const { key, object, candidate } of proposalsFor(repository, flow, policies)) {
    if (found.length >= COMPARED_MAX) break;
    yield;
    if (found.some((other) => other.key === key && other.text === candidate.text)) continue;
    const edited = applyEdit(object, candidate.edit);
    const trial = edited === undefined ? undefined : trialOf(repository, key, edited, options);
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

/** The change of the text that makes an edit; undefined when no source holds the policy, or its text cannot be changed in one place. */
export function changeOfEdit(
  repository: PolicyRepository,
  { key, edit }: Pick<Suggestion, 'key' | 'edit'>,
  sources: readonly PolicySource[],
): TextChange | undefined {
  const policy = repository.policy(key);
  if (!policy) return undefined;
  return changeIn(sources, { policyKind: policy.kind, namespace: policy.namespace, name: policy.name }, edit);
}

const SUBJECTS: readonly unknown[] = ['endpointSelector', 'podSelector', 'nodeSelector'];

/** True for a change of whom the policy applies to. */
function isAboutSubject({ path }: Edit): boolean {
  return SUBJECTS.includes(path[1]) || (path[0] === 'specs' && SUBJECTS.includes(path[2]));
}

/** What edits draw on: the two ends' labels, the flow's port and request. */
type EditContext = {
  readonly flow: FlowSpec;
  readonly source: Identity | undefined;
  readonly destination: Identity | undefined;
};

function contextOf(repository: PolicyRepository, flow: FlowSpec): EditContext {
  const egress = repository.sideOf(flow, 'egress');
  const ingress = repository.sideOf(flow, 'ingress');
  return {
    flow,
    source: egress?.subject.identity ?? ingress?.peer,
    destination: ingress?.subject.identity ?? egress?.peer,
  };
}

function candidatesFor(object: unknown, context: EditContext): Candidate[] {
  const candidates: Candidate[] = [];
  const specs: Path[] = [['spec'], ...itemsAt(object, ['specs'])];
  for (const spec of specs) {
    for (const selector of ['endpointSelector', 'podSelector', 'nodeSelector']) {
      candidates.push(
        ...labelEdits(object, [...spec, selector], [context.source, context.destination], false, 4),
      );
    }
    for (const list of ['ingress', 'ingressDeny', 'egress', 'egressDeny']) {
      const peer = list.startsWith('ingress') ? context.source : context.destination;
      candidates.push(...joinEdits(object, [...spec, list]));
      for (const rule of itemsAt(object, [...spec, list]))
        candidates.push(...ruleEdits(object, rule, peer, context.flow));
    }
  }
  return candidates;
}

const PEER_LISTS = ['fromEndpoints', 'toEndpoints', 'from', 'to'];

function ruleEdits(object: unknown, rule: Path, peer: Identity | undefined, flow: FlowSpec): Candidate[] {
  const candidates: Candidate[] = [removal(rule, 5), emptying(rule, 6)];
  for (const list of PEER_LISTS) {
    candidates.push(...joinEdits(object, [...rule, list]));
    for (const item of itemsAt(object, [...rule, list])) {
      const isPlain = list.endsWith('Endpoints');
      const selectors: Path[] = isPlain
        ? [item]
        : [
            [...item, 'podSelector'],
            [...item, 'namespaceSelector'],
          ];
      for (const selector of selectors) candidates.push(...labelEdits(object, selector, [peer], isPlain, 2));
      if (itemsAt(object, [...rule, list]).length > 1) candidates.push(removal(item, 3));
      if (!isPlain)
        for (const field of ['podSelector', 'namespaceSelector'])
          candidates.push(...dropIf(object, [...item, field]));
    }
  }
  candidates.push(...joinEdits(object, [...rule, 'toPorts']));
  for (const portRule of itemsAt(object, [...rule, 'toPorts'])) {
    for (const port of itemsAt(object, [...portRule, 'ports']))
      candidates.push(...portEdits(object, port, flow, true));
    candidates.push(...portAddition(object, [...portRule, 'ports'], flow, true));
    candidates.push(...l7Edits(object, portRule, flow));
  }
  for (const port of itemsAt(object, [...rule, 'ports']))
    candidates.push(...portEdits(object, port, flow, false));
  candidates.push(...portAddition(object, [...rule, 'ports'], flow, false));
  for (const list of ['fromEndpoints', 'toEndpoints'])
    candidates.push(...peerAddition(object, [...rule, list], peer));
  for (const field of ['toPorts', 'ports']) candidates.push(...dropIf(object, [...rule, field]));
  return candidates;
}

function itemsAt(object: unknown, list: Path): Path[] {
  const value = valueAt(object, list);
  return Array.isArray(value) ? value.map((_, i) => [...list, i]) : [];
}

function joinEdits(object: unknown, list: Path): Candidate[] {
  return itemsAt(object, list)
    .slice(0, -1)
    .map((path): Candidate => {
      const next = `${pathText(list)}[${Number(path.at(-1)) + 1}]`;
      return {
        edit: { kind: 'join', path },
        cost: 1,
        text: `Join ${next} to the item before it: take away its dash, so that both must hold.`,
        phrase: 'without the dash, so that this and the item before it must both hold,',
      };
    });
}

function removal(path: Path, cost: number): Candidate {
  const last = path.at(-1);
  const phrase = typeof last === 'number' ? 'without this item' : `without ${last}`;
  return { edit: { kind: 'remove', path }, cost, text: `Remove ${pathText(path)}.`, phrase };
}

/** A rule that allows nothing and still keeps default deny on. */
function emptying(rule: Path, cost: number): Candidate {
  const text = `Leave {} in place of ${pathText(rule)}.`;
  return {
    edit: { kind: 'set', path: rule, value: {} },
    cost,
    text,
    phrase: 'with {} in place of this rule',
  };
}

function dropIf(object: unknown, path: Path): Candidate[] {
  return valueAt(object, path) === undefined ? [] : [removal(path, 3)];
}

function setting(object: unknown, path: Path, value: unknown, cost: number): Candidate[] {
  const before = valueAt(object, path);
  if (before === value) return [];
  const was = before === undefined ? '' : ` (it is ${JSON.stringify(before)})`;
  const verb = before === undefined ? 'Add' : 'Set';
  return [
    {
      edit: { kind: 'set', path, value },
      cost,
      text: `${verb} ${pathText(path)}: ${JSON.stringify(value)}${was}.`,
      phrase: settingPhrase(path, before, value),
    },
  ];
}

function settingPhrase(path: Path, before: unknown, value: unknown): string {
  const last = path.at(-1);
  const show = (item: unknown) => (typeof item === 'object' ? JSON.stringify(item) : String(item));
  if (typeof last === 'number') return `with one more item, ${show(value)},`;
  if (before === undefined) return `with ${last}: ${show(value)} added`;
  return `with ${last} ${show(value)} in place of ${show(before)}`;
}

/** One more item at a list's end. */
function addition(object: unknown, list: Path, value: unknown, cost: number): Candidate[] {
  const items = valueAt(object, list);
  if (!Array.isArray(items)) return [];
  return setting(object, [...list, items.length], value, cost);
}

/** Changes of a label selector: a value as one of the ends has it, a label dropped, the peer's namespace named. */
function labelEdits(
  object: unknown,
  selector: Path,
  ends: readonly (Identity | undefined)[],
  mayNameNamespace: boolean,
  cost: number,
): Candidate[] {
  const raw = valueAt(object, selector);
  if (!isRecord(raw)) return [];
  const candidates: Candidate[] = [];
  const labels = isRecord(raw['matchLabels']) ? raw['matchLabels'] : {};
  for (const key of Object.keys(labels)) {
    const path = [...selector, 'matchLabels', key];
    for (const end of ends) {
      const label = end?.labels.get(key.slice(key.indexOf(':') + 1));
      if (label) candidates.push(...setting(object, path, label.value, cost));
    }
    candidates.push(removal(path, cost + 1));
  }
  for (const item of itemsAt(object, [...selector, 'matchExpressions']))
    candidates.push(removal(item, cost + 1));
  if (!mayNameNamespace) return candidates;
  for (const end of ends) {
    const namespace = end?.labels.get(NAMESPACE_KEY)?.value;
    if (namespace === undefined) continue;
    const key = `k8s:${NAMESPACE_KEY}`;
    if (isRecord(raw['matchLabels']))
      candidates.push(...setting(object, [...selector, 'matchLabels', key], namespace, cost));
    else candidates.push(...setting(object, [...selector, 'matchLabels'], { [key]: namespace }, cost));
  }
  return candidates;
}

function portAddition(object: unknown, list: Path, flow: FlowSpec, isText: boolean): Candidate[] {
  if (flow.port === undefined || !PORT_PROTOCOLS.includes(flow.protocol)) return [];
  const port = isText ? String(flow.port) : flow.port;
  return addition(object, list, { port, protocol: flow.protocol }, 2);
}

/** One more peer: a pod by its own labels and its namespace. */
function peerAddition(object: unknown, list: Path, peer: Identity | undefined): Candidate[] {
  const namespace = peer?.labels.get(NAMESPACE_KEY)?.value;
  if (peer?.isPod !== true || namespace === undefined) return [];
  const own = [...peer.labels.values()].filter(({ key }) => !key.startsWith('io.'));
  const labels = Object.fromEntries(own.map(({ key, value }) => [key, value]));
  return addition(object, list, { matchLabels: { ...labels, [`k8s:${NAMESPACE_KEY}`]: namespace } }, 3);
}

const PORT_PROTOCOLS: readonly string[] = ['TCP', 'UDP', 'SCTP'];

function portEdits(object: unknown, port: Path, flow: FlowSpec, isText: boolean): Candidate[] {
  const candidates: Candidate[] = [];
  if (flow.port !== undefined) {
    candidates.push(...setting(object, [...port, 'port'], isText ? String(flow.port) : flow.port, 1));
  }
  if (PORT_PROTOCOLS.includes(flow.protocol)) {
    candidates.push(...setting(object, [...port, 'protocol'], flow.protocol, 1));
  }
  for (const field of ['protocol', 'endPort']) candidates.push(...dropIf(object, [...port, field]));
  return candidates;
}

function l7Edits(object: unknown, portRule: Path, flow: FlowSpec): Candidate[] {
  const candidates: Candidate[] = [];
  for (const rule of itemsAt(object, [...portRule, 'rules', 'http'])) {
    for (const field of ['method', 'path', 'host'] as const) {
      const value = flow.http?.[field];
      if (value === undefined || valueAt(object, [...rule, field]) === undefined) continue;
      candidates.push(...setting(object, [...rule, field], value, 2), removal([...rule, field], 3));
    }
    for (const field of ['headers', 'headerMatches']) candidates.push(...dropIf(object, [...rule, field]));
  }
  for (const rule of itemsAt(object, [...portRule, 'rules', 'dns'])) {
    if (!flow.dns) continue;
    for (const field of ['matchName', 'matchPattern']) {
      if (valueAt(object, [...rule, field]) !== undefined)
        candidates.push(...setting(object, [...rule, field], flow.dns.query, 2));
    }
  }
  candidates.push(...dropIf(object, [...portRule, 'rules']), ...dropIf(object, [...portRule, 'serverNames']));
  return candidates;
}
