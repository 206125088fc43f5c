import { describe, expect, it } from 'vitest';
import { chartNamed } from '../../charts/catalog.ts';
import { coalesceValues, emptyValues } from '../../charts/values.ts';
import { decodeLab } from '../../lab/decode.ts';
import { Headless } from '../../session/headless.ts';
import { readLabFiles } from '../../session/replay.ts';
import { render } from './actions.ts';
import { HelmFailure } from './failure.ts';
import { ansicTime, goTimeText, tabled } from './print.ts';
import { compareVersions, satisfies } from './repositories.ts';
import { setValues } from './strvals.ts';

const set = (line: string) => setValues(emptyValues(), line, 'typed');
const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

describe('--set', () => {
  it.each([
    ['a=1,b=true,c=null,d=x,e=01,f=1.5', { a: 1, b: true, c: null, d: 'x', e: '01', f: '1.5' }],
    ['a.b.c=1,a.b.d=2', { a: { b: { c: 1, d: 2 } } }],
    ['a={x,y,1}', { a: ['x', 'y', 1] }],
    ['a={}', { a: [] }],
    ['a[1].b=x', { a: [null, { b: 'x' }] }],
    ['a=x\\,y,b\\.c=1', { a: 'x,y', 'b.c': 1 }],
    ['a=', { a: '' }],
  ])('%s', (line, wanted) => {
    expect(plain(set(line))).toEqual(wanted);
  });

  it.each([
    ['a', 'key "a" has no value'],
    ['a=b,c', 'key "c" has no value'],
    ['a[0', 'error parsing index: EOF'],
    ['a[-1]=x', 'negative -1 index not allowed'],
    ['a[99999999]=x', 'index of 99999999 is greater than maximum supported index of 65536'],
  ])('refuses %s', (line, words) => {
    expect(() => set(line)).toThrow(new HelmFailure(words));
  });

  it('reaches no prototype', () => {
    const values = set('__proto__.polluted=1,constructor.prototype.polluted=1');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(Object.keys(values)).toEqual(['__proto__', 'constructor']);
  });
});

describe('versions', () => {
  it('are ordered as semver orders them', () => {
    expect(['1.9.0', '1.15.5', '1.20.0-rc.1', '1.20.0'].sort(compareVersions)).toEqual([
      '1.9.0',
      '1.15.5',
      '1.20.0-rc.1',
      '1.20.0',
    ]);
  });

  it.each([
    ['1.15.5', '1.15', true],
    ['1.16.0', '1.15', false],
    ['1.15.5', '1.15.x', true],
    ['1.18.2', '^1.15.0', true],
    ['1.18.2', '~1.18.0', true],
    ['1.19.0', '~1.18.0', false],
    ['1.16.3', '>=1.15.0,<1.17.0', true],
    ['1.17.0', '>=1.15.0, <1.17.0', false],
    ['1.14.2', '1.13.x || 1.14.x', true],
  ])('%s in %s: %s', (version, constraint, wanted) => {
    expect(satisfies(version, constraint)).toBe(wanted);
  });
});

describe('printing', () => {
  it('has helm’s tables and times', () => {
    expect(
      tabled([
        ['NAME', 'URL'],
        ['cilium', 'https://x/'],
      ]),
    ).toBe('NAME  \tURL       \ncilium\thttps://x/\n');
    expect(ansicTime('2026-11-01T04:05:06.5Z')).toBe('Sun Nov  1 04:05:06 2026');
    expect(goTimeText('2026-11-21T14:55:34.10846488Z')).toBe('2026-11-21 14:55:34.10846488 +0000 UTC');
  });
});

describe('the chart of Cilium', () => {
  const chart = chartNamed('cilium');
  if (chart === undefined) throw new Error('no chart');
  const refusal = (line: string, version = '1.20.0'): string => {
    try {
      render({ name: 'cilium', chart, version, values: set(line) }, 'kube-system');
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };

  // Words of helm 3.19.5 over the charts of helm.cilium.io.
  it.each([
    ['hubble.enabled=false', ''],
    ['foo.bar=1', ''],
    ['kubeProxyReplacement=true', ''],
    ['policyEnforcementMode=bogus', ''],
    [
      'hubble.ui.enabled=true',
      'execution error at (cilium/templates/validate.yaml:61:7): Hubble UI requires .Values.hubble.relay.enabled=true',
    ],
    [
      'hubble.enabled=false,hubble.relay.enabled=true',
      'execution error at (cilium/templates/validate.yaml:71:7): Hubble Relay requires .Values.hubble.enabled=true',
    ],
    [
      'tunnel=vxlan',
      'execution error at (cilium/templates/validate.yaml:41:5): tunnel was deprecated in v1.14 and has been removed in v1.15. For details please refer to https://docs.cilium.io/en/v1.15/operations/upgrade/#helm-options',
    ],
    [
      'etcd.managed=true',
      'execution error at (cilium/templates/validate.yaml:36:5): etcd.managed was deprecated in v1.10 has been removed in v1.16. For details please refer to https://docs.cilium.io/en/v1.16/operations/upgrade/#helm-options',
    ],
    [
      'kubeProxyReplacement=strict',
      'execution error at (cilium/templates/cilium-configmap.yaml:79:5): kubeProxyReplacement must be explicitly set to a valid value (true or false) to continue.',
    ],
    [
      'cluster.name=UPPER',
      "execution error at (cilium/templates/validate.yaml:159:5): The cluster name is invalid: must consist of lower case alphanumeric characters and '-', and must start and end with an alphanumeric character",
    ],
    [
      'ipam.mode=eni',
      'execution error at (cilium/templates/validate.yaml:257:5): ipam.mode=eni requires eni.enabled=true',
    ],
  ])('--set %s', (line, words) => {
    expect(refusal(line)).toBe(words);
  });

  it('takes a removed value while it was there', () => {
    expect(refusal('tunnel=vxlan', '1.14.2')).toBe('');
    expect(refusal('tunnel=vxlan', '1.15.5')).toContain('tunnel was deprecated in v1.14');
  });

  it('has the schema’s words', () => {
    const head =
      "values don't meet the specifications of the schema(s) in the following chart(s):\ncilium:\n";
    expect(refusal('hubble.enabled=foo')).toBe(`${head}- at '/hubble/enabled': got string, want boolean\n`);
    expect(refusal('envoy.enabled=no')).toBe(
      `${head}- at '/envoy/enabled': got string, want null or boolean\n`,
    );
    expect(refusal('operator.replicas=x')).toBe(
      `${head}- at '/operator/replicas': got string, want integer\n`,
    );
    expect(refusal('bandwidthManager=true')).toBe(
      `${head}- at '/bandwidthManager': got boolean, want object\n`,
    );
    expect(refusal('hubble.enabled=x,hubble.relay.enabled=3')).toBe(
      `${head}- at '/hubble': validation failed\n  - at '/hubble/enabled': got string, want boolean\n  - at '/hubble/relay/enabled': got number, want boolean\n`,
    );
  });

  const configOf = (line: string): Record<string, string> => {
    const values = coalesceValues(chart.defaults, set(line));
    const all = chart.objects(values, { name: 'cilium', namespace: 'kube-system', version: '1.20.0' });
    const map = all.find(({ object }) => object.metadata.name === 'cilium-config');
    return map?.object['data'] as Record<string, string>;
  };

  it.each([
    ['policyEnforcementMode=always', { 'enable-policy': 'always' }],
    ['policyAuditMode=true', { 'policy-audit-mode': 'true' }],
    ['l7Proxy=false', { 'enable-l7-proxy': 'false', 'external-envoy-proxy': 'false' }],
    ['ipam.mode=kubernetes', { ipam: 'kubernetes', 'cluster-pool-ipv4-cidr': undefined }],
    ['hubble.enabled=false', { 'enable-hubble': 'false', 'hubble-listen-address': undefined }],
    ['hubble.metrics.enabled={dns,drop}', { 'hubble-metrics': 'dns drop', 'hubble-metrics-server': ':9965' }],
    [
      'hubble.redact.enabled=true,hubble.redact.http.urlQuery=true',
      {
        'hubble-redact-enabled': 'true',
        'hubble-redact-http-urlquery': 'true',
        'hubble-redact-http-userinfo': 'true',
      },
    ],
    ['encryption.enabled=true,encryption.type=wireguard', { 'enable-wireguard': 'true' }],
    ['bandwidthManager.enabled=true', { 'enable-bandwidth-manager': 'true', 'enable-bbr': 'false' }],
    ['extraConfig.foo=bar', { foo: 'bar' }],
    [
      'ingressController.enabled=true',
      { 'enable-ingress-controller': 'true', 'ingress-default-lb-mode': 'dedicated' },
    ],
  ])('configures the agents by %s', (line, wanted) => {
    const config = configOf(line);
    for (const [key, value] of Object.entries(wanted)) expect(config[key], key).toBe(value);
  });
});

describe('helm and cilium in a cluster', () => {
  const open = () => Headless.open(decodeLab(readLabFiles('labs'), 'playground') as never, { seed: 1 });
  const run = async (lab: Headless, lines: readonly string[]) => {
    const out: string[] = [];
    for (const line of lines) {
      const { output, exit } = await lab.submit(line);
      out.push(`${output}[${exit}]`);
    }
    return out;
  };

  it('puts values into force, and a rollback takes them back', async () => {
    const lab = await open();
    const [, always, denied, , allowed] = await run(lab, [
      'helm repo add cilium https://helm.cilium.io/',
      'helm upgrade cilium cilium/cilium -n kube-system --reuse-values --set policyEnforcementMode=always && kubectl -n kube-system rollout restart ds/cilium && kubectl -n kube-system rollout status ds/cilium',
      'cilium connectivity test --test no-policies',
      'helm rollback cilium -n kube-system && kubectl -n kube-system rollout restart ds/cilium && kubectl -n kube-system rollout status ds/cilium',
      'cilium connectivity test --test no-policies',
    ]);
    expect(always).toContain('REVISION: 2');
    expect(denied).toContain('command terminated with exit code 28');
    expect(denied).toContain('1/1 tests failed (4/4 actions)');
    expect(allowed).toContain('All 1 tests (4 actions) successful');
    expect(allowed).toMatch(/\[0\]$/);
  });

  it('takes Hubble away and brings it back', async () => {
    const lab = await open();
    const [, gone, , refused, , back, , ok] = await run(lab, [
      'cilium hubble disable',
      'cilium status --wait',
      'cilium hubble port-forward',
      'hubble status',
      'cilium hubble enable',
      'cilium status --wait',
      'cilium hubble port-forward & sleep 1',
      'hubble status',
    ]);
    expect(gone).toMatch(/Hubble Relay: +disabled/);
    expect(refused).toContain('connection refused');
    expect(back).toMatch(/Hubble Relay: +OK/);
    expect(ok).toContain('Connected Nodes: 2/2');
  });

  it('keeps and forgets releases as helm does', async () => {
    const lab = await open();
    const [taken, gone, list, absent, fresh] = await run(lab, [
      'cilium install',
      'helm uninstall cilium -n kube-system',
      'helm list -A',
      'helm status cilium -n kube-system',
      'sleep 20; cilium install && cilium status --wait',
    ]);
    expect(taken).toContain('cannot reuse a name that is still in use');
    expect(gone).toBe('release "cilium" uninstalled\n[0]');
    expect(list).toBe('NAME\tNAMESPACE\tREVISION\tUPDATED\tSTATUS\tCHART\tAPP VERSION\n[0]');
    expect(absent).toBe('Error: release: not found\n[1]');
    expect(fresh).toMatch(/Cilium: +OK/);
    expect(fresh).toMatch(/Hubble Relay: +disabled/);
  });
});
