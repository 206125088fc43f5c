import type { Flow } from '../hubble/flow.ts';
import type { FlowRow } from './protocol.ts';

/** Flows as the page's plain table shows them, in the order given. */
export function flowRows(flows: readonly Flow[]): readonly FlowRow[] {
  return flows.map((flow, index) => ({
    id: flow.uuid ?? `${flow.time ?? ''}-${index}`,
    time: (flow.time ?? '').slice(11, 23),
    source: endLabel(flow.source, flow.IP?.source, flow.l4?.TCP?.source_port ?? flow.l4?.UDP?.source_port),
    destination: endLabel(
      flow.destination,
      flow.IP?.destination,
      flow.l4?.TCP?.destination_port ?? flow.l4?.UDP?.destination_port,
    ),
    type: typeLabel(flow),
    verdict: flow.verdict ?? '',
    summary:
      flow.drop_reason_desc !== undefined && flow.verdict === 'DROPPED'
        ? words(flow.drop_reason_desc)
        : (flow.Summary ?? ''),
  }));
}

function endLabel(endpoint: Flow['source'], address: string | undefined, port: number | undefined): string {
  const name =
    endpoint?.pod_name === undefined
      ? reservedName(endpoint?.labels, address)
      : `${endpoint.namespace ?? ''}/${endpoint.pod_name}`;
  return port === undefined ? name : `${name}:${port}`;
}

function reservedName(labels: readonly string[] | undefined, address: string | undefined): string {
  const reserved = labels?.find((label) => label.startsWith('reserved:'))?.slice(9);
  return address === undefined
    ? (reserved ?? '')
    : reserved === undefined
      ? address
      : `${address} (${reserved})`;
}

function typeLabel(flow: Flow): string {
  const direction =
    flow.traffic_direction === 'EGRESS' || flow.traffic_direction === 'INGRESS'
      ? flow.traffic_direction.toLowerCase()
      : '';
  const { type } = flow.event_type ?? {};
  if (flow.l7 !== undefined) return `L7 ${direction}`.trim();
  if (type === 5) return `policy verdict ${direction}`.trim();
  if (type === 1) return `drop ${direction}`.trim();
  if (type === 7) return 'service';
  return `trace ${direction}`.trim();
}

function words(constant: string): string {
  return constant.toLowerCase().replaceAll('_', ' ');
}
