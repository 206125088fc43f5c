import type { JsonObject } from '../base/json.ts';
import type { KindInfo } from './kinds.ts';

/** One fault of an object, as `details.causes` of a Status has it. */
export type StatusCause = { readonly reason: string; readonly message: string; readonly field?: string };

/** `details` of a Status. */
export type StatusDetails = {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
};

/** A failure with the code, reason and words that the API server answers; it becomes a `Status` at the handler's one catch. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  /** The `Status` object of the answer. */
  toStatus(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details as JsonObject }),
      code: this.code,
    };
  }
}

/** The part of a kind that error texts name: resource and group. */
export type Named = Pick<KindInfo, 'group' | 'plural' | 'kind'>;

function detailsOf(kind: Named, name: string, word: string): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: word,
  };
}

function qualified(kind: Named): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
}

/** 404 for an object: `pods "x" not found`. */
export function notFound(kind: Named, name: string): StatusError {
  return new StatusError(
    404,
    'NotFound',
    `${qualified(kind)} "${name}" not found`,
    detailsOf(kind, name, kind.plural),
  );
}

/** 404 for a path whose group and version exist. */
export function unknownResource(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** 409 when a name is taken. */
export function alreadyExists(kind: Named, name: string): StatusError {
  return new StatusError(
    409,
    'AlreadyExists',
    `${qualified(kind)} "${name}" already exists`,
    detailsOf(kind, name, kind.plural),
  );
}

/** 409 when an update was based on an older version. */
export function conflict(kind: Named, name: string, why: string = MODIFIED): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(kind)} "${name}": ${why}`;
  return new StatusError(409, 'Conflict', message, detailsOf(kind, name, kind.plural));
}

const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

/** 422 with the faults of an object; several are listed in brackets, duplicates once. */
export function invalid(
  kind: Pick<KindInfo, 'group' | 'kind'>,
  name: string,
  causes: readonly StatusCause[],
): StatusError {
  const whole = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  const texts = [...new Set(causes.map((cause) => `${cause.field ?? ''}: ${cause.message}`))];
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return new StatusError(422, 'Invalid', `${whole} "${name}" is invalid: ${list}`, {
    ...(name === '' ? {} : { name }),
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.kind,
    causes,
  });
}

/** 400 for a request that cannot be read. */
export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
}

/** 403. `name` is empty for a collection. */
export function forbidden(kind: Named, name: string, why: string): StatusError {
  const subject = name === '' ? qualified(kind) : `${qualified(kind)} "${name}"`;
  return new StatusError(
    403,
    'Forbidden',
    `${subject} is forbidden: ${why}`,
    detailsOf(kind, name, kind.plural),
  );
}

/** 405 for a verb that a resource does not have. */
export function methodNotAllowed(): StatusError {
  const message = 'the server does not allow this method on the requested resource';
  return new StatusError(405, 'MethodNotAllowed', message, {});
}

/** 415 for a body in another format than the accepted ones. */
export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return new StatusError(415, 'UnsupportedMediaType', message);
}

/** 406 when none of the accepted forms can be given. */
export function notAcceptable(): StatusError {
  const forms = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';
  return new StatusError(
    406,
    'NotAcceptable',
    `406: Not Acceptable\n\nAvailable representations: ${forms}`,
    {},
  );
}

/** 410 for a watch or list from a revision that is no longer kept. */
export function expired(message: string): StatusError {
  return new StatusError(410, 'Expired', message);
}

/** A cause `Required value`. */
export function required(field: string, detail = ''): StatusCause {
  return {
    reason: 'FieldValueRequired',
    message: detail === '' ? 'Required value' : `Required value: ${detail}`,
    field,
  };
}

/** A cause `Invalid value`. `shown` is the value as Go prints it (see go-values.ts). */
export function invalidValue(field: string, shown: string, detail: string): StatusCause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${shown}: ${detail}`, field };
}

/** A cause `Unsupported value` with the supported ones in quotes. */
export function unsupportedValue(field: string, shown: string, supported: readonly string[]): StatusCause {
  const list = supported.map((value) => JSON.stringify(value)).join(', ');
  return {
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${shown}: supported values: ${list}`,
    field,
  };
}

/** A cause `Duplicate value`. */
export function duplicateValue(field: string, shown: string): StatusCause {
  return { reason: 'FieldValueDuplicate', message: `Duplicate value: ${shown}`, field };
}

/** A cause `Forbidden`. */
export function forbiddenValue(field: string, detail: string): StatusCause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${detail}`, field };
}

/** A cause `Not found`. */
export function missingValue(field: string, shown: string): StatusCause {
  return { reason: 'FieldValueNotFound', message: `Not found: ${shown}`, field };
}

/** A cause `Too long`. */
export function tooLong(field: string, maximum: number): StatusCause {
  return { reason: 'FieldValueTooLong', message: `Too long: may not be more than ${maximum} bytes`, field };
}
