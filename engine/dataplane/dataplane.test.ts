import { describe, expect, it } from 'vitest';
import type { Sys } from '../base/process.ts';
import type { Network } from '../net/socket.ts';
import { testWorld } from './world.cases.ts';

const get = (path: string, host = 'web'): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: test\r\nConnection: close\r\n\r\n`;

async function fetchText(
  sys: Sys,
  network: Network,
  to: { address: string; port: number },
  text: string,
): Promise<string> {
  const result = await network.connect(sys, to, 3000);
  if (result.kind !== 'connected') return result.kind;
  await result.connection.send(sys, text);
  let all = '';
  for (;;) {
    const next = await result.connection.receive(sys, 3000);
    if (next.kind !== 'data') {
      result.connection.close();
      return all === '' ? next.kind : all;
    }
    all += next.text;
  }
}

function policy(name: string, spec: unknown): unknown {
  return {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name, namespace: 'default' },
    spec,
  };
}

const DENY = { endpointSelector: { matchLabels: { app: 'web' } }, ingress: [{}] };

describe('TCP', () => {
  it('reaches a Service through its backend and leaves the flows of an open connection', async () => {
    const w = testWorld();
    const client = w.dataplane.networkOfPod('default/client');
    const answer = await w.run((sys) =>
      fetchText(sys, client, { address: '10.244.1.20', port: 80 }, get('/')),
    );
    expect(answer).toContain('Welcome to nginx!');
    expect(w.flows()).toEqual([
      'worker 4:0 FORWARDED -> INGRESS TCP Flags: SYN',
      'worker 4:0 FORWARDED <- EGRESS TCP Flags: SYN, ACK',
      'worker 4:0 FORWARDED -> INGRESS TCP Flags: ACK',
      'worker 4:0 FORWARDED -> INGRESS TCP Flags: ACK, PSH',
      'worker 4:0 FORWARDED <- EGRESS TCP Flags: ACK, PSH',
      'worker 4:0 FORWARDED <- EGRESS TCP Flags: ACK, FIN',
      'worker 4:0 FORWARDED -> INGRESS TCP Flags: ACK, FIN',
    ]);
  });

  it('crosses nodes by the overlay and translates at connect()', async () => {
    const w = testWorld();
    w.store.remove('endpointslices.discovery.k8s.io', 'default', 'web-x');
    w.store.put('endpointslices.discovery.k8s.io', {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'default', name: 'web-x', labels: { 'kubernetes.io/service-name': 'web' } },
      ports: [{ name: '', port: 80, protocol: 'TCP' }],
      endpoints: [{ addresses: ['10.244.0.21'], conditions: { ready: true } }],
    });
    const client = w.dataplane.networkOfPod('default/client');
    await w.run((sys) => fetchText(sys, client, { address: '10.96.0.80', port: 8080 }, get('/')));
    expect(w.flows().slice(0, 7)).toEqual([
      'worker 7:1 TRACED <> - TCP',
      'worker 7:2 TRANSLATED <> - TCP',
      'worker 4:4 FORWARDED -> EGRESS TCP Flags: SYN',
      'cp 4:0 FORWARDED -> INGRESS TCP Flags: SYN',
      'cp 4:4 FORWARDED <- INGRESS TCP Flags: SYN, ACK',
      'worker 4:0 FORWARDED <- EGRESS TCP Flags: SYN, ACK',
      'worker 4:4 FORWARDED -> EGRESS TCP Flags: ACK',
    ]);
  });

  it('lets a denied connect time out and shows each SYN', async () => {
    const w = testWorld();
    w.apply(policy('deny', DENY));
    const client = w.dataplane.networkOfPod('default/client');
    const startMs = w.sim.clock.nowMs;
    const answer = await w.run((sys) =>
      fetchText(sys, client, { address: '10.244.1.20', port: 80 }, get('/')),
    );
    expect(answer).toBe('timeout');
    expect(w.sim.clock.nowMs - startMs).toBe(3000);
    expect(w.flows()).toEqual(
      Array(3)
        .fill([
          'worker 5:0 DROPPED <> INGRESS TCP Flags: SYN',
          'worker 1:133 DROPPED <> INGRESS TCP Flags: SYN',
        ])
        .flat(),
    );
  });

  it('gives up as the kernel does', async () => {
    const w = testWorld();
    w.apply(policy('deny', DENY));
    const client = w.dataplane.networkOfPod('default/client');
    const startMs = w.sim.clock.nowMs;
    const result = await w.run((sys) => client.connect(sys, { address: '10.244.1.20', port: 80 }));
    expect(result.kind).toBe('timeout');
    expect(w.sim.clock.nowMs - startMs).toBe(134_900);
    expect(w.flows().length).toBe(22);
  });

  it('refuses closed ports, has no route to an empty Service, loses packets to nowhere', async () => {
    const w = testWorld();
    const client = w.dataplane.networkOfPod('default/client');
    const kinds = await w.run(async (sys) => [
      (await client.connect(sys, { address: '10.244.1.20', port: 81 }, 1000)).kind,
      (await client.connect(sys, { address: '10.96.0.81', port: 80 }, 1000)).kind,
      (await client.connect(sys, { address: '203.0.113.200', port: 80 }, 1000)).kind,
      (
        await w.dataplane
          .networkOfHost('workstation')
          .connect(sys, { address: '10.96.0.80', port: 8080 }, 1000)
      ).kind,
    ]);
    expect(kinds).toEqual(['refused', 'unreachable', 'timeout', 'timeout']);
  });

  it('takes outside hosts in by pod address and node port', async () => {
    const w = testWorld();
    const vpn = w.dataplane.networkOfHost('vpn');
    const answers = await w.run(async (sys) => [
      await fetchText(sys, vpn, { address: '10.244.1.20', port: 80 }, get('/')),
      await fetchText(sys, vpn, { address: '172.18.0.2', port: 30_080 }, get('/nothing')),
    ]);
    expect(answers[0]).toContain('Welcome');
    expect(answers[1]).toContain('404 Not Found');
  });

  it('re-checks established connections and applies no policy to port-forwards', async () => {
    const w = testWorld();
    const client = w.dataplane.networkOfPod('default/client');
    const got = await w.run(async (sys) => {
      const result = await client.connect(sys, { address: '10.244.1.20', port: 80 });
      if (result.kind !== 'connected') return [];
      w.apply(policy('deny', DENY));
      await result.connection.send(sys, get('/'));
      const answer = await result.connection.receive(sys, 1000);
      const forward = await w.dataplane.dialFromPodNamespace(sys, 'default/web-a', 80);
      if (!('connection' in forward)) return [answer.kind, forward.error];
      await forward.connection.send(sys, get('/'));
      const direct = await forward.connection.receive(sys, 1000);
      const closed = await w.dataplane.dialFromPodNamespace(sys, 'default/web-a', 81);
      return [answer.kind, direct.kind, 'error' in closed ? closed.error.slice(0, 40) : ''];
    });
    expect(got).toEqual(
      ['timeout', 'data', 'error forwarding port 81 to pod uidweba0'.slice(0, 40)].map((text, i) =>
        i === 2 ? expect.stringContaining('error forwarding port 81') : text,
      ),
    );
  });

  it('connects two foreground programs', async () => {
    const w = testWorld();
    const server = w.dataplane.networkOfPod('default/web-a');
    const client = w.dataplane.networkOfPod('default/client');
    const text = await w.run(async (sys) => {
      const listener = server.listen(9000);
      let heard = '';
      sys.spawn({ command: ['nc'] }, async (own) => {
        const connection = await listener?.accept(own);
        const got = await connection?.receive(own);
        if (got?.kind === 'data') heard = got.text;
        await connection?.send(own, 'pong');
        connection?.close();
        return 0;
      });
      const result = await client.connect(sys, { address: '10.244.1.20', port: 9000 }, 1000);
      if (result.kind !== 'connected') return result.kind;
      await result.connection.send(sys, 'ping');
      const back = await result.connection.receive(sys, 1000);
      const end = await result.connection.receive(sys, 1000);
      return [heard, back.kind === 'data' ? back.text : back.kind, end.kind].join();
    });
    expect(text).toBe('ping,pong,end');
  });
});

describe('proxies', () => {
  it('answers a denied request with 403 and passes an allowed one on', async () => {
    const w = testWorld();
    w.apply(
      policy('l7', {
        endpointSelector: { matchLabels: { app: 'web' } },
        ingress: [
          {
            fromEndpoints: [{ matchLabels: { app: 'client' } }],
            toPorts: [
              { ports: [{ port: '80', protocol: 'TCP' }], rules: { http: [{ method: 'GET', path: '/' }] } },
            ],
          },
        ],
      }),
    );
    const client = w.dataplane.networkOfPod('default/client');
    const [denied, allowed] = await w.run(async (sys) => [
      await fetchText(sys, client, { address: '10.244.1.20', port: 80 }, get('/no')),
      await fetchText(sys, client, { address: '10.244.1.20', port: 80 }, get('/')),
    ]);
    expect(denied?.startsWith('HTTP/1.1 403 Forbidden\r\ncontent-length: 15\r\n')).toBe(true);
    expect(denied?.endsWith('\r\n\r\nAccess denied\r\n')).toBe(true);
    expect(allowed).toContain('server: envoy');
    expect(allowed).toContain('Welcome');
    const flows = w.flows();
    expect(flows.slice(0, 2)).toEqual([
      'worker 5:0 REDIRECTED -> INGRESS TCP Flags: SYN',
      'worker 4:1 FORWARDED -> INGRESS TCP Flags: SYN',
    ]);
    expect(flows).toContain('worker l7-REQUEST DROPPED -> INGRESS HTTP/1.1 GET http://web/no');
    const headers = w.dataplane.flows
      .ringOf('worker')
      .after(0)
      .flatMap(({ flow }) => {
        const http = flow.l7?.http;
        return http?.url === 'http://web/no' ? [http.headers?.map(({ key }) => key)] : [];
      });
    expect(headers).toEqual([
      [':scheme', 'User-Agent', 'X-Envoy-Internal', 'X-Request-Id'],
      ['Content-Length', 'Content-Type', 'X-Request-Id'],
    ]);
    expect(flows).toContain('worker l7-RESPONSE FORWARDED <- INGRESS HTTP/1.1 403 0ms (GET http://web/no)');
    expect(
      flows.some((line) => line.startsWith('worker l7-RESPONSE FORWARDED <- INGRESS HTTP/1.1 200 ')),
    ).toBe(true);
  });

  it('refuses denied names, learns allowed ones and so opens toFQDNs', async () => {
    const w = testWorld();
    const dns = {
      toEndpoints: [
        { matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'kube-system', 'k8s-app': 'kube-dns' } },
      ],
      toPorts: [{ ports: [{ port: '53', protocol: 'ANY' }], rules: { dns: [{ matchPattern: '*.com' }] } }],
    };
    w.apply(
      policy('egress', {
        endpointSelector: { matchLabels: { app: 'client' } },
        egress: [dns, { toFQDNs: [{ matchName: 'example.com' }] }],
      }),
    );
    const client = w.dataplane.networkOfPod('default/client');
    const got = await w.run(async (sys) => {
      const before = await fetchText(
        sys,
        client,
        { address: '93.184.216.34', port: 80 },
        get('/', 'example.com'),
      );
      const socket = client.udp();
      const ask = async (name: string): Promise<string> => {
        socket.send({ address: '10.96.0.10', port: 53 }, { dns: { id: 1, question: { name, type: 'A' } } });
        const result = await socket.receive(sys, 1000);
        return result.kind === 'datagram' && 'dns' in result.payload
          ? `${result.payload.dns.code} ${result.payload.dns.answers?.map((record) => record.data).join()}`
          : result.kind;
      };
      const codes = [await ask('evil.test.'), await ask('example.com.')];
      const after = await fetchText(
        sys,
        client,
        { address: '93.184.216.34', port: 80 },
        get('/', 'example.com'),
      );
      return [before, ...codes, after.slice(0, 15)];
    });
    expect(got).toEqual(['timeout', 'REFUSED ', 'NOERROR 93.184.216.34', 'HTTP/1.1 200 OK']);
    const flows = w.flows();
    expect(flows).toContain('worker l7-REQUEST DROPPED -> EGRESS DNS Query evil.test. A');
    expect(flows).toContain(
      'worker l7-RESPONSE FORWARDED <- EGRESS DNS Answer "93.184.216.34" TTL: 30 (Proxy example.com. A)',
    );
    expect(flows.some((line) => line.includes('DNS Answer') && line.includes('evil'))).toBe(false);
  });
});

describe('names', () => {
  it('answers for Services, pods, reverse names and the world', async () => {
    const w = testWorld();
    const client = w.dataplane.networkOfPod('default/client');
    expect(client.resolver).toEqual({
      nameservers: ['10.96.0.10'],
      search: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
      ndots: 5,
    });
    const got = await w.run(async (sys) => {
      const socket = client.udp();
      const lines: string[] = [];
      for (const [name, type] of [
        ['web.default.svc.cluster.local.', 'A'],
        ['web.default.svc.cluster.local.', 'AAAA'],
        ['nosuch.default.svc.cluster.local.', 'A'],
        ['10-244-1-20.default.pod.cluster.local.', 'A'],
        ['80.0.96.10.in-addr.arpa.', 'PTR'],
        ['example.com.', 'A'],
        ['nosuch.test.', 'A'],
      ] as const) {
        socket.send({ address: '10.96.0.10', port: 53 }, { dns: { id: 1, question: { name, type } } });
        const result = await socket.receive(sys, 1000);
        if (result.kind === 'datagram' && 'dns' in result.payload)
          lines.push(
            `${result.payload.dns.code} ${result.payload.dns.answers?.map((record) => record.data).join()} ${result.payload.dns.isAuthoritative}`,
          );
      }
      return lines;
    });
    expect(got).toEqual([
      'NOERROR 10.96.0.80 true',
      'NOERROR  true',
      'NXDOMAIN  true',
      'NOERROR 10.244.1.20 true',
      'NOERROR web.default.svc.cluster.local. true',
      'NOERROR 93.184.216.34 false',
      'NXDOMAIN  false',
    ]);
  });

  it('keeps TLS and SNI as a contract', async () => {
    const w = testWorld();
    const client = w.dataplane.networkOfPod('default/client');
    const got = await w.run(async (sys) => {
      const result = await client.connect(sys, { address: '93.184.216.34', port: 443 }, 1000);
      if (result.kind !== 'connected') return result.kind;
      const tls = await result.connection.startTls(sys, { serverName: 'example.com' });
      await result.connection.send(sys, get('/a.yaml', 'example.com'));
      const data = await result.connection.receive(sys, 1000);
      return `${tls.kind} ${data.kind === 'data' ? data.text.split('\r\n\r\n')[1] : data.kind}`;
    });
    expect(got).toBe('ok kind: A\n');
  });
});

describe('state', () => {
  it('gives the same flows for the same seed and survives a snapshot', async () => {
    const play = async (): Promise<ReturnType<typeof testWorld>> => {
      const w = testWorld();
      const client = w.dataplane.networkOfPod('default/client');
      await w.run((sys) => fetchText(sys, client, { address: '10.96.0.80', port: 8080 }, get('/')));
      return w;
    };
    const [a, b] = [await play(), await play()];
    expect(JSON.stringify(a.dataplane.snapshot())).toBe(JSON.stringify(b.dataplane.snapshot()));
    const c = testWorld();
    c.dataplane.restore(a.dataplane.snapshot());
    expect(c.flows()).toEqual(a.flows());
  });
});
