import type { Json, JsonObject } from '../../../base/json.ts';
import { itemsOf } from '../builder.ts';
import { at, listAt, mapAt, nameIn, namespaceIn, numberAt, objectAt, textAt } from '../client.ts';
import type { Context } from '../context.ts';
import { pathOf } from '../discovery.ts';
import { ApiError } from '../errors.ts';
import { rfc1123z } from '../text.ts';
import { selectorLine } from './netpol.ts';
import { writeTemplate } from './pod-template.ts';
import {
  type Described,
  type Writer,
  writeAnnotations,
  writeHead,
  writeLabels,
  writeMarks,
  yes,
} from './writer.ts';

/** A CronJob. */
export function describeCronJob(w: Writer, { object }: Described): void {
  const spec = objectAt(object, 'spec');
  const job = objectAt(spec, 'jobTemplate', 'spec');
  const number = (value: Json | undefined): string => (value === undefined ? '<unset>' : String(value));
  writeHead(w, object);
  w.line('Schedule', textAt(spec, 'schedule'));
  w.lineIfSet('Time Zone', textAt(spec, 'timeZone'));
  w.line('Concurrency Policy', textAt(spec, 'concurrencyPolicy'));
  w.line('Suspend', yes(at(spec, 'suspend') === true));
  w.line('Successful Job History Limit', number(at(spec, 'successfulJobsHistoryLimit')));
  w.line('Failed Job History Limit', number(at(spec, 'failedJobsHistoryLimit')));
  const deadline = at(spec, 'startingDeadlineSeconds');
  w.write(0, `Starting Deadline Seconds:\t${deadline === undefined ? '<unset>' : `${String(deadline)}s`}\n`);
  const selector = at(job, 'selector');
  w.line('Selector', selector === undefined ? '<unset>' : selectorLine(objectAt(job, 'selector')));
  w.line('Parallelism', number(at(job, 'parallelism')));
  w.line('Completions', number(at(job, 'completions')));
  if (at(job, 'activeDeadlineSeconds') !== undefined)
    w.line('Active Deadline Seconds', `${numberAt(job, 'activeDeadlineSeconds')}s`);
  w.write(0, 'Pod Template:\n');
  writeTemplate(w, objectAt(job, 'template'));
  const last = textAt(object, 'status', 'lastScheduleTime');
  w.line('Last Schedule Time', last === '' ? '<unset>' : rfc1123z(last));
  const active = listAt(object, 'status', 'active').map((one) => textAt(one, 'name'));
  w.line('Active Jobs', active.join(', ') || '<none>');
}

/** A ResourceQuota: what is used of what. */
export function describeQuota(w: Writer, { object }: Described): void {
  w.line('Name', nameIn(object));
  w.line('Namespace', namespaceIn(object));
  const scopes = listAt(object, 'spec', 'scopes').map(String).sort();
  if (scopes.length > 0) {
    w.line('Scopes', scopes.join(', '));
    for (const scope of scopes) w.write(0, ` * ${SCOPES.get(scope) ?? ''}\n`);
  }
  w.write(0, 'Resource\tUsed\tHard\n--------\t----\t----\n');
  const used = mapAt(object, 'status', 'used');
  for (const [resource, hard] of Object.entries(mapAt(object, 'status', 'hard')))
    w.write(0, `${resource}\t${Object.hasOwn(used, resource) ? used[resource] : '0'}\t${hard}\n`);
}

const SCOPES: ReadonlyMap<string, string> = new Map([
  [
    'Terminating',
    'Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system.',
  ],
  [
    'NotTerminating',
    'Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate.',
  ],
  [
    'BestEffort',
    'Matches all pods that do not have resource requirements set. These pods have a best effort quality of service.',
  ],
  [
    'NotBestEffort',
    'Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of service.',
  ],
]);

/** A LimitRange. */
export function describeLimits(w: Writer, { object }: Described): void {
  w.line('Name', nameIn(object));
  w.line('Namespace', namespaceIn(object));
  w.write(0, 'Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio\n');
  w.write(0, '----\t--------\t---\t---\t---------------\t-------------\t-----------------------\n');
  const fields = ['min', 'max', 'defaultRequest', 'default', 'maxLimitRequestRatio'] as const;
  for (const item of listAt(object, 'spec', 'limits')) {
    const kinds = [...new Set(fields.flatMap((field) => Object.keys(mapAt(item, field))))].sort();
    for (const kind of kinds) {
      const cells = fields.map((field) => mapAt(item, field)[kind] ?? '-');
      w.write(0, `${textAt(item, 'type')}\t${kind}\t${cells.join('\t')}\n`);
    }
  }
}

/** A StorageClass. */
export function describeStorageClass(w: Writer, { object }: Described): void {
  const annotations = mapAt(object, 'metadata', 'annotations');
  const isDefault = [
    'storageclass.kubernetes.io/is-default-class',
    'storageclass.beta.kubernetes.io/is-default-class',
  ].some((key) => annotations[key] === 'true');
  const list = (map: Readonly<Record<string, string>>): string =>
    Object.entries(map)
      .map(([key, value]) => `${key}=${value}`)
      .join(',') || '<none>';
  w.line('Name', nameIn(object));
  w.line('IsDefaultClass', isDefault ? 'Yes' : 'No');
  w.line('Annotations', list(annotations));
  w.line('Provisioner', textAt(object, 'provisioner'));
  w.line('Parameters', list(mapAt(object, 'parameters')));
  const expands = at(object, 'allowVolumeExpansion');
  w.line('AllowVolumeExpansion', typeof expands === 'boolean' ? yes(expands) : '<unset>');
  const options = listAt(object, 'mountOptions');
  if (options.length === 0) w.line('MountOptions', '<none>');
  else {
    w.write(0, 'MountOptions:\n');
    for (const option of options) w.write(1, `${String(option)}\n`);
  }
  w.line('ReclaimPolicy', textAt(object, 'reclaimPolicy'));
  w.line('VolumeBindingMode', textAt(object, 'volumeBindingMode'));
}

/** A HorizontalPodAutoscaler (autoscaling/v2). */
export function describeAutoscaler(w: Writer, { object }: Described): void {
  const [spec, status] = [objectAt(object, 'spec'), objectAt(object, 'status')];
  writeHead(w, object);
  w.line('CreationTimestamp', rfc1123z(textAt(object, 'metadata', 'creationTimestamp')));
  const target = objectAt(spec, 'scaleTargetRef');
  w.line('Reference', `${textAt(target, 'kind')}/${textAt(target, 'name')}`);
  w.line('Metrics', '( current / target )');
  listAt(spec, 'metrics').forEach((metric, index) => {
    w.write(1, metricLine(metric, listAt(status, 'currentMetrics')[index]));
  });
  const min = at(spec, 'minReplicas');
  w.line('Min replicas', min === undefined ? '<unset>' : String(min));
  w.line('Max replicas', numberAt(spec, 'maxReplicas'));
  w.write(
    0,
    `${textAt(target, 'kind')} pods:\t${numberAt(status, 'currentReplicas')} current / ${numberAt(status, 'desiredReplicas')} desired\n`,
  );
  const conditions = listAt(status, 'conditions');
  if (conditions.length > 0) {
    w.write(0, 'Conditions:\n  Type\tStatus\tReason\tMessage\n  ----\t------\t------\t-------\n');
    for (const one of conditions)
      w.write(
        1,
        `${['type', 'status', 'reason', 'message'].map((field) => textAt(one, field)).join('\t')}\n`,
      );
  }
}

function metricLine(metric: Json, current: Json | undefined): string {
  if (textAt(metric, 'type') !== 'Resource') return `<unknown metric type "${textAt(metric, 'type')}">\n`;
  const wanted = objectAt(metric, 'resource', 'target');
  const resource = textAt(metric, 'resource', 'name');
  const now = objectAt(current, 'resource', 'current');
  if (textAt(wanted, 'averageValue') !== '')
    return `resource ${resource} on pods:\t${textAt(now, 'averageValue') || '<unknown>'} / ${textAt(wanted, 'averageValue')}\n`;
  const share = at(now, 'averageUtilization');
  const shown = share === undefined ? '<unknown>' : `${String(share)}% (${textAt(now, 'averageValue')})`;
  const target = at(wanted, 'averageUtilization');
  return `resource ${resource} on pods  (as a percentage of request):\t${shown} / ${target === undefined ? '<auto>' : `${String(target)}%`}\n`;
}

/** An Ingress with the backends behind its paths. */
export function describeIngress(w: Writer, { object, context }: Described): void {
  const spec = objectAt(object, 'spec');
  w.line('Name', nameIn(object));
  writeLabels(w, 'Labels', mapAt(object, 'metadata', 'labels'));
  w.line('Namespace', namespaceIn(object));
  const addresses = listAt(object, 'status', 'loadBalancer', 'ingress').map(
    (one) => textAt(one, 'ip') || textAt(one, 'hostname'),
  );
  w.line('Address', addresses.join(','));
  w.line('Ingress Class', textAt(spec, 'ingressClassName') || '<none>');
  const fallback = at(spec, 'defaultBackend');
  w.line(
    'Default backend',
    fallback === undefined ? '<default>' : backendText(context, namespaceIn(object), fallback),
  );
  const tls = listAt(spec, 'tls');
  if (tls.length > 0) w.write(0, 'TLS:\n');
  for (const one of tls) {
    const secret = textAt(one, 'secretName');
    w.write(
      1,
      `${secret === '' ? 'SNI routes' : `${secret} terminates`} ${listAt(one, 'hosts').join(',')}\n`,
    );
  }
  w.write(0, 'Rules:\n  Host\tPath\tBackends\n  ----\t----\t--------\n');
  const rules = listAt(spec, 'rules').filter((rule) => at(rule, 'http') !== undefined);
  for (const rule of rules) {
    w.write(1, `${textAt(rule, 'host') || '*'}\t\n`);
    for (const path of listAt(rule, 'http', 'paths'))
      w.write(
        1,
        `  \t${textAt(path, 'path')} \t${backendText(context, namespaceIn(object), at(path, 'backend'))}\n`,
      );
  }
  if (rules.length === 0)
    w.write(
      1,
      `*\t*\t${fallback === undefined ? '<default>' : backendText(context, namespaceIn(object), fallback)}\n`,
    );
  writeAnnotations(w, 'Annotations', mapAt(object, 'metadata', 'annotations'));
}

function backendText(context: Context, namespace: string, backend: Json | undefined): string {
  const resource = objectAt(backend, 'resource');
  if (textAt(resource, 'kind') !== '')
    return `APIGroup: ${textAt(resource, 'apiGroup') || '<none>'}, Kind: ${textAt(resource, 'kind')}, Name: ${textAt(resource, 'name')}`;
  const service = objectAt(backend, 'service');
  const port = textAt(service, 'port', 'number') || textAt(service, 'port', 'name');
  return `${textAt(service, 'name')}:${port} (${endpointsOfPort(context, namespace, service)})`;
}

/** The addresses behind one port of a Service, or why there are none. */
function endpointsOfPort(context: Context, namespace: string, backend: JsonObject): string {
  const services = context.discovery.need('services');
  const serviceName = textAt(backend, 'name');
  let service: JsonObject;
  try {
    service = context.client.get(pathOf(services, namespace, serviceName));
  } catch (error) {
    if (error instanceof ApiError) return `<error: ${error.message}>`;
    throw error;
  }
  const wanted = listAt(service, 'spec', 'ports').find((port) =>
    textAt(backend, 'port', 'name') === ''
      ? numberAt(port, 'port') === numberAt(backend, 'port', 'number')
      : textAt(port, 'name') === textAt(backend, 'port', 'name'),
  );
  const slices = context.discovery.need('endpointslices.discovery.k8s.io');
  const query = { labelSelector: `kubernetes.io/service-name=${serviceName}` };
  const found = itemsOf(context.client.get(pathOf(slices, namespace), query), slices).flatMap((slice) =>
    listAt(slice, 'ports')
      .filter((port) => wanted !== undefined && textAt(port, 'name') === textAt(wanted, 'name'))
      .flatMap((port) =>
        listAt(slice, 'endpoints')
          .filter((endpoint) => at(endpoint, 'conditions', 'ready') !== false)
          .flatMap((endpoint) =>
            listAt(endpoint, 'addresses').map((one) => `${String(one)}:${numberAt(port, 'port')}`),
          ),
      ),
  );
  if (found.length === 0) return '';
  return found.length <= 3 ? found.join(',') : `${found.slice(0, 3).join(',')} + ${found.length - 3} more...`;
}

/** An IngressClass. */
export function describeIngressClass(w: Writer, { object }: Described): void {
  w.line('Name', nameIn(object));
  writeMarks(w, object);
  w.line('Controller', textAt(object, 'spec', 'controller'));
  const parameters = objectAt(object, 'spec', 'parameters');
  if (textAt(parameters, 'kind') !== '') {
    const group = textAt(parameters, 'apiGroup');
    w.write(0, 'Parameters:\n');
    if (group !== '') w.line('APIGroup', group, 1);
    w.line('Kind', textAt(parameters, 'kind'), 1);
    w.line('Name', textAt(parameters, 'name'), 1);
  }
}

/** A PriorityClass. */
export function describePriorityClass(w: Writer, { object }: Described): void {
  w.line('Name', nameIn(object));
  w.line('Value', numberAt(object, 'value'));
  w.line('GlobalDefault', at(object, 'globalDefault') === true);
  w.line('PreemptionPolicy', textAt(object, 'preemptionPolicy'));
  w.line('Description', textAt(object, 'description'));
  const annotations = Object.entries(mapAt(object, 'metadata', 'annotations'));
  w.write(0, `Annotations:\t${annotations.map(([key, value]) => `${key}=${value}`).join(',') || '<none>'}\n`);
}
