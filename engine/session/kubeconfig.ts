import { parse } from '../base/yaml.ts';
import { LIMITS } from '../base/limits.ts';
import { memberOf } from '../objects/members.ts';

/** The server of a kubeconfig's current context; '' when the file says none. */
export function currentServer(text: string): string {
  let data: unknown;
  if (isExcessive(text)) return '';
  try {
    data = parse(text, { maxAliasCount: LIMITS.yamlAliasesMax });
  } catch {
    return '';
  }
  const context = named(data, 'contexts', textOf(data, 'current-context'), 'context');
  return textOf(named(data, 'clusters', textOf(context, 'cluster'), 'cluster'), 'server');
}

function named(data: unknown, list: string, name: string, member: string): unknown {
  const items = memberOf(data, list);
  const found = Array.isArray(items)
    ? items.find((item: unknown) => textOf(item, 'name') === name)
    : undefined;
  return memberOf(found, member);
}

function textOf(value: unknown, key: string): string {
  const text = memberOf(value, key);
  return typeof text === 'string' ? text : '';
}

/** True for a text that no tool wrote: reading it could take long or end differently on another machine's stack. */
function isExcessive(text: string): boolean {
  return text.length > 200_000 || (text.match(/[[{]/g) ?? []).length > 500 || /^[ ?-]{500}/m.test(text);
}
