import type { Stream } from '../../base/stream.ts';
import { Signalled } from '../../base/process.ts';
import { compileRegex, RegexFailure } from '../../shell/posix-regex.ts';
import type { PosixRegex } from '../../shell/posix-regex.ts';
import { descriptorsOf } from '../../shell/process.ts';
import type { Process, Terminal } from '../../shell/program.ts';

/** What `less` was asked for: `-N` numbers, `-S` cut lines, `-R` keep colours, `-i` ignore case, `-F` leave when it fits, `+F` follow. */
export type PagerOptions = {
  readonly hasNumbers: boolean;
  readonly isChopped: boolean;
  readonly keepsColours: boolean;
  readonly ignoresCase: boolean;
  readonly leavesWhenItFits: boolean;
  readonly keepsScreen: boolean;
  readonly startsAtEnd: boolean;
  readonly follows: boolean;
  readonly search: string | undefined;
  /** `more`: leaves at the end, no alternate screen. */
  readonly isMore: boolean;
};

/** A text to page through; `reread` gives it anew for following a file that grows. */
export type PagerText = {
  readonly name: string;
  readonly lines: readonly string[];
  readonly reread?: () => readonly string[];
};

const KEYS_HELP = [
  '  space f ^F   forward one window          b ^B   backward one window',
  '  j e Enter    forward one line            k y    backward one line',
  '  d ^D         forward half a window       u ^U   backward half a window',
  '  g <          first line (or line N)      G >    last line (or line N)',
  '  /pattern     search forward              ?pattern  search backward',
  '  n            next match                  N      previous match',
  '  &pattern     only lines that match       F      follow the end of the file',
  '  :n  :p       next, previous file         =      where we are',
  '  -N -S -i     switch line numbers, cut lines, case   h  this help   q  leave',
];

/** The stream that a terminal's keys come from, also when stdin is a pipe (`/dev/tty`). */
export function keyStream(process: Process): Stream | undefined {
  for (const descriptor of descriptorsOf(process).values())
    if (descriptor.terminal !== undefined && descriptor.stream !== undefined) return descriptor.stream;
  return undefined;
}

/** True when a pager can take keys: a real terminal on stdout, not a script's dumb one. */
export function isInteractive(process: Process): boolean {
  const term = process.env.get('TERM') ?? '';
  return (
    process.tty('stdout') !== undefined && keyStream(process) !== undefined && term !== '' && term !== 'dumb'
  );
}

/** Shows texts a window at a time and obeys the keys until `q`. The terminal is as it was afterwards. */
export async function pageThrough(
  process: Process,
  texts: readonly PagerText[],
  options: PagerOptions,
): Promise<number> {
  const terminal = process.tty('stdout');
  const keys = keyStream(process);
  if (terminal === undefined || keys === undefined || texts.length === 0) return 0;
  const pager = new Pager(process, terminal, keys, texts, options);
  const wasRaw = terminal.isRaw;
  terminal.isRaw = true;
  const usesScreen = !options.isMore && !options.keepsScreen;
  try {
    if (options.leavesWhenItFits && pager.fits()) return await pager.printAll();
    if (usesScreen) await process.out('\x1b[?1049h');
    await pager.run();
  } finally {
    terminal.isRaw = wasRaw;
    await process.out(`\r\x1b[K${usesScreen ? '\x1b[?1049l' : ''}`);
  }
  return 0;
}

class Pager {
  readonly #process: Process;
  readonly #terminal: Terminal;
  readonly #keys: Stream;
  readonly #texts: readonly PagerText[];
  #options: PagerOptions;
  #file = 0;
  #all: readonly string[] = [];
  /** The lines that are shown: all, or those that `&pattern` left. */
  #lines: readonly string[] = [];
  #top = 0;
  #pattern: PosixRegex | undefined;
  #isBackward = false;
  #message: string | undefined;
  #count = '';

  constructor(
    process: Process,
    terminal: Terminal,
    keys: Stream,
    texts: readonly PagerText[],
    options: PagerOptions,
  ) {
    this.#process = process;
    this.#terminal = terminal;
    this.#keys = keys;
    this.#texts = texts;
    this.#options = options;
    this.#open(0);
  }

  get #height(): number {
    return Math.max(1, this.#terminal.rows - 1);
  }

  /** True when the whole text has room on one screen. */
  fits(): boolean {
    return this.#texts.length === 1 && this.#rowsFrom(0, this.#height + 1).rows.length <= this.#height;
  }

  /** Prints everything and leaves (`-F`). */
  async printAll(): Promise<number> {
    await this.#process.out(this.#lines.map((line) => `${line}\n`).join(''));
    return 0;
  }

  async run(): Promise<void> {
    if (this.#options.startsAtEnd) this.#top = this.#last();
    if (this.#options.search !== undefined) this.#search(this.#options.search, false);
    if (this.#options.follows) await this.#follow();
    for (;;) {
      await this.#draw();
      const key = await this.#key();
      if (key === undefined || key === 'q' || key === 'Q' || key === '\x03') return;
      if (await this.#press(key)) return;
    }
  }

  #open(file: number): void {
    this.#file = file;
    this.#all = this.#texts[file]?.lines ?? [];
    this.#lines = this.#all;
    this.#top = 0;
  }

  async #key(): Promise<string | undefined> {
    const text = await this.#keys.read(this.#process.sys);
    if (text === undefined) return undefined;
    const sequence = /^\x1b\[[0-9;]*[A-Za-z~]|^\x1bO[A-Z]/.exec(text)?.[0] ?? [...text][0] ?? '';
    this.#keys.putBack(text.slice(sequence.length));
    return sequence;
  }

  /** Obeys a key; true when it ends the pager. */
  async #press(key: string): Promise<boolean> {
    if (/^[0-9]$/.test(key)) {
      this.#count += key;
      return false;
    }
    const count = this.#count === '' ? undefined : Math.min(Number(this.#count), 1_000_000_000);
    this.#count = '';
    const page = this.#height;
    switch (key) {
      case ' ':
      case 'f':
      case '\x06':
      case '\x16':
      case 'z':
      case '\x1b[6~':
        if (this.#options.isMore && this.#isAtEnd()) return true;
        this.#move(count ?? page);
        break;
      case 'b':
      case '\x02':
      case 'w':
      case '\x1b[5~':
        this.#move(-(count ?? page));
        break;
      case 'j':
      case 'e':
      case '\n':
      case '\r':
      case '\x0e':
      case '\x1b[B':
      case '\x1bOB':
        if (this.#options.isMore && this.#isAtEnd()) return true;
        this.#move(count ?? 1);
        break;
      case 'k':
      case 'y':
      case '\x10':
      case '\x1b[A':
      case '\x1bOA':
        this.#move(-(count ?? 1));
        break;
      case 'd':
      case '\x04':
        this.#move(count ?? Math.ceil(page / 2));
        break;
      case 'u':
      case '\x15':
        this.#move(-(count ?? Math.ceil(page / 2)));
        break;
      case 'g':
      case '<':
      case '\x1b[H':
        this.#top = Math.max(0, Math.min((count ?? 1) - 1, this.#lines.length - 1));
        break;
      case 'G':
      case '>':
      case '\x1b[F':
        this.#top =
          count === undefined ? this.#last() : Math.max(0, Math.min(count - 1, this.#lines.length - 1));
        break;
      case '/':
      case '?':
        await this.#ask(key);
        break;
      case '&':
        await this.#filter();
        break;
      case 'n':
      case 'N':
        this.#again((key === 'N') !== this.#isBackward);
        break;
      case 'F':
        await this.#follow();
        break;
      case 'h':
      case 'H':
        await this.#help();
        break;
      case '=':
      case '\x07':
        this.#message = this.#position();
        break;
      case '-':
        await this.#switchOption();
        break;
      case ':':
        return this.#colon();
      default:
        await this.#process.out('\x07');
    }
    return false;
  }

  #move(lines: number): void {
    this.#top = Math.max(0, Math.min(this.#top + lines, this.#last()));
  }

  /** The top line of the last window. */
  #last(): number {
    let rows = 0;
    let at = this.#lines.length;
    while (at > 0) {
      rows += this.#wrapped(at - 1).length;
      if (rows > this.#height) break;
      at--;
    }
    return Math.min(at, Math.max(0, this.#lines.length - 1));
  }

  #isAtEnd(): boolean {
    return this.#rowsFrom(this.#top, this.#height).next >= this.#lines.length;
  }

  /** The screen rows of a line: wrapped, or cut with `-S`; control characters shown as `^X` unless they are colours under `-R`. */
  #wrapped(index: number): string[] {
    const number = this.#options.hasNumbers ? `${String(index + 1).padStart(7)} ` : '';
    const width = Math.max(1, this.#terminal.columns);
    const raw = expandTabs(this.#lines[index] ?? '');
    const text = this.#options.keepsColours
      ? raw
      : raw.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, (char) =>
          char === '\x1b' ? 'ESC' : `^${String.fromCharCode(char.charCodeAt(0) ^ 64)}`,
        );
    const pieces = splitWidth(number + text, width);
    return this.#options.isChopped ? pieces.slice(0, 1) : pieces;
  }

  #rowsFrom(top: number, most: number): { rows: string[]; next: number } {
    const rows: string[] = [];
    let at = top;
    while (at < this.#lines.length && rows.length < most) rows.push(...this.#wrapped(at++));
    return { rows: rows.slice(0, most), next: at };
  }

  async #draw(): Promise<void> {
    const { rows, next } = this.#rowsFrom(this.#top, this.#height);
    const shown = rows.map((row) => this.#marked(row));
    while (shown.length < this.#height) shown.push('~');
    const isEnd = next >= this.#lines.length;
    const name = this.#texts[this.#file]?.name ?? '';
    const more = `--More--(${Math.floor((100 * next) / Math.max(1, this.#lines.length))}%)`;
    const status =
      this.#message ??
      (this.#options.isMore ? more : isEnd ? '(END)' : this.#top === 0 && name !== '' ? name : ':');
    const prompt = status === ':' ? `:${this.#count}` : `\x1b[7m${status}\x1b[27m${this.#count}`;
    this.#message = undefined;
    await this.#process.out(`\x1b[H\x1b[2J${shown.map((row) => `${row}\r\n`).join('')}${prompt}`);
  }

  #marked(row: string): string {
    if (this.#pattern === undefined || row.includes('\x1b')) return row;
    let out = '';
    let at = 0;
    for (
      let found = this.#pattern.find(row, at);
      found !== undefined && found.end > found.start;
      found = this.#pattern.find(row, at)
    ) {
      out += `${row.slice(at, found.start)}\x1b[7m${row.slice(found.start, found.end)}\x1b[27m`;
      at = found.end;
      if (at >= row.length) break;
    }
    return out + row.slice(at);
  }

  async #readWords(prompt: string): Promise<string | undefined> {
    let text = '';
    for (;;) {
      await this.#process.out(`\r\x1b[K${prompt}${text}`);
      const key = await this.#key();
      if (key === undefined || key === '\x03' || key === '\x1b') return undefined;
      if (key === '\r' || key === '\n') return text;
      if (key === '\x7f' || key === '\b') {
        if (text === '') return undefined;
        text = text.slice(0, -1);
      } else if (key >= ' ' && text.length < 500) text += key;
    }
  }

  async #ask(key: string): Promise<void> {
    const text = await this.#readWords(key);
    if (text === undefined) return;
    this.#isBackward = key === '?';
    if (text !== '') this.#search(text, this.#isBackward);
    else this.#again(this.#isBackward);
  }

  #search(text: string, isBackward: boolean): void {
    const compiled = this.#compile(text);
    if (compiled === undefined) return;
    this.#pattern = compiled;
    const here = !isBackward && compiled.find(this.#lines[this.#top] ?? '') !== undefined && this.#top === 0;
    if (!here) this.#again(isBackward);
  }

  #compile(text: string): PosixRegex | undefined {
    try {
      const ignoreCase = this.#options.ignoresCase && text === text.toLowerCase();
      return compileRegex(text, 'extended', { ignoreCase });
    } catch (error) {
      if (!(error instanceof RegexFailure)) throw error;
      this.#message = 'Invalid pattern';
      return undefined;
    }
  }

  #again(isBackward: boolean): void {
    if (this.#pattern === undefined) {
      this.#message = 'No previous regular expression';
      return;
    }
    const step = isBackward ? -1 : 1;
    for (let at = this.#top + step; at >= 0 && at < this.#lines.length; at += step) {
      if (this.#pattern.find(this.#lines[at] ?? '') === undefined) continue;
      this.#top = at;
      return;
    }
    this.#message = 'Pattern not found';
  }

  async #filter(): Promise<void> {
    const text = await this.#readWords('&/');
    if (text === undefined) return;
    const compiled = text === '' ? undefined : this.#compile(text);
    this.#lines =
      compiled === undefined ? this.#all : this.#all.filter((line) => compiled.find(line) !== undefined);
    this.#top = 0;
  }

  /** `F`: shows the end of the file as it grows, until Ctrl-C. */
  async #follow(): Promise<void> {
    const { sys } = this.#process;
    try {
      for (;;) {
        const fresh = this.#texts[this.#file]?.reread?.();
        if (fresh !== undefined && fresh.length !== this.#all.length) this.#all = this.#lines = fresh;
        this.#top = this.#last();
        this.#message = 'Waiting for data... (interrupt to abort)';
        await this.#draw();
        const before = this.#texts[this.#file]?.reread?.().length ?? 0;
        await sys.until(
          () => this.#keys.length > 0 || (this.#texts[this.#file]?.reread?.().length ?? 0) !== before,
        );
        if (this.#keys.length > 0 && /[\x03q]/.test((await this.#key()) ?? 'q')) return;
      }
    } catch (error) {
      if (!(error instanceof Signalled) || error.signal !== 'INT') throw error;
    }
  }

  async #help(): Promise<void> {
    await this.#process.out(
      `\x1b[H\x1b[2J${KEYS_HELP.map((line) => `${line}\r\n`).join('')}\r\n\x1b[7mHELP -- press q or space when done\x1b[27m`,
    );
    for (
      let key = await this.#key();
      key !== undefined && !/^[q \r\n\x03]$/.test(key);
      key = await this.#key()
    );
  }

  #position(): string {
    const text = this.#texts[this.#file];
    const last = Math.min(this.#lines.length, this.#rowsFrom(this.#top, this.#height).next);
    const files = this.#texts.length > 1 ? ` (file ${this.#file + 1} of ${this.#texts.length})` : '';
    return `${text?.name ?? ''}${files} lines ${this.#top + 1}-${last}/${this.#lines.length}${last >= this.#lines.length ? ' (END)' : ''}`.trim();
  }

  async #switchOption(): Promise<void> {
    await this.#process.out('\r\x1b[K-');
    const key = await this.#key();
    const now = this.#options;
    if (key === 'N') this.#options = { ...now, hasNumbers: !now.hasNumbers };
    else if (key === 'S') this.#options = { ...now, isChopped: !now.isChopped };
    else if (key === 'i' || key === 'I') this.#options = { ...now, ignoresCase: !now.ignoresCase };
    else if (key === 'R') this.#options = { ...now, keepsColours: !now.keepsColours };
    else this.#message = `There is no ${key ?? ''} option`;
  }

  async #colon(): Promise<boolean> {
    await this.#process.out('\r\x1b[K:');
    const key = await this.#key();
    if (key === 'q' || key === 'Q') return true;
    const next = this.#file + (key === 'p' ? -1 : 1);
    if (key !== 'n' && key !== 'p') await this.#process.out('\x07');
    else if (this.#texts[next] === undefined)
      this.#message = key === 'n' ? 'No next file' : 'No previous file';
    else this.#open(next);
    return false;
  }
}

function expandTabs(line: string): string {
  if (!line.includes('\t')) return line;
  let out = '';
  for (const char of line) out += char === '\t' ? ' '.repeat(8 - (out.length % 8)) : char;
  return out;
}

/** Cuts a line into rows of a width; colour sequences take no room. */
function splitWidth(line: string, width: number): string[] {
  const rows: string[] = [];
  let row = '';
  let used = 0;
  for (const piece of line.match(/\x1b\[[0-9;]*m|[\s\S]/gu) ?? []) {
    if (!piece.startsWith('\x1b[') && used >= width) {
      rows.push(row);
      row = '';
      used = 0;
    }
    row += piece;
    if (piece.length === 1 || !piece.startsWith('\x1b[')) used++;
  }
  return [...rows, row];
}
