import type { Json } from '../base/json.ts';
import type { BotSpec } from './bot.ts';
import type { ImageMachine, ListenerSpec } from './catalog.ts';
import { BUSYBOX, DEBIAN } from './programs.ts';

/** Environment variables of a container. */
export type Env = Readonly<Record<string, string>>;

/** What a family says about one of its tags. */
export type ImageRecipe = {
  readonly machine: ImageMachine;
  readonly programs: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Env;
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly pullMs?: number;
  readonly startDelayMs?: number;
  /** Programs that start the image's server when a container names them. */
  readonly mains?: readonly string[];
  readonly listeners?: (env: Env, command: readonly string[]) => readonly ListenerSpec[];
  readonly bot?: (env: Env, command: readonly string[]) => BotSpec | undefined;
  readonly logs?: (env: Env) => readonly string[];
  /** Why its server does not come up with that environment: it logs and ends. */
  readonly refuses?: (env: Env) => { readonly exitCode: number; readonly output: string } | undefined;
};

/** Images that differ by tag only. */
export type Family = {
  readonly repositories: readonly string[];
  readonly tags?: RegExp;
  readonly make: (tag: string) => ImageRecipe;
};

/** A TCP listener with a server and its options. */
export function tcp(
  port: number,
  server: string,
  options: Readonly<Record<string, Json>> = {},
): ListenerSpec {
  return { port, protocol: 'TCP', server, options };
}

/** A port in a text; `absent` where there is none. */
export function numberOf(text: string | undefined, absent: number): number {
  return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : absent;
}

/** The files that name a distribution. */
export function osRelease(name: string, id: string, version: string): Readonly<Record<string, string>> {
  return {
    '/etc/os-release': `NAME="${name}"\nID=${id}\nVERSION_ID=${version}\nPRETTY_NAME="${name} ${version}"\n`,
  };
}

/** The user files of a small image. */
export const PASSWD = { '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n', '/etc/group': 'root:x:0:\n' };

/** An image of the Alpine family. */
export function alpine(
  version: string,
  versions: Readonly<Record<string, string>>,
): Pick<ImageRecipe, 'machine' | 'programs' | 'files'> {
  return {
    machine: {
      libc: 'musl',
      shell: 'ash',
      user: 'root',
      home: '/root',
      versions: { busybox: '1.37.0', ...versions },
    },
    programs: [...BUSYBOX, 'getent', 'apk'],
    files: {
      ...osRelease('Alpine Linux', 'alpine', version),
      '/etc/alpine-release': `${version}\n`,
      ...PASSWD,
    },
  };
}

/** An image of the Debian family, without bash. */
export function debian(
  versions: Readonly<Record<string, string>>,
): Pick<ImageRecipe, 'machine' | 'programs' | 'files'> {
  return {
    machine: { libc: 'glibc', shell: 'dash', user: 'root', home: '/root', versions },
    programs: [...DEBIAN],
    files: { ...osRelease('Debian GNU/Linux', 'debian', '12'), '/etc/debian_version': '12.10\n', ...PASSWD },
  };
}

/** An image with nothing but its program. */
export function bare(program: string, listeners: readonly ListenerSpec[] = []): ImageRecipe {
  const main = program.slice(program.lastIndexOf('/') + 1);
  return {
    machine: { libc: 'musl', shell: 'ash', user: 'root', home: '/', versions: {} },
    programs: [],
    entrypoint: [program],
    mains: [main],
    startDelayMs: 800,
    listeners: () => listeners,
  };
}

/** A certificate for whatever name is asked for, which nobody trusts. */
export const TLS_ANY = { names: ['*'], trusted: false };
