import { utf8Length } from '../base/bytes.ts';

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const LABEL_WORDS =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric " +
  `character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`;
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
/** The words for a name that is no RFC 1123 subdomain. */
export const SUBDOMAIN_WORDS =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
  `alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;
const OLD_LABEL = '[a-z]([-a-z0-9]*[a-z0-9])?';
const OLD_LABEL_WORDS =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an " +
  `alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '${OLD_LABEL}')`;
/** The words for a text that is no value of a label. */
export const VALUE_WORDS =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
  "character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
/** The words for a text that is no last part of a label's key. */
export const NAME_PART_WORDS =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or " +
  "'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const KEY_WORDS =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used " +
  "for validation is '[-._a-zA-Z0-9]+')";
const ENV_WORDS =
  "a valid environment variable name must consist only of printable ASCII characters other than '='";

function tooMany(maximum: number): string {
  return `must be no more than ${maximum} characters`;
}

/** What is wrong with a DNS label of RFC 1123: 63 characters, lower case. */
export function dnsLabelFaults(value: string): readonly string[] {
  const isDotted = value.includes('.') && dnsSubdomainFaults(value).length === 0;
  return faults(value, 63, LABEL, isDotted ? 'must not contain dots' : LABEL_WORDS);
}

/** What is wrong with a DNS subdomain of RFC 1123: 253 characters, labels with dots. */
export function dnsSubdomainFaults(value: string): readonly string[] {
  // Checked by parts: the combined expression could backtrack over hostile names.
  const isFine = value.split('.').every((part) => new RegExp(`^${LABEL}$`).test(part));
  return [...(value.length > 253 ? [tooMany(253)] : []), ...(isFine ? [] : [SUBDOMAIN_WORDS])];
}

/** What is wrong with a DNS label of RFC 1035, which begins with a letter. */
export function oldDnsLabelFaults(value: string): readonly string[] {
  return faults(value, 63, OLD_LABEL, OLD_LABEL_WORDS);
}

/** What is wrong with a part of a path, for kinds with free names (RBAC). */
export function pathSegmentFaults(value: string): readonly string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%'].filter((bad) => value.includes(bad)).map((bad) => `may not contain '${bad}'`);
}

/** What is wrong with a label's value. */
export function labelValueFaults(value: string): readonly string[] {
  return [
    ...(value.length > 63 ? [tooMany(63)] : []),
    ...(/^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/.test(value) ? [] : [VALUE_WORDS]),
  ];
}

/** What is wrong with the key of a label or an annotation. */
export function qualifiedNameFaults(value: string): readonly string[] {
  const parts = value.split('/');
  if (parts.length > 2) {
    return [
      `a qualified name ${NAME_PART_WORDS} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const found: string[] = [];
  const [prefix, name] = parts.length === 2 ? [parts[0], parts[1] ?? ''] : [undefined, parts[0] ?? ''];
  if (prefix === '') found.push('prefix part must be non-empty');
  else if (prefix !== undefined)
    found.push(...dnsSubdomainFaults(prefix).map((fault) => `prefix part ${fault}`));
  if (name === '') found.push('name part must be non-empty');
  else if (name.length > 63) found.push(`name part ${tooMany(63)}`);
  if (!/^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name)) found.push(`name part ${NAME_PART_WORDS}`);
  return found;
}

/** What is wrong with a key of a ConfigMap or a Secret. */
export function configKeyFaults(value: string): readonly string[] {
  const found = value.length > 253 ? [tooMany(253)] : [];
  if (!/^[-._a-zA-Z0-9]+$/.test(value)) found.push(KEY_WORDS);
  if (value === '.') found.push("must not be '.'");
  if (value === '..') found.push("must not be '..'");
  else if (value.startsWith('..')) found.push("must not start with '..'");
  return found;
}

/** What is wrong with the name of an environment variable. */
export function envNameFaults(value: string): readonly string[] {
  return value.length > 0 && /^[ -<>-~]+$/.test(value) ? [] : [ENV_WORDS];
}

/** What is wrong with the name of a port (an IANA service name). */
export function portNameFaults(value: string): readonly string[] {
  const found: string[] = [];
  if (value.length > 15) found.push('must be no more than 15 characters');
  if (!/^[-a-z0-9]+$/.test(value))
    found.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) found.push('must contain at least one letter (a-z)');
  if (value.includes('--')) found.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) found.push('must not begin or end with a hyphen');
  return found;
}

/** Bytes that annotations may have in all. */
export const ANNOTATIONS_MAX = 262_144;

/** The bytes of all keys and values of annotations. */
export function annotationsSize(annotations: Readonly<Record<string, unknown>>): number {
  return Object.entries(annotations).reduce(
    (size, [key, value]) => size + utf8Length(key) + utf8Length(String(value)),
    0,
  );
}

function faults(value: string, maximum: number, pattern: string, words: string): readonly string[] {
  return [
    ...(value.length > maximum ? [tooMany(maximum)] : []),
    ...(new RegExp(`^${pattern}$`).test(value) ? [] : [words]),
  ];
}
