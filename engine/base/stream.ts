import type { Sys } from './process.ts';
import { Signalled } from './process.ts';

/** A writer waits when this many characters are unread, as with a real pipe's 64 kB. */
export const STREAM_CHARACTERS_MAX = 65_536;

/**
 * A pipe of text between processes (also a terminal's two directions and the streams of `kubectl exec`).
 * Text is Unicode; programs that count bytes count its UTF-8 form. One reader at a time.
 */
export class Stream {
  /** Text in order; null marks an end of file that is not the stream's end (Ctrl-D at a terminal). */
  #chunks: (string | null)[] = [];
  #length = 0;
  #ended = false;
  #closed = false;
  #waiting = 0;

  /** How many readers wait for text just now: 0 or 1. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Characters written and not yet read. */
  get length(): number {
    return this.#length;
  }

  /** True once the writer has ended the stream; unread text may remain. */
  get ended(): boolean {
    return this.#ended;
  }

  /** True once the reader went away; a further write raises SIGPIPE. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Adds text at once, whatever the fill; for writers that may not wait. Nothing is kept after `close`. */
  push(text: string): void {
    if (text === '' || this.#closed || this.#ended) return;
    this.#chunks.push(text);
    this.#length += text.length;
  }

  /** Adds text, waiting while the stream is full. @throws Signalled PIPE when the reader is gone. */
  async write(sys: Sys, text: string): Promise<void> {
    if (!this.#closed && this.#length >= STREAM_CHARACTERS_MAX) {
      await sys.until(() => this.#length < STREAM_CHARACTERS_MAX || this.#closed);
    }
    if (this.#closed) throw new Signalled('PIPE');
    this.push(text);
  }

  /** Lets the next reader that finds nothing before it see an end of file once, and the ones after it read on: Ctrl-D at a terminal. */
  pushEndOfFile(): void {
    if (!this.#closed && !this.#ended) this.#chunks.push(null);
  }

  /** No more will be written. */
  end(): void {
    this.#ended = true;
  }

  /** No more will be read. */
  close(): void {
    this.#closed = true;
    this.#chunks = [];
    this.#length = 0;
  }

  /** Takes everything unread up to a mark of end of file, '' when there is nothing. */
  take(): string {
    const mark = this.#chunks.indexOf(null);
    const text = this.#chunks.splice(0, mark < 0 ? this.#chunks.length : mark).join('');
    this.#length -= text.length;
    return text;
  }

  /** Puts text back in front, for a reader that took more than it wanted (a line at a time). */
  putBack(text: string): void {
    if (text === '') return;
    this.#chunks.unshift(text);
    this.#length += text.length;
  }

  /** Waits for text and takes all of it; undefined at the end of the stream or, with `timeoutMs`, when none came in time. */
  async read(sys: Sys, timeoutMs?: number): Promise<string | undefined> {
    // What came may be gone before the reader's turn: Ctrl-C empties a terminal's input.
    for (let isInTime = true; isInTime && this.#chunks.length === 0 && !this.#ended; ) {
      this.#waiting++;
      try {
        isInTime = await sys.until(() => this.#chunks.length > 0 || this.#ended, timeoutMs);
      } finally {
        this.#waiting--;
      }
    }
    if (this.#chunks[0] === null) {
      this.#chunks.shift();
      return undefined;
    }
    return this.#length > 0 ? this.take() : undefined;
  }

  /** Waits for one line and takes it without its newline; the last line may lack one; undefined at the end. */
  async readLine(sys: Sys): Promise<string | undefined> {
    let line = '';
    for (;;) {
      const text = await this.read(sys);
      if (text === undefined) return line === '' ? undefined : line;
      const at = text.indexOf('\n');
      if (at >= 0) {
        this.putBack(text.slice(at + 1));
        return line + text.slice(0, at);
      }
      line += text;
    }
  }

  /** Reads to the end. */
  async readAll(sys: Sys): Promise<string> {
    const parts: string[] = [];
    for (;;) {
      const text = await this.read(sys);
      if (text === undefined) return parts.join('');
      parts.push(text);
    }
  }
}
