import type { Members } from './members.ts';
import { goIntOrString } from './go-syntax.ts';
import { memberObject } from './members.ts';
import { validateSelector } from './validate-meta.ts';
import {
  dnsLabelFaults,
  dnsSubdomainFaults,
  oldDnsLabelFaults,
  portNameFaults,
  qualifiedNameFaults,
} from './names.ts';
import { quantityNumber } from './quantity.ts';
import type { StatusCause } from './status.ts';
import { invalidValue, required, unsupportedValue } from './status.ts';

/** The value of a field with the path that faults name, and whether what it stands in is there. */
type Place = { readonly field: string; readonly value: unknown };

/** The places of a path such as `volumes[].configMap.name`: one for each item, none below what is absent. */
function places(from: Place, path: string): readonly Place[] {
  let now: readonly Place[] = [from];
  for (const part of path.split('.')) {
    const name = part.replace('[]', '');
    now = now.flatMap(({ field, value }) => {
      if (value === null || typeof value !== 'object') return [];
      const at = field === '' ? name : `${field}.${name}`;
      const own = Object.hasOwn(value, name) ? (value as Members)[name] : undefined;
      if (!part.endsWith('[]')) return [{ field: at, value: own }];
      return Array.isArray(own) ? own.map((item: unknown, i) => ({ field: `${at}[${i}]`, value: item })) : [];
    });
  }
  return now;
}

type Check = (value: unknown, args: readonly string[]) => readonly string[];

const NAMES: Readonly<Record<string, (value: string) => readonly string[]>> = {
  label: dnsLabelFaults,
  subdomain: dnsSubdomainFaults,
  service: oldDnsLabelFaults,
  qualified: qualifiedNameFaults,
  port: portNameFaults,
};

const IP = /^(\d{1,3}(\.\d{1,3}){3}|[\da-fA-F]*:[\da-fA-F:.]+)$/;

const CHECKS: Readonly<Record<string, Check>> = {
  name: (value, [kind = '']) =>
    typeof value === 'string' && value !== '' ? (NAMES[kind]?.(value) ?? []) : [],
  between: (value, [low = '', high = '']) =>
    typeof value === 'number' && (value < Number(low) || value > Number(high))
      ? [`must be between ${low} and ${high}, inclusive`]
      : [],
  least: (value, [low = '']) =>
    typeof value === 'number' && value < Number(low) ? [`must be greater than or equal to ${low}`] : [],
  above: (value, [low = '']) =>
    (value === undefined || typeof value === 'number') && ((value as number | undefined) ?? 0) <= Number(low)
      ? ['must be greater than zero']
      : [],
  ip: (value) =>
    typeof value === 'string' && !IP.test(value)
      ? ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']
      : [],
};

/**
 * The faults that a table of rules finds below `field`, one rule a line: a path, what must hold, and its words.
 * `need` wants a value (with a text of its own behind it), `enum` one of a list when there is a value, `choice` one always.
 */
export function validateByRules(
  object: Members | undefined,
  field: string,
  rules: string,
): readonly StatusCause[] {
  if (object === undefined) return [];
  return rules
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [path = '', check = '', ...args] = line.trim().split(' ');
      return places({ field, value: object }, path).flatMap((place) => faultsAt(place, check, args));
    });
}

function faultsAt({ field, value }: Place, check: string, args: readonly string[]): readonly StatusCause[] {
  const isAbsent =
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
  if (check === 'need')
    return isAbsent ? [required(field, args.length === 0 ? undefined : args.join(' '))] : [];
  if (check === 'enum' || check === 'choice') {
    if (isAbsent && check === 'enum') return [];
    const text = typeof value === 'string' ? value : '';
    return args.includes(text) ? [] : [unsupportedValue(field, JSON.stringify(text), args)];
  }
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value ?? 0);
  return (CHECKS[check]?.(value, args) ?? []).map((why) => invalidValue(field, shown, why));
}

/** What a share such as `25%` has to look like. */
export const PERCENT_WORDS =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

const CONTAINER = `env[].valueFrom.configMapKeyRef.key need
env[].valueFrom.secretKeyRef.key need
envFrom[].configMapRef.name need
envFrom[].secretRef.name need
livenessProbe.httpGet.scheme enum HTTP HTTPS
readinessProbe.httpGet.scheme enum HTTP HTTPS
startupProbe.httpGet.scheme enum HTTP HTTPS
securityContext.runAsUser between 0 2147483647
securityContext.runAsGroup between 0 2147483647
securityContext.seccompProfile.type enum Localhost RuntimeDefault Unconfined
lifecycle.preStop.exec.command need
lifecycle.postStart.exec.command need`;

const POD_SPEC = `serviceAccountName name subdomain
hostname name label
terminationGracePeriodSeconds least 0
activeDeadlineSeconds between 1 2147483647
nodeName name subdomain
subdomain name label
preemptionPolicy enum PreemptLowerPriority Never
securityContext.runAsUser between 0 2147483647
securityContext.runAsGroup between 0 2147483647
securityContext.fsGroup between 0 2147483647
securityContext.seccompProfile.type enum Localhost RuntimeDefault Unconfined
dnsConfig.nameservers[] ip
hostAliases[].ip ip
volumes[].configMap.name need
volumes[].secret.secretName need
volumes[].configMap.items[].key need
volumes[].configMap.items[].path need
volumes[].secret.items[].key need
volumes[].secret.items[].path need
volumes[].persistentVolumeClaim.claimName need
volumes[].hostPath.path need
volumes[].hostPath.type enum  BlockDevice CharDevice Directory DirectoryOrCreate File FileOrCreate Socket
volumes[].nfs.server need
volumes[].nfs.path need
topologySpreadConstraints[].maxSkew above 0
topologySpreadConstraints[].topologyKey need can not be empty
topologySpreadConstraints[].whenUnsatisfiable choice DoNotSchedule ScheduleAnyway
affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms need must have at least one node selector term
${['containers', 'initContainers'].flatMap((list) => CONTAINER.split('\n').map((line) => `${list}[].${line}`)).join('\n')}`;

/** The faults of a pod's spec that are matters of single fields. */
export function validatePodFields(spec: Members | undefined, field: string): readonly StatusCause[] {
  return [...validateByRules(spec, field, POD_SPEC), ...tolerationFaults(spec, field)];
}

/** ValidateTolerations. */
function tolerationFaults(spec: Members | undefined, field: string): readonly StatusCause[] {
  return places({ field, value: spec }, 'tolerations[]').flatMap(({ field: at, value }) => {
    const text = (name: string): string => String((value as Members)[name] ?? '');
    const [key, operator, effect] = [text('key'), text('operator'), text('effect')];
    const fault = (name: string, shown: string, why: string): StatusCause =>
      invalidValue(`${at}.${name}`, JSON.stringify(shown), why);
    const causes = key === '' ? [] : qualifiedNameFaults(key).map((why) => fault('key', key, why));
    if (key === '' && operator !== 'Exists')
      causes.push(
        fault(
          'operator',
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    if ((value as Members)['tolerationSeconds'] !== undefined && effect !== 'NoExecute')
      causes.push(fault('effect', effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    if (operator === 'Exists' && text('value') !== '')
      causes.push(fault('operator', text('value'), "value must be empty when `operator` is 'Exists'"));
    return [
      ...causes,
      ...validateByRules(
        value as Members,
        at,
        'operator enum Equal Exists\neffect enum NoSchedule PreferNoSchedule NoExecute',
      ),
    ];
  });
}

const KINDS: Readonly<Record<string, string>> = {
  services: `spec.externalIPs[] ip
spec.internalTrafficPolicy enum Cluster Local
spec.ipFamilies[] enum IPv4 IPv6
spec.ipFamilyPolicy enum PreferDualStack RequireDualStack SingleStack
spec.trafficDistribution enum PreferClose`,
  'statefulsets.apps': `spec.updateStrategy.rollingUpdate.partition least 0
spec.persistentVolumeClaimRetentionPolicy.whenDeleted enum Retain Delete
spec.persistentVolumeClaimRetentionPolicy.whenScaled enum Retain Delete`,
  'jobs.batch': `spec.completionMode enum NonIndexed Indexed
spec.podReplacementPolicy enum Failed TerminatingOrFailed`,
  'cronjobs.batch': `spec.startingDeadlineSeconds least 0
spec.successfulJobsHistoryLimit least 0
spec.failedJobsHistoryLimit least 0`,
  'ingresses.networking.k8s.io': `spec.ingressClassName name subdomain
spec.tls[].hosts[] name subdomain
spec.tls[].secretName name subdomain`,
  'poddisruptionbudgets.policy': `spec.minAvailable least 0
spec.maxUnavailable least 0
spec.unhealthyPodEvictionPolicy enum AlwaysAllow IfHealthyBudget`,
  persistentvolumeclaims: `spec.accessModes need at least 1 access mode is required
spec.volumeMode enum Block Filesystem
spec.storageClassName name subdomain`,
};

const SECRET_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
};

/** The faults of an object of a kind that are matters of single fields: what its table of rules says, and a few of more than one. */
export function validateFields(resource: string, object: Members): readonly StatusCause[] {
  const spec = memberObject(object, 'spec') ?? {};
  const causes = [...validateByRules({ ...object, spec }, '', KINDS[resource] ?? '')];
  const invalid = (field: string, shown: string, why: string): number =>
    causes.push(invalidValue(field, shown, why));
  switch (resource) {
    case 'configmaps':
      for (const key of Object.keys(memberObject(object, 'binaryData') ?? {}))
        if (Object.hasOwn(memberObject(object, 'data') ?? {}, key))
          invalid(`data[${key}]`, JSON.stringify(key), 'duplicate of key present in binaryData');
      break;
    case 'secrets': {
      const data = memberObject(object, 'data') ?? {};
      const keys = SECRET_KEYS[String(object['type'] ?? '')] ?? [];
      for (const key of keys) if (!Object.hasOwn(data, key)) causes.push(required(`data[${key}]`));
      const isBasic = object['type'] === 'kubernetes.io/basic-auth';
      if (isBasic && !Object.hasOwn(data, 'username') && !Object.hasOwn(data, 'password'))
        causes.push(required('data[username]'), required('data[password]'));
      break;
    }
    case 'services':
      causes.push(...balancerFaults(spec));
      break;
    case 'poddisruptionbudgets.policy':
      for (const name of ['minAvailable', 'maxUnavailable']) {
        const value = spec[name];
        if (typeof value !== 'string') continue;
        if (!/^\d+%$/.test(value)) invalid(`spec.${name}`, goIntOrString(value), PERCENT_WORDS);
        else if (Number.parseInt(value, 10) > 100)
          invalid(`spec.${name}`, goIntOrString(value), 'must not be greater than 100%');
      }
      causes.push(...validateSelector(memberObject(spec, 'selector'), 'spec.selector'));
      break;
    case 'statefulsets.apps': {
      const policy = spec['podManagementPolicy'];
      if (policy !== undefined && policy !== 'OrderedReady' && policy !== 'Parallel')
        invalid('spec.podManagementPolicy', JSON.stringify(policy), "must be 'OrderedReady' or 'Parallel'");
      break;
    }
    case 'persistentvolumeclaims': {
      const modes = Array.isArray(spec['accessModes']) ? spec['accessModes'] : [];
      const known = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
      for (const mode of modes)
        if (!known.includes(String(mode)))
          causes.push(unsupportedValue('spec.accessModes', JSON.stringify(mode), known));
      const storage = memberObject(memberObject(spec, 'resources'), 'requests')?.['storage'];
      if (storage === undefined) causes.push(required('spec.resources[storage]'));
      else if (quantityNumber(storage) <= 0)
        invalid('spec.resources[storage]', JSON.stringify(String(storage)), 'must be greater than zero');
      break;
    }
    default:
  }
  return causes;
}

/** What only services of one type may have. */
function balancerFaults(spec: Members): readonly StatusCause[] {
  const type = String(spec['type'] ?? '');
  const causes: StatusCause[] = [];
  const outside = String(spec['externalTrafficPolicy'] ?? '');
  if (type === 'ClusterIP' && outside !== '' && !Array.isArray(spec['externalIPs']))
    causes.push(
      invalidValue(
        'spec.externalTrafficPolicy',
        JSON.stringify(outside),
        'may only be set for externally-accessible services',
      ),
    );
  for (const [name, field] of [
    ['loadBalancerSourceRanges', 'LoadBalancerSourceRanges'],
    ['loadBalancerClass', 'loadBalancerClass'],
  ] as const)
    if (type !== 'LoadBalancer' && spec[name] !== undefined)
      causes.push({
        reason: 'FieldValueForbidden',
        message: "Forbidden: may only be used when `type` is 'LoadBalancer'",
        field: `spec.${field}`,
      });
  return causes;
}
