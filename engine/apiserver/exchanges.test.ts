import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Json, JsonObject } from '../base/json.ts';
import type { Kubelet, KubeObject, KubeRequest, KubeResponse } from '../objects/api.ts';
import { Store } from '../store/store.ts';
import { createHandler } from './handler.ts';
import { createSimulation } from '../base/simulation.ts';
import { kindOfObject } from '../objects/kinds.ts';

// Exchanges recorded from a real API server of v1.32 (columns without their descriptions).
type Exchange = KubeRequest & {
  readonly name: string;
  readonly status: number;
  readonly response?: Json;
  readonly warnings?: readonly string[];
  readonly events?: readonly { readonly type: string; readonly object: JsonObject }[];
};
const EXCHANGES = readFileSync(new URL('testdata/exchanges.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Exchange);

/** Exchanges that are not compared, each with its reason. */
const SKIPPED: Readonly<Record<string, string>> = {
  '01-version': 'the build of the recorder',
  '69-accept-yaml': 'the wire writes YAML',
  '71-accept-protobuf-crd': 'protobuf',
  '77-401': 'no tokens in the virtual cluster',
  '78-403-anonymous': 'no tokens in the virtual cluster',
  '57-table-componentstatuses': 'computed kind that no task uses',
  '61-partial-metadata-list': 'needs the recorded objects',
  '67-get-scale': 'needs the recorded deployment',
  '132-bind-subresource': 'needs the recorded pod',
};

/** Compared without what controllers write in a real cluster. */
const WITHOUT_STATUS = new Set([
  '104-patch-strategic',
  '112-patch-scale',
  '124-delete-pod',
  '125-delete-deploy',
]);
/** Questions, whose answers nobody stores: field owners are left out. */
const WITHOUT_OWNERS = new Set([
  '113-selfsubjectaccessreview',
  '114-selfsubjectaccessreview-bob',
  '133-token-request',
]);

const KUBELET = {} as Kubelet;

function recordedObjects(): KubeObject[] {
  const found = new Map<string, KubeObject>();
  const keep = (value: unknown, listKind: string): void => {
    const object = value as KubeObject;
    const kind = object.kind ?? listKind;
    const apiVersion = object.apiVersion ?? 'v1';
    found.set(`${kind}/${object.metadata.name}`, { ...object, kind, apiVersion });
  };
  for (const { name, response } of EXCHANGES) {
    if (name === '118-list-rv' || name.startsWith('62-'))
      for (const item of (response as { items: [] }).items) keep(item, 'Pod');
    if (['66-get-deploy-managed-fields', '68-get-cnp', '102-put-noop'].includes(name)) keep(response, '');
    if (name === '58-table-pods-includeObject-Object') {
      for (const row of (response as { rows: { object: JsonObject }[] }).rows) keep(row.object, '');
    }
  }
  const client = found.get('Pod/client');
  for (const name of ['web-1', 'web-2', 'web-3', 'web-4', 'web-5', 'web-6']) {
    if (client !== undefined)
      found.set(`Pod/${name}`, { ...client, metadata: { ...client.metadata, name, uid: `uid-of-${name}` } });
  }
  return [...found.values()];
}

function world() {
  const sim = createSimulation(1, Date.UTC(2026, 10, 21, 9, 32, 23));
  const store = new Store(sim.clock);
  const namespace = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
    spec: {},
    status: { phase: 'Active' },
  });
  for (const name of ['default', 'kube-system']) store.put('namespaces', namespace(name));
  store.put('serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'default' },
  });
  for (const object of recordedObjects()) store.put(kindOfObject(object)?.resource ?? '', object);
  return {
    sim,
    store,
    handle: createHandler({ sim, store, kubelet: KUBELET, worldFacts: { address: '172.18.0.2:6443' } }),
  };
}

/** A definition that discovery had not seen yet when the exchanges were recorded; kubectl's recordings have it. */
function isLate(value: unknown): boolean {
  const { name, resource } = (value ?? {}) as { readonly name?: unknown; readonly resource?: unknown };
  return name === 'ciliumnodeconfigs' || resource === 'ciliumnodeconfigs';
}

/** Hides what differs from run to run. */
function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((one) => !isLate(one)).map(masked);
  if (typeof value === 'string') {
    return value
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uid>')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
      .replace(/^g-[a-z0-9]{5}$/, '<generated>');
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, member]): [string, unknown][] => {
    if (key === 'storageVersionHash' || key === 'description' || member === undefined) return [];
    if (key === 'resourceVersion' || key === 'remainingItemCount' || key === 'continue' || key === 'token')
      return [[key, '<masked>']];
    if (key === 'extra') return [];
    return [[key, masked(member)]];
  });
  return Object.fromEntries(entries);
}

function replay(
  handle: ReturnType<typeof world>['handle'],
  exchange: Exchange,
  store: Store,
): { status: number; body: unknown; warnings?: unknown } {
  const { name: _, status: __, response: ___, warnings: ____, ...request } = exchange;
  let { body } = request;
  if (exchange.name.startsWith('63-') || exchange.name.startsWith('64-')) {
    const token = lastContinue;
    const response = handle({ ...request, query: { ...request.query, continue: token } });
    return noted(response);
  }
  // The recorded revision and uid are not ours.
  if (exchange.name === '102-put-noop') {
    const settings = store.get('configmaps', 'default', 'settings');
    body = String(body).replace('"6002"', JSON.stringify(settings?.metadata.resourceVersion));
  }
  const response = handle(body === undefined ? request : { ...request, body });
  if (response.kind === 'json') return noted(response);
  if (response.kind === 'text') return { status: response.status, body: response.text };
  return { status: response.status, body: undefined };
}

let lastContinue = '';

function noted(response: KubeResponse): { status: number; body: unknown; warnings?: unknown } {
  if (response.kind !== 'json') return { status: response.status, body: undefined };
  const token = (response.body['metadata'] as { continue?: string } | undefined)?.continue;
  if (token !== undefined) lastContinue = token;
  return {
    status: response.status,
    body: response.body,
    ...(response.warnings ? { warnings: response.warnings } : {}),
  };
}

function withoutStatus(value: unknown): unknown {
  const { status: _, metadata, ...rest } = value as { status: unknown; metadata: Record<string, unknown> };
  const { generation: __, annotations: ___, managedFields: ____, ...meta } = metadata;
  return { ...rest, metadata: meta };
}

function withoutOwners(value: unknown): unknown {
  const { metadata, ...rest } = value as { metadata: Record<string, unknown> };
  const { managedFields: _, ...meta } = metadata;
  return { ...rest, metadata: meta };
}

// The recorder's order of custom resources is that of a Go map.
function sortedResources(value: unknown): unknown {
  const list = value as { resources: { name: string }[] };
  return { ...list, resources: [...list.resources].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

const isTable = (exchange: Exchange) =>
  (exchange.response as { kind?: string } | undefined)?.kind === 'Table';

const { handle, store } = world();
for (const exchange of EXCHANGES) {
  if (exchange.events !== undefined) continue;
  const reason = SKIPPED[exchange.name];
  const title = `${exchange.name} ${exchange.method} ${exchange.path}`;
  if (reason !== undefined) {
    test.skip(`${title}: ${reason}`, () => undefined);
    continue;
  }
  test(title, () => {
    const answer = replay(handle, exchange, store);
    expect(answer.status).toBe(exchange.status);
    if (isTable(exchange)) {
      const columns = (value: unknown) => masked((value as { columnDefinitions: Json }).columnDefinitions);
      expect(columns(answer.body)).toEqual(columns(exchange.response));
      return;
    }
    if (
      exchange.name.startsWith('62-') ||
      exchange.name.startsWith('63-') ||
      exchange.name.startsWith('64-') ||
      exchange.name === '118-list-rv'
    ) {
      const shape = (value: unknown) => Object.keys((value as { metadata: object }).metadata);
      expect(shape(answer.body)).toEqual(shape(exchange.response));
      return;
    }
    if (exchange.name === '09-resources-apis-cilium.io-v2') {
      expect(masked(sortedResources(answer.body))).toEqual(masked(sortedResources(exchange.response)));
      return;
    }
    if (WITHOUT_STATUS.has(exchange.name)) {
      expect(masked(withoutStatus(answer.body))).toEqual(masked(withoutStatus(exchange.response)));
      return;
    }
    const recorded = WITHOUT_OWNERS.has(exchange.name) ? withoutOwners(exchange.response) : exchange.response;
    expect(masked(answer.body)).toEqual(masked(recorded));
    const shown = (answer.warnings as readonly string[] | undefined)?.map(
      (text) => `299 - ${JSON.stringify(text)}`,
    );
    if (exchange.warnings !== undefined) expect(shown).toEqual(exchange.warnings);
  });
}
