import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FlowsResponse } from '../../hubble/flow.ts';
import { buildFilters } from '../../hubble/filter.ts';
import { FlowPrinter } from '../../hubble/printer.ts';
import { rawFilters } from './observe-filters.ts';
import { observeRequest, select } from './observe.ts';

const folder = new URL('../../hubble/testdata/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
type Case = { argv: string[]; rc: number; stdout: string; stderr: string; raw_filters?: string };
const cases = (JSON.parse(read('goldens/filters.json')) as { cases: Case[] }).cases;
const flows = read('flows.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as FlowsResponse);

/** CEL needs an interpreter of its own; the field mask only thins what a server sends. */
const UNSUPPORTED: string[] = [];

function run(words: readonly string[]): { rc: number; out: string; err: string; raw: string } {
  const request = observeRequest(['--input-file', 'flows.jsonl', ...words], {
    nowMs: Date.UTC(2026, 10, 21),
    hasTty: false,
    isLegacy: false,
  });
  if ('help' in request) return { rc: 0, out: '', err: '', raw: '' };
  if ('error' in request) return { rc: 1, out: '', err: `${request.error}\n`, raw: '' };
  const raw = rawFilters(request.lists);
  try {
    const printer = new FlowPrinter(request.printer);
    const out = select(flows, request, buildFilters(request.lists))
      .map((response) => printer.print(response).out)
      .join('');
    return { rc: 0, out, err: '', raw };
  } catch (error) {
    return { rc: 1, out: '', err: `${(error as Error).message}\n`, raw };
  }
}

describe('flags of hubble observe, against the real CLI', () => {
  const wanted = cases.filter((item) => !item.argv.some((word) => UNSUPPORTED.includes(word)));
  it('are nearly all compared', () => expect(wanted.length).toBeGreaterThan(175));

  it.each(wanted.map((item) => [item.argv.slice(2).join(' '), item] as const))('%s', (_title, item) => {
    const words = item.argv.slice(2);
    const result = run(words[0] === 'flows' ? words.slice(1) : words);
    expect({ rc: result.rc, err: result.err, out: result.out }).toEqual({
      rc: item.rc,
      err: item.stderr,
      out: item.stdout,
    });
    if (item.raw_filters) expect(result.raw).toBe(item.raw_filters);
  });
});
