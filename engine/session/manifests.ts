import type { Document } from 'yaml';
import { parseAllDocuments } from '../base/yaml.ts';
import { type Json, isJsonObject } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import type { KubeHandler } from '../objects/api.ts';
import { kindOfObject } from '../objects/kinds.ts';

/** Creates (or replaces) the objects of a manifest through the API, as an administrator would have done before the learner came. */
export function applyManifests(handle: KubeHandler, text: string): void {
  for (const document of parseAllDocuments(text) as Document[]) {
    const object = document.toJS({ maxAliasCount: LIMITS.yamlAliasesMax }) as Json;
    if (isJsonObject(object)) applyObject(handle, object);
  }
}

function applyObject(handle: KubeHandler, object: { readonly [key: string]: Json | undefined }): void {
  const kind = kindOfObject({ apiVersion: String(object['apiVersion']), kind: String(object['kind']) });
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  if (kind === undefined) return;
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope = kind.isNamespaced ? `/namespaces/${String(metadata['namespace'] ?? 'default')}` : '';
  const collection = `${root}${scope}/${kind.plural}`;
  const created = handle({ method: 'POST', path: collection, body: object });
  if (created.status !== 409) return;
  const path = `${collection}/${String(metadata['name'])}`;
  const present = handle({ method: 'GET', path });
  if (present.kind !== 'json' || !isJsonObject(present.body['metadata'])) return;
  const { resourceVersion } = present.body['metadata'];
  handle({ method: 'PUT', path, body: { ...object, metadata: { ...metadata, resourceVersion } } });
}
