import type { Json, JsonObject } from '../../base/json.ts';
import { byText } from '../../base/order.ts';
import type { Helm } from '../helm/actions.ts';
import { Releases } from '../helm/storage.ts';
import { at, type Client, listAt, numberAt, textAt } from '../kubectl/client.ts';
import { ApiError } from '../kubectl/errors.ts';
import { tabbed } from './table.ts';

/** Pods of a workload by how many there should be. */
export type PodState = {
  readonly type: 'DaemonSet' | 'Deployment';
  readonly desired: number;
  readonly ready: number;
  readonly available: number;
  readonly unavailable: number;
};

type Problem = { readonly pod: string; readonly text: string };
type Problems = { readonly errors: Problem[]; readonly warnings: Problem[]; isDisabled: boolean };

/** What `cilium status` finds out from the API's objects (cilium-cli status/k8s.go). */
export type StatusFacts = {
  readonly states: Map<string, PodState>;
  /** Workload → phase → pods. */
  readonly phases: Map<string, Map<string, number>>;
  /** Workload → image → containers. */
  readonly images: Map<string, Map<string, number>>;
  readonly managed: number;
  readonly pods: number;
  readonly problems: Map<string, Problems>;
  /** Why something could not be asked at all; makes the command fail. */
  readonly failures: readonly string[];
  readonly chart: string;
};

const WORKLOADS: readonly (readonly [
  name: string,
  type: 'DaemonSet' | 'Deployment',
  selector: string,
  isAlwaysListed: boolean,
])[] = [
  ['cilium', 'DaemonSet', 'k8s-app=cilium', true],
  ['cilium-envoy', 'DaemonSet', 'name=cilium-envoy', false],
  ['cilium-operator', 'Deployment', 'io.cilium/app=operator', true],
  ['hubble-relay', 'Deployment', 'k8s-app=hubble-relay', true],
  ['hubble-ui', 'Deployment', 'k8s-app=hubble-ui', false],
  ['clustermesh-apiserver', 'Deployment', 'k8s-app=clustermesh-apiserver', true],
];

/** Reads everything that the status shows. */
export function gather(helm: Helm, release: string): StatusFacts {
  const { client, namespace } = helm;
  const problems = new Map<string, Problems>();
  const failures: string[] = [];
  const facts: Omit<StatusFacts, 'managed' | 'pods' | 'chart'> = {
    states: new Map(),
    phases: new Map(),
    images: new Map(),
    problems,
    failures,
  };
  for (const [name, type, selector, isAlwaysListed] of WORKLOADS) {
    const found = workload(facts, client, { namespace, name, type });
    if (!found && name === 'cilium') {
      const text = `daemonsets.apps "${name}" not found`;
      problemsOf(problems, name).errors.push({ pod: name, text });
      failures.push(text);
    } else if (!found) problemsOf(problems, name).isDisabled = true;
    if (found || isAlwaysListed) pods(facts, client, { namespace, name, selector });
  }
  if (read(client, `/api/v1/namespaces/${namespace}/configmaps/cilium-config`) === undefined)
    failures.push('unable to retrieve ConfigMap "cilium-config": configmaps "cilium-config" not found');
  const all = items(client, '/api/v1/pods').filter(
    (pod) =>
      at(pod, 'spec', 'hostNetwork') !== true &&
      ['Running', 'Pending'].includes(textAt(pod, 'status', 'phase')),
  );
  const chart = new Releases(client).history(namespace, release).at(-1)?.version;
  return {
    ...facts,
    pods: all.length,
    managed: items(client, '/apis/cilium.io/v2/ciliumendpoints').length,
    chart: chart ?? '',
  };
}

/** What is left to tell when nobody answers; `refusal` says why a request to a path failed. */
export function unreachable(namespace: string, refusal: (path: string) => string): StatusFacts {
  const problems = new Map<string, Problems>();
  const [pods, apps] = [
    `/api/v1/namespaces/${namespace}/pods?labelSelector=`,
    `/apis/apps/v1/namespaces/${namespace}`,
  ];
  const sets = [
    ['cilium', `${apps}/daemonsets/cilium`],
    ['cilium-envoy', `${apps}/daemonsets/cilium-envoy`],
    ['cilium-operator', `${apps}/deployments/cilium-operator`],
  ] as const;
  for (const [name, path] of sets) problemsOf(problems, name).errors.push({ pod: name, text: refusal(path) });
  for (const name of ['clustermesh-apiserver', 'hubble-relay', 'hubble-ui']) {
    const words = name.replace('-apiserver', '').replace('-', ' ');
    problemsOf(problems, name).warnings.push({ pod: name, text: `${words} is not deployed` });
  }
  const lists = ['k8s-app%3Dcilium', 'io.cilium%2Fapp%3Doperator', 'app.kubernetes.io%2Fname%3Dhubble-relay'];
  lists.push('k8s-app%3Dclustermesh-apiserver', 'name%3Dcilium-envoy');
  const failures = [...lists.map((selector) => `${pods}${selector}`), ...sets.map(([, path]) => path)].map(
    refusal,
  );
  const map = refusal(`/api/v1/namespaces/${namespace}/configmaps/cilium-config`);
  failures.push(`unable to retrieve ConfigMap "cilium-config": ${map}`, refusal('/api/v1/pods'));
  const none = { states: new Map(), phases: new Map(), images: new Map() };
  return { ...none, managed: 0, pods: 0, problems, failures, chart: '' };
}

function read(client: Client, path: string): JsonObject | undefined {
  try {
    return client.get(path, {}, 'application/json', false);
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

function items(client: Client, path: string, labelSelector?: string): readonly Json[] {
  try {
    return listAt(client.get(path, labelSelector === undefined ? {} : { labelSelector }), 'items');
  } catch (error) {
    if (error instanceof ApiError) return [];
    throw error;
  }
}

function problemsOf(map: Map<string, Problems>, name: string): Problems {
  const known = map.get(name);
  if (known !== undefined) return known;
  const made: Problems = { errors: [], warnings: [], isDisabled: false };
  map.set(name, made);
  return made;
}

type Named = { readonly namespace: string; readonly name: string };

/** A DaemonSet's or Deployment's numbers and what is wrong with them; false when there is none. */
function workload(
  facts: Pick<StatusFacts, 'states' | 'problems'>,
  client: Client,
  what: Named & { readonly type: 'DaemonSet' | 'Deployment' },
): boolean {
  const { namespace, name, type } = what;
  const object = read(client, `/apis/apps/v1/namespaces/${namespace}/${type.toLowerCase()}s/${name}`);
  if (object === undefined) return false;
  const is = (field: string): number => numberAt(object, 'status', field);
  const isSet = type === 'DaemonSet';
  const state: PodState = {
    type,
    desired: isSet ? is('desiredNumberScheduled') : is('replicas'),
    ready: isSet ? is('numberReady') : is('readyReplicas'),
    available: isSet ? is('numberAvailable') : is('availableReplicas'),
    unavailable: isSet ? is('numberUnavailable') : is('unavailableReplicas'),
  };
  facts.states.set(name, state);
  const { errors, warnings } = problemsOf(facts.problems, name);
  const say = (list: Problem[], text: string): void => void list.push({ pod: name, text });
  const waiting = state.desired - state.ready;
  if (waiting > 0) say(errors, `${waiting} pods of ${type} ${name} are not ready`);
  const away = state.unavailable - waiting;
  if (away > 0) say(warnings, `${away} pods of ${type} ${name} are not available`);
  const word = type.toLowerCase();
  if (numberAt(object, 'metadata', 'generation') !== is('observedGeneration'))
    say(errors, `${word} ${name} is updated but rollout has not started`);
  const updated = isSet ? is('updatedNumberScheduled') : is('updatedReplicas');
  if (updated < state.desired)
    say(errors, `${word} ${name} is rolling out - ${updated} out of ${state.desired} pods updated`);
  return true;
}

/** Counts a workload's pods and images, and notes what is wrong with each pod. */
function pods(
  facts: Pick<StatusFacts, 'phases' | 'images' | 'problems'>,
  client: Client,
  what: Named & { readonly selector: string },
): void {
  const { namespace, name, selector } = what;
  const phases = new Map<string, number>();
  const images = new Map<string, number>();
  const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);
  for (const pod of items(client, `/api/v1/namespaces/${namespace}/pods`, selector)) {
    const phase = textAt(pod, 'status', 'phase');
    const own = textAt(pod, 'metadata', 'name');
    count(phases, phase);
    for (const container of listAt(pod, 'spec', 'containers')) count(images, textAt(container, 'image'));
    if (phase === 'Pending')
      problemsOf(facts.problems, name).warnings.push({ pod: own, text: 'pod is pending' });
    if (phase === 'Failed') {
      const why = `${textAt(pod, 'status', 'reason')} - ${textAt(pod, 'status', 'message')}`;
      problemsOf(facts.problems, name).errors.push({ pod: own, text: `pod has failed: ${why}` });
    }
    if (name === 'cilium' && phase === 'Running') agentProblem(facts.problems, pod, own);
  }
  facts.phases.set(name, phases);
  facts.images.set(name, images);
}

function agentProblem(problems: Map<string, Problems>, pod: Json, name: string): void {
  const container = listAt(pod, 'status', 'containerStatuses').find(
    (one) => textAt(one, 'name') === 'cilium-agent',
  );
  if (at(container, 'state', 'running') !== undefined) return;
  const isCrashing = textAt(container, 'state', 'waiting', 'reason') === 'CrashLoopBackOff';
  const code = at(container, 'lastState', 'terminated', 'exitCode');
  const desc = `${isCrashing ? 'is in CrashLoopBackOff' : 'is not running'}${code === undefined ? '' : `, exited with code ${String(code)}`}`;
  const look = `try 'kubectl -n ${textAt(pod, 'metadata', 'namespace')} logs -c cilium-agent ${name}'`;
  const text = `unable to retrieve cilium status: container cilium-agent ${desc}: ${look}`;
  problemsOf(problems, 'cilium').errors.push({ pod: name, text });
}

/** True when nothing is wrong; `ignoresWarnings` leaves warnings aside. */
export function isSettled(facts: StatusFacts, ignoresWarnings = false): boolean {
  return [...facts.problems.values()].every(
    ({ errors, warnings }) => errors.length === 0 && (ignoresWarnings || warnings.length === 0),
  );
}

const COLORS = { yellow: '33', cyan: '36', green: '32', red: '31', magenta: '35', blue: '34' } as const;
type Paint = (color: keyof typeof COLORS, text: string) => string;

/** The picture and the tables (cilium-cli's status, tabwriter 0/0/4). */
export function statusReport(facts: StatusFacts, options: { readonly withColor: boolean }): string {
  const paint: Paint = (color, text) =>
    options.withColor ? `\u001b[${COLORS[color]}m${text}\u001b[0m` : text;
  const state = (name: string): string => summary(facts.problems.get(name), paint);
  const envoy = state('cilium-envoy').replace('disabled', 'disabled (using embedded mode)');
  const logo = [
    `    ${paint('yellow', '/¯¯\\')}`,
    ` ${paint('cyan', '/¯¯')}${paint('yellow', '\\__/')}${paint('green', '¯¯\\')}    Cilium:             ${state('cilium')}`,
    ` ${paint('cyan', '\\__')}${paint('red', '/¯¯\\')}${paint('green', '__/')}    Operator:           ${state('cilium-operator')}`,
    ` ${paint('green', '/¯¯')}${paint('red', '\\__/')}${paint('magenta', '¯¯\\')}    Envoy DaemonSet:    ${envoy}`,
    ` ${paint('green', '\\__')}${paint('blue', '/¯¯\\')}${paint('magenta', '__/')}    Hubble Relay:       ${state('hubble-relay')}`,
    `    ${paint('blue', '\\__/')}       ClusterMesh:        ${state('clustermesh-apiserver')}`,
    '',
  ];
  return `${logo.join('\n')}\n${columns(tableRows(facts, paint))}`;
}

function summary(problems: Problems | undefined, paint: Paint): string {
  const parts: string[] = [];
  if (problems !== undefined) {
    const { errors, warnings, isDisabled } = problems;
    if (errors.length > 0) parts.push(paint('red', `${errors.length} errors`));
    if (warnings.length > 0) parts.push(paint('yellow', `${warnings.length} warnings`));
    if (isDisabled) parts.push(paint('cyan', 'disabled'));
  }
  return parts.length > 0 ? parts.join(', ') : paint('green', 'OK');
}

function sorted<T>(map: ReadonlyMap<string, T>): (readonly [string, T])[] {
  return [...map].sort(([a], [b]) => byText(a, b));
}

function tableRows(facts: StatusFacts, paint: Paint): string[][] {
  const rows: string[][] = [];
  for (const [name, state] of sorted(facts.states)) rows.push([state.type, name, stateText(state, paint)]);
  for (const [i, [name, phases]] of sorted(facts.phases).entries()) {
    const text = sorted(phases).map(
      ([phase, count]) =>
        `${phase}: ${paint(/^(Failed|Unknown)$/.test(phase) ? 'red' : 'green', String(count))}`,
    );
    rows.push([i === 0 ? 'Containers:' : '', name, text.join(', ')]);
  }
  rows.push(['Cluster Pods:', `${facts.managed}/${facts.pods} managed by Cilium`]);
  rows.push(['Helm chart version:', facts.chart]);
  let head = 'Image versions';
  for (const [name, images] of sorted(facts.images)) {
    for (const [image, count] of sorted(images)) {
      rows.push([head, name, `${image}: ${count}`]);
      head = '';
    }
  }
  for (const kind of ['errors', 'warnings'] as const) {
    head = kind === 'errors' ? 'Errors:' : 'Warnings:';
    for (const [name, problems] of sorted(facts.problems)) {
      for (const { pod, text } of [...problems[kind]].sort((a, b) => byText(a.pod, b.pod))) {
        rows.push([head, name, pod, text]);
        head = '';
      }
    }
  }
  return rows;
}

function stateText(state: PodState, paint: Paint): string {
  const { desired, ready, available, unavailable } = state;
  const color = ready < desired ? 'yellow' : 'green';
  return [
    ...(desired > 0 ? [`Desired: ${desired}`] : []),
    ...(ready > 0 ? [`Ready: ${paint(color, `${ready}/${desired}`)}`] : []),
    ...(available > 0 ? [`Available: ${paint(color, `${available}/${desired}`)}`] : []),
    ...(unavailable > 0 ? [`Unavailable: ${paint('red', `${unavailable}/${desired}`)}`] : []),
  ].join(', ');
}

/** Rows as the CLI's tables have them. */
export function columns(rows: readonly (readonly string[])[]): string {
  return tabbed(rows, { minWidth: 0, padding: 4 });
}

/** The status as JSON, with the members that the CLI's has. */
export function statusJson(facts: StatusFacts): JsonObject {
  const counts = (map: ReadonlyMap<string, ReadonlyMap<string, number>>): JsonObject =>
    Object.fromEntries(sorted(map).map(([name, inner]) => [name, Object.fromEntries(sorted(inner))]));
  const states = sorted(facts.states).map(
    ([name, state]) =>
      [
        name,
        {
          Type: state.type,
          Desired: state.desired,
          Ready: state.ready,
          Available: state.available,
          Unavailable: state.unavailable,
        },
      ] as const,
  );
  const errors = sorted(facts.problems).flatMap(([name, problems]) => {
    const { errors: wrong, warnings, isDisabled } = problems;
    // Of DaemonSets nothing is noted while all is well.
    const isQuiet = /^cilium(-envoy)?$/.test(name) && !isDisabled;
    const names = new Set([...(isQuiet ? [] : [name]), ...[...wrong, ...warnings].map((one) => one.pod)]);
    const texts = (list: readonly Problem[], pod: string): readonly string[] =>
      list.filter((one) => one.pod === pod).map((one) => one.text);
    const pods = [...names].sort(byText).map((pod) => {
      const said = { Errors: texts(wrong, pod), Warnings: texts(warnings, pod) };
      return [pod, { ...said, Disabled: isDisabled && pod === name }] as const;
    });
    return pods.length === 0 ? [] : [[name, Object.fromEntries(pods)] as const];
  });
  return {
    image_count: counts(facts.images),
    phase_count: counts(facts.phases),
    pod_state: Object.fromEntries(states),
    pods_count: { all: facts.pods, by_cilium: facts.managed },
    errors: Object.fromEntries(errors),
    ...(facts.failures.length > 0 ? { collection_errors: facts.failures.map(() => ({})) } : {}),
    ...(facts.chart === '' ? {} : { helm_chart_version: facts.chart }),
  };
}
