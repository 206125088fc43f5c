import type { Members } from './members.ts';
import { memberList, memberObject, memberText } from './members.ts';

/** A LabelSelector as its text form: `app=web,tier in (edge,front)`; `<none>` when it selects everything or is absent. */
export function selectorText(selector: Members | undefined): string {
  const requirements: [key: string, text: string][] = [];
  for (const [key, value] of Object.entries(memberObject(selector, 'matchLabels') ?? {}))
    requirements.push([key, `${key}=${String(value)}`]);
  for (const expression of memberList(selector, 'matchExpressions')) {
    const key = memberText(expression, 'key');
    requirements.push([key, expressionText(key, expression)]);
  }
  if (requirements.length === 0) return '<none>';
  // labels.Selector keeps its requirements sorted by key.
  return requirements
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, text]) => text)
    .join(',');
}

function expressionText(key: string, expression: Members): string {
  const values = Array.isArray(expression['values']) ? expression['values'].map(String).sort().join(',') : '';
  switch (memberText(expression, 'operator')) {
    case 'In':
      return `${key} in (${values})`;
    case 'NotIn':
      return `${key} notin (${values})`;
    case 'Exists':
      return key;
    default:
      return `!${key}`;
  }
}
