import { runExternal } from '../external.ts';
import type { Interpreter } from '../interpreter.ts';
import { resolvePath, statThrough } from '../path.ts';
import { printFunction } from '../print.ts';
import { findProgram } from '../process.ts';
import { badOption } from './flow.ts';
import { fixCommand, history } from './events.ts';
import { help } from './help.ts';
import { builtinNames, builtinOf } from './table.ts';
import type { Builtin } from './table.ts';

const KEYWORDS = new Set([
  'if',
  'then',
  'else',
  'elif',
  'fi',
  'for',
  'while',
  'until',
  'do',
  'done',
  'case',
  'esac',
  'in',
  'function',
  'select',
  'time',
  '{',
  '}',
  '!',
  '[[',
  ']]',
]);

async function changeFolder(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  const bad = argv.slice(1).find((word) => /^-[A-Za-z]/.test(word) && !/^-[LPe@]+$/.test(word));
  if (bad !== undefined && state.dialect === 'bash' && !argv.slice(1, argv.indexOf(bad)).includes('--'))
    return badOption(shell, argv, 'cd [-L|[-P [-e]] [-@]] [dir]', bad);
  const words = argv.slice(1).filter((word) => !/^-[LPe@]+$/.test(word) && word !== '--');
  if (words[0] === '' && state.dialect === 'bash') return 0;
  if (words.length > 1 && state.dialect === 'bash') return shell.complain('cd: too many arguments');
  const given = words[0];
  const target =
    given === undefined
      ? state.variables.get('HOME')
      : given === '-'
        ? (state.variables.get('OLDPWD') ?? (state.dialect === 'bash' ? undefined : state.cwd))
        : given;
  if (target === undefined) return shell.complain(given === '-' ? 'cd: OLDPWD not set' : 'cd: HOME not set');
  const path = findFolder(shell, target);
  const entry = statThrough(shell.files, path);
  if (entry?.kind !== 'folder') return cannotChange(shell, target, entry !== undefined);
  const isThroughPath = path !== resolvePath(state.cwd, target);
  await enter(shell, path);
  if (given === '-' || isThroughPath) await shell.out(`${path}\n`);
  return 0;
}

function findFolder(shell: Interpreter, target: string): string {
  const { state } = shell;
  for (const folder of /^(\/|\.)/.test(target) ? [] : (state.variables.get('CDPATH') ?? '').split(':')) {
    const path = folder === '' ? '' : resolvePath(resolvePath(state.cwd, folder), target);
    if (path !== '' && statThrough(shell.files, path)?.kind === 'folder') return path;
  }
  return resolvePath(state.cwd, target);
}

async function cannotChange(shell: Interpreter, target: string, isFile: boolean): Promise<number> {
  const reason = isFile ? 'Not a directory' : 'No such file or directory';
  if (shell.state.dialect === 'bash') return shell.complain(`cd: ${target}: ${reason}`);
  return shell.complain(`cd: can't cd to ${target}${shell.state.dialect === 'ash' ? `: ${reason}` : ''}`, 2);
}

async function enter(shell: Interpreter, path: string): Promise<void> {
  const { state } = shell;
  state.variables.set('OLDPWD', state.cwd);
  state.cwd = path;
  state.variables.set('PWD', path);
  state.variables.declare('PWD').isExported = true;
  state.variables.declare('OLDPWD').isExported = true;
}

/** The place in the stack that `+2` or `-0` names; undefined when the word is no such place. */
function stackIndex(word: string, length: number): number | undefined {
  const match = /^([+-])([0-9]+)$/.exec(word);
  if (match === null) return undefined;
  return match[1] === '+' ? Number(match[2]) : length - 1 - Number(match[2]);
}

async function pushFolder(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  const keeps = argv.includes('-n');
  const word = argv.slice(1).find((one) => one !== '-n' && one !== '--');
  const stack = [state.cwd, ...state.folders];
  if (word === undefined && state.folders[0] === undefined)
    return shell.complain('pushd: no other directory');
  const index = word === undefined ? 1 : stackIndex(word, stack.length);
  if (index !== undefined) {
    if (stack[index] === undefined)
      return shell.complain(
        `pushd: ${word}: directory stack ${state.folders.length === 0 ? 'empty' : 'index out of range'}`,
      );
    const turned =
      word === undefined
        ? [stack[1] ?? '', stack[0] ?? '', ...stack.slice(2)]
        : [...stack.slice(index), ...stack.slice(0, index)];
    return setStack(shell, turned, true);
  }
  const path = resolvePath(state.cwd, word ?? '');
  if (keeps) return setStack(shell, [state.cwd, path, ...state.folders], true);
  const entry = statThrough(shell.files, path);
  if (entry?.kind !== 'folder')
    return shell.complain(
      `pushd: ${word}: ${entry === undefined ? 'No such file or directory' : 'Not a directory'}`,
    );
  return setStack(shell, [path, ...stack], true);
}

async function setStack(shell: Interpreter, stack: readonly string[], shows: boolean): Promise<number> {
  const [first = '/', ...rest] = stack;
  shell.state.folders = rest.slice(0, 200);
  if (first !== shell.state.cwd) await enter(shell, first);
  return shows ? showFolders(shell, ['dirs']) : 0;
}

async function popFolder(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  const word = argv.slice(1).find((one) => one !== '-n');
  if (state.folders.length === 0)
    return shell.complain(
      `popd: ${word === undefined ? '' : `${word}: `}directory stack empty`.replace('popd: +', 'popd: +'),
    );
  const stack = [state.cwd, ...state.folders];
  const index = word === undefined ? (argv.includes('-n') ? 1 : 0) : stackIndex(word, stack.length);
  if (index === undefined) return shell.complain(`popd: ${word}: invalid argument`, 2);
  if (stack[index] === undefined) return shell.complain(`popd: ${word}: directory stack index out of range`);
  return setStack(shell, stack.toSpliced(index, 1), true);
}

async function showFolders(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  const flags = argv
    .slice(1)
    .filter((word) => /^-[clpv]+$/.test(word))
    .join('');
  const stack = [state.cwd, ...state.folders];
  if (flags.includes('c')) {
    state.folders = [];
    return 0;
  }
  const home = state.variables.get('HOME') ?? '';
  const short = (path: string): string =>
    !flags.includes('l') && home !== '' && (path === home || path.startsWith(`${home}/`))
      ? `~${path.slice(home.length)}`
      : path;
  const word = argv.slice(1).find((one) => /^[+-][0-9]+$/.test(one));
  if (word !== undefined) {
    const one = stack[stackIndex(word, stack.length) ?? -1];
    if (one === undefined)
      return shell.complain(
        `dirs: ${state.folders.length === 0 ? 'directory stack empty' : `${word.slice(1)}: directory stack index out of range`}`,
      );
    await shell.out(`${short(one)}\n`);
    return 0;
  }
  const lines = stack.map(short);
  await shell.out(
    flags.includes('v')
      ? lines.map((path, index) => `${String(index).padStart(2)}  ${path}\n`).join('')
      : `${lines.join(flags.includes('p') ? '\n' : ' ')}\n`,
  );
  return 0;
}

async function describeName(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  if (state.dialect === 'bash' && /^-[^tpPaf-]/.test(argv[1] ?? ''))
    return badOption(shell, argv, 'type [-afptP] name [name ...]');
  const isFlag = (word: string): boolean => /^-[tpPaf]+$/.test(word) && state.dialect !== 'dash';
  const flags = argv.slice(1).filter(isFlag).join('');
  let status = 0;
  let isAny = false;
  for (const name of argv.slice(1).filter((word) => !isFlag(word))) {
    const lines = descriptions(shell, name, flags);
    isAny ||= lines.length > 0;
    if (lines.length === 0) {
      status = 1;
      if (!/[tpP]/.test(flags)) {
        if (state.dialect === 'bash') await shell.complain(`${argv[0] ?? 'type'}: ${name}: not found`);
        else {
          status = 127;
          await shell.out(`${name}: not found\n`);
        }
      }
    }
    await shell.out((flags.includes('a') ? lines : lines.slice(0, 1)).map((line) => `${line}\n`).join(''));
  }
  // `command -V` is content with one that it found.
  if (isAny && argv[0] === 'command' && state.dialect === 'bash') return 0;
  return status;
}

function descriptions(shell: Interpreter, name: string, flags: string): string[] {
  const { state } = shell;
  const lines: string[] = [];
  const isShort = flags.includes('t');
  const add = (short: string, long: string): void => void lines.push(isShort ? short : long);
  const isPathOnly = /[pP]/.test(flags);
  const text = shell.aliasOf(name);
  const body = state.functions.get(name);
  if (!isPathOnly) {
    if (text !== undefined)
      add(
        'alias',
        state.dialect === 'bash' ? `${name} is aliased to \`${text}'` : `${name} is an alias for ${text}`,
      );
    if (KEYWORDS.has(name)) add('keyword', `${name} is a shell keyword`);
    if (body !== undefined)
      add(
        'function',
        state.dialect === 'bash'
          ? `${name} is a function\n${printFunction(name, body)}`
          : `${name} is a ${state.dialect === 'ash' ? '' : 'shell '}function`,
      );
    const builtin = state.disabled.has(name) ? undefined : builtinOf(name, state.dialect);
    if (builtin !== undefined)
      add(
        'builtin',
        state.dialect !== 'bash' && builtin.isSpecial === true
          ? `${name} is a special shell builtin`
          : `${name} is a shell builtin`,
      );
  }
  const found = findProgram(shell.machine, state.cwd, state.variables.get('PATH'), name);
  if (found.kind === 'program')
    lines.push(isShort ? 'file' : isPathOnly ? found.path : `${name} is ${found.path}`);
  return lines;
}

async function command(shell: Interpreter, argv: readonly string[]): Promise<number> {
  let words = argv.slice(1);
  if (shell.state.dialect === 'bash' && /^-[^vVp-]/.test(words[0] ?? ''))
    return badOption(shell, argv, 'command [-pVv] command [arg ...]');
  const flag = /^-[vVp]+$/.test(words[0] ?? '') ? (words[0] ?? '') : '';
  if (flag !== '' || words[0] === '--') words = words.slice(1);
  const [name] = words;
  if (name === undefined) return 0;
  if (/[vV]/.test(flag)) return commandName(shell, words, flag.includes('V'));
  const builtin = shell.state.disabled.has(name) ? undefined : builtinOf(name, shell.state.dialect);
  if (builtin !== undefined) return builtin.run(shell, words);
  await runExternal(shell, words, shell.exported(), 'child', () => words.join(' '));
  return shell.state.status;
}

async function commandName(shell: Interpreter, all: readonly string[], isLong: boolean): Promise<number> {
  const names = shell.state.dialect === 'bash' ? all : all.slice(0, 1);
  if (isLong) return describeName(shell, ['command', ...names]);
  const { state } = shell;
  let status = 1;
  for (const name of names) {
    const text = shell.aliasOf(name);
    const found = findProgram(shell.machine, state.cwd, state.variables.get('PATH'), name);
    const isOwn =
      KEYWORDS.has(name) || state.functions.has(name) || builtinOf(name, state.dialect) !== undefined;
    const line =
      text !== undefined
        ? `alias ${name}='${text}'`
        : isOwn
          ? name
          : found.kind === 'program'
            ? found.path
            : undefined;
    if (line === undefined) continue;
    status = 0;
    await shell.out(`${line}\n`);
  }
  return state.dialect === 'bash' || status === 0 ? status : 127;
}

/** The limits of a machine as `ulimit -a` lists them; `unlimited` where there is none. */
const LIMIT_ROWS: readonly (readonly [string, string, string])[] = [
  ['real-time non-blocking time  (microseconds, -R)', 'R', 'unlimited'],
  ['core file size              (blocks, -c)', 'c', '0'],
  ['data seg size               (kbytes, -d)', 'd', 'unlimited'],
  ['scheduling priority                 (-e)', 'e', '0'],
  ['file size                   (blocks, -f)', 'f', 'unlimited'],
  ['pending signals                     (-i)', 'i', '7823'],
  ['max locked memory           (kbytes, -l)', 'l', '8192'],
  ['max memory size             (kbytes, -m)', 'm', 'unlimited'],
  ['open files                          (-n)', 'n', '1024'],
  ['pipe size                (512 bytes, -p)', 'p', '8'],
  ['POSIX message queues         (bytes, -q)', 'q', '819200'],
  ['real-time priority                  (-r)', 'r', '0'],
  ['stack size                  (kbytes, -s)', 's', '8192'],
  ['cpu time                   (seconds, -t)', 't', 'unlimited'],
  ['max user processes                  (-u)', 'u', '7823'],
  ['virtual memory              (kbytes, -v)', 'v', 'unlimited'],
  ['file locks                          (-x)', 'x', 'unlimited'],
];

async function limits(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const flags = argv
    .slice(1)
    .filter((word) => /^-/.test(word))
    .join('')
    .replace(/[-SH]/g, '');
  if (flags.includes('a')) {
    await shell.out(LIMIT_ROWS.map(([label, , value]) => `${label} ${value}\n`).join(''));
    return 0;
  }
  const letter = flags === '' ? 'f' : flags.slice(0, 1);
  const row = LIMIT_ROWS.find(([, one]) => one === letter);
  if (row === undefined && shell.state.dialect === 'dash')
    return shell.complain(`ulimit: Illegal option -${letter}`, 2);
  if (row === undefined)
    return badOption(shell, argv, 'ulimit [-SHabcdefiklmnpqrstuvxPRT] [limit]', `-${letter}`);
  const wanted = argv.slice(1).find((word) => !word.startsWith('-'));
  if (wanted === undefined) await shell.out(`${row[2]}\n`);
  else if (!/^(\d+|unlimited|hard|soft)$/.test(wanted) && shell.state.dialect === 'bash')
    return shell.complain(`ulimit: ${wanted}: invalid number`);
  return 0;
}

/** `u=rwx,g=rx,o=` of a mask. */
function symbolicMask(mask: number): string {
  const one = (bits: number): string => `${bits & 4 ? '' : 'r'}${bits & 2 ? '' : 'w'}${bits & 1 ? '' : 'x'}`;
  return `u=${one(mask >> 6)},g=${one(mask >> 3)},o=${one(mask)}`;
}

async function umask(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  const words = argv.slice(1).filter((word) => !/^-[Sp]+$/.test(word));
  const octal = String(state.mask.toString(8)).padStart(4, '0');
  const [word] = words;
  if (word === undefined) {
    const text = argv.includes('-S') ? symbolicMask(state.mask) : octal;
    await shell.out(argv.includes('-p') ? `umask ${argv.includes('-S') ? '-S ' : ''}${text}\n` : `${text}\n`);
    return 0;
  }
  if (/^[0-9]+$/.test(word)) {
    if (/[89]/.test(word) || Number.parseInt(word, 8) > 0o777)
      return shell.complain(
        state.dialect === 'bash'
          ? `umask: ${word}: octal number out of range`
          : `umask: Illegal number: ${word}`,
        state.dialect === 'bash' ? 1 : 2,
      );
    state.mask = Number.parseInt(word, 8);
    return 0;
  }
  let mask = state.mask;
  for (const clause of word.split(',')) {
    const match = /^([ugoa]*)([-+=])([rwx]*)$/.exec(clause);
    if (match === null) {
      const bad = /[^ugoarwx+=,-]/.exec(clause)?.[0] ?? clause.slice(0, 1);
      if (state.dialect !== 'bash')
        return shell.complain(`umask: ${state.dialect === 'ash' ? 'i' : 'I'}llegal mode: ${word}`, 2);
      return shell.complain(`umask: \`${bad}': invalid symbolic mode operator`);
    }
    const bits = [...(match[3] ?? '')].reduce(
      (sum, letter) => sum | (letter === 'r' ? 4 : letter === 'w' ? 2 : 1),
      0,
    );
    const who = match[1] === '' || (match[1] ?? '').includes('a') ? 'ugo' : (match[1] ?? '');
    for (const one of who) {
      const shift = one === 'u' ? 6 : one === 'g' ? 3 : 0;
      const now = (mask >> shift) & 7;
      const next = match[2] === '=' ? 7 & ~bits : match[2] === '+' ? now & ~bits : now | bits;
      mask = (mask & ~(7 << shift)) | (next << shift);
    }
  }
  state.mask = mask;
  if (argv.includes('-S')) await shell.out(`${symbolicMask(mask)}\n`);
  return 0;
}

async function hash(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { hashed, dialect } = shell.state;
  const words = argv.slice(1).filter((word) => !word.startsWith('-'));
  if (dialect !== 'bash') {
    const { machine, state } = shell;
    const missing = words.find(
      (name) => findProgram(machine, state.cwd, state.variables.get('PATH'), name).kind !== 'program',
    );
    return missing === undefined ? 0 : shell.complain(`hash: ${missing}: not found`);
  }
  const flags = argv
    .slice(1)
    .filter((word) => word.startsWith('-'))
    .join('');
  if (/[^-rtldp]/.test(flags))
    return badOption(
      shell,
      argv,
      'hash [-lr] [-p pathname] [-dt] [name ...]',
      `-${/[^-rtldp]/.exec(flags)?.[0] ?? ''}`,
    );
  if (flags.includes('r')) hashed.clear();
  if (words.length === 0) {
    if (flags.includes('r')) return 0;
    if (hashed.size === 0) await shell.out('hash: hash table empty\n');
    else if (flags.includes('l'))
      await shell.out([...hashed].map(([name, { path }]) => `builtin hash -p ${path} ${name}\n`).join(''));
    else
      await shell.out(
        `hits\tcommand\n${[...hashed.values()].map(({ path, count }) => `${String(count).padStart(4)}\t${path}\n`).join('')}`,
      );
    return 0;
  }
  let status = 0;
  for (const name of words) {
    const found = findProgram(shell.machine, shell.state.cwd, shell.state.variables.get('PATH'), name);
    const known = hashed.get(name);
    if (flags.includes('t')) {
      if (known === undefined) status = await shell.complain(`hash: ${name}: not found`);
      else await shell.out(words.length > 1 ? `${name}\t${known.path}\n` : `${known.path}\n`);
    } else if (flags.includes('d')) hashed.delete(name);
    else if (found.kind !== 'program') status = await shell.complain(`hash: ${name}: not found`);
    else hashed.set(name, { path: found.path, count: 0 });
  }
  return status;
}

async function enable(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { disabled, dialect } = shell.state;
  const flags = argv
    .slice(1)
    .filter((word) => word.startsWith('-'))
    .join('');
  const words = argv.slice(1).filter((word) => !word.startsWith('-'));
  if (words.length === 0) {
    const names = builtinNames(dialect).filter((name) =>
      flags.includes('a') ? true : flags.includes('n') ? disabled.has(name) : !disabled.has(name),
    );
    await shell.out(names.map((name) => `enable ${disabled.has(name) ? '-n ' : ''}${name}\n`).join(''));
    return 0;
  }
  let status = 0;
  for (const name of words) {
    if (builtinOf(name, dialect) === undefined)
      status = await shell.complain(`enable: ${name}: not a shell builtin`);
    else if (flags.includes('n')) disabled.add(name);
    else disabled.delete(name);
  }
  return status;
}

async function caller(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const calls = [...shell.state.calls].reverse();
  const word = argv[1];
  const at = word === undefined ? 0 : Number(word);
  if (!Number.isInteger(at)) return shell.complain(`caller: ${word}: invalid number`, 2);
  const call = calls[at];
  if (call === undefined) return 1;
  const outer = calls[at + 1];
  const source =
    outer?.source ??
    (shell.state.source === '' ? (word === undefined ? 'NULL' : shell.state.name) : shell.state.source);
  if (word !== undefined && outer === undefined && shell.state.source === '') return 1;
  await shell.out(
    word === undefined ? `${call.line} ${source}\n` : `${call.line} ${outer?.name ?? 'main'} ${source}\n`,
  );
  return 0;
}

async function compgen(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const at = argv.indexOf('-W');
  const words =
    at > 0
      ? (argv[at + 1] ?? '').split(/\s+/).filter((word) => word !== '')
      : argv.includes('-b')
        ? builtinNames(shell.state.dialect)
        : argv.includes('-c')
          ? [
              ...new Set([
                ...builtinNames(shell.state.dialect),
                ...shell.machine.programNames(),
                ...shell.state.functions.keys(),
              ]),
            ].sort()
          : argv.includes('-v')
            ? shell.state.variables.names()
            : argv.includes('-A') && argv.includes('function')
              ? [...shell.state.functions.keys()].sort()
              : argv.includes('-k')
                ? [...KEYWORDS]
                : [];
  const last = argv.at(-1) ?? '';
  const prefix = argv.length > 2 && !last.startsWith('-') && !(at > 0 && argv.length === at + 2) ? last : '';
  const found = words.filter((word) => word.startsWith(prefix));
  await shell.out(found.map((word) => `${word}\n`).join(''));
  return found.length > 0 ? 0 : 1;
}

async function printFolder(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const bad = argv.slice(1).find((word) => /^-./.test(word) && !/^-[LP]+$/.test(word));
  if (bad !== undefined && shell.state.dialect === 'bash') return badOption(shell, argv, 'pwd [-LP]', bad);
  await shell.out(`${shell.state.cwd}\n`);
  return 0;
}

/** Builtins of folders, names and the session. */
export const NAME_BUILTINS: Readonly<Record<string, Builtin>> = {
  cd: { run: changeFolder },
  pwd: { run: printFolder },
  pushd: { run: pushFolder, isBash: true },
  popd: { run: popFolder, isBash: true },
  dirs: { run: showFolders, isBash: true },
  type: { run: describeName },
  command: { run: command },
  builtin: {
    isBash: true,
    run: async (shell, argv) => {
      if (argv.length === 1) return 0;
      const builtin = builtinOf(argv[1] ?? '', shell.state.dialect);
      return builtin === undefined
        ? shell.complain(`builtin: ${argv[1] ?? ''}: not a shell builtin`)
        : builtin.run(shell, argv.slice(1));
    },
  },
  history: { run: history },
  ulimit: { run: limits },
  umask: { run: umask },
  times: {
    isSpecial: true,
    run: async (shell) => {
      await shell.out('0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n');
      return 0;
    },
  },
  hash: { run: hash },
  caller: { run: caller, isBash: true },
  compgen: { run: compgen, isBash: true },
  compopt: { run: async () => 0, isBash: true },
  fc: { run: fixCommand, isBash: true },
  bind: { run: async () => 0, isBash: true },
  complete: { run: async () => 0, isBash: true },
  enable: { run: enable, isBash: true },
  help: { run: help, isBash: true },
};
