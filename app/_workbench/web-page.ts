import type { WebAnswer } from '../../engine/session/protocol.ts';

/** Where the frame's links seem to lead: an address of this site that the page's policy refuses to frame. */
export const LINK_PATH = '/browser-link/';

/** A form that would send more than an address. */
const POST_LINK = 'post';

/** A document for the frame, and where its links lead, by their number. */
export type FramePage = {
  readonly html: string;
  readonly links: readonly string[];
  readonly isScripted: boolean;
};

/** The address that was typed as a URL of the web; undefined when it is none. */
export function addressOf(typed: string): string | undefined {
  const text = typed.trim();
  if (text === '' || /\s/.test(text)) return undefined;
  try {
    const url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
    return ['http:', 'https:'].includes(url.protocol) && url.hostname !== '' ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** What a click in the frame wants, told by the address that the policy refused; undefined: it is none of ours. */
export function wishOf(
  blocked: string,
  links: readonly string[],
): { readonly url: string } | { readonly isPost: true } | undefined {
  if (!URL.canParse(blocked)) return undefined;
  const { pathname, search } = new URL(blocked);
  if (!pathname.startsWith(LINK_PATH)) return undefined;
  const name = pathname.slice(LINK_PATH.length);
  if (name === POST_LINK) return { isPost: true };
  const target = links[Number(name)];
  if (target === undefined) return undefined;
  if (search === '') return { url: target };
  const url = new URL(target);
  url.search = search;
  return { url: url.href };
}

const PHRASES: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** `403 Forbidden`. */
export function statusWords(status: number): string {
  return [status, PHRASES[status]].filter((word) => word !== undefined).join(' ');
}

/** What a browser says when no answer came; by curl's exit code. */
export function faultWords({ exit, fault, url }: WebAnswer): {
  readonly title: string;
  readonly text: string;
} {
  const host = URL.canParse(url) ? new URL(url).host : url;
  const words: Readonly<Record<number, readonly [string, string]>> = {
    3: ['This address is not right', `“${url}” is no address that can be opened.`],
    5: ['The proxy was not found', fault],
    6: ['Server not found', `No name server knows ${host}, or none may be asked.`],
    7: ['Unable to connect', `${host} refused the connection: nothing listens on that port.`],
    28: [
      'The connection has timed out',
      `${host} did not answer. Packets that a policy drops look just like this.`,
    ],
    35: ['Secure connection failed', `${host} broke off while the connection was being secured.`],
    47: ['The page does not redirect properly', `${host} sends its visitors round in circles.`],
    52: ['No answer', `${host} took the request and closed the connection without a word.`],
    56: ['The connection was reset', `${host} broke off while the answer was under way.`],
    60: ['Not secure', `The certificate of ${host} is not one that this machine trusts.`],
  };
  const [title, text] = words[exit] ?? ['The page could not be loaded', `${host} gave no answer.`];
  return { title, text };
}

/** True for content that the frame can show. */
export function isShowable(type: string): boolean {
  return /^$|^text\/|[/+](json|xml|yaml|javascript|x-www-form-urlencoded)\b/i.test(type);
}

const POLICY = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`;

const DROPPED =
  'script, base, link, meta[http-equiv], iframe, frame, frameset, object, embed, portal, audio, video, source, template';

/**
 * Makes of an answer a document for a frame that runs no script, loads nothing and has an origin of its own. Links and GET
 * forms lead to numbered addresses below LINK_PATH of `origin`, which the page refuses to frame and so hears of.
 */
export function framePage(answer: WebAnswer, origin: string): FramePage {
  const { body, type, url } = answer;
  if (!/html/i.test(type) && !(type === '' && /^\s*<(!doctype|html)/i.test(body)))
    return {
      html: textDocument(/^\s*[[{]/.test(body) ? indented(body) : body),
      links: [],
      isScripted: false,
    };
  const parsed = new DOMParser().parseFromString(body, 'text/html');
  const stated = parsed.querySelector('base[href]')?.getAttribute('href') ?? '';
  const base = URL.canParse(stated, url) ? new URL(stated, url).href : url;
  const isScripted = parsed.querySelector('script') !== null;
  for (const element of parsed.querySelectorAll(DROPPED)) element.remove();
  const links: string[] = [];
  const link = (target: string): string => `${origin}${LINK_PATH}${links.push(target) - 1}`;
  for (const element of parsed.querySelectorAll('*'))
    harmless(element, { base, url, link, post: `${origin}${LINK_PATH}${POST_LINK}` });
  const isEmpty = (parsed.body.textContent ?? '').trim() === '';
  // Serialised and read again, the text must not become more than it was: the frame itself would run nothing anyhow.
  return {
    html: `<!doctype html>${POLICY}${parsed.documentElement.outerHTML}`,
    links,
    isScripted: isScripted && isEmpty,
  };
}

type Site = {
  readonly base: string;
  readonly url: string;
  readonly link: (target: string) => string;
  readonly post: string;
};

/** Takes from an element what would act or load, and leads it where the frame may go. */
function harmless(element: Element, { base, url, link, post }: Site): void {
  for (const { name, value } of [...element.attributes]) {
    const isSource = ['src', 'srcset', 'poster', 'background'].includes(name) && !/^data:image\//.test(value);
    if (
      /^on/i.test(name) ||
      isSource ||
      ['target', 'download', 'ping', 'formaction', 'formmethod', 'xlink:href'].includes(name)
    )
      element.removeAttribute(name);
  }
  if (element.matches('a[href], area[href]')) {
    const href = element.getAttribute('href') ?? '';
    const target = URL.canParse(href, base) ? new URL(href, base) : undefined;
    if (href.startsWith('#') || (target?.hash !== '' && target?.href.split('#')[0] === url.split('#')[0]))
      element.setAttribute('href', `about:srcdoc${target?.hash ?? href}`);
    else if (target !== undefined && /^https?:$/.test(target.protocol))
      element.setAttribute('href', link(target.href));
    else element.removeAttribute('href');
  }
  if (element.matches('form')) {
    const isPost = /^post$/i.test(element.getAttribute('method') ?? '');
    const action = element.getAttribute('action') ?? '';
    const target = URL.canParse(action, base) ? new URL(action, base).href : url;
    element.setAttribute('action', isPost ? post : link(target.split(/[?#]/)[0] ?? target));
    element.setAttribute('method', 'get');
  }
}

function indented(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function textDocument(text: string): string {
  const safe = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<!doctype html>${POLICY}<meta charset="utf-8"><title>Text</title><style>:root{color-scheme:light dark}body{margin:12px}pre{font:13px/1.5 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere;margin:0}</style><body><pre>${safe}</pre>`;
}
