import type { Json, JsonObject } from '../../../base/json.ts';
import { isJsonObject } from '../../../base/json.ts';
import { byText } from '../../../base/order.ts';
import { objectAt, textAt } from '../client.ts';
import type { Entry, KubeConfig } from '../config.ts';
import { configObject, readConfig } from '../config.ts';
import type { Command, Context } from '../context.ts';
import { CommandError, PlainError, usageError } from '../errors.ts';
import { flagTable } from '../flags.ts';
import { printerFor } from '../print/output.ts';
import { alignColumns } from '../print/table.ts';
import { toYaml } from '../print/yaml.ts';
import { quoteGo } from '../text.ts';

const PRINT = 'allow-missing-template-keys=true output,o:string show-managed-fields template:string';

function child(
  name: string,
  aliases: readonly string[],
  about: string,
  usage: string,
  flags: string,
  run: (context: Context) => Promise<void>,
): Command {
  return { name, aliases, about, usage, flags: flagTable(flags), run };
}

/** `kubectl config`: everything works on the machine's kubeconfig file. */
export const configCommand: Command = {
  name: 'config',
  about: 'Modify kubeconfig files',
  children: [
    child('current-context', [], 'Display the current-context', '', '', currentContext),
    child('delete-cluster', [], 'Delete the specified cluster from the kubeconfig', 'NAME', '', (context) =>
      remove(context, 'clusters', 'cluster'),
    ),
    child('delete-context', [], 'Delete the specified context from the kubeconfig', 'NAME', '', (context) =>
      remove(context, 'contexts', 'context'),
    ),
    child('delete-user', [], 'Delete the specified user from the kubeconfig', 'NAME', '', (context) =>
      remove(context, 'users', 'user'),
    ),
    child('get-clusters', [], 'Display clusters defined in the kubeconfig', '', '', (context) =>
      names(context, 'clusters'),
    ),
    child(
      'get-contexts',
      [],
      'Describe one or many contexts',
      '[(-o|--output=)name)]',
      'no-headers output,o:string',
      getContexts,
    ),
    child('get-users', [], 'Display users defined in the kubeconfig', '', '', (context) =>
      names(context, 'users'),
    ),
    child(
      'rename-context',
      [],
      'Rename a context from the kubeconfig file',
      'CONTEXT_NAME NEW_NAME',
      '',
      renameContext,
    ),
    child(
      'set',
      [],
      'Set one value of the kubeconfig',
      'PROPERTY_NAME PROPERTY_VALUE',
      'set-raw-bytes',
      (context) => setValue(context, false),
    ),
    child(
      'set-cluster',
      [],
      'Set a cluster entry in kubeconfig',
      'NAME [--server=server]',
      'certificate-authority:string embed-certs insecure-skip-tls-verify proxy-url:string server:string tls-server-name:string',
      setCluster,
    ),
    child(
      'set-context',
      [],
      'Set a context entry in kubeconfig',
      '[NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace]',
      'cluster:string current namespace:string user:string',
      setContext,
    ),
    child(
      'set-credentials',
      [],
      'Set a user entry in kubeconfig',
      'NAME [--token=bearer_token]',
      'client-certificate:string client-key:string embed-certs password:string token:string username:string',
      setCredentials,
    ),
    child('unset', [], 'Remove one value of the kubeconfig', 'PROPERTY_NAME', '', (context) =>
      setValue(context, true),
    ),
    child(
      'use-context',
      ['use'],
      'Set the current-context in a kubeconfig file',
      'CONTEXT_NAME',
      '',
      useContext,
    ),
    child('view', [], 'Show the kubeconfig', '', `${PRINT} flatten merge:bool=true minify raw`, view),
  ],
};

/** The config with its members in the order of client-go's api.Config, as `-o json` shows them. */
function typed(config: JsonObject): JsonObject {
  const list = (name: string, member: string): Json =>
    Array.isArray(config[name])
      ? (config[name] as readonly JsonObject[]).map(
          (one) => ({ name: one.name, [member]: one[member] }) as JsonObject,
        )
      : null;
  return {
    kind: config.kind,
    apiVersion: config.apiVersion,
    preferences: config.preferences,
    clusters: list('clusters', 'cluster'),
    users: list('users', 'user'),
    contexts: list('contexts', 'context'),
    'current-context': config['current-context'],
  };
}

type ListName = 'clusters' | 'contexts' | 'users';

function save(context: Context, config: KubeConfig): void {
  const { files } = context.process.machine;
  const folder = config.path.slice(0, config.path.lastIndexOf('/')) || '/';
  files.makeFolder(folder, context.nowMs, { parents: true });
  const failure = files.write(config.path, toYaml(configObject(config)), context.nowMs, { mode: 0o600 });
  if (failure !== undefined) throw new CommandError(`open ${config.path}: permission denied`);
}

async function currentContext(context: Context): Promise<void> {
  const { currentContext: current } = readConfig(context.process, context.flags);
  if (current === '') throw new CommandError('current-context is not set');
  await context.out(`${current}\n`);
}

async function remove(context: Context, list: ListName, what: string): Promise<void> {
  const [name] = context.args;
  const config = readConfig(context.process, context.flags);
  if (name === undefined || context.args.length !== 1) {
    throw usageError(
      context.path,
      `You must specify a ${what}`
        .replace(/^You must specify a context$/, 'You must specify the name of a context')
        .replace('the name of ', ''),
    );
  }
  if (!config[list].some((one) => one.name === name))
    throw new CommandError(`cannot delete ${what} ${name}, not in ${config.path}`);
  save(context, { ...config, [list]: config[list].filter((one) => one.name !== name) });
  if (what === 'context' && config.currentContext === name)
    await context.err(
      'warning: this removed your active context, use "kubectl config use-context" to select a different one\n',
    );
  await context.out(`deleted ${what} ${name} from ${config.path}\n`);
}

async function names(context: Context, list: ListName): Promise<void> {
  const config = readConfig(context.process, context.flags);
  await context.out(
    `NAME\n${config[list]
      .map((one) => one.name)
      .sort(byText)
      .map((one) => `${one}\n`)
      .join('')}`,
  );
}

async function getContexts(context: Context): Promise<void> {
  const { flags, args } = context;
  const config = readConfig(context.process, flags);
  const output = flags.text('output');
  if (output !== '' && output !== 'name')
    throw new CommandError(
      `--output ${output} is not available in kubectl config get-contexts; resetting to default output format`,
    );
  const unknown = args.filter((name) => !config.contexts.some((one) => one.name === name));
  const shown = [...config.contexts]
    .filter((one) => args.length === 0 || args.includes(one.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (output === 'name') await context.out(shown.map((one) => `${one.name}\n`).join(''));
  else {
    const rows = shown.map((one) => [
      one.name === config.currentContext ? '*' : '',
      one.name,
      textAt(one.value, 'cluster'),
      textAt(one.value, 'user'),
      textAt(one.value, 'namespace'),
    ]);
    const header = flags.bool('no-headers') ? [] : [['CURRENT', 'NAME', 'CLUSTER', 'AUTHINFO', 'NAMESPACE']];
    await context.out(alignColumns([...header, ...rows], 3, 6));
  }
  if (unknown.length > 0)
    throw new CommandError(unknown.map((name) => `context ${name} not found`).join('\n'));
}

async function renameContext(context: Context): Promise<void> {
  const [from, to] = context.args;
  if (from === undefined || to === undefined || context.args.length !== 2)
    throw new CommandError(`Unexpected args: [${context.args.join(' ')}]`);
  const config = readConfig(context.process, context.flags);
  if (!config.contexts.some((one) => one.name === from))
    throw new CommandError(`cannot rename the context ${quoteGo(from)}, it's not in ${config.path}`);
  if (config.contexts.some((one) => one.name === to))
    throw new CommandError(
      `cannot rename the context ${quoteGo(from)}, the context ${quoteGo(to)} already exists in ${config.path}`,
    );
  save(context, {
    ...config,
    contexts: config.contexts.map((one) => (one.name === from ? { ...one, name: to } : one)),
    currentContext: config.currentContext === from ? to : config.currentContext,
  });
  await context.out(`Context ${quoteGo(from)} renamed to ${quoteGo(to)}.\n`);
}

async function useContext(context: Context): Promise<void> {
  const [name] = context.args;
  if (name === undefined || context.args.length !== 1)
    throw new CommandError(`Unexpected args: [${context.args.join(' ')}]`);
  const config = readConfig(context.process, context.flags);
  if (!config.contexts.some((one) => one.name === name))
    throw new CommandError(`no context exists with the name: ${quoteGo(name)}`);
  save(context, { ...config, currentContext: name });
  await context.out(`Switched to context ${quoteGo(name)}.\n`);
}

function upsert(
  entries: readonly Entry[],
  name: string,
  change: JsonObject,
): { readonly entries: readonly Entry[]; readonly isNew: boolean } {
  const own = entries.find((one) => one.name === name);
  const value = { ...own?.value, ...change };
  return {
    entries:
      own === undefined
        ? [...entries, { name, value }]
        : entries.map((one) => (one.name === name ? { name, value } : one)),
    isNew: own === undefined,
  };
}

function changes(context: Context, pairs: Readonly<Record<string, string>>): JsonObject {
  const out: Record<string, Json> = {};
  for (const [flag, key] of Object.entries(pairs))
    if (context.flags.changed(flag)) out[key] = context.flags.text(flag);
  return out;
}

async function setContext(context: Context): Promise<void> {
  const config = readConfig(context.process, context.flags);
  const isCurrent = context.flags.bool('current');
  if (isCurrent && context.args.length > 0)
    throw new CommandError('you cannot specify both a context name and --current');
  if (!isCurrent && context.args.length === 0)
    throw new CommandError('you must specify a non-empty context name or --current');
  if (!isCurrent && context.args.length !== 1)
    throw new CommandError(`Unexpected args: [${context.args.join(' ')}]`);
  if (isCurrent && config.currentContext === '') throw new CommandError('no current context is set');
  const name = isCurrent ? config.currentContext : (context.args[0] ?? '');
  const { entries, isNew } = upsert(
    config.contexts,
    name,
    changes(context, { cluster: 'cluster', user: 'user', namespace: 'namespace' }),
  );
  save(context, { ...config, contexts: entries });
  await context.out(`Context ${quoteGo(name)} ${isNew ? 'created' : 'modified'}.\n`);
}

async function setCluster(context: Context): Promise<void> {
  const [name] = context.args;
  if (name === undefined || context.args.length !== 1)
    throw new CommandError(`Unexpected args: [${context.args.join(' ')}]`);
  const config = readConfig(context.process, context.flags);
  const change = changes(context, {
    server: 'server',
    'certificate-authority': 'certificate-authority',
    'proxy-url': 'proxy-url',
    'tls-server-name': 'tls-server-name',
  });
  save(context, {
    ...config,
    clusters: upsert(
      config.clusters,
      name,
      context.flags.bool('insecure-skip-tls-verify')
        ? { ...change, 'insecure-skip-tls-verify': true }
        : change,
    ).entries,
  });
  await context.out(`Cluster ${quoteGo(name)} set.\n`);
}

async function setCredentials(context: Context): Promise<void> {
  const [name] = context.args;
  if (name === undefined || context.args.length !== 1)
    throw new CommandError(`unexpected args: [${context.args.join(' ')}]`);
  const config = readConfig(context.process, context.flags);
  const change = changes(context, {
    token: 'token',
    username: 'username',
    password: 'password',
    'client-certificate': 'client-certificate',
    'client-key': 'client-key',
  });
  save(context, { ...config, users: upsert(config.users, name, change).entries });
  await context.out(`User ${quoteGo(name)} set.\n`);
}

async function setValue(context: Context, isUnset: boolean): Promise<void> {
  const [property, value] = context.args;
  if (property === undefined || context.args.length !== (isUnset ? 1 : 2))
    throw new CommandError(`Unexpected args: [${context.args.join(' ')}]`);
  const config = readConfig(context.process, context.flags);
  const [list = '', name = '', ...rest] = property.split('.');
  const field = rest.join('.');
  if (list === 'current-context') save(context, { ...config, currentContext: isUnset ? '' : (value ?? '') });
  else if (list === 'clusters' || list === 'contexts' || list === 'users') {
    const own = config[list].find((one) => one.name === name);
    if (isUnset && own === undefined && field !== '')
      throw new CommandError(`current map key \`${name}\` is invalid`);
    if (isUnset && field === '')
      save(context, { ...config, [list]: config[list].filter((one) => one.name !== name) });
    else if (isUnset && own !== undefined) {
      const { [field]: _, ...others } = own.value;
      save(context, {
        ...config,
        [list]: config[list].map((one) => (one.name === name ? { name, value: others } : one)),
      });
    } else save(context, { ...config, [list]: upsert(config[list], name, { [field]: value ?? '' }).entries });
  } else throw new CommandError(`unable to parse ${property} after [] at api.Config`);
  await context.out(`Property ${quoteGo(property)} ${isUnset ? 'unset' : 'set'}.\n`);
}

async function view(context: Context): Promise<void> {
  const { flags } = context;
  if (context.args.length > 0)
    throw usageError(context.path, `unexpected arguments: [${context.args.join(' ')}]`);
  let config = readConfig(context.process, flags);
  if (flags.bool('minify')) config = minified(config, flags.text('context'));
  const object =
    flags.bool('raw') || flags.bool('flatten') ? configObject(config) : redacted(configObject(config));
  if (flags.text('output') === '') return context.out(toYaml(object));
  const printer = printerFor(context, { isGet: false, keepOrder: true });
  if (printer !== undefined) await context.out(printer.print(typed(object), undefined));
}

function minified(config: KubeConfig, wanted: string): KubeConfig {
  const name = wanted || config.currentContext;
  if (name === '') throw new CommandError('current-context must exist in order to minify');
  const own = config.contexts.filter((one) => one.name === name);
  const [first] = own;
  if (first === undefined) throw new PlainError(`error: cannot locate context ${name}`);
  return {
    ...config,
    contexts: own,
    currentContext: name,
    clusters: config.clusters.filter((one) => one.name === textAt(first.value, 'cluster')),
    users: config.users.filter((one) => one.name === textAt(first.value, 'user')),
  };
}

const SECRETS: Readonly<Record<string, string>> = {
  'certificate-authority-data': 'DATA+OMITTED',
  'client-certificate-data': 'DATA+OMITTED',
  'client-key-data': 'DATA+OMITTED',
  token: 'REDACTED',
  password: 'REDACTED',
};

function redacted(value: Json | undefined): JsonObject {
  const walk = (here: Json | undefined): Json | undefined => {
    if (Array.isArray(here)) return (here as readonly Json[]).map((item) => walk(item) ?? null);
    if (!isJsonObject(here)) return here;
    return Object.fromEntries(
      Object.entries(here).map(([key, member]) => [
        key,
        Object.hasOwn(SECRETS, key) && typeof member === 'string' ? SECRETS[key] : walk(member),
      ]),
    ) as JsonObject;
  };
  return objectAt({ value: walk(value) }, 'value');
}
