import type { CurlVersion } from './words.ts';

/** What -v can say about a handshake. `caFile` is undefined with -k. */
export type HandshakeFacts = {
  readonly version: CurlVersion;
  readonly host: string;
  readonly names: readonly string[];
  readonly caFile: string | undefined;
  readonly isTrusted: boolean;
  readonly isTerminal: boolean;
  readonly nowMs: number;
};

/** How far a handshake came. */
export type HandshakeStage = 'hello' | 'untrusted' | 'wrong-name' | 'insecure' | 'ok';

/** The `*` lines of a TLS handshake, with the byte counts when they are not on a terminal. Source: recorded curl 7.88.1 and 8.14.1. */
export function handshakeLines(facts: HandshakeFacts, stage: HandshakeStage): string {
  const isNew = facts.version.number >= 80_900;
  const lines: string[] = [];
  const bytes = (mark: '{' | '}', count: number): void => {
    if (!facts.isTerminal) lines.push(`${mark} [${count} bytes data]`);
  };
  const step = (direction: 'IN' | 'OUT', what: string, count: number): void => {
    lines.push(`* TLSv1.3 (${direction}), ${what}:`);
    bytes(direction === 'IN' ? '{' : '}', count);
  };
  if (facts.version.number < 77_800) lines.push('* ALPN, offering h2', '* ALPN, offering http/1.1');
  else lines.push(isNew ? '* ALPN: curl offers h2,http/1.1' : '* ALPN: offers h2,http/1.1');
  bytes('}', 5);
  step('OUT', 'TLS handshake, Client hello (1)', isNew ? 1_558 : 512);
  if (facts.caFile !== undefined) {
    lines.push(`*  CAfile: ${facts.caFile}`, '*  CApath: /etc/ssl/certs');
    bytes('{', 5);
  }
  if (stage === 'hello') return `${lines.join('\n')}\n`;
  step('IN', 'TLS handshake, Server hello (2)', 122);
  if (isNew) step('IN', 'TLS change cipher, Change cipher spec (1)', 1);
  step('IN', 'TLS handshake, Encrypted Extensions (8)', 25);
  step('IN', 'TLS handshake, Certificate (11)', 815);
  if (stage === 'untrusted') {
    step('OUT', 'TLS alert, unknown CA (560)', 2);
    return `${lines.join('\n')}\n`;
  }
  step('IN', 'TLS handshake, CERT verify (15)', 264);
  step('IN', 'TLS handshake, Finished (20)', 52);
  step('OUT', 'TLS change cipher, Change cipher spec (1)', 1);
  step('OUT', 'TLS handshake, Finished (20)', 52);
  lines.push(
    `* SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384${isNew ? ' / x25519 / RSASSA-PSS' : ''}`,
  );
  lines.push(
    facts.version.number < 77_800
      ? '* ALPN, server accepted to use http/1.1'
      : '* ALPN: server accepted http/1.1',
  );
  lines.push(...certificateLines(facts, stage, isNew));
  return `${lines.join('\n')}\n`;
}

function certificateLines(facts: HandshakeFacts, stage: HandshakeStage, isNew: boolean): string[] {
  const day = 86_400_000;
  const lines = [
    '* Server certificate:',
    `*  subject: CN=${facts.names[0] ?? ''}`,
    `*  start date: ${certificateDate(Math.floor(facts.nowMs / day) * day - 30 * day)}`,
    `*  expire date: ${certificateDate(Math.floor(facts.nowMs / day) * day + 335 * day)}`,
  ];
  if (stage === 'wrong-name')
    return [...lines, `*  subjectAltName does not match ${isNew ? 'hostname ' : ''}${facts.host}`];
  if (stage === 'ok')
    lines.push(
      `*  subjectAltName: host "${facts.host}" matched cert's "${facts.names.find((n) => n === facts.host) ?? facts.names[0] ?? ''}"`,
    );
  lines.push('*  issuer: CN=Virtual Internet CA');
  lines.push(
    facts.isTrusted
      ? '*  SSL certificate verify ok.'
      : '*  SSL certificate verify result: unable to get local issuer certificate (20), continuing anyway.',
  );
  if (isNew) {
    lines.push(
      '*   Certificate level 0: Public key type RSA (2048/112 Bits/secBits), signed using sha256WithRSAEncryption',
    );
    if (stage === 'ok')
      lines.push(
        '*   Certificate level 1: Public key type RSA (2048/112 Bits/secBits), signed using sha256WithRSAEncryption',
      );
  }
  return lines;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function certificateDate(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${MONTHS[date.getUTCMonth()] ?? ''} ${String(date.getUTCDate()).padStart(2)} ${time} ${date.getUTCFullYear()} GMT`;
}

/** The `*` lines between the request and the answer on a fresh TLS connection: two session tickets. */
export function ticketLines(version: CurlVersion, isTerminal: boolean): string {
  const bytes = (count: number): string => (isTerminal ? '' : `{ [${count} bytes data]\n`);
  const ticket = `* TLSv1.3 (IN), TLS handshake, Newsession Ticket (4):\n${bytes(249)}`;
  const end = version.number < 80_900 ? '* old SSL session ID is stale, removing\n' : '';
  return `${bytes(5)}${ticket}${ticket}${end}${bytes(5)}`;
}
