// What the real kubectl 1.32 printed for these lines against the same API server (engine/wire/parity.test.ts compares hundreds
// of lines where it is installed).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeLab } from '../../lab/decode.ts';
import { Headless } from '../../session/headless.ts';
import { readLabFiles } from '../../session/replay.ts';

const FILES = join(import.meta.dirname, '../../wire/testdata/parity/files');
const BASE = ['base.yaml', 'more.yaml', 'kust/kustomization.yaml', 'kust/cm.yaml', 'pod.json', 'ssa.yaml'];

let world: Headless;
beforeAll(async () => {
  const bundle = decodeLab(readLabFiles(join(import.meta.dirname, '../../../labs')), 'playground');
  if (bundle === undefined) throw new Error('the playground is there');
  world = await Headless.open(bundle, { seed: 3 });
  const { home } = world.sandbox.workplace.workstation;
  for (const name of BASE)
    world.sandbox.apply({
      kind: 'save',
      path: `${home}/${name}`,
      content: readFileSync(join(FILES, name), 'utf8'),
    });
  await run('kubectl apply -f base.yaml -f more.yaml; kubectl rollout status deploy/web');
});

async function run(
  line: string,
): Promise<{ readonly stdout: string; readonly stderr: string; readonly exit: number | null }> {
  const { stdout, stderr, exit } = await world.submit(line);
  return { stdout, stderr, exit };
}

/** Expects a line to succeed silently and gives what it printed. */
async function printed(line: string): Promise<string> {
  const { stdout, stderr, exit } = await run(line);
  expect([stderr, exit]).toEqual(['', 0]);
  return stdout;
}

describe('describe', () => {
  test('an autoscaler, an ingress, a quota and a priority class have pages of their own', async () => {
    expect(await printed('kubectl describe quota -n shop')).toBe(`Name:         small
Namespace:    shop
Resource      Used  Hard
--------      ----  ----
configmaps    1     10
pods          0     4
requests.cpu  0     2
`);
    expect(
      await printed('kubectl describe priorityclass system-node-critical'),
    ).toBe(`Name:              system-node-critical
Value:             2000001000
GlobalDefault:     false
PreemptionPolicy:  PreemptLowerPriority
Description:       
Annotations:       <none>
Events:            <none>
`);
    const hpa = await printed('kubectl describe hpa web');
    expect(hpa).toContain('  resource cpu on pods  (as a percentage of request):  <unknown> / 70%\n');
    const site = await printed('kubectl describe ing site');
    expect(site).toMatch(/ {2}site\.example\.com {2}\n {20}\/ {3}web:80 \(\d+\.\d+\.\d+\.\d+:80,/);
  });

  test("a role's rules come in the order of their text, one resource a line", async () => {
    const text = await printed('kubectl describe role reader');
    const order = ['deployments.apps', 'pods', 'services'].map((name) => text.indexOf(`\n  ${name}`));
    expect([...order].sort((a, b) => a - b)).toEqual(order);
    expect(order[0]).toBeGreaterThan(0);
  });
});

describe('kustomize', () => {
  test('generates a ConfigMap with the hash of its contents, in the legacy order', async () => {
    expect(await printed('kubectl kustomize kust')).toBe(`apiVersion: v1
data:
  a: "1"
kind: ConfigMap
metadata:
  labels:
    env: dev
  name: dev-gen-h29d89cmmt
  namespace: shop
---
apiVersion: v1
data:
  k: v
kind: ConfigMap
metadata:
  labels:
    env: dev
  name: dev-plain
  namespace: shop
`);
  });

  test('a folder that is none is refused', async () => {
    expect((await run('kubectl kustomize nothere')).stderr).toBe(
      "error: must build at directory: not a valid directory: evalsymlink failure on 'nothere' : lstat /home/learner/nothere: no such file or directory\n",
    );
  });

  test('generators append the same kind of hash', async () => {
    const line = 'kubectl create cm c --from-literal=a=1 --append-hash --dry-run=client -o name';
    expect(await printed(line)).toBe('configmap/c-9dtcmmmm5t\n');
  });
});

describe('set', () => {
  test('subjects are added once', async () => {
    const line = 'kubectl set subject rolebinding reader --user=bob';
    expect(await printed(line)).toBe('rolebinding.rbac.authorization.k8s.io/reader subjects updated\n');
    expect(await printed(line)).toBe('');
  });

  test('variables keep their places, and their names are checked', async () => {
    await printed('kubectl set env deploy/web MODE=fancy EXTRA=1');
    expect(await printed('kubectl set env deploy/web --list')).toBe(
      '# Deployment web, container nginx\nMODE=fancy\n# LEVEL from configmap settings, key level\nEXTRA=1\n',
    );
    expect((await run('kubectl set env deploy/web 1A=x')).stderr).toMatch(
      /^error: "1A" is not a valid key name/,
    );
  });
});

describe('apply', () => {
  test('a Pod with mounts of its own is configured each time, one without is unchanged', async () => {
    expect(await printed('kubectl apply -f pod.json')).toBe('pod/solo created\n');
    expect(await printed('kubectl apply -f pod.json')).toBe('pod/solo unchanged\n');
    expect(await printed('kubectl apply -f base.yaml -l app=box')).toBe('pod/box configured\n');
  });

  test('what kubectl applied before it takes over by server-side apply; another manager conflicts', async () => {
    expect(await printed('kubectl apply -f ssa.yaml --server-side')).toBe(
      'deployment.apps/web serverside-applied\n',
    );
    const other = await run('kubectl scale deploy web --replicas=1; kubectl apply -f ssa.yaml --server-side');
    expect(other.stderr).toMatch(
      /^error: Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale"/,
    );
  });

  test('a dry run on the server deletes nothing', async () => {
    expect(await printed('kubectl delete pod solo --dry-run=server')).toBe(
      'pod "solo" deleted (server dry run)\n',
    );
    expect(await printed('kubectl get pod solo -o name')).toBe('pod/solo\n');
  });
});
