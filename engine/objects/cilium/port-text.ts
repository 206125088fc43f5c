/** How the text of a port reads: a service name, a number, or neither (with Go's reason). */
export type PortText =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'bad'; readonly reason: 'invalid syntax' | 'value out of range' };

/** Reads a port as Cilium does: an IANA service name (RFC 6335, at most 15 characters) or a 16-bit number in Go's base 0 notation. */
export function readPortText(text: string): PortText {
  if (isServiceName(text)) return { kind: 'name', name: text.toLowerCase() };
  const number = parseGoNumber(text);
  if (number === undefined) return { kind: 'bad', reason: 'invalid syntax' };
  return number > 65535 ? { kind: 'bad', reason: 'value out of range' } : { kind: 'number', number };
}

function isServiceName(text: string): boolean {
  if (text.length > 15 || !/^[a-zA-Z0-9-]+$/.test(text) || !/[a-zA-Z]/.test(text)) return false;
  return !text.startsWith('-') && !text.endsWith('-') && !text.includes('--');
}

/** strconv.ParseUint(text, 0, …) without the underscore forms that cannot be told from names anyway. */
function parseGoNumber(text: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return Number.parseInt(text.slice(2), 16);
  if (/^0[bB][01]+$/.test(text)) return Number.parseInt(text.slice(2), 2);
  if (/^0[oO][0-7]+$/.test(text)) return Number.parseInt(text.slice(2), 8);
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  return /^(0|[1-9][0-9]*)$/.test(text) ? Number(text) : undefined;
}
