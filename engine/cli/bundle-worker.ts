// Bundles the engine for the page's worker, apart from the pages: the bundler of the pages makes it a tenth larger, and
// `ringfence bench sizes` can weigh these very files.
// Usage: node engine/cli/bundle-worker.ts FOLDER; a worker starts from the file `worker-HASH.js`.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('bundle-worker: name the folder to write to');
  process.exit(2);
}
const chunks = await bundle('worker', ['engine/session/worker.ts']);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const { name, code } of chunks) writeFileSync(join(folder, name), code);
