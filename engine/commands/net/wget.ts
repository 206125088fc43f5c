import { utf8Length } from '../../base/bytes.ts';
import type { Sys } from '../../base/process.ts';
import type { Connection } from '../../net/socket.ts';
import type { Process, Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { readOptions } from './arguments.ts';
import { nameCovers } from '../../net/certificate.ts';
import { absolutePath } from './curl/output.ts';
import { type HttpHead, HttpReader, headerOf, isKeptAlive } from './http-reader.ts';
import { literalAddress, resolveHost, resolverWords } from './resolver.ts';
import { ProgressText, speedText } from './wget-progress.ts';
import { settingsOf, WGET_OPTIONS, WGET_VERSION, type WgetSettings, withLongNames } from './wget-settings.ts';
import { followLocation, formatWebUrl, hostAndPort, parseWebUrl, type WebUrl } from './web-url.ts';
import { connectError, errorText } from './words.ts';

/** GNU wget, as the workstation and Debian images have it. Source: recorded GNU wget 1.21.3. */
export function gnuWgetProgram(ports: Ports): Program {
  return async (process) => {
    const read = readOptions(withLongNames(process.argv.slice(1)), WGET_OPTIONS);
    if (read.kind !== 'ok') {
      const name = read.option.startsWith('--')
        ? `unrecognized option '${read.option}'`
        : `invalid option -- '${read.option}'`;
      await process.err(
        `wget: ${read.kind === 'missing' ? `option requires an argument -- '${read.option}'` : name}\n${USAGE}`,
      );
      return 2;
    }
    if (read.options.some(([name]) => name === 'V' || name === 'version')) {
      await process.out(`GNU Wget ${WGET_VERSION} built on linux-gnu.\n`);
      return 0;
    }
    if (read.options.some(([name]) => name === 'h' || name === 'help')) {
      await process.out(HELP);
      return 0;
    }
    const settings = settingsOf(process, read.options);
    if ('misuse' in settings) {
      if (settings.misuse !== '') await process.err(`wget: ${settings.misuse}\n`);
      return settings.code;
    }
    if (settings.body !== undefined && settings.method === undefined) {
      await process.err(
        'You must specify a method through --method=HTTPMethod to use with --body-data or --body-file.\n',
      );
      return 1;
    }
    if (read.words.length === 0) {
      await process.err(`wget: missing URL\n${USAGE}`);
      return 1;
    }
    const run = new WgetRun(process, ports, settings);
    return run.fetchAll(read.words);
  };
}

const USAGE = "Usage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.\n";

const HELP = `GNU Wget ${WGET_VERSION}, a non-interactive network retriever.\nUsage: wget [OPTION]... [URL]...\n\n`;

/** What one try came to: an exit code, or another try. */
type TryResult = { readonly code: number } | { readonly retry: true };

class WgetRun {
  readonly #process: Process;
  readonly #sys: Sys;
  readonly #ports: Ports;
  readonly #s: WgetSettings;
  #kept: { readonly key: string; readonly connection: Connection; readonly reader: HttpReader } | undefined;
  readonly #known = new Map<string, readonly string[]>();
  #logged = '';
  #written = new Set<string>();

  constructor(process: Process, ports: Ports, settings: WgetSettings) {
    this.#process = process;
    this.#sys = process.sys;
    this.#ports = ports;
    this.#s = settings;
  }

  async fetchAll(urls: readonly string[]): Promise<number> {
    let code = 0;
    if (this.#s.on.has('no-clobber') && this.#isThere(this.#s.output)) {
      await this.#process.err(`File '${this.#s.output}' already there; not retrieving.\n`);
      return 0;
    }
    if (this.#s.log !== undefined) await this.#force('');
    if (this.#s.output !== undefined && this.#s.output !== '-' && this.#s.output !== '/dev/null') {
      const failure = this.#process.machine.files.write(
        absolutePath(this.#process, this.#s.output),
        '',
        this.#sys.nowMs(),
      );
      if (failure !== undefined) {
        await this.#process.err(`${this.#s.output}: No such file or directory\n`);
        return 1;
      }
    }
    for (const [i, text] of urls.entries()) {
      const url = parseWebUrl(text);
      if (i > 0 && this.#s.waitMs > 0) await this.#sys.sleep(this.#s.waitMs);
      const badPort = /^(\w+:\/\/)?[^/]*:[^/\d@\]]+(\/|$)/.test(text);
      if (url === undefined || badPort || text === '') {
        const why = text.startsWith('//')
          ? 'Scheme missing'
          : badPort
            ? 'Bad port number'
            : 'Invalid host name';
        await this.#process.err(`${text === '' ? 'http://' : text}: ${why}.\n`);
        code = 1;
      } else if ('otherScheme' in url) {
        await this.#process.err(`${text}: Unsupported scheme '${url.otherScheme}'.\n`);
        code = 1;
      } else {
        const result = await this.#fetch(url);
        code = code === 0 ? result : code;
      }
    }
    this.#kept?.connection.close();
    return code;
  }

  #isThere(name: string | undefined): boolean {
    return (
      name !== undefined && this.#process.machine.files.stat(absolutePath(this.#process, name)) !== undefined
    );
  }

  /** What is told however little was asked for, unless nothing was. */
  async #complain(text: string): Promise<void> {
    if (!this.#s.isQuiet) await this.#force(text);
  }

  async #say(text: string): Promise<void> {
    if (this.#s.isQuiet || this.#s.isTerse) return;
    await this.#force(text);
  }

  async #force(text: string): Promise<void> {
    if (this.#s.log === undefined) return this.#process.err(text);
    this.#logged += text;
    this.#process.machine.files.write(
      absolutePath(this.#process, this.#s.log),
      this.#logged,
      this.#sys.nowMs(),
    );
  }

  #stamp(): string {
    return new Date(this.#sys.nowMs()).toISOString().slice(0, 19).replace('T', ' ');
  }

  async #fetch(first: WebUrl): Promise<number> {
    let url = first;
    let redirects = 0;
    const name = this.#baseName(first);
    if (this.#s.output === undefined && this.#s.on.has('no-clobber') && this.#isThere(name)) {
      await this.#complain(`File '${name}' already there; not retrieving.\n\n`);
      return 0;
    }
    for (let attempt = 1; ; attempt++) {
      if (this.#s.isSpider) await this.#say('Spider mode enabled. Check if remote file exists.\n');
      const count = attempt > 1 ? `(try:${String(attempt).padStart(2)})  ` : '';
      await this.#say(`--${this.#stamp()}--  ${count}${formatWebUrl(url)}\n`);
      const result = await this.#try(url, attempt, first);
      if ('code' in result) return result.code;
      if ('follow' in result) {
        if (++redirects > this.#s.maxRedirects) {
          await this.#say(`${this.#s.maxRedirects} redirections exceeded.\n`);
          return 8;
        }
        url = result.follow;
        attempt = 0;
        continue;
      }
      if (attempt >= this.#s.tries) {
        await this.#say('Giving up.\n\n');
        return 4;
      }
      await this.#say('Retrying.\n\n');
      await this.#sys.sleep(Math.min(attempt, 10) * 1_000);
    }
  }

  async #try(url: WebUrl, attempt: number, first: WebUrl): Promise<TryResult | { readonly follow: WebUrl }> {
    const opened = await this.#open(url);
    if (!('reader' in opened)) return opened;
    const head = await this.#request(url, opened);
    if (!('status' in head)) return head;
    const location = headerOf(head, 'location');
    if (head.status >= 300 && head.status < 400 && location !== undefined) {
      await this.#say(`Location: ${location} [following]\n`);
      await this.#drain(opened.reader);
      if (this.#s.isSpider) opened.connection.close();
      else this.#keep(url, opened, head);
      const follow = followLocation(url, location);
      return follow ? { follow } : { code: 8 };
    }
    if (head.status >= 400) return this.#refused(url, head, opened.reader);
    if (this.#s.isSpider) {
      if (this.#s.isTerse)
        await this.#complain(`${this.#stamp()} URL: ${formatWebUrl(url)} ${head.status} ${head.reason}\n`);
      await this.#say(`${lengthLine(head)}Remote file exists.\n\n`);
      return { code: 0 };
    }
    const result = await this.#save(url, { head, reader: opened.reader, attempt, first });
    this.#keep(url, opened, head);
    return result;
  }

  #keep(url: WebUrl, opened: { connection: Connection; reader: HttpReader }, head: HttpHead): void {
    if (isKeptAlive(head) && !opened.reader.isUntilClose)
      this.#kept = { key: `${url.scheme}/${url.host}:${url.port}`, ...opened };
    else opened.connection.close();
  }

  async #drain(reader: HttpReader): Promise<void> {
    while (
      (await reader.readBody(this.#sys, this.#sys.nowMs() + (this.#s.readMs ?? 900_000))).kind === 'data'
    );
  }

  async #refused(url: WebUrl, head: HttpHead, reader: HttpReader): Promise<TryResult> {
    if (this.#s.isContentOnError) {
      const piece = await reader.readBody(this.#sys);
      if (piece.kind === 'data') await this.#write(this.#s.output ?? 'index.html', piece.text, false);
    }
    if (head.status === 401) {
      await this.#say('\nUsername/Password Authentication Failed.\n');
      return { code: 6 };
    }
    if (this.#s.isTerse) await this.#complain(`${formatWebUrl(url)}:\n`);
    if (this.#s.isSpider)
      await this.#complain(`Remote file does not exist -- broken link!!!\n${this.#s.isTerse ? '' : '\n'}`);
    else
      await this.#complain(
        `${this.#stamp()} ERROR ${head.status}: ${head.reason || '(no description)'}.\n${this.#s.isTerse ? '' : '\n'}`,
      );
    return { code: 8 };
  }

  async #open(url: WebUrl): Promise<{ connection: Connection; reader: HttpReader } | TryResult> {
    if (this.#kept?.key === `${url.scheme}/${url.host}:${url.port}`) {
      await this.#say(`Reusing existing connection to ${url.host}:${url.port}.\n`);
      const { connection, reader } = this.#kept;
      this.#kept = undefined;
      return { connection, reader };
    }
    if (url.scheme === 'https' && this.#s.caFile !== undefined)
      await this.#say(`Loaded CA certificate '${this.#s.caFile}'\n`);
    const { host, port } = url;
    const addresses = await this.#resolve(host);
    if (addresses === undefined) return { code: 4 };
    const isLiteral = literalAddress(host) !== undefined;
    const shown = host.includes(':') ? `[${host}]` : host;
    let isTimeout = false;
    for (const address of addresses) {
      await this.#say(`Connecting to ${isLiteral ? shown : `${host} (${host})|${address}|`}:${port}... `);
      const result = await this.#ports
        .network(this.#process.machine)
        .connect(this.#sys, { address, port }, this.#s.connectMs);
      if (result.kind === 'connected') {
        await this.#say('connected.\n');
        if (url.scheme === 'https' && !(await this.#secure(url, result.connection))) return { code: 5 };
        return { connection: result.connection, reader: new HttpReader(result.connection) };
      }
      isTimeout = result.kind === 'timeout';
      await this.#complain(`failed: ${errorText(this.#process.machine.libc, connectError(result))}.\n`);
    }
    return isTimeout || this.#s.on.has('retry-connrefused') ? { retry: true } : { code: 4 };
  }

  async #resolve(host: string): Promise<readonly string[] | undefined> {
    const known = this.#known.get(host);
    if (known) return known;
    const isLiteral = literalAddress(host) !== undefined;
    if (!isLiteral) await this.#say(`Resolving ${host} (${host})... `);
    const { machine } = this.#process;
    const context = { sys: this.#sys, network: this.#ports.network(machine), libc: machine.libc };
    const deadlineMs = this.#s.dnsMs === undefined ? undefined : this.#sys.nowMs() + this.#s.dnsMs;
    const result = await resolveHost(context, host, { family: this.#s.family, deadlineMs });
    if (result.kind === 'found') {
      if (!isLiteral) await this.#say(`${result.addresses.join(', ')}\n`);
      this.#known.set(host, result.addresses);
      return result.addresses;
    }
    await this.#say(
      `failed: ${result.kind === 'timeout' ? 'Connection timed out' : resolverWords(machine.libc, result.why)}.\n`,
    );
    if (!this.#s.isQuiet) await this.#force(`wget: unable to resolve host address '${host}'\n`);
    return undefined;
  }

  async #secure(url: WebUrl, connection: Connection): Promise<boolean> {
    const timeout = this.#s.connectMs === undefined ? {} : { timeoutMs: this.#s.connectMs };
    const result = await connection.startTls(this.#sys, { serverName: url.host, ...timeout });
    if (result.kind !== 'ok') {
      await this.#say(
        result.kind === 'reset'
          ? 'GnuTLS: Error in the pull function.\nUnable to establish SSL connection.\n'
          : 'GnuTLS: An unexpected TLS packet was received.\nUnable to establish SSL connection.\n',
      );
      return false;
    }
    const { isInsecure } = this.#s;
    if (!result.trusted && this.#s.caFile === undefined) {
      const word = isInsecure ? 'WARNING' : 'ERROR';
      await this.#say(
        `${word}: The certificate of '${url.host}' is not trusted.\n${word}: The certificate of '${url.host}' doesn't have a known issuer.\n`,
      );
      if (!isInsecure) return false;
    }
    if (result.names.some((name) => nameCovers(name, url.host))) return true;
    await this.#say(`The certificate's owner does not match hostname '${url.host}'\n`);
    return isInsecure;
  }

  async #request(
    url: WebUrl,
    opened: { connection: Connection; reader: HttpReader },
  ): Promise<HttpHead | TryResult> {
    const method = this.#s.method ?? (this.#s.isSpider ? 'HEAD' : 'GET');
    const replaced = new Set(this.#s.headers.map((line) => line.split(':')[0]?.toLowerCase()));
    const lines = [`${method} ${url.target} HTTP/1.1`];
    const own = this.#s.headers.find((line) => /^host:/i.test(line));
    const add = (name: string, value: string): void => {
      if (!replaced.has(name.toLowerCase())) lines.push(`${name}: ${value}`);
    };
    if (own === undefined) add('Host', hostAndPort(url));
    else lines.push(own);
    if (this.#s.referer !== undefined) add('Referer', this.#s.referer);
    if (this.#s.agent !== '') add('User-Agent', this.#s.agent);
    add('Accept', '*/*');
    add('Accept-Encoding', 'identity');
    add('Connection', 'Keep-Alive');
    if (this.#s.body !== undefined) {
      add('Content-Type', 'application/x-www-form-urlencoded');
      add('Content-Length', String(utf8Length(this.#s.body)));
    }
    lines.push(...this.#s.headers.filter((line) => line !== own));
    await opened.connection.send(this.#sys, `${lines.join('\r\n')}\r\n\r\n${this.#s.body ?? ''}`);
    await this.#say('HTTP request sent, awaiting response... ');
    const result = await opened.reader.readHead(
      this.#sys,
      method,
      this.#sys.nowMs() + (this.#s.readMs ?? 900_000),
    );
    if (result.kind !== 'head') {
      const words = {
        end: 'No data received.',
        reset: 'Read error (Connection reset by peer) in headers.',
        timeout: 'Read error (Connection timed out) in headers.',
        junk: 'Malformed status line.',
      };
      await this.#say(`${words[result.kind]}\n`);
      opened.connection.close();
      return { retry: true };
    }
    const shown = result.head.lines.map((line) => `  ${line}\n`).join('');
    if (this.#s.isHeadersShown) await this.#force(this.#s.isQuiet || this.#s.isTerse ? shown : `\n${shown}`);
    else await this.#say(`${result.head.status} ${result.head.reason}\n`);
    return result.head;
  }

  async #write(name: string, text: string, isAppend: boolean): Promise<void> {
    if (name === '-') return this.#process.out(text);
    if (name !== '/dev/null')
      this.#process.machine.files.write(absolutePath(this.#process, name), text, this.#sys.nowMs(), {
        append: isAppend,
      });
  }

  /** The name that a document is saved under, if nothing is in its way. */
  #baseName(url: WebUrl): string {
    const path = url.target.replace(/\?.*$/, '');
    const last = path.split('/').pop() || 'index.html';
    const query = url.target.includes('?') ? url.target.slice(url.target.indexOf('?')) : '';
    return `${this.#s.folder === '' ? '' : `${this.#s.folder}/`}${last}${query}`;
  }

  #fileName(url: WebUrl): string {
    if (this.#s.output !== undefined) return this.#s.output;
    const base = this.#baseName(url);
    let name = base;
    for (let i = 1; this.#isThere(name); i++) name = `${base}.${i}`;
    return name;
  }

  async #save(
    url: WebUrl,
    got: {
      readonly head: HttpHead;
      readonly reader: HttpReader;
      readonly attempt: number;
      readonly first: WebUrl;
    },
  ): Promise<TryResult> {
    const { head, reader, attempt } = got;
    const name = this.#fileName(got.first);
    const isBare = head.status === 204;
    const folder = name.slice(0, name.lastIndexOf('/'));
    if (name.includes('/') && this.#s.output === undefined)
      this.#process.machine.files.makeFolder(absolutePath(this.#process, folder), this.#sys.nowMs(), {
        parents: true,
      });
    if (!isBare) await this.#say(`${lengthLine(head)}Saving to: '${name === '-' ? 'STDOUT' : name}'\n\n`);
    const total = numberOf(headerOf(head, 'content-length'));
    const bar = new ProgressText(this.#process.tty('stderr') !== undefined, name === '-' ? '-' : name, total);
    const beganMs = this.#sys.nowMs();
    if (!isBare) await this.#say(bar.begin());
    let received = 0;
    for (;;) {
      const piece = await reader.readBody(this.#sys, this.#sys.nowMs() + (this.#s.readMs ?? 900_000));
      if (piece.kind === 'data') {
        await this.#write(name, piece.text, received > 0 || this.#written.has(name));
        this.#written.add(name);
        received += utf8Length(piece.text);
        continue;
      }
      const seconds = (this.#sys.nowMs() - beganMs) / 1_000;
      const rate = speedText(received, seconds);
      if (!isBare) await this.#say(`${bar.end(received, seconds)}\n\n`);
      const isCut = piece.kind === 'short' && total === undefined;
      if (isCut) {
        await this.#say(`${this.#stamp()} (${rate}) - Read error at byte ${received} (Success).`);
        return { retry: true };
      }
      if (piece.kind !== 'done' && piece.kind !== 'bad-chunk') {
        const why = piece.kind === 'timeout' ? 'Read error at byte' : 'Connection closed at byte';
        await this.#say(
          `${this.#stamp()} (${rate}) - ${why} ${received}${piece.kind === 'timeout' ? `/${total ?? received} (Connection timed out)` : ''}. `,
        );
        return { retry: true };
      }
      const amount = total === undefined ? `[${received}]` : `[${received}/${total}]`;
      if (received === 0) await this.#write(name, '', false);
      if (this.#s.isTerse && !this.#s.isQuiet)
        await this.#force(`${this.#stamp()} URL:${formatWebUrl(url)} ${amount} -> "${name}" [${attempt}]\n`);
      await this.#say(
        `${this.#stamp()} (${rate}) - ${name === '-' ? 'written to stdout' : `'${name}' saved`} ${amount}\n\n`,
      );
      return { code: 0 };
    }
  }
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}

function lengthLine(head: HttpHead): string {
  const length = numberOf(headerOf(head, 'content-length'));
  const type = headerOf(head, 'content-type')?.split(';')[0];
  const short = length !== undefined && length >= 1_024 ? ` (${shortSize(length)})` : '';
  return `Length: ${length === undefined ? 'unspecified' : `${length}${short}`}${type === undefined ? '' : ` [${type}]`}\n`;
}

function shortSize(bytes: number): string {
  const units = ['', 'K', 'M', 'G'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < 3) {
    value /= 1_024;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)}${units[unit] ?? ''}`;
}
