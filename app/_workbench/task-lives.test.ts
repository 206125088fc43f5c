import { expect, test } from 'vitest';
import type { LabBundle } from '../../engine/lab/bundle.ts';
import type { TaskLife } from './task-life.ts';
import { TaskLives } from './task-lives.ts';

const BUNDLE = { tasks: [{ kind: 'write' }, { kind: 'predict' }] } as unknown as LabBundle;

test('a task is read, tried, solved, verified; a verified mark stays', () => {
  const seen: (readonly TaskLife[])[] = [];
  const lives = new TaskLives(BUNDLE, (now) => seen.push(now));
  expect(lives.now()).toEqual(['reading', 'predicting']);
  lives.tried(0, [{ kind: 'size', terminal: 1, columns: 80, rows: 24 }]);
  expect(lives.now()[0]).toBe('reading');
  lives.tried(0, [{ kind: 'line', terminal: 1, text: 'ls' }]);
  expect(lives.now()[0]).toBe('trying');
  lives.checking(true);
  expect(lives.now()[0]).toBe('trying');
  lives.solved([0]);
  lives.checking(true);
  expect(lives.now()).toEqual(['verifying', 'predicting']);
  lives.checking(false);
  expect(lives.now()[0]).toBe('solved');
  lives.verified([0]);
  lives.solved([0]);
  lives.checking(true);
  lives.tried(0, [{ kind: 'line', terminal: 1, text: 'ls' }]);
  expect(lives.now()[0]).toBe('verified');
  expect(seen.at(-1)).toEqual(['verified', 'predicting']);
});
