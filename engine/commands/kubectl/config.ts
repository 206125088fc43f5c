import { deepFreeze, type Json, type JsonObject } from '../../base/json.ts';
import { parse } from '../../base/yaml-library.ts';
import type { Process } from '../../shell/program.ts';
import { listAt, objectAt, textAt } from './client.ts';
import { CommandError, notStruct, PlainError } from './errors.ts';
import type { Flags } from './flags.ts';
import { absolutePath } from './paths.ts';
import { quoteGo } from './text.ts';

/** An entry of a kubeconfig's lists: a name and its object. */
export type Entry = { readonly name: string; readonly value: JsonObject };

/** A kubeconfig file, decoded. */
export type KubeConfig = {
  readonly path: string;
  readonly exists: boolean;
  readonly clusters: readonly Entry[];
  readonly contexts: readonly Entry[];
  readonly users: readonly Entry[];
  readonly currentContext: string;
  readonly preferences: JsonObject;
};

/** Where the kubeconfig is: `--kubeconfig`, $KUBECONFIG, or ~/.kube/config. */
export function configPath(process: Process, flags: Flags): string {
  const named =
    flags.text('kubeconfig') || (process.env.get('KUBECONFIG') ?? '').split(':').find((path) => path !== '');
  return named
    ? absolutePath(process.cwd, named)
    : `${process.env.get('HOME') ?? process.machine.home}/.kube/config`;
}

/** Reads the kubeconfig; one that does not exist is empty, unless a flag named it. @throws CommandError */
export function readConfig(process: Process, flags: Flags): KubeConfig {
  const path = configPath(process, flags);
  const file = process.machine.files.read(path);
  if ('error' in file) {
    if (flags.text('kubeconfig') !== '' && path !== '/dev/null')
      throw new CommandError(`stat ${flags.text('kubeconfig')}: no such file or directory`);
    return {
      path,
      exists: false,
      clusters: [],
      contexts: [],
      users: [],
      currentContext: '',
      preferences: {},
    };
  }
  let data: unknown;
  try {
    data = parsed(file.content);
  } catch {
    throw new CommandError(`error loading config file ${quoteGo(path)}: ${notStruct('string')}`);
  }
  return {
    path,
    exists: true,
    clusters: entries(data, 'clusters', 'cluster'),
    contexts: entries(data, 'contexts', 'context'),
    users: entries(data, 'users', 'user'),
    currentContext: textAt(data, 'current-context'),
    preferences: objectAt(data, 'preferences'),
  };
}

let latest: { readonly text: string; readonly data: unknown } | undefined;

/** The file as a value. Every kubectl reads it and few change it, so the latest one is kept. */
function parsed(text: string): unknown {
  if (latest?.text !== text) latest = { text, data: deepFreeze(parse(text, { maxAliasCount: 100 }) as Json) };
  return latest.data;
}

function entries(data: unknown, list: string, member: string): readonly Entry[] {
  return listAt(data, list).map((item) => ({ name: textAt(item, 'name'), value: objectAt(item, member) }));
}

/** The config as the object that `config view` prints and the file holds; lists sorted by name. */
export function configObject(config: KubeConfig): JsonObject {
  const list = (items: readonly Entry[], member: string): Json =>
    items.length === 0
      ? null
      : [...items]
          .sort((a, b) => (a.name < b.name ? -1 : 1))
          .map((item) => ({ [member]: item.value, name: item.name }) as JsonObject);
  return {
    apiVersion: 'v1',
    clusters: list(config.clusters, 'cluster'),
    contexts: list(config.contexts, 'context'),
    'current-context': config.currentContext,
    kind: 'Config',
    preferences: config.preferences,
    users: list(config.users, 'user'),
  };
}

/** What a command talks to: server, namespace, identity. */
export type Target = {
  readonly server: string;
  readonly namespace: string;
  /** True when `-n` was written, which then must agree with the objects' own. */
  readonly isNamespaceExplicit: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly hasUser: boolean;
  /** True when the address is one of the kubeconfig's clusters, so that the virtual API server is behind it. */
  readonly isKnown: boolean;
};

/** Works out the target of a command from kubeconfig and flags. @throws PlainError, CommandError */
export function targetOf(process: Process, flags: Flags): Target {
  const config = readConfig(process, flags);
  const contextName = flags.text('context') || config.currentContext;
  const context = config.contexts.find((one) => one.name === contextName)?.value;
  if (context === undefined && contextName !== '') {
    throw new PlainError(
      `Error in configuration: context was not found for specified context: ${contextName}`,
    );
  }
  const clusterName = flags.text('cluster') || textAt(context, 'cluster');
  const cluster = config.clusters.find((one) => one.name === clusterName)?.value;
  if (cluster === undefined && flags.text('cluster') !== '' && flags.text('server') === '') {
    throw new PlainError(`error: no server found for cluster ${quoteGo(flags.text('cluster'))}`);
  }
  const server = flags.text('server') || textAt(cluster, 'server');
  const userName = flags.text('user') || textAt(context, 'user');
  const user = config.users.find((one) => one.name === userName);
  if (user === undefined && flags.text('user') !== '')
    throw new CommandError(`auth info ${quoteGo(flags.text('user'))} does not exist`);
  if (flags.text('as') === '' && (flags.list('as-group').length > 0 || flags.text('as-uid') !== ''))
    throw new CommandError(
      `requesting uid, groups or user-extra for ${userName} without impersonating a user`,
    );
  return {
    server: server === '' ? 'http://localhost:8080' : server,
    namespace: flags.text('namespace') || textAt(context, 'namespace') || 'default',
    isNamespaceExplicit: flags.changed('namespace'),
    headers: identityHeaders(flags),
    hasUser:
      user !== undefined ||
      ['token', 'username', 'client-certificate'].some((flag) => flags.text(flag) !== ''),
    isKnown: config.clusters.some((one) => textAt(one.value, 'server') === server),
  };
}

function identityHeaders(flags: Flags): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  if (flags.text('as') !== '') headers['impersonate-user'] = flags.text('as');
  if (flags.list('as-group').length > 0) headers['impersonate-group'] = flags.list('as-group').join(',');
  if (flags.text('token') !== '') headers.authorization = `Bearer ${flags.text('token')}`;
  return headers;
}
