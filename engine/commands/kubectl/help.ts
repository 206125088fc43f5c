import type { Command } from './context.ts';
import type { FlagSpec } from './flags.ts';
import { isListKind } from './flags.ts';

const GROUPS: readonly (readonly [string, readonly string[]])[] = [
  ['Basic Commands (Beginner)', ['create', 'expose', 'run', 'set']],
  ['Basic Commands (Intermediate)', ['explain', 'get', 'edit', 'delete']],
  ['Deploy Commands', ['rollout', 'scale', 'autoscale']],
  [
    'Cluster Management Commands',
    ['certificate', 'cluster-info', 'top', 'cordon', 'uncordon', 'drain', 'taint'],
  ],
  [
    'Troubleshooting and Debugging Commands',
    ['describe', 'logs', 'attach', 'exec', 'port-forward', 'proxy', 'cp', 'auth', 'debug', 'events'],
  ],
  ['Advanced Commands', ['diff', 'apply', 'patch', 'replace', 'wait', 'kustomize']],
  ['Settings Commands', ['label', 'annotate', 'completion']],
];

/** Names in the order of the groups, what is in none behind. */
export function inHelpOrder(names: readonly string[]): readonly string[] {
  const order = GROUPS.flatMap(([, group]) => group);
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return [...names].sort((a, b) => place(a) - place(b));
}

/** What `kubectl` alone prints: all verbs in groups. */
export function overview(commands: readonly Command[]): string {
  const line = (name: string): string => {
    const command = commands.find((one) => one.name === name);
    return command === undefined ? '' : `  ${name.padEnd(15)} ${command.about}\n`;
  };
  const grouped = new Set(GROUPS.flatMap(([, names]) => names));
  const others = commands
    .filter((one) => !grouped.has(one.name) && one.isHidden !== true)
    .map((one) => one.name);
  const groups: readonly (readonly [string, readonly string[]])[] = [...GROUPS, ['Other Commands', others]];
  const body = groups.map(([title, names]) => `${title}:\n${names.map(line).join('')}`).join('\n');
  return `kubectl controls the Kubernetes cluster manager.\n\n${body}\nUsage:\n  kubectl [flags] [options]\n\nUse "kubectl <command> --help" for more information about a given command.\nUse "kubectl options" for a list of global command-line options (applies to all commands).\n`;
}

/** The help of one command: what it does, its children, its flags and its usage line. */
export function helpText(command: Command, path: string): string {
  const children = (command.children ?? [])
    .filter((one) => one.isHidden !== true)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  // cobra's columns are as wide as the longest name, eleven letters at least; kubectl's templates add two.
  const width = 2 + Math.max(11, ...children.map((one) => one.name.length));
  const list =
    children.length === 0
      ? ''
      : `Available Commands:\n${children.map((one) => `  ${one.name.padEnd(width)} ${one.about}\n`).join('')}\n`;
  const flags = (command.flags ?? []).length === 0 ? '' : `Options:\n${optionsText(command.flags ?? [])}\n`;
  const usage =
    command.run === undefined && children.length > 0
      ? `${path} [flags] [options]`
      : `${path} ${command.usage ?? '[options]'}`;
  return `${command.about}.\n\n${list}${flags}Usage:\n  ${usage}\n\n${children.length === 0 ? '' : `Use "${path} <command> --help" for more information about a given command.\n`}Use "kubectl options" for a list of global command-line options (applies to all commands).\n`;
}

/** Flags with their kinds and defaults, one a paragraph. */
export function optionsText(flags: readonly FlagSpec[]): string {
  return [...flags]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((flag) => {
      const short = flag.short === '' ? '    ' : `-${flag.short}, `;
      const isText = flag.kind === 'string';
      const isList = isListKind(flag.kind);
      return `    ${short}--${flag.name}=${isList ? '[]' : isText ? `'${flag.initial}'` : flag.initial}\n`;
    })
    .join('');
}
