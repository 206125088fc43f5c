// Runs the snippets of posix.txt (bash, dash and busybox ash), bash.txt (bash), bashisms.txt (all three) and ../../commands/coreutils/testdata/tools.txt (the
// tools, through bash) with the shells and tools of the machine it is started on, and writes differential.jsonl beside
// each list: one JSON line for each snippet with the real standard output, standard error and exit code.
// Recorded on Debian 12: bash 5.2.15, dash 0.5.12, coreutils 9.1, grep 3.8, sed 4.8, gawk 5.2.1, findutils 4.9.0,
// diffutils 3.8, jq 1.6, bsdmainutils/util-linux 2.38. Needs root (it works in /home/learner). See README.md.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const HOME = '/home/learner';
const here = (name) => new URL(name, import.meta.url);

export function readSnippets(text) {
  const snippets = [];
  let block;
  for (const line of text.split('\n')) {
    if (line === '<<<<') block = [];
    else if (line === '>>>>' && block !== undefined) {
      snippets.push(block.join('\n'));
      block = undefined;
    } else if (block !== undefined) block.push(line);
    else if (line !== '' && !line.startsWith('##')) snippets.push(line);
  }
  return snippets;
}

function record(shell, run, files) {
  rmSync(HOME, { recursive: true, force: true });
  mkdirSync(HOME, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(`${HOME}/${name}`, content);
  const isAsh = shell === 'ash';
  const done = spawnSync(isAsh ? 'busybox' : shell, [...(isAsh ? ['ash'] : []), '-c', run], {
    argv0: isAsh ? 'busybox' : shell,
    cwd: HOME,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME, USER: 'root', LC_ALL: 'C', TZ: 'UTC' },
    input: '',
    timeout: 6000,
    encoding: 'utf8',
  });
  return { shell, run, stdout: done.stdout, stderr: done.stderr, exit: done.status ?? (done.signal === 'SIGKILL' ? 137 : done.signal === 'SIGTERM' ? 143 : -1) };
}

function recordList(list, shells, out, files = {}) {
  const lines = [];
  for (const run of readSnippets(readFileSync(here(list), 'utf8')))
    for (const shell of shells) lines.push(JSON.stringify(record(shell, run, files)));
  return writeFileSync(here(out), `${lines.join('\n')}\n`, out === undefined ? {} : { flag: 'a' });
}

/** Records the lines of a recording again, in their order. */
function recordAgain(path, files) {
  const records = readFileSync(here(path), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  const lines = records.map(({ shell, run }) => JSON.stringify(record(shell, run, files)));
  writeFileSync(here(path), `${lines.join('\n')}\n`);
}

const tools = '../../commands/coreutils/testdata/';
const fileSet = (...names) =>
  Object.assign({}, ...names.map((name) => JSON.parse(readFileSync(here(`${tools}${name}`), 'utf8'))));
for (const out of ['differential.jsonl', `${tools}differential.jsonl`]) rmSync(here(out), { force: true });
recordList('posix.txt', ['bash', 'dash', 'ash'], 'differential.jsonl');
recordList('bashisms.txt', ['bash', 'dash', 'ash'], 'differential.jsonl');
recordList('bash.txt', ['bash'], 'differential.jsonl');
try {
  const files = JSON.parse(readFileSync(here(`${tools}tools-files.json`), 'utf8'));
  recordList(`${tools}tools.txt`, ['bash'], `${tools}differential.jsonl`, files);
} catch (error) {
  if (error.code !== 'ENOENT') throw error;
}
const files = fileSet('tools-files.json', 'lines-files.json');
for (const path of ['lines.jsonl', `${tools}lines.jsonl`]) recordAgain(path, files);
rmSync(HOME, { recursive: true, force: true });
