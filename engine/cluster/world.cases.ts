import type { Json, JsonObject } from '../base/json.ts';
import type { KubeObject, KubeResponse } from '../objects/api.ts';
import type { Simulation } from '../base/simulation.ts';
import type { WorldSpec } from './world.ts';
import { createSimulation } from '../base/simulation.ts';
import { createCluster } from './cluster.ts';
import type { Cluster } from './cluster.ts';

/** The world of these tests: a running two-node cluster with Cilium. */
export const WORLD: WorldSpec = {
  name: 'test',
  hasCluster: true,
  hasCilium: true,
  nodes: [
    { name: 'kind-control-plane', address: '172.18.0.3', isControlPlane: true, podCidr: '10.244.0.0/24' },
    { name: 'kind-worker', address: '172.18.0.2', isControlPlane: false, podCidr: '10.244.1.0/24' },
  ],
  workstation: { address: '192.0.2.10', user: 'learner', hostname: 'workstation' },
  outside: [{ name: 'vpn', addresses: ['172.27.224.3'], names: ['vpn'], servers: [], hasSsh: true }],
  internet: {},
  objects: [],
  uptimeSeconds: 7380,
};

/** A cluster with hands: requests, time, look-ups. */
export type Bench = {
  readonly sim: Simulation;
  readonly cluster: Cluster;
  request(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: Json,
    headers?: Record<string, string>,
  ): KubeResponse;
  /** Lets time pass, settling after each timer. */
  pass(seconds: number): void;
  list(resource: string, namespace?: string): KubeObject[];
};

/** Builds the cluster of a test. */
export function bench(change: Partial<WorldSpec> = {}, seed = 7): Bench {
  const sim = createSimulation(seed, Date.UTC(2026, 10, 21, 9));
  const refuse = (): never => {
    throw new Error('no programs here');
  };
  const cluster = createCluster(sim, { ...WORLD, ...change }, { startContainer: refuse });
  return {
    sim,
    cluster,
    request: (method, path, body, headers) => {
      const response = cluster.handle({
        method,
        path,
        ...(body === undefined ? {} : { body }),
        ...(headers === undefined ? {} : { headers }),
      });
      cluster.settle();
      return response;
    },
    pass: (seconds) => {
      const untilMs = sim.clock.nowMs + seconds * 1000;
      while (sim.clock.fireNext(untilMs)) cluster.settle();
      sim.clock.advanceTo(untilMs);
      cluster.settle();
    },
    list: (resource, namespace) => cluster.store.list(resource, namespace),
  };
}

/** A Deployment of nginx. */
export function deployment(
  name: string,
  options: { readonly replicas?: number; readonly image?: string; readonly more?: JsonObject } = {},
): JsonObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas: options.replicas ?? 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'main',
              image: options.image ?? 'nginx:1.27',
              ports: [{ containerPort: 80, name: 'http' }],
              ...options.more,
            },
          ],
        },
      },
    },
  };
}

/** A Service of `app=NAME`. */
export function service(name: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 'http' }] },
  };
}

/** The collection of a resource in a namespace. */
export const PATHS = {
  deployments: '/apis/apps/v1/namespaces/default/deployments',
  pods: '/api/v1/namespaces/default/pods',
  services: '/api/v1/namespaces/default/services',
  namespaces: '/api/v1/namespaces',
  cnp: '/apis/cilium.io/v2/namespaces/default/ciliumnetworkpolicies',
  statefulsets: '/apis/apps/v1/namespaces/default/statefulsets',
  daemonsets: '/apis/apps/v1/namespaces/default/daemonsets',
  jobs: '/apis/batch/v1/namespaces/default/jobs',
} as const;
