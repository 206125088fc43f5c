import { describe, expect, it } from 'vitest';
import type { Json } from '../base/json.ts';
import type { Node, Pod } from '../objects/views.ts';
import { conditionOf, isPodReady } from '../objects/views.ts';
import { createObject } from '../store/registry.ts';
import { ciliumObjects, DEFAULT_CILIUM } from './boot-cilium.ts';
import { bench, deployment, PATHS, WORLD } from './world.cases.ts';

const POLICY = (spec: Json): Json => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { name: 'p' },
  spec,
});

describe('Cilium agents', () => {
  it('gives pods with equal labels one identity and each an endpoint', () => {
    const at = bench();
    at.request('POST', PATHS.deployments, deployment('web'));
    at.pass(20);
    const endpoints = at.list('ciliumendpoints.cilium.io', 'default');
    const statuses = endpoints.map(
      (one) =>
        one['status'] as { readonly identity: { readonly id: number; readonly labels: readonly string[] } },
    );
    const [first, second] = statuses.map((one) => one.identity);
    expect(endpoints).toHaveLength(2);
    expect(first?.id).toBe(second?.id);
    expect(first?.labels).toEqual([
      'k8s:app=web',
      'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=default',
      'k8s:io.cilium.k8s.policy.cluster=kind-kind',
      'k8s:io.cilium.k8s.policy.serviceaccount=default',
      'k8s:io.kubernetes.pod.namespace=default',
    ]);
    expect(
      at.cluster.store.get('ciliumidentities.cilium.io', undefined, String(first?.id))?.['security-labels'],
    ).toMatchObject({ 'k8s:app': 'web' });
  });

  it('follows a new label at once', () => {
    const at = bench();
    at.request('POST', PATHS.deployments, deployment('web'));
    at.pass(20);
    const name = at.list('pods', 'default')[0]?.metadata.name ?? '';
    const before = at.cluster.agents.identityOf({ pod: `default/${name}` }).id;
    at.request(
      'PATCH',
      `${PATHS.pods}/${name}`,
      { metadata: { labels: { role: 'x' } } },
      { 'content-type': 'application/merge-patch+json' },
    );
    const after = at.cluster.agents.identityOf({ pod: `default/${name}` });
    expect(after.id).not.toBe(before);
    expect(after.labels).toContain('k8s:role=x');
  });

  it('puts a policy into force, says that it is valid, and shows it on the agent’s socket', () => {
    const at = bench();
    at.request('POST', PATHS.deployments, deployment('web', { replicas: 1 }));
    at.pass(20);
    const key = `default/${at.list('pods', 'default')[0]?.metadata.name}`;
    expect(at.cluster.agents.repository.enforcement(key)).toEqual({ ingress: false, egress: false });
    at.request(
      'POST',
      PATHS.cnp,
      POLICY({
        endpointSelector: { matchLabels: { app: 'web' } },
        ingress: [{ fromEndpoints: [{ matchLabels: { role: 'test' } }] }],
      }),
    );
    expect(at.cluster.agents.repository.enforcement(key)).toEqual({ ingress: true, egress: false });
    expect(at.list('ciliumnetworkpolicies.cilium.io', 'default')[0]?.['status']).toEqual({
      conditions: [
        {
          type: 'Valid',
          status: 'True',
          message: 'Policy validation succeeded',
          lastTransitionTime: '2026-11-21T09:00:20Z',
        },
      ],
    });
    const listed = at.cluster.agentSocket('kind-worker')?.get('/endpoint') as unknown as {
      id: number;
      status: {
        policy: { realized: { 'policy-enabled': string } };
        identity: { id: number; labels: string[] };
      };
    }[];
    const mine = listed.find((one) => one.status.identity.labels.includes('k8s:app=web'));
    expect(mine?.status.policy.realized['policy-enabled']).toBe('ingress');
    expect(
      listed
        .map((one) => one.status.identity.id)
        .filter((id) => id < 256)
        .sort(),
    ).toEqual([1, 4]);
    at.request('DELETE', `${PATHS.cnp}/p`);
    expect(at.cluster.agents.repository.enforcement(key)).toEqual({ ingress: false, egress: false });
  });

  it('refuses what only the agent can refuse, in the operator’s words, and keeps what was in force', () => {
    const at = bench();
    at.request('POST', PATHS.deployments, deployment('web', { replicas: 1 }));
    at.pass(20);
    const key = `default/${at.list('pods', 'default')[0]?.metadata.name}`;
    at.request('POST', PATHS.cnp, POLICY({ endpointSelector: {}, egress: [{ toCIDR: ['10.0.0.0/8'] }] }));
    at.request(
      'PATCH',
      `${PATHS.cnp}/p`,
      { spec: { egress: [{ toCIDR: ['10.0.0.0/8'], toFQDNs: [{ matchName: 'a.example' }] }] } },
      { 'content-type': 'application/merge-patch+json' },
    );
    const [policy] = at.list('ciliumnetworkpolicies.cilium.io', 'default');
    expect(policy?.['status']).toMatchObject({
      conditions: [
        {
          type: 'Valid',
          status: 'False',
          message: expect.stringMatching(
            /^combining To(CIDR|FQDNs) and To(FQDNs|CIDR) is not supported yet$/,
          ),
        },
      ],
    });
    expect(at.cluster.agents.repository.enforcement(key).egress).toBe(true);
  });

  it('knows outside peers as world, and by number once a policy names their block', () => {
    const at = bench();
    at.request('POST', PATHS.deployments, deployment('web', { replicas: 1 }));
    at.pass(20);
    expect(at.cluster.agents.identityOf({ address: '172.27.224.3' })).toEqual({
      id: 2,
      labels: ['reserved:world'],
    });
    at.request(
      'POST',
      PATHS.cnp,
      POLICY({ endpointSelector: {}, ingress: [{ fromCIDR: ['172.27.224.0/24'] }] }),
    );
    const known = at.cluster.agents.identityOf({ address: '172.27.224.3' });
    expect(known.id).toBe(16777217);
    expect(known.labels).toContain('cidr:172.27.224.0/24');
  });

  it('learns names from DNS answers and forgets them after their time', () => {
    const at = bench();
    at.cluster.agents.learnDns({
      pod: 'default/web',
      name: 'Example.com.',
      addresses: ['93.184.216.34'],
      ttlSeconds: 30,
    });
    expect(at.cluster.agents.namesOf('default/web', '93.184.216.34')).toEqual(['example.com']);
    expect(at.cluster.agents.namesOf('default/other', '93.184.216.34')).toEqual([]);
    at.pass(61);
    expect(at.cluster.agents.namesOf('default/web', '93.184.216.34')).toEqual([]);
  });

  it('tries drafts on a copy', () => {
    const at = bench();
    at.request('POST', PATHS.deployments, deployment('web'));
    at.pass(20);
    const before = {
      revision: at.cluster.store.revision,
      random: at.sim.random.state(),
      projection: JSON.stringify(at.cluster.projection()),
    };
    const [a, b] = (at.list('pods', 'default') as Pod[]).map((pod) => ({
      endpoint: `default/${pod.metadata.name}`,
    }));
    if (a === undefined || b === undefined) throw new Error('two pods');
    const flow = { from: a, to: b, port: 80, protocol: 'TCP' };
    const view = at.cluster.fork([
      POLICY({ endpointSelector: { matchLabels: { app: 'web' } }, ingress: [{}] }) as never,
    ]);
    expect(view.refused).toEqual([]);
    expect(view.repository.judge(flow).verdict).toBe('DROPPED');
    expect(at.cluster.agents.repository.judge(flow).verdict).toBe('FORWARDED');
    const bad = at.cluster.fork([
      POLICY({ endpointSelector: {}, ingress: [{ fromEntities: ['internet'] }] }) as never,
    ]);
    expect(bad.refused.map((one) => one.stage)).toEqual(['schema']);
    at.cluster.settle();
    expect({
      revision: at.cluster.store.revision,
      random: at.sim.random.state(),
      projection: JSON.stringify(at.cluster.projection()),
    }).toEqual(before);
  });

  it('is the same twice from one seed, and continues from a keyframe', () => {
    const at = bench();
    at.request('POST', PATHS.deployments, deployment('web'));
    at.pass(20);
    const again = bench();
    again.request('POST', PATHS.deployments, deployment('web'));
    again.pass(20);
    expect(again.cluster.store.snapshot()).toEqual(at.cluster.store.snapshot());
    const frame = at.cluster.snapshot();
    at.request('DELETE', `${PATHS.deployments}/web`);
    at.pass(20);
    at.cluster.restore(frame);
    at.cluster.settle();
    expect(JSON.stringify(at.cluster.projection())).toBe(JSON.stringify(again.cluster.projection()));
    expect(at.cluster.agents.identityOf({ address: '10.244.1.8' })).toEqual(
      again.cluster.agents.identityOf({ address: '10.244.1.8' }),
    );
  });

  it('leaves a new cluster without a network plugin unready until an agent comes', () => {
    const at = bench({ hasCilium: false, uptimeSeconds: 0 });
    at.pass(60);
    const waiting = (at.list('pods', 'kube-system') as Pod[]).filter(
      (pod) => pod.metadata.labels?.['k8s-app'] === 'kube-dns',
    );
    expect(waiting.map((pod) => [pod.status?.phase, pod.spec.nodeName])).toEqual([
      ['Pending', undefined],
      ['Pending', undefined],
    ]);
    expect(at.cluster.agentSocket('kind-worker')).toBeUndefined();
    const ready = (): unknown[] =>
      (at.list('nodes') as Node[]).map((node) => conditionOf(node.status?.conditions, 'Ready')?.status);
    expect(ready()).toEqual(['False', 'False']);
    for (const [resource, object] of ciliumObjects(DEFAULT_CILIUM, '2026-01-15T09:30:00Z'))
      createObject(at.sim, at.cluster.store, resource, object);
    at.cluster.settle();
    at.pass(60);
    expect(ready()).toEqual(['True', 'True']);
    expect(
      (at.list('pods') as Pod[]).filter((pod) => !isPodReady(pod)).map((pod) => pod.metadata.name),
    ).toEqual([]);
    expect(
      at.list('ciliumendpoints.cilium.io', 'kube-system').map((one) => one.metadata.labels?.['k8s-app']),
    ).toEqual(['kube-dns', 'kube-dns', 'hubble-relay', 'hubble-ui']);
    expect(at.list('customresourcedefinitions.apiextensions.k8s.io').length).toBeGreaterThan(15);
  });

  it('can be taken down and booted again in the same place', () => {
    const at = bench();
    at.cluster.clear();
    expect(at.cluster.store.resources()).toEqual([]);
    at.cluster.boot({ ...WORLD, uptimeSeconds: 0 });
    at.cluster.settle();
    at.pass(60);
    expect(
      (at.list('pods') as Pod[]).filter((pod) => !isPodReady(pod)).map((pod) => pod.metadata.name),
    ).toEqual([]);
  });

  it('keeps agents’ configuration until they start again', () => {
    const at = bench();
    at.request('POST', PATHS.deployments, deployment('web', { replicas: 1 }));
    at.pass(20);
    const key = `default/${at.list('pods', 'default')[0]?.metadata.name}`;
    const merge = { 'content-type': 'application/merge-patch+json' };
    at.request(
      'PATCH',
      '/api/v1/namespaces/kube-system/configmaps/cilium-config',
      { data: { 'enable-policy': 'always' } },
      merge,
    );
    expect(at.cluster.agents.repository.enforcement(key).ingress).toBe(false);
    at.request(
      'PATCH',
      '/apis/apps/v1/namespaces/kube-system/daemonsets/cilium',
      { spec: { template: { metadata: { annotations: { again: '1' } } } } },
      merge,
    );
    at.pass(60);
    expect(at.cluster.agents.repository.enforcement(key)).toEqual({ ingress: true, egress: true });
    expect(at.cluster.agentSocket('kind-worker')).toBeDefined();
  });

  it('hides what the configuration says and forgets its flows when it starts again', () => {
    const at = bench();
    const merge = { 'content-type': 'application/merge-patch+json' };
    const config = '/api/v1/namespaces/kube-system/configmaps/cilium-config';
    const set = '/apis/apps/v1/namespaces/kube-system/daemonsets/cilium';
    at.request('POST', PATHS.deployments, deployment('web'));

    at.pass(20);
    const [web] = at.list('pods', 'default');
    const { dataplane } = at.cluster;
    const ring = dataplane.flows.ringOf('kind-worker');
    dataplane
      .networkOfPod(`default/${web?.metadata.name}`)
      .udp()
      .send({ address: '10.96.0.10', port: 53 }, { text: 'x' });
    expect(ring.length).toBeGreaterThan(0);
    const { seen } = ring;
    const data = {
      'hubble-redact-enabled': 'true',
      'hubble-redact-http-urlquery': 'true',
      'hubble-redact-http-headers-deny': 'Authorization X-Key',
    };
    at.request('PATCH', config, { data }, merge);
    expect(at.cluster.agents.redaction).toBeUndefined();
    at.request('PATCH', set, { spec: { template: { metadata: { annotations: { again: '1' } } } } }, merge);
    at.pass(60);
    expect(at.cluster.agents.redaction).toEqual({
      hidesQuery: true,
      allow: [],
      deny: ['authorization', 'x-key'],
    });
    expect(ring.after(seen).length).toBe(ring.length);
  });

  it('without the proxy refuses rules of layer 7, and without Hubble records nothing', () => {
    const at = bench();
    const merge = { 'content-type': 'application/merge-patch+json' };
    const config = '/api/v1/namespaces/kube-system/configmaps/cilium-config';
    const set = '/apis/apps/v1/namespaces/kube-system/daemonsets/cilium';
    at.request('PATCH', config, { data: { 'enable-l7-proxy': 'false', 'enable-hubble': 'false' } }, merge);
    expect(at.cluster.agents.observes('kind-worker')).toBe(true);
    at.request('PATCH', set, { spec: { template: { metadata: { annotations: { again: '1' } } } } }, merge);
    at.pass(60);
    const ports = [{ port: '80', protocol: 'TCP' }];
    const ingress = [{ toPorts: [{ ports, rules: { http: [{ method: 'GET' }] } }] }];
    at.request('POST', PATHS.cnp, POLICY({ endpointSelector: {}, ingress }));
    const [policy] = at.list('ciliumnetworkpolicies.cilium.io', 'default');
    expect(policy?.['status']).toMatchObject({
      conditions: [
        {
          status: 'False',
          message: 'L7 policy is not supported since L7 proxy is not enabled',
          type: 'Valid',
        },
      ],
    });
    expect(at.cluster.agents.observes('kind-worker')).toBe(false);
    expect(at.cluster.observer.nodes()).toEqual([]);
  });
});
