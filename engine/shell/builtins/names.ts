import type { Interpreter } from '../interpreter.ts';
import { resolvePath, statThrough } from '../path.ts';
import { printFunction } from '../print.ts';
import { findProgram } from '../process.ts';
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
  const words = argv.slice(1).filter((word) => !/^-[LPe@]+$/.test(word) && word !== '--');
  if (words.length > 1 && state.dialect === 'bash') return shell.complain('cd: too many arguments');
  const given = words[0];
  const target =
    given === undefined ? state.variables.get('HOME') : given === '-' ? state.variables.get('OLDPWD') : given;
  if (target === undefined) return shell.complain(given === '-' ? 'cd: OLDPWD not set' : 'cd: HOME not set');
  const path = findFolder(shell, target);
  const entry = statThrough(shell.files, path);
  if (entry?.kind !== 'folder') return cannotChange(shell, target, entry !== undefined);
  await enter(shell, path);
  if (given === '-') await shell.out(`${path}\n`);
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
  return shell.complain(
    `cd: can't cd to ${target}${shell.state.dialect === 'ash' ? `: ${reason}` : ''}`,
    shell.state.dialect === 'ash' ? 1 : 2,
  );
}

async function enter(shell: Interpreter, path: string): Promise<void> {
  const { state } = shell;
  state.variables.set('OLDPWD', state.cwd);
  state.cwd = path;
  state.variables.set('PWD', path);
  state.variables.declare('PWD').isExported = true;
  state.variables.declare('OLDPWD').isExported = true;
}

async function pushFolder(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  const target = argv[1] ?? state.folders[0];
  if (target === undefined) return shell.complain('pushd: no other directory');
  const path = resolvePath(state.cwd, target);
  if (statThrough(shell.files, path)?.kind !== 'folder')
    return shell.complain(`pushd: ${target}: No such file or directory`);
  state.folders = [state.cwd, ...(argv[1] === undefined ? state.folders.slice(1) : state.folders)];
  await enter(shell, path);
  return showFolders(shell);
}

async function popFolder(shell: Interpreter): Promise<number> {
  const [first, ...rest] = shell.state.folders;
  if (first === undefined) return shell.complain('popd: directory stack empty');
  shell.state.folders = rest;
  await enter(shell, first);
  return showFolders(shell);
}

async function showFolders(shell: Interpreter): Promise<number> {
  const home = shell.state.variables.get('HOME') ?? '';
  const short = (path: string): string =>
    home !== '' && (path === home || path.startsWith(`${home}/`)) ? `~${path.slice(home.length)}` : path;
  await shell.out(`${[shell.state.cwd, ...shell.state.folders].map(short).join(' ')}\n`);
  return 0;
}

async function describeName(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  const flags = argv
    .slice(1)
    .filter((word) => /^-[tpPaf]+$/.test(word))
    .join('');
  let status = 0;
  for (const name of argv.slice(1).filter((word) => !/^-[tpPaf]+$/.test(word))) {
    const lines = descriptions(shell, name, flags);
    if (lines.length === 0) {
      status = 1;
      if (!/[tpP]/.test(flags)) {
        if (state.dialect === 'bash') await shell.complain(`type: ${name}: not found`);
        else {
          status = 127;
          await shell.out(`${name}: not found\n`);
        }
      }
    }
    await shell.out((flags.includes('a') ? lines : lines.slice(0, 1)).map((line) => `${line}\n`).join(''));
  }
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
    const builtin = builtinOf(name, state.dialect);
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
  const flag = /^-[vVp]+$/.test(words[0] ?? '') ? (words[0] ?? '') : '';
  if (flag !== '' || words[0] === '--') words = words.slice(1);
  const [name] = words;
  if (name === undefined) return 0;
  if (/[vV]/.test(flag)) return commandName(shell, words, flag.includes('V'));
  const builtin = builtinOf(name, shell.state.dialect);
  if (builtin !== undefined) return builtin.run(shell, words);
  await shell.runExternal(words, shell.state.variables.exported(), 'child', () => words.join(' '));
  return shell.state.status;
}

async function commandName(shell: Interpreter, names: readonly string[], isLong: boolean): Promise<number> {
  if (isLong) return describeName(shell, ['type', ...names]);
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

async function history(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const { state } = shell;
  if (argv[1] === '-c') {
    state.historyBase += state.history.length;
    state.history = [];
    return 0;
  }
  if (argv[1] !== undefined && !/^[0-9]+$/.test(argv[1])) {
    return argv[1].startsWith('-') ? 0 : shell.complain(`history: ${argv[1]}: numeric argument required`);
  }
  const count = argv[1] === undefined ? state.history.length : Number(argv[1]);
  const from = Math.max(0, state.history.length - count);
  await shell.out(
    state.history
      .slice(from)
      .map((line, index) => `${String(state.historyBase + from + index).padStart(5)}  ${line}\n`)
      .join(''),
  );
  return 0;
}

async function limits(shell: Interpreter, argv: readonly string[]): Promise<number> {
  if (argv.includes('-a'))
    await shell.out(
      'core file size              (blocks, -c) 0\nopen files                          (-n) 1024\nstack size                  (kbytes, -s) 8192\n',
    );
  else await shell.out(argv[1] === '-n' ? '1024\n' : 'unlimited\n');
  return 0;
}

async function umask(shell: Interpreter, argv: readonly string[]): Promise<number> {
  if (argv[1] === undefined) await shell.out('0022\n');
  else if (argv[1] === '-S') await shell.out('u=rwx,g=rx,o=rx\n');
  return 0;
}

async function help(shell: Interpreter): Promise<number> {
  await shell.out(`${builtinNames(shell.state.dialect).join(' ')}\n`);
  return 0;
}

/** Builtins of folders, names and the session. */
export const NAME_BUILTINS: Readonly<Record<string, Builtin>> = {
  cd: { run: changeFolder },
  pwd: {
    run: async (shell) => {
      await shell.out(`${shell.state.cwd}\n`);
      return 0;
    },
  },
  pushd: { run: pushFolder, isBash: true },
  popd: { run: popFolder, isBash: true },
  dirs: { run: showFolders, isBash: true },
  type: { run: describeName },
  command: { run: command },
  builtin: {
    isBash: true,
    run: async (shell, argv) => {
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
  hash: { run: async () => 0 },
  bind: { run: async () => 0, isBash: true },
  complete: { run: async () => 0, isBash: true },
  enable: { run: async () => 0, isBash: true },
  help: { run: help },
};
