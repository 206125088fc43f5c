import { JsonFailure, parseJson } from './json.ts';

/** A jq filter. */
export type Node =
  | { readonly kind: 'identity' | 'recurse' }
  | { readonly kind: 'literal'; readonly value: null | boolean | number | string }
  | {
      readonly kind: 'string';
      readonly parts: readonly (string | Node)[];
      readonly format: string | undefined;
    }
  | { readonly kind: 'format'; readonly name: string }
  | { readonly kind: 'index'; readonly target: Node; readonly key: Node }
  | {
      readonly kind: 'slice';
      readonly target: Node;
      readonly from: Node | undefined;
      readonly to: Node | undefined;
    }
  | { readonly kind: 'iterate'; readonly target: Node }
  | { readonly kind: 'try'; readonly body: Node; readonly handler: Node | undefined }
  | { readonly kind: 'array'; readonly body: Node | undefined }
  | { readonly kind: 'object'; readonly members: readonly (readonly [Node, Node])[] }
  | { readonly kind: 'negate'; readonly body: Node }
  | { readonly kind: 'pipe' | 'comma'; readonly left: Node; readonly right: Node }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Node; readonly right: Node }
  | {
      readonly kind: 'if';
      readonly condition: Node;
      readonly then: Node;
      readonly otherwise: Node | undefined;
    }
  | {
      readonly kind: 'reduce';
      readonly source: Node;
      readonly patterns: readonly Pattern[];
      readonly start: Node;
      readonly update: Node;
    }
  | {
      readonly kind: 'foreach';
      readonly source: Node;
      readonly patterns: readonly Pattern[];
      readonly start: Node;
      readonly update: Node;
      readonly extract: Node | undefined;
    }
  | {
      readonly kind: 'bind';
      readonly source: Node;
      readonly patterns: readonly Pattern[];
      readonly body: Node;
    }
  | {
      readonly kind: 'define';
      readonly name: string;
      readonly parameters: readonly string[];
      readonly body: Node;
      readonly rest: Node;
    }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Node[]; readonly at: number }
  | { readonly kind: 'variable'; readonly name: string; readonly at: number }
  | { readonly kind: 'label'; readonly name: string; readonly body: Node }
  | { readonly kind: 'break'; readonly name: string };

/** What `as` binds. */
export type Pattern =
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'array'; readonly items: readonly Pattern[] }
  | {
      readonly kind: 'object';
      readonly members: readonly {
        readonly key: Node;
        readonly name: string | undefined;
        readonly pattern: Pattern | undefined;
      }[];
    };

/** A filter that does not compile: message and the place (UTF-16 units) it is about. */
export class FilterFailure extends Error {
  override readonly name = 'FilterFailure';
  readonly at: number;
  /** A second complaint that jq adds for some mistakes. */
  readonly extra: string | undefined;

  constructor(message: string, at: number, extra?: string) {
    super(message);
    this.at = at;
    this.extra = extra;
  }
}

type Token = {
  readonly kind: 'field' | 'word' | 'variable' | 'number' | 'string' | 'format' | 'operator' | 'end';
  readonly text: string;
  readonly at: number;
  readonly parts?: readonly (string | Node)[];
};

const KEYWORDS = new Set([
  'def',
  'if',
  'then',
  'elif',
  'else',
  'end',
  'as',
  'reduce',
  'foreach',
  'try',
  'catch',
  'label',
  'import',
  'include',
  'and',
  'or',
  '__loc__',
]);
const OPERATORS = [
  '?//',
  '|=',
  '//=',
  '+=',
  '-=',
  '*=',
  '/=',
  '%=',
  '==',
  '!=',
  '<=',
  '>=',
  '//',
  '..',
  '.',
  '[',
  ']',
  '{',
  '}',
  '(',
  ')',
  '|',
  ',',
  ':',
  ';',
  '=',
  '<',
  '>',
  '+',
  '-',
  '*',
  '/',
  '%',
  '?',
  '$',
];
const SYNTAX = 'syntax error, unexpected ';
const QUOTING = ' (Unix shell quoting issues?)';

/** Parses a filter. @throws FilterFailure */
export function parseFilter(text: string): Node {
  const reader = new FilterReader(text);
  return reader.program();
}

/** Parses function definitions for the prelude: their nodes end in the identity. */
class FilterReader {
  readonly #text: string;
  #at: number;
  #token: Token | undefined;

  constructor(text: string, at = 0) {
    this.#text = text;
    this.#at = at;
  }

  program(): Node {
    if (this.#peek().kind === 'end') return { kind: 'identity' };
    const node = this.#pipe(true);
    if (this.#peek().kind !== 'end') this.#unexpected(', expecting end of file');
    return node;
  }

  /** The filter inside `\( … )` and the place after its bracket. */
  interpolation(): { node: Node; end: number } {
    const node = this.#pipe();
    if (!this.#isOperator(')')) this.#unexpected();
    return { node, end: this.#peek().at + 1 };
  }

  #unexpected(given = '', extra?: string): never {
    const token = this.#peek();
    const isEnd = token.kind === 'end';
    const isFirst = !isEnd && this.#text.slice(0, token.at).trim() === '';
    const expecting = given === '' && isFirst ? ', expecting end of file' : given;
    const names = {
      field: 'FIELD',
      word: 'IDENT',
      variable: "'$'",
      number: 'LITERAL',
      string: 'QQSTRING_START',
      format: 'FORMAT',
      operator: `'${token.text}'`,
      end: 'end of file',
    };
    const closes = token.kind === 'operator' && /^[)}\]]$/.test(token.text) && expecting.includes('of file');
    const name = closes
      ? 'INVALID_CHARACTER'
      : token.kind === 'word' && KEYWORDS.has(token.text)
        ? token.text
        : token.kind === 'operator' && token.text.length > 1
          ? token.text === '..'
            ? '..'
            : `"${token.text}"`
          : names[token.kind];
    throw new FilterFailure(
      `${SYNTAX}${name}${expecting}${QUOTING}`,
      isEnd ? Math.max(0, this.#text.length - 1) : token.at,
      extra,
    );
  }

  #peek(): Token {
    this.#token ??= this.#read();
    return this.#token;
  }

  #take(): Token {
    const token = this.#peek();
    this.#token = undefined;
    return token;
  }

  #isOperator(...texts: string[]): boolean {
    const token = this.#peek();
    return token.kind === 'operator' && texts.includes(token.text);
  }

  #isWord(text: string): boolean {
    const token = this.#peek();
    return token.kind === 'word' && token.text === text;
  }

  #expect(text: string, expecting = ''): void {
    const token = this.#peek();
    if ((token.kind !== 'operator' && token.kind !== 'word') || token.text !== text)
      this.#unexpected(expecting);
    this.#take();
  }

  #read(): Token {
    for (;;) {
      const blank = /^(\s+|#[^\n]*)/.exec(this.#text.slice(this.#at));
      if (blank === null) break;
      this.#at += blank[0].length;
    }
    const at = this.#at;
    const rest = this.#text.slice(at);
    if (rest === '') return { kind: 'end', text: '', at };
    const match = (pattern: RegExp): string | undefined => pattern.exec(rest)?.[0];
    const take = (kind: Token['kind'], text: string, length = text.length): Token => {
      this.#at = at + length;
      return { kind, text, at };
    };
    if (rest.startsWith('"')) return this.#string(at);
    const field = match(/^\.[A-Za-z_][A-Za-z0-9_]*/);
    if (field !== undefined) return take('field', field.slice(1), field.length);
    const variable = match(/^\$(?:__loc__|[A-Za-z_][A-Za-z0-9_]*(?:::[A-Za-z_][A-Za-z0-9_]*)*)/);
    if (variable !== undefined) return take('variable', variable.slice(1), variable.length);
    const word = match(/^[A-Za-z_][A-Za-z0-9_]*(::[A-Za-z_][A-Za-z0-9_]*)*/);
    if (word !== undefined) return take('word', word);
    const number = match(/^(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?/);
    if (number !== undefined) return take('number', number);
    const format = match(/^@[A-Za-z0-9_]+/);
    if (format !== undefined) return take('format', format);
    const operator = OPERATORS.find((one) => rest.startsWith(one));
    if (operator === undefined) {
      const isFirst = this.#text.slice(0, at).trim() === '';
      throw new FilterFailure(
        `${SYNTAX}INVALID_CHARACTER${isFirst ? ', expecting end of file' : ''}${QUOTING}`,
        at,
      );
    }
    return take('operator', operator);
  }

  #string(at: number): Token {
    const parts: (string | Node)[] = [];
    let raw = '';
    let place = at + 1;
    const flush = (): void => {
      if (raw === '') return;
      try {
        parts.push(String(parseJson(`"${raw.replace(/\n/g, '\\n').replace(/\t/g, '\\t')}"`)));
      } catch (error) {
        if (!(error instanceof JsonFailure)) throw error;
        throw new FilterFailure(`${SYNTAX}INVALID_CHARACTER${QUOTING}`, place);
      }
      raw = '';
    };
    for (;;) {
      const char = this.#text[place];
      if (char === undefined) {
        throw new FilterFailure(
          `${SYNTAX}end of file, expecting QQSTRING_TEXT or QQSTRING_INTERP_START or QQSTRING_END${QUOTING}`,
          Math.max(0, this.#text.length - 1),
          this.#text[at - 1] === '.'
            ? 'try .["field"] instead of .field for unusually named fields'
            : undefined,
        );
      }
      if (char === '"') break;
      if (char === '\\' && this.#text[place + 1] === '(') {
        flush();
        const inner = new FilterReader(this.#text, place + 2).interpolation();
        parts.push(inner.node);
        place = inner.end;
      } else if (char === '\\') {
        raw += char + (this.#text[place + 1] ?? '');
        place += 2;
      } else {
        raw += char;
        place++;
      }
    }
    flush();
    this.#at = place + 1;
    return { kind: 'string', text: '', at, parts };
  }

  #pipe(allowsEmpty = false): Node {
    if (this.#isWord('def')) return this.#define(allowsEmpty);
    const left = this.#comma();
    if (this.#isWord('as')) return this.#bind(left);
    if (!this.#isOperator('|')) return left;
    this.#take();
    return { kind: 'pipe', left, right: this.#pipe() };
  }

  #bind(source: Node): Node {
    this.#take();
    const patterns = [this.#pattern()];
    while (this.#isOperator('?//')) {
      this.#take();
      patterns.push(this.#pattern());
    }
    this.#expect('|');
    return { kind: 'bind', source, patterns, body: this.#pipe() };
  }

  #define(allowsEmpty: boolean): Node {
    this.#take();
    const name = this.#take().text;
    const parameters: string[] = [];
    if (this.#isOperator('(')) {
      do {
        this.#take();
        const token = this.#take();
        parameters.push(token.kind === 'variable' ? `$${token.text}` : token.text);
      } while (this.#isOperator(';'));
      this.#expect(')');
    }
    this.#expect(':');
    const body = this.#pipe();
    this.#expect(';');
    const rest: Node =
      allowsEmpty && this.#peek().kind === 'end' ? { kind: 'identity' } : this.#pipe(allowsEmpty);
    return { kind: 'define', name, parameters, body, rest };
  }

  #comma(): Node {
    let left = this.#assign();
    while (this.#isOperator(',')) {
      this.#take();
      left = { kind: 'comma', left, right: this.#assign() };
    }
    return left;
  }

  #assign(): Node {
    const left = this.#alternative();
    if (!this.#isOperator('=', '|=', '+=', '-=', '*=', '/=', '%=', '//=')) return left;
    const operator = this.#take().text;
    return { kind: 'binary', operator, left, right: this.#alternative() };
  }

  #alternative(): Node {
    const left = this.#or();
    if (!this.#isOperator('//')) return left;
    this.#take();
    return { kind: 'binary', operator: '//', left, right: this.#alternative() };
  }

  #or(): Node {
    let left = this.#and();
    while (this.#isWord('or')) {
      this.#take();
      left = { kind: 'binary', operator: 'or', left, right: this.#and() };
    }
    return left;
  }

  #and(): Node {
    let left = this.#comparison();
    while (this.#isWord('and')) {
      this.#take();
      left = { kind: 'binary', operator: 'and', left, right: this.#comparison() };
    }
    return left;
  }

  #comparison(): Node {
    const left = this.#sum();
    if (!this.#isOperator('==', '!=', '<', '<=', '>', '>=')) return left;
    const operator = this.#take().text;
    return { kind: 'binary', operator, left, right: this.#sum() };
  }

  #sum(): Node {
    let left = this.#product();
    while (this.#isOperator('+', '-')) {
      const operator = this.#take().text;
      left = { kind: 'binary', operator, left, right: this.#product() };
    }
    return left;
  }

  #product(): Node {
    let left = this.#postfix();
    while (this.#isOperator('*', '/', '%')) {
      const operator = this.#take().text;
      left = { kind: 'binary', operator, left, right: this.#postfix() };
    }
    return left;
  }

  #postfix(): Node {
    let node = this.#term();
    for (;;) {
      const token = this.#peek();
      if (token.kind === 'field') {
        this.#take();
        node = { kind: 'index', target: node, key: { kind: 'literal', value: token.text } };
      } else if (this.#isOperator('?')) {
        this.#take();
        node = { kind: 'try', body: node, handler: undefined };
      } else if (this.#isOperator('[')) node = this.#bracket(node);
      else if (this.#isOperator('.') && this.#text[token.at + 1] === '[') this.#take();
      else if (this.#isOperator('.') && this.#text[token.at + 1] === '"') {
        this.#take();
        node = { kind: 'index', target: node, key: this.#stringNode(this.#take(), undefined) };
      } else if (this.#isWord('as') && node.kind !== 'bind') return this.#bindTerm(node);
      else return node;
    }
  }

  /** `term as $x | body`: binds tighter than operators, its body reaches as far as it can. */
  #bindTerm(node: Node): Node {
    return this.#bind(node);
  }

  #bracket(target: Node): Node {
    this.#take();
    if (this.#isOperator(']')) {
      this.#take();
      return { kind: 'iterate', target };
    }
    if (this.#isOperator(':')) {
      this.#take();
      const to = this.#pipe();
      this.#expect(']');
      return { kind: 'slice', target, from: undefined, to };
    }
    const key = this.#pipe();
    if (this.#isOperator(':')) {
      this.#take();
      const to = this.#isOperator(']') ? undefined : this.#pipe();
      this.#expect(']');
      return { kind: 'slice', target, from: key, to };
    }
    this.#expect(']');
    return { kind: 'index', target, key };
  }

  #stringNode(token: Token, format: string | undefined): Node {
    const parts = token.parts ?? [];
    if (parts.every((part) => typeof part === 'string')) return { kind: 'literal', value: parts.join('') };
    return { kind: 'string', parts, format };
  }

  #term(): Node {
    const token = this.#peek();
    switch (token.kind) {
      case 'number':
        this.#take();
        return { kind: 'literal', value: Number(token.text) };
      case 'string':
        this.#take();
        return this.#stringNode(token, undefined);
      case 'format': {
        this.#take();
        return this.#peek().kind === 'string'
          ? this.#stringNode(this.#take(), token.text)
          : { kind: 'format', name: token.text };
      }
      case 'field':
        this.#take();
        return { kind: 'index', target: { kind: 'identity' }, key: { kind: 'literal', value: token.text } };
      case 'variable':
        this.#take();
        return { kind: 'variable', name: token.text, at: token.at };
      case 'word':
        return this.#word(token);
      case 'operator':
        return this.#symbol(token);
      default:
        return this.#unexpected();
    }
  }

  #symbol(token: Token): Node {
    switch (token.text) {
      case '.': {
        this.#take();
        if (this.#peek().kind === 'string' && this.#peek().at === token.at + 1)
          return {
            kind: 'index',
            target: { kind: 'identity' },
            key: this.#stringNode(this.#take(), undefined),
          };
        return { kind: 'identity' };
      }
      case '..':
        this.#take();
        return { kind: 'recurse' };
      case '(': {
        this.#take();
        const node = this.#pipe();
        this.#expect(')');
        return node;
      }
      case '[': {
        this.#take();
        if (this.#isOperator(']')) {
          this.#take();
          return { kind: 'array', body: undefined };
        }
        const body = this.#pipe();
        this.#expect(']');
        return { kind: 'array', body };
      }
      case '{':
        return this.#object();
      case '-':
        this.#take();
        return { kind: 'negate', body: this.#postfix() };
      default:
        return this.#unexpected();
    }
  }

  #object(): Node {
    this.#take();
    const members: [Node, Node][] = [];
    while (!this.#isOperator('}')) {
      members.push(this.#member());
      if (this.#isOperator(',')) this.#take();
      else if (!this.#isOperator('}')) this.#unexpected(this.#peek().kind === 'end' ? ", expecting '}'" : '');
    }
    this.#take();
    return { kind: 'object', members };
  }

  #member(): [Node, Node] {
    const token = this.#take();
    let key: Node;
    let short: Node | undefined;
    if (token.kind === 'variable') {
      key = { kind: 'literal', value: token.text };
      short = { kind: 'variable', name: token.text, at: token.at };
    } else if (token.kind === 'word' || token.kind === 'number') {
      key = { kind: 'literal', value: token.text };
      short = { kind: 'index', target: { kind: 'identity' }, key };
    } else if (token.kind === 'string' || token.kind === 'format') {
      key =
        token.kind === 'format'
          ? this.#stringNode(this.#take(), token.text)
          : this.#stringNode(token, undefined);
      short = { kind: 'index', target: { kind: 'identity' }, key };
    } else if (token.kind === 'operator' && token.text === '(') {
      key = this.#pipe();
      this.#expect(')');
    } else {
      this.#token = token;
      return this.#unexpected();
    }
    if (!this.#isOperator(':')) return short === undefined ? this.#unexpected() : [key, short];
    this.#take();
    let value = this.#memberValue();
    while (this.#isOperator('|')) {
      this.#take();
      value = { kind: 'pipe', left: value, right: this.#memberValue() };
    }
    return [key, value];
  }

  #memberValue(): Node {
    return this.#alternative();
  }

  #word(token: Token): Node {
    switch (token.text) {
      case 'if':
        return this.#if();
      case 'try': {
        this.#take();
        const body = this.#postfix();
        if (!this.#isWord('catch')) return { kind: 'try', body, handler: undefined };
        this.#take();
        return { kind: 'try', body, handler: this.#postfix() };
      }
      case 'reduce':
      case 'foreach':
        return this.#fold(token.text);
      case 'label': {
        this.#take();
        const name = this.#take().text;
        this.#expect('|');
        return { kind: 'label', name, body: this.#pipe() };
      }
      case 'def':
        return this.#define(false);
    }
    if (KEYWORDS.has(token.text)) return this.#unexpected();
    this.#take();
    if (token.text === 'true' || token.text === 'false')
      return { kind: 'literal', value: token.text === 'true' };
    if (token.text === 'null') return { kind: 'literal', value: null };
    if (token.text === 'break' && this.#peek().kind === 'variable')
      return { kind: 'break', name: this.#take().text };
    const args: Node[] = [];
    if (this.#isOperator('(')) {
      do {
        this.#take();
        args.push(this.#pipe());
      } while (this.#isOperator(';'));
      this.#expect(')');
    }
    return { kind: 'call', name: token.text, args, at: token.at };
  }

  #if(): Node {
    this.#take();
    const condition = this.#pipe();
    this.#expect('then');
    const then = this.#pipe();
    if (this.#isWord('elif')) return { kind: 'if', condition, then, otherwise: this.#if() };
    let otherwise: Node | undefined;
    if (this.#isWord('else')) {
      this.#take();
      otherwise = this.#pipe();
    }
    if (!this.#isWord('end')) this.#unexpected('', "Possibly unterminated 'if' statement");
    this.#take();
    return { kind: 'if', condition, then, otherwise };
  }

  #fold(kind: 'reduce' | 'foreach'): Node {
    this.#take();
    const source = this.#foldSource();
    this.#expect('as');
    const patterns = [this.#pattern()];
    this.#expect('(');
    const start = this.#pipe();
    this.#expect(';');
    const update = this.#pipe();
    let extract: Node | undefined;
    if (kind === 'foreach' && this.#isOperator(';')) {
      this.#take();
      extract = this.#pipe();
    }
    this.#expect(')');
    return kind === 'reduce'
      ? { kind, source, patterns, start, update }
      : { kind, source, patterns, start, update, extract };
  }

  #foldSource(): Node {
    let node = this.#term();
    for (;;) {
      const token = this.#peek();
      if (token.kind === 'field') {
        this.#take();
        node = { kind: 'index', target: node, key: { kind: 'literal', value: token.text } };
      } else if (this.#isOperator('[')) node = this.#bracket(node);
      else if (this.#isOperator('?')) {
        this.#take();
        node = { kind: 'try', body: node, handler: undefined };
      } else return node;
    }
  }

  #pattern(): Pattern {
    const token = this.#take();
    if (token.kind === 'variable') return { kind: 'variable', name: token.text };
    if (token.kind === 'operator' && token.text === '[') {
      const items: Pattern[] = [this.#pattern()];
      while (this.#isOperator(',')) {
        this.#take();
        items.push(this.#pattern());
      }
      this.#expect(']');
      return { kind: 'array', items };
    }
    if (token.kind === 'operator' && token.text === '{') {
      const members: { key: Node; name: string | undefined; pattern: Pattern | undefined }[] = [];
      do {
        if (members.length > 0) this.#take();
        members.push(this.#patternMember());
      } while (this.#isOperator(','));
      this.#expect('}');
      return { kind: 'object', members };
    }
    this.#token = token;
    return this.#unexpected();
  }

  #patternMember(): { key: Node; name: string | undefined; pattern: Pattern | undefined } {
    const token = this.#take();
    let key: Node;
    if (token.kind === 'operator' && token.text === '(') {
      key = this.#pipe();
      this.#expect(')');
    } else
      key =
        token.kind === 'string' ? this.#stringNode(token, undefined) : { kind: 'literal', value: token.text };
    const name = token.kind === 'variable' ? token.text : undefined;
    if (!this.#isOperator(':')) return { key, name, pattern: undefined };
    this.#take();
    return { key, name, pattern: this.#pattern() };
  }
}
