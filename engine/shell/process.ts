import type { Signal, Sys, ProcessHandle } from '../base/process.ts';
import { LIMITS } from '../base/limits.ts';
import { SIGNALS, Signalled } from '../base/process.ts';
import { SystemFailure } from './control.ts';
import { Stream } from '../base/stream.ts';
import { baseName, parentOf, resolvePath, statThrough } from './path.ts';
import type { Machine, Process, Program, RunOptions, Terminal } from './program.ts';

/** One open file of a process: what can be read from it or written to it, and the terminal behind it. */
export type Descriptor = {
  readonly stream?: Stream;
  readonly write?: (sys: Sys, text: string) => Promise<void>;
  readonly terminal?: Terminal | undefined;
  /** It is a file of the disk, whose size is known. */
  readonly isFile?: boolean;
  /** Called when the last name of it in its shell is gone: ends a connection or a pipe. */
  readonly close?: () => void;
};

/** A process's open files by number. */
export type Descriptors = ReadonlyMap<number, Descriptor>;

/** What makes a process, apart from its program. */
export type ProcessParts = {
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly machine: Machine;
  readonly sys: Sys;
  readonly descriptors: Descriptors;
};

/** A process started from a shell or a program. `signal` tells which signal ended it, undefined when it exited by itself. */
export type Child = { readonly handle: ProcessHandle; signal(): Signal | undefined };

const PROGRAM_FOLDERS = new Set([
  '/bin',
  '/usr/bin',
  '/usr/local/bin',
  '/sbin',
  '/usr/sbin',
  '/usr/local/sbin',
]);

/** Makes the process that a program sees, from its parts. Its environment is a copy. */
export function createProcess(parts: ProcessParts): Process {
  const { argv, machine, sys, descriptors } = parts;
  const env = new Map(parts.env);
  const write = async (fd: number, text: string): Promise<void> => {
    if (text !== '') await descriptors.get(fd)?.write?.(sys, text);
  };
  const process: Process = {
    argv,
    env,
    cwd: parts.cwd,
    machine,
    sys,
    stdin: descriptors.get(0)?.stream ?? textStream(''),
    out: (text) => write(1, text),
    err: (text) => write(2, text),
    tty: (stream) => descriptors.get(stream === 'stdin' ? 0 : stream === 'stdout' ? 1 : 2)?.terminal,
    run: async (words, options) => {
      const child = startProgram(process, descriptors, words, options);
      return child === undefined ? 127 : waitFor(sys, child);
    },
  };
  registry.set(process, descriptors);
  return process;
}

const registry = new WeakMap<Process, Descriptors>();

/** The open files of a process, for programs that pass them on (a shell). */
export function descriptorsOf(process: Process): Descriptors {
  return registry.get(process) ?? new Map();
}

/** Starts another program of the machine as a child of `process` without waiting; undefined when there is none of that name. */
export function startChild(
  process: Process,
  argv: readonly string[],
  options?: RunOptions,
): Child | undefined {
  return startProgram(process, registry.get(process) ?? new Map(), argv, options);
}

function startProgram(
  process: Process,
  inherited: Descriptors,
  argv: readonly string[],
  options: RunOptions = {},
): Child | undefined {
  const found = findProgram(
    process.machine,
    options.cwd ?? process.cwd,
    process.env.get('PATH'),
    argv[0] ?? '',
  );
  if (found.kind !== 'program') return undefined;
  const descriptors = new Map(inherited);
  if (options.stdin !== undefined) descriptors.set(0, { stream: options.stdin });
  const { out, err } = options;
  if (out !== undefined) descriptors.set(1, { write: (_sys, text) => out(text) });
  if (err !== undefined) descriptors.set(2, { write: (_sys, text) => err(text) });
  const words = [...found.prefix, ...argv];
  return spawnProgram(process.sys, found.program, {
    argv: words,
    env: options.env ?? process.env,
    cwd: options.cwd ?? process.cwd,
    machine: process.machine,
    descriptors,
  });
}

/** Spawns a process that runs `program`. `group` is as in SpawnOptions. */
export function spawnProgram(
  sys: Sys,
  program: Program,
  parts: Omit<ProcessParts, 'sys'>,
  group?: number | 'new',
): Child {
  return spawnTracked(sys, parts.argv, parts.machine, group, async (own) => {
    const process = createProcess({ ...parts, sys: own });
    try {
      return await program(process);
    } catch (error) {
      const failure = asSystemFailure(error);
      if (failure === undefined) throw error;
      await process.err(`${baseName(parts.argv[0] ?? '')}: ${failure.message}\n`);
      return 1;
    }
  });
}

/** What the machine refused; also what ours could not hold (a text too long, calls too deep): the last net under every tool. */
export function asSystemFailure(error: unknown): SystemFailure | undefined {
  if (error instanceof SystemFailure) return error;
  return error instanceof RangeError ? new SystemFailure('memory exhausted') : undefined;
}

/** Spawns a process and remembers which signal ended it. */
export function spawnTracked(
  sys: Sys,
  command: readonly string[],
  machine: Machine,
  group: number | 'new' | undefined,
  main: (sys: Sys) => Promise<number>,
): Child {
  if (sys.processes(machine.id).length >= LIMITS.processesMax)
    throw new SystemFailure('fork: retry: Resource temporarily unavailable');
  let ended: Signal | undefined;
  let isStarted = false;
  const handle = sys.spawn(
    { command, machine: machine.id, ...(group !== undefined ? { group } : {}) },
    async (own) => {
      isStarted = true;
      try {
        return await main(own);
      } catch (error) {
        if (error instanceof Signalled) ended = error.signal;
        throw error;
      }
    },
  );
  return {
    handle,
    signal: () => ended ?? (isStarted ? undefined : signalOfCode(handle.exitCode() ?? 0)),
  };
}

/** The signal that an exit code tells of; undefined for an ordinary one. */
function signalOfCode(code: number): Signal | undefined {
  if (code <= 128) return undefined;
  const names = Object.entries(SIGNALS) as [Signal, number][];
  return names.find(([, number]) => number === code - 128)?.[0] ?? 'TERM';
}

/** Waits until a child has ended and gives its exit code. @throws Signalled */
export async function waitFor(sys: Sys, child: Child): Promise<number> {
  await sys.until(() => child.handle.exitCode() !== undefined);
  return child.handle.exitCode() ?? 0;
}

/** What a command's name leads to. `prefix` holds the words of a script's `#!` line, put before its own. */
export type Found =
  | {
      readonly kind: 'program';
      readonly program: Program;
      readonly prefix: readonly string[];
      readonly path: string;
      /** A script's path as it was written: its `$0`. */
      readonly shown?: string;
      /** A script without a `#!` line: the shell that starts it reads it itself. */
      readonly isPlain?: boolean;
    }
  | { readonly kind: 'missing' | 'denied' | 'folder' | 'interpreter'; readonly isPlain?: boolean };

/** Looks a command up as execvp does: a path as it is, a bare name along PATH. */
export function findProgram(machine: Machine, cwd: string, path: string | undefined, name: string): Found {
  if (name === '') return { kind: 'missing' };
  if (name.includes('/')) return findAt(machine, resolvePath(cwd, name), name);
  const folders = (path ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin').split(':');
  for (const folder of folders) {
    const at = resolvePath(cwd, `${folder === '' ? '.' : folder}/${name}`);
    const found = findAt(machine, at, name);
    if (found.kind !== 'program') continue;
    // A machine's programs are in every program folder at once; distributions keep them in /usr/bin.
    const isFile = statThrough(machine.files, at) !== undefined;
    return isFile || !folders.includes('/usr/bin') ? found : { ...found, path: `/usr/bin/${name}` };
  }
  return { kind: 'missing' };
}

function findAt(machine: Machine, path: string, name: string): Found {
  const entry = statThrough(machine.files, path);
  if (entry?.kind === 'folder') return { kind: 'folder' };
  if (entry?.kind === 'file') {
    if ((entry.mode & 0o111) === 0) return { kind: 'denied' };
    if (entry.content.startsWith('#!')) return findScript(machine, path, entry.content, name);
    if (entry.content !== '' || !PROGRAM_FOLDERS.has(parentOf(path)))
      return { ...findScript(machine, path, '#!/bin/sh\n', name), isPlain: true };
  }
  const program = PROGRAM_FOLDERS.has(parentOf(path)) ? machine.program(baseName(path)) : undefined;
  return program === undefined
    ? { kind: 'missing' }
    : { kind: 'program', program, prefix: [], path: name.includes('/') ? name : path };
}

function findScript(machine: Machine, path: string, content: string, name: string): Found {
  const line = content.slice(2).split('\n')[0] ?? '';
  const words = line.trim().split(/\s+/);
  const first = words[0] ?? '';
  const isEnv = baseName(first) === 'env' && words[1] !== undefined;
  const program = machine.program(baseName(isEnv ? (words[1] ?? '') : first));
  if (program === undefined) return { kind: isEnv ? 'missing' : 'interpreter' };
  const shown = name.includes('/') ? { shown: name } : {};
  return { kind: 'program', program, prefix: isEnv ? words.slice(1) : words, path, ...shown };
}

/** A stream that holds `text` and nothing more: a file opened for reading, a here-document, an empty stdin. */
export function textStream(text: string): Stream {
  const stream = new Stream();
  stream.push(text);
  stream.end();
  return stream;
}
