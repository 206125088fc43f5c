import { describe, expect, it } from 'vitest';
import type { Flow } from '../../hubble/flow.ts';
import type { HubbleObserver } from '../ports.ts';
import { type MapEntry, portsOf, withCounts } from './policy-counts.ts';

const entry = (more: Partial<MapEntry>): MapEntry => ({
  policy: 'Allow',
  direction: 'Ingress',
  identity: 0,
  port: 'ANY',
  prefix: 0,
  precedence: 1,
  ...more,
});

const packet = (more: Flow, port = 80): Flow => ({
  l4: { TCP: { source_port: 4000, destination_port: port, flags: { SYN: true } } },
  source: { ID: 1, identity: 100 },
  destination: { ID: 2, identity: 200 },
  traffic_direction: 'INGRESS',
  event_type: { type: 5 },
  ...more,
});

const observing = (flows: readonly Flow[]): HubbleObserver =>
  ({ flows: () => flows }) as unknown as HubbleObserver;

describe('packets of policy entries', () => {
  it('reads the ports of an entry', () => {
    expect(portsOf('ANY')).toEqual([0, 65_535, 0]);
    expect(portsOf('80/TCP')).toEqual([80, 80, 6]);
    expect(portsOf('8080-8081/UDP')).toEqual([8080, 8081, 17]);
    expect(portsOf('TCP')).toEqual([0, 65_535, 6]);
  });

  it('counts a refused packet by its verdict and a passing one by its traces', () => {
    const denied = entry({ policy: 'Deny', identity: 100, precedence: 255 });
    const allowed = entry({ identity: 300, port: '80/TCP', prefix: 24 });
    const other = entry({ identity: 400 });
    const found = withCounts(
      [denied, allowed, other],
      2,
      observing([
        packet({ verdict: 'DROPPED' }),
        packet({ verdict: 'DROPPED', event_type: { type: 1 } }),
        packet({ verdict: 'FORWARDED', source: { ID: 1, identity: 300 } }),
        packet({ event_type: { type: 4 }, source: { ID: 1, identity: 300 }, is_reply: false }),
        packet({ event_type: { type: 4 }, source: { ID: 1, identity: 300 }, is_reply: true }),
      ]),
    );
    expect(found.map(({ packets, bytes }) => [packets, bytes])).toEqual([
      [1, 74],
      [1, 74],
      [undefined, undefined],
    ]);
  });

  it('prefers precedence, then the longer prefix, and leaves out what passed before there was a verdict', () => {
    const wide = entry({ identity: 100 });
    const narrow = entry({ identity: 100, port: '80/TCP', prefix: 24 });
    const trace = packet({ event_type: { type: 4 } });
    expect(withCounts([wide, narrow], 2, observing([trace])).map((one) => one.packets)).toEqual([
      undefined,
      undefined,
    ]);
    const judged = packet({ verdict: 'FORWARDED' });
    expect(withCounts([wide, narrow], 2, observing([judged, trace])).map((one) => one.packets)).toEqual([
      undefined,
      1,
    ]);
  });
});
