import type { JsonObject } from '../../../base/json.ts';
import { isJsonObject } from '../../../base/json.ts';
import { nameIn, textAt } from '../client.ts';
import type { Context } from '../context.ts';
import type { Resource } from '../discovery.ts';
import { CommandError } from '../errors.ts';
import { nameOf } from '../builder.ts';
import { absolutePath } from '../paths.ts';
import { goValue, prettyJson } from './json.ts';
import { parseColumns, parseColumnsFile, printColumns } from './custom-columns.ts';
import { parseGoTemplate, runGoTemplate } from './go-template.ts';
import { jsonPathResults, parseJsonPath, printJsonPath } from './jsonpath.ts';
import { toYaml } from './yaml.ts';
import { quoteGo } from '../text.ts';

/** Prints objects in the form that `-o` chose. */
export type ObjectPrinter = {
  /** True when the format prints each object by itself; false for those that want a list around several. */
  readonly isPerObject: boolean;
  readonly print: (object: JsonObject, resource: Resource | undefined) => string;
};

const FORMATS = [
  'custom-columns',
  'custom-columns-file',
  'go-template',
  'go-template-file',
  'json',
  'jsonpath',
  'jsonpath-as-json',
  'jsonpath-file',
  'name',
  'template',
  'templatefile',
  'wide',
  'yaml',
];
const CHANGE_FORMATS = [
  'go-template',
  'go-template-file',
  'json',
  'jsonpath',
  'jsonpath-as-json',
  'jsonpath-file',
  'name',
  'template',
  'templatefile',
  'yaml',
];

/**
 * The printer of `-o FORMAT`; undefined for the human-readable table or sentence.
 * @throws CommandError for an unknown format or a template that does not parse
 */
export function printerFor(
  context: Context,
  options: { readonly isGet: boolean; readonly keepOrder?: boolean },
): ObjectPrinter | undefined {
  const output = context.flags.text('output');
  const template = context.flags.text('template');
  const format = output === '' && template !== '' ? 'go-template' : output;
  if (format === '' || (options.isGet && format === 'wide')) return undefined;
  const equals = format.indexOf('=');
  const name = equals < 0 ? format : format.slice(0, equals);
  const argument = equals < 0 ? template : format.slice(equals + 1);
  const showManaged = context.flags.bool('show-managed-fields');
  const clean = (object: JsonObject): JsonObject => (showManaged ? object : withoutManagedFields(object));
  // `--template` fills a format that has no text of its own; of these names case does not count.
  const isFilled =
    equals >= 0 && output !== '' && template !== '' && /^(go-template|template|jsonpath)/.test(name);
  if (isFilled) throw unknownFormat(format, options.isGet ? FORMATS : CHANGE_FORMATS);
  switch (
    /^(yaml|json|name)$/i.test(format)
      ? format.toLowerCase()
      : equals >= 0 && /^(yaml|json|name)$/.test(name)
        ? ''
        : name
  ) {
    case 'yaml':
      return yamlPrinter(clean);
    case 'json':
      return {
        isPerObject: false,
        print: (object) => `${prettyJson(clean(object), options.keepOrder ?? false)}\n`,
      };
    case 'name':
      return { isPerObject: true, print: (object, resource) => `${objectName(object, resource)}\n` };
    case 'jsonpath':
    case 'jsonpath-as-json':
    case 'jsonpath-file':
      return jsonPathPrinter(context, name, argument, equals >= 0 || template !== '');
    case 'go-template':
    case 'template':
    case 'go-template-file':
    case 'templatefile':
      return templatePrinter(context, name, argument, equals >= 0 || template !== '');
    case 'custom-columns':
    case 'custom-columns-file':
      if (options.isGet) return undefined;
      break;
    default:
  }
  throw unknownFormat(format, options.isGet ? FORMATS : CHANGE_FORMATS);
}

function yamlPrinter(clean: (object: JsonObject) => JsonObject): ObjectPrinter {
  let count = 0;
  return { isPerObject: false, print: (object) => `${count++ > 0 ? '---\n' : ''}${toYaml(clean(object))}` };
}

function jsonPathPrinter(context: Context, name: string, argument: string, isGiven: boolean): ObjectPrinter {
  if (!isGiven || argument === '') throw new CommandError('template format specified but no template given');
  const path = parseJsonPath(name === 'jsonpath-file' ? readTemplate(context, argument) : argument);
  if (name === 'jsonpath-as-json')
    return {
      isPerObject: false,
      print: (object) =>
        jsonPathResults(path, object)
          .map((results) => `${prettyJson(results)}\n`)
          .join(''),
    };
  return {
    isPerObject: false,
    print: (object) => {
      try {
        return printJsonPath(path, object, isStrict(context));
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        throw new CommandError(
          `error executing jsonpath ${quoteGo(path.text)}: Error executing template: ${error.message}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t${path.text}\n\tobject given to jsonpath engine was:\n\t\t${goValue(object)}\n\n\n`,
        );
      }
    },
  };
}

function templatePrinter(context: Context, name: string, argument: string, isGiven: boolean): ObjectPrinter {
  if (!isGiven || argument === '') throw new CommandError('template format specified but no template given');
  const text = name.endsWith('file') ? readTemplate(context, argument) : argument;
  const parsed = parseGoTemplate(text);
  return { isPerObject: false, print: (object) => runGoTemplate(parsed, object, isStrict(context)) };
}

/** Whether a key that is missing in an object is a fault. */
function isStrict(context: Context): boolean {
  return (
    context.flags.changed('allow-missing-template-keys') && !context.flags.bool('allow-missing-template-keys')
  );
}

function readTemplate(context: Context, name: string): string {
  const file = context.process.machine.files.read(absolutePath(context.process.cwd, name));
  if ('error' in file)
    throw new CommandError(`error reading --template ${name}, open ${name}: no such file or directory\n`);
  return file.content;
}

/** The error for a format that does not exist, or not here. */
export function unknownFormat(format: string, allowed: readonly string[]): CommandError {
  return new CommandError(
    `unable to match a printer suitable for the output format ${quoteGo(format)}, allowed formats are: ${allowed.join(',')}`,
  );
}

/** `pod/web`, from the object when the kind is not known. */
export function objectName(object: JsonObject, resource: Resource | undefined): string {
  const name = nameIn(object) || '<unknown>';
  if (resource !== undefined) return nameOf({ resource, name });
  const apiVersion = textAt(object, 'apiVersion');
  const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : '';
  return `${textAt(object, 'kind').toLowerCase()}${group}/${name}`;
}

/** The printer of `-o custom-columns`; undefined for other formats. */
export function columnsPrinter(context: Context): ((objects: readonly unknown[]) => string) | undefined {
  const output = context.flags.text('output');
  const equals = output.indexOf('=');
  const name = equals < 0 ? output : output.slice(0, equals);
  if (name !== 'custom-columns' && name !== 'custom-columns-file') return undefined;
  if (equals < 0) throw new CommandError('custom-columns format specified but no custom columns given');
  const argument = output.slice(equals + 1);
  const columns =
    name === 'custom-columns' ? parseColumns(argument) : parseColumnsFile(context.process, argument);
  return (objects) => printColumns(columns, objects, !context.flags.bool('no-headers'));
}

/** An object, or a list's items, without managedFields. */
export function withoutManagedFields(object: JsonObject): JsonObject {
  if (Array.isArray(object.items))
    return {
      ...object,
      items: object.items.map((item) => (isJsonObject(item) ? withoutManagedFields(item) : item)),
    };
  if (!isJsonObject(object.metadata) || object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
