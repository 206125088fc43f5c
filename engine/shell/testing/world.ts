import { Stream } from '../../base/stream.ts';
import { MemoryFiles } from '../files.ts';
import { createProcess } from '../process.ts';
import type { Descriptor } from '../process.ts';
import type { Machine, MachineFacts, Program, Terminal } from '../program.ts';
import { Shell } from '../shell.ts';
import type { Submitted } from '../shell.ts';
import { TestScheduler } from './scheduler.ts';

/** A machine for tests, with the programs given. */
export function testMachine(
  programs: ReadonlyMap<string, Program>,
  facts: Partial<MachineFacts> = {},
): Machine {
  const files = new MemoryFiles();
  for (const folder of ['/home/learner', '/tmp', '/etc', '/root', '/usr/bin'])
    files.makeFolder(folder, 0, { parents: true });
  files.write('/etc/hosts', '127.0.0.1\tlocalhost\n', 0);
  return {
    id: 'test',
    hostname: 'client',
    libc: 'glibc',
    shell: 'bash',
    user: 'root',
    home: '/root',
    versions: {},
    ...facts,
    files,
    env: { PATH: '/usr/bin:/bin', HOME: '/root' },
    program: (name) => programs.get(name),
    programNames: () => [...programs.keys()].sort(),
  };
}

/** What a command line gave. */
export type Ran = { readonly stdout: string; readonly stderr: string; readonly exit: number | undefined };

/** Runs one program with words to its end. */
export async function runProgram(
  machine: Machine,
  argv: readonly string[],
  options: {
    readonly cwd?: string;
    readonly stdin?: string;
    readonly program?: Program;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<Ran> {
  const scheduler = new TestScheduler();
  let stdout = '';
  let stderr = '';
  const stdin = new Stream();
  stdin.push(options.stdin ?? '');
  stdin.end();
  const program = options.program ?? machine.program(argv[0] ?? '');
  const exit = await scheduler.run(machine.id, (sys) => {
    const descriptors = new Map<number, Descriptor>([
      [0, { stream: stdin }],
      [1, { write: async (_sys, text) => void (stdout += text) }],
      [2, { write: async (_sys, text) => void (stderr += text) }],
    ]);
    const process = createProcess({
      argv,
      env: new Map(Object.entries({ ...machine.env, ...options.env })),
      cwd: options.cwd ?? '/home/learner',
      machine,
      sys,
      descriptors,
    });
    return program === undefined ? Promise.resolve(127) : program(process);
  });
  return { stdout, stderr, exit };
}

/** An interactive shell for tests: give it lines, read what it wrote. */
export class TestTerminal {
  readonly scheduler = new TestScheduler();
  readonly machine: Machine;
  readonly terminal: Terminal = { columns: 80, rows: 24, isRaw: false, isEcho: true };
  readonly stdin = new Stream();
  readonly shell: Promise<Shell>;
  output = '';
  #lines: string[] = [];
  #results: Submitted[] = [];
  #shell: Shell | undefined;

  constructor(machine: Machine, dialect: 'bash' | 'ash' | 'dash' = 'bash') {
    this.machine = machine;
    let give: (shell: Shell) => void = () => {};
    this.shell = new Promise((resolve) => {
      give = resolve;
    });
    const write = async (_sys: unknown, text: string): Promise<void> => void (this.output += text);
    const descriptors = new Map<number, Descriptor>([
      [0, { stream: this.stdin, terminal: this.terminal }],
      [1, { write, terminal: this.terminal }],
      [2, { write, terminal: this.terminal }],
    ]);
    this.scheduler.spawn(
      { command: [dialect], machine: machine.id, group: 'new' },
      async (sys) => {
        const shell = new Shell({
          dialect,
          name: dialect,
          machine,
          sys,
          descriptors,
          env: new Map(Object.entries(machine.env)),
          cwd: '/home/learner',
          isInteractive: true,
        });
        this.#shell = shell;
        give(shell);
        for (;;) {
          await sys.until(() => this.#lines.length > 0);
          const done = await shell.submit(this.#lines.shift() ?? '');
          this.#results.push(done);
          if (done.kind === 'done' && done.isExited) return done.exit;
        }
      },
      1,
      1,
    );
  }

  /** Submits a line and runs until it is done; returns what was written. `interruptAfterMs` presses Ctrl-C. */
  async line(text: string, interruptAfterMs?: number, signal: 'INT' | 'TSTP' = 'INT'): Promise<string> {
    const count = this.#results.length;
    this.output = '';
    this.#lines.push(text);
    const startMs = this.scheduler.nowMs;
    const isDone = (): boolean => this.#results.length > count;
    if (interruptAfterMs !== undefined) {
      await this.scheduler.advance(isDone, startMs + interruptAfterMs);
      if (!isDone()) {
        this.scheduler.nowMs = Math.max(this.scheduler.nowMs, startMs + interruptAfterMs);
        this.#shell?.signal(signal);
      }
    }
    await this.scheduler.advance(isDone);
    return this.output;
  }

  /** Lets virtual time pass at the prompt. */
  async pass(durationMs: number): Promise<void> {
    const untilMs = this.scheduler.nowMs + durationMs;
    await this.scheduler.advance(() => false, untilMs);
    this.scheduler.nowMs = Math.max(this.scheduler.nowMs, untilMs);
  }

  /** What became of the last line. */
  get last(): Submitted | undefined {
    return this.#results.at(-1);
  }
}
