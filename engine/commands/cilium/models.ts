import type { Json } from '../../base/json.ts';

/** The parts of the agent's API models that cilium-dbg prints (api/v1/models). */
export type EndpointModel = {
  readonly id: number;
  readonly spec?: { readonly options?: Readonly<Record<string, string>> };
  readonly status?: {
    readonly state?: string;
    readonly identity?: { readonly id?: number; readonly labels?: readonly string[] };
    readonly networking?: {
      readonly addressing?: readonly { readonly ipv4?: string; readonly ipv6?: string }[];
      readonly mac?: string;
    };
    readonly policy?: { readonly realized?: { readonly 'policy-enabled'?: string } };
  };
};

/** An identity with its labels. */
export type IdentityModel = { readonly id: number; readonly labels: readonly string[] };

/** A list from the socket, or an empty one. */
export function listOf<T>(value: Json | undefined): readonly T[] {
  return Array.isArray(value) ? (value as unknown as readonly T[]) : [];
}
