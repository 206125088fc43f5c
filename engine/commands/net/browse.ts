import type { Sys } from '../../base/process.ts';
import { Stream } from '../../base/stream.ts';
import { createProcess } from '../../shell/process.ts';
import type { Machine } from '../../shell/program.ts';

/** How a visit of the browser pane ended. */
export type WebAnswer = {
  /** Of the last answer; 0 when none came, and `exit` and `fault` are curl's. */
  readonly status: number;
  /** Where redirects led. */
  readonly url: string;
  /** The content type as it was sent; may be empty. */
  readonly type: string;
  readonly body: string;
  /** True when more came than `body` holds. */
  readonly isCut: boolean;
  /** Virtual ms from the request to the end. */
  readonly ms: number;
  readonly exit: number;
  readonly fault: string;
};

/** Characters of an answer that the pane shows. */
const BODY_MAX = 1_048_576;

/** How long a browser waits for the whole of an answer, s. */
const PATIENCE_S = 300;

/** Stands around what curl is asked to tell, between its own words. */
const MARK = '\u0001';

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const ACCEPT = 'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

/**
 * One visit of the browser pane: a GET of `url` from `machine`, redirects followed. The request itself is curl's, so that it
 * goes the way that the learner's own goes, and ends in the same words.
 */
export async function browse(sys: Sys, machine: Machine, url: string): Promise<WebAnswer> {
  const startedMs = sys.nowMs();
  let body = '';
  let told = '';
  let isCut = false;
  const stdin = new Stream();
  stdin.end();
  const process = createProcess({
    argv: [
      'curl',
      '-q',
      '-sSgL',
      '--max-redirs',
      '20',
      '-m',
      String(PATIENCE_S),
      '-A',
      AGENT,
      '-H',
      ACCEPT,
    ].concat('-w', `%{stderr}${MARK}%{http_code} %{url_effective} %{content_type}${MARK}`, '--url', url),
    env: new Map(Object.entries(machine.env)),
    cwd: machine.home,
    machine,
    sys,
    descriptors: new Map([
      [0, { stream: stdin }],
      [
        1,
        {
          write: async (_: Sys, text: string) =>
            void (body.length < BODY_MAX ? (body += text) : (isCut = true)),
        },
      ],
      [2, { write: async (_: Sys, text: string) => void (told += text) }],
    ]),
  });
  const exit = (await machine.program('curl')?.(process)) ?? 127;
  const [before = '', facts = '', after = ''] = told.split(MARK);
  const [status = '0', reached = url, ...type] = facts.split(' ');
  return {
    status: Number(status),
    url: reached,
    type: type.join(' '),
    body: body.slice(0, BODY_MAX),
    isCut: isCut || body.length > BODY_MAX,
    ms: sys.nowMs() - startedMs,
    exit,
    fault: `${before}${after}`.trim(),
  };
}
