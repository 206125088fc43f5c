import { utf8Length } from '../../../base/bytes.ts';
import type { Json, JsonObject } from '../../../base/json.ts';
import { quantityNumber } from '../../../objects/quantity.ts';
import { itemsOf } from '../builder.ts';
import { at, listAt, mapAt, nameIn, namespaceIn, numberAt, objectAt, textAt } from '../client.ts';
import type { Context } from '../context.ts';
import { pathOf } from '../discovery.ts';
import { age, formatLabels, fromBase64, rfc1123z } from '../text.ts';
import { type Described, type Writer, writeHead, writeMarks } from './writer.ts';

/** A Service with its endpoints. */
export function describeService(w: Writer, { object, context }: Described): void {
  const spec = objectAt(object, 'spec');
  writeHead(w, object);
  w.line('Selector', formatLabels(mapAt(spec, 'selector')));
  w.line('Type', textAt(spec, 'type'));
  w.lineIfSet('IP Family Policy', textAt(spec, 'ipFamilyPolicy'));
  w.line('IP Families', listAt(spec, 'ipFamilies').join(',') || '<none>');
  w.line('IP', textAt(spec, 'clusterIP'));
  w.line('IPs', listAt(spec, 'clusterIPs').join(',') || '<none>');
  if (listAt(spec, 'externalIPs').length > 0) w.line('External IPs', listAt(spec, 'externalIPs').join(','));
  w.lineIfSet('Desired LoadBalancer IP', textAt(spec, 'loadBalancerIP'));
  w.lineIfSet('External Name', textAt(spec, 'externalName'));
  const ingress = listAt(object, 'status', 'loadBalancer', 'ingress');
  if (ingress.length > 0)
    w.write(
      0,
      `LoadBalancer Ingress:\t${ingress.map((one) => (textAt(one, 'ip') === '' ? textAt(one, 'hostname') : `${textAt(one, 'ip')}${textAt(one, 'ipMode') === '' ? '' : ` (${textAt(one, 'ipMode')})`}`)).join(', ')}\n`,
    );
  const slices = listAt(spec, 'ports').length === 0 ? [] : slicesOf(context, object);
  for (const port of listAt(spec, 'ports')) {
    const [name, protocol] = [textAt(port, 'name') || '<unset>', textAt(port, 'protocol')];
    w.write(
      0,
      `Port:\t${name}\t${numberAt(port, 'port')}/${protocol}\nTargetPort:\t${textAt(port, 'targetPort')}/${protocol}\n`,
    );
    if (numberAt(port, 'nodePort') > 0)
      w.write(0, `NodePort:\t${name}\t${numberAt(port, 'nodePort')}/${protocol}\n`);
    w.line('Endpoints', endpointsText(slices, textAt(port, 'name')));
  }
  w.line('Session Affinity', textAt(spec, 'sessionAffinity'));
  w.lineIfSet('External Traffic Policy', textAt(spec, 'externalTrafficPolicy'));
  w.lineIfSet('Internal Traffic Policy', textAt(spec, 'internalTrafficPolicy'));
  w.lineIfSet('Traffic Distribution', textAt(spec, 'trafficDistribution'));
  if (numberAt(spec, 'healthCheckNodePort') > 0)
    w.line('HealthCheck NodePort', numberAt(spec, 'healthCheckNodePort'));
  if (listAt(spec, 'loadBalancerSourceRanges').length > 0)
    w.line('LoadBalancer Source Ranges', listAt(spec, 'loadBalancerSourceRanges').join(','));
}

function slicesOf(context: Context, service: JsonObject): readonly JsonObject[] {
  const resource = context.discovery.need('endpointslices.discovery.k8s.io');
  return itemsOf(
    context.client.get(pathOf(resource, namespaceIn(service)), {
      labelSelector: `kubernetes.io/service-name=${nameIn(service)}`,
    }),
    resource,
  );
}

/** Up to three `address:port` of a named port; `+ n more...` for the others. */
function endpointsText(slices: readonly JsonObject[], portName: string): string {
  if (slices.length === 0) return '<none>';
  const found: string[] = [];
  for (const slice of slices) {
    for (const port of listAt(slice, 'ports')) {
      if (textAt(port, 'name') !== portName) continue;
      for (const endpoint of listAt(slice, 'endpoints')) {
        if (at(endpoint, 'conditions', 'ready') === false) continue;
        for (const address of listAt(endpoint, 'addresses'))
          found.push(
            `${String(address).includes(':') ? `[${String(address)}]` : String(address)}:${numberAt(port, 'port')}`,
          );
      }
    }
  }
  return found.length <= 3 ? found.join(',') : `${found.slice(0, 3).join(',')} + ${found.length - 3} more...`;
}

/** Endpoints. */
export function describeEndpoints(w: Writer, { object }: Described): void {
  writeHead(w, object);
  w.write(0, 'Subsets:\n');
  for (const subset of listAt(object, 'subsets')) {
    const join = (key: string): string =>
      listAt(subset, key)
        .map((one) => textAt(one, 'ip'))
        .join(',') || '<none>';
    w.write(1, `Addresses:\t${join('addresses')}\n  NotReadyAddresses:\t${join('notReadyAddresses')}\n`);
    if (listAt(subset, 'ports').length > 0) {
      w.write(1, 'Ports:\n    Name\tPort\tProtocol\n    ----\t----\t--------\n');
      for (const port of listAt(subset, 'ports'))
        w.write(
          2,
          `${textAt(port, 'name') || '<unset>'}\t${numberAt(port, 'port')}\t${textAt(port, 'protocol')}\n`,
        );
    }
    w.write(0, '\n');
  }
}

/** An EndpointSlice. */
export function describeEndpointSlice(w: Writer, { object }: Described): void {
  writeHead(w, object);
  w.line('AddressType', textAt(object, 'addressType'));
  const ports = listAt(object, 'ports');
  w.write(
    0,
    ports.length === 0 ? 'Ports: <unset>\n' : 'Ports:\n  Name\tPort\tProtocol\n  ----\t----\t--------\n',
  );
  for (const port of ports)
    w.write(
      1,
      `${textAt(port, 'name') || '<unset>'}\t${textAt(port, 'port') || '<unset>'}\t${textAt(port, 'protocol')}\n`,
    );
  const endpoints = listAt(object, 'endpoints');
  w.write(0, endpoints.length === 0 ? 'Endpoints: <none>\n' : 'Endpoints:\n');
  for (const endpoint of endpoints) {
    const ready = at(endpoint, 'conditions', 'ready');
    w.write(1, `- Addresses:\t${listAt(endpoint, 'addresses').join(',') || '<none>'}\n`);
    w.write(2, `Conditions:\n      Ready:\t${typeof ready === 'boolean' ? ready : '<unset>'}\n`);
    w.write(2, `Hostname:\t${textAt(endpoint, 'hostname') || '<unset>'}\n`);
    if (at(endpoint, 'targetRef') !== undefined)
      w.write(
        2,
        `TargetRef:\t${textAt(endpoint, 'targetRef', 'kind')}/${textAt(endpoint, 'targetRef', 'name')}\n`,
      );
    w.write(
      2,
      `NodeName:\t${textAt(endpoint, 'nodeName') || '<unset>'}\n    Zone:\t${textAt(endpoint, 'zone') || '<unset>'}\n`,
    );
  }
}

/** A ConfigMap with its contents. */
export function describeConfigMap(w: Writer, { object }: Described): void {
  writeHead(w, object);
  w.flush();
  let body = '\nData\n====\n';
  for (const [key, value] of Object.entries(mapAt(object, 'data'))) body += `${key}:\n----\n${value}\n\n`;
  body += '\nBinaryData\n====\n';
  for (const [key, value] of Object.entries(mapAt(object, 'binaryData')))
    body += `${key}: ${utf8Length(fromBase64(value))} bytes\n`;
  w.append(`${body}\n`);
}

/** A Secret: names and sizes only. */
export function describeSecret(w: Writer, { object }: Described): void {
  writeHead(w, object);
  w.write(0, `\nType:\t${textAt(object, 'type')}\n\nData\n====\n`);
  const isToken = textAt(object, 'type') === 'kubernetes.io/service-account-token';
  for (const [key, value] of Object.entries(mapAt(object, 'data')))
    w.write(
      0,
      isToken && key === 'token'
        ? `${key}:\t${fromBase64(value)}\n`
        : `${key}:\t${Math.floor((value.replace(/=+$/, '').length * 3) / 4)} bytes\n`,
    );
}

/** A ServiceAccount. */
export function describeServiceAccount(w: Writer, { object }: Described): void {
  writeHead(w, object);
  const names = (list: readonly Json[]): string =>
    list.map((one) => textAt(one, 'name')).join('\n\t') || '<none>';
  w.line('Image pull secrets', names(listAt(object, 'imagePullSecrets')));
  w.line('Mountable secrets', names(listAt(object, 'secrets')));
  w.line('Tokens', '<none>');
}

/** A Namespace with its quotas and limits. */
export function describeNamespace(w: Writer, { object, context }: Described): void {
  writeHead(w, object, false);
  w.line('Status', textAt(object, 'status', 'phase'));
  const name = nameIn(object);
  const list = (type: string): readonly JsonObject[] => {
    const resource = context.discovery.find(type);
    return resource === undefined ? [] : itemsOf(context.client.get(pathOf(resource, name)), resource);
  };
  const quotas = list('resourcequotas');
  if (quotas.length === 0) w.write(0, '\nNo resource quota.\n');
  else w.write(0, '\nResource Quotas\n');
  for (const quota of quotas) {
    w.write(1, `Name:\t${nameIn(quota)}\n  Resource\tUsed\tHard\n  --------\t---\t---\n`);
    const used = mapAt(quota, 'status', 'used');
    for (const [key, hard] of Object.entries(mapAt(quota, 'status', 'hard')))
      w.write(1, `${key}\t${used[key] ?? '0'}\t${hard}\n`);
  }
  const limits = list('limitranges');
  if (limits.length === 0) w.write(0, '\nNo LimitRange resource.\n');
  else
    w.write(
      0,
      '\nResource Limits\n Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio\n ----\t--------\t---\t---\t---------------\t-------------\t-----------------------\n',
    );
  for (const limit of limits) writeLimits(w, limit, ' ');
}

function writeLimits(w: Writer, limit: JsonObject, indent: string): void {
  const fields = ['min', 'max', 'defaultRequest', 'default', 'maxLimitRequestRatio'] as const;
  for (const item of listAt(limit, 'spec', 'limits')) {
    const resources = [...new Set(fields.flatMap((field) => Object.keys(mapAt(item, field))))].sort();
    for (const resource of resources)
      w.write(
        0,
        `${indent}${textAt(item, 'type')}\t${resource}\t${fields.map((field) => mapAt(item, field)[resource] ?? '-').join('\t')}\n`,
      );
  }
}

/** A Node with its pods and what they ask for. */
export function describeNode(w: Writer, { object, context }: Described): void {
  const [spec, status, name] = [objectAt(object, 'spec'), objectAt(object, 'status'), nameIn(object)];
  const roles = Object.keys(mapAt(object, 'metadata', 'labels'))
    .filter((key) => key.startsWith('node-role.kubernetes.io/'))
    .map((key) => key.slice(24));
  w.line('Name', name);
  w.line('Roles', roles.sort().join(',') || '<none>');
  writeMarks(w, object);
  w.line('CreationTimestamp', rfc1123z(textAt(object, 'metadata', 'creationTimestamp')));
  const taints = listAt(spec, 'taints').map(
    (one) =>
      `${textAt(one, 'key')}${textAt(one, 'value') === '' ? '' : `=${textAt(one, 'value')}`}:${textAt(one, 'effect')}`,
  );
  w.line('Taints', taints.join('\n\t') || '<none>');
  w.line('Unschedulable', at(spec, 'unschedulable') === true);
  writeLease(w, context, name);
  w.write(
    0,
    'Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage\n  ----\t------\t-----------------\t------------------\t------\t-------\n',
  );
  for (const one of listAt(status, 'conditions'))
    w.write(
      1,
      `${textAt(one, 'type')} \t${textAt(one, 'status')} \t${rfc1123z(textAt(one, 'lastHeartbeatTime') || textAt(one, 'lastTransitionTime'))} \t${rfc1123z(textAt(one, 'lastTransitionTime'))} \t${textAt(one, 'reason')} \t${textAt(one, 'message')}\n`,
    );
  w.write(0, 'Addresses:\n');
  for (const one of listAt(status, 'addresses'))
    w.write(1, `${textAt(one, 'type')}:\t${textAt(one, 'address')}\n`);
  for (const [title, field] of [
    ['Capacity', 'capacity'],
    ['Allocatable', 'allocatable'],
  ] as const) {
    const entries = Object.entries(mapAt(status, field));
    if (entries.length > 0) w.write(0, `${title}:\n`);
    for (const [key, amount] of entries) w.write(1, `${key}:\t${amount}\n`);
  }
  const info = objectAt(status, 'nodeInfo');
  w.write(0, 'System Info:\n');
  for (const [title, field] of SYSTEM_INFO) w.write(1, `${title}:\t${textAt(info, field)}\n`);
  w.lineIfSet('PodCIDR', textAt(spec, 'podCIDR'));
  if (listAt(spec, 'podCIDRs').length > 0) w.line('PodCIDRs', listAt(spec, 'podCIDRs').join(','));
  w.lineIfSet('ProviderID', textAt(spec, 'providerID'));
  writeNodePods(w, context, object);
}

const SYSTEM_INFO = [
  ['Machine ID', 'machineID'],
  ['System UUID', 'systemUUID'],
  ['Boot ID', 'bootID'],
  ['Kernel Version', 'kernelVersion'],
  ['OS Image', 'osImage'],
  ['Operating System', 'operatingSystem'],
  ['Architecture', 'architecture'],
  ['Container Runtime Version', 'containerRuntimeVersion'],
  ['Kubelet Version', 'kubeletVersion'],
  ['Kube-Proxy Version', 'kubeProxyVersion'],
] as const;

function writeLease(w: Writer, context: Context, name: string): void {
  const resource = context.discovery.find('leases.coordination.k8s.io');
  let lease: JsonObject = {};
  try {
    if (resource !== undefined) lease = context.client.get(pathOf(resource, 'kube-node-lease', name));
  } catch {
    w.line('Lease', `Failed to get lease: leases.coordination.k8s.io "${name}" not found`);
    return;
  }
  const time = (field: string): string =>
    textAt(lease, 'spec', field) === '' ? '<unset>' : rfc1123z(textAt(lease, 'spec', field));
  w.write(0, 'Lease:\n');
  w.write(
    1,
    `HolderIdentity:\t${textAt(lease, 'spec', 'holderIdentity') || '<unset>'}\n  AcquireTime:\t${time('acquireTime')}\n  RenewTime:\t${time('renewTime')}\n`,
  );
}

function writeNodePods(w: Writer, context: Context, node: JsonObject): void {
  const name = nameIn(node);
  const resource = context.discovery.need('pods');
  const pods = itemsOf(
    context.client.get(pathOf(resource, ''), {
      fieldSelector: `spec.nodeName=${name},status.phase!=Failed,status.phase!=Succeeded`,
      limit: '500',
    }),
    resource,
  );
  const allocatable = mapAt(node, 'status', 'allocatable');
  w.write(
    0,
    `Non-terminated Pods:\t(${pods.length} in total)\n  Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge\n  ---------\t----\t\t------------\t----------\t---------------\t-------------\t---\n`,
  );
  const total = new Map<string, { requests: number; limits: number }>();
  for (const pod of pods) {
    const sums = ['cpu', 'memory', 'ephemeral-storage', 'hugepages-2Mi'].map((kind) => ({
      kind,
      requests: podSum(pod, 'requests', kind),
      limits: podSum(pod, 'limits', kind),
    }));
    for (const sum of sums) {
      const own = total.get(sum.kind) ?? { requests: 0, limits: 0 };
      total.set(sum.kind, { requests: own.requests + sum.requests, limits: own.limits + sum.limits });
    }
    const [cpu, memory] = sums;
    const cell = (kind: string, amount: number): string => share(kind, amount, allocatable[kind]);
    w.write(
      1,
      `${namespaceIn(pod)}\t${nameIn(pod)}\t\t${cell('cpu', cpu?.requests ?? 0)}\t${cell('cpu', cpu?.limits ?? 0)}\t${cell('memory', memory?.requests ?? 0)}\t${cell('memory', memory?.limits ?? 0)}\t${age(textAt(pod, 'metadata', 'creationTimestamp'), context.nowMs)}\n`,
    );
  }
  w.write(
    0,
    'Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n  Resource\tRequests\tLimits\n  --------\t--------\t------\n',
  );
  const kinds = [
    'cpu',
    'memory',
    'ephemeral-storage',
    ...Object.keys(allocatable)
      .filter((kind) => kind.startsWith('hugepages-'))
      .sort(),
  ];
  for (const kind of kinds) {
    const own = total.get(kind) ?? { requests: 0, limits: 0 };
    w.write(
      1,
      `${kind}\t${share(kind, own.requests, allocatable[kind])}\t${share(kind, own.limits, allocatable[kind])}\n`,
    );
  }
}

function podSum(pod: JsonObject, field: 'requests' | 'limits', kind: string): number {
  const amount = (container: Json): number =>
    quantityNumber(textAt(container, 'resources', field, kind) || '0');
  const main = listAt(pod, 'spec', 'containers').reduce<number>(
    (sum, container) => sum + amount(container),
    0,
  );
  const init = listAt(pod, 'spec', 'initContainers').reduce<number>(
    (most, container) => Math.max(most, amount(container)),
    0,
  );
  return Math.max(main, init);
}

/** `100m (2%)`, of what the node has. */
function share(kind: string, amount: number, of: string | undefined): string {
  const whole = quantityNumber(of ?? '0');
  const percent = whole > 0 ? Math.floor((amount * 100) / whole) : 0;
  return `${amountText(kind, amount)} (${percent}%)`;
}

function amountText(kind: string, amount: number): string {
  if (amount === 0) return '0';
  if (kind === 'cpu') return Number.isInteger(amount) ? String(amount) : `${Math.ceil(amount * 1000)}m`;
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti'];
  let value = amount;
  let unit = 0;
  while (value % 1024 === 0 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value}${units[unit]}`;
}
