import { utf8Length } from '../../../base/bytes.ts';
import type { Ports } from '../../ports.ts';
import type { ProcessHandle } from '../../../base/process.ts';
import type { Process, Program } from '../../../shell/program.ts';
import { requestBody } from './body.ts';
import { openLink, totalDeadline, verbose } from './connect.ts';
import { loadCookies, saveCookies } from './cookies.ts';
import { mayUse, runHttp, type Transfer } from './exchange.ts';
import { expandGlob } from './globbing.ts';
import { type CurlConfig, parseCurlArguments, type ReadFile } from './options.ts';
import { absolutePath, Output } from './output.ts';
import { type CurlRun, Meter, TransferEnd } from './run.ts';
import { pumpTelnet } from './telnet.ts';
import { conditionWarning } from './time-condition.ts';
import { tracer } from './trace.ts';
import { type CurlUrl, parseCurlUrl } from './url.ts';
import {
  badUrlText,
  certificateHelp,
  closingLine,
  connectFailureText,
  type CurlFailure,
  curlVersion,
  helpText,
  protocolText,
  versionText,
  warning,
} from './words.ts';
import { writeOut } from './write-out.ts';
import { writeOutValues } from './write-out-values.ts';

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
    const buffer = new StdoutBuffer(process);
    const own = { ...process, out: (text: string) => buffer.write(text) };
    const err = errorWriter(own, parsed.globals.stderrFile);
    const run: CurlRun = {
      process: own,
      network: ports.network(process.machine),
      version,
      globals: parsed.globals,
      jar: { cookies: [], isOn: false },
      links: [],
      names: new Map(),
      connectionCount: 0,
      err,
      ...tracer(own, parsed.globals, err),
    };
    if (!parsed.globals.isSilent) await err(parsed.warnings);
    try {
      let code = 0;
      for (const config of parsed.configs) code = await runConfig(run, config, readFile);
      await buffer.flush();
      return code;
    } finally {
      for (const link of run.links) link.connection.close();
    }
  };
}

/** Standard output as the C library keeps it: a pipe or a file gets whole blocks, and the rest at the end. */
class StdoutBuffer {
  readonly #process: Process;
  #text = '';

  constructor(process: Process) {
    this.#process = process;
  }

  async write(text: string): Promise<void> {
    this.#text += text;
    if (this.#process.tty('stdout') !== undefined || this.#text.length >= 4096) await this.flush();
  }

  async flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    if (text !== '') await this.#process.out(text);
  }
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
  if (!run.globals.isSilent) await run.err(conditionWarning(run, config.timeCondition));
  const started: ProcessHandle[] = [];
  let code = 0;
  for (const [i, pattern] of config.urls.entries()) {
    const globbed = config.isGlob
      ? expandGlob(pattern, run.version.number >= 80_000)
      : [{ url: pattern, parts: [] }];
    if ('fault' in globbed) {
      await sayError(run, { code: 3, text: globbed.fault });
      return 3;
    }
    for (const one of globbed) {
      const job: UrlJob = {
        run,
        config,
        readFile,
        url: one.url,
        index: i,
        output: config.outputs[i] ?? (config.isRemoteNameAll ? true : undefined),
        parts: one.parts,
      };
      if (run.globals.isParallel) started.push(startUrl(job));
      else code = await runUrl(job);
      if (code !== 0 && run.globals.isFailEarly) return code;
    }
  }
  for (const handle of started) {
    await run.process.sys.until(() => handle.exitCode() !== undefined);
    code = handle.exitCode() || code;
  }
  if (config.cookieJar !== undefined) saveCookies(run, config.cookieJar);
  return code;
}

/** -Z: a transfer beside the others, with a connection of its own; what it prints comes when it ends. */
function startUrl(job: UrlJob): ProcessHandle {
  const { run } = job;
  const { process } = run;
  return process.sys.spawn({ command: process.argv }, async (sys) => {
    const pieces: (() => Promise<void>)[] = [];
    const out = async (text: string): Promise<void> => void pieces.push(() => process.out(text));
    const err = async (text: string): Promise<void> => void pieces.push(() => run.err(text));
    const globals = { ...run.globals, isNoMeter: true };
    const own: CurlRun = { ...run, process: { ...process, sys, out, err }, links: [], err, globals };
    const code = await runUrl({ ...job, run: own });
    for (const show of pieces) await show();
    return code;
  });
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
  const path = name === undefined ? undefined : inFolder(config, name);
  const output = new Output(run, path, config.createDirs);
  const isShown = !run.globals.isSilent && !run.globals.isNoMeter && !output.isTerminal;
  const beganMs = run.process.sys.nowMs();
  let delayMs = config.retryDelayMs ?? 1_000;
  for (let attempt = 0; ; attempt++) {
    const result = await attemptUrl(job, output, isShown, attempt);
    const left = config.retries - attempt;
    const reason = retryReason(config, result);
    const isInTime = config.retryMaxMs === undefined || run.process.sys.nowMs() - beganMs < config.retryMaxMs;
    if (left <= 0 || reason === undefined || !isInTime) {
      if (result.transfer && config.writeOut !== undefined)
        await sayWriteOut({ ...job, attempt }, result.transfer, output, result.failure);
      return result.failure?.code ?? 0;
    }
    if (!run.globals.isSilent) await run.err(warning(run.version, retryText(run, reason, delayMs, left)));
    // Old versions cut off what they had written, which no device lets them.
    if (
      output.name === '/dev/null' &&
      (result.transfer?.downloaded ?? 0) > 0 &&
      run.version.number < 80_000
    ) {
      await sayError(run, { code: 23, text: 'Failed to truncate file' });
      return 23;
    }
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

type AttemptResult = {
  readonly failure: CurlFailure | undefined;
  readonly status: number;
  readonly transfer: Transfer | undefined;
};

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
    return { code: 23, text: 'Failed writing received data to disk/application' };
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
    await check(run, config, made.url);
    if (made.url.scheme !== 'file') await meter.start(attempt === 0);
    await runScheme(made);
    await output.finish();
  } catch (error) {
    if (!(error instanceof TransferEnd)) throw error;
    failure = error.failure.code === 0 ? undefined : error.failure;
  }
  if (transfer) transfer.moments.endMs = run.process.sys.nowMs();
  if (failure === undefined || failure.hadConnection) await meter.finish();
  if (failure?.hadConnection || failure?.code === 6 || failure?.code === 5) {
    await verbose(
      run,
      closingLine(run.version, Math.max(0, run.connectionCount - 1), failure.isOrderly ?? false),
    );
    await verbose(run, failure.after ?? '');
  }
  if (failure) await sayError(run, failure);
  return { failure, status: transfer?.head?.status ?? 0, transfer };
}

async function prepare(job: UrlJob, output: Output, meter: Meter, nowMs: number): Promise<Transfer> {
  const { run, config } = job;
  const { body, query } = await requestBody(run, config, job.readFile);
  const bare = run.version.number >= 80_000 ? job.url.replace(/\?#.*$/, '') : job.url;
  const text = query === '' ? bare : withQuery(bare, query);
  const parsed = parseCurlUrl(text, config.isPathAsIs);
  const url =
    'scheme' in parsed ? parsed : { scheme: '', host: '', port: 0, isPortWritten: false, target: text };
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
    referer: undefined,
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

/** What is refused before anything is sent; -w speaks of it all the same. */
async function check(run: CurlRun, config: CurlConfig, written: CurlUrl): Promise<void> {
  const url = written.scheme === '' ? parseCurlUrl(written.target, config.isPathAsIs) : written;
  if ('badScheme' in url) throw new TransferEnd({ code: 1, text: protocolText(run.version, url.badScheme) });
  if ('fault' in url) throw new TransferEnd({ code: 3, text: badUrlText(run.version, url.fault) });
  if (!mayUse(config.protocols, url.scheme))
    throw new TransferEnd({
      code: 1,
      text: protocolText(run.version, url.scheme, 'disabled'),
    });
  await checkInterface(run, config);
  checkTlsOptions(config, url);
  await checkUnixSocket(run, config, url);
  await checkCaFile(run, config, url);
  for (const rule of config.resolve) {
    if (!/^(-|\+?(\[[^\]]*\]|[^:]+):\d+:.|\+?[^:]+:\d+$)/.test(rule)) {
      const text = `Couldn't parse CURLOPT_RESOLVE entry '${rule}'`;
      throw new TransferEnd({ code: 49, text });
    }
    await verbose(
      run,
      `* Added ${rule.replace(/^\+/, '')} to DNS cache${rule.startsWith('+') ? ' (non-permanent)' : ''}\n`,
    );
  }
}

function withQuery(url: string, query: string): string {
  const bare = url.replace(/#.*$/, '');
  const rooted = /^([a-z]+:\/\/)?[^/?]*$/i.test(bare) ? `${bare}/` : bare;
  return `${rooted}${rooted.includes('?') ? '&' : '?'}${query}`;
}

async function checkInterface(run: CurlRun, config: CurlConfig): Promise<void> {
  const name = config.interface?.replace(/^(if|host)!/, '');
  if (name === undefined || name === 'lo' || name === 'eth0' || run.network.addresses.includes(name)) return;
  const why = run.version.number < 80_000 ? '' : ' with errno 19: No such device';
  const text = `Couldn't bind to '${name}'${why}`;
  throw new TransferEnd({ code: 45, text });
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
  throw new TransferEnd({ code: 7, text });
}

async function checkCaFile(run: CurlRun, config: CurlConfig, url: CurlUrl): Promise<void> {
  if (config.caFile === undefined || url.scheme !== 'https' || config.isInsecure) return;
  const file = run.process.machine.files.read(absolutePath(run.process, config.caFile));
  if ('content' in file && file.content.includes('-----BEGIN ')) return;
  throw new TransferEnd({
    code: 77,
    text: `error setting certificate file: ${config.caFile}`,
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

/** What OpenSSL refuses before anything is sent. */
function checkTlsOptions({ minTls, maxTls }: CurlConfig, url: CurlUrl): void {
  if (url.scheme !== 'https' || minTls === undefined || maxTls === undefined || minTls <= maxTls) return;
  const text = 'CURL_SSLVERSION_MAX incompatible with CURL_SSLVERSION';
  throw new TransferEnd({ code: 35, text });
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
    });
  await transfer.meter.start(true);
  transfer.downloaded = utf8Length(read.content);
  transfer.meter.received = transfer.downloaded;
  transfer.meter.receiveTotal = transfer.downloaded;
  await transfer.output.write(read.content);
}

async function sayError(run: CurlRun, failure: CurlFailure): Promise<void> {
  if ((run.globals.isSilent && !run.globals.isShowError) || failure.text === '') return;
  await run.err(`curl: (${failure.code}) ${failure.text}\n`);
  if (failure.code === 60) await run.err(certificateHelp(run.version));
}

async function sayWriteOut(
  job: UrlJob & { readonly attempt: number },
  transfer: Transfer,
  output: Output,
  failure: CurlFailure | undefined,
): Promise<void> {
  const format = job.config.writeOut ?? '';
  const file = format.startsWith('@') ? ((await job.readFile(format.slice(1))) ?? '') : undefined;
  const text = file?.replace(/[\r\n]/g, '') ?? format;
  const head = transfer.head;
  const made = writeOut(
    text,
    {
      values: writeOutValues(job, transfer, output, failure),
      isFailure: failure !== undefined,
      isNew: job.run.version.number >= 80_300,
    },
    (name) => head?.headers.find(([key]) => key === name)?.[1] ?? '',
  );
  for (const name of made.unknown) await job.run.err(`curl: unknown --write-out variable: '${name}'\n`);
  if (made.text !== '') await job.run.process.out(made.text);
  if (made.stderr !== '') await job.run.err(made.stderr);
}
