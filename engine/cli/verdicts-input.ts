import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { byText } from '../base/order.ts';
import type { CaseReplacement, PolicyAnswer } from '../policy/case-run.ts';
import { type DocumentText, readDocument, splitDocuments } from '../policy/documents.ts';
import { type Offset, type Place, PolicySource, placeOfRefusal } from '../policy/positions.ts';
import type { CommandIo } from './ringfence.ts';

/** The document that an answer is about. */
type Origin = { readonly source: PolicySource; readonly index: number; readonly text: string };

/** Where the policies of a run come from: a text to answer with, and what is needed to name a line of it. */
export type PolicyInput = {
  /** Undefined: the policies that the case file itself holds. */
  readonly replacement?: CaseReplacement;
  /** All texts that hold policies, for lines and columns. */
  readonly sources: readonly PolicySource[];
  /** The documents in the order of their answers. */
  readonly origins: readonly Origin[];
  /** Kinds of the objects that were left alone, and how many. */
  readonly others: ReadonlyMap<string, number>;
};

/** Kinds that a run is about; other objects of a folder (Deployments, Services) are left alone. */
const POLICY_KINDS: readonly string[] = [
  'CiliumNetworkPolicy',
  'CiliumClusterwideNetworkPolicy',
  'NetworkPolicy',
  'ClusterNetworkPolicy',
];

/**
 * The policies of a folder (with its subfolders) or of one file. Documents that cannot be read are kept, so that their
 * mistakes are told.
 * @throws when the path cannot be read or holds no policy: a run without any would pass where it should not
 */
export function readPolicies(path: string, io: CommandIo): PolicyInput {
  const policies: string[] = [];
  const groups: string[] = [];
  const sources: PolicySource[] = [];
  const origins: Origin[] = [];
  const others = new Map<string, number>();
  for (const file of filesOf(path)) {
    const text = readText(file, io);
    const source = new PolicySource(text, file);
    sources.push(source);
    for (const [index, document] of splitDocuments(text).entries()) {
      const kind = kindOf(document);
      if (kind === 'CiliumCIDRGroup') groups.push(document.text);
      else if (kind === undefined || POLICY_KINDS.includes(kind)) {
        policies.push(document.text);
        origins.push({ source, index, text: document.text });
      } else if (kind !== '') others.set(kind, (others.get(kind) ?? 0) + 1);
    }
  }
  if (policies.length === 0) throw new Error(`no policy in ${path}`);
  const stream = policies.join('\n---\n');
  const replacement =
    groups.length === 0 ? { policies: stream } : { policies: stream, cidrGroups: groups.join('\n---\n') };
  return { replacement, sources, origins, others };
}

/** The policies that a case file holds, with their places in that file. */
export function policiesWithin(text: string, policies: string, file: string): PolicyInput {
  const source = new PolicySource(policies, file, blockOffset(text));
  const origins = splitDocuments(policies).flatMap((document, index) =>
    isEmpty(document) ? [] : [{ source, index, text: document.text }],
  );
  return { sources: [source], origins, others: new Map() };
}

/** Where a refused policy is wrong. */
export function placeOfAnswer(input: PolicyInput, i: number, answer: PolicyAnswer): Place | undefined {
  const origin = input.origins[i];
  if (!origin) return undefined;
  const { source, index, text } = origin;
  const read = readDocument(text, 'refuse');
  const position = 'error' in read ? source.absolute(index, read) : undefined;
  return position ? { ...position, file: source.file } : placeOfRefusal(source, index, answer.error ?? '');
}

function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .sort(byText)
    .map((name) => join(path, name))
    .filter((file) => !statSync(file).isDirectory());
}

/**
 * The text of a file.
 * @throws with the place where it is no UTF-8: what is written there cannot be what is meant
 */
export function readText(file: string, io: CommandIo): string {
  const text = io.readFile(file);
  const at = text.indexOf('\ufffd');
  if (at < 0) return text;
  const above = text.slice(0, at).split('\n');
  throw new Error(`${file}:${above.length}:${(above.at(-1)?.length ?? 0) + 1}: this is no UTF-8 text`);
}

/** The kind of a document's object; undefined where it cannot be read or is none, empty where there is nothing. */
function kindOf(document: DocumentText): string | undefined {
  const read = readDocument(document.text, 'last');
  if ('error' in read) return undefined;
  const { value } = read;
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object') return undefined;
  return 'kind' in value && typeof value.kind === 'string' && value.kind !== '' ? value.kind : undefined;
}

function isEmpty(document: DocumentText): boolean {
  const read = readDocument(document.text, 'last');
  return !('error' in read) && (read.value === null || read.value === undefined);
}

/** Where the block of `policies: |` begins in a case file. */
function blockOffset(text: string): Offset {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => /^policies:\s*\|/.test(line));
  if (at < 0) return { lines: 0, columns: 0 };
  const first = lines.slice(at + 1).find((line) => line.trim() !== '') ?? '';
  return { lines: at + 1, columns: first.length - first.trimStart().length };
}
