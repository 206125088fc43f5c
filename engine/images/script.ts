// The small scripts of containers (`sh -c "while true; do curl …; sleep 1; done"`) as data: a list of steps that a machine
// of state and timers works off. What this grammar does not know is left to the guess of the catalogue.

/** A word with its parts: text, a variable, or the output of a command. `isBare` parts are split at blanks. */
export type ScriptWord = readonly WordPart[];
type WordPart =
  | { readonly text: string }
  | { readonly variable: string; readonly absent: string; readonly isBare: boolean }
  | { readonly output: Pipeline; readonly isBare: boolean }
  | { readonly sum: string };

/** Where output goes: a file, the log (`/dev/stdout`), nowhere. */
type Redirect =
  | { readonly fd: 1 | 2; readonly to: ScriptWord; readonly isAppend: boolean }
  | { readonly fd: 2; readonly to: 1 };

/** One command of a pipeline. */
export type ScriptCommand = {
  readonly assigns: readonly (readonly [string, ScriptWord])[];
  readonly words: readonly ScriptWord[];
  readonly redirects: readonly Redirect[];
};

/** Commands whose output is the next one's input. */
export type Pipeline = readonly ScriptCommand[];

/** One step. Jumps name places in the list. */
export type ScriptStep =
  | { readonly run: Pipeline; readonly isNegated: boolean; readonly isTested: boolean }
  | { readonly jump: number; readonly when: 'always' | 'ok' | 'failed' }
  | { readonly each: string; readonly words: readonly ScriptWord[]; readonly end: number };

/** A compiled script. */
export type Script = readonly ScriptStep[];

const SOURCE_MAX = 8_192;
const STEPS_MAX = 400;
const KEYWORDS = new Set(['then', 'else', 'elif', 'fi', 'do', 'done', '}', ')']);

/** The steps of a shell script, or undefined where it goes beyond what this machine runs. */
export function compileScript(source: string): Script | undefined {
  if (source.length > SOURCE_MAX) return undefined;
  try {
    const compiler = new Compiler(source);
    return compiler.script();
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}

class Unsupported extends Error {}

type Token =
  | { readonly kind: 'word'; readonly word: ScriptWord; readonly plain: string | undefined }
  | { readonly kind: 'op'; readonly op: string };

class Compiler {
  readonly #tokens: readonly Token[];
  readonly #steps: ScriptStep[] = [];
  readonly #loops: { readonly start: number; readonly breaks: number[] }[] = [];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#tokens = new Lexer(source).tokens();
  }

  script(): Script {
    this.#list(() => false);
    if (this.#at < this.#tokens.length) throw new Unsupported();
    return this.#steps;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  /** The plain text of the next word, '' otherwise. */
  #keyword(): string {
    const token = this.#peek();
    return token?.kind === 'word' ? (token.plain ?? '') : '';
  }

  #op(): string {
    const token = this.#peek();
    return token?.kind === 'op' ? token.op : '';
  }

  #expect(word: string): void {
    if (this.#keyword() !== word) throw new Unsupported();
    this.#at++;
  }

  #emit(step: ScriptStep): number {
    if (this.#steps.length >= STEPS_MAX) throw new Unsupported();
    return this.#steps.push(step) - 1;
  }

  #patch(at: number): void {
    const step = this.#steps[at];
    const place = this.#steps.length;
    if (step && 'jump' in step) this.#steps[at] = { ...step, jump: place };
    else if (step && 'each' in step) this.#steps[at] = { ...step, end: place };
  }

  #skipBreaks(): void {
    while (this.#op() === ';') this.#at++;
  }

  #list(isEnd: () => boolean): void {
    if (++this.#depth > 20) throw new Unsupported();
    this.#skipBreaks();
    while (this.#at < this.#tokens.length && !isEnd() && !KEYWORDS.has(this.#keyword())) {
      this.#andOr();
      // A command in the background has no place of its own here, except as the last words of a script.
      if (this.#op() === '&') throw new Unsupported();
      this.#skipBreaks();
    }
    this.#depth--;
  }

  #andOr(): void {
    this.#command(this.#isChained());
    for (;;) {
      const op = this.#op();
      if (op !== '&&' && op !== '||') return;
      this.#at++;
      while (this.#op() === ';') this.#at++;
      const skip = this.#emit({ jump: 0, when: op === '&&' ? 'failed' : 'ok' });
      this.#command(this.#isChained());
      this.#patch(skip);
    }
  }

  /** Looks ahead for `&&` or `||` after this command: `set -e` does not look at it then. */
  #isChained(): boolean {
    for (let i = this.#at; i < this.#tokens.length; i++) {
      const token = this.#tokens[i];
      if (token?.kind !== 'op' || token.op === '|' || token.op.includes('>')) continue;
      return token.op === '&&' || token.op === '||';
    }
    return false;
  }

  #command(isTested: boolean): void {
    switch (this.#keyword()) {
      case 'while':
      case 'until':
        this.#loop();
        return;
      case 'for':
        this.#for();
        return;
      case 'if':
        this.#if();
        return;
      case '{':
        this.#at++;
        this.#list(() => false);
        this.#expect('}');
        return;
      case 'case':
      case 'function':
      case 'select':
        throw new Unsupported();
      default:
        this.#pipeline(isTested);
        return;
    }
  }

  #loop(): void {
    const isUntil = this.#keyword() === 'until';
    this.#at++;
    const start = this.#steps.length;
    this.#tested(() => this.#list(() => false));
    const out = this.#emit({ jump: 0, when: isUntil ? 'ok' : 'failed' });
    this.#body(start, out);
  }

  #for(): void {
    this.#at++;
    const name = this.#keyword();
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new Unsupported();
    this.#at++;
    this.#expect('in');
    const words: ScriptWord[] = [];
    for (let token = this.#peek(); token?.kind === 'word'; token = this.#peek()) {
      words.push(token.word);
      this.#at++;
    }
    this.#skipBreaks();
    const start = this.#emit({ each: name, words, end: 0 });
    this.#body(start, start);
  }

  #body(start: number, out: number): void {
    this.#expect('do');
    const loop = { start, breaks: [] as number[] };
    this.#loops.push(loop);
    this.#list(() => false);
    this.#loops.pop();
    this.#expect('done');
    this.#emit({ jump: start, when: 'always' });
    this.#patch(out);
    for (const at of loop.breaks) this.#patch(at);
    this.#succeed();
  }

  #if(): void {
    this.#at++;
    this.#tested(() => this.#list(() => false));
    this.#expect('then');
    const skip = this.#emit({ jump: 0, when: 'failed' });
    this.#list(() => false);
    const word = this.#keyword();
    const over = this.#emit({ jump: 0, when: 'always' });
    this.#patch(skip);
    if (word === 'fi') {
      this.#at++;
      this.#succeed();
    } else if (word === 'elif') this.#if();
    else {
      this.#expect('else');
      this.#list(() => false);
      this.#expect('fi');
    }
    this.#patch(over);
  }

  /** What ends with its condition has ended well. */
  #succeed(): void {
    this.#emit({
      run: [{ assigns: [], words: [[{ text: ':' }]], redirects: [] }],
      isNegated: false,
      isTested: true,
    });
  }

  /** Everything compiled inside is a condition: its failure ends no script. */
  #tested(compile: () => void): void {
    const from = this.#steps.length;
    compile();
    for (let i = from; i < this.#steps.length; i++) {
      const step = this.#steps[i];
      if (step && 'run' in step) this.#steps[i] = { ...step, isTested: true };
    }
  }

  #pipeline(isTested: boolean): void {
    let isNegated = false;
    while (this.#keyword() === '!') {
      isNegated = !isNegated;
      this.#at++;
    }
    const word = this.#keyword();
    if (word === 'break' || word === 'continue') {
      this.#leave(word);
      return;
    }
    const run: ScriptCommand[] = [this.#simple()];
    while (this.#op() === '|') {
      this.#at++;
      run.push(this.#simple());
    }
    this.#emit({ run, isNegated, isTested: isTested || isNegated });
  }

  #leave(word: 'break' | 'continue'): void {
    this.#at++;
    const loop = this.#loops.at(-1);
    if (!loop) throw new Unsupported();
    const at = this.#emit({ jump: loop.start, when: 'always' });
    if (word === 'break') loop.breaks.push(at);
  }

  #simple(): ScriptCommand {
    const assigns: (readonly [string, ScriptWord])[] = [];
    const words: ScriptWord[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      const token = this.#peek();
      if (token?.kind === 'word') {
        this.#at++;
        const assign = words.length === 0 ? assignment(token.word) : undefined;
        if (assign) assigns.push(assign);
        else words.push(token.word);
        continue;
      }
      if (token?.kind !== 'op' || !/[<>]/.test(token.op)) break;
      this.#at++;
      redirects.push(...this.#redirect(token.op));
    }
    if (assigns.length + words.length + redirects.length === 0) throw new Unsupported();
    return { assigns, words, redirects };
  }

  #redirect(op: string): Redirect[] {
    if (op === '2>&1') return [{ fd: 2, to: 1 }];
    const target = this.#peek();
    if (target?.kind !== 'word' || op.includes('<')) throw new Unsupported();
    this.#at++;
    const isAppend = op.endsWith('>>');
    const to = target.word;
    if (op.startsWith('&'))
      return [
        { fd: 1, to, isAppend },
        { fd: 2, to: 1 },
      ];
    return [{ fd: op.startsWith('2') ? 2 : 1, to, isAppend }];
  }
}

function assignment(word: ScriptWord): readonly [string, ScriptWord] | undefined {
  const [first, ...rest] = word;
  const match = first && 'text' in first ? /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(first.text) : undefined;
  if (!match) return undefined;
  return [match[1] ?? '', [{ text: match[2] ?? '' }, ...rest]];
}

const OPS = [
  '2>&1',
  '2>>',
  '&>>',
  '&&',
  '||',
  ';;',
  '>>',
  '2>',
  '1>',
  '&>',
  '<<',
  '>',
  '<',
  ';',
  '|',
  '&',
  '(',
  ')',
  '\n',
];

class Lexer {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text.replaceAll('\\\n', '');
  }

  tokens(): readonly Token[] {
    const tokens: Token[] = [];
    for (;;) {
      while (/[ \t]/.test(this.#text[this.#at] ?? '')) this.#at++;
      if (this.#text[this.#at] === '#')
        while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#at++;
      if (this.#at >= this.#text.length) return tokens;
      const op = OPS.find((one) => this.#text.startsWith(one, this.#at));
      if (op === undefined) {
        const word = this.#word();
        const [first] = word.parts;
        const plain =
          word.parts.length === 1 && first && 'text' in first && !word.isQuoted ? first.text : undefined;
        tokens.push({ kind: 'word', word: word.parts, plain });
        continue;
      }
      this.#at += op.length;
      if (op === '(' || op === ')' || op === '<<' || op === ';;') throw new Unsupported();
      tokens.push({ kind: 'op', op: op === '\n' ? ';' : op === '1>' ? '>' : op });
    }
  }

  #word(): { readonly parts: ScriptWord; readonly isQuoted: boolean } {
    const parts: WordPart[] = [];
    let isQuoted = false;
    const add = (text: string): void => {
      const last = parts.at(-1);
      if (last && 'text' in last) parts[parts.length - 1] = { text: last.text + text };
      else parts.push({ text });
    };
    while (this.#at < this.#text.length) {
      const letter = this.#text[this.#at] ?? '';
      if (/[\s;|&<>()]/.test(letter)) break;
      if (letter === "'") {
        const end = this.#text.indexOf("'", this.#at + 1);
        if (end < 0) throw new Unsupported();
        add(this.#text.slice(this.#at + 1, end));
        this.#at = end + 1;
        isQuoted = true;
      } else if (letter === '"') {
        this.#at++;
        isQuoted = true;
        add('');
        this.#quoted(parts, add);
      } else if (letter === '\\') {
        add(this.#text[this.#at + 1] ?? '');
        this.#at += 2;
        isQuoted = true;
      } else if (letter === '$') parts.push(...this.#dollar(true, add));
      else if (letter === '`') throw new Unsupported();
      else {
        add(letter);
        this.#at++;
      }
    }
    return { parts, isQuoted };
  }

  #quoted(parts: WordPart[], add: (text: string) => void): void {
    for (;;) {
      const letter = this.#text[this.#at];
      if (letter === undefined || letter === '`') throw new Unsupported();
      if (letter === '"') {
        this.#at++;
        return;
      }
      if (letter === '\\' && /[\\"$`]/.test(this.#text[this.#at + 1] ?? '')) {
        add(this.#text[this.#at + 1] ?? '');
        this.#at += 2;
      } else if (letter === '$') parts.push(...this.#dollar(false, add));
      else {
        add(letter);
        this.#at++;
      }
    }
  }

  #dollar(isBare: boolean, add: (text: string) => void): WordPart[] {
    const rest = this.#text.slice(this.#at);
    const sum = /^\$\(\(([\w\s+*/%$()-]*?)\)\)/.exec(rest);
    if (sum) {
      this.#at += sum[0].length;
      return [{ sum: sum[1] ?? '' }];
    }
    if (rest.startsWith('$(')) return [{ output: this.#substitution(), isBare }];
    const named = /^\$(?:([A-Za-z_]\w*|[?$#0-9@*])|\{([A-Za-z_]\w*)(?::?-([^{}$`]*))?\})/.exec(rest);
    if (named) {
      this.#at += named[0].length;
      return [{ variable: named[1] ?? named[2] ?? '', absent: named[3] ?? '', isBare }];
    }
    if (rest.startsWith('${')) throw new Unsupported();
    add('$');
    this.#at++;
    return [];
  }

  #substitution(): Pipeline {
    let depth = 0;
    let end = this.#at + 1;
    for (; end < this.#text.length; end++) {
      if (this.#text[end] === '(') depth++;
      if (this.#text[end] === ')' && --depth === 0) break;
    }
    const inner = compileScript(this.#text.slice(this.#at + 2, end));
    const [step] = inner ?? [];
    if (inner?.length !== 1 || !step || !('run' in step)) throw new Unsupported();
    this.#at = end + 1;
    return step.run;
  }
}
