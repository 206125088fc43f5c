import type { JsonObject } from '../../../base/json.ts';
import { at, listAt, objectAt, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { pathOf } from '../discovery.ts';
import { CommandError } from '../errors.ts';
import { flagTable } from '../flags.ts';
import { attachablePod, containerNames, podOrWorkload } from '../pods.ts';
import { pumpSession } from '../streams.ts';

/** `kubectl debug`: an ephemeral container, a copy of a pod, or a pod on a node (kubectl's pkg/cmd/debug). */
export const debugCommand: Command = {
  name: 'debug',
  about: 'Create debugging sessions for troubleshooting workloads and nodes',
  usage: '(POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ] [options]',
  flags: flagTable(
    'arguments-only attach container,c:string copy-to:string custom:string env:stringArray filename,f:strings image:string image-pull-policy:string keep-annotations keep-init-containers=true keep-labels keep-liveness keep-readiness keep-startup profile:string=legacy quiet,q replace same-node set-image:strings share-processes=true stdin,i target:string tty,t',
  ),
  run: debug,
};

/** A pod and the container in it that the session is about. */
type Session = { readonly path: string; readonly container: string };

async function debug(context: Context): Promise<number> {
  const { flags } = context;
  const [target] = context.args;
  if (flags.text('image') === '' && flags.text('copy-to') === '')
    throw new CommandError('you must specify --image when not using --copy-to.');
  if (target === undefined) throw new CommandError('NAME or filename is required for debug');
  if (!flags.changed('profile'))
    await context.err(
      '--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly specify a profile, for example "--profile=general".\n',
    );
  const session = await begun(context, target);
  return flags.bool('stdin') || flags.bool('attach') ? follow(context, session) : 0;
}

async function begun(context: Context, target: string): Promise<Session> {
  const { resource, name } = podOrWorkload(context, target);
  if (resource.kind === 'Node') return onNode(context, name);
  const { pod } = await attachablePod(context, target, 1000);
  const own = pathOf(
    context.discovery.need('pods'),
    textAt(pod, 'metadata', 'namespace'),
    textAt(pod, 'metadata', 'name'),
  );
  return context.flags.text('copy-to') === '' ? inPod(context, pod, own) : inCopy(context, pod, own);
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

function containerOf(context: Context, name: string): JsonObject {
  const { flags } = context;
  const command = context.dashAt >= 0 ? context.args.slice(context.dashAt) : [];
  return {
    name,
    image: flags.text('image'),
    ...(command.length > 0 ? { [flags.bool('arguments-only') ? 'args' : 'command']: command } : {}),
    resources: {},
    ...(flags.bool('stdin') ? { stdin: true } : {}),
    ...(flags.bool('tty') ? { tty: true } : {}),
    terminationMessagePolicy: 'File',
  };
}

async function inPod(context: Context, pod: JsonObject, path: string): Promise<Session> {
  const target = context.flags.text('target');
  const name = await containerName(context, containerNames(pod).ephemeral.length);
  const { command, ...container } = containerOf(context, name);
  if (target !== '')
    await context.out(
      `Targeting container ${JSON.stringify(target)}. If you don't see processes from this container it may be because the container runtime doesn't support this feature.\n`,
    );
  const own = {
    ...container,
    ...(command === undefined ? {} : { args: command }),
    ...(target === '' ? {} : { targetContainerName: target }),
  };
  context.client.patch(`${path}/ephemeralcontainers`, 'strategic', { spec: { ephemeralContainers: [own] } });
  return { path, container: name };
}

/** Pods are copied without their node, labels and probes, unless asked for. */
async function inCopy(context: Context, pod: JsonObject, path: string): Promise<Session> {
  const { flags } = context;
  const { nodeName, ephemeralContainers: _, ...spec } = objectAt(pod, 'spec');
  const images = new Map(flags.list('set-image').map((one) => one.split('=', 2) as [string, string]));
  const wanted = flags.text('container');
  const isKnown = listAt(pod, 'spec', 'containers').some((one) => textAt(one, 'name') === wanted);
  const name = flags.text('image') === '' || isKnown ? wanted : await containerName(context, 0);
  const containers = listAt(pod, 'spec', 'containers').map((one) => {
    const { livenessProbe, readinessProbe, startupProbe, ...rest } = one as JsonObject;
    const image = images.get(textAt(one, 'name')) ?? images.get('*') ?? textAt(one, 'image');
    const kept = {
      ...rest,
      image,
      ...(flags.bool('keep-liveness') && livenessProbe !== undefined ? { livenessProbe } : {}),
      ...(flags.bool('keep-readiness') && readinessProbe !== undefined ? { readinessProbe } : {}),
      ...(flags.bool('keep-startup') && startupProbe !== undefined ? { startupProbe } : {}),
    };
    if (!isKnown || textAt(one, 'name') !== name) return kept;
    const { image: asked, ...change } = containerOf(context, name);
    return { ...kept, ...change, image: asked === '' ? image : (asked ?? image) };
  });
  const added = isKnown || flags.text('image') === '' ? [] : [containerOf(context, name)];
  const labels = at(pod, 'metadata', 'labels');
  const copy = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: flags.text('copy-to'),
      ...(flags.bool('keep-labels') && labels !== undefined ? { labels } : {}),
    },
    spec: {
      ...spec,
      containers: [...containers, ...added],
      ...(flags.bool('same-node') && nodeName !== undefined ? { nodeName } : {}),
      ...(flags.bool('share-processes') ? { shareProcessNamespace: true } : {}),
    },
  };
  if (flags.bool('replace')) context.client.delete(path, {});
  const all = path.slice(0, path.lastIndexOf('/'));
  context.client.post(all, copy);
  return {
    path: `${all}/${flags.text('copy-to')}`,
    container: name || textAt(containers[0], 'name'),
  };
}

/** A pod in the node's own namespaces, with the node's files under /host. */
async function onNode(context: Context, node: string): Promise<Session> {
  context.client.get(pathOf(context.discovery.need('nodes'), '', node));
  const all = pathOf(context.discovery.need('pods'), context.namespace);
  const name = `node-debugger-${node}-${suffix(context, 1)}`;
  const container = context.flags.text('container') || 'debugger';
  if (!context.flags.bool('quiet'))
    await context.out(`Creating debugging pod ${name} with container ${container} on node ${node}.\n`);
  const mounted = { mountPath: '/host', name: 'host-root' };
  context.client.post(all, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      containers: [{ ...containerOf(context, container), volumeMounts: [mounted] }],
      hostIPC: true,
      hostNetwork: true,
      hostPID: true,
      nodeName: node,
      restartPolicy: 'Never',
      tolerations: [{ operator: 'Exists' }],
      volumes: [{ name: 'host-root', hostPath: { path: '/' } }],
    },
  });
  return { path: `${all}/${name}`, container };
}

/** Attaches once the container runs; one that ended before is read from its log. */
async function follow(context: Context, { path, container }: Session): Promise<number> {
  const { flags } = context;
  const state = (): unknown => {
    const pod = context.client.get(path);
    const lists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'];
    const all = lists.flatMap((list) => listAt(pod, 'status', list));
    return at(
      all.find((one) => textAt(one, 'name') === container),
      'state',
    );
  };
  const hasBegun = (): boolean =>
    at(state(), 'running') !== undefined || at(state(), 'terminated') !== undefined;
  if (!(await context.process.sys.until(hasBegun, 60_000)))
    throw new CommandError('timed out waiting for the condition');
  if (at(state(), 'running') === undefined) {
    const said = context.client.logs(`${path}/log`, { container });
    await context.out(typeof said === 'string' ? said : said.take());
    return 0;
  }
  const isTty = flags.bool('tty') && context.process.tty('stdin') !== undefined;
  if (!flags.bool('quiet')) await context.err("If you don't see a command prompt, try pressing enter.\n");
  const session = context.client.exec(`${path}/attach`, {
    container,
    stdin: 'true',
    stdout: 'true',
    stderr: isTty ? undefined : 'true',
    tty: isTty ? 'true' : undefined,
  });
  return pumpSession(context.process, session, { stdin: true, tty: isTty });
}
