import type { JsonObject } from '../../../base/json.ts';
import type { Want } from '../builder.ts';
import { fetchWant, nameOf, readWants } from '../builder.ts';
import { listAt, numberAt, textAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { pathOf } from '../discovery.ts';
import type { KubectlError } from '../errors.ts';
import { ApiError, CommandError, kubectlErrorOf, throwAll } from '../errors.ts';
import { flagTable } from '../flags.ts';
import type { Info } from '../manifests.ts';
import { printerFor } from '../print/output.ts';
import { findJsonPath, parseJsonPath, relaxedJsonPath } from '../print/jsonpath.ts';
import { quoteGo } from '../text.ts';

/** `kubectl wait`. */
export const waitCommand: Command = {
  name: 'wait',
  about: 'Experimental: Wait for a specific condition on one or many resources',
  usage:
    "([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]] [options]",
  flags:
    flagTable(`all all-namespaces,A allow-missing-template-keys=true field-selector:string filename,f:strings for:string local output,o:string
    recursive,R=true selector,l:string show-managed-fields template:string timeout:duration=30s`),
  run: wait,
};

/** True once an object (undefined: it does not exist) is as wanted. */
type Test = (object: JsonObject | undefined) => boolean;

async function wait(context: Context): Promise<void> {
  const { flags } = context;
  const condition = flags.text('for');
  const test = testOf(condition);
  const isDelete = condition.toLowerCase() === 'delete';
  const isCreate = condition.toLowerCase() === 'create';
  const timeout = flags.ms('timeout');
  const endMs = context.nowMs + (timeout < 0 ? 7 * 86_400_000 : timeout);
  const options = {
    allNamespaces: flags.bool('all-namespaces'),
    selector: flags.text('selector'),
    fieldSelector: flags.text('field-selector'),
    isAll: flags.bool('all'),
  };
  const { wants, errors } = await readWants(context, context.args, options);
  throwAll(errors);
  if (isCreate) return waitForCreation(context, wants, options, endMs);
  const faults: KubectlError[] = [];
  const printer = printerFor(context, { isGet: false });
  let count = 0;
  for (const want of wants) {
    let infos: readonly Info[] = [];
    try {
      infos = fetchWant(context, want, options);
    } catch (error) {
      const isGone = isDelete && error instanceof ApiError && error.isNotFound;
      if (!isGone) faults.push(kubectlErrorOf(error));
    }
    count += infos.length;
    for (const info of infos) {
      try {
        const object = await waitOne(context, info, test, endMs);
        await context.out(
          printer?.print(object ?? info.object, info.resource) ?? `${nameOf(info)} condition met\n`,
        );
      } catch (error) {
        faults.push(kubectlErrorOf(error));
      }
    }
  }
  throwAll(faults);
  if (count === 0 && !isDelete) throw new CommandError('no matching resources found');
}

async function waitForCreation(
  context: Context,
  wants: readonly Want[],
  options: Parameters<typeof fetchWant>[2],
  endMs: number,
): Promise<void> {
  const { sys } = context.process;
  const infos: Info[] = [];
  for (const want of wants) {
    for (;;) {
      try {
        const found = fetchWant(context, want, options);
        if (found.length > 0) {
          infos.push(...found);
          break;
        }
      } catch (error) {
        if (!(error instanceof ApiError) || !error.isNotFound || want.info !== undefined) throw error;
      }
      if (sys.nowMs() >= endMs) throw new CommandError('timed out waiting for the condition');
      await sys.sleep(Math.min(500, endMs - sys.nowMs()));
    }
  }
  for (const info of infos) await context.out(`${nameOf(info)} condition met\n`);
}

async function waitOne(
  context: Context,
  info: Info,
  test: Test,
  endMs: number,
): Promise<JsonObject | undefined> {
  const { sys } = context.process;
  const isOnce = context.flags.ms('timeout') === 0;
  const timedOut = (): CommandError =>
    new CommandError(`timed out waiting for the condition on ${info.resource.plural}/${info.name}`);
  // The budget of all objects is spent: what is left is not even looked at.
  if (!isOnce && sys.nowMs() >= endMs) throw timedOut();
  let current: JsonObject | undefined = refreshed(context, info);
  if (isOnce && !test(current))
    throw new CommandError(`condition not met for ${info.resource.plural}/${info.name}`);
  let resourceVersion = textAt(current, 'metadata', 'resourceVersion');
  while (!test(current)) {
    if (sys.nowMs() >= endMs) throw timedOut();
    const cursor = context.client.watch(pathOf(info.resource, info.namespace), {
      allowWatchBookmarks: 'true',
      fieldSelector: `metadata.name=${info.name}`,
      resourceVersion: resourceVersion || undefined,
    });
    try {
      while (!test(current)) {
        const isReady = await sys.until(
          () => cursor.pending() || cursor.ended(),
          Math.max(0, endMs - sys.nowMs()),
        );
        if (!isReady) throw timedOut();
        for (const event of cursor.take()) {
          if (event.type === 'BOOKMARK') continue;
          if (event.type === 'ERROR') throw new CommandError(textAt(event.object, 'message'));
          resourceVersion = textAt(event.object, 'metadata', 'resourceVersion');
          current = event.type === 'DELETED' ? undefined : event.object;
          if (test(current)) return current;
        }
        if (cursor.ended()) break;
      }
    } finally {
      cursor.stop();
    }
  }
  return current;
}

function refreshed(context: Context, info: Info): JsonObject | undefined {
  try {
    return context.client.get(pathOf(info.resource, info.namespace, info.name));
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
}

/** What `--for` asks. @throws CommandError */
function testOf(condition: string): Test {
  const lower = condition.toLowerCase();
  if (lower === 'delete') return (object) => object === undefined;
  if (lower === 'create') return (object) => object !== undefined;
  if (condition.startsWith('condition=')) return conditionTest(condition.slice('condition='.length));
  if (condition.startsWith('jsonpath=')) return jsonPathTest(condition.slice('jsonpath='.length));
  throw new CommandError(`unrecognized condition: ${quoteGo(condition)}`);
}

function conditionTest(text: string): Test {
  const equals = text.indexOf('=');
  const type = (equals < 0 ? text : text.slice(0, equals)).toLowerCase();
  const status = (equals < 0 ? 'true' : text.slice(equals + 1)).toLowerCase();
  return (object) => {
    const found = listAt(object, 'status', 'conditions').find(
      (one) => textAt(one, 'type').toLowerCase() === type,
    );
    if (found === undefined) return false;
    const observed =
      numberAt(found, 'observedGeneration') || numberAt(object, 'status', 'observedGeneration');
    if (observed !== 0 && observed < numberAt(object, 'metadata', 'generation')) return false;
    return textAt(found, 'status').toLowerCase() === status;
  };
}

function jsonPathTest(text: string): Test {
  const match = /^(\{[^}]*\}|'[^']*'|[^=]*)(=(.*))?$/.exec(text);
  const expression = match?.[1] ?? '';
  if (text === '') throw new CommandError('jsonpath expression cannot be empty');
  if (match?.[2] !== undefined && match[3] === '')
    throw new CommandError('jsonpath wait has to have a value after equal sign');
  const path = parseJsonPath(relaxedJsonPath(expression.replace(/^'|'$/g, '')));
  const wanted = match?.[3]?.replace(/^(['"])(.*)\1$/, '$2');
  return (object) => {
    if (object === undefined) return false;
    const values = findJsonPath(path, object);
    if (values.length === 0) return false;
    if (values.length > 1) throw new CommandError('given jsonpath expression matches more than one value');
    const [value] = values;
    if (wanted === undefined) return value !== undefined;
    if (typeof value === 'object' && value !== null)
      throw new CommandError('jsonpath leads to a nested object or list which is not supported');
    return String(value).trim() === wanted.trim();
  };
}
