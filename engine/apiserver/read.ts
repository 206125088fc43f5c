import type { KubeObject, KubeResponse } from '../objects/api.ts';
import type { JsonObject } from '../base/json.ts';
import type { ObjectRequest } from './request.ts';
import type { Predicate } from './selectors.ts';
import type { Server } from './server.ts';
import { StoreWatch } from './watch.ts';
import { badRequest, expired, notFound } from '../objects/status.ts';
import { fieldPredicate, labelPredicate } from './selectors.ts';
import { isJsonObject } from '../base/json.ts';
import { shapeOf, shapedList, shapedObject } from './shape.ts';
import { fromBase64, toBase64, utf8 } from '../base/bytes.ts';

/** GET on an object. */
export function get(server: Server, request: ObjectRequest): KubeResponse {
  const { kind, namespace, name = '', query } = request;
  warnOfAge(server, kind);
  const object = server.store.get(kind.resource, namespace, name);
  if (object === undefined) throw notFound(kind, name);
  const body = shapedObject(kind, object, shapeOf(request.accept), query, server.sim.clock.nowMs);
  return { kind: 'json', status: 200, body, warnings: server.warnings };
}

function warnOfAge(server: Server, kind: ObjectRequest['kind']): void {
  if (kind.resource === 'componentstatuses')
    server.warnings.push('v1 ComponentStatus is deprecated in v1.19+');
}

/** The selectors of a list, watch or collection request as one predicate. @throws StatusError BadRequest */
export function listPredicate(request: ObjectRequest): Predicate {
  const labels = labelPredicate(request.query.text('labelSelector'));
  const fields = fieldPredicate(request.kind, request.query.text('fieldSelector'));
  const { name } = request;
  return (object) =>
    labels(object) && fields(object) && (name === undefined || object.metadata.name === name);
}

/** GET on a collection: a list, or a watch when the query says so. */
export function list(server: Server, request: ObjectRequest): KubeResponse {
  const shape = shapeOf(request.accept);
  warnOfAge(server, request.kind);
  const matches = listPredicate(request);
  if (request.query.isTrue('watch')) {
    return {
      kind: 'watch',
      status: 200,
      watch: new StoreWatch(server.store, server.sim.clock, request, matches, shape),
    };
  }
  const { kind, namespace, query } = request;
  const found = server.store.list(kind.resource, namespace).filter((object) => matches(object));
  const page = pageOf(found, request, server.store.revision);
  const body = shapedList(kind, page.items, page.metadata, shape, query, server.sim.clock.nowMs);
  return { kind: 'json', status: 200, body, warnings: server.warnings };
}

type Page = { readonly items: readonly KubeObject[]; readonly metadata: JsonObject };

function pageOf(found: readonly KubeObject[], request: ObjectRequest, revision: number): Page {
  const limit = request.query.number('limit') ?? 0;
  const token = request.query.text('continue');
  const start = token === '' ? undefined : continueKey(token);
  const rest = start === undefined ? found : found.filter((object) => keyOf(object) > start.key);
  const resourceVersion = String(start?.revision ?? revision);
  const last = limit > 0 && rest.length > limit ? rest[limit - 1] : undefined;
  if (last === undefined) return { items: rest, metadata: { resourceVersion } };
  // With selectors the real server does not know how many remain.
  const isExact = request.query.text('labelSelector') === '' && request.query.text('fieldSelector') === '';
  const metadata = {
    resourceVersion,
    continue: continueToken(Number(resourceVersion), keyOf(last)),
    ...(isExact ? { remainingItemCount: rest.length - limit } : {}),
  };
  return { items: rest.slice(0, limit), metadata };
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

function continueToken(revision: number, key: string): string {
  const text = JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: `${key}\u0000` });
  return toBase64(utf8(text)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function continueKey(token: string): { readonly key: string; readonly revision: number } {
  const text = decodeToken(token);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    const first = text.charAt(0);
    const why =
      first === ''
        ? 'unexpected end of JSON input'
        : `invalid character '${first}' looking for beginning of value`;
    throw badRequest(`invalid continue token: continue key is not valid: ${why}`);
  }
  if (!isJsonObject(parsed) || typeof parsed['start'] !== 'string' || typeof parsed['rv'] !== 'number') {
    throw expired('The provided continue parameter is too old to display a consistent list result.');
  }
  return { key: parsed['start'].replace(/\u0000$/, ''), revision: parsed['rv'] };
}

// Names are ASCII, so bytes are characters.
function decodeToken(token: string): string {
  const at = token.search(/[^\w-]/);
  if (at >= 0)
    throw badRequest(
      `invalid continue token: continue key is not valid: illegal base64 data at input byte ${at}`,
    );
  return String.fromCharCode(...fromBase64(token.replaceAll('-', '+').replaceAll('_', '/')));
}
