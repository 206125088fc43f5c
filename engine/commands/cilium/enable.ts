import type { Json } from '../../base/json.ts';
import type { KubeHandler } from '../../objects/api.ts';

const NAMESPACE = 'kube-system';

/** What the chart adds for a part of Hubble: a Service and a Deployment. */
function objectsOf(
  part: 'hubble-relay' | 'hubble-ui',
  version: string,
): readonly (readonly [path: string, object: Json])[] {
  const labels = {
    'k8s-app': part,
    'app.kubernetes.io/name': part,
    'app.kubernetes.io/part-of': 'cilium',
  };
  const isRelay = part === 'hubble-relay';
  const ports = isRelay
    ? [{ port: 80, protocol: 'TCP', targetPort: 'grpc' }]
    : [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8081 }];
  const containers = isRelay
    ? [
        {
          name: part,
          image: `quay.io/cilium/hubble-relay:${version}`,
          ports: [{ name: 'grpc', containerPort: 4245 }],
        },
      ]
    : [
        {
          name: 'frontend',
          image: 'quay.io/cilium/hubble-ui:v0.13.3',
          ports: [{ name: 'http', containerPort: 8081 }],
        },
        {
          name: 'backend',
          image: 'quay.io/cilium/hubble-ui-backend:v0.13.3',
          ports: [{ name: 'grpc', containerPort: 8090 }],
        },
      ];
  const metadata = { name: part, namespace: NAMESPACE, labels };
  const selector = { 'k8s-app': part };
  const template = { metadata: { labels }, spec: { containers } };
  return [
    [
      `/api/v1/namespaces/${NAMESPACE}/services`,
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector, ports } },
    ],
    [
      `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`,
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata,
        spec: { replicas: 1, selector: { matchLabels: selector }, template },
      },
    ],
  ];
}

/** Turns on the relay (and with `withUi` the UI) by creating their objects; what is there already stays. Returns what went wrong. */
export function enableHubble(
  kube: KubeHandler,
  options: { readonly version: string; readonly withUi: boolean },
): string | undefined {
  const agent = kube({ method: 'GET', path: `/apis/apps/v1/namespaces/${NAMESPACE}/daemonsets/cilium` });
  if (agent.kind !== 'json' || agent.status !== 200)
    return 'Error: Unable to enable Hubble: release: not found';
  for (const part of options.withUi
    ? (['hubble-relay', 'hubble-ui'] as const)
    : (['hubble-relay'] as const)) {
    for (const [path, object] of objectsOf(part, options.version)) {
      const response = kube({ method: 'POST', path, body: object });
      const isDone = response.kind === 'json' && (response.status === 201 || response.status === 409);
      if (!isDone) return `Error: Unable to enable Hubble: cannot create ${part}`;
    }
  }
  return undefined;
}
