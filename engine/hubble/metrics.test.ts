import { describe, expect, it } from 'vitest';
import type { Flow } from './flow.ts';
import { type Counters, countersText, countFlow } from './metrics.ts';

const dropped: Flow = {
  verdict: 'DROPPED',
  Type: 'L3_L4',
  drop_reason_desc: 'POLICY_DENIED',
  event_type: { type: 1, sub_type: 133 },
  l4: { TCP: { source_port: 40000, destination_port: 80, flags: { SYN: true } } },
};

describe('metrics of flows', () => {
  it('count each flow under what is on', () => {
    const counters: Counters = {};
    countFlow(counters, dropped, ['drop', 'flow', 'tcp', 'nosuch', '__proto__']);
    countFlow(counters, dropped, ['drop']);
    countFlow(
      counters,
      { ...dropped, verdict: 'FORWARDED', event_type: { type: 4 }, trace_observation_point: 'TO_ENDPOINT' },
      ['flow', 'tcp', 'port-distribution'],
    );
    countFlow(
      counters,
      {
        verdict: 'FORWARDED',
        Type: 'L7',
        traffic_direction: 'INGRESS',
        l7: { type: 'RESPONSE', http: { code: 403, method: 'GET', protocol: 'HTTP/1.1' } },
      },
      ['httpV2:labels=x', 'flow'],
    );
    expect(counters).toEqual({
      'hubble_drop_total{protocol="TCP",reason="POLICY_DENIED"}': 2,
      'hubble_flows_processed_total{protocol="TCP",subtype="",type="Drop",verdict="DROPPED"}': 1,
      'hubble_flows_processed_total{protocol="TCP",subtype="to-endpoint",type="Trace",verdict="FORWARDED"}': 1,
      'hubble_flows_processed_total{protocol="HTTP",subtype="HTTP",type="L7",verdict="FORWARDED"}': 1,
      'hubble_tcp_flags_total{family="IPv4",flag="SYN"}': 1,
      'hubble_port_distribution_total{port="80",protocol="TCP"}': 1,
      'hubble_http_requests_total{method="GET",protocol="HTTP/1.1",reporter="server",status="403"}': 1,
    });
    expect(countersText(counters)).toContain(
      '# HELP hubble_drop_total Number of drops\n# TYPE hubble_drop_total counter\nhubble_drop_total{protocol="TCP",reason="POLICY_DENIED"} 2\n',
    );
  });
});
