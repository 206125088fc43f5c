import { LIMITS } from '../base/limits.ts';
import { SystemFailure } from './control.ts';
import { unescapeAnsi } from './lexer.ts';
import { quoteWord } from './print.ts';
import { formatDate } from '../base/strftime.ts';

/** What `printf` makes: its text and the complaints about its arguments. `isStopped` after `\c`. */
export type Printed = { readonly text: string; readonly complaints: readonly string[] };

/** Whose `printf` it is, and the clock of `%(…)T`. */
export type PrintfOptions = {
  readonly dialect?: 'bash' | 'ash' | 'dash';
  readonly nowMs?: number;
  readonly startMs?: number;
};

/** Formats as `printf` does: the format is used again while arguments are left. `nowMs` serves `%(…)T`. */
export function formatPrintf(format: string, args: readonly string[], options: PrintfOptions = {}): Printed {
  const complaints: string[] = [];
  let size = 0;
  let text = '';
  let at = 0;
  do {
    const before = at;
    const one = formatOnce(format, args, at, complaints, options);
    text += one.text;
    size += one.text.length;
    if (size > LIMITS.outputCharactersMax) throw new SystemFailure(`printf: cannot allocate ${size} bytes`);
    at = one.at;
    if (one.isStopped || at === before) break;
  } while (at < args.length);
  return { text, complaints };
}

const DIRECTIVE =
  /\\([0-7]{1,3}|x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|[\s\S])|%(%|([-+ #0']*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlLjzt]*([diouxXeEfFgGcsbqQaA]|\([^)]*\)T))|%[-+ #0]*\d*[hlLjzt]*(\\?[\s\S])|[^\\%]+|%$/g;

function formatOnce(
  format: string,
  args: readonly string[],
  start: number,
  complaints: string[],
  options: PrintfOptions,
): { text: string; at: number; isStopped: boolean } {
  let at = start;
  let isStopped = false;
  const take = (): string | undefined => args[at++];
  const text = format.replace(
    DIRECTIVE,
    (
      whole: string,
      code: string | undefined,
      spec: string | undefined,
      flags = '',
      width = '',
      precision: string | undefined,
      kind = '',
      bad = '',
      offset = 0,
    ) => {
      if (isStopped) return '';
      if (code !== undefined) {
        if (code === 'x' && options.dialect === 'bash') complaints.push('missing hex digit for \\x');
        if (code === 'c' && options.dialect !== 'ash') return whole;
        if (code === 'c') {
          isStopped = true;
          return '';
        }
        return options.dialect === 'dash' && /^[xue]/.test(code) ? whole : unescapeAnsi(whole);
      }
      if (spec === '%') return '%';
      if (whole === '%' && options.dialect === 'bash') {
        complaints.push(`\`${whole}': missing format character`);
        isStopped = true;
        return '';
      }
      if (spec === undefined && bad === '') return whole;
      if (spec === undefined) {
        complaints.push(
          options.dialect === 'bash'
            ? `\`${bad.slice(0, 1)}': invalid format character`
            : options.dialect === 'ash'
              ? `${format.slice(offset)}: invalid format`
              : `${whole.replace(/\\.$/, '')}: invalid directive`,
        );
        isStopped = true;
        return '';
      }
      const counted = (): string => {
        const given = take() ?? '0';
        return String(numberOf(given, complaints, options.dialect ?? 'bash', true));
      };
      const wide = width === '*' ? counted() : width;
      const exact =
        precision === '*'
          ? counted()
          : whole.includes('.') && !'di'.includes('.')
            ? (precision ?? '0')
            : undefined;
      const argument = take();
      if (kind.startsWith('(')) {
        const seconds = argument === undefined || argument === '-1' ? undefined : Number(argument);
        const base = argument === '-2' ? (options.startMs ?? 0) : (options.nowMs ?? 0);
        const atMs = seconds === undefined || argument === '-2' ? base : seconds * 1000;
        return pad(formatDate(atMs, kind.slice(1, -2) || '%X'), flags, wide);
      }
      if (/^[q(]/.test(kind) && options.dialect !== 'bash') {
        const isAsh = options.dialect === 'ash';
        const shown = isAsh ? format.slice(offset) : kind.startsWith('(') ? '%(' : whole;
        complaints.push(`${shown}: invalid ${isAsh ? 'format' : 'directive'}`);
        isStopped = true;
        return '';
      }
      if (kind === 'b') {
        const raw = argument ?? '';
        const stop = raw.indexOf('\\c');
        if (stop >= 0) isStopped = true;
        const text = unescapeAnsi((stop >= 0 ? raw.slice(0, stop) : raw).replace(/\\0([0-7]{1,3})/g, '\\$1'));
        return pad(exact === undefined ? text : text.slice(0, Number(exact)), flags, wide);
      }
      return directive(kind, flags, wide, exact, argument, complaints, options.dialect ?? 'bash');
    },
  );
  return { text, at: Math.min(at, Math.max(args.length, start)), isStopped };
}

function directive(
  kind: string,
  flags: string,
  width: string,
  precision: string | undefined,
  argument: string | undefined,
  complaints: string[],
  dialect: 'bash' | 'ash' | 'dash',
): string {
  if (Number(precision ?? 0) > LIMITS.fileCharactersMax)
    throw new SystemFailure(`printf: cannot allocate ${precision} bytes`);
  if (kind === 's')
    return pad(
      precision === undefined ? (argument ?? '') : (argument ?? '').slice(0, Number(precision)),
      flags,
      width,
    );
  if (kind === 'c') return pad((argument ?? '').slice(0, 1) || '\0', flags, width);
  if (kind === 'q' || kind === 'Q') {
    const quoted = argument === undefined || argument === '' ? "''" : bashQuote(argument);
    return pad(quoted.slice(0, precision === undefined ? undefined : Number(precision)), flags, width);
  }
  if ('diouxX'.includes(kind) && /^\s*[-+]?[0-9]{16,}$/.test(argument ?? ''))
    return padNumber(largeText(kind, argument ?? '', complaints), flags, width, precision === undefined);
  const value = numberOf(argument ?? '', complaints, dialect, 'diouxX'.includes(kind));
  if ('diouxX'.includes(kind))
    return padNumber(integerText(kind, value, precision, flags), flags, width, precision === undefined);
  return padNumber(floatText(kind, Number(value), precision, flags), flags, width, true);
}

/** Integers beyond what a double holds: 64 bits, clipped with a complaint as the C library does. */
function largeText(kind: string, argument: string, complaints: string[]): string {
  const value = BigInt(argument.trim());
  const most = 'di'.includes(kind) ? 9_223_372_036_854_775_807n : 18_446_744_073_709_551_615n;
  const least = -9_223_372_036_854_775_808n;
  const kept = value > most ? most : value < least ? least : value;
  if (kept !== value) complaints.push(`warning: ${argument}: Numerical result out of range`);
  const text = 'di'.includes(kind) ? kept : BigInt.asUintN(64, kept);
  const base = kind === 'o' ? 8 : kind === 'x' || kind === 'X' ? 16 : 10;
  return kind === 'X' ? text.toString(base).toUpperCase() : text.toString(base);
}

function bashQuote(text: string): string {
  const quoted = quoteWord(text);
  return quoted.startsWith('$') ? quoted : text.replace(/[^A-Za-z0-9_@%+:,./=^#~-]|^[#~]/g, '\\$&');
}

function numberOf(
  text: string,
  complaints: string[],
  dialect: 'bash' | 'ash' | 'dash',
  isWhole: boolean,
): number {
  if (text === '' && (dialect !== 'ash' || !isWhole)) return 0;
  if (text.startsWith("'") || text.startsWith('"')) return text.codePointAt(1) ?? 0;
  const match = (
    isWhole
      ? /^\s*[+-]?(0[xX][0-9a-fA-F]+|\d+)/
      : /^\s*[+-]?(0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)/
  ).exec(text);
  if (match === null) {
    complaints.push(badNumber(text, dialect, 'expected numeric value'));
    return 0;
  }
  if (match[0].length !== text.length) complaints.push(badNumber(text, dialect, 'not completely converted'));
  if (match[0].length !== text.length && dialect === 'ash') return 0;
  const digits = match[0].trim();
  if (/^[+-]?0[0-7]+$/.test(digits)) return Number.parseInt(digits, 8);
  return /^[+-]?0[xX]/.test(digits) ? Number.parseInt(digits, 16) : Number(digits);
}

function badNumber(text: string, dialect: 'bash' | 'ash' | 'dash', dash: string): string {
  return dialect === 'ash'
    ? `invalid number '${text}'`
    : `${text}: ${dialect === 'dash' ? dash : 'invalid number'}`;
}

function integerText(kind: string, value: number, precision: string | undefined, flags: string): string {
  const whole = Math.trunc(value);
  const magnitude = Math.abs(whole);
  let digits =
    kind === 'o'
      ? magnitude.toString(8)
      : kind === 'x' || kind === 'X'
        ? magnitude.toString(16)
        : magnitude.toString();
  if (whole < 0 && 'ouxX'.includes(kind))
    digits = BigInt.asUintN(64, BigInt(whole)).toString(kind === 'o' ? 8 : kind === 'u' ? 10 : 16);
  if (precision !== undefined)
    digits = whole === 0 && precision === '0' ? '' : digits.padStart(Number(precision), '0');
  if (flags.includes('#') && whole !== 0)
    digits = (kind === 'o' ? '0' : kind === 'x' || kind === 'X' ? '0x' : '') + digits;
  if (kind === 'X') digits = digits.toUpperCase();
  const sign =
    whole < 0 && 'di'.includes(kind) ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  return ('di'.includes(kind) ? sign : '') + digits;
}

/** A number with so many places; what lies just between two goes to the even one, as in C. */
function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  if (
    digits > 70 ||
    value >= 1e21 ||
    !/^50*$/.test(value.toFixed(digits + 30).slice(digits === 0 ? text.length + 1 : text.length))
  )
    return text;
  const exact = value.toFixed(digits + 30).slice(0, text.length);
  return /[02468]$/.test(exact.replace(/\.$/, '')) ? exact : text;
}

/** A number with `%e`, `%f` or `%g`, as C prints it. */
export function floatText(kind: string, value: number, precision: string | undefined, flags: string): string {
  const digits = Math.min(100, precision === undefined ? 6 : Number(precision));
  const sign =
    value < 0 || Object.is(value, -0) ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  const magnitude = Math.abs(value);
  if (!Number.isFinite(magnitude)) return sign + (Number.isNaN(magnitude) ? 'nan' : 'inf');
  let text: string;
  if (kind === 'f' || kind === 'F') text = fixed(magnitude, digits);
  else if (kind === 'e' || kind === 'E') text = exponent(magnitude.toExponential(digits));
  else text = general(magnitude, digits === 0 ? 1 : digits, flags.includes('#'));
  return sign + (/[EG]/.test(kind) ? text.toUpperCase() : text);
}

function general(value: number, digits: number, keepsZeros: boolean): string {
  const power = value === 0 ? 0 : Number(value.toExponential(digits - 1).split('e')[1]);
  const isLarge = power < -4 || power >= digits;
  const text = isLarge
    ? exponent(value.toExponential(digits - 1))
    : value.toFixed(Math.max(0, digits - 1 - power));
  if (keepsZeros || !text.includes('.')) return text;
  return text.replace(/\.?0+(?=e|$)/, '');
}

function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

function pad(text: string, flags: string, width: string): string {
  const size = sizeOf(width);
  return flags.includes('-') || width.startsWith('-') ? text.padEnd(size) : text.padStart(size);
}

function sizeOf(width: string): number {
  const size = Math.abs(Number(width));
  if (size > LIMITS.fileCharactersMax) throw new SystemFailure(`printf: cannot allocate ${width} bytes`);
  return size;
}

function padNumber(text: string, flags: string, width: string, zeros: boolean): string {
  if (!flags.includes('0') || flags.includes('-') || !zeros) return pad(text, flags, width);
  const sign = /^[+\- ]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(sizeOf(width) - sign.length, '0');
}

/** What `echo` prints for its words: `-n`, `-e`, `-E` as bash and ash take them; dash always interprets escapes. */
export function echoText(words: readonly string[], dialect: 'bash' | 'ash' | 'dash', isXpg = false): string {
  let at = 0;
  let isBare = false;
  let interprets = dialect === 'dash' || isXpg;
  const flags = dialect === 'dash' ? /^-n$/ : /^-[neE]+$/;
  for (; flags.test(words[at] ?? ''); at++) {
    const flag = words[at] ?? '';
    if (flag.includes('n')) isBare = true;
    if (dialect !== 'dash')
      for (const letter of flag) interprets = letter === 'e' ? true : letter === 'E' ? false : interprets;
  }
  let text = words.slice(at).join(' ');
  if (interprets) {
    const stop = /(^|[^\\])((?:\\\\)*)\\c/.exec(text);
    if (stop !== null) {
      text = text.slice(0, stop.index + (stop[1] ?? '').length + (stop[2] ?? '').length);
      isBare = true;
    }
    text = unescapeAnsi(text.replace(/\\0([0-7]{1,3})/g, '\\$1'));
  }
  return isBare ? text : `${text}\n`;
}
