import type { PolicyCase } from '../case-file.ts';
import { readDocument, splitDocuments } from '../documents.ts';
import { importPolicy } from '../import.ts';
import type { EditablePolicy } from '../suggestions.ts';

/** The valid policies of a world by their key; a later one replaces an earlier. */
export function editables(world: PolicyCase): EditablePolicy[] {
  const found = new Map<string, EditablePolicy>();
  for (const document of splitDocuments(world.policies)) {
    const read = readDocument(document.text, 'refuse');
    if ('error' in read) continue;
    const result = importPolicy(read.value, optionsOf(world));
    if (!result.valid) continue;
    const { kind, namespace, name } = result.policy;
    const key = `${kind}/${namespace}/${name}`;
    found.set(key, { key, object: read.value });
  }
  return [...found.values()];
}

/** How a world's policies are imported. */
export function optionsOf(world: PolicyCase) {
  return { config: world.config, defaultNamespace: world.defaultNamespace };
}
