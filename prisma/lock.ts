import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Thrown when a living process has the embedded database open; the message says which and what to do. */
export class DatabaseBusyError extends Error {
  override readonly name = 'DatabaseBusyError';
}

type Holder = { readonly pid: number; readonly started: string };

/** When a process began, as the kernel counts it; empty where there is no /proc. It tells a process from a later one with its number. */
function startOf(pid: number): string {
  const file = `/proc/${pid}/stat`;
  try {
    if (!existsSync(file)) return '';
    const text = readFileSync(file, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to someone else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const started = startOf(holder.pid);
  return started === '' || holder.started === '' || started === holder.started;
}

function read(file: string): Holder | undefined {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as Partial<Holder>;
    return typeof value.pid === 'number'
      ? { pid: value.pid, started: String(value.started ?? '') }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Moves a lock that nobody holds out of the way; puts it back when another process was faster and it is a fresh one. */
function clear(file: string, stale: Holder | undefined): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const moved = read(aside);
  const isFresh = moved !== undefined && (moved.pid !== stale?.pid || moved.started !== stale.started);
  try {
    if (isFresh) linkSync(aside, file);
  } catch {
    // A third one has it now.
  }
  rmSync(aside, { force: true });
}

/**
 * Takes the lock of an embedded database (PGlite has none of its own, and two processes would ruin it).
 * @param file The lock file; its folder is made.
 * @returns Gives the lock back. A process that dies without doing so leaves a lock that the next one takes over.
 */
export function lockDatabase(file: string): () => void {
  mkdirSync(path.dirname(file), { recursive: true });
  const mine: Holder = { pid: process.pid, started: startOf(process.pid) };
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      writeFileSync(file, JSON.stringify(mine), { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = read(file);
    if (holder?.pid === process.pid && isAlive(holder)) break;
    if (holder !== undefined && isAlive(holder)) {
      throw new DatabaseBusyError(
        `The database in ${path.dirname(file)} is in use by process ${holder.pid}. Stop that one first (kill ${holder.pid}), or give this one a folder of its own with RINGFENCE_DATA.`,
      );
    }
    clear(file, holder);
  }
  return () => {
    if (read(file)?.pid === process.pid) rmSync(file, { force: true });
  };
}
