import type { Process } from '../../shell/program.ts';
import { type Connection, connect } from '../helm/connection.ts';
import type { Helm } from '../helm/actions.ts';
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

  /** The cluster of the chosen context. @throws CliFailure without a kubeconfig */
  get connection(): Connection {
    if (this.#connection !== undefined) return this.#connection;
    const { flags } = this;
    const made = connect(this.process, this.ports, {
      kubeconfig: flags.text('kubeconfig'),
      context: flags.text('context'),
      namespace: this.namespace,
      as: flags.text('as'),
      groups: flags.list('as-group'),
    });
    if (made.context === '')
      throw new CliFailure(
        'unable to create Kubernetes client: invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable',
        false,
      );
    this.#connection = made;
    return made;
  }

  /** The namespace that Cilium runs in. */
  get namespace(): string {
    return this.flags.text('namespace') || this.process.env.get('CILIUM_NAMESPACE') || 'kube-system';
  }

  /** The name of Cilium's release. */
  get release(): string {
    return this.flags.text('helm-release-name');
  }

  /** Helm on the chosen cluster. @throws CliFailure when nobody answers */
  helm(prefix: string): Helm {
    const { connection } = this;
    if (connection.problem !== undefined)
      throw new CliFailure(`${prefix}Kubernetes cluster unreachable: ${connection.problem}`);
    return { process: this.process, client: connection.client, namespace: this.namespace };
  }

  /** Writes lines to stdout. */
  async say(...lines: readonly string[]): Promise<void> {
    await this.process.out(lines.map((line) => `${line}\n`).join(''));
  }
}

/** The flags of every command. */
export const CLI_GLOBALS =
  'as:string as-group:stringArray context:string helm-release-name:string=cilium kubeconfig:string namespace,n:string help,h';
