import { utf8, utf8Length } from '../../base/bytes.ts';
import type { FileEntry, FileSystem, Process, Program } from '../../shell/program.ts';
import { failureText, parentOf, resolvePath } from '../../shell/path.ts';
import { modeText, sizeOf } from './listing.ts';
import { isBusybox, readFile, readOptions, textOf } from './tool.ts';
import type { Options } from './tool.ts';

/** One member of an archive; a folder's name may end in `/`. */
export type Member = { readonly name: string; readonly entry: FileEntry };

const BLOCK = 512;

function padded(text: string, size: number): string {
  return text + '\0'.repeat(Math.max(0, size - utf8Length(text)));
}

function header(name: string, entry: FileEntry, type: string, size: number): string {
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  const mode = entry.kind === 'link' ? 0o777 : entry.mode;
  const before = `${padded(name, 100)}${octal(mode, 7)}${octal(0, 7)}${octal(0, 7)}${octal(size, 11)}${octal(Math.floor(entry.modifiedMs / 1000), 11)}`;
  const after = `${type}${padded(entry.kind === 'link' ? entry.target : '', 100)}ustar  \0${padded('root', 32)}${padded('root', 32)}`;
  const sum = utf8(`${before}        ${after}`).reduce((total, byte) => total + byte, 0);
  return padded(`${before}${octal(sum, 6)} ${after}`, BLOCK);
}

/** An archive in GNU's form (`ustar  `, long names in a member of their own) of members, all owned by root. */
export function writeArchive(members: readonly Member[]): string {
  const inBlocks = (text: string): string => padded(text, Math.ceil(utf8Length(text) / BLOCK) * BLOCK);
  const parts = members.map(({ name, entry }) => {
    const size = utf8Length(name);
    const long = size > 99 ? header('././@LongLink', entry, 'L', size + 1) + inBlocks(`${name}\0`) : '';
    const content = entry.kind === 'file' ? entry.content : '';
    const type = entry.kind === 'file' ? '0' : entry.kind === 'link' ? '2' : '5';
    return `${long}${header(size > 99 ? name.slice(0, 99) : name, entry, type, utf8Length(content))}${inBlocks(content)}`;
  });
  return parts.join('') + '\0'.repeat(2 * BLOCK);
}

/** The members of an archive; undefined when the text is none or its end is missing. */
export function readArchive(text: string): readonly Member[] | undefined {
  const bytes = utf8(text);
  const members: Member[] = [];
  let long: string | undefined;
  for (let at = 0; ; ) {
    const field = (from: number, size: number): string =>
      textOf(bytes.subarray(at + from, at + from + size)).split('\0', 1)[0] ?? '';
    if (at + BLOCK > bytes.length) return undefined;
    if (bytes[at] === 0) return members;
    const size = Number.parseInt(field(124, 12), 8);
    const end = at + BLOCK + size;
    if (field(257, 5) !== 'ustar' || !(size >= 0) || end > bytes.length) return undefined;
    const type = field(156, 1);
    const content = textOf(bytes.subarray(at + BLOCK, end));
    const modifiedMs = Number.parseInt(field(136, 12), 8) * 1000;
    const mode = Number.parseInt(field(100, 8), 8) & 0o7777;
    const name = long ?? field(0, 100);
    long = type === 'L' ? content.replace(/\0.*$/, '') : undefined;
    if (type === '5') members.push({ name, entry: { kind: 'folder', mode, modifiedMs } });
    else if (type === '2')
      members.push({ name, entry: { kind: 'link', target: field(157, 100), modifiedMs } });
    else if (type === '0' || type === '')
      members.push({ name, entry: { kind: 'file', content, mode, modifiedMs } });
    at = at + BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}

/** What stands at `path`, with all that is below it, under the name it is to have. */
export function membersBelow(files: FileSystem, path: string, name: string): readonly Member[] {
  const entry = files.stat(path);
  if (entry === undefined) return [];
  if (entry.kind !== 'folder') return [{ name, entry }];
  const names = files.list(path);
  const base = name.endsWith('/') ? name : `${name}/`;
  return [
    { name: base, entry },
    ...('error' in names
      ? []
      : names.flatMap((one) => membersBelow(files, `${path === '/' ? '' : path}/${one}`, base + one))),
  ];
}

const TABLE = {
  short: 'cxtf:vC:mpoOkzjJha',
  long: 'create extract get list file= verbose directory= touch preserve-permissions same-permissions no-same-permissions no-same-owner numeric-owner to-stdout gzip strip-components= overwrite'.split(
    ' ',
  ),
};

/** The words with the dash that an old-style first one (`cvf`) has not; its letters take their values in turn. */
function dashed(words: readonly string[]): readonly string[] {
  const [first = '', ...rest] = words;
  if (first === '' || first.startsWith('-')) return words;
  return [
    ...[...first].flatMap((letter) =>
      ['f', 'C'].includes(letter) ? [`-${letter}`, ...rest.splice(0, 1)] : [`-${letter}`],
    ),
    ...rest,
  ];
}

/** Ends a tar that cannot go on: GNU's word or busybox's, and the code of each. */
async function fail(process: Process, gnu: string, busybox = gnu): Promise<number> {
  await process.err(`tar: ${isBusybox(process) ? busybox : gnu}\n`);
  return isBusybox(process) ? 1 : 2;
}

const FATAL = '\ntar: Error is not recoverable: exiting now';
const AT_END = 'Exiting with failure status due to previous errors';
const HELP = "\nTry 'tar --help' or 'tar --usage' for more information.";

/** `tar`: creates, lists and extracts archives that are not compressed. */
export const tar: Program = async (process) => {
  const options = readOptions(dashed(process.argv.slice(1)), TABLE);
  if ('message' in options) return fail(process, options.message + HELP, options.message);
  if (options.has('help', 'version')) {
    await process.out('Usage: tar c|x|t [-vmO] [-f ARCHIVE] [-C FOLDER] [FILE]...\n');
    return 0;
  }
  const isNew = options.has('c', 'create');
  if (!isNew && !options.has('x', 'extract', 'get', 't', 'list')) {
    const usage = "You must specify one of the '-Acdtrux', '--delete' or '--test-label' options";
    return fail(process, usage + HELP, 'need at least one option');
  }
  if (options.has('z', 'gzip', 'j', 'J')) {
    const gzip = `gzip: Cannot exec: No such file or directory${FATAL.replace('tar', 'tar (child)')}`;
    const gone = `(child): ${gzip}\ntar: Child returned status 2${FATAL}`;
    await process.err(`tar ${gone}\n`);
    return 2;
  }
  const folder = resolvePath(process.cwd, options.get('C', 'directory') ?? '.');
  const names = process.machine.files.list(folder);
  if ('error' in names) {
    const [shown, why] = [options.get('C', 'directory') ?? '', failureText(names.error)];
    return fail(
      process,
      `${shown}: Cannot open: ${why}${FATAL}`,
      `can't change directory to '${shown}': ${why}`,
    );
  }
  return isNew ? create(process, options, folder) : unpack(process, options, folder);
};

/** Takes the leading `/` and `../` off names, and says so once. */
function relativeNames(process: Process): (name: string) => Promise<string> {
  let said = '';
  return async (name) => {
    const [lead = ''] = /^(?:.*?\.\.(?:\/|$))*\/*/.exec(name) ?? [];
    if (lead === '') return name;
    const quoted = isBusybox(process) ? `removing leading '${lead}'` : `Removing leading \`${lead}'`;
    if (said !== lead) await process.err(`tar: ${quoted} from member names\n`);
    said = lead;
    return name.slice(lead.length) || './';
  };
}

async function create(process: Process, options: Options, folder: string): Promise<number> {
  const { files } = process.machine;
  const archive = options.get('f', 'file') ?? '-';
  const [isQuietEmpty, operands] = [isBusybox(process), options.operands];
  if (operands.length === 0)
    return fail(process, `Cowardly refusing to create an empty archive${HELP}`, 'empty archive');
  const relative = relativeNames(process);
  const say = archive === '-' ? process.err : process.out;
  const members: Member[] = [];
  let failures = 0;
  for (const operand of operands) {
    const found = membersBelow(files, resolvePath(folder, operand), operand);
    if (found.length === 0) {
      if (failures++ === 0 && operand.startsWith('/') && !isQuietEmpty) await relative(operand);
      const why = 'No such file or directory';
      await process.err(`tar: ${operand}: ${isQuietEmpty ? '' : 'Cannot stat: '}${why}\n`);
    }
    for (const { name, entry } of found) {
      const member = { name: await relative(name), entry };
      members.push(member);
      if (options.has('v', 'verbose')) await say.call(process, `${name}\n`);
    }
    await process.sys.burn(found.length);
  }
  const text = writeArchive(members);
  if (archive === '-') await process.out(text);
  else {
    const failure = files.write(resolvePath(process.cwd, archive), text, process.sys.nowMs());
    const why = failure === undefined ? '' : failureText(failure);
    if (failure !== undefined)
      return fail(process, `${archive}: Cannot open: ${why}${FATAL}`, `can't open '${archive}': ${why}`);
  }
  return failures === 0 ? 0 : fail(process, AT_END, 'error exit delayed from previous errors');
}

async function unpack(process: Process, options: Options, folder: string): Promise<number> {
  const archive = options.get('f', 'file') ?? '-';
  const found = await readFile(process, archive);
  if ('failure' in found) {
    const why = failureText(found.failure);
    return fail(process, `${archive}: Cannot open: ${why}${FATAL}`, `can't open '${archive}': ${why}`);
  }
  const members = readArchive(found.text);
  if (members === undefined)
    return fail(process, `This does not look like a tar archive\ntar: ${AT_END}`, 'short read');
  const wanted = options.operands.map((one) => one.replace(/\/+$/, ''));
  const isWanted = (name: string): boolean =>
    wanted.length === 0 || wanted.some((one) => `${name}/`.startsWith(`${one}/`));
  const relative = relativeNames(process);
  let failures = 0;
  for (const member of members.filter((one) => isWanted(one.name))) {
    if (options.has('t', 'list') || options.has('v', 'verbose'))
      await process.out(shown(process, options, member));
    if (options.has('t', 'list')) continue;
    const why = await extract(process, options, folder, { ...member, name: await relative(member.name) });
    if (why !== '') failures++;
    if (why !== '') await process.err(`tar: ${member.name}: Cannot open: ${why}\n`);
  }
  for (const name of wanted)
    if (!members.some((one) => `${one.name}/`.startsWith(`${name}/`))) {
      failures++;
      if (isBusybox(process)) return fail(process, `${name}: not found in archive`);
      await process.err(`tar: ${name}: Not found in archive\n`);
    }
  return failures === 0 ? 0 : fail(process, AT_END);
}

/** A member's line: its name, or with `-t -v` as `ls -l` has it. */
function shown(process: Process, options: Options, { name, entry }: Member): string {
  if (!options.has('t', 'list') || !options.has('v', 'verbose')) return `${name}\n`;
  const time = new Date(entry.modifiedMs).toISOString().replace('T', ' ');
  const size = entry.kind === 'file' ? sizeOf(entry) : 0;
  const link = entry.kind === 'link' ? ` -> ${entry.target}` : '';
  return `${modeText(entry)} root/root ${String(size).padStart(9)} ${time.slice(0, isBusybox(process) ? 19 : 16)} ${name}${link}\n`;
}

/** Writes one member below `folder`; why it could not, or ''. */
async function extract(process: Process, options: Options, folder: string, member: Member): Promise<string> {
  const { entry } = member;
  const strip = Number(options.get('strip-components') ?? 0);
  const name = member.name.split('/').slice(strip).join('/');
  if (name === '') return '';
  if (options.has('O', 'to-stdout')) {
    if (entry.kind === 'file') await process.out(entry.content);
    return '';
  }
  const { files } = process.machine;
  const path = resolvePath(folder, name);
  const nowMs = options.has('m', 'touch') ? process.sys.nowMs() : entry.modifiedMs;
  const parents = files.makeFolder(entry.kind === 'folder' ? path : parentOf(path), nowMs, { parents: true });
  if (parents !== undefined) return failureText(parents);
  if (entry.kind === 'folder') return '';
  // What stands there is replaced, not written through: a link is no way out of the folder.
  if (files.stat(path) !== undefined) files.remove(path);
  const failure =
    entry.kind === 'link'
      ? files.link(entry.target, path, nowMs)
      : files.write(path, entry.content, nowMs, { mode: entry.mode });
  return failure === undefined ? '' : failureText(failure);
}
