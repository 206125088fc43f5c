import { MODES } from '../../../objects/table-shapes.ts';
import type { Json } from '../../../base/json.ts';
import { byText } from '../../../base/order.ts';
import { at, listAt, nameIn, namespaceIn, numberAt, objectAt, textAt } from '../client.ts';
import { selectorLine } from './netpol.ts';
import { type Described, type Writer, writeHead, writeMarks } from './writer.ts';

/** A Role or ClusterRole. */
export function describeRole(w: Writer, { object }: Described): void {
  writeHead(w, object, false);
  w.write(
    0,
    'PolicyRule:\n  Resources\tNon-Resource URLs\tResource Names\tVerbs\n  ---------\t-----------------\t--------------\t-----\n',
  );
  for (const row of ruleRows(listAt(object, 'rules'))) w.write(1, row);
}

/**
 * The rules, one resource or URL a line, in the order of their text: verbs, groups, resources, names, URLs
 * (rbac helpers: BreakdownRule, CompactRules, SortableRuleSlice).
 */
function ruleRows(rules: readonly Json[]): readonly string[] {
  const words = (list: readonly unknown[]): string => `[${list.join(' ')}]`;
  const compact = new Map<
    string,
    { verbs: string[]; group: string; resource: string; names: string; url: string }
  >();
  const add = (verbs: readonly Json[], group: string, resource: string, names: string, url: string): void => {
    const key = JSON.stringify([group, resource, names, url]);
    const own = compact.get(key) ?? { verbs: [], group, resource, names, url };
    own.verbs.push(...verbs.map(String));
    compact.set(key, own);
  };
  for (const rule of rules) {
    const verbs = listAt(rule, 'verbs');
    for (const url of listAt(rule, 'nonResourceURLs')) add(verbs, '', '', '[]', String(url));
    const names = listAt(rule, 'resourceNames').map(String);
    for (const group of listAt(rule, 'apiGroups'))
      for (const resource of listAt(rule, 'resources'))
        for (const one of names.length === 0 ? ['[]'] : names.map((each) => `[${each}]`))
          add(verbs, String(group), String(resource), one, '');
  }
  return [...compact.values()]
    .map((row) => ({
      row,
      key: `${words(row.verbs)},APIGroups:[${row.url === '' ? row.group : ''}],Resources:[${row.resource}],ResourceNames:${row.names},NonResourceURLs:[${row.url}]`,
    }))
    .sort((a, b) => byText(a.key, b.key))
    .map(({ row }) => {
      const what = row.url !== '' ? '' : `${row.resource}${row.group === '' ? '' : `.${row.group}`}`;
      return `${what}\t[${row.url}]\t${row.names}\t${words(row.verbs)}\n`;
    });
}

/** A RoleBinding or ClusterRoleBinding. */
export function describeRoleBinding(w: Writer, { object }: Described): void {
  writeHead(w, object, false);
  w.write(
    0,
    `Role:\n  Kind:\t${textAt(object, 'roleRef', 'kind')}\n  Name:\t${textAt(object, 'roleRef', 'name')}\nSubjects:\n  Kind\tName\tNamespace\n  ----\t----\t---------\n`,
  );
  for (const subject of listAt(object, 'subjects'))
    w.write(1, `${textAt(subject, 'kind')}\t${textAt(subject, 'name')}\t${textAt(subject, 'namespace')}\n`);
}

/** A PodDisruptionBudget. */
export function describeBudget(w: Writer, { object }: Described): void {
  w.line('Name', nameIn(object));
  w.line('Namespace', namespaceIn(object));
  if (textAt(object, 'spec', 'minAvailable') !== '')
    w.line('Min available', textAt(object, 'spec', 'minAvailable'));
  else w.lineIfSet('Max unavailable', textAt(object, 'spec', 'maxUnavailable'));
  w.write(0, `Selector:\t${selectorLine(objectAt(object, 'spec', 'selector')) || '<unset>'}\nStatus:\n`);
  const status = objectAt(object, 'status');
  w.write(
    2,
    `Allowed disruptions:\t${numberAt(status, 'disruptionsAllowed')}\n    Current:\t${numberAt(status, 'currentHealthy')}\n    Desired:\t${numberAt(status, 'desiredHealthy')}\n    Total:\t${numberAt(status, 'expectedPods')}\n`,
  );
}

/** The short names of access modes. */
function modes(object: unknown): string {
  return listAt(object, 'accessModes')
    .map((mode) => MODES[String(mode)] ?? String(mode))
    .join(',');
}

/** A PersistentVolumeClaim. */
export function describeClaim(w: Writer, { object }: Described): void {
  const isBound = textAt(object, 'spec', 'volumeName') !== '';
  w.line('Name', nameIn(object));
  w.line('Namespace', namespaceIn(object));
  w.line('StorageClass', textAt(object, 'spec', 'storageClassName'));
  w.line(
    'Status',
    textAt(object, 'metadata', 'deletionTimestamp') === ''
      ? textAt(object, 'status', 'phase')
      : 'Terminating',
  );
  w.line('Volume', textAt(object, 'spec', 'volumeName'));
  writeMarks(w, object);
  w.line('Finalizers', `[${listAt(object, 'metadata', 'finalizers').join(' ')}]`);
  w.line('Capacity', isBound ? textAt(object, 'status', 'capacity', 'storage') : '');
  w.line('Access Modes', isBound ? modes(objectAt(object, 'status')) : '');
  w.line('VolumeMode', textAt(object, 'spec', 'volumeMode'));
  w.line('Used By', '<none>');
}

/** A PersistentVolume. */
export function describeVolume(w: Writer, { object }: Described): void {
  const spec = objectAt(object, 'spec');
  writeHead(w, object, false);
  const claim =
    textAt(spec, 'claimRef', 'name') === ''
      ? ''
      : `${textAt(spec, 'claimRef', 'namespace')}/${textAt(spec, 'claimRef', 'name')}`;
  w.write(
    0,
    `Finalizers:\t[${listAt(object, 'metadata', 'finalizers').join(' ')}]\nStorageClass:\t${textAt(spec, 'storageClassName')}\nStatus:\t${textAt(object, 'status', 'phase')}\nClaim:\t${claim}\nReclaim Policy:\t${textAt(spec, 'persistentVolumeReclaimPolicy')}\nAccess Modes:\t${modes(spec)}\nVolumeMode:\t${textAt(spec, 'volumeMode')}\nCapacity:\t${textAt(spec, 'capacity', 'storage')}\nNode Affinity:\t<none>\nMessage:\t${textAt(object, 'status', 'message')}\nSource:\n`,
  );
  if (textAt(spec, 'hostPath', 'path') !== '')
    w.write(
      2,
      `Type:\tHostPath (bare host directory volume)\n    Path:\t${textAt(spec, 'hostPath', 'path')}\n    HostPathType:\t${at(spec, 'hostPath', 'type') === undefined ? '<none>' : textAt(spec, 'hostPath', 'type')}\n`,
    );
}
