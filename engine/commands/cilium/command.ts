import type { JsonObject } from '../../base/json.ts';
import type { Process } from '../../shell/program.ts';
import { type Connection, connect } from '../helm/connection.ts';
import type { Helm } from '../helm/actions.ts';
import { errorText, isKubectlError } from '../kubectl/errors.ts';
import type { Flags } from '../kubectl/flags.ts';
import type { Ports } from '../ports.ts';

/** An error of the CLI. `isFatal`: an empty line and `Error: ` go before it, as the commands' own failures have them. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';
  readonly isFatal: boolean;

  constructor(message: string, isFatal = true) {
    super(message);
    this.isFatal = isFatal;
  }
}

/** What a command of the CLI works with. */
export class CliContext {
  readonly process: Process;
  readonly ports: Ports;
  readonly flags: Flags;
  readonly args: readonly string[];
  #connection: Connection | undefined;

  constructor(
    process: Process,
    ports: Ports,
    line: { readonly flags: Flags; readonly args: readonly string[] },
  ) {
    this.process = process;
    this.ports = ports;
    this.flags = line.flags;
    this.args = line.args;
  }

  /** The cluster of the chosen context; without a kubeconfig the one of client-go's default address. @throws CliFailure */
  get connection(): Connection {
    if (this.#connection !== undefined) return this.#connection;
    const made = this.#connect();
    this.#connection = made;
    return made;
  }

  #connect(): Connection {
    const { flags } = this;
    try {
      return this.#connected(flags);
    } catch (error) {
      if (!isKubectlError(error)) throw error;
      const text = errorText(error)
        .replace(/^error: /, '')
        .trimEnd();
      const unknown = /^Error in configuration: context was not found for specified context: (.*)$/.exec(
        text,
      );
      const why = unknown ? `context ${JSON.stringify(unknown[1])} does not exist` : text;
      throw new CliFailure(`unable to create Kubernetes client: ${why}`, false);
    }
  }

  #connected(flags: Flags): Connection {
    return connect(this.process, this.ports, {
      kubeconfig: flags.text('kubeconfig'),
      context: flags.text('context'),
      namespace: this.namespace,
      as: flags.text('as'),
      groups: flags.list('as-group'),
    });
  }

  /** Why a request to `path` fails when nobody answers, in Go's words; undefined when somebody does. */
  refusal(path: string, method = 'Get'): string | undefined {
    const { problem, server } = this.connection;
    return problem === undefined
      ? undefined
      : `${method} "${server}${path}"${problem.slice(problem.indexOf('": ') + 1)}`;
  }

  /** The namespace that Cilium runs in. */
  get namespace(): string {
    const typed = this.flags.changed('namespace') ? this.flags.text('namespace') : '';
    return typed || this.process.env.get('CILIUM_NAMESPACE') || 'kube-system';
  }

  /** The name of Cilium's release. */
  get release(): string {
    return this.flags.text('helm-release-name');
  }

  /** GET of an object; one that is missing is named itself, whatever its namespace. @throws ApiError */
  object(path: string): JsonObject {
    return this.connection.client.get(path, {}, 'application/json', false);
  }

  /** Helm on the chosen cluster. When nobody answers the failure names the first request, to `path`. @throws CliFailure */
  helm(prefix: string, path?: string): Helm {
    const { connection } = this;
    if (connection.problem !== undefined)
      throw new CliFailure(
        `${prefix}${path === undefined ? `kubernetes cluster unreachable: ${connection.problem}` : this.refusal(path)}`,
      );
    return { process: this.process, client: connection.client, namespace: this.namespace };
  }

  /** Writes lines to stdout. */
  async say(...lines: readonly string[]): Promise<void> {
    await this.process.out(lines.map((line) => `${line}\n`).join(''));
  }
}
