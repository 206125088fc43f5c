import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { verdicts } from './testdata/small-world.ts';

const blocks = readFileSync(new URL('./testdata/odd-combinations.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n\n')
  .slice(2)
  .map((block) => {
    const [title = '', ...lines] = block.split('\n');
    const starting = (mark: string) => lines.filter((line) => line.startsWith(mark));
    return {
      title: title.slice(2),
      extra: starting('+ ').map((line) => line.slice(2)),
      policies: starting('{').map((line) => `---\n${line}\n`),
      probes: lines.filter((line) => /^[FeiA7?] /.test(line)),
      lines,
    };
  });

describe('[P5] [P8] [P11] [P16] [P18] [P19] [P23] [P24] [P25] odd combinations', () => {
  test.each(blocks)('$title', ({ extra, policies, probes, lines }) => {
    expect(extra.length + policies.length + probes.length).toBe(lines.length);
    const asked = probes.map((line) => line.slice(2));
    const answers = verdicts(policies.join(''), asked, extra.join('\n'));
    expect(asked.map((probe, i) => `${answers[i]} ${probe}`)).toEqual(probes);
  });
  test('they are many', () => expect(blocks.length).toBeGreaterThan(170));
});
