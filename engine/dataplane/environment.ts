import { fromBase64, fromUtf8 } from '../base/bytes.ts';
import type { ImageFacts } from '../images/catalog.ts';
import type { ContainerSpec, Pod } from '../objects/views.ts';
import type { StoreView } from './view.ts';

type Store = Pick<StoreView, 'get' | 'list'>;

/** The environment of a container's first process: the image's, the Services' of its namespace, the pod's own. */
export function environmentOf(
  store: Store,
  pod: Pod,
  container: ContainerSpec,
  image: ImageFacts,
): Readonly<Record<string, string>> {
  const env = new Map<string, string>(Object.entries(image.env));
  env.set(
    'HOSTNAME',
    pod.spec.hostNetwork === true ? (pod.spec.nodeName ?? '') : (pod.spec.hostname ?? pod.metadata.name),
  );
  if ((pod.spec as { enableServiceLinks?: boolean }).enableServiceLinks !== false)
    addServices(store, pod, env);
  for (const source of container.envFrom ?? []) {
    const resource = source.configMapRef === undefined ? 'secrets' : 'configmaps';
    const reference = source.configMapRef ?? source.secretRef;
    const data = dataOf(store, pod, resource, reference?.name);
    for (const [key, value] of Object.entries(data)) env.set(`${source.prefix ?? ''}${key}`, value);
  }
  for (const variable of container.env ?? []) {
    const { configMapKeyRef, secretKeyRef, fieldRef } = variable.valueFrom ?? {};
    const map =
      configMapKeyRef === undefined ? undefined : dataOf(store, pod, 'configmaps', configMapKeyRef.name);
    const secret = secretKeyRef === undefined ? undefined : dataOf(store, pod, 'secrets', secretKeyRef.name);
    const value =
      variable.value ??
      own(map, configMapKeyRef?.key) ??
      own(secret, secretKeyRef?.key) ??
      fieldOf(pod, fieldRef?.fieldPath);
    if (value !== undefined)
      env.set(
        variable.name,
        value.replace(/\$\(([A-Za-z_]\w*)\)/g, (whole, key: string) => env.get(key) ?? whole),
      );
  }
  return Object.fromEntries(env);
}

/** What the kubelet sets for each Service (kubelet/envvars): those of the pod's namespace and `kubernetes`. */
function addServices(store: Store, pod: Pod, env: Map<string, string>): void {
  const services = [
    ...store.list('services', 'default').filter((one) => one.metadata.name === 'kubernetes'),
    ...store.list('services', pod.metadata.namespace),
  ];
  for (const service of services) {
    const spec = service['spec'] as {
      clusterIP?: string;
      ports?: readonly { name?: string; port: number; protocol?: string }[];
    };
    const created = service.metadata.creationTimestamp ?? '';
    if (
      spec.clusterIP === undefined ||
      spec.clusterIP === 'None' ||
      created > (pod.metadata.creationTimestamp ?? '')
    )
      continue;
    const name = service.metadata.name.toUpperCase().replaceAll('-', '_');
    const first = spec.ports?.[0];
    if (first === undefined) continue;
    env.set(`${name}_SERVICE_HOST`, spec.clusterIP);
    env.set(`${name}_SERVICE_PORT`, String(first.port));
    const link = `${(first.protocol ?? 'TCP').toLowerCase()}://${spec.clusterIP}:${first.port}`;
    env.set(`${name}_PORT`, link);
    for (const port of spec.ports ?? []) {
      const protocol = port.protocol ?? 'TCP';
      const key = `${name}_PORT_${port.port}_${protocol}`;
      if (port.name)
        env.set(`${name}_SERVICE_PORT_${port.name.toUpperCase().replaceAll('-', '_')}`, String(port.port));
      env.set(key, `${protocol.toLowerCase()}://${spec.clusterIP}:${port.port}`);
      env.set(`${key}_PROTO`, protocol.toLowerCase());
      env.set(`${key}_PORT`, String(port.port));
      env.set(`${key}_ADDR`, spec.clusterIP);
    }
  }
}

function own(
  data: Readonly<Record<string, string>> | undefined,
  key: string | undefined,
): string | undefined {
  return data !== undefined && key !== undefined && Object.hasOwn(data, key) ? data[key] : undefined;
}

/** The data of a ConfigMap or Secret of the pod's namespace, decoded; empty when there is none. */
export function dataOf(
  store: Store,
  pod: Pick<Pod, 'metadata'>,
  resource: 'configmaps' | 'secrets',
  name: string | undefined,
): Readonly<Record<string, string>> {
  const data = (store.get(resource, pod.metadata.namespace, name ?? '')?.['data'] ?? {}) as Readonly<
    Record<string, string>
  >;
  if (resource === 'configmaps') return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, fromUtf8(fromBase64(value)) ?? '']),
  );
}

function fieldOf(pod: Pod, path: string | undefined): string | undefined {
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace;
    case 'metadata.uid':
      return pod.metadata.uid;
    case 'spec.nodeName':
      return pod.spec.nodeName;
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName;
    case 'status.podIP':
      return pod.status?.podIP;
    case 'status.hostIP':
      return pod.status?.hostIP;
    default:
      return undefined;
  }
}
