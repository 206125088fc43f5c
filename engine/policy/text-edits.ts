import type { Node, Pair, YAMLMap, YAMLSeq } from 'yaml';
import { isMap, isNode, isScalar, isSeq, lineCounter } from '../base/yaml.ts';
import { canonicalJson } from '../base/json.ts';
import { excessOf, parseYaml, readDocument } from './documents.ts';
import { applyEdit, type Edit, isRecord, type Path } from './edits.ts';

/** A change of a text: the characters from `start` up to `end` give way to `text`. */
export type TextEdit = { readonly start: number; readonly end: number; readonly text: string };

/** The text after a change. */
export function applyTextEdit(text: string, { start, end, text: put }: TextEdit): string {
  return text.slice(0, start) + put + text.slice(end);
}

/**
 * The smallest change of a document's text that makes an edit: comments and layout of the rest stay. It is tried: what the
 * changed text says is what the edit asks for. Undefined where the text cannot be changed in one place (anchors, texts over
 * several lines) or does not hold what the edit is about.
 */
export function textEdit(text: string, edit: Edit): TextEdit | undefined {
  const before = readDocument(text, 'refuse');
  if ('error' in before || excessOf(text)) return undefined;
  const wanted = applyEdit(before.value, edit);
  if (wanted === undefined) return undefined;
  const root = parseYaml(text, lineCounter()).contents;
  const made = changeOf(text, root, edit);
  if (made === undefined) return undefined;
  const after = readDocument(applyTextEdit(text, made), 'refuse');
  return !('error' in after) && canonicalJson(after.value) === canonicalJson(wanted) ? made : undefined;
}

function changeOf(text: string, root: Node | null, edit: Edit): TextEdit | undefined {
  const last = edit.path.at(-1);
  const holder = nodeAt(root, edit.path.slice(0, -1));
  if (edit.kind === 'join')
    return isSeq(holder) && typeof last === 'number' ? joined(text, holder, last) : undefined;
  if (isMap(holder) && typeof last === 'string') {
    const pair = holder.items.find((each) => keyText(each) === last);
    if (edit.kind === 'remove') return pair && removedPair(text, root, edit.path, holder, pair);
    return pair ? replacedValue(text, pair, edit.value) : addedPair(text, holder, last, edit.value);
  }
  if (isSeq(holder) && typeof last === 'number') {
    if (edit.kind === 'remove') return removedItem(text, root, edit.path, holder, last);
    const item = holder.items[last];
    if (item === undefined) return addedItem(text, root, edit.path, holder, edit.value);
    return isNode(item)
      ? { start: startOf(item), end: endOf(text, item), text: inline(edit.value, item) }
      : undefined;
  }
  return undefined;
}

function nodeAt(root: Node | null, path: Path): Node | null {
  let node: Node | null = root;
  for (const step of path) {
    let next: unknown;
    if (isMap(node)) next = node.items.find((each) => keyText(each) === step)?.value;
    else if (isSeq(node) && typeof step === 'number') next = node.items[step];
    if (!isNode(next)) return null;
    node = next;
  }
  return node;
}

function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : '';
}

function startOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

/** Where a value ends, without blanks and line breaks that follow it. */
function endOf(text: string, node: unknown): number {
  let end = isNode(node) ? (node.range?.[1] ?? 0) : 0;
  while (end > 0 && /\s/.test(text[end - 1] ?? '')) end--;
  return end;
}

function endOfPair(text: string, { key, value }: Pair): number {
  const end = endOf(text, value);
  if (isNode(value) && end > startOf(value)) return end;
  // A key without a value ends at its colon.
  const colon = text.indexOf(':', isNode(key) ? (key.range?.[1] ?? 0) : 0);
  return colon + 1;
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

function columnOf(text: string, at: number): number {
  return at - lineStart(text, at);
}

/** Takes a span that is whole lines out with one of its line breaks; other spans are cut out as they are. */
function cutLines(text: string, start: number, end: number): TextEdit | undefined {
  const from = lineStart(text, start);
  if (text.slice(from, start).trim() !== '') return undefined;
  const to = lineEnd(text, end);
  return to < text.length
    ? { start: from, end: to + 1, text: '' }
    : { start: Math.max(0, from - 1), end: to, text: '' };
}

function replacedValue(text: string, pair: Pair, value: unknown): TextEdit | undefined {
  const start = isNode(pair.key) ? (pair.key.range?.[1] ?? 0) : 0;
  if (isScalar(pair.value) && startOf(pair.value) < endOf(text, pair.value)) {
    return { start: startOf(pair.value), end: endOf(text, pair.value), text: inline(value, pair.value) };
  }
  const end = endOfPair(text, pair);
  return { start: text.indexOf(':', start) + 1, end, text: ` ${inline(value, undefined)}` };
}

function addedPair(text: string, map: YAMLMap, key: string, value: unknown): TextEdit | undefined {
  const name = inline(key, undefined);
  const last = map.items.at(-1);
  if (last === undefined) {
    const at = startOf(map);
    return { start: at, end: endOf(text, map), text: `{${name}: ${inline(value, undefined)}}` };
  }
  const at = endOfPair(text, last);
  if (map.flow === true) return { start: at, end: at, text: `, ${name}: ${inline(value, undefined)}` };
  const indent = ' '.repeat(columnOf(text, startOf(map.items[0]?.key)));
  const end = lineEnd(text, at);
  return { start: end, end, text: `\n${indent}${name}:${block(value, indent)}` };
}

function removedPair(
  text: string,
  root: Node | null,
  path: Path,
  map: YAMLMap,
  pair: Pair,
): TextEdit | undefined {
  if (map.items.length === 1) return emptied(text, root, path.slice(0, -1), '{}');
  const i = map.items.indexOf(pair);
  const next = map.items[i + 1];
  const before = map.items[i - 1];
  const start = startOf(pair.key);
  if (map.flow !== true) {
    const lines = cutLines(text, start, endOfPair(text, pair));
    if (lines) return lines;
  }
  if (next) return { start, end: startOf(next.key), text: '' };
  return before && { start: endOfPair(text, before), end: endOfPair(text, pair), text: '' };
}

/** A mapping or list that loses its only part stays, as `{}` or `[]`. */
function emptied(text: string, root: Node | null, path: Path, empty: string): TextEdit | undefined {
  const last = path.at(-1);
  const holder = nodeAt(root, path.slice(0, -1));
  if (isMap(holder)) {
    const pair = holder.items.find((each) => keyText(each) === last);
    const start = isNode(pair?.key) ? (pair.key.range?.[1] ?? 0) : 0;
    return pair && { start: text.indexOf(':', start) + 1, end: endOfPair(text, pair), text: ` ${empty}` };
  }
  const item = isSeq(holder) && typeof last === 'number' ? holder.items[last] : undefined;
  return isNode(item) ? { start: startOf(item), end: endOf(text, item), text: empty } : undefined;
}

function removedItem(
  text: string,
  root: Node | null,
  path: Path,
  list: YAMLSeq,
  i: number,
): TextEdit | undefined {
  const item = list.items[i];
  if (!isNode(item)) return undefined;
  if (list.items.length === 1) return emptied(text, root, path.slice(0, -1), '[]');
  if (list.flow !== true) {
    const dash = dashOf(text, item);
    return dash === undefined ? undefined : cutLines(text, dash, endOf(text, item));
  }
  const next = list.items[i + 1];
  if (next) return { start: startOf(item), end: startOf(next), text: '' };
  return { start: endOf(text, list.items[i - 1]), end: endOf(text, item), text: '' };
}

/** The dash of a list's item; undefined when something else stands between. */
function dashOf(text: string, item: Node): number | undefined {
  const dash = text.lastIndexOf('-', startOf(item) - 1);
  return dash >= 0 && text.slice(dash + 1, startOf(item)).trim() === '' ? dash : undefined;
}

function addedItem(
  text: string,
  root: Node | null,
  path: Path,
  list: YAMLSeq,
  value: unknown,
): TextEdit | undefined {
  const last = list.items.at(-1);
  if (last === undefined) return emptied(text, root, path.slice(0, -1), `[${inline(value, undefined)}]`);
  const at = endOf(text, last);
  if (list.flow === true) return { start: at, end: at, text: `, ${inline(value, undefined)}` };
  const first = list.items[0];
  const dash = isNode(first) ? dashOf(text, first) : undefined;
  if (dash === undefined) return undefined;
  const indent = ' '.repeat(columnOf(text, dash));
  const end = lineEnd(text, at);
  return { start: end, end, text: `\n${indent}- ${block(value, indent).trimStart()}` };
}

function joined(text: string, list: YAMLSeq, i: number): TextEdit | undefined {
  const item = list.items[i];
  const next = list.items[i + 1];
  if (!isMap(item) || !isMap(next)) return undefined;
  if (list.flow === true || item.flow === true) {
    if (list.flow !== true || item.flow !== true || next.flow !== true) return undefined;
    return { start: endOf(text, item) - 1, end: startOf(next) + 1, text: ', ' };
  }
  const dash = dashOf(text, next);
  return dash === undefined ? undefined : { start: dash, end: dash + 1, text: ' ' };
}

/** A value behind its key or dash: mappings and lists of mappings on lines of their own. */
function block(value: unknown, indent: string): string {
  if (isRecord(value) && Object.keys(value).length > 0) {
    const inner = `${indent}  `;
    return Object.entries(value)
      .map(([key, member]) => `\n${inner}${inline(key, undefined)}:${block(member, inner)}`)
      .join('');
  }
  return ` ${inline(value, undefined)}`;
}

/** Words that YAML takes for something else than a text. */
const NO_TEXT = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

/** A value on one line, in the quotes of what it stands for. */
function inline(value: unknown, before: Node | undefined): string {
  if (typeof value === 'string') {
    if (isScalar(before) && before.type === 'QUOTE_SINGLE' && /^[^'\n]*$/.test(value)) return `'${value}'`;
    const isPlain = /^[A-Za-z/][\w./-]*$/.test(value) && !NO_TEXT.test(value);
    return isPlain && (!isScalar(before) || before.type === 'PLAIN') ? value : JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => inline(item, undefined)).join(', ')}]`;
  if (isRecord(value)) {
    const members = Object.entries(value).map(
      ([key, member]) => `${inline(key, undefined)}: ${inline(member, undefined)}`,
    );
    return `{${members.join(', ')}}`;
  }
  return String(value);
}
