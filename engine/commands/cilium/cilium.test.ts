import { describe, expect, it } from 'vitest';
import type { Json } from '../../base/json.ts';
import { gather, isSettled, statusReport } from './status.ts';

describe('cilium status', () => {
  const object = (kind: string, name: string, more: Record<string, unknown>): Json =>
    ({ kind, metadata: { name, namespace: 'kube-system', labels: { 'k8s-app': name } }, ...more }) as Json;
  const lists: Record<string, Json[]> = {
    '/apis/apps/v1/namespaces/kube-system/daemonsets': [
      object('DaemonSet', 'cilium', {
        status: { desiredNumberScheduled: 2, numberReady: 2, numberAvailable: 2 },
      }),
    ],
    '/apis/apps/v1/namespaces/kube-system/deployments': [
      object('Deployment', 'cilium-operator', {
        spec: { replicas: 1 },
        status: { readyReplicas: 1, availableReplicas: 1 },
      }),
    ],
    '/api/v1/pods': [
      object('Pod', 'cilium-x', {
        metadata: { name: 'cilium-x', namespace: 'kube-system', labels: { 'k8s-app': 'cilium' } },
        spec: { hostNetwork: true, containers: [{ image: 'quay.io/cilium/cilium:v1.20.2' }] },
        status: { phase: 'Running' },
      }),
    ],
  };

  it('is computed from the objects', () => {
    const facts = gather(({ path }) => ({ kind: 'json', status: 200, body: { items: lists[path] ?? [] } }));
    expect(isSettled(facts)).toBe(true);
    const text = statusReport(facts, { withColor: false });
    expect(text).toMatch(/^ \/¯¯\\__\/¯¯\\ {4}Cilium: +OK$/m);
    expect(text).toMatch(/Hubble Relay: +disabled/);
    expect(text).toMatch(/^DaemonSet +cilium +Desired: 2, Ready: 2\/2, Available: 2\/2$/m);
    expect(text).toMatch(/ cilium +quay\.io\/cilium\/cilium:v1\.20\.2: 1$/m);
  });
});
