// What the engine uses of the `yaml` package; a module of its own, so that the rest of the package is left out of the chunk.
export { isMap, isNode, isScalar, isSeq, LineCounter, parse, parseAllDocuments, parseDocument } from 'yaml';
