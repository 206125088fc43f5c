import { expect, test } from 'vitest';
import type { Machine, Program } from '../../shell/program.ts';
import { httpFetch } from '../http.ts';
import type { Ports, StartOn } from '../ports.ts';
import { netPrograms } from './programs.ts';
import { type DnsBehaviour, laboratory } from './testdata/laboratory.ts';
import { play } from './testdata/playing.ts';

const SEARCH = ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'];

function stage(
  libc: 'glibc' | 'musl',
  options: {
    dns?: DnsBehaviour;
    curl?: string;
    more?: (ports: Ports) => [string, Program][];
    startOn?: StartOn;
  } = {},
) {
  const lab = laboratory(
    { nameservers: ['10.96.0.10'], search: SEARCH, ndots: 5 },
    new Map([['10.96.0.10', options.dns ?? 'normal']]),
  );
  const startOn: StartOn = options.startOn ?? (async () => 255);
  return {
    network: lab.network,
    facts: {
      libc,
      shell: libc === 'musl' ? ('ash' as const) : ('bash' as const),
      versions: { curl: options.curl ?? '8.14.1', busybox: '1.37.0' },
    },
    programs: (ports: Ports) => new Map([...netPrograms(ports, startOn), ...(options.more?.(ports) ?? [])]),
    isTerminal: false,
  };
}

test('busybox nc of the musl family scans: open is said, a refusal is silent, a drop is not', async () => {
  expect(await play(stage('musl'), 'nc -zv -w 3 web 80')).toMatchObject({
    stderr: 'web (10.0.2.20:80) open\n',
    exit: 0,
  });
  expect(await play(stage('musl'), 'nc -zv -w 3 db 80')).toMatchObject({ stdout: '', stderr: '', exit: 1 });
  expect(await play(stage('musl'), 'nc -zv -w 3 blk 80')).toMatchObject({
    stderr: 'nc: blk (10.0.2.40:80): Operation timed out\n',
    exit: 1,
    elapsedMs: expect.closeTo(3_000, -1),
  });
});

test('a musl resolver without DNS gives up after five seconds', async () => {
  const played = await play(stage('musl', { dns: 'silent' }), 'wget -O - web');
  expect(played).toMatchObject({ stderr: "wget: bad address 'web'\n", exit: 1 });
  expect(played.elapsedMs).toBeCloseTo(5_000, -1);
});

test('curl 7.61 on musl says why it was refused', async () => {
  expect(await play(stage('musl', { curl: '7.61.1' }), 'curl -sS http://db/')).toMatchObject({
    stderr: 'curl: (7) Failed to connect to db port 80: Connection refused\n',
    exit: 7,
  });
  const dropped = await play(stage('musl', { curl: '7.61.1' }), 'curl -sS http://blk/');
  expect(dropped).toMatchObject({
    stderr: 'curl: (7) Failed to connect to blk port 80: Operation timed out\n',
    exit: 7,
  });
});

test('ssh runs the words after -- on the host, and its output and exit code come back', async () => {
  const seen: string[][] = [];
  const startOn: StartOn = async (sys, _machine, argv, streams) => {
    seen.push([...argv]);
    await streams.stdout.write(sys, 'there\n');
    await streams.stderr.write(sys, 'oops\n');
    return 28;
  };
  const host = { id: 'host/vpn', hostname: 'vpn', shell: 'bash' } as Machine;
  const base = stage('glibc', { startOn });
  const withHost = {
    ...base,
    programs: (ports: Ports) =>
      base.programs({ ...ports, host: (name) => (name === 'vpn' ? host : undefined) }),
  };
  expect(await play(withHost, 'ssh -o BatchMode=yes vpn -- curl -s -m 3 http://10.0.0.1/')).toMatchObject({
    stdout: 'there\n',
    stderr: 'oops\n',
    exit: 28,
  });
  expect(seen).toEqual([['bash', '-c', 'curl -s -m 3 http://10.0.0.1/']]);
  await play(withHost, "ssh vpn -- curl -w '%{http_code}\\n' web");
  expect(seen.at(-1)).toEqual(['bash', '-c', 'curl -w %{http_code}\\\\n web']);
  expect(await play(withHost, 'ssh elsewhere true')).toMatchObject({
    stderr: 'ssh: Could not resolve hostname elsewhere: Name or service not known\r\n',
    exit: 255,
  });
});

test('httpFetch follows redirects and fails in the words of Go', async () => {
  const fetcher = (ports: Ports): [string, Program][] => [
    [
      'fetch',
      async (process) => {
        const result = await httpFetch(process, ports, process.argv[1] ?? '', { timeoutMs: 40_000 });
        await process.out(result.ok ? `${result.status} ${result.text}` : result.error);
        return 0;
      },
    ],
  ];
  const fetched = async (url: string): Promise<string> =>
    (await play(stage('glibc', { more: fetcher }), `fetch ${url}`)).stdout;
  expect(await fetched('http://web/redir')).toBe('200 hello from web\n');
  expect(await fetched('http://web/chunked')).toBe('200 hello chunk\n');
  expect(await fetched('http://web/404')).toContain('404 <html>');
  expect(await fetched('http://nosuch/a')).toBe(
    'Get "http://nosuch/a": dial tcp: lookup nosuch on 10.96.0.10:53: no such host',
  );
  expect(await fetched('http://db/')).toBe(
    'Get "http://db/": dial tcp 10.0.2.30:80: connect: connection refused',
  );
  expect(await fetched('http://blk/')).toBe('Get "http://blk/": dial tcp 10.0.2.40:80: i/o timeout');
  expect(await fetched('https://web/')).toBe(
    'Get "https://web/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
  );
});

test('Ctrl-C ends curl with 130 and lets ping count', async () => {
  expect(await play({ ...stage('glibc'), interruptMs: 1_500 }, 'curl -s http://blk/')).toMatchObject({
    stdout: '',
    exit: 130,
    elapsedMs: 1_500,
  });
  const ping = await play({ ...stage('glibc'), interruptMs: 2_500 }, 'ping web');
  expect(ping.stdout).toContain('3 packets transmitted, 3 received, 0% packet loss');
  expect(ping.exit).toBe(0);
});
