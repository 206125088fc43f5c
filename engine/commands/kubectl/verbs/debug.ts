import type { JsonObject } from '../../../base/json.ts';
import { parse as parseYaml } from '../../../base/yaml.ts';
import { at, listAt, objectAt, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { groupVersion, pathOf } from '../discovery.ts';
import { CommandError } from '../errors.ts';
import { flagTable } from '../flags.ts';
import { isInfo, readManifests } from '../manifests.ts';
import { absolutePath } from '../paths.ts';
import { containerNames, podOrWorkload } from '../pods.ts';
import { attachTo } from '../streams.ts';
import { quoteGo } from '../text.ts';

/** `kubectl debug`: an ephemeral container, a copy of a pod, or a pod on a node (kubectl's pkg/cmd/debug). */
export const debugCommand: Command = {
  name: 'debug',
  about: 'Create debugging sessions for troubleshooting workloads and nodes',
  usage: '(POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ] [options]',
  flags: flagTable(
    'arguments-only attach container,c:string copy-to:string custom:string env:pairs filename,f:strings image:string image-pull-policy:string keep-annotations keep-init-containers=true keep-labels keep-liveness keep-readiness keep-startup profile:string=legacy quiet,q replace same-node set-image:pairs share-processes=true stdin,i target:string tty,t',
  ),
  run: debug,
};

/** A pod and the container in it that the session is about. */
type Session = { readonly path: string; readonly container: string };

const PROFILES = ['legacy', 'general', 'baseline', 'restricted', 'netadmin', 'sysadmin'];

async function debug(context: Context): Promise<number> {
  const { flags } = context;
  const fault = faultOf(context);
  if (fault !== undefined) throw new CommandError(fault);
  const target = flags.text('target');
  if (target !== '' && !flags.bool('quiet'))
    await context.out(
      `Targeting container ${quoteGo(target)}. If you don't see processes from this container it may be because the container runtime doesn't support this feature.\n`,
    );
  if (flags.bool('tty') && !flags.bool('stdin'))
    throw new CommandError('-i/--stdin is required for containers with -t/--tty=true');
  if (flags.text('profile') === 'legacy')
    await context.err(
      '--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly specify a profile, for example "--profile=general".\n',
    );
  const wanted = context.dashAt >= 0 ? context.args.slice(0, context.dashAt) : [...context.args];
  if (flags.list('filename').length > 0)
    for (const info of await readManifests(context, { isValidated: false }))
      if (isInfo(info)) wanted.push(`${info.resource.plural}/${info.name}`);
  for (const word of wanted) {
    const session = await begun(context, word);
    const isAttached = flags.changed('attach') ? flags.bool('attach') : flags.bool('stdin');
    if (isAttached && session.container !== '') await follow(context, session);
  }
  return 0;
}

/** What is wrong with the flags, in the order in which the real one looks (DebugOptions.Complete and Validate). */
function faultOf(context: Context): string | undefined {
  const { flags, args, dashAt } = context;
  const [image, copy, policy] = ['image', 'copy-to', 'image-pull-policy'].map((name) => flags.text(name));
  const words = dashAt >= 0 ? args.slice(dashAt) : [];
  const profile = flags.text('profile');
  if (!PROFILES.includes(profile)) return `unknown profile: ${profile}`;
  if (flags.text('custom') !== '' && customOf(context) === undefined)
    return `must pass a container spec json file for custom profile: open ${flags.text('custom')}: no such file or directory`;
  if (flags.changed('attach') && flags.bool('attach') && image === '' && flags.text('container') === '')
    return 'you must specify --container or create a new container using --image in order to attach.';
  if (copy !== '') {
    if (image === '' && flags.list('set-image').length === 0 && words.length === 0)
      return 'you must specify --image, --set-image or command arguments.';
    if (words.length > 0 && flags.text('container') === '' && image === '')
      return 'you must specify an existing container or a new image when specifying args.';
  } else {
    const alone = ['replace', 'same-node', 'set-image'].find((name) =>
      name === 'set-image' ? flags.list(name).length > 0 : flags.bool(name),
    );
    if (alone !== undefined) return `--${alone} may only be used with --copy-to.`;
    if (image === '') return 'you must specify --image when not using --copy-to.';
  }
  if (args.length === words.length && flags.list('filename').length === 0)
    return 'NAME or filename is required for debug';
  if (!['', 'Always', 'IfNotPresent', 'Never'].includes(policy ?? ''))
    return `invalid image pull policy: ${policy}`;
  if (flags.text('target') !== '' && copy !== '')
    return '--target is incompatible with --copy-to. Use --share-processes instead.';
  return undefined;
}

/** The partial container of `--custom`; undefined when there is no such file. */
function customOf(context: Context): JsonObject | undefined {
  const path = context.flags.text('custom');
  const file = context.process.machine.files.read(absolutePath(context.process.cwd, path));
  return 'error' in file ? undefined : (parseYaml(file.content) as JsonObject);
}

async function begun(context: Context, target: string): Promise<Session> {
  const { resource, name } = podOrWorkload(context, target);
  const namespace = resource.isNamespaced ? context.namespace : '';
  const object = context.client.get(pathOf(resource, namespace, name));
  if (resource.kind === 'Node') return onNode(context, name);
  if (resource.kind !== 'Pod')
    throw new CommandError(
      `${quoteGo(`${groupVersion(resource)}, Kind=${resource.kind}`)} not supported by debug`,
    );
  const own = pathOf(resource, namespace, name);
  return context.flags.text('copy-to') === '' ? inPod(context, object, own) : inCopy(context, object, own);
}

/** Five letters that no other session has. */
function suffix(context: Context, taken: number): string {
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  const seed = context.nowMs + taken * 7919;
  return Array.from(
    { length: 5 },
    (_, place) => letters[Math.floor(seed / letters.length ** place) % letters.length],
  ).join('');
}

async function containerName(context: Context, taken: number): Promise<string> {
  const given = context.flags.text('container');
  if (given !== '') return given;
  const name = `debugger-${suffix(context, taken)}`;
  if (!context.flags.bool('quiet')) await context.out(`Defaulting debug container name to ${name}.\n`);
  return name;
}

/** The debug container as the flags and the profile make it (profiles.go). */
function containerOf(context: Context, name: string): JsonObject {
  const { flags } = context;
  const command = context.dashAt >= 0 ? context.args.slice(context.dashAt) : [];
  const policy = flags.text('image-pull-policy');
  const env = flags.list('env').map((one) => {
    const at = one.indexOf('=');
    return { name: one.slice(0, at), value: one.slice(at + 1) };
  });
  const securityContext = securityOf(flags.text('profile'));
  return {
    name,
    image: flags.text('image'),
    ...(command.length > 0 ? { [flags.bool('arguments-only') ? 'args' : 'command']: command } : {}),
    ...(env.length > 0 ? { env } : {}),
    resources: {},
    ...(policy === '' ? {} : { imagePullPolicy: policy }),
    ...(securityContext === undefined ? {} : { securityContext }),
    ...(flags.bool('stdin') ? { stdin: true } : {}),
    ...(flags.bool('tty') ? { tty: true } : {}),
    terminationMessagePolicy: 'File',
    ...customOf(context),
  };
}

function securityOf(profile: string): JsonObject | undefined {
  if (profile === 'general') return { capabilities: { add: ['SYS_PTRACE'] } };
  if (profile === 'netadmin') return { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } };
  if (profile === 'sysadmin') return { privileged: true };
  if (profile !== 'restricted') return undefined;
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

async function inPod(context: Context, pod: JsonObject, path: string): Promise<Session> {
  const target = context.flags.text('target');
  const name = await containerName(context, containerNames(pod).ephemeral.length);
  const own = {
    ...containerOf(context, name),
    ...(target === '' ? {} : { targetContainerName: target }),
  };
  context.client.patch(`${path}/ephemeralcontainers`, 'strategic', { spec: { ephemeralContainers: [own] } });
  return { path, container: name };
}

/** A copy without the pod's node, and except for the legacy profile without labels, annotations and probes. */
async function inCopy(context: Context, pod: JsonObject, path: string): Promise<Session> {
  const { flags } = context;
  const isLegacy = flags.text('profile') === 'legacy';
  const { nodeName, ephemeralContainers: _, initContainers, ...spec } = objectAt(pod, 'spec');
  const images = new Map(flags.list('set-image').map((one) => one.split('=', 2) as [string, string]));
  const wanted = flags.text('container');
  const { main, init } = containerNames(pod);
  const isKnown = [...main, ...init].includes(wanted);
  // With new images alone the profile has no say.
  const isBare = !isKnown && flags.text('image') === '';
  if (isBare && images.size === 0)
    throw new CommandError('you must specify image when creating new container');
  const name = isBare || isKnown ? wanted : await containerName(context, 0);
  const { resources: __, ...change } = containerOf(context, name);
  const kept = (key: string) => isBare || isLegacy || flags.bool(`keep-${key}`);
  const containers = listAt(pod, 'spec', 'containers').map((one) => {
    const { livenessProbe, readinessProbe, startupProbe, ...rest } = one as JsonObject;
    const image = images.get(textAt(one, 'name')) ?? images.get('*') ?? textAt(one, 'image');
    const asked = textAt(change, 'image');
    return {
      ...rest,
      ...(kept('liveness') && livenessProbe !== undefined ? { livenessProbe } : {}),
      ...(kept('readiness') && readinessProbe !== undefined ? { readinessProbe } : {}),
      ...(kept('startup') && startupProbe !== undefined ? { startupProbe } : {}),
      image,
      ...(textAt(one, 'name') === name ? { ...change, image: asked === '' ? image : asked } : {}),
    };
  });
  const { annotations, labels } = objectAt(pod, 'metadata');
  const hasInit = initContainers !== undefined && (isBare || isLegacy || flags.bool('keep-init-containers'));
  const isShared = flags.changed('share-processes') || !(isLegacy || isBare);
  const copy = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: flags.text('copy-to'),
      ...(kept('annotations') && annotations !== undefined ? { annotations } : {}),
      ...((isBare || (!isLegacy && kept('labels'))) && labels !== undefined ? { labels } : {}),
    },
    spec: {
      ...spec,
      containers: [...containers, ...(isKnown || isBare ? [] : [change])],
      ...(hasInit ? { initContainers } : {}),
      ...(flags.bool('same-node') && nodeName !== undefined ? { nodeName } : {}),
      ...(isShared ? { shareProcessNamespace: flags.bool('share-processes') } : {}),
    },
  };
  const all = path.slice(0, path.lastIndexOf('/'));
  context.client.post(all, copy);
  if (flags.bool('replace')) context.client.delete(path, {});
  return { path: `${all}/${flags.text('copy-to')}`, container: name };
}

/** A pod on the node: by profile in the node's own namespaces, and with its files under /host. */
async function onNode(context: Context, node: string): Promise<Session> {
  const all = pathOf(context.discovery.need('pods'), context.namespace);
  const name = `node-debugger-${node}-${suffix(context, 1)}`;
  const container = context.flags.text('container') || 'debugger';
  if (!context.flags.bool('quiet'))
    await context.out(`Creating debugging pod ${name} with container ${container} on node ${node}.\n`);
  const profile = context.flags.text('profile');
  const isInside = profile === 'baseline' || profile === 'restricted';
  const hasFiles = !isInside && profile !== 'netadmin';
  const { securityContext, ...own } = containerOf(context, container);
  context.client.post(all, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      containers: [
        {
          ...own,
          ...(profile === 'general' || securityContext === undefined ? {} : { securityContext }),
          ...(hasFiles ? { volumeMounts: [{ mountPath: '/host', name: 'host-root' }] } : {}),
        },
      ],
      ...(isInside ? {} : { hostIPC: true, hostNetwork: true, hostPID: true }),
      nodeName: node,
      restartPolicy: 'Never',
      tolerations: [{ operator: 'Exists' }],
      ...(hasFiles ? { volumes: [{ name: 'host-root', hostPath: { path: '/' } }] } : {}),
    },
  });
  return { path: `${all}/${name}`, container };
}

/** Attaches once the container runs; one that ended before is read from its log. */
async function follow(context: Context, { path, container }: Session): Promise<void> {
  const { flags } = context;
  const state = (): unknown => {
    const pod = context.client.get(path);
    const lists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'];
    const all = lists.flatMap((list) => listAt(pod, 'status', list));
    const own = all.find((one) => textAt(one, 'name') === container);
    return at(own, 'state');
  };
  const isRunning = () => at(state(), 'running') !== undefined;
  let told = '';
  for (let isOver = false; !isOver && !isRunning(); ) {
    isOver = at(state(), 'terminated') !== undefined;
    const why = textAt(state(), 'waiting', 'message');
    if (why !== '' && why !== told && !flags.bool('quiet'))
      await context.err(`Warning: container ${container}: ${why}\n`);
    told = why;
    if (!isOver) await context.process.sys.sleep(100);
  }
  if (!isRunning()) {
    const said = context.client.logs(`${path}/log`, { container });
    return context.out(typeof said === 'string' ? said : said.take());
  }
  await attachTo(context, path, container, flags.bool('stdin'), flags.bool('tty'));
}
