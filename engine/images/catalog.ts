import type { Json } from '../base/json.ts';
import type { TlsOffer } from '../net/certificate.ts';
import type { BotSpec } from './bot.ts';
import { livelyScript } from './container-script.ts';
import { FAMILIES } from './families.ts';
import { type Family, tcp } from './recipe.ts';

/** What a container listens on, as data. */
export type ListenerSpec = {
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  /** A name in the registry of servers. */
  readonly server: string;
  readonly options: Readonly<Record<string, Json>>;
  /** Speaks TLS; the certificate's names, '*' for whatever was asked for. */
  readonly tls?: TlsOffer;
  /** True when only the machine itself can connect. */
  readonly isLocal?: boolean;
};

/** Which machine an image makes: C library, shell, user and the versions of tools whose words differ. */
export type ImageMachine = {
  readonly libc: 'glibc' | 'musl';
  readonly shell: 'bash' | 'ash' | 'dash';
  readonly user: string;
  readonly home: string;
  readonly versions: Readonly<Record<string, string>>;
};

/** How long a container's main program lives: forever, or until it ends with a code after a while. */
export type Lifetime =
  | { readonly kind: 'forever' }
  | { readonly kind: 'exits'; readonly afterMs: number; readonly exitCode: number; readonly output: string }
  | { readonly kind: 'cannot-start'; readonly message: string };

/** Everything the world knows about a container image. */
export type ImageFacts = {
  /** Canonical reference: registry/repository:tag. */
  readonly name: string;
  readonly repository: string;
  readonly tag: string;
  readonly machine: ImageMachine;
  /** Names of the programs inside; empty where there is not even a shell. */
  readonly programs: readonly string[];
  /** Files of the image, path → content; folders are implied. */
  readonly files: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** Entrypoint and cmd together. */
  readonly defaultCommand: readonly string[];
  /** How long a first pull takes and how long the program needs until it listens, ms. */
  readonly pullMs: number;
  readonly startDelayMs: number;
  /** Programs that run on as the image's server when something starts them. */
  readonly servers: readonly string[];
  /** What it listens on with that environment and that whole command (see `commandOf`). */
  readonly listeners: (
    env: Readonly<Record<string, string>>,
    command: readonly string[],
  ) => readonly ListenerSpec[];
  /** The calls that it makes by itself, if any. */
  readonly bot: (env: Readonly<Record<string, string>>, command: readonly string[]) => BotSpec | undefined;
  /** What its main program becomes. */
  readonly lifetime: (command: readonly string[], env?: Readonly<Record<string, string>>) => Lifetime;
  /** The lines it logs when it starts. */
  readonly logs: (env: Readonly<Record<string, string>>, command: readonly string[]) => readonly string[];
};

const known = new Map<string, ImageFacts | undefined>();

/** The facts of an image by reference (`nginx`, `docker.io/x/y:1.2`, with or without a digest); undefined: it cannot be pulled. */
export function lookup(reference: string): ImageFacts | undefined {
  const cached = known.get(reference);
  if (cached !== undefined || known.has(reference)) return cached;
  const parsed = parseReference(reference);
  const family = parsed && FAMILIES.find((entry) => entry.repositories.includes(parsed.repository));
  const facts = parsed && family && isTag(family, parsed.tag) ? factsOf(family, parsed) : undefined;
  if (known.size > 1000) known.clear();
  known.set(reference, facts);
  return facts;
}

/** The whole command of a container: `command` replaces the entrypoint (and drops cmd), `args` replaces cmd. */
export function commandOf(
  image: ImageFacts,
  container: { readonly command?: readonly string[]; readonly args?: readonly string[] },
): readonly string[] {
  const hasCommand = container.command !== undefined && container.command.length > 0;
  const entry = hasCommand ? (container.command ?? []) : image.entrypoint;
  const args =
    container.args !== undefined && container.args.length > 0 ? container.args : hasCommand ? [] : image.cmd;
  return [...entry, ...args];
}

type Reference = { readonly repository: string; readonly tag: string };

/** Splits a reference as the container runtime does: default registry docker.io, default folder library, default tag latest. */
export function parseReference(reference: string): Reference | undefined {
  const bare = reference.split('@')[0] ?? '';
  const match = /^([a-zA-Z0-9./_:-]+?)(?::([\w][\w.-]{0,127}))?$/.exec(bare);
  if (!match || (match[1] ?? '') === '' || /[A-Z]/.test(match[1] ?? '')) return undefined;
  const name = match[1] ?? '';
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const hasRegistry = /[.:]/.test(first) || first === 'localhost';
  const full = hasRegistry ? name : `docker.io/${slash < 0 ? `library/${name}` : name}`;
  const library = /^docker\.io\/([^/]+)$/.exec(full);
  return { repository: library ? `docker.io/library/${library[1]}` : full, tag: match[2] ?? 'latest' };
}

/** Numbers, and the words that repositories really use; a made-up tag cannot be pulled. */
const TAG =
  /^(v?\d[\w.]*|latest|stable|mainline|edge|lts|current|curl|bash|management|noble|jammy|focal|alpine[\d.]*|bookworm|bullseye|trixie|slim|perl|musl|glibc|uclibc|main)([-.](jdk|jre|management|ubuntu|ubi\d*|community|noble|jammy|alpine[\d.]*|slim|perl|musl|glibc|uclibc|bookworm|bullseye|trixie|debian|otel|rc\d*|\d[\w.]*|[0-9a-f]{7,40}))*$/;

function isTag(family: Family, tag: string): boolean {
  return family.tags ? family.tags.test(tag) : TAG.test(tag);
}

function factsOf(family: Family, reference: Reference): ImageFacts {
  const made = family.make(reference.tag);
  const facts = {
    name: `${reference.repository}:${reference.tag}`,
    repository: reference.repository,
    tag: reference.tag,
    machine: made.machine,
    programs: [...new Set(made.programs)].sort(),
    files: made.files ?? {},
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...made.env },
    entrypoint: made.entrypoint ?? [],
    cmd: made.cmd ?? [],
    pullMs: made.pullMs ?? 1500,
    startDelayMs: made.startDelayMs ?? 500,
    servers: made.mains ?? [],
  };
  const runsServer = (command: readonly string[]): boolean =>
    isServerCommand(facts, made.mains ?? [], command);
  const scriptOf = (command: readonly string[]): BotSpec | undefined => {
    const main = executed(facts, command);
    const name = (main[0] ?? '').slice((main[0] ?? '').lastIndexOf('/') + 1);
    const isServer = runsServer(command) && !/^(ba|da|a)?sh$/.test(name);
    const isMissing = !facts.programs.includes(name) || isServer;
    const script = isMissing ? undefined : livelyScript(main);
    return script && { bot: 'script', intervalMs: 20, script };
  };
  return {
    ...facts,
    defaultCommand: [...facts.entrypoint, ...facts.cmd],
    listeners: (env, command) => {
      if (runsServer(command)) return made.listeners?.({ ...facts.env, ...env }, command) ?? [];
      return commandListeners(executed(facts, command));
    },
    bot: (env, command) => made.bot?.({ ...facts.env, ...env }, command) ?? scriptOf(command),
    lifetime: (command, env) => {
      const refusal = runsServer(command) ? made.refuses?.({ ...facts.env, ...env }) : undefined;
      if (env !== undefined && refusal) return { kind: 'exits', afterMs: 300, ...refusal };
      const life = lifetimeOf(executed(facts, command), {
        programs: facts.programs,
        isServer: runsServer(command),
      });
      return life.kind === 'exits' && scriptOf(command) !== undefined ? { kind: 'forever' } : life;
    },
    logs: (env, command) => {
      const whole = { ...facts.env, ...env };
      return runsServer(command) && made.refuses?.(whole) === undefined ? (made.logs?.(whole) ?? []) : [];
    },
  };
}

/**
 * What an entrypoint script hands over to: such scripts end in `exec "$@"`, and put the image's own program in front when
 * the first argument is an option. Commands that do not run the image's script are left alone.
 */
export function executed(
  facts: {
    readonly entrypoint: readonly string[];
    readonly cmd: readonly string[];
    readonly programs?: readonly string[];
  },
  command: readonly string[],
): readonly string[] {
  const script = facts.entrypoint[0] ?? '';
  if (facts.entrypoint.length !== 1 || !script.endsWith('.sh') || command[0] !== script) return command;
  const rest = command.slice(1);
  const isProgram = !(rest[0] ?? '-').startsWith('-') && !/^https?:\/\//.test(rest[0] ?? '');
  return isProgram ? rest : [...facts.cmd.slice(0, 1), ...rest];
}

/** True when the command runs the image's own server: the default entrypoint, or one of its programs by name. */
function isServerCommand(
  facts: { readonly entrypoint: readonly string[]; readonly cmd: readonly string[] },
  mains: readonly string[],
  command: readonly string[],
): boolean {
  const whole = [...facts.entrypoint, ...facts.cmd];
  if (mains.length === 0 || command.length === 0) return false;
  const isDefault = facts.entrypoint.length > 0 && facts.entrypoint.every((word, i) => command[i] === word);
  const program = (isDefault ? command[facts.entrypoint.length] : command[0]) ?? whole[0] ?? '';
  if (isDefault && (program.startsWith('-') || command.length <= facts.entrypoint.length)) return true;
  return mainOf(command, program).some((word) => mains.includes(word.slice(word.lastIndexOf('/') + 1)));
}

function mainOf(command: readonly string[], program: string): readonly string[] {
  const isShell = /(^|\/)(ba|da|a)?sh$/.test(program);
  return isShell ? command.slice(1).flatMap((word) => word.split(/[\s;&|]+/)) : [program];
}

/** What a plain tool listens on: `nc -l PORT`, `httpd -p PORT`, `python3 -m http.server PORT`, `socat TCP-LISTEN:PORT`. */
function commandListeners(command: readonly string[]): readonly ListenerSpec[] {
  const text = command.join(' ');
  const nc = /(?:^|[\s;])(?:nc|ncat|netcat)\b([^;|]*?-[a-z]*l[a-z]*)\s+(?:[^;|]*?-p\s*)?(\d+)([^;|]*)/.exec(
    text,
  );
  if (nc) {
    const isUdp = /-[a-z]*u/.test(`${nc[1] ?? ''} ${nc[3] ?? ''}`);
    if (isUdp) return [{ ...tcp(Number(nc[2]), 'echo'), protocol: 'UDP' }];
    const said = /(?:echo(?: -[ne]+)*|printf) (?:"([^"]*)"|'([^']*)') *\| *(?:nc|ncat|netcat)\b/.exec(text);
    if (!said) return [tcp(Number(nc[2]), 'opaque')];
    const words = (said[1] ?? said[2] ?? '').replaceAll('\\r', '\r').replaceAll('\\n', '\n');
    return [tcp(Number(nc[2]), 'one-text', { text: `${words}\n` })];
  }
  const socat = /\bsocat\b.*?TCP4?-L(?:ISTEN)?:(\d+)/i.exec(text);
  if (socat) return [tcp(Number(socat[1]), 'echo')];
  const python =
    /python[0-9.]* -m (?:http\.server|SimpleHTTPServer)((?: -{1,2}\w+[ =]\S+)*)(?: (\d+))?((?: -{1,2}\w+[ =]\S+)*)/.exec(
      text,
    );
  if (python) {
    const root =
      /(?:-d|--directory)[ =](\S+)/.exec(`${python[1] ?? ''} ${python[3] ?? ''}`)?.[1] ?? folderOf(text);
    return [
      tcp(Number(python[2] ?? 8000), 'files', {
        root,
        style: 'python',
        server: 'SimpleHTTP/0.6 Python/3.12.3',
      }),
    ];
  }
  const httpd = /(?:^|[\s;&])httpd\b([^;|&]*)/.exec(text);
  if (!httpd || !/-[a-z]*[fp]/.test(httpd[1] ?? '')) return [];
  const port = Number(/-p\s*(?:[\d.]+:)?(\d+)/.exec(httpd[1] ?? '')?.[1] ?? 80);
  const root = /-h\s*(\S+)/.exec(httpd[1] ?? '')?.[1] ?? folderOf(text);
  return [tcp(port, 'files', { root, style: 'busybox', server: 'httpd' })];
}

/** The folder that a script went into before it started its server. */
function folderOf(text: string): string {
  return /\bcd (\/[\w/.-]*)/.exec(text)?.[1] ?? '';
}

/** A day; a program that would end later counts as one that stays. */
const FOREVER_MS = 400 * 86_400_000;

function lifetimeOf(
  command: readonly string[],
  image: { readonly programs: readonly string[]; readonly isServer: boolean },
): Lifetime {
  if (image.isServer) return { kind: 'forever' };
  const program = command[0] ?? '';
  const name = program.slice(program.lastIndexOf('/') + 1);
  if (command.length === 0) return { kind: 'cannot-start', message: 'no command specified' };
  if (!image.programs.includes(name)) return { kind: 'cannot-start', message: notFound(program) };
  if (commandListeners(command).length > 0) return { kind: 'forever' };
  const isShell = /^(ba|da|a)?sh$/.test(name);
  const script =
    isShell && command[1]?.startsWith('-') && command[1].includes('c')
      ? (command[2] ?? '')
      : command.join(' ');
  if (isShell && script === command.join(' ') && command.length === 1) return exits(0, 0, '');
  return scriptLifetime(script);
}

function notFound(program: string): string {
  const where = program.includes('/')
    ? `stat ${program}: no such file or directory`
    : `"${program}": executable file not found in $PATH`;
  return `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: ${where.startsWith('stat') ? `"${program}": ${where}` : where}: unknown`;
}

/** The life of a simple script: loops and `tail -f` stay, sleeps add up, echoes print, `exit N` ends. */
function scriptLifetime(script: string): Lifetime {
  if (
    /\bwhile (true|:|\[ 1 \])|\btail -f|sleep (infinity|inf\b)|\bfor \(\(;;\)\)|\buntil false|\bcat$|^(top|watch|yes)\b/.test(
      script,
    )
  )
    return { kind: 'forever' };
  const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  let afterMs = 0;
  for (const match of script.matchAll(/\bsleep (\d+(?:\.\d+)?)([smhd]?)/g)) {
    afterMs += Number(match[1]) * (units[match[2] === '' ? 's' : (match[2] ?? 's')] ?? 1000);
  }
  const output = [...script.matchAll(/\becho (?:"([^"]*)"|'([^']*)'|([^;&|]*))/g)]
    .map((match) => `${(match[1] ?? match[2] ?? match[3] ?? '').trim()}\n`)
    .join('');
  const code = /\bexit (\d+)/.exec(script);
  if (afterMs > FOREVER_MS) return { kind: 'forever' };
  return exits(afterMs, code ? Number(code[1]) : /^false\b/.test(script) ? 1 : 0, output);
}

function exits(afterMs: number, exitCode: number, output: string): Lifetime {
  return { kind: 'exits', afterMs, exitCode, output };
}
