import { expect, test } from 'vitest';
import { withChange } from './advice.tsx';

const place = { file: '/home/learner/p.yaml', removed: [], added: [] };

test('a change is made where it stands, lines and columns counted from 1', () => {
  const text = 'a: 1\nports:\n  - port: "80"\nend: 2\n';
  const change = { ...place, line: 3, column: 11, endLine: 3, endColumn: 15, text: '"7379"' };
  expect(withChange(text, change)).toBe('a: 1\nports:\n  - port: "7379"\nend: 2\n');
});

test('a change may take whole lines away, or add some', () => {
  const text = 'a\nb\nc\n';
  expect(withChange(text, { ...place, line: 2, column: 1, endLine: 3, endColumn: 1, text: '' })).toBe(
    'a\nc\n',
  );
  expect(withChange(text, { ...place, line: 2, column: 1, endLine: 2, endColumn: 1, text: 'x\ny\n' })).toBe(
    'a\nx\ny\nb\nc\n',
  );
});
