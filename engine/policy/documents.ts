import { LineCounter, parseDocument, type Document, type ScalarTag } from 'yaml';

/** One document of a YAML stream. `firstLine` is the line of its first character in the whole text, from 1. */
export type DocumentText = { readonly text: string; readonly firstLine: number };

/** A document read, or the reason why not in the words of Go's YAML reader. */
export type ReadDocument = { readonly value: unknown } | { readonly error: string };

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
 * @param duplicates What a key that stands twice means: an error, or the last one wins.
 */
export function readDocument(text: string, duplicates: 'refuse' | 'last'): ReadDocument {
  const quick = readJson(text);
  if (quick) return quick;
  const lines = new LineCounter();
  const document = parseYaml(text, duplicates, lines);
  const error = document.errors[0];
  if (error)
    return {
      error: goYamlError(error.code, error.message, lines.linePos(error.pos[0]).line, text, error.pos[0]),
    };
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) };
  } catch (failure) {
    return { error: `yaml: ${failure instanceof Error ? failure.message : String(failure)}` };
  }
}

/** The document with the positions of its nodes. */
export function parseYaml(text: string, duplicates: 'refuse' | 'last', lines: LineCounter): Document.Parsed {
  return parseDocument(text, {
    version: '1.2',
    merge: true,
    uniqueKeys: duplicates === 'refuse',
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
    customTags: (tags) => [...OLD_TAGS, ...tags],
  });
}

const OLD_TAGS: ScalarTag[] = [
  {
    tag: 'tag:yaml.org,2002:bool',
    default: true,
    test: /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/,
    resolve: (text) => /^(?:y|yes|on)$/i.test(text),
  },
  {
    tag: 'tag:yaml.org,2002:int',
    default: true,
    test: /^0[0-7]+$/,
    resolve: (text) => Number.parseInt(text, 8),
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

function goYamlError(code: string, message: string, line: number, text: string, offset: number): string {
  if (code === 'DUPLICATE_KEY') {
    const key = /^\s*(?:"([^"]*)"|'([^']*)'|([^:\s]+))/.exec(text.slice(offset));
    return `yaml: unmarshal errors:\n  line ${line}: key "${key?.[1] ?? key?.[2] ?? key?.[3] ?? ''}" already set in map`;
  }
  return `yaml: line ${line}: ${GO_TEXTS[code] ?? message}`;
}

const GO_TEXTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'found character that cannot start any token',
  BAD_INDENT: 'did not find expected key',
  BLOCK_AS_IMPLICIT_KEY: 'mapping values are not allowed in this context',
  MULTILINE_IMPLICIT_KEY: "could not find expected ':'",
  MISSING_CHAR: "did not find expected ',' or '}'",
  UNEXPECTED_TOKEN: 'did not find expected node content',
  BAD_ALIAS: 'unknown anchor referenced',
  IMPOSSIBLE: 'did not find expected node content',
};
