import type { Redirect } from './ast.ts';
import { expandParts, expandText, expandWords } from './expand.ts';
import type { ExpansionHost } from './expand.ts';
import { failureText, parentOf, resolvePath, statThrough } from './path.ts';
import { SystemFailure } from './control.ts';
import type { Descriptor, Descriptors } from './process.ts';
import { textStream } from './process.ts';
import type { FileFailure, FileSystem } from './program.ts';

/** A redirection that cannot be made: its message without the shell's prefix. */
export class RedirectFailure extends Error {
  override readonly name = 'RedirectFailure';
}

/** Opens the files of redirections, left to right. @throws RedirectFailure, ExpansionFailure */
export async function applyRedirects(
  host: ExpansionHost,
  base: Descriptors,
  redirects: readonly Redirect[],
): Promise<Map<number, Descriptor>> {
  const open = new Map(base);
  for (const redirect of redirects) await applyOne(host, open, redirect);
  return open;
}

async function applyOne(
  host: ExpansionHost,
  open: Map<number, Descriptor>,
  redirect: Redirect,
): Promise<void> {
  const { operator } = redirect;
  if (redirect.variable !== undefined) return applyNamed(host, open, redirect, redirect.variable);
  if (redirect.heredoc !== undefined) {
    open.set(redirect.fd ?? 0, { stream: textStream(await expandParts(host, redirect.heredoc.body)) });
    return;
  }
  if (operator === '<<<') {
    open.set(redirect.fd ?? 0, { stream: textStream(`${await expandText(host, redirect.target)}\n`) });
    return;
  }
  const only = redirect.target.parts.length === 1 ? redirect.target.parts[0] : undefined;
  if (operator === '<' && only?.kind === 'process' && only.direction === '<') {
    const stream = await host.processStream(only.body);
    open.set(redirect.fd ?? 0, { stream, close: () => stream.close() });
    return;
  }
  const words = await expandWords(host, [redirect.target]);
  const target = words[0] ?? '';
  if (words.length !== 1) throw new RedirectFailure(`${redirect.target.text}: ambiguous redirect`);
  if (operator === '<&' || operator === '>&') {
    const moved = /^([0-9]+)-$/.exec(target);
    const fd = redirect.fd ?? (operator === '<&' ? 0 : 1);
    if (moved !== null) {
      duplicate(open, fd, moved[1] ?? '');
      if (fd !== Number(moved[1])) open.delete(Number(moved[1]));
    } else if (/^([0-9]+|-)$/.test(target)) duplicate(open, fd, target);
    else if (operator === '<&' || redirect.fd !== undefined)
      throw new RedirectFailure(`${target}: ambiguous redirect`);
    else await openBoth(host, open, target, false);
    return;
  }
  if (operator === '&>' || operator === '&>>') {
    await openBoth(host, open, target, operator === '&>>');
    return;
  }
  open.set(
    redirect.fd ?? (operator === '<' || operator === '<>' ? 0 : 1),
    await openFile(host, open, operator, target),
  );
}

/** `{name}>file` takes a free descriptor and keeps its number in the variable; `{name}>&-` closes it. */
async function applyNamed(
  host: ExpansionHost,
  open: Map<number, Descriptor>,
  redirect: Redirect,
  name: string,
): Promise<void> {
  const { variable: _variable, ...plain } = redirect;
  const isClosing = /^[<>]&$/.test(redirect.operator) && redirect.target.text === '-';
  if (isClosing) {
    open.delete(Number(host.state.variables.get(name) ?? '-1'));
    return;
  }
  const fd = host.freeFd(open);
  await applyOne(host, open, { ...plain, fd });
  await host.assign(name, String(fd));
}

function duplicate(open: Map<number, Descriptor>, fd: number, target: string): void {
  if (target === '-') {
    open.delete(fd);
    return;
  }
  const source = open.get(Number(target));
  if (source === undefined) throw new RedirectFailure(`${target}: Bad file descriptor`);
  open.set(fd, source);
}

async function openBoth(
  host: ExpansionHost,
  open: Map<number, Descriptor>,
  target: string,
  append: boolean,
): Promise<void> {
  const file = await openFile(host, open, append ? '>>' : '>', target);
  open.set(1, file);
  open.set(2, file);
}

async function openFile(
  host: ExpansionHost,
  open: Descriptors,
  operator: Redirect['operator'],
  target: string,
): Promise<Descriptor> {
  const socket = host.state.dialect === 'bash' ? /^\/dev\/(tcp|udp)\/([^/]+)\/([^/]+)$/.exec(target) : null;
  if (socket !== null)
    return host.openSocket(socket[1] === 'udp' ? 'udp' : 'tcp', socket[2] ?? '', socket[3] ?? '', target);
  const path = resolvePath(host.state.cwd, target);
  const device = openDevice(open, path);
  if (device !== undefined) return device;
  if (operator === '<>') return openBothWays(host, target, path);
  if (operator === '<') {
    const content = host.files.read(path);
    if ('content' in content) return { stream: textStream(content.content), isFile: true };
    if (content.error === 'EISDIR') return { stream: textStream('') };
    throw new RedirectFailure(readMessage(host, target, content.error));
  }
  return openForWriting(host, operator, target, path);
}

function openForWriting(
  host: ExpansionHost,
  operator: Redirect['operator'],
  target: string,
  path: string,
): Descriptor {
  const { files, state } = host;
  const old = statThrough(files, path);
  const fail = (error: FileFailure): never => {
    throw new RedirectFailure(writeMessage(host, target, error));
  };
  if (target === '') fail('ENOENT');
  if (old?.kind === 'file' && operator === '>' && state.options.has('noclobber') && path !== '/dev/null') {
    throw new RedirectFailure(
      state.dialect === 'bash'
        ? `${target}: cannot overwrite existing file`
        : `${state.dialect === 'dash' ? 'cannot' : "can't"} create ${target}: File exists`,
    );
  }
  const mode = old === undefined ? { mode: 0o666 & ~state.mask } : {};
  const failed = files.write(path, '', host.nowMs(), { append: operator === '>>', ...mode });
  if (failed !== undefined) fail(failed);
  return writerTo(files, path, host);
}

/** `<>`: reading and writing share one place in the file; writing puts over what is there. */
function openBothWays(host: ExpansionHost, target: string, path: string): Descriptor {
  const { files } = host;
  const failed = files.write(path, '', host.nowMs(), { append: true });
  if (failed !== undefined) throw new RedirectFailure(writeMessage(host, target, failed));
  const start = files.read(path);
  const stream = textStream('content' in start ? start.content : '');
  return {
    stream,
    write: async (_sys, text) => {
      const now = files.read(path);
      const content = 'content' in now ? now.content : '';
      const rest = stream.take();
      const at = content.length - rest.length;
      const changed = content.slice(0, at) + text + content.slice(at + text.length);
      const problem = files.write(path, changed, host.nowMs());
      if (problem !== undefined) throw new SystemFailure(`write error: ${failureText(problem)}`);
      stream.putBack(rest.slice(text.length));
    },
  };
}

function writerTo(files: FileSystem, path: string, host: ExpansionHost): Descriptor {
  return {
    write: async (_sys, text) => {
      const failed = files.write(path, text, host.nowMs(), { append: true });
      if (failed !== undefined) throw new SystemFailure(`write error: ${failureText(failed)}`);
    },
  };
}

function openDevice(open: Descriptors, path: string): Descriptor | undefined {
  if (path === '/dev/null') return { stream: textStream(''), write: async () => {} };
  const fd = /^\/dev\/fd\/([0-9]+)$/.exec(path)?.[1];
  if (fd !== undefined) return open.get(Number(fd));
  if (path === '/dev/stdin') return open.get(0);
  if (path === '/dev/stdout') return open.get(1);
  if (path === '/dev/stderr') return open.get(2);
  if (path === '/dev/tty')
    return [...open.values()].find((one) => one.terminal !== undefined && one.write !== undefined);
  return undefined;
}

/** The words for a file that cannot be read (tools/FACTS.md §7). */
function readMessage(host: ExpansionHost, target: string, error: FileFailure): string {
  if (host.state.dialect === 'bash') return `${target}: ${failureText(error)}`;
  if (host.state.dialect === 'ash')
    return `can't open ${target}: ${error === 'ENOENT' ? 'no such file' : failureText(error)}`;
  return `cannot open ${target}: ${error === 'ENOENT' ? 'No such file' : failureText(error)}`;
}

function writeMessage(host: ExpansionHost, target: string, error: FileFailure): string {
  if (host.state.dialect === 'bash') return `${target}: ${failureText(error)}`;
  const isNoFolder =
    error === 'ENOENT' &&
    statThrough(host.files, parentOf(resolvePath(host.state.cwd, target)))?.kind !== 'folder';
  if (host.state.dialect === 'ash')
    return `can't create ${target}: ${isNoFolder ? 'nonexistent directory' : failureText(error)}`;
  return `cannot create ${target}: ${isNoFolder ? 'Directory nonexistent' : failureText(error)}`;
}
