import { type Edit, applyEdit, isRecord, type Path, pathText, valueAt } from './edits.ts';
import { type ImportOptions, importPolicy } from './import.ts';
import { NAMESPACE_KEY } from './labels.ts';
import type { FlowSpec, FlowVerdict } from './model.ts';
import type { PolicyRepository } from './repository.ts';
import type { Identity } from './identity.ts';

/** A policy object that may be edited; `key` is the one it has in the repository. */
export type EditablePolicy = { readonly key: string; readonly object: unknown };

/** One change that turns the verdict. `object` is the policy after it. */
export type Suggestion = {
  readonly key: string;
  readonly edit: Edit;
  readonly object: unknown;
  /** One sentence for people. */
  readonly text: string;
  /** Lower is smaller. */
  readonly cost: number;
};

type Candidate = { readonly edit: Edit; readonly cost: number; readonly text: string };

const CANDIDATES_MAX = 400;

/**
 * The smallest one-step changes of the policies that give the flow the wanted verdict: a port, a protocol, a label, a
 * namespace, a field dropped, two list items joined. Each was tried on a fork of the repository; the smallest come first.
 * @param limit How many to give at most.
 */
export function suggest(
  repository: PolicyRepository,
  flow: FlowSpec,
  wanted: FlowVerdict['verdict'],
  policies: readonly EditablePolicy[],
  options: ImportOptions,
  limit = 3,
): Suggestion[] {
  const context = contextOf(repository, flow);
  const found: Suggestion[] = [];
  let tried = 0;
  for (const { key, object } of policies) {
    const candidates = candidatesFor(object, context).sort((a, b) => a.cost - b.cost);
    for (const candidate of candidates) {
      if (tried++ >= CANDIDATES_MAX) break;
      const edited = applyEdit(object, candidate.edit);
      if (edited === undefined) continue;
      const result = importPolicy(edited, options);
      if (!result.valid) continue;
      const trial = repository.fork();
      trial.upsertPolicy(key, result.policy);
      const verdict = trial.judge(flow);
      if (verdict.verdict !== wanted) continue;
      // A policy that merely stops applying to the pod is no way to allow something.
      const names = [...verdict.egress.rulesMatched, ...verdict.ingress.rulesMatched];
      const { namespace, name } = result.policy;
      if (
        wanted === 'FORWARDED' &&
        isAboutSubject(candidate.edit) &&
        !names.includes(namespace === '' ? name : `${namespace}/${name}`)
      ) {
        continue;
      }
      if (found.some((other) => other.key === key && other.text === candidate.text)) continue;
      found.push({ key, edit: candidate.edit, object: edited, text: candidate.text, cost: candidate.cost });
    }
  }
  return found.sort((a, b) => a.cost - b.cost).slice(0, limit);
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
  const candidates: Candidate[] = [removal(rule, 5)];
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
    candidates.push(...l7Edits(object, portRule, flow));
  }
  for (const port of itemsAt(object, [...rule, 'ports']))
    candidates.push(...portEdits(object, port, flow, false));
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
      };
    });
}

function removal(path: Path, cost: number): Candidate {
  return { edit: { kind: 'remove', path }, cost, text: `Remove ${pathText(path)}.` };
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
    },
  ];
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

function portEdits(object: unknown, port: Path, flow: FlowSpec, isText: boolean): Candidate[] {
  const candidates: Candidate[] = [];
  if (flow.port !== undefined) {
    candidates.push(...setting(object, [...port, 'port'], isText ? String(flow.port) : flow.port, 1));
  }
  if (['TCP', 'UDP', 'SCTP'].includes(flow.protocol)) {
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
