import type { Transfer } from './exchange.ts';
import type { Output } from './output.ts';
import type { CurlRun } from './run.ts';
import { formatCurlUrl, parseCurlUrl } from './url.ts';
import { type CurlFailure, type CurlVersion, librariesOf } from './words.ts';
import type { WriteOutValues } from './write-out.ts';

/** The variables' values for one transfer. */
export function writeOutValues(
  job: { readonly run: CurlRun; readonly url: string; readonly index: number; readonly attempt: number },
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
  if (run.version.number >= 80_900) values.set('num_retries', String(job.attempt));
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
