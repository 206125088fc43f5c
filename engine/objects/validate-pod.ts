import type { Members } from './members.ts';
import type { StatusCause } from './status.ts';
import { dnsLabelFaults, envNameFaults, portNameFaults } from './names.ts';
import {
  duplicateValue,
  forbiddenValue,
  invalidValue,
  missingValue,
  required,
  unsupportedValue,
} from './status.ts';
import { memberList, memberNumber, memberObject, memberOf, memberText } from './members.ts';
import { quantityNumber } from './quantity.ts';
import { quoted, validateLabels } from './validate-meta.ts';
import { validateByRules, validatePodFields } from './validate-rules.ts';

const PORT_RANGE = 'must be between 1 and 65535, inclusive';

/** The faults of a pod's spec at `field` (pkg/apis/core/validation, ValidatePodSpec). */
export function validatePodSpec(spec: Members | undefined, field: string): readonly StatusCause[] {
  const volumes = new Set<string>();
  const causes = [...validateVolumes(spec, `${field}.volumes`, volumes)];
  causes.push(...validateContainers(spec, field, volumes));
  causes.push(...oneOf(spec, 'restartPolicy', field, ['Always', 'OnFailure', 'Never']));
  causes.push(
    ...oneOf(spec, 'dnsPolicy', field, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']),
  );
  causes.push(...validateLabels(memberObject(spec, 'nodeSelector'), `${field}.nodeSelector`));
  causes.push(...validatePodFields(spec, field));
  return causes;
}

/** A name is required, and of a form. */
function named(
  name: string,
  field: string,
  faultsOf: (name: string) => readonly string[],
): readonly StatusCause[] {
  if (name === '') return [required(`${field}.name`)];
  return faultsOf(name).map((fault) => invalidValue(`${field}.name`, quoted(name), fault));
}

// An absent enumeration is required, another value is unsupported.
function oneOf(
  object: Members | undefined,
  name: string,
  field: string,
  values: readonly string[],
): readonly StatusCause[] {
  const value = memberText(object, name);
  if (value === '') return [required(`${field}.${name}`)];
  return values.includes(value) ? [] : [unsupportedValue(`${field}.${name}`, quoted(value), values)];
}

function validateVolumes(
  spec: Members | undefined,
  field: string,
  names: Set<string>,
): readonly StatusCause[] {
  return memberList(spec, 'volumes').flatMap((volume, i) => {
    const at = `${field}[${i}]`;
    const name = memberText(volume, 'name');
    const causes: StatusCause[] = [];
    // The server looks at emptyDir first, then in the order of its struct.
    const sources = Object.keys(volume)
      .filter((key) => key !== 'name')
      .sort((a, b) => Number(b === 'emptyDir') - Number(a === 'emptyDir'));
    for (const source of sources.slice(1))
      causes.push(forbiddenValue(`${at}.${source}`, 'may not specify more than 1 volume type'));
    if (sources.length === 0) causes.push(required(at, 'must specify a volume type'));
    causes.push(...named(name, at, dnsLabelFaults));
    if (names.has(name)) causes.push(duplicateValue(`${at}.name`, quoted(name)));
    names.add(name);
    return causes;
  });
}

function validateContainers(
  spec: Members | undefined,
  field: string,
  volumes: ReadonlySet<string>,
): readonly StatusCause[] {
  const names = new Set<string>();
  const containers = memberList(spec, 'containers');
  if (containers.length === 0) return [required(`${field}.containers`)];
  const check = (list: string) =>
    memberList(spec, list).flatMap((container, i) =>
      validateContainer(container, `${field}.${list}[${i}]`, volumes, names, list === 'initContainers'),
    );
  return [...check('containers'), ...check('initContainers')];
}

function validateContainer(
  container: Members,
  field: string,
  volumes: ReadonlySet<string>,
  names: Set<string>,
  isInit: boolean,
): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const name = memberText(container, 'name');
  causes.push(...named(name, field, dnsLabelFaults));
  const image = memberText(container, 'image');
  if (image === '') causes.push(required(`${field}.image`));
  else if (image.trim() !== image)
    causes.push(
      invalidValue(`${field}.image`, quoted(image), 'must not have leading or trailing whitespace'),
    );
  causes.push(...oneOf(container, 'terminationMessagePolicy', field, ['File', 'FallbackToLogsOnError']));
  causes.push(...validatePorts(container, `${field}.ports`), ...validateEnv(container, `${field}.env`));
  causes.push(...validateMounts(container, `${field}.volumeMounts`, volumes));
  causes.push(...oneOf(container, 'imagePullPolicy', field, ['Always', 'IfNotPresent', 'Never']));
  causes.push(...validateResources(memberObject(container, 'resources'), `${field}.resources`));
  if (name !== '' && names.has(name)) causes.push(duplicateValue(`${field}.name`, quoted(name)));
  names.add(name);
  const isSidecar = isInit && container['restartPolicy'] === 'Always';
  if (isInit && !isSidecar) {
    for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
      if (memberObject(container, probe) !== undefined)
        causes.push(
          forbiddenValue(
            `${field}.${probe}`,
            'may not be set for init containers without restartPolicy=Always',
          ),
        );
    }
    return causes;
  }
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    causes.push(...validateProbe(memberObject(container, probe), `${field}.${probe}`));
  }
  return causes;
}

function validatePorts(container: Members, field: string): readonly StatusCause[] {
  const names = new Set<string>();
  return memberList(container, 'ports').flatMap((port, i) => {
    const at = `${field}[${i}]`;
    const causes: StatusCause[] = [];
    const name = memberText(port, 'name');
    if (name !== '') {
      const faults = portNameFaults(name);
      for (const fault of faults) causes.push(invalidValue(`${at}.name`, quoted(name), fault));
      if (faults.length === 0 && names.has(name)) causes.push(duplicateValue(`${at}.name`, quoted(name)));
      names.add(name);
    }
    const number = memberNumber(port, 'containerPort') ?? 0;
    if (number === 0) causes.push(required(`${at}.containerPort`));
    else if (number < 1 || number > 65535)
      causes.push(invalidValue(`${at}.containerPort`, String(number), PORT_RANGE));
    const host = memberNumber(port, 'hostPort') ?? 0;
    if (host !== 0 && (host < 1 || host > 65535))
      causes.push(invalidValue(`${at}.hostPort`, String(host), PORT_RANGE));
    const protocol = memberText(port, 'protocol');
    if (protocol === '') causes.push(required(`${at}.protocol`));
    else if (!PROTOCOLS.includes(protocol))
      causes.push(unsupportedValue(`${at}.protocol`, quoted(protocol), PROTOCOLS));
    return causes;
  });
}

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

function validateEnv(container: Members, field: string): readonly StatusCause[] {
  return memberList(container, 'env').flatMap((variable, i) => {
    const at = `${field}[${i}]`;
    const name = memberText(variable, 'name');
    const causes = [...named(name, at, envNameFaults)];
    const from = memberObject(variable, 'valueFrom');
    if (from !== undefined && memberText(variable, 'value') !== '') {
      causes.push(invalidValue(`${at}.valueFrom`, '""', 'may not be specified when `value` is not empty'));
    }
    if (from !== undefined && Object.keys(from).length === 0) {
      causes.push(
        invalidValue(
          `${at}.valueFrom`,
          '""',
          'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
        ),
      );
    }
    return causes;
  });
}

function validateMounts(
  container: Members,
  field: string,
  volumes: ReadonlySet<string>,
): readonly StatusCause[] {
  const paths = new Set<string>();
  return memberList(container, 'volumeMounts').flatMap((mount, i) => {
    const at = `${field}[${i}]`;
    const name = memberText(mount, 'name');
    const path = memberText(mount, 'mountPath');
    const causes: StatusCause[] = [];
    if (name === '') causes.push(required(`${at}.name`));
    if (!volumes.has(name)) causes.push(missingValue(`${at}.name`, quoted(name)));
    if (path === '') causes.push(required(`${at}.mountPath`));
    else if (paths.has(path)) causes.push(invalidValue(`${at}.mountPath`, quoted(path), 'must be unique'));
    paths.add(path);
    return causes;
  });
}

function validateResources(resources: Members | undefined, field: string): readonly StatusCause[] {
  const limits = memberObject(resources, 'limits') ?? {};
  const requests = memberObject(resources, 'requests') ?? {};
  const causes: StatusCause[] = [];
  const check = (list: Members, at: string) => {
    for (const [name, amount] of Object.entries(list)) {
      if (
        !['cpu', 'memory', 'ephemeral-storage'].includes(name) &&
        !name.includes('/') &&
        !name.startsWith('hugepages-')
      ) {
        causes.push(
          invalidValue(`${at}[${name}]`, name, 'must be a standard resource type or fully qualified'),
        );
        causes.push(invalidValue(`${at}[${name}]`, name, 'must be a standard resource for containers'));
      }
      if (quantityNumber(amount) < 0)
        causes.push(
          invalidValue(`${at}[${name}]`, quoted(String(amount)), 'must be greater than or equal to 0'),
        );
    }
  };
  check(limits, `${field}.limits`);
  check(requests, `${field}.requests`);
  for (const [name, amount] of Object.entries(requests)) {
    const limit = memberOf(limits, name);
    if (limit !== undefined && quantityNumber(amount) > quantityNumber(limit)) {
      causes.push(
        invalidValue(
          `${field}.requests`,
          quoted(String(amount)),
          `must be less than or equal to ${name} limit of ${String(limit)}`,
        ),
      );
    }
  }
  return causes;
}

const PROBE = `initialDelaySeconds least 0
timeoutSeconds least 0
periodSeconds least 0
successThreshold least 0
failureThreshold least 0`;
const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc'];

function validateProbe(probe: Members | undefined, field: string): readonly StatusCause[] {
  if (probe === undefined) return [];
  const present = HANDLERS.filter((handler) => memberObject(probe, handler) !== undefined);
  const causes = present
    .slice(1)
    .map((handler) => forbiddenValue(`${field}.${handler}`, 'may not specify more than 1 handler type'));
  if (present.length === 0) causes.push(required(field, 'must specify a handler type'));
  for (const handler of present.slice(0, 1)) {
    const action = memberObject(probe, handler);
    const port = memberOf(action, 'port');
    if (handler === 'exec') {
      const command = memberOf(action, 'command');
      if (!Array.isArray(command) || command.length === 0) causes.push(required(`${field}.exec.command`));
    } else if (typeof port === 'number' && (port < 1 || port > 65535))
      causes.push(invalidValue(`${field}.${handler}.port`, String(port), PORT_RANGE));
    else if (typeof port === 'string') {
      for (const fault of portNameFaults(port))
        causes.push(invalidValue(`${field}.${handler}.port`, quoted(port), fault));
    }
  }
  causes.push(...validateByRules(probe, field, PROBE));
  if (/(liveness|startup)Probe$/.test(field) && (memberNumber(probe, 'successThreshold') ?? 1) !== 1) {
    causes.push(
      invalidValue(`${field}.successThreshold`, String(memberNumber(probe, 'successThreshold')), 'must be 1'),
    );
  }
  return causes;
}
