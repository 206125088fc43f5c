import { expect, test } from 'vitest';
import { coreutilPrograms } from '../commands/coreutils/table.ts';
import { netPrograms } from '../commands/net/programs.ts';
import type { Ports } from '../commands/ports.ts';
import type { Process } from '../shell/program.ts';
import { COREUTIL_NAMES, lazyProgram, NET_NAMES } from './programs.ts';

const NO_PORTS = {} as Ports;

test('the names known before loading are those of the loaded tables', () => {
  expect([...COREUTIL_NAMES].sort()).toEqual([...coreutilPrograms().keys()].sort());
  expect([...NET_NAMES].sort()).toEqual([...netPrograms(NO_PORTS, async () => 0).keys()].sort());
});

test('a program is loaded once, when it first runs', async () => {
  let loads = 0;
  const program = lazyProgram(async () => {
    loads++;
    return async () => 7;
  });
  expect(loads).toBe(0);
  expect([await program({} as Process), await program({} as Process)]).toEqual([7, 7]);
  expect(loads).toBe(1);
});

test('a load that failed is tried again at the next run', async () => {
  let loads = 0;
  const program = lazyProgram(async () => {
    loads++;
    if (loads === 1) throw new Error('no connection');
    return async () => 0;
  });
  await expect(program({} as Process)).rejects.toThrow('no connection');
  expect(await program({} as Process)).toBe(0);
});
