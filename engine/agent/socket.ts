import type { Json, JsonObject } from '../base/json.ts';
import type { KubeObject } from '../objects/api.ts';
import type { Pod } from '../objects/views.ts';
import type { PolicyConfig } from '../policy/model.ts';
import { hashText } from '../base/hash.ts';
import { timestamp } from '../objects/time.ts';
import { sandboxId } from './endpoint-object.ts';

/** An endpoint of a node as its agent reports it; `pod` is absent for the host and the health endpoint. */
export type AgentEndpoint = {
  readonly id: number;
  readonly identity: number;
  readonly labels: readonly string[];
  readonly pod: Pod | undefined;
  /** Empty: none, as for the host. */
  readonly address: string;
  readonly enforcement: { readonly ingress: boolean; readonly egress: boolean };
};

/** Everything an agent's REST API answers from. */
export type AgentReport = {
  readonly node: string;
  readonly nodeAddress: string;
  readonly podCidr: string;
  /** By number. */
  readonly endpoints: readonly AgentEndpoint[];
  readonly identities: readonly { readonly id: number; readonly labels: readonly string[] }[];
  readonly policies: readonly KubeObject[];
  readonly policyRevision: number;
  readonly config: PolicyConfig;
  readonly nowMs: number;
  readonly dns: readonly { readonly name: string; readonly address: string; readonly expiresMs: number }[];
};

/** The answer of an agent to GET on a path (cilium's api/v1 models); undefined: 404. */
export function answerOf(path: string, report: AgentReport): Json | undefined {
  const [, topic = '', name] = path.replace(/^\/v1/, '').split('/');
  switch (topic) {
    case 'endpoint':
      if (name === undefined || name === '') return report.endpoints.map((one) => endpointModel(one, report));
      return found(
        report.endpoints.find((one) => isNamed(one, name)),
        (one) => endpointModel(one, report),
      );
    case 'identity':
      if (name === 'endpoints') return references(report);
      if (name === undefined || name === '') return identitiesOf(report).map(identityModel);
      return found(
        identitiesOf(report).find((one) => String(one.id) === name),
        identityModel,
      );
    case 'policy':
      return {
        policy: JSON.stringify(report.policies.map(policyModel), null, 2),
        revision: report.policyRevision,
      };
    case 'fqdn':
      return report.dns.map((one) => ({
        fqdn: one.name,
        ips: [one.address],
        ttl: 0,
        'expiration-time': timestamp(one.expiresMs),
        source: 'lookup',
      }));
    case 'healthz':
      return statusModel(report);
    default:
      return undefined;
  }
}

function found<T>(item: T | undefined, model: (item: T) => Json): Json | undefined {
  return item === undefined ? undefined : model(item);
}

/** Numbers, and the prefixes that cilium-dbg takes for other names of an endpoint. */
function isNamed(one: AgentEndpoint, name: string): boolean {
  const pod = one.pod && `${one.pod.metadata.namespace}/${one.pod.metadata.name}`;
  const [prefix, rest] = name.includes(':')
    ? [name.slice(0, name.indexOf(':')), name.slice(name.indexOf(':') + 1)]
    : ['cilium-local', name];
  if (prefix === 'cilium-local') return String(one.id) === rest;
  if (prefix === 'pod-name') return pod === decodeURIComponent(rest);
  return prefix === 'ipv4' && one.address === rest;
}

function endpointModel(one: AgentEndpoint, report: AgentReport): JsonObject {
  const { ingress, egress } = one.enforcement;
  const enabled = ingress && egress ? 'both' : ingress ? 'ingress' : egress ? 'egress' : 'none';
  const policy = {
    'allowed-egress-identities': [],
    'allowed-ingress-identities': [],
    build: report.policyRevision,
    id: one.identity,
    'policy-enabled': enabled,
    'policy-revision': report.policyRevision,
  };
  const options = {
    Conntrack: 'Enabled',
    Debug: 'Disabled',
    DropNotification: 'Enabled',
    MonitorAggregationLevel: 'Medium',
    PolicyAuditMode: 'Disabled',
    PolicyVerdictNotification: 'Enabled',
    TraceNotification: 'Enabled',
  };
  const { pod } = one;
  return {
    id: one.id,
    spec: { 'label-configuration': {}, options },
    status: {
      controllers: [],
      'external-identifiers':
        pod === undefined
          ? {}
          : {
              'cni-attachment-id': `${sandboxId(pod)}:eth0`,
              'container-id': sandboxId(pod),
              'k8s-namespace': pod.metadata.namespace,
              'k8s-pod-name': pod.metadata.name,
              'pod-name': `${pod.metadata.namespace}/${pod.metadata.name}`,
            },
      health: { bpf: 'OK', connected: true, overallHealth: 'OK', policy: 'OK' },
      identity: identityModel({ id: one.identity, labels: one.labels }),
      labels: { realized: {}, 'security-relevant': one.labels },
      log: [{ code: 'OK', message: 'Successfully regenerated endpoint program', state: 'ready' }],
      namedPorts: [],
      networking: {
        addressing: one.address === '' ? [] : [{ ipv4: one.address }],
        'host-addressing': { ipv4: { address: report.nodeAddress } },
        'interface-name':
          pod === undefined
            ? one.identity === 1
              ? 'cilium_host'
              : 'lxc_health'
            : `lxc${hashText(pod.metadata.uid ?? '').slice(0, 12)}`,
        mac: macOf(`${report.node}/${one.id}`),
      },
      policy: {
        'proxy-policy-revision': report.policyRevision,
        'proxy-statistics': [],
        realized: policy,
        spec: policy,
      },
      realized: { 'label-configuration': {}, options },
      state: 'ready',
    },
  };
}

function macOf(key: string): string {
  const digits = hashText(key).slice(0, 10);
  return ['0a', ...(digits.match(/../g) ?? [])].join(':');
}

function identityModel(one: { readonly id: number; readonly labels: readonly string[] }): JsonObject {
  const sha = `${hashText(one.labels.join(';'))}${hashText(`${one.labels.join(';')}/1`)}${hashText(`${one.labels.join(';')}/2`)}${hashText(`${one.labels.join(';')}/3`)}`;
  return { id: one.id, labels: one.labels, labelsSHA256: sha };
}

const RESERVED: readonly (readonly [id: number, name: string])[] = [
  [1, 'host'],
  [2, 'world'],
  [3, 'unmanaged'],
  [4, 'health'],
  [5, 'init'],
  [6, 'remote-node'],
  [7, 'kube-apiserver'],
  [8, 'ingress'],
  [9, 'world-ipv4'],
  [10, 'world-ipv6'],
];

function identitiesOf(
  report: AgentReport,
): readonly { readonly id: number; readonly labels: readonly string[] }[] {
  const reserved = RESERVED.map(([id, name]) => ({
    id,
    labels: id === 7 ? ['reserved:kube-apiserver', 'reserved:remote-node'] : [`reserved:${name}`],
  }));
  return [...reserved, ...report.identities];
}

function references(report: AgentReport): Json {
  return identitiesOf(report)
    .map((one) => ({
      identity: identityModel(one),
      refCount: report.endpoints.filter((endpoint) => endpoint.identity === one.id).length,
    }))
    .filter((one) => one.refCount > 0);
}

/** A policy as `cilium-dbg policy get` shows it: the object's rules with the labels that say where they came from. */
function policyModel(object: KubeObject): JsonObject {
  const { name, namespace, uid } = object.metadata;
  const label = (key: string, value: string): JsonObject => ({
    key: `io.cilium.k8s.policy.${key}`,
    value,
    source: 'k8s',
  });
  const labels = [
    label('derived-from', object.kind),
    label('name', name),
    ...(namespace === undefined ? [] : [label('namespace', namespace)]),
    label('uid', uid ?? ''),
  ];
  return {
    ...(object['spec'] as JsonObject | undefined),
    ...(object['specs'] === undefined ? {} : { specs: object['specs'] as Json }),
    labels,
  };
}

function statusModel(report: AgentReport): JsonObject {
  const ok = { state: 'Ok', msg: '' };
  return {
    cilium: { state: 'Ok', msg: '1.20.2 (v1.20.2)' },
    kubernetes: {
      state: 'Ok',
      msg: '1.32 (v1.32.13) [linux/amd64]',
      'k8s-api-versions': [
        'cilium/v2::CiliumCIDRGroup',
        'cilium/v2::CiliumClusterwideNetworkPolicy',
        'cilium/v2::CiliumEndpoint',
        'cilium/v2::CiliumNetworkPolicy',
        'cilium/v2::CiliumNode',
        'core/v1::Namespace',
        'core/v1::Pods',
        'core/v1::Service',
        'discovery/v1::EndpointSlice',
        'networking.k8s.io/v1::NetworkPolicy',
      ],
    },
    kvstore: { state: 'Disabled', msg: '' },
    'container-runtime': ok,
    'kube-proxy-replacement': { mode: 'False' },
    'host-firewall': { mode: report.config.hostFirewall ? 'Enabled' : 'Disabled' },
    'cni-chaining': { mode: 'none' },
    'cni-file': {
      state: 'Ok',
      msg: 'successfully wrote CNI configuration file to /host/etc/cni/net.d/05-cilium.conflist',
    },
    nodeMonitor: { cpus: 4, npages: 64, pagesize: 4096, lost: 0, unknown: 0 },
    cluster: { ciliumHealth: ok, self: `${report.config.cluster}/${report.node}`, nodes: [] },
    ipam: {
      status: `${report.endpoints.filter((one) => one.address !== '').length + 1}/254 allocated from ${report.podCidr}, `,
    },
    proxy: {
      ip: '',
      'port-range': '10000-20000',
      'total-ports': 0,
      'total-redirects': 0,
      'envoy-deployment-mode': 'external',
    },
    'identity-range': { 'min-identity': 256, 'max-identity': 65535 },
    hubble: { state: 'Ok', msg: '' },
    encryption: { mode: 'Disabled' },
    controllers: [],
    'bandwidth-manager': { enabled: false },
    masquerading: { enabled: true, mode: 'iptables' },
    'auth-certificate-provider': { state: 'Disabled' },
    stale: {},
  };
}
