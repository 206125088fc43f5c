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

/** An entry of the agent's IP cache. */
export type IpModel = {
  readonly cidr: string;
  readonly identity: number;
  readonly labels: readonly string[];
  readonly hostIP: string;
  readonly encryptKey: number;
  readonly metadata: { readonly source: string };
};

/** A frontend of a Service with its backends, each `ADDRESS:PORT/PROTOCOL`. */
export type ServiceModel = {
  readonly id: number;
  readonly frontend: string;
  readonly type: string;
  readonly name: string;
  readonly namespace: string;
  readonly backends: readonly string[];
};

/** A node as the agents know it. */
export type NodeModel = {
  readonly name: string;
  readonly address: string;
  readonly podCidr: string;
  readonly router: string;
  readonly health: string;
};

/** The parts of `ADDRESS:PORT/PROTOCOL`. */
export function addressOf(text: string): {
  readonly ip: string;
  readonly port: number;
  readonly protocol: string;
} {
  const [, ip = '', port = '0', protocol = 'TCP'] = /^(.*):(\d+)\/(\w+)$/.exec(text) ?? [];
  return { ip, port: Number(port), protocol };
}
