import type { ColumnDefinition } from './tables.ts';
import type { KubeObject } from './api.ts';
import type { Members } from './members.ts';
import { ageOf, humanDuration, parseTimestamp } from './time.ts';
import { conditionOf, podCells } from './pod-print.ts';
import { memberList, memberNumber, memberObject, memberOf, memberText } from './members.ts';
import { selectorText } from './selector-text.ts';

/** A cell as JSON has it. */
export type Cell = string | number | boolean | null;

/** How a kind prints. */
export type TableShape = {
  readonly columns: readonly ColumnDefinition[];
  readonly row: (object: KubeObject, nowMs: number) => readonly Cell[];
};

/**
 * Column definitions from words: `Ready Current:integer IP*`, where `*` marks a wide column and `_` a blank. The name
 * comes first unless `hasName` is false.
 */
export function columns(text: string, hasName = true): readonly ColumnDefinition[] {
  const parsed = text.split(' ').map((word) => {
    const isWide = word.endsWith('*');
    const [name = '', type = 'string', format = ''] = word.replace(/\*$/, '').split(':');
    return { name: name.replaceAll('_', ' '), type, format, description: '', priority: isWide ? 1 : 0 };
  });
  const first = { name: 'Name', type: 'string', format: 'name', description: '', priority: 0 };
  return hasName ? [first, ...parsed] : parsed;
}

const NONE = '<none>';

/** The tables of built-in kinds (pkg/printers/internalversion/printers.go). */
export const TABLES: ReadonlyMap<string, TableShape> = new Map<string, TableShape>([
  [
    'pods',
    shape(
      'Ready Status Restarts Age IP* Node* Nominated_Node* Readiness_Gates*',
      (o, now) => podCells(o, now) as Cell[],
    ),
  ],
  [
    'deployments.apps',
    shape('Ready Up-to-date Available Age Containers* Images* Selector*', deploymentCells),
  ],
  [
    'replicasets.apps',
    shape('Desired:integer Current:integer Ready:integer Age Containers* Images* Selector*', replicaSetCells),
  ],
  [
    'replicationcontrollers',
    shape('Desired:integer Current:integer Ready:integer Age Containers* Images* Selector*', replicaSetCells),
  ],
  [
    'statefulsets.apps',
    shape('Ready Age Containers* Images*', (o, now) => {
      const ready = `${count(o, 'status', 'readyReplicas')}/${count(o, 'spec', 'replicas')}`;
      return [ready, age(o, now), ...containerCells(o).slice(0, 2)];
    }),
  ],
  [
    'daemonsets.apps',
    shape(
      'Desired:integer Current:integer Ready:integer Up-to-date:integer Available:integer Node_Selector Age Containers* Images* Selector*',
      (o, now) => [
        count(o, 'status', 'desiredNumberScheduled'),
        count(o, 'status', 'currentNumberScheduled'),
        count(o, 'status', 'numberReady'),
        count(o, 'status', 'updatedNumberScheduled'),
        count(o, 'status', 'numberAvailable'),
        mapText(memberObject(memberObject(memberObject(spec(o), 'template'), 'spec'), 'nodeSelector')),
        age(o, now),
        ...containerCells(o),
      ],
    ),
  ],
  ['jobs.batch', shape('Status Completions Duration Age Containers* Images* Selector*', jobCells)],
  [
    'cronjobs.batch',
    shape(
      'Schedule Timezone Suspend:boolean Active:integer Last_Schedule Age Containers* Images* Selector*',
      (o, now) => {
        const last = memberText(status(o), 'lastScheduleTime');
        const template = memberObject(
          memberObject(memberObject(memberObject(spec(o), 'jobTemplate'), 'spec'), 'template'),
          'spec',
        );
        return [
          memberText(spec(o), 'schedule'),
          memberText(spec(o), 'timeZone') || NONE,
          memberOf(spec(o), 'suspend') === true ? 'True' : 'False',
          memberList(status(o), 'active').length,
          last === '' ? NONE : ageOf(last, now),
          age(o, now),
          ...namesAndImages(template),
          selectorText(memberObject(memberObject(memberObject(spec(o), 'jobTemplate'), 'spec'), 'selector')),
        ];
      },
    ),
  ],
  ['services', shape('Type Cluster-IP External-IP Port(s) Age Selector*', serviceCells)],
  ['endpoints', shape('Endpoints Age', (o, now) => [endpointsText(o), age(o, now)])],
  ['endpointslices.discovery.k8s.io', shape('AddressType Ports Endpoints Age', sliceCells)],
  [
    'nodes',
    shape(
      'Status Roles Age Version Internal-IP* External-IP* OS-Image* Kernel-Version* Container-Runtime*',
      nodeCells,
    ),
  ],
  ['namespaces', shape('Status Age', (o, now) => [memberText(status(o), 'phase'), age(o, now)])],
  ['configmaps', shape('Data Age', (o, now) => [size(o, 'data') + size(o, 'binaryData'), age(o, now)])],
  ['secrets', shape('Type Data Age', (o, now) => [memberText(o, 'type'), size(o, 'data'), age(o, now)])],
  ['serviceaccounts', shape('Secrets Age', (o, now) => [memberList(o, 'secrets').length, age(o, now)])],
  [
    'events',
    {
      columns: columns(
        'Last_Seen Type Reason Object Subobject* Source* Message First_Seen* Count* Name:string:name*',
        false,
      ),
      row: eventCells,
    },
  ],
  [
    'networkpolicies.networking.k8s.io',
    shape('Pod-Selector Age', (o, now) => [selectorText(memberObject(spec(o), 'podSelector')), age(o, now)]),
  ],
  ['ingresses.networking.k8s.io', shape('Class Hosts Address Ports Age', ingressCells)],
  [
    'ingressclasses.networking.k8s.io',
    shape('Controller Parameters Age', (o, now) => [memberText(spec(o), 'controller'), NONE, age(o, now)]),
  ],
  [
    'persistentvolumes',
    shape(
      'Capacity Access_Modes Reclaim_Policy Status Claim StorageClass VolumeAttributesClass Reason Age VolumeMode*',
      volumeCells,
    ),
  ],
  [
    'persistentvolumeclaims',
    shape(
      'Status Volume Capacity Access_Modes StorageClass VolumeAttributesClass Age VolumeMode*',
      claimCells,
    ),
  ],
  [
    'storageclasses.storage.k8s.io',
    {
      columns: columns('Provisioner ReclaimPolicy VolumeBindingMode AllowVolumeExpansion Age'),
      row: (o, now) => {
        const isDefault = o.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true';
        return [
          o.metadata.name + (isDefault ? ' (default)' : ''),
          memberText(o, 'provisioner'),
          memberText(o, 'reclaimPolicy') || 'Delete',
          memberText(o, 'volumeBindingMode') || 'Immediate',
          memberOf(o, 'allowVolumeExpansion') === true,
          age(o, now),
        ];
      },
    },
  ],
  ['rolebindings.rbac.authorization.k8s.io', shape('Role Age Users* Groups* ServiceAccounts*', bindingCells)],
  [
    'clusterrolebindings.rbac.authorization.k8s.io',
    shape('Role Age Users* Groups* ServiceAccounts*', bindingCells),
  ],
  [
    'poddisruptionbudgets.policy',
    shape('Min_Available Max_Unavailable Allowed_Disruptions:integer Age', (o, now) => [
      orWord(memberOf(spec(o), 'minAvailable'), 'N/A'),
      orWord(memberOf(spec(o), 'maxUnavailable'), 'N/A'),
      count(o, 'status', 'disruptionsAllowed'),
      age(o, now),
    ]),
  ],
  [
    'horizontalpodautoscalers.autoscaling',
    shape('Reference Targets MinPods MaxPods Replicas Age', (o, now) => {
      const target = memberObject(spec(o), 'scaleTargetRef');
      return [
        `${memberText(target, 'kind')}/${memberText(target, 'name')}`,
        targetsText(o),
        orWord(memberOf(spec(o), 'minReplicas'), '<unset>'),
        memberNumber(spec(o), 'maxReplicas') ?? 0,
        count(o, 'status', 'currentReplicas'),
        age(o, now),
      ];
    }),
  ],
  [
    'componentstatuses',
    shape('Status Message Error', (o) => {
      const healthy = memberList(o, 'conditions').find((one) => memberText(one, 'type') === 'Healthy');
      const isHealthy = memberText(healthy, 'status') === 'True';
      return [
        isHealthy ? 'Healthy' : 'Unhealthy',
        memberText(healthy, 'message'),
        memberText(healthy, 'error'),
      ];
    }),
  ],
  ['apiservices.apiregistration.k8s.io', shape('Service Available Age', apiServiceCells)],
  [
    'flowschemas.flowcontrol.apiserver.k8s.io',
    shape('PriorityLevel MatchingPrecedence:integer DistinguisherMethod Age MissingPL', (o, now) => {
      const dangling = memberList(status(o), 'conditions').find(
        (one) => memberText(one, 'type') === 'Dangling',
      );
      return [
        memberText(memberObject(spec(o), 'priorityLevelConfiguration'), 'name'),
        memberNumber(spec(o), 'matchingPrecedence') ?? 0,
        memberText(memberObject(spec(o), 'distinguisherMethod'), 'type') || NONE,
        age(o, now),
        memberText(dangling, 'status') || '?',
      ];
    }),
  ],
  ['resourcequotas', shape('Age Request Limit', quotaCells)],
  [
    'leases.coordination.k8s.io',
    shape('Holder Age', (o, now) => [memberText(spec(o), 'holderIdentity'), age(o, now)]),
  ],
  [
    'priorityclasses.scheduling.k8s.io',
    shape('Value:integer Global-Default:boolean Age PreemptionPolicy', (o, now) => [
      memberNumber(o, 'value') ?? 0,
      memberOf(o, 'globalDefault') === true,
      age(o, now),
      memberText(o, 'preemptionPolicy'),
    ]),
  ],
  [
    'controllerrevisions.apps',
    shape('Controller Revision Age', (o, now) => {
      const owner = o.metadata.ownerReferences?.find((one) => one.controller === true);
      const group = owner?.apiVersion.split('/')[0] ?? '';
      const name =
        owner === undefined
          ? NONE
          : `${owner.kind.toLowerCase()}${group === 'v1' ? '' : `.${group}`}/${owner.name}`;
      return [name, memberNumber(o, 'revision') ?? 0, age(o, now)];
    }),
  ],
]);

function shape(text: string, cells: (object: KubeObject, nowMs: number) => readonly Cell[]): TableShape {
  return { columns: columns(text), row: (object, nowMs) => [object.metadata.name, ...cells(object, nowMs)] };
}

function spec(object: KubeObject): Members | undefined {
  return memberObject(object, 'spec');
}

function status(object: KubeObject): Members | undefined {
  return memberObject(object, 'status');
}

function age(object: KubeObject, nowMs: number): string {
  return ageOf(object.metadata.creationTimestamp, nowMs);
}

function count(object: KubeObject, part: string, field: string): number {
  return memberNumber(memberObject(object, part), field) ?? 0;
}

function size(object: KubeObject, part: string): number {
  return Object.keys(memberObject(object, part) ?? {}).length;
}

function orWord(value: unknown, word: string): string {
  return value === undefined || value === null ? word : String(value);
}

function mapText(map: Members | undefined): string {
  const keys = Object.keys(map ?? {}).sort();
  return keys.length === 0 ? NONE : keys.map((key) => `${key}=${String(map?.[key])}`).join(',');
}

function namesAndImages(podSpec: Members | undefined): readonly [string, string] {
  const containers = memberList(podSpec, 'containers');
  return [
    containers.map((one) => memberText(one, 'name')).join(','),
    containers.map((one) => memberText(one, 'image')).join(','),
  ];
}

function containerCells(object: KubeObject): readonly Cell[] {
  const selector = memberObject(spec(object), 'selector');
  const isPlain = object.kind === 'ReplicationController';
  return [
    ...namesAndImages(memberObject(memberObject(spec(object), 'template'), 'spec')),
    isPlain ? mapText(selector) : selectorText(selector),
  ];
}

function deploymentCells(object: KubeObject, nowMs: number): readonly Cell[] {
  return [
    `${count(object, 'status', 'readyReplicas')}/${count(object, 'spec', 'replicas')}`,
    count(object, 'status', 'updatedReplicas'),
    count(object, 'status', 'availableReplicas'),
    age(object, nowMs),
    ...containerCells(object),
  ];
}

function replicaSetCells(object: KubeObject, nowMs: number): readonly Cell[] {
  return [
    count(object, 'spec', 'replicas'),
    count(object, 'status', 'replicas'),
    count(object, 'status', 'readyReplicas'),
    age(object, nowMs),
    ...containerCells(object),
  ];
}

function jobCells(object: KubeObject, nowMs: number): readonly Cell[] {
  const succeeded = count(object, 'status', 'succeeded');
  const completions = memberNumber(spec(object), 'completions');
  const parallelism = memberNumber(spec(object), 'parallelism') ?? 0;
  const whole = completions ?? (parallelism > 1 ? `1 of ${parallelism}` : 1);
  const started = parseTimestamp(memberOf(status(object), 'startTime'));
  const ended = parseTimestamp(memberOf(status(object), 'completionTime'));
  return [
    jobStatus(object),
    `${succeeded}/${whole}`,
    started === undefined ? '' : humanDuration((ended ?? nowMs) - started),
    age(object, nowMs),
    ...containerCells(object),
  ];
}

function jobStatus(object: KubeObject): string {
  const has = (type: string) => conditionOf(status(object), type) === 'True';
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (object.metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (has('Suspended')) return 'Suspended';
  if (has('FailureTarget')) return 'FailureTarget';
  return has('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
}

function serviceCells(object: KubeObject, nowMs: number): readonly Cell[] {
  const ports = memberList(spec(object), 'ports').map((port) => {
    const nodePort = memberNumber(port, 'nodePort') ?? 0;
    return `${memberNumber(port, 'port')}${nodePort > 0 ? `:${nodePort}` : ''}/${memberText(port, 'protocol')}`;
  });
  return [
    memberText(spec(object), 'type'),
    memberText(spec(object), 'clusterIP') || NONE,
    externalAddress(object),
    ports.length === 0 ? NONE : ports.join(','),
    age(object, nowMs),
    mapText(memberObject(spec(object), 'selector')),
  ];
}

function externalAddress(object: KubeObject): string {
  const type = memberText(spec(object), 'type');
  const externals = memberOf(spec(object), 'externalIPs');
  const listed = Array.isArray(externals) ? externals.map(String) : [];
  if (type === 'ExternalName') return memberText(spec(object), 'externalName');
  if (type !== 'LoadBalancer') return listed.length > 0 ? listed.join(',') : NONE;
  const ingress = memberList(memberObject(status(object), 'loadBalancer'), 'ingress');
  const balanced = ingress.map((one) => memberText(one, 'ip') || memberText(one, 'hostname'));
  const all = [...balanced, ...listed];
  return all.length > 0 ? all.join(',') : '<pending>';
}

const ENDPOINTS_SHOWN = 3;

function endpointsText(object: KubeObject): string {
  const all: string[] = [];
  let shown = 0;
  for (const subset of memberList(object, 'subsets')) {
    const ports = memberList(subset, 'ports');
    const addresses = memberList(subset, 'addresses').map((one) => memberText(one, 'ip'));
    if (ports.length === 0) all.push(...addresses);
    for (const port of ports)
      for (const address of addresses) all.push(`${address}:${memberNumber(port, 'port')}`);
    shown++;
  }
  if (shown === 0 || all.length === 0) return NONE;
  const more = all.length - ENDPOINTS_SHOWN;
  return all.slice(0, ENDPOINTS_SHOWN).join(',') + (more > 0 ? ` + ${more} more...` : '');
}

function sliceCells(object: KubeObject, nowMs: number): readonly Cell[] {
  const ports = memberList(object, 'ports').map((port) => String(memberNumber(port, 'port') ?? '*'));
  const addresses = memberList(object, 'endpoints').flatMap((one) =>
    Array.isArray(one['addresses']) ? one['addresses'].map(String) : [],
  );
  return [memberText(object, 'addressType'), listText(ports), listText(addresses), age(object, nowMs)];
}

function listText(values: readonly string[]): string {
  if (values.length === 0) return '<unset>';
  const more = values.length - ENDPOINTS_SHOWN;
  return values.slice(0, ENDPOINTS_SHOWN).join(',') + (more > 0 ? ` + ${more} more...` : '');
}

function nodeCells(object: KubeObject, nowMs: number): readonly Cell[] {
  const ready = conditionOf(status(object), 'Ready');
  const words = [ready === '' ? 'Unknown' : ready === 'True' ? 'Ready' : 'NotReady'];
  if (memberOf(spec(object), 'unschedulable') === true) words.push('SchedulingDisabled');
  const info = memberObject(status(object), 'nodeInfo');
  return [
    words.join(','),
    nodeRoles(object) || NONE,
    age(object, nowMs),
    memberText(info, 'kubeletVersion'),
    nodeAddress(object, 'InternalIP'),
    nodeAddress(object, 'ExternalIP'),
    memberText(info, 'osImage') || '<unknown>',
    memberText(info, 'kernelVersion') || '<unknown>',
    memberText(info, 'containerRuntimeVersion') || '<unknown>',
  ];
}

function nodeRoles(object: KubeObject): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(object.metadata.labels ?? {})) {
    if (key.startsWith('node-role.kubernetes.io/') && key.length > 24) roles.add(key.slice(24));
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value);
  }
  return [...roles].sort().join(',');
}

function nodeAddress(object: KubeObject, type: string): string {
  const found = memberList(status(object), 'addresses').find((one) => one['type'] === type);
  return memberText(found, 'address') || NONE;
}

function eventCells(object: KubeObject, nowMs: number): readonly Cell[] {
  const series = memberObject(object, 'series');
  const first = memberOf(object, 'firstTimestamp') ?? memberOf(object, 'eventTime');
  const last = memberOf(series, 'lastObservedTime') ?? memberOf(object, 'lastTimestamp') ?? first;
  const about = memberObject(object, 'involvedObject');
  const source = memberObject(object, 'source');
  const component = memberText(source, 'component') || memberText(object, 'reportingComponent');
  const host = memberText(source, 'host') || memberText(object, 'reportingInstance');
  const times = memberNumber(series, 'count') ?? memberNumber(object, 'count') ?? 0;
  return [
    ageOf(last, nowMs),
    memberText(object, 'type'),
    memberText(object, 'reason'),
    `${memberText(about, 'kind').toLowerCase()}/${memberText(about, 'name')}`,
    memberText(about, 'fieldPath'),
    host === '' ? component : `${component}, ${host}`,
    memberText(object, 'message').trim(),
    ageOf(first, nowMs),
    times === 0 ? 1 : times,
    object.metadata.name,
  ];
}

function ingressCells(object: KubeObject, nowMs: number): readonly Cell[] {
  const hosts = memberList(spec(object), 'rules')
    .map((rule) => memberText(rule, 'host'))
    .filter((host) => host !== '');
  const balanced = memberList(memberObject(status(object), 'loadBalancer'), 'ingress');
  return [
    memberText(spec(object), 'ingressClassName') || NONE,
    hosts.length === 0
      ? '*'
      : hosts.slice(0, 3).join(',') + (hosts.length > 3 ? ` + ${hosts.length - 3} more...` : ''),
    balanced.map((one) => memberText(one, 'ip') || memberText(one, 'hostname')).join(','),
    memberList(spec(object), 'tls').length > 0 ? '80, 443' : '80',
    age(object, nowMs),
  ];
}

/** The short names of access modes. */
export const MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

function modesText(value: unknown): string {
  const modes = Array.isArray(value) ? value.map(String) : [];
  return modes.map((mode) => (Object.hasOwn(MODES, mode) ? MODES[mode] : mode)).join(',');
}

function volumeCells(object: KubeObject, nowMs: number): readonly Cell[] {
  const claim = memberObject(spec(object), 'claimRef');
  const phase = memberText(status(object), 'phase');
  return [
    memberText(memberObject(spec(object), 'capacity'), 'storage'),
    modesText(memberOf(spec(object), 'accessModes')),
    memberText(spec(object), 'persistentVolumeReclaimPolicy'),
    object.metadata.deletionTimestamp === undefined ? phase : 'Terminating',
    claim === undefined ? '' : `${memberText(claim, 'namespace')}/${memberText(claim, 'name')}`,
    memberText(spec(object), 'storageClassName'),
    memberText(spec(object), 'volumeAttributesClassName') || '<unset>',
    memberText(status(object), 'reason'),
    age(object, nowMs),
    memberText(spec(object), 'volumeMode') || '<unset>',
  ];
}

function claimCells(object: KubeObject, nowMs: number): readonly Cell[] {
  const phase = memberText(status(object), 'phase');
  const isBound = memberText(spec(object), 'volumeName') !== '';
  return [
    object.metadata.deletionTimestamp === undefined ? phase : 'Terminating',
    memberText(spec(object), 'volumeName'),
    isBound ? memberText(memberObject(status(object), 'capacity'), 'storage') : '',
    isBound ? modesText(memberOf(status(object), 'accessModes')) : '',
    memberText(spec(object), 'storageClassName'),
    memberText(spec(object), 'volumeAttributesClassName') || '<unset>',
    age(object, nowMs),
    memberText(spec(object), 'volumeMode') || '<unset>',
  ];
}

function bindingCells(object: KubeObject, nowMs: number): readonly Cell[] {
  const role = memberObject(object, 'roleRef');
  const subjects = memberList(object, 'subjects');
  const names = (kind: string) =>
    subjects.filter((one) => one['kind'] === kind).map((one) => memberText(one, 'name'));
  const accounts = subjects
    .filter((one) => one['kind'] === 'ServiceAccount')
    .map((one) => `${memberText(one, 'namespace')}/${memberText(one, 'name')}`);
  return [
    `${memberText(role, 'kind')}/${memberText(role, 'name')}`,
    age(object, nowMs),
    names('User').join(', '),
    names('Group').join(', '),
    accounts.join(', '),
  ];
}

// `cpu: <unknown>/80%`: what is measured now, which needs a metrics server, beside what is wanted.
function targetsText(object: KubeObject): string {
  const metrics = memberList(spec(object), 'metrics');
  const current = memberList(status(object), 'currentMetrics');
  const texts = metrics.map((metric, index) => {
    const resource = memberObject(metric, 'resource');
    const wanted = memberObject(resource, 'target');
    const now = memberObject(memberObject(current[index], 'resource'), 'current');
    const name = memberText(resource, 'name');
    const value = memberText(wanted, 'averageValue');
    if (value !== '') return `${name}: ${memberText(now, 'averageValue') || '<unknown>'}/${value}`;
    const share = memberNumber(now, 'averageUtilization');
    const target = memberNumber(wanted, 'averageUtilization');
    return `${name}: ${share === undefined ? '<unknown>' : `${share}%`}/${target === undefined ? '<auto>' : `${target}%`}`;
  });
  if (texts.length === 0) return '<none>';
  return texts.length > 2
    ? `${texts.slice(0, 2).join(', ')} + ${texts.length - 2} more...`
    : texts.join(', ');
}

function apiServiceCells(object: KubeObject, nowMs: number): readonly Cell[] {
  const service = memberObject(spec(object), 'service');
  const available = memberList(status(object), 'conditions').find(
    (one) => memberText(one, 'type') === 'Available',
  );
  const state = memberText(available, 'status') || 'Unknown';
  const reason = memberText(available, 'reason');
  return [
    service === undefined ? 'Local' : `${memberText(service, 'namespace')}/${memberText(service, 'name')}`,
    state === 'True' || reason === '' ? state : `${state} (${reason})`,
    age(object, nowMs),
  ];
}

function quotaCells(object: KubeObject, nowMs: number): readonly Cell[] {
  const hard = memberObject(spec(object), 'hard') ?? {};
  const used = memberObject(status(object), 'used');
  const [requests, limits]: [string[], string[]] = [[], []];
  for (const name of Object.keys(hard).sort()) {
    const text = `${name}: ${String(memberOf(used, name) ?? 0)}/${String(hard[name])}`;
    (name.startsWith('limits') ? limits : requests).push(text);
  }
  return [age(object, nowMs), requests.join(', '), limits.join(', ')];
}
