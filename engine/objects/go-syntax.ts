import type { TypeRef } from './types.ts';
import { isJsonObject } from '../base/json.ts';
import { structNamed } from './types.ts';

/** A value as Go's `%#v` prints it, which is how faults quote structs and maps. */
export function goSyntax(value: unknown, type: TypeRef): string {
  switch (type.kind) {
    case 'pointer':
      return value === undefined || value === null ? `(${type.go})(nil)` : `&${goSyntax(value, type.to)}`;
    case 'list':
      return Array.isArray(value)
        ? `${type.go}{${value.map((item) => goSyntax(item, type.of)).join(', ')}}`
        : `${type.go}(nil)`;
    case 'map': {
      if (!isJsonObject(value)) return `${type.go}(nil)`;
      const keys = Object.keys(value).sort();
      return `${type.go}{${keys.map((key) => `${JSON.stringify(key)}:${goSyntax(value[key], type.of)}`).join(', ')}}`;
    }
    case 'struct': {
      const object = isJsonObject(value) ? value : {};
      const fields = structNamed(type.name).fields.map((field) => {
        const member = field.isInline ? object : object[field.json];
        return `${field.go}:${goSyntax(member, field.type)}`;
      });
      return `${type.go}{${fields.join(', ')}}`;
    }
    default:
      if (type.of === 'IntOrString') return goIntOrString(value);
      if (type.of === 'string') return JSON.stringify(value ?? '');
      return type.of === 'bool' ? String(value === true) : String(value ?? 0);
  }
}

/** An IntOrString as Go's `%#v` prints it. */
export function goIntOrString(value: unknown): string {
  const isText = typeof value === 'string';
  return `intstr.IntOrString{Type:${isText ? 1 : 0}, IntVal:${isText ? 0 : String(value ?? 0)}, StrVal:${JSON.stringify(isText ? value : '')}}`;
}

/** A label selector as faults quote it. */
export function goSelector(value: unknown): string {
  return goSyntax(value, { kind: 'struct', name: 'meta.LabelSelector', go: 'v1.LabelSelector' });
}

/** A map of strings as faults quote it. */
export function goStringMap(value: unknown): string {
  const text: TypeRef = { kind: 'scalar', of: 'string', go: 'string' };
  return goSyntax(value, { kind: 'map', of: text, go: 'map[string]string' });
}

/** A plain value as Go's `%v` prints it: `map[a:1 b:[x y]]` with sorted keys. */
export function goMap(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goMap).join(' ')}]`;
  if (!isJsonObject(value)) return String(value);
  const keys = Object.keys(value).sort();
  return `map[${keys.map((key) => `${key}:${goMap(value[key])}`).join(' ')}]`;
}
