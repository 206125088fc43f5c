import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../base/json.ts';
import { endpointList, identityTable } from './cilium-dbg.ts';
import type { EndpointModel } from './models.ts';
import { gather, isSettled, statusReport } from './status.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../hubble/testdata/${name}`, import.meta.url), 'utf8');

const CLIENT = [
  'k8s:app=client',
  'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=default',
  'k8s:io.cilium.k8s.policy.cluster=default',
  'k8s:io.cilium.k8s.policy.serviceaccount=default',
  'k8s:io.kubernetes.pod.namespace=default',
];

function endpoint(
  id: number,
  identity: number,
  what: { labels: readonly string[]; ipv4?: string; ipv6?: string; enabled?: string },
): EndpointModel {
  const addressing =
    what.ipv4 === undefined
      ? []
      : [{ ipv4: what.ipv4, ...(what.ipv6 === undefined ? {} : { ipv6: what.ipv6 }) }];
  return {
    id,
    status: {
      state: 'ready',
      identity: { id: identity, labels: what.labels },
      networking: { addressing },
      policy: { realized: { 'policy-enabled': what.enabled ?? 'none' } },
    },
  };
}

describe('cilium-dbg, against the real layout', () => {
  it('endpoint list', () => {
    const list = [
      endpoint(1001, 12345, {
        labels: CLIENT,
        ipv4: '10.244.1.10',
        ipv6: 'fd00:10:244:1::10',
        enabled: 'egress',
      }),
      endpoint(1002, 23456, {
        labels: ['k8s:app=backend', 'k8s:io.kubernetes.pod.namespace=default'],
        ipv4: '10.244.1.20',
        ipv6: 'fd00:10:244:1::20',
        enabled: 'ingress',
      }),
      endpoint(3000, 1, { labels: ['k8s:node-role.kubernetes.io/worker', 'reserved:host'] }),
      endpoint(3001, 4, { labels: ['reserved:health'], ipv4: '10.244.1.99' }),
    ];
    // The recorded endpoint 1002 audits its egress, which an agent here never does.
    const wanted = read('goldens/cilium-dbg-endpoint-list.txt').replace(
      'Disabled (Audit)',
      'Disabled        ',
    );
    const squeeze = (text: string): string => text.replace(/ {3,}/g, '   ');
    expect(squeeze(endpointList(list))).toBe(squeeze(wanted));
  });

  it('identity list', () => {
    const reserved = ['host', 'world', 'unmanaged', 'health', 'init', 'remote-node'].map((name, i) => ({
      id: i + 1,
      labels: [`reserved:${name}`],
    }));
    const list = [
      ...reserved,
      { id: 7, labels: ['reserved:kube-apiserver', 'reserved:remote-node'] },
      { id: 8, labels: ['reserved:ingress'] },
      { id: 12345, labels: ['k8s:app=client', 'k8s:io.kubernetes.pod.namespace=default'] },
      { id: 16777217, labels: ['fqdn:example.com', 'reserved:world'] },
    ];
    expect(identityTable(list)).toBe(read('goldens/cilium-dbg-identity-list.txt'));
  });
});

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
