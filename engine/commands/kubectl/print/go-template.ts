import { isJsonObject } from '../../../base/json.ts';
import { CommandError } from '../errors.ts';
import { fromBase64, quoteGo } from '../text.ts';
import { goValue } from './custom-columns.ts';
import { unescapeGo } from './jsonpath.ts';

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly words: readonly string[]; readonly source: string }
  | {
      readonly kind: 'block';
      readonly word: 'range' | 'if' | 'with';
      readonly words: readonly string[];
      readonly body: readonly Node[];
      readonly other: readonly Node[];
    };

type Scope = { readonly dot: unknown; readonly root: unknown; readonly variables: Map<string, unknown> };

/** Parses a Go template, the part of the language that kubectl users write. @throws CommandError */
export function parseGoTemplate(text: string): readonly Node[] {
  try {
    return parseNodes(tokenize(text), { at: 0 }, false).body;
  } catch (error) {
    if (error instanceof CommandError)
      throw new CommandError(`error parsing template ${text}, ${error.message}`);
    throw error;
  }
}

/** Fills a template in with a value; `text` is what it was parsed from. @throws CommandError */
export function runGoTemplate(nodes: readonly Node[], value: unknown, text: string): string {
  try {
    return renderAll(nodes, { dot: value, root: value, variables: new Map([['$', value]]) });
  } catch (error) {
    if (!(error instanceof EvaluationFault)) throw error;
    throw new CommandError(`error executing template ${quoteGo(text)}: ${faultText(text, error)}`);
  }
}

type Token = { readonly text: string } | { readonly action: string };

function tokenize(text: string): readonly Token[] {
  const out: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('{{', at);
    if (open < 0) {
      out.push({ text: text.slice(at) });
      break;
    }
    const close = text.indexOf('}}', open);
    if (close < 0) throw new CommandError('template: output:1: unclosed action');
    let before = text.slice(at, open);
    let action = text.slice(open + 2, close);
    at = close + 2;
    if (/^-\s/.test(action)) {
      before = before.replace(/\s+$/, '');
      action = action.slice(1);
    }
    if (/\s-$/.test(action)) {
      action = action.slice(0, -1);
      at += /^\s*/.exec(text.slice(at))?.[0].length ?? 0;
    }
    out.push({ text: before }, { action: action.trim() });
  }
  return out;
}

function parseNodes(
  tokens: readonly Token[],
  parser: { at: number },
  isInner: boolean,
): { body: Node[]; stop: string } {
  const body: Node[] = [];
  while (parser.at < tokens.length) {
    const token = tokens[parser.at++];
    if (token === undefined) break;
    if ('text' in token) {
      if (token.text !== '') body.push({ kind: 'text', text: token.text });
      continue;
    }
    const words = splitWords(token.action);
    const [head = ''] = words;
    if (head.startsWith('/*')) continue;
    if ((head === 'end' || head === 'else') && !isInner)
      throw new CommandError(`template: output:1: unexpected {{${head}}}`);
    if (head === 'end' || head === 'else') return { body, stop: token.action };
    if (head === 'range' || head === 'if' || head === 'with') {
      const inner = parseNodes(tokens, parser, true);
      let other: Node[] = [];
      if (inner.stop.startsWith('else if')) {
        const rest = splitWords(inner.stop.slice(5));
        const chained = parseNodes(tokens, parser, true);
        const last = chained.stop === 'else' ? parseNodes(tokens, parser, true).body : [];
        other = [{ kind: 'block', word: 'if', words: rest.slice(1), body: chained.body, other: last }];
      } else if (inner.stop === 'else') other = parseNodes(tokens, parser, true).body;
      body.push({ kind: 'block', word: head, words: words.slice(1), body: inner.body, other });
      continue;
    }
    body.push({ kind: 'print', words, source: token.action });
  }
  if (isInner) throw new CommandError('template: output:1: unexpected EOF');
  return { body, stop: '' };
}

function splitWords(action: string): readonly string[] {
  return action.match(/"(?:[^"\\]|\\.)*"|`[^`]*`|:=|\||\)\.[\w.]+|[(),]|[^\s()|,"`]+/g) ?? [];
}

function renderAll(nodes: readonly Node[], scope: Scope): string {
  return nodes.map((node) => render(node, scope)).join('');
}

function render(node: Node, scope: Scope): string {
  if (node.kind === 'text') return node.text;
  if (node.kind === 'print') {
    if (node.words[1] === ':=' || node.words[1] === '=') {
      scope.variables.set(node.words[0] ?? '', pipeline(node.words.slice(2), scope));
      return '';
    }
    return goShow(pipeline(node.words, scope));
  }
  if (node.word === 'range') return range(node, scope);
  const value = pipeline(node.words, scope);
  if (!truthy(value)) return renderAll(node.other, scope);
  return renderAll(node.body, node.word === 'with' ? { ...scope, dot: value } : scope);
}

function range(node: Extract<Node, { kind: 'block' }>, scope: Scope): string {
  const assign = node.words.indexOf(':=');
  const names = assign < 0 ? [] : node.words.slice(0, assign).filter((word) => word !== ',');
  const value = pipeline(node.words.slice(assign + 1), scope);
  const entries: (readonly [unknown, unknown])[] = Array.isArray(value)
    ? value.map((item, at) => [at, item] as const)
    : isJsonObject(value)
      ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
      : [];
  if (entries.length === 0) return renderAll(node.other, scope);
  return entries
    .map(([key, item]) => {
      const variables = new Map(scope.variables);
      if (names.length === 1) variables.set(names[0] ?? '', item);
      if (names.length === 2) variables.set(names[0] ?? '', key).set(names[1] ?? '', item);
      return renderAll(node.body, { ...scope, dot: item, variables });
    })
    .join('');
}

function truthy(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0 || value === '') return false;
  return Array.isArray(value)
    ? value.length > 0
    : typeof value === 'object'
      ? Object.keys(value).length > 0
      : true;
}

function pipeline(words: readonly string[], scope: Scope): unknown {
  const stages: string[][] = [[]];
  let depth = 0;
  for (const word of words) {
    if (word === '(') depth++;
    if (word.startsWith(')')) depth--;
    if (word === '|' && depth === 0) stages.push([]);
    else stages.at(-1)?.push(word);
  }
  let value: unknown;
  stages.forEach((stage, at) => {
    value = call(stage, scope, at === 0 ? [] : [value]);
  });
  return value;
}

function call(words: readonly string[], scope: Scope, piped: readonly unknown[]): unknown {
  const parts = operands(words);
  const [head, ...rest] = parts;
  if (head === undefined) return piped[0];
  if (typeof head !== 'string') return evaluate(head, scope);
  if (Object.hasOwn(FUNCTIONS, head)) {
    const args = [...rest.map((part) => evaluate(part, scope)), ...piped];
    const [list, at] = args;
    if (head === 'index' && Array.isArray(list) && typeof at === 'number' && at >= list.length)
      throw new EvaluationFault(words.join(' '), `error calling index: index out of range: ${at}`);
    return FUNCTIONS[head]?.(args);
  }
  if (/^[a-z]\w*$/i.test(head) && !/^(true|false|nil)$/.test(head)) {
    throw new CommandError(`template: output:1: function ${quoteGo(head)} not defined`);
  }
  return evaluate(head, scope);
}

function operands(words: readonly string[]): readonly (string | readonly string[])[] {
  const out: (string | string[])[] = [];
  let depth = 0;
  let group: string[] = [];
  for (const word of words) {
    if (word === '(' && depth++ === 0) {
      group = [];
      continue;
    }
    if (word.startsWith(')') && --depth === 0) {
      // `(index .list 0).name`: the fields stand behind the group, as its first word does not.
      out.push(word === ')' ? group : [word, ...group]);
      continue;
    }
    if (depth > 0) group.push(word);
    else out.push(word);
  }
  return out;
}

function evaluate(part: string | readonly string[], scope: Scope): unknown {
  if (typeof part !== 'string') {
    const [first = ''] = part;
    return first.startsWith(')')
      ? fields(pipeline(part.slice(1), scope), first.slice(2))
      : pipeline(part, scope);
  }
  if (part.startsWith('"')) return unescapeGo(part.slice(1, -1));
  if (part.startsWith('`')) return part.slice(1, -1);
  if (/^-?\d+(\.\d+)?$/.test(part)) return Number(part);
  if (part === 'true' || part === 'false') return part === 'true';
  if (part === 'nil') return null;
  if (part === '.') return scope.dot;
  if (part.startsWith('$')) {
    const dot = part.indexOf('.');
    const name = dot < 0 ? part : part.slice(0, dot);
    return fields(scope.variables.get(name), dot < 0 ? '' : part.slice(dot + 1));
  }
  if (part.startsWith('.')) return fields(scope.dot, part.slice(1));
  return part;
}

function fields(value: unknown, path: string): unknown {
  let here = value;
  for (const name of path.split('.').filter((one) => one !== '')) {
    if (typeof here === 'object' ? Array.isArray(here) : here !== undefined)
      throw new EvaluationFault(
        `.${path}`,
        `can't evaluate field ${name} in type ${Array.isArray(here) ? 'interface {}' : goType(here)}`,
      );
    here = isJsonObject(here) && Object.hasOwn(here, name) ? here[name] : undefined;
  }
  return here;
}

function goType(value: unknown): string {
  return typeof value === 'number' ? 'int64' : typeof value === 'boolean' ? 'bool' : 'string';
}

/** What cannot be evaluated: a field of what has none, an index behind the end. `source` is the place in the template. */
class EvaluationFault extends Error {
  readonly source: string;

  constructor(source: string, message: string) {
    super(message);
    this.source = source;
  }
}

/** Go's words for a fault: line and column are those of the command, or of the second of several fields. */
function faultText(text: string, { source, message }: EvaluationFault): string {
  const second = source.startsWith('.') ? source.indexOf('.', 1) : 0;
  const before = text.slice(0, Math.max(0, text.indexOf(source)) + Math.max(0, second));
  const line = before.split('\n').length;
  const column = before.length - before.lastIndexOf('\n') - 1;
  return `template: output:${line}:${column}: executing "output" at <${source}>: ${message}`;
}

function goShow(value: unknown): string {
  return value === undefined || value === null ? '<no value>' : goValue(value);
}

function same(a: unknown, b: unknown): boolean {
  return a === b;
}

const FUNCTIONS: Readonly<Record<string, (args: readonly unknown[]) => unknown>> = {
  base64decode: ([text]) => fromBase64(String(text)),
  slice: ([value, from, to]) =>
    String(value).slice(Number(from ?? 0), to === undefined ? undefined : Number(to)),
  len: ([value]) =>
    Array.isArray(value) || typeof value === 'string'
      ? value.length
      : Object.keys(Object(value) as object).length,
  index: ([value, ...keys]) =>
    keys.reduce(
      (here: unknown, key) =>
        Array.isArray(here)
          ? here[Number(key)]
          : fields(here, '') !== undefined && isJsonObject(here) && Object.hasOwn(here, String(key))
            ? here[String(key)]
            : undefined,
      value,
    ),
  eq: ([first, ...rest]) => rest.some((one) => same(first, one)),
  ne: ([a, b]) => !same(a, b),
  lt: ([a, b]) => Number(a) < Number(b),
  gt: ([a, b]) => Number(a) > Number(b),
  le: ([a, b]) => Number(a) <= Number(b),
  ge: ([a, b]) => Number(a) >= Number(b),
  and: (args) => args.find((one) => !truthy(one)) ?? args.at(-1),
  or: (args) => args.find(truthy) ?? args.at(-1),
  not: ([value]) => !truthy(value),
  print: (args) => args.map(goShow).join(''),
  println: (args) => `${args.map(goShow).join(' ')}\n`,
  printf: ([format, ...args]) => {
    let at = 0;
    return String(format).replace(/%[-\d]*[svdq%]/g, (verb) =>
      verb === '%%'
        ? '%'
        : verb.endsWith('q')
          ? quoteGo(String(args[at++]))
          : padded(verb, goShow(args[at++])),
    );
  },
};

function padded(verb: string, text: string): string {
  const width = Number(/-?\d+/.exec(verb)?.[0] ?? 0);
  return width < 0 ? text.padEnd(-width) : text.padStart(width);
}
