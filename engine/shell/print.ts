import type { Chain, Command, Compound, ListItem, Pipeline, Redirect, Script } from './ast.ts';

/** A chain in bash's own layout, as `jobs` shows it. */
export function printChain(chain: Chain, indent = 0, inFunction = false): string {
  return [
    printPipeline(chain.first, indent, inFunction),
    ...chain.rest.map(
      ({ operator, pipeline }) => `${operator} ${printPipeline(pipeline, indent, inFunction)}`,
    ),
  ].join(' ');
}

/** A function in bash's own layout, as `type` and `declare -f` show it. */
export function printFunction(name: string, body: Command): string {
  return `${name} () \n${printCommand(body.kind === 'group' ? { ...body, kind: 'group' } : body, 0, true)}`;
}

function printPipeline(pipeline: Pipeline, indent: number, inFunction: boolean): string {
  const head = `${pipeline.timing === 'none' ? '' : pipeline.timing === 'posix' ? 'time -p ' : 'time '}${pipeline.isNegated ? '! ' : ''}`;
  return head + pipeline.commands.map((command) => printCommand(command, indent, inFunction)).join(' | ');
}

function printCommand(command: Command, indent: number, inFunction: boolean): string {
  const redirects = command.redirects.map((redirect) => ` ${printRedirect(redirect)}`).join('');
  if (command.kind !== 'simple') return printCompound(command, indent, inFunction) + redirects;
  const words = [
    ...command.assignments.map(
      (one) =>
        `${one.name}${one.index ? '[…]' : ''}${one.isAppend ? '+' : ''}=${one.list ? `(${one.list.map((element) => element.value.text).join(' ')})` : one.value.text}`,
    ),
    ...command.words.map((word) => word.text),
  ];
  return (words.join(' ') + redirects).trim();
}

function printRedirect(redirect: Redirect): string {
  const fd = redirect.fd === undefined ? '' : String(redirect.fd);
  if (redirect.operator === '<&' || redirect.operator === '>&')
    return `${fd}${redirect.operator}${redirect.target.text}`;
  if (redirect.heredoc !== undefined)
    return `${fd}<<${redirect.heredoc.stripsTabs ? '-' : ''}${redirect.target.text}\n${redirect.heredoc.text}${redirect.heredoc.delimiter}\n\n`;
  return `${fd}${redirect.operator} ${redirect.target.text}`;
}

const pad = (indent: number): string => ' '.repeat(indent);

function inline(script: Script, indent: number, inFunction: boolean): string {
  const gap = inFunction ? `\n${pad(indent)}` : ' ';
  return script.items
    .map(
      (item, index) =>
        printChain(item.chain, indent, inFunction) + separator(item, index === script.items.length - 1),
    )
    .join(gap);
}

function separator(item: ListItem, isLast: boolean): string {
  return item.isBackground ? ' &' : isLast ? '' : ';';
}

/** A body on lines of its own; a list that was written with `;` stays on one line, as bash keeps it. */
function block(script: Script, indent: number, inFunction: boolean): string {
  return `${pad(indent)}${inline(script, indent, inFunction)};\n`;
}

function printCompound(command: Compound, indent: number, inFunction: boolean): string {
  const deep = indent + 4;
  switch (command.kind) {
    case 'subshell':
      return `( ${inline(command.body, indent, inFunction)} )`;
    case 'group':
      if (inFunction) return `{ \n${pad(deep)}${inline(command.body, deep, true)}\n${pad(indent)}}`;
      return `{ ${inline(command.body, indent, false)}; }`;
    case 'while':
      return `${command.isUntil ? 'until' : 'while'} ${inline(command.condition, indent, inFunction)}; do\n${block(command.body, deep, inFunction)}${pad(indent)}done`;
    case 'for':
    case 'select':
      return `${command.kind} ${command.name} in ${command.words === undefined ? '"$@"' : command.words.map((word) => word.text).join(' ')};\n${pad(indent)}do\n${block(command.body, deep, inFunction)}${pad(indent)}done`;
    case 'count':
      return `for ((${command.text}))\n${pad(indent)}do\n${block(command.body, deep, inFunction)}${pad(indent)}done`;
    case 'if':
      return printIf(command, indent, inFunction);
    case 'case':
      return `case ${command.word.text} in \n${command.items.map((item) => `${pad(deep)}${item.patterns.map((pattern) => pattern.text).join(' | ')})\n${pad(deep + 4)}${inline(item.body, deep + 4, inFunction)}\n${pad(deep)}${item.end}`).join('\n')}\n${pad(indent)}esac`;
    case 'function':
      return printFunction(command.name, command.body);
    case 'coproc':
      return `coproc ${command.name} ${printCommand(command.body, indent, inFunction)}`;
    case 'condition':
      return `[[ ${command.text} ]]`;
    case 'arithmetic':
      return `((${command.text}))`;
  }
}

function printIf(command: Extract<Compound, { kind: 'if' }>, indent: number, inFunction: boolean): string {
  const deep = indent + 4;
  const branches = command.branches.map(
    ({ condition, body }, index) =>
      `${index === 0 ? '' : `${pad(indent)}el`}if ${inline(condition, indent, inFunction)}; then\n${block(body, deep, inFunction)}`,
  );
  const otherwise =
    command.otherwise === undefined
      ? ''
      : `${pad(indent)}else\n${block(command.otherwise, deep, inFunction)}`;
  return `${branches.join('')}${otherwise}${pad(indent)}fi`;
}

/** A chain as ash and dash keep it for `jobs`: on one line, in their own short form. */
export function plainChain(chain: Chain): string {
  return [
    plainPipeline(chain.first),
    ...chain.rest.map(({ operator, pipeline }) => `${operator} ${plainPipeline(pipeline)}`),
  ].join(' ');
}

function plainPipeline(pipeline: Pipeline): string {
  return (pipeline.isNegated ? '!' : '') + pipeline.commands.map(plainCommand).join(' | ');
}

const plainScript = (script: Script): string => script.items.map((item) => plainChain(item.chain)).join('; ');

function plainRedirect(redirect: Redirect): string {
  const fd = redirect.fd ?? (redirect.operator.startsWith('<') ? 0 : 1);
  return ` ${fd}${redirect.heredoc === undefined ? `${redirect.operator}${redirect.target.text}` : '<<...'}`;
}

function plainCommand(command: Command): string {
  switch (command.kind) {
    case 'simple': {
      const words = command.words.map((word) => word.text.replace(/'([^']*)'/g, '"$1"'));
      return words.join(' ') + command.redirects.map(plainRedirect).join('');
    }
    case 'subshell':
      return `(${plainScript(command.body)})`;
    case 'group':
      return plainScript(command.body);
    case 'while':
      return `${command.isUntil ? 'until' : 'while'} ${plainScript(command.condition)}; do ${plainScript(command.body)}; done`;
    case 'for':
      return `for ${command.name} in ${(command.words ?? []).map((word) => word.text).join(' ')}; do ${plainScript(command.body)}; done`;
    case 'if':
      return `${command.branches.map(({ condition, body }, at) => `${at > 0 ? '; el' : ''}if ${plainScript(condition)}; then ${plainScript(body)}`).join('')}${command.otherwise === undefined ? '' : `; else ${plainScript(command.otherwise)}`}; fi`;
    case 'function':
      return `${command.name}() { ... }`;
    default:
      return printCommand(command, 0, false).replace(/\s*\n\s*/g, ' ');
  }
}

/** A word as busybox's `set -x` shows it: quoted when it holds what the shell reads otherwise, or is a reserved word. */
export function plainTraceWord(word: string): string {
  const isReserved = /^(case|do|done|elif|else|esac|fi|for|if|in|then|until|while)$/.test(word);
  return isReserved || /[\x00-*;-?`[\\{-\uffff]/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : word;
}

/** A word as `set -x` shows it: quoted when the shell would read it otherwise. */
export function traceWord(word: string): string {
  if (word === '') return "''";
  if (/[\s'"\\|&;()<>!{}*[\]?^$`]|^[~#]|[=:]~/.test(word)) return `'${word.replaceAll("'", "'\\''")}'`;
  return /[\x00-\x1f\x7f]/.test(word) ? quoteWord(word) : word;
}

/** A text as `declare -p` shows it: in double quotes, or in `$'…'` when it holds control characters. */
export function declareWord(text: string): string {
  return /[\x00-\x1f\x7f]/.test(text) ? quoteWord(text) : `"${text.replace(/[\\"$`]/g, '\\$&')}"`;
}

/** A word quoted as bash's `set -x` and `declare -p` quote it; plain words stay as they are. */
export function quoteWord(word: string): string {
  if (word === '') return "''";
  if (/^[A-Za-z0-9_@%+=:,./^-]+$/.test(word)) return word;
  if (/[\x00-\x1f\x7f]/.test(word))
    return `$'${word.replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n').replace(/\t/g, '\\t').replace(/\r/g, '\\r').replace(/\x1b/g, '\\E')}'`;
  return `'${word.replaceAll("'", "'\\''")}'`;
}
