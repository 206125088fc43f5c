import { formatDate } from '../../../base/strftime.ts';
import { absolutePath } from './output.ts';
import type { CurlRun } from './run.ts';
import { warning } from './words.ts';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Reads a date as curl does where it is plain: `1 Jan 2030 [12:00:00]`, `Tue, 24 Oct 2023 13:46:47 GMT`, `20300131`; undefined for anything else. */
export function readDate(text: string): number | undefined {
  const time = /(\d\d):(\d\d)(?::(\d\d))?/.exec(text);
  const seconds = time ? Number(time[1]) * 3600 + Number(time[2]) * 60 + Number(time[3] ?? 0) : 0;
  const named = /(\d{1,2})[ -]([A-Za-z]{3})[a-z]*[ -](\d{4})/.exec(text);
  const swapped = /([A-Za-z]{3})[a-z]* (\d{1,2}),? (?:\d\d:\d\d(?::\d\d)? )?(\d{4})/.exec(text);
  const plain = /\b(\d{4})(\d\d)(\d\d)\b/.exec(text);
  const month = MONTHS.indexOf((named?.[2] ?? swapped?.[1] ?? '').toLowerCase());
  if (named && month >= 0) return Date.UTC(Number(named[3]), month, Number(named[1])) + seconds * 1000;
  if (plain) return Date.UTC(Number(plain[1]), Number(plain[2]) - 1, Number(plain[3])) + seconds * 1000;
  if (swapped && month >= 0) return Date.UTC(Number(swapped[3]), month, Number(swapped[2])) + seconds * 1000;
  return undefined;
}

/** What -z asks for: a date, or a file's; a leading `-` turns it round. Undefined when it is neither. */
export function conditionTime(
  run: CurlRun,
  text: string,
): { readonly atMs: number; readonly isBefore: boolean } | undefined {
  const isBefore = text.startsWith('-');
  const bare = text.replace(/^[-+=]/, '');
  const entry = run.process.machine.files.stat(absolutePath(run.process, bare));
  const atMs = readDate(bare) ?? (entry?.kind === 'file' ? entry.modifiedMs : undefined);
  return atMs === undefined ? undefined : { atMs, isBefore };
}

/** What is said of a -z that is neither a date nor a file. */
export function conditionWarning(run: CurlRun, text: string | undefined): string {
  if (text === undefined || conditionTime(run, text) !== undefined) return '';
  const isOld = run.version.number < 80_000;
  const first = isOld ? '' : warning(run.version, 'Failed to get filetime: No such file or directory');
  const what = `Illegal date format for -z, --time-cond (and not a ${isOld ? 'file name' : 'filename'}). Disabling time condition. See curl_getdate(3) for valid date syntax.`;
  return first + warning(run.version, what);
}

/** The header that -z sends, or undefined. */
export function conditionHeader(run: CurlRun, text: string | undefined): string | undefined {
  const wanted = text === undefined ? undefined : conditionTime(run, text);
  if (wanted === undefined) return undefined;
  return `${wanted.isBefore ? 'If-Unmodified-Since' : 'If-Modified-Since'}: ${formatDate(wanted.atMs, '%a, %d %b %Y %T GMT')}`;
}
