import type { FlagSpec } from '../hubble/flags.ts';
import { layOutFlags } from '../hubble/usage.ts';

/** What the flags are for that this world heeds, in our own words. */
const FLAGS: Readonly<Record<string, string>> = {
  add: 'Labels to set',
  all: 'Every endpoint',
  backends: 'Entries of backends only',
  brief: 'One line only',
  'config all': 'Settings that cannot change, too',
  delete: 'Labels to take away',
  endpoint: 'Entries of this endpoint only',
  endpoints: 'Identities of local endpoints only',
  frontends: 'Entries of frontends only',
  label: 'Label to look for',
  labels: 'Labels to look for',
  'list-options': 'Names of settings',
  'match-pattern': 'Metrics whose names match',
  matchpattern: 'Names that match',
  'monitor from': 'Events of this source endpoint',
  'monitor json': 'As JSON',
  'monitor related-to': 'Events of this endpoint',
  'monitor to': 'Events of this destination endpoint',
  'monitor type': 'Events of this kind',
  'no-headers': 'Without the line of headers',
  numeric: 'Numbers in place of names',
  output: 'json, yaml or jsonpath=…',
  revnat: 'Entries of reverse NAT only',
  source: 'lookup or connection',
  verbose: 'Say more',
};

/** The other name of a command, between its usage and its flags. */
export function extrasOf(path: string): string {
  return path.endsWith(' list') ? '\nAliases:\n  list, ls\n' : '';
}

/** A block of a command's flags as pflag lays it out. */
export function flagLines(path: string, specs: readonly FlagSpec[]): string {
  const command = path === '' ? 'cilium-dbg' : (path.split(' ').at(-1) ?? '');
  return layOutFlags(
    specs.map(({ name, short, type }) => ({
      name,
      short,
      type: type ?? '',
      about: name === 'help' ? `help for ${command}` : (FLAGS[`${path} ${name}`] ?? FLAGS[name] ?? ''),
    })),
  );
}
