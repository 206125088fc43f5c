import { byText } from '../../base/order.ts';
import { humanDuration } from '../../objects/time.ts';
import { fromBase64 as bytesOfBase64, fromUtf8, toBase64, utf8 } from '../../base/bytes.ts';
import { formatDate } from '../../base/strftime.ts';

/** A string in double quotes as Go's %q writes it. */
export function quoteGo(text: string): string {
  return JSON.stringify(text).replace(/\u007f/g, '\\x7f');
}

/** Labels as `a=b,c=d`, sorted; `<none>` when there are none (labels.FormatLabels). */
export function formatLabels(labels: Readonly<Record<string, unknown>> | undefined): string {
  const entries = Object.entries(labels ?? {});
  if (entries.length === 0) return '<none>';
  return entries
    .map(([key, value]) => `${key}=${String(value)}`)
    .sort(byText)
    .join(',');
}

/** How long ago an RFC 3339 time was; `<unknown>` when absent. */
export function age(timestamp: unknown, nowMs: number): string {
  if (typeof timestamp !== 'string' || timestamp === '') return '<unknown>';
  const at = Date.parse(timestamp);
  return Number.isNaN(at) ? '<invalid>' : humanDuration(nowMs - at);
}

/** A time as `describe` prints it: `Sat, 21 Nov 2026 09:23:55 +0000` (RFC 1123 with a numeric zone). */
export function rfc1123z(timestamp: unknown): string {
  const ms = Date.parse(String(timestamp));
  return Number.isNaN(ms) ? 'Mon, 01 Jan 0001 00:00:00 +0000' : formatDate(ms, '%a, %d %b %Y %T %z');
}

/** A time as Go's `String` prints it: `2026-11-21 09:11:10 +0000 UTC`. */
export function goTime(timestamp: unknown): string {
  const date = new Date(Date.parse(String(timestamp)));
  if (Number.isNaN(date.getTime())) return '0001-01-01 00:00:00 +0000 UTC';
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}

/** RFC 3339 with seconds, in UTC. */
export function rfc3339(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/**
 * Reads a Go duration (`1m30s`, `500ms`, `0`) into ms; undefined when it is none.
 * As everywhere in Go a bare number other than 0 needs a unit.
 */
export function goDurationMs(text: string): number | undefined {
  const units: Record<string, number> = {
    ns: 1e-6,
    us: 1e-3,
    µs: 1e-3,
    ms: 1,
    s: 1000,
    m: 60_000,
    h: 3_600_000,
  };
  const sign = text.startsWith('-') ? -1 : 1;
  let rest = text.replace(/^[-+]/, '');
  if (rest === '0') return 0;
  if (rest === '') return undefined;
  let total = 0;
  while (rest !== '') {
    const match = /^(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/.exec(rest);
    if (match === null) return undefined;
    total += Number(match[1]) * (units[match[2] ?? ''] ?? 0);
    rest = rest.slice(match[0].length);
  }
  return sign * total;
}

/** Standard base64 of the UTF-8 form of a text. */
export function base64(text: string): string {
  return toBase64(utf8(text));
}

/** The text behind standard base64; characters outside of the alphabet are skipped. */
export function fromBase64(text: string): string {
  return fromUtf8(bytesOfBase64(text)) ?? '\ufffd';
}

/** Number of single-character changes between two texts, for suggestions (Levenshtein). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Commands that a mistyped word may mean, as cobra lists them behind its error; '' when none is near. */
export function didYouMean(word: string, names: readonly string[]): string {
  const typed = word.toLowerCase();
  const near = names.filter((name) => editDistance(typed, name) <= 2 || name.startsWith(typed));
  return near.length === 0 ? '' : `\n\nDid you mean this?\n${near.map((name) => `\t${name}\n`).join('')}`;
}
