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
