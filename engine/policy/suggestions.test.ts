import { describe, expect, test } from 'vitest';
import { decodeCase, type PolicyCase } from './case-file.ts';
import { buildCase } from './case-run.ts';
import type { FlowSpec } from './model.ts';
import { PolicySource } from './positions.ts';
import { placeOfEdit, suggest } from './suggestions.ts';
import { editables, optionsOf } from './testdata/editables.ts';

const POLICY = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: db}
spec:
  endpointSelector: {matchLabels: {app: db}}
  ingress:
    - fromEndpoints:
        - matchLabels: {app: web}
      toPorts:
        - ports:
            - port: "80"
              protocol: TCP
`;

/** `count` pods of ten applications; the last is `db`. */
function crowd(count: number, policies: string): PolicyCase {
  const pods = Array.from({ length: count }, (_, i) => {
    const app = i === count - 1 ? 'db' : i === 0 ? 'web' : `app${i % 10}`;
    return { name: `p${i}`, labels: { app }, ip: `10.0.${i >> 8}.${i & 255}` };
  });
  return decodeCase(JSON.stringify({ pods, policies, probes: [] }));
}

describe('the order and the place of suggestions', () => {
  const world = crowd(20, POLICY);
  const { repository } = buildCase(world, POLICY);
  const flow = (from: number, port: number) =>
    ({
      from: { endpoint: `default/p${from}` },
      to: { endpoint: 'default/p19' },
      port,
      protocol: 'TCP',
    }) as const;

  test('[P42] what changes the fewest other cells comes first', () => {
    const others = [flow(0, 80), flow(3, 80), flow(3, 7379), flow(13, 7379)];
    const found = suggest(repository, flow(0, 7379), 'FORWARDED', editables(world), optionsOf(world), {
      others,
      limit: 9,
    });
    expect(found[0]?.text).toBe('Add spec.ingress[0].toPorts[0].ports[1]: {"port":"7379","protocol":"TCP"}.');
    expect(found[0]?.changes).toEqual([]);
    const port = found.find((one) => one.phrase === 'with port 7379 in place of 80');
    expect(port?.changes).toEqual([flow(0, 80)]);
    const counts = found.map((one) => one.changes.length);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
  });

  test('[P42] a place is that of the field, in the file that holds the text', () => {
    const [first] = suggest(repository, flow(0, 7379), 'FORWARDED', editables(world), optionsOf(world));
    const source = new PolicySource(POLICY, 'world.yaml', { lines: 4, columns: 2 });
    expect(first && placeOfEdit(repository, first, [source])).toEqual({
      file: 'world.yaml',
      line: 15,
      column: 17,
    });
  });

  test('[P42] the edits of a lab are found within 50 ms', () => {
    const others = Array.from({ length: 18 }, (_, i) => flow(i + 1, 80));
    let bestMs = Number.POSITIVE_INFINITY;
    // The best of a few runs: a machine that is busy with something else is not what is asked about.
    for (let round = 0; round < 40 && bestMs >= 50; round++) {
      const startMs = performance.now();
      suggest(repository, flow(0, 7379), 'FORWARDED', editables(world), optionsOf(world), { others });
      bestMs = Math.min(bestMs, performance.now() - startMs);
    }
    expect(bestMs).toBeLessThan(50);
  });
});

describe('edits of every kind of peer', () => {
  const pods = [
    { name: 'web', labels: { app: 'web' }, ip: '10.0.0.1' },
    { name: 'db', labels: { app: 'db' }, ip: '10.0.0.2' },
    { name: 'job', namespace: 'ops', labels: { app: 'job' }, ip: '10.0.1.1' },
  ];
  /** The edits of a policy for app=db that turn a flow, as their orders. */
  function editsOf(rules: string, from: object, wanted: 'FORWARDED' | 'DROPPED', port = 80): string[] {
    const isEgress = rules.includes('egress');
    const policies = `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p}\nspec: {endpointSelector: {matchLabels: {app: db}}, ${rules}}\n`;
    const dns = { 'api.example.com': ['203.0.113.9'] };
    const world = decodeCase(JSON.stringify({ pods, dns, policies, probes: [] }));
    const { repository } = buildCase(world, policies);
    const db = { endpoint: 'default/db' };
    const ends = isEgress ? { from: db, to: from } : { from, to: db };
    const flow = { ...ends, port, protocol: 'TCP' } as FlowSpec;
    return suggest(repository, flow, wanted, editables(world), optionsOf(world), { limit: 99 }).map(
      (one) => one.text,
    );
  }
  const outside = { address: '203.0.113.9' };
  const web = { endpoint: 'default/web' };
  const job = { endpoint: 'ops/job' };

  test.each<[string, object, 'FORWARDED' | 'DROPPED', string]>([
    [
      'ingress: [{fromCIDR: [198.51.100.7/32]}]',
      outside,
      'FORWARDED',
      'Set spec.ingress[0].fromCIDR[0]: "203.0.113.9/32" (it is "198.51.100.7/32").',
    ],
    [
      'ingress: [{fromCIDR: [198.51.100.7/32]}]',
      outside,
      'FORWARDED',
      'Add spec.ingress[0].fromCIDR[1]: "203.0.113.9/32".',
    ],
    [
      'ingress: [{fromCIDRSet: [{cidr: 203.0.113.0/24, except: [203.0.113.8/29]}]}]',
      outside,
      'FORWARDED',
      'Remove spec.ingress[0].fromCIDRSet[0].except.',
    ],
    [
      'ingress: [{fromCIDRSet: [{cidr: 203.0.113.0/24}]}]',
      outside,
      'DROPPED',
      'Add spec.ingress[0].fromCIDRSet[0].except: ["203.0.113.9/32"].',
    ],
    [
      'ingress: [{fromEntities: [host]}]',
      outside,
      'FORWARDED',
      'Add spec.ingress[0].fromEntities[1]: "world".',
    ],
    [
      'ingress: [{fromEntities: [world, host]}]',
      outside,
      'DROPPED',
      'Remove spec.ingress[0].fromEntities[0].',
    ],
    [
      'egress: [{toFQDNs: [{matchName: www.example.com}]}]',
      outside,
      'FORWARDED',
      'Set spec.egress[0].toFQDNs[0].matchName: "api.example.com" (it is "www.example.com").',
    ],
    [
      'ingress: [{}]',
      web,
      'FORWARDED',
      'Add spec.ingress[0].fromEndpoints: [{"matchLabels":{"app":"web"}}].',
    ],
    [
      'ingress: [{}]',
      job,
      'FORWARDED',
      'Add spec.ingress[0].fromEndpoints: [{"matchLabels":{"app":"job","k8s:io.kubernetes.pod.namespace":"ops"}}].',
    ],
    ['ingress: [{}]', outside, 'FORWARDED', 'Add spec.ingress[0].fromCIDR: ["203.0.113.9/32"].'],
    ['egress: [{}]', { entity: 'host' }, 'FORWARDED', 'Add spec.egress[0].toEntities: ["host"].'],
    ['egress: [{toEndpoints: [{}]}]', web, 'DROPPED', 'Leave {} in place of spec.egress[0].'],
    [
      'enableDefaultDeny: {ingress: false}, ingress: [{fromEndpoints: [{matchLabels: {app: job}}]}]',
      web,
      'DROPPED',
      'Remove spec.enableDefaultDeny.',
    ],
  ])('[P42] %s', (rules, peer, wanted, text) => {
    expect(editsOf(rules, peer, wanted)).toContain(text);
  });

  test.each<[string, string, object, string]>([
    [
      'CiliumNetworkPolicy',
      'endpointSelector: {matchLabels: {app: db}}, ingress: [{fromEntities: [all], authentication: {mode: required}}]',
      { port: 80, protocol: 'TCP' },
      'Remove spec.ingress[0].authentication.',
    ],
    [
      'CiliumNetworkPolicy',
      'endpointSelector: {matchLabels: {app: db}}, ingress: [{icmps: [{fields: [{type: EchoReply, family: IPv6}, {type: 3}]}]}]',
      { icmpType: 8, protocol: 'ICMP' },
      'Set spec.ingress[0].icmps[0].fields[1].type: 8 (it is 3).',
    ],
    [
      'CiliumNetworkPolicy',
      'endpointSelector: {matchLabels: {app: db}}, ingress: [{icmps: [{fields: [{type: 128, family: IPv6}]}]}]',
      { icmpType: 8, protocol: 'ICMP' },
      'Add spec.ingress[0].icmps[0].fields[1]: {"type":8,"family":"IPv4"}.',
    ],
    [
      'ClusterNetworkPolicy',
      'tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]',
      { port: 80, protocol: 'TCP' },
      'Set spec.ingress[0].action: "Accept" (it is "Deny").',
    ],
    [
      'NetworkPolicy',
      'podSelector: {}, policyTypes: [Ingress]',
      { port: 80, protocol: 'TCP' },
      'Add spec.ingress: [{"from":[{"podSelector":{"matchLabels":{"app":"web"}}}],"ports":[{"port":80,"protocol":"TCP"}]}].',
    ],
    [
      'CiliumNetworkPolicy',
      'endpointSelector: {matchLabels: {app: db}}, ingress: [{fromEntities: [host], icmps: [{fields: [{type: 8}]}]}]',
      { port: 80, protocol: 'TCP' },
      'Add spec.ingress[1]: {"fromEndpoints":[{"matchLabels":{"app":"web"}}],"toPorts":[{"ports":[{"port":"80","protocol":"TCP"}]}]}.',
    ],
  ])('[P42] what lets a flow pass: %s %s', (kind, spec, about, text) => {
    const version =
      kind === 'NetworkPolicy'
        ? 'networking.k8s.io/v1'
        : kind === 'ClusterNetworkPolicy'
          ? 'policy.networking.k8s.io/v1alpha2'
          : 'cilium.io/v2';
    const policies = `apiVersion: ${version}\nkind: ${kind}\nmetadata: {name: p}\nspec: {${spec}}\n`;
    const world = decodeCase(JSON.stringify({ pods, policies, probes: [] }));
    const { repository } = buildCase(world, policies);
    const flow = { from: web, to: { endpoint: 'default/db' }, ...about } as FlowSpec;
    const found = suggest(repository, flow, 'FORWARDED', editables(world), optionsOf(world), { limit: 99 });
    expect(found.map((one) => one.text)).toContain(text);
  });

  test('[P42] a direction that was left open is shut', () => {
    const policies = `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p}\nspec: {endpointSelector: {matchLabels: {app: db}}, ingress: [{}]}\n`;
    const world = decodeCase(JSON.stringify({ pods, policies, probes: [] }));
    const { repository } = buildCase(world, policies);
    const flow = { from: { endpoint: 'default/db' }, to: web, port: 80, protocol: 'TCP' };
    const found = suggest(repository, flow, 'DROPPED', editables(world), optionsOf(world), { limit: 9 });
    expect(found.map((one) => one.text)).toContain('Add spec.egress: [{}].');
  });
});
