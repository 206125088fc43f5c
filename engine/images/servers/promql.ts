/** A series with its labels (`__name__` among them), its value and what it was a scrape ago. */
export type Series = {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly before?: number;
  readonly seconds?: number;
};

/** Words for an expression that this reader does not know, as Prometheus begins them. */
export class QueryError extends Error {}

type Matcher = { readonly name: string; readonly op: string; readonly value: string };

const AGGREGATES = new Set(['sum', 'avg', 'min', 'max', 'count', 'topk', 'bottomk']);
const RATES = new Set(['rate', 'irate', 'increase', 'delta']);
const TOKEN =
  /\s*(?:([a-zA-Z_:][\w:]*)|(\d+(?:\.\d+)?)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(=~|!~|!=|==|>=|<=|[-+*/(){}[\],=<>]))/y;

/** Evaluates an instant query over the newest samples: selectors, rate and its kin, aggregations, sums with numbers. */
export function evaluate(query: string, series: readonly Series[]): readonly Series[] | number {
  if (query.length > 2000) throw new QueryError('query too long');
  const parser = new Parser(tokens(query), series);
  const value = parser.expression(0);
  parser.end();
  return value;
}

function tokens(query: string): readonly string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  while (query.slice(TOKEN.lastIndex).trim() !== '') {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(query);
    if (!match)
      throw new QueryError(
        `1:${at + 1}: parse error: unexpected character: ${JSON.stringify(query[at] ?? '')}`,
      );
    found.push(match[0].trim());
  }
  return found;
}

class Parser {
  readonly #tokens: readonly string[];
  readonly #series: readonly Series[];
  #at = 0;
  #depth = 0;

  constructor(list: readonly string[], series: readonly Series[]) {
    this.#tokens = list;
    this.#series = series;
  }

  end(): void {
    if (this.#at < this.#tokens.length) this.#fail();
  }

  expression(level: number): readonly Series[] | number {
    if (++this.#depth > 40) throw new QueryError('expression too deep');
    let left = this.#primary();
    for (;;) {
      const op = this.#tokens[this.#at] ?? '';
      const strength =
        { '>': 1, '<': 1, '==': 1, '!=': 1, '>=': 1, '<=': 1, '+': 2, '-': 2, '*': 3, '/': 3 }[op] ?? 0;
      if (strength <= level) break;
      this.#at++;
      left = combine(left, op, this.expression(strength));
    }
    this.#depth--;
    return left;
  }

  #primary(): readonly Series[] | number {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new QueryError('1:1: parse error: no expression found in input');
    if (/^\d/.test(token)) return Number(token);
    if (token === '(') {
      const inner = this.expression(0);
      this.#take(')');
      return inner;
    }
    if (token === '{') {
      this.#at--;
      return this.#selector(undefined);
    }
    if (!/^[a-zA-Z_:]/.test(token)) return this.#fail(token);
    if (AGGREGATES.has(token)) return this.#aggregate(token);
    if (this.#tokens[this.#at] === '(') return this.#call(token);
    return this.#selector(token);
  }

  #selector(name: string | undefined): readonly Series[] {
    const matchers: Matcher[] = name === undefined ? [] : [{ name: '__name__', op: '=', value: name }];
    if (this.#tokens[this.#at] === '{') {
      this.#at++;
      while (this.#tokens[this.#at] !== '}') {
        const [label = '', op = '', value = ''] = this.#tokens.slice(this.#at, this.#at + 3);
        if (!/^[a-zA-Z_]/.test(label) || !/^(=|!=|=~|!~)$/.test(op) || !/^["']/.test(value)) this.#fail();
        matchers.push({ name: label, op, value: value.slice(1, -1) });
        this.#at += 3;
        if (this.#tokens[this.#at] === ',') this.#at++;
      }
      this.#at++;
    }
    const found = this.#series.filter(({ labels }) => matchers.every((matcher) => passes(matcher, labels)));
    if (this.#tokens[this.#at] === '[') {
      while (this.#tokens[this.#at] !== ']') if (this.#at++ >= this.#tokens.length) this.#fail();
      this.#at++;
    }
    return found;
  }

  #call(name: string): readonly Series[] | number {
    this.#at++;
    const inner = this.expression(0);
    while (this.#tokens[this.#at] === ',') {
      this.#at++;
      this.expression(0);
    }
    this.#take(')');
    if (typeof inner === 'number') return inner;
    if (RATES.has(name))
      return inner.map((one) => {
        const grown = one.before === undefined || one.before > one.value ? 0 : one.value - one.before;
        const value = name === 'rate' || name === 'irate' ? grown / (one.seconds ?? 15) : grown;
        return { labels: without(one.labels, ['__name__']), value };
      });
    if (['round', 'ceil', 'floor', 'abs'].includes(name))
      return inner.map((one) => ({
        labels: without(one.labels, ['__name__']),
        value:
          name === 'ceil'
            ? Math.ceil(one.value)
            : name === 'floor'
              ? Math.floor(one.value)
              : name === 'abs'
                ? Math.abs(one.value)
                : Math.round(one.value),
      }));
    if (['sort', 'sort_desc'].includes(name))
      return [...inner].sort((a, b) => (name === 'sort' ? a.value - b.value : b.value - a.value));
    throw new QueryError(`1:1: parse error: unknown function with name ${JSON.stringify(name)}`);
  }

  #aggregate(kind: string): readonly Series[] {
    let grouping = this.#grouping();
    this.#take('(');
    let limit = 0;
    let inner = this.expression(0);
    if (this.#tokens[this.#at] === ',') {
      this.#at++;
      limit = typeof inner === 'number' ? inner : 0;
      inner = this.expression(0);
    }
    this.#take(')');
    grouping ??= this.#grouping();
    if (typeof inner === 'number') return this.#fail();
    if (kind === 'topk' || kind === 'bottomk')
      return [...inner]
        .sort((a, b) => (kind === 'topk' ? b.value - a.value : a.value - b.value))
        .slice(0, limit);
    const groups = new Map<
      string,
      { readonly labels: Readonly<Record<string, string>>; readonly values: number[] }
    >();
    for (const one of inner) {
      const labels =
        grouping === undefined
          ? {}
          : grouping.isBy
            ? only(one.labels, grouping.names)
            : without(one.labels, [...grouping.names, '__name__']);
      const key = JSON.stringify(Object.entries(labels).sort());
      const group = groups.get(key) ?? { labels, values: [] };
      group.values.push(one.value);
      groups.set(key, group);
    }
    return [...groups.values()].map(({ labels, values }) => ({ labels, value: fold(kind, values) }));
  }

  #grouping(): { readonly isBy: boolean; readonly names: readonly string[] } | undefined {
    const word = this.#tokens[this.#at];
    if (word !== 'by' && word !== 'without') return undefined;
    this.#at++;
    this.#take('(');
    const names: string[] = [];
    while (this.#tokens[this.#at] !== ')') {
      const name = this.#tokens[this.#at++];
      if (name === undefined) this.#fail();
      else if (name !== ',') names.push(name);
    }
    this.#at++;
    return { isBy: word === 'by', names };
  }

  #take(token: string): void {
    if (this.#tokens[this.#at] !== token) this.#fail();
    this.#at++;
  }

  #fail(token = this.#tokens[this.#at]): never {
    if (token === undefined) throw new QueryError('1:1: parse error: unexpected end of input');
    throw new QueryError(`1:1: parse error: unexpected ${JSON.stringify(token)}`);
  }
}

function passes({ name, op, value }: Matcher, labels: Readonly<Record<string, string>>): boolean {
  const has = Object.hasOwn(labels, name) ? (labels[name] ?? '') : '';
  if (op === '=') return has === value;
  if (op === '!=') return has !== value;
  return matchesPattern(value, has) === (op === '=~');
}

/** The patterns that dashboards use: alternatives, each with `.*`, `.+` and plain text; linear. */
function matchesPattern(pattern: string, text: string): boolean {
  return pattern
    .replace(/^\((.*)\)$/, '$1')
    .split('|')
    .some((choice) => {
      const pieces = choice.split(/\.[*+]/);
      if (choice.includes('.+') && text === '') return false;
      const [first = '', ...rest] = pieces;
      if (rest.length === 0) return text === first;
      if (!text.startsWith(first)) return false;
      let at = first.length;
      for (const [i, piece] of rest.entries()) {
        const next = i === rest.length - 1 ? text.lastIndexOf(piece) : text.indexOf(piece, at);
        if (next < at || (i === rest.length - 1 && !text.endsWith(piece))) return false;
        at = next + piece.length;
      }
      return true;
    });
}

function only(
  labels: Readonly<Record<string, string>>,
  names: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => names.includes(name)));
}

function without(
  labels: Readonly<Record<string, string>>,
  names: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));
}

function fold(kind: string, values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  if (kind === 'count') return values.length;
  if (kind === 'avg') return sum / values.length;
  if (kind === 'min') return Math.min(...values);
  return kind === 'max' ? Math.max(...values) : sum;
}

function combine(
  left: readonly Series[] | number,
  op: string,
  right: readonly Series[] | number,
): readonly Series[] | number {
  if (typeof left === 'number' && typeof right === 'number') return calculate(left, op, right);
  if (typeof right === 'number' && typeof left !== 'number')
    return applied(left, op, (one) => calculate(one, op, right));
  if (typeof left === 'number' && typeof right !== 'number')
    return applied(right, op, (one) => calculate(left, op, one));
  const other = new Map((right as readonly Series[]).map((one) => [keyOf(one), one.value]));
  return (left as readonly Series[]).flatMap((one) => {
    const value = other.get(keyOf(one));
    return value === undefined ? [] : applied([one], op, (mine) => calculate(mine, op, value));
  });
}

function keyOf(one: Series): string {
  return JSON.stringify(Object.entries(without(one.labels, ['__name__'])).sort());
}

function applied(list: readonly Series[], op: string, change: (value: number) => number): readonly Series[] {
  if (/[<>=]/.test(op)) return list.filter((one) => change(one.value) === 1);
  return list.map((one) => ({ labels: without(one.labels, ['__name__']), value: change(one.value) }));
}

function calculate(a: number, op: string, b: number): number {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '>':
      return a > b ? 1 : 0;
    case '<':
      return a < b ? 1 : 0;
    case '>=':
      return a >= b ? 1 : 0;
    case '<=':
      return a <= b ? 1 : 0;
    default:
      return (a === b) === (op === '==') ? 1 : 0;
  }
}
