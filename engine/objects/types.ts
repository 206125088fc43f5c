import { ALIAS_ROWS, SHORT_TYPES, STRUCT_ROWS } from './types-data.ts';
import { invariant } from '../base/assert.ts';

/** A Go type as far as JSON sees it. `go` is its name in error texts and dumps, e.g. `v1.Protocol`. */
export type TypeRef =
  | { readonly kind: 'scalar'; readonly of: Scalar; readonly go: string }
  | { readonly kind: 'pointer'; readonly to: TypeRef; readonly go: string }
  | { readonly kind: 'list'; readonly of: TypeRef; readonly go: string }
  | { readonly kind: 'map'; readonly of: TypeRef; readonly go: string }
  | { readonly kind: 'struct'; readonly name: string; readonly go: string };

/** The leaves. `raw` is any JSON; `fields` is managedFields' own. */
export type Scalar =
  | 'string'
  | 'int'
  | 'int32'
  | 'int64'
  | 'byte'
  | 'float64'
  | 'bool'
  | 'Quantity'
  | 'IntOrString'
  | 'Time'
  | 'MicroTime'
  | 'Duration'
  | 'Raw'
  | 'FieldsV1';

/** A field of a struct. */
export type FieldType = {
  readonly go: string;
  readonly json: string;
  readonly type: TypeRef;
  readonly isInline: boolean;
  readonly isOmittedEmpty: boolean;
  /** A strategic merge patch replaces what it does not name (`retainKeys`). */
  readonly isRetainKeys: boolean;
  /** Strategic merge patch: lists of structs merge by this key; '' merges a list of primitives; undefined replaces. */
  readonly mergeKey?: string;
  /** Server-side apply's list or map type. */
  readonly listType?: 'map' | 'set' | 'atomic';
  readonly listKeys: readonly string[];
};

/** A struct with its fields in Go's order; `byJson` also holds those of inlined structs. */
export type StructType = {
  readonly name: string;
  /** The Go name without its package, e.g. `ContainerPort`. */
  readonly short: string;
  readonly fields: readonly FieldType[];
  readonly byJson: ReadonlyMap<string, FieldType>;
};

const SCALARS: ReadonlySet<string> = new Set([
  ...['string', 'int', 'int32', 'int64', 'byte', 'float64', 'bool'],
  ...['Quantity', 'IntOrString', 'Time', 'MicroTime', 'Duration', 'Raw', 'FieldsV1'],
]);

const GO_NAMES: Readonly<Record<string, string>> = {
  byte: 'uint8',
  Quantity: 'resource.Quantity',
  IntOrString: 'intstr.IntOrString',
  Time: 'v1.Time',
  MicroTime: 'v1.MicroTime',
  Duration: 'v1.Duration',
  Raw: 'runtime.RawExtension',
  FieldsV1: 'v1.FieldsV1',
};

const ROWS = byName(STRUCT_ROWS.flatMap(unnested));
const KIND_FIELDS = 'TypeMeta:K^ ObjectMeta=metadata:O';
const ALIASES = byName(ALIAS_ROWS);
const STRUCTS = new Map<string, StructType>();

// Groups whose types have a package of their own in the table.
const PACKAGES: Readonly<Record<string, string>> = {
  v1: '',
  'apps/v1': 'apps.',
  'batch/v1': 'batch.',
  'networking.k8s.io/v1': 'networking.',
  'discovery.k8s.io/v1': 'discovery.',
  'rbac.authorization.k8s.io/v1': 'rbac.',
  'coordination.k8s.io/v1': 'coordination.',
  'autoscaling/v1': 'autoscaling.',
  'autoscaling/v2': 'autoscaling2.',
  'policy/v1': 'policy.',
  'storage.k8s.io/v1': 'storage.',
  'scheduling.k8s.io/v1': 'scheduling.',
  'node.k8s.io/v1': 'node.',
  'events.k8s.io/v1': 'events.',
  'authorization.k8s.io/v1': 'authorization.',
  'authentication.k8s.io/v1': 'authentication.',
};

/** A row, with the structs in braces as rows of their own. */
function unnested(row: string): readonly string[] {
  const inner: string[] = [];
  let outer = row;
  for (let before = ''; before !== outer; ) {
    before = outer;
    outer = before.replace(/([^ {]+)\{([^{}]*)\}/g, (_, field: string, fields: string) => {
      inner.push(`${leafType(field)} ${fields}`);
      return field;
    });
  }
  return [outer, ...inner];
}

/** The struct that a field has, or its list or map. */
function leafType(field: string): string {
  const [, go = '', type = ''] = /^(\w+).*?:[^\w.]*([\w.]+)/.exec(field) ?? [];
  return type === '.' ? go : type;
}

function byName(rows: readonly string[]): ReadonlyMap<string, string> {
  return new Map(rows.map((row) => [row.slice(0, row.indexOf(' ')), row.slice(row.indexOf(' ') + 1)]));
}

/** The struct of a built-in kind, or undefined for custom resources and kinds without a schema here. */
export function structOfKind(apiVersion: string, kind: string): StructType | undefined {
  const prefix = Object.hasOwn(PACKAGES, apiVersion) ? PACKAGES[apiVersion] : undefined;
  return prefix === undefined || !ROWS.has(prefix + kind) ? undefined : structNamed(prefix + kind);
}

/** The struct with a name of the table, e.g. `PodSpec` or `meta.ObjectMeta`. */
export function structNamed(name: string): StructType {
  const known = STRUCTS.get(name);
  if (known !== undefined) return known;
  const row = ROWS.get(name);
  invariant(row !== undefined, `${name} is a struct of the table`);
  const fields = row
    .replace(/^K(?= |$)/, KIND_FIELDS)
    .split(' ')
    .map(parseField);
  const byJson = new Map<string, FieldType>();
  for (const field of fields) {
    if (!field.isInline) byJson.set(field.json, field);
    else if (field.type.kind === 'struct') {
      for (const [json, inner] of structNamed(field.type.name).byJson) byJson.set(json, inner);
    }
  }
  const struct = { name, short: name.slice(name.indexOf('.') + 1), fields, byJson };
  STRUCTS.set(name, struct);
  return struct;
}

function parseField(text: string): FieldType {
  const parts = /^(\w+)(?:=(\w+))?(?::([^!^%~@]+))?([!^%]*)(?:~(\w*))?(?:@(.*))?$/.exec(text);
  invariant(parts !== null, `${text} is a field of the table`);
  const [, go = '', json, type = '', marks = '', mergeKey, list] = parts;
  const listType = list === undefined ? undefined : list === 'set' ? list : list === '' ? 'atomic' : 'map';
  const listKeys = listType === 'map' && list !== undefined ? list.split('+') : [];
  const isInline = marks.includes('^');
  return {
    go,
    json: json ?? go.replace(/^[A-Z]+(?![a-z])|^[A-Z]/, (start) => start.toLowerCase()),
    type: parseType(type.endsWith('.') ? type.slice(0, -1) + go : type),
    isInline,
    isOmittedEmpty: !isInline && !marks.includes('!'),
    isRetainKeys: marks.includes('%'),
    ...(mergeKey === undefined ? {} : { mergeKey: mergeKey || (listKeys[0] ?? '') }),
    ...(listType === undefined ? {} : { listType }),
    listKeys,
  };
}

function parseType(text: string): TypeRef {
  if (text.startsWith('*')) {
    const to = parseType(text.slice(1));
    return { kind: 'pointer', to, go: `*${to.go}` };
  }
  if (text.startsWith('[]')) {
    const of = parseType(text.slice(2));
    return { kind: 'list', of, go: `[]${of.go}` };
  }
  if (text.startsWith('map[')) {
    const key = parseType(text.slice(4, text.indexOf(']')));
    const of = parseType(text.slice(text.indexOf(']') + 1));
    return { kind: 'map', of, go: `map[${key.go}]${of.go}` };
  }
  const long = SHORT_TYPES[text];
  if (long !== undefined) return parseType(long);
  if (SCALARS.has(text)) return { kind: 'scalar', of: text as Scalar, go: GO_NAMES[text] ?? text };
  const packageName = text.startsWith('types.') ? 'types' : text.startsWith('autoscaling2.') ? 'v2' : 'v1';
  const go = `${packageName}.${text.slice(text.indexOf('.') + 1)}`;
  if (ROWS.has(text)) return { kind: 'struct', name: text, go };
  return { ...parseType(ALIASES.get(text) ?? (text.endsWith('VolumeSource') ? 'Raw' : 'string')), go };
}
