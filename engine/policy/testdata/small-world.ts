import { expect } from 'vitest';
import { runCase } from '../case-run.ts';

/**
 * Runs a small world and gives one word a probe. Probes are one line each: `from -> to:port/protocol`.
 * F forwarded, e and i dropped at egress or ingress, A authentication required, 7 refused at layer 7.
 */
export function verdicts(policies: string, probes: readonly string[], extra = ''): string {
  const lines = probes.map((line) => {
    const [, from, to, port, protocol, rest] =
      /^(\S+) -> (\S+?)(?::(\d+)(?:\/(\w+))?)?(?: (\{.*\}))?$/.exec(line) ?? [];
    const fields = [
      `from: "${from}"`,
      `to: "${to}"`,
      ...(protocol?.startsWith('ICMP') ? [`icmpType: ${port}`] : [`port: ${port ?? 80}`]),
    ];
    if (protocol) fields.push(`protocol: ${protocol}`);
    return `  - {${fields.join(', ')}${rest ? `, ${rest.slice(1, -1)}` : ''}}`;
  });
  const text = `
nodes: [{name: n1, ip: 172.18.0.2}, {name: n2, ip: 172.18.0.3, labels: {role: worker}}]
namespaces: [{name: default}, {name: ops, labels: {env: prod}}]
pods:
  - {name: a, labels: {app: a, pod-template-hash: x}, ip: 10.0.0.1, node: n1, ports: [{name: web, port: 8080}]}
  - {name: b, labels: {app: b}, ip: 10.0.0.2, node: n2, ports: [{name: web, port: 9090}, {name: dns, port: 53, protocol: UDP}]}
  - {name: c, labels: {app: c, tier: x}, ip: 10.0.0.3, node: n2, ports: [{name: web, port: 7070}]}
  - {name: i, init: true, ip: 10.0.0.9, node: n2}
  - {name: a, namespace: ops, labels: {app: a}, ip: 10.0.1.1, node: n2}
dns: {www.example.com: [198.51.100.1], deep.www.example.com: [198.51.100.2], pod.example.com: [10.0.0.2], other.org: [198.51.100.1, "2001:db8::5"]}
services:
  - {name: b, selector: {app: b}}
  - {name: b, namespace: ops, selector: {app: a}}
  - {name: legacy, labels: {kind: old}, endpoints: [198.51.100.9]}
${extra}
policies: |
${policies
  .trim()
  .split('\n')
  .map((line) => `  ${line}`)
  .join('\n')}
probes:
${lines.join('\n')}
`;
  const { answer } = runCase(text);
  for (const policy of answer.policies) expect(policy.error ?? '').toBe('');
  return answer.probes
    .map((probe) => {
      if ('unsupported' in probe) return '?';
      if (probe.verdict === 'DROPPED') return probe.droppedAt === 'egress' ? 'e' : 'i';
      return probe.verdict === 'FORWARDED' ? 'F' : probe.verdict === 'L7-DENIED' ? '7' : 'A';
    })
    .join('');
}

/** A CiliumNetworkPolicy in default for app=b, in flow style. */
export function cnp(rules: string, name = 'p', selector = '{matchLabels: {app: b}}'): string {
  return `---\n{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: ${name}}, spec: {endpointSelector: ${selector}, ${rules}}}\n`;
}

/** A cluster-wide policy, in flow style. */
export function ccnp(spec: string, name = 'c'): string {
  return `---\n{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: ${name}}, spec: {${spec}}}\n`;
}

/** A NetworkPolicy in default, in flow style. */
export function netpol(spec: string): string {
  return `---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: np}, spec: {${spec}}}\n`;
}

