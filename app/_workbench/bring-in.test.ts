import { expect, test } from 'vitest';
import { FILE_MAX, textOf } from './bring-in.ts';

const bytes = (...values: number[]) => new Uint8Array(values);

test('a text is brought in under a name that a home folder takes', async () => {
  expect(await textOf(new File(['a: 1\r\nb: ü\n'], '.. my policy (2).yaml'))).toEqual({
    name: 'my-policy-2-.yaml',
    text: 'a: 1\nb: ü\n',
  });
  expect(await textOf(new File(['x'], '...'))).toMatchObject({ name: 'file' });
});

test('what is no text, or too much of it, is refused by name', async () => {
  for (const content of [bytes(0x89, 0x50, 0x4e, 0x47), bytes(0x61, 0, 0x62), bytes(0xc3, 0x28)])
    expect(await textOf(new File([content], 'p.png'))).toEqual({
      fault: expect.stringMatching(/^p\.png holds no text/),
    });
  expect(await textOf(new File(['x'.repeat(FILE_MAX + 1)], 'big.yaml'))).toEqual({
    fault: expect.stringMatching(/^big\.yaml is larger than 1 MB/),
  });
  expect(await textOf(new File(['x'.repeat(FILE_MAX)], 'big.yaml'))).toHaveProperty('text');
});
