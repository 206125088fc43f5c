import { byText } from '../base/order.ts';
import type { FlowVerdict, RuleRef, SideVerdict } from './model.ts';
import type { Entry } from './table.ts';

/** The verdict of an end that is no endpoint with policy. */
export const UNMANAGED: SideVerdict = {
  verdict: 'allowed',
  enforced: false,
  managed: false,
  deniedBy: null,
  l7: null,
  l7verdict: null,
  auth: null,
  rulesMatched: [],
  matchType: 'none',
  rules: [],
};

/** One end's verdict from its table entry; `judgeL7` is asked only when the flow goes through a proxy. */
export function sideVerdict(
  entry: Entry,
  isEnforced: boolean,
  judgeL7: () => 'allowed' | 'denied' | null,
): SideVerdict {
  const rules = entry.refs.filter((ref) => ref.policyKind !== '');
  const auth = entry.authentication;
  return {
    verdict: entry.verdict,
    enforced: isEnforced,
    managed: true,
    deniedBy: entry.verdict !== 'denied' ? null : rules.length > 0 ? 'explicit' : 'default',
    l7: entry.verdict === 'redirected' ? (entry.policy?.parser ?? null) : null,
    l7verdict: entry.verdict === 'redirected' ? judgeL7() : null,
    auth: auth === 'required' ? 'required' : auth === 'test-always-fail' ? 'always-fail' : null,
    rulesMatched: [...new Set(rules.map(policyName))].sort(byText),
    matchType: entry.matchType,
    rules: uniqueRefs(rules),
    ...(entry.policy?.log ? { log: [...new Set(entry.policy.log.split('\n'))] } : {}),
  };
}

/** `namespace/name`, or the name alone for a cluster-wide policy. */
export function policyName(ref: RuleRef): string {
  return ref.namespace === '' ? ref.name : `${ref.namespace}/${ref.name}`;
}

function uniqueRefs(refs: readonly RuleRef[]): RuleRef[] {
  const seen = new Map<string, RuleRef>();
  for (const ref of refs) seen.set(JSON.stringify([ref.policyKind, ref.namespace, ref.name, ref.path]), ref);
  return [...seen.values()];
}

/** Both ends together: egress is weighed first. */
export function flowVerdict(egress: SideVerdict, ingress: SideVerdict): FlowVerdict {
  for (const [droppedAt, side] of [
    ['egress', egress],
    ['ingress', ingress],
  ] as const) {
    if (side.verdict === 'denied') {
      // The engine's own denial after a Pass is an entry too, so the data path reports it as one.
      const reason = side.matchType !== 'none' ? 'Policy denied by denylist' : 'Policy denied';
      return { egress, ingress, verdict: 'DROPPED', droppedAt, reason };
    }
    if (side.auth)
      return { egress, ingress, verdict: 'AUTH-REQUIRED', droppedAt, reason: 'Authentication required' };
    if (side.l7verdict === 'denied') {
      return { egress, ingress, verdict: 'L7-DENIED', droppedAt, reason: 'Policy denied at L7' };
    }
  }
  return { egress, ingress, verdict: 'FORWARDED', droppedAt: null, reason: null };
}
