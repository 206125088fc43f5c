import { hashText } from '../../../base/hash.ts';
import { type CurlConfig, type ReadFile, TRY } from './options.ts';
import type { RequestBody } from './request.ts';
import { type CurlRun, TransferEnd } from './run.ts';
import { warning } from './words.ts';

/** What -d, -F, -T and -G make of a request: a body, or text for the query. @throws TransferEnd 26 when a file is missing */
export async function requestBody(
  run: CurlRun,
  config: CurlConfig,
  readFile: ReadFile,
): Promise<{ body: RequestBody | undefined; query: string }> {
  const queries: string[] = [];
  for (const text of config.urlQuery) queries.push(await urlencoded(run, text, readFile));
  if (config.forms.length > 0)
    return { body: await multipart(run, config.forms, readFile), query: queries.join('&') };
  if (config.upload !== undefined) {
    const text = await readFile(config.upload === '.' ? '-' : config.upload);
    if (text === undefined) {
      const line = `Can't open '${config.upload}'!`;
      const said = run.version.number < 80_000 ? line : `cannot open '${config.upload}'`;
      await run.err(`curl: ${said}\n${TRY}`);
      throw new TransferEnd({ code: 26, text: '' });
    }
    return { body: { text, isUpload: true }, query: queries.join('&') };
  }
  if (config.data.length === 0) return { body: undefined, query: queries.join('&') };
  let text = '';
  for (const [i, part] of config.data.entries()) {
    const value =
      part.kind === 'urlencode'
        ? await urlencoded(run, part.text, readFile)
        : await partText(run, part, readFile);
    text += i > 0 && part.kind !== 'json' ? `&${value}` : value;
  }
  if (config.isGet) return { body: undefined, query: text };
  const isJson = config.data.some((part) => part.kind === 'json');
  return {
    body: {
      text,
      isUpload: false,
      ...(isJson ? { type: 'application/json' } : { type: 'application/x-www-form-urlencoded' }),
    },
    query: queries.join('&'),
  };
}

async function partText(
  run: CurlRun,
  part: { kind: string; text: string },
  readFile: ReadFile,
): Promise<string> {
  if (part.kind === 'raw' || !part.text.startsWith('@')) return part.text;
  const name = part.text.slice(1);
  const content = await readFile(name);
  if (content === undefined) {
    if (!run.globals.isSilent)
      await run.err(
        warning(run.version, `Couldn't read data from file "${name}", this makes an empty POST.`),
      );
    return '';
  }
  return part.kind === 'data' ? content.replace(/[\r\n]/g, '') : content;
}

/** `content`, `=content`, `name=content`, `@file`, `name@file`: the content is escaped. */
async function urlencoded(run: CurlRun, text: string, readFile: ReadFile): Promise<string> {
  const match = /^([^=@]*)([=@])([\s\S]*)$/.exec(text);
  if (!match) return escapeQuery(run, text);
  const [, name = '', mark, rest = ''] = match;
  const content = mark === '@' ? ((await readFile(rest)) ?? '') : rest;
  return `${name === '' ? '' : `${name}=`}${escapeQuery(run, content)}`;
}

function escapeQuery(run: CurlRun, text: string): string {
  const escaped = encodeURIComponent(text);
  const spaced = run.version.number < 78_000 ? escaped : escaped.replaceAll('%20', '+');
  return spaced.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

async function multipart(run: CurlRun, forms: CurlConfig['forms'], readFile: ReadFile): Promise<RequestBody> {
  const hash = hashText(`${run.process.sys.pid}/${run.process.sys.nowMs()}`);
  const boundary = `------------------------${run.version.number < 80_000 ? hash : `${hash}kLmNop`}`;
  let text = '';
  for (const form of forms) {
    const equals = form.text.indexOf('=');
    const name = form.text.slice(0, equals);
    const value = form.text.slice(equals + 1);
    const mark = form.isText || !/^[@<]/.test(value) ? '' : value.slice(0, 1);
    const [path = '', ...extras] = form.isText ? [value] : value.slice(mark.length).split(';');
    const extra = (key: string): string | undefined =>
      extras
        .find((one) => one.trim().startsWith(`${key}=`))
        ?.trim()
        .slice(key.length + 1);
    // What follows a semicolon belongs to the value unless it is one of curl's own words.
    const isOwn = extras.some((one) => /^\s*(type|filename|headers|encoder)=/.test(one));
    const plain = /^"(.*)"$/s.exec(isOwn ? path : value)?.[1] ?? (isOwn ? path : value);
    const content = mark === '' ? (form.isText ? value : plain) : await readFile(path);
    if (content === undefined) {
      throw new TransferEnd({
        code: 26,
        text: 'Failed to open/read local data from file/application',
      });
    }
    const file = extra('filename') ?? (mark === '@' ? (path.split('/').pop() ?? path) : undefined);
    const type = extra('type') ?? (mark === '@' && path !== '-' ? typeOf(path) : undefined);
    const shown = file === undefined ? '' : `; filename="${file}"`;
    const typed = type === undefined ? '' : `Content-Type: ${type}\r\n`;
    text += `--${boundary}\r\nContent-Disposition: form-data${name === '' ? '' : `; name="${name}"`}${shown}\r\n${typed}\r\n${content}\r\n`;
  }
  return {
    text: `${text}--${boundary}--\r\n`,
    type: `multipart/form-data; boundary=${boundary}`,
    isUpload: false,
  };
}

function typeOf(path: string): string {
  const types: Readonly<Record<string, string>> = {
    txt: 'text/plain',
    html: 'text/html',
    json: 'application/json',
    xml: 'application/xml',
    png: 'image/png',
    gif: 'image/gif',
    jpg: 'image/jpeg',
  };
  return types[path.split('.').pop() ?? ''] ?? 'application/octet-stream';
}
