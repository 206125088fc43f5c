import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import * as whole from '../base/yaml-library.ts';
import { present } from '../base/assert.ts';
import { bundle } from './bundle.ts';

const TEXTS = [
  'a: 1\nb: [~, null, true, 0x1f, 0o17, 1e3, .inf, .nan, -0.5, 012]\n',
  '# head\nx: &a {k: v, "q": \'s\'} # tail\ny: *a\nz:\n  <<: *a\n  more: |\n    one\n    two\nw: >-\n  folded\n  text\n',
  '- !!set {a, b}\n- !!omap [{a: 1}]\n- !!binary aGVsbG8=\n- !!timestamp 2001-12-14\n- !!str 5\n- !own {t: 1}\n',
  '%YAML 1.1\n---\na: yes\nb: 0b11\nc: 1:30\nd: 2001-12-14\n',
  '? [complex, key]\n: value\n? {a: b}\n: other\n',
  'a: 1\na: 2\n',
  'a: [1, 2\nb: }\n',
  '\ta: tab\n',
  'a: *none\n',
  '---\none: 1\n---\ntwo: 2\n...\n',
  '',
];
const OPTIONS = [
  { logLevel: 'error' },
  { merge: true, uniqueKeys: false, prettyErrors: false, version: '1.2', logLevel: 'silent' },
  { schema: 'failsafe', strict: true, logLevel: 'silent' },
] as const;

/** Everything that the engine can see of a text: values, what is printed, and complaints. */
function readings({ parse, parseAllDocuments }: typeof whole): unknown[] {
  return TEXTS.flatMap((text) =>
    OPTIONS.map((options) => {
      const documents = [...parseAllDocuments(text, options)];
      return [
        documents.map((document) => document.errors.map(({ message, pos }) => [message, pos])),
        documents.map((document) => attempt(() => document.toJS({ maxAliasCount: 10 }))),
        documents.map((document) => attempt(() => document.toString({ lineWidth: 0 }))),
        attempt(() => parse(text, options)),
      ];
    }),
  );
}

/** A value, or the error in its place; Node's bytes become anyone's. */
function attempt(read: () => unknown): unknown {
  try {
    return structuredClone(read());
  } catch (error) {
    return String(error);
  }
}

test('the part of the YAML library that is bundled reads and prints as the whole', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-bundle-'));
  try {
    const chunks = await bundle('part', ['engine/base/yaml-library.ts']);
    for (const { name, code } of chunks) writeFileSync(join(folder, name), code);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const entry = present(
      chunks.find(({ name }) => name.startsWith('part-')),
      'the entry',
    );
    const part = (await import(pathToFileURL(join(folder, entry.name)).href)) as typeof whole;
    expect(readings(part)).toEqual(readings(whole));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
