import { hashText } from '../../../base/hash.ts';
import { parseAddress } from '../../../net/address.ts';
import type { ConnectResult, TlsOptions } from '../../../net/socket.ts';
import { HttpReader } from '../http-reader.ts';
import { literalAddress, resolveHost } from '../resolver.ts';
import { connectError, errorText, hostPort } from '../words.ts';
import type { CurlConfig } from './options.ts';
import { type CurlRun, type Link, type Meter, type Moments, type Secured, TransferEnd } from './run.ts';
import { openTunnel } from './proxy.ts';
import { judgeTls, offeredProtocols, refuseOldTls } from './tls.ts';
import { connectFailureText, connectTimeoutText, wholeMs } from './words.ts';

/** Where a hop goes: `host` and `port` name the peer (the proxy, where there is one). */
export type Place = {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly isProxy: boolean;
  /** HOST:PORT that a proxy opens a tunnel to, for https. */
  readonly tunnelTo?: string;
};

/** What opening a connection needs to know. */
export type Opening = {
  readonly run: CurlRun;
  readonly config: CurlConfig;
  readonly place: Place;
  readonly moments: Moments;
  readonly meter: Meter;
};

/** libcurl's own limit of a connection attempt when none is given. */
const CONNECT_DEFAULT_MS = 300_000;

/** Resolves, connects and, for https, shakes hands. @throws TransferEnd */
export async function openLink(opening: Opening): Promise<Link> {
  const { run, config, place, moments } = opening;
  const number = run.connectionCount++;
  const target = connectToTarget(config, place);
  if (target.host !== place.host && target.host !== '')
    await verbose(run, `* Connecting to hostname: ${target.host}\n`);
  if (target.isPortGiven) await verbose(run, `* Connecting to port: ${target.port}\n`);
  const isKnown = run.names.has(target.host) || pinnedAddresses(config, target) !== undefined;
  const addresses = await resolvePlace(opening, target);
  moments.resolvedMs = run.process.sys.nowMs();
  if (!isKnown) await sayResolved(opening, target, addresses);
  const { connection, address } = await dial(opening, target, addresses);
  moments.connectedMs = run.process.sys.nowMs();
  const isOld = run.version.number < 80_000;
  const isMoved = target.host !== place.host || target.port !== place.port;
  const shown = isMoved ? (isOld ? '(nil)' : target.host) : place.host;
  const connected = `* Connected to ${shown} (${address}) port ${target.port}${isOld ? ` (#${number})` : ''}\n`;
  const isTls = place.scheme === 'https' || place.tunnelTo !== undefined;
  if (!isTls || run.version.number < 81_000) await verbose(run, connected);
  let secured: Secured | undefined;
  const reader = new HttpReader(connection);
  if (place.tunnelTo !== undefined) await openTunnel(opening, connection, reader);
  if (isTls) {
    await refuseOldTls(opening);
    const result = await connection.startTls(opening.meter.sys, tlsOptions(opening));
    secured = await judgeTls(opening, result);
    moments.securedMs = run.process.sys.nowMs();
    if (run.version.number >= 81_000) await verbose(run, connected);
  }
  const link: Link = {
    number,
    key: linkKey(place),
    connection,
    reader,
    host: shown,
    address,
    isHttp2: secured?.alpn === 'h2' || (!isTls && config.http === '2-prior'),
    ...(secured === undefined ? {} : { secured }),
  };
  run.links.push(link);
  return link;
}

/** Two hops with the same key may share a connection. */
export function linkKey(place: Place): string {
  const tunnel = place.tunnelTo === undefined ? '' : `/${place.tunnelTo}`;
  return `${place.isProxy ? 'proxy' : place.scheme}://${place.host.toLowerCase()}:${place.port}${tunnel}`;
}

/** Writes -v text. */
export async function verbose(run: CurlRun, text: string): Promise<void> {
  if (text === '') return;
  if (run.trace) await run.trace(text);
  else if (run.globals.isVerbose) await run.err(text);
}

/** Ends the transfer, saying so with -v. */
export async function fail(
  run: CurlRun,
  failure: ConstructorParameters<typeof TransferEnd>[0],
  note = '',
): Promise<never> {
  await verbose(run, `${note}* ${failure.text}\n`);
  throw new TransferEnd(failure);
}

/** When the whole transfer must be over (-m), virtual ms. */
export function totalDeadline(config: CurlConfig, moments: Moments): number {
  return config.maxMs === undefined || config.maxMs === 0
    ? Number.POSITIVE_INFINITY
    : moments.startMs + config.maxMs;
}

/** When a connection must stand, TLS included (--connect-timeout), virtual ms. */
export function connectDeadline(config: CurlConfig, moments: Moments): number {
  return (
    moments.hopMs +
    (config.connectMs === undefined || config.connectMs === 0 ? CONNECT_DEFAULT_MS : config.connectMs)
  );
}

function connectToTarget(
  config: CurlConfig,
  place: Place,
): { host: string; port: number; isPortGiven?: boolean } {
  for (const rule of config.connectTo) {
    const match = /^(\[[^\]]*\]|[^:]*):([^:]*):(\[[^\]]*\]|[^:]*):([^:]*)$/.exec(rule);
    if (!match) continue;
    const [, host = '', port = '', toHost = '', toPort = ''] = match;
    if (host !== '' && host.toLowerCase() !== place.host.toLowerCase()) continue;
    if (port !== '' && Number(port) !== place.port) continue;
    return {
      host: toHost === '' ? place.host : toHost.replace(/^\[|\]$/g, ''),
      port: toPort === '' ? place.port : Number(toPort),
      isPortGiven: toPort !== '',
    };
  }
  return { host: place.host, port: place.port };
}

async function resolvePlace(
  opening: Opening,
  target: { host: string; port: number },
): Promise<readonly string[]> {
  const { run, config, moments } = opening;
  const pinned = pinnedAddresses(config, target);
  const kept = pinned ?? run.names.get(target.host);
  if (kept) {
    await verbose(run, `* Hostname ${target.host} was found in DNS cache\n`);
    return kept;
  }
  if (/^localhost\.?$/i.test(target.host) && run.version.number >= 77_800) {
    const both = run.version.number < 80_000 ? ['127.0.0.1', '::1'] : ['::1', '127.0.0.1'];
    return both.filter(
      (address) => config.family === undefined || address.includes(':') === (config.family === 6),
    );
  }
  const deadlineMs = Math.min(totalDeadline(config, moments), connectDeadline(config, moments));
  const context = { sys: opening.meter.sys, network: run.network, libc: run.process.machine.libc };
  const result = await resolveHost(context, target.host, { family: config.family, deadlineMs });
  if (result.kind === 'found') {
    const addresses = preferred(run, result.addresses);
    if (literalAddress(target.host) === undefined) run.names.set(target.host, addresses);
    return addresses;
  }
  if (result.kind === 'timeout') {
    const ms = wholeMs(run.process.sys.nowMs() - moments.hopMs);
    await joinResolver(run, moments.hopMs);
    return fail(run, {
      code: 28,
      text: `Resolving timed out after ${ms} milliseconds`,
      hadConnection: true,
      isTransient: true,
    });
  }
  if (config.family === 6 && run.version.number < 80_000)
    return couldNotConnect(opening, target, 'ENETUNREACH');
  const what = opening.place.isProxy ? 'proxy' : 'host';
  return fail(run, {
    code: opening.place.isProxy ? 5 : 6,
    text: `Could not resolve ${what}: ${target.host}`,
    isOrderly: true,
  });
}

/** Until 7.77 curl waited for its resolver's thread, which goes on until the library gives up (tools/FACTS.md §1). */
async function joinResolver(run: CurlRun, startMs: number): Promise<void> {
  if (run.version.number >= 77_800) return;
  const endMs = startMs + (run.process.machine.libc === 'musl' ? 5_000 : 20_000);
  if (endMs > run.process.sys.nowMs()) await run.process.sys.sleep(endMs - run.process.sys.nowMs());
}

/** Newer versions try IPv6 first, whatever the resolver's order is. */
function preferred(run: CurlRun, addresses: readonly string[]): readonly string[] {
  if (run.version.number < 80_000) return addresses;
  return [...addresses.filter((a) => a.includes(':')), ...addresses.filter((a) => !a.includes(':'))];
}

function pinnedAddresses(
  config: CurlConfig,
  target: { host: string; port: number },
): readonly string[] | undefined {
  for (const rule of config.resolve) {
    const match = /^\+?(\[[^\]]*\]|[^:]*):(\d+):(.+)$/.exec(rule);
    if (!match || Number(match[2]) !== target.port) continue;
    if (match[1] !== '*' && match[1]?.toLowerCase() !== target.host.toLowerCase()) continue;
    return (match[3] ?? '').split(',').map((address) => address.replace(/^\[|\]$/g, ''));
  }
  return undefined;
}

async function sayResolved(
  opening: Opening,
  target: { host: string; port: number },
  addresses: readonly string[],
): Promise<void> {
  if (opening.run.version.number < 80_500 || literalAddress(target.host) !== undefined) return;
  const list = (isV6: boolean): string =>
    addresses.filter((a) => a.includes(':') === isV6).join(', ') || '(none)';
  await verbose(
    opening.run,
    `* Host ${target.host}:${target.port} was resolved.\n* IPv6: ${list(true)}\n* IPv4: ${list(false)}\n`,
  );
}

type Dialled = {
  readonly connection: Extract<ConnectResult, { kind: 'connected' }>['connection'];
  readonly address: string;
};

async function dial(
  opening: Opening,
  target: { host: string; port: number },
  addresses: readonly string[],
): Promise<Dialled> {
  const { run, config, moments } = opening;
  const sys = opening.meter.sys;
  const totalMs = totalDeadline(config, moments);
  const untilMs = Math.min(totalMs, connectDeadline(config, moments));
  let last: Exclude<ConnectResult, { kind: 'connected' }> = { kind: 'refused' };
  for (const [i, address] of addresses.entries()) {
    await verbose(run, tryingLine(run, address, target.port));
    const leftMs = untilMs - sys.nowMs();
    const share = i < addresses.length - 1 ? shareOfTime(run, leftMs) : leftMs;
    const beganMs = sys.nowMs();
    const result = await run.network.connect(sys, { address, port: target.port }, Math.max(0, share));
    if (result.kind === 'connected') return { connection: result.connection, address };
    last = result;
    if (result.kind === 'timeout' && sys.nowMs() >= untilMs - 1e-6) return timedOut(opening, target, address);
    if (result.kind === 'timeout' && sys.nowMs() - beganMs >= share - 1e-6) continue;
    await verbose(run, failedLine(run, address, target.port, result));
  }
  return couldNotConnect(opening, target, connectError(last));
}

function shareOfTime(run: CurlRun, leftMs: number): number {
  return run.version.number >= 77_800 && run.version.number < 80_000 ? leftMs * 0.75 : leftMs / 2;
}

function tryingLine(run: CurlRun, address: string, port: number): string {
  if (run.version.number < 76_400) return `*   Trying ${address}...\n* TCP_NODELAY set\n`;
  const at = run.version.number < 77_800 ? `${address}:${port}` : hostPort(address, port);
  return `*   Trying ${at}...\n`;
}

function failedLine(
  run: CurlRun,
  address: string,
  port: number,
  result: Exclude<ConnectResult, { kind: 'connected' }>,
): string {
  const words = errorText(run.process.machine.libc, connectError(result));
  if (result.kind === 'unreachable' && result.why === 'network' && parseAddress(address)?.family === 6) {
    return `* Immediate connect fail for ${address}: ${words}\n`;
  }
  const isLoopback = address.startsWith('127.') || address === '::1';
  const own = isLoopback ? address : (run.network.addresses[0] ?? '0.0.0.0');
  const localPort =
    32_768 +
    (Number.parseInt(
      hashText(`${run.process.sys.pid}/${run.process.sys.nowMs()}/${address}`).slice(0, 6),
      16,
    ) %
      28_000);
  const from = run.version.number < 80_500 ? '' : ` from ${own} port ${localPort}`;
  return `* connect to ${address} port ${port}${from} failed: ${words}\n`;
}

async function timedOut(
  opening: Opening,
  target: { host: string; port: number },
  address: string,
): Promise<never> {
  const { run, config, moments } = opening;
  const ms = run.process.sys.nowMs() - moments.hopMs;
  const totalMs = totalDeadline(config, moments);
  const isTotal = config.connectMs === undefined || totalMs <= connectDeadline(config, moments);
  const text = isTotal
    ? `Connection timed out after ${wholeMs(run.process.sys.nowMs() - moments.startMs)} milliseconds`
    : connectTimeoutText(run.version, { host: opening.place.host, port: target.port, ms });
  const isNamed = !isTotal && run.version.number >= 78_600 && run.version.number < 81_100;
  const note = isNamed
    ? `* ipv${address.includes(':') ? 6 : 4} connect timeout after ${(config.connectMs ?? 1) - 1}ms, move on!\n`
    : '';
  return fail(run, { code: 28, text, hadConnection: true, isTransient: true }, note);
}

async function couldNotConnect(
  opening: Opening,
  target: { host: string; port: number },
  error: ReturnType<typeof connectError>,
): Promise<never> {
  const { run, moments } = opening;
  const libc = run.process.machine.libc;
  const ms = run.process.sys.nowMs() - moments.hopMs;
  const text = connectFailureText(run.version, { host: target.host, port: target.port, ms, libc, error });
  // When the kernel gives up, 7.6x still called it a failed connection.
  const isTimeout = error === 'ETIMEDOUT' && run.version.number >= 76_800;
  return fail(run, { code: isTimeout ? 28 : 7, text, hadConnection: true, isTransient: isTimeout });
}

function tlsOptions(opening: Opening): TlsOptions {
  const { config, moments, place } = opening;
  const leftMs =
    Math.min(totalDeadline(config, moments), connectDeadline(config, moments)) - opening.meter.sys.nowMs();
  return { serverName: place.host, timeoutMs: Math.max(0, leftMs), alpn: offeredProtocols(opening) };
}
