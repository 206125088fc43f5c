import type { JsonObject } from '../base/json.ts';
import type { KubeObject } from '../objects/api.ts';
import type { Service } from '../objects/views.ts';
import type { Store } from '../store/store.ts';

type Slice = KubeObject & {
  readonly ports?: readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[];
  readonly endpoints?: readonly {
    readonly addresses?: readonly string[];
    readonly nodeName?: string;
    readonly conditions?: { readonly ready?: boolean; readonly terminating?: boolean };
  }[];
};

type Frontend = { readonly address: string; readonly port: number; readonly type: string };

/** Services as an agent load-balances them: one entry a frontend, with its backends; numbers follow the order. */
export function serviceModels(
  store: Store,
  node: string,
  nodeAddresses: readonly string[],
): readonly JsonObject[] {
  const slices = store.list('endpointslices.discovery.k8s.io') as Slice[];
  const found: JsonObject[] = [];
  for (const service of store.list('services') as Service[]) {
    const { namespace, name } = service.metadata;
    const own = slices.filter(
      (slice) =>
        slice.metadata.namespace === namespace &&
        slice.metadata.labels?.['kubernetes.io/service-name'] === name,
    );
    for (const port of service.spec.ports ?? []) {
      const protocol = port.protocol ?? 'TCP';
      const isLocal = service.spec.internalTrafficPolicy === 'Local';
      const backends = own.flatMap((slice) =>
        backendsOf(slice, port.name ?? '', protocol, isLocal ? node : undefined),
      );
      for (const front of frontendsOf(service, port, nodeAddresses))
        found.push({
          id: found.length + 1,
          frontend: `${front.address}:${front.port}/${protocol}`,
          type: front.type,
          name,
          namespace: namespace ?? '',
          backends: [...new Set(backends)].sort(),
        });
    }
  }
  return found;
}

function backendsOf(
  slice: Slice,
  portName: string,
  protocol: string,
  onlyNode: string | undefined,
): readonly string[] {
  const port = (slice.ports ?? []).find(
    (item) => (item.name ?? '') === portName && (item.protocol ?? 'TCP') === protocol,
  );
  if (port?.port === undefined) return [];
  return (slice.endpoints ?? [])
    .filter((endpoint) => endpoint.conditions?.ready !== false)
    .filter((endpoint) => onlyNode === undefined || endpoint.nodeName === onlyNode)
    .flatMap((endpoint) =>
      (endpoint.addresses ?? []).map((address) => `${address}:${port.port}/${protocol}`),
    );
}

function frontendsOf(
  service: Service,
  port: NonNullable<Service['spec']['ports']>[number],
  nodeAddresses: readonly string[],
): readonly Frontend[] {
  const { type = 'ClusterIP', clusterIP = '' } = service.spec;
  const found: Frontend[] = [];
  if (clusterIP !== '' && clusterIP !== 'None')
    found.push({ address: clusterIP, port: port.port, type: 'ClusterIP' });
  if (port.nodePort !== undefined)
    for (const address of [...nodeAddresses, '0.0.0.0'])
      found.push({ address, port: port.nodePort, type: 'NodePort' });
  if (type === 'LoadBalancer') {
    const status = service['status'] as
      | { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } }
      | undefined;
    for (const ingress of status?.loadBalancer?.ingress ?? [])
      if (ingress.ip !== undefined)
        found.push({ address: ingress.ip, port: port.port, type: 'LoadBalancer' });
  }
  return found;
}
