import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { shellProgram } from '../../shell/main.ts';
import type { Program } from '../../shell/program.ts';
import { runProgram, testMachine } from '../../shell/testing/world.ts';
import { coreutilPrograms } from '../coreutils/table.ts';
import { jq } from './jq.ts';

type Golden = { tool: string; run: string; stdout: string; stderr: string; exit: number; tty: boolean };

const goldens = readFileSync(new URL('./testdata/recorded.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Golden);
const programs = new Map<string, Program>([
  ...coreutilPrograms(),
  ['jq', jq],
  ['bash', shellProgram('bash')],
]);

function machine() {
  const made = testMachine(programs);
  made.files.write('/home/learner/d.txt', 'b 2\na 10\nc 3\na 1\n', 0);
  made.files.write('/home/learner/j.json', '{"a":1,"b":[1,2,{"c":null}],"s":"x y"}\n', 0);
  return made;
}

describe('recorded outputs of jq', () => {
  it.each(goldens.map((golden) => [golden.run, golden] as const))('%s', async (_title, golden) => {
    const run = golden.tty
      ? golden.run.replace(
          'jq ',
          golden.run.includes('-M') || golden.run.includes('| cat') ? 'jq ' : 'jq -C ',
        )
      : golden.run;
    const ran = await runProgram(machine(), ['bash', '-c', run]);
    expect(ran).toEqual({
      stdout: golden.stdout.replaceAll('\r\n', '\n'),
      stderr: golden.stderr,
      exit: golden.exit,
    });
  });
});

const DATA =
  '{"items":[{"metadata":{"name":"a","labels":{"app":"x"}},"n":2},{"metadata":{"name":"b","labels":{"app":"y"}},"n":1}]}';
const cases: [string, string][] = [
  ['.items[].metadata.name', '"a"\n"b"\n'],
  ['[.items[] | select(.metadata.labels.app == "x") | .metadata.name]', '["a"]\n'],
  ['.items | sort_by(.n) | map(.n)', '[1,2]\n'],
  ['.items | group_by(.metadata.labels.app) | length', '2\n'],
  ['[.items[] | {name: .metadata.name, n}]', '[{"name":"a","n":2},{"name":"b","n":1}]\n'],
  ['.items[0] | to_entries | map(.key)', '["metadata","n"]\n'],
  ['.items[0].metadata.labels | with_entries(.value |= ascii_upcase)', '{"app":"X"}\n'],
  ['reduce .items[] as $i (0; . + $i.n)', '3\n'],
  ['[foreach .items[].n as $n (0; . + $n)]', '[2,3]\n'],
  ['.items[0].n as $x | $x * 2', '4\n'],
  ['.items[0] as {metadata: {name: $n}} | $n', '"a"\n'],
  ['def f(x): x + 1; f(.items[0].n)', '3\n'],
  ['"\\(.items[0].n) and \\(.items | length)"', '"2 and 2"\n'],
  ['if .items[0].n > 1 then "big" elif .x then 1 else "small" end', '"big"\n'],
  ['try error("x") catch .', '"x"\n'],
  ['.nope // "none"', '"none"\n'],
  ['[limit(1; .items[])] | length', '1\n'],
  ['first(.items[].n), ([.items[].n] | add, max, min)', '2\n3\n2\n1\n'],
  ['[.. | numbers]', '[2,1]\n'],
  ['.items[0].n = 5 | .items[0].n', '5\n'],
  ['.items |= map(.n) | .items', '[2,1]\n'],
  ['del(.items[0]) | .items | length', '1\n'],
  ['[paths(type == "number")]', '[["items",0,"n"],["items",1,"n"]]\n'],
  ['"a-b-c" | split("-") | join("+")', '"a+b+c"\n'],
  [
    '"foo123" | test("[0-9]+"), sub("[0-9]+"; "!"), [match("o"; "g").offset], capture("(?<n>[0-9]+)")',
    'true\n"foo!"\n[1,2]\n{"n":"123"}\n',
  ],
  ['[1,[2]] | flatten, tojson, ([.[0]] | @csv), (["a","b"] | @tsv)', '[1,2]\n"[1,[2]]"\n"1"\n"a\\tb"\n'],
  ['"x y" | @base64, @uri, @sh, @json', '"eCB5"\n"x%20y"\n"\'x y\'"\n"\\"x y\\""\n'],
  ['[range(3)], [range(0; 10; 5)]', '[0,1,2]\n[0,5]\n'],
  ['.items | map(has("n")) | all', 'true\n'],
  ['[.items[].metadata.name] | index("b"), contains(["a"]), (.[-1:] | length)', '1\ntrue\n1\n'],
  ['label $f | 1, break $f, 2', '1\n'],
  ['.items[1:] | length', '1\n'],
  ['.items[].nope?.x', 'null\nnull\n'],
  ['[.items[] | .n as $n | $n + 1] | unique', '[2,3]\n'],
  ['"2015-03-05T23:51:47Z" | fromdate | todate', '"2015-03-05T23:51:47Z"\n'],
  ['"2015-03-05T23:51:47Z" | fromdateiso8601', '1425599507\n'],
  ['{"__proto__": 1} | keys', '["__proto__"]\n'],
  ['[splits("a")] | length', ''],
];

describe('filters', () => {
  it.each(cases.slice(0, -1))('%s', async (filter, expected) => {
    const ran = await runProgram(machine(), ['jq', '-c', filter], { stdin: DATA });
    expect(ran.stdout + ran.stderr).toBe(expected);
  });

  it('stops a filter without end', async () => {
    const ran = await runProgram(machine(), ['jq', '-n', '[range(0; 1e9)] | length']);
    expect(ran.exit).toBe(5);
  });
});
