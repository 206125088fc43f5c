import { type Certificate, certificateTime, nameCovers } from '../../../net/certificate.ts';
import type { CurlVersion } from './words.ts';

/** What -v can say about a handshake. `caFile` is undefined with -k. */
export type HandshakeFacts = {
  readonly version: CurlVersion;
  readonly host: string;
  readonly certificate: Certificate | undefined;
  readonly caFile: string | undefined;
  /** OpenSSL's verify code, 0 when all is well. */
  readonly verifyCode: number;
  readonly isTerminal: boolean;
  readonly tlsVersion: 'TLSv1.2' | 'TLSv1.3';
  /** What the client offered, in order; none with --no-alpn. */
  readonly offered: readonly string[];
  /** What the server chose of it. */
  readonly alpn: string | undefined;
};

/** How far a handshake came. */
export type HandshakeStage = 'hello' | 'untrusted' | 'wrong-name' | 'insecure' | 'ok';

/** The `*` lines of a TLS handshake, with the byte counts when they are not on a terminal. Source: recorded curl 7.88 and 8.14; older ones are shown like 7.88. */
export function handshakeLines(facts: HandshakeFacts, stage: HandshakeStage): string {
  const isNew = facts.version.number >= 80_900;
  const lines: string[] = [];
  const bytes = (mark: '{' | '}', count: number): void => {
    if (!facts.isTerminal) lines.push(`${mark} [${count} bytes data]`);
  };
  let protocol = 'TLSv1.3';
  const step = (direction: 'IN' | 'OUT', what: string, count: number): void => {
    lines.push(`* ${protocol} (${direction}), ${what}:`);
    bytes(direction === 'IN' ? '{' : '}', count);
  };
  if (facts.offered.length > 0)
    lines.push(`* ALPN: ${isNew ? 'curl ' : ''}offers ${facts.offered.join(',')}`);
  bytes('}', 5);
  step('OUT', 'TLS handshake, Client hello (1)', isNew ? 1_558 : 512);
  if (facts.caFile !== undefined) {
    lines.push(`*  CAfile: ${facts.caFile}`, '*  CApath: /etc/ssl/certs');
    bytes('{', 5);
  }
  if (stage === 'hello') return `${lines.join('\n')}\n`;
  step('IN', 'TLS handshake, Server hello (2)', facts.tlsVersion === 'TLSv1.2' ? 106 : 122);
  protocol = facts.tlsVersion;
  if (facts.tlsVersion === 'TLSv1.3') {
    if (isNew) step('IN', 'TLS change cipher, Change cipher spec (1)', 1);
    step('IN', 'TLS handshake, Encrypted Extensions (8)', 25);
  }
  step('IN', 'TLS handshake, Certificate (11)', 815);
  if (stage === 'untrusted') {
    const alert = facts.verifyCode === 10 ? 'certificate expired (557)' : 'unknown CA (560)';
    step('OUT', `TLS alert, ${alert}`, 2);
    return `${lines.join('\n')}\n`;
  }
  if (facts.tlsVersion === 'TLSv1.2') {
    step('IN', 'TLS handshake, Server key exchange (12)', 300);
    step('IN', 'TLS handshake, Server finished (14)', 4);
    step('OUT', 'TLS handshake, Client key exchange (16)', 37);
    step('OUT', 'TLS change cipher, Change cipher spec (1)', 1);
    step('OUT', 'TLS handshake, Finished (20)', 16);
    step('IN', 'TLS handshake, Finished (20)', 16);
  } else {
    step('IN', 'TLS handshake, CERT verify (15)', 264);
    step('IN', 'TLS handshake, Finished (20)', 52);
    step('OUT', 'TLS change cipher, Change cipher spec (1)', 1);
    step('OUT', 'TLS handshake, Finished (20)', 52);
  }
  const cipher = facts.tlsVersion === 'TLSv1.2' ? 'ECDHE-RSA-AES256-GCM-SHA384' : 'TLS_AES_256_GCM_SHA384';
  lines.push(
    `* SSL connection using ${facts.tlsVersion} / ${cipher}${isNew ? ' / x25519 / RSASSA-PSS' : ''}`,
  );
  if (facts.offered.length > 0)
    lines.push(
      facts.alpn === undefined
        ? '* ALPN: server did not agree on a protocol. Uses default.'
        : `* ALPN: server accepted ${facts.alpn}`,
    );
  lines.push(...certificateLines(facts, stage, isNew));
  return `${lines.join('\n')}\n`;
}

/** What OpenSSL says of a verify code (X509_verify_cert_error_string). */
export function verifyWords(code: number): string {
  const words: Readonly<Record<number, string>> = {
    9: 'certificate is not yet valid',
    10: 'certificate has expired',
    18: 'self-signed certificate',
    20: 'unable to get local issuer certificate',
  };
  return words[code] ?? 'ok';
}

function certificateLines(facts: HandshakeFacts, stage: HandshakeStage, isNew: boolean): string[] {
  const { certificate } = facts;
  const lines = [
    '* Server certificate:',
    `*  subject: ${(certificate?.subject ?? '').replaceAll(', ', '; ')}`,
    `*  start date: ${certificateTime(certificate?.notBeforeMs ?? 0)}`,
    `*  expire date: ${certificateTime(certificate?.notAfterMs ?? 0)}`,
  ];
  const names = certificate?.names ?? [];
  if (stage === 'wrong-name')
    return [...lines, `*  subjectAltName does not match ${isNew ? 'hostname ' : ''}${facts.host}`];
  if (stage === 'ok')
    lines.push(
      `*  subjectAltName: host "${facts.host}" matched cert's "${names.find((name) => nameCovers(name, facts.host)) ?? ''}"`,
    );
  lines.push(`*  issuer: ${(certificate?.issuer ?? '').replaceAll(', ', '; ')}`);
  lines.push(
    facts.verifyCode === 0
      ? '*  SSL certificate verify ok.'
      : `*  SSL certificate verify result: ${verifyWords(facts.verifyCode)} (${facts.verifyCode}), continuing anyway.`,
  );
  if (isNew) {
    const level = (number: number): string =>
      `*   Certificate level ${number}: Public key type RSA (2048/112 Bits/secBits), signed using sha256WithRSAEncryption`;
    lines.push(level(0));
    if (stage === 'ok') lines.push(level(1));
  }
  return lines;
}

/** The `*` lines between the request and the answer on a fresh TLS connection: two session tickets. */
export function ticketLines(version: CurlVersion, isTerminal: boolean): string {
  const bytes = (count: number): string => (isTerminal ? '' : `{ [${count} bytes data]\n`);
  const ticket = `* TLSv1.3 (IN), TLS handshake, Newsession Ticket (4):\n${bytes(249)}`;
  const end = version.number < 80_900 ? '* old SSL session ID is stale, removing\n' : '';
  return `${bytes(5)}${ticket}${ticket}${end}${bytes(5)}`;
}
