/**
 * The words of Hubble's API (api/v1/flow/flow.proto, relay.proto and observer.proto of Cilium 1.20) as the JSON that
 * `hubble observe -o json` prints: proto names, enums by name, zero values absent, 64-bit numbers as text.
 */

/** What became of a packet. */
export type Verdict = 'FORWARDED' | 'DROPPED' | 'ERROR' | 'AUDIT' | 'REDIRECTED' | 'TRACED' | 'TRANSLATED';

/** Which way a packet went, as seen from the endpoint whose program reported it. */
export type TrafficDirection = 'INGRESS' | 'EGRESS';

/** One side of a flow. `ID` and `workloads` only for endpoints local to the node that reports. */
export type FlowEndpoint = {
  readonly ID?: number;
  readonly identity?: number;
  readonly cluster_name?: string;
  readonly namespace?: string;
  readonly labels?: readonly string[];
  readonly pod_name?: string;
  readonly workloads?: readonly { readonly name?: string; readonly kind?: string }[];
};

/** A policy that took part in a verdict. */
export type FlowPolicy = {
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: readonly string[];
  readonly revision?: string;
  readonly kind?: string;
};

/** A Service's name. */
export type FlowService = { readonly name?: string; readonly namespace?: string };

/** The flags of a TCP segment that are set. */
export type TcpFlags = Readonly<
  Partial<Record<'FIN' | 'SYN' | 'RST' | 'PSH' | 'ACK' | 'URG' | 'ECE' | 'CWR' | 'NS', boolean>>
>;

/** The transport header of a packet: one member. */
export type Layer4 = {
  readonly TCP?: {
    readonly source_port?: number;
    readonly destination_port?: number;
    readonly flags?: TcpFlags;
  };
  readonly UDP?: { readonly source_port?: number; readonly destination_port?: number };
  readonly ICMPv4?: { readonly type?: number; readonly code?: number };
  readonly ICMPv6?: { readonly type?: number; readonly code?: number };
  readonly SCTP?: {
    readonly source_port?: number;
    readonly destination_port?: number;
    readonly chunk_type?: string;
  };
};

/** A DNS record of the DNS proxy. */
export type FlowDns = {
  readonly query?: string;
  readonly ips?: readonly string[];
  readonly ttl?: number;
  readonly cnames?: readonly string[];
  readonly observation_source?: string;
  readonly rcode?: number;
  readonly qtypes?: readonly string[];
  readonly rrtypes?: readonly string[];
};

/** An HTTP record of Envoy. */
export type FlowHttp = {
  readonly code?: number;
  readonly method?: string;
  readonly url?: string;
  readonly protocol?: string;
  readonly headers?: readonly { readonly key?: string; readonly value?: string }[];
};

/** What a proxy saw inside of a connection. */
export type Layer7 = {
  readonly type?: 'REQUEST' | 'RESPONSE' | 'SAMPLE';
  readonly latency_ns?: string;
  readonly dns?: FlowDns;
  readonly http?: FlowHttp;
};

/** One flow. Members stand in the order of the .proto, which is the order in which JSON is printed. */
export type Flow = {
  readonly time?: string;
  readonly uuid?: string;
  readonly emitter?: { readonly name?: string; readonly version?: string };
  readonly verdict?: Verdict;
  readonly drop_reason?: number;
  readonly auth_type?: string;
  readonly ethernet?: { readonly source?: string; readonly destination?: string };
  readonly IP?: {
    readonly source?: string;
    readonly source_xlated?: string;
    readonly destination?: string;
    readonly ipVersion?: string;
    readonly encrypted?: boolean;
  };
  readonly l4?: Layer4;
  readonly tunnel?: unknown;
  readonly source?: FlowEndpoint;
  readonly destination?: FlowEndpoint;
  readonly Type?: 'L3_L4' | 'L7' | 'SOCK';
  readonly node_name?: string;
  readonly node_labels?: readonly string[];
  readonly source_names?: readonly string[];
  readonly destination_names?: readonly string[];
  readonly l7?: Layer7;
  readonly reply?: boolean;
  readonly event_type?: { readonly type?: number; readonly sub_type?: number };
  readonly source_service?: FlowService;
  readonly destination_service?: FlowService;
  readonly traffic_direction?: TrafficDirection;
  readonly policy_match_type?: number;
  readonly trace_observation_point?: string;
  readonly trace_reason?: string;
  readonly file?: { readonly name?: string; readonly line?: number };
  readonly ip_trace_id?: { readonly trace_id?: string; readonly ip_option_type?: number };
  readonly drop_reason_desc?: string;
  readonly is_reply?: boolean;
  readonly debug_capture_point?: string;
  readonly interface?: { readonly index?: number; readonly name?: string };
  readonly proxy_port?: number;
  readonly trace_context?: { readonly parent?: { readonly trace_id?: string } };
  readonly sock_xlate_point?: string;
  readonly socket_cookie?: string;
  readonly cgroup_id?: string;
  readonly Summary?: string;
  readonly egress_allowed_by?: readonly FlowPolicy[];
  readonly ingress_allowed_by?: readonly FlowPolicy[];
  readonly egress_denied_by?: readonly FlowPolicy[];
  readonly ingress_denied_by?: readonly FlowPolicy[];
  readonly policy_log?: readonly string[];
};

/** What GetFlows sends: a flow, or news about nodes or lost events. */
export type FlowsResponse = {
  readonly flow?: Flow;
  readonly node_status?: {
    readonly state_change?: string;
    readonly node_names?: readonly string[];
    readonly message?: string;
  };
  readonly lost_events?: {
    readonly source?: string;
    readonly num_events_lost?: string;
    readonly cpu?: number;
    readonly first?: string;
    readonly last?: string;
  };
  readonly node_name?: string;
  readonly time?: string;
};

/** A filter of flows (flow.proto FlowFilter): every member that is present must match; the values of one member are OR. */
export type FlowFilter = {
  readonly uuid?: readonly string[];
  readonly source_ip?: readonly string[];
  readonly source_ip_xlated?: readonly string[];
  readonly source_pod?: readonly string[];
  readonly source_fqdn?: readonly string[];
  readonly source_label?: readonly string[];
  readonly source_service?: readonly string[];
  readonly source_workload?: readonly { readonly name?: string; readonly kind?: string }[];
  readonly source_cluster_name?: readonly string[];
  readonly destination_ip?: readonly string[];
  readonly destination_pod?: readonly string[];
  readonly destination_fqdn?: readonly string[];
  readonly destination_label?: readonly string[];
  readonly destination_service?: readonly string[];
  readonly destination_workload?: readonly { readonly name?: string; readonly kind?: string }[];
  readonly destination_cluster_name?: readonly string[];
  readonly traffic_direction?: readonly string[];
  readonly verdict?: readonly string[];
  readonly drop_reason_desc?: readonly string[];
  readonly interface?: readonly { readonly index?: number; readonly name?: string }[];
  readonly event_type?: readonly {
    readonly type?: number;
    readonly match_sub_type?: boolean;
    readonly sub_type?: number;
  }[];
  readonly http_status_code?: readonly string[];
  readonly protocol?: readonly string[];
  readonly source_port?: readonly string[];
  readonly destination_port?: readonly string[];
  readonly reply?: readonly boolean[];
  readonly dns_query?: readonly string[];
  readonly source_identity?: readonly number[];
  readonly destination_identity?: readonly number[];
  readonly http_method?: readonly string[];
  readonly http_path?: readonly string[];
  readonly http_url?: readonly string[];
  readonly http_header?: readonly { readonly key?: string; readonly value?: string }[];
  readonly tcp_flags?: readonly TcpFlags[];
  readonly node_name?: readonly string[];
  readonly node_labels?: readonly string[];
  readonly ip_version?: readonly string[];
  readonly trace_id?: readonly string[];
  readonly ip_trace_id?: readonly string[];
  readonly encrypted?: readonly boolean[];
  readonly experimental?: { readonly cel_expression?: readonly string[] };
};
