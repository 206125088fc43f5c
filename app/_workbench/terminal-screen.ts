import { FitAddon } from '@xterm/addon-fit';
import { type IDisposable, Terminal } from '@xterm/xterm';
import { EchoAhead } from './echo-ahead.ts';
import { linksAt } from './terminal-links.ts';

/** What the owner of a screen is told. */
export type ScreenListener = {
  /** False when nobody takes them. */
  keys(data: string): boolean;
  size(columns: number, rows: number): void;
  /** The learner leaves the terminal by Esc. */
  leave(): void;
  /** An address in the text was clicked. */
  link(url: string): void;
  tooLong(): void;
};

/** Characters of one paste; the journal takes no longer input. */
const PASTE_MAX = 65_536;

/** A terminal takes its new size when its place has kept it for this long: a line being edited is drawn once, not at each step of a drag. */
const FIT_MS = 60;

/** Keys that belong to the page even while the terminal has the focus. */
function isPageKey(event: KeyboardEvent): boolean {
  if (event.key === 'F6') return true;
  // By position, because Alt changes the letter on some layouts.
  if (event.altKey && !event.ctrlKey && /^(Digit[1-5]|Key[NHR]|ArrowLeft|ArrowRight)$/.test(event.code))
    return true;
  return (event.ctrlKey || event.metaKey) && event.key === 'Enter';
}

/**
 * Takes away from what a program prints every sequence that would act on the page or answer in the learner's name:
 * titles, clipboard, links, colours of the theme, reports that come back as typed input, mouse tracking.
 */
function muzzle(terminal: Terminal): void {
  const swallow = () => true;
  const { parser } = terminal;
  for (const number of [0, 1, 2, 4, 5, 7, 8, 9, 10, 11, 12, 52, 104, 110, 111, 112, 133, 777, 1337])
    parser.registerOscHandler(number, swallow);
  // Reports: device status, device attributes, window size, mode queries.
  for (const prefix of [undefined, '?', '>', '=']) {
    for (const final of ['n', 'c', 't', 'q', 'u']) {
      if (final === 'u' && prefix === undefined) continue;
      parser.registerCsiHandler({ ...(prefix !== undefined && { prefix }), final }, swallow);
    }
    parser.registerCsiHandler(
      { ...(prefix !== undefined && { prefix }), intermediates: '$', final: 'p' },
      swallow,
    );
  }
  parser.registerDcsHandler({ intermediates: '$', final: 'q' }, swallow);
  parser.registerDcsHandler({ intermediates: '+', final: 'q' }, swallow);
  const unwanted = new Set([9, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016]);
  parser.registerCsiHandler({ prefix: '?', final: 'h' }, (parameters) =>
    parameters.flat().some((value) => unwanted.has(value)),
  );
}

function themeNow(): {
  background: string;
  foreground: string;
  cursor: string;
  selectionBackground: string;
} & Record<string, string> {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string) => style.getPropertyValue(name).trim();
  const isDark = style.colorScheme.includes('dark');
  const common = {
    background: value('--terminal'),
    foreground: value('--ink'),
    cursor: value('--accent'),
    cursorAccent: value('--terminal'),
    selectionBackground: isDark ? '#34406b' : '#c9d4f8',
    green: value('--ok'),
    red: value('--bad'),
    yellow: value('--warn'),
    blue: value('--accent'),
  };
  if (isDark) return common;
  return {
    ...common,
    black: '#1b2330',
    white: '#5b6678',
    brightBlack: '#586376',
    brightWhite: '#1b2330',
    cyan: '#0b6e80',
    magenta: '#8a2f8a',
    brightGreen: '#12754a',
    brightYellow: '#8d5300',
    brightCyan: '#0b6e80',
  };
}

/** One xterm terminal with what the house adds: theme, size, muzzle, copy and paste, a way out for the keyboard. */
export class TerminalScreen {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #host: HTMLElement;
  readonly #observer: ResizeObserver;
  #fitting: ReturnType<typeof setTimeout> | undefined;
  readonly #parts: IDisposable[] = [];
  readonly #ahead = new EchoAhead((data) => this.#terminal.write(data));
  readonly #onTheme = () => {
    this.#terminal.options.theme = themeNow();
  };

  constructor(host: HTMLElement, listener: ScreenListener, options: { readonly isScreenReader: boolean }) {
    this.#host = host;
    this.#terminal = new Terminal({
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--font-mono') || 'monospace',
      fontSize: 13,
      lineHeight: 1.15,
      scrollback: 5_000,
      cursorBlink: false,
      theme: themeNow(),
      screenReaderMode: options.isScreenReader,
      allowProposedApi: false,
      minimumContrastRatio: 4.5,
    });
    muzzle(this.#terminal);
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.open(host);
    this.#terminal.attachCustomKeyEventHandler((event) => this.#handleKey(event, listener));
    this.#parts.push(
      this.#terminal.registerLinkProvider({
        provideLinks: (row, callback) => callback(linksAt(this.#terminal.buffer.active, row, listener.link)),
      }),
      this.#terminal.onData((data) => this.#typed(data, listener)),
      this.#terminal.onResize(({ cols, rows }) => {
        this.#ahead.takeBack();
        listener.size(cols, rows);
      }),
    );
    this.#observer = new ResizeObserver(() => {
      clearTimeout(this.#fitting);
      this.#fitting = setTimeout(() => this.fit(), FIT_MS);
    });
    this.#observer.observe(host);
    window.addEventListener('themechange', this.#onTheme);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', this.#onTheme);
    this.fit();
    listener.size(this.#terminal.cols, this.#terminal.rows);
  }

  /** Adapts columns and rows to the place there is; a hidden terminal keeps its size. */
  fit(): void {
    if (this.#host.clientWidth > 40 && this.#host.clientHeight > 30) this.#fit.fit();
  }

  /** Takes output; `echoColumn` as in WorkerEvent. */
  write(data: string, echoColumn: number | undefined): void {
    this.#ahead.output(data, this.#room(echoColumn));
  }

  /** Shows `data` and nothing else but the keys that are still on their way. */
  redraw(data: string, echoColumn: number | undefined): void {
    this.#terminal.reset();
    this.#terminal.write(data);
    this.#ahead.redrawn(this.#room(echoColumn));
  }

  /** Nobody will answer the keys that are on their way. */
  lost(): void {
    this.#ahead.takeBack();
  }

  focus(): void {
    this.#terminal.focus();
  }

  setScreenReader(isOn: boolean): void {
    this.#terminal.options.screenReaderMode = isOn;
  }

  /** The text of the screen and its scrollback, for tests and copying. */
  text(): string {
    const buffer = this.#terminal.buffer.active;
    const lines: string[] = [];
    for (let at = 0; at < buffer.length; at++) {
      const line = buffer.getLine(at);
      const text = line?.translateToString(true) ?? '';
      if (line?.isWrapped === true && lines.length > 0) lines[lines.length - 1] += text;
      else lines.push(text);
    }
    return lines.join('\n').trimEnd();
  }

  dispose(): void {
    window.removeEventListener('themechange', this.#onTheme);
    matchMedia('(prefers-color-scheme: dark)').removeEventListener('change', this.#onTheme);
    this.#observer.disconnect();
    clearTimeout(this.#fitting);
    for (const part of this.#parts) part.dispose();
    this.#terminal.dispose();
  }

  /** Keys that the row has room for; the last column is left, where a terminal begins to wrap. */
  #room(echoColumn: number | undefined): number {
    return echoColumn === undefined ? 0 : Math.max(0, this.#terminal.cols - 1 - echoColumn);
  }

  #typed(data: string, listener: ScreenListener): void {
    if (data.length > PASTE_MAX) listener.tooLong();
    // A page that may only read sends no keys.
    else if (listener.keys(data)) this.#ahead.keys(data);
  }

  /** False keeps the key from xterm. */
  #handleKey(event: KeyboardEvent, listener: ScreenListener): boolean {
    if (event.type !== 'keydown') return true;
    if (isPageKey(event)) return false;
    if (event.key === 'Escape') {
      event.preventDefault();
      listener.leave();
      return false;
    }
    const isCopy =
      event.ctrlKey && event.key.toLowerCase() === 'c' && (event.shiftKey || this.#terminal.hasSelection());
    if (isCopy) {
      event.preventDefault();
      // The old command works on plain http, where the clipboard API does not; xterm answers its copy event.
      document.execCommand('copy');
      this.#terminal.clearSelection();
      return false;
    }
    // The browser's own paste event brings the text.
    return !(event.ctrlKey && event.key.toLowerCase() === 'v');
  }
}
