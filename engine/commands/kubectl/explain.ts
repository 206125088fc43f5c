import type { StructType, TypeRef } from '../../objects/types.ts';
import { structNamed, structOfKind } from '../../objects/types.ts';
import type { Context } from './context.ts';
import type { Resource } from './discovery.ts';
import { groupVersion } from './discovery.ts';
import { CommandError } from './errors.ts';
import { quoteGo } from './text.ts';

/** A field that does not exist; `head` was printed before that was found out. */
export class UnknownField extends CommandError {
  readonly head: string;

  constructor(head: string, message: string) {
    super(message);
    this.head = head;
  }
}

/** What `explain` prints of a kind or field: its place, its type and its fields, from the schema, in our words. @throws CommandError */
export function explainText(context: Context, resource: Resource, path: readonly string[]): string {
  const head = `${resource.group === '' ? '' : `GROUP:      ${resource.group}\n`}KIND:       ${resource.kind}\nVERSION:    ${resource.version}\n\n`;
  const struct = structOfKind(groupVersion(resource), resource.kind);
  if (struct === undefined) return customText(head, resource, path);
  let here: StructType | undefined = struct;
  let type = `<${struct.short}>`;
  for (const name of path) {
    const field = here?.byJson.get(name);
    if (field === undefined) throw new UnknownField(head, `field ${quoteGo(name)} does not exist`);
    type = typeName(field.type);
    here = structOf(field.type);
  }
  const title = path.length === 0 ? '' : `FIELD: ${path.at(-1)} ${type}\n\n`;
  const about = `DESCRIPTION:\n    ${path.length === 0 ? `A ${resource.kind} of the ${groupVersion(resource)} API.` : `The field ${path.join('.')} of a ${resource.kind}.`}\n    \n`;
  const fields = here === undefined ? '' : `FIELDS:\n${fieldLines(here, 1, context.flags.bool('recursive'))}`;
  return `${head}${title}${about}${fields}\n`;
}

function customText(head: string, resource: Resource, path: readonly string[]): string {
  const known = ['apiVersion', 'kind', 'metadata', 'spec', 'specs', 'status'];
  const [first] = path;
  if (first !== undefined && !known.includes(first))
    throw new UnknownField(head, `field ${quoteGo(first)} does not exist`);
  if (first !== undefined)
    return `${head}FIELD: ${path.at(-1)}\n\nDESCRIPTION:\n    The field ${path.join('.')} of a ${resource.kind}.\n    \n\n`;
  return `${head}DESCRIPTION:\n    A ${resource.kind}, a custom resource of ${resource.group}.\n    \nFIELDS:\n${known.map((name) => `  ${name}\t<${name === 'apiVersion' || name === 'kind' ? 'string' : 'Object'}>\n`).join('')}\n`;
}

function structOf(type: TypeRef): StructType | undefined {
  if (type.kind === 'struct') return structNamed(type.name);
  if (type.kind === 'pointer') return structOf(type.to);
  return type.kind === 'list' || type.kind === 'map' ? structOf(type.of) : undefined;
}

function typeName(type: TypeRef): string {
  return `<${bareName(type)}>`;
}

function bareName(type: TypeRef): string {
  if (type.kind === 'pointer') return bareName(type.to);
  if (type.kind === 'list') return `[]${bareName(type.of)}`;
  if (type.kind === 'map') return `map[string]${bareName(type.of)}`;
  if (type.kind === 'struct') return structNamed(type.name).short;
  return (
    {
      bool: 'boolean',
      int: 'integer',
      int32: 'integer',
      int64: 'integer',
      byte: 'string',
      float64: 'number',
      Time: 'string',
      MicroTime: 'string',
      Duration: 'string',
      Raw: 'Object',
    }[type.of as string] ?? type.of
  );
}

function fieldLines(struct: StructType, level: number, isDeep: boolean): string {
  if (level > 12) return '';
  return [...struct.byJson.values()]
    .sort((a, b) => (a.json < b.json ? -1 : 1))
    .map((field) => {
      const required = field.isOmittedEmpty || level === 1 ? '' : ' -required-';
      const own = `${'  '.repeat(level)}${field.json}\t${typeName(field.type)}${required}\n`;
      const inner = structOf(field.type);
      return own + (isDeep && inner !== undefined ? fieldLines(inner, level + 1, true) : '');
    })
    .join('');
}
