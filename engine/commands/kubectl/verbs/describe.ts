import type { JsonObject } from '../../../base/json.ts';
import type { Want } from '../builder.ts';
import { fetchWant, itemsOf, readWants } from '../builder.ts';
import { textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { pathOf } from '../discovery.ts';
import type { KubectlError } from '../errors.ts';
import { ApiError, CommandError, kubectlErrorOf, throwAll } from '../errors.ts';
import { flagTable } from '../flags.ts';
import type { Info } from '../manifests.ts';
import {
  describeAutoscaler,
  describeCronJob,
  describeIngress,
  describeIngressClass,
  describeLimits,
  describePriorityClass,
  describeQuota,
  describeStorageClass,
} from '../describe/cluster-kinds.ts';
import { describeGeneric } from '../describe/generic.ts';
import { describeNetworkPolicy } from '../describe/netpol.ts';
import {
  describeConfigMap,
  describeEndpoints,
  describeEndpointSlice,
  describeNamespace,
  describeNode,
  describeSecret,
  describeService,
  describeServiceAccount,
} from '../describe/others.ts';
import {
  describeBudget,
  describeClaim,
  describeRole,
  describeRoleBinding,
  describeVolume,
} from '../describe/policies.ts';
import {
  describeDaemonSet,
  describeDeployment,
  describeJob,
  describePod,
  describeReplicaSet,
  describeStatefulSet,
} from '../describe/workloads.ts';
import { type Described, Writer, writeEvents } from '../describe/writer.ts';
import { nothingFound } from './get.ts';

/** `kubectl describe`. */
export const describeCommand: Command = {
  name: 'describe',
  about: 'Show details of a specific resource or group of resources',
  usage: '(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME) [options]',
  flags: flagTable(
    'all-namespaces,A chunk-size:int=500 filename,f:strings kustomize,k:string recursive,R selector,l:string show-events=true',
  ),
  run: describe,
};

const DESCRIBERS: Readonly<Record<string, (w: Writer, described: Described) => void>> = {
  ClusterRole: describeRole,
  ClusterRoleBinding: describeRoleBinding,
  PersistentVolume: describeVolume,
  PersistentVolumeClaim: describeClaim,
  PodDisruptionBudget: describeBudget,
  Role: describeRole,
  RoleBinding: describeRoleBinding,
  ConfigMap: describeConfigMap,
  CronJob: describeCronJob,
  HorizontalPodAutoscaler: describeAutoscaler,
  Ingress: describeIngress,
  IngressClass: describeIngressClass,
  LimitRange: describeLimits,
  PriorityClass: describePriorityClass,
  ResourceQuota: describeQuota,
  StorageClass: describeStorageClass,
  DaemonSet: describeDaemonSet,
  Deployment: describeDeployment,
  Endpoints: describeEndpoints,
  EndpointSlice: describeEndpointSlice,
  Job: describeJob,
  Namespace: describeNamespace,
  NetworkPolicy: describeNetworkPolicy,
  Node: describeNode,
  Pod: describePod,
  ReplicaSet: describeReplicaSet,
  Secret: describeSecret,
  Service: describeService,
  ServiceAccount: describeServiceAccount,
  StatefulSet: describeStatefulSet,
};

/** Kinds whose description shows no events. */
const EVENTLESS: readonly string[] = [
  ...['ClusterRole', 'ClusterRoleBinding', 'LimitRange', 'Namespace', 'NetworkPolicy'],
  ...['ResourceQuota', 'Role', 'RoleBinding', 'Secret'],
];

async function describe(context: Context): Promise<void> {
  const { flags } = context;
  if (context.args.length === 0 && flags.list('filename').length === 0 && flags.text('kustomize') === '') {
    throw new CommandError(
      'You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of supported resources.',
    );
  }
  const options = {
    allNamespaces: flags.bool('all-namespaces'),
    selector: flags.text('selector'),
    isEmptySelectorFine: true,
  };
  const { wants, errors } = await readWants(context, context.args, options);
  const faults: KubectlError[] = [...errors];
  let isFirst = true;
  for (const want of wants) {
    try {
      const found = objectsOf(context, want, options);
      // Objects found by the beginning of their name are each followed by an empty line.
      const isGuess = want.name !== undefined && found.some((info) => info.name !== want.name);
      for (const info of found) {
        await context.out(
          `${isFirst || isGuess ? '' : '\n\n'}${describeOne(context, info)}${isGuess ? '\n' : ''}`,
        );
        isFirst = false;
      }
    } catch (error) {
      faults.push(kubectlErrorOf(error));
    }
  }
  if (isFirst && faults.length === 0) await context.err(nothingFound(context, wants, options));
  throwAll(faults);
}

/** The object of a name, or those whose names begin with it. */
function objectsOf(context: Context, want: Want, options: Parameters<typeof fetchWant>[2]): readonly Info[] {
  try {
    return fetchWant(context, want, options);
  } catch (error) {
    if (
      !(error instanceof ApiError) ||
      !error.isNotFound ||
      want.name === undefined ||
      want.info !== undefined ||
      context.args.length !== 2
    )
      throw error;
    const { name: prefix, ...rest } = want;
    const close = fetchWant(context, rest, {}).filter((info) => info.name.startsWith(prefix));
    if (close.length === 0) throw error;
    return close;
  }
}

function describeOne(context: Context, info: Info): string {
  const { kind, group } = info.resource;
  const own = Object.hasOwn(DESCRIBERS, kind) && group !== 'cilium.io' ? DESCRIBERS[kind] : undefined;
  const events = context.flags.bool('show-events') ? eventsOf(context, info) : undefined;
  const w = new Writer();
  (own ?? describeGeneric)(w, { object: info.object, context });
  if (own === undefined || !EVENTLESS.includes(kind)) writeEvents(w, events, context.nowMs);
  return w.text();
}

function eventsOf(context: Context, info: Info): readonly JsonObject[] {
  const resource = context.discovery.need('events');
  const uid = info.resource.kind === 'Node' ? info.name : textAt(info.object, 'metadata', 'uid');
  const generic = !Object.hasOwn(DESCRIBERS, info.resource.kind);
  const fields = [
    `involvedObject.name=${info.name}`,
    `involvedObject.namespace=${info.namespace}`,
    ...(generic ? [`involvedObject.kind=${info.resource.kind}`] : []),
    `involvedObject.uid=${uid}`,
  ];
  const list = (selector: readonly string[]): readonly JsonObject[] =>
    itemsOf(
      context.client.get(pathOf(resource, info.resource.isNamespaced ? info.namespace : ''), {
        fieldSelector: selector.join(','),
        limit: '500',
      }),
      resource,
    );
  if (info.resource.isNamespaced) return list(fields);
  const names = [fields[0] ?? '', `involvedObject.kind=${info.resource.kind}`];
  return list(names);
}
