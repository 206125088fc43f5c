import type { AwkProgram, Expression, Rule, Statement } from './ast.ts';
import { unescapeAnsi } from '../../../shell/lexer.ts';

/** A program that does not parse. */
export class AwkFailure extends Error {
  override readonly name = 'AwkFailure';
}

type Token = {
  readonly kind: 'number' | 'string' | 'regex' | 'name' | 'call' | 'operator' | 'newline' | 'end';
  readonly text: string;
};

const OPERATORS = [
  '&&',
  '||',
  '==',
  '!=',
  '<=',
  '>=',
  '++',
  '--',
  '+=',
  '-=',
  '*=',
  '/=',
  '%=',
  '^=',
  '**',
  '>>',
  '!~',
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  ';',
  ',',
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  '!',
  '>',
  '<',
  '|',
  '?',
  ':',
  '~',
  '$',
  '=',
];
const BUILTINS = new Set([
  'length',
  'substr',
  'split',
  'gsub',
  'sub',
  'match',
  'toupper',
  'tolower',
  'index',
  'sprintf',
  'int',
  'sqrt',
  'exp',
  'log',
  'sin',
  'cos',
  'atan2',
  'rand',
  'srand',
  'system',
  'close',
  'fflush',
  'systime',
  'strftime',
]);
const WORDS = new Set([
  'BEGIN',
  'END',
  'if',
  'else',
  'while',
  'for',
  'do',
  'in',
  'print',
  'printf',
  'next',
  'exit',
  'break',
  'continue',
  'delete',
  'function',
  'func',
  'return',
  'getline',
  'nextfile',
]);

/** Parses a program. @throws AwkFailure */
export function parseAwk(text: string, isMawk = false): AwkProgram {
  return new AwkReader(text, isMawk).program();
}

class AwkReader {
  readonly #text: string;
  #at = 0;
  #token: Token | undefined;
  #last: Token = { kind: 'newline', text: '\n' };
  /** Inside `print` without brackets, `>` redirects. */
  #noGreater = 0;
  #noIn = 0;
  readonly #isMawk: boolean;
  #place: 'BEGIN' | 'END' | 'main' | 'function' = 'main';
  #loops = 0;
  /** Warnings of escapes that mean nothing. */
  readonly warnings: string[] = [];

  constructor(text: string, isMawk: boolean) {
    this.#text = text;
    this.#isMawk = isMawk;
  }

  /** A mistake in the words of mawk, which names what it met. */
  #mawkFail(token: Token): never {
    const isEnd = token.kind === 'end';
    const line = this.#text.slice(0, this.#at).split('\n').length + (isEnd ? 1 : 0);
    const shown = token.kind === 'newline' ? 'end of line' : token.text;
    if (token.kind === 'operator' && !OPERATORS.includes(token.text))
      throw new AwkFailure(
        token.text === '"'
          ? `line ${line}: runaway string constant "${this.#text.slice(this.#at).slice(0, 10)} ...`
          : `${line}: unexpected character '${token.text}'`,
      );
    throw new AwkFailure(
      isEnd ? `line ${line}: missing } near end of file` : `line ${line}: syntax error at or near ${shown}`,
    );
  }

  #fail(reason?: string, from?: number): never {
    const token = this.#peek();
    if (this.#isMawk) this.#mawkFail(token);
    const head = this.#text.slice(0, from ?? this.#at);
    const line = head.split('\n').length;
    const shown = this.#text.split('\n')[line - 1] ?? '';
    const column = Math.max(
      0,
      head.length -
        head.lastIndexOf('\n') -
        1 -
        (token.kind === 'end' || from !== undefined ? 0 : token.text.length),
    );
    const isRegex = token.text === '/' && this.#mayBeRegex();
    const isText = token.kind === 'operator' && token.text === '"';
    const what =
      reason ??
      (isText ? 'unterminated string' : isRegex ? 'unterminated regexp' : undefined) ??
      (token.kind === 'end' || token.kind === 'newline'
        ? 'unexpected newline or end of string'
        : 'syntax error');
    throw new AwkFailure(
      `cmd. line:${line}: ${shown}\nawk: cmd. line:${line}: ${' '.repeat(column + Number(isRegex))}^ ${what}`,
    );
  }

  #peek(): Token {
    this.#token ??= this.#read();
    return this.#token;
  }

  #take(): Token {
    const token = this.#peek();
    this.#token = undefined;
    this.#last = token;
    return token;
  }

  #is(...texts: string[]): boolean {
    const token = this.#peek();
    return (token.kind === 'operator' || token.kind === 'name') && texts.includes(token.text);
  }

  #eat(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#take();
    return true;
  }

  #expect(text: string): void {
    if (!this.#eat(text)) this.#fail();
  }

  #read(): Token {
    const skipped = /^(?:[ \t\r]|\\\r?\n|#[^\n]*)+/.exec(this.#text.slice(this.#at));
    this.#at += skipped?.[0].length ?? 0;
    const rest = this.#text.slice(this.#at);
    if (rest === '') return { kind: 'end', text: '' };
    const take = (kind: Token['kind'], text: string, length = text.length): Token => {
      this.#at += length;
      return { kind, text };
    };
    if (rest.startsWith('\n')) return take('newline', '\n');
    const number = /^(?:0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)/.exec(rest)?.[0];
    if (number !== undefined) return take('number', number);
    const string = /^"((?:\\[\s\S]|[^"\\\n])*)"/.exec(rest);
    if (string !== null) {
      const text = (string[1] ?? '').replace(/\\([\s\S])/g, (whole, char: string) => {
        if (/["\\abfnrtvx0-7\n]/.test(char) || this.#isMawk) return whole;
        this.warnings.push(`escape sequence \`\\${char}' treated as plain \`${char}'`);
        return char;
      });
      return take('string', unescapeAwk(text), string[0].length);
    }
    const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(rest)?.[0];
    if (name !== undefined)
      return take(
        rest[name.length] === '(' && !BUILTINS.has(name) && !WORDS.has(name) ? 'call' : 'name',
        name,
      );
    const regex = this.#mayBeRegex() ? /^\/((?:\\.|\[[^\]]*\]|[^/\\\n[])*)\//.exec(rest) : null;
    if (regex !== null) return take('regex', (regex[1] ?? '').replaceAll('\\/', '/'), regex[0].length);
    const operator = OPERATORS.find((one) => rest.startsWith(one));
    if (operator === undefined) this.#at++;
    return operator === undefined ? { kind: 'operator', text: rest.slice(0, 1) } : take('operator', operator);
  }

  #mayBeRegex(): boolean {
    return !(
      this.#last.kind === 'number' ||
      this.#last.kind === 'string' ||
      (this.#last.kind === 'name' && !WORDS.has(this.#last.text)) ||
      [')', ']', '$', '++', '--'].includes(this.#last.text)
    );
  }

  #lines(): void {
    while (this.#peek().kind === 'newline') this.#take();
  }

  #ends(): void {
    while (this.#peek().kind === 'newline' || this.#is(';')) this.#take();
  }

  program(): AwkProgram {
    const rules: Rule[] = [];
    const functions = new Map<string, { parameters: string[]; body: Statement }>();
    for (this.#ends(); this.#peek().kind !== 'end'; this.#ends()) {
      if (this.#is('function', 'func')) {
        this.#take();
        const name = this.#take().text;
        this.#expect('(');
        const parameters: string[] = [];
        while (!this.#is(')')) {
          parameters.push(this.#take().text);
          if (!this.#eat(',')) break;
        }
        this.#expect(')');
        this.#lines();
        this.#place = 'function';
        functions.set(name, { parameters, body: this.#block() });
      } else rules.push(this.#rule());
    }
    return { rules, functions, warnings: this.#isMawk ? [] : this.warnings };
  }

  #rule(): Rule {
    for (const kind of ['BEGIN', 'END'] as const) {
      if (!this.#eat(kind)) continue;
      this.#place = kind;
      return { kind, from: undefined, to: undefined, action: this.#block() };
    }
    this.#place = 'main';
    if (this.#is('{')) return { kind: 'main', from: undefined, to: undefined, action: this.#block() };
    const from = this.#expression();
    let to: Expression | undefined;
    if (this.#eat(',')) {
      this.#lines();
      to = this.#expression();
    }
    return { kind: 'main', from, to, action: this.#is('{') ? this.#block() : undefined };
  }

  #block(): Statement {
    this.#expect('{');
    const body: Statement[] = [];
    for (this.#ends(); !this.#is('}'); this.#ends()) {
      if (this.#peek().kind === 'end') this.#fail();
      body.push(this.#statement());
    }
    this.#take();
    return { kind: 'block', body };
  }

  #statement(): Statement {
    if (this.#is('{')) return this.#block();
    if (this.#eat('if')) return this.#if();
    if (this.#eat('while')) {
      const test = this.#condition();
      if (this.#eat(';')) return { kind: 'while', test, body: { kind: 'block', body: [] }, isAfter: false };
      return { kind: 'while', test, body: this.#loop(), isAfter: false };
    }
    if (this.#eat('do')) {
      const body = this.#loop();
      this.#ends();
      this.#expect('while');
      return { kind: 'while', test: this.#condition(), body, isAfter: true };
    }
    if (this.#eat('for')) return this.#for();
    const simple = this.#simple();
    if (!this.#is('}') && !this.#is(';') && this.#peek().kind !== 'newline' && this.#peek().kind !== 'end')
      this.#fail();
    return simple;
  }

  #condition(): Expression {
    this.#expect('(');
    const test = this.#grouped();
    this.#expect(')');
    return test;
  }

  #grouped(): Expression {
    const [greater, inside] = [this.#noGreater, this.#noIn];
    this.#noGreater = 0;
    this.#noIn = 0;
    const value = this.#expression();
    this.#noGreater = greater;
    this.#noIn = inside;
    return value;
  }

  #inner(): Statement {
    this.#lines();
    if (this.#eat(';')) return { kind: 'block', body: [] };
    return this.#statement();
  }

  #loop(): Statement {
    this.#loops++;
    const body = this.#inner();
    this.#loops--;
    return body;
  }

  /** Complains of a jump where there is nothing to jump out of. */
  #checkJump(to: string, from: number): void {
    if (to === 'return' && this.#place !== 'function')
      this.#fail("`return' used outside function context", from);
    if (/^next/.test(to) && /^(BEGIN|END)$/.test(this.#place))
      throw new AwkFailure(
        this.#isMawk
          ? `line 1: improper use of ${to}`
          : `cmd. line:1: error: \`${to}' used in ${this.#place} action`,
      );
    if (!/^(break|continue)$/.test(to) || this.#loops > 0) return;
    const line = `cmd. line:1: error: \`${to}' is not allowed outside a loop${to === 'break' ? ' or switch' : ''}`;
    throw new AwkFailure(this.#isMawk ? `line 1: ${to} statement outside of loop` : `${line}\nawk: ${line}`);
  }

  #if(): Statement {
    const test = this.#condition();
    const then = this.#inner();
    const [at, token, last] = [this.#at, this.#token, this.#last];
    this.#ends();
    if (this.#eat('else')) return { kind: 'if', test, then, otherwise: this.#inner() };
    [this.#at, this.#token, this.#last] = [at, token, last];
    return { kind: 'if', test, then, otherwise: undefined };
  }

  #for(): Statement {
    this.#expect('(');
    const each = /^\s*([A-Za-z_]\w*)\s+in\s+([A-Za-z_]\w*)\s*\)/.exec(
      (this.#token === undefined ? '' : this.#token.text) + this.#text.slice(this.#at),
    );
    if (each !== null) {
      this.#at += each[0].length - (this.#token?.text.length ?? 0);
      this.#token = undefined;
      this.#last = { kind: 'newline', text: '\n' };
      return { kind: 'each', variable: each[1] ?? '', name: each[2] ?? '', body: this.#loop() };
    }
    const first = this.#is(';') ? undefined : this.#simple();
    this.#expect(';');
    const test = this.#is(';') ? undefined : this.#expression();
    this.#expect(';');
    const step = this.#is(')') ? undefined : this.#simple();
    this.#expect(')');
    return { kind: 'for', first, test, step, body: this.#loop() };
  }

  #simple(): Statement {
    if (this.#is('print', 'printf')) return this.#print(this.#take().text === 'printf');
    for (const to of ['nextfile', 'next', 'exit', 'break', 'continue', 'return'] as const) {
      const from = this.#at - this.#peek().text.length;
      if (!this.#eat(to)) continue;
      this.#checkJump(to, from);
      const isBare = this.#is(';', '}') || ['newline', 'end'].includes(this.#peek().kind);
      return { kind: 'jump', to, value: isBare ? undefined : this.#expression() };
    }
    if (this.#eat('delete')) {
      const name = this.#take().text;
      return { kind: 'delete', name, keys: this.#is('[') ? this.#keys() : [] };
    }
    return { kind: 'expression', value: this.#expression() };
  }

  #print(isFormatted: boolean): Statement {
    const values: Expression[] = [];
    this.#noGreater++;
    if (this.#is('(')) {
      const [at, token, last] = [this.#at, this.#token, this.#last];
      this.#take();
      const inner = this.#listUntil(')');
      if (this.#is(';', '}', '>', '>>', '|') || ['newline', 'end'].includes(this.#peek().kind))
        values.push(...inner);
      else [this.#at, this.#token, this.#last] = [at, token, last];
    }
    if (
      values.length === 0 &&
      !this.#is(';', '}', '>', '>>', '|') &&
      !['newline', 'end'].includes(this.#peek().kind)
    ) {
      do {
        this.#lines();
        values.push(this.#expression());
      } while (this.#eat(','));
    }
    this.#noGreater--;
    const mode = this.#is('>>') ? '>>' : this.#is('|') ? '|' : '>';
    const target = this.#eat(mode) ? this.#concatenation() : undefined;
    return { kind: 'print', isFormatted, values, target, mode };
  }

  #listUntil(close: string): Expression[] {
    const values: Expression[] = [];
    while (!this.#is(close)) {
      this.#lines();
      values.push(this.#grouped());
      this.#lines();
      if (!this.#eat(',')) break;
    }
    this.#expect(close);
    return values;
  }

  #keys(): Expression[] {
    this.#expect('[');
    return this.#listUntil(']');
  }

  #expression(): Expression {
    const left = this.#choice();
    if (
      !this.#is('=', '+=', '-=', '*=', '/=', '%=', '^=') ||
      !['variable', 'field', 'element'].includes(left.kind)
    )
      return left;
    const operator = this.#take().text;
    this.#lines();
    return { kind: 'assign', operator, target: left, value: this.#expression() };
  }

  #choice(): Expression {
    const test = this.#or();
    if (!this.#eat('?')) return test;
    this.#lines();
    const then = this.#expression();
    this.#lines();
    this.#expect(':');
    this.#lines();
    return { kind: 'choice', test, chosen: then, otherwise: this.#expression() };
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#eat('||')) {
      this.#lines();
      left = { kind: 'binary', operator: '||', left, right: this.#and() };
    }
    return left;
  }

  #and(): Expression {
    let left = this.#in();
    while (this.#eat('&&')) {
      this.#lines();
      left = { kind: 'binary', operator: '&&', left, right: this.#in() };
    }
    return left;
  }

  #in(): Expression {
    let left = this.#match();
    while (this.#noIn === 0 && this.#eat('in')) left = { kind: 'in', keys: [left], name: this.#take().text };
    return left;
  }

  #match(): Expression {
    let left = this.#comparison();
    while (this.#is('~', '!~')) {
      const operator = this.#take().text;
      left = { kind: 'binary', operator, left, right: this.#comparison() };
    }
    return left;
  }

  #comparison(): Expression {
    let left = this.#concatenation();
    while (this.#is('|') && this.#noGreater === 0) {
      this.#take();
      if (!this.#eat('getline')) return this.#fail();
      left = { ...this.#getlineOf(), command: left };
    }
    const isOperator = this.#is('<', '<=', '==', '!=', '>=') || (this.#noGreater === 0 && this.#is('>'));
    if (!isOperator) return left;
    const operator = this.#take().text;
    return { kind: 'binary', operator, left, right: this.#concatenation() };
  }

  #concatenation(): Expression {
    let left = this.#sum();
    while (this.#startsValue()) left = { kind: 'binary', operator: ' ', left, right: this.#sum() };
    return left;
  }

  #startsValue(): boolean {
    const token = this.#peek();
    if (token.kind === 'number' || token.kind === 'string' || token.kind === 'call') return true;
    if (token.kind === 'regex') return false;
    if (token.kind === 'name') return !WORDS.has(token.text);
    return (
      token.kind === 'operator' &&
      ['$', '!', '(', '-', '+', '++', '--'].includes(token.text) &&
      !['+', '-'].includes(token.text)
    );
  }

  #sum(): Expression {
    let left = this.#product();
    while (this.#is('+', '-')) {
      const operator = this.#take().text;
      left = { kind: 'binary', operator, left, right: this.#product() };
    }
    return left;
  }

  #product(): Expression {
    let left = this.#unary();
    while (this.#is('*', '/', '%')) {
      const operator = this.#take().text;
      left = { kind: 'binary', operator, left, right: this.#unary() };
    }
    return left;
  }

  #unary(): Expression {
    if (this.#is('!', '-', '+')) {
      const operator = this.#take().text as '!' | '-' | '+';
      return { kind: 'unary', operator, operand: this.#unary() };
    }
    return this.#power();
  }

  #power(): Expression {
    const base = this.#postfix();
    if (!this.#is('^', '**')) return base;
    this.#take();
    return { kind: 'binary', operator: '^', left: base, right: this.#unary() };
  }

  #postfix(): Expression {
    const value = this.#primary();
    if (!this.#is('++', '--') || !['variable', 'field', 'element'].includes(value.kind)) return value;
    return { kind: 'step', isPrefix: false, by: this.#take().text === '++' ? 1 : -1, target: value };
  }

  #primary(): Expression {
    const token = this.#take();
    switch (token.kind) {
      case 'number':
        return {
          kind: 'number',
          value:
            !this.#isMawk && /^0[0-7]+$/.test(token.text)
              ? Number.parseInt(token.text, 8)
              : Number(token.text),
        };
      case 'string':
        return { kind: 'string', value: token.text };
      case 'regex':
        return { kind: 'regex', source: token.text };
      case 'call':
        this.#expect('(');
        return { kind: 'call', name: token.text, args: this.#listUntil(')') };
      case 'name':
        return this.#named(token.text);
      case 'operator':
        return this.#symbol(token);
      default:
        this.#token = token;
        return this.#fail();
    }
  }

  #named(name: string): Expression {
    if (name === 'getline') return this.#getline();
    if (BUILTINS.has(name)) {
      const args = this.#eat('(') ? this.#listUntil(')') : [];
      return { kind: 'call', name, args };
    }
    if (WORDS.has(name)) return this.#fail();
    return this.#is('[') ? { kind: 'element', name, keys: this.#keys() } : { kind: 'variable', name };
  }

  #getlineOf(): Extract<Expression, { kind: 'getline' }> {
    const hasTarget = this.#is('$') || (this.#peek().kind === 'name' && !WORDS.has(this.#peek().text));
    return { kind: 'getline', target: hasTarget ? this.#primary() : undefined, file: undefined };
  }

  #getline(): Expression {
    const target =
      this.#is('$') || (this.#peek().kind === 'name' && !WORDS.has(this.#peek().text))
        ? this.#primary()
        : undefined;
    const file = this.#eat('<') ? this.#primary() : undefined;
    return { kind: 'getline', target, file };
  }

  #symbol(token: Token): Expression {
    if (token.text === '$') {
      if (this.#is('++', '--'))
        return {
          kind: 'field',
          index: {
            kind: 'step',
            isPrefix: true,
            by: this.#take().text === '++' ? 1 : -1,
            target: this.#primary(),
          },
        };
      return { kind: 'field', index: this.#is('-') ? this.#unary() : this.#primary() };
    }
    if (token.text === '++' || token.text === '--')
      return { kind: 'step', isPrefix: true, by: token.text === '++' ? 1 : -1, target: this.#primary() };
    if (token.text === '(') {
      const values = this.#listUntil(')');
      const [only] = values;
      if (this.#is('in') && values.length > 1) {
        this.#take();
        return { kind: 'in', keys: values, name: this.#take().text };
      }
      // Brackets hide what is inside from the postfix operators.
      return only === undefined
        ? this.#fail()
        : { kind: 'choice', test: { kind: 'number', value: 1 }, chosen: only, otherwise: only };
    }
    this.#token = token;
    return this.#fail();
  }
}

function unescapeAwk(text: string): string {
  return unescapeAnsi(text.replaceAll('\\/', '/'));
}
