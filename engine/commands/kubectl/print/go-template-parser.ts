import { CommandError } from '../errors.ts';
import { quoteGo } from '../text.ts';
import { unquoteGo } from './jsonpath.ts';

/** Where a node stands in the template, and how Go would write it: what faults name. */
type Place = { readonly at: number; readonly source: string };

/** What a command is made of. */
export type Operand = Place &
  (
    | { readonly kind: 'value'; readonly value: string | number | boolean | null; readonly isNil?: boolean }
    | { readonly kind: 'dot' | 'function' }
    | { readonly kind: 'field'; readonly names: readonly string[] }
    | { readonly kind: 'variable'; readonly name: string; readonly names: readonly string[] }
    | { readonly kind: 'chain'; readonly of: Operand; readonly names: readonly string[] }
    | { readonly kind: 'pipe'; readonly pipe: Pipe }
  );

/** One command of a pipeline. */
export type Call = Place & { readonly words: readonly Operand[] };

/** A pipeline and the variables that it sets. */
export type Pipe = Place & {
  readonly names: readonly string[];
  readonly isAssign: boolean;
  readonly calls: readonly Call[];
};

/** A node of a template. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly pipe: Pipe }
  | { readonly kind: 'break' | 'continue' }
  | { readonly kind: 'template'; readonly at: number; readonly name: string; readonly pipe: Pipe | undefined }
  | {
      readonly kind: 'if' | 'range' | 'with';
      readonly pipe: Pipe;
      readonly body: readonly Node[];
      readonly other: readonly Node[];
    };

/** A parsed template: the templates that it defines by name, `''` is itself. */
export type Template = { readonly text: string; readonly parts: ReadonlyMap<string, readonly Node[]> };

/** How deep loops and parentheses may stand in each other. */
const DEPTH_MAX = 200;

type Token = { readonly kind: string; readonly text: string; readonly at: number };

const KEYWORDS = 'block break continue define else end if range nil template with'.split(' ');
/** Functions of templates: Go's, and kubectl's own two. */
export const FUNCTION_NAMES =
  'and base64decode eq exists ge gt index le len lt ne not or print printf println slice'.split(' ');
const PATTERNS: readonly (readonly [string, RegExp])[] = [
  ['space', /[ \t\r\n]+/y],
  ['string', /"(?:[^"\\\n]|\\[^\n])*"/y],
  ['string', /`[^`]*`/y],
  ['char', /'(?:[^'\\\n]|\\[^\n])+'/y],
  ['number', /[+-]?(?:0[xX][\da-fA-F]+|\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)/y],
  ['variable', /\$[\p{L}\p{Nd}_]*/uy],
  ['field', /\.[\p{L}\p{Nd}_]*/uy],
  ['word', /[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ['operator', /:=|[=|(),]/y],
];

/** Cuts a template into texts and what stands between the braces; the last token is an end or a fault. */
function tokenize(text: string): Token[] {
  const out: Token[] = [];
  let at = 0;
  const fault = (message: string): Token[] => [...out, { kind: 'error', text: message, at }];
  for (;;) {
    const open = text.indexOf('{{', at);
    const isTrimmed = open >= 0 && /^-\s/.test(text.slice(open + 2));
    const plain = text.slice(at, open < 0 ? undefined : open);
    if (plain.trimEnd() !== '' || (plain !== '' && !isTrimmed))
      out.push({ kind: 'text', text: isTrimmed ? plain.trimEnd() : plain, at });
    if (open < 0) return [...out, { kind: 'EOF', text: '', at: text.length }];
    at = open + (isTrimmed ? 4 : 2);
    const isComment = text.startsWith('/*', at);
    if (isComment) {
      at = text.indexOf('*/', at) + 2;
      if (at < 2) return fault('unclosed comment');
    } else out.push({ kind: '{{', text: '{{', at: open });
    for (let depth = 0; ; ) {
      const close = /^(?:\s-)?\}\}/.exec(text.slice(at, at + 4))?.[0];
      if (close !== undefined) {
        if (depth > 0) return fault('unclosed left paren');
        if (!isComment) out.push({ kind: '}}', text: '}}', at });
        at += close.length;
        if (close.length > 2) at += text.slice(at).length - text.slice(at).trimStart().length;
        break;
      }
      if (isComment) return fault('comment ends before closing delimiter');
      const token = nextToken(text, at);
      if (token.kind === 'error') return [...out, token];
      depth += token.text === '(' ? 1 : token.text === ')' ? -1 : 0;
      if (depth < 0) return fault('unexpected right paren');
      out.push(token);
      // A space before a trimming end belongs to that.
      at +=
        token.kind === 'space' && text.startsWith('-}}', at + token.text.length)
          ? token.text.length - 1
          : token.text.length;
      if (token.kind === 'space' && text.startsWith('-}}', at + 1)) out.pop();
    }
  }
}

function nextToken(text: string, at: number): Token {
  const fault = (message: string): Token => ({ kind: 'error', text: message, at });
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  if (at >= text.length) return fault('unclosed action');
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    if (found === undefined) continue;
    const end = at + found.length;
    const next = String.fromCodePoint(text.codePointAt(end) ?? 32);
    if (kind === 'number' && /[\p{L}\p{Nd}_]/u.test(next))
      return fault(`bad number syntax: ${quoteGo(found + next)}`);
    const isName = ['variable', 'field', 'word'].includes(kind);
    if (isName && !/[\s.,|:()]/.test(next) && !text.startsWith('}}', end))
      return fault(`bad character ${codePoint(next)}`);
    const isKeyword = kind === 'word' && KEYWORDS.includes(found);
    return { kind: isKeyword ? 'keyword' : found === '.' ? 'dot' : kind, text: found, at };
  }
  if (character === '"') return fault('unterminated quoted string');
  if (character === '`') return fault('unterminated raw quoted string');
  if (character === "'") return fault('unterminated character constant');
  if (character === ':') return fault('expected :=');
  if (character >= ' ' && character <= '~') return { kind: 'mark', text: character, at };
  return fault(`unrecognized character in action: ${codePoint(character)}`);
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')} '${character}'`;
}

/** Parses a Go template. @throws CommandError with text/template's words */
export function parseGoTemplate(text: string): Template {
  const parser = new Parser(text);
  try {
    return { text, parts: parser.template() };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(
      `error parsing template ${text}, template: output:${parser.line()}: ${error.message}`,
    );
  }
}

/** text/template's parse.go. */
class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #last = 0;
  #variables: string[] = ['$'];
  #ranges = 0;
  #depth = 0;
  readonly #parts = new Map<string, readonly Node[]>();

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  line(): number {
    return this.#text.slice(0, this.#last).split('\n').length;
  }

  template(): ReadonlyMap<string, readonly Node[]> {
    const { nodes, stop } = this.#list(false);
    if (stop !== '') throw new CommandError(`unexpected {{${stop}}}`);
    this.#parts.set('', nodes);
    return this.#parts;
  }

  #take(isSpaceKept = false): Token {
    const token = this.#tokens[Math.min(this.#next++, this.#tokens.length - 1)];
    if (token === undefined) throw new CommandError('unexpected EOF');
    this.#last = token.at;
    return token.kind === 'space' && !isSpaceKept ? this.#take() : token;
  }

  #peek(isSpaceKept = false): Token {
    const mark = this.#next;
    const token = this.#take(isSpaceKept);
    this.#next = mark;
    return token;
  }

  #unexpected(token: Token, context: string): CommandError {
    if (token.kind === 'error') return new CommandError(token.text);
    const text = token.kind === 'keyword' ? `<${token.text}>` : quoteGo(token.text.slice(0, 10));
    const shown =
      token.kind === 'EOF' ? 'EOF' : token.text.length > 10 && text.startsWith('"') ? `${text}...` : text;
    return new CommandError(`unexpected ${shown} in ${context}`);
  }

  #expect(kind: string, context: string): Token {
    const token = this.#take();
    if (token.kind !== kind) throw this.#unexpected(token, context);
    return token;
  }

  /** Nodes up to the end, or to `{{end}}` or `{{else}}`; of that `stop` tells which. */
  #list(isInner: boolean): { readonly nodes: readonly Node[]; readonly stop: '' | 'end' | 'else' } {
    const nodes: Node[] = [];
    if (++this.#depth > DEPTH_MAX) throw new CommandError('exceeded maximum template depth (100000)');
    for (;;) {
      const token = this.#take();
      if (token.kind === 'EOF') {
        if (isInner) throw new CommandError('unexpected EOF');
        return { nodes, stop: '' };
      }
      if (token.kind === 'text') nodes.push({ kind: 'text', text: token.text });
      else if (token.kind !== '{{') throw this.#unexpected(token, 'input');
      else {
        const node = this.#action();
        if (node === 'end' || node === 'else') {
          this.#depth--;
          return { nodes, stop: node };
        }
        if (node !== undefined) nodes.push(node);
      }
    }
  }

  #action(): Node | 'end' | 'else' | undefined {
    const { kind, text: word, at } = this.#peek();
    if (kind !== 'keyword' || word === 'nil') return { kind: 'print', pipe: this.#pipe('command', '}}') };
    this.#take();
    switch (word) {
      case 'if':
      case 'range':
      case 'with':
        return this.#block(word);
      case 'end':
        this.#expect('}}', 'end');
        return 'end';
      case 'else':
        if (!['if', 'with'].includes(this.#peek().text)) this.#expect('}}', 'else');
        return 'else';
      case 'break':
      case 'continue':
        this.#expect('}}', `{{${word}}}`);
        if (this.#ranges === 0) throw new CommandError(`{{${word}}} outside {{range}}`);
        return { kind: word };
      case 'template':
      case 'block': {
        const name = this.#string(this.#expect('string', `${word} clause`));
        const isBare = word === 'template' && this.#peek().kind === '}}';
        if (isBare) this.#take();
        const pipe = isBare ? undefined : this.#pipe(`${word} clause`, '}}');
        if (word === 'block') this.#define(name, 'block clause');
        return { kind: 'template', at, name, pipe };
      }
      default: {
        const name = this.#string(this.#expect('string', 'define clause'));
        this.#expect('}}', 'define clause');
        this.#define(name, 'define clause');
        return undefined;
      }
    }
  }

  #define(name: string, context: string): void {
    const outer = this.#variables;
    this.#variables = ['$'];
    const { nodes, stop } = this.#list(true);
    if (stop !== 'end') throw new CommandError(`unexpected {{${stop}}} in ${context}`);
    this.#parts.set(name, nodes);
    this.#variables = outer;
  }

  #block(kind: 'if' | 'range' | 'with'): Node {
    const count = this.#variables.length;
    const pipe = this.#pipe(kind, '}}');
    if (kind === 'range') this.#ranges++;
    const { nodes: body, stop } = this.#list(true);
    if (kind === 'range') this.#ranges--;
    let other: readonly Node[] = [];
    const word = this.#peek().text;
    if (stop === 'else' && this.#peek().kind === 'keyword' && (word === 'if' || word === 'with')) {
      this.#take();
      other = [this.#block(word)];
    } else if (stop === 'else') {
      const rest = this.#list(true);
      if (rest.stop !== 'end') throw new CommandError(`expected end; found {{${rest.stop}}}`);
      other = rest.nodes;
    }
    this.#variables.length = count;
    return { kind, pipe, body, other };
  }

  #pipe(context: string, end: string): Pipe {
    if (++this.#depth > DEPTH_MAX) throw new CommandError('exceeded maximum template depth (100000)');
    const { at } = this.#peek();
    const names: string[] = [];
    let isAssign = false;
    for (;;) {
      const mark = this.#next;
      const variable = this.#take();
      const sign = this.#take().text;
      if (variable.kind !== 'variable' || ![':=', '=', ','].includes(sign)) {
        this.#next = mark;
        break;
      }
      names.push(variable.text);
      this.#variables.push(variable.text);
      isAssign = sign === '=';
      if (sign !== ',') break;
      if (context !== 'range' || names.length > 1)
        throw new CommandError(`too many declarations in ${context}`);
      if (this.#peek().kind !== 'variable') throw new CommandError('range can only initialize variables');
    }
    const calls: Call[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.kind === end || token.text === end) {
        this.#take();
        break;
      }
      const isOperand = ['string', 'char', 'number', 'variable', 'field', 'dot', 'word'].includes(token.kind);
      if (!isOperand && token.text !== '(' && token.text !== 'nil') {
        this.#take();
        throw this.#unexpected(token, context);
      }
      calls.push(this.#call());
    }
    this.#depth--;
    if (calls.length === 0) throw new CommandError(`missing value for ${context}`);
    const stage = calls.findIndex((call, i) => i > 0 && ['value', 'dot'].includes(call.words[0]?.kind ?? ''));
    if (stage > 0) throw new CommandError(`non executable command in pipeline stage ${stage + 1}`);
    const set = names.length === 0 ? '' : `${names.join(', ')} ${isAssign ? '=' : ':='} `;
    return { at, names, isAssign, calls, source: set + calls.map((call) => call.source).join(' | ') };
  }

  #call(): Call {
    const { at } = this.#peek();
    const words: Operand[] = [];
    for (;;) {
      const operand = this.#operand();
      if (operand !== undefined) words.push(operand);
      const token = this.#peek(true);
      if (token.kind === '}}' || token.text === ')') break;
      this.#take(true);
      if (token.text === '|' && token.kind === 'operator') break;
      if (token.kind !== 'space') throw this.#unexpected(token, 'operand');
    }
    if (words.length === 0) throw new CommandError('empty command');
    return { at, words, source: words.map((word) => word.source).join(' ') };
  }

  #operand(): Operand | undefined {
    const term = this.#term();
    if (term === undefined || this.#peek(true).kind !== 'field') return term;
    const { at } = this.#peek(true);
    const names: string[] = [];
    while (this.#peek(true).kind === 'field') names.push(this.#take(true).text.slice(1));
    const source = `${term.source}.${names.join('.')}`;
    if (term.kind === 'field' || term.kind === 'variable')
      return { ...term, at, source, names: [...term.names, ...names] };
    if (term.kind === 'value' || term.kind === 'dot')
      throw new CommandError(`unexpected . after term ${quoteGo(term.source)}`);
    return { kind: 'chain', at, source, of: term, names };
  }

  #term(): Operand | undefined {
    const token = this.#peek();
    const { kind, text, at } = token;
    const place = { at, source: text };
    const value = (one: string | number | boolean): Operand => ({ ...place, kind: 'value', value: one });
    const isTerm = !['}}', 'operator', 'mark', 'error', 'EOF', 'keyword'].includes(kind);
    if (!isTerm && text !== '(' && text !== 'nil') return undefined;
    this.#take();
    switch (kind) {
      case 'string':
        return value(this.#string(token));
      case 'char':
        return value((unquoteGo(text.slice(1, -1), "'") ?? '').codePointAt(0) ?? 0);
      case 'number':
        return value(Number(text.replaceAll('_', '')));
      case 'dot':
        return { ...place, kind: 'dot' };
      case 'field':
        return { ...place, kind: 'field', names: [text.slice(1)] };
      case 'variable':
        if (!this.#variables.includes(text)) throw new CommandError(`undefined variable ${quoteGo(text)}`);
        return { ...place, kind: 'variable', name: text, names: [] };
      case 'operator': {
        const pipe = this.#pipe('parenthesized pipeline', ')');
        return { kind: 'pipe', at, source: `(${pipe.source})`, pipe };
      }
      case 'keyword':
        return { ...place, kind: 'value', value: null, isNil: true };
      default:
        if (text === 'true' || text === 'false') return value(text === 'true');
        if (!FUNCTION_NAMES.includes(text)) throw new CommandError(`function ${quoteGo(text)} not defined`);
        return { ...place, kind: 'function' };
    }
  }

  #string(token: Token): string {
    if (token.text.startsWith('`')) return token.text.slice(1, -1);
    const text = unquoteGo(token.text.slice(1, -1), '"');
    if (text === undefined) throw new CommandError('invalid syntax');
    return text;
  }
}
