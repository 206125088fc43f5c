// Serves the built app. One server owns a data folder at a time (an embedded database has no lock of its own).
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const port = Number(process.env.PORT ?? 3000);
const dataDir = path.resolve(root, process.env.RINGFENCE_DATA ?? '.data');
const lockFile = path.join(dataDir, 'server.lock');
const address = `http://localhost:${port}`;

/** Ends with a message that says what to do. */
function stop(...lines) {
  console.error(`\n✕ ${lines.join('\n  ')}\n`);
  process.exit(1);
}

/** True when the process of a lock still lives and is one of ours, not another program that got its number. */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const words = `/proc/${pid}/cmdline`;
  return !existsSync(words) || readFileSync(words, 'utf8').includes('start.mjs');
}

function takeLock() {
  mkdirSync(dataDir, { recursive: true });
  try {
    writeFileSync(lockFile, JSON.stringify({ pid: process.pid, address }), { flag: 'wx' });
    return;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  let lock;
  try {
    lock = JSON.parse(readFileSync(lockFile, 'utf8'));
  } catch {
    lock = undefined;
  }
  if (lock !== undefined && isAlive(lock.pid)) {
    stop(
      `Ringfence already runs from this folder: process ${lock.pid}, ${lock.address}`,
      `Open that address, or stop it first: kill ${lock.pid}`,
    );
  }
  rmSync(lockFile, { force: true });
  takeLock();
}

function releaseLock() {
  try {
    if (JSON.parse(readFileSync(lockFile, 'utf8')).pid === process.pid) rmSync(lockFile, { force: true });
  } catch {
    // Already gone.
  }
}

/** Finds a variable that cannot be used before anyone relies on it. */
async function checkEnvironment() {
  const { readEnvironment } = await import('./env.ts');
  try {
    readEnvironment(process.env);
  } catch (error) {
    if (error.name !== 'EnvironmentError') throw error;
    stop(`The environment cannot be used: ${error.message}.`);
  }
}

/** Opens the database before the first learner waits for it, and says so when it is away: labs work without it. */
async function warmUp() {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/api/health`);
    if (response.ok) return;
  } catch {
    // Said below.
  }
  console.error(
    '  The database is away: labs can be done, and progress stays in the browsers until it is back.\n',
  );
}

if (!Number.isInteger(port) || port < 1 || port > 65_535) stop(`PORT=${process.env.PORT} is no port number.`);
process.chdir(root);
process.env.NODE_ENV = 'production';
process.env.NEXT_TELEMETRY_DISABLED = '1';
process.env.RINGFENCE_DATA = dataDir;
if (!existsSync(path.join(path.resolve(root, process.env.NEXT_DIST_DIR ?? '.next'), 'BUILD_ID')))
  stop('Nothing is built yet.', 'Run: npm start');
await checkEnvironment();
takeLock();
process.on('exit', releaseLock);

const { default: next } = await import('next');
const app = next({ dev: false, dir: root, port, hostname: 'localhost' });
const handle = app.getRequestHandler();
await app.prepare();
const server = createServer((request, response) => void handle(request, response));
server.keepAliveTimeout = 65_000;
server.on('error', (error) => {
  if (error.code === 'EADDRINUSE')
    stop(`Port ${port} is taken by another program.`, `Choose another one: PORT=${port + 1} npm start`);
  throw error;
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    server.close();
    server.closeAllConnections();
    process.exit(0);
  });
}
server.listen(port, () => {
  const others = Object.values(os.networkInterfaces())
    .flat()
    .filter((face) => face?.family === 'IPv4' && !face.internal)
    .map((face) => `http://${face.address}:${port}`);
  console.log(`\n  Ringfence is ready: ${address}`);
  if (others.length > 0) console.log(`  In this network:    ${others.join('  ')}`);
  console.log('  Stop with Ctrl-C.\n');
  void warmUp();
});
