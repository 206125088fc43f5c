import type { KubeResponse } from '../objects/api.ts';
import type { ObjectRequest } from './request.ts';
import type { Server } from './server.ts';
import { answer, createdObject, inNamespace, updatedObject } from './write.ts';
import { applyMergePatch, applyStrategicPatch } from './merge-patch.ts';
import { decodeObject, plainBody, settleUnknown } from './decode-body.ts';
import { badRequest, invalid, required } from '../objects/status.ts';
import { isJsonObject } from '../base/json.ts';
import { served } from './shape.ts';
import { structOfKind } from '../objects/types.ts';
import type { KubeObject } from '../objects/api.ts';

/** Server-side apply: creates the object or merges the applied fields into it, with the conflicts of other managers. */
export function applyServerSide(server: Server, request: ObjectRequest): KubeResponse {
  const { kind, name = '', namespace } = request;
  if (request.query.text('fieldManager') === '') {
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [required('fieldManager', 'is required for apply patch')]);
  }
  const body = plainBody(request);
  if (!isJsonObject(body)) throw badRequest('error decoding YAML: the patch is no object');
  const decoded = decodeObject(body, kind);
  settleUnknown(server, request, decoded.unknown, `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}`);
  const applied = { ...body, apiVersion: kind.apiVersion, kind: kind.kind } as unknown as KubeObject;
  const named = inNamespace(request, { ...applied, metadata: { ...applied.metadata, name: applied.metadata?.name ?? name } });
  const previous = server.store.get(kind.resource, namespace, name);
  if (previous === undefined) return answer(server, request, 201, createdObject(server, request, named));
  const struct = structOfKind(kind.apiVersion, kind.kind);
  const base = served(kind, previous);
  const merged = (struct === undefined ? applyMergePatch(base, named) : applyStrategicPatch(base, named, struct)) as KubeObject;
  return answer(server, request, 200, updatedObject(server, request, decodeObject(merged, kind).object));
}
