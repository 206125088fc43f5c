import type { JsonObject } from '../base/json.ts';
import type { KubeObject, KubeResponse } from '../objects/api.ts';
import type { Members } from '../objects/members.ts';
import type { ObjectRequest } from './request.ts';
import type { Propagation } from '../store/registry.ts';
import type { Server } from './server.ts';
import { IMMORTAL_NAMESPACES, isTerminating } from './server.ts';
import {
  StatusError,
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  invalid,
  notFound,
} from '../objects/status.ts';
import { allocateService } from '../store/service-addresses.ts';
import { bodyObject, plainBody } from './decode-body.ts';
import {
  commitUpdate,
  deleteObject,
  preparedStatus,
  preparedUpdate,
  prepareObject,
} from '../store/registry.ts';
import { isJsonObject, thawed } from '../base/json.ts';
import { knownKind } from '../objects/kinds.ts';
import { listPredicate } from './read.ts';
import { memberNumber, memberObject, memberText } from '../objects/members.ts';
import { policyFindings } from './policy-schema.ts';
import { shapeOf, shapedList, shapedObject } from './shape.ts';
import { tracked } from './managed-fields.ts';
import { validateNew, validateUpdate } from '../objects/validation.ts';
import { withDefaults } from '../objects/defaults.ts';

/** POST on a collection. */
export function create(server: Server, request: ObjectRequest): KubeResponse {
  const object = bodyObject(server, request);
  return answer(server, request, 201, createdObject(server, request, object));
}

/** Admits, validates and, unless it is a dry run, stores a new object. @throws StatusError */
export function createdObject(server: Server, request: ObjectRequest, object: KubeObject): KubeObject {
  const { kind } = request;
  const placed = inNamespace(request, object);
  admitNamespace(server, request, placed.metadata.name ?? '');
  checkServiceAccount(server, request, placed);
  const fresh = kind.hasStatus && !KEEPS_STATUS.has(kind.resource) ? withoutStatus(placed) : placed;
  const named =
    fresh.metadata.name === undefined ? { ...fresh, metadata: { ...fresh.metadata, name: '' } } : fresh;
  // Defaults first, so that faults are found before addresses are allocated.
  const whole = withDefaults(kind.resource, named);
  const causes = [...validateNew(kind, whole), ...policyFindings(whole).causes];
  const { name } = named.metadata;
  if (causes.length > 0) throw invalid(kind, name, causes);
  if (name && server.store.get(kind.resource, fresh.metadata.namespace, name) !== undefined)
    throw alreadyExists(kind, name);
  const prepared = tracked(
    server,
    request,
    undefined,
    prepareObject(server.sim, server.store, kind.resource, named),
  );
  return isDryRun(request) ? prepared : server.store.put(kind.resource, prepared);
}

const KEEPS_STATUS = new Set(['nodes', 'namespaces', 'persistentvolumes', 'persistentvolumeclaims']);

/** PUT on an object. */
export function update(server: Server, request: ObjectRequest): KubeResponse {
  const object = bodyObject(server, request);
  const { kind, name = '' } = request;
  const placed = inNamespace(request, object);
  if (!placed.metadata.name) throw invalidName(request, placed);
  if (placed.metadata.name !== name) {
    throw badRequest(
      `the name of the object (${placed.metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  if (kind.isCustom && !placed.metadata.resourceVersion) {
    const cause = {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: 0x0: must be specified for an update',
      field: 'metadata.resourceVersion',
    };
    throw invalid(kind, name, [cause]);
  }
  return answer(server, request, 200, updatedObject(server, request, placed));
}

/** Validates and, unless it is a dry run, stores the next state of an object or of its status. @throws StatusError */
export function updatedObject(server: Server, request: ObjectRequest, object: KubeObject): KubeObject {
  const { kind } = request;
  const { store } = server;
  const isStatus = request.subresource === 'status';
  const previous = store.get(kind.resource, request.namespace, object.metadata.name);
  if (previous === undefined) throw notFound(kind, object.metadata.name);
  // A balancer's address has a default in the status too.
  const isDefaulted = !isStatus || kind.resource === 'services';
  const asked = isDefaulted ? withDefaults(kind.resource, withSystem(object, previous)) : object;
  const prepared = isStatus
    ? preparedStatus(store, kind.resource, asked)
    : preparedUpdate(store, kind.resource, asked);
  const allocated = isStatus ? prepared : reallocated(server, kind.resource, prepared, previous);
  const causes = isStatus
    ? []
    : [...validateUpdate(kind, allocated, previous), ...policyFindings(allocated).causes];
  if (causes.length > 0) throw invalid(kind, object.metadata.name, causes);
  const next = tracked(server, request, previous, allocated);
  return isDryRun(request) ? next : commitUpdate(store, kind.resource, next);
}

// Defaults of existing objects look at the uid; a client may leave it out.
function withSystem(object: KubeObject, previous: KubeObject): KubeObject {
  const uid = object.metadata.uid ?? previous.metadata.uid;
  return uid === undefined ? object : { ...object, metadata: { ...object.metadata, uid } };
}

function reallocated(server: Server, resource: string, object: KubeObject, previous: KubeObject): KubeObject {
  if (resource !== 'services') return object;
  const copy = thawed(object) as Members;
  allocateService(server.sim, server.store, copy, thawed(previous) as Members);
  return copy as KubeObject;
}

/** DELETE on an object. */
export function remove(server: Server, request: ObjectRequest): KubeResponse {
  const { kind, name = '', namespace } = request;
  const { store } = server;
  const object = store.get(kind.resource, namespace, name);
  if (object === undefined) throw notFound(kind, name);
  if (kind.resource === 'namespaces' && IMMORTAL_NAMESPACES.has(name))
    throw forbidden(kind, name, 'this namespace may not be deleted');
  const options = deleteOptions(request);
  checkPreconditions(request, options.body, object);
  if (isDryRun(request)) return deletionAnswer(server, request, object, kind.resource !== 'pods');
  const result = deleteObject(server.sim, store, kind.resource, namespace, name, options);
  return deletionAnswer(server, request, result.object, result.isGone);
}

// Kinds whose deletion answers the object even when it is gone (ReturnDeletedObject of their stores).
const RETURN_DELETED = new Set([
  ...[
    'pods',
    'services',
    'serviceaccounts',
    'persistentvolumes',
    'persistentvolumeclaims',
    'podtemplates',
    'resourcequotas',
  ],
]);

function deletionAnswer(
  server: Server,
  request: ObjectRequest,
  object: KubeObject,
  isGone: boolean,
): KubeResponse {
  const { kind } = request;
  if (!isGone || RETURN_DELETED.has(kind.resource)) return answer(server, request, 200, object);
  const details = {
    name: object.metadata.name,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.plural,
    ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid }),
  };
  return {
    kind: 'json',
    status: 200,
    body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details },
  };
}

/** DELETE on a collection: everything that the selectors match. */
export function removeCollection(server: Server, request: ObjectRequest): KubeResponse {
  const { kind, namespace, query } = request;
  const matches = listPredicate(request);
  const options = deleteOptions(request);
  const removed = server.store
    .list(kind.resource, namespace)
    .filter((object) => matches(object))
    .map((object) => {
      if (isDryRun(request)) return object;
      return deleteObject(
        server.sim,
        server.store,
        kind.resource,
        object.metadata.namespace,
        object.metadata.name,
        options,
      ).object;
    });
  const metadata = { resourceVersion: String(server.store.revision) };
  const body = shapedList(kind, removed, metadata, shapeOf(request.accept), query, server.sim.clock.nowMs);
  return { kind: 'json', status: 200, body };
}

type DeleteRequest = {
  readonly body: JsonObject;
  readonly graceSeconds?: number;
  readonly propagation?: Propagation;
};

function deleteOptions(request: ObjectRequest): DeleteRequest {
  const plain =
    request.body === undefined || request.body === null || request.body === '' ? {} : plainBody(request);
  const body = isJsonObject(plain) ? plain : {};
  const grace = memberNumber(body, 'gracePeriodSeconds') ?? request.query.number('gracePeriodSeconds');
  const asked = memberText(body, 'propagationPolicy') || request.query.text('propagationPolicy');
  const isOrphan = body['orphanDependents'] === true;
  const propagation = asked === '' ? (isOrphan ? 'Orphan' : undefined) : asked;
  if (propagation !== undefined && !['Background', 'Foreground', 'Orphan'].includes(propagation)) {
    const supported = '"Background", "Foreground", "Orphan"';
    const message = `Unsupported value: "${propagation}": supported values: ${supported}`;
    throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
      { reason: 'FieldValueNotSupported', message, field: 'propagationPolicy' },
    ]);
  }
  return {
    body,
    ...(grace === undefined ? {} : { graceSeconds: grace }),
    ...(propagation === undefined ? {} : { propagation: propagation as Propagation }),
  };
}

function checkPreconditions(request: ObjectRequest, options: JsonObject, object: KubeObject): void {
  const wanted = memberObject(options, 'preconditions');
  const { kind, name } = { kind: request.kind, name: object.metadata.name };
  const uid = memberText(wanted, 'uid');
  const version = memberText(wanted, 'resourceVersion');
  const fail = (what: string, asked: string, found: string | undefined) => {
    const why = `the ${what} in the precondition (${asked}) does not match the ${what} in record (${found ?? ''}). The object might have been ${what === 'UID' ? 'deleted and then recreated' : 'modified'}`;
    const message = `Operation cannot be fulfilled on ${kind.kind}${kind.group === '' ? '' : `.${kind.group}`} "${name}": ${why}`;
    return new StatusError(409, 'Conflict', message, {
      name,
      ...(kind.group === '' ? {} : { group: kind.group }),
      kind: kind.kind,
    });
  };
  if (uid !== '' && uid !== object.metadata.uid) throw fail('UID', uid, object.metadata.uid);
  if (version !== '' && version !== object.metadata.resourceVersion)
    throw fail('ResourceVersion', version, object.metadata.resourceVersion);
}

/** True for requests that only show what they would do. @throws StatusError Invalid for values other than All */
export function isDryRun(request: ObjectRequest): boolean {
  const inBody =
    isJsonObject(request.body) && request.method === 'DELETE' ? request.body['dryRun'] : undefined;
  const values =
    Array.isArray(inBody) && inBody.length > 0 ? inBody.map(String) : request.query.all('dryRun');
  if (values.length === 0 || values[0] === '') return false;
  if (values.every((value) => value === 'All')) return true;
  const message = `Unsupported value: ${JSON.stringify(values)}: supported values: "All"`;
  throw invalid({ group: 'meta.k8s.io', kind: 'CreateOptions' }, '', [
    { reason: 'FieldValueNotSupported', message, field: 'dryRun' },
  ]);
}

/** One object as a response, with the warnings so far. */
export function answer(
  server: Server,
  request: ObjectRequest,
  status: number,
  object: KubeObject,
): KubeResponse {
  const body = shapedObject(
    request.kind,
    object,
    shapeOf(request.accept),
    request.query,
    server.sim.clock.nowMs,
  );
  return {
    kind: 'json',
    status,
    body,
    ...(server.warnings.length > 0 ? { warnings: [...server.warnings] } : {}),
  };
}

/** The object with the namespace of the path. @throws StatusError BadRequest when it names another one */
export function inNamespace(request: ObjectRequest, object: KubeObject): KubeObject {
  const { namespace } = object.metadata;
  if (!request.kind.isNamespaced) {
    if (namespace === undefined || namespace === '') return object;
    const { namespace: _, ...metadata } = object.metadata;
    return { ...object, metadata };
  }
  if (request.namespace === undefined) throw badRequest('an empty namespace may not be set during creation');
  if (namespace !== undefined && namespace !== '' && namespace !== request.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  return { ...object, metadata: { ...object.metadata, namespace: request.namespace } };
}

// The NamespaceLifecycle admission plug-in.
function admitNamespace(server: Server, request: ObjectRequest, name: string): void {
  const { kind, namespace } = request;
  if (!kind.isNamespaced || namespace === undefined) return;
  const found = server.store.get('namespaces', undefined, namespace);
  if (found === undefined) throw notFound(knownKind('namespaces'), namespace);
  if (!isTerminating(found)) return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const refused = forbidden(kind, name, why);
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  };
  throw new StatusError(403, 'Forbidden', refused.message, { ...refused.details, causes: [cause] });
}

// The ServiceAccount admission plug-in. The account `default` may still be on its way.
function checkServiceAccount(server: Server, request: ObjectRequest, pod: KubeObject): void {
  if (request.kind.resource !== 'pods') return;
  const account = memberText(memberObject(pod, 'spec'), 'serviceAccountName');
  if (account === '' || account === 'default') return;
  if (server.store.get('serviceaccounts', request.namespace, account) !== undefined) return;
  const name = pod.metadata.name || pod.metadata.generateName || '';
  const why = `error looking up service account ${request.namespace}/${account}: serviceaccount "${account}" not found`;
  throw forbidden(request.kind, name, why);
}

function withoutStatus(object: KubeObject): KubeObject {
  const { status: _, ...rest } = object;
  return rest as KubeObject;
}

function invalidName(request: ObjectRequest, object: KubeObject): StatusError {
  return object.metadata.resourceVersion === 'never'
    ? conflict(request.kind, '')
    : invalid(request.kind, '', [
        {
          reason: 'FieldValueRequired',
          message: 'Required value: name or generateName is required',
          field: 'metadata.name',
        },
      ]);
}
