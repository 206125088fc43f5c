import { failureText, parentOf, statThrough } from '../../../shell/path.ts';
import type { FileFailure } from '../../../shell/program.ts';
import type { Member } from '../../coreutils/tar.ts';
import { membersBelow, readArchive, writeArchive } from '../../coreutils/tar.ts';
import type { Command, Context } from '../context.ts';
import { pathOf } from '../discovery.ts';
import { CommandError } from '../errors.ts';
import { flagTable } from '../flags.ts';
import { absolutePath } from '../paths.ts';
import { defaultContainer } from '../pods.ts';
import { quoteGo } from '../text.ts';
import { execFailure, refuseCompleted } from './exec.ts';

/** `kubectl cp`: tar on one side, an archive of the same form on the other (kubectl's cp.go). */
export const copyCommand: Command = {
  name: 'cp',
  about: 'Copy files and directories to and from containers',
  usage: '<file-spec-src> <file-spec-dest> [options]',
  flags: flagTable('container,c:string no-preserve retries:int=0'),
  run: copy,
};

/** One side of a copy; `pod` is '' for a local path. */
type Spec = { readonly namespace: string; readonly pod: string; readonly path: string };

/** Reads `[[namespace/]pod:]path`. @throws CommandError */
function specOf(text: string): Spec {
  const colon = text.indexOf(':');
  const path = text.slice(colon + 1).replace(/(?<=.)\/$/, '');
  const [first = '', second, third] = text.slice(0, Math.max(0, colon)).split('/');
  if (colon === 0 || (colon > 0 && third !== undefined))
    throw new CommandError('filespec must match the canonical format: [[namespace/]pod:]file/path');
  if (colon < 0) return { namespace: '', pod: '', path };
  return second === undefined ? { namespace: '', pod: first, path } : { namespace: first, pod: second, path };
}

/** Go's path.Clean. */
function clean(path: string): string {
  const root = path.startsWith('/') ? '/' : '';
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..' || (root === '' && (parts.at(-1) ?? '..') === '..')) parts.push(part);
    else parts.pop();
  }
  return root + parts.join('/') || '.';
}

/** The folder and the last name of a path, as Go's path.Dir and path.Base tell them. */
function split(path: string): { readonly folder: string; readonly base: string } {
  const at = path.lastIndexOf('/');
  return { folder: clean(path.slice(0, at + 1)), base: path.slice(at + 1) || (at < 0 ? '.' : '/') };
}

async function copy(context: Context): Promise<number> {
  const [from, to] = context.args;
  if (from === undefined || to === undefined || context.args.length > 2)
    throw new CommandError('source and destination are required');
  const [source, target] = [specOf(from), specOf(to)];
  if (source.pod !== '' && target.pod !== '')
    throw new CommandError('one of src or dest must be a local file specification');
  if (source.path === '' || target.path === '') throw new CommandError('filepath can not be empty');
  if (source.pod !== '') return copyFrom(context, source, target.path);
  if (target.pod !== '') return copyTo(context, source.path, target);
  throw new CommandError('one of src or dest must be a remote file specification');
}

/** Runs a command in the container; what is said about the choice of container goes to `err` as well. @throws ApiError, CommandError */
async function run(
  context: Context,
  spec: Spec,
  command: readonly string[],
  streams: { readonly input?: string; readonly err: (text: string) => Promise<void> },
): Promise<{ readonly out: string; readonly code: number }> {
  const pods = context.discovery.need('pods');
  const namespace = spec.namespace || context.namespace;
  const pod = context.client.get(pathOf(pods, namespace, spec.pod), {}, undefined, false);
  refuseCompleted(pod);
  const container =
    context.flags.text('container') || (await defaultContainer(context, pod, false, streams.err));
  const session = context.client.exec(pathOf(pods, namespace, spec.pod, 'exec'), {
    command,
    container,
    stdin: streams.input === undefined ? undefined : 'true',
    stdout: 'true',
    stderr: 'true',
  });
  session.stdin.push(streams.input ?? '');
  session.stdin.end();
  await context.process.sys.until(() => session.exitCode() !== undefined);
  const failure = session.failure();
  if (failure !== undefined) throw execFailure(failure);
  await streams.err(session.stderr.take());
  return { out: session.stdout.take(), code: session.exitCode() ?? 1 };
}

async function copyTo(context: Context, from: string, to: Spec): Promise<number> {
  const { files } = context.process.machine;
  const local = absolutePath(context.process.cwd, from);
  if (statThrough(files, local) === undefined)
    throw new CommandError(`${from} doesn't exist in local filesystem`);
  // Whatever goes wrong here goes wrong again below, and is told there.
  const isFolder = await run(context, to, ['test', '-d', to.path], { err: async () => {} }).then(
    ({ code }) => code === 0,
    () => false,
  );
  const { folder, base } = split(isFolder ? clean(`${to.path}/${split(clean(from)).base}`) : to.path);
  const loose = context.flags.bool('no-preserve') ? ['--no-same-permissions', '--no-same-owner'] : [];
  const below = membersBelow(files, local, base);
  // A folder has no entry of its own unless it is empty.
  const members = below.filter(
    ({ name, entry }) =>
      entry.kind !== 'folder' || !below.some((one) => one.name !== name && one.name.startsWith(name)),
  );
  const { out, code } = await run(context, to, ['tar', ...loose, '-xmf', '-', '-C', folder], {
    input: writeArchive(members),
    err: (text) => context.err(text),
  });
  await context.out(out);
  if (code !== 0) await context.err(`command terminated with exit code ${code}\n`);
  return code;
}

async function copyFrom(context: Context, from: Spec, to: string): Promise<number> {
  const isRetried = context.flags.int('retries') !== 0;
  const command = isRetried
    ? ['sh', '-c', `tar cf - ${from.path} | tail -c+0`]
    : ['tar', 'cf', '-', from.path];
  // What tar says comes on stdout here.
  const { out, code } = await run(context, from, command, { err: (text) => context.out(text) });
  const members = readArchive(out);
  if (members === undefined) {
    if (code !== 0) await context.err(`command terminated with exit code ${code}\n`);
    return code;
  }
  const prefix = clean(from.path.replace(/^\/+/, ''))
    .replace(/^(\.\.\/)+/, '')
    .replace(/^\.\.?$/, '');
  let hasWarned = false;
  for (const { name, entry } of members) {
    if (!name.startsWith(prefix)) throw new CommandError('tar contents corrupted');
    const path = clean(`${to}/${name.slice(prefix.length)}`);
    if (entry.kind === 'link') {
      const hint = `consider using "kubectl exec -n ${quoteGo(from.namespace)} ${quoteGo(from.pod)} -- tar cf - ${quoteGo(from.path)} | tar xf -"`;
      await context.err(
        `warning: skipping symlink: ${quoteGo(path)} -> ${quoteGo(entry.target)}${hasWarned ? '' : ` (${hint})`}\n`,
      );
      hasWarned = true;
    } else place(context, path, entry);
  }
  return 0;
}

/** Makes a folder or file, and the folders it stands in. @throws CommandError */
function place(context: Context, path: string, entry: Member['entry']): void {
  const { files } = context.process.machine;
  const local = absolutePath(context.process.cwd, path);
  const refuse = (verb: string, shown: string, failure: FileFailure): CommandError =>
    new CommandError(`${verb} ${shown}: ${failureText(failure).toLowerCase()}`);
  const isFolder = entry.kind === 'folder';
  const failed = files.makeFolder(isFolder ? local : parentOf(local), context.nowMs, { parents: true });
  if (failed !== undefined)
    throw refuse('mkdir', isFolder ? path : split(path).folder, failed === 'EEXIST' ? 'ENOTDIR' : failed);
  const failure = entry.kind === 'file' ? files.write(local, entry.content, context.nowMs) : undefined;
  if (failure !== undefined) throw refuse('open', path, failure);
}
