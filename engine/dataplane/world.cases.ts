import { createSimulation, type Simulation } from '../base/simulation.ts';
import type { Sys } from '../base/process.ts';
import type { KubeObject } from '../objects/api.ts';
import { DEFAULT_POLICY_CONFIG } from '../policy/model.ts';
import { importPolicy } from '../policy/import.ts';
import { PolicyRepository } from '../policy/repository.ts';
import { Scheduler } from '../session/scheduler.ts';
import { Store } from '../store/store.ts';
import { DataPlane } from './dataplane.ts';
import type { AgentsView, WorldView } from './view.ts';

/** A small cluster for tests: a client, two web pods on two nodes, CoreDNS, a Service; FQDN cache in a map. */
export type TestWorld = {
  readonly sim: Simulation;
  readonly store: Store;
  readonly dataplane: DataPlane;
  readonly repository: PolicyRepository;
  readonly world: WorldView;
  readonly apply: (policy: unknown) => void;
  readonly run: <T>(main: (sys: Sys) => Promise<T>) => Promise<T>;
  readonly flows: () => string[];
};

const WORLD: WorldView = {
  hasCluster: true,
  nodes: [
    { name: 'cp', address: '172.18.0.3' },
    { name: 'worker', address: '172.18.0.2' },
  ],
  workstation: { address: '192.0.2.10', hostname: 'workstation' },
  outside: [
    { name: 'vpn', addresses: ['172.27.224.3'], names: ['vpn'], servers: [] },
    {
      name: 'example',
      addresses: ['93.184.216.34'],
      names: ['example.com'],
      servers: [
        { port: 80, protocol: 'TCP', image: 'website' },
        { port: 443, protocol: 'TCP', image: 'website' },
      ],
    },
    {
      name: 'resolver',
      addresses: ['198.51.100.53'],
      names: ['resolver.example'],
      servers: [{ port: 53, protocol: 'UDP', image: 'dns-resolver' }],
    },
  ],
  internet: { 'https://example.com/a.yaml': 'kind: A\n' },
};

function pod(
  namespace: string,
  name: string,
  spec: {
    readonly image: string;
    readonly node: string;
    readonly ip: string;
    readonly labels: Record<string, string>;
    readonly command?: readonly string[];
  },
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, uid: `uid-${name}`, labels: spec.labels },
    spec: {
      nodeName: spec.node,
      containers: [{ name: 'main', image: spec.image, ...(spec.command ? { command: spec.command } : {}) }],
    },
    status: {
      phase: 'Running',
      podIP: spec.ip,
      containerStatuses: [{ name: 'main', restartCount: 0, state: { running: {} } }],
    },
  };
}

function service(
  store: Store,
  what: {
    readonly namespace: string;
    readonly name: string;
    readonly ip: string;
    readonly port: number;
    readonly target: number;
    readonly protocol?: string;
    readonly addresses: readonly string[];
    readonly nodePort?: number;
  },
): void {
  const protocol = what.protocol ?? 'TCP';
  store.put('services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: what.namespace, name: what.name },
    spec: {
      clusterIP: what.ip,
      ports: [
        {
          port: what.port,
          targetPort: what.target,
          protocol,
          ...(what.nodePort ? { nodePort: what.nodePort } : {}),
        },
      ],
    },
  });
  store.put('endpointslices.discovery.k8s.io', {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: what.namespace,
      name: `${what.name}-x`,
      labels: { 'kubernetes.io/service-name': what.name },
    },
    ports: [{ name: '', port: what.target, protocol }],
    endpoints: what.addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  });
}

/** Builds the test cluster. */
export function testWorld(): TestWorld {
  const sim = createSimulation(7, Date.UTC(2026, 0, 15, 9, 30));
  const store = new Store(sim.clock);
  const repository = new PolicyRepository({ ...DEFAULT_POLICY_CONFIG, ipv6: false });
  for (const node of WORLD.nodes)
    store.put('nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: node.name },
      status: { addresses: [{ type: 'InternalIP', address: node.address }] },
    });
  for (const name of ['default', 'kube-system'])
    store.put('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const pods = [
    pod('default', 'client', {
      image: 'curlimages/curl:8.7.1',
      node: 'worker',
      ip: '10.244.1.10',
      labels: { app: 'client' },
      command: ['sleep', '3600'],
    }),
    pod('default', 'web-a', {
      image: 'nginx:alpine',
      node: 'worker',
      ip: '10.244.1.20',
      labels: { app: 'web' },
    }),
    pod('default', 'web-b', { image: 'nginx:alpine', node: 'cp', ip: '10.244.0.21', labels: { app: 'web' } }),
    pod('kube-system', 'coredns-1', {
      image: 'registry.k8s.io/coredns/coredns:v1.11.3',
      node: 'cp',
      ip: '10.244.0.53',
      labels: { 'k8s-app': 'kube-dns' },
    }),
  ];
  repository.setNodes(
    WORLD.nodes.map((node) => ({ name: node.name, addresses: [node.address], labels: {} })),
  );
  repository.setNamespaces([
    { name: 'default', labels: {} },
    { name: 'kube-system', labels: {} },
  ]);
  const ids = new Map<string, { readonly id: number; readonly node: string; readonly identity: number }>();
  for (const [i, object] of pods.entries()) {
    store.put('pods', object);
    const { namespace = '', name, labels = {} } = object.metadata;
    const status = object['status'] as { readonly podIP: string };
    const spec = object['spec'] as { readonly nodeName: string };
    repository.upsertEndpoint({
      key: `${namespace}/${name}`,
      namespace,
      name,
      labels,
      serviceAccount: 'default',
      node: spec.nodeName,
      addresses: [status.podIP],
      namedPorts: [],
    });
    ids.set(`${namespace}/${name}`, { id: 100 + i, node: spec.nodeName, identity: 1000 + i });
  }
  service(store, {
    namespace: 'default',
    name: 'web',
    ip: '10.96.0.80',
    port: 8080,
    target: 80,
    addresses: ['10.244.1.20', '10.244.0.21'],
    nodePort: 30_080,
  });
  service(store, {
    namespace: 'default',
    name: 'none',
    ip: '10.96.0.81',
    port: 80,
    target: 80,
    addresses: [],
  });
  service(store, {
    namespace: 'kube-system',
    name: 'kube-dns',
    ip: '10.96.0.10',
    port: 53,
    target: 53,
    protocol: 'UDP',
    addresses: ['10.244.0.53'],
  });
  const names = new Map<string, string[]>();
  const agents: AgentsView = {
    repository,
    identityOf: (peer) =>
      peer.pod === undefined
        ? { id: 2, labels: ['reserved:world'] }
        : { id: ids.get(peer.pod)?.identity ?? 3, labels: [`k8s:pod=${peer.pod}`] },
    endpointOf: (key) => ids.get(key),
    learnDns: (lesson) => {
      for (const address of lesson.addresses) names.set(address, [lesson.name.replace(/\.$/, '')]);
      repository.setDns(
        new Map([...names].flatMap(([address, list]) => list.map((name) => [name, [address]] as const))),
      );
    },
    namesOf: (_pod, address) => names.get(address) ?? [],
  };
  const dataplane = new DataPlane({ sim, store, agents, world: WORLD });
  const scheduler = new Scheduler(sim.clock, { firstPid: 100, afterStep: () => {} });
  const run = async <T>(main: (sys: Sys) => Promise<T>): Promise<T> => {
    const box: { value?: T } = {};
    const handle = scheduler.start({ command: ['test'], machine: 'test' }, async (sys) => {
      box.value = await main(sys);
      return 0;
    });
    for (let i = 0; i < 100_000 && handle.exitCode() === undefined; i++) {
      if (!(await scheduler.runNext())) scheduler.fireTimer(Number.POSITIVE_INFINITY);
    }
    return box.value as T;
  };
  const apply = (policy: unknown): void => {
    const result = importPolicy(policy, { config: repository.config, defaultNamespace: 'default' });
    if (!result.valid) throw new Error(JSON.stringify(result));
    repository.upsertPolicy(
      `${result.policy.kind}/${result.policy.namespace}/${result.policy.name}`,
      result.policy,
    );
  };
  const flows = (): string[] =>
    [...dataplane.flows.rings]
      .flatMap(([node, ring]) => ring.after(0).map(({ flow }) => ({ node, flow })))
      .sort((a, b) => ((a.flow.time ?? '') < (b.flow.time ?? '') ? -1 : 1))
      .map(({ node, flow }) => {
        const type = flow.l7
          ? `l7-${flow.l7.type}`
          : `${flow.event_type?.type}:${flow.event_type?.sub_type ?? 0}`;
        return `${node} ${type} ${flow.verdict} ${flow.is_reply === undefined ? '<>' : flow.is_reply ? '<-' : '->'} ${flow.traffic_direction ?? '-'} ${flow.Summary}`;
      });
  return { sim, store, dataplane, repository, world: WORLD, apply, run, flows };
}
