import { utf8Length } from '../../../base/bytes.ts';
import { base64 } from '../words.ts';
import type { CurlConfig } from './options.ts';
import { type CurlUrl, formatCurlUrl, hostHeader } from './url.ts';
import type { CurlVersion } from './words.ts';

/** A body to send, with the type that curl states for it (absent: none). */
export type RequestBody = { readonly text: string; readonly type?: string; readonly isUpload: boolean };

/** A request as text, and what -v says before it. */
export type CurlRequest = {
  readonly method: string;
  readonly head: string;
  readonly body: string;
  readonly notes: string;
};

/** Facts of one hop that are not in the configuration. */
export type HopFacts = {
  readonly version: CurlVersion;
  readonly url: CurlUrl;
  readonly body: RequestBody | undefined;
  /** Set after a redirect that turns the method into GET. */
  readonly methodOverride: string | undefined;
  readonly isProxied: boolean;
  readonly cookies: string;
  readonly user: string | undefined;
  /** Where a redirect came from, with -e ';auto'. */
  readonly referer: string | undefined;
  /** The header of -z, if any. */
  readonly condition: string | undefined;
};

/** Builds the request of one hop with its headers in curl's order (lib/http.c, Curl_http). */
export function buildRequest(config: CurlConfig, hop: HopFacts): CurlRequest {
  const custom = customHeaders(config, hop.body);
  const method = methodOf(config, hop);
  const target = config.requestTarget ?? (hop.isProxied ? formatCurlUrl(hop.url) : hop.url.target);
  const lines = [`${method} ${target} HTTP/${config.http === '1.0' ? '1.0' : '1.1'}`];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && !custom.replaced.has(name.toLowerCase())) lines.push(`${name}: ${value}`);
  };
  if (custom.host !== undefined) lines.push(`Host: ${custom.host}`);
  else add('Host', hostHeader(hop.url));
  const basic = hop.user === undefined ? undefined : `Basic ${base64(hop.user)}`;
  add('Authorization', basic ?? (config.bearer && `Bearer ${config.bearer}`));
  add('Range', config.range && `bytes=${config.range}`);
  add('User-Agent', config.userAgent === '' ? undefined : (config.userAgent ?? `curl/${hop.version.text}`));
  add('Accept', '*/*');
  if (hop.condition !== undefined) lines.push(hop.condition);
  if (config.isCompressed)
    add('Accept-Encoding', hop.version.number < 77_800 ? 'deflate, gzip' : 'deflate, gzip, br, zstd');
  add('Referer', hop.referer ?? (config.referer?.replace(/;auto$/, '') || undefined));
  if (config.http === '2' && hop.url.scheme === 'http') {
    const settings = hop.version.number < 80_000 ? 'AAMAAABkAAQCAAAAAAIAAAAA' : 'AAMAAABkAAQAAQAAAAIAAAAA';
    lines.push('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', `HTTP2-Settings: ${settings}`);
  }
  if (hop.isProxied) add('Proxy-Connection', 'Keep-Alive');
  if (hop.cookies !== '') add('Cookie', hop.cookies);
  lines.push(...custom.lines);
  if (hop.body) {
    const isEmptyPost = hop.body.text === '' && hop.body.type === undefined;
    if (!isEmptyPost && !custom.isChunked) add('Content-Length', String(utf8Length(hop.body.text)));
    add('Content-Type', hop.body.type);
    if (hop.body.isUpload && hop.version.number < 80_700) add('Expect', '100-continue');
  }
  const notes =
    hop.user === undefined ? '' : `* Server auth using Basic with user '${hop.user.split(':')[0]}'\n`;
  const text = hop.body?.text ?? '';
  const chunk = text === '' ? '' : `${utf8Length(text).toString(16)}\r\n${text}\r\n`;
  const body = custom.isChunked && hop.body ? `${chunk}0\r\n\r\n` : text;
  return { method, head: `${lines.join('\r\n')}\r\n\r\n`, body, notes };
}

function methodOf(config: CurlConfig, hop: HopFacts): string {
  if (hop.methodOverride !== undefined) return hop.methodOverride;
  if (config.method !== undefined) return config.method;
  if (config.isHead) return 'HEAD';
  if (hop.body) return hop.body.isUpload ? 'PUT' : 'POST';
  return 'GET';
}

type Custom = {
  readonly lines: readonly string[];
  readonly replaced: ReadonlySet<string>;
  readonly host: string | undefined;
  /** `Transfer-Encoding: chunked` was asked for. */
  readonly isChunked: boolean;
};

/** `Name: value` sets, `Name:` removes, `Name;` sends it empty. */
function customHeaders(config: CurlConfig, body: RequestBody | undefined): Custom {
  const lines: string[] = [];
  const replaced = new Set<string>();
  let host: string | undefined;
  const own = [...config.headers];
  if (body && config.data.some((part) => part.kind === 'json')) {
    const has = (name: string): boolean => own.some((line) => line.toLowerCase().startsWith(name));
    if (!has('content-type')) own.push('Content-Type: application/json');
    if (!has('accept:')) own.push('Accept: application/json');
  }
  for (const line of own) {
    const match = /^([^:;]+)([:;])\s*(.*)$/.exec(line);
    if (!match) continue;
    const name = match[1] ?? '';
    const value = (match[3] ?? '').trimEnd();
    replaced.add(name.toLowerCase());
    if (name.toLowerCase() === 'host' && value !== '') host ??= value;
    else if (match[2] === ';') lines.push(`${name}:`);
    else if (value !== '') lines.push(`${name}: ${value}`);
  }
  const isChunked = lines.some((line) => /^transfer-encoding:.*chunked/i.test(line));
  return { lines, replaced, host, isChunked };
}
