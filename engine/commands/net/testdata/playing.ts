import { Clock } from '../../../base/clock.ts';
import { Signalled } from '../../../base/process.ts';
import type { Sys } from '../../../base/process.ts';
import { Stream } from '../../../base/stream.ts';
import type { Network } from '../../../net/socket.ts';
import { Scheduler } from '../../../session/scheduler.ts';
import type { FileEntry, FileSystem, Machine, MachineFacts, Process, Program, Terminal } from '../../../shell/program.ts';
import type { Ports } from '../../ports.ts';

/** The end of one played command line. */
export type Played = { readonly stdout: string; readonly stderr: string; readonly exit: number; readonly elapsedMs: number };

/** What is played: programs on a machine in a network. */
export type Stage = {
  readonly network: Network;
  readonly facts: Pick<MachineFacts, 'libc' | 'shell' | 'versions'>;
  readonly programs: (ports: Ports) => ReadonlyMap<string, Program>;
  readonly isTerminal: boolean;
  readonly files?: Readonly<Record<string, string>>;
  /** Ends the command by a signal after so many ms. */
  readonly interruptMs?: number;
  readonly variables?: Readonly<Record<string, string>>;
};

const EPOCH_MS = Date.UTC(2026, 10, 21, 9, 0, 0);

/** Plays a simple command line (words, quotes, `;`, `&&`, one pipe, `<`, `>`, `$?`) on a stage until it ends. */
export async function play(stage: Stage, line: string): Promise<Played> {
  const clock = new Clock(EPOCH_MS);
  const scheduler = new Scheduler(clock, { firstPid: 100, afterStep: () => {} });
  const shell = new TinyShell(stage);
  const handle = scheduler.start({ command: ['sh'], machine: 'client' }, (sys) => shell.run(sys, line));
  let guard = 0;
  let isInterrupted = false;
  while (handle.exitCode() === undefined) {
    if (++guard > 200_000) throw new Error(`stuck: ${line}`);
    if (await scheduler.runNext()) continue;
    const limitMs = EPOCH_MS + (stage.interruptMs ?? 400_000);
    if (clock.fireNext(limitMs)) continue;
    if (stage.interruptMs === undefined || isInterrupted) break;
    isInterrupted = true;
    clock.advanceTo(limitMs);
    handle.kill('INT');
  }
  return { stdout: shell.stdout, stderr: shell.stderr, exit: handle.exitCode() ?? 137, elapsedMs: clock.nowMs - EPOCH_MS };
}

class TinyShell {
  stdout = '';
  stderr = '';
  readonly #stage: Stage;
  readonly #programs: ReadonlyMap<string, Program>;
  readonly #machine: Machine;
  readonly #terminal: Terminal | undefined;
  #status = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
    const ports = { kube: undefined, network: () => stage.network, agent: () => undefined, observer: () => undefined, host: () => undefined } as Ports;
    this.#programs = stage.programs(ports);
    this.#machine = {
      ...stage.facts,
      id: 'client',
      hostname: 'client',
      user: 'root',
      home: '/home/learner',
      files: new TinyFiles(stage.files ?? {}),
      program: (name) => this.#programs.get(name),
      programNames: () => [...this.#programs.keys()].sort(),
      env: {},
    };
    this.#terminal = stage.isTerminal ? { columns: 80, rows: 24, isRaw: false, isEcho: true } : undefined;
  }

  async run(sys: Sys, line: string): Promise<number> {
    for (const [joint, command] of splitCommands(line)) {
      if (joint === '&&' && this.#status !== 0) continue;
      this.#status = await this.#pipeline(sys, command);
    }
    return this.#status;
  }

  async #pipeline(sys: Sys, command: string): Promise<number> {
    const stages = splitPipe(command);
    let input: string | undefined;
    let status = 0;
    for (const [i, stage] of stages.entries()) {
      const words = this.#words(stage);
      const stdin = new Stream();
      if (input !== undefined) stdin.push(input);
      let isTyped = i === 0 && this.#stage.isTerminal;
      let target: string | undefined;
      const argv: string[] = [];
      const env = new Map<string, string>();
      for (let j = 0; j < words.length; j++) {
        const word = words[j] ?? '';
        if (word === '<') {
          j++;
          isTyped = false;
        } else if (word === '>') target = words[++j];
        else if (argv.length === 0 && /^[A-Z_]+=/.test(word)) env.set(word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1));
        else argv.push(word);
      }
      if (!isTyped) stdin.end();
      let captured = '';
      const isLast = i === stages.length - 1;
      const out = async (text: string): Promise<void> => {
        if (target !== undefined || !isLast) captured += text;
        else this.#write('stdout', text);
      };
      status = await this.#command({ sys, argv, env, stdin, out, isPiped: !isLast || target !== undefined });
      if (target !== undefined && target !== '/dev/null') this.#machine.files.write(this.#path(target), captured, sys.nowMs());
      input = isLast ? undefined : captured;
    }
    return status;
  }

  #write(stream: 'stdout' | 'stderr', text: string): void {
    if (this.#stage.isTerminal) this.stdout += text.replaceAll('\n', '\r\n');
    else this[stream] += text;
  }

  #path(name: string): string {
    return name.startsWith('/') ? name : `/home/learner/${name}`;
  }

  async #command(job: { sys: Sys; argv: string[]; env: Map<string, string>; stdin: Stream; out: (text: string) => Promise<void>; isPiped: boolean }): Promise<number> {
    const [name = '', ...args] = job.argv;
    if (name === 'echo') {
      await job.out(`${args.join(' ')}\n`);
      return 0;
    }
    if (name === 'printf') {
      await job.out((args[0] ?? '').replace(/\\r/g, '\r').replace(/\\n/g, '\n'));
      return 0;
    }
    if (name === 'cat' || name === 'ls') {
      for (const file of args.filter((arg) => !arg.startsWith('-'))) {
        const read = this.#machine.files.read(this.#path(file));
        if ('error' in read) {
          this.#write('stderr', name === 'cat' ? `cat: ${file}: No such file or directory\n` : `ls: cannot access '${file}': No such file or directory\n`);
          return name === 'cat' ? 1 : 2;
        }
        await job.out(name === 'cat' ? read.content : `${file}\n`);
      }
      return 0;
    }
    const program = this.#programs.get(name === 'busybox' ? (args[0] ?? '') : (name.split('/').pop() ?? ''));
    if (!program) throw new Error(`no program ${name}`);
    const process: Process = {
      argv: name === 'busybox' ? args : job.argv,
      env: job.env,
      cwd: '/home/learner',
      machine: this.#machine,
      sys: job.sys,
      stdin: job.stdin,
      out: job.out,
      err: async (text) => this.#write('stderr', text),
      tty: (stream) => (stream === 'stdout' && job.isPiped ? undefined : this.#terminal),
      run: async () => 127,
    };
    try {
      return await program(process);
    } catch (error) {
      if (error instanceof Signalled) return error.exitCode;
      throw error;
    }
  }

  #words(text: string): string[] {
    const words: string[] = [];
    let word: string | undefined;
    for (const match of text.matchAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|\$(\?|[A-Z]+)|(\{[^}]*,[^}]*\})|([<>])|(\s+)|([^\s'"\\$<>{]+|[{$])/g)) {
      const [, single, double, escaped, variable, braces, redirect, space, plain] = match;
      if (space !== undefined || redirect !== undefined) {
        if (word !== undefined) words.push(word);
        word = undefined;
        if (redirect !== undefined) words.push(redirect);
        continue;
      }
      const expand = (inner: string): string => inner.replace(/\$(\?|[A-Z]+)/g, (_, key: string) => this.#variable(key)).replace(/\\([\\"$`])/g, '$1');
      word = (word ?? '') + (single ?? (double === undefined ? undefined : expand(double)) ?? escaped ?? (variable === undefined ? undefined : this.#variable(variable)) ?? braces ?? plain ?? '');
    }
    if (word !== undefined) words.push(word);
    return words;
  }

  #variable(key: string): string {
    return key === '?' ? String(this.#status) : (this.#stage.variables?.[key] ?? '');
  }
}

function splitCommands(line: string): [string, string][] {
  return split(line, /^(;|&&)/).map(([joint, text]) => [joint, text.trim()]);
}

function splitPipe(command: string): string[] {
  return split(command, /^(\|)/).map(([, text]) => text.trim());
}

function split(line: string, separator: RegExp): [string, string][] {
  const parts: [string, string][] = [['', '']];
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const char = line[i] ?? '';
    const last = parts.at(-1) as [string, string];
    if (quote === '' && (char === "'" || char === '"')) quote = char;
    else if (char === quote) quote = '';
    const match = quote === '' ? separator.exec(line.slice(i)) : null;
    if (match) {
      parts.push([match[0], '']);
      i += match[0].length - 1;
    } else last[1] += char;
  }
  return parts;
}

class TinyFiles implements FileSystem {
  revision = 0;
  #files = new Map<string, string>();

  constructor(files: Readonly<Record<string, string>>) {
    for (const [path, content] of Object.entries(files)) this.#files.set(path, content);
  }

  read(path: string): { content: string } | { error: 'ENOENT' } {
    const content = this.#files.get(path);
    return content === undefined ? { error: 'ENOENT' } : { content };
  }

  stat(path: string): FileEntry | undefined {
    const content = this.#files.get(path);
    return content === undefined ? undefined : { kind: 'file', content, mode: 0o644, modifiedMs: 0 };
  }

  list(): readonly string[] {
    return [];
  }

  write(path: string, content: string, _nowMs: number, options?: { readonly append?: boolean }): 'ENOENT' | undefined {
    if (path.startsWith('/nosuch')) return 'ENOENT';
    this.#files.set(path, (options?.append ? (this.#files.get(path) ?? '') : '') + content);
    return undefined;
  }

  makeFolder(): undefined {}

  remove(path: string): undefined {
    this.#files.delete(path);
  }

  rename(): undefined {}
  link(): undefined {}
  setMode(): undefined {}

  entries(): readonly (readonly [string, FileEntry])[] {
    return [];
  }
}
