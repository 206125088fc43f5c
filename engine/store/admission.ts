import type { KubeObject } from '../objects/api.ts';
import type { Members } from '../objects/members.ts';
import type { Simulation } from '../base/simulation.ts';
import type { Store } from './store.ts';
import { NAME_ALPHABET } from '../base/random.ts';
import { allocateService } from './service-addresses.ts';
import { fill, madeObject, memberList, memberNumber, memberObject, memberText } from '../objects/members.ts';
import { thawed } from '../base/json.ts';

/**
 * What the API server's strategies, admission and allocators add to a new object that has its uid and defaults: service
 * addresses, a pod's token volume, a job's selector.
 */
export function withAdmission(
  sim: Simulation,
  store: Store,
  resource: string,
  object: KubeObject,
): KubeObject {
  if (!ADMITTED.has(resource)) return object;
  const copy = thawed(object) as Members;
  if (resource === 'services') allocateService(sim, store, copy, undefined);
  else if (resource === 'pods') admitPod(sim, copy);
  else if (resource === 'jobs.batch') admitJob(copy);
  else if (resource === 'ingresses.networking.k8s.io') addClass(store, copy, 'ingress');
  else {
    if (resource === 'persistentvolumeclaims') addClass(store, copy, 'storage');
    addFinalizer(
      copy,
      resource === 'persistentvolumes' ? 'kubernetes.io/pv-protection' : 'kubernetes.io/pvc-protection',
    );
  }
  return copy as KubeObject;
}

const ADMITTED = new Set([
  'services',
  'pods',
  'jobs.batch',
  'ingresses.networking.k8s.io',
  'persistentvolumes',
  'persistentvolumeclaims',
]);

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

const PRIORITIES: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2000001000],
  ['system-cluster-critical', 2000000000],
]);

function admitPod(sim: Simulation, pod: Members): void {
  const spec = madeObject(pod, 'spec');
  fill(spec, 'serviceAccountName', 'default');
  spec['serviceAccount'] = spec['serviceAccountName'];
  if (spec['automountServiceAccountToken'] !== false) mountToken(sim, spec);
  tolerate(spec, 'node.kubernetes.io/not-ready');
  tolerate(spec, 'node.kubernetes.io/unreachable');
  fill(spec, 'priority', PRIORITIES.get(memberText(spec, 'priorityClassName')) ?? 0);
  fill(spec, 'preemptionPolicy', 'PreemptLowerPriority');
  const status = madeObject(pod, 'status');
  fill(status, 'phase', 'Pending');
  fill(status, 'qosClass', qosClass(spec));
}

function mountToken(sim: Simulation, spec: Members): void {
  const containers = [...memberList(spec, 'initContainers'), ...memberList(spec, 'containers')];
  const bare = containers.filter(
    (container) => !memberList(container, 'volumeMounts').some((mount) => mount['mountPath'] === TOKEN_PATH),
  );
  if (bare.length === 0) return;
  const name = `kube-api-access-${sim.random.text('token-volume', NAME_ALPHABET, 5)}`;
  spec['volumes'] = [...memberList(spec, 'volumes'), tokenVolume(name)];
  for (const container of bare) {
    container['volumeMounts'] = [
      ...memberList(container, 'volumeMounts'),
      { name, readOnly: true, mountPath: TOKEN_PATH },
    ];
  }
}

function tokenVolume(name: string): Members {
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    {
      downwardAPI: {
        items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
      },
    },
  ];
  return { name, projected: { sources, defaultMode: 420 } };
}

function tolerate(spec: Members, key: string): void {
  const tolerations = memberList(spec, 'tolerations');
  const isTolerated = tolerations.some(
    (one) =>
      (one['key'] === key || (one['key'] === undefined && one['operator'] === 'Exists')) &&
      (one['effect'] === 'NoExecute' || one['effect'] === undefined),
  );
  if (isTolerated) return;
  spec['tolerations'] = [
    ...tolerations,
    { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
  ];
}

/** The quality of service of a pod by its containers' cpu and memory. */
export function qosClass(spec: Members): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const containers = [...memberList(spec, 'containers'), ...memberList(spec, 'initContainers')];
  const resources = containers.map((container) => memberObject(container, 'resources') ?? {});
  const has = (part: string, name: string) => (one: Members) => memberObject(one, part)?.[name] !== undefined;
  const isNamed = (one: Members) =>
    ['limits', 'requests'].some((part) => ['cpu', 'memory'].some((name) => has(part, name)(one)));
  if (!resources.some(isNamed)) return 'BestEffort';
  const isFull = resources.every((one) =>
    ['cpu', 'memory'].every(
      (name) =>
        has('limits', name)(one) &&
        memberObject(one, 'limits')?.[name] === memberObject(one, 'requests')?.[name],
    ),
  );
  return isFull ? 'Guaranteed' : 'Burstable';
}

// pkg/registry/batch/job/strategy.go, generateSelector.
function admitJob(job: Members): void {
  const spec = madeObject(job, 'spec');
  const metadata = madeObject(job, 'metadata');
  if (memberObject(spec, 'selector') !== undefined || spec['manualSelector'] === true) return;
  const labels = madeObject(madeObject(madeObject(spec, 'template'), 'metadata'), 'labels');
  const uid = memberText(metadata, 'uid');
  const name = memberText(metadata, 'name');
  Object.assign(labels, {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  });
  spec['selector'] = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } };
  if (memberNumber(spec, 'parallelism') === undefined) spec['parallelism'] = 1;
}

/** What names no class gets the one that is marked as the default (admission plugins DefaultStorageClass, DefaultIngressClass). */
function addClass(store: Store, object: Members, kind: 'storage' | 'ingress'): void {
  const spec = madeObject(object, 'spec');
  const isStorage = kind === 'storage';
  const field = isStorage ? 'storageClassName' : 'ingressClassName';
  const { annotations } = (object as unknown as KubeObject).metadata;
  if (spec[field] !== undefined || annotations?.['kubernetes.io/ingress.class'] !== undefined) return;
  const found = store
    .list(isStorage ? 'storageclasses.storage.k8s.io' : 'ingressclasses.networking.k8s.io')
    .find((one) => one.metadata.annotations?.[`${kind}class.kubernetes.io/is-default-class`] === 'true');
  if (found !== undefined) spec[field] = found.metadata.name;
}

function addFinalizer(object: Members, finalizer: string): void {
  const metadata = madeObject(object, 'metadata');
  const present = Array.isArray(metadata['finalizers']) ? (metadata['finalizers'] as string[]) : [];
  if (!present.includes(finalizer)) metadata['finalizers'] = [...present, finalizer];
}
