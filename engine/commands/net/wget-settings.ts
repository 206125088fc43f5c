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
  user?: string;
  password?: string;
  isInsecure: boolean;
  caFile?: string;
  isContentOnError: boolean;
  maxRedirects: number;
  family?: 4 | 6;
  compression?: string;
  startPos?: number;
  /** The file with more URLs. */
  input?: string;
  page: string;
};

/** `letter long`, with `=` for a value: every option of GNU wget that a lesson may meet; those without effect here too. */
const ROWS = (
  'q quiet|v verbose|- no-verbose|O output-document=|o output-file=|a append-output=|P directory-prefix=|T timeout=|- dns-timeout=|' +
  '- connect-timeout=|- read-timeout=|t tries=|- spider|S server-response|- post-data=|- post-file=|- method=|- body-data=|- body-file=|' +
  '- header=|U user-agent=|- no-check-certificate|- ca-certificate=|- content-on-error|- max-redirect=|4 inet4-only|6 inet6-only|- no-cache|' +
  '- no-proxy|- no-clobber|c continue|- progress=|- show-progress|w wait=|- waitretry=|- random-wait|- user=|- password=|- http-user=|- http-password=|' +
  'e execute=|- retry-connrefused|V version|h help|- referer=|- auth-no-challenge|i input-file=|F force-html|B base=|- content-disposition|' +
  '- save-headers|- https-only|- limit-rate=|Q quota=|- compression=|- no-http-keep-alive|- ignore-length|- start-pos=|- no-directories|x force-directories|' +
  '- no-host-directories|- cut-dirs=|- no-parent|r recursive|l level=|N timestamping|- no-if-modified-since|p page-requisites|k convert-links|K backup-converted|' +
  'm mirror|E adjust-extension|H span-hosts|D domains=|- exclude-domains=|A accept=|R reject=|- accept-regex=|- reject-regex=|I include-directories=|' +
  'X exclude-directories=|L relative|- trust-server-names|- save-cookies=|- load-cookies=|- keep-session-cookies|- no-cookies|- bind-address=|' +
  '- prefer-family=|- local-encoding=|- remote-encoding=|- restrict-file-names=|- default-page=|- no-config|- config=|b background|d debug|- no-dns-cache|' +
  '- no-hsts|- secure-protocol=|- certificate=|- private-key=|- ca-directory=|- unlink|- no-iri|- protocol-directories|- no-use-server-timestamps|' +
  '- retry-on-http-error=|- ignore-case|- no-remove-listing|- no-glob|- no-passive-ftp|- report-speed=|- warc-file=|- backups='
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

const NO_LETTERS: Readonly<Record<string, string>> = {
  v: 'no-verbose',
  c: 'no-clobber',
  d: 'no-directories',
  H: 'no-host-directories',
  p: 'no-parent',
};

/** The words with `-nv`, `-nc` and their like written out. */
export function withLongNames(words: readonly string[]): readonly string[] {
  return words.flatMap((word) =>
    /^-n[vcdHp]+$/.test(word) ? [...word.slice(2)].map((letter) => `--${NO_LETTERS[letter]}`) : [word],
  );
}

/** A mistake in an option's value, and wget's exit code. */
export type WgetMisuse = { readonly misuse: string; readonly code: number };

/** Options that set a text. */
const TEXTS: Readonly<
  Record<
    string,
    | 'output'
    | 'log'
    | 'folder'
    | 'agent'
    | 'referer'
    | 'user'
    | 'password'
    | 'caFile'
    | 'compression'
    | 'input'
    | 'page'
    | 'body'
    | 'method'
  >
> = {
  'output-document': 'output',
  'output-file': 'log',
  'append-output': 'log',
  'directory-prefix': 'folder',
  'user-agent': 'agent',
  referer: 'referer',
  user: 'user',
  'http-user': 'user',
  password: 'password',
  'http-password': 'password',
  'ca-certificate': 'caFile',
  compression: 'compression',
  'input-file': 'input',
  'default-page': 'page',
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

/** Collects read options, and the settings of ~/.wgetrc. */
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
    page: 'index.html',
  };
  const named = options.map(([name, value]): readonly [string, string] => [
    ROWS.find((row) => row.letter === name)?.name ?? name,
    value,
  ]);
  const home = process.env.get('HOME') ?? process.machine.home;
  const rc = process.machine.files.read(`${home}/.wgetrc`);
  if ('content' in rc && !named.some(([name]) => name === 'no-config'))
    for (const line of rc.content.split('\n')) command(process, s, line);
  for (const [name, value] of named) {
    const wrong =
      name === 'execute'
        ? command(process, s, value)
          ? undefined
          : { misuse: `Invalid --execute command '${value}'`, code: 2 }
        : set(process, s, name, value);
    if (wrong !== undefined) return wrong;
  }
  if (s.on.has('background')) s.log ??= 'wget-log';
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

/** A line of .wgetrc or of -e; false: no such command. */
function command(process: Process, s: WgetSettings, line: string): boolean {
  const match = /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(line);
  if (!match) return /^\s*(#|$)/.test(line);
  const [, asked = '', value = ''] = match;
  const plain = (text: string): string => text.toLowerCase().replace(/[-_]/g, '');
  const row = ROWS.find(({ name }) => plain(name) === plain(asked));
  const negative = ROWS.find(({ name }) => name === `no-${asked.toLowerCase().replaceAll('_', '-')}`);
  if (row?.isValued) set(process, s, row.name, value);
  else if (row && /^(on|yes|1)$/i.test(value)) s.on.add(row.name);
  else if (negative && /^(off|no|0)$/i.test(value)) s.on.add(negative.name);
  return row !== undefined || negative !== undefined || /^(robots|useproxy|https?proxy)$/.test(plain(asked));
}

function set(process: Process, s: WgetSettings, name: string, value: string): WgetMisuse | undefined {
  const bad = (what: string): WgetMisuse => ({
    misuse: `--${name}: Invalid ${what} '${value}'${what === 'time period' ? '' : '.'}`,
    code: 2,
  });
  const text = Object.hasOwn(TEXTS, name) ? TEXTS[name] : undefined;
  const times = Object.hasOwn(TIMES, name) ? TIMES[name] : undefined;
  if (name === 'append-output' || name === 'progress') s.on.add(name);
  if (text !== undefined) s[text] = value;
  else if (times !== undefined) {
    if (!/^\d*\.?\d+[smhdw]?$/.test(value)) return bad('time period');
    const unit = { m: 60, h: 3600, d: 86_400, w: 604_800 }[value.slice(-1)] ?? 1;
    for (const time of times) s[time] = Math.round(Number.parseFloat(value) * unit * 1_000);
  } else if (name === 'tries' || name === 'max-redirect' || name === 'start-pos') {
    const number = Number.parseInt(value, 10) || 0;
    if (name === 'tries') s.tries = number === 0 ? 1_000 : number;
    else if (name === 'max-redirect') s.maxRedirects = number;
    else s.startPos = number;
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
