import { toBase64, utf8, utf8Length } from '../../base/bytes.ts';
import type { ConnectResult } from '../../net/socket.ts';
import type { MachineFacts } from '../../shell/program.ts';

/** Why a socket call failed, by the errno's name. */
export type SocketError =
  | 'ECONNREFUSED'
  | 'ETIMEDOUT'
  | 'EHOSTUNREACH'
  | 'ENETUNREACH'
  | 'ECONNRESET'
  | 'EPIPE';

const GLIBC: Readonly<Record<SocketError, string>> = {
  ECONNREFUSED: 'Connection refused',
  ETIMEDOUT: 'Connection timed out',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
  ECONNRESET: 'Connection reset by peer',
  EPIPE: 'Broken pipe',
};

const MUSL: Readonly<Record<SocketError, string>> = {
  ...GLIBC,
  ETIMEDOUT: 'Operation timed out',
  EHOSTUNREACH: 'Host is unreachable',
  ENETUNREACH: 'Network unreachable',
};

/** What strerror says of a socket error; the two C libraries differ in some. */
export function errorText(libc: MachineFacts['libc'], error: SocketError): string {
  return (libc === 'musl' ? MUSL : GLIBC)[error];
}

/** The errno of a connection attempt that failed. */
export function connectError(result: Exclude<ConnectResult, { kind: 'connected' }>): SocketError {
  if (result.kind === 'refused') return 'ECONNREFUSED';
  if (result.kind === 'timeout') return 'ETIMEDOUT';
  return result.why === 'host' ? 'EHOSTUNREACH' : 'ENETUNREACH';
}

/** Ports of /etc/services that the tools print by name: port → name, the same for TCP and UDP unless noted there. */
const SERVICES: ReadonlyMap<number, string> = new Map([
  [7, 'echo'],
  [9, 'discard'],
  [13, 'daytime'],
  [20, 'ftp-data'],
  [21, 'ftp'],
  [22, 'ssh'],
  [23, 'telnet'],
  [25, 'smtp'],
  [37, 'time'],
  [53, 'domain'],
  [67, 'bootps'],
  [68, 'bootpc'],
  [69, 'tftp'],
  [70, 'gopher'],
  [79, 'finger'],
  [80, 'http'],
  [88, 'kerberos'],
  [110, 'pop3'],
  [111, 'sunrpc'],
  [123, 'ntp'],
  [143, 'imap2'],
  [161, 'snmp'],
  [179, 'bgp'],
  [389, 'ldap'],
  [443, 'https'],
  [465, 'submissions'],
  [514, 'syslog'],
  [587, 'submission'],
  [636, 'ldaps'],
  [853, 'domain-s'],
  [993, 'imaps'],
  [995, 'pop3s'],
  [1080, 'socks'],
  [2049, 'nfs'],
  [3306, 'mysql'],
  [5432, 'postgresql'],
  [5672, 'amqp'],
  [8080, 'http-alt'],
]);

/** The name of a port in /etc/services, or undefined. */
export function serviceName(port: number): string | undefined {
  return SERVICES.get(port);
}

/** The port of a service name or of a number's text (0–65535); undefined for anything else. */
export function servicePort(text: string): number | undefined {
  if (/^[0-9]{1,5}$/.test(text)) return Number(text) <= 65_535 ? Number(text) : undefined;
  for (const [port, name] of SERVICES) if (name === text) return port;
  return undefined;
}

/** `[address]:port` for IPv6, `address:port` otherwise. */
export function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The longest head of `text` that has at most `bytes` bytes of UTF-8; characters are never split. */
export function headBytes(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text;
  let count = 0;
  let at = 0;
  while (at < text.length) {
    const wide = text.charCodeAt(at) >= 0xd800 && text.charCodeAt(at) < 0xdc00 ? 2 : 1;
    count += utf8Length(text.slice(at, at + wide));
    if (count > bytes) break;
    at += wide;
  }
  return text.slice(0, at);
}

/** Base64 of a text's UTF-8 form. */
export function base64(text: string): string {
  return toBase64(utf8(text));
}
