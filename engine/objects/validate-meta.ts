import type { KindInfo } from './kinds.ts';
import type { KubeObject } from './api.ts';
import type { Members } from './members.ts';
import type { StatusCause } from './status.ts';
import {
  ANNOTATIONS_MAX,
  annotationsSize,
  dnsLabelFaults,
  dnsSubdomainFaults,
  labelValueFaults,
  oldDnsLabelFaults,
  pathSegmentFaults,
  qualifiedNameFaults,
} from './names.ts';
import { forbiddenValue, invalidValue, required, tooLong } from './status.ts';
import { memberList, memberObject, memberText } from './members.ts';

/** The faults of an object's metadata (apimachinery's ValidateObjectMeta). */
export function validateMeta(kind: KindInfo, object: KubeObject): readonly StatusCause[] {
  const { name, generateName, finalizers } = object.metadata;
  const causes: StatusCause[] = [];
  const rule = nameRule(kind);
  if (generateName) {
    // A prefix may end as a whole name may not.
    const probe = generateName.endsWith('-') ? `${generateName.slice(0, -1)}a` : generateName;
    for (const fault of rule(probe))
      causes.push(invalidValue('metadata.generateName', quoted(generateName), fault));
  }
  if (!name && !generateName) causes.push(required('metadata.name', 'name or generateName is required'));
  else if (name)
    for (const fault of rule(name)) causes.push(invalidValue('metadata.name', quoted(name), fault));
  causes.push(...validateLabels(memberObject(object.metadata, 'labels'), 'metadata.labels'));
  causes.push(...validateAnnotations(memberObject(object.metadata, 'annotations'), 'metadata.annotations'));
  for (const finalizer of finalizers ?? []) {
    for (const fault of qualifiedNameFaults(finalizer))
      causes.push(invalidValue('metadata.finalizers', quoted(finalizer), fault));
  }
  return causes;
}

/** The faults of labels at `field`. */
export function validateLabels(labels: Members | undefined, field: string): readonly StatusCause[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...qualifiedNameFaults(key).map((fault) => invalidValue(field, quoted(key), fault)),
    ...labelValueFaults(String(value)).map((fault) => invalidValue(field, quoted(String(value)), fault)),
  ]);
}

/** The faults of annotations at `field`. */
export function validateAnnotations(annotations: Members | undefined, field: string): readonly StatusCause[] {
  if (annotations === undefined) return [];
  const causes = Object.keys(annotations).flatMap((key) =>
    qualifiedNameFaults(key.toLowerCase()).map((fault) => invalidValue(field, quoted(key), fault)),
  );
  return annotationsSize(annotations) > ANNOTATIONS_MAX
    ? [...causes, tooLong(field, ANNOTATIONS_MAX)]
    : causes;
}

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** The faults of a label selector at `field`. */
export function validateSelector(selector: Members | undefined, field: string): readonly StatusCause[] {
  const causes = [...validateLabels(memberObject(selector, 'matchLabels'), `${field}.matchLabels`)];
  memberList(selector, 'matchExpressions').forEach((expression, i) => {
    const at = `${field}.matchExpressions[${i}]`;
    const operator = memberText(expression, 'operator');
    const values = Array.isArray(expression['values']) ? expression['values'].map(String) : [];
    if (!OPERATORS.includes(operator))
      causes.push(invalidValue(`${at}.operator`, quoted(operator), 'not a valid selector operator'));
    else if (operator.endsWith('In') && values.length === 0) {
      causes.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (!operator.endsWith('In') && values.length > 0) {
      causes.push(
        forbiddenValue(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
      );
    }
    for (const fault of qualifiedNameFaults(memberText(expression, 'key'))) {
      causes.push(invalidValue(`${at}.key`, quoted(memberText(expression, 'key')), fault));
    }
    values.forEach((value, j) => {
      for (const fault of labelValueFaults(value))
        causes.push(invalidValue(`${at}.values[${j}]`, quoted(value), fault));
    });
  });
  return causes;
}

/** A string as faults quote it. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

const FREE_NAMES = ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'];

function nameRule(kind: KindInfo): (name: string) => readonly string[] {
  if (kind.resource === 'namespaces' || kind.resource === 'statefulsets.apps') return dnsLabelFaults;
  if (kind.resource === 'services') return oldDnsLabelFaults;
  return FREE_NAMES.includes(kind.plural) ? pathSegmentFaults : dnsSubdomainFaults;
}
