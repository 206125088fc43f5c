import type { BootObject } from './boot-objects.ts';
import type { ContainerFate, ImageCatalog, ImageRecord, ProbeFailure } from '../controllers/context.ts';
import type { ContainerSpec, Pod, ProbeSpec } from '../objects/views.ts';
import { accessObjects, bootObject, dnsObjects, serviceAccount, storageClass } from './boot-objects.ts';
import { isInitContainer } from '../controllers/pod-status.ts';
import { parseReference } from '../images/catalog.ts';

/** The name of the world in which kubectl's recordings are played again. */
export const RECORDED_WORLD = 'recorded';

const LABELS = { cilium: { 'k8s-app': 'cilium' }, operator: { name: 'cilium-operator' } };

/** What the recorded cluster held: CoreDNS, and two workloads named after Cilium's that do nothing. */
export function recordedObjects(): BootObject[] {
  const namespace = 'kube-system';
  const rbac = 'rbac.authorization.k8s.io';
  const cilium = {
    selector: { matchLabels: LABELS.cilium },
    template: {
      metadata: { labels: LABELS.cilium },
      spec: {
        hostNetwork: true,
        tolerations: [{ operator: 'Exists' }],
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        containers: [{ name: 'cilium-agent', image: 'quay.io/cilium/cilium:v1.20.2' }],
      },
    },
  };
  const operator = {
    replicas: 1,
    selector: { matchLabels: LABELS.operator },
    template: {
      metadata: { labels: LABELS.operator },
      spec: {
        hostNetwork: true,
        tolerations: [{ operator: 'Exists' }],
        nodeSelector: { 'node-role.kubernetes.io/control-plane': '' },
        containers: [{ name: 'cilium-operator', image: 'quay.io/cilium/operator-generic:v1.20.2' }],
      },
    },
  };
  return [
    ...accessObjects().filter(([resource]) => resource.endsWith(rbac)),
    storageClass(),
    [
      'configmaps',
      bootObject(
        'v1',
        'ConfigMap',
        { name: 'cilium-config', namespace },
        { data: { 'cluster-name': 'kind-kind', 'enable-policy': 'default', 'tunnel-protocol': 'vxlan' } },
      ),
    ],
    ...dnsObjects('ClusterFirst').filter(
      ([resource]) => resource !== 'configmaps' && resource !== 'serviceaccounts',
    ),
    serviceAccount(namespace, 'coredns'),
    [
      'daemonsets.apps',
      bootObject(
        'apps/v1',
        'DaemonSet',
        { name: 'cilium', namespace, labels: LABELS.cilium },
        { spec: cilium },
      ),
    ],
    [
      'deployments.apps',
      bootObject(
        'apps/v1',
        'Deployment',
        { name: 'cilium-operator', namespace, labels: LABELS.operator },
        { spec: operator },
      ),
    ],
  ];
}

/** The container runtime of the recordings: every image is there, nothing really runs, nothing changes by itself. */
export class RecordedRuntime implements ImageCatalog {
  readonly isStill = true;
  /** Pods by uid, in the order in which their containers began. */
  readonly #pods = new Map<string, number>();

  lookup(image: string): ImageRecord | undefined {
    const reference = parseReference(image);
    if (reference === undefined || image.includes('nosuch')) return undefined;
    const name = `${reference.repository}:${reference.tag}`;
    const digest = 'a'.repeat(64);
    return {
      name,
      digest,
      sizeBytes: 50_000_000,
      pullMs: 300,
      isPresent: true,
      imageId: `${name}@sha256:${digest}`,
    };
  }

  containerId(pod: Pod, container: string): string {
    const uid = pod.metadata.uid ?? '';
    const number = this.#pods.get(uid) ?? this.#pods.size + 1;
    this.#pods.set(uid, number);
    const inits = (pod.spec.initContainers ?? []).map((one) => one.name);
    const at = inits.indexOf(container);
    const place = at < 0 ? pod.spec.containers.findIndex((one) => one.name === container) : 50 + at;
    return (number * 100 + place).toString(16).padStart(64, '0');
  }

  fate(pod: Pod, container: ContainerSpec): ContainerFate {
    const words = [...(container.command ?? []), ...(container.args ?? [])].join(' ');
    if (/\bexit 1\b/.test(words)) return { endsAfterMs: 20, exitCode: 1, restartsAtOnce: 3, stopMs: 500 };
    const isJob = pod.metadata.ownerReferences?.some((owner) => owner.kind === 'Job') === true;
    if (isInitContainer(pod, container.name) || isJob) return { endsAfterMs: 300, exitCode: 0, stopMs: 500 };
    return { stopMs: 500 };
  }

  probe(_pod: Pod, _container: ContainerSpec, probe: ProbeSpec): ProbeFailure {
    return probe.httpGet?.path === '/never' ? 'HTTP probe failed with statuscode: 404' : undefined;
  }
}

/** What every container of the recordings logged. */
export function recordedLines(container: string): readonly string[] {
  return [`starting ${container}`, 'listening on :80', 'GET / 200', 'GET /healthz 200', 'GET /api 404'];
}
