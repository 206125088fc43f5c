import type { FieldError } from '../objects/cilium/schema-check.ts';
import type { KubeObject } from '../objects/api.ts';
import type { StatusCause } from '../objects/status.ts';
import { checkPolicySchema, policyKindOf, serverPolicyErrors } from '../objects/cilium/policy-check.ts';
import { errorText } from '../objects/cilium/schema-check.ts';
import { isJsonObject, thawed } from '../base/json.ts';

/** What the schema of a policy kind says about an object. */
export type PolicyFindings = {
  /** Paths of fields that the schema does not know. */
  readonly unknown: readonly string[];
  readonly causes: readonly StatusCause[];
};

const REASONS: Readonly<Record<FieldError['kind'], string>> = {
  'Required value': 'FieldValueRequired',
  'Invalid value': 'FieldValueInvalid',
  'Unsupported value': 'FieldValueNotSupported',
  'Too long': 'FieldValueTooLong',
  'Too many': 'FieldValueTooMany',
  'Duplicate value': 'FieldValueDuplicate',
  Forbidden: 'FieldValueForbidden',
};

/** Checks an object of a kind that carries policy; nothing is found for other kinds. */
export function policyFindings(object: KubeObject): PolicyFindings {
  if (policyKindOf(object.kind, object.apiVersion) === undefined) return { unknown: [], causes: [] };
  return { unknown: checkPolicySchema(object).unknown, causes: serverPolicyErrors(object).map(causeOf) };
}

function causeOf(error: FieldError): StatusCause {
  const text = isList(error) ? listText(error) : errorText(error);
  return { reason: REASONS[error.kind], message: text.slice(error.field.length + 2), field: error.field };
}

// The only list that a fault quotes is a NetworkPolicy's policyTypes.
function isList(error: FieldError): boolean {
  return Array.isArray(error.value);
}

function listText(error: FieldError): string {
  const items = (error.value as readonly unknown[]).map((item) => JSON.stringify(item)).join(', ');
  return `${error.field}: ${error.kind}: []networking.PolicyType{${items}}: ${error.detail}`;
}

/** A copy of a custom resource without the fields at these paths, as the API server prunes it. */
export function pruned(object: KubeObject, unknown: readonly string[]): KubeObject {
  if (unknown.length === 0) return object;
  const copy = thawed(object);
  for (const path of unknown)
    removeAt(
      copy,
      path.split(/\.|\[(\d+)\]/).filter((part) => part !== undefined && part !== ''),
    );
  return copy;
}

function removeAt(root: unknown, path: readonly string[]): void {
  let value: unknown = root;
  for (const part of path.slice(0, -1)) {
    if (Array.isArray(value)) value = value[Number(part)];
    else value = isJsonObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  }
  const last = path.at(-1);
  if (last !== undefined && isJsonObject(value)) delete (value as Record<string, unknown>)[last];
}
