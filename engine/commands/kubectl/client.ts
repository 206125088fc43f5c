import type { Json, JsonObject } from '../../base/json.ts';
import { isJsonObject } from '../../base/json.ts';
import type {
  ExecSession,
  KubeHandler,
  KubeRequest,
  KubeResponse,
  PortForwardSession,
  WatchCursor,
} from '../../objects/api.ts';
import type { Stream } from '../../base/stream.ts';
import { ApiError, PlainError, statusOf } from './errors.ts';

/** Accept header of `get`: Tables. */
export const TABLE =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';
/** Accept header of discovery. */
export const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

/** Query parameters of a request; undefined ones are left out. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Who asks: without a field manager of its own a change belongs to the first word. */
const USER_AGENT = 'kubectl/v1.32.13 (linux/amd64) kubernetes/$Format';

/** kinds of patches and their content types. */
export const PATCH_TYPES = {
  strategic: 'application/strategic-merge-patch+json',
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/** kubectl's REST client over the API server's handler. Warnings of answers are collected for stderr. */
export class Client {
  readonly #handler: KubeHandler | undefined;
  readonly #server: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #warn: (text: string) => void;

  constructor(
    handler: KubeHandler | undefined,
    server: string,
    headers: Readonly<Record<string, string>>,
    warn: (text: string) => void,
  ) {
    this.#handler = handler;
    this.#server = server;
    this.#headers = headers;
    this.#warn = warn;
  }

  /** Where the API server is, as the kubeconfig says. */
  get server(): string {
    return this.#server;
  }

  /** True when something answers at the server's address. */
  get isReachable(): boolean {
    return this.#handler !== undefined;
  }

  /** Sends a request. @throws ApiError for a refusal, PlainError when nobody listens. */
  send(request: Omit<KubeRequest, 'query'> & { readonly query?: Query }): KubeResponse {
    if (this.#handler === undefined) {
      throw new PlainError(
        `The connection to the server ${this.#server.replace(/^https?:\/\//, '')} was refused - did you specify the right host or port?`,
      );
    }
    const query: Record<string, string | readonly string[]> = {};
    for (const [key, value] of Object.entries(request.query ?? {}))
      if (value !== undefined) query[key] = value;
    const response = this.#handler({
      ...request,
      query,
      headers: { accept: 'application/json', 'user-agent': USER_AGENT, ...this.#headers, ...request.headers },
    });
    if (response.kind === 'json') {
      for (const warning of response.warnings ?? []) this.#warn(warning);
      if (response.status >= 400) throw new ApiError(statusOf(response.body, response.status));
    }
    // An answer that is no Status (`404 page not found`) gets client-go's generic words.
    if (response.kind === 'text' && response.status >= 400) {
      throw new ApiError(
        statusOf(
          {
            reason: response.status === 404 ? 'NotFound' : 'InternalError',
            message: 'the server could not find the requested resource',
          },
          response.status,
        ),
      );
    }
    return response;
  }

  /** GET of an object or a list. Of an object in a namespace that is missing too, that is what is said (resource.Info.Get). */
  get(path: string, query: Query = {}, accept = 'application/json', namesSpace = true): JsonObject {
    try {
      return this.#json({ method: 'GET', path, query, headers: { accept } });
    } catch (error) {
      const space = /^.*\/namespaces\/([^/]+)(?=(\/[^/]+){2}$)/.exec(path)?.[1] ?? 'default';
      if (namesSpace && error instanceof ApiError && error.isNotFound && space !== 'default')
        this.#json({ method: 'GET', path: `/api/v1/namespaces/${space}` });
      throw error;
    }
  }

  /** POST of a new object. */
  post(path: string, body: Json, query: Query = {}): JsonObject {
    return this.#json({ method: 'POST', path, query, body, headers: { 'content-type': 'application/json' } });
  }

  /** PUT of a whole object. */
  put(path: string, body: Json, query: Query = {}): JsonObject {
    return this.#json({ method: 'PUT', path, query, body, headers: { 'content-type': 'application/json' } });
  }

  /** PATCH by one of the four kinds. */
  patch(path: string, type: keyof typeof PATCH_TYPES, body: Json, query: Query = {}): JsonObject {
    return this.#json({ method: 'PATCH', path, query, body, headers: { 'content-type': PATCH_TYPES[type] } });
  }

  /** DELETE with options in the body. */
  delete(path: string, body: Json, query: Query = {}): JsonObject {
    return this.#json({
      method: 'DELETE',
      path,
      query,
      body,
      headers: { 'content-type': 'application/json' },
    });
  }

  /** A watch; `accept` chooses Tables. */
  watch(path: string, query: Query, accept = 'application/json'): WatchCursor {
    const response = this.send({
      method: 'GET',
      path,
      query: { ...query, watch: 'true' },
      headers: { accept },
    });
    if (response.kind === 'watch') return response.watch;
    throw new PlainError(`error: unexpected answer to a watch of ${path}`);
  }

  /** A container's log. */
  logs(path: string, query: Query): Stream | string {
    const response = this.send({ method: 'GET', path, query });
    if (response.kind === 'logs') return response.logs;
    return response.kind === 'text' ? response.text : '';
  }

  /** `exec` or `attach`. */
  exec(path: string, query: Query): ExecSession {
    const response = this.send({ method: 'POST', path, query });
    if (response.kind === 'exec') return response.exec;
    throw new PlainError(
      'error: unable to upgrade connection: you must specify at least 1 of stdin, stdout, stderr',
    );
  }

  /** `port-forward`. */
  portForward(path: string): PortForwardSession {
    const response = this.send({ method: 'POST', path });
    if (response.kind === 'port-forward') return response.portForward;
    throw new PlainError('error: unable to upgrade connection');
  }

  #json(request: Omit<KubeRequest, 'query'> & { readonly query?: Query }): JsonObject {
    const response = this.send(request);
    if (response.kind === 'json') return response.body;
    return response.kind === 'text' ? { text: response.text } : {};
  }
}

/** Reads members along a path of keys; undefined as soon as one is missing. */
export function at(value: unknown, ...path: readonly (string | number)[]): Json | undefined {
  let here: unknown = value;
  for (const key of path) {
    if (Array.isArray(here) && typeof key === 'number') here = here[key];
    else if (isJsonObject(here) && Object.hasOwn(here, String(key))) here = here[String(key)];
    else return undefined;
  }
  return here as Json | undefined;
}

/** Text along a path; '' when absent or no text. Numbers and booleans become text. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path);
  return typeof found === 'string'
    ? found
    : typeof found === 'number' || typeof found === 'boolean'
      ? String(found)
      : '';
}

/** The name of an object; '' when it has none. */
export function nameIn(object: unknown): string {
  return textAt(object, 'metadata', 'name');
}

/** The namespace of an object; '' when it has none. */
export function namespaceIn(object: unknown): string {
  return textAt(object, 'metadata', 'namespace');
}

/** Number along a path; 0 when absent. */
export function numberAt(value: unknown, ...path: readonly (string | number)[]): number {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : 0;
}

/** List along a path; empty when absent. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly Json[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? (found as readonly Json[]) : [];
}

/** Object along a path; empty when absent. */
export function objectAt(value: unknown, ...path: readonly (string | number)[]): JsonObject {
  const found = at(value, ...path);
  return isJsonObject(found) ? found : {};
}

/** Texts of a map along a path, sorted by key. */
export function mapAt(
  value: unknown,
  ...path: readonly (string | number)[]
): Readonly<Record<string, string>> {
  const found = Object.entries(objectAt(value, ...path));
  const out: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [key, member] of found.sort(([a], [b]) => (a < b ? -1 : 1))) out[key] = String(member);
  return out;
}
