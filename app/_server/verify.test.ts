import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { lines, testLab } from './testing/journals.ts';
import { ReplayThread } from './verify.ts';

const lab = testLab();
const labsFolder = path.resolve('labs');

let thread: ReplayThread | undefined;

afterEach(() => thread?.stop());

test('a thread replays one journal after another', async () => {
  thread = new ReplayThread();
  const { header, entries } = lines(lab, 2);
  const request = { labsFolder, header, entries, wallMsMax: 20_000 };
  const first = await thread.replay(request);
  expect(first).toMatchObject({ ok: true, solved: [] });
  expect(await thread.replay(request)).toEqual(first);
  expect(await thread.replay({ ...request, entries: [{}] })).toMatchObject({ ok: false });
  expect(await thread.replay(request)).toEqual(first);
});

test('a thread that is stuck is ended, and the next replay gets another', async () => {
  const { header, entries } = lines(lab, 1);
  const endless = { ...entries[0], input: { kind: 'line', terminal: 1, text: 'while :; do :; done' } };
  const late = { ...entries[0], sequence: 2, atMs: header.epochMs + 10 ** 9, step: 1_900_000 };
  thread = new ReplayThread({ wallMs: 100, heapMb: 256, queueMax: 1 });
  const request = { labsFolder, header, entries: [endless, late], wallMsMax: 60_000 };
  expect(await thread.replay(request)).toEqual({ ok: false, error: 'the replay took too long' });
  thread.stop();
  thread = new ReplayThread();
  expect(await thread.replay({ ...request, entries: [] })).toMatchObject({ ok: true });
});

test('a thread without memory ends alone', async () => {
  thread = new ReplayThread({ wallMs: 20_000, heapMb: 8, queueMax: 1 });
  const { header, entries } = lines(lab, 1);
  const result = await thread.replay({ labsFolder, header, entries, wallMsMax: 20_000 });
  expect(result).toMatchObject({ ok: false, error: expect.stringMatching(/memory|ended early/) });
});
