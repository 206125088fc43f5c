import type { Process } from '../../../shell/program.ts';
import { base64 } from '../words.ts';
import { fail, type Opening, type Place, totalDeadline, verbose } from './connect.ts';
import type { HttpReader } from '../http-reader.ts';
import type { CurlConfig } from './options.ts';
import { type CurlUrl, decodePercent } from './url.ts';
import type { Connection } from '../../../net/socket.ts';

/** What curl takes from its environment: the proxy of a scheme, and the hosts that need none. */
function environment(process: Process, name: string): string | undefined {
  const small = process.env.get(name);
  // HTTP_PROXY in capitals could come from a request's header in a CGI script.
  return small ?? (name === 'http_proxy' ? undefined : process.env.get(name.toUpperCase()));
}

function isExempt(list: string | undefined, host: string): boolean {
  const names = (list ?? '').split(/[ ,]+/).filter((name) => name !== '');
  const bare = host.toLowerCase();
  return names.some((name) => {
    const wanted = name.toLowerCase().replace(/^\./, '').replace(/\.$/, '');
    return name === '*' || bare === wanted || bare.endsWith(`.${wanted}`);
  });
}

/** The proxy of a URL, by option or by environment, and what -v says of the latter. */
export function proxyOf(
  process: Process,
  config: CurlConfig,
  url: CurlUrl,
): { readonly place: Place | undefined; readonly notes: string } {
  let notes = '';
  let proxy = config.proxy;
  if (proxy === undefined) {
    const none = environment(process, 'no_proxy');
    const own = environment(process, `${url.scheme}_proxy`);
    const name = own === undefined ? 'all_proxy' : `${url.scheme}_proxy`;
    proxy = own ?? environment(process, 'all_proxy');
    if (none !== undefined && config.noProxy === undefined)
      notes += `* Uses proxy env variable no_proxy == '${none}'\n`;
    if (isExempt(config.noProxy ?? none, url.host)) proxy = undefined;
    if (proxy !== undefined && proxy !== '') notes += `* Uses proxy env variable ${name} == '${proxy}'\n`;
  } else if (isExempt(config.noProxy ?? environment(process, 'no_proxy'), url.host)) proxy = undefined;
  if (proxy === undefined || proxy === '') return { place: undefined, notes };
  const match = /^(?:([a-z0-9]+):\/\/)?(?:([^@/]*)@)?(\[[^\]]*\]|[^:/]+)(?::(\d+))?/i.exec(proxy);
  const login = match?.[2] === undefined ? config.proxyUser : decodePercent(match[2]);
  const place: Place = {
    scheme: /^socks/i.test(match?.[1] ?? '') ? 'socks' : 'http',
    host: (match?.[3] ?? '').replace(/^\[|\]$/g, ''),
    port: Number(match?.[4] ?? 1_080),
    isProxy: true,
    ...(login === undefined ? {} : { login }),
    ...(url.scheme === 'https' || config.on.has('proxytunnel')
      ? { tunnelTo: `${url.host}:${url.port}` }
      : {}),
  };
  return { place, notes };
}

/** What -v says of the login for a proxy. */
export function proxyNote(login: string | undefined): string {
  return login === undefined ? '' : `* Proxy auth using Basic with user '${login.split(':')[0]}'\n`;
}

/** Asks a proxy for a tunnel. @throws TransferEnd 56 when it answers with another status than 200 */
export async function openTunnel(
  opening: Opening,
  connection: Connection,
  reader: HttpReader,
): Promise<void> {
  const { run, config, place, meter, moments } = opening;
  const target = place.tunnelTo ?? '';
  const isOld = run.version.number < 80_000;
  await verbose(
    run,
    `${isOld ? '' : '* CONNECT tunnel: HTTP/1.1 negotiated\n'}* allocate connect buffer\n* Establish HTTP proxy tunnel to ${target}\n`,
  );
  await verbose(run, proxyNote(place.login));
  const agent =
    config.userAgent === '' ? [] : [`User-Agent: ${config.userAgent ?? `curl/${run.version.text}`}`];
  const lines = [
    `CONNECT ${target} HTTP/1.1`,
    `Host: ${target}`,
    ...(place.login === undefined ? [] : [`Proxy-Authorization: Basic ${base64(place.login)}`]),
    ...agent,
    'Proxy-Connection: Keep-Alive',
    ...config.proxyHeaders,
  ];
  await verbose(run, `${lines.map((line) => `> ${line}\r\n`).join('')}> \r\n`);
  await connection.send(meter.sys, `${lines.join('\r\n')}\r\n\r\n`);
  const answer = await reader.readHead(meter.sys, 'HEAD', totalDeadline(config, moments), false);
  if (answer.kind !== 'head') {
    connection.close();
    return fail(run, { code: 56, text: 'Proxy CONNECT aborted', hadConnection: true });
  }
  for (const line of answer.head.lines) await verbose(run, `< ${line}\r\n`);
  await verbose(run, '< \r\n');
  if (answer.head.status === 200)
    return verbose(
      run,
      `* CONNECT phase completed${isOld ? '!' : ''}\n* CONNECT tunnel established, response 200\n`,
    );
  connection.close();
  await fail(run, {
    code: 56,
    text: `CONNECT tunnel failed, response ${answer.head.status}`,
    hadConnection: true,
  });
}
