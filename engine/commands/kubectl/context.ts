import type { JsonObject } from '../../base/json.ts';
import { isJsonObject } from '../../base/json.ts';
import type { Ports } from '../ports.ts';
import type { Process } from '../../shell/program.ts';
import { Client } from './client.ts';
import type { Target } from './config.ts';
import { targetOf } from './config.ts';
import { Discovery } from './discovery.ts';
import { CommandError, PlainError, PrintedFault } from './errors.ts';
import type { FlagSpec, Flags } from './flags.ts';
import { goDurationMs, rfc3339 } from './text.ts';

/** A verb of kubectl, or a group of verbs. */
export type Command = {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** One line of help, in our words. */
  readonly about: string;
  /** What follows the name on the usage line. */
  readonly usage?: string;
  readonly flags?: readonly FlagSpec[];
  /** Flags that must be written. */
  readonly required?: readonly string[];
  readonly children?: readonly Command[];
  readonly isHidden?: boolean;
  /** Resolves to the exit code; nothing counts as 0. */
  readonly run?: (context: Context) => Promise<number | undefined> | Promise<void>;
};

/** Everything a verb works with. */
export class Context {
  readonly process: Process;
  readonly ports: Ports;
  /** `kubectl get`, as error texts name it. */
  readonly path: string;
  readonly flags: Flags;
  readonly args: readonly string[];
  /** How many arguments stood before `--`; -1 without one. */
  readonly dashAt: number;
  #client: Client | undefined;
  #discovery: Discovery | undefined;
  #target: Target | undefined;
  #warnings: string[] = [];
  readonly #warned = new Set<string>();

  constructor(
    process: Process,
    ports: Ports,
    line: {
      readonly path: string;
      readonly flags: Flags;
      readonly args: readonly string[];
      readonly dashAt: number;
    },
  ) {
    this.process = process;
    this.ports = ports;
    this.path = line.path;
    this.flags = line.flags;
    this.args = line.args;
    this.dashAt = line.dashAt;
  }

  /** The server, namespace and identity that kubeconfig and flags choose. @throws PlainError, CommandError */
  get target(): Target {
    if (this.#target === undefined) {
      checkTimeout(this.flags.text('request-timeout'));
      const target = targetOf(this.process, this.flags);
      // Nobody is known who could speak to this server, and nobody answers at the prompt (clientcmd's fallback reader).
      if (target.server.startsWith('https:') && !target.isKnown && !target.hasUser)
        throw new PrintedFault('EOF', 'Please enter Username: ');
      this.#target = target;
    }
    return this.#target;
  }

  /** The namespace of the command. */
  get namespace(): string {
    return this.target.namespace;
  }

  /** The client of the target's server. */
  get client(): Client {
    if (this.#client === undefined) {
      const { target } = this;
      const { ports } = this;
      const at = ports.kubeAt === undefined ? ports.kube : ports.kubeAt(target.server);
      const handler = target.isKnown ? at : undefined;
      this.#client = new Client(handler, target.server, target.headers, (text) => this.warn(text));
    }
    return this.#client;
  }

  /** What the server serves; asked once a command. @throws PlainError when nobody answers. */
  get discovery(): Discovery {
    if (!this.client.isReachable) throw this.#refused();
    this.#discovery ??= Discovery.read(this.client);
    return this.#discovery;
  }

  /** Virtual time, ms since the epoch. */
  get nowMs(): number {
    return this.process.sys.nowMs();
  }

  /** Keeps a server's warning for stderr; the same text only once. */
  warn(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#warnings.push(`Warning: ${text}\n`);
  }

  /** Writes to stdout, after the warnings so far. */
  async out(text: string): Promise<void> {
    await this.flush();
    if (text !== '') await this.process.out(text);
  }

  /** Writes to stderr, after the warnings so far. */
  async err(text: string): Promise<void> {
    await this.flush();
    if (text !== '') await this.process.err(text);
  }

  /** Prints the warnings that wait. */
  async flush(): Promise<void> {
    const waiting = this.#warnings;
    this.#warnings = [];
    for (const text of waiting) await this.process.err(text);
  }

  /** `none`, `client` or `server`, as `--dry-run` says. @throws CommandError */
  async dryRun(): Promise<'none' | 'client' | 'server'> {
    const value = this.flags.text('dry-run');
    if (value === 'unchanged') {
      await this.err(
        `W${this.#klogTime()}   ${this.process.sys.pid} helpers.go:702] --dry-run is deprecated and can be replaced with --dry-run=client.\n`,
      );
      return 'client';
    }
    if (value === '' || value === 'none' || value === 'false') return 'none';
    if (value === 'client' || value === 'server') return value;
    if (value === 'true') {
      await this.err(
        `W${this.#klogTime()}   ${this.process.sys.pid} helpers.go:716] --dry-run=true is deprecated (boolean value) and can be replaced with --dry-run=client.\n`,
      );
      return 'client';
    }
    throw new CommandError(`Invalid dry-run value (${value}). Must be "none", "server", or "client".`);
  }

  #klogTime(): string {
    const iso = new Date(this.nowMs).toISOString();
    return `${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 19)}.000000`;
  }

  #refused(): PlainError {
    const host = this.target.server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
    const scheme = this.target.server.startsWith('https') ? 'https' : 'http';
    const dialled = host.replace(/^localhost/, '127.0.0.1');
    const line = `E${this.#klogTime()}   ${String(this.process.sys.pid).padStart(4)} memcache.go:265] "Unhandled Error" err="couldn't get current server API group list: Get \\"${scheme}://${host}/api?timeout=32s\\": dial tcp ${dialled}: connect: connection refused"\n`;
    this.#warnings.push(line.repeat(5));
    return new PlainError(
      `The connection to the server ${host} was refused - did you specify the right host or port?`,
    );
  }

  /** An object with what `--record` writes down: the command line (cmdutil's record flags). */
  recorded(object: JsonObject): JsonObject {
    if (!this.flags.bool('record')) return object;
    const words = [...this.path.split(' '), ...this.args].join(' ');
    const metadata = isJsonObject(object.metadata) ? object.metadata : {};
    const annotations = isJsonObject(metadata.annotations) ? metadata.annotations : {};
    const cause = { 'kubernetes.io/change-cause': words + this.flags.written };
    return { ...object, metadata: { ...metadata, annotations: { ...annotations, ...cause } } };
  }

  /** RFC 3339 of now. */
  timestamp(): string {
    return rfc3339(this.nowMs);
  }
}

/** @throws CommandError for a `--request-timeout` that is no number of seconds and no duration (clientcmd.ParseTimeout) */
function checkTimeout(text: string): void {
  if (text === '' || /^\d+$/.test(text) || (goDurationMs(text) ?? -1) >= 0) return;
  throw new CommandError(
    'Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)',
  );
}

/** ` (dry run)`, ` (server dry run)` or nothing, behind a verb's past tense. */
export function dryRunSuffix(dryRun: 'none' | 'client' | 'server'): string {
  return dryRun === 'client' ? ' (dry run)' : dryRun === 'server' ? ' (server dry run)' : '';
}
