import { describe, expect, it } from 'vitest';
import { ALL_BUILTINS } from './all.ts';
import { builtinNames, builtinOf } from './table.ts';

describe('the list of builtins', () => {
  it('names exactly those that there are, and knows their kinds', () => {
    expect(builtinNames('bash')).toEqual([...ALL_BUILTINS.keys()].sort());
    for (const [name, builtin] of ALL_BUILTINS) {
      const listed = builtinOf(name, 'bash');
      expect([name, listed?.isSpecial === true, listed?.isBash === true]).toEqual([
        name,
        builtin.isSpecial === true,
        builtin.isBash === true,
      ]);
    }
  });
});
