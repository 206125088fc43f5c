import { describe, expect, test } from 'vitest';
import { readDocuments } from './yaml-input.ts';

const HANG_MS = 4_000;
const deep = (open: string, close: string, count: number) => `a: ${open.repeat(count)}${close.repeat(count)}`;
const TOO_DEEP = 'exceeded max depth of 1000';
const TOO_LARGE = 'document is too large: it has more than 100000 parts';
const ALIASES = 'document contains excessive aliasing';

describe('a document that is too much is refused at once, with a message', () => {
  const bombs: readonly (readonly [string, string, string])[] = [
    ['open brackets', '['.repeat(100_000), TOO_DEEP],
    ['nested lists', deep('[', ']', 5_000), TOO_DEEP],
    ['nested mappings', deep('{a: ', '}', 30_000), TOO_DEEP],
    ['dashes', `${'- '.repeat(20_000)}x`, TOO_DEEP],
    ['question marks', '? '.repeat(20_000), TOO_DEEP],
    ['indentation', Array.from({ length: 2_000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), TOO_DEEP],
    ['a long list', `a: [${'x,'.repeat(300_000)}]`, TOO_LARGE],
    ['many lines', 'k: 1\n'.repeat(60_000), TOO_LARGE],
    ['anchors in a row', '&a '.repeat(200_000), TOO_LARGE],
    ['an alias of itself', 'a: &a [*a]', ALIASES],
    ['aliases merged', `a: &a {b: 1}\n${'c: {<<: *a}\n'.repeat(1_500)}`, ALIASES],
    [
      'aliases of aliases',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f']
        .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcde'[i]}`).join(',')}]`)
        .join('\n')}`,
      ALIASES,
    ],
  ];
  for (const [name, text, why] of bombs)
    test(name, () => {
      const startMs = performance.now();
      const read = readDocuments(text);
      expect(performance.now() - startMs).toBeLessThan(HANG_MS);
      expect(read).toHaveLength(1);
      expect(JSON.stringify(read[0])).toMatch(/^\{"error":"error converting YAML to JSON: yaml: /);
      expect(JSON.stringify(read[0])).toContain(why);
    });

  test('JSON that nests without an end', () => {
    const startMs = performance.now();
    for (const text of ['{'.repeat(50_000), `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`])
      expect(readDocuments(text)[0]).toHaveProperty('error');
    expect(performance.now() - startMs).toBeLessThan(HANG_MS);
  });

  test('a large ConfigMap and a long list of objects are no bombs', () => {
    const text = `kind: ConfigMap\ndata:\n  a: |\n${'    some text, and: more\n'.repeat(10_000)}`;
    expect(readDocuments(text)[0]).toHaveProperty('value.kind', 'ConfigMap');
    expect(readDocuments('kind: Pod\n---\n'.repeat(500))).toHaveLength(500);
  });
});
