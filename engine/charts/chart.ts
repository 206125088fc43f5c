import type { JsonObject } from '../base/json.ts';
import type { KubeObject } from '../objects/api.ts';

/** What a template of a chart knows besides its values. */
export type ReleaseFacts = {
  readonly name: string;
  readonly namespace: string;
  /** The chart's version, `1.20.2`. */
  readonly version: string;
};

/** An object of a chart with the template that makes it, relative to the chart's `templates/`. */
export type ChartObject = { readonly source: string; readonly object: KubeObject };

/** A refusal by a template: `execution error at (NAME:LINE:COLUMN): message`. */
export type ChartFailure = { readonly at: string; readonly message: string };

/** A chart that the virtual internet serves: values in, objects out. Its versions are the repository's index. */
export type Chart = {
  readonly name: string;
  /** What Chart.yaml says beside name, version and description. */
  readonly about: JsonObject;
  readonly defaults: JsonObject;
  /** What the chart's schema says of values, a line each, `- at '/a/b': got string, want boolean`; none when they fit. */
  readonly faults: (values: JsonObject, facts: ReleaseFacts) => readonly string[];
  /** The first template that refuses. `values` are the defaults under the user's own. */
  readonly check: (values: JsonObject, facts: ReleaseFacts) => ChartFailure | undefined;
  /** In the order in which helm installs kinds. */
  readonly objects: (values: JsonObject, facts: ReleaseFacts) => readonly ChartObject[];
  readonly notes: (values: JsonObject, facts: ReleaseFacts) => string;
};
