import type { JsonObject } from '../base/json.ts';
import type { KubeObject } from '../objects/api.ts';
import { toBase64, utf8 } from '../base/bytes.ts';

/** The states of a release that occur here (pkg/release/status.go). */
export type ReleaseStatus =
  | 'deployed'
  | 'superseded'
  | 'failed'
  | 'uninstalled'
  | 'uninstalling'
  | 'pending-install'
  | 'pending-upgrade'
  | 'pending-rollback';

/** One revision of a release, as helm keeps it. What it made is rendered from chart, version and config when asked for. */
export type Release = {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  /** RFC 3339 with nanoseconds. */
  readonly firstDeployed: string;
  readonly lastDeployed: string;
  readonly deleted: string;
  readonly description: string;
  readonly status: ReleaseStatus;
  readonly chart: string;
  readonly version: string;
  /** What the user set. */
  readonly config: JsonObject;
};

/** The type of the Secrets that hold releases. */
export const RELEASE_TYPE = 'helm.sh/release.v1';

/** The name of the Secret of a revision. */
export function releaseSecretName(name: string, revision: number): string {
  return `sh.helm.release.v1.${name}.v${revision}`;
}

/** The Secret of a revision: JSON in helm's own base64, without the compression, which helm's reader does not insist on. */
export function releaseSecret(release: Release, modifiedAt: string): KubeObject {
  const record = {
    name: release.name,
    info: {
      first_deployed: release.firstDeployed,
      last_deployed: release.lastDeployed,
      deleted: release.deleted,
      description: release.description,
      status: release.status,
    },
    chart: {
      metadata: {
        name: release.chart,
        version: release.version,
        apiVersion: 'v2',
        appVersion: release.version,
      },
    },
    config: release.config,
    manifest: '',
    version: release.revision,
    namespace: release.namespace,
  };
  const text = toBase64(utf8(toBase64(utf8(JSON.stringify(record)))));
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: releaseSecretName(release.name, release.revision),
      namespace: release.namespace,
      labels: {
        modifiedAt,
        name: release.name,
        owner: 'helm',
        status: release.status,
        version: String(release.revision),
      },
    },
    type: RELEASE_TYPE,
    data: { release: text },
  };
}

/** An object with the marks by which helm knows that a release owns it. */
export function owned(
  object: KubeObject,
  release: { readonly name: string; readonly namespace: string },
): KubeObject {
  const { metadata } = object;
  return {
    ...object,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: {
        ...metadata.annotations,
        'meta.helm.sh/release-name': release.name,
        'meta.helm.sh/release-namespace': release.namespace,
      },
    },
  };
}
