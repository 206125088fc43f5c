import type { JsonObject } from '../../../base/json.ts';
import { Stream } from '../../../base/stream.ts';
import { nameIn, namespaceIn } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { pathOf } from '../discovery.ts';
import { ApiError, CommandError, usageError } from '../errors.ts';
import { flagTable } from '../flags.ts';
import { quoteGo } from '../text.ts';
import {
  bestFirst,
  containerNames,
  defaultContainer,
  firstPod,
  podOrWorkload,
  podSelector,
  podsOf,
} from '../pods.ts';

/** `kubectl logs`. */
export const logsCommand: Command = {
  name: 'logs',
  about: 'Print the logs for a container in a pod',
  usage: '[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER] [options]',
  flags:
    flagTable(`all-containers all-pods container,c:string follow,f ignore-errors insecure-skip-tls-verify-backend limit-bytes:int=0
    max-log-requests:int=5 pod-running-timeout:duration=20s prefix previous,p selector,l:string since:duration=0s since-time:string tail:int=-1 timestamps`),
  run: logs,
};

type Source = { readonly pod: JsonObject; readonly container: string; readonly prefix: string };

const USAGE =
  "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command";

async function logs(context: Context): Promise<void> {
  const { flags, args } = context;
  const selector = flags.text('selector');
  if (args.length === 0 && selector === '') throw usageError(context.path, USAGE);
  if (args.length > 0 && selector !== '')
    throw usageError(context.path, 'only a selector (-l) or a POD name is allowed');
  if (args.length > 2) throw usageError(context.path, USAGE);
  if (args.length === 2 && flags.text('container') !== '')
    throw usageError(context.path, 'only one of -c or an inline [CONTAINER] arg is allowed');
  if (flags.bool('all-containers') && (flags.text('container') !== '' || args.length === 2))
    throw new CommandError(
      '--all-containers=true should not be specified with container name '.concat(
        flags.text('container') || (args[1] ?? ''),
      ),
    );
  if (flags.int('limit-bytes') < 0 || (flags.changed('limit-bytes') && flags.int('limit-bytes') === 0))
    throw new CommandError('--limit-bytes must be greater than 0');
  const sinceTime = flags.text('since-time');
  if (sinceTime !== '' && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)$/.test(sinceTime))
    throw new CommandError(
      `parsing time ${quoteGo(sinceTime)} as "2006-01-02T15:04:05Z07:00": cannot parse ${quoteGo(sinceTime)} as "2006"`,
    );
  if (flags.changed('since') && flags.changed('since-time'))
    throw new CommandError('at most one of `sinceTime` or `sinceSeconds` may be specified');
  if (flags.int('tail') < -1) throw new CommandError('--tail must be greater than or equal to -1');
  const sources =
    selector === ''
      ? await sourcesOfTarget(context, args[0] ?? '')
      : await sourcesOfSelector(context, selector);
  if (sources === undefined) return;
  if (flags.bool('follow') && sources.length > flags.int('max-log-requests')) {
    throw new CommandError(
      `you are attempting to follow ${sources.length} log streams, but maximum allowed concurrency is ${flags.int('max-log-requests')}, use --max-log-requests to increase the limit`,
    );
  }
  if (flags.bool('follow') && sources.length > 1) return followAll(context, sources);
  for (const source of sources) await printOne(context, source);
}

async function sourcesOfSelector(context: Context, selector: string): Promise<readonly Source[] | undefined> {
  const pods = podsOf(context, context.namespace, selector);
  if (pods.length === 0) {
    await context.err(`No resources found in ${context.namespace} namespace.\n`);
    return undefined;
  }
  const out: Source[] = [];
  for (const pod of pods) out.push(...(await sourcesOfPod(context, pod)));
  return out;
}

async function sourcesOfTarget(context: Context, word: string): Promise<readonly Source[] | undefined> {
  const { flags } = context;
  const { resource, name } = podOrWorkload(context, word);
  const owner = ownerOf(context, resource.isNamespaced ? context.namespace : '', resource, name);
  if (resource.kind === 'Pod') return sourcesOfPod(context, owner);
  const selector = podSelector(owner, resource, 'cannot get the logs from');
  const pods = bestFirst(podsOf(context, context.namespace, selector), true);
  if (flags.bool('all-pods')) {
    const out: Source[] = [];
    for (const pod of pods) out.push(...(await sourcesOfPod(context, pod, true)));
    return out;
  }
  const pod =
    pods[0] ?? (await firstPod(context, context.namespace, selector, flags.ms('pod-running-timeout')));
  if (pods.length > 1) await context.err(`Found ${pods.length} pods, using pod/${nameIn(pod)}\n`);
  return sourcesOfPod(context, pod);
}

function ownerOf(
  context: Context,
  namespace: string,
  resource: Parameters<typeof pathOf>[0],
  name: string,
): JsonObject {
  try {
    return context.client.get(pathOf(resource, namespace, name));
  } catch (error) {
    if (!(error instanceof ApiError) || !error.isNotFound) throw error;
    throw new CommandError(`error from server (NotFound): ${error.message} in namespace "${namespace}"`);
  }
}

async function sourcesOfPod(
  context: Context,
  pod: JsonObject,
  isPrefixed = false,
): Promise<readonly Source[]> {
  const { flags } = context;
  const name = nameIn(pod);
  const { main, init, ephemeral } = containerNames(pod);
  const source = (container: string): Source => ({
    pod,
    container,
    prefix: flags.bool('prefix') || isPrefixed ? `[pod/${name}/${container}] ` : '',
  });
  if (flags.bool('all-containers')) return [...init, ...main, ...ephemeral].map(source);
  const wanted = flags.text('container') || context.args[1] || '';
  if (wanted === '') return [source(await defaultContainer(context, pod, false))];
  if (![...main, ...init, ...ephemeral].includes(wanted))
    throw new CommandError(`container ${wanted} is not valid for pod ${name}`);
  return [source(wanted)];
}

function open(context: Context, source: Source): Stream {
  const { flags } = context;
  const tail = flags.changed('tail')
    ? flags.int('tail')
    : flags.text('selector') !== '' && !flags.bool('follow')
      ? 10
      : -1;
  const path = pathOf(context.discovery.need('pods'), namespaceIn(source.pod), nameIn(source.pod), 'log');
  const answer = context.client.logs(path, {
    container: source.container,
    follow: flags.bool('follow') ? 'true' : undefined,
    limitBytes: flags.int('limit-bytes') > 0 ? flags.text('limit-bytes') : undefined,
    previous: flags.bool('previous') ? 'true' : undefined,
    sinceSeconds: flags.ms('since') > 0 ? String(Math.ceil(flags.ms('since') / 1000)) : undefined,
    sinceTime: flags.text('since-time') || undefined,
    tailLines: tail >= 0 ? String(tail) : undefined,
    timestamps: flags.bool('timestamps') ? 'true' : undefined,
  });
  if (typeof answer !== 'string') return answer;
  const stream = new Stream();
  stream.push(answer);
  stream.end();
  return stream;
}

async function printOne(context: Context, source: Source): Promise<void> {
  const { sys } = context.process;
  let stream: Stream;
  try {
    stream = open(context, source);
  } catch (error) {
    if (!context.flags.bool('ignore-errors') || !(error instanceof ApiError)) throw error;
    return context.out(`error: ${error.message}\n`);
  }
  const writer = lineWriter(context, source.prefix);
  for (;;) {
    const text = await stream.read(sys);
    if (text === undefined) return;
    await writer(text);
  }
}

function lineWriter(context: Context, prefix: string): (text: string) => Promise<void> {
  if (prefix === '') return (text) => context.out(text);
  let isLineStart = true;
  return async (text) => {
    let out = '';
    for (const line of text.split(/(?<=\n)/)) {
      out += (isLineStart ? prefix : '') + line;
      isLineStart = line.endsWith('\n');
    }
    await context.out(out);
  };
}

async function followAll(context: Context, sources: readonly Source[]): Promise<void> {
  const { sys } = context.process;
  const opened = sources.map((source) => ({
    stream: open(context, source),
    write: lineWriter(context, source.prefix),
  }));
  for (;;) {
    const live = opened.filter(({ stream }) => stream.length > 0 || !stream.ended);
    if (live.length === 0) return;
    await sys.until(
      () =>
        live.some(({ stream }) => stream.length > 0) ||
        live.some(({ stream }) => stream.ended && stream.length === 0),
    );
    for (const { stream, write } of live) if (stream.length > 0) await write(stream.take());
  }
}
