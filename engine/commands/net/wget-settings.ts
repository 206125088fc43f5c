import type { Process } from '../../shell/program.ts';
import { absolutePath } from './curl/output.ts';

/** The version that wget tells servers and `wget --version`. */
export const WGET_VERSION = '1.21.3';

/** What the options of a wget command line ask for; times in ms. */
export type WgetSettings = {
  /** Switches that are on, by their long names. */
  readonly on: Set<string>;
  isQuiet: boolean;
  isTerse: boolean;
  output?: string;
  log?: string;
  folder: string;
  dnsMs?: number;
  connectMs?: number;
  readMs?: number;
  waitMs: number;
  tries: number;
  isSpider: boolean;
  isHeadersShown: boolean;
  method?: string;
  body?: string;
  headers: string[];
  agent: string;
  referer?: string;
  isInsecure: boolean;
  caFile?: string;
  isContentOnError: boolean;
  maxRedirects: number;
  family?: 4 | 6;
};

/** `letter long`, with `=` for a value: the options of GNU wget that a lesson may meet; some are without effect here. */
const ROWS = (
  'q quiet|v verbose|- no-verbose|O output-document=|o output-file=|P directory-prefix=|T timeout=|- dns-timeout=|' +
  '- connect-timeout=|- read-timeout=|t tries=|- spider|S server-response|- post-data=|- post-file=|- method=|- body-data=|- body-file=|' +
  '- header=|U user-agent=|- referer=|- no-check-certificate|- ca-certificate=|- content-on-error|- max-redirect=|4 inet4-only|6 inet6-only|' +
  '- no-cache|- no-proxy|- no-clobber|c continue|- progress=|- show-progress|w wait=|- waitretry=|- retry-connrefused|- no-dns-cache|- no-cookies|' +
  'e execute=|- no-hsts|- prefer-family=|- no-config|d debug|V version|h help'
)
  .split('|')
  .map((row) => {
    const [letter = '', name = ''] = row.split(' ');
    return { letter, name: name.replace('=', ''), isValued: name.endsWith('=') };
  });

const letters = (isValued: boolean): string =>
  ROWS.filter((row) => row.letter !== '-' && row.isValued === isValued)
    .map((row) => row.letter)
    .join('');

/** The options of GNU wget as getopt reads them. */
export const WGET_OPTIONS = {
  valued: letters(true),
  flags: letters(false),
  long: Object.fromEntries(ROWS.map((row) => [row.name, row.isValued])),
};

/** The words with `-nv` and `-nc` written out. */
export function withLongNames(words: readonly string[]): readonly string[] {
  return words.flatMap((word) =>
    /^-n[vc]+$/.test(word)
      ? [...word.slice(2)].map((letter) => (letter === 'v' ? '--no-verbose' : '--no-clobber'))
      : [word],
  );
}

/** A mistake in an option's value, and wget's exit code. */
export type WgetMisuse = { readonly misuse: string; readonly code: number };

/** Options that set a text. */
const TEXTS: Readonly<
  Record<string, 'output' | 'log' | 'folder' | 'agent' | 'referer' | 'caFile' | 'body' | 'method'>
> = {
  'output-document': 'output',
  'output-file': 'log',
  'directory-prefix': 'folder',
  'user-agent': 'agent',
  referer: 'referer',
  'ca-certificate': 'caFile',
  'body-data': 'body',
};

/** Options that set a time in seconds. */
const TIMES: Readonly<Record<string, readonly ('dnsMs' | 'connectMs' | 'readMs' | 'waitMs')[]>> = {
  timeout: ['dnsMs', 'connectMs', 'readMs'],
  'dns-timeout': ['dnsMs'],
  'connect-timeout': ['connectMs'],
  'read-timeout': ['readMs'],
  wait: ['waitMs'],
};

/** Collects read options. */
export function settingsOf(
  process: Process,
  options: readonly (readonly [string, string])[],
): WgetSettings | WgetMisuse {
  const s: WgetSettings = {
    on: new Set(),
    isQuiet: false,
    isTerse: false,
    folder: '',
    waitMs: 0,
    tries: 20,
    isSpider: false,
    isHeadersShown: false,
    headers: [],
    agent: `Wget/${WGET_VERSION}`,
    isInsecure: false,
    isContentOnError: false,
    maxRedirects: 20,
  };
  const named = options.map(([name, value]): readonly [string, string] => [
    ROWS.find((row) => row.letter === name)?.name ?? name,
    value,
  ]);
  for (const [name, value] of named) {
    const wrong = set(process, s, name, value);
    if (wrong !== undefined) return wrong;
  }
  s.isQuiet = s.on.has('quiet');
  s.isTerse = s.on.has('no-verbose');
  s.isSpider = s.on.has('spider');
  s.isHeadersShown = s.on.has('server-response');
  s.isInsecure = s.on.has('no-check-certificate');
  s.isContentOnError = s.on.has('content-on-error');
  if (s.on.has('inet4-only')) s.family = 4;
  if (s.on.has('inet6-only')) s.family = 6;
  return s;
}

function set(process: Process, s: WgetSettings, name: string, value: string): WgetMisuse | undefined {
  const bad = (what: string): WgetMisuse => ({
    misuse: `--${name}: Invalid ${what} '${value}'${what === 'time period' ? '' : '.'}`,
    code: 2,
  });
  const text = Object.hasOwn(TEXTS, name) ? TEXTS[name] : undefined;
  const times = Object.hasOwn(TIMES, name) ? TIMES[name] : undefined;
  if (text !== undefined) s[text] = value;
  else if (times !== undefined) {
    if (!/^\d*\.?\d+[smhdw]?$/.test(value)) return bad('time period');
    const unit = { m: 60, h: 3600, d: 86_400, w: 604_800 }[value.slice(-1)] ?? 1;
    for (const time of times) s[time] = Math.round(Number.parseFloat(value) * unit * 1_000);
  } else if (name === 'tries' || name === 'max-redirect') {
    const number = Number.parseInt(value, 10) || 0;
    if (name === 'tries') s.tries = number === 0 ? 1_000 : number;
    else s.maxRedirects = number;
  } else if (name === 'post-data' || name === 'post-file' || name === 'body-file') {
    const file =
      name === 'post-data' ? { content: value } : process.machine.files.read(absolutePath(process, value));
    if (!('content' in file)) return { misuse: '', code: 3 };
    s.body = file.content;
    if (name !== 'body-file') s.method = 'POST';
  } else if (name === 'method') s.method = value.toUpperCase();
  else if (name === 'header') {
    if (value !== '' && !/^[^:\s]+:/.test(value)) return bad('header');
    s.headers = value === '' ? [] : [...s.headers, value];
  } else if (name === 'progress') {
    if (!/^(dot|bar)(:|$)/.test(value)) return bad('progress type');
  } else s.on.add(name);
  return undefined;
}
