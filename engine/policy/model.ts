import type { NamePattern } from './name-pattern.ts';
import type { Selector } from './selector.ts';

/**
 * Options of the agent that change verdicts (cilium-config).
 * `enforcement`: enable-policy; `nodeSelectorLabels`: enable-node-selector-labels; `cidrMatchMode`: policy-cidr-match-mode.
 */
export type PolicyConfig = {
  readonly enforcement: 'default' | 'always' | 'never';
  /** Dual stack; without it only IPv4. */
  readonly ipv6: boolean;
  readonly hostFirewall: boolean;
  readonly nodeSelectorLabels: boolean;
  readonly cidrMatchMode: readonly string[];
  /** The cluster's name. */
  readonly cluster: string;
  /** policy-audit-mode: what L3 and L4 rules deny passes all the same, and is told. */
  readonly isAudit?: boolean;
  /** enable-l7-proxy; absent: on. Without it rules of layer 7 are refused. */
  readonly hasL7Proxy?: boolean;
  /** enable-ingress-controller: the ingress has an endpoint of its own, with policy. */
  readonly hasIngress?: boolean;
};

/** What a cluster installed with defaults runs with. */
export const DEFAULT_POLICY_CONFIG: PolicyConfig = {
  enforcement: 'default',
  ipv6: true,
  hostFirewall: false,
  nodeSelectorLabels: false,
  cidrMatchMode: [],
  cluster: 'default',
};

/** A container port with a name. Protocol `TCP`, `UDP` or `SCTP`. */
export type NamedPort = { readonly name: string; readonly port: number; readonly protocol: string };

/** What the engine needs to know of a pod. `key` is `namespace/name`. */
export type EndpointFacts = {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  /** The pod's own labels. */
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  /** The node it runs on. */
  readonly node: string;
  readonly addresses: readonly string[];
  readonly namedPorts: readonly NamedPort[];
  /** True while the pod has no labels yet (identity `reserved:init`). */
  readonly isInit?: boolean;
  /** The Envoys of the ingress controller (identity `reserved:ingress`), which stand for no pod. */
  readonly isIngress?: boolean;
};

/** What the engine needs to know of a node. */
export type NodeFacts = {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
};

/** A namespace and its labels; `kubernetes.io/metadata.name` is added when absent. */
export type NamespaceFacts = { readonly name: string; readonly labels: Readonly<Record<string, string>> };

/** A Service as `toServices` sees it: one without a selector stands for its endpoints' addresses. */
export type ServiceFacts = {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly selector: Readonly<Record<string, string>>;
  readonly endpoints: readonly string[];
};

/** A CiliumCIDRGroup. */
export type CidrGroupFacts = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cidrs: readonly string[];
};

/** One end of a flow. An address of a pod or node means that pod or node. `entity` is a reserved identity, such as `host` or `world`. */
export type Peer =
  | { readonly endpoint: string }
  | { readonly address: string }
  | { readonly node: string }
  | { readonly entity: string };

/** An HTTP request as policy sees it. `path` with its query, `host` with its port; header names in any case. */
export type HttpFacts = {
  readonly method: string;
  readonly path: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A flow after Service translation: `port` is the destination's own. ICMP flows carry `icmpType` in place of a port. */
export type FlowSpec = {
  readonly from: Peer;
  readonly to: Peer;
  readonly port?: number;
  /** A name of PROTOCOL_NUMBERS. */
  readonly protocol: string;
  readonly icmpType?: number;
  readonly http?: HttpFacts;
  readonly dns?: { readonly query: string };
  readonly sni?: string;
};

/** A place in a policy: `path` leads from the object's root to a rule or port rule, e.g. `['spec', 'ingress', 0, 'toPorts', 0]`. */
export type RuleRef = {
  readonly policyKind: string;
  /** Empty for a cluster-wide policy. */
  readonly namespace: string;
  readonly name: string;
  readonly path: readonly (string | number)[];
};

/** What kind of map entry decided, in Hubble's words (policy_match_type). */
export type MatchType = 'none' | 'L3-Only' | 'L3-L4' | 'L4-Only' | 'all' | 'L3-Proto' | 'Proto-Only';

/** The proxy that a redirected flow goes through; `crd` is a custom Envoy listener. */
export type L7Parser = 'http' | 'dns' | 'tls' | 'crd';

/** The decision at one end. */
export type SideVerdict = {
  readonly verdict: 'allowed' | 'denied' | 'redirected';
  /** Policy is enforced on this endpoint in this direction. */
  readonly enforced: boolean;
  /** False when this end is no endpoint with policy (outside, remote node, host without host firewall). */
  readonly managed: boolean;
  readonly deniedBy: 'explicit' | 'default' | null;
  readonly l7: L7Parser | null;
  /** Null when not redirected or when the flow carries nothing for that proxy. */
  readonly l7verdict: 'allowed' | 'denied' | null;
  readonly auth: 'required' | 'always-fail' | null;
  /** Audit mode let this pass that policy denies; `deniedBy` says by what. */
  readonly isAudited?: true;
  /** Policies whose rules gave the deciding entry (`namespace/name`, or `name` when cluster-wide): sorted, unique. */
  readonly rulesMatched: readonly string[];
  readonly matchType: MatchType;
  /** The rules that gave the deciding entry. */
  readonly rules: readonly RuleRef[];
  /** What those rules' policies want logged (`log.value`); absent: nothing. */
  readonly log?: readonly string[];
};

/** The decision about a flow: egress at the source first, then ingress at the destination. */
export type FlowVerdict = {
  readonly egress: SideVerdict;
  readonly ingress: SideVerdict;
  readonly verdict: 'FORWARDED' | 'DROPPED' | 'L7-DENIED' | 'AUTH-REQUIRED';
  /** The first end that does not let it pass. */
  readonly droppedAt: 'egress' | 'ingress' | null;
  readonly reason: string | null;
};

/** Tiers in order of evaluation (pkg/policy/types: Admin, Normal, Baseline, DefaultPolicy). */
export const TIER = { admin: 100, normal: 200, baseline: 250, fallback: 255 } as const;

/** Demanded authentication of a rule. */
export type Authentication = 'disabled' | 'required' | 'test-always-fail';

/** A port of a rule, protocol `ANY` already spread. `port` 0 is every port (or ICMP type) of the protocol. */
export type PortSpec = {
  readonly port: number;
  /** 0 or not above `port`: a single port. */
  readonly endPort: number;
  /** Set for a named port; `port` is then 0. */
  readonly portName?: string;
  readonly protocol: number;
};

/** A condition on one header of a request. `action` is what happens on a mismatch. */
export type HeaderMatch = {
  readonly name: string;
  readonly value: string;
  readonly hasSecret: boolean;
  readonly action: 'FAIL' | 'LOG' | 'ADD' | 'DELETE' | 'REPLACE';
};

/** One HTTP rule; empty expressions match everything. Expressions are RE2 and match the whole string. */
export type HttpRule = {
  readonly path: string;
  readonly method: string;
  readonly host: string;
  readonly headers: readonly string[];
  readonly headerMatches: readonly HeaderMatch[];
};

/** One DNS rule with its pattern compiled. */
export type DnsRule = { readonly text: string; readonly pattern: NamePattern };

/** One entry of `toPorts` (or one `icmps` block). */
export type PortRule = {
  readonly ports: readonly PortSpec[];
  readonly http: readonly HttpRule[];
  readonly dns: readonly DnsRule[];
  readonly serverNames: readonly string[];
  readonly listener?: { readonly name: string; readonly priority: number };
  readonly hasTls: boolean;
  /** TLS ends at the proxy, which then sees the requests. */
  readonly endsTls: boolean;
  readonly ref: RuleRef;
};

/** A reference to Services in `toServices`. Empty `namespace` is any. */
export type ServiceReference =
  | { readonly name: string; readonly namespace: string }
  | { readonly selector: Selector; readonly namespace: string };

/** One rule of one direction, in the engine's form. */
export type PolicyRule = {
  readonly tier: number;
  /** Lower goes first within a tier. */
  readonly priority: number;
  readonly verdict: 'allow' | 'deny' | 'pass';
  readonly isIngress: boolean;
  /** The subject is a node. */
  readonly isNode: boolean;
  readonly subject: Selector;
  /** Null selects nobody; an empty list is every peer when there are ports, nobody otherwise. */
  readonly peers: readonly Selector[] | null;
  readonly services: readonly ServiceReference[];
  /** Null: no `toPorts` at all, the rule is about all ports. */
  readonly ports: readonly PortRule[];
  /** Turns on default deny for its subjects in its direction. */
  readonly hasDefaultDeny: boolean;
  readonly authentication?: Authentication;
  readonly log: string;
  readonly ref: RuleRef;
};

/** A policy that passed validation. */
export type ParsedPolicy = {
  readonly kind: string;
  /** Empty for a cluster-wide policy. */
  readonly namespace: string;
  readonly name: string;
  readonly rules: readonly PolicyRule[];
};
