import type { EndpointFacts } from '../policy/model.ts';
import type { Pod } from '../objects/views.ts';
import { keyOf } from '../objects/views.ts';

/** What the policy engine needs to know of a pod that has an address. */
export function endpointFacts(pod: Pod): EndpointFacts {
  return {
    key: keyOf(pod),
    namespace: pod.metadata.namespace ?? '',
    name: pod.metadata.name,
    labels: pod.metadata.labels ?? {},
    serviceAccount: pod.spec.serviceAccountName ?? 'default',
    node: pod.spec.nodeName ?? '',
    addresses: [pod.status?.podIP ?? ''],
    namedPorts: pod.spec.containers.flatMap((container) =>
      (container.ports ?? []).flatMap((port) =>
        port.name === undefined
          ? []
          : [{ name: port.name, port: port.containerPort, protocol: port.protocol ?? 'TCP' }],
      ),
    ),
  };
}
