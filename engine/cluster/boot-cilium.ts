import type { BootObject } from './boot-objects.ts';
import type { JsonObject } from '../base/json.ts';
import { ciliumChartObjects } from '../charts/cilium-objects.ts';
import { CILIUM_VALUES } from '../charts/cilium-values.ts';
import { owned, type Release, releaseSecret } from '../charts/release.ts';
import { coalesceValues } from '../charts/values.ts';
import { invariant } from '../base/assert.ts';
import { kindOfObject } from '../objects/kinds.ts';

/** An installation of the chart: its version, without a `v`, and the values that were set. */
export type CiliumOptions = { readonly version: string; readonly values: JsonObject };

/** Cilium as the running worlds have it: what `cilium install` chooses on kind, with Hubble's relay and UI. */
export const DEFAULT_CILIUM: CiliumOptions = {
  version: '1.20.2',
  values: {
    cluster: { name: 'kind-kind' },
    hubble: { relay: { enabled: true }, ui: { enabled: true } },
    ipam: { mode: 'kubernetes' },
    operator: { replicas: 1 },
    routingMode: 'tunnel',
    tunnelProtocol: 'vxlan',
  },
};

const RELEASE = { name: 'cilium', namespace: 'kube-system' };

/** Cilium's objects as helm leaves them, its own record of the release included. `now` is RFC 3339. */
export function ciliumObjects(options: CiliumOptions, now: string): BootObject[] {
  const values = coalesceValues(CILIUM_VALUES, options.values);
  const objects = ciliumChartObjects(values, { ...RELEASE, version: options.version });
  const release: Release = {
    ...RELEASE,
    revision: 1,
    firstDeployed: now,
    lastDeployed: now,
    deleted: '',
    description: 'Install complete',
    status: 'deployed',
    chart: 'cilium',
    version: options.version,
    config: options.values,
  };
  const stamp = String(Math.floor(Date.parse(now) / 1000));
  const all = [...objects.map(({ object }) => owned(object, RELEASE)), releaseSecret(release, stamp)];
  return all.map((object) => {
    const kind = kindOfObject(object);
    invariant(kind !== undefined, `the chart's kinds are known: ${object.kind}`);
    return [kind.resource, object];
  });
}
