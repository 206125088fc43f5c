import type { Json, JsonObject } from '../../../base/json.ts';
import { structOfKind } from '../../../objects/types.ts';
import { findObjects, nameOf } from '../builder.ts';
import { at, listAt, objectAt, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { dryRunSuffix } from '../context.ts';
import { groupVersion, pathOf } from '../discovery.ts';
import type { KubectlError } from '../errors.ts';
import { CommandError, kubectlErrorOf, throwAll } from '../errors.ts';
import { flagTable } from '../flags.ts';
import type { Info } from '../manifests.ts';
import { jsonMergePatch, strategicPatch } from '../merge.ts';
import { printerFor } from '../print/output.ts';
import { quoteGo } from '../text.ts';

const COMMON = `all allow-missing-template-keys=true dry-run:string=none?unchanged field-manager:string=kubectl-set filename,f:strings kustomize,k:string local
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
      'Update the user, group, or service account in a role binding or cluster role binding',
      'group:strings serviceaccount:strings user:strings',
      async () => {
        throw new CommandError('you must specify at least one value of user, group or serviceaccount');
      },
    ),
  ],
};

/** Splits arguments at the first `key=value` or `key-`. */
function split(context: Context): {
  readonly resources: readonly string[];
  readonly changes: readonly string[];
} {
  const isChange = (arg: string): boolean => arg.includes('=') || (arg.endsWith('-') && arg.length > 1);
  return { resources: context.args.filter((arg) => !isChange(arg)), changes: context.args.filter(isChange) };
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
  const { infos, errors } = await findObjects(context, resources, {
    isAll: flags.bool('all'),
    selector: flags.text('selector'),
  });
  const faults: KubectlError[] = [...errors];
  for (const info of infos) {
    try {
      const edited = edit(info);
      if (edited === undefined) continue;
      const struct = structOfKind(groupVersion(info.resource), info.resource.kind);
      const patch =
        struct === undefined
          ? jsonMergePatch(info.object, edited)
          : strategicPatch(info.object, edited, struct);
      const printer = printerFor(context, { isGet: false });
      if (Object.keys(patch).length === 0 && printer === undefined) continue;
      let object = edited;
      if (dryRun !== 'client' && !flags.bool('local') && Object.keys(patch).length > 0) {
        object = context.client.patch(
          pathOf(info.resource, info.namespace, info.name),
          struct === undefined ? 'merge' : 'strategic',
          patch,
          { dryRun: dryRun === 'server' ? 'All' : undefined, fieldManager: flags.text('field-manager') },
        );
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

async function setImage(context: Context): Promise<void> {
  const { resources, changes } = split(context);
  if (resources.length === 0 && context.flags.list('filename').length === 0)
    throw new CommandError(
      'one or more resources must be specified as <resource> <name> or <resource>/<name>',
    );
  if (changes.length === 0) throw new CommandError('at least one image update is required');
  const images = changes.map((text) => {
    const equals = text.indexOf('=');
    const [name, image] = [text.slice(0, equals), text.slice(equals + 1)];
    if (equals <= 0 || image === '') throw new CommandError(`invalid image: ${text}`);
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
  const { resources, changes } = split(context);
  const all = [...flags.list('env'), ...changes];
  if (!flags.bool('list') && all.length === 0 && flags.text('from') === '') {
    if (resources.length > 1) await findObjects(context, resources, {});
    throw new CommandError('at least one environment variable must be provided');
  }
  if (flags.bool('list')) return listEnv(context, resources);
  const added = fromSource(context);
  await change(context, resources, 'env', (info) => {
    const path = podSpecPath(info.resource.kind);
    const spec = objectAt(info.object, ...path);
    const edit = (container: Json): Json => {
      const only = flags.text('containers');
      if (only !== '*' && textAt(container, 'name') !== only) return container;
      let env: Json[] = [...listAt(container, 'env')];
      for (const one of added)
        env = [...env.filter((item) => textAt(item, 'name') !== textAt(one, 'name')), one];
      for (const text of all) {
        const equals = text.indexOf('=');
        const name = equals < 0 ? text.slice(0, -1) : text.slice(0, equals);
        if (equals < 0) env = env.filter((item) => textAt(item, 'name') !== name);
        else if (env.some((item) => textAt(item, 'name') === name))
          env = env.map((item) =>
            textAt(item, 'name') === name ? { name, value: text.slice(equals + 1) } : item,
          );
        else env.push({ name, value: text.slice(equals + 1) });
      }
      const { env: _, ...others } = container as JsonObject;
      return env.length === 0 ? others : { ...others, env };
    };
    return withAt(info.object, path, { ...spec, containers: listAt(spec, 'containers').map(edit) });
  });
}

function fromSource(context: Context): readonly JsonObject[] {
  const from = context.flags.text('from');
  if (from === '') return [];
  const [type = '', name = ''] = from.split('/');
  const resource = context.discovery.need(type);
  const data = objectAt(context.client.get(pathOf(resource, context.namespace, name)), 'data');
  const ref = resource.kind === 'Secret' ? 'secretKeyRef' : 'configMapKeyRef';
  const keys = context.flags.list('keys');
  return Object.keys(data)
    .filter((key) => keys.length === 0 || keys.includes(key))
    .sort()
    .map((key) => ({
      name: context.flags.text('prefix') + key.toUpperCase().replace(/[^A-Z0-9_]/g, '_'),
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
      await context.out(`# ${info.resource.plural} ${info.name}, container ${textAt(container, 'name')}\n`);
      for (const variable of listAt(container, 'env')) {
        const from = at(variable, 'valueFrom');
        if (from === undefined)
          await context.out(`${textAt(variable, 'name')}=${textAt(variable, 'value')}\n`);
        else {
          const ref = objectAt(
            from,
            at(from, 'secretKeyRef') === undefined ? 'configMapKeyRef' : 'secretKeyRef',
          );
          await context.out(
            `# ${textAt(variable, 'name')} from ${at(from, 'secretKeyRef') === undefined ? 'configmap' : 'secret'} ${textAt(ref, 'name')}, key ${textAt(ref, 'key')}\n`,
          );
        }
      }
    }
  }
}

async function setResources(context: Context): Promise<void> {
  const { flags } = context;
  const read = (text: string): JsonObject =>
    Object.fromEntries(
      text
        .split(',')
        .filter((one) => one !== '')
        .map((one) => one.split('=')),
    );
  const [limits, requests] = [read(flags.text('limits')), read(flags.text('requests'))];
  if (Object.keys(limits).length === 0 && Object.keys(requests).length === 0)
    throw new CommandError(
      'you must specify an update to requests or limits (in the form of --requests/--limits)',
    );
  await change(context, context.args, 'resource requirements', (info) => {
    const path = podSpecPath(info.resource.kind);
    const spec = objectAt(info.object, ...path);
    const only = flags.text('containers');
    const containers = listAt(spec, 'containers').map((container) => {
      if (only !== '*' && textAt(container, 'name') !== only) return container;
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
  if (args.length < 2 || !text.includes('='))
    throw new CommandError(
      'one or more resources must be specified as <resource> <name> or <resource>/<name>',
    );
  const labels = Object.fromEntries(text.split(',').map((pair) => pair.split(/==?/)));
  await change(context, args.slice(0, -1), 'selector', (info) => {
    if (info.resource.kind !== 'Service')
      throw new CommandError(`setting a selector is only supported for Services`);
    return withAt(info.object, ['spec', 'selector'], labels);
  });
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
