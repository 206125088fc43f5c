import type { KubeObject } from './api.ts';
import type { Members } from './members.ts';
import type { StatusCause } from './status.ts';
import { goIntOrString, goSelector, goStringMap } from './go-syntax.ts';
import { invalidValue, required, unsupportedValue } from './status.ts';
import { quoted, validateLabels, validateSelector } from './validate-meta.ts';
import { memberList, memberNumber, memberObject, memberOf, memberText } from './members.ts';
import { validatePodSpec } from './validate-pod.ts';
import { PERCENT_WORDS } from './validate-rules.ts';

/** The faults of a Deployment, ReplicaSet, DaemonSet or StatefulSet; `word` names it in texts. */
export function validateWorkload(object: KubeObject, word: string): readonly StatusCause[] {
  const spec = memberObject(object, 'spec');
  const causes: StatusCause[] = word === 'daemonset' ? [] : [...notNegative(spec, 'replicas')];
  const selector = memberObject(spec, 'selector');
  const faults = validateSelector(selector, 'spec.selector');
  if (selector === undefined) causes.push(...(word === 'daemonset' ? [] : [required('spec.selector')]));
  else {
    causes.push(...faults);
    if (isEmpty(selector))
      causes.push(
        invalidValue('spec.selector', goSelector(selector), `empty selector is invalid for ${word}`),
      );
  }
  if (selector !== undefined && faults.length > 0) {
    causes.push(invalidValue('spec.selector', goSelector(selector), 'invalid label selector'));
  } else causes.push(...validateTemplate(memberObject(spec, 'template'), selector));
  if (word === 'deployment')
    causes.push(...validateStrategy(memberObject(spec, 'strategy'), 'spec.strategy'));
  causes.push(...notNegative(spec, 'minReadySeconds'), ...notNegative(spec, 'revisionHistoryLimit'));
  if (word === 'deployment') causes.push(...validateDeadline(spec));
  return causes;
}

function validateTemplate(
  template: Members | undefined,
  selector: Members | undefined,
): readonly StatusCause[] {
  const labels = memberObject(memberObject(template, 'metadata'), 'labels');
  const causes: StatusCause[] = [];
  if (selector === undefined || (!isEmpty(selector) && !matches(selector, labels ?? {}))) {
    causes.push(
      invalidValue(
        'spec.template.metadata.labels',
        goStringMap(labels),
        '`selector` does not match template `labels`',
      ),
    );
  }
  causes.push(...validatePodTemplate(template, 'spec.template'));
  if (memberOf(memberObject(template, 'spec'), 'activeDeadlineSeconds') !== undefined)
    causes.push({
      reason: 'FieldValueForbidden',
      message: 'Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported',
      field: 'spec.template.spec.activeDeadlineSeconds',
    });
  const restart = memberText(memberObject(template, 'spec'), 'restartPolicy');
  if (restart !== 'Always' && ['OnFailure', 'Never'].includes(restart)) {
    causes.push(unsupportedValue('spec.template.spec.restartPolicy', quoted(restart), ['Always']));
  }
  return causes;
}

/** The faults of a pod template at `field`. */
export function validatePodTemplate(template: Members | undefined, field: string): readonly StatusCause[] {
  const labels = memberObject(memberObject(template, 'metadata'), 'labels');
  return [
    ...validateLabels(labels, `${field}.labels`),
    ...validatePodSpec(memberObject(template, 'spec'), `${field}.spec`),
  ];
}

function validateStrategy(strategy: Members | undefined, field: string): readonly StatusCause[] {
  const type = memberText(strategy, 'type');
  const rolling = memberObject(strategy, 'rollingUpdate');
  if (type === 'Recreate') {
    if (rolling === undefined) return [];
    const message = "Forbidden: may not be specified when strategy `type` is 'Recreate'";
    return [{ reason: 'FieldValueForbidden', message, field: `${field}.rollingUpdate` }];
  }
  if (type !== 'RollingUpdate')
    return [
      unsupportedValue(
        field,
        `apps.DeploymentStrategy{Type:${quoted(type)}, RollingUpdate:(*apps.RollingUpdateDeployment)(nil)}`,
        ['Recreate', 'RollingUpdate'],
      ),
    ];
  const causes: StatusCause[] = [];
  for (const name of ['maxUnavailable', 'maxSurge'])
    causes.push(...validateShare(memberOf(rolling, name), `${field}.rollingUpdate.${name}`));
  const isZero = (value: unknown) => value === 0 || value === '0%';
  if (
    causes.length === 0 &&
    isZero(memberOf(rolling, 'maxUnavailable')) &&
    isZero(memberOf(rolling, 'maxSurge'))
  ) {
    const shown = goIntOrString(memberOf(rolling, 'maxUnavailable'));
    causes.push(
      invalidValue(`${field}.rollingUpdate.maxUnavailable`, shown, 'may not be 0 when `maxSurge` is 0'),
    );
  }
  return causes;
}

function validateShare(value: unknown, field: string): readonly StatusCause[] {
  if (typeof value === 'string')
    return !/^\d+%$/.test(value)
      ? [invalidValue(field, goIntOrString(value), PERCENT_WORDS)]
      : field.endsWith('maxUnavailable') && Number.parseInt(value, 10) > 100
        ? [invalidValue(field, goIntOrString(value), 'must not be greater than 100%')]
        : [];
  if (typeof value === 'number' && value < 0)
    return [invalidValue(field, String(value), 'must be greater than or equal to 0')];
  return [];
}

function validateDeadline(spec: Members | undefined): readonly StatusCause[] {
  const deadline = memberNumber(spec, 'progressDeadlineSeconds');
  const causes = [...notNegative(spec, 'progressDeadlineSeconds')];
  if (deadline !== undefined && deadline <= (memberNumber(spec, 'minReadySeconds') ?? 0)) {
    causes.push(
      invalidValue('spec.progressDeadlineSeconds', String(deadline), 'must be greater than minReadySeconds'),
    );
  }
  return causes;
}

/** The faults of a Job; its template may not restart always. */
export function validateJob(object: KubeObject, field = 'spec'): readonly StatusCause[] {
  const spec = memberObject(object, 'spec');
  return validateJobSpec(spec, field);
}

function validateJobSpec(spec: Members | undefined, field: string): readonly StatusCause[] {
  const template = memberObject(spec, 'template');
  const causes = [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
  ].flatMap((name) => notNegative(spec, name, field));
  const restart = memberText(memberObject(template, 'spec'), 'restartPolicy');
  const pod = validatePodTemplate(template, `${field}.template`);
  causes.push(...pod);
  if (restart === '' || restart === 'Always') {
    causes.push(required(`${field}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"'));
  } else if (restart !== 'OnFailure' && restart !== 'Never') {
    causes.push(
      unsupportedValue(`${field}.template.spec.restartPolicy`, quoted(restart), ['OnFailure', 'Never']),
    );
  }
  return causes;
}

/** The faults of a CronJob. */
export function validateCronJob(object: KubeObject): readonly StatusCause[] {
  const spec = memberObject(object, 'spec');
  const schedule = memberText(spec, 'schedule');
  const causes: StatusCause[] = [];
  if (object.metadata.name.length > 52) {
    causes.push(
      invalidValue('metadata.name', quoted(object.metadata.name), 'must be no more than 52 characters'),
    );
  }
  const fields = schedule.trim().split(/\s+/);
  if (schedule === '') causes.push(required('spec.schedule'));
  else if (schedule.includes('TZ'))
    causes.push(
      invalidValue(
        'spec.schedule',
        quoted(schedule),
        'cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
      ),
    );
  else if (!schedule.startsWith('@') && fields.length !== 5) {
    const why = `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`;
    causes.push(invalidValue('spec.schedule', quoted(schedule), why));
  }
  const policy = memberText(spec, 'concurrencyPolicy');
  if (!['Allow', 'Forbid', 'Replace'].includes(policy)) {
    causes.push(unsupportedValue('spec.concurrencyPolicy', quoted(policy), ['Allow', 'Forbid', 'Replace']));
  }
  return [
    ...causes,
    ...validateJobSpec(memberObject(memberObject(spec, 'jobTemplate'), 'spec'), 'spec.jobTemplate.spec'),
  ];
}

function notNegative(spec: Members | undefined, name: string, field = 'spec'): readonly StatusCause[] {
  const value = memberNumber(spec, name);
  return value !== undefined && value < 0
    ? [invalidValue(`${field}.${name}`, String(value), 'must be greater than or equal to 0')]
    : [];
}

function isEmpty(selector: Members): boolean {
  return (
    Object.keys(memberObject(selector, 'matchLabels') ?? {}).length === 0 &&
    memberList(selector, 'matchExpressions').length === 0
  );
}

/** True when a usable label selector selects these labels. */
export function matches(selector: Members, labels: Readonly<Record<string, unknown>>): boolean {
  const has = (key: string) => Object.hasOwn(labels, key);
  const isEqual = Object.entries(memberObject(selector, 'matchLabels') ?? {}).every(
    ([key, value]) => has(key) && labels[key] === value,
  );
  return (
    isEqual &&
    memberList(selector, 'matchExpressions').every((expression) => {
      const key = memberText(expression, 'key');
      const values = Array.isArray(expression['values']) ? expression['values'] : [];
      switch (memberText(expression, 'operator')) {
        case 'In':
          return has(key) && values.includes(labels[key]);
        case 'NotIn':
          return !has(key) || !values.includes(labels[key]);
        case 'Exists':
          return has(key);
        default:
          return !has(key);
      }
    })
  );
}
