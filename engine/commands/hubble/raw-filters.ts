import type { FlowFilter } from '../../hubble/flow.ts';
import { FILTER_MEMBERS, VERDICTS } from './observe-filters.ts';

/** What the items of a member are; strings where nothing else is said. */
const ITEM_TYPES: ReadonlyMap<string, 'number' | 'boolean' | 'object'> = new Map([
  ['source_identity', 'number'],
  ['destination_identity', 'number'],
  ['reply', 'boolean'],
  ['encrypted', 'boolean'],
  ['source_workload', 'object'],
  ['destination_workload', 'object'],
  ['interface', 'object'],
  ['event_type', 'object'],
  ['http_header', 'object'],
  ['tcp_flags', 'object'],
]);

const TYPE_NAMES = { string: 'string', number: 'uint32', boolean: 'bool', object: 'message' } as const;

/** Reads `--allowlist` and `--denylist`: one filter, in JSON as protobuf takes it (names in either spelling). */
export function decodeFilter(text: string): FlowFilter | { readonly error: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const first = /^\s*\{\s*([^\s"}])/.exec(text)?.[1];
    if (first !== undefined)
      return { error: `invalid character '${first}' looking for beginning of object key string` };
    const start = text.trim()[0];
    if (start === undefined) return { error: 'EOF' };
    return {
      error: start === '{' ? 'unexpected EOF' : `invalid character '${start}' looking for beginning of value`,
    };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { error: `proto:\u00a0syntax error (line 1:1): unexpected token ${text.trim().slice(0, 20)}` };
  const members = new Map<string, unknown>();
  for (const [key, item] of Object.entries(value)) {
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const at = text.indexOf(`"${key}"`) + 1;
    if (!FILTER_MEMBERS.has(name))
      return { error: `proto:\u00a0(line 1:${at}): unknown field ${JSON.stringify(key)}` };
    const problem = name === 'experimental' ? undefined : itemProblem(name, item, text, at);
    if (problem !== undefined) return { error: problem };
    if (item !== null) members.set(name, name === 'experimental' ? experimental(item) : item);
  }
  return Object.fromEntries(members) as FlowFilter;
}

function experimental(item: unknown): FlowFilter['experimental'] {
  const object = (typeof item === 'object' && item !== null ? item : {}) as Record<string, unknown>;
  const list = Object.hasOwn(object, 'cel_expression') ? object['cel_expression'] : object['celExpression'];
  const texts = Array.isArray(list) ? list.filter((one): one is string => typeof one === 'string') : [];
  return { cel_expression: texts };
}

function itemProblem(name: string, item: unknown, text: string, at: number): string | undefined {
  if (item === null) return undefined;
  const place = (part: unknown): string => {
    const found = text.indexOf(JSON.stringify(part), at + name.length);
    return `proto:\u00a0(line 1:${(found < 0 ? at : found) + 1})`;
  };
  if (!Array.isArray(item)) return `${place(item)}: unexpected token ${JSON.stringify(item)}`;
  const wanted = ITEM_TYPES.get(name) ?? 'string';
  for (const one of item) {
    const isGood = typeof one === wanted && one !== null && !Array.isArray(one);
    if (!isGood)
      return `${place(one)}: invalid value for ${TYPE_NAMES[wanted]} field ${name}: ${JSON.stringify(one)}`;
    if (name === 'verdict' && !VERDICTS.includes(String(one)))
      return `${place(one)}: invalid value for enum field verdict: ${JSON.stringify(one)}`;
  }
  return undefined;
}
