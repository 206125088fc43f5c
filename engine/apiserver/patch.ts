import type { KubeObject, KubeResponse } from '../objects/api.ts';
import type { ObjectRequest } from './request.ts';
import type { Server } from './server.ts';
import { DecodeError, decodeStruct } from '../objects/decode.ts';
import { PatchError, applyJsonPatch } from '../objects/json-patch.ts';
import { memberOf } from '../objects/members.ts';
import {
  StatusError,
  badRequest,
  invalid,
  invalidValue,
  notFound,
  unsupportedMediaType,
} from '../objects/status.ts';
import { answer, inNamespace, updatedObject } from './write.ts';
import { applyStrategicPatch } from '../objects/merge-patch.ts';
import { goMap } from '../objects/go-syntax.ts';
import { applyServerSide } from './apply.ts';
import { decodeObject, plainBody, settleUnknown } from './decode-body.ts';
import { applyMergePatch, isJsonObject } from '../base/json.ts';
import { served } from './shape.ts';
import { structOfKind } from '../objects/types.ts';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';
const APPLY_PATCH = 'application/apply-patch+yaml';

/** PATCH on an object or its status. */
export function patch(server: Server, request: ObjectRequest): KubeResponse {
  checkFormat(request);
  if (request.contentType === APPLY_PATCH) return applyServerSide(server, request);
  const { kind, name = '', namespace } = request;
  const previous = server.store.get(kind.resource, namespace, name);
  if (previous === undefined) throw notFound(kind, name);
  const patched = patchedObject(server, request, served(kind, previous));
  if (patched.metadata.name !== name) {
    throw badRequest(
      `the name of the object (${patched.metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  return answer(server, request, 200, updatedObject(server, request, inNamespace(request, patched)));
}

function checkFormat(request: ObjectRequest): void {
  const accepted = [
    JSON_PATCH,
    MERGE_PATCH,
    ...(request.kind.isCustom ? [] : [STRATEGIC_PATCH]),
    APPLY_PATCH,
  ];
  if (!accepted.includes(request.contentType)) throw unsupportedMediaType(accepted);
}

/** Applies the patch of a request to an object and decodes the result. @throws StatusError */
export function patchedObject(server: Server, request: ObjectRequest, previous: KubeObject): KubeObject {
  const body = plainBody(request);
  const { contentType } = request;
  if (contentType === JSON_PATCH) {
    if (!Array.isArray(body))
      throw badRequest(
        'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
      );
    return decodePatched(server, request, jsonPatched(previous, body), JSON.stringify(body), false);
  }
  if (!isJsonObject(body))
    throw badRequest(
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    );
  const struct = structOfKind(request.kind.apiVersion, request.kind.kind);
  if (contentType === STRATEGIC_PATCH && struct !== undefined) {
    return decodePatched(
      server,
      request,
      applyStrategicPatch(previous, body, struct),
      goMap(spentPatch(body, previous)),
      true,
    );
  }
  return decodePatched(server, request, applyMergePatch(previous, body), JSON.stringify(body), false);
}

/**
 * What is left of a strategic patch once it was applied: lists with an order were used up, and so were nulls for what was
 * not there (strategicpatch mergePatchIntoOriginal, discardNullValuesFromPatch).
 */
function spentPatch(value: unknown, live: unknown): unknown {
  if (!isJsonObject(value)) return value;
  const kept = Object.keys(value).filter(
    (key) =>
      !key.startsWith('$setElementOrder/') &&
      value[`$setElementOrder/${key}`] === undefined &&
      (value[key] !== null || memberOf(live, key) !== undefined),
  );
  return Object.fromEntries(kept.map((key) => [key, spentPatch(value[key], memberOf(live, key))]));
}

function jsonPatched(previous: KubeObject, body: readonly unknown[]): unknown {
  try {
    return applyJsonPatch(previous, body);
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    throw new StatusError(
      422,
      'Invalid',
      'the server rejected our request due to an error in our request',
      {},
    );
  }
}

// A built-in kind's faults name the patch; a custom resource is decoded as if it had been sent whole.
function decodePatched(
  server: Server,
  request: ObjectRequest,
  value: unknown,
  shown: string,
  isConverted: boolean,
): KubeObject {
  const { kind } = request;
  const struct = structOfKind(kind.apiVersion, kind.kind);
  const refuse = (why: string) =>
    invalid({ group: '', kind: '' }, '', [invalidValue('patch', goQuoted(shown), why)]);
  if (struct === undefined) {
    const decoded = decodeObject(value, kind);
    settleUnknown(server, request, decoded.unknown, refuse);
    return decoded.object;
  }
  try {
    const decoded = decodeStruct(value, struct);
    settleUnknown(server, request, decoded.unknown, refuse);
    // What an object is cannot be patched: Go's decoder drops it on the way to the internal type.
    const { apiVersion, kind: name } = kind;
    return { ...(decoded.value as KubeObject), apiVersion, kind: name };
  } catch (error) {
    if (error instanceof DecodeError) throw refuse(isConverted ? error.converted : error.message);
    throw error;
  }
}

function goQuoted(text: string): string {
  return JSON.stringify(text);
}
