import type { KubeHandler, KubeObject } from '../../objects/api.ts';

/** A workload of Cilium with its numbers. */
type Workload = {
  readonly kind: 'DaemonSet' | 'Deployment';
  readonly name: string;
  readonly desired: number;
  readonly ready: number;
  readonly available: number;
  readonly unavailable: number;
};

/** What `cilium status` computes from the API's objects. */
export type StatusFacts = {
  readonly workloads: readonly Workload[];
  /** Containers by workload: phase → count. */
  readonly phases: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly managed: number;
  readonly pods: number;
  /** `workload`, image, count. */
  readonly images: readonly (readonly [string, string, number])[];
  readonly chart: string | undefined;
  readonly version: string | undefined;
};

const WORKLOADS: readonly (readonly [kind: 'DaemonSet' | 'Deployment', name: string, label: string])[] = [
  ['DaemonSet', 'cilium', 'cilium'],
  ['DaemonSet', 'cilium-envoy', 'cilium-envoy'],
  ['Deployment', 'cilium-operator', ''],
  ['Deployment', 'hubble-relay', 'hubble-relay'],
  ['Deployment', 'hubble-ui', 'hubble-ui'],
];

function items(kube: KubeHandler, path: string): readonly KubeObject[] {
  const response = kube({ method: 'GET', path });
  return response.kind === 'json' && response.status === 200
    ? ((response.body as unknown as { readonly items?: readonly KubeObject[] }).items ?? [])
    : [];
}

/** Reads everything that the status shows. */
export function gather(kube: KubeHandler): StatusFacts {
  const sets = items(kube, '/apis/apps/v1/namespaces/kube-system/daemonsets');
  const deployments = items(kube, '/apis/apps/v1/namespaces/kube-system/deployments');
  const pods = items(kube, '/api/v1/pods');
  const endpoints = new Set(
    items(kube, '/apis/cilium.io/v2/ciliumendpoints').map(
      (item) => `${item.metadata.namespace}/${item.metadata.name}`,
    ),
  );
  const own = pods.filter((pod) => pod.metadata.namespace === 'kube-system');
  const workloads = WORKLOADS.flatMap(([kind, name]) => {
    const object = (kind === 'DaemonSet' ? sets : deployments).find((item) => item.metadata.name === name);
    return object ? [workloadOf(kind, object)] : [];
  });
  const phases = new Map<string, Map<string, number>>();
  const images = new Map<string, number>();
  for (const { name } of workloads) {
    const mine = own.filter((pod) => isOf(pod, name));
    const counts = new Map<string, number>();
    for (const pod of mine) {
      const phase = (pod['status'] as { readonly phase?: string } | undefined)?.phase ?? 'Unknown';
      counts.set(phase, (counts.get(phase) ?? 0) + 1);
      const spec = pod['spec'] as { readonly containers?: readonly { readonly image: string }[] };
      for (const container of spec.containers ?? []) {
        const key = `${name} ${container.image}`;
        images.set(key, (images.get(key) ?? 0) + 1);
      }
    }
    phases.set(name, counts);
  }
  const plain = pods.filter((pod) => isPlain(pod));
  const agent = sets.find((item) => item.metadata.name === 'cilium');
  const image = [...images.keys()].find((key) => key.startsWith('cilium '));
  const version = image === undefined ? undefined : /:v?([\d.]+)/.exec(image)?.[1];
  return {
    workloads,
    phases,
    managed: plain.filter((pod) => endpoints.has(`${pod.metadata.namespace}/${pod.metadata.name}`)).length,
    pods: plain.length,
    images: [...images].map(
      ([key, count]) => [key.slice(0, key.indexOf(' ')), key.slice(key.indexOf(' ') + 1), count] as const,
    ),
    chart: agent?.metadata.labels?.['helm.sh/chart']?.replace('cilium-', '') ?? version,
    version,
  };
}

function workloadOf(kind: 'DaemonSet' | 'Deployment', object: KubeObject): Workload {
  const status = (object['status'] ?? {}) as Readonly<Record<string, number | undefined>>;
  const spec = object['spec'] as { readonly replicas?: number };
  const desired = kind === 'DaemonSet' ? (status['desiredNumberScheduled'] ?? 0) : (spec.replicas ?? 1);
  const ready = (kind === 'DaemonSet' ? status['numberReady'] : status['readyReplicas']) ?? 0;
  const available = (kind === 'DaemonSet' ? status['numberAvailable'] : status['availableReplicas']) ?? 0;
  return {
    kind,
    name: object.metadata.name,
    desired,
    ready,
    available,
    unavailable: Math.max(0, desired - available),
  };
}

function isOf(pod: KubeObject, workload: string): boolean {
  const labels = pod.metadata.labels ?? {};
  if (workload === 'cilium-operator')
    return (
      labels['io.cilium/app'] === 'operator' ||
      labels['name'] === 'cilium-operator' ||
      pod.metadata.name.startsWith('cilium-operator-')
    );
  return labels['k8s-app'] === workload;
}

/** Pods with an address of their own, which an agent can manage. */
function isPlain(pod: KubeObject): boolean {
  const spec = pod['spec'] as { readonly hostNetwork?: boolean };
  const phase = (pod['status'] as { readonly phase?: string } | undefined)?.phase;
  return spec.hostNetwork !== true && phase !== 'Succeeded' && phase !== 'Failed';
}

/** True when the agent and operator are there and every workload has all of its pods. */
export function isSettled(facts: StatusFacts): boolean {
  const names = facts.workloads.map((item) => item.name);
  return (
    names.includes('cilium') &&
    names.includes('cilium-operator') &&
    facts.workloads.every((item) => item.desired === item.ready && item.desired === item.available)
  );
}

const COLORS = { yellow: '33', cyan: '36', green: '32', red: '31', magenta: '35', blue: '34' } as const;

/** The picture and the tables (cilium-cli's status, tabwriter 0/0/4). */
export function statusReport(facts: StatusFacts, options: { readonly withColor: boolean }): string {
  const paint = (color: keyof typeof COLORS, text: string): string =>
    options.withColor ? `\u001b[${COLORS[color]}m${text}\u001b[0m` : text;
  const state = (name: string): string => {
    const found = facts.workloads.find((item) => item.name === name);
    const required = name === 'cilium' || name === 'cilium-operator';
    if (!found)
      return required
        ? paint('red', '1 errors')
        : paint('cyan', name === 'cilium-envoy' ? 'disabled (using embedded mode)' : 'disabled');
    const missing = found.desired - found.ready;
    return missing > 0 ? paint('red', `${missing} errors`) : paint('green', 'OK');
  };
  const logo = [
    `    ${paint('yellow', '/¯¯\\')}`,
    ` ${paint('cyan', '/¯¯')}${paint('yellow', '\\__/')}${paint('green', '¯¯\\')}    Cilium:             ${state('cilium')}`,
    ` ${paint('cyan', '\\__')}${paint('red', '/¯¯\\')}${paint('green', '__/')}    Operator:           ${state('cilium-operator')}`,
    ` ${paint('green', '/¯¯')}${paint('red', '\\__/')}${paint('magenta', '¯¯\\')}    Envoy DaemonSet:    ${state('cilium-envoy')}`,
    ` ${paint('green', '\\__')}${paint('blue', '/¯¯\\')}${paint('magenta', '__/')}    Hubble Relay:       ${state('hubble-relay')}`,
    `    ${paint('blue', '\\__/')}        ClusterMesh:        ${paint('cyan', 'disabled')}`,
    '',
  ];
  const rows: string[][] = facts.workloads.map((item) => {
    const unavailable =
      item.unavailable > 0 ? `, Unavailable: ${paint('red', `${item.unavailable}/${item.desired}`)}` : '';
    return [
      item.kind,
      item.name,
      `Desired: ${item.desired}, Ready: ${paint(item.ready === item.desired ? 'green' : 'yellow', `${item.ready}/${item.desired}`)}, Available: ${paint(item.available === item.desired ? 'green' : 'yellow', `${item.available}/${item.desired}`)}${unavailable}`,
    ];
  });
  rows.push(...containerRows(facts, paint));
  rows.push(['Cluster Pods:', `${facts.managed}/${facts.pods} managed by Cilium`]);
  if (facts.chart !== undefined) rows.push(['Helm chart version:', facts.chart]);
  for (const [i, [workload, image, count]] of facts.images.entries())
    rows.push([i === 0 ? 'Image versions' : '', workload, `${image}: ${count}`]);
  return `${logo.join('\n')}\n${aligned(rows)}`;
}

function containerRows(
  facts: StatusFacts,
  paint: (color: 'green' | 'yellow', text: string) => string,
): string[][] {
  return [...facts.phases].map(([name, counts], i) => {
    const text = [...counts]
      .map(([phase, count]) => `${phase}: ${paint(phase === 'Running' ? 'green' : 'yellow', String(count))}`)
      .join(', ');
    return [i === 0 ? 'Containers:' : '', name, text];
  });
}

/** Columns with four spaces between; a row's last cell does not widen its column. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.slice(0, -1).entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length + 4);
  return rows
    .map(
      (row) =>
        `${row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('')}\n`,
    )
    .join('');
}
