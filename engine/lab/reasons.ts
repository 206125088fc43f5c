import type { Outcome } from '../net/outcome.ts';
import type { FlowExplanation, SideExplanation } from '../policy/explain.ts';
import type { FlowSpec, RuleRef } from '../policy/model.ts';
import type { Reason } from './matrix-value.ts';
import type { ProbeResult } from './peers.ts';

/** Explains a flow on the cluster (or draft) that a view shows. */
export type FlowExplainer = (flow: FlowSpec) => FlowExplanation;

/**
 * Why a probe ended as it did: one reason for each end that says something, taken from its first telling attempt. Where a
 * connection is open that the task wants dropped at one end (`wanted`), that end says why first.
 */
export function reasonsOf(result: ProbeResult, explain: FlowExplainer, wanted = ''): readonly Reason[] {
  if (result.details.length === 0)
    return [{ side: 'ingress', text: 'Nobody stands behind that name just now.' }];
  const detail =
    result.details.find((candidate) => /^timeout|^403|refused$|^dns|^tls|^auth/.test(candidate.outcome)) ??
    result.details[0];
  if (detail?.flow === undefined) return [{ side: 'ingress', text: `It ${outcomeWords(result.outcome)}.` }];
  const explained = explain(detail.flow);
  // The flow of a name that was not resolved is the question to DNS.
  const before = detail.outcome.startsWith('dns-') ? `It ${outcomeWords(detail.outcome)}. ` : '';
  return sidesToTell(explained, wanted.split('@')[1]).map((side) => {
    const reason = sideReason(explained[side]);
    return { ...reason, text: `${before}${reason.text}` };
  });
}

function sidesToTell(
  explained: FlowExplanation,
  wanted: string | undefined,
): readonly ('egress' | 'ingress')[] {
  const { droppedAt } = explained.verdict;
  if (droppedAt !== null) return [droppedAt];
  const managed = (['egress', 'ingress'] as const).filter((side) => explained[side].side.managed);
  const enforced = managed.filter((side) => explained[side].side.enforced);
  const open = managed.filter((side) => side === wanted && !enforced.includes(side));
  return enforced.length + open.length > 0 ? [...open, ...enforced] : managed.slice(-1);
}

/** The rule to show: one that decided, else the one that came nearest (it matched nothing but was weighed), with its place. */
function sideReason(explained: SideExplanation): Reason {
  const rule = explained.considered.find((candidate) => candidate.isDeciding) ?? explained.considered.at(-1);
  const text = rule === undefined || rule.isDeciding ? explained.summary : `${explained.summary} ${rule.why}`;
  return {
    side: explained.direction,
    text,
    ...(rule === undefined ? {} : { policy: policyLabel(rule.ref), rule: pathLabel(rule.ref.path) }),
    ...(rule?.place === undefined
      ? {}
      : { file: rule.place.file, line: rule.place.line, column: rule.place.column }),
  };
}

/** A policy as people write it: `CiliumNetworkPolicy default/name`. */
export function policyLabel(rule: RuleRef): string {
  return `${rule.policyKind} ${rule.namespace === '' ? '' : `${rule.namespace}/`}${rule.name}`;
}

/** `spec.ingress[0].toPorts[0]` of a path. */
export function pathLabel(path: RuleRef['path']): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
  return text.replace(/^\./, '');
}

/** What an outcome means, in words. */
export function outcomeWords(outcome: Outcome | string): string {
  if (outcome.startsWith('ok')) return 'gets an answer';
  const words: Record<string, string> = {
    'timeout@egress': 'times out: dropped at the source',
    'timeout@ingress': 'times out: dropped at the destination',
    refused: 'is refused: the packet arrived and nothing listens there',
    '403': 'is answered 403 by the proxy',
    'dns-refused': 'cannot resolve the name: the DNS rule refuses it',
    'dns-timeout': 'cannot resolve the name: DNS is dropped',
    'unknown-host': 'finds no such name',
    'tls-reset': 'is reset in the TLS handshake',
    'no-backend': 'finds nobody behind the name',
    'empty-reply': 'is closed without an answer',
    'icmp-ok': 'gets an echo',
    'auth-required': 'must authenticate first',
    mixed: 'differs from pod to pod',
  };
  return words[outcome] ?? outcome;
}
