import type { Json, JsonObject } from '../../base/json.ts';
import { isJsonObject } from '../../base/json.ts';
import type { StructType, TypeRef } from '../../objects/types.ts';
import { structNamed, structOfKind } from '../../objects/types.ts';
import { at, listAt, objectAt, textAt } from './client.ts';
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

/** The last field of the path is named, whichever was missing. */
function unknownField(head: string, path: readonly string[]): UnknownField {
  return new UnknownField(head, `field ${quoteGo(path.at(-1) ?? '')} does not exist`);
}

/** What `explain` prints of a kind or field: its place, its type and its fields, from the schema, in our words. @throws CommandError */
export function explainText(context: Context, resource: Resource, path: readonly string[]): string {
  const head = `${resource.group === '' ? '' : `GROUP:      ${resource.group}\n`}KIND:       ${resource.kind}\nVERSION:    ${resource.version}\n\n`;
  const struct = structOfKind(groupVersion(resource), resource.kind);
  if (struct === undefined) return customText(context, head, resource, path);
  let here: StructType | undefined = struct;
  let type = `<${struct.short}>`;
  for (const name of path) {
    const field = here?.byJson.get(name);
    if (field === undefined) throw unknownField(head, path);
    type = typeName(field.type);
    here = structOf(field.type);
  }
  const title = path.length === 0 ? '' : `FIELD: ${path.at(-1)} ${type}\n\n\n`;
  const about = `DESCRIPTION:\n    ${path.length === 0 ? `A ${resource.kind} of the ${groupVersion(resource)} API.` : `The field ${path.join('.')} of a ${resource.kind}.`}\n    \n`;
  const fields = here === undefined ? '' : `FIELDS:\n${fieldLines(here, 1, context.flags.bool('recursive'))}`;
  return `${head}${title}${about}${fields}\n`;
}

/** A resource that has no Go types here is explained from what the API server serves of it at /openapi/v3. */
function customText(context: Context, head: string, resource: Resource, path: readonly string[]): string {
  const document = context.client.get(`/openapi/v3/apis/${groupVersion(resource)}`);
  const schemas = objectAt(document, 'components', 'schemas');
  const [, root] = Object.entries(schemas).find(([name]) => name.endsWith(`.${resource.kind}`)) ?? [];
  const isDeep = context.flags.bool('recursive');
  let here = resolved(schemas, root);
  for (const name of path) {
    const fields = objectAt(inner(schemas, here), 'properties');
    if (!Object.hasOwn(fields, name)) throw unknownField(head, path);
    here = resolved(schemas, fields[name]);
  }
  const values = listAt(here, 'enum').map((one) => `    ${String(one)}\n`);
  const choices = values.length === 0 ? '\n' : `ENUM:\n${values.join('')}`;
  const title = path.length === 0 ? '' : `FIELD: ${path.at(-1)} <${schemaType(here)}>\n${choices}\n`;
  const said: string[] = [];
  for (let one: Json | undefined = here; one !== undefined; one = at(one, 'items'))
    if (textAt(one, 'description') !== '') said.push(wrapped(textAt(one, 'description'), '    '));
  const about = said.length === 0 ? '    <empty>\n' : `${said.join('')}    \n`;
  const lines = schemaLines(schemas, here, 1, isDeep);
  const fields = lines === '' ? '' : `FIELDS:\n${lines}`;
  return `${head}${title}DESCRIPTION:\n${about}${fields}\n`;
}

/** Text in lines of at most 76 letters, each behind an indent. */
function wrapped(text: string, indent: string): string {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > 76) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.map((line) => `${indent}${line}\n`).join('');
}

/** A schema with its reference followed; the schema's own words stay. */
function resolved(schemas: JsonObject, schema: Json | undefined): JsonObject {
  if (schema === undefined || !isJsonObject(schema)) return {};
  const reference = textAt(schema, '$ref') || textAt(listAt(schema, 'allOf')[0], '$ref');
  const name = reference.replace('#/components/schemas/', '');
  if (reference === '' || !Object.hasOwn(schemas, name)) return schema;
  return { ...(schemas[name] as JsonObject), ...schema, title: name.split('.').at(-1) ?? '' };
}

/** The schema whose fields a path goes on with: lists and maps are seen through. */
function inner(schemas: JsonObject, schema: JsonObject): JsonObject {
  const items = at(schema, 'items') ?? at(schema, 'additionalProperties');
  return !isJsonObject(items) ? schema : inner(schemas, resolved(schemas, items));
}

function schemaType(schema: Json): string {
  const reference = textAt(schema, '$ref') || textAt(listAt(schema, 'allOf')[0], '$ref');
  const title = textAt(schema, 'title') || (reference.split('.').at(-1) ?? '');
  if (title !== '') return title;
  const items = at(schema, 'items');
  if (items !== undefined) return `[]${schemaType(items)}`;
  const values = at(schema, 'additionalProperties');
  if (isJsonObject(values)) return `map[string]${schemaType(values)}`;
  const type = textAt(schema, 'type');
  return type === '' || type === 'object' ? 'Object' : type;
}

function enumLine(schema: JsonObject, indent: string): string {
  const values = listAt(schema, 'enum');
  const shown = values.slice(0, 4).map(String).join(', ');
  return values.length === 0 ? '' : `${indent}enum: ${shown}${values.length > 4 ? ', ....' : ''}\n`;
}

function schemaLines(schemas: JsonObject, schema: JsonObject, level: number, isDeep: boolean): string {
  if (level > 12) return '';
  const here = inner(schemas, schema);
  const required = listAt(here, 'required');
  return Object.entries(objectAt(here, 'properties'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => {
      const field = resolved(schemas, value);
      const indent = '  '.repeat(level);
      const mark = required.includes(name) ? ' -required-' : '';
      const own = `${indent}${name}\t<${schemaType(field)}>${mark}\n${enumLine(field, indent)}`;
      if (isDeep) return own + schemaLines(schemas, field, level + 1, true);
      return `${own}${wrapped(textAt(field, 'description') || '<no description>', `${indent}  `)}\n`;
    })
    .join('');
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
