import { fulfils } from '../net/outcome.ts';
import type { Probe, TaskData, WrongAnswer, WrongWhen } from './bundle.ts';
import type { Deeds, Explainer } from './judge.ts';
import { commandMatches } from './judge.ts';
import { tryProbe } from './peers.ts';
import type { ClusterView, PolicyView } from './view.ts';

/** What to say to a recognised mistake. */
export type Feedback = {
  readonly id: string;
  readonly text: string;
  readonly file?: string;
  readonly line?: number;
};

/** The first known wrong answer of a task that the cluster and the deeds show, with its text; undefined when none does. */
export function recognise(
  view: ClusterView,
  task: TaskData,
  deeds: Deeds,
  explain: Explainer,
): Feedback | undefined {
  const wrong = task.wrong.find((candidate) => applies(view, candidate.when, deeds));
  return wrong === undefined ? undefined : feedbackOf(wrong, explain);
}

function feedbackOf(wrong: WrongAnswer, explain: Explainer): Feedback {
  const cell = wrong.when.cell ?? wrong.when.cells?.[0];
  const place =
    cell === undefined ? undefined : explain(cellProbe(cell)).find((reason) => reason.line !== undefined);
  const text =
    place?.line === undefined
      ? wrong.say.replace(/\s*See line \{line\}\./g, '').replaceAll('{line}', '?')
      : wrong.say.replaceAll('{line}', String(place.line));
  return {
    id: wrong.id,
    text,
    ...(place?.file === undefined ? {} : { file: place.file }),
    ...(place?.line === undefined ? {} : { line: place.line }),
  };
}

/** All that a `when` names must hold; an empty one never does. */
function applies(view: ClusterView, when: WrongWhen, deeds: Deeds): boolean {
  const tests: boolean[] = [];
  const cells = [...(when.cell === undefined ? [] : [when.cell]), ...(when.cells ?? [])];
  for (const cell of cells) tests.push(fulfils(cell[2], tryProbe(view, cellProbe(cell)).outcome));
  if (when.policy !== undefined)
    tests.push(view.policies().some((policy) => policyShows(policy, when.policy ?? {})));
  if (when.command !== undefined) {
    const pattern = when.command;
    tests.push(
      deeds.commands.some(
        (command) =>
          commandMatches(pattern, command.line) && (when.exit === undefined || command.exit === when.exit),
      ),
    );
  }
  if (when.answered !== undefined) {
    const { question = 0, choice } = when.answered;
    const given = deeds.answers.get(question);
    tests.push(given !== undefined && (choice === undefined || given === choice));
  }
  if (when.predicted !== undefined)
    tests.push(deeds.prediction?.[when.predicted.cell] === when.predicted.outcome);
  return tests.length > 0 && tests.every(Boolean);
}

/** `[from, to, outcome]` as a probe; `to` may end in `:port`. */
export function cellProbe([from, to, expect]: readonly [string, string, string]): Probe {
  const port = /^(?!ip:|name:)(.*):(\d+)$/.exec(to);
  return port === null ? { from, to, expect } : { from, to: port[1] ?? to, port: Number(port[2]), expect };
}

function policyShows(policy: PolicyView, wanted: NonNullable<WrongWhen['policy']>): boolean {
  if (wanted.name !== undefined && policy.name !== wanted.name) return false;
  const specs = specsOf(policy);
  const rules = specs.flatMap((spec) =>
    ['ingress', 'egress', 'ingressDeny', 'egressDeny'].flatMap((direction) => listOf(spec[direction])),
  );
  const tests: boolean[] = [];
  if (wanted['uses-port'] !== undefined) tests.push(portsOf(rules).includes(String(wanted['uses-port'])));
  if (wanted['lacks-ports'] === true)
    tests.push(
      rules.some(
        (rule) =>
          Object.keys(rule).some((key) => /^(from|to)/.test(key)) &&
          rule['toPorts'] === undefined &&
          rule['ports'] === undefined,
      ),
    );
  if (wanted['selects-all'] === true)
    tests.push(specs.some((spec) => isEmptySelector(spec['endpointSelector'] ?? spec['podSelector'])));
  if (wanted['uses-cidr'] !== undefined)
    tests.push(JSON.stringify(rules).includes(JSON.stringify(wanted['uses-cidr'])));
  if (wanted['uses-entity'] !== undefined)
    tests.push(
      rules.some((rule) =>
        [...listOfText(rule['fromEntities']), ...listOfText(rule['toEntities'])].includes(
          wanted['uses-entity'] ?? '',
        ),
      ),
    );
  if (wanted['lacks-direction'] !== undefined) {
    const direction = wanted['lacks-direction'];
    tests.push(specs.every((spec) => listOf(spec[direction]).length === 0));
  }
  return tests.every(Boolean);
}

type Members = Readonly<Record<string, unknown>>;

function specsOf(policy: PolicyView): readonly Members[] {
  const { spec, specs } = policy.object;
  return [...(isMembers(spec) ? [spec] : []), ...listOf(specs)];
}

function portsOf(rules: readonly Members[]): readonly string[] {
  const own = rules.flatMap((rule) => listOf(rule['toPorts']).flatMap((item) => listOf(item['ports'])));
  const kubernetes = rules.flatMap((rule) => listOf(rule['ports']));
  return [...own, ...kubernetes].map((port) => String(port['port']));
}

function isEmptySelector(value: unknown): boolean {
  if (!isMembers(value)) return false;
  const labels = value['matchLabels'];
  return (
    (!isMembers(labels) || Object.keys(labels).length === 0) && listOf(value['matchExpressions']).length === 0
  );
}

function listOf(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.filter(isMembers) : [];
}

function listOfText(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
