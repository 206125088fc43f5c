import type { KubeObject } from '../objects/api.ts';
import type { NodeSpec } from './world.ts';
import type { ClusterNetworking } from './networking.ts';
import { serviceAddress } from '../store/service-addresses.ts';

/** An object together with its resource in the store. */
export type BootObject = readonly [resource: string, object: KubeObject];

type Fields = Readonly<Record<string, unknown>>;

/** The namespaces of a new cluster. */
export const BOOT_NAMESPACES: readonly string[] = [
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'default',
  'local-path-storage',
];

/** Makes an object; `metadata` without a namespace is cluster-scoped. */
export function bootObject(
  apiVersion: string,
  kind: string,
  metadata: KubeObject['metadata'],
  rest: Fields = {},
): KubeObject {
  return { apiVersion, kind, metadata, ...rest };
}

/** The control plane's static pods, as kubeadm writes them: one manifest a component. */
export function staticPods(node: NodeSpec, nodeUid: string, version: string): KubeObject[] {
  const parts: readonly (readonly [
    name: string,
    image: string,
    cpu: string,
    memory: string | undefined,
    port: number,
  ])[] = [
    ['etcd', 'registry.k8s.io/etcd:3.5.16-0', '100m', '100Mi', 2381],
    ['kube-apiserver', `registry.k8s.io/kube-apiserver:${version}`, '250m', undefined, 6443],
    [
      'kube-controller-manager',
      `registry.k8s.io/kube-controller-manager:${version}`,
      '200m',
      undefined,
      10_257,
    ],
    ['kube-scheduler', `registry.k8s.io/kube-scheduler:${version}`, '100m', undefined, 10_259],
  ];
  return parts.map(([name, image, cpu, memory]) => {
    const hash = [...`${name}${node.name}`].reduce(
      (sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 0xffffffff,
      7,
    );
    const digest = hash.toString(16).padStart(8, '0').repeat(4);
    const address =
      name === 'kube-apiserver'
        ? { 'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': `${node.address}:6443` }
        : {};
    const etcd =
      name === 'etcd'
        ? { 'kubeadm.kubernetes.io/etcd.advertise-client-urls': `https://${node.address}:2379` }
        : {};
    return bootObject(
      'v1',
      'Pod',
      {
        name: `${name}-${node.name}`,
        namespace: 'kube-system',
        labels: { component: name, tier: 'control-plane' },
        annotations: {
          ...address,
          ...etcd,
          'kubernetes.io/config.hash': digest,
          'kubernetes.io/config.mirror': digest,
          'kubernetes.io/config.source': 'file',
        },
        ownerReferences: [
          { apiVersion: 'v1', controller: true, kind: 'Node', name: node.name, uid: nodeUid },
        ],
      },
      {
        spec: {
          containers: [
            {
              name,
              image,
              command: [name],
              resources: { requests: { cpu, ...(memory === undefined ? {} : { memory }) } },
            },
          ],
          hostNetwork: true,
          nodeName: node.name,
          priorityClassName: 'system-node-critical',
          automountServiceAccountToken: false,
          tolerations: [{ effect: 'NoExecute', operator: 'Exists' }],
        },
      },
    );
  });
}

/** What kubeadm and kind install: RBAC, kube-proxy, CoreDNS, storage. */
export function clusterObjects(networking: ClusterNetworking): BootObject[] {
  return [...kubeadmObjects(networking), ...storageObjects()];
}

/** What kubeadm installs: RBAC, its configuration, kube-proxy unless there is none, CoreDNS. */
export function kubeadmObjects(networking: ClusterNetworking): BootObject[] {
  return [
    ...accessObjects(),
    ...proxyObjects(networking),
    ...dnsObjects('Default', networking.serviceSubnet),
  ];
}

/** Roles and bindings that people meet. */
export function accessObjects(): BootObject[] {
  const rbac = 'rbac.authorization.k8s.io';
  const role = (name: string, rules: readonly Fields[]): BootObject => [
    `clusterroles.${rbac}`,
    bootObject(
      `${rbac}/v1`,
      'ClusterRole',
      { name, labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } },
      { rules },
    ),
  ];
  const binding = (name: string, target: string, subjects: readonly Fields[]): BootObject => [
    `clusterrolebindings.${rbac}`,
    bootObject(
      `${rbac}/v1`,
      'ClusterRoleBinding',
      { name },
      { roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: target }, subjects },
    ),
  ];
  const all = [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ];
  const read = [
    {
      apiGroups: ['', 'apps', 'batch', 'networking.k8s.io', 'discovery.k8s.io'],
      resources: ['*'],
      verbs: ['get', 'list', 'watch'],
    },
  ];
  const write = [{ apiGroups: ['', 'apps', 'batch', 'networking.k8s.io'], resources: ['*'], verbs: ['*'] }];
  const group = (name: string): Fields => ({ apiGroup: rbac, kind: 'Group', name });
  return [
    role('admin', write),
    role('cluster-admin', all),
    role('edit', write),
    role('view', read),
    binding('cluster-admin', 'cluster-admin', [group('system:masters')]),
    binding('kubeadm:cluster-admins', 'cluster-admin', [group('kubeadm:cluster-admins')]),
  ];
}

function proxyObjects(networking: ClusterNetworking): BootObject[] {
  const { clusterName, podSubnet, serviceSubnet, kubeProxyMode, version } = networking;
  const labels = { 'k8s-app': 'kube-proxy' };
  const namespace = 'kube-system';
  const all: BootObject[] = [
    serviceAccount(namespace, 'kube-proxy'),
    [
      'configmaps',
      bootObject(
        'v1',
        'ConfigMap',
        { name: 'kube-proxy', namespace, labels: { app: 'kube-proxy' } },
        {
          data: {
            'config.conf': `apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nclusterCIDR: ${podSubnet}\nmode: ${kubeProxyMode}\n`,
          },
        },
      ),
    ],
    [
      'configmaps',
      bootObject(
        'v1',
        'ConfigMap',
        { name: 'kubeadm-config', namespace },
        {
          data: {
            ClusterConfiguration: `apiVersion: kubeadm.k8s.io/v1beta4\nclusterName: ${clusterName}\nkind: ClusterConfiguration\nkubernetesVersion: ${version}\nnetworking:\n  dnsDomain: cluster.local\n  podSubnet: ${podSubnet}\n  serviceSubnet: ${serviceSubnet}\n`,
          },
        },
      ),
    ],
    [
      'configmaps',
      bootObject(
        'v1',
        'ConfigMap',
        { name: 'extension-apiserver-authentication', namespace },
        { data: { 'requestheader-allowed-names': '["front-proxy-client"]' } },
      ),
    ],
    [
      'daemonsets.apps',
      bootObject(
        'apps/v1',
        'DaemonSet',
        { name: 'kube-proxy', namespace, labels },
        {
          spec: {
            selector: { matchLabels: labels },
            template: {
              metadata: { labels },
              spec: {
                hostNetwork: true,
                nodeSelector: { 'kubernetes.io/os': 'linux' },
                priorityClassName: 'system-node-critical',
                serviceAccountName: 'kube-proxy',
                tolerations: [{ operator: 'Exists' }],
                containers: [
                  {
                    name: 'kube-proxy',
                    image: `registry.k8s.io/kube-proxy:${version}`,
                    command: [
                      '/usr/local/bin/kube-proxy',
                      '--config=/var/lib/kube-proxy/config.conf',
                      '--hostname-override=$(NODE_NAME)',
                    ],
                    env: [
                      {
                        name: 'NODE_NAME',
                        valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } },
                      },
                    ],
                  },
                ],
              },
            },
          },
        },
      ),
    ],
  ];
  // Without the addon kubeadm's own configuration is there all the same.
  return kubeProxyMode === 'none' ? all.filter(([, { metadata }]) => metadata.name !== 'kube-proxy') : all;
}

/** CoreDNS with its Service; kubeadm lets it resolve through its node. */
export function dnsObjects(dnsPolicy = 'Default', serviceSubnet = '10.96.0.0/16'): BootObject[] {
  const labels = { 'k8s-app': 'kube-dns' };
  const namespace = 'kube-system';
  const corefile =
    '.:53 {\n    errors\n    health {\n       lameduck 5s\n    }\n    ready\n    kubernetes cluster.local in-addr.arpa ip6.arpa {\n       pods insecure\n       fallthrough in-addr.arpa ip6.arpa\n       ttl 30\n    }\n    prometheus :9153\n    forward . /etc/resolv.conf {\n       max_concurrent 1000\n    }\n    cache 30 {\n       disable success cluster.local\n       disable denial cluster.local\n    }\n    loop\n    reload\n    loadbalance\n}\n';
  return [
    serviceAccount(namespace, 'coredns'),
    [
      'configmaps',
      bootObject('v1', 'ConfigMap', { name: 'coredns', namespace }, { data: { Corefile: corefile } }),
    ],
    [
      'deployments.apps',
      bootObject(
        'apps/v1',
        'Deployment',
        { name: 'coredns', namespace, labels },
        {
          spec: {
            replicas: 2,
            strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
            selector: { matchLabels: labels },
            template: {
              metadata: { labels },
              spec: {
                dnsPolicy,
                nodeSelector: { 'kubernetes.io/os': 'linux' },
                priorityClassName: 'system-cluster-critical',
                serviceAccountName: 'coredns',
                tolerations: [
                  { key: 'CriticalAddonsOnly', operator: 'Exists' },
                  { effect: 'NoSchedule', key: 'node-role.kubernetes.io/control-plane' },
                ],
                containers: [
                  {
                    name: 'coredns',
                    image: 'registry.k8s.io/coredns/coredns:v1.11.3',
                    args: ['-conf', '/etc/coredns/Corefile'],
                    ports: [
                      { containerPort: 53, name: 'dns', protocol: 'UDP' },
                      { containerPort: 53, name: 'dns-tcp', protocol: 'TCP' },
                      { containerPort: 9153, name: 'metrics', protocol: 'TCP' },
                    ],
                    resources: { limits: { memory: '170Mi' }, requests: { cpu: '100m', memory: '70Mi' } },
                  },
                ],
              },
            },
          },
        },
      ),
    ],
    [
      'services',
      bootObject(
        'v1',
        'Service',
        {
          name: 'kube-dns',
          namespace,
          labels: { ...labels, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
          annotations: { 'prometheus.io/port': '9153', 'prometheus.io/scrape': 'true' },
        },
        {
          spec: {
            clusterIP: serviceAddress(serviceSubnet, 10),
            selector: labels,
            ports: [
              { name: 'dns', port: 53, protocol: 'UDP' },
              { name: 'dns-tcp', port: 53, protocol: 'TCP' },
              { name: 'metrics', port: 9153, protocol: 'TCP' },
            ],
          },
        },
      ),
    ],
  ];
}

/** kind's StorageClass. */
export function storageClass(): BootObject {
  return [
    'storageclasses.storage.k8s.io',
    bootObject(
      'storage.k8s.io/v1',
      'StorageClass',
      { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      {
        provisioner: 'rancher.io/local-path',
        reclaimPolicy: 'Delete',
        volumeBindingMode: 'WaitForFirstConsumer',
      },
    ),
  ];
}

/** kind's StorageClass with its provisioner. */
export function storageObjects(): BootObject[] {
  const namespace = 'local-path-storage';
  const labels = { app: 'local-path-provisioner' };
  return [
    storageClass(),
    serviceAccount(namespace, 'local-path-provisioner-service-account'),
    [
      'deployments.apps',
      bootObject(
        'apps/v1',
        'Deployment',
        { name: 'local-path-provisioner', namespace },
        {
          spec: {
            replicas: 1,
            selector: { matchLabels: labels },
            template: {
              metadata: { labels },
              spec: {
                nodeSelector: { 'kubernetes.io/os': 'linux' },
                serviceAccountName: 'local-path-provisioner-service-account',
                tolerations: [
                  { effect: 'NoSchedule', key: 'node-role.kubernetes.io/control-plane', operator: 'Equal' },
                  { effect: 'NoSchedule', key: 'node-role.kubernetes.io/master', operator: 'Equal' },
                ],
                containers: [
                  {
                    name: 'local-path-provisioner',
                    image: 'docker.io/kindest/local-path-provisioner:v20250214-acbabc1a',
                    command: [
                      'local-path-provisioner',
                      '--debug',
                      'start',
                      '--helper-image',
                      'docker.io/kindest/local-path-helper:v20241212-8ac705d0',
                      '--config',
                      '/etc/config/config.json',
                    ],
                  },
                ],
              },
            },
          },
        },
      ),
    ],
  ];
}

/** A ServiceAccount. */
export function serviceAccount(namespace: string, name: string): BootObject {
  return ['serviceaccounts', bootObject('v1', 'ServiceAccount', { name, namespace })];
}

/** The Service of the API server with its Endpoints and slice, which the API server itself keeps. */
export function apiServerObjects(addresses: readonly string[], serviceSubnet: string): BootObject[] {
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  const at = { name: 'kubernetes', namespace: 'default' };
  return [
    [
      'services',
      bootObject(
        'v1',
        'Service',
        { ...at, labels },
        {
          spec: {
            clusterIP: serviceAddress(serviceSubnet, 1),
            ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }],
          },
        },
      ),
    ],
    [
      'endpoints',
      bootObject(
        'v1',
        'Endpoints',
        { ...at, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
        {
          subsets: [
            {
              addresses: addresses.map((ip) => ({ ip })),
              ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
            },
          ],
        },
      ),
    ],
    [
      'endpointslices.discovery.k8s.io',
      bootObject(
        'discovery.k8s.io/v1',
        'EndpointSlice',
        { ...at, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
        {
          addressType: 'IPv4',
          endpoints: addresses.map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
          ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
        },
      ),
    ],
  ];
}
