import { parseAddress } from '../../../net/address.ts';
import { literalAddress } from '../resolver.ts';
import type { UrlFault } from './words.ts';

/** A URL in the parts curl works with. `host` is without brackets; `port` is the scheme's when none is written. */
export type CurlUrl = {
  /** Empty: a URL that curl does not take, whole in `target`. */
  readonly scheme: string;
  readonly user?: string;
  readonly password?: string;
  readonly host: string;
  readonly port: number;
  /** A port that is not the scheme's is written. */
  readonly isPortWritten: boolean;
  /** Any port is. */
  readonly isPortGiven?: boolean;
  /** Path with query, without fragment; begins with `/`. */
  readonly target: string;
};

const PORTS: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  ftp: 21,
  ftps: 990,
  telnet: 23,
  dict: 2628,
  ldap: 389,
  ldaps: 636,
  file: 0,
  smtp: 25,
  pop3: 110,
  imap: 143,
  gopher: 70,
  tftp: 69,
  mqtt: 1883,
  rtsp: 554,
};

/** True for the schemes curl is built with. */
export function isKnownScheme(scheme: string): boolean {
  return Object.hasOwn(PORTS, scheme);
}

/** Reads a URL the way curl does: the scheme may be missing, one to three slashes may follow it, spaces are refused. */
export function parseCurlUrl(
  text: string,
  pathAsIs = false,
): CurlUrl | { readonly fault: UrlFault } | { readonly badScheme: string } {
  if (text === '') return { fault: 'malformed' };
  // eslint-style note: control characters and spaces are never allowed in a URL.
  if (/[\x00-\x20\x7f]/.test(text)) return { fault: 'malformed' };
  const withScheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/{1,3}(.*)$/.exec(text);
  const scheme = (withScheme?.[1] ?? guessScheme(text)).toLowerCase();
  if (withScheme && !isKnownScheme(scheme)) return { badScheme: scheme };
  let rest = withScheme ? (withScheme[2] ?? '') : text;
  if (scheme === 'file')
    return { scheme, host: '', port: 0, isPortWritten: false, target: `/${rest.replace(/^\/+/, '')}` };
  if (withScheme && /^[A-Za-z][A-Za-z0-9+.-]*:\/\/\/$/.test(text)) rest = '';
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const at = authority.lastIndexOf('@');
  const place = parsePlace(decodePercent(at < 0 ? authority : authority.slice(at + 1)));
  if ('fault' in place) return place;
  const login = at < 0 ? undefined : authority.slice(0, at).split(':');
  return {
    scheme,
    ...(login?.[0] || (login?.length ?? 0) > 1 ? { user: decodePercent(login?.[0] ?? '') } : {}),
    ...(login && login.length > 1 ? { password: decodePercent(login.slice(1).join(':')) } : {}),
    host: place.host,
    port: place.port ?? PORTS[scheme] ?? 80,
    isPortWritten: place.port !== undefined && place.port !== PORTS[scheme],
    isPortGiven: place.port !== undefined,
    target: targetOf(end < 0 ? '' : rest.slice(end), pathAsIs),
  };
}

function guessScheme(text: string): string {
  const match = /^(ftp|dict|ldap|imap|smtp|pop3)\./i.exec(text);
  return match?.[1]?.toLowerCase() ?? 'http';
}

function parsePlace(text: string): { host: string; port?: number } | { fault: UrlFault } {
  const v6 = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (text.startsWith('[') && (!v6 || !parseAddress(v6[1] ?? ''))) return { fault: 'malformed' };
  const colon = text.indexOf(':');
  const host = v6 ? (v6[1] ?? '') : colon < 0 ? text : text.slice(0, colon);
  const portText = v6 ? v6[2] : colon < 0 ? undefined : text.slice(colon + 1);
  if (portText !== undefined && portText !== '') {
    if (!/^[0-9]+$/.test(portText) || Number(portText) > 65_535) return { fault: 'port' };
  }
  if (host === '') return { fault: 'host' };
  if (!v6 && /[ \r\n\t/:#?!@{}[\]\\$'"^`*<>=;,+&()|]/.test(host)) return { fault: 'name' };
  // A shortened IPv4 address is written out, as libcurl has done since 7.77.
  const literal = v6 ? undefined : literalAddress(host);
  return { host: literal ?? host, ...(portText ? { port: Number(portText) } : {}) };
}

function targetOf(text: string, pathAsIs: boolean): string {
  const bare = text.replace(/#.*$/, '');
  const question = bare.indexOf('?');
  const path = question < 0 ? bare : bare.slice(0, question);
  const query = question < 0 ? '' : bare.slice(question);
  const rooted = path === '' ? '/' : path;
  return (pathAsIs ? rooted : withoutDots(rooted)) + query;
}

function withoutDots(path: string): string {
  const out: string[] = [];
  const parts = path.split('/').slice(1);
  for (const [i, part] of parts.entries()) {
    const isLast = i === parts.length - 1;
    if (part === '..') {
      out.pop();
      if (isLast) out.push('');
    } else if (part === '.') {
      if (isLast) out.push('');
    } else out.push(part);
  }
  return `/${out.join('/')}`;
}

/** `%41` → `A`; a malformed escape stays. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The URL as curl writes it (`url_effective`, `Issue another request to this URL`). */
export function formatCurlUrl(url: CurlUrl): string {
  if (url.scheme === '') return url.target;
  const host = url.host.includes(':') ? `[${url.host}]` : url.host;
  return `${url.scheme}://${host}${url.isPortGiven || url.isPortWritten ? `:${url.port}` : ''}${url.target}`;
}

/** The Host header: the port only where it is not the scheme's own. */
export function hostHeader(url: CurlUrl): string {
  const host = url.host.includes(':') ? `[${url.host}]` : url.host;
  return url.isPortWritten ? `${host}:${url.port}` : host;
}

/** Resolves a Location header against the URL that sent it. */
export function redirectTarget(base: CurlUrl, location: string): string {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(location)) return location;
  const origin = formatCurlUrl({ ...base, target: '' });
  if (location.startsWith('//')) return `${base.scheme}:${location}`;
  if (location.startsWith('/')) return origin + location;
  const path = base.target.replace(/\?.*$/, '');
  if (location.startsWith('?')) return origin + path + location;
  return origin + path.slice(0, path.lastIndexOf('/') + 1) + location;
}
