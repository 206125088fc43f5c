import type { Json } from '../base/json.ts';
import type { KubeObject } from '../objects/api.ts';

/** A node of the virtual cluster. `address` is its InternalIP. */
export type NodeSpec = {
  readonly name: string;
  readonly address: string;
  readonly isControlPlane: boolean;
  readonly podCidr: string;
  readonly labels?: Readonly<Record<string, string>>;
};

/**
 * What a network does with packets instead of delivering them: no answer at all, a reset, an ICMP error, or a last hop that
 * knows no such neighbour.
 */
export type NetworkFault =
  | 'drop'
  | 'refuse'
  | 'port-unreachable'
  | 'host-unreachable'
  | 'net-unreachable'
  | 'prohibited'
  | 'absent';

/** A certificate of a world; times are ISO 8601. */
export type CertificateSpec = {
  readonly subject: string;
  readonly issuer: string;
  readonly names: readonly string[];
  readonly notBefore: string;
  readonly notAfter: string;
};

/** How a server of a world speaks TLS. */
export type TlsSpec = {
  readonly certificate?: CertificateSpec;
  /** Other certificates by the name asked for; `reject` ends the handshake. */
  readonly byName?: Readonly<Record<string, CertificateSpec | 'reject'>>;
  readonly alpn?: readonly string[];
  readonly version?: 'TLSv1.2' | 'TLSv1.3';
  readonly wantsClientCertificate?: boolean;
};

/** A host outside of the cluster. `image` names the behaviour of its servers in engine/images (absent: nothing listens). */
export type OutsideHost = {
  readonly name: string;
  readonly addresses: readonly string[];
  /** Public DNS names that resolve to it. */
  readonly names: readonly string[];
  readonly servers: readonly {
    readonly port: number;
    readonly protocol: 'TCP' | 'UDP';
    readonly image: string;
    /** Settings of the server, as its image knows them. */
    readonly options?: Readonly<Record<string, Json>>;
    /** Speaks TLS, and how; absent: on 443 and 8443 with a certificate of the virtual authority. */
    readonly tls?: TlsSpec;
  }[];
  /** What becomes of packets to it (to that port only, where one is named); absent: they arrive. */
  readonly faults?: readonly { readonly port?: number; readonly how: NetworkFault }[];
  /** True for the hosts that `ssh NAME` enters from the workstation. */
  readonly hasSsh: boolean;
};

/** Everything a virtual cluster starts from: a world of `labs/_worlds` decoded, plain JSON. */
export type WorldSpec = {
  readonly name: string;
  /** False: the workstation only, no cluster yet. */
  readonly hasCluster: boolean;
  readonly hasCilium: boolean;
  readonly nodes: readonly NodeSpec[];
  /** The workstation's outside address. */
  readonly workstation: {
    readonly address: string;
    readonly user: string;
    readonly hostname: string;
    /** Its /etc/resolv.conf; absent: the world's resolver. */
    readonly resolver?: {
      readonly nameservers: readonly string[];
      readonly search: readonly string[];
      readonly ndots: number;
      readonly timeoutS?: number;
      readonly attempts?: number;
    };
    /** Versions of its tools where they are not the usual ones. */
    readonly versions?: Readonly<Record<string, string>>;
    readonly files?: Readonly<Record<string, string>>;
    /** Variables of its login shell, beside the usual ones. */
    readonly env?: Readonly<Record<string, string>>;
    /** The router that its packets leave by: it answers with ICMP errors. */
    readonly gateway?: string;
  };
  /** What becomes of packets to addresses where no host is, the first that fits; absent: they are lost. */
  readonly routes?: readonly { readonly to: string; readonly how: NetworkFault }[];
  readonly outside: readonly OutsideHost[];
  /** The virtual internet's files: `https://host/path` → content. Their hosts are among `outside`. */
  readonly internet: Readonly<Record<string, string>>;
  /** Objects that were applied before the learner came, in order; the cluster is settled before time begins. */
  readonly objects: readonly KubeObject[];
  /** How long the cluster has been up when the learner comes, seconds: shows in AGE columns. */
  readonly uptimeSeconds: number;
};
