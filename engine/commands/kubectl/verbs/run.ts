import type { JsonObject } from '../../../base/json.ts';
import { nameOf } from '../builder.ts';
import { listAt, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { dryRunSuffix } from '../context.ts';
import { kindName, pathOf } from '../discovery.ts';
import { CommandError, usageError } from '../errors.ts';
import { flagTable } from '../flags.ts';
import { applyMergePatch, isJsonObject } from '../../../base/json.ts';
import { printerFor } from '../print/output.ts';
import { attachTo } from '../streams.ts';
import { quoteGo } from '../text.ts';
import { readDocuments } from '../yaml-input.ts';
import { waitUntilGone } from './delete.ts';

/** `kubectl run`. */
export const runCommand: Command = {
  name: 'run',
  about: 'Run a particular image on the cluster',
  usage:
    'NAME --image=image [--env="key=value"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] [--command] -- [COMMAND] [args...] [options]',
  flags:
    flagTable(`allow-missing-template-keys=true annotations:stringArray attach cascade:string=background?background command dry-run:string=none?unchanged env:stringArray
    expose field-manager:string=kubectl-run filename,f:strings force grace-period:int=-1 image:string image-pull-policy:string kustomize,k:string labels,l:string
    leave-stdin-open output,o:string override-type:string=merge overrides:string pod-running-timeout:duration=1m0s port:string privileged quiet,q recursive,R
    restart:string=Always rm save-config show-managed-fields stdin,i template:string timeout:duration=0s tty,t wait`),
  required: ['image'],
  run,
};

async function run(context: Context): Promise<number> {
  const { flags } = context;
  const own = context.dashAt >= 0 ? context.args.slice(0, context.dashAt) : context.args;
  const [name] = context.args;
  if (name === undefined || context.dashAt === 0) throw usageError(context.path, 'NAME is required for run');
  const extra = context.dashAt >= 0 ? [...own.slice(1), ...context.args.slice(context.dashAt)] : own.slice(1);
  const image = flags.text('image');
  if (image === '') throw new CommandError('--image is required');
  // Only the host of a reference may have capitals.
  const [, path = image] = /^[\w.-]*[A-Z.:][\w.:-]*\/(.*)$/.exec(image) ?? [];
  if (!/^[\w][\w.\-/:@]*$/.test(image) || /[A-Z]/.test(path.replace(/[:@].*$/, '')))
    throw new CommandError(`Invalid image name ${quoteGo(image)}: invalid reference format`);
  const isTty = flags.bool('tty');
  const isStdin = flags.bool('stdin');
  if (isTty && !isStdin)
    throw usageError(context.path, '-i/--stdin is required for containers with -t/--tty=true');
  const isAttached = flags.changed('attach') ? flags.bool('attach') : isStdin || isTty;
  const restart = flags.text('restart');
  if (!['Always', 'OnFailure', 'Never'].includes(restart))
    throw usageError(context.path, `invalid restart policy: ${restart}`);
  const dryRun = await context.dryRun();
  if (flags.bool('rm') && !isAttached)
    throw usageError(context.path, '--rm should only be used for attached containers');
  if (isAttached && dryRun !== 'none')
    throw usageError(
      context.path,
      "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)",
    );
  if (flags.bool('expose') && flags.text('port') === '')
    throw usageError(context.path, '--port must be set when exposing a service');
  const pod = overridden(context, podOf(context, name, extra, restart));
  const pods = context.discovery.need('pods');
  const printer = printerFor(context, { isGet: false, keepOrder: true });
  const query = {
    dryRun: dryRun === 'server' ? 'All' : undefined,
    fieldManager: flags.text('field-manager'),
  };
  const placed =
    dryRun === 'client' && !context.target.isNamespaceExplicit ? pod : withNamespace(pod, context.namespace);
  const made =
    dryRun === 'client' ? placed : context.client.post(pathOf(pods, context.namespace), placed, query);
  const service = flags.bool('expose') ? exposed(context, pod, name, dryRun) : undefined;
  if (service !== undefined) {
    if (printer === undefined) await context.out(`service/${name} created${dryRunSuffix(dryRun)}\n`);
    else {
      await context.out(printer.print(service, context.discovery.need('services')));
      if (flags.text('output') === 'yaml') await context.out('---\n');
    }
  }
  if (isAttached) return attachAndFollow(context, name, restart);
  if (printer !== undefined) await context.out(printer.print(made, pods));
  else if (!flags.bool('quiet'))
    await context.out(`${nameOf({ resource: pods, name })} created${dryRunSuffix(dryRun)}\n`);
  return 0;
}

function withNamespace(object: JsonObject, namespace: string): JsonObject {
  return { ...object, metadata: { ...(object.metadata as JsonObject), namespace } };
}

function podOf(context: Context, name: string, extra: readonly string[], restart: string): JsonObject {
  const { flags } = context;
  const labels =
    flags.text('labels') === '' ? { run: name } : pairsOf(flags.text('labels').split(','), 'label');
  const annotations = pairsOf(flags.list('annotations'), 'annotation');
  const env = flags.list('env').map((text) => {
    const equals = text.indexOf('=');
    if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*=/.test(text)) throw new CommandError(`invalid env: ${text}`);
    return { name: text.slice(0, equals), value: text.slice(equals + 1) };
  });
  const port = flags.text('port');
  if (port !== '' && !/^\d+$/.test(port))
    throw new CommandError(`strconv.Atoi: parsing ${quoteGo(port)}: invalid syntax`);
  const isStdin = flags.bool('stdin');
  const container = {
    name,
    image: flags.text('image'),
    ...(extra.length > 0 ? { [flags.bool('command') ? 'command' : 'args']: extra } : {}),
    ...(port === '' ? {} : { ports: [{ containerPort: Number(port) }] }),
    ...(env.length > 0 ? { env } : {}),
    resources: {},
    ...(flags.text('image-pull-policy') === '' ? {} : { imagePullPolicy: flags.text('image-pull-policy') }),
    ...(flags.bool('privileged') ? { securityContext: { privileged: true } } : {}),
    ...(isStdin ? { stdin: true } : {}),
    ...(isStdin && !flags.bool('leave-stdin-open') ? { stdinOnce: true } : {}),
    ...(flags.bool('tty') ? { tty: true } : {}),
  };
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name,
      creationTimestamp: null,
      labels,
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    },
    spec: { containers: [container], restartPolicy: restart, dnsPolicy: 'ClusterFirst' },
    status: {},
  };
}

function pairsOf(texts: readonly string[], what: string): Record<string, string> {
  const out = new Map<string, string>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals <= 0) throw new CommandError(`unexpected ${what} spec: ${text}`);
    out.set(text.slice(0, equals), text.slice(equals + 1));
  }
  return Object.fromEntries(out);
}

/** What is made, with the members of --overrides in place of its own. @throws CommandError */
export function overridden(context: Context, pod: JsonObject): JsonObject {
  const text = context.flags.text('overrides');
  if (text === '') return pod;
  const type = context.flags.text('override-type');
  if (!['json', 'merge', 'strategic'].includes(type))
    throw new CommandError(`invalid override type: ${type}`);
  const [document] = readDocuments(text);
  if (document === undefined || 'error' in document)
    throw new CommandError(`Invalid JSON: ${document === undefined ? 'empty' : document.error}`);
  if (!isJsonObject(document.value)) throw new CommandError('Invalid JSON Patch');
  return applyMergePatch(pod, document.value) as JsonObject;
}

function exposed(
  context: Context,
  pod: JsonObject,
  name: string,
  dryRun: 'none' | 'client' | 'server',
): JsonObject {
  const port = Number(context.flags.text('port'));
  const selector = (pod.metadata as JsonObject).labels as JsonObject;
  const service: JsonObject = {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name, creationTimestamp: null },
    spec: { ports: [{ protocol: 'TCP', port, targetPort: port }], selector },
    status: { loadBalancer: {} },
  };
  if (dryRun === 'client') return service;
  return context.client.post(
    pathOf(context.discovery.need('services'), context.namespace),
    withNamespace(service, context.namespace),
    { dryRun: dryRun === 'server' ? 'All' : undefined, fieldManager: 'kubectl-run' },
  );
}

/** Waits for the pod to run, joins its streams, and with `--rm` deletes it afterwards. Resolves to its exit code. */
async function attachAndFollow(context: Context, name: string, restart: string): Promise<number> {
  const { flags } = context;
  const pods = context.discovery.need('pods');
  const path = pathOf(pods, context.namespace, name);
  const remove = async (): Promise<void> => {
    if (!flags.bool('rm')) return;
    const answer = context.client.delete(path, { propagationPolicy: 'Background' });
    await context.out(`${kindName(pods)} ${quoteGo(name)} deleted\n`);
    await waitUntilGone(
      context,
      [
        {
          resource: pods,
          namespace: context.namespace,
          name,
          source: '',
          object: { uid: textAt(answer, 'metadata', 'uid') },
        },
      ],
      0,
    );
  };
  let code = 0;
  try {
    const pod = await waitForStart(context, name, flags.ms('pod-running-timeout'));
    const phase = textAt(pod, 'status', 'phase');
    if (phase === 'Succeeded' || phase === 'Failed') await printLogs(context, name);
    else
      await attachTo(
        context,
        pathOf(context.discovery.need('pods'), context.namespace, name),
        name,
        flags.bool('stdin'),
        flags.bool('tty'),
      );
    if (restart === 'Never' || restart === 'OnFailure') {
      const ended = await waitForPhase(context, name, ['Succeeded', 'Failed'], 86_400_000);
      code = exitCodeOf(ended);
      if (textAt(ended, 'status', 'phase') === 'Failed')
        await context.err(
          `pod ${context.namespace}/${name} terminated (${
            listAt(ended, 'status', 'containerStatuses')
              .map((one) => textAt(one, 'state', 'terminated', 'reason'))
              .join('') || 'Error'
          })\n`,
        );
    }
  } finally {
    await remove();
  }
  return code;
}

function exitCodeOf(pod: JsonObject): number {
  for (const status of listAt(pod, 'status', 'containerStatuses')) {
    const code = Number(textAt(status, 'state', 'terminated', 'exitCode') || '0');
    if (code !== 0) return code;
  }
  return 0;
}

async function waitForStart(context: Context, name: string, timeoutMs: number): Promise<JsonObject> {
  return waitForPhase(context, name, ['Running', 'Succeeded', 'Failed'], timeoutMs);
}

async function waitForPhase(
  context: Context,
  name: string,
  phases: readonly string[],
  timeoutMs: number,
): Promise<JsonObject> {
  const { sys } = context.process;
  const pods = context.discovery.need('pods');
  const endMs = sys.nowMs() + timeoutMs;
  const now = context.client.get(pathOf(pods, context.namespace, name));
  if (phases.includes(textAt(now, 'status', 'phase'))) return now;
  const cursor = context.client.watch(pathOf(pods, context.namespace), {
    fieldSelector: `metadata.name=${name}`,
    resourceVersion: textAt(now, 'metadata', 'resourceVersion'),
  });
  try {
    for (;;) {
      if (!(await sys.until(() => cursor.pending() || cursor.ended(), Math.max(0, endMs - sys.nowMs()))))
        throw new CommandError('timed out waiting for the condition');
      for (const event of cursor.take()) {
        if (event.type === 'DELETED') throw new CommandError(`pods ${quoteGo(name)} not found`);
        if (phases.includes(textAt(event.object, 'status', 'phase'))) return event.object;
      }
      if (cursor.ended()) throw new CommandError('timed out waiting for the condition');
    }
  } finally {
    cursor.stop();
  }
}

async function printLogs(context: Context, name: string): Promise<void> {
  const stream = context.client.logs(pathOf(context.discovery.need('pods'), context.namespace, name, 'log'), {
    container: name,
  });
  await context.out(typeof stream === 'string' ? stream : await stream.readAll(context.process.sys));
}
