import { readFileSync } from 'node:fs';
import { loadYaml } from '../base/yaml.ts';

/** What a command of the command line is given. */
export type CommandIo = {
  readonly stdin: AsyncIterable<string>;
  write(text: string): void;
  error(text: string): void;
  readFile(path: string): string;
};

type Command = (argv: string[], io: CommandIo) => Promise<number>;

// Each command is loaded only when asked for: the engine is not small.
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  shell: () => load('shell'),
  labs: () => load('labs'),
  bench: () => load('bench'),
  verdicts: () => load('verdicts'),
};

async function load(name: string): Promise<Command> {
  const loading: Promise<Record<string, unknown>> = import(`./${name}.ts`);
  await loadYaml();
  const module = await loading;
  const command = module[`${name}Command`];
  if (typeof command !== 'function') throw new Error(`engine/cli/${name}.ts has no ${name}Command`);
  return (argv, io) => command(argv, io);
}

const USAGE = `usage: ringfence COMMAND [ARGUMENTS]

  shell --lab ID      a lab's terminal
  labs [check [ID]]   list, prove or start labs
  bench [NAME]        the benchmarks
  verdicts FILE…      policy verdicts for case files
`;

/** Runs `ringfence` with its arguments; the result is the exit code. */
export async function main(argv: readonly string[], io: CommandIo): Promise<number> {
  const [name = '', ...rest] = argv;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    io.error(USAGE);
    return 2;
  }
  return (await command())(rest, io);
}

async function* readStdin(): AsyncIterable<string> {
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin) yield String(chunk);
}

if (import.meta.main) {
  const io: CommandIo = {
    stdin: readStdin(),
    write: (text) => void process.stdout.write(text),
    error: (text) => void process.stderr.write(text),
    readFile: (path) => readFileSync(path, 'utf8'),
  };
  // A reader that goes away (head) is no failure of ours.
  process.stdout.on('error', () => process.exit(0));
  process.exitCode = await main(process.argv.slice(2), io);
}
