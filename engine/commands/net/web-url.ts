/** An http(s) URL in parts; `target` begins with `/`. */
export type WebUrl = {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly target: string;
};

/** Reads an http or https URL (the scheme may be missing); undefined without a host; `scheme` of another kind is returned as text. */
export function parseWebUrl(text: string): WebUrl | { readonly otherScheme: string } | undefined {
  const match =
    /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?(?:[^@/]*@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?([/?#].*)?$/.exec(text);
  if (!match) return undefined;
  const scheme = (match[1] ?? 'http').toLowerCase();
  if (scheme !== 'http' && scheme !== 'https') return { otherScheme: scheme };
  const host = (match[2] ?? '').replace(/^\[|\]$/g, '');
  if (host === '') return undefined;
  const tail = (match[4] ?? '').replace(/#.*$/, '');
  const port = match[3] ? Number(match[3]) : scheme === 'https' ? 443 : 80;
  return { scheme, host, port, target: tail.startsWith('/') ? tail : `/${tail}` };
}

/** True when the port is the scheme's own. */
export function isDefaultPort(url: WebUrl): boolean {
  return url.port === (url.scheme === 'https' ? 443 : 80);
}

/** The text of a URL; IPv6 hosts get brackets. */
export function formatWebUrl(url: WebUrl): string {
  return `${url.scheme}://${hostAndPort(url)}${url.target}`;
}

/** The Host header's value. */
export function hostAndPort(url: WebUrl): string {
  const host = url.host.includes(':') ? `[${url.host}]` : url.host;
  return isDefaultPort(url) ? host : `${host}:${url.port}`;
}

/** Resolves a Location header; undefined when it leads to another kind of URL. */
export function followLocation(base: WebUrl, location: string): WebUrl | undefined {
  const isAbsolute = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(location);
  const parsed = isAbsolute
    ? parseWebUrl(location)
    : location.startsWith('//')
      ? parseWebUrl(`${base.scheme}:${location}`)
      : undefined;
  if (isAbsolute || location.startsWith('//')) return parsed && 'host' in parsed ? parsed : undefined;
  if (location.startsWith('/')) return { ...base, target: location };
  const path = base.target.replace(/\?.*$/, '');
  return { ...base, target: path.slice(0, path.lastIndexOf('/') + 1) + location };
}
