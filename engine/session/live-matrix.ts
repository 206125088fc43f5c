import { isMap, lineCounter, parseAllDocuments } from '../base/yaml.ts';
import { type Json, isJsonObject } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import type { CellAdvice, MatrixValue } from '../lab/matrix-value.ts';
import { matrixOf } from '../lab/matrix.ts';
import type { KubeObject } from '../objects/api.ts';
import { withDefaults } from '../objects/defaults.ts';
import { sameValue } from '../objects/equal.ts';
import { kindOfObject } from '../objects/kinds.ts';
import type { adviseStepwise } from './counterfactuals.ts';
import type { Sandbox } from './sandbox.ts';
import { clusterView } from './view.ts';

type Rejection = MatrixValue['rejected'][number];

/** What a draft's text holds: its objects with the line each begins at, or why it holds none. */
type ReadDraft = {
  readonly objects: readonly { readonly object: KubeObject; readonly line: number }[];
  readonly rejected: readonly Rejection[];
};

/** An object of a draft with the file and line it stands in. */
type ChangedObject = ReadDraft['objects'][number] & { readonly path: string };

/**
 * The live matrix of a sandbox's task (DESIGN.md): what the editor's texts would do beside what is. It looks at forks and
 * changes nothing: no flow, no chance, no journal. Texts are parsed again only when they changed.
 */
export class Matrix {
  readonly #sandbox: Sandbox;
  #drafts = new Map<string, string>();
  #read = new Map<string, { readonly text: string; readonly draft: ReadDraft }>();
  #draftsVersion = 0;
  #stamp = '';

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
  }

  /** The editor's text of a file; undefined when it is closed. */
  setDraft(path: string, content: string | undefined): void {
    if (content === undefined) this.#drafts.delete(path);
    else this.#drafts.set(path, content);
    this.#draftsVersion++;
    this.#sandbox.explanations.setDrafts(new Map(this.#drafts));
  }

  /** The matrix, when something that it shows may have changed since the last call; undefined otherwise, and in worlds without tasks. */
  fresh(): MatrixValue | undefined {
    const stamp = `${this.#sandbox.judgedVersion()}/${this.#draftsVersion}`;
    if (stamp === this.#stamp) return undefined;
    this.#stamp = stamp;
    return this.value();
  }

  /** The matrix now. */
  value(): MatrixValue | undefined {
    const { cluster, world, taskData, explanations } = this.#sandbox;
    if (taskData === undefined) return undefined;
    const { changed, rejected } = this.#changes();
    const live = cluster.live();
    const applied = clusterView(cluster, live, world);
    if (changed.length === 0) {
      const explain = (probe: Parameters<typeof explanations.explain>[2]) =>
        explanations.explain(applied, live.repository, probe);
      return matrixOf(taskData, { applied, drafted: applied, rejected, explain });
    }
    const fork = cluster.fork(changed.map((item) => item.object));
    for (const refusal of fork.refused) {
      const item = changed.find(
        (candidate) =>
          candidate.object === refusal.object ||
          candidate.object.metadata.name === refusal.object.metadata.name,
      );
      rejected.push({ file: item?.path ?? '', line: item?.line ?? 1, message: refusal.error });
    }
    const drafted = clusterView(cluster, fork, world);
    const explain = (probe: Parameters<typeof explanations.explain>[2]) =>
      explanations.explain(drafted, fork.repository, probe);
    return matrixOf(taskData, { applied, drafted, rejected, explain });
  }

  /**
   * Why a cell is as the matrix shows it and which edits would turn it, found step by step: run a step or a few at a time,
   * and drop it when the learner looks elsewhere or the matrix is fresh again. `adviser` is loaded when first somebody asks.
   */
  advise(
    adviser: typeof adviseStepwise,
    row: number,
    column: number,
  ): Generator<void, CellAdvice | undefined> {
    const drafts = this.#changes().changed.map((item) => item.object);
    return adviser(this.#sandbox, row, column, drafts);
  }

  /** Objects of the drafts that are not in the cluster as they stand there, and drafts that hold none. */
  #changes(): { readonly changed: readonly ChangedObject[]; readonly rejected: Rejection[] } {
    const drafts = [...this.#drafts].map(([path, text]) => ({ path, ...this.#readDraft(path, text) }));
    const changed = drafts
      .flatMap((draft) => draft.objects.map((item) => ({ ...item, path: draft.path })))
      .filter((item) => this.#differs(item.object));
    return { changed, rejected: drafts.flatMap((draft) => draft.rejected) };
  }

  /** True when the object is not in the cluster in this form: the order of fields does not count, nor what the server fills in. */
  #differs(object: KubeObject): boolean {
    const kind = kindOfObject(object);
    if (kind === undefined) return false;
    const namespace = kind.isNamespaced ? (object.metadata.namespace ?? 'default') : undefined;
    const present = this.#sandbox.cluster.store.get(kind.resource, namespace, object.metadata.name);
    if (present === undefined) return true;
    const { spec, specs } = withDefaults(kind.resource, object);
    return !sameValue([spec, specs], [present['spec'], present['specs']]);
  }

  #readDraft(path: string, text: string): ReadDraft {
    const kept = this.#read.get(path);
    if (kept?.text === text) return kept.draft;
    const draft = readDraft(path, text);
    this.#read.set(path, { text, draft });
    return draft;
  }
}

/** Kinds whose drafts can change who may talk to whom. */
const DRAFT_KINDS: ReadonlySet<string> = new Set([
  'CiliumNetworkPolicy',
  'CiliumClusterwideNetworkPolicy',
  'NetworkPolicy',
  'CiliumCIDRGroup',
]);

function readDraft(path: string, text: string): ReadDraft {
  if (!/\.ya?ml$/.test(path)) return { objects: [], rejected: [] };
  if (text.includes('\0'))
    return {
      objects: [],
      rejected: [{ file: path, line: 1, message: 'This is no text: it holds bytes that no YAML may have.' }],
    };
  if (text.length > LIMITS.fileCharactersMax)
    return {
      objects: [],
      rejected: [
        { file: path, line: 1, message: 'This text is too long for the live matrix (1 MB at most).' },
      ],
    };
  const counter = lineCounter();
  const objects: ReadDraft['objects'][number][] = [];
  const rejected: Rejection[] = [];
  for (const document of [...parseAllDocuments(text, { lineCounter: counter, uniqueKeys: false })].slice(
    0,
    LIMITS.yamlDocumentsMax,
  )) {
    const [fault] = document.errors;
    if (fault !== undefined) {
      const { line, col } = counter.linePos(fault.pos[0]);
      rejected.push({
        file: path,
        line,
        column: col,
        message: (fault.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, ''),
      });
      continue;
    }
    const line =
      isMap(document.contents) && document.contents.range
        ? counter.linePos(document.contents.range[0]).line
        : 1;
    try {
      const object = document.toJS({ maxAliasCount: LIMITS.yamlAliasesMax }) as Json;
      if (isPolicyObject(object)) objects.push({ object, line });
      else if (
        isJsonObject(object) &&
        typeof object['kind'] === 'string' &&
        DRAFT_KINDS.has(object['kind'])
      ) {
        rejected.push({
          file: path,
          line,
          message: `This ${object['kind']} has no metadata.name below metadata. Was the indentation lost in a paste?`,
        });
      }
    } catch {
      rejected.push({ file: path, line, message: 'This document has too many aliases.' });
    }
  }
  return { objects, rejected };
}

function isPolicyObject(value: Json): value is Json & KubeObject {
  return (
    isJsonObject(value) &&
    typeof value['apiVersion'] === 'string' &&
    typeof value['kind'] === 'string' &&
    DRAFT_KINDS.has(value['kind']) &&
    isJsonObject(value['metadata']) &&
    typeof value['metadata']['name'] === 'string'
  );
}
