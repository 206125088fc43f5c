import type { Ports } from '../ports.ts';
import type { Process } from '../../shell/program.ts';
import { byText } from '../../base/order.ts';
import { itemsOf } from './builder.ts';
import { nameIn } from './client.ts';
import { readConfig } from './config.ts';
import type { Command } from './context.ts';
import { Context } from './context.ts';
import { pathOf, resourceName } from './discovery.ts';
import { isKubectlError } from './errors.ts';
import type { FlagSpec } from './flags.ts';
import { Flags, GLOBAL_FLAGS, parseLine } from './flags.ts';
import { containerNames } from './pods.ts';
import { COMMANDS } from './verbs/all.ts';

/** Candidates for the last word, and whether file names are to be offered too (or instead). */
export type Completion = {
  readonly words: readonly { readonly text: string; readonly about: string }[];
  readonly isFiles: boolean;
};

const FORMATS = [
  'json',
  'yaml',
  'name',
  'go-template',
  'go-template-file',
  'template',
  'templatefile',
  'jsonpath',
  'jsonpath-as-json',
  'jsonpath-file',
  'custom-columns',
  'custom-columns-file',
  'wide',
];
const WORKLOADS = [
  'daemonsets/',
  'deployments/',
  'pods/',
  'jobs/',
  'replicasets/',
  'replicationcontrollers/',
  'services/',
  'statefulsets/',
];
const OF_ONE_TYPE: Readonly<Record<string, readonly string[]>> = {
  restart: ['deployment', 'daemonset', 'statefulset'],
  status: ['deployment', 'daemonset', 'statefulset'],
  history: ['deployment', 'daemonset', 'statefulset'],
  undo: ['deployment', 'daemonset', 'statefulset'],
  pause: ['deployment'],
  resume: ['deployment'],
  scale: ['deployment', 'replicaset', 'replicationcontroller', 'statefulset'],
};
const TAKES_TYPES = new Set([
  'get',
  'describe',
  'delete',
  'label',
  'annotate',
  'edit',
  'patch',
  'wait',
  'expose',
  'autoscale',
  'scale',
  'taint',
  'restart',
  'status',
  'history',
  'undo',
  'pause',
  'resume',
  'image',
  'env',
  'resources',
  'serviceaccount',
]);

/** Flags whose value is a manifest: the shell itself completes files of these endings. */
const MANIFEST_FLAGS: ReadonlySet<string> = new Set(['-f', '--filename']);

/** `kubectl __complete …`: candidates and a directive. */
export async function complete(
  process: Process,
  ports: Ports,
  words: readonly string[],
  hasDescriptions: boolean,
): Promise<number> {
  const previous = words.at(-2) ?? '';
  if (MANIFEST_FLAGS.has(previous)) {
    await process.out('json\nyaml\nyml\n:8\n');
    await process.err('Completion ended with directive: ShellCompDirectiveFilterFileExt\n');
    return 0;
  }
  const { words: found, isFiles } = completeWords(process, ports, words);
  const lines = found.map((one) =>
    hasDescriptions && one.about !== '' ? `${one.text}\t${one.about}\n` : `${one.text}\n`,
  );
  // What ends with a slash goes on: no blank behind it.
  const isOpen = found.length > 0 && found.every((one) => one.text.endsWith('/'));
  await process.out(`${lines.join('')}:${isFiles ? 0 : isOpen ? 6 : 4}\n`);
  await process.err(
    `Completion ended with directive: ${isFiles ? 'ShellCompDirectiveDefault' : `${isOpen ? 'ShellCompDirectiveNoSpace, ' : ''}ShellCompDirectiveNoFileComp`}\n`,
  );
  return 0;
}

/** Tab completion of a kubectl line: changes nothing, asks the API only by GET. The words come without `kubectl`; the last is being typed. */
export function kubectlCompleter(process: Process, ports: Ports): (words: readonly string[]) => Completion {
  return (words) => completeWords(process, ports, words);
}

function completeWords(process: Process, ports: Ports, words: readonly string[]): Completion {
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  let commands: readonly Command[] = COMMANDS;
  let command: Command | undefined;
  let at = 0;
  for (; at < before.length; at++) {
    const next = commands.find(
      (one) => one.name === before[at] || (one.aliases ?? []).includes(before[at] ?? ''),
    );
    if (next === undefined) break;
    command = next;
    commands = [...(next.children ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  const specs = [...(command?.flags ?? []), ...GLOBAL_FLAGS];
  const rest = before.slice(at);
  const context = contextOf(process, ports, command, rest, specs);
  try {
    return candidates(context, { command, commands, specs, rest, last });
  } catch (error) {
    if (isKubectlError(error)) return { words: [], isFiles: false };
    throw error;
  }
}

type Place = {
  readonly command: Command | undefined;
  readonly commands: readonly Command[];
  readonly specs: readonly FlagSpec[];
  readonly rest: readonly string[];
  readonly last: string;
};

function contextOf(
  process: Process,
  ports: Ports,
  command: Command | undefined,
  rest: readonly string[],
  specs: readonly FlagSpec[],
): Context {
  const path = `kubectl ${command?.name ?? ''}`;
  try {
    return new Context(process, ports, { path, ...parseLine(rest, specs) });
  } catch {
    // The line is not finished: its last flag still waits for a value.
    try {
      return new Context(process, ports, { path, ...parseLine(rest.slice(0, -1), specs) });
    } catch {
      return new Context(process, ports, { path, flags: new Flags(new Map()), args: [], dashAt: -1 });
    }
  }
}

function plain(texts: readonly string[], last: string): Completion {
  return {
    words: texts.filter((text) => text.startsWith(last)).map((text) => ({ text, about: '' })),
    isFiles: false,
  };
}

function candidates(context: Context, place: Place): Completion {
  const { command, commands, specs, rest, last } = place;
  const previous = rest.at(-1) ?? '';
  const waiting =
    previous.startsWith('-') && !previous.includes('=')
      ? specs.find(
          (one) => `--${one.name}` === previous || (one.short !== '' && `-${one.short}` === previous),
        )
      : undefined;
  if (waiting !== undefined && waiting.bare === undefined) return flagValues(context, waiting, last);
  if (last.startsWith('-')) return plain(specs.map((one) => `--${one.name}`).sort(byText), last);
  if (commands.length > 0 && context.args.length === 0) {
    const words = commands
      .filter((one) => one.isHidden !== true && one.name.startsWith(last))
      .map((one) => ({ text: one.name, about: one.about }));
    if (words.length > 0 || command === undefined || command.run === undefined)
      return { words, isFiles: false };
  }
  if (command === undefined) return plain([], last);
  return ofCommand(context, command, last);
}

function flagValues(context: Context, flag: FlagSpec, last: string): Completion {
  const config = (): ReturnType<typeof readConfig> => readConfig(context.process, context.flags);
  switch (flag.name) {
    case 'namespace':
      return plain(names(context, 'namespaces', ''), last);
    case 'output':
      return plain(FORMATS, last);
    case 'context':
      return plain(
        config()
          .contexts.map((one) => one.name)
          .sort(byText),
        last,
      );
    case 'cluster':
      return plain(
        config()
          .clusters.map((one) => one.name)
          .sort(byText),
        last,
      );
    case 'user':
      return plain(
        config()
          .users.map((one) => one.name)
          .sort(byText),
        last,
      );
    case 'container': {
      const [pod] = context.args;
      if (pod === undefined) return plain([], last);
      const object = context.client.get(
        pathOf(context.discovery.need('pods'), context.namespace, pod.replace(/^pods?\//, '')),
      );
      const { init, main, ephemeral } = containerNames(object);
      return plain([...init, ...main, ...ephemeral], last);
    }
    default:
      return { words: [], isFiles: true };
  }
}

function ofCommand(context: Context, command: Command, last: string): Completion {
  const { args } = context;
  const [type] = args;
  if (
    ['use-context', 'delete-context', 'rename-context', 'get-contexts', 'set-context'].includes(command.name)
  )
    return plain(
      readConfig(context.process, context.flags)
        .contexts.map((one) => one.name)
        .sort(byText),
      last,
    );
  if (['logs', 'exec', 'attach', 'port-forward', 'debug'].includes(command.name)) {
    if (args.length > 0) return plain([], last);
    if (last.includes('/')) return plain(pairs(context, last), last);
    return plain([...names(context, 'pods', context.namespace), ...WORKLOADS], last);
  }
  if (['cordon', 'uncordon', 'drain'].includes(command.name)) return plain(names(context, 'nodes', ''), last);
  if (
    ['apply', 'create', 'replace', 'diff', 'kustomize', 'cp', 'explain', 'run'].includes(command.name) ||
    !TAKES_TYPES.has(command.name)
  )
    return { words: [], isFiles: true };
  if (last.includes('/')) return plain(pairs(context, last), last);
  if (type === undefined) return plain(OF_ONE_TYPE[command.name] ?? types(context), last);
  const resource = context.discovery.find(type);
  if (resource === undefined) return plain([], last);
  const taken = new Set(args.slice(1));
  return plain(
    names(context, resourceName(resource), resource.isNamespaced ? context.namespace : '').filter(
      (name) => !taken.has(name),
    ),
    last,
  );
}

function types(context: Context): readonly string[] {
  const seen = new Set<string>();
  const all = context.discovery.resources.filter((one) => one.verbs.includes('get'));
  const sorted = [...all].sort((a, b) => byText(a.group, b.group) || byText(a.plural, b.plural));
  for (const resource of sorted) seen.add(resourceName(resource));
  return [...seen];
}

function pairs(context: Context, last: string): readonly string[] {
  const type = last.slice(0, last.indexOf('/'));
  const resource = context.discovery.find(type);
  return resource === undefined
    ? []
    : names(context, resourceName(resource), resource.isNamespaced ? context.namespace : '').map(
        (name) => `${type}/${name}`,
      );
}

function names(context: Context, type: string, namespace: string): readonly string[] {
  const resource = context.discovery.need(type);
  return itemsOf(context.client.get(pathOf(resource, namespace)), resource).map((one) => nameIn(one));
}
