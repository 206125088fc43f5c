import { formatDate, MONTHS } from '../base/strftime.ts';

/** Layouts of `--time-format`, in lower case. */
export type TimeFormat =
  | 'stampmilli'
  | 'yearmonthday'
  | 'yearmonthdayhour'
  | 'yearmonthdayhourminute'
  | 'rfc3339'
  | 'rfc3339milli'
  | 'rfc3339micro'
  | 'rfc3339nano'
  | 'rfc1123z';

const FORMATS: readonly TimeFormat[] = [
  'stampmilli',
  'yearmonthday',
  'yearmonthdayhour',
  'yearmonthdayhourminute',
  'rfc3339',
  'rfc3339milli',
  'rfc3339micro',
  'rfc3339nano',
  'rfc1123z',
];

/** The layout of that name in any case; an unknown one is StampMilli, as in the real CLI. */
export function timeFormatOf(name: string): TimeFormat {
  return FORMATS.find((format) => format === name.toLowerCase()) ?? 'stampmilli';
}

/** Prints an RFC 3339 time in UTC; `N/A` without one. */
export function formatTime(time: string | undefined, format: TimeFormat): string {
  const match =
    time === undefined ? null : /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(time);
  if (!match) return 'N/A';
  const [, year = '', month = '', day = '', clock = '', fraction = ''] = match;
  const nanos = fraction.padEnd(9, '0');
  const date = `${year}-${month}-${day}`;
  const trimmed = (digits: number): string => {
    const kept = nanos.slice(0, digits).replace(/0+$/, '');
    return `${date}T${clock}${kept === '' ? '' : `.${kept}`}Z`;
  };
  switch (format) {
    case 'stampmilli':
      return `${MONTHS[Number(month) - 1]?.slice(0, 3)} ${String(Number(day)).padStart(2)} ${clock}.${nanos.slice(0, 3)}`;
    case 'yearmonthday':
      return date;
    case 'yearmonthdayhour':
      return `${date}T${clock.slice(0, 2)}Z`;
    case 'yearmonthdayhourminute':
      return `${date}T${clock.slice(0, 5)}Z`;
    case 'rfc3339':
      return `${date}T${clock}Z`;
    case 'rfc3339milli':
      return trimmed(3);
    case 'rfc3339micro':
      return trimmed(6);
    case 'rfc3339nano':
      return trimmed(9);
    case 'rfc1123z':
      return formatDate(Date.parse(`${date}T${clock}Z`), '%a, %d %b %Y %T %z');
  }
}
