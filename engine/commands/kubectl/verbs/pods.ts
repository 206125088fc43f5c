import type { JsonObject } from '../../../base/json.ts';
import { itemsOf } from '../builder.ts';
import { at, nameIn, namespaceIn, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { pathOf } from '../discovery.ts';
import { CommandError, PlainError } from '../errors.ts';
import { eventAge } from '../describe/writer.ts';
import { flagTable } from '../flags.ts';
import { attachablePod, containersOf, defaultContainer } from '../pods.ts';
import { printerFor } from '../print/output.ts';
import { alignColumns } from '../print/table.ts';
import { attachTo } from '../streams.ts';
import { quoteGo } from '../text.ts';
import { copyCommand } from './cp.ts';
import { debugCommand } from './debug.ts';

/** `attach`, `cp`, `debug` and `events`. */
export const POD_COMMANDS: readonly Command[] = [
  {
    name: 'attach',
    about: 'Attach to a running container',
    usage: '(POD | TYPE/NAME) -c CONTAINER [options]',
    flags: flagTable('container,c:string pod-running-timeout:duration=1m0s quiet,q stdin,i tty,t'),
    run: attach,
  },
  copyCommand,
  debugCommand,
  {
    name: 'events',
    about: 'List events',
    usage: '[(-o|--output=)FORMAT] [--for TYPE/NAME] [--watch] [--types=Normal,Warning]',
    flags: flagTable(
      'all-namespaces,A allow-missing-template-keys=true chunk-size:int=500 for:string no-headers output,o:string show-managed-fields template:string types:strings watch,w',
    ),
    run: events,
  },
];

async function attach(context: Context): Promise<void> {
  const { flags } = context;
  const [target] = context.args;
  if (target === undefined) throw new CommandError('at least 1 argument is required for attach');
  const word = context.args[1] === undefined ? target : `${target}/${context.args[1]}`;
  const { pod } = await attachablePod(context, word, flags.ms('pod-running-timeout'));
  const phase = textAt(pod, 'status', 'phase');
  if (phase === 'Succeeded' || phase === 'Failed')
    throw new CommandError(`cannot attach a container in a completed pod; current phase is ${phase}`);
  const container = flags.text('container') || (await defaultContainer(context, pod, flags.bool('quiet')));
  const own = containersOf(pod).find((one) => textAt(one, 'name') === container);
  if (own === undefined)
    throw new CommandError(
      `cannot attach to the container: container ${container} not found in pod ${nameIn(pod)}`,
    );
  const hasTty = at(own, 'tty') === true;
  if (flags.bool('tty') && !hasTty && !flags.bool('quiet'))
    await context.err(`error: Unable to use a TTY - container ${container} did not allocate one\n`);
  const path = pathOf(context.discovery.need('pods'), namespaceIn(pod), nameIn(pod));
  await attachTo(context, path, container, flags.bool('stdin'), hasTty);
}

/** A timestamp as microseconds since the epoch; 0 when there is none. */
function microseconds(text: string): number {
  const [whole = '', fraction = ''] = text.replace('Z', '').split('.');
  const ms = Date.parse(`${whole}Z`);
  return Number.isNaN(ms) ? 0 : ms * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

async function events(context: Context): Promise<void> {
  const { flags } = context;
  const resource = context.discovery.need('events');
  const isAll = flags.bool('all-namespaces');
  const [type = '', name] = flags.text('for').split('/');
  if (flags.text('for') !== '' && name === undefined)
    throw new CommandError('--for must be in resource/name form');
  const about = name === undefined ? undefined : context.discovery.find(type);
  if (name !== undefined && about === undefined)
    throw new PlainError(`the server doesn't have a resource type ${quoteGo(type)}`);
  const fields =
    about === undefined ? [] : [`involvedObject.kind=${about.kind}`, `involvedObject.name=${name}`];
  const types = flags
    .list('types')
    .map((one) => one.toLowerCase())
    .filter((one) => one !== '');
  const wrong = flags
    .list('types')
    .find((one) => one !== '' && !['normal', 'warning'].includes(one.toLowerCase()));
  if (wrong !== undefined) throw new CommandError(`valid --types are Normal or Warning`);
  const namespace = isAll ? '' : context.namespace;
  const query = { fieldSelector: fields.join(',') || undefined, limit: '500' };
  const list = context.client.get(pathOf(resource, namespace), query);
  const isWanted = (event: JsonObject): boolean =>
    types.length === 0 || types.includes(textAt(event, 'type').toLowerCase());
  const found = itemsOf(list, resource).filter(isWanted);
  // Microseconds count: what has only an eventTime comes behind the whole second of the others.
  const when = (event: JsonObject): number =>
    microseconds(
      textAt(event, 'series', 'lastObservedTime') ||
        textAt(event, 'lastTimestamp') ||
        textAt(event, 'eventTime'),
    );
  const sorted = found
    .map((event, index) => ({ event, index }))
    .sort((a, b) => when(a.event) - when(b.event) || a.index - b.index);
  const printer = printerFor(context, { isGet: false });
  // The printer of names knows no lists.
  if (printer !== undefined && flags.text('output') === 'name') return;
  if (printer !== undefined)
    return context.out(
      printer.print(
        { apiVersion: 'v1', items: sorted.map((one) => one.event), kind: 'EventList', metadata: {} },
        undefined,
      ),
    );
  if (sorted.length === 0 && !flags.bool('watch'))
    return context.err(isAll ? 'No events found.\n' : `No events found in ${context.namespace} namespace.\n`);
  const row = (event: JsonObject): string[] => [
    ...(isAll ? [namespaceIn(event)] : []),
    eventAge(event, context.nowMs),
    textAt(event, 'type'),
    textAt(event, 'reason'),
    `${textAt(event, 'involvedObject', 'kind')}/${textAt(event, 'involvedObject', 'name')}`,
    textAt(event, 'message').trim(),
  ];
  const header = flags.bool('no-headers')
    ? []
    : [[...(isAll ? ['NAMESPACE'] : []), 'LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE']];
  await context.out(alignColumns([...header, ...sorted.map((one) => row(one.event))], 3, 6));
  if (!flags.bool('watch')) return;
  const cursor = context.client.watch(pathOf(resource, namespace), {
    ...query,
    limit: undefined,
    resourceVersion: textAt(list, 'metadata', 'resourceVersion'),
  });
  try {
    for (;;) {
      await context.process.sys.until(() => cursor.pending() || cursor.ended());
      for (const event of cursor.take())
        if (event.type !== 'BOOKMARK' && event.type !== 'DELETED' && isWanted(event.object))
          await context.out(alignColumns([row(event.object)], 3, 6));
      if (cursor.ended()) return;
    }
  } finally {
    cursor.stop();
  }
}
