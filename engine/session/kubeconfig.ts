import { parse } from '../base/yaml.ts';
import { LIMITS } from '../base/limits.ts';
import { type Json, isJsonObject } from '../base/json.ts';

/** The server of a kubeconfig's current context; '' when the file says none. */
export function currentServer(text: string): string {
  let data: Json;
  if (isExcessive(text)) return '';
  try {
    data = parse(text, { maxAliasCount: LIMITS.yamlAliasesMax }) as Json;
  } catch {
    return '';
  }
  const context = named(data, 'contexts', textOf(data, 'current-context'), 'context');
  return textOf(named(data, 'clusters', textOf(context, 'cluster'), 'cluster'), 'server');
}

function named(data: Json | undefined, list: string, name: string, member: string): Json | undefined {
  const items = memberOf(data, list);
  const found = Array.isArray(items) ? items.find((item: Json) => textOf(item, 'name') === name) : undefined;
  return memberOf(found, member);
}

function memberOf(value: Json | undefined, key: string): Json | undefined {
  return isJsonObject(value) && Object.hasOwn(value, key) ? (value[key] as Json) : undefined;
}

function textOf(value: Json | undefined, key: string): string {
  const text = memberOf(value, key);
  return typeof text === 'string' ? text : '';
}

/** True for a text that no tool wrote: reading it could take long or end differently on another machine's stack. */
function isExcessive(text: string): boolean {
  return text.length > 200_000 || (text.match(/[[{]/g) ?? []).length > 500 || /^[ ?-]{500}/m.test(text);
}
