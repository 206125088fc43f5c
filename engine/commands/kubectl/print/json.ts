import { isJsonObject } from '../../../base/json.ts';
import { byText } from '../../../base/order.ts';
import { quoteGo } from '../text.ts';

/** Go escapes these in JSON strings so that the text can stand in HTML. */
const HTML = /[<>&\u2028\u2029]/g;

function goString(text: string): string {
  return JSON.stringify(text).replace(
    HTML,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** One-line JSON as Go's encoding/json writes a map: keys sorted by their bytes. */
export function goJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => goJson(item)).join(',')}]`;
  if (isJsonObject(value)) {
    return `{${members(value, true)
      .map(([key, member]) => `${goString(key)}:${goJson(member)}`)
      .join(',')}}`;
  }
  return typeof value === 'string' ? goString(value) : (JSON.stringify(value) ?? 'null');
}

/** Indented JSON of `kubectl -o json`: four spaces; keys sorted unless `keepOrder` (typed objects). No newline at the end. */
export function prettyJson(value: unknown, keepOrder = false, indent = ''): string {
  const deeper = `${indent}    `;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[\n${value.map((item) => deeper + prettyJson(item, keepOrder, deeper)).join(',\n')}\n${indent}]`;
  }
  if (isJsonObject(value)) {
    const entries = members(value, !keepOrder);
    if (entries.length === 0) return '{}';
    return `{\n${entries.map(([key, member]) => `${deeper}${goString(key)}: ${prettyJson(member, keepOrder, deeper)}`).join(',\n')}\n${indent}}`;
  }
  return typeof value === 'string' ? goString(value) : (JSON.stringify(value) ?? 'null');
}

/** A decoded JSON value as Go's `%#v` prints it, keys sorted. */
export function goValue(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map((item) => goValue(item)).join(', ')}}`;
  if (isJsonObject(value)) {
    const inner = members(value, true).map(([key, member]) => `${quoteGo(key)}:${goValue(member)}`);
    return `map[string]interface {}{${inner.join(', ')}}`;
  }
  if (value === null || value === undefined) return 'interface {}(nil)';
  return typeof value === 'string' ? quoteGo(value) : String(value);
}

function members(value: object, sort: boolean): [string, unknown][] {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return sort ? entries.sort(([a], [b]) => byText(a, b)) : entries;
}
