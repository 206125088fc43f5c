import type { JsonObject } from '../../../base/json.ts';
import { listAt, mapAt, nameIn, namespaceIn, numberAt, textAt } from '../client.ts';
import type { Context } from '../context.ts';
import { tabWrite } from '../print/table.ts';
import { age } from '../text.ts';

/** The text of a description: lines of tab-separated cells, two spaces a level, laid out as Go's tabwriter does. */
export class Writer {
  #done = '';
  #open = '';

  /** Adds text at a level of indentation; the text brings its own newline. */
  write(level: number, text: string): void {
    this.#open += '  '.repeat(level) + text;
  }

  /** Adds a line `label: value` at a level of indentation. */
  line(label: string, value: string | number | boolean, level = 0): void {
    this.write(level, `${label}:\t${value}\n`);
  }

  /** The same at the left edge, unless the value is empty. */
  lineIfSet(label: string, value: string): void {
    if (value !== '') this.line(label, value);
  }

  /** Adds text that is no part of any columns. */
  append(text: string): void {
    this.flush();
    this.#done += text;
  }

  /** Lays out what there is; later lines have columns of their own. */
  flush(): void {
    this.#done += tabWrite(this.#open);
    this.#open = '';
  }

  /** Everything, laid out. */
  text(): string {
    this.flush();
    return this.#done;
  }
}

/** What a describer is given: the object and the command. */
export type Described = { readonly object: JsonObject; readonly context: Context };

/** `Labels:` with one label a line. */
export function writeLabels(
  w: Writer,
  title: string,
  labels: Readonly<Record<string, string>>,
  indent = '',
  inner = '\t',
): void {
  const entries = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  w.write(0, `${indent}${title}:${inner}`);
  if (entries.length === 0) {
    w.write(0, '<none>\n');
    return;
  }
  entries.forEach(([key, value], at) => {
    w.write(0, `${at === 0 ? '' : indent + inner}${key}=${value}\n`);
  });
}

/** `Annotations:` with one annotation a line, long ones below; what was last applied is left out. */
export function writeAnnotations(
  w: Writer,
  title: string,
  annotations: Readonly<Record<string, string>>,
  indent = '',
): void {
  const entries = Object.entries(annotations).filter(
    ([key]) => key !== 'kubectl.kubernetes.io/last-applied-configuration',
  );
  w.write(0, `${indent}${title}:\t`);
  if (entries.length === 0) {
    w.write(0, '<none>\n');
    return;
  }
  entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .forEach(([key, raw], at) => {
      const value = raw.replace(/\n$/, '');
      if (at > 0) w.write(0, `${indent}\t`);
      if (value.length + key.length + 2 <= 140 && !value.includes('\n')) {
        w.write(0, `${key}: ${value}\n`);
        return;
      }
      w.write(0, `${key}:\n`);
      for (const line of value.split('\n'))
        w.write(0, `${indent}\t  ${line.length > 138 ? `${line.slice(0, 138)}...` : line}\n`);
    });
}

/** The labels and annotations of an object. */
export function writeMarks(w: Writer, object: JsonObject): void {
  writeLabels(w, 'Labels', mapAt(object, 'metadata', 'labels'));
  writeAnnotations(w, 'Annotations', mapAt(object, 'metadata', 'annotations'));
}

/** The four lines that most descriptions begin with. */
export function writeHead(w: Writer, object: JsonObject, hasNamespace = true): void {
  w.line('Name', nameIn(object));
  if (hasNamespace) w.line('Namespace', namespaceIn(object));
  writeMarks(w, object);
}

/** The table of an object's events, oldest first; `undefined` when they were not asked for. */
export function writeEvents(w: Writer, events: readonly JsonObject[] | undefined, nowMs: number): void {
  if (events === undefined) return;
  if (events.length === 0) {
    w.line('Events', '<none>');
    return;
  }
  w.flush();
  w.write(0, 'Events:\n  Type\tReason\tAge\tFrom\tMessage\n');
  w.write(1, '----\t------\t----\t----\t-------\n');
  const sorted = events
    .map((event, at) => ({ event, at }))
    .sort((a, b) => time(a.event) - time(b.event) || a.at - b.at);
  for (const { event } of sorted) {
    w.write(
      1,
      `${textAt(event, 'type')}\t${textAt(event, 'reason')}\t${eventAge(event, nowMs)}\t${textAt(event, 'source', 'component') || textAt(event, 'reportingComponent')}\t${textAt(event, 'message').trim()}\n`,
    );
  }
}

function time(event: JsonObject): number {
  const at = Date.parse(textAt(event, 'lastTimestamp'));
  return Number.isNaN(at) ? 0 : at;
}

/** How long ago an event was, and how often it came. */
export function eventAge(event: JsonObject, nowMs: number): string {
  const first =
    textAt(event, 'eventTime') === ''
      ? age(textAt(event, 'firstTimestamp'), nowMs)
      : age(textAt(event, 'eventTime'), nowMs);
  const series = numberAt(event, 'series', 'count');
  if (series > 0)
    return `${age(textAt(event, 'series', 'lastObservedTime'), nowMs)} (x${series} over ${first})`;
  const count = numberAt(event, 'count');
  return count > 1 ? `${age(textAt(event, 'lastTimestamp'), nowMs)} (x${count} over ${first})` : first;
}

/** `Kind/name` of the controller that owns an object; '' when none does. */
export function controllerOf(object: JsonObject): string {
  const owner = listAt(object, 'metadata', 'ownerReferences').find(
    (one) => textAt(one, 'controller') === 'true',
  );
  return owner === undefined ? '' : `${textAt(owner, 'kind')}/${textAt(owner, 'name')}`;
}

/** A truth as Go's describer spells it. */
export function yes(value: boolean): string {
  return value ? 'True' : 'False';
}
