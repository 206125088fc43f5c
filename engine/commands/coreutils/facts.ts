import type { Process, Program } from '../../shell/program.ts';
import { man } from './manual.ts';
import { baseName, parentOf, statThrough } from '../../shell/path.ts';
import { findProgram } from '../../shell/process.ts';
import { echoText, formatPrintf } from '../../shell/printf.ts';
import { evaluateTest } from '../../shell/test-expression.ts';
import { compileRegex, RegexFailure } from '../../shell/posix-regex.ts';
import { complain, complainUsage, isBusybox, nameOf, pathOf, tool, wrongArgument } from './tool.ts';
import type { Options } from './tool.ts';
import { formatDate } from '../../base/strftime.ts';
import { parseDate } from './dates.ts';

async function date(process: Process, options: Options): Promise<number> {
  const nowMs = process.sys.nowMs();
  const given = options.get('d', 'date');
  const timeMs = given === undefined ? nowMs : parseDate(given, nowMs);
  if (timeMs === undefined) return complain(process, `invalid date '${given ?? ''}'`);
  const [format, extra] = options.operands;
  if (extra !== undefined) return complainUsage(process, `extra operand '${extra}'`);
  const file = options.get('r', 'reference');
  const entry = file === undefined ? undefined : statThrough(process.machine.files, pathOf(process, file));
  if (file !== undefined && entry === undefined)
    return complain(process, `${file}: No such file or directory`);
  if (format !== undefined && !format.startsWith('+')) return complain(process, `invalid date '${format}'`);
  const iso = options.get('I', 'iso-8601');
  if (!/^(|hours|minutes|date|seconds|ns)$/.test(iso ?? ''))
    return wrongArgument(process, iso ?? '', '--iso-8601', ['hours', 'minutes', 'date', 'seconds', 'ns']);
  const used =
    format !== undefined
      ? format.slice(1)
      : iso !== undefined
        ? iso === '' || iso === 'date'
          ? '%Y-%m-%d'
          : iso.startsWith('s')
            ? '%Y-%m-%dT%H:%M:%S%:z'
            : '%Y-%m-%dT%H:%M%:z'
        : options.has('rfc-3339')
          ? options.get('rfc-3339') === 'date'
            ? '%Y-%m-%d'
            : options.get('rfc-3339') === 'ns'
              ? '%Y-%m-%d %H:%M:%S.%N%:z'
              : '%Y-%m-%d %H:%M:%S%:z'
          : options.has('R', 'rfc-email')
            ? '%a, %d %b %Y %H:%M:%S %z'
            : '%a %b %e %H:%M:%S UTC %Y';
  await process.out(`${formatDate(entry?.modifiedMs ?? timeMs, used)}\n`);
  return 0;
}

async function seq(process: Process): Promise<number> {
  const words = process.argv.slice(1);
  let separator = '\n';
  let isPadded = false;
  let format: string | undefined;
  while (/^-[a-zA-Z-]/.test(words[0] ?? '')) {
    const word = words.shift() ?? '';
    if (word === '--') break;
    if (word === '-w' || word === '--equal-width') isPadded = true;
    else if (word.startsWith('--separator=')) separator = word.slice(12);
    else if (word.startsWith('--format=')) format = word.slice(9);
    else if (word.startsWith('--')) return complainUsage(process, `unrecognized option '${word}'`);
    else if (word.startsWith('-s')) separator = word.length > 2 ? word.slice(2) : (words.shift() ?? '');
    else if (word.startsWith('-f')) format = word.length > 2 ? word.slice(2) : (words.shift() ?? '');
    else return complainUsage(process, `invalid option -- '${word.slice(1, 2)}'`);
  }
  if (words.length === 0) return complainUsage(process, 'missing operand');
  if (words.length > 3) return complainUsage(process, `extra operand '${words[3] ?? ''}'`);
  const bad = words.find((word) => !/^[-+]?((\d+\.?\d*|\.\d+)(e[-+]?\d+)?|0x[\da-f]+)$/i.test(word));
  if (bad !== undefined) return complainUsage(process, `invalid floating point argument: '${bad}'`);
  const [first = 1, step = 1, last = 1] = (
    words.length === 1 ? ['1', '1', words[0]] : words.length === 2 ? [words[0], '1', words[1]] : words
  ).map(Number);
  if (step === 0) return complainUsage(process, `invalid Zero increment value: '${words[1] ?? ''}'`);
  const digits = Math.max(
    ...words.slice(0, words.length > 1 ? -1 : 0).map((word) => (word.split('.')[1] ?? '').length),
    0,
  );
  const values: string[] = [];
  for (let index = 0; ; index++) {
    const value = first + index * step;
    if (step > 0 ? value > last + 1e-9 : value < last - 1e-9) break;
    values.push(format === undefined ? value.toFixed(digits) : formatPrintf(format, [String(value)]).text);
    if (index % 256 === 255) await process.sys.burn(256);
  }
  const width = isPadded ? Math.max(...values.map((value) => value.length)) : 0;
  if (values.length > 0)
    await process.out(`${values.map((value) => value.padStart(width, '0')).join(separator)}\n`);
  return 0;
}

async function uname(process: Process, options: Options): Promise<number> {
  const { hostname } = process.machine;
  const release = process.machine.versions['linux'] ?? '6.8.0-50-generic';
  const parts: Readonly<Record<string, string>> = {
    s: 'Linux',
    n: hostname,
    r: release,
    v: '#51-Ubuntu SMP PREEMPT_DYNAMIC',
    m: 'x86_64',
    o: isBusybox(process) ? 'Linux' : 'GNU/Linux',
  };
  const wanted = options.has('a', 'all')
    ? [...'snrvmo']
    : [...'snrvmpio'].filter((letter) => options.has(letter));
  await process.out(
    `${(wanted.length > 0 ? wanted : ['s']).map((letter) => parts[letter] ?? 'x86_64').join(' ')}\n`,
  );
  return 0;
}

async function id(process: Process, options: Options): Promise<number> {
  const [who] = options.operands;
  const { user } = process.machine;
  if (who !== undefined && who !== user && who !== 'root')
    return complain(process, isBusybox(process) ? `unknown user ${who}` : `'${who}': no such user`);
  const name = who ?? user;
  const number = name === 'root' ? '0' : '1000';
  if (options.has('u', 'user', 'g', 'group'))
    await process.out(`${options.has('n', 'name') ? name : number}\n`);
  else if (options.has('G', 'groups')) await process.out(`${options.has('n', 'name') ? name : number}\n`);
  else await process.out(`uid=${number}(${name}) gid=${number}(${name}) groups=${number}(${name})\n`);
  return 0;
}

async function hostname(process: Process, options: Options): Promise<number> {
  const own = process.machine.hostname;
  const found = process.machine.files.read('/etc/hosts');
  const hosts = 'content' in found ? found.content.split('\n') : [];
  const address = hosts.map((line) => line.split(/\s+/)).find((words) => words.includes(own))?.[0];
  if (options.has('i', 'ip-address')) await process.out(`${address ?? '127.0.1.1'}\n`);
  else if (options.has('I')) await process.out(`${address ?? '127.0.1.1'} \n`);
  else await process.out(`${options.has('s', 'short') ? (own.split('.')[0] ?? '') : own}\n`);
  return 0;
}

async function uptime(process: Process, options: Options): Promise<number> {
  const bootMs = process.sys.nowMs() - (process.sys.nowMs() % 86_400_000) - 3_600_000;
  const minutes = Math.floor((process.sys.nowMs() - bootMs) / 60_000);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  if (options.has('p', 'pretty'))
    await process.out(`up ${hours} hour${hours === 1 ? '' : 's'}, ${rest} minute${rest === 1 ? '' : 's'}\n`);
  else if (options.has('s', 'since')) await process.out(`${formatDate(bootMs, '%Y-%m-%d %H:%M:%S')}\n`);
  else
    await process.out(
      ` ${formatDate(process.sys.nowMs(), '%H:%M:%S')} up ${String(hours).padStart(2)}:${String(rest).padStart(2, '0')},  1 user,  load average: 0.00, 0.00, 0.00\n`,
    );
  return 0;
}

async function free(process: Process, options: Options): Promise<number> {
  const unit = options.has('g') ? 1048576 : options.has('m') ? 1024 : options.has('b') ? 1 / 1024 : 1;
  const show = (kilobytes: number): string =>
    (options.has('h')
      ? `${(kilobytes / 1048576).toFixed(1)}Gi`
      : String(Math.floor(kilobytes / unit))
    ).padStart(12);
  const row = (name: string, values: readonly number[]): string =>
    `${name.padEnd(8)}${values.map((value) => show(value)).join('')}\n`;
  await process.out(
    `               total        used        free      shared  buff/cache   available\n${row('Mem:', [8148152, 1523480, 5012344, 12300, 1612328, 6337892])}${row('Swap:', [0, 0, 0])}`,
  );
  return 0;
}

async function which(process: Process, options: Options): Promise<number> {
  let exit = options.operands.length === 0 ? 1 : 0;
  for (const name of options.operands) {
    const found = findProgram(process.machine, process.cwd, process.env.get('PATH'), name);
    if (found.kind === 'program') await process.out(`${found.path}\n`);
    else exit = 1;
  }
  return exit;
}

async function printenv(process: Process): Promise<number> {
  const names = process.argv.slice(1);
  if (names.length === 0)
    await process.out([...process.env].map(([name, value]) => `${name}=${value}\n`).join(''));
  let exit = 0;
  for (const name of names) {
    const value = process.env.get(name);
    if (value === undefined) exit = 1;
    else await process.out(`${value}\n`);
  }
  return exit;
}

async function basename(process: Process, options: Options): Promise<number> {
  const [first, second] = options.operands;
  if (first === undefined) return complainUsage(process, 'missing operand');
  const third = options.operands[2];
  if (third !== undefined && !options.has('a', 's', 'multiple', 'suffix'))
    return complainUsage(process, `extra operand '${third}'`);
  const suffix = options.get('s', 'suffix') ?? (options.has('a', 'multiple') ? undefined : second);
  for (const operand of options.has('a', 's', 'multiple', 'suffix') ? options.operands : [first]) {
    const name = baseName(operand);
    await process.out(
      `${suffix !== undefined && name.endsWith(suffix) && name !== suffix ? name.slice(0, -suffix.length) : name}\n`,
    );
  }
  return 0;
}

async function dirname(process: Process, options: Options): Promise<number> {
  if (options.operands.length === 0) return complainUsage(process, 'missing operand');
  for (const operand of options.operands) {
    const trimmed = operand.replace(/(.)\/+$/, '$1');
    const parent = parentOf(trimmed).replace(/(.)\/+$/, '$1');
    await process.out(`${trimmed.includes('/') ? parent : '.'}${options.has('z') ? '\0' : '\n'}`);
  }
  return 0;
}

async function tty(process: Process, options: Options): Promise<number> {
  const isTerminal = process.tty('stdin') !== undefined;
  if (!options.has('s')) await process.out(isTerminal ? '/dev/pts/0\n' : 'not a tty\n');
  return isTerminal ? 0 : 1;
}

async function stty(process: Process): Promise<number> {
  const terminal = process.tty('stdin');
  if (terminal === undefined) return complain(process, "'standard input': Inappropriate ioctl for device");
  for (const word of process.argv.slice(1)) {
    if (word === 'size') await process.out(`${terminal.rows} ${terminal.columns}\n`);
    else if (word === '-echo' || word === 'echo') terminal.isEcho = word === 'echo';
    else if (word === 'raw' || word === '-icanon') terminal.isRaw = true;
    else if (word === 'sane' || word === 'cooked' || word === '-raw') {
      terminal.isRaw = false;
      terminal.isEcho = true;
    }
  }
  if (process.argv.length === 1) await process.out('speed 38400 baud; line = 0;\n-brkint -imaxbel\n');
  else if (process.argv[1] === '-a')
    await process.out(`speed 38400 baud; rows ${terminal.rows}; columns ${terminal.columns}; line = 0;\n`);
  return 0;
}

async function tput(process: Process): Promise<number> {
  const terminal = process.tty('stdout') ?? process.tty('stdin');
  const codes: Readonly<Record<string, string>> = {
    clear: '\x1b[H\x1b[2J\x1b[3J',
    bold: '\x1b[1m',
    sgr0: '\x1b(B\x1b[m',
    reset: '\x1bc',
  };
  const [what = '', value = '0'] = process.argv.slice(1);
  if (what === 'cols') await process.out(`${terminal?.columns ?? 80}\n`);
  else if (what === 'lines') await process.out(`${terminal?.rows ?? 24}\n`);
  else if (what === 'colors') await process.out('256\n');
  else if (what === 'setaf') await process.out(`\x1b[3${value}m`);
  else if (Object.hasOwn(codes, what)) await process.out(codes[what] ?? '');
  else return complain(process, `unknown terminfo capability '${what}'`, 4);
  return 0;
}

async function expr(process: Process): Promise<number> {
  const words = process.argv.slice(1);
  if (words.length === 0) return complainUsage(process, 'missing operand', 2);
  const result = evaluateExpr(words);
  if ('error' in result) return complain(process, result.error, 2);
  await process.out(`${result.value}\n`);
  return result.value === '' || /^-?0+$/.test(result.value) ? 1 : 0;
}

/** Evaluates `expr`'s words, by precedence: `|`, `&`, comparisons, `+ -`, `* / %`, `:`. */
function evaluateExpr(words: readonly string[]): { value: string } | { error: string } {
  let at = 0;
  const levels = [['|'], ['&'], ['=', '==', '!=', '<', '<=', '>', '>='], ['+', '-'], ['*', '/', '%'], [':']];
  const fail = (message: string): never => {
    throw new ExprFailure(message);
  };
  const primary = (): string => {
    const word = words[at];
    if (word === undefined) return fail(`syntax error: missing argument after '${words[at - 1] ?? ''}'`);
    at++;
    if (word === '(') {
      const value = level(0);
      if (words[at] !== ')') fail("syntax error: expecting ')' instead of end");
      at++;
      return value;
    }
    if (word === 'length' && words[at] !== undefined) return String([...primary()].length);
    if (word === 'substr' && words[at + 2] !== undefined) {
      const [text, from, length] = [primary(), primary(), primary()];
      return text.slice(Number(from) - 1, Number(from) - 1 + Number(length));
    }
    if (word === 'index' && words[at + 1] !== undefined) {
      const [text, chars] = [primary(), primary()];
      return String([...text].findIndex((char) => chars.includes(char)) + 1);
    }
    if (word === 'match' && words[at + 1] !== undefined) return matchExpr(primary(), primary());
    if (word === '+' && words[at] !== undefined) return words[at++] ?? '';
    return word;
  };
  const number = (text: string): bigint =>
    /^-?\d+$/.test(text) ? BigInt(text) : fail('non-integer argument');
  const apply = (operator: string, a: string, b: string): string => {
    const isTrue = (text: string): boolean => text !== '' && !/^-?0+$/.test(text);
    if (operator === '|') return isTrue(a) ? a : isTrue(b) ? b : '0';
    if (operator === '&') return isTrue(a) && isTrue(b) ? a : '0';
    if (operator === ':') return matchExpr(a, b);
    if ('+-*/%'.includes(operator)) {
      const [left, right] = [number(a), number(b)];
      if ((operator === '/' || operator === '%') && right === 0n) fail('division by zero');
      return String(
        operator === '+'
          ? left + right
          : operator === '-'
            ? left - right
            : operator === '*'
              ? left * right
              : operator === '/'
                ? left / right
                : left % right,
      );
    }
    const areNumbers = /^-?\d+$/.test(a) && /^-?\d+$/.test(b);
    const order = areNumbers ? Number(BigInt(a) - BigInt(b)) : a < b ? -1 : a > b ? 1 : 0;
    const holds = {
      '=': order === 0,
      '==': order === 0,
      '!=': order !== 0,
      '<': order < 0,
      '<=': order <= 0,
      '>': order > 0,
      '>=': order >= 0,
    }[operator];
    return holds === true ? '1' : '0';
  };
  const level = (depth: number): string => {
    const operators = levels[depth];
    if (operators === undefined) return primary();
    let left = level(depth + 1);
    while (operators.includes(words[at] ?? '')) {
      const operator = words[at++] ?? '';
      left = apply(operator, left, level(depth + 1));
    }
    return left;
  };
  try {
    const value = level(0);
    return at < words.length
      ? { error: `syntax error: unexpected argument '${words[at] ?? ''}'` }
      : { value };
  } catch (error) {
    if (error instanceof ExprFailure) return { error: error.message };
    throw error;
  }
}

class ExprFailure extends Error {
  override readonly name = 'ExprFailure';
}

function matchExpr(text: string, source: string): string {
  try {
    const regex = compileRegex(`^${source}`, 'basic');
    const match = regex.find(text);
    if (regex.groupCount > 0) return match?.groups[1] ?? '';
    return String(match === undefined ? 0 : match.end);
  } catch (error) {
    if (error instanceof RegexFailure) return '0';
    throw error;
  }
}

const test: Program = async (process) => {
  const name = nameOf(process);
  let words = process.argv.slice(1);
  if (name === '[') {
    if (words.at(-1) !== ']') return complain(process, "missing ']'", 2);
    words = words.slice(0, -1);
  }
  const result = evaluateTest(words, {
    files: process.machine.files,
    cwd: process.cwd,
    isSet: (variable) => process.env.has(variable),
    isTerminal: (fd) =>
      (fd === 0 ? process.tty('stdin') : fd === 1 ? process.tty('stdout') : process.tty('stderr')) !==
      undefined,
    badNumber: (text) => `invalid integer '${text}'`,
  });
  return typeof result === 'boolean' ? (result ? 0 : 1) : complain(process, result.message, 2);
};

const printf: Program = async (process) => {
  const [format, ...args] = process.argv.slice(1);
  if (format === undefined) return complainUsage(process, 'missing operand');
  const { text, complaints } = formatPrintf(format, args);
  await process.out(text);
  for (const complaint of complaints) await complain(process, complaint);
  return complaints.length > 0 ? 1 : 0;
};

/** A tool that only prints. */
const says =
  (text: (process: Process) => string): Program =>
  async (process) => {
    await process.out(text(process));
    return 0;
  };

/** Tools that tell facts or compute. */
export const FACT_TOOLS: readonly (readonly [string, Program])[] = [
  [
    'date',
    tool(
      { short: 'd:uI::Rs:r:', long: ['date=', 'utc', 'iso-8601?', 'rfc-3339=', 'rfc-email', 'reference='] },
      date,
    ),
  ],
  ['seq', seq],
  ['uname', tool({ most: 0, short: 'asnrvmpio', long: ['all'] }, uname)],
  ['id', tool({ short: 'ugGn', long: ['user', 'group', 'groups', 'name'] }, id)],
  ['whoami', says((process) => `${process.machine.user}\n`)],
  ['logname', says((process) => `${process.machine.user}\n`)],
  ['hostname', tool({ short: 'fisId', long: ['ip-address', 'short', 'fqdn'] }, hostname)],
  [
    'uptime',
    tool(
      {
        short: 'ps',
        long: ['pretty', 'since'],
        usage:
          '\nUsage:\n uptime [options]\n\nOptions:\n -p, --pretty   show uptime in pretty format\n -h, --help     display this help and exit\n -s, --since    system up since\n -V, --version  output version information and exit\n\nFor more details see uptime(1).\n',
      },
      uptime,
    ),
  ],
  ['free', tool({ short: 'mghbkt' }, free)],
  ['which', tool({ short: 'a' }, which)],
  ['printenv', printenv],
  ['basename', tool({ short: 'as:', long: ['multiple', 'suffix='] }, basename)],
  ['dirname', tool({ short: 'z' }, dirname)],
  ['tty', tool({ short: 's' }, tty)],
  ['stty', stty],
  ['tput', tput],
  ['clear', says(() => '\x1b[H\x1b[2J\x1b[3J')],
  ['reset', says(() => '\x1bc')],
  ['expr', expr],
  ['test', test],
  ['[', test],
  ['printf', printf],
  ['echo', says((process) => echoText(process.argv.slice(1), process.machine.shell))],
  ['pwd', says((process) => `${process.cwd}\n`)],
  ['true', async () => 0],
  ['false', async () => 1],
  ['sync', async () => 0],
  ['nproc', says(() => '2\n')],
  ['arch', says(() => 'x86_64\n')],
  ['man', man],
  [
    'mktemp',
    tool({ short: 'dp:tu' }, async (process, options) => {
      const { files } = process.machine;
      const template = options.operands[0] ?? '/tmp/tmp.XXXXXXXXXX';
      const path = pathOf(
        process,
        template.replace(/X{3,}$/, (marks) =>
          String(process.sys.pid * 7919 + files.revision)
            .padStart(marks.length, 'k')
            .slice(-marks.length),
        ),
      );
      if (options.has('d')) files.makeFolder(path, process.sys.nowMs());
      else files.write(path, '', process.sys.nowMs(), { mode: 0o600 });
      await process.out(`${path}\n`);
      return 0;
    }),
  ],
];
