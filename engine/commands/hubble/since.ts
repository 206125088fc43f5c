import { MONTHS } from '../../base/strftime.ts';
import { goDurationMs } from '../kubectl/text.ts';

/** A point in time as `--since` takes it: how long ago, or a date; ms since the epoch. */
export function parseSince(text: string, nowMs: number): number | undefined {
  const duration = goDurationMs(text);
  if (duration !== undefined) return nowMs - duration;
  const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?(Z|[+-]\d\d:\d\d))?$/.exec(
    text,
  );
  if (!match) return parseMail(text);
  const [, date = '', hour = '00', minute = '00', second = '00', fraction = '0', zone = 'Z'] = match;
  const base = Date.parse(`${date}T${hour}:${minute}:${second}${zone}`);
  const day = Number(date.slice(8));
  if (Number.isNaN(base) || new Date(`${date}T00:00:00Z`).getUTCDate() !== day) return undefined;
  return base + Number(`0.${fraction}`) * 1000;
}

/** The layout RFC1123Z: `Thu, 15 Jan 2026 09:30:00 +0000`. */
function parseMail(text: string): number | undefined {
  const match = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)$/.exec(
    text,
  );
  const month = MONTHS.findIndex((name) => name.slice(0, 3) === match?.[2]);
  if (!match || month < 0) return undefined;
  const [, day, , year, clock, hours, minutes] = match;
  const at = Date.parse(`${year}-${String(month + 1).padStart(2, '0')}-${day}T${clock}${hours}:${minutes}`);
  return Number.isNaN(at) ? undefined : at;
}

/** A duration of ms as Go writes it: `1h0m0s`, `1.5s`, `20ms`, `5ns`, `0s`. */
export function durationText(ms: number): string {
  const ns = Math.round(Math.abs(ms) * 1e6);
  const sign = ms < 0 ? '-' : '';
  if (ns === 0) return '0s';
  if (ns < 1000) return `${sign}${ns}ns`;
  if (ns < 1e6) return `${sign}${ns / 1000}µs`;
  if (ns < 1e9) return `${sign}${ns / 1e6}ms`;
  const seconds = Math.floor(ns / 1e9);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const rest = `${((seconds % 60) * 1e9 + (ns % 1e9)) / 1e9}s`;
  return `${sign}${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${rest}`;
}
