import type { Document, LineCounter, Scalar, ScalarTag } from 'yaml';
import { isMap, isScalar, isSeq, lineCounter, parseDocument } from '../base/yaml.ts';
import { LIMITS } from '../base/limits.ts';

/** One document of a YAML stream. `firstLine` is the line of its first character in the whole text, from 1. */
export type DocumentText = { readonly text: string; readonly firstLine: number };

/** A document read, or the reason why not in the words of Go's YAML reader, and where in the text (from 1). */
export type ReadDocument =
  | { readonly value: unknown }
  | { readonly error: string; readonly line: number; readonly column: number };

/** Nesting that a document may have; real policies stay below twenty. */
const DEPTH_MAX = 200;
/** Characters that begin or part things in a document: a list of 40,000 addresses fits. */
const MARKS_MAX = 50_000;
/** Characters of a text that need no look: no reader has trouble with that much nesting. */
const SHORT = 1_000;
const MARKS = /[,:\n[\]{}&*!?]/g;

/** What a reader makes of the text of a document. */
export type ReadOptions = {
  /** A document that is no policy but a whole world of them, such as a case file: twenty times as long. */
  readonly isWorld?: boolean;
};

/** A world may be this many times as long as a policy; ten thousand pods are. */
const WORLD_FACTOR = 20;

/** Characters that YAML does not have (yaml.v2 readerc.go). */
const CONTROL = /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** Splits a stream at lines of `---`, as the API machinery's reader does; blank and comment-only parts are left out. */
export function splitDocuments(stream: string): DocumentText[] {
  const parts: DocumentText[] = [];
  let lines: string[] = [];
  let firstLine = 1;
  const flush = (next: number) => {
    const text = lines.join('\n');
    if (lines.some((line) => line.trim() !== '' && !line.trimStart().startsWith('#')))
      parts.push({ text, firstLine });
    lines = [];
    firstLine = next;
  };
  for (const [i, line] of stream.split('\n').entries()) {
    if (/^---\s*$/.test(line)) flush(i + 2);
    else lines.push(line.endsWith('\r') ? line.slice(0, -1) : line);
  }
  flush(0);
  return parts;
}

/**
 * Reads one document into plain JSON values by the rules of YAML 1.1 that Kubernetes follows (`yes` and `n` are booleans).
 * It never throws, and its time is bounded: what is too long or nests too deep is refused before it is parsed.
 * @param duplicates What a key that stands twice means: an error, or the last one wins.
 */
export function readDocument(
  text: string,
  duplicates: 'refuse' | 'last',
  options: ReadOptions = {},
): ReadDocument {
  const excess = excessOf(text, options.isWorld === true ? WORLD_FACTOR : 1);
  if (excess) return excess;
  const quick = readJson(text);
  if (quick) return quick;
  const lines = lineCounter();
  const placed = (offset: number, message: (line: number) => string): ReadDocument => {
    const { line, col } = lines.linePos(offset);
    return { error: message(Math.max(1, line)), line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    const document = parseYaml(text, lines);
    const error = document.errors[0];
    const control = CONTROL.exec(text);
    if (control) return placed(control.index, () => 'yaml: control characters are not allowed');
    if (error) return placed(error.pos[0], (line) => `yaml: ${goFault(text, line, error)}`);
    const twice = duplicates === 'refuse' ? duplicateKey(document.contents) : undefined;
    if (twice) {
      const key = `key "${String(twice.value)}" already set in map`;
      return placed(twice.range?.[0] ?? 0, (line) => `yaml: unmarshal errors:\n  line ${line}: ${key}`);
    }
    return { value: document.toJS({ maxAliasCount: LIMITS.yamlAliasesMax }) };
  } catch (failure) {
    return placed(0, () => `yaml: ${failure instanceof Error ? failure.message : String(failure)}`);
  }
}

/** The document with the positions of its nodes. Keys that stand twice are no error here. */
export function parseYaml(text: string, lines: LineCounter): Document.Parsed {
  return parseDocument(text, {
    version: '1.2',
    merge: true,
    // The parser's own check compares every key with every other.
    uniqueKeys: false,
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
    customTags: (tags) => [...OLD_TAGS, ...tags],
  });
}

/** The first key, in the order of the text, that its mapping has already. */
function duplicateKey(node: unknown): Scalar | undefined {
  if (isSeq(node)) return firstOf(node.items, duplicateKey);
  if (!isMap(node)) return undefined;
  const seen = new Set<unknown>();
  return firstOf(node.items, ({ key, value }) => {
    if (isScalar(key)) {
      if (seen.has(key.value)) return key;
      if (key.value !== '<<') seen.add(key.value);
    }
    return duplicateKey(key) ?? duplicateKey(value);
  });
}

function firstOf<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Why a text is not even tried: its length, its number of things, or its nesting. */
export function excessOf(text: string, factor = 1): Extract<ReadDocument, { error: string }> | undefined {
  // Too short to be too deep.
  if (text.length <= SHORT) return undefined;
  const charactersMax = LIMITS.fileCharactersMax * factor;
  if (text.length > charactersMax) return tooMuch(1, 1, `it has more than ${charactersMax} characters`);
  const marksMax = MARKS_MAX * factor;
  let marks = 0;
  let depth = 0;
  let line = 1;
  let lineStart = 0;
  for (const { 0: mark, index } of text.matchAll(MARKS)) {
    if (++marks > marksMax) return tooMuch(line, index - lineStart + 1, `it has more than ${marksMax} parts`);
    if (mark === '[' || mark === '{') depth++;
    else if (mark === ']' || mark === '}') depth = Math.max(0, depth - 1);
    else if (mark === '\n') {
      line++;
      lineStart = index + 1;
    }
    if (depth > DEPTH_MAX) return tooMuch(line, index - lineStart + 1, NESTS);
  }
  const deep = text.split('\n').findIndex((each) => (/^[ ?-]*/.exec(each)?.[0].length ?? 0) > DEPTH_MAX);
  return deep < 0 ? undefined : tooMuch(deep + 1, DEPTH_MAX, NESTS);
}

const NESTS = `it nests deeper than ${DEPTH_MAX}`;

function tooMuch(line: number, column: number, why: string): Extract<ReadDocument, { error: string }> {
  return { error: `yaml: line ${line}: document is too large: ${why}`, line, column };
}

const OLD_TAGS: ScalarTag[] = [
  {
    tag: 'tag:yaml.org,2002:bool',
    default: true,
    test: /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/,
    resolve: (text) => /^(?:y|yes|on)$/i.test(text),
  },
  {
    // Go's reader drops underscores, and knows octal with a bare zero and binary (yaml.v2 resolve.go).
    tag: 'tag:yaml.org,2002:int',
    default: true,
    test: /^(?:[-+]_*)?(?:0_*b_*[01][01_]*|0_*x_*[\da-f][\da-f_]*|0[0-7_]*|0_*o[0-7_]*[0-7]_*|[1-9][\d_]*)$/i,
    resolve: (text) => {
      const digits = text.replace(/[-+_]/g, '');
      const size = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
      return text.startsWith('-') && size !== 0 ? -size : size;
    },
  },
  {
    tag: 'tag:yaml.org,2002:float',
    default: true,
    test: /^(?:[-+]_*)?(?:\._*\d[\d_]*|\d[\d_]*(?:\.[\d_]*)?)(?:e_*(?:[-+]_*)?\d[\d_]*)?$/i,
    resolve: (text) => Number(text.replaceAll('_', '')),
  },
];

/** JSON is YAML: minified JSON without repeated keys is read at once. */
function readJson(text: string): ReadDocument | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith('{') || !trimmed.endsWith('}') || trimmed.includes('__proto__')) return undefined;
  try {
    const value: unknown = JSON.parse(trimmed);
    return JSON.stringify(value) === trimmed ? { value } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A fault in the words of Go's YAML reader. It counts the lines of its parser's faults (`did not find expected …`) from 0,
 * those of its scanner from 1, and leaves out line 0 (yaml.v2 decode.go).
 */
function goFault(
  text: string,
  line: number,
  fault: { readonly code: string; readonly message: string; readonly pos: readonly [number, number] },
): string {
  const [what, at] = goWords(text, line, fault);
  const shown = what.startsWith('did not find expected') ? at - 1 : at;
  return shown <= 0 ? what : `line ${shown}: ${what}`;
}

function goWords(
  text: string,
  line: number,
  {
    code,
    message,
    pos,
  }: { readonly code: string; readonly message: string; readonly pos: readonly [number, number] },
): readonly [string, number] {
  if (code === 'MULTILINE_IMPLICIT_KEY')
    return ['mapping values are not allowed in this context', text.slice(0, pos[1]).split('\n').length];
  if (code === 'MISSING_CHAR' && /quote/.test(message))
    return ['found unexpected end of stream', text.split('\n').length];
  if (code === 'MISSING_CHAR' && /implicit/i.test(message)) return ["could not find expected ':'", line + 1];
  if (code === 'MISSING_CHAR' || (code === 'BAD_INDENT' && /flow/i.test(message)))
    return [`did not find expected ',' or '${/\]/.test(message) ? ']' : '}'}'`, line];
  if (code === 'BAD_INDENT' && text.slice(pos[0]).trimStart().startsWith('-'))
    return ["did not find expected '-' indicator", line];
  if (code === 'BAD_SCALAR_START') return ['found character that cannot start any token', line];
  return [GO_TEXTS[code] ?? 'did not find expected key', line];
}

const GO_TEXTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'found character that cannot start any token',
  BLOCK_AS_IMPLICIT_KEY: 'mapping values are not allowed in this context',
  UNEXPECTED_TOKEN: 'did not find expected node content',
  BAD_ALIAS: 'did not find expected alphabetic or numeric character',
  IMPOSSIBLE: 'did not find expected node content',
};
