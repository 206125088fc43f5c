import type { Outcome } from '../net/outcome.ts';
import type { FlowVerdict, RuleRef, SideVerdict } from '../policy/model.ts';
import type { Reason } from './matrix-value.ts';
import type { ProbeResult } from './peers.ts';

/** Where a rule's text stands in the learner's files; undefined when no file holds it. */
export type RuleLocator = (rule: RuleRef) => { readonly file: string; readonly line: number; readonly column: number } | undefined;

/** A policy as people write it: `CiliumNetworkPolicy default/name`. */
export function policyLabel(rule: RuleRef): string {
  return `${rule.policyKind} ${rule.namespace === '' ? '' : `${rule.namespace}/`}${rule.name}`;
}

/** `spec.ingress[0].toPorts[0]` of a path. */
export function pathLabel(path: RuleRef['path']): string {
  return path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('').replace(/^\./, '');
}

/** Why a probe ended as it did: one reason for each end that says something, taken from its first telling attempt. */
export function reasonsOf(result: ProbeResult, selecting: (side: 'egress' | 'ingress', result: ProbeResult) => readonly RuleRef[], locate: RuleLocator): readonly Reason[] {
  if (result.outcome === 'no-backend') return [{ side: 'ingress', text: 'No pod stands behind that name just now.' }];
  const detail = result.details.find((candidate) => candidate.outcome.startsWith('timeout')) ?? result.details[0];
  if (detail?.verdict === undefined) return [{ side: 'ingress', text: outcomeWords(result.outcome) }];
  const sides = sidesToTell(detail.verdict);
  return sides.map((side) => sideReason(side, sideOf(detail.verdict as FlowVerdict, side), selecting(side, result), locate));
}

function sidesToTell(verdict: FlowVerdict): readonly ('egress' | 'ingress')[] {
  if (verdict.droppedAt !== null) return [verdict.droppedAt];
  const managed = (['egress', 'ingress'] as const).filter((side) => sideOf(verdict, side).managed);
  const enforced = managed.filter((side) => sideOf(verdict, side).enforced);
  return enforced.length > 0 ? enforced : managed.slice(-1);
}

function sideOf(verdict: FlowVerdict, side: 'egress' | 'ingress'): SideVerdict {
  return side === 'egress' ? verdict.egress : verdict.ingress;
}

function sideReason(side: 'egress' | 'ingress', verdict: SideVerdict, selecting: readonly RuleRef[], locate: RuleLocator): Reason {
  const rule = verdict.rules[0] ?? selecting[0];
  const where = rule === undefined ? undefined : locate(rule);
  return {
    side,
    text: sentence(side, verdict, rule),
    ...(rule === undefined ? {} : { policy: policyLabel(rule), rule: pathLabel(rule.path) }),
    ...(where ?? {}),
  };
}

function sentence(side: 'egress' | 'ingress', verdict: SideVerdict, rule: RuleRef | undefined): string {
  const end = side === 'egress' ? 'at the source' : 'at the destination';
  if (!verdict.enforced) return `Open ${end}: no policy selects that pod for ${side}.`;
  if (verdict.deniedBy === 'explicit') return `Dropped ${end}: ${rule === undefined ? 'a deny rule' : policyLabel(rule)} denies it.`;
  if (verdict.deniedBy === 'default') {
    const by = rule === undefined ? 'A policy' : policyLabel(rule);
    return `Dropped ${end}: ${by} turns on default deny for ${side}, and no rule allows this peer on this port.`;
  }
  if (verdict.l7verdict === 'denied') return `Refused by the proxy ${end}: no ${verdict.l7?.toUpperCase() ?? 'L7'} rule allows this request.`;
  return `Allowed ${end} by ${rule === undefined ? 'a rule that is always there' : policyLabel(rule)}.`;
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
