import { expect, it } from 'vitest';
import { probe, type ProbeRequest, type ProbeView } from './probe.ts';
import { testWorld } from './world.cases.ts';

const policy = (name: string, spec: unknown): unknown => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { name, namespace: 'default' },
  spec,
});

function setup(): {
  w: ReturnType<typeof testWorld>;
  try_: (request: ProbeRequest) => string;
  view: ProbeView;
} {
  const w = testWorld();
  const view: ProbeView = {
    store: w.store,
    repository: w.repository,
    world: w.world,
    states: w.dataplane.programStates,
    nowMs: w.sim.clock.nowMs,
  };
  return { w, view, try_: (request) => probe(view, request).outcome };
}

const from = { pod: 'default/client' };

it('knows every outcome of an open cluster', () => {
  const { try_ } = setup();
  expect([
    try_({ from, to: { service: 'default/web' } }),
    try_({ from, to: { service: 'default/web' }, http: { method: 'GET', path: '/' } }),
    try_({ from, to: { pod: 'default/web-a' }, http: { method: 'GET', path: '/nothing' } }),
    try_({ from, to: { pod: 'default/web-a' }, port: 81 }),
    try_({ from, to: { service: 'default/none' } }),
    try_({ from, to: { pod: 'default/web-a' }, protocol: 'ICMP' }),
    try_({ from, to: { name: 'example.com' }, http: { method: 'GET', path: '/' } }),
    try_({ from, to: { name: 'nosuch.test' } }),
    try_({ from: { host: 'vpn' }, to: { pod: 'default/web-b' } }),
    try_({ from, to: { address: '203.0.113.200' } }),
  ]).toEqual([
    'ok',
    'ok:200',
    'ok:404',
    'refused',
    'no-backend',
    'icmp-ok',
    'ok:200',
    'unknown-host',
    'ok',
    'timeout@egress',
  ]);
});

it('says where policy stops it and leaves no trace', () => {
  const { w, try_ } = setup();
  w.apply(
    policy('l7', {
      endpointSelector: { matchLabels: { app: 'web' } },
      ingress: [
        {
          fromEndpoints: [{ matchLabels: { app: 'client' } }],
          toPorts: [
            { ports: [{ port: '80', protocol: 'TCP' }], rules: { http: [{ method: 'GET', path: '/' }] } },
          ],
        },
      ],
    }),
  );
  const before = JSON.stringify([w.dataplane.snapshot(), w.sim.random.state()]);
  expect([
    try_({ from, to: { service: 'default/web' }, http: { method: 'GET', path: '/' } }),
    try_({ from, to: { service: 'default/web' }, http: { method: 'GET', path: '/no' } }),
    try_({ from: { host: 'vpn' }, to: { pod: 'default/web-a' } }),
  ]).toEqual(['ok:200', '403', 'timeout@ingress']);
  w.apply(policy('egress', { endpointSelector: { matchLabels: { app: 'client' } }, egress: [{}] }));
  expect([
    try_({ from, to: { service: 'default/web' } }),
    try_({ from, to: { service: 'default/web' }, withLookup: true }),
  ]).toEqual(['timeout@egress', 'dns-timeout']);
  expect(JSON.stringify([w.dataplane.snapshot(), w.sim.random.state()])).toBe(before);
});

it('takes microseconds', () => {
  const { try_ } = setup();
  const request: ProbeRequest = { from, to: { service: 'default/web' } };
  for (let i = 0; i < 5000; i++) try_(request);
  const start = performance.now();
  for (let i = 0; i < 20_000; i++) try_(request);
  expect(((performance.now() - start) * 1000) / 20_000).toBeLessThan(60);
});
