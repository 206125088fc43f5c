import type { PodTemplate } from '../objects/views.ts';
import { podTemplateHash } from '../objects/template-hash.ts';

const known = new WeakMap<object, string>();

/** The `pod-template-hash` of a stored template; stored objects never change, so one computation each is enough. */
export function hashOfTemplate(template: PodTemplate): string {
  const cached = known.get(template);
  if (cached !== undefined) return cached;
  const hash = podTemplateHash(template);
  known.set(template, hash);
  return hash;
}
