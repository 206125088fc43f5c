import { parse as parseYaml } from '../base/yaml.ts';
import type { Json } from '../base/json.ts';
import type { KubeObject } from '../objects/api.ts';
import type { KindInfo } from '../objects/kinds.ts';
import type { ObjectRequest } from './request.ts';
import type { Server } from './server.ts';
import { BODY_MAX } from './request.ts';
import { convertedAutoscaler } from './autoscalers.ts';
import { DecodeError, decodeStruct } from '../objects/decode.ts';
import { StatusError, badRequest, unsupportedMediaType } from '../objects/status.ts';
import { isJsonObject, thawed } from '../base/json.ts';
import { kindOfObject } from '../objects/kinds.ts';
import { policyFindings, pruned } from './policy-schema.ts';
import { structOfKind } from '../objects/types.ts';

const OBJECT_FORMATS = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** A decoded object of a request and the fields in it that nobody knows. */
export type DecodedBody = { readonly object: KubeObject; readonly unknown: readonly string[] };

/**
 * Reads the object that a request carries: format, kind, Go types and unknown fields, in the API server's order.
 * @throws StatusError 400, 413 or 415
 */
export function bodyObject(
  server: Server,
  request: ObjectRequest,
  expected: KindInfo = request.kind,
): KubeObject {
  if (request.contentType !== '' && !OBJECT_FORMATS.includes(request.contentType))
    throw unsupportedMediaType(OBJECT_FORMATS);
  const value = plainBody(request, expected);
  const decoded = decodeObject(value, expected);
  settleUnknown(server, request, decoded.unknown, (why) =>
    badRequest(`${describedKind(value, expected)}: ${why}`),
  );
  return decoded.object;
}

/** The body as a plain value; texts are parsed by the content type. @throws StatusError */
export function plainBody(request: ObjectRequest, expected: KindInfo = request.kind): Json {
  const { body } = request;
  if (typeof body === 'string') {
    if (body.length > BODY_MAX) throw tooLarge();
    return parseText(body, request.contentType, expected);
  }
  return (body === undefined ? {} : thawed(body)) as Json;
}

/** 413 for bodies beyond the limit. */
export function tooLarge(): StatusError {
  return new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${BODY_MAX}`);
}

function parseText(text: string, contentType: string, expected: KindInfo): Json {
  try {
    return thawed(
      contentType.includes('yaml')
        ? parseYaml(text, { maxAliasCount: 100, uniqueKeys: false })
        : JSON.parse(text),
    ) as Json;
  } catch {
    const shown = text.length > 1024 ? `${text.slice(0, 1024)}...` : text;
    const why = `couldn't get version/kind; json parse error: ${jsonFault(text)} (${shown})`;
    throw badRequest(`the object provided is unrecognized (must be of type ${expected.kind}): ${why}`);
  }
}

function jsonFault(text: string): string {
  const first = text.trim().charAt(0);
  const next = text.trim().slice(1).trimStart().charAt(0);
  if (first === '{' && next !== '' && next !== '"' && next !== '}')
    return `invalid character '${next}' looking for beginning of object key string`;
  if (first === '' || first === '{' || first === '[') return 'unexpected end of JSON input';
  return `invalid character '${first}' looking for beginning of value`;
}

/** Decodes an object of an expected kind. @throws StatusError BadRequest for wrong kinds and types */
export function decodeObject(value: unknown, expected: KindInfo): DecodedBody {
  if (!isJsonObject(value)) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expected.kind}): couldn't get version/kind; json parse error: ` +
        'json: cannot unmarshal into Go value of type struct',
    );
  }
  const kind = typeof value['kind'] === 'string' && value['kind'] !== '' ? value['kind'] : expected.kind;
  const apiVersion =
    typeof value['apiVersion'] === 'string' && value['apiVersion'] !== ''
      ? value['apiVersion']
      : expected.apiVersion;
  checkKind(kind, apiVersion, expected, value);
  const whole = { ...value, kind, apiVersion };
  const struct = structOfKind(apiVersion, kind);
  if (struct === undefined) return decodeCustom(whole, expected);
  try {
    const decoded = decodeStruct(whole, struct);
    const object = convertedAutoscaler(decoded.value as KubeObject, 'autoscaling/v2');
    return { object, unknown: decoded.unknown };
  } catch (error) {
    if (error instanceof DecodeError) throw badRequest(`${describedKind(value, expected)}: ${error.message}`);
    throw error;
  }
}

function checkKind(kind: string, apiVersion: string, expected: KindInfo, value: unknown): void {
  if (kind === expected.kind && apiVersion === expected.apiVersion) return;
  if (expected.isCustom || kindOfObject({ apiVersion, kind }) === undefined) {
    if (expected.isCustom && kind === expected.kind) {
      throw badRequest(
        `the API version in the data (${apiVersion}) does not match the expected API version (${expected.apiVersion})`,
      );
    }
    const why = `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:100"`;
    throw badRequest(`${describedKind(value, expected)}: ${why}`);
  }
  const from = `${apiVersion.slice(apiVersion.indexOf('/') + 1)}.${kind}`;
  const group = expected.group === '' ? 'core' : (expected.group.split('.')[0] ?? '');
  throw badRequest(
    `${describedKind(value, expected)}: converting (${from}) to (${group}.${expected.kind}): unknown conversion`,
  );
}

function describedKind(value: unknown, expected: KindInfo): string {
  const named = isJsonObject(value) && typeof value['kind'] === 'string' ? value['kind'] : expected.kind;
  const version =
    isJsonObject(value) && typeof value['apiVersion'] === 'string'
      ? value['apiVersion']
      : expected.apiVersion;
  return `${named} in version "${version.slice(version.indexOf('/') + 1)}" cannot be handled as a ${expected.kind}`;
}

function decodeCustom(value: Record<string, unknown>, expected: KindInfo): DecodedBody {
  const metadata = isJsonObject(value['metadata']) ? value['metadata'] : {};
  const object = { ...(withoutNulls(value) as Record<string, unknown>), metadata } as unknown as KubeObject;
  const { unknown } = expected.isCustom ? policyFindings(object) : { unknown: [] };
  return { object: pruned(object, unknown), unknown };
}

/** Members that are null go, since no field of these schemas is nullable (structural defaulting, PruneNonNullableNulls). */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([key, member]) => [key, withoutNulls(member)]),
  );
}

/** Refuses, warns about or passes over unknown fields, as `fieldValidation` says. Warn is the server's default. */
export function settleUnknown(
  server: Server,
  request: ObjectRequest,
  unknown: readonly string[],
  refuse: (why: string) => StatusError,
): void {
  const texts = unknown.map((path) => `unknown field "${path}"`);
  const mode = request.query.text('fieldValidation');
  if (mode === 'Strict' && texts.length > 0) throw refuse(`strict decoding error: ${texts.join(', ')}`);
  if (mode !== 'Ignore' && mode !== 'Strict') server.warnings.push(...texts);
}
