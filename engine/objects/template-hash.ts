import type { TypeRef } from './types.ts';
import { fnv32a } from '../base/hash.ts';
import { isJsonObject } from '../base/json.ts';
import { parseQuantity } from './quantity.ts';
import { structNamed } from './types.ts';
import { utf8 } from '../base/bytes.ts';

const ALPHANUMS = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * The `pod-template-hash` of a defaulted pod template: FNV-1a of the Go value as Kubernetes dumps it
 * (pkg/controller/controller_utils.go, ComputeHash), in the alphabet of generated names.
 */
export function podTemplateHash(template: unknown): string {
  return safeEncode(
    String(
      fnv32a(
        utf8(dumpTyped(template, { kind: 'struct', name: 'PodTemplateSpec', go: 'v1.PodTemplateSpec' })),
      ),
    ),
  );
}

/** Replaces each character by one of the alphabet without vowels (apimachinery's rand.SafeEncodeString). */
export function safeEncode(text: string): string {
  let encoded = '';
  for (let i = 0; i < text.length; i++) encoded += ALPHANUMS[text.charCodeAt(i) % ALPHANUMS.length] ?? '';
  return encoded;
}

// A value with its type in front, as go-spew prints it for %#v.
function dumpTyped(value: unknown, type: TypeRef): string {
  if (type.kind === 'pointer') {
    return value === undefined || value === null
      ? `(${type.go})<nil>`
      : `(${type.go})${dump(value, type.to)}`;
  }
  return `(${type.go})${dump(value, type)}`;
}

function dump(value: unknown, type: TypeRef): string {
  switch (type.kind) {
    case 'pointer':
      return value === undefined || value === null ? '<nil>' : `<*>${dump(value, type.to)}`;
    case 'struct': {
      const object = isJsonObject(value) ? value : {};
      const parts = structNamed(type.name).fields.map((field) => {
        const member = field.isInline
          ? object
          : Object.hasOwn(object, field.json)
            ? object[field.json]
            : undefined;
        return `${field.go}:${dumpTyped(member, field.type)}`;
      });
      return `{${parts.join(' ')}}`;
    }
    case 'list':
      return Array.isArray(value) ? `[${value.map((item) => dump(item, type.of)).join(' ')}]` : '<nil>';
    case 'map': {
      if (!isJsonObject(value)) return '<nil>';
      const keys = Object.keys(value).sort();
      return `map[${keys.map((key) => `${key}:${dump(value[key], type.of)}`).join(' ')}]`;
    }
    default:
      return dumpScalar(value, type.of);
  }
}

function dumpScalar(value: unknown, scalar: string): string {
  switch (scalar) {
    case 'string':
      return typeof value === 'string' ? value : '';
    case 'bool':
      return value === true ? 'true' : 'false';
    case 'Time':
      return '{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}';
    case 'IntOrString': {
      const isText = typeof value === 'string';
      return `{Type:(intstr.Type)${isText ? 1 : 0} IntVal:(int32)${isText ? 0 : (value ?? 0)} StrVal:(string)${isText ? value : ''}}`;
    }
    case 'Quantity':
      return dumpQuantity(value);
    default:
      return String(value ?? 0);
  }
}

function dumpQuantity(value: unknown): string {
  const quantity = parseQuantity(String(value ?? '0'));
  const amount = quantity === undefined ? { value: 0, scale: 0, format: 'DecimalSI' } : quantity;
  const inner = `{value:(int64)${amount.value} scale:(resource.Scale)${amount.scale}}`;
  return `{i:(resource.int64Amount)${inner} d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)${quantityText(value)} Format:(resource.Format)${amount.format}}`;
}

// ParseQuantity keeps the text it read.
function quantityText(value: unknown): string {
  return value === undefined ? '' : String(value);
}
