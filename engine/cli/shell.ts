import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { LIMITS } from '../base/limits.ts';
import { decodeLab, labSlugs } from '../lab/decode.ts';
import { Headless } from '../session/headless.ts';
import { readLabFiles } from '../session/replay.ts';
import type { CommandIo } from './ringfence.ts';

/** Where the repository's labs are. */
export const LABS_FOLDER = join(import.meta.dirname, '../../labs');

const USAGE = 'usage: ringfence shell --lab ID [--seed N] [--task N] [--files DIR] [--jsonl]\n';

type ShellFlags = {
  readonly lab: string;
  readonly seed: number;
  readonly task: number;
  readonly files: string | undefined;
  readonly isJsonl: boolean;
};

/** `ringfence shell`: a lab's terminal, headless. With `--jsonl` each line of standard input gives one line of JSON. Exit 2: bad usage. */
export async function shellCommand(argv: readonly string[], io: CommandIo): Promise<number> {
  const flags = parseFlags(argv);
  if (typeof flags === 'string') {
    io.error(`ringfence shell: ${flags}\n${USAGE}`);
    return 2;
  }
  const files = readLabFiles(LABS_FOLDER);
  const bundle = decodeLab(files, flags.lab);
  if (bundle === undefined) {
    io.error(
      `ringfence shell: there is no lab or world ${flags.lab}; labs: ${labSlugs(files).join(', ')}; worlds: playground, workstation, recorded\n`,
    );
    return 2;
  }
  const headless = await Headless.open(bundle, { seed: flags.seed, task: flags.task });
  if (flags.files !== undefined) copyFiles(headless, flags.files);
  return flags.isJsonl ? answerLines(headless, io, flags.lab === 'recorded') : talk(headless, io);
}

function parseFlags(argv: readonly string[]): ShellFlags | string {
  let lab: string | undefined;
  let seed = 1;
  let task = 0;
  let files: string | undefined;
  let isJsonl = false;
  for (let i = 0; i < argv.length; i++) {
    const [name = '', inline] = (argv[i] ?? '').split(/=(.*)/s, 2);
    const value = (): string | undefined => inline ?? argv[++i];
    if (name === '--jsonl') isJsonl = true;
    else if (name === '--lab') lab = value();
    else if (name === '--files') files = value();
    else if (name === '--seed') seed = Number(value());
    else if (name === '--task') task = Number(value()) - 1;
    else return `unknown option ${name}`;
  }
  if (lab === undefined) return '--lab is missing';
  if (!Number.isSafeInteger(seed) || seed < 0) return '--seed is a whole number';
  if (!Number.isSafeInteger(task) || task < 0) return '--task is a number from 1';
  return { lab, seed, task, files, isJsonl };
}

/** Copies a folder's content into the virtual home; files larger than a saved file may be stay out. */
function copyFiles(headless: Headless, folder: string): void {
  const { home } = headless.sandbox.workplace.workstation;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || statSync(path).size > LIMITS.fileCharactersMax) continue;
    headless.sandbox.apply({
      kind: 'save',
      path: `${home}/${relative(folder, path)}`,
      content: readFileSync(path, 'utf8'),
    });
  }
}

/** The lines of a stream of text. */
export async function* linesOf(chunks: AsyncIterable<string>): AsyncIterable<string> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** The recorder ran each line in a bash of its own, without a terminal and with nothing to read; a lone `cd` prepares. */
function asRecorded(line: string): string {
  return /^cd\b[^;&|]*$/.test(line) ? line : `(\n${line}\n) < /dev/null`;
}

async function answerLines(headless: Headless, io: CommandIo, isRecorded: boolean): Promise<number> {
  for await (const line of linesOf(io.stdin)) {
    if (line.trim() === '') continue;
    const request = decodeRequest(line);
    if (request === undefined) {
      io.write(
        `${JSON.stringify({ error: 'not understood: a JSON string or {"input", "interruptAfterMs"} is wanted' })}\n`,
      );
      continue;
    }
    const reply = await headless.submit(
      isRecorded ? asRecorded(request.input) : request.input,
      request.interruptAfterMs,
    );
    if (isRecorded) await headless.settle();
    io.write(`${JSON.stringify({ ...reply, input: request.input })}\n`);
  }
  return 0;
}

function decodeRequest(
  line: string,
): { readonly input: string; readonly interruptAfterMs?: number } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value === 'string') return { input: value };
  if (typeof value !== 'object' || value === null || !('input' in value) || typeof value.input !== 'string')
    return undefined;
  const after = 'interruptAfterMs' in value ? value.interruptAfterMs : undefined;
  return typeof after === 'number' ? { input: value.input, interruptAfterMs: after } : { input: value.input };
}

/** The lab in the reader's own terminal: lines in, output out, time jumping. */
async function talk(headless: Headless, io: CommandIo): Promise<number> {
  const prompt = () =>
    io.write(
      headless.sandbox.terminals.get(1)?.isAtPrompt === false
        ? ''
        : (headless.sandbox.terminals.get(1)?.prompt ?? '').replace(/\x01|\x02/g, ''),
    );
  prompt();
  for await (const line of linesOf(io.stdin)) {
    const reply = await headless.submit(line);
    io.write(reply.output);
    if (!headless.sandbox.terminals.has(1)) return reply.exit ?? 0;
    prompt();
  }
  return 0;
}
