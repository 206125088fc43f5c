import type { PolicyCase, Probe } from '../policy/case-file.ts';
import type { CaseAnswer, ProbeAnswer } from '../policy/case-run.ts';
import { readDocument, splitDocuments } from '../policy/documents.ts';
import { explain, type SideExplanation } from '../policy/explain.ts';
import { importPolicy } from '../policy/import.ts';
import type { FlowSpec } from '../policy/model.ts';
import type { TextChange } from '../policy/positions.ts';
import type { PolicyRepository } from '../policy/repository.ts';
import { changeOfEdit, type EditablePolicy, placeOfEdit, suggest } from '../policy/suggestions.ts';
import type { PolicyInput } from './verdicts-input.ts';
import { flowText, placeText, probeName } from './verdicts-results.ts';

/** Probes beside the one explained that an edit is compared on. */
const OTHERS_MAX = 200;

/** Explains the probes of one answered case. */
export class Explainer {
  readonly #world: PolicyCase;
  readonly #repository: PolicyRepository;
  readonly #input: PolicyInput;
  readonly #policies: readonly EditablePolicy[];

  constructor(world: PolicyCase, repository: PolicyRepository, input: PolicyInput) {
    this.#world = world;
    this.#repository = repository;
    this.#input = input;
    this.#policies = editables(world);
  }

  /** Both ends' decisions, the rules that were weighed, and the smallest edits, as lines. */
  lines(probe: Probe, answer: ProbeAnswer): string[] {
    if ('unsupported' in answer) return [`unsupported: ${answer.unsupported}`];
    const { egress, ingress } = explain(this.#repository, probe.flow, this.#input.sources);
    const wanted =
      probe.expect !== undefined && probe.expect !== answer.verdict
        ? probe.expect
        : answer.verdict === 'FORWARDED'
          ? 'DROPPED'
          : 'FORWARDED';
    return [...sideLines(egress), ...sideLines(ingress), ...this.#editLines(probe, wanted)];
  }

  #editLines(probe: Probe, wanted: string): string[] {
    if (!isVerdict(wanted)) return [];
    const probes = this.#world.probes.filter((other) => other !== probe).slice(0, OTHERS_MAX);
    const options = { config: this.#world.config, defaultNamespace: this.#world.defaultNamespace };
    const others = probes.map((other) => other.flow);
    const found = suggest(this.#repository, probe.flow, wanted, this.#policies, options, { others });
    if (found.length === 0) return [`no single edit makes it ${wanted}`];
    return [
      `smallest edits that make it ${wanted}:`,
      ...found.flatMap((suggestion, i) => {
        const place = placeOfEdit(this.#repository, suggestion, this.#input.sources);
        const where = place === undefined ? '' : `${placeText(place)}: `;
        const change = changeOfEdit(this.#repository, suggestion, this.#input.sources);
        return [
          `  ${i + 1}. ${where}${suggestion.text} ${this.#changesText(suggestion.changes)}`,
          ...(change === undefined ? [] : changeLines(change)),
        ];
      }),
    ];
  }

  #changesText(changes: readonly FlowSpec[]): string {
    if (changes.length === 0) return 'Changes no other probe.';
    const names = changes.map((flow) => {
      const i = this.#world.probes.findIndex((probe) => probe.flow === flow);
      const probe = this.#world.probes[i];
      return probe === undefined ? flowText(flow) : probeName(probe, i);
    });
    return `Changes ${changes.length} other ${changes.length === 1 ? 'probe' : 'probes'}: ${names.join(', ')}.`;
  }
}

/** The text of `--explain` for one case file. */
export function explainText(
  file: string,
  world: PolicyCase,
  answer: CaseAnswer,
  explainer: Explainer,
): string {
  const lines = [file];
  for (const [i, probe] of world.probes.entries()) {
    const found = answer.probes[i];
    if (!found) continue;
    lines.push('', `${probeName(probe, i)}: ${flowText(probe.flow)}`);
    if (!('unsupported' in found)) {
      const at = found.droppedAt === null ? '' : ` at ${found.droppedAt} (${found.reason})`;
      const held =
        probe.expect === undefined
          ? ''
          : probe.expect === found.verdict
            ? ', as expected'
            : `, expected ${probe.expect}`;
      lines.push(`  ${found.verdict}${at}${held}`);
    }
    lines.push(...explainer.lines(probe, found).map((line) => `  ${line}`));
  }
  return `${lines.join('\n')}\n`;
}

/** The lines that differ, without the margin that they share. */
function changeLines({ removed, added }: TextChange): string[] {
  const widths = [...removed, ...added]
    .filter((line) => line.trim() !== '')
    .map((line) => line.length - line.trimStart().length);
  const margin = Math.min(...widths, 80);
  return [
    ...removed.map((line) => `       - ${line.slice(margin)}`),
    ...added.map((line) => `       + ${line.slice(margin)}`),
  ];
}

function sideLines({ direction, summary, considered }: SideExplanation): string[] {
  const rules = considered.map((rule) => {
    const mark = rule.isDeciding ? '*' : rule.matches ? '+' : '-';
    const place = rule.place === undefined ? '' : `${placeText(rule.place)}: `;
    return `  ${mark} ${place}${rule.policy} (${rule.verdict}) ${rule.matches ? 'matches' : 'does not match'}: ${rule.why}`;
  });
  return [`${direction}: ${summary}`, ...rules];
}

function isVerdict(text: string): text is 'FORWARDED' | 'DROPPED' | 'L7-DENIED' | 'AUTH-REQUIRED' {
  return ['FORWARDED', 'DROPPED', 'L7-DENIED', 'AUTH-REQUIRED'].includes(text);
}

/** The valid policies by their key; a later one replaces an earlier of the same name. */
function editables(world: PolicyCase): EditablePolicy[] {
  const found = new Map<string, EditablePolicy>();
  for (const document of splitDocuments(world.policies)) {
    const read = readDocument(document.text, 'refuse');
    if ('error' in read) continue;
    const options = { config: world.config, defaultNamespace: world.defaultNamespace };
    const result = importPolicy(read.value, options);
    if (!result.valid) continue;
    const key = `${result.policy.kind}/${result.policy.namespace}/${result.policy.name}`;
    found.set(key, { key, object: read.value });
  }
  return [...found.values()];
}
