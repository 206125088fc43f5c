import type { Json } from '../base/json.ts';
import type { Redaction } from '../agent/redact.ts';
import type { ResolverConfig } from '../net/socket.ts';
import type { FlowSpec, FlowVerdict, Peer } from '../policy/model.ts';
import type { Store } from '../store/store.ts';

/** What the data plane reads of the store; a fork of it serves the matrix. */
export type StoreView = Pick<Store, 'get' | 'list' | 'revision' | 'revisionOf'>;

/** What the data plane asks of the policy engine (PolicyRepository and its forks). */
export type PolicyView = {
  judge(flow: FlowSpec): FlowVerdict;
  readonly config?: { readonly cluster: string };
};

/** What the data plane asks of the Cilium agents. The last two are optional, so that a world without FQDN caches works. */
export type AgentsView = {
  readonly repository: PolicyView;
  /** Identity and security labels of a pod or of an address. */
  identityOf(peer: { readonly pod?: string; readonly address?: string }): {
    readonly id: number;
    readonly labels: readonly string[];
  };
  /** The endpoint of a managed pod by `namespace/name`; undefined for an unmanaged one. */
  endpointOf(
    pod: string,
  ): { readonly id: number; readonly node: string; readonly identity: number } | undefined;
  /** The DNS proxy saw an answer of addresses for a pod: feeds toFQDNs and the names of flows. Names end in a dot. */
  learnDns?(lesson: {
    readonly pod: string;
    readonly name: string;
    readonly addresses: readonly string[];
    readonly ttlSeconds: number;
  }): void;
  /** Names under which the pod's agent knows an address, without the final dot; sorted. */
  namesOf?(pod: string, address: string): readonly string[];
  /** False when nobody on a node watches its packets: no agent runs there, or without Hubble. Absent: somebody does. */
  observes?(node: string): boolean;
  /** What Hubble hides of HTTP; undefined: nothing. */
  readonly redaction?: Redaction | undefined;
  /** The revision of the policies in force. */
  readonly policyRevision?: number;
};

/** A host outside of the cluster, as worlds have it (cluster/world.ts OutsideHost). */
export type OutsideHostView = {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly names: readonly string[];
  readonly servers: readonly {
    readonly port: number;
    readonly protocol: 'TCP' | 'UDP';
    readonly image: string;
    readonly options?: Readonly<Record<string, Json>>;
    readonly tls?: TlsSpecView;
  }[];
  readonly faults?: readonly { readonly port?: number; readonly how: NetworkFault }[];
  readonly hasSsh?: boolean;
};

/** What becomes of packets instead of arriving (cluster/world.ts NetworkFault). */
export type NetworkFault =
  | 'drop'
  | 'refuse'
  | 'port-unreachable'
  | 'host-unreachable'
  | 'net-unreachable'
  | 'prohibited'
  | 'absent';

type CertificateView = {
  readonly subject: string;
  readonly issuer: string;
  readonly names: readonly string[];
  readonly notBefore: string;
  readonly notAfter: string;
};

/** How a host's server speaks TLS (cluster/world.ts TlsSpec). */
export type TlsSpecView = {
  readonly certificate?: CertificateView;
  readonly byName?: Readonly<Record<string, CertificateView | 'reject'>>;
  readonly alpn?: readonly string[];
  readonly version?: 'TLSv1.2' | 'TLSv1.3';
  readonly wantsClientCertificate?: boolean;
};

/** The parts of a world that packets can meet (a WorldSpec fits). */
export type WorldView = {
  readonly hasCluster: boolean;
  readonly nodes: readonly { readonly name: string; readonly address: string }[];
  readonly workstation: {
    readonly address: string;
    readonly hostname: string;
    readonly resolver?: ResolverConfig;
    readonly gateway?: string;
  };
  readonly routes?: readonly { readonly to: string; readonly how: NetworkFault }[];
  readonly outside: readonly OutsideHostView[];
  readonly internet: Readonly<Record<string, string>>;
};

/** Who is at one end of a packet. */
export type Party =
  | { readonly kind: 'pod'; readonly key: string; readonly node: string; readonly address: string }
  | { readonly kind: 'node'; readonly name: string; readonly address: string }
  | { readonly kind: 'outside'; readonly address: string };

/** A party as the policy engine names it. */
export function peerOf(party: Party): Peer {
  if (party.kind === 'pod') return { endpoint: party.key };
  if (party.kind === 'node') return { node: party.name };
  return party.address === INGRESS_ADDRESS ? { entity: 'ingress' } : { address: party.address };
}

/** The address under which the Envoys of the nodes call backends of an ingress. */
export const INGRESS_ADDRESS = '192.192.192.192';

/** The node whose agent sees a party as its own; undefined outside. */
export function nodeOf(party: Party): string | undefined {
  if (party.kind === 'outside') return undefined;
  return party.kind === 'pod' ? party.node : party.name;
}

/** State of image programs: plain data by container. */
export type ProgramStates = Map<string, Record<string, Json>>;
