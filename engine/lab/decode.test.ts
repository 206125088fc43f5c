import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeLab, labSlugs } from './decode.ts';

function read(folder: string, below = ''): Map<string, string> {
  const files = new Map<string, string>();
  for (const name of readdirSync(join(folder, below))) {
    const path = below === '' ? name : `${below}/${name}`;
    if (statSync(join(folder, path)).isDirectory())
      for (const [key, value] of read(folder, path)) files.set(key, value);
    else files.set(path, readFileSync(join(folder, path), 'utf8'));
  }
  return files;
}

const files = read(join(import.meta.dirname, '../../labs'));

describe('decoding labs', () => {
  test('every lab of the repository decodes, with tasks, checks and a version', () => {
    expect(labSlugs(files).length).toBeGreaterThanOrEqual(2);
    for (const slug of labSlugs(files)) {
      const lab = decodeLab(files, slug);
      expect(lab?.tasks.length).toBeGreaterThan(2);
      expect(lab?.version).toMatch(/^[0-9a-f]{16}$/);
      for (const task of lab?.tasks ?? [])
        expect(task.goal.length + task.predict.length + task.answers.length).toBeGreaterThan(0);
    }
  });

  test('a lab is found by its number, a world by its name, and nothing by a path', () => {
    expect(decodeLab(files, 'L08')?.slug).toBe('lock-down-the-database');
    expect(decodeLab(files, 'playground')?.tasks).toEqual([]);
    expect(decodeLab(files, '../playground')).toBeUndefined();
    expect(decodeLab(files, 'no-such-lab')).toBeUndefined();
  });

  test('a mistake is reported with its file and line', () => {
    const broken = new Map(files);
    const file = 'lock-down-the-database/20-deny/task.md';
    broken.set(file, (files.get(file) ?? '').replace('kind: write', 'kind: writ'));
    expect(() => decodeLab(broken, 'L08')).toThrow(/20-deny\/task\.md:3: kind/);
  });

  test('the version changes with a check and not with prose', () => {
    const version = decodeLab(files, 'L08')?.version;
    const file = 'lock-down-the-database/20-deny/task.md';
    const source = files.get(file) ?? '';
    expect(
      decodeLab(new Map(files).set(file, source.replace('talk to nobody', 'be alone')), 'L08')?.version,
    ).toBe(version);
    expect(
      decodeLab(new Map(files).set(file, source.replace('expect: timeout@egress', 'expect: refused')), 'L08')
        ?.version,
    ).not.toBe(version);
  });
});
