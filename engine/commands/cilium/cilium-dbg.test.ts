import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { endpointList, identityTable } from './dbg-endpoint.ts';
import { policyMapTable } from './dbg-policy.ts';
import type { MapEntry } from './policy-counts.ts';
import { statusBrief, type StatusModel, statusText } from './dbg-status.ts';
import type { EndpointModel } from './models.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../hubble/testdata/${name}`, import.meta.url), 'utf8');

const CLIENT = [
  'k8s:app=client',
  'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=default',
  'k8s:io.cilium.k8s.policy.cluster=default',
  'k8s:io.cilium.k8s.policy.serviceaccount=default',
  'k8s:io.kubernetes.pod.namespace=default',
];

function endpoint(
  id: number,
  identity: number,
  what: { labels: readonly string[]; ipv4?: string; ipv6?: string; enabled?: string },
): EndpointModel {
  const addressing =
    what.ipv4 === undefined
      ? []
      : [{ ipv4: what.ipv4, ...(what.ipv6 === undefined ? {} : { ipv6: what.ipv6 }) }];
  return {
    id,
    status: {
      state: 'ready',
      identity: { id: identity, labels: what.labels },
      networking: { addressing },
      policy: { realized: { 'policy-enabled': what.enabled ?? 'none' } },
    },
  };
}

describe('cilium-dbg, against the real layout', () => {
  it('endpoint list', () => {
    const list = [
      endpoint(1001, 12345, {
        labels: CLIENT,
        ipv4: '10.244.1.10',
        ipv6: 'fd00:10:244:1::10',
        enabled: 'egress',
      }),
      endpoint(1002, 23456, {
        labels: ['k8s:app=backend', 'k8s:io.kubernetes.pod.namespace=default'],
        ipv4: '10.244.1.20',
        ipv6: 'fd00:10:244:1::20',
        enabled: 'audit-egress',
      }),
      endpoint(3000, 1, { labels: ['k8s:node-role.kubernetes.io/worker', 'reserved:host'] }),
      endpoint(3001, 4, { labels: ['reserved:health'], ipv4: '10.244.1.99' }),
    ];
    // The recorded endpoint 1002 enforces one direction and audits the other, which no agent's value says.
    const wanted = read('goldens/cilium-dbg-endpoint-list.txt').replace(
      'Enabled            Disabled (Audit)',
      'Disabled           Disabled (Audit)',
    );
    expect(endpointList(list)).toBe(wanted);
  });

  it('identity list', () => {
    const reserved = ['host', 'world', 'unmanaged', 'health', 'init', 'remote-node'].map((name, i) => ({
      id: i + 1,
      labels: [`reserved:${name}`],
    }));
    const list = [
      ...reserved,
      { id: 7, labels: ['reserved:kube-apiserver', 'reserved:remote-node'] },
      { id: 8, labels: ['reserved:ingress'] },
      { id: 12345, labels: ['k8s:app=client', 'k8s:io.kubernetes.pod.namespace=default'] },
      { id: 16777217, labels: ['fqdn:example.com', 'reserved:world'] },
    ];
    expect(identityTable(list)).toBe(read('goldens/cilium-dbg-identity-list.txt'));
  });

  it('bpf policy get', () => {
    const pod = (app: string, namespace: string): string[] => [
      `k8s:app=${app}`,
      `k8s:io.kubernetes.pod.namespace=${namespace}`,
    ];
    const entries: MapEntry[] = [
      {
        policy: 'Allow',
        direction: 'Ingress',
        identity: 1,
        labels: ['reserved:host'],
        port: 'ANY',
        bytes: 1240,
        packets: 15,
      },
      {
        policy: 'Allow',
        direction: 'Ingress',
        identity: 12345,
        labels: pod('client', 'default'),
        port: '80/TCP',
        proxyPort: 14321,
        bytes: 6520,
        packets: 44,
        prefix: 24,
        cookie: 3,
      },
      {
        policy: 'Deny',
        direction: 'Ingress',
        identity: 34567,
        labels: pod('api', 'shop'),
        port: 'ANY',
        bytes: 74,
        packets: 1,
        cookie: 4,
      },
      {
        policy: 'Allow',
        direction: 'Egress',
        identity: 0,
        port: '53/UDP',
        proxyPort: 10053,
        prefix: 24,
        cookie: 5,
      },
      {
        policy: 'Allow',
        direction: 'Egress',
        identity: 2,
        labels: ['reserved:world'],
        port: '8080-8081/TCP',
        auth: 'spire',
        bytes: 0,
        packets: 0,
        prefix: 23,
        cookie: 6,
      },
    ];
    expect(policyMapTable(entries, false)).toBe(read('goldens/cilium-dbg-bpf-policy-get.txt'));
    expect(policyMapTable(entries, true)).toBe(read('goldens/cilium-dbg-bpf-policy-get-numeric.txt'));
  });

  it('status', () => {
    const model: StatusModel = {
      kvstore: { state: 'Disabled' },
      kubernetes: {
        state: 'Ok',
        msg: '1.33 (v1.33.1) [linux/amd64]',
        'k8s-api-versions': [
          'networking.k8s.io/v1::NetworkPolicy',
          'core/v1::Pods',
          'cilium/v2::CiliumNetworkPolicy',
          'cilium/v2::CiliumCIDRGroup',
        ],
      },
      'kube-proxy-replacement': {
        mode: 'True',
        deviceList: [{ name: 'eth0', ip: ['172.18.0.3', 'fc00:f853:ccd:e793::3'] }],
      },
      'host-firewall': { mode: 'Disabled' },
      srv6: {},
      'cni-chaining': { mode: 'none' },
      'cni-file': {
        state: 'Ok',
        msg: 'successfully wrote CNI configuration file to /host/etc/cni/net.d/05-cilium.conflist',
      },
      cilium: { state: 'Ok', msg: '1.20.2 (v1.20.2-abcdef12)' },
      nodeMonitor: { cpus: 8, npages: 64, pagesize: 4096 },
      cluster: { ciliumHealth: { state: 'Ok' } },
      ipam: { status: 'IPv4: 5/254 allocated from 10.244.1.0/24, ' },
      proxy: {
        ip: '10.244.1.1',
        'total-redirects': 0,
        'port-range': '10000-20000',
        'envoy-deployment-mode': 'external',
      },
      'identity-range': { 'min-identity': 256, 'max-identity': 65535 },
      hubble: { state: 'Ok', observer: { current: 4095, max: 4095, seen: 0, uptimeNs: 0 } },
    };
    expect(statusText(model)).toBe(read('goldens/cilium-dbg-status.txt'));
    expect(statusBrief(model)).toBe(read('goldens/cilium-dbg-status-brief.txt'));
    expect(statusBrief({ ...model, kubernetes: { state: 'Failure', msg: 'no answer' } })).toBe(
      'error in kubernetes: no answer\n',
    );
  });
});
