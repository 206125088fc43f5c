/** The UTF-8 bytes of a text; lone surrogates become U+FFFD. (TextEncoder is not part of the language.) */
export function utf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    let code = character.codePointAt(0) ?? 0;
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
    else if (code < 0x10000)
      bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    else
      bytes.push(
        0xf0 | (code >> 18),
        0x80 | ((code >> 12) & 0x3f),
        0x80 | ((code >> 6) & 0x3f),
        0x80 | (code & 0x3f),
      );
  }
  return Uint8Array.from(bytes);
}

/** How many bytes a text has in UTF-8. */
export function utf8Length(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const isPair = unit >= 0xd800 && unit < 0xdc00;
    length += unit < 0x80 ? 1 : unit < 0x800 ? 2 : isPair ? 4 : 3;
    if (isPair) i++;
  }
  return length;
}

/** The text of UTF-8 bytes; undefined when they are no UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
  } catch {
    return undefined;
  }
}

/** The digits of base64 in their order. */
export const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Bytes in standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = bytes.subarray(i, i + 3);
    text += digit(a >> 2) + digit(((a & 3) << 4) | ((b ?? 0) >> 4));
    text += b === undefined ? '=' : digit(((b & 15) << 2) | ((c ?? 0) >> 6));
    text += c === undefined ? '=' : digit(c & 63);
  }
  return text;
}

function digit(value: number): string {
  return BASE64[value] ?? '';
}

/** The bytes behind base64; whatever is no digit is skipped. */
export function fromBase64(text: string): Uint8Array {
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const character of text) {
    const value = BASE64.indexOf(character);
    if (value < 0) continue;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) bytes.push((held >> (bits -= 8)) & 255);
  }
  return Uint8Array.from(bytes);
}

/** The offset of the first byte that makes a text no standard base64, as Go's decoder reports it; undefined when it is fine. */
export function base64Fault(text: string): number | undefined {
  const clean = text.replace(/[\r\n]/g, '');
  for (let i = 0; i < clean.length; i++) {
    const character = clean.charAt(i);
    if (BASE64.includes(character)) continue;
    if (character !== '=') return i;
    const place = i % 4;
    if (place < 2) return i;
    if (place === 2) {
      if (clean.charAt(i + 1) !== '=') return Math.min(i + 1, clean.length);
      return clean.length > i + 2 ? i + 2 : undefined;
    }
    return clean.length > i + 1 ? i + 1 : undefined;
  }
  return clean.length % 4 === 0 ? undefined : clean.length;
}

/** The bytes of a base64 text as a Latin-1 string; characters outside of the alphabet are skipped. */
export function base64Length(text: string): number {
  const digits = text.replace(/[^A-Za-z0-9+/]/g, '').length;
  return Math.floor((digits * 3) / 4);
}
