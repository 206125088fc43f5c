import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CaseAnswer, type ProbeAnswer, runCase } from '../policy/case-run.ts';
import type { Probe } from '../policy/case-file.ts';
import type { FlowVerdict, SideVerdict } from '../policy/model.ts';
import type { CommandIo } from './ringfence.ts';

const USAGE =
  'usage: ringfence verdicts [--policies DIR] FILE…   or   ringfence verdicts --jsonl < FILENAMES\n';

type Options = {
  readonly isJsonl: boolean;
  readonly policies: string | undefined;
  readonly files: readonly string[];
};

/**
 * `ringfence verdicts`: answers case files in the form of `.expected.json`.
 * Exit code 1 when a probe's `expect` does not hold or a file is wrong, 2 on bad usage.
 */
export async function verdictsCommand(argv: string[], io: CommandIo): Promise<number> {
  const options = readOptions(argv);
  if (typeof options === 'string') {
    io.error(`ringfence verdicts: ${options}\n${USAGE}`);
    return 2;
  }
  if (options.isJsonl) return answerStream(io);
  let code = 0;
  for (const file of options.files) code = Math.max(code, answerFile(file, options, io));
  return code;
}

function readOptions(argv: readonly string[]): Options | string {
  let isJsonl = false;
  let policies: string | undefined;
  const files: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    if (word === '--jsonl') isJsonl = true;
    else if (word === '--policies') {
      policies = argv[++i];
      if (policies === undefined) return '--policies needs a folder';
    } else if (word.startsWith('-')) return `unknown option ${word}`;
    else files.push(word);
  }
  if (!isJsonl && files.length === 0) return 'no file given';
  return { isJsonl, policies, files };
}

/** File names come one a line; each is answered by one line. */
async function answerStream(io: CommandIo): Promise<number> {
  let rest = '';
  for await (const chunk of io.stdin) {
    rest += chunk;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) answerLine(line, io);
  }
  answerLine(rest, io);
  return 0;
}

function answerLine(line: string, io: CommandIo): void {
  const file = line.trim();
  if (file === '') return;
  try {
    const { answer } = runCase(io.readFile(file));
    io.write(`${JSON.stringify({ file, ...publicForm(answer) })}\n`);
  } catch (failure) {
    io.write(`${JSON.stringify({ file, error: messageOf(failure) })}\n`);
  }
}

function answerFile(file: string, options: Options, io: CommandIo): number {
  try {
    const policies = options.policies === undefined ? undefined : readFolder(options.policies, io);
    const { world, answer } = runCase(io.readFile(file), policies);
    io.write(`${JSON.stringify(publicForm(answer), null, 1)}\n`);
    const misses = world.probes.flatMap((probe, i) => missOf(probe, answer.probes[i], i));
    for (const miss of misses) io.error(`${file}: ${miss}\n`);
    return misses.length > 0 ? 1 : 0;
  } catch (failure) {
    io.error(`${file}: ${messageOf(failure)}\n`);
    return 1;
  }
}

function readFolder(folder: string, io: CommandIo): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .sort();
  return files.map((name) => io.readFile(join(folder, name))).join('\n---\n');
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}

/** Why an expectation does not hold; nothing when it does. */
function missOf(probe: Probe, answer: ProbeAnswer | undefined, i: number): string[] {
  if (probe.expect === undefined || !answer) return [];
  const name = probe.id ?? `probe ${i + 1}`;
  if ('unsupported' in answer) return [`${name}: ${answer.unsupported}`];
  if (answer.verdict === probe.expect) return [];
  const { from, to, port } = probe.flow;
  const flow = `${peerText(from)} to ${peerText(to)}${port === undefined ? '' : ` port ${port}`}`;
  return [`${name}: expected ${probe.expect}, got ${answer.verdict} (${flow}; ${reasonText(answer)})`];
}

function peerText(peer: object): string {
  return Object.values(peer).map(String).join('');
}

function reasonText(answer: FlowVerdict): string {
  if (!answer.droppedAt) return 'both ends let it pass';
  const rules = answer[answer.droppedAt].rulesMatched;
  return `${answer.reason} at ${answer.droppedAt}${rules.length > 0 ? ` by ${rules.join(', ')}` : ''}`;
}

/** The members that an expected.json has, in its order. */
function publicForm(answer: CaseAnswer): object {
  return {
    cilium: '1.20.2',
    policies: answer.policies,
    ...(answer.cidrGroups && { cidrGroups: answer.cidrGroups }),
    probes: answer.probes.map((probe) => {
      const id = probe.id === undefined ? {} : { id: probe.id };
      if ('unsupported' in probe) return { ...id, unsupported: probe.unsupported };
      const { verdict, droppedAt, reason } = probe;
      return {
        ...id,
        egress: sideForm(probe.egress),
        ingress: sideForm(probe.ingress),
        verdict,
        droppedAt,
        reason,
      };
    }),
  };
}

function sideForm(side: SideVerdict): object {
  const { verdict, enforced, managed, deniedBy, l7, l7verdict, auth, rulesMatched } = side;
  return { verdict, enforced, managed, deniedBy, l7, l7verdict, auth, rulesMatched };
}
