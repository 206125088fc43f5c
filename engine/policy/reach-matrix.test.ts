import { expect, test } from 'vitest';
import { decodeCase } from './case-file.ts';
import { buildCase } from './case-run.ts';
import { reachMatrix } from './reach-matrix.ts';

test('[P32] the matrix says of every pair and port what a single judgement says', () => {
  const pods = ['web', 'web', 'db', 'db', 'job'].map((app, i) => ({
    name: `p${i}`,
    labels: { app },
    ip: `10.0.0.${i + 1}`,
    ports: [{ name: 'main', port: i === 3 ? 81 : 80 }],
  }));
  const policies = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: db}
spec:
  endpointSelector: {matchLabels: {app: db}}
  ingress:
    - fromEndpoints: [{matchLabels: {app: web}}]
      toPorts: [{ports: [{port: main, protocol: TCP}]}]
  egress:
    - toEndpoints: [{matchLabels: {app: job}}]
`;
  const { repository } = buildCase(decodeCase(JSON.stringify({ pods, policies, probes: [] })), policies);
  const names = [...pods.map((pod) => `default/${pod.name}`), 'default/nobody'];
  const ports = [80, 81, 443];
  const { cells } = reachMatrix(repository, names, ports);
  let open = 0;
  for (const [i, from] of names.entries()) {
    for (const [j, to] of names.entries()) {
      for (const [k, port] of ports.entries()) {
        const cell = cells[(i * names.length + j) * ports.length + k];
        if (from.endsWith('nobody') || to.endsWith('nobody')) expect(cell).toBe(0);
        else {
          const flow = { from: { endpoint: from }, to: { endpoint: to }, port, protocol: 'TCP' };
          const passes = repository.judge(flow).verdict === 'FORWARDED';
          expect(cell, `${from} ${to} ${port}`).toBe(passes ? 1 : 0);
          open += Number(passes);
        }
      }
    }
  }
  expect(open).toBeGreaterThan(20);
  expect(open).toBeLessThan(70);
});
