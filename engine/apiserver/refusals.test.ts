import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { JsonObject } from '../base/json.ts';
import type { Kubelet, KubeObject } from '../objects/api.ts';
import { Store } from '../store/store.ts';
import { createHandler } from './handler.ts';
import { createSimulation } from '../base/simulation.ts';
import { kindOfObject } from '../objects/kinds.ts';

// Manifests with one fault each, and what the real kubectl printed about them. Messages that kubectl's own checks gave
// before any request are not among them.
type Refusal = {
  readonly file: string;
  readonly verb: string;
  readonly objects: readonly KubeObject[];
  readonly stderr: string;
};
const REFUSALS = readFileSync(new URL('testdata/refusals.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Refusal);

function world() {
  const sim = createSimulation(1, Date.UTC(2026, 10, 21, 9, 0, 0));
  const store = new Store(sim.clock);
  store.put('namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'default' },
    status: { phase: 'Active' },
  });
  const handle = createHandler({
    sim,
    store,
    kubelet: {} as Kubelet,
    worldFacts: { address: '172.18.0.2:6443' },
  });
  post(handle, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web-np', namespace: 'default' },
    spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] },
  });
  return handle;
}

function post(handle: ReturnType<typeof createHandler>, object: KubeObject) {
  const kind = kindOfObject(object) ?? kindOfObject({ apiVersion: object.apiVersion, kind: 'Deployment' });
  if (kind === undefined) return undefined;
  const namespace = kind.isNamespaced ? `namespaces/${object.metadata.namespace ?? 'default'}/` : '';
  const prefix = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  return handle({
    method: 'POST',
    path: `${prefix}/${namespace}${kind.plural}`,
    query: { fieldManager: 'kubectl-client-side-apply', fieldValidation: 'Strict' },
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: object as JsonObject,
  });
}

// As kubectl prints a Status (kubectl/pkg/cmd/util, StandardErrorMessage).
function printed(file: string, status: JsonObject): string {
  const details = (status['details'] ?? {}) as {
    name?: string;
    kind?: string;
    causes?: { field: string; message: string }[];
  };
  if (status['reason'] === 'Invalid') {
    const lines = [...new Set((details.causes ?? []).map((cause) => `${cause.field}: ${cause.message}`))];
    const list = lines.length === 1 ? lines[0] : `\n${lines.map((line) => `* ${line}`).join('\n')}`;
    return `The ${details.kind} "${details.name ?? ''}" is invalid: ${list}\n`;
  }
  return `Error from server (${String(status['reason'])}): error when creating "${file}": ${String(status['message'])}\n`;
}

for (const { file, objects, stderr } of REFUSALS) {
  test(`${file} is refused in the real words`, () => {
    const handle = world();
    const answers = objects
      .map((object) => post(handle, object))
      .filter((answer) => answer?.kind === 'json' && answer.status >= 400);
    const shown = answers
      .map((answer) => (answer?.kind === 'json' ? printed(file, answer.body) : ''))
      .join('');
    expect(shown).toBe(stderr);
  });
}

// Objects with one fault each, and what Kubernetes 1.32's own validation (k8s.io/kubernetes/pkg/apis) says of them.
test('single fields are refused as the validation of Kubernetes refuses them', () => {
  const handle = world();
  const lines = readFileSync(new URL('testdata/invalid-objects.jsonl', import.meta.url), 'utf8').trimEnd();
  for (const line of lines.split('\n')) {
    const { object, causes } = JSON.parse(line) as { object: KubeObject; causes: string[] };
    const answer = post(handle, object);
    const details = answer?.kind === 'json' ? answer.body['details'] : undefined;
    const found = (details as { causes?: { field: string; message: string }[] } | undefined)?.causes ?? [];
    // The same cause twice is told once.
    const told = new Set(found.map((cause) => `${cause.field}: ${cause.message}`));
    expect([JSON.stringify(object), [...told]]).toEqual([JSON.stringify(object), [...new Set(causes)]]);
  }
});
