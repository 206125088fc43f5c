import { expect, test } from 'vitest';
import { createSimulation } from '../base/simulation.ts';
import { Store } from './store.ts';
import { createObject, deleteObject, updateObject, updateStatus } from './registry.ts';

const EPOCH = Date.UTC(2026, 10, 21, 9, 0, 0);

function world() {
  const sim = createSimulation(1, EPOCH);
  return { sim, store: new Store(sim.clock) };
}

const configMap = (name: string, namespace = 'default') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { a: '1' },
});

test('objects list in the order of their keys and the log has every change', () => {
  const { sim, store } = world();
  for (const name of ['b', 'a', 'c']) createObject(sim, store, 'configmaps', configMap(name));
  createObject(sim, store, 'configmaps', configMap('z', 'alpha'));
  expect(store.list('configmaps', 'default').map((o) => o.metadata.name)).toEqual(['a', 'b', 'c']);
  expect(store.list('configmaps').map((o) => o.metadata.name)).toEqual(['z', 'a', 'b', 'c']);
  store.remove('configmaps', 'default', 'b');
  expect(store.eventsSince(3).map((e) => [e.revision, e.type, e.object.metadata.name])).toEqual([
    [4, 'put', 'z'],
    [5, 'remove', 'b'],
  ]);
});

test('stored objects are frozen, snapshots and forks are independent', () => {
  const { sim, store } = world();
  const stored = createObject(sim, store, 'configmaps', configMap('a'));
  expect(() => {
    (stored as unknown as { data: { a: string } }).data.a = '2';
  }).toThrow();
  const fork = store.fork();
  const kept = store.snapshot();
  store.remove('configmaps', 'default', 'a');
  expect(fork.get('configmaps', 'default', 'a')).toBe(stored);
  store.restore(kept);
  expect(store.get('configmaps', 'default', 'a')).toBe(stored);
});

test('an update without a change commits nothing; a stale one conflicts', () => {
  const { sim, store } = world();
  const first = createObject(sim, store, 'configmaps', configMap('a'));
  expect(updateObject(store, 'configmaps', configMap('a'))).toBe(first);
  updateObject(store, 'configmaps', { ...configMap('a'), data: { a: '2' } });
  expect(() => updateObject(store, 'configmaps', first)).toThrow('the object has been modified');
  expect(store.revision).toBe(2);
});

test('generation counts specs, not statuses', () => {
  const { sim, store } = world();
  const policy = {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name: 'p', namespace: 'default' },
    spec: { endpointSelector: {} },
  };
  createObject(sim, store, 'ciliumnetworkpolicies.cilium.io', policy);
  updateStatus(store, 'ciliumnetworkpolicies.cilium.io', { ...policy, status: { conditions: [] } });
  const changed = updateObject(store, 'ciliumnetworkpolicies.cilium.io', {
    ...policy,
    spec: { endpointSelector: {}, ingress: [] },
  });
  expect(changed.metadata.generation).toBe(2);
  expect(changed['status']).toEqual({ conditions: [] });
});

test('a running pod gets its grace period, then goes', () => {
  const { sim, store } = world();
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'web-', name: '', namespace: 'default' },
    spec: { nodeName: 'n', terminationGracePeriodSeconds: 5, containers: [] },
  };
  const { name } = createObject(sim, store, 'pods', pod).metadata;
  expect(name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  const marked = deleteObject(sim, store, 'pods', 'default', name);
  expect(marked).toMatchObject({
    isGone: false,
    object: { metadata: { deletionTimestamp: '2026-11-21T09:00:05Z' } },
  });
  expect(deleteObject(sim, store, 'pods', 'default', name, { graceSeconds: 0 }).isGone).toBe(true);
  expect(store.get('pods', 'default', name)).toBeUndefined();
});

test('the last finalizer holds an object', () => {
  const { sim, store } = world();
  const held = createObject(sim, store, 'configmaps', {
    ...configMap('a'),
    metadata: { name: 'a', namespace: 'default', finalizers: ['x/y'] },
  });
  const { object } = deleteObject(sim, store, 'configmaps', 'default', 'a');
  expect(object.metadata.deletionTimestamp).toBe('2026-11-21T09:00:00Z');
  const { finalizers: _, ...metadata } = object.metadata;
  updateObject(store, 'configmaps', { ...held, metadata });
  expect(store.get('configmaps', 'default', 'a')).toBeUndefined();
});
