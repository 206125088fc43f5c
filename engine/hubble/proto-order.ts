import type { Flow } from './flow.ts';
import { fieldNames, fieldType } from './cel/types.ts';

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
