const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAY_MS = 86_400_000;

/** A time (ms since the epoch) in a strftime format, in UTC; unknown directives stay as they are. */
export function formatDate(timeMs: number, format: string): string {
  const date = new Date(timeMs);
  const two = (value: number, fill = '0'): string => String(value).padStart(2, fill);
  const hour12 = date.getUTCHours() % 12 === 0 ? 12 : date.getUTCHours() % 12;
  const yearDay = Math.floor((timeMs - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
  const value = (letter: string): string | undefined => {
    switch (letter) {
      case 'Y':
        return String(date.getUTCFullYear());
      case 'C':
        return two(Math.floor(date.getUTCFullYear() / 100));
      case 'y':
        return two(date.getUTCFullYear() % 100);
      case 'm':
        return two(date.getUTCMonth() + 1);
      case 'd':
        return two(date.getUTCDate());
      case 'e':
        return two(date.getUTCDate(), ' ');
      case 'H':
        return two(date.getUTCHours());
      case 'k':
        return two(date.getUTCHours(), ' ');
      case 'I':
        return two(hour12);
      case 'l':
        return two(hour12, ' ');
      case 'M':
        return two(date.getUTCMinutes());
      case 'S':
        return two(date.getUTCSeconds());
      case 'N':
        return `${String(date.getUTCMilliseconds()).padStart(3, '0')}000000`;
      case 'p':
        return date.getUTCHours() < 12 ? 'AM' : 'PM';
      case 'P':
        return date.getUTCHours() < 12 ? 'am' : 'pm';
      case 'j':
        return String(yearDay).padStart(3, '0');
      case 'u':
        return String(date.getUTCDay() === 0 ? 7 : date.getUTCDay());
      case 'w':
        return String(date.getUTCDay());
      case 'a':
        return DAYS[date.getUTCDay()]?.slice(0, 3);
      case 'A':
        return DAYS[date.getUTCDay()];
      case 'b':
      case 'h':
        return MONTHS[date.getUTCMonth()]?.slice(0, 3);
      case 'B':
        return MONTHS[date.getUTCMonth()];
      case 's':
        return String(Math.floor(timeMs / 1000));
      case 'Z':
        return 'UTC';
      case 'z':
        return '+0000';
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case '%':
        return '%';
      case 'F':
        return formatDate(timeMs, '%Y-%m-%d');
      case 'T':
      case 'X':
        return formatDate(timeMs, '%H:%M:%S');
      case 'R':
        return formatDate(timeMs, '%H:%M');
      case 'D':
      case 'x':
        return formatDate(timeMs, '%m/%d/%y');
      case 'r':
        return formatDate(timeMs, '%I:%M:%S %p');
      case 'c':
        return formatDate(timeMs, '%a %b %e %H:%M:%S %Y');
      default:
        return undefined;
    }
  };
  return format.replace(/%(:z|3N|-?[A-Za-z%])/g, (all, directive: string) => {
    if (directive === ':z') return '+00:00';
    if (directive === '3N') return String(date.getUTCMilliseconds()).padStart(3, '0');
    return directive.startsWith('-')
      ? (value(directive.slice(1)) ?? all).replace(/^[0 ]+(?=.)/, '')
      : (value(directive) ?? all);
  });
}

const UNITS_MS: Readonly<Record<string, number>> = {
  sec: 1000,
  second: 1000,
  min: 60_000,
  minute: 60_000,
  hour: 3_600_000,
  day: DAY_MS,
  week: 7 * DAY_MS,
};

/** Reads a date as `date -d` does, the common forms: `@n`, ISO, `now`, `yesterday`, `tomorrow`, `2 hours ago`. Undefined when it is none. */
export function parseDate(text: string, nowMs: number): number | undefined {
  const word = text.trim().toLowerCase();
  if (/^@-?\d+(\.\d+)?$/.test(word)) return Number(word.slice(1)) * 1000;
  if (word === '' || word === 'now' || word === 'today') return nowMs;
  if (word === 'yesterday') return nowMs - DAY_MS;
  if (word === 'tomorrow') return nowMs + DAY_MS;
  const relative = /^(?:now\s*)?([-+]?\s*\d+)\s*(sec|second|min|minute|hour|day|week)s?(\s+ago)?$/.exec(word);
  if (relative !== null)
    return (
      nowMs +
      Number((relative[1] ?? '0').replace(/\s/g, '')) *
        (UNITS_MS[relative[2] ?? 'sec'] ?? 1000) *
        (relative[3] === undefined ? 1 : -1)
    );
  const iso =
    /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[t ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*(z|utc|[-+]\d{2}:?\d{2})?$/.exec(
      word,
    );
  if (iso === null) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', zone] = iso;
  const offset =
    zone === undefined || !/^[-+]/.test(zone)
      ? 0
      : (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))) * (zone.startsWith('-') ? -1 : 1);
  return (
    Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) -
    offset * 60_000
  );
}
