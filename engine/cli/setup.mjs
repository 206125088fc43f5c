// Prepares a clone for `npm start` and `npm test`: installs, generates, migrates, builds; each step only when it is due.
// Plain JavaScript with nothing but node: imports, because it runs before anything is installed, on Node 20 too.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const bin = path.join(root, 'node_modules/.bin');
const stamps = path.join(root, 'node_modules/.setup');
const dataDir = process.env.RINGFENCE_DATA ?? path.join(root, '.data');
const wants = {
  serve: process.argv.includes('--serve'),
  test: process.argv.includes('--test'),
  migrate: process.argv.includes('--migrate'),
};
const environment = {
  ...process.env,
  PATH: bin + path.delimiter + process.env.PATH,
  NEXT_TELEMETRY_DISABLED: '1',
  PRISMA_HIDE_UPDATE_MESSAGE: '1',
  CHECKPOINT_DISABLE: '1',
};
const startedMs = Date.now();
const times = [];

/** Says one line, so that a person who waits knows for what. */
function say(text) {
  console.log(`▸ ${text}`);
}

/** Ends with a message that says what to do. */
function stop(...lines) {
  console.error(`\n✕ ${lines.join('\n  ')}\n`);
  process.exit(1);
}

/** Runs one step, shows its output, and remembers how long it took. */
function run(title, command, words, extra = {}) {
  say(title);
  const beganMs = Date.now();
  const result = spawnSync(command, words, {
    cwd: root,
    stdio: 'inherit',
    env: { ...environment, ...extra },
    shell: process.platform === 'win32',
  });
  times.push(`${command} ${words[0]} ${((Date.now() - beganMs) / 1000).toFixed(1)} s`);
  if (result.error) stop(`Could not run ${command}: ${result.error.message}`);
  if (result.status !== 0)
    stop(
      `This step failed: ${command} ${words.join(' ')}`,
      'The lines above say why. Nothing else was changed; the same command may be run again.',
    );
}

/** A hash over the contents of files and folders; what is missing counts as missing. */
function hashOf(...names) {
  const hash = createHash('sha256');
  const visit = (name) => {
    const facts = statSync(path.join(root, name), { throwIfNoEntry: false });
    if (!facts) hash.update(`${name}\0missing\0`);
    else if (facts.isDirectory()) {
      for (const entry of readdirSync(path.join(root, name)).sort()) {
        if (
          !['node_modules', 'testdata', 'generated'].includes(entry) &&
          !/\.(test|fuzz|bench)\.tsx?$/.test(entry)
        )
          visit(`${name}/${entry}`);
      }
    } else
      hash
        .update(`${name}\0`)
        .update(readFileSync(path.join(root, name)))
        .update('\0');
  };
  for (const name of names) visit(name);
  return hash.digest('hex');
}

/** True when the step `name` was done for this very input. */
function isFresh(name, key) {
  const file = path.join(stamps, name);
  return existsSync(file) && readFileSync(file, 'utf8') === key;
}

function stamp(name, key) {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(path.join(stamps, name), key);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 11)) {
    stop(
      `This needs Node 20.11 or newer to begin with; here runs ${process.version}.`,
      'Install one from https://nodejs.org and run the same command again.',
    );
  }
}

/** The learners' data belong to one server at a time. Looked at before building, so that a running server keeps its files. */
function checkSecondStart() {
  const file = path.join(dataDir, 'server.lock');
  if (!existsSync(file)) return;
  try {
    const lock = JSON.parse(readFileSync(file, 'utf8'));
    process.kill(lock.pid, 0);
    const words = existsSync(`/proc/${lock.pid}/cmdline`)
      ? readFileSync(`/proc/${lock.pid}/cmdline`, 'utf8')
      : 'start.mjs';
    if (!words.includes('start.mjs')) return;
    stop(
      `Ringfence already runs from this folder: process ${lock.pid}, ${lock.address}`,
      `Open that address, or stop it first: kill ${lock.pid}`,
    );
  } catch {
    // The process is gone or the file is broken: start.mjs takes the lock over.
  }
}

/** Finds out early that the port is taken, before minutes of building. */
function checkPort() {
  const port = Number(process.env.PORT ?? 3000);
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', (error) => {
      if (error.code === 'EADDRINUSE') {
        stop(`Port ${port} is taken by another program.`, `Choose another one: PORT=${port + 1} npm start`);
      }
      resolve();
    });
    probe.listen(port, () => probe.close(resolve));
  });
}

function install() {
  const key = hashOf('package.json', 'package-lock.json');
  if (isFresh('install', key)) return;
  // Not `npm ci`: it refuses lockfiles that lack other platforms' optional packages.
  const extra = process.platform === 'darwin' ? ['--no-package-lock'] : [];
  run('Installing packages (about a minute the first time)', 'npm', [
    'install',
    '--include=dev',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    ...extra,
  ]);
  stamp('install', hashOf('package.json', 'package-lock.json'));
}

/** npm scripts find Node 24 in node_modules/.bin where a package brings it; macOS needs its own. */
function checkInstalledNode() {
  const seen =
    spawnSync('node', ['--version'], {
      env: environment,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    }).stdout ?? '';
  if (Number(seen.replace('v', '').split('.')[0]) < 24) {
    stop(
      `The app itself runs on Node 24; this machine has ${seen.trim()}.`,
      'No packaged Node 24 exists for this platform: install one from https://nodejs.org and run the same command again.',
    );
  }
}

function generate() {
  if (!existsSync(path.join(root, 'prisma/schema.prisma'))) return;
  const key = hashOf('prisma/schema.prisma', 'prisma.config.ts', 'package-lock.json');
  if (isFresh('prisma', key) && existsSync(path.join(root, 'prisma/generated'))) return;
  // Generating only parses the schema; any executable here keeps Prisma from downloading its migration engine.
  run('Generating the database client', 'prisma', ['generate'], {
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
  });
  stamp('prisma', key);
}

function migrate() {
  if (!existsSync(path.join(root, 'prisma/migrate.ts'))) return;
  mkdirSync(dataDir, { recursive: true });
  run('Migrating the database', 'node', ['prisma/migrate.ts', 'deploy'], { RINGFENCE_DATA: dataDir });
}

function build(distDir) {
  const key = hashOf(
    'app',
    'engine',
    'public',
    'proxy.ts',
    'next.config.js',
    'postcss.config.mjs',
    'tsconfig.json',
    'package-lock.json',
    'prisma/schema.prisma',
  );
  const name = `build-${distDir}`;
  if (isFresh(name, key) && existsSync(path.join(root, distDir, 'BUILD_ID'))) return;
  const bundled = path.join(root, 'node_modules/.cache/ringfence-engine');
  run('Bundling the engine', 'node', ['engine/cli/bundle-worker.ts', bundled]);
  run('Building the pages (half a minute)', 'next', ['build'], {
    NEXT_DIST_DIR: distDir,
    NODE_ENV: 'production',
    NEXT_PUBLIC_ENGINE: readdirSync(bundled).find((name) => name.startsWith('worker-')),
  });
  cpSync(bundled, path.join(root, distDir, 'static/engine'), { recursive: true });
  run('Bundling the verifier', 'node', ['engine/cli/bundle-replay.mjs', path.join(distDir, 'verifier')]);
  stamp(name, key);
}

/** Looks for a browser for the end-to-end tests, and gets one if it can. The tests look in the same places. */
function findBrowser() {
  const finder = path.join(root, 'engine/cli/browser.mjs');
  const seek = () =>
    spawnSync('node', [finder], { cwd: root, env: environment, encoding: 'utf8' }).stdout?.trim() ?? '';
  const found = seek();
  if (found !== '') return found;
  say('No browser found; getting Chromium for the end-to-end tests');
  spawnSync('playwright', ['install', 'chromium'], {
    cwd: root,
    stdio: 'inherit',
    env: environment,
    timeout: 300_000,
  });
  if (seek() === '' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit', timeout: 300_000 });
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
      stdio: 'inherit',
      timeout: 600_000,
    });
  }
  return seek();
}

checkNode();
if (wants.serve) {
  checkSecondStart();
  await checkPort();
}
install();
checkInstalledNode();
generate();
if (wants.serve || wants.migrate) migrate();
if (wants.serve) build('.next');
if (wants.test) {
  const browser = findBrowser();
  if (browser === '')
    console.log(
      '  No browser to be had: the end-to-end tests will be counted as skipped. Set CHROMIUM_PATH to use one.',
    );
  else build('.next-test');
}
const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
console.log(
  times.length === 0
    ? `▸ Everything is up to date (${seconds} s)`
    : `▸ Ready after ${seconds} s: ${times.join(', ')}`,
);
