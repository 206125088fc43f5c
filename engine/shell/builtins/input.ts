import type { Interpreter } from '../interpreter.ts';
import { echoText, formatPrintf } from '../printf.ts';
import { evaluateTest } from '../test-expression.ts';
import type { Builtin } from './table.ts';

async function printf(shell: Interpreter, argv: readonly string[]): Promise<number> {
  let words = argv.slice(1);
  let target: string | undefined;
  if (words[0] === '-v' && shell.state.dialect === 'bash') {
    target = words[1];
    words = words.slice(2);
  }
  if (words[0] === '--') words = words.slice(1);
  const [format, ...args] = words;
  if (format === undefined) {
    if (shell.state.dialect === 'bash')
      await shell.err('printf: usage: printf [-v var] format [arguments]\n');
    else await shell.err('printf: usage: printf format [arg ...]\n');
    return 2;
  }
  const { text, complaints } = formatPrintf(format, args);
  if (target === undefined) await shell.out(text);
  else await shell.assign(target, text);
  for (const complaint of complaints) await shell.complain(`printf: ${complaint}`);
  return complaints.length > 0 ? 1 : 0;
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
    isSet: (variable) => state.variables.get(variable) !== undefined,
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
  names: string[];
};

function readOptions(argv: readonly string[]): ReadOptions | { bad: string } {
  const options: ReadOptions = {
    isRaw: false,
    prompt: '',
    isSilent: false,
    count: undefined,
    timeoutMs: undefined,
    delimiter: '\n',
    list: undefined,
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
      else if ('pntdaNu'.includes(letter)) {
        const value = place + 1 < word.length ? word.slice(place + 1) : (argv[++at] ?? '');
        if (letter === 'p') options.prompt = value;
        else if (letter === 'n' || letter === 'N') options.count = Number(value);
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
  if ('bad' in options) {
    await shell.complain(`read: ${options.bad}: invalid option`);
    await shell.err(
      'read: usage: read [-ers] [-a array] [-d delim] [-i text] [-n nchars] [-N nchars] [-p prompt] [-t timeout] [-u fd] [name ...]\n',
    );
    return 2;
  }
  const bad = options.names.find((name) => !/^[A-Za-z_][A-Za-z0-9_]*(\[.*\])?$/.test(name));
  if (bad !== undefined) return shell.complain(`read: \`${bad}': not a valid identifier`);
  const terminal = shell.descriptors.get(0)?.terminal;
  if (options.prompt !== '' && terminal !== undefined) await shell.err(options.prompt);
  const echo = terminal?.isEcho ?? true;
  if (terminal !== undefined && options.isSilent) terminal.isEcho = false;
  try {
    return await readInto(shell, options);
  } finally {
    if (terminal !== undefined) terminal.isEcho = echo;
  }
}

async function readInto(shell: Interpreter, options: ReadOptions): Promise<number> {
  const { text, isComplete, isTimeout } = await readText(shell, options);
  const line = options.isRaw
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
  const stream = shell.descriptors.get(0)?.stream;
  const deadlineMs = options.timeoutMs === undefined ? undefined : shell.nowMs() + options.timeoutMs;
  let text = '';
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
    for (let at = 0; at < chunk.length; at++) {
      const char = chunk[at] ?? '';
      const isContinued = !options.isRaw && /(^|[^\\])(\\\\)*\\$/.test(text);
      if (char === options.delimiter && !isContinued) {
        stream?.putBack(chunk.slice(at + 1));
        return { text, isComplete: true, isTimeout: false };
      }
      text += char;
      if (options.count !== undefined && text.length >= options.count) {
        stream?.putBack(chunk.slice(at + 1));
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
      if (at > start) at++;
      skip();
    }
  }
  return fields;
}

async function mapfile(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const strips = argv.includes('-t');
  const name = argv.slice(1).find((word) => !word.startsWith('-')) ?? 'MAPFILE';
  const text = (await shell.descriptors.get(0)?.stream?.readAll(shell.sys)) ?? '';
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  shell.state.variables.put(name, {
    value: undefined,
    list: new Map(lines.map((line, index) => [String(index), strips ? line : `${line}\n`] as const)),
  });
  return 0;
}

/** Builtins that read, print and test. */
export const INPUT_BUILTINS: Readonly<Record<string, Builtin>> = {
  echo: {
    run: async (shell, argv) => {
      await shell.out(echoText(argv.slice(1), shell.state.dialect));
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
