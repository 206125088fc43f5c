import type { Json } from '../base/json.ts';
import type { KindInfo } from '../objects/kinds.ts';
import type { KubeRequest } from '../objects/api.ts';
import type { ManagedFields } from './managed-fields.ts';
import { badRequest } from '../objects/status.ts';

/** Characters of a request's body; the real limit is 3 MiB. */
export const BODY_MAX = 3_145_728;

/** A request for objects: what its path names and how its parameters read. */
export type ObjectRequest = {
  readonly method: KubeRequest['method'];
  readonly kind: KindInfo;
  /** undefined for cluster-scoped kinds and for all namespaces. */
  readonly namespace: string | undefined;
  /** undefined for a collection. */
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly query: QueryReader;
  readonly accept: string;
  readonly contentType: string;
  readonly userAgent: string;
  readonly user: UserFacts;
  readonly body: Json | undefined;
  /** Set by server-side apply: the owners of the fields after it, in place of what an update would make of them. */
  readonly applyClaim?: readonly ManagedFields[];
};

/** Who asks. `groups` decide with RBAC; the admin's are those of kubeadm. */
export type UserFacts = { readonly name: string; readonly groups: readonly string[] };

/** Reads query parameters. */
export class QueryReader {
  readonly #query: NonNullable<KubeRequest['query']>;

  constructor(query: KubeRequest['query']) {
    this.#query = query ?? {};
  }

  /** All values of a parameter. */
  all(name: string): readonly string[] {
    if (!Object.hasOwn(this.#query, name)) return [];
    const value = this.#query[name];
    return value === undefined ? [] : typeof value === 'string' ? [value] : value;
  }

  /** The first value, '' when there is none. */
  text(name: string): string {
    return this.all(name)[0] ?? '';
  }

  /** `true`, `1` and a bare parameter count as true, as in Go's ParseBool. */
  isTrue(name: string): boolean {
    const [value] = this.all(name);
    return value !== undefined && !['', 'false', '0', 'f', 'F', 'False', 'FALSE'].includes(value);
  }

  /** A number, or undefined. @throws StatusError BadRequest when it is none */
  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === '') return undefined;
    if (!/^-?\d{1,15}$/.test(text)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`);
    return Number(text);
  }
}

/** Splits a path into its decoded parts, or undefined when an escape is broken. */
export function pathParts(path: string): string[] | undefined {
  try {
    return path
      .split('/')
      .filter((part) => part !== '')
      .map((part) => decodeURIComponent(part));
  } catch {
    return undefined;
  }
}
