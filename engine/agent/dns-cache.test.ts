import { describe, expect, test } from 'vitest';
import type { FlowSpec } from '../policy/model.ts';
import { bench, deployment, PATHS } from '../cluster/world.cases.ts';

const ADDRESS = '93.184.216.34';

/** A running cluster whose one pod may talk to `example.com` only. */
function running() {
  const at = bench();
  at.request('POST', PATHS.deployments, deployment('web', { replicas: 1 }));
  at.pass(20);
  at.request('POST', PATHS.cnp, {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name: 'names' },
    spec: {
      endpointSelector: { matchLabels: { app: 'web' } },
      egress: [{ toFQDNs: [{ matchName: 'example.com' }] }],
    },
  });
  at.pass(1);
  const pod = `default/${at.list('pods', 'default')[0]?.metadata.name ?? ''}`;
  const flow: FlowSpec = { from: { endpoint: pod }, to: { address: ADDRESS }, port: 443, protocol: 'TCP' };
  const { agents } = at.cluster;
  const learn = (ttlSeconds: number) =>
    agents.learnDns({ pod, name: 'Example.com', addresses: [ADDRESS], ttlSeconds });
  return { at, agents, pod, learn, verdict: () => agents.repository.judge(flow).verdict };
}

describe('what the DNS proxies learned, in the running world', () => {
  test('a name opens its addresses, and closes them when its TTL is over', () => {
    const { at, agents, pod, learn, verdict } = running();
    expect(verdict()).toBe('DROPPED');
    learn(30);
    expect(verdict()).toBe('FORWARDED');
    expect(agents.namesOf(pod, ADDRESS)).toEqual(['example.com']);
    at.pass(29);
    expect(verdict()).toBe('FORWARDED');
    at.pass(62);
    expect(verdict()).toBe('DROPPED');
    expect(agents.namesOf(pod, ADDRESS)).toEqual([]);
  });

  test('asking again keeps an address; a keyframe carries what is left of a TTL', () => {
    const { at, agents, learn, verdict } = running();
    learn(60);
    at.pass(50);
    learn(300);
    at.pass(120);
    expect(verdict()).toBe('FORWARDED');
    agents.restore(agents.state());
    expect(verdict()).toBe('FORWARDED');
    at.pass(300);
    expect(verdict()).toBe('DROPPED');
  });
});
