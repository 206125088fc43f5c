import { isJsonObject, thawed } from '../base/json.ts';
import { sameValue } from './equal.ts';

/** The patch cannot be applied; the API server answers 422 without saying why. */
export class PatchError extends Error {
  override readonly name = 'PatchError';
}

/** Applies a JSON patch (RFC 6902) to a copy of `document`. @throws PatchError */
export function applyJsonPatch(document: unknown, patch: readonly unknown[]): unknown {
  let root = thawed(document);
  for (const step of patch) {
    if (!isJsonObject(step) || typeof step['op'] !== 'string' || typeof step['path'] !== 'string')
      throw new PatchError('malformed');
    root = applyStep(root, step as { op: string; path: string; value?: unknown; from?: unknown });
  }
  return root;
}

function applyStep(
  root: unknown,
  step: { op: string; path: string; value?: unknown; from?: unknown },
): unknown {
  const path = pointer(step.path);
  switch (step.op) {
    case 'add':
      return put(root, path, thawed(step.value), true);
    case 'replace':
      read(root, path);
      return put(root, path, thawed(step.value), false);
    case 'remove':
      return remove(root, path);
    case 'test':
      if (!sameValue(read(root, path), step.value)) throw new PatchError('test failed');
      return root;
    case 'move':
    case 'copy': {
      if (typeof step.from !== 'string') throw new PatchError('malformed');
      const from = pointer(step.from);
      const value = thawed(read(root, from));
      return put(step.op === 'move' ? remove(root, from) : root, path, value, true);
    }
    default:
      throw new PatchError(`unknown operation ${step.op}`);
  }
}

function pointer(text: string): readonly string[] {
  if (text === '') return [];
  if (!text.startsWith('/')) throw new PatchError('malformed pointer');
  return text
    .slice(1)
    .split('/')
    .map((part) => {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
      if (name === '__proto__') throw new PatchError('malformed pointer');
      return name;
    });
}

function read(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const part of path) {
    if (Array.isArray(value)) value = value[indexOf(part, value.length - 1)];
    else if (isJsonObject(value) && Object.hasOwn(value, part)) value = value[part];
    else throw new PatchError(`no ${part}`);
  }
  return value;
}

function put(root: unknown, path: readonly string[], value: unknown, isAdd: boolean): unknown {
  const last = path.at(-1);
  if (last === undefined) return value;
  const parent = read(root, path.slice(0, -1));
  if (Array.isArray(parent)) {
    if (!isAdd) parent[indexOf(last, parent.length - 1)] = value;
    else parent.splice(last === '-' ? parent.length : indexOf(last, parent.length), 0, value);
  } else if (isJsonObject(parent)) (parent as Record<string, unknown>)[last] = value;
  else throw new PatchError('no parent');
  return root;
}

function remove(root: unknown, path: readonly string[]): unknown {
  const last = path.at(-1);
  if (last === undefined) throw new PatchError('the whole document');
  const parent = read(root, path.slice(0, -1));
  if (Array.isArray(parent)) parent.splice(indexOf(last, parent.length - 1), 1);
  else if (isJsonObject(parent) && Object.hasOwn(parent, last))
    delete (parent as Record<string, unknown>)[last];
  else throw new PatchError(`no ${last}`);
  return root;
}

function indexOf(text: string, maximum: number): number {
  if (!/^(0|[1-9]\d{0,6})$/.test(text) || Number(text) > maximum) throw new PatchError(`no item ${text}`);
  return Number(text);
}
