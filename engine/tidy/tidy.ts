import { parseSync, visitorKeys } from 'oxc-parser';
import { LAYERS } from './layers.ts';

/** One breach of the house rules; printed as `file:line: rule: message`. `line` counts from 1. */
export type Finding = {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
};

/** A file or function above the size that the house aims at. Printed, never refused. */
export type Size = {
  readonly file: string;
  readonly line: number;
  readonly what: string;
  readonly lines: number;
};

/** Lines a function may span before tidy mentions it (one screen). */
export const FUNCTION_LINES_MAX = 70;

/** Lines a file may hold before tidy mentions it. */
export const FILE_LINES_MAX = 400;

type Layers = Readonly<Record<string, readonly string[]>>;
type Fault = { readonly rule: string; readonly message: string };
type SyntaxNode = {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
};

/** Folders and files that are an edge of the engine: they know a platform, so the rules of the core pass them by. */
const EDGES = [
  'engine/wire/',
  'engine/cli/',
  'engine/tidy/',
  'engine/session/worker.ts',
  'engine/session/replay.ts',
];

/** Names that read the platform's clock, chance, timers, locale, network or process wherever they appear free. */
const BANNED_GLOBALS = new Set([
  'performance',
  'crypto',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'requestAnimationFrame',
  'fetch',
  'Intl',
  'process',
  'window',
  'document',
  'navigator',
  'localStorage',
  'indexedDB',
  'XMLHttpRequest',
  'WebSocket',
  'globalThis',
  'self',
  'WeakRef',
  'FinalizationRegistry',
  'Buffer',
  'require',
]);

/** Members of innocent objects that do the same. */
const BANNED_MEMBERS = new Set(['Date.now', 'Math.random']);

/** Methods that depend on the platform's locale or time zone, on whatever value they are called. */
const BANNED_METHODS = new Set([
  'localeCompare',
  'toLocaleString',
  'toLocaleDateString',
  'toLocaleTimeString',
  'toLocaleUpperCase',
  'toLocaleLowerCase',
  'getHours',
  'getMinutes',
  'getDate',
  'getDay',
  'getMonth',
  'getFullYear',
  'getTimezoneOffset',
]);

/** True for files whose name or folder (`testing/`) says that they serve a test, a fuzz run or a benchmark: they may use the platform. */
export function isTestFile(file: string): boolean {
  return /\.(test|fuzz|bench|cases)\.tsx?$|\/testing\//.test(file) || file.startsWith('e2e/');
}

/** True when the rules of the deterministic core hold for `file`. */
export function isCoreFile(file: string): boolean {
  return file.startsWith('engine/') && !isTestFile(file) && !EDGES.some((edge) => file.startsWith(edge));
}

/** The longest declared folder that contains `file`, or undefined when none does. */
function folderOf(file: string, layers: Layers): string | undefined {
  return Object.keys(layers)
    .filter((folder) => file === folder || file.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)[0];
}

/** The repository path that `specifier`, written in `file`, means; undefined for a package. */
function resolveSpecifier(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const parts = file.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** Why `specifier` may not be imported from `file`, or undefined when it may. */
function importFault(file: string, specifier: string, layers: Layers): Fault | undefined {
  const target = resolveSpecifier(file, specifier);
  if (target === undefined) {
    if (specifier.startsWith('node:') && isCoreFile(file))
      return { rule: 'platform', message: `the core may not import ${specifier}` };
    return undefined;
  }
  if (file.startsWith('engine/') && !/\.(ts|json)$/.test(specifier)) {
    return { rule: 'ending', message: `write the ending: ${specifier}.ts` };
  }
  const home = folderOf(file, layers);
  if (home === undefined) return undefined;
  const there = folderOf(target, layers);
  if (there === undefined) {
    // A folder of the engine that nobody declared is a hole in the law.
    return target.startsWith('engine/')
      ? { rule: 'layers', message: `${target} is in no folder of layers.ts` }
      : undefined;
  }
  if (there === home || (layers[home] ?? []).includes(there)) return undefined;
  return { rule: 'layers', message: `${home} may not import ${there}` };
}

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';

/** The name of an identifier node, or undefined. */
function nameOf(node: unknown): string | undefined {
  return isNode(node) && node.type === 'Identifier' && typeof node['name'] === 'string'
    ? node['name']
    : undefined;
}

/** Calls `visit` with every node under `root`, and the node's parent and the parent's key that holds it. */
function walk(
  root: SyntaxNode,
  visit: (node: SyntaxNode, parent: SyntaxNode | undefined, key: string) => void,
): void {
  const step = (node: SyntaxNode, parent: SyntaxNode | undefined, key: string): void => {
    visit(node, parent, key);
    for (const child of visitorKeys[node.type] ?? []) {
      const value = node[child];
      for (const item of Array.isArray(value) ? value : [value]) if (isNode(item)) step(item, node, child);
    }
  };
  step(root, undefined, '');
}

/** True when the identifier is a use of a global's value, not a property's name, a key or a type. */
function isFreeName(parent: SyntaxNode | undefined, key: string): boolean {
  if (parent === undefined) return false;
  if (parent.type === 'MemberExpression' && key === 'property' && parent['computed'] !== true) return false;
  if (key === 'key' && parent['computed'] !== true) return false;
  if (
    parent.type.startsWith('TS') &&
    !['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression'].includes(parent.type)
  )
    return false;
  if (parent.type === 'ImportSpecifier' || parent.type === 'ExportSpecifier') return false;
  return parent.type !== 'LabeledStatement';
}

/** Names that the file declares itself (parameters, variables, functions, imports): they hide the globals of the same name. */
function declaredNames(program: SyntaxNode): ReadonlySet<string> {
  const names = new Set<string>();
  const addPattern = (node: unknown): void => {
    if (!isNode(node)) return;
    const name = nameOf(node);
    if (name !== undefined) names.add(name);
    if (node.type === 'ObjectPattern')
      for (const property of node['properties'] as SyntaxNode[])
        addPattern(property['value'] ?? property['argument']);
    if (node.type === 'ArrayPattern')
      for (const element of node['elements'] as unknown[]) addPattern(element);
    if (node.type === 'AssignmentPattern') addPattern(node['left']);
    if (node.type === 'RestElement') addPattern(node['argument']);
    if (node.type === 'TSParameterProperty') addPattern(node['parameter']);
  };
  walk(program, (node) => {
    if (node.type === 'VariableDeclarator' || /Function|Class/.test(node.type)) addPattern(node['id']);
    if (/^Import.*Specifier$/.test(node.type)) addPattern(node['local']);
    if (Array.isArray(node['params'])) for (const parameter of node['params']) addPattern(parameter);
    if (node.type === 'CatchClause') addPattern(node['param']);
  });
  return names;
}

/** What is wrong with one node of the core, imports left aside. */
function coreFault(
  node: SyntaxNode,
  parent: SyntaxNode | undefined,
  key: string,
  declared: ReadonlySet<string>,
): Fault | undefined {
  if (node.type === 'TSAnyKeyword') return { rule: 'any', message: 'use unknown and decode it' };
  if (node.type === 'TSNonNullExpression') return { rule: 'non-null', message: 'prove it with invariant()' };
  const banned = (name: string): Fault => ({
    rule: 'determinism',
    message: `${name} is banned in the core; take it from the Simulation you were given`,
  });
  if (
    node.type === 'NewExpression' &&
    nameOf(node['callee']) === 'Date' &&
    (node['arguments'] as unknown[]).length === 0
  )
    return banned('new Date()');
  if (node.type === 'MemberExpression') {
    const object = nameOf(node['object']);
    const literal = node['property'];
    const member =
      nameOf(literal) ?? (isNode(literal) && typeof literal['value'] === 'string' ? literal['value'] : '');
    if (object !== undefined && BANNED_MEMBERS.has(`${object}.${member}`))
      return banned(`${object}.${member}`);
    if (BANNED_METHODS.has(member)) return banned(member);
  }
  const name = nameOf(node);
  if (name === undefined || !BANNED_GLOBALS.has(name) || declared.has(name) || !isFreeName(parent, key))
    return undefined;
  return banned(name);
}

/** Exported declarations without a doc comment directly before them. */
function undocumented(
  program: SyntaxNode,
  comments: readonly { type: string; value: string; end: number }[],
  text: string,
): SyntaxNode[] {
  const exported = (program['body'] as SyntaxNode[]).filter(
    (node) => node.type === 'ExportNamedDeclaration' && isNode(node['declaration']),
  );
  return exported.filter((node) => {
    const isOverload = (node['declaration'] as SyntaxNode).type === 'TSDeclareFunction';
    const before = comments.some(
      (comment) =>
        comment.type === 'Block' &&
        comment.value.startsWith('*') &&
        comment.end <= node.start &&
        text.slice(comment.end, node.start).trim() === '',
    );
    return !before && !isOverload;
  });
}

/** Turns offsets into line numbers that count from 1. */
function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}

/** The module that a node asks for: static and dynamic imports and re-exports alike, types included. */
function importedModule(node: SyntaxNode): string | undefined {
  if (
    ![
      'ImportDeclaration',
      'ExportNamedDeclaration',
      'ExportAllDeclaration',
      'ImportExpression',
      'TSImportType',
    ].includes(node.type)
  )
    return undefined;
  const source = node['source'] ?? node['argument'];
  return isNode(source) && typeof source['value'] === 'string' ? source['value'] : undefined;
}

/** Checks one source text against every rule. Pure: it reads no disk, so that the rules can be tested on specimens. */
export function tidy(
  file: string,
  text: string,
  layers: Layers = LAYERS,
): { readonly findings: readonly Finding[]; readonly sizes: readonly Size[] } {
  const { program, comments, errors } = parseSync(file, text);
  const root = program as unknown as SyntaxNode;
  const lineAt = lineCounter(text);
  const findings: Finding[] = [];
  const sizes: Size[] = [];
  const report = (node: SyntaxNode, fault: Fault | undefined) => {
    if (fault !== undefined) findings.push({ file, line: lineAt(node.start), ...fault });
  };
  if (errors.length > 0) report(root, { rule: 'syntax', message: errors[0]?.message ?? 'does not parse' });
  const isTest = isTestFile(file);
  const isCore = isCoreFile(file);
  const declared = isCore ? declaredNames(root) : new Set<string>();
  walk(root, (node, parent, key) => {
    const specifier = importedModule(node);
    if (specifier !== undefined && !isTest) report(node, importFault(file, specifier, layers));
    if (isCore) report(node, coreFault(node, parent, key, declared));
    if (!isTest && file.startsWith('engine/') && node.type === 'ExportDefaultDeclaration') {
      report(node, { rule: 'exports', message: 'no default exports in engine/' });
    }
    if (!isTest && /Function/.test(node.type) && isNode(node['body'])) {
      const lines = lineAt(node.end) - lineAt(node.start) + 1;
      if (lines > FUNCTION_LINES_MAX) sizes.push({ file, line: lineAt(node.start), what: 'function', lines });
    }
  });
  if (!isTest && file.startsWith('engine/')) {
    for (const node of undocumented(root, comments, text))
      report(node, { rule: 'docs', message: 'an export without a doc comment' });
  }
  const lines = lineAt(text.length) - (text.endsWith('\n') ? 1 : 0);
  if (!isTest && lines > FILE_LINES_MAX) sizes.push({ file, line: 1, what: 'file', lines });
  return { findings, sizes };
}

/** A cycle in the table of layers, as a path of folders, or undefined when there is none. */
export function findCycle(layers: Layers): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (folder: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(folder)) return [...path.slice(path.indexOf(folder)), folder];
    if (done.has(folder)) return undefined;
    for (const next of layers[folder] ?? []) {
      const cycle = visit(next, [...path, folder]);
      if (cycle !== undefined) return cycle;
    }
    done.add(folder);
    return undefined;
  };
  for (const folder of Object.keys(layers)) {
    const cycle = visit(folder, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
