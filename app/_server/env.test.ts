import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readEnvironment } from './env.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ringfence-env-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('the secret is made once, differs from folder to folder, and only its owner reads it', () => {
  const { secret } = readEnvironment({ RINGFENCE_DATA: folder });
  expect(secret).toMatch(/^[0-9a-f]{64}$/);
  expect(readEnvironment({ RINGFENCE_DATA: folder }).secret).toBe(secret);
  expect(readEnvironment({ RINGFENCE_DATA: path.join(folder, 'other') }).secret).not.toBe(secret);
  expect(statSync(path.join(folder, 'secret')).mode & 0o777).toBe(0o600);
});

test('instances may share a secret, which then is not written down', () => {
  const secret = 'a'.repeat(32);
  expect(readEnvironment({ RINGFENCE_DATA: folder, RINGFENCE_SECRET: secret, DATABASE_URL: '' })).toEqual({
    databaseUrl: undefined,
    dataDir: folder,
    secret,
  });
  expect(() => readFileSync(path.join(folder, 'secret'))).toThrow();
});

test.each([
  [{ DATABASE_URL: 'mysql://x' }, /DATABASE_URL must begin with postgres/],
  [{ RINGFENCE_SECRET: 'short' }, /RINGFENCE_SECRET must have at least 32/],
])('%o is refused by its name', (variables, words) => {
  expect(() => readEnvironment({ RINGFENCE_DATA: folder, ...variables })).toThrow(words);
});

test('a damaged secret is no secret', () => {
  writeFileSync(path.join(folder, 'secret'), 'x');
  expect(() => readEnvironment({ RINGFENCE_DATA: folder })).toThrow(/delete it/);
});
