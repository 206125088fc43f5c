import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  authorityCertificate,
  base64Of,
  certificateTime,
  derOf,
  binaryOf,
  nameCovers,
  offeredCertificate,
  pemOf,
  publicCertificate,
  readPem,
  verifyCode,
  VIRTUAL_CA,
} from './certificate.ts';

const NOW = Date.UTC(2026, 10, 21, 9);

test('a certificate is one that others can read', () => {
  const made = publicCertificate(['example.com', '*.example.com', '10.0.0.7'], NOW);
  const read = new X509Certificate(pemOf(made));
  expect(read.subject).toBe('CN=example.com');
  expect(read.issuer).toBe(VIRTUAL_CA.replaceAll(', ', '\n'));
  expect(read.subjectAltName).toBe('DNS:example.com, DNS:*.example.com, IP Address:10.0.0.7');
  expect(Date.parse(read.validTo)).toBe(made.notAfterMs);
  expect(read.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
});

test('what was written as PEM is read back, and what is no certificate is left out', () => {
  const own = publicCertificate(['a.example'], NOW);
  const authority = authorityCertificate('CN=lab-ca', NOW);
  const text = `noise\n${pemOf(own)}-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n${pemOf(authority)}`;
  expect(readPem(text)).toEqual([own, authority]);
  expect(readPem('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')).toEqual([]);
});

test('base64 goes both ways for every length', () => {
  const bytes = derOf(authorityCertificate('CN=x', NOW));
  for (let length = 0; length < 9; length++) {
    const part = bytes.slice(0, length);
    expect(binaryOf(base64Of(part))).toBe(part);
  }
  expect(binaryOf('a*b')).toBeUndefined();
});

test('a verifier wants a known issuer and a time within', () => {
  const own = publicCertificate(['a.example'], NOW);
  expect(verifyCode(own, new Set([VIRTUAL_CA]), NOW)).toBe(0);
  expect(verifyCode(own, new Set(['CN=other']), NOW)).toBe(20);
  expect(verifyCode({ ...own, issuer: own.subject }, new Set(), NOW)).toBe(18);
  expect(verifyCode(own, new Set([VIRTUAL_CA]), own.notAfterMs + 1)).toBe(10);
  expect(verifyCode(own, new Set([VIRTUAL_CA]), own.notBeforeMs - 1)).toBe(9);
});

test('a star stands for one label', () => {
  expect(nameCovers('*.example.com', 'a.example.com')).toBe(true);
  expect(nameCovers('*.example.com', 'example.com')).toBe(false);
  expect(nameCovers('*.example.com', 'a.b.example.com')).toBe(false);
  expect(nameCovers('Example.com', 'example.COM.')).toBe(true);
});

test('a server shows the certificate for the name asked for', () => {
  const own = publicCertificate(['web'], NOW);
  const other = publicCertificate(['other'], NOW);
  const offer = { names: ['web'], trusted: true, certificate: own, byName: { other, no: 'reject' as const } };
  expect(offeredCertificate(offer, 'other', NOW)).toBe(other);
  expect(offeredCertificate(offer, 'no', NOW)).toBe('reject');
  expect(offeredCertificate(offer, '__proto__', NOW)).toBe(own);
  expect(offeredCertificate({ names: ['*'], trusted: false }, 'any', NOW)).toMatchObject({
    names: ['any'],
    issuer: 'CN=any-ca',
  });
});

test('times are printed as OpenSSL prints them', () => {
  expect(certificateTime(Date.UTC(2026, 0, 7))).toBe('Jan  7 00:00:00 2026 GMT');
});
