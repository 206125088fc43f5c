import type { JsonObject } from '../../../base/json.ts';
import { itemsOf } from '../builder.ts';
import { at, listAt, mapAt, numberAt, objectAt, textAt } from '../client.ts';
import type { Context } from '../context.ts';
import { pathOf } from '../discovery.ts';
import { selectorText } from '../pods.ts';
import { formatLabels, rfc1123z } from '../text.ts';
import { humanDuration } from '../../../objects/time.ts';
import { selectorLine } from './netpol.ts';
import { writeContainers, writeTemplate, writeTolerations, writeVolumes } from './pod-template.ts';
import { controllerOf, Writer, writeAnnotations, writeEvents, writeLabels } from './writer.ts';

/** What the describers of workloads are given: the object, its events (undefined: not asked for), the command. */
export type Described = {
  readonly object: JsonObject;
  readonly events: readonly JsonObject[] | undefined;
  readonly context: Context;
};

/** A Pod. */
export function describePod({ object: pod, events, context }: Described): string {
  const w = new Writer();
  const status = objectAt(pod, 'status');
  const spec = objectAt(pod, 'spec');
  w.write(
    0,
    `Name:\t${textAt(pod, 'metadata', 'name')}\nNamespace:\t${textAt(pod, 'metadata', 'namespace')}\n`,
  );
  if (at(spec, 'priority') !== undefined) w.write(0, `Priority:\t${numberAt(spec, 'priority')}\n`);
  if (textAt(spec, 'priorityClassName') !== '')
    w.write(0, `Priority Class Name:\t${textAt(spec, 'priorityClassName')}\n`);
  if (textAt(spec, 'runtimeClassName') !== '')
    w.write(0, `Runtime Class Name:\t${textAt(spec, 'runtimeClassName')}\n`);
  if (textAt(spec, 'serviceAccountName') !== '')
    w.write(0, `Service Account:\t${textAt(spec, 'serviceAccountName')}\n`);
  w.write(
    0,
    textAt(spec, 'nodeName') === ''
      ? 'Node:\t<none>\n'
      : `Node:\t${textAt(spec, 'nodeName')}/${textAt(status, 'hostIP')}\n`,
  );
  if (textAt(status, 'startTime') !== '')
    w.write(0, `Start Time:\t${rfc1123z(textAt(status, 'startTime'))}\n`);
  writeLabels(w, 'Labels', mapAt(pod, 'metadata', 'labels'));
  writeAnnotations(w, 'Annotations', mapAt(pod, 'metadata', 'annotations'));
  const deleted = textAt(pod, 'metadata', 'deletionTimestamp');
  const phase = textAt(status, 'phase');
  if (deleted !== '' && phase !== 'Failed' && phase !== 'Succeeded') {
    w.write(
      0,
      `Status:\tTerminating (lasts ${humanDuration(Math.max(0, context.nowMs - Date.parse(deleted)))})\n`,
    );
    w.write(0, `Termination Grace Period:\t${numberAt(pod, 'metadata', 'deletionGracePeriodSeconds')}s\n`);
  } else w.write(0, `Status:\t${phase}\n`);
  if (textAt(status, 'reason') !== '') w.write(0, `Reason:\t${textAt(status, 'reason')}\n`);
  if (textAt(status, 'message') !== '') w.write(0, `Message:\t${textAt(status, 'message')}\n`);
  const profile = textAt(spec, 'securityContext', 'seccompProfile', 'type');
  if (profile !== '') w.write(0, `SeccompProfile:\t${profile}\n`);
  w.write(0, `IP:\t${textAt(status, 'podIP')}\n`);
  const addresses = listAt(status, 'podIPs');
  w.write(0, addresses.length === 0 ? 'IPs:\t<none>\n' : 'IPs:\n');
  for (const one of addresses) w.write(1, `IP:\t${textAt(one, 'ip')}\n`);
  if (controllerOf(pod) !== '') w.write(0, `Controlled By:\t${controllerOf(pod)}\n`);
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
  if (textAt(status, 'qosClass') !== '') w.write(0, `QoS Class:\t${textAt(status, 'qosClass')}\n`);
  writeLabels(w, 'Node-Selectors', mapAt(spec, 'nodeSelector'));
  writeTolerations(w, 'Tolerations', listAt(spec, 'tolerations'));
  writeEvents(w, events, context.nowMs);
  return w.text();
}

/** A Deployment with its replica sets. */
export function describeDeployment({ object, events, context }: Described): string {
  const w = new Writer();
  const [spec, status] = [objectAt(object, 'spec'), objectAt(object, 'status')];
  w.write(
    0,
    `Name:\t${textAt(object, 'metadata', 'name')}\nNamespace:\t${textAt(object, 'metadata', 'namespace')}\n`,
  );
  w.write(0, `CreationTimestamp:\t${rfc1123z(textAt(object, 'metadata', 'creationTimestamp'))}\n`);
  writeLabels(w, 'Labels', mapAt(object, 'metadata', 'labels'));
  writeAnnotations(w, 'Annotations', mapAt(object, 'metadata', 'annotations'));
  w.write(0, `Selector:\t${selectorLine(objectAt(spec, 'selector'))}\n`);
  w.write(
    0,
    `Replicas:\t${numberAt(spec, 'replicas')} desired | ${numberAt(status, 'updatedReplicas')} updated | ${numberAt(status, 'replicas')} total | ${numberAt(status, 'availableReplicas')} available | ${numberAt(status, 'unavailableReplicas')} unavailable\n`,
  );
  w.write(
    0,
    `StrategyType:\t${textAt(spec, 'strategy', 'type')}\nMinReadySeconds:\t${numberAt(spec, 'minReadySeconds')}\n`,
  );
  if (at(spec, 'strategy', 'rollingUpdate') !== undefined)
    w.write(
      0,
      `RollingUpdateStrategy:\t${textAt(spec, 'strategy', 'rollingUpdate', 'maxUnavailable')} max unavailable, ${textAt(spec, 'strategy', 'rollingUpdate', 'maxSurge')} max surge\n`,
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
  w.write(0, `OldReplicaSets:\t${replicaSetText(old)}\n`);
  w.write(0, `NewReplicaSet:\t${replicaSetText(fresh === undefined ? [] : [fresh])}\n`);
  writeEvents(w, events, context.nowMs);
  return w.text();
}

function replicaSetsOf(
  context: Context,
  deployment: JsonObject,
): { readonly old: readonly JsonObject[]; readonly fresh: JsonObject | undefined } {
  const resource = context.discovery.need('replicasets.apps');
  const uid = textAt(deployment, 'metadata', 'uid');
  const list = itemsOf(
    context.client.get(pathOf(resource, textAt(deployment, 'metadata', 'namespace')), {
      labelSelector: selectorText(objectAt(deployment, 'spec', 'selector')),
    }),
    resource,
  );
  const owned = list.filter((one) =>
    listAt(one, 'metadata', 'ownerReferences').some((owner) => textAt(owner, 'uid') === uid),
  );
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
        `${textAt(one, 'metadata', 'name')} (${numberAt(one, 'status', 'replicas')}/${numberAt(one, 'spec', 'replicas')} replicas created)`,
    )
    .join(', ');
}

/** How many pods of a selector are in which phase. */
function podsStatus(context: Context, object: JsonObject): string {
  const pods = context.discovery.need('pods');
  const uid = textAt(object, 'metadata', 'uid');
  const list = itemsOf(
    context.client.get(pathOf(pods, textAt(object, 'metadata', 'namespace')), {
      labelSelector: selectorText(objectAt(object, 'spec', 'selector')),
    }),
    pods,
  );
  const owned = list.filter((pod) =>
    listAt(pod, 'metadata', 'ownerReferences').some(
      (owner) => textAt(owner, 'uid') === uid && textAt(owner, 'controller') === 'true',
    ),
  );
  const count = (phase: string): number =>
    owned.filter((pod) => textAt(pod, 'status', 'phase') === phase).length;
  return `${count('Running')} Running / ${count('Pending')} Waiting / ${count('Succeeded')} Succeeded / ${count('Failed')} Failed`;
}

/** A ReplicaSet. */
export function describeReplicaSet({ object, events, context }: Described): string {
  const w = new Writer();
  w.write(
    0,
    `Name:\t${textAt(object, 'metadata', 'name')}\nNamespace:\t${textAt(object, 'metadata', 'namespace')}\nSelector:\t${selectorLine(objectAt(object, 'spec', 'selector'))}\n`,
  );
  writeLabels(w, 'Labels', mapAt(object, 'metadata', 'labels'));
  writeAnnotations(w, 'Annotations', mapAt(object, 'metadata', 'annotations'));
  if (controllerOf(object) !== '') w.write(0, `Controlled By:\t${controllerOf(object)}\n`);
  w.write(
    0,
    `Replicas:\t${numberAt(object, 'status', 'replicas')} current / ${numberAt(object, 'spec', 'replicas')} desired\n`,
  );
  w.write(0, `Pods Status:\t${podsStatus(context, object)}\nPod Template:\n`);
  writeTemplate(w, objectAt(object, 'spec', 'template'));
  const conditions = listAt(object, 'status', 'conditions');
  if (conditions.length > 0) {
    w.write(0, 'Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------\n');
    for (const one of conditions)
      w.write(1, `${textAt(one, 'type')} \t${textAt(one, 'status')}\t${textAt(one, 'reason')}\n`);
  }
  writeEvents(w, events, context.nowMs);
  return w.text();
}

/** A DaemonSet. */
export function describeDaemonSet({ object, events, context }: Described): string {
  const w = new Writer();
  const status = objectAt(object, 'status');
  w.write(
    0,
    `Name:\t${textAt(object, 'metadata', 'name')}\nSelector:\t${selectorLine(objectAt(object, 'spec', 'selector'))}\n`,
  );
  w.write(0, `Node-Selector:\t${formatLabels(mapAt(object, 'spec', 'template', 'spec', 'nodeSelector'))}\n`);
  writeLabels(w, 'Labels', mapAt(object, 'metadata', 'labels'));
  writeAnnotations(w, 'Annotations', mapAt(object, 'metadata', 'annotations'));
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
  writeEvents(w, events, context.nowMs);
  return w.text();
}

/** A StatefulSet. */
export function describeStatefulSet({ object, events, context }: Described): string {
  const w = new Writer();
  w.write(
    0,
    `Name:\t${textAt(object, 'metadata', 'name')}\nNamespace:\t${textAt(object, 'metadata', 'namespace')}\nCreationTimestamp:\t${rfc1123z(textAt(object, 'metadata', 'creationTimestamp'))}\nSelector:\t${selectorLine(objectAt(object, 'spec', 'selector'))}\n`,
  );
  writeLabels(w, 'Labels', mapAt(object, 'metadata', 'labels'));
  writeAnnotations(w, 'Annotations', mapAt(object, 'metadata', 'annotations'));
  w.write(
    0,
    `Replicas:\t${numberAt(object, 'spec', 'replicas')} desired | ${numberAt(object, 'status', 'replicas')} total\n`,
  );
  w.write(0, `Update Strategy:\t${textAt(object, 'spec', 'updateStrategy', 'type')}\n`);
  if (at(object, 'spec', 'updateStrategy', 'rollingUpdate') !== undefined)
    w.write(1, `Partition:\t${numberAt(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition')}\n`);
  w.write(0, `Pods Status:\t${podsStatus(context, object)}\nPod Template:\n`);
  writeTemplate(w, objectAt(object, 'spec', 'template'));
  const claims = listAt(object, 'spec', 'volumeClaimTemplates');
  w.write(0, `Volume Claims:${claims.length === 0 ? '\t<none>' : ''}\n`);
  for (const claim of claims) {
    w.write(
      1,
      `Name:\t${textAt(claim, 'metadata', 'name')}\n  StorageClass:\t${textAt(claim, 'spec', 'storageClassName')}\n`,
    );
    writeLabels(w, 'Labels', mapAt(claim, 'metadata', 'labels'), '  ');
    writeAnnotations(w, 'Annotations', mapAt(claim, 'metadata', 'annotations'), '  ');
    w.write(
      1,
      `Capacity:\t${textAt(claim, 'spec', 'resources', 'requests', 'storage') || '<default>'}\n  Access Modes:\t[${listAt(claim, 'spec', 'accessModes').join(' ')}]\n`,
    );
  }
  writeEvents(w, events, context.nowMs);
  return w.text();
}

/** A Job. */
export function describeJob({ object, events, context }: Described): string {
  const w = new Writer();
  const [spec, status] = [objectAt(object, 'spec'), objectAt(object, 'status')];
  w.write(
    0,
    `Name:\t${textAt(object, 'metadata', 'name')}\nNamespace:\t${textAt(object, 'metadata', 'namespace')}\nSelector:\t${selectorLine(objectAt(spec, 'selector'))}\n`,
  );
  writeLabels(w, 'Labels', mapAt(object, 'metadata', 'labels'));
  writeAnnotations(w, 'Annotations', mapAt(object, 'metadata', 'annotations'));
  if (controllerOf(object) !== '') w.write(0, `Controlled By:\t${controllerOf(object)}\n`);
  w.write(
    0,
    `Parallelism:\t${at(spec, 'parallelism') === undefined ? '<unset>' : numberAt(spec, 'parallelism')}\nCompletions:\t${at(spec, 'completions') === undefined ? '<unset>' : numberAt(spec, 'completions')}\n`,
  );
  if (textAt(spec, 'completionMode') !== '')
    w.write(0, `Completion Mode:\t${textAt(spec, 'completionMode')}\n`);
  if (at(spec, 'suspend') !== undefined) w.write(0, `Suspend:\t${at(spec, 'suspend') === true}\n`);
  if (at(spec, 'backoffLimit') !== undefined)
    w.write(0, `Backoff Limit:\t${numberAt(spec, 'backoffLimit')}\n`);
  if (at(spec, 'ttlSecondsAfterFinished') !== undefined)
    w.write(0, `TTL Seconds After Finished:\t${numberAt(spec, 'ttlSecondsAfterFinished')}\n`);
  const [started, completed] = [textAt(status, 'startTime'), textAt(status, 'completionTime')];
  if (started !== '') w.write(0, `Start Time:\t${rfc1123z(started)}\n`);
  if (completed !== '') w.write(0, `Completed At:\t${rfc1123z(completed)}\n`);
  if (started !== '' && completed !== '')
    w.write(0, `Duration:\t${humanDuration(Date.parse(completed) - Date.parse(started))}\n`);
  if (at(spec, 'activeDeadlineSeconds') !== undefined)
    w.write(0, `Active Deadline Seconds:\t${numberAt(spec, 'activeDeadlineSeconds')}s\n`);
  const ready = at(status, 'ready');
  w.write(
    0,
    `Pods Statuses:\t${numberAt(status, 'active')} Active${typeof ready === 'number' ? ` (${ready} Ready)` : ''} / ${numberAt(status, 'succeeded')} Succeeded / ${numberAt(status, 'failed')} Failed\nPod Template:\n`,
  );
  writeTemplate(w, objectAt(spec, 'template'));
  writeEvents(w, events, context.nowMs);
  return w.text();
}
