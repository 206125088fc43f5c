import type { Sys } from '../../base/process.ts';
import type { DnsMessage } from '../../net/dns.ts';
import type { Network } from '../../net/socket.ts';

/** Why a question over TCP got no answer. */
export type DnsTcpFailure = 'timed out' | 'connection refused' | 'host unreachable' | 'end of file';

/** Asks a DNS server over TCP, several questions on one connection; the answers in order, or why there are none. */
export async function askOverTcp(
  sys: Sys,
  network: Network,
  request: { readonly server: string; readonly questions: readonly DnsMessage[]; readonly timeoutMs: number },
): Promise<readonly DnsMessage[] | DnsTcpFailure> {
  const endMs = sys.nowMs() + request.timeoutMs;
  const dialled = await network.connect(sys, { address: request.server, port: 53 }, request.timeoutMs);
  if (dialled.kind === 'refused') return 'connection refused';
  if (dialled.kind === 'timeout') return 'timed out';
  if (dialled.kind === 'unreachable') return 'host unreachable';
  const { connection } = dialled;
  const answers: DnsMessage[] = [];
  try {
    for (const question of request.questions) {
      await connection.send(sys, `${JSON.stringify(question)}\n`);
      let text = '';
      while (!text.includes('\n')) {
        const got = await connection.receive(sys, Math.max(0, endMs - sys.nowMs()));
        if (got.kind === 'timeout') return 'timed out';
        if (got.kind !== 'data') return 'end of file';
        text += got.text;
      }
      answers.push(JSON.parse(text.slice(0, text.indexOf('\n'))) as DnsMessage);
    }
  } finally {
    connection.close();
  }
  return answers;
}
