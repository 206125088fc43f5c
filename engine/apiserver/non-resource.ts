import { BUILD } from '../objects/build.ts';
import type { JsonObject } from '../base/json.ts';
import type { KubeRequest, KubeResponse } from '../objects/api.ts';
import type { Served } from './discovery.ts';
import type { Server } from './server.ts';
import { aggregatedDiscovery, coreVersions, groupDocument, groupList, resourceList } from './discovery.ts';
import { openApiDocument, openApiIndex } from './openapi.ts';
import { KINDS } from '../objects/kinds.ts';
import { methodNotAllowed } from '../objects/status.ts';

const CHECKS = ['ping', 'log', 'etcd', 'etcd-readiness', 'informer-sync', 'shutdown'];

/** Answers paths that name no object: version, health, discovery, schemas. Undefined for all others. */
export function nonResource(
  server: Server,
  request: KubeRequest,
  parts: readonly string[],
): KubeResponse | undefined {
  const body = documentOf(server, request, parts);
  if (body === undefined) return undefined;
  if (request.method !== 'GET') throw methodNotAllowed();
  return typeof body === 'string'
    ? { kind: 'text', status: 200, text: body }
    : { kind: 'json', status: 200, body };
}

function documentOf(
  server: Server,
  request: KubeRequest,
  parts: readonly string[],
): JsonObject | string | undefined {
  const [first, second, third] = parts;
  const { isServed } = server;
  const isAggregated = (request.headers?.['accept'] ?? '').includes('as=APIGroupDiscoveryList');
  if (first === undefined) return { paths: rootPaths(isServed) };
  if (parts.length === 1) {
    if (first === 'version') return versionOf(server);
    if (['healthz', 'livez', 'readyz'].includes(first)) return health(request, first);
    if (first === 'api')
      return isAggregated ? aggregatedDiscovery(true, isServed) : coreVersions(server.facts.address);
    if (first === 'apis') return isAggregated ? aggregatedDiscovery(false, isServed) : groupList(isServed);
  }
  if (first === 'openapi' && second === 'v3')
    return third === undefined ? openApiIndex(isServed) : openApiDocument(parts.slice(2), isServed);
  if (first === 'api' && parts.length === 2 && second !== undefined)
    return resourceList('', second, isServed);
  if (first === 'apis' && parts.length === 2 && second !== undefined) return groupDocument(second, isServed);
  if (first === 'apis' && parts.length === 3 && second !== undefined && third !== undefined)
    return resourceList(second, third, isServed);
  return undefined;
}

function versionOf(server: Server): JsonObject {
  const { version } = server.facts;
  if (version === undefined) return BUILD;
  return { ...BUILD, minor: version.split('.')[1] ?? '32', gitVersion: version };
}

function health(request: KubeRequest, name: string): string {
  const isVerbose = request.query !== undefined && Object.hasOwn(request.query, 'verbose');
  return isVerbose ? `${CHECKS.map((check) => `[+]${check} ok\n`).join('')}${name} check passed\n` : 'ok';
}

function rootPaths(isServed: Served): readonly string[] {
  const paths = new Set(['/api', '/apis', '/healthz', '/livez', '/readyz', '/openapi/v3', '/version']);
  for (const kind of KINDS.filter(isServed)) {
    if (kind.group === '') paths.add(`/api/${kind.version}`);
    else {
      paths.add(`/apis/${kind.group}`);
      paths.add(`/apis/${kind.group}/${kind.version}`);
    }
  }
  return [...paths].sort();
}
