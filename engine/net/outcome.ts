/**
 * Every way a connection attempt can end (DESIGN.md, Outcomes), as checks, matrix and feedback write it.
 * `ok:<status>` carries an HTTP status; the `timeout@…` forms say at which end the packet died.
 */
export type Outcome =
  | 'ok'
  | `ok:${number}`
  | 'timeout@egress'
  | 'timeout@ingress'
  | 'refused'
  | '403'
  | 'dns-refused'
  | 'dns-timeout'
  | 'unknown-host'
  | 'tls-reset'
  | 'no-backend'
  | 'empty-reply'
  | 'icmp-ok'
  | 'auth-required'
  | 'mixed';

/** True when `actual` fulfils `wanted`: equal, or a plain `ok` for any `ok:<status>` (and `timeout` for either end). */
export function fulfils(wanted: string, actual: Outcome): boolean {
  if (wanted === actual) return true;
  if (wanted === 'ok') return actual.startsWith('ok');
  return wanted === 'timeout' && actual.startsWith('timeout@');
}
