import type { JsonObject } from '../../../base/json.ts';
import type { Context } from '../context.ts';
import { CommandError } from '../errors.ts';

/** Sends a request to a path as it is and prints the answer. */
export async function printRaw(context: Context, method: 'GET' | 'DELETE', address: string): Promise<void> {
  if (!/^\/|^\w+:\/\//.test(address))
    throw new CommandError(
      `--raw must be a valid URL path: parse ${JSON.stringify(address)}: invalid URI for request`,
    );
  const [path = '', search = ''] = address.split('?');
  const query: Record<string, string> = {};
  for (const pair of search.split('&')) {
    const [key = '', value = ''] = pair.split('=');
    if (key !== '') query[key] = value.replace(/%3D/gi, '=').replace(/%2C/gi, ',').replace(/%2F/gi, '/');
  }
  const response = context.client.send({ method, path, query });
  if (response.kind === 'json') await context.out(rawJson(response.body));
  else if (response.kind === 'text') await context.out(response.text);
  else if (response.kind === 'logs') await context.out(await response.logs.readAll(context.process.sys));
  else throw new CommandError('the answer is a stream that --raw cannot print');
}

// Objects come on one line with its end; documents without a kind (`/version`, `/`) are indented and have none.
function rawJson(body: JsonObject): string {
  return body.kind === undefined && body.paths === undefined
    ? JSON.stringify(body, null, 2)
    : `${compactJson(body)}\n`;
}

/** One line of JSON in the answer's own order, as the server sends it. */
export function compactJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}
