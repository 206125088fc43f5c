import type { Cell, TableShape } from './table-shapes.ts';
import type { KubeObject } from './api.ts';
import { ageOf } from './time.ts';
import { columns } from './table-shapes.ts';
import { memberList, memberObject, memberOf, memberText } from './members.ts';

/** Printer columns of the CRDs of Cilium, in their order: a policy shows AGE before VALID, a clusterwide one no AGE. */
export const CUSTOM_TABLES: ReadonlyMap<string, TableShape> = new Map<string, TableShape>([
  [
    'ciliumnetworkpolicies.cilium.io',
    {
      columns: columns('Age:date Valid'),
      row: (object, nowMs) => [...head(object), age(object, nowMs), validity(object)],
    },
  ],
  [
    'ciliumclusterwidenetworkpolicies.cilium.io',
    {
      columns: columns('Valid'),
      row: (object) => [...head(object), validity(object)],
    },
  ],
  [
    'ciliumendpoints.cilium.io',
    {
      columns: columns(
        'Security_Identity:integer Ingress_Enforcement* Egress_Enforcement* Endpoint_State IPv4 IPv6',
      ),
      row: (object) => {
        const status = memberObject(object, 'status');
        const policy = memberObject(status, 'policy');
        const address = memberList(memberObject(status, 'networking'), 'addressing')[0];
        return [
          ...head(object),
          cell(memberOf(memberObject(status, 'identity'), 'id')),
          cell(memberOf(memberObject(policy, 'ingress'), 'state')),
          cell(memberOf(memberObject(policy, 'egress'), 'state')),
          cell(memberOf(status, 'state')),
          cell(memberOf(address, 'ipv4')),
          cell(memberOf(address, 'ipv6')),
        ];
      },
    },
  ],
  [
    'ciliumidentities.cilium.io',
    {
      columns: columns('Namespace Age:date'),
      row: (object, nowMs) => [
        ...head(object),
        cell(memberOf(memberObject(object, 'security-labels'), 'k8s:io.kubernetes.pod.namespace')),
        age(object, nowMs),
      ],
    },
  ],
  [
    'ciliumnodes.cilium.io',
    {
      columns: columns('CiliumInternalIP InternalIP Age:date'),
      row: (object, nowMs) => [
        ...head(object),
        nodeAddress(object, 'CiliumInternalIP'),
        nodeAddress(object, 'InternalIP'),
        age(object, nowMs),
      ],
    },
  ],
  [
    'ciliumcidrgroups.cilium.io',
    { columns: columns('Age:date'), row: (object, nowMs) => [...head(object), age(object, nowMs)] },
  ],
  [
    'ciliumloadbalancerippools.cilium.io',
    {
      columns: columns('Disabled:boolean Conflicting IPs_Available Age:date'),
      row: (object, nowMs) => [
        ...head(object),
        cell(memberOf(memberObject(object, 'spec'), 'disabled') ?? false),
        condition(object, 'cilium.io/PoolConflict', 'status'),
        condition(object, 'cilium.io/IPsAvailable', 'message'),
        age(object, nowMs),
      ],
    },
  ],
]);

function head(object: KubeObject): readonly Cell[] {
  return [object.metadata.name];
}

function age(object: KubeObject, nowMs: number): string {
  return ageOf(object.metadata.creationTimestamp, nowMs);
}

function validity(object: KubeObject): Cell {
  return condition(object, 'Valid', 'status');
}

function condition(object: KubeObject, type: string, field: string): Cell {
  const found = memberList(memberObject(object, 'status'), 'conditions').find((one) => one['type'] === type);
  return cell(memberOf(found, field));
}

function nodeAddress(object: KubeObject, type: string): Cell {
  const found = memberList(memberObject(object, 'spec'), 'addresses').find((one) => one['type'] === type);
  return memberText(found, 'ip') || null;
}

function cell(value: unknown): Cell {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
