import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { coreutilPrograms } from '../commands/coreutils/table.ts';
import { jq } from '../commands/jq/jq.ts';
import { shellProgram } from './main.ts';
import type { Program } from './program.ts';
import { runProgram, testMachine } from './testing/world.ts';

type Recorded = { shell: 'bash' | 'dash' | 'ash'; run: string; stdout: string; stderr: string; exit: number };
type Result = { stdout: string; stderr: string; exit: number | undefined };

const programs = new Map<string, Program>([
  ...coreutilPrograms(),
  ['jq', jq],
  ['bash', shellProgram('bash')],
  ['sh', shellProgram('dash')],
  ['dash', shellProgram('dash')],
  ['ash', shellProgram('ash')],
]);

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const recorded = (path: string): Recorded[] =>
  read(path)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Recorded);

/** Process numbers, times and the recorder's host name say nothing. */
const mask = (text: string): string =>
  text
    .replace(/(line \d+:) +\d+ (Killed|Terminated)/g, '$1 PID $2')
    .replace(/\/dev\/fd\/\d+/g, '/dev/fd/N')
    .replace(/\(\d+\) - No such/g, '(PID) - No such')
    .replace(/^(real|user|sys)\t.*$/gm, '$1')
    .replaceAll('root@vm', 'root@client');

async function replay(record: Recorded, files: Readonly<Record<string, string>>): Promise<Result> {
  const machine = {
    ...testMachine(programs, { home: '/home/learner' }),
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: '/home/learner',
      USER: 'root',
      LC_ALL: 'C',
      TZ: 'UTC',
    },
  };
  const passwd = 'root:x:0:0:root:/root:/bin/bash\nlearner:x:1000:1000::/home/learner:/bin/bash\n';
  machine.files.write('/etc/passwd', passwd, 0);
  machine.files.write('/etc/hostname', 'client\n', 0);
  for (const [name, content] of Object.entries(files))
    machine.files.write(`/home/learner/${name}`, content, Date.UTC(2026, 10, 21));
  const program = programs.get(record.shell);
  return runProgram(machine, [record.shell, '-c', record.run], program === undefined ? {} : { program });
}

function compare(
  title: string,
  folder: string,
  files: Readonly<Record<string, string>>,
  name = 'differential',
): void {
  describe(title, () => {
    const records = recorded(`${folder}${name}.jsonl`);
    const listed = name === 'differential' ? read(`${folder}differences.json`) : '{}';
    const differences = JSON.parse(listed) as Record<string, string>;
    it('has no difference that is not listed, and lists none that is none', { timeout: 60_000 }, async () => {
      const differing: Record<string, unknown> = {};
      const equalButListed: string[] = [];
      for (const record of records) {
        const ran = await replay(record, files);
        const real = { stdout: mask(record.stdout), stderr: mask(record.stderr), exit: record.exit };
        const ours = { stdout: mask(ran.stdout), stderr: mask(ran.stderr), exit: ran.exit };
        const isEqual = JSON.stringify(real) === JSON.stringify(ours);
        const key = `${record.shell}: ${record.run}`;
        const isListed = Object.hasOwn(differences, key);
        if (!isEqual && !isListed) differing[key] = { real, ours };
        if (isEqual && isListed) equalButListed.push(key);
      }
      expect({ differing, equalButListed }).toEqual({ differing: {}, equalButListed: [] });
    });
    it('lists few differences', () => {
      expect(Object.keys(differences).length).toBeLessThan(records.length / 10);
    });
  });
}

compare('snippets of real bash, dash and ash', './testdata/', {});
const tools = '../commands/coreutils/testdata/';
const filesOf = (name: string): Record<string, string> =>
  JSON.parse(read(`${tools}${name}`)) as Record<string, string>;
compare('command lines of real text tools', tools, filesOf('tools-files.json'));
// Mistakes and rarer forms: what once differed and a sample of what did not. None may differ.
const files = { ...filesOf('tools-files.json'), ...filesOf('lines-files.json') };
compare('further lines of real shells', './testdata/', files, 'lines');
compare('further lines of real text tools', tools, files, 'lines');
