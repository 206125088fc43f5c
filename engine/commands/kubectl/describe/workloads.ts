import type { JsonObject } from '../../../base/json.ts';
import { itemsOf } from '../builder.ts';
import { at, listAt, mapAt, nameIn, namespaceIn, numberAt, objectAt, textAt } from '../client.ts';
import type { Context } from '../context.ts';
import type { Resource } from '../discovery.ts';
import { pathOf } from '../discovery.ts';
import { selectorText } from '../pods.ts';
import { formatLabels, rfc1123z } from '../text.ts';
import { humanDuration } from '../../../objects/time.ts';
import { selectorLine } from './netpol.ts';
import { writeContainers, writeTemplate, writeTolerations, writeVolumes } from './pod-template.ts';
import {
  controllerOf,
  type Described,
  type Writer,
  writeAnnotations,
  writeLabels,
  writeMarks,
} from './writer.ts';

/** A Pod. */
export function describePod(w: Writer, { object: pod, context }: Described): void {
  const status = objectAt(pod, 'status');
  const spec = objectAt(pod, 'spec');
  w.line('Name', nameIn(pod));
  w.line('Namespace', namespaceIn(pod));
  if (at(spec, 'priority') !== undefined) w.line('Priority', numberAt(spec, 'priority'));
  w.lineIfSet('Priority Class Name', textAt(spec, 'priorityClassName'));
  w.lineIfSet('Runtime Class Name', textAt(spec, 'runtimeClassName'));
  w.lineIfSet('Service Account', textAt(spec, 'serviceAccountName'));
  w.write(
    0,
    textAt(spec, 'nodeName') === ''
      ? 'Node:\t<none>\n'
      : `Node:\t${textAt(spec, 'nodeName')}/${textAt(status, 'hostIP')}\n`,
  );
  if (textAt(status, 'startTime') !== '') w.line('Start Time', rfc1123z(textAt(status, 'startTime')));
  writeMarks(w, pod);
  const deleted = textAt(pod, 'metadata', 'deletionTimestamp');
  const phase = textAt(status, 'phase');
  if (deleted !== '' && phase !== 'Failed' && phase !== 'Succeeded') {
    w.line(
      'Status',
      `Terminating (lasts ${humanDuration(Math.max(0, context.nowMs - Date.parse(deleted)))})`,
    );
    w.line('Termination Grace Period', `${numberAt(pod, 'metadata', 'deletionGracePeriodSeconds')}s`);
  } else w.line('Status', phase);
  w.lineIfSet('Reason', textAt(status, 'reason'));
  w.lineIfSet('Message', textAt(status, 'message'));
  const profile = textAt(spec, 'securityContext', 'seccompProfile', 'type');
  w.lineIfSet('SeccompProfile', profile);
  w.line('IP', textAt(status, 'podIP'));
  const addresses = listAt(status, 'podIPs');
  w.write(0, addresses.length === 0 ? 'IPs:\t<none>\n' : 'IPs:\n');
  for (const one of addresses) w.line('IP', textAt(one, 'ip'), 1);
  w.lineIfSet('Controlled By', controllerOf(pod));
  if (listAt(spec, 'initContainers').length > 0)
    writeContainers(
      w,
      'Init Containers',
      listAt(spec, 'initContainers'),
      listAt(status, 'initContainerStatuses'),
      '',
      pod,
    );
  writeContainers(w, 'Containers', listAt(spec, 'containers'), listAt(status, 'containerStatuses'), '', pod);
  if (listAt(spec, 'ephemeralContainers').length > 0)
    writeContainers(
      w,
      'Ephemeral Containers',
      listAt(spec, 'ephemeralContainers'),
      listAt(status, 'ephemeralContainerStatuses'),
      '',
      pod,
    );
  const conditions = listAt(status, 'conditions');
  if (conditions.length > 0) w.write(0, 'Conditions:\n  Type\tStatus\n');
  for (const one of conditions) w.write(1, `${textAt(one, 'type')} \t${textAt(one, 'status')} \n`);
  writeVolumes(w, listAt(spec, 'volumes'), '');
  w.lineIfSet('QoS Class', textAt(status, 'qosClass'));
  writeLabels(w, 'Node-Selectors', mapAt(spec, 'nodeSelector'));
  writeTolerations(w, 'Tolerations', listAt(spec, 'tolerations'));
}

/** A Deployment with its replica sets. */
export function describeDeployment(w: Writer, { object, context }: Described): void {
  const [spec, status] = [objectAt(object, 'spec'), objectAt(object, 'status')];
  w.line('Name', nameIn(object));
  w.line('Namespace', namespaceIn(object));
  w.line('CreationTimestamp', rfc1123z(textAt(object, 'metadata', 'creationTimestamp')));
  writeMarks(w, object);
  w.line('Selector', selectorLine(objectAt(spec, 'selector')));
  w.line(
    'Replicas',
    `${numberAt(spec, 'replicas')} desired | ${numberAt(status, 'updatedReplicas')} updated | ${numberAt(status, 'replicas')} total | ${numberAt(status, 'availableReplicas')} available | ${numberAt(status, 'unavailableReplicas')} unavailable`,
  );
  w.line('StrategyType', textAt(spec, 'strategy', 'type'));
  w.line('MinReadySeconds', numberAt(spec, 'minReadySeconds'));
  if (at(spec, 'strategy', 'rollingUpdate') !== undefined)
    w.line(
      'RollingUpdateStrategy',
      `${textAt(spec, 'strategy', 'rollingUpdate', 'maxUnavailable')} max unavailable, ${textAt(spec, 'strategy', 'rollingUpdate', 'maxSurge')} max surge`,
    );
  w.write(0, 'Pod Template:\n');
  writeTemplate(w, objectAt(spec, 'template'));
  const conditions = listAt(status, 'conditions');
  if (conditions.length > 0) {
    w.write(0, 'Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------\n');
    for (const one of conditions)
      w.write(1, `${textAt(one, 'type')} \t${textAt(one, 'status')}\t${textAt(one, 'reason')}\n`);
  }
  const { old, fresh } = replicaSetsOf(context, object);
  w.line('OldReplicaSets', replicaSetText(old));
  w.line('NewReplicaSet', replicaSetText(fresh === undefined ? [] : [fresh]));
}

/** What an object's selector finds of a kind, and the object controls. */
function ownedBy(context: Context, owner: JsonObject, resource: Resource): readonly JsonObject[] {
  const uid = textAt(owner, 'metadata', 'uid');
  const list = itemsOf(
    context.client.get(pathOf(resource, namespaceIn(owner)), {
      labelSelector: selectorText(objectAt(owner, 'spec', 'selector')),
    }),
    resource,
  );
  return list.filter((one) =>
    listAt(one, 'metadata', 'ownerReferences').some(
      (reference) => textAt(reference, 'uid') === uid && textAt(reference, 'controller') === 'true',
    ),
  );
}

function replicaSetsOf(
  context: Context,
  deployment: JsonObject,
): { readonly old: readonly JsonObject[]; readonly fresh: JsonObject | undefined } {
  const resource = context.discovery.need('replicasets.apps');
  const owned = ownedBy(context, deployment, resource);
  const revision = (one: JsonObject): number =>
    Number(textAt(one, 'metadata', 'annotations', 'deployment.kubernetes.io/revision') || '0');
  const sorted = [...owned].sort((a, b) =>
    textAt(a, 'metadata', 'creationTimestamp') < textAt(b, 'metadata', 'creationTimestamp') ? -1 : 1,
  );
  const wanted = Number(
    textAt(deployment, 'metadata', 'annotations', 'deployment.kubernetes.io/revision') || '0',
  );
  const fresh = sorted.find((one) => revision(one) === wanted);
  return { old: sorted.filter((one) => one !== fresh), fresh };
}

function replicaSetText(list: readonly JsonObject[]): string {
  if (list.length === 0) return '<none>';
  return list
    .map(
      (one) =>
        `${nameIn(one)} (${numberAt(one, 'status', 'replicas')}/${numberAt(one, 'spec', 'replicas')} replicas created)`,
    )
    .join(', ');
}

/** How many pods of a selector are in which phase. */
function podsStatus(context: Context, object: JsonObject): string {
  const pods = context.discovery.need('pods');
  const owned = ownedBy(context, object, pods);
  const count = (phase: string): number =>
    owned.filter((pod) => textAt(pod, 'status', 'phase') === phase).length;
  return `${count('Running')} Running / ${count('Pending')} Waiting / ${count('Succeeded')} Succeeded / ${count('Failed')} Failed`;
}

/** A ReplicaSet. */
export function describeReplicaSet(w: Writer, { object, context }: Described): void {
  w.line('Name', nameIn(object));
  w.line('Namespace', namespaceIn(object));
  w.line('Selector', selectorLine(objectAt(object, 'spec', 'selector')));
  writeMarks(w, object);
  w.lineIfSet('Controlled By', controllerOf(object));
  w.line(
    'Replicas',
    `${numberAt(object, 'status', 'replicas')} current / ${numberAt(object, 'spec', 'replicas')} desired`,
  );
  w.write(0, `Pods Status:\t${podsStatus(context, object)}\nPod Template:\n`);
  writeTemplate(w, objectAt(object, 'spec', 'template'));
  const conditions = listAt(object, 'status', 'conditions');
  if (conditions.length > 0) {
    w.write(0, 'Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------\n');
    for (const one of conditions)
      w.write(1, `${textAt(one, 'type')} \t${textAt(one, 'status')}\t${textAt(one, 'reason')}\n`);
  }
}

/** A DaemonSet. */
export function describeDaemonSet(w: Writer, { object, context }: Described): void {
  const status = objectAt(object, 'status');
  w.line('Name', nameIn(object));
  w.line('Selector', selectorLine(objectAt(object, 'spec', 'selector')));
  w.line('Node-Selector', formatLabels(mapAt(object, 'spec', 'template', 'spec', 'nodeSelector')));
  writeMarks(w, object);
  w.write(
    0,
    `Desired Number of Nodes Scheduled: ${numberAt(status, 'desiredNumberScheduled')}\nCurrent Number of Nodes Scheduled: ${numberAt(status, 'currentNumberScheduled')}\n`,
  );
  w.write(
    0,
    `Number of Nodes Scheduled with Up-to-date Pods: ${numberAt(status, 'updatedNumberScheduled')}\nNumber of Nodes Scheduled with Available Pods: ${numberAt(status, 'numberAvailable')}\nNumber of Nodes Misscheduled: ${numberAt(status, 'numberMisscheduled')}\n`,
  );
  w.write(0, `Pods Status:\t${podsStatus(context, object)}\nPod Template:\n`);
  writeTemplate(w, objectAt(object, 'spec', 'template'));
}

/** A StatefulSet. */
export function describeStatefulSet(w: Writer, { object, context }: Described): void {
  w.line('Name', nameIn(object));
  w.line('Namespace', namespaceIn(object));
  w.line('CreationTimestamp', rfc1123z(textAt(object, 'metadata', 'creationTimestamp')));
  w.line('Selector', selectorLine(objectAt(object, 'spec', 'selector')));
  writeMarks(w, object);
  w.line(
    'Replicas',
    `${numberAt(object, 'spec', 'replicas')} desired | ${numberAt(object, 'status', 'replicas')} total`,
  );
  w.line('Update Strategy', textAt(object, 'spec', 'updateStrategy', 'type'));
  if (at(object, 'spec', 'updateStrategy', 'rollingUpdate') !== undefined)
    w.line('Partition', numberAt(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition'), 1);
  w.write(0, `Pods Status:\t${podsStatus(context, object)}\nPod Template:\n`);
  writeTemplate(w, objectAt(object, 'spec', 'template'));
  const claims = listAt(object, 'spec', 'volumeClaimTemplates');
  w.write(0, `Volume Claims:${claims.length === 0 ? '\t<none>' : ''}\n`);
  for (const claim of claims) {
    w.write(1, `Name:\t${nameIn(claim)}\n  StorageClass:\t${textAt(claim, 'spec', 'storageClassName')}\n`);
    writeLabels(w, 'Labels', mapAt(claim, 'metadata', 'labels'), '  ');
    writeAnnotations(w, 'Annotations', mapAt(claim, 'metadata', 'annotations'), '  ');
    w.write(
      1,
      `Capacity:\t${textAt(claim, 'spec', 'resources', 'requests', 'storage') || '<default>'}\n  Access Modes:\t[${listAt(claim, 'spec', 'accessModes').join(' ')}]\n`,
    );
  }
}

/** A Job. */
export function describeJob(w: Writer, { object }: Described): void {
  const [spec, status] = [objectAt(object, 'spec'), objectAt(object, 'status')];
  w.line('Name', nameIn(object));
  w.line('Namespace', namespaceIn(object));
  w.line('Selector', selectorLine(objectAt(spec, 'selector')));
  writeMarks(w, object);
  w.lineIfSet('Controlled By', controllerOf(object));
  w.line('Parallelism', at(spec, 'parallelism') === undefined ? '<unset>' : numberAt(spec, 'parallelism'));
  w.line('Completions', at(spec, 'completions') === undefined ? '<unset>' : numberAt(spec, 'completions'));
  w.lineIfSet('Completion Mode', textAt(spec, 'completionMode'));
  if (at(spec, 'suspend') !== undefined) w.line('Suspend', at(spec, 'suspend') === true);
  if (at(spec, 'backoffLimit') !== undefined) w.line('Backoff Limit', numberAt(spec, 'backoffLimit'));
  if (at(spec, 'ttlSecondsAfterFinished') !== undefined)
    w.line('TTL Seconds After Finished', numberAt(spec, 'ttlSecondsAfterFinished'));
  const [started, completed] = [textAt(status, 'startTime'), textAt(status, 'completionTime')];
  if (started !== '') w.line('Start Time', rfc1123z(started));
  if (completed !== '') w.line('Completed At', rfc1123z(completed));
  if (started !== '' && completed !== '')
    w.line('Duration', humanDuration(Date.parse(completed) - Date.parse(started)));
  if (at(spec, 'activeDeadlineSeconds') !== undefined)
    w.line('Active Deadline Seconds', `${numberAt(spec, 'activeDeadlineSeconds')}s`);
  const ready = at(status, 'ready');
  w.write(
    0,
    `Pods Statuses:\t${numberAt(status, 'active')} Active${typeof ready === 'number' ? ` (${ready} Ready)` : ''} / ${numberAt(status, 'succeeded')} Succeeded / ${numberAt(status, 'failed')} Failed\nPod Template:\n`,
  );
  writeTemplate(w, objectAt(spec, 'template'));
}
