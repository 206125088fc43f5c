import { Document, isMap, isNode, isScalar, isSeq, parseAllDocuments, stringify } from 'yaml';
import type { Node } from 'yaml';
import { LIMITS } from '../../base/limits.ts';
import type { Process, Program } from '../../shell/program.ts';
import { failureText, resolvePath } from '../../shell/path.ts';
import { evaluate, JqFailure } from './evaluate.ts';
import type { Run } from './evaluate.ts';
import { printJson } from './json.ts';
import { compile, FUEL } from './jq.ts';
import { FilterFailure } from './parser.ts';
import { fromPlain, isArray, isObject, toPlain } from './value.ts';
import type { Value } from './value.ts';

type Words = {
  expression: string;
  files: string[];
  output: 'yaml' | 'json';
  indent: number;
  isInPlace: boolean;
  isRaw: boolean;
  isNullInput: boolean;
  /** `eval-all`: the expression sees all documents of all files at once. */
  isTogether: boolean;
  /** `-e`: exit 1 when nothing, null or false came out. */
  setsExit: boolean;
  isJsonInput: boolean;
  bad: string | undefined;
};

function readWords(argv: readonly string[]): Words {
  const words: Words = {
    expression: '.',
    files: [],
    output: 'yaml',
    indent: 2,
    isInPlace: false,
    isRaw: true,
    isNullInput: false,
    isTogether: false,
    setsExit: false,
    isJsonInput: false,
    bad: undefined,
  };
  const operands: string[] = [];
  const rest = [...argv.slice(1)];
  if (/^(e|eval|ea|eval-all)$/.test(rest[0] ?? ''))
    words.isTogether = (rest.shift() ?? '').includes('a', 1) && argv[1] !== 'eval';
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [name = '', ...tail] = word.split('=');
    const value = (): string => (tail.length > 0 ? tail.join('=') : (rest.shift() ?? ''));
    if (name === '-o' || name === '--output-format') words.output = /^j/.test(value()) ? 'json' : 'yaml';
    else if (/^-o(json|j|yaml|y)$/.test(name)) words.output = name.startsWith('-oj') ? 'json' : 'yaml';
    else if (name === '-j' || name === '--tojson') words.output = 'json';
    else if (name === '-I' || name === '--indent') words.indent = Number(value()) || 0;
    else if (/^-I\d$/.test(name)) words.indent = Number(name.slice(2));
    else if (name === '-i' || name === '--inplace') words.isInPlace = true;
    else if (name === '-n' || name === '--null-input') words.isNullInput = true;
    else if (name === '-e' || name === '--exit-status') words.setsExit = true;
    else if (name === '-N' || name === '--no-doc') words.isRaw = true;
    else if (
      name === '-r' ||
      name === '--unwrapScalar' ||
      name === '-P' ||
      name === '--prettyPrint' ||
      name === '-M' ||
      name === '-C'
    )
      words.isRaw = true;
    else if (name === '-p' || name === '--input-format') words.isJsonInput = /^j/.test(value());
    else if (name === '-pj' || name === '-pjson') words.isJsonInput = true;
    else if (name.startsWith('-') && name !== '-') words.bad = name;
    else operands.push(word);
  }
  const isExpression = (word: string): boolean =>
    /^[.(["'{$]|^\w+\(|^(keys|length|select|del|to_entries|with_entries|sort_by|type|tag|split_doc|document_index|explode)\b/.test(
      word,
    ) && !/^\.{0,2}\/|^[\w./-]+\.(ya?ml|json)$/.test(word);
  const [first] = operands;
  if (first !== undefined && (isExpression(first) || operands.length > 1))
    words.expression = operands.shift() ?? '.';
  words.files = operands;
  return words;
}

/** yq (mikefarah's command line) on jq's filters: reads YAML, prints YAML, or JSON with `-o json`. */
export const yq: Program = async (process) => {
  const words = readWords(process.argv);
  if (words.bad === '--version' || words.bad === '-V') {
    await process.out('yq (https://github.com/mikefarah/yq/) version v4.44.3\n');
    return 0;
  }
  if (words.bad !== undefined)
    return fail(
      process,
      words.bad.startsWith('--')
        ? `unknown flag: ${words.bad}`
        : `unknown shorthand flag: '${words.bad.slice(1, 2)}' in ${words.bad}`,
    );
  let exit = 0;
  for (const file of words.files.length > 0 ? words.files : ['-']) {
    const path = resolvePath(process.cwd, file);
    const found = words.isNullInput
      ? { content: 'null' }
      : file === '-'
        ? { content: await process.stdin.readAll(process.sys) }
        : process.machine.files.read(path);
    if ('error' in found)
      exit = await fail(process, `open ${file}: ${failureText(found.error).toLowerCase()}`);
    else exit = Math.max(exit, await runOn(process, words, path, found.content));
  }
  return exit;
};

async function fail(process: Process, message: string): Promise<number> {
  await process.err(`Error: ${message}\n`);
  return 1;
}

/** The document's value; undefined when its aliases would grow without bound. */
function plainOf(document: {
  toJS(options: { maxAliasCount: number }): unknown;
}): { readonly plain: unknown } | undefined {
  try {
    return { plain: document.toJS({ maxAliasCount: LIMITS.yamlAliasesMax }) };
  } catch (error) {
    if (error instanceof ReferenceError) return undefined;
    throw error;
  }
}

/** What mikefarah's yq calls by other names than jq. */
const DEFINITIONS = `def upcase: ascii_upcase; def downcase: ascii_downcase; def trim: sub("^\\\\s+"; "") | sub("\\\\s+$"; "");
def tag: type as $t | if $t == "object" then "!!map" elif $t == "array" then "!!seq" elif $t == "string" then "!!str"
  elif $t == "boolean" then "!!bool" elif $t == "null" then "!!null" elif . == floor then "!!int" else "!!float" end;
def kind: type as $t | if $t == "object" then "map" elif $t == "array" then "seq" else "scalar" end;
def explode(f): f; def split_doc: .; def with(p; f): p |= f; def line_comment: ""; def to_number: tonumber; def to_string: tostring;
def pick(ks): if type == "array" then [.[ks[]]] else with_entries(select(.key as $k | ks | index([$k]) != null)) end;
def omit(ks): with_entries(select(.key as $k | ks | index([$k]) == null)); def to_json: tojson; def from_json: fromjson; def sort_keys(f): f; `;

/** An expression of yq in jq's words; texts in quotes stay as they are. */
function translated(expression: string): string {
  const pieces = expression.split(/("(?:[^"\\]|\\.)*")/);
  const plain = pieces
    .map((piece, index) =>
      index % 2 === 1
        ? piece
        : piece
            .replace(/\[\](?!\?)/g, (_all, at: number) =>
              /[.\w\])]$/.test(piece.slice(0, at)) ? '[]?' : '[]',
            )
            .replace(/\b(?:str)?env\((\w+)\)/g, '$ENV.$1')
            .replace(/\b(document_index|di)\b/g, '$$__document')
            .replace(/\btype\b/g, 'tag')
            .replace(/\.\[/g, '['.length === 1 ? '.[' : ''),
    )
    .join('');
  const reduce = /^\s*\.\s+as\s+(\$\w+)\s+ireduce\s*(\([\s\S]*\))\s*$/.exec(plain);
  if (reduce !== null) return `reduce .[] as ${reduce[1] ?? ''} ${reduce[2] ?? ''}`;
  return commasToSemicolons(plain.replace(/(^|[^.\w\])?])\.\[/g, '$1.['));
}

/** `sub(a, b)` has its arguments apart by a comma in yq. */
function commasToSemicolons(text: string): string {
  return text.replace(/\b(sub|test|match|capture)\(("(?:[^"\\]|\\.)*")\s*,\s*/g, '$1($2; ');
}

type Source = { readonly value: Value; readonly root: unknown; readonly index: number };

async function runOn(process: Process, words: Words, path: string, text: string): Promise<number> {
  const documents = parseAllDocuments(text).slice(0, LIMITS.yamlDocumentsMax);
  const name = path === '/-' ? '-' : path;
  const sources: Source[] = [];
  for (const [index, document] of documents.entries()) {
    const [error] = document.errors;
    if (error !== undefined)
      return fail(process, `bad file '${name}': yaml: ${error.message.split('\n')[0] ?? ''}`);
    const value = plainOf(document);
    if (value === undefined)
      return fail(process, `bad file '${name}': yaml: document contains excessive aliasing`);
    sources.push({
      value: fromPlain(value.plain),
      root: words.isJsonInput ? undefined : document.contents,
      index,
    });
  }
  const expression = translated(words.expression);
  const isReduced = expression.startsWith('reduce .[] as');
  const together: Source[] = [{ value: sources.map((source) => source.value), root: undefined, index: 0 }];
  const list = /^\s*\[([\s\S]*)\]\s*$/.exec(expression);
  const isWhole = words.isTogether && (isReduced || list !== null);
  const used = isWhole && list !== null ? `[.[] | ${list[1] ?? '.'}]` : expression;
  const shown: string[] = [];
  let last: Value | undefined;
  try {
    for (const source of isWhole ? together : sources) {
      for (const { value, node } of resultsOf(process, used, source)) {
        last = value;
        shown.push(show(words, value, node));
      }
    }
  } catch (error) {
    if (error instanceof FilterFailure)
      return fail(
        process,
        /\[[^\]]*$/.test(words.expression)
          ? 'bad expression, could not find matching `]`'
          : `invalid input text "${words.expression}"`,
      );
    if (error instanceof JqFailure) return fail(process, error.message);
    throw error;
  }
  const out = shown.join(
    words.output === 'yaml' && sources.length > 1 && !isWhole && words.expression !== 'split_doc'
      ? '---\n'
      : '',
  );
  if (words.isInPlace) process.machine.files.write(path, out, process.sys.nowMs());
  else await process.out(out);
  if (words.setsExit && (last === undefined || last === null || last === false))
    return fail(process, 'no matches found');
  return 0;
}

/** The results with the nodes they come from: by their paths where the expression has paths, else as a changed document. */
function resultsOf(process: Process, expression: string, source: Source): { value: Value; node: unknown }[] {
  const run = (): Run => ({
    env: process.env,
    nowMs: process.sys.nowMs(),
    nextInput: () => undefined,
    fuel: FUEL,
    messages: [],
  });
  const named = new Map<string, Value>([['__document', source.index]]);
  const { node, scope } = compile(DEFINITIONS + expression, { named, positional: [] });
  try {
    const found = [...evaluate(node, scope, { value: source.value, path: [] }, run())];
    return found.map(({ value, path }) => ({
      value,
      node:
        path !== undefined
          ? nodeAt(source.root, path)
          : isChanged(source.value, value)
            ? source.root
            : undefined,
    }));
  } catch (error) {
    if (!(error instanceof JqFailure)) throw error;
  }
  const found = [...evaluate(node, scope, { value: source.value, path: undefined }, run())];
  return found.map(({ value }) => ({
    value,
    node: isChanged(source.value, value) ? source.root : undefined,
  }));
}

/** Whether a result looks like the document with something changed, so that its comments belong to it. */
function isChanged(before: Value, after: Value): boolean {
  if (!isObject(before) || !isObject(after)) return false;
  const keys = Object.keys(toPlain(before) as object);
  const kept = Object.keys(toPlain(after) as object).filter((key) => keys.includes(key));
  return kept.length > 0 && kept.length * 2 >= keys.length;
}

function nodeAt(root: unknown, path: readonly Value[]): unknown {
  let at = root;
  for (const step of path) {
    if ((isMap(at) || isSeq(at)) && (typeof step === 'string' || typeof step === 'number'))
      at = at.get(step, true);
    else return undefined;
  }
  return at;
}

/** Puts a value into a node of the parsed text: what stays the same keeps its comments and style. */
function merged(node: unknown, value: unknown): unknown {
  if (isMap(node) && typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const wanted = new Map(Object.entries(value));
    node.items = node.items.filter((pair) =>
      wanted.has(String(isScalar(pair.key) ? pair.key.value : pair.key)),
    );
    for (const [key, one] of wanted) {
      const known = node.get(key, true);
      const put = known === undefined ? one : merged(known, one);
      if (put !== known) node.set(key, put);
    }
    return node;
  }
  if (isSeq(node) && Array.isArray(value)) {
    node.items = value.map((one, index) =>
      index < node.items.length ? merged(node.items[index], one) : new Document(one).contents,
    );
    return node;
  }
  if (isScalar(node) && (typeof value !== 'object' || value === null)) {
    if (node.value !== value) node.value = value;
    return node;
  }
  return new Document(value).contents;
}

function withComments(words: Words, value: Value, node: unknown): string | undefined {
  if (!isNode(node) || !(isMap(node) || isSeq(node))) return undefined;
  const document = new Document();
  document.contents = merged(node.clone(), toPlain(value)) as Node as never;
  return document.toString({ indent: Math.max(2, words.indent), lineWidth: 0 });
}

function show(words: Words, value: Value, node: unknown): string {
  if (words.output === 'json')
    return `${printJson(value, { indent: ' '.repeat(words.indent), sortsKeys: false, isColored: false, isAscii: false })}\n`;
  if (typeof value === 'string') return `${value}\n`;
  if (isArray(value) || isObject(value))
    return (
      withComments(words, value, node) ??
      stringify(toPlain(value), { indent: Math.max(2, words.indent), lineWidth: 0 })
    );
  return `${printJson(value)}\n`;
}
