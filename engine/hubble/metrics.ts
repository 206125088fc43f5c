import type { Flow } from './flow.ts';

/** Counters by `name{labels}`, in the order in which they came up. */
export type Counters = Record<string, number>;

const HELP: Readonly<Record<string, string>> = {
  hubble_flows_processed_total: 'Total number of flows processed',
  hubble_drop_total: 'Number of drops',
  hubble_tcp_flags_total: 'TCP flag occurrences',
  hubble_icmp_total: 'Number of ICMP messages',
  hubble_port_distribution_total: 'Numbers of packets distributed by destination port',
  hubble_dns_queries_total: 'Number of DNS queries observed',
  hubble_dns_responses_total: 'Number of DNS queries observed',
  hubble_http_requests_total: 'Count of HTTP requests by methods and status.',
};

/** The metrics that an agent's Hubble offers, by the word in `hubble.metrics.enabled`. */
const METRICS: Readonly<Record<string, (flow: Flow, add: Add) => void>> = {
  flow: (flow, add) => add('hubble_flows_processed_total', flowLabels(flow)),
  drop: (flow, add) => {
    if (flow.verdict !== 'DROPPED') return;
    add('hubble_drop_total', {
      protocol: protocolOf(flow),
      reason: flow.drop_reason_desc ?? 'DROP_REASON_UNKNOWN',
    });
  },
  tcp: (flow, add) => {
    const flags = flow.l4?.TCP?.flags ?? {};
    if (flow.verdict !== 'FORWARDED' && flow.verdict !== 'REDIRECTED') return;
    const family = flow.IP?.ipVersion ?? 'IPv4';
    const named = flags.FIN ? 'FIN' : flags.RST ? 'RST' : flags.SYN ? (flags.ACK ? 'SYN-ACK' : 'SYN') : '';
    if (named !== '') add('hubble_tcp_flags_total', { family, flag: named });
  },
  icmp: (flow, add) => {
    const type = flow.l4?.ICMPv4?.type;
    if (type !== undefined)
      add('hubble_icmp_total', {
        family: 'IPv4',
        type: type === 8 ? 'EchoRequest' : type === 0 ? 'EchoReply' : String(type),
      });
  },
  'port-distribution': (flow, add) => {
    const port = flow.l4?.TCP?.destination_port ?? flow.l4?.UDP?.destination_port;
    if (flow.is_reply === true || flow.Type !== 'L3_L4' || port === undefined || flow.verdict === 'DROPPED')
      return;
    add('hubble_port_distribution_total', { port: String(port), protocol: protocolOf(flow) });
  },
  dns: (flow, add) => {
    const dns = flow.l7?.dns;
    if (!dns) return;
    const qtypes = (dns.qtypes ?? []).join(',');
    if (flow.l7?.type === 'REQUEST')
      add('hubble_dns_queries_total', { ips_returned: '0', qtypes, rcode: '' });
    else {
      const rcode = dns.rcode === 3 ? 'Non-Existent Domain' : dns.rcode === 5 ? 'Query Refused' : 'No Error';
      add('hubble_dns_responses_total', { ips_returned: String(dns.ips?.length ?? 0), qtypes, rcode });
    }
  },
  httpV2: (flow, add) => {
    const http = flow.l7?.http;
    if (!http || flow.l7?.type !== 'RESPONSE') return;
    add('hubble_http_requests_total', {
      method: http.method ?? '',
      protocol: http.protocol ?? '',
      reporter: flow.traffic_direction === 'EGRESS' ? 'client' : 'server',
      status: String(http.code ?? 0),
    });
  },
};

type Add = (name: string, labels: Readonly<Record<string, string>>) => void;

/** Most series of one agent; further ones are not counted. */
const SERIES_MAX = 2000;

/** Counts a flow under every metric that is on (`dns;query` is `dns` with options; `http` counts as httpV2). */
export function countFlow(counters: Counters, flow: Flow, enabled: readonly string[]): void {
  for (const word of enabled) {
    const name = word.split(/[:;]/)[0] ?? '';
    const count = METRICS[name === 'http' ? 'httpV2' : name];
    if (!Object.hasOwn(METRICS, name === 'http' ? 'httpV2' : name) || !count) continue;
    count(flow, (metric, labels) => {
      const key = `${metric}${labelText(labels)}`;
      if (!Object.hasOwn(counters, key) && Object.keys(counters).length >= SERIES_MAX) return;
      counters[key] = (counters[key] ?? 0) + 1;
    });
  }
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}}`;
}

function protocolOf(flow: Flow): string {
  const [name] = Object.keys(flow.l4 ?? {});
  if (flow.l7?.http) return 'HTTP';
  if (flow.l7?.dns) return 'DNS';
  return name ?? 'Unknown flow';
}

function flowLabels(flow: Flow): Readonly<Record<string, string>> {
  const isL7 = flow.Type === 'L7';
  const kinds: Readonly<Record<number, string>> = {
    1: 'Drop',
    4: 'Trace',
    5: 'PolicyVerdict',
    2: 'Debug',
    7: 'Agent',
  };
  const type = isL7
    ? 'L7'
    : flow.Type === 'SOCK'
      ? 'TraceSock'
      : (kinds[flow.event_type?.type ?? 4] ?? 'Trace');
  const subtype = isL7
    ? flow.l7?.http
      ? 'HTTP'
      : 'DNS'
    : type === 'Trace'
      ? (flow.trace_observation_point ?? '').toLowerCase().replaceAll('_', '-')
      : '';
  return { protocol: protocolOf(flow), subtype, type, verdict: flow.verdict ?? 'VERDICT_UNKNOWN' };
}

/** Counters in the text format of Prometheus, each metric with its help. */
export function countersText(counters: Counters): string {
  const names = [...new Set(Object.keys(counters).map((key) => key.slice(0, key.indexOf('{'))))].sort();
  return names
    .map((name) => {
      const rows = Object.entries(counters).filter(([key]) => key.startsWith(`${name}{`));
      const head = `# HELP ${name} ${HELP[name] ?? ''}\n# TYPE ${name} counter\n`;
      return (
        head +
        rows
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, value]) => `${key} ${value}\n`)
          .join('')
      );
    })
    .join('');
}
