import type { Json, JsonObject } from '../base/json.ts';
import type { AgentReport } from './socket.ts';
import { isJsonObject } from '../base/json.ts';
import { byText } from '../base/order.ts';

/** Options of an endpoint that may be changed while it runs (pkg/option, EndpointMutableOptionLibrary), with their defaults. */
const ENDPOINT_OPTIONS: Readonly<Record<string, string>> = {
  Debug: 'Disabled',
  DebugLB: 'Disabled',
  DebugPolicy: 'Disabled',
  DropNotification: 'Enabled',
  MonitorAggregationLevel: 'Medium',
  PolicyAuditMode: 'Disabled',
  PolicyVerdictNotification: 'Enabled',
  SourceIPVerification: 'Enabled',
  TraceNotification: 'Enabled',
};

/** Options of an agent with what they are at its start; two more are absent until somebody sets them. */
const AGENT_OPTIONS: Readonly<Record<string, string>> = {
  Debug: 'Disabled',
  DebugLB: 'Disabled',
  DropNotification: 'Enabled',
  MonitorAggregationLevel: 'Medium',
  PolicyAuditMode: 'Disabled',
  PolicyTracing: 'Disabled',
  PolicyVerdictNotification: 'Enabled',
  SourceIPVerification: 'Enabled',
  TraceNotification: 'Enabled',
};
const AGENT_MORE = ['DebugPolicy', 'DebugTagged'];

const AUDIT = 'PolicyAuditMode';

/** What was set at run time, of agents by node and of endpoints by node and number. Audit mode is what verdicts heed. */
export class AgentOptions {
  #values = new Map<string, Map<string, string>>();

  /** True when an endpoint's option says so, or else its agent's. */
  isAudited(node: string, id: number): boolean {
    const own = this.#values.get(`${node}/${id}`)?.get(AUDIT);
    return (own ?? this.#values.get(node)?.get(AUDIT)) === 'Enabled';
  }

  /** All options of an agent. */
  ofNode(node: string, isAudited: boolean): Readonly<Record<string, string>> {
    return merged(AGENT_OPTIONS, this.#values.get(node), isAudited);
  }

  /** All options of an endpoint. */
  ofEndpoint(node: string, id: number, isAudited: boolean): Readonly<Record<string, string>> {
    return merged(ENDPOINT_OPTIONS, this.#values.get(`${node}/${id}`), isAudited);
  }

  /** Sets options of an agent (`key` is its node) or of an endpoint (`node/id`); those of its endpoints follow an agent's. */
  set(key: string, options: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(options)) {
      if (!key.includes('/'))
        for (const [other, values] of this.#values) if (other.startsWith(`${key}/`)) values.delete(name);
      const values = this.#values.get(key) ?? new Map<string, string>();
      values.set(name, value);
      this.#values.set(key, values);
    }
  }

  /** The agent of a node started anew: its own options are the configuration's again. */
  forgetNode(node: string): void {
    this.#values.delete(node);
  }

  /** An endpoint is gone. */
  forgetEndpoint(node: string, id: number): void {
    this.#values.delete(`${node}/${id}`);
  }

  /** Plain data for keyframes. */
  state(): Json {
    const entries = [...this.#values]
      .filter(([, values]) => values.size > 0)
      .sort(([a], [b]) => byText(a, b));
    return Object.fromEntries(entries.map(([key, values]) => [key, Object.fromEntries(values)]));
  }

  /** Continues from a state. */
  restore(state: Json): void {
    this.#values = new Map();
    if (!isJsonObject(state)) return;
    for (const [key, values] of Object.entries(state))
      if (isJsonObject(values))
        this.#values.set(key, new Map(Object.entries(values).map(([name, value]) => [name, String(value)])));
  }
}

function merged(
  defaults: Readonly<Record<string, string>>,
  values: ReadonlyMap<string, string> | undefined,
  isAudited: boolean,
): Readonly<Record<string, string>> {
  return { ...defaults, ...Object.fromEntries(values ?? []), ...(isAudited ? { [AUDIT]: 'Enabled' } : {}) };
}

/** PATCH on `/config` or `/endpoint/ID/config`: returns what is wrong, or undefined. */
export function changeOptions(
  options: AgentOptions,
  change: { readonly node: string; readonly path: string; readonly body: Json; readonly report: AgentReport },
): string | undefined {
  const { node, path, report } = change;
  const wanted = (isJsonObject(change.body) ? (change.body as JsonObject)['options'] : undefined) ?? {};
  const texts = Object.fromEntries(
    Object.entries(isJsonObject(wanted) ? wanted : {}).map(([name, value]) => [name, String(value)]),
  );
  const endpoint = /^\/endpoint\/(.+)\/config$/.exec(path);
  const known = endpoint ? Object.keys(ENDPOINT_OPTIONS) : [...Object.keys(AGENT_OPTIONS), ...AGENT_MORE];
  const unknown = Object.keys(texts).find((name) => !known.includes(name));
  if (unknown !== undefined) return `Unknown option ${unknown}`;
  if (!endpoint) {
    options.set(node, texts);
    return undefined;
  }
  const found = report.endpoints.find((one) => String(one.id) === endpoint[1]);
  if (!found) return `[PATCH /endpoint/{id}/config][404] patchEndpointIdConfigNotFound`;
  options.set(`${node}/${found.id}`, texts);
  return undefined;
}
