import type { KubeObject } from './api.ts';
import type { Members } from './members.ts';
import type { StatusCause } from './status.ts';
import { dnsLabelFaults, dnsSubdomainFaults, portNameFaults } from './names.ts';
import { duplicateValue, forbiddenValue, invalidValue, required, unsupportedValue } from './status.ts';
import { goIntOrString } from './go-syntax.ts';
import { memberList, memberNumber, memberObject, memberOf, memberText } from './members.ts';
import { quoted, validateLabels } from './validate-meta.ts';

const PORT_RANGE = 'must be between 1 and 65535, inclusive';

/** The faults of a Service (pkg/apis/core/validation, ValidateService). */
export function validateService(service: KubeObject): readonly StatusCause[] {
  const spec = memberObject(service, 'spec');
  const type = memberText(spec, 'type');
  const ports = memberList(spec, 'ports');
  const causes: StatusCause[] = [];
  const isHeadless = memberText(spec, 'clusterIP') === 'None';
  if (ports.length === 0 && !isHeadless && type !== 'ExternalName') causes.push(required('spec.ports'));
  if (type === 'ExternalName') causes.push(...validateExternalName(spec));
  causes.push(...validatePorts(ports, isHeadless));
  causes.push(...validateLabels(memberObject(spec, 'selector'), 'spec.selector'));
  const affinity = memberText(spec, 'sessionAffinity');
  if (!['ClientIP', 'None'].includes(affinity))
    causes.push(unsupportedValue('spec.sessionAffinity', quoted(affinity), ['ClientIP', 'None']));
  const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
  if (!types.includes(type)) causes.push(unsupportedValue('spec.type', quoted(type), types));
  if (isHeadless && (type === 'NodePort' || type === 'LoadBalancer')) {
    causes.push(
      invalidValue('spec.clusterIPs[0]', quoted('None'), `may not be set to 'None' for ${type} services`),
    );
  }
  causes.push(...validateDuplicates(ports));
  if (type === 'ClusterIP') {
    ports.forEach((port, i) => {
      if ((memberNumber(port, 'nodePort') ?? 0) !== 0) {
        causes.push(
          forbiddenValue(`spec.ports[${i}].nodePort`, "may not be used when `type` is 'ClusterIP'"),
        );
      }
    });
  }
  return causes;
}

function validateExternalName(spec: Members | undefined): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const name = memberText(spec, 'externalName').replace(/\.$/, '');
  if (memberText(spec, 'clusterIP') !== '')
    causes.push(forbiddenValue('spec.clusterIPs', 'may not be set for ExternalName services'));
  if (name === '') causes.push(required('spec.externalName'));
  else
    for (const fault of dnsSubdomainFaults(name))
      causes.push(invalidValue('spec.externalName', quoted(name), fault));
  return causes;
}

function validatePorts(ports: readonly Members[], isHeadless: boolean): readonly StatusCause[] {
  const names = new Set<string>();
  return ports.flatMap((port, i) => {
    const at = `spec.ports[${i}]`;
    const causes: StatusCause[] = [];
    const name = memberText(port, 'name');
    if (name === '') {
      if (ports.length > 1) causes.push(required(`${at}.name`));
    } else {
      for (const fault of dnsLabelFaults(name)) causes.push(invalidValue(`${at}.name`, quoted(name), fault));
      if (names.has(name)) causes.push(duplicateValue(`${at}.name`, quoted(name)));
      names.add(name);
    }
    const number = memberNumber(port, 'port') ?? 0;
    if (number < 1 || number > 65535) causes.push(invalidValue(`${at}.port`, String(number), PORT_RANGE));
    const protocol = memberText(port, 'protocol');
    const protocols = ['SCTP', 'TCP', 'UDP'];
    if (!protocols.includes(protocol))
      causes.push(unsupportedValue(`${at}.protocol`, quoted(protocol), protocols));
    const target = memberOf(port, 'targetPort');
    if (typeof target === 'number' && (target < 1 || target > 65535))
      causes.push(invalidValue(`${at}.targetPort`, String(target), PORT_RANGE));
    if (typeof target === 'string') {
      for (const fault of portNameFaults(target))
        causes.push(invalidValue(`${at}.targetPort`, quoted(target), fault));
    }
    return isHeadless ? causes : causes;
  });
}

// A port may stand once a protocol; the fault shows the internal struct.
function validateDuplicates(ports: readonly Members[]): readonly StatusCause[] {
  const seen = new Set<string>();
  return ports.flatMap((port, i) => {
    const key = `${memberText(port, 'protocol')}/${memberNumber(port, 'port')}`;
    const isAgain = seen.has(key);
    seen.add(key);
    if (!isAgain) return [];
    const shown =
      `core.ServicePort{Name:"", Protocol:${quoted(memberText(port, 'protocol'))}, AppProtocol:(*string)(nil), ` +
      `Port:${memberNumber(port, 'port')}, TargetPort:${goIntOrString(0)}, NodePort:0}`;
    return [duplicateValue(`spec.ports[${i}]`, shown)];
  });
}

/** The faults of a Service's next state: an address stays for life. */
export function validateServiceUpdate(service: KubeObject, previous: KubeObject): readonly StatusCause[] {
  const [spec, before] = [memberObject(service, 'spec'), memberObject(previous, 'spec')];
  const [now, was] = [memberText(spec, 'clusterIP'), memberText(before, 'clusterIP')];
  const causes = [...validateService(service)];
  if (
    was !== '' &&
    now !== was &&
    memberText(before, 'type') !== 'ExternalName' &&
    memberText(spec, 'type') !== 'ExternalName'
  ) {
    causes.unshift(invalidValue('spec.clusterIPs[0]', `[]string{${quoted(now)}}`, 'may not change once set'));
  }
  return causes;
}
