import type { Stream } from '../base/stream.ts';
import type { Signal, Sys } from '../base/process.ts';

/** One entry of a virtual machine's files. Content is text; sizes are counted in UTF-8 bytes. */
export type FileEntry =
  | { readonly kind: 'file'; readonly content: string; readonly mode: number; readonly modifiedMs: number }
  | { readonly kind: 'folder'; readonly mode: number; readonly modifiedMs: number }
  | { readonly kind: 'link'; readonly target: string; readonly modifiedMs: number };

/** Why a file operation failed: the errno's name, whose words (`No such file or directory`) each tool prints itself. */
export type FileFailure =
  | 'ENOENT'
  | 'EISDIR'
  | 'ENOTDIR'
  | 'EEXIST'
  | 'EACCES'
  | 'ENOTEMPTY'
  | 'ENOSPC'
  | 'ELOOP'
  | 'EFBIG'
  | 'ENAMETOOLONG';

/** The files of one virtual machine. Paths are absolute and normal (`resolvePath`); results are values, never exceptions. */
export interface FileSystem {
  read(path: string): { readonly content: string } | { readonly error: FileFailure };
  stat(path: string): FileEntry | undefined;
  list(path: string): readonly string[] | { readonly error: FileFailure };
  write(
    path: string,
    content: string,
    nowMs: number,
    options?: { readonly append?: boolean; readonly mode?: number },
  ): FileFailure | undefined;
  makeFolder(path: string, nowMs: number, options?: { readonly parents?: boolean }): FileFailure | undefined;
  remove(path: string, options?: { readonly recursive?: boolean }): FileFailure | undefined;
  rename(from: string, to: string, nowMs: number): FileFailure | undefined;
  link(target: string, path: string, nowMs: number): FileFailure | undefined;
  setMode(path: string, mode: number): FileFailure | undefined;
  /** Counts changes, so that a watcher can tell cheaply whether anything is new. */
  readonly revision: number;
  /** Every path with its entry, by path: for hashes, keyframes and the page. */
  entries(): readonly (readonly [string, FileEntry])[];
}

/** A terminal as its programs see it. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  /** While true, the edge passes key strokes to stdin as bytes and does not echo or edit lines. */
  isRaw: boolean;
  /** While false, typed lines are not echoed (passwords). */
  isEcho: boolean;
  /**
   * Set by the program that owns the terminal (an interactive shell) and called by the edge for Ctrl-C (INT), Ctrl-Z (TSTP)
   * and Ctrl-\\ (QUIT): it passes the signal to the foreground job. Absent: the edge signals the program it started.
   */
  onSignal?: ((signal: Signal) => void) | undefined;
}

/** What a machine is, apart from its network: who runs there and what it is called. */
export type MachineFacts = {
  readonly hostname: string;
  /** Which C library resolves names (tools/FACTS.md §3) and which tools' words apply. */
  readonly libc: 'glibc' | 'musl';
  readonly shell: 'bash' | 'ash' | 'dash';
  readonly user: string;
  readonly home: string;
  /** Versions of tools whose words differ, e.g. curl → `8.14.1`, busybox → `1.37.0`. */
  readonly versions: Readonly<Record<string, string>>;
};

/** A virtual machine: workstation, container or outside host. Programs are looked up by name on its PATH. */
export interface Machine extends MachineFacts {
  /** Unique: `workstation`, `pod/ns/name/container`, `host/vpn`. */
  readonly id: string;
  readonly files: FileSystem;
  /** The program that `name` starts, or undefined: `command not found`. */
  program(name: string): Program | undefined;
  /** Names of all programs, sorted, for completion and `which`. */
  programNames(): readonly string[];
  /** The command of the first process (PID 1), in a container. */
  readonly main?: readonly string[];
  /** Opens `/dev/tcp/HOST/PORT` and `/dev/udp/HOST/PORT` for bash; absent where there is no network. */
  readonly openSocket?: OpenSocket;
  /** Environment of a first process. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Connects to a host (a name or an address) and a port (a number or a service's name). `isUnknown`: the name has no address.
 * What is read comes from `stream`, which waits on the network itself.
 */
export type OpenSocket = (
  sys: Sys,
  protocol: 'tcp' | 'udp',
  host: string,
  port: string,
) => Promise<
  | {
      readonly stream: Stream;
      readonly write: (sys: Sys, text: string) => Promise<void>;
      readonly close: () => void;
    }
  | { readonly error: string; readonly isUnknown: boolean }
>;

/** A running program: its words, its streams, its surroundings. */
export interface Process {
  /** argv: the name it was called by, then its arguments. */
  readonly argv: readonly string[];
  readonly env: Map<string, string>;
  cwd: string;
  readonly machine: Machine;
  readonly sys: Sys;
  readonly stdin: Stream;
  /** Writes to stdout, waiting while a pipe is full. @throws Signalled PIPE when the reader is gone. */
  out(text: string): Promise<void>;
  /** Writes to stderr. */
  err(text: string): Promise<void>;
  /** The terminal behind a standard stream, or undefined when it is a file or a pipe. */
  tty(stream: 'stdin' | 'stdout' | 'stderr'): Terminal | undefined;
  /** Runs another program of the same machine with the given words and waits for it; 127 when there is none. `stdin`/`out`/`err` default to this process's. */
  run(argv: readonly string[], options?: RunOptions): Promise<number>;
}

/** Streams and surroundings of a program that another one starts. */
export type RunOptions = {
  readonly stdin?: Stream;
  readonly out?: (text: string) => Promise<void>;
  readonly err?: (text: string) => Promise<void>;
  readonly env?: ReadonlyMap<string, string>;
  readonly cwd?: string;
};

/** A program: resolves to its exit code. It throws only Signalled (let it pass) or an InvariantError (a bug). */
export type Program = (process: Process) => Promise<number>;
