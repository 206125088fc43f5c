import type { ProcessHandle } from '../../../base/process.ts';
import type { Ports } from '../../ports.ts';
import type { Process, Program } from '../../../shell/program.ts';
import { requestBody } from './body.ts';
import { openLink, totalDeadline, verbose } from './connect.ts';
import { mayUse, runHttp, type Transfer } from './exchange.ts';
import { expandGlob } from './globbing.ts';
import { type CurlConfig, parseCurlArguments, type ReadFile } from './options.ts';
import { absolutePath, Output } from './output.ts';
import { type CurlRun, Meter, TransferEnd } from './run.ts';
import { pumpTelnet } from './telnet.ts';
import { tracer } from './trace.ts';
import { type CurlUrl, formatCurlUrl, parseCurlUrl } from './url.ts';
import {
  badUrlText,
  certificateHelp,
  closingLine,
  connectFailureText,
  type CurlFailure,
  type CurlVersion,
  curlVersion,
  helpText,
  librariesOf,
  protocolText,
  versionText,
  warning,
} from './words.ts';
import { writeOut, type WriteOutValues } from './write-out.ts';

/** The program `curl`; which version it is stands in the machine's facts. */
export function curlProgram(ports: Ports): Program {
  return async (process) => {
    const version = curlVersion(process.machine.versions['curl']);
    const readFile = fileReader(process);
    const parsed = await parseCurlArguments(process.argv.slice(1), version, readFile);
    if (parsed.kind === 'stop') {
      if (parsed.out === 'version') await process.out(versionText(version, process.machine.libc));
      else if (parsed.out.startsWith('help')) await process.out(helpText(version, parsed.out.slice(5)));
      await process.err(parsed.text);
      return parsed.code;
    }
    const err = errorWriter(process, parsed.globals.stderrFile);
    const run: CurlRun = {
      process,
      network: ports.network(process.machine),
      version,
      globals: parsed.globals,
      jar: { cookies: [], isOn: false },
      links: [],
      connectionCount: 0,
      err,
      ...tracer(process, parsed.globals, err),
    };
    if (!parsed.globals.isSilent) await err(parsed.warnings);
    try {
      let code = 0;
      if (parsed.globals.isParallel) return await runParallel(run, parsed.configs, readFile);
      for (const config of parsed.configs) code = await runConfig(run, config, readFile);
      return code;
    } finally {
      for (const link of run.links) link.connection.close();
    }
  };
}

/** -Z: all transfers at once, each with a connection of its own; what they print comes as each ends. */
async function runParallel(
  run: CurlRun,
  configs: readonly CurlConfig[],
  readFile: ReadFile,
): Promise<number> {
  const { process } = run;
  const started: { readonly handle: ProcessHandle; readonly pieces: (() => Promise<void>)[] }[] = [];
  let code = 0;
  for (const config of configs) {
    await loadCookies(run, config, readFile);
    for (const [i, pattern] of config.urls.entries()) {
      const globbed = config.isGlob ? expandGlob(pattern) : [{ url: pattern, parts: [] }];
      if ('fault' in globbed) {
        await sayError(run, { code: 3, text: globbed.fault, hadConnection: false });
        return 3;
      }
      for (const one of globbed) {
        const pieces: (() => Promise<void>)[] = [];
        const output = config.outputs[i] ?? (config.isRemoteNameAll ? true : undefined);
        const handle = process.sys.spawn({ command: process.argv }, (sys) => {
          const out = async (text: string): Promise<void> => void pieces.push(() => process.out(text));
          const err = async (text: string): Promise<void> => void pieces.push(() => run.err(text));
          const own: CurlRun = { ...run, process: { ...process, sys, out, err }, links: [], err };
          const globals = { ...run.globals, isNoMeter: true };
          return runUrl({
            run: { ...own, globals },
            config,
            readFile,
            url: one.url,
            index: i,
            output,
            parts: one.parts,
          });
        });
        started.push({ handle, pieces });
      }
    }
  }
  const left = [...started];
  while (left.length > 0) {
    await process.sys.until(() => left.some(({ handle }) => handle.exitCode() !== undefined));
    for (const one of left.filter(({ handle }) => handle.exitCode() !== undefined)) {
      left.splice(left.indexOf(one), 1);
      for (const show of one.pieces) await show();
      code = one.handle.exitCode() || code;
    }
  }
  for (const { cookieJar } of configs) if (cookieJar !== undefined) saveCookies(run, cookieJar);
  return code;
}

function fileReader(process: Process): ReadFile {
  return async (name) => {
    if (name === '-') return process.stdin.readAll(process.sys);
    const read = process.machine.files.read(absolutePath(process, name));
    return 'content' in read ? read.content : undefined;
  };
}

function errorWriter(process: Process, file: string | undefined): (text: string) => Promise<void> {
  if (file === '-') return (text) => process.out(text);
  if (file === undefined) return (text) => process.err(text);
  let isOpen = false;
  return async (text) => {
    process.machine.files.write(absolutePath(process, file), text, process.sys.nowMs(), { append: isOpen });
    isOpen = true;
  };
}

async function runConfig(run: CurlRun, config: CurlConfig, readFile: ReadFile): Promise<number> {
  await loadCookies(run, config, readFile);
  let code = 0;
  for (const [i, pattern] of config.urls.entries()) {
    const globbed = config.isGlob ? expandGlob(pattern) : [{ url: pattern, parts: [] }];
    if ('fault' in globbed) {
      await sayError(run, { code: 3, text: globbed.fault, hadConnection: false });
      return 3;
    }
    for (const one of globbed) {
      code = await runUrl({
        run,
        config,
        readFile,
        url: one.url,
        index: i,
        output: config.outputs[i] ?? (config.isRemoteNameAll ? true : undefined),
        parts: one.parts,
      });
      if (code !== 0 && run.globals.isFailEarly) return code;
    }
  }
  if (config.cookieJar !== undefined) saveCookies(run, config.cookieJar);
  return code;
}

type UrlJob = {
  readonly run: CurlRun;
  readonly config: CurlConfig;
  readonly readFile: ReadFile;
  readonly url: string;
  readonly index: number;
  readonly output: string | true | undefined;
  readonly parts: readonly string[];
};

async function runUrl(job: UrlJob): Promise<number> {
  const { run, config } = job;
  const name = outputName(job);
  if (typeof name === 'object') {
    if (!run.globals.isSilent) await run.err('curl: Remote file name has no length!\n');
    await sayError(run, name);
    return name.code;
  }
  const output = new Output(run, name === undefined ? undefined : inFolder(config, name), config.createDirs);
  const isShown = !run.globals.isSilent && !run.globals.isNoMeter && !output.isTerminal;
  const beganMs = run.process.sys.nowMs();
  let delayMs = config.retryDelayMs ?? 1_000;
  for (let attempt = 0; ; attempt++) {
    const result = await attemptUrl(job, output, isShown, attempt);
    const left = config.retries - attempt;
    const reason = retryReason(config, result);
    const isInTime =
      config.retryMaxMs === undefined || run.process.sys.nowMs() - beganMs + delayMs < config.retryMaxMs;
    if (left <= 0 || reason === undefined || !isInTime) return result.failure?.code ?? 0;
    if (!run.globals.isSilent) await run.err(warning(run.version, retryText(run, reason, delayMs, left)));
    await run.process.sys.sleep(delayMs);
    if (config.retryDelayMs === undefined) delayMs = Math.min(delayMs * 2, 600_000);
  }
}

function retryText(run: CurlRun, reason: string, delayMs: number, left: number): string {
  const isOld = run.version.number < 80_000;
  const seconds = Math.floor(delayMs / 1_000);
  const s = (count: number): string => (isOld || count !== 1 ? 's' : '');
  return `Problem : ${reason}. Will retry in ${seconds} second${s(seconds)}. ${left} retr${isOld || left !== 1 ? 'ies' : 'y'} left.`;
}

type AttemptResult = { readonly failure: CurlFailure | undefined; readonly status: number };

function retryReason(config: CurlConfig, result: AttemptResult): string | undefined {
  const { failure, status } = result;
  if (failure?.isTransient || failure?.code === 5 || failure?.code === 6) return 'timeout';
  if ([408, 429, 500, 502, 503, 504].includes(status)) return 'HTTP error';
  if (failure?.code === 7 && config.isRetryRefused) return 'connection refused';
  return failure && config.isRetryAll ? '(retrying all errors)' : undefined;
}

/** --output-dir: where the files of -o and -O go. */
function inFolder(config: CurlConfig, name: string): string {
  if (config.outputDir === undefined || name === '-' || name.startsWith('/')) return name;
  return `${config.outputDir.replace(/\/$/, '')}/${name}`;
}

function outputName(job: UrlJob): string | undefined | CurlFailure {
  if (job.output === undefined) return undefined;
  if (job.output !== true)
    return job.output.replace(/#(\d)/g, (whole, digit: string) => job.parts[Number(digit) - 1] ?? whole);
  const path = job.url.replace(/^[a-z]+:\/\//i, '').replace(/[?#].*$/, '');
  const slash = path.lastIndexOf('/');
  const name = slash < 0 ? '' : path.slice(slash + 1);
  if (name !== '') return name;
  if (job.run.version.number < 80_000)
    return { code: 23, text: 'Failed writing received data to disk/application', hadConnection: false };
  return 'curl_response';
}

async function attemptUrl(
  job: UrlJob,
  output: Output,
  isShown: boolean,
  attempt: number,
): Promise<AttemptResult> {
  const { run, config } = job;
  const nowMs = run.process.sys.nowMs();
  const meter = new Meter(run, isShown);
  let transfer: Transfer | undefined;
  let failure: CurlFailure | undefined;
  try {
    const made = await prepare(job, output, meter, nowMs);
    transfer = made;
    await meter.start(attempt === 0);
    await runScheme(made);
    await output.finish();
  } catch (error) {
    if (!(error instanceof TransferEnd)) throw error;
    failure = error.failure.code === 0 ? undefined : error.failure;
  }
  if (transfer) transfer.moments.endMs = run.process.sys.nowMs();
  if (failure === undefined || failure.hadConnection) await meter.finish();
  if (failure?.hadConnection || failure?.code === 6) {
    await verbose(
      run,
      closingLine(run.version, Math.max(0, run.connectionCount - 1), failure.isOrderly ?? false),
    );
    await verbose(run, failure.after ?? '');
  }
  if (transfer && config.writeOut !== undefined) await sayWriteOut(job, transfer, output, failure);
  if (failure) await sayError(run, failure);
  return { failure, status: transfer?.head?.status ?? 0 };
}

async function prepare(job: UrlJob, output: Output, meter: Meter, nowMs: number): Promise<Transfer> {
  const { run, config } = job;
  const { body, query } = await requestBody(run, config, job.readFile);
  const text = query === '' ? job.url : withQuery(job.url, query);
  const url = parseCurlUrl(text, config.isPathAsIs);
  if ('badScheme' in url)
    throw new TransferEnd({ code: 1, text: protocolText(run.version, url.badScheme), hadConnection: false });
  if ('fault' in url)
    throw new TransferEnd({ code: 3, text: badUrlText(run.version, url.fault), hadConnection: false });
  if (!mayUse(config.protocols, url.scheme))
    throw new TransferEnd({
      code: 1,
      text: protocolText(run.version, url.scheme, 'disabled'),
      hadConnection: false,
    });
  await checkInterface(run, config);
  await checkUnixSocket(run, config, url);
  await checkCaFile(run, config, url);
  for (const rule of config.resolve) {
    await verbose(run, `* Added ${rule.replace(/^\+/, '')} to DNS cache\n`);
  }
  return {
    run,
    config,
    output,
    meter,
    url:
      config.upload !== undefined && url.target.endsWith('/')
        ? { ...url, target: url.target + (config.upload.split('/').pop() ?? '') }
        : url,
    body,
    moments: { startMs: nowMs, hopMs: nowMs },
    user: await userOf(run, config, url),
    dumpHeader: headerDump(run, config),
    method: config.isHead ? 'HEAD' : 'GET',
    redirects: 0,
    redirectUrl: '',
    connects: 0,
    headerBytes: 0,
    requestBytes: 0,
    downloaded: 0,
    uploaded: 0,
  };
}

function withQuery(url: string, query: string): string {
  const bare = url.replace(/#.*$/, '');
  const rooted = /^([a-z]+:\/\/)?[^/?]*$/i.test(bare) ? `${bare}/` : bare;
  return `${rooted}${rooted.includes('?') ? '&' : '?'}${query}`;
}

async function checkInterface(run: CurlRun, config: CurlConfig): Promise<void> {
  const name = config.interface?.replace(/^(if|host)!/, '');
  if (name === undefined || name === 'lo' || name === 'eth0' || run.network.addresses.includes(name)) return;
  const text =
    run.version.number < 80_000
      ? `Couldn't bind to '${name}'`
      : `Could not bind to interface '${name}' with errno 19: No such device`;
  throw new TransferEnd({ code: 45, text, hadConnection: false });
}

/** No server of the virtual world listens on a file. */
async function checkUnixSocket(run: CurlRun, config: CurlConfig, url: CurlUrl): Promise<void> {
  if (config.unixSocket === undefined) return;
  const { version, process } = run;
  const facts = {
    host: url.host,
    port: url.port,
    ms: 0,
    libc: process.machine.libc,
    error: 'ECONNREFUSED',
  } as const;
  const text = connectFailureText(version, facts);
  throw new TransferEnd({ code: 7, text, hadConnection: false });
}

async function checkCaFile(run: CurlRun, config: CurlConfig, url: CurlUrl): Promise<void> {
  if (config.caFile === undefined || url.scheme !== 'https' || config.isInsecure) return;
  if ('content' in run.process.machine.files.read(absolutePath(run.process, config.caFile))) return;
  throw new TransferEnd({
    code: 77,
    text: `error setting certificate file: ${config.caFile}`,
    hadConnection: false,
  });
}

function headerDump(run: CurlRun, config: CurlConfig): (text: string) => Promise<void> {
  const name = config.dumpHeader;
  if (name === undefined) return async () => {};
  if (name === '-') return (text) => run.process.out(text);
  let isOpen = false;
  return async (text) => {
    run.process.machine.files.write(absolutePath(run.process, name), text, run.process.sys.nowMs(), {
      append: isOpen,
    });
    isOpen = true;
  };
}

/** The login of -u or of the URL; a missing password is asked for. */
async function userOf(run: CurlRun, config: CurlConfig, url: CurlUrl): Promise<string | undefined> {
  if (config.user === undefined)
    return url.user === undefined ? undefined : `${url.user}:${url.password ?? ''}`;
  if (config.user.includes(':')) return config.user;
  await run.process.err(`Enter host password for user '${config.user}':`);
  const terminal = run.process.tty('stdin');
  if (terminal) terminal.isEcho = false;
  const password = terminal ? await run.process.stdin.readLine(run.process.sys) : '';
  if (terminal) terminal.isEcho = true;
  await run.process.err('\n');
  return `${config.user}:${password ?? ''}`;
}

async function runScheme(transfer: Transfer): Promise<void> {
  const { url, run } = transfer;
  if (url.scheme === 'http' || url.scheme === 'https') return runHttp(transfer);
  if (url.scheme === 'file') return runFile(transfer);
  const { config, moments, meter } = transfer;
  const place = { scheme: url.scheme, host: url.host, port: url.port, isProxy: false };
  const link = await openLink({ run, config, place, moments, meter });
  if (url.scheme === 'telnet') return pumpTelnet(transfer, link);
  const got = await link.reader.fill(meter.sys, totalDeadline(config, moments));
  if (got === 'timeout') {
    const ms = Math.floor(run.process.sys.nowMs() - moments.startMs);
    throw new TransferEnd({
      code: 28,
      text: `Operation timed out after ${ms} milliseconds with 0 bytes received`,
      hadConnection: true,
      isTransient: true,
    });
  }
  throw new TransferEnd({ code: 8, text: 'Weird server reply', hadConnection: true });
}

async function runFile(transfer: Transfer): Promise<void> {
  const read = transfer.run.process.machine.files.read(
    absolutePath(transfer.run.process, transfer.url.target),
  );
  if ('error' in read)
    throw new TransferEnd({
      code: 37,
      text: `Couldn't open file ${transfer.url.target}`,
      hadConnection: false,
    });
  await transfer.output.write(read.content);
}

async function sayError(run: CurlRun, failure: CurlFailure): Promise<void> {
  if ((run.globals.isSilent && !run.globals.isShowError) || failure.text === '') return;
  await run.err(`curl: (${failure.code}) ${failure.text}\n`);
  if (failure.code === 60) await run.err(certificateHelp(run.version));
}

async function sayWriteOut(
  job: UrlJob,
  transfer: Transfer,
  output: Output,
  failure: CurlFailure | undefined,
): Promise<void> {
  const format = job.config.writeOut ?? '';
  const text = format.startsWith('@') ? ((await job.readFile(format.slice(1))) ?? '') : format;
  const head = transfer.head;
  const made = writeOut(
    text,
    writeOutValues(job, transfer, output, failure),
    (name) => head?.headers.find(([key]) => key === name)?.[1] ?? '',
  );
  for (const name of made.unknown) await job.run.err(`curl: unknown --write-out variable: '${name}'\n`);
  if (made.text !== '') await job.run.process.out(made.text);
  if (made.stderr !== '') await job.run.err(made.stderr);
}

function writeOutValues(
  job: UrlJob,
  transfer: Transfer,
  output: Output,
  failure: CurlFailure | undefined,
): WriteOutValues {
  const { moments, head, link } = transfer;
  const since = (ms: number | undefined): string =>
    ms === undefined ? '0.000000' : Math.max(0, (ms - moments.startMs) / 1_000).toFixed(6);
  const totalMs = (moments.endMs ?? moments.startMs) - moments.startMs;
  const code = head ? String(head.status) : '000';
  const speed = (bytes: number): string =>
    String(totalMs > 0 ? Math.floor((bytes * 1_000) / totalMs) : bytes);
  const { run } = job;
  const values = new Map<string, string>([
    ['http_code', code],
    ['response_code', code],
    ['http_connect', '000'],
    ['http_version', head?.version ?? '0'],
    ['method', transfer.method],
    ['scheme', run.version.number < 80_000 ? transfer.url.scheme.toUpperCase() : transfer.url.scheme],
    ['url', job.url],
    ['url_effective', formatCurlUrl(transfer.url)],
    ['redirect_url', transfer.config.isLocation ? '' : transfer.redirectUrl],
    ['num_redirects', String(transfer.redirects)],
    ['num_connects', String(transfer.connects)],
    ['num_headers', String(head?.headers.length ?? 0)],
    ['content_type', head?.headers.find(([key]) => key === 'content-type')?.[1] ?? ''],
    ['remote_ip', link?.address ?? ''],
    ['remote_port', String(link?.connection.remote.port ?? 0)],
    ['local_ip', link?.connection.local.address ?? ''],
    ['local_port', String(link?.connection.local.port ?? 0)],
    ['size_download', String(transfer.downloaded)],
    ['size_upload', String(transfer.uploaded)],
    ['size_header', String(transfer.headerBytes)],
    ['size_request', String(transfer.requestBytes)],
    ['speed_download', speed(transfer.downloaded)],
    ['speed_upload', speed(transfer.uploaded)],
    ['time_namelookup', since(moments.resolvedMs)],
    ['time_connect', since(moments.connectedMs)],
    ['time_appconnect', since(moments.securedMs)],
    ['time_pretransfer', since(moments.securedMs ?? moments.connectedMs)],
    ['time_starttransfer', since(moments.firstByteMs)],
    ['time_redirect', since(moments.redirectMs)],
    ['time_total', (totalMs / 1_000).toFixed(6)],
    ['ssl_verify_result', String(moments.verifyCode ?? link?.secured?.verifyCode ?? 0)],
    ['proxy_ssl_verify_result', '0'],
    ['filename_effective', output.name ?? ''],
    ['ftp_entry_path', ''],
    ['referer', transfer.config.referer ?? ''],
  ]);
  if (run.version.number >= 77_500) {
    values.set('errormsg', failure?.text ?? '');
    values.set('exitcode', String(failure?.code ?? 0));
    values.set('urlnum', String(job.index));
    values.set('onerror', '');
  }
  if (run.version.number >= 78_800) {
    values.set('certs', '');
    values.set('num_certs', transfer.url.scheme === 'https' && link?.secured ? '1' : '0');
  }
  if (run.version.number >= 80_200) {
    values.set('conn_id', String(link?.number ?? 0));
    values.set('xfer_id', String(job.index));
  }
  if (run.version.number >= 80_100)
    for (const [name, value] of [
      ...urlParts('url', job.url),
      ...urlParts('urle', formatCurlUrl(transfer.url)),
    ])
      values.set(name, value);
  if (run.version.number >= 80_700) values.set('proxy_used', transfer.config.proxy === undefined ? '0' : '1');
  if (run.version.number >= 80_900) values.set('num_retries', '0');
  if (run.version.number >= 81_000) {
    values.set('time_posttransfer', since(moments.sentMs));
    values.set('time_queue', '0.000050');
  }
  if (run.version.number >= 81_300) values.set('tls_earlydata', '0');
  if (run.version.number >= 77_000) values.set('json', jsonOf(values, run.version));
  if (run.version.number >= 78_300) values.set('header_json', headerJson(head));
  return values;
}

const NUMERIC =
  /^(http_code|response_code|http_connect|conn_id|xfer_id|num_|.*_port|size_|speed_|time_|ssl_verify|proxy_ssl|proxy_used|tls_earlydata|exitcode|urlnum)/;

/** `%{json}`: every variable by name; what is empty is null, and the library's version comes last. */
function jsonOf(values: ReadonlyMap<string, string>, version: CurlVersion): string {
  const members = [...values.keys()]
    .filter((name) => name !== 'onerror')
    .sort()
    .map((name) => {
      const value = values.get(name) ?? '';
      if (NUMERIC.test(name) && name !== 'num_certs_text')
        return `"${name}":${value === '' ? 0 : Number.isNaN(Number(value)) ? 0 : numberText(name, value)}`;
      return `"${name}":${value === '' && name !== 'certs' ? 'null' : JSON.stringify(value)}`;
    });
  return `{${members.join(',')},"curl_version":"libcurl/${version.text} ${librariesOf(version)}"}`;
}

/** `%{header_json}`: the last answer's headers, each name with the list of its values. */
function headerJson(head: Transfer['head']): string {
  const names = new Map<string, string[]>();
  for (const [name, value] of head?.headers ?? []) names.set(name, [...(names.get(name) ?? []), value]);
  const rows = [...names].map(([name, list]) => `${JSON.stringify(name)}:${JSON.stringify(list)}`);
  return `{${rows.join(',\n')}\n}`;
}

/** Times keep their six decimals; a code that is not there is 0. */
function numberText(name: string, value: string): string {
  return name.startsWith('time_') ? value : String(Number(value));
}

/** The parts of a URL as `%{url.…}` and `%{urle.…}` name them (since 8.1). */
function urlParts(prefix: string, text: string): readonly (readonly [string, string])[] {
  const url = parseCurlUrl(text, false);
  if (!('scheme' in url)) return [];
  const [path = '', query = ''] = url.target.split(/\?(.*)/s, 2);
  const fragment = /#(.*)$/.exec(text)?.[1] ?? '';
  return [
    [`${prefix}.scheme`, url.scheme],
    [`${prefix}.host`, url.host],
    [`${prefix}.port`, String(url.port)],
    [`${prefix}.path`, path],
    [`${prefix}.query`, query],
    [`${prefix}.fragment`, fragment],
    [`${prefix}.user`, url.user ?? ''],
    [`${prefix}.password`, url.password ?? ''],
    [`${prefix}.options`, ''],
    [`${prefix}.zoneid`, ''],
  ];
}

async function loadCookies(run: CurlRun, config: CurlConfig, readFile: ReadFile): Promise<void> {
  if (config.cookieJar !== undefined) run.jar.isOn = true;
  for (const name of config.cookies.filter((text) => !text.includes('='))) {
    run.jar.isOn = true;
    const text = name === '' ? undefined : await readFile(name);
    for (const line of (text ?? '').split('\n')) {
      const fields = line.replace(/^#HttpOnly_/, '').split('\t');
      if (line.startsWith('# ') || fields.length < 7) continue;
      run.jar.cookies.push({
        domain: fields[0] ?? '',
        path: fields[2] ?? '/',
        name: fields[5] ?? '',
        value: fields[6] ?? '',
      });
    }
  }
}

function saveCookies(run: CurlRun, name: string): void {
  const head =
    '# Netscape HTTP Cookie File\n# https://curl.se/docs/http-cookies.html\n# This file was generated by libcurl! Edit at your own risk.\n\n';
  const lines = run.jar.cookies.map(
    (c) =>
      `${c.domain}\t${c.domain.startsWith('.') ? 'TRUE' : 'FALSE'}\t${c.path}\tFALSE\t0\t${c.name}\t${c.value}\n`,
  );
  if (name === '-') void run.process.out(head + lines.join(''));
  else
    run.process.machine.files.write(
      absolutePath(run.process, name),
      head + lines.join(''),
      run.process.sys.nowMs(),
    );
}
