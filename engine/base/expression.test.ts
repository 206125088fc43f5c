import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { Expression } from './expression.ts';

function faultOf(source: string): string {
  try {
    new Expression(source);
    return '';
  } catch (failure) {
    return failure instanceof Error ? failure.message.replace('error parsing regexp: ', '') : '?';
  }
}

describe('expressions', () => {
  test('match the whole text', () => {
    const cases: [string, string, boolean][] = [
      ['GET|POST', 'GET', true],
      ['GET|POST', 'GETS', false],
      ['/v[0-9]+/.*', '/v12/x?y', true],
      ['/docs', '/docs?x=1', false],
      ['(?i)get', 'GeT', true],
      ['a{2,3}', 'aaaa', false],
      ['[^/]+', 'a/b', false],
      ['.', '\n', false],
      ['(?s).', '\n', true],
      ['\\bfoo\\b', 'foo', true],
      ['^x$', 'x', true],
      ['', '', true],
      ['[[:digit:]\\-]+', '1-2', true],
      ['\\p{Greek}+', 'αβ', true],
      ['\\Qa.b\\E', 'a.b', true],
      ['\\Qa.b\\E', 'axb', false],
    ];
    for (const [source, text, wanted] of cases)
      expect([source, text, new Expression(source).matches(text)]).toEqual([source, text, wanted]);
  });

  test('errors in the words of Go', () => {
    expect(faultOf('/(a')).toBe('missing closing ): `/(a`');
    expect(faultOf('a)')).toBe('unexpected ): `a)`');
    expect(faultOf('[b')).toBe('missing closing ]: `[b`');
    expect(faultOf('*a')).toBe('missing argument to repetition operator: `*`');
    expect(faultOf('a**')).toBe('invalid nested repetition operator: `**`');
    expect(faultOf('a{1001}')).toBe('invalid repeat count: `{1001}`');
    expect(faultOf('(a{30}){40}')).toBe('invalid repeat count: `{40}`');
    expect(faultOf('[z-a]')).toBe('invalid character class range: `z-a`');
    expect(faultOf('\\8')).toBe('invalid escape sequence: `\\8`');
    expect(faultOf('a\\')).toBe('trailing backslash at end of expression: ``');
    expect(faultOf('(?=a)')).toBe('invalid or unsupported Perl syntax: `(?=`');
    expect(faultOf('(?P<n')).toBe('invalid named capture: `(?P<n`');
  });

  test('take time linear in the text', () => {
    expect(new Expression('(a*)*b').matches('a'.repeat(5000))).toBe(false);
    expect(new Expression('(a|aa)+$').matches(`${'a'.repeat(5000)}b`)).toBe(false);
  });

  test('give the places of a match and of its groups', () => {
    const found = (source: string, text: string, from = 0) => [
      ...(new Expression(source).search(text, from) ?? []),
    ];
    expect(found('a(b*)(c)?', 'xabbd')).toEqual([1, 4, 2, 4, -1, -1]);
    expect(found('b', 'abab', 2)).toEqual([3, 4]);
    expect(found('^a', 'aa', 1)).toEqual([]);
    expect(found('(?<word>é+)', '🙂éé')).toEqual([2, 4, 2, 4]);
    expect(new Expression('(a)(?P<n>b)').names).toEqual(new Map([['n', 2]]));
    expect(found('a+?', 'aaa')).toEqual([0, 1]);
    expect(found('(?U)a+', 'aaa')).toEqual([0, 1]);
    const longest = new Expression('a|ab|abc', { isLongest: true });
    expect([...(longest.search('xabcd') ?? [])]).toEqual([1, 4]);
    expect(new Expression('s', { ignoreCase: true }).finds('ſ')).toBe(true);
  });

  test('of very many groups are refused before they take memory', () => {
    expect(() => new Expression('(a)'.repeat(3_000)).search('a')).toThrow('expression too large');
  });

  const ATOMS =
    String.raw`a b . \d \w [abc] [^a] ( ) (?: (?i) (?U) | * + ? *? +? {2} {1,2} {0,2} ^ $ \b - A [a-c-e] (?m) (a|ab) (b*) é`.split(
      ' ',
    );
  const TEXTS = ['', 'a', 'ab', 'A', 'aab', 'b', '1', '-', 'aaa', 'a-b', 'B', 'ab\nab', 'xé🙂ab', 'abab'];

  test.each([
    ['the first one tried', false],
    ['the longest', true],
  ])('agree with RE2 on random expressions, group by group: %s', (_, isLongest) => {
    let state = 42;
    const roll = (sides: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * sides);
    };
    let compared = 0;
    for (let i = 0; i < 8000; i++) {
      const source = Array.from({ length: 1 + roll(6) }, () => ATOMS[roll(ATOMS.length)]).join('');
      let real: RE2JS | undefined;
      try {
        real = RE2JS.compile(source, isLongest ? RE2JS.LONGEST_MATCH : 0);
      } catch {
        continue;
      }
      const own = new Expression(source, { isLongest });
      for (const text of TEXTS) {
        const matcher = real.matcher(text);
        const from = roll(2) === 0 ? 0 : Math.min(1, text.length);
        const wanted = matcher.find(from)
          ? Array.from({ length: matcher.groupCount() + 1 }, (_, g) => [
              matcher.start(g),
              matcher.end(g),
            ]).flat()
          : [];
        expect([source, text, from, ...(own.search(text, from) ?? [])]).toEqual([
          source,
          text,
          from,
          ...wanted,
        ]);
        expect([source, text, own.finds(text)]).toEqual([source, text, real.matcher(text).find()]);
        if (!isLongest) expect([source, text, own.matches(text)]).toEqual([source, text, real.matches(text)]);
      }
      compared++;
    }
    expect(compared).toBeGreaterThan(2000);
  });
});
