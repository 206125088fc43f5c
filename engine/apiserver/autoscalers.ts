import type { KubeObject } from '../objects/api.ts';
import { memberList, memberNumber, memberObject, memberText } from '../objects/members.ts';

/**
 * An autoscaler in another of its two versions: v1 knows a target for the CPU only, v2 a list of metrics
 * (pkg/apis/autoscaling/v1/conversion.go). Other kinds come back as they are.
 */
export function convertedAutoscaler(object: KubeObject, apiVersion: string): KubeObject {
  if (object.kind !== 'HorizontalPodAutoscaler' || object.apiVersion === apiVersion) return object;
  const { targetCPUUtilizationPercentage: target, metrics, ...spec } = memberObject(object, 'spec') ?? {};
  if (apiVersion === 'autoscaling/v2') {
    const wanted = { type: 'Utilization', averageUtilization: target };
    const cpu = { type: 'Resource', resource: { name: 'cpu', target: wanted } };
    return {
      ...object,
      apiVersion,
      spec: { ...spec, ...(target === undefined ? {} : { metrics: [cpu] }) },
    };
  }
  const cpu = memberList({ metrics }, 'metrics').find(
    (one) => memberText(memberObject(one, 'resource'), 'name') === 'cpu',
  );
  const percentage = memberNumber(
    memberObject(memberObject(cpu, 'resource'), 'target'),
    'averageUtilization',
  );
  return {
    ...object,
    apiVersion,
    spec: { ...spec, ...(percentage === undefined ? {} : { targetCPUUtilizationPercentage: percentage }) },
  };
}
