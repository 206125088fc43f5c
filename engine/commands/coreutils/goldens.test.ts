import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { shellProgram } from '../../shell/main.ts';
import type { Program } from '../../shell/program.ts';
import { runProgram, testMachine } from '../../shell/testing/world.ts';
import { coreutilPrograms } from './table.ts';

type Golden = { tool: string; run: string; situation: string; stdout: string; stderr: string; exit: number };

const PATH = new URL('./testdata/recorded.jsonl', import.meta.url);
const goldens: Golden[] = existsSync(PATH)
  ? readFileSync(PATH, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Golden)
  : [];

const programs = new Map<string, Program>([
  ...coreutilPrograms(),
  ['bash', shellProgram('bash')],
  ['sh', shellProgram('bash')],
  ['ash', shellProgram('ash')],
  ['dash', shellProgram('dash')],
]);

const mask = (text: string): string =>
  text
    .replace(/^(\/bin\/bash: line 1: )\s*\d+ /gm, '$1 PID ')
    .replace(/real\t.*/g, 'real')
    .replace(/user\t.*/g, 'user')
    .replace(/sys\t.*/g, 'sys')
    .replace(/\d\d:\d\d:\d\d\.\d+ \+0000/g, 'TIME')
    .replace(/elapsed \d+%CPU .*\n.*\n/g, 'elapsed\n');

async function replay(golden: Golden): Promise<{ stdout: string; stderr: string; exit: number | undefined }> {
  const dialect = golden.tool.startsWith('dash') ? 'dash' : golden.tool.includes('ash 1') ? 'ash' : 'bash';
  const machine = testMachine(programs, { shell: dialect });
  machine.files.write('/home/learner/d.txt', 'b 2\na 10\nc 3\na 1\n', Date.UTC(2026, 10, 21));
  machine.files.write('/home/learner/up.txt', 'hello', Date.UTC(2026, 10, 21));
  machine.files.write(
    '/home/learner/j.json',
    '{"a":1,"b":[1,2,{"c":null}],"s":"x y"}\n',
    Date.UTC(2026, 10, 21),
  );
  machine.files.write('/home/learner/y.yaml', 'a: 1\nb:\n  - x\n  - y: 2\n', Date.UTC(2026, 10, 21));
  const name = golden.situation === 'text' ? 'bash' : dialect === 'ash' ? 'ash' : `/bin/${dialect}`;
  return runProgram(machine, [name, '-c', golden.run], {
    program: programs.get(dialect) ?? (async () => 127),
  });
}

describe('recorded outputs of real shells and tools', () => {
  it.each(goldens.map((golden) => [`${golden.tool}: ${golden.run}`, golden] as const))(
    '%s',
    async (_title, golden) => {
      const ran = await replay(golden);
      expect({ out: mask(ran.stdout), err: mask(ran.stderr), exit: ran.exit }).toEqual({
        out: mask(golden.stdout),
        err: mask(golden.stderr),
        exit: golden.exit,
      });
    },
  );
});
