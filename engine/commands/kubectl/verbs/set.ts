import type { Json, JsonObject } from '../../../base/json.ts';
import { parseQuantity, QUANTITY_FAULT } from '../../../objects/quantity.ts';
import { structOfKind } from '../../../objects/types.ts';
import { compilePattern, matchesPattern } from '../../../shell/pattern.ts';
import { findObjects, nameOf } from '../builder.ts';
import { at, listAt, mapAt, objectAt, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { dryRunSuffix } from '../context.ts';
import { groupVersion, pathOf } from '../discovery.ts';
import type { KubectlError } from '../errors.ts';
import { ApiError, CommandError, kubectlErrorOf, throwAll } from '../errors.ts';
import type { Flags } from '../flags.ts';
import { flagTable } from '../flags.ts';
import type { Info } from '../manifests.ts';
import { jsonMergePatch, strategicPatch } from '../merge.ts';
import { printerFor } from '../print/output.ts';
import { fromBase64, quoteGo } from '../text.ts';

const COMMON = `all allow-missing-template-keys=true dry-run:string=none?unchanged field-manager:string=kubectl-set filename,f:strings kustomize,k:string local record
  output,o:string recursive,R selector,l:string show-managed-fields template:string`;

function child(
  name: string,
  aliases: readonly string[],
  about: string,
  flags: string,
  run: (context: Context) => Promise<void>,
): Command {
  return {
    name,
    aliases,
    about,
    usage: '(-f FILENAME | TYPE NAME) [options]',
    flags: flagTable(`${COMMON} ${flags}`),
    run,
  };
}

/** `kubectl set`. */
export const setCommand: Command = {
  name: 'set',
  about: 'Set specific features on objects',
  children: [
    child(
      'env',
      [],
      'Update environment variables on a pod template',
      'containers,c:string=* env,e:stringArray from:string keys:strings list overwrite=true prefix:string resolve',
      setEnv,
    ),
    child('image', [], 'Update the image of a pod template', '', setImage),
    child(
      'resources',
      [],
      'Update resource requests/limits on objects with pod templates',
      'containers,c:string=* limits:string requests:string',
      setResources,
    ),
    child('selector', [], 'Set the selector on a resource', 'resource-version:string', setSelector),
    child('serviceaccount', ['sa'], 'Update the service account of a resource', '', setServiceAccount),
    child(
      'subject',
      [],
      'Add subjects to a role binding',
      'group:strings serviceaccount:strings user:strings',
      setSubject,
    ),
  ],
};

/** Splits arguments at the first `key=value` or `key-` (cmdutil.GetResourcesAndPairs). @throws CommandError */
function split(
  { args }: Context,
  what: 'image' | 'environment',
): { readonly resources: readonly string[]; readonly changes: readonly string[] } {
  const isChange = (arg: string): boolean =>
    arg.indexOf('=') > 0 || (what === 'environment' && arg === '-') || (arg.endsWith('-') && arg.length > 1);
  const first = args.findIndex(isChange);
  if (first < 0) return { resources: args, changes: [] };
  const late = args.slice(first).find((arg) => !isChange(arg));
  if (late !== undefined)
    throw new CommandError(
      `all resources must be specified before ${what} changes: ${what === 'image' ? late : args.join(' ')}`,
    );
  return { resources: args.slice(0, first), changes: args.slice(first) };
}

/** What an object is told to lack when its kind has no containers. */
function needTemplate(info: Info): void {
  if (at(info.object, ...podSpecPath(info.resource.kind)) === undefined)
    throw new CommandError(
      `${info.resource.plural}/${info.name} the object is not a pod or does not have a pod template: *${info.resource.version}.${info.resource.kind}`,
    );
}

/** An object that was never sent, as Go writes a typed one: with the members that are never left out. */
function typed(info: Info, object: JsonObject): JsonObject {
  const bare = (one: JsonObject): JsonObject => ({
    ...one,
    metadata: { creationTimestamp: null, ...objectAt(one, 'metadata') },
  });
  const path = podSpecPath(info.resource.kind);
  const withResources = listAt(object, ...path, 'containers').map((one) => ({
    resources: {},
    ...(one as JsonObject),
  }));
  const filled = withAt(bare(object), [...path, 'containers'], withResources);
  const template = path.slice(0, -1);
  const outer =
    template.length === 0 ? filled : withAt(filled, template, bare(objectAt(filled, ...template)));
  const strategy = { Deployment: 'strategy', DaemonSet: 'updateStrategy', StatefulSet: 'updateStrategy' }[
    info.resource.kind
  ];
  const whole =
    strategy === undefined || at(outer, 'spec', strategy) !== undefined
      ? outer
      : withAt(outer, ['spec', strategy], {});
  return { status: {}, ...whole };
}

/** The pod spec inside an object, and a way to put a changed one back. */
function podSpecPath(kind: string): readonly string[] {
  if (kind === 'Pod') return ['spec'];
  return kind === 'CronJob'
    ? ['spec', 'jobTemplate', 'spec', 'template', 'spec']
    : ['spec', 'template', 'spec'];
}

function withAt(object: JsonObject, path: readonly string[], value: Json | undefined): JsonObject {
  const [first, ...rest] = path;
  if (first === undefined) return object;
  return { ...object, [first]: rest.length === 0 ? value : withAt(objectAt(object, first), rest, value) };
}

async function change(
  context: Context,
  resources: readonly string[],
  what: string,
  edit: (info: Info) => JsonObject | undefined,
  verb = 'updated',
): Promise<void> {
  const { flags } = context;
  const dryRun = await context.dryRun();
  const isLocal = flags.bool('local');
  if (isLocal && resources.length > 0)
    throw new CommandError(
      "you must specify resources by --filename when --local is set.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'",
    );
  const { infos, errors } = await findObjects(context, resources, {
    isAll: flags.bool('all'),
    selector: flags.text('selector'),
  });
  const faults: KubectlError[] = [...errors];
  for (const info of infos) {
    try {
      if (['image', 'env', 'resource requirements', 'serviceaccount'].includes(what)) needTemplate(info);
      const changed = edit(info);
      if (changed === undefined) continue;
      const edited = context.recorded(changed);
      const struct = structOfKind(groupVersion(info.resource), info.resource.kind);
      const patch =
        struct === undefined
          ? jsonMergePatch(info.object, edited)
          : strategicPatch(info.object, edited, struct);
      const printer = printerFor(context, { isGet: false });
      if (Object.keys(patch).length === 0 && printer === undefined) continue;
      let object = isLocal ? typed(info, edited) : edited;
      if (dryRun !== 'client' && !isLocal && Object.keys(patch).length > 0) {
        object = sent(context, info, struct === undefined ? 'merge' : 'strategic', patch, {
          what,
          dryRun,
        });
      }
      await context.out(
        printer === undefined
          ? `${nameOf(info)} ${what} ${verb}${dryRunSuffix(dryRun)}\n`
          : printer.print(object, info.resource),
      );
    } catch (error) {
      faults.push(kubectlErrorOf(error));
    }
  }
  throwAll(faults);
}

/** What went wrong is told with what was being set (kubectl/pkg/cmd/set). */
const FAILURES: ReadonlyMap<string, string> = new Map([
  ['image', 'failed to patch image update to pod template: '],
  ['env', 'failed to patch env update to pod template: '],
  ['resource requirements', 'failed to patch resources update to pod template '],
  ['serviceaccount', 'failed to patch ServiceAccountName '],
]);

function sent(
  context: Context,
  info: Info,
  type: 'merge' | 'strategic',
  patch: JsonObject,
  options: { readonly what: string; readonly dryRun: 'none' | 'client' | 'server' },
): JsonObject {
  try {
    return context.client.patch(pathOf(info.resource, info.namespace, info.name), type, patch, {
      dryRun: options.dryRun === 'server' ? 'All' : undefined,
      fieldManager: context.flags.text('field-manager'),
    });
  } catch (error) {
    const prefix = FAILURES.get(options.what);
    if (prefix === undefined || !(error instanceof ApiError)) throw error;
    throw new CommandError(prefix + error.message);
  }
}

async function setImage(context: Context): Promise<void> {
  const { resources, changes } = split(context, 'image');
  if (resources.length === 0 && context.flags.list('filename').length === 0)
    throw new CommandError(
      'one or more resources must be specified as <resource> <name> or <resource>/<name>',
    );
  if (changes.length === 0) {
    throwAll((await findObjects(context, resources, { isEmptySelectorFine: true })).errors);
    throw new CommandError('at least one image update is required');
  }
  const images = changes.map((text) => {
    const equals = text.indexOf('=');
    const [name, image] = [text.slice(0, equals), text.slice(equals + 1)];
    if (equals <= 0) throw new CommandError(`invalid image: ${text}`);
    return { name, image };
  });
  await change(context, resources, 'image', (info) => {
    const path = podSpecPath(info.resource.kind);
    let spec = objectAt(info.object, ...path);
    for (const { name, image } of images) {
      let isFound = false;
      for (const field of ['initContainers', 'containers']) {
        if (at(spec, field) === undefined) continue;
        const list = listAt(spec, field).map((container) => {
          if (name !== '*' && textAt(container, 'name') !== name) return container;
          isFound = true;
          return { ...(container as JsonObject), image };
        });
        spec = { ...spec, [field]: list };
      }
      if (!isFound) throw new CommandError(`unable to find container named ${quoteGo(name)}`);
    }
    return withAt(info.object, path, spec);
  });
}

async function setEnv(context: Context): Promise<void> {
  const { flags } = context;
  const { resources, changes } = split(context, 'environment');
  const typedIn = changes.includes('-')
    ? (await context.process.stdin.readAll(context.process.sys)).split('\n')
    : [];
  const all = [...flags.list('env'), ...changes, ...typedIn].filter((one) => one !== '-' && one !== '');
  if (flags.bool('list')) return listEnv(context, resources);
  for (const text of all) checkVariable(text.replace(/(=.*|-)$/s, ''));
  const added = await fromSource(context);
  const literal = all
    .filter((text) => text.includes('='))
    .map((text) => ({ name: text.slice(0, text.indexOf('=')), value: text.slice(text.indexOf('=') + 1) }));
  const removed = new Set(all.filter((text) => !text.includes('=')).map((text) => text.slice(0, -1)));
  if (literal.some(({ name }) => removed.has(name)))
    throw new CommandError(
      'can not both modify and remove the same environment variable in the same command',
    );
  const only = compilePattern(flags.text('containers'));
  await change(context, resources, 'env', (info) => {
    const path = podSpecPath(info.resource.kind);
    const spec = objectAt(info.object, ...path);
    let isFound = false;
    const edit = (container: Json): Json => {
      if (!matchesPattern(only, textAt(container, 'name'))) return container;
      isFound = true;
      const old = listAt(container, 'env').find((one) =>
        literal.some(
          (wanted) => wanted.name === textAt(one, 'name') && wanted.value !== textAt(one, 'value'),
        ),
      );
      if (old !== undefined && !flags.bool('overwrite'))
        throw new CommandError(
          `${info.resource.plural}/${info.name} '${textAt(old, 'name')}' already has a value (${textAt(old, 'value')}), and --overwrite is false`,
        );
      const env = updated(listAt(container, 'env'), [...literal, ...added], removed);
      const { env: _, ...others } = container as JsonObject;
      return env.length === 0 ? others : { ...others, env };
    };
    const object = withAt(info.object, path, { ...spec, containers: listAt(spec, 'containers').map(edit) });
    if (!isFound)
      context.warn(
        `${info.resource.kind}/${info.name} does not have any containers matching ${quoteGo(flags.text('containers'))}`,
      );
    return object;
  });
}

const VARIABLE = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

/** @throws CommandError for what cannot name a variable */
export function checkVariable(name: string): void {
  if (!VARIABLE.test(name))
    throw new CommandError(
      `${quoteGo(name)} is not a valid key name: a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')`,
    );
}

/** Variables keep their place; what is new comes behind (set/env's updateEnv). */
function updated(
  existing: readonly Json[],
  changes: readonly JsonObject[],
  removed: ReadonlySet<string>,
): Json[] {
  const wanted = new Map(changes.map((one) => [textAt(one, 'name'), one]));
  const out: Json[] = [];
  const covered = new Set(removed);
  for (const item of existing) {
    const name = textAt(item, 'name');
    if (covered.has(name)) continue;
    const newer = wanted.get(name);
    if (newer !== undefined) covered.add(name);
    out.push(newer ?? item);
  }
  for (const [name, one] of wanted) if (!covered.has(name)) out.push(one);
  return out;
}

async function fromSource(context: Context): Promise<readonly JsonObject[]> {
  const from = context.flags.text('from');
  if (from === '') return [];
  const [type = '', name = ''] = from.split('/');
  const resource = context.discovery.need(type);
  if (!['Secret', 'ConfigMap'].includes(resource.kind))
    throw new CommandError('unsupported resource specified in --from');
  const data = objectAt(context.client.get(pathOf(resource, context.namespace, name)), 'data');
  const ref = resource.kind === 'Secret' ? 'secretKeyRef' : 'configMapKeyRef';
  const keys = context.flags.list('keys');
  const chosen = Object.keys(data)
    .filter((key) => keys.length === 0 || keys.includes(key))
    .sort();
  const variable = (key: string): string => key.toUpperCase().replace(/[^A-Z0-9_]/g, '_');
  for (const key of chosen)
    if (key !== variable(key)) await context.err(`Warning: key ${key} transferred to ${variable(key)}\n`);
  return chosen.map((key) => ({
    name: context.flags.text('prefix') + variable(key),
    valueFrom: { [ref]: { key, name } },
  }));
}

async function listEnv(context: Context, resources: readonly string[]): Promise<void> {
  const { infos, errors } = await findObjects(context, resources, {
    isAll: context.flags.bool('all'),
    selector: context.flags.text('selector'),
  });
  throwAll(errors);
  for (const info of infos) {
    for (const container of listAt(objectAt(info.object, ...podSpecPath(info.resource.kind)), 'containers')) {
      await context.out(`# ${info.resource.kind} ${info.name}, container ${textAt(container, 'name')}\n`);
      for (const variable of listAt(container, 'env')) await listVariable(context, info, variable);
    }
  }
}

async function listVariable(context: Context, info: Info, variable: Json): Promise<void> {
  const name = textAt(variable, 'name');
  const from = at(variable, 'valueFrom');
  if (from === undefined) return context.out(`${name}=${textAt(variable, 'value')}\n`);
  const isSecret = at(from, 'secretKeyRef') !== undefined;
  const ref = objectAt(from, isSecret ? 'secretKeyRef' : 'configMapKeyRef');
  const [source, key] = [textAt(ref, 'name'), textAt(ref, 'key')];
  if (at(from, 'fieldRef') !== undefined)
    return context.out(`# ${name} from field path ${textAt(from, 'fieldRef', 'fieldPath')}\n`);
  if (!context.flags.bool('resolve'))
    return context.out(`# ${name} from ${isSecret ? 'secret' : 'configmap'} ${source}, key ${key}\n`);
  const resource = context.discovery.need(isSecret ? 'secrets' : 'configmaps');
  const data = mapAt(context.client.get(pathOf(resource, info.namespace, source)), 'data');
  const value = Object.hasOwn(data, key) ? (data[key] ?? '') : '';
  await context.out(`${name}=${isSecret ? fromBase64(value) : value}\n`);
}

async function setResources(context: Context): Promise<void> {
  const { flags } = context;
  const read = (text: string): JsonObject =>
    Object.fromEntries(
      text
        .split(',')
        .filter((one) => one !== '')
        .map((one) => {
          const parts = one.split('=');
          if (parts.length !== 2)
            throw new CommandError(`Invalid argument syntax ${one}, expected <resource>=<value>`);
          return parts;
        }),
    );
  const [limits, requests] = [read(flags.text('limits')), read(flags.text('requests'))];
  if (Object.keys(limits).length === 0 && Object.keys(requests).length === 0)
    throw new CommandError(
      'you must specify an update to requests or limits (in the form of --requests/--limits)',
    );
  for (const text of [...Object.values(limits), ...Object.values(requests)])
    if (parseQuantity(String(text)) === undefined) throw new CommandError(QUANTITY_FAULT);
  await change(context, context.args, 'resource requirements', (info) => {
    const path = podSpecPath(info.resource.kind);
    const spec = objectAt(info.object, ...path);
    const only = compilePattern(flags.text('containers'));
    const isMeant = (container: Json): boolean => matchesPattern(only, textAt(container, 'name'));
    if (!listAt(spec, 'containers').some(isMeant))
      throw new CommandError(`unable to find container named ${flags.text('containers')}`);
    const containers = listAt(spec, 'containers').map((container) => {
      if (!isMeant(container)) return container;
      const own = objectAt(container, 'resources');
      return {
        ...(container as JsonObject),
        resources: {
          ...own,
          ...(Object.keys(limits).length > 0 ? { limits: { ...objectAt(own, 'limits'), ...limits } } : {}),
          ...(Object.keys(requests).length > 0
            ? { requests: { ...objectAt(own, 'requests'), ...requests } }
            : {}),
        },
      };
    });
    return withAt(info.object, path, { ...spec, containers });
  });
}

async function setSelector(context: Context): Promise<void> {
  const { args } = context;
  const text = args.at(-1) ?? '';
  if (args.length > 1 && !/[=!(]/.test(text))
    throw new CommandError('resource(s) were provided, but no name was specified');
  if (args.length < 2)
    throw new CommandError(
      'one or more resources must be specified as <resource> <name> or <resource>/<name>',
    );
  const odd = /^(\S+) (in|notin) \((.*)\)$/.exec(text);
  if (odd !== null)
    throw new CommandError(
      `match expression [{${odd[1]} ${odd[2] === 'in' ? 'In' : 'NotIn'} [${(odd[3] ?? '').split(/, */).join(' ')}]}] not supported on this object`,
    );
  const labels = Object.fromEntries(text.split(',').map((pair) => pair.split(/==?/)));
  await change(context, args.slice(0, -1), 'selector', (info) => {
    if (info.resource.kind !== 'Service')
      throw new CommandError(`setting a selector is only supported for Services`);
    return withAt(info.object, ['spec', 'selector'], labels);
  });
}

/** The subjects that `--user`, `--group` and `--serviceaccount` name. @throws CommandError */
export function subjectsOf(flags: Flags): JsonObject[] {
  const apiGroup = 'rbac.authorization.k8s.io';
  const accounts = flags.list('serviceaccount').map((text) => {
    const [namespace = '', name = '', ...more] = text.split(':');
    if (namespace === '' || name === '' || more.length > 0)
      throw new CommandError('serviceaccount must be <namespace>:<name>');
    return { kind: 'ServiceAccount', name, namespace };
  });
  return [
    ...flags.list('user').map((name) => ({ kind: 'User', apiGroup, name })),
    ...flags.list('group').map((name) => ({ kind: 'Group', apiGroup, name })),
    ...accounts,
  ];
}

async function setSubject(context: Context): Promise<void> {
  const { flags } = context;
  const wanted = subjectsOf(flags);
  if (wanted.length === 0)
    throw new CommandError('you must specify at least one value of user, group or serviceaccount');
  await change(
    context,
    context.args,
    'subjects',
    (info) => {
      if (!/^(Cluster)?RoleBinding$/.test(info.resource.kind))
        throw new CommandError(
          `${info.resource.plural}/${info.name} setting subjects is only supported for RoleBinding/ClusterRoleBinding`,
        );
      const subjects = listAt(info.object, 'subjects');
      const key = (one: Json): string =>
        ['kind', 'apiGroup', 'namespace', 'name'].map((field) => textAt(one, field)).join('/');
      const known = new Set(subjects.map(key));
      const fresh = wanted.filter((one) => !known.has(key(one)));
      return fresh.length === 0 ? undefined : { ...info.object, subjects: [...subjects, ...fresh] };
    },
    'updated',
  );
}

async function setServiceAccount(context: Context): Promise<void> {
  const { args } = context;
  const account = args.at(-1);
  if (account === undefined || args.length < 2) throw new CommandError('serviceaccount is required');
  await change(context, args.slice(0, -1), 'serviceaccount', (info) => {
    const path = podSpecPath(info.resource.kind);
    return withAt(info.object, path, { ...objectAt(info.object, ...path), serviceAccountName: account });
  });
}
