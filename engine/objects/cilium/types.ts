/** A label selector as it stands in an object. */
export type RawSelector = {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
};

/** A port of a Cilium rule. */
export type RawPort = { readonly port?: string; readonly endPort?: number; readonly protocol?: string };

/** A DNS name or pattern. */
export type RawName = { readonly matchName?: string; readonly matchPattern?: string };

/** An HTTP rule. */
export type RawHttp = {
  readonly path?: string;
  readonly method?: string;
  readonly host?: string;
  readonly headers?: readonly string[];
  readonly headerMatches?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly secret?: { readonly name: string; readonly namespace?: string };
    readonly mismatch?: 'LOG' | 'ADD' | 'DELETE' | 'REPLACE';
  }[];
};

/** An entry of `toPorts`. */
export type RawPortRule = {
  readonly ports?: readonly RawPort[];
  readonly rules?: { readonly http?: readonly RawHttp[]; readonly dns?: readonly RawName[] };
  readonly serverNames?: readonly string[];
  readonly terminatingTLS?: object;
  readonly originatingTLS?: object;
  readonly listener?: {
    readonly name: string;
    readonly priority?: number;
    readonly envoyConfig: { readonly kind?: string; readonly name: string };
  };
};

/** An entry of `fromCIDRSet` or `toCIDRSet`. */
export type RawCidrRule = {
  readonly cidr?: string;
  readonly cidrGroupRef?: string;
  readonly cidrGroupSelector?: RawSelector;
  readonly except?: readonly string[];
};

/** An entry of `toServices`. */
export type RawService = {
  readonly k8sService?: { readonly serviceName?: string; readonly namespace?: string };
  readonly k8sServiceSelector?: { readonly selector: RawSelector; readonly namespace?: string };
};

/** One ICMP type of a rule. */
export type RawIcmpField = { readonly family?: string; readonly type: string | number };

/** A rule of any of the four directions; the fields of the other direction are absent. */
export type RawDirectionRule = {
  readonly fromEndpoints?: readonly RawSelector[];
  readonly toEndpoints?: readonly RawSelector[];
  readonly fromNodes?: readonly RawSelector[];
  readonly toNodes?: readonly RawSelector[];
  readonly fromEntities?: readonly string[];
  readonly toEntities?: readonly string[];
  readonly fromCIDR?: readonly string[];
  readonly toCIDR?: readonly string[];
  readonly fromCIDRSet?: readonly RawCidrRule[];
  readonly toCIDRSet?: readonly RawCidrRule[];
  readonly fromGroups?: readonly object[];
  readonly toGroups?: readonly object[];
  readonly toServices?: readonly RawService[];
  readonly toFQDNs?: readonly RawName[];
  readonly toPorts?: readonly RawPortRule[];
  readonly icmps?: readonly { readonly fields?: readonly RawIcmpField[] }[];
  readonly authentication?: { readonly mode: 'disabled' | 'required' | 'test-always-fail' };
};

/** The spec of a CiliumNetworkPolicy or CiliumClusterwideNetworkPolicy. */
export type RawSpec = {
  readonly endpointSelector?: RawSelector;
  readonly nodeSelector?: RawSelector;
  readonly ingress?: readonly RawDirectionRule[];
  readonly ingressDeny?: readonly RawDirectionRule[];
  readonly egress?: readonly RawDirectionRule[];
  readonly egressDeny?: readonly RawDirectionRule[];
  readonly enableDefaultDeny?: { readonly ingress?: boolean; readonly egress?: boolean };
  readonly log?: { readonly value?: string };
};

/** A CiliumNetworkPolicy or CiliumClusterwideNetworkPolicy that passed the schema. */
export type RawCiliumPolicy = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: RawSpec;
  readonly specs?: readonly RawSpec[];
};

/** A peer of a Kubernetes NetworkPolicy. */
export type RawNetworkPeer = {
  readonly podSelector?: RawSelector;
  readonly namespaceSelector?: RawSelector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
};

/** A port of a Kubernetes NetworkPolicy. */
export type RawNetworkPort = {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
};

/** A Kubernetes NetworkPolicy that passed validation. */
export type RawNetworkPolicy = {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: {
    readonly podSelector?: RawSelector;
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly {
      readonly from?: readonly RawNetworkPeer[];
      readonly ports?: readonly RawNetworkPort[];
    }[];
    readonly egress?: readonly {
      readonly to?: readonly RawNetworkPeer[];
      readonly ports?: readonly RawNetworkPort[];
    }[];
  };
};

/** Pods of chosen namespaces, in a ClusterNetworkPolicy. */
export type RawNamespacedPod = {
  readonly namespaceSelector?: RawSelector;
  readonly podSelector?: RawSelector;
};

/** A peer of a ClusterNetworkPolicy rule. */
export type RawClusterPeer = {
  readonly namespaces?: RawSelector;
  readonly pods?: RawNamespacedPod;
  readonly nodes?: RawSelector;
  readonly networks?: readonly string[];
  readonly domainNames?: readonly string[];
};

/** A port match of a ClusterNetworkPolicy rule. */
export type RawClusterPort = {
  readonly number?: number;
  readonly range?: { readonly start: number; readonly end: number };
};

/** A protocol match of a ClusterNetworkPolicy rule. */
export type RawClusterProtocol = {
  readonly tcp?: { readonly destinationPort?: RawClusterPort };
  readonly udp?: { readonly destinationPort?: RawClusterPort };
  readonly sctp?: { readonly destinationPort?: RawClusterPort };
  readonly destinationNamedPort?: string;
};

/** One rule of a ClusterNetworkPolicy. */
export type RawClusterRule = {
  readonly name?: string;
  readonly action: 'Accept' | 'Deny' | 'Pass';
  readonly from?: readonly RawClusterPeer[];
  readonly to?: readonly RawClusterPeer[];
  readonly protocols?: readonly RawClusterProtocol[];
};

/** A policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy that passed the schema. */
export type RawClusterPolicy = {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly tier: 'Admin' | 'Baseline';
    readonly priority: number;
    readonly subject: { readonly namespaces?: RawSelector; readonly pods?: RawNamespacedPod };
    readonly ingress?: readonly RawClusterRule[];
    readonly egress?: readonly RawClusterRule[];
  };
};
