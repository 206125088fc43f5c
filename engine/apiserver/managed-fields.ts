import type { KubeObject } from '../objects/api.ts';
import type { ObjectRequest } from './request.ts';
import type { Server } from './server.ts';

/** The object with `metadata.managedFields` brought up to date for a write. */
export function tracked(_server: Server, _request: ObjectRequest, _previous: KubeObject | undefined, next: KubeObject): KubeObject {
  return next;
}
