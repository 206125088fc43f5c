import { fromBase64, toBase64 } from '../base/bytes.ts';
import { formatDate } from '../base/strftime.ts';
import { hashText } from '../base/hash.ts';

/** An X.509 certificate as the virtual world has it. Names of subject and issuer are lists of `TYPE=value`, most general first. */
export type Certificate = {
  readonly subject: string;
  readonly issuer: string;
  /** DNS names and addresses of the subjectAltName extension. */
  readonly names: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly isAuthority?: boolean;
};

/** The name of the authority that signs what the virtual internet serves; every machine trusts it. */
export const VIRTUAL_CA = 'C=ZZ, O=Ringfence, CN=Ringfence Virtual Root CA';

const DAY_MS = 86_400_000;

/** The certificate of a public host: 90 days from the beginning of the current span of 30. */
export function publicCertificate(names: readonly string[], nowMs: number): Certificate {
  const notBeforeMs = Math.floor(nowMs / (30 * DAY_MS)) * 30 * DAY_MS;
  return {
    subject: `CN=${names[0] ?? 'localhost'}`,
    issuer: VIRTUAL_CA,
    names,
    notBeforeMs,
    notAfterMs: notBeforeMs + 90 * DAY_MS,
  };
}

/** The authority's own certificate, ten years from `fromMs`. */
export function authorityCertificate(name: string, fromMs: number): Certificate {
  return {
    subject: name,
    issuer: name,
    names: [],
    notBeforeMs: fromMs,
    notAfterMs: fromMs + 3650 * DAY_MS,
    isAuthority: true,
  };
}

/** True when a certificate's name covers a host; `*.` stands for exactly one label (RFC 6125). */
export function nameCovers(name: string, host: string): boolean {
  const wanted = host.toLowerCase().replace(/\.$/, '');
  const given = name.toLowerCase();
  if (given === wanted) return true;
  const dot = wanted.indexOf('.');
  return given.startsWith('*.') && dot > 0 && wanted.slice(dot) === given.slice(1);
}

/** What is wrong with a certificate for a verifier that trusts these authorities, by OpenSSL's numbers: 0 ok, 10 expired, 18 self-signed, 20 issuer unknown. */
export function verifyCode(certificate: Certificate, trusted: ReadonlySet<string>, nowMs: number): number {
  if (!trusted.has(certificate.issuer)) return certificate.issuer === certificate.subject ? 18 : 20;
  if (nowMs > certificate.notAfterMs) return 10;
  return nowMs < certificate.notBeforeMs ? 9 : 0;
}

// DER (X.690): tag, length, content. Binary strings: one character a byte.

const byte = (...values: number[]): string => String.fromCharCode(...values);

function der(tag: number, ...parts: readonly string[]): string {
  const content = parts.join('');
  const { length } = content;
  if (length < 128) return byte(tag, length) + content;
  if (length < 256) return byte(tag, 0x81, length) + content;
  return byte(tag, 0x82, length >> 8, length & 255) + content;
}

const OIDS: Readonly<Record<string, string>> = {
  CN: byte(0x55, 4, 3),
  C: byte(0x55, 4, 6),
  O: byte(0x55, 4, 10),
  OU: byte(0x55, 4, 11),
};
const SHA256_RSA = byte(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11);
const RSA = byte(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1);
const ALT_NAME = byte(0x55, 0x1d, 0x11);
const CONSTRAINTS = byte(0x55, 0x1d, 0x13);

function derName(name: string): string {
  const parts = name.split(', ').map((part) => {
    const equals = part.indexOf('=');
    const oid = OIDS[part.slice(0, equals)] ?? byte(0x55, 4, 3);
    return der(0x31, der(0x30, der(6, oid), der(0x0c, part.slice(equals + 1))));
  });
  return der(0x30, ...parts);
}

function derTime(ms: number): string {
  const text = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return der(0x17, `${text}Z`);
}

/** Bytes that look like chance and are always the same for the same text. */
function seeded(text: string, count: number): string {
  let digits = '';
  for (let i = 0; digits.length < count * 2; i++) digits += hashText(`${text}/${i}`);
  let bytes = '';
  for (let i = 0; i < count; i++) bytes += byte(Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16));
  return bytes;
}

/** The serial number of a certificate, as hexadecimal digits. */
export function serialOf(certificate: Certificate): string {
  const hex = [...seeded(`serial ${certificate.subject} ${certificate.notBeforeMs}`, 20)].map((char) =>
    char.charCodeAt(0).toString(16).padStart(2, '0'),
  );
  return `5${hex.join('').slice(1)}`.toUpperCase();
}

/** The modulus of a certificate's key (2048 bits), as hexadecimal digits. */
export function modulusOf(certificate: Certificate): string {
  const bytes = `${byte(0xb5)}${seeded(`key ${certificate.subject} ${certificate.notBeforeMs}`, 255)}`;
  return [...bytes]
    .map((char) => char.charCodeAt(0).toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
}

const bytesOf = (hex: string): string =>
  (hex.match(/../g) ?? []).map((pair) => byte(Number.parseInt(pair, 16))).join('');

/** The DER form of a certificate, as a binary string. Its key and signature are made up: nothing is encrypted here. */
export function derOf(certificate: Certificate): string {
  const algorithm = der(0x30, der(6, SHA256_RSA), der(5));
  const key = der(0x30, der(2, `\0${bytesOf(modulusOf(certificate))}`), der(2, byte(1, 0, 1)));
  const alt = certificate.names.map((name) =>
    /^[\d.]+$/.test(name) ? der(0x87, byte(...name.split('.').map(Number))) : der(0x82, name),
  );
  const extensions = [
    ...(alt.length > 0 ? [der(0x30, der(6, ALT_NAME), der(4, der(0x30, ...alt)))] : []),
    ...(certificate.isAuthority
      ? [der(0x30, der(6, CONSTRAINTS), der(1, byte(255)), der(4, der(0x30, der(1, byte(255)))))]
      : []),
  ];
  const body = der(
    0x30,
    der(0xa0, der(2, byte(2))),
    der(2, bytesOf(serialOf(certificate))),
    algorithm,
    derName(certificate.issuer),
    der(0x30, derTime(certificate.notBeforeMs), derTime(certificate.notAfterMs)),
    derName(certificate.subject),
    der(0x30, der(0x30, der(6, RSA), der(5)), der(3, `\0${key}`)),
    ...(extensions.length > 0 ? [der(0xa3, der(0x30, ...extensions))] : []),
  );
  return der(0x30, body, algorithm, der(3, `\0${seeded(`signature ${body}`, 256)}`));
}

/** Base64 of a binary string. */
export function base64Of(bytes: string): string {
  return toBase64(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
}

/** The binary string of a base64 text; undefined when it is none. */
export function binaryOf(text: string): string | undefined {
  const digits = text.replace(/\s|=+\s*$/g, '');
  if (/[^A-Za-z0-9+/]/.test(digits)) return undefined;
  return Array.from(fromBase64(digits), (value) => byte(value)).join('');
}

/** A certificate as PEM text. */
export function pemOf(certificate: Certificate): string {
  const lines = base64Of(derOf(certificate)).match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** The certificates of a PEM text; what is no certificate is left out. */
export function readPem(text: string): readonly Certificate[] {
  const blocks = text.matchAll(/-----BEGIN CERTIFICATE-----([\s\S]{1,20000}?)-----END CERTIFICATE-----/g);
  return [...blocks].flatMap((block) => {
    const bytes = binaryOf(block[1] ?? '');
    const read = bytes === undefined ? undefined : certificateOf(bytes);
    return read === undefined ? [] : [read];
  });
}

type Node = { readonly tag: number; readonly content: string };

function nodesOf(bytes: string): readonly Node[] {
  const nodes: Node[] = [];
  let at = 0;
  while (at + 2 <= bytes.length && nodes.length < 1000) {
    const tag = bytes.charCodeAt(at);
    const first = bytes.charCodeAt(at + 1);
    const extra = first < 128 ? 0 : first & 127;
    if (extra > 3) return nodes;
    let length = first < 128 ? first : 0;
    for (let i = 0; i < extra; i++) length = length * 256 + bytes.charCodeAt(at + 2 + i);
    if (!(at + 2 + extra + length <= bytes.length)) return nodes;
    nodes.push({ tag, content: bytes.slice(at + 2 + extra, at + 2 + extra + length) });
    at += 2 + extra + length;
  }
  return nodes;
}

/** Reads a certificate from its DER form; undefined for anything else. */
export function certificateOf(bytes: string): Certificate | undefined {
  const [whole] = nodesOf(bytes);
  const [body] = nodesOf(whole?.content ?? '');
  const [, , , issuer, validity, subject, , extensions] = nodesOf(body?.content ?? '');
  if (issuer === undefined || validity === undefined || subject === undefined) return undefined;
  const [from, to] = nodesOf(validity.content).map((node) => readTime(node.content));
  if (from === undefined || to === undefined) return undefined;
  const rows = nodesOf(nodesOf(extensions?.content ?? '')[0]?.content ?? '').map((node) =>
    nodesOf(node.content),
  );
  const alt = rows.find((row) => row[0]?.content === ALT_NAME)?.[1];
  const names = nodesOf(nodesOf(alt?.content ?? '')[0]?.content ?? '').map((node) =>
    node.tag === 0x87 ? [...node.content].map((char) => char.charCodeAt(0)).join('.') : node.content,
  );
  const isAuthority = rows.some((row) => row[0]?.content === CONSTRAINTS);
  return {
    subject: readName(subject.content),
    issuer: readName(issuer.content),
    names,
    notBeforeMs: from,
    notAfterMs: to,
    ...(isAuthority ? { isAuthority } : {}),
  };
}

function readName(bytes: string): string {
  const parts = nodesOf(bytes).map((set) => {
    const [type, value] = nodesOf(nodesOf(set.content)[0]?.content ?? '');
    const name = Object.entries(OIDS).find(([, oid]) => oid === type?.content)?.[0] ?? 'CN';
    return `${name}=${value?.content ?? ''}`;
  });
  return parts.join(', ');
}

function readTime(text: string): number | undefined {
  const match = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  return Date.UTC(2000 + year, month - 1, day, hour, minute, second);
}

/** `Nov 21 08:48:42 2026 GMT`, as OpenSSL prints a certificate's times. */
export function certificateTime(ms: number): string {
  return formatDate(ms, '%b %e %T %Y GMT');
}

/** What a server that speaks TLS offers. */
export type TlsOffer = {
  /** Names of its certificate, `*` for whatever was asked for, where `certificate` does not say. */
  readonly names: readonly string[];
  /** Signed by the virtual authority. */
  readonly trusted: boolean;
  readonly certificate?: Certificate;
  /** Other certificates by the name asked for; `reject`: the handshake ends with the alert unrecognized_name. */
  readonly byName?: Readonly<Record<string, Certificate | 'reject'>>;
  /** Application protocols by ALPN, the preferred first. */
  readonly alpn?: readonly string[];
  readonly version?: 'TLSv1.2' | 'TLSv1.3';
  /** Wants a certificate of the client, which none of the tools has. */
  readonly wantsClientCertificate?: boolean;
};

/** The certificate that an offer shows to a client that asks for `serverName`. */
export function offeredCertificate(
  offer: TlsOffer,
  serverName: string,
  nowMs: number,
): Certificate | 'reject' {
  const { byName } = offer;
  const special = byName !== undefined && Object.hasOwn(byName, serverName) ? byName[serverName] : undefined;
  if (special !== undefined) return special;
  if (offer.certificate !== undefined) return offer.certificate;
  const names = offer.names.includes('*') ? [serverName] : offer.names;
  const made = publicCertificate(names, nowMs);
  return offer.trusted ? made : { ...made, issuer: `CN=${names[0] ?? 'localhost'}-ca` };
}
