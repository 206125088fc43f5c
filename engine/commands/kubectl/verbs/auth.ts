import type { Json, JsonObject } from '../../../base/json.ts';
import { byText } from '../../../base/order.ts';
import { listAt, mapAt, objectAt, textAt, at } from '../client.ts';
import type { Command, Context } from '../context.ts';
import type { KubectlError } from '../errors.ts';
import { CommandError, throwAll } from '../errors.ts';
import { flagTable } from '../flags.ts';
import { isInfo, needFiles, readManifests } from '../manifests.ts';
import { printerFor } from '../print/output.ts';
import { alignColumns } from '../print/table.ts';

/** `kubectl auth`. */
export const authCommand: Command = {
  name: 'auth',
  about: 'Inspect authorization',
  children: [
    {
      name: 'can-i',
      about: 'Check whether an action is allowed',
      usage: 'VERB [TYPE | TYPE/NAME | NONRESOURCEURL]',
      flags: flagTable('all-namespaces,A list no-headers quiet,q subresource:string'),
      run: canI,
    },
    {
      name: 'reconcile',
      about: 'Bring RBAC objects in line with a file',
      usage: '-f FILENAME',
      flags: flagTable(
        'dry-run:string=none?unchanged filename,f:strings kustomize,k:string output,o:string recursive,R remove-extra-permissions remove-extra-subjects',
      ),
      run: reconcile,
    },
    {
      name: 'whoami',
      about: 'Experimental: Check self subject attributes',
      flags: flagTable(
        'output,o:string show-managed-fields template:string allow-missing-template-keys=true',
      ),
      run: whoAmI,
    },
  ],
};

async function whoAmI(context: Context): Promise<void> {
  const review = context.client.post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    kind: 'SelfSubjectReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { creationTimestamp: null },
    status: { userInfo: {} },
  });
  const printer = printerFor(context, { isGet: false });
  if (printer !== undefined) return context.out(printer.print(review, undefined));
  const user = objectAt(review, 'status', 'userInfo');
  const list = (value: readonly unknown[]): string => `[${value.join(' ')}]`;
  const rows = [
    ['ATTRIBUTE', 'VALUE'],
    ['Username', textAt(user, 'username')],
  ];
  if (textAt(user, 'uid') !== '') rows.push(['UID', textAt(user, 'uid')]);
  if (listAt(user, 'groups').length > 0) rows.push(['Groups', list(listAt(user, 'groups'))]);
  for (const key of Object.keys(mapAt(user, 'extra')))
    rows.push([`Extra: ${key}`, list(listAt(user, 'extra', key))]);
  await context.out(alignColumns(rows, 3, 6));
}

async function canI(context: Context): Promise<number> {
  const { flags, args } = context;
  if (flags.bool('list')) {
    if (args.length > 0) throw new CommandError('list option must be specified with no arguments');
    return listRules(context);
  }
  const [verb, what] = args;
  if (verb === undefined || what === undefined || args.length > 2) {
    throw new CommandError(
      "you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
    );
  }
  const namespace = flags.bool('all-namespaces') ? '' : context.namespace;
  const body: JsonObject = {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: { creationTimestamp: null },
    spec: what.startsWith('/')
      ? { nonResourceAttributes: { path: what, verb } }
      : { resourceAttributes: attributes(context, verb, what, namespace) },
    status: { allowed: false },
  };
  const review = context.client.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', body);
  const isAllowed = at(review, 'status', 'allowed') === true;
  const reason = textAt(review, 'status', 'reason');
  if (!flags.bool('quiet')) {
    await context.out(
      `${isAllowed ? 'yes' : 'no'}${!isAllowed && reason !== '' ? ` - ${reason}` : ''}${textAt(review, 'status', 'evaluationError') === '' ? '' : ` - ${textAt(review, 'status', 'evaluationError')}`}\n`,
    );
  }
  return isAllowed ? 0 : 1;
}

const KNOWN_VERBS =
  'get list watch create update patch delete deletecollection use bind impersonate escalate approve sign *'.split(
    ' ',
  );

function attributes(context: Context, verb: string, what: string, namespace: string): JsonObject {
  const slash = what.indexOf('/');
  const type = slash < 0 ? what : what.slice(0, slash);
  const after = slash < 0 ? '' : what.slice(slash + 1);
  if (!KNOWN_VERBS.includes(verb)) context.warn(`verb '${verb}' is not a known verb\n`);
  if (type === '*') return { namespace, verb, group: '*', resource: '*' };
  const resource = context.discovery.find(type);
  if (resource === undefined) {
    const [kind = '', ...group] = type.split('.');
    const where = group.length === 0 ? '' : ` in group '${group.join('.')}'`;
    context.warn(`the server doesn't have a resource type '${kind}'${where}\n`);
  }
  if (resource !== undefined && !resource.isNamespaced)
    context.warn(
      resource.group === ''
        ? `resource '${resource.plural}' is not namespace scoped\n`
        : `resource '${resource.plural}' is not namespace scoped in group '${resource.group}'\n`,
    );
  const name = after;
  const sub = context.flags.text('subresource');
  return {
    namespace,
    verb,
    ...(resource === undefined || resource.group === '' ? {} : { group: resource.group }),
    resource: resource?.plural ?? type,
    ...(sub === '' ? {} : { subresource: sub }),
    ...(name === '' ? {} : { name }),
  };
}

async function listRules(context: Context): Promise<number> {
  const review = context.client.post('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
    kind: 'SelfSubjectRulesReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: { creationTimestamp: null },
    spec: { namespace: context.namespace },
  });
  const words = (value: readonly unknown[]): string => `[${value.join(' ')}]`;
  const rows: (readonly [key: string, cells: string[]])[] = [];
  // Sorted by the text of the rule that each row is (SortableRuleSlice).
  const add = (rule: Json, group: string, resource: string, url: string): void => {
    const [verbs, names] = [words(listAt(rule, 'verbs')), words(listAt(rule, 'resourceNames'))];
    const urls = url === '' ? '[]' : `[${url}]`;
    const of = url === '' ? `[${group}],[${resource}]` : '[],[]';
    const shown = group === '' ? resource : `${resource}.${group}`;
    rows.push([`${verbs},${of},${names},${urls}`, [shown, urls, names, verbs]]);
  };
  for (const rule of listAt(review, 'status', 'resourceRules'))
    for (const resource of listAt(rule, 'resources'))
      for (const group of listAt(rule, 'apiGroups')) add(rule, String(group), String(resource), '');
  for (const rule of listAt(review, 'status', 'nonResourceRules'))
    for (const url of listAt(rule, 'nonResourceURLs')) add(rule, '', '', String(url));
  rows.sort((one, other) => byText(one[0], other[0]));
  const header = context.flags.bool('no-headers')
    ? []
    : [['Resources', 'Non-Resource URLs', 'Resource Names', 'Verbs']];
  await context.out(alignColumns([...header, ...rows.map(([, cells]) => cells)], 3, 6));
  return 0;
}

async function reconcile(context: Context): Promise<void> {
  needFiles(context);
  const items = await readManifests(context, { isValidated: false });
  throwAll(items.filter((item): item is KubectlError => !isInfo(item)));
  // kubectl 1.32 itself fails for every RBAC object of a file, whatever is in it, and passes over the others.
  const rules = items.filter(isInfo).filter((info) => info.resource.group === 'rbac.authorization.k8s.io');
  throwAll(rules.map(() => new CommandError('resource name may not be empty')));
}
