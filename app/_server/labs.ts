import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { LabBundle, Probe } from '../../engine/lab/bundle.ts';
import { decodeLab, type LabFiles, labSlugs } from '../../engine/lab/decode.ts';

/** What the catalogue shows of a lab: small enough to send for every lab at once. */
export type LabCard = {
  readonly slug: string;
  readonly number: string;
  readonly title: string;
  readonly track: string;
  readonly minutes: number;
  readonly teaches: string;
  readonly tasks: readonly { readonly id: string; readonly title: string; readonly kind: string }[];
  /** The goal with the most to see, for the small picture. */
  readonly goal: readonly Pick<Probe, 'from' | 'to' | 'expect'>[];
};

const FOLDER = path.resolve('labs');

let kept: Promise<LabFiles> | undefined;

/** The files of `labs/`. Read once in production; anew at every question while labs are being written. */
function labFiles(): Promise<LabFiles> {
  if (process.env.NODE_ENV !== 'production') return readFiles();
  return (kept ??= readFiles());
}

async function readFiles(): Promise<LabFiles> {
  const entries = await readdir(FOLDER, { withFileTypes: true, recursive: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  const texts = await Promise.all(paths.map((file) => readFile(file, 'utf8')));
  return new Map(
    paths.map((file, index) => [path.relative(FOLDER, file).replaceAll('\\', '/'), texts[index] ?? '']),
  );
}

const decoded = new WeakMap<LabFiles, Map<string, LabBundle | undefined>>();

/** Decoded once for the same files: a lab is asked for several times by every page. */
function decodedLab(files: LabFiles, slug: string): LabBundle | undefined {
  const labs = decoded.get(files) ?? new Map<string, LabBundle | undefined>();
  decoded.set(files, labs);
  if (!labs.has(slug)) labs.set(slug, decodeLab(files, slug));
  return labs.get(slug);
}

/** One lab with its world; undefined when there is no such lab. `slug` may come from an address. */
export async function readLab(slug: string): Promise<LabBundle | undefined> {
  const files = await labFiles();
  return labSlugs(files).includes(slug) ? decodedLab(files, slug) : undefined;
}

/** One lab as a page gets it: without solutions, which come when they are asked for. */
export async function readLabForPage(slug: string): Promise<LabBundle | undefined> {
  const lab = await readLab(slug);
  if (lab === undefined) return undefined;
  return { ...lab, tasks: lab.tasks.map(({ solution: _, ...task }) => task) };
}

/** Every lab's card, by number. */
export async function listLabs(): Promise<readonly LabCard[]> {
  const files = await labFiles();
  const labs = labSlugs(files).map((slug) => decodedLab(files, slug));
  return labs
    .filter((lab) => lab !== undefined)
    .map(cardOf)
    .sort((a, b) => (a.number < b.number ? -1 : a.number > b.number ? 1 : 0));
}

function cardOf(lab: LabBundle): LabCard {
  const goals = lab.tasks.map((task) => task.goal).sort((a, b) => b.length - a.length);
  return {
    slug: lab.slug,
    number: lab.number,
    title: lab.title,
    track: lab.track,
    minutes: lab.minutes,
    teaches: lab.teaches,
    tasks: lab.tasks.map(({ id, title, kind }) => ({ id, title, kind })),
    goal: (goals[0] ?? []).map(({ from, to, expect }) => ({ from, to, expect })),
  };
}
