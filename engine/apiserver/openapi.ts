import type { JsonObject } from '../base/json.ts';
import { KINDS } from '../objects/kinds.ts';
import { hashText } from '../base/hash.ts';

/** `/openapi/v3`: where the schema of each group and version is. */
export function openApiIndex(): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const path of groupPaths())
    paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hashText(path)}` };
  return { paths };
}

/** The document of one group and version, or undefined. It says which parameters its paths take, no schemas. */
export function openApiDocument(parts: readonly string[]): JsonObject | undefined {
  const path = parts.join('/');
  if (!groupPaths().includes(path)) return undefined;
  const paths: Record<string, JsonObject> = {};
  for (const kind of KINDS) {
    const prefix = kind.group === '' ? `api/${kind.version}` : `apis/${kind.group}/${kind.version}`;
    if (prefix !== path) continue;
    const collection = `/${prefix}/${kind.isNamespaced ? 'namespaces/{namespace}/' : ''}${kind.plural}`;
    const about = {
      'x-kubernetes-group-version-kind': { group: kind.group, version: kind.version, kind: kind.kind },
    };
    const parameters = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
      name,
      in: 'query',
      schema: { type: 'string', uniqueItems: true },
    }));
    paths[collection] = { post: { ...about, 'x-kubernetes-action': 'post', parameters } };
    paths[`${collection}/{name}`] = {
      put: { ...about, 'x-kubernetes-action': 'put', parameters },
      patch: { ...about, 'x-kubernetes-action': 'patch', parameters },
    };
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.32.13' },
    paths,
    components: { schemas: {} },
  };
}

function groupPaths(): readonly string[] {
  return [
    ...new Set(
      KINDS.map((kind) => (kind.group === '' ? `api/${kind.version}` : `apis/${kind.group}/${kind.version}`)),
    ),
  ];
}
