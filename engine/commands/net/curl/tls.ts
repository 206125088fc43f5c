import { nameCovers, readPem, VIRTUAL_CA, verifyCode } from '../../../net/certificate.ts';
import type { TlsResult } from '../../../net/socket.ts';
import { fail, type Opening, totalDeadline, connectDeadline, verbose } from './connect.ts';
import { absolutePath } from './output.ts';
import type { CurlRun, Secured } from './run.ts';
import { handshakeLines, type HandshakeFacts, verifyWords } from './tls-lines.ts';
import { wholeMs } from './words.ts';

/** Where a machine keeps the authorities it trusts. */
const CA_FILE = '/etc/ssl/certs/ca-certificates.crt';

/** The application protocols that curl offers for a transfer, the preferred first. */
export function offeredProtocols(opening: Opening): readonly string[] {
  const { config } = opening;
  if (config.isAlpnOff || opening.place.scheme !== 'https') return [];
  if (config.http === '1.0') return ['http/1.0'];
  return config.http === '1.1' ? ['http/1.1'] : ['h2', 'http/1.1'];
}

/** The names of the authorities that a transfer trusts: those of --cacert, else the machine's. */
function trustedNames(run: CurlRun, file: string | undefined): ReadonlySet<string> {
  if (file === undefined) return new Set([VIRTUAL_CA]);
  const read = run.process.machine.files.read(absolutePath(run.process, file));
  const text = 'content' in read ? read.content : '';
  return new Set(readPem(text).map((certificate) => certificate.subject));
}

/** Checks a handshake's end and tells of it with -v. @throws TransferEnd */
export async function judgeTls(opening: Opening, result: TlsResult): Promise<Secured> {
  const { run, config, place } = opening;
  const certificate = result.kind === 'ok' ? result.certificate : undefined;
  const trusted = trustedNames(run, config.caFile);
  const now = run.process.sys.nowMs();
  const code = certificate === undefined ? 0 : verifyCode(certificate, trusted, now);
  const facts: HandshakeFacts = {
    version: run.version,
    host: place.host,
    certificate,
    caFile: config.isInsecure ? undefined : (config.caFile ?? CA_FILE),
    verifyCode: code,
    isTerminal: run.process.tty('stdout') !== undefined,
    tlsVersion: result.kind === 'ok' ? (result.version ?? 'TLSv1.3') : 'TLSv1.3',
    offered: offeredProtocols(opening),
    alpn: result.kind === 'ok' ? (result.alpn ?? 'http/1.1') : undefined,
  };
  if (result.kind !== 'ok')
    return handshakeFailed(opening, result.kind === 'alert' ? result.alert : result.kind, facts);
  const isTooOld = config.minTls === 13 && facts.tlsVersion === 'TLSv1.2';
  if (isTooOld) return handshakeFailed(opening, 'protocol version', facts);
  const secured: Secured = {
    alpn: facts.alpn,
    verifyCode: code,
    wantsCertificate: result.wantsClientCertificate === true,
    tlsVersion: facts.tlsVersion,
  };
  if (config.isInsecure) {
    await verbose(run, handshakeLines(facts, 'insecure'));
    return secured;
  }
  if (code !== 0) {
    await verbose(run, handshakeLines(facts, 'untrusted'));
    opening.moments.verifyCode = code;
    return fail(run, { code: 60, text: untrustedText(run, code), hadConnection: true });
  }
  if (!(certificate?.names ?? []).some((name) => nameCovers(name, place.host))) {
    await verbose(run, handshakeLines(facts, 'wrong-name'));
    const isAddress = /^[\d.]+$/.test(place.host);
    const word = run.version.number < 80_900 ? 'host name' : isAddress ? 'ipv4 address' : 'hostname';
    const text = `SSL: no alternative certificate subject name matches target ${word} '${place.host}'`;
    const isTalkative = run.version.number >= 77_800 && run.version.number < 80_000;
    const after = isTalkative ? goodbyeLines(facts.isTerminal) : '';
    return fail(run, { code: 60, text, hadConnection: true, ...(after === '' ? {} : { after }) });
  }
  await verbose(run, handshakeLines(facts, 'ok'));
  return secured;
}

/** What curl 7.8x still says after it has closed a finished handshake. */
function goodbyeLines(isTerminal: boolean): string {
  const bytes = (mark: string, count: number): string =>
    isTerminal ? '' : `${mark} [${count} bytes data]\n`;
  return `${bytes('{', 5)}* TLSv1.3 (IN), TLS handshake, Newsession Ticket (4):\n${bytes('{', 249)}* TLSv1.3 (OUT), TLS alert, close notify (256):\n${bytes('}', 2)}`;
}

function untrustedText(run: CurlRun, code: number): string {
  const { number } = run.version;
  if (number >= 81_700) return `SSL certificate OpenSSL verify result: ${verifyWords(code)} (${code})`;
  return `SSL certificate problem: ${verifyWords(code)}`;
}

async function handshakeFailed(
  opening: Opening,
  why: 'timeout' | 'reset' | 'closed' | 'plain' | 'unrecognized name' | 'protocol version',
  facts: HandshakeFacts,
): Promise<never> {
  const { run, config, moments, place } = opening;
  await verbose(run, handshakeLines(facts, 'hello'));
  const end = (text: string): Promise<never> => fail(run, { code: 35, text, hadConnection: true });
  const { number } = run.version;
  const prefix = number < 80_900 ? 'OpenSSL/3.0.19: ' : 'TLS connect error: ';
  switch (why) {
    case 'timeout': {
      const isTotal =
        config.connectMs === undefined || totalDeadline(config, moments) <= connectDeadline(config, moments);
      const ms = wholeMs(run.process.sys.nowMs() - moments.startMs);
      const isPlain = isTotal || number >= 81_100;
      const text = isPlain ? `Connection timed out after ${ms} milliseconds` : 'SSL connection timeout';
      return fail(run, { code: 28, text, hadConnection: true, isTransient: true });
    }
    case 'reset':
      return end(`${place.port === 443 ? 'Recv' : 'Send'} failure: Connection reset by peer`);
    case 'closed':
      if (number < 80_900)
        return end(`OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to ${place.host}:${place.port} `);
      return end('Send failure: Broken pipe');
    case 'plain':
      return end(`${prefix}error:0A00010B:SSL routines::wrong version number`);
    case 'unrecognized name':
      return end(`${prefix}error:0A000458:SSL routines::tlsv1 unrecognized name`);
    case 'protocol version':
      return end(`${prefix}error:0A00042E:SSL routines::tlsv1 alert protocol version`);
  }
}

/** `--tls-max 1.1`: today's OpenSSL has no protocol left to offer. */
export async function refuseOldTls(opening: Opening): Promise<void> {
  const { run, config } = opening;
  if (config.maxTls === undefined || config.maxTls >= 12) return;
  const { number } = run.version;
  const text =
    number < 80_900
      ? 'OpenSSL/3.0.19: error:0A00042E:SSL routines::tlsv1 alert protocol version'
      : 'TLS connect error: error:0A0000BF:SSL routines::no protocols available';
  await fail(run, { code: 35, text, hadConnection: true });
}
