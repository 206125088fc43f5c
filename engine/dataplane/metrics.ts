import type { Json } from '../base/json.ts';
import { type Counters, countersText, countFlow } from '../hubble/metrics.ts';
import type { Pod } from '../objects/views.ts';
import type { FlowWriter } from './flow-writer.ts';
import { CILIUM_VERSION } from './flow-writer.ts';
import type { ProgramStates, StoreView } from './view.ts';

/** What metrics are computed from. */
export type MetricsSource = {
  readonly store: StoreView;
  readonly states: ProgramStates;
  readonly flows: FlowWriter;
  readonly nowMs: number;
};

type Sample = readonly [labels: string, value: number];

function metric(name: string, help: string, type: 'gauge' | 'counter', samples: readonly Sample[]): string {
  const rows = samples.map(([labels, value]) => `${name}${labels === '' ? '' : `{${labels}}`} ${value}\n`);
  return rows.length === 0 ? '' : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${rows.join('')}`;
}

/** The text of a family of metrics on a node: `hubble`, `agent`, `operator`; undefined for others. */
export function clusterMetrics(source: MetricsSource, family: string, node: string): string | undefined {
  if (family === 'hubble') return hubbleMetrics(source, node);
  if (family === 'agent') return agentMetrics(source, node);
  return family === 'operator' ? operatorMetrics(source) : undefined;
}

function configOf(store: StoreView): Readonly<Record<string, string>> {
  const data = store.get('configmaps', 'kube-system', 'cilium-config')?.['data'];
  return (data ?? {}) as Readonly<Record<string, string>>;
}

/** Counts what came since the last look; a counter never falls. */
function hubbleMetrics(source: MetricsSource, node: string): string {
  const enabled = (
    configOf(source.store)['hubble-metrics'] ?? 'dns drop tcp flow icmp port-distribution httpV2'
  ).split(/\s+/);
  return countersText(countedFlows(source, node, enabled));
}

/** The counters of a node's flows over its life; what fell out of the ring unseen is not counted. */
export function countedFlows(source: MetricsSource, node: string, enabled: readonly string[]): Counters {
  const key = `metrics/${node}`;
  const state = source.states.get(key) ?? {};
  source.states.set(key, state);
  const counters = { ...((state['counters'] ?? {}) as Counters) };
  const ring = source.flows.ringOf(node);
  for (const { flow } of ring.after(Number(state['seen'] ?? 0))) countFlow(counters, flow, enabled);
  state['seen'] = ring.seen;
  state['counters'] = counters as Json;
  return counters;
}

function agentMetrics(source: MetricsSource, node: string): string {
  const { store } = source;
  const endpoints = store.list('ciliumendpoints.cilium.io').filter((one) => {
    const pod = store.get('pods', one.metadata.namespace, one.metadata.name) as Pod | undefined;
    return pod?.spec.nodeName === node;
  });
  const policies = [
    'ciliumnetworkpolicies.cilium.io',
    'ciliumclusterwidenetworkpolicies.cilium.io',
    'networkpolicies.networking.k8s.io',
  ];
  const rules = policies.reduce((sum, resource) => sum + store.list(resource).length, 0);
  const kinds = { both: 0, egress: 0, ingress: 0, none: 0 };
  for (const one of endpoints) {
    const policy = (one['status'] as { policy?: Record<string, { enforcing?: boolean }> } | undefined)
      ?.policy;
    const [isIn, isOut] = [policy?.['ingress']?.enforcing === true, policy?.['egress']?.enforcing === true];
    kinds[isIn && isOut ? 'both' : isIn ? 'ingress' : isOut ? 'egress' : 'none']++;
  }
  const totals = new Map<string, number>();
  const add = (key: string): void => void totals.set(key, (totals.get(key) ?? 0) + 1);
  for (const { flow } of source.flows.ringOf(node).after(0)) {
    const direction = flow.traffic_direction ?? 'UNKNOWN';
    if (flow.verdict === 'DROPPED' && flow.event_type?.type === 1)
      add(`drop|direction="${direction}",reason="${reasonText(flow.drop_reason_desc)}"`);
    else if (flow.verdict === 'FORWARDED' && flow.Type === 'L3_L4') add(`forward|direction="${direction}"`);
  }
  const samples = (kind: string): readonly Sample[] =>
    [...totals]
      .filter(([key]) => key.startsWith(`${kind}|`))
      .map(([key, value]) => [key.slice(kind.length + 1), value]);
  const identities = store.list('ciliumidentities.cilium.io').length;
  return [
    metric(
      'cilium_drop_count_total',
      'Total dropped packets, tagged by drop reason and ingress/egress direction',
      'counter',
      samples('drop'),
    ),
    metric('cilium_endpoint', 'Number of endpoints managed by this agent', 'gauge', [
      ['', endpoints.length + 1],
    ]),
    metric('cilium_endpoint_state', 'Count of all endpoints, tagged by different endpoint states', 'gauge', [
      ['endpoint_state="ready"', endpoints.length + 1],
    ]),
    metric(
      'cilium_forward_count_total',
      'Total forwarded packets, tagged by ingress/egress direction',
      'counter',
      samples('forward'),
    ),
    metric('cilium_identity', 'Number of identities currently allocated', 'gauge', [
      ['type="cluster_local"', identities],
      ['type="reserved"', 8],
    ]),
    metric('cilium_policy', 'Number of policies currently loaded', 'gauge', [['', rules]]),
    metric(
      'cilium_policy_endpoint_enforcement_status',
      'Number of endpoints labeled by policy enforcement status',
      'gauge',
      Object.entries(kinds).map(([kind, value]) => [`enforcement="${kind}"`, value]),
    ),
    metric('cilium_unreachable_nodes', 'Number of nodes that cannot be reached', 'gauge', [['', 0]]),
    metric('cilium_version', 'Cilium version', 'gauge', [
      [`arch="amd64",revision="",version="${CILIUM_VERSION}"`, 1],
    ]),
  ].join('');
}

function reasonText(name: string | undefined): string {
  const text = (name ?? 'unknown').toLowerCase().replaceAll('_', ' ');
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function operatorMetrics({ store }: MetricsSource): string {
  const count = (resource: string): number => store.list(resource).length;
  return [
    metric(
      'cilium_operator_identity_gc_entries',
      'The number of alive and deleted identities at the end of a garbage collector run',
      'gauge',
      [['status="alive"', count('ciliumidentities.cilium.io')]],
    ),
    metric('cilium_operator_num_ceps_per_ces', 'The number of CEPs batched in a CES', 'gauge', [
      ['', count('ciliumendpoints.cilium.io')],
    ]),
    metric('cilium_operator_version', 'Version of cilium-operator', 'gauge', [
      [`arch="amd64",revision="",version="${CILIUM_VERSION}"`, 1],
    ]),
  ].join('');
}
