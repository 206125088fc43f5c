import { CommandError } from './errors.ts';
import { quoteGo } from './text.ts';

/** One requirement of a label selector. */
type Requirement = {
  readonly key: string;
  readonly operator: 'in' | 'notin' | 'exists' | 'missing';
  readonly values: readonly string[];
};

/**
 * True when labels match a selector as kubectl itself reads it, for objects of files (`-l` beside `-f`).
 * @throws CommandError when the selector does not parse
 */
export function matchesSelector(labels: Readonly<Record<string, string>>, selector: string): boolean {
  return requirementsOf(selector).every(({ key, operator, values }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (operator === 'exists') return value !== undefined;
    if (operator === 'missing') return value === undefined;
    if (operator === 'in') return value !== undefined && values.includes(value);
    return value === undefined || !values.includes(value);
  });
}

function requirementsOf(selector: string): readonly Requirement[] {
  const parts = selector.match(/[^,(]+(\([^)]*\))?/g) ?? [];
  return parts.map((part) => requirementOf(part.trim()));
}

function requirementOf(text: string): Requirement {
  const set = /^([^\s!=()]+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(text);
  if (set !== null) {
    const values = (set[3] ?? '').split(',').map((one) => one.trim());
    return { key: set[1] ?? '', operator: set[2] === 'in' ? 'in' : 'notin', values };
  }
  const equal = /^([^\s!=()]+)\s*(!=|==|=)\s*([^\s!=()]*)$/.exec(text);
  if (equal !== null)
    return {
      key: equal[1] ?? '',
      operator: equal[2] === '!=' ? 'notin' : 'in',
      values: [equal[3] ?? ''],
    };
  const exists = /^(!?)\s*([^\s!=()]+)$/.exec(text);
  if (exists !== null)
    return { key: exists[2] ?? '', operator: exists[1] === '!' ? 'missing' : 'exists', values: [] };
  throw new CommandError(`unable to parse requirement: ${quoteGo(text)}`);
}
