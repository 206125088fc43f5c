import { utf8Length } from '../../base/bytes.ts';
import type { FileEntry, Process } from '../../shell/program.ts';
import { joinPath, statThrough } from '../../shell/path.ts';
import { byText } from '../../base/order.ts';
import { formatDate } from '../../base/strftime.ts';
import { isBusybox, pathOf, tool } from './tool.ts';
import type { Options } from './tool.ts';

/** A file's size in bytes as `ls` counts it. */
export function sizeOf(entry: FileEntry): number {
  return entry.kind === 'file'
    ? utf8Length(entry.content)
    : entry.kind === 'link'
      ? utf8Length(entry.target)
      : 4096;
}

/** `-rw-r--r--` of an entry. */
export function modeText(entry: FileEntry): string {
  const mode = entry.kind === 'link' ? 0o777 : entry.mode;
  const bits = [...'rwxrwxrwx'].map((letter, index) => (mode & (1 << (8 - index)) ? letter : '-')).join('');
  return `${entry.kind === 'folder' ? 'd' : entry.kind === 'link' ? 'l' : '-'}${bits}`;
}

/** Sizes as `-h` shows them: 4.0K, 12M. */
export function humanSize(bytes: number): string {
  if (bytes < 1024) return String(bytes);
  let value = bytes;
  let unit = -1;
  while (value >= 1024 && unit < 5) {
    value /= 1024;
    unit++;
  }
  const rounded = value < 10 ? (Math.ceil(value * 10) / 10).toFixed(1) : String(Math.ceil(value));
  return `${rounded}${'KMGTPE'[unit] ?? ''}`;
}

type Listed = { readonly name: string; readonly path: string; readonly entry: FileEntry };

async function list(process: Process, options: Options): Promise<number> {
  const { files } = process.machine;
  const operands = options.operands.length > 0 ? options.operands : ['.'];
  const single: Listed[] = [];
  const folders: string[] = [];
  let exit = 0;
  for (const operand of operands) {
    const path = pathOf(process, operand);
    const found =
      isLong(options) && !options.has('L', 'dereference') ? files.stat(path) : statThrough(files, path);
    const isNoFolder = operand.endsWith('/') && found?.kind === 'file';
    const entry = operand === '' || isNoFolder ? undefined : found;
    if (entry === undefined) {
      const reason = isNoFolder ? 'Not a directory' : 'No such file or directory';
      exit = isBusybox(process) ? 1 : 2;
      await process.err(
        isBusybox(process)
          ? `ls: ${operand}: ${reason}\n`
          : `${process.argv[0] ?? 'ls'}: cannot access '${operand}': ${reason}\n`,
      );
    } else if (entry.kind === 'folder' && !options.has('d', 'directory')) folders.push(operand);
    else single.push({ name: operand, path, entry });
  }
  if (single.length > 0) await show(process, options, sorted(options, single));
  const titled = operands.length > 1 || options.has('R', 'recursive');
  let isFirst = single.length === 0;
  for (const folder of [...folders].sort(byText)) {
    for (const one of options.has('R', 'recursive') ? withSubfolders(process, folder, options) : [folder]) {
      await process.out(`${isFirst ? '' : '\n'}${titled ? `${one}:\n` : ''}`);
      isFirst = false;
      const entries = listed(process, one, options);
      if (isLong(options))
        await process.out(
          `total ${entries.filter(({ entry }) => entry.kind !== 'link').reduce((sum, { entry }) => sum + (entry.kind === 'folder' || sizeOf(entry) > 0 ? Math.max(4, Math.ceil(sizeOf(entry) / 4096) * 4) : 0), 0)}\n`,
        );
      await show(process, options, sorted(options, entries));
    }
  }
  return exit;
}

function listed(process: Process, folder: string, options: Options): Listed[] {
  const { files } = process.machine;
  const path = pathOf(process, folder);
  const names = files.list(path);
  if ('error' in names) return [];
  const all = options.has('a', 'all')
    ? ['.', '..', ...names]
    : options.has('A', 'almost-all')
      ? names
      : names.filter((name) => !name.startsWith('.'));
  return all.flatMap((name) => {
    const at = pathOf(process, joinPath(folder, name));
    const entry = files.stat(at);
    return entry === undefined ? [] : [{ name, path: at, entry }];
  });
}

function* withSubfolders(process: Process, folder: string, options: Options): Generator<string> {
  yield folder;
  for (const { name, entry } of sorted(options, listed(process, folder, options))) {
    if (entry.kind === 'folder' && name !== '.' && name !== '..')
      yield* withSubfolders(process, joinPath(folder, name), options);
  }
}

function sorted(options: Options, items: readonly Listed[]): Listed[] {
  const order = [...items].sort((a, b) => {
    if (options.has('U')) return 0;
    if (options.has('t')) return b.entry.modifiedMs - a.entry.modifiedMs || byText(a.name, b.name);
    if (options.has('S')) return sizeOf(b.entry) - sizeOf(a.entry) || byText(a.name, b.name);
    return byText(a.name, b.name);
  });
  if (options.has('r', 'reverse')) order.reverse();
  if (!options.has('group-directories-first')) return order;
  const isFolder = ({ entry }: Listed): boolean => entry.kind === 'folder';
  return [...order.filter(isFolder), ...order.filter((item) => !isFolder(item))];
}

const isLong = (options: Options): boolean => options.has('l', 'g', 'o', 'n', 'full-time');

function timeText(process: Process, options: Options, modifiedMs: number): string {
  const style = options.has('full-time') ? 'full-iso' : options.get('time-style');
  const format =
    style === 'full-iso'
      ? '%Y-%m-%d %H:%M:%S.%N +0000'
      : style === 'long-iso'
        ? '%Y-%m-%d %H:%M'
        : process.sys.nowMs() - modifiedMs > 15_778_476_000
          ? '%b %e  %Y'
          : '%b %e %H:%M';
  return formatDate(modifiedMs, format);
}

function colored(options: Options, process: Process, item: Listed): string {
  const mark =
    options.has('F', 'classify') || options.has('p')
      ? item.entry.kind === 'folder'
        ? '/'
        : item.entry.kind === 'link' && options.has('F')
          ? '@'
          : options.has('F') && item.entry.kind === 'file' && (item.entry.mode & 0o111) !== 0
            ? '*'
            : ''
      : '';
  const when = options.get('color');
  if (when === undefined || when === 'never' || (when === 'auto' && process.tty('stdout') === undefined))
    return item.name + mark;
  const code =
    item.entry.kind === 'folder'
      ? '01;34'
      : item.entry.kind === 'link'
        ? '01;36'
        : (item.entry.mode & 0o111) !== 0
          ? '01;32'
          : undefined;
  return (code === undefined ? item.name : `\x1b[${code}m${item.name}\x1b[0m`) + mark;
}

async function show(process: Process, options: Options, items: readonly Listed[]): Promise<void> {
  if (items.length === 0) return;
  const names = items.map((item) => colored(options, process, item));
  const when = options.get('color');
  const usesColor =
    when === 'always' || ((when === 'auto' || when === '') && process.tty('stdout') !== undefined);
  if (usesColor && names.some((name) => name.includes('\x1b'))) names[0] = `\x1b[0m${names[0] ?? ''}`;
  if (isLong(options)) {
    const sizes = items.map((item) =>
      options.has('h', 'human-readable') ? humanSize(sizeOf(item.entry)) : String(sizeOf(item.entry)),
    );
    const width = Math.max(...sizes.map((size) => size.length));
    const { user } = process.machine;
    for (const [index, item] of items.entries()) {
      const target = item.entry.kind === 'link' ? ` -> ${item.entry.target}` : '';
      const date = timeText(process, options, item.entry.modifiedMs);
      const links = item.entry.kind === 'folder' ? 2 : 1;
      const name = item.path.startsWith(process.machine.home) ? user : 'root';
      const owner = options.has('n') ? (name === 'root' ? '0' : '1000') : name;
      const owners = `${options.has('g') ? '' : `${owner} `}${options.has('o') ? '' : `${owner} `}`;
      const size = sizes[index] ?? '';
      const row = isBusybox(process)
        ? `${modeText(item.entry)} ${String(links).padStart(4)} ${owner.padEnd(8)} ${owner.padEnd(8)} ${size.padStart(Math.max(9, width))} ${date} `
        : `${modeText(item.entry)} ${links} ${owners}${size.padStart(width)} ${date} `;
      await process.out(`${row}${names[index] ?? ''}${target}\n`);
    }
    return;
  }
  const terminal = process.tty('stdout');
  const width = Number(options.get('w', 'width') ?? 0) || (terminal?.columns ?? 80);
  if (options.has('1') || (terminal === undefined && !options.has('C', 'x')))
    await process.out(names.map((name) => `${name}\n`).join(''));
  else await process.out(columns(names, width));
}

/** What stands between a name and the next column: tabs as far as they reach, as GNU's does it. */
function gap(start: number, length: number, width: number): string {
  let text = '';
  const end = start + width;
  for (let at = start + length; at < end; ) {
    const isTab = Math.floor(end / 8) > Math.floor((at + 1) / 8);
    text += isTab ? '\t' : ' ';
    at = isTab ? at + 8 - (at % 8) : at + 1;
  }
  return text;
}

/** Names in columns, filled from top to bottom, as `ls` and completion lists do on a terminal. */
function columns(names: readonly string[], width: number): string {
  const bare = (name: string): number => [...name.replace(/\x1b\[[0-9;]*m/g, '')].length;
  for (let rows = 1; rows <= names.length; rows++) {
    const groups = Array.from({ length: Math.ceil(names.length / rows) }, (_, index) =>
      names.slice(index * rows, index * rows + rows),
    );
    const widths = groups.map(
      (group, index) => Math.max(...group.map(bare)) + (index === groups.length - 1 ? 0 : 2),
    );
    if (rows < names.length && widths.reduce((sum, one) => sum + one, 0) >= width) continue;
    const starts = widths.map((_, index) => widths.slice(0, index).reduce((sum, one) => sum + one, 0));
    const line = (row: number): string => {
      const cells = groups.filter((group) => group[row] !== undefined);
      return cells
        .map((group, index) =>
          index === cells.length - 1
            ? (group[row] ?? '')
            : (group[row] ?? '') + gap(starts[index] ?? 0, bare(group[row] ?? ''), widths[index] ?? 0),
        )
        .join('');
    };
    return Array.from({ length: rows }, (_, row) => `${line(row)}\n`).join('');
  }
  return '';
}

/** `ls`. */
export const ls = tool(
  {
    short: 'lahA1RrtSdFpiCnogGuULxvfkHcZNbqw:T:',
    long: [
      'all',
      'almost-all',
      'human-readable',
      'recursive',
      'reverse',
      'directory',
      'dereference',
      'color?',
      'classify',
      'time-style=',
      'full-time',
      'group-directories-first',
      'width=',
    ],
    usageExit: 2,
  },
  list,
);
