import { Expression } from '../base/expression.ts';

/**
 * A `matchPattern` for names with a final dot (Cilium's pkg/fqdn/matchpattern): `*` stands for anything within a label, alone
 * for every name. A pattern with signs that no name has meets none.
 */
export function namePattern(pattern: string): (name: string) => boolean {
  const text = pattern.trim().toLowerCase().replace(/\.$/, '');
  if (text === '*') return () => true;
  if (!/^[-a-z0-9_.*]+$/.test(text)) return () => false;
  const compiled = new Expression(`${text.replaceAll('.', '[.]').replaceAll('*', '[-a-zA-Z0-9_]*')}[.]`);
  return (name) => compiled.matches(name);
}
