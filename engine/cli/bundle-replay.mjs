// Puts the verifier's replay into a few files: a thread then begins in a third of the time that some hundred modules take.
// Usage: node engine/cli/bundle-replay.mjs FOLDER
import path from 'node:path';
import { build } from 'esbuild';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('bundle-replay: name the folder to write to');
  process.exit(2);
}
await build({
  absWorkingDir: path.resolve(import.meta.dirname, '../..'),
  entryPoints: ['engine/session/replay.ts'],
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  outdir: path.resolve(folder),
  outExtension: { '.js': '.mjs' },
  // The `yaml` package is CommonJS and asks for Node's own modules.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  logLevel: 'error',
});
