import type { JsonObject } from '../../../base/json.ts';
import { nameIn, namespaceIn, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { pathOf } from '../discovery.ts';
import { CommandError, usageError } from '../errors.ts';
import { flagTable } from '../flags.ts';
import { attachablePod, defaultContainer } from '../pods.ts';
import { pumpSession } from '../streams.ts';
import { isInfo, readManifests } from '../manifests.ts';

/** `kubectl exec`. */
export const execCommand: Command = {
  name: 'exec',
  about: 'Execute a command in a container',
  usage: '(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...] [options]',
  flags: flagTable(
    'container,c:string filename,f:strings pod-running-timeout:duration=1m0s quiet,q stdin,i tty,t',
  ),
  run: exec,
};

async function exec(context: Context): Promise<number> {
  const { flags, process } = context;
  const { target, command } = await wordsOf(context);
  if (command.length === 0) throw new CommandError('you must specify at least one command for the container');
  const { pod } = await attachablePod(context, target, flags.ms('pod-running-timeout'));
  refuseCompleted(pod);
  const container = flags.text('container') || (await defaultContainer(context, pod, flags.bool('quiet')));
  const isStdin = flags.bool('stdin');
  const isTty = flags.bool('tty') && isStdin && process.tty('stdin') !== undefined;
  if (flags.bool('tty') && isStdin && !isTty && !flags.bool('quiet'))
    await context.err('Unable to use a TTY - input is not a terminal or the right kind of file\n');
  const session = context.client.exec(
    pathOf(context.discovery.need('pods'), namespaceIn(pod), nameIn(pod), 'exec'),
    {
      command,
      container,
      stderr: isTty ? undefined : 'true',
      stdin: isStdin ? 'true' : undefined,
      stdout: 'true',
      tty: isTty ? 'true' : undefined,
    },
  );
  const code = await pumpSession(process, session, { stdin: isStdin, tty: isTty });
  const failure = session.failure();
  if (failure !== undefined) throw execFailure(failure);
  if (code !== 0) await context.err(`command terminated with exit code ${code}\n`);
  return code;
}

/** @throws CommandError for a pod that has ended */
export function refuseCompleted(pod: JsonObject): void {
  const phase = textAt(pod, 'status', 'phase');
  if (phase === 'Succeeded' || phase === 'Failed')
    throw new CommandError(`cannot exec into a container in a completed pod; current phase is ${phase}`);
}

/** What is said of a command that the runtime could not start. */
export function execFailure(failure: string): CommandError {
  // containerd's id of the exec is not kept anywhere a learner could see it.
  const id = '0'.repeat(64);
  return new CommandError(
    `Internal error occurred: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "${id}": ${failure}`,
  );
}

async function wordsOf(
  context: Context,
): Promise<{ readonly target: string; readonly command: readonly string[] }> {
  const { args, dashAt } = context;
  if (context.flags.list('filename').length > 0) {
    const info = (await readManifests(context, { isValidated: false })).find(isInfo);
    if (info === undefined) throw new CommandError('no objects passed to exec');
    return { target: `${info.resource.plural}/${info.name}`, command: args };
  }
  if (args.length === 0 || dashAt === 0)
    throw new CommandError('pod, type/name or --filename must be specified');
  const [target = '', ...command] = args;
  if (dashAt < 0 && command.length > 0)
    throw usageError(
      context.path,
      'exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead',
    );
  return { target, command };
}
