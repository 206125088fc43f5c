import type { Flow } from './flow.ts';
import { type CelType, fieldNames, fieldType } from './cel/types.ts';

/** A flow whose members stand in the order of flow.proto, which is how JSON is printed. Members that the .proto lacks come last. */
export function inProtoOrder(flow: Flow): Flow {
  return ordered(flow as Record<string, unknown>, 'flow.Flow') as Flow;
}

function ordered(value: Readonly<Record<string, unknown>>, message: string): Record<string, unknown> {
  const known = fieldNames(message) ?? [];
  const names = [
    ...known.filter((name) => Object.hasOwn(value, name)),
    ...Object.keys(value).filter((name) => !known.includes(name)),
  ];
  return Object.fromEntries(names.map((name) => [name, member(value[name], message, name)]));
}

function member(value: unknown, message: string, name: string): unknown {
  const type = fieldType(message, name);
  const item = type?.kind === 'list' ? type.item : type;
  if (item?.kind !== 'message') return value;
  const one = (part: unknown): unknown =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? ordered(part as Record<string, unknown>, item.name)
      : part;
  return Array.isArray(value) ? value.map(one) : one(value);
}

/** True when a value read from outside has the types that flow.proto gives its members; unknown members may be anything. */
export function isFlowShaped(value: unknown): value is Flow {
  return isMessage(value, 'flow.Flow');
}

function isMessage(value: unknown, message: string): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const object = value as Record<string, unknown>;
  return (fieldNames(message) ?? []).every((name) => {
    if (!Object.hasOwn(object, name)) return true;
    const type = fieldType(message, name);
    return type === undefined || isTyped(object[name], type);
  });
}

function isTyped(value: unknown, type: CelType): boolean {
  switch (type.kind) {
    case 'list':
      return Array.isArray(value) && value.every((item) => isTyped(item, type.item));
    case 'message':
      return isMessage(value, type.name);
    case 'wrapper':
      return typeof value === 'boolean';
    case 'map':
      return false;
    case 'simple':
      if (type.name === 'bool') return typeof value === 'boolean';
      if (type.name === 'int' || type.name === 'uint')
        return typeof value === 'number' || typeof value === 'string';
      return typeof value === 'string';
  }
}
