import type { Json, JsonObject } from '../../../base/json.ts';
import { itemsOf } from '../builder.ts';
import { at, listAt, mapAt, numberAt, objectAt, textAt } from '../client.ts';
import type { Context } from '../context.ts';
import { pathOf } from '../discovery.ts';
import { ApiError } from '../errors.ts';
import { rfc1123z } from '../text.ts';
import { selectorLine } from './netpol.ts';
import { writeTemplate } from './pod-template.ts';
import type { Described } from './workloads.ts';
import { Writer, writeAnnotations, writeEvents, writeHead, writeLabels, yes } from './writer.ts';

const name = (object: unknown): string => textAt(object, 'metadata', 'name');
const namespaceOf = (object: unknown): string => textAt(object, 'metadata', 'namespace');

/** A CronJob. */
export function describeCronJob({ object, events, context }: Described): string {
  const w = new Writer();
  const spec = objectAt(object, 'spec');
  const job = objectAt(spec, 'jobTemplate', 'spec');
  const number = (value: Json | undefined): string => (value === undefined ? '<unset>' : String(value));
  w.write(0, `Name:\t${name(object)}\nNamespace:\t${namespaceOf(object)}\n`);
  writeLabels(w, 'Labels', mapAt(object, 'metadata', 'labels'));
  writeAnnotations(w, 'Annotations', mapAt(object, 'metadata', 'annotations'));
  w.write(0, `Schedule:\t${textAt(spec, 'schedule')}\n`);
  if (textAt(spec, 'timeZone') !== '') w.write(0, `Time Zone:\t${textAt(spec, 'timeZone')}\n`);
  w.write(0, `Concurrency Policy:\t${textAt(spec, 'concurrencyPolicy')}\n`);
  w.write(0, `Suspend:\t${yes(at(spec, 'suspend') === true)}\n`);
  w.write(0, `Successful Job History Limit:\t${number(at(spec, 'successfulJobsHistoryLimit'))}\n`);
  w.write(0, `Failed Job History Limit:\t${number(at(spec, 'failedJobsHistoryLimit'))}\n`);
  const deadline = at(spec, 'startingDeadlineSeconds');
  w.write(0, `Starting Deadline Seconds:\t${deadline === undefined ? '<unset>' : `${String(deadline)}s`}\n`);
  const selector = at(job, 'selector');
  w.write(0, `Selector:\t${selector === undefined ? '<unset>' : selectorLine(objectAt(job, 'selector'))}\n`);
  w.write(
    0,
    `Parallelism:\t${number(at(job, 'parallelism'))}\nCompletions:\t${number(at(job, 'completions'))}\n`,
  );
  if (at(job, 'activeDeadlineSeconds') !== undefined)
    w.write(0, `Active Deadline Seconds:\t${numberAt(job, 'activeDeadlineSeconds')}s\n`);
  w.write(0, 'Pod Template:\n');
  writeTemplate(w, objectAt(job, 'template'));
  const last = textAt(object, 'status', 'lastScheduleTime');
  w.write(0, `Last Schedule Time:\t${last === '' ? '<unset>' : rfc1123z(last)}\n`);
  const active = listAt(object, 'status', 'active').map((one) => textAt(one, 'name'));
  w.write(0, `Active Jobs:\t${active.join(', ') || '<none>'}\n`);
  writeEvents(w, events, context.nowMs);
  return w.text();
}

/** A ResourceQuota: what is used of what. */
export function describeQuota({ object }: Described): string {
  const w = new Writer();
  w.write(0, `Name:\t${name(object)}\nNamespace:\t${namespaceOf(object)}\n`);
  const scopes = listAt(object, 'spec', 'scopes').map(String).sort();
  if (scopes.length > 0) {
    w.write(0, `Scopes:\t${scopes.join(', ')}\n`);
    for (const scope of scopes) w.write(0, ` * ${SCOPES.get(scope) ?? ''}\n`);
  }
  w.write(0, 'Resource\tUsed\tHard\n--------\t----\t----\n');
  const used = mapAt(object, 'status', 'used');
  for (const [resource, hard] of Object.entries(mapAt(object, 'status', 'hard')))
    w.write(0, `${resource}\t${Object.hasOwn(used, resource) ? used[resource] : '0'}\t${hard}\n`);
  return w.text();
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
export function describeLimits({ object }: Described): string {
  const w = new Writer();
  w.write(0, `Name:\t${name(object)}\nNamespace:\t${namespaceOf(object)}\n`);
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
  return w.text();
}

/** A StorageClass. */
export function describeStorageClass({ object, events, context }: Described): string {
  const w = new Writer();
  const annotations = mapAt(object, 'metadata', 'annotations');
  const isDefault = [
    'storageclass.kubernetes.io/is-default-class',
    'storageclass.beta.kubernetes.io/is-default-class',
  ].some((key) => annotations[key] === 'true');
  const list = (map: Readonly<Record<string, string>>): string =>
    Object.entries(map)
      .map(([key, value]) => `${key}=${value}`)
      .join(',') || '<none>';
  w.write(0, `Name:\t${name(object)}\nIsDefaultClass:\t${isDefault ? 'Yes' : 'No'}\n`);
  w.write(0, `Annotations:\t${list(annotations)}\nProvisioner:\t${textAt(object, 'provisioner')}\n`);
  w.write(0, `Parameters:\t${list(mapAt(object, 'parameters'))}\n`);
  const expands = at(object, 'allowVolumeExpansion');
  w.write(0, `AllowVolumeExpansion:\t${typeof expands === 'boolean' ? yes(expands) : '<unset>'}\n`);
  const options = listAt(object, 'mountOptions');
  if (options.length === 0) w.write(0, 'MountOptions:\t<none>\n');
  else {
    w.write(0, 'MountOptions:\n');
    for (const option of options) w.write(1, `${String(option)}\n`);
  }
  w.write(0, `ReclaimPolicy:\t${textAt(object, 'reclaimPolicy')}\n`);
  w.write(0, `VolumeBindingMode:\t${textAt(object, 'volumeBindingMode')}\n`);
  writeEvents(w, events, context.nowMs);
  return w.text();
}

/** A HorizontalPodAutoscaler (autoscaling/v2). */
export function describeAutoscaler({ object, events, context }: Described): string {
  const w = new Writer();
  const [spec, status] = [objectAt(object, 'spec'), objectAt(object, 'status')];
  writeHead(w, object);
  w.write(0, `CreationTimestamp:\t${rfc1123z(textAt(object, 'metadata', 'creationTimestamp'))}\n`);
  const target = objectAt(spec, 'scaleTargetRef');
  w.write(0, `Reference:\t${textAt(target, 'kind')}/${textAt(target, 'name')}\n`);
  w.write(0, 'Metrics:\t( current / target )\n');
  listAt(spec, 'metrics').forEach((metric, index) => {
    w.write(1, metricLine(metric, listAt(status, 'currentMetrics')[index]));
  });
  const min = at(spec, 'minReplicas');
  w.write(0, `Min replicas:\t${min === undefined ? '<unset>' : String(min)}\n`);
  w.write(0, `Max replicas:\t${numberAt(spec, 'maxReplicas')}\n`);
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
  writeEvents(w, events, context.nowMs);
  return w.text();
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
export function describeIngress({ object, events, context }: Described): string {
  const w = new Writer();
  const spec = objectAt(object, 'spec');
  w.write(0, `Name:\t${name(object)}\n`);
  writeLabels(w, 'Labels', mapAt(object, 'metadata', 'labels'));
  w.write(0, `Namespace:\t${namespaceOf(object)}\n`);
  const addresses = listAt(object, 'status', 'loadBalancer', 'ingress').map(
    (one) => textAt(one, 'ip') || textAt(one, 'hostname'),
  );
  w.write(
    0,
    `Address:\t${addresses.join(',')}\nIngress Class:\t${textAt(spec, 'ingressClassName') || '<none>'}\n`,
  );
  const fallback = at(spec, 'defaultBackend');
  w.write(
    0,
    `Default backend:\t${fallback === undefined ? '<default>' : backendText(context, namespaceOf(object), fallback)}\n`,
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
        `  \t${textAt(path, 'path')} \t${backendText(context, namespaceOf(object), at(path, 'backend'))}\n`,
      );
  }
  if (rules.length === 0)
    w.write(
      1,
      `*\t*\t${fallback === undefined ? '<default>' : backendText(context, namespaceOf(object), fallback)}\n`,
    );
  writeAnnotations(w, 'Annotations', mapAt(object, 'metadata', 'annotations'));
  writeEvents(w, events, context.nowMs);
  return w.text();
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
export function describeIngressClass({ object, events, context }: Described): string {
  const w = new Writer();
  w.write(0, `Name:\t${name(object)}\n`);
  writeLabels(w, 'Labels', mapAt(object, 'metadata', 'labels'));
  writeAnnotations(w, 'Annotations', mapAt(object, 'metadata', 'annotations'));
  w.write(0, `Controller:\t${textAt(object, 'spec', 'controller')}\n`);
  const parameters = objectAt(object, 'spec', 'parameters');
  if (textAt(parameters, 'kind') !== '') {
    const group = textAt(parameters, 'apiGroup');
    w.write(0, 'Parameters:\n');
    if (group !== '') w.write(1, `APIGroup:\t${group}\n`);
    w.write(1, `Kind:\t${textAt(parameters, 'kind')}\n`);
    w.write(1, `Name:\t${textAt(parameters, 'name')}\n`);
  }
  writeEvents(w, events, context.nowMs);
  return w.text();
}

/** A PriorityClass. */
export function describePriorityClass({ object, events, context }: Described): string {
  const w = new Writer();
  w.write(0, `Name:\t${name(object)}\nValue:\t${numberAt(object, 'value')}\n`);
  w.write(0, `GlobalDefault:\t${at(object, 'globalDefault') === true}\n`);
  w.write(0, `PreemptionPolicy:\t${textAt(object, 'preemptionPolicy')}\n`);
  w.write(0, `Description:\t${textAt(object, 'description')}\n`);
  const annotations = Object.entries(mapAt(object, 'metadata', 'annotations'));
  w.write(0, `Annotations:\t${annotations.map(([key, value]) => `${key}=${value}`).join(',') || '<none>'}\n`);
  writeEvents(w, events, context.nowMs);
  return w.text();
}
