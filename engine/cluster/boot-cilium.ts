import type { BootObject } from './boot-objects.ts';
import { bootObject, serviceAccount } from './boot-objects.ts';

/** Options of an installation that show in its objects (the chart's values of the same meaning). */
export type CiliumOptions = {
  readonly version: string;
  readonly clusterName: string;
  /** enable-policy: default, always or never. */
  readonly enforcement: string;
  /** How many operators; kind's installs have one. */
  readonly operatorReplicas: number;
  readonly hasRelay: boolean;
  readonly hasUi: boolean;
};

/** Cilium as the running worlds have it. */
export const DEFAULT_CILIUM: CiliumOptions = {
  version: 'v1.20.2',
  clusterName: 'kind-kind',
  enforcement: 'default',
  operatorReplicas: 1,
  hasRelay: true,
  hasUi: true,
};

const NAMESPACE = 'kube-system';
const PART_OF = { 'app.kubernetes.io/part-of': 'cilium' };

/** Cilium's objects, as its chart makes them: agent, Envoy, operator, Hubble relay and UI with their Services. */
export function ciliumObjects(options: CiliumOptions): BootObject[] {
  return [
    ...['cilium', 'cilium-envoy', 'cilium-operator', 'hubble-relay', 'hubble-ui'].map((name) =>
      serviceAccount(NAMESPACE, name),
    ),
    configMap(options),
    agent(options),
    envoy(),
    operator(options),
    ...peerService(),
    ...(options.hasRelay ? relay(options) : []),
    ...(options.hasUi ? ui() : []),
  ];
}

function configMap(options: CiliumOptions): BootObject {
  const data = {
    'agent-health-port': '9879',
    'cluster-id': '0',
    'cluster-name': options.clusterName,
    'cluster-pool-ipv4-cidr': '10.0.0.0/8',
    'cni-exclusive': 'true',
    debug: 'false',
    'enable-hubble': 'true',
    'enable-ipv4': 'true',
    'enable-ipv6': 'false',
    'enable-l7-proxy': 'true',
    'enable-policy': options.enforcement,
    'external-envoy-proxy': 'true',
    'hubble-listen-address': ':4244',
    'identity-allocation-mode': 'crd',
    ipam: 'kubernetes',
    'kube-proxy-replacement': 'false',
    'monitor-aggregation': 'medium',
    'monitor-aggregation-interval': '5s',
    'policy-cidr-match-mode': '',
    'routing-mode': 'tunnel',
    'tofqdns-min-ttl': '0',
    'tunnel-protocol': 'vxlan',
  };
  return [
    'configmaps',
    bootObject('v1', 'ConfigMap', { name: 'cilium-config', namespace: NAMESPACE }, { data }),
  ];
}

function agent(options: CiliumOptions): BootObject {
  const labels = { 'k8s-app': 'cilium', 'app.kubernetes.io/name': 'cilium-agent', ...PART_OF };
  const image = `quay.io/cilium/cilium:${options.version}`;
  const env = [
    { name: 'K8S_NODE_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } } },
    {
      name: 'CILIUM_K8S_NAMESPACE',
      valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } },
    },
  ];
  const init = [
    'config',
    'mount-cgroup',
    'apply-sysctl-overwrites',
    'mount-bpf-fs',
    'clean-cilium-state',
    'install-cni-binaries',
  ];
  return [
    'daemonsets.apps',
    bootObject(
      'apps/v1',
      'DaemonSet',
      { name: 'cilium', namespace: NAMESPACE, labels },
      {
        spec: {
          selector: { matchLabels: { 'k8s-app': 'cilium' } },
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } },
          template: {
            metadata: { labels, annotations: { 'kubectl.kubernetes.io/default-container': 'cilium-agent' } },
            spec: {
              hostNetwork: true,
              nodeSelector: { 'kubernetes.io/os': 'linux' },
              priorityClassName: 'system-node-critical',
              serviceAccountName: 'cilium',
              terminationGracePeriodSeconds: 1,
              tolerations: [{ operator: 'Exists' }],
              initContainers: init.map((name) => ({ name, image, command: ['true'] })),
              containers: [
                {
                  name: 'cilium-agent',
                  image,
                  command: ['cilium-agent'],
                  args: ['--config-dir=/tmp/cilium/config-map'],
                  env,
                  readinessProbe: {
                    httpGet: { host: '127.0.0.1', path: '/healthz', port: 9879, scheme: 'HTTP' },
                    periodSeconds: 30,
                    failureThreshold: 3,
                    successThreshold: 1,
                    timeoutSeconds: 5,
                  },
                },
              ],
            },
          },
        },
      },
    ),
  ];
}

function envoy(): BootObject {
  const labels = {
    'k8s-app': 'cilium-envoy',
    name: 'cilium-envoy',
    'app.kubernetes.io/name': 'cilium-envoy',
    ...PART_OF,
  };
  return [
    'daemonsets.apps',
    bootObject(
      'apps/v1',
      'DaemonSet',
      { name: 'cilium-envoy', namespace: NAMESPACE, labels },
      {
        spec: {
          selector: { matchLabels: { 'k8s-app': 'cilium-envoy' } },
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } },
          template: {
            metadata: { labels },
            spec: {
              hostNetwork: true,
              nodeSelector: { 'kubernetes.io/os': 'linux' },
              priorityClassName: 'system-node-critical',
              serviceAccountName: 'cilium-envoy',
              terminationGracePeriodSeconds: 1,
              tolerations: [{ operator: 'Exists' }],
              containers: [
                {
                  name: 'cilium-envoy',
                  image: 'quay.io/cilium/cilium-envoy:v1.37.5-1786107223-24e96ddf5e24',
                  command: ['/usr/bin/cilium-envoy-starter'],
                  ports: [{ containerPort: 9964, hostPort: 9964, name: 'envoy-metrics', protocol: 'TCP' }],
                },
              ],
            },
          },
        },
      },
    ),
  ];
}

function operator(options: CiliumOptions): BootObject {
  const labels = {
    'io.cilium/app': 'operator',
    name: 'cilium-operator',
    'app.kubernetes.io/name': 'cilium-operator',
    ...PART_OF,
  };
  return [
    'deployments.apps',
    bootObject(
      'apps/v1',
      'Deployment',
      { name: 'cilium-operator', namespace: NAMESPACE, labels },
      {
        spec: {
          replicas: options.operatorReplicas,
          selector: { matchLabels: { 'io.cilium/app': 'operator', name: 'cilium-operator' } },
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '50%' } },
          template: {
            metadata: { labels },
            spec: {
              hostNetwork: true,
              nodeSelector: { 'kubernetes.io/os': 'linux' },
              priorityClassName: 'system-cluster-critical',
              serviceAccountName: 'cilium-operator',
              tolerations: [
                { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' },
                { key: 'node.kubernetes.io/not-ready', operator: 'Exists' },
              ],
              containers: [
                {
                  name: 'cilium-operator',
                  image: `quay.io/cilium/operator-generic:${options.version}`,
                  command: ['cilium-operator-generic'],
                  args: ['--config-dir=/tmp/cilium/config-map', '--debug=$(CILIUM_DEBUG)'],
                },
              ],
            },
          },
        },
      },
    ),
  ];
}

function peerService(): BootObject[] {
  const labels = { 'k8s-app': 'cilium', 'app.kubernetes.io/name': 'hubble-peer', ...PART_OF };
  const spec = {
    internalTrafficPolicy: 'Local',
    selector: { 'k8s-app': 'cilium' },
    ports: [{ name: 'peer-service', port: 80, protocol: 'TCP', targetPort: 4244 }],
  };
  return [
    [
      'services',
      bootObject('v1', 'Service', { name: 'hubble-peer', namespace: NAMESPACE, labels }, { spec }),
    ],
  ];
}

function relay(options: CiliumOptions): BootObject[] {
  const labels = { 'k8s-app': 'hubble-relay', 'app.kubernetes.io/name': 'hubble-relay', ...PART_OF };
  const spec = {
    selector: { 'k8s-app': 'hubble-relay' },
    ports: [{ port: 80, protocol: 'TCP', targetPort: 'grpc' }],
    type: 'ClusterIP',
  };
  return [
    [
      'services',
      bootObject('v1', 'Service', { name: 'hubble-relay', namespace: NAMESPACE, labels }, { spec }),
    ],
    [
      'configmaps',
      bootObject(
        'v1',
        'ConfigMap',
        { name: 'hubble-relay-config', namespace: NAMESPACE },
        {
          data: {
            'config.yaml': `cluster-name: ${options.clusterName}\npeer-service: "hubble-peer.kube-system.svc.cluster.local.:443"\nlisten-address: :4245\n`,
          },
        },
      ),
    ],
    deployment('hubble-relay', labels, [
      {
        name: 'hubble-relay',
        image: `quay.io/cilium/hubble-relay:${options.version}`,
        ports: [{ name: 'grpc', containerPort: 4245, protocol: 'TCP' }],
      },
    ]),
  ];
}

function ui(): BootObject[] {
  const labels = { 'k8s-app': 'hubble-ui', 'app.kubernetes.io/name': 'hubble-ui', ...PART_OF };
  const spec = {
    selector: { 'k8s-app': 'hubble-ui' },
    ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8081 }],
    type: 'ClusterIP',
  };
  return [
    ['services', bootObject('v1', 'Service', { name: 'hubble-ui', namespace: NAMESPACE, labels }, { spec })],
    deployment('hubble-ui', labels, [
      {
        name: 'frontend',
        image: 'quay.io/cilium/hubble-ui:v0.13.3',
        ports: [{ name: 'http', containerPort: 8081, protocol: 'TCP' }],
      },
      {
        name: 'backend',
        image: 'quay.io/cilium/hubble-ui-backend:v0.13.3',
        env: [
          { name: 'EVENTS_SERVER_PORT', value: '8090' },
          { name: 'FLOWS_API_ADDR', value: 'hubble-relay:80' },
        ],
        ports: [{ name: 'grpc', containerPort: 8090, protocol: 'TCP' }],
      },
    ]),
  ];
}

function deployment(
  name: string,
  labels: Readonly<Record<string, string>>,
  containers: readonly object[],
): BootObject {
  const spec = {
    replicas: 1,
    selector: { matchLabels: { 'k8s-app': name } },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
    template: {
      metadata: { labels },
      spec: { nodeSelector: { 'kubernetes.io/os': 'linux' }, serviceAccountName: name, containers },
    },
  };
  return [
    'deployments.apps',
    bootObject('apps/v1', 'Deployment', { name, namespace: NAMESPACE, labels }, { spec }),
  ];
}
