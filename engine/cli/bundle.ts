import { basename } from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';
// The pages' own minifier; Next gives it no public name.
import { loadBindings } from 'next/dist/build/swc/index.js';
import { ROOT } from './bench-figures.ts';

/** JavaScript for a browser: files by name, and what esbuild tells of them. */
export type Bundle = { readonly files: ReadonlyMap<string, string>; readonly metafile: Metafile };

/** Bundles modules of the engine as a browser loads them: in chunks, minified twice, since each minifier finds what the other leaves. */
export async function bundle(
  entry: Pick<BuildOptions, 'entryPoints' | 'stdin' | 'entryNames'>,
): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...entry,
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    define: { 'process.env.NODE_ENV': '"production"' },
    outdir: 'out',
    write: false,
    metafile: true,
    logLevel: 'error',
  });
  const { minify } = await loadBindings();
  const files = new Map<string, string>();
  for (const { path, text } of outputFiles) {
    const { code } = await minify(text, {
      module: true,
      compress: { passes: 2, ecma: 2022, unsafe_arrows: true, keep_fargs: false },
      mangle: { toplevel: true },
    });
    files.set(basename(path), code);
  }
  return { files, metafile };
}
