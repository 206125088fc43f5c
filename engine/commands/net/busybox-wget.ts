import { utf8Length } from '../../base/bytes.ts';
import type { Connection } from '../../net/socket.ts';
import type { Process, Program } from '../../shell/program.ts';
import type { Ports } from '../ports.ts';
import { readOptions } from './arguments.ts';
import { nameCovers } from '../../net/certificate.ts';
import { absolutePath } from './curl/output.ts';
import { busyboxUsage } from './busybox.ts';
import { type HttpHead, HttpReader, headerOf } from './http-reader.ts';
import { resolveHost } from './resolver.ts';
import { followLocation, hostAndPort, isDefaultPort, parseWebUrl, type WebUrl } from './web-url.ts';
import { connectError, errorText, hostPort } from './words.ts';

const SPEC = {
  valued: 'OoPUTYt',
  flags: 'cqSn',
  long: {
    spider: false,
    header: true,
    'post-data': true,
    'post-file': true,
    'no-check-certificate': false,
    continue: false,
    quiet: false,
    'server-response': false,
    'output-document': true,
    'output-file': true,
    'directory-prefix': true,
    'user-agent': true,
    timeout: true,
    tries: true,
    proxy: true,
    passive: false,
  },
};

const USAGE =
  'Usage: wget [-cqS] [--spider] [-O FILE] [-o LOGFILE] [--header STR]\n\t[--post-data STR | --post-file FILE] [-Y on/off]\n\t[--no-check-certificate] [-P DIR] [-U AGENT] [-T SEC] URL...\n\n' +
  'Retrieve files via HTTP or FTP\n\n\t--spider\tOnly check URL existence: $? is 0 if exists\n' +
  "\t--header STR\tAdd STR (of form 'header: value') to headers\n\t--post-data STR\tSend STR using POST method\n\t--post-file FILE\tSend FILE using POST method\n" +
  "\t--no-check-certificate\tDon't validate the server's certificate\n\t-c\t\tContinue retrieval of aborted transfer\n\t-q\t\tQuiet\n\t-P DIR\t\tSave to DIR (default .)\n" +
  "\t-S    \t\tShow server response\n\t-T SEC\t\tNetwork read timeout is SEC seconds\n\t-O FILE\t\tSave to FILE ('-' for stdout)\n\t-o LOGFILE\tLog messages to FILE\n\t-U STR\t\tUse STR for User-Agent header\n\t-Y on/off\tUse proxy\n";

/** Thrown to end a download with `wget: TEXT` and exit 1; never leaves the applet. */
class WgetEnd extends Error {
  override readonly name = 'WgetEnd';
}

/** wget of busybox. Source: recorded busybox 1.37.0. */
export function busyboxWgetProgram(ports: Ports): Program {
  return async (process) => {
    const read = readOptions(process.argv.slice(1), SPEC);
    if (read.kind !== 'ok') return busyboxUsage(process, 'wget', USAGE, read);
    if (read.words.length === 0) return busyboxUsage(process, 'wget', USAGE);
    try {
      const job = new Download(process, ports, read.options);
      for (const url of read.words) await job.fetch(url);
      return 0;
    } catch (error) {
      if (!(error instanceof WgetEnd)) throw error;
      await process.err(`wget: ${error.message}\n`);
      return 1;
    }
  };
}

class Download {
  readonly #process: Process;
  readonly #ports: Ports;
  readonly #options: ReadonlyMap<string, string>;
  readonly #headers: readonly string[];
  readonly #timeoutMs: number | undefined;

  constructor(process: Process, ports: Ports, options: readonly (readonly [string, string])[]) {
    this.#process = process;
    this.#ports = ports;
    const short: Record<string, string> = {
      quiet: 'q',
      'server-response': 'S',
      'output-document': 'O',
      timeout: 'T',
      'user-agent': 'U',
      'directory-prefix': 'P',
      'output-file': 'o',
    };
    this.#options = new Map(options.map(([name, value]) => [short[name] ?? name, value]));
    this.#headers = options.filter(([name]) => name === 'header').map(([, value]) => value);
    const seconds = this.#options.get('T');
    if (seconds !== undefined && !/^\d+$/.test(seconds)) throw new WgetEnd(`invalid number '${seconds}'`);
    // Without -T busybox waits 900 s.
    this.#timeoutMs = seconds === undefined ? undefined : Number(seconds) * 1_000;
  }

  async fetch(text: string): Promise<void> {
    const parsed = parseWebUrl(text);
    if (parsed === undefined) throw new WgetEnd(`bad address '${text.replace(/^https?:\/\//, '')}'`);
    if ('otherScheme' in parsed) throw new WgetEnd(`not an http or ftp url: ${text}`);
    let url: WebUrl = parsed;
    const name = this.#fileName(url);
    let isConnectionSaid = false;
    for (let redirects = 0; redirects < 6; redirects++) {
      const connection = await this.#open(url, isConnectionSaid && url.host === parsed.host);
      isConnectionSaid = true;
      const reader = new HttpReader(connection);
      const head = await this.#request(url, connection, reader);
      const location = headerOf(head, 'location');
      if (head.status >= 300 && head.status < 400 && location !== undefined) {
        connection.close();
        const next = followLocation(url, location);
        if (!next) throw new WgetEnd(`not an http or ftp url: ${location}`);
        if (next.host !== url.host || next.port !== url.port) isConnectionSaid = false;
        url = next;
        continue;
      }
      if (this.#options.has('spider')) await this.#say('remote file exists\n');
      else await this.#save(name, head, reader);
      connection.close();
      return;
    }
    throw new WgetEnd('too many redirections');
  }

  async #say(text: string): Promise<void> {
    if (!this.#options.has('q')) await this.#process.err(text);
  }

  #fileName(url: WebUrl): string {
    const given = this.#options.get('O');
    if (given !== undefined) return given;
    const last =
      url.target
        .replace(/[?#].*$/, '')
        .split('/')
        .pop() ?? '';
    const folder = this.#options.get('P');
    return `${folder === undefined ? '' : `${folder}/`}${last === '' ? 'index.html' : last}`;
  }

  async #open(url: WebUrl, isSilent: boolean): Promise<Connection> {
    const { machine, sys } = this.#process;
    const network = this.#ports.network(machine);
    const resolved = await resolveHost({ sys, network, libc: machine.libc }, url.host);
    const address = resolved.kind === 'found' ? resolved.addresses[0] : undefined;
    if (address === undefined)
      throw new WgetEnd(`bad address '${isDefaultPort(url) ? url.host : `${url.host}:${url.port}`}'`);
    if (!isSilent) await this.#say(`Connecting to ${hostAndPort(url)} (${hostPort(address, url.port)})\n`);
    const result = await network.connect(sys, { address, port: url.port }, this.#timeoutMs);
    if (result.kind === 'timeout' && this.#timeoutMs !== undefined && this.#timeoutMs < 134_000)
      throw new WgetEnd('download timed out');
    if (result.kind !== 'connected') {
      const place = address.includes(':') ? '' : ` (${address})`;
      throw new WgetEnd(
        `can't connect to remote host${place}: ${errorText(machine.libc, connectError(result))}`,
      );
    }
    if (url.scheme === 'https') await this.#secure(url, result.connection);
    return result.connection;
  }

  async #secure(url: WebUrl, connection: Connection): Promise<void> {
    const timeout = this.#timeoutMs === undefined ? {} : { timeoutMs: this.#timeoutMs };
    const result = await connection.startTls(this.#process.sys, { serverName: url.host, ...timeout });
    if (result.kind === 'timeout') throw new WgetEnd('download timed out');
    if (result.kind !== 'ok') throw new WgetEnd('error getting response: Connection reset by peer');
    if (this.#options.has('no-check-certificate')) return;
    if (result.trusted && result.names.some((name) => nameCovers(name, url.host))) return;
    if (this.#process.machine.libc === 'musl') {
      await this.#process.err(
        `ssl_client: ${url.host}: certificate verification failed: unable to get local issuer certificate\n`,
      );
    }
    throw new WgetEnd('error getting response: Connection reset by peer');
  }

  async #request(url: WebUrl, connection: Connection, reader: HttpReader): Promise<HttpHead> {
    const { sys } = this.#process;
    const body = this.#options.get('post-data') ?? this.#postFile();
    const has = (name: string): boolean =>
      this.#headers.some((line) => line.toLowerCase().startsWith(`${name}:`));
    const lines = [`${body === undefined ? 'GET' : 'POST'} ${url.target} HTTP/1.1`];
    if (!has('host')) lines.push(`Host: ${hostAndPort(url)}`);
    if (!has('user-agent')) lines.push(`User-Agent: ${this.#options.get('U') ?? 'Wget'}`);
    lines.push('Connection: close', ...this.#headers);
    if (body !== undefined) {
      if (!has('content-type')) lines.push('Content-Type: application/x-www-form-urlencoded');
      lines.push(`Content-Length: ${utf8Length(body)}`);
    }
    await connection.send(sys, `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`);
    const result = await reader.readHead(sys, 'GET', sys.nowMs() + (this.#timeoutMs ?? 900_000));
    if (result.kind === 'timeout') throw new WgetEnd('download timed out');
    if (result.kind === 'reset') throw new WgetEnd('error getting response: Connection reset by peer');
    if (result.kind === 'end') throw new WgetEnd('error getting response');
    if (result.kind === 'junk') throw new WgetEnd(`bad response from server`);
    const { head } = result;
    const isFine = head.status < 400;
    if (this.#options.has('S')) {
      const shown = isFine ? head.lines : head.lines.slice(0, 1);
      const tail = isFine && (head.status < 300 || headerOf(head, 'location') === undefined) ? '  \n' : '';
      await this.#process.err(shown.map((line) => `  ${line}\n`).join('') + tail);
    }
    if (!isFine) throw new WgetEnd(`server returned error: ${head.lines[0] ?? ''}`);
    return head;
  }

  #postFile(): string | undefined {
    const name = this.#options.get('post-file');
    if (name === undefined) return undefined;
    const read = this.#process.machine.files.read(absolutePath(this.#process, name));
    if ('error' in read) throw new WgetEnd(`can't open '${name}': No such file or directory`);
    return read.content;
  }

  async #save(name: string, head: HttpHead, reader: HttpReader): Promise<void> {
    const { machine, sys } = this.#process;
    const path = absolutePath(this.#process, name);
    if (name !== '-') {
      if (!this.#options.has('O') && machine.files.stat(path) !== undefined)
        throw new WgetEnd(`can't open '${name}': File exists`);
      const failure = name === '/dev/null' ? undefined : machine.files.write(path, '', sys.nowMs());
      if (failure !== undefined) throw new WgetEnd(`can't open '${name}': No such file or directory`);
    }
    await this.#say(name === '-' ? 'writing to stdout\n' : `saving to '${name}'\n`);
    const total = Number(headerOf(head, 'content-length') ?? Number.NaN);
    let received = 0;
    for (;;) {
      const piece = await reader.readBody(sys, sys.nowMs() + (this.#timeoutMs ?? 900_000));
      if (piece.kind === 'timeout') throw new WgetEnd('download timed out');
      if (piece.kind === 'reset') throw new WgetEnd('read error: Connection reset by peer');
      if (piece.kind === 'short')
        throw new WgetEnd(Number.isNaN(total) ? 'error getting response' : 'connection closed prematurely');
      if (piece.kind !== 'data') break;
      received += utf8Length(piece.text);
      if (name === '-') await this.#process.out(piece.text);
      else if (name !== '/dev/null') machine.files.write(path, piece.text, sys.nowMs(), { append: true });
    }
    const shown = (name.split('/').pop() ?? name).slice(0, 20).padEnd(20);
    const size = received < 100_000 ? String(received) : `${Math.floor(received / 1_024)}k`;
    const start = this.#process.tty('stderr') ? '\r' : '';
    await this.#say(`${start}${shown} 100% |${'*'.repeat(32)}|${size.padStart(6)}  0:00:00 ETA\n`);
    await this.#say(name === '-' ? 'written to stdout\n' : `'${name}' saved\n`);
    if (!Number.isNaN(total) && received < total) throw new WgetEnd('connection closed prematurely');
  }
}
