import { expect, test } from 'vitest';
import { canonicalAddress, formatAddress, parseAddress, sameAddress } from './address.ts';
import { cidrContains, cidrCovers, formatCidr, maskedCidr, parseCidr, parseCidrOrAddress } from './cidr.ts';
import { hasPorts, protocolNumber } from './protocol.ts';

const address = (text: string) => {
  const parsed = parseAddress(text);
  if (!parsed) throw new Error(text);
  return parsed;
};
const block = (text: string) => {
  const parsed = parseCidrOrAddress(text);
  if (!parsed) throw new Error(text);
  return parsed;
};

test('addresses in and out', () => {
  for (const text of [
    '0.0.0.0',
    '255.255.255.255',
    '10.0.0.1',
    '::',
    '::1',
    '2001:db8::1',
    '2001:db8:0:1::',
    'fe80::1:0:0:2',
  ]) {
    expect(formatAddress(address(text))).toBe(text);
  }
  expect(canonicalAddress('2001:DB8:0:0:0:0:0:1')).toBe('2001:db8::1');
  expect(canonicalAddress('::ffff:10.0.0.1')).toBe('::ffff:a00:1');
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4.5',
    ':::',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    'g::',
    '12345::',
    '1:2:3:4:5:6:7::8:9',
  ]) {
    expect(parseAddress(text), text).toBeUndefined();
  }
  expect(sameAddress(address('::1'), address('0:0:0:0:0:0:0:1'))).toBe(true);
  expect(sameAddress(address('::1'), address('0.0.0.1'))).toBe(false);
});

test('blocks hold their addresses', () => {
  expect(cidrContains(block('10.1.1.77/16'), address('10.1.255.255'))).toBe(true);
  expect(cidrContains(block('10.1.0.0/16'), address('10.2.0.0'))).toBe(false);
  expect(cidrContains(block('0.0.0.0/0'), address('255.0.0.1'))).toBe(true);
  expect(cidrContains(block('::/0'), address('255.0.0.1'))).toBe(false);
  expect(cidrContains(block('2001:db8::/33'), address('2001:db8:8000::'))).toBe(false);
  expect(cidrContains(block('2001:db8::/33'), address('2001:db8:7fff::'))).toBe(true);
  expect(cidrCovers(block('10.0.0.0/8'), block('10.9.0.0/16'))).toBe(true);
  expect(cidrCovers(block('10.9.0.0/16'), block('10.0.0.0/8'))).toBe(false);
  expect(formatCidr(maskedCidr(block('10.1.1.77/12')))).toBe('10.0.0.0/12');
  expect(formatCidr(maskedCidr(block('2001:db8:ffff::1/33')))).toBe('2001:db8:8000::/33');
  for (const text of ['10.0.0.1', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/08', '::/129', '10.0.300.0/24']) {
    expect(parseCidr(text), text).toBeUndefined();
  }
});

test('protocols', () => {
  expect(protocolNumber('ICMPv6')).toBe(58);
  expect(protocolNumber('QUIC')).toBeUndefined();
  expect([6, 17, 132, 1].map(hasPorts)).toEqual([true, true, true, false]);
});
