import { describe, expect, test, vi } from 'vitest';
import { nodeRealm } from '../../e2e/runtime/realms.ts';
import { ciliumObjects, DEFAULT_CILIUM } from '../cluster/boot-cilium.ts';
import { labNow } from './testdata/labs.ts';
import { replayed } from './testdata/replayed.ts';
import { Typist } from './testdata/typist.ts';

vi.setConfig({ testTimeout: 120_000 });

describe('clusters that come and go', () => {
  test('replay to the same hash, with Cilium in one and the other deleted', async () => {
    const bundle = labNow('workstation');
    const typist = await Typist.open(bundle, 3, 'dumb');
    const hashes = [typist.sandbox.hash()];
    const { home } = typist.sandbox.workplace.workstation;
    const items = ciliumObjects(DEFAULT_CILIUM, '2026-01-15T09:00:00Z').map(([, object]) => object);
    const manifest = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    typist.input({ kind: 'save', path: `${home}/cilium.json`, content: manifest });
    const config =
      'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnetworking: {disableDefaultCNI: true}\n';
    typist.input({ kind: 'save', path: `${home}/kind.yaml`, content: config });
    const lines = [
      'kind create cluster --config kind.yaml',
      'kubectl create -f cilium.json > created',
      'kubectl -n kube-system rollout status ds/cilium --timeout=300s',
      'kind create cluster --name two',
      'kubectl create deployment web --image nginx:alpine; kubectl rollout status deploy/web --timeout=90s',
      'kubectl --context kind-kind get ciliumnodes -o name > nodes; kubectl get pods -o name | wc -l >> nodes',
      'kind delete cluster --name two',
    ];
    for (const line of lines) {
      await typist.type(line);
      hashes.push(typist.sandbox.hash());
    }
    expect(new Set(hashes).size).toBe(hashes.length);
    const { files } = typist.sandbox.workplace.workstation;
    expect(files.read(`${home}/nodes`)).toEqual({ content: 'ciliumnode.cilium.io/kind-control-plane\n1\n' });
    const hash = typist.sandbox.hash();
    const outcome = { hash, solved: [], faithful: true };
    expect(await replayed(bundle, typist.history())).toEqual(outcome);
    const realm = await nodeRealm();
    const history = { ...typist.history(), lab: 'workstation' };
    expect(await realm.replay({ workstation: bundle }, [history])).toEqual([outcome]);
    await realm.close();
  });

  test('a terminal that can is shown a spinner, and colours', async () => {
    const typist = await Typist.open(labNow('workstation'), 4);
    let shown = '';
    typist.sandbox.terminalOf(1).onOutput = (piece) => {
      shown += piece.text;
    };
    await typist.type('kind create cluster');
    expect(shown).toContain('\x1b[?7l\r⠈⠁ Starting control-plane 🕹️ \x1b[?7h');
    expect(shown).toContain('\r \x1b[32m✓\x1b[0m Starting control-plane 🕹️\n');
    expect(shown).not.toContain('•');
    shown = '';
    await typist.type('kind create cluster');
    expect(shown).toContain('\x1b[31mERROR\x1b[0m: failed to create cluster: node(s) already exist');
  });
});
