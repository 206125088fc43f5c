import type { Condition, LabelSelector, Service } from '../objects/views.ts';
import type { Controller, ControllerContext } from './context.ts';
import type { KubeObject } from '../objects/api.ts';
import type { StoreEvent } from '../store/store.ts';
import { formatAddress, parseAddress } from '../net/address.ts';
import { keyOf } from '../objects/views.ts';
import { parseCidr } from '../net/cidr.ts';
import { sameValue } from '../objects/equal.ts';
import { timestamp } from '../objects/time.ts';
import { textOf } from '../store/service-addresses.ts';
import { updateStatus } from '../store/registry.ts';
import { matchesSelector } from './selector.ts';

const POOLS = 'ciliumloadbalancerippools.cilium.io';
const SATISFIED = 'cilium.io/IPAMRequestSatisfied';
/** Classes of load balancers that Cilium's operator serves; a Service without a class is its as well. */
const CLASSES = new Set(['io.cilium/l2-announcer', 'io.cilium/bgp-control-plane', 'io.cilium/node']);

type Pool = KubeObject & {
  readonly spec?: {
    readonly blocks?: readonly { readonly cidr?: string; readonly start?: string; readonly stop?: string }[];
    readonly allowFirstLastIPs?: string;
    readonly disabled?: boolean;
    readonly serviceSelector?: LabelSelector;
  };
};

type BalancedService = Service & {
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] };
  };
};

/** Numbers of the first and last IPv4 address of a range, both included. */
type Range = { readonly first: number; readonly last: number };

/**
 * Cilium's LB-IPAM (operator/pkg/lbipam): addresses for Services of type LoadBalancer out of the pools that select them.
 * It sleeps until the first pool exists; a kind cluster without one leaves such Services pending.
 */
export class LoadBalancers implements Controller {
  readonly name = 'cilium-operator';
  readonly #context: ControllerContext;
  #isDue = false;

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  observe(event: StoreEvent): void {
    if (event.resource === POOLS) this.#isDue = true;
    if (event.resource !== 'services') return;
    const isBalanced = [event.object, event.previous].some(
      (one) => (one as Service | undefined)?.spec?.type === 'LoadBalancer',
    );
    if (isBalanced) this.#isDue = true;
  }

  reconcile(): boolean {
    if (!this.#isDue) return false;
    this.#isDue = false;
    const { store } = this.#context;
    const before = store.revision;
    const pools = store.list(POOLS) as Pool[];
    const services = store.list('services') as BalancedService[];
    const used = new Map<string, string>();
    for (const service of services)
      for (const ip of addressesOf(service)) if (isBalanced(service)) used.set(ip, keyOf(service));
    for (const service of services) this.#sync(service, pools, used);
    for (const pool of pools) this.#report(pool, used);
    return store.revision !== before;
  }

  #sync(service: BalancedService, pools: readonly Pool[], used: Map<string, string>): void {
    const has = addressesOf(service);
    if (!isBalanced(service)) {
      if (has.length > 0 || conditionsOf(service).some(({ type }) => type === SATISFIED))
        this.#write(service, [], undefined);
      return;
    }
    const mine = pools.filter((pool) => pool.spec?.disabled !== true && isSelected(pool, service));
    const ranges = mine.flatMap(rangesOf);
    const wanted = wantedOf(service);
    const kept = has.filter((ip) => isInside(ranges, ip) && (wanted.length === 0 || wanted.includes(ip)));
    if (kept.length > 0 && kept.length === has.length) return;
    // Without any pool the operator sleeps; it still takes back what a removed pool gave.
    if (
      pools.length === 0 &&
      (has.length === 0 || !conditionsOf(service).some(({ type }) => type === SATISFIED))
    )
      return;
    for (const ip of has) used.delete(ip);
    const found =
      wanted.length > 0 ? wanted.filter((ip) => isInside(ranges, ip) && !used.has(ip)) : freeOf(ranges, used);
    for (const ip of found) used.set(ip, keyOf(service));
    this.#write(service, found, this.#condition(found, mine.length, wanted.length > 0));
  }

  #condition(found: readonly string[], pools: number, isAsked: boolean): Condition {
    const [reason, message] =
      found.length > 0
        ? ['satisfied', '']
        : pools === 0
          ? ['no_pool', 'There are no enabled CiliumLoadBalancerIPPools that match this service']
          : isAsked
            ? ['no_pool', 'No pool exists with a CIDR containing the requested IP']
            : ['out_of_ips', 'No available IPs in pools'];
    const lastTransitionTime = timestamp(this.#context.sim.clock.nowMs);
    return {
      type: SATISFIED,
      status: found.length > 0 ? 'True' : 'False',
      lastTransitionTime,
      reason,
      message,
    };
  }

  #write(service: BalancedService, ips: readonly string[], condition: Condition | undefined): void {
    const others = conditionsOf(service).filter(({ type }) => type !== SATISFIED);
    const conditions = condition === undefined ? others : [...others, condition];
    const old = conditionsOf(service).find(({ type }) => type === SATISFIED);
    const isSame = old?.reason === condition?.reason && sameValue(ips, addressesOf(service));
    if (isSame) return;
    const loadBalancer = ips.length > 0 ? { ingress: ips.map((ip) => ({ ip, ipMode: 'VIP' })) } : {};
    const { resourceVersion: _, ...metadata } = service.metadata;
    const status = { ...(conditions.length > 0 ? { conditions } : {}), loadBalancer };
    updateStatus(this.#context.store, 'services', { ...service, metadata, status } as KubeObject);
  }

  #report(pool: Pool, used: ReadonlyMap<string, string>): void {
    const ranges = rangesOf(pool);
    const total = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
    const taken = [...used.keys()].filter((ip) => isInside(ranges, ip)).length;
    const now = timestamp(this.#context.sim.clock.nowMs);
    const old =
      (pool['status'] as { readonly conditions?: readonly Condition[] } | undefined)?.conditions ?? [];
    const wanted: readonly (readonly [string, string, string, string])[] = [
      ['cilium.io/PoolConflict', 'False', 'resolved', ''],
      ['cilium.io/IPsTotal', 'Unknown', 'noreason', String(total)],
      ['cilium.io/IPsAvailable', 'Unknown', 'noreason', String(total - taken)],
      ['cilium.io/IPsUsed', 'Unknown', 'noreason', String(taken)],
    ];
    const conditions = wanted.map(([type, status, reason, message]) => {
      const same = old.find((one) => one.type === type && one.message === message);
      return same ?? { type, status, reason, message, lastTransitionTime: now };
    });
    if (sameValue(conditions, old)) return;
    const { resourceVersion: _, ...metadata } = pool.metadata;
    updateStatus(this.#context.store, POOLS, {
      ...pool,
      metadata,
      status: { conditions },
    } as unknown as KubeObject);
  }
}

function isBalanced(service: Service): boolean {
  const { type, loadBalancerClass } = service.spec as {
    readonly type?: string;
    readonly loadBalancerClass?: string;
  };
  return type === 'LoadBalancer' && (loadBalancerClass === undefined || CLASSES.has(loadBalancerClass));
}

function conditionsOf(service: BalancedService): readonly Condition[] {
  return service.status?.conditions ?? [];
}

function addressesOf(service: BalancedService): readonly string[] {
  return (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip]));
}

/** The addresses that a Service asks for: by annotation, or the old field. */
function wantedOf(service: Service): readonly string[] {
  const { annotations } = service.metadata;
  const list = annotations?.['lbipam.cilium.io/ips'] ?? annotations?.['io.cilium/lb-ipam-ips'];
  const field = (service.spec as { readonly loadBalancerIP?: string }).loadBalancerIP;
  return (list ?? field ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');
}

/** Whether a pool is for a Service: by its labels, its namespace and its name. */
function isSelected(pool: Pool, service: Service): boolean {
  const selector = pool.spec?.serviceSelector;
  if (selector === undefined) return true;
  const { labels, namespace, name } = service.metadata;
  const known = {
    ...labels,
    'io.kubernetes.service.namespace': namespace ?? '',
    'io.kubernetes.service.name': name,
  };
  return matchesSelector(selector, known);
}

function rangesOf(pool: Pool): Range[] {
  const isShort = pool.spec?.allowFirstLastIPs === 'No';
  return (pool.spec?.blocks ?? []).flatMap((block) => {
    const cidr = block.cidr === undefined ? undefined : parseCidr(block.cidr);
    if (cidr?.address.family === 4) {
      const size = 2 ** (32 - cidr.bits);
      const address = numberOf(formatAddress(cidr.address)) ?? 0;
      const first = address - (address % size);
      const edge = isShort && size > 2 ? 1 : 0;
      return [{ first: first + edge, last: first + size - 1 - edge }];
    }
    const first = numberOf(block.start ?? '');
    const last = numberOf(block.stop ?? block.start ?? '');
    return first === undefined || last === undefined || last < first ? [] : [{ first, last }];
  });
}

function numberOf(text: string): number | undefined {
  if (parseAddress(text)?.family !== 4) return undefined;
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function isInside(ranges: readonly Range[], ip: string): boolean {
  const value = numberOf(ip);
  return value !== undefined && ranges.some(({ first, last }) => value >= first && value <= last);
}

/** The first free address of the ranges; none when all are taken. */
function freeOf(ranges: readonly Range[], used: ReadonlyMap<string, string>): readonly string[] {
  for (const { first, last } of ranges) {
    // As many tries as there are addresses in use, and one more, find a free one if there is one.
    for (let value = first; value <= last && value <= first + used.size; value++) {
      if (!used.has(textOf(value))) return [textOf(value)];
    }
  }
  return [];
}
