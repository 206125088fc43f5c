import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { LabBundle } from '../../lab/bundle.ts';
import { decodeLab, type LabFiles } from '../../lab/decode.ts';
import { readLabFiles } from '../replay.ts';
import type { History } from './replayed.ts';

/** The project's folder of labs. */
export const LABS_FOLDER = resolve(import.meta.dirname, '../../../labs');

/** Where the golden journals lie. */
export const JOURNALS_FOLDER = join(import.meta.dirname, 'journals');

/** Where the labs lie as they were when the journals were made: a lab may change without the engine having changed. */
export const BUNDLES_FOLDER = join(import.meta.dirname, 'bundles');

/** A committed journal with what its replay came to when it was recorded. */
export type Golden = History & {
  readonly name: string;
  readonly about: string;
  readonly hash: string;
  readonly solved: readonly number[];
};

let files: LabFiles | undefined;
const labs = new Map<string, LabBundle>();

/** A lab or world of the project as it is now. */
export function labNow(slug: string): LabBundle {
  files ??= readLabFiles(LABS_FOLDER);
  const known = labs.get(slug) ?? decodeLab(files, slug);
  if (known === undefined) throw new Error(`there is no lab ${slug}`);
  labs.set(slug, known);
  return known;
}

/** The lab that a golden journal was made with. */
export function goldenBundle(slug: string): LabBundle {
  return JSON.parse(readFileSync(join(BUNDLES_FOLDER, `${slug}.json`), 'utf8'));
}

/** All committed journals, by name. */
export function goldens(): readonly Golden[] {
  const names = readdirSync(JOURNALS_FOLDER).filter((name) => name.endsWith('.json')).sort();
  return names.map((name) => JSON.parse(readFileSync(join(JOURNALS_FOLDER, name), 'utf8')) as Golden);
}
