/** Why an arithmetic text has no value: the message as bash words it, without the expression in front. */
export class ArithmeticFailure extends Error {
  override readonly name = 'ArithmeticFailure';
  /** `division by 0`, a syntax error's text… */
  readonly reason: string;
  /** The rest of the text at which it failed (bash's "error token"). */
  readonly token: string;
  /** The whole expression. */
  text = '';

  constructor(reason: string, token: string) {
    super(reason);
    this.reason = reason;
    this.token = token;
  }
}

/** The variables an expression may read and change; `index` is the text between the brackets of an array element. */
export type ArithmeticScope = {
  get(name: string, index: string | undefined): string;
  set(name: string, index: string | undefined, value: string): void;
};

const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<=', '>=', '<', '>'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
const ASSIGNING = ['<<=', '>>=', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '='];
const DEPTH_MAX = 64;
/** Brackets and signs in one expression: each is a call of ours. */
const NESTING_MAX = 200;

/** Evaluates `$((text))` in 64-bit integers; dash knows no `**`, `++`, `--` and `,`. @throws ArithmeticFailure */
export function evaluateArithmetic(
  text: string,
  scope: ArithmeticScope,
  depth = 0,
  dialect: 'bash' | 'ash' | 'dash' = 'bash',
): bigint {
  if (depth > DEPTH_MAX) throw new ArithmeticFailure('expression recursion level exceeded', text);
  if (text.trim() === '') return 0n;
  const reader = new Reader(text, scope, depth, dialect);
  try {
    const value = reader.comma();
    reader.blanks();
    if (reader.rest !== '')
      throw new ArithmeticFailure(
        /^([-+*/%&|^]|<<|>>)?=(?!=)/.test(reader.rest)
          ? 'attempted assignment to non-variable'
          : /^[^\w\s()[\]+*/%<>=!&|^~?:,-]/.test(reader.rest)
            ? 'syntax error: invalid arithmetic operator'
            : 'syntax error in expression',
        reader.rest,
      );
    return value;
  } catch (error) {
    if (error instanceof ArithmeticFailure && error.text === '') {
      // bash shows what it has read: up to the bad number.
      const end = error.reason.startsWith('value too great')
        ? text.indexOf(error.token) + error.token.length
        : undefined;
      error.text = text.slice(0, end).trimStart();
    }
    throw error;
  }
}

type Place = { readonly name: string; readonly index: string | undefined };

class Reader {
  readonly #text: string;
  readonly #scope: ArithmeticScope;
  readonly #depth: number;
  #at = 0;
  /** Above zero in a branch that is not taken: nothing is assigned or divided there. */
  #skipping = 0;

  /** Where the last operator or operand began, for the error token. */
  #last = 0;
  #nesting = 0;
  readonly #isDash: boolean;
  readonly #dialect: 'bash' | 'ash' | 'dash';

  constructor(text: string, scope: ArithmeticScope, depth: number, dialect: 'bash' | 'ash' | 'dash') {
    this.#isDash = dialect === 'dash';
    this.#dialect = dialect;
    this.#text = text;
    this.#scope = scope;
    this.#depth = depth;
  }

  get rest(): string {
    return this.#text.slice(this.#at);
  }

  blanks(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  comma(): bigint {
    if (++this.#nesting > NESTING_MAX)
      throw new ArithmeticFailure('expression recursion level exceeded', this.rest);
    let value = this.#assignment();
    while (!this.#isDash && this.#eat(',')) value = this.#assignment();
    this.#nesting--;
    return value;
  }

  #eat(operator: string): boolean {
    this.blanks();
    if (!this.#text.startsWith(operator, this.#at)) return false;
    this.#last = this.#at;
    this.#at += operator.length;
    return true;
  }

  #assignment(): bigint {
    const start = this.#at;
    const place = this.#place();
    if (place !== undefined) {
      this.blanks();
      const operator = ASSIGNING.find((one) => this.#text.startsWith(one, this.#at));
      if (operator !== undefined && !(operator === '=' && this.#text[this.#at + 1] === '=')) {
        this.#last = this.#at;
        this.#at += operator.length;
        const right = this.#assignment();
        const value =
          operator === '=' ? right : this.#apply(operator.slice(0, -1), this.#value(place), right);
        return this.#store(place, value);
      }
    }
    this.#at = start;
    return this.#ternary();
  }

  #store(place: Place, value: bigint): bigint {
    const kept = BigInt.asIntN(64, value);
    if (this.#skipping === 0) this.#scope.set(place.name, place.index, kept.toString());
    return kept;
  }

  #ternary(): bigint {
    const test = this.#binary(0);
    if (!this.#eat('?')) return test;
    const left = this.#skipUnless(test !== 0n, () => this.comma());
    if (!this.#eat(':')) throw new ArithmeticFailure("`:' expected for conditional expression", this.rest);
    const right = this.#skipUnless(test === 0n, () => this.#assignment());
    return test !== 0n ? left : right;
  }

  #skipUnless(taken: boolean, read: () => bigint): bigint {
    if (!taken) this.#skipping++;
    const value = read();
    if (!taken) this.#skipping--;
    return value;
  }

  #binary(level: number): bigint {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#power();
    let left = this.#binary(level + 1);
    for (
      let operator = this.#operatorOf(operators);
      operator !== undefined;
      operator = this.#operatorOf(operators)
    ) {
      this.#last = this.#at;
      this.#at += operator.length;
      const isTaken = operator === '&&' ? left !== 0n : operator === '||' ? left === 0n : true;
      const right = this.#skipUnless(isTaken, () => this.#binary(level + 1));
      left = this.#apply(operator, left, right);
    }
    return left;
  }

  #operatorOf(operators: readonly string[]): string | undefined {
    this.blanks();
    for (const operator of operators) {
      if (!this.#text.startsWith(operator, this.#at)) continue;
      const next = this.#text[this.#at + operator.length] ?? '';
      if (next === '=' && !operator.endsWith('=')) return undefined;
      if (operator.length === 1 && (this.#isDash ? '&|<>' : '&|<>*').includes(operator) && next === operator)
        return undefined;
      return operator;
    }
    return undefined;
  }

  #power(): bigint {
    const base = this.#unary();
    if (this.#isDash || !this.#eat('**')) return base;
    if (++this.#nesting > NESTING_MAX)
      throw new ArithmeticFailure('expression recursion level exceeded', this.rest);
    const exponent = this.#power();
    this.#nesting--;
    if (exponent < 0n) throw new ArithmeticFailure('exponent less than 0', (-exponent).toString());
    let value = 1n;
    for (
      let bit = exponent, factor = base;
      bit > 0n;
      bit >>= 1n, factor = BigInt.asIntN(64, factor * factor)
    ) {
      if (bit & 1n) value = BigInt.asIntN(64, value * factor);
    }
    return value;
  }

  #unary(): bigint {
    this.blanks();
    const two = this.#text.slice(this.#at, this.#at + 2);
    if ((two === '++' || two === '--') && !this.#isDash) {
      this.#at += 2;
      this.blanks();
      const place = this.#place();
      if (place !== undefined) return this.#store(place, this.#value(place) + (two === '++' ? 1n : -1n));
      this.#at -= 2;
    }
    const char = this.#text[this.#at] ?? '';
    if ('+-!~'.includes(char) && char !== '') {
      this.#last = this.#at;
      this.#at++;
      if (++this.#nesting > NESTING_MAX)
        throw new ArithmeticFailure('expression recursion level exceeded', this.rest);
      const value = this.#unary();
      this.#nesting--;
      return char === '-'
        ? BigInt.asIntN(64, -value)
        : char === '!'
          ? value === 0n
            ? 1n
            : 0n
          : char === '~'
            ? ~value
            : value;
    }
    return this.#primary();
  }

  #primary(): bigint {
    this.blanks();
    if (this.#eat('(')) {
      const value = this.comma();
      if (!this.#eat(')')) throw new ArithmeticFailure("missing `)'", this.rest);
      return value;
    }
    const number = /^(0[xX][0-9a-fA-F]+|[0-9]+#[0-9a-zA-Z@_]+|[0-9]+)[0-9A-Za-z_]*/.exec(this.rest);
    if (number !== null) {
      this.#at += number[0].length;
      return numberOf(number[0]);
    }
    const place = this.#place();
    if (place === undefined)
      throw new ArithmeticFailure(
        'syntax error: operand expected',
        this.rest.trim() === '' ? this.#text.slice(this.#last) : this.rest,
      );
    const value = this.#value(place);
    for (const [operator, step] of [
      ['++', 1n],
      ['--', -1n],
    ] as const) {
      if (!this.#isDash && this.#text.startsWith(operator, this.#at)) {
        this.#at += 2;
        this.#store(place, value + step);
      }
    }
    return value;
  }

  #place(): Place | undefined {
    this.blanks();
    const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(this.rest)?.[0];
    if (name === undefined) return undefined;
    this.#at += name.length;
    if (this.#text[this.#at] !== '[') return { name, index: undefined };
    const end = closing(this.#text, this.#at);
    if (end < 0) return { name, index: undefined };
    const index = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return { name, index };
  }

  #value(place: Place): bigint {
    const text = this.#scope.get(place.name, place.index).trim();
    if (text === '' || this.#skipping > 0) return 0n;
    if (this.#isDash && !/^[-+]?(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(text))
      throw new ArithmeticFailure('illegal number', text);
    return /^-?[0-9]+$/.test(text) && !/^-?0[0-9]/.test(text)
      ? BigInt.asIntN(64, BigInt(text))
      : evaluateArithmetic(text, this.#scope, this.#depth + 1, this.#dialect);
  }

  #apply(operator: string, a: bigint, b: bigint): bigint {
    if ((operator === '/' || operator === '%') && b === 0n) {
      if (this.#skipping > 0) return 0n;
      throw new ArithmeticFailure('division by 0', this.#text.slice(this.#lastOperand()).trimStart());
    }
    return BigInt.asIntN(64, OPERATIONS[operator]?.(a, b) ?? 0n);
  }

  #lastOperand(): number {
    const head = this.#text.slice(0, this.#at);
    return Math.max(head.lastIndexOf('/'), head.lastIndexOf('%')) + 1;
  }
}

/** The place of the `]` that closes the bracket at `from`; -1 when there is none. */
function closing(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '[') depth++;
    else if (text[at] === ']' && --depth === 0) return at;
  }
  return -1;
}

const truth = (value: boolean): bigint => (value ? 1n : 0n);

const OPERATIONS: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  '||': (a, b) => truth(a !== 0n || b !== 0n),
  '&&': (a, b) => truth(a !== 0n && b !== 0n),
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '&': (a, b) => a & b,
  '==': (a, b) => truth(a === b),
  '!=': (a, b) => truth(a !== b),
  '<': (a, b) => truth(a < b),
  '>': (a, b) => truth(a > b),
  '<=': (a, b) => truth(a <= b),
  '>=': (a, b) => truth(a >= b),
  '<<': (a, b) => a << (b & 63n),
  '>>': (a, b) => a >> (b & 63n),
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
};

function numberOf(text: string): bigint {
  const based = /^([0-9]+)#(.+)$/.exec(text);
  if (based !== null) return basedNumber(Number(based[1]), based[2] ?? '', text);
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return BigInt.asIntN(64, BigInt(text));
  if (/^0[0-9]+$/.test(text)) {
    if (/[89]/.test(text)) throw new ArithmeticFailure('value too great for base', text);
    return BigInt.asIntN(64, BigInt(`0o${text.slice(1)}`));
  }
  if (!/^[0-9]+$/.test(text)) throw new ArithmeticFailure('value too great for base', text);
  return BigInt.asIntN(64, BigInt(text));
}

function basedNumber(base: number, digits: string, text: string): bigint {
  if (base < 2 || base > 64) throw new ArithmeticFailure('invalid arithmetic base', text);
  let value = 0n;
  for (const digit of digits) {
    const at = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ@_'.indexOf(
      base <= 36 ? digit.toLowerCase() : digit,
    );
    if (at < 0 || at >= base) throw new ArithmeticFailure('value too great for base', text);
    value = BigInt.asIntN(64, value * BigInt(base) + BigInt(at));
  }
  return value;
}
