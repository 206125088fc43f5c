import { join } from 'node:path';
// The pages' own minifier; Next gives it no public name.
import { loadBindings } from 'next/dist/build/swc/index.js';
import { type OutputChunk, type Plugin, rolldown } from 'rolldown';
import { minify as mangle } from 'rolldown/utils';
import { ROOT } from './bench-figures.ts';

/** JavaScript for a browser: a file, its code, and whether it must be there before the entry's first line runs. */
export type Chunk = { readonly name: string; readonly code: string; readonly isFirst: boolean };

/**
 * Bundles a module of the engine as a browser loads it: in chunks, minified twice, since each minifier finds what the
 * other leaves. The entry's file is `NAME-HASH.js`. Given several modules, it bundles one that exports all of theirs.
 */
export async function bundle(name: string, modules: readonly string[]): Promise<readonly Chunk[]> {
  const atOnce = new Set<string>();
  const build = await rolldown({
    cwd: ROOT,
    input: { [name]: ENTRY },
    platform: 'browser',
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
    plugins: [yamlInPart(), entryOf(modules, atOnce), await minifier()],
    // The YAML library's package does not say that its modules do nothing but export.
    treeshake: { moduleSideEffects: [{ test: YAML_LIBRARY, sideEffects: false }] },
    preserveEntrySignatures: 'allow-extension',
    logLevel: 'silent',
  });
  const { output } = await build.generate({
    format: 'esm',
    entryFileNames: '[name]-[hash].js',
    chunkFileNames: '[name]-[hash].js',
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [
        { name: 'beside', test: (id) => !atOnce.has(id) && BESIDE_THE_BOOT.test(id) },
        { name: 'later', test: (id) => !atOnce.has(id) && !BESIDE_THE_BOOT.test(id) },
      ],
    },
    minify: false,
  });
  await build.close();
  const chunks = output.filter((file) => file.type === 'chunk');
  const first = firstChunks(chunks);
  return chunks.map((chunk) => ({
    name: chunk.fileName,
    code: chunk.code,
    isFirst: first.has(chunk.fileName),
  }));
}

const ENTRY = 'virtual:entry';
const YAML_LIBRARY = /node_modules[\\/]yaml[\\/]/;
/** What a boot loads beside itself is one file, and all else that is loaded later another: small files are larger in all. */
const BESIDE_THE_BOOT = /node_modules[\\/]yaml|base[\\/]yaml|images[\\/]servers/;

/** Modules of the YAML library that nothing here uses, though it imports them: nobody asks for its JSON schema or gives a reviver. */
const YAML_UNUSED: ReadonlyMap<string, string> = new Map([
  ['schema/json/schema.js', 'export const schema = [];'],
  ['doc/applyReviver.js', 'export const applyReviver = (_reviver, _holder, _key, value) => value;'],
]);

/** Leaves out what nobody uses of the YAML library. */
function yamlInPart(): Plugin {
  return {
    name: 'yaml-in-part',
    load: (id) => {
      const [, file = ''] = id.replaceAll('\\', '/').split('/yaml/browser/dist/');
      return YAML_UNUSED.get(file) ?? null;
    },
  };
}

/** The entry; notes what it imports statically, itself and by way of others. */
function entryOf(modules: readonly string[], atOnce: Set<string>): Plugin {
  return {
    name: 'entry',
    resolveId: (id) => (id === ENTRY ? id : null),
    load: (id) =>
      id === ENTRY
        ? modules.map((file) => `export * from ${JSON.stringify(join(ROOT, file))};`).join('\n')
        : null,
    buildEnd() {
      atOnce.add(ENTRY);
      for (const id of atOnce)
        for (const imported of this.getModuleInfo(id)?.importedIds ?? []) atOnce.add(imported);
    },
  };
}

/** SWC shortens the code; the bundler's own minifier then finds the shorter names. */
async function minifier(): Promise<Plugin> {
  const { minify } = await loadBindings();
  const compress = {
    ...{ passes: 8, ecma: 2022, unsafe_arrows: true, keep_fargs: false },
    // The second minifier does these to a better end.
    ...{ const_to_let: false, sequences: false, collapse_vars: false, if_return: false },
  };
  return {
    name: 'minifier',
    renderChunk: async (code, { fileName }) => {
      const short = await minify(code, { module: true, compress, mangle: false });
      return (await mangle(fileName, short.code, { module: true })).code;
    },
  };
}

/** The entry's file with all that it imports statically. */
function firstChunks(chunks: readonly OutputChunk[]): ReadonlySet<string> {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const first = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName));
  for (const name of first) for (const imported of byName.get(name)?.imports ?? []) first.add(imported);
  return first;
}
