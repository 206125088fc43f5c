import type { Sys } from '../../../base/process.ts';
import type { Connection, Network } from '../../../net/socket.ts';
import type { Process } from '../../../shell/program.ts';
import type { HttpReader } from '../http-reader.ts';
import { tickingSys } from '../waiting.ts';
import { METER_HEAD, type MeterFacts, meterRow } from './meter.ts';
import type { CurlGlobals } from './options.ts';
import type { CurlFailure, CurlVersion } from './words.ts';

/** An open connection that the next transfer may use again. */
export type Link = {
  readonly number: number;
  readonly key: string;
  readonly connection: Connection;
  readonly reader: HttpReader;
  readonly address: string;
  /** The name that -v says the connection goes to. */
  readonly host: string;
  /** HTTP/2, agreed on by ALPN or by --http2-prior-knowledge. */
  readonly isHttp2: boolean;
  readonly secured?: Secured;
};

/** What TLS came to on a connection. */
export type Secured = {
  readonly alpn: string | undefined;
  /** OpenSSL's verify code: not 0 only with -k. */
  readonly verifyCode: number;
  readonly wantsCertificate: boolean;
  readonly tlsVersion: 'TLSv1.2' | 'TLSv1.3';
};

/** What one curl process keeps over its transfers. */
export type CurlRun = {
  readonly process: Process;
  readonly network: Network;
  readonly version: CurlVersion;
  readonly globals: CurlGlobals;
  readonly jar: CookieJar;
  links: Link[];
  /** Addresses by names that were looked up. */
  readonly names: Map<string, readonly string[]>;
  connectionCount: number;
  /** Writes to stderr, or to the file of --stderr. */
  readonly err: (text: string) => Promise<void>;
  /** With --trace: tells of everything that -v tells of, in its own form. */
  readonly trace?: (verboseText: string) => Promise<void>;
  /** With --trace: tells of data sent or received. */
  readonly traceData?: (what: string, text: string) => Promise<void>;
};

/** A cookie of the engine. */
export type Cookie = {
  readonly domain: string;
  readonly path: string;
  readonly name: string;
  readonly value: string;
};

/** The cookies of one run. `isOn` is false until -b or -c asks for the engine. */
export type CookieJar = { cookies: Cookie[]; isOn: boolean };

/** Thrown within a transfer to end it; never leaves curl. */
export class TransferEnd extends Error {
  override readonly name = 'TransferEnd';
  readonly failure: CurlFailure;

  constructor(failure: CurlFailure) {
    super(failure.text);
    this.failure = failure;
  }
}

/** The moments of one transfer, virtual ms; absent: not reached. */
export type Moments = {
  readonly startMs: number;
  /** Begin of the present hop: "after N ms" counts from here. */
  hopMs: number;
  resolvedMs?: number;
  connectedMs?: number;
  securedMs?: number;
  sentMs?: number;
  firstByteMs?: number;
  redirectMs?: number;
  endMs?: number;
  /** Why a certificate was refused, OpenSSL's code. */
  verifyCode?: number;
};

/** The progress meter of one URL, and the clock that moves it. */
export class Meter {
  readonly #run: CurlRun;
  readonly #isShown: boolean;
  readonly #startMs: number;
  #isStarted = false;
  #barText = '';
  received = 0;
  receiveTotal: number | undefined;
  sent = 0;
  sendTotal: number | undefined;
  /** A `Sys` that prints a row each second while it waits. */
  readonly sys: Sys;

  constructor(run: CurlRun, isShown: boolean) {
    this.#run = run;
    this.#isShown = isShown;
    this.#startMs = run.process.sys.nowMs();
    this.sys =
      isShown && !run.globals.isBar
        ? tickingSys(run.process.sys, this.#startMs, () => this.#row())
        : run.process.sys;
  }

  /** Prints the head (once a URL, not at a retry) and the first row. */
  async start(withHead: boolean): Promise<void> {
    this.#isStarted = true;
    if (!this.#isShown || this.#run.globals.isBar) return;
    if (withHead) await this.#run.err(METER_HEAD);
    await this.#row();
  }

  /** -#: draws the bar for what has come, where its length is known and it has grown. */
  async bar(): Promise<void> {
    if (
      !this.#isShown ||
      !this.#run.globals.isBar ||
      this.receiveTotal === undefined ||
      this.receiveTotal === 0
    )
      return;
    const share = Math.min(1, this.received / this.receiveTotal);
    const text = `\r${'#'.repeat(Math.floor(72 * share)).padEnd(72)} ${(share * 100).toFixed(1).padStart(5)}%`;
    if (text === this.#barText) return;
    this.#barText = text;
    await this.#run.err(text);
  }

  /** Prints the last row and its newline. */
  async finish(): Promise<void> {
    if (!this.#isShown || !this.#isStarted) return;
    this.#isStarted = false;
    if (this.#run.globals.isBar) {
      if (this.received > 0) await this.bar();
      if (this.received > 0) await this.#run.err('\n');
      return;
    }
    await this.#row();
    await this.#run.err('\n');
  }

  async #row(): Promise<void> {
    const facts: MeterFacts = {
      received: this.received,
      receiveTotal: this.receiveTotal,
      sent: this.sent,
      sendTotal: this.sendTotal,
      elapsedMs: this.#run.process.sys.nowMs() - this.#startMs,
    };
    await this.#run.err(meterRow(facts));
  }
}
