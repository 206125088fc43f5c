import type { FileEntry, Process, Program } from '../../shell/program.ts';
import { joinPath, statThrough } from '../../shell/path.ts';
import { compilePattern, matchesPattern } from '../../shell/pattern.ts';
import { sizeOf } from './listing.ts';
import { pathOf, tool } from './tool.ts';
import type { Options } from './tool.ts';

type Count = { folders: number; files: number };
type Walk = {
  readonly process: Process;
  readonly options: Options;
  readonly count: Count;
  readonly depthMax: number;
};

/** The names of a folder as tree shows them: without hidden ones, filtered, folders first with --dirsfirst. */
function namesOf(walk: Walk, path: string): { name: string; entry: FileEntry }[] {
  const { process, options } = walk;
  const { files } = process.machine;
  const names = files.list(path);
  if ('error' in names) return [];
  const wanted = options.get('P');
  const banned = options.get('I');
  const matches = (pattern: string, name: string): boolean =>
    pattern.split('|').some((one) => matchesPattern(compilePattern(one), name));
  const found = names.flatMap((name) => {
    const entry = files.stat(joinPath(path, name));
    if (entry === undefined || (name.startsWith('.') && !options.has('a'))) return [];
    const isFolder = entry.kind === 'folder';
    if (options.has('d') && !isFolder) return [];
    if (wanted !== undefined && !isFolder && !matches(wanted, name)) return [];
    return banned !== undefined && matches(banned, name) ? [] : [{ name, entry }];
  });
  if (options.has('r')) found.reverse();
  if (options.has('t')) found.sort((a, b) => a.entry.modifiedMs - b.entry.modifiedMs);
  const rank = (entry: FileEntry): number => (entry.kind === 'folder' ? 0 : 1);
  return options.has('dirsfirst') ? found.sort((a, b) => rank(a.entry) - rank(b.entry)) : found;
}

function label(walk: Walk, shown: string, name: string, entry: FileEntry): string {
  const { options } = walk;
  const parts: string[] = [];
  if (options.has('p'))
    parts.push(entry.kind === 'folder' ? 'drwxr-xr-x' : entry.kind === 'link' ? 'lrwxrwxrwx' : '-rw-r--r--');
  if (options.has('s')) parts.push(String(sizeOf(entry)).padStart(11));
  const mark = !options.has('F')
    ? ''
    : entry.kind === 'folder'
      ? '/'
      : entry.kind === 'file' && (entry.mode & 0o111) !== 0
        ? '*'
        : '';
  const text = options.has('f') ? shown : name;
  const link = entry.kind === 'link' ? ` -> ${entry.target}` : '';
  return `${parts.length > 0 ? `[${parts.join(' ')}]  ` : ''}${text}${mark}${link}`;
}

async function branch(walk: Walk, shown: string, indent: string, depth: number): Promise<void> {
  if (depth > walk.depthMax) return;
  const { process, options, count } = walk;
  const found = namesOf(walk, pathOf(process, shown));
  for (const [index, { name, entry }] of found.entries()) {
    await process.sys.burn(1);
    const isLast = index === found.length - 1;
    const inner = joinPath(shown, name);
    if (entry.kind === 'folder') count.folders++;
    else count.files++;
    const bars = options.has('i') ? '' : `${indent}${isLast ? '`-- ' : '|-- '}`;
    await process.out(`${bars}${label(walk, inner, name, entry)}\n`);
    if (entry.kind === 'folder')
      await branch(
        walk,
        inner,
        `${indent}${isLast ? '    ' : '|\u00a0\u00a0 '.replaceAll('\u00a0', ' ')}`,
        depth + 1,
      );
  }
}

async function drawTree(process: Process, options: Options): Promise<number> {
  const count: Count = { folders: 0, files: 0 };
  const level = options.get('L');
  if (level !== undefined && !/^[1-9][0-9]*$/.test(level)) {
    await process.err('tree: Invalid level, must be greater than 0.\n');
    return 1;
  }
  const walk: Walk = { process, options, count, depthMax: level === undefined ? 200 : Number(level) };
  let exit = 0;
  for (const root of options.operands.length > 0 ? options.operands : ['.']) {
    const entry = statThrough(process.machine.files, pathOf(process, root));
    if (entry?.kind !== 'folder') {
      await process.out(`${root}  [error opening dir]\n`);
      exit = 2;
      continue;
    }
    count.folders++;
    await process.out(`${label(walk, root, root, entry)}\n`);
    await branch(walk, root, '', 1);
  }
  if (!options.has('noreport')) {
    const folders = `${count.folders} director${count.folders === 1 ? 'y' : 'ies'}`;
    const files = `, ${count.files} file${count.files === 1 ? '' : 's'}`;
    await process.out(`\n${folders}${options.has('d') ? '' : files}\n`);
  }
  return exit;
}

/** tree: folders drawn as a tree, with the marks of a plain locale. */
export const tree: Program = tool(
  { short: 'adfiFL:P:I:psrthuDCn', long: ['noreport', 'dirsfirst'] },
  drawTree,
);
