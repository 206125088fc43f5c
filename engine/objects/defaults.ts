import type { KubeObject } from './api.ts';
import type { Members } from './members.ts';
import { defaultPod, defaultPodSpec } from './pod-defaults.ts';
import { encodeStruct } from './decode.ts';
import { fill, madeObject, memberList, memberNumber, memberObject, memberText } from './members.ts';
import { structOfKind } from './types.ts';
import { toBase64, utf8 } from '../base/bytes.ts';

/**
 * The object with the fields that the API server fills in for its kind (pkg/apis/*'s defaults.go), in Go's shape.
 * Custom resources are returned as they are.
 */
export function withDefaults(resource: string, object: KubeObject): KubeObject {
  const struct = structOfKind(object.apiVersion, object.kind);
  if (struct === undefined) return object;
  const value = encodeStruct<unknown>(object, struct) as Members;
  DEFAULTS.get(resource)?.(value);
  return encodeStruct<unknown>(value, struct) as KubeObject;
}

const RBAC = 'rbac.authorization.k8s.io';

const DEFAULTS: ReadonlyMap<string, (object: Members) => void> = new Map([
  ['pods', defaultPod],
  ['services', defaultService],
  ['namespaces', defaultNamespace],
  ['secrets', defaultSecret],
  [
    'endpoints',
    (object) => {
      for (const subset of memberList(object, 'subsets')) defaultPorts(subset);
    },
  ],
  [
    'persistentvolumes',
    (object) => {
      const spec = madeObject(object, 'spec');
      fill(spec, 'persistentVolumeReclaimPolicy', 'Retain');
      fill(spec, 'volumeMode', 'Filesystem');
      const hostPath = memberObject(spec, 'hostPath');
      if (hostPath !== undefined) fill(hostPath, 'type', '');
      fill(madeObject(object, 'status'), 'phase', 'Pending');
    },
  ],
  ['persistentvolumeclaims', defaultClaim],
  [
    'replicationcontrollers',
    (object) => {
      const spec = defaultTemplate(object);
      fill(spec, 'replicas', 1);
      const labels = memberObject(memberObject(memberObject(spec, 'template'), 'metadata'), 'labels');
      if (labels !== undefined && Object.keys(madeObject(spec, 'selector')).length === 0)
        spec['selector'] = { ...labels };
    },
  ],
  ['deployments.apps', defaultDeployment],
  ['replicasets.apps', (object) => fill(defaultTemplate(object), 'replicas', 1)],
  ['daemonsets.apps', defaultDaemonSet],
  ['statefulsets.apps', defaultStatefulSet],
  ['jobs.batch', defaultJob],
  [
    'cronjobs.batch',
    (object) => {
      const spec = madeObject(object, 'spec');
      fill(spec, 'concurrencyPolicy', 'Allow');
      fill(spec, 'suspend', false);
      fill(spec, 'successfulJobsHistoryLimit', 3);
      fill(spec, 'failedJobsHistoryLimit', 1);
      defaultTemplate(madeObject(spec, 'jobTemplate'));
    },
  ],
  ['networkpolicies.networking.k8s.io', defaultNetworkPolicy],
  [
    'endpointslices.discovery.k8s.io',
    (object) => {
      for (const port of memberList(object, 'ports')) {
        if (port['name'] === undefined) port['name'] = '';
        fill(port, 'protocol', 'TCP');
      }
    },
  ],
  ['horizontalpodautoscalers.autoscaling', (object) => fill(madeObject(object, 'spec'), 'minReplicas', 1)],
  ['rolebindings.rbac.authorization.k8s.io', defaultBinding],
  ['clusterrolebindings.rbac.authorization.k8s.io', defaultBinding],
  [
    'storageclasses.storage.k8s.io',
    (object) => {
      fill(object, 'reclaimPolicy', 'Delete');
      fill(object, 'volumeBindingMode', 'Immediate');
    },
  ],
  ['priorityclasses.scheduling.k8s.io', (object) => fill(object, 'preemptionPolicy', 'PreemptLowerPriority')],
]);

function defaultTemplate(object: Members): Members {
  const spec = madeObject(object, 'spec');
  const podSpec = memberObject(memberObject(spec, 'template'), 'spec');
  if (podSpec !== undefined) defaultPodSpec(podSpec);
  return spec;
}

function defaultPorts(object: Members): void {
  for (const port of memberList(object, 'ports')) fill(port, 'protocol', 'TCP');
}

function defaultService(service: Members): void {
  const spec = madeObject(service, 'spec');
  fill(spec, 'sessionAffinity', 'None');
  fill(spec, 'type', 'ClusterIP');
  if (spec['sessionAffinity'] === 'ClientIP' && memberObject(spec, 'sessionAffinityConfig') === undefined) {
    spec['sessionAffinityConfig'] = { clientIP: { timeoutSeconds: 10800 } };
  }
  if (spec['sessionAffinity'] === 'None') delete spec['sessionAffinityConfig'];
  for (const port of memberList(spec, 'ports')) {
    fill(port, 'protocol', 'TCP');
    if (port['targetPort'] === undefined || port['targetPort'] === 0 || port['targetPort'] === '')
      port['targetPort'] = port['port'];
  }
  const type = memberText(spec, 'type');
  const isExternal =
    type === 'NodePort' ||
    type === 'LoadBalancer' ||
    (Array.isArray(spec['externalIPs']) && spec['externalIPs'].length > 0);
  if (isExternal) fill(spec, 'externalTrafficPolicy', 'Cluster');
  if (type !== 'ExternalName') fill(spec, 'internalTrafficPolicy', 'Cluster');
  if (type === 'LoadBalancer' && spec['allocateLoadBalancerNodePorts'] === undefined)
    spec['allocateLoadBalancerNodePorts'] = true;
  if (type === 'LoadBalancer')
    for (const one of memberList(memberObject(memberObject(service, 'status'), 'loadBalancer'), 'ingress'))
      if (memberText(one, 'ip') !== '') fill(one, 'ipMode', 'VIP');
}

function defaultNamespace(namespace: Members): void {
  const metadata = madeObject(namespace, 'metadata');
  const name = memberText(metadata, 'name');
  if (name !== '') madeObject(metadata, 'labels')['kubernetes.io/metadata.name'] = name;
  const status = madeObject(namespace, 'status');
  fill(status, 'phase', 'Active');
  // Only a new namespace gets the finalizer; a terminating one may have lost it already.
  if (metadata['uid'] === undefined) fill(madeObject(namespace, 'spec'), 'finalizers', ['kubernetes']);
}

function defaultSecret(secret: Members): void {
  fill(secret, 'type', 'Opaque');
  const plain = memberObject(secret, 'stringData');
  if (plain === undefined) return;
  const data = madeObject(secret, 'data');
  for (const [key, text] of Object.entries(plain)) data[key] = toBase64(utf8(String(text)));
  delete secret['stringData'];
}

function defaultClaim(claim: Members): void {
  fill(madeObject(claim, 'spec'), 'volumeMode', 'Filesystem');
  fill(madeObject(claim, 'status'), 'phase', 'Pending');
}

function defaultDeployment(deployment: Members): void {
  const spec = defaultTemplate(deployment);
  fill(spec, 'replicas', 1);
  const strategy = madeObject(spec, 'strategy');
  fill(strategy, 'type', 'RollingUpdate');
  if (strategy['type'] === 'RollingUpdate') {
    const rolling = madeObject(strategy, 'rollingUpdate');
    fill(rolling, 'maxUnavailable', '25%');
    fill(rolling, 'maxSurge', '25%');
  }
  fill(spec, 'revisionHistoryLimit', 10);
  fill(spec, 'progressDeadlineSeconds', 600);
}

function defaultDaemonSet(set: Members): void {
  const spec = defaultTemplate(set);
  const strategy = madeObject(spec, 'updateStrategy');
  fill(strategy, 'type', 'RollingUpdate');
  if (strategy['type'] === 'RollingUpdate') {
    const rolling = madeObject(strategy, 'rollingUpdate');
    fill(rolling, 'maxUnavailable', 1);
    fill(rolling, 'maxSurge', 0);
  }
  fill(spec, 'revisionHistoryLimit', 10);
}

function defaultStatefulSet(set: Members): void {
  const spec = defaultTemplate(set);
  fill(spec, 'podManagementPolicy', 'OrderedReady');
  const strategy = madeObject(spec, 'updateStrategy');
  fill(strategy, 'type', 'RollingUpdate');
  if (strategy['type'] === 'RollingUpdate') fill(madeObject(strategy, 'rollingUpdate'), 'partition', 0);
  fill(spec, 'replicas', 1);
  fill(spec, 'revisionHistoryLimit', 10);
  const retention = madeObject(spec, 'persistentVolumeClaimRetentionPolicy');
  fill(retention, 'whenDeleted', 'Retain');
  fill(retention, 'whenScaled', 'Retain');
  for (const claim of memberList(spec, 'volumeClaimTemplates')) {
    fill(claim, 'apiVersion', 'v1');
    fill(claim, 'kind', 'PersistentVolumeClaim');
    defaultClaim(claim);
  }
}

function defaultJob(job: Members): void {
  const spec = defaultTemplate(job);
  if (memberNumber(spec, 'completions') === undefined && memberNumber(spec, 'parallelism') === undefined)
    spec['completions'] = 1;
  fill(spec, 'parallelism', 1);
  fill(spec, 'backoffLimit', 6);
  fill(spec, 'completionMode', 'NonIndexed');
  fill(spec, 'suspend', false);
  fill(spec, 'manualSelector', false);
  if (spec['manualSelector'] === false) delete spec['manualSelector'];
  fill(spec, 'podReplacementPolicy', 'TerminatingOrFailed');
  const metadata = madeObject(job, 'metadata');
  const labels = memberObject(memberObject(memberObject(spec, 'template'), 'metadata'), 'labels');
  if (labels !== undefined && Object.keys(memberObject(metadata, 'labels') ?? {}).length === 0)
    metadata['labels'] = { ...labels };
}

function defaultNetworkPolicy(policy: Members): void {
  const spec = madeObject(policy, 'spec');
  for (const rule of [...memberList(spec, 'ingress'), ...memberList(spec, 'egress')]) defaultPorts(rule);
  const types = spec['policyTypes'];
  if (Array.isArray(types) && types.length > 0) return;
  spec['policyTypes'] = memberList(spec, 'egress').length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}

function defaultBinding(binding: Members): void {
  fill(madeObject(binding, 'roleRef'), 'apiGroup', RBAC);
  for (const subject of memberList(binding, 'subjects')) {
    if (subject['kind'] !== 'ServiceAccount') fill(subject, 'apiGroup', RBAC);
  }
}
