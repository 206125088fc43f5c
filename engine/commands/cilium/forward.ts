import { Signalled, type Sys } from '../../base/process.ts';
import type { Connection } from '../../net/socket.ts';
import { forwardRelay } from '../hubble/server.ts';
import { listAt, textAt } from '../kubectl/client.ts';
import { ApiError } from '../kubectl/errors.ts';
import { type CliContext, CliFailure } from './command.ts';

/** `cilium hubble port-forward`: stays in the foreground until it is interrupted or the relay's pod goes. */
export async function forwardToRelay(context: CliContext): Promise<void> {
  const { process, ports, flags, namespace } = context;
  const port = flags.text('port-forward');
  if (Number(port) > 65_535)
    throw new CliFailure(
      `Unable to port forward: failed to port forward: failed to port forward: error parsing local port '${port}': strconv.ParseUint: parsing ${JSON.stringify(port)}: value out of range`,
    );
  const forward = forwardRelay(process, ports, { namespace, port: flags.int('port-forward') });
  if ('error' in forward) throw new CliFailure(`Unable to port forward: ${forward.error}`);
  try {
    await process.sys.sleep(60);
    await context.say(`ℹ️  Hubble Relay is available at 127.0.0.1:${forward.listener.port}`);
    for (;;) {
      const connection = await forward.listener.accept(process.sys, 1000);
      if (forward.ended()) throw new CliFailure('Unable to port forward: lost connection to pod');
      if (connection)
        process.sys.spawn({ command: ['cilium', 'hubble', 'port-forward'] }, (sys) =>
          swallow(sys, connection),
        );
    }
  } catch (error) {
    if (error instanceof Signalled && error.signal === 'INT') return;
    throw error;
  } finally {
    forward.listener.close();
  }
}

/** A plain client of the relay's port speaks no gRPC: it hears nothing and is closed. */
async function swallow(sys: Sys, connection: Connection): Promise<number> {
  await connection.receive(sys, 30_000);
  connection.close();
  return 0;
}

/** `cilium hubble ui`: kubectl's port-forward to the UI's Service, with the CLI's words. */
export async function forwardToUi(context: CliContext): Promise<void> {
  const { process, flags, namespace } = context;
  const prefix = 'Unable to port forward: failed to port forward: ';
  const path = `/api/v1/namespaces/${namespace}/services/hubble-ui`;
  const { client } = context.helm(`${prefix}failed to get service "hubble-ui": `, path);
  try {
    context.object(path);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new CliFailure(`${prefix}failed to get service "hubble-ui": ${error.message}`);
  }
  const list = `/api/v1/namespaces/${namespace}/pods`;
  const pods = listAt(client.get(list, { labelSelector: 'k8s-app=hubble-ui' }), 'items');
  if (!pods.some((pod) => textAt(pod, 'status', 'phase') === 'Running'))
    throw new CliFailure(`${prefix}no running pods found for service: hubble-ui`);
  const port = flags.int('port-forward');
  const url = JSON.stringify(`http://localhost:${port}`);
  await context.say(
    flags.bool('open-browser')
      ? `ℹ️  Opening ${url} in your browser...`
      : `ℹ️  Hubble UI is available at ${url}`,
  );
  const words = ['kubectl', 'port-forward', '-n', namespace, 'service/hubble-ui', `${port}:80`];
  const code = await process.run(words, { out: async () => {} });
  if (code !== 0) throw new CliFailure('Unable to port forward: lost connection to pod');
}
