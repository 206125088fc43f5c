/** The days' names, Sunday first. */
export const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
/** The months' names, January first. */
export const MONTHS = [
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
      case 'U':
        return two(Math.floor((yearDay + 6 - date.getUTCDay()) / 7));
      case 'W':
        return two(Math.floor((yearDay + 6 - ((date.getUTCDay() + 6) % 7)) / 7));
      case 'V':
        return two(isoWeek(date)[1]);
      case 'G':
        return String(isoWeek(date)[0]);
      case 'g':
        return two(isoWeek(date)[0] % 100);
      case 'q':
        return String(Math.floor(date.getUTCMonth() / 3) + 1);
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
  return format.replace(/%(:+z|[1-9]N|[-_0^#]?[0-9]*[A-Za-z%])/g, (all, directive: string) => {
    if (directive.endsWith(':z')) return directive === '::z' ? '+00:00:00' : '+00:00';
    if (/^[1-9]N$/.test(directive)) return (value('N') ?? '').slice(0, Number(directive[0]));
    const [, flag = '', width = '', letter = ''] = /^([-_0^#]?)([0-9]*)([A-Za-z%])$/.exec(directive) ?? [];
    let text = value(letter);
    if (text === undefined) return all;
    if (flag === '-') return text.replace(/^[0 ]+(?=.)/, '');
    if (flag === '_') text = text.replace(/^0+(?=.)/, (zeros) => ' '.repeat(zeros.length));
    if (flag === '0') text = text.replace(/^ +(?=.)/, (blanks) => '0'.repeat(blanks.length));
    if (flag === '^') text = text.toUpperCase();
    if (flag === '#') text = text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase();
    return width === ''
      ? text
      : text.padStart(Math.min(100, Number(width)), /[A-Za-z]/.test(text) || flag === '_' ? ' ' : '0');
  });
}

/** Year and number of the ISO week. */
function isoWeek(date: Date): [number, number] {
  const thursday = new Date(date.getTime() + (4 - (date.getUTCDay() === 0 ? 7 : date.getUTCDay())) * DAY_MS);
  const year = thursday.getUTCFullYear();
  return [year, Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / DAY_MS / 7) + 1];
}
