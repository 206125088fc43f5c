import { hashText } from '../base/hash.ts';
import { canonicalJson, isJsonObject, type JsonObject } from '../base/json.ts';
import type { KubeObject } from '../objects/api.ts';
import type { ChartObject, ReleaseFacts } from './chart.ts';
import { accessObjects } from './cilium-access.ts';
import { ciliumConfig, hasEnvoyDaemonSet, hasHubbleMetrics } from './cilium-config.ts';
import { ValueReader } from './values.ts';

type Labels = Readonly<Record<string, string>>;
type Annotations = Readonly<Record<string, string>>;

/** What the templates of one rendering share. */
type Rendering = {
  readonly v: ValueReader;
  readonly facts: ReleaseFacts;
  /** Labels of every object. */
  readonly common: Labels;
  readonly config: Readonly<Record<string, string>>;
};

/** How helm orders kinds when it installs, as far as this chart has them (pkg/releaseutil/kind_sorter.go). */
const INSTALL_ORDER = [
  'Namespace',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'Service',
  'DaemonSet',
  'Deployment',
  'IngressClass',
];

/** The objects of the Cilium chart for values (defaults under the user's own), in helm's order of kinds. */
export function ciliumChartObjects(values: JsonObject, facts: ReleaseFacts): readonly ChartObject[] {
  const v = new ValueReader(values);
  const common: Labels = {
    'app.kubernetes.io/part-of': 'cilium',
    'helm.sh/chart': `cilium-${facts.version}`,
    ...textsOf(v, 'commonLabels'),
  };
  const rendering: Rendering = { v, facts, common, config: ciliumConfig(v) };
  const all = [
    ...accessObjects(v, facts, common),
    ...configMaps(rendering),
    ...services(rendering),
    ...(v.isOn('agent') ? [agent(rendering)] : []),
    ...(hasEnvoyDaemonSet(v) ? [envoy(rendering)] : []),
    ...(v.isOn('operator.enabled') ? [operator(rendering)] : []),
    ...(v.isOn('hubble.relay.enabled') ? [relay(rendering)] : []),
    ...(v.isOn('hubble.ui.enabled') ? [ui(rendering)] : []),
    ...ingressClass(rendering),
  ];
  const rank = (item: ChartObject): number => INSTALL_ORDER.indexOf(item.object.kind);
  return all
    .map((item, i) => ({ item, i }))
    .sort((a, b) => rank(a.item) - rank(b.item) || a.i - b.i)
    .map(({ item }) => item);
}

function textsOf(v: ValueReader, path: string): Labels {
  const value = v.at(path);
  const out: Record<string, string> = Object.create(null) as Record<string, string>;
  if (isJsonObject(value)) for (const [key, text] of Object.entries(value)) out[key] = String(text ?? '');
  return { ...out };
}

function object(source: string, kind: string, metadata: KubeObject['metadata'], rest: object): ChartObject {
  const apiVersion =
    kind === 'DaemonSet' || kind === 'Deployment'
      ? 'apps/v1'
      : kind === 'IngressClass'
        ? 'networking.k8s.io/v1'
        : 'v1';
  return { source, object: { apiVersion, kind, metadata, ...rest } };
}

function imageOf(v: ValueReader, path: string, version: string): object {
  const suffix = path === 'operator.image' ? `-generic${v.text(`${path}.suffix`)}` : '';
  const own = v.text(`${path}.override`);
  const tag = v.text(`${path}.tag`) || `v${version}`;
  return {
    image: own || `${v.text(`${path}.repository`)}${suffix}:${tag}`,
    imagePullPolicy: v.text(`${path}.pullPolicy`),
  };
}

function configMaps({ v, facts, config }: Rendering): ChartObject[] {
  const { namespace } = facts;
  const map = (source: string, name: string, data: object): ChartObject =>
    object(source, 'ConfigMap', { name, namespace }, { data });
  const relayConfig = [
    `cluster-name: ${v.text('cluster.name')}`,
    `peer-service: "hubble-peer.${namespace}.svc.cluster.local.:443"`,
    `listen-address: :${v.text('hubble.relay.listenPort')}`,
    'gops: true',
    'gops-port: "9893"',
    'disable-server-tls: true',
    '',
  ];
  return [
    map('cilium-configmap.yaml', 'cilium-config', config),
    ...(hasEnvoyDaemonSet(v)
      ? [map('cilium-envoy/configmap.yaml', 'cilium-envoy-config', { 'bootstrap-config.json': '{}\n' })]
      : []),
    ...(v.isOn('hubble.relay.enabled')
      ? [map('hubble-relay/configmap.yaml', 'hubble-relay-config', { 'config.yaml': relayConfig.join('\n') })]
      : []),
    ...(v.isOn('hubble.ui.enabled')
      ? [
          map('hubble-ui/configmap.yaml', 'hubble-ui-nginx', {
            'nginx.conf': 'server {\n  listen 8081;\n}\n',
          }),
        ]
      : []),
  ];
}

function services({ v, facts, common }: Rendering): ChartObject[] {
  const { namespace } = facts;
  const service = (
    source: string,
    name: string,
    own: Labels,
    spec: object,
    annotations?: Annotations,
  ): ChartObject =>
    object(
      source,
      'Service',
      {
        name,
        namespace,
        labels: { ...common, ...own },
        ...(annotations === undefined ? {} : { annotations }),
      },
      { spec },
    );
  const named = (name: string, app = name): Labels => ({ 'k8s-app': app, 'app.kubernetes.io/name': name });
  const scraped = (port: string): Annotations => ({
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': port,
  });
  const headless = (name: string, port: number, target: string | number, app: string): object => ({
    clusterIP: 'None',
    type: 'ClusterIP',
    selector: { 'k8s-app': app },
    ports: [{ name, port, protocol: 'TCP', targetPort: target }],
  });
  const out: ChartObject[] = [];
  if (hasEnvoyDaemonSet(v)) {
    const spec = headless('envoy-metrics', 9964, 9964, 'cilium-envoy');
    const own = { ...named('cilium-envoy'), 'io.cilium/app': 'proxy' };
    out.push(service('cilium-envoy/service.yaml', 'cilium-envoy', own, spec, scraped('9964')));
  }
  if (v.isOn('ingressController.enabled')) {
    const spec = {
      type: v.text('ingressController.service.type'),
      externalTrafficPolicy: v.text('ingressController.service.externalTrafficPolicy'),
      ports: [
        { name: 'http', port: 80, protocol: 'TCP' },
        { name: 'https', port: 443, protocol: 'TCP' },
      ],
    };
    const name = v.text('ingressController.service.name');
    out.push(service('cilium-ingress-service.yaml', name, { 'cilium.io/ingress': 'true' }, spec));
  }
  if (v.isOn('hubble.relay.enabled')) {
    const ports = [{ port: 80, protocol: 'TCP', targetPort: 'grpc', ...nodePort(v, 'hubble.relay') }];
    const spec = {
      type: v.text('hubble.relay.service.type'),
      selector: { 'k8s-app': 'hubble-relay' },
      ports,
    };
    out.push(service('hubble-relay/service.yaml', 'hubble-relay', named('hubble-relay'), spec));
  }
  if (v.isOn('hubble.ui.enabled')) {
    const ports = [{ name: 'http', port: 80, targetPort: 8081, ...nodePort(v, 'hubble.ui') }];
    const spec = { type: v.text('hubble.ui.service.type'), selector: { 'k8s-app': 'hubble-ui' }, ports };
    out.push(service('hubble-ui/service.yaml', 'hubble-ui', named('hubble-ui'), spec));
  }
  if (hasHubbleMetrics(v)) {
    const port = v.int('hubble.metrics.port');
    const spec = headless('hubble-metrics', port, 'hubble-metrics', 'cilium');
    const own = named('hubble', 'hubble');
    out.push(service('hubble/metrics-service.yaml', 'hubble-metrics', own, spec, scraped(String(port))));
  }
  if (v.isOn('hubble.enabled')) {
    const spec = {
      internalTrafficPolicy: 'Local',
      selector: { 'k8s-app': 'cilium' },
      ports: [{ name: 'peer-service', port: 443, protocol: 'TCP', targetPort: 4244 }],
    };
    out.push(service('hubble/peer-service.yaml', 'hubble-peer', named('hubble-peer', 'cilium'), spec));
  }
  return out;
}

function nodePort(v: ValueReader, path: string): object {
  return v.text(`${path}.service.type`) === 'NodePort' ? { nodePort: v.int(`${path}.service.nodePort`) } : {};
}

/** What makes a pod roll when the configuration changes, where a value asks for it. */
function rollOn({ v, config }: Rendering, path: string): Annotations {
  return v.isOn(path) ? { 'cilium.io/cilium-configmap-checksum': hashText(canonicalJson(config)) } : {};
}

const field = (path: string): object => ({ fieldRef: { apiVersion: 'v1', fieldPath: path } });
const NODE_ENV = [
  { name: 'K8S_NODE_NAME', valueFrom: field('spec.nodeName') },
  { name: 'CILIUM_K8S_NAMESPACE', valueFrom: field('metadata.namespace') },
];
const INIT = [
  'config',
  'mount-cgroup',
  'apply-sysctl-overwrites',
  'mount-bpf-fs',
  'clean-cilium-state',
  'install-cni-binaries',
];

function agent(rendering: Rendering): ChartObject {
  const { v, facts, common } = rendering;
  const labels = { 'k8s-app': 'cilium', 'app.kubernetes.io/name': 'cilium-agent', ...common };
  const image = imageOf(v, 'image', facts.version);
  const ports = [
    ...(v.isOn('hubble.enabled')
      ? [{ name: 'peer-service', containerPort: 4244, hostPort: 4244, protocol: 'TCP' }]
      : []),
    ...(hasHubbleMetrics(v)
      ? [
          {
            name: 'hubble-metrics',
            containerPort: v.int('hubble.metrics.port'),
            hostPort: v.int('hubble.metrics.port'),
            protocol: 'TCP',
          },
        ]
      : []),
  ];
  const address = [
    ...(v.text('k8sServiceHost') === ''
      ? []
      : [{ name: 'KUBERNETES_SERVICE_HOST', value: v.text('k8sServiceHost') }]),
    ...(v.text('k8sServicePort') === ''
      ? []
      : [{ name: 'KUBERNETES_SERVICE_PORT', value: v.text('k8sServicePort') }]),
  ];
  const container = {
    name: 'cilium-agent',
    ...image,
    command: ['cilium-agent'],
    args: ['--config-dir=/tmp/cilium/config-map', ...v.list('extraArgs')],
    env: [...NODE_ENV, ...address],
    ...(ports.length > 0 ? { ports } : {}),
    readinessProbe: {
      httpGet: { host: '127.0.0.1', path: '/healthz', port: v.int('healthPort'), scheme: 'HTTP' },
      periodSeconds: 30,
      failureThreshold: 3,
      successThreshold: 1,
      timeoutSeconds: 5,
    },
  };
  const isScraped = v.isOn('prometheus.enabled') && !v.isOn('prometheus.serviceMonitor.enabled');
  const annotations = {
    ...(isScraped ? { 'prometheus.io/port': v.text('prometheus.port'), 'prometheus.io/scrape': 'true' } : {}),
    ...rollOn(rendering, 'rollOutCiliumPods'),
    'kubectl.kubernetes.io/default-container': 'cilium-agent',
    ...textsOf(v, 'podAnnotations'),
  };
  const spec = {
    selector: { matchLabels: { 'k8s-app': 'cilium' } },
    updateStrategy: v.at('updateStrategy'),
    template: {
      metadata: { labels: { ...labels, ...textsOf(v, 'podLabels') }, annotations },
      spec: {
        hostNetwork: true,
        nodeSelector: v.at('nodeSelector'),
        priorityClassName: v.text('priorityClassName') || 'system-node-critical',
        serviceAccountName: v.text('serviceAccounts.cilium.name'),
        terminationGracePeriodSeconds: v.int('terminationGracePeriodSeconds'),
        tolerations: v.at('tolerations'),
        initContainers: INIT.map((name) => ({ name, ...image, command: ['true'] })),
        containers: [container],
      },
    },
  };
  const metadata = { name: 'cilium', namespace: facts.namespace, labels };
  return object('cilium-agent/daemonset.yaml', 'DaemonSet', metadata, { spec });
}

function envoy(rendering: Rendering): ChartObject {
  const { v, facts, common } = rendering;
  const labels = {
    'k8s-app': 'cilium-envoy',
    name: 'cilium-envoy',
    'app.kubernetes.io/name': 'cilium-envoy',
    ...common,
  };
  const container = {
    name: 'cilium-envoy',
    ...imageOf(v, 'envoy.image', facts.version),
    command: ['/usr/bin/cilium-envoy-starter'],
    ports: [{ containerPort: 9964, hostPort: 9964, name: 'envoy-metrics', protocol: 'TCP' }],
  };
  const annotations = rollOn(rendering, 'envoy.rollOutPods');
  const spec = {
    selector: { matchLabels: { 'k8s-app': 'cilium-envoy' } },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } },
    template: {
      metadata: { labels, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
      spec: {
        hostNetwork: true,
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        priorityClassName: 'system-node-critical',
        serviceAccountName: v.text('serviceAccounts.envoy.name'),
        terminationGracePeriodSeconds: 1,
        tolerations: [{ operator: 'Exists' }],
        containers: [container],
      },
    },
  };
  const metadata = { name: 'cilium-envoy', namespace: facts.namespace, labels };
  return object('cilium-envoy/daemonset.yaml', 'DaemonSet', metadata, { spec });
}

function operator(rendering: Rendering): ChartObject {
  const { v, facts, common } = rendering;
  const labels = {
    'io.cilium/app': 'operator',
    name: 'cilium-operator',
    'app.kubernetes.io/name': 'cilium-operator',
    ...common,
  };
  const exists = (key: string): object => ({ key, operator: 'Exists' });
  const debug = { configMapKeyRef: { key: 'debug', name: 'cilium-config', optional: true } };
  const container = {
    name: 'cilium-operator',
    ...imageOf(v, 'operator.image', facts.version),
    command: ['cilium-operator-generic'],
    args: ['--config-dir=/tmp/cilium/config-map', '--debug=$(CILIUM_DEBUG)'],
    env: [...NODE_ENV, { name: 'CILIUM_DEBUG', valueFrom: debug }],
    ports: [
      { name: 'health', containerPort: 9234, hostPort: 9234 },
      { name: 'prometheus', containerPort: 9963, hostPort: 9963, protocol: 'TCP' },
    ],
  };
  const apart = { matchLabels: { 'io.cilium/app': 'operator' } };
  const annotations = rollOn(rendering, 'operator.rollOutPods');
  const spec = {
    replicas: v.int('operator.replicas'),
    selector: { matchLabels: { 'io.cilium/app': 'operator', name: 'cilium-operator' } },
    strategy: {
      type: 'RollingUpdate',
      rollingUpdate: {
        maxSurge: '25%',
        maxUnavailable: v.text('operator.replicas') === '1' ? '100%' : '50%',
      },
    },
    template: {
      metadata: {
        labels,
        annotations: { 'prometheus.io/port': '9963', 'prometheus.io/scrape': 'true', ...annotations },
      },
      spec: {
        hostNetwork: true,
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        priorityClassName: 'system-cluster-critical',
        serviceAccountName: v.text('serviceAccounts.operator.name'),
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { labelSelector: apart, topologyKey: 'kubernetes.io/hostname' },
            ],
          },
        },
        tolerations: [
          exists('node-role.kubernetes.io/control-plane'),
          exists('node-role.kubernetes.io/master'),
          exists('node.kubernetes.io/not-ready'),
          exists('node.cloudprovider.kubernetes.io/uninitialized'),
          exists('node.cilium.io/agent-not-ready'),
        ],
        containers: [container],
      },
    },
  };
  const metadata = { name: 'cilium-operator', namespace: facts.namespace, labels };
  return object('cilium-operator/deployment.yaml', 'Deployment', metadata, { spec });
}

/** A Deployment of Hubble's: relay or UI. */
function hubbleDeployment(
  rendering: Rendering,
  name: 'hubble-relay' | 'hubble-ui',
  containers: readonly object[],
): ChartObject {
  const { v, facts, common } = rendering;
  const path = name === 'hubble-relay' ? 'hubble.relay' : 'hubble.ui';
  const labels = { 'k8s-app': name, 'app.kubernetes.io/name': name, ...common };
  const annotations = rollOn(rendering, `${path}.rollOutPods`);
  const spec = {
    replicas: v.int(`${path}.replicas`),
    selector: { matchLabels: { 'k8s-app': name } },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
    template: {
      metadata: { labels, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
      spec: { nodeSelector: { 'kubernetes.io/os': 'linux' }, serviceAccountName: name, containers },
    },
  };
  const metadata = { name, namespace: facts.namespace, labels };
  return object(`${name}/deployment.yaml`, 'Deployment', metadata, { spec });
}

function relay(rendering: Rendering): ChartObject {
  const { v, facts } = rendering;
  return hubbleDeployment(rendering, 'hubble-relay', [
    {
      name: 'hubble-relay',
      ...imageOf(v, 'hubble.relay.image', facts.version),
      command: ['hubble-relay'],
      args: ['serve', ...(v.isOn('debug.enabled') ? ['--debug'] : [])],
      ports: [{ name: 'grpc', containerPort: v.int('hubble.relay.listenPort'), protocol: 'TCP' }],
    },
  ]);
}

function ui(rendering: Rendering): ChartObject {
  const { v, facts } = rendering;
  return hubbleDeployment(rendering, 'hubble-ui', [
    {
      name: 'frontend',
      ...imageOf(v, 'hubble.ui.frontend.image', facts.version),
      ports: [{ name: 'http', containerPort: 8081, protocol: 'TCP' }],
    },
    {
      name: 'backend',
      ...imageOf(v, 'hubble.ui.backend.image', facts.version),
      env: [
        { name: 'EVENTS_SERVER_PORT', value: '8090' },
        { name: 'FLOWS_API_ADDR', value: 'hubble-relay:80' },
      ],
      ports: [{ name: 'grpc', containerPort: 8090, protocol: 'TCP' }],
    },
  ]);
}

function ingressClass({ v }: Rendering): ChartObject[] {
  if (!v.isOn('ingressController.enabled')) return [];
  const annotations = { 'ingressclass.kubernetes.io/is-default-class': 'true' };
  const metadata = { name: 'cilium', ...(v.isOn('ingressController.default') ? { annotations } : {}) };
  return [
    object('cilium-ingress-class.yaml', 'IngressClass', metadata, {
      spec: { controller: 'cilium.io/ingress-controller' },
    }),
  ];
}
