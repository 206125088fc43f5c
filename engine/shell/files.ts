import { byText } from '../base/order.ts';
import { LIMITS } from '../base/limits.ts';
import type { FileEntry, FileFailure, FileSystem } from './program.ts';
import { baseName, joinPath, parentOf, resolvePath } from './path.ts';

const DEVICES = new Set(['/dev/null', '/dev/tty', '/dev/zero', '/dev/stdout', '/dev/stderr', '/dev/stdin']);
const LINK_HOPS_MAX = 40;
/** As PATH_MAX has it, but shorter: deep folders cost time at every level. */
const PATH_CHARACTERS_MAX = 1_024;

/**
 * The files of one virtual machine, in memory. `stat` does not follow a link that is the last part of a path
 * (`statThrough` does); `read` and `write` follow. The devices of /dev take and give nothing and are not in `entries()`.
 */
export class MemoryFiles implements FileSystem {
  #entries = new Map<string, FileEntry>();
  #children = new Map<string, Set<string>>([['/', new Set()]]);
  #revision = 0;

  /** Starts with `entries`; missing parent folders are made with the time of the entry that needs them. */
  constructor(entries: readonly (readonly [string, FileEntry])[] = []) {
    this.#entries.set('/', { kind: 'folder', mode: 0o755, modifiedMs: 0 });
    for (const [path, entry] of entries) {
      if (path === '/') continue;
      this.makeFolder(parentOf(path), entry.modifiedMs, { parents: true });
      this.#put(path, entry);
    }
    this.#revision = 0;
  }

  get revision(): number {
    return this.#revision;
  }

  read(path: string): { readonly content: string } | { readonly error: FileFailure } {
    if (DEVICES.has(path)) return { content: '' };
    const real = this.#resolve(path, true);
    if ('error' in real) return real;
    const entry = this.#entries.get(real.path);
    if (entry === undefined) return { error: 'ENOENT' };
    return entry.kind === 'file' ? { content: entry.content } : { error: 'EISDIR' };
  }

  stat(path: string): FileEntry | undefined {
    if (DEVICES.has(path)) return { kind: 'file', content: '', mode: 0o666, modifiedMs: 0 };
    const real = this.#resolve(path, false);
    return 'error' in real ? undefined : this.#entries.get(real.path);
  }

  list(path: string): readonly string[] | { readonly error: FileFailure } {
    const real = this.#resolve(path, true);
    if ('error' in real) return real;
    const entry = this.#entries.get(real.path);
    if (entry === undefined) return { error: 'ENOENT' };
    if (entry.kind !== 'folder') return { error: 'ENOTDIR' };
    return [...(this.#children.get(real.path) ?? [])].sort(byText);
  }

  write(
    path: string,
    content: string,
    nowMs: number,
    options: { readonly append?: boolean; readonly mode?: number } = {},
  ): FileFailure | undefined {
    if (DEVICES.has(path)) return undefined;
    const real = this.#resolve(path, true);
    if ('error' in real) return real.error;
    const old = this.#entries.get(real.path);
    if (old !== undefined && old.kind !== 'file') return 'EISDIR';
    if (old === undefined && this.#entries.size >= LIMITS.filesMax) return 'ENOSPC';
    const text = options.append === true && old !== undefined ? old.content + content : content;
    if (text.length > LIMITS.fileCharactersMax) return 'EFBIG';
    this.#put(real.path, {
      kind: 'file',
      content: text,
      mode: options.mode ?? old?.mode ?? 0o644,
      modifiedMs: nowMs,
    });
    return undefined;
  }

  makeFolder(
    path: string,
    nowMs: number,
    options: { readonly parents?: boolean } = {},
  ): FileFailure | undefined {
    const real = this.#resolve(path, false);
    if ('error' in real) {
      if (options.parents !== true || real.error !== 'ENOENT') return real.error;
      const failed = this.makeFolder(parentOf(path), nowMs, options);
      return failed ?? this.makeFolder(path, nowMs);
    }
    const old = this.#entries.get(real.path);
    if (old !== undefined) {
      const isFolder = old.kind === 'folder' || (old.kind === 'link' && !('error' in this.list(real.path)));
      return options.parents === true && isFolder ? undefined : 'EEXIST';
    }
    if (this.#entries.size >= LIMITS.filesMax) return 'ENOSPC';
    this.#put(real.path, { kind: 'folder', mode: 0o755, modifiedMs: nowMs });
    this.#children.set(real.path, new Set());
    return undefined;
  }

  remove(path: string, options: { readonly recursive?: boolean } = {}): FileFailure | undefined {
    const real = this.#resolve(path, false);
    if ('error' in real) return real.error;
    const entry = this.#entries.get(real.path);
    if (entry === undefined) return 'ENOENT';
    if (real.path === '/') return 'EACCES';
    const children = this.#children.get(real.path);
    if (entry.kind === 'folder' && children !== undefined && children.size > 0) {
      if (options.recursive !== true) return 'ENOTEMPTY';
      for (const name of [...children]) this.remove(joinPath(real.path, name), options);
    }
    this.#drop(real.path);
    return undefined;
  }

  rename(from: string, to: string, nowMs: number): FileFailure | undefined {
    const source = this.#resolve(from, false);
    if ('error' in source) return source.error;
    const entry = this.#entries.get(source.path);
    if (entry === undefined) return 'ENOENT';
    const target = this.#resolve(to, false);
    if ('error' in target) return target.error;
    if (target.path === source.path) return undefined;
    if (target.path.startsWith(`${source.path}/`)) return 'EACCES';
    const old = this.#entries.get(target.path);
    if (old?.kind === 'folder') {
      if (entry.kind !== 'folder') return 'EISDIR';
      if ((this.#children.get(target.path)?.size ?? 0) > 0) return 'ENOTEMPTY';
    } else if (old !== undefined && entry.kind === 'folder') return 'ENOTDIR';
    if (old !== undefined) this.#drop(target.path);
    this.#move(source.path, target.path, nowMs);
    return undefined;
  }

  link(target: string, path: string, nowMs: number): FileFailure | undefined {
    const real = this.#resolve(path, false);
    if ('error' in real) return real.error;
    if (this.#entries.has(real.path)) return 'EEXIST';
    if (this.#entries.size >= LIMITS.filesMax) return 'ENOSPC';
    this.#put(real.path, { kind: 'link', target, modifiedMs: nowMs });
    return undefined;
  }

  setMode(path: string, mode: number): FileFailure | undefined {
    const real = this.#resolve(path, true);
    if ('error' in real) return real.error;
    const entry = this.#entries.get(real.path);
    if (entry === undefined || entry.kind === 'link') return 'ENOENT';
    this.#put(real.path, { ...entry, mode });
    return undefined;
  }

  entries(): readonly (readonly [string, FileEntry])[] {
    return [...this.#entries].sort(([a], [b]) => byText(a, b));
  }

  /** The place a path means after links in its folders (and, with `follow`, a link at its end) were followed. */
  #resolve(path: string, follow: boolean): { path: string } | { error: FileFailure } {
    if (path.length > PATH_CHARACTERS_MAX) return { error: 'ENAMETOOLONG' };
    let parts = path.split('/').filter((part) => part !== '');
    let at = '/';
    let hops = 0;
    while (parts.length > 0) {
      const name = parts[0] ?? '';
      const next = joinPath(at, name);
      const isLast = parts.length === 1;
      const entry = this.#entries.get(next);
      parts = parts.slice(1);
      if (entry?.kind === 'link' && (!isLast || follow)) {
        if (++hops > LINK_HOPS_MAX) return { error: 'ELOOP' };
        parts = [
          ...resolvePath(at, entry.target)
            .split('/')
            .filter((part) => part !== ''),
          ...parts,
        ];
        at = '/';
        continue;
      }
      if (!isLast && entry === undefined) return { error: 'ENOENT' };
      if (!isLast && entry?.kind === 'file') return { error: 'ENOTDIR' };
      at = next;
    }
    return { path: at };
  }

  #put(path: string, entry: FileEntry): void {
    this.#revision++;
    this.#entries.set(path, entry);
    if (path !== '/') this.#children.get(parentOf(path))?.add(baseName(path));
    if (entry.kind === 'folder' && !this.#children.has(path)) this.#children.set(path, new Set());
  }

  #drop(path: string): void {
    this.#revision++;
    this.#entries.delete(path);
    this.#children.delete(path);
    this.#children.get(parentOf(path))?.delete(baseName(path));
  }

  #move(from: string, to: string, nowMs: number): void {
    const entry = this.#entries.get(from);
    if (entry === undefined) return;
    const names = [...(this.#children.get(from) ?? [])].sort(byText);
    this.#put(to, entry);
    for (const name of names) this.#move(joinPath(from, name), joinPath(to, name), nowMs);
    this.#drop(from);
  }
}
