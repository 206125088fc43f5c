import { formatDate } from '../base/strftime.ts';
import type { HttpHeader, HttpRequest } from './http.ts';
import type { CommandResult, ScriptPorts, ScriptState } from './script-machine.ts';
import { globMatches } from './glob.ts';

/** What one command of a script is given. */
export type CommandContext = ScriptPorts & {
  readonly state: ScriptState;
  readonly input: string | undefined;
};

/** A command that scripts of containers can use. `isBuiltin`: the shell's own. */
export type ScriptCommandSpec = {
  readonly isBuiltin?: boolean;
  readonly run: (words: readonly string[], context: CommandContext) => CommandResult;
};

/** How long the kernel tries to connect before it gives up, ms (tools/FACTS.md). */
const CONNECT_GIVE_UP_MS = 134_000;
/** What a command costs that goes over the network and is answered, ms. */
const ANSWER_MS = 12;

function done(out = '', code = 0, err = ''): CommandResult {
  return { out, err, code, waitMs: 0 };
}

function stay(): CommandResult {
  return { out: '', err: '', code: 0, waitMs: Number.POSITIVE_INFINITY };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** The time that sleep's words ask for, ms; undefined for words that are no time. */
function sleepMs(words: readonly string[]): number | undefined {
  let total = 0;
  for (const word of words) {
    const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(word);
    if (/^inf(inity)?$/.test(word)) return Number.POSITIVE_INFINITY;
    if (!match) return undefined;
    total += Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1) * 1000;
  }
  return total;
}

function unescaped(text: string): string {
  const letters: Readonly<Record<string, string>> = {
    n: '\n',
    t: '\t',
    r: '\r',
    '\\': '\\',
    a: '\x07',
    '0': '\0',
  };
  return text.replace(/\\([ntra0\\])/g, (_, letter: string) => letters[letter] ?? letter);
}

function echo(words: readonly string[]): CommandResult {
  let at = 1;
  let hasNewline = true;
  let isEscaped = false;
  for (; /^-[neE]+$/.test(words[at] ?? ''); at++) {
    if (words[at]?.includes('n')) hasNewline = false;
    if (words[at]?.includes('e')) isEscaped = true;
  }
  const text = words.slice(at).join(' ');
  return done(`${isEscaped ? unescaped(text) : text}${hasNewline ? '\n' : ''}`);
}

function printf(words: readonly string[]): CommandResult {
  const args = words.slice(2);
  let used = 0;
  const once = (): string =>
    unescaped(words[1] ?? '').replace(/%(%|[-0-9.]*[sd])/g, (_, kind: string) =>
      kind === '%' ? '%' : (args[used++] ?? ''),
    );
  let text = once();
  while (used > 0 && used < args.length) text += once();
  return done(text);
}

function date(words: readonly string[], context: CommandContext): CommandResult {
  const isIso = words.includes('-Iseconds') || words.includes('-Is');
  const format = words.find((word) => word.startsWith('+'))?.slice(1) ?? '%a %b %e %T %Z %Y';
  return done(`${formatDate(context.nowMs, isIso ? '%FT%T+00:00' : format)}\n`);
}

function test(words: readonly string[], context: CommandContext): CommandResult {
  const args = words[0] === '[' ? words.slice(1, -1) : words.slice(1);
  const isNegated = args[0] === '!';
  const [a = '', b, c = ''] = isNegated ? args.slice(1) : args;
  const result = condition(a, b, c, context);
  return done('', result !== isNegated ? 0 : 1);
}

function condition(a: string, b: string | undefined, c: string, context: CommandContext): boolean {
  if (b === undefined) return a !== '';
  if (a === '-z') return b === '';
  if (a === '-n') return b !== '';
  if (['-f', '-e', '-r', '-s'].includes(a)) {
    const content = context.readFile(b);
    return content !== undefined && (a !== '-s' || content !== '');
  }
  const sides = [Number(a), Number(c)] as const;
  switch (b) {
    case '=':
    case '==':
      return a === c;
    case '!=':
      return a !== c;
    case '-eq':
      return sides[0] === sides[1];
    case '-ne':
      return sides[0] !== sides[1];
    case '-lt':
      return sides[0] < sides[1];
    case '-le':
      return sides[0] <= sides[1];
    case '-gt':
      return sides[0] > sides[1];
    case '-ge':
      return sides[0] >= sides[1];
    default:
      return false;
  }
}

function cat(words: readonly string[], context: CommandContext): CommandResult {
  const paths = words.slice(1).filter((word) => !word.startsWith('-'));
  if (paths.length === 0) return context.input === undefined ? stay() : done(context.input);
  let out = '';
  let err = '';
  for (const path of paths) {
    const content = context.readFile(path);
    if (content === undefined) err += `cat: can't open '${path}': No such file or directory\n`;
    else out += content;
  }
  return done(out, err === '' ? 0 : 1, err);
}

function tail(words: readonly string[], context: CommandContext): CommandResult {
  if (words.some((word) => /^-[a-zA-Z0-9]*[fF]/.test(word))) return stay();
  return lines(words, context, (list, count) => list.slice(-count));
}

function lines(
  words: readonly string[],
  context: CommandContext,
  cut: (list: readonly string[], count: number) => readonly string[],
): CommandResult {
  const text = words.join(' ');
  const count = Number(
    /-n ?(\d+)|-(\d+)/
      .exec(text)
      ?.slice(1)
      .find((one) => one !== undefined) ?? 10,
  );
  const path = words.slice(1).find((word) => !word.startsWith('-') && !/^\d+$/.test(word));
  const source = path === undefined ? (context.input ?? '') : (context.readFile(path) ?? '');
  const list = source.split('\n');
  if (list.at(-1) === '') list.pop();
  return done(
    cut(list, count)
      .map((line) => `${line}\n`)
      .join(''),
  );
}

function grep(words: readonly string[], context: CommandContext): CommandResult {
  const flags = words
    .slice(1)
    .filter((word) => word.startsWith('-'))
    .join('');
  const [pattern = '', path] = words.slice(1).filter((word) => !word.startsWith('-'));
  const source = path === undefined ? (context.input ?? '') : (context.readFile(path) ?? '');
  const fold = (text: string): string => (flags.includes('i') ? text.toLowerCase() : text);
  // Patterns are taken as plain text with `.*`, which scripts of containers mostly are.
  const glob = `*${fold(pattern)
    .replaceAll('.*', '*')
    .replace(/^\^|\$$/g, '')}*`;
  const found = source
    .split('\n')
    .filter((line) => line !== '' && globMatches(glob, fold(line)) !== flags.includes('v'));
  const out = flags.includes('q')
    ? ''
    : flags.includes('c')
      ? `${found.length}\n`
      : found.map((line) => `${line}\n`).join('');
  return done(out, found.length > 0 ? 0 : 1);
}

function wc(words: readonly string[], context: CommandContext): CommandResult {
  const text = context.input ?? '';
  const count = words.includes('-c')
    ? text.length
    : words.includes('-w')
      ? text.split(/\s+/).filter(Boolean).length
      : text.split('\n').length - 1;
  return done(`${count}\n`);
}

function seq(words: readonly string[]): CommandResult {
  const numbers = words.slice(1).map(Number);
  const [first = 1, second, third] = numbers;
  const [from, step, to] =
    third !== undefined
      ? [first, second ?? 1, third]
      : second !== undefined
        ? [first, 1, second]
        : [1, 1, first];
  const out: string[] = [];
  for (let value = from; step > 0 ? value <= to : value >= to; value += step || 1) {
    if (out.push(`${value}\n`) >= 1000) break;
  }
  return done(out.join(''));
}

type Url = { readonly host: string; readonly port: number; readonly path: string; readonly isTls: boolean };

function parseUrl(text: string): Url | undefined {
  const match = /^(?:(https?):\/\/)?(?:[^@/]*@)?([^:/?#[\]]+)(?::(\d{1,5}))?([/?][^#]*)?$/.exec(text);
  if (!match) return undefined;
  const isTls = match[1] === 'https';
  const path = match[4] ?? '/';
  return {
    host: match[2] ?? '',
    port: Number(match[3] ?? (isTls ? 443 : 80)),
    path: path.startsWith('?') ? `/${path}` : path,
    isTls,
  };
}

function requestOf(
  url: Url,
  what: {
    readonly method: string;
    readonly headers: readonly HttpHeader[];
    readonly body: string;
    readonly agent: string;
  },
): HttpRequest {
  const isPlainPort = url.port === (url.isTls ? 443 : 80);
  const type: HttpHeader[] = what.body === '' ? [] : [['Content-Length', String(what.body.length)]];
  return {
    method: what.method,
    target: url.path,
    version: 'HTTP/1.1',
    headers: [
      ['Host', isPlainPort ? url.host : `${url.host}:${url.port}`],
      ['User-Agent', what.agent],
      ...(what.headers.some(([name]) => name.toLowerCase() === 'accept')
        ? []
        : ([['Accept', '*/*']] as const)),
      ...what.headers,
      ...type,
      ['Connection', 'close'],
    ],
    body: what.body,
  };
}

type CurlFlags = {
  isSilent: boolean;
  showsError: boolean;
  fails: boolean;
  isHead: boolean;
  shows: boolean;
  limitMs: number | undefined;
  connectMs: number | undefined;
  output: string | undefined;
  format: string | undefined;
  method: string | undefined;
  data: string;
  headers: HttpHeader[];
  urls: string[];
};

function curlFlags(words: readonly string[]): CurlFlags {
  const flags: CurlFlags = {
    isSilent: false,
    showsError: false,
    fails: false,
    isHead: false,
    shows: false,
    limitMs: undefined,
    connectMs: undefined,
    output: undefined,
    format: undefined,
    method: undefined,
    data: '',
    headers: [],
    urls: [],
  };
  const long: Readonly<Record<string, string>> = {
    '--silent': 's',
    '--show-error': 'S',
    '--fail': 'f',
    '--head': 'I',
    '--include': 'i',
    '--max-time': 'm',
    '--output': 'o',
    '--write-out': 'w',
    '--request': 'X',
    '--data': 'd',
    '--header': 'H',
    '--connect-timeout': 'C',
  };
  const set = (letter: string, value: string): void => {
    if (letter === 'm') flags.limitMs = Number(value) * 1000;
    if (letter === 'C') flags.connectMs = Number(value) * 1000;
    if (letter === 'o') flags.output = value;
    if (letter === 'w') flags.format = value;
    if (letter === 'X') flags.method = value;
    if (letter === 'd') flags.data += (flags.data === '' ? '' : '&') + value;
    if (letter === 'H' && value.includes(':'))
      flags.headers.push([value.slice(0, value.indexOf(':')), value.slice(value.indexOf(':') + 1).trim()]);
  };
  const isValued = (letter: string): boolean => 'mowXdHCuAbTe'.includes(letter);
  for (let i = 1; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word.startsWith('--')) {
      const letter = long[word.split('=')[0] ?? ''];
      if (letter !== undefined && isValued(letter)) set(letter, words[++i] ?? '');
      else if (letter !== undefined) setFlag(flags, letter);
      else if (word === '--retry' || word === '--resolve' || word === '--retry-delay') i++;
    } else if (word.startsWith('-') && word.length > 1) {
      for (let at = 1; at < word.length; at++) {
        const letter = word[at] ?? '';
        if (!isValued(letter)) {
          setFlag(flags, letter);
          continue;
        }
        set(letter, word.slice(at + 1) === '' ? (words[++i] ?? '') : word.slice(at + 1));
        break;
      }
    } else flags.urls.push(word);
  }
  return flags;
}

function setFlag(flags: CurlFlags, letter: string): void {
  if (letter === 's') flags.isSilent = true;
  if (letter === 'S') flags.showsError = true;
  if (letter === 'f') flags.fails = true;
  if (letter === 'I') flags.isHead = true;
  if (letter === 'i') flags.shows = true;
}

function curl(words: readonly string[], context: CommandContext): CommandResult {
  const flags = curlFlags(words);
  let out = '';
  let err = '';
  let code = 0;
  let waitMs = 0;
  for (const text of flags.urls) {
    const one = curlOne(text, flags, context);
    out += one.out;
    err += one.err;
    code = one.code;
    waitMs += one.waitMs;
  }
  if (flags.urls.length === 0) return done('', 2, 'curl: (2) no URL specified\n');
  return { out, err, code, waitMs };
}

function curlOne(text: string, flags: CurlFlags, context: CommandContext): CommandResult {
  const url = parseUrl(text);
  const fail = (code: number, words: string, waitMs: number): CommandResult => {
    const isTold = !flags.isSilent || flags.showsError;
    const written = (flags.format ?? '').replace(/%\{[a-z_]+\}/g, (name) =>
      name === '%{http_code}' ? '000' : '0',
    );
    return { out: unescaped(written), err: isTold ? `curl: (${code}) ${words}\n` : '', code, waitMs };
  };
  if (!url) return fail(3, 'URL using bad/illegal format or missing URL', 0);
  const limitMs = Math.min(flags.limitMs ?? CONNECT_GIVE_UP_MS, flags.connectMs ?? CONNECT_GIVE_UP_MS);
  const method = flags.method ?? (flags.isHead ? 'HEAD' : flags.data === '' ? 'GET' : 'POST');
  const hasType = flags.headers.some(([name]) => name.toLowerCase() === 'content-type');
  const headers: HttpHeader[] =
    flags.data === '' || hasType
      ? flags.headers
      : [...flags.headers, ['Content-Type', 'application/x-www-form-urlencoded']];
  const request = requestOf(url, { method, headers, body: flags.data, agent: 'curl/8.14.1' });
  const result = context.call({ host: url.host, port: url.port, request, isTls: url.isTls });
  if ('error' in result) {
    if (result.error === 'dns') return fail(6, `Could not resolve host: ${url.host}`, ANSWER_MS);
    if (result.error === 'refused')
      return fail(
        7,
        `Failed to connect to ${url.host} port ${url.port} after 1 ms: Could not connect to server`,
        ANSWER_MS,
      );
    if (result.error === 'reset')
      return fail(url.isTls ? 35 : 56, 'Recv failure: Connection reset by peer', ANSWER_MS);
    if (result.error === 'closed') return fail(52, 'Empty reply from server', ANSWER_MS);
    const ms = Math.round(limitMs) + 1;
    const isOwn = flags.limitMs !== undefined || flags.connectMs !== undefined;
    if (isOwn) return fail(28, `Connection timed out after ${ms} milliseconds`, limitMs);
    return fail(
      28,
      `Failed to connect to ${url.host} port ${url.port} after ${ms} ms: Could not connect to server`,
      limitMs,
    );
  }
  const { response } = result;
  const spentMs = ANSWER_MS + (response.delayMs ?? 0);
  if (flags.limitMs !== undefined && spentMs > flags.limitMs)
    return fail(
      28,
      `Operation timed out after ${Math.round(flags.limitMs)} milliseconds with 0 bytes received`,
      flags.limitMs,
    );
  const isFailed = flags.fails && response.status >= 400;
  const head = `HTTP/1.1 ${response.status} ${response.reason ?? ''}\r\n${response.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  const body = isFailed
    ? ''
    : `${flags.isHead || flags.shows ? head : ''}${flags.isHead ? '' : response.body}`;
  if (flags.output !== undefined && flags.output !== '/dev/null') context.writeFile(flags.output, body);
  const values: Readonly<Record<string, string>> = {
    http_code: String(response.status),
    response_code: String(response.status),
    time_total: (spentMs / 1000).toFixed(6),
    size_download: String(response.body.length),
    url_effective: text,
  };
  const tail = unescaped(
    (flags.format ?? '').replace(/%\{([a-z_]+)\}/g, (_, name: string) => values[name] ?? ''),
  );
  const error = isFailed ? `curl: (22) The requested URL returned error: ${response.status}\n` : '';
  const isTold = !flags.isSilent || flags.showsError;
  return {
    out: `${flags.output === undefined ? body : ''}${tail}`,
    err: isTold ? error : '',
    code: isFailed ? 22 : 0,
    waitMs: spentMs,
  };
}

function wget(words: readonly string[], context: CommandContext): CommandResult {
  const text = words.join(' ');
  const isQuiet = /(^|\s)-[a-zA-Z]*q/.test(text);
  const output = /(?:^|\s)-[a-zA-Z]*O\s*(\S+)/.exec(text)?.[1];
  const limitMs = Number(/(?:^|\s)(?:-[a-zA-Z]*T\s*|--timeout[= ])(\d+)/.exec(text)?.[1] ?? 900) * 1000;
  const isSpider = text.includes('--spider');
  const target = words
    .slice(1)
    .filter((word) => !word.startsWith('-') && word !== output)
    .find((word) => !/^\d+$/.test(word));
  const url = parseUrl(target ?? '');
  if (!url) return done('', 1, 'wget: bad address\n');
  const data = /--post-data[= ](\S+)/.exec(text)?.[1] ?? '';
  const request = requestOf(url, {
    method: data === '' ? 'GET' : 'POST',
    headers: [],
    body: data,
    agent: 'Wget',
  });
  const result = context.call({ host: url.host, port: url.port, request, isTls: url.isTls });
  const head = isQuiet ? '' : `Connecting to ${url.host} (${url.host}:${url.port})\n`;
  if ('error' in result) {
    const waitMs = result.error === 'timeout' ? Math.min(limitMs, CONNECT_GIVE_UP_MS) : ANSWER_MS;
    const why: Readonly<Record<string, string>> = {
      dns: `bad address '${url.host}'`,
      refused: `can't connect to remote host: Connection refused`,
      timeout: 'download timed out',
      reset: 'error getting response: Connection reset by peer',
      closed: 'error getting response',
    };
    return {
      out: '',
      err: `${result.error === 'dns' ? '' : head}wget: ${why[result.error] ?? ''}\n`,
      code: 1,
      waitMs,
    };
  }
  const { response } = result;
  const waitMs = ANSWER_MS + (response.delayMs ?? 0);
  if (response.status >= 400) {
    const line = `HTTP/1.1 ${response.status} ${response.reason ?? ''}`;
    return { out: '', err: `${head}wget: server returned error: ${line}\n`, code: 1, waitMs };
  }
  const name = output ?? url.path.slice(url.path.lastIndexOf('/') + 1).concat('') ?? '';
  if (output !== '-' && !isSpider && name !== '/dev/null')
    context.writeFile(name === '' ? '/index.html' : name, response.body);
  return { out: output === '-' ? response.body : '', err: head, code: 0, waitMs };
}

function netcat(words: readonly string[], context: CommandContext): CommandResult {
  const text = words.join(' ');
  if (/(^|\s)-[a-z]*l/.test(text)) return stay();
  const limitMs = Number(/-[a-z]*w\s*(\d+)/.exec(text)?.[1] ?? CONNECT_GIVE_UP_MS / 1000) * 1000;
  const [host = '', port = ''] = words
    .slice(1)
    .filter((word, i) => !word.startsWith('-') && !/^-[a-z]*w$/.test(words[i] ?? ''));
  const result = context.call({ host, port: Number(port), isTls: false });
  const isVerbose = /(^|\s)-[a-z]*v/.test(text);
  if (!('error' in result))
    return { out: '', err: isVerbose ? `${host} (${host}:${port}) open\n` : '', code: 0, waitMs: ANSWER_MS };
  const waitMs = result.error === 'timeout' ? limitMs : ANSWER_MS;
  const why: Readonly<Record<string, string>> = {
    dns: `nc: bad address '${host}'\n`,
    refused: `nc: ${host} (${host}:${port}): Connection refused\n`,
    timeout: `nc: ${host} (${host}:${port}): Connection timed out\n`,
  };
  return {
    out: '',
    err: isVerbose || result.error === 'dns' ? (why[result.error] ?? '') : '',
    code: 1,
    waitMs,
  };
}

function lookup(words: readonly string[], context: CommandContext): CommandResult {
  const name = words.slice(words[1] === 'hosts' ? 2 : 1).find((word) => !word.startsWith('-')) ?? '';
  const address = context.resolve(name);
  const isGetent = words[0] === 'getent';
  if (address === undefined)
    return {
      out: isGetent ? '' : `** server can't find ${name}: NXDOMAIN\n\n`,
      err: '',
      code: isGetent ? 2 : 1,
      waitMs: ANSWER_MS,
    };
  const out = isGetent ? `${address.padEnd(15)} ${name}\n` : `Name:\t${name}\nAddress: ${address}\n\n`;
  return { out, err: '', code: 0, waitMs: ANSWER_MS };
}

function builtin(run: ScriptCommandSpec['run']): ScriptCommandSpec {
  return { isBuiltin: true, run };
}

const TOUCH: ScriptCommandSpec['run'] = (words, context) => {
  for (const path of words.slice(1))
    if (!path.startsWith('-') && context.readFile(path) === undefined) context.writeFile(path, '');
  return done();
};

const REMOVE: ScriptCommandSpec['run'] = (words, context) => {
  let err = '';
  const isForced = words.some((word) => /^-[a-zA-Z]*f/.test(word));
  for (const path of words.slice(1).filter((word) => !word.startsWith('-'))) {
    if (context.readFile(path) !== undefined) context.writeFile(path, undefined);
    else if (!isForced) err += `rm: can't remove '${path}': No such file or directory\n`;
  }
  return done('', err === '' ? 0 : 1, err);
};

const SET: ScriptCommandSpec['run'] = (words, { state }) => {
  for (const word of words.slice(1)) if (/^-[a-z]*e/.test(word)) state.isStrict = true;
  return done();
};

const EXPORT: ScriptCommandSpec['run'] = (words, { state }) => {
  for (const word of words.slice(1)) {
    const equals = word.indexOf('=');
    if (equals > 0 && Object.keys(state.vars).length < 200)
      state.vars[word.slice(0, equals)] = word.slice(equals + 1);
  }
  return done();
};

/** The commands by name. */
export const SCRIPT_COMMANDS: ReadonlyMap<string, ScriptCommandSpec> = new Map<string, ScriptCommandSpec>([
  [':', builtin(() => done())],
  ['true', builtin(() => done())],
  ['false', builtin(() => done('', 1))],
  ['echo', builtin(echo)],
  ['printf', builtin(printf)],
  ['test', builtin(test)],
  ['[', builtin(test)],
  ['set', builtin(SET)],
  ['export', builtin(EXPORT)],
  ['trap', builtin(() => done())],
  ['wait', builtin(() => stay())],
  [
    'exit',
    builtin((words, { state }) => ({
      ...done('', Number(words[1] ?? state.code) & 255),
      endsWith: Number(words[1] ?? state.code) & 255,
    })),
  ],
  [
    'sleep',
    {
      run: (words) => {
        const ms = sleepMs(words.slice(1));
        return ms === undefined
          ? done('', 1, `sleep: invalid number '${words[1] ?? ''}'\n`)
          : { ...done(), waitMs: ms };
      },
    },
  ],
  ['date', { run: date }],
  ['hostname', { run: (_, context) => done(`${context.hostname}\n`) }],
  ['cat', { run: cat }],
  ['head', { run: (words, context) => lines(words, context, (list, count) => list.slice(0, count)) }],
  ['tail', { run: tail }],
  ['grep', { run: grep }],
  ['wc', { run: wc }],
  ['seq', { run: seq }],
  ['touch', { run: TOUCH }],
  ['rm', { run: REMOVE }],
  ['mkdir', { run: () => done() }],
  ['curl', { run: curl }],
  ['wget', { run: wget }],
  ['nc', { run: netcat }],
  ['nslookup', { run: lookup }],
  ['getent', { run: lookup }],
]);
