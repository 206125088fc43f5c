import type { Process } from '../../shell/program.ts';
import { type Connection, connect } from './connection.ts';
import { HelmFailure } from './failure.ts';
import type { Flags } from '../kubectl/flags.ts';
import type { Ports } from '../ports.ts';
import type { DeployOptions, Helm } from './actions.ts';
import { VALUE_FLAGS } from './values.ts';

/** A command of helm. */
export type HelmCommand = {
  /** Its words: `get values`. */
  readonly path: string;
  readonly aliases?: readonly string[];
  readonly about: string;
  /** What follows its name on the usage line. */
  readonly usage: string;
  /** How many arguments it takes. */
  readonly args: readonly [least: number, most: number];
  readonly flags: string;
  readonly run: (context: HelmContext) => Promise<void>;
};

/** What a command works with. */
export class HelmContext {
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

  /** An argument; '' when it was not written. */
  arg(index: number): string {
    return this.args[index] ?? '';
  }

  /** The cluster that flags, environment and kubeconfig choose, whether or not it answers. */
  get connection(): Connection {
    const { env } = this.process;
    this.#connection ??= connect(this.process, this.ports, {
      kubeconfig: this.flags.text('kubeconfig'),
      context: this.flags.text('kube-context') || (env.get('HELM_KUBECONTEXT') ?? ''),
      namespace: this.flags.text('namespace') || (env.get('HELM_NAMESPACE') ?? ''),
      server: this.flags.text('kube-apiserver') || (env.get('HELM_KUBEAPISERVER') ?? ''),
      as: this.flags.text('kube-as-user') || (env.get('HELM_KUBEASUSER') ?? ''),
      groups: this.flags.list('kube-as-group'),
    });
    return this.#connection;
  }

  /** The namespace of the release. */
  get namespace(): string {
    return this.connection.namespace;
  }

  /** A cluster that answers. @throws HelmFailure */
  reached(): Helm {
    const { connection } = this;
    if (connection.problem !== undefined)
      throw new HelmFailure(`Kubernetes cluster unreachable: ${connection.problem}`);
    return { process: this.process, client: connection.client, namespace: connection.namespace };
  }

  /** What the flags say about putting a release in place. */
  deployOptions(): DeployOptions {
    const { flags } = this;
    const limit = flags.changed('history-max')
      ? flags.int('history-max')
      : Number(this.process.env.get('HELM_MAX_HISTORY') ?? 10);
    return {
      isDryRun: this.dryRun() !== '',
      shouldWait: flags.bool('wait') || flags.bool('wait-for-jobs'),
      isAtomic: flags.bool('atomic'),
      timeoutMs: flags.ms('timeout'),
      isStrict: false,
      description: flags.text('description'),
      historyMax: limit,
      skipsSchema: flags.bool('skip-schema-validation'),
      takesOwnership: flags.bool('take-ownership'),
      createsNamespace: flags.bool('create-namespace'),
      replaces: flags.bool('replace'),
      values: flags.bool('reset-values')
        ? 'reset'
        : flags.bool('reuse-values')
          ? 'reuse'
          : flags.bool('reset-then-reuse-values')
            ? 'reset-then-reuse'
            : 'default',
    };
  }

  /** `client`, `server`, or '' for a real run. @throws HelmFailure */
  dryRun(): '' | 'client' | 'server' {
    const value = this.flags.text('dry-run');
    if (['', 'none', 'false'].includes(value)) return '';
    if (value === 'client' || value === 'true') return 'client';
    if (value === 'server') return 'server';
    throw new HelmFailure(
      'Invalid dry-run flag. Flag must one of the following: false, true, none, client, server',
    );
  }

  /** `table`, `json` or `yaml`. */
  get format(): string {
    return this.flags.text('output');
  }
}

/** The flags of every command. */
export const HELM_GLOBALS = `burst-limit:int=100 debug kube-apiserver:string kube-as-group:stringArray kube-as-user:string
kube-ca-file:string kube-context:string kube-insecure-skip-tls-verify kube-tls-server-name:string kube-token:string
kubeconfig:string namespace,n:string qps:string registry-config:string repository-cache:string repository-config:string help,h`;

/** The flags by which a chart is found. */
export const CHART_FLAGS = `ca-file:string cert-file:string insecure-skip-tls-verify key-file:string keyring:string
pass-credentials password:string plain-http repo:string username:string verify version:string devel`;

/** The flags of install and upgrade together. */
export const DEPLOY_FLAGS = `${VALUE_FLAGS} ${CHART_FLAGS} atomic create-namespace dependency-update description:string
disable-openapi-validation dry-run:string?client enable-dns force hide-notes hide-secret labels,l:string no-hooks
output,o:string=table post-renderer:string post-renderer-args:stringArray render-subchart-notes skip-crds
skip-schema-validation take-ownership timeout:duration=5m0s wait wait-for-jobs`;
