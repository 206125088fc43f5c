import type { LineCounter, Node, Pair } from 'yaml';
import { isMap, isNode, isScalar, isSeq, lineCounter } from '../base/yaml.ts';
import { isJsonObject } from '../base/json.ts';
import { excessOf, parseYaml, readDocument, splitDocuments } from './documents.ts';
import type { Edit } from './edits.ts';
import type { RuleRef } from './model.ts';
import { applyTextEdit, textEdit } from './text-edits.ts';

/** A place in a text: line and column count from 1. */
export type Position = { readonly line: number; readonly column: number };

/** A place and the file that it is in. */
export type Place = Position & { readonly file: string };

/** Where a text begins in its file: lines above it, and columns that stand before each of its lines. */
export type Offset = { readonly lines: number; readonly columns: number };

/**
 * A change of a file's text: what stands from `line`/`column` up to `endLine`/`endColumn` (which is not in it) gives way to
 * `text`. `removed` and `added` are the whole lines that differ, as a diff shows them.
 */
export type TextChange = Place & {
  readonly endLine: number;
  readonly endColumn: number;
  readonly text: string;
  readonly removed: readonly string[];
  readonly added: readonly string[];
};

/** A change of a document's text and what the document then says. */
export type ChangedDocument = { readonly change: TextChange; readonly value: unknown };

/** The text of one policy document and where it stands. */
type SourceDocument = {
  readonly text: string;
  readonly root: Node | null;
  readonly lines: LineCounter;
  readonly firstLine: number;
};

/**
 * A YAML text with the positions of what is in it. Reading never fails: a broken document has the positions of the part
 * that could be read.
 */
export class PolicySource {
  readonly file: string;
  readonly #offset: Offset;
  readonly #documents: readonly SourceDocument[];

  /** @param offset Where `text` stands in the file; at its begin unless told. */
  constructor(text: string, file = '', offset: Offset = { lines: 0, columns: 0 }) {
    this.file = file;
    this.#offset = offset;
    this.#documents = splitDocuments(text).map((document) => {
      const lines = lineCounter();
      return {
        text: document.text,
        root: rootOf(document.text, lines),
        lines,
        firstLine: document.firstLine,
      };
    });
  }

  /** How many documents there are. */
  get count(): number {
    return this.#documents.length;
  }

  /** The index of the document that holds the policy a reference names; undefined when none does. */
  documentOf(ref: RuleRef, defaultNamespace = 'default'): number | undefined {
    const found = this.#documents.findIndex(({ root }) => {
      const value: unknown = isNode(root) ? toPlain(root) : null;
      if (!isJsonObject(value) || value['kind'] !== ref.policyKind || !isJsonObject(value['metadata']))
        return false;
      const metadata = value['metadata'];
      if (metadata['name'] !== ref.name) return false;
      return ref.namespace === '' || (metadata['namespace'] ?? defaultNamespace) === ref.namespace;
    });
    return found < 0 ? undefined : found;
  }

  /**
   * Where a path leads in a document: the key of a member, the start of a list's item. A path that goes on beyond what
   * is there gives the last place that is; undefined for an unknown document.
   */
  locate(document: number, path: readonly (string | number)[]): Position | undefined {
    const source = this.#documents[document];
    if (!source) return undefined;
    let node: Node | null = source.root;
    let offset = startOf(node);
    for (const step of path) {
      const next = stepInto(node, step);
      if (!next) break;
      node = next.node;
      offset = next.offset;
    }
    const at = source.lines.linePos(offset);
    return this.absolute(document, { line: Math.max(1, at.line), column: Math.max(1, at.col) });
  }

  /** A place in the text of one document as a place in the file; undefined for an unknown document. */
  absolute(document: number, { line, column }: Position): Position | undefined {
    const source = this.#documents[document];
    if (!source) return undefined;
    const { lines, columns } = this.#offset;
    return { line: line + source.firstLine - 1 + lines, column: column + columns };
  }

  /**
   * The smallest change of the text that makes an edit in a document, and what the document then says; undefined for an
   * unknown document, and where the text cannot be changed in one place.
   */
  change(document: number, edit: Edit): ChangedDocument | undefined {
    const source = this.#documents[document];
    const made = source && textEdit(source.text, edit);
    if (!source || !made) return undefined;
    const at = (offset: number): Position => {
      const above = source.text.slice(0, offset).split('\n');
      return { line: above.length, column: (above.at(-1)?.length ?? 0) + 1 };
    };
    const start = this.absolute(document, at(made.start));
    const end = this.absolute(document, at(made.end));
    if (!start || !end) return undefined;
    const margin = ' '.repeat(this.#offset.columns);
    const after = applyTextEdit(source.text, made);
    const read = readDocument(after, 'refuse');
    const change = {
      ...start,
      file: this.file,
      endLine: end.line,
      endColumn: end.column,
      text: made.text.replaceAll('\n', `\n${margin}`),
      ...difference(source.text.split('\n'), after.split('\n')),
    };
    return 'error' in read ? undefined : { change, value: read.value };
  }
}

/** The lines between what two texts begin and end with in common. */
function difference(before: readonly string[], after: readonly string[]) {
  let head = 0;
  while (head < Math.min(before.length, after.length) && before[head] === after[head]) head++;
  let tail = 0;
  while (
    tail < Math.min(before.length, after.length) - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  )
    tail++;
  return {
    removed: before.slice(head, before.length - tail),
    added: after.slice(head, after.length - tail),
  };
}

/**
 * Where the object of a refused document is wrong: the field that the refusal names, else the begin of the document.
 * @param document Index into the source's documents.
 */
export function placeOfRefusal(source: PolicySource, document: number, error: string): Place {
  const text = /\b(?:specs?|metadata)(?:\.[A-Za-z]\w*|\[\d+\])*/.exec(error)?.[0] ?? '';
  const path = [...text.matchAll(/\[(\d+)\]|(\w+)/g)].map(([, item, key]) => key ?? Number(item));
  const position = source.locate(document, path) ?? { line: 1, column: 1 };
  return { ...position, file: source.file };
}

/** The change of a text that makes an edit of a policy; of the first source that holds the policy. */
export function changeIn(
  sources: readonly PolicySource[],
  policy: Omit<RuleRef, 'path'>,
  edit: Edit,
): ChangedDocument | undefined {
  for (const source of sources) {
    const document = source.documentOf({ ...policy, path: edit.path });
    if (document !== undefined) return source.change(document, edit);
  }
  return undefined;
}

/** Where a rule, or any field, of a policy stands; the first source that holds the policy is taken. */
export function placeIn(sources: readonly PolicySource[], ref: RuleRef): Place | undefined {
  for (const source of sources) {
    const document = source.documentOf(ref);
    const position = document === undefined ? undefined : source.locate(document, ref.path);
    if (position) return { ...position, file: source.file };
  }
  return undefined;
}

function rootOf(text: string, lines: LineCounter): Node | null {
  if (excessOf(text)) return null;
  try {
    return parseYaml(text, lines).contents;
  } catch {
    return null;
  }
}

function toPlain(node: Node): unknown {
  if (isMap(node)) {
    return Object.fromEntries(
      node.items.map((pair) => [keyText(pair), isNode(pair.value) ? toPlain(pair.value) : null]),
    );
  }
  if (isSeq(node)) return node.items.map((item) => (isNode(item) ? toPlain(item) : null));
  return isScalar(node) ? node.value : null;
}

function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : '';
}

function startOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

function stepInto(
  node: Node | null,
  step: string | number,
): { readonly node: Node | null; readonly offset: number } | undefined {
  if (typeof step === 'number') {
    const item = isSeq(node) ? node.items[step] : undefined;
    return isNode(item) ? { node: item, offset: startOf(item) } : undefined;
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((each) => keyText(each) === step);
  return pair && { node: isNode(pair.value) ? pair.value : null, offset: startOf(pair.key) };
}
