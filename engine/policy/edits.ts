/** A change of one place in an object. `join` merges item `index + 1` of a list into item `index`: a dash is taken away. */
export type Edit =
  | { readonly kind: 'set'; readonly path: Path; readonly value: unknown }
  | { readonly kind: 'remove'; readonly path: Path }
  | { readonly kind: 'join'; readonly path: Path };

/** Leads from an object's root to a member or item. */
export type Path = readonly (string | number)[];

/** What is at a path; undefined where there is nothing. */
export function valueAt(root: unknown, path: Path): unknown {
  let at = root;
  for (const step of path) {
    if (Array.isArray(at) && typeof step === 'number') at = at[step];
    else if (isRecord(at) && Object.hasOwn(at, step)) at = at[step];
    else return undefined;
  }
  return at;
}

/** The object after an edit (a `set` at a list's length adds an item); undefined where the edit does not fit. The object itself stays as it is. */
export function applyEdit(root: unknown, edit: Edit): unknown {
  const last = edit.path.at(-1);
  if (last === undefined) return undefined;
  if (edit.kind === 'join') return joinItems(root, edit.path);
  return replaceAt(root, edit.path.slice(0, -1), (parent) => {
    if (Array.isArray(parent) && typeof last === 'number') {
      if (last < 0 || last > parent.length) return undefined;
      if (edit.kind === 'remove') return parent.toSpliced(last, 1);
      return parent.toSpliced(last, 1, edit.value);
    }
    if (!isRecord(parent)) return undefined;
    const members = Object.entries(parent).filter(([key]) => key !== last);
    if (edit.kind === 'remove') return Object.fromEntries(members);
    return Object.hasOwn(parent, last)
      ? Object.fromEntries(
          Object.entries(parent).map(([key, value]) => [key, key === last ? edit.value : value]),
        )
      : Object.fromEntries([...members, [last, edit.value]]);
  });
}

function joinItems(root: unknown, path: Path): unknown {
  const index = path.at(-1);
  if (typeof index !== 'number') return undefined;
  return replaceAt(root, path.slice(0, -1), (parent) => {
    if (!Array.isArray(parent)) return undefined;
    const [a, b]: unknown[] = [parent[index], parent[index + 1]];
    if (!isRecord(a) || !isRecord(b) || Object.keys(a).some((key) => Object.hasOwn(b, key))) return undefined;
    return parent.toSpliced(index, 2, { ...a, ...b });
  });
}

function replaceAt(root: unknown, path: Path, change: (value: unknown) => unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return change(root);
  if (Array.isArray(root) && typeof step === 'number') {
    const made = replaceAt(root[step], rest, change);
    return made === undefined ? undefined : root.with(step, made);
  }
  if (!isRecord(root) || !Object.hasOwn(root, step)) return undefined;
  const made = replaceAt(root[step], rest, change);
  if (made === undefined) return undefined;
  return Object.fromEntries(Object.entries(root).map(([key, value]) => [key, key === step ? made : value]));
}

/** True for a mapping. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A path as people write it: `spec.ingress[0].toPorts[0]`. */
export function pathText(path: Path): string {
  let text = '';
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`;
  return text;
}
