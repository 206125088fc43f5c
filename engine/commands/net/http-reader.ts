import { utf8Length } from '../../base/bytes.ts';
import type { Sys } from '../../base/process.ts';
import type { Connection } from '../../net/socket.ts';
import { headBytes } from './words.ts';

/** The head of an HTTP/1.x response. `lines` are as sent, without line ends; header names are lower case in `headers`. */
export type HttpHead = {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  readonly lines: readonly string[];
  readonly headers: readonly (readonly [string, string])[];
};

/** Why no (more) of a response came. */
export type HttpStop = 'end' | 'reset' | 'timeout';

/** What reading a head gave. `junk`: the peer does not speak HTTP/1.x. */
export type HeadResult =
  | { readonly kind: 'head'; readonly head: HttpHead }
  | { readonly kind: 'end' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'junk' };

/** A piece of a body. `short`: the peer closed before the body was complete; `missing` bytes, or undefined within chunks. */
export type BodyResult =
  | { readonly kind: 'data'; readonly text: string }
  | { readonly kind: 'done' | 'reset' | 'timeout' }
  /** The first character of what should have been a chunk's size. */
  | { readonly kind: 'bad-chunk'; readonly char: string }
  | { readonly kind: 'short'; readonly missing: number | undefined };

type Mode =
  | { kind: 'none' }
  | { kind: 'length'; left: number }
  | { kind: 'chunked'; left: number; isLast: boolean }
  | { kind: 'close' };

/** Reads HTTP/1.x responses, one after the other, from a connection. */
export class HttpReader {
  readonly #connection: Connection;
  #buffer = '';
  #isEnded = false;
  #mode: Mode = { kind: 'none' };
  /** Chunked bodies are given as they are sent. */
  #isRaw = false;
  /** Bytes of everything received so far. */
  receivedBytes = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Bytes received and not yet taken: what curl calls data. */
  get pendingBytes(): number {
    return utf8Length(this.#buffer);
  }

  /** What was received and not yet taken, and forgets it: for peers that do not speak HTTP. */
  takeAll(): string {
    const text = this.#buffer;
    this.#buffer = '';
    return text;
  }

  /** Waits until something is there (or until `deadlineMs`, a virtual time). */
  async fill(sys: Sys, deadlineMs = Number.POSITIVE_INFINITY): Promise<'data' | HttpStop> {
    if (this.#isEnded) return 'end';
    const left = deadlineMs === Number.POSITIVE_INFINITY ? undefined : Math.max(0, deadlineMs - sys.nowMs());
    const result = await this.#connection.receive(sys, left);
    if (result.kind === 'data') {
      this.#buffer += result.text;
      this.receivedBytes += utf8Length(result.text);
    } else if (result.kind === 'end') this.#isEnded = true;
    return result.kind;
  }

  /** Reads the next response's head and prepares for its body; `method` HEAD has none. */
  async readHead(sys: Sys, method: string, deadlineMs?: number, isRaw = false): Promise<HeadResult> {
    this.#isRaw = isRaw;
    for (;;) {
      if (this.#buffer.length >= 5 && !/^HTTP\//i.test(this.#buffer)) return { kind: 'junk' };
      const end = /\r?\n\r?\n/.exec(this.#buffer);
      if (end) {
        const head = parseHead(this.#buffer.slice(0, end.index));
        this.#buffer = this.#buffer.slice(end.index + end[0].length);
        if (!head) return { kind: 'junk' };
        this.#mode = bodyMode(head, method);
        return { kind: 'head', head };
      }
      const got = await this.fill(sys, deadlineMs);
      if (got === 'end' && this.#buffer !== '') return { kind: 'junk' };
      if (got !== 'data')
        return got === 'end' ? { kind: 'end' } : got === 'reset' ? { kind: 'reset' } : { kind: 'timeout' };
    }
  }

  /** The next piece of the body. */
  async readBody(sys: Sys, deadlineMs?: number): Promise<BodyResult> {
    for (;;) {
      const ready = this.#takeBody();
      if (ready) return ready;
      const got = await this.fill(sys, deadlineMs);
      if (got === 'end') return this.#atEnd();
      if (got !== 'data') return { kind: got };
    }
  }

  /** True when the body ends with the connection. */
  get isUntilClose(): boolean {
    return this.#mode.kind === 'close';
  }

  #atEnd(): BodyResult {
    const mode = this.#mode;
    if (mode.kind === 'length') return { kind: 'short', missing: mode.left };
    return mode.kind === 'chunked' ? { kind: 'short', missing: undefined } : { kind: 'done' };
  }

  #takeBody(): BodyResult | undefined {
    const mode = this.#mode;
    if (mode.kind === 'none') return { kind: 'done' };
    if (mode.kind === 'chunked') return this.#takeChunks(mode);
    if (mode.kind === 'length' && mode.left <= 0) return { kind: 'done' };
    if (this.#buffer === '') return undefined;
    const text = mode.kind === 'length' ? headBytes(this.#buffer, mode.left) : this.#buffer;
    if (text === '') return { kind: 'done' };
    this.#buffer = this.#buffer.slice(text.length);
    if (mode.kind === 'length') mode.left -= utf8Length(text);
    return { kind: 'data', text };
  }

  #takeChunks(mode: { left: number; isLast: boolean }): BodyResult | undefined {
    const before = this.#buffer;
    const taken = this.#takeChunk(mode);
    const consumed = before.slice(0, before.length - this.#buffer.length);
    if (!this.#isRaw || consumed === '' || taken?.kind === 'bad-chunk') return taken;
    return { kind: 'data', text: consumed };
  }

  #takeChunk(mode: { left: number; isLast: boolean }): BodyResult | undefined {
    let whole = '';
    for (;;) {
      if (mode.left > 0) {
        const text = headBytes(this.#buffer, mode.left);
        this.#buffer = this.#buffer.slice(text.length);
        mode.left -= utf8Length(text);
        whole += text;
        if (mode.left > 0) return whole === '' ? undefined : { kind: 'data', text: whole };
        mode.left = -1;
      }
      const line = /^([^\n]*)\n/.exec(this.#buffer);
      if (!line) return whole === '' ? undefined : { kind: 'data', text: whole };
      const content = (line[1] ?? '').replace(/\r$/, '');
      if (mode.isLast) {
        this.#buffer = this.#buffer.slice(line[0].length);
        if (content === '') this.#mode = { kind: 'none' };
        if (content === '') return whole === '' ? { kind: 'done' } : { kind: 'data', text: whole };
        continue;
      }
      if (mode.left === -1 && content === '') {
        this.#buffer = this.#buffer.slice(line[0].length);
        mode.left = 0;
        continue;
      }
      const size = /^\s*([0-9a-fA-F]+)/.exec(content);
      if (!size)
        return whole === '' ? { kind: 'bad-chunk', char: content.charAt(0) } : { kind: 'data', text: whole };
      this.#buffer = this.#buffer.slice(line[0].length);
      mode.left = Number.parseInt(size[1] ?? '0', 16);
      if (mode.left === 0) mode.isLast = true;
    }
  }
}

function parseHead(text: string): HttpHead | undefined {
  const lines = text.split(/\r?\n/);
  const status = /^HTTP\/(\d(?:\.\d)?)\s+(\d{3})(?:\s+(.*))?$/i.exec(lines[0] ?? '');
  if (!status) return undefined;
  const headers: (readonly [string, string])[] = [];
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.push([line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]);
  }
  return { version: status[1] ?? '1.1', status: Number(status[2]), reason: status[3] ?? '', lines, headers };
}

function bodyMode(head: HttpHead, method: string): Mode {
  if (method === 'HEAD' || head.status === 204 || head.status === 304 || head.status < 200)
    return { kind: 'none' };
  if (/\bchunked\b/i.test(headerOf(head, 'transfer-encoding') ?? ''))
    return { kind: 'chunked', left: 0, isLast: false };
  const length = headerOf(head, 'content-length');
  if (length !== undefined && /^[0-9]+$/.test(length)) return { kind: 'length', left: Number(length) };
  return { kind: 'close' };
}

/** The first header of a name (lower case), or undefined. */
export function headerOf(head: HttpHead, name: string): string | undefined {
  return head.headers.find(([key]) => key === name)?.[1];
}

/** True when the connection may carry another request after this response. */
export function isKeptAlive(head: HttpHead): boolean {
  const connection = (headerOf(head, 'connection') ?? '').toLowerCase();
  if (connection.includes('close')) return false;
  return head.version !== '1.0' || connection.includes('keep-alive');
}
