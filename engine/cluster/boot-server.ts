import type { BootObject } from './boot-objects.ts';
import type { KindInfo } from '../objects/kinds.ts';
import { KINDS } from '../objects/kinds.ts';
import { bootObject } from './boot-objects.ts';

/**
 * What the API server itself puts into a new cluster: priority classes, flow control, API services, component statuses.
 * `hasCustom`: its custom resources are defined already.
 */
export function serverObjects(hasCustom = true): BootObject[] {
  return [...priorityClasses(), ...flowSchemas(), ...apiServices(hasCustom), ...componentStatuses()];
}

function priorityClasses(): BootObject[] {
  const classes: readonly (readonly [string, number])[] = [
    ['system-cluster-critical', 2_000_000_000],
    ['system-node-critical', 2_000_001_000],
  ];
  return classes.map(([name, value]) => [
    'priorityclasses.scheduling.k8s.io',
    bootObject(
      'scheduling.k8s.io/v1',
      'PriorityClass',
      { name },
      { value, preemptionPolicy: 'PreemptLowerPriority' },
    ),
  ]);
}

// pkg/apis/flowcontrol/bootstrap: name, priority level, precedence, how requests are told apart.
const FLOWS: readonly (readonly [name: string, level: string, precedence: number, by: string])[] = [
  ['exempt', 'exempt', 1, ''],
  ['probes', 'exempt', 2, ''],
  ['system-leader-election', 'leader-election', 100, 'ByUser'],
  ['endpoint-controller', 'workload-high', 150, 'ByUser'],
  ['workload-leader-election', 'leader-election', 200, 'ByUser'],
  ['system-node-high', 'node-high', 400, 'ByUser'],
  ['system-nodes', 'system', 500, 'ByUser'],
  ['kube-controller-manager', 'workload-high', 800, 'ByNamespace'],
  ['kube-scheduler', 'workload-high', 800, 'ByNamespace'],
  ['kube-system-service-accounts', 'workload-high', 900, 'ByNamespace'],
  ['service-accounts', 'workload-low', 9000, 'ByUser'],
  ['global-default', 'global-default', 9900, 'ByUser'],
  ['catch-all', 'catch-all', 10_000, 'ByUser'],
];

function flowSchemas(): BootObject[] {
  return FLOWS.map(([name, level, precedence, by]) => [
    'flowschemas.flowcontrol.apiserver.k8s.io',
    bootObject(
      'flowcontrol.apiserver.k8s.io/v1',
      'FlowSchema',
      { name },
      {
        spec: {
          ...(by === '' ? {} : { distinguisherMethod: { type: by } }),
          matchingPrecedence: precedence,
          priorityLevelConfiguration: { name: level },
        },
        status: { conditions: [{ type: 'Dangling', status: 'False', reason: 'Found' }] },
      },
    ),
  ]);
}

function apiServices(hasCustom: boolean): BootObject[] {
  const kinds = KINDS.filter((kind) => hasCustom || !kind.isCustom);
  return servicesFor(kinds);
}

/** The API services of the groups of custom resources. */
export function customServices(): BootObject[] {
  return servicesFor(KINDS.filter((kind) => kind.isCustom));
}

function servicesFor(kinds: readonly KindInfo[]): BootObject[] {
  const versions = new Set(kinds.map((kind) => `${kind.version}.${kind.group}`));
  return [...versions].sort().map((name) => {
    const dot = name.indexOf('.');
    const [version, group] = [name.slice(0, dot), name.slice(dot + 1)];
    const labels = {
      'kube-aggregator.kubernetes.io/automanaged': group.endsWith('cilium.io') ? 'true' : 'onstart',
    };
    const condition = {
      type: 'Available',
      status: 'True',
      reason: 'Local',
      message: 'Local APIServices are always available',
    };
    return [
      'apiservices.apiregistration.k8s.io',
      bootObject(
        'apiregistration.k8s.io/v1',
        'APIService',
        { name, labels },
        {
          spec: {
            ...(group === '' ? {} : { group }),
            groupPriorityMinimum: 18_000,
            version,
            versionPriority: 1,
          },
          status: { conditions: [condition] },
        },
      ),
    ];
  });
}

function componentStatuses(): BootObject[] {
  return ['scheduler', 'controller-manager', 'etcd-0'].map((name) => [
    'componentstatuses',
    bootObject(
      'v1',
      'ComponentStatus',
      { name },
      { conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }] },
    ),
  ]);
}
