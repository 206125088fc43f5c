import type * as Yaml from 'yaml';
import { invariant } from './assert.ts';

// The YAML library is a tenth of what a page loads for its engine, and nothing of a cluster's boot reads YAML: it is a
// chunk of its own, loaded beside the boot. Who makes a sandbox, or reads policies without one, waits for it first.
let library: typeof import('./yaml-library.ts') | undefined;

/** Loads the YAML library; call it before the first use of anything below. Virtual time does not see it. */
export async function loadYaml(): Promise<void> {
  library ??= await import('./yaml-library.ts');
}

function loaded(): typeof import('./yaml-library.ts') {
  invariant(library !== undefined, 'the YAML library was loaded');
  return library;
}

/** `parse` of the `yaml` package. */
export const parse = ((...given: Parameters<typeof Yaml.parse>) =>
  loaded().parse(...given)) as typeof Yaml.parse;
/** `parseDocument` of the `yaml` package. */
export const parseDocument = ((...given: Parameters<typeof Yaml.parseDocument>) =>
  loaded().parseDocument(...given)) as typeof Yaml.parseDocument;
/** `parseAllDocuments` of the `yaml` package. */
export const parseAllDocuments = ((...given: Parameters<typeof Yaml.parseAllDocuments>) =>
  loaded().parseAllDocuments(...given)) as typeof Yaml.parseAllDocuments;
/** `isMap` of the `yaml` package. */
export const isMap = ((node: unknown) => loaded().isMap(node)) as typeof Yaml.isMap;
/** `isNode` of the `yaml` package. */
export const isNode = ((node: unknown) => loaded().isNode(node)) as typeof Yaml.isNode;
/** `isScalar` of the `yaml` package. */
export const isScalar = ((node: unknown) => loaded().isScalar(node)) as typeof Yaml.isScalar;
/** `isSeq` of the `yaml` package. */
export const isSeq = ((node: unknown) => loaded().isSeq(node)) as typeof Yaml.isSeq;

/** The `yaml` package's counter of lines. */
export function lineCounter(): Yaml.LineCounter {
  return new (loaded().LineCounter)();
}
