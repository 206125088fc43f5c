import type { ContainerSpec, Pod } from '../objects/views.ts';
import type { KubeObject } from '../objects/api.ts';
import type { Store } from '../store/store.ts';

/**
 * The kubelet's words for a ConfigMap or Secret that a pod needs and that is not there: of its volumes, or of the
 * environment of one container. undefined: all is there.
 */
export function missingReference(
  store: Store,
  pod: Pod,
  what: 'volumes' | ContainerSpec,
): string | undefined {
  return what === 'volumes' ? missingVolume(store, pod) : missingVariable(store, pod, what);
}

function missingVolume(store: Store, pod: Pod): string | undefined {
  const { namespace } = pod.metadata;
  for (const volume of pod.spec.volumes ?? []) {
    const { configMap, secret } = volume;
    const wanted =
      configMap !== undefined && configMap.optional !== true
        ? (['configmaps', 'configmap', configMap.name ?? ''] as const)
        : secret !== undefined && secret.optional !== true
          ? (['secrets', 'secret', secret.secretName ?? ''] as const)
          : undefined;
    if (wanted === undefined || store.get(wanted[0], namespace, wanted[2]) !== undefined) continue;
    return `MountVolume.SetUp failed for volume "${volume.name}" : ${wanted[1]} "${wanted[2]}" not found`;
  }
  return undefined;
}

function missingVariable(store: Store, pod: Pod, container: ContainerSpec): string | undefined {
  const { namespace } = pod.metadata;
  for (const source of container.envFrom ?? []) {
    const reference = source.configMapRef ?? source.secretRef;
    if (reference === undefined || reference.optional === true) continue;
    const kind = source.configMapRef === undefined ? 'secret' : 'configmap';
    if (store.get(`${kind}s`, namespace, reference.name) === undefined)
      return `${kind} "${reference.name}" not found`;
  }
  for (const { valueFrom } of container.env ?? []) {
    const reference = valueFrom?.configMapKeyRef ?? valueFrom?.secretKeyRef;
    if (reference === undefined || reference.optional === true) continue;
    const kind = valueFrom?.configMapKeyRef === undefined ? 'secret' : 'configmap';
    const object = store.get(`${kind}s`, namespace, reference.name ?? '');
    if (object === undefined) return `${kind} "${reference.name}" not found`;
    if (!hasKey(object, reference.key))
      return `couldn't find key ${reference.key} in ${kind === 'secret' ? 'Secret' : 'ConfigMap'} ${namespace}/${reference.name}`;
  }
  return undefined;
}

function hasKey(object: KubeObject, key: string): boolean {
  const data = (object['data'] ?? {}) as object;
  const binary = (object['binaryData'] ?? {}) as object;
  return Object.hasOwn(data, key) || Object.hasOwn(binary, key);
}
