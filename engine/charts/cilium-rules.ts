import { isJsonObject, type Json, type JsonObject } from '../base/json.ts';
import type { ChartFailure, ReleaseFacts } from './chart.ts';
import { ValueReader, valueAt } from './values.ts';

/** `1.20.2` as numbers of two parts; unreadable parts are 0. */
function minorOf(version: string): readonly [number, number] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return [major, minor];
}

/** True for versions of `MAJOR.MINOR` and later. */
export function isAtLeast(version: string, floor: string): boolean {
  const [major, minor] = minorOf(version);
  const [wantMajor, wantMinor] = minorOf(floor);
  return major > wantMajor || (major === wantMajor && minor >= wantMinor);
}

type Rule = {
  /** Where in the template it fails (1.20). */
  readonly at: string;
  /** From this version on; absent: always. */
  readonly since?: string;
  readonly fails: (v: ValueReader) => boolean;
  readonly say: string;
};

const guide = (version: string): string =>
  `For details please refer to https://docs.cilium.io/en/v${version}/operations/upgrade/#helm-options`;

/** A value that is no more: fails as soon as one of the paths is set. */
function gone(line: number, since: string, paths: readonly string[], words: string): Rule {
  return {
    at: `validate.yaml:${line}:5`,
    since,
    fails: (v) => paths.some((path) => v.isOn(path)),
    say: `${words} ${guide(since)}`,
  };
}

const removed = (name: string, was: string, now: string, verb = 'was', and = 'and '): string =>
  `${name} ${verb} deprecated in v${was} ${and}has been removed in v${now}.`;

const NAME = '^([a-z0-9][-a-z0-9]*)?[a-z0-9]$';
const ENCRYPTION = ['keyFile', 'mountPath', 'secretName', 'interface'];
const POLICIES_OF_TRAFFIC = ['Cluster', 'Local'];

const isMonitored = (v: ValueReader): boolean =>
  ['prometheus', 'operator.prometheus', 'envoy.prometheus', 'hubble.relay.prometheus'].some(
    (path) => v.isOn(`${path}.enabled`) && v.isOn(`${path}.serviceMonitor.enabled`),
  ) && !v.isOn('prometheus.serviceMonitor.trustCRDsExist');

/** The refusals of templates/validate.yaml, in its order, and the configuration's own. The texts are the chart's. */
const RULES: readonly Rule[] = [
  gone(5, '1.18', ['enableCiliumEndpointSlice'], removed('enableCiliumEndpointSlice', '1.16', '1.18')),
  gone(
    8,
    '1.18',
    ['ciliumEndpointSlice.sliceMode'],
    'ciliumEndpointSlice.sliceMode has been removed in v1.18.',
  ),
  gone(
    18,
    '1.16',
    ENCRYPTION.map((name) => `encryption.${name}`),
    removed(`encryption.{${ENCRYPTION.join(',')}}`, '1.14', '1.16', 'were'),
  ),
  {
    ...gone(
      24,
      '1.16',
      [],
      removed('proxy.prometheus.enabled and proxy.prometheus.port', '1.14', '1.16', 'were'),
    ),
    fails: (v) => v.text('proxy.prometheus.enabled') !== '' || v.isOn('proxy.prometheus.port'),
  },
  gone(27, '1.16', ['endpointStatus'], 'endpointStatus has been removed in v1.16.'),
  gone(30, '1.16', ['remoteNodeIdentity'], removed('remoteNodeIdentity', '1.15', '1.16')),
  gone(33, '1.16', ['containerRuntime.integration'], removed('containerRuntime.integration', '1.14', '1.16')),
  gone(36, '1.16', ['etcd.managed'], removed('etcd.managed', '1.10', '1.16', 'was', '')),
  gone(41, '1.15', ['tunnel'], removed('tunnel', '1.14', '1.15')),
  gone(
    44,
    '1.15',
    ['clustermesh.apiserver.tls.ca.cert', 'clustermesh.apiserver.tls.ca.key'],
    removed('clustermesh.apiserver.tls.ca.cert and clustermesh.apiserver.tls.ca.key', '1.14', '1.15', 'were'),
  ),
  gone(47, '1.15', ['enableK8sEventHandover'], removed('enableK8sEventHandover', '1.14', '1.15')),
  gone(50, '1.15', ['enableCnpStatusUpdates'], removed('enableCnpStatusUpdates', '1.14', '1.15')),
  {
    at: 'validate.yaml:55:6',
    fails: (v) =>
      v.isOn('k8sServiceHostRef.name') && v.isOn('k8sServiceHostRef.key') && v.isOn('k8sServiceHost'),
    say: 'Both k8sServiceHostRef and k8sServiceHost are set. Please set only one of them.',
  },
  {
    at: 'validate.yaml:61:7',
    fails: (v) =>
      v.isOn('hubble.ui.enabled') &&
      !v.isOn('hubble.ui.standalone.enabled') &&
      !v.isOn('hubble.relay.enabled'),
    say: 'Hubble UI requires .Values.hubble.relay.enabled=true',
  },
  {
    at: 'validate.yaml:66:7',
    fails: (v) =>
      v.isOn('hubble.ui.enabled') &&
      v.isOn('hubble.ui.standalone.enabled') &&
      v.isOn('hubble.relay.tls.server.enabled') &&
      !v.isOn('hubble.ui.standalone.tls.certsVolume'),
    say: 'Hubble UI in standalone with Hubble Relay server TLS enabled requires providing .Values.hubble.ui.standalone.tls.certsVolume for mounting client certificates in the backend pod',
  },
  {
    at: 'validate.yaml:71:7',
    fails: (v) => v.isOn('hubble.relay.enabled') && !v.isOn('hubble.enabled'),
    say: 'Hubble Relay requires .Values.hubble.enabled=true',
  },
  {
    at: 'validate.yaml:79:13',
    fails: isMonitored,
    say: 'Service Monitor requires monitoring.coreos.com/v1 CRDs. Please refer to https://github.com/prometheus-operator/prometheus-operator/blob/main/example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml or set .Values.prometheus.serviceMonitor.trustCRDsExist=true',
  },
  {
    at: 'validate.yaml:86:7',
    fails: (v) =>
      v.isOn('hubble.enabled') &&
      v.isOn('hubble.tls.enabled') &&
      v.isOn('hubble.tls.auto.enabled') &&
      v.text('hubble.tls.auto.method') === 'certmanager' &&
      !v.isOn('hubble.tls.auto.certManagerIssuerRef'),
    say: 'Hubble TLS certgen method=certmanager requires that user specifies .Values.hubble.tls.auto.certManagerIssuerRef',
  },
  {
    at: 'validate.yaml:91:5',
    fails: (v) => v.isOn('hubble.redact.http.headers.allow') && v.isOn('hubble.redact.http.headers.deny'),
    say: 'Only one of .Values.hubble.redact.http.headers.allow, .Values.hubble.redact.http.headers.deny can be specified',
  },
  {
    at: 'validate.yaml:115:9',
    fails: (v) =>
      (v.isOn('ingressController.enabled') ||
        v.isOn('gatewayAPI.enabled') ||
        v.text('loadBalancer.l7.backend') === 'envoy') &&
      !v.isOn('l7Proxy'),
    say: "Ingress or Gateway API controller or Envoy L7 Load Balancer  requires .Values.l7Proxy to be set to 'true'",
  },
  {
    at: 'validate.yaml:122:5',
    fails: (v) =>
      v.isOn('ingressController.enabled') &&
      ['LoadBalancer', 'NodePort'].includes(v.text('ingressController.service.type')) &&
      !POLICIES_OF_TRAFFIC.includes(v.text('ingressController.service.externalTrafficPolicy')),
    say: "Cilium Ingress services of type 'LoadBalancer' or 'NodePort' need an externalTrafficPolicy set to 'Cluster' or 'Local'.",
  },
  {
    at: 'validate.yaml:128:5',
    fails: (v) =>
      v.isOn('gatewayAPI.enabled') &&
      !POLICIES_OF_TRAFFIC.includes(v.text('gatewayAPI.externalTrafficPolicy')),
    say: "Cilium GatewayAPI needs an externalTrafficPolicy set to 'Cluster' or 'Local'.",
  },
  {
    at: 'validate.yaml:134:7',
    fails: (v) =>
      ['envoyConfig', 'ingressController', 'gatewayAPI'].some((one) => v.isOn(`${one}.enabled`)) &&
      v.text('kubeProxyReplacement') === 'disabled',
    say: "Ingress/Gateway API controller and EnvoyConfig require .Values.kubeProxyReplacement to be explicitly set to 'false' or 'true'",
  },
  {
    at: 'validate.yaml:140:7',
    fails: (v) => v.isOn('authentication.mutual.spire.enabled') && !v.isOn('authentication.enabled'),
    say: 'SPIRE integration requires .Values.authentication.enabled=true and .Values.authentication.mutual.spire.enabled=true',
  },
  {
    at: 'validate.yaml:147:5',
    fails: (v) => v.isOn('ciliumEndpointSlice.enabled') && v.at('disableEndpointCRD') === true,
    say: 'if Cilium Endpoint Slice is enabled (.Values.ciliumEndpointSlice.enabled=true), it requires .Values.disableEndpointCRD=false',
  },
  {
    at: 'validate.yaml:153:5',
    fails: (v) => v.text('cluster.name') === '',
    say: 'The cluster name is invalid: cannot be empty',
  },
  {
    at: 'validate.yaml:156:5',
    fails: (v) => v.text('cluster.name').length > 32,
    say: 'The cluster name is invalid: must not be more than 32 characters',
  },
  {
    at: 'validate.yaml:159:5',
    fails: (v) => !new RegExp(NAME).test(v.text('cluster.name')),
    say: "The cluster name is invalid: must consist of lower case alphanumeric characters and '-', and must start and end with an alphanumeric character",
  },
  {
    at: 'validate.yaml:162:5',
    fails: (v) => v.text('cluster.name') === 'default' && v.int('cluster.id') !== 0,
    say: 'The cluster name is invalid: cannot use default value with cluster.id != 0',
  },
  {
    at: 'validate.yaml:216:6',
    fails: (v) => ![255, 511].includes(v.int('clustermesh.maxConnectedClusters')),
    say: 'max-connected-clusters must be set to 255 or 511',
  },
  {
    at: 'validate.yaml:221:6',
    fails: (v) => v.int('envoy.baseID') < 0 || v.int('envoy.baseID') > 4_294_967_295,
    say: 'envoy.baseID must be an int. Supported values 0 - 4294967295',
  },
  {
    at: 'validate.yaml:257:5',
    fails: (v) => v.text('ipam.mode') === 'eni' && !v.isOn('eni.enabled'),
    say: 'ipam.mode=eni requires eni.enabled=true',
  },
  {
    at: 'cilium-configmap.yaml:79:5',
    fails: (v) => !['true', 'false'].includes(v.text('kubeProxyReplacement')),
    say: 'kubeProxyReplacement must be explicitly set to a valid value (true or false) to continue.',
  },
];

/** The first refusal of the chart's templates. */
export function ciliumFailure(values: JsonObject, facts: ReleaseFacts): ChartFailure | undefined {
  const v = new ValueReader(values);
  const rule = RULES.find(
    (one) => (one.since === undefined || isAtLeast(facts.version, one.since)) && one.fails(v),
  );
  return rule && { at: `cilium/templates/${rule.at}`, message: rule.say };
}

/** What helm prints after an installation (templates/NOTES.txt says these facts). */
export function ciliumNotes(values: JsonObject, facts: ReleaseFacts): string {
  const v = new ValueReader(values);
  const hasRelay = v.isOn('hubble.enabled') && v.isOn('hubble.relay.enabled');
  const parts = hasRelay
    ? v.isOn('hubble.ui.enabled')
      ? ' with Hubble Relay and Hubble UI'
      : ' with Hubble Relay'
    : v.isOn('hubble.enabled')
      ? ' with Hubble'
      : '';
  const minor = facts.version.split('.').slice(0, 2).join('.');
  const warnings =
    hasRelay && !v.isOn('hubble.relay.tls.server.enabled')
      ? '\n\nWARNINGS:\n- TLS is off for the server of Hubble Relay (hubble.relay.tls.server.enabled=false):\n  what clients say to it may not be encrypted.'
      : '';
  return `You have successfully installed Cilium${parts}.${warnings}\n\nYour release version is ${facts.version}.\n\nFor any further help, visit https://docs.cilium.io/en/v${minor}/gettinghelp\n`;
}

/** Types that the schema allows beside the default's own, by path. */
const TYPES: ReadonlyMap<string, readonly string[]> = new Map(
  `upgradeCompatibility null,string|debug.verbose null,string|debug.metricsSamplingInterval null,string
commonLabels null,object|k8sServicePort string,integer|updateStrategy.rollingUpdate.maxUnavailable integer,string
autoDirectNodeRoutes boolean,string|bpf.masquerade null,boolean|bpf.hostLegacyRouting null,boolean|bpf.tproxy null,boolean
bpf.mapDynamicSizeRatio null,number,string|bpf.policyMapMax null,integer|cni.chainingMode null,string
enableIPv4Masquerade null,boolean|endpointRoutes.enabled boolean,string|envoy.enabled null,boolean
hubble.metrics.enabled null,array|ipam.operator.clusterPoolIPv4PodCIDRList array,string
ipam.operator.clusterPoolIPv6PodCIDRList array,string|kubeProxyReplacement string,boolean|operator.setNodeTaints null,boolean
policyCIDRMatchMode null,string,array`
    .split(/[|\n]/)
    .map((row) => {
      const [path = '', types = ''] = row.split(' ');
      return [path, types.split(',')] as const;
    }),
);

function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

function fits(value: Json, wanted: readonly string[]): boolean {
  const type = typeOf(value);
  return (
    wanted.includes(type) || (wanted.includes('integer') && type === 'number' && Number.isInteger(value))
  );
}

/** What is wrong below a path: one line, or a heading with the lines below it. */
function faultsAt(path: string, value: Json, given: Json): readonly string[] {
  const type = typeOf(given);
  const wanted = TYPES.get(path) ?? [type === 'number' ? 'integer' : type];
  const pointer = `/${path.replaceAll('.', '/')}`;
  if (!fits(value, wanted)) return [`at '${pointer}': got ${typeOf(value)}, want ${wanted.join(' or ')}`];
  if (!isJsonObject(value) || !isJsonObject(given)) return [];
  const below = Object.entries(given).flatMap(([key, inner]) => {
    const own = Object.hasOwn(value, key) ? value[key] : undefined;
    return own === undefined || inner === undefined ? [] : [faultsAt(`${path}.${key}`, own, inner)];
  });
  const found = below.filter((lines) => lines.length > 0);
  if (found.length <= 1) return found.flat();
  return [
    `at '${pointer}': validation failed`,
    ...found.flatMap((lines) => mark(lines).map((line) => `  ${line}`)),
  ];
}

/** The first of a group of lines with its dash; those below it have theirs. */
function mark(lines: readonly string[]): readonly string[] {
  return lines.map((line, i) => (i === 0 ? `- ${line}` : line));
}

/** What the chart's schema (1.16 and later) says of coalesced values; empty when they fit. */
export function schemaFaults(values: JsonObject, defaults: JsonObject): readonly string[] {
  return Object.entries(defaults).flatMap(([key, given]) => {
    const value = valueAt(values, key);
    if (value === undefined || given === undefined) return [];
    return mark(faultsAt(key, value, given));
  });
}
