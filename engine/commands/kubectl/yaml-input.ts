import type { Json } from '../../base/json.ts';
import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, Node, YAMLError } from 'yaml';
import { CommandError } from './errors.ts';

/** One document of a stream: its value, or why it could not be read (without the file's name). */
export type InputDocument = { readonly value: Json } | { readonly error: string };

/** Aliases that one document may expand, and nodes that come of them. */
const ALIASES_MAX = 100;
const NODES_MAX = 200_000;
/** Characters that begin or part things in a document; the largest CRDs have a tenth of it. More would take seconds to read. */
const MARKS_MAX = 100_000;
/** Nesting of a document; the deepest CRDs have thirty levels. */
const DEPTH_MAX = 1_000;

/**
 * Reads a stream the way kubectl does: JSON when the first character is `{`, else YAML 1.1 documents split at `---`.
 * Empty documents are left out; a fault ends the stream.
 */
export function readDocuments(text: string): readonly InputDocument[] {
  const clean = text.replace(/^\ufeff/, '');
  return /^\s*\{/.test(clean) ? jsonDocuments(clean) : yamlDocuments(clean);
}

function jsonDocuments(text: string): readonly InputDocument[] {
  const out: InputDocument[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const end = jsonEnd(rest);
    const piece = end === undefined ? rest : rest.slice(0, end);
    try {
      out.push({ value: safeJson(JSON.parse(piece) as unknown) });
    } catch {
      // kubectl falls back to YAML, of which JSON is a part, when the text is whole.
      const asYaml = end === undefined ? undefined : yamlDocuments(piece)[0];
      if (asYaml !== undefined && 'value' in asYaml) out.push(asYaml);
      else
        return [
          ...out,
          { error: end === undefined ? 'unexpected EOF' : 'json: line 1: invalid character in object' },
        ];
    }
    rest = end === undefined ? '' : rest.slice(end).trim();
  }
  return out;
}

function jsonEnd(text: string): number | undefined {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isText) {
      if (character === '\\') at++;
      else if (character === '"') isText = false;
    } else if (character === '"') isText = true;
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') {
      depth--;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}

/** JSON without members that could reach a prototype. */
function safeJson(value: unknown): Json {
  if (Array.isArray(value)) return value.map(safeJson);
  if (typeof value === 'object' && value !== null) {
    const out: Record<string, Json> = {};
    for (const [key, member] of Object.entries(value)) setOwn(out, key, safeJson(member));
    return out;
  }
  return value as Json;
}

function setOwn(target: Record<string, Json>, key: string, value: Json): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function yamlDocuments(text: string): readonly InputDocument[] {
  const out: InputDocument[] = [];
  for (const part of splitDocuments(text)) {
    const unreadable = unreadableFault(part);
    if (unreadable !== undefined)
      return [...out, { error: `error converting YAML to JSON: yaml: ${unreadable}` }];
    const document = parseDocument(part, {
      schema: 'failsafe',
      uniqueKeys: false,
      strict: true,
      prettyErrors: false,
      logLevel: 'silent',
    });
    const [fault] = document.errors;
    if (fault !== undefined)
      return [
        ...out,
        { error: `error converting YAML to JSON: yaml: ${goYamlFault(part, widestFault(document, fault))}` },
      ];
    try {
      const value = nodeValue(document.contents as Node | null, document, { aliases: 0, nodes: 0 });
      if (value !== null) out.push({ value });
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return [...out, { error: `error converting YAML to JSON: yaml: ${error.message}` }];
    }
  }
  return out;
}

/** Why a document is not parsed at all: characters that are no text, too much in it, too deep; undefined: it is. */
export function unreadableFault(part: string): string | undefined {
  return unreadableText(part) ?? excessOf(part);
}

/** What go-yaml's reader says of characters that are no text (yaml.v2 readerc.go), as in a binary file. */
function unreadableText(part: string): string | undefined {
  for (const character of part) {
    const code = character.codePointAt(0) ?? 0;
    // A byte that is no UTF-8 came in as the replacement character.
    if (code === 0xfffd) return 'invalid leading UTF-8 octet';
    const isText =
      code === 0x09 ||
      code === 0x0a ||
      code === 0x0d ||
      code === 0x85 ||
      code >= 0xa0 ||
      (code >= 0x20 && code < 0x7f);
    if (!isText || code === 0xfffe || code === 0xffff) return 'control characters are not allowed';
  }
  return undefined;
}

/** Why a text is not even tried: what is in it or its nesting, with the line where it is too much. */
function excessOf(part: string): string | undefined {
  let marks = 0;
  let depth = 0;
  let line = 1;
  for (const [mark] of part.matchAll(/[,:\n[\]{}&*!?]/g)) {
    if (mark === '\n') line++;
    else if (mark === '[' || mark === '{') depth++;
    else if (mark === ']' || mark === '}') depth = Math.max(0, depth - 1);
    if (depth > DEPTH_MAX) return `line ${line}: exceeded max depth of ${DEPTH_MAX}`;
    if (++marks > MARKS_MAX)
      return `line ${line}: document is too large: it has more than ${MARKS_MAX} parts`;
  }
  const deep = part.split('\n').findIndex((each) => (/^[ ?-]*/.exec(each)?.[0].length ?? 0) > DEPTH_MAX);
  return deep < 0 ? undefined : `line ${deep + 1}: exceeded max depth of ${DEPTH_MAX}`;
}

/** Parts between lines that begin with `---`. */
function splitDocuments(text: string): readonly string[] {
  const parts: string[] = [];
  let current: string[] = [];
  for (const line of text.replace(/\r\n/g, '\n').split('\n')) {
    if (/^---(\s|$)/.test(line)) {
      parts.push(current.join('\n'));
      const rest = line.slice(3).trim();
      current = rest === '' || rest.startsWith('#') ? [] : [rest];
    } else current.push(line);
  }
  return [...parts, current.join('\n')];
}

type Budget = { aliases: number; nodes: number };

function nodeValue(node: Node | null | undefined, document: Document, budget: Budget): Json {
  if (++budget.nodes > NODES_MAX) throw new CommandError('document contains excessive aliasing');
  if (node === null || node === undefined) return null;
  if (isAlias(node)) {
    const target = node.resolve(document);
    if (target === undefined) throw new CommandError(`unknown anchor '${node.source}' referenced`);
    if (++budget.aliases > ALIASES_MAX) throw new CommandError('document contains excessive aliasing');
    return nodeValue(target as Node, document, budget);
  }
  if (isSeq(node)) return node.items.map((item) => nodeValue(item as Node, document, budget));
  if (isMap(node)) return mapOf(node.items as { key: unknown; value: unknown }[], document, budget);
  if (!isScalar(node)) return null;
  const text = typeof node.value === 'string' ? node.value : '';
  const isPlain = node.type === 'PLAIN' || node.type === undefined;
  if (node.tag === '!!str' || node.tag === 'tag:yaml.org,2002:str') return text;
  return isPlain ? plainValue(text) : text;
}

function mapOf(items: readonly { key: unknown; value: unknown }[], document: Document, budget: Budget): Json {
  const out: Record<string, Json> = {};
  for (const pair of items) {
    const isMerge = isScalar(pair.key) && pair.key.value === '<<' && pair.key.type === 'PLAIN';
    const value = nodeValue(pair.value as Node, document, budget);
    if (isMerge) {
      for (const source of Array.isArray(value) ? (value as Json[]) : [value]) {
        if (typeof source !== 'object' || source === null || Array.isArray(source))
          throw new CommandError('map merge requires map or sequence of maps as the value');
        for (const [key, member] of Object.entries(source))
          if (!Object.hasOwn(out, key)) setOwn(out, key, member as Json);
      }
      continue;
    }
    const key = nodeValue(pair.key as Node, document, budget);
    setOwn(out, typeof key === 'string' ? key : String(key), value);
  }
  return out;
}

const TRUE = /^(y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE)$/;
const FALSE = /^(n|N|no|No|NO|off|Off|OFF|false|False|FALSE)$/;

/** What YAML 1.1 makes of an unquoted word (go-yaml v2's resolve). */
export function plainValue(text: string): Json {
  if (text === '' || text === '~' || /^(null|Null|NULL)$/.test(text)) return null;
  if (TRUE.test(text)) return true;
  if (FALSE.test(text)) return false;
  const first = text[0] ?? '';
  if (!/[-+.\d]/.test(first)) return text;
  const plain = text.replace(/_/g, '');
  if (/^[-+]?(0|[1-9]\d*)$/.test(plain)) return Number(plain);
  const sign = plain.startsWith('-') ? -1 : 1;
  const bare = plain.replace(/^[-+]/, '');
  if (/^0b[01]+$/.test(bare)) return sign * Number.parseInt(bare.slice(2), 2);
  if (/^0x[0-9a-fA-F]+$/.test(bare)) return sign * Number.parseInt(bare.slice(2), 16);
  if (/^0o?[0-7]+$/.test(bare)) return sign * Number.parseInt(bare.replace(/^0o?/, ''), 8);
  if (/^(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/.test(bare)) return sign * Number(bare);
  return text;
}

/** A key over several lines is found twice by the parser; go-yaml finds it where it ends. */
function widestFault(
  document: Document.Parsed | { readonly errors: readonly YAMLError[] },
  fault: YAMLError,
): YAMLError {
  return (
    document.errors.find((one) => one.code === 'MULTILINE_IMPLICIT_KEY' && one.pos[0] === fault.pos[0]) ??
    fault
  );
}

/** The words of go-yaml for a fault that the parser found, with its line (counted from 1 in the document). */
export function goYamlFault(text: string, fault: YAMLError): string {
  const before = text.slice(0, fault.pos[0]);
  const line = before.split('\n').length;
  const here = text.slice(fault.pos[0]);
  // go-yaml counts the lines of its parser's faults (`did not find expected …`) from 0, those of its scanner from 1.
  const words = (at: number, what: string): string => {
    const shown = what.startsWith('did not find expected') ? at - 1 : at;
    return shown <= 0 ? what : `line ${shown}: ${what}`;
  };
  switch (fault.code) {
    case 'TAB_AS_INDENT':
      return words(line, 'found character that cannot start any token');
    case 'BLOCK_AS_IMPLICIT_KEY':
      return words(line, 'mapping values are not allowed in this context');
    case 'MULTILINE_IMPLICIT_KEY':
      return words(
        text.slice(0, fault.pos[1]).split('\n').length,
        'mapping values are not allowed in this context',
      );
    case 'MISSING_CHAR':
      if (/quote/.test(fault.message))
        return words(text.split('\n').length, 'found unexpected end of stream');
      if (/implicit map key|Implicit keys/.test(fault.message))
        return words(line + 1, "could not find expected ':'");
      if (/flow (map|collection)|\}|\]/.test(fault.message))
        return words(
          line,
          /\]/.test(fault.message) ? "did not find expected ',' or ']'" : "did not find expected ',' or '}'",
        );
      return words(line, 'did not find expected key');
    case 'BAD_INDENT':
      if (/flow/i.test(fault.message)) return words(line, "did not find expected ',' or '}'");
      return words(
        line,
        here.trimStart().startsWith('-')
          ? "did not find expected '-' indicator"
          : 'did not find expected key',
      );
    case 'BAD_ALIAS':
      return words(line, 'did not find expected alphabetic or numeric character');
    case 'UNEXPECTED_TOKEN':
      if (/^[@`%]/.test(here)) return words(line, 'found character that cannot start any token');
      return words(line, 'did not find expected key');
    default:
      return words(line, 'did not find expected key');
  }
}
