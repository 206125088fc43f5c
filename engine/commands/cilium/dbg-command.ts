import type { Json } from '../../base/json.ts';
import type { FlagSpec } from '../hubble/flags.ts';
import { bareJsonPath, findJsonPath, printJsonPath } from '../kubectl/print/jsonpath.ts';
import { toYaml } from '../kubectl/print/yaml.ts';
import type { AgentSocket, HubbleObserver } from '../ports.ts';

/** What a command of cilium-dbg is given. */
export type DbgCall = {
  readonly agent: AgentSocket;
  readonly observer: HubbleObserver | undefined;
  readonly nowMs: number;
  /** Words that are no flags, after the command's own. */
  readonly args: readonly string[];
  /** Flags by long name; switches are `true` or `false`. */
  readonly flags: ReadonlyMap<string, string>;
};

/** What it prints: `note` is said on standard error; an error ends with exit code 1, a misuse too, with the command's help. */
export type DbgResult =
  | { readonly text: string; readonly note?: string }
  | { readonly error: string; readonly text?: string }
  | { readonly misuse: string };

/** A command: `flags` are written `long[:short][=type]`, text is the type that is not named. */
export type DbgCommand = {
  readonly about: string;
  readonly flags?: string;
  /** What stands after the command in its usage line. */
  readonly usage?: string;
  /** True when `-o json|yaml|jsonpath` is offered. */
  readonly hasOutput?: boolean;
  readonly run: (call: DbgCall) => DbgResult;
};

/** The flags of a command as they are read. */
export function specsOf(flags: string): readonly FlagSpec[] {
  return flags
    .split(' ')
    .filter((text) => text !== '')
    .map((text) => {
      const [named = '', type] = text.split('=');
      const [name = '', short] = named.split(':');
      const own = short === undefined ? { name } : { name, short };
      return type === undefined
        ? { ...own, kind: 'bool' }
        : { ...own, kind: 'value', type: type || 'string' };
    });
}

/** True when a switch is on. */
export function isOn(call: DbgCall, name: string): boolean {
  return call.flags.get(name) === 'true';
}

/** The name of the agent's cluster, as it stands before the names of nodes. */
export function clusterName(call: DbgCall): string {
  const config = call.agent.get('/config') as
    | { readonly status: { readonly daemonConfigurationMap: Readonly<Record<string, string>> } }
    | undefined;
  return config?.status.daemonConfigurationMap['cluster-name'] || 'default';
}

/** Indented JSON as Go writes it, which hides what HTML would read. */
export function goIndented(value: unknown): string {
  const hidden = { '&': '\\u0026', '<': '\\u003c', '>': '\\u003e' } as const;
  return `${JSON.stringify(value, null, 2).replace(/[&<>]/g, (char) => hidden[char as '&'])}\n`;
}

/** The value as `-o` asks for it; undefined when it does not ask. */
export function asAsked(call: DbgCall, value: Json): DbgResult | undefined {
  const output = call.flags.get('output');
  if (output === undefined || output === '') return undefined;
  if (output === 'json') return { text: goIndented(value) };
  if (output === 'yaml') return { text: toYaml(value) };
  const path = /^jsonpath=(.*)$/s.exec(output)?.[1];
  if (path === undefined) return { error: 'Error: invalid output format' };
  try {
    const parsed = bareJsonPath(path);
    findJsonPath(parsed, value);
    return { text: `${printJsonPath(parsed, value)}\n` };
  } catch (error) {
    return {
      error: `Couldn't parse jsonpath expression: '${error instanceof Error ? error.message : String(error)}'`,
    };
  }
}
