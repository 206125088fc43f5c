import type { JsonObject } from '../../../base/json.ts';
import { structOfKind } from '../../../objects/types.ts';
import { findObjects, nameOf } from '../builder.ts';
import type { Command, Context } from '../context.ts';
import { groupVersion, pathOf } from '../discovery.ts';
import { ApiError, CommandError, kubectlErrorOf, PlainError, throwAll } from '../errors.ts';
import { flagTable } from '../flags.ts';
import type { Info } from '../manifests.ts';
import { infosOf, isInfo } from '../manifests.ts';
import { jsonMergePatch, strategicPatch } from '../merge.ts';
import { unknownFormat, withoutManagedFields } from '../print/output.ts';
import { toYaml } from '../print/yaml.ts';
import { quoteGo } from '../text.ts';
import { validationOf } from './validation.ts';

/** `kubectl edit`: hands a file to $KUBE_EDITOR or $EDITOR and sends what changed. */
export const editCommand: Command = {
  name: 'edit',
  about: 'Edit a resource on the server',
  usage: '(RESOURCE/NAME | -f FILENAME) [options]',
  flags:
    flagTable(`allow-missing-template-keys=true field-manager:string=kubectl-edit filename,f:strings kustomize,k:string output,o:string output-patch recursive,R
    save-config show-managed-fields subresource:string template:string validate:string=strict?strict windows-line-endings`),
  run: edit,
};

const EDIT_HEAD = `# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
`;

/** An editor that is no person would go on for ever over a text that it makes worse each time. */
const ROUNDS_MAX = 100;

async function edit(context: Context): Promise<void> {
  const output = context.flags.text('output');
  if (!['', 'json', 'yaml'].includes(output)) throw unknownFormat(output, ['json', 'yaml']);
  const { infos, errors } = await findObjects(context, context.args, { isEmptySelectorFine: true });
  throwAll(errors);
  if (infos.length === 0) throw new CommandError('edit cancelled, no objects found');
  let isChanged = false;
  for (const info of infos) if (await editOne(context, info)) isChanged = true;
  if (!isChanged) await context.err('Edit cancelled, no changes made.\n');
}

/** Opens the object until it can be taken, or is given up. True when something was sent. */
async function editOne(context: Context, info: Info): Promise<boolean> {
  const { files } = context.process.machine;
  const original = toYaml(withoutManagedFields(info.object));
  let text = EDIT_HEAD + original;
  let refused: string | undefined;
  for (let round = 0; ; round++) {
    const path = `/tmp/kubectl-edit-${String(context.process.sys.pid)}${String(Math.floor(context.nowMs) % 1_000_000)}${round}.yaml`;
    const edited = await runEditor(context, path, text);
    // What was refused and is saved again as it is will be refused again.
    if (edited === refused || round === ROUNDS_MAX) {
      await context.err(`A copy of your changes has been stored to ${quoteGo(path)}\n`);
      throw new CommandError('Edit cancelled, no valid changes were saved.');
    }
    if (edited === original || edited.trim() === '') {
      files.remove(path);
      if (edited !== original) await context.err('Edit cancelled, saved file was empty.\n');
      return edited !== original;
    }
    const reasons = await tryEdit(context, info, path, edited);
    files.remove(path);
    if (reasons === undefined) return true;
    refused = edited;
    text = `${EDIT_HEAD}${reasons}#\n${edited}`;
  }
}

/** Gives a text to the editor, and what it made of it without the comments. */
async function runEditor({ process, nowMs }: Context, path: string, text: string): Promise<string> {
  const editor = (process.env.get('KUBE_EDITOR') || process.env.get('EDITOR') || 'vi').trim();
  process.machine.files.write(path, text, nowMs);
  const code = await process.run(/[ '"]/.test(editor) ? ['sh', '-c', `${editor} ${path}`] : [editor, path]);
  if (code === 127) throw new CommandError(`unable to launch the editor ${quoteGo(editor)}`);
  if (code !== 0) throw new CommandError(`there was a problem with the editor ${quoteGo(editor)}`);
  const file = process.machine.files.read(path);
  return 'content' in file ? stripComments(file.content) : '';
}

function stripComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
}

/** Sends an edited text. The comment that tells what is wrong, when the editor shall open again; other failures are thrown. */
async function tryEdit(
  context: Context,
  info: Info,
  path: string,
  edited: string,
): Promise<string | undefined> {
  const [item] = infosOf(context, path, edited, { isValidated: false });
  const { resource, name } = info;
  const words = `${resource.plural}${resource.group === '' ? '' : `.${resource.group}`} ${quoteGo(name)}`;
  if (item !== undefined && isInfo(item) && item.name !== name) {
    await context.err(`A copy of your changes has been stored to ${quoteGo(path)}\n`);
    throw new CommandError('At least one of apiVersion, kind and name was changed');
  }
  if (item === undefined || !isInfo(item)) await context.err(`error: ${words} is invalid\n`);
  if (item === undefined || !isInfo(item))
    return `# The edited file had a syntax error: ${item?.message.split('\n').join('\n# ') ?? 'it holds no object'}\n`;
  try {
    await sendEdit(context, info, item.object);
    return undefined;
  } catch (error) {
    const fault = kubectlErrorOf(error);
    if (fault instanceof ApiError && fault.status.reason === 'Invalid') {
      await context.err(`error: ${words} is invalid\n`);
      const { causes } = fault.status;
      return `# ${words} was not valid:\n${causes.map(({ field, message }) => `# * ${field}: ${message}\n`).join('')}`;
    }
    if (fault instanceof ApiError && fault.isNotFound) {
      await context.err(`error: ${words} could not be found on the server\n`);
      throw new PlainError(`The edits you made on deleted resources have been saved to ${quoteGo(path)}\n`);
    }
    await context.err(`error: ${words} could not be patched: ${fault.message}\n`);
    throw new PlainError(`You can run \`kubectl replace -f ${path}\` to try this update again.\n`);
  }
}

async function sendEdit(context: Context, info: Info, edited: JsonObject): Promise<void> {
  const struct = structOfKind(groupVersion(info.resource), info.resource.kind);
  const from = withoutManagedFields(info.object);
  const body = struct === undefined ? jsonMergePatch(from, edited) : strategicPatch(from, edited, struct);
  if (Object.keys(body).length > 0) {
    context.client.patch(
      pathOf(info.resource, info.namespace, info.name),
      struct === undefined ? 'merge' : 'strategic',
      body,
      { fieldManager: context.flags.text('field-manager'), fieldValidation: validationOf(context) },
    );
  }
  await context.out(`${nameOf(info)} edited\n`);
}
