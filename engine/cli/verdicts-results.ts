import type { Probe } from '../policy/case-file.ts';
import type { CaseAnswer, ProbeAnswer } from '../policy/case-run.ts';
import type { FlowSpec, FlowVerdict, Peer } from '../policy/model.ts';
import type { Place } from '../policy/positions.ts';
import { type PolicyInput, placeOfAnswer } from './verdicts-input.ts';

/** One test of a case file: a probe with its expectation, or a policy that has to be valid. */
export type TestResult = {
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped; empty when it passed. */
  readonly message: string;
  readonly expected?: string;
  readonly actual?: string;
  readonly place?: Place;
  /** The explanation, line by line; empty unless one was asked for or the test failed. */
  readonly details: readonly string[];
};

/** The tests of one case file. */
export type SuiteResult = { readonly file: string; readonly tests: readonly TestResult[] };

/** `file:line:column`. */
export function placeText(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`;
}

/** A probe in words: its id, or the flow. */
export function probeName(probe: Probe, i: number): string {
  return probe.id ?? `probe ${i + 1}`;
}

/** `default/web → default/db port 80/TCP GET /x`. */
export function flowText(flow: FlowSpec): string {
  const port = flow.port === undefined ? '' : ` port ${flow.port}`;
  const type = flow.icmpType === undefined ? '' : ` type ${flow.icmpType}`;
  const http = flow.http === undefined ? '' : ` ${flow.http.method} ${flow.http.path}`;
  const dns = flow.dns === undefined ? '' : ` asks for ${flow.dns.query}`;
  const sni = flow.sni === undefined ? '' : ` server name ${flow.sni}`;
  return `${peerText(flow.from)} → ${peerText(flow.to)}${port}${type === '' && port !== '' ? '/' : ' '}${flow.protocol}${type}${http}${dns}${sni}`;
}

function peerText(peer: Peer): string {
  if ('endpoint' in peer) return peer.endpoint;
  if ('node' in peer) return `node:${peer.node}`;
  return 'address' in peer ? peer.address : `entity:${peer.entity}`;
}

/** The result of a probe. A probe without `expect` is skipped: it asks, it does not demand. */
export function probeResult(
  probe: Probe,
  answer: ProbeAnswer,
  i: number,
  details: readonly string[],
): TestResult {
  const name = `${probe.id === undefined ? '' : `${probe.id}: `}${flowText(probe.flow)}`;
  const actual = 'unsupported' in answer ? 'unsupported' : answer.verdict;
  const { expect } = probe;
  if (expect === undefined) return { name, status: 'skipped', message: 'no expectation', actual, details };
  if (actual === expect) return { name, status: 'passed', message: '', expected: expect, actual, details };
  const why = 'unsupported' in answer ? answer.unsupported : reasonText(answer);
  const message = `${probeName(probe, i)}: expected ${expect}, got ${actual} (${flowText(probe.flow)}; ${why})`;
  return { name, status: 'failed', message, expected: expect, actual, details };
}

function reasonText(answer: FlowVerdict): string {
  if (!answer.droppedAt) return 'both ends let it pass';
  const rules = answer[answer.droppedAt].rulesMatched;
  return `${answer.reason} at ${answer.droppedAt}${rules.length > 0 ? ` by ${rules.join(', ')}` : ''}`;
}

/** The policies of a folder as tests: each has to be one that the cluster would take. */
export function policyResults(answer: CaseAnswer, input: PolicyInput): TestResult[] {
  return answer.policies.map((policy, i): TestResult => {
    const scope = policy.namespace === undefined ? '' : `${policy.namespace}/`;
    const place = placeOfAnswer(input, i, policy);
    const file = input.origins[i]?.source.file ?? '';
    const named = policy.name === '' ? file : `${policy.kind} ${scope}${policy.name}`;
    const name = `${named} is valid`;
    const at = place ? `${placeText(place)}: ` : '';
    const again = policy.replaced === true ? laterOf(answer, input, i) : undefined;
    if (again !== undefined) {
      const message = `${at}${named} stands again at ${again}, and only one of them can be in force`;
      return { name, status: 'failed', message, details: [], ...(place && { place }) };
    }
    if (policy.valid) return { name, status: 'passed', message: '', details: [] };
    const message = `${at}${policy.error ?? 'refused'}`;
    return { name, status: 'failed', message, details: [], ...(place && { place }) };
  });
}

/** Where a policy of the same name comes later. */
function laterOf({ policies }: CaseAnswer, input: PolicyInput, i: number): string | undefined {
  const policy = policies[i];
  const later = policies.findIndex(
    (other, j) =>
      j > i &&
      other.valid &&
      other.kind === policy?.kind &&
      other.namespace === policy.namespace &&
      other.name === policy.name,
  );
  const answer = policies[later];
  const place = answer && placeOfAnswer(input, later, answer);
  return place && placeText(place);
}
