import { byText } from '../base/order.ts';
import type { KubeObject } from '../objects/api.ts';
import type { Pod } from '../objects/views.ts';

/** What a CiliumEndpoint says besides its pod. */
export type EndpointReport = {
  readonly id: number;
  readonly identity: number;
  readonly labels: readonly string[];
  /** InternalIP of the node. */
  readonly nodeAddress: string;
};

/** The container of a pod's sandbox: an id that follows from the pod's uid. */
export function sandboxId(pod: Pod): string {
  const digits = (pod.metadata.uid ?? '').replaceAll('-', '');
  return `${digits}${[...digits].reverse().join('')}`.slice(0, 64);
}

/** The ports with names of a pod, by name. */
export function namedPorts(
  pod: Pod,
): { readonly name: string; readonly port: number; readonly protocol: string }[] {
  return pod.spec.containers
    .flatMap((container) => container.ports ?? [])
    .flatMap(({ name, containerPort, protocol }) =>
      name === undefined ? [] : [{ name, port: containerPort, protocol: protocol ?? 'TCP' }],
    )
    .sort((a, b) => byText(a.name, b.name));
}

/** The CiliumEndpoint of a pod, as the agent writes it (pkg/endpoint/endpoint_status.go). */
export function endpointObject(pod: Pod, report: EndpointReport): KubeObject {
  const { name, namespace, uid } = pod.metadata;
  const ports = namedPorts(pod);
  return {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumEndpoint',
    metadata: {
      name,
      namespace: namespace ?? '',
      ...(pod.metadata.labels === undefined ? {} : { labels: pod.metadata.labels }),
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid: uid ?? '' }],
    },
    status: {
      encryption: {},
      'external-identifiers': { 'cni-attachment-id': `${sandboxId(pod)}:eth0` },
      id: report.id,
      identity: { id: report.identity, labels: report.labels },
      ...(ports.length > 0 ? { 'named-ports': ports } : {}),
      networking: { addressing: [{ ipv4: pod.status?.podIP }], node: report.nodeAddress },
      'service-account': pod.spec.serviceAccountName ?? 'default',
      state: 'ready',
    },
  };
}
