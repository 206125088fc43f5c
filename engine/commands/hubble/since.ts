const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A Go duration (`1h30m`, `2.5s`) in ms; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^([-+]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.exec(text);
  if (!match) return undefined;
  let sum = 0;
  for (const part of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g))
    sum += Number(part[1]) * (UNITS[part[2] ?? ''] ?? 0);
  return match[1] === '-' ? -sum : sum;
}

/** A point in time as `--since` takes it: how long ago, or a date; ms since the epoch. */
export function parseSince(text: string, nowMs: number): number | undefined {
  const duration = /^[-+]?0$/.test(text) ? 0 : parseDuration(text);
  if (duration !== undefined) return nowMs - duration;
  const match =
    /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d:\d\d))?$/.exec(text);
  if (!match) return parseMail(text);
  const [, date = '', hour = '00', minute = '00', second = '00', fraction = '0', zone = 'Z'] = match;
  const base = Date.parse(`${date}T${hour}:${minute}:${second}${zone}`);
  return Number.isNaN(base) ? undefined : base + Number(`0.${fraction}`) * 1000;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The layout RFC1123Z: `Thu, 15 Jan 2026 09:30:00 +0000`. */
function parseMail(text: string): number | undefined {
  const match = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)$/.exec(
    text,
  );
  const month = MONTHS.indexOf(match?.[2] ?? '');
  if (!match || month < 0) return undefined;
  const [, day, , year, clock, hours, minutes] = match;
  const at = Date.parse(`${year}-${String(month + 1).padStart(2, '0')}-${day}T${clock}${hours}:${minutes}`);
  return Number.isNaN(at) ? undefined : at;
}
