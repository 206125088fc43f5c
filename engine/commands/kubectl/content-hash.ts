import type { Json, JsonObject } from '../../base/json.ts';
import { utf8 } from '../../base/bytes.ts';
import { sha256 } from '../coreutils/digests.ts';
import { at, nameIn, textAt } from './client.ts';
import { goJson } from './print/json.ts';

/** Letters that take the place of digits and vowels, so that a hash spells no word. */
const SPELLED: Readonly<Record<string, string>> = { 0: 'g', 1: 'h', 3: 'k', a: 'm', e: 't' };

/**
 * The ten letters that generators and kustomize put behind the name of a ConfigMap or Secret: a function of its kind, name and
 * contents (k8s.io/kubectl/pkg/util/hash). `name` is the object's own for a generator; kustomize hashes before it has one: ''.
 */
export function contentHash(object: JsonObject, name = nameIn(object)): string {
  const isSecret = textAt(object, 'kind') === 'Secret';
  const binary = at(object, 'binaryData');
  const member = (name: string): Json => at(object, name) ?? (isSecret || name !== 'data' ? null : '');
  const hashed: JsonObject = {
    kind: textAt(object, 'kind'),
    name,
    data: member('data'),
    ...(isSecret ? { type: textAt(object, 'type') } : {}),
    ...(binary === undefined ? {} : { binaryData: binary }),
  };
  const hex = sha256(utf8(goJson(hashed)));
  return [...hex.slice(0, 10)].map((digit) => SPELLED[digit] ?? digit).join('');
}
