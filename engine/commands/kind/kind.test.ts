import { describe, expect, it } from 'vitest';
import { invalidity, nodePlans, readConfig } from './config.ts';
import { KindError } from './progress.ts';
import { noArgs, parseLine } from './cobra.ts';
import type { Command, Flag } from './cobra.ts';

const HEAD = 'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n';
const IMAGE = 'kindest/node:v1.32.4';

function faultOf(source: string): string {
  try {
    return invalidity(readConfig(source, IMAGE)) ?? '';
  } catch (error) {
    if (error instanceof KindError) return error.message;
    throw error;
  }
}

describe('a configuration', () => {
  it('has defaults', () => {
    const config = readConfig(undefined, IMAGE);
    expect(config).toMatchObject({ name: 'kind', hasDefaultCni: true, kubeProxyMode: 'iptables' });
    expect(nodePlans(config).map((plan) => plan.name)).toEqual(['kind-control-plane']);
  });

  it('names nodes by role and number, with a load balancer before several control planes', () => {
    const nodes = ['control-plane', 'worker', 'control-plane', 'worker'].map((role) => `- role: ${role}\n`);
    const config = readConfig(`${HEAD}name: ha\nnodes:\n${nodes.join('')}`, IMAGE);
    expect(nodePlans(config).map((plan) => plan.name)).toEqual([
      'ha-control-plane',
      'ha-worker',
      'ha-control-plane2',
      'ha-worker2',
      'ha-external-load-balancer',
    ]);
  });

  it('is decoded strictly, with lines', () => {
    expect(
      faultOf(
        `${HEAD}networking:\n  disableDefaultCni: true\n  apiServerPort: abc\nnodes:\n  role: worker\n`,
      ),
    ).toBe(
      'unable to decode config: yaml: unmarshal errors:\n  line 4: field disableDefaultCni not found in type v1alpha4.Networking\n  line 5: cannot unmarshal !!str `abc` into int32\n  line 7: cannot unmarshal !!map into []v1alpha4.Node',
    );
    expect(faultOf(`---\n${HEAD}node: []\n`)).toContain(
      'line 4: field node not found in type v1alpha4.Cluster',
    );
    expect(faultOf(`${HEAD}__proto__: {name: x}\n`)).toContain('field __proto__ not found');
  });

  it('is of one kind and version', () => {
    expect(faultOf('')).toBe('unknown apiVersion: ');
    expect(faultOf('kind: Cluster\napiVersion: kind.sigs.k8s.io/v1alpha3\n')).toBe(
      'unknown apiVersion: kind.sigs.k8s.io/v1alpha3',
    );
    expect(faultOf('kind: Pod\napiVersion: kind.x-k8s.io/v1alpha4\n')).toBe(
      'unknown kind Pod for apiVersion: kind.x-k8s.io/v1alpha4',
    );
  });

  it('is validated', () => {
    expect(faultOf(`${HEAD}nodes: [{role: worker}]\n`)).toBe('must have at least one control-plane node');
    expect(faultOf(`${HEAD}nodes: [{role: control-plane}, {role: master}]\n`)).toBe(
      'invalid configuration for node 1: "master" is not a valid node role',
    );
    expect(faultOf(`${HEAD}name: Big\nnetworking: {kubeProxyMode: ebpf, podSubnet: 10.0.0.0}\n`)).toBe(
      '[\'Big\' is not a valid cluster name, cluster names must match `^[a-z0-9.-]+$`, invalid pod subnet failed to parse cidr value:"10.0.0.0" with error: invalid CIDR address: 10.0.0.0, invalid kubeProxyMode: ebpf]',
    );
    const twice = '[{containerPort: 80, hostPort: 80}, {containerPort: 81, hostPort: 80}]';
    expect(faultOf(`${HEAD}nodes: [{role: control-plane, extraPortMappings: ${twice}}]\n`)).toContain(
      'port mapping with same listen address, port and protocol already configured: 0.0.0.0:80/TCP',
    );
  });
});

describe('a command line', () => {
  const wait: Flag = { name: 'wait', kind: 'duration', about: 'waits' };
  const name: Flag = { name: 'name', short: 'n', kind: 'string', about: 'a name', initial: 'kind' };
  const root: Command<() => void> = {
    name: 'tool',
    short: 'a tool',
    children: [{ name: 'make', short: 'makes', args: noArgs, flags: [wait, name], run: () => {} }],
  };
  const read = (text: string) => parseLine(root, [], text.split(' '));
  const errorOf = (text: string) => {
    const parsed = read(text);
    return parsed.kind === 'error' ? parsed.text : parsed.kind;
  };

  it('takes flags anywhere after its command', () => {
    const parsed = read('make -n=x --wait 1m30s');
    expect(parsed.kind === 'run' && [...parsed.line.values]).toContainEqual(['name', 'x']);
    expect(parsed.kind === 'run' && parsed.line.values.get('wait')).toBe('1m30s');
  });

  it.each([
    ['make --wait 5', 'invalid argument "5" for "--wait" flag: time: missing unit in duration "5"'],
    ['make --wait 5x', 'invalid argument "5x" for "--wait" flag: time: unknown unit "x" in duration "5x"'],
    ['make --wait', 'flag needs an argument: --wait'],
    ['make -n', "flag needs an argument: 'n' in -n"],
    ['make -z', "unknown shorthand flag: 'z' in -z"],
    ['make --nope=1', 'unknown flag: --nope'],
    ['make it', 'unknown command "it" for "tool make"'],
    ['mkae', 'unknown command "mkae" for "tool"\n\nDid you mean this?\n\tmake\n'],
  ])('%s', (text, error) => expect(errorOf(text)).toBe(error));
});
