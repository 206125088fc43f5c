// How cobra lays out the usage of a command.

/** A flag as a help page shows it; `type` is empty for switches. */
export type ShownFlag = {
  readonly name: string;
  readonly short?: string | undefined;
  readonly type: string;
  readonly about: string;
};

/** A command's place on its page: `usage` follows its name when it runs, absent when it is a mere group. */
export type ShownCommand = {
  readonly name: string;
  readonly usage?: string | undefined;
  readonly children: readonly ShownChild[];
};

/** A command below another. */
export type ShownChild = readonly [name: string, about: string];

/** Usage lines and the list of commands below; `extras` stand between them, the flags are `blocks`. */
export function layOutUsage(
  { name, usage, children }: ShownCommand,
  blocks: string,
  extras: string = '',
): string {
  const isGroup = children.length > 0;
  const width = Math.max(11, ...children.map(([child]) => child.length));
  return [
    'Usage:\n',
    usage === undefined ? '' : `  ${`${name} ${usage}`.trimEnd()}\n`,
    isGroup ? `  ${name} [command]\n` : '',
    extras,
    isGroup ? '\nAvailable Commands:\n' : '',
    ...children.map(([child, about]) => `  ${child.padEnd(width)} ${about}\n`),
    blocks === '' ? '' : `\n${blocks}`,
    isGroup ? `\nUse "${name} [command] --help" for more information about a command.\n` : '',
  ].join('');
}

/** The names right below `path` in a tree of commands that are named by all their words. */
export function childrenOf(commands: Iterable<ShownChild>, path: string): readonly ShownChild[] {
  const before = path === '' ? '' : `${path} `;
  return [...commands]
    .map(([name, about]) => [name.startsWith(before) ? name.slice(before.length) : '', about] as const)
    .filter(([name]) => /^\S+$/.test(name));
}

/** A block of flags as pflag lays it out: by name, with the words in one column. */
export function layOutFlags(flags: readonly ShownFlag[]): string {
  const rows = [...flags]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, short, type, about }) => ({
      head: `  ${short ? `-${short}, ` : '    '}--${name}${type === '' ? '' : ` ${type}`}`,
      about,
    }));
  const width = Math.max(...rows.map((row) => row.head.length)) + 3;
  return rows.map((row) => `${`${row.head.padEnd(width)}${row.about}`.trimEnd()}\n`).join('');
}
