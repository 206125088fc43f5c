import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { blocksOf, Markdown } from './markdown.tsx';

const html = (source: string) => renderToStaticMarkup(<Markdown source={source} />);

test('what a task’s text uses becomes elements', () => {
  expect(
    blocksOf('# A\ntext\nmore\n\n- one\n  two\n- three\n\n1. first\n\n```\ncode\n\n# no heading\n```\nend'),
  ).toEqual([
    { kind: 'heading', lines: ['A'] },
    { kind: 'text', lines: ['text', 'more'] },
    { kind: 'list', lines: ['one two', 'three'] },
    { kind: 'numbers', lines: ['first'] },
    { kind: 'code', lines: ['code', '', '# no heading'] },
    { kind: 'text', lines: ['end'] },
  ]);
  expect(html('a **b `c`** *d*')).toMatch(/<strong>b <code[^>]*>c<\/code><\/strong> <em>d<\/em>/);
});

test('nothing in a text is ever markup or a script', () => {
  const out = html(
    '<img src=x onerror=alert(1)> [a](javascript:alert(1)) [b](https://example.com "x") `<b>`\n\n```\n</pre><script>alert(1)</script>\n```',
  );
  expect(out).not.toMatch(/<img|<script|<b>|href="javascript/);
  expect(out).toContain('&lt;script&gt;');
});
