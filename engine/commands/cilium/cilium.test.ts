import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../base/json.ts';
import type { KubeHandler } from '../../objects/api.ts';
import type { Process } from '../../shell/program.ts';
import { Client } from '../kubectl/client.ts';
import { gather, isSettled, statusReport } from './status.ts';

describe('cilium status', () => {
  const object = (kind: string, name: string, more: Record<string, unknown>): Json =>
    ({ kind, metadata: { name, namespace: 'kube-system', labels: { 'k8s-app': name } }, ...more }) as Json;
  const lists: Record<string, Json[]> = {
    '/apis/apps/v1/namespaces/kube-system/daemonsets': [
      object('DaemonSet', 'cilium', {
        status: { desiredNumberScheduled: 2, numberReady: 2, numberAvailable: 2, updatedNumberScheduled: 2 },
      }),
    ],
    '/apis/apps/v1/namespaces/kube-system/deployments': [
      object('Deployment', 'cilium-operator', {
        spec: { replicas: 1 },
        status: { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 },
      }),
    ],
    '/api/v1/pods': [
      object('Pod', 'cilium-x', {
        metadata: { name: 'cilium-x', namespace: 'kube-system', labels: { 'k8s-app': 'cilium' } },
        spec: { hostNetwork: true, containers: [{ image: 'quay.io/cilium/cilium:v1.20.2' }] },
        status: { phase: 'Running', containerStatuses: [{ name: 'cilium-agent', state: { running: {} } }] },
      }),
    ],
  };

  it('is computed from the objects', () => {
    const handler: KubeHandler = ({ path }) =>
      path.endsWith('/daemonsets/cilium')
        ? {
            kind: 'json',
            status: 200,
            body: lists['/apis/apps/v1/namespaces/kube-system/daemonsets']?.[0] as JsonObject,
          }
        : path.endsWith('/deployments/cilium-operator')
          ? {
              kind: 'json',
              status: 200,
              body: lists['/apis/apps/v1/namespaces/kube-system/deployments']?.[0] as JsonObject,
            }
          : path.endsWith('/pods')
            ? { kind: 'json', status: 200, body: { items: lists['/api/v1/pods'] ?? [] } }
            : { kind: 'json', status: 404, body: { reason: 'NotFound' } };
    const client = new Client(handler, 'https://127.0.0.1:6443', {}, () => {});
    const lenient = new Client(
      (request) =>
        /secrets$/.test(request.path) ? { kind: 'json', status: 200, body: { items: [] } } : handler(request),
      client.server,
      {},
      () => {},
    );
    const facts = gather({ process: {} as Process, client: lenient, namespace: 'kube-system' }, 'cilium');
    expect(isSettled(facts)).toBe(true);
    const text = statusReport(facts, { withColor: false });
    expect(text).toMatch(/^ \/¯¯\\__\/¯¯\\ {4}Cilium: +OK$/m);
    expect(text).toMatch(/^ {4}\\__\/ {7}ClusterMesh: +disabled$/m);
    expect(text).toMatch(/Hubble Relay: +disabled/);
    expect(text).toMatch(/^DaemonSet +cilium +Desired: 2, Ready: 2\/2, Available: 2\/2$/m);
    expect(text).toMatch(/ cilium +quay\.io\/cilium\/cilium:v1\.20\.2: 1$/m);
  });
});
