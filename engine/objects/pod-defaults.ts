import type { Members } from './members.ts';
import { fill, madeObject, memberList, memberNumber, memberObject, memberOf, memberText } from './members.ts';

/** Fills in a pod's spec as it stands in pods and templates (pkg/apis/core/v1/defaults.go). */
export function defaultPodSpec(spec: Members): void {
  fill(spec, 'restartPolicy', 'Always');
  fill(spec, 'terminationGracePeriodSeconds', 30);
  fill(spec, 'dnsPolicy', 'ClusterFirst');
  madeObject(spec, 'securityContext');
  fill(spec, 'schedulerName', 'default-scheduler');
  if (memberText(spec, 'serviceAccountName') !== '') spec['serviceAccount'] = spec['serviceAccountName'];
  else if (memberText(spec, 'serviceAccount') !== '') spec['serviceAccountName'] = spec['serviceAccount'];
  for (const volume of memberList(spec, 'volumes')) defaultVolume(volume);
  for (const list of ['initContainers', 'containers', 'ephemeralContainers']) {
    for (const container of memberList(spec, list)) defaultContainer(container, spec['hostNetwork'] === true);
  }
}

/** What only pods get, not templates: service links, requests from limits. */
export function defaultPod(pod: Members): void {
  const spec = madeObject(pod, 'spec');
  defaultPodSpec(spec);
  fill(spec, 'enableServiceLinks', true);
  for (const list of ['initContainers', 'containers']) {
    for (const container of memberList(spec, list)) {
      const resources = memberObject(container, 'resources');
      const limits = memberObject(resources, 'limits');
      if (resources === undefined || limits === undefined) continue;
      const requests = madeObject(resources, 'requests');
      for (const [name, limit] of Object.entries(limits)) fill(requests, name, limit);
    }
  }
}

/** The pull policy of an image without one: its latest version is always pulled. */
export function pullPolicyOf(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1);
  if (name.includes('@')) return 'IfNotPresent';
  const tag = name.includes(':') ? name.slice(name.indexOf(':') + 1) : 'latest';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultContainer(container: Members, isHostNetwork: boolean): void {
  fill(container, 'imagePullPolicy', pullPolicyOf(memberText(container, 'image')));
  fill(container, 'terminationMessagePath', '/dev/termination-log');
  fill(container, 'terminationMessagePolicy', 'File');
  for (const port of memberList(container, 'ports')) {
    fill(port, 'protocol', 'TCP');
    if (isHostNetwork && port['hostPort'] === undefined) port['hostPort'] = port['containerPort'];
  }
  for (const variable of memberList(container, 'env')) {
    const field = memberObject(memberObject(variable, 'valueFrom'), 'fieldRef');
    if (field !== undefined) fill(field, 'apiVersion', 'v1');
  }
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe'])
    defaultProbe(memberObject(container, probe));
  const lifecycle = memberObject(container, 'lifecycle');
  for (const hook of ['postStart', 'preStop'])
    defaultHttpGet(memberObject(memberObject(lifecycle, hook), 'httpGet'));
}

function defaultProbe(probe: Members | undefined): void {
  if (probe === undefined) return;
  defaultHttpGet(memberObject(probe, 'httpGet'));
  const grpc = memberObject(probe, 'grpc');
  if (grpc !== undefined && memberOf(grpc, 'service') === undefined) grpc['service'] = '';
  for (const [name, value] of [
    ['timeoutSeconds', 1],
    ['periodSeconds', 10],
    ['successThreshold', 1],
    ['failureThreshold', 3],
  ] as const) {
    if ((memberNumber(probe, name) ?? 0) === 0) probe[name] = value;
  }
}

function defaultHttpGet(action: Members | undefined): void {
  if (action === undefined) return;
  fill(action, 'path', '/');
  fill(action, 'scheme', 'HTTP');
}

// The mode 0644, as the API writes it.
const MODE_DEFAULT = 420;

function defaultVolume(volume: Members): void {
  if (Object.keys(volume).every((key) => key === 'name')) volume['emptyDir'] = {};
  for (const source of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    const found = memberObject(volume, source);
    if (found !== undefined) fill(found, 'defaultMode', MODE_DEFAULT);
  }
  const hostPath = memberObject(volume, 'hostPath');
  if (hostPath !== undefined && memberOf(hostPath, 'type') === undefined) hostPath['type'] = '';
  const projected = memberObject(volume, 'projected');
  for (const item of memberList(memberObject(volume, 'downwardAPI'), 'items')) defaultFieldRef(item);
  for (const source of memberList(projected, 'sources')) {
    const token = memberObject(source, 'serviceAccountToken');
    if (token !== undefined) fill(token, 'expirationSeconds', 3600);
    for (const item of memberList(memberObject(source, 'downwardAPI'), 'items')) defaultFieldRef(item);
  }
}

function defaultFieldRef(item: Members): void {
  const field = memberObject(item, 'fieldRef');
  if (field !== undefined) fill(field, 'apiVersion', 'v1');
}
