import { writeFileSync } from 'node:fs';
import { CaseError } from '../policy/case-file.ts';
import { type CaseAnswer, runCase } from '../policy/case-run.ts';
import type { SideVerdict } from '../policy/model.ts';
import type { CommandIo } from './ringfence.ts';
import { junitText, tapText } from './verdicts-formats.ts';
import { type PolicyInput, policiesWithin, readPolicies, readText } from './verdicts-input.ts';
import { Explainer, explainText } from './verdicts-report.ts';
import {
  placeText,
  policyResults,
  probeResult,
  type SuiteResult,
  type TestResult,
} from './verdicts-results.ts';

const USAGE = `usage: ringfence verdicts [OPTIONS] FILE…
       ringfence verdicts --jsonl < FILENAMES

  --policies PATH   the policies of a folder (or file) in place of those in FILE
  --explain         say why, with lines and the smallest edits, in place of JSON
  --tap             print the results as TAP 14 in place of JSON
  --junit PATH      also write the results to PATH as JUnit XML
`;

type Options = {
  readonly isJsonl: boolean;
  readonly isExplained: boolean;
  readonly isTap: boolean;
  readonly junit: string | undefined;
  readonly policies: string | undefined;
  readonly files: readonly string[];
};

/**
 * `ringfence verdicts`: answers case files in the form of `.expected.json`, or as tests of policy (`expect` on probes).
 * Exit code 1 when a probe's `expect` does not hold, a policy of `--policies` is refused or a file is wrong; 2 on bad usage.
 */
export async function verdictsCommand(argv: string[], io: CommandIo): Promise<number> {
  const options = readOptions(argv);
  if (typeof options === 'string') {
    io.error(`ringfence verdicts: ${options}\n${USAGE}`);
    return 2;
  }
  if (options.isJsonl) return answerStream(io);
  let folder: PolicyInput | undefined;
  try {
    folder = options.policies === undefined ? undefined : readPolicies(options.policies, io);
  } catch (failure) {
    io.error(`ringfence verdicts: --policies: ${messageOf(failure)}\n`);
    return 1;
  }
  if (folder && folder.others.size > 0) {
    const kinds = [...folder.others].map(([kind, count]) => `${kind} (${count})`).join(', ');
    io.error(`${options.policies}: no policies, left alone: ${kinds}\n`);
  }
  return answerFiles(options, folder, io);
}

function answerFiles(options: Options, folder: PolicyInput | undefined, io: CommandIo): number {
  const suites = options.files.map((file) => answerFile(file, options, folder, io));
  const failed = suites.flatMap(({ file, tests }) =>
    tests
      .filter((test) => test.status === 'failed')
      .map((test) =>
        test.place || test.message.startsWith(`${file}:`) ? test.message : `${file}: ${test.message}`,
      ),
  );
  for (const line of new Set(failed)) io.error(`${line}\n`);
  if (options.isTap) io.write(tapText(suites));
  if (options.junit !== undefined) {
    try {
      writeFileSync(options.junit, junitText(suites));
    } catch (failure) {
      io.error(`ringfence verdicts: --junit: ${messageOf(failure)}\n`);
      return 1;
    }
  }
  return failed.length > 0 ? 1 : 0;
}

function readOptions(argv: readonly string[]): Options | string {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const files: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    const [name = '', inline] = word.startsWith('--') ? splitOnce(word) : [word];
    if (name === '--policies' || name === '--junit') {
      const value = inline ?? argv[++i];
      if (value === undefined || value === '') return `${name} needs a path`;
      values.set(name, value);
    } else if (['--jsonl', '--explain', '--tap'].includes(word)) flags.add(word);
    else if (word.startsWith('-')) return `unknown option ${word}`;
    else files.push(word);
  }
  const isJsonl = flags.has('--jsonl');
  if (isJsonl && (flags.size > 1 || values.size > 0 || files.length > 0)) return '--jsonl stands alone';
  if (flags.has('--tap') && flags.has('--explain')) return '--tap and --explain both write to the output';
  if (!isJsonl && files.length === 0) return 'no file given';
  return {
    isJsonl,
    isExplained: flags.has('--explain'),
    isTap: flags.has('--tap'),
    junit: values.get('--junit'),
    policies: values.get('--policies'),
    files,
  };
}

function splitOnce(word: string): readonly [string, string?] {
  const at = word.indexOf('=');
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
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
    const { answer } = runCase(readText(file, io));
    io.write(`${JSON.stringify({ file, ...publicForm(answer) })}\n`);
  } catch (failure) {
    io.write(`${JSON.stringify({ file, error: messageOf(failure) })}\n`);
  }
}

/** Answers a file, prints what was asked for, and gives its tests; a file that is wrong is one failed test. */
function answerFile(
  file: string,
  options: Options,
  folder: PolicyInput | undefined,
  io: CommandIo,
): SuiteResult {
  try {
    const text = readText(file, io);
    const { world, answer, repository } = runCase(text, folder?.replacement);
    const input = folder ?? policiesWithin(text, world.policies, file);
    const explainer = new Explainer(world, repository, input);
    if (options.isExplained) io.write(explainText(file, world, answer, explainer));
    else if (!options.isTap) io.write(`${JSON.stringify(publicForm(answer), null, 1)}\n`);
    const wantsDetails = options.isTap || options.junit !== undefined;
    const probes = world.probes.flatMap((probe, i): TestResult[] => {
      const found = answer.probes[i];
      if (!found) return [];
      const result = probeResult(probe, found, i, []);
      if (result.status !== 'failed' || !wantsDetails) return [result];
      return [{ ...result, details: explainer.lines(probe, found) }];
    });
    return { file, tests: folder ? [...policyResults(answer, input), ...probes] : probes };
  } catch (failure) {
    const message = messageOf(failure);
    const at = failure instanceof CaseError ? failure.place : undefined;
    const place = at && { file, line: at.line, column: at.column };
    const told = place ? `${placeText(place)}: ${message}` : message;
    const test = { name: 'the file can be read', status: 'failed', message: told, details: [] } as const;
    return { file, tests: [place ? { ...test, place } : test] };
  }
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
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
