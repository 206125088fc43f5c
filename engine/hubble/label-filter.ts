import { FilterError } from './filter-error.ts';

/** True when a list of labels (`k8s:app=web`) meets the selector. */
export type LabelTest = (labels: readonly string[]) => boolean;

/**
 * Builds a test from Kubernetes' selector grammar (`a=b,c in (d,e),!f`). A key without a source (`k8s:`) means any source.
 * @throws FilterError
 */
export function labelSelector(text: string): LabelTest {
  const tests = splitTop(text).map(requirement);
  return (labels) => {
    const parsed = labels.map(parseLabel);
    return tests.every((test) => test(parsed));
  };
}

type Label = { readonly source: string; readonly key: string; readonly value: string };

function parseLabel(text: string): Label {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  const colon = name.indexOf(':');
  return {
    source: colon < 0 ? '' : name.slice(0, colon),
    key: colon < 0 ? name : name.slice(colon + 1),
    value: equals < 0 ? '' : text.slice(equals + 1),
  };
}

/** Splits at commas outside of parentheses. */
function splitTop(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const character of text) {
    if (character === '(') depth++;
    if (character === ')') depth--;
    if (character === ',' && depth === 0) {
      parts.push(part.trim());
      part = '';
    } else part += character;
  }
  return [...parts, part.trim()].filter((item) => item !== '');
}

function requirement(text: string): (labels: readonly Label[]) => boolean {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text);
  if (set) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim());
    const isIn = set[2] === 'in';
    return (labels) => {
      const found = labels.filter((label) => isKey(label, set[1] ?? ''));
      return isIn
        ? found.some((label) => values.includes(label.value))
        : !found.some((label) => values.includes(label.value));
    };
  }
  const absent = /^!\s*(\S+)$/.exec(text);
  if (absent) return (labels) => !labels.some((label) => isKey(label, absent[1] ?? ''));
  const equal = /^([^\s=!()]+)\s*(==|=|!=)\s*([^\s=!()]*)$/.exec(text);
  if (equal) {
    const isEqual = equal[2] !== '!=';
    return (labels) => {
      const has = labels.some((label) => isKey(label, equal[1] ?? '') && label.value === equal[3]);
      return isEqual ? has : !has;
    };
  }
  if (/^[^\s=!()]+$/.test(text)) return (labels) => labels.some((label) => isKey(label, text));
  throw new FilterError(`unable to parse requirement: ${text}`);
}

function isKey(label: Label, key: string): boolean {
  const colon = key.indexOf(':');
  if (colon < 0) return label.key === key;
  const source = key.slice(0, colon);
  return label.key === key.slice(colon + 1) && (source === 'any' || source === label.source);
}
