import { servingSys } from '../waiting.ts';
import { totalDeadline } from './connect.ts';
import type { Transfer } from './exchange.ts';
import { type Link, TransferEnd } from './run.ts';
import { wholeMs } from './words.ts';

/** telnet://: standard input goes to the peer, what it says to the output, until it closes. @throws TransferEnd */
export async function pumpTelnet(transfer: Transfer, link: Link): Promise<void> {
  const { run, config, moments, output } = transfer;
  const { stdin, sys } = run.process;
  const serving = servingSys(
    transfer.meter.sys,
    () => stdin.length > 0,
    async () => {
      await link.connection.send(sys, stdin.take());
    },
  );
  for (;;) {
    const got = await link.reader.fill(serving, totalDeadline(config, moments));
    if (got === 'data') {
      await output.write(link.reader.takeAll());
      continue;
    }
    if (got === 'timeout') {
      const ms = wholeMs(run.process.sys.nowMs() - moments.startMs);
      const bytes = link.reader.receivedBytes;
      throw new TransferEnd({
        code: 28,
        text: `Operation timed out after ${ms} milliseconds with ${bytes} bytes received`,
        hadConnection: true,
      });
    }
    link.connection.close();
    if (got === 'reset')
      throw new TransferEnd({
        code: 56,
        text: 'Recv failure: Connection reset by peer',
        hadConnection: true,
      });
    return;
  }
}
