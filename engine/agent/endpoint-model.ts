import { hashText } from '../base/hash.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { byText } from '../base/order.ts';
import type { KubeObject } from '../objects/api.ts';
import { timestamp } from '../objects/time.ts';
import type { HttpRule, RuleRef } from '../policy/model.ts';
import type { PolicyRepository } from '../policy/repository.ts';
import { PROTOCOL_NAMES } from '../net/protocol.ts';
import { namedPorts, sandboxId } from './endpoint-object.ts';
import { policyMap, selectorText } from './policy-map.ts';
import type { AgentEndpoint, AgentReport } from './socket.ts';

type Row = NonNullable<ReturnType<PolicyRepository['mapRows']>>[number];

/** Go's JSON of a struct leaves its empty fields out. */
function filled(fields: Readonly<Record<string, Json>>): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) => value !== 0 && value !== '' && !(Array.isArray(value) && value.length === 0),
    ),
  );
}

/** JSON text in which Go hides what HTML would read. */
function marshalled(value: Json): string {
  return JSON.stringify(value).replace(
    /[<>&]/g,
    (char) => `\\u00${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** The history of an endpoint's states, newest first. */
export function logOf(one: AgentEndpoint, report: AgentReport): readonly JsonObject[] {
  const createdMs = Date.parse(one.pod?.status?.startTime ?? one.pod?.metadata.creationTimestamp ?? '');
  const atMs = Number.isNaN(createdMs) ? report.nowMs : createdMs;
  const at = (seconds: number): string => timestamp(atMs + seconds * 1000);
  const entry = (seconds: number, state: string, message: string): JsonObject => ({
    code: 'OK',
    message,
    state,
    timestamp: at(seconds),
  });
  return [
    entry(3, 'ready', 'Successfully regenerated endpoint program (Reason: updated security labels)'),
    entry(3, 'ready', 'Completed endpoint regeneration with no pending regeneration requests'),
    entry(2, 'regenerating', 'Regenerating endpoint: updated security labels'),
    entry(2, 'waiting-to-regenerate', 'Triggering endpoint regeneration due to updated security labels'),
    entry(2, 'ready', 'Set identity for this endpoint'),
    entry(1, 'waiting-for-identity', 'Endpoint creation'),
  ];
}

/** An endpoint as the API shows it (pkg/endpoint/api.go GetModelRLocked). */
export function endpointModel(one: AgentEndpoint, report: AgentReport): JsonObject {
  const { options, pod } = one;
  const policy = policyModel(one, report);
  const key = `${report.node}/${one.id}`;
  const spec = { 'label-configuration': {}, options };
  const name =
    pod === undefined
      ? one.identity === 1
        ? 'cilium_host'
        : 'lxc_health'
      : `lxc${hashText(pod.metadata.uid ?? '').slice(0, 12)}`;
  const addressing = filled({ ipv4: one.address, 'ipv4-pool-name': pod === undefined ? '' : 'default' });
  const ports = pod === undefined ? [] : namedPorts(pod);
  return {
    id: one.id,
    spec,
    status: {
      'external-identifiers': pod === undefined ? {} : { 'cni-attachment-id': `${sandboxId(pod)}:eth0` },
      health: { bpf: 'OK', connected: true, overallHealth: 'OK', policy: 'OK' },
      identity: identityModel({ id: one.identity, labels: one.labels }),
      labels: { realized: {}, 'security-relevant': one.labels },
      log: logOf(one, report).slice(0, 1),
      ...(ports.length > 0 ? { namedPorts: ports } : {}),
      networking: {
        addressing: [addressing],
        ...(pod === undefined ? {} : { 'container-interface-name': 'eth0' }),
        'host-mac': macOf(`${key}/host`),
        'interface-index': one.identity === 1 ? 3 : 4 + (one.id % 250),
        'interface-name': name,
        mac: macOf(key),
      },
      policy: {
        'proxy-policy-revision': report.policyRevision,
        'proxy-statistics': [],
        realized: policy,
        spec: policy,
      },
      realized: spec,
      state: 'ready',
    },
  };
}

function macOf(key: string): string {
  const digits = hashText(key).slice(0, 10);
  return ['0a', ...(digits.match(/../g) ?? [])].join(':');
}

/** Which identities pass at every port, and the filters behind the map. */
function policyModel(one: AgentEndpoint, report: AgentReport): JsonObject {
  const { ingress, egress } = one.enforcement;
  const direction = ingress && egress ? 'both' : ingress ? 'ingress' : egress ? 'egress' : 'none';
  const isAudited = one.options['PolicyAuditMode'] === 'Enabled' && direction !== 'none';
  const view = report.policyView();
  const key = one.pod && `${one.pod.metadata.namespace}/${one.pod.metadata.name}`;
  const entries = policyMap(view, key).filter((entry) => entry['port'] === 'ANY');
  const identities = (way: string, policy: string): Json => {
    const found = entries.filter((entry) => entry['direction'] === way && entry['policy'] === policy);
    return found.length === 0 ? null : found.map((entry) => entry['identity'] ?? 0);
  };
  const rules = (isIngress: boolean): readonly JsonObject[] =>
    filterModels((key && view.repository.mapRows(key, isIngress)) || [], isIngress, report);
  return {
    'allowed-egress-identities': identities('Egress', 'Allow'),
    'allowed-ingress-identities': identities('Ingress', 'Allow'),
    build: report.policyRevision,
    'denied-egress-identities': identities('Egress', 'Deny'),
    'denied-ingress-identities': identities('Ingress', 'Deny'),
    id: one.identity,
    l4: { egress: rules(false), ingress: rules(true) },
    'policy-enabled': isAudited ? `audit-${direction}` : direction,
    'policy-revision': report.policyRevision,
  };
}

/** The filters of a direction (pkg/policy/l4.go GetModel). */
function filterModels(rows: readonly Row[], isIngress: boolean, report: AgentReport): readonly JsonObject[] {
  const filters = [...new Set(rows.map((row) => row.filter))];
  return filters.map((filter) => {
    const { spec, tier } = filter;
    const peers = [...filter.peers.values()]
      .map(({ selector, policy }) => ({ text: selectorText(selector), policy }))
      .sort((a, b) => byText(a.text, b.text));
    const derived = (refs: readonly RuleRef[]): string[][] =>
      [...new Set(refs.map((ref) => originOf(ref, report).join(' ')))].sort().map((one) => one.split(' '));
    const rule = {
      ...(tier > 0 ? { tier } : {}),
      port: spec.port,
      ...(spec.endPort > spec.port ? { endPort: spec.endPort } : {}),
      protocol: spec.protocol === 0 ? 'ANY' : (PROTOCOL_NAMES.get(spec.protocol) ?? String(spec.protocol)),
      ...(spec.portName === undefined ? {} : { 'port-name': spec.portName }),
      'l7-rules': peers.map(({ text, policy }) => ({ [text]: peerModel(policy) })),
    };
    return {
      'derived-from-rules': derived(peers.flatMap(({ policy }) => policy.refs)),
      rule: marshalled(rule),
      ...(isIngress
        ? {
            'rules-by-selector': Object.fromEntries(
              peers.map(({ text, policy }) => [text, derived(policy.refs)]),
            ),
          }
        : {}),
    };
  });
}

/** The labels of the policy that a rule came from; rules of the engine itself have a reserved one. */
function originOf(ref: RuleRef, report: AgentReport): readonly string[] {
  if (ref.policyKind === '') return ['reserved:io.cilium.policy.derived-from=allow-localhost-ingress'];
  const object = report.policies.find(
    ({ kind, metadata }) =>
      kind === ref.policyKind && metadata.name === ref.name && (metadata.namespace ?? '') === ref.namespace,
  );
  if (object === undefined) return [`k8s:io.cilium.k8s.policy.name=${ref.name}`];
  return labelsOfPolicy(object).map(({ key, value }) => `k8s:${key}=${value}`);
}

/** What a filter says of one selector; `null`: nothing beside the allowance. */
function peerModel(policy: Row['policy']): Json {
  const { authentication, dns, http, parser, serverNames, verdict } = policy;
  const model = filled({
    verdict: verdict === 'deny' ? 1 : verdict === 'pass' ? 2 : 0,
    listenerPriority: policy.listenerPriority,
    listener: policy.listener,
    http: parser === 'http' ? http.map(httpModel) : [],
    dns:
      parser === 'dns'
        ? dns.map(({ text }) => (text.includes('*') ? { matchPattern: text } : { matchName: text }))
        : [],
  });
  const names =
    serverNames.length === 0 ? {} : { serverNames: Object.fromEntries(serverNames.map((one) => [one, {}])) };
  const auth = authentication === undefined ? {} : { auth: { mode: authentication } };
  const all = { ...model, ...names, ...auth };
  return Object.keys(all).length === 0 ? null : all;
}

function httpModel({ path, method, host, headers, headerMatches }: HttpRule): JsonObject {
  return filled({ path, method, host, headers, headerMatches: headerMatches as unknown as Json });
}

/** An identity as the API shows it. */
export function identityModel(one: { readonly id: number; readonly labels: readonly string[] }): JsonObject {
  const text = one.labels.join(';');
  const sha = ['', '/1', '/2', '/3'].map((part) => hashText(`${text}${part}`)).join('');
  return { id: one.id, labels: one.labels, labelsSHA256: sha };
}

/** The labels of a policy's rules: where they come from (pkg/k8s/apis/cilium.io/utils, GetPolicyLabels). */
export function labelsOfPolicy({ kind, metadata }: KubeObject): readonly JsonObject[] {
  const label = (key: string, value: string): JsonObject => ({
    key: `io.cilium.k8s.policy.${key}`,
    value,
    source: 'k8s',
  });
  return [
    label('derived-from', kind),
    label('name', metadata.name),
    ...(metadata.namespace === undefined ? [] : [label('namespace', metadata.namespace)]),
    label('uid', metadata.uid ?? ''),
  ];
}
