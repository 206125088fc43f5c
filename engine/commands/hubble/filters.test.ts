// What the recorded command lines leave open: the order of errors, conflicts by group, settings, masks.
import { beforeEach, describe, expect, it } from 'vitest';
import type { Flow } from '../../hubble/flow.ts';
import type { HubbleObserver } from '../ports.ts';
import { flowsOf, HubbleBench } from './testing.ts';

const FLOW: Flow = {
  time: '2026-01-15T09:30:03.5Z',
  verdict: 'FORWARDED',
  IP: { source: '10.244.1.8', destination: '93.184.216.34', ipVersion: 'IPv4' },
  l4: { TCP: { source_port: 40_000, destination_port: 80, flags: { SYN: true } } },
  source: { identity: 12_345, namespace: 'empire', pod_name: 'ship' },
  destination: { identity: 2 },
  destination_names: ['example.com'],
  Type: 'L3_L4',
  node_name: 'default/kind-worker',
  event_type: { type: 4, sub_type: 3 },
  is_reply: false,
  Summary: 'TCP Flags: SYN',
};

const OBSERVER: HubbleObserver = {
  ...flowsOf([FLOW]),
  status: () => ({
    numFlows: 1,
    maxFlows: 4095,
    seenFlows: 1,
    uptimeNs: 1e9,
    connectedNodes: 1,
    unavailableNodes: [],
    version: 'hubble-relay v1.20.2',
    flowsRate: 1,
  }),
  nodes: () => [],
  namespaces: () => [],
};

let bench = new HubbleBench();
beforeEach(() => {
  bench = new HubbleBench();
  bench.observer = OBSERVER;
  bench.files.makeFolder('/home/learner', 0, { parents: true });
  bench.files.write('/home/learner/f.json', `${JSON.stringify({ flow: FLOW, time: FLOW.time })}\n`, 0);
});

const run = (line: string) => bench.run(['hubble', ...line.split(' ')]);

describe('filters', () => {
  // The names stand in the order of the group, not of the line.
  it.each([
    ['-n x --from-pod y', 'from-pod', 'namespace'],
    ['--pod a --to-pod b', 'to-pod', 'pod'],
    ['--from-ip 1.1.1.1 --ip 2.2.2.2', 'from-ip', 'ip'],
    ['--from-port 1 --port 2', 'port', 'from-port'],
  ])('conflicts: %s', async (line, first, second) => {
    const { stderr, code } = await run(`observe ${line}`);
    expect(code).toBe(1);
    expect(stderr).toContain(`filters --${first} and --${second} cannot be combined`);
  });

  it('refuse a namespace beside a name over recorded flows, as the real one does', async () => {
    const { stderr, code } = await run('observe --input-file f.json -n empire --to-fqdn example.com');
    expect(code).toBe(1);
    expect(stderr).toBe(
      'invalid argument "example.com" for "--to-fqdn" flag: filters --to-fqdn and --namespace cannot be combined\n',
    );
  });

  it('let them stand together against a server, and say so', async () => {
    const { stdout, stderr, code } = await run('observe -n empire --to-fqdn example.com');
    expect(code).toBe(0);
    expect(stdout).toContain('empire/ship:40000 (ID:12345) -> example.com:80 (world)');
    expect(stderr).toMatch(/^note: .*--from-namespace.*\n$/);
    expect((await run('observe -n rebels --to-fqdn example.com')).stdout).toBe('');
    expect((await run('observe -n empire --to-fqdn example.com --to-ip 1.1.1.1')).code).toBe(1);
  });

  it.each([
    [
      '--verdict BOGUS --bogus',
      'invalid argument "BOGUS" for "--verdict" flag: invalid --verdict value: BOGUS',
    ],
    ['--bogus --verdict BOGUS', 'unknown flag: --bogus'],
    [
      '--follow=maybe',
      'invalid argument "maybe" for "-f, --follow" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    ['--timeout 5', 'invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"'],
    [
      '--port-forward-port 70000',
      'invalid argument "70000" for "--port-forward-port" flag: strconv.ParseUint: parsing "70000": value out of range',
    ],
    [
      '-n a --pod b/c --service d',
      'invalid argument "b/c" for "--pod" flag: namespace conflict: "a" does not contain "b/c"',
    ],
    ['--to-fqdn exa$mple.com', "'$': invalid rune in pattern"],
    ['--to-fqdn a..', 'multiple trailing dots in pattern'],
    ['--node-name a/b/c', 'too many slashes in pattern'],
    ['--protocol bogus', 'invalid protocol filter: unknown protocol: "bogus"'],
    ['--label a==b=c', "invalid source label filter: found '=', expected: ',' or 'end of string'"],
    ['--to-label a,', "invalid destination label filter: found '', expected: identifier after ','"],
    [
      '--from-label =a',
      "invalid source label filter: unable to parse requirement: <nil>: Invalid value: \"any.\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ],
    [
      '--from-label a>b',
      "invalid source label filter: unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
    ['--from-ip 1.2.3', 'invalid IP address "1.2.3" in filter: ParseAddr("1.2.3"): IPv4 address too short'],
    [
      '--from-ip 1.2.3.x',
      'invalid IP address "1.2.3.x" in filter: ParseAddr("1.2.3.x"): unexpected character (at "x")',
    ],
    [
      '--from-ip 10.0.0.0/x',
      'invalid IP prefix "10.0.0.0/x" in filter: netip.ParsePrefix("10.0.0.0/x"): bad bits after slash: "x"',
    ],
    [
      '--from-ip fe80::z',
      'invalid IP address "fe80::z" in filter: ParseAddr("fe80::z"): each colon-separated field must have at least one digit (at "z")',
    ],
    ['--from-ip web', 'invalid IP address "web" in filter: ParseAddr("web"): unable to parse IP'],
    ['--first 1 -f', 'cannot set both --first and --follow'],
    ['-f -o table', 'table output format is not compatible with follow mode'],
    ['--field-mask time', 'compact output format is not compatible with custom field mask'],
    [
      '--tls-client-key-file x',
      'invalid flag(s): certificate and private key are both required, but only one was provided',
    ],
  ])('%s', async (line, message) => {
    expect(await run(`observe ${line}`)).toEqual({ stdout: '', stderr: `${message}\n`, code: 1 });
  });

  it.each([
    ['{"verdict":["BOGUS"]}', 'proto:\u00a0(line 1:13): invalid value for enum field verdict: "BOGUS"'],
    ['{"source_pod":[5]}', 'proto:\u00a0(line 1:16): invalid value for string field sourcePod: 5'],
    ['{"source_pod":"a"}', 'proto:\u00a0syntax error (line 1:15): unexpected token "a"'],
    ['[', 'unexpected EOF'],
    ['{"__proto__":[1]}', 'proto:\u00a0(line 1:2): unknown field "__proto__"'],
  ])('raw filters are checked: %s', async (text, message) => {
    expect(await run(`observe --allowlist ${text}`)).toEqual({
      stdout: '',
      stderr: `invalid --allowlist flag: failed to decode '${text}': ${message}\n`,
      code: 1,
    });
  });

  it('raw filters may spell their names either way', async () => {
    expect((await run('observe --allowlist {"sourcePod":["empire/"]}')).stdout).toContain('empire/ship');
    expect((await run('observe --denylist {"source_pod":["empire/"]}')).stdout).toBe('');
  });

  it('masks keep what was asked for', async () => {
    const { stdout } = await run('observe -o json --field-mask verdict,source.pod_name');
    expect(JSON.parse(stdout)).toEqual({
      flow: { verdict: 'FORWARDED', source: { pod_name: 'ship' } },
      node_name: 'default/kind-worker',
      time: FLOW.time,
    });
  });

  it('values of other types than the .proto has are no flows', async () => {
    const bad = [
      '{"flow":{"source":5}}',
      '{"flow":{"source":{"labels":"x"}}}',
      '[]',
      '5',
      '{"time":1}',
      '{"node_status":{"node_names":[1]}}',
      '{"flow":{"l4":{"TCP":{"flags":[]}}}}',
    ];
    bench.files.write('/home/learner/bad.json', bad.join('\n'), 0);
    const { stdout, stderr, code } = await run('observe --input-file bad.json --label a=b');
    expect([stdout, stderr.trim().split('\n').length, code]).toEqual(['', bad.length, 0]);
  });

  it('lines of a file that are no flows are told and skipped', async () => {
    bench.files.write('/home/learner/g.json', `nonsense\n${JSON.stringify({ flow: FLOW })}\n`, 0);
    const { stdout, stderr, code } = await run('observe --input-file g.json');
    expect([stdout.split('\n').length, code]).toEqual([2, 0]);
    expect(stderr).toContain('level=WARN msg="Failed to unmarshal json to flow"');
    expect((await run('observe --input-file missing')).stderr).toBe(
      'open missing: no such file or directory\n',
    );
  });
});

describe('settings', () => {
  it('come from flag, environment, file and default, in that order', async () => {
    await run('config set server example:1');
    expect((await run('config get server')).stdout).toBe('example:1\n');
    bench.env.set('HUBBLE_SERVER', 'example:2');
    expect((await run('config get server')).stdout).toBe('example:2\n');
    bench.observer = undefined;
    expect((await run('status --server example:3')).stderr).toContain('produced zero addresses');
    bench.env.clear();
    expect((await run('observe')).stderr).toContain('produced zero addresses');
    await run('config reset');
    expect((await run('config get server')).stdout).toBe('localhost:4245\n');
  });

  it('are checked when written', async () => {
    expect((await run('config set tls maybe')).stderr).toContain('cannot assign value=maybe for key=tls');
    expect((await run('config set nope 1')).stderr).toBe('unknown key: nope\n');
    expect((await run('config set')).code).toBe(1);
    expect((await run('config bogus')).stdout).toContain('Available Commands:');
    expect((await run('config set port-forward-port 1')).stderr).toContain('unhandled type uint16');
  });
});
