import { isJsonObject, type Json, type JsonObject } from '../base/json.ts';

type Members = { [key: string]: Json | undefined };

/** A new object of values without a prototype, so that no learner's key reaches one. */
export function emptyValues(): Members {
  return Object.create(null) as Members;
}

/** The value at a dotted path; undefined as soon as a member is missing. */
export function valueAt(values: Json | undefined, path: string): Json | undefined {
  let here: Json | undefined = values;
  for (const key of path.split('.')) {
    if (!isJsonObject(here) || !Object.hasOwn(here, key)) return undefined;
    here = here[key];
  }
  return here;
}

/** True for what a Go template takes for true: not null, false, zero, nor empty. */
export function isTruthy(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return !isJsonObject(value) || Object.keys(value).length > 0;
}

/** Reads values by dotted paths the way templates do. */
export class ValueReader {
  readonly values: JsonObject;

  constructor(values: JsonObject) {
    this.values = values;
  }

  /** The value itself. */
  at(path: string): Json | undefined {
    return valueAt(this.values, path);
  }

  /** True when a template's `if` would be. */
  isOn(path: string): boolean {
    return isTruthy(this.at(path));
  }

  /** As text; '' when absent or null. */
  text(path: string): string {
    const value = this.at(path);
    if (value === undefined || value === null) return '';
    return typeof value === 'string'
      ? value
      : Array.isArray(value)
        ? value.map(String).join(' ')
        : String(value);
  }

  /** As a whole number; 0 when it is none. */
  int(path: string): number {
    const value = Number(this.text(path));
    return Number.isFinite(value) ? Math.trunc(value) : 0;
  }

  /** The texts of a list; empty when it is none. */
  list(path: string): readonly string[] {
    const value = this.at(path);
    return Array.isArray(value) ? value.map(String) : [];
  }
}

/** Values over values: maps are merged, everything else is replaced (helm's MergeMaps). */
export function mergeValues(base: JsonObject, over: JsonObject): JsonObject {
  const out = Object.assign(emptyValues(), base);
  for (const [key, value] of Object.entries(over)) {
    const own = out[key];
    out[key] = isJsonObject(own) && isJsonObject(value) ? mergeValues(own, value) : value;
  }
  return out;
}

/** A chart's defaults under what the user set: null takes a default away (helm's CoalesceValues). */
export function coalesceValues(defaults: JsonObject, own: JsonObject): JsonObject {
  const out = emptyValues();
  for (const [key, value] of Object.entries(defaults)) if (!Object.hasOwn(own, key)) out[key] = value;
  for (const [key, value] of Object.entries(own)) {
    if (value === null) {
      if (!Object.hasOwn(defaults, key)) out[key] = null;
      continue;
    }
    const given = Object.hasOwn(defaults, key) ? defaults[key] : undefined;
    out[key] = isJsonObject(given) && isJsonObject(value) ? coalesceValues(given, value) : value;
  }
  return out;
}
