import { isJsonObject } from '../../base/json.ts';
import { parseCidr } from '../../net/cidr.ts';
import type { Schema } from './schema.ts';

/**
 * What an API server finds wrong. `field` is the path (`<nil>` for the choices of an object), `kind` the first words of
 * its text, `value` what it quotes (absent for required fields), `detail` the rest.
 */
export type FieldError = {
  readonly field: string;
  readonly kind:
    | 'Required value'
    | 'Invalid value'
    | 'Unsupported value'
    | 'Duplicate value'
    | 'Too long'
    | 'Too many'
    | 'Forbidden';
  readonly value?: unknown;
  /** The value in Go's notation, where older servers print that. */
  readonly goValue?: string;
  readonly detail: string;
};

/** The error's text as the API server prints it; a server of 1.32 quotes lists of a built-in kind in Go's notation. */
export function errorText(error: FieldError, release: '1.32' | '1.36' = '1.36'): string {
  if (error.kind === 'Required value')
    return `${error.field}: Required value${error.detail && `: ${error.detail}`}`;
  if (error.kind === 'Duplicate value')
    return `${error.field}: Duplicate value: ${JSON.stringify(error.value)}`;
  const quoted =
    release === '1.32' && error.goValue !== undefined ? error.goValue : JSON.stringify(error.value);
  const value = error.value === undefined ? '' : ` ${quoted}:`;
  return `${error.field}: ${error.kind}:${value} ${error.detail}`;
}

/** Several errors as one text: in brackets, repeated ones once. */
export function aggregateText(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map((error) => errorText(error)))];
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}

/**
 * Validates a value as the API server does for custom resources (kube-openapi's validators and their order): each asks
 * for its own, also where the type is wrong already.
 */
export function checkSchema(value: unknown, schema: Schema, path: string): FieldError[] {
  const errors = checkType(value, schema, path);
  if (isJsonObject(value)) errors.push(...checkChoices(value, schema, path));
  else if (value !== null) errors.push(...choicesOfNoObject(value, schema, path));
  if (typeof value === 'string') errors.push(...checkText(value, schema, path));
  else if (typeof value === 'number') errors.push(...checkNumber(value, schema, path));
  else if (Array.isArray(value)) errors.push(...checkList(value, schema, path));
  if (schema.enum && !schema.enum.some((item) => item === value))
    errors.push(unsupported(path, value, schema.enum));
  if (isJsonObject(value)) errors.push(...checkObject(value, schema, path));
  return errors;
}

/** What is no object has no members to choose from, so that every alternative is valid. */
function choicesOfNoObject(value: unknown, schema: Schema, path: string): FieldError[] {
  if (schema.isIntOrString) {
    const isEither = typeof value === 'string' || Number.isInteger(value);
    return isEither ? [] : [noneOfAny(path), ...checkSchema(value, { type: 'integer' }, path)];
  }
  return schema.oneOf ? [choice(`${oneOf(path)} Found ${schema.oneOf.length} valid alternatives`)] : [];
}

/** The name of a JSON value's type as validation texts have it. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function checkType(value: unknown, schema: Schema, path: string): FieldError[] {
  const actual = typeName(value);
  const types: readonly (string | undefined)[] = schema.isIntOrString ? ['integer', 'string'] : [schema.type];
  if (types[0] === undefined || types.includes(actual)) return [];
  const wrong = (wanted: string, is: string) => [
    invalid(path, is, `${path} in body must be of type ${wanted}: ${JSON.stringify(is)}`),
  ];
  // A format is compared with the format of the value's Go type.
  if (schema.format !== undefined && value !== null && actual !== 'string' && actual !== 'array')
    return wrong(schema.format, GO_FORMATS[actual] ?? '');
  return wrong(types.join(','), actual);
}

const GO_FORMATS: Readonly<Record<string, string>> = { integer: 'int64', number: 'float64' };

/** What is wrong with a value that is there. */
export function invalid(field: string, value: unknown, detail: string): FieldError {
  return { field, kind: 'Invalid value', value, detail };
}

function checkText(value: string, schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const length = [...value].length;
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    errors.push({ field: path, kind: 'Too long', detail: `may not be more than ${schema.maxLength} bytes` });
  } else if (schema.minLength !== undefined && length < schema.minLength) {
    errors.push(invalid(path, value, `${path} in body should be at least ${schema.minLength} chars long`));
  } else if (schema.pattern !== undefined && !matchesPattern(value, schema.pattern)) {
    errors.push(invalid(path, value, `${path} in body should match '${schema.pattern}'`));
  }
  if (schema.format === 'cidr' && !parseCidr(value)) {
    errors.push(invalid(path, value, `${path} in body must be of type cidr: ${JSON.stringify(value)}`));
  }
  return errors;
}

/** An enumeration's error. */
export function unsupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((item) => JSON.stringify(item)).join(', ');
  return { field, kind: 'Unsupported value', value, detail: `supported values: ${list}` };
}

const NAME_PATTERNS: readonly string[] = ['^([-a-zA-Z0-9_]+[.]?)+$', '^([-a-zA-Z0-9_*]+[.]?)+$'];
const PORT_PATTERN = '|([a-zA-Z0-9]-?)*[a-zA-Z](-?[a-zA-Z0-9])*$';

/** Schema patterns run on RE2 in the real server; the few that would backtrack here are decided by hand. */
function matchesPattern(value: string, pattern: string): boolean {
  if (NAME_PATTERNS.includes(pattern)) {
    const characters = pattern.includes('*') ? /^[-a-zA-Z0-9_*.]+$/ : /^[-a-zA-Z0-9_.]+$/;
    return characters.test(value) && !value.startsWith('.') && !value.includes('..');
  }
  if (pattern === '^\\PC*$') return !/\p{C}/u.test(value);
  if (pattern.endsWith(PORT_PATTERN)) {
    // The first branch is anchored at the start only, the second at the end only: that is how it stands in the CRD.
    if (/^[0-9]/.test(value)) return true;
    return /[a-zA-Z](?:-?[a-zA-Z0-9]){0,64}$/.test(value.slice(-64));
  }
  return new RegExp(pattern).test(value);
}

function checkNumber(value: number, schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const bits = schema.format === 'int32' ? 31 : 63;
  if (schema.type === 'integer' && (!Number.isInteger(value) || value >= 2 ** bits || value < -(2 ** bits))) {
    const size = schema.format === undefined ? '(default format)' : `with format ${schema.format}`;
    errors.push(choice(`Checked value must be of type integer ${size} in ${path}`));
  }
  if (schema.minimum !== undefined && value < schema.minimum) {
    errors.push(invalid(path, value, `${path} in body should be greater than or equal to ${schema.minimum}`));
  }
  if (schema.maximum !== undefined && value > schema.maximum) {
    errors.push(invalid(path, value, `${path} in body should be less than or equal to ${schema.maximum}`));
  }
  return errors;
}

function checkList(value: readonly unknown[], schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const items = schema.items;
  if (items)
    for (const [i, item] of value.entries()) errors.push(...checkSchema(item, items, `${path}[${i}]`));
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    errors.push(invalid(path, value.length, `${path} in body should have at least ${schema.minItems} items`));
  }
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    errors.push({
      field: path,
      kind: 'Too many',
      value: value.length,
      detail: atMost(schema.maxItems),
    });
  }
  return errors;
}

function checkObject(value: Readonly<Record<string, unknown>>, schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const count = Object.keys(value).length;
  if (schema.minProperties !== undefined && count < schema.minProperties) {
    errors.push(
      invalid(path, count, `${path} in body should have at least ${schema.minProperties} properties`),
    );
  }
  if (schema.maxProperties !== undefined && count > schema.maxProperties) {
    errors.push({
      field: path,
      kind: 'Too many',
      value: count,
      detail: atMost(schema.maxProperties),
    });
  }
  const at = (name: string) => (path === '' ? name : `${path}.${name}`);
  for (const [name, member] of Object.entries(value)) {
    const own =
      schema.properties && Object.hasOwn(schema.properties, name)
        ? schema.properties[name]
        : schema.additional;
    if (own) errors.push(...checkSchema(member, own, at(name)));
  }
  for (const name of schema.required ?? []) if (!Object.hasOwn(value, name)) errors.push(required(at(name)));
  return errors;
}

function atMost(count: number): string {
  return `must have at most ${count} item${count === 1 ? '' : 's'}`;
}

function required(field: string): FieldError {
  return { field, kind: 'Required value', detail: '' };
}

/** An error about the object as a whole. */
function choice(detail: string): FieldError {
  return { field: '<nil>', kind: 'Invalid value', value: '', detail };
}

function noneOfAny(path: string): FieldError {
  return choice(`"${path}" must validate at least one schema (anyOf)`);
}

function oneOf(path: string): string {
  return `"${path}" must validate one and only one schema (oneOf).`;
}

function checkChoices(value: Readonly<Record<string, unknown>>, schema: Schema, path: string): FieldError[] {
  const present = (names: readonly string[]) => names.filter((name) => Object.hasOwn(value, name)).length;
  const errors: FieldError[] = [];
  if (schema.isIntOrString) return [noneOfAny(path), ...checkSchema(value, { type: 'integer' }, path)];
  const [anyFirst, oneFirst] = [schema.anyOf?.[0], schema.oneOf?.[0]];
  if (schema.anyOf && anyFirst !== undefined && present(schema.anyOf) === 0)
    errors.push(noneOfAny(path), required(`${path}.${anyFirst}`));
  if (schema.oneOf && oneFirst !== undefined) {
    const valid = present(schema.oneOf);
    if (valid === 0) errors.push(choice(`${oneOf(path)} Found none valid`), required(`${path}.${oneFirst}`));
    if (valid > 1) errors.push(choice(`${oneOf(path)} Found ${valid} valid alternatives`));
  }
  return errors;
}

const METADATA_FIELDS: readonly string[] = [
  'name',
  'namespace',
  'labels',
  'annotations',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'ownerReferences',
  'finalizers',
  'generateName',
  'selfLink',
  'managedFields',
];

/** Paths of fields that the schema does not know, sorted: what strict decoding refuses and lenient decoding drops. */
export function unknownFields(object: unknown, schema: Schema): string[] {
  const found: string[] = [];
  collectUnknown(object, schema, '', found);
  if (isJsonObject(object) && isJsonObject(object['metadata'])) {
    for (const name of Object.keys(object['metadata'])) {
      if (!METADATA_FIELDS.includes(name)) found.push(`metadata.${name}`);
    }
  }
  return found.sort();
}

function collectUnknown(value: unknown, schema: Schema, path: string, found: string[]): void {
  if (path === 'metadata' || path === 'status') return;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) collectUnknown(item, schema.items ?? {}, `${path}[${i}]`, found);
    return;
  }
  if (!isJsonObject(value)) return;
  for (const [name, member] of Object.entries(value)) {
    const at = path === '' ? name : `${path}.${name}`;
    const own =
      schema.properties && Object.hasOwn(schema.properties, name)
        ? schema.properties[name]
        : schema.additional;
    if (own) collectUnknown(member, own, at, found);
    else found.push(at);
  }
}

/** The text of strict decoding, as kubectl shows it after `strict decoding error: `. */
export function strictText(unknown: readonly string[]): string {
  return `strict decoding error: ${unknown.map((path) => `unknown field ${JSON.stringify(path)}`).join(', ')}`;
}
