import type { FileEntry, FileSystem, Process, Program } from '../../shell/program.ts';
import { baseName, failureText, joinPath, parentOf, statThrough } from '../../shell/path.ts';
import { complain, complainUsage, nameOf, pathOf, tool } from './tool.ts';
import type { Options } from './tool.ts';
import { formatDate } from '../../base/strftime.ts';
import { parseDate } from './dates.ts';
import { humanSize, ls, modeText, sizeOf } from './listing.ts';

async function copyOrMove(process: Process, options: Options): Promise<number> {
  const name = nameOf(process);
  const operands = [...options.operands];
  const folder = options.get('t', 'target-directory');
  if (operands.length === 0) return complainUsage(process, 'missing file operand');
  if (operands.length === 1 && folder === undefined)
    return complainUsage(process, `missing destination file operand after '${operands[0] ?? ''}'`);
  const target = folder ?? operands.pop() ?? '';
  const isFolder = statThrough(process.machine.files, pathOf(process, target))?.kind === 'folder';
  const targetEntry = statThrough(process.machine.files, pathOf(process, target));
  if (folder !== undefined && !isFolder)
    return complain(
      process,
      `target directory '${target}': ${targetEntry === undefined ? 'No such file or directory' : 'Not a directory'}`,
    );
  if (options.has('T') && isFolder && operands.some((one) => isPlainFile(process, one)))
    return complain(process, `cannot overwrite directory '${target}' with non-directory`);
  if (operands.length > 1 && !isFolder)
    return complain(
      process,
      `target '${target}': ${targetEntry === undefined ? 'No such file or directory' : 'Not a directory'}`,
    );
  let exit = 0;
  for (const operand of operands) {
    if (target.endsWith('/') && !isFolder && isPlainFile(process, operand)) {
      exit = await complain(
        process,
        name === 'mv'
          ? `cannot move '${operand}' to '${target}': Not a directory`
          : `cannot create regular file '${target}': Not a directory`,
      );
      continue;
    }
    const to = isFolder && !options.has('T') ? joinPath(target, baseName(operand)) : target;
    if (process.machine.files.stat(pathOf(process, to)) !== undefined) {
      if (options.has('n', 'no-clobber') || (options.has('u', 'update') && !isNewer(process, operand, to)))
        continue;
      if (options.has('i') && !(await confirms(process, `overwrite '${to}'`))) continue;
    }
    const failed =
      name === 'mv' ? await moveOne(process, operand, to) : await copyOne(process, options, operand, to);
    if (failed) exit = 1;
    else if (options.has('v', 'verbose'))
      await process.out(name === 'mv' ? `renamed '${operand}' -> '${to}'\n` : `'${operand}' -> '${to}'\n`);
  }
  return exit;
}

function isNewer(process: Process, operand: string, to: string): boolean {
  const time = (name: string): number =>
    statThrough(process.machine.files, pathOf(process, name))?.modifiedMs ?? 0;
  return time(operand) > time(to);
}

function isPlainFile(process: Process, operand: string): boolean {
  return statThrough(process.machine.files, pathOf(process, operand))?.kind === 'file';
}

/** Asks on standard error; true when the answer begins with a y. */
async function confirms(process: Process, question: string): Promise<boolean> {
  await process.err(`${nameOf(process)}: ${question}? `);
  return /^[yY]/.test((await process.stdin.readLine(process.sys)) ?? '');
}

async function moveOne(process: Process, from: string, to: string): Promise<boolean> {
  const { files } = process.machine;
  if (files.stat(pathOf(process, from)) === undefined)
    return (await complain(process, `cannot stat '${from}': No such file or directory`)) !== 0;
  if (pathOf(process, from) === pathOf(process, to))
    return (await complain(process, `'${from}' and '${to}' are the same file`)) !== 0;
  const failure = files.rename(pathOf(process, from), pathOf(process, to), process.sys.nowMs());
  if (failure === undefined) return false;
  return (
    (await complain(
      process,
      failure === 'EACCES'
        ? `cannot move '${from}' to a subdirectory of itself, '${to}'`
        : `cannot move '${from}' to '${to}': ${failureText(failure)}`,
    )) !== 0
  );
}

async function copyOne(process: Process, options: Options, from: string, to: string): Promise<boolean> {
  const { files } = process.machine;
  const source = pathOf(process, from);
  const entry = statThrough(files, source);
  if (entry === undefined)
    return (await complain(process, `cannot stat '${from}': No such file or directory`)) !== 0;
  if (entry.kind === 'folder' && !options.has('r', 'R', 'a', 'recursive', 'archive'))
    return (await complain(process, `-r not specified; omitting directory '${from}'`)) !== 0;
  if (source === pathOf(process, to))
    return (await complain(process, `'${from}' and '${to}' are the same file`)) !== 0;
  if (entry.kind === 'folder' && `${pathOf(process, to)}/`.startsWith(source === '/' ? '/' : `${source}/`))
    return (await complain(process, `cannot copy a directory, '${from}', into itself, '${to}'`)) !== 0;
  return copyTree(process, source, pathOf(process, to), to);
}

async function copyTree(process: Process, from: string, to: string, shown: string): Promise<boolean> {
  const { files } = process.machine;
  const entry = statThrough(files, from);
  const nowMs = process.sys.nowMs();
  if (entry?.kind === 'file') {
    const failure = files.write(to, entry.content, nowMs, { mode: entry.mode });
    return (
      failure !== undefined &&
      (await complain(process, `cannot create regular file '${shown}': ${failureText(failure)}`)) !== 0
    );
  }
  const failure = files.makeFolder(to, nowMs, { parents: statThrough(files, to)?.kind === 'folder' });
  if (failure !== undefined)
    return (await complain(process, `cannot create directory '${shown}': ${failureText(failure)}`)) !== 0;
  const names = files.list(from);
  let failed = false;
  for (const name of 'error' in names ? [] : names)
    failed =
      (await copyTree(process, joinPath(from, name), joinPath(to, name), joinPath(shown, name))) || failed;
  return failed;
}

async function remove(process: Process, options: Options): Promise<number> {
  const { files } = process.machine;
  const forced = options.has('f', 'force');
  if (options.operands.length === 0) return forced ? 0 : complainUsage(process, 'missing operand');
  let exit = 0;
  for (const operand of options.operands) {
    const path = pathOf(process, operand);
    const entry = operand === '' ? undefined : files.stat(path);
    const recursive = options.has('r', 'R', 'recursive');
    if (entry === undefined) {
      if (!forced) exit = await complain(process, `cannot remove '${operand}': No such file or directory`);
    } else if (entry.kind === 'folder' && !recursive && !options.has('d', 'dir'))
      exit = await complain(process, `cannot remove '${operand}': Is a directory`);
    else if (recursive && /^(\.|\.\.|.*\/\.\.?)\/?$/.test(operand))
      exit = await complain(process, `refusing to remove '.' or '..' directory: skipping '${operand}'`);
    else if (path === '/') {
      await process.err(
        "rm: it is dangerous to operate recursively on '/'\nrm: use --no-preserve-root to override this failsafe\n",
      );
      exit = 1;
    } else if (options.has('i') && !(await confirms(process, `remove ${kindText(entry)} '${operand}'`)))
      continue;
    else {
      const removed = options.has('v', 'verbose') ? removedLines(files, path, operand) : [];
      const failure = files.remove(path, { recursive });
      if (failure !== undefined)
        exit = await complain(process, `cannot remove '${operand}': ${failureText(failure)}`);
      else await process.out(removed.join(''));
    }
  }
  return exit;
}

/** What `rm -v` says of a path and of all that is below it. */
function removedLines(files: FileSystem, path: string, shown: string): string[] {
  if (files.stat(path)?.kind !== 'folder') return [`removed '${shown}'\n`];
  const names = files.list(path);
  const inside = 'error' in names ? [] : names;
  return [
    ...inside.flatMap((name) => removedLines(files, joinPath(path, name), joinPath(shown, name))),
    `removed directory '${shown}'\n`,
  ];
}

function kindText(entry: FileEntry): string {
  if (entry.kind !== 'file') return entry.kind === 'folder' ? 'directory' : 'symbolic link';
  return entry.content === '' ? 'regular empty file' : 'regular file';
}

async function makeFolders(process: Process, options: Options): Promise<number> {
  if (options.operands.length === 0) return complainUsage(process, 'missing operand');
  let exit = 0;
  const given = options.get('m', 'mode');
  const mode = applyMode(given ?? '', 0o777, true);
  if (given !== undefined && mode === undefined) return complain(process, `invalid mode '${given}'`);
  const parents = options.has('p', 'parents');
  const { files } = process.machine;
  for (const operand of options.operands) {
    const made = parents
      ? withParents(operand)
          .reverse()
          .filter((one) => files.stat(pathOf(process, one)) === undefined)
      : [operand];
    const file = parents
      ? withParents(operand).find((one) => statThrough(files, pathOf(process, one))?.kind === 'file')
      : undefined;
    const failure =
      operand === ''
        ? 'ENOENT'
        : file !== undefined && file !== operand
          ? 'ENOTDIR'
          : files.makeFolder(pathOf(process, operand), process.sys.nowMs(), { parents });
    if (failure === undefined && mode !== undefined)
      process.machine.files.setMode(pathOf(process, operand), mode);
    if (failure !== undefined)
      exit = await complain(process, `cannot create directory '${file ?? operand}': ${failureText(failure)}`);
    else if (options.has('v', 'verbose'))
      await process.out(made.map((one) => `mkdir: created directory '${one}'\n`).join(''));
  }
  return exit;
}

async function removeFolders(process: Process, options: Options): Promise<number> {
  if (options.operands.length === 0) return complainUsage(process, 'missing operand');
  let exit = 0;
  const { files } = process.machine;
  const operands = options.operands.flatMap((operand) =>
    options.has('p', 'parents') ? withParents(operand) : [operand],
  );
  for (const operand of operands) {
    const entry = files.stat(pathOf(process, operand));
    const failure =
      entry !== undefined && entry.kind !== 'folder' ? 'ENOTDIR' : files.remove(pathOf(process, operand));
    if (failure === undefined && options.has('v', 'verbose'))
      await process.out(`rmdir: removing directory, '${operand}'\n`);
    if (failure === undefined || (failure === 'ENOTEMPTY' && options.has('ignore-fail-on-non-empty')))
      continue;
    exit = await complain(process, `failed to remove '${operand}': ${failureText(failure)}`);
  }
  return exit;
}

/** A path and the folders that it names, from the inside out. */
function withParents(path: string): string[] {
  const parts = path.replace(/\/+$/, '').split('/');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/')).filter((one) => one !== '');
}

/** The time that `touch` was given; the present when none was, undefined when it is no date. */
function touchTime(process: Process, options: Options): number | undefined {
  const nowMs = process.sys.nowMs();
  const other = options.get('r', 'reference');
  if (other !== undefined)
    return statThrough(process.machine.files, pathOf(process, other))?.modifiedMs ?? nowMs;
  const given = options.get('t');
  const stamp = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d\d))?$/.exec(given ?? '');
  if (given !== undefined && stamp === null) return undefined;
  const text =
    stamp === null
      ? options.get('d', 'date')
      : `${stamp.slice(1, 4).join('-')} ${stamp[4]}:${stamp[5]}:${stamp[6] ?? '00'}`;
  return text === undefined ? nowMs : parseDate(text, nowMs);
}

async function touch(process: Process, options: Options): Promise<number> {
  if (options.operands.length === 0) return complainUsage(process, 'missing file operand');
  const { files } = process.machine;
  const other = options.get('r', 'reference');
  if (other !== undefined && statThrough(files, pathOf(process, other)) === undefined)
    return complain(process, `failed to get attributes of '${other}': No such file or directory`);
  const atMs = touchTime(process, options);
  if (atMs === undefined)
    return complain(process, `invalid date format '${options.get('d', 'date', 't') ?? ''}'`);
  let exit = 0;
  for (const operand of options.operands) {
    const path = pathOf(process, operand);
    const old = statThrough(files, path);
    if (old?.kind === 'folder' || (old === undefined && options.has('c', 'no-create'))) continue;
    const failure = files.write(path, '', atMs, { append: true });
    if (failure !== undefined)
      exit = await complain(process, `cannot touch '${operand}': ${failureText(failure)}`);
  }
  return exit;
}

async function link(process: Process, options: Options): Promise<number> {
  const [target, given] = options.operands;
  if (target === undefined) return complainUsage(process, 'missing file operand');
  const { files } = process.machine;
  const last = options.operands.at(-1) ?? '';
  if (options.operands.length > 2) {
    const kind = statThrough(files, pathOf(process, last))?.kind;
    if (kind !== 'folder')
      return complain(
        process,
        `target '${last}': ${kind === undefined ? 'No such file or directory' : 'Not a directory'}`,
      );
    let exit = 0;
    for (const operand of options.operands.slice(0, -1))
      exit = (await link(process, { ...options, operands: [operand, last] })) || exit;
    return exit;
  }
  let name = given ?? joinPath('.', baseName(target));
  if (statThrough(files, pathOf(process, name))?.kind === 'folder' && !options.has('n', 'T'))
    name = joinPath(name, baseName(target));
  const path = pathOf(process, name);
  if (options.has('f', 'force')) files.remove(path);
  if (options.has('s', 'symbolic')) {
    const failure = files.link(target, path, process.sys.nowMs());
    if (failure === undefined && options.has('v', 'verbose')) await process.out(`'${name}' -> '${target}'\n`);
    return failure === undefined
      ? 0
      : complain(process, `failed to create symbolic link '${name}': ${failureText(failure)}`);
  }
  const source = files.read(pathOf(process, target));
  if ('error' in source)
    return complain(
      process,
      source.error === 'EISDIR'
        ? `${target}: hard link not allowed for directory`
        : `failed to access '${target}': ${failureText(source.error)}`,
    );
  if (files.stat(path) !== undefined)
    return complain(process, `failed to create hard link '${name}': File exists`);
  files.write(path, source.content, process.sys.nowMs());
  return 0;
}

/** The mode that a chmod word makes of an old one; undefined when it is no mode. */
export function applyMode(word: string, mode: number, isFolder: boolean): number | undefined {
  if (/^[0-7]{1,4}$/.test(word)) return Number.parseInt(word, 8);
  let result = mode;
  for (const clause of word.split(',')) {
    const match = /^([ugoa]*)([-+=])([rwxXst]*|[ugo])$/.exec(clause);
    if (match === null) return undefined;
    const who = match[1] === '' || match[1]?.includes('a') === true ? 'ugo' : (match[1] ?? '');
    const copied = 'ugo'.indexOf(match[3] === '' ? 'x' : (match[3] ?? 'x'));
    let bits = copied < 0 ? 0 : (mode >> (6 - 3 * copied)) & 7;
    for (const letter of copied < 0 ? (match[3] ?? '') : '')
      bits |=
        letter === 'r'
          ? 4
          : letter === 'w'
            ? 2
            : letter === 'x' || (letter === 'X' && (isFolder || (mode & 0o111) !== 0))
              ? 1
              : 0;
    for (const person of who) {
      const shift = person === 'u' ? 6 : person === 'g' ? 3 : 0;
      const mask = (match[1] === '' && person !== 'u' ? bits & ~2 : bits) << shift;
      if (match[2] === '+') result |= mask;
      else if (match[2] === '-') result &= ~mask;
      else result = (result & ~(7 << shift)) | mask;
    }
  }
  return result;
}

const chmod: Program = async (process) => {
  const words = process.argv.slice(1);
  const recursive = words.some((word) => word === '-R' || word === '--recursive');
  const flags = words.filter((word) => /^-[Rvcf]+$|^--(recursive|verbose|changes|silent|quiet)$/.test(word));
  const given = words.filter((word) => !flags.includes(word) && word !== '--');
  const unknown = given.find((word) => /^-[^rwxXstugoa,]/.test(word));
  if (unknown !== undefined)
    return complainUsage(
      process,
      unknown.startsWith('--')
        ? `unrecognized option '${unknown}'`
        : `invalid option -- '${unknown.slice(1, 2)}'`,
    );
  const [mode, ...operands] = given;
  if (mode === undefined) return complainUsage(process, 'missing operand');
  if (applyMode(mode, 0, false) === undefined) return complainUsage(process, `invalid mode: '${mode}'`);
  if (operands.length === 0) return complainUsage(process, `missing operand after '${mode}'`);
  const { files } = process.machine;
  let exit = 0;
  const change = async (path: string, shown: string): Promise<void> => {
    const entry = statThrough(files, path);
    if (entry === undefined || entry.kind === 'link') {
      exit = await complain(process, `cannot access '${shown}': No such file or directory`);
      return;
    }
    const next = applyMode(mode, entry.mode, entry.kind === 'folder') ?? entry.mode;
    files.setMode(path, next);
    const [from, to] = [entry.mode, next].map(
      (one) => `${one.toString(8).padStart(4, '0')} (${modeText({ ...entry, mode: one }).slice(1)})`,
    );
    if (flags.some((word) => /^-\w*[vc]|^--[vc]/.test(word)) && (from !== to || !/c/.test(flags.join(''))))
      await process.out(
        `mode of '${shown}' ${from === to ? `retained as ${from}` : `changed from ${from} to ${to}`}\n`,
      );
    const names = recursive && entry.kind === 'folder' ? files.list(path) : [];
    for (const name of 'error' in names ? [] : names)
      await change(joinPath(path, name), joinPath(shown, name));
  };
  for (const operand of operands) await change(pathOf(process, operand), operand);
  return exit;
};

async function chown(process: Process, options: Options): Promise<number> {
  const [owner, ...operands] = options.operands;
  if (owner === undefined) return complainUsage(process, 'missing operand');
  if (operands.length === 0) return complainUsage(process, `missing operand after '${owner}'`);
  const isGroup = nameOf(process) === 'chgrp';
  const [user = '', group = ''] = isGroup ? ['', owner] : owner.split(':');
  const isNone = (name: string): boolean =>
    name !== '' && !/^\d+$/.test(name) && name !== 'root' && name !== process.machine.user;
  if (!isNone(user) && isNone(group)) return complain(process, `invalid group: '${owner}'`);
  if (user !== '' && !/^\d+$/.test(user) && user !== 'root' && user !== process.machine.user)
    return complain(process, `invalid user: '${owner}'`);
  let exit = 0;
  for (const operand of operands)
    if (statThrough(process.machine.files, pathOf(process, operand)) === undefined)
      exit = await complain(process, `cannot access '${operand}': No such file or directory`);
  return exit;
}

async function stat(process: Process, options: Options): Promise<number> {
  if (options.operands.length === 0) return complainUsage(process, 'missing operand');
  let exit = 0;
  for (const operand of options.operands) {
    const entry = options.has('L')
      ? statThrough(process.machine.files, pathOf(process, operand))
      : process.machine.files.stat(pathOf(process, operand));
    if (entry === undefined) {
      exit = await complain(process, `cannot statx '${operand}': No such file or directory`);
      continue;
    }
    await process.out(statText(process, options, operand, entry));
  }
  return exit;
}

function unescaped(text: string | undefined): string | undefined {
  return text?.replaceAll('\\n', '\n').replaceAll('\\t', '\t');
}

function statText(process: Process, options: Options, operand: string, entry: FileEntry): string {
  const size = sizeOf(entry);
  const octal = (entry.kind === 'link' ? 0o777 : entry.mode).toString(8);
  const kind = kindText(entry);
  const { user } = process.machine;
  const format = options.get('c', 'format') ?? unescaped(options.get('printf'));
  if (format !== undefined) {
    const values: Readonly<Record<string, string>> = {
      n: operand,
      N: `'${operand}'`,
      s: String(size),
      a: octal,
      A: modeText(entry),
      U: user,
      G: user,
      F: kind,
      Y: String(Math.floor(entry.modifiedMs / 1000)),
      y: formatDate(entry.modifiedMs, '%Y-%m-%d %H:%M:%S.000000000 +0000'),
      u: user === 'root' ? '0' : '1000',
      g: user === 'root' ? '0' : '1000',
      h: entry.kind === 'folder' ? '2' : '1',
      i: '1',
    };
    return `${format.replace(/%([a-zA-Z])/g, (all, letter: string) => (Object.hasOwn(values, letter) ? (values[letter] ?? all) : '?'))}${options.has('printf') ? '' : '\n'}`;
  }
  const date = formatDate(entry.modifiedMs, '%Y-%m-%d %H:%M:%S.000000000 +0000');
  const id = user === 'root' ? 0 : 1000;
  const owner = `${String(id).padStart(5)}/${user.padStart(8)}`;
  const shown = entry.kind === 'link' ? `${operand} -> ${entry.target}` : operand;
  return `  File: ${shown}\n  Size: ${String(size).padEnd(10)}\tBlocks: ${String(Math.ceil(size / 4096) * 8).padEnd(10)} IO Block: 4096   ${kind}\nDevice: 0,1\tInode: 1           Links: 1\nAccess: (${octal.padStart(4, '0')}/${modeText(entry)})  Uid: (${owner})   Gid: (${owner})\nAccess: ${date}\nModify: ${date}\nChange: ${date}\n Birth: -\n`;
}

async function kindOf(process: Process, options: Options): Promise<number> {
  const width = Math.max(0, ...options.operands.map((one) => one.length)) + 2;
  for (const operand of options.operands) {
    const entry = process.machine.files.stat(pathOf(process, operand));
    await process.out(
      `${options.has('b') ? '' : `${operand}:`.padEnd(width)}${entry === undefined ? `cannot open \`${operand}' (No such file or directory)` : entry.kind === 'folder' ? 'directory' : entry.kind === 'link' ? `symbolic link to ${entry.target}` : describeName(entry.content)}\n`,
    );
  }
  return 0;
}

function describeName(content: string): string {
  if (content === '') return 'empty';
  const shebang = /^#!\s*(\S+)/.exec(content);
  if (shebang !== null)
    return `${baseName(shebang[1] ?? '') === 'bash' ? 'Bourne-Again' : 'POSIX'} shell script, ASCII text executable`;
  if (/^\s*[[{]/.test(content)) return 'JSON text data';
  return /[^\x00-\x7f]/.test(content) ? 'Unicode text, UTF-8 text' : 'ASCII text';
}

async function du(process: Process, options: Options): Promise<number> {
  const { files } = process.machine;
  let exit = 0;
  let sum = 0;
  const show = (kilobytes: number): string =>
    options.has('h') ? humanSize(kilobytes * 1024) : String(kilobytes);
  const measure = async (path: string, shown: string, depth: number): Promise<number> => {
    const entry = files.stat(path);
    if (entry === undefined) return 0;
    const isBytes = options.has('b', 'bytes');
    const own = isBytes ? sizeOf(entry) : Math.ceil(sizeOf(entry) / 4096) * 4;
    let total = entry.kind === 'link' ? 0 : own;
    const names = entry.kind === 'folder' ? files.list(path) : [];
    for (const name of 'error' in names ? [] : names)
      total += await measure(joinPath(path, name), joinPath(shown, name), depth + 1);
    const limit = options.has('s') ? 0 : Number(options.get('d', 'max-depth') ?? 1000);
    if (depth <= limit && (depth === 0 || entry.kind === 'folder' || options.has('a')))
      await process.out(`${show(total)}\t${shown}\n`);
    return total;
  };
  for (const operand of options.operands.length > 0 ? options.operands : ['.']) {
    if (files.stat(pathOf(process, operand)) === undefined)
      exit = await complain(process, `cannot access '${operand}': No such file or directory`);
    else sum += await measure(pathOf(process, operand), operand, 0);
  }
  if (options.has('c', 'total')) await process.out(`${show(sum)}\ttotal\n`);
  return exit;
}

async function df(process: Process, options: Options): Promise<number> {
  for (const operand of options.operands)
    if (statThrough(process.machine.files, pathOf(process, operand)) === undefined)
      return complain(process, `${operand}: No such file or directory`);
  await process.out(
    options.has('h')
      ? 'Filesystem      Size  Used Avail Use% Mounted on\noverlay          20G  6.0G   14G  31% /\n'
      : 'Filesystem     1K-blocks    Used Available Use% Mounted on\noverlay         20961280 6291456  14669824  31% /\n',
  );
  return 0;
}

async function realPath(process: Process, options: Options): Promise<number> {
  if (options.operands.length === 0) return complainUsage(process, 'missing operand');
  const { files } = process.machine;
  let exit = 0;
  for (const operand of options.operands) {
    const path = pathOf(process, operand);
    const entry = files.stat(path);
    if (nameOf(process) === 'readlink' && !options.has('f', 'e', 'm')) {
      if (entry?.kind === 'link') await process.out(`${entry.target}\n`);
      else exit = 1;
      continue;
    }
    if (
      entry === undefined &&
      (options.has('e') || files.stat(parentOf(path)) === undefined) &&
      !options.has('m')
    ) {
      exit =
        nameOf(process) === 'readlink' ? 1 : await complain(process, `${operand}: No such file or directory`);
      continue;
    }
    let at = path;
    for (let hops = 0, one = entry; one?.kind === 'link' && hops < 40; hops++, one = files.stat(at))
      at = one.target.startsWith('/') ? one.target : joinPath(parentOf(at), one.target);
    await process.out(`${pathOf(process, at)}\n`);
  }
  return exit;
}

/** Tools of files and folders. */
export const FILE_TOOLS: readonly (readonly [string, Program])[] = [
  ['ls', ls],
  [
    'cp',
    tool(
      {
        short: 'rRapfnvit:uTZ',
        long: [
          'recursive',
          'archive',
          'force',
          'no-clobber',
          'verbose',
          'target-directory=',
          'parents',
          'update',
        ],
      },
      copyOrMove,
    ),
  ],
  [
    'mv',
    tool(
      { short: 'fnvit:uTZ', long: ['force', 'no-clobber', 'verbose', 'target-directory=', 'update'] },
      copyOrMove,
    ),
  ],
  [
    'rm',
    tool({ short: 'rRfidvI', long: ['recursive', 'force', 'dir', 'verbose', 'no-preserve-root'] }, remove),
  ],
  ['mkdir', tool({ short: 'pvm:Z', long: ['parents', 'verbose', 'mode='] }, makeFolders)],
  ['rmdir', tool({ short: 'pv', long: ['parents', 'verbose', 'ignore-fail-on-non-empty'] }, removeFolders)],
  ['touch', tool({ short: 'acmd:t:r:', long: ['no-create', 'date=', 'reference='] }, touch)],
  ['ln', tool({ short: 'sfnvT', long: ['symbolic', 'force'] }, link)],
  ['chmod', chmod],
  ['chown', tool({ short: 'Rvf', long: ['recursive'] }, chown)],
  ['chgrp', tool({ short: 'Rvf', long: ['recursive'] }, chown)],
  ['stat', tool({ short: 'c:Lft', long: ['format=', 'printf='] }, stat)],
  ['file', tool({ short: 'bi' }, kindOf)],
  ['du', tool({ short: 'shacd:kb', long: ['max-depth=', 'bytes', 'total'] }, du)],
  ['df', tool({ short: 'hkTai' }, df)],
  ['realpath', tool({ short: 'em' }, realPath)],
  ['readlink', tool({ short: 'fem' }, realPath)],
];
