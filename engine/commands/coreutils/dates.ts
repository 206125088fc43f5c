import { DAYS, MONTHS } from '../../base/strftime.ts';

const DAY_MS = 86_400_000;
const UNITS_MS: Readonly<Record<string, number>> = {
  sec: 1000,
  second: 1000,
  min: 60_000,
  minute: 60_000,
  hour: 3_600_000,
  day: DAY_MS,
  week: 7 * DAY_MS,
  fortnight: 14 * DAY_MS,
};
const MONTH_NAMES = MONTHS.map((name) => name.slice(0, 3).toLowerCase());
const DAY_NAMES = DAYS.map((name) => name.slice(0, 3).toLowerCase());

/** What a date's words have said so far. */
type Reading = {
  date: [number, number, number] | undefined;
  time: [number, number, number, number] | undefined;
  offset: number;
  weekday: { day: number; weeks: number } | undefined;
  relativeMs: number;
  months: number;
};

type Rule = readonly [RegExp, (match: RegExpExecArray, reading: Reading) => boolean];

const setDate = (reading: Reading, year: number, month: number, day: number): boolean => {
  const isReal =
    month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
  reading.date = [year, month, day];
  return isReal;
};
const fullYear = (text: string): number =>
  text.length > 2 ? Number(text) : Number(text) + (Number(text) < 69 ? 2000 : 1900);

/** The forms that `date -d` reads, tried in this order at each place of the text. */
const RULES: readonly Rule[] = [
  [
    /^(\d{4})-(\d{1,2})-(\d{1,2})(?:t(?=\d))?/,
    ([, y, m, d], reading) => setDate(reading, Number(y), Number(m), Number(d)),
  ],
  [
    /^(\d{1,2})\/(\d{1,2})\/(\d{2,4})/,
    ([, m, d, y = ''], reading) => setDate(reading, fullYear(y), Number(m), Number(d)),
  ],
  [
    /^(\d{4})(\d{2})(\d{2})(?!\d)/,
    ([, y, m, d], reading) => setDate(reading, Number(y), Number(m), Number(d)),
  ],
  [
    /^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*(am|pm)?/,
    ([, h, m, s = '0', fraction = '0', half], reading) => {
      reading.time = [
        clock(Number(h), half),
        Number(m),
        Number(s),
        Math.floor(Number(`0.${fraction}`) * 1000),
      ];
      return Number(h) < 24 && Number(m) < 60 && Number(s) < 61;
    },
  ],
  [
    /^(\d{1,2})\s*(am|pm)\b/,
    ([, h, half], reading) => {
      reading.time = [clock(Number(h), half), 0, 0, 0];
      return Number(h) <= 12;
    },
  ],
  [
    /^(z|utc|gmt|ut)\b/,
    (_match, reading) => {
      reading.offset = 0;
      return true;
    },
  ],
  [
    /^([-+])(\d{2}):?(\d{2})(?!\d)/,
    ([, sign, h, m], reading) => {
      if (reading.time === undefined) return false;
      reading.offset = (Number(h) * 60 + Number(m)) * (sign === '-' ? -1 : 1);
      return true;
    },
  ],
  [
    /^(\d{1,2})[\s-]+(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?[\s,-]*(\d{4})?/,
    ([, d, name = '', y], reading) =>
      setDate(reading, Number(y ?? Number.NaN), MONTH_NAMES.indexOf(name) + 1, Number(d)),
  ],
  [
    /^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(\d{1,2})(?!\d|:)(?:[\s,]+(\d{4})(?!\d|:))?/,
    ([, name = '', d, y], reading) =>
      setDate(reading, Number(y ?? Number.NaN), MONTH_NAMES.indexOf(name) + 1, Number(d)),
  ],
  [/^(now|today)\b/, () => true],
  [
    /^(yesterday|tomorrow)\b/,
    ([, word], reading) => {
      reading.relativeMs += word === 'tomorrow' ? DAY_MS : -DAY_MS;
      return true;
    },
  ],
  [
    /^(noon|midnight)\b/,
    ([, word], reading) => {
      reading.time = [word === 'noon' ? 12 : 0, 0, 0, 0];
      return true;
    },
  ],
  [
    /^(?:(next|last|this)\s+|([-+]?\s*\d+)\s*)?(sec|second|min|minute|hour|day|week|fortnight|month|year)s?\b(\s+ago)?/,
    ([, word, count, unit = '', ago], reading) => {
      const amount =
        (word === 'next'
          ? 1
          : word === 'last'
            ? -1
            : word === 'this'
              ? 0
              : Number((count ?? '1').replace(/\s/g, ''))) * (ago === undefined ? 1 : -1);
      if (unit === 'month' || unit === 'year') reading.months += amount * (unit === 'year' ? 12 : 1);
      else reading.relativeMs += amount * (UNITS_MS[unit] ?? 0);
      return true;
    },
  ],
  [
    /^(?:(next|last|this)\s+)?(sun|mon|tue|wed|thu|fri|sat)[a-z]*\b,?/,
    ([, word, name = ''], reading) => {
      reading.weekday = {
        day: DAY_NAMES.indexOf(name),
        weeks: word === 'next' ? 1 : word === 'last' ? -1 : 0,
      };
      return true;
    },
  ],
];

function clock(hour: number, half: string | undefined): number {
  return half === undefined ? hour : (hour % 12) + (half === 'pm' ? 12 : 0);
}

/** Reads a date as `date -d` does: `@n`, ISO, names of months and days, clock times, `next monday`, `2 days ago`. Undefined when it is none. */
export function parseDate(text: string, nowMs: number): number | undefined {
  let rest = text.trim().toLowerCase();
  if (/^@-?\d+([.,]\d+)?$/.test(rest)) return Math.floor(Number(rest.slice(1).replace(',', '.')) * 1000);
  const reading: Reading = {
    date: undefined,
    time: undefined,
    offset: 0,
    weekday: undefined,
    relativeMs: 0,
    months: 0,
  };
  while (rest !== '') {
    const next = RULES.map(([pattern, take]) => ({ match: pattern.exec(rest), take })).find(
      ({ match }) => match !== null,
    );
    if (next === undefined || next.match === null || !next.take(next.match, reading)) {
      const isYearless = next?.match !== null && next !== undefined && Number.isNaN(reading.date?.[0] ?? 0);
      if (!isYearless || next?.match === null || next === undefined) return undefined;
    }
    rest = rest.slice(next.match[0].length).replace(/^[\s,]+/, '');
  }
  return moment(reading, nowMs, text.trim() === '');
}

function moment(reading: Reading, nowMs: number, isEmpty: boolean): number | undefined {
  const now = new Date(nowMs);
  const [year, month, day] = reading.date ?? [now.getUTCFullYear(), now.getUTCMonth() + 1, now.getUTCDate()];
  const startsDay =
    isEmpty || reading.date !== undefined || reading.time !== undefined || reading.weekday !== undefined;
  const time =
    reading.time ??
    (startsDay
      ? [0, 0, 0, 0]
      : [now.getUTCHours(), now.getUTCMinutes(), now.getUTCSeconds(), now.getUTCMilliseconds()]);
  const months = month - 1 + reading.months;
  let at = Date.UTC(
    Number.isNaN(year) ? now.getUTCFullYear() : year,
    months,
    day,
    time[0],
    time[1],
    time[2],
    time[3],
  );
  at -= reading.offset * 60_000;
  // A date says the day already.
  if (reading.weekday !== undefined && reading.date === undefined) {
    const { day: wanted, weeks } = reading.weekday;
    const ahead = (wanted - new Date(at).getUTCDay() + 7) % 7;
    at += (ahead + 7 * (weeks > 0 && ahead !== 0 ? 0 : weeks)) * DAY_MS;
  }
  const result = at + reading.relativeMs;
  return Number.isNaN(result) || Math.abs(result) > 8.64e15 ? undefined : result;
}
