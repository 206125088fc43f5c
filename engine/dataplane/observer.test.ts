import { describe, expect, it } from 'vitest';
import { LIMITS } from '../base/limits.ts';
import type { Flow } from '../hubble/flow.ts';
import { FlowRing } from '../hubble/ring.ts';
import { RelayObserver } from './observer.ts';
import type { FlowWriter } from './flow-writer.ts';

/** Rings that a test fills by hand. */
function world() {
  const rings = new Map([
    ['a', new FlowRing()],
    ['b', new FlowRing()],
  ]);
  const flows = { rings, clusterName: 'default', count: 0 };
  const push = (node: string, at: number, more: Partial<Flow> = {}): void => {
    flows.count++;
    const time = new Date(Date.UTC(2026, 0, 15) + at).toISOString();
    rings.get(node)?.push({ time, uuid: `${node}${at}`, verdict: 'FORWARDED', ...more });
  };
  const observer = new RelayObserver({
    nowMs: () => Date.UTC(2026, 0, 15, 1),
    nodes: () =>
      ['a', 'b'].map((name) => ({ name, address: '172.18.0.2', startedMs: Date.UTC(2026, 0, 15) })),
    flows: flows as unknown as FlowWriter,
  });
  return { observer, push };
}

const ALL = { whitelist: [], blacklist: [] };

describe('the relay over the rings', () => {
  it('sorts flows of several nodes by time and takes the newest or the oldest that match', () => {
    const { observer, push } = world();
    push('b', 2);
    push('a', 1);
    push('a', 3, { verdict: 'DROPPED' });
    const ids = (request: Parameters<RelayObserver['flows']>[0]) =>
      observer.flows(request).map((flow) => flow.uuid);
    expect(ids(ALL)).toEqual(['a1', 'b2', 'a3']);
    expect(ids({ ...ALL, number: 2 })).toEqual(['b2', 'a3']);
    expect(ids({ ...ALL, number: 1, first: true })).toEqual(['a1']);
    expect(ids({ ...ALL, whitelist: [{ verdict: ['FORWARDED'] }], number: 1 })).toEqual(['b2']);
    expect(ids({ ...ALL, sinceMs: Date.UTC(2026, 0, 15) + 2 })).toEqual(['b2', 'a3']);
  });

  it('keeps 4,095 flows a node and tells a follower what it missed', () => {
    const { observer, push } = world();
    const cursor = observer.follow(ALL);
    for (let i = 0; i < LIMITS.hubbleFlowsMax + 5; i++) push('a', i);
    expect(LIMITS.hubbleFlowsMax).toBe(4095);
    expect(cursor.take()).toHaveLength(4095);
    expect(cursor.lost()).toEqual([{ node: 'default/a', count: 5 }]);
    expect(cursor.lost()).toEqual([]);
    expect(observer.status()).toMatchObject({
      numFlows: 4095,
      maxFlows: 8190,
      seenFlows: 4100,
      connectedNodes: 2,
    });
    expect(observer.nodes()[0]).toMatchObject({
      name: 'default/a',
      tls: { enabled: true, serverName: 'a.default.hubble-grpc.cilium.io' },
    });
    expect(observer.ofNode('b').status()).toMatchObject({
      numFlows: 0,
      version: 'cilium v1.20.2',
      connectedNodes: 0,
    });
  });

  it('follows from now on', () => {
    const { observer, push } = world();
    push('a', 1);
    const cursor = observer.follow({ whitelist: [{ verdict: ['DROPPED'] }], blacklist: [] });
    expect(cursor.pending()).toBe(false);
    push('b', 3, { verdict: 'DROPPED' });
    push('a', 2);
    expect(cursor.pending()).toBe(true);
    expect(cursor.take().map((flow) => flow.uuid)).toEqual(['b3']);
  });
});
