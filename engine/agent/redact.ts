/** What Hubble hides of HTTP (hubble-redact-…); headers in lower case. */
export type Redaction = {
  readonly hidesQuery: boolean;
  /** Headers that stay; all others are hidden where one is named. */
  readonly allow: readonly string[];
  /** Headers that are hidden. */
  readonly deny: readonly string[];
};

/** The members of an HTTP record that may be hidden. */
type HttpRecord = {
  readonly url?: string;
  readonly headers?: readonly { readonly key?: string; readonly value?: string }[];
};

const HIDDEN = 'HUBBLE_REDACTED';

/** An HTTP record without what must not be seen (pkg/hubble/parser/seven/http.go). */
export function redacted<T extends HttpRecord>(http: T, { hidesQuery, allow, deny }: Redaction): T {
  const isHidden = (key: string): boolean =>
    allow.length > 0 ? !allow.includes(key.toLowerCase()) : deny.includes(key.toLowerCase());
  return {
    ...http,
    ...(http.url === undefined || !hidesQuery ? {} : { url: http.url.replace(/[?#].*$/s, '') }),
    ...(http.headers === undefined
      ? {}
      : {
          headers: http.headers.map((header) =>
            isHidden(header.key ?? '') ? { ...header, value: HIDDEN } : header,
          ),
        }),
  };
}
