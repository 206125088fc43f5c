import type { Sys } from '../base/process.ts';
import type { Stream } from '../base/stream.ts';
import { MemoryFiles } from '../shell/files.ts';
import { createProcess, type Descriptor, findProgram } from '../shell/process.ts';
import type { Machine, MachineFacts, OpenSocket, Program, Terminal } from '../shell/program.ts';

/** What a machine is made of. `programs` are the names that exist on it; `files` its content, path → text. */
export type MachineParts = {
  readonly id: string;
  readonly facts: MachineFacts;
  readonly files: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly programs: ReadonlyMap<string, Program>;
  /** The command of a container's first process; absent on other machines. */
  readonly main?: readonly string[];
  /** How bash opens `/dev/tcp` on it. */
  readonly openSocket?: (machine: Machine) => OpenSocket;
};

/** The folders that every Linux has. Programs are looked up by name and show in none of them. */
const FOLDERS = [
  'bin',
  'dev',
  'etc',
  'home',
  'lib',
  'media',
  'mnt',
  'opt',
  'proc',
  'root',
  'run',
  'sbin',
  'srv',
  'sys',
  'tmp',
  'usr/bin',
  'usr/lib',
  'usr/local',
  'usr/sbin',
  'usr/share',
  'var/log',
  'var/tmp',
].map((name) => `/${name}`);

/** Builds a machine; its files get the time `nowMs`. */
export function createMachine(parts: MachineParts, nowMs: number): Machine {
  const files = new MemoryFiles();
  for (const folder of [...FOLDERS, parts.facts.home]) files.makeFolder(folder, nowMs, { parents: true });
  for (const [path, content] of Object.entries(parts.files)) {
    files.makeFolder(path.slice(0, path.lastIndexOf('/')) || '/', nowMs, { parents: true });
    files.write(path, content, nowMs);
  }
  const names = [...parts.programs.keys()].sort();
  const { openSocket } = parts;
  const machine: Machine = {
    id: parts.id,
    ...parts.facts,
    files,
    env: parts.env,
    program: (name) => parts.programs.get(name),
    programNames: () => names,
    ...(parts.main === undefined ? {} : { main: parts.main }),
    ...(openSocket === undefined
      ? {}
      : { openSocket: (sys, protocol, host, port) => openSocket(machine)(sys, protocol, host, port) }),
  };
  return machine;
}

/** The streams and the terminal that a first process of a machine gets. */
export type StartStreams = {
  readonly stdin: Stream;
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly terminal?: Terminal | undefined;
};

/** Runs `argv` on a machine as its own process's child-less root; 127 and the runtime's words when there is no such program. */
export async function runOn(
  sys: Sys,
  machine: Machine,
  argv: readonly string[],
  streams: StartStreams,
): Promise<number> {
  const found = findProgram(machine, machine.home, machine.env['PATH'], argv[0] ?? '');
  if (found.kind !== 'program') return 127;
  const writer = (stream: Stream): Descriptor => ({
    write: (own, text) => stream.write(own, text),
    terminal: streams.terminal,
  });
  const process = createProcess({
    argv: [...found.prefix, ...argv],
    env: new Map(Object.entries(machine.env)),
    cwd: startFolder(machine),
    machine,
    sys,
    descriptors: new Map<number, Descriptor>([
      [0, { stream: streams.stdin, terminal: streams.terminal }],
      [1, writer(streams.stdout)],
      [2, writer(streams.terminal === undefined ? streams.stderr : streams.stdout)],
    ]),
  });
  return found.program(process);
}

/** Where a process of this machine begins: a container at its image's folder (`PWD`), others at home. */
function startFolder(machine: Machine): string {
  return machine.env['PWD'] ?? (machine.id.startsWith('pod/') ? '/' : machine.home);
}

/** The terminal at the far end of `kubectl exec -t` or `ssh`: it has the near end's size. */
export function remoteTerminal(columns: number, rows: number): Terminal {
  return { columns, rows, isRaw: false, isEcho: true };
}
