import { expect, it } from 'vitest';
import { runProgram, testMachine } from '../../shell/testing/world.ts';
import { yq } from './yq.ts';

it.each([
  [['.a.b'], '1\n'],
  [['-o', 'json', '.a'], '{\n  "b": 1\n}\n'],
  [['.list[] | .name'], 'x\ny\n'],
  [['.a'], 'b: 1\n'],
  [['.list | length'], '2\n'],
  [['.nope'], 'null\n'],
])('yq %j', async (words, expected) => {
  const ran = await runProgram(testMachine(new Map()), ['yq', ...words], {
    stdin: 'a:\n  b: 1\nlist:\n  - name: x\n  - name: y\n',
    program: yq,
  });
  expect(ran.stdout + ran.stderr).toBe(expected);
});

it('changes a file in place', async () => {
  const machine = testMachine(new Map());
  machine.files.write('/home/learner/p.yaml', 'a: 1\n', 0);
  await runProgram(machine, ['yq', '-i', '.a = 2', 'p.yaml'], { program: yq });
  expect(machine.files.read('/home/learner/p.yaml')).toEqual({ content: 'a: 2\n' });
});
