import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../base/json.ts';
import type { KubeHandler, Kubelet, KubeResponse, WatchCursor } from '../objects/api.ts';
import { Store } from '../store/store.ts';
import { createHandler } from './handler.ts';
import { createSimulation } from '../base/simulation.ts';

function world() {
  const sim = createSimulation(7, Date.UTC(2026, 10, 21, 9, 0, 0));
  const store = new Store(sim.clock);
  store.put('namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'default' },
    spec: { finalizers: ['kubernetes'] },
  });
  const handle = createHandler({
    sim,
    store,
    kubelet: {} as Kubelet,
    worldFacts: { address: '172.18.0.2:6443' },
  });
  return { sim, store, handle };
}

const PODS = '/api/v1/namespaces/default/pods';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';

function post(handle: KubeHandler, path: string, body: Json): KubeResponse {
  return handle({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', 'user-agent': 'kubectl/v1.32' },
    body,
  });
}

function patch(
  handle: KubeHandler,
  path: string,
  format: string,
  body: Json,
  query: Record<string, string> = {},
): KubeResponse {
  return handle({
    method: 'PATCH',
    path,
    query,
    headers: { 'content-type': `application/${format}`, 'user-agent': 'kubectl/v1.32' },
    body,
  });
}

function bodyOf(response: KubeResponse): JsonObject {
  if (response.kind !== 'json') throw new Error(`a JSON answer, not ${response.kind}`);
  return response.body;
}

function watchOf(response: KubeResponse): WatchCursor {
  if (response.kind !== 'watch') throw new Error(`a watch, not ${response.kind}`);
  return response.watch;
}

const pod = (name: string, labels: Record<string, string> = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels },
  spec: { containers: [{ name: 'c', image: 'nginx' }] },
});

const deployment = (): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'nginx:1.27', ports: [{ containerPort: 80 }] }] },
    },
  },
});

test('reading changes nothing: neither revision nor chance', () => {
  const { sim, store, handle } = world();
  post(handle, PODS, pod('a'));
  const before = [store.revision, JSON.stringify(sim.random.state())];
  for (const path of [PODS, `${PODS}/a`, '/apis', '/api/v1', '/version', `${PODS}/nope`, '/openapi/v3']) {
    handle({
      method: 'GET',
      path,
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' },
    });
  }
  expect([store.revision, JSON.stringify(sim.random.state())]).toEqual(before);
});

test('a dry run shows the object and stores nothing', () => {
  const { store, handle } = world();
  const answer = handle({ method: 'POST', path: PODS, query: { dryRun: 'All' }, body: pod('a') });
  expect(bodyOf(answer)).toMatchObject({ metadata: { name: 'a' }, spec: { dnsPolicy: 'ClusterFirst' } });
  expect(store.get('pods', 'default', 'a')).toBeUndefined();
});

describe('watch', () => {
  test('sends what matches the selector, and DELETED when an object stops matching', () => {
    const { handle } = world();
    post(handle, PODS, pod('a', { app: 'x' }));
    const watch = watchOf(
      handle({ method: 'GET', path: PODS, query: { watch: 'true', labelSelector: 'app=x' } }),
    );
    const names = () =>
      watch.take().map((event) => [event.type, (event.object['metadata'] as { name: string }).name]);
    expect(names()).toEqual([['ADDED', 'a']]);
    post(handle, PODS, pod('b', { app: 'y' }));
    expect(watch.pending()).toBe(false);
    post(handle, PODS, pod('c', { app: 'x' }));
    patch(handle, `${PODS}/a`, 'merge-patch+json', { metadata: { labels: { app: 'z' } } });
    expect(names()).toEqual([
      ['ADDED', 'c'],
      ['DELETED', 'a'],
    ]);
  });

  test('from a revision sends only what came after, and ends by the clock', () => {
    const { sim, store, handle } = world();
    post(handle, PODS, pod('a'));
    const query = { watch: '1', resourceVersion: String(store.revision), timeoutSeconds: '5' };
    const watch = watchOf(handle({ method: 'GET', path: PODS, query }));
    expect(watch.pending()).toBe(false);
    handle({ method: 'DELETE', path: `${PODS}/a` });
    expect(watch.take().map((event) => event.type)).toEqual(['DELETED']);
    sim.clock.advanceTo(sim.clock.nowMs + 5000);
    expect(watch.ended()).toBe(true);
  });
});

describe('patches', () => {
  test('a strategic merge patch merges containers by name and ports by number', () => {
    const { handle } = world();
    post(handle, DEPLOYMENTS, deployment());
    const containers = [
      { name: 'web', image: 'nginx:1.28' },
      { name: 'side', image: 'busybox' },
    ];
    const body = bodyOf(
      patch(handle, `${DEPLOYMENTS}/web`, 'strategic-merge-patch+json', {
        spec: { template: { spec: { containers } } },
      }),
    );
    expect(body).toMatchObject({
      metadata: { generation: 2 },
      spec: {
        template: {
          spec: {
            containers: [
              { name: 'web', image: 'nginx:1.28', ports: [{ containerPort: 80 }] },
              { name: 'side', imagePullPolicy: 'Always' },
            ],
          },
        },
      },
    });
  });

  test('$patch: delete removes an item, null a member', () => {
    const { handle } = world();
    post(handle, PODS, { ...pod('a', { app: 'x', role: 'y' }) });
    patch(handle, `${PODS}/a`, 'strategic-merge-patch+json', { metadata: { labels: { role: null } } });
    expect(bodyOf(handle({ method: 'GET', path: `${PODS}/a` }))).toMatchObject({
      metadata: { labels: { app: 'x' } },
    });
  });

  test('a patch that changes nothing commits nothing', () => {
    const { store, handle } = world();
    post(handle, DEPLOYMENTS, deployment());
    const { revision } = store;
    patch(handle, `${DEPLOYMENTS}/web`, 'strategic-merge-patch+json', { spec: { replicas: 1 } });
    patch(handle, `${DEPLOYMENTS}/web`, 'merge-patch+json', {});
    expect(store.revision).toBe(revision);
  });
});

describe('server-side apply', () => {
  const apply = (handle: KubeHandler, body: JsonObject, query: Record<string, string> = {}) =>
    patch(handle, `${DEPLOYMENTS}/web`, 'apply-patch+yaml', body, { fieldManager: 'kubectl', ...query });

  test('applying twice changes nothing; a field no longer named goes', () => {
    const { store, handle } = world();
    const labelled = { ...deployment(), metadata: { name: 'web', labels: { a: '1', b: '2' } } };
    expect(apply(handle, labelled).status).toBe(201);
    const { revision } = store;
    expect(apply(handle, labelled).status).toBe(200);
    expect(store.revision).toBe(revision);
    const fewer = bodyOf(apply(handle, { ...deployment(), metadata: { name: 'web', labels: { a: '1' } } }));
    expect((fewer['metadata'] as JsonObject)['labels']).toEqual({ a: '1' });
  });

  test('a value that another manager wrote is a conflict unless forced', () => {
    const { handle } = world();
    apply(handle, deployment());
    patch(
      handle,
      `${DEPLOYMENTS}/web`,
      'merge-patch+json',
      { spec: { replicas: 3 } },
      { fieldManager: 'kubectl-scale' },
    );
    const asked = { ...deployment(), spec: { ...(deployment()['spec'] as JsonObject), replicas: 5 } };
    const refused = bodyOf(apply(handle, asked));
    expect(refused['message']).toBe(
      'Apply failed with 1 conflict: conflict with "kubectl-scale" using apps/v1: .spec.replicas',
    );
    expect(bodyOf(apply(handle, asked, { force: 'true' }))).toMatchObject({ spec: { replicas: 5 } });
  });
});

describe('hostile input', () => {
  test('never reaches a prototype', () => {
    const { handle } = world();
    const body = JSON.parse(
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"__proto__":"x"}},"data":{"__proto__":"y","k":"v"},"__proto__":{"polluted":1}}',
    ) as JsonObject;
    post(handle, '/api/v1/namespaces/default/configmaps', body);
    patch(handle, '/api/v1/namespaces/default/configmaps/a', 'json-patch+json', [
      { op: 'add', path: '/__proto__/polluted', value: 1 },
    ]);
    patch(
      handle,
      '/api/v1/namespaces/default/configmaps/a',
      'merge-patch+json',
      JSON.parse('{"data":{"__proto__":{"polluted":"1"}}}') as Json,
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(
      bodyOf(handle({ method: 'GET', path: '/api/v1/namespaces/default/configmaps/a' }))['data'],
    ).toEqual({ k: 'v' });
  });

  test('is bounded in size, and odd paths are answered', () => {
    const { handle } = world();
    const big = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a' },
      data: { k: 'x'.repeat(3_200_000) },
    };
    expect(bodyOf(post(handle, '/api/v1/namespaces/default/configmaps', big))).toMatchObject({
      code: 413,
      message: 'Request entity too large: limit is 3145728',
    });
    for (const path of [
      '/api/v1/namespaces/default/pods/%zz',
      '/apis//x',
      '/api/v1/constructor',
      '/apis/__proto__/v1/x',
    ]) {
      expect(handle({ method: 'GET', path }).status).toBe(404);
    }
  });
});

describe('namespaces', () => {
  test('take no new objects while they end, and the system ones stay', () => {
    const { store, handle } = world();
    post(handle, '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lab' } });
    expect(bodyOf(handle({ method: 'DELETE', path: '/api/v1/namespaces/lab' }))).toMatchObject({
      status: { phase: 'Terminating' },
    });
    const refused = bodyOf(
      post(handle, '/api/v1/namespaces/lab/configmaps', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'x' },
      }),
    );
    expect(refused['message']).toBe(
      'configmaps "x" is forbidden: unable to create new content in namespace lab because it is being terminated',
    );
    expect(bodyOf(handle({ method: 'DELETE', path: '/api/v1/namespaces/default' }))['code']).toBe(403);
    handle({ method: 'PUT', path: '/api/v1/namespaces/lab/finalize', body: { spec: { finalizers: [] } } });
    expect(store.get('namespaces', undefined, 'lab')).toBeUndefined();
  });
});

test('impersonated users do what roles allow', () => {
  const { handle } = world();
  const bob = { 'impersonate-user': 'bob' };
  expect(bodyOf(handle({ method: 'GET', path: PODS, headers: bob }))['code']).toBe(403);
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
  const api = { apiVersion: 'rbac.authorization.k8s.io/v1' };
  post(handle, `${rbac}/roles`, {
    ...api,
    kind: 'Role',
    metadata: { name: 'r' },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
  });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' };
  post(handle, `${rbac}/rolebindings`, {
    ...api,
    kind: 'RoleBinding',
    metadata: { name: 'b' },
    roleRef,
    subjects: [{ kind: 'User', name: 'bob' }],
  });
  expect(handle({ method: 'GET', path: PODS, headers: bob }).status).toBe(200);
  expect(handle({ method: 'DELETE', path: `${PODS}/a`, headers: bob }).status).toBe(403);
});

test('schemas say how lists merge and which parameters writes take', () => {
  const { handle } = world();
  const document = bodyOf(handle({ method: 'GET', path: '/openapi/v3/apis/apps/v1' }));
  const schemas = (
    document['components'] as { schemas: Record<string, { properties: Record<string, JsonObject> }> }
  ).schemas;
  expect(schemas['io.k8s.api.core.v1.PodSpec']?.properties['containers']).toMatchObject({
    type: 'array',
    'x-kubernetes-patch-merge-key': 'name',
  });
  expect(schemas['io.k8s.api.apps.v1.Deployment']).toHaveProperty('x-kubernetes-group-version-kind');
  const cilium = bodyOf(handle({ method: 'GET', path: '/openapi/v3/apis/cilium.io/v2' }));
  expect(JSON.stringify(cilium)).toContain('endpointSelector');
});
