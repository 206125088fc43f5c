import { hashNumber } from '../../base/hash.ts';
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import { byText } from '../../base/order.ts';
import { emptyValues } from '../../charts/values.ts';
import {
  RELEASE_TYPE,
  type Release,
  type ReleaseStatus,
  releaseSecret,
  releaseSecretName,
} from '../../charts/release.ts';
import { type Client, listAt, numberAt, objectAt, textAt } from '../kubectl/client.ts';
import { ApiError } from '../kubectl/errors.ts';
import { fromBase64 } from '../kubectl/text.ts';
import { HelmFailure } from './failure.ts';

/** The releases of a cluster: Secrets of helm's type, one a revision (pkg/storage/driver/secrets.go). */
export class Releases {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** All revisions of all releases of a namespace, or of all ('' ), by namespace, name and revision. */
  all(namespace: string): readonly Release[] {
    const path = namespace === '' ? '/api/v1/secrets' : `/api/v1/namespaces/${namespace}/secrets`;
    const list = this.#client.get(path, { labelSelector: 'owner=helm' });
    return listAt(list, 'items')
      .flatMap((item) => releaseOf(item) ?? [])
      .sort((a, b) => byText(a.namespace, b.namespace) || byText(a.name, b.name) || a.revision - b.revision);
  }

  /** The revisions of a release, the oldest first. */
  history(namespace: string, name: string): readonly Release[] {
    const path = `/api/v1/namespaces/${namespace}/secrets`;
    const list = this.#client.get(path, { labelSelector: `name=${name},owner=helm` });
    return listAt(list, 'items')
      .flatMap((item) => releaseOf(item) ?? [])
      .filter((one) => one.name === name)
      .sort((a, b) => a.revision - b.revision);
  }

  /** The newest revision, or the one asked for. @throws HelmFailure `release: not found` */
  get(namespace: string, name: string, revision = 0): Release {
    const history = this.history(namespace, name);
    const found = revision === 0 ? history.at(-1) : history.find((one) => one.revision === revision);
    if (found === undefined) throw new HelmFailure('release: not found');
    return found;
  }

  /** Keeps a new revision. @throws HelmFailure */
  create(release: Release, nowMs: number): void {
    const secret = releaseSecret(release, String(Math.floor(nowMs / 1000)));
    try {
      this.#client.post(`/api/v1/namespaces/${release.namespace}/secrets`, secret as unknown as JsonObject);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw new HelmFailure(`create: failed to create: ${error.message}`);
    }
  }

  /** Changes what a revision says. */
  update(release: Release, nowMs: number): void {
    const secret = releaseSecret(release, String(Math.floor(nowMs / 1000)));
    const path = `/api/v1/namespaces/${release.namespace}/secrets/${secret.metadata.name}`;
    try {
      this.#client.put(path, secret as unknown as JsonObject);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Forgets a revision. */
  remove(release: Release): void {
    const name = releaseSecretName(release.name, release.revision);
    try {
      this.#client.delete(`/api/v1/namespaces/${release.namespace}/secrets/${name}`, {});
    } catch (error) {
      if (!(error instanceof ApiError && error.isNotFound)) throw error;
    }
  }

  /** Forgets the oldest revisions, so that a new one fits into `max`; the deployed one stays. */
  trim(namespace: string, name: string, max: number): void {
    if (max <= 0) return;
    const history = this.history(namespace, name);
    const old = history.slice(0, Math.max(0, history.length - (max - 1)));
    for (const release of old) if (release.status !== 'deployed') this.remove(release);
  }
}

/** The release in a Secret; undefined when it holds none. */
function releaseOf(secret: Json): Release | undefined {
  if (textAt(secret, 'type') !== RELEASE_TYPE) return undefined;
  let record: Json;
  try {
    record = JSON.parse(fromBase64(fromBase64(textAt(secret, 'data', 'release')))) as Json;
  } catch {
    return undefined;
  }
  if (!isJsonObject(record)) return undefined;
  const config = objectAt(record, 'config');
  return {
    name: textAt(record, 'name'),
    namespace: textAt(record, 'namespace'),
    revision: numberAt(record, 'version'),
    firstDeployed: textAt(record, 'info', 'first_deployed'),
    lastDeployed: textAt(record, 'info', 'last_deployed'),
    deleted: textAt(record, 'info', 'deleted'),
    description: textAt(record, 'info', 'description'),
    status: textAt(record, 'info', 'status') as ReleaseStatus,
    chart: textAt(record, 'chart', 'metadata', 'name'),
    version: textAt(record, 'chart', 'metadata', 'version'),
    config: Object.assign(emptyValues(), config),
  };
}

/** A time as Go marshals it; the digits below a millisecond are made up, the same for the same deed. */
export function goTimestamp(nowMs: number, seed: string): string {
  const whole = new Date(Math.floor(nowMs)).toISOString().slice(0, -1);
  return `${`${whole}${String(hashNumber(`${seed}/${Math.floor(nowMs)}`) % 1_000_000).padStart(6, '0')}`.replace(
    /0+$/,
    '',
  )}Z`;
}
