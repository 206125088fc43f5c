const rotateLeft = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
const rotateRight = (value: number, by: number): number => (value >>> by) | (value << (32 - by));

/** Pads a message to blocks of 64 bytes: a one bit, zeros, the length in bits. */
function padded(bytes: Uint8Array, isBigEndian: boolean): DataView {
  const size = Math.ceil((bytes.length + 9) / 64) * 64;
  const view = new DataView(new ArrayBuffer(size));
  bytes.forEach((byte, index) => {
    view.setUint8(index, byte);
  });
  view.setUint8(bytes.length, 0x80);
  view.setBigUint64(size - 8, BigInt(bytes.length) * 8n, !isBigEndian);
  return view;
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let value = 2; found.length < count; value++)
    if (found.every((prime) => value % prime !== 0)) found.push(value);
  return found;
}

/** The first 32 bits of the fraction of a number's square or cube root, found in integers. */
function rootBits(prime: number, power: 2 | 3): number {
  const target = BigInt(prime) << BigInt(32 * power);
  let low = 0n;
  let high = 1n << 40n;
  while (low + 1n < high) {
    const middle = (low + high) >> 1n;
    if (middle ** BigInt(power) <= target) low = middle;
    else high = middle;
  }
  return Number(low & 0xffffffffn);
}

/** SHA-256 of bytes, as 64 hex digits. */
export function sha256(bytes: Uint8Array): string {
  const constants = primes(64).map((prime) => rootBits(prime, 3));
  const state = primes(8).map((prime) => rootBits(prime, 2));
  const view = padded(bytes, true);
  const words = new Array<number>(64).fill(0);
  const word = (index: number): number => words[index] ?? 0;
  for (let block = 0; block < view.byteLength; block += 64) {
    for (let t = 0; t < 64; t++) {
      if (t < 16) words[t] = view.getUint32(block + t * 4);
      else {
        const s0 = rotateRight(word(t - 15), 7) ^ rotateRight(word(t - 15), 18) ^ (word(t - 15) >>> 3);
        const s1 = rotateRight(word(t - 2), 17) ^ rotateRight(word(t - 2), 19) ^ (word(t - 2) >>> 10);
        words[t] = (word(t - 16) + s0 + word(t - 7) + s1) | 0;
      }
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
    for (let t = 0; t < 64; t++) {
      const s1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25);
      const first = (h + s1 + ((e & f) ^ (~e & g)) + (constants[t] ?? 0) + word(t)) | 0;
      const s0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22);
      const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((value, index) => {
      state[index] = ((state[index] ?? 0) + value) | 0;
    });
  }
  return state.map((value) => (value >>> 0).toString(16).padStart(8, '0')).join('');
}

const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];

/** MD5 of bytes, as 32 hex digits. */
export function md5(bytes: Uint8Array): string {
  const view = padded(bytes, false);
  const constants = Array.from({ length: 64 }, (_, index) =>
    Math.floor(Math.abs(Math.sin(index + 1)) * 0x100000000),
  );
  const state = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476];
  for (let block = 0; block < view.byteLength; block += 64) {
    let [a = 0, b = 0, c = 0, d = 0] = state;
    for (let t = 0; t < 64; t++) {
      const round = t >> 4;
      const mixed =
        round === 0
          ? (b & c) | (~b & d)
          : round === 1
            ? (d & b) | (~d & c)
            : round === 2
              ? b ^ c ^ d
              : c ^ (b | ~d);
      const at =
        round === 0 ? t : round === 1 ? (5 * t + 1) % 16 : round === 2 ? (3 * t + 5) % 16 : (7 * t) % 16;
      const sum = (a + mixed + (constants[t] ?? 0) + view.getUint32(block + at * 4, true)) | 0;
      [a, d, c, b] = [d, c, b, (b + rotateLeft(sum, SHIFTS[round * 4 + (t % 4)] ?? 0)) | 0];
    }
    [a, b, c, d].forEach((value, index) => {
      state[index] = ((state[index] ?? 0) + value) | 0;
    });
  }
  return state
    .map((value) =>
      [0, 8, 16, 24].map((shift) => ((value >>> shift) & 255).toString(16).padStart(2, '0')).join(''),
    )
    .join('');
}

/** SHA-1 of bytes, as 40 hex digits. */
export function sha1(bytes: Uint8Array): string {
  const view = padded(bytes, true);
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  const words = new Array<number>(80).fill(0);
  for (let block = 0; block < view.byteLength; block += 64) {
    for (let t = 0; t < 80; t++)
      words[t] =
        t < 16
          ? view.getUint32(block + t * 4)
          : rotateLeft(
              (words[t - 3] ?? 0) ^ (words[t - 8] ?? 0) ^ (words[t - 14] ?? 0) ^ (words[t - 16] ?? 0),
              1,
            );
    let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
    for (let t = 0; t < 80; t++) {
      const [f, k] =
        t < 20
          ? [(b & c) | (~b & d), 0x5a827999]
          : t < 40
            ? [b ^ c ^ d, 0x6ed9eba1]
            : t < 60
              ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
              : [b ^ c ^ d, 0xca62c1d6];
      [e, d, c, b, a] = [d, c, rotateLeft(b, 30), a, (rotateLeft(a, 5) + f + e + k + (words[t] ?? 0)) | 0];
    }
    [a, b, c, d, e].forEach((value, index) => {
      state[index] = ((state[index] ?? 0) + value) | 0;
    });
  }
  return state.map((value) => (value >>> 0).toString(16).padStart(8, '0')).join('');
}

const MASK_64 = 0xffffffffffffffffn;

/** The first 64 bits of the fraction of a number's root, found in integers. */
function rootBits64(prime: number, power: 2 | 3): bigint {
  const target = BigInt(prime) << BigInt(64 * power);
  let low = 0n;
  let high = 1n << 72n;
  while (low + 1n < high) {
    const middle = (low + high) >> 1n;
    if (middle ** BigInt(power) <= target) low = middle;
    else high = middle;
  }
  return low & MASK_64;
}

/** SHA-512 of bytes, as 128 hex digits. */
export function sha512(bytes: Uint8Array): string {
  const turn = (value: bigint, by: bigint): bigint => ((value >> by) | (value << (64n - by))) & MASK_64;
  const constants = primes(80).map((prime) => rootBits64(prime, 3));
  const state = primes(8).map((prime) => rootBits64(prime, 2));
  const view = new DataView(new ArrayBuffer(Math.ceil((bytes.length + 17) / 128) * 128));
  bytes.forEach((byte, index) => {
    view.setUint8(index, byte);
  });
  view.setUint8(bytes.length, 0x80);
  view.setBigUint64(view.byteLength - 8, BigInt(bytes.length) * 8n);
  const words = new Array<bigint>(80).fill(0n);
  const word = (index: number): bigint => words[index] ?? 0n;
  for (let block = 0; block < view.byteLength; block += 128) {
    for (let t = 0; t < 80; t++) {
      if (t < 16) words[t] = view.getBigUint64(block + t * 8);
      else {
        const s0 = turn(word(t - 15), 1n) ^ turn(word(t - 15), 8n) ^ (word(t - 15) >> 7n);
        const s1 = turn(word(t - 2), 19n) ^ turn(word(t - 2), 61n) ^ (word(t - 2) >> 6n);
        words[t] = (word(t - 16) + s0 + word(t - 7) + s1) & MASK_64;
      }
    }
    let [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n, g = 0n, h = 0n] = state;
    for (let t = 0; t < 80; t++) {
      const s1 = turn(e, 14n) ^ turn(e, 18n) ^ turn(e, 41n);
      const first = h + s1 + ((e & f) ^ (~e & MASK_64 & g)) + (constants[t] ?? 0n) + word(t);
      const s0 = turn(a, 28n) ^ turn(a, 34n) ^ turn(a, 39n);
      const second = s0 + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) & MASK_64, c, b, a, (first + second) & MASK_64];
    }
    [a, b, c, d, e, f, g, h].forEach((value, index) => {
      state[index] = ((state[index] ?? 0n) + value) & MASK_64;
    });
  }
  return state.map((value) => value.toString(16).padStart(16, '0')).join('');
}
