import { expect, test } from 'vitest';
import { JournalStore } from './journal-store.ts';
import { TabLease } from './tab-lease.ts';

const entry = (sequence: number) => ({
  sequence,
  atMs: 0,
  step: 0,
  input: { kind: 'line', terminal: 1, text: `${sequence}` } as const,
});

test('a browser without storage keeps the journal while the page lives', async () => {
  const store = await JournalStore.open();
  expect(store.isDurable).toBe(false);
  await store.append('a', [entry(1), entry(2)]);
  await store.append('a', [entry(3)]);
  expect((await store.entries('a', 2)).map((one) => one.sequence)).toEqual([2, 3]);
  await store.replace('a', [entry(1)]);
  expect(await store.entries('a')).toHaveLength(1);
  await store.putDraft('lab', '/root/a.yaml', 'x');
  await store.putDraft('other', '/root/a.yaml', 'y');
  expect(await store.drafts('lab')).toEqual({ '/root/a.yaml': 'x' });
  await store.putDraft('lab', '/root/a.yaml', undefined);
  expect(await store.drafts('lab')).toEqual({});
});

test('one tab writes; a second one gets the lease by taking it, and the first one hears of it', async () => {
  const lost: string[] = [];
  const first = new TabLease('lab', 'one', () => lost.push('one'));
  const second = new TabLease('lab', 'two', () => lost.push('two'));
  const elsewhere = new TabLease('other lab', 'three', () => lost.push('three'));
  expect(await first.acquire()).toBe(true);
  expect(await second.acquire()).toBe(false);
  expect(await elsewhere.acquire()).toBe(true);
  second.take();
  await expect.poll(() => lost).toEqual(['one']);
  expect(await first.acquire()).toBe(false);
  for (const lease of [first, second, elsewhere]) lease.close();
});
