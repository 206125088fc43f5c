import { isJsonObject } from '../base/json.ts';

/** A mutable object under construction, as a decoder gives it. */
export type Members = Record<string, unknown>;

/** The member `key` as an object, or undefined. */
export function memberObject(object: unknown, key: string): Members | undefined {
  if (!isJsonObject(object) || !Object.hasOwn(object, key)) return undefined;
  const member = object[key];
  return isJsonObject(member) ? (member as Members) : undefined;
}

/** The member `key` as an object, made when it is absent. */
export function madeObject(object: Members, key: string): Members {
  const known = memberObject(object, key);
  if (known !== undefined) return known;
  const made: Members = {};
  object[key] = made;
  return made;
}

/** The objects in the list `key`; empty when there is none. */
export function memberList(object: unknown, key: string): readonly Members[] {
  if (!isJsonObject(object) || !Object.hasOwn(object, key)) return [];
  const member = object[key];
  return Array.isArray(member) ? member.filter((item): item is Members => isJsonObject(item)) : [];
}

/** The member `key` as text, '' when it is none. */
export function memberText(object: unknown, key: string): string {
  if (!isJsonObject(object) || !Object.hasOwn(object, key)) return '';
  const member = object[key];
  return typeof member === 'string' ? member : '';
}

/** The member `key` as a number, or undefined. */
export function memberNumber(object: unknown, key: string): number | undefined {
  if (!isJsonObject(object) || !Object.hasOwn(object, key)) return undefined;
  const member = object[key];
  return typeof member === 'number' ? member : undefined;
}

/** The own member `key` of an object, whatever it is. */
export function memberOf(object: unknown, key: string): unknown {
  return isJsonObject(object) && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets a member that is absent, null or ''. */
export function fill(object: Members, key: string, value: unknown): void {
  const member = object[key];
  if (member === undefined || member === null || member === '') object[key] = value;
}
