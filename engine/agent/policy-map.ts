import type { JsonObject } from '../base/json.ts';
import type { ParsedPolicy, Peer } from '../policy/model.ts';
import type { PolicyRepository } from '../policy/repository.ts';
import type { Selector } from '../policy/selector.ts';
import { byText } from '../base/order.ts';
import { formatAddress } from '../net/address.ts';
import { formatCidr } from '../net/cidr.ts';
import { PROTOCOL_NAMES } from '../net/protocol.ts';
import { proxyPort } from './proxy-port.ts';

/** A peer with the number and the labels by which an agent knows it. */
export type KnownPeer = { readonly id: number; readonly labels: readonly string[]; readonly peer: Peer };

/** What an agent needs to tell of policy maps and selectors. */
export type PolicyView = {
  readonly repository: PolicyRepository;
  readonly node: string;
  readonly peers: readonly KnownPeer[];
};

type Row = NonNullable<ReturnType<PolicyRepository['mapRows']>>[number];
type MapEntry = {
  readonly id: number;
  readonly labels: readonly string[];
  readonly port: string;
  readonly prefix: number;
  readonly row: Row | undefined;
};

/** The entries of an endpoint's policy map, as `bpf policy get` reads them: denials first, then ingress, then by identity. */
export function policyMap(view: PolicyView, endpointKey: string | undefined): readonly JsonObject[] {
  const entries = (['Ingress', 'Egress'] as const).flatMap((direction) => {
    const rows =
      endpointKey === undefined ? undefined : view.repository.mapRows(endpointKey, direction === 'Ingress');
    return entriesOf(rows, view).map((entry) => entryModel(entry, direction, view.node));
  });
  const isDenied = (entry: JsonObject): boolean => entry['policy'] === 'Deny';
  return [...entries.filter(isDenied), ...entries.filter((entry) => !isDenied(entry))];
}

function entriesOf(rows: readonly Row[] | undefined, view: PolicyView): readonly MapEntry[] {
  // Without enforcement the map lets everything pass by one entry.
  if (rows === undefined) return [{ id: 0, labels: [], port: 'ANY', prefix: 0, row: undefined }];
  const found = new Map<string, MapEntry>();
  for (const row of [...rows].sort((a, b) => b.precedence - a.precedence)) {
    const peers =
      row.selector.kind === 'all'
        ? [{ id: 0, labels: [] }]
        : view.peers.filter(({ peer }) => view.repository.picks(row.selector, peer, view.node));
    for (const { id, labels } of peers) {
      for (const block of row.blocks) {
        const entry = { id, labels, port: portText(row, block), prefix: block.prefix - 1, row };
        const key = `${id} ${entry.port}`;
        if (!found.has(key)) found.set(key, entry);
      }
    }
  }
  return [...found.values()].sort((a, b) => a.id - b.id || byText(a.port, b.port));
}

function portText(row: Row, block: { readonly low: number; readonly high: number }): string {
  const { protocol } = row.filter.spec;
  const name = protocol === 0 ? 'ANY' : (PROTOCOL_NAMES.get(protocol) ?? String(protocol));
  if (protocol === 0 || (block.low === 0 && block.high === 65_535)) return name;
  return `${block.low === block.high ? block.low : `${block.low}-${block.high}`}/${name}`;
}

function entryModel(entry: MapEntry, direction: 'Ingress' | 'Egress', node: string): JsonObject {
  const policy = entry.row?.policy;
  const auth = policy?.authentication;
  return {
    policy: policy?.verdict === 'deny' ? 'Deny' : 'Allow',
    direction,
    identity: entry.id,
    labels: entry.labels,
    port: entry.port,
    proxyPort: policy?.parser ? proxyPort(node, policy.parser, direction.toLowerCase() as 'ingress') : 0,
    auth: auth === 'required' ? 'spire' : auth === 'test-always-fail' ? 'test-always-fail' : 'disabled',
    prefix: entry.prefix,
    precedence: entry.row?.precedence ?? 0,
  };
}

/** The selectors of all policies with who uses them and whom they pick, as `policy selectors` shows them. */
export function selectorModels(
  view: PolicyView,
  labelsOf: (policy: ParsedPolicy) => readonly JsonObject[],
): readonly JsonObject[] {
  const found = new Map<
    string,
    { readonly selector: Selector; readonly policies: Set<ParsedPolicy>; users: number }
  >();
  for (const key of view.repository.policyKeys()) {
    const policy = view.repository.policy(key);
    for (const rule of policy?.rules ?? []) {
      for (const selector of rule.peers ?? []) {
        const entry = found.get(selector.id) ?? { selector, policies: new Set(), users: 0 };
        entry.users++;
        if (policy) entry.policies.add(policy);
        found.set(selector.id, entry);
      }
    }
  }
  const models = [...found.values()].map(({ selector, policies, users }) => ({
    labels: [...policies]
      .sort((a, b) => byText(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`))
      .map(labelsOf),
    selector: selectorText(selector),
    users,
    identities: [
      ...new Set(
        view.peers
          .filter(({ peer }) => selector.kind === 'all' || view.repository.picks(selector, peer, view.node))
          .map(({ id }) => id),
      ),
    ].sort((a, b) => a - b),
  }));
  return models.sort((a, b) => byText(a.selector, b.selector));
}

/** A selector as Cilium's selector cache names it. */
export function selectorText(selector: Selector): string {
  switch (selector.kind) {
    case 'all':
      return '&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{},}';
    case 'name': {
      const text = selector.id.slice('fqdn:'.length);
      return text.includes('*') ? `MatchName: , MatchPattern: ${text}` : `MatchName: ${text}, MatchPattern: `;
    }
    case 'cidr': {
      const except = selector.except.map((hole) => `,!cidr:${formatCidr(hole)}`).join('');
      return `cidr:${formatCidr(selector.block)}${except}`;
    }
    case 'group':
      return selector.name === undefined
        ? selector.id
        : `cidrgroup:io.cilium.policy.cidrgroupname/${selector.name}`;
    case 'labels': {
      const labels: string[] = [];
      const expressions: string[] = [];
      for (const { source, key, operator, values } of selector.requirements) {
        const name = `${source}.${key}`;
        if (operator === 'In' && values.length === 1) labels.push(`${name}: ${values[0]},`);
        else expressions.push(`{${name} ${operator} [${values.join(' ')}]}`);
      }
      return `&LabelSelector{MatchLabels:map[string]string{${labels.sort(byText).join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.map((text) => `LabelSelectorRequirement${text},`).join('')}},}`;
    }
  }
}

/** Addresses that stand for the outside peers of the policies in force: the first of a block, and of each hole in it. */
export function outsideAddresses(repository: PolicyRepository): readonly string[] {
  const found = new Set<string>();
  for (const key of repository.policyKeys())
    for (const rule of repository.policy(key)?.rules ?? [])
      for (const selector of rule.peers ?? [])
        if (selector.kind === 'cidr')
          for (const block of [selector.block, ...selector.except]) found.add(formatAddress(block.address));
  return [...found].sort(byText);
}
