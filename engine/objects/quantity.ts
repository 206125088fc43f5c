/** A resource quantity: `value` × 10^`scale`, and the notation it was written in. */
export type Quantity = {
  readonly value: number;
  readonly scale: number;
  readonly format: 'DecimalSI' | 'BinarySI' | 'DecimalExponent';
};

const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY: Readonly<Record<string, number>> = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 };

/** Reads a quantity (`500m`, `1Gi`, `2e3`), or undefined when it is none. */
export function parseQuantity(text: string): Quantity | undefined {
  const match = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)([A-Za-z]{0,2}|[eE][+-]?\d+)$/.exec(text);
  if (match === null) return undefined;
  const [, sign = '', digits = '', suffix = ''] = match;
  const [whole = '', fraction = ''] = digits.split('.');
  const trimmed = fraction.replace(/0+$/, '');
  const base = Number(whole + trimmed) * (sign === '-' ? -1 : 1);
  if (Object.hasOwn(BINARY, suffix)) {
    const factor = 1024 ** (BINARY[suffix] ?? 0);
    return { value: Math.ceil((base * factor) / 10 ** trimmed.length), scale: 0, format: 'BinarySI' };
  }
  if (Object.hasOwn(DECIMAL, suffix))
    return { value: base, scale: (DECIMAL[suffix] ?? 0) - trimmed.length, format: 'DecimalSI' };
  const exponent = /^[eE]([+-]?\d+)$/.exec(suffix);
  if (exponent === null) return undefined;
  return { value: base, scale: Number(exponent[1]) - trimmed.length, format: 'DecimalExponent' };
}

/** The size of a quantity as a number, for comparisons. */
export function quantityNumber(text: unknown): number {
  const quantity = parseQuantity(String(text));
  return quantity === undefined ? Number.NaN : quantity.value * 10 ** quantity.scale;
}

/** The words of a quantity that cannot be read. */
export const QUANTITY_FAULT =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
