import { utf8Length } from '../../../base/bytes.ts';
import { type BodyResult, type HttpHead, headerOf, isKeptAlive } from '../http-reader.ts';
import { fail, linkKey, openLink, type Place, totalDeadline, verbose } from './connect.ts';
import { collectCookies, cookieHeader, cookieNote } from './cookies.ts';
import type { CurlConfig } from './options.ts';
import type { Output } from './output.ts';
import { proxyOf } from './proxy.ts';
import { buildRequest, type RequestBody } from './request.ts';
import { type CurlRun, type Link, type Meter, type Moments, TransferEnd } from './run.ts';
import { type CurlUrl, formatCurlUrl, parseCurlUrl, redirectTarget } from './url.ts';
import { ticketLines } from './tls-lines.ts';
import { conditionHeader, conditionTime, readDate } from './time-condition.ts';
import { badUrlText, closingLine, partialText, protocolText, wholeMs } from './words.ts';

/** Everything one transfer of an http(s) URL works with; the counters feed `-w`. */
export type Transfer = {
  readonly run: CurlRun;
  readonly config: CurlConfig;
  readonly output: Output;
  readonly meter: Meter;
  readonly moments: Moments;
  readonly user: string | undefined;
  referer: string | undefined;
  /** Writes header lines where -D wants them. */
  readonly dumpHeader: (text: string) => Promise<void>;
  url: CurlUrl;
  body: RequestBody | undefined;
  method: string;
  head?: HttpHead;
  link?: Link;
  redirects: number;
  redirectUrl: string;
  connects: number;
  headerBytes: number;
  requestBytes: number;
  downloaded: number;
  uploaded: number;
};

/** Runs a transfer to its end, redirects included. @throws TransferEnd */
export async function runHttp(transfer: Transfer): Promise<void> {
  let methodOverride: string | undefined;
  for (;;) {
    const head = await runHop(transfer, methodOverride);
    const location = headerOf(head, 'location');
    transfer.redirectUrl =
      location === undefined || head.status < 300 || head.status > 399
        ? ''
        : effective(transfer.url, location);
    if (transfer.redirectUrl === '' || !transfer.config.isLocation) return;
    const { run, config, moments } = transfer;
    const to = transfer.redirectUrl;
    if (config.maxRedirects >= 0 && transfer.redirects >= config.maxRedirects) {
      const text = `Maximum (${config.maxRedirects}) redirects followed`;
      return fail(run, { code: 47, text });
    }
    const login = config.on.has('location-trusted') && transfer.user !== undefined ? `${transfer.user}@` : '';
    await verbose(run, `* Issue another request to this URL: '${to.replace('://', `://${login}`)}'\n`);
    transfer.redirects++;
    const url = parseCurlUrl(to, config.isPathAsIs);
    if ('badScheme' in url)
      throw new TransferEnd({
        code: 1,
        text: protocolText(run.version, url.badScheme),
      });
    if ('fault' in url) throw new TransferEnd({ code: 3, text: badUrlText(run.version, url.fault) });
    if (!mayUse(config.redirectProtocols, url.scheme)) {
      throw new TransferEnd({
        code: 1,
        text: protocolText(run.version, url.scheme, 'redirect'),
      });
    }
    if (
      head.status <= 303 &&
      transfer.method !== 'HEAD' &&
      (transfer.method === 'POST' || head.status === 303) &&
      !config.on.has(`post${head.status}`)
    ) {
      if (config.method === undefined) methodOverride = 'GET';
      const isTold =
        run.version.number >= 77_800 && run.version.number < 80_000 && transfer.method === 'POST';
      if (isTold) await verbose(run, '* Switch from POST to GET\n');
      transfer.body = undefined;
    }
    if (config.referer?.endsWith(';auto')) transfer.referer = formatCurlUrl(transfer.url);
    transfer.url = url;
    moments.redirectMs = run.process.sys.nowMs();
    moments.hopMs = run.process.sys.nowMs();
  }
}

function failReason(run: CurlRun, head: HttpHead): string {
  return run.version.number < 77_600 && head.reason !== '' ? ` ${head.reason}` : '';
}

/** True when `--proto` or `--proto-redir` (`=https`, `-http`, `http,https`) allows a scheme. */
export function mayUse(rule: string | undefined, scheme: string): boolean {
  if (rule === undefined) return true;
  let isAllowed = !rule.startsWith('=');
  for (const word of rule.replace(/^=/, '').split(',')) {
    const name = word.replace(/^[-+=]/, '');
    if (name === scheme || name === 'all') isAllowed = !word.startsWith('-');
  }
  return isAllowed;
}

function effective(base: CurlUrl, location: string): string {
  const url = parseCurlUrl(redirectTarget(base, location));
  return 'scheme' in url ? formatCurlUrl(url) : redirectTarget(base, location);
}

async function runHop(transfer: Transfer, methodOverride: string | undefined): Promise<HttpHead> {
  const { run, config } = transfer;
  const proxy = proxyOf(config, transfer.url);
  const place: Place = proxy ?? {
    scheme: transfer.url.scheme,
    host: transfer.url.host,
    port: transfer.url.port,
    isProxy: false,
  };
  const link = await takeLink(transfer, place);
  transfer.link = link;
  const request = buildRequest(config, {
    version: run.version,
    url: transfer.url,
    body: transfer.body,
    methodOverride,
    isProxied: proxy !== undefined && proxy.tunnelTo === undefined && proxy.scheme === 'http',
    referer: transfer.referer,
    cookies: cookieHeader(run, config, transfer.url),
    user: transfer.user,
    condition: conditionHeader(run, config.timeCondition),
  });
  transfer.method = request.method;
  const isSecure = link.isFresh && transfer.url.scheme === 'https';
  const isTerminal = run.process.tty('stdout') !== undefined;
  const bytes = transfer.url.scheme === 'https' && !isTerminal ? '} [5 bytes data]\n' : '';
  if (link.isHttp2)
    await verbose(
      run,
      http2Lines(transfer, request.head, { isFresh: link.isFresh, bytes, stream: nextStream(link) }),
    );
  else if (run.version.number >= 81_000 && link.isFresh) await verbose(run, '* using HTTP/1.x\n');
  else if (isSecure && run.version.number >= 77_800) await verbose(run, '* using HTTP/1.1\n');
  if (isSecure) await verbose(run, bytes);
  await sendRequest(transfer, link, request);
  if (isSecure && link.secured?.tlsVersion === 'TLSv1.3')
    await verbose(run, ticketLines(run.version, isTerminal));
  else if (isSecure && !isTerminal) await verbose(run, '{ [5 bytes data]\n');
  if (link.secured?.wantsCertificate) await refuseWithoutCertificate(transfer, link);
  // Only -I makes curl expect no body.
  const reading = config.isHead ? 'HEAD' : request.method === 'HEAD' ? 'GET' : request.method;
  const head = await readHead(transfer, link, reading);
  transfer.head = head;
  collectCookies(run, transfer.url, head);
  if (head.status >= 400 && config.isFail) {
    transfer.meter.receiveTotal = lengthOf(head);
    closeLink(run, link);
    const text = `The requested URL returned error: ${head.status}${failReason(run, head)}`;
    throw new TransferEnd({ code: 22, text, hadConnection: true });
  }
  const willFollow =
    config.isLocation && head.status >= 300 && head.status < 400 && headerOf(head, 'location') !== undefined;
  await readBody(transfer, link, reading, willFollow);
  await leave(transfer, link, head);
  if (head.status >= 400 && config.isFailBody) {
    throw new TransferEnd({
      code: 22,
      text: `The requested URL returned error: ${head.status}`,
    });
  }
  return head;
}

async function refuseWithoutCertificate(transfer: Transfer, link: Link): Promise<never> {
  const { number } = transfer.run.version;
  const library = number < 80_000 ? '' : 'OpenSSL/3.5.7: ';
  const text = `OpenSSL SSL_read: ${library}error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0`;
  return dropped(transfer, link, { code: 56, text });
}

/** What -v says of an HTTP/2 stream before its request. Source: recorded curl 7.74.0, 7.88.1, 8.14.1. */
function http2Lines(
  transfer: Transfer,
  head: string,
  how: { readonly isFresh: boolean; readonly bytes: string; readonly stream: number },
): string {
  const { run, url } = transfer;
  const [first = '', ...lines] = head.trimEnd().split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const authority = lines.find((line) => /^host:/i.test(line))?.slice(6) ?? '';
  const rest = lines
    .filter((line) => !/^host:/i.test(line))
    .map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()));
  const isSecure = url.scheme === 'https';
  const using = how.isFresh && isSecure ? '* using HTTP/2\n' : '';
  const pseudo =
    run.version.number < 80_000
      ? [`:method: ${method}`, `:path: ${path}`, `:scheme: ${url.scheme}`, `:authority: ${authority}`]
      : [`:method: ${method}`, `:scheme: ${url.scheme}`, `:authority: ${authority}`, `:path: ${path}`];
  const all = [...pseudo, ...rest];
  if (run.version.number < 80_000)
    return `${how.bytes}${using}${all.map((line) => `* h2h3 [${line}]\n`).join('')}* Using Stream ID: ${how.stream} (easy handle 0x${pointer(authority)})\n`;
  const opened = `* [HTTP/2] [${how.stream}] OPENED stream for ${formatCurlUrl(url)}\n`;
  const said = how.isFresh ? `* using HTTP/${isSecure ? '2' : '1.x'}\n` : '';
  return `${said}${opened}${all.map((line) => `* [HTTP/2] [${how.stream}] [${line}]\n`).join('')}`;
}

/** What a client of HTTP/2 sends first (RFC 9113, 3.4). */
const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

type OpenLink = Link & { readonly isFresh: boolean };

async function takeLink(transfer: Transfer, place: Place): Promise<OpenLink> {
  const { run, config, moments, meter } = transfer;
  const key = linkKey(place);
  const kept = run.links.find((link) => link.key === key);
  if (kept) {
    if (run.version.number < 80_900) {
      const which = run.version.number < 80_000 ? ` #${kept.number}` : '';
      await verbose(
        run,
        `* Found bundle for host: 0x${pointer(key)} [serially]\n* Can not multiplex, even if we wanted to\n* Re-using existing connection${which} with host ${place.host}\n`,
      );
    } else await verbose(run, `* Re-using existing ${place.scheme}: connection with host ${place.host}\n`);
    moments.resolvedMs = run.process.sys.nowMs();
    moments.connectedMs = run.process.sys.nowMs();
    return { ...kept, isFresh: false };
  }
  transfer.connects++;
  return { ...(await openLink({ run, config, place, moments, meter })), isFresh: true };
}

/** Real curl prints an address of its memory here; ours only has its looks. */
function pointer(key: string): string {
  let value = 0;
  for (const char of key) value = (value * 31 + (char.codePointAt(0) ?? 0)) % 0xffff_ffff;
  return `5555${value.toString(16).padStart(8, '0')}`;
}

async function sendRequest(
  transfer: Transfer,
  link: Link,
  request: { head: string; body: string; notes: string },
): Promise<void> {
  const { run, meter, config } = transfer;
  const isLower = link.isHttp2 && run.version.number < 80_000;
  const shownHead = link.isHttp2 ? asHttp2(request.head, isLower) : request.head;
  const lines = shownHead
    .split('\r\n')
    .slice(0, -1)
    .map((line) => `> ${line}\r\n`)
    .join('');
  await verbose(run, request.notes + lines);
  const preface = link.isHttp2 && link.secured === undefined && isFirst(link) ? HTTP2_PREFACE : '';
  const whole = preface + (link.isHttp2 ? asHttp2(request.head, false) : request.head);
  const waits = request.body !== '' && /\r\nExpect: 100-continue\r\n/i.test(request.head);
  const isOwnExpect = waits && config.headers.some((line) => /^expect:/i.test(line));
  let isSent = await link.connection.send(meter.sys, isOwnExpect ? whole : whole + request.body);
  if (isOwnExpect) {
    const came = await link.reader.fill(meter.sys, run.process.sys.nowMs() + config.expectMs);
    if (came === 'timeout') await verbose(run, '* Done waiting for 100-continue\n');
    isSent = await link.connection.send(meter.sys, request.body);
  }
  const isApart = isOwnExpect || transfer.body?.isUpload === true || config.forms.length > 0;
  const isUploaded = isApart && run.version.number >= 77_800 && run.version.number < 80_000;
  await run.traceData?.('=> Send data', request.body);
  const isWhole = run.version.number >= 80_700 || !(transfer.body?.isUpload || config.forms.length > 0);
  transfer.requestBytes += utf8Length(request.head) + (isWhole ? utf8Length(request.body) : 0);
  if (request.body !== '') {
    const bytes = utf8Length(request.body);
    transfer.uploaded += bytes;
    meter.sent = transfer.uploaded;
    meter.sendTotal = transfer.uploaded;
    await verbose(run, `} [${bytes} bytes data]\n`);
    if (run.version.number >= 80_900) await verbose(run, `* upload completely sent off: ${bytes} bytes\n`);
    if (isUploaded) await verbose(run, '* We are completely uploaded and fine\n');
  } else if (run.version.number >= 80_700) await verbose(run, '* Request completely sent off\n');
  transfer.moments.sentMs = run.process.sys.nowMs();
  if (!isSent)
    await dropped(transfer, link, {
      code: 55,
      text: 'Send failure: Connection reset by peer',
    });
}

const streams = new WeakMap<object, number>();

/** The number of the next stream of a connection: 1, 3, 5, … */
function nextStream(link: Link): number {
  const next = (streams.get(link.connection) ?? -1) + 2;
  streams.set(link.connection, next);
  return next;
}

const opened = new WeakSet<object>();

/** True the first time it is asked of a connection. */
function isFirst(link: Link): boolean {
  if (opened.has(link.connection)) return false;
  opened.add(link.connection);
  return true;
}

/** A request's head as HTTP/2 has it: its version has no minor part; `isLower`: names in small letters, as old versions show them. */
function asHttp2(head: string, isLower: boolean): string {
  const lines = head.split('\r\n').map((line, i) => {
    if (i === 0) return line.replace(/HTTP\/1\.[01]$/, 'HTTP/2');
    return isLower && !/^host:/i.test(line) ? line.replace(/^[^:]+/, (name) => name.toLowerCase()) : line;
  });
  return lines.join('\r\n');
}

async function dropped(
  transfer: Transfer,
  link: Link,
  failure: ConstructorParameters<typeof TransferEnd>[0],
): Promise<never> {
  closeLink(transfer.run, link);
  return fail(transfer.run, { ...failure, hadConnection: true });
}

function closeLink(run: CurlRun, link: Link): void {
  link.connection.close();
  run.links = run.links.filter((one) => one.number !== link.number);
}

async function readHead(transfer: Transfer, link: Link, method: string): Promise<HttpHead> {
  const { run, config, moments, meter } = transfer;
  for (;;) {
    const slowMs = slowDeadline(transfer);
    const deadlineMs = Math.min(totalDeadline(config, moments), slowMs);
    const result = await link.reader.readHead(meter.sys, method, deadlineMs, config.isRaw);
    if (result.kind === 'timeout' && run.process.sys.nowMs() < totalDeadline(config, moments))
      return dropped(transfer, link, tooSlow(config));
    if (result.kind === 'timeout') return dropped(transfer, link, operationTimedOut(transfer));
    if (link.isHttp2 && (result.kind === 'junk' || (result.kind === 'head' && result.head.version !== '2')))
      return dropped(transfer, link, {
        code: run.version.number < 80_000 ? 52 : 16,
        text:
          run.version.number < 80_000
            ? 'Empty reply from server'
            : 'Remote peer returned unexpected data while we expected SETTINGS frame.  Perhaps, peer does not support HTTP/2 properly.',
      });
    if (result.kind === 'end')
      return dropped(transfer, link, {
        code: 52,
        text: 'Empty reply from server',
        isOrderly: true,
      });
    if (result.kind === 'reset')
      return dropped(transfer, link, {
        code: 56,
        text: 'Recv failure: Connection reset by peer',
      });
    if (result.kind === 'junk') return readJunk(transfer, link);
    moments.firstByteMs = run.process.sys.nowMs();
    await sayHead(transfer, result.head, method);
    if (result.head.status >= 200) return result.head;
  }
}

/** When -y and -Y end a transfer through which nothing more comes; infinite without them. */
function slowDeadline(transfer: Transfer): number {
  const { speedTimeS, speedLimit } = transfer.config;
  if (speedTimeS === undefined && speedLimit === undefined) return Number.POSITIVE_INFINITY;
  return transfer.run.process.sys.nowMs() + (speedTimeS ?? 30) * 1000;
}

function tooSlow(config: CurlConfig): ConstructorParameters<typeof TransferEnd>[0] {
  const text = `Operation too slow. Less than ${config.speedLimit ?? 1} bytes/sec transferred the last ${config.speedTimeS ?? 30} seconds`;
  return { code: 28, text, isTransient: true };
}

/** An answer without a status line (HTTP/0.9) is refused unless --http0.9 asks for it. */
async function readJunk(transfer: Transfer, link: Link): Promise<never> {
  const { run, config, meter, output } = transfer;
  if (!config.isHttp09)
    return dropped(transfer, link, {
      code: 1,
      text: 'Received HTTP/0.9 when not allowed',
    });
  for (;;) {
    const text = link.reader.takeAll();
    meter.received += utf8Length(text);
    await output.write(text);
    const came = await link.reader.fill(meter.sys, totalDeadline(config, transfer.moments));
    if (came === 'timeout') return dropped(transfer, link, operationTimedOut(transfer));
    if (came !== 'data') break;
  }
  closeLink(run, link);
  throw new TransferEnd({ code: 0, text: '' });
}

async function sayHead(transfer: Transfer, head: HttpHead, method: string): Promise<void> {
  const { run, config, output } = transfer;
  const text = `${head.lines.join('\r\n')}\r\n\r\n`;
  transfer.headerBytes += utf8Length(text);
  if (run.globals.isVerbose || run.trace) {
    if (head.version === '1.0') await verbose(run, '* HTTP 1.0, assume close after body\n');
    const isRejected = head.status === 401 && transfer.user !== undefined;
    for (const line of head.lines) {
      if (isRejected && /^www-authenticate:/i.test(line)) {
        await verbose(
          run,
          `* ${run.version.number < 80_000 ? 'Authentication problem. Ignoring this.' : 'Basic authentication problem, ignoring.'}\n`,
        );
      }
      if (run.jar.isOn && /^set-cookie:/i.test(line))
        await verbose(run, cookieNote(run, transfer.url, line.slice(11)));
      // What was sent would have to be sent again.
      if (
        /^location:/i.test(line) &&
        config.isLocation &&
        transfer.body !== undefined &&
        run.version.number >= 77_800
      )
        await verbose(
          run,
          `* ${run.version.number < 80_000 ? 'Please rewind output before next send' : 'Need to rewind upload for next request'}\n`,
        );
      await verbose(run, `< ${line}\r\n`);
    }
    if (isIgnored(transfer, head, method) && run.version.number >= 80_900)
      await verbose(run, '* Ignoring the response-body\n* setting size while ignoring\n');
    // With -f the head's end is not read any more, or comes behind the error.
    const isFatal = config.isFail && head.status >= 400;
    if (isFatal)
      await verbose(run, `* The requested URL returned error: ${head.status}${failReason(run, head)}\n`);
    if (!isFatal || run.version.number >= 80_000) await verbose(run, '< \r\n');
  }
  await transfer.dumpHeader(text);
  if (config.isInclude || config.isHead) await output.write(isStyled(transfer) ? styled(head) : text);
}

/** On a terminal the names of shown headers are bold. */
function isStyled(transfer: Transfer): boolean {
  return (
    transfer.output.isTerminal &&
    transfer.run.version.number >= 76_200 &&
    transfer.run.process.env.get('TERM') !== 'dumb'
  );
}

function styled(head: HttpHead): string {
  const lines = head.lines.map((line, i) =>
    i === 0 ? line : line.replace(/^([^:]+):/, '\x1b[1m$1\x1b[0m:'),
  );
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function isIgnored(transfer: Transfer, head: HttpHead, method: string): boolean {
  return (
    transfer.config.isLocation &&
    (method !== 'HEAD' || transfer.run.version.number >= 80_900) &&
    head.status >= 300 &&
    head.status < 400 &&
    headerOf(head, 'location') !== undefined
  );
}

function lengthOf(head: HttpHead): number | undefined {
  const length = headerOf(head, 'content-length');
  return length === undefined ? undefined : Number(length);
}

async function readBody(transfer: Transfer, link: Link, method: string, isIgnoring: boolean): Promise<void> {
  const { run, config, meter, output, moments } = transfer;
  const total = transfer.head ? lengthOf(transfer.head) : undefined;
  if (!isIgnoring) meter.receiveTotal = total;
  if (config.maxFileSize !== undefined && total !== undefined && total > config.maxFileSize) {
    await dropped(transfer, link, { code: 63, text: 'Maximum file size exceeded' });
  }
  if (isIgnoring && method !== 'HEAD' && run.version.number < 80_900)
    await verbose(run, '* Ignoring the response-body\n');
  let isFirst = !(isIgnoring && run.version.number >= 80_900);
  const isUnmet = isTooOld(transfer);
  if (isUnmet) {
    await verbose(run, '* The requested document is not new enough\n* Simulate an HTTP 304 response\n');
    closeLink(run, link);
    await verbose(run, closingLine(run.version, link.number, true));
    throw new TransferEnd({ code: 0, text: '' });
  }
  for (;;) {
    const waiting = link.reader.pendingBytes;
    const deadlineMs = Math.min(totalDeadline(config, moments), slowDeadline(transfer));
    const piece = await link.reader.readBody(meter.sys, deadlineMs);
    if (piece.kind === 'done') return;
    if (piece.kind === 'timeout' && run.process.sys.nowMs() < totalDeadline(config, moments))
      return dropped(transfer, link, tooSlow(config));
    if (piece.kind === 'bad-chunk' && isFirst && !output.isTerminal && run.traceData === undefined)
      await verbose(run, `{ [${waiting} bytes data]\n`);
    if (piece.kind !== 'data') return bodyEnded(transfer, link, piece);
    if (isFirst && !output.isTerminal && run.traceData === undefined)
      await verbose(run, `{ [${Math.max(waiting, utf8Length(piece.text))} bytes data]\n`);
    isFirst = false;
    await run.traceData?.('<= Recv data', piece.text);
    if (isIgnoring) continue;
    const { maxFileSize } = config;
    if (
      maxFileSize !== undefined &&
      run.version.number >= 80_400 &&
      transfer.downloaded + utf8Length(piece.text) > maxFileSize
    ) {
      await output.write(piece.text.slice(0, maxFileSize - transfer.downloaded));
      const text = `Exceeded the maximum allowed file size (${maxFileSize}) with ${maxFileSize} bytes`;
      return dropped(transfer, link, { code: 63, text });
    }
    await keepRate(transfer, utf8Length(piece.text));
    transfer.downloaded += utf8Length(piece.text);
    meter.received = transfer.downloaded;
    await meter.bar();
    await output.write(piece.text);
  }
}

/** --limit-rate: waits so that no more than a second's worth is ahead; 7.x lets the first buffer pass. */
async function keepRate(transfer: Transfer, bytes: number): Promise<void> {
  const { limitRate } = transfer.config;
  if (limitRate === undefined || limitRate <= 0) return;
  const { sys } = transfer.meter;
  if (transfer.downloaded === 0 && bytes <= 16_384 && transfer.run.version.number < 80_000) return;
  const dueMs = transfer.moments.startMs + ((transfer.downloaded + bytes) / limitRate - 1) * 1000;
  if (dueMs > sys.nowMs()) await sys.sleep(dueMs - sys.nowMs());
}

/** -z: the document is older than asked for (with a leading `-`: newer), though the server sent it. */
function isTooOld(transfer: Transfer): boolean {
  const { config, head } = transfer;
  const wanted =
    config.timeCondition === undefined ? undefined : conditionTime(transfer.run, config.timeCondition);
  const given = head === undefined ? undefined : headerOf(head, 'last-modified');
  const modifiedMs = given === undefined ? undefined : readDate(given);
  if (wanted === undefined || modifiedMs === undefined) return false;
  return wanted.isBefore ? modifiedMs > wanted.atMs : modifiedMs <= wanted.atMs;
}

async function bodyEnded(
  transfer: Transfer,
  link: Link,
  piece: Exclude<BodyResult, { kind: 'data' | 'done' }>,
): Promise<never> {
  const { version } = transfer.run;
  if (piece.kind === 'timeout') return dropped(transfer, link, operationTimedOut(transfer));
  if (piece.kind === 'reset')
    return dropped(transfer, link, {
      code: 56,
      text: 'Recv failure: Connection reset by peer',
    });
  if (piece.kind === 'bad-chunk') {
    const text =
      version.number < 81_000
        ? 'Illegal or missing hexadecimal sequence in chunked-encoding'
        : `chunk hex-length char not a hex digit: 0x${piece.char.charCodeAt(0).toString(16)}`;
    return dropped(transfer, link, { code: 56, text });
  }
  const missing = 'missing' in piece ? piece.missing : undefined;
  const text =
    missing === undefined
      ? 'transfer closed with outstanding read data remaining'
      : partialText(version, missing);
  return dropped(transfer, link, { code: 18, text });
}

function operationTimedOut(transfer: Transfer): ConstructorParameters<typeof TransferEnd>[0] {
  const ms = wholeMs(transfer.run.process.sys.nowMs() - transfer.moments.startMs);
  const { received, receiveTotal } = transfer.meter;
  const amount =
    receiveTotal === undefined ? `${received} bytes` : `${received} out of ${receiveTotal} bytes`;
  return {
    code: 28,
    text: `Operation timed out after ${ms} milliseconds with ${amount} received`,
    hadConnection: true,
    isTransient: true,
  };
}

async function leave(transfer: Transfer, link: Link, head: HttpHead): Promise<void> {
  const { run, meter } = transfer;
  if (!transfer.config.isLocation || transfer.head?.status === undefined || transfer.head.status < 300)
    await meter.finish();
  if (isKeptAlive(head) && !link.reader.isUntilClose) {
    await verbose(run, `* Connection #${link.number} to host ${link.host} left intact\n`);
    return;
  }
  closeLink(run, link);
  await verbose(run, closingLine(run.version, link.number, true));
}
