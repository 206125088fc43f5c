import type { KindInfo } from '../objects/kinds.ts';
import type { Kubelet, KubeHandler, KubeRequest, KubeResponse } from '../objects/api.ts';
import type { ObjectRequest, UserFacts } from './request.ts';
import type { Served } from './discovery.ts';
import type { Server, ServerFacts } from './server.ts';
import type { Simulation } from '../base/simulation.ts';
import type { Store } from '../store/store.ts';
import { ADMIN, authorize, refusalOf } from './authorizer.ts';
import { InvariantError } from '../base/assert.ts';
import { LIMITS } from '../base/limits.ts';
import { QueryReader, pathParts } from './request.ts';
import { StatusError, forbidden, methodNotAllowed, unknownResource } from '../objects/status.ts';
import { create, remove, removeCollection, update } from './write.ts';
import { get, list } from './read.ts';
import { groupDocument, hasVersion } from './discovery.ts';
import { kindOfPath } from '../objects/kinds.ts';
import { nonResource } from './non-resource.ts';
import { patch } from './patch.ts';
import { review } from './reviews.ts';
import { subresource } from './subresources.ts';
import { tooLarge } from './decode-body.ts';
import { BODY_MAX } from './request.ts';

/** What the API server stands on. */
export type HandlerOptions = {
  readonly sim: Simulation;
  readonly store: Store;
  readonly kubelet: Kubelet;
  readonly worldFacts: ServerFacts;
};

/**
 * The API server of Kubernetes v1.32 as one synchronous function. Reads change nothing. Every failure of a request is a
 * Status; anything else that is thrown is a bug of ours and passes.
 */
export function createHandler(options: HandlerOptions): KubeHandler {
  return (request) => {
    const server: Server = {
      sim: options.sim,
      store: options.store,
      kubelet: options.kubelet,
      facts: options.worldFacts,
      isServed: options.worldFacts.isServed ?? everything,
      warnings: [],
    };
    try {
      return respond(server, request);
    } catch (error) {
      if (error instanceof StatusError) return { kind: 'json', status: error.code, body: error.toStatus() };
      throw error;
    }
  };
}

const everything = (): boolean => true;

const PAGE_NOT_FOUND: KubeResponse = { kind: 'text', status: 404, text: '404 page not found\n' };

function respond(server: Server, request: KubeRequest): KubeResponse {
  checkSize(request);
  const parts = pathParts(request.path);
  if (parts === undefined || request.path.length > LIMITS.inputCharactersMax) return PAGE_NOT_FOUND;
  const answered = nonResource(server, request, parts);
  if (answered !== undefined) return answered;
  const place = placeOf(parts, server.isServed);
  if (place === undefined) return PAGE_NOT_FOUND;
  if (place === 'unknown') throw unknownResource();
  const asked = objectRequest(request, place);
  admit(server, asked);
  return dispatch(server, asked);
}

function checkSize(request: KubeRequest): void {
  const { body } = request;
  if (body === undefined || body === null) return;
  if (typeof body === 'string' ? body.length > BODY_MAX : sizeOf(body) > BODY_MAX) throw tooLarge();
}

// A lower bound of the body's length as JSON, without writing it out.
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 1;
  let size = 2;
  for (const key of Object.keys(value)) {
    size += (Array.isArray(value) ? 1 : key.length + 4) + sizeOf((value as Record<string, unknown>)[key]);
    if (size > BODY_MAX) return size;
  }
  return size;
}

type Place = {
  readonly kind: KindInfo;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
};

// /api/v1/… and /apis/GROUP/VERSION/…, with or without namespaces/NS in front of the plural.
function placeOf(parts: readonly string[], isServed: Served): Place | 'unknown' | undefined {
  const isCore = parts[0] === 'api';
  if (!isCore && parts[0] !== 'apis') return undefined;
  const [group, version] = isCore ? ['', parts[1] ?? ''] : [parts[1] ?? '', parts[2] ?? ''];
  if (!hasVersion(group, version, isServed))
    return groupDocument(group, isServed) === undefined || !isCore ? undefined : 'unknown';
  const rest = parts.slice(isCore ? 2 : 3);
  const isInNamespace =
    rest[0] === 'namespaces' && rest.length >= 3 && !['status', 'finalize'].includes(rest[2] ?? '');
  const [plural = '', name, sub, extra] = isInNamespace ? rest.slice(2) : rest;
  const kind = kindOfPath(group, version, plural);
  if (
    kind === undefined ||
    !isServed(kind) ||
    extra !== undefined ||
    kind.isNamespaced !== (isInNamespace || !isNamespacedPath(kind, name))
  )
    return 'unknown';
  if (sub !== undefined && !kind.subresources.some((one) => one.name === sub)) return 'unknown';
  return { kind, namespace: isInNamespace ? rest[1] : undefined, name, subresource: sub };
}

// A namespaced collection may be read over all namespaces; a single object of it may not.
function isNamespacedPath(kind: KindInfo, name: string | undefined): boolean {
  return !(kind.isNamespaced && name === undefined);
}

function objectRequest(request: KubeRequest, place: Place): ObjectRequest {
  const headers = request.headers ?? {};
  const header = (name: string) => (Object.hasOwn(headers, name) ? (headers[name] ?? '') : '');
  return {
    ...place,
    method: request.method,
    query: new QueryReader(request.query),
    accept: header('accept'),
    contentType: (header('content-type').split(';')[0] ?? '').trim(),
    userAgent: header('user-agent'),
    user: userOf(header('impersonate-user'), header('impersonate-group')),
    body: request.body,
  };
}

function userOf(name: string, groups: string): UserFacts {
  if (name === '') return ADMIN;
  const asked = groups === '' ? [] : groups.split(',').map((group) => group.trim());
  const account = /^system:serviceaccount:([^:]+):[^:]+$/.exec(name);
  const own = account === null ? [] : ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`];
  const isAnonymous = name === 'system:anonymous';
  return {
    name,
    groups: [...asked, ...own, isAnonymous ? 'system:unauthenticated' : 'system:authenticated'],
  };
}

/** The verb of a request as RBAC and discovery name it. */
function verbOf(request: ObjectRequest): string {
  switch (request.method) {
    case 'GET':
      if (request.name === undefined) return request.query.isTrue('watch') ? 'watch' : 'list';
      return 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    default:
      return request.name === undefined ? 'deletecollection' : 'delete';
  }
}

function admit(server: Server, request: ObjectRequest): void {
  const { kind, name = '', namespace = '', subresource: sub = '', user } = request;
  const wanted = {
    verb: verbOf(request),
    group: kind.group,
    resource: kind.plural,
    subresource: sub,
    name,
    namespace,
  };
  if (!authorize(server.store, user, wanted).isAllowed) throw forbidden(kind, name, refusalOf(user, wanted));
}

function dispatch(server: Server, request: ObjectRequest): KubeResponse {
  const { kind, method, name } = request;
  const verb = verbOf(request);
  if (request.subresource !== undefined) {
    const verbs = kind.subresources.find((one) => one.name === request.subresource)?.verbs ?? [];
    if (!verbs.includes(verb)) throw methodNotAllowed();
    return subresource(server, request);
  }
  if (!kind.verbs.includes(verb) || (method === 'POST' && name !== undefined)) throw methodNotAllowed();
  if (kind.verbs.length === 1 && verb === 'create') return review(server, request);
  switch (method) {
    case 'GET':
      return name === undefined || request.query.isTrue('watch')
        ? list(server, request)
        : get(server, request);
    case 'POST':
      return create(server, request);
    case 'PUT':
      if (name === undefined) throw methodNotAllowed();
      return update(server, request);
    case 'PATCH':
      if (name === undefined) throw methodNotAllowed();
      return patch(server, request);
    case 'DELETE':
      return name === undefined ? removeCollection(server, request) : remove(server, request);
    default:
      throw new InvariantError('a method of the API');
  }
}
