import type { MachineFacts } from '../../../shell/program.ts';
import { errorText, type SocketError } from '../words.ts';

/** A version of curl as a number that compares: 8.14.1 is 81401. */
export type CurlVersion = { readonly text: string; readonly number: number };

/** Reads `8.14.1`; an unreadable or absent version counts as the workstation's. */
export function curlVersion(text: string | undefined): CurlVersion {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(text ?? '');
  if (!match) return { text: '8.14.1', number: 81_401 };
  return {
    text: match[0],
    number: Number(match[1]) * 10_000 + Number(match[2]) * 100 + Number(match[3] ?? 0),
  };
}

/** Why a transfer ended without success: curl's exit code and the text after `curl: (N) `. */
export type CurlFailure = {
  readonly code: number;
  readonly text: string;
  /** A connection existed (or was being made), so that -v says how it was closed. */
  readonly hadConnection?: boolean;
  /** An orderly end, for which newer versions say "shutting down". */
  readonly isOrderly?: boolean;
  /** The time limit was reached: `--retry` counts it as transient. */
  readonly isTransient?: boolean;
  /** What -v says after the connection was closed. */
  readonly after?: string;
};

/** How long something took, whole milliseconds as curl prints them. */
export function wholeMs(ms: number): number {
  return Math.max(0, Math.floor(ms + 1e-6));
}

/** The text of a failed connection (tools/FACTS.md §1, The words by version). */
export function connectFailureText(
  version: CurlVersion,
  facts: { host: string; port: number; ms: number; libc: MachineFacts['libc']; error: SocketError },
): string {
  const { host, port, ms } = facts;
  const cause = errorText(facts.libc, facts.error);
  if (version.number < 77_800) return `Failed to connect to ${host} port ${port}: ${cause}`;
  const head = `Failed to connect to ${host} port ${port} after ${wholeMs(ms)} ms`;
  if (version.number < 78_600) return `${head}: ${cause}`;
  return `${head}: ${version.number < 80_900 ? "Couldn't" : 'Could not'} connect to server`;
}

/** The text when --connect-timeout ended a connection attempt; each range of versions has its own. */
export function connectTimeoutText(
  version: CurlVersion,
  facts: { host: string; port: number; ms: number },
): string {
  const ms = wholeMs(facts.ms);
  if (version.number < 77_800 || version.number >= 81_100)
    return `Connection timed out after ${ms} milliseconds`;
  if (version.number < 78_600) return `Connection timeout after ${ms} ms`;
  return `Failed to connect to ${facts.host} port ${facts.port} after ${ms} ms: Timeout was reached`;
}

/** What is wrong with a URL. */
export type UrlFault = 'host' | 'port' | 'name' | 'malformed';

/** The text for an unusable URL. */
export function badUrlText(version: CurlVersion, fault: UrlFault): string {
  if (version.number < 76_200) return 'Bad URL';
  if (version.number < 80_100) return 'URL using bad/illegal format or missing URL';
  if (fault === 'host') return 'URL rejected: No host part in the URL';
  if (fault === 'port') return 'URL rejected: Port number was not a decimal number between 0 and 65535';
  return `URL rejected: ${fault === 'name' ? 'Bad hostname' : 'Malformed input to a URL function'}`;
}

/** The text for a protocol curl does not know, or (`where`) may not use. */
export function protocolText(version: CurlVersion, scheme: string, where?: 'disabled' | 'redirect'): string {
  if (version.number < 80_000) return `Protocol "${scheme}" not supported or disabled in libcurl`;
  if (where === undefined) return `Protocol "${scheme}" not supported`;
  return `Protocol "${scheme}" disabled${where === 'redirect' ? ' (in redirect)' : ''}`;
}

/** The text of a body that ended too early. */
export function partialText(version: CurlVersion, missing: number): string {
  if (version.number < 80_900) return `transfer closed with ${missing} bytes remaining to read`;
  return `end of response with ${missing} bytes missing`;
}

/** The lines after an error 60. */
export function certificateHelp(version: CurlVersion): string {
  const page = version.number < 80_900 ? 'web page' : 'webpage';
  return (
    'More details here: https://curl.se/docs/sslcerts.html\n\n' +
    'curl failed to verify the legitimacy of the server and therefore could not\n' +
    'establish a secure connection to it. To learn more about this situation and\n' +
    `how to fix it, please visit the ${page} mentioned above.\n`
  );
}

/** A line of `-v` that says a connection is done with. */
export function closingLine(version: CurlVersion, connection: number, isOrderly: boolean): string {
  if (version.number >= 80_900)
    return `* ${isOrderly ? 'shutting down' : 'closing'} connection #${connection}\n`;
  return version.number >= 80_000 ? '* Closing connection\n' : `* Closing connection ${connection}\n`;
}

/** `Warning: …` wrapped as curl wraps it, at 79 or (newer) 80 columns. */
export function warning(version: CurlVersion, text: string): string {
  const width = (version.number < 80_000 ? 79 : 80) - 9;
  let rest = text;
  let lines = '';
  while (rest.length > width) {
    let cut = width - 1;
    while (cut > 0 && rest[cut] !== ' ') cut--;
    if (cut === 0) cut = width - 1;
    lines += `Warning: ${rest.slice(0, cut + 1)}\n`;
    rest = rest.slice(cut + 1);
  }
  return `${lines}Warning: ${rest}\n`;
}

/** The libraries that a build of curl names. */
export function librariesOf(version: CurlVersion): string {
  return (
    VERSION_TEXTS.get(version.text)?.libraries ?? 'OpenSSL/3.1.4 zlib/1.3.1 libidn2/2.3.4 nghttp2/1.58.0'
  );
}

/** The version line and its company, `curl --version`. */
export function versionText(version: CurlVersion, libc: MachineFacts['libc']): string {
  const target = libc === 'musl' ? 'x86_64-pc-linux-musl' : 'x86_64-pc-linux-gnu';
  const known = VERSION_TEXTS.get(version.text);
  const libraries = librariesOf(version);
  const isDebian = libc !== 'musl';
  return (
    `curl ${version.text} (${target}) libcurl/${version.text} ${libraries}\n` +
    `Release-Date: ${(isDebian ? known?.date : known?.date.split(',')[0]) ?? '2024-03-27'}\n` +
    `Protocols: ${(isDebian && known?.protocols) || 'dict file ftp ftps gopher gophers http https imap imaps mqtt pop3 pop3s rtsp smb smbs smtp smtps telnet tftp'}\n` +
    `Features: ${(isDebian && known?.features) || 'alt-svc AsynchDNS brotli HSTS HTTP2 HTTPS-proxy IDN IPv6 Largefile libz NTLM SSL threadsafe TLS-SRP UnixSockets'}\n`
  );
}

const VERSION_TEXTS: ReadonlyMap<
  string,
  {
    readonly libraries: string;
    readonly date: string;
    readonly protocols?: string;
    readonly features?: string;
  }
> = new Map([
  ['7.61.1', { libraries: 'LibreSSL/2.0.0 zlib/1.2.11 libssh2/1.8.0 nghttp2/1.32.0', date: '2018-09-05' }],
  ['7.61.0', { libraries: 'LibreSSL/2.0.0 zlib/1.2.11 libssh2/1.8.0 nghttp2/1.32.0', date: '2018-07-11' }],
  [
    '7.88.1',
    {
      libraries:
        'OpenSSL/3.0.19 zlib/1.2.13 brotli/1.0.9 zstd/1.5.4 libidn2/2.3.3 libpsl/0.21.2 (+libidn2/2.3.3) libssh2/1.10.0 nghttp2/1.52.0 librtmp/2.3 OpenLDAP/2.5.13',
      date: '2023-02-20, security patched: 7.88.1-10+deb12u14',
      protocols:
        'dict file ftp ftps gopher gophers http https imap imaps ldap ldaps mqtt pop3 pop3s rtmp rtsp scp sftp smb smbs smtp smtps telnet tftp',
      features:
        'alt-svc AsynchDNS brotli GSS-API HSTS HTTP2 HTTPS-proxy IDN IPv6 Kerberos Largefile libz NTLM NTLM_WB PSL SPNEGO SSL threadsafe TLS-SRP UnixSockets zstd',
    },
  ],
  [
    '8.7.1',
    {
      libraries: 'OpenSSL/3.1.4 zlib/1.3.1 brotli/1.1.0 libidn2/2.3.4 libssh2/1.11.0 nghttp2/1.58.0',
      date: '2024-03-27',
    },
  ],
  [
    '8.14.1',
    {
      libraries:
        'OpenSSL/3.5.7 zlib/1.3.1 brotli/1.1.0 zstd/1.5.7 libidn2/2.3.8 libpsl/0.21.2 libssh2/1.11.1 nghttp2/1.64.0 nghttp3/1.8.0 librtmp/2.3 OpenLDAP/2.6.10',
      date: '2025-06-04, security patched: 8.14.1-2+deb13u7',
      protocols:
        'dict file ftp ftps gopher gophers http https imap imaps ipfs ipns ldap ldaps mqtt pop3 pop3s rtmp rtsp scp sftp smb smbs smtp smtps telnet tftp ws wss',
      features:
        'alt-svc AsynchDNS brotli GSS-API HSTS HTTP2 HTTP3 HTTPS-proxy IDN IPv6 Kerberos Largefile libz NTLM PSL SPNEGO SSL threadsafe TLS-SRP UnixSockets zstd',
    },
  ],
]);

const OLD_CATEGORIES =
  "auth        Different types of authentication methods|connection  Low level networking operations|curl        The command line tool itself|dns         General DNS options|file        FILE protocol options|ftp         FTP protocol options|http        HTTP and HTTPS protocol options|imap        IMAP protocol options|misc        Options that don't fit into any other category|output      Filesystem output|pop3        POP3 protocol options|post        HTTP Post specific options|proxy       All options related to proxies|scp         SCP protocol options|sftp        SFTP protocol options|smtp        SMTP protocol options|ssh         SSH protocol options|telnet      TELNET protocol options|tftp        TFTP protocol options|tls         All TLS/SSL related options|upload      All options for uploads|verbose     Options related to any kind of command line output of curl";
const CATEGORIES =
  'auth        Authentication methods|connection  Manage connections|curl        The command line tool itself|deprecated  Legacy|dns         Names and resolving|file        FILE protocol|ftp         FTP protocol|global      Global options|http        HTTP and HTTPS protocol|imap        IMAP protocol|ldap        LDAP protocol|output      Filesystem output|pop3        POP3 protocol|post        HTTP POST specific|proxy       Options for proxies|scp         SCP protocol|sftp        SFTP protocol|smtp        SMTP protocol|ssh         SSH protocol|telnet      TELNET protocol|tftp        TFTP protocol|timeout     Timeouts and delays|tls         TLS/SSL related|upload      Upload, sending data|verbose     Tracing, logging etc';

/** `curl -h category`, and what it says of a category that there is not. */
function categoriesText(version: CurlVersion, category: string): string {
  const isOld = version.number < 80_600;
  const list = (isOld ? OLD_CATEGORIES : CATEGORIES)
    .split('|')
    .map((row) => ` ${row}\n`)
    .join('');
  const usage = isOld ? 'Usage: curl [options...] <url>\n' : '';
  if (category === 'category') return `${usage}${list}`;
  const word = isOld ? 'Invalid' : 'Unknown';
  return `${usage}${word} category provided, here is a list of all categories:\n\n${list}`;
}

/** What `curl -h` prints. */
export function helpText(version: CurlVersion, category = ''): string {
  if (category !== '') return categoriesText(version, category);
  const rows: readonly (readonly [string, string, string])[] = [
    ['-d, --data <data>', 'HTTP POST data', 'HTTP POST data'],
    ['-f, --fail', 'Fail fast with no output on HTTP errors', 'Fail fast with no output on HTTP errors'],
    [
      version.number < 80_600 ? '-h, --help <category>' : '-h, --help <subject>',
      'Get help for commands',
      'Get help for commands',
    ],
  ];
  const old: readonly (readonly [string, string])[] = [
    ['-i, --include', 'Include protocol response headers in the output'],
    ['-o, --output <file>', 'Write to file instead of stdout'],
    ['-O, --remote-name', 'Write output to a file named as the remote file'],
  ];
  const recent: readonly (readonly [string, string])[] = [
    ['-o, --output <file>', 'Write to file instead of stdout'],
    ['-O, --remote-name', 'Write output to file named as remote file'],
    ['-i, --show-headers', 'Show response headers in output'],
  ];
  const isOld = version.number < 81_000;
  const width = isOld ? 26 : 27;
  const tail: readonly (readonly [string, string])[] = [
    ['-s, --silent', 'Silent mode'],
    ['-T, --upload-file <file>', 'Transfer local FILE to destination'],
    ['-u, --user <user:password>', 'Server user and password'],
    ['-A, --user-agent <name>', 'Send User-Agent <name> to server'],
    ['-v, --verbose', 'Make the operation more talkative'],
    ['-V, --version', 'Show version number and quit'],
  ];
  const all = [...rows.map(([a, b]) => [a, b] as const), ...(isOld ? old : recent), ...tail];
  const list = all.map(([option, text]) => ` ${option.padEnd(width)} ${text}\n`).join('');
  const end = isOld
    ? 'This is not the full help, this menu is stripped into categories.\nUse "--help category" to get an overview of all categories.\nFor all options use the manual or "--help all".\n'
    : 'This is not the full help; this menu is split into categories.\nUse "--help category" to get an overview of all categories, which are:\nauth, connection, curl, deprecated, dns, file, ftp, global, http, imap, ldap, \noutput, pop3, post, proxy, scp, sftp, smtp, ssh, telnet, tftp, timeout, tls, \nupload, verbose.\nUse "--help all" to list all options\nUse "--help [option]" to view documentation for a given option\n';
  return `Usage: curl [options...] <url>\n${list}\n${end}`;
}
