import { describe, expect, it } from 'vitest';
import type { NodePlan } from './host.ts';
import { ClusterHost } from './host.ts';
import { ciliumObjects, DEFAULT_CILIUM } from './boot-cilium.ts';
import { conditionOf, isPodReady } from '../objects/views.ts';
import type { Node, Pod } from '../objects/views.ts';
import { createObject, deleteObject } from '../store/registry.ts';
import { createSimulation } from '../base/simulation.ts';
import type { Simulation } from '../base/simulation.ts';
import { canonicalJson } from '../base/json.ts';
import type { Json } from '../base/json.ts';
import { WORLD } from './world.cases.ts';

const EMPTY = { ...WORLD, name: 'workstation', hasCluster: false, hasCilium: false, nodes: [], objects: [] };

const NOW = '2026-01-15T09:00:00Z';

function workstation() {
  const sim = createSimulation(7, Date.UTC(2026, 0, 15, 9));
  return { sim, host: hostOf(sim) };
}

function hostOf(sim: Simulation): ClusterHost {
  return new ClusterHost(sim, EMPTY, () => {
    throw new Error('nothing runs in a container here');
  });
}

function pass(sim: Simulation, host: ClusterHost, seconds: number): void {
  host.settle();
  const untilMs = sim.clock.nowMs + seconds * 1000;
  while (sim.clock.fireNext(untilMs)) host.settle();
  sim.clock.advanceTo(untilMs);
  host.settle();
}

const node = (name: string, role: NodePlan['role'], port = 0): NodePlan => ({
  name,
  role,
  image: 'kindest/node:v1.32.4',
  labels: {},
  ports:
    role === 'control-plane'
      ? [{ address: '127.0.0.1', hostPort: port, containerPort: 6443, protocol: 'TCP' }]
      : [],
});

function make(host: ClusterHost, name: string, hasCni = false): void {
  const nodes = [node(`${name}-control-plane`, 'control-plane'), node(`${name}-worker`, 'worker')];
  const plan = { podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/16', kubeProxyMode: 'iptables' };
  expect(host.provision({ name, nodes, ...plan })).toBeUndefined();
  host.initControlPlane(name);
  if (hasCni) host.installCni(name);
  host.installStorage(name);
  host.join(name, 'worker');
}

function installCilium(host: ClusterHost, name: string, skip: string[] = []): void {
  const cluster = host.cluster(name);
  if (cluster === undefined) throw new Error('there is a cluster');
  const objects = ciliumObjects(DEFAULT_CILIUM, NOW);
  for (const [resource, object] of objects) {
    const path = resource.includes('.') ? `apis/${object.apiVersion}` : 'api/v1';
    const { namespace } = object.metadata;
    const plural = resource.split('.')[0];
    if (skip.includes(object.metadata.name) && object.kind === 'Deployment') continue;
    const response = cluster.handle({
      method: 'POST',
      path: `/${path}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${plural}`,
      body: object as unknown as Json,
    });
    expect(response.kind === 'json' && response.status).toBe(201);
  }
}

const nodesReady = (host: ClusterHost, name: string): string[] =>
  ((host.cluster(name)?.store.list('nodes') ?? []) as Node[]).map(
    (one) => conditionOf(one.status?.conditions, 'Ready')?.status ?? '',
  );
const podsOf = (host: ClusterHost, name: string): Pod[] =>
  (host.cluster(name)?.store.list('pods') ?? []) as Pod[];
const phase = (host: ClusterHost, name: string, prefix: string): (string | undefined)[] =>
  podsOf(host, name)
    .filter((pod) => pod.metadata.name.startsWith(prefix))
    .map((pod) => pod.status?.phase);

describe('the container host', () => {
  it('keeps nodes unready and their pods waiting until a network plugin runs', () => {
    const { sim, host } = workstation();
    make(host, 'kind');
    pass(sim, host, 120);
    expect(nodesReady(host, 'kind')).toEqual(['False', 'False']);
    expect(phase(host, 'kind', 'coredns')).toEqual(['Pending', 'Pending']);
    expect(phase(host, 'kind', 'kube-proxy')).toEqual(['Running', 'Running']);
    host.installCni('kind');
    pass(sim, host, 30);
    expect(nodesReady(host, 'kind')).toEqual(['True', 'True']);
    expect(podsOf(host, 'kind').every(isPodReady)).toBe(true);
  });

  it('keeps clusters apart', () => {
    const { sim, host } = workstation();
    make(host, 'a', true);
    make(host, 'b', true);
    pass(sim, host, 60);
    const addresses = host.names().flatMap((name) => host.nodes(name).map((one) => one.address));
    expect(new Set(addresses).size).toBe(4);
    expect(host.endpoint('a')).not.toBe(host.endpoint('b'));
    expect(host.clusterAt(`https://${host.endpoint('b')}`)).toBe(host.cluster('b'));
    expect(host.kubeAt('https://127.0.0.1:1')).toBeUndefined();
    const uids = ['a', 'b'].map((name) => podsOf(host, name).map((pod) => pod.metadata.uid));
    expect(uids[0]?.some((uid) => uids[1]?.includes(uid))).toBe(false);
    host.remove('a');
    expect(host.names()).toEqual(['b']);
    pass(sim, host, 600);
    expect(podsOf(host, 'b').every(isPodReady)).toBe(true);
    expect(sim.clock.pending().every((timer) => !timer.topic.startsWith('kind-1/'))).toBe(true);
  });

  it('tells of a published port that is taken', () => {
    const { host } = workstation();
    const plan = { podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/16', kubeProxyMode: 'iptables' };
    host.provision({ name: 'a', nodes: [node('a-control-plane', 'control-plane', 6443)], ...plan });
    const taken = host.provision({
      name: 'b',
      nodes: [node('b-control-plane', 'control-plane', 6443)],
      ...plan,
    });
    expect(taken).toMatchObject({ node: 'b-control-plane', port: { hostPort: 6443 } });
  });

  it('cuts those off who watch a cluster that goes', () => {
    const { host } = workstation();
    make(host, 'kind');
    const handle = host.kubeAt(`https://${host.endpoint('kind')}`);
    const answer = handle?.({ method: 'GET', path: '/api/v1/pods', query: { watch: 'true' } });
    if (answer?.kind !== 'watch') throw new Error('a watch');
    expect(answer.watch.take().length).toBeGreaterThan(3);
    host.remove('kind');
    expect([answer.watch.pending(), answer.watch.take(), answer.watch.ended()]).toEqual([false, [], true]);
    expect(handle?.({ method: 'GET', path: '/version' })).toMatchObject({ status: 503 });
  });
});

describe('Cilium in a kind cluster', () => {
  const served = (host: ClusterHost): number | undefined => {
    const answer = host
      .cluster('kind')
      ?.handle({ method: 'GET', path: '/apis/cilium.io/v2/ciliumnetworkpolicies' });
    return answer?.status;
  };

  it('makes the nodes ready; its resources come with the operator', () => {
    const { sim, host } = workstation();
    make(host, 'kind');
    expect(served(host)).toBe(404);
    installCilium(host, 'kind');
    pass(sim, host, 90);
    expect(served(host)).toBe(200);
    expect(nodesReady(host, 'kind')).toEqual(['True', 'True']);
    expect(podsOf(host, 'kind').every(isPodReady)).toBe(true);
    const plain = podsOf(host, 'kind').filter((pod) => pod.spec.hostNetwork !== true);
    expect(host.cluster('kind')?.store.list('ciliumendpoints.cilium.io')).toHaveLength(plain.length);
  });

  it('does not come up without its operator', () => {
    const { sim, host } = workstation();
    make(host, 'kind');
    installCilium(host, 'kind', ['cilium-operator']);
    pass(sim, host, 200);
    expect(served(host)).toBe(404);
    expect(nodesReady(host, 'kind')).toEqual(['False', 'False']);
  });

  it('leaves pods alone that kindnet started, but for the DNS pods, which the operator restarts', () => {
    const { sim, host } = workstation();
    make(host, 'kind', true);
    pass(sim, host, 60);
    installCilium(host, 'kind');
    pass(sim, host, 180);
    const names = host.cluster('kind')?.store.list('ciliumendpoints.cilium.io') ?? [];
    expect(names.map((one) => one.metadata.name.replace(/-.*/, ''))).toEqual(['coredns', 'coredns']);
    expect(phase(host, 'kind', 'local-path')).toEqual(['Running']);
  });

  it('leaves a node ready on which no new pod starts, when it is taken away', () => {
    const { sim, host } = workstation();
    make(host, 'kind');
    installCilium(host, 'kind');
    pass(sim, host, 90);
    const cluster = host.cluster('kind');
    if (cluster === undefined) throw new Error('there is a cluster');
    deleteObject(sim, cluster.store, 'daemonsets.apps', 'kube-system', 'cilium');
    pass(sim, host, 10);
    createObject(sim, cluster.store, 'pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'late', namespace: 'default' },
      spec: { containers: [{ name: 'web', image: 'nginx:alpine' }] },
    });
    pass(sim, host, 60);
    expect(nodesReady(host, 'kind')).toEqual(['True', 'True']);
    expect(phase(host, 'kind', 'late')).toEqual(['Pending']);
    const event = cluster.store
      .list('events', 'default')
      .find((one) => one['reason'] === 'FailedCreatePodSandBox');
    expect(event?.['message']).toContain('unable to connect to Cilium agent');
    restoreAgent(host);
    pass(sim, host, 120);
    expect(phase(host, 'kind', 'late')).toEqual(['Running']);
  });

  /** Puts the agent's DaemonSet back. */
  function restoreAgent(host: ClusterHost): void {
    const [found] = ciliumObjects(DEFAULT_CILIUM, NOW).filter(
      ([resource, object]) => resource === 'daemonsets.apps' && object.metadata.name === 'cilium',
    );
    host.cluster('kind')?.handle({
      method: 'POST',
      path: '/apis/apps/v1/namespaces/kube-system/daemonsets',
      body: found?.[1] as unknown as Json,
    });
  }
});

describe('keyframes', () => {
  it('hold all clusters', () => {
    const { sim, host } = workstation();
    make(host, 'a', true);
    pass(sim, host, 5);
    make(host, 'b');
    pass(sim, host, 1);
    const snapshot = JSON.parse(JSON.stringify(host.snapshot()));
    const timers = sim.clock.pending();
    const other = createSimulation(7, sim.clock.nowMs);
    const again = hostOf(other);
    again.restore(snapshot);
    other.random.restore(sim.random.state());
    for (const timer of timers) other.clock.after(timer.dueMs - other.clock.nowMs, timer.topic, timer.data);
    pass(sim, host, 60);
    pass(other, again, 60);
    expect(canonicalJson(again.projection())).toBe(canonicalJson(host.projection()));
    expect(podsOf(again, 'a').every(isPodReady)).toBe(true);
  });
});
