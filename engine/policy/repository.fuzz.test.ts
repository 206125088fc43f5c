import { describe, expect, test } from 'vitest';
import { importPolicy } from './import.ts';
import {
  type CidrGroupFacts,
  DEFAULT_POLICY_CONFIG,
  type EndpointFacts,
  type FlowSpec,
  type NamespaceFacts,
  type ParsedPolicy,
  type Peer,
  type PolicyConfig,
  type ServiceFacts,
} from './model.ts';
import { PolicyRepository } from './repository.ts';

/** xorshift: the same numbers on every machine. */
function dice(seed: number) {
  let state = seed * 2654435761 || 1;
  const roll = (sides: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % sides;
  };
  return { roll, pick: <T>(items: readonly T[]): T => items[roll(items.length)] as T };
}

type World = {
  endpoints: Map<string, EndpointFacts>;
  policies: Map<string, ParsedPolicy>;
  namespaces: NamespaceFacts[];
  groups: CidrGroupFacts[];
  dns: Map<string, string[]>;
  services: ServiceFacts[];
  apiServers: string[];
};

const NODES = [
  { name: 'n1', addresses: ['172.18.0.2'], labels: { role: 'a' } },
  { name: 'n2', addresses: ['172.18.0.3'], labels: { role: 'b' } },
];

function fill(repository: PolicyRepository, world: World): PolicyRepository {
  repository.setNodes(NODES);
  repository.setNamespaces(world.namespaces);
  repository.setCidrGroups(world.groups);
  repository.setDns(world.dns);
  repository.setServices(world.services);
  repository.setApiServers(world.apiServers);
  for (const facts of world.endpoints.values()) repository.upsertEndpoint(facts);
  for (const [key, policy] of world.policies) repository.upsertPolicy(key, policy);
  return repository;
}

type Dice = ReturnType<typeof dice>;

function randomPod({ roll, pick }: Dice, slot: number): EndpointFacts {
  const namespace = pick(['red', 'blue']);
  return {
    key: `${namespace}/p${slot}`,
    namespace,
    name: `p${slot}`,
    labels: { app: pick(['web', 'api', 'db']), ...(roll(2) && { tier: pick(['front', 'back']) }) },
    serviceAccount: 'default',
    node: pick(['n1', 'n2']),
    addresses: [`10.0.${namespace === 'red' ? 0 : 1}.${slot + 1}`],
    namedPorts: [{ name: 'http', port: pick([80, 8080]), protocol: 'TCP' }],
    isInit: roll(12) === 0,
  };
}

/** Once in a while a ClusterNetworkPolicy: its tiers weigh before and after all others. */
function randomTier({ roll, pick }: Dice, slot: number, config: PolicyConfig): ParsedPolicy {
  const isIngress = roll(2) === 0;
  const peer = pick<object>([
    { namespaces: {} },
    { namespaces: { matchLabels: { env: 'prod' } } },
    { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: pick(['web', 'api', 'db']) } } } },
  ]);
  const object = {
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name: `policy-${slot}` },
    spec: {
      tier: pick(['Admin', 'Baseline']),
      priority: roll(20),
      subject: pick<object>([
        { namespaces: {} },
        { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: 'db' } } } },
      ]),
      [isIngress ? 'ingress' : 'egress']: [
        { action: pick(['Accept', 'Deny', 'Pass']), [isIngress ? 'from' : 'to']: [peer] },
        { action: pick(['Accept', 'Deny', 'Pass']), [isIngress ? 'from' : 'to']: [{ namespaces: {} }] },
      ],
    },
  };
  const result = importPolicy(object, { config, defaultNamespace: 'default' });
  if (!result.valid) throw new Error(`${result.error}: ${JSON.stringify(object)}`);
  return result.policy;
}

function randomPolicy({ roll, pick }: Dice, slot: number, config: PolicyConfig): ParsedPolicy {
  const selector = () =>
    pick<object>([
      {},
      { matchLabels: { app: pick(['web', 'api', 'db']) } },
      { matchLabels: { tier: 'front' } },
      { matchExpressions: [{ key: 'app', operator: pick(['In', 'NotIn']), values: ['web', 'db'] }] },
      { matchExpressions: [{ key: 'tier', operator: pick(['Exists', 'DoesNotExist']) }] },
      { matchLabels: { 'io.cilium.k8s.namespace.labels.env': 'prod' } },
    ]);
  const ports = () =>
    roll(3) === 0
      ? {}
      : {
          toPorts: [
            {
              ports: [
                {
                  ...pick<object>([
                    { port: pick(['80', '8080', 'http', 'http', '0']) },
                    { port: '79', endPort: pick([80, 8090]) },
                  ]),
                  ...(roll(2) && { protocol: pick(['TCP', 'TCP', 'UDP']) }),
                },
              ],
            },
          ],
        };
  const l7 = () => ({
    toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], rules: { http: [{ path: pick(['/a', '/b']) }] } }],
  });
  const isIngress = roll(2) === 0;
  const way = (rest: string) => `${isIngress ? 'from' : 'to'}${rest}`;
  const peer = () =>
    pick<() => object>([
      () => ({ [way('Endpoints')]: [selector()] }),
      () => ({ [way('Endpoints')]: [{ matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'red' } }] }),
      () => ({
        [way('Entities')]: [pick(['world', 'cluster', 'host', 'remote-node', 'all', 'kube-apiserver'])],
      }),
      () => ({ [way('CIDR')]: [pick(['203.0.113.0/24', '0.0.0.0/0'])] }),
      () => ({ [way('CIDRSet')]: [{ cidrGroupRef: 'office', except: ['203.0.113.7/32'] }] }),
      () => ({ [way('CIDRSet')]: [{ cidrGroupSelector: { matchLabels: { site: 'a' } } }] }),
      () => ({ [way('Endpoints')]: [selector(), selector()] }),
      () => ({}),
      () => (isIngress ? {} : { toFQDNs: [{ matchPattern: '*.example.com' }] }),
      () => (isIngress ? {} : { toServices: [{ k8sService: { serviceName: 'svc' } }] }),
    ])();
  const isDeny = roll(4) === 0;
  const rule = peer();
  const plain = 'toFQDNs' in rule || 'toServices' in rule;
  const list = `${isIngress ? 'ingress' : 'egress'}${isDeny && !plain ? 'Deny' : ''}`;
  const isNode = roll(8) === 0;
  const isClusterwide = isNode || roll(3) === 0;
  const object = {
    apiVersion: 'cilium.io/v2',
    kind: isClusterwide ? 'CiliumClusterwideNetworkPolicy' : 'CiliumNetworkPolicy',
    metadata: { name: `policy-${slot}`, ...(!isClusterwide && { namespace: pick(['red', 'blue']) }) },
    spec: {
      [isNode ? 'nodeSelector' : 'endpointSelector']: isNode ? {} : selector(),
      ...(roll(6) === 0 && { enableDefaultDeny: { [isIngress ? 'ingress' : 'egress']: roll(2) === 0 } }),
      [list]: [{ ...rule, ...(list.endsWith('Deny') || isNode || roll(3) > 0 ? ports() : l7()) }],
    },
  };
  const result = importPolicy(object, { config, defaultNamespace: 'default' });
  if (!result.valid) throw new Error(`${result.error}: ${JSON.stringify(object)}`);
  return result.policy;
}

function flowsOf(world: World): FlowSpec[] {
  const peers: Peer[] = [
    ...[...world.endpoints.keys()].map((endpoint) => ({ endpoint })),
    { node: 'n1' },
    { entity: 'host' },
    ...['203.0.113.7', '203.0.113.9', '198.51.100.1', '172.18.0.3', '2001:db8::1'].map((address) => ({
      address,
    })),
  ];
  return peers.flatMap((from) =>
    peers.flatMap((to) =>
      [80, 8080].map(
        (port): FlowSpec => ({ from, to, port, protocol: 'TCP', http: { method: 'GET', path: '/a' } }),
      ),
    ),
  );
}

function step(d: Dice, world: World, repository: PolicyRepository, config: PolicyConfig): string {
  const slot = d.roll(6);
  const change = d.roll(10);
  if (change <= 2) {
    for (const namespace of ['red', 'blue']) {
      world.endpoints.delete(`${namespace}/p${slot}`);
      repository.removeEndpoint(`${namespace}/p${slot}`);
    }
    if (change === 0) return `remove pod ${slot}`;
    const pod = randomPod(d, slot);
    world.endpoints.set(pod.key, pod);
    repository.upsertEndpoint(pod);
    return `pod ${JSON.stringify(pod)}`;
  }
  if (change <= 6) {
    const key = `policy-${slot}`;
    world.policies.delete(key);
    if (change === 3) {
      repository.removePolicy(key);
      return `remove policy ${slot}`;
    }
    const policy = d.roll(7) === 0 ? randomTier(d, slot, config) : randomPolicy(d, slot, config);
    world.policies.set(key, policy);
    repository.upsertPolicy(key, policy);
    return `policy ${JSON.stringify(policy)}`;
  }
  if (change === 7) {
    world.namespaces = [{ name: 'red', labels: { env: d.pick(['prod', 'dev']) } }];
    repository.setNamespaces(world.namespaces);
    return 'namespaces';
  }
  if (change === 8) {
    world.groups = d.roll(2)
      ? [{ name: 'office', labels: { site: d.pick(['a', 'b']) }, cidrs: ['203.0.113.0/28'] }]
      : [];
    repository.setCidrGroups(world.groups);
    world.apiServers = d.roll(2) ? ['172.18.0.2', '203.0.113.9'] : [];
    repository.setApiServers(world.apiServers);
    return 'groups';
  }
  world.dns = new Map([['www.example.com', d.roll(2) ? ['198.51.100.1'] : []]]);
  repository.setDns(world.dns);
  world.services = [
    {
      namespace: 'red',
      name: 'svc',
      labels: {},
      selector: d.roll(2) ? { app: 'db' } : {},
      endpoints: ['203.0.113.9'],
    },
  ];
  repository.setServices(world.services);
  return 'dns and services';
}

/** Random worlds and edits: a few in every run of the tests; for long, one world for each hundred of RUNS. */
const WORLDS = process.env['RUNS'] === undefined ? 24 : Math.ceil(Number(process.env['RUNS']) / 100);
/** Worlds tried in one test. */
const BATCH = 24;
const BATCHES = Array.from({ length: Math.ceil(WORLDS / BATCH) }, (_, i) => i * BATCH);

describe('[P30] a changed repository judges like one made from nothing', () => {
  for (const first of BATCHES) {
    const last = Math.min(first + BATCH, WORLDS);
    test(`seeds ${first + 1} to ${last}`, () => {
      for (let seed = first + 1; seed <= last; seed++) tryWorld(seed);
    });
  }
});

/** Thirty edits of a random world, compared with a repository made from nothing. */
function tryWorld(seed: number): void {
  const d = dice(seed);
  const config: PolicyConfig = {
    ...DEFAULT_POLICY_CONFIG,
    enforcement: d.pick(['default', 'default', 'always']),
    hostFirewall: d.roll(2) === 0,
    cidrMatchMode: d.roll(3) === 0 ? ['nodes'] : [],
  };
  const world: World = {
    endpoints: new Map(),
    policies: new Map(),
    namespaces: [],
    groups: [],
    dns: new Map(),
    services: [],
    apiServers: [],
  };
  let repository = fill(new PolicyRepository(config), world);
  const log: string[] = [];
  for (let i = 0; i < 30; i++) {
    log.push(`seed ${seed}: ${step(d, world, repository, config)}`);
    if (d.roll(3) === 0) repository.compileAll();
    if (d.roll(6) === 0) {
      // A fork goes its own way; what is left behind must not notice.
      const kept = repository;
      const verdicts = flowsOf(world).map((flow) => kept.judge(flow));
      const copy: World = {
        ...world,
        endpoints: new Map(world.endpoints),
        policies: new Map(world.policies),
      };
      repository = kept.fork();
      for (let j = 0; j < 4; j++) log.push(`fork: ${step(d, world, repository, config)}`);
      for (const flow of flowsOf(world)) repository.judge(flow);
      expect(
        flowsOf(copy).map((flow) => kept.judge(flow)),
        log.join('\n'),
      ).toEqual(verdicts);
    }
    if (i % 5 !== 4) continue;
    const scratch = fill(new PolicyRepository(config), world);
    for (const flow of flowsOf(world)) {
      expect({ flow, verdict: repository.judge(flow) }, log.join('\n')).toEqual({
        flow,
        verdict: scratch.judge(flow),
      });
    }
  }
}
