import { toBase64 } from '../base/bytes.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { KubeObject } from '../objects/api.ts';
import type { Pod } from '../objects/views.ts';
import { hashText } from '../base/hash.ts';
import type { PolicyConfig } from '../policy/model.ts';
import { RESERVED_IDENTITIES } from './identities.ts';
import { reservedLabels } from './report.ts';
import { endpointModel, identityModel, labelsOfPolicy, logOf } from './endpoint-model.ts';
import { policyMap, type PolicyView, selectorModels, selectorText } from './policy-map.ts';

/** An endpoint of a node as its agent reports it; `pod` is absent for the host and the health endpoint. */
export type AgentEndpoint = {
  readonly id: number;
  readonly identity: number;
  readonly labels: readonly string[];
  readonly pod: Pod | undefined;
  /** Empty: none, as for the host. */
  readonly address: string;
  readonly enforcement: { readonly ingress: boolean; readonly egress: boolean };
  /** Options that may be changed at run time, by name. */
  readonly options: Readonly<Record<string, string>>;
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
  readonly dns: readonly {
    readonly name: string;
    readonly address: string;
    readonly expiresMs: number;
    readonly ttlSeconds?: number;
    /** Endpoints of this node that asked for the name. */
    readonly endpoints: readonly number[];
  }[];
  /** Options of the agent that may be changed at run time. */
  readonly options: Readonly<Record<string, string>>;
  readonly nodes: readonly {
    readonly name: string;
    readonly address: string;
    readonly podCidr: string;
    readonly router: string;
    readonly health: string;
  }[];
  /** Nodes with the API server. */
  readonly apiNodes: readonly string[];
  /** The ConfigMap cilium-config. */
  readonly ciliumConfig: Readonly<Record<string, string>>;
  readonly services: () => readonly JsonObject[];
  readonly policyView: () => PolicyView;
  readonly pods: () => readonly {
    readonly address: string;
    readonly node: string;
    readonly identity: number;
    readonly labels: readonly string[];
  }[];
};

/** The answer of an agent to GET on a path (cilium's api/v1 models); undefined: 404. */
export function answerOf(path: string, report: AgentReport): Json | undefined {
  const [, topic = '', name, part] = path.replace(/^\/v1/, '').split('/');
  switch (topic) {
    case 'endpoint':
      return endpointAnswer(report, name ?? '', part);
    case 'identity':
      if (name === 'endpoints') return references(report);
      if (name === undefined || name === '') return identitiesOf(report).map(identityModel);
      return found(
        identitiesOf(report).find((one) => String(one.id) === name),
        identityModel,
      );
    case 'policy':
      if (name === 'selectors') return selectorsAnswer(report);
      return {
        policy: JSON.stringify(report.policies.map(policyModel), null, 2),
        revision: report.policyRevision,
      };
    case 'fqdn':
      return name === 'names' ? fqdnNames(report) : fqdnModels(report);
    case 'healthz':
      return statusModel(report);
    case 'config':
      return configModel(report);
    case 'ip':
      return ipModels(report);
    case 'service':
      return report.services() as Json;
    case 'cluster':
      return report.nodes as unknown as Json;
    case 'bpf':
      return name === 'policy' ? mapAnswer(report, part ?? '') : undefined;
    default:
      return undefined;
  }
}

function endpointAnswer(report: AgentReport, name: string, part: string | undefined): Json | undefined {
  if (name === '') return report.endpoints.map((one) => endpointModel(one, report));
  const one = report.endpoints.find((item) => isNamed(item, name));
  if (one === undefined) return undefined;
  switch (part) {
    case undefined:
      return endpointModel(one, report);
    case 'healthz':
      return { bpf: 'OK', connected: true, overallHealth: 'OK', policy: 'OK' };
    case 'log':
      return logOf(one, report);
    case 'config':
      return { immutable: {}, realized: { 'label-configuration': {}, options: one.options } };
    default:
      return undefined;
  }
}

function mapAnswer(report: AgentReport, name: string): Json | undefined {
  const one = report.endpoints.find((item) => isNamed(item, name));
  if (one === undefined) return undefined;
  const key = one.pod && `${one.pod.metadata.namespace}/${one.pod.metadata.name}`;
  return policyMap(report.policyView(), key) as Json;
}

function fqdnModels(report: AgentReport): Json {
  const groups = new Map<
    string,
    { endpoint: number; name: string; expiresMs: number; ttl: number; ips: string[] }
  >();
  for (const one of report.dns) {
    for (const endpoint of one.endpoints) {
      const key = `${endpoint} ${one.name}`;
      const group = groups.get(key) ?? {
        endpoint,
        name: one.name,
        expiresMs: 0,
        ttl: one.ttlSeconds ?? 0,
        ips: [],
      };
      group.expiresMs = Math.max(group.expiresMs, one.expiresMs);
      group.ips.push(one.address);
      groups.set(key, group);
    }
  }
  return [...groups.values()].map(({ endpoint, name, expiresMs, ttl, ips }) => ({
    'endpoint-id': endpoint,
    source: 'lookup',
    fqdn: name,
    ttl,
    'expiration-time': new Date(Math.floor(expiresMs)).toISOString(),
    ips,
  }));
}

function fqdnNames(report: AgentReport): Json {
  const { repository } = report.policyView();
  const names = new Set<string>();
  for (const key of repository.policyKeys())
    for (const rule of repository.policy(key)?.rules ?? [])
      for (const selector of rule.peers ?? [])
        if (selector.kind === 'name') names.add(selectorText(selector));
  return {
    DNSPollNames: null,
    FQDNPolicySelectors: [...names].sort().map((selectorString) => ({
      regexString: patternOf(selectorString),
      selectorString,
    })),
  };
}

/** The anchored expression of a name selector, as the agent reports it. */
function patternOf(selectorString: string): string {
  const [, name = '', pattern = ''] = /^MatchName: (.*), MatchPattern: (.*)$/.exec(selectorString) ?? [];
  const source = (name === '' ? pattern : name).replaceAll('.', '[.]').replaceAll('*', '[-a-zA-Z0-9_]*');
  return `^${source}[.]$`;
}

/** The IP cache: every address or block with the identity behind it. */
function ipModels(report: AgentReport): Json {
  const entries: {
    cidr: string;
    identity: number;
    host: string;
    source: string;
    labels: readonly string[];
  }[] = [{ cidr: '0.0.0.0/0', identity: 2, host: '', source: '', labels: [] }];
  const nodeAddress = new Map(report.nodes.map((node) => [node.name, node.address]));
  for (const node of report.nodes) {
    const isOwn = node.name === report.node;
    const isApi = report.apiNodes.includes(node.name);
    const source = isOwn ? 'local' : 'custom-resource';
    const host = isOwn ? '' : node.address;
    const own = isOwn ? 1 : isApi ? 7 : 6;
    const learnt = isApi ? 'kube-apiserver' : source;
    entries.push({ cidr: `${node.address}/32`, identity: own, host, source: learnt, labels: [] });
    entries.push({ cidr: `${node.router}/32`, identity: isOwn ? 1 : 6, host, source, labels: [] });
    entries.push({ cidr: `${node.health}/32`, identity: 4, host: node.address, source, labels: [] });
  }
  for (const pod of report.pods())
    entries.push({
      cidr: `${pod.address}/32`,
      identity: pod.identity,
      host: nodeAddress.get(pod.node) ?? '',
      source: 'custom-resource',
      labels: pod.labels,
    });
  for (const { id, labels, peer } of report.policyView().peers)
    if ('address' in peer && id > 65_535) {
      const block = labels.find((label) => label.startsWith('cidr:'))?.slice('cidr:'.length);
      const isName = labels.some((label) => label.startsWith('fqdn:'));
      const cidr = block === undefined || isName ? `${peer.address}/32` : block;
      entries.push({ cidr, identity: id, host: '', source: 'generated', labels });
    }
  return entries
    .filter(({ cidr }) => !cidr.startsWith('/'))
    .sort((a, b) => addressOrder(a.cidr) - addressOrder(b.cidr))
    .map(({ cidr, identity, host, source, labels }) => ({
      cidr,
      identity,
      labels,
      hostIP: host,
      encryptKey: 0,
      metadata: { source },
    }));
}

function addressOrder(cidr: string): number {
  return (cidr.split('/')[0] ?? '').split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function configModel(report: AgentReport): Json {
  return {
    status: {
      daemonConfigurationMap: Object.fromEntries(Object.entries(report.ciliumConfig)),
      k8sConfiguration: '',
      k8sEndpoint: '',
      immutable: {},
      realized: { options: report.options, 'policy-enforcement': report.config.enforcement },
      nodeMonitor: { cpus: 4, npages: 64, pagesize: 4096 },
    },
  };
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

function identitiesOf(
  report: AgentReport,
): readonly { readonly id: number; readonly labels: readonly string[] }[] {
  // The worlds of the two families are told apart in dual stack only.
  const reserved = Object.entries(RESERVED_IDENTITIES)
    .filter(([, id]) => id < 9 || report.config.ipv6)
    .map(([name, id]) => ({
      id,
      labels: reservedLabels(name, report.apiNodes.includes(report.node)),
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
  return {
    ...(object['spec'] as JsonObject | undefined),
    ...(object['specs'] === undefined ? {} : { specs: object['specs'] as Json }),
    labels: labelsOfPolicy(object),
  };
}

function selectorsAnswer(report: AgentReport): Json {
  return selectorModels(report.policyView(), ({ kind, name, namespace }) => {
    const object = report.policies.find(
      (one) =>
        one.kind === kind && one.metadata.name === name && (one.metadata.namespace ?? '') === namespace,
    );
    return object === undefined ? [] : labelsOfPolicy(object);
  }) as Json;
}

const API_VERSIONS = [
  'EndpointSliceOrEndpoint',
  'cilium/v2::CiliumCIDRGroup',
  'cilium/v2::CiliumClusterwideNetworkPolicy',
  'cilium/v2::CiliumEndpoint',
  'cilium/v2::CiliumNetworkPolicy',
  'cilium/v2::CiliumNode',
  'core/v1::Pods',
  'networking.k8s.io/v1::NetworkPolicy',
];

const CONTROLLERS = [
  'cilium-health-ep',
  'dns-garbage-collector-job',
  'endpoint-gc',
  'ipcache-inject-labels',
  'k8s-heartbeat',
  'link-cache',
  'metricsmap-bpf-prom-sync',
  'neighbor-table-refresh',
];

function statusModel(report: AgentReport): JsonObject {
  const ok = { state: 'Ok', msg: '' };
  const settings = report.ciliumConfig;
  const setting = (name: string): string => (Object.hasOwn(settings, name) ? (settings[name] ?? '') : '');
  const own = report.nodes.find((node) => node.name === report.node);
  const local = report.endpoints.filter((one) => one.address !== '');
  const isProxyless = setting('kube-proxy-replacement') === 'true';
  const isEncrypted = setting('enable-wireguard') === 'true';
  const router = own?.router ?? '';
  const owners = local.map((one): [string, string] => [
    one.address,
    one.pod === undefined
      ? (one.labels[0] ?? '').replace('reserved:', '')
      : `${one.pod.metadata.namespace}/${one.pod.metadata.name}`,
  ]);
  const controllers = [
    ...CONTROLLERS,
    ...report.endpoints.flatMap(({ id }) => [`endpoint-${id}-regeneration-recovery`, `sync-policymap-${id}`]),
  ];
  return {
    kvstore: { state: 'Disabled', msg: '' },
    kubernetes: { state: 'Ok', msg: '1.32 (v1.32.13) [linux/amd64]', 'k8s-api-versions': API_VERSIONS },
    'kube-proxy-replacement': {
      mode: isProxyless ? 'True' : 'False',
      deviceList: isProxyless ? [{ name: 'eth0', ip: [report.nodeAddress] }] : [],
    },
    'host-firewall': { mode: report.config.hostFirewall ? 'Enabled' : 'Disabled', devices: ['eth0'] },
    srv6: { enabled: false },
    'cni-chaining': { mode: 'none' },
    'cni-file': {
      state: 'Ok',
      msg: 'successfully wrote CNI configuration file to /host/etc/cni/net.d/05-cilium.conflist',
    },
    cilium: { state: 'Ok', msg: '1.20.2 (v1.20.2)' },
    nodeMonitor: { cpus: 4, npages: 64, pagesize: 4096, lost: 0, unknown: 0 },
    cluster: { ciliumHealth: ok, self: `${report.config.cluster}/${report.node}`, nodes: [] },
    ipam: {
      status: `IPv4: ${local.length + 1}/254 allocated from ${report.podCidr}, `,
      allocations: Object.fromEntries([[router, 'router'], ...owners]),
    },
    'ipv4-big-tcp': { enabled: false },
    'ipv6-big-tcp': { enabled: false },
    'bandwidth-manager': { enabled: false },
    routing: {
      network: setting('routing-mode') === 'native' ? 'Native' : 'Tunnel [vxlan]',
      host: isProxyless ? 'BPF' : 'Legacy',
    },
    'attach-mode': 'TCX',
    'datapath-mode': 'veth',
    masquerading: { enabled: true, mode: 'iptables', protocols: { ipv4: true, ipv6: false } },
    controllers: controllers.sort().map((name) => ({ name })),
    proxy: {
      ip: router,
      'port-range': '10000-20000',
      'total-redirects': redirectsOf(report, local),
      'envoy-deployment-mode': setting('external-envoy-proxy') === 'false' ? 'embedded' : 'external',
    },
    'identity-range': { 'min-identity': 256, 'max-identity': 65535 },
    hubble: {
      state: 'Ok',
      msg: '',
      metrics: { state: setting('hubble-metrics-server') === '' ? 'Disabled' : 'Ok' },
    },
    encryption: isEncrypted ? { mode: 'Wireguard', wireguard: wireguard(report) } : { mode: 'Disabled' },
    'auth-certificate-provider': { state: 'Disabled' },
  };
}

/** The tunnel to the other nodes, with a key that follows from the node's name. */
function wireguard(report: AgentReport): JsonObject {
  const seed = [0, 1, 2, 3].map((part) => hashText(`${report.node}/key/${part}`)).join('');
  const bytes = (seed.match(/../g) ?? []).slice(0, 32).map((pair) => Number.parseInt(pair, 16));
  return {
    interfaces: [
      {
        'listen-port': 51_871,
        name: 'cilium_wg0',
        'peer-count': report.nodes.length - 1,
        peers: null,
        'public-key': toBase64(Uint8Array.from(bytes)),
      },
    ],
    'node-encryption': report.ciliumConfig['encrypt-node'] === 'true' ? 'Enabled' : 'Disabled',
  };
}

/** Proxy redirects of the node's endpoints: one for each endpoint, direction and port with layer 7 rules. */
function redirectsOf(report: AgentReport, endpoints: readonly AgentEndpoint[]): number {
  const view = report.policyView();
  const found = new Set<string>();
  for (const { id, pod } of endpoints) {
    if (pod === undefined) continue;
    for (const entry of policyMap(view, `${pod.metadata.namespace}/${pod.metadata.name}`))
      if (entry['proxyPort'] !== 0) found.add(`${id} ${String(entry['direction'])} ${String(entry['port'])}`);
  }
  return found.size;
}
