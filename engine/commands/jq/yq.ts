import { parseAllDocuments, stringify } from 'yaml';
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
    bad: undefined,
  };
  const operands: string[] = [];
  const rest = [...argv.slice(1)];
  if (/^(e|eval|ea|eval-all)$/.test(rest[0] ?? '')) rest.shift();
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
    else if (
      name === '-r' ||
      name === '--unwrapScalar' ||
      name === '-P' ||
      name === '--prettyPrint' ||
      name === '-M' ||
      name === '-C'
    )
      words.isRaw = true;
    else if (name === '-p' || name === '--input-format') value();
    else if (name.startsWith('-') && name !== '-') words.bad = name;
    else operands.push(word);
  }
  const isExpression = (word: string): boolean =>
    /^[.(["'{]|^\w+\(|^(keys|length|select|del|to_entries|with_entries|sort_by)\b/.test(word) &&
    !/^\.{0,2}\/|^[\w./-]+\.(ya?ml|json)$/.test(word);
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

async function runOn(process: Process, words: Words, path: string, text: string): Promise<number> {
  const documents = parseAllDocuments(text).slice(0, LIMITS.yamlDocumentsMax);
  const values: Value[] = [];
  for (const document of documents) {
    const [error] = document.errors;
    if (error !== undefined)
      return fail(
        process,
        `bad file '${path === '/-' ? '-' : path}': yaml: ${error.message.split('\n')[0] ?? ''}`,
      );
    const value = plainOf(document);
    if (value === undefined)
      return fail(
        process,
        `bad file '${path === '/-' ? '-' : path}': yaml: document contains excessive aliasing`,
      );
    values.push(fromPlain(value.plain));
  }
  const run: Run = { env: process.env, nowMs: process.sys.nowMs(), nextInput: () => undefined, fuel: FUEL };
  const shown: string[] = [];
  try {
    const { node, scope } = compile(words.expression, { named: new Map(), positional: [] });
    for (const value of values)
      for (const item of evaluate(node, scope, { value, path: undefined }, run))
        shown.push(show(words, item.value));
  } catch (error) {
    if (error instanceof FilterFailure) return fail(process, `invalid input text "${words.expression}"`);
    if (error instanceof JqFailure) return fail(process, error.message);
    throw error;
  }
  const out = shown.join(words.output === 'yaml' && values.length > 1 ? '---\n' : '');
  if (words.isInPlace) process.machine.files.write(path, out, process.sys.nowMs());
  else await process.out(out);
  return 0;
}

function show(words: Words, value: Value): string {
  if (words.output === 'json')
    return `${printJson(value, { indent: ' '.repeat(words.indent), sortsKeys: false, isColored: false, isAscii: false })}\n`;
  if (typeof value === 'string') return `${value}\n`;
  if (isArray(value) || isObject(value))
    return stringify(toPlain(value), { indent: Math.max(2, words.indent), lineWidth: 0 });
  return `${printJson(value)}\n`;
}
