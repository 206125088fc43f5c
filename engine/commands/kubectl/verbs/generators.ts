import type { Json, JsonObject } from '../../../base/json.ts';
import { nameIn, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { groupVersion, pathOf } from '../discovery.ts';
import { ApiError, CommandError, PlainError, usageError } from '../errors.ts';
import { flagTable } from '../flags.ts';
import { configKeyFaults, dnsSubdomainFaults } from '../../../objects/names.ts';
import { parseQuantity, QUANTITY_FAULT } from '../../../objects/quantity.ts';
import { absolutePath, baseName } from '../paths.ts';
import { contentHash } from '../content-hash.ts';
import { base64, quoteGo } from '../text.ts';
import { createObject } from './create.ts';
import { checkVariable, subjectsOf } from './set.ts';

const COMMON = `allow-missing-template-keys=true dry-run:string=none?unchanged field-manager:string=kubectl-create output,o:string save-config
  show-managed-fields template:string validate:string=strict?strict`;

function generator(
  name: string,
  aliases: readonly string[],
  about: string,
  flags: string,
  run: (context: Context) => Promise<void>,
  required: readonly string[] = [],
): Command {
  return {
    name,
    aliases,
    about,
    usage: 'NAME [options]',
    flags: flagTable(`${COMMON} ${flags}`),
    required,
    run,
  };
}

/** The one name that generators want. @throws CommandError */
function oneName(context: Context): string {
  const [name] = context.args;
  const own = context.dashAt >= 0 ? context.args.slice(0, context.dashAt) : context.args;
  if (name === undefined || own.length !== 1)
    throw usageError(context.path, `exactly one NAME is required, got ${own.length}`);
  return name;
}

function meta(name: string, labels?: JsonObject): JsonObject {
  return { name, creationTimestamp: null, ...(labels === undefined ? {} : { labels }) };
}

/** Creates what a generator makes; the resource is the plural of its kind, and errors name it by `word`. */
function make(
  context: Context,
  apiVersion: string,
  kind: string,
  name: string,
  members: JsonObject,
  options: { readonly word?: string; readonly labels?: JsonObject } = {},
): Promise<void> {
  const word = kind.toLowerCase();
  const group = apiVersion.replace(/\/?v\d+$/, '');
  const plural = word.endsWith('s') ? `${word}es` : `${word}s`;
  return createObject(
    context,
    group === '' ? plural : `${plural}.${group}`,
    { kind, apiVersion, metadata: meta(name, options.labels), ...members },
    { isNamed: options.word ?? word },
  );
}

/** `kubectl create namespace` and its siblings. */
export const GENERATORS: readonly Command[] = [
  generator('namespace', ['ns'], 'Create a namespace', '', async (context) =>
    createObject(context, 'namespaces', {
      kind: 'Namespace',
      apiVersion: 'v1',
      metadata: meta(oneName(context)),
      spec: {},
      status: {},
    }),
  ),
  generator(
    'deployment',
    ['deploy'],
    'Create a deployment',
    'image:strings port:int=-1 replicas,r:int=1',
    deployment,
    ['image'],
  ),
  generator(
    'configmap',
    ['cm'],
    'Create a config map of files and literals',
    'append-hash from-env-file:strings from-file:strings from-literal:stringArray',
    configMap,
  ),
  generator('serviceaccount', ['sa'], 'Create a service account', '', async (context) =>
    make(context, 'v1', 'ServiceAccount', oneName(context), {}),
  ),
  generator('job', [], 'Create a job', 'from:string image:string', job),
  generator('cronjob', ['cj'], 'Create a cron job', 'image:string restart:string schedule:string', cronJob, [
    'image',
    'schedule',
  ]),
  generator(
    'role',
    [],
    'Create a role with single rule',
    'resource:strings resource-name:stringArray verb:strings',
    role,
  ),
  generator(
    'clusterrole',
    [],
    'Create a cluster role',
    'aggregation-rule:string non-resource-url:strings resource:strings resource-name:stringArray verb:strings',
    clusterRole,
  ),
  generator(
    'rolebinding',
    [],
    'Bind a role within a namespace',
    'clusterrole:string group:stringArray role:string serviceaccount:stringArray user:stringArray',
    (context) => roleBinding(context, false),
  ),
  generator(
    'clusterrolebinding',
    [],
    'Bind a cluster role everywhere',
    'clusterrole:string group:stringArray serviceaccount:stringArray user:stringArray',
    (context) => roleBinding(context, true),
    ['clusterrole'],
  ),
  generator(
    'ingress',
    ['ing'],
    'Create an ingress',
    'annotation:stringArray class:string default-backend:string rule:stringArray',
    ingress,
  ),
  generator('quota', ['resourcequota'], 'Create a quota', 'hard:string scopes:string', quota),
  generator(
    'poddisruptionbudget',
    ['pdb'],
    'Create a pod disruption budget',
    'max-unavailable:string min-available:string selector:string',
    pdb,
  ),
  generator(
    'priorityclass',
    ['pc'],
    'Create a priority class',
    'description:string global-default preemption-policy:string=PreemptLowerPriority value:int=0',
    priorityClass,
  ),
  generator(
    'token',
    [],
    'Request a service account token',
    'audience:stringArray bound-object-kind:string bound-object-name:string bound-object-uid:string duration:duration=0s',
    token,
  ),
  {
    name: 'secret',
    about: 'Create a secret using a specified subcommand',
    children: [
      generator(
        'generic',
        [],
        'Create a secret of files and literals',
        'append-hash from-env-file:strings from-file:strings from-literal:stringArray type:string',
        genericSecret,
      ),
      generator('tls', [], 'Create a TLS secret', 'append-hash cert:string key:string', tlsSecret),
      generator(
        'docker-registry',
        [],
        'Create the login of an image registry',
        'append-hash docker-email:string docker-password:string docker-server:string=https://index.docker.io/v1/ docker-username:string from-file:strings',
        registrySecret,
      ),
    ],
  },
  {
    name: 'service',
    aliases: ['svc'],
    about: 'Create a service using a specified subcommand',
    children: [
      generator('clusterip', [], 'Create a ClusterIP service', 'clusterip:string tcp:strings', (context) =>
        service(context, 'ClusterIP'),
      ),
      generator('nodeport', [], 'Create a NodePort service', 'node-port:int=0 tcp:strings', (context) =>
        service(context, 'NodePort'),
      ),
      generator('loadbalancer', [], 'Create a LoadBalancer service', 'tcp:strings', (context) =>
        service(context, 'LoadBalancer'),
      ),
      generator(
        'externalname',
        [],
        'Create an ExternalName service',
        'external-name:string tcp:strings',
        (context) => service(context, 'ExternalName'),
        ['external-name'],
      ),
    ],
  },
];

/** A container's name from its image: the last part without tag and digest, made a valid name. */
function nameOfImage(image: string): string {
  return (image.split('/').pop() ?? image)
    .replace(/[:@].*$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .replace(/^-+|-+$/g, '');
}

async function deployment(context: Context): Promise<void> {
  const name = oneName(context);
  const images = context.flags.list('image');
  const command = context.dashAt >= 0 ? context.args.slice(context.dashAt) : [];
  const port = context.flags.int('port');
  if (images.length > 1 && command.length > 0)
    throw new CommandError(`cannot specify multiple --image options and command`);
  const labels = { app: name };
  const containers = images.map((image) => ({
    name: nameOfImage(image),
    image,
    ...(command.length > 0 ? { command } : {}),
    ...(port >= 0 && images.indexOf(image) === 0 ? { ports: [{ containerPort: port }] } : {}),
    resources: {},
  }));
  await make(
    context,
    'apps/v1',
    'Deployment',
    name,
    {
      spec: {
        replicas: context.flags.int('replicas'),
        selector: { matchLabels: labels },
        template: { metadata: { creationTimestamp: null, labels }, spec: { containers } },
        strategy: {},
      },
      status: {},
    },
    { labels },
  );
}

type Data = Record<string, string>;

function readLiterals(context: Context, into: Data): void {
  for (const literal of context.flags.list('from-literal')) {
    const equals = literal.indexOf('=');
    if (equals <= 0) throw new CommandError(`invalid literal source ${literal}, expected key=value`);
    let value = literal.slice(equals + 1);
    if (/^(['"]).*\1$/s.test(value)) value = value.slice(1, -1);
    addKey(into, literal.slice(0, equals), value, ownerText(context));
  }
}

function addKey(into: Data, key: string, value: string, owner: string): void {
  const faults = configKeyFaults(key);
  if (faults.length > 0)
    throw new CommandError(
      `${quoteGo(key)} is not a valid key name for a ${owner === '' ? 'Secret' : 'ConfigMap'}: ${faults.join(',')}`,
    );
  if (Object.hasOwn(into, key))
    throw new CommandError(
      owner === ''
        ? `cannot add key ${key}, another key by that name already exists`
        : `cannot add key ${quoteGo(key)}, another key by that name already exists in Data${owner}`,
    );
  // A plain assignment would lose a key named __proto__.
  Object.defineProperty(into, key, { value, enumerable: true, writable: true, configurable: true });
}

/** Only the generator of ConfigMaps tells whose keys collide. */
function ownerText(context: Context): string {
  return context.path === 'kubectl create configmap'
    ? ` for ConfigMap ${quoteGo(context.args[0] ?? '')}`
    : '';
}

function readFiles(context: Context, into: Data): void {
  const { files } = context.process.machine;
  const owner = ownerText(context);
  for (const source of context.flags.list('from-file')) {
    const equals = source.indexOf('=');
    if (equals === 0) throw new CommandError(`key name for file path ${source.slice(1)} missing`);
    if (equals > 0 && equals === source.length - 1)
      throw new CommandError(`file path for key name ${source.slice(0, -1)} missing`);
    if (source.split('=').length > 2) throw new CommandError("key names or file paths cannot contain '='");
    const shown = equals < 0 ? source : source.slice(equals + 1);
    const path = absolutePath(context.process.cwd, shown);
    const entry = files.stat(path);
    if (entry === undefined) throw new CommandError(`error reading ${shown}: no such file or directory`);
    if (entry.kind === 'folder') {
      if (equals >= 0) throw new CommandError(`cannot give a key name for a directory path`);
      const names = files.list(path);
      for (const name of Array.isArray(names) ? (names as readonly string[]) : []) {
        const file = files.read(`${path}/${name}`);
        if ('content' in file) addKey(into, name, file.content, owner);
      }
      continue;
    }
    const file = files.read(path);
    if ('content' in file)
      addKey(into, equals < 0 ? baseName(path) : source.slice(0, equals), file.content, owner);
  }
  for (const source of context.flags.list('from-env-file')) {
    const file = files.read(absolutePath(context.process.cwd, source));
    if ('error' in file)
      throw new CommandError(
        file.error === 'EISDIR'
          ? 'env config file cannot be a directory'
          : `error reading ${source}: no such file or directory`,
      );
    for (const line of file.content.split('\n').map((one) => one.trimStart())) {
      if (line === '' || line.startsWith('#')) continue;
      const equals = line.indexOf('=');
      checkVariable(equals < 0 ? line : line.slice(0, equals));
      addKey(
        into,
        equals < 0 ? line : line.slice(0, equals),
        equals < 0 ? (context.process.env.get(line) ?? '') : line.slice(equals + 1),
        owner,
      );
    }
  }
}

async function configMap(context: Context): Promise<void> {
  const name = oneName(context);
  const data: Data = {};
  if (
    context.flags.list('from-env-file').length > 0 &&
    (context.flags.list('from-file').length > 0 || context.flags.list('from-literal').length > 0)
  )
    throw new CommandError('from-env-file cannot be combined with from-file or from-literal');
  readFiles(context, data);
  readLiterals(context, data);
  const map: JsonObject = {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: meta(name),
    ...(Object.keys(data).length > 0 ? { data } : {}),
  };
  await createObject(context, 'configmaps', hashed(context, map), { isNamed: 'configmap' });
}

/** `--append-hash` puts a hash of the contents behind the name. */
function hashed(context: Context, object: JsonObject): JsonObject {
  if (!context.flags.bool('append-hash')) return object;
  const metadata = object.metadata as JsonObject;
  return {
    ...object,
    metadata: { ...metadata, name: `${nameIn(object)}-${contentHash(object)}` },
  };
}

function encoded(data: Data): JsonObject {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)]));
}

async function genericSecret(context: Context): Promise<void> {
  const name = oneName(context);
  const data: Data = {};
  readFiles(context, data);
  readLiterals(context, data);
  const type = context.flags.text('type');
  const secret: JsonObject = {
    kind: 'Secret',
    apiVersion: 'v1',
    metadata: meta(name),
    ...(Object.keys(data).length > 0 ? { data: encoded(data) } : {}),
    ...(type === '' ? {} : { type }),
  };
  await createObject(context, 'secrets', hashed(context, secret), { isNamed: 'secret' });
}

async function tlsSecret(context: Context): Promise<void> {
  const name = oneName(context);
  const read = (flag: string): string => {
    const path = context.flags.text(flag);
    if (path === '') throw new CommandError('key and cert must be specified');
    const file = context.process.machine.files.read(absolutePath(context.process.cwd, path));
    if ('error' in file)
      throw new CommandError(`Cannot read file ${path}, open ${path}: no such file or directory`);
    return file.content;
  };
  const [cert, key] = [read('cert'), read('key')];
  if (!cert.includes('-----BEGIN'))
    throw new CommandError('tls: failed to find any PEM data in certificate input');
  await make(context, 'v1', 'Secret', name, {
    data: encoded({ 'tls.crt': cert, 'tls.key': key }),
    type: 'kubernetes.io/tls',
  });
}

async function registrySecret(context: Context): Promise<void> {
  const name = oneName(context);
  const { flags } = context;
  if (
    flags.list('from-file').length === 0 &&
    (flags.text('docker-username') === '' || flags.text('docker-password') === '')
  ) {
    throw new CommandError(
      'either --from-file or the combination of --docker-username, --docker-password and --docker-server is required',
    );
  }
  const [user, password, email] = [
    flags.text('docker-username'),
    flags.text('docker-password'),
    flags.text('docker-email'),
  ];
  const auth = {
    username: user,
    password,
    ...(email === '' ? {} : { email }),
    auth: base64(`${user}:${password}`),
  };
  const data: Data = {};
  if (flags.list('from-file').length > 0) readFiles(context, data);
  else data['.dockerconfigjson'] = JSON.stringify({ auths: { [flags.text('docker-server')]: auth } });
  await make(context, 'v1', 'Secret', name, {
    data: encoded(data),
    type: 'kubernetes.io/dockerconfigjson',
  });
}

async function job(context: Context): Promise<void> {
  const name = context.args[0];
  if (name === undefined) throw usageError(context.path, 'exactly one NAME is required, got 0');
  const command = context.dashAt >= 0 ? context.args.slice(context.dashAt) : context.args.slice(1);
  const image = context.flags.text('image');
  const from = context.flags.text('from');
  if ((image === '') === (from === '')) throw new CommandError('either --image or --from must be specified');
  if (from !== '' && command.length > 0) throw new CommandError('cannot specify --from and command');
  if (from !== '') return jobFrom(context, name, from);
  await make(context, 'batch/v1', 'Job', name, {
    spec: {
      template: {
        metadata: { creationTimestamp: null },
        spec: {
          containers: [{ name, image, ...(command.length > 0 ? { command } : {}), resources: {} }],
          restartPolicy: 'Never',
        },
      },
    },
    status: {},
  });
}

async function jobFrom(context: Context, name: string, from: string): Promise<void> {
  const [type = '', cronName = ''] = from.split('/');
  const resource = context.discovery.need(type);
  if (resource.kind !== 'CronJob')
    throw new CommandError(`unknown object type *${resource.version}.${resource.kind}`);
  const cron = context.client.get(pathOf(resource, context.namespace, cronName));
  const template = (cron.spec as JsonObject | undefined)?.jobTemplate as JsonObject | undefined;
  const metadata = (template?.metadata ?? {}) as JsonObject;
  await createObject(
    context,
    'jobs.batch',
    {
      kind: 'Job',
      apiVersion: 'batch/v1',
      metadata: {
        ...meta(name, metadata.labels as JsonObject | undefined),
        annotations: {
          'cronjob.kubernetes.io/instantiate': 'manual',
          ...((metadata.annotations as JsonObject | undefined) ?? {}),
        },
        ownerReferences: [
          {
            apiVersion: groupVersion(resource),
            kind: 'CronJob',
            name: cronName,
            uid: textAt(cron, 'metadata', 'uid'),
            controller: true,
          },
        ],
      },
      spec: (template?.spec ?? {}) as Json,
      status: {},
    },
    { isNamed: 'job' },
  );
}

async function cronJob(context: Context): Promise<void> {
  const [name] = context.args;
  if (name === undefined) throw usageError(context.path, 'exactly one NAME is required, got 0');
  const command = context.dashAt >= 0 ? context.args.slice(context.dashAt) : context.args.slice(1);
  const pod = {
    containers: [
      { name, image: context.flags.text('image'), ...(command.length > 0 ? { command } : {}), resources: {} },
    ],
    restartPolicy: context.flags.text('restart') || 'OnFailure',
  };
  await make(context, 'batch/v1', 'CronJob', name, {
    spec: {
      schedule: context.flags.text('schedule'),
      jobTemplate: {
        metadata: meta(name),
        spec: { template: { metadata: { creationTimestamp: null }, spec: pod } },
      },
    },
    status: {},
  });
}

const VERBS = new Set([
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
  '*',
  'use',
  'bind',
  'escalate',
  'impersonate',
  'approve',
  'sign',
  'attest',
]);

function rules(context: Context): Json[] {
  const { flags } = context;
  const asked = [...new Set(flags.list('verb'))];
  const verbs = asked.includes('*') ? ['*'] : asked;
  if (verbs.length === 0) throw new CommandError('at least one verb must be specified');
  const urls = flags.list('non-resource-url');
  if (urls.length > 0) return [{ verbs, nonResourceURLs: urls }];
  if (flags.list('resource').length === 0) throw new CommandError('at least one resource must be specified');
  for (const verb of verbs) if (!VERBS.has(verb)) context.warn(`'${verb}' is not a standard resource verb`);
  const groups = new Map<string, string[]>();
  for (const word of flags.list('resource')) {
    const [type = '', sub] = word.split('/');
    const [kind = '', ...groupOf] = type.split('.');
    const resource = kind === '*' ? undefined : context.discovery.find(type);
    if (resource === undefined && kind !== '*')
      throw new PlainError(
        `the server doesn't have a resource type ${quoteGo(kind)}${groupOf.length === 0 ? '' : ` in group ${quoteGo(groupOf.join('.'))}`}`,
      );
    const group = resource?.group ?? (groupOf.length === 0 ? '*' : groupOf.join('.'));
    const named = sub === undefined ? (resource?.plural ?? '*') : `${resource?.plural ?? '*'}/${sub}`;
    groups.set(group, [...new Set([...(groups.get(group) ?? []), named])]);
  }
  const names = flags.list('resource-name');
  return [...groups].map(([group, resources]) => ({
    verbs,
    apiGroups: [group],
    resources,
    ...(names.length > 0 ? { resourceNames: names } : {}),
  }));
}

async function role(context: Context): Promise<void> {
  const name = oneName(context);
  await make(context, 'rbac.authorization.k8s.io/v1', 'Role', name, { rules: rules(context) });
}

async function clusterRole(context: Context): Promise<void> {
  const name = oneName(context);
  const selector = context.flags.text('aggregation-rule');
  if (selector !== '') return aggregatedRole(context, name, selector);
  for (const url of context.flags.list('non-resource-url')) {
    if (url !== '*' && !url.startsWith('/')) throw new CommandError('nonResourceURL should start with /');
    if (url.slice(0, -1).includes('*'))
      throw new CommandError("nonResourceURL only supports wildcard matches when '*' is at the end");
  }
  await make(context, 'rbac.authorization.k8s.io/v1', 'ClusterRole', name, {
    rules: rules(context),
  });
}

async function aggregatedRole(context: Context, name: string, selector: string): Promise<void> {
  const matchLabels = Object.fromEntries(selector.split(',').map((pair) => pair.split('=')));
  await make(context, 'rbac.authorization.k8s.io/v1', 'ClusterRole', name, {
    rules: null,
    aggregationRule: { clusterRoleSelectors: [{ matchLabels }] },
  });
}

async function roleBinding(context: Context, isCluster: boolean): Promise<void> {
  const name = oneName(context);
  const { flags } = context;
  const api = 'rbac.authorization.k8s.io';
  if (!isCluster && (flags.text('role') === '') === (flags.text('clusterrole') === ''))
    throw new CommandError('exactly one of clusterrole or role must be specified');
  const subjects = subjectsOf(flags);
  const roleRef =
    flags.text('role') === ''
      ? { apiGroup: api, kind: 'ClusterRole', name: flags.text('clusterrole') }
      : { apiGroup: api, kind: 'Role', name: flags.text('role') };
  const kind = isCluster ? 'ClusterRoleBinding' : 'RoleBinding';
  await make(context, `${api}/v1`, kind, name, {
    ...(subjects.length > 0 ? { subjects } : {}),
    roleRef,
  });
}

async function ingress(context: Context): Promise<void> {
  const name = oneName(context);
  const { flags } = context;
  if (flags.list('rule').length === 0 && flags.text('default-backend') === '')
    throw new CommandError(
      'not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)',
    );
  const hosts = new Map<string, Json[]>();
  const tls: Json[] = [];
  for (const text of flags.list('rule')) {
    const match = /^(([\w*.-]*)(\/[^=*,]*\*?)?)=([\w.-]+):([\w.-]+)(,tls(=([\w.-]*))?)?$/.exec(text);
    if (match === null)
      throw new CommandError(
        `rule ${text} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]`,
      );
    const [, , host = '', path = '/', service_ = '', port = '', isTls, , secret = ''] = match;
    const isPrefix = path.endsWith('*');
    const backend = backendOf(service_, port);
    hosts.set(host, [
      ...(hosts.get(host) ?? []),
      { path: isPrefix ? path.slice(0, -1) : path, pathType: isPrefix ? 'Prefix' : 'Exact', backend },
    ]);
    if (isTls !== undefined)
      tls.push({
        ...(host === '' ? {} : { hosts: [host] }),
        ...(secret === '' ? {} : { secretName: secret }),
      });
  }
  const [service_ = '', port = ''] = flags.text('default-backend').split(':');
  if (service_ !== '' && port === '')
    throw new CommandError('default-backend should be in format servicename:serviceport');
  const annotations = Object.fromEntries(flags.list('annotation').map((text) => text.split('=')));
  await createObject(
    context,
    'ingresses.networking.k8s.io',
    {
      kind: 'Ingress',
      apiVersion: 'networking.k8s.io/v1',
      metadata: { ...meta(name), ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
      spec: {
        ...(flags.text('class') === '' ? {} : { ingressClassName: flags.text('class') }),
        ...(service_ === '' ? {} : { defaultBackend: backendOf(service_, port) }),
        ...(tls.length > 0 ? { tls } : {}),
        ...(hosts.size > 0
          ? {
              rules: [...hosts].map(([host, paths]) => ({
                ...(host === '' ? {} : { host }),
                http: { paths },
              })),
            }
          : {}),
      },
      status: { loadBalancer: {} },
    },
    { isNamed: 'ingress' },
  );
}

function backendOf(name: string, port: string): JsonObject {
  return { service: { name, port: /^\d+$/.test(port) ? { number: Number(port) } : { name: port } } };
}

async function quota(context: Context): Promise<void> {
  const name = oneName(context);
  const hard: Record<string, string> = {};
  for (const pair of context.flags
    .text('hard')
    .split(',')
    .filter((one) => one !== '')) {
    const [key = '', value] = pair.split('=');
    if (value === undefined)
      throw new CommandError(`Invalid argument syntax ${pair}, expected <resource>=<value>`);
    if (parseQuantity(value) === undefined) throw new CommandError(QUANTITY_FAULT);
    hard[key] = value;
  }
  const scopes = context.flags
    .text('scopes')
    .split(',')
    .filter((one) => one !== '');
  await make(
    context,
    'v1',
    'ResourceQuota',
    name,
    {
      spec: { ...(Object.keys(hard).length > 0 ? { hard } : {}), ...(scopes.length > 0 ? { scopes } : {}) },
      status: {},
    },
    { word: 'quota' },
  );
}

/** A LabelSelector of a selector's text: pairs, and `key in (a,b)`. */
function labelSelectorOf(text: string): JsonObject {
  const matchLabels: Record<string, string> = {};
  const matchExpressions: Json[] = [];
  for (const part of text.split(/,(?![^(]*\))/)) {
    const set = /^\s*(\S+)\s+(in|notin)\s*\(([^)]*)\)\s*$/.exec(part);
    const [key = '', value = ''] = part.split(/==?/);
    if (set === null) matchLabels[key] = value;
    else
      matchExpressions.push({
        key: set[1] ?? '',
        operator: set[2] === 'in' ? 'In' : 'NotIn',
        values: (set[3] ?? '').split(',').map((one) => one.trim()),
      });
  }
  return {
    ...(matchExpressions.length > 0 ? { matchExpressions } : {}),
    ...(Object.keys(matchLabels).length > 0 ? { matchLabels } : {}),
  };
}

async function pdb(context: Context): Promise<void> {
  const name = oneName(context);
  const { flags } = context;
  if (flags.text('selector') === '') throw new CommandError('a selector must be specified');
  const limits = ['min-available', 'max-unavailable'].filter((flag) => flags.text(flag) !== '');
  if (limits.length === 0)
    throw new CommandError('one of min-available or max-unavailable must be specified');
  if (limits.length > 1) throw new CommandError('min-available and max-unavailable cannot be both specified');
  for (const flag of limits)
    if (!/^\d+%?$/.test(flags.text(flag))) throw new CommandError(`invalid format specified for ${flag}`);
  const value = (flag: string): Json =>
    /^\d+$/.test(flags.text(flag)) ? Number(flags.text(flag)) : flags.text(flag);
  const selector = labelSelectorOf(flags.text('selector'));
  await make(
    context,
    'policy/v1',
    'PodDisruptionBudget',
    name,
    {
      spec: {
        ...(flags.text('min-available') === '' ? {} : { minAvailable: value('min-available') }),
        selector,
        ...(flags.text('max-unavailable') === '' ? {} : { maxUnavailable: value('max-unavailable') }),
      },
      status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
    },
    { word: 'poddisruptionbudgets' },
  );
}

async function priorityClass(context: Context): Promise<void> {
  const name = oneName(context);
  const { flags } = context;
  await make(context, 'scheduling.k8s.io/v1', 'PriorityClass', name, {
    value: flags.int('value'),
    ...(flags.bool('global-default') ? { globalDefault: true } : {}),
    ...(flags.text('description') === '' ? {} : { description: flags.text('description') }),
    preemptionPolicy: flags.text('preemption-policy'),
  });
}

async function token(context: Context): Promise<void> {
  const name = oneName(context);
  const seconds = context.flags.ms('duration') / 1000;
  const body = {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { creationTimestamp: null },
    spec: {
      audiences: context.flags.list('audience'),
      ...(seconds > 0 ? { expirationSeconds: seconds } : {}),
    },
  };
  try {
    const path = pathOf(context.discovery.need('serviceaccounts'), context.namespace, name, 'token');
    await context.out(`${textAt(context.client.post(path, body), 'status', 'token')}\n`);
  } catch (error) {
    if (error instanceof ApiError) throw new CommandError(`failed to create token: ${error.message}`);
    throw error;
  }
}

async function service(context: Context, type: string): Promise<void> {
  const name = oneName(context);
  const { flags } = context;
  const isHeadless = flags.text('clusterip') === 'None';
  const ports = flags.list('tcp').map((text) => portOf(text, flags.int('node-port')));
  if (ports.length === 0 && type !== 'ExternalName' && !isHeadless)
    throw new CommandError('at least one tcp port specifier must be provided');
  const external = flags.text('external-name');
  if (type === 'ExternalName' && dnsSubdomainFaults(external).length > 0)
    throw new CommandError(`invalid service external name ${external}`);
  const labels = { app: name };
  const clusterIp = flags.text('clusterip');
  await make(
    context,
    'v1',
    'Service',
    name,
    {
      spec: {
        ...(ports.length > 0 ? { ports } : {}),
        selector: labels,
        ...(clusterIp === '' ? {} : { clusterIP: clusterIp }),
        type,
        ...(type === 'ExternalName' ? { externalName: flags.text('external-name') } : {}),
      },
      status: { loadBalancer: {} },
    },
    { word: `${type} service`, labels },
  );
}

function portOf(text: string, nodePort: number): JsonObject {
  const [first = '', second] = text.split(':');
  const number = (part: string): number => {
    if (!/^\d+$/.test(part))
      throw new CommandError(`strconv.ParseUint: parsing ${quoteGo(part)}: invalid syntax`);
    if (Number(part) > 65_535)
      throw new CommandError(`strconv.ParseUint: parsing ${quoteGo(part)}: value out of range`);
    return Number(part);
  };
  const port = number(first);
  const target: Json = second === undefined ? port : /^\d+$/.test(second) ? Number(second) : second;
  return {
    name: text.replace(/:/g, '-'),
    protocol: 'TCP',
    port,
    targetPort: target,
    ...(nodePort > 0 ? { nodePort } : {}),
  };
}
