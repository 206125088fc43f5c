import type { Probe } from '../lab/bundle.ts';
import type { Reason } from '../lab/matrix-value.ts';
import { tryProbe } from '../lab/peers.ts';
import { reasonsOf } from '../lab/reasons.ts';
import type { ClusterView } from '../lab/view.ts';
import { explain } from '../policy/explain.ts';
import { PolicySource } from '../policy/positions.ts';
import type { PolicyRepository } from '../policy/repository.ts';
import type { FileSystem } from '../shell/program.ts';

/** Files larger than this are no policies; looking for positions in them would cost a keystroke's time. */
const SOURCE_CHARACTERS_MAX = 100_000;

/**
 * Where the learner's policies stand in the learner's files, so that every explanation can name a line. Sources are parsed
 * again only when their text changed; drafts of the editor stand in front of the saved files.
 */
export class Explanations {
  readonly #files: FileSystem;
  readonly #home: string;
  #drafts: ReadonlyMap<string, string> = new Map();
  #cache = new Map<string, { readonly text: string; readonly source: PolicySource }>();
  #seen:
    | {
        readonly revision: number;
        readonly drafts: ReadonlyMap<string, string>;
        readonly sources: readonly PolicySource[];
      }
    | undefined;

  /** @param home The folder whose YAML files are looked through, such as `/home/learner`. */
  constructor(files: FileSystem, home: string) {
    this.#files = files;
    this.#home = home;
  }

  /** Unsaved texts of the editor by path; they replace the saved ones. */
  setDrafts(drafts: ReadonlyMap<string, string>): void {
    this.#drafts = drafts;
  }

  /** Why a probe ends as it does on a view that `repository` judges for. */
  explain(view: ClusterView, repository: PolicyRepository, probe: Probe): readonly Reason[] {
    return reasonsOf(
      tryProbe(view, probe),
      (flow) => explain(repository, flow, this.sources()),
      probe.expect,
    );
  }

  /** All YAML texts of the home folder with their positions. */
  sources(): readonly PolicySource[] {
    if (this.#seen?.revision === this.#files.revision && this.#seen.drafts === this.#drafts)
      return this.#seen.sources;
    const texts = new Map<string, string>();
    for (const [path, entry] of this.#files.entries()) {
      if (entry.kind === 'file' && path.startsWith(`${this.#home}/`) && /\.ya?ml$/.test(path))
        texts.set(path, entry.content);
    }
    for (const [path, text] of this.#drafts) texts.set(path, text);
    const sources = [...texts]
      .filter(([, text]) => text.length <= SOURCE_CHARACTERS_MAX)
      .map(([path, text]) => this.#sourceOf(path, text));
    this.#seen = { revision: this.#files.revision, drafts: this.#drafts, sources };
    return sources;
  }

  #sourceOf(path: string, text: string): PolicySource {
    const kept = this.#cache.get(path);
    if (kept?.text === text) return kept.source;
    const source = new PolicySource(text, path);
    this.#cache.set(path, { text, source });
    return source;
  }
}
