import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeCase } from './case-file.ts';
import { buildCase } from './case-run.ts';
import { readDocument, splitDocuments } from './documents.ts';
import { explain } from './explain.ts';
import { importPolicy } from './import.ts';
import { DEFAULT_POLICY_CONFIG, type FlowSpec } from './model.ts';
import { PolicySource } from './positions.ts';
import { PolicyRepository } from './repository.ts';
import { type EditablePolicy, suggest } from './suggestions.ts';

const OPTIONS = { config: DEFAULT_POLICY_CONFIG, defaultNamespace: 'default' };

function worldOf(text: string) {
  const repository = new PolicyRepository(DEFAULT_POLICY_CONFIG);
  repository.setNodes([{ name: 'n1', addresses: ['172.18.0.2'], labels: {} }]);
  for (const [i, [namespace, app]] of [
    ['default', 'front'],
    ['default', 'db'],
    ['ops', 'front'],
  ].entries()) {
    repository.upsertEndpoint({
      key: `${namespace}/${app}`,
      namespace: namespace ?? '',
      name: app ?? '',
      labels: { app: app ?? '' },
      serviceAccount: 'default',
      node: 'n1',
      addresses: [`10.0.0.${i + 1}`],
      namedPorts: [],
    });
  }
  const policies = splitDocuments(text).map((document): EditablePolicy => {
    const read = readDocument(document.text, 'refuse');
    if ('error' in read) throw new Error(read.error);
    const result = importPolicy(read.value, OPTIONS);
    if (!result.valid) throw new Error(result.error);
    const key = `${result.policy.kind}/${result.policy.namespace}/${result.policy.name}`;
    repository.upsertPolicy(key, result.policy);
    return { key, object: read.value };
  });
  return { repository, policies, source: new PolicySource(text, 'policy.yaml') };
}

const SERVICE_PORT = `# the port of the Service, not of the pod
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: db
spec:
  endpointSelector: {matchLabels: {app: db}}
  ingress:
    - fromEndpoints:
        - matchLabels: {app: front}
      toPorts:
        - ports:
            - {port: "80", protocol: TCP}
`;

const FLOW: FlowSpec = {
  from: { endpoint: 'default/front' },
  to: { endpoint: 'default/db' },
  port: 7379,
  protocol: 'TCP',
};

describe('explanation', () => {
  test('[P40] names the rule, the reason and the line', () => {
    const { repository, source } = worldOf(SERVICE_PORT);
    const { verdict, ingress } = explain(repository, FLOW, [source]);
    expect(verdict.droppedAt).toBe('ingress');
    expect(ingress.summary).toBe(
      'Ingress is denied by default: default/db selects this pod, and no rule allows this.',
    );
    expect(ingress.considered).toEqual([
      {
        ref: {
          policyKind: 'CiliumNetworkPolicy',
          namespace: 'default',
          name: 'db',
          path: ['spec', 'ingress', 0, 'toPorts', 0],
        },
        policy: 'default/db',
        verdict: 'allow',
        matches: false,
        isDeciding: false,
        why: 'It is about port 80/TCP; the flow goes to port 7379/TCP.',
        place: { file: 'policy.yaml', line: 12, column: 11 },
      },
    ]);
  });

  test('[P40] names the nearest unmet requirement of a peer', () => {
    const { repository, source } = worldOf(SERVICE_PORT);
    const flow: FlowSpec = { ...FLOW, from: { endpoint: 'ops/front' }, port: 80 };
    const { ingress } = explain(repository, flow, [source]);
    expect(ingress.considered[0]?.why).toBe('It asks for namespace=default; the source has namespace=ops.');
    expect(ingress.considered[0]?.place).toEqual({ file: 'policy.yaml', line: 9, column: 7 });
    const outside: FlowSpec = { ...FLOW, from: { address: '192.0.2.1' }, port: 80 };
    expect(explain(repository, outside, [source]).ingress.considered[0]?.why).toBe(
      'It asks for app=front; the source is reserved:world-ipv4.',
    );
  });

  test('[P41] the matching rules are those that the verdict names', () => {
    const { repository } = worldOf(SERVICE_PORT);
    const { ingress } = explain(repository, { ...FLOW, port: 80 });
    expect(ingress.considered.map((rule) => [rule.matches, rule.isDeciding])).toEqual([[true, true]]);
    expect(ingress.summary).toBe('Ingress is allowed by default/db.');
  });
});

describe('explanations of all recorded cases', () => {
  const folder = new URL('./testdata/conformance/', import.meta.url);
  let sides = 0;
  for (const file of readdirSync(folder).sort()) {
    test(`[P41] agree with the verdicts: ${file}`, () => {
      for (const line of readFileSync(new URL(file, folder), 'utf8').trimEnd().split('\n').slice(1)) {
        const world = decodeCase((JSON.parse(line) as { case: string }).case);
        const { repository } = buildCase(world, world.policies);
        const source = new PolicySource(world.policies);
        for (const probe of world.probes) {
          const explanation = explain(repository, probe.flow, [source]);
          for (const { side, considered } of [explanation.egress, explanation.ingress]) {
            sides++;
            const matching = (verdict: string) =>
              considered.filter((rule) => rule.matches && rule.verdict === verdict);
            const place = JSON.stringify([probe, considered]);
            expect(
              considered.every((rule) => rule.place !== undefined),
              place,
            ).toBe(true);
            if (side.deniedBy === 'explicit')
              expect(
                matching('deny').some((rule) => rule.isDeciding),
                place,
              ).toBe(true);
            if (side.deniedBy === 'default' && !file.startsWith('kcnp'))
              expect(matching('allow'), place).toEqual([]);
            if (side.l7verdict === 'denied') expect(matching('allow'), place).toEqual([]);
            if (side.verdict === 'allowed' && side.rulesMatched.length > 0) {
              expect(
                matching('allow').some((rule) => rule.isDeciding),
                place,
              ).toBe(true);
            }
          }
        }
      }
    });
  }
  test('[P41] none was left out', () => expect(sides).toBeGreaterThan(17_000));
});

describe('suggestions', () => {
  test('[P42] the port of the Service becomes the port of the pod', () => {
    const { repository, policies } = worldOf(SERVICE_PORT);
    const [first] = suggest(repository, FLOW, 'FORWARDED', policies, OPTIONS);
    expect(first?.text).toBe('Set spec.ingress[0].toPorts[0].ports[0].port: "7379" (it is "80").');
  });

  test('[P42] a peer of another namespace is named', () => {
    const { repository, policies } = worldOf(SERVICE_PORT);
    const flow: FlowSpec = { ...FLOW, from: { endpoint: 'ops/front' }, port: 80 };
    const [first] = suggest(repository, flow, 'FORWARDED', policies, OPTIONS);
    expect(first?.text).toBe(
      'Add spec.ingress[0].fromEndpoints[0].matchLabels.k8s:io.kubernetes.pod.namespace: "ops".',
    );
  });

  test('[P42] a dash too many is taken away', () => {
    const { repository, policies } = worldOf(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ops}}
        - podSelector: {matchLabels: {app: db}}
`);
    const flow: FlowSpec = { ...FLOW, from: { endpoint: 'ops/front' } };
    expect(repository.judge(flow).verdict).toBe('FORWARDED');
    const [first] = suggest(repository, flow, 'DROPPED', policies, OPTIONS);
    expect(first?.edit).toEqual({ kind: 'join', path: ['spec', 'ingress', 0, 'from', 0] });
  });

  test('[P43] no suggestion leaves the repository changed', () => {
    const { repository, policies } = worldOf(SERVICE_PORT);
    const before = repository.judge(FLOW);
    suggest(repository, FLOW, 'FORWARDED', policies, OPTIONS);
    expect(repository.judge(FLOW)).toEqual(before);
  });
});
