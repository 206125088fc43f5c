// Runs command lines through our kubectl and through the real one against equal worlds, and tells where they differ.
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { Headless } from '../session/headless.ts';
import { KubeHttp } from './kube-http.ts';

/** One command line of the list. */
export type ParityLine = {
  readonly run: string;
  /** Set where the two are meant to differ: why. */
  readonly reason?: string;
  /** Run in both worlds by our own kubectl, to make what others look at; not compared. */
  readonly isSetup: boolean;
  /** Set where the real one walks a Go map: its lines come in any order. */
  readonly isUnordered: boolean;
};

/** The lab both worlds begin as. */
type Bundle = Parameters<typeof Headless.open>[0];

/** Lines that share one pair of worlds, in order. */
export type Chapter = { readonly name: string; readonly lines: readonly ParityLine[] };

/** What a line printed, masked. */
export type Printed = { readonly stdout: string; readonly stderr: string; readonly exit: number | null };

/** A line with what both sides printed. */
export type Outcome = {
  readonly line: ParityLine;
  readonly ours: Printed;
  readonly real: Printed;
  readonly isEqual: boolean;
};

/**
 * Reads a list: `[name]` begins a chapter, `+ LINE` is setup, `* LINE` prints its lines in any order, `~ WHY` tells that the
 * next line differs on purpose, `#` is a comment; `⏎` within a line is a line break.
 */
export function parseChapters(text: string): readonly Chapter[] {
  const chapters: { name: string; lines: ParityLine[] }[] = [];
  let reason: string | undefined;
  for (const raw of text.split('\n')) {
    const row = raw.trim();
    if (row === '' || row.startsWith('#')) continue;
    const name = /^\[(.+)\]$/.exec(row)?.[1];
    if (name !== undefined) chapters.push({ name, lines: [] });
    else if (row.startsWith('~ ')) reason = row.slice(2);
    else {
      const [, mark, rest = ''] = /^([+*] )?(.*)$/.exec(row) ?? [];
      const run = rest.replaceAll('⏎', '\n');
      const marks = { isSetup: mark === '+ ', isUnordered: mark === '* ' };
      chapters.at(-1)?.lines.push({ run, ...marks, ...(reason === undefined ? {} : { reason }) });
      reason = undefined;
    }
  }
  return chapters;
}

/** An upstream kubectl 1.32 on the path, or why there is none. A cloud SDK's dispatcher has `kubectl.1.32` beside it. */
export function findKubectl(
  path = process.env['PATH'] ?? '',
): { readonly file: string } | { readonly missing: string } {
  const seen: string[] = [];
  for (const folder of path.split(delimiter)) {
    const found = join(folder, 'kubectl');
    if (folder === '' || !existsSync(found)) continue;
    const real = realpathSync(found);
    for (const file of [join(dirname(real), 'kubectl.1.32'), real]) {
      const version = existsSync(file) ? versionOf(file) : undefined;
      if (version !== undefined && /^v1\.32\.\d+$/.test(version)) return { file };
      if (version !== undefined) seen.push(`${file} is ${version}`);
    }
  }
  return {
    missing:
      seen.length === 0 ? 'there is no kubectl on the path' : `no upstream kubectl 1.32: ${seen.join(', ')}`,
  };
}

function versionOf(file: string): string | undefined {
  const ran = spawnSync(file, ['version', '--client', '-o', 'json'], { encoding: 'utf8', timeout: 20_000 });
  return /"gitVersion": "([^"]+)"/.exec(ran.stdout ?? '')?.[1];
}

/** Virtual time between the beginnings of two lines: whatever a line set going has come to rest by then. */
const LINE_MS = 45_000;
/** Virtual time that passes at once while a real client waits on a stream. */
const PUMP_MS = 200;
/** Real time between two looks at a running client. */
const STEP_MS = 5;
/** Real time after which a real client is ended. */
const CLIENT_MS = 20_000;

/** Runs a chapter in a new pair of worlds. `files` is the folder that becomes the home folder's content. */
export async function runChapter(
  chapter: Chapter,
  options: {
    readonly bundle: Bundle;
    readonly files: string;
    readonly kubectl: string;
    readonly seed: number;
  },
): Promise<readonly Outcome[]> {
  const ours = await openWorld(options);
  const real = await openWorld(options);
  const bench = await RealClient.open(real, options);
  const outcomes: Outcome[] = [];
  const startMs = ours.sandbox.nowMs;
  try {
    for (const [index, line] of chapter.lines.entries()) {
      if (line.isSetup) {
        await ours.submit(line.run);
        await real.submit(line.run);
      } else {
        const reply = await ours.submit(line.run);
        const wanted = await bench.run(line.run);
        const mine = masked(
          { stdout: reply.stdout, stderr: reply.stderr, exit: reply.exit },
          ours.sandbox.workplace.workstation.home,
        );
        const theirs = masked(wanted, bench.home);
        outcomes.push({ line, ours: mine, real: theirs, isEqual: isSame(mine, theirs, line.isUnordered) });
      }
      const untilMs = startMs + (index + 1) * LINE_MS;
      for (const world of [ours, real]) await world.sandbox.runUntil(untilMs, 1_000_000);
    }
  } finally {
    await bench.close();
  }
  return outcomes;
}

async function openWorld(options: {
  readonly bundle: Bundle;
  readonly files: string;
  readonly seed: number;
}): Promise<Headless> {
  const world = await Headless.open(options.bundle, { seed: options.seed });
  const { home } = world.sandbox.workplace.workstation;
  for (const [name, content] of filesOf(options.files))
    world.sandbox.apply({ kind: 'save', path: `${home}/${name}`, content });
  await world.submit('export EDITOR=true');
  world.sandbox.apply({
    kind: 'save',
    path: `${home}/.kube/config`,
    content: kubeconfig('https://127.0.0.1:6443'),
  });
  return world;
}

function filesOf(folder: string): readonly (readonly [string, string])[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path, 'utf8')] as const;
    });
}

// kind's kubeconfig without keys: over plain HTTP there is nothing to sign.
function kubeconfig(server: string): string {
  return `apiVersion: v1
clusters:
- cluster:
    server: ${server}
  name: kind-kind
contexts:
- context:
    cluster: kind-kind
    user: kind-kind
  name: kind-kind
current-context: kind-kind
kind: Config
preferences: {}
users:
- name: kind-kind
  user:
    token: ringfence
`;
}

/** The real kubectl with a home folder of its own, against one world's API server on HTTP. */
class RealClient {
  readonly home: string;
  readonly #world: Headless;
  readonly #mount: KubeHttp;
  readonly #env: Record<string, string>;

  private constructor(world: Headless, mount: KubeHttp, home: string) {
    this.#world = world;
    this.#mount = mount;
    this.home = home;
    this.#env = {
      PATH: `${join(home, '.bin')}${delimiter}/usr/local/bin:/usr/bin:/bin`,
      HOME: home,
      LANG: 'C.UTF-8',
      TERM: 'dumb',
      USER: 'learner',
      EDITOR: 'true',
    };
  }

  static async open(
    world: Headless,
    options: { readonly files: string; readonly kubectl: string },
  ): Promise<RealClient> {
    const { sandbox } = world;
    const mount = new KubeHttp({ handle: sandbox.cluster.handle, changed: () => sandbox.cluster.settle() });
    const port = await mount.listen();
    const home = mkdtempSync(join(tmpdir(), 'parity-'));
    for (const folder of ['.bin', '.kube']) mkdirSync(join(home, folder));
    symlinkSync(options.kubectl, join(home, '.bin/kubectl'));
    for (const [name, content] of filesOf(options.files)) {
      mkdirSync(dirname(join(home, name)), { recursive: true });
      writeFileSync(join(home, name), content);
    }
    writeFileSync(join(home, '.kube/config'), kubeconfig(`http://127.0.0.1:${port}`));
    return new RealClient(world, mount, home);
  }

  /** Runs a line of bash; while the client waits on a stream, virtual time passes until something comes. */
  async run(line: string): Promise<Printed> {
    const child = spawn('bash', ['-c', line], {
      cwd: this.home,
      env: this.#env as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8');
      child[name].on('data', (chunk: string) => {
        texts[name] += chunk;
      });
    }
    let isRunning = true;
    const ended = new Promise<number | null>((resolve) => {
      child.on('close', (code) => {
        isRunning = false;
        resolve(code);
      });
    });
    const { sandbox } = this.#world;
    const deadline = setTimeout(() => child.kill('SIGKILL'), CLIENT_MS);
    while (isRunning) {
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
      // Between requests time runs as on the wall: a client may poll.
      if (this.#mount.openStreams === 0) {
        await sandbox.runUntil(sandbox.nowMs + STEP_MS, 100_000);
        continue;
      }
      await sandbox.runUntil(sandbox.nowMs + PUMP_MS, 100_000);
      this.#mount.pump();
    }
    clearTimeout(deadline);
    return { ...texts, exit: await ended };
  }

  async close(): Promise<void> {
    await this.#mount.close();
    rmSync(this.home, { recursive: true, force: true });
  }
}

const MASKS: readonly (readonly [RegExp, string])[] = [
  [/\r/g, ''],
  [/(resourceVersion"?: ?"?|Resource Version: +)\d+/g, '$1<rv>'],
  [
    /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)|(\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4})|(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4}( UTC)?)/g,
    '<time>',
  ],
  [/\(x\d+ over [^)]*\)/g, '(<count>)'],
  [/(?<![\w.-])(\d+d)?(\d+h)?(\d+m)?\d+[smhd](?![\w.-])/g, '<age>'],
  [/\.[0-9a-f]{16}\b/g, '.<evt>'],
  [/^[EWI]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ /gm, '<klog> '],
  [/\/tmp\/(LIVE|MERGED)-\d+/g, '/tmp/$1-<n>'],
  [/kubectl-edit-\w+\.yaml/g, 'kubectl-edit-<n>.yaml'],
  [/https?:\/\/127\.0\.0\.1:\d+/g, '<server>'],
  [/127\.0\.0\.1:\d{4,5}/g, '<server>'],
  [/v1\.32\.\d+/g, '<version>'],
];

/** Columns follow the widest cell, and ages are cells: where a text has ages, its columns are compared without their widths. */
const WIDTHS: readonly (readonly [RegExp, string])[] = [
  [/(?<=\S) {2,}/g, '  '],
  [/-{3,}/g, '---'],
  [/ +$/gm, ''],
];

function masked(printed: Printed, home: string): Printed {
  const replaced = (text: string, masks: typeof MASKS) =>
    masks.reduce((so, [pattern, to]) => so.replace(pattern, to), text);
  const mask = (text: string) => {
    const out = replaced(text.replaceAll(home, '~'), MASKS);
    return /<age>|<count>/.test(out) ? replaced(out, WIDTHS) : out;
  };
  return { stdout: mask(printed.stdout), stderr: mask(printed.stderr), exit: printed.exit };
}

function isSame(a: Printed, b: Printed, isUnordered: boolean): boolean {
  const text = (out: string) => (isUnordered ? out.split('\n').sort().join('\n') : out);
  return a.exit === b.exit && text(a.stdout) === text(b.stdout) && text(a.stderr) === text(b.stderr);
}
