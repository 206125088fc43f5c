import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeLab } from '../lab/decode.ts';
import { Headless } from '../session/headless.ts';
import { holdsCheck, parseTranscript } from '../session/transcript.ts';
import { readLabFiles } from '../session/replay.ts';
import { LABS_FOLDER } from './shell.ts';

const folder = new URL('./testdata/transcripts/', import.meta.url);
const files = readLabFiles(LABS_FOLDER);

/** Plays a transcript and gives what fell short, each with the command before it and what came instead. */
async function shortfalls(text: string): Promise<string[]> {
  const transcript = parseTranscript(text);
  const bundle = decodeLab(files, transcript.lab);
  if (bundle === undefined) throw new Error(`no lab ${transcript.lab}`);
  const headless = await Headless.open(bundle, { seed: transcript.seed ?? 1 });
  const found: string[] = [];
  for (const step of transcript.steps) {
    if (step.kind !== 'command') continue;
    const reply = await headless.submit(step.input, step.interruptAfterMs);
    for (const check of step.checks)
      if (!holdsCheck(check, reply))
        found.push(
          `${check.line}: ${check.kind} ${check.text}\n$ ${step.input}\n${reply.output.slice(0, 800)}[exit ${reply.exit}]`,
        );
  }
  return found;
}

describe('transcripts', () => {
  for (const name of readdirSync(folder).sort())
    it(
      name,
      async () => expect(await shortfalls(readFileSync(new URL(name, folder), 'utf8'))).toEqual([]),
      30_000,
    );
});
