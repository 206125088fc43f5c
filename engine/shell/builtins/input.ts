import type { Interpreter } from '../interpreter.ts';
import { LIMITS } from '../../base/limits.ts';
import { Signalled } from '../../base/process.ts';
import { quoteWord } from '../print.ts';
import { echoText, formatPrintf } from '../printf.ts';
import { isSet } from '../condition.ts';
import { evaluateTest } from '../test-expression.ts';
import { badOption } from './flow.ts';
import type { Builtin } from './table.ts';

async function printf(shell: Interpreter, argv: readonly string[]): Promise<number> {
  let words = argv.slice(1);
  let target: string | undefined;
  if (words[0] === '-v' && shell.state.dialect === 'bash') {
    target = words[1];
    words = words.slice(2);
  }
  if (/^-./.test(words[0] ?? '') && words[0] !== '--' && shell.state.dialect === 'dash')
    return shell.complain(`printf: Illegal option ${words[0]?.slice(0, 2)}`, 2);
  if (/^-[^-]/.test(words[0] ?? '') && shell.state.dialect === 'bash')
    return badOption(shell, argv, 'printf [-v var] format [arguments]', words[0]);
  if (words[0] === '--') words = words.slice(1);
  const [format, ...args] = words;
  if (format === undefined) {
    if (shell.state.dialect === 'bash')
      await shell.err('printf: usage: printf [-v var] format [arguments]\n');
    else if (shell.state.dialect === 'ash') return shell.complain('usage: printf FORMAT [ARGUMENT...]', 2);
    else await shell.complain('printf: usage: printf format [arg ...]');
    return 2;
  }
  if (target !== undefined && !/^[A-Za-z_][A-Za-z0-9_]*(\[.+\])?$/.test(target))
    return shell.complain(`printf: \`${target}': not a valid identifier`, 2);
  const { text, complaints } = formatPrintf(format, args, {
    dialect: shell.state.dialect,
    nowMs: shell.nowMs(),
    startMs: shell.state.startedMs,
  });
  const who = shell.state.dialect === 'ash' ? '' : 'printf: ';
  for (const complaint of complaints) await shell.complain(`${who}${complaint}`);
  if (target === undefined) {
    if (text !== '' && shell.descriptors.get(1) === undefined)
      return shell.complain('printf: write error: Bad file descriptor');
    await shell.out(text);
  } else await shell.assign(target, text);
  return complaints.every((one) => one.startsWith('warning: ') || one.startsWith('missing '))
    ? 0
    : shell.state.dialect === 'dash' && complaints.some((one) => one.endsWith('directive'))
      ? 2
      : 1;
}

async function test(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const name = argv[0] ?? 'test';
  const { state } = shell;
  let words = argv.slice(1);
  if (name === '[') {
    if (words.at(-1) !== ']') {
      return shell.complain(
        state.dialect === 'bash' ? "[: missing `]'" : state.dialect === 'ash' ? 'missing ]' : '[: missing ]',
        2,
      );
    }
    words = words.slice(0, -1);
  }
  const result = evaluateTest(words, {
    files: shell.files,
    cwd: state.cwd,
    isSet: (variable) => isSet(shell, variable),
    isOption: (option) => state.options.has(option),
    dialect: state.dialect,
    isTerminal: (fd) => shell.descriptors.get(fd)?.terminal !== undefined,
    badNumber: (text) =>
      state.dialect === 'bash'
        ? `${text}: integer expression expected`
        : state.dialect === 'ash'
          ? `${text}: bad number`
          : `Illegal number: ${text}`,
  });
  if (typeof result === 'boolean') return result ? 0 : 1;
  return shell.complain(state.dialect === 'ash' ? result.message : `${name}: ${result.message}`, 2);
}

type ReadOptions = {
  isRaw: boolean;
  prompt: string;
  isSilent: boolean;
  count: number | undefined;
  timeoutMs: number | undefined;
  delimiter: string;
  list: string | undefined;
  fd: number;
  isExact: boolean;
  names: string[];
};

function readOptions(argv: readonly string[]): ReadOptions | { bad: string } | { wrong: string } {
  const options: ReadOptions = {
    isRaw: false,
    prompt: '',
    isSilent: false,
    count: undefined,
    timeoutMs: undefined,
    delimiter: '\n',
    list: undefined,
    fd: 0,
    isExact: false,
    names: [],
  };
  let at = 1;
  for (; /^-./.test(argv[at] ?? ''); at++) {
    const word = argv[at] ?? '';
    if (word === '--') {
      at++;
      break;
    }
    for (let place = 1; place < word.length; place++) {
      const letter = word[place] ?? '';
      if (letter === 'r') options.isRaw = true;
      else if (letter === 's') options.isSilent = true;
      else if (letter === 'e') continue;
      else if ('pntdaNui'.includes(letter)) {
        const value = place + 1 < word.length ? word.slice(place + 1) : (argv[++at] ?? '');
        const isWhole = /^\d+$/.test(value);
        if ('nNu'.includes(letter) && !isWhole)
          return {
            wrong: `${value}: invalid ${letter === 'u' ? 'file descriptor specification' : 'number'}`,
          };
        if (letter === 't' && !/^\d*\.?\d*$/.test(value))
          return { wrong: `${value}: invalid timeout specification` };
        if (letter === 'p') options.prompt = value;
        else if (letter === 'n' || letter === 'N') {
          options.count = Number(value);
          options.isExact = letter === 'N';
        } else if (letter === 'u') options.fd = Number(value);
        else if (letter === 't') options.timeoutMs = Number(value) * 1000;
        else if (letter === 'd') options.delimiter = value.slice(0, 1);
        else if (letter === 'a') options.list = value;
        break;
      } else return { bad: `-${letter}` };
    }
  }
  options.names = argv.slice(at);
  return options;
}

async function read(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if ('bad' in options && shell.state.dialect === 'bash') {
    await shell.complain(`read: ${options.bad}: invalid option`);
    await shell.err(
      'read: usage: read [-ers] [-a array] [-d delim] [-i text] [-n nchars] [-N nchars] [-p prompt] [-t timeout] [-u fd] [name ...]\n',
    );
    return 2;
  }
  const letters = { bash: '', ash: 'ptnsdur', dash: 'pr' }[shell.state.dialect];
  const unknown = argv
    .slice(1)
    .find((word) => /^-[a-zA-Z]/.test(word) && letters !== '' && !letters.includes(word[1] ?? ''));
  if (unknown !== undefined)
    return shell.complain(
      shell.state.dialect === 'ash'
        ? `read: line ${shell.state.line}: illegal option ${unknown.slice(0, 2)}`
        : `read: Illegal option ${unknown.slice(0, 2)}`,
      2,
    );
  if ('bad' in options) return 2;
  if ('wrong' in options) return shell.complain(`read: ${options.wrong}`);
  if (shell.state.dialect === 'dash' && options.names.length === 0)
    return shell.complain('read: arg count', 2);
  const bad = options.names.find((name) => !/^[A-Za-z_][A-Za-z0-9_]*(\[.*\])?$/.test(name));
  if (bad !== undefined)
    return shell.complain(
      shell.state.dialect === 'bash'
        ? `read: \`${bad}': not a valid identifier`
        : `read: ${shell.state.dialect === 'ash' ? `'${bad}'` : bad}: bad variable name`,
      shell.state.dialect === 'dash' ? 2 : 1,
    );
  if (options.fd !== 0 && shell.descriptors.get(options.fd) === undefined)
    return shell.complain(`read: ${options.fd}: invalid file descriptor: Bad file descriptor`);
  const terminal = shell.descriptors.get(options.fd)?.terminal;
  if (options.prompt !== '' && terminal !== undefined) await shell.err(options.prompt);
  const echo = terminal?.isEcho ?? true;
  const wasRaw = terminal?.isRaw ?? false;
  if (terminal !== undefined && options.isSilent) terminal.isEcho = false;
  if (terminal !== undefined && options.count !== undefined) terminal.isRaw = true;
  try {
    return await readInto(shell, options);
  } finally {
    if (terminal !== undefined) Object.assign(terminal, { isEcho: echo, isRaw: wasRaw });
  }
}

async function readInto(shell: Interpreter, options: ReadOptions): Promise<number> {
  const { text, isComplete, isTimeout } = await readText(shell, options);
  const line =
    options.isRaw || options.isExact
      ? text
      : text.replace(/\\([\s\S])/g, (_all, char: string) => (char === '\n' ? '' : char));
  const ifs = shell.state.variables.get('IFS') ?? ' \t\n';
  if (options.list !== undefined) {
    const fields = splitFields(line, ifs, Number.POSITIVE_INFINITY);
    shell.state.variables.put(options.list, {
      value: undefined,
      list: new Map(fields.map((field, index) => [String(index), field] as const)),
    });
  } else if (options.names.length === 0) await shell.assign('REPLY', line);
  else if (options.isExact)
    for (const [index, name] of options.names.entries()) await shell.assign(name, index === 0 ? line : '');
  else {
    const fields = splitFields(line, ifs, options.names.length);
    for (const [index, name] of options.names.entries()) await shell.assign(name, fields[index] ?? '');
  }
  return isTimeout ? 142 : isComplete ? 0 : 1;
}

async function readText(
  shell: Interpreter,
  options: ReadOptions,
): Promise<{ text: string; isComplete: boolean; isTimeout: boolean }> {
  const stream = shell.descriptors.get(options.fd)?.stream;
  if (options.timeoutMs === 0)
    return {
      text: '',
      isComplete: stream !== undefined && (stream.length > 0 || stream.ended),
      isTimeout: false,
    };
  const deadlineMs = options.timeoutMs === undefined ? undefined : shell.nowMs() + options.timeoutMs;
  // Keys come one by one; whoever reads them shows them.
  const isKeyed = options.count !== undefined && shell.descriptors.get(options.fd)?.terminal !== undefined;
  let text = '';
  /** Backslashes at the end of the text so far. */
  let slashes = 0;
  for (;;) {
    const chunk = await shell.interruptible(async () =>
      stream?.read(shell.sys, deadlineMs === undefined ? undefined : Math.max(0, deadlineMs - shell.nowMs())),
    );
    if (chunk === undefined)
      return {
        text,
        isComplete: false,
        isTimeout: stream !== undefined && !stream.ended && deadlineMs !== undefined,
      };
    await shell.interruptible(() => shell.sys.burn(1 + (chunk.length >> 6)));
    for (let at = 0; at < chunk.length; at++) {
      const char = chunk[at] ?? '';
      if (isKeyed && char === '\x03') throw new Signalled('INT');
      if (isKeyed && !options.isSilent && char !== '\n') await shell.err(char);
      const isContinued = !options.isRaw && slashes % 2 === 1;
      slashes = char === '\\' ? slashes + 1 : 0;
      if (char === options.delimiter && !isContinued && !options.isExact) {
        stream?.putBack(chunk.slice(at + 1));
        return { text, isComplete: true, isTimeout: false };
      }
      text += char;
      if (text.length > LIMITS.outputCharactersMax) return { text, isComplete: false, isTimeout: false };
      if (options.count !== undefined && text.length >= options.count) {
        const rest = chunk.slice(at + 1);
        if (!isKeyed || rest !== '\n') stream?.putBack(rest);
        return { text, isComplete: true, isTimeout: false };
      }
    }
  }
}

/** Splits a line for `read`: at most `count` fields, the last of which takes the rest. */
function splitFields(line: string, ifs: string, count: number): string[] {
  const blanks = [...ifs].filter((char) => ' \t\n'.includes(char)).join('');
  const trimEnd = (text: string): string => {
    let end = text.length;
    while (end > 0 && blanks.includes(text[end - 1] ?? '')) end--;
    return text.slice(0, end);
  };
  const fields: string[] = [];
  let at = 0;
  const skip = (): void => {
    while (at < line.length && blanks.includes(line[at] ?? '')) at++;
  };
  skip();
  while (at < line.length) {
    if (fields.length === count - 1) {
      const rest = trimEnd(line.slice(at));
      const last = rest.slice(-1);
      const isOneDelimiter =
        last !== '' && ifs.includes(last) && ![...rest.slice(0, -1)].some((char) => ifs.includes(char));
      fields.push(isOneDelimiter ? rest.slice(0, -1) : rest);
      return fields;
    }
    const start = at;
    while (at < line.length && !ifs.includes(line[at] ?? '')) at++;
    fields.push(line.slice(start, at));
    skip();
    if (at < line.length && ifs.includes(line[at] ?? '') && !blanks.includes(line[at] ?? '')) {
      at++;
      skip();
    }
  }
  return fields;
}

const MAPFILE_USAGE =
  'mapfile [-d delim] [-n count] [-O origin] [-s count] [-t] [-u fd] [-C callback] [-c quantum] [array]';

async function mapfile(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const values = new Map<string, string>();
  let at = 1;
  for (; /^-./.test(argv[at] ?? ''); at++) {
    const word = argv[at] ?? '';
    for (let place = 1; place < word.length; place++) {
      const letter = word[place] ?? '';
      if (letter === 't') values.set('t', '');
      else if ('dnOsuCc'.includes(letter)) {
        values.set(letter, place + 1 < word.length ? word.slice(place + 1) : (argv[++at] ?? ''));
        break;
      } else {
        await shell.complain(`${argv[0] ?? ''}: -${letter}: invalid option`);
        await shell.err(
          `${argv[0] ?? ''}: usage: ${MAPFILE_USAGE.replace('mapfile', argv[0] ?? 'mapfile')}\n`,
        );
        return 2;
      }
    }
  }
  const name = argv[at] ?? 'MAPFILE';
  for (const [letter, what] of [
    ['n', 'line count'],
    ['s', 'line count'],
    ['O', 'array origin'],
    ['c', 'callback quantum'],
    ['u', 'file descriptor specification'],
  ] as const) {
    const value = values.get(letter);
    if (value !== undefined && !/^\d+$/.test(value))
      return shell.complain(`${argv[0] ?? ''}: ${value}: invalid ${what}`);
  }
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    return shell.complain(`${argv[0] ?? ''}: \`${name}': not a valid identifier`);
  const delimiter = values.has('d') ? (values.get('d') ?? '').slice(0, 1) || '\0' : '\n';
  const text = (await shell.descriptors.get(Number(values.get('u') ?? 0))?.stream?.readAll(shell.sys)) ?? '';
  const pieces = text.split(delimiter);
  const last = pieces.pop();
  const lines = pieces.map((line) => (values.has('t') ? line : line + delimiter));
  if (last !== undefined && last !== '') lines.push(last);
  const skip = Number(values.get('s') ?? 0);
  const count = Number(values.get('n') ?? 0);
  const kept = lines.slice(skip, count === 0 ? undefined : skip + count);
  const origin = Number(values.get('O') ?? 0);
  const known = values.has('O') ? shell.state.variables.find(name)?.list : undefined;
  const list = new Map(known ?? []);
  shell.state.variables.put(name, { value: undefined, list });
  const quantum = Number(values.get('c') ?? 5000);
  for (const [index, line] of kept.entries()) {
    if (values.has('C') && (index + 1) % quantum === 0)
      await shell.runText(`${values.get('C') ?? ''} ${origin + index} ${quoteWord(line)}`);
    list.set(String(origin + index), line);
  }
  return 0;
}

/** Builtins that read, print and test. */
export const INPUT_BUILTINS: Readonly<Record<string, Builtin>> = {
  echo: {
    run: async (shell, argv) => {
      if (shell.descriptors.get(1) === undefined)
        return shell.complain('echo: write error: Bad file descriptor');
      await shell.out(echoText(argv.slice(1), shell.state.dialect, shell.state.shopts.has('xpg_echo')));
      return 0;
    },
  },
  printf: { run: printf },
  test: { run: test },
  '[': { run: test },
  read: { run: read },
  mapfile: { run: mapfile, isBash: true },
  readarray: { run: mapfile, isBash: true },
};
