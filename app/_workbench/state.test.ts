import { createActor } from 'xstate';
import { describe, expect, test } from 'vitest';
import type { LabBundle } from '../../engine/lab/bundle.ts';
import type { Input, WorkerEvent } from '../../engine/session/protocol.ts';
import { lifeMachine } from './life.ts';
import { initialState, type PageEvent, reduce } from './state.ts';

const BUNDLE = {
  slug: 'a',
  number: 'L01',
  title: 'A',
  tasks: [{ id: '10-a' }, { id: '20-b' }],
} as unknown as LabBundle;

function follow(...events: (WorkerEvent | PageEvent)[]) {
  return events.reduce(reduce, initialState(BUNDLE, 0));
}

describe('the state of the workbench', () => {
  test('a command that runs is known by its terminal, and gone when it ends', () => {
    const busy = follow({ kind: 'busy', terminal: 2, command: 'curl database', waitsMs: 127_000 });
    expect(busy.busy).toEqual({ 2: { command: 'curl database', waitsMs: 127_000 } });
    expect(reduce(busy, { kind: 'busy', terminal: 2, command: undefined, waitsMs: undefined }).busy).toEqual(
      {},
    );
  });

  test('an equal notice stands once, at most four stand at all, each may be dismissed', () => {
    const notice = (text: string): WorkerEvent => ({ kind: 'notice', level: 'info', text });
    expect(follow(notice('a'), notice('a')).notices).toHaveLength(1);
    const four = follow(...['a', 'b', 'c', 'd', 'e'].map(notice));
    expect(four.notices.map((one) => one.text)).toEqual(['b', 'c', 'd', 'e']);
    expect(reduce(four, { kind: 'dismiss', id: four.notices[0]?.id ?? 0 }).notices).toHaveLength(3);
  });

  test('what undo says takes its former word’s place, and goes with the next input', () => {
    const notice = (text: string, topic?: string): WorkerEvent => ({
      kind: 'notice',
      level: 'info',
      text,
      ...(topic !== undefined && { topic }),
    });
    const state = follow(notice('other'), notice('took back a', 'travel'), notice('took back b', 'travel'));
    expect(state.notices.map((one) => one.text)).toEqual(['other', 'took back b']);
    const entry = (input: Input): WorkerEvent => ({
      kind: 'journal',
      entries: [{ sequence: 1, atMs: 0, step: 0, input }],
    });
    expect(reduce(state, entry({ kind: 'goto', sequence: 0, atMs: 0, step: 0 }))).toBe(state);
    const after = reduce(state, entry({ kind: 'line', terminal: 1, text: 'ls' }));
    expect(after.notices.map((one) => one.text)).toEqual(['other']);
  });

  test('the same rung taken again replaces its text; other tasks keep theirs', () => {
    const hint = (task: number, text: string): WorkerEvent => ({ kind: 'hint', task, rung: 1, text });
    expect(follow(hint(0, 'a'), hint(1, 'b'), hint(0, 'c')).hints.map((one) => one.text)).toEqual(['b', 'c']);
  });

  test('the same line may be jumped to twice', () => {
    const first = follow({ kind: 'jump', path: '/root/a.yaml', line: 3 });
    const second = reduce(first, { kind: 'open-file', path: '/root/a.yaml', line: 3 });
    expect(second.jump?.id).not.toBe(first.jump?.id);
  });

  test('output changes nothing, so that a busy terminal redraws no component', () => {
    const state = follow();
    expect(reduce(state, { kind: 'output', terminal: 1, data: 'x', echoColumn: undefined })).toBe(state);
    expect(reduce(state, { kind: 'clock', nowMs: 5, isRunning: true })).toBe(state);
  });
});

test('a wedged worker comes back by itself or by a restart, and resumes before it is ready', () => {
  const life = createActor(lifeMachine).start();
  const walk = (
    ...types: ('OPENED' | 'WORKING' | 'SILENT' | 'ANSWERED' | 'RESTART' | 'STARTED' | 'CRASHED')[]
  ) =>
    types.map((type) => {
      life.send({ type });
      return life.getSnapshot().value;
    });
  expect(walk('OPENED', 'WORKING', 'SILENT', 'ANSWERED')).toEqual(['ready', 'busy', 'wedged', 'ready']);
  expect(walk('CRASHED', 'RESTART', 'STARTED', 'OPENED')).toEqual([
    'wedged',
    'restarting',
    'resuming',
    'ready',
  ]);
});
