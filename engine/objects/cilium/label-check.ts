import { aggregateText, type FieldError } from './schema-check.ts';
import { NAME_PART_WORDS, SUBDOMAIN_WORDS, VALUE_WORDS } from '../names.ts';
import type { RawSelector } from './types.ts';

const NAME = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)$/;
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** Why a text is no RFC 1123 subdomain; nothing when it is one. */
export function subdomainFaults(text: string): string[] {
  const faults: string[] = [];
  if (text.length > 253) faults.push('must be no more than 253 bytes');
  if (!SUBDOMAIN.test(text)) faults.push(SUBDOMAIN_WORDS);
  return faults;
}

/** Why a text is no label key of Kubernetes (`prefix/name`). */
export function labelKeyFaults(key: string): string[] {
  const parts = key.split('/');
  if (parts.length > 2) {
    return [
      `a valid label key ${NAME_PART_WORDS} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const faults: string[] = [];
  const name = parts.at(-1) ?? '';
  if (parts.length === 2) {
    const prefix = parts[0] ?? '';
    if (prefix === '') faults.push('prefix part must be non-empty');
    else faults.push(...subdomainFaults(prefix).map((fault) => `prefix part ${fault}`));
  }
  if (name === '') faults.push('name part must be non-empty');
  if (name.length > 63) faults.push('name part must be no more than 63 bytes');
  if (!NAME.test(name)) faults.push(`name part ${NAME_PART_WORDS}`);
  return faults;
}

/** Why a text is no value of a label. */
export function labelValueFaults(value: string): string[] {
  const faults: string[] = [];
  if (value.length > 63) faults.push('must be no more than 63 bytes');
  if (value !== '' && !NAME.test(value)) faults.push(VALUE_WORDS);
  return faults;
}

/** Why a text is no label key of Cilium: a source may stand before it (`k8s:app`). */
export function ciliumKeyFaults(key: string): string[] {
  const parts = key.split(':');
  if (parts.length > 2)
    return ["a valid label key only support ':' character as a source separator with non empty value"];
  const faults: string[] = [];
  if (parts.length === 2 && !/^[A-Za-z0-9]+$/.test(parts[0] ?? '')) {
    faults.push('label source should be a non empty string with only alphanumeric characters');
  }
  return [...faults, ...labelKeyFaults(parts.at(-1) ?? '')];
}

/** Validates a selector as the API machinery does; `keyFaults` says what a key may look like. */
export function selectorErrors(
  selector: RawSelector,
  path: string,
  keyFaults: (key: string) => string[] = labelKeyFaults,
): FieldError[] {
  const errors: FieldError[] = [];
  const at = (rest: string) => (path === '' ? rest : `${path}.${rest}`);
  const invalid = (field: string, value: unknown, detail: string): FieldError => ({
    field,
    kind: 'Invalid value',
    value,
    detail,
  });
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    for (const fault of keyFaults(key)) errors.push(invalid(at('matchLabels'), key, fault));
    for (const fault of labelValueFaults(value)) errors.push(invalid(at('matchLabels'), value, fault));
  }
  for (const [i, item] of (selector.matchExpressions ?? []).entries()) {
    const field = at(`matchExpressions[${i}]`);
    const count = item.values?.length ?? 0;
    if (item.operator === 'In' || item.operator === 'NotIn') {
      if (count === 0) {
        const detail = "must be specified when `operator` is 'In' or 'NotIn'";
        errors.push({ field: `${field}.values`, kind: 'Required value', detail });
      }
    } else if (item.operator === 'Exists' || item.operator === 'DoesNotExist') {
      if (count > 0) {
        const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
        errors.push({ field: `${field}.values`, kind: 'Forbidden', detail });
      }
    } else errors.push(invalid(`${field}.operator`, item.operator ?? '', 'not a valid selector operator'));
    for (const fault of keyFaults(item.key ?? ''))
      errors.push(invalid(`${field}.key`, item.key ?? '', fault));
    for (const [j, value] of (item.values ?? []).entries()) {
      for (const fault of labelValueFaults(value))
        errors.push(invalid(`${field}.values[${j}]`, value, fault));
    }
  }
  return errors;
}

/** The agent's complaint about a selector; undefined when it is fine. */
export function selectorRefusal(selector: RawSelector): string | undefined {
  const errors = selectorErrors(selector, '', ciliumKeyFaults);
  return errors.length > 0 ? `invalid label selector: ${aggregateText(errors)}` : undefined;
}
