import type { Process } from '../../shell/program.ts';
import { absolutePath } from './curl/output.ts';

/** The version that wget tells servers and `wget --version`. */
export const WGET_VERSION = '1.21.3';

/** What the options of a wget command line ask for; times in ms. */
export type WgetSettings = {
  isQuiet: boolean;
  isTerse: boolean;
  output?: string;
  log?: string;
  folder: string;
  dnsMs?: number;
  connectMs?: number;
  readMs?: number;
  tries: number;
  isSpider: boolean;
  isHeadersShown: boolean;
  method?: string;
  body?: string;
  headers: string[];
  agent: string;
  isInsecure: boolean;
  caFile?: string;
  isContentOnError: boolean;
  maxRedirects: number;
  family?: 4 | 6;
};

/** The options of GNU wget that a lesson may meet. */
export const WGET_OPTIONS = {
  valued: 'OoPTtUeAaBDQRwXli',
  flags: 'qvSNcn46hVbdFHkKLmprxEI',
  long: {
    quiet: false,
    verbose: false,
    'no-verbose': false,
    'output-document': true,
    'output-file': true,
    'directory-prefix': true,
    timeout: true,
    'dns-timeout': true,
    'connect-timeout': true,
    'read-timeout': true,
    tries: true,
    spider: false,
    'server-response': false,
    'post-data': true,
    'post-file': true,
    method: true,
    'body-data': true,
    header: true,
    'user-agent': true,
    'no-check-certificate': false,
    'ca-certificate': true,
    'content-on-error': false,
    'max-redirect': true,
    'inet4-only': false,
    'inet6-only': false,
    'no-cache': false,
    'no-proxy': false,
    'no-clobber': false,
    continue: false,
    progress: true,
    'show-progress': false,
    wait: true,
    waitretry: true,
    user: true,
    password: true,
    execute: true,
    'retry-connrefused': false,
    version: false,
    help: false,
  },
};

/** Collects read options. */
export async function settingsOf(
  process: Process,
  options: readonly (readonly [string, string])[],
): Promise<WgetSettings> {
  const s: WgetSettings = {
    isQuiet: false,
    isTerse: false,
    folder: '',
    tries: 20,
    isSpider: false,
    isHeadersShown: false,
    headers: [],
    agent: `Wget/${WGET_VERSION}`,
    isInsecure: false,
    isContentOnError: false,
    maxRedirects: 20,
  };
  const read = (name: string): string => {
    const file = process.machine.files.read(absolutePath(process, name));
    return 'content' in file ? file.content : '';
  };
  const post = (text: string): void => {
    s.method = 'POST';
    s.body = text;
  };
  const ms = (value: string): number => Math.round(Number(value) * 1_000);
  const apply = new Map<string, (value: string) => void>([
    ['q', () => void (s.isQuiet = true)],
    ['n', () => void (s.isTerse = true)],
    ['O', (value) => void (s.output = value)],
    ['o', (value) => void (s.log = value)],
    ['P', (value) => void (s.folder = value)],
    ['T', (value) => void (s.dnsMs = s.connectMs = s.readMs = ms(value))],
    ['dns-timeout', (value) => void (s.dnsMs = ms(value))],
    ['connect-timeout', (value) => void (s.connectMs = ms(value))],
    ['read-timeout', (value) => void (s.readMs = ms(value))],
    ['t', (value) => void (s.tries = Number(value) === 0 || value === 'inf' ? 1_000 : Number(value))],
    ['spider', () => void (s.isSpider = true)],
    ['S', () => void (s.isHeadersShown = true)],
    ['post-data', (value) => post(value)],
    ['post-file', (value) => post(read(value))],
    ['method', (value) => void (s.method = value.toUpperCase())],
    ['body-data', (value) => void (s.body = value)],
    ['header', (value) => void s.headers.push(value)],
    ['U', (value) => void (s.agent = value)],
    ['no-check-certificate', () => void (s.isInsecure = true)],
    ['ca-certificate', (value) => void (s.caFile = value)],
    ['content-on-error', () => void (s.isContentOnError = true)],
    ['max-redirect', (value) => void (s.maxRedirects = Number(value))],
    ['4', () => void (s.family = 4)],
    ['6', () => void (s.family = 6)],
  ]);
  const short: Record<string, string> = {
    quiet: 'q',
    'no-verbose': 'n',
    'output-document': 'O',
    'output-file': 'o',
    'directory-prefix': 'P',
    timeout: 'T',
    tries: 't',
    'server-response': 'S',
    'user-agent': 'U',
    'inet4-only': '4',
    'inet6-only': '6',
  };
  for (const [name, value] of options) apply.get(short[name] ?? name)?.(value);
  return s;
}
