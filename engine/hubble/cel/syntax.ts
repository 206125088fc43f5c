/** A problem of an expression at a place in its text (characters from 0). */
export type CelProblem = { readonly at: number; readonly message: string };

/** A node of a parsed expression. `at` is where the checker's errors point: an operator, a dot, a parenthesis. */
export type CelNode =
  | { readonly kind: 'constant'; readonly at: number; readonly value: CelConstant }
  | { readonly kind: 'name'; readonly at: number; readonly name: string }
  | {
      readonly kind: 'select';
      readonly at: number;
      readonly of: CelNode;
      readonly field: string;
      /** True inside of `has(…)`. */
      readonly isTest: boolean;
    }
  | {
      readonly kind: 'call';
      readonly at: number;
      readonly name: string;
      readonly target: CelNode | undefined;
      readonly args: readonly CelNode[];
    }
  | { readonly kind: 'list'; readonly at: number; readonly items: readonly CelNode[] }
  | { readonly kind: 'map'; readonly at: number; readonly entries: readonly (readonly [CelNode, CelNode])[] }
  | {
      readonly kind: 'each';
      readonly at: number;
      readonly macro: 'all' | 'exists' | 'exists_one' | 'map' | 'filter';
      readonly over: CelNode;
      readonly variable: string;
      readonly body: CelNode;
      /** What `map` with three arguments keeps. */
      readonly guard: CelNode | undefined;
    };

/** A literal with its type. */
export type CelConstant =
  | { readonly type: 'int' | 'uint'; readonly value: bigint }
  | { readonly type: 'double'; readonly value: number }
  | { readonly type: 'string' | 'bytes'; readonly value: string }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'null'; readonly value: null };

type TokenKind = 'name' | 'constant' | 'sign' | 'end';
type Token = {
  readonly kind: TokenKind;
  readonly at: number;
  readonly text: string;
  readonly constant?: CelConstant;
};

const SIGNS = ['==', '!=', '<=', '>=', '&&', '||', ...'<>!?:+-*/%()[]{}.,'.split('')];
const EXPRESSION_STARTS =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
/** Nesting that the parser takes (cel-go's default recursion limit). */
const DEPTH_MAX = 250;

/** Splits a text into tokens; what is no token becomes a problem and is skipped. */
function tokensOf(text: string, problems: CelProblem[]): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at, at + 4200);
    const space = /^(?:\s+|\/\/[^\n]*)/.exec(rest);
    if (space) {
      at += space[0].length;
      continue;
    }
    const token = tokenAt(rest, at);
    if (token) {
      tokens.push(token);
      at += token.text.length;
      continue;
    }
    const skipped = /^["']/.test(rest) ? rest : rest.slice(0, /^[=&|]/.test(rest) ? 2 : 1);
    problems.push({ at, message: `Syntax error: token recognition error at: '${skipped}'` });
    at += Math.max(1, skipped.length);
  }
  tokens.push({ kind: 'end', at: text.length, text: '<EOF>' });
  return tokens;
}

function tokenAt(rest: string, at: number): Token | undefined {
  const quoted = /^([rRbB]{0,2})("""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')/.exec(
    rest,
  );
  if (quoted) {
    const [text, prefix = '', literal = ''] = quoted;
    const width = /^("""|''')/.test(literal) ? 3 : 1;
    const inner = literal.slice(width, -width);
    const value = /r/i.test(prefix) ? inner : unescaped(inner);
    return {
      kind: 'constant',
      at,
      text,
      constant: { type: /b/i.test(prefix) ? 'bytes' : 'string', value },
    };
  }
  const number =
    /^(?:0x[0-9a-fA-F]+[uU]?|\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?|\d+[uU]?)/.exec(
      rest,
    );
  if (number) return { kind: 'constant', at, text: number[0], constant: numberOf(number[0]) };
  const name = /^[A-Za-z_]\w*/.exec(rest)?.[0];
  if (name === 'true' || name === 'false')
    return { kind: 'constant', at, text: name, constant: { type: 'bool', value: name === 'true' } };
  if (name === 'null') return { kind: 'constant', at, text: name, constant: { type: 'null', value: null } };
  if (name === 'in') return { kind: 'sign', at, text: 'in' };
  if (name !== undefined) return { kind: 'name', at, text: name };
  const sign = SIGNS.find((item) => rest.startsWith(item));
  return sign === undefined ? undefined : { kind: 'sign', at, text: sign };
}

function numberOf(text: string): CelConstant {
  if (/^0x/.test(text) || /^\d+[uU]?$/.test(text)) {
    const isUnsigned = /[uU]$/.test(text);
    return { type: isUnsigned ? 'uint' : 'int', value: BigInt(isUnsigned ? text.slice(0, -1) : text) };
  }
  return { type: 'double', value: Number(text) };
}

const ESCAPES = new Map(
  Object.entries({ n: '\n', t: '\t', r: '\r', a: '\u0007', b: '\b', f: '\f', v: '\v' }),
);

function unescaped(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([0-3][0-7]{2})|([\s\S]))/g,
    (_all, hex?: string, unicode?: string, octal?: string, single?: string) => {
      const code = hex ?? unicode;
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      return ESCAPES.get(single ?? '') ?? single ?? '';
    },
  );
}

/** Levels of binary operators, the loosest first; each level's operators lead to the left. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<', '<=', '>', '>=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
];

class SyntaxStop extends Error {}

/** Parses an expression of the Common Expression Language; problems are in the words of cel-go's parser. */
export function parseCel(text: string): {
  readonly node?: CelNode;
  readonly problems: readonly CelProblem[];
} {
  const problems: CelProblem[] = [];
  const parser = new Parser(tokensOf(text, problems), problems);
  try {
    const node = parser.whole();
    return problems.length > 0 ? { problems } : { node, problems };
  } catch (error) {
    if (error instanceof SyntaxStop) return { problems };
    throw error;
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #problems: CelProblem[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], problems: CelProblem[]) {
    this.#tokens = tokens;
    this.#problems = problems;
  }

  whole(): CelNode {
    const node = this.#expression();
    const left = this.#peek();
    if (left.kind !== 'end') {
      const isLast = this.#tokens[this.#next + 1]?.kind === 'end';
      this.#report(left, `${isLast ? 'extraneous' : 'mismatched'} input '${left.text}' expecting <EOF>`);
    }
    return node;
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', at: 0, text: '<EOF>' };
  }

  #take(): Token {
    const token = this.#peek();
    this.#next++;
    return token;
  }

  #is(text: string): boolean {
    const token = this.#peek();
    return token.kind === 'sign' && token.text === text;
  }

  #expect(text: string): Token {
    if (this.#is(text)) return this.#take();
    const token = this.#peek();
    return this.#stop(token, `mismatched input '${token.text}' expecting '${text}'`);
  }

  #report(token: Token, message: string): void {
    this.#problems.push({ at: token.at, message: `Syntax error: ${message}` });
  }

  #stop(token: Token, message: string): never {
    this.#report(token, message);
    throw new SyntaxStop();
  }

  #expression(): CelNode {
    if (++this.#depth > DEPTH_MAX) {
      this.#problems.push({ at: 0, message: `expression recursion limit exceeded: ${DEPTH_MAX}` });
      throw new SyntaxStop();
    }
    const condition = this.#binary(0);
    let node = condition;
    if (this.#is('?')) {
      const { at } = this.#take();
      const yes = this.#binary(0);
      this.#expect(':');
      node = {
        kind: 'call',
        at,
        name: '_?_:_',
        target: undefined,
        args: [condition, yes, this.#expression()],
      };
    }
    this.#depth--;
    return node;
  }

  #binary(level: number): CelNode {
    const signs = LEVELS[level];
    if (!signs) return this.#unary();
    let left = this.#binary(level + 1);
    while (this.#peek().kind === 'sign' && signs.includes(this.#peek().text)) {
      const { at, text } = this.#take();
      const right = this.#binary(level + 1);
      left = {
        kind: 'call',
        at,
        name: text === 'in' ? '@in' : `_${text}_`,
        target: undefined,
        args: [left, right],
      };
    }
    return left;
  }

  #unary(): CelNode {
    const first = this.#peek();
    if (!this.#is('!') && !this.#is('-')) return this.#member();
    let count = 0;
    while (this.#is(first.text)) {
      this.#next++;
      count++;
    }
    const next = this.#peek();
    if (
      first.text === '-' &&
      next.constant &&
      (next.constant.type === 'int' || next.constant.type === 'double')
    ) {
      const value = next.constant.type === 'int' ? -next.constant.value : -next.constant.value;
      if (count % 2 === 1) {
        const tokens = this.#tokens as Token[];
        tokens[this.#next] = {
          ...next,
          at: first.at,
          constant: { type: next.constant.type, value } as CelConstant,
        };
      }
      return this.#member();
    }
    const operand = this.#member();
    return count % 2 === 0
      ? operand
      : { kind: 'call', at: first.at, name: `${first.text}_`, target: undefined, args: [operand] };
  }

  #member(): CelNode {
    let node = this.#primary();
    for (;;) {
      if (this.#is('.')) {
        const dot = this.#take();
        const name = this.#take();
        if (name.kind !== 'name')
          this.#stop(name, `no viable alternative at input '.${name.text === '<EOF>' ? '' : name.text}'`);
        if (this.#is('(')) {
          const open = this.#take();
          node = this.#method(node, name.text, open.at, this.#list(')'));
        } else node = { kind: 'select', at: dot.at, of: node, field: name.text, isTest: false };
      } else if (this.#is('[')) {
        const { at } = this.#take();
        const index = this.#expression();
        this.#expect(']');
        node = { kind: 'call', at, name: '_[_]', target: undefined, args: [node, index] };
      } else return node;
    }
  }

  #method(target: CelNode, name: string, at: number, args: readonly CelNode[]): CelNode {
    const [variable, second, third] = args;
    const isMacro =
      (['all', 'exists', 'exists_one', 'filter'].includes(name) && args.length === 2) ||
      (name === 'map' && (args.length === 2 || args.length === 3));
    if (!isMacro || !variable || !second) return { kind: 'call', at, name, target, args };
    if (variable.kind !== 'name') {
      this.#problems.push({ at: variable.at, message: 'argument must be a simple name' });
      throw new SyntaxStop();
    }
    return {
      kind: 'each',
      at,
      macro: name as 'all',
      over: target,
      variable: variable.name,
      body: third ?? second,
      guard: third ? second : undefined,
    };
  }

  #list(end: ')' | ']'): CelNode[] {
    const items: CelNode[] = [];
    while (!this.#is(end)) {
      items.push(this.#expression());
      if (!this.#is(',')) break;
      this.#next++;
    }
    this.#expect(end);
    return items;
  }

  #primary(): CelNode {
    const token = this.#peek();
    if (token.constant) {
      this.#next++;
      return { kind: 'constant', at: token.at, value: token.constant };
    }
    if (token.kind === 'name' || (this.#is('.') && this.#tokens[this.#next + 1]?.kind === 'name')) {
      if (token.kind !== 'name') this.#next++;
      const name = this.#take();
      if (!this.#is('(')) return { kind: 'name', at: name.at, name: name.text };
      const open = this.#take();
      return this.#function(name.text, open.at, this.#list(')'));
    }
    if (this.#is('(')) {
      this.#next++;
      const inner = this.#expression();
      this.#expect(')');
      return inner;
    }
    if (this.#is('[')) {
      this.#next++;
      return { kind: 'list', at: token.at, items: this.#list(']') };
    }
    if (this.#is('{')) return this.#map();
    return this.#stop(
      token,
      `${token.kind === 'end' ? 'mismatched' : 'extraneous'} input '${token.text}' expecting ${EXPRESSION_STARTS}`,
    );
  }

  #map(): CelNode {
    const { at } = this.#take();
    const entries: (readonly [CelNode, CelNode])[] = [];
    while (!this.#is('}')) {
      const key = this.#expression();
      this.#expect(':');
      entries.push([key, this.#expression()]);
      if (!this.#is(',')) break;
      this.#next++;
    }
    this.#expect('}');
    return { kind: 'map', at, entries };
  }

  #function(name: string, at: number, args: readonly CelNode[]): CelNode {
    const [field] = args;
    if (name !== 'has' || args.length !== 1) return { kind: 'call', at, name, target: undefined, args };
    if (field?.kind === 'select') return { ...field, isTest: true };
    this.#problems.push({ at, message: 'invalid argument to has() macro' });
    throw new SyntaxStop();
  }
}
