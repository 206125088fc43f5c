import { httpFetch } from '../http.ts';
import type { Context } from './context.ts';
import { CommandError, PlainError } from './errors.ts';

/** Reads a manifest from a URL with the machine's own network, as `kubectl -f https://…` does. @throws CommandError, PlainError */
export async function fetchUrl(context: Context, url: string): Promise<string> {
  const answer = await httpFetch(context.process, context.ports, url);
  if (answer.ok && answer.status < 400) return answer.text;
  if (answer.ok) {
    throw new CommandError(
      `unable to read URL ${JSON.stringify(url)}, server reported ${answer.status} ${answer.reason}, status code=${answer.status}`,
    );
  }
  const host = /^https?:\/\/([^/]+)/.exec(url)?.[1] ?? url;
  if (answer.error.includes('connection refused'))
    throw new PlainError(
      `The connection to the server ${host} was refused - did you specify the right host or port?`,
    );
  throw new PlainError(`Unable to connect to the server: ${answer.error.replace(/^\w+ "[^"]*": /, '')}`);
}
