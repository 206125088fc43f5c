import { describe, expect, it } from 'vitest';
import { Stream } from '../../base/stream.ts';
import type { Process } from '../../shell/program.ts';
import type { HubbleObserver, Ports } from '../ports.ts';
import { hubbleProgram } from './hubble.ts';

const OBSERVER = {
  status: () => ({
    numFlows: 8190,
    maxFlows: 8190,
    seenFlows: 1_234_567,
    uptimeNs: 12_345_000_000_000,
    connectedNodes: 2,
    unavailableNodes: ['default/kind-control-plane'],
    version: 'hubble-relay v1.20.2',
    flowsRate: 12.3456,
  }),
  nodes: () => [
    {
      name: 'default/kind-worker2',
      version: '1.20.2',
      address: '172.18.0.4:4244',
      state: 'NODE_CONNECTED',
      uptimeNs: 12_345_000_000_000,
      numFlows: 4095,
      maxFlows: 4095,
      seenFlows: 99_999,
    },
    {
      name: 'default/kind-worker',
      version: '1.20.2',
      address: '172.18.0.3:4244',
      state: 'NODE_CONNECTED',
      uptimeNs: 90_000_000_000,
      numFlows: 106,
      maxFlows: 4095,
      seenFlows: 106,
    },
  ],
  namespaces: () =>
    ['default', 'kube-system', 'shop'].map((namespace) => ({ namespace, cluster: 'default' })),
  flows: () => [],
  follow: () => ({ pending: () => false, take: () => [], ended: () => true, stop: () => {} }),
} satisfies HubbleObserver;

async function run(words: string, observer: HubbleObserver | undefined = OBSERVER): Promise<string> {
  let text = '';
  const write = async (part: string): Promise<void> => void (text += part);
  const sys = {
    pid: 1,
    nowMs: () => Date.UTC(2026, 0, 15),
    sleep: async () => {},
    until: async () => true,
    burn: async () => {},
  };
  const process = {
    argv: words.split(' '),
    env: new Map(),
    cwd: '/home/learner',
    machine: { home: '/home/learner' },
    sys,
    stdin: new Stream(),
    out: write,
    err: write,
    tty: () => undefined,
    run: async () => 0,
  } as unknown as Process;
  const ports = {
    kube: undefined,
    network: () => undefined,
    agent: () => undefined,
    observer: () => observer,
    host: () => undefined,
  } as unknown as Ports;
  const code = await hubbleProgram(ports)(process);
  return `${text}[rc=${code}]`;
}

const REFUSED =
  'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:4245: connect: connection refused"\n[rc=1]';

describe('hubble, as recorded', () => {
  it('status', async () => {
    expect(await run('hubble status')).toBe(
      'Healthcheck (via localhost:4245): Ok\nCurrent/Max Flows: 8,190/8,190 (100.00%)\nFlows/s: 12.35\nConnected Nodes: 2/3\nUnavailable Nodes: 1\n  - default/kind-control-plane\n[rc=0]',
    );
    expect(await run('hubble status -o dict')).toBe(
      '          NUM FLOWS: 8,190\n          MAX FLOWS: 8,190\n         SEEN FLOWS: 1,234,567\n   FLOWS PER SECOND: 12.35\n             UPTIME: 3h25m45s\nNUM CONNECTED NODES: 2\n NUM UNAVAIL. NODES: 1\n            VERSION: hubble-relay v1.20.2\n[rc=0]',
    );
    expect(await run('hubble status -o json')).toBe(
      '{"num_flows":"8190","max_flows":"8190","seen_flows":"1234567","uptime_ns":"12345000000000","num_connected_nodes":2,"num_unavailable_nodes":1,"unavailable_nodes":["default/kind-control-plane"],"version":"hubble-relay v1.20.2","flows_rate":12.3456}\n[rc=0]',
    );
    expect(await run('hubble status -o bogus')).toBe('invalid output format: bogus\n[rc=1]');
  });

  it('list', async () => {
    expect(await run('hubble list nodes')).toBe(
      'NAME                   STATUS      AGE        FLOWS/S   CURRENT/MAX-FLOWS\ndefault/kind-worker    Connected   1m30s      1.18      106/4095 (  2.59%)\ndefault/kind-worker2   Connected   3h25m45s   8.10      4095/4095 (100.00%)\n[rc=0]',
    );
    expect(await run('hubble list namespaces -o wide')).toBe(
      'NAMESPACE     CLUSTER\ndefault       default\nkube-system   default\nshop          default\n[rc=0]',
    );
  });

  it('without a server', async () => {
    const none = async (words: string): Promise<string> => run(words, null as unknown as undefined);
    expect(await none('hubble observe bogus')).toBe(REFUSED);
    expect(await none('hubble list nodes')).toBe(REFUSED);
    expect(await none('hubble status extra')).toBe(`failed getting status: ${REFUSED}`);
  });

  it('version, config and unknown commands', async () => {
    expect(await run('hubble version')).toBe('hubble v1.20.2 compiled with go1.26.8 on linux/amd64\n[rc=0]');
    expect(await run('hubble config get server')).toBe('localhost:4245\n[rc=0]');
    expect(await run('hubble config get nope')).toBe('unknown key: nope\n[rc=1]');
    expect(await run('hubble config view')).toContain(
      'port-forward-port: "4245"\nrequest-timeout: 12s\nserver: localhost:4245\n',
    );
    expect(await run('hubble frobnicate')).toBe('unknown command "frobnicate" for "hubble"\n[rc=1]');
    expect(await run('hubble observe --bogus-flag')).toBe('unknown flag: --bogus-flag\n[rc=1]');
  });
});
