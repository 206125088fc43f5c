import { BASE64 } from '../base/bytes.ts';
import type { JsonObject } from '../base/json.ts';
import type { KubeObject, KubeResponse } from '../objects/api.ts';
import type { Members } from '../objects/members.ts';
import type { ObjectRequest } from './request.ts';
import type { Server } from './server.ts';
import {
  StatusError,
  badRequest,
  duplicateValue,
  invalid,
  invalidValue,
  methodNotAllowed,
  notFound,
  unknownResource,
} from '../objects/status.ts';
import { answer, isDryRun, update, updatedObject } from './write.ts';
import { applyMergePatch } from '../base/json.ts';
import { commitUpdate, deleteObject, preparedUpdate, updateObject, updateStatus } from '../store/registry.ts';
import { get } from './read.ts';
import { isJsonObject } from '../base/json.ts';
import { labelPredicate } from './selectors.ts';
import { memberList, memberNumber, memberObject, memberOf, memberText } from '../objects/members.ts';
import { patch } from './patch.ts';
import { plainBody } from './decode-body.ts';
import { shapeOf } from './shape.ts';
import { ageOf } from '../objects/time.ts';
import { selectorText } from '../objects/selector-text.ts';
import { timestamp } from '../objects/time.ts';
import { tracked } from './managed-fields.ts';

/** A request on a subresource that the kind has. */
export function subresource(server: Server, request: ObjectRequest): KubeResponse {
  switch (request.subresource) {
    case 'status':
      return status(server, request);
    case 'scale':
      return scale(server, request);
    case 'log':
      return log(server, request);
    case 'exec':
    case 'attach':
      return execute(server, request);
    case 'portforward':
      return {
        kind: 'port-forward',
        status: 101,
        portForward: server.kubelet.portForward(hostedPod(server, request)),
      };
    case 'binding':
      return bind(server, request);
    case 'eviction':
      return evict(server, request);
    case 'token':
      return token(server, request);
    case 'finalize':
      return finalize(server, request);
    case 'ephemeralcontainers':
      return ephemeral(server, request);
    default:
      throw unknownResource();
  }
}

function status(server: Server, request: ObjectRequest): KubeResponse {
  if (request.method === 'GET') return get(server, request);
  if (request.method === 'PUT') return update(server, request);
  if (request.method === 'PATCH') return patch(server, request);
  throw methodNotAllowed();
}

function targetOf(server: Server, request: ObjectRequest): KubeObject {
  const { kind, namespace, name = '' } = request;
  const object = server.store.get(kind.resource, namespace, name);
  if (object === undefined) throw notFound(kind, name);
  return object;
}

function scaleOf(object: KubeObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const spec = memberObject(object, 'spec');
  const selector = memberObject(spec, 'selector');
  const isPlain = object.kind === 'ReplicationController';
  const text = isPlain ? selectorText({ matchLabels: selector }) : selectorText(selector);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { ...(memberNumber(spec, 'replicas') ? { replicas: memberNumber(spec, 'replicas') } : {}) },
    status: {
      replicas: memberNumber(memberObject(object, 'status'), 'replicas') ?? 0,
      ...(text === '<none>' ? {} : { selector: text }),
    },
  };
}

/** A Scale as a Table (printersinternal's columns of Scale). */
function scaleTable(object: KubeObject, server: Server): JsonObject {
  const body = scaleOf(object);
  const column = (name: string, type: string, format = '') => ({
    name,
    type,
    format,
    description: '',
    priority: 0,
  });
  const cells = [
    object.metadata.name,
    memberNumber(memberObject(body, 'spec'), 'replicas') ?? 0,
    memberNumber(memberObject(body, 'status'), 'replicas') ?? 0,
    ageOf(object.metadata.creationTimestamp, server.sim.clock.nowMs),
  ];
  const metadata = { resourceVersion: object.metadata.resourceVersion ?? '' };
  const shown = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: body['metadata'] };
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: [
      column('Name', 'string', 'name'),
      column('Desired', 'integer'),
      column('Available', 'integer'),
      column('Age', 'string'),
    ],
    rows: [{ cells, object: shown as JsonObject }],
  };
}

function scale(server: Server, request: ObjectRequest): KubeResponse {
  const object = targetOf(server, request);
  if (request.method === 'GET') {
    const isTable = shapeOf(request.accept) === 'table';
    return { kind: 'json', status: 200, body: isTable ? scaleTable(object, server) : scaleOf(object) };
  }
  const body = plainBody(request);
  const asked = request.method === 'PATCH' ? applyMergePatch(scaleOf(object), body) : body;
  const replicas = memberOf(memberObject(asked, 'spec'), 'replicas') ?? 0;
  if (typeof replicas !== 'number')
    throw badRequest(
      'Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal string into Go struct field ScaleSpec.spec.replicas of type int32',
    );
  if (replicas < 0) {
    const cause = invalidValue('spec.replicas', String(replicas), 'must be greater than or equal to 0');
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, object.metadata.name, [cause]);
  }
  const version = memberText(memberObject(asked, 'metadata'), 'resourceVersion');
  const next = {
    ...object,
    metadata: { ...object.metadata, ...(version === '' ? {} : { resourceVersion: version }) },
    spec: { ...memberObject(object, 'spec'), replicas },
  };
  const { resource } = request.kind;
  const prepared = tracked(server, request, object, preparedUpdate(server.store, resource, next));
  const stored = isDryRun(request) ? prepared : commitUpdate(server.store, resource, prepared);
  return { kind: 'json', status: 200, body: scaleOf(stored) };
}

function log(server: Server, request: ObjectRequest): KubeResponse {
  const pod = targetOf(server, request);
  const container = containerOf(pod, request.query.text('container'));
  const tail = request.query.number('tailLines');
  const since = request.query.number('sinceSeconds');
  const logs = server.kubelet.logs(pod, container, {
    follow: request.query.isTrue('follow'),
    previous: request.query.isTrue('previous'),
    timestamps: request.query.isTrue('timestamps'),
    ...(tail === undefined ? {} : { tailLines: tail }),
    ...(since === undefined ? {} : { sinceSeconds: since }),
  });
  return { kind: 'logs', status: 200, logs };
}

function hostedPod(server: Server, request: ObjectRequest): KubeObject {
  const pod = targetOf(server, request);
  if (memberText(memberObject(pod, 'spec'), 'nodeName') === '')
    throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  return pod;
}

function execute(server: Server, request: ObjectRequest): KubeResponse {
  const pod = targetOf(server, request);
  const container = containerOf(pod, request.query.text('container'));
  hostedPod(server, request);
  const options = { tty: request.query.isTrue('tty'), stdin: request.query.isTrue('stdin') };
  const command = request.query.all('command');
  const exec =
    request.subresource === 'exec'
      ? server.kubelet.exec(pod, container, { ...options, command })
      : server.kubelet.attach(pod, container, options);
  return { kind: 'exec', status: 101, exec };
}

// pkg/registry/core/pod/strategy.go, validateContainer.
function containerOf(pod: KubeObject, asked: string): string {
  const spec = memberObject(pod, 'spec');
  const names = (list: string) => memberList(spec, list).map((one) => memberText(one, 'name'));
  const containers = names('containers');
  const inits = names('initContainers');
  if (asked === '') {
    const [only] = containers;
    if (containers.length === 1 && only !== undefined) return only;
    const extra = inits.length > 0 ? ` or one of the init containers: [${inits.join(' ')}]` : '';
    throw badRequest(
      `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${containers.join(' ')}]${extra}`,
    );
  }
  if (![...containers, ...inits, ...names('ephemeralContainers')].includes(asked)) {
    throw badRequest(`container ${asked} is not valid for pod ${pod.metadata.name}`);
  }
  return asked;
}

const SUCCESS: JsonObject = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

function bind(server: Server, request: ObjectRequest): KubeResponse {
  const pod = targetOf(server, request);
  const node = memberText(memberObject(plainBody(request), 'target'), 'name');
  const assigned = memberText(memberObject(pod, 'spec'), 'nodeName');
  if (assigned !== '') {
    const why = `pod ${pod.metadata.name} is already assigned to node "${assigned}"`;
    throw new StatusError(
      409,
      'Conflict',
      `Operation cannot be fulfilled on pods/binding "${pod.metadata.name}": ${why}`,
      {
        name: pod.metadata.name,
        kind: 'pods/binding',
      },
    );
  }
  if (!isDryRun(request)) bindPod(server, pod, node);
  return { kind: 'json', status: 201, body: SUCCESS };
}

function bindPod(server: Server, pod: KubeObject, node: string): void {
  const bound = updateObject(server.store, 'pods', {
    ...pod,
    spec: { ...memberObject(pod, 'spec'), nodeName: node },
  });
  const before = memberObject(bound, 'status') ?? {};
  const scheduled = {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: timestamp(server.sim.clock.nowMs),
  };
  const others = memberList(before, 'conditions').filter((one) => one['type'] !== 'PodScheduled');
  updateStatus(server.store, 'pods', { ...bound, status: { ...before, conditions: [...others, scheduled] } });
}

function evict(server: Server, request: ObjectRequest): KubeResponse {
  const pod = targetOf(server, request);
  const budget = server.store
    .list('poddisruptionbudgets.policy', request.namespace)
    .find((one) => guards(one, pod));
  if (
    budget !== undefined &&
    (memberNumber(memberObject(budget, 'status'), 'disruptionsAllowed') ?? 0) <= 0
  ) {
    const state = memberObject(budget, 'status');
    const cause = {
      reason: 'DisruptionBudget',
      message: `The disruption budget ${budget.metadata.name} needs ${memberNumber(state, 'desiredHealthy') ?? 0} healthy pods and has ${memberNumber(state, 'currentHealthy') ?? 0} currently`,
    };
    throw new StatusError(
      429,
      'TooManyRequests',
      "Cannot evict pod as it would violate the pod's disruption budget.",
      { causes: [cause] },
    );
  }
  const options = memberObject(plainBody(request), 'deleteOptions');
  const graceSeconds = memberNumber(options, 'gracePeriodSeconds');
  const dryRun = memberOf(options, 'dryRun');
  if (!isDryRun(request) && !(Array.isArray(dryRun) && dryRun.length > 0)) {
    if (budget !== undefined) takeDisruption(server, budget);
    deleteObject(
      server.sim,
      server.store,
      'pods',
      request.namespace,
      pod.metadata.name,
      graceSeconds === undefined ? {} : { graceSeconds },
    );
  }
  return { kind: 'json', status: 201, body: SUCCESS };
}

// The next eviction finds one disruption less, before the controller counts again (eviction.go, checkAndDecrement).
function takeDisruption(server: Server, budget: KubeObject): void {
  const status = memberObject(budget, 'status');
  const disruptionsAllowed = (memberNumber(status, 'disruptionsAllowed') ?? 0) - 1;
  updateStatus(server.store, 'poddisruptionbudgets.policy', {
    ...budget,
    status: { ...status, disruptionsAllowed },
  });
}

function guards(budget: KubeObject, pod: KubeObject): boolean {
  const text = selectorText(memberObject(memberObject(budget, 'spec'), 'selector'));
  return labelPredicate(text === '<none>' ? '' : text)(pod);
}

function token(server: Server, request: ObjectRequest): KubeResponse {
  const account = targetOf(server, request);
  const body = plainBody(request);
  const spec = memberObject(body, 'spec');
  const seconds = memberNumber(spec, 'expirationSeconds') ?? 3600;
  const refuse = (why: string) =>
    invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
      invalidValue('spec.expirationSeconds', String(seconds), why),
    ]);
  if (seconds < 600) throw refuse('may not specify a duration less than 10 minutes');
  if (seconds > 2 ** 32) throw refuse('may not specify a duration larger than 2^32 seconds');
  const { nowMs } = server.sim.clock;
  const { name, namespace } = account.metadata;
  const asked = memberOf(spec, 'audiences');
  const audiences =
    Array.isArray(asked) && asked.length > 0 ? asked : ['https://kubernetes.default.svc.cluster.local'];
  const secret = server.sim.random.text('token', `${BASE64.slice(0, 62)}-_`, 86);
  const object = {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: timestamp(nowMs) },
    spec: { audiences, expirationSeconds: seconds, boundObjectRef: memberOf(spec, 'boundObjectRef') ?? null },
    status: {
      token: `eyJhbGciOiJSUzI1NiJ9.e30.${secret}`,
      expirationTimestamp: timestamp(nowMs + seconds * 1000),
    },
  };
  return { kind: 'json', status: 201, body: object as JsonObject };
}

function finalize(server: Server, request: ObjectRequest): KubeResponse {
  const namespace = targetOf(server, request);
  const body = plainBody(request);
  const finalizers = memberOf(memberObject(body, 'spec'), 'finalizers');
  const list = Array.isArray(finalizers) ? finalizers : [];
  const spec = list.length > 0 ? { finalizers: list } : {};
  const stored = commitUpdate(server.store, 'namespaces', { ...namespace, spec });
  return answer(server, request, 200, stored);
}

// The list may only grow; the kubelet starts what is new in it.
function ephemeral(server: Server, request: ObjectRequest): KubeResponse {
  if (request.method === 'GET') return get(server, request);
  const pod = targetOf(server, request);
  const body = plainBody(request);
  const asked = memberList(memberObject(body, 'spec'), 'ephemeralContainers');
  const before = memberList(memberObject(pod, 'spec'), 'ephemeralContainers');
  const known = new Set(before.map((one) => one['name']));
  const added: Members[] = asked.filter((one) => !known.has(one['name']));
  checkEphemeral(pod, added, before.length);
  const spec = { ...memberObject(pod, 'spec'), ephemeralContainers: [...before, ...added] };
  const next = isJsonObject(spec) ? { ...pod, spec } : pod;
  return answer(server, request, 200, updatedObject(server, request, next));
}

// pkg/apis/core/validation, validateEphemeralContainers.
function checkEphemeral(pod: KubeObject, added: readonly Members[], from: number): void {
  const spec = memberObject(pod, 'spec');
  const others = ['containers', 'initContainers'].flatMap((list) => memberList(spec, list));
  const taken = others.map((one) => one['name']);
  const causes = added.flatMap((one, i) => {
    const at = `spec.ephemeralContainers[${from + i}]`;
    const target = memberText(one, 'targetContainerName');
    return [
      ...(taken.includes(one['name']) ? [duplicateValue(`${at}.name`, JSON.stringify(one['name']))] : []),
      ...(target === '' || taken.includes(target)
        ? []
        : [
            {
              reason: 'FieldValueNotFound',
              message: `Not found: ${JSON.stringify(target)}`,
              field: `${at}.targetContainerName`,
            },
          ]),
    ];
  });
  if (causes.length > 0) throw invalid({ group: '', kind: 'Pod' }, pod.metadata.name, causes);
}
