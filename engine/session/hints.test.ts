import { expect, test } from 'vitest';
import { tryProbe } from '../lab/peers.ts';
import { fulfils } from '../net/outcome.ts';
import { counterfactual } from './counterfactuals.ts';
import { Headless } from './headless.ts';
import { hintFor } from './hints.ts';
import { goldenBundle } from './testdata/labs.ts';

const FILE = '/home/learner/database-policy.yaml';
const POLICY = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: database-policy
spec:
  endpointSelector:
    matchLabels:
      tier: database
  ingress:
    - fromEndpoints:
        - matchLabels:
            tier: backend
      toPorts:
        - ports:
            - port: "80"
              protocol: TCP
`;

async function stuck() {
  const headless = await Headless.open(goldenBundle('lock-down-the-database'), { seed: 1, task: 2 });
  headless.input({ kind: 'save', path: FILE, content: POLICY });
  await headless.submit('kubectl apply -f database-policy.yaml');
  await headless.settle();
  return headless;
}

test('the third rung names the line, the edit and what else it changes', async () => {
  const { sandbox } = await stuck();
  const hint = hintFor(sandbox, 2, 3);
  expect(hint.text).toMatch(
    /It stands in line \d+ of database-policy\.yaml\. In line 15 of database-policy\.yaml: with port 7379 in place of 80 it would get through; that changes (no|1|\d+) other cells?\.$/,
  );
  expect(hint).toMatchObject({ file: FILE, line: 15 });
});

test('the edit, applied by hand, does what the hint says', async () => {
  const headless = await stuck();
  const { sandbox } = headless;
  const { goal } = sandbox.taskData ?? { goal: [] };
  const outcomes = () => goal.map((probe) => tryProbe(sandbox.view(), probe).outcome);
  const before = outcomes();
  const failing = goal.findIndex((probe, i) => !fulfils(probe.expect, before[i] ?? 'mixed'));
  const probe = goal[failing];
  expect(probe).toBeDefined();
  if (probe === undefined) return;
  let bestMs = Number.POSITIVE_INFINITY;
  let edit = counterfactual(sandbox, probe);
  for (let round = 0; round < 5; round++) {
    const startMs = performance.now();
    edit = counterfactual(sandbox, probe);
    bestMs = Math.min(bestMs, performance.now() - startMs);
  }
  expect(bestMs).toBeLessThan(50);
  expect(outcomes(), 'asking changes nothing').toEqual(before);
  headless.input({ kind: 'save', path: FILE, content: POLICY.replace('"80"', '"7379"') });
  await headless.submit('kubectl apply -f database-policy.yaml');
  await headless.settle();
  const after = outcomes();
  expect(fulfils(probe.expect, after[failing] ?? 'mixed')).toBe(true);
  const changed = after.filter((outcome, i) => i !== failing && outcome !== before[i]).length;
  const said = /changes (no|\d+) other/.exec(edit?.text ?? '')?.[1];
  expect(said === 'no' ? 0 : Number(said)).toBeGreaterThanOrEqual(changed);
});

test('there is no edit where nothing is wrong', async () => {
  const { sandbox } = await stuck();
  const held = sandbox.taskData?.goal.find((probe) =>
    fulfils(probe.expect, tryProbe(sandbox.view(), probe).outcome),
  );
  expect(held).toBeDefined();
  if (held !== undefined) expect(counterfactual(sandbox, held)).toBeUndefined();
});
