import { readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { decodeCase, type PolicyCase } from './case-file.ts';
import { buildCase } from './case-run.ts';
import { readDocument, splitDocuments } from './documents.ts';
import { PolicySource, type TextChange } from './positions.ts';
import { changeOfEdit, type EditablePolicy, placeOfEdit, suggest } from './suggestions.ts';
import { editables, optionsOf } from './testdata/editables.ts';

const FOLDER = new URL('./testdata/conformance/', import.meta.url);
const IS_LONG = process.env['RUNS'] !== undefined;
/** Every so many-th recorded case is tried; all of them, and more of their probes, by `npm run test:fuzz`. */
const STRIDE = IS_LONG ? 1 : 6;
const PROBES_PER_CASE = IS_LONG ? 8 : 4;

function worlds(file: string): PolicyCase[] {
  return readFileSync(new URL(file, FOLDER), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .filter((_, i) => i % STRIDE === 0)
    .map((line) => decodeCase((JSON.parse(line) as { case: string }).case));
}

/** The policies as a stream of documents, one of them edited. */
function streamOf(policies: readonly EditablePolicy[], key: string, edited: unknown): string {
  return policies.map((one) => JSON.stringify(one.key === key ? edited : one.object)).join('\n---\n');
}

/** A text after a change, by its lines and columns. */
function changedText(text: string, { line, column, endLine, endColumn, text: put }: TextChange): string {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const offset = (l: number, c: number) => (starts[l - 1] ?? 0) + c - 1;
  return text.slice(0, offset(line, column)) + put + text.slice(offset(endLine, endColumn));
}

/** The objects of a text, in order. */
function objectsOf(text: string): unknown[] {
  return splitDocuments(text).map((document) => {
    const read = readDocument(document.text, 'refuse');
    return 'error' in read ? read.error : read.value;
  });
}

describe('suggestions for the recorded cases', () => {
  let tried = 0;
  let written = 0;
  const missed: string[] = [];
  let changed = 0;
  for (const file of readdirSync(FOLDER).sort()) {
    test(`[P42] every suggested edit, applied, does what it says: ${file}`, () => {
      for (const world of worlds(file)) {
        const { repository } = buildCase(world, world.policies);
        const policies = editables(world);
        const sources = [new PolicySource(world.policies, 'case.yaml')];
        const flows = world.probes.map((probe) => probe.flow).filter((flow) => !repository.isSelf(flow));
        for (const flow of flows.slice(0, PROBES_PER_CASE)) {
          const wanted = repository.judge(flow).verdict === 'FORWARDED' ? 'DROPPED' : 'FORWARDED';
          const others = flows.filter((other) => other !== flow);
          const found = suggest(repository, flow, wanted, policies, optionsOf(world), { others });
          const results = new Set(found.map(({ key, object }) => `${key} ${JSON.stringify(object)}`));
          expect(results.size, `one change is given twice\n${world.policies}`).toBe(found.length);
          for (const suggestion of found) {
            const after = buildCase(world, streamOf(policies, suggestion.key, suggestion.object)).repository;
            const what = `${suggestion.text}\n${JSON.stringify(flow)}\n${world.policies}`;
            expect(after.judge(flow).verdict, what).toBe(wanted);
            const turned = others.filter(
              (other) => after.judge(other).verdict !== repository.judge(other).verdict,
            );
            expect(suggestion.changes, what).toEqual(turned);
            expect(placeOfEdit(repository, suggestion, sources), what).toBeDefined();
            const change = changeOfEdit(repository, suggestion, sources);
            if (change) {
              // The text that a person would change says exactly what was suggested.
              const was = objectsOf(world.policies);
              const is = objectsOf(changedText(world.policies, change));
              const object = policies.find((one) => one.key === suggestion.key)?.object;
              const at = was.findIndex((one) => isDeepStrictEqual(one, object));
              expect(is, what).toEqual(was.with(at, suggestion.object));
              written++;
            } else missed.push(what);
            tried++;
            changed += turned.length;
          }
        }
      }
    }, 900_000);
  }
  test('[P42] they were many, and some change other cells', () => {
    expect(tried).toBeGreaterThan(300);
    expect(changed).toBeGreaterThan(50);
    expect(written / tried, missed.slice(0, 20).join('\n=====\n')).toBeGreaterThan(0.98);
  });
});
