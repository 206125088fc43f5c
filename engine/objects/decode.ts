import type { FieldType, StructType, TypeRef } from './types.ts';
import { base64Fault } from '../base/bytes.ts';
import { isJsonObject } from '../base/json.ts';
import { parseQuantity, QUANTITY_FAULT } from './quantity.ts';
import { structNamed } from './types.ts';

/**
 * A value does not fit its Go type; the message is that of Go's JSON decoder. `converted` is what the conversion of an
 * already parsed object says instead, which is how strategic merge patches are read.
 */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly converted: string;

  constructor(message: string, converted = message) {
    super(message);
    this.converted = converted;
  }
}

/** A decoded object in Go's shape and field order, and what strict decoding has to say about it. */
export type Decoded = {
  readonly value: Record<string, unknown>;
  /** Paths of unknown fields in the order of the document, e.g. `spec.containers[0].img`. */
  readonly unknown: readonly string[];
};

type Place = { readonly struct: string; readonly path: readonly string[]; readonly shown: string };

/**
 * Reads an object as the API server decodes a built-in kind: unknown fields dropped and listed, absent values in the form
 * in which Go encodes them (`resources: {}`, `creationTimestamp: null`).
 * @throws DecodeError for the first value of a wrong type
 */
export function decodeStruct(object: unknown, struct: StructType): Decoded {
  const unknown: string[] = [];
  const type: TypeRef = { kind: 'struct', name: struct.name, go: struct.short };
  const value = decode(object, type, { struct: '', path: [], shown: '' }, unknown);
  return { value: value as Record<string, unknown>, unknown };
}

/** The object in Go's shape, without checks of unknown fields; for objects that the engine made itself. */
export function encodeStruct<T>(object: T, struct: StructType): T {
  return decodeStruct(object, struct).value as T;
}

function decode(value: unknown, type: TypeRef, place: Place, unknown: string[]): unknown {
  switch (type.kind) {
    case 'pointer':
      return value === null || value === undefined ? undefined : decode(value, type.to, place, unknown);
    case 'struct':
      return decodeFields(value, structNamed(type.name), type, place, unknown);
    case 'list':
      return decodeList(value, type, place, unknown);
    case 'map':
      return decodeMap(value, type, place, unknown);
    default:
      return decodeScalar(value, type, place);
  }
}

function decodeFields(
  value: unknown,
  struct: StructType,
  type: TypeRef,
  place: Place,
  unknown: string[],
): unknown {
  if (value !== null && value !== undefined && !isJsonObject(value)) throw mismatch(value, type, place);
  const object = isJsonObject(value) ? value : {};
  const members = new Map<string, unknown>();
  for (const json of Object.keys(object)) {
    const field = struct.byJson.get(json);
    const shown = place.shown === '' ? json : `${place.shown}.${json}`;
    if (field === undefined) {
      unknown.push(shown);
      continue;
    }
    const inner = { struct: struct.short, path: [...place.path, json], shown };
    members.set(json, decode(object[json], field.type, inner, unknown));
  }
  return encodeFields(struct, members);
}

// encoding/json leaves out empty values of `omitempty` fields, but never a struct.
function encodeFields(struct: StructType, members: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const encoded: Record<string, unknown> = {};
  for (const field of struct.fields) {
    if (field.isInline) {
      if (field.type.kind === 'struct')
        Object.assign(encoded, encodeFields(structNamed(field.type.name), members));
      continue;
    }
    const member = encodeMember(field, members.get(field.json));
    if (member !== undefined) encoded[field.json] = member;
  }
  return encoded;
}

function encodeMember(field: FieldType, value: unknown): unknown {
  const { type } = field;
  if (type.kind === 'struct') return value ?? encodeFields(structNamed(type.name), new Map());
  if (type.kind === 'scalar') {
    if (type.of === 'Time' || type.of === 'MicroTime') return value ?? null;
    if (type.of === 'Quantity') return value ?? '0';
    if (type.of === 'IntOrString') return value ?? 0;
    if (type.of === 'Duration') return value ?? '0s';
    if (type.of === 'Raw') return value ?? (field.isOmittedEmpty ? undefined : null);
    const isZero = value === undefined || value === '' || value === 0 || value === false;
    if (isZero && field.isOmittedEmpty) return undefined;
    return value ?? zeroOf(type.of);
  }
  if (value === undefined) return field.isOmittedEmpty ? undefined : null;
  if (!field.isOmittedEmpty || type.kind === 'pointer') return value;
  const size = Array.isArray(value) ? value.length : Object.keys(value as object).length;
  return size === 0 ? undefined : value;
}

function zeroOf(scalar: string): unknown {
  return scalar === 'string' ? '' : scalar === 'bool' ? false : 0;
}

function decodeList(
  value: unknown,
  type: TypeRef & { kind: 'list' },
  place: Place,
  unknown: string[],
): unknown {
  if (value === null || value === undefined) return undefined;
  if (type.of.kind === 'scalar' && type.of.of === 'byte') return decodeBytes(value, type, place);
  if (!Array.isArray(value)) throw mismatch(value, type, place);
  return value.map((item: unknown, i) => {
    const decoded = decode(item, type.of, { ...place, shown: `${place.shown}[${i}]` }, unknown);
    return decoded ?? emptyOf(type.of);
  });
}

function decodeBytes(value: unknown, type: TypeRef, place: Place): string {
  if (typeof value !== 'string') throw mismatch(value, type, place);
  const fault = base64Fault(value);
  if (fault !== undefined) throw new DecodeError(`illegal base64 data at input byte ${fault}`);
  return value;
}

function decodeMap(
  value: unknown,
  type: TypeRef & { kind: 'map' },
  place: Place,
  unknown: string[],
): unknown {
  if (value === null || value === undefined) return undefined;
  if (!isJsonObject(value)) throw mismatch(value, type, place);
  const entries: [string, unknown][] = [];
  // Go's maps encode with sorted keys.
  for (const key of Object.keys(value).sort()) {
    if (key === '__proto__') continue;
    const decoded = decode(value[key], type.of, { ...place, shown: `${place.shown}.${key}` }, unknown);
    entries.push([key, decoded ?? emptyOf(type.of)]);
  }
  return Object.fromEntries(entries);
}

function emptyOf(type: TypeRef): unknown {
  return type.kind === 'scalar'
    ? zeroOf(type.of)
    : type.kind === 'list' && type.of.kind === 'scalar' && type.of.of === 'byte'
      ? ''
      : null;
}

function decodeScalar(value: unknown, type: TypeRef & { kind: 'scalar' }, place: Place): unknown {
  if (value === null || value === undefined) return undefined;
  switch (type.of) {
    case 'string':
      if (typeof value !== 'string') throw mismatch(value, type, place);
      return value;
    case 'bool':
      if (typeof value !== 'boolean') throw mismatch(value, type, place);
      return value;
    case 'int32':
    case 'int64':
    case 'int':
    case 'byte':
      return decodeInteger(value, type, place);
    case 'float64':
      if (typeof value !== 'number') throw mismatch(value, type, place);
      return value;
    case 'Quantity':
      return decodeQuantity(value);
    case 'IntOrString':
      if (typeof value === 'string') return value;
      if (typeof value !== 'number')
        throw new DecodeError(`json: cannot unmarshal ${jsonWord(value)} into Go value of type int32`);
      return decodeInteger(value, { kind: 'scalar', of: 'int32', go: 'int32' }, place);
    case 'Time':
    case 'MicroTime':
      return decodeTime(value, type, place);
    default:
      return value;
  }
}

function decodeInteger(value: unknown, type: TypeRef & { kind: 'scalar' }, place: Place): number {
  if (typeof value !== 'number') throw mismatch(value, type, place);
  const isTooBig = type.of === 'int32' && Math.abs(value) > 2147483648;
  if (!Number.isInteger(value) || isTooBig) throw mismatch(value, type, place, `number ${value}`);
  return value;
}

function decodeQuantity(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string' || parseQuantity(value) === undefined) throw new DecodeError(QUANTITY_FAULT);
  return value;
}

function decodeTime(value: unknown, type: TypeRef, place: Place): string {
  if (typeof value !== 'string') throw mismatch(value, type, place);
  if (!Number.isNaN(Date.parse(value)) && /^\d{4}-\d\d-\d\dT/.test(value)) return value;
  throw new DecodeError(
    `parsing time "${value}" as "2006-01-02T15:04:05Z07:00": cannot parse "${value}" as "2006"`,
  );
}

function mismatch(value: unknown, type: TypeRef, place: Place, word = jsonWord(value)): DecodeError {
  const where =
    place.path.length === 0
      ? `Go value of type v1.${type.go}`
      : `Go struct field ${place.struct}.${place.path.join('.')} of type ${type.go}`;
  return new DecodeError(`json: cannot unmarshal ${word} into ${where}`, conversionFault(value, type));
}

function jsonWord(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

// runtime.DefaultUnstructuredConverter's words.
function conversionFault(value: unknown, type: TypeRef): string {
  const shown = Array.isArray(value) ? 'slice' : typeof value === 'object' ? 'map' : typeof value;
  if (type.kind === 'map') return `cannot restore map from ${goKind(value)}`;
  if (type.kind === 'list') return `cannot restore slice from ${goKind(value)}`;
  if (type.kind === 'struct') return `cannot restore struct from: ${goKind(value)}`;
  if (shown === 'string' || shown === 'map' || shown === 'slice') return `unrecognized type: ${type.go}`;
  return `cannot convert ${goKind(value)} to ${type.go}`;
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'slice';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'object' ? 'map' : typeof value === 'boolean' ? 'bool' : typeof value;
}
