import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runCase } from './case-run.ts';

type Refusal = { readonly text: string; readonly stage: string; readonly errors: readonly string[] };

/** Documents with the stage and the words in which the real server or agent refuses them; of several words any may come. */
const REFUSALS = readFileSync(new URL('./testdata/refusals.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Refusal);

describe('[P21] documents are refused in the words of the real server and agent', () => {
  for (const { text, stage, errors } of REFUSALS)
    test(`${stage}: ${errors[0]?.slice(0, 100)}`, () => {
      const { answer } = runCase(JSON.stringify({ policies: text, probes: [] }));
      const [policy] = answer.policies;
      expect(policy).toMatchObject({ valid: false, stage });
      expect(policy?.errorVariants ?? [policy?.error]).toEqual(errors);
    });
  test('they were all tried', () => expect(REFUSALS.length).toBeGreaterThan(50));
});
