import { invariant } from '../base/assert.ts';
import type {
  Assignment,
  CaseItem,
  Chain,
  Command,
  Compound,
  Condition,
  ListElement,
  ListItem,
  Pipeline,
  Redirect,
  Script,
  Word,
  WordPart,
} from './ast.ts';
import { arithmeticEnd, Lexer, subscriptEnd } from './lexer.ts';
import type { Dialect, Token } from './lexer.ts';
import { SyntaxFailure } from './syntax-error.ts';

/** How a text is parsed. */
export type ParseOptions = {
  readonly dialect: Dialect;
  /** True for scripts: the end of the text ends here-documents. False at a prompt: it asks for more. */
  readonly isFinal: boolean;
  /** The text of an alias, at the place of a command's name. */
  readonly alias?: (name: string) => string | undefined;
  /** Asked for each command line: whether `shopt -s extglob` is on. */
  readonly hasExtendedPatterns?: () => boolean;
};

const CLOSERS = new Set(['then', 'else', 'elif', 'fi', 'do', 'done', 'esac', '}']);
const REDIRECTS = new Set(['<', '>', '>>', '>|', '<>', '<&', '>&', '&>', '&>>', '<<', '<<-', '<<<']);
const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)(\+?)=/;
const ELEMENT_ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)\[/;
const REDIRECTED_COMPOUND = new Set(['{', '(', 'if', 'while', 'until', 'for', 'case', 'select', '[[', '((']);
const DECLARERS = new Set(['declare', 'local', 'export', 'readonly', 'typeset']);
const UNARY_TESTS = /^-[abcdefghknoprstuvwxzGLNORS]$/;
const BINARY_TESTS = new Set([
  '=',
  '==',
  '!=',
  '=~',
  '<',
  '>',
  '-eq',
  '-ne',
  '-lt',
  '-le',
  '-gt',
  '-ge',
  '-nt',
  '-ot',
  '-ef',
]);

/** Parses a whole text. @throws SyntaxFailure */
export function parseScript(text: string, options: ParseOptions): Script {
  const parser = new Parser(text, options);
  const items: ListItem[] = [];
  for (let script = parser.nextLine(); script !== undefined; script = parser.nextLine())
    items.push(...script.items);
  return { items };
}

/** Reads a text one complete command line at a time, so that earlier lines can run before later ones are read. */
export class Parser {
  readonly #lexer: Lexer;
  readonly #options: ParseOptions;
  #token: Token | undefined;
  #expandedUntil = -1;

  constructor(text: string, options: ParseOptions, lexer?: Lexer) {
    this.#options = options;
    this.#lexer =
      lexer ??
      // bash ends a last line that has no newline with one: what misses a word there meets `newline'.
      new Lexer(
        needsNewline(text, options) ? `${text}\n` : text,
        options.dialect,
        options.isFinal,
        (nested) => {
          const parser = new Parser('', { ...options, isFinal: nested.isFinal }, nested);
          return parser.nestedScript();
        },
      );
  }

  /** The line that is read next, from 1. */
  get line(): number {
    return this.#lexer.line;
  }

  /** Where in the text the next line begins. */
  get offset(): number {
    return this.#token?.start ?? this.#lexer.pos;
  }

  /** Takes the warnings that came up while reading. */
  warnings(): readonly { readonly text: string; readonly end: number }[] {
    return this.#lexer.warnings.splice(0);
  }

  /** Sets the number of the line that is read next. */
  set line(line: number) {
    this.#lexer.line = line;
  }

  /** The next complete command line; undefined at the end. @throws SyntaxFailure */
  nextLine(): Script | undefined {
    this.#lexer.isExtended = this.#options.hasExtendedPatterns?.() ?? false;
    for (;;) {
      const token = this.#peek();
      if (token.kind === 'end') return undefined;
      if (this.#isOperator('\n')) {
        this.#take();
        continue;
      }
      const script = this.#list(false);
      if (this.#peek().kind !== 'end' && !this.#isOperator('\n')) this.#unexpected();
      if (this.#isOperator('\n')) this.#take();
      else if (this.#lexer.pending.length > 0) {
        if (!this.#options.isFinal) this.#lexer.fail({ kind: 'end' });
        this.#lexer.endPending();
      }
      return script;
    }
  }

  /** The body of `$(…)`, whose opening was read; leaves the lexer after the `)`. */
  nestedScript(): Script {
    const script = this.#lexer.deeper(() => this.#list(true));
    const token = this.#peek();
    if (token.kind === 'end')
      throw new SyntaxFailure(
        { kind: 'quote', quote: ')' },
        this.#lexer.line + Number(this.#options.dialect === 'bash' && !this.#lexer.src.endsWith('\n')),
      );
    if (!this.#isOperator(')')) this.#unexpected();
    this.#lexer.pos = token.end;
    return script;
  }

  #peek(): Token {
    this.#token ??= this.#lexer.next();
    return this.#token;
  }

  #take(): Token {
    const token = this.#peek();
    this.#token = undefined;
    return token;
  }

  #isOperator(...texts: string[]): boolean {
    const token = this.#peek();
    return (
      token.kind === 'operator' &&
      texts.includes(token.text) &&
      (token.fd === undefined || REDIRECTS.has(token.text))
    );
  }

  /** The next token's text when it is a bare word (no quotes, no expansions). */
  #bare(): string | undefined {
    const token = this.#peek();
    return token.kind === 'word' ? bareText(token.word) : undefined;
  }

  #unexpected(expecting?: string, status = 2): never {
    const token = this.#peek();
    const line = token.line;
    const more = expecting !== undefined ? { expecting } : {};
    if (token.kind === 'end') throw new SyntaxFailure({ kind: 'end', ...more }, this.#lexer.line);
    const text = token.kind === 'operator' ? (token.text === '\n' ? 'newline' : token.text) : token.word.text;
    const isWord =
      token.kind === 'word' && (expecting === ')' || !(CLOSERS.has(text) || text === '!' || text === 'in'));
    throw new SyntaxFailure(
      { kind: 'unexpected', token: text, ...more, ...(isWord ? { isWord } : {}) },
      line,
      status,
    );
  }

  #expectWord(text: string): void {
    if (this.#bare() !== text) this.#unexpected(text);
    this.#take();
  }

  #skipNewlines(): void {
    while (this.#isOperator('\n')) this.#take();
  }

  /** A list of commands; with `isMultiline` newlines separate, as inside every compound command. */
  #list(isMultiline: boolean): Script {
    const items: ListItem[] = [];
    if (isMultiline) this.#skipNewlines();
    while (this.#startsCommand()) {
      const chain = this.#chain();
      const isBackground = this.#isOperator('&');
      items.push({ chain, isBackground });
      if (this.#isOperator(';', '&')) this.#take();
      else if (!(isMultiline && this.#isOperator('\n'))) break;
      if (isMultiline) this.#skipNewlines();
    }
    return { items };
  }

  #startsCommand(): boolean {
    const token = this.#peek();
    if (token.kind === 'end') return false;
    if (token.kind === 'operator') return token.text === '(' || REDIRECTS.has(token.text);
    const bare = bareText(token.word);
    return (
      bare === undefined ||
      !(CLOSERS.has(bare) || bare === 'in' || (bare === ']]' && this.#options.dialect === 'bash'))
    );
  }

  /** A list that must hold a command, as between `then` and `fi`. */
  #body(expecting: string): Script {
    const script = this.#list(true);
    if (script.items.length === 0) this.#unexpected(this.#peek().kind === 'end' ? expecting : undefined);
    return script;
  }

  #chain(): Chain {
    const first = this.#pipeline();
    const rest: { operator: '&&' | '||'; pipeline: Pipeline }[] = [];
    while (this.#isOperator('&&', '||')) {
      const token = this.#take();
      invariant(token.kind === 'operator', 'an operator was peeked');
      this.#skipNewlines();
      rest.push({ operator: token.text === '&&' ? '&&' : '||', pipeline: this.#pipeline() });
    }
    return { first, rest };
  }

  #pipeline(): Pipeline {
    let isNegated = false;
    let timing: Pipeline['timing'] = 'none';
    for (;;) {
      const bare = this.#bare();
      if (bare === '!' && isNegated && this.#options.dialect !== 'bash') this.#unexpected();
      if (bare === '!') isNegated = !isNegated;
      else if (bare === 'time' && this.#options.dialect === 'bash' && timing === 'none') timing = 'bash';
      else if (bare === '-p' && timing === 'bash') timing = 'posix';
      else break;
      this.#take();
    }
    const isBare = timing !== 'none' || (isNegated && this.#options.dialect === 'bash');
    if (
      isBare &&
      !this.#startsCommand() &&
      (this.#peek().kind === 'end' || this.#isOperator(';', '\n', '&&', '||', ')', '&'))
    )
      return { commands: [], isNegated, timing };
    const commands = [this.#command()];
    while (this.#isOperator('|', '|&')) {
      const token = this.#take();
      if (token.kind === 'operator' && token.text === '|&')
        commands.push(withErrorsPiped(present(commands.pop())));
      this.#skipNewlines();
      commands.push(this.#command());
    }
    return { commands, isNegated, timing };
  }

  #command(): Command {
    return this.#lexer.deeper(() => this.#anyCommand());
  }

  #anyCommand(): Command {
    this.#expandAlias();
    const token = this.#peek();
    if (!this.#startsCommand()) this.#unexpected();
    if (token.kind === 'operator' && token.text === '(') return this.#compound(this.#parenthesis(token));
    const bare = this.#bare();
    if (bare !== undefined) {
      const compound = this.#keyword(bare, token.line);
      if (compound !== undefined) return this.#compound(compound);
      if (this.#isFunction(token)) return this.#functionOf(bare, token.line);
    }
    return this.#simple();
  }

  #expandAlias(): void {
    for (let count = 0; count < 10; count++) {
      const token = this.#peek();
      const bare = this.#bare();
      if (token.kind !== 'word' || bare === undefined || token.start < this.#expandedUntil) return;
      const text = this.#options.alias?.(bare);
      if (text === undefined) return;
      const src = this.#lexer.src;
      this.#lexer.src = src.slice(0, token.start) + text + src.slice(token.end);
      this.#expandedUntil = token.start + text.length;
      this.#lexer.pos = token.start;
      this.#token = undefined;
    }
  }

  #keyword(bare: string, line: number): Compound | undefined {
    const isBash = this.#options.dialect === 'bash';
    switch (bare) {
      case '{':
        return this.#group(line);
      case 'if':
        return this.#if(line);
      case 'while':
      case 'until':
        return this.#while(bare === 'until', line);
      case 'for':
        return this.#for(line);
      case 'select':
        return isBash ? this.#for(line) : undefined;
      case 'coproc':
        return isBash ? this.#coproc(line) : undefined;
      case 'case':
        return this.#case(line);
      case 'function':
        return this.#options.dialect === 'dash' ? undefined : this.#functionKeyword(line);
      case '[[':
        return this.#options.dialect === 'dash' ? undefined : this.#condition(line);
      default:
        return undefined;
    }
  }

  /** Redirections after a compound command. */
  #compound(command: Compound): Compound {
    const redirects: Redirect[] = [];
    while (this.#peek().kind === 'operator' && this.#isOperator(...REDIRECTS))
      redirects.push(this.#redirect());
    return redirects.length === 0 ? command : { ...command, redirects };
  }

  #parenthesis(token: Token): Compound {
    if (this.#options.dialect === 'bash' && this.#lexer.src[token.end] === '(') {
      const end = arithmeticEnd(this.#lexer.src, token.end + 1);
      if (end === undefined && !this.#lexer.src.slice(token.end).includes(')'))
        throw new SyntaxFailure({ kind: 'quote', quote: ')' }, token.line);
      if (end !== undefined) {
        const text = this.#lexer.src.slice(token.end + 1, end);
        this.#lexer.pos = end + 2;
        this.#token = undefined;
        return {
          kind: 'arithmetic',
          parts: this.#lexer.arithmeticParts(text),
          text,
          redirects: [],
          line: token.line,
        };
      }
    }
    this.#take();
    const body = this.#body(')');
    if (!this.#isOperator(')')) this.#unexpected(')');
    this.#take();
    return { kind: 'subshell', body, redirects: [], line: token.line };
  }

  /** `coproc [NAME] command`: the name is only taken before a compound command. */
  #coproc(line: number): Compound {
    this.#take();
    const start = this.#peek().start;
    let name = 'COPROC';
    const token = this.#peek();
    const bare = this.#bare();
    if (token.kind === 'word' && bare !== undefined && !REDIRECTED_COMPOUND.has(bare)) {
      const after = /^[ \t]+(\(|[a-z{[]+)/.exec(this.#lexer.src.slice(token.end, token.end + 40))?.[1] ?? '';
      if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(bare) && REDIRECTED_COMPOUND.has(after)) {
        name = bare;
        this.#take();
      }
    }
    const body = this.#command();
    const end = this.offset;
    return {
      kind: 'coproc',
      name,
      body,
      text: this.#lexer.src.slice(start, end).trim(),
      redirects: [],
      line,
    };
  }

  #group(line: number): Compound {
    this.#take();
    const body = this.#body('}');
    this.#expectWord('}');
    return { kind: 'group', body, redirects: [], line };
  }

  #if(line: number): Compound {
    const branches: { condition: Script; body: Script }[] = [];
    let otherwise: Script | undefined;
    do {
      this.#take();
      const condition = this.#body('then');
      this.#expectWord('then');
      branches.push({ condition, body: this.#body('fi') });
    } while (this.#bare() === 'elif');
    if (this.#bare() === 'else') {
      this.#take();
      otherwise = this.#body('fi');
    }
    this.#expectWord('fi');
    return { kind: 'if', branches, ...(otherwise ? { otherwise } : {}), redirects: [], line };
  }

  #while(isUntil: boolean, line: number): Compound {
    this.#take();
    const condition = this.#body('do');
    return { kind: 'while', isUntil, condition, body: this.#doGroup(), redirects: [], line };
  }

  #doGroup(): Script {
    this.#expectWord('do');
    const body = this.#body('done');
    this.#expectWord('done');
    return body;
  }

  #for(line: number): Compound {
    const kind = this.#bare() === 'select' ? 'select' : 'for';
    this.#take();
    const token = this.#peek();
    if (
      kind === 'for' &&
      this.#options.dialect === 'bash' &&
      token.kind === 'operator' &&
      token.text === '(' &&
      this.#lexer.src[token.end] === '('
    )
      return this.#count(token);
    const isName = token.kind === 'word' && /^[A-Za-z_]\w*$/.test(token.word.text);
    if (!isName && this.#options.dialect !== 'bash')
      throw new SyntaxFailure({ kind: 'variable' }, token.line);
    if (token.kind !== 'word') this.#unexpected();
    this.#take();
    const name = token.word.text;
    this.#skipNewlines();
    let words: Word[] | undefined;
    if (this.#bare() === 'in') {
      this.#take();
      words = [];
      for (let next = this.#peek(); next.kind === 'word'; next = this.#peek()) {
        words.push(next.word);
        this.#take();
      }
      if (!this.#isOperator(';', '\n')) this.#unexpected();
    }
    if (this.#isOperator(';')) this.#take();
    this.#skipNewlines();
    const body = this.#bare() === '{' ? this.#groupBody() : this.#doGroup();
    return { kind, name, ...(words ? { words } : {}), body, redirects: [], line };
  }

  #groupBody(): Script {
    this.#take();
    const body = this.#body('}');
    this.#expectWord('}');
    return body;
  }

  #count(token: Token): Compound {
    const end = arithmeticEnd(this.#lexer.src, token.end + 1);
    if (end === undefined) this.#unexpected();
    const text = this.#lexer.src.slice(token.end + 1, end);
    this.#lexer.pos = end + 2;
    this.#token = undefined;
    const [first = '', test = '', step, more] = text.split(';').map((part) => part.trim());
    if (step === undefined || more !== undefined)
      throw new SyntaxFailure({ kind: 'arithmetic', text, isShort: step === undefined }, token.line);
    if (this.#isOperator(';')) this.#take();
    this.#skipNewlines();
    const body = this.#bare() === '{' ? this.#groupBody() : this.#doGroup();
    const parts = (part: string): WordPart[] => this.#lexer.arithmeticParts(part);
    return {
      kind: 'count',
      first: parts(first),
      test: parts(test),
      step: parts(step),
      body,
      text,
      redirects: [],
      line: token.line,
    };
  }

  #case(line: number): Compound {
    this.#take();
    const token = this.#peek();
    if (token.kind !== 'word') this.#unexpected('word');
    this.#take();
    this.#skipNewlines();
    this.#expectWord('in');
    this.#skipNewlines();
    const items: CaseItem[] = [];
    while (this.#bare() !== 'esac') items.push(this.#caseItem());
    this.#take();
    return { kind: 'case', word: token.word, items, redirects: [], line };
  }

  #caseItem(): CaseItem {
    if (this.#isOperator('(')) this.#take();
    const patterns: Word[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.kind !== 'word') this.#unexpected(token.kind === 'end' ? ')' : undefined);
      patterns.push(token.word);
      this.#take();
      if (!this.#isOperator('|')) break;
      this.#take();
    }
    if (!this.#isOperator(')')) this.#unexpected(')');
    this.#take();
    const body = this.#list(true);
    let end: CaseItem['end'] = ';;';
    const token = this.#peek();
    if (token.kind === 'operator' && (token.text === ';;' || token.text === ';&' || token.text === ';;&')) {
      end = token.text;
      this.#take();
    } else if (this.#bare() !== 'esac') this.#unexpected();
    this.#skipNewlines();
    return { patterns, body, end };
  }

  #isFunction(token: Token): boolean {
    if (
      token.kind === 'word' &&
      this.#options.dialect === 'bash' &&
      /^[A-Za-z_][A-Za-z0-9_]*(\[.*\])?\+?=$/.test(token.word.text)
    )
      return false;
    return /^[ \t]*\([ \t]*\)/.test(this.#lexer.src.slice(token.end, token.end + 40));
  }

  #functionOf(name: string, line: number): Compound {
    if (this.#options.dialect !== 'bash' && !/^[A-Za-z_]\w*$/.test(name))
      throw new SyntaxFailure({ kind: 'function' }, line);
    this.#take();
    this.#take();
    this.#take();
    this.#skipNewlines();
    return { kind: 'function', name, body: this.#functionBody(), redirects: [], line };
  }

  #functionKeyword(line: number): Compound {
    this.#take();
    const token = this.#peek();
    if (token.kind !== 'word') this.#unexpected();
    if (this.#isFunction(token)) return this.#functionOf(token.word.text, line);
    this.#take();
    this.#skipNewlines();
    return { kind: 'function', name: token.word.text, body: this.#functionBody(), redirects: [], line };
  }

  #functionBody(): Command {
    const bare = this.#bare();
    const isCompound =
      this.#isOperator('(') ||
      (bare !== undefined && ['{', 'if', 'while', 'until', 'for', 'case', '[['].includes(bare));
    if (!isCompound && this.#options.dialect === 'bash') this.#unexpected();
    return this.#command();
  }

  #condition(line: number): Compound {
    const start = this.#peek().end;
    this.#take();
    const test = this.#conditionOr();
    this.#skipNewlines();
    const end = this.#peek().start;
    if (this.#bare() !== ']]') this.#conditionFail();
    this.#take();
    return { kind: 'condition', test, text: this.#lexer.src.slice(start, end).trim(), redirects: [], line };
  }

  #conditionFail(reason?: (token: string) => string): never {
    const token = this.#peek();
    if (token.kind === 'end') this.#unexpected(']]');
    const text = token.kind === 'operator' ? token.text.replace('\n', 'newline') : token.word.text;
    const words =
      reason?.(text) ?? (token.kind === 'word' ? 'syntax error in conditional expression' : undefined);
    throw new SyntaxFailure(
      { kind: 'condition', token: text, ...(words === undefined ? {} : { reason: words }) },
      token.line,
    );
  }

  #conditionOr(): Condition {
    let left = this.#conditionAnd();
    for (this.#skipNewlines(); this.#isOperator('||'); this.#skipNewlines()) {
      this.#take();
      left = { kind: 'or', left, right: this.#conditionAnd() };
    }
    return left;
  }

  #conditionAnd(): Condition {
    let left = this.#conditionNot();
    for (this.#skipNewlines(); this.#isOperator('&&'); this.#skipNewlines()) {
      this.#take();
      left = { kind: 'and', left, right: this.#conditionNot() };
    }
    return left;
  }

  #conditionNot(): Condition {
    return this.#lexer.deeper(() => this.#conditionUnit());
  }

  #conditionUnit(): Condition {
    this.#skipNewlines();
    if (this.#bare() === '!') {
      this.#take();
      return { kind: 'not', inner: this.#conditionNot() };
    }
    if (this.#isOperator('(')) {
      this.#take();
      const inner = this.#conditionOr();
      this.#skipNewlines();
      if (!this.#isOperator(')')) this.#conditionFail((text) => `unexpected token \`${text}', expected \`)'`);
      this.#take();
      return inner;
    }
    return this.#conditionTest();
  }

  #conditionTest(): Condition {
    const token = this.#peek();
    if (token.kind !== 'word' || this.#bare() === ']]') this.#conditionFail();
    this.#take();
    const bare = bareText(token.word);
    if (bare !== undefined && UNARY_TESTS.test(bare)) {
      const operand = this.#peek();
      if (operand.kind === 'word' && this.#bare() !== ']]') {
        this.#take();
        return { kind: 'unary', operator: bare, operand: operand.word };
      }
      if (!this.#isOperator('&&', '||', ')'))
        this.#conditionFail((text) => `unexpected argument \`${text}' to conditional unary operator`);
    }
    const next = this.#peek();
    const operator = next.kind === 'operator' ? next.text : this.#bare();
    if (operator === undefined || !BINARY_TESTS.has(operator)) {
      const ends = next.kind === 'end' || this.#bare() === ']]' || this.#isOperator('&&', '||', ')');
      if (!ends)
        this.#conditionFail((text) =>
          next.kind === 'operator'
            ? `unexpected token \`${text}', conditional binary operator expected`
            : 'conditional binary operator expected',
        );
      return { kind: 'word', word: token.word };
    }
    this.#take();
    const outer = this.#lexer.isExtended;
    this.#lexer.isExtended = operator === '==' || operator === '=' || operator === '!=' || outer;
    const right = operator === '=~' ? this.#regexWord() : this.#conditionOperand();
    this.#lexer.isExtended = outer;
    return { kind: 'binary', operator, left: token.word, right };
  }

  #conditionOperand(): Word {
    const token = this.#peek();
    if (token.kind !== 'word' || this.#bare() === ']]')
      this.#conditionFail((text) => `unexpected argument \`${text}' to conditional binary operator`);
    this.#take();
    return token.word;
  }

  /** The right side of `=~`: brackets and bars belong to it. */
  #regexWord(): Word {
    const lexer = this.#lexer;
    lexer.skipBlanks();
    const start = lexer.pos;
    const parts: WordPart[] = [];
    let depth = 0;
    for (;;) {
      parts.push(...lexer.readParts(' \t\n()', false));
      const char = lexer.src[lexer.pos];
      if (char === '(') depth++;
      else if (char === ')' && depth > 0) depth--;
      else if (!(char === ' ' && depth > 0)) break;
      parts.push({ kind: 'text', text: char, isQuoted: false });
      lexer.pos++;
    }
    return { parts, text: lexer.src.slice(start, lexer.pos) };
  }

  #redirect(): Redirect {
    const token = this.#take();
    invariant(token.kind === 'operator', 'a redirection begins with its operator');
    const target = this.#peek();
    if (target.kind !== 'word') this.#unexpected();
    if (token.text === '>&' && this.#options.dialect === 'dash' && !/^(\d+|-|[$`].*)$/.test(target.word.text))
      throw new SyntaxFailure({ kind: 'descriptor' }, token.line);
    this.#take();
    const text = this.#lexer.src.slice(token.start, target.end);
    const fd = token.fd;
    const variable = token.variable === undefined ? {} : { variable: token.variable };
    if (token.text !== '<<' && token.text !== '<<-') {
      return { operator: token.text as Redirect['operator'], fd, target: target.word, text, ...variable };
    }
    const isQuoted = target.word.parts.some((part) => part.kind !== 'text' || part.isQuoted);
    const heredoc = {
      body: [],
      text: '',
      delimiter: plainText(target.word.parts),
      stripsTabs: token.text === '<<-',
    };
    this.#lexer.pending.push({ heredoc, isQuoted });
    return { operator: '<<', fd, target: target.word, heredoc, text, ...variable };
  }

  #simple(): Command {
    const line = this.#peek().line;
    const assignments: Assignment[] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    const lists = new Map<number, Assignment>();
    for (;;) {
      const token = this.#peek();
      if (token.kind === 'operator' && REDIRECTS.has(token.text)) {
        redirects.push(this.#redirect());
        continue;
      }
      if (token.kind !== 'word') break;
      this.#take();
      const isDeclarer = DECLARERS.has(words[0]?.text ?? '');
      const assignment = words.length === 0 || isDeclarer ? this.#assignment(token) : undefined;
      if (assignment !== undefined && words.length === 0) assignments.push(assignment);
      else {
        if (assignment?.list !== undefined) lists.set(words.length, assignment);
        words.push(token.word);
      }
      if (
        words.length === 1 &&
        words[0] === token.word &&
        /[ \t]$/.test(this.#options.alias?.(token.word.text) ?? '')
      )
        this.#expandAlias();
    }
    if (this.#isOperator('(') && (words.length > 0 || assignments.length > 0)) {
      if (words.length !== 1 || assignments.length > 0) this.#unexpected();
      this.#take();
      this.#unexpected(this.#options.dialect === 'bash' ? undefined : ')');
    }
    return { kind: 'simple', assignments, words, redirects, line, ...(lists.size > 0 ? { lists } : {}) };
  }

  #assignment(token: Token): Assignment | undefined {
    if (token.kind !== 'word') return undefined;
    const first = token.word.parts[0];
    if (first?.kind !== 'text' || first.isQuoted) return undefined;
    const head = assignmentHead(token.word.text);
    if (head === undefined) return undefined;
    const { name, subscript, isAppend, length } = head;
    if (this.#options.dialect !== 'bash' && (subscript !== undefined || isAppend)) return undefined;
    const index = subscript === undefined ? undefined : this.#lexer.reread(subscript).parts;
    const base = { name, ...(index ? { index } : {}), isAppend };
    const isList =
      this.#options.dialect === 'bash' &&
      token.word.text.length === length &&
      this.#lexer.src[token.end] === '(' &&
      this.#isOperator('(');
    if (isList) return { ...base, value: { parts: [], text: '' }, list: this.#listElements() };
    return { ...base, value: this.#lexer.reread(token.word.text.slice(length)) };
  }

  #listElements(): ListElement[] {
    const { line } = this.#take();
    const elements: ListElement[] = [];
    for (;;) {
      this.#skipNewlines();
      if (this.#isOperator(')')) break;
      const token = this.#peek();
      if (token.kind === 'end') throw new SyntaxFailure({ kind: 'quote', quote: ')' }, line, 1);
      if (token.kind !== 'word') this.#unexpected(undefined, 1);
      this.#take();
      const { text } = token.word;
      const end = text.startsWith('[') ? subscriptEnd(text, 1) : undefined;
      if (end === undefined || text[end + 1] !== '=') elements.push({ value: token.word });
      else
        elements.push({
          index: this.#lexer.reread(text.slice(1, end)).parts,
          value: this.#lexer.reread(text.slice(end + 2)),
        });
    }
    this.#take();
    return elements;
  }
}

function needsNewline(text: string, options: ParseOptions): boolean {
  return options.dialect === 'bash' && options.isFinal && !/[\n\\]$/.test(text) && text !== '';
}

/** The start of an assignment: its name, its subscript, and how long it is with the `=`. */
function assignmentHead(
  text: string,
): { name: string; subscript: string | undefined; isAppend: boolean; length: number } | undefined {
  const plain = ASSIGNMENT.exec(text);
  if (plain !== null)
    return {
      name: plain[1] ?? '',
      subscript: undefined,
      isAppend: plain[2] === '+',
      length: plain[0].length,
    };
  const name = ELEMENT_ASSIGNMENT.exec(text)?.[1];
  if (name === undefined) return undefined;
  const end = subscriptEnd(text, name.length + 1);
  const operator = end === undefined ? undefined : /^\+?=/.exec(text.slice(end + 1))?.[0];
  if (end === undefined || operator === undefined) return undefined;
  const subscript = text.slice(name.length + 1, end);
  return { name, subscript, isAppend: operator === '+=', length: end + 1 + operator.length };
}

function present(command: Command | undefined): Command {
  invariant(command !== undefined, 'a pipe follows a command');
  return command;
}

function withErrorsPiped(command: Command): Command {
  const target: Word = { parts: [{ kind: 'text', text: '1', isQuoted: false }], text: '1' };
  const redirect: Redirect = { operator: '>&', fd: 2, target, text: '2>&1' };
  return { ...command, redirects: [...command.redirects, redirect] };
}

/** The text of a word without quotes and expansions; undefined when it has any. */
export function bareText(word: Word): string | undefined {
  if (word.parts.length !== 1) return undefined;
  const part = word.parts[0];
  return part?.kind === 'text' && !part.isQuoted ? part.text : undefined;
}

/** The literal text of parts, as a here-document's delimiter is read: quotes removed, nothing expanded. */
function plainText(parts: readonly WordPart[]): string {
  return parts
    .map((part) =>
      part.kind === 'text'
        ? part.text
        : part.kind === 'double'
          ? plainText(part.parts)
          : part.kind === 'parameter'
            ? `$${part.parameter.name}`
            : '',
    )
    .join('');
}
