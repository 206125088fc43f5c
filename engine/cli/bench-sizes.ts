import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type BenchResult, type Figure, ROOT } from './bench-figures.ts';
import { bundle } from './bundle.ts';

const POLICY_ENTRIES = ['repository', 'import', 'explain', 'suggestions'].map(
  (name) => `engine/policy/${name}.ts`,
);

/** JavaScript sizes, gzip, kB of 1000 bytes: the worker as it is served, the policy engine, and the page where it is built. */
export async function benchSizes(): Promise<BenchResult> {
  const worker = await bundleSizes(['engine/session/worker.ts']);
  const policy = await bundleSizes(POLICY_ENTRIES);
  const page = pageSize();
  const figures: Figure[] = [
    { name: "sizes: worker's first chunk, gzip", value: worker.firstKB, unit: 'kB', budget: 300 },
    { name: 'sizes: worker in all, gzip', value: worker.allKB, unit: 'kB', budget: 700 },
    { name: 'sizes: engine/policy with dependencies, gzip', value: policy.allKB, unit: 'kB', budget: 90 },
  ];
  if (page === undefined)
    return {
      figures,
      note: 'sizes: the page is not built (`npm run build`), so its first JavaScript is not measured',
    };
  return {
    figures: [
      ...figures,
      { name: "sizes: lab page's first JavaScript, gzip", value: page, unit: 'kB', budget: 250 },
    ],
  };
}

async function bundleSizes(
  modules: readonly string[],
): Promise<{ readonly firstKB: number; readonly allKB: number }> {
  let firstKB = 0;
  let allKB = 0;
  for (const { code, isFirst } of await bundle('worker', modules)) {
    const sizeKB = gzipSync(code).length / 1000;
    allKB += sizeKB;
    if (isFirst) firstKB += sizeKB;
  }
  return { firstKB, allKB };
}

/** The scripts that the built lab page names in its HTML or its client manifest, kB; undefined when nothing is built. */
function pageSize(): number | undefined {
  const dist = ['.next', '.next-test']
    .map((name) => join(ROOT, name))
    .find((folder) => existsSync(join(folder, 'build-manifest.json')));
  if (dist === undefined) return undefined;
  const manifest = JSON.parse(readFileSync(join(dist, 'build-manifest.json'), 'utf8')) as {
    readonly rootMainFiles?: readonly string[];
  };
  const files = new Set(manifest.rootMainFiles ?? []);
  for (const file of entryFiles(dist)) files.add(file);
  let bytes = 0;
  for (const file of files)
    if (file.endsWith('.js') && existsSync(join(dist, file)))
      bytes += gzipSync(readFileSync(join(dist, file))).length;
  return bytes / 1000;
}

/** Chunks of the lab page and its layouts, from its client reference manifest. */
function entryFiles(dist: string): readonly string[] {
  const file = join(dist, 'server/app/labs/[lab]/page_client-reference-manifest.js');
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  const start = text.indexOf('{', text.indexOf('page"]'));
  const value = JSON.parse(text.slice(start).replace(/;\s*$/, '')) as {
    readonly entryJSFiles?: Readonly<Record<string, readonly string[]>>;
  };
  return Object.values(value.entryJSFiles ?? {}).flat();
}
