import { type CurlVersion, warning } from './words.ts';

/** What the options between two `--next` ask for. */
export type CurlConfig = {
  urls: string[];
  /** `-o` (a name) and `-O` (true), in order: the n-th belongs to the n-th URL. */
  outputs: (string | true)[];
  method?: string;
  isHead: boolean;
  isGet: boolean;
  data: DataPart[];
  /** -F, and --form-string (`isText`). */
  forms: { readonly text: string; readonly isText: boolean }[];
  headers: string[];
  userAgent?: string;
  referer?: string;
  user?: string;
  cookies: string[];
  cookieJar?: string;
  range?: string;
  upload?: string;
  isInclude: boolean;
  isLocation: boolean;
  maxRedirects: number;
  maxMs?: number;
  connectMs?: number;
  retries: number;
  retryDelayMs?: number;
  retryMaxMs?: number;
  isRetryRefused: boolean;
  isRetryAll: boolean;
  isFail: boolean;
  isFailBody: boolean;
  isInsecure: boolean;
  caFile?: string;
  family?: 4 | 6;
  resolve: string[];
  connectTo: string[];
  proxy?: string;
  noProxy?: string;
  interface?: string;
  writeOut?: string;
  dumpHeader?: string;
  isGlob: boolean;
  isPathAsIs: boolean;
  /** Which HTTP was asked for; absent: the best that both ends know. */
  http?: '1.0' | '1.1' | '2' | '2-prior';
  isAlpnOff: boolean;
  /** Least and greatest TLS version as 10, 11, 12, 13. */
  minTls?: number;
  maxTls?: number;
  timeCondition?: string;
  speedTimeS?: number;
  speedLimit?: number;
  limitRate?: number;
  localPort?: string;
  unixSocket?: string;
  expectMs: number;
  isRemoteHeaderName: boolean;
  outputDir?: string;
  isRemoteNameAll: boolean;
  isHttp09: boolean;
  isRaw: boolean;
  isCompressed: boolean;
  urlQuery: string[];
  protocols?: string;
  redirectProtocols?: string;
  maxFileSize?: number;
  createDirs: boolean;
  requestTarget?: string;
  bearer?: string;
  /** What an option turns on that needs no more words: see SWITCHES. */
  readonly on: Set<string>;
};

/** One `-d`, `--data-binary`, `--data-urlencode` or `--json`. */
export type DataPart = {
  readonly kind: 'data' | 'raw' | 'binary' | 'urlencode' | 'json';
  readonly text: string;
};

/** Options that hold for the whole command line. */
export type CurlGlobals = {
  isSilent: boolean;
  isShowError: boolean;
  isVerbose: boolean;
  isNoMeter: boolean;
  isBar: boolean;
  isFailEarly: boolean;
  isParallel: boolean;
  isTraceTime: boolean;
  /** --trace and --trace-ascii: `-` is standard output, `%` standard error. */
  trace?: { readonly file: string; readonly isHex: boolean };
  stderrFile?: string;
};

/** A read command line, or what is wrong with it: `text` goes to stderr (`out` to stdout). */
export type CurlArguments =
  | {
      readonly kind: 'run';
      readonly configs: readonly CurlConfig[];
      readonly globals: CurlGlobals;
      readonly warnings: string;
    }
  | { readonly kind: 'stop'; readonly code: number; readonly text: string; readonly out: string };

/** Reads a file for `-K`, `-d @file`; undefined where there is none. `-` is standard input. */
export type ReadFile = (name: string) => Promise<string | undefined>;

type Kind = 'flag' | 'text' | 'seconds' | 'count' | 'ignored' | 'ignored-text';
type Option = {
  readonly name: string;
  readonly letter?: string;
  readonly kind: Kind;
  /** What it sets: a member of the configuration, with `+` of a list there, with `@` of what holds for all. */
  readonly key?: string;
};

/** `letter name kind`: every option of curl that a network lesson may meet; the ignored ones are accepted without effect. */
const TABLE: readonly Option[] = (
  's silent flag @isSilent|S show-error flag @isShowError|v verbose flag @isVerbose|i include flag isInclude|i show-headers flag isInclude|I head flag isHead|L location flag isLocation|o output text +outputs|O remote-name flag|' +
  'w write-out text writeOut|m max-time seconds maxMs|- connect-timeout seconds connectMs|X request text method|d data text|- data-ascii text|- data-raw text|- data-binary text|' +
  '- data-urlencode text|- json text|H header text +headers|A user-agent text userAgent|e referer text referer|u user text user|k insecure flag isInsecure|- cacert text caFile|f fail flag isFail|' +
  '- fail-with-body flag isFailBody|- retry count retries|- retry-delay seconds retryDelayMs|- retry-max-time seconds retryMaxMs|- retry-connrefused flag isRetryRefused|- retry-all-errors flag isRetryAll|4 ipv4 flag|' +
  '6 ipv6 flag|- resolve text +resolve|- connect-to text +connectTo|x proxy text proxy|- noproxy text noProxy|T upload-file text upload|F form text|- form-string text|G get flag isGet|0 http1.0 flag|' +
  '- http1.1 flag|- http2 flag|- http2-prior-knowledge flag|- http0.9 flag isHttp09|- progress-meter flag|# progress-bar flag @isBar|N no-buffer ignored|' +
  '- buffer ignored|Z parallel flag @isParallel|b cookie text +cookies|c cookie-jar text cookieJar|- path-as-is flag isPathAsIs|g globoff flag|- url text +urls|q disable ignored|K config text|' +
  '- max-redirs count maxRedirects|- interface text interface|D dump-header text dumpHeader|- stderr text @stderrFile|r range text range|- compressed flag isCompressed|- raw flag isRaw|- url-query text +urlQuery|- proto text protocols|' +
  '- proto-redir text redirectProtocols|- proto-default ignored-text|- max-filesize text|- create-dirs flag createDirs|V version flag|h help flag|: next flag|- location-trusted flag|' +
  '1 tlsv1 flag|- tlsv1.0 flag|- tlsv1.1 flag|- tlsv1.2 flag|- tlsv1.3 flag|- tls-max text|- ciphers ignored-text|E cert ignored-text|- key ignored-text|' +
  '- capath ignored-text|- ca-native ignored|- cert-type ignored-text|- key-type ignored-text|- pass ignored-text|- pinnedpubkey ignored-text|- proxy-header ignored-text|- dns-ipv4-addr text|- doh-url ignored-text|- ignore-content-length ignored|- netrc-file ignored-text|- netrc-optional ignored|- clobber ignored|- proxy1.0 text proxy|- socks4 text|- socks4a text|- socks5 text|- socks5-hostname text|- request-target text requestTarget|- hsts ignored-text|- tcp-nodelay ignored|- keepalive ignored|- keepalive-time count|- limit-rate text|- local-port text localPort|' +
  'y speed-time count speedTimeS|Y speed-limit count speedLimit|z time-cond text timeCondition|R remote-time ignored|J remote-header-name flag isRemoteHeaderName|j junk-session-cookies ignored|' +
  'C continue-at ignored-text|n netrc ignored|p proxytunnel ignored|U proxy-user ignored-text|- basic ignored|' +
  '- digest ignored|- anyauth ignored|- ntlm ignored|- post301 flag|- post302 flag|- post303 flag|- dns-servers text|- dns-ipv6-addr text|- unix-socket text unixSocket|' +
  '- trace text|- trace-ascii text|- trace-time flag @isTraceTime|- trace-ids flag|- styled-output ignored|- fail-early flag @isFailEarly|- happy-eyeballs-timeout-ms count|' +
  '- oauth2-bearer text bearer|- output-dir text outputDir|- remote-name-all flag isRemoteNameAll|- ssl-reqd ignored|- expect100-timeout seconds expectMs|M manual ignored|' +
  '- http3 ignored|- parallel-max count|- sessionid ignored|- alpn flag|- abstract-unix-socket text unixSocket|- ssl ignored|- compressed-ssh ignored|Q quote ignored-text'
)
  .split('|')
  .map((row) => {
    const [letter = '', name = '', kind = 'ignored', key] = row.split(' ');
    return { name, kind: kind as Kind, ...(letter === '-' ? {} : { letter }), ...(key && { key }) };
  });

/** The last line of a usage error. */
export const TRY = "curl: try 'curl --help' or 'curl --manual' for more information\n";

/** Reads a curl command line as the given version does. Source: recorded curl 7.74–8.23, the group "usage". */
export async function parseCurlArguments(
  words: readonly string[],
  version: CurlVersion,
  readFile: ReadFile,
): Promise<CurlArguments> {
  const reader = new Reader(version, readFile);
  const stop = await reader.readAll(words);
  if (stop) return stop;
  const configs = reader.configs.filter((config) => config.urls.length > 0);
  if (words.length === 0) return usage('');
  if (configs.length === 0)
    return usage(version.number < 80_000 ? 'curl: no URL specified!\n' : 'curl: (2) no URL specified\n');
  for (const config of configs) {
    const other = config.forms.length > 0 ? FORM : config.isHead ? HEAD : undefined;
    if (other !== undefined && config.data.length > 0 && !config.isGet) {
      const text = reader.globals.isSilent ? '' : warning(version, twoMethods('POST (-d, --data)', other));
      return { kind: 'stop', code: 2, text, out: '' };
    }
  }
  return { kind: 'run', configs, globals: reader.globals, warnings: reader.warnings };
}

const FORM = 'multipart formpost (-F, --form)';
const HEAD = 'HEAD (-I, --head)';

function twoMethods(asked: string, before: string): string {
  return `You can only select one HTTP request method! You asked for both ${asked} and ${before}.`;
}

function usage(line: string, code = 2): CurlArguments & { kind: 'stop' } {
  return { kind: 'stop', code, text: line + TRY, out: '' };
}

function freshConfig(): CurlConfig {
  return {
    urls: [],
    outputs: [],
    isHead: false,
    isGet: false,
    data: [],
    forms: [],
    headers: [],
    cookies: [],
    isInclude: false,
    isLocation: false,
    maxRedirects: 50,
    retries: 0,
    isRetryRefused: false,
    isRetryAll: false,
    isFail: false,
    isFailBody: false,
    isInsecure: false,
    resolve: [],
    connectTo: [],
    isGlob: true,
    isPathAsIs: false,
    isAlpnOff: false,
    expectMs: 1_000,
    isRemoteHeaderName: false,
    isRemoteNameAll: false,
    isHttp09: false,
    isRaw: false,
    isCompressed: false,
    urlQuery: [],
    createDirs: false,
    on: new Set(),
  };
}

type Stop = CurlArguments & { kind: 'stop' };

class Reader {
  readonly configs: CurlConfig[] = [freshConfig()];
  readonly globals: CurlGlobals = {
    isSilent: false,
    isShowError: false,
    isVerbose: false,
    isNoMeter: false,
    isBar: false,
    isFailEarly: false,
    isParallel: false,
    isTraceTime: false,
  };
  warnings = '';
  readonly #version: CurlVersion;
  readonly #readFile: ReadFile;

  constructor(version: CurlVersion, readFile: ReadFile) {
    this.#version = version;
    this.#readFile = readFile;
  }

  get #config(): CurlConfig {
    const last = this.configs.at(-1);
    if (last) return last;
    const fresh = freshConfig();
    this.configs.push(fresh);
    return fresh;
  }

  async readAll(words: readonly string[]): Promise<Stop | undefined> {
    let isPlain = false;
    for (let i = 0; i < words.length; i++) {
      const word = words[i] ?? '';
      if (isPlain || !word.startsWith('-')) {
        if (word === '' && this.#version.number >= 80_500)
          return usage('curl: option : blank argument where content is expected\n');
        this.#config.urls.push(word);
        continue;
      }
      if (word === '-') return usage('curl: option -: is unknown\n');
      if (word === '--') {
        isPlain = true;
        continue;
      }
      const next = words[i + 1];
      const result = word.startsWith('--')
        ? await this.#readLong(word, next)
        : await this.#readShort(word, next);
      if (typeof result === 'object') return result;
      if (result) i++;
    }
    return undefined;
  }

  /** Returns true when it consumed the next word. */
  async #readLong(word: string, next: string | undefined): Promise<boolean | Stop> {
    const asked = word.slice(2);
    const isNo = asked.startsWith('no-') && find(asked) === undefined;
    const option = this.#lookUp(isNo ? asked.slice(3) : asked);
    if (option === 'ambiguous') return usage(`curl: option ${word}: is ambiguous\n`);
    if (option === undefined) return usage(`curl: option ${word}: is unknown\n`);
    if (isNo && option.kind !== 'flag' && option.kind !== 'ignored')
      return usage(
        `curl: option ${word}: ${this.#version.number < 81_000 ? "used '--no-' for option that isn't a boolean" : 'the given option cannot be reversed with a --no- prefix'}\n`,
      );
    const isOld = this.#version.number < 80_000;
    if ((option.name === 'http3' && isOld) || /^dns-/.test(option.name))
      return usage(
        `curl: option ${word}: the installed libcurl version ${isOld ? "doesn't" : 'does not'} support this\n`,
      );
    if (option.name === 'help') return helpStop(next);
    if (option.kind === 'flag' || option.kind === 'ignored')
      return (await this.#apply(option, '', { word, isNo })) ?? false;
    if (next === undefined) return usage(`curl: option ${word}: requires parameter\n`);
    return (await this.#apply(option, next, { word, isNo })) ?? true;
  }

  #lookUp(name: string): Option | 'ambiguous' | undefined {
    const exact = find(name);
    if (exact) return this.#isKnown(exact) ? exact : undefined;
    // Until 8.9 a unique beginning of a long option was enough.
    if (this.#version.number >= 81_000 || name === '') return undefined;
    const starts = TABLE.filter((option) => option.name.startsWith(name));
    return starts.length > 1 ? 'ambiguous' : starts[0];
  }

  #isKnown(option: Option): boolean {
    const since: Readonly<Record<string, number>> = {
      'fail-with-body': 77_600,
      json: 78_200,
      'url-query': 78_700,
      'retry-all-errors': 77_100,
      'show-headers': 81_000,
    };
    return this.#version.number >= (since[option.name] ?? 0);
  }

  async #readShort(word: string, next: string | undefined): Promise<boolean | Stop> {
    for (let at = 1; at < word.length; at++) {
      const letter = word[at] ?? '';
      const option = TABLE.find((one) => one.letter === letter);
      if (!option) return usage(`curl: option ${word}: is unknown\n`);
      if (option.kind === 'flag' || option.kind === 'ignored') {
        if (option.name === 'help') return helpStop(next);
        const stop = await this.#apply(option, '', { word: `-${letter}`, isNo: false });
        if (stop) return stop;
        continue;
      }
      const inline = word.slice(at + 1);
      const value = inline === '' ? next : inline;
      if (value === undefined) return usage(`curl: option ${word}: requires parameter\n`);
      return (
        (await this.#apply(option, value, { word: inline === '' ? word : word, isNo: false })) ??
        inline === ''
      );
    }
    return false;
  }

  async #apply(
    option: Option,
    value: string,
    how: { word: string; isNo: boolean },
  ): Promise<Stop | undefined> {
    if (option.kind === 'seconds' || option.kind === 'count') {
      const seconds = this.#version.number < 81_000 ? /^-?[0-9]*\.?[0-9]+$/ : /^-?[0-9]*\.?[0-9]+/;
      const isNumber = option.kind === 'seconds' ? seconds.test(value) : /^-?[0-9]+$/.test(value);
      if (!isNumber) return usage(`curl: option ${how.word}: expected a proper numerical parameter\n`);
      if (value.startsWith('-') && option.name !== 'max-redirs') {
        const isProper = option.kind === 'seconds' && this.#version.number >= 81_000;
        return usage(
          `curl: option ${how.word}: expected a ${isProper ? 'proper' : 'positive'} numerical parameter\n`,
        );
      }
    }
    if (option.name === 'help') return helpStop(undefined);
    if (option.name === 'version') return { kind: 'stop', code: 0, text: '', out: 'version' };
    if (option.name === 'next') {
      if (this.#config.urls.length > 0) this.configs.push(freshConfig());
      else if (this.#version.number >= 80_000)
        return usage(
          `${this.#unless('curl: missing URL before --next\n')}curl: option ${how.word}: is badly used here\n`,
        );
      return undefined;
    }
    const misuse = this.#misuse(option, value);
    if (misuse !== undefined)
      return usage(`${misuse.first ?? ''}curl: option ${how.word}: ${misuse.text}\n`, misuse.code);
    const unread = await this.#unreadData(option, value);
    if (unread !== undefined && this.#version.number >= 80_200)
      return usage(
        `${this.#unless(`curl: Failed to open ${unread}\n`)}curl: option ${how.word}: error encountered when reading a file\n`,
        26,
      );
    if (unread !== undefined)
      this.warnings += warning(
        this.#version,
        `Couldn't read data from file "${unread}", this makes an empty POST.`,
      );
    if (option.name === 'limit-rate' && !/^\d+(\.\d+)?[kKmMgG]?[bB]?$/.test(value))
      return usage(
        `${this.globals.isSilent ? '' : 'Warning: invalid number specified for rate\n'}curl: option ${how.word}: is badly used here\n`,
      );
    if (option.name === 'config') return this.#readConfig(value, how.word);
    if (option.name.startsWith('fail') && !how.isNo) {
      const config = this.#config;
      if (
        (option.name === 'fail' && config.isFailBody) ||
        (option.name === 'fail-with-body' && config.isFail)
      ) {
        return usage(
          `${this.globals.isSilent ? '' : 'curl: You must select either --fail or --fail-with-body, not both.\n'}curl: option ${how.word}: is badly used here\n`,
        );
      }
    }
    const set = SETTERS[option.name];
    if (option.key !== undefined) this.#set(option, option.key, option.kind === 'flag' ? !how.isNo : value);
    else if (set) set({ config: this.#config, globals: this.globals, value, isOn: !how.isNo });
    else if (how.isNo) this.#config.on.delete(option.name);
    else if (option.kind === 'flag') this.#config.on.add(option.name);
    return undefined;
  }

  #set({ kind }: Option, key: string, given: string | boolean): void {
    const value = kind === 'seconds' ? ms(String(given)) : kind === 'count' ? Number(given) : given;
    const into = (key.startsWith('@') ? this.globals : this.#config) as unknown as Record<string, unknown>;
    const name = key.replace(/^[@+]/, '');
    if (key.startsWith('+')) (into[name] as unknown[]).push(value);
    else into[name] = value;
  }

  /** A text unless -s forbids it; -S gives it back since 8.0. */
  #unless(text: string): string {
    const { isSilent, isShowError } = this.globals;
    return !isSilent || (isShowError && this.#version.number >= 80_000) ? text : '';
  }

  /** A value that an option does not take, and what is said first. */
  #misuse(option: Option, value: string): { text: string; first?: string; code?: number } | undefined {
    const config = this.#config;
    const badly = { text: 'is badly used here' };
    const warned = (text: string): { text: string; first: string } => ({
      ...badly,
      first: this.globals.isSilent ? '' : warning(this.#version, text),
    });
    switch (option.name) {
      case 'form':
        if (!value.includes('=')) return warned('Illegally formatted input field!');
        return config.isHead ? warned(twoMethods(FORM, HEAD)) : undefined;
      case 'head':
        return config.forms.length > 0 ? warned(twoMethods(HEAD, FORM)) : undefined;
      case 'max-filesize':
        return /^\d+[kmgKMG]?[bB]?$/.test(value)
          ? undefined
          : warned('invalid number specified for max-filesize');
      case 'output':
        if (value !== '') return undefined;
        return this.#version.number < 80_000 ? badly : { text: 'blank argument where content is expected' };
      default:
        return undefined;
    }
  }

  /** The file that `-d @FILE` cannot read. */
  async #unreadData(option: Option, value: string): Promise<string | undefined> {
    const isNew = this.#version.number >= 80_200;
    const names = isNew
      ? /^(data|data-ascii|data-binary|json|write-out)$/
      : /^(data|data-ascii|data-binary|json)$/;
    if (!names.test(option.name) || !/^@[^-]/.test(value)) return undefined;
    return (await this.#readFile(value.slice(1))) === undefined ? value.slice(1) : undefined;
  }

  async #readConfig(name: string, word: string): Promise<Stop | undefined> {
    const text = await this.#readFile(name);
    if (text === undefined) {
      const said = this.globals.isSilent ? '' : `curl: cannot read config from '${name}'\n`;
      return usage(`${said}curl: option ${word}: error encountered when reading a file\n`, 26);
    }
    for (const line of text.split('\n')) {
      const match = /^\s*(?:--?)?([A-Za-z0-9.-]+)\s*[=:\s]?\s*(.*?)\s*$/.exec(line);
      if (!match || /^\s*(#|$)/.test(line)) continue;
      const value = (match[2] ?? '').replace(/^"(.*)"$/, (_, inside: string) =>
        inside.replace(/\\(.)/g, '$1'),
      );
      const option =
        (match[1] ?? '').length === 1 ? TABLE.find((one) => one.letter === match[1]) : find(match[1] ?? '');
      if (!option && this.#version.number >= 80_000)
        return usage(`curl: option ${word}: error encountered when reading a file\n`, 26);
      if (!option) continue;
      const stop = await this.#apply(option, value, { word, isNo: false });
      if (stop) return stop;
    }
    return undefined;
  }
}

function helpStop(category: string | undefined): Stop {
  return { kind: 'stop', code: 0, text: '', out: category === undefined ? 'help' : `help ${category}` };
}

function find(name: string): Option | undefined {
  return TABLE.find((option) => option.name === name);
}

type Setting = {
  readonly config: CurlConfig;
  readonly globals: CurlGlobals;
  readonly value: string;
  readonly isOn: boolean;
};

/** `100k`, `2M`: bytes a second. */
function rateOf(value: string): number {
  const match = /^(\d+(?:\.\d+)?)([kKmMgG]?)[bB]?$/.exec(value);
  const unit = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[(match?.[2] ?? '').toLowerCase()] ?? 1;
  return Number(match?.[1] ?? 0) * unit;
}

const ms = (value: string): number => Math.round(Number.parseFloat(value) * 1_000);

/** Options that do more than set what the table says. */
const SETTERS: Readonly<Record<string, (set: Setting) => void>> = {
  'progress-meter': ({ globals, isOn }) => void (globals.isNoMeter = !isOn),
  'location-trusted': ({ config, isOn }) => {
    config.isLocation = isOn;
    if (isOn) config.on.add('location-trusted');
  },
  'remote-name': ({ config }) => void config.outputs.push(true),
  data: ({ config, value }) => void config.data.push({ kind: 'data', text: value }),
  'data-ascii': ({ config, value }) => void config.data.push({ kind: 'data', text: value }),
  'data-raw': ({ config, value }) => void config.data.push({ kind: 'raw', text: value }),
  'data-binary': ({ config, value }) => void config.data.push({ kind: 'binary', text: value }),
  'data-urlencode': ({ config, value }) => void config.data.push({ kind: 'urlencode', text: value }),
  json: ({ config, value }) => void config.data.push({ kind: 'json', text: value }),
  ipv4: ({ config }) => void (config.family = 4),
  ipv6: ({ config }) => void (config.family = 6),
  form: ({ config, value }) => void config.forms.push({ text: value, isText: false }),
  'form-string': ({ config, value }) => void config.forms.push({ text: value, isText: true }),
  socks4: ({ config, value }) => void (config.proxy = `socks4://${value}`),
  socks4a: ({ config, value }) => void (config.proxy = `socks4a://${value}`),
  socks5: ({ config, value }) => void (config.proxy = `socks5://${value}`),
  'socks5-hostname': ({ config, value }) => void (config.proxy = `socks5h://${value}`),
  'http1.0': ({ config }) => void (config.http = '1.0'),
  'http1.1': ({ config }) => void (config.http = '1.1'),
  http2: ({ config, isOn }) => {
    if (isOn) config.http = '2';
    else config.http = '1.1';
  },
  'http2-prior-knowledge': ({ config }) => void (config.http = '2-prior'),
  alpn: ({ config, isOn }) => void (config.isAlpnOff = !isOn),
  'tlsv1.2': ({ config }) => void (config.minTls = 12),
  'tlsv1.3': ({ config }) => void (config.minTls = 13),
  'tls-max': ({ config, value }) => void (config.maxTls = Math.round(Number(value) * 10)),
  'max-filesize': ({ config, value }) => void (config.maxFileSize = rateOf(value)),
  'limit-rate': ({ config, value }) => void (config.limitRate = rateOf(value)),
  trace: ({ globals, value }) => void (globals.trace = { file: value, isHex: true }),
  'trace-ascii': ({ globals, value }) => void (globals.trace = { file: value, isHex: false }),
  globoff: ({ config }) => void (config.isGlob = false),
};
