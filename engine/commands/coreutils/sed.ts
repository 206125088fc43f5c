import { LIMITS } from '../../base/limits.ts';
import { SystemFailure } from '../../shell/control.ts';
import type { Process, Program } from '../../shell/program.ts';
import { compileRegex, RegexFailure } from '../../shell/posix-regex.ts';
import type { PosixRegex } from '../../shell/posix-regex.ts';
import { failureText } from '../../shell/path.ts';
import { complain, isBusybox, pathOf, readOptions, splitLines } from './tool.ts';

type Address =
  | { readonly kind: 'line'; readonly line: number }
  | { readonly kind: 'last' }
  | { readonly kind: 'regex'; readonly regex: PosixRegex | undefined }
  | { readonly kind: 'step'; readonly first: number; readonly step: number }
  | { readonly kind: 'plus'; readonly count: number };
type Substitution = {
  readonly regex: PosixRegex | undefined;
  readonly replacement: string;
  readonly global: boolean;
  readonly nth: number;
  readonly print: boolean;
  readonly file: string | undefined;
};
type Command = {
  readonly name: string;
  readonly from: Address | undefined;
  readonly to: Address | undefined;
  readonly isNegated: boolean;
  readonly text: string;
  readonly substitution?: Substitution;
  readonly map?: ReadonlyMap<string, string>;
  /** For `{`: where its `}` stands; for `b`, `t`, `T`: the label. */
  end: number;
  /** A range that has begun: the line it ends at, when that is known. */
  open: boolean;
  openUntil: number;
};

/** A script's mistake: the words after `-e expression #1, char N: `. */
class SedFailure extends Error {
  override readonly name = 'SedFailure';
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const LOOPS_MAX = 100_000;

class ScriptReader {
  readonly #text: string;
  readonly #isExtended: boolean;
  #at = 0;
  readonly commands: Command[] = [];

  constructor(text: string, isExtended: boolean) {
    this.#text = text;
    this.#isExtended = isExtended;
  }

  #fail(message: string, at = this.#at): never {
    throw new SedFailure(message, at);
  }

  read(): Command[] {
    const blocks: number[] = [];
    for (;;) {
      while (/[\s;]/.test(this.#text[this.#at] ?? '')) this.#at++;
      const char = this.#text[this.#at];
      if (char === undefined) break;
      if (char === '#') {
        this.#skipLine();
        continue;
      }
      if (char === '}') {
        const open = blocks.pop();
        this.#at++;
        if (open === undefined) this.#fail("unexpected `}'");
        this.#ended();
        const block = this.commands[open];
        if (block !== undefined) block.end = this.commands.length;
        continue;
      }
      const command = this.#command();
      if (command.name === '{') blocks.push(this.commands.length);
      this.commands.push(command);
    }
    if (blocks.length > 0) this.#fail("unmatched `{'", 0);
    return this.commands;
  }

  #skipLine(): void {
    while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#at++;
  }

  #blanks(): void {
    while (/[ \t]/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #command(): Command {
    const from = this.#address();
    this.#blanks();
    let to: Address | undefined;
    if (from !== undefined && this.#text[this.#at] === ',') {
      this.#at++;
      this.#blanks();
      to = this.#address();
      if (to === undefined) this.#fail("unexpected `,'", Math.min(this.#at + 1, this.#text.length));
    }
    this.#blanks();
    const isNegated = this.#text[this.#at] === '!';
    if (isNegated) this.#at++;
    this.#blanks();
    if (isNegated && this.#text[this.#at] === '!') this.#fail("multiple `!'s", this.#at + 1);
    const name = this.#text[this.#at++];
    if (name === undefined) this.#fail('missing command', this.#text.length);
    const isZero =
      (from?.kind === 'line' && from.line === 0 && to?.kind !== 'regex') ||
      (from?.kind === 'step' && from.first === 0 && from.step === 0);
    if (isZero) this.#fail('invalid usage of line address 0');
    if (name === '}' && from !== undefined)
      this.#fail(this.#isInBlock() ? "`}' doesn't want any addresses" : "unexpected `}'");
    if (name === ':' && from !== undefined) this.#fail(": doesn't want any addresses");
    if ('qQ'.includes(name) && to !== undefined) this.#fail('command only uses one address');
    const base = { name, from, to, isNegated, text: '', end: -1, open: false, openUntil: 0 };
    switch (name) {
      case '{':
        return base;
      case 's':
        return { ...base, substitution: this.#substitution() };
      case 'y':
        return { ...base, map: this.#transliteration() };
      case 'a':
      case 'i':
      case 'c':
        return { ...base, text: this.#appended() };
      case ':': {
        const label = this.#word();
        if (label === '') this.#fail('":" lacks a label');
        return { ...base, text: label };
      }
      case 'b':
      case 't':
      case 'T':
        return { ...base, text: this.#word() };
      case 'r':
      case 'w': {
        const file = this.#restOfLine();
        if (file === '') this.#fail('missing filename in r/R/w/W commands');
        return { ...base, text: file };
      }
      case 'q':
      case 'Q': {
        this.#blanks();
        const text = /^\d*/.exec(this.#takeWhile(/\d/))?.[0] ?? '';
        this.#ended();
        return { ...base, text };
      }
      default:
        if (!'dDpPnNgGhHx=zl'.includes(name)) this.#fail(`unknown command: \`${name}'`);
        this.#ended();
        return base;
    }
  }

  /** After a command only blanks, `;`, `}`, a comment or the line's end may stand. */
  #ended(): void {
    this.#blanks();
    if (!/^[\s;}#]?$/.test(this.#text[this.#at] ?? ''))
      this.#fail('extra characters after command', this.#at + 1);
  }

  #isInBlock(): boolean {
    return this.commands.some((one) => one.name === '{' && one.end < 0);
  }

  #takeWhile(pattern: RegExp): string {
    const start = this.#at;
    while (this.#at < this.#text.length && pattern.test(this.#text[this.#at] ?? '')) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #word(): string {
    this.#blanks();
    return this.#takeWhile(/[^\s;}]/);
  }

  #restOfLine(): string {
    this.#blanks();
    return this.#takeWhile(/[^\n]/);
  }

  #appended(): string {
    this.#blanks();
    // `a\` at the very end appends nothing.
    if (this.#text.slice(this.#at) === '\\') {
      this.#at++;
      return '\0';
    }
    if (this.#text[this.#at] === '\\') {
      this.#at++;
      // `i\  text` on one line keeps its blanks; after `i\` and a newline the text begins there.
      const line = /^[ \t]*\n/.exec(this.#text.slice(this.#at))?.[0];
      this.#at += line?.length ?? 0;
    }
    let text = '';
    for (; this.#at < this.#text.length && this.#text[this.#at] !== '\n'; this.#at++) {
      if (this.#text[this.#at] === '\\' && this.#at + 1 < this.#text.length)
        text += this.#text[++this.#at] ?? '';
      else text += this.#text[this.#at] ?? '';
    }
    if (text === '') this.#fail("expected \\ after `a', `c' or `i'");
    return text;
  }

  #address(): Address | undefined {
    const char = this.#text[this.#at] ?? '';
    if (/\d/.test(char)) {
      const first = Number(this.#takeWhile(/\d/));
      if (this.#text[this.#at] !== '~') return { kind: 'line', line: first };
      this.#at++;
      return { kind: 'step', first, step: Number(this.#takeWhile(/\d/)) };
    }
    if (char === '$') {
      this.#at++;
      return { kind: 'last' };
    }
    if (char === '+') {
      this.#at++;
      return { kind: 'plus', count: Number(this.#takeWhile(/\d/)) };
    }
    if (char !== '/' && char !== '\\') return undefined;
    const delimiter = char === '\\' ? (this.#text[++this.#at] ?? '/') : '/';
    this.#at++;
    const source = this.#until(delimiter, 'unterminated address regex', true);
    const ignoreCase = this.#text[this.#at] === 'I';
    if (ignoreCase) this.#at++;
    return { kind: 'regex', regex: this.#regex(source, ignoreCase) };
  }

  #regex(source: string, ignoreCase: boolean): PosixRegex | undefined {
    if (source === '') return undefined;
    try {
      const kind = this.#isExtended ? 'extended' : 'basic';
      return compileRegex(withCharacters(source), kind, { ignoreCase, isStrict: true });
    } catch (error) {
      if (!(error instanceof RegexFailure)) throw error;
      this.#fail(error.message, error.message.startsWith('character class') ? -1 : this.#at);
    }
  }

  /** Text up to an unescaped delimiter; in an expression, brackets hide it and an escaped delimiter is bare. */
  #until(delimiter: string, message: string, isRegex: boolean): string {
    let text = '';
    let inBracket = false;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined || (char === '\n' && isRegex)) this.#fail(message);
      this.#at++;
      if (char === '\\') {
        const next = this.#text[this.#at++];
        if (next === undefined) this.#fail(message);
        if (next === delimiter) text += isRegex && /[.*[\]^$+?(){}|]/.test(delimiter) ? `\\${next}` : next;
        else if (next === 'n' && isRegex) text += '\n';
        else text += `\\${next}`;
        continue;
      }
      if (isRegex && char === '[' && !inBracket) {
        inBracket = delimiter !== '[';
        text += char;
        if (inBracket) {
          if (this.#text[this.#at] === '^') text += this.#text[this.#at++] ?? '';
          if (this.#text[this.#at] === ']') text += this.#text[this.#at++] ?? '';
        }
        continue;
      }
      if (inBracket && char === ']') inBracket = false;
      if (char === delimiter && !inBracket) return text;
      text += char;
    }
  }

  #substitution(): Substitution {
    const delimiter = this.#text[this.#at++] ?? '';
    const message = "unterminated `s' command";
    if (delimiter === '') this.#fail(message, this.#text.length);
    const source = this.#until(delimiter, message, true);
    const replacement = this.#until(delimiter, message, false);
    let global = false;
    let print = false;
    let nth = 0;
    let ignoreCase = false;
    let file: string | undefined;
    for (;;) {
      const flag = this.#text[this.#at] ?? '';
      if ((flag === 'g' && global) || (flag === 'p' && print))
        this.#fail(`multiple \`${flag}' options to \`s' command`, this.#at + 1);
      if (flag === 'g') global = true;
      else if (flag === 'p') print = true;
      else if (flag === 'i' || flag === 'I') ignoreCase = true;
      else if (flag === 'm' || flag === 'M' || flag === 'e') nth += 0;
      else if (/\d/.test(flag) && flag !== '') {
        if (nth > 0) this.#fail("multiple number options to `s' command", this.#at + 1);
        nth = Number(this.#takeWhile(/\d/));
        if (nth === 0) this.#fail("number option to `s' command may not be zero");
        continue;
      } else if (flag === 'w') {
        this.#at++;
        file = this.#restOfLine();
        break;
      } else break;
      this.#at++;
    }
    const beforeBlanks = this.#at;
    this.#blanks();
    const after = this.#text[this.#at] ?? '';
    if (/\d/.test(after) && nth > 0 && this.#at > beforeBlanks)
      this.#fail("multiple number options to `s' command", this.#at + 1);
    if (!/^[\s;}#]?$/.test(after)) this.#fail("unknown option to `s'", this.#at + 1);
    const regex = this.#regex(source, ignoreCase);
    const highest = Math.max(
      0,
      ...[...replacement.matchAll(/\\(\\|[0-9])/g)].map((match) => Number(match[1]) || 0),
    );
    if (regex !== undefined && highest > regex.groupCount)
      this.#fail(`invalid reference \\${highest} on \`s' command's RHS`);
    return { regex, replacement: withCharacters(replacement), global, nth, print, file };
  }

  #transliteration(): ReadonlyMap<string, string> {
    const delimiter = this.#text[this.#at++] ?? '';
    const message = "unterminated `y' command";
    if (delimiter === '') this.#fail(message, this.#text.length);
    const from = [...unescapeText(this.#until(delimiter, message, false))];
    const to = [...unescapeText(this.#until(delimiter, message, false))];
    if (from.length !== to.length) this.#fail("strings for `y' command are different lengths");
    this.#ended();
    return new Map(from.map((char, index) => [char, to[index] ?? '']));
  }
}

const CHARACTERS: Readonly<Record<string, string>> = {
  a: '\x07',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** `\r`, `\x41` and the like as the characters they stand for, also in brackets; what an expression reads otherwise stays escaped. */
function withCharacters(source: string): string {
  return source.replace(/\\(x[0-9a-fA-F]{1,2}|[\s\S])/g, (whole: string, code: string) => {
    const rest = code.slice(1);
    const char = rest === '' ? CHARACTERS[code] : String.fromCharCode(Number.parseInt(rest, 16));
    return char === undefined ? whole : /[\\^$.|?*+()[\]{}&/]/.test(char) ? `\\${char}` : char;
  });
}

function unescapeText(text: string): string {
  return text.replace(/\\([\s\S])/g, (_all, char: string) =>
    char === 'n' ? '\n' : char === 't' ? '\t' : char,
  );
}

/** The replacement text for a match: `&`, `\1`, `\n`, and the case changers `\U \L \u \l \E`. */
function replacementFor(template: string, groups: readonly (string | undefined)[]): string {
  let out = '';
  let mode = '';
  let once = '';
  const add = (text: string): void => {
    let shown = mode === 'U' ? text.toUpperCase() : mode === 'L' ? text.toLowerCase() : text;
    if (once !== '' && shown !== '') {
      shown =
        (once === 'u' ? shown.slice(0, 1).toUpperCase() : shown.slice(0, 1).toLowerCase()) + shown.slice(1);
      once = '';
    }
    out += shown;
  };
  for (let at = 0; at < template.length; at++) {
    const char = template[at] ?? '';
    if (char === '&') add(groups[0] ?? '');
    else if (char === '\\') {
      const next = template[++at] ?? '';
      if (/\d/.test(next)) add(groups[Number(next)] ?? '');
      else if ('ULE'.includes(next)) mode = next === 'E' ? '' : next;
      else if ('ul'.includes(next)) once = next;
      else add(next === 'n' ? '\n' : next === 't' ? '\t' : next);
    } else add(char);
  }
  return out;
}

/** The text in lines of 69 characters with a backslash at each end; an escape is never torn. */
function folded(text: string): string {
  let out = '';
  let at = 0;
  for (const [piece] of text.matchAll(/\\([0-7]{3}|.)|[\s\S]/gu)) {
    if (at + piece.length > 69) {
      out += '\\\n';
      at = 0;
    }
    out += piece;
    at += piece.length;
  }
  return out;
}

type Output = (text: string) => Promise<void>;

/** Runs a script over lines. State of one run: pattern space, hold space, line number. */
class Runner {
  readonly #commands: readonly Command[];
  readonly #process: Process;
  readonly #isQuiet: boolean;
  #hold = '';
  readonly #end: string;
  #space = '';
  #line = 0;
  #at = 0;
  #lines: readonly string[] = [];
  #out: Output;
  #appended: string[] = [];
  #lastRegex: PosixRegex | undefined;
  #work = 0;
  /** True when every line was read. */
  get isAtEnd(): boolean {
    return this.#at >= this.#lines.length;
  }

  /** Set by `q` and `Q`. */
  exit: number | undefined;

  constructor(process: Process, commands: readonly Command[], isQuiet: boolean, out: Output, end: string) {
    this.#end = end;
    this.#process = process;
    this.#commands = commands;
    this.#isQuiet = isQuiet;
    this.#out = out;
  }

  /** Runs over a text's lines; the numbers begin again when `restarts`. */
  async run(lines: readonly string[], out: Output, restarts: boolean): Promise<void> {
    this.#lines = lines;
    this.#at = 0;
    this.#out = out;
    if (restarts) this.#line = 0;
    while (this.#at < lines.length && this.exit === undefined) {
      this.#space = this.#take();
      await this.#process.sys.burn(1);
      await this.#cycle();
    }
  }

  #take(): string {
    this.#line++;
    return this.#lines[this.#at++] ?? '';
  }

  async #cycle(): Promise<void> {
    let replaced = false;
    let loops = 0;
    for (let index = 0; index < this.#commands.length; index++) {
      const command = this.#commands[index];
      if (command === undefined || ++loops > LOOPS_MAX) break;
      if (++this.#work % 64 === 0) await this.#process.sys.burn(64);
      if (!this.#selects(command)) {
        if (command.name === '{') index = command.end - 1;
        continue;
      }
      const { name } = command;
      if (name === 's' && command.substitution !== undefined) {
        if (await this.#substitute(command.substitution)) replaced = true;
      } else if (name === 'd') return this.#flush();
      else if (name === 'D') {
        const at = this.#space.indexOf('\n');
        if (at < 0) return this.#flush();
        this.#space = this.#space.slice(at + 1);
        await this.#flush();
        index = -1;
      } else if (name === 'b' || (name === 't' && replaced) || (name === 'T' && !replaced)) {
        if (name === 't') replaced = false;
        index =
          command.text === ''
            ? this.#commands.length
            : this.#commands.findIndex((one) => one.name === ':' && one.text === command.text);
        if (index < 0) break;
      } else if (name === 'q' || name === 'Q') {
        this.exit = Number(command.text === '' ? 0 : command.text);
        if (name === 'Q') return;
        break;
      } else if (name === 'n' || name === 'N') {
        if (this.#at >= this.#lines.length) {
          if (name === 'n' && this.#isQuiet) return this.#flush();
          break;
        }
        if (name === 'n') {
          if (!this.#isQuiet) await this.#out(this.#space + this.#end);
          await this.#flush();
          this.#space = this.#take();
        } else this.#space += `\n${this.#take()}`;
      } else if (name === 'c') {
        if (command.to === undefined || !command.open) await this.#out(`${command.text}\n`);
        return this.#flush();
      } else await this.#simple(command);
    }
    if (!this.#isQuiet) await this.#out(this.#space + this.#end);
    await this.#flush();
  }

  async #flush(): Promise<void> {
    for (const text of this.#appended.splice(0)) await this.#out(text);
  }

  async #simple(command: Command): Promise<void> {
    switch (command.name) {
      case 'p':
        return this.#out(this.#space + this.#end);
      case 'P':
        return this.#out(`${this.#space.split('\n')[0] ?? ''}\n`);
      case '=':
        return this.#out(`${this.#line}\n`);
      case 'l':
        return this.#out(
          `${folded(
            this.#space
              .replace(/\\/g, '\\\\')
              .replace(/\t/g, '\\t')
              .replace(/\n/g, '\\n')
              .replace(/\r/g, '\\r')
              .replace(/[\x00-\x1f\x7f]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`),
          )}$\n`,
        );
      case 'i':
        return command.text === '\0' ? undefined : this.#out(`${command.text}\n`);
      case 'a':
        if (command.text !== '\0') this.#appended.push(`${command.text}\n`);
        return;
      case 'r': {
        const found = this.#process.machine.files.read(pathOf(this.#process, command.text));
        if ('content' in found) this.#appended.push(found.content);
        return;
      }
      case 'w':
        return this.#write(command.text, this.#space + this.#end);
      case 'y':
        this.#space = [...this.#space].map((char) => command.map?.get(char) ?? char).join('');
        return;
      case 'z':
        this.#space = '';
        return;
      case 'h':
        this.#hold = this.#space;
        return;
      case 'H':
        this.#hold += `\n${this.#space}`;
        return;
      case 'g':
        this.#space = this.#hold;
        return;
      case 'G':
        this.#space += `\n${this.#hold}`;
        return;
      case 'x':
        [this.#space, this.#hold] = [this.#hold, this.#space];
    }
  }

  async #write(name: string, text: string): Promise<void> {
    if (name === '/dev/stdout') return this.#out(text);
    if (name === '/dev/stderr') return this.#process.err(text);
    const { files } = this.#process.machine;
    files.write(pathOf(this.#process, name), text, this.#process.sys.nowMs(), { append: true });
  }

  #selects(command: Command): boolean {
    return this.#inRange(command) !== command.isNegated;
  }

  #inRange(command: Command): boolean {
    const { from, to } = command;
    if (from === undefined) return true;
    if (to === undefined) return this.#matches(from);
    if (command.open) {
      const isEnd =
        to.kind === 'line'
          ? this.#line >= to.line
          : to.kind === 'plus'
            ? this.#line >= command.openUntil
            : this.#matches(to);
      if (isEnd) command.open = false;
      return to.kind !== 'line' || this.#line <= to.line;
    }
    if (from.kind === 'line' && from.line === 0 && to.kind === 'regex') {
      // `0,/x/`: the range is open before the first line and may end on it.
      if (command.openUntil < 0 || this.#line === 0) return false;
      command.open = !this.#matches(to);
      command.openUntil = -1;
      return true;
    }
    if (!this.#matches(from)) return false;
    if (to.kind === 'plus') command.openUntil = this.#line + to.count;
    command.open =
      !(to.kind === 'line' && to.line <= this.#line) &&
      !(to.kind === 'plus' && to.count === 0) &&
      !(to.kind === 'last' && this.#at >= this.#lines.length);
    return true;
  }

  #matches(address: Address): boolean {
    if (address.kind === 'line') return this.#line === address.line;
    if (address.kind === 'last') return this.#at >= this.#lines.length;
    if (address.kind === 'step')
      return address.step === 0
        ? this.#line === address.first
        : this.#line >= address.first && (this.#line - address.first) % address.step === 0;
    if (address.kind === 'plus') return false;
    return this.#known(address.regex).find(this.#space) !== undefined;
  }

  /** An empty expression stands for the last one that was used. */
  #known(given: PosixRegex | undefined): PosixRegex {
    this.#lastRegex = given ?? this.#lastRegex;
    if (this.#lastRegex === undefined) throw new SedFailure('no previous regular expression', 0);
    return this.#lastRegex;
  }

  async #substitute(one: Substitution): Promise<boolean> {
    const regex = this.#known(one.regex);
    let out = '';
    let at = 0;
    let count = 0;
    let changed = false;
    let lastEnd = -1;
    for (let from = 0; from <= this.#space.length; ) {
      const match = regex.find(this.#space, from);
      if (match === undefined) break;
      if (++this.#work % 64 === 0) await this.#process.sys.burn(64);
      const isEmptyAgain = match.end === match.start && match.start === lastEnd;
      if (!isEmptyAgain) {
        count++;
        if (count >= Math.max(1, one.nth)) {
          out += this.#space.slice(at, match.start) + replacementFor(one.replacement, match.groups);
          at = match.end;
          changed = true;
          if (!one.global) break;
        }
      }
      lastEnd = match.end;
      from = match.end > match.start ? match.end : match.end + 1;
    }
    if (!changed) return false;
    this.#space = out + this.#space.slice(at);
    if (this.#space.length > LIMITS.fileCharactersMax)
      throw new SystemFailure("couldn't allocate memory for the pattern space");
    await this.#process.sys.burn(this.#space.length >> 8);
    if (one.print) await this.#out(this.#space + this.#end);
    if (one.file !== undefined) await this.#write(one.file, this.#space + this.#end);
    return true;
  }
}

const USAGE = 'Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...\n';
const TABLE = {
  short: 'nrEsuze:f:i::',
  long: [
    'quiet',
    'silent',
    'expression=',
    'file=',
    'in-place?',
    'regexp-extended',
    'separate',
    'posix',
    'null-data',
    'unbuffered',
  ],
};

/** sed: GNU's, as far as editing manifests and logs goes. */
export const sed: Program = async (process) => {
  const options = readOptions(process.argv.slice(1), TABLE);
  if ('message' in options) {
    await process.err(`sed: ${options.message}\n${USAGE}`);
    return 1;
  }
  if (options.has('version', 'help')) {
    await process.out(options.has('version') ? 'sed (GNU sed) 4.9\n' : USAGE);
    return 0;
  }
  const { files } = process.machine;
  const operands = [...options.operands];
  const scripts: string[] = [];
  for (const [name, value] of options.all) {
    if (name === 'e' || name === 'expression') scripts.push(value);
    if (name !== 'f' && name !== 'file') continue;
    const found = files.read(pathOf(process, value));
    if ('error' in found) {
      await process.err(`sed: couldn't open file ${value}: ${failureText(found.error)}\n`);
      return 4;
    }
    scripts.push(found.content.replace(/\n$/, ''));
  }
  if (scripts.length === 0) {
    const first = operands.shift();
    if (first === undefined) {
      await process.err(USAGE);
      return 1;
    }
    scripts.push(first);
  }
  let commands: Command[];
  try {
    commands = new ScriptReader(scripts.join('\n'), options.has('r', 'E', 'regexp-extended')).read();
    const missing = commands.find(
      ({ name, text }) =>
        'btT'.includes(name) && text !== '' && !commands.some((one) => one.name === ':' && one.text === text),
    );
    if (missing !== undefined) {
      await process.err(`sed: can't find label for jump to \`${missing.text}'\n`);
      return 4;
    }
    for (const { name, text, substitution } of commands) {
      const file = name === 'w' ? text : substitution?.file;
      if (file === undefined || file.startsWith('/dev/')) continue;
      const failure = files.write(pathOf(process, file), '', process.sys.nowMs());
      if (failure === undefined) continue;
      await process.err(`sed: couldn't open file ${file}: ${failureText(failure)}\n`);
      return 4;
    }
  } catch (error) {
    if (!(error instanceof SedFailure)) throw error;
    return complainOfScript(process, error);
  }
  const isQuiet = options.has('n', 'quiet', 'silent') || scripts[0]?.startsWith('#n') === true;
  try {
    return await runOver(
      process,
      commands,
      operands,
      isQuiet,
      options.get('i', 'in-place'),
      options.has('s', 'separate'),
      options.has('z', 'null-data') ? '\0' : '\n',
    );
  } catch (error) {
    if (!(error instanceof SedFailure)) throw error;
    return complainOfScript(process, error);
  }
};

async function complainOfScript(process: Process, error: SedFailure): Promise<number> {
  if (isBusybox(process)) {
    const text = error.message
      .replace(/^unterminated.*/, "unmatched '/'")
      .replace(/^(unknown option|multiple).*/, 'bad option in substitution expression')
      .replace(/^unknown command: `(.*)'/, 'unsupported command $1');
    await process.err(`sed: ${text}\n`);
    return 1;
  }
  const place = error.at < 0 ? '' : `-e expression #1, char ${error.at}: `;
  await process.err(`sed: ${place}${error.message}\n`);
  return 1;
}

async function runOver(
  process: Process,
  commands: readonly Command[],
  operands: readonly string[],
  isQuiet: boolean,
  inPlace: string | undefined,
  separate: boolean,
  end: string,
): Promise<number> {
  const { files } = process.machine;
  const runner = new Runner(process, commands, isQuiet, (text) => process.out(text), end);
  const recordsOf = (text: string): string[] =>
    end === '\n' ? splitLines(text) : text.replace(/\0$/, '').split('\0');
  let exit = 0;
  const lines: string[] = [];
  /** True when the last line lacks its end, which is not added. */
  let isCut = false;
  for (const operand of operands.length > 0 ? operands : ['-']) {
    const isStdin = operand === '-' && inPlace === undefined;
    const path = pathOf(process, operand);
    const found = isStdin ? { content: await process.stdin.readAll(process.sys) } : files.read(path);
    if ('error' in found) {
      if (isBusybox(process)) {
        exit = await complain(process, `${operand}: ${failureText(found.error)}`);
        continue;
      }
      await process.err(
        found.error === 'EISDIR'
          ? inPlace === undefined
            ? `sed: read error on ${operand}: Is a directory\n`
            : `sed: couldn't edit ${operand}: not a regular file\n`
          : `sed: can't read ${operand}: ${failureText(found.error)}\n`,
      );
      exit = found.error === 'EISDIR' ? 4 : 2;
      continue;
    }
    if (inPlace === undefined && !separate) {
      for (const line of recordsOf(found.content)) lines.push(line);
      isCut = !found.content.endsWith(end);
      continue;
    }
    let text = '';
    await runner.run(
      recordsOf(found.content),
      inPlace === undefined ? (part) => process.out(part) : async (part) => void (text += part),
      true,
    );
    if (inPlace !== undefined) {
      if (inPlace !== '') files.write(path + inPlace, found.content, process.sys.nowMs());
      files.write(
        path,
        found.content !== '' && !found.content.endsWith('\n') ? text.replace(/\n$/, '') : text,
        process.sys.nowMs(),
      );
    }
  }
  if (inPlace === undefined && !separate) {
    let held = '';
    await runner.run(
      lines,
      async (part) => {
        await process.out(held);
        held = part;
      },
      false,
    );
    await process.out(isCut && runner.isAtEnd ? held.replace(/[\n\0]$/, '') : held);
  }
  return runner.exit ?? exit;
}
