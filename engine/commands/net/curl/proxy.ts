import type { Connection } from '../../../net/socket.ts';
import type { HttpReader } from '../http-reader.ts';
import { fail, type Opening, type Place, totalDeadline } from './connect.ts';
import type { CurlConfig } from './options.ts';
import type { CurlUrl } from './url.ts';

function isExempt(list: string | undefined, host: string): boolean {
  const names = (list ?? '').toLowerCase().split(/[ ,]+/);
  return names.some(
    (name) => name === '*' || `.${host.toLowerCase()}`.endsWith(`.${name.replace(/^\./, '')}`),
  );
}

/** The proxy of -x for a URL; undefined: none. */
export function proxyOf(config: CurlConfig, url: CurlUrl): Place | undefined {
  if (!config.proxy || (config.noProxy && isExempt(config.noProxy, url.host))) return undefined;
  const match = /^(?:([a-z0-9]+):\/\/)?(?:[^@/]*@)?(\[[^\]]*\]|[^:/]+)(?::(\d+))?/i.exec(config.proxy);
  return {
    scheme: /^socks/i.test(match?.[1] ?? '') ? 'socks' : 'http',
    host: (match?.[2] ?? '').replace(/^\[|\]$/g, ''),
    port: Number(match?.[3] ?? 1_080),
    isProxy: true,
    ...(url.scheme === 'https' && { tunnelTo: `${url.host}:${url.port}` }),
  };
}

/** Asks a proxy for a tunnel. @throws TransferEnd 56 when it answers with another status than 200 */
export async function openTunnel(
  { run, config, place, meter, moments }: Opening,
  connection: Connection,
  reader: HttpReader,
): Promise<void> {
  await connection.send(meter.sys, `CONNECT ${place.tunnelTo} HTTP/1.1\r\nHost: ${place.tunnelTo}\r\n\r\n`);
  const answer = await reader.readHead(meter.sys, 'HEAD', totalDeadline(config, moments), false);
  if (answer.kind === 'head' && answer.head.status === 200) return;
  connection.close();
  const text =
    answer.kind === 'head'
      ? `CONNECT tunnel failed, response ${answer.head.status}`
      : 'Proxy CONNECT aborted';
  await fail(run, { code: 56, text, hadConnection: true });
}
