import type { FileEntry, FileFailure, FileSystem } from './program.ts';

/** The absolute, normal form of `path` as seen from `cwd` (which is absolute): no `.`, `..`, `//` or trailing `/`. */
export function resolvePath(cwd: string, path: string): string {
  const parts: string[] = [];
  for (const part of `${path.startsWith('/') ? '' : `${cwd}/`}${path}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** The folder that a path stands in; `/` for `/`. The path is absolute and normal. */
export function parentOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at <= 0 ? '/' : path.slice(0, at);
}

/** The last part of a path, `/` for `/`. */
export function baseName(path: string): string {
  const trimmed = path.replace(/\/+$/, '');
  if (trimmed === '') return path === '' ? '' : '/';
  return trimmed.slice(trimmed.lastIndexOf('/') + 1);
}

/** Joins a folder and a name. */
export function joinPath(folder: string, name: string): string {
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}

/** What stands at `path` after following links; undefined when nothing does or a link leads nowhere. */
export function statThrough(files: FileSystem, path: string): FileEntry | undefined {
  let at = path;
  for (let hops = 0; hops < 40; hops++) {
    const entry = files.stat(at);
    if (entry?.kind !== 'link') return entry;
    at = resolvePath(parentOf(at), entry.target);
  }
  return undefined;
}

/** What the C library says for a failed file operation (strerror). */
export function failureText(failure: FileFailure): string {
  return FAILURE_TEXTS[failure];
}

const FAILURE_TEXTS: Readonly<Record<FileFailure, string>> = {
  ENOENT: 'No such file or directory',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
  EEXIST: 'File exists',
  EACCES: 'Permission denied',
  ENOTEMPTY: 'Directory not empty',
  ENOSPC: 'No space left on device',
  ELOOP: 'Too many levels of symbolic links',
  EFBIG: 'File too large',
  ENAMETOOLONG: 'File name too long',
};
