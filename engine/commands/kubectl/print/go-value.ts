/** A value as Go's %v prints it. */
export function plainValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(plainValue).join(' ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, member]) => `${key}:${plainValue(member)}`).join(' ')}]`;
  }
  return String(value);
}

/** The kind by which Go compares: numbers with a fraction are others than those without. */
function basicKind(value: unknown): string {
  return typeof value === 'number' && !Number.isInteger(value) ? 'float' : typeof value;
}

/** Whether `a OPERATOR b` holds for two plain values (text/template's funcs.go); or why they cannot be compared. */
export function compare(operator: string, a: unknown, b: unknown): boolean | string {
  const kind = basicKind(a);
  const isOrder = operator !== '==' && operator !== '!=';
  if (![a, b].every((one) => ['string', 'number', 'boolean'].includes(typeof one)))
    return 'invalid type for comparison';
  if (kind !== basicKind(b)) return 'incompatible types for comparison';
  if (isOrder && kind === 'boolean') return 'invalid type for comparison';
  const [x, y] = [a as string | number, b as string | number];
  switch (operator) {
    case '==':
      return x === y;
    case '!=':
      return x !== y;
    case '<':
      return x < y;
    case '<=':
      return x <= y;
    case '>':
      return x > y;
    case '>=':
      return x >= y;
    default:
      return `unrecognized filter operator ${operator}`;
  }
}

/** The name of a decoded JSON value's Go type. */
export function typeName(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  const kind = basicKind(value);
  return (
    { number: 'int64', float: 'float64', boolean: 'bool', string: 'string' }[kind] ??
    'map[string]interface {}'
  );
}

/** Values as fmt.Sprint joins them: with spaces only between two that are no texts. */
export function spaced(values: readonly unknown[]): string {
  return values
    .map((value, at) => {
      const isApart = at > 0 && typeof value !== 'string' && typeof values[at - 1] !== 'string';
      return (isApart ? ' ' : '') + plainValue(value);
    })
    .join('');
}

/** fmt.Sprintf for decoded JSON values: the verbs of texts, whole numbers, floats and booleans. */
export function formatted(format: string, args: readonly unknown[]): string {
  let next = 0;
  const text = format.replace(/%([-+ 0#]*)(\d*)(?:\.(\d+))?([\s\S]?)/g, (_, marks, width, digits, verb) => {
    if (verb === '%') return '%';
    if (verb === '') return '%!(NOVERB)';
    if (next >= args.length) return `%!${verb}(MISSING)`;
    const shown = verbText(verb, args[next++], digits === undefined ? undefined : Number(digits));
    const cells = Math.min(Number(width), 10_000);
    if (marks.includes('-')) return shown.padEnd(cells);
    const isPadded = marks.includes('0') && /^-?\d/.test(shown);
    return shown.padStart(cells, isPadded ? '0' : ' ');
  });
  const extra = args
    .slice(next)
    .map((one) => `${one === null || one === undefined ? '<nil>' : `${typeOf(one)}=${plainValue(one)}`}`);
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(', ')})`;
}

function typeOf(value: unknown): string {
  return typeName(value).replace('int64', 'int');
}

function verbText(verb: string, value: unknown, digits: number | undefined): string {
  const kind = basicKind(value);
  const plain = plainValue(value);
  if (verb === 'v') return plain;
  if (verb === 'T') return value === null || value === undefined ? '<nil>' : typeOf(value);
  if (verb === 's' && kind === 'string') return digits === undefined ? plain : plain.slice(0, digits);
  if (verb === 's' && kind === 'object' && value !== null) return plain;
  if (verb === 'q' && kind === 'string') return JSON.stringify(value);
  if (verb === 'd' && kind === 'number') return plain;
  if (verb === 't' && kind === 'boolean') return plain;
  if (verb === 'x' && typeof value === 'number') return value.toString(16);
  if ((verb === 'f' || verb === 'g') && kind === 'float')
    return verb === 'f' ? Number(value).toFixed(digits ?? 6) : plain;
  return value === null || value === undefined ? `%!${verb}(<nil>)` : `%!${verb}(${typeOf(value)}=${plain})`;
}
