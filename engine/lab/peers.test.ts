import { expect, test } from 'vitest';
import { tryProbe } from './peers.ts';
import type { Attempt, ClusterView, PodView } from './view.ts';

const pod = (name: string, role: string, likeness?: string): PodView => ({
  key: `default/${name}`,
  namespace: 'default',
  name,
  labels: { role },
  address: '10.0.0.1',
  ports: [80],
  ...(likeness === undefined ? {} : { likeness }),
});

/** A cluster of pods whose answers a test decides, and the attempts that were made on it. */
function viewOf(pods: readonly PodView[], outcome: (attempt: Attempt) => 'ok' | 'refused' = () => 'ok') {
  const attempts: Attempt[] = [];
  const view: ClusterView = {
    pods: () => pods,
    services: () => [],
    policies: () => [],
    hostAddresses: () => [],
    nameAddresses: () => [],
    exists: () => false,
    attempt: (attempt) => {
      attempts.push(attempt);
      return { outcome: outcome(attempt) };
    },
  };
  return { view, attempts };
}

test('of pods that are alike one pair stands for all', () => {
  const { view, attempts } = viewOf([
    pod('a1', 'a', '#0'),
    pod('a2', 'a', '#0'),
    pod('a3', 'a', '#0'),
    pod('b1', 'b', '#1'),
    pod('b2', 'b', '#1'),
  ]);
  expect(tryProbe(view, { from: 'role=a', to: 'role=b', expect: 'ok' }).outcome).toBe('ok');
  expect(attempts).toHaveLength(1);
});

test('alike pods still talk to one another, never to themselves', () => {
  const { view, attempts } = viewOf([pod('a1', 'a', '#0'), pod('a2', 'a', '#0'), pod('a3', 'a', '#0')]);
  tryProbe(view, { from: 'role=a', to: 'role=a', expect: 'ok' });
  expect(attempts.map(({ from, to }) => [from, to])).toEqual([
    [{ pod: 'default/a1' }, { pod: 'default/a2' }],
  ]);
});

test('a pod that is like no other is tried, and an answer that differs is seen', () => {
  const pods = [pod('a1', 'a', '#0'), pod('b1', 'b', '#1'), pod('b2', 'b', '#2'), pod('b3', 'b')];
  const { view, attempts } = viewOf(pods, ({ to }) =>
    'pod' in to && to.pod === 'default/b3' ? 'refused' : 'ok',
  );
  expect(tryProbe(view, { from: 'role=a', to: 'role=b', expect: 'ok' }).outcome).toBe('mixed');
  expect(attempts).toHaveLength(3);
});
