import { widthOf, formatCidr } from '../net/cidr.ts';
import { type Edit, isRecord, type Path, pathText, valueAt } from './edits.ts';
import type { Identity } from './identity.ts';
import { NAMESPACE_KEY } from './labels.ts';
import type { FlowSpec } from './model.ts';
import type { PolicyRepository } from './repository.ts';

/** A change that may turn a verdict. Lower `cost` is smaller; `text` is an order, `phrase` the same inside of a sentence. */
export type Candidate = {
  readonly edit: Edit;
  readonly cost: number;
  readonly text: string;
  readonly phrase: string;
};

/** What edits draw on: the two ends' labels, the flow's port and request. */
export type EditContext = {
  readonly flow: FlowSpec;
  readonly source: Identity | undefined;
  readonly destination: Identity | undefined;
};

/** The two ends of a flow as policy knows them. */
export function contextOf(repository: PolicyRepository, flow: FlowSpec): EditContext {
  const egress = repository.sideOf(flow, 'egress');
  const ingress = repository.sideOf(flow, 'ingress');
  return {
    flow,
    source: egress?.subject.identity ?? ingress?.peer,
    destination: ingress?.subject.identity ?? egress?.peer,
  };
}

/** Everything about a policy that may be worth a try; most of it turns nothing. */
export function candidatesFor(object: unknown, context: EditContext): Candidate[] {
  const candidates: Candidate[] = [];
  const specs: Path[] = [['spec'], ...itemsAt(object, ['specs'])];
  for (const spec of specs) {
    for (const selector of ['endpointSelector', 'podSelector', 'nodeSelector']) {
      candidates.push(
        ...labelEdits(object, [...spec, selector], [context.source, context.destination], false, 4),
      );
    }
    candidates.push(...directionEdits(object, spec));
    for (const list of ['ingress', 'ingressDeny', 'egress', 'egressDeny']) {
      const peer = list.startsWith('ingress') ? context.source : context.destination;
      candidates.push(...ruleAddition(object, [...spec, list], peer, context.flow));
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
  candidates.push(...icmpEdits(object, rule, flow));
  for (const field of ['toPorts', 'ports', 'icmps', 'authentication'])
    candidates.push(...dropIf(object, [...rule, field]));
  if (valueAt(object, [...rule, 'action']) !== undefined)
    for (const action of ['Accept', 'Deny', 'Pass'])
      candidates.push(...setting(object, [...rule, 'action'], action, 2));
  candidates.push(...outsideEdits(object, rule, peer), ...entityEdits(object, rule, peer));
  candidates.push(...peerField(object, rule, peer));
  return candidates;
}

/** A direction that the policy leaves open, shut; and default deny as it is without the field that says otherwise. */
function directionEdits(object: unknown, spec: Path): Candidate[] {
  const candidates = dropIf(object, [...spec, 'enableDefaultDeny']);
  if (valueAt(object, [...spec, 'podSelector']) !== undefined) {
    for (const type of ['Ingress', 'Egress'])
      candidates.push(...addition(object, [...spec, 'policyTypes'], type, 4));
    return candidates;
  }
  if (!isRecord(valueAt(object, spec))) return candidates;
  for (const direction of ['ingress', 'egress']) {
    const isOpen = [direction, `${direction}Deny`].every(
      (field) => valueAt(object, [...spec, field]) === undefined,
    );
    if (isOpen) candidates.push(...setting(object, [...spec, direction], [{}], 4));
  }
  return candidates;
}

/** The block that holds just this outside peer; undefined for other peers. */
function blockOf(peer: Identity | undefined): string | undefined {
  const address = peer?.isWorld === true ? peer.addresses[0] : undefined;
  return address && formatCidr({ address, bits: widthOf(address) });
}

/** Changes of blocks and names: to the peer's own, one more, or one less. */
function outsideEdits(object: unknown, rule: Path, peer: Identity | undefined): Candidate[] {
  const candidates: Candidate[] = [];
  const block = blockOf(peer);
  for (const list of ['fromCIDR', 'toCIDR']) {
    for (const item of itemsAt(object, [...rule, list]))
      candidates.push(...(block === undefined ? [] : setting(object, item, block, 1)), removal(item, 4));
    if (block !== undefined) candidates.push(...addition(object, [...rule, list], block, 2));
  }
  const blocks = [
    ...['fromCIDRSet', 'toCIDRSet'].flatMap((list) => itemsAt(object, [...rule, list])),
    ...['from', 'to'].flatMap((list) =>
      itemsAt(object, [...rule, list]).map((item): Path => [...item, 'ipBlock']),
    ),
  ];
  for (const item of blocks) candidates.push(...blockEdits(object, item, block));
  const name = peer?.names[0]?.replace(/\.$/, '');
  for (const item of itemsAt(object, [...rule, 'toFQDNs'])) {
    if (name === undefined) continue;
    for (const field of ['matchName', 'matchPattern'])
      if (valueAt(object, [...item, field]) !== undefined)
        candidates.push(...setting(object, [...item, field], name, 1));
  }
  if (name !== undefined) candidates.push(...addition(object, [...rule, 'toFQDNs'], { matchName: name }, 2));
  return candidates;
}

/** Changes of a block with its holes. */
function blockEdits(object: unknown, item: Path, block: string | undefined): Candidate[] {
  const holes: Path = [...item, 'except'];
  const candidates = dropIf(object, holes);
  const exceptions = itemsAt(object, holes);
  if (exceptions.length > 1) candidates.push(...exceptions.map((hole) => removal(hole, 2)));
  if (block === undefined || valueAt(object, [...item, 'cidr']) === undefined) return candidates;
  candidates.push(...setting(object, [...item, 'cidr'], block, 1));
  if (exceptions.length > 0) candidates.push(...addition(object, holes, block, 2));
  else candidates.push(...setting(object, holes, [block], 3));
  return candidates;
}

/** The entities that a peer may be meant by, the narrowest first. */
function entitiesOf(peer: Identity | undefined): readonly string[] {
  if (!peer) return [];
  if (peer.isPod) return ['cluster'];
  if (peer.isWorld) return ['world'];
  return ['host', 'remote-node', 'kube-apiserver', 'health', 'init', 'unmanaged', 'ingress'].filter(
    (name) => peer.labels.get(name)?.source === 'reserved',
  );
}

function entityEdits(object: unknown, rule: Path, peer: Identity | undefined): Candidate[] {
  const candidates: Candidate[] = [];
  for (const list of ['fromEntities', 'toEntities']) {
    const items = itemsAt(object, [...rule, list]);
    for (const entity of entitiesOf(peer)) {
      for (const item of items) candidates.push(...setting(object, item, entity, 2));
      candidates.push(...addition(object, [...rule, list], entity, 2));
    }
    if (items.length > 1) candidates.push(...items.map((item) => removal(item, 3)));
  }
  return candidates;
}

const PEER_FIELD = /^(?:from|to)(?!Ports$)/;

/** A rule of a Cilium policy that names no peer, about this one. */
function peerField(object: unknown, rule: Path, peer: Identity | undefined): Candidate[] {
  const raw = valueAt(object, rule);
  if (!isRecord(raw) || Object.keys(raw).some((field) => PEER_FIELD.test(field))) return [];
  return peerFields(object, wayOf(rule.at(-2)), peer).flatMap(([field, value]) =>
    setting(object, [...rule, field], value, 4),
  );
}

function wayOf(list: string | number | undefined): 'from' | 'to' {
  return typeof list === 'string' && list.startsWith('ingress') ? 'from' : 'to';
}

/** The fields of a rule that mean just this peer, one a way to say it. */
function peerFields(
  object: unknown,
  way: 'from' | 'to',
  peer: Identity | undefined,
): readonly (readonly [string, readonly unknown[]])[] {
  const kind = valueAt(object, ['kind']);
  const block = blockOf(peer);
  if (kind === 'NetworkPolicy') {
    if (block !== undefined) return [[way, [{ ipBlock: { cidr: block } }]]];
    const namespace = peer?.labels.get(NAMESPACE_KEY)?.value;
    if (namespace === undefined) return [];
    const podSelector = { matchLabels: ownLabels(peer) };
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
    return [[way, [isOwn(object, namespace) ? { podSelector } : { namespaceSelector, podSelector }]]];
  }
  if (kind === 'ClusterNetworkPolicy') return [];
  const labels = podSelector(object, peer);
  if (labels) return [[`${way}Endpoints`, [labels]]];
  if (block !== undefined) return [[`${way}CIDR`, [block]]];
  return entitiesOf(peer).map((entity) => [`${way}Entities`, [entity]] as const);
}

/** From here on a change is tried only where no smaller one does it. */
export const LAST_RESORT = 9;

/** One more rule, about just this flow. */
function ruleAddition(object: unknown, list: Path, peer: Identity | undefined, flow: FlowSpec): Candidate[] {
  const isPlain = valueAt(object, ['kind']) === 'NetworkPolicy';
  const items = valueAt(object, list) ?? (isPlain ? [] : undefined);
  if (!Array.isArray(items)) return [];
  const { port, protocol } = flow;
  const hasPort = port !== undefined && PORT_PROTOCOLS.includes(protocol);
  const ports = isPlain ? [{ port, protocol }] : [{ ports: [{ port: String(port), protocol }] }];
  const field = icmpField(flow);
  const about = hasPort
    ? { [isPlain ? 'ports' : 'toPorts']: ports }
    : field && { icmps: [{ fields: [field] }] };
  return peerFields(object, wayOf(list.at(-1)), peer).flatMap(([name, value]) => {
    const rule = { [name]: value, ...about };
    return items.length > 0
      ? setting(object, [...list, items.length], rule, LAST_RESORT)
      : setting(object, list, [rule], LAST_RESORT);
  });
}

function icmpField({ protocol, icmpType }: FlowSpec): object | undefined {
  if (icmpType === undefined) return undefined;
  return { type: icmpType, family: protocol === 'ICMPv6' ? 'IPv6' : 'IPv4' };
}

/** Changes of the types that a rule is about. */
function icmpEdits(object: unknown, rule: Path, flow: FlowSpec): Candidate[] {
  const field = icmpField(flow);
  if (field === undefined) return [];
  return itemsAt(object, [...rule, 'icmps']).flatMap((block) => {
    const fields: Path = [...block, 'fields'];
    return [
      ...itemsAt(object, fields).flatMap((item) => setting(object, [...item, 'type'], flow.icmpType, 1)),
      ...addition(object, fields, field, 2),
    ];
  });
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

/** One more peer: a pod by its own labels, and its namespace where it is not the policy's. */
function peerAddition(object: unknown, list: Path, peer: Identity | undefined): Candidate[] {
  const selector = podSelector(object, peer);
  return selector === undefined ? [] : addition(object, list, selector, 3);
}

function podSelector(object: unknown, peer: Identity | undefined): object | undefined {
  const namespace = peer?.labels.get(NAMESPACE_KEY)?.value;
  if (peer?.isPod !== true || namespace === undefined) return undefined;
  const labels = ownLabels(peer);
  return {
    matchLabels: isOwn(object, namespace) ? labels : { ...labels, [`k8s:${NAMESPACE_KEY}`]: namespace },
  };
}

/** The labels that a pod was given. */
function ownLabels(peer: Identity | undefined): Record<string, string> {
  const own = [...(peer?.labels.values() ?? [])].filter(({ key }) => !key.startsWith('io.'));
  return Object.fromEntries(own.map(({ key, value }) => [key, value]));
}

/** True for the namespace that a policy is kept to. */
function isOwn(object: unknown, namespace: string): boolean {
  const kind = valueAt(object, ['kind']);
  return (
    (kind === 'CiliumNetworkPolicy' || kind === 'NetworkPolicy') &&
    (valueAt(object, ['metadata', 'namespace']) ?? 'default') === namespace
  );
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
  const { http, dns, sni } = flow;
  if (http) {
    const { method, path } = http;
    candidates.push(...addition(object, [...portRule, 'rules', 'http'], { method, path }, 2));
  }
  if (dns) candidates.push(...addition(object, [...portRule, 'rules', 'dns'], { matchName: dns.query }, 2));
  if (sni !== undefined) candidates.push(...addition(object, [...portRule, 'serverNames'], sni, 2));
  candidates.push(...dropIf(object, [...portRule, 'rules']), ...dropIf(object, [...portRule, 'serverNames']));
  return candidates;
}
