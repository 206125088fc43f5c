import type { Json, JsonObject } from '../../../base/json.ts';
import { isJsonObject } from '../../../base/json.ts';
import { byText } from '../../../base/order.ts';
import { plainValue } from '../print/go-value.ts';
import { type Described, type Writer, writeHead } from './writer.ts';

/** Any object without a describer of its own (custom resources): its fields with spaced names. */
export function describeGeneric(w: Writer, { object }: Described): void {
  writeHead(w, object);
  writeFields(
    w,
    0,
    object,
    new Set([
      '.metadata.managedFields',
      '.metadata.name',
      '.metadata.namespace',
      '.metadata.labels',
      '.metadata.annotations',
    ]),
    '',
  );
}

function writeFields(
  w: Writer,
  level: number,
  object: JsonObject,
  skipped: ReadonlySet<string>,
  path: string,
): void {
  for (const key of Object.keys(object).sort(byText)) {
    const value = object[key];
    const here = `${path}.${key}`;
    if (value === undefined || skipped.has(here)) continue;
    const label = smartLabel(key);
    if (isJsonObject(value)) {
      w.write(level, `${label}:\n`);
      writeFields(w, level + 1, value, skipped, here);
    } else if (Array.isArray(value)) {
      w.write(level, `${label}:\n`);
      writeList(w, level + 1, value as readonly Json[], skipped, here);
    } else w.write(level, `${label}:\t${plainValue(value)}\n`);
  }
}

function writeList(
  w: Writer,
  level: number,
  list: readonly Json[],
  skipped: ReadonlySet<string>,
  path: string,
): void {
  for (const item of list) {
    if (isJsonObject(item)) writeFields(w, level, item, skipped, path);
    else if (Array.isArray(item)) w.write(level, `${plainValue(item)}\n`);
    else w.write(level, `${plainValue(item)}\n`);
  }
}

const ACRONYMS = new Set(['API', 'URL', 'UID', 'OSB', 'GUID']);

/** A field's name as words: `lastTransitionTime` becomes `Last Transition Time` (smartLabelFor). */
export function smartLabel(field: string): string {
  if (/[^\p{L}-]/u.test(field)) return field;
  return splitCamel(field).map(word).join(' ');
}

function word(part: string): string {
  if (part === '') return part;
  const upper = part.toUpperCase();
  return ACRONYMS.has(upper) ? upper : part.charAt(0).toUpperCase() + part.slice(1);
}

/** fatih/camelcase: runs of one class of characters, where the last capital of a run belongs to the small letters behind it. */
function splitCamel(text: string): string[] {
  const classOf = (character: string): number =>
    /[a-z]/.test(character) ? 1 : /[A-Z]/.test(character) ? 2 : /\d/.test(character) ? 3 : 4;
  const runs: string[] = [];
  let last = 0;
  for (const character of text) {
    const kind = classOf(character);
    if (kind === last && runs.length > 0) runs[runs.length - 1] += character;
    else runs.push(character);
    last = kind;
  }
  for (let i = 0; i < runs.length - 1; i++) {
    const [now = '', next = ''] = [runs[i], runs[i + 1]];
    if (/^[A-Z]/.test(now) && /^[a-z]/.test(next)) {
      runs[i + 1] = now.slice(-1) + next;
      runs[i] = now.slice(0, -1);
    }
  }
  return runs.filter((run) => run !== '');
}
