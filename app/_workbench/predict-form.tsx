'use client';

import { type JSX, useState } from 'react';
import type { Probe } from '../../engine/lab/bundle.ts';
import { wordsOf } from '../../engine/lab/outcome-words.ts';
import type { CheckResult } from '../../engine/session/protocol.ts';
import { Button } from '../_ui/button.tsx';
import type { Sandbox } from './sandbox.ts';

const CHOICES = ['ok', 'timeout@egress', 'timeout@ingress', 'refused', '403'] as const;

/** `tier=backend → tier=database, port 6379`. */
function textOf(probe: Probe): string {
  return `${probe.from} → ${probe.to}${probe.port === undefined ? '' : `, port ${probe.port}`}`;
}

/** The cells that a learner fills in before anything runs. All are submitted together. */
export function PredictForm({
  probes,
  task,
  sandbox,
  checks,
}: {
  probes: readonly Probe[];
  task: number;
  sandbox: Sandbox;
  checks: readonly CheckResult[];
}): JSX.Element {
  const [chosen, setChosen] = useState<Readonly<Record<number, string>>>({});
  const results = checks.filter((check) => check.kind === 'predict');
  // What was predicted on an earlier visit, or elsewhere, is in the journal.
  const cells = probes.map((_, index) => chosen[index] ?? results[index]?.given ?? '');
  const isComplete = cells.every((cell) => cell !== '');
  return (
    <form
      className="mt-4 rounded-md border border-line p-3"
      onSubmit={(event) => {
        event.preventDefault();
        sandbox.send({ kind: 'predict', task, cells });
      }}
    >
      {probes.map((probe, index) => (
        <label key={textOf(probe)} className="mb-3 block">
          <span className="mb-1 block font-mono text-xs">{textOf(probe)}</span>
          <span className="flex items-center gap-2">
            <select
              value={cells[index]}
              onChange={(event) => setChosen({ ...chosen, [index]: event.target.value })}
              className="w-full rounded-md border border-line bg-panel px-2 py-1.5 text-[13px]"
            >
              <option value="">what happens?</option>
              {CHOICES.map((choice) => (
                <option key={choice} value={choice}>
                  {wordsOf(choice)}
                </option>
              ))}
            </select>
            {results[index]?.given !== undefined && results[index].given === cells[index] && (
              <span
                role="img"
                aria-label={results[index].holds ? 'right' : 'not what happens'}
                className={results[index].holds ? 'text-ok' : 'text-bad'}
              >
                {results[index].holds ? '✓' : '✕'}
              </span>
            )}
          </span>
        </label>
      ))}
      <Button look="main" type="submit" disabled={!isComplete}>
        Compare with the cluster
      </Button>
    </form>
  );
}
