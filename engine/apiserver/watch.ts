import type { Clock } from '../base/clock.ts';
import type { JsonObject } from '../base/json.ts';
import type { KubeObject, WatchCursor, WatchEvent } from '../objects/api.ts';
import type { Store, StoreEvent } from '../store/store.ts';
import type { ObjectRequest } from './request.ts';
import type { Predicate } from './selectors.ts';
import type { Shape } from './shape.ts';
import { encodeStruct } from '../objects/decode.ts';
import { expired } from '../objects/status.ts';
import { served, table } from './shape.ts';
import { structOfKind } from '../objects/types.ts';

/** How long the server keeps a watch whose client names no time, seconds (its default is 30 to 60 minutes). */
const TIMEOUT_SECONDS = 1800;

/**
 * A watch over the event log. It holds a revision and reads on demand, so an idle watch costs nothing. Its time runs out
 * by the clock; it sets no timer, since a waiting client gives its own.
 */
export class StoreWatch implements WatchCursor {
  readonly #store: Store;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #request: ObjectRequest;
  readonly #matches: Predicate;
  readonly #shape: Shape;
  readonly #untilMs: number;
  #seen: number;
  #buffer: WatchEvent[] = [];
  #isStopped = false;
  #hasColumns = false;

  constructor(
    store: Store,
    clock: Pick<Clock, 'nowMs'>,
    request: ObjectRequest,
    matches: Predicate,
    shape: Shape,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#request = request;
    this.#matches = matches;
    this.#shape = shape;
    this.#untilMs = clock.nowMs + (request.query.number('timeoutSeconds') || TIMEOUT_SECONDS) * 1000;
    const version = request.query.text('resourceVersion');
    const sendsInitial = request.query.isTrue('sendInitialEvents');
    const isFresh = version === '' || version === '0' || sendsInitial;
    this.#seen = isFresh ? store.revision : Number(version);
    if (isFresh) this.#initialEvents(sendsInitial || version === '');
    else if (!(this.#seen >= store.compactedRevision)) this.#expire(version);
  }

  pending(): boolean {
    this.#read();
    return this.#buffer.length > 0;
  }

  take(): readonly WatchEvent[] {
    this.#read();
    const taken = this.#buffer;
    this.#buffer = [];
    return taken;
  }

  ended(): boolean {
    return this.#isStopped || this.#clock.nowMs >= this.#untilMs;
  }

  stop(): void {
    this.#isStopped = true;
  }

  #initialEvents(hasEnd: boolean): void {
    const { kind, namespace, query } = this.#request;
    for (const object of this.#store.list(kind.resource, namespace)) {
      if (this.#matches(object)) this.#push('ADDED', object);
    }
    if (hasEnd && query.isTrue('allowWatchBookmarks')) {
      this.#buffer.push({
        type: 'BOOKMARK',
        object: this.#bookmark({ 'k8s.io/initial-events-end': 'true' }),
      });
    }
  }

  #bookmark(annotations: JsonObject): JsonObject {
    const { kind } = this.#request;
    const metadata = { resourceVersion: String(this.#seen), annotations };
    const object = { kind: kind.kind, apiVersion: kind.apiVersion, metadata: { ...metadata } };
    const struct = structOfKind(kind.apiVersion, kind.kind);
    return struct === undefined ? object : encodeStruct<JsonObject>(object, struct);
  }

  #expire(version: string): void {
    const oldest = this.#store.compactedRevision;
    this.#buffer.push({
      type: 'ERROR',
      object: expired(`too old resource version: ${version} (${oldest})`).toStatus(),
    });
    this.#isStopped = true;
  }

  #read(): void {
    const { kind } = this.#request;
    if (this.#isStopped || this.#store.revisionOf(kind.resource) <= this.#seen) return;
    if (this.#seen < this.#store.compactedRevision) {
      this.#expire(String(this.#seen));
      return;
    }
    for (const event of this.#store.eventsSince(this.#seen))
      if (event.resource === kind.resource) this.#translate(event);
    this.#seen = this.#store.revision;
  }

  #translate(event: StoreEvent): void {
    const { namespace } = this.#request;
    const { object, previous } = event;
    if (namespace !== undefined && object.metadata.namespace !== namespace) return;
    const was = previous !== undefined && this.#matches(previous);
    const is = event.type === 'put' && this.#matches(object);
    if (is) this.#push(was ? 'MODIFIED' : 'ADDED', object);
    else if (was) this.#push('DELETED', restamped(previous, object));
  }

  #push(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void {
    const { kind, query } = this.#request;
    this.#buffer.push({ type, object: this.#shaped(object, query, kind) });
  }

  #shaped(object: KubeObject, query: ObjectRequest['query'], kind: ObjectRequest['kind']): JsonObject {
    if (this.#shape === 'table') {
      const isBare = this.#hasColumns;
      this.#hasColumns = true;
      const metadata = { resourceVersion: object.metadata.resourceVersion ?? '' };
      return table(kind, [object], query, this.#clock.nowMs, metadata, isBare);
    }
    if (this.#shape === 'metadata') {
      return {
        kind: 'PartialObjectMetadata',
        apiVersion: 'meta.k8s.io/v1',
        metadata: object.metadata as JsonObject,
      };
    }
    return served(kind, object) as JsonObject;
  }
}

// An object leaves a watch in the last state that matched, with the revision at which it left.
function restamped(previous: KubeObject, object: KubeObject): KubeObject {
  const { resourceVersion } = object.metadata;
  return resourceVersion === undefined
    ? previous
    : { ...previous, metadata: { ...previous.metadata, resourceVersion } };
}
